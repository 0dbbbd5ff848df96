# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody calls a number: which phone rings, or which SIP status comes back and what then mends it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import PHRASES, diagnose
from tests.callpath.world import Item

#: Vapi's word for a call that did not get in; the status stands in its message.
NOT_IN = "call.ringing.error-sip-inbound-call-failed-to-connect"
UNKNOWN_TRUNK = "00000000-0000-4000-8000-000000000000"


def trunk(accounts: Item) -> Item:
    found: Item = accounts["vapi"]["credentials"][0]
    return found


def number(accounts: Item, desired: str) -> Item:
    found: Item = next(item for item in accounts["numbers"] if item["number"] == desired)
    return found


def forward(accounts: Item, **change: str) -> None:
    """Put other words into the address that Sales' number goes to."""
    (row,) = number(accounts, "31207001001")["destinations"]
    for old, new in change.items():
        row["destination"] = row["destination"].replace(trunk(accounts)["id"] if old == "trunk" else old, new)


@pytest.mark.parametrize(("digits", "who"), [("31207001000", "Reception"), ("31207001001", "Sales")])
def test_inbound_call_reaches_its_assistant(each: Any, digits: str, who: str) -> None:
    """The first destination is Vapi, and the number's own assistant answers; nobody else is called."""
    found = each.lab.call(digits)
    assert found.answered("caller") == f"assistant {who}"
    (asked,) = found.requests("INVITE", target=each.vapi)
    spelled = digits if each.environment.region == "us" else f"+{digits}"
    host = "sip.vapi.ai" if each.environment.region == "us" else "sip.eu.vapi.ai"
    assert asked.uri == f"sip:{spelled}@{each.trunk}.{host}"
    assert asked.user == "31699999999"
    assert not found.rang("desk")
    assert each.environment.call_in(digits)["answered_by"] == "vapi"


def test_inbound_calls_before_the_role(scene: Any) -> None:
    """What was set up by hand: the desk takes every call, and without it nobody does."""
    before = copy.deepcopy(scene.environment.before)
    scene.load(before)
    found = scene.lab.call("31207001000")
    assert found.answered("caller") == "phone of the desk"
    assert not found.rang(scene.vapi)
    for row in number(before, "31207001000")["destinations"]:
        row["active"] = row["transport"] == 1
    scene.load(before)
    assert scene.lab.call("31207001000").answers("INVITE", target="caller") == [404]


def test_outbound_only_number_keeps_its_destinations(each: Any) -> None:
    """`inbound: false` leaves a number's destinations as they were: the phone on the desk."""
    found = each.lab.call("31207001002")
    assert found.answered("caller") == "phone of the desk"
    assert not found.rang(each.vapi)


def test_previous_destinations_follow_vapi(scene: Any) -> None:
    """When Vapi does not take the call, it goes to the destinations that were there before, in their order."""
    scene.set(lambda accounts: accounts["vapi"]["phone_numbers"].clear())
    found = scene.lab.call("31207001000")
    assert found.answers("INVITE", source=scene.vapi) == [404]
    assert found.answered("caller") == "phone of the desk"
    assert not found.rang("mobile")
    assert scene.environment.call_in("31207001000")["answered_by"] == "sip_account"


def test_destination_before_vapi_receives_the_call(scene: Any) -> None:
    """A destination added by hand comes last; if that is Vapi, the desk takes every call."""

    def add_again(accounts: Item) -> None:
        rows = number(accounts, "31207001000")["destinations"]
        rows.append({**rows.pop(0), "id": 9999, "priority": 99})

    scene.set(add_again)
    found = scene.lab.call("31207001000")
    assert found.answered("caller") == "phone of the desk"
    assert not found.rang(scene.vapi)
    assert scene.environment.call_in("31207001000")["answered_by"] == "sip_account"


def test_disabled_destination_is_skipped(scene: Any) -> None:
    """Vapi's destination is there, but not active."""
    scene.set(lambda accounts: number(accounts, "31207001000")["destinations"][0].update(active=False))
    found = scene.lab.call("31207001000")
    assert found.answered("caller") == "phone of the desk"
    assert not found.rang(scene.vapi)


def elsewhere(accounts: Item) -> None:
    """The addresses that calls may come from are not didlogic's."""
    for gateway in trunk(accounts)["gateways"]:
        if gateway["inboundEnabled"]:
            gateway["ip"] = "192.0.2.64"


def no_gateway(accounts: Item) -> None:
    """As didlogic's guide sets the trunk up: a host name, and no inbound address."""
    trunk(accounts)["gateways"] = [gateway for gateway in trunk(accounts)["gateways"] if gateway["outboundEnabled"]]


def other_spelling(accounts: Item) -> None:
    for phone in accounts["vapi"]["phone_numbers"]:
        phone["number"] = "+" + phone["number"]


def other_trunk(accounts: Item) -> None:
    second = {**trunk(accounts), "id": UNKNOWN_TRUNK, "name": "another"}
    accounts["vapi"]["credentials"].append(second)
    for phone in accounts["vapi"]["phone_numbers"]:
        phone["credentialId"] = second["id"]


#: what somebody did wrong -> the change, the status that the caller gets, an option that mends it
MISTAKES: dict[str, tuple[Any, int, str]] = {
    "addresses of somebody else": (elsewhere, 401, "vapi_sip_trunk.gateways.ip"),
    "no inbound gateway": (no_gateway, 401, "vapi_sip_trunk.gateways.inbound_enabled"),
    "unknown trunk": (lambda accounts: forward(accounts, trunk=UNKNOWN_TRUNK), 404, "vapi_phone_number.trunk"),
    "wrong region": (
        lambda accounts: forward(accounts, **{"sip.vapi.ai": "sip.eu.vapi.ai"}),
        404,
        "didlogic_forward.region",
    ),
    "another spelling of the number": (other_spelling, 404, "vapi_phone_number.number"),
    "a number of another trunk": (other_trunk, 404, "vapi_phone_number.trunk"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_misconfiguration_status_names_the_option(scene: Any, mistake: str) -> None:
    """Nobody answers, and the status that comes back leads to the option that mends it."""
    change, status, option = MISTAKES[mistake]
    scene.set(change)
    found = scene.lab.call("31207001001")
    assert found.answered("caller") == ""
    assert found.answers("INVITE", target="caller") == [status]
    asked = "Vapi EU" if mistake == "wrong region" else scene.vapi
    assert found.answers("INVITE", source=asked) == [status]
    diagnosis = diagnose(NOT_IN, f"SIP {status} {PHRASES[status]}")
    assert diagnosis is not None
    assert diagnosis.sip_status == status
    assert option in diagnosis.option.split(", ")
    if mistake not in {"wrong region", "addresses of somebody else"}:
        # The sandbox knows neither regions nor where didlogic's calls come from.
        (tried,) = scene.environment.call_in("31207001001")["tried"]
        assert tried["result"].startswith(f"{status} ")
