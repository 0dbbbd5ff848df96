# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a newcomer: the commands of the guide as they stand there, from the archive to a test that runs."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import environments

PAGE = environments.ROOT / "docs" / "docsite" / "rst" / "testing_your_playbooks.rst"
STEPS = ("create", "check", "converge", "idempotence", "verify", "destroy")
SILENT = """
    - name: Ask without saying whom
      voiceops.vapi_didlogic.vapi_phone_number_info:
"""


def blocks(text: str, language: str) -> list[str]:
    """The code of one language in a page."""
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", text, re.MULTILINE)
    return [textwrap.dedent(block).strip() for block in found]


@dataclasses.dataclass
class Newcomer:
    """A home that nobody has worked in, with the project that the commands leave there."""

    home: Path
    first: subprocess.CompletedProcess[str]

    @property
    def project(self) -> Path:
        return self.home / "my-voice"

    def molecule_test(self, project: Path) -> subprocess.CompletedProcess[str]:
        return shell(self.home, f". voice-venv/bin/activate\ncd {project}\nmolecule test")


def shell(home: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run commands as somebody types them, and stop at the first that fails."""
    python = environments.interpreters()[sys.version_info.minor]
    env = environments.environment() | {"HOME": str(home)}
    env["PATH"] = f"{python.parent}:{env['PATH']}"
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(
        command,
        cwd=home,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
        check=False,
    )


def outcome(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What became of each of Molecule's steps."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    return dict(re.findall(r"default\W+(\w+)\W+Executed: (\w+)", plain))


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Follow the guide. What it fetches from elsewhere comes from this checkout and from the cache of packages."""
    home = tmp_path_factory.mktemp("newcomer")
    with environments.clean_copy() as copy:
        build = [Path(sys.executable).with_name("ansible-galaxy"), "collection", "build", "--output-path", home]
        subprocess.run(build, cwd=copy, env=environments.environment(), check=True, capture_output=True)
    (archive,) = home.glob("*.tar.gz")
    page = PAGE.read_text(encoding="utf-8")
    script = "\n".join(blocks(page.split(".. path start")[1].split(".. path end")[0], "shell"))
    for pattern, instead in (
        (r"^python3 -m pip install ", f"{environments.uv()} pip install --quiet --python ./voice-venv "),
        (r"^ansible-galaxy collection install git\+\S+$", f"ansible-galaxy collection install --offline {archive}"),
    ):
        script, count = re.subn(pattern, instead, script, flags=re.MULTILINE)
        assert count == 1, f"the guide has no line, or several, like {pattern}"
    try:
        yield Newcomer(home, shell(home, script))
    finally:
        # A run that was cut off leaves its sandbox; and environments are large.
        shell(home, ". voice-venv/bin/activate\ncd my-voice\nmolecule destroy")
        shutil.rmtree(home / "voice-venv", ignore_errors=True)


def test_guide_commands_succeed(newcomer: Newcomer) -> None:
    """They end well, with a collection that is the archive and with nothing left running."""
    done = newcomer.first
    assert done.returncode == 0, done.stdout
    assert outcome(done) == dict.fromkeys(STEPS, "Successful")
    assert "failed=0" in done.stdout.strip().splitlines()[-1]
    assert (newcomer.home / ".ansible/collections/ansible_collections/voiceops/vapi_didlogic/MANIFEST.json").exists()
    assert not list(newcomer.home.glob(".ansible/tmp/**/sandbox.json"))


@pytest.mark.nightly
def test_wrong_playbook_of_the_guide_fails(newcomer: Newcomer, tmp_path: Path) -> None:
    """The guide's own example of a playbook that does the wrong thing, well and twice."""
    project = shutil.copytree(newcomer.project, tmp_path / "wrong")
    (broken,) = (block for block in blocks(PAGE.read_text(encoding="utf-8"), "yaml") if block.startswith("# site.yml"))
    (project / "site.yml").write_text(f"---\n{broken}\n", encoding="utf-8")
    done = newcomer.molecule_test(project)
    assert done.returncode != 0, done.stdout
    steps = outcome(done)
    assert [step for step in STEPS if steps[step] != "Successful"] == ["verify"], done.stdout


def test_task_without_sandbox_url_fails_without_request(newcomer: Newcomer, tmp_path: Path) -> None:
    """A task that is not pointed at the sandbox fails before it sends anything."""
    project = shutil.copytree(newcomer.project, tmp_path / "silent")
    with (project / "site.yml").open("a", encoding="utf-8") as site:
        site.write("  tasks:" + SILENT)
    done = newcomer.molecule_test(project)
    assert done.returncode != 0, done.stdout
    assert outcome(done)["check"] == "Failed", done.stdout
    assert "Option api_url" in done.stdout
