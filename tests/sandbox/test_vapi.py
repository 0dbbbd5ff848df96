# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of Vapi's side."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_calls import NO_TARGET
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_resources import TOOLS
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World

from .conftest import Clock

UNKNOWN = "7c8d2a34-0000-4000-8000-000000000000"
GATEWAYS = [{"ip": "192.0.2.1"}]
BAD_GATEWAY = "Couldn't validate SIP trunk credential. SIP gateway creation failed."
E164 = "must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code (Eg. US: +1)."


def trunk_body(**more: Any) -> dict[str, Any]:
    return {"provider": "byo-sip-trunk", "gateways": GATEWAYS, **more}


def gateway(**more: Any) -> dict[str, Any]:
    return trunk_body(gateways=[{"ip": "192.0.2.1", **more}])


def tool_body(*destinations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "transferCall", "destinations": list(destinations), **more}


def number_body(trunk: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"provider": "byo-phone-number", "number": "+31201234567", "credentialId": trunk["id"], **more}


def messages(answer: httpx.Response, status: int = 400) -> list[str]:
    body = answer.json()
    assert (answer.status_code, body["statusCode"]) == (status, status)
    assert body["error"]
    return [body["message"]] if isinstance(body["message"], str) else body["message"]


ACCEPTED = [
    ("/credential", trunk_body()),
    ("/credential", trunk_body(name="n" * 40, techPrefix="9", outboundLeadingPlusEnabled=True)),
    ("/credential", gateway(port=65535, netmask=24, outboundProtocol="tls/srtp", optionsPingEnabled=True)),
    ("/credential", trunk_body(gateways=[{"ip": "sip.example.net", "inboundEnabled": False}, *GATEWAYS])),
    ("/credential", trunk_body(name=None)),
    ("/assistant", {}),
    ("/assistant", {"name": "a", "model": {"provider": "openai", "model": "m", "toolIds": [UNKNOWN], "anything": 1}}),
    ("/tool", tool_body()),
    ("/tool", tool_body({"type": "number", "number": "+31201234567", "extension": "1", "message": ""})),
    (
        "/tool",
        tool_body(
            {
                "type": "sip",
                "sipUri": "sip:+31201234567@sip.example.net",
                "transferPlan": {"mode": "blind-transfer", "sipVerb": "refer"},
            }
        ),
    ),
    ("/tool", tool_body(function={"name": "transfer_call", "description": "d"})),
    ("/squad", {"members": []}),
]


