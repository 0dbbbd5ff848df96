# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure which lines and branches of plugins/ the tests run: `python3 dev.py coverage`.

Modules run both ways: in the controller's process, and packed by Ansible as a program of their own. Every process of
the environment measures itself, also those that Ansible forks and the interpreters of packed modules. The session fails
if less is run than `fail_under` in pyproject.toml. A failed test is reported only: the measurement takes time, which
some tests limit, and other sessions run the tests without it.
"""

from __future__ import annotations

import collections
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.tools import environments
from tests.tools.environments import CACHE, ROOT

FOLDER = CACHE / "coverage"
SETTINGS = FOLDER / "coveragerc"
#: Packed modules have the collection's full path, in an archive.
PACKED = f"*.zip/{environments.COLLECTION}/plugins"
#: The tests, each with the environment variables of its run.
RUNS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("tests/unit",), {}),
    (("tests/integration",), {}),
    # Modules as programs of their own.
    (
        ("tests/integration/test_modules.py", "tests/integration/test_life.py", "tests/integration/test_input.py"),
        {"VAPI_DIDLOGIC_IN_PROCESS": "false"},
    ),
)
RC = f"""
[run]
branch = true
parallel = true
concurrency =
    multiprocessing
    thread
patch = _exit
data_file = {FOLDER}/data
include =
    {ROOT}/plugins/*
    {PACKED}/*
# Ansible adds these to packed modules.
omit = */__init__.py
disable_warnings =
    no-data-collected
[paths]
plugins =
    {ROOT}/plugins
    {PACKED}
"""


def measure(venv: Path, options: Sequence[str]) -> list[str]:
    """Run the tests.

    :param venv: an environment with the collection, what its tests import, and coverage.
    :param options: more options of pytest. :return: the runs in which tests failed.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    SETTINGS.write_text(RC)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "plugin_coverage.pth").write_text("import coverage; coverage.process_startup()\n")
    workers = ("-n", str(os.cpu_count() or 2), "--dist", "worksteal")
    failed = []
    for tests, settings in RUNS:
        command = ("python", "-m", "pytest", "-q", *tests, *workers, *options)
        try:
            environments.run_in(venv, *command, cwd=ROOT, COVERAGE_PROCESS_START=str(SETTINGS), **settings)
        except subprocess.CalledProcessError as error:
            if error.returncode != 1:  # not only failed tests
                raise
            failed.append(" ".join([*(f"{name}={value}" for name, value in settings.items()), *tests]))
    return failed


def report(venv: Path) -> float:
    """Print the figures by folder, and the files with the least coverage.

    :param venv: see :func:`measure`. :return: percent of the lines and branches of plugins/.
    """
    figures = FOLDER / "coverage.json"
    environments.run_in(venv, "coverage", "combine", "--quiet", f"--rcfile={SETTINGS}")
    environments.run_in(venv, "coverage", "json", "--quiet", "--ignore-errors", "-o", figures, f"--rcfile={SETTINGS}")
    files = json.loads(figures.read_text())["files"]
    found = {Path(name).resolve().relative_to(ROOT): row["summary"] for name, row in files.items()}
    missing = {path.relative_to(ROOT) for path in (ROOT / "plugins").rglob("*.py")} - found.keys()
    folders: dict[str, list[dict[str, int]]] = collections.defaultdict(list)
    for path, row in found.items():
        folders["/".join(path.parts[1 : 3 if path.parts[1] == "module_utils" else 2])].append(row)
    for name, rows in sorted(folders.items()):
        print(f"{name:30} {sum(row['num_statements'] for row in rows):6} lines {percent(rows):6.1f} %")
    for path, row in sorted(found.items(), key=lambda pair: percent([pair[1]]))[:15]:
        print(f"  {path!s:70} {percent([row]):6.1f} %")
    if missing - set(without_code()):
        print("never imported:", *sorted(map(str, missing - set(without_code()))))
    total = percent(list(found.values()))
    print(f"{'plugins':30} {total:20.1f} %")
    return total


def percent(rows: Sequence[dict[str, int]]) -> float:
    """Percent of lines and branches that ran."""
    ran = sum(row["covered_lines"] + row["covered_branches"] for row in rows)
    return 100 * ran / max(1, sum(row["num_statements"] + row["num_branches"] for row in rows))


def without_code() -> Iterator[Path]:
    """Files with documentation only."""
    yield from (path.relative_to(ROOT) for path in (ROOT / "plugins" / "doc_fragments").glob("*.py"))


def floor() -> float:
    """The least percentage that is accepted."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return float(settings["tool"]["coverage"]["report"]["fail_under"])


def main(options: Sequence[str]) -> int:
    """Measure, report, and compare with the floor."""
    own = ("--editable", ".", "--group", "test", "coverage>=7.10")
    venv = environments.separate("coverage", *own)
    failed, total = measure(venv, options), report(venv)
    for run in failed:
        print("tests failed:", run)
    if total < floor():
        print(f"below the floor of {floor():.0f} %")
    return 1 if total < floor() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
