# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Predict both accounts after a planned run: the requests of the plan, applied to the snapshot before it. Pure.

An object that does not exist yet gets an id that is derived from its name, so that other objects can refer to it.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
import uuid

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_list, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_ordered import converged
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import replaced_reference
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyKeyedResource,
    Mutation,
    OrderedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import ApplyRun
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import routes_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import KINDS, Snapshot
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK


def predicted(run: ApplyRun) -> Snapshot:
    """Both accounts after a run.

    It is assumed that both services accept each request, and set no other value than those that are sent.

    :param run: the run, planned in check mode. :return: the snapshot, of the declared numbers.
    """
    spec, before = run.spec, run.before
    rows = {kind.path: {str(row["id"]): row for row in getattr(before, place)} for place, kind in KINDS.items()}
    rows[KINDS["tools"].path] |= {str(row["id"]): row for row in before.other_tools}
    rows[spec.carrier.logins.path] = {str(row["id"]): row for row in before.accounts or ()}
    for resource, outcome in run.steps:
        if outcome.plan and not isinstance(resource, OrderedResource):
            for write in outcome.plan.writes.requests:
                _apply(rows, t.cast("AnyKeyedResource", resource), outcome, write)
    trunk_id = run.trunk_id.replace(UNKNOWN_ID, _new_id(SIP_TRUNK, str(spec.trunk.name)))
    others = {str(row["id"]) for row in before.other_tools}
    listed = {place: frozenset(rows[kind.path]) | _unmanaged(before, place) for place, kind in KINDS.items()}
    placed: dict[str, t.Any] = {place: tuple(rows[kind.path].values()) for place, kind in KINDS.items()}
    tools = placed.pop("tools")
    return dataclasses.replace(
        before,
        **placed,
        tools=tuple(row for row in tools if str(row["id"]) not in others),
        other_tools=tuple(row for row in tools if str(row["id"]) in others),
        accounts=None if before.accounts is None else tuple(rows[spec.carrier.logins.path].values()),
        numbers=_numbers(run, trunk_id),
        declared_numbers=spec.digits,
        own_trunks=frozenset({trunk_id}),
        listed=listed,
    )


def _unmanaged(snapshot: Snapshot, kind: str) -> frozenset[str]:
    """The ids of the listed objects without a row, which no run changes."""
    return frozenset(snapshot.listed.get(kind, ())) - {str(row["id"]) for row in getattr(snapshot, kind)}


def _new_id(resource: Resource, name: str) -> str:
    """The id of a new object; kinds of objects with the same list share its path."""
    return _id_of(f"{resource.path}/{name}")


@functools.lru_cache(maxsize=4096)
def _id_of(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))


def _apply(
    rows: dict[str, dict[str, ApiObject]], resource: AnyKeyedResource, outcome: Outcome, write: Mutation
) -> None:
    """Apply a request to the rows of its list."""
    new_id = _new_id(resource, outcome.desired.label)
    if write.creates:
        server_values = {
            name: UNKNOWN_ID for name, field in fields(resource.record).items() if field.option.server_assigned
        }
        made: ApiObject = {**server_values, **_given(resource, write), "id": new_id}
        rows[resource.path][new_id] = _with_new_ids(resource, outcome, made)
        return
    path, _brace, rest = write.path.partition("/{")
    name, _brace, inner = rest.partition("}")
    listed, key = rows.get(path, {}), write.ids.get(name, "")
    if key == UNKNOWN_ID:
        key = new_id
    elif name != "id":
        key = next((each for each, row in listed.items() if str(row.get(name)) == key), "")
    row = listed.get(key)
    if row is None:
        return
    if inner:
        listed[key] = _with_value(row, inner.strip("/"), write)
    elif write.method == "DELETE":
        del listed[key]
    elif write.effect[:1] == ("reference",):
        _word, _id, place, old, new = map(str, write.effect)
        listed[key] = replaced_reference(row, place, old, (new_id if new == UNKNOWN_ID else new) or None)
    else:
        changed = {**row, **_given(resource, write)}
        listed[key] = _with_new_ids(
            resource, outcome, {name: item for name, item in changed.items() if item is not None}
        )


def _given(resource: AnyKeyedResource, write: Mutation) -> ApiObject:
    """The fields in the body of a request."""
    return as_object(resource.api.unwrap(write.body or {}))


def _with_value(row: ApiObject, name: str, write: Mutation) -> ApiObject:
    """The row after a request to one of its lists of values: its path ends with the name of the field."""
    values = list((write.params if write.method == "DELETE" else write.body or {}).values())  # type: ignore[union-attr]
    kept = [item for item in as_list(row.get(name)) if item not in values]
    return {**row, name: kept if write.method == "DELETE" else [*kept, *values]}


def _with_new_ids(resource: AnyKeyedResource, outcome: Outcome, row: ApiObject) -> ApiObject:
    """The row with the ids of new objects instead of the placeholder, in the order of the references."""
    known = fields(resource.record)
    for option, names in outcome.pending.items():
        field = known.get(option)
        referred = field.option.ref if field else None
        if field and referred:
            ids = iter([_new_id(referred, name) for name in names])
            row = as_object(_filled(row, field.api_name.split("."), ids))
    return row


def _filled(value: object, path: list[str], ids: t.Iterator[str]) -> object:
    if isinstance(value, dict) and path:
        return {**value, path[0]: _filled(value[path[0]], path[1:], ids)} if path[0] in value else value
    if isinstance(value, list):
        return [_filled(item, path, ids) for item in value]
    return next(ids, value) if value == UNKNOWN_ID else value


def _numbers(run: ApplyRun, trunk_id: str) -> tuple[ApiObject, ...]:
    """The selected numbers with their destinations."""
    spec = run.spec
    by_number: dict[str, list[Outcome]] = {}
    for outcome in run.outcomes_of(spec.forward):
        by_number.setdefault(spec.forward.normalize_key(outcome.desired.label), []).append(outcome)
    selected = [row for row in run.before.numbers if not spec.digits or spec.carrier.number_of(row) in spec.digits]
    return tuple(_number(spec.forward, run, row, by_number, trunk_id) for row in selected)


def _number(
    forward: Resource, run: ApplyRun, row: ApiObject, by_number: t.Mapping[str, list[Outcome]], trunk_id: str
) -> ApiObject:
    carrier = run.spec.carrier
    outcomes = by_number.get(carrier.number_of(row), [])
    if not any(outcome.changed for outcome in outcomes):
        return row
    entries = routes_of(carrier, row)
    # The rows to create come before those to remove, as in the run.
    for outcome in sorted(outcomes, key=lambda outcome: outcome.desired.options.state == "absent"):
        desired = outcome.desired
        target = t.cast("OrderedResource[t.Any, t.Any]", forward).ordered.target(desired.record, desired.options)
        entries = converged(entries, target, outcome.run_state)
    return {**row, "destinations": carrier.rows_of(entries, {UNKNOWN_ID: trunk_id})}
