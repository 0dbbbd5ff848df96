# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner for an ordered list at a service that can only append, enable, disable and delete rows. Pure functions.

Make before break: the target is appended and read back before any other change, and a row that must follow it is
appended again before the older copy is deleted. Declared rows that follow the target are put in order before the
others. Each step is computed from the current list by the same rule, so that
concurrent or interrupted runs converge to the same list.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired, RunState
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import (
    Entry,
    Identity,
    Step,
    Target,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import (
    Plan,
    PlannedWrites,
    placeholders,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyOrderedResource,
    Mutation,
    Ordered,
)

#: Maximum number of times that one run appends a row that another run deletes again.
MAX_MOVES = 4

#: Maximum number of steps of a simulation; each row of a list needs only a few.
MAX_STEPS = 1000


def next_steps(entries: list[Entry], goal: Target, run_state: RunState) -> list[Step]:
    """Compute the next steps, which may be taken together.

    Only the last of several equal rows is kept, whatever the target is, so that two concurrent runs cannot each delete
    the copy that the other one needs.

    :param entries: the current list. :param goal: the desired state. :param run_state: what this run has already done.
    :return: the steps; none if the list has the desired state.
    :raises OptionError: if another run keeps changing the list.
    """
    own = [entry for entry in entries if entry.identity == goal.entry.identity]
    if goal.absent:
        return [Step("delete", entry) for entry in own[-1:]]
    if not own:
        return [Step("append", goal.entry)]
    own_entry = own[-1]
    steps = []
    if (own_entry.active, own_entry.call_hunt) != (goal.entry.active, goal.entry.call_hunt):
        steps.append(Step("switch", dataclasses.replace(goal.entry, id=own_entry.id)))
    missing, last_declared = _after_target(entries, own_entry, goal, run_state)
    if not missing:
        more, missing = _after_declared(entries, last_declared, goal, run_state)
        steps += more
    if any(step.copy for step in missing) and run_state.moves >= MAX_MOVES + len(goal.following):
        raise OptionError("", _why_it_does_not_converge(goal, run_state))
    return steps + missing


def _why_it_does_not_converge(goal: Target, run_state: RunState) -> str:
    """The sentence about a list whose rows are not in order after several attempts."""
    if run_state.inserted:
        return (
            f"the service does not append a new row to the {goal.list_title}, so they cannot be put in order; the "
            "target stays active. Put them in order by hand, or disable the others."
        )
    return f"another run is modifying the {goal.list_title}; run the task again when it has ended."


def note_positions(entries: list[Entry], run_state: RunState) -> None:
    """Note whether the service has inserted a new row before one that it listed before.

    :param entries: the current list. :param run_state: what this run has already done; it is changed.
    """
    known, ids = run_state.seen_ids, [entry.id for entry in entries]
    last_known = max((index for index, key in enumerate(ids) if key in known), default=0)
    run_state.inserted |= any(key not in known for key in ids[:last_known])
    run_state.seen_ids |= set(ids)


def _after_target(
    entries: list[Entry], own_entry: Entry, goal: Target, run_state: RunState
) -> tuple[list[Step], Entry]:
    """The steps to put the declared rows after the target in their order, and the last one that is at its position.

    Of the rows whose copy the service rejected, one at a time is deleted and appended again.
    """
    steps, last_declared = list[Step](), own_entry
    for declared in goal.following if goal.first and goal.entry.active else ():
        rows = [entry for entry in entries if entry.identity == declared.identity]
        if rows and not steps and entries.index(rows[-1]) > entries.index(last_declared):
            last_declared = rows[-1]
            continue
        if not rows:
            steps.append(Step("append", declared))
            continue
        again = Step("append", dataclasses.replace(declared, call_hunt=rows[-1].call_hunt), copy=True)
        if declared.identity not in run_state.refused:
            steps.append(again)
        elif steps:
            break
        else:
            return [*(Step("delete", entry) for entry in rows), again], last_declared
    return steps, last_declared


def _after_declared(
    entries: list[Entry], last_declared: Entry, goal: Target, run_state: RunState
) -> tuple[list[Step], list[Step]]:
    """The steps for all other rows when the declared ones are in order, and the copies to append before any is deleted.

    :param last_declared: the row after which the other rows belong.
    """
    replaced, others = _not_declared(entries, goal, run_state)
    leads = goal.first and goal.entry.active
    steps, surplus = _declared_rows(entries, goal) if leads else ([], _duplicates_of_target(entries, goal))
    # A row that can be neither copied nor created again is disabled instead of deleted.
    off = [entry for entry in replaced if not entry.movable and entry.active]
    surplus += [entry for entry in replaced if entry.movable]
    if goal.others == "keep" and leads:
        missing, moved, disabled = _move_others(entries, last_declared, others, run_state)
        if missing:
            return steps, [Step("append", entry, copy=True) for entry in missing]
        surplus += moved
        off += disabled
    elif goal.others != "keep":
        removed = [entry for entry in others if entry.movable and goal.others == "remove"]
        surplus += removed
        off += [entry for entry in others if entry not in removed]
    steps += [Step("switch", dataclasses.replace(entry, active=False)) for entry in off]
    # One at a time, starting with the last: each is chosen from a list that was read after the previous step.
    gone = [entry for entry in entries if entry in surplus]
    return steps + [Step("delete", entry) for entry in gone[-1:]], []


def _not_declared(entries: list[Entry], goal: Target, run_state: RunState) -> tuple[list[Entry], list[Entry]]:
    """The rows that the target replaces, and the other active rows that it concerns."""
    foreign = [entry for entry in entries if entry.identity not in goal.declared_identities]
    replaced = [entry for entry in foreign if goal.replaces(entry)]
    others = [entry for entry in foreign if entry not in replaced and entry.active]
    if goal.others != "keep":
        others = [entry for entry in others if entry.identity not in run_state.declared_identities]
    return replaced, others


def _declared_rows(entries: list[Entry], goal: Target) -> tuple[list[Step], list[Entry]]:
    """The steps to enable the declared rows after the target, and the older ones of equal declared rows."""
    last = {entry.identity: entry for entry in entries}
    kept = [last[declared.identity] for declared in goal.following]
    steps = [Step("switch", dataclasses.replace(entry, active=True)) for entry in kept if not entry.active]
    return steps, [
        entry for entry in entries if entry.identity in goal.declared_identities and entry is not last[entry.identity]
    ]


def _duplicates_of_target(entries: list[Entry], goal: Target) -> list[Entry]:
    return [entry for entry in entries if entry.identity == goal.entry.identity][:-1]


def _move_others(
    entries: list[Entry], last_declared: Entry, others: list[Entry], run_state: RunState
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """The active rows to append, to delete and to disable so that the others follow the declared rows in their order.

    Their order is that of the first row of each; originals are deleted from the last to the first, so that the order
    can still be determined after an interrupted run.
    """
    index_of = {entry.id: index for index, entry in enumerate(entries)}
    start = index_of[last_declared.id]
    ahead = [entry for entry in others if index_of[entry.id] < start]
    fixed = [entry for entry in ahead if not entry.movable]
    movable = [entry for entry in others if entry.movable]
    first = {entry.identity: entry for entry in reversed(movable)}
    last = {entry.identity: entry for entry in movable}
    older = [entry for entry in movable if entry is not last[entry.identity]]
    if ahead == fixed:
        # Nothing to move. A row that this run copied may exist twice if another run copied it too.
        return [], [entry for entry in older if entry.identity in run_state.copied], fixed
    # A row that the service refused to append again is kept if it follows the target, and disabled if it precedes it.
    last_index = {identity: index_of[entry.id] for identity, entry in last.items()}
    unmovable = {mark for mark in run_state.refused if mark in last and last_index[mark] < start}
    desired = [entry for entry in movable if entry is first[entry.identity] and entry.identity not in run_state.refused]
    surplus = [entry for entry in older if entry.identity not in unmovable]
    disabled = fixed + [entry for entry in ahead if entry.identity in unmovable]
    return _to_append(desired, last_index, start), surplus, disabled


def _to_append(desired: list[Entry], last_index: t.Mapping[Identity, int], start: int) -> list[Entry]:
    """The rows to append again, from the first one on that does not follow the one before it."""
    position = start
    for index, entry in enumerate(desired):
        if last_index[entry.identity] < position:
            return desired[index:]
        position = last_index[entry.identity]
    return []


def after(entries: list[Entry], steps: t.Iterable[Step]) -> list[Entry]:
    """Simulate steps.

    :param entries: the current list. :param steps: the steps. :return: the resulting list.
    """
    result = list(entries)
    for step in steps:
        if step.action == "append":
            result.append(dataclasses.replace(step.entry, id=UNKNOWN_ID))
        elif step.action == "delete":
            result = [entry for entry in result if entry is not step.entry and entry != step.entry]
        else:
            result = [
                dataclasses.replace(entry, active=step.entry.active, call_hunt=step.entry.call_hunt)
                if entry.id == step.entry.id
                else entry
                for entry in result
            ]
    return result


def converged(entries: list[Entry], target: Target, run_state: RunState) -> list[Entry]:
    """Simulate all steps until the list has the desired state.

    :param entries: the current list. :param target: the desired state. :param run_state: what this run has already
        done.
    :return: the final list.
    """
    return simulation(entries, target, run_state)[1]


def simulation(entries: list[Entry], target: Target, run_state: RunState) -> tuple[list[Step], list[Entry]]:
    """Simulate all steps until the list has the desired state.

    :param entries: the current list. :param target: the desired state. :param run_state: what this run has already
        done.
    :return: the steps and the final list.
    """
    taken: list[Step] = []
    for index in range(MAX_STEPS):
        # Appended rows have no id yet; simulated ones get distinct placeholders.
        entries = [
            dataclasses.replace(e, id=f"{UNKNOWN_ID}{index}.{i}") if e.id == UNKNOWN_ID else e
            for i, e in enumerate(entries)
        ]
        steps = next_steps(entries, target, run_state)
        if not steps:
            break
        taken += steps
        entries = after(entries, steps)
    final = [
        dataclasses.replace(entry, id=UNKNOWN_ID) if entry.id.startswith(UNKNOWN_ID) else entry for entry in entries
    ]
    return taken, final


def plan(resource: AnyOrderedResource, desired: Desired, rows: list[ApiObject], run_state: RunState) -> Plan:
    """Plan one row of an ordered list.

    :param resource: its kind. :param desired: the desired row. :param rows: the current list.
    :param run_state: what this run has already done.
    :return: the plan; its requests are the next steps only. :raises OptionError: if another run keeps changing the
        list.
    """
    ordered = resource.ordered
    entries, target = ordered.entries(rows), ordered.target(desired.record, desired.options)
    steps = next_steps(entries, target, run_state)
    taken, final = simulation(entries, target, run_state)
    before, current = ordered.to_result(_find(entries, target), entries, target, desired.record, desired.options)
    result, extra = ordered.to_result(_find(final, target), final, target, desired.record, desired.options)
    sides = [{name: row[name] for name in ordered.diff_fields if name in row} for row in (before, result)]
    if _rest(entries, target) != _rest(final, target):
        for side, state in zip(sides, (current, extra), strict=True):
            rows_of_state = t.cast("list[dict[str, t.Any]]", state[ordered.list_key])
            side[ordered.list_key] = _displayed_rows(ordered, rows_of_state)
    verb = "none" if not steps else "delete" if target.absent else "update" if before else "create"
    return Plan(
        action=verb,
        before=sides[0],
        after=sides[1],
        result=result,
        extra=extra,
        current=current,
        warnings=tuple(_warnings(resource, desired, entries, final)) if steps else (),
        mutations=tuple(_to_mutation(resource, desired, step) for step in steps),
        simulate=lambda: _planned_writes(resource, desired, entries, taken, run_state),
    )


def _planned_writes(
    resource: AnyOrderedResource, desired: Desired, entries: list[Entry], taken: list[Step], run_state: RunState
) -> PlannedWrites:
    """The requests of all steps, and those that undo an append, or that follow where the service rejects a copy."""
    target = resource.ordered.target(desired.record, desired.options)
    # Without a set, whose order differs between two processes and would change the digest.
    copies = list(dict.fromkeys(step.entry.identity for step in taken if step.copy))
    rejections = [{copy} for copy in copies] + ([set(copies)] if len(copies) > 1 else [])
    possible = list(taken)
    for rejected in rejections:
        state = dataclasses.replace(run_state, refused=run_state.refused | rejected)
        possible += simulation(entries, target, state)[0]
    # A row may be appended twice: by another run, or if it is unknown whether the first request was processed.
    possible += [Step("delete", step.entry) for step in possible if step.action == "append"]
    return PlannedWrites(
        requests=tuple(_to_mutation(resource, desired, step) for step in taken),
        permitted=tuple(_to_mutation(resource, desired, step) for step in possible[len(taken) :]),
    )


def _displayed_rows(ordered: Ordered[t.Any, t.Any], rows: list[t.Any]) -> list[str]:
    """The rows of a list in a diff."""
    return [row[ordered.diff_fields[0]] + ("" if row["active"] else " (inactive)") for row in rows]


def _warnings(
    resource: AnyOrderedResource, desired: Desired, entries: list[Entry], final: list[Entry]
) -> t.Iterator[str]:
    """The effects of a plan that the user may not expect."""
    ordered = resource.ordered
    if any(map(_may_answer, entries)) and not any(map(_may_answer, final)):
        kind, effect = "", ordered.without_active
        if any(entry.active for entry in final):
            kind, effect = " of a known kind", "whether another one answers is not known"
        yield f"{desired.label} no longer has an active {ordered.row_title}{kind}: {effect}."
    left_on = {entry.id for entry in final if entry.active}
    for entry in entries:
        if not entry.movable and entry.active and entry.id not in left_on:
            yield (
                f"{desired.label}: {resource.title} {entry.id} is of an unknown kind, so it is neither moved nor "
                "deleted but disabled."
            )


def _may_answer(entry: Entry) -> bool:
    """Whether a row may receive calls; for a row of an unknown kind this cannot be determined."""
    return entry.active and entry.movable


def _to_mutation(resource: AnyOrderedResource, desired: Desired, step: Step) -> Mutation:
    write, entry = resource.ordered.to_mutation(desired.record, step), step.entry
    key = tuple(write.ids[name] for name in placeholders(resource.path))
    state = () if step.action == "delete" else (entry.active, entry.call_hunt)
    return dataclasses.replace(
        write,
        optional_token=entry.identity if step.copy else None,
        effect=(step.action, *key, entry.identity, *state),
    )


def _find(entries: list[Entry], target: Target) -> Entry | None:
    return next((entry for entry in entries if entry.identity == target.entry.identity), None)


def _rest(entries: list[Entry], target: Target) -> list[object]:
    return [(entry.identity, entry.active) for entry in entries if entry.identity != target.entry.identity]
