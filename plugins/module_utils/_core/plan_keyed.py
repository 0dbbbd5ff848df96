# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner: desired state + current state -> requests and resulting state. Pure functions without I/O or clock."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import from_api, to_api, unmapped
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    Desired,
    RunState,
    choose,
    find_superseded,
    may_replace,
    settings_source,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import (
    find_redacted,
    overlay,
    replaced_variants,
    restrict,
    to_display,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Field, Model, camel, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.references import (
    Reference,
    replace_references,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import (
    Plan,
    PlannedWrites,
    deletion_of,
    ids_at,
    placeholders,
    read_only_values,
    referring_label,
    rename_superseded,
    replaced_id,
    repoint,
    repoint_all,
    resource_mutations,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyKeyedResource,
    Mutation,
    RecordT,
    Referrer,
)


def plan(
    resource: AnyKeyedResource,
    desired: Desired,
    rows: list[ApiObject],
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    run_state: RunState,
) -> Plan:
    """Plan one object.

    :param resource: its kind. :param desired: the desired object. :param rows: all objects of its kind.
    :param referrer_rows: the lists of possible referrers, by path. :param run_state: what this run has already done.
    :return: the plan. :raises OptionError: if the desired state is impossible or ambiguous.
    """
    row, surplus = choose(resource, desired, rows, run_state)
    # Another object may already refer to the object that is deleted.
    cleanup = tuple(
        write for extra in surplus if row for write in repoint_all(resource, extra, str(row["id"]), referrer_rows)
    )
    if desired.options.state == "absent":
        return _plan_absent(resource, desired, row, referrer_rows, cleanup)
    return _plan_present(resource, desired, row, rows, referrer_rows, run_state, cleanup)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Comparison:
    """The current and the desired state of one object, and what differs.

    :param existing: the object, if it exists. :param superseded: the object that an interrupted replacement left.
    :param template: the object whose settings are copied to a new one. :param replacing: whether a change of
        a field creates a new object. :param given: the fields that the task gives.
    :param after: the resulting fields, without secrets. :param changed_fields: keys of the body that differ.
    :param secrets: the write-only fields to send.
    """

    resource: AnyKeyedResource
    desired: Desired
    existing: ApiObject | None
    superseded: ApiObject | None
    template: ApiObject | None
    replacing: bool
    current: Model | None
    given: Model
    after: Model
    current_body: ApiObject
    desired_body: ApiObject
    changed_fields: frozenset[str] = frozenset()
    secrets: tuple[Field, ...] = ()

    @property
    def source(self) -> ApiObject | None:
        """The existing object that the desired state is based on."""
        return self.existing or self.superseded or self.template

    @property
    def must_replace(self) -> bool:
        """Whether a field changes that only a new object can have."""
        field = self.resource.replacement.field if self.resource.replacement else None
        return self.replacing and field in self.changed_fields


def _plan_present(
    resource: AnyKeyedResource,
    desired: Desired,
    row: ApiObject | None,
    rows: list[ApiObject],
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    run_state: RunState,
    cleanup: tuple[Mutation, ...],
) -> Plan:
    change = _with_secrets(_with_differences(_desired_state(resource, desired, row, rows, run_state)), run_state)
    return _choose_action(change, _preview(change), referrer_rows, cleanup)


def _desired_state(
    resource: AnyKeyedResource, desired: Desired, row: ApiObject | None, rows: list[ApiObject], run_state: RunState
) -> _Comparison:
    """The resulting fields, after all checks of them; raises :class:`OptionError`."""
    replacing = may_replace(resource, desired)
    superseded = find_superseded(resource, desired, rows) if replacing else None
    template = None if row else _template(resource, desired, rows)
    # An interrupted replacement continues from the superseded object.
    source = row or superseded or template
    current = from_api(resource.record, source) if source else None
    given = _one_choice(resource, desired.record)
    if resource.resolve_desired:
        given = resource.resolve_desired(given, _without_missing(current, run_state), desired.options)
    after = overlay(current, _without_secrets(resource, given))
    masked = find_redacted(after, "")
    if masked:
        raise OptionError(
            masked,
            "contains the redaction marker of a result instead of a secret; provide the actual value or remove it.",
        )
    for validate in resource.plan_validators:
        validate(after, desired.options)
    return _Comparison(
        resource=resource,
        desired=desired,
        existing=row,
        superseded=superseded,
        template=template,
        replacing=replacing,
        current=current,
        given=given,
        after=after,
        current_body=to_api(current) if row and current else {},
        desired_body=to_api(after),
    )


def _with_differences(change: _Comparison) -> _Comparison:
    """The comparison, with the keys of the body that differ."""
    current_body = change.current_body
    removed = {key: None for key in _cleared(change.resource, change.given) if key in current_body}
    desired_body = change.desired_body | removed
    changed_fields = frozenset(
        key for key in desired_body if _empty_as_none(desired_body[key]) != _empty_as_none(current_body.get(key))
    )
    return dataclasses.replace(change, desired_body=desired_body, changed_fields=changed_fields)


def _with_secrets(change: _Comparison, run_state: RunState) -> _Comparison:
    """The comparison, with the secrets to send; raises :class:`OptionError` if one is required and not given."""
    new = change.existing is None
    always = change.resource.update.rewrites_secrets(change.desired.options) and not run_state.secret_written
    secrets = _secrets_to_write(
        change.resource, change.given, change.after, change.changed_fields, always=always or new, new=new
    )
    if not secrets:
        return change
    values = {field.attr: getattr(change.given, field.attr) for field in secrets}
    return dataclasses.replace(
        change,
        desired_body=to_api(overlay(change.after, type(change.after).model_construct(None, **values))),
        changed_fields=change.changed_fields | {field.api_name.split(".")[0] for field in secrets},
        secrets=tuple(secrets),
    )


def _preview(change: _Comparison) -> Plan:
    """A plan without requests: the diff, the resulting object and the warnings."""
    resource, row = change.resource, change.existing
    # Settings copied from another object are part of the change.
    named = change.after if change.template else change.given
    managed = _managed_fields(resource, named)
    before = _managed(change.current, named, managed) if row else {}
    after = _managed(change.after, named, managed)
    for field in change.secrets:
        before |= {field.name: "(not readable)"} if row else {}
        after[field.name] = "(written, not shown)"
    warnings = _losses(resource, change.desired, change.current, change.given)
    if resource.update.warnings and row and change.current is not None:
        texts = resource.update.warnings(change.current, change.after)
        warnings += tuple(f"{resource.title} {change.desired.label}: {text}" for text in texts)
    if row is None or change.must_replace:
        warnings += not_copied(resource, change.desired.label, change.source)
    displayed = {name: value for name, value in to_display(change.after).items() if value not in ("", {})}
    return Plan(
        action="none",
        before=before,
        after=after,
        result={"id": str(row["id"]) if row else UNKNOWN_ID, **displayed, **read_only_values(resource, row)},
        carries_secret=bool(change.secrets),
        warnings=warnings,
    )


def _choose_action(
    change: _Comparison,
    preview: Plan,
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    cleanup: tuple[Mutation, ...],
) -> Plan:
    """The preview with the requests to create, update or replace the object."""
    if change.existing is None:
        return _create(change, preview, referrer_rows)
    if change.must_replace and change.superseded:
        # Complete the earlier replacement first.
        return _finish_replacement(change, change.existing, change.superseded, preview, referrer_rows, cleanup)
    if change.must_replace:
        return _replace(change, change.existing, preview, referrer_rows)
    return _update(change, change.existing, preview, referrer_rows, cleanup)


def _create(change: _Comparison, preview: Plan, referrer_rows: t.Mapping[Referrer, list[ApiObject]]) -> Plan:
    """Create the object; raises :class:`OptionError` for a given value that only the service can assign."""
    resource, superseded = change.resource, change.superseded
    assigned = {name: field for name, field in fields(resource.record).items() if field.option.server_assigned}
    for name, field in assigned.items():
        if getattr(change.given, field.attr) not in (None, ""):
            title = resource.provider.title
            raise OptionError(name, f"matches no existing {resource.title}, and {title} assigns it to a new one.")
    moves = repoint_all(resource, superseded, UNKNOWN_ID, referrer_rows) if superseded else ()
    create = resource_mutations(resource, None, change.desired_body, {}, change.desired_body)
    return dataclasses.replace(
        preview,
        action="create",
        result={**preview.result, **dict.fromkeys(assigned, UNKNOWN_ID)},
        mutations=(*create, *moves),
        extra=replaced_id(superseded),
        simulate=lambda: _planned_writes(change, create, moves),
    )


def _planned_writes(change: _Comparison, create: tuple[Mutation, ...], moves: tuple[Mutation, ...]) -> PlannedWrites:
    """All requests for a new object: those that create it, and those that follow after it is read back.

    A run that continues an interrupted one may write its secrets again, with or without what the first request omitted.
    """
    resource = change.resource
    first = _without_secrets(resource, from_api(resource.record, as_object(resource.api.unwrap(create[-1].body or {}))))
    later = _after_creation(change, first, secret_written=True) if create[-1].has_follow_up else ()
    stages = (first, change.after) if later else (first,)
    again = [_after_creation(change, stage, secret_written=False) for stage in stages if change.secrets]
    return PlannedWrites(
        requests=(*create, *moves, *later), permitted=tuple(request for requests in again for request in requests)
    )


def _after_creation(change: _Comparison, present: Model, *, secret_written: bool) -> tuple[Mutation, ...]:
    """The requests that follow when a new object is read back with some of its fields."""
    resource = change.resource
    assigned = dict.fromkeys(["id", *placeholders(resource.update.path)], UNKNOWN_ID)
    row: ApiObject = {**resource.constants, **to_api(present), **assigned}
    run_state = RunState(created={UNKNOWN_ID: row}, secret_written=secret_written)
    return plan(resource, change.desired, [row], {}, run_state).mutations


def _finish_replacement(
    change: _Comparison,
    row: ApiObject,
    superseded: ApiObject,
    preview: Plan,
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    cleanup: tuple[Mutation, ...],
) -> Plan:
    """Complete an interrupted replacement; the next round replaces the object again."""
    moves = tuple(
        dataclasses.replace(mutation, has_follow_up=True)
        for mutation in repoint_all(change.resource, superseded, str(row["id"]), referrer_rows)
    )
    return dataclasses.replace(
        preview,
        action="update",
        result={**preview.result, "id": UNKNOWN_ID},
        mutations=cleanup + moves,
        extra=replaced_id(superseded),
        carries_secret=False,
    )


def _replace(
    change: _Comparison, row: ApiObject, preview: Plan, referrer_rows: t.Mapping[Referrer, list[ApiObject]]
) -> Plan:
    """Create a new object, move all references to it, and delete the old one."""
    resource = change.resource
    full_body = to_api(overlay(change.after, change.given))
    mutations = (
        rename_superseded(resource, change.desired, row),
        *resource_mutations(resource, None, full_body, {}, full_body),
        *repoint_all(resource, row, UNKNOWN_ID, referrer_rows),
    )
    result = {**preview.result, "id": UNKNOWN_ID}
    return dataclasses.replace(preview, action="update", result=result, mutations=mutations, extra=replaced_id(row))


def _update(
    change: _Comparison,
    row: ApiObject,
    preview: Plan,
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    cleanup: tuple[Mutation, ...],
) -> Plan:
    """Change the fields that differ, and finish an interrupted replacement."""
    mutations = cleanup
    if change.changed_fields:
        body = {key: change.desired_body[key] for key in sorted(change.changed_fields)}
        mutations += resource_mutations(change.resource, row, body, change.current_body, change.desired_body)
    if change.superseded:
        mutations += repoint_all(change.resource, change.superseded, str(row["id"]), referrer_rows)
    action = "update" if change.changed_fields or change.superseded else "none"
    return dataclasses.replace(preview, action=action, mutations=mutations, extra=replaced_id(change.superseded))


def _template(resource: AnyKeyedResource, desired: Desired, rows: list[ApiObject]) -> ApiObject | None:
    """The object whose settings are copied to a new one (``template_option``); raises :class:`OptionError`."""
    key = settings_source(resource, desired)
    found = next((row for row in rows if key and str(row.get("id")) == key), None)
    if key and found is None:
        raise OptionError(
            resource.replacement.template_option if resource.replacement else "id",
            f"matches no {resource.title}; there is none with this id.",
            key,
        )
    return found


def _losses(resource: AnyKeyedResource, desired: Desired, current: object, expected: object) -> tuple[str, ...]:
    """A warning for each nested object that is replaced by another variant, with the fields that are removed."""
    return tuple(f"{resource.title} {desired.label}: {text}" for text in replaced_variants(current, expected))


def not_copied(resource: AnyKeyedResource, label: str, source: ApiObject | None) -> tuple[str, ...]:
    """A warning that lists the settings that are not copied to a new object.

    :param resource: its kind. :param label: its name. :param source: the object that it replaces.
    :return: the warning; empty if all are copied.
    """
    read_only = resource.read_only_fields
    own = {"id", *resource.constants, *resource.provider.server_keys, *read_only, *map(camel, read_only)}
    lost = unmapped(resource.record, {key: value for key, value in (source or {}).items() if key not in own})
    text = (
        f"{resource.title} {label}: {', '.join(lost)} of the old one is not copied to the new one, because "
        "this collection has no option for it. Set it manually."
    )
    return (text,) if lost else ()


def _cleared(resource: AnyKeyedResource, desired_record: Model) -> list[str]:
    """Keys of the free-form part of a body that are given as null, which removes a field."""
    free = [getattr(desired_record, field.attr) for field in fields(resource.record).values() if field.api_name == "*"]
    return [key for given in free for key, value in (given or {}).items() if value is None]


def _empty_as_none(value: object) -> object:
    """Compare values; absent and empty are equal."""
    return None if value in ("", [], {}) else value


def _without_missing(current: RecordT | None, run_state: RunState) -> RecordT | None:
    """The current object without ids of deleted objects in its lists of references."""
    if current is None or not any(run_state.missing.values()):
        return current

    def kept(reference: Reference) -> str | None:
        gone = reference.field.kind == "list" and run_state.missing.get(reference.value)
        return None if gone else reference.value

    return replace_references(current, kept)


def _without_secrets(resource: AnyKeyedResource, record: RecordT) -> RecordT:
    names = [field.attr for field in fields(resource.record).values() if field.option.secret]
    return record.model_copy(update=dict.fromkeys(names)) if names else record


def _secrets_to_write(
    resource: AnyKeyedResource,
    desired_record: Model,
    after: Model,
    changed_fields: t.AbstractSet[str],
    *,
    always: bool,
    new: bool,
) -> list[Field]:
    """The write-only fields to send; raises :class:`OptionError` if one is required and not given."""
    found = []
    for field in fields(resource.record).values():
        if not field.option.secret:
            continue
        given = getattr(desired_record, field.attr)
        paired = field.option.paired_with and getattr(after, field.option.paired_with, None)
        object_changed = field.api_name.split(".")[0] in changed_fields
        if given and (always or (object_changed and paired)):
            if field.option.paired_with and not paired:
                raise OptionError(
                    field.option.paired_with, f"must be given with {field.name}; the two are sent together."
                )
            found.append(field)
        elif not given and paired and object_changed:
            raise OptionError(
                field.name,
                f"must be given, because this {resource.title} is new and has a {field.option.paired_with}. If "
                "it comes from "
                "a variable or from the environment, that is empty or not set."
                if new
                else f"must be given too, because {field.option.paired_with} or a field sent with it changes: "
                f"{resource.provider.title} never returns {field.name} and replaces the whole object.",
            )
    return found


def _one_choice(resource: AnyKeyedResource, desired_record: RecordT) -> RecordT:
    given = [name for name in resource.choices if getattr(desired_record, name)]
    if not given:
        return desired_record
    return desired_record.model_copy(update={name: "" for name in resource.choices if name not in given})


def _managed_fields(resource: AnyKeyedResource, named: Model) -> dict[str, Field]:
    """The fields that a diff shows: those that are given, without secrets."""
    return {
        name: field
        for name, field in fields(resource.record).items()
        if getattr(named, field.attr) is not None and not field.option.secret
    }


def _managed(record: Model | None, named: Model, managed: dict[str, Field]) -> Result:
    displayed = {}
    for name, field in managed.items():
        value = to_display(restrict(getattr(record, field.attr), getattr(named, field.attr), field.option.free))
        if _empty_as_none(value) is not None:
            displayed[name] = value
    return displayed


def _plan_absent(
    resource: AnyKeyedResource,
    desired: Desired,
    row: ApiObject | None,
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    cleanup: tuple[Mutation, ...],
) -> Plan:
    if row is None:
        return Plan(action="none", before={}, after={}, result={}, mutations=cleanup)
    detached = _detach(resource, desired, str(row["id"]), referrer_rows)
    current = from_api(resource.record, row)
    before = _managed(current, desired.record, _managed_fields(resource, desired.record))
    mutations = (*cleanup, *detached, deletion_of(resource, row))
    return Plan(action="delete", before=before, after={}, result={}, mutations=mutations)


def _detach(
    resource: AnyKeyedResource, desired: Desired, key: str, referrer_rows: t.Mapping[Referrer, list[ApiObject]]
) -> tuple[Mutation, ...]:
    """The requests that remove references to a deleted object; raises :class:`OptionError` if one must stay."""
    force = resource.force_option and getattr(desired.options, resource.force_option)
    mutations: tuple[Mutation, ...] = ()
    for referrer in resource.referrers:
        users = [
            referring_row
            for referring_row in referrer_rows.get(referrer, ())
            if key in ids_at(referring_row, referrer.path_to_id.split("."))
        ]
        if not users or (force and not referrer.detach_on_delete):
            continue
        if not referrer.detach_on_delete:
            names = ", ".join(referring_label(referrer, user) for user in users[:10])
            more = ", …" if len(users) > 10 else ""
            or_force = f", or give {resource.force_option}: true" if resource.force_option else ""
            raise OptionError(
                "",
                f"The {resource.title} {desired.label} is still used by {referrer.title}: {names}{more}. "
                f"Change them first{or_force}.",
            )
        mutations += tuple(repoint(referrer, user, key, None) for user in users)
    return mutations
