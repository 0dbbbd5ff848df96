# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model in the API's form and back."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import ValidationError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Field, Model, fields

RecordT = t.TypeVar("RecordT", bound=Model)


def to_api(record: Model) -> ApiObject:
    """Convert a record to a request body: a field that is ``None`` is absent, an empty one is ``None``.

    :param record: the record. :return: the body.
    """
    body: ApiObject = {}
    # Merged fields come first; named fields overwrite their keys.
    order = sorted(fields(type(record)).values(), key=lambda field: not field.api_name.endswith("*"))
    for field in order:
        value = getattr(record, field.attr)
        if value is None or not field.api_name:
            continue
        *path, last = field.api_name.split(".")
        if last == "*":
            if value:
                _container(body, path).update(value)
            continue
        value = _value_to_api(field, value)
        if value is None and path:
            continue  # in an object that is replaced as a whole, absent means empty
        _container(body, path)[last] = value
    return record.sent(body)


def _container(body: ApiObject, path: list[str]) -> ApiObject:
    for step in path:
        there = body.get(step)
        inner: ApiObject = dict(there) if isinstance(there, dict) else {}
        body[step] = body = inner
    return body


def _value_to_api(field: Field, value: object) -> object:
    if isinstance(value, Model):
        return to_api(value) or None
    if field.kind == "records" and isinstance(value, list):
        return [to_api(item) for item in value]
    if value == {} or (value == "" and field.option.ref):
        return None
    return value


def from_api(record: type[RecordT], raw: object) -> RecordT:
    """Create a record from a response. An invalid field is ``None``; no response causes an exception.

    :param record: the record's class. :param raw: the response. :return: the record.
    """
    values = _values_from_api(record, raw)
    for _attempt in range(len(values) + 1):
        try:
            return record.model_validate(values, context={"answer": True})
        except ValidationError as error:
            bad = {item["loc"][0] for item in error.errors(include_input=False, include_context=False) if item["loc"]}
        values = {name: value for name, value in values.items() if name not in bad}
    return record.model_construct()


def _values_from_api(record: type[Model], given: object) -> dict[str, object]:
    raw = record.received(given) if isinstance(given, dict) else {}
    values: dict[str, object] = {}
    for field in fields(record).values():
        # A secret is write-only, even if a service returns it.
        readable = field.api_name and not field.option.secret
        value = dig(raw, field.api_name.split(".")) if readable else None
        if isinstance(value, dict) and not field.nested:
            value = without_none(value)
        if isinstance(value, dict) and field.api_name.endswith("*"):
            value = without(value, field.option.exclude) or None
        if field.nested and isinstance(value, dict):
            value = _values_from_api(field.nested, value)
        elif field.nested and isinstance(value, list):
            value = [_values_from_api(field.nested, item) for item in value]
        if value is not None:
            values[field.attr] = value
    return values


def unmapped(record: type[Model], raw: object) -> list[str]:
    """The paths of a response with a value for which the record has no field.

    :param record: the record's class. :param raw: the response. :return: dotted paths.
    """
    if not isinstance(raw, dict):
        return []
    tree: dict[str, object] = {}
    for field in fields(record).values():
        *path, last = field.api_name.split(".")
        room = tree
        for step in path:
            inner = room.setdefault(step, {})
            room = inner if isinstance(inner, dict) else {}
        room[last] = field
    return list(_unmapped(tree, record.received(raw), ""))


def _unmapped(tree: dict[str, object], raw: dict[str, object], path: str) -> t.Iterator[str]:
    for key, value in raw.items():
        known = tree.get(key, tree.get("*"))
        if value in (None, "", [], {}):
            continue
        if known is None:
            yield path + str(key)
        elif isinstance(known, dict) and isinstance(value, dict):
            yield from _unmapped(known, value, f"{path}{key}.")
        elif isinstance(known, Field) and known.nested:
            items = value if isinstance(value, list) else [value]
            for index, item in enumerate(items):
                place = f"{path}{key}[{index}]" if isinstance(value, list) else f"{path}{key}"
                yield from (f"{place}.{inner}" for inner in unmapped(known.nested, item))


def without(value: ApiObject, drop: t.Iterable[str]) -> ApiObject:
    """A dict without ``None`` and without some dotted paths.

    :param value: the dict. :param drop: the dotted paths. :return: a new dict.
    """
    value = {key: item for key, item in value.items() if item is not None}
    for head, *rest in (place.split(".", 1) for place in drop):
        if not rest:
            value.pop(head, None)
        elif isinstance(inner := value.get(head), dict):
            value[head] = without(inner, rest)
            if not value[head]:
                del value[head]
    return value


def dig(raw: object, path: t.Sequence[str]) -> object:
    """The value at a dotted path.

    :param raw: the object. :param path: the keys of the path. :return: the value; ``None`` if there is none.
    """
    for step in path:
        if step == "*":
            return raw
        if not isinstance(raw, dict):
            return None
        raw = raw.get(step)
    return raw


def without_none(value: object) -> object:
    """Remove ``None`` from dicts at any depth.

    :param value: the value. :return: a new value.
    """
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return value
