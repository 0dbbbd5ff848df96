# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object as YAML text for people, in diffs. Pure.

PyYAML may be missing where a module runs. It also writes a text with a control character on a single line, so that a
changed sentence of a prompt would be shown as a changed prompt.
"""

from __future__ import annotations

import json
import re
import typing as t

#: Texts that YAML 1.1 reads as a truth value or as null.
_BOOLEANS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
#: Texts that need no quotes: names, URIs and UUIDs; nothing that YAML 1.1 could read as a number or a date.
_PLAIN = re.compile(
    r"(?=[A-Za-z]|[^ ]*@|[0-9a-f]{8}-[0-9a-f]{4}-)[A-Za-z0-9](?:[\w ./@+()*;=,-]|:(?!\s|$))*(?<! )", re.ASCII
)
_NOT_FINITE = {"Infinity": ".inf", "-Infinity": "-.inf", "NaN": ".nan"}


def yaml_text(fields: t.Mapping[str, object]) -> str:
    """Write an object as YAML text.

    A text of several lines is written on several lines. Characters that are not printable are escaped. Keys of nested
    objects are sorted, so that two texts differ only where the values differ.

    :param fields: an object with values of JSON's types. :return: the text; empty for an empty object.
    """
    return "".join(f"{line}\n" for key, item in fields.items() for line in _entry(key, item))


def _entry(key: object, value: object) -> list[str]:
    name = _scalar_line(str(key))
    if isinstance(value, (dict, list, tuple)) and value:
        return [f"{name}:", *_indented(_lines(value))]
    first, *rest = _scalar(value)
    return [f"{name}: {first}", *_indented(rest)]


def _lines(value: t.Any) -> list[str]:
    """The lines of an object or a list that is not empty."""
    if isinstance(value, dict):
        return [line for key in sorted(value, key=str) for line in _entry(key, value[key])]
    found = []
    for item in value:
        nested = isinstance(item, (dict, list, tuple)) and item
        first, *rest = _lines(item) if nested else _scalar(item)
        found += [f"- {first}", *_indented(rest)]
    return found


def _indented(lines: t.Iterable[str]) -> list[str]:
    return [f"  {line}" if line else line for line in lines]


def _scalar(value: object) -> list[str]:
    """The lines of a value without items."""
    if isinstance(value, str):
        return (_literal(value) or _quoted(value)) if "\n" in value else [_scalar_line(value)]
    text = json.dumps(value)
    if isinstance(value, float):
        text = _NOT_FINITE.get(text) or (text if "." in text else text.replace("e", ".0e"))
    return [text]


def _scalar_line(text: str) -> str:
    """A text on one line, in quotes if YAML would read it as something else."""
    plain = text.lower() not in _BOOLEANS and _PLAIN.fullmatch(text)
    return text if plain else f'"{_escaped(text)}"'


def _literal(text: str) -> list[str]:
    """A text as a literal block, or nothing if YAML would read the block as another text."""
    body = text.rstrip("\n")
    lines = body.split("\n")
    blank = any(line.isspace() for line in lines)
    if not body or blank or not all(character.isprintable() or character in "\n\t" for character in text):
        return []
    indentation = "2" if lines[0][:1] in ("", " ", "\t") else ""
    breaks = len(text) - len(body)
    chomping = {0: "-", 1: ""}.get(breaks, "+")
    return [f"|{indentation}{chomping}", *lines, *[""] * (breaks - 1)]


def _quoted(text: str) -> list[str]:
    """A text in quotes, each of its lines on a line; a backslash at the end continues the text."""
    *lines, last = [_escaped(line) for line in text.split("\n")]
    found = [f"{line}\\n\\" for line in lines] + [f'{last}"']
    # A space at the beginning of a continued line would not be part of the text.
    return [f'"{found[0]}', *(f"\\{line}" if line.startswith(" ") else line for line in found[1:])]


def _escaped(text: str) -> str:
    """The content of a text in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(character if character.isprintable() else _escape(ord(character)) for character in escaped)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
