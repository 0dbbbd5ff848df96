# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users install, on every supported ansible-core: the archive is whole, documented and at work."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import environments

NAME = "voiceops.vapi_didlogic"
DECLARED: dict[str, Any] = {
    "vapi_didlogic_trunk": {"name": "archive", "gateway": "sip.nl.didlogic.net", "inbound_networks": ["192.0.2.1"]},
    "vapi_didlogic_assistants": [{"name": "Reception", "definition": {"firstMessage": "Hello"}}],
    "vapi_didlogic_numbers": [{"number": "+31201234561", "assistant": "Reception"}],
}


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("version", environments.CORES)
def test_archive_installs_and_runs(version: str, installed: Path, services: Any, tmp_path: Path) -> None:
    try:
        programs = environments.core(version) / "bin"
    except (environments.Skipped, subprocess.CalledProcessError) as reason:
        pytest.skip(f"ansible-core {version}: {reason}")
    # Nothing but what came out of the archive may be found.
    own = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}

    def ran(program: str, *arguments: str) -> str:
        command = [str(programs / program), *arguments]
        environment = {**services.environment, **own}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
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

    (tmp_path / "environment.yml").write_text(yaml.safe_dump(DECLARED))
    for change in ("changed=1", "changed=0"):
        out = ran("ansible-playbook", f"{NAME}.integrate", "-e", "@environment.yml")
        assert change in out
