# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execution environments: ansible-builder finds what the collection needs, and takes the example of the guide."""

from __future__ import annotations

import tomllib
from typing import Any

import yaml

from tests.tools import environments

PROJECT = tomllib.loads((environments.ROOT / "pyproject.toml").read_text())["project"]
LIBRARIES = {line for line in PROJECT["dependencies"] if not line.startswith("ansible-core")}


def names(lines: list[str]) -> set[str]:
    """Requirements without the remarks on where they come from."""
    return {line.partition("#")[0].strip() for line in lines}


def test_libraries_of_the_collection_are_found(context: Any) -> None:
    """Nobody has to list them in a definition of an image."""
    assert names(context.said["python"]) == LIBRARIES
    assert all("voiceops.vapi_didlogic" in line for line in context.said["python"])
    # Wheels for all of them are there, so nothing is compiled.
    assert context.said["system"] == []


def test_image_installs_the_libraries(context: Any) -> None:
    """The build installs what its own script finds in the collections that it has fetched."""
    assert names(context.libraries) == LIBRARIES
    steps = (context.folder / "Containerfile").read_text()
    assert "introspect.py introspect" in steps
    assert "-m pip install --no-cache-dir $ANSIBLE_INSTALL_REFS" in steps
    fetched = yaml.safe_load((context.folder / "_build" / "requirements.yml").read_text())["collections"]
    assert [(row["name"], row["type"]) for row in fetched] == [
        ("https://github.com/voiceops/vapi_didlogic.git", "git"),
    ]


def test_example_versions_are_tested(context: Any) -> None:
    """A Python and an ansible-core of our test matrix, which fit one another."""
    desired = context.definition["dependencies"]
    version = desired["ansible_core"]["package_pip"].removeprefix("ansible-core~=").removesuffix(".0")
    minor = int(desired["python_interpreter"]["package_system"].removeprefix("python3."))
    assert minor in environments.CORES[version]
