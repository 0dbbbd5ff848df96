# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conformance check: every switch alone, a sample of pairs, kills and faults; and faulty implementations."""

from __future__ import annotations

import dataclasses
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import conformance as proof
from sandbox_server import dialect, switches

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import (
    cleanup,
    journal,
    run,
    sender,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import QUESTIONS


def singles() -> list[proof.Job]:
    """The defaults, and every switch with every other value."""
    return [("world", settings) for settings in proof.worlds() if len(settings) < 2]


def pairs(count: int) -> list[proof.Job]:
    every = [settings for settings in proof.worlds() if len(settings) == 2]
    return [("world", settings) for settings in random.Random(count).sample(every, count)]


def kills(step: int, first: int = 0) -> list[proof.Job]:
    cases = [case for case in proof.interruptions() if case.kind == "killed"]
    return [("interruption", case) for case in cases[first::step]]


def faults(count: int) -> list[proof.Job]:
    cases = [case for case in proof.interruptions() if case.kind != "killed"]
    return [("interruption", case) for case in random.Random(count).sample(cases, count)]


def unbroken(found: proof.Found) -> bool:
    assert {name: found[name] for name in proof.BROKEN} == dict.fromkeys(proof.BROKEN, 0), found
    return True


def test_switches_of_questions_exist() -> None:
    """A report can be loaded as a dialect: each value that an answer can have is one of its switch."""
    names = {question.switch for question in QUESTIONS if question.switch}
    assert len(names) > 12
    assert names <= set(switches.defaults())
    for question in QUESTIONS:
        for value in question.values.values():
            if isinstance(value, (bool, int)):
                assert dialect.read({question.switch: value})


def test_each_switch_alone_is_named() -> None:
    jobs = singles()
    assert unbroken(proof.sweep(jobs))
    assert len(jobs) > len(proof.VALUES) > 12


def test_pairs_of_switches_are_named() -> None:
    assert unbroken(proof.sweep(pairs(10)))


def test_report_is_a_dialect() -> None:
    """A sandbox with the dialect of a report is measured as the services were."""
    settings = (("unique_numbers", True), ("delete_status", 204), ("null_in_patch", "ignored"), ("retention_days", 0))
    first = proof.play(proof.start(settings), proof.Memory())
    assert first.outcome
    loaded = dialect.read({"format": 1, "answers": [], "dialect": proof.dialect(first.outcome.answers)})
    second = proof.play(proof.start(loaded.items()), proof.Memory())
    assert second.outcome
    assert second.outcome.answers == first.outcome.answers


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda _rows: None, ""),
        (lambda rows: rows.clear(), "1 are missing, 0 are new, 0 have changed"),
        (lambda rows: rows[0].update(priority=9), "0 are missing, 0 are new, 1 have changed"),
        (lambda rows: rows.append({**rows[0], "id": 99_999}), "0 are missing, 1 are new, 0 have changed"),
    ],
    ids=["unchanged", "missing", "changed", "new"],
)
def test_destinations_of_the_unused_number_are_compared(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[list[dict[str, Any]]], None], expected: str
) -> None:
    account, warnings = proof.start(), list[str]()
    honest = cleanup.Cleanup.run

    def changing(self: cleanup.Cleanup) -> Any:
        left = honest(self)
        change(
            next(each["destinations"] for each in account.world.didlogic["numbers"] if each["number"] == proof.UNUSED)
        )
        return left

    monkeypatch.setattr(cleanup.Cleanup, "run", changing)
    assert proof.play(account, proof.Memory(), warnings=warnings).outcome
    assert [expected in text for text in warnings] == ([True] if expected else [])


def test_killed_run_is_cleaned_by_the_next() -> None:
    jobs = kills(32)
    found = proof.sweep(jobs)
    assert unbroken(found)
    assert found["killed"] == len(jobs) > 12


def test_run_with_faulty_service_leaves_nothing() -> None:
    assert unbroken(proof.sweep(faults(8)))


Damage = Callable[[pytest.MonkeyPatch], None]


def journal_afterwards(patch: pytest.MonkeyPatch) -> None:
    """Nothing is written before a request."""
    patch.setattr(journal.Journal, "before", lambda self, *_arguments: self.number)


def trusts_the_journal(patch: pytest.MonkeyPatch) -> None:
    """Objects whose creation was not confirmed are not searched."""
    patch.setattr(journal.Journal, "is_marked", lambda _self, _row: False)


def forgets_the_rest(patch: pytest.MonkeyPatch) -> None:
    """The journal is removed without removing the objects."""
    patch.setattr(cleanup.Cleanup, "_remove", lambda _self: None)
    patch.setattr(cleanup.Cleanup, "_listed", lambda _self: [])


def removes_anything(patch: pytest.MonkeyPatch) -> None:
    """Every object in a list counts as one of the check."""
    patch.setattr(journal.Journal, "is_marked", lambda _self, _row: True)


def tells_keys(patch: pytest.MonkeyPatch) -> None:
    """Evidence repeats what a response contains."""
    honest = run.Runner._answer

    def telling(self: Any, findings: Any) -> None:
        honest(self, (dataclasses.replace(found, evidence=f"{found.evidence} {proof.USED}") for found in findings))

    patch.setattr(run.Runner, "_answer", telling)


def sees_no_status(patch: pytest.MonkeyPatch) -> None:
    """Every response counts as accepted."""
    patch.setattr(sender, "Response", lambda _status, kind, body: proof.run.Response(200, kind, body))


DAMAGES: dict[Damage, tuple[Callable[[], list[proof.Job]], tuple[str, ...]]] = {
    journal_afterwards: (lambda: kills(9), ("left without a journal", "objects left or changed")),
    trusts_the_journal: (lambda: kills(5, 1), ("objects left or changed",)),
    forgets_the_rest: (lambda: singles()[:1], ("objects left or changed",)),
    removes_anything: (lambda: kills(40), ("existing objects changed", "objects left or changed")),
    tells_keys: (lambda: singles()[:1], ("reports that are not safe",)),
    sees_no_status: (lambda: singles()[:3], ("switches named wrongly",)),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_faulty_implementation_is_detected(monkeypatch: pytest.MonkeyPatch, damage: Damage) -> None:
    jobs, proofs = DAMAGES[damage]
    chosen = jobs()  # determined with the undamaged implementation
    damage(monkeypatch)
    found = proof.Found()
    for at in range(0, len(chosen), 4):
        found += proof.sweep(chosen[at : at + 4])
        if any(found[name] for name in proofs):
            return
    pytest.fail(str(found))
