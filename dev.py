# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's tasks: `python3 dev.py TASK [arguments]`.

Needs Python 3.11 or newer and git; everything else is fetched into .cache/ and .venv/. Tools run with a home directory
and settings of their own, so that a run depends on the checkout alone and leaves nothing outside it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent
CACHE = ROOT / ".cache"
HOME = CACHE / "home"
DIST = ROOT / "dist"
COLLECTION = Path("ansible_collections", "voiceops", "vapi_didlogic")
UV_MINIMUM = (0, 11)

# Settings of the person or machine that would change what the tools do, and accounts that no test may touch.
FOREIGN = ("ANSIBLE_", "DIDLOGIC_", "MOLECULE_", "MYPY", "PYENV_", "PYTEST_", "PYTHON", "VAPI_", "VIRTUAL_ENV", "XDG_")
#: Set to test more thoroughly than a merge waits for, see tests/conftest.py.
SLOW = "VAPI_DIDLOGIC_SLOW_TESTS"

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


class Skipped(Exception):
    """A step that cannot run on this machine."""


# --- Where tools come from -------------------------------------------------------------------------------------------


@cache
def interpreters() -> dict[int, Path]:
    """Real Python 3 interpreters by minor version: this one first, then those on PATH and under pyenv."""
    # A virtual environment's interpreter is not a base for others.
    own = Path(getattr(sys, "_base_executable", None) or sys.executable)
    found = {sys.version_info.minor: own}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders = [*map(Path, search_path()), *sorted(pyenv.glob("*/bin"), reverse=True)]
    for folder in folders:
        for candidate in folder.glob("python3.1[1-9]"):
            minor = int(candidate.name.removeprefix("python3."))
            # Some distributions ship a Python that cannot make environments.
            check = [str(candidate), "-c", "import ensurepip, venv"]
            if minor not in found and subprocess.run(check, capture_output=True, check=False).returncode == 0:
                found[minor] = candidate
    return found


def search_path() -> list[str]:
    """PATH without the directories of version managers, whose programs may be there and yet not run."""
    return [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry).name != "shims"]


@cache
def uv() -> str:
    """The uv that makes the environments: the one on PATH if it is new enough, else our own."""
    on_path = shutil.which("uv", path=os.pathsep.join(search_path()))
    if on_path:
        answer = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.match(r"uv (\d+)\.(\d+)", answer)
        if version and tuple(map(int, version.groups())) >= UV_MINIMUM:
            return on_path
    venv = CACHE / "uv"
    own = venv / "bin" / "uv"
    if not own.exists():
        print("Fetching uv, once", flush=True)
        minimum = ".".join(map(str, UV_MINIMUM))
        run([interpreters()[sys.version_info.minor], "-m", "venv", "--clear", venv])
        run([venv / "bin" / "python", "-m", "pip", "install", "--quiet", f"uv>={minimum}"])
    return str(own)


