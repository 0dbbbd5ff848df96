# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the long proofs, and proof that they are not blind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import faults
import fuzz
import together

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import client as http_client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import errors as core_errors
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import plan_ordered


def test_fault_at_every_request_converges() -> None:
    number, found = faults.sweep(sample=101)
    assert number > 100
    assert {name: found[name] for name in faults.BROKEN} == dict.fromkeys(faults.BROKEN, 0)
    assert found["converged"] + found["clear error"] + found["killed"] == number


def test_concurrent_runs_converge() -> None:
    for name, found in together.figures(25, three=False).items():
        assert {what: found[what] for what in together.BROKEN} == dict.fromkeys(together.BROKEN, 0), name
        assert found["interleavings"] >= 5


def test_mutated_responses_converge_or_fail() -> None:
    found = fuzz.sweep(120)
    assert {name: found[name] for name in fuzz.BROKEN} == dict.fromkeys(fuzz.BROKEN, 0)
    assert found["clear error"] > 200
    assert found["read"] > 50


def test_client_that_retries_unknown_outcomes_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """What most clients do: send a write again when its answer was lost."""
    honest = http_client.Client.write

    def stubborn(self: Any, write: Any) -> Any:
        for _time in range(2):
            try:
                return honest(self, write)
            except core_errors.OutcomeUnknownError:
                continue
        return honest(self, write)

    monkeypatch.setattr(http_client.Client, "write", stubborn)
    proofs = ("duplicate objects", "next run failed")
    _number, found = faults.sweep(sample=31, until=proofs)
    assert any(found[proof] for proof in proofs)


def test_client_that_never_repeats_a_request_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its runs end with a clear error too, but with one that a repeated request avoids."""
    monkeypatch.setattr(http_client.Client, "_wait", lambda *_args: False)
    _number, found = faults.sweep(sample=53, until=("unexpected outcome",))
    assert found["unexpected outcome"] > 0


def test_forward_deleted_before_create_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete what stands first, then append: the number is without a destination for a moment."""
    honest = plan_ordered.next_steps

    def hasty(entries: Any, target: Any, memory: Any) -> Any:
        if not any(entry.identity == target.entry.identity for entry in entries) and entries:
            return [plan_ordered.Step("delete", entries[-1])]
        return honest(entries, target, memory)

    monkeypatch.setattr(plan_ordered, "next_steps", hasty)
    _number, found = faults.sweep(sample=301)
    assert found["moments without an active destination"] > 0
    assert found["lost destinations"] > 0


def test_check_mode_equals_the_run() -> None:
    """For every starting state: the same changes, the same diff, the same objects, and not one write before."""
    for name in ("empty", "partly", "finished"):
        account = faults.start(name)
        writes = account.world.journal_report()["writes"]
        dry = account.run(check=True)
        assert account.world.journal_report()["writes"] == writes
        real = account.run()
        assert dry.changed == real.changed, name
        for planned, done in zip(dry.plans, real.plans, strict=True):
            assert (planned.action, unnamed(planned.before), set(planned.after)) == (
                done.action,
                unnamed(done.before),
                set(done.after),
            ), name
        for planned, done in zip(dry.results, real.results, strict=True):
            for key in set(planned) - {"id", "created_at", "updated_at"}:
                if "known after apply" not in str(planned[key]):
                    assert planned[key] == done[key], (name, key)


def unnamed(value: Any) -> Any:
    return {key: item for key, item in value.items() if "known after apply" not in str(item)}
