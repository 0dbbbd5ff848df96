# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: the requests of a plan, and the result of an object."""

from __future__ import annotations

import dataclasses
import functools
import string
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import from_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OutcomeUnknownError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    Desired,
    key_of,
    name_limit,
    superseded_name,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import (
    form_of,
    to_display,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, camel
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    AnyKeyedResource,
    Mutation,
    Referrer,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import FreeForm, same_variant
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedWrites:
    """All requests of a change, as far as they can be determined before the first one.

    :param requests: those that are expected. :param permitted: those that undo one of them, or that replace it where
        the service rejects it.
    """

    requests: tuple[Mutation, ...] = ()
    permitted: tuple[Mutation, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan for one object. ``mutations`` may be the first of several steps; the engine then reads and plans again.

    :param action: ``create``, ``update``, ``delete`` or ``none``. :param before: and ``after`` are the diff.
    :param result: the resulting object. :param extra: further return values; ``current`` is their current state.
    :param simulate: determines all requests, if ``mutations`` are only the first of them.
    """

    action: str
    before: dict[str, object]
    after: dict[str, object]
    result: dict[str, object]
    mutations: tuple[Mutation, ...] = ()
    extra: dict[str, object] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    carries_secret: bool = False
    current: dict[str, object] = dataclasses.field(default_factory=dict)
    simulate: t.Callable[[], PlannedWrites] | None = None

    @functools.cached_property
    def writes(self) -> PlannedWrites:
        """All requests of the change."""
        return self.simulate() if self.simulate else PlannedWrites(requests=self.mutations)


def creation_of(resource: Resource, fields: ApiObject) -> Mutation:
    """The request that creates an object.

    :param resource: its kind. :param fields: its fields in the API's form. :return: the request.
    """
    body = {key: value for key, value in fields.items() if value is not None}
    form = resource.api.wrap({**resource.constants, **body})
    return Mutation(method="POST", path=resource.path, body=form, creates=True)


def resource_mutations(
    resource: AnyKeyedResource,
    row: ApiObject | None,
    changed_fields: ApiObject,
    current_body: ApiObject,
    desired_body: ApiObject,
) -> tuple[Mutation, ...]:
    """The requests for an update, by default one.

    :param resource: the object's kind. :param row: the current object, or ``None``.
    :param changed_fields: the changed part of the body. :param current_body: the current body.
    :param desired_body: the desired body. :return: the requests.
    """
    if resource.update.mutations:
        return resource.update.mutations(resource, row, changed_fields, current_body, desired_body)
    if row is None:
        return (creation_of(resource, changed_fields),)
    body = {
        key: _merged_value(row.get(key), current_body.get(key), value, form_of(resource.record, key))
        for key, value in changed_fields.items()
    }
    return (mutation_of(resource, row, resource.update.method, body=resource.api.wrap({**resource.constants, **body})),)


def _merged_value(raw: object, current: object, desired: object, form: FreeForm | None) -> object:
    """An object as it is sent: the desired fields, and all other fields of the current object's variant."""
    if not isinstance(desired, dict) or not isinstance(raw, dict) or not same_variant(raw, desired, form):
        return desired
    known = current if isinstance(current, dict) else {}
    return {key: value for key, value in raw.items() if value is not None and key not in known} | desired


def mutation_of(
    resource: AnyKeyedResource,
    row: ApiObject,
    method: str,
    *,
    body: ApiObject | None = None,
    deletes_id: str | None = None,
    missing_ok: bool = False,
) -> Mutation:
    """A request for one object.

    :param resource: the object's kind. :param row: the object. :param method: the HTTP method.
    :param body: its body. :param deletes_id: the id of the object that it deletes.
    :param missing_ok: whether a 404 means success. :return: the request.
    """
    path = resource.update.path or resource.path + "/{id}"
    return Mutation(
        method=method,
        path=path,
        ids={name: str(row[name]) for name in placeholders(path)},
        body=body,
        deletes_id=deletes_id,
        missing_ok=missing_ok,
    )


@functools.lru_cache(maxsize=256)
def placeholders(path: str) -> tuple[str, ...]:
    """The names in a path template.

    :param path: such as ``/lists/{name}``. :return: the names, in their order.
    """
    return tuple(name for _text, name, _spec, _conversion in string.Formatter().parse(path) if name)


def read_only_values(resource: Resource, row: ApiObject | None) -> Result:
    """The read-only fields of a response; only scalar values are included.

    :param resource: the object's kind. :param row: the object, or ``None``. :return: the values.
    """
    found: Result = {}
    for name in resource.read_only_fields:
        value = (row or {}).get(camel(name), (row or {}).get(name))
        if isinstance(value, (str, int, float, bool)):
            found[name] = value
    return found


def to_result(resource: Resource, row: ApiObject, options: Model) -> Result:
    """Convert an object of the service to the form that modules return.

    :param resource: its kind. :param row: the service's form. :param options: options that affect the form.
    :return: the return value, without secrets.
    """
    if resource.view.to_result:
        return resource.view.to_result(row, options)
    key = {"id": str(row["id"])} if "id" in row else {}
    displayed = {
        name: value for name, value in to_display(from_api(resource.record, row)).items() if value not in ("", {})
    }
    return {**key, **displayed, **read_only_values(resource, row)}


def deletion_of(resource: AnyKeyedResource, row: ApiObject) -> Mutation:
    """The request that deletes an object.

    :param resource: the object's kind. :param row: the object. :return: the request.
    """
    return mutation_of(resource, row, "DELETE", deletes_id=str(row["id"]), missing_ok=True)


def ids_at(value: object, path: list[str]) -> set[str]:
    """All ids at a dotted path; each list on the path is searched.

    :param value: the object. :param path: the keys of the path. :return: the ids.
    """
    if isinstance(value, list):
        return {key for item in value for key in ids_at(item, path)}
    if not path:
        return {str(value)} if value is not None else set()
    return ids_at(value.get(path[0]), path[1:]) if isinstance(value, dict) else set()


def referring_label(referrer: Referrer, referring_row: ApiObject) -> str:
    """The name of a referrer for messages.

    :param referrer: its kind. :param referring_row: the referrer. :return: the name.
    """
    return printable(next((str(referring_row[key]) for key in referrer.label if referring_row.get(key)), "?"))


def repoint(referrer: Referrer, referring_row: ApiObject, old: str, new: str | None) -> Mutation:
    """The request that changes a reference from ``old`` to ``new``, or removes it (``None``); sends the whole field.

    :param referrer: the referrer's kind. :param referring_row: the referrer. :param old: the current id.
    :param new: the new id, or ``None``. :return: the request.
    """
    top = referrer.path_to_id.partition(".")[0]
    body = {key: referring_row[key] for key in referrer.required_fields if key in referring_row}
    body[top] = replaced_reference(referring_row, referrer.path_to_id, old, new)[top]
    return Mutation(
        method=referrer.update_method,
        path=referrer.path + "/{id}",
        ids={"id": str(referring_row["id"])},
        body=body,
        # The body repeats the other values, which an earlier request of the same run may have changed.
        effect=("reference", str(referring_row["id"]), referrer.path_to_id, old, new or ""),
    )


def replaced_reference(row: ApiObject, path_to_id: str, old: str, new: str | None) -> ApiObject:
    """A referrer after :func:`repoint`.

    :param row: the referrer. :param path_to_id: dotted path of the reference. :param old: the current id.
    :param new: the new id, or ``None``. :return: the referrer.
    """
    top, *rest = path_to_id.split(".")
    return {**row, top: _replace_id(row.get(top), rest, old, new)}


def _replace_id(value: object, path: list[str], old: str, new: str | None) -> object:
    if isinstance(value, list):
        kept = [_replace_id(item, path, old, new) for item in value]
        return [item for item in kept if item is not None]
    if not path:
        return new if value == old else value
    return {**value, path[0]: _replace_id(value.get(path[0]), path[1:], old, new)} if isinstance(value, dict) else value


def rename_superseded(resource: AnyKeyedResource, desired: Desired, row: ApiObject) -> Mutation:
    """The request that renames an object before it is replaced.

    :param resource: its kind, which can be replaced. :param desired: the new object. :param row: the object.
    :return: the request. :raises OptionError: if no identifying option was given.
    """
    field, value = key_of(resource, desired)
    body = {**resource.constants, field.api_name: superseded_name(str(value), name_limit(field))}
    return mutation_of(resource, row, resource.update.method, body=resource.api.wrap(body))


def repoint_all(
    resource: AnyKeyedResource, row: ApiObject, new: str, referrer_rows: t.Mapping[Referrer, list[ApiObject]]
) -> tuple[Mutation, ...]:
    """The requests that move all references from an object to its replacement.

    :param resource: the object's kind. :param row: the object. :param new: the id of the replacement.
    :param referrer_rows: the possible referrers by kind. :return: the requests.
    """
    key = str(row["id"])
    moved = [
        repoint(referrer, referring_row, key, new)
        for referrer in resource.referrers
        for referring_row in referrer_rows.get(referrer, ())
        if key in ids_at(referring_row, referrer.path_to_id.split("."))
    ]
    return (*moved, deletion_of(resource, row))


def replaced_id(row: ApiObject | None) -> Result:
    """The return value with the id of a replaced object.

    :param row: the object, or ``None``. :return: the return value; empty without an object.
    """
    return {"replaced_id": str(row["id"])} if row else {}


def created_object(resource: Resource, write: Mutation, answer: object) -> ApiObject:
    """The object in the response to a create request.

    :param resource: its kind. :param write: the request. :param answer: the response.
    :return: the object. :raises OutcomeUnknownError: if the response contains none.
    """
    row = resource.api.unwrap(answer) if isinstance(answer, dict) else None
    if not isinstance(row, dict) or not row.get("id"):
        raise OutcomeUnknownError(
            f"The response of {resource.provider.title} to {write.method} {write.path} contains no object."
        )
    return row
