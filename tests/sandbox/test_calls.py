# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telephony in the sandbox: the clock, calls in both directions, campaigns, and what didlogic has on record."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server import telephony
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_calls import (
    COSTS,
    NO_CAMPAIGNS_V2,
)
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World

from .conftest import Clock

DID, LOGIN = "31207001000", "01234"
CUSTOMER = {"number": "+31612340000"}
HUMAN = "+31207001999"
PASSWORD = secrets.token_hex()

BUSY = "customer-busy"
VOICEMAIL = "voicemail"
FORBIDDEN = "call.in-progress.error-providerfault-outbound-sip-403-forbidden"
PROXY_AUTHENTICATION = "call.in-progress.error-providerfault-outbound-sip-407-proxy-authentication-required"
UNAVAILABLE = "call.in-progress.error-providerfault-outbound-sip-503-service-unavailable"
NOT_CONNECTED = "call.in-progress.error-sip-outbound-call-failed-to-connect"
GET_ASSISTANT = "call.start.error-get-assistant"
OVER_LIMIT = "call.start.error-subscription-concurrency-limit-reached"

Advance = Callable[[float], None]


@pytest.fixture
def advance(control: httpx.Client) -> Advance:
    def move(seconds: float) -> None:
        control.post("/clock", json={"advance": seconds}).raise_for_status()

    return move


@pytest.fixture
def target(vapi: httpx.Client, world: World) -> dict[str, Any]:
    """An assistant and a number that can call and be called."""
    world.seed(
        {
            "balance": 5,
            "numbers": [{"number": DID, "per_minute": 0.6}],
            "sip_accounts": [{"name": LOGIN, "password": PASSWORD}],
        }
    )
    trunk = {
        "provider": "byo-sip-trunk",
        "gateways": [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}, {"ip": "192.0.2.1"}],
        "outboundAuthenticationPlan": {"authUsername": LOGIN, "authPassword": PASSWORD},
    }
    number = {
        "provider": "byo-phone-number",
        "number": DID,
        "numberE164CheckEnabled": False,
        "credentialId": vapi.post("/credential", json=trunk).json()["id"],
        "assistantId": vapi.post("/assistant", json={}).json()["id"],
    }
    phone = vapi.post("/phone-number", json=number).json()
    return {"assistantId": phone["assistantId"], "phoneNumberId": phone["id"]}


def dial(vapi: httpx.Client, target: dict[str, Any], **more: Any) -> Any:
    answer = vapi.post("/call", json={**target, "customer": CUSTOMER, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def script(control: httpx.Client, *calls: dict[str, Any]) -> None:
    control.put("/rules", json={"calls": list(calls)}).raise_for_status()


def records(didlogic: httpx.Client, **query: Any) -> Any:
    answer = didlogic.get("/v1/calls", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["calls"]


# --- the clock


def test_clock_advances(control: httpx.Client, clock: Clock, world: World) -> None:
    assert control.get("/clock").json() == {"now": "2026-01-02T03:04:05.678Z", "offset": 0, "pace": 1}
    moved = control.post("/clock", json={"advance": 60}).json()
    assert moved == {"now": "2026-01-02T03:05:05.678Z", "offset": 60, "pace": 1}
    assert control.post("/clock", json={"advance": 0.5}).json()["offset"] == 60.5
    assert World.load(world.dump(), clock=clock).timestamp() == "2026-01-02T03:05:06.178Z"
    assert control.post("/reset", json={"nonsense": 1}).status_code == 400
    assert control.get("/clock").json()["offset"] == 60.5
    control.post("/reset")
    assert control.get("/clock").json()["offset"] == 0


def test_clock_pace(control: httpx.Client, clock: Clock, world: World) -> None:
    control.post("/clock", json={"pace": 10})
    clock.tick(1000)
    assert control.get("/clock").json() == {"now": "2026-01-02T03:04:15.678Z", "offset": 9, "pace": 10}
    assert World.load(world.dump(), clock=clock).timestamp() == "2026-01-02T03:04:15.678Z"
    assert control.post("/clock", json={"advance": 1, "pace": 1}).json()["offset"] == 10
    clock.tick(1000)
    assert control.get("/clock").json()["offset"] == 10


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "the clock accepts `advance` in seconds, and `pace` in seconds per real second"),
        ({"back": 1}, "the clock accepts `advance` in seconds, and `pace` in seconds per real second"),
        ({"advance": 0}, "advance must be a number greater than 0, up to 316224000"),
        ({"advance": -1}, "advance must be a number greater than 0, up to 316224000"),
        ({"advance": True}, "advance must be a number greater than 0, up to 316224000"),
        ({"pace": None}, "pace must be a number greater than 0, up to 86400"),
        ([1], None),
    ],
)
def test_clock_rejects_invalid_values(control: httpx.Client, body: Any, message: str | None) -> None:
    answer = control.post("/clock", json=body)
    assert answer.status_code == 400
    assert message in {None, answer.json()["error"]}


# --- outbound calls


