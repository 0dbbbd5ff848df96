# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a declared environment: former names of objects, and references between the entries. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    Params,
    as_list,
    as_object,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import references

#: The options that refer to an entry of another option by its name.
REFERENCES = (("assistants", "tools", "transfer_tools"), ("numbers", "assistant", "assistants"))


def former_names(item: Params) -> tuple[str, ...]:
    """The earlier names of an entry.

    :param item: the entry. :return: the names; empty without the option, or if it is invalid.
    """
    given = item.get("former_names")
    return tuple(str(name) for name in given) if isinstance(given, list) else ()


def check_names(params: Params, faults: Faults) -> None:
    """Check the former names of all entries, and that no reference uses one.

    :param params: the options of the environment. :param faults: gets the errors.
    """
    options = {"trunk": [as_object(params["trunk"])]}
    options |= {name: objects_in(params[name]) for name in ("transfer_tools", "assistants")}
    for option, items in options.items():
        paths = [option] if option == "trunk" else [f"{option}[{index}]" for index in range(len(items))]
        known = {str(item.get("name")): path for item, path in zip(items, paths, strict=True)}
        for item, path in zip(items, paths, strict=True):
            for at, name in enumerate(former_names(item)):
                _check_former(item, name, f"{path}.former_names[{at}]", known, faults)
    _check_references(params, faults)


def _check_references(params: Params, faults: Faults) -> None:
    places = [(target, list(_references(params, option, field))) for option, field, target in REFERENCES]
    for target, given in [*places, ("assistants", list(_named_assistants(params)))]:
        renamed = {name: item.get("name") for item in objects_in(params[target]) for name in former_names(item)}
        absent = {item.get("name") for item in objects_in(params[target]) if item.get("state") == "absent"}
        for path, name in given:
            if name in renamed:
                faults.add(OptionError(path, f"is a former name; use the name {renamed[name]}.", name))
            elif name in absent and params["state"] == "present":
                faults.add(OptionError(path, f"has state: absent in {target}; remove the reference.", name))


def _check_former(item: Params, name: str, path: str, known: dict[str, str], faults: Faults) -> None:
    """Check one former name of an entry.

    :param known: the paths of all names of the option so far; the former name is added.
    """
    if name.strip() and name != item.get("name") and known.setdefault(name, path) != path:
        rule = "is also given as {other}; an object has one entry. Remove one."
        faults.add(OptionError(path, rule, name, other=known[name]))


def _named_assistants(params: Params) -> t.Iterator[tuple[str, str]]:
    """The path and the name of each assistant that the declared tools and definitions transfer a call to."""
    for index, item in enumerate(objects_in(params["transfer_tools"])):
        if item.get("state") != "absent":
            names = [as_object(to).get("assistant_name") for to in as_list(item.get("destinations"))]
            path = f"transfer_tools[{index}].destinations"
            yield from (
                (f"{path}[{at}].assistant_name", name) for at, name in enumerate(names) if isinstance(name, str)
            )
    for index, item in enumerate(objects_in(params["assistants"])):
        if item.get("state") != "absent":
            found = references(as_object(item.get("definition")))
            yield from ((f"assistants[{index}].definition.{ref.path}", ref.id) for ref in found if ref.by_name)


def _references(params: Params, option: str, field: str) -> t.Iterator[tuple[str, str]]:
    """The path and the value of each reference of the entries that are not removed."""
    for index, item in enumerate(objects_in(params[option])):
        if item.get("state") == "absent":
            continue
        value, path = item.get(field), f"{option}[{index}].{field}"
        if isinstance(value, list):
            yield from ((f"{path}[{at}]", each) for at, each in enumerate(value) if isinstance(each, str))
        elif isinstance(value, str):
            yield path, value
