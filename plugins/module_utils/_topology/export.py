# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Export of both accounts as specifications, one environment per trunk. Only :func:`find` sends requests.

Applying an export changes nothing; notes list everything that cannot be expressed.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import from_api, to_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    ApiObject,
    as_object,
    objects_in,
    reserved_keys,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import hidden_places
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, camel, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import to_result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource, State
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits, is_ipv4
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    display_name,
    gateways,
    login_of,
    read,
    tool_ids,
    uri_of,
    user_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import (
    EnvironmentSpec,
    Number,
    Trunk,
    check_phone,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ANSWER_ONLY,
    ASSISTANT,
    WORKFLOW_FIX,
    WORKFLOWS_RETIRED,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.destination import Destination
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import holds_key, region_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK, Gateway
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import ANY_TOOL, TRANSFER_TOOL


class ExportOptions(Model):
    """Options of the module."""

    trunk: str | None = None
    definitions: bool = True


def find(engines: t.Mapping[str, Engine], options: ExportOptions, carrier: Carrier = CARRIER) -> ApiObject:
    """Export the environments of both accounts.

    :param engines: by the services' names. :param options: the options of the export.
    :param carrier: the carrier.
    :return: the result of the module. :raises OptionError: if the trunk does not exist.
    """
    connection = engines["vapi"].client.connection
    region, key = connection.region, connection.api_key
    snapshot = read(engines["vapi"], engines[carrier.provider.name], carrier, region=region, key=key)
    trunks = [row for row in snapshot.trunks if options.trunk in (None, "", str(row["id"]), row.get("name"))]
    if options.trunk and not trunks:
        names = ", ".join(sorted(display_name(row) for row in snapshot.trunks)) or "none"
        raise OptionError("trunk", f"matches no SIP trunk in Vapi; use one of: {names}.")
    trunks.sort(key=lambda row: (display_name(row), str(row["id"])))
    tools = {str(row["id"]) for row in engines["vapi"].rows(ANY_TOOL)}
    found = [environment(snapshot, trunk, tools, definitions=options.definitions) for trunk in trunks]
    return {"changed": False, "environments": found, "labels": {str(row["id"]) for row in snapshot.trunks}}


def environment(
    snapshot: Snapshot, trunk: ApiObject, there: t.Collection[str], *, definitions: bool = True
) -> ApiObject:
    """Export one trunk and all objects that belong to it, in the options of the module ``integration``.

    :param snapshot: both accounts. :param trunk: the trunk.
    :param there: ids of all tools, including those that do not transfer calls.
    :param definitions: whether to include the assistants' definitions.
    :return: the options, and notes on omitted settings.
    """
    notes: list[str] = []
    phones = _declarable(snapshot, trunk, notes)
    format_ = _format(phones, notes)
    paths = [CallPath(snapshot, digits(str(phone["number"]))) for phone in phones]
    members = [key for path in paths for key in path.members]
    assistants = [snapshot.assistant[key] for key in dict.fromkeys(members) if key in snapshot.assistant]
    tools = _attached_tools(snapshot, assistants)
    known = _nameable(snapshot.tools, TRANSFER_TOOL, tools, _tool, notes)

    def spoken(row: ApiObject) -> ApiObject:
        return _assistant(row, known, there)

    who = _nameable(snapshot.assistants, ASSISTANT, assistants, spoken, notes)
    found: ApiObject = {"trunk": _trunk(trunk, notes)}
    if definitions:
        found["transfer_tools"] = [_tool(row) for row in tools if str(row["id"]) in known]
        found["assistants"] = [spoken(row) for row in assistants if str(row["id"]) in who]
    found["numbers"] = [_number(snapshot, trunk, phone, who, format_, notes) for phone in phones]
    found["number_format"] = format_
    if any(map(_transfers_by_refer, paths)):
        found["allow_unconfirmed_refer"] = True
    _note_unexpressed(found, trunk, phones, [row for row in tools if str(row["id"]) in known], snapshot, notes)
    hidden = hidden_places({name: found[name] for name in FREE if name in found})
    if hidden:
        notes.append(
            f"{', '.join(hidden)}: a secret, which is not exported. Before you apply this file, replace hidden by the "
            "value, or remove the key to keep the object's current secret."
        )
    return {**{name: value for name, value in found.items() if value != []}, "region": snapshot.region, "notes": notes}


def _attached_tools(snapshot: Snapshot, assistants: t.Iterable[ApiObject]) -> list[ApiObject]:
    """The transfer tools of assistants, in their order."""
    transferring = {str(row["id"]): row for row in snapshot.tools}
    attached = dict.fromkeys(key for row in assistants for key in tool_ids(row))
    return [transferring[key] for key in attached if key in transferring]


def _transfers_by_refer(path: CallPath) -> bool:
    return any(transfer.by_refer for *_defined, transfer in path.transfers)


#: Free-form options, which may contain secrets.
FREE = ("transfer_tools", "assistants", "numbers")


def _note_unexpressed(
    found: ApiObject,
    trunk: ApiObject,
    phones: list[ApiObject],
    tools: list[ApiObject],
    snapshot: Snapshot,
    notes: list[str],
) -> None:
    """Note every current field that an object created from the exported options would not have.

    :param tools: the declared ones. An assistant's definition contains all of its fields.
    """
    given = {"state": "present", "inbound_uri": "trunk_id", "number_format": found["number_format"], "numbers": ()}
    spec = EnvironmentSpec(
        params=given, region=snapshot.region, key="", trunk=Trunk(), account=None, all_tools=(), all_assistants=()
    )

    def phone_body(row: ApiObject, item: ApiObject) -> ApiObject:
        number = from_options(Number, {"number": item["number"]})
        made = to_api(spec.desired_phone_number(number, str(trunk["id"]), {}).record)
        expressed = {camel(f"{name}_id") if name in PHONE_NUMBER.choices else camel(name): item[name] for name in item}
        # Assistant and squad have options; if they are left out, another note says so.
        choices = {camel(f"{name}_id"): row.get(camel(f"{name}_id")) for name in PHONE_NUMBER.choices}
        return {**made, **choices, **expressed}

    def trunk_body() -> ApiObject:
        made = dataclasses.replace(spec, trunk=from_options(Trunk, as_object(found["trunk"])))
        return to_api(made.desired_trunk().record)

    cases: list[tuple[Resource, ApiObject, str, t.Callable[[], ApiObject]]] = [
        (SIP_TRUNK, trunk, display_name(trunk), trunk_body)
    ]
    cases += [
        (PHONE_NUMBER, row, str(item["number"]), functools.partial(phone_body, row, item))
        for row, item in zip(phones, objects_in(found["numbers"]), strict=True)
    ]
    cases += [
        (TRANSFER_TOOL, row, display_name(row, "function.name"), functools.partial(_tool_body, row)) for row in tools
    ]
    for resource, row, name, body in cases:
        try:
            made = body()
        except OptionError:
            # Only fields without any option count here; other notes list fields that prevent an export.
            made = to_api(from_api(resource.record, row))
        own = {key: value for key, value in row.items() if key not in (*ANSWER_ONLY, *resource.constants)}
        lost = [place for place in _lost(own, made) if place not in map(camel, resource.read_only_fields)]
        if lost:
            notes.append(
                f"{resource.title} {name}: fields that cannot be expressed here: {', '.join(lost)}. Applying this "
                "file does not change them; an object that is created from it does not have them."
            )


def _tool_body(row: ApiObject) -> ApiObject:
    return to_api(desired_from_options(TRANSFER_TOOL, _tool(row)).record)


def _lost(raw: object, body: object, path: str = "") -> list[str]:
    """The dotted paths of a current object that a body does not have, without empty values."""
    if isinstance(raw, list) and all(isinstance(item, dict) for item in raw):
        rows = [item for item in body if isinstance(item, dict)] if isinstance(body, list) else []
        return [f"{path}[].{key}" for key in sorted(_used_keys(raw) - {key for row in rows for key in row})]
    if not isinstance(raw, dict):
        return []
    given = body if isinstance(body, dict) else {}
    found = []
    for key in [key for key in raw if key in _used_keys([raw])]:
        place = f"{path}.{key}" if path else str(key)
        found += _lost(raw[key], given[key], place) if key in given else [place]
    return found


def _used_keys(rows: list[ApiObject]) -> set[str]:
    """The keys that have a value in any row."""
    return {key for row in rows for key, value in row.items() if value not in (None, "", {}, [])}


def _declarable(snapshot: Snapshot, trunk: ApiObject, notes: list[str]) -> list[ApiObject]:
    """The phone numbers on the trunk that an environment can contain."""
    found = []
    for row in snapshot.phones:
        if row.get("credentialId") != trunk["id"]:
            continue
        try:
            check_phone(digits(str(row.get("number", ""))))
        except ValueError:
            notes.append(
                f"phone number {display_name(row, 'number')}: is not a number with country code, so it is left out."
            )
        else:
            found.append(row)
    return sorted(found, key=lambda row: digits(str(row["number"])))


def _format(phones: list[ApiObject], notes: list[str]) -> str:
    plus = [phone for phone in phones if str(phone["number"]).startswith("+")]
    found = "e164" if phones and 2 * len(plus) > len(phones) else "digits"
    others = [str(phone["number"]) for phone in phones if (phone in plus) != (found == "e164")]
    if others:
        notes.append(
            f"{', '.join(others)}: spelled differently from most; applying this file changes them to the form {found}."
        )
    return found


def _trunk(row: ApiObject, notes: list[str]) -> ApiObject:
    out = [gateway for gateway in gateways(row) if gateway.get("outboundEnabled", True)]
    into = [gateway for gateway in gateways(row) if gateway.get("inboundEnabled", True)]
    both = [gateway for gateway in out if gateway in into]
    name = f"trunk {display_name(row)}"
    if len(out) != 1:
        notes.append(f"{name}: has {len(out)} gateways for outbound calls; an environment has one.")
    if both:
        notes.append(f"{name}: a gateway is for both directions; applying this file replaces it by one for each.")
    first = to_result(SIP_TRUNK, {**row, "gateways": out[:1]}, State())
    resulting = first.get("gateways")
    gateway = resulting[0] if isinstance(resulting, list) and resulting else {}
    protocol = str(gateway.get("outbound_protocol", "udp"))
    usual = 5061 if protocol.startswith("tls") else 5060
    found = {
        "name": first.get("name"),
        "gateway": gateway.get("ip"),
        "protocol": protocol if protocol != fields(Trunk)["protocol"].default else None,
        "port": gateway.get("port") if gateway.get("port", usual) != usual else None,
        "username": login_of(row),
        "inbound_networks": [_network(item) for item in into if is_ipv4(str(item.get("ip")))],
        "leading_plus": first.get("outbound_leading_plus_enabled"),
    }
    plain = {name: field.default for name, field in fields(Gateway).items()}
    odd = [item for item in gateways(row) if item.get("optionsPingEnabled", plain["options_ping_enabled"])]
    ports = [item for item in into if item not in out and item.get("port", plain["port"]) != plain["port"]]
    if odd or ports:
        notes.append(f"{name}: has OPTIONS pings or a port for inbound calls, which an environment cannot contain.")
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def _network(gateway: ApiObject) -> str:
    mask = gateway.get("netmask", 32)
    return str(gateway["ip"]) + ("" if mask == 32 else f"/{mask}")


def _nameable(
    everything: t.Iterable[ApiObject],
    resource: Resource,
    rows: list[ApiObject],
    to_options: t.Callable[[ApiObject], ApiObject],
    notes: list[str],
) -> dict[str, str]:
    """Names by id of the objects that can be declared and identified by their name."""
    api_name = fields(resource.record)["name"].api_name
    counts = collections.Counter(display_name(row, api_name) for row in everything)
    names = {str(row["id"]): str(to_result(resource, row, State()).get("name", "")) for row in rows}
    for row in rows:
        key, name = str(row["id"]), names[str(row["id"])]
        why = "has no name" if not name else f"shares the name {name} with another" if counts[name] > 1 else ""
        try:
            if not why:
                desired_from_options(resource, to_options(row))
        except OptionError as problem:
            why = f"has settings that cannot be declared ({str(problem).rstrip('.')})"
        if why:
            notes.append(f"{resource.title} {key}: {why}, so it is referred to by its id and not declared.")
            del names[key]
    return names


def _tool(row: ApiObject) -> ApiObject:
    found = to_result(TRANSFER_TOOL, row, State())
    kept: ApiObject = {
        name: found[name] for name in ("name", "description", "destinations", "messages") if name in found
    }
    if "destinations" in kept:
        kept["destinations"] = [_plain(item) for item in objects_in(kept["destinations"])]
    return kept


def _plain(destination: ApiObject) -> ApiObject:
    """A destination without default values."""
    usual = {name: field.default for name, field in fields(Destination).items()}
    return {name: value for name, value in destination.items() if value != usual.get(name)}


def _assistant(row: ApiObject, tools: t.Mapping[str, str], there: t.Collection[str]) -> ApiObject:
    found = to_result(ASSISTANT, row, State())
    kept: ApiObject = {name: found[name] for name in ("name", "definition") if name in found}
    own = found.get("tools")
    if isinstance(own, list) and own:
        # Vapi keeps the ids of deleted tools. They are left out and therefore not changed.
        kept["tools"] = [tools.get(key, key) for key in own if key in there]
    return kept


def _number(
    snapshot: Snapshot, trunk: ApiObject, phone: ApiObject, who: t.Mapping[str, str], format_: str, notes: list[str]
) -> ApiObject:
    number = digits(str(phone["number"]))
    item = to_result(PHONE_NUMBER, phone, State())
    found: ApiObject = {"number": number}
    if item.get("name"):
        found["name"] = item["name"]
    if item.get("workflow"):
        notes.append(
            f"number {number}: it is assigned to the workflow {item['workflow']}, which is left out: Vapi has not "
            f"run workflows since {WORKFLOWS_RETIRED}. {WORKFLOW_FIX}"
        )
    for choice, rows in (("assistant", snapshot.assistant), ("squad", snapshot.squad)):
        key = str(item.get(choice) or "")
        if key and key not in rows:
            notes.append(f"number {number}: its {choice} {key} no longer exists, so it is left out.")
        elif key:
            found[choice] = who.get(key, key) if choice == "assistant" else key
    if item.get("number_e164_check_enabled") is not (format_ == "e164"):
        notes.append(f"number {number}: applying this file sets Vapi's E.164 check as the form {format_} requires.")
    fallback = item.get("fallback_destination")
    if reserved := reserved_keys(fallback, "fallback_destination"):
        notes.append(
            f"number {number}: {', '.join(reserved)}: Ansible interprets this key, so the fallback destination is left "
            "out. Applying this file does not change it."
        )
    elif isinstance(fallback, dict) and fallback:
        found["fallback_destination"] = _plain(fallback)
    if not _comes_in(snapshot, trunk, phone, number, notes):
        found["inbound"] = False
    return found


def _comes_in(snapshot: Snapshot, trunk: ApiObject, phone: ApiObject, number: str, notes: list[str]) -> bool:
    """Whether the carrier sends the number's calls to this trunk first."""
    path = CallPath(snapshot, number)
    lead = path.first_active
    if lead and holds_key(uri_of(lead), snapshot.key):
        notes.append(f"number {number}: its forward is a URI with the private key; applying this file replaces it.")
        return True
    there = path.trunk_of(lead) if lead else None
    here = lead is not None and there is not None and there["id"] == trunk["id"]
    if here and lead and region_of(uri_of(lead)) == snapshot.region and user_of(lead) == str(phone["number"]):
        return True
    if path.bought:
        notes.append(
            f"number {number}: {snapshot.carrier.provider.title} does not send its calls to this trunk first, so it "
            "is declared for outbound calls only. Set inbound: true to change that."
        )
    return False