def test_states_of_a_call(vapi: httpx.Client, target: dict[str, Any], advance: Advance, control: httpx.Client) -> None:
    call = dial(vapi, target, name="n", assistantOverrides={"metadata": {"ticket": 7}})
    assert call.pop("subscriptionLimits") == {
        "concurrencyBlocked": False,
        "concurrencyLimit": 10,
        "remainingConcurrentCalls": 9,
    }
    assert call == vapi.get(f"/call/{call['id']}").json()
    assert call["assistantOverrides"] == {"metadata": {"ticket": 7}}
    assert (call["phoneCallTransport"], call["transport"]["provider"]) == ("sip", "vapi.sip")
    assert call["monitor"]
    seen = []
    for seconds in (0, 0.999, 0.001, 2.999, 0.001, 29.999):
        if seconds:
            advance(seconds)
        now = vapi.get(f"/call/{call['id']}").json()
        seen.append((now["status"], "startedAt" in now, "endedAt" in now))
    assert seen == [
        ("queued", False, False),
        ("queued", False, False),
        ("ringing", False, False),
        ("ringing", False, False),
        ("in-progress", True, False),
        ("in-progress", True, False),
    ]
    advance(0.001)
    ended = vapi.get("/call").json()[0]
    assert ended["status"] == "ended"
    assert [ended[name] for name in ("createdAt", "startedAt", "endedAt", "updatedAt")] == [
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:09.678Z",
        "2026-01-02T03:04:39.678Z",
        "2026-01-02T03:04:39.678Z",
    ]
    assert ended["endedReason"] == "customer-ended-call"
    assert ended["cost"] == ended["costBreakdown"]["total"] == pytest.approx(sum(COSTS.values()) / 2)
    assert ended["analysis"]["successEvaluation"] == "true"
    assert ended["artifact"]["recording"]["mono"]["combinedUrl"] == ended["artifact"]["recordingUrl"]
    assert control.get("/state").json()["vapi"]["calls"] == [ended]
    # What changes afterwards changes nothing about it.
    vapi.delete(f"/assistant/{target['assistantId']}")
    assert vapi.get(f"/call/{call['id']}").json() == ended


def test_lists_of_calls(vapi: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    first = dial(vapi, target)
    advance(100)
    second = dial(vapi, target)

    def found(**query: Any) -> list[str]:
        return [item["id"] for item in vapi.get("/call", params=query).json()]

    assert found() == [second["id"], first["id"]]
    assert found(limit=1) == [second["id"]]
    assert found(id=first["id"]) == [first["id"]]
    assert found(createdAtLt=second["createdAt"]) == [first["id"]]
    assert found(updatedAtGt=first["createdAt"]) == [second["id"], first["id"]]
    assert found(updatedAtGt="2026-01-02T03:04:39.678Z") == [second["id"]]
    assert vapi.get("/call", params={"status": "ended"}).status_code == 400


SCRIPTS: list[tuple[dict[str, Any], str, bool, int, int | None]] = [
    # the script, the reason, whether anybody answered, when it is over, seconds on didlogic's record
    ({}, "customer-ended-call", True, 34, 30),
    ({"talk": 90, "ring": 10}, "customer-ended-call", True, 101, 90),
    ({"ended_reason": VOICEMAIL, "talk": 12}, VOICEMAIL, True, 16, 12),
    ({"ended_reason": BUSY}, BUSY, False, 4, 0),
    ({"ended_reason": "customer-did-not-answer", "ring": 45}, "customer-did-not-answer", False, 46, 0),
    ({"ring": 70}, "customer-did-not-answer", False, 61, 0),
    ({"ended_reason": UNAVAILABLE}, UNAVAILABLE, False, 1, 0),
    ({"ended_reason": FORBIDDEN}, FORBIDDEN, False, 1, None),
    ({"ended_reason": PROXY_AUTHENTICATION}, PROXY_AUTHENTICATION, False, 1, None),
    ({"ended_reason": "call.start.error-subscription-frozen"}, "call.start.error-subscription-frozen", False, 1, None),
    (
        {"ended_reason": "pipeline-error-openai-llm-failed", "talk": 5},
        "pipeline-error-openai-llm-failed",
        True,
        9,
        5,
    ),
]


@pytest.mark.parametrize(("facts", "reason", "answered", "seconds", "recorded"), SCRIPTS)
def test_script_determines_the_call(
    vapi: httpx.Client,
    didlogic: httpx.Client,
    control: httpx.Client,
    target: dict[str, Any],
    advance: Advance,
    facts: dict[str, Any],
    reason: str,
    answered: bool,
    seconds: int,
    recorded: int | None,
) -> None:
    script(control, {"match": {"number": "0001"}, "talk": 1}, {"match": {"number": "0000"}, **facts}, {"talk": 2})
    call = dial(vapi, target)
    advance(seconds - 0.001)
    assert vapi.get(f"/call/{call['id']}").json()["status"] != "ended"
    assert records(didlogic) == []
    advance(0.001)
    ended = vapi.get(f"/call/{call['id']}").json()
    assert (ended["status"], ended["endedReason"]) == ("ended", reason)
    assert ("startedAt" in ended, "artifact" in ended, ended["cost"] > 0) == (answered,) * 3
    assert [row["duration"] for row in records(didlogic)] == ([] if recorded is None else [recorded])


def test_script_fields_determine_the_ended_call(
    vapi: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance
) -> None:
    words = {"ended_message": "m", "summary": "s", "transcript": "t", "success": False}
    script(control, words)
    call = dial(vapi, target)
    advance(60)
    ended = vapi.get(f"/call/{call['id']}").json()
    assert ended["endedMessage"] == "m"
    assert ended["analysis"] == {"summary": "s", "successEvaluation": "false"}
    assert ended["artifact"]["transcript"] == "t"


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ({}, "calls must be a list"),
        ([1], "calls[0] must be an object"),
        ([{"number": "1"}], "calls[0] has an unknown key number; the keys are match, ring, talk, "),
        ([{"match": {"name": "x"}}], "calls[0].match has an unknown key name; the keys are number"),
        ([{"ring": "3"}], "calls[0].ring must be a int or float"),
        ([{"talk": -1}], "calls[0].talk must not be negative"),
        ([{}, {"ended_reason": "hung-up"}], "calls[1]: Vapi has no ended_reason hung-up"),
        ([{"ended_reason": "call.in-progress.error-sip-nonsense"}], "calls[0]: Vapi has no ended_reason call."),
        ([{"transfers": [{}]}], "calls[0].transfers[0].destination must be a number with + or a SIP URI"),
        ([{"transfers": [{"destination": HUMAN, "status": "x"}]}], "calls[0].transfers[0].status must be one of conn"),
    ],
)
def test_invalid_script_is_rejected(control: httpx.Client, calls: Any, message: str) -> None:
    answer = control.put("/rules", json={"calls": calls})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)
    assert control.get("/rules").json()["calls"] == []