@cache
def environment() -> dict[str, str]:
    """What the tools see of the machine."""
    HOME.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if name == SLOW or not name.startswith(FOREIGN)}
    local = "127.0.0.1,localhost"
    return env | {
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
    """Run a program, show what it prints, and fail as it fails."""
    subprocess.run([str(word) for word in command], cwd=cwd, env=environment() | settings, check=True)


def run_in(venv: Path, *command: str | Path, cwd: Path = ROOT, **settings: str) -> None:
    """Run a program of a virtual environment."""
    print("$", *command, flush=True)
    path = os.pathsep.join([str(venv / "bin"), environment()["PATH"]])
    run([venv / "bin" / command[0], *command[1:]], cwd, PATH=path, VIRTUAL_ENV=str(venv), **settings)


@cache
def workshop() -> Path:
    """The environment with every tool, on the interpreter that runs this file."""
    venv = ROOT / ".venv"
    with preparing(venv) as todo:
        if todo:
            # Whoever removed the link gets it back; without it pytest-ansible would put something of its own there.
            linked = (ROOT / "collections" / COLLECTION).is_symlink()
            run([uv(), "sync", "--quiet", *(() if linked else ("--reinstall-package", "voiceops-vapi-didlogic"))])
    return venv


def tool(*command: str | Path, cwd: Path = ROOT, **settings: str) -> None:
    """Run one of the project's tools."""
    run_in(workshop(), *command, cwd=cwd, **settings)


#: Set by a task whose steps run side by side, the same for all of them: each has one core and prepares no environment
#: a second time. An installation replaces files that another step may be using at that moment.
RUN = "DEV_RUN"


@contextmanager
def preparing(venv: Path) -> Iterator[bool]:
    """Hold an environment alone; whether it still has to be prepared in this run."""
    mark, run_id = venv / "prepared", os.environ.get(RUN)
    with alone(venv.name):
        todo = not run_id or not mark.exists() or mark.read_text() != run_id
        yield todo
        if todo and run_id:
            mark.write_text(run_id)


def workers() -> tuple[str, ...]:
    """Options of pytest for as many processes as a step has cores; the order in which they finish must not matter."""
    return () if os.environ.get(RUN) else ("-n", "2", "--dist", "worksteal")


# The supported ends of ansible-core and what lies between, each with the minor versions of Python 3 that run it.
CORES = {"2.16": (11, 12), "2.19": (11, 12, 13), "newest": (13, 14, 12)}


@cache
def core(version: str) -> Path:
    """An environment with one version of ansible-core, the collection, and what the tests import."""
    minor = next((minor for minor in CORES[version] if minor in interpreters()), None)
    if minor is None:
        raise Skipped("no Python " + ", ".join(f"3.{minor}" for minor in CORES[version]))
    venv = CACHE / "venv" / f"core-{version}-py3.{minor}"
    desired = "ansible-core" if version == "newest" else f"ansible-core~={version}.0"
    install(venv, "--editable", ".", "--group", "test", desired, python=interpreters()[minor])
    return venv


def beside(name: str, *packages: str) -> Path:
    """An environment for tools that must not share one with ours."""
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


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Wait until no other run in this checkout does the same; some tools do not bear company."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name.strip('.')}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- The steps -------------------------------------------------------------------------------------------------------


def pytest(*arguments: str) -> None:
    """Run tests in the environment with every tool."""
    tool("python", "-m", "pytest", *arguments)


def unit(*arguments: str) -> None:
    """Run the tests of the logic, and our own checks of the repository."""
    pytest("tests/unit", "tests/tools", *workers(), *arguments)


def mypy() -> None:
    """Check types by the collection's own path: ansible_collections.… is how its files import one another."""
    tool("mypy", "dev.py", "tests/tools", Path("collections", COLLECTION, "plugins"))


def sanity(version: str, *arguments: str) -> None:
    """Run ansible-test's checks without its downloads."""
    venv = core(version)
    requirements = next(venv.glob("lib/*/site-packages/ansible_test/_internal/python_requirements.py"))
    pip = re.search(r"pip='([\d.]+)'", requirements.read_text())
    if not pip:
        sys.exit("ansible-test no longer says which pip it wants")
    shim = HOME / ".ansible" / "test" / "cache" / f"get_pip_{pip[1].replace('.', '_')}.py"
    shim.parent.mkdir(parents=True, exist_ok=True)
    # ansible-test hands on next to nothing of its environment.
    settings = {name: value for name, value in environment().items() if name.startswith(("UV_", "XDG_", "SSL_"))}
    shim.write_text(GET_PIP.format(uv=uv(), root=str(ROOT), settings=settings))
    python = venv.name.rpartition("-py")[2]
    with alone("sanity"), clean_copy() as copy:
        run_in(venv, "ansible-test", "sanity", "--local", "--python", python, *arguments, cwd=copy)


def integration(version: str, *arguments: str) -> None:
    """Run modules and roles as a user does, on one version of ansible-core."""
    # Most tests run on one of the versions: they test the collection, not Ansible.
    versions = [each for each, minors in CORES.items() if not interpreters().keys().isdisjoint(minors)]
    some = () if os.environ.get(SLOW) else (f"--share={versions.index(version) + 1}/{len(versions)}",)
    venv = core(version)
    command = ("python", "-m", "pytest", "--durations=10", "tests/integration")
    run_in(venv, *command, *workers(), *some, *arguments)


def molecule(*arguments: str) -> None:
    """Run the scenarios: dry run, run, second run, verify."""
    with alone("molecule"):
        tool("molecule", "test", "--all", "--report", "--no-command-borders", *arguments)


def build() -> Path:
    """Make the archive that Galaxy takes."""
    shutil.rmtree(DIST, ignore_errors=True)
    with clean_copy() as copy:
        tool("ansible-galaxy", "collection", "build", "--output-path", DIST, cwd=copy)
    return next(DIST.glob("*.tar.gz"))


def importer() -> None:
    """Import the archive as Automation Hub does; its ansible-lint is older than ours, which runs anyway."""
    archive = build()
    settings = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true", "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
    venv = beside("importer", "galaxy-importer>=0.4.31,<0.5")
    run_in(venv, "python", "-m", "galaxy_importer.main", archive, cwd=DIST, **settings)


def eda(*arguments: str) -> None:
    """Run the event source, and rulebooks where there is a Java for them."""
    own = ("--editable", ".", "--group", "test")
    try:
        venv = beside("eda", *own, "ansible-rulebook>=1.2.1")
    except subprocess.CalledProcessError:
        # It comes without a wheel for some machines; the source alone needs only this.
        venv = beside("eda", *own, "aiohttp>=3.9")
    run_in(venv, "python", "-m", "pytest", "tests/eda", *arguments)


def reuse() -> None:
    """Every file says whose it is and under which licence."""
    venv = beside("reuse", "reuse[charset-normalizer]>=5")
    with clean_copy() as copy:
        run_in(venv, "reuse", "lint", "--lines", cwd=copy)


def nox(*sessions: str) -> None:
    """Run sessions of antsibull-nox that look at what no other tool does."""
    venv = beside("nox", "antsibull-nox>=1", "nox[uv]>=2025.2.9", "ansible-core>=2.19")
    with clean_copy() as copy:
        # They look at every file, also at what Python would leave there.
        options = ("--default-venv-backend", "uv", "--session")
        run_in(venv, "nox", *options, *sessions, cwd=copy, PYTHONDONTWRITEBYTECODE="1")


def docsite() -> None:
    """Build the documentation as it looks on the web; links to other sites resolve only where there is a network."""
    site = CACHE / "docs"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o700, parents=True)
    collection = ".".join(COLLECTION.parts[1:])
    layout = ("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir")
    tool("antsibull-docs", "sphinx-init", "--lenient", *layout, site, collection)
    (site / "rst").chmod(0o700)
    tool("antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection", *layout, "rst", collection, cwd=site)
    tool("sphinx-build", "-M", "html", "rst", "build", "-c", ".", "--quiet", cwd=site)
    print("file://" + str(site / "build" / "html" / "index.html"))


