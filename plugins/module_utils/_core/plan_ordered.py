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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired, RunState
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Step, Target
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyOrderedResource,
    ApiObject,
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
    *duplicates, own_entry = own
    replaced = [entry for entry in entries if goal.replaces(entry) and entry.identity != goal.entry.identity]
    others = [entry for entry in entries if entry not in own and entry not in replaced and entry.active]
    if goal.others != "keep":
        others = [entry for entry in others if entry.identity not in run_state.declared_identities]
    # A row that can be neither copied nor created again is disabled instead of deleted.
    off = [entry for entry in replaced if not entry.movable and entry.active]
    replaced = [entry for entry in replaced if entry.movable]

    steps = []
    if (own_entry.active, own_entry.call_hunt) != (goal.entry.active, goal.entry.call_hunt):
        steps.append(Step("switch", dataclasses.replace(goal.entry, id=own_entry.id)))
    if goal.others == "keep" and goal.first and goal.entry.active:
        ahead = entries[: entries.index(own_entry)]
        off += [entry for entry in others if not entry.movable and entry in ahead]
        missing, surplus, unmovable = _after_target(
            entries, own_entry, [entry for entry in others if entry.movable], run_state
        )
        if missing and run_state.moves >= MAX_MOVES:
            raise OptionError(
                "",
                f"another run is modifying the {goal.list_title}; run the task again when it has ended.",
            )
        if missing:
            return steps + [Step("append", entry) for entry in missing]
        off += unmovable
    elif goal.others == "disable":
        surplus = []
        off += others
    else:
        surplus = [entry for entry in others if entry.movable] if goal.others == "remove" else []
        off += [entry for entry in others if not entry.movable] if goal.others == "remove" else []
    steps += [Step("switch", dataclasses.replace(entry, active=False)) for entry in off]
    # One at a time, starting with the last: each is chosen from a list that was read after the previous step.
    gone = [entry for entry in entries if entry in duplicates or entry in replaced or entry in surplus]
    return steps + [Step("delete", entry) for entry in gone[-1:]]


def _after_target(
    entries: list[Entry], own_entry: Entry, others: list[Entry], run_state: RunState
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """The active rows to append, to delete and to disable so that the others follow the target in their order.

    Their order is that of the first row of each; originals are deleted from the last to the first, so that the order
    can still be determined after an interrupted run.
    """
    index_of = {entry.id: index for index, entry in enumerate(entries)}
    first = {entry.identity: entry for entry in reversed(others)}
    last = {entry.identity: entry for entry in others}
    own_index = index_of[own_entry.id]
    ahead = [entry for entry in others if index_of[entry.id] < own_index]
    if not ahead:
        # Nothing to move. A row that this run copied may exist twice if another run copied it too.
        duplicates = [
            entry for entry in others if entry.identity in run_state.copied and entry is not last[entry.identity]
        ]
        return [], duplicates, []
    # A row that the service refused to append again is kept if it follows the target, and disabled if it precedes it.
    desired = [entry for entry in others if entry is first[entry.identity] and entry.identity not in run_state.refused]
    unmovable = {mark for mark in run_state.refused if mark in last and index_of[last[mark].id] < own_index}
    position, missing = own_index, list[Entry]()
    for entry in desired:
        if entry.identity in run_state.refused:
            continue  # it follows the target, and no copy can be appended at its correct position
        if missing or index_of[last[entry.identity].id] < position:
            missing.append(entry)
        else:
            position = index_of[last[entry.identity].id]
    surplus = [entry for entry in others if entry is not last[entry.identity] and entry.identity not in unmovable]
    return missing, surplus, [entry for entry in ahead if entry.identity in unmovable]


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
    for index in range(MAX_STEPS):
        # Appended rows have no id yet; simulated ones get distinct placeholders.
        entries = [
            dataclasses.replace(e, id=f"{UNKNOWN_ID}{index}.{i}") if e.id == UNKNOWN_ID else e
            for i, e in enumerate(entries)
        ]
        steps = next_steps(entries, target, run_state)
        if not steps:
            break
        entries = after(entries, steps)
    return [
        dataclasses.replace(entry, id=UNKNOWN_ID) if entry.id.startswith(UNKNOWN_ID) else entry for entry in entries
    ]


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
    final = converged(entries, target, run_state)
    before, current = ordered.to_result(_find(entries, target), entries, target, desired.record, desired.options)
    result, extra = ordered.to_result(_find(final, target), final, target, desired.record, desired.options)
    shown = ordered.diff_fields
    diff = {
        side: {name: fields[name] for name in shown if name in fields}
        for side, fields in (("before", before), ("after", result))
    }
    if _rest(entries, target) != _rest(final, target):
        for name, item in (("before", entries), ("after", final)):
            result_at = ordered.to_result(None, item, target, desired.record, desired.options)[1][ordered.list_key]
            marks = {True: "", False: " (inactive)"}
            diff[name][ordered.list_key] = [row[shown[0]] + marks[row["active"]] for row in result_at]
    verb = "none" if not steps else "delete" if target.absent else "update" if before else "create"
    warnings = []
    if steps and any(map(_may_answer, entries)) and not any(map(_may_answer, final)):
        kind = " of a known kind" if any(entry.active for entry in final) else ""
        warnings.append(f"{desired.label} no longer has an active {ordered.row_title}{kind}: {ordered.without_active}.")
    left_on = {entry.id for entry in final if entry.active}
    warnings += [
        f"{desired.label}: {resource.title} {entry.id} is of an unknown kind, so it is neither moved nor deleted but "
        "disabled."
        for entry in entries
        if not entry.movable and entry.active and entry.id not in left_on
    ]
    return Plan(
        action=verb,
        before=diff["before"],
        after=diff["after"],
        result=result,
        extra=extra,
        current=current,
        warnings=tuple(warnings),
        mutations=tuple(_to_mutation(ordered, desired, target, step) for step in steps),
    )


def _may_answer(entry: Entry) -> bool:
    """Whether a row may receive calls; for a row of an unknown kind this cannot be determined."""
    return entry.active and entry.movable


def _to_mutation(facts: Ordered[t.Any, t.Any], desired: Desired, target: Target, step: Step) -> Mutation:
    write = facts.to_mutation(desired.record, step)
    copy = step.action == "append" and step.entry.identity != target.entry.identity
    return dataclasses.replace(write, optional_token=step.entry.identity) if copy else write


def _find(entries: list[Entry], target: Target) -> Entry | None:
    return next((entry for entry in entries if entry.identity == target.entry.identity), None)


def _rest(entries: list[Entry], target: Target) -> list[t.Any]:
    return [(entry.identity, entry.active) for entry in entries if entry.identity != target.entry.identity]
