# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeds, the control endpoints, and faults as the in-process transport shows them."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.faults import OPTIONS
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import defaults
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import VAPI_STORES, World
from ansible_collections.voiceops.vapi_didlogic.tests.sandbox.inprocess import InProcessTransport

ID = "7c8d2a34-0000-4000-8000-000000000001"
TIME = "2026-01-01T00:00:00.000Z"
SEED = {
    "balance": 35.22,
    "numbers": [
        "31201234567",
        {
            "number": "31201234568",
            "country": "Fiction",
            "destinations": [
                {"destination": "01234", "transport": 5},
                {"destination": "1@h.example", "transport": 1, "active": False},
            ],
        },
    ],
    "sip_accounts": [{"name": "01234", "label": "l"}],
    "vapi": {
        "credentials": [{"id": ID, "gateways": [], "createdAt": TIME}, {"provider": "openai", "createdAt": TIME}],
        "phone_numbers": [{"number": "31201234567", "credentialId": ID, "assistantId": "gone", "unknownField": 1}],
        "tools": [{}],
    },
}


def test_seed_sets_the_state(control: httpx.Client, vapi: httpx.Client, didlogic: httpx.Client) -> None:
    state = control.post("/seed", json=SEED).json()
    assert state["balance"] == 35.22
    rows = didlogic.get("/v1/purchases/31201234568/destinations").json()["destination"]
    assert [(row["priority"], row["active"], row["transport"]) for row in rows] == [(1, True, 5), (2, False, 1)]
    credentials = vapi.get("/credential").json()
    assert [item["provider"] for item in credentials] == ["openai", "byo-sip-trunk"]
    assert {item["createdAt"] for item in credentials} == {TIME}
    number = vapi.get("/phone-number").json()[0]
    assert (number["unknownField"], number["status"], number["provider"]) == (1, "active", "byo-phone-number")
    assert vapi.get("/tool").json()[0]["type"] == "transferCall"
    assert control.get("/state").json() == state


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ([], "the seed must be an object"),
        (
            {"number": []},
            "the seed has an unknown key `number`; the keys are balance, calls, numbers, sip_accounts, vapi",
        ),
        ({"balance": "much"}, "balance must be a number"),
        ({"numbers": "31201234567"}, "numbers must be a list"),
        ({"numbers": ["+31201234567"]}, "numbers[0]: number must be 3 to 15 digits without a plus"),
        ({"numbers": [31201234567, "31201234567"]}, "numbers[1]: the number 31201234567 already exists"),
        (
            {"numbers": [{"number": "31201234567", "destinations": [{"destination": "x", "transport": True}]}]},
            "numbers[0].destinations[0]: a destination requires `destination` and `transport`: 1, 4, 5 or another code",
        ),
        ({"sip_accounts": [{"name": 12345}]}, "sip_accounts[0]: name must be a string of five digits"),
        (
            {"vapi": {"trunks": []}},
            f"vapi has an unknown key `trunks`; the keys are {', '.join(sorted(VAPI_STORES))}",
        ),
        ({"vapi": {"tools": [{"id": "x"}]}}, "vapi.tools[0]: id must be a UUID"),
        ({"vapi": {"tools": [{"id": ID}, {"id": ID}]}}, f"vapi.tools[1]: the id {ID} already exists"),
        (
            {"vapi": {"tools": [{"createdAt": "now"}]}},
            "vapi.tools[0]: createdAt must be a time such as 2026-01-02T03:04:05.678Z",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/seed", "/reset"])
def test_rejected_seed_changes_nothing(control: httpx.Client, path: str, seed: Any, message: str) -> None:
    before = control.post("/seed", json={"numbers": ["31209999999"]}).json()
    answer = control.post(path, json=seed)
    assert (answer.status_code, answer.json()) == (400, {"error": message})
    assert control.get("/state").json() == before


def test_reset_keeps_keys_and_switches(control: httpx.Client, vapi: httpx.Client, world: World) -> None:
    control.put("/rules", json={"unique_numbers": True})
    control.put("/faults", json=[{"kind": "status", "times": None}])
    vapi.get("/assistant")
    assert control.post("/reset", json={"numbers": ["31201234567"]}).json()["numbers"][0]["number"] == "31201234567"
    assert control.get("/journal").json()["total"] == 0
    assert control.get("/rules").json() == {**defaults(), "unique_numbers": True}
    assert vapi.get("/assistant").json() == []
    assert control.post("/reset").json()["numbers"] == []


def test_dump_and_load(vapi: httpx.Client, world: World) -> None:
    world.seed(SEED)
    world.settings["unique_numbers"] = True
    plan = {"authUsername": "01234", "authPassword": secrets.token_hex()}
    vapi.post("/credential", json={"provider": "byo-sip-trunk", "gateways": [], "outboundAuthenticationPlan": plan})
    again = World.load(world.dump())
    for name in ("vapi", "didlogic", "settings", "balance", "serial", "vapi_api_key", "didlogic_api_key", "org_id"):
        assert getattr(again, name) == getattr(world, name)


def test_api_keys_are_generated() -> None:
    worlds = [World() for _number in range(2)]
    assert len({key for world in worlds for key in (world.vapi_api_key, world.didlogic_api_key)}) == 4
    assert World(vapi_api_key="a", didlogic_api_key="b").didlogic_api_key == "b"


def test_journal_lists_requests(control: httpx.Client, vapi: httpx.Client, didlogic: httpx.Client) -> None:
    vapi.get("/assistant", params={"limit": 5})
    vapi.post("/assistant", json={})
    didlogic.get("/v1/purchases/1/destinations")
    report = control.get("/journal").json()
    assert report["requests"] == [
        {
            "index": 0,
            "api": "vapi",
            "method": "GET",
            "path": "/assistant",
            "query": "limit=5",
            "status": 200,
            "fault": None,
        },
        {"index": 1, "api": "vapi", "method": "POST", "path": "/assistant", "query": "", "status": 201, "fault": None},
        {
            "index": 2,
            "api": "didlogic",
            "method": "GET",
            "path": "/v1/purchases/1/destinations",
            "query": "",
            "status": 404,
            "fault": None,
        },
    ]
    assert (report["writes"], report["by_method"], report["total"]) == (1, {"GET": 2, "POST": 1}, 3)
    assert control.get("/health").json()["status"] == "ok"
    control.delete("/journal")
    assert control.get("/journal").json()["requests"] == []


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/rules", {"nonsense": True}, f"the switch nonsense does not exist; the switches are {', '.join(defaults())}"),
        ("/rules", {"unique_numbers": 1}, "unique_numbers must be a bool"),
        ("/rules", {"latency_ms": True}, "latency_ms must be a int"),
        ("/faults", {}, "the body must be a list of faults"),
        ("/faults", [{"kind": "earthquake"}], f"kind must be one of {', '.join(sorted(OPTIONS))}"),
        ("/faults", [{"kind": "close", "code": 1}], "close has no code; its options are none"),
        ("/faults", [{"kind": "close", "when": "never"}], "when must be before or after"),
        ("/faults", [{"kind": "close", "match": {"path": "/x"}}], "close has no path; its options are none"),
    ],
)
def test_invalid_control_request_is_rejected(control: httpx.Client, path: str, body: Any, message: str) -> None:
    answer = control.put(path, json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": message})


def test_latency_is_added(control: httpx.Client, vapi: httpx.Client, transport: InProcessTransport) -> None:
    control.put("/rules", json={"latency_ms": 50})
    vapi.get("/assistant")
    vapi.get("/assistant")
    assert transport.slept == pytest.approx(0.1)


# --- faults

BROKEN = [
    ("close", httpx.RemoteProtocolError),
    ("reset", httpx.ReadError),
    ("refuse", httpx.ConnectError),
    ("hang", httpx.ReadTimeout),
    ("truncate", httpx.RemoteProtocolError),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "error"), BROKEN)
