# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the tools of the tasks come from, and what they see of the machine.

Tools run with a home directory and settings of their own, so that a run depends on the checkout alone and leaves
nothing outside it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
HOME = CACHE / "home"
COLLECTION = Path("ansible_collections", "voiceops", "vapi_didlogic")
#: By this link the checkout is found as ansible_collections.voiceops.vapi_didlogic; an editable install adds the path.
LINK = ROOT / "collections" / COLLECTION

# Settings of the person or machine that would change what the tools do, and accounts that no test may touch.
FOREIGN = ("ANSIBLE_", "DIDLOGIC_", "MOLECULE_", "MYPY", "PYENV_", "PYTEST_", "PYTHON", "VAPI_", "VIRTUAL_ENV", "XDG_")
#: Set to test more thoroughly than a merge waits for, see tests/conftest.py.
SLOW = "VAPI_DIDLOGIC_SLOW_TESTS"
#: Set by a task whose steps run side by side, the same for all of them: each has one core and prepares no environment
#: a second time. An installation replaces files that another step may be using at that moment.
RUN = "DEV_RUN"

#: The versions of ansible-core that are tested, each with the minor versions of Python 3 that run it, best first.
CORES = {
    "2.16": (11, 12),
    "2.18": (11, 12, 13),
    "2.19": (11, 12, 13),
    "2.20": (13, 12, 14),
    "2.21": (13, 14, 12),
    "2.22": (13, 14),
}
#: Of 2.22 there are release candidates only; remove it from here when it is released.
CANDIDATES = ("2.22",)
#: The oldest tested version and the newest release, on which tests run before a merge.
ENDS = (next(iter(CORES)), next(version for version in reversed(CORES) if version not in CANDIDATES))


class Skipped(Exception):
    """What is asked for cannot be made on this machine."""


def search_path() -> list[str]:
    """Return PATH without the directories of version managers, whose programs may be there and yet not run."""
    return [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry).name != "shims"]


@cache
def interpreters() -> dict[int, Path]:
    """Return real Python 3 interpreters by minor version: this one first, then those on PATH and under pyenv."""
    # A virtual environment's interpreter is not a base for others.
    own = Path(getattr(sys, "_base_executable", None) or sys.executable)
    found = {sys.version_info.minor: own}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for folder in [*map(Path, search_path()), *sorted(pyenv.glob("*/bin"), reverse=True)]:
        for candidate in folder.glob("python3.1[1-9]"):
            minor = int(candidate.name.removeprefix("python3."))
            # Some distributions ship a Python that cannot make environments.
            check = [str(candidate), "-c", "import ensurepip, venv"]
            if minor not in found and subprocess.run(check, capture_output=True, check=False).returncode == 0:
                found[minor] = candidate
    return found


def interpreter(version: str) -> int | None:
    """Return the minor version of the Python that runs an ansible-core of ``CORES``, if this machine has one."""
    return next((minor for minor in CORES[version] if minor in interpreters()), None)


@cache
def uv() -> str:
    """Return the uv that makes the environments: next to nox, or on PATH."""
    return shutil.which("uv", path=os.pathsep.join([str(CACHE / "nox" / "bin"), *search_path()])) or "uv"


@cache
def environment() -> dict[str, str]:
    """Return the environment variables of the tools."""
    HOME.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name == SLOW or not name.startswith(FOREIGN)}
    local = "127.0.0.1,localhost"
    return kept | {
        "PATH": os.pathsep.join([*search_path(), *(str(python.parent) for python in interpreters().values())]),
        "HOME": str(HOME),
        # Settings of package tools and git stay, or nothing could be fetched behind a company's mirror.
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config")),
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(CACHE / "packages")),
        "UV_PROJECT_ENVIRONMENT": str(ROOT / ".venv"),
        "UV_PYTHON": str(interpreters()[sys.version_info.minor]),
        "UV_PYTHON_DOWNLOADS": "never",
        "LC_ALL": "C.UTF-8",
        # The sandbox is on this machine, whatever the proxy.
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), local])),
        "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), local])),
    }


def run(command: Sequence[str | Path], cwd: Path = ROOT, **settings: str) -> None:
    """Run a program and show what it prints.

    :raises subprocess.CalledProcessError: if it fails.
    """
    subprocess.run([str(word) for word in command], cwd=cwd, env=environment() | settings, check=True)


