# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner for an ordered list at a service that can only append, enable, disable and delete rows. Pure functions.

Make before break: the target is appended and read back before any other change, and a row that must follow it is
appended again before the older copy is deleted. Each step is computed from the current list by the same rule, so that
concurrent or interrupted runs converge to the same list.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import Memory, Plan, Row, Want
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Problem
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import LATER, Resource, Write

Place = tuple[str, str]
#: Maximum number of times that one run appends a row that another run deletes again.
MOST_MOVES = 4
#: Maximum number of steps of a simulation; each row of a list needs only a few.
MAX_STEPS = 1000


@dataclasses.dataclass(frozen=True)
class Entry:
    """One row of the list. ``place`` is its identity: equal rows have equal values; ``raw`` is the service's form.

    :param movable: whether a copy is equivalent. A row of an unknown kind may have fields that are not returned: it is
        never copied or deleted, only disabled.
    """

    id: str
    place: Place
    active: bool
    hunt: bool
    raw: t.Any = None
    movable: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Aim:
    """The desired state of the list. ``heal`` decides whether the target replaces a row."""

    target: Entry
    absent: bool = False
    first: bool = True
    others: str = "keep"  # keep disable remove
    heal: t.Callable[[Entry], bool] = lambda _entry: False


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: ``append`` an entry, ``switch`` a row to the state of ``entry``, or ``delete`` a row."""

    verb: str
    entry: Entry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ordered:
    """The functions of an ordered resource.

    :param entries: raw rows -> entries in their effective order. :param aim: ``(record, ask)`` -> the desired state.
    :param same: ``(record, ask)`` -> a key that must be unique among the items of one task.
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
    """Compute the next steps, which may be taken together.

    Only the last of several equal rows is kept, whatever the target is, so that two concurrent runs cannot each delete
    the copy that the other one needs.

    :param entries: the current list. :param aim: the desired state. :param memory: what this run has already done.
    :return: the steps; none if the list has the desired state.
    :raises Problem: if another run keeps changing the list.
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
    # A row that can be neither copied nor created again is disabled instead of deleted.
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
            raise Problem(
                "",
                "another run is modifying the destinations of the same number; run the task again when it has ended.",
            )
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
    # One at a time, starting with the last: each is chosen from a list that was read after the previous step.
    gone = [entry for entry in entries if entry in doubles or entry in healed or entry in surplus]
    return steps + [Step("delete", entry) for entry in gone[-1:]]


def _behind(
    entries: list[Entry], target: Entry, others: list[Entry], memory: Memory
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """The active rows to append, to delete and to disable so that the others follow the target in their order.

    Their order is that of the first row of each; originals are deleted from the last to the first, so that the order
    can still be determined after an interrupted run.
    """
    place = {entry.id: index for index, entry in enumerate(entries)}
    first = {entry.place: entry for entry in reversed(others)}
    last = {entry.place: entry for entry in others}
    at = place[target.id]
    ahead = [entry for entry in others if place[entry.id] < at]
    if not ahead:
        # Nothing to move. A row that this run copied may exist twice if another run copied it too.
        twice = [entry for entry in others if entry.place in memory.copied and entry is not last[entry.place]]
        return [], twice, []
    # A row that the service refused to append again is kept if it follows the target, and disabled if it precedes it.
    desired = [entry for entry in others if entry is first[entry.place] and entry.place not in memory.refused]
    stuck = {mark for mark in memory.refused if mark in last and place[last[mark].id] < at}
    position, missing = at, list[Entry]()
    for entry in desired:
        if entry.place in memory.refused:
            continue  # it follows the target, and no copy can be appended at its correct position
        if missing or place[last[entry.place].id] < position:
            missing.append(entry)
        else:
            position = place[last[entry.place].id]
    surplus = [entry for entry in others if entry is not last[entry.place] and entry.place not in stuck]
    return missing, surplus, [entry for entry in ahead if entry.place in stuck]


def after(entries: list[Entry], steps: t.Iterable[Step]) -> list[Entry]:
    """Simulate steps.

    :param entries: the current list. :param steps: the steps. :return: the resulting list.
    """
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
    """Simulate all steps until the list has the desired state.

    :param entries: the current list. :param aim: the desired state. :param memory: what this run has already done.
    :return: the final list.
    """
    for number in range(MAX_STEPS):
        # Appended rows have no id yet; simulated ones get distinct placeholders.
        entries = [
            dataclasses.replace(e, id=f"{LATER}{number}.{i}") if e.id == LATER else e for i, e in enumerate(entries)
        ]
        steps = next_steps(entries, aim, memory)
        if not steps:
            break
        entries = after(entries, steps)
    return [dataclasses.replace(entry, id=LATER) if entry.id.startswith(LATER) else entry for entry in entries]


def plan(resource: Resource, want: Want, rows: list[Row], memory: Memory) -> Plan:
    """Plan one row of an ordered list.

    :param resource: its kind. :param want: the desired row. :param rows: the current list.
    :param memory: what this run has already done.
    :return: the plan; its requests are the next steps only. :raises Problem: if another run keeps changing the list.
    """
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
            f"{want.label} no longer has an active destination{kind}: calls to it will fail until it has one."
        )
    left_on = {entry.id for entry in final if entry.active}
    warnings += [
        f"{want.label}: {resource.title} {entry.id} is of an unknown kind, so it is neither moved nor deleted but "
        "disabled."
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
    """Whether a row may receive calls; for a row of an unknown kind this cannot be determined."""
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
