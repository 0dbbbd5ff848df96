# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: desired objects, and which object of a list each of them means."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import sys
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    AmbiguousError,
    Faults,
    OptionError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Field, Model, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import (
    faults_of,
    undocumented_keys,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Identity
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyKeyedResource,
    OneShotResource,
    RenamableState,
    Resource,
)

#: The rule for objects of which only one may exist, because one is the previous one of another.
PREVIOUS_KEYS = "matches several {kind}, of which only one may exist: {names}. Rename or remove the others, or correct "
PREVIOUS_KEYS += "the former names."


@dataclasses.dataclass(frozen=True)
class Desired:
    """A desired object: its fields, its other options, and its id if one was given.

    :param path: the option that declares it, if a task has several objects.
    :param previous_keys: earlier values of its key: an object with one of them is this object, and gets the new value.
    :param reference_names: the names of referenced objects that do not exist yet, by the path of the reference.
    """

    record: t.Any
    options: t.Any
    id: str | None = None
    label: str = ""
    warnings: tuple[str, ...] = ()
    path: str = ""
    previous_keys: tuple[str, ...] = ()
    reference_names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The name under which the object may exist: the desired one, and the earlier ones."""
        return (self.label, *self.previous_keys)


def desired_from_options(resource: Resource, params: Params) -> Desired:
    """Read and check the options of an object, without requests.

    :param resource: the object's kind. :param params: the options. :return: the desired object.
    :raises OptionError: with all errors that were found.
    """
    faults = Faults()
    record, options = faults_of(resource.record, params, faults), faults_of(resource.options, params, faults)
    key = str(params.get("id") or "") or None
    if key and key != UNKNOWN_ID:
        faults.of("id", resource.provider.check_id, key)
    advice = tuple(filter(None, [_asked(rule, record, options, faults) for rule in resource.validators]))
    label = next((str(value) for value in _keys(resource, record) if value), "")
    if resource.keys and not label and not key:
        faults.add(OptionError(" or ".join(resource.keys), f"must be given; it identifies the {resource.title}."))
    previous = _former_names(options, label, faults)
    faults.end()
    label = label or key or resource.title
    if getattr(options, "state", "present") == "present":
        title = f"{resource.title[0].upper()}{resource.title[1:]} {label}".strip()
        strange = undocumented_keys(resource.record, params, title, resource.provider.title)
        advice += (strange,) if strange else ()
    return Desired(record, options, key, label, advice, previous_keys=previous)


def _former_names(options: Model, label: str, faults: Faults) -> tuple[str, ...]:
    """The earlier names of an object; errors are added to ``faults``."""
    names = tuple(options.former_names or ()) if isinstance(options, RenamableState) else ()
    for index, name in enumerate(names):
        if not name.strip():
            faults.add(OptionError(f"former_names[{index}]", "is empty; remove it."))
        elif name == label:
            faults.add(OptionError(f"former_names[{index}]", "is the name itself; remove it.", name))
    return names


def _asked(rule: t.Callable[[Model, Model], str | None], record: Model, options: Model, faults: Faults) -> str | None:
    """The warning of a validator; its errors are added to ``faults``."""
    try:
        return rule(record, options)
    except OptionError as problem:
        faults.add(problem)
    except Exception:
        # A validator may fail on a record whose errors are already reported.
        if not faults.found:
            raise
    return None


def desired_batches(resource: Resource, params: Params) -> tuple[list[Desired], Result, tuple[str, ...]]:
    """The objects that the options of one task declare.

    :param resource: the objects' kind. :param params: the options.
    :return: the desired objects, further return values, and warnings.
    :raises OptionError: with all errors that were found.
    """
    desired = desired_from_options(resource, params)
    if not isinstance(resource, OneShotResource) or not resource.expand:
        return [desired], {}, ()
    parts = resource.expand(desired.record, desired.options)
    desired_objects = [
        dataclasses.replace(desired, record=record, label=next(map(str, _keys(resource, record)), desired.label))
        for record in parts.records
    ]
    return desired_objects, parts.summary, parts.warnings


def _keys(resource: Resource, record: object) -> list[object]:
    return [getattr(record, fields(resource.record)[name].attr) for name in resource.keys]


@dataclasses.dataclass
class RunState:
    """What this run has done to one object; kept over all rounds of reading and planning."""

    created: dict[str, ApiObject] = dataclasses.field(default_factory=dict)
    deleted_ids: set[str] = dataclasses.field(default_factory=set)
    secret_written: bool = False
    copied: set[Identity] = dataclasses.field(default_factory=set)
    refused: set[Identity] = dataclasses.field(default_factory=set)
    moves: int = 0  # times that this run has appended copies
    seen_ids: set[str] = dataclasses.field(default_factory=set)  # of the rows of an ordered list, in any reading
    inserted: bool = False  # whether a new row was listed before an older one
    declared_identities: set[Identity] = dataclasses.field(
        default_factory=set
    )  # identities that other items of the same task declare
    #: Existing ids of the lists that were read, by the ``id()`` of the kind of their objects.
    listed: dict[int, frozenset[str]] = dataclasses.field(default_factory=dict)
    #: Ids that were read individually, and whether they are missing.
    missing: dict[str, bool] = dataclasses.field(default_factory=dict)

    def without_lists(self) -> RunState:
        """A copy without the lists of existing ids, from which ``missing`` follows."""
        kept = copy.copy(self)
        # Made for each object in each round: much faster than by the fields of the class.
        vars(kept).update({name: value.copy() for name, value in vars(self).items() if isinstance(value, (dict, set))})
        kept.listed = {}
        return kept


def key_of(resource: Resource, desired: Desired) -> tuple[Field, object]:
    """The identifying option that was given.

    :param resource: the object's kind. :param desired: the desired object. :return: the field and its value.
    :raises OptionError: if none was given.
    """
    for name in resource.keys:
        field = fields(resource.record)[name]
        value = getattr(desired.record, field.attr)
        if value not in (None, ""):
            return field, value
    raise OptionError(resource.keys[0], "must be given; it identifies the object.")


def index(resource: AnyKeyedResource, rows: t.Iterable[ApiObject]) -> t.Callable[[Desired, RunState], list[ApiObject]]:
    """An index of rows, so that planning many objects does not compare each with every row.

    :param resource: the objects' kind. :param rows: all objects of the kind.
    :return: a function ``(want, memory)`` that returns the rows that may match an object.
    """
    places = [(name, fields(resource.record)[name].api_name.split(".")) for name in resource.keys]
    known: dict[tuple[str, str], list[ApiObject]] = {}
    for row in rows:
        known.setdefault(("", str(row.get("id"))), []).append(row)
        for name, path in places:
            if (value := dig(row, path)) is not None:
                known.setdefault((name, resource.normalize_key(str(value))), []).append(row)

    def candidates(desired: Desired, run_state: RunState) -> list[ApiObject]:
        ids = [("", str(key)) for key in (desired.id, settings_source(resource, desired), *run_state.created) if key]
        found = {id(row): row for place in (*ids, *_names_to_find(resource, desired)) for row in known.get(place, ())}
        return list(found.values())

    return candidates


def _names_to_find(resource: AnyKeyedResource, desired: Desired) -> t.Iterator[tuple[str, str]]:
    """The identifying options with each value under which the object may exist."""
    for name, value in zip(resource.keys, _keys(resource, desired.record), strict=True):
        if value in (None, ""):
            continue
        texts = [str(value), *(desired.previous_keys if name == resource.keys[0] else ())]
        if resource.replacement:
            texts.append(superseded_name(str(value), name_limit(fields(resource.record)[name])))
        yield from ((name, resource.normalize_key(text)) for text in texts)


def choose(
    resource: AnyKeyedResource, desired: Desired, rows: list[ApiObject], run_state: RunState
) -> tuple[ApiObject | None, list[ApiObject]]:
    """The row that matches, and rows that this run created concurrently with another run and deletes again.

    Two concurrent runs that create the same object see both when they list again: the oldest is kept, and each run
    deletes only its own.

    :param resource: the object's kind. :param desired: the desired object. :param rows: the rows that may match.
    :param run_state: what this run has already done. :return: the row, or ``None``, and the rows to delete.
    :raises AmbiguousError: if several objects match. :raises OptionError: if no object has the id that was given.
    """
    if desired.id and not _moved_on(resource, desired, rows, run_state):
        found = [row for row in rows if str(row.get("id")) == desired.id]
        if not found and desired.options.state == "present":
            raise OptionError(
                "id", f"no {resource.title} has this id; leave it out to create one by {resource.keys[0]}."
            )
        return (found[0] if found else None), []
    field, value = key_of(resource, desired)
    path = field.api_name.split(".")
    found = _with_key(resource, path, [str(value)], rows)
    previous = _with_key(resource, path, desired.previous_keys, rows)
    if previous and (found or len(previous) > 1):
        names = ", ".join(f"{dig(row, path)} ({row.get('id')})" for row in (*found, *previous))
        raise AmbiguousError(field.name, PREVIOUS_KEYS.format(kind=f"{resource.title}s", names=names))
    found = found or previous
    found.sort(key=lambda row: (str(row.get(resource.provider.creation_time, "")), str(row.get("id"))))
    if len(found) > 1 and not run_state.created:
        pick = "id" if resource.by_id else resource.keys[0]
        ids = ", ".join(str(row.get(pick)) for row in found)
        raise AmbiguousError(
            field.name, f"matches {len(found)} {resource.title}s: {ids}. Give {pick} to pick one, or remove the others."
        )
    return (found[0] if found else None), [row for row in found[1:] if str(row.get("id")) in run_state.created]


def _with_key(
    resource: AnyKeyedResource, path: list[str], values: t.Iterable[str], rows: list[ApiObject]
) -> list[ApiObject]:
    """The rows with one of some values of their key."""
    keys = {resource.normalize_key(value) for value in values}
    return [row for row in rows if dig(row, path) is not None and resource.normalize_key(str(dig(row, path))) in keys]


def _moved_on(resource: AnyKeyedResource, desired: Desired, rows: list[ApiObject], run_state: RunState) -> bool:
    """Whether the object with the given id was or is being replaced: then the name identifies the current object."""
    if desired.options.state != "present" or not may_replace(resource, desired):
        return False
    superseded = find_superseded(resource, desired, rows)
    return desired.id in run_state.deleted_ids or (superseded is not None and str(superseded.get("id")) == desired.id)


def may_replace(resource: AnyKeyedResource, desired: Desired) -> bool:
    """Whether a change may create a new object.

    :param resource: the object's kind. :param desired: the desired object. :return: whether its options say so.
    """
    return resource.replacement is not None and resource.replacement.requested(desired.options)


def settings_source(resource: AnyKeyedResource, desired: Desired) -> str | None:
    """The object whose settings are copied to a new one.

    :param resource: the object's kind. :param desired: the new object. :return: the id, if one is given.
    """
    return getattr(desired.options, resource.replacement.template_option) if resource.replacement else None


# The old object is renamed first, so that two objects never have the same name, and the next run can continue an
# interrupted one: the references to an object with the second name are moved to the new object, then it is deleted.


def superseded_name(name: str, limit: int, suffix: str = " (replaced)") -> str:
    """The name of an object while it is being replaced.

    :param name: its name. :param limit: maximum length of a name. :param suffix: what is appended to the name.
    :return: the second name, at most that long.
    """
    if len(name) + len(suffix) <= limit:
        return name + suffix
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: limit - len(suffix) - 7]}~{digest}{suffix}"


def name_limit(field: Field) -> int:
    """The maximum length of a name.

    :param field: the field with the name. :return: the length that its declaration permits.
    """
    return field.option.length[1] if field.option.length else sys.maxsize


def find_superseded(resource: AnyKeyedResource, desired: Desired, rows: list[ApiObject]) -> ApiObject | None:
    """The object that an interrupted replacement left.

    :param resource: its kind. :param desired: the desired object. :param rows: all objects of its kind.
    :return: the object, if there is one. :raises OptionError: if no identifying option was given.
    """
    if resource.replacement is None:
        return None
    field, value = key_of(resource, desired)
    name = superseded_name(str(value), name_limit(field))
    return next((row for row in rows if dig(row, field.api_name.split(".")) == name), None)