def _without_password(world: World, vapi: httpx.Client, trunk: str) -> None:
    vapi.patch(trunk, json={"outboundAuthenticationPlan": None})


def _other_password(world: World, vapi: httpx.Client, trunk: str) -> None:
    plan = {"authUsername": LOGIN, "authPassword": PASSWORD[::-1] + "x"}
    vapi.patch(trunk, json={"outboundAuthenticationPlan": plan})


def _no_gateway(world: World, vapi: httpx.Client, trunk: str) -> None:
    vapi.patch(trunk, json={"gateways": [{"ip": "192.0.2.1", "outboundEnabled": False}]})


def _no_trunk(world: World, vapi: httpx.Client, trunk: str) -> None:
    vapi.delete(trunk)


def _no_number(world: World, vapi: httpx.Client, trunk: str) -> None:
    world.vapi["phone_numbers"].clear()


def _no_assistant(world: World, vapi: httpx.Client, trunk: str) -> None:
    world.vapi["assistants"].clear()


def _no_credit(world: World, vapi: httpx.Client, trunk: str) -> None:
    world.balance = 0


def _both(world: World, vapi: httpx.Client, trunk: str) -> None:
    _no_credit(world, vapi, trunk)
    _no_assistant(world, vapi, trunk)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without_password, PROXY_AUTHENTICATION),
        (_other_password, PROXY_AUTHENTICATION),
        (_no_gateway, NOT_CONNECTED),
        (_no_trunk, NOT_CONNECTED),
        (_no_number, "call.start.error-get-phone-number"),
        (_no_assistant, GET_ASSISTANT),
        (_no_credit, FORBIDDEN),
        (_both, GET_ASSISTANT),
    ],
)
def test_misconfigured_call_fails_without_script(
    vapi: httpx.Client,
    didlogic: httpx.Client,
    control: httpx.Client,
    world: World,
    target: dict[str, Any],
    advance: Advance,
    change: Callable[[World, httpx.Client, str], None],
    reason: str,
) -> None:
    """A call that is planned meets the accounts as they are when it is dialled, and the script does not count then."""
    script(control, {"ended_reason": BUSY})
    plan = {"earliestAt": "2026-01-02T04:00:00Z"}
    call = dial(vapi, target, schedulePlan=plan)
    change(world, vapi, f"/credential/{vapi.get('/credential').json()[0]['id']}")
    assert vapi.get(f"/call/{call['id']}").json()["status"] == "scheduled"
    advance(3600)
    ended = vapi.get(f"/call/{call['id']}").json()
    assert (ended["status"], ended["endedReason"]) == ("ended", reason)
    assert ended["endedAt"] == "2026-01-02T04:00:01.000Z"
    assert records(didlogic) == []


def test_unknown_password_is_accepted(
    vapi: httpx.Client, world: World, target: dict[str, Any], advance: Advance
) -> None:
    world.didlogic["sip_accounts"][0]["password"] = ""
    call = dial(vapi, target)
    advance(60)
    assert vapi.get(f"/call/{call['id']}").json()["endedReason"] == "customer-ended-call"