def demo(*arguments: str) -> None:
    """Show the collection at work."""
    tool("python", "tests/demo/demo.py", *arguments)


def clean() -> None:
    """Remove what the tasks and tools have made."""
    for name in (".ansible", ".cache", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "dist"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    shutil.rmtree(ROOT / "collections", ignore_errors=True)
    (ROOT / "uv.lock").unlink(missing_ok=True)


# --- The tasks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One line of the table; takes further arguments only where the tool's own are useful."""

    name: str
    run: Callable[..., object]
    fixed: tuple[str | Path, ...] = ()
    open: bool = False
    #: Steps with the same word here never run side by side.
    alone: str = ""


@dataclass(frozen=True)
class Task:
    """What can be asked for."""

    help: str
    steps: tuple[Step, ...]
    #: The steps run side by side.
    parallel: bool = False


OUTCOMES = {0: "passed", 1: "failed", 75: "skipped"}


#: Of steps that install into .ansible in the checkout, by the library ansible-compat.
COMPAT = "ansible-compat"

STYLE = (
    Step("ruff check", tool, ("ruff", "check")),
    Step("ruff format", tool, ("ruff", "format", "--check")),
    Step("complexity", tool, ("complexipy",)),
    Step("mypy", mypy),
)
DOCS = Step(
    "antsibull-docs",
    tool,
    (
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs=all",
        "--disallow-unknown-collection-refs",
        "--check-extra-docs-refs",
        ".",
    ),
)
LINT = (
    *STYLE,
    Step("yamllint", tool, ("yamllint", "--strict", ".")),
    Step("ansible-lint", tool, ("ansible-lint", "--profile", "production"), alone=COMPAT),
    Step("changelog", tool, ("antsibull-changelog", "lint")),
    DOCS,
    Step("reuse", reuse),
)
UNIT = (Step("unit", unit, open=True),)
SANDBOX = (Step("sandbox", pytest, ("tests/sandbox",), open=True),)
ROBUSTNESS = (Step("robustness", pytest, ("tests/robustness",), open=True),)
REPORT = (Step("report", tool, ("python", "tests/robustness/report.py"), open=True),)
SANITY = tuple(Step(f"sanity {version}", sanity, (version,), open=True, alone="sanity") for version in CORES)
INTEGRATION = tuple(Step(f"integration {version}", integration, (version,), open=True) for version in CORES)
BENCH = (Step("bench", tool, ("python", "tests/bench/bench.py", "--write"), open=True),)
MOLECULE = (Step("molecule", molecule, open=True, alone=COMPAT),)
EXAMPLE = (Step("example", pytest, ("tests/example",), open=True),)
BROWSER = (Step("browser", pytest, ("tests/browser",), open=True),)
SIP = (Step("sip", pytest, ("tests/sip", "tests/callpath"), open=True),)
EDA = (Step("eda", eda, open=True),)
ECOSYSTEM = (
    Step("ecosystem", pytest, ("tests/ecosystem",)),
    Step("antsibull-nox", nox, ("extra-checks",)),
)
DEMO = Step("demo", demo, open=True)
IMPORTER = (Step("importer", importer),)
QUICK = Step("unit", unit, ("-m", "not slow"))
# The long ones first, so that the cores end at the same time.
EVERYTHING = (
    *LINT[:3],
    INTEGRATION[1],
    *UNIT,
    # The newest, and the oldest without what takes longest and is stricter in the newest.
    SANITY[-1],
    replace(SANITY[0], fixed=(*SANITY[0].fixed, "--skip-test", "pylint")),
    INTEGRATION[0],
    INTEGRATION[2],
    *ROBUSTNESS,
    *MOLECULE,
    *SANDBOX,
    *BROWSER,
    *EXAMPLE,
    *ECOSYSTEM,
    *EDA,
    *LINT[3:],
    *SIP,
    *IMPORTER,
    DEMO,
)

TASKS = {
    "demo": Task("show the collection at work on the sandbox", (DEMO,)),
    "test": Task("all checks, as they run before a merge", EVERYTHING, parallel=True),
    "quick": Task("style, types and the quick tests, in less than two minutes", (*STYLE, QUICK)),
    "lint": Task("style, types, YAML, roles and playbooks, changelog, documentation, licences", LINT),
    "unit": Task("tests of the logic, and our own checks of the repository", UNIT),
    "sandbox": Task("tests of the stand-in of both services", SANDBOX),
    "sanity": Task("ansible-test sanity, on three versions of ansible-core", SANITY),
    "robustness": Task("a sample of the proofs of what is promised", ROBUSTNESS),
    "report": Task("every proof in full, half an hour; writes the figures into the docs", REPORT),
    "bench": Task("how fast, beside uri tasks and the limit; writes the figures into the docs", BENCH),
    "integration": Task("modules and roles as users run them, on three versions of ansible-core", INTEGRATION),
    "browser": Task("the pages that playbooks write, in a real browser where there is one", BROWSER),
    "sip": Task("the probe and whole calls, with real SIP software where it is installed", SIP),
    "eda": Task("the event source, alone and under ansible-rulebook where there is a Java", EDA),
    "molecule": Task("every scenario: dry run, run, second run, verify", MOLECULE),
    "example": Task("the guide to testing playbooks, command by command", EXAMPLE),
    "ecosystem": Task("execution environments, ansible-runner, files for Automation Controller", ECOSYSTEM),
    "docs": Task("lint the documentation and build it as a site", (DOCS, Step("docsite", docsite))),
    "build": Task("make the archive for Galaxy in dist/", (Step("build", build),)),
    "importer": Task("import the archive as Automation Hub does", IMPORTER),
    "clean": Task("remove what the tasks have made", (Step("clean", clean),)),
}


def perform(step: Step, arguments: Sequence[str]) -> str:
    """Run one step to its end and say how it went."""
    print(f"\n=== {step.name}", flush=True)
    try:
        step.run(*step.fixed, *arguments)
    except Skipped as reason:
        return f"skipped: {reason}"
    except (subprocess.CalledProcessError, OSError, StopIteration) as error:
        print(f"{step.name}: {error}", file=sys.stderr, flush=True)
        return "failed"
    return "passed"


def in_parallel(steps: Sequence[Step]) -> Iterator[tuple[Step, float, float, str]]:
    """Run steps as processes of their own, as many at a time as there are cores; yield each when it has ended.

    :return: per step its name, its seconds, its seconds of CPU time and its outcome. What it printed is printed whole.
    """
    uv()  # else all would fetch it at once
    env = os.environ | {RUN: f"{os.getpid()} {time.time()}"}
    waiting, running = list(steps), dict[int, tuple[Step, float, Path]]()
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while len(running) < (os.cpu_count() or 1):
                busy = {step.alone for step, _start, _log in running.values()} - {""}
                step = next((step for step in waiting if step.alone not in busy), None)
                if step is None:
                    break
                waiting.remove(step)
                log = Path(folder, f"{len(waiting)}.log")
                command = [sys.executable, str(Path(__file__).resolve()), "--step", step.name]
                with log.open("wb") as output:
                    process = subprocess.Popen(
                        command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env
                    )
                running[process.pid] = (step, time.monotonic(), log)
            pid, status, used = os.wait4(-1, 0)
            step, start, log = running.pop(pid)
            print(log.read_text(errors="replace"), flush=True)
            outcome = OUTCOMES.get(os.waitstatus_to_exitcode(status), "failed")
            yield step, time.monotonic() - start, used.ru_utime + used.ru_stime, outcome


def main() -> int:
    """Run a task; the figures at the end count its steps."""
    catalogue = "\n".join(f"  {name:12} {task.help}" for name, task in TASKS.items())
    parser = argparse.ArgumentParser(
        usage="python3 dev.py TASK [arguments for its tool]",
        epilog=f"tasks:\n{catalogue}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", nargs="?", choices=TASKS, metavar="TASK")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options, arguments = parser.parse_known_args()
    if options.step:
        step = next(step for step in EVERYTHING if step.name == options.step)
        outcome = perform(step, arguments)
        print(f"{step.name}: {outcome}")
        return next((code for code, name in OUTCOMES.items() if outcome.startswith(name)), 1)
    if options.task is None:
        parser.print_help()
        return 0
    task = TASKS[options.task]
    if arguments and not all(step.open for step in task.steps):
        parser.error(f"{options.task} takes no arguments")

    outcomes, table = list[str](), list[str]()
    begun = time.monotonic()
    if task.parallel:
        for step, seconds, used, outcome in in_parallel(task.steps):
            outcomes.append(outcome)
            table.append(f"{step.name:20} {seconds:7.1f} s {used:7.1f} s of CPU  {outcome}")
    else:
        for step in task.steps:
            start = time.monotonic()
            outcomes.append(perform(step, arguments))
            table.append(f"{step.name:20} {time.monotonic() - start:7.1f} s  {outcomes[-1]}")
    if len(task.steps) > 1:
        total = f"{outcomes.count('passed')} passed, {outcomes.count('failed')} failed"
        print("", *table, "", f"{total} in {time.monotonic() - begun:.0f} s", sep="\n")
    return 1 if "failed" in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
