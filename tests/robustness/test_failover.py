# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover: a sample of kills, faults, edits and two runs at once; and faulty implementations, which it must detect."""

from __future__ import annotations

import dataclasses
import itertools
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import failover as proof

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic import destination
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import failover, failover_run

#: Lists of which each is treated differently.
LISTS = (
    ("vapi on", "phone on"),
    ("phone off", "vapi on", "vapi eu on"),
    ("vapi on", "unknown on"),
    ("itself on", "vapi on"),
    ("vapi off", "vapi on", "fallback on"),
)


def kills(lists: tuple[proof.Names, ...], fallbacks: tuple[bool, ...] = (False, True)) -> list[proof.Job]:
    """Each run is killed before and after each request, and each write of the record."""
    found: list[proof.Job] = []
    for names, fallback, state in itertools.product(lists, fallbacks, ("active", "inactive")):
        for index, when in itertools.product(range(proof.requests(names, state, fallback)), ("before", "after")):
            case = proof.Case("", True, index, "killed", when, persistent=False)
            found.append(("fault", proof.Trial(names, fallback, state, case)))
    return found


def faults(count: int) -> list[proof.Job]:
    """Some of the faults of requests."""
    random_ = random.Random(count)
    found: list[proof.Job] = []
    while len(found) < count:
        names, fallback, state = random_.choice(proof.FAULTY), random_.random() < 0.5, random_.choice(proof.STATES)
        kind, when = random_.choice(list(proof.KINDS)), random_.choice(("before", "after"))
        if kind == "killed" or (when == "after" and kind in proof.BEFORE_ONLY):
            continue
        index = random_.randrange(proof.requests(names, state, fallback))
        case = proof.Case("", True, index, kind, when, persistent=random_.random() < 0.5)
        found.append(("fault", proof.Trial(names, fallback, state, case)))
    return found


def edits(count: int) -> list[proof.Job]:
    return [("edit", number) for number in range(count)]


def pairs(count: int) -> list[proof.Job]:
    return [("together", number) for number in range(count)]


def unbroken(found: proof.Found) -> bool:
    assert {name: found[name] for name in proof.BROKEN} == dict.fromkeys(proof.BROKEN, 0), found
    return True


def test_wrong_404_does_not_remove_a_number_from_the_record() -> None:
    jobs: list[proof.Job] = []
    for names, state, when in itertools.product((("vapi on",), LISTS[1]), proof.STATES, ("before", "after")):
        for index in range(proof.requests(names, state, True)):
            case = proof.Case("", True, index, "404", when, persistent=False)
            jobs.append(("fault", proof.Trial(names, True, state, case)))
    assert unbroken(proof.sweep(jobs))


def test_run_killed_at_any_request_is_completed_and_restored() -> None:
    jobs = kills(LISTS)
    found = proof.sweep(jobs)
    assert unbroken(found)
    assert found["killed"] == len(jobs) > 100


def test_run_with_faulty_service_is_completed_and_restored() -> None:
    found = proof.sweep(faults(150))
    assert unbroken(found)
    assert found["converged"] + found["clear error"] + found["conflict"] == 150


def test_edits_are_left_and_reported() -> None:
    found = proof.sweep(edits(150))
    assert unbroken(found)
    assert found["conflict"] > 5


def test_runs_at_the_same_time_have_the_result_of_one() -> None:
    assert unbroken(proof.sweep(pairs(60)))


def opposed(count: int) -> list[proof.Job]:
    return [("opposed", number) for number in range(count)]


def test_failover_and_failback_at_the_same_time_leave_every_number_reachable() -> None:
    assert unbroken(proof.sweep(opposed(70)))


Damage = Callable[[pytest.MonkeyPatch], None]


def unprotected(patch: pytest.MonkeyPatch) -> None:
    """A destination of an unknown kind counts as another one."""
    patch.setattr(destination, "reachable", lambda entry: entry.active)
    patch.setattr(proof.CARRIER, "reachable", lambda entry: entry.active)


def record_afterwards(patch: pytest.MonkeyPatch) -> None:
    """The record is written at the end only."""
    honest = failover_run.Switching.save
    calls: dict[int, int] = {}

    def late(self: Any) -> None:
        calls[id(self)] = calls.get(id(self), 0) + 1
        if not isinstance(self, failover_run.Failover) or calls[id(self)] % 3 == 0:
            honest(self)

    patch.setattr(failover_run.Switching, "save", late)


def no_digests(patch: pytest.MonkeyPatch) -> None:
    """A changed destination is restored like an unchanged one."""
    patch.setattr(failover.Record, "digest_of", lambda *_arguments: "same")


def removes_first(patch: pytest.MonkeyPatch) -> None:
    """Failback removes the fallback before it enables the other destination."""
    patch.setattr(
        failover,
        "steps_to_restore",
        lambda record, number, entries: (
            [failover.Step("delete", entry) for entry in entries if entry.id in ids]
            if (ids := [key for one in record.numbers[number].fallbacks for key in one.ids])
            and any(entry.id in ids for entry in entries)
            else [
                failover.Step("switch", dataclasses.replace(entry, active=True))
                for entry in entries
                if not entry.active and entry.id in record.numbers[number].disabled
            ]
        ),
    )


def trusts_answers(patch: pytest.MonkeyPatch) -> None:
    """Any response counts as a confirmation."""
    honest = failover_run.Switching._take

    def trusting(self: Any, item: Any, steps: Any) -> Any:
        _confirmed, problem = honest(self, item, steps)
        item.entries = failover_run.after(item.entries, steps)
        return True, problem

    patch.setattr(failover_run.Switching, "_take", trusting)


def not_read_again(patch: pytest.MonkeyPatch) -> None:
    """A run does not notice that another one has removed the last other destination."""
    patch.setattr(failover_run.Switching, "keep_reachable", lambda *_arguments, **_options: None)


DAMAGES: dict[Damage, tuple[Callable[[], list[proof.Job]], tuple[str, ...]]] = {
    unprotected: (lambda: kills((("vapi on", "unknown on"),), (False,)), ("moments without an active destination",)),
    record_afterwards: (lambda: kills((("vapi on", "phone on"),)), ("not restored", "records left behind")),
    no_digests: (lambda: edits(100), ("edits lost",)),
    removes_first: (lambda: kills((("vapi on",),), (True,)), ("moments without an active destination",)),
    not_read_again: (lambda: opposed(70), ("numbers left without an active destination",)),
    trusts_answers: (lambda: faults(150), ("not bypassed", "not restored")),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_faulty_implementation_is_detected(monkeypatch: pytest.MonkeyPatch, damage: Damage) -> None:
    jobs, proofs = DAMAGES[damage]
    chosen = jobs()  # determined with the undamaged implementation
    damage(monkeypatch)
    found = proof.sweep(chosen, until=proofs)
    assert any(found[name] for name in proofs), found
