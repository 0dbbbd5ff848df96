# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot of both accounts and the call path of each number. Only the read functions send requests."""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_address, user_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits, is_ipv4
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import (
    Carrier,
    Login,
    login_reached,
    routes_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import destination_result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import PathResult, TransferResult
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import (
    Reference,
    Transfer,
    greets,
    inline_names,
    is_answered,
    references,
    transfers,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    holds_key,
    host_of,
    label_of,
    region_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The objects of both accounts.

    :param key: Vapi's private key, to find it in URIs. :param carrier: the carrier of ``numbers`` and ``accounts``.
    :param declared_numbers: digits of the selected numbers; empty for all.
    :param accounts: the carrier's SIP accounts; ``None`` if they were not read.
    :param own_trunks: ids of trunks that are known to be for didlogic.
    :param listed: ids of all objects in Vapi's lists, including those without a row here: tools that do not transfer
        calls, credentials that are not trunks.
    """

    region: str
    key: str = dataclasses.field(repr=False)
    carrier: Carrier = dataclasses.field(default=CARRIER, repr=False)
    balance: float | None = None
    numbers: tuple[ApiObject, ...] = ()
    accounts: tuple[ApiObject, ...] | None = None
    trunks: tuple[ApiObject, ...] = ()
    phones: tuple[ApiObject, ...] = ()
    assistants: tuple[ApiObject, ...] = ()
    squads: tuple[ApiObject, ...] = ()
    tools: tuple[ApiObject, ...] = ()
    #: Tools that do not transfer calls; a handoff leads to other assistants.
    other_tools: tuple[ApiObject, ...] = ()
    declared_numbers: tuple[str, ...] = ()
    #: Digits of all numbers of the carrier's account, including those that are not selected.
    own: frozenset[str] = frozenset()
    own_trunks: frozenset[str] = frozenset()
    listed: t.Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def trunk(self) -> dict[str, ApiObject]:
        """Trunks by id in lower case."""
        return {str(row["id"]).lower(): row for row in self.trunks}

    @functools.cached_property
    def assistant(self) -> dict[str, ApiObject]:
        """Assistants by id."""
        return {str(row["id"]): row for row in self.assistants}

    @functools.cached_property
    def squad(self) -> dict[str, ApiObject]:
        """Squads by id."""
        return {str(row["id"]): row for row in self.squads}

    @functools.cached_property
    def tool(self) -> dict[str, ApiObject]:
        """Tools of all types by id."""
        return {str(row["id"]): row for row in (*self.tools, *self.other_tools)}

    @functools.cached_property
    def assistants_named(self) -> dict[str, list[ApiObject]]:
        """Assistants by name; several may have the same."""
        found: dict[str, list[ApiObject]] = {}
        for row in self.assistants:
            found.setdefault(str(row.get("name")), []).append(row)
        return found

    @functools.cached_property
    def inline_names(self) -> frozenset[str]:
        """The names of the assistants that are only defined inside other objects."""
        rows = (*self.assistants, *self.squads, *self.phones, *self.tool.values())
        return frozenset(name for row in rows for name in inline_names(row))

    def without_selection(self) -> Snapshot:
        """The same objects without a selection of numbers; everything else that is computed from them is kept."""
        found = dataclasses.replace(self, declared_numbers=())
        selection = ("declared_numbers", "call_paths")
        vars(found).update({name: value for name, value in vars(self).items() if name not in selection})
        return found

    def referenced(self, reference: Reference) -> list[tuple[str, ApiObject]]:
        """Kind and row of the objects that a reference leads to.

        :param reference: the reference. :return: the objects; empty if there is none or its kind has no rows here.
        """
        if reference.by_name:
            return [(reference.kind, row) for row in self.assistants_named.get(reference.id, [])]
        rows = {"assistant": self.assistant, "squad": self.squad, "tool": self.tool}.get(reference.kind, {})
        return [(reference.kind, rows[reference.id])] if reference.id in rows else []

    def reached_from(self, rows: t.Iterable[tuple[str, ApiObject]]) -> list[tuple[str, ApiObject]]:
        """Kind and row of some objects and of all that they refer to, directly or not.

        :param rows: kind and row of the first objects. :return: the objects, without duplicates, these first.
        """
        found = {(kind, str(row["id"])): row for kind, row in rows}
        waiting = collections.deque(found.values())
        while waiting:
            for reference in self.references_of(waiting.popleft()):
                for kind, row in self.referenced(reference):
                    if (kind, str(row["id"])) not in found:
                        found[kind, str(row["id"])] = row
                        waiting.append(row)
        return [(kind, row) for (kind, _key), row in found.items()]

    def references_of(self, row: ApiObject) -> list[Reference]:
        """Every reference of an object to another one.

        :param row: a row of this snapshot. :return: the references.
        """
        if id(row) not in self._references:
            self._references[id(row)] = references(row)
        return self._references[id(row)]

    @functools.cached_property
    def _references(self) -> dict[int, list[Reference]]:
        """The references of the rows, by their ``id()``."""
        return {}

    def is_missing(self, reference: Reference) -> bool:
        """Whether the object of a reference does not exist in Vapi.

        :param reference: the reference. :return: the result.
        """
        if reference.by_name:
            return not self.referenced(reference) and reference.id not in self.inline_names
        return not self.exists(reference.kind, reference.id)

    @functools.cached_property
    def bought(self) -> dict[str, ApiObject]:
        """Purchased numbers by their digits."""
        return {self.carrier.number_of(row): row for row in self.numbers}

    @functools.cached_property
    def logins(self) -> tuple[Login, ...]:
        """The SIP accounts of the carrier."""
        return tuple(map(self.carrier.login_of, self.accounts or ()))

    @functools.cached_property
    def phone(self) -> dict[str, list[ApiObject]]:
        """Vapi's phone numbers by their digits; several may have the same digits."""
        found: dict[str, list[ApiObject]] = {}
        for row in self.phones:
            found.setdefault(digits(str(row.get("number", ""))), []).append(row)
        return found

    @functools.cached_property
    def registered(self) -> dict[str, list[ApiObject]]:
        """The trunks that register with the carrier, by their SIP account; several may use the same one."""
        found: dict[str, list[ApiObject]] = {}
        for row in self.trunks:
            plan = dig(row, ("outboundAuthenticationPlan", "sipRegisterPlan"))
            domain = str(dig(plan, ("domain",)) or "")
            login = str(dig(plan, ("username",)) or login_of(row))
            ours = not domain or self.carrier.is_gateway(parse_address(domain).host)
            if isinstance(plan, dict) and plan and login and ours:
                found.setdefault(login, []).append(row)
        return found

    @functools.cached_property
    def didlogic_trunks(self) -> frozenset[str]:
        """Ids of didlogic's trunks: they have a gateway of didlogic, or a destination of didlogic leads to them."""
        found = {key.lower() for key in self.own_trunks}
        found |= {
            str(row["id"]).lower()
            for row in self.trunks
            if any(self.carrier.is_gateway(str(g.get("ip"))) for g in gateways(row))
        }
        for row in self.numbers:
            for entry in routes_of(self.carrier, row):
                found |= {str(trunk["id"]).lower() for trunk in self.trunks_of(entry)}
                if is_at_vapi(entry) and holds_key(uri_of(entry), self.key):
                    # The key determines no trunk: calls reach the trunk of the number.
                    phones = self.phone.get(digits(user_of(entry)), [])
                    found |= {str(phone.get("credentialId")).lower() for phone in phones}
        return frozenset(found)

    def is_didlogic(self, trunk: ApiObject | None) -> bool:
        """Whether a trunk belongs to didlogic and not to another carrier.

        :param trunk: the trunk. :return: the result.
        """
        return trunk is not None and str(trunk["id"]).lower() in self.didlogic_trunks

    def trunks_of(self, entry: Entry) -> list[ApiObject]:
        """The trunks that a destination leads to: by the id in a URI, or by a registration, which several may share.

        :param entry: the destination. :return: the trunks.
        """
        login = login_reached(self.carrier, entry)
        if login:
            return self.registered.get(login, [])
        trunk = self.trunk.get(label_of(uri_of(entry)) or "")
        return [trunk] if trunk else []

    def missing_login(self, entry: Entry) -> str:
        """The SIP account that a destination leads to, if the carrier's account does not have it.

        :param entry: the destination. :return: the login; empty if it exists or the SIP accounts were not read.
        """
        login = login_reached(self.carrier, entry)
        known = self.accounts is None or login in {own.name for own in self.logins}
        return "" if known else login

    @functools.cached_property
    def dialled(self) -> frozenset[str]:
        """The digits of all numbers that the destinations at Vapi's SIP host call."""
        entries = [entry for row in self.numbers for entry in routes_of(self.carrier, row)]
        return frozenset(digits(user_of(entry)) for entry in entries if is_at_vapi(entry))

    def exists(self, kind: str, key: str) -> bool:
        """Whether an object exists in Vapi.

        :param kind: the kind. :param key: the id. :return: the result; true if its kind was not read.
        """
        rows: dict[str, tuple[str, t.Mapping[str, ApiObject]]] = {
            "assistant": ("assistants", self.assistant),
            "squad": ("squads", self.squad),
            "tool": ("tools", self.tool),
            "credential": ("trunks", self.trunk),
        }
        place, known = rows[kind]
        return key in known or key.lower() in known or key in self.listed.get(place, ())

    def answers(self, phone: ApiObject) -> bool:
        """Whether calls to a phone number of Vapi are answered. A workflow does not answer: Vapi no longer runs any.

        :param phone: the phone number. :return: the result.
        """
        if phone.get("status") == "blocked":
            return False
        if greets(phone):
            return True
        if phone.get("assistantId"):
            return self.exists("assistant", str(phone["assistantId"]))
        if phone.get("squadId"):
            return self._squad_answers(str(phone["squadId"]))
        return is_answered(phone)

    def by_empty_squad(self, phone: ApiObject) -> bool:
        """Whether a squad without members is to answer a phone number.

        :param phone: the phone number. :return: the result.
        """
        return not phone.get("assistantId") and self.squad.get(str(phone.get("squadId")), {}).get("members") == []

    def _squad_answers(self, key: str) -> bool:
        """Whether a squad has a member that exists; true if the squads were not read."""
        members = self.squad.get(key, {}).get("members", True) if self.exists("squad", key) else []
        if not isinstance(members, list):
            return True
        ids = [dig(member, ("assistantId",)) for member in members]
        return any(not member_id or self.exists("assistant", str(member_id)) for member_id in ids)

    @functools.cached_property
    def call_paths(self) -> tuple[CallPath, ...]:
        """The call path of each selected number; a number of another carrier only if it is declared."""
        elsewhere = {
            number
            for number, rows in self.phone.items()
            if all((trunk := self.trunk_of_phone(row)) and not self.is_didlogic(trunk) for row in rows)
        }
        known = {*self.bought, *(set(self.phone) - elsewhere)} - {""}
        return tuple(map(self.path, sorted(set(self.declared_numbers) or known)))

    def path(self, number: str) -> CallPath:
        """The call path of a number.

        :param number: its digits. :return: the call path, whose properties are computed once.
        """
        return self._paths.setdefault(number, CallPath(self, number))

    @functools.cached_property
    def _paths(self) -> dict[str, CallPath]:
        return {}

    def trunk_of_phone(self, phone: ApiObject) -> ApiObject | None:
        """The trunk of a phone number.

        :param phone: the phone number. :return: the trunk, or ``None``.
        """
        return self.trunk.get(str(phone.get("credentialId", "")).lower())


@dataclasses.dataclass(frozen=True)
class CallPath:
    """The call path of one number: forward, trunk, phone number, assistant, tools."""

    snapshot: Snapshot = dataclasses.field(repr=False)
    number: str

    @property
    def bought(self) -> bool:
        """Whether the account has the number."""
        return self.number in self.snapshot.bought

    @functools.cached_property
    def entries(self) -> list[Entry]:
        """The destinations in the order in which calls try them."""
        return routes_of(self.snapshot.carrier, self.snapshot.bought.get(self.number, {}))

    @functools.cached_property
    def first_active(self) -> Entry | None:
        """The destination that calls try first."""
        return next((entry for entry in self.entries if entry.active), None)

    @functools.cached_property
    def to_vapi(self) -> list[Entry]:
        """The destinations that lead to Vapi, by a URI or by a registration."""
        return [entry for entry in self.entries if is_at_vapi(entry) or self.trunk_of(entry)]

    @functools.cached_property
    def forward(self) -> Entry | None:
        """The destination for Vapi: one that leads to a trunk takes precedence over one that does not."""
        order = sorted(self.to_vapi, key=lambda entry: (self.trunk_of(entry) is None, not entry.active))
        return order[0] if order else None

    def trunk_of(self, entry: Entry) -> ApiObject | None:
        """The trunk that a destination leads to; of several with the same registration the one that has the number.

        :param entry: the destination. :return: the trunk, or ``None``.
        """
        found = self.snapshot.trunks_of(entry)
        own = {str(row.get("credentialId")).lower() for row in self.phones}
        return next(iter([*(row for row in found if str(row["id"]).lower() in own), *found]), None)

    @property
    def by_registration(self) -> bool:
        """Whether calls are only known to reach Vapi by the registration of a trunk, which is a conclusion."""
        return self.forward is not None and not is_at_vapi(self.forward)

    def obstacle(self, entry: Entry) -> str:
        """The reason why a destination in Vapi cannot answer calls; empty if there is none.

        :param entry: the destination. :return: the reason.
        """
        uri, trunk = uri_of(entry), self.trunk_of(entry)
        by_uri = is_at_vapi(entry)
        label = label_of(uri) if by_uri else None
        if by_uri and region_of(uri) != self.snapshot.region:
            return "which is at the SIP host of another region"
        if label and trunk is None and not holds_key(uri, self.snapshot.key):
            return "which this Vapi organisation does not have"
        number = digits(user_of(entry)) if by_uri else self.number
        phones = self.snapshot.phone.get(number, [])
        if trunk is not None:
            phones = [row for row in phones if str(row.get("credentialId")).lower() == str(trunk["id"]).lower()]
        if not phones:
            return f"which does not have the number {number}"
        if by_uri and not any(map(self._accepts_calls, phones)):
            return "which has no gateway for inbound calls"
        return "" if any(self.snapshot.answers(row) for row in phones) else f"where nobody answers the number {number}"

    def is_unknown(self, entry: Entry) -> bool:
        """Whether a destination is active and of an unknown kind: nobody knows whether it answers.

        :param entry: the destination. :return: the result.
        """
        return entry.active and self.snapshot.carrier.kind_of(entry.raw) == "other"

    def _accepts_calls(self, phone: ApiObject) -> bool:
        """Whether the trunk of a phone number has a gateway for inbound calls; true if there is no such trunk."""
        trunk = self.snapshot.trunk_of_phone(phone)
        return trunk is None or bool(inbound_gateways(trunk))

    def can_answer(self, entry: Entry) -> bool:
        """Whether a destination may answer calls.

        It must be active and of a known kind; a SIP account must exist; at Vapi's host it must lead to a trunk that
        accepts calls and a number with somebody who answers. No API returns whether another phone is answered.

        :param entry: the destination. :return: the result.
        """
        if not self.snapshot.carrier.reachable(entry) or self.snapshot.missing_login(entry):
            return False
        return entry not in self.to_vapi or not self.obstacle(entry)

    @functools.cached_property
    def phones(self) -> list[ApiObject]:
        """The number's objects in Vapi."""
        return self.snapshot.phone.get(self.number, [])

    @functools.cached_property
    def phone(self) -> ApiObject | None:
        """The phone number in Vapi; of several the one on the forward's trunk."""
        trunk = self.trunk_of(self.forward) if self.forward else None
        own = [row for row in self.phones if trunk and row.get("credentialId") == trunk["id"]]
        return next(iter([*own, *self.phones]), None)

    @functools.cached_property
    def trunk(self) -> ApiObject | None:
        """The trunk of the phone number."""
        return self.snapshot.trunk.get(str((self.phone or {}).get("credentialId", "")).lower())

    @functools.cached_property
    def members(self) -> list[str]:
        """Ids of the assistants that may answer."""
        phone = self.phone or {}
        if phone.get("assistantId"):
            return [str(phone["assistantId"])]
        return members_of(self.snapshot.squad.get(str(phone.get("squadId")), {}))

    @functools.cached_property
    def reached(self) -> list[tuple[str, ApiObject]]:
        """Kind and row of all objects in Vapi that may handle a call, without duplicates, the phone number first."""
        return self.snapshot.reached_from([("phone_number", self.phone)] if self.phone else [])

    @functools.cached_property
    def assistants(self) -> list[ApiObject]:
        """The assistants that may answer, including after a handoff."""
        return [row for kind, row in self.reached if kind == "assistant"]

    @functools.cached_property
    def transfers(self) -> list[tuple[str, ApiObject, Transfer]]:
        """All transfers that are possible in a call, with kind and row of the object that defines each."""
        return [(kind, row, transfer) for kind, row in self.reached for transfer in transfers(row)]


def uri_of(entry: Entry) -> str:
    """The URI of a destination.

    :param entry: the destination. :return: the URI; empty for other kinds.
    """
    return str(entry.raw["destination"])


def is_at_vapi(entry: Entry) -> bool:
    """Whether a destination is a URI at Vapi's SIP host.

    :param entry: the destination. :return: the result.
    """
    return host_of(uri_of(entry)) is not None


def user_of(entry: Entry) -> str:
    """The user part of a destination's URI.

    :param entry: the destination. :return: the user part.
    """
    return user_in(uri_of(entry))


def tool_ids(assistant: ApiObject) -> list[str]:
    """The ids of an assistant's tools.

    :param assistant: the assistant. :return: the ids.
    """
    found = dig(assistant, ("model", "toolIds"))
    return [str(key) for key in found] if isinstance(found, list) else []


def members_of(squad: ApiObject) -> list[str]:
    """The ids of a squad's assistants.

    :param squad: the squad. :return: the ids.
    """
    found = squad.get("members")
    members = found if isinstance(found, list) else []
    return [str(member["assistantId"]) for member in members if dig(member, ("assistantId",))]


def gateways(trunk: ApiObject | None) -> list[ApiObject]:
    """The gateways of a trunk; ``ip`` without the port and the transport that it may contain.

    :param trunk: the trunk, or ``None``. :return: the gateways.
    """
    found = (trunk or {}).get("gateways")
    return [_plain_gateway(row) for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _plain_gateway(row: ApiObject) -> ApiObject:
    address = parse_address(str(row.get("ip") or ""))
    parts = {"ip": address.host, "port": address.port, "outboundProtocol": address.transport}
    return {**row, **{key: value for key, value in parts.items() if value}}


def inbound_gateways(trunk: ApiObject | None) -> list[ApiObject]:
    """The gateways from whose addresses Vapi accepts calls.

    :param trunk: the trunk, or ``None``. :return: the gateways.
    """
    return [row for row in gateways(trunk) if row.get("inboundEnabled", True) and is_ipv4(str(row.get("ip")))]


def login_of(trunk: ApiObject | None) -> str:
    """The user name of a trunk.

    :param trunk: the trunk, or ``None``. :return: the user name; empty without one.
    """
    return str(dig(trunk, ("outboundAuthenticationPlan", "authUsername")) or "")


def display_name(row: ApiObject | None, *keys: str) -> str:
    """The name of an object for messages.

    :param row: the object, or ``None``. :param keys: dotted paths of further names. :return: its name, or its id.
    """
    places = [key.split(".") for key in (*keys, "name", "id")]
    return next((str(value) for value in (dig(row, place) for place in places) if value), "?")


def answered_by(path: CallPath) -> dict[str, str]:
    """Kind, id and name of the assistant or squad that answers.

    :param path: the call path. :return: return values; empty if nobody answers.
    """
    phone = path.phone or {}
    for kind, found in (("assistant", path.snapshot.assistant), ("squad", path.snapshot.squad), ("workflow", {})):
        key = phone.get(f"{kind}Id")
        if key:
            return {"kind": kind, "id": str(key), "name": display_name(found.get(str(key), {"id": key}))}
    return {}


#: Titles of the kinds of objects in Vapi that may define a transfer.
TITLES = {"assistant": "assistant", "squad": "squad", "tool": "transfer tool", "phone_number": "phone number"}


def titled(kind: str, row: ApiObject) -> str:
    """The kind and the name of an object in Vapi for messages.

    :param kind: the kind. :param row: the object. :return: the text.
    """
    title = "tool" if kind == "tool" and row.get("type") not in (None, "transferCall") else TITLES[kind]
    return f"{title} {display_name(row, 'function.name', *(['number'] if kind == 'phone_number' else []))}"


def transfer_results(path: CallPath) -> list[TransferResult]:
    """The objects that may transfer a call to the number, with their targets; only tools have an id.

    :param path: the call path. :return: return values.
    """
    found: dict[tuple[str, str], TransferResult] = {}
    for kind, row, transfer in path.transfers:
        tool = kind == "tool"
        name = display_name(row, "function.name") if tool else transfer.tool or titled(kind, row)
        item = found.setdefault(
            (str(row["id"]), name), {"id": str(row["id"]) if tool else "", "name": name, "to": list[str]()}
        )
        item["to"] += [transfer.target] if transfer.target else []
    return list(found.values())


def to_result(path: CallPath) -> PathResult:
    """The return values for a call path.

    :param path: the call path. :return: the return values.
    """
    known = {str(row["id"]) for row in path.snapshot.trunks}
    phone, trunk = path.phone, path.trunk
    login = login_of(trunk)
    return {
        "number": path.number,
        "bought": path.bought,
        "imported": phone is not None,
        "destinations": [
            {
                **destination_result(path.snapshot.carrier, entry, path.entries, path.number, known),
                "leads_to": leads_to(path, entry),
                "can_answer": path.can_answer(entry),
            }
            for entry in path.entries
        ],
        "phone_number": {
            "id": str(phone["id"]),
            "number": str(phone.get("number")),
            "name": display_name(phone, "name"),
        }
        if phone
        else {},
        "trunk": {"id": str(trunk["id"]), "name": display_name(trunk), **({"username": login} if login else {})}
        if trunk
        else {},
        "answered_by": answered_by(path),
        "transfer_tools": transfer_results(path),
    }


def leads_to(path: CallPath, entry: Entry) -> str:
    """A short description of a destination.

    :param path: the call path. :param entry: the destination. :return: the text.
    """
    if entry in path.to_vapi:
        trunk = path.trunk_of(entry)
        if trunk is None:
            return "Vapi, unknown trunk"
        here = not is_at_vapi(entry) or region_of(uri_of(entry)) == path.snapshot.region
        return f"Vapi, {display_name(trunk)}" if here else "Vapi, other region"
    kinds = {"sip_uri": "SIP address", "pstn": "phone", "sip_account": "SIP account"}
    return kinds.get(path.snapshot.carrier.kind_of(entry.raw), "other")


#: The kinds that are read from Vapi, by their field in the snapshot.
KINDS: dict[str, Resource] = {
    "trunks": SIP_TRUNK,
    "phones": PHONE_NUMBER,
    "assistants": ASSISTANT,
    "squads": SQUAD,
    "tools": TRANSFER_TOOL,
}


def read(vapi: Engine, engine: Engine, carrier: Carrier = CARRIER, **known: t.Any) -> Snapshot:
    """Read all objects that are part of call paths.

    :param vapi: the engine of Vapi. :param engine: that of the carrier. :param carrier: the carrier.
    :param known: further fields of the snapshot. :return: the snapshot.
    """
    bought = _Bought(engine, carrier, known.get("declared_numbers", ()))
    numbers, account, accounts, *listed = engine.run_concurrently(
        bought.read,
        lambda: engine.rows(carrier.account),
        lambda: engine.info(carrier.logins, {}),
        *_vapi_lists(vapi),
    )
    balance = carrier.balance_of(account[0])
    found = _placed(listed, own=bought.own, numbers=tuple(numbers), carrier=carrier, **known)
    return dataclasses.replace(found, balance=balance, accounts=tuple(accounts))


def read_call_paths(vapi: Engine | None, engine: Engine, carrier: Carrier = CARRIER, **known: t.Any) -> Snapshot:
    """Read only the objects of call paths; without ``vapi`` only those of the carrier.

    :param vapi: the engine of Vapi, or ``None``. :param engine: that of the carrier.
    :param carrier: the carrier. :param known: further fields of the snapshot. :return: the snapshot.
    """
    bought = _Bought(engine, carrier, known.get("declared_numbers", ()))
    numbers, *listed = engine.run_concurrently(bought.read, *(_vapi_lists(vapi) if vapi else ()))
    return _placed(listed, own=bought.own, numbers=tuple(numbers), carrier=carrier, **known)


def _vapi_lists(vapi: Engine) -> list[t.Callable[[], list[ApiObject]]]:
    return [functools.partial(vapi.rows, dataclasses.replace(kind, constants={})) for kind in KINDS.values()]


def with_destinations(snapshot: Snapshot, engine: Engine, numbers: t.Collection[str]) -> Snapshot:
    """Add the destinations of further numbers.

    :param snapshot: both accounts. :param engine: the carrier's. :param numbers: their digits; at least one.
    :return: the snapshot with them. :raises ApiError: if they cannot be read.
    """
    more = _Bought(engine, snapshot.carrier, numbers).read()
    rows = [row for row in more if snapshot.carrier.number_of(row) not in snapshot.bought]
    return dataclasses.replace(snapshot, numbers=(*snapshot.numbers, *rows))


@dataclasses.dataclass
class _Bought:
    """Reads the numbers of the account, and the destinations of the selected ones.

    :param own: the digits of all numbers, after :meth:`read`.
    """

    engine: Engine
    carrier: Carrier
    declared_numbers: t.Collection[str]
    own: frozenset[str] = frozenset()

    def read(self) -> list[ApiObject]:
        number_of, rows = self.carrier.number_of, self.engine.rows(self.carrier.numbers)
        self.own = frozenset(map(number_of, rows))
        desired = [row for row in rows if not self.declared_numbers or number_of(row) in self.declared_numbers]
        return self.engine.with_details(self.carrier.numbers, desired)


def _placed(listed: t.Sequence[list[ApiObject]], **known: t.Any) -> Snapshot:
    """A snapshot with the lists of Vapi; only the ids of unmanaged objects, such as other tools."""
    rows: dict[str, list[ApiObject]] = dict(zip(KINDS, listed, strict=False))
    managed = {place: tuple(row for row in found if _is_managed(KINDS[place], row)) for place, found in rows.items()}
    ids = {place: frozenset(str(row["id"]) for row in found) for place, found in rows.items()}
    others = tuple(row for row in rows.get("tools", ()) if not _is_managed(TRANSFER_TOOL, row))
    return Snapshot(listed=ids, other_tools=others, **known | managed)


def _is_managed(kind: Resource, row: ApiObject) -> bool:
    return all(row.get(key, value) == value for key, value in kind.constants.items())
