# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the services are documented or known to do, as users' clients meet it."""

from __future__ import annotations

import itertools
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server import schema, telephony
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.faults import OPTIONS, PRESETS
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import (
    CONTROL,
    DOCUMENTED,
    INFERRED,
    SEEN,
    SWITCHES,
    UNKNOWN,
)
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_calls import ARTIFACTS
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_resources import (
    KEPT,
    NUMBERS,
    TOOLS,
)
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World

from .conftest import Clock

NOBODY = "7c8d2a34-0000-4000-8000-000000000000"
README = Path(__file__).parents[2] / "roles" / "sandbox" / "README.md"
CALLER = "+31201234560"
MODEL = {"provider": "openai", "model": "gpt-4o"}


def refusal(answer: httpx.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    message = answer.json()["message"]
    return message if isinstance(message, str) else "; ".join(message)


@pytest.fixture
def numbered(vapi: httpx.Client, world: World, trunk: dict[str, Any]) -> dict[str, Any]:
    """A number at both services, with a route from one to the other, and an assistant."""
    uri = f"+31201234567@{trunk['id']}.sip.vapi.ai"
    path = {"destination": uri, "transport": 1}
    world.seed({"balance": 1, "numbers": [{"number": "31201234567", "destinations": [path]}]})
    plan = {"authUsername": "01234"}
    vapi.patch(f"/credential/{trunk['id']}", json={"outboundAuthenticationPlan": plan}).raise_for_status()
    number = {"provider": "byo-phone-number", "number": "+31201234567", "credentialId": trunk["id"]}
    return {
        "assistantId": vapi.post("/assistant", json={"model": MODEL}).json()["id"],
        "phoneNumberId": vapi.post("/phone-number", json=number).json()["id"],
    }


# --- the switches and the page that lists them


def test_each_switch_is_documented_with_its_default_and_evidence() -> None:
    rows = [
        line
        for line in README.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| `[a-z0-9_]+` \| (vapi|didlogic|both) ", line)
    ]
    expected = []
    for switch in SWITCHES:
        evidence = ": ".join(filter(None, (switch.evidence, switch.source)))
        default = json.dumps(switch.default)
        expected.append(f"| `{switch.name}` | {switch.service} | `{default}` | {switch.meaning} | {evidence} |")
        assert switch.evidence in {DOCUMENTED, SEEN, INFERRED, UNKNOWN, CONTROL}
        assert switch.source or switch.evidence in {UNKNOWN, CONTROL}
    assert rows == expected


def test_each_fault_and_preset_is_documented() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in (*OPTIONS, *PRESETS) if f"`{name}`" not in text] == []


# --- accepted


ASSISTANT_OF_A_TRANSFER = [
    {"model": MODEL},
    {"model": MODEL, "firstMessage": "Hello", "firstMessageMode": "assistant-speaks-first"},
    {"model": MODEL, "maxDurationSeconds": 10, "silenceTimeoutSeconds": 3600, "name": "n"},
    {"model": {**MODEL, "messages": [{"role": "system", "content": "x"}], "tools": []}, "voice": {"provider": "vapi"}},
]
DESTINATIONS = [
    {"type": "number", "number": CALLER},
    {"type": "sip", "sipUri": "sip:+31201234560@sip.example.net"},
]


@pytest.mark.parametrize(
    ("given_assistant", "destination"), list(itertools.product(ASSISTANT_OF_A_TRANSFER, DESTINATIONS))
)
def test_transfer_with_an_assistant_is_accepted(
    vapi: httpx.Client, given_assistant: dict[str, Any], destination: dict[str, Any]
) -> None:
    """In a tool, wherever a tool is defined."""
    plan = {"mode": "warm-transfer-experimental", "transferAssistant": given_assistant}
    tool = {"type": "transferCall", "destinations": [{**destination, "transferPlan": plan}]}
    made = vapi.post("/tool", json=tool)
    assert made.status_code == 201, made.text
    assert made.json()["destinations"] == tool["destinations"]
    path = f"/tool/{made.json()['id']}"
    assert vapi.patch(path, json={"destinations": tool["destinations"]}).status_code == 200
    assert vapi.post("/assistant", json={"model": {**MODEL, "tools": [tool]}}).status_code == 201
    for wrong in ({}, {"model": {"provider": "openai"}}, {"model": MODEL, "bogus": 1}):
        plan["transferAssistant"] = wrong
        assert "transferPlan.transferAssistant" in refusal(vapi.post("/tool", json=tool))


