# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Destinations in the parameters of a transfer tool's function, which are a JSON schema for the model. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_list
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_uri

#: Maximum depth of a schema; deeper parts are not changed.
DEPTH = 40
#: Keywords with a list of values, with one value, and with a list of alternative schemas.
LISTS, VALUES, BRANCHES = ("enum", "examples"), ("const", "default"), ("oneOf", "anyOf")
_NUMBER = r"(?:tel:)?\+?[0-9](?:[ ().-]{0,2}[0-9]){2,14}"
_URI = r"sips?:[^@\s]+@[^\s,;\"'<>()]+"
#: A number or a URI inside a text; short numbers are no destinations there.
_IN_TEXT = re.compile(rf"{_URI}|(?<![\w.@+-])\+?[0-9](?:[ ().-]{{0,2}}[0-9]){{6,14}}(?![\w@])", re.IGNORECASE)


def identity_of(target: object) -> str:
    """What makes two spellings the same destination: the digits of a number or of a URI's user, or the text itself.

    :param target: a number, a SIP URI or a name. :return: its identity.
    """
    text = str(target).strip()
    uri = parse_uri(text)
    user = uri.user if uri.scheme and uri.user else text
    if re.fullmatch(_NUMBER, user, re.IGNORECASE):
        return re.sub("[^0-9]", "", user)
    return uri.identity if uri.scheme and uri.user else text


def stale_in(targets: t.Sequence[str], previous: t.Sequence[str]) -> t.Callable[[object], bool]:
    """A function that recognises the destinations that a tool no longer has.

    :param targets: its destinations. :param previous: those before.
    :return: the function; true for a previous one, and for a number or a URI that is none of them.
    """
    known, gone = set(map(identity_of, targets)), set(map(identity_of, previous))

    def stale(value: object) -> bool:
        if not isinstance(value, (str, int)) or isinstance(value, bool) or identity_of(value) in known:
            return False
        outside = re.fullmatch(f"{_NUMBER}|{_URI}", str(value).strip(), re.IGNORECASE)
        return identity_of(value) in gone or bool(outside)

    return stale


def stale_values(schema: object, targets: t.Sequence[str]) -> list[str]:
    """The numbers and URIs that a schema offers to the model and that are no destinations of the tool.

    :param schema: the schema of a destination. :param targets: the destinations of the tool.
    :return: the values, each once.
    """
    stale, found, left = stale_in(targets, ()), dict[str, None](), [schema]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            values = [item for key in LISTS for item in as_list(node.get(key))] + [node.get(key) for key in VALUES]
            found |= {str(value): None for value in values if stale(value)}
        inner = list(node.values()) if isinstance(node, dict) else as_list(node)
        left += reversed(inner)
    return list(found)


def without_stale(
    schema: ApiObject, targets: t.Sequence[str], stale: t.Callable[[object], bool], depth: int = DEPTH
) -> ApiObject:
    """The keywords of a schema that change if stale destinations are removed from it, at any depth.

    :param schema: the schema of a destination. :param targets: the destinations of the tool.
    :param stale: recognises those that it no longer has. :param depth: how deep to look.
    :return: the changed keywords; ``None`` for one that is removed.
    """
    changed: ApiObject = {}
    for key, value in schema.items():
        after = _without_stale_values(key, value, targets, stale)
        if after is value and depth:
            after = _without_stale_schemas(key, value, targets, stale, depth - 1)
        if after is not value:
            changed[key] = after
    return changed


def _without_stale_values(
    key: str, value: object, targets: t.Sequence[str], stale: t.Callable[[object], bool]
) -> object:
    """A keyword that holds values; the same object if it does not change."""
    if key in LISTS and isinstance(value, list) and any(map(stale, value)):
        kept = [item for item in value if not stale(item)]
        return [*kept, *(target for target in targets if target not in kept)] or None
    return None if key in VALUES and stale(value) else value


def _without_stale_schemas(
    key: str, value: object, targets: t.Sequence[str], stale: t.Callable[[object], bool], depth: int
) -> object:
    """A keyword that holds schemas; the same object if it does not change."""
    if isinstance(value, list) and key in (*BRANCHES, "allOf", "prefixItems"):
        after = _branches(value, targets, stale, depth) if key in BRANCHES else _items(value, targets, stale, depth)
        return value if after == value else after or None
    if isinstance(value, dict) and key in ("items", "additionalProperties", "contains"):
        return without_stale(value, targets, stale, depth) or value
    if isinstance(value, dict) and key in ("properties", "$defs", "definitions"):
        inner = {name: without_stale(item, targets, stale, depth) for name, item in _schemas(value)}
        return {name: item for name, item in inner.items() if item} or value
    return value


def _items(rows: list[t.Any], targets: t.Sequence[str], stale: t.Callable[[object], bool], depth: int) -> list[t.Any]:
    return [_changed_item(row, targets, stale, depth) for row in rows]


def _schemas(value: ApiObject) -> list[tuple[str, ApiObject]]:
    return [(name, item) for name, item in value.items() if isinstance(item, dict)]


def _changed_item(item: object, targets: t.Sequence[str], stale: t.Callable[[object], bool], depth: int) -> object:
    """A schema in a list without stale destinations; it is replaced as a whole."""
    if not isinstance(item, dict):
        return item
    merged = {**item, **without_stale(item, targets, stale, depth)}
    return {key: value for key, value in merged.items() if value is not None}


def _branches(
    rows: list[t.Any], targets: t.Sequence[str], stale: t.Callable[[object], bool], depth: int
) -> list[t.Any]:
    """Alternatives without those that only stand for a stale destination; the declared ones that are missing follow."""
    kept = [row for row in rows if not (_values_of(row) and all(map(stale, _values_of(row))))]
    kept = _items(kept, [], stale, depth)
    if kept == rows:
        return rows
    there = {identity_of(value) for row in kept for value in _values_of(row)}
    return [*kept, *({"const": target} for target in targets if identity_of(target) not in there)]


def _values_of(branch: object) -> list[object]:
    """The values that an alternative allows; empty if it does not list them."""
    if not isinstance(branch, dict):
        return []
    listed = branch.get("enum")
    return [branch["const"]] if "const" in branch else list(listed) if isinstance(listed, list) else []


def mentions(parameters: object, gone: t.Sequence[str]) -> list[tuple[str, str]]:
    """Where a schema still names removed destinations: in values and in texts, at any depth.

    :param parameters: the schema. :param gone: the removed destinations.
    :return: dotted path and destination, each once.
    """
    names = {identity_of(target): target for target in reversed(gone)}
    found: dict[tuple[str, str], None] = {}
    left: list[tuple[str, object]] = [("", parameters)]
    while left and names:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{path}.{key}".lstrip("."), value[key]) for key in reversed(value)]
        elif isinstance(value, list):
            left += [(f"{path}[{index}]", value[index]) for index in reversed(range(len(value)))]
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            text = str(value)
            inner = [identity_of(match[0].rstrip(".,;:")) for match in _IN_TEXT.finditer(text)]
            found |= {(path, names[mark]): None for mark in (identity_of(text), *inner) if mark in names}
    return list(found)