@pytest.mark.parametrize(("path", "body"), ACCEPTED)
def test_valid_body_is_accepted(vapi: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = vapi.post(path, json=body)
    assert answer.status_code == 201
    item = answer.json()
    sent = {name: value for name, value in body.items() if value is not None}
    assert item == {
        **sent,
        "id": item["id"],
        "orgId": item["orgId"],
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:05.678Z",
    }
    assert vapi.get(f"{path}/{item['id']}").json() == item
    assert vapi.get(path).json() == [item]
    assert vapi.delete(f"{path}/{item['id']}").json() == item
    assert vapi.get(path).json() == []


REFUSED = [
    ("/credential", {"gateways": GATEWAYS}, "provider must be a string"),
    ("/credential", {"provider": "openai"}, "provider must be one of the following values: byo-sip-trunk"),
    ("/credential", {"provider": "byo-sip-trunk"}, "gateways must be an array"),
    ("/credential", trunk_body(gateways=None), "gateways must be an array"),
    ("/credential", trunk_body(sbcConfiguration={}), "property sbcConfiguration should not exist"),
    ("/credential", trunk_body(id=UNKNOWN), "property id should not exist"),
    ("/credential", trunk_body(createdAt="2026-01-02T03:04:05.678Z"), "property createdAt should not exist"),
    ("/credential", trunk_body(name=""), "name must be longer than or equal to 1 characters"),
    ("/credential", trunk_body(name="n" * 41), "name must be shorter than or equal to 40 characters"),
    ("/credential", trunk_body(name=1), "name must be a string"),
    ("/credential", trunk_body(outboundLeadingPlusEnabled="yes"), "outboundLeadingPlusEnabled must be a boolean value"),
    ("/credential", gateway(foo=1), "gateways.0.property foo should not exist"),
    ("/credential", gateway(port="5060"), "gateways.0.port must be a number conforming to the specified constraints"),
    ("/credential", gateway(port=True), "gateways.0.port must be a number conforming to the specified constraints"),
    ("/credential", gateway(port=0), "gateways.0.port must not be less than 1"),
    ("/credential", gateway(port=65536), "gateways.0.port must not be greater than 65535"),
    ("/credential", gateway(netmask=23), "gateways.0.netmask must not be less than 24"),
    ("/credential", gateway(port=None), "gateways.0.port must be a number conforming to the specified constraints"),
    (
        "/credential",
        gateway(outboundProtocol="sctp"),
        "gateways.0.outboundProtocol must be one of the following values: tls/srtp, tcp, tls, udp",
    ),
    ("/credential", trunk_body(gateways=[{}]), "gateways.0.ip must be a string"),
    ("/credential", trunk_body(gateways=["192.0.2.1"]), "gateways.0 must be an object"),
    ("/credential", gateway(ip="sip.example.net"), BAD_GATEWAY),
    ("/credential", gateway(ip="sip.example.net", inboundEnabled=True), BAD_GATEWAY),
    ("/credential", gateway(ip="2001:db8::1"), BAD_GATEWAY),
    ("/credential", gateway(ip="not a host", inboundEnabled=False), BAD_GATEWAY),
    (
        "/credential",
        trunk_body(outboundAuthenticationPlan={"authUser": "x"}),
        "outboundAuthenticationPlan.property authUser should not exist",
    ),
    (
        "/credential",
        trunk_body(outboundAuthenticationPlan={"sipRegisterPlan": {"publicIpInContactEnabled": True}}),
        "outboundAuthenticationPlan.sipRegisterPlan.property publicIpInContactEnabled should not exist",
    ),
    ("/assistant", {"firstMesage": "hi"}, "property firstMesage should not exist"),
    ("/assistant", {"name": "n" * 41}, "name must be shorter than or equal to 40 characters"),
    ("/assistant", {"maxDurationSeconds": 9}, "maxDurationSeconds must not be less than 10"),
    ("/assistant", {"latestVersion": "1"}, "property latestVersion should not exist"),
    ("/assistant", {"model": {"toolIds": []}}, "model.provider must be a string"),
    (
        "/assistant",
        {"model": {"provider": "openai", "model": "m", "toolIds": [1]}},
        "each value in model.toolIds must be a string",
    ),
    ("/assistant", {"endCallPhrases": ["x"]}, "endCallPhrases.0 must be longer than or equal to 2 characters"),
    ("/tool", {}, "type must be a string"),
    ("/tool", {"type": "fax"}, f"type must be one of the following values: {', '.join(sorted(TOOLS))}"),
    (
        "/tool",
        tool_body({"type": "fax"}),
        "destinations.0.type must be one of the following values: assistant, number, sip",
    ),
    ("/tool", tool_body({"type": "number"}), "destinations.0.number must be a string"),
    ("/tool", tool_body({"type": "number", "number": "31201234567"}), f"destinations.0.number {E164}"),
    ("/tool", tool_body({"type": "sip", "sipUri": "x"}), "destinations.0.sipUri must be a valid SIP URI"),
    (
        "/tool",
        tool_body({"type": "sip", "sipUri": "sip:1@h.example", "number": "+31201234567"}),
        "destinations.0.property number should not exist",
    ),
    (
        "/tool",
        tool_body({"type": "sip", "sipUri": "sip:1@h.example", "transferPlan": {}}),
        "destinations.0.transferPlan.mode must be a string",
    ),
    ("/tool", tool_body(function={"description": "d"}), "function.name must be a string"),
    (
        "/tool",
        tool_body(function={"name": "with space"}),
        "function.name must match /^[a-zA-Z0-9_-]{1,64}$/ regular expression",
    ),
    ("/squad", {"name": "s"}, "members must be an array"),
    ("/squad", {"members": [{"assistantId": UNKNOWN}]}, f"Couldn't find assistant for assistantId {UNKNOWN}."),
]


@pytest.mark.parametrize(("path", "body", "message"), REFUSED)
def test_invalid_body_is_rejected(vapi: httpx.Client, path: str, body: dict[str, Any], message: str) -> None:
    assert message in messages(vapi.post(path, json=body))
    assert vapi.get(path).json() == []


NUMBERS_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"number": "31201234567"}, f"number {E164}"),
    ({"number": "31201234567", "numberE164CheckEnabled": True}, f"number {E164}"),
    ({"number": "31 20", "numberE164CheckEnabled": False}, "number must match /^\\+?[a-zA-Z0-9]+$/ regular expression"),
    ({"number": "31"}, "number must be longer than or equal to 3 characters"),
    ({"credentialId": None}, "credentialId must be a UUID"),
    ({"credentialId": "trunk"}, "credentialId must be a UUID"),
    ({"credentialId": UNKNOWN}, f"Couldn't find credential for credentialId {UNKNOWN}."),
    ({"assistantId": UNKNOWN}, f"Couldn't find assistant for assistantId {UNKNOWN}."),
    ({"squadId": UNKNOWN}, f"Couldn't find squad for squadId {UNKNOWN}."),
    ({"status": "active"}, "property status should not exist"),
    ({"serverUrl": "https://example.net"}, "property serverUrl should not exist"),
    ({"server": {"timeoutSeconds": 301}}, "server.timeoutSeconds must not be greater than 300"),
    ({"fallbackDestination": {"type": "number", "number": "0201234567"}}, f"fallbackDestination.number {E164}"),
]


