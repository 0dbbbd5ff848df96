# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real calls from an own number to another become both services' records, which the module call_check judges."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ModuleFailureError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_check
from tests.callpath import scenarios
from tests.callpath.lab import HANDING_ON
from tests.callpath.own_calls import FAR_PORT, NOWHERE, Outcome, OwnCalls, refusing, scripts, with_media
from tests.callpath.world import Item

NEAR, FAR, RECEPTION = "31207001002", "31207001001", "31207001000"
#: A call of some seconds that the proxy ends, or that is transferred, stands for one of 30 s.
SCALED_SECONDS = 30.0
STEPS = ("placed", "carried", "answered", "heard", "ended")


def expected(**steps: bool | None) -> dict[str, bool | None]:
    return {name: steps.get(name, True) for name in STEPS}


REFUSED = expected(carried=False, answered=None, heard=None, ended=None)
UNANSWERED = expected(answered=False, heard=None, ended=None)


def judged(scene: Any, near: str, far: str, outcome: Outcome, **options: Any) -> tuple[dict[str, bool | None], str]:
    """The verdict of the module on the records of a call, and its message. The sandbox's time passes in pauses."""
    services = scene.environment.services
    services.sandbox("rules", "PUT", {"calls": scripts(outcome, near, far, SCALED_SECONDS)})

    def now() -> datetime.datetime:
        return datetime.datetime.fromisoformat(services.sandbox("clock")["now"])

    def sleep(seconds: float) -> None:
        services.sandbox("clock", "POST", {"advance": seconds})

    if outcome.status != 200 and outcome.reached:
        # didlogic has passed the call on, so it has a record of it at the number that was called.
        record = {"type": "incoming", "duration": 0, "amount": 0, "from": near, "to": far}
        services.sandbox("seed", "POST", {"calls": [{**record, "timestamp": now().isoformat()}]})
    engines = {}
    for service in call_check.SERVICES:
        given = {name: services.facts[f"{service.name}_{name}"] for name in ("api_key", "api_url")}
        http = from_options(HttpOptions, {"timeout": 30, "retry_timeout": 60})
        client = Client(service, from_options(service.connection, given), http, sleep=sleep)
        engines[service.name] = Engine(client, now=now)
    checked = {"from": near, "to": far, "confirm_cost": True, **options}
    try:
        result, text = call_check.check(engines, from_options(call_check.CheckOptions, checked)), ""
    except ModuleFailureError as failure:
        result, text = failure.result, str(failure)
    finally:
        for engine in engines.values():
            engine.client.close()
    placed = [row for row in services.sandbox("state")["vapi"]["calls"] if row["type"] == "outboundPhoneCall"]
    assert len(placed) == 1, "one call was placed"
    return {name: step["ok"] for name, step in result["check"]["steps"].items()}, text


def listening(address: str = HANDING_ON) -> str:
    """The called assistant: it answers and announces where it expects audio."""
    return with_media(scenarios.phone(), FAR_PORT, address)


@pytest.fixture
def calls(scene: Any) -> OwnCalls:
    return OwnCalls(scene, NEAR, FAR)


def test_healthy_call(scene: Any, calls: OwnCalls) -> None:
    with calls.answering(listening()):
        outcome = calls.call()
    assert outcome.status == 200
    assert outcome.near > 0
    assert outcome.far > 0
    assert not outcome.cut
    assert judged(scene, NEAR, FAR, outcome) == (expected(), "")


@pytest.mark.parametrize("side", ["near", "far"])
def test_audio_in_one_direction_only(scene: Any, calls: OwnCalls, side: str) -> None:
    """One side announces an address that nobody has, as behind a wrong NAT: it receives no packet."""
    with calls.answering(listening(NOWHERE if side == "far" else HANDING_ON)):
        outcome = calls.call(near_address=NOWHERE if side == "near" else "[media_ip]")
    assert (outcome.near > 0, outcome.far > 0) == (side == "far", side == "near")
    steps, text = judged(scene, NEAR, FAR, outcome)
    assert steps == expected(heard=False)
    assert f"No audio from {FAR} to {NEAR}" in text if side == "near" else f"No audio from {NEAR} to {FAR}" in text


