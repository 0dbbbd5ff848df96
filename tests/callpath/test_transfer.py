# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An assistant hands a caller to a human: by REFER if didlogic lets it, and what is seen when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import PHRASES, diagnose
from tests.callpath import world
from tests.callpath.world import Item

FAILED = "call.in-progress.error-transfer-failed"
RECEPTION = "31207001000"


def tool(accounts: Item) -> Item:
    found: Item = accounts["vapi"]["tools"][0]["destinations"][0]
    return found


def test_refer_transfer_rings_the_human(each: Any) -> None:
    """didlogic passes the REFER, the caller's phone calls the human, and the assistant leaves when that stands."""
    target, verb = world.transfer(each.environment.state(), "Reception")
    assert (target, verb) == ("sip:+31207001999@sip.nl.didlogic.net", "refer")
    lab = each.lab
    with lab.handing_on("Reception", target), lab.phone(RECEPTION):
        lab.wait(lambda found: 200 in found.answers("BYE", target="Reception"), "the assistant to leave")
    found = lab.wait(lambda found: found.answers("BYE", source="human"), "the caller to hang up")
    assert found.answers("REFER", target="Reception") == [202]
    (rung,) = found.requests("INVITE", target="human")
    assert rung.user == "31699999999", "the human sees who calls, not the assistant"
    assert found.answers("INVITE", source="human") == [200]
    reports = [item.body.split(maxsplit=1)[1].strip() for item in found.requests("NOTIFY", target="Reception")]
    assert reports[-1].startswith("200")
    done = diagnose("assistant-forwarded-call", carrier={"transfer_leg": True})
    assert done is not None
    assert (done.outcome, done.option) == ("transferred", "")


@pytest.mark.parametrize("status", [603, 405, 403])
def test_rejected_refer_keeps_the_assistant(scene: Any, status: int) -> None:
    """didlogic refuses the REFER: the human's phone is silent, and the caller keeps talking to the assistant."""
    scene.set(refer=status)
    lab, target = scene.lab, world.transfer(scene.environment.state(), "Reception")[0]
    with lab.handing_on("Reception", target), lab.phone(RECEPTION):
        lab.wait(lambda found: found.answers("REFER", target="Reception"), "an answer to the REFER")
    found = lab.wait(lambda found: found.answers("BYE", source="Reception"), "the caller to hang up")
    assert found.answers("REFER", target="Reception") == [status]
    assert not found.rang("human")
    assert found.requests("BYE", source="Reception") == [], "the assistant stays"
    diagnosis = diagnose(FAILED, f"SIP {status} {PHRASES[status]}")
    assert diagnosis is not None
    assert (diagnosis.sip_status, diagnosis.area) == (status, "transfer")
    assert "vapi_transfer_tool.destinations.sip_verb" in diagnosis.option.split(", ")


def test_accepted_refer_without_route_rings_nobody(scene: Any) -> None:
    """202 to the REFER, and then no such number: Vapi has forwarded the call, and nobody's phone has rung."""
    scene.set(lambda accounts: tool(accounts).update(number="+31207001998"))
    lab, target = scene.lab, world.transfer(scene.environment.state(), "Reception")[0]
    assert target == "sip:+31207001998@sip.nl.didlogic.net"
    with lab.handing_on("Reception", target), lab.phone(RECEPTION):
        lab.wait(lambda found: found.answers("BYE", target="Reception"), "the assistant to leave")
    found = lab.ladder()
    assert found.answers("REFER", target="Reception") == [202]
    assert not found.rang("human")
    assert "404" in found.requests("NOTIFY", target="Reception")[-1].body
    diagnosis = diagnose("assistant-forwarded-call", carrier={"transfer_leg": False})
    assert diagnosis is not None
    assert diagnosis.outcome == "failed"
    assert "vapi_transfer_tool.destinations.sip_uri" in diagnosis.option.split(", ")
    result = diagnose(FAILED, "SIP 404 Not Found")
    assert result is not None
    assert "vapi_transfer_tool.destinations.number" in result.option.split(", ")


def test_dial_transfer_works_without_refer(scene: Any) -> None:
    """The way out while REFER is off: Vapi itself calls the human over the trunk, and stays in between."""
    scene.set(lambda accounts: tool(accounts)["transferPlan"].update(sipVerb="dial"), refer=603)
    target, verb = world.transfer(scene.environment.state(), "Reception")
    assert verb == "dial"
    lab = scene.lab
    with lab.phone(RECEPTION):
        lab.wait(lambda found: 200 in found.answers("INVITE", target="caller"), "the assistant to answer")
        number = target.removeprefix("sip:").partition("@")[0]
        phone = next(item for item in lab.state["vapi"]["phone_numbers"] if item["number"] == RECEPTION)
        lab.place(phone["id"], number)
    found = lab.wait(lambda found: found.answers("BYE", source="Reception"), "the caller to hang up")
    assert found.requests("REFER") == []
    assert found.answers("INVITE", source="human") == [200]
    (rung,), (hung_up,) = found.requests("INVITE", target="human"), found.requests("BYE", source="caller")
    assert rung.user == RECEPTION, "Vapi can show its own number only"
    assert rung.time < hung_up.time
