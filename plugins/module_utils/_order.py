# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: a list whose order matters at a service that can only append, switch on and off, and delete.

Make before break: the target is appended and read back before anything else is touched; what must stand behind it is
appended again before the older row goes; and everything is computed anew, by the same rule, from what stands at each
reading, so that two runs at once, or one that was killed, end at the same list.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import Memory, Plan, Row, Want
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Problem
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import LATER, Resource, Write

Place = tuple[str, str]
#: How often one run appends what another one keeps taking away.
MOST_MOVES = 4
#: Steps that a simulation may take; a list of rows needs at most a few for each.
MAX_STEPS = 1000


@dataclasses.dataclass(frozen=True)
class Entry:
    """One row of the list. ``place`` is what makes two rows the same; ``raw`` is the service's form of it.

    :param movable: whether a copy of it means the same. A row of an unknown kind may hold more than can be read: it is
        never copied nor deleted, at most switched off.
    """

    id: str
    place: Place
    active: bool
    hunt: bool
    raw: t.Any = None
    movable: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Aim:
    """What is wanted of the list. ``heal`` tells the rows that the target replaces."""

    target: Entry
    absent: bool = False
    first: bool = True
    others: str = "keep"  # keep disable remove
    heal: t.Callable[[Entry], bool] = lambda _entry: False


@dataclasses.dataclass(frozen=True)
class Step:
    """``append`` an entry, ``switch`` a row to the state of ``entry``, or ``delete`` a row."""

    verb: str
    entry: Entry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ordered:
    """What an ordered resource adds to its row of facts.

    :param entries: raw rows -> entries in the order that counts. :param aim: ``(record, ask)`` -> what is wanted.
    :param same: ``(record, ask)`` -> what no two items of one list may share.
    :param write: ``(record, step)`` -> request. :param describe: ``(entry, entries, aim, record, ask)`` -> the object
        and further return values. :param everywhere: see ``exclusive`` in the engine.
    """

    entries: t.Callable[[list[Row]], list[Entry]]
    aim: t.Callable[[t.Any, t.Any], Aim]
    write: t.Callable[[t.Any, Step], Write]
    describe: t.Callable[..., tuple[dict[str, t.Any], dict[str, t.Any]]]
    same: t.Callable[[t.Any, t.Any], tuple[t.Any, ...]]
    everywhere: t.Any = None


def next_steps(entries: list[Entry], aim: Aim, memory: Memory) -> list[Step]:
    """The next steps that may be taken together; none when the list is as wanted.

    Of several equal rows only the last stays, whoever looks and whatever their target: so two runs can not each take
    away the copy that the other one counts on.
    """
    own = [entry for entry in entries if entry.place == aim.target.place]
    if aim.absent:
        return [Step("delete", entry) for entry in own[-1:]]
    if not own:
        return [Step("append", aim.target)]
    *doubles, target = own
    healed = [entry for entry in entries if aim.heal(entry) and entry.place != aim.target.place]
    others = [entry for entry in entries if entry not in own and entry not in healed and entry.active]
    if aim.others != "keep":
        others = [entry for entry in others if entry.place not in memory.declared]
    # Instead of deleting a row that can be neither copied nor made again, it is switched off.
    off = [entry for entry in healed if not entry.movable and entry.active]
    healed = [entry for entry in healed if entry.movable]

    steps = []
    if (target.active, target.hunt) != (aim.target.active, aim.target.hunt):
        steps.append(Step("switch", dataclasses.replace(aim.target, id=target.id)))
    if aim.others == "keep" and aim.first and aim.target.active:
        ahead = entries[: entries.index(target)]
        off += [entry for entry in others if not entry.movable and entry in ahead]
        missing, surplus, stuck = _behind(entries, target, [entry for entry in others if entry.movable], memory)
        if missing and memory.moves >= MOST_MOVES:
            raise Problem("", "another run moves the destinations of the same number; run again when it has ended.")
        if missing:
            return steps + [Step("append", entry) for entry in missing]
        off += stuck
    elif aim.others == "disable":
        surplus = []
        off += others
    else:
        surplus = [entry for entry in others if entry.movable] if aim.others == "remove" else []
        off += [entry for entry in others if not entry.movable] if aim.others == "remove" else []
    steps += [Step("switch", dataclasses.replace(entry, active=False)) for entry in off]
    # One at a time, the last first: each is chosen from a list that was read after the one before.
    gone = [entry for entry in entries if entry in doubles or entry in healed or entry in surplus]
    return steps + [Step("delete", entry) for entry in gone[-1:]]


