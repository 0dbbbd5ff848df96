# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users install it, and what an image with it would hold, without an engine that builds images."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.playing import Services
from tests.tools import environments

EXAMPLES = environments.ROOT / "docs" / "examples"
DEFINITION = EXAMPLES / "execution-environment" / "execution-environment.yml"


def ran(command: list[str | Path], cwd: Path | None = None, **settings: str) -> str:
    """What a program prints that must end well."""
    words, env = [str(word) for word in command], environments.environment() | settings
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def separate(name: str, *packages: str) -> Path:
    """An environment with tools that this one has not."""
    try:
        return environments.separate(name, *packages)
    except (subprocess.CalledProcessError, OSError) as error:
        pytest.skip(f"{packages[0]} can not be installed: {error}")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection in a folder of collections, made from the archive for Galaxy."""
    folder = tmp_path_factory.mktemp("installed")
    galaxy: list[str | Path] = [Path(sys.executable).with_name("ansible-galaxy"), "collection"]
    with environments.clean_copy() as copy:
        ran([*galaxy, "build", "--output-path", folder], cwd=copy)
    (archive,) = folder.glob("*.tar.gz")
    ran([*galaxy, "install", archive, "--offline", "--force", "--collections-path", folder / "collections"])
    return folder / "collections"


@dataclass(frozen=True)
class Context:
    """What an engine would build the image from, and what it would find out on the way."""

    folder: Path
    definition: dict[str, Any]
    #: The libraries that the collections in the image ask for, line by line.
    libraries: list[str]
    #: What `ansible-builder introspect` says: libraries, and packages of the system.
    said: dict[str, list[str]]


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Context:
    """The example of the guide, as ansible-builder takes it."""
    builder = separate("builder", "ansible-builder>=3.1,<4") / "bin"
    folder = tmp_path_factory.mktemp("context")
    create: list[str | Path] = [
        "create",
        "--file",
        DEFINITION,
        "--context",
        folder,
        "--output-filename",
        "Containerfile",
    ]
    ran([builder / "ansible-builder", *create])
    said = yaml.safe_load(ran([builder / "ansible-builder", "introspect", installed]))
    # The script that would run in the image.
    lines = folder / "libraries.txt"
    script = folder / "_build" / "scripts" / "introspect.py"
    ran([builder / "python", script, "introspect", installed, f"--write-pip={lines}"])
    return Context(folder, yaml.safe_load(DEFINITION.read_text()), lines.read_text().splitlines(), said)


@pytest.fixture(scope="session")
def image(context: Context) -> Path:
    """A folder of programs with what the image would hold: Ansible and runner as defined, and the libraries."""
    desired = context.definition["dependencies"]
    libraries = [line.partition("#")[0].strip() for line in context.libraries]
    packages = [desired[name]["package_pip"] for name in ("ansible_runner", "ansible_core")]
    return separate("image", *packages, *libraries) / "bin"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A sandbox for one test."""
    found = Services(tmp_path)
    yield found
    found.stop()