@pytest.mark.parametrize(("more", "message"), NUMBERS_REFUSED)
def test_invalid_number_is_rejected(
    vapi: httpx.Client, trunk: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    assert message in messages(vapi.post("/phone-number", json=number_body(trunk, **more)))


def test_duplicate_number_in_any_spelling(vapi: httpx.Client, world: World, trunk: dict[str, Any]) -> None:
    bare = number_body(trunk, number="31201234567", numberE164CheckEnabled=False)
    items = [vapi.post("/phone-number", json=body).json() for body in (number_body(trunk), number_body(trunk), bare)]
    assert [item["status"] for item in items] == ["active"] * 3
    world.settings["unique_numbers"] = True
    assert messages(vapi.post("/phone-number", json=bare)) == ["Existing Phone Number Already Uses This Number."]


def test_number_requires_a_trunk(vapi: httpx.Client, world: World) -> None:
    world.seed({"vapi": {"credentials": [{"id": UNKNOWN, "provider": "openai"}]}})
    assert vapi.get("/credential").json()[0]["provider"] == "openai"
    body = number_body({"id": UNKNOWN})
    assert messages(vapi.post("/phone-number", json=body)) == ["credentialId must refer to a byo-sip-trunk credential."]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic x", "Bearer é"])
def test_wrong_key_is_rejected(vapi: httpx.Client, header: str | None) -> None:
    vapi.headers.pop("Authorization")
    answer = vapi.get("/assistant", headers={b"Authorization": header.encode()} if header else None)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "Unauthorized",
        "statusCode": 401,
        "message": ("Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa."),
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/assistant/{UNKNOWN}", 404),
        ("PATCH", f"/tool/{UNKNOWN}", 404),
        ("DELETE", f"/credential/{UNKNOWN}", 404),
        ("GET", "/assistant/nonsense", 400),
        ("GET", "/nonsense", 404),
        ("PUT", "/assistant", 404),
    ],
)
def test_unknown_id_is_404(vapi: httpx.Client, method: str, path: str, status: int) -> None:
    assert messages(vapi.request(method, path, json={} if method == "PATCH" else None), status)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [("{", "application/json"), ("[]", "application/json"), ("a=b", "application/x-www-form-urlencoded")],
)
def test_body_is_a_json_object(vapi: httpx.Client, content: str, content_type: str) -> None:
    assert messages(vapi.post("/assistant", content=content, headers={"Content-Type": content_type}))


