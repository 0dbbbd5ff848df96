# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hooks of pytest that make ids of parametrised tests and failed comparisons readable."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import typing as t

import pydantic
import yaml

#: Characters of one argument in an id.
ID_LENGTH = 29
#: Characters of what is nested in it, at least; containers at this length are left out.
MIN_LENGTH = 8
#: Entries of a list in an id.
ID_ENTRIES = 4

CONTROL = {"\0": "NUL", "\t": "TAB", "\n": "LF", "\r": "CR", "\x1b": "ESC", "\x7f": "DEL"}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a value in an id: its own name, its text, or `argument=value`.

    :param val: the value of the parameter
    :param argname: the name of the parameter
    :return: at most about ID_LENGTH printable characters
    """
    if val is None or isinstance(val, bool | int | float):
        return f"{argname}={val}"
    return describe(val, ID_LENGTH)


def describe(value: object, length: int) -> str:
    """Short text of a value, the same in every process.

    :param value: any value
    :param length: the number of characters at most
    :return: printable ASCII
    """
    inner = max(MIN_LENGTH, length * 2 // 3)
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return shorten(printable(value), length)
    if length == MIN_LENGTH and isinstance(value, dict | list | tuple) and value:
        return ".."
    if isinstance(value, dict):
        return shorten(joined((entry(key, value[key], inner) for key in value), length) or "{}", length)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        entries = (describe(each, inner) for each in value[:ID_ENTRIES])
        more = f",.. {len(value)} entries" if len(value) > ID_ENTRIES else ""
        return "(" + shorten(joined(entries, length), length - len(more) - 2) + more + ")"
    if isinstance(value, BaseException):
        return shorten(f"{type(value).__name__} {printable(str(value))}".strip(), length)
    for name in ("__name__", "name"):
        if isinstance(found := getattr(value, name, None), str):
            return shorten(found, length)
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    return type(value).__name__


def entry(key: object, value: object, length: int) -> str:
    """Short text of an entry of a dict."""
    text = describe(value, length)
    return f"{key}=({text})" if isinstance(value, dict) and value else f"{key}={text}"


def joined(entries: t.Iterable[str], length: int) -> str:
    """Join entries with commas until the text is long enough."""
    text = ""
    for each in entries:
        text += ("," if text else "") + each
        if len(text) > length:
            break
    return text


def printable(text: str) -> str:
    """Write control and non-ASCII characters as their names or code points, and random values as HEX."""
    text = re.sub(r"(?:Zq)?[0-9a-f]{24,}", "HEX", text)
    return re.sub(r"[^ -~]", lambda found: CONTROL.get(found[0], f"U+{ord(found[0]):04X}"), text)


def shorten(text: str, length: int) -> str:
    """Remove the middle of a long text: the ends distinguish it from similar ones."""
    if len(text) <= length:
        return text
    head = (length - 2) // 2
    return f"{text[:head]}..{text[len(text) - (length - 2 - head) :]}"


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show how two structures differ, line by line, in YAML.

    :param op: the operator of the assertion
    :param left: its left operand
    :param right: its right operand
    :return: the lines, or None for what pytest itself shows as well
    """
    structured = (dict, list, tuple, pydantic.BaseModel)
    if op != "==":
        return None
    if isinstance(left, str) and isinstance(right, str):
        left, right = parsed(left), parsed(right)
    if not all(isinstance(side, structured) or dataclasses.is_dataclass(side) for side in (left, right)):
        return None
    before, after = as_yaml(left), as_yaml(right)
    if before == after or max(len(before), len(after)) < 4:
        return None
    lines = difflib.unified_diff(before, after, "left", "right", n=2, lineterm="")
    return [f"{type(left).__name__} == {type(right).__name__}, as YAML:", *lines]


def parsed(text: str) -> object:
    """Content of a JSON document; any other text as it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def as_yaml(value: object) -> list[str]:
    """Lines of a structure in YAML."""
    return yaml.safe_dump(plain(value), allow_unicode=True, width=100).splitlines()


def plain(value: object) -> t.Any:
    """Reduce a structure to dicts, lists and scalars."""
    if isinstance(value, pydantic.BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    if isinstance(value, dict):
        return {key if isinstance(key, str | int) else str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(each) for each in value), key=str)
    if type(value) in (str, int, float, bool, type(None)):
        return value
    return describe(value, 200)
