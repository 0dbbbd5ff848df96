# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection under each value of each switch of the sandbox: a sample, or all of it in the slow variant."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import dialects
import faults
import life
from chain import OWN, Account, ModuleFailureError
from dialects import BROKEN, FLIPS, REFUSED, Flip

SLOW = bool(os.environ.get("VAPI_DIDLOGIC_SLOW_TESTS"))
#: Each value is played in one of the two lives, and in both in the slow variant or where a life is impossible.
LIVES = [
    (flip, name)
    for index, flip in enumerate(FLIPS)
    for place, name in enumerate(("empty", "changing"))
    if SLOW or index % 2 == place or flip[0] in REFUSED
]
#: Values under which faults are sampled; the others only in the slow variant.
UNDER_FAULTS = FLIPS if SLOW else FLIPS[3::12]
SAMPLE = 211 if SLOW else 4001


@pytest.mark.parametrize(("flip", "name"), LIVES, ids=str)
def test_environment_is_as_declared_under_each_value_of_a_switch(flip: Flip, name: str) -> None:
    found = dialects.play(flip, name)
    assert {word: count for word, count in found.items() if count and word.partition(":")[0] in BROKEN} == {}
    assert found["converged"] + found["refused with the reason"] == found["runs"] == 1


@pytest.mark.parametrize("flip", UNDER_FAULTS, ids=str)
def test_faults_under_one_value_of_a_switch(flip: Flip) -> None:
    found = dialects.sweep(flip, SAMPLE, ("empty", "changing") if SLOW else ("empty",))
    assert {word: count for word, count in found.items() if count and word.partition(":")[0] in faults.BROKEN} == {}


def test_wrong_result_is_found() -> None:
    """The proof fails if a list of destinations is not in order."""
    account = Account.of(dialects.snapshot("empty"))
    account.run(at_once=True)
    assert dialects.as_declared(account, FLIPS[0], "empty")
    number = account.world.number(OWN)
    assert number
    for row in number["destinations"]:
        row["priority"] += 99 * ("vapi.ai" in row["destination"])
    assert not dialects.as_declared(account, FLIPS[0], "empty")


@pytest.mark.parametrize("flip", [("new_destination_first", True), ("equal_priorities", True)], ids=str)
def test_order_that_is_impossible_leaves_the_target_first(flip: Flip) -> None:
    account = Account.of(dialects.snapshot("changing"))
    account.world.settings[flip[0]] = flip[1]
    with pytest.raises(ModuleFailureError, match="does not append a new row"):
        account.run(at_once=True, **life.AFTER)
    rows = sorted(faults.rows(account, OWN), key=lambda row: (row["priority"], row["id"]))
    active = [row["destination"] for row in rows if row["active"]]
    assert any("vapi.ai" in destination for destination in active)
