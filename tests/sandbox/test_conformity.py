# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox against Vapi's published description and the description of didlogic's API.

Both descriptions are data beside the repository and not part of it; without them these tests are skipped.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server import (
    schema,
    telephony,
    vapi_calls,
)
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World

SHARED = Path(os.environ.get("VAPI_DIDLOGIC_SHARED") or Path(__file__).parents[2].resolve().parent / "shared")
VAPI = SHARED / "apis" / "vapi.openapi.json"
DIDLOGIC = SHARED / "apis" / "didlogic.openapi.yaml"

pytestmark = pytest.mark.skipif(
    not (VAPI.exists() and DIDLOGIC.exists()),
    reason=f"no API descriptions in {SHARED}; set VAPI_DIDLOGIC_SHARED to the folder that holds apis/",
)


def _json_schema(node: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: `nullable` becomes a type, and `oneOf` means any that fits.

    The description's variants overlap, so that a good object often fits several.
    """
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {
        ("anyOf" if key == "oneOf" else key): _json_schema(value)
        for key, value in node.items()
        if key not in {"discriminator", "example", "examples", "nullable"}
    }
    return {"anyOf": [found, {"type": "null"}]} if node.get("nullable") is True else found


@cache
def _vapi() -> Any:
    return _json_schema(json.loads(VAPI.read_text()))


@cache
def _didlogic() -> Any:
    return yaml.safe_load(DIDLOGIC.read_text())


@cache
def _validator(name: str) -> Any:
    document = _vapi()
    return jsonschema.Draft202012Validator(
        {**document["components"]["schemas"][name], "components": document["components"]},
        format_checker=jsonschema.FormatChecker(),
    )


def conforms(value: Any, name: str) -> None:
    """A value is what Vapi's description calls ``name``."""
    errors = [f"{error.json_path}: {error.message[:200]}" for error in _validator(name).iter_errors(value)]
    assert not errors, f"not a {name}: {errors}"


DESTINATIONS = [
    {
        "type": "number",
        "number": "+31201234560",
        "message": "",
        "description": "d",
        "extension": "1",
        "callerId": "1",
        "numberE164CheckEnabled": True,
    },
    {
        "type": "sip",
        "sipUri": "sip:+31201234560@sip.example.net",
        "sipHeaders": {"X-A": "b"},
        "message": "one moment",
        "transferPlan": {"mode": "blind-transfer", "sipVerb": "refer", "dialTimeout": 30},
    },
]

# path → the schemas of create, update and answer, a full body, and an update of it
CASES: dict[str, tuple[str, str, str, dict[str, Any], dict[str, Any]]] = {
    "/credential": (
        "CreateByoSipTrunkCredentialDTO",
        "UpdateByoSipTrunkCredentialDTO",
        "ByoSipTrunkCredential",
        {
            "provider": "byo-sip-trunk",
            "name": "trunk",
            "outboundLeadingPlusEnabled": False,
            "techPrefix": "1",
            "sipDiversionHeader": "x",
            "gateways": [
                {"ip": "sip.example.net", "inboundEnabled": False, "outboundProtocol": "tls", "port": 5061},
                {"ip": "192.0.2.0", "netmask": 24, "outboundEnabled": False, "optionsPingEnabled": True},
            ],
            "outboundAuthenticationPlan": {
                "authUsername": "01234",
                "authPassword": "x",
                "sipRegisterPlan": {"domain": "sip.example.net", "username": "01234", "realm": "r"},
            },
        },
        {"gateways": [{"ip": "192.0.2.1"}]},
    ),
    "/phone-number": (
        "CreateByoPhoneNumberDTO",
        "UpdateByoPhoneNumberDTO",
        "ByoPhoneNumber",
        {
            "provider": "byo-phone-number",
            "number": "31201234567",
            "numberE164CheckEnabled": False,
            "name": "n",
            "server": {"url": "https://example.net", "timeoutSeconds": 20, "headers": {"A": "b"}},
            "fallbackDestination": DESTINATIONS[1],
        },
        {"provider": "byo-phone-number", "name": "m"},
    ),
    "/assistant": (
        "CreateAssistantDTO",
        "UpdateAssistantDTO",
        "Assistant",
        {
            "name": "a",
            "firstMessage": "Hello",
            "firstMessageMode": "assistant-speaks-first",
            "maxDurationSeconds": 600,
            "endCallPhrases": ["bye"],
            "metadata": {"a": 1},
            "backgroundSound": "off",
            "voicemailMessage": "v",
            "model": {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "x"}]},
        },
        {"firstMessage": "Hi"},
    ),
    "/squad": ("CreateSquadDTO", "UpdateSquadDTO", "Squad", {"name": "s", "members": []}, {"members": []}),
    "/tool": (
        "CreateTransferCallToolDTO",
        "UpdateTransferCallToolDTO",
        "TransferCallTool",
        {"type": "transferCall", "destinations": DESTINATIONS, "messages": [{"type": "request-start", "content": "x"}]},
        {"destinations": DESTINATIONS[:1]},
    ),
}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({}, "Campaign"),
        ({"gateways": [{"ip": "192.0.2.1", "port": 0}]}, "UpdateByoSipTrunkCredentialDTO"),
        ({"type": "transferCall", "destinations": [{"type": "sip"}]}, "CreateTransferCallToolDTO"),
        ({"name": None}, "UpdateAssistantDTO"),
    ],
)
def test_the_check_finds_mistakes(value: Any, name: str) -> None:
    with pytest.raises(AssertionError, match=f"not a {name}"):
        conforms(value, name)