@pytest.mark.parametrize("url", ["https://example.net", "http://192.0.2.1:8080/a?b=c"])
def test_server_with_secret_is_accepted(vapi: httpx.Client, numbered: dict[str, Any], url: str) -> None:
    server = {"url": url, "secret": uuid.uuid4().hex}
    campaign = {**numbered, "name": "c", "customers": [{"number": CALLER}]}
    number = vapi.get(f"/phone-number/{numbered['phoneNumberId']}").json()
    number = {name: number[name] for name in ("provider", "number", "credentialId")}
    bodies = {"/phone-number": number, "/assistant": {}, "/campaign": campaign, "/tool": {"type": "function"}}
    for path, body in bodies.items():
        assert vapi.post(path, json={**body, "server": server}).status_code == 201, path
        for wrong in ("", "example.net", "ftp://example.net", "https://", {}, [], 5):
            found = refusal(vapi.post(path, json={**body, "server": {**server, "url": wrong}}))
            assert "server.url must be a valid URL" in found
        assert vapi.post(path, json={**body, "server": {"timeoutSeconds": 20}}).status_code == 201


@pytest.mark.parametrize("kind", TOOLS)
def test_tools_of_every_type(vapi: httpx.Client, kind: str) -> None:
    more = {"method": "GET", "url": "https://example.net"} if kind == "apiRequest" else {}
    made = vapi.post("/tool", json={"type": kind, **more}).json()
    path = f"/tool/{made['id']}"
    assert vapi.get(path).json() == made
    assert vapi.patch(path, json={"messages": []}).json()["type"] == kind
    assert "type cannot be changed" in refusal(
        vapi.patch(path, json={"type": "endCall" if kind != "endCall" else "mcp"})
    )


@pytest.mark.parametrize("provider", NUMBERS)
def test_numbers_of_every_provider(vapi: httpx.Client, trunk: dict[str, Any], provider: str) -> None:
    required = schema.SCHEMAS[NUMBERS[provider]]["required"]
    values = {"number": "+15550100123", "credentialId": trunk["id"], "provider": provider}
    body = {name: values.get(name, "x") for name in required}
    made = vapi.post("/phone-number", json=body)
    assert made.status_code == 201, made.text
    path = f"/phone-number/{made.json()['id']}"
    assert vapi.patch(path, json={"name": "n"}).json()["provider"] == provider
    assert "bogus should not exist" in refusal(vapi.post("/phone-number", json={**body, "bogus": 1}))


@pytest.mark.parametrize(("path", "store", "paged"), KEPT)
def test_unsimulated_resources_are_stored(vapi: httpx.Client, world: World, path: str, store: str, paged: bool) -> None:
    def listed() -> list[dict[str, Any]]:
        found = vapi.get(path, params={"limit": 1000, "anything": 1}).json()
        assert isinstance(found, dict) == paged
        return found["results"] if paged else found

    assert listed() == []
    made = vapi.post(path, json={"name": "n", "anything": {"a": [1]}}).json()
    assert listed() == [made] == list(world.vapi[store].values())
    one = f"{path}/{made['id']}"
    assert vapi.patch(one, params={"schemaOverride": "true"}, json={"anything": 2}).json()["anything"] == 2
    assert vapi.delete(one).status_code == 200
    assert listed() == []
    assert vapi.get(f"{path}/{NOBODY}").status_code == 404


def test_update_without_body_is_accepted(vapi: httpx.Client, trunk: dict[str, Any]) -> None:
    for path, body in (("/credential", None), ("/assistant", {}), ("/tool", {"type": "endCall"}), ("/eval", {})):
        item = trunk if body is None else vapi.post(path, json=body).json()
        answer = vapi.patch(f"{path}/{item['id']}")
        assert "content-type" not in answer.request.headers
        assert (answer.status_code, answer.json()["id"]) == (200, item["id"])
    assert refusal(vapi.post("/credential"))


