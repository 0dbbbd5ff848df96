# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erasure of a caller's calls at a Vapi that deletes late, in part, twice, never, or fails.

    python tests/robustness/erasure.py    # some minutes

A case has up to eight calls, each of which is deleted in its own way and with its own delay, and calls of others. The
run is complete, is interrupted before one of its requests, or a second run with the same record takes place within it.
Then Vapi finishes what it has begun, and two more runs must report as erased what is erased, and nothing else.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import messages

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "roles" / "sandbox" / "files")]

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, RunInterruptedError
from ansible_collections.voiceops.vapi_didlogic.tests.unit.erasure_worlds import (
    FATES,
    Runs,
    caller,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import MemoryStore

CASES = 10_000
EVENTS = ("none", "interrupted", "second run")
DELAYS = (0.0, 0.5, 3.0, 6.0, 40.0, 500.0)
#: Seconds after which Vapi has finished every deletion that it finishes.
LATER = 1000.0
OTHER = "+31201234567"
BROKEN = (
    "calls reported as erased of which data is left",
    "runs reported as complete with data left",
    "calls of others that were deleted",
    "results with the number",
    "erased calls that were not reported",
    "traceback",
)


class Case:
    """One case. :param seed: determines it."""

    def __init__(self, seed: int) -> None:
        self.random, self.seed = random.Random(seed), seed
        self.found: collections.Counter[str] = collections.Counter({"cases": 1})
        self.runs, self.number = Runs(MemoryStore()), caller()
        self.world = self.runs.world
        for _call in range(self.random.randrange(1, 9)):
            self.world.add(self.random.choice(FATES), self.number, self.random.choice(DELAYS))
        for _call in range(self.random.randrange(4)):
            self.world.add("at once", OTHER)
        self.reported: set[str] = set()
        self.event = self.random.choice(EVENTS)
        self.moment = self.random.randrange(60)

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.event} at {self.moment}, " + ", ".join(
            f"{call.fate} after {call.delay:g} s" for call in self.world.calls.values()
        )

    def play(self) -> collections.Counter[str]:
        """Run, and run twice more after Vapi has finished. :return: what was counted."""
        self.world.before = self._before
        with contextlib.suppress(RunInterruptedError):
            self._run(self.runs)
        self.world.before = lambda _count: None
        # An interrupted run may have requested nothing, so the first of these may request the deletions.
        for _run in range(2):
            self.runs.stage.now += LATER
            self._run(self.runs)
        for call in self.world.calls.values():
            if call.row["customer"]["number"] == OTHER:
                self.found["calls of others that were deleted"] += call.asked is not None
            elif not self.world.has_data(call):
                self.found["erased calls that were not reported"] += call.row["id"] not in self.reported
        return messages.noted(self.found, BROKEN, self)

    def _before(self, count: int) -> None:
        if self.event == "none" or count != self.moment:
            return
        self.world.before = lambda _count: None
        self.found[self.event] += 1
        if self.event == "interrupted":
            raise RunInterruptedError("stopped")
        other = Runs(self.runs.store)
        other.stage, other.world = self.runs.stage, self.world
        self._run(other)

    def _run(self, runs: Runs) -> None:
        try:
            result = runs.run(caller=self.number)
        except RunInterruptedError:
            raise
        except ApiError:
            self.found["clear error"] += 1
        except Exception as error:  # noqa: BLE001 - it is what is counted
            self.found[f"traceback {type(error).__name__}"] += 1
        else:
            self._judge(runs, result)

    def _judge(self, runs: Runs, result: dict[str, Any]) -> None:
        assert runs.last
        self.reported |= {item.call.id for item in runs.last.items if item.state == "gone"}
        calls = result["erasure"]["calls"]
        self.found["runs"] += 1
        self.found["calls reported as erased"] += calls["erased"]
        self.found["calls reported as erased of which data is left"] += len(runs.false_claims())
        left = any(
            self.world.has_data(call) for call in self.world.calls.values() if call.row["customer"]["number"] != OTHER
        )
        self.found["runs reported as complete"] += result["erasure"]["complete"]
        self.found["runs reported as complete with data left"] += left and (
            result["erasure"]["complete"] or not result["msg"]
        )
        self.found["results with the number"] += self.number[1:] in json.dumps(result)


def run_case(seed: int) -> collections.Counter[str]:
    """Play one case. :param seed: determines it. :return: what was counted."""
    return Case(seed).play()


def sweep(count: int, workers: int = 1) -> collections.Counter[str]:
    """Play cases.

    :param count: how many. :return: what was counted over all of them.
    """
    total: collections.Counter[str] = collections.Counter()
    if workers == 1:
        for seed in range(count):
            total.update(run_case(seed))
        return total
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        for part in pool.map(run_case, range(count), chunksize=50):
            total.update(part)
    return total


def main() -> int:
    chosen = messages.sampled_options(__doc__).parse_args()
    begun = time.monotonic()
    total = sweep(CASES // chosen.sample, chosen.workers)
    names = (
        "cases",
        "ways to delete a call",
        "runs",
        *EVENTS[1:],
        "clear error",
        "calls reported as erased",
        "runs reported as complete",
    )
    figures = {name: len(FATES) if name == "ways to delete a call" else total[name] for name in (*names, *BROKEN)}
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
