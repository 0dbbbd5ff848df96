# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run removes from a present environment: entries with ``state: absent``, and undeclared objects with ``prune``.

Pure: everything is determined from the lists as they are before the first write.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import AnyKeyedResource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import (
    ApplyRun,
    Removal,
    declared_trunk_ids,
    own_phone_numbers,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    display_name,
    tool_ids,
    uri_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec, Number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.users import Users, rows_after
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import references
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import CHOICES, PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    holds_key,
    label_of,
    redacted_uri,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

#: A transfer tool that is deleted with the assistants that have it. They identify it, so they keep it until then.
HELD_TOOL: AnyKeyedResource = dataclasses.replace(t.cast("AnyKeyedResource", TRANSFER_TOOL), referrers=())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Undeclared:
    """Objects of an environment that are not declared, in the form of the API.

    :param phones: phone numbers on the declared trunk. :param assistants: marked assistants. :param tools: transfer
        tools that only such assistants have. :param detached: the same, but declared assistants that replace their
        tools also have them. :param used: marked assistants that another object refers to, which stay.
        :param attached: transfer tools that marked assistants have and keep, which stay.
    """

    phones: tuple[ApiObject, ...] = ()
    assistants: tuple[ApiObject, ...] = ()
    tools: tuple[ApiObject, ...] = ()
    detached: tuple[ApiObject, ...] = ()
    used: tuple[ApiObject, ...] = ()
    attached: tuple[ApiObject, ...] = ()

    @property
    def removable(self) -> Undeclared:
        """What prune removes."""
        return dataclasses.replace(self, used=(), attached=())

    @property
    def results(self) -> list[dict[str, str]]:
        """The return values."""
        kinds = (
            (PHONE_NUMBER.name, "number", self.phones),
            (ASSISTANT.name, "name", (*self.assistants, *self.used)),
            (TRANSFER_TOOL.name, "function.name", (*self.tools, *self.detached, *self.attached)),
        )
        return [
            {"kind": kind, "name": display_name(row, key), "id": str(row["id"])}
            for kind, key, rows in kinds
            for row in rows
        ]


def undeclared_objects(snapshot: Snapshot, spec: EnvironmentSpec, objects: t.Sequence[ApiObject]) -> Undeclared:
    """The objects of an environment that are not declared.

    :param snapshot: both accounts. :param spec: the environment.
    :param objects: all phone numbers, squads and tools in Vapi, also those that are not managed.
    :return: the objects.
    """
    trunks, declared = declared_trunk_ids(snapshot, spec), set(spec.all_digits)
    phones = [
        row
        for row in snapshot.phones
        if row.get("credentialId") in trunks and digits(str(row.get("number"))) not in declared
    ]
    names = {name for item in spec.all_assistants for name in item.names}
    foreign = set(spec.foreign_assistants)
    own = [
        row
        for row in snapshot.assistants
        if dig(row, ("metadata", "managed_by")) in spec.marks and not {row.get("name"), row["id"]} & foreign
    ]
    if not own:
        return Undeclared(phones=tuple(phones))
    marked = [row for row in own if not {row.get("name"), row["id"]} & names]
    staying = _staying(snapshot, spec, objects, phones)
    texts = [(str(row["id"]), _ids_in(snapshot, row)) for row in (*snapshot.assistants, *staying)]
    free = _unreferenced(marked, texts)
    ids = {str(row["id"]) for row in free}
    replacing = {str(row["id"]) for row in own if _replaces_tools(row, spec)}
    held = list(_undeclared_tools(snapshot, spec, {str(row["id"]) for row in own}, texts))
    return Undeclared(
        phones=tuple(phones),
        assistants=tuple(free),
        tools=tuple(row for row, assistants in held if assistants <= ids),
        detached=tuple(row for row, assistants in held if not assistants <= ids and assistants <= ids | replacing),
        used=tuple(row for row in marked if str(row["id"]) not in ids),
        attached=tuple(row for row, assistants in held if not assistants <= ids | replacing),
    )


def _replaces_tools(row: ApiObject, spec: EnvironmentSpec) -> bool:
    """Whether an assistant is declared with exactly its tools."""
    return any(
        item.record.tools is not None and item.options.tools_mode == "replace" and row.get("name") in item.names
        for item in spec.assistants
    )


def _undeclared_tools(
    snapshot: Snapshot, spec: EnvironmentSpec, own: set[str], texts: list[tuple[str, str]]
) -> t.Iterator[tuple[ApiObject, set[str]]]:
    """The undeclared transfer tools that only assistants of the environment have, each with their ids.

    :param own: the ids of the assistants. :param texts: id and text of each object that may refer to a tool elsewhere.
    """
    names = {name for item in spec.all_tools for name in item.names} | set(spec.foreign_tools)
    assistants_of: dict[str, set[str]] = {}
    for assistant in snapshot.assistants:
        for tool in tool_ids(assistant):
            assistants_of.setdefault(tool, set()).add(str(assistant["id"]))
    for row in snapshot.tools:
        key = str(row["id"])
        having = assistants_of.get(key, set())
        named = {dig(row, ("function", "name")), row["id"]} & names
        if having and having <= own and not named and not _is_referred_to(key, texts, {key}):
            yield row, having


def _ids_in(snapshot: Snapshot, row: ApiObject) -> str:
    """A text with all ids of other objects in an object, including those of the assistants that it names."""
    named = [found for reference in references(row) if reference.by_name for found in snapshot.referenced(reference)]
    return " ".join([json.dumps(_without_tools(row), default=str), *(str(other["id"]) for _kind, other in named)])


def _without_tools(row: ApiObject) -> ApiObject:
    """An object without an assistant's list of tools; it may also refer to a tool elsewhere, such as in a hook."""
    model = row.get("model")
    if not isinstance(model, dict) or not isinstance(model.get("toolIds"), list):
        return row
    return {**row, "model": {key: value for key, value in model.items() if key != "toolIds"}}


def _unreferenced(rows: list[ApiObject], texts: list[tuple[str, str]]) -> list[ApiObject]:
    """The rows to which no other object refers, except each other.

    :param texts: id and text of each object.
    """
    free = rows
    while True:
        ids = {str(row["id"]) for row in free}
        kept = [row for row in free if not _is_referred_to(str(row["id"]), texts, ids)]
        if len(kept) == len(free):
            return kept
        free = kept


def _is_referred_to(key: str, texts: list[tuple[str, str]], apart_from: set[str]) -> bool:
    """Whether another object contains an id anywhere."""
    return any(key in text for other, text in texts if other not in apart_from)


def _staying(
    snapshot: Snapshot, spec: EnvironmentSpec, objects: t.Sequence[ApiObject], removed: t.Sequence[ApiObject]
) -> list[ApiObject]:
    """The objects that a run keeps; phone numbers without the assistant or squad that the run replaces.

    :param removed: phone numbers that are removed besides those of the entries to remove.
    """
    going = {str(row["id"]) for row in (*removed, *_absent_phones(snapshot, spec))}
    replaced = {
        str(number.number) for number in spec.numbers if any(getattr(number, name) is not None for name in CHOICES)
    }
    answering = ("assistantId", "squadId", "workflowId")
    return [
        {key: value for key, value in row.items() if key not in answering}
        if digits(str(row.get("number", ""))) in replaced
        else row
        for row in objects
        if str(row["id"]) not in going
    ]


def _absent_phones(snapshot: Snapshot, spec: EnvironmentSpec) -> list[ApiObject]:
    """The phone numbers of the entries to remove."""
    absent = {str(number.number) for number in spec.absent_numbers}
    return [row for row in own_phone_numbers(snapshot, spec) if digits(str(row.get("number"))) in absent]


def planned_removal(run: ApplyRun, undeclared: Undeclared) -> Removal:
    """The objects that a run removes.

    :param run: the state of the run, before the first write. :param undeclared: undeclared objects, if they are to be
        removed too. :return: the objects to remove, with the state ``absent``.
    """
    spec, before = run.spec, run.before
    pruned = {
        number: Number.model_construct(None, number=number, state="absent")
        for number in (digits(str(row.get("number"))) for row in undeclared.phones)
    }
    numbers = (*spec.absent_numbers, *pruned.values())
    phones = absent_phone_numbers(spec, numbers, _absent_phones(before, spec))
    phones += [_absent(PHONE_NUMBER, "number", str(row.get("number")), row) for row in undeclared.phones]
    return Removal(
        numbers=numbers,
        forwards=tuple(own_forwards(run, [number for number in numbers if number.inbound])),
        phones=tuple(phones),
        tools=(*reversed(spec.absent_tools), *map(_absent_tool, undeclared.detached)),
        held_tools=tuple(map(_absent_tool, undeclared.tools)),
        assistants=(
            *reversed(spec.absent_assistants),
            *(_absent(ASSISTANT, "name", str(row.get("name")), row) for row in undeclared.assistants),
        ),
    )


def absent_phone_numbers(
    spec: EnvironmentSpec, numbers: t.Iterable[Number], rows: t.Iterable[ApiObject]
) -> list[Desired]:
    """Phone numbers in Vapi as declared objects, each with its id, because several may have the same digits.

    :param spec: the environment. :param numbers: the entries. :param rows: the phone numbers. :return: the objects.
    """
    by_number = {str(number.number): number for number in numbers}
    return [
        dataclasses.replace(spec.desired_phone_number(by_number[digits(str(row["number"]))], "", {}), id=str(row["id"]))
        for row in rows
    ]


def _absent(resource: AnyKeyedResource, key: str, name: str, row: ApiObject) -> Desired:
    """An existing object with the state ``absent``."""
    record = resource.record.model_construct(None, **{key: name})
    return Desired(record, resource.options(state="absent"), id=str(row["id"]), label=name)


def _absent_tool(row: ApiObject) -> Desired:
    return _absent(TRANSFER_TOOL, "name", str(dig(row, ("function", "name"))), row)


def own_forwards(run: ApplyRun, numbers: t.Iterable[Number]) -> list[Desired]:
    """Destinations of numbers that lead to removed objects, including forms of earlier declarations.

    :param run: the state of the run. :param numbers: the numbers. :return: the forwards, with the state ``absent``.
    """
    spec, before = run.spec, run.before
    ids = declared_trunk_ids(before, spec)
    trunks, all_trunks = {key.lower() for key in ids}, [str(row["id"]) for row in before.trunks]
    own = {digits(str(row["number"])) for row in own_phone_numbers(before, spec)}
    own |= {digits(str(row.get("number"))) for row in before.phones if row.get("credentialId") in ids}
    moved = set(before.phone) - own
    found = {}
    for number in numbers:
        for entry in CallPath(before, str(number.number)).to_vapi:
            uri = uri_of(entry)
            by_key = holds_key(uri, spec.key)
            # A URI with the key may lead to the trunk that the number has been moved to.
            if label_of(uri) in trunks or (by_key and (spec.uses_private_key or number.number not in moved)):
                found[number.number, entry.identity] = spec.desired_forward(
                    number, "", all_trunks, by_key=by_key, uri=uri
                )
    return list(found.values())


def unanswered(
    run: ApplyRun, forwards: t.Sequence[Desired], phones: t.Collection[str], trunks: t.Collection[str]
) -> list[str]:
    """Numbers whose remaining active destinations cannot answer after the removal.

    The plan of the forward has already warned about a number without active destinations.

    :param run: the state of the run. :param forwards: the removed forwards. :param phones: the ids of the phone numbers
        that are removed. :param trunks: the ids of the trunks that are removed. :return: the numbers.
    """
    before = run.before
    left = dataclasses.replace(
        before,
        phones=tuple(row for row in before.phones if str(row["id"]) not in phones),
        trunks=tuple(row for row in before.trunks if str(row["id"]) not in trunks),
    )
    gone = {(str(desired.record.number), desired.record.destination) for desired in forwards}
    found = []
    for number in dict.fromkeys(str(item.record.number) for item in forwards):
        was, path = CallPath(before, number), CallPath(left, number)
        kept = [entry for entry in path.entries if (number, uri_of(entry).strip()) not in gone]
        if (
            any(map(run.spec.carrier.reachable, kept))
            and any(map(was.can_answer, was.entries))
            and not any(map(path.can_answer, kept))
        ):
            found.append(number)
    return found


def removal_errors(run: ApplyRun, undeclared: Undeclared, objects: t.Sequence[ApiObject]) -> list[str]:
    """A sentence for each entry to remove that an object uses which stays.

    :param run: the state of the run. :param undeclared: undeclared objects, if they are to be removed too.
    :param objects: all phone numbers, squads and tools in Vapi. :return: the sentences.
    """
    staying = _staying(run.before, run.spec, objects, undeclared.phones)
    removed = {str(row["id"]) for row in (*undeclared.assistants, *undeclared.tools, *undeclared.detached)}
    users = Users(rows_after(run.before, run.spec, staying, removed))
    kinds = (
        ("assistant", "The assistant", run.spec.absent_assistants, run.before.assistants, ("name",)),
        ("tool", "The transfer tool", run.spec.absent_tools, run.before.tools, ("function", "name")),
    )
    return [
        _still_used(f"{title} {desired.label}", user.description, desired.path)
        for kind, title, entries, rows, path in kinds
        for desired in entries
        for row in _rows_of(desired, rows, path)
        for user in users.of(kind, row)
    ]


def removed_objects(run: ApplyRun, known: t.Collection[str]) -> list[dict[str, str]]:
    """The return values for the objects that a run has removed, or would remove in check mode.

    :param run: the state of the run. :param known: trunk ids, which are not redacted in URIs. :return: per object
        ``kind``, ``name`` and ``id``; ``destination`` of a forward instead, which didlogic identifies by it.
    """
    found = []
    for resource, outcome in run.steps:
        if outcome.action == "delete" and not outcome.error:
            record = outcome.desired.record
            which = (
                {"destination": redacted_uri(str(record.destination), known)}
                if resource is run.spec.forward
                else {"id": outcome.deleted_id}
            )
            found.append({"kind": resource.name, "name": outcome.desired.label, **which})
    return found


def ids_of(entries: t.Iterable[Desired], rows: t.Iterable[ApiObject], path: tuple[str, ...]) -> list[str]:
    """The ids of the objects that entries declare.

    :param entries: the entries. :param rows: all objects of their kind. :param path: the keys of the name in a row.
    :return: the ids of those that exist.
    """
    return [str(row["id"]) for desired in entries for row in _rows_of(desired, rows, path)]


def _rows_of(desired: Desired, rows: t.Iterable[ApiObject], path: tuple[str, ...]) -> list[ApiObject]:
    """The objects with the name of an entry or one of its former names."""
    return [row for row in rows if dig(row, path) in desired.names]


def _still_used(what: str, user: str, path: str) -> str:
    rule = "which is not removed. Change that first, or remove state from the entry."
    return f"{what} is to be removed ({path}.state), but it {user}, {rule}"
