# /// script
# dependencies = ["nox>=2025.2.9", "uv>=0.11"]
# ///
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's tasks as sessions of nox: `python3 dev.py TASK [arguments]` is `nox --session TASK -- [arguments]`.

Sessions share a few environments, which uv makes, see tests/tools/environments.py.

What runs where, from the shortest to the longest:

- ``quick``, before a commit, in less than two minutes: style, types and unit tests that are not marked ``slow``, with
  fewer generated examples.
- ``test``, before a merge, in less than 20 minutes on two cores: every session in ``EVERYTHING``. Tests marked
  ``nightly`` are left out, and of tests marked ``exhaustive(n)`` every n-th case runs. Integration tests run on one of
  the ends of the supported versions of ansible-core, those marked ``each_version`` on both; the other sessions run on
  the version in .venv. Sanity runs on the newest version, Molecule with some of the scenarios.
- ``nightly``, once a day: the same sessions with all tests, cases and scenarios, with more generated examples that
  differ each time, and integration and sanity on each supported version of ansible-core.
- ``report`` and ``bench``, before a release: the proofs in full and the measurements, both with figures for the docs.
- ``release``, at a release: the archive, imported and at work on each supported version of ansible-core.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from tests.tools import environments
from tests.tools.environments import CACHE, CANDIDATES, COLLECTION, CORES, ENDS, RUN, SLOW

DIST = ROOT / "dist"
nox.options.sessions = []  # a task has to be named
#: Each test session counts there what it skips, see tests/conftest.py.
SKIPS = CACHE / "skips"


def tool(session: nox.Session, *command: str | Path, cwd: Path = ROOT, **settings: str) -> None:
    """Run a program of the environment with every tool."""
    run_in(session, environments.workshop(), *command, cwd=cwd, **settings)


def run_in(session: nox.Session, venv: Path, *command: str | Path, cwd: Path = ROOT, **settings: str) -> None:
    """Run a program of an environment; the session fails as it fails."""
    try:
        environments.run_in(venv, *command, cwd=cwd, **settings)
    except (subprocess.CalledProcessError, OSError) as error:
        session.error(str(error))


def pytest(options: list[str], session: nox.Session, venv: Path | None = None) -> None:
    """Run tests, by default in the environment with every tool."""
    SKIPS.mkdir(parents=True, exist_ok=True)
    counts = str(SKIPS / f"{session.name}.json")
    # Only these can run in several processes; each has one core if other steps run at the same time.
    several = not os.environ.get(RUN) and options[0] in ("tests/unit", "tests/integration")
    workers = ("-n", str(os.cpu_count() or 2), "--dist", "worksteal") if several else ()
    command = ("python", "-m", "pytest", *options, *workers, *session.posargs)
    run_in(session, venv or environments.workshop(), *command, VAPI_DIDLOGIC_SKIPS=counts)


def core(session: nox.Session, version: str) -> Path:
    """The environment with a version of ansible-core; skips the session if no Python runs it."""
    try:
        return environments.core(version)
    except environments.Skipped as reason:
        session.skip(str(reason))


# --- The tasks -------------------------------------------------------------------------------------------------------

task: Callable[..., Callable[[Callable[..., None]], Callable[..., None]]] = functools.partial(nox.session, python=False)
by_core = nox.parametrize("version", [*CORES, ENDS[-1]], ids=[*CORES, "newest"])

