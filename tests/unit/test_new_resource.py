# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resource cannot be added untested: the contract fails for a copy of the collection with a file unknown to it."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = "tests/unit/test_contract.py"
COPIED = ("CONTRIBUTING.md", "galaxy.yml", "meta", "plugins", "pyproject.toml", "roles/sandbox", "tests")


def copy_collection(target: pathlib.Path) -> pathlib.Path:
    """A copy of what the contract reads, importable as the collection.

    :param target: an empty folder. :return: the folder with the copy.
    """
    root = target / "ansible_collections" / "voiceops" / "vapi_didlogic"
    skip = shutil.ignore_patterns("__pycache__", "node_modules", ".*")
    for name in COPIED:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place, ignore=skip)
        else:
            shutil.copy(ROOT / name, place)
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


@pytest.mark.parametrize("name", ADDED)
def test_resource_without_a_test_is_reported(name: str, tmp_path: pathlib.Path) -> None:
    path, text, expected = ADDED[name]
    root = copy_collection(tmp_path)
    (root / path).write_text(text, encoding="utf-8")
    run = run_contract(root)
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
    assert re.search(expected, run.stdout), run.stdout[-2000:]


def test_unchanged_copy_is_accepted(tmp_path: pathlib.Path) -> None:
    run = run_contract(copy_collection(tmp_path))
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
