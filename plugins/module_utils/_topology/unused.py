# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undeclared objects that lose their last number by a run. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import declared_trunk_ids
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot, members_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec, Number


class Unused(t.NamedTuple):
    """An object that loses its last number.

    ``new`` is whether the run creates an object of its kind, which may be meant as its replacement.
    """

    kind: str
    name: str
    id: str
    new: bool


def losing_numbers(snapshot: Snapshot, spec: EnvironmentSpec, phones: t.Sequence[ApiObject]) -> list[Unused]:
    """The trunks and assistants that are not declared and whose last number a run assigns to declared ones.

    :param snapshot: both accounts. :param spec: the environment. :param phones: all phone numbers in Vapi.
    :return: the objects.
    """
    by_number = {str(number.number): number for number in spec.numbers}
    return [
        *_losing_trunks(snapshot, spec, phones, by_number),
        *_losing_assistants(snapshot, spec, phones, by_number),
    ]


def _losing_trunks(
    snapshot: Snapshot, spec: EnvironmentSpec, phones: t.Sequence[ApiObject], by_number: t.Mapping[str, Number]
) -> t.Iterator[Unused]:
    own, users_of = declared_trunk_ids(snapshot, spec), _grouped(phones, "credentialId")
    for trunk in snapshot.trunks:
        users = users_of.get(str(trunk["id"]), [])
        if str(trunk["id"]) not in own and users and all(digits(str(row.get("number"))) in by_number for row in users):
            yield Unused("trunk", str(trunk.get("name")), str(trunk["id"]), not own)


def _losing_assistants(
    snapshot: Snapshot, spec: EnvironmentSpec, phones: t.Sequence[ApiObject], by_number: t.Mapping[str, Number]
) -> t.Iterator[Unused]:
    names = {name for desired in spec.all_assistants for name in desired.names}
    there = {row.get("name") for row in snapshot.assistants}
    new = any(there.isdisjoint(item.names) for item in spec.assistants)
    users_of = _grouped(phones, "assistantId")
    in_squads = {key for row in snapshot.squads for key in members_of(row)}
    for assistant in snapshot.assistants:
        key, name = str(assistant["id"]), assistant.get("name")
        if name in names or key in in_squads:
            continue
        users = users_of.get(key, [])
        wishes = [by_number.get(digits(str(row.get("number")))) for row in users]
        if users and all(_is_moved(wish, (key, name)) for wish in wishes):
            yield Unused("assistant", str(name), key, new)


def _grouped(phones: t.Sequence[ApiObject], key: str) -> dict[object, list[ApiObject]]:
    """The phone numbers by the id at a key."""
    found: dict[object, list[ApiObject]] = {}
    for row in phones:
        if isinstance(row.get(key), str):
            found.setdefault(row[key], []).append(row)
    return found


def _is_moved(wish: Number | None, assistant: tuple[str, t.Any]) -> bool:
    """Whether a number is declared with somebody else than an assistant, which is given by its id and its name."""
    if wish is None or wish.assistant in assistant:
        return False
    return wish.assistant is not None or bool(wish.squad)