def test_squads_by_several_ids(vapi: httpx.Client) -> None:
    ids = [vapi.post("/squad", json={"members": []}).json()["id"] for _squad in range(3)]
    for count in range(4):
        for desired in itertools.combinations(ids, count):
            for given_ids in ({"idAny": list(desired)}, {"idAny": ",".join(desired)} if desired else {}):
                found = {item["id"] for item in vapi.get("/squad", params=given_ids).json()}
                assert found == set(desired or ids)


def test_script_accepts_each_reason() -> None:
    for reason in sorted(telephony.REASONS):
        telephony.check_scripts([{"ended_reason": reason}])
        line = telephony.line(0, {"ended_reason": reason})
        assert telephony.status(line, line["end"]) == "ended"


@pytest.mark.parametrize("reason", sorted(telephony.NEWER_REASONS))
def test_new_reasons_determine_the_call_progress(reason: str) -> None:
    line = telephony.line(0, {"ended_reason": reason})
    assert ("answer" in line) == (not reason.startswith("call.start.") and "unallocated" not in reason)
    assert telephony.was_placed(reason) == (not reason.startswith("call.start."))


@pytest.mark.parametrize("reason", ["", "sip-outbound", "call.start.error", "pipeline-error-nobody-knows"])
def test_script_rejects_unknown_reasons(reason: str) -> None:
    with pytest.raises(ValueError, match="no ended_reason"):
        telephony.check_scripts([{"ended_reason": reason}])


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_artifacts_of_a_call(
    vapi: httpx.Client, control: httpx.Client, numbered: dict[str, Any], artifact: str
) -> None:
    control.put("/rules", json={"calls": [{"match": {"number": "9"}, "ended_reason": "customer-busy"}]})
    for customer, answered in ((CALLER, True), (CALLER[:-1] + "9", False)):
        call = vapi.post("/call", json={**numbered, "customer": {"number": customer}}).json()
        path = f"/call/{call['id']}/{artifact}"
        assert refusal(vapi.get(path), 404) == "Artifact not found."
        control.post("/clock", json={"advance": 100})
        found = vapi.get(path)
        assert found.status_code == (302 if answered and artifact != "video-recording" else 404)
        assert found.status_code == 404 or call["id"] in found.headers["location"]
    assert refusal(vapi.get(f"/call/{NOBODY}/{artifact}"), 404) != "Artifact not found."


# --- refused


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("/assistant", {"serverMessages": ["hang", "nonsense"]}, "each value in serverMessages must be one of"),
    ("/assistant", {"clientMessages": ["nonsense"]}, "each value in clientMessages must be one of"),
    ("/assistant", {"backgroundSound": "nonsense"}, "backgroundSound must be"),
    ("/tool", {"messages": [{"type": "nonsense"}]}, "messages.0.type must be one of"),
    ("/tool", {"rejectionPlan": {"bogus": 1}}, "rejectionPlan.property bogus should not exist"),
    ("/squad", {"members": [{"assistantOverrides": {"bogus": 1}}]}, "members.0.assistantOverrides.property bogus"),
    ("/squad", {"members": [], "membersOverrides": {"bogus": 1}}, "membersOverrides.property bogus"),
    ("/call", {"assistantOverrides": {"bogus": 1}}, "assistantOverrides.property bogus"),
    ("/call", {"squadOverrides": {"bogus": 1}}, "squadOverrides.property bogus"),
    ("/call", {"assistant": {"bogus": 1}}, "assistant.property bogus"),
    ("/call", {"squad": {"members": [], "bogus": 1}}, "squad.property bogus"),
    ("/call", {"transport": {"provider": "bogus"}}, "transport.provider must be one of"),
    ("/call", {"transport": {"provider": "vapi.sip", "bogus": 1}}, "transport.property bogus"),
    ("/call", {"transport": {"dialTimeout": 30}}, "transport.provider must be one of"),
    ("/call", {"customer": {"number": CALLER, "assistantOverrides": {"bogus": 1}}}, "customer.assistantOverrides."),
    ("/call", {"squadVersion": "v1"}, "squadVersion is supported only with squadId"),
    ("/campaign", {"serverMessages": ["hang"]}, "each value in serverMessages must be one of"),
    ("/campaign", {"predialPlan": {"bogus": 1}}, "predialPlan.property bogus"),
    ("/campaign", {"assistantOverrides": {"bogus": 1}}, "assistantOverrides.property bogus"),
    ("/phone-number", {"hooks": [{"on": "nonsense", "do": []}]}, "hooks.0.on must be one of"),
    ("/phone-number", {"hooks": [{"on": "call.ringing", "do": [{"type": "bogus"}]}]}, "hooks.0.do.0.type must be"),
    *(
        ("/tool", {"destinations": [{**destination, "transferPlan": {"mode": "blind-transfer", **plan}}]}, message)
        for destination in DESTINATIONS
        for plan, message in (
            ({"fallbackPlan": {"bogus": 1}}, "destinations.0.transferPlan.fallbackPlan."),
            ({"summaryPlan": {"bogus": 1}}, "destinations.0.transferPlan.summaryPlan.property bogus"),
            ({"contextEngineeringPlan": {"type": "bogus"}}, "destinations.0.transferPlan.contextEngineeringPlan.type"),
            ({"message": 5}, "destinations.0.transferPlan.message must be"),
        )
    ),
    *(
        ("/tool", {"destinations": [{**destination, "message": 5}]}, "destinations.0.message")
        for destination in DESTINATIONS
    ),
]


