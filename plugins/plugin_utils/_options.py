# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Information about a module's options that only the controller has: names of variables, and keys that are not text.

A role or playbook passes its variables to a module as options. The task variable ``__vapi_didlogic_names`` contains
their names, so that the module's messages can use them. All keys are converted to text for the module, so only the
controller can detect a key that YAML has read as a boolean.
"""

from __future__ import annotations

import typing as t

#: The task variable: ``""`` maps to the prefix of all options, other keys are options with a separate variable.
NAMES = "__vapi_didlogic_names"
#: Variable that is true if no task creates referenced objects, so that check mode rejects missing ones.
REFERENCES_EXIST = "__vapi_didlogic_references_exist"
PREFIX = "vapi_didlogic_"
#: Variable and environment variable that disable in-process execution.
SWITCH = "vapi_didlogic_in_process"
HTTP = ("timeout", "retry_timeout", "validate_certs", "ca_path")


def variable_names(module: str, given: t.Mapping[str, str]) -> dict[str, str]:
    """The variables of a module's options.

    :param module: its short name, which begins with the service whose connection has no prefix.
    :param given: the names in the task; those of the connection are always the same and need not be given.
    :return: the variable of each option.
    """
    names = {name: PREFIX + name for name in HTTP}
    for service in ("vapi", "didlogic"):
        for option in ("api_key", "api_url", "region"):
            variable = f"{PREFIX}region" if option == "region" else f"{PREFIX}{service}_{option}"
            names[f"{service}_{option}"] = variable
            if module.startswith(f"{service}_"):
                names[option] = variable
    return {**names, **given}


def keys_that_are_no_text(value: object, path: str = "") -> t.Iterator[tuple[str, str]]:
    """Find keys in options that are not text.

    :param value: options, or a part of them. :param path: its path. :return: pairs of a path and a rule.
    """
    if isinstance(value, t.Mapping):
        for key, item in value.items():
            word = str(key).lower() if key is None or isinstance(key, bool) else str(key)
            place = f"{path}.{word}" if path else word
            if not isinstance(key, str):
                yield place, _rule(key, word)
            yield from keys_that_are_no_text(item, place)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from keys_that_are_no_text(item, f"{path}[{index}]")


def _rule(key: object, word: str) -> str:
    if isinstance(key, bool):
        meant = "on or yes" if key else "off or no"
        return f"The key must be text; YAML reads {meant} as {word}. Put the key in quotes."
    read = "nothing" if key is None else "a number or a date"
    return f"The key must be text; YAML reads it as {read}. Put the key in quotes."
