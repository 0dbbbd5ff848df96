# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vapi calls somebody over the trunk: whose phone rings, or which status ends the call and what then mends it."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import PHRASES, diagnose
from tests.callpath.ladder import Ladder
from tests.callpath.world import Item

CALLEE = "+31612340001"


def reason(status: int) -> str:
    """Vapi's word for a call that didlogic has refused."""
    words = PHRASES[status].lower().replace(" ", "-")
    return f"call.in-progress.error-providerfault-outbound-sip-{status}-{words}"


def place(scene: Any, number: str = "31207001002") -> tuple[Item, Ladder]:
    """Ask Vapi's API for a call, and let the network make the call that the API then shows."""
    call = scene.environment.call_out(number, CALLEE)
    found: Ladder = scene.lab.place(call["phoneNumberId"], call["customer"]["number"])
    return call, found


def mended_by(status: int, option: str) -> None:
    """The diagnosis of the status names an option."""
    diagnosis = diagnose(reason(status))
    assert diagnosis is not None
    assert diagnosis.sip_status == status
    assert option in diagnosis.option.split(", ")


def test_outbound_call_authenticates_with_caller_id(each: Any) -> None:
    """didlogic asks for the login, takes it, and the callee sees the number that was called from."""
    call, found = place(each)
    assert found.answers("INVITE", target=each.vapi) == [407, 200]
    first, second = found.requests("INVITE", source=each.vapi)
    assert first.header("proxy-authorization") == ""
    assert 'username="01234"' in second.header("proxy-authorization")
    assert second.uri.startswith("sip:31612340001@"), "digits only, as didlogic's guides dial"
    assert second.transport == ("tcp" if each.environment.region == "eu" else "udp")
    (rung,) = found.requests("INVITE", target="callee")
    assert rung.user == "31207001002"
    assert rung.header("proxy-authorization") == "", "the login ends at didlogic"
    assert found.answered(each.vapi) == "phone of the callee"
    assert each.environment.ended(call) == "customer-ended-call"


def test_outbound_calls_before_the_role(scene: Any) -> None:
    """What was set up by hand, with an old password."""
    here = scene.environment
    scene.load(here.before, secret=here.wrong)
    (phone,) = here.before["vapi"]["phone_numbers"]
    found = scene.lab.place(phone["id"], CALLEE)
    assert found.answers("INVITE", target=scene.vapi) == [407, 407]
    assert not found.rang("callee")


@pytest.mark.parametrize("status", [407, 401, 403])
def test_wrong_password_is_diagnosed(scene: Any, status: int) -> None:
    """In each of the ways in which a provider can say so; which one is didlogic's is not documented."""
    wrong = secrets.token_hex(12)

    def change(accounts: Item) -> None:
        accounts["vapi"]["credentials"][0]["outboundAuthenticationPlan"]["authPassword"] = wrong

    scene.set(change, secret=wrong, login=status)
    call, found = place(scene)
    assert found.answers("INVITE", target=scene.vapi) == [401 if status == 401 else 407, status]
    assert not found.rang("callee")
    mended_by(status, "vapi_sip_trunk.password")
    if status == 407:
        assert scene.environment.ended(call) == reason(status)


def test_missing_login_is_diagnosed(scene: Any) -> None:
    """A trunk without user name and password is asked for them and has nothing to say."""
    scene.set(lambda accounts: accounts["vapi"]["credentials"][0].pop("outboundAuthenticationPlan"))
    call, found = place(scene)
    assert found.answers("INVITE", target=scene.vapi) == [407]
    assert not found.rang("callee")
    mended_by(407, "vapi_sip_trunk.username")
    assert scene.environment.ended(call) == reason(407)


def test_exhausted_balance_is_diagnosed(scene: Any) -> None:
    """didlogic's balance is used up."""
    scene.set(lambda accounts: accounts.update(balance=0))
    call, found = place(scene)
    assert found.answers("INVITE", target=scene.vapi) == [407, 403]
    assert not found.rang("callee")
    assert scene.environment.ended(call) == reason(403)


def test_address_not_allowed_is_diagnosed(scene: Any) -> None:
    """The SIP account is restricted to addresses, and Vapi's are not among them; then they are."""

    def restrict(*addresses: str) -> Any:
        return lambda accounts: accounts["sip_accounts"][0].update(ip_restrict=True, allowed_ips=list(addresses))

    scene.set(restrict("203.0.113.200"))
    assert place(scene)[1].answers("INVITE", target=scene.vapi) == [407, 403]
    mended_by(403, "didlogic_sip_account.allowed_ips")
    scene.set(restrict("203.0.113.200", "44.229.228.186"))
    assert place(scene)[1].answered(scene.vapi) == "phone of the callee"


@pytest.mark.parametrize("accepted", [False, True])
def test_leading_plus_follows_the_option(scene: Any, accepted: bool) -> None:
    """A number dialled with a plus, to a provider that takes digits only, and to one that takes both."""
    scene.set(
        lambda accounts: accounts["vapi"]["credentials"][0].update(outboundLeadingPlusEnabled=True), plus=accepted
    )
    found = place(scene)[1]
    assert found.requests("INVITE", source=scene.vapi)[0].uri.startswith("sip:+31612340001@")
    assert found.answers("INVITE", target=scene.vapi) == [407, 200 if accepted else 404]
    assert found.rang("callee") is accepted
    mended_by(404, "vapi_sip_trunk.outbound_leading_plus_enabled")
