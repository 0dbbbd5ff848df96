# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erasure: a sample of cases, and faulty implementations, which the proof must detect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "roles/sandbox/files")]

import erasure as proof

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import erasure
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import call_erasure


def test_only_erased_calls_are_reported_as_erased() -> None:
    found = proof.sweep(60)
    assert {name: found[name] for name in proof.BROKEN} == dict.fromkeys(proof.BROKEN, 0)
    assert all(found[event] for event in proof.EVENTS[1:])
    assert found["runs reported as complete"]


@pytest.mark.parametrize(
    ("owner", "name", "faulty", "promise"),
    [
        # Trusts the response to the deletion.
        (call_erasure, "state_of", lambda *_args: "gone", "calls reported as erased of which data is left"),
        # Does not read the recordings.
        (call_erasure, "_artifact", lambda *_args: "gone", "calls reported as erased of which data is left"),
        # Does not continue an earlier run.
        (erasure.Unverified, "ids", lambda _self: [], "runs reported as complete with data left"),
        # Selects the calls of everybody.
        (call_erasure, "_is_customer", lambda *_args: True, "calls of others that were deleted"),
    ],
    ids=["response is trusted", "no recording is read", "no record", "every caller"],
)
def test_proof_detects_a_faulty_program(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, faulty: Any, promise: str
) -> None:
    monkeypatch.setattr(owner, name, faulty)
    assert any(proof.run_case(seed)[promise] for seed in range(60))
