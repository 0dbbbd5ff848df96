# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects in Vapi refer to another one after a run, by its id or by its name. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig, to_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import overlay
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    Snapshot,
    display_name,
    titled,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import references


class User(t.NamedTuple):
    """An object with a reference: its kind, its row, and the dotted path of the reference."""

    kind: str
    row: ApiObject
    path: str

    @property
    def is_direct(self) -> bool:
        """Whether it is a phone number that the object answers, or a squad that it is a member of."""
        member = self.kind == "squad" and self.path.startswith("members[") and self.path.count(".") == 1
        return member or (self.kind == "phone_number" and self.path == "assistantId")

    @property
    def use(self) -> str:
        """The use of the object, for messages."""
        if self.kind == "assistant" and self.path.startswith("model.toolIds"):
            return f"is attached to {display_name(self.row)}"
        if not self.is_direct:
            return f"is referred to by the {titled(self.kind, self.row)} ({self.path})"
        if self.kind == "squad":
            return f"is in the squad {display_name(self.row)}"
        return f"answers {display_name(self.row, 'number')}"


class Users:
    """The references of objects in Vapi, for one search through all of them.

    :param rows: kind and row of each object.
    """

    def __init__(self, rows: t.Iterable[tuple[str, ApiObject]]) -> None:
        self._found: dict[tuple[str, bool, str], list[User]] = {}
        for kind, row in rows:
            for reference in references(row):
                place = (reference.kind, reference.by_name, reference.id)
                self._found.setdefault(place, []).append(User(kind, row, reference.path))

    def of(self, kind: str, row: ApiObject) -> list[User]:
        """The objects that refer to another one.

        :param kind: its kind. :param row: its row. :return: the objects, without itself; each once for each use.
        """
        name = str(row.get("name") or "")
        found = [*self._found.get((kind, False, str(row["id"])), []), *self.by_name(kind, name)]
        return list({user.use: user for user in found if user.row["id"] != row["id"]}.values())

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
    removed_tools = {name for item in (spec.absent_tools if spec.present else spec.tools) for name in item.names}
    gone = {name for item in (spec.absent_assistants if spec.present else spec.assistants) for name in item.names}
    declared_tools, declared = (_by_name(items) if spec.present else {} for items in (spec.tools, spec.assistants))
    for row in staying:
        key = str(row["id"])
        kind = "squad" if key in snapshot.squad else "tool" if key in snapshot.tool else "phone_number"
        name = dig(row, ("function", "name"))
        if kind == "tool" and (name in removed_tools or key in removed):
            continue
        yield kind, _tool_after(row, declared_tools.get(str(name))) if kind == "tool" else row
    for row in snapshot.assistants:
        if row.get("name") not in gone and str(row["id"]) not in removed:
            yield "assistant", _assistant_after(row, declared.get(str(row.get("name"))))


def _by_name(items: t.Iterable[Desired]) -> dict[str, Desired]:
    return {name: item for item in items for name in item.names}


def _tool_after(row: ApiObject, desired: Desired | None) -> ApiObject:
    if desired is None or desired.record.destinations is None:
        return row
    return {**row, "destinations": to_api(desired.record).get("destinations")}


def _assistant_after(row: ApiObject, desired: Desired | None) -> ApiObject:
    """A declared assistant with its definition and without its tools, which the run detaches where they are removed."""
    if desired is None:
        return row
    after = as_object(overlay(row, desired.record.definition or {}))
    model = {key: value for key, value in as_object(after.get("model")).items() if key != "toolIds"}
    return {**after, "model": model}


def stale_names(snapshot: Snapshot, spec: EnvironmentSpec, staying: t.Iterable[ApiObject]) -> list[str]:
    """A sentence for each reference to a declared assistant by a former name.

    :param snapshot: both accounts. :param spec: the environment.
    :param staying: all phone numbers, squads and tools in Vapi. :return: the sentences.
    """
    renamed = [(item.label, former) for item in spec.assistants for former in item.names if former != item.label]
    users = Users(rows_after(snapshot, spec, staying, ())) if renamed else None
    return [
        f"{printable(titled(user.kind, user.row))} refers to the assistant {label} by its former name {former} "
        f"({user.path}), which finds no assistant after this run. Use the name {label} there."
        for label, former in renamed
        for user in (users.by_name("assistant", former) if users else ())
    ]