def test_call_ended_by_the_network(scene: Any, calls: OwnCalls) -> None:
    """The proxy sends a BYE to both sides after a second or two, which stands for a call that is cut at 30 s."""
    with calls.answering(listening()):
        outcome = calls.call("waits")
    assert outcome.cut
    steps, text = judged(scene, NEAR, FAR, outcome, max_seconds=60)
    assert steps == expected(ended=False)
    assert "The network ended the call" in text


def test_accepted_refer_rings_nobody(scene: Any) -> None:
    """The assistant transfers the caller; the REFER is accepted with 202, and no phone rings."""
    calls = OwnCalls(scene, NEAR, RECEPTION)
    target = "sip:+31207001998@sip.nl.didlogic.net"
    steps = with_media(scenarios.handing_on(), FAR_PORT, HANDING_ON)
    with calls.answering(steps, "-key", "target", target, "-key", "by", f"sip:assistant@{HANDING_ON}"):
        outcome = calls.call("follows")
    assert outcome.status == 200
    assert outcome.referred == target
    assert not outcome.rang
    found, text = judged(scene, NEAR, RECEPTION, outcome)
    assert found == expected(ended=False)
    assert "no phone rang" in text


def _inbound_gateway(accounts: Item) -> None:
    for gateway in accounts["vapi"]["credentials"][0]["gateways"]:
        gateway["inboundEnabled"] = False


def _not_imported(accounts: Item) -> None:
    """The forward has another user than the number at Vapi."""
    row = next(item for item in accounts["numbers"] if item["number"] == FAR)["destinations"][0]
    row["destination"] = row["destination"].replace(FAR, f"+{FAR}")


def _desk_first(accounts: Item) -> None:
    number = next(item for item in accounts["numbers"] if item["number"] == FAR)
    number["destinations"] = [{"destination": "01234", "transport": 5, "active": True}]


#: What somebody has changed, whether the password differs, the status on the wire, the verdict, words of the message.
REFUSALS: dict[str, tuple[Callable[[Item], Any], dict[str, Any], int, dict[str, bool | None], str]] = {
    "401 inbound": (_inbound_gateway, {}, 401, REFUSED, "did not take it"),
    "404": (_not_imported, {}, 404, REFUSED, "did not take it"),
    "403": (lambda accounts: accounts.update(balance=0), {}, 403, REFUSED, "403"),
    "407": (lambda accounts: None, {"login": 407}, 407, REFUSED, "login"),
    "503": (lambda accounts: None, {"refuse": 503}, 503, REFUSED, "503"),
    "486": (_desk_first, {"desk": 486}, 486, UNANSWERED, "busy"),
    "timeout": (lambda accounts: None, {"silent": True}, 408, REFUSED, "did not take it"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refused_call(scene: Any, name: str) -> None:
    change, how, status, steps, words = REFUSALS[name]
    wrong = secrets.token_hex(12) if "login" in how else ""
    if wrong:

        def password(accounts: Item) -> None:
            accounts["vapi"]["credentials"][0]["outboundAuthenticationPlan"]["authPassword"] = wrong

        scene.set(password, secret=wrong, login=how["login"])
    else:
        scene.set(change)
    calls = OwnCalls(scene, NEAR, FAR)
    if "refuse" in how:
        calls.rule("refuse", how["refuse"])
    if "silent" in how:
        # Nobody listens where the assistant should be.
        scene.lab._command("vapi", "htable.sets", "assistant", calls.phone(FAR)["assistantId"], HANDING_ON)
    if "desk" in how:
        with calls.desk(refusing(how["desk"])):
            outcome = calls.call()
    else:
        outcome = calls.call()
    assert outcome.status == status
    found, text = judged(scene, NEAR, FAR, outcome)
    assert found == steps
    assert words in text
