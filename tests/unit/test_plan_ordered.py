# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forwarding algorithm against a small model of the service, over every start, every crash and many interleavings.

A run here is the engine's loop: read, plan, write what the plan says, until the plan has nothing to write.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import random
import typing as t

import pytest
from hypothesis import settings, stateful, strategies

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import RunState
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Target
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_ordered import (
    converged,
    next_steps,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import rounds

SWEEP = 20_000 if os.environ.get("VAPI_DIDLOGIC_SLOW_TESTS") else 2_000
#: A row that a start may hold: a place, and whether it is active.
ROWS = [(place, active) for place in "ABT" for active in (True, False)]
#: Rows of a kind that is not known: only these may be switched, and nothing else.
UNKNOWN_KIND = "XY"
ApiObject = tuple[str, bool]


class Killed(Exception):
    """The process ends here."""


class Service:
    """didlogic as far as it matters: append at the end, switch, delete."""

    def __init__(self, start: t.Iterable[ApiObject], *, refuse_doubles: bool = False) -> None:
        self.refuse_doubles = refuse_doubles
        self.rows: list[Entry] = []
        self.serial = itertools.count(1)
        self.gaps = self.writes = 0
        self.watched = False
        #: Places of which a row must remain once there is one.
        self.kept: frozenset[str] = frozenset()
        for place, active in start:
            self.append(place, active)
        self.watched = True
        self.alive = any(row.active for row in self.rows)

    def append(self, place: str, active: bool, hunt: bool = False) -> None:
        movable = place not in UNKNOWN_KIND
        assert movable or not self.watched, "a row of an unknown kind is made again"
        self.rows.append(Entry(f"{next(self.serial):04}", (place, ""), active, hunt, movable=movable))

    def shown(self) -> list[ApiObject]:
        return [(row.identity[0], row.active) for row in self.rows]

    def do(self, verb: str, entry: Entry) -> bool:
        """Carry out one step; false where it is refused."""
        if verb == "append":
            if self.refuse_doubles and any(row.identity == entry.identity for row in self.rows):
                return False
            self.append(entry.identity[0], entry.active, entry.call_hunt)
        elif verb == "delete":
            assert entry.identity[0] not in UNKNOWN_KIND, "a row of an unknown kind is deleted"
            self.rows = [row for row in self.rows if row.id != entry.id]
            assert entry.identity[0] not in self.kept or any(row.identity == entry.identity for row in self.rows), (
                f"{entry.identity[0]} is lost for a moment: {self.shown()}"
            )
        else:
            self.rows = [
                dataclasses.replace(row, active=entry.active, call_hunt=entry.call_hunt) if row.id == entry.id else row
                for row in self.rows
            ]
        self.writes += 1
        standing = any(row.active for row in self.rows)
        self.alive = self.alive or standing
        # Once a call could reach somebody, it always can.
        self.gaps += self.alive and not standing
        return True


def runner(service: Service, target: Target) -> t.Iterator[str]:
    """One run, pausing before every request so that another may come in between; ends when there is nothing to do."""
    memory = RunState()
    written = [0]
    for _round in rounds(lambda: written[0]):
        yield "GET"
        steps = next_steps(list(service.rows), target, memory)
        if not steps:
            return
        for step in steps:
            yield step.action
            if not service.do(step.action, step.entry):
                assert step.copy, f"{step} was refused: the target is appended although it exists"
                memory.refused.add(step.entry.identity)
                continue
            written[0] += 1
            if step.copy:
                memory.copied.add(step.entry.identity)
        memory.moves += any(step.copy for step in steps)
    raise AssertionError(f"not settled: {service.shown()}")


def run(service: Service, target: Target, crash_after: int | None = None) -> int:
    """A run alone; the number of its writes. With ``crash_after`` it is killed after so many."""
    before = service.writes
    for request in runner(service, target):
        if request != "GET" and service.writes - before == crash_after:
            raise Killed
    return service.writes - before


def aim(place: str = "T", *, active: bool = True, following: str = "", **more: t.Any) -> Target:
    behind = tuple(Entry("", (each, ""), True, False) for each in following)
    return Target(entry=Entry("", (place, ""), active, False), following=behind, **more)


def starts(longest: int) -> t.Iterator[tuple[ApiObject, ...]]:
    for length in range(longest + 1):
        yield from itertools.product(ROWS, repeat=length)


def aims() -> t.Iterator[Target]:
    for first, others in itertools.product((True, False), ("keep", "disable", "remove")):
        yield aim(first=first, others=others)
        if first:
            yield aim(first=first, others=others, replaces=lambda entry: entry.identity == ("A", ""))
    yield aim(active=False)
    yield aim(active=False, first=False)
    yield aim(absent=True)


def named(case: Target) -> str:
    words = [case.others, "first" if case.first else "any", "on" if case.entry.active else "off"]
    words += (
        [entry.identity[0] for entry in case.following]
        + ["absent"] * case.absent
        + ["heal"] * case.replaces(Entry("", ("A", ""), True, False))
    )
    return "-".join(words)


def order(rows: t.Iterable[ApiObject]) -> list[str]:
    """The places of the others in the order in which calls try them."""
    return list(dict.fromkeys(place for place, active in rows if active and place != "T"))


def check_end(start: tuple[ApiObject, ...], service: Service, case: Target, note: str) -> None:
    """What holds when a run has come to its end."""
    end = service.shown()
    note = f"{start} -> {end} ({note})"
    own = [active for place, active in end if place == "T"]
    if case.absent:
        assert own == [], note
        assert [row for row in start if row[0] != "T"] == end, note
        return
    if case.entry.active or any(active for place, active in start if place != "T"):
        assert service.gaps == 0, f"no active destination at some moment: {note}"
    assert own == [case.entry.active], f"the target exists once, as asked: {note}"
    healed = {"A"} if case.replaces(Entry("", ("A", ""), True, False)) else set()
    assert not healed & {place for place, _active in end}, note
    rest = [row for row in start if row[0] != "T" and row[0] not in healed]
    remaining = [row for row in end if row[0] != "T"]
    if case.others == "keep":
        lost = set(order(rest)) - {place for place, _active in remaining}
        assert not lost, f"lost {lost}: {note}"
        if not service.refuse_doubles:
            assert order(remaining) == order(rest), f"another order: {note}"
        if case.first and case.entry.active:
            assert next(place for place, active in end if active) == "T", note
        elif not case.first or not case.entry.active:
            assert remaining == rest, f"touched what it should not: {note}"
    elif case.others == "disable":
        assert order(remaining) == [], note
        assert [place for place, _active in remaining] == [place for place, _active in rest], note
    else:
        assert order(remaining) == [], note
        assert [row for row in rest if not row[1]] == remaining, f"removed what was switched off already: {note}"


@pytest.mark.parametrize("refuse", [False, True], ids=["doubles allowed", "doubles refused"])
@pytest.mark.parametrize("case", list(aims()), ids=named)
def test_target_converges_from_every_initial_list(case: Target, refuse: bool) -> None:
    longest = 4 if os.environ.get("VAPI_DIDLOGIC_SLOW_TESTS") else 3
    for start in starts(longest):
        service = Service(start, refuse_doubles=refuse)
        writes = run(service, case)
        check_end(start, service, case, "one run")
        assert run(service, case) == 0, f"a second run writes: {start} -> {service.shown()}"
        for crash in range(1, writes):
            service = Service(start, refuse_doubles=refuse)
            with pytest.raises(Killed):
                run(service, case, crash)
            run(service, case)
            check_end(start, service, case, f"killed after write {crash} of {writes}")
            assert run(service, case) == 0, f"a third run writes: {start}, killed after {crash}"


def check_unknown_kinds(start: tuple[ApiObject, ...], service: Service, case: Target, note: str) -> None:
    """Rows of an unknown kind keep their order, and are switched off only where the rule demands it."""
    note = f"{start} -> {service.shown()} ({note})"
    before = [row for row in start if row[0] in UNKNOWN_KIND]
    after = [row for row in service.shown() if row[0] in UNKNOWN_KIND]
    assert [place for place, _active in after] == [place for place, _active in before], note
    if case.absent or not case.entry.active or (case.others == "keep" and not case.first):
        assert after == before, note
    elif case.others in ("disable", "remove"):
        assert not any(active for _place, active in after), note
    else:
        end = service.shown()
        assert next(place for place, active in end if active) == "T", note
        # A row behind the last row of the target, which is the one that is kept, stays as it was.
        places = [place for place, _active in start]
        if "T" in places:
            behind = start[len(start) - places[::-1].index("T") :]
            kept = [row for row in behind if row[0] in UNKNOWN_KIND]
            assert after[len(after) - len(kept) :] == kept, note


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("refuse", [False, True], ids=["doubles allowed", "doubles refused"])
@pytest.mark.parametrize("case", list(aims()), ids=named)
def test_rows_of_an_unknown_kind_are_neither_moved_nor_deleted(case: Target, refuse: bool) -> None:
    kinds = [*ROWS, ("X", True), ("X", False), ("Y", True)]
    for start in itertools.product(kinds, repeat=3):
        if not any(place in UNKNOWN_KIND for place, _active in start):
            continue
        service = Service(start, refuse_doubles=refuse)
        writes = run(service, case)
        known = tuple(row for row in start if row[0] not in UNKNOWN_KIND)
        check_unknown_kinds(start, service, case, "one run")
        if case.entry.active and not case.absent:
            assert service.gaps == 0, f"no active destination at some moment: {start}"
        if case.others == "keep" and not case.absent:
            lost = set(order(known)) - {place for place, _active in service.shown()}
            assert lost <= ({"A"} if case.replaces(Entry("", ("A", ""), True, False)) else set()), (
                f"lost {lost}: {start}"
            )
        assert run(service, case) == 0, f"a second run writes: {start} -> {service.shown()}"
        for crash in range(1, writes):
            service = Service(start, refuse_doubles=refuse)
            with contextlib.suppress(Killed):
                run(service, case, crash)
            run(service, case)
            check_unknown_kinds(start, service, case, f"killed after write {crash} of {writes}")


def test_row_of_an_unknown_kind_with_a_private_key() -> None:
    service = Service([("X", True), ("T", True)])
    run(service, aim(others="keep", replaces=lambda entry: entry.identity == ("X", "")))
    assert service.shown() == [("X", False), ("T", True)]


# ------------------------------------------------------------------------------------------------- a list of targets


def lists() -> t.Iterator[Target]:
    for following, others in itertools.product(("F", "FG", "GF"), ("keep", "disable", "remove")):
        yield aim(following=following, others=others)
        if following == "FG":
            yield aim(
                following=following, others=others, replaces=lambda entry: entry.identity in (("A", ""), ("F", ""))
            )


def check_list(start: tuple[ApiObject, ...], service: Service, case: Target, note: str) -> None:
    """The declared rows are first, in their order and once; the others are as ``others`` rules."""
    end = service.shown()
    note = f"{start} -> {end} ({note})"
    declared = ["T", *(entry.identity[0] for entry in case.following)]
    assert service.gaps == 0, f"no active destination at some moment: {note}"
    assert sorted(row for row in end if row[0] in declared) == sorted((place, True) for place in declared), note
    assert [place for place, active in end if active][: len(declared)] == declared, f"not in order: {note}"
    healed = {"A"} if case.replaces(Entry("", ("A", ""), True, False)) else set()
    assert not healed & {place for place, _active in end}, note
    rest = [row for row in start if row[0] not in {*declared, *healed}]
    remaining = [row for row in end if row[0] not in declared]
    if case.others == "keep":
        assert {place for place, active in rest if active} <= {place for place, _active in remaining}, f"lost: {note}"
        if not service.refuse_doubles:
            assert ordered(remaining) == ordered(rest), f"another order: {note}"
    else:
        assert ordered(remaining) == [], note
        kept = rest if case.others == "disable" else [row for row in rest if not row[1]]
        assert [place for place, _active in remaining] == [place for place, _active in kept], note


def ordered(rows: t.Iterable[ApiObject]) -> list[str]:
    return list(dict.fromkeys(place for place, active in rows if active))


def of(start: tuple[ApiObject, ...], case: Target, *, refuse: bool) -> Service:
    service = Service(start, refuse_doubles=refuse)
    if case.others == "keep":
        declared = {"T", *(entry.identity[0] for entry in case.following)}
        healed = {"A"} if case.replaces(Entry("", ("A", ""), True, False)) else set()
        service.kept = frozenset({place for place, active in start if active} - declared - healed)
    return service


@pytest.mark.slow
@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("refuse", [False, True], ids=["doubles allowed", "doubles refused"])
@pytest.mark.parametrize("case", list(lists()), ids=named)
def test_list_of_targets_converges_from_every_initial_list(case: Target, refuse: bool) -> None:
    kinds = [(place, active) for place in "ABFGT" for active in (True, False)]
    longest = 4 if os.environ.get("VAPI_DIDLOGIC_SLOW_TESTS") else 3
    for start in itertools.chain.from_iterable(itertools.product(kinds, repeat=n) for n in range(longest + 1)):
        service = of(start, case, refuse=refuse)
        writes = run(service, case)
        check_list(start, service, case, "one run")
        assert run(service, case) == 0, f"a second run writes: {start} -> {service.shown()}"
        if not refuse:
            rows = Service(start).rows
            predicted = [(e.identity[0], e.active) for e in converged(rows, case, RunState())]
            assert predicted == service.shown(), f"the dry run differs: {start}"
        for crash in range(1, writes):
            service = of(start, case, refuse=refuse)
            with pytest.raises(Killed):
                run(service, case, crash)
            run(service, case)
            check_list(start, service, case, f"killed after write {crash} of {writes}")
            assert run(service, case) == 0, f"a third run writes: {start}, killed after {crash}"


def test_declared_row_keeps_call_hunt() -> None:
    for refuse in (False, True):
        service = Service([("F", True), ("T", True)], refuse_doubles=refuse)
        service.rows[0] = dataclasses.replace(service.rows[0], call_hunt=True)
        run(service, aim(following="F"))
        assert [(row.identity[0], row.call_hunt) for row in service.rows] == [("T", False), ("F", True)]


def test_rows_of_an_unknown_kind_ahead_of_a_list() -> None:
    for start in itertools.product([("X", True), ("F", True), ("G", True), ("T", True), ("T", False)], repeat=4):
        service = Service(start)
        case = aim(following="FG")
        run(service, case)
        assert [place for place, active in service.shown() if active][:3] == ["T", "F", "G"], start
        assert [row[0] for row in service.shown()].count("X") == start.count(("X", True)), start
        assert run(service, case) == 0


@pytest.mark.slow
@pytest.mark.parametrize("refuse", [False, True], ids=["doubles allowed", "doubles refused"])
def test_run_after_two_crashes_converges(refuse: bool) -> None:
    for start in starts(3):
        for first, second in itertools.product(range(1, 8), repeat=2):
            service = Service(start, refuse_doubles=refuse)
            for crash in (first, second):
                try:
                    run(service, aim(), crash)
                except Killed:
                    continue
            run(service, aim())
            check_end(start, service, aim(), f"killed after {first}, then after {second}")


@pytest.mark.parametrize("longer", [5, 7])
def test_many_other_rows_before_the_target(longer: int) -> None:
    start = (*((place, True) for place in "ABCDEFGH"[:longer]), ("T", True))
    service = Service(start)
    run(service, aim())
    assert [place for place, _active in service.shown()] == ["T", *"ABCDEFGH"[:longer]]
    service = Service(start, refuse_doubles=True)
    run(service, aim())
    assert service.shown() == [*((place, False) for place in "ABCDEFGH"[:longer]), ("T", True)]


def test_check_mode_predicts_the_result() -> None:
    for case in aims():
        for start in starts(3):
            service = Service(start)
            predicted = [(e.identity[0], e.active) for e in converged(list(service.rows), case, RunState())]
            run(service, case)
            assert predicted == service.shown(), f"{named(case)}: {start}"


# ------------------------------------------------------------------------------------------------ two runs at once


def interleave(service: Service, cases: t.Sequence[Target], dice: random.Random, kill: float = 0.0) -> int:
    """Let runs take turns, request by request; with ``kill`` one of them may end at any request.

    Returns how many gave up, because the others kept changing the list.
    """
    going = [runner(service, case) for case in cases]
    errors = 0
    while going:
        one = dice.choice(going)
        if kill and len(going) > 1 and dice.random() < kill:
            going.remove(one)
            continue
        try:
            if next(one, None) is None:
                going.remove(one)
        except OptionError:
            going.remove(one)
            errors += 1
    return errors


LISTS = [aim(following="FG", others=others) for others in ("keep", "disable", "remove")]


@pytest.mark.slow
@pytest.mark.parametrize("kill", [0.0, 0.15], ids=["both end", "one is killed"])
@pytest.mark.parametrize("case", LISTS, ids=named)
def test_concurrent_runs_with_the_same_list_converge(case: Target, kill: float) -> None:
    dice, errors = random.Random(20261128), 0
    kinds = [(place, active) for place in "ABFGT" for active in (True, False)]
    for number in range(SWEEP):
        start = tuple(dice.choice(kinds) for _row in range(dice.randrange(6)))
        service = of(start, case, refuse=False)
        errors += interleave(service, [case, case], dice, kill)
        run(service, case)
        check_list(start, service, case, f"game {number}")
        assert run(service, case) == 0
    assert errors < SWEEP / 100


@pytest.mark.slow
def test_concurrent_runs_with_different_lists_lose_no_row() -> None:
    dice = random.Random(77)
    kinds = [(place, active) for place in "ABFGT" for active in (True, False)]
    for number in range(SWEEP):
        start = tuple(dice.choice(kinds) for _row in range(dice.randrange(6)))
        service = Service(start)
        service.kept = frozenset(place for place, active in start if active)
        interleave(service, [aim(following="FG"), aim(following="G")], dice, 0.05)
        assert service.gaps == 0, f"game {number}: {start} -> {service.shown()}"
        run(service, aim(following="FG"))
        check_list(start, service, aim(following="FG"), f"game {number}")


PAIRS = [aim(), aim(others="disable"), aim(others="remove"), aim(first=False)]


@pytest.mark.parametrize("case", PAIRS, ids=named)
def test_concurrent_runs_with_the_same_target_converge(case: Target) -> None:
    dice, errors = random.Random(20261122), 0
    for number in range(SWEEP):
        start = tuple(dice.choice(ROWS) for _row in range(dice.randrange(5)))
        service = Service(start)
        errors += interleave(service, [case, case], dice)
        assert service.gaps == 0, f"game {number}: {start} -> {service.shown()}"
        places = [place for place, _active in service.shown()]
        assert places.count("T") == 1, f"game {number}: {start} -> {service.shown()}"
        run(service, case)
        check_end(start, service, case, f"game {number}")
        if case.others == "keep" and len(set(start)) == len(start):
            doubles = [place for place in "AB" if service.shown().count((place, True)) > 1]
            assert not doubles, f"game {number}: {doubles} stand twice: {start} -> {service.shown()}"
        assert run(service, case) == 0
    assert errors < SWEEP / 100


@pytest.mark.parametrize("case", PAIRS, ids=named)
def test_concurrent_runs_converge_if_one_is_killed(case: Target) -> None:
    dice = random.Random(4711)
    for number in range(SWEEP):
        start = tuple(dice.choice(ROWS) for _row in range(dice.randrange(5)))
        service = Service(start)
        interleave(service, [case, case], dice, kill=0.15)
        run(service, case)
        check_end(start, service, case, f"game {number}")
        assert run(service, case) == 0


def test_concurrent_runs_with_different_targets_leave_no_gap() -> None:
    """Each takes the other's target for one of the others; whoever runs last is served, and nothing is lost."""
    dice = random.Random(99)
    for number in range(SWEEP):
        start = tuple(dice.choice(ROWS) for _row in range(dice.randrange(5)))
        service = Service(start)
        # They may take turns at being first until one gives up: an error, not a loss.
        interleave(service, [aim("T"), aim("A")], dice)
        run(service, aim("T"))
        lost = {place for place, active in start if active} - {place for place, active in service.shown() if active}
        assert not lost, f"game {number}: {start} -> {service.shown()}"
        assert service.gaps == 0, f"game {number}: {start} -> {service.shown()}"
        assert next(place for place, active in service.shown() if active) == "T"
        assert "B" in order(service.shown()) or ("B", True) not in start, f"game {number}: {start}"


def test_other_declared_rows_are_not_undeclared() -> None:
    memory = RunState(declared_identities={("A", ""), ("T", "")})
    rows = Service([("T", True), ("A", True), ("B", True)]).rows
    steps = next_steps(rows, aim(others="remove"), memory)
    assert [(step.action, step.entry.identity[0]) for step in steps] == [("delete", "B")]
    steps = next_steps(rows, aim(others="disable"), memory)
    assert [(step.action, step.entry.identity[0]) for step in steps] == [("switch", "B")]


class Lifetime(stateful.RuleBasedStateMachine):
    """A number over the years: runs with changing wishes, killed ones, and people at the portal in between."""

    wishes = strategies.sampled_from([aim("T"), aim("A"), aim("T", first=False), aim("B", others="keep")])

    def __init__(self) -> None:
        super().__init__()
        self.service = Service([("A", True)])
        self.kept: set[str] = {"A"}

    @stateful.rule(wish=wishes)
    def run(self, wish: Target) -> None:
        run(self.service, wish)
        self.kept.add(wish.entry.identity[0])
        assert run(self.service, wish) == 0
        if wish.first:
            assert next(place for place, active in self.service.shown() if active) == wish.entry.identity[0]

    @stateful.rule(wish=wishes, writes=strategies.integers(0, 6))
    def killed_run(self, wish: Target, writes: int) -> None:
        with contextlib.suppress(Killed):
            run(self.service, wish, crash_after=writes)
            self.kept.add(wish.entry.identity[0])

    @stateful.rule(place=strategies.sampled_from("ABCT"))
    def somebody_adds(self, place: str) -> None:
        self.service.append(place, active=True)
        self.kept.add(place)

    @stateful.rule(index=strategies.integers(0, 9))
    def somebody_removes(self, index: int) -> None:
        rows = self.service.rows
        if index < len(rows) and any(row.active for row in rows if row is not rows[index]):
            gone = rows.pop(index).identity[0]
            if gone not in {row.identity[0] for row in rows if row.active}:
                self.kept.discard(gone)

    @stateful.invariant()
    def somebody_answers_and_nothing_is_lost(self) -> None:
        assert self.service.gaps == 0
        active = {place for place, is_active in self.service.shown() if is_active}
        assert active
        assert self.kept <= active


Lifetime.TestCase.settings = settings(max_examples=SWEEP // 20, stateful_step_count=20, deadline=None)
test_a_lifetime = Lifetime.TestCase
