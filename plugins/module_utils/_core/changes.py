# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of a run for programs (``changes``), and what the diff for people is made of. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    AnyOrderedResource,
    OrderedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable


def changes(resource: Resource, outcomes: t.Iterable[Outcome]) -> list[Result]:
    """The objects that were changed, or would be in check mode.

    Rows of one ordered list are one change of the list.

    :param resource: the objects' kind. :param outcomes: their outcomes; those with an error are left out.
    :return: per object ``kind``, ``name``, ``action`` (``create``, ``update``, ``replace`` or ``delete``), and the
        managed fields that differ as ``before`` and ``after``.
    """
    return [change for change, _outcomes in changes_with_outcomes(resource, outcomes)]


def changes_with_outcomes(
    resource: Resource, outcomes: t.Iterable[Outcome]
) -> list[tuple[Result, list[tuple[Desired, Plan]]]]:
    """The changes, each with the desired objects and the plans that it consists of.

    :param resource: the objects' kind. :param outcomes: their outcomes. :return: pairs of a change, see
        :func:`changes`, and what it consists of: several for the rows of one list.
    """
    changed = [(o.desired, o.plan) for o in outcomes if o.plan and o.action != "none" and not o.error]
    if isinstance(resource, OrderedResource):
        lists: dict[str, list[tuple[Desired, Plan]]] = {}
        for pair in changed:
            lists.setdefault(str(resource.normalize_key(pair[0].label)), []).append(pair)
        return [
            (
                {"kind": resource.name, "name": name, **_change_of_list(resource, [plan for _desired, plan in pairs])},
                pairs,
            )
            for name, pairs in lists.items()
        ]
    return [
        ({"kind": resource.name, "name": desired.label, **_change_of_object(plan)}, [(desired, plan)])
        for desired, plan in changed
    ]


def existing_objects(resource: Resource, outcomes: t.Iterable[Outcome]) -> int:
    """The number of objects that existed before the run; a list counts once, if it has rows.

    :param resource: the objects' kind. :param outcomes: their outcomes. :return: the number.
    """
    planned = [(outcome, outcome.plan) for outcome in outcomes if outcome.plan]
    if isinstance(resource, OrderedResource):
        key = resource.ordered.list_key
        return len({resource.normalize_key(o.desired.label) for o, plan in planned if plan.current.get(key)})
    return sum(plan.action != "create" and bool(plan.result or plan.before) for _outcome, plan in planned)


def diffs(resource: Resource, outcomes: t.Iterable[Outcome], title: str = "") -> list[Result]:
    """The diff of each object that changes: ``before`` and ``after`` as fields, and their headers.

    :param resource: the objects' kind. :param outcomes: their outcomes. :param title: the kind in the headers, by
        default its title. :return: the diffs.
    """
    return [
        {"before_header": header, "after_header": header, **outcome.sides}
        for outcome in outcomes
        if outcome.plan and outcome.action != "none"
        for header in [printable(f"{title or resource.title} {outcome.desired.label}")]
    ]


def _change_of_object(plan: Plan) -> Result:
    names = [name for name in {**plan.before, **plan.after} if plan.before.get(name) != plan.after.get(name)]
    return {
        "action": "replace" if plan.extra.get("replaced_id") else plan.action,
        "before": {name: plan.before[name] for name in names if name in plan.before},
        "after": {name: plan.after[name] for name in names if name in plan.after},
    }


def _change_of_list(resource: AnyOrderedResource, plans: list[Plan]) -> Result:
    key = resource.ordered.list_key
    before, after = _rows(resource, plans[0].current), _rows(resource, plans[-1].extra)
    for plan in plans[:-1]:
        after = _with_step(resource, plan, after)
    action = "delete" if not after else "update" if before else "create"
    return {"action": action, "before": {key: before} if before else {}, "after": {key: after} if after else {}}


def _with_step(resource: AnyOrderedResource, plan: Plan, rows: list[Result]) -> list[Result]:
    """The rows with the changes of another plan for the same list; in check mode all plans begin with the current list.

    The rows of a run already contain the changes of an earlier plan.
    """
    address = resource.ordered.row_fields[0]
    before, after = ({row[address]: row for row in _rows(resource, state)} for state in (plan.current, plan.extra))
    untouched = [row for row in rows if before.get(row[address]) == row]
    kept = [after.get(row[address]) if row in untouched else row for row in rows]
    found = [row for row in kept if row is not None]
    present = {row[address] for row in found}
    return found + [row for row in after.values() if row[address] not in {*before, *present}]


def _rows(resource: AnyOrderedResource, state: t.Mapping[str, t.Any]) -> list[Result]:
    ordered = resource.ordered
    return [{name: row[name] for name in ordered.row_fields if name in row} for row in state.get(ordered.list_key, ())]
