# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner: desired state + current state -> requests and resulting state. Pure functions without I/O or clock."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import from_api, to_api, unmapped
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    ApiObject,
    Desired,
    RunState,
    choose,
    find_superseded,
    settings_source,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import (
    find_redacted,
    overlay,
    replaced_variants,
    restrict,
    to_display,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Field, camel, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import (
    Plan,
    deletion_of,
    ids_at,
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
    Mutation,
    Referrer,
    Resource,
)


def plan(
    resource: Resource,
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


def _plan_present(
    resource: Resource,
    desired: Desired,
    row: ApiObject | None,
    rows: list[ApiObject],
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    run_state: RunState,
    clean: tuple[Mutation, ...],
) -> Plan:
    replacing = resource.replace_on_change is not None and desired.options.on_auth_change == "replace"
    superseded = find_superseded(resource, desired, rows) if replacing else None
    model = None if row else _model(resource, desired, rows)
    # An interrupted replacement continues from the superseded object.
    basis = row or superseded or model
    current = from_api(resource.record, basis) if basis else None
    desired_record = _one_choice(resource, desired.record)
    if resource.resolve_desired:
        desired_record = resource.resolve_desired(
            desired_record, _without_missing(resource, current, run_state), desired.options
        )
    after = overlay(current, _without_secrets(resource, desired_record))
    masked = find_redacted(after, "")
    if masked:
        raise OptionError(
            masked,
            "contains the redaction marker of a result instead of a secret; provide the actual value or remove it.",
        )
    for validate in resource.plan_validators:
        validate(after, desired.options)

    current_body, desired_body = (to_api(current) if row and current else {}), to_api(after)
    desired_body |= {key: None for key in _cleared(resource, desired_record) if key in current_body}
    changed_fields = {
        key for key in desired_body if _empty_as_none(desired_body[key]) != _empty_as_none(current_body.get(key))
    }
    always = getattr(desired.options, "update_password", "") == "always" and not run_state.secret_written
    secrets = _secrets_to_write(
        resource, desired_record, after, changed_fields, always=always or row is None, new=row is None
    )
    if secrets:
        desired_body = to_api(
            overlay(
                after, type(after).model_construct(None, **{f.attr: getattr(desired_record, f.attr) for f in secrets})
            )
        )
        changed_fields |= {field.api_name.split(".")[0] for field in secrets}

    # Settings copied from another object are part of the change.
    named = after if model else desired_record
    managed = {
        n: f for n, f in fields(resource.record).items() if getattr(named, f.attr) is not None and not f.option.secret
    }
    before_display = _managed(current, named, managed) if row else {}
    after_display = _managed(after, named, managed)
    for field in secrets:
        before_display |= {field.name: "(not readable)"} if row else {}
        after_display[field.name] = "(written, not shown)"
    displayed = {name: value for name, value in to_display(after).items() if value not in ("", {})}
    result = {"id": str(row["id"]) if row else UNKNOWN_ID, **displayed, **read_only_values(resource, row)}
    base = Plan(
        action="none",
        before=before_display,
        after=after_display,
        result=result,
        carries_secret=bool(secrets),
        warnings=_losses(resource, desired, current, desired_record),
    )
    if row is None or (replacing and resource.replace_on_change in changed_fields):
        base = dataclasses.replace(base, warnings=(*base.warnings, *_not_taken_over(resource, desired, basis)))

    if row is None:
        for name, field in fields(resource.record).items():
            if field.option.server_assigned and getattr(desired_record, field.attr) not in (None, ""):
                title = resource.provider.title
                raise OptionError(name, f"matches no existing {resource.title}, and {title} assigns it to a new one.")
            if field.option.server_assigned:
                result[name] = UNKNOWN_ID
        moves = repoint_all(resource, superseded, UNKNOWN_ID, referrer_rows) if superseded else ()
        create = resource_mutations(resource, None, desired_body, {}, desired_body)
        return dataclasses.replace(base, action="create", mutations=(*create, *moves), extra=replaced_id(superseded))
    if superseded and resource.replace_on_change in changed_fields:
        # Complete the earlier replacement first.
        moves = tuple(
            dataclasses.replace(w, has_follow_up=True)
            for w in repoint_all(resource, superseded, str(row["id"]), referrer_rows)
        )
        result = {**result, "id": UNKNOWN_ID}
        return dataclasses.replace(
            base,
            action="update",
            result=result,
            mutations=clean + moves,
            extra=replaced_id(superseded),
            carries_secret=False,
        )
    if replacing and resource.replace_on_change in changed_fields:
        full_body = to_api(overlay(after, desired_record))
        create = resource_mutations(resource, None, full_body, {}, full_body)
        writes = (
            rename_superseded(resource, desired, row),
            *create,
            *repoint_all(resource, row, UNKNOWN_ID, referrer_rows),
        )
        result = {**result, "id": UNKNOWN_ID}
        return dataclasses.replace(base, action="update", result=result, mutations=writes, extra=replaced_id(row))
    writes = clean
    if changed_fields:
        writes += resource_mutations(
            resource, row, {key: desired_body[key] for key in sorted(changed_fields)}, current_body, desired_body
        )
    if superseded:
        writes += repoint_all(resource, superseded, str(row["id"]), referrer_rows)
    verb = "update" if changed_fields or superseded else "none"
    return dataclasses.replace(base, action=verb, mutations=writes, extra=replaced_id(superseded))


def _model(resource: Resource, desired: Desired, rows: list[ApiObject]) -> ApiObject | None:
    """The object whose settings are copied to a new one (option ``settings_from``); raises :class:`OptionError`."""
    key = settings_source(desired)
    found = next((row for row in rows if key and str(row.get("id")) == key), None)
    if key and found is None:
        raise OptionError("settings_from", f"matches no {resource.title}; there is none with this id.", key)
    return found


def _losses(resource: Resource, desired: Desired, current: t.Any, expected: t.Any) -> tuple[str, ...]:
    """A warning for each nested object that is replaced by another variant, with the fields that are removed."""
    return tuple(f"{resource.title} {desired.label}: {text}" for text in replaced_variants(current, expected))


def _not_taken_over(resource: Resource, desired: Desired, source: ApiObject | None) -> tuple[str, ...]:
    """A warning that lists the settings that are not copied to a new object."""
    own = {"id", *resource.constants, *resource.made_by_service, *map(camel, resource.read_only_fields)}
    lost = unmapped(resource.record, {key: value for key, value in (source or {}).items() if key not in own})
    text = (
        f"{resource.title} {desired.label}: {', '.join(lost)} of the old one is not copied to the new one, because "
        "this collection has no option for it. Set it manually."
    )
    return (text,) if lost else ()


def _cleared(resource: Resource, desired_record: t.Any) -> list[str]:
    """Keys of the free-form part of a body that are given as null, which removes a field."""
    free = [getattr(desired_record, field.attr) for field in fields(resource.record).values() if field.api_name == "*"]
    return [key for given in free for key, value in (given or {}).items() if value is None]


def _empty_as_none(value: t.Any) -> t.Any:
    """Compare values; absent and empty are equal."""
    return None if value in ("", [], {}) else value


def _without_missing(resource: Resource, current: t.Any, run_state: RunState) -> t.Any:
    """The current object without ids of deleted objects in its lists of references."""
    if current is None or not any(run_state.missing.values()):
        return current
    changes = {
        field.attr: [key for key in getattr(current, field.attr) or () if not run_state.missing.get(key)]
        for field in fields(resource.record).values()
        if field.attr in run_state.listed
    }
    return current.model_copy(update=changes)


def _without_secrets(resource: Resource, record: t.Any) -> t.Any:
    names = [field.attr for field in fields(resource.record).values() if field.option.secret]
    return record.model_copy(update=dict.fromkeys(names)) if names else record


def _secrets_to_write(
    resource: Resource, desired_record: t.Any, after: t.Any, changed_fields: set[str], *, always: bool, new: bool
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


def _one_choice(resource: Resource, desired_record: t.Any) -> t.Any:
    given = [name for name in resource.choices if getattr(desired_record, name)]
    if not given:
        return desired_record
    return desired_record.model_copy(update={name: "" for name in resource.choices if name not in given})


def _managed(record: t.Any, desired_record: t.Any, managed: dict[str, Field]) -> dict[str, t.Any]:
    displayed = {}
    for name, field in managed.items():
        value = to_display(restrict(getattr(record, field.attr), getattr(desired_record, field.attr)))
        if _empty_as_none(value) is not None:
            displayed[name] = value
    return displayed


def _plan_absent(
    resource: Resource,
    desired: Desired,
    row: ApiObject | None,
    referrer_rows: t.Mapping[Referrer, list[ApiObject]],
    clean: tuple[Mutation, ...],
) -> Plan:
    if row is None:
        return Plan(action="none", before={}, after={}, result={}, mutations=clean)
    key = str(row["id"])
    force = getattr(desired.options, "force", None)
    writes = clean
    for referrer in resource.referrers:
        users = [
            referring_row
            for referring_row in referrer_rows.get(referrer, ())
            if key in ids_at(referring_row, referrer.path_to_id.split("."))
        ]
        if not users or (force and not referrer.detach_on_delete):
            continue
        if not referrer.detach_on_delete:
            names = ", ".join(referring_label(referrer, holder) for holder in users[:10]) + (
                ", …" if len(users) > 10 else ""
            )
            raise OptionError(
                "",
                f"The {resource.title} {desired.label} is still used by {referrer.title}: {names}. "
                "Change them first, or give force: true.",
            )
        writes += tuple(repoint(referrer, holder, key, None) for holder in users)
    current = from_api(resource.record, row)
    managed = {
        n: f
        for n, f in fields(resource.record).items()
        if getattr(desired.record, f.attr) is not None and not f.option.secret
    }
    before = _managed(current, desired.record, managed)
    return Plan(action="delete", before=before, after={}, result={}, mutations=(*writes, deletion_of(resource, row)))
