# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole environment is deployed, changed and meets faults under each value of each switch; prints the figures.

    python tests/robustness/dialects.py              # all of it, some minutes
    python tests/robustness/dialects.py --sample 997 # every 997th case of a fault

Without a fault the environment must be as declared after one run, and the next run must write nothing. Where a switch
makes that impossible, the task must fail with a sentence that names the cause, and leave the target active.
"""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import re
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import faults
import life
import messages
from chain import BARE, OWN, Account, ModuleFailureError
from sandbox_server.switches import CONTROL, SWITCHES

Flip = tuple[str, t.Any]
FLIPS: tuple[Flip, ...] = tuple(
    (switch.name, value) for switch in SWITCHES if switch.evidence != CONTROL for value in switch.flips
)
#: What a deployment, or the change of a deployed environment, says if the switch makes it impossible.
REFUSED: dict[str, dict[str, str]] = {
    "refuse_tool_function": dict.fromkeys(
        ("empty", "changing"),
        r"transfer tool .*: Vapi rejected \w+ /tool.* \(400\): property function should not exist",
    ),
    "new_destination_first": {"changing": f"forward {OWN}: the service does not append a new row to the destinations"},
    "equal_priorities": {"changing": f"forward {OWN}: the service does not append a new row to the destinations"},
}
#: Rows that the collection did not make have another code, and are not moved but switched off.
OTHER_CODES = "transport_codes"
BROKEN = (
    "traceback",
    "not as declared",
    "writes of the second run",
    "duplicate objects",
    "failed without a reason",
    "moments without an active destination",
    "objects outside the scope that changed",
)


@functools.cache
def snapshot(name: str) -> str:
    """An account before the first run, or before a change."""
    return faults.start(name).world.dump()


def play(flip: Flip, name: str) -> collections.Counter[str]:
    """Deploy or change the environment under one switch; the counter says what was broken."""
    account = Account.of(snapshot(name))
    switch, value = flip
    account.world.settings[switch] = value
    wish = life.AFTER if name == "changing" else {}
    outside = life.outside(account) if name == "changing" else ""
    found: collections.Counter[str] = collections.Counter(runs=1)

    def watch() -> None:
        found["moments without an active destination"] += not any(row["active"] for row in faults.rows(account, OWN))

    def run() -> None:
        account.run(wrap=lambda inner: faults.Faulty(inner, account, None, watch), at_once=True, **wish)

    expected = REFUSED.get(switch, {}).get(name)
    try:
        run()
        found["converged"] += 1
    except ModuleFailureError as failed:
        clear = bool(expected and re.match(expected, str(failed)))
        found["refused with the reason"] += clear
        found["failed without a reason"] += not clear
        found[f"failed without a reason: {failed} {flip} {name}"] += not clear
        return marked(found, flip, name)
    except Exception as error:  # noqa: BLE001 - it is what is counted
        found["traceback"] += 1
        found[f"traceback: {error!r} {flip} {name}"] += 1
        return found
    found["failed without a reason"] += expected is not None  # it should have been impossible
    writes = account.world.journal_report()["writes"]
    run()
    found["writes of the second run"] += account.world.journal_report()["writes"] - writes
    found["duplicate objects"] += faults.doubles(account) if name == "empty" else 0
    found["not as declared"] += not as_declared(account, flip, name)
    if name == "changing":
        found["objects outside the scope that changed"] += life.outside(account) != outside
    return marked(found, flip, name)


def marked(found: collections.Counter[str], flip: Flip, name: str) -> collections.Counter[str]:
    """The counter, with the flip next to each promise that it breaks."""
    for word in BROKEN:
        if found[word]:
            found[f"{word}: {flip} {name}"] += 1
    return found


def as_declared(account: Account, flip: Flip, name: str) -> bool:
    """Whether the environment is as declared, as far as the switch allows."""
    refused = faults.refuses_copies(account) or flip[0] == OTHER_CODES
    if name == "changing":
        inside = life.inside(account)
        if flip[0] == OTHER_CODES:
            return next(row[0] for row in inside[OWN] if row[1]) == "vapi"
        return faults.without_order(inside, refused) == faults.without_order(life.EXPECTED, refused)
    for number, before in ((OWN, faults.FOREIGN), (BARE, [])):
        rows = sorted(faults.rows(account, number), key=lambda row: (row["priority"], row["id"]))
        active = [row["destination"] for row in rows if row["active"]]
        if "vapi.ai" not in active[0] or (active[1:] != before and not refused):
            return False
    return True


def sweep(flip: Flip, sample: int, starts: t.Sequence[str] = ("empty", "changing")) -> collections.Counter[str]:
    """Play a sample of the faults under one switch, where the environment can be deployed at all."""
    found: collections.Counter[str] = collections.Counter()
    possible = [name for name in starts if name not in REFUSED.get(flip[0], {})]
    for name in possible if flip[0] != OTHER_CODES else ():
        number, counted = faults.sweep(sample, starts=(name,), dialect={flip[0]: flip[1]})
        found["cases"] += number
        found.update({f"{word} {flip}" if ":" in word else word: count for word, count in counted.items()})
    return found


def one(job: tuple[Flip, int]) -> collections.Counter[str]:
    """Everything under one switch."""
    flip, sample = job
    found = play(flip, "empty") + play(flip, "changing")
    found.update({f"faults: {word}": count for word, count in sweep(flip, sample).items()})
    return found


def main() -> int:
    chosen = messages.sampled_options(__doc__, 211, "case of a fault").parse_args()
    begun = time.monotonic()
    total: collections.Counter[str] = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(chosen.workers) as pool:
        for found in pool.map(one, [(flip, chosen.sample) for flip in FLIPS]):
            total.update(found)
    broken = (*BROKEN, *(f"faults: {word}" for word in faults.BROKEN))
    figures = {"values of switches": len(FLIPS), "runs": total["runs"]}
    figures |= {word: total[word] for word in ("converged", "refused with the reason", "faults: cases", *broken)}
    return messages.end(figures, total, broken, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
