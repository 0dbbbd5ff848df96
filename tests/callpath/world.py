# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the APIs say (`GET /sandbox/state`) to the tables of both proxies, and to what Vapi dials.

Nothing here knows what the role was asked for, except for what no API tells: passwords, and Vapi's region.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

Item = dict[str, Any]
Tables = dict[str, dict[str, str | int]]

KINDS = {1: "uri", 4: "phone", 5: "account"}


@dataclasses.dataclass(frozen=True)
class Rules:
    """What depends on didlogic's account manager, or is documented nowhere. The statuses are those that are refused
    with; a `refer` of 0 lets it pass."""

    refer: int = 0
    login: int = 407
    plus: bool = False


def destinations(state: Mapping[str, Any]) -> Tables:
    """Where didlogic's numbers go."""
    found: dict[str, str | int] = {}
    kinds: dict[str, str | int] = {}
    for number in state["numbers"]:
        rows = sorted(number["destinations"], key=lambda row: (row["priority"], row["id"]))
        for index, row in enumerate(rows):
            address = re.sub(r"^sips?:", "", row["destination"])
            found[f"{number['number']}:{index}"] = address.lstrip("+") if row["transport"] == 4 else address
            kinds[f"{number['number']}:{index}"] = KINDS[row["transport"]] if row["active"] else "off"
    return {"destination": found, "kind": kinds}


def didlogic_tables(state: Item, passwords: Mapping[str, str], phones: Mapping[str, str], rules: Rules) -> Tables:
    """didlogic's proxy: who may log in, where numbers go, which phones there are."""
    accounts = state["sip_accounts"]
    return {
        "account": {item["name"]: passwords[item["name"]] for item in accounts},
        # An empty list of addresses allows nobody.
        "allowed": {i["name"]: ",".join(i["allowed_ips"]) or "0.0.0.0/32" for i in accounts if i["ip_restrict"]},
        "did": {item["number"]: 1 for item in state["numbers"]},
        **destinations(state),
        "phone": dict(phones),
        "handed": {},
        "rule": {
            "refer": rules.refer,
            "login": rules.login,
            "plus": int(rules.plus),
            "credit": int(state["balance"] > 0),
        },
    }


def vapi_tables(state: Item, region: str, assistants: Mapping[str, str]) -> Tables:
    """Vapi's door: trunks of the region, who may call them, and which assistant has which number."""
    trunks = {item["id"]: item for item in state["vapi"]["credentials"] if item["provider"] == "byo-sip-trunk"}
    return {
        "trunk": {f"{region}:{key}": 1 for key in trunks},
        "inbound": {key: networks for key, item in trunks.items() if (networks := ",".join(_inbound(item)))},
        "number": {
            f"{phone['credentialId']}:{phone['number']}": phone.get("assistantId") or "nobody"
            for phone in state["vapi"]["phone_numbers"]
            if phone.get("credentialId") in trunks
        },
        "assistant": dict(assistants),
    }


def _inbound(trunk: Item) -> Iterator[str]:
    """The numeric gateways that calls may come from."""
    for gateway in trunk["gateways"]:
        if gateway.get("inboundEnabled", True) and re.fullmatch(r"[0-9.]+", gateway["ip"]):
            yield f"{gateway['ip']}/{gateway.get('netmask', 32)}"


@dataclasses.dataclass(frozen=True)
class CallPath:
    """How Vapi places a call: over which gateway, with which login, from which number."""

    host: str
    port: int
    protocol: str
    username: str | None
    caller: str
    dialled: str


def path(state: Item, phone_number_id: str, target: str) -> CallPath:
    """What Vapi makes of a call over a number's trunk."""
    phone = next(item for item in state["vapi"]["phone_numbers"] if item["id"] == phone_number_id)
    trunk = next(item for item in state["vapi"]["credentials"] if item["id"] == phone["credentialId"])
    gateway = next(item for item in trunk["gateways"] if item.get("outboundEnabled", True))
    plus = "+" if trunk.get("outboundLeadingPlusEnabled") else ""
    return CallPath(
        gateway["ip"],
        gateway.get("port", 5060),
        gateway.get("outboundProtocol", "udp"),
        (trunk.get("outboundAuthenticationPlan") or {}).get("authUsername"),
        phone["number"].lstrip("+"),
        plus + target.lstrip("+"),
    )


def transfer(state: Item, assistant: str) -> tuple[str, str]:
    """Where the first transfer tool of an assistant sends callers, as a URI, and by which SIP request."""
    owner = next(item for item in state["vapi"]["assistants"] if item["name"] == assistant)
    desired = owner["model"]["toolIds"]
    tool = next(item for item in state["vapi"]["tools"] if item["id"] in desired and item["type"] == "transferCall")
    target = tool["destinations"][0]
    verb = (target.get("transferPlan") or {}).get("sipVerb", "refer")
    if target["type"] == "sip":
        return target["sipUri"], verb
    # A bare number goes out over the trunk of the number that was called.
    phone = next(item for item in state["vapi"]["phone_numbers"] if item.get("assistantId") == owner["id"])
    return f"sip:{target['number']}@{path(state, phone['id'], '').host}", verb