#: Sessions that run programs of the environment with every tool; arguments are passed to the last one.
TOOLS: dict[str, tuple[str, list[Sequence[str]]]] = {
    "demo": ("Show the collection at work on the sandbox.", [["python", "tests/demo/demo.py"]]),
    "ruff": ("Style of Python.", [["ruff", "format", "--check"], ["ruff", "check"]]),
    "complexity": ("Cognitive complexity.", [["complexipy"]]),
    # By the collection's own path: ansible_collections.… is how its files import one another.
    "mypy": ("Types.", [["mypy", "dev.py", "noxfile.py", "tests/tools", f"collections/{COLLECTION}/plugins"]]),
    "yamllint": ("Style of YAML.", [["yamllint", "--strict", "."]]),
    "ansible-lint": ("Roles and playbooks, by the profile production.", [["ansible-lint", "--profile", "production"]]),
    "changelog": ("Fragments of the changelog.", [["antsibull-changelog", "lint"]]),
    "docs-lint": (
        "Documentation of plugins and roles, and the guides.",
        [
            ["antsibull-docs", "lint-collection-docs", ".", "--plugin-docs", "--validate-collection-refs=all",
             "--disallow-unknown-collection-refs", "--check-extra-docs-refs"],
        ],
    ),
    "coverage": (
        "Lines and branches of plugins/ that tests run, with modules run both ways; fails below the floor.",
        [["python", "-m", "tests.tools.plugin_coverage"]],
    ),
    "prepare-release": (
        "Set a version in galaxy.yml, links and new plugins, and make its changelog of the fragments.",
        [["python", "-m", "tests.tools.prepare_release"]],
    ),
    "report": (
        "Every proof in full, half an hour; writes the figures into the docs.",
        [["python", "tests/robustness/report.py"]],
    ),
    "dialects": (
        "Tests under other values of the sandbox's switches, by default the integration tests under each; takes hours.",
        [["python", "tests/tools/dialects.py"]],
    ),
    "bench": (
        "How fast, compared with uri tasks and the limit; writes the figures into the docs.",
        [["python", "tests/bench/bench.py", "--write"]],
    ),
}  # fmt: skip
#: Sessions that run tests in the environment with every tool.
TESTS: dict[str, tuple[str, list[str]]] = {
    "unit": ("Tests of the logic, and our own checks of the repository.", ["tests/unit", "tests/tools"]),
    "sandbox": ("Tests of the simulation of both services.", ["tests/sandbox"]),
    "robustness": ("A sample of the proofs of what is promised, a larger one at night.", ["tests/robustness"]),
    "browser": ("The pages that playbooks write, in a real browser where there is one.", ["tests/browser"]),
    "sip": (
        "The probe and whole calls, with real SIP software where it is installed.",
        ["tests/sip", "tests/callpath"],
    ),
    "example": ("The guide to testing playbooks, command by command.", ["tests/example"]),
    "ecosystem": ("Execution environments, ansible-runner, files for Automation Controller.", ["tests/ecosystem"]),
}


def add(name: str, summary: str, body: Callable[[nox.Session], None]) -> None:
    """Add a session of the tables above."""
    body.__doc__ = summary
    task(name=name)(body)


def run_tools(commands: list[Sequence[str]], session: nox.Session) -> None:
    for command in commands[:-1]:
        tool(session, *command)
    tool(session, *commands[-1], *session.posargs)


for name, (summary, commands) in TOOLS.items():
    add(name, summary, functools.partial(run_tools, commands))
for name, (summary, paths) in TESTS.items():
    add(name, summary, functools.partial(pytest, paths))


@task()
def test(session: nox.Session) -> None:
    """All checks, as they run before a merge, in less than 20 minutes on two cores."""
    run_all(session, EVERYTHING)


@task()
def nightly(session: nox.Session) -> None:
    """All checks with all generated cases, on each supported version of ansible-core; takes hours."""
    os.environ[SLOW] = "1"
    run_all(session, NIGHTLY)


def run_all(session: nox.Session, steps: Sequence[Step]) -> None:
    """Run steps side by side and print a table; the session fails if one of them fails."""
    table, failed = list[str](), 0
    begun = time.monotonic()
    for step, seconds, used, outcome in in_parallel(steps):
        table.append(f"{step.session:20} {seconds:7.1f} s {used:7.1f} s of CPU  {outcome}")
        table += [f"{'':20} {count} skipped: {reason}" for reason, count in skipped(step.session).items()]
        failed += outcome == "failed"
    total = f"{len(steps)} steps, {failed} failed, in {time.monotonic() - begun:.0f} s"
    print("", *table, "", total, sep="\n", flush=True)
    if failed:
        session.error(total)