def _behind(
    entries: list[Entry], target: Entry, others: list[Entry], memory: Memory
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Which active rows must be appended, deleted and switched off so that the others follow the target in their order.

    Their order is that of their first standing row; originals are deleted from the last to the first, so an
    interrupted run leaves a list from which the same order is read.
    """
    place = {entry.id: index for index, entry in enumerate(entries)}
    first = {entry.place: entry for entry in reversed(others)}
    last = {entry.place: entry for entry in others}
    at = place[target.id]
    ahead = [entry for entry in others if place[entry.id] < at]
    if not ahead:
        # Nothing to move. A place that this run copied may stand twice when another run copied it too.
        twice = [entry for entry in others if entry.place in memory.copied and entry is not last[entry.place]]
        return [], twice, []
    # What the service does not take again stays: behind the target where it stands, before it switched off.
    desired = [entry for entry in others if entry is first[entry.place] and entry.place not in memory.refused]
    stuck = {mark for mark in memory.refused if mark in last and place[last[mark].id] < at}
    position, missing = at, list[Entry]()
    for entry in desired:
        if entry.place in memory.refused:
            continue  # it stands behind the target, and no copy of it can be had in its right place
        if missing or place[last[entry.place].id] < position:
            missing.append(entry)
        else:
            position = place[last[entry.place].id]
    surplus = [entry for entry in others if entry is not last[entry.place] and entry.place not in stuck]
    return missing, surplus, [entry for entry in ahead if entry.place in stuck]


def after(entries: list[Entry], steps: t.Iterable[Step]) -> list[Entry]:
    """The list as it stands when the steps are done."""
    result = list(entries)
    for step in steps:
        if step.verb == "append":
            result.append(dataclasses.replace(step.entry, id=LATER))
        elif step.verb == "delete":
            result = [entry for entry in result if entry is not step.entry and entry != step.entry]
        else:
            result = [
                dataclasses.replace(entry, active=step.entry.active, hunt=step.entry.hunt)
                if entry.id == step.entry.id
                else entry
                for entry in result
            ]
    return result


def settled(entries: list[Entry], aim: Aim, memory: Memory) -> list[Entry]:
    """The list as it will stand in the end."""
    for number in range(MAX_STEPS):
        # Appended rows have no id yet, so a simulated one must not be taken for another.
        entries = [
            dataclasses.replace(e, id=f"{LATER}{number}.{i}") if e.id == LATER else e for i, e in enumerate(entries)
        ]
        steps = next_steps(entries, aim, memory)
        if not steps:
            break
        entries = after(entries, steps)
    return [dataclasses.replace(entry, id=LATER) if entry.id.startswith(LATER) else entry for entry in entries]


def plan(resource: Resource, want: Want, rows: list[Row], memory: Memory) -> Plan:
    """The plan for one row of an ordered list; ``writes`` are its next steps only."""
    facts: Ordered = resource.ordered
    entries, aim = facts.entries(rows), facts.aim(want.record, want.ask)
    steps = next_steps(entries, aim, memory)
    final = settled(entries, aim, memory)
    before, standing = facts.describe(_find(entries, aim), entries, aim, want.record, want.ask)
    result, extra = facts.describe(_find(final, aim), final, aim, want.record, want.ask)
    diff = {"before": _shown(before), "after": _shown(result)}
    if _rest(entries, aim) != _rest(final, aim):
        for name, item in (("before", entries), ("after", final)):
            described = facts.describe(None, item, aim, want.record, want.ask)[1]["destinations"]
            marks = {True: "", False: " (inactive)"}
            diff[name]["destinations"] = [row["destination"] + marks[row["active"]] for row in described]
    verb = "none" if not steps else "delete" if aim.absent else "update" if before else "create"
    warnings = []
    if steps and any(map(_may_answer, entries)) and not any(map(_may_answer, final)):
        kind = " of a known kind" if any(entry.active for entry in final) else ""
        warnings.append(
            f"{want.label} has no active destination{kind} any more: calls to it will fail until it gets one."
        )
    left_on = {entry.id for entry in final if entry.active}
    warnings += [
        f"{want.label}: {resource.title} {entry.id} is of a kind that is not known here, so it is neither moved nor "
        "deleted; it is switched off."
        for entry in entries
        if not entry.movable and entry.active and entry.id not in left_on
    ]
    return Plan(
        verb=verb,
        before=diff["before"],
        after=diff["after"],
        result=result,
        extra=extra,
        standing=standing,
        warnings=tuple(warnings),
        writes=tuple(_write(facts, want, aim, step) for step in steps),
    )


def _may_answer(entry: Entry) -> bool:
    """Whether a row may take a call: of one of an unknown kind nobody knows."""
    return entry.active and entry.movable


def _write(facts: Ordered, want: Want, aim: Aim, step: Step) -> Write:
    write = facts.write(want.record, step)
    copy = step.verb == "append" and step.entry.place != aim.target.place
    return dataclasses.replace(write, spare=step.entry.place) if copy else write


def _find(entries: list[Entry], aim: Aim) -> Entry | None:
    return next((entry for entry in entries if entry.place == aim.target.place), None)


def _rest(entries: list[Entry], aim: Aim) -> list[t.Any]:
    return [(entry.place, entry.active) for entry in entries if entry.place != aim.target.place]


def _shown(described: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: described[name] for name in ("destination", "active", "call_hunt", "position") if name in described}