def test_password_is_not_returned(vapi: httpx.Client, control: httpx.Client, world: World) -> None:
    password = secrets.token_hex()
    plan = {"authUsername": "01234", "authPassword": password}
    item = vapi.post("/credential", json=trunk_body(outboundAuthenticationPlan=plan)).json()
    assert item["outboundAuthenticationPlan"] == {"authUsername": "01234"}
    answers = [
        vapi.get("/credential"),
        vapi.get(f"/credential/{item['id']}"),
        control.get("/state"),
        vapi.patch(f"/credential/{item['id']}", json={"name": "x"}),
        vapi.delete(f"/credential/{item['id']}"),
    ]
    assert not [answer for answer in answers if password in answer.text]


def test_patch_replaces_whole_fields(vapi: httpx.Client, world: World, clock: Clock) -> None:
    plan = {"authUsername": "01234", "authPassword": secrets.token_hex()}
    item = vapi.post("/credential", json=trunk_body(name="a", outboundAuthenticationPlan=plan)).json()
    clock.tick()
    changed = vapi.patch(
        f"/credential/{item['id']}", json={"name": None, "outboundAuthenticationPlan": {"authUsername": "56789"}}
    ).json()
    assert changed == {
        "provider": "byo-sip-trunk",
        "gateways": GATEWAYS,
        "id": item["id"],
        "orgId": item["orgId"],
        "outboundAuthenticationPlan": {"authUsername": "56789"},
        "createdAt": item["createdAt"],
        "updatedAt": "2026-01-02T03:04:05.679Z",
    }
    assert world.vapi["credentials"][item["id"]]["outboundAuthenticationPlan"] == {"authUsername": "56789"}


PATCHES_REFUSED = [
    ({"gateways": None}, "gateways must be an array"),
    ({"gateways": [{"ip": "sip.example.net"}]}, BAD_GATEWAY),
    ({"provider": "twilio"}, "provider cannot be changed"),
    ({"orgId": UNKNOWN}, "property orgId should not exist"),
]


@pytest.mark.parametrize(("body", "message"), PATCHES_REFUSED)
def test_invalid_patch_is_rejected(
    vapi: httpx.Client, trunk: dict[str, Any], body: dict[str, Any], message: str
) -> None:
    assert message in messages(vapi.patch(f"/credential/{trunk['id']}", json=body))
    assert vapi.get(f"/credential/{trunk['id']}").json() == trunk


def test_patch_of_a_number(vapi: httpx.Client, trunk: dict[str, Any]) -> None:
    assistant = vapi.post("/assistant", json={}).json()
    item = vapi.post("/phone-number", json=number_body(trunk, assistantId=assistant["id"])).json()
    path = f"/phone-number/{item['id']}"
    assert messages(vapi.patch(path, json={"number": "31201234567"})) == [f"number {E164}"]
    changed = vapi.patch(
        path,
        json={
            "provider": "byo-phone-number",
            "number": "31201234567",
            "assistantId": None,
            "numberE164CheckEnabled": False,
        },
    ).json()
    assert "assistantId" not in changed
    assert changed["number"] == "31201234567"