def test_connection_faults(
    control: httpx.Client, vapi: httpx.Client, world: World, kind: str, error: type[Exception], when: str
) -> None:
    control.put("/faults", json=[{"kind": kind, "when": when}])
    with pytest.raises(error):
        vapi.post("/assistant", json={})
    assert len(world.vapi["assistants"]) == (when == "after")
    assert world.journal[0]["fault"] == kind
    assert vapi.post("/assistant", json={}).status_code == 201


ANSWERED: list[tuple[dict[str, Any], int, str]] = [
    (
        {"kind": "status", "code": 503, "headers": {"Retry-After": 7}},
        503,
        '{"message":"sandbox fault","statusCode":503}',
    ),
    ({"kind": "status", "code": 200, "body": [1]}, 200, "[1]"),
    ({"kind": "status", "code": 429, "body": "slow down"}, 429, "slow down"),
    ({"kind": "html"}, 502, "<h1>Bad gateway</h1>"),
    ({"kind": "garbage", "body": '{"id": '}, 200, '{"id": '),
    ({"kind": "redirect", "location": "http://192.0.2.1/"}, 307, ""),
    ({"kind": "gzip_bomb", "size": 1000}, 200, "\0" * 1000),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("fault", "status", "text"), ANSWERED)
def test_response_faults(
    control: httpx.Client, vapi: httpx.Client, world: World, fault: dict[str, Any], status: int, text: str, when: str
) -> None:
    assert control.put("/faults", json=[{**fault, "when": when}]).json() == {"faults": 1}
    answer = vapi.post("/assistant", json={})
    assert (answer.status_code, text in answer.text) == (status, True)
    assert answer.headers.get("retry-after", "7") == "7"
    assert len(world.vapi["assistants"]) == (when == "after")
    assert world.journal[0]["status"] == status