@task()
def quick(session: nox.Session) -> None:
    """Style, types and the quick tests, in less than two minutes."""
    for name in ("ruff", "complexity", "mypy"):
        session.notify(name, [])
    session.notify("unit", ["-m", "not slow", "--hypothesis-profile", "quick", *session.posargs])


@task()
def lint(session: nox.Session) -> None:
    """Style, types, YAML, roles and playbooks, changelog, documentation, licences."""
    for name in ("ruff", "complexity", "mypy", "yamllint", "ansible-lint", "changelog", "docs-lint", "reuse"):
        session.notify(name, [])


@task()
@by_core
def integration(session: nox.Session, version: str) -> None:
    """Modules and roles as users run them, on a version of ansible-core."""
    venv = core(session, version)
    # Most tests run on one of the ends: they test the collection, not Ansible. Between them, only the others run.
    versions = [each for each in ENDS if environments.interpreter(each)]
    if os.environ.get(SLOW):
        share = []
    elif version in versions:
        share = [f"--share={versions.index(version) + 1}/{len(versions)}"]
    else:
        share = ["-m", "each_version"]
    pytest(["tests/integration", "--durations=10", *share], session, venv)


@task()
@by_core
def sanity(session: nox.Session, version: str) -> None:
    """Ansible-test sanity on a version of ansible-core."""
    venv = core(session, version)
    environments.provide_pip(venv)
    command = ["ansible-test", "sanity", "--local", "--python", venv.name.rpartition("-py")[2]]
    if version in CANDIDATES and not session.posargs:
        # A release candidate requires a part of pylint that is in no package index.
        command += ["--skip-test", "pylint"]
    with environments.alone("sanity"), environments.clean_copy() as copy:
        run_in(session, venv, *command, *session.posargs, cwd=copy)


@task()
def molecule(session: nox.Session) -> None:
    """Every scenario, or those that the arguments name with -s: dry run, run, second run, verify."""
    scenarios = [] if {"-s", "--scenario-name"} & {*session.posargs} else ["--all"]
    with environments.alone("molecule"):
        tool(session, "molecule", "test", "--report", "--no-command-borders", *scenarios, *session.posargs)


@task()
def eda(session: nox.Session) -> None:
    """The event sources, alone and under ansible-rulebook where there is a Java."""
    own = ("--editable", ".", "--group", "test")
    try:
        venv = environments.separate("eda", *own, "ansible-rulebook>=1.2.1")
    except subprocess.CalledProcessError:
        # It comes without a wheel for some machines; the sources alone need only this.
        venv = environments.separate("eda", *own, "aiohttp>=3.9")
    pytest(["tests/eda"], session, venv)


@task()
def reuse(session: nox.Session) -> None:
    """Every file states its copyright and its licence."""
    with environments.clean_copy() as copy:
        run_in(
            session,
            environments.separate("reuse", "reuse[charset-normalizer]>=5"),
            "reuse",
            "lint",
            "--lines",
            cwd=copy,
        )


@task()
def docs(session: nox.Session) -> None:
    """Lint the documentation and build it as a site; links to other sites resolve only where there is a network."""
    session.notify("docs-lint", [])
    site = CACHE / "docs"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o700, parents=True)
    collection = ".".join(COLLECTION.parts[1:])
    layout = ("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir")
    settings = ("--config-file", "antsibull-docs.cfg")
    tool(session, "antsibull-docs", "sphinx-init", "--lenient", *layout, site, collection)
    (site / "rst").chmod(0o700)
    tool(session, "antsibull-docs", *settings, "collection", *layout, "rst", collection, cwd=site)
    tool(session, "sphinx-build", "-M", "html", "rst", "build", "-c", ".", "--quiet", cwd=site)
    print("file://" + str(site / "build" / "html" / "index.html"))


def make_archive(session: nox.Session) -> Path:
    shutil.rmtree(DIST, ignore_errors=True)
    with environments.clean_copy() as copy:
        tool(session, "ansible-galaxy", "collection", "build", "--output-path", DIST, cwd=copy)
    return next(DIST.glob("*.tar.gz"))


@task()
def build(session: nox.Session) -> None:
    """Make the archive for Galaxy in dist/."""
    make_archive(session)


