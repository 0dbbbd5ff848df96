# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the runs with an approved plan while somebody else edits the accounts."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import approval

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reader import Reader
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.write_gate import WriteGate
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import execute


def test_run_sends_only_requests_of_the_approved_plan() -> None:
    total = approval.batch(range(80))
    assert total["cases"] == 80
    assert {name: total[name] for name in approval.BROKEN} == dict.fromkeys(approval.BROKEN, 0), sorted(total)
    assert all(any(name.startswith(moment) for name in total) for moment in approval.MOMENTS)


def test_proof_notices_a_missing_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteGate, "check", lambda *_args: None)
    monkeypatch.setattr(execute, "differences", lambda *_args: [])
    assert approval.batch(range(40))["writes outside the plan"]


def test_reused_plan_is_the_one_that_would_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    reused: list[str] = []
    planned_once = Reader.planned_once

    def compared(reader: Reader, resource: t.Any, outcome: t.Any, rows: t.Any, plan: t.Any) -> t.Any:
        calls: list[None] = []

        def counted(*args: t.Any) -> t.Any:
            calls.append(None)
            return plan(*args)

        found = planned_once(reader, resource, outcome, rows, counted)
        if not calls:
            reused.append(resource.name)
            new = plan(outcome.desired, *rows, outcome.run_state)
            assert dataclasses.replace(found, simulate=None) == dataclasses.replace(new, simulate=None)
            assert found.writes == new.writes
        return found

    monkeypatch.setattr(Reader, "planned_once", compared)
    total = approval.batch(range(1000, 1040))
    assert {name: total[name] for name in approval.BROKEN} == dict.fromkeys(approval.BROKEN, 0), sorted(total)
    assert {"sip_trunk", "assistant", "transfer_tool", "phone_number", "forward"} <= set(reused)


#: Prints the digest of the plan of each change, for the accounts that it reads.
DIGESTS = """
import json, sys
import approval

for name, dumped in json.load(sys.stdin).items():
    account = approval.Account.of(dumped)
    account.world.vapi_api_key, account.world.didlogic_api_key = "v" * 36, "d" * 32
    print(name, approval.run(account, name, check=True)["plan"]["digest"])
"""


def test_plan_is_the_same_in_another_process() -> None:
    """The order of sets of texts differs between processes."""
    accounts = json.dumps({name: change.start().world.dump() for name, change in approval.CHANGES.items()})
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2", "3", "4")
    ]
    outputs = [process.communicate(accounts, timeout=240)[0] for process in processes]
    assert outputs[0].count("sha256:") == len(approval.CHANGES)
    assert len(set(outputs)) == 1
