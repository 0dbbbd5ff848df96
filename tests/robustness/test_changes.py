# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page "Changing and removing" shows what the sandbox did, and each change is one run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import changes


@pytest.fixture(name="played", scope="module")
def fixture_played() -> dict[str, changes.Measured]:
    return {change.title: changes.play(change) for change in changes.CHANGES}


@pytest.mark.parametrize("change", changes.CHANGES, ids=lambda change: change.title)
def test_change_is_one_run(played: dict[str, changes.Measured], change: changes.Change) -> None:
    found = played[change.title]
    assert found.broken == []
    assert found.same, "the dry run lists other changes than the run"
    assert found.again == 0, "a second run writes"
    assert bool(found.writes) != (change.title == "The same without prune"), "the change has no effect"


def test_changes_page_is_up_to_date(played: dict[str, changes.Measured]) -> None:
    text = changes.PAGE.read_text()
    assert changes.page(text, played) == text, "run tests/robustness/changes.py"