def test_delay_and_drip_faults_use_the_clock(
    control: httpx.Client, vapi: httpx.Client, transport: InProcessTransport
) -> None:
    control.put("/faults", json=[{"kind": "delay", "seconds": 4}, {"kind": "drip", "seconds": 1, "bytes": 2}])
    assert vapi.get("/assistant").json() == []
    assert transport.slept == 4
    assert vapi.get("/assistant").json() == []
    assert transport.slept == 5
    control.put("/faults", json=[{"kind": "delay", "seconds": 4}])
    with pytest.raises(httpx.ReadTimeout):
        vapi.get("/assistant", timeout=3)
    assert transport.slept == 8


def test_fault_applies_to_selected_requests(control: httpx.Client, vapi: httpx.Client, didlogic: httpx.Client) -> None:
    def statuses() -> list[int]:
        answers = [
            vapi.get("/assistant"),
            vapi.get("/tool"),
            vapi.post("/assistant", json={}),
            didlogic.get("/v1/balance"),
            vapi.get("/assistant"),
        ]
        return [answer.status_code for answer in answers]

    fine = [200, 200, 201, 200, 200]
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [500, 200, 201, 200, 200]),
        ({"times": 2}, [500, 500, 201, 200, 200]),
        ({"times": None}, [500] * 5),
        ({"nth": 3}, [200, 200, 201, 500, 200]),
        ({"nth": 3, "times": None}, [200, 200, 201, 500, 500]),
        ({"match": {"api": "didlogic"}}, [200, 200, 201, 500, 200]),
        ({"match": {"method": "POST"}, "times": None}, [200, 200, 500, 200, 200]),
        ({"match": {"path_regex": "^/assistant$", "method": "GET"}, "nth": 1}, [200, 200, 201, 200, 500]),
    ]
    for fault, expected in cases:
        control.put("/faults", json=[{"kind": "status", **fault}])
        assert statuses() == expected, fault
    control.put("/faults", json=[{"kind": "status", "code": 501}, {"kind": "status", "code": 502}])
    assert statuses() == [501, 502, 201, 200, 200]
    control.put("/faults", json=[])
    assert statuses() == fine


def test_asynchronous_client(transport: InProcessTransport, world: World) -> None:
    async def create() -> int:
        headers = {"Authorization": f"Bearer {world.vapi_api_key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/vapi", headers=headers) as client:
            answers = await asyncio.gather(*(client.post("/assistant", json={}) for _number in range(3)))
        return sum(answer.status_code == 201 for answer in answers)

    assert asyncio.run(create()) == 3
