# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection of numbers that YAML 1.1 reads as another number than the one that is written.

Digits after a leading zero are octal (``0123`` is 83), and digits with a colon have the base 60 (``10:30`` is 630). A
module receives only the number, so the file is read again at the position that Ansible remembers for each key and list.
"""

from __future__ import annotations

import functools
import pathlib
import re
import typing as t

import yaml

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._ansible_internals import Position, position_of
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._templates import referenced

#: The loader in C needs a tenth of the time of the other one, but is not always available.
LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OCTAL = re.compile(r"[-+]?0[0-7_]*[0-7][0-7_]*")
BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


def misread_numbers(name: str, variables: Params) -> list[str]:
    """Find numbers in a variable that YAML reads as another number.

    :param name: the name of the variable. :param variables: the defined variables as written.
    :return: a sentence for each, which begins with its path and does not contain the number.
    """
    key = next((key for key in variables if key == name), name)
    return misread_options({key: variables.get(name)}, variables)


def misread_options(options: Params, variables: Params) -> list[str]:
    """Find numbers in options as they are written in a playbook.

    :param options: the options. :param variables: the defined variables as written; those that a whole value refers to
        are also checked.
    :return: a sentence for each, see :func:`misread_numbers`.
    """
    return list(dict.fromkeys(_in(options, "", variables, frozenset())))


def _in(value: object, path: str, variables: Params, seen: frozenset[str]) -> t.Iterator[str]:
    if isinstance(value, t.Mapping):
        for key, item in value.items():
            where = f"{path}.{key}" if path else str(key)
            if _is_number(item):
                yield from _fault(where, _written_at(position_of(key)))
            else:
                yield from _in(item, where, variables, seen)
    elif isinstance(value, (list, tuple)):
        items = _items_at(position_of(value))
        for index, item in enumerate(value):
            where = f"{path}[{index}]"
            if _is_number(item) and len(items) == len(value):
                yield from _fault(where, items[index])
            elif not _is_number(item):
                yield from _in(item, where, variables, seen)
    elif isinstance(value, str):
        for place, key, item in referenced(value, variables, unchanged=True):
            if place not in seen:
                yield from _in({key: item}, place.rpartition(".")[0], variables, seen | {place})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _fault(path: str, written: str) -> t.Iterator[str]:
    if OCTAL.fullmatch(written):
        yield f"{path} is written with a leading 0, so YAML reads it as an octal number. Put it in quotes."
    elif BASE_60.fullmatch(written):
        yield f"{path} is written with a colon, so YAML reads it as a number with the base 60. Put it in quotes."


def _written_at(position: Position | None) -> str:
    """The text of the plain scalar after a key."""
    return _read(position[0])[0].get(position[1:], "") if position else ""


def _items_at(position: Position | None) -> list[str]:
    return _read(position[0])[1].get(position[1:], []) if position else []


@functools.lru_cache(maxsize=64)
def _read(path: str) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], list[str]]]:
    """The plain scalars of a YAML file by the position of their key, and of their list.

    Both are empty if the file cannot be read again, for example because it is encrypted.
    """
    values: dict[tuple[int, int], str] = {}
    lists: dict[tuple[int, int], list[str]] = {}
    try:
        left = list(yaml.compose_all(pathlib.Path(path).read_text(encoding="utf-8"), LOADER))
    except (OSError, ValueError, yaml.YAMLError):
        left = []
    seen = set()
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            values |= {_position(key): _plain(item) for key, item in node.value}
            left += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            lists[_position(node)] = [_plain(item) for item in node.value]
            left += node.value
    return values, lists


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _plain(node: yaml.Node) -> str:
    plain = isinstance(node, yaml.ScalarNode) and not node.style
    return str(node.value) if plain else ""
