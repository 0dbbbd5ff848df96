# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover and failback from every list of destinations: killed, with faults, with edits, two at once; prints figures.

    python tests/robustness/failover.py            # all of it, some minutes
    python tests/robustness/failover.py --sample 7 # every 7th case

A list has up to three destinations, of each kind and state. A run is killed before and after each of its requests and
each write of its record, and meets the faults of ``faults.py``; two runs at once take turns at their requests. After
that the services are well again: one more run
must complete it, one after that must write nothing, and failback must restore every destination byte for byte. At each
request, a number that had an active destination must have one.
"""

from __future__ import annotations

import collections
import concurrent.futures
import copy
import dataclasses
import functools
import itertools
import json
import random
import sys
import threading
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import messages
from chain import Account, Report, Ticking
from faults import BEFORE_ONLY, KINDS, LIMIT, Case, FaultyRun, Killed
from sandbox_server.world import World
from together import Baton, Choose, Interleaver

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OptionError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.failover import FailoverOptions, checked
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.failover_run import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import MemoryStore

NUMBER, OTHER = "31201234567", "31201234568"
FALLBACK = "31207654321"
LABEL = "0a0a0a0a-0000-4000-8000-00000000000a"
#: A destination of each kind: its address and didlogic's code; the last one is of a kind that is not known.
ADDRESSES: dict[str, tuple[str, int]] = {
    "vapi": (f"{NUMBER}@{LABEL}.sip.vapi.ai", 1),
    "vapi eu": (f"sip:x@{LABEL.upper()}.SIP.EU.VAPI.AI", 1),
    "phone": ("31201234599", 4),
    "SIP account": ("01234", 5),
    "elsewhere": ("a@pbx.example", 1),
    "itself": (NUMBER, 4),
    "fallback": (FALLBACK, 4),
    "unknown": ("wss://example.com/stream", 2),
}
#: Kinds and states of a destination in the lists of three; shorter lists have all kinds.
OF_THREE = ("vapi on", "vapi off", "vapi eu on", "phone on", "phone off", "unknown on")
ROWS = tuple(f"{kind} {state}" for kind in ADDRESSES for state in ("on", "off"))
KNOWN = (1, 4, 5)
STATES = ("active", "inactive")
#: The lists that meet every kind of fault and every interleaving of two runs: protected, not protected, mixed.
FAULTY = (("vapi on",), ("vapi on", "phone on"), ("phone off", "vapi on", "vapi eu on"), ("vapi on", "unknown on"))
Rows = list[dict[str, t.Any]]
Names = tuple[str, ...]


def lists() -> list[Names]:
    """Every list of up to two destinations, and those of three."""
    short = [names for length in range(3) for names in itertools.product(ROWS, repeat=length)]
    return short + list(itertools.product(OF_THREE, repeat=3))


class Memory(MemoryStore):
    """The record of a controller; a run may be killed before and after it is written.

    :param event: called before and after.
    """

    def __init__(self, content: bytes | None = None, event: t.Callable[[bool], None] = lambda _after: None) -> None:
        super().__init__(content)
        self.event = event

    def save(self, content: bytes) -> None:
        self.event(False)
        super().save(content)
        self.event(True)

    def remove(self) -> None:
        self.event(False)
        super().remove()
        self.event(True)


@functools.cache
def reused() -> tuple[Account, str]:
    """An account for one case after the other, and its first state."""
    account = Account(World(seed={"numbers": [NUMBER, OTHER]}, clock=Ticking()))
    return account, account.world.dump()


def start(names: Names, *, new: bool = False) -> Account:
    """An account whose number has these destinations, next to a number with two; that of the last case unless new."""
    account, dumped = reused.__wrapped__() if new else reused()
    account.restore(dumped)
    for number, wanted in ((NUMBER, names), (OTHER, ("vapi on", "phone on"))):
        for priority, name in enumerate(wanted):
            kind, _space, state = name.rpartition(" ")
            address, transport = ADDRESSES[kind]
            row = {"id": account.world.next_id(), "destination": address, "transport": transport, "priority": priority}
            destinations(account, number).append({**row, "active": state == "on", "callhunt": bool(priority % 2)})
    return account


def destinations(account: Account, number: str = NUMBER) -> Rows:
    return t.cast("Rows", (account.world.number(number) or {})["destinations"])


def state_of(account: Account) -> dict[str, Rows]:
    return copy.deepcopy({number: destinations(account, number) for number in (NUMBER, OTHER)})


def receives(row: dict[str, t.Any], number: str) -> bool:
    """Whether calls to a number reach a destination."""
    return bool(row["active"] and row["transport"] in KNOWN and row["destination"] != number)


def is_vapi(row: dict[str, t.Any]) -> bool:
    return str(row["destination"]).lower().endswith(".vapi.ai")


def protected(rows: Rows, number: str) -> bool:
    return any(receives(row, number) and not is_vapi(row) for row in rows)


def bypassed(before: dict[str, Rows], found: dict[str, Rows], fallback: bool) -> bool:
    """Whether failover has done what it must, and nothing else."""
    for number, rows in before.items():
        vapi = any(row["active"] and is_vapi(row) for row in rows)
        free = protected(rows, number)
        appends = vapi and not free and fallback
        expected = [{**row, "active": False} if is_vapi(row) and (free or appends) else row for row in rows]
        new = found[number][len(rows) :]
        if found[number][: len(rows)] != expected or bool(new) != appends:
            return False
        if any((row["destination"], row["active"]) != (FALLBACK, True) for row in new):
            return False
    return True


@dataclasses.dataclass
class Outcome:
    """How a run ended, and what it returned."""

    end: str
    result: dict[str, t.Any]
    seconds: float = 0.0


def options_of(state: str, fallback: bool, **more: t.Any) -> FailoverOptions:
    given = {"state": state, "record": "record.json", "allow_unprotected": True, **more}
    return checked(CARRIER, from_options(FailoverOptions, given | ({"fallback": FALLBACK} if fallback else {})))


def play(
    account: Account, store: Memory, state: str, fallback: bool, transport: t.Any = None, *, check: bool = False
) -> Outcome:
    """One run."""
    report = Report(account, check, transport or account.transport)
    begun = account.time()
    end, result = "converged", {}
    try:
        result = run(report.engine(CARRIER.provider), options_of(state, fallback), store, CARRIER)
    except Killed:
        end = "killed"
    except ModuleFailureError as failed:
        result, sentence = failed.result, str(failed)
        end = "conflict" if "changed or removed since failover" in sentence else "clear error"
    except (ApiError, OptionError, RunInterruptedError) as failed:
        end = "clear error" if 20 < len(str(failed)) < 900 else "unclear error"
    except Exception as error:  # noqa: BLE001 - it is what is counted
        end = f"traceback {type(error).__name__}"
    return Outcome(end, result, account.time() - begun)


@functools.cache
def requests(names: Names, state: str, fallback: bool) -> int:
    """The number of requests and of writes of the record in an undisturbed run."""
    account, store = start(names), Memory()
    if state == "inactive":
        play(account, store, "active", fallback)
    between = FaultyRun(account.transport, account, None, lambda: None)
    store.event = between.event
    play(account, store, state, fallback, between)
    return between.seen


@dataclasses.dataclass(frozen=True)
class Trial:
    """One case: a list, whether there is a fallback, which run meets the fault."""

    names: Names
    fallback: bool
    state: str
    fault: Case


def trials() -> t.Iterator[Trial]:
    """Kills for every list, all faults for some."""
    for names, fallback, state in itertools.product(lists(), (False, True), STATES):
        for index, when in itertools.product(range(requests(names, state, fallback)), ("before", "after")):
            yield Trial(names, fallback, state, Case("", True, index, "killed", when, persistent=False))
    for names, fallback, state in itertools.product(FAULTY, (False, True), STATES):
        for index, kind, when, persistent in itertools.product(
            range(requests(names, state, fallback)), KINDS, ("before", "after"), (False, True)
        ):
            if kind == "killed" or (when == "after" and kind in BEFORE_ONLY):
                continue
            yield Trial(names, fallback, state, Case("", True, index, kind, when, persistent))


Found = collections.Counter[str]


def watching(account: Account, before: dict[str, Rows], found: Found) -> t.Callable[[], None]:
    """Counts the moments at which a number that had an active destination has none."""
    numbers = [number for number, rows in before.items() if any(receives(row, number) for row in rows)]

    def watch() -> None:
        for number in numbers:
            found["moments without an active destination"] += not any(
                receives(row, number) for row in destinations(account, number)
            )

    return watch


def restored(account: Account, store: Memory, before: dict[str, Rows], found: Found, watch: t.Any) -> None:
    """Failback must restore everything, and a second one must write nothing."""
    between = FaultyRun(account.transport, account, None, watch)
    done = play(account, store, "inactive", False, between)
    found["failback failed"] += done.end != "converged"
    found["not restored"] += json.dumps(state_of(account)) != json.dumps(before)
    found["records left behind"] += store.content is not None
    writes = account.world.journal_report()["writes"]
    play(account, store, "inactive", False)
    found["writes of a repeated run"] += account.world.journal_report()["writes"] - writes


class Stage:
    """What consecutive cases with the same list, fallback and run have in common: the accounts, and what follows.

    What follows a run that was killed or met a fault depends only on what it has left at the services and in the
    record, so it is played once for each of these states; everything is calculated again for the next list.
    """

    def __init__(self, trial: Trial) -> None:
        self.of = (trial.names, trial.fallback, trial.state)
        self.account, self.second = start(trial.names, new=True), start((), new=True)
        self.before = state_of(self.account)
        self.found: Found = collections.Counter()
        store = Memory()
        if trial.state == "inactive":
            watch = watching(self.account, self.before, self.found)
            play(
                self.account,
                store,
                "active",
                trial.fallback,
                FaultyRun(self.account.transport, self.account, None, watch),
            )
        self.dumped, self.content = self.account.world.dump(), store.content
        self.followed: dict[str, Found] = {}

    def left(self, content: bytes | None) -> str:
        """What a run has left: everything at both services, and the record without times."""
        record = json.loads(content)["numbers"] if content else {}
        world = {name: value for name, value in json.loads(self.account.world.dump()).items() if name != "time"}
        return json.dumps([world, content is None, {number: {**one, "since": ""} for number, one in record.items()}])


#: The current stage.
_stages: list[Stage] = []


def stage_of(trial: Trial) -> Stage:
    """The stage of a case, with the account as it was before the run."""
    if not _stages or _stages[0].of != (trial.names, trial.fallback, trial.state):
        _stages[:] = [Stage(trial)]
    _stages[0].account.restore(_stages[0].dumped)
    return _stages[0]


def run_trial(trial: Trial) -> Found:
    """Play one case; the counter says how it ended and what was broken."""
    stage = stage_of(trial)
    account, store, before = stage.account, Memory(stage.content), stage.before
    found: Found = collections.Counter(stage.found)
    between = FaultyRun(account.transport, account, trial.fault, watching(account, before, found))
    store.event = between.event
    done = play(account, store, trial.state, trial.fallback, between)
    found[done.end] += 1
    found["over the deadline"] += done.seconds > LIMIT
    found["requests sent elsewhere"] += between.elsewhere
    store.event = lambda _after: None
    text = json.dumps(done.result) + (store.content or b"").decode()
    found["labels or keys in a result or record"] += any(
        secret in text.lower() for secret in (LABEL, account.world.didlogic_api_key)
    )
    left = stage.left(store.content)
    if left not in stage.followed:
        stage.followed[left] = followed(stage, trial, store)
        found["states that runs have left"] += 1
    found.update(stage.followed[left])
    return messages.noted(found, BROKEN, trial)


def followed(stage: Stage, trial: Trial, store: Memory) -> Found:
    """What follows the run that met a fault."""
    found: Found = collections.Counter()
    account, before = stage.account, stage.before
    watch = watching(account, before, found)
    if trial.state == "active":
        # Failback right after it, and one more failover before failback.
        stage.second.restore(account.world.dump())
        restored(stage.second, Memory(store.content), before, found, watching(stage.second, before, found))
        again = play(account, store, "active", trial.fallback, FaultyRun(account.transport, account, None, watch))
        found["next run failed"] += again.end != "converged"
        found["not bypassed"] += not bypassed(before, state_of(account), trial.fallback)
        writes, content = account.world.journal_report()["writes"], store.content
        play(account, store, "active", trial.fallback)
        found["writes of a repeated run"] += account.world.journal_report()["writes"] - writes
        found["writes of a repeated run"] += store.content != content
    restored(account, store, before, found, watch)
    return found


# -- edits by somebody else


def _row(random_: random.Random, account: Account) -> dict[str, t.Any] | None:
    rows = destinations(account)
    return random_.choice(rows) if rows else None


def _switch(account: Account, random_: random.Random) -> None:
    if row := _row(random_, account):
        row["active"] = not row["active"]


def _hunt(account: Account, random_: random.Random) -> None:
    if row := _row(random_, account):
        row["callhunt"] = not row["callhunt"]


def _address(account: Account, random_: random.Random) -> None:
    if row := _row(random_, account):
        row.update(destination=f"3120{random_.randrange(10**7):07d}", transport=4)


def _remove(account: Account, random_: random.Random) -> None:
    if row := _row(random_, account):
        destinations(account).remove(row)


def _add(account: Account, random_: random.Random) -> None:
    kind, state = random_.choice(list(ADDRESSES)), random_.choice((True, False))
    address, transport = ADDRESSES[kind]
    row = {"id": account.world.next_id(), "destination": address, "transport": transport, "priority": 99}
    destinations(account).append({**row, "active": state, "callhunt": False})


def _reorder(account: Account, random_: random.Random) -> None:
    rows = destinations(account)
    places = [row["priority"] for row in rows]
    random_.shuffle(places)
    for row, priority in zip(rows, places, strict=True):
        row["priority"] = priority


EDITS: dict[str, t.Callable[[Account, random.Random], None]] = {
    "switched": _switch,
    "call hunting": _hunt,
    "another address": _address,
    "removed": _remove,
    "added": _add,
    "reordered": _reorder,
    "nothing": lambda _account, _random: None,
}


def content(row: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return (row["destination"], row["transport"], row["callhunt"], row["active"])


def after_failback(before: Rows, off: Rows, edited: Rows) -> tuple[Rows, bool]:
    """What failback must leave of a number that was edited after failover, and whether it must report a conflict.

    :param before: before failover. :param off: after it. :param edited: after the edits.
    """
    was = {row["id"]: row for row in off}
    now = {row["id"]: row for row in edited}
    active = {row["id"] for row in before if row["active"]}
    disabled = [row["id"] for row in off if row["id"] in active and not row["active"]]
    appended = [row["id"] for row in off if row["id"] not in {each["id"] for each in before}]
    conflict = False
    expected = copy.deepcopy(edited)
    for row in expected:
        if row["id"] in disabled and content(row) == content(was[row["id"]]):
            row["active"] = True
    conflict |= any(key not in now for key in disabled)
    conflict |= any(not row["active"] for row in expected if row["id"] in disabled)
    for key in appended:
        same = key in now and content(now[key]) == content(was[key])
        rest = [row for row in expected if row["id"] != key]
        if same and any(receives(row, NUMBER) for row in rest):
            expected = rest
        else:
            conflict |= key in now
    return expected, conflict


def run_edit(number: int) -> Found:
    """Edits after a failover, all of which follow from the number of the case."""
    random_ = random.Random(number)
    names, fallback = random_.choice(lists()), random_.random() < 0.5
    edits = [random_.choice(list(EDITS)) for _count in range(random_.choice((1, 1, 2, 3)))]
    found: Found = collections.Counter()
    account, store = start(names), Memory()
    before = state_of(account)
    play(account, store, "active", fallback)
    off = state_of(account)
    for edit in edits:
        EDITS[edit](account, random_)
    edited = state_of(account)
    expected, conflict = after_failback(before[NUMBER], off[NUMBER], edited[NUMBER])
    record = store.content
    dry = play(account, store, "inactive", False, check=True)
    found["dry run changed something"] += state_of(account) != edited or store.content != record
    watch = watching(account, edited, found)
    done = play(account, store, "inactive", False, FaultyRun(account.transport, account, None, watch))
    found[done.end] += 1
    found["wrong end"] += done.end != ("conflict" if conflict else "converged")
    found["dry run predicted something else"] += dry.result != done.result or dry.end != done.end
    found["edits lost"] += destinations(account) != expected
    found["not restored"] += destinations(account, OTHER) != before[OTHER]
    found["records left behind"] += (store.content is not None) != conflict
    writes = account.world.journal_report()["writes"]
    again = play(account, store, "inactive", False)
    found["writes of a repeated run"] += account.world.journal_report()["writes"] - writes
    found["wrong end"] += again.end != done.end
    return messages.noted(found, BROKEN, (number, names, fallback, edits))


# -- two at once


def at_once(account: Account, works: list[tuple[Memory, str, bool]], choose: Choose, watch: t.Any) -> list[str]:
    """How runs end that take turns at their requests."""
    baton = Baton(len(works), choose)
    ends = [""] * len(works)

    def one(index: int, store: Memory, state: str, fallback: bool) -> None:
        try:
            transport = Interleaver(account.transport, baton, index, watch)
            ends[index] = play(account, store, state, fallback, transport).end
        finally:
            baton.done(index)

    threads = [threading.Thread(target=one, args=(index, *work)) for index, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def run_together(number: int) -> Found:
    """Two failovers and then two failbacks at once, on two controllers, in an order that follows from the number."""
    random_ = random.Random(number)
    names = random_.choice((*FAULTY, *lists()))
    fallback = random_.random() < 0.5
    found: Found = collections.Counter()
    account, stores = start(names), (Memory(), Memory())
    # Where didlogic refuses duplicates, a fallback that exists and is inactive is an error.
    refuses = "fallback off" not in names and random_.random() < 0.5
    account.world.settings["refuse_duplicate_destination"] = refuses
    before = state_of(account)
    watch = watching(account, before, found)
    for state in STATES:
        works = [(store, state, fallback) for store in stores]
        ends = at_once(account, works, random_.randrange, watch)
        found["run next to another failed"] += sum(end != "converged" for end in ends)
        if state == "active":
            vapi = [row for row in destinations(account) if is_vapi(row) and row["active"]]
            found["not bypassed"] += bool(vapi) and protected(destinations(account), NUMBER)
    found["not restored"] += json.dumps(state_of(account)) != json.dumps(before)
    found["records left behind"] += sum(store.content is not None for store in stores)
    return messages.noted(found, BROKEN, (number, names, fallback))


def run_opposed(number: int) -> Found:
    """A failover and a failback at once on two controllers, one of which has switched before; each has a record."""
    random_ = random.Random(number)
    names = random_.choice((*FAULTY, *lists()))
    fallback = random_.random() < 0.5
    found: Found = collections.Counter()
    account, stores = start(names), (Memory(), Memory())
    before = state_of(account)
    play(account, stores[1], "active", fallback)
    kept = {number: rows for number, rows in before.items() if protected(rows, number)}
    watch = watching(account, kept, found)
    # Where only an appended destination is left, neither run knows of the other one's request in time.
    brief: Found = collections.Counter()
    watch_all = watching(account, before, brief)

    def both() -> None:
        watch()
        watch_all()

    works = [(store, state, fallback) for store, state in zip(stores, STATES, strict=True)]
    ends = at_once(account, works, random_.randrange, both)
    found["run next to another failed"] += sum(end not in ("converged", "conflict") for end in ends)
    found["moments without an active destination, of numbers with an appended one only"] += brief[
        "moments without an active destination"
    ]
    for digits, rows in before.items():
        found["numbers left without an active destination"] += any(receives(row, digits) for row in rows) and not any(
            receives(row, digits) for row in destinations(account, digits)
        )
    for store in stores:
        play(account, store, "inactive", fallback)
    found["not restored"] += json.dumps(state_of(account)) != json.dumps(before)
    found["records left behind"] += sum(store.content is not None for store in stores)
    return messages.noted(found, BROKEN, (number, names, fallback, ends))


BROKEN = (
    "traceback",
    "unclear error",
    "next run failed",
    "not bypassed",
    "failback failed",
    "not restored",
    "records left behind",
    "writes of a repeated run",
    "moments without an active destination",
    "numbers left without an active destination",
    "edits lost",
    "wrong end",
    "dry run changed something",
    "dry run predicted something else",
    "run next to another failed",
    "labels or keys in a result or record",
    "requests sent elsewhere",
    "over the deadline",
)
EDITED, TOGETHER, OPPOSED = 6000, 3000, 3000
#: Cases that a process plays one after the other.
CHUNK = 500
Job = tuple[str, t.Any]
WORK: dict[str, t.Callable[[t.Any], Found]] = {
    "fault": run_trial,
    "edit": run_edit,
    "together": run_together,
    "opposed": run_opposed,
}


def jobs() -> list[Job]:
    found: list[Job] = [("fault", trial) for trial in trials()]
    for name, count in (("edit", EDITED), ("together", TOGETHER), ("opposed", OPPOSED)):
        found += [(name, at) for at in range(count)]
    return found


def _batch(batch: t.Sequence[Job], until: t.Collection[str] = ()) -> Found:
    _stages.clear()  # an implementation that was damaged meanwhile plays everything
    total: Found = collections.Counter()
    for name, case in batch:
        total.update(WORK[name](case))
        total[f"cases: {name}"] += 1
        if any(total[name] for name in until):
            break
    return total


def sweep(chosen: list[Job], workers: int = 1, until: t.Collection[str] = ()) -> Found:
    """Play cases.

    :param chosen: the cases. :param workers: processes. :param until: stop, with one worker, at the first case that
        counts one of these names.
    :return: what was counted over all of them.
    """
    if workers == 1:
        return _batch(chosen, until)
    total: Found = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        # Cases with the same list are in one part.
        for part in pool.map(_batch, [chosen[at : at + CHUNK] for at in range(0, len(chosen), CHUNK)]):
            total.update(part)
    return total


def main() -> int:
    chosen = messages.sampled_options(__doc__).parse_args()
    begun = time.monotonic()
    total = sweep(jobs()[:: chosen.sample], chosen.workers)
    figures: dict[str, int] = {
        "lists of destinations": len(lists()),
        "runs that were killed or met a fault": total["cases: fault"],
        "failbacks after edits by somebody else": total["cases: edit"],
        "states that these runs have left": total["states that runs have left"],
        "pairs of runs at once": total["cases: together"],
        "pairs of a failover and a failback at once": total["cases: opposed"],
    }
    figures |= {name: total[name] for name in ("converged", "clear error", "conflict", "killed", *BROKEN)}
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
