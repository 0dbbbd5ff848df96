# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling hours agree with an independent oracle in a sample of zones, and the oracle detects faulty programs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/robustness")]

import calling_hours


def test_calling_hours_agree_with_the_oracle_around_clock_changes() -> None:
    found = calling_hours.sweep(61)
    assert found["disagreements"] == 0
    assert found["zones with clock changes in 2026"] >= 3
    assert 0.1 < found["periods in which a call is allowed"] / found["periods"] < 0.9


@pytest.mark.parametrize("judge", [calling_hours.by_ends, calling_hours.with_fixed_offset])
def test_oracle_detects_a_faulty_program(judge: calling_hours.Judge) -> None:
    with calling_hours.database_of_pytz():
        found = sum(
            (calling_hours.run_zone(zone, judge) for zone in ("Europe/Amsterdam", "America/New_York")),
            calling_hours.collections.Counter(),
        )
    assert found["disagreements"] > 0