@pytest.mark.parametrize(("path", "more", "message"), REFUSED)
def test_invalid_body_is_rejected(
    vapi: httpx.Client, numbered: dict[str, Any], trunk: dict[str, Any], path: str, more: dict[str, Any], message: str
) -> None:
    base = {
        "/assistant": {},
        "/squad": {"members": []},
        "/tool": {"type": "transferCall"},
        "/call": {**numbered, "customer": {"number": CALLER}},
        "/campaign": {**numbered, "name": "c", "customers": [{"number": CALLER}]},
        "/phone-number": {"provider": "byo-phone-number", "number": "+31201234568", "credentialId": trunk["id"]},
    }[path]
    assert vapi.post(path, json=base).status_code == 201
    assert message in refusal(vapi.post(path, json={**base, **more}))


@pytest.mark.parametrize("field", sorted(schema.properties("CreateAssistantDTO").keys() - {"name", "metadata"}))
def test_strict_switch_rejects_assistant_fields(vapi: httpx.Client, world: World, field: str) -> None:
    """The switch reads what is passed unread without it."""
    shapes = [{"bogus": 1}, [{"bogus": 1}]]
    accepted = [shape for shape in shapes if vapi.post("/assistant", json={field: shape}).status_code == 201]
    world.settings["strict_assistants"] = True
    for shape in accepted:
        if field != "credentials":
            refusal(vapi.post("/assistant", json={field: shape}))


# --- what Vapi keeps


DAYS = 14


@given(days=st.integers(1, 400), ago=st.integers(0, 500), hours=st.integers(1, 23))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_calls_beyond_retention_are_rejected(
    vapi: httpx.Client, world: World, clock: Clock, days: int, ago: int, hours: int
) -> None:
    world.reset()
    world.settings["retention_days"] = days
    when = clock.now - timedelta(days=ago, hours=hours)
    world.seed({"vapi": {"calls": [{"id": NOBODY, "createdAt": f"{when:%Y-%m-%dT%H:%M:%S.000Z}", "status": "ended"}]}})
    kept = when >= clock.now - timedelta(days=days)
    assert [call["id"] for call in vapi.get("/call").json()] == ([NOBODY] if kept else [])
    for name in ("createdAtGe", "createdAtGt"):
        answer = vapi.get("/call", params={name: f"{when:%Y-%m-%dT%H:%M:%SZ}"})
        if kept:
            assert answer.status_code == 200
            continue
        message = refusal(answer)
        day = re.search(r" date filter to (\w{3} \w{3} \d\d \d{4}) or later", message)
        assert day, message
        first = datetime.strptime(day[1], "%a %b %d %Y").replace(tzinfo=UTC)
        assert vapi.get("/call", params={name: f"{first:%Y-%m-%dT%H:%M:%SZ}"}).status_code == 200
        assert timedelta(0) <= first - (clock.now - timedelta(days=days)) <= timedelta(days=1)
    for path in ("", *(f"/{artifact}" for artifact in ARTIFACTS)):
        answer = vapi.get(f"/call/{NOBODY}{path}")
        if not kept:
            assert "exceeds your retention window" in refusal(answer)
        elif not path:
            assert answer.status_code == 200
    world.settings["retention_days"] = 0
    assert [call["id"] for call in vapi.get("/call").json()] == [NOBODY]


