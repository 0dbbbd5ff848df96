# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at once: every interleaving of two creators, and many random ones of two that forward a number.

    python tests/robustness/together.py                # all of it, some minutes
    python tests/robustness/together.py --random 200   # fewer random interleavings

Runs take turns at their requests; who is next is the interleaving. Nothing is left to threads' luck, so a failure can
be played again from its seed.
"""

from __future__ import annotations

import argparse
import collections
import functools
import json
import random
import sys
import threading
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import httpx
import life
from chain import OWN, Account, ModuleFailureError, Report
from faults import FOREIGN, doubles, rows

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK

TRUNK_A = "00000000-0000-0000-0000-00000000000a"
TRUNK_B = "00000000-0000-0000-0000-00000000000b"
Choose = t.Callable[[int], int]


class Baton:
    """Lets one of several runs make its next request when all of them wait for theirs."""

    def __init__(self, runs: int, choose: Choose) -> None:
        self._alive, self._choose = set(range(runs)), choose
        self._waiting: set[int] = set()
        self._turn: int | None = None
        self._changed = threading.Condition()

    def options(self, run: int) -> None:
        with self._changed:
            self._waiting.add(run)
            self._pass_on()
            while self._turn != run:
                self._changed.wait(timeout=30)
            self._turn = None
            self._waiting.discard(run)

    def done(self, run: int) -> None:
        with self._changed:
            self._alive.discard(run)
            self._pass_on()

    def _pass_on(self) -> None:
        if self._waiting and self._waiting == self._alive and self._turn is None:
            order = sorted(self._waiting)
            self._turn = order[self._choose(len(order))] if len(order) > 1 else order[0]
            self._changed.notify_all()


class Interleaver(httpx.BaseTransport):
    """One run's way to the services."""

    def __init__(self, inner: t.Any, baton: Baton, run: int, watch: t.Callable[[], None]) -> None:
        self.inner, self.baton, self.run, self.watch = inner, baton, run, watch

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.baton.options(self.run)
        answer: httpx.Response = self.inner.handle_request(request)
        answer.read()
        self.watch()
        return answer


def side_by_side(
    account: Account, works: list[t.Callable[[Report], object]], choose: Choose, watch: t.Callable[[], None]
) -> list[str]:
    """Run the works in turns; the sentences of those that failed."""
    baton = Baton(len(works), choose)
    errors: list[str] = []
    crashes: list[BaseException] = []

    def one(run: int, work: t.Callable[[Report], object]) -> None:
        try:
            work(Report(account, False, Interleaver(account.transport, baton, run, watch)))
        except ModuleFailureError as failed:
            errors.append(str(failed))
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            crashes.append(error)
        finally:
            baton.done(run)

    threads = [threading.Thread(target=one, args=(run, work)) for run, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if crashes:
        raise crashes[0]
    return errors


def every(play: t.Callable[[Choose], None]) -> int:
    """Play every sequence of choices there is; the number of them."""
    path: list[list[int]] = []
    count = 0
    while True:
        depth = 0

        def choose(options: int) -> int:
            nonlocal depth
            if depth == len(path):
                path.append([0, options])
            depth += 1
            return path[depth - 1][0]

        play(choose)
        count += 1
        del path[depth:]
        while path and path[-1][0] + 1 >= path[-1][1]:
            path.pop()
        if not path:
            return count
        path[-1][0] += 1


def trunk(report: Report) -> object:
    gateways = [{"ip": "sip.nl.didlogic.net", "inbound_enabled": False}]
    return report.task(SIP_TRUNK, {"name": "trunk", "gateways": gateways})


def forward(label: str) -> t.Callable[[Report], object]:
    return lambda report: report.task(FORWARD, {"number": OWN, "vapi_trunk_id": label})


def creators(runs: int) -> collections.Counter[str]:
    """All interleavings of runs that make the same trunk."""
    found: collections.Counter[str] = collections.Counter()

    def play(choose: Choose) -> None:
        account = Account.new()
        found["errors"] += len(side_by_side(account, [trunk] * runs, choose, lambda: None))
        trunk(Report(account, False, account.transport))
        found["duplicate objects"] += doubles(account)
        found["no object left"] += not account.world.vapi["credentials"]

    found["interleavings"] = every(play)
    return found


def writers(number: int, labels: tuple[str, str]) -> collections.Counter[str]:
    """Random interleavings of two runs that put a forward first; with two targets they want different things."""
    found: collections.Counter[str] = collections.Counter()
    snapshot = Account.new().world.dump()
    for seed in range(number):
        chance = random.Random(seed)
        account = Account.of(snapshot)

        def watch(account: Account = account) -> None:
            found["moments without an active destination"] += not any(row["active"] for row in rows(account, OWN))

        errors = side_by_side(account, [forward(label) for label in labels], chance.randrange, watch)
        found["clear errors"] += len(errors)
        forward(labels[0])(Report(account, False, account.transport))
        standing = [row["destination"] for row in rows(account, OWN)]
        found["lost destinations"] += sum(place not in standing for place in FOREIGN)
        found["duplicate objects"] += doubles(account)
        found["target not first"] += not standing[0].startswith(f"{OWN}@{labels[0]}.")
    found["interleavings"] = number
    return found


def changers(number: int) -> collections.Counter[str]:
    """Random interleavings of two runs that apply the same change: rename, remove, prune and reorder."""
    found: collections.Counter[str] = collections.Counter()
    deployed = life.deployed()
    snapshot, outside = deployed.world.dump(), life.outside(deployed)
    for seed in range(number):
        chance = random.Random(seed)
        account = Account.of(snapshot)

        def watch(account: Account = account) -> None:
            found["moments without an active destination"] += not any(row["active"] for row in rows(account, OWN))

        change = functools.partial(Report.wire, **life.AFTER)
        errors = side_by_side(account, [change, change], chance.randrange, watch)
        found["clear errors"] += len(errors)
        account.run(at_once=True, **life.AFTER)
        found["objects outside the scope that changed"] += life.outside(account) != outside
        found["not as declared"] += life.inside(account) != life.EXPECTED
        found["duplicate objects"] += doubles(account)
    found["interleavings"] = number
    return found


BROKEN = (
    "objects outside the scope that changed",
    "not as declared",
    "duplicate objects",
    "no object left",
    "moments without an active destination",
    "lost destinations",
    "target not first",
)


def figures(number: int, three: bool) -> dict[str, collections.Counter[str]]:
    found = {"two creators, all interleavings": creators(2)}
    if three:
        found["three creators, all interleavings"] = creators(3)
    found["two runs with the same forward"] = writers(number, (TRUNK_A, TRUNK_A))
    found["two runs with different forwards"] = writers(number, (TRUNK_A, TRUNK_B))
    found["two runs that change an environment"] = changers(max(5, number // 20))
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--random", type=int, default=20_000, help="random interleavings of each kind")
    options.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = options.parse_args()
    begun = time.monotonic()
    found = figures(chosen.random, three=chosen.random > 1000)
    for name, counts in found.items():
        print(name)
        for what, count in sorted(counts.items()):
            print(f"{count:8d}  {what}")
    print(f"{time.monotonic() - begun:8.0f}  seconds")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")
    return 1 if any(counts[what] for counts in found.values() for what in BROKEN) else 0


if __name__ == "__main__":
    sys.exit(main())
