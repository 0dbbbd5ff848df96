# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private names of ansible-core that the action plugins use. No other file uses private names.

A version of ansible-core without one of them is supported: modules then run as usual, see :func:`missing`.
"""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible.executor import module_common
from ansible.module_utils import basic
from ansible.module_utils.common import json as ansible_json
from ansible.module_utils.common import warnings
from ansible.plugins.action.normal import ActionModule as Normal
from ansible.release import __version__

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # ansible-core before 2.19, where values have an attribute
    Origin = None  # type: ignore[assignment,misc]

#: ansible-core 2.19 and newer convert data between controller and module by a profile.
PROFILED = tuple(map(int, __version__.split(".")[:2])) >= (2, 19)
#: The default profile of modules.
PROFILE = "legacy"

_INTERNAL = getattr(warnings, "_internal", None)
#: Methods that :class:`InProcessActionModule` overrides.
METHODS = (
    "_execute_module",
    "_update_module_args",
    "_is_pipelining_enabled",
    "_configure_module",
    "_low_level_execute_command",
    *(("finalize_task_arg",) if PROFILED else ()),
)
#: Every private name of this version: the object, and the name of its attribute.
REQUIRED: tuple[tuple[object, str], ...] = (
    *((Normal, name) for name in METHODS),
    (basic, "_ANSIBLE_ARGS"),
    (warnings, "_global_warnings"),
    (warnings, "_global_deprecations"),
    *(
        (
            (basic, "_ANSIBLE_PROFILE"),
            (basic, "_PARSED_MODULE_ARGS"),
            (_INTERNAL, "is_controller"),
            (module_common, "_BuiltModule"),
            (ansible_json, "get_module_encoder"),
            (ansible_json, "Direction"),
        )
        if PROFILED
        else ((ansible_json, "AnsibleJSONEncoder"),)
    ),
)


def missing() -> list[str]:
    """Check that this ansible-core has all private names.

    :return: the names that it does not have, for example ``ansible.module_utils.basic._ANSIBLE_ARGS``.
    """
    found = [f"{getattr(place, '__name__', place)}.{name}" for place, name in REQUIRED if not hasattr(place, name)]
    if not found:
        try:
            empty_module("")
        except TypeError:
            found.append(f"{module_common.__name__}._BuiltModule with the known parameters")
    return found


def empty_module(path: str) -> t.Any:
    """Return an empty packed module in the form in which ``_configure_module`` returns it.

    :param path: the path that verbose output shows. :return: the module.
    :raises TypeError: if this ansible-core has another form.
    """
    if not PROFILED:
        return "new", "#!", b"", path
    built = module_common._BuiltModule  # noqa: SLF001
    return built(b_module_data=b"", module_style="new", shebang="#!", serialization_profile=PROFILE), path


def encoded(arguments: dict[str, object]) -> bytes:
    """Return the arguments in the form that a module receives.

    :param arguments: the options and Ansible's own arguments. :return: JSON.
    """
    options: dict[str, t.Any]
    if PROFILED:
        direction = ansible_json.Direction.CONTROLLER_TO_MODULE
        options = {"cls": ansible_json.get_module_encoder(PROFILE, direction)}
    else:
        options = {"cls": ansible_json.AnsibleJSONEncoder, "vault_to_text": True}
    return json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, **options).encode()


@contextlib.contextmanager
def module_state(arguments: bytes) -> t.Iterator[None]:
    """Reset the state of Ansible's library for a module, and restore it afterwards.

    :param arguments: see :func:`encoded`.
    """
    fresh: list[tuple[object, str, object]] = [
        (basic, "_ANSIBLE_ARGS", arguments),
        # A list in older versions, now a dict.
        (warnings, "_global_warnings", type(warnings._global_warnings)()),  # noqa: SLF001
        (warnings, "_global_deprecations", type(warnings._global_deprecations)()),  # noqa: SLF001
    ]
    if PROFILED:
        fresh += [
            (basic, "_ANSIBLE_PROFILE", PROFILE),
            (basic, "_PARSED_MODULE_ARGS", None),
            (_INTERNAL, "is_controller", False),
        ]
    before = [(place, name, getattr(place, name)) for place, name, _value in fresh]
    for place, name, value in fresh:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)


#: A file, a line and a column; both begin with 1.
Position = tuple[str, int, int]


def position_of(value: object) -> Position | None:
    """Return the position at which Ansible has read a value.

    :param value: a value of a file, or a key. :return: the position; ``None`` if it is unknown.
    """
    position = getattr(value, "ansible_pos", None)
    tag = Origin.get_tag(value) if PROFILED else None
    if tag and tag.path:
        position = (tag.path, tag.line_num, tag.col_num)
    return position if position and all(position) else None


def task_id(task: t.Any) -> str:
    """Return the id by which Ansible distinguishes tasks with the same content.

    :param task: the task. :return: the id, which is the same on all hosts and in all items of a loop.
    """
    return str(task._uuid)  # noqa: SLF001


def task_place(task: t.Any) -> list[str]:
    """Return where the user has written a task.

    :param task: the task. :return: the play, and the file and line of the task and of each include that leads to it:
        the same on all hosts, in all batches of hosts and in all repetitions of an include.
    """
    places, part = [str(task.get_play()._uuid)], task  # noqa: SLF001
    while part is not None:
        # An object that was not read from a file has no place.
        places.append(str(part.get_path()) or task_id(part))
        part = part.get_first_parent_include()
    return places