def test_lists_are_sorted_and_limited(vapi: httpx.Client, clock: Clock) -> None:
    """Newest first, 100 unless told otherwise, and at most 1000."""
    for index in range(105):
        vapi.post("/assistant", json={"name": f"a{index:03}"})
        if index % 2:
            clock.tick()

    def names(**query: Any) -> list[str]:
        return [item["name"] for item in vapi.get("/assistant", params=query).json()]

    assert names()[:3] == ["a104", "a103", "a102"]
    assert len(names()) == 100
    assert len(names(limit=1000)) == 105
    assert names(limit=0) == []
    bound = vapi.get("/assistant").json()[3]["createdAt"]  # that of a101 and a100
    assert names(createdAtLe=bound, limit=2) == ["a101", "a100"]
    assert names(createdAtLt=bound, limit=1) == ["a099"]
    assert names(createdAtGe=bound) == ["a104", "a103", "a102", "a101", "a100"]
    assert names(updatedAtGt=bound) == ["a104", "a103", "a102"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=1001", "limit must not be greater than 1000"),
        ("limit=-1", "limit must not be less than 0"),
        ("limit=x", "limit must be a number conforming to the specified constraints"),
        ("createdAtLt=x", "createdAtLt must be a valid ISO 8601 date string"),
        ("name=x", "property name should not exist"),
    ],
)
def test_invalid_list_query_is_rejected(vapi: httpx.Client, query: str, message: str) -> None:
    vapi.post("/assistant", json={})
    assert messages(vapi.get(f"/assistant?{query}")) == [message]


def test_numbers_are_searchable(vapi: httpx.Client, trunk: dict[str, Any], clock: Clock) -> None:
    for index in range(5):
        vapi.post("/phone-number", json=number_body(trunk, number=f"+3120123456{index}", name=f"Name {index}"))
        clock.tick()
    page = vapi.get("/v2/phone-number", params={"limit": 2, "page": 3}).json()
    assert [item["name"] for item in page["results"]] == ["Name 0"]
    assert page["metadata"] == {
        "itemsPerPage": 2,
        "totalItems": 5,
        "currentPage": 3,
        "totalPages": 3,
        "hasNextPage": False,
        "sortOrder": "DESC",
    }
    for word, count in (("name 3", 1), ("1234561", 1), ("31201", 5), ("nothing", 0)):
        assert len(vapi.get("/v2/phone-number", params={"search": word}).json()["results"]) == count
    oldest = vapi.get("/v2/phone-number", params={"sortOrder": "ASC", "limit": 1}).json()
    assert oldest["results"][0]["name"] == "Name 0"


def test_delete_of_referenced_object(vapi: httpx.Client, world: World, trunk: dict[str, Any]) -> None:
    tool = vapi.post("/tool", json=tool_body()).json()
    model = {"provider": "openai", "model": "m", "toolIds": [tool["id"]]}
    assistant = vapi.post("/assistant", json={"model": model}).json()
    vapi.post("/phone-number", json=number_body(trunk, assistantId=assistant["id"]))
    world.settings["refuse_delete_in_use"] = True
    errors = {}
    for path in (f"/credential/{trunk['id']}", f"/assistant/{assistant['id']}", f"/tool/{tool['id']}"):
        answer = vapi.delete(path)
        assert messages(answer, 409)
        errors[path.split("/")[1]] = answer.json()["error"]
    assert errors == {"credential": "Conflict", "assistant": "assistant_pinned", "tool": "tool_pinned"}
    world.settings["refuse_delete_in_use"] = False
    assert vapi.delete(f"/credential/{trunk['id']}").status_code == 200


@pytest.mark.parametrize(
    ("rule", "path", "body"),
    [
        ("refuse_tool_function", "/tool", tool_body(function={"name": "x"})),
        ("refuse_unknown_tools", "/assistant", {"model": {"provider": "openai", "model": "m", "toolIds": [UNKNOWN]}}),
    ],
)
def test_switch_rejects_body(vapi: httpx.Client, world: World, rule: str, path: str, body: dict[str, Any]) -> None:
    assert vapi.post(path, json=body).status_code == 201
    world.settings[rule] = True
    assert messages(vapi.post(path, json=body))