def test_default_retention_is_14_days(vapi: httpx.Client, clock: Clock) -> None:
    for days, status in ((13, 200), (14, 200), (15, 400)):
        when = clock.now - timedelta(days=days) + timedelta(minutes=1)
        assert vapi.get("/call", params={"createdAtGe": when.isoformat()}).status_code == status


# --- workflows


@pytest.mark.parametrize("runs", [False, True])
def test_workflows(
    vapi: httpx.Client, control: httpx.Client, world: World, numbered: dict[str, Any], runs: bool
) -> None:
    """Accepted in number, call and campaign; nobody answers."""
    world.settings["run_workflows"] = runs
    target = {"phoneNumberId": numbered["phoneNumberId"]}
    number = f"/phone-number/{numbered['phoneNumberId']}"
    assert vapi.patch(number, json={"workflowId": NOBODY}).json()["workflowId"] == NOBODY
    came = control.post("/call", json={"to": "31201234567", "from": CALLER}).json()["call_id"]
    call = {**target, "workflowId": NOBODY, "customer": {"number": CALLER}}
    inline = {**target, "workflow": {"name": "w", "nodes": [], "edges": []}, "customer": {"number": CALLER}}
    made = [vapi.post("/call", json=body).json()["id"] for body in (call, inline)]
    campaign = {**target, "workflowId": NOBODY, "name": "c", "customers": [{"number": CALLER}]}
    assert vapi.post("/campaign", json=campaign).status_code == 201
    control.post("/clock", json={"advance": 100})
    calls = vapi.get("/call").json()
    assert len(calls) == 4
    assert {came, *made} < {item["id"] for item in calls}
    for item in calls:
        assert (item["status"], "startedAt" in item) == ("ended", runs)
        assert item["endedReason"] == ("customer-ended-call" if runs else telephony.GET_ASSISTANT)


# --- versions


def test_versions_without_versioning(vapi: httpx.Client, world: World, numbered: dict[str, Any]) -> None:
    item = vapi.get(f"/assistant/{numbered['assistantId']}").json()
    assert "latestVersion" not in item
    world.settings["versioning"] = True
    assert vapi.get(f"/assistant/{item['id']}").json() == {**item, "latestVersion": None}
    world.settings["versioning"] = False
    for path in ("", "/latest", f"/{NOBODY}"):
        assert vapi.get(f"/traffic-allocations{path}", params={"assistantId": item["id"]}).status_code == 403
    assert vapi.post("/traffic-allocations", json={}).status_code == 403
    call = {**numbered, "assistantVersion": "v9", "customer": {"number": CALLER}}
    assert vapi.post("/call", json=call).json()["assistantVersion"] == "v9"


