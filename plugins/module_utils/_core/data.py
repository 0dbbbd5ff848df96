# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for the three forms of an object's data, so that a signature states which one it is.

Their values are ``object``: code that uses one checks or converts it first, as its type is what a service or a user
made it.
"""

from __future__ import annotations

import typing as t

#: An object, or a part of it, in the form of its service: a response or the body of a request.
ApiObject = dict[str, object]

#: What a module returns: an object in the form of its options, or all return values.
Result = dict[str, object]

#: What a module was given: its options, or those of one item of a list.
Params = t.Mapping[str, object]


def as_object(value: object) -> ApiObject:
    """A part of an object that should be an object itself.

    :param value: the part. :return: the same; an empty one for a value of another type.
    """
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """A part of an object that should be a list.

    :param value: the part. :return: the same; an empty one for a value of another type.
    """
    return value if isinstance(value, list) else []


def objects_in(value: object) -> list[ApiObject]:
    """The objects in a part that should be a list of them.

    :param value: the part. :return: the objects; items of other types are left out.
    """
    return [item for item in as_list(value) if isinstance(item, dict)]


#: Ansible treats a dict in a result with such a key as a value of one of its types, and decodes or rejects it.
RESERVED = "__ansible_"


def reserved_keys(value: object, path: str = "") -> list[str]:
    """The paths of the keys in a value that Ansible would interpret (:data:`RESERVED`).

    :param value: any value. :param path: its path. :return: dotted paths.
    """
    if isinstance(value, (list, tuple)):
        return [place for at, item in enumerate(value) for place in reserved_keys(item, f"{path}[{at}]")]
    if not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        place = f"{path}.{key}" if path else str(key)
        found += [place] if str(key).startswith(RESERVED) else reserved_keys(item, place)
    return found
