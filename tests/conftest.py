# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: where things are imported from, how much hypothesis tries, and why a test may be skipped."""

from __future__ import annotations

import collections
import importlib
import importlib.util
import json
import os
import pathlib
import re
import sys
from collections.abc import Generator
from typing import Any

import hypothesis
import pytest

from tests.readability import pytest_assertrepr_compare, pytest_make_parametrize_id

__all__ = ["pytest_assertrepr_compare", "pytest_make_parametrize_id"]

ROOT = pathlib.Path(__file__).resolve().parents[1]
#: Set by the session `nightly`: tests marked nightly, longer initial lists, larger samples, more examples.
SLOW = "VAPI_DIDLOGIC_SLOW_TESTS"
#: The switches of every sandbox that a test starts.
DIALECT = "VAPI_DIDLOGIC_SANDBOX_DIALECT"

# The editable install makes the collection importable; without it, the link in the checkout does.
if importlib.util.find_spec("ansible_collections") is None or (
    importlib.util.find_spec("ansible_collections.voiceops") is None
):
    sys.path.insert(0, str(ROOT / "collections"))
# The sandbox server is a program of its own: `python -m sandbox_server`.
sys.path.append(str(ROOT / "roles" / "sandbox" / "files"))

#: Examples of each generated test: before a commit, before a merge, and each night. Other examples each night.
EXAMPLES = {"quick": 10, "merge": 25, "nightly": 250}
for _name, _examples in EXAMPLES.items():
    hypothesis.settings.register_profile(
        _name, max_examples=_examples, deadline=None, derandomize=_name != "nightly", database=None, print_blob=True
    )
hypothesis.settings.load_profile("nightly" if os.environ.get(SLOW) else "merge")


#: What a machine may lack, as the reasons of skipped tests name it.
OPTIONAL = (
    r"no Chromium on PATH",
    r"there is no (jq|node|Java)\b",
    r"Java is older than",
    r"Node\.js (and npm|\d+ or newer) ",
    r"(npm|uv) could not install",
    r"\((Debian's package|apt-get install) [\w-]+\)",
    r"no network namespace can be made",
    r"no IPv6 on loopback",
    r"ansible-core \S+: no Python 3",
    r"\w+ needs Python 3\.\d+",
    r"ansible-rulebook has no package for this machine",
    r"the collection [\w.]+ is not installed",
    r"only root can",
    r"the published API descriptions are not in the repository",
)
#: Set by the test command: a skip for another reason is a failure, and the reasons are counted in this file.
SKIPS = os.environ.get("VAPI_DIDLOGIC_SKIPS")


_skipped: collections.Counter[str] = collections.Counter()


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test or a file was skipped; empty if it was not."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return ""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _checked(report: Any) -> Any:
    reason = _reason(report)
    if SKIPS and reason and not re.search("|".join(OPTIONAL), reason):
        report.outcome = "failed"
        report.longrepr = f"skipped for a reason that is not in OPTIONAL of tests/conftest.py: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Refuse a skip of a test for another reason."""
    return _checked((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Refuse a skip of a file for another reason."""
    return _checked((yield))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count a skip of a test."""
    _skipped.update(filter(None, [_reason(report)]))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Count a skip of a file."""
    _skipped.update(filter(None, [_reason(report)]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down the counts, in the process that has all reports."""
    if SKIPS and not hasattr(session.config, "workerinput"):
        pathlib.Path(SKIPS).write_text(json.dumps(_skipped))


def _other_values() -> set[str]:
    """The switches that the dialect of the environment sets to another value than the default."""
    if not os.environ.get(DIALECT):
        return set()
    switches, dialect = (importlib.import_module(f"sandbox_server.{name}") for name in ("switches", "dialect"))
    return {name for name, value in dialect.of_environment().items() if value != switches.BY_NAME[name].default}


@pytest.hookimpl(tryfirst=True)  # before others select from the tests
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked nightly to the session ``nightly``, and of an exhaustive test all but some cases.

    In another dialect of the sandbox, those that expect its defaults are left out too.
    """
    others = _other_values()
    seen: collections.Counter[str] = collections.Counter()
    chosen: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        mark = item.get_closest_marker("exhaustive")
        name = item.nodeid.partition("[")[0]
        of_sample = not mark or not seen[name] % mark.args[0]
        seen[name] += mark is not None
        in_session = bool(os.environ.get(SLOW)) or (of_sample and not item.get_closest_marker("nightly"))
        expected = {switch for found in item.iter_markers("default_dialect") for switch in found.args}
        chosen[in_session and not expected & others].append(item)
    items[:] = chosen[True]
    config.hook.pytest_deselected(items=chosen[False])