def run_in(venv: Path, *command: str | Path, cwd: Path = ROOT, **settings: str) -> None:
    """Run a program of a virtual environment, as ``run`` does."""
    print("$", *command, flush=True)
    path = os.pathsep.join([str(venv / "bin"), environment()["PATH"]])
    run([venv / "bin" / command[0], *command[1:]], cwd, PATH=path, VIRTUAL_ENV=str(venv), **settings)


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Wait until no other run in this checkout does the same; some tools do not bear company."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name.strip('.')}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def preparing(venv: Path) -> Iterator[bool]:
    """Hold an environment alone; whether it still has to be prepared in this run."""
    mark, run_id = venv / "prepared", os.environ.get(RUN)
    with alone(venv.name):
        if not LINK.is_symlink():
            shutil.rmtree(LINK, ignore_errors=True)
            LINK.parent.mkdir(parents=True, exist_ok=True)
            LINK.symlink_to(Path("..", "..", ".."), target_is_directory=True)
        todo = not run_id or not mark.exists() or mark.read_text() != run_id
        yield todo
        if todo and run_id:
            mark.write_text(run_id)


@cache
def workshop() -> Path:
    """Return the environment with every tool, on the interpreter that runs this file."""
    venv = ROOT / ".venv"
    with preparing(venv) as todo:
        if todo:
            run([uv(), "sync", "--quiet"])
    return venv


@cache
def core(version: str) -> Path:
    """Return an environment with one version of ansible-core, the collection, and what the tests import.

    :raises Skipped: if no interpreter runs it.
    """
    minor = interpreter(version)
    if minor is None:
        raise Skipped("no Python " + ", ".join(f"3.{minor}" for minor in CORES[version]))
    venv = CACHE / "venv" / f"core-{version}-py3.{minor}"
    # A lower bound that is a release candidate accepts release candidates.
    desired = f"ansible-core~={version}.0{'rc1' if version in CANDIDATES else ''}"
    install(venv, "--editable", ".", "--group", "test", desired, python=interpreters()[minor])
    return venv


def separate(name: str, *packages: str) -> Path:
    """Return an environment for tools that must not share one with ours."""
    venv = CACHE / "venv" / name
    install(venv, *packages)
    return venv


def install(venv: Path, *packages: str, python: Path | None = None) -> None:
    """Make an environment, by default on the interpreter that runs this file, and put packages into it."""
    with preparing(venv) as todo:
        if not venv.exists():
            run([uv(), "venv", "--quiet", *(("--python", python) if python else ()), venv])
        if todo:
            run([uv(), "pip", "install", "--quiet", "--python", venv, *packages])


@contextmanager
def clean_copy() -> Iterator[Path]:
    """Copy what git knows or would take, to a path of the form that ansible-test and ansible-galaxy insist on."""
    with tempfile.TemporaryDirectory(prefix="voiceops-") as folder:
        copy = Path(folder).resolve() / COLLECTION
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        yield copy


# ansible-test installs a certain pip, from its authors' site, in each of its environments. uv does so in a moment;
# Python's own pip, which is used if uv fails, takes longer than most of the checks.
GET_PIP = """
import os, subprocess, sys
packages = [option for option in sys.argv[1:] if not option.startswith("-")]
command = [{uv!r}, "pip", "install", "--quiet", "--python", sys.executable, *packages]
if subprocess.call(command, cwd={root!r}, env=os.environ | {settings!r}):
    subprocess.check_call([sys.executable, "-m", "ensurepip"])
    subprocess.check_call([sys.executable, "-m", "pip", "install", *packages])
"""


def provide_pip(venv: Path) -> None:
    """Place the program with which ansible-test of an environment installs packages, which it would download."""
    requirements = next(venv.glob("lib/*/site-packages/ansible_test/_internal/python_requirements.py"))
    pip = re.search(r"pip='([\d.]+)'", requirements.read_text())
    if not pip:
        sys.exit("ansible-test no longer says which pip it wants")
    shim = HOME / ".ansible" / "test" / "cache" / f"get_pip_{pip[1].replace('.', '_')}.py"
    shim.parent.mkdir(parents=True, exist_ok=True)
    # ansible-test hands on next to nothing of its environment.
    settings = {name: value for name, value in environment().items() if name.startswith(("UV_", "XDG_", "SSL_"))}
    shim.write_text(GET_PIP.format(uv=uv(), root=str(ROOT), settings=settings))
