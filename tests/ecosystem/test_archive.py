# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users install, on every supported ansible-core: the archive is whole, documented and at work."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.tools import environments

NAME = "voiceops.vapi_didlogic"


@pytest.mark.parametrize(
    "version",
    [
        version if version in environments.ENDS else pytest.param(version, marks=pytest.mark.nightly)
        for version in environments.CORES
    ],
)
def test_archive_installs_and_runs(version: str, installed: Path, tmp_path: Path) -> None:
    try:
        programs = environments.core(version) / "bin"
    except (environments.Skipped, subprocess.CalledProcessError) as reason:
        pytest.skip(f"ansible-core {version}: {reason}")
    # Nothing but what came out of the archive may be found.
    own = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}

    def ran(program: str, *arguments: str) -> str:
        command = [str(programs / program), *arguments]
        environment = environments.environment() | {"ANSIBLE_HOME": str(tmp_path / "ansible")} | own
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    desired = yaml.safe_load((environments.ROOT / "galaxy.yml").read_text())["version"]
    (listed,) = json.loads(ran("ansible-galaxy", "collection", "list", NAME, "--format", "json")).values()
    assert listed == {NAME: {"version": desired}}
    for kind, folder in (("module", "modules"), ("inventory", "inventory"), ("filter", "filter"), ("role", None)):
        result = json.loads(ran("ansible-doc", "--type", kind, "--list", "--json", NAME))
        if folder:
            ending = "*.yml" if kind == "filter" else "[!_]*.py"
            assert len(result) == len(list((environments.ROOT / "plugins" / folder).glob(ending))), kind
        assert result, kind

    # The first command of the README: dry run, run, second run, teardown.
    demo = environments.ROOT / "tests" / "demo" / "demo.py"
    out = ran("python", str(demo), "--collections", str(installed))
    assert len(re.findall(r"^  kept ", out, re.MULTILINE)) == 7
    assert "BROKEN" not in out
