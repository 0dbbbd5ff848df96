# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection does under each value of each switch, as the page about dialects says."""

from __future__ import annotations

import functools
import re
import typing as t

import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import (
    BY_NAME,
    CONTROL,
    SWITCHES,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.switch_cases import CASES, Lab
from tests.tools.dialects import SAME, described

pytestmark = pytest.mark.slow

Options = dict[str, t.Any]
Run = t.Callable[[Lab], str]
NAMES = [switch.name for switch in SWITCHES if switch.evidence != CONTROL]


def test_each_switch_has_a_case_for_each_value_and_a_row() -> None:
    assert list(CASES) == list(described()) == NAMES
    assert [name for name in NAMES if len(CASES[name].seen) != 1 + len(BY_NAME[name].flips)] == []


@pytest.mark.parametrize("name", NAMES)
def test_page_says_whether_the_values_differ(name: str) -> None:
    default, other = described()[name]
    assert default
    assert (other == SAME) == (len(set(CASES[name].seen)) == 1)


def outcome(run: Run, settings: Options) -> tuple[str, list[str]]:
    """What a user sees, and the exchange with the services."""
    lab = Lab(**settings)
    return run(lab), lab.exchange


@functools.cache
def default(run: Run) -> tuple[str, list[str]]:
    """The same with the defaults: many cases share a run."""
    return outcome(run, {})


@pytest.mark.parametrize("name", NAMES)
def test_each_value_has_its_outcome(name: str) -> None:
    case, switch = CASES[name], BY_NAME[name]
    seen, exchange = outcome(case.run, case.settings) if case.settings else default(case.run)
    assert re.search(case.seen[0], seen, re.DOTALL), seen
    for value, expected in zip(switch.flips, case.seen[1:], strict=True):
        other, changed = outcome(case.run, {**case.settings, name: value})
        assert re.search(expected, other, re.DOTALL), (value, other)
        if case.avoids:
            assert changed == exchange, "a request of the collection shows the value"
        else:
            assert changed != exchange or other != seen, "nothing shows the value"