def test_customer_by_id_is_rejected(vapi: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    call = vapi.post("/call", json={**target, "customerId": "c"}).json()
    assert "customer" not in call
    advance(1)
    assert vapi.get(f"/call/{call['id']}").json()["endedReason"] == "call.start.error-get-customer"


def test_concurrent_calls_are_limited(
    vapi: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance
) -> None:
    batch = vapi.post("/call", json={**target, "customers": [CUSTOMER] * 12}).json()
    assert batch["subscriptionLimits"] == {
        "concurrencyBlocked": True,
        "concurrencyLimit": 10,
        "remainingConcurrentCalls": 0,
    }

    def states() -> dict[str, int]:
        return Counter(item["status"] for item in vapi.get("/call").json())

    advance(33)
    assert states() == {"in-progress": 10, "queued": 2}
    advance(2)
    assert states() == {"ended": 10, "ringing": 2}
    advance(40)
    assert states() == {"ended": 12}
    control.put("/rules", json={"concurrency_limit": 1})
    assert dial(vapi, target)["subscriptionLimits"]["concurrencyBlocked"] is False
    assert dial(vapi, target)["subscriptionLimits"] == {
        "concurrencyBlocked": True,
        "concurrencyLimit": 1,
        "remainingConcurrentCalls": 0,
    }


def test_call_after_its_latest_time_fails(
    vapi: httpx.Client, didlogic: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance
) -> None:
    control.put("/rules", json={"concurrency_limit": 1, "calls": [{"talk": 600}]})
    dial(vapi, target)
    plan = {"earliestAt": "2026-01-02T03:05:00Z", "latestAt": "2026-01-02T03:06:00Z"}
    late = dial(vapi, target, schedulePlan=plan)
    assert (late["status"], late["subscriptionLimits"]["concurrencyBlocked"]) == ("scheduled", False)
    advance(60)
    assert vapi.get(f"/call/{late['id']}").json()["status"] == "queued"
    advance(60)
    ended = vapi.get(f"/call/{late['id']}").json()
    assert (ended["endedReason"], ended["endedAt"]) == (OVER_LIMIT, "2026-01-02T03:06:00.000Z")
    advance(600)
    assert len(records(didlogic)) == 1
    assert vapi.post(
        "/call", json={**target, "customer": CUSTOMER, "schedulePlan": {"earliestAt": "2026-13-01"}}
    ).json()["message"] == ["schedulePlan.earliestAt must be a valid ISO 8601 date string"]


def test_deleted_calls(vapi: httpx.Client, didlogic: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    plan = {"earliestAt": "2026-01-02T04:00:00Z"}
    done, planned, *more = (dial(vapi, target, **extra)["id"] for extra in ({}, {"schedulePlan": plan}, {}, {}))
    advance(60)
    assert vapi.delete(f"/call/{done}").json()["status"] == "ended"
    assert vapi.request("DELETE", f"/call/{planned}", json={}).json()["endedReason"] == "scheduled-call-deleted"
    assert vapi.request("DELETE", f"/call/{more[0]}", json={"ids": more}).status_code == 200
    assert vapi.get("/call").json() == []
    assert vapi.get(f"/call/{done}").status_code == 404
    advance(7200)
    assert len(records(didlogic)) == 3  # didlogic forgets nothing, and the planned one was never dialled


def test_state_survives(
    vapi: httpx.Client, control: httpx.Client, world: World, clock: Clock, target: dict[str, Any], advance: Advance
) -> None:
    dial(vapi, target)
    vapi.post("/campaign", json={**target, "name": "c", "customers": [CUSTOMER] * 3, "maxConcurrency": 1})
    advance(40)
    vapi.get("/call")
    again = World.load(world.dump(), clock=clock)
    assert (again.traffic, again.now()) == (world.traffic, world.now())
    control.post("/reset")
    assert world.traffic["lines"] == world.traffic["runs"] == {}


# --- transfers and records


def test_calls_have_didlogic_records(
    vapi: httpx.Client, didlogic: httpx.Client, world: World, target: dict[str, Any], advance: Advance
) -> None:
    world.seed({"calls": [{"timestamp": "2026-01-01T10:00:00Z", "type": "sip", "from": "1", "to": "2"}]})
    dial(vapi, target)
    advance(86400)
    dial(vapi, target, customer={"number": "+31612340001"})
    advance(60)
    newest, older, seeded = records(didlogic)
    assert older == {
        "timestamp": "2026-01-02T03:04:06Z",
        "type": "sip",
        "amount": 0.01,
        "duration": 30,
        "from": f'"" <{DID}>',
        "to": "31612340000",
        "destination_name": "Sandbox",
        "sip_account": LOGIN,
    }
    assert seeded["timestamp"] == "2026-01-01T10:00:00Z"
    for query, found in (
        ({"type": "sip"}, [newest, older, seeded]),
        ({"type": "incoming"}, []),
        ({"sip_account": LOGIN}, [newest, older]),
        ({"type": "sip", "filter": DID}, [newest, older]),
        ({"from_search": "1000>"}, [newest, older]),
        ({"to_search": "0001"}, [newest]),
        ({"from": "2026-01-02", "to": "2026-01-02"}, [older]),
        ({"missed": 1}, []),
        ({"missed": 0}, [newest, older, seeded]),
        ({"per_page": 1, "page": 2}, [older]),
    ):
        assert records(didlogic, **query) == found, query
    assert didlogic.get("/v1/calls", params={"missed": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("transfer", "rang", "reached"),
    [
        ({"status": "completed"}, 30, True),
        ({"status": "connected", "talk": 8}, 8, True),
        ({"status": "busy"}, 0, False),
        ({"status": "failed"}, None, False),
        ({}, None, False),
        ({"status": "completed", "leg": False}, None, True),  # Vapi believes it, and no phone rang
    ],
)
@pytest.mark.parametrize(
    "destination", [HUMAN, f"sip:{HUMAN}@sip.nl.didlogic.net", {"type": "number", "number": HUMAN}]
)
def test_transfer_outcomes(
    vapi: httpx.Client,
    didlogic: httpx.Client,
    control: httpx.Client,
    target: dict[str, Any],
    advance: Advance,
    transfer: dict[str, Any],
    rang: int | None,
    reached: bool,
    destination: Any,
) -> None:
    script(control, {"transfers": [{"destination": destination, **transfer}]})
    call = dial(vapi, target)
    advance(35)
    assert vapi.get(f"/call/{call['id']}").json()["status"] == "forwarding"
    advance(1)
    ended = vapi.get(f"/call/{call['id']}").json()
    assert ended["endedReason"] == "assistant-forwarded-call"
    assert ("destination" in ended) == reached
    (displayed,) = ended["artifact"]["transfers"]
    assert (displayed.get("status"), displayed["mode"]) == (transfer.get("status"), "blind-transfer")
    assert HUMAN in str(displayed["destination"])
    legs = [(row["to"], row["duration"], row["sip_account"]) for row in reversed(records(didlogic, type="sip"))]
    assert legs == [("31612340000", 30, LOGIN), *([] if rang is None else [(HUMAN[1:], rang, LOGIN)])]


# --- inbound calls


@pytest.fixture
def inbound(vapi: httpx.Client, control: httpx.Client, world: World, target: dict[str, Any]) -> Callable[..., Any]:
    """Calls the number, whose destinations are given: an address, a transport, and whether it is active."""
    trunk = vapi.get("/credential").json()[0]["id"]

    def ring(*rows: tuple[str, int] | tuple[str, int, bool]) -> Any:
        number = world.number(DID)
        assert number is not None
        number["destinations"] = [
            {
                "id": 100 - index,
                "destination": row[0].replace("TRUNK", trunk),
                "transport": row[1],
                "priority": index + 1,
                "active": row[2] if len(row) == 3 else True,
                "callhunt": False,
            }
            for index, row in enumerate(rows)
        ]
        number["destinations"].reverse()
        return control.post("/call", json={"to": f"+{DID}", "from": CUSTOMER["number"]}).json()

    return ring


VAPI_URI = f"{DID}@TRUNK.sip.vapi.ai"


@pytest.mark.parametrize("uri", [VAPI_URI, f"sip:{DID}@TRUNK.SIP.eu.vapi.ai:5061;transport=tls"])
def test_inbound_call(
    vapi: httpx.Client,
    didlogic: httpx.Client,
    inbound: Callable[..., Any],
    target: dict[str, Any],
    advance: Advance,
    uri: str,
) -> None:
    answer = inbound((uri, 1), (LOGIN, 5))
    assert (answer["answered_by"], [row["result"] for row in answer["tried"]]) == ("vapi", ["answered"])
    call = vapi.get(f"/call/{answer['call_id']}").json()
    assert (call["type"], call["status"], call["customer"]) == ("inboundPhoneCall", "ringing", CUSTOMER)
    assert {name: call[name] for name in target} == target
    advance(3)
    assert vapi.get(f"/call/{answer['call_id']}").json()["status"] == "in-progress"
    assert records(didlogic) == []
    advance(30)
    assert vapi.get(f"/call/{answer['call_id']}").json()["endedReason"] == "customer-ended-call"
    assert records(didlogic, type="incoming", filter=DID) == [
        {
            "timestamp": "2026-01-02T03:04:05Z",
            "type": "incoming",
            "amount": 0.3,
            "duration": 30,
            "from": "31612340000",
            "to": DID,
            "destination_name": "Sandbox",
            "sip_account": None,
        }
    ]


def test_inbound_transfer(
    didlogic: httpx.Client, control: httpx.Client, inbound: Callable[..., Any], advance: Advance
) -> None:
    script(
        control, {"match": {"number": CUSTOMER["number"]}, "transfers": [{"destination": HUMAN, "status": "completed"}]}
    )
    inbound((VAPI_URI, 1))
    advance(60)
    human, caller = records(didlogic)
    assert (caller["type"], caller["from"], caller["to"]) == ("incoming", "31612340000", DID)
    assert (human["type"], human["from"], human["to"], human["sip_account"]) == ("sip", f'"" <{DID}>', HUMAN[1:], LOGIN)


@pytest.mark.parametrize(
    ("rows", "answered_by", "results"),
    [
        ([(VAPI_URI, 1, False), (LOGIN, 5)], "sip_account", ["answered"]),
        ([(VAPI_URI.replace(DID, f"+{DID}"), 1), (LOGIN, 5)], "sip_account", ["404 no such phone number", "answered"]),
        (
            [(f"{DID}@{secrets.token_hex(16)}.sip.vapi.ai", 1), ("31612345678", 4)],
            "pstn",
            ["404 no such trunk", "answered"],
        ),
        ([("1@h.example", 1), ("99999", 5)], None, ["no answer", "no such SIP account"]),
        ([], None, []),
    ],
)
def test_inbound_call_tries_the_next_destination(
    vapi: httpx.Client,
    didlogic: httpx.Client,
    inbound: Callable[..., Any],
    advance: Advance,
    rows: Any,
    answered_by: str | None,
    results: list[str],
) -> None:
    answer = inbound(*rows)
    assert (answer["answered_by"], answer["call_id"]) == (answered_by, None)
    assert [row["result"] for row in answer["tried"]] == results
    advance(60)
    assert vapi.get("/call").json() == []
    assert [row["duration"] for row in records(didlogic, type="incoming")] == [30 if answered_by else 0]
    assert len(records(didlogic, missed=1)) == (answered_by is None)


def test_inbound_call_requires_a_gateway(vapi: httpx.Client, inbound: Callable[..., Any]) -> None:
    trunk = vapi.get("/credential").json()[0]["id"]
    vapi.patch(f"/credential/{trunk}", json={"gateways": [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}]})
    assert inbound((VAPI_URI, 1))["tried"][0]["result"] == "401 no inbound gateway"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"assistantId": None}, "call-start-error-neither-assistant-nor-server-set"),
        ({"assistantId": None, "server": {"url": "https://example.net"}}, "assistant-request-failed"),
        (None, GET_ASSISTANT),
    ],
)
def test_inbound_call_without_assistant(
    vapi: httpx.Client,
    didlogic: httpx.Client,
    inbound: Callable[..., Any],
    target: dict[str, Any],
    change: dict[str, Any] | None,
    reason: str,
) -> None:
    if change is None:
        vapi.delete(f"/assistant/{target['assistantId']}")
    else:
        vapi.patch(f"/phone-number/{target['phoneNumberId']}", json=change)
    answer = inbound((VAPI_URI, 1))
    assert answer["answered_by"] == "vapi"
    call = vapi.get(f"/call/{answer['call_id']}").json()
    assert (call["status"], call["endedReason"]) == ("ended", reason)
    assert [row["duration"] for row in records(didlogic, type="incoming")] == [0]


