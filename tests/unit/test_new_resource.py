# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resource cannot be added untested: the contract fails for a copy of the collection with a file unknown to it."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = "tests/unit/test_contract.py"
#: The life of an object of each resource, generated.
LIFE = "tests/unit/test_reconcile.py"
COPIED = (
    "galaxy.yml", "meta", "plugins", "pyproject.toml", "roles/sandbox", "tests/conftest.py", "tests/readability.py",
    "tests/sandbox/inprocess.py", "tests/unit",
)  # fmt: skip


def copy_collection(target: pathlib.Path) -> pathlib.Path:
    """A copy of what the contract reads, importable as the collection.

    :param target: an empty folder. :return: the folder with the copy.
    """
    root = target / "ansible_collections" / "voiceops" / "vapi_didlogic"
    for name in COPIED:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place)  # with compiled files
        else:
            shutil.copy2(ROOT / name, place)
    return root


def run_contract(root: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the contract of a copy.

    :param root: the copy. :param arguments: further arguments of pytest. :return: the finished process.
    """
    command = [sys.executable, "-m", "pytest", CONTRACT, "-q", "-x", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(root.parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    # pytest-ansible finds the collection of the checkout first.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)


PACKAGE = "ansible_collections.voiceops.vapi_didlogic.plugins.module_utils"
#: What may be added without a test: a file, and what is read in the failure.
ADDED = {
    "a module that runs no resource": (
        "plugins/modules/vapi_fake.py",
        "def main() -> None:\n    pass\n",
        "vapi_fake runs no resource",
    ),
    "a module without documentation": (
        "plugins/modules/fake.py",
        "run_plain = None\n\n\ndef main() -> None:\n    run_plain(None, None)\n",
        "fake has no DOCUMENTATION",
    ),
    "a resource without a module": (
        "plugins/module_utils/_vapi/fake.py",
        (
            f"import dataclasses\nfrom {PACKAGE}._vapi.sip_trunk import SIP_TRUNK\n"
            'FAKE = dataclasses.replace(SIP_TRUNK, name="fake", plural="fakes", path="/fake")\n'
        ),
        "no module manages it",
    ),
}


@pytest.mark.slow
@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("name", ADDED)
def test_resource_without_a_test_is_reported(name: str, tmp_path: pathlib.Path) -> None:
    path, text, expected = ADDED[name]
    root = copy_collection(tmp_path)
    (root / path).write_text(text, encoding="utf-8")
    run = run_contract(root)
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
    assert re.search(expected, run.stdout), run.stdout[-2000:]


@pytest.mark.nightly
def test_unchanged_copy_is_accepted(tmp_path: pathlib.Path) -> None:
    run = run_contract(copy_collection(tmp_path))
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


# ------------------------------------------------------------------------------------------------------- the recipe

#: A code block with the file that it belongs to; a block without one belongs to the file of the block before.
BLOCK = re.compile(r"^(?:`(?P<path>[\w./]+)`\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def recipe() -> dict[str, list[re.Match[str]]]:
    """The steps of CONTRIBUTING.md that contain code, with their blocks."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("\n## How to add a resource\n")[2].partition("\n## ")[0]
    steps = {step.partition("\n")[0]: list(BLOCK.finditer(step)) for step in section.split("\n### ")[1:]}
    return {title: blocks for title, blocks in steps.items() if blocks}


def follow(root: pathlib.Path, blocks: list[re.Match[str]]) -> None:
    """Do what a step says: create a file, insert the lines with ``+`` after the line before them, run a command."""
    path = root
    for block in blocks:
        path = root / block["path"] if block["path"] else path
        if block["kind"] == "console":
            for line in block["text"].splitlines():
                subprocess.run(shlex.split(line.removeprefix("$ ")), cwd=root, check=True)
        elif block["kind"] == "diff":
            lines = block["text"].splitlines()
            old = "".join(f"{line[1:]}\n" for line in lines if line.startswith(" "))
            new = "".join(f"{line[1:]}\n" for line in lines)
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{path.name} does not contain once: {old}"
            path.write_text(text.replace(old, new), encoding="utf-8")
        else:
            assert not path.exists(), f"{path} exists"
            path.write_text(block["text"], encoding="utf-8")


STEPS = recipe()


def test_recipe_has_a_block_for_each_step() -> None:
    assert len(STEPS) == 6
    assert all(blocks[0]["path"] or blocks[0]["kind"] == "console" for blocks in STEPS.values())


@pytest.mark.slow
def test_recipe_is_accepted(tmp_path: pathlib.Path) -> None:
    """The contract passes, and the generated tests include the new resource and pass too."""
    root = copy_collection(tmp_path)
    for blocks in STEPS.values():
        follow(root, blocks)
    run = run_contract(root, LIFE, "-k", "function_tool")
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    # Options, environment, attributes, examples, return values and modules of both, the schema, and the life.
    assert int(re.findall(r"(\d+) passed", run.stdout)[-1]) >= 15


@pytest.mark.slow
@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("left_out", STEPS)
def test_recipe_without_a_step_is_rejected(left_out: str, tmp_path: pathlib.Path) -> None:
    root = copy_collection(tmp_path)
    for title, blocks in STEPS.items():
        if title != left_out:
            follow(root, blocks)
    run = run_contract(root, "-k", "function_tool")
    # 2: what the other steps import is missing
    assert run.returncode in {1, 2}, run.stdout[-3000:] + run.stderr[-2000:]
    assert "function_tool" in run.stdout