@pytest.mark.parametrize("path", CASES)
def test_vapi_resources(vapi: httpx.Client, trunk: dict[str, Any], path: str) -> None:
    """Each request of the cycle is a valid one, and each answer is what the description promises."""
    create, update, answer, body, change = CASES[path]
    if path == "/phone-number":
        body = {**body, "credentialId": trunk["id"], "assistantId": vapi.post("/assistant", json={}).json()["id"]}
    conforms(body, create)
    conforms(change, update)
    created = vapi.post(path, json=body)
    assert created.status_code == 201
    one = f"{path}/{created.json()['id']}"
    for found in (created, vapi.get(one), vapi.patch(one, json=change), vapi.delete(one)):
        assert found.status_code in {200, 201}
        conforms(found.json(), answer)
    for item in vapi.get(path).json():
        conforms(item, answer)


@pytest.fixture
def target(vapi: httpx.Client, world: World) -> dict[str, Any]:
    """A number and an assistant that calls can be made with."""
    world.seed({"balance": 1, "numbers": ["31201234567"], "sip_accounts": [{"name": "01234"}]})
    plan = {"authUsername": "01234", "authPassword": secrets.token_hex()}
    gateways = [{"ip": "192.0.2.1"}]
    trunk = {"provider": "byo-sip-trunk", "gateways": gateways, "outboundAuthenticationPlan": plan}
    body = {
        **CASES["/phone-number"][3],
        "credentialId": vapi.post("/credential", json=trunk).json()["id"],
        "assistantId": vapi.post("/assistant", json={}).json()["id"],
    }
    number = vapi.post("/phone-number", json=body).json()
    return {"phoneNumberId": number["id"], "assistantId": number["assistantId"]}