@task()
def importer(session: nox.Session) -> None:
    """Import the archive as Automation Hub does; its ansible-lint is older than ours, which runs anyway."""
    settings = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true", "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
    venv = environments.separate("importer", "galaxy-importer>=0.4.31,<0.5")
    command = ("python", "-m", "galaxy_importer.main", make_archive(session))
    run_in(session, venv, *command, cwd=DIST, **settings)


@task()
def release(session: nox.Session) -> None:
    """Check that a version can be released: its changelog, its import, and its archive at work on each ansible-core."""
    os.environ[SLOW] = "1"
    tool(session, "python", "-m", "tests.tools.prepare_release", "--check")
    session.notify("importer", [])
    pytest(["tests/ecosystem/test_archive.py", "-v"], session)


@task()
def clean(_session: nox.Session) -> None:
    """Remove what the tasks have made."""
    tools = (".ansible", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache")
    for path in (ROOT / name for name in (*tools, ".cache", ".venv", "collections", "dist", "uv.lock")):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


# --- All checks ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A session as a line of the table."""

    session: str
    arguments: tuple[str, ...] = ()
    #: Steps with the same word here never run side by side.
    alone: str = ""


def all_steps(cores: Sequence[str], sanity: Sequence[str], *scenarios: str) -> tuple[Step, ...]:
    """The steps of a run; the long ones first, so that the cores of the machine end at the same time.

    :param cores: versions of ansible-core for the integration tests. :param sanity: the same for ansible-test sanity.
    :param scenarios: Molecule's scenarios, by default all.
    """
    chosen = tuple(word for scenario in scenarios for word in ("-s", scenario))
    return (
        Step("ruff"),
        Step("complexity"),
        Step("mypy"),
        Step("unit"),
        *(Step(f"integration({version})") for version in cores),
        *(Step(f"sanity({version})", alone="sanity") for version in sanity),
        # It installs into .ansible in the checkout, by the library ansible-compat, as ansible-lint does.
        Step("molecule", chosen, alone="ansible-compat"),
        Step("robustness"),
        Step("browser"),
        Step("sandbox"),
        Step("example"),
        Step("ecosystem"),
        Step("eda"),
        Step("yamllint"),
        Step("ansible-lint", alone="ansible-compat"),
        Step("changelog"),
        Step("docs-lint"),
        Step("reuse"),
        Step("sip"),
        Step("importer"),
        Step("demo"),
    )


EVERYTHING = all_steps(ENDS, ENDS[-1:], "default", "integration", "forward")
NIGHTLY = (*all_steps(tuple(CORES), tuple(CORES)), Step("coverage"))


def in_parallel(steps: Sequence[Step]) -> Iterator[tuple[Step, float, float, str]]:
    """Run steps as processes of their own, as many at a time as there are cores; yield each when it has ended.

    :return: per step its seconds, its seconds of CPU time and its outcome. What it printed is printed whole.
    """
    shutil.rmtree(SKIPS, ignore_errors=True)
    env = os.environ | {RUN: f"{os.getpid()} {time.time()}", "NO_COLOR": "1"}
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
                command = [sys.executable, "-m", "nox", "--noxfile", __file__, "--session", step.session, "--"]
                with log.open("wb") as output:
                    process = subprocess.Popen(
                        [*command, *step.arguments], stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=env
                    )
                running[process.pid] = (step, time.monotonic(), log)
            pid, status, used = os.wait4(-1, 0)
            step, start, log = running.pop(pid)
            text = log.read_text(errors="replace")
            print(text, flush=True)
            reason = re.search(r"^nox > Session .* skipped: (.*)$", text, re.MULTILINE)
            outcome = "failed" if status else f"skipped: {reason[1]}" if reason else "passed"
            yield step, time.monotonic() - start, used.ru_utime + used.ru_stime, outcome


def skipped(session: str) -> dict[str, int]:
    """How many tests of a session were skipped, by reason."""
    file = SKIPS / f"{session}.json"
    counts: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    return counts


if __name__ == "__main__":
    nox.main()
