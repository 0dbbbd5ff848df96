# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""References to other objects in a record and in its displayed form, at any depth. Pure."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import (
    Field,
    Model,
    fields,
    names_fact,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID, Resource

RecordT = t.TypeVar("RecordT", bound=Model)


@dataclasses.dataclass(frozen=True)
class Reference:
    """A name or an id in a field that refers to another object.

    :param field: the field. :param path: the option with the value, such as ``members[1].owner``.
    """

    field: Field
    path: str
    value: str

    @property
    def resource(self) -> Resource:
        """The kind of the referenced object."""
        resource = self.field.option.ref
        if resource is None:
            raise TypeError(f"{self.path} is no reference")
        return resource


@functools.cache
def has_lists(record: type[Model], within: frozenset[type[Model]] = frozenset()) -> bool:
    """Whether a record may contain lists of references.

    :param record: the record. :param within: the records that contain it. :return: the result.
    """
    return record not in within and any(
        (field.kind == "list" and field.option.ref) or (field.nested and has_lists(field.nested, within | {record}))
        for field in fields(record).values()
    )


def references(record: Model) -> list[Reference]:
    """The references of a record that are not empty.

    :param record: the record. :return: the references at any depth, in the order of declaration.
    """
    found: list[Reference] = []

    def note(reference: Reference) -> str:
        found.append(reference)
        return reference.value

    replace_references(record, note)
    return found


def replace_references(record: RecordT, replace: t.Callable[[Reference], str | None], path: str = "") -> RecordT:
    """Replace the references of a record at any depth.

    :param record: the record. :param replace: a reference -> its new value; ``None`` removes it.
    :param path: the path of the record. :return: a new record; lists of references have no duplicates.
    """
    if not _has_references(type(record)):
        return record
    changes: dict[str, object] = {}
    for name, field in fields(type(record)).items():
        value, where = getattr(record, field.attr), f"{path}.{name}" if path else name
        if field.nested:
            changes[field.attr] = _inside(value, replace, where)
        elif field.option.ref and isinstance(value, list):
            new = [replace(Reference(field, f"{where}[{index}]", item)) for index, item in enumerate(value)]
            # Two objects that do not exist yet share one placeholder but are not duplicates.
            changes[field.attr] = [
                item
                for index, item in enumerate(new)
                if item is not None and (item == UNKNOWN_ID or item not in new[:index])
            ]
        elif field.option.ref and value:
            changes[field.attr] = replace(Reference(field, where, value))
    return record.model_copy(update=changes)


def _inside(value: object, replace: t.Callable[[Reference], str | None], path: str) -> object:
    if isinstance(value, list):
        return [_inside(item, replace, f"{path}[{index}]") for index, item in enumerate(value)]
    return replace_references(value, replace, path) if isinstance(value, Model) else value


@functools.cache
def _has_references(record: type[Model], within: frozenset[type[Model]] = frozenset()) -> bool:
    """Whether a record can contain references, so that long lists of others are not searched."""
    return record not in within and any(
        field.option.ref or (field.nested and _has_references(field.nested, within | {record}))
        for field in fields(record).values()
    )


def displayed_references(record: type[Model], item: object) -> t.Iterator[Resource]:
    """The kinds of the objects that an object refers to in its displayed form.

    :param record: the object's record. :param item: its displayed form, or a list of them.
    :return: the kind of each reference at any depth that is not empty.
    """
    if isinstance(item, list):
        for each in item:
            yield from displayed_references(record, each)
    for name, value in item.items() if isinstance(item, dict) and _has_references(record) else ():
        field = fields(record).get(name)
        if field and field.nested:
            yield from displayed_references(field.nested, value)
        elif field and field.option.ref and value:
            yield field.option.ref


@t.overload
def add_names(record: type[Model], item: Result, names: t.Mapping[str, str]) -> Result:
    pass


@t.overload
def add_names(record: type[Model], item: object, names: t.Mapping[str, str]) -> object:
    pass


def add_names(record: type[Model], item: object, names: t.Mapping[str, str]) -> object:
    """Add the names of referenced objects to a result, such as ``owner_name`` and ``tool_names``.

    :param record: the object's record. :param item: its displayed form, or a list of them.
    :param names: the names by id. :return: the displayed form with the names, each next to its id.
    """
    if isinstance(item, list):
        return [add_names(record, each, names) for each in item]
    if not isinstance(item, dict) or not _has_references(record):
        return item
    named: dict[str, object] = dict(item)
    found: dict[str, object] = {}
    for name, value in item.items():
        field = fields(record).get(name)
        if field and field.nested:
            named[name] = add_names(field.nested, value, names)
        elif not field or not field.option.ref or not field.option.ref.path or not value:
            continue
        elif isinstance(value, list):
            found[names_fact(field)] = [names.get(str(key), str(key)) for key in value]
        elif str(value) in names:
            found[names_fact(field)] = names[str(value)]
    return {**named, **found}


Pending = t.Mapping[str, list[str]]


@t.overload
def followed_by_names(
    record: type[Model], item: Result, names: t.Mapping[str, str], pending: Pending | None = None, path: str = ""
) -> Result:
    pass


@t.overload
def followed_by_names(
    record: type[Model], item: object, names: t.Mapping[str, str], pending: Pending | None = None, path: str = ""
) -> object:
    pass


def followed_by_names(
    record: type[Model], item: object, names: t.Mapping[str, str], pending: Pending | None = None, path: str = ""
) -> object:
    """Add the name of each referenced object to its id, for a diff.

    :param record: the object's record. :param item: its displayed form, or a list of them.
    :param names: the names by id. :param pending: the names of objects that do not exist yet, by the option with the
        references, in their order. :param path: the path of the item.
    :return: the displayed form with texts such as ``17 (Main)``.
    """
    if isinstance(item, list):
        return [followed_by_names(record, each, names, pending, f"{path}[{at}]") for at, each in enumerate(item)]
    if not isinstance(item, dict) or not _has_references(record):
        return item
    known, found = fields(record), dict(item)
    for name, value in item.items():
        field, where = known.get(name), f"{path}.{name}" if path else name
        if field and field.nested:
            found[name] = followed_by_names(field.nested, value, names, pending, where)
        elif field and field.option.ref:
            found[name] = _followed(value, names, iter((pending or {}).get(where, ())))
    return found


def _followed(value: object, names: t.Mapping[str, str], pending: t.Iterator[str]) -> object:
    if isinstance(value, list):
        return [_followed(item, names, pending) for item in value]
    name = next(pending, "") if value == UNKNOWN_ID else names.get(str(value))
    return f"{value} ({name})" if name and name != value else value
