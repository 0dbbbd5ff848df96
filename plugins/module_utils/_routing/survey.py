# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on both sides, and the way that a call to each number takes through it. Pure, but for :func:`read`."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import described, entries_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.number import ACCOUNT, NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._order import Entry
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import dig, from_wire
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.uri import (
    apart,
    host_of,
    label_of,
    region_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import digits, is_ipv4
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT, SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

Row = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Survey:
    """Both accounts as their APIs show them.

    :param key: Vapi's private key, to find it in URIs. :param declared: digits of the numbers to look at; empty: all.
    """

    region: str
    key: str = dataclasses.field(repr=False)
    balance: float | None = None
    numbers: tuple[Row, ...] = ()
    accounts: tuple[Row, ...] = ()
    trunks: tuple[Row, ...] = ()
    phones: tuple[Row, ...] = ()
    assistants: tuple[Row, ...] = ()
    squads: tuple[Row, ...] = ()
    tools: tuple[Row, ...] = ()
    declared: tuple[str, ...] = ()
    #: Digits of every number of the didlogic account, also of those that are not looked at.
    own: frozenset[str] = frozenset()

    @functools.cached_property
    def trunk(self) -> dict[str, Row]:
        return {str(row["id"]).lower(): row for row in self.trunks}

    @functools.cached_property
    def assistant(self) -> dict[str, Row]:
        return {str(row["id"]): row for row in self.assistants}

    @functools.cached_property
    def squad(self) -> dict[str, Row]:
        return {str(row["id"]): row for row in self.squads}

    @functools.cached_property
    def tool(self) -> dict[str, Row]:
        return {str(row["id"]): row for row in self.tools}

    @functools.cached_property
    def bought(self) -> dict[str, Row]:
        return {digits(str(row["number"])): row for row in self.numbers}

    @functools.cached_property
    def phone(self) -> dict[str, list[Row]]:
        """The phone numbers at Vapi by their digits, of which several may share them."""
        found: dict[str, list[Row]] = {}
        for row in self.phones:
            found.setdefault(digits(str(row.get("number", ""))), []).append(row)
        return found

    @functools.cached_property
    def routes(self) -> tuple[Route, ...]:
        """The way of each number that is looked at."""
        known = {*self.bought, *self.phone} - {""}
        return tuple(Route(self, number) for number in sorted(set(self.declared) or known))


@dataclasses.dataclass(frozen=True)
class Route:
    """How a call to one number goes on: forward, trunk, phone number, who answers, tools."""

    survey: Survey = dataclasses.field(repr=False)
    number: str

    @property
    def bought(self) -> bool:
        return self.number in self.survey.bought

    @functools.cached_property
    def entries(self) -> list[Entry]:
        """The destinations in the order in which calls try them."""
        return entries_of(self.survey.bought.get(self.number, {}).get("destinations", []))

    @functools.cached_property
    def lead(self) -> Entry | None:
        """Where calls go first."""
        return next((entry for entry in self.entries if entry.active), None)

    @functools.cached_property
    def to_vapi(self) -> list[Entry]:
        return [entry for entry in self.entries if host_of(uri_of(entry))]

    @functools.cached_property
    def forward(self) -> Entry | None:
        """The destination that is meant to reach Vapi: one that leads to a trunk before one that does not."""
        order = sorted(self.to_vapi, key=lambda entry: (self.trunk_of(entry) is None, not entry.active))
        return order[0] if order else None

    def trunk_of(self, entry: Entry) -> Row | None:
        return self.survey.trunk.get((label_of(uri_of(entry)) or "").lower())

    @functools.cached_property
    def phones(self) -> list[Row]:
        return self.survey.phone.get(self.number, [])

    @functools.cached_property
    def phone(self) -> Row | None:
        """The phone number at Vapi: of several the one on the forward's trunk."""
        trunk = self.trunk_of(self.forward) if self.forward else None
        own = [row for row in self.phones if trunk and row.get("credentialId") == trunk["id"]]
        return next(iter([*own, *self.phones]), None)

    @functools.cached_property
    def trunk(self) -> Row | None:
        """The trunk of the phone number."""
        return self.survey.trunk.get(str((self.phone or {}).get("credentialId", "")).lower())

    @functools.cached_property
    def members(self) -> list[str]:
        """Ids of the assistants that may speak."""
        phone = self.phone or {}
        if phone.get("assistantId"):
            return [str(phone["assistantId"])]
        return members_of(self.survey.squad.get(str(phone.get("squadId")), {}))

    @functools.cached_property
    def assistants(self) -> list[Row]:
        return [self.survey.assistant[key] for key in self.members if key in self.survey.assistant]

    @functools.cached_property
    def tools(self) -> list[Row]:
        """The transfer tools of those that answer, each once."""
        ids = [key for row in self.assistants for key in tool_ids(row)]
        return [self.survey.tool[key] for key in dict.fromkeys(ids) if key in self.survey.tool]


def uri_of(entry: Entry) -> str:
    return str(entry.raw["destination"])


def user_of(entry: Entry) -> str:
    return apart(uri_of(entry))[0]


def tool_ids(assistant: Row) -> list[str]:
    found = dig(assistant, ("model", "toolIds"))
    return [str(key) for key in found] if isinstance(found, list) else []


def members_of(squad: Row) -> list[str]:
    found = squad.get("members")
    members = found if isinstance(found, list) else []
    return [str(member["assistantId"]) for member in members if dig(member, ("assistantId",))]


def gateways(trunk: Row | None) -> list[Row]:
    found = (trunk or {}).get("gateways")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def inbound(trunk: Row | None) -> list[Row]:
    """Gateways whose address Vapi lets in."""
    return [row for row in gateways(trunk) if row.get("inboundEnabled", True) and is_ipv4(str(row.get("ip")))]


def login_of(trunk: Row | None) -> str:
    return str(dig(trunk, ("outboundAuthenticationPlan", "authUsername")) or "")


def named(row: Row | None, *keys: str) -> str:
    """An object for people."""
    places = [key.split(".") for key in (*keys, "name", "id")]
    return next((str(value) for value in (dig(row, place) for place in places) if value), "?")


def answering(route: Route) -> dict[str, str]:
    """Who speaks, by kind, id and name."""
    phone = route.phone or {}
    for kind, found in (("assistant", route.survey.assistant), ("squad", route.survey.squad), ("workflow", {})):
        key = phone.get(f"{kind}Id")
        if key:
            return {"kind": kind, "id": str(key), "name": named(found.get(str(key), {"id": key}))}
    return {}


def targets(tool: Row) -> list[Row]:
    found = tool.get("destinations")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def place_of(target: Row) -> str:
    return str(target.get("sipUri") or target.get("number") or target.get("assistantName") or "?")


def told(route: Route) -> Row:
    """One number for people and for the next task."""
    known = {str(row["id"]) for row in route.survey.trunks}
    phone, trunk = route.phone, route.trunk
    login = login_of(trunk)
    return {
        "number": route.number,
        "bought": route.bought,
        "imported": phone is not None,
        "destinations": [
            {**described(entry, route.entries, route.number, known), "leads_to": leads_to(route, entry)}
            for entry in route.entries
        ],
        "phone_number": {"id": str(phone["id"]), "number": str(phone.get("number")), "name": named(phone, "name")}
        if phone
        else {},
        "trunk": {"id": str(trunk["id"]), "name": named(trunk), **({"username": login} if login else {})}
        if trunk
        else {},
        "answered_by": answering(route),
        "transfer_tools": [
            {"id": str(tool["id"]), "name": named(tool, "function.name"), "to": [place_of(to) for to in targets(tool)]}
            for tool in route.tools
        ],
    }


def leads_to(route: Route, entry: Entry) -> str:
    """In a word or two where a destination leads."""
    if entry in route.to_vapi:
        trunk = route.trunk_of(entry)
        if trunk is None:
            return "Vapi, unknown trunk"
        here = region_of(uri_of(entry)) == route.survey.region
        return f"Vapi, {named(trunk)}" if here else "Vapi, other region"
    kinds = {"1": "SIP address", "4": "phone", "5": "SIP account"}
    return kinds.get(str(entry.place[0]), "other")


#: What is read at Vapi, by its place in the survey.
KINDS = {"trunks": SIP_TRUNK, "phones": PHONE_NUMBER, "assistants": ASSISTANT, "squads": SQUAD, "tools": TRANSFER_TOOL}


def read(vapi: t.Any, didlogic: t.Any, **known: t.Any) -> Survey:
    """Everything that a call may meet. ``vapi`` and ``didlogic`` are engines."""
    numbers, account, accounts, *listed = didlogic.at_once(
        lambda: _bought(didlogic, **known),
        lambda: didlogic.rows(ACCOUNT)[0],
        lambda: didlogic.info(SIP_ACCOUNT, {}),
        *(functools.partial(vapi.rows, kind) for kind in KINDS.values()),
    )
    balance = from_wire(ACCOUNT.record, account).balance
    return Survey(balance=balance, accounts=tuple(accounts), **numbers, **_placed(listed), **known)


def read_ways(vapi: t.Any, didlogic: t.Any, **known: t.Any) -> Survey:
    """Only what the ways of the numbers consist of; without ``vapi`` only their beginning at didlogic."""
    numbers, *listed = didlogic.at_once(
        lambda: _bought(didlogic, **known),
        *(functools.partial(vapi.rows, kind) for kind in KINDS.values() if vapi),
    )
    return Survey(**numbers, **_placed(listed), **known)


def _bought(didlogic: t.Any, declared: t.Collection[str] = (), **_known: t.Any) -> dict[str, t.Any]:
    """The numbers of the account, those that are looked at with their destinations."""
    own = didlogic.rows(NUMBER)
    wanted = [row for row in own if not declared or digits(str(row["number"])) in declared]
    numbers = tuple(didlogic.whole(NUMBER, wanted))
    return {"own": frozenset(digits(str(row["number"])) for row in own), "numbers": numbers}


def _placed(listed: t.Iterable[list[Row]]) -> dict[str, t.Any]:
    return {place: tuple(rows) for place, rows in zip(KINDS, listed, strict=False)}