SCRIPTS = [
    {},
    {"ended_reason": "customer-busy", "ended_message": "m"},
    {"ended_reason": telephony.PROXY_AUTHENTICATION},
    {
        "summary": "s",
        "success": False,
        "transfers": [
            {"destination": "+31201234569", "status": "completed", "mode": "warm-transfer-say-summary"},
            {"destination": "sip:+31201234569@sip.example.net"},
            *({"destination": destination, "status": "busy", "transcript": "t"} for destination in DESTINATIONS),
        ],
    },
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_calls_in_every_state(
    vapi: httpx.Client,
    didlogic: httpx.Client,
    control: httpx.Client,
    world: World,
    target: dict[str, Any],
    script: dict[str, Any],
) -> None:
    control.put("/rules", json={"calls": [script]}).raise_for_status()
    overrides = {"metadata": {"a": 1}, "variableValues": {"name": "n"}}
    body = {
        **target,
        "customer": {"number": "+31201234560"},
        "name": "n",
        "assistantOverrides": overrides,
        "transport": {"provider": "vapi.sip", "dialTimeout": 30},
        "schedulePlan": {"earliestAt": "2026-01-02T03:05:00Z", "latestAt": "2026-01-02T03:06:00Z"},
    }
    conforms(body, "CreateCallDTO")
    call = vapi.post("/call", json=body).json()
    conforms(call, "Call")
    conforms(call["subscriptionLimits"], "SubscriptionLimits")
    number = world.didlogic["numbers"][0]
    address = f"{number['number']}@{vapi.get('/credential').json()[0]['id']}.sip.vapi.ai"
    didlogic.post(
        f"/v1/purchases/{number['number']}/destinations",
        data={"destination[destination]": address, "destination[transport]": 1, "destination[active]": 1},
    )
    came = control.post("/call", json={"to": number["number"], "from": "+31201234561"}).json()
    assert came["answered_by"] == "vapi"
    seen = set()
    for _second in range(95):
        for one in (call["id"], came["call_id"]):
            found = vapi.get(f"/call/{one}").json()
            if found["status"] not in seen or found["status"] == "ended":
                conforms(found, "Call")
            seen.add(found["status"])
        control.post("/clock", json={"advance": 1})
    assert (
        {"scheduled", "queued", "ended"}
        <= seen
        <= set(_vapi()["components"]["schemas"]["Call"]["properties"]["status"]["enum"])
    )
    assert ("forwarding" in seen) == ("transfers" in script)
    for found in vapi.get("/call").json():
        conforms(found, "Call")
    conforms(vapi.patch(f"/call/{call['id']}", json={"name": "m"}).json(), "Call")
    conforms({"ids": [call["id"]]}, "DeleteCallDTO")
    conforms(vapi.delete(f"/call/{call['id']}").json(), "Call")
    records = didlogic.get("/v1/calls").json()
    assert records["calls"]
    components = _didlogic()["components"]
    jsonschema.Draft202012Validator({**components["schemas"]["CallsPage"], "components": components}).validate(records)


@pytest.mark.parametrize("path", ["/campaign", "/v2/campaign"])
def test_campaigns_from_start_to_end(
    vapi: httpx.Client, control: httpx.Client, target: dict[str, Any], path: str
) -> None:
    read, page = ("Campaign", "Campaign") if path == "/campaign" else ("CampaignSummary", "CampaignSummary")
    customers = [{"number": f"+3120123456{index}", "assistantOverrides": {"metadata": {"a": 1}}} for index in range(3)]
    body = {
        **target,
        "name": "c",
        "customers": customers,
        "maxConcurrency": 2,
        "assistantOverrides": {"variableValues": {"a": "b"}},
        "schedulePlan": {"earliestAt": "2026-01-02T03:05:00Z"},
    }
    conforms(body, "CreateCampaignDTO")
    created = vapi.post(path, json=body).json()
    conforms(created, "Campaign")
    one = f"{path}/{created['id']}"
    conforms(vapi.patch(one, json={"name": "d"}).json(), "Campaign")
    counted = {"includeCounters": "true"} if path == "/v2/campaign" else {}
    seen = set()
    for _step in range(12):
        found = vapi.get(one).json()
        seen.add(found["status"])
        conforms(found, read)
        conforms(vapi.get(one, params=counted).json(), read)
        conforms(vapi.get(path, params=counted).json(), f"{page}PaginatedResponse")
        conforms(vapi.get(f"/v2/campaign/{created['id']}/contacts").json(), "CampaignContactPaginatedResponse")
        for call in vapi.get("/call").json():
            conforms(call, "Call")
        control.post("/clock", json={"advance": 17})
    assert seen == {"scheduled", "in-progress", "ended"}
    other = f"{path}/{vapi.post(path, json=body).json()['id']}"
    conforms(vapi.patch(other, json={"status": "cancelled"}).json(), "Campaign")
    conforms(vapi.get(other).json(), read)
    conforms(vapi.delete(other).json(), "Campaign")


def test_words_are_those_of_the_description() -> None:
    schemas = _vapi()["components"]["schemas"]
    assert set(schemas["Call"]["properties"]["endedReason"]["enum"]) >= telephony.REASONS
    assert set(telephony.TRANSFER_STATES) == set(schemas["TransferArtifact"]["properties"]["status"]["enum"])
    assert set(vapi_calls.SUMMARY) | {"contactCounters", "callMetrics"} == set(schemas["CampaignSummary"]["properties"])
    states = schemas["CampaignContactWithOutcome"]["properties"]["status"]["enum"]
    assert [f"contact.{name}" for name in vapi_calls.CONTACT_STATES] == states
    for reason in schemas["Call"]["properties"]["endedReason"]["enum"]:
        known = "sip" not in reason or reason in telephony.REASONS
        assert known, f"telephony.REASONS lacks {reason}"


def test_vapi_pages_calls_and_campaigns(vapi: httpx.Client, target: dict[str, Any]) -> None:
    customer = {"number": "+31201234560", "name": "c"}
    plan = {"earliestAt": "2026-02-01T00:00:00Z"}
    for call, answer in (
        ({**target, "customer": customer, "schedulePlan": plan}, "Call"),
        ({**target, "customers": [customer]}, "CallBatchResponse"),
    ):
        conforms(call, "CreateCallDTO")
        conforms(vapi.post("/call", json=call).json(), answer)
    for call in vapi.get("/call").json():
        conforms(call, "Call")
    campaign = {**target, "name": "c", "customers": [customer], "schedulePlan": plan, "maxConcurrency": 2}
    conforms(campaign, "CreateCampaignDTO")
    conforms(vapi.post("/campaign", json=campaign).json(), "Campaign")
    conforms(vapi.get("/campaign").json(), "CampaignPaginatedResponse")
    conforms(vapi.get("/v2/campaign").json(), "CampaignSummaryPaginatedResponse")
    conforms(vapi.get("/v2/phone-number").json(), "PhoneNumberPaginatedResponse")


# Fields that our tables have on purpose beyond the description: see architecture and guides of the service.
BEYOND = {
    "CreateTransferCallToolDTO": {"function"},
    "UpdateTransferCallToolDTO": {"function"},
    "TransferDestinationNumber": {"name"},
    "TransferDestinationSip": {"name"},
    "TransferDestinationAssistant": {"name"},
}

TABLES: dict[str, Mapping[str, schema.Field]] = {
    "CreateByoSipTrunkCredentialDTO": schema.SIP_TRUNK,
    "UpdateByoSipTrunkCredentialDTO": schema.SIP_TRUNK,
    "SipTrunkGateway": schema.GATEWAY,
    "SipTrunkOutboundAuthenticationPlan": schema.AUTH_PLAN,
    "CreateByoPhoneNumberDTO": schema.PHONE_NUMBER,
    "UpdateByoPhoneNumberDTO": schema.PHONE_NUMBER,
    "CreateAssistantDTO": schema.ASSISTANT,
    "UpdateAssistantDTO": schema.ASSISTANT,
    "CreateTransferCallToolDTO": schema.TRANSFER_TOOL,
    "UpdateTransferCallToolDTO": schema.TRANSFER_TOOL,
    "TransferDestinationNumber": schema.DESTINATION_NUMBER,
    "TransferDestinationSip": schema.DESTINATION_SIP,
    "TransferDestinationAssistant": schema.DESTINATION_ASSISTANT,
    "TransferPlan": schema.TRANSFER_PLAN,
    "Server": schema.SERVER,
    "CreateSquadDTO": schema.SQUAD,
    "SquadMemberDTO": schema.SQUAD_MEMBER,
    "CreateCallDTO": schema.CALL,
    "UpdateCallDTO": schema.CALL_UPDATE,
    "DeleteCallDTO": schema.CALL_DELETE,
    "CreateCustomerDTO": schema.CUSTOMER,
    "SchedulePlan": schema.SCHEDULE,
    "CreateCampaignDTO": schema.CAMPAIGN,
    "UpdateCampaignDTO": schema.CAMPAIGN_UPDATE,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_hold_the_described_fields(name: str) -> None:
    """Names, bounds and choices of our tables are those of the description."""
    described = json.loads(VAPI.read_text())["components"]["schemas"][name]["properties"]
    table = {field: row for field, row in TABLES[name].items() if field not in BEYOND.get(name, ())}
    assert set(table) == set(described)
    for field, row in table.items():
        facts = described[field]
        if "enum" in facts:
            assert set(row.choices) == set(facts["enum"]), field
        elif facts.get("type") == "string":
            assert row.kind in {"string", "uuid", "date"}, field
            if row.kind == "string":
                assert (row.low, row.high) == (facts.get("minLength"), facts.get("maxLength")), field
        elif facts.get("type") == "number" and field != "maxConcurrency":  # its maximum stands in the text only
            assert (row.kind, row.low, row.high) == ("number", facts.get("minimum"), facts.get("maximum")), field
        elif facts.get("type") in {"boolean", "array", "object"}:
            assert row.kind == facts["type"], field


DIDLOGIC_SEED: dict[str, Any] = {
    "balance": 1.5,
    "numbers": [{"number": "31201234567", "destinations": [{"destination": "01234", "transport": 5}]}],
    "sip_accounts": [{"name": "01234", "label": "l", "allowed_ips": ["192.0.2.1"]}],
    "calls": [
        {
            "timestamp": "2026-01-01T10:00:00Z",
            "type": "sip",
            "amount": 0.02,
            "duration": 0,
            "from": "1",
            "to": "2",
            "destination_name": "d",
            "sip_account": "01234",
        }
    ],
}


def test_didlogic_answers(didlogic: httpx.Client, world: World) -> None:
    world.seed(DIDLOGIC_SEED)
    rows, accounts = "/v1/purchases/31201234567/destinations", "/v1/sipaccounts"
    row = f"{rows}/{world.didlogic['numbers'][0]['destinations'][0]['id']}"
    for method, path, data, name in (
        ("GET", "/v1/balance", None, "Balance"),
        ("GET", "/v1/purchases", None, "PurchasesPage"),
        ("GET", "/v2/numbers", None, "OwnedNumberList"),
        ("GET", "/v1/calls", None, "CallsPage"),
        ("GET", rows, None, "DestinationList"),
        ("POST", rows, {"destination[destination]": "1@h.example", "destination[transport]": 1}, "DestinationEnvelope"),
        ("PATCH", row, {"destination[active]": 0}, "DestinationEnvelope"),
        ("GET", accounts, None, "SipAccountList"),
        ("GET", f"{accounts}/01234", None, "SipAccountEnvelope"),
        ("POST", accounts, {"sipaccount[password]": "x"}, "SipAccountEnvelope"),
        ("PUT", f"{accounts}/01234", {"sipaccount[max_channels]": 3}, "SipAccountEnvelope"),
        ("GET", f"{accounts}/01234/allowed_ips", None, "AllowedIps"),
        ("POST", f"{accounts}/01234/allowed_ips", {"ip": "192.0.2.9"}, "AllowedIps"),
        ("GET", "/v1/sipaccounts/99999", None, "Error"),
    ):
        answer = didlogic.request(method, path, data=data)
        assert answer.status_code == (404 if name == "Error" else 200), path
        components = _didlogic()["components"]
        jsonschema.Draft202012Validator({**components["schemas"][name], "components": components}).validate(
            answer.json()
        )
