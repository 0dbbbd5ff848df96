# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects in Vapi refer to another one after a run, by its id or by its name. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig, to_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import overlay
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    Snapshot,
    display_name,
    titled,
    tool_ids,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec, Number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import (
    references,
    transfers,
)


class User(t.NamedTuple):
    """An object with a reference: its kind, its row, and the dotted path of the reference."""

    kind: str
    content: ApiObject
    path: str

    @property
    def is_direct(self) -> bool:
        """Whether it is a phone number that the object answers, or a squad that it is a member of."""
        member = self.kind == "squad" and self.path.startswith("members[") and self.path.count(".") == 1
        return member or (self.kind == "phone_number" and self.path == "assistantId")

    @property
    def description(self) -> str:
        """How it refers to the object, for messages."""
        if self.kind == "assistant" and self.path.startswith("model.toolIds"):
            return f"is attached to {display_name(self.content)}"
        if not self.is_direct:
            return f"is referred to by the {titled(self.kind, self.content)} ({self.path})"
        if self.kind == "squad":
            return f"is in the squad {display_name(self.content)}"
        return f"answers {display_name(self.content, 'number')}"


class Users:
    """The references of objects in Vapi, for one search through all of them.

    :param rows: kind and row of each object.
    """

    def __init__(self, rows: t.Iterable[tuple[str, ApiObject]]) -> None:
        self._found: dict[tuple[str, bool, str], list[User]] = {}
        for kind, row in rows:
            for reference in references(row):
                key = (reference.kind, reference.by_name, reference.id)
                self._found.setdefault(key, []).append(User(kind, row, reference.path))

    def of(self, kind: str, row: ApiObject) -> list[User]:
        """The objects that refer to another one.

        :param kind: its kind. :param row: its row. :return: the objects, without itself; each once for each use.
        """
        name = str(row.get("name") or "")
        found = [*self._found.get((kind, False, str(row["id"])), []), *self.by_name(kind, name)]
        return list({user.description: user for user in found if user.content["id"] != row["id"]}.values())

    def by_name(self, kind: str, name: str) -> list[User]:
        """The objects that refer to another one by its name.

        :param kind: its kind. :param name: its name. :return: the objects.
        """
        return self._found.get((kind, True, name), []) if name else []


def rows_after(
    snapshot: Snapshot, spec: EnvironmentSpec, staying: t.Iterable[ApiObject], removed: t.Collection[str]
) -> t.Iterator[tuple[str, ApiObject]]:
    """Kind and row of each object in Vapi as a run leaves it, without those that it removes.

    :param snapshot: both accounts. :param spec: the environment.
    :param staying: the phone numbers, squads and tools that the run keeps.
    :param removed: the ids of further objects that it removes.
    """
    absent = (spec.absent_tools, spec.absent_assistants) if spec.present else (spec.tools, spec.assistants)
    gone_tools, gone = ({name for item in items for name in item.names} for items in absent)
    for row in staying:
        key, name = str(row["id"]), dig(row, ("function", "name"))
        if key not in snapshot.tool:
            yield "squad" if key in snapshot.squad else "phone_number", row
        elif name not in gone_tools and key not in removed:
            yield "tool", _tool_after(row, spec)
    names = {name for item in spec.all_tools for name in item.names}
    managed = {str(row["id"]) for row in snapshot.tools if dig(row, ("function", "name")) in names}
    for row in snapshot.assistants:
        if row.get("name") not in gone and str(row["id"]) not in removed:
            yield "assistant", _assistant_after(row, spec, managed)


def _desired_object(items: t.Iterable[Desired], name: object) -> Desired | None:
    return next((item for item in items if name in item.names), None)


def _tool_after(row: ApiObject, spec: EnvironmentSpec) -> ApiObject:
    desired = _desired_object(spec.tools, dig(row, ("function", "name"))) if spec.present else None
    if desired is None or desired.record.destinations is None:
        return row
    return {**row, "destinations": to_api(desired.record).get("destinations")}


def _assistant_after(row: ApiObject, spec: EnvironmentSpec, managed: t.Collection[str]) -> ApiObject:
    """A declared assistant with its definition, and of its tools those that the run keeps without declaring them."""
    desired = _desired_object(spec.assistants, row.get("name")) if spec.present else None
    if desired is None:
        return row
    definition = desired.record.definition
    after = as_object(overlay(row, definition)) if definition else row
    replaced = desired.record.tools is not None and desired.options.tools_mode == "replace"
    kept = [] if replaced else [key for key in tool_ids(row) if key not in managed]
    return {**after, "model": {**as_object(after.get("model")), "toolIds": kept}}


def _phone_after(row: ApiObject, number: Number) -> ApiObject:
    """A declared phone number without what the run replaces; the rest of it is not managed."""
    replaced = {"assistantId", "squadId", "workflowId"} if number.assistant is not None or number.squad else set()
    replaced |= {"fallbackDestination"} if number.fallback_destination is not None else set()
    return {key: row[key] for key in row if key not in replaced}


def transferring(snapshot: Snapshot, spec: EnvironmentSpec, tools: t.Iterable[ApiObject]) -> list[str]:
    """The objects in Vapi that may transfer a call to a declared number by REFER after the run.

    Declared objects themselves are judged by the options; here those that they and the numbers refer to.

    :param snapshot: both accounts. :param spec: the environment. :param tools: all tools in Vapi.
    :return: the titles of the objects.
    """
    numbers = {str(number.number): number for number in spec.numbers}
    phones = [
        ("phone_number", _phone_after(row, number))
        for row in snapshot.phones
        for number in (numbers.get(digits(str(row.get("number")))),)
        if number
    ]
    after = list(rows_after(snapshot, spec, [*snapshot.squads, *tools], ()))
    later = dataclasses.replace(
        snapshot,
        assistants=tuple(row for kind, row in after if kind == "assistant"),
        tools=tuple(row for kind, row in after if kind == "tool"),
        other_tools=(),
    )
    named = {"assistant": {*spec.foreign_assistants}, "squad": {*spec.squads}, "tool": {*spec.foreign_tools}}
    named["assistant"] |= {name for item in spec.assistants for name in item.names}
    first = [(kind, row) for kind, row in after if _names_of(row) & named.get(kind, set())]
    # Objects that the run creates.
    new = [("assistant", {"id": item.label, **(item.record.definition or {})}) for item in spec.assistants]
    new += [("tool", {"id": item.label, **to_api(item.record)}) for item in spec.tools]
    reached = later.reached_from([*phones, *first, *new])
    return [titled(kind, row) for kind, row in reached if any(transfer.by_refer for transfer in transfers(row))]


def _names_of(row: ApiObject) -> set[str]:
    return {str(value) for value in (row["id"], row.get("name"), dig(row, ("function", "name"))) if value}


def stale_names(snapshot: Snapshot, spec: EnvironmentSpec, staying: t.Iterable[ApiObject]) -> list[str]:
    """A sentence for each reference to a declared assistant by a former name.

    :param snapshot: both accounts. :param spec: the environment.
    :param staying: all phone numbers, squads and tools in Vapi. :return: the sentences.
    """
    renamed = [(item.label, former) for item in spec.assistants for former in item.names if former != item.label]
    users = Users(rows_after(snapshot, spec, staying, ())) if renamed else None
    return [
        f"{printable(titled(user.kind, user.content))} refers to the assistant {label} by its former name {former} "
        f"({user.path}), which finds no assistant after this run. Use the name {label} there."
        for label, former in renamed
        for user in (users.by_name("assistant", former) if users else ())
    ]