def _callable(vapi: httpx.Client, trunk: dict[str, Any]) -> dict[str, Any]:
    assistant = vapi.post("/assistant", json={}).json()
    number = vapi.post("/phone-number", json=number_body(trunk)).json()
    return {"assistantId": assistant["id"], "phoneNumberId": number["id"]}


def test_calls(vapi: httpx.Client, trunk: dict[str, Any]) -> None:
    target = _callable(vapi, trunk)
    customer = {"number": "+31201234560"}
    call = vapi.post("/call", json={**target, "customer": customer}).json()
    assert (call["status"], call["type"], call["customer"]) == ("queued", "outboundPhoneCall", customer)
    assert call["subscriptionLimits"]["remainingConcurrentCalls"] == 9
    plan = {"earliestAt": "2026-01-03T00:00:00Z"}
    batch = vapi.post("/call", json={**target, "customers": [customer, customer], "schedulePlan": plan}).json()
    assert [item["status"] for item in batch["results"]] == ["scheduled"] * 2
    assert len(vapi.get("/call", params={"assistantId": target["assistantId"]}).json()) == 3
    assert vapi.get("/call", params={"assistantId": UNKNOWN}).json() == []
    assert vapi.patch(f"/call/{call['id']}", json={"name": "n"}).json()["name"] == "n"


CALLS_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"customer": {"number": "0201234560"}}, f"customer.number {E164}"),
    ({"customer": {}}, "customer needs either `number` or `sipUri`."),
    ({"phoneNumberId": None}, "Couldn't Get Phone Number. Need Either `phoneNumberId` Or `phoneNumber`."),
    ({"phoneNumberId": UNKNOWN}, f"Couldn't find phone number for phoneNumberId {UNKNOWN}."),
    ({"assistantId": None}, NO_TARGET),
    ({"metadata": {}}, "property metadata should not exist"),
    ({"schedulePlan": {}}, "schedulePlan.earliestAt must be a valid ISO 8601 date string"),
    ({"transport": {"provider": "vapi.sip", "dialTimeout": 601}}, "transport.dialTimeout must not be greater than 600"),
]


@pytest.mark.parametrize(("more", "message"), CALLS_REFUSED)
def test_invalid_call_is_rejected(
    vapi: httpx.Client, trunk: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    body = {**_callable(vapi, trunk), "customer": {"number": "+31201234560"}, **more}
    assert message in messages(vapi.post("/call", json=body))
    assert vapi.get("/call").json() == []


@pytest.mark.parametrize("path", ["/campaign", "/v2/campaign"])
def test_campaigns(vapi: httpx.Client, trunk: dict[str, Any], path: str) -> None:
    body = {**_callable(vapi, trunk), "name": "c", "customers": [{"number": "+31201234560"}]}
    started = vapi.post(path, json=body).json()
    assert (started["status"], started["callsCounterScheduled"]) == ("in-progress", 1)
    assert messages(vapi.patch(f"{path}/{started['id']}", json={"name": "d"}))
    later = vapi.post(path, json={**body, "schedulePlan": {"earliestAt": "2026-01-03T00:00:00Z"}}).json()
    assert vapi.patch(f"{path}/{later['id']}", json={"name": "d"}).json()["name"] == "d"
    cancelled = vapi.patch(f"{path}/{later['id']}", json={"status": "cancelled"}).json()
    assert (cancelled["status"], cancelled["endedReason"]) == ("cancelled", "campaign.scheduled.ended-by-user")
    listed = vapi.get(path, params={"status": "cancelled"}).json()
    assert [item["id"] for item in listed["results"]] == [later["id"]]
    assert messages(vapi.post(path, json={**body, "customers": []})) == ["customers should not be empty"]
    assert messages(vapi.post(path, json={**body, "dialPlan": []})) == ["Need Either `phoneNumberId` Or `dialPlan`."]
    assert vapi.delete(f"{path}/{later['id']}").status_code == 200


def test_ids_are_uuids(trunk: dict[str, Any]) -> None:
    assert str(uuid.UUID(trunk["id"])) == trunk["id"]