def test_traffic_allocations(vapi: httpx.Client, control: httpx.Client, world: World, numbered: dict[str, Any]) -> None:
    world.settings["versioning"] = True
    assistant = f"/assistant/{numbered['assistantId']}"
    query = {"assistantId": numbered["assistantId"]}
    versions = [vapi.patch(assistant, json={"firstMessage": str(step)}).json()["latestVersion"] for step in range(3)]
    assert versions == ["v1", "v2", "v3"]
    assert vapi.get("/traffic-allocations/latest", params=query).json() == {}
    targets = [{"assistantVersion": "v2", "percentage": 100}]
    body = {**query, "allocationIntent": "explicit", "targets": targets, "description": "d"}
    first = vapi.post("/traffic-allocations", json=body).json()
    assert first["targets"] == [{**targets[0], "position": 0}]
    assert vapi.get("/traffic-allocations/latest", params=query).json() == {"allocation": first}
    assert vapi.get(f"/traffic-allocations/{first['id']}").json() == first
    assert vapi.get("/traffic-allocations", params=query).json()["results"] == [first]
    for method in ("PATCH", "DELETE"):
        assert vapi.request(method, f"/traffic-allocations/{first['id']}", json={}).status_code == 404
    vapi.patch(f"/phone-number/{numbered['phoneNumberId']}", json=query).raise_for_status()

    def spoken() -> str:
        came = control.post("/call", json={"to": "31201234567", "from": CALLER}).json()["call_id"]
        return str(vapi.get(f"/call/{came}").json()["assistantVersion"])

    assert vapi.patch(assistant, json={"firstMessage": "parked"}).json()["latestVersion"] == "v4"
    assert spoken() == "v2"
    follow = {**query, "allocationIntent": "follow-latest"}
    stale = vapi.post("/traffic-allocations", json={**follow, "expectedCurrentAllocationId": NOBODY})
    assert (stale.json()["error"], stale.json()["currentAllocationId"]) == ("stale_allocation", first["id"])
    assert vapi.post("/traffic-allocations", json={**follow, "expectedCurrentAllocationId": first["id"]}).is_success
    assert spoken() == "v4"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"targets": []}, 400),
        ({"targets": [{"assistantVersion": "v9", "percentage": 100}]}, 400),
        ({"targets": [{"assistantVersion": "v1", "percentage": 99}]}, 400),
        ({"targets": [{"assistantVersion": "v1", "percentage": 101}]}, 400),
        ({"targets": [{"assistantVersion": "v1", "percentage": 100}], "allocationIntent": "follow-latest"}, 400),
        ({"targets": [{"assistantVersion": "v1"}]}, 400),
        ({"bogus": 1}, 400),
        ({"assistantId": NOBODY, "allocationIntent": "follow-latest"}, 404),
    ],
)
def test_invalid_traffic_allocation_is_rejected(
    vapi: httpx.Client, world: World, more: dict[str, Any], status: int
) -> None:
    world.settings["versioning"] = True
    assistant = vapi.post("/assistant", json={}).json()
    refusal(vapi.post("/traffic-allocations", json={"assistantId": assistant["id"], **more}), status)


@pytest.mark.parametrize(("kind", "reason"), [("assistant", "ASSISTANT_VERSION"), ("squad", "SQUAD_VERSION")])
@pytest.mark.parametrize("version", ["v1", "v2", "1", "v01", "latest"])
def test_calls_with_a_version(
    vapi: httpx.Client,
    control: httpx.Client,
    world: World,
    numbered: dict[str, Any],
    kind: str,
    reason: str,
    version: str,
) -> None:
    world.settings["versioning"] = True
    item = vapi.post(f"/{kind}", json={"members": []} if kind == "squad" else {}).json()
    target = {"phoneNumberId": numbered["phoneNumberId"], f"{kind}Id": item["id"], f"{kind}Version": version}
    call = vapi.post("/call", json={**target, "customer": {"number": CALLER}}).json()
    assert call[f"{kind}Version"] == version
    control.post("/clock", json={"advance": 100})
    ended = vapi.get(f"/call/{call['id']}").json()["endedReason"]
    assert ended == ("customer-ended-call" if version == "v1" else getattr(telephony, reason))


# --- the lockout


@pytest.mark.parametrize("more", [{}, {"lasts": 5}, {"match": {"api": "vapi", "method": "WRITE"}}])
def test_rate_limit_lockout(
    vapi: httpx.Client, didlogic: httpx.Client, control: httpx.Client, more: dict[str, Any]
) -> None:
    control.put("/faults", json=[{"preset": "rate_limit_lockout", **more}]).raise_for_status()
    lasts = more.get("lasts", 21)
    control.post("/clock", json={"advance": 100})  # it begins with the first request that meets it
    for _second in range(lasts):
        answer = vapi.post("/assistant", json={})
        assert answer.status_code == 429
        assert not {"retry-after", "x-ratelimit-reset"} & set(answer.headers)
        assert vapi.get("/assistant").status_code == (200 if "match" in more else 429)
        assert didlogic.get("/v1/balance").status_code == 200
        control.post("/clock", json={"advance": 1})
    assert vapi.post("/assistant", json={}).status_code == 201


@pytest.mark.parametrize(
    "fault", [{"preset": "nonsense"}, {"kind": "close", "lasts": 0}, {"kind": "close", "lasts": True}]
)
def test_invalid_fault_is_rejected(control: httpx.Client, fault: dict[str, Any]) -> None:
    assert control.put("/faults", json=[fault]).status_code == 400