def test_inbound_call_uses_a_line(
    vapi: httpx.Client, control: httpx.Client, inbound: Callable[..., Any], target: dict[str, Any]
) -> None:
    control.put("/rules", json={"concurrency_limit": 1})
    inbound((VAPI_URI, 1))
    assert dial(vapi, target)["subscriptionLimits"]["concurrencyBlocked"] is True
    refused = inbound((VAPI_URI, 1))["call_id"]
    assert vapi.get(f"/call/{refused}").json()["endedReason"] == OVER_LIMIT


@pytest.mark.parametrize(
    "body",
    [None, {}, {"to": DID}, {"to": "31209999999", "from": "+1"}, {"to": DID, "from": "x"}, {"to": DID, "from": 1}],
)
def test_invalid_inbound_call_is_rejected(control: httpx.Client, target: dict[str, Any], body: Any) -> None:
    answer = control.post("/call", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


# --- campaigns


def launch(vapi: httpx.Client, target: dict[str, Any], path: str = "/v2/campaign", count: int = 5, **more: Any) -> Any:
    customers = [{"number": f"+316123{index:05}", "name": f"c{index}"} for index in range(count)]
    answer = vapi.post(path, json={"name": "c", "maxConcurrency": 2, "customers": customers, **target, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def counters(campaign: dict[str, Any]) -> list[int]:
    return [
        campaign[f"callsCounter{name}"] for name in ("Scheduled", "Queued", "InProgress", "EndedVoicemail", "Ended")
    ]


def test_campaign_v1(vapi: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    script(control, {"match": {"number": "00001"}, "ended_reason": VOICEMAIL, "talk": 6})
    started = launch(vapi, target, "/campaign")
    path = f"/campaign/{started['id']}"
    assert (started["status"], counters(started), len(started["calls"])) == ("in-progress", [5, 2, 0, 0, 0], 2)
    advance(5)
    assert counters(vapi.get(path).json()) == [5, 0, 2, 0, 0]
    advance(6)  # the machine is done after ten seconds, and the next one is called
    assert counters(vapi.get(path).json()) == [5, 0, 2, 1, 1]
    advance(120)
    ended = vapi.get(path).json()
    assert (ended["status"], ended["endedReason"], counters(ended)) == (
        "ended",
        "campaign.ended.success",
        [5, 0, 0, 1, 5],
    )
    calls = vapi.get("/call").json()
    assert {call["campaignId"] for call in calls} == {started["id"]}
    assert {call["id"] for call in calls} == set(ended["calls"])
    assert [call["customer"]["name"] for call in reversed(calls)] == ["c0", "c1", "c2", "c3", "c4"]
    assert [call["createdAt"][14:19] for call in reversed(calls)] == ["04:05", "04:05", "04:15", "04:39", "04:49"]
    assert vapi.get(f"/call/{calls[0]['id']}").json() == calls[0]
    assert vapi.get("/campaign", params={"status": "ended"}).json()["results"] == [ended]
    assert vapi.get("/campaign", params={"status": "in-progress"}).json()["results"] == []
    assert vapi.patch(path, json={"status": "cancelled"}).status_code == 400


def test_campaign_v2(vapi: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    script(
        control,
        {"match": {"number": "00000"}, "ended_reason": BUSY},
        {"match": {"number": "00001"}, "ended_reason": UNAVAILABLE},
        {"match": {"number": "00002"}, "ended_reason": VOICEMAIL, "talk": 1},
    )
    path = f"/v2/campaign/{launch(vapi, target)['id']}"
    advance(10)
    summary = vapi.get(path).json()
    assert not {"customers", "calls", "callsCounterEnded", "contactCounters", "callMetrics"} & set(summary)
    counted = vapi.get("/v2/campaign", params={"includeCounters": "true"}).json()["results"][0]
    assert counted["contactCounters"] == {
        "pending": 0,
        "dispatched": 2,
        "completed": 2,
        "failed": 1,
        "skipped": 0,
        "predialFailed": 0,
    }
    assert counted["callMetrics"] == {"dialed": 5, "connected": 2}
    assert vapi.get(path, params={"includeCounters": "true"}).json() == counted
    assert vapi.get(path, params={"includeCounters": "yes"}).status_code == 400

    def contacts(**query: Any) -> Any:
        return vapi.get(f"{path}/contacts", params=query).json()

    page = contacts(limit=2, page=2)
    assert page["metadata"]["totalItems"] == 5
    assert [row["name"] for row in page["results"]] == ["c2", "c3"]
    (failed,) = contacts(status="contact.failed")["results"]
    call = vapi.get(f"/call/{failed['callId']}").json()
    assert failed == {
        "id": failed["id"],
        "number": "+31612300001",
        "name": "c1",
        "status": "contact.failed",
        "callId": call["id"],
        "dispatchedAt": call["createdAt"],
        "endedReason": UNAVAILABLE,
    }
    both = contacts(status=["contact.completed", "contact.dispatched"], sortBy="status")["results"]
    assert [row["name"] for row in both] == ["c3", "c4", "c0", "c2"]
    for wrong in ({"limit": 0}, {"sortBy": "cost"}, {"status": "pending"}, {"name": "x"}):
        assert vapi.get(f"{path}/contacts", params=wrong).status_code == 400


@pytest.mark.parametrize(("path", "word"), [("/v2/campaign", "cancelled"), ("/campaign", "ended")])
def test_campaign_cancelled(
    vapi: httpx.Client, didlogic: httpx.Client, target: dict[str, Any], advance: Advance, path: str, word: str
) -> None:
    one = launch(vapi, target, path)["id"]
    advance(10)
    cancelled = vapi.patch(f"{path}/{one}", json={"status": word}).json()
    assert (cancelled["status"], cancelled["endedReason"]) == ("cancelled", "campaign.in-progress.ended-by-user")
    assert vapi.patch(f"{path}/{one}", json={"status": word}).status_code == 400
    advance(600)
    assert counters(vapi.get(f"/campaign/{one}").json()) == [5, 0, 0, 0, 2]  # those who were on the phone finished
    rows = vapi.get(f"/v2/campaign/{one}/contacts").json()["results"]
    assert [row["status"][8:] for row in rows] == ["completed"] * 2 + ["skipped"] * 3
    assert len(records(didlogic)) == 2


def test_campaign_archived(vapi: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    one = launch(vapi, target)["id"]
    gone = vapi.delete(f"/v2/campaign/{one}").json()
    assert (gone["status"], gone["endedReason"]) == ("archived", "campaign.in-progress.ended-by-user")
    assert vapi.get("/campaign").json()["results"] == vapi.get("/v2/campaign").json()["results"] == []
    for answer in (
        vapi.get(f"/campaign/{one}"),
        vapi.get(f"/v2/campaign/{one}/contacts"),
        vapi.delete(f"/campaign/{one}"),
    ):
        assert answer.status_code == 404
    advance(600)
    assert [call["status"] for call in vapi.get("/call").json()] == ["ended"] * 2


def test_campaign_with_schedule(vapi: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    plan = {"earliestAt": "2026-01-02T04:00:00Z", "latestAt": "2026-01-02T04:01:00Z"}
    one = launch(vapi, target, schedulePlan=plan)
    path = f"/v2/campaign/{one['id']}"
    assert one["status"] == "scheduled"
    other = vapi.post("/assistant", json={}).json()["id"]
    assert vapi.patch(path, json={"assistantId": other}).json()["assistantId"] == other
    advance(3600)
    assert vapi.patch(path, json={"assistantId": target["assistantId"]}).status_code == 400
    assert {call["assistantId"] for call in vapi.get("/call").json()} == {other}
    advance(600)
    summary = vapi.get(path, params={"includeCounters": "true"}).json()
    assert (summary["status"], summary["contactCounters"]["skipped"]) == ("ended", 1)  # time for two times two


def test_campaign_skips_contacts_under_the_retry_switch(
    vapi: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance
) -> None:
    control.put("/rules", json={"campaign_retry_seconds": 60})
    path = f"/v2/campaign/{launch(vapi, target)['id']}"
    advance(600)
    assert vapi.get(path, params={"includeCounters": "true"}).json()["contactCounters"]["skipped"] == 1


def test_campaign_with_a_dial_plan_and_a_copy(vapi: httpx.Client, target: dict[str, Any], advance: Advance) -> None:
    entry = {"phoneNumberId": target["phoneNumberId"], "customers": [CUSTOMER]}
    body = {"name": "c", "assistantId": target["assistantId"], "dialPlan": [entry, entry]}
    source = vapi.post("/campaign", json=body).json()
    wrong = {**body, "dialPlan": [{**entry, "customers": [{"number": "06"}]}]}
    assert "dialPlan.0.customers.0.number" in str(vapi.post("/campaign", json=wrong).json()["message"])
    copy = vapi.post("/v2/campaign", json={"name": "d", "duplicateFromCampaignId": source["id"]}).json()
    assert (copy["name"], copy["dialPlan"], copy["callsCounterScheduled"]) == ("d", source["dialPlan"], 2)
    assert vapi.post("/campaign", json={"name": "d", "duplicateFromCampaignId": "x"}).status_code == 400
    advance(60)
    assert [call["phoneNumberId"] for call in vapi.get("/call").json()] == [target["phoneNumberId"]] * 4


def test_calls_of_a_campaign_have_names_and_can_be_deleted(
    vapi: httpx.Client, target: dict[str, Any], advance: Advance
) -> None:
    one = launch(vapi, target)
    first, second = one["calls"]
    assert vapi.patch(f"/call/{first}", json={"name": "n"}).json()["name"] == "n"
    assert vapi.get(f"/call/{first}").json()["name"] == "n"
    assert vapi.delete(f"/call/{second}").status_code == 200
    assert [call["id"] for call in vapi.get("/call").json()] == [first]
    assert vapi.get(f"/call/{second}").status_code == 404


def test_campaigns_share_the_lines(
    vapi: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance
) -> None:
    control.put("/rules", json={"concurrency_limit": 3})
    first, second = (launch(vapi, target)["id"] for _number in range(2))
    assert [counters(vapi.get(f"/campaign/{one}").json())[1] for one in (first, second)] == [2, 1]
    assert dial(vapi, target)["subscriptionLimits"]["concurrencyBlocked"] is True
    advance(1000)
    assert all(call["status"] == "ended" for call in vapi.get("/call").json())
    assert len(vapi.get("/call").json()) == 11


CAMPAIGNS_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name must be a string"),
    ({"customers": [{"number": "0612340000"}]}, "customers.0.number must be a valid phone number in the E.164 format."),
    ({"customers": [{}]}, "customers.0 needs either `number` or `sipUri`."),
    ({"maxConcurrency": 501}, "maxConcurrency must not be greater than 500"),
    ({"maxConcurrency": 0}, "maxConcurrency must not be less than 1"),
    ({"maxConcurrency": 11}, "maxConcurrency must not exceed your subscription's concurrency limit (10)."),
    ({"customers": [CUSTOMER] * 10001}, "customers must contain no more than 10000 elements"),
    ({"schedulePlan": {"earliestAt": "2026-02-30"}}, "schedulePlan.earliestAt must be a valid ISO 8601 date string"),
    ({"metadata": {}}, "property metadata should not exist"),
]


@pytest.mark.parametrize("path", ["/campaign", "/v2/campaign"])
@pytest.mark.parametrize(("more", "message"), CAMPAIGNS_REFUSED)
def test_invalid_campaign_is_rejected(
    vapi: httpx.Client, world: World, target: dict[str, Any], path: str, more: dict[str, Any], message: str
) -> None:
    world.settings["refuse_excess_concurrency"] = True
    body = {"name": "c", **target, "customers": [CUSTOMER], **more}
    answer = vapi.post(path, json=body)
    assert answer.status_code == 400
    assert message in str(answer.json()["message"]).replace("\\'", "'")
    assert vapi.get(path).json()["results"] == []


def test_campaigns_v2_can_be_disabled(vapi: httpx.Client, control: httpx.Client, target: dict[str, Any]) -> None:
    one = launch(vapi, target)["id"]
    control.put("/rules", json={"campaigns_v2": False})
    path = f"/v2/campaign/{one}"
    for answer in (vapi.get("/v2/campaign"), vapi.get(path), vapi.get(f"{path}/contacts"), vapi.delete(path)):
        assert answer.status_code == 403
        assert answer.json() == {"message": NO_CAMPAIGNS_V2, "error": "Forbidden", "statusCode": 403}
    assert vapi.get(f"/campaign/{one}").status_code == 200


def test_campaign_with_10000_contacts(
    vapi: httpx.Client, didlogic: httpx.Client, control: httpx.Client, target: dict[str, Any], advance: Advance
) -> None:
    def quick(act: Callable[[], Any], seconds: float) -> Any:
        # The sandbox runs in this process: its own work counts, not what else the machine does.
        start = time.process_time()
        found = act()
        assert time.process_time() - start < seconds
        return found

    control.put("/rules", json={"concurrency_limit": 100})
    one = quick(lambda: launch(vapi, target, count=10000, maxConcurrency=100), 2)
    advance(1700)
    quick(lambda: vapi.get("/campaign").json(), 1)
    quick(lambda: vapi.get("/call", params={"limit": 1000}).json(), 1)
    middle = vapi.get(f"/v2/campaign/{one['id']}", params={"includeCounters": "true"}).json()["contactCounters"]
    assert (middle["completed"], middle["dispatched"], middle["pending"]) == (5000, 100, 4900)
    quick(lambda: advance(1800), 2)
    listed = quick(lambda: vapi.get("/v2/campaign", params={"includeCounters": "true"}).json(), 1)
    assert listed["results"][0]["contactCounters"]["completed"] == 10000
    assert listed["results"][0]["status"] == "ended"
    page = quick(lambda: vapi.get(f"/v2/campaign/{one['id']}/contacts", params={"limit": 1000, "page": 10}).json(), 1)
    assert page["results"][-1]["name"] == "c9999"
    call = quick(lambda: vapi.get(f"/call/{page['results'][-1]['callId']}").json(), 0.5)
    assert call["endedReason"] == "customer-ended-call"
    cdrs = quick(lambda: didlogic.get("/v1/calls", params={"per_page": 1000, "page": 10}).json(), 1)
    assert len(cdrs["calls"]) == 1000
    assert cdrs["pagination"] == {"page": 10, "per_page": 1000, "total_pages": 5, "total_records": 5000}


# --- the time line by itself


def test_reasons_are_classified() -> None:
    assert {reason for reason in telephony.REASONS if not telephony.was_placed(reason)} >= {GET_ASSISTANT, OVER_LIMIT}
    assert telephony.was_recorded(NOT_CONNECTED)
    assert not telephony.was_recorded(FORBIDDEN)
    assert telephony.user("sip:+31207001999@h.example;x=y") == "31207001999"
    assert telephony.user("sip:bob@h.example") == "sip:bob@h.example"
