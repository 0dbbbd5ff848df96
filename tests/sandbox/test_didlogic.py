# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of didlogic's side."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World

NUMBER = "31201234567"
ROWS = f"/v1/purchases/{NUMBER}/destinations"


@pytest.fixture
def world(world: World) -> World:
    world.seed({"balance": 35.22, "numbers": [NUMBER]})
    return world


def row(address: str, transport: Any = 1, **more: Any) -> dict[str, Any]:
    fields = {"destination": address, "transport": transport, **more}
    return {f"destination[{name}]": value for name, value in fields.items()}


def account(**fields: Any) -> dict[str, Any]:
    return {f"sipaccount[{name}]": value for name, value in fields.items()}


def error(answer: httpx.Response, status: int = 422) -> str:
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    return str(answer.json()["error"])


def test_balance(didlogic: httpx.Client) -> None:
    assert didlogic.get("/v1/balance").json() == {"balance": 35.22}


@pytest.mark.parametrize("header", [None, "Bearer wrong"])
def test_wrong_key(didlogic: httpx.Client, header: str | None) -> None:
    didlogic.headers.pop("Authorization")
    assert error(didlogic.get("/v1/balance", headers={"Authorization": header} if header else {}), 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/purchases/31209999999/destinations"),
        ("GET", "/v1/purchases/+31201234567/destinations"),
        ("POST", "/v1/purchases/abc/destinations"),
        ("PATCH", f"{ROWS}/1"),
        ("DELETE", f"{ROWS}/x"),
        ("GET", "/v1/sipaccounts/00000"),
        ("PUT", "/v1/sipaccounts/00000"),
        ("DELETE", "/v1/sipaccounts/00000"),
        ("GET", "/v1/sipaccounts/00000/allowed_ips"),
        ("GET", "/v1/nonsense"),
        ("PUT", ROWS),
    ],
)
def test_nothing_there(didlogic: httpx.Client, method: str, path: str) -> None:
    assert error(didlogic.request(method, path), 404)


def test_purchases(didlogic: httpx.Client, world: World) -> None:
    world.seed({"numbers": [{"number": f"3120200{index:04}", "country": "Fiction"} for index in range(1004)]})
    first = didlogic.get("/v1/purchases").json()
    assert first["pagination"] == {"pages": 11, "page": 1, "per_page": 100, "total_records": 1005}
    assert first["purchases"][0]["number"] == "31202001003"  # newest first
    assert set(first["purchases"][0]) == {
        "number",
        "channels",
        "country",
        "area",
        "codec",
        "activation",
        "monthly_fee",
        "per_minute",
        "check_state",
        "free_minutes",
    }
    last = didlogic.get("/v1/purchases", params={"per_page": 1000, "page": 2}).json()
    assert [number["number"] for number in last["purchases"]][-1] == NUMBER
    assert didlogic.get("/v1/purchases", params={"page": 3, "per_page": 1000}).json()["purchases"] == []
    numbers = didlogic.get("/v2/numbers").json()["dids"]
    assert (numbers[-1]["number"], numbers[-1]["destination_count"]) == (NUMBER, 0)
    assert isinstance(numbers[-1]["id"], int)


@pytest.mark.parametrize("query", ["per_page=1001", "per_page=0", "page=0", "page=x"])
def test_page_limits(didlogic: httpx.Client, query: str) -> None:
    assert error(didlogic.get(f"/v1/purchases?{query}"))


def test_destinations(didlogic: httpx.Client, world: World) -> None:
    """New ones go last, whatever priority is asked for; the others keep theirs when one goes."""
    first = didlogic.post(ROWS, data=row("12345", 5)).json()["did_destination"]
    assert first == {
        "id": first["id"],
        "destination": "12345",
        "transport": 5,
        "priority": 1,
        "callhunt": False,
        "active": False,
    }
    second = didlogic.post(ROWS, data=row("sip:1@h.example", 1, active=1, priority=1)).json()["did_destination"]
    third = didlogic.post(ROWS, data=row("31201234560", 4, callhunt="true")).json()["did_destination"]
    assert [second["priority"], third["priority"], third["callhunt"]] == [2, 3, True]
    assert didlogic.get(ROWS).json() == {"destination": [first, second, third]}
    assert didlogic.delete(f"{ROWS}/{first['id']}").status_code == 200
    assert didlogic.get(ROWS).json() == {"destination": [second, third]}
    changed = didlogic.patch(f"{ROWS}/{third['id']}", data={"destination[active]": "1"}).json()["did_destination"]
    assert changed == {**third, "active": True}
    world.rules["unsorted_destinations"] = True
    assert didlogic.get(ROWS).json() == {"destination": [changed, second]}


@pytest.mark.parametrize(
    "data",
    [
        {},
        row(""),
        row("  "),
        {"destination[transport]": 1},
        {"destination[destination]": "12345"},
        row("12345", 2),
        row("12345", "udp"),
        row("12345", 1),
        row("sip:1@h.example", 5),
        row("sip:1@h.example", 4),
        row("1234", 5),
        row("12", 4),
        row("12345", 5, active="maybe"),
        row("12345", 5, colour="red"),
        {**row("12345", 5), "colour": "red"},
        {"destination": "12345"},
    ],
)
def test_destination_refused(didlogic: httpx.Client, data: dict[str, Any]) -> None:
    assert error(didlogic.post(ROWS, data=data))
    assert didlogic.get(ROWS).json() == {"destination": []}


def test_destination_address_cannot_be_changed(didlogic: httpx.Client) -> None:
    created = didlogic.post(ROWS, data=row("12345", 5)).json()["did_destination"]
    for data in (row("54321", 5), {"destination[priority]": "1"}):
        assert error(didlogic.patch(f"{ROWS}/{created['id']}", data=data))
    assert didlogic.get(ROWS).json() == {"destination": [created]}


def test_destination_duplicates(didlogic: httpx.Client, world: World) -> None:
    for _number in range(2):
        assert didlogic.post(ROWS, data=row("12345", 5)).status_code == 200
    world.rules["refuse_duplicate_destination"] = True
    assert error(didlogic.post(ROWS, data=row("12345", 5)))


def test_bodies(didlogic: httpx.Client, world: World) -> None:
    body = {"destination": {"destination": "12345", "transport": 5, "active": True}}
    assert error(didlogic.post(ROWS, json=body))
    world.rules["accept_json"] = True
    assert didlogic.post(ROWS, json=body).json()["did_destination"]["active"] is True
    assert error(didlogic.post(ROWS, json=[]))


def test_sip_accounts(didlogic: httpx.Client, control: httpx.Client, world: World) -> None:
    password = secrets.token_hex()
    created = didlogic.post(
        "/v1/sipaccounts",
        data=account(password=password, label="same", max_call_cost="5", call_restrict=1, call_limit=2800),
    ).json()["sipaccount"]
    assert created == {
        "id": created["id"],
        "name": created["name"],
        "callerid": None,
        "label": "same",
        "host": "dynamic",
        "charge": "0.0",
        "talk_time": 0,
        "rewrite_enabled": False,
        "rewrite_cond": None,
        "rewrite_prefix": None,
        "didinfo_enabled": False,
        "ip_restrict": False,
        "call_restrict": True,
        "call_limit": 2800,
        "channels_restrict": False,
        "max_channels": None,
        "cost_limit": False,
        "max_call_cost": "5.0",
        "created_at": "2026-01-02 03:04:05 UTC",
        "allowed_ips": [],
    }
    for _number in range(3):
        didlogic.post("/v1/sipaccounts", data=account(password=password, label="same"))
    listed = didlogic.get("/v1/sipaccounts")
    names = [item["name"] for item in listed.json()["sipaccounts"]]
    assert len(set(names)) == 4
    assert all(len(name) == 5 and name.isdigit() for name in names)
    assert sum(name.startswith("0") for name in names) == 2
    path = f"/v1/sipaccounts/{created['name']}"
    changed = didlogic.put(path, data=account(callerid=NUMBER, password=password[:10]))
    assert changed.json()["sipaccount"] == {**created, "callerid": NUMBER}
    assert world.didlogic["sip_accounts"][0]["password"] == password[:10]
    for answer in (listed, changed, didlogic.get(path), control.get("/state")):
        assert "password" not in answer.text
        assert password[:10] not in answer.text
    assert didlogic.delete(path).status_code == 200
    assert error(didlogic.get(path), 404)


@pytest.mark.parametrize(
    "data",
    [
        {},
        account(label="x"),
        account(password=""),
        account(password="x", name="12345"),
        account(password="x", host="h"),
        account(password="x", max_channels="many"),
        account(password="x", max_call_cost="much"),
        account(password="x", ip_restrict="perhaps"),
    ],
)
def test_sip_account_refused(didlogic: httpx.Client, data: dict[str, Any]) -> None:
    assert error(didlogic.post("/v1/sipaccounts", data=data))
    assert didlogic.get("/v1/sipaccounts").json() == {"sipaccounts": []}


def test_allowed_ips(didlogic: httpx.Client, world: World) -> None:
    world.seed({"sip_accounts": [{"name": "01234", "label": "l"}]})
    path = "/v1/sipaccounts/01234/allowed_ips"
    for address in ("192.0.2.10", "192.0.2.11", "192.0.2.10"):
        answer = didlogic.post(path, data={"ip": address})
    assert answer.json() == didlogic.get(path).json() == {"allowed_ips": ["192.0.2.10", "192.0.2.11"]}
    assert error(didlogic.post(path, data={"ip": "example.net"}))
    assert error(didlogic.post(path, data={}))
    assert didlogic.delete(path, params={"ip": "192.0.2.10"}).status_code == 200
    assert error(didlogic.delete(path, params={"ip": "192.0.2.10"}), 404)
    assert didlogic.get("/v1/sipaccounts/01234").json()["sipaccount"]["allowed_ips"] == ["192.0.2.11"]


def test_calls(didlogic: httpx.Client, world: World) -> None:
    assert didlogic.get("/v1/calls").json() == {
        "calls": [],
        "pagination": {"page": 1, "per_page": 100, "total_pages": 0, "total_records": 0},
    }
    world.seed(
        {
            "calls": [
                {"timestamp": "2026-01-01T10:00:00Z", "type": "sip", "from": "1", "to": "2", "sip_account": "01234"},
                {"timestamp": "2026-01-02T10:00:00Z", "type": "incoming", "from": "3", "to": NUMBER},
                {"timestamp": "2026-01-03T10:00:00Z", "type": "sip", "from": "5", "to": "6", "sip_account": "12345"},
            ]
        }
    )

    def days(**query: str) -> list[str]:
        return [call["timestamp"][8:10] for call in didlogic.get("/v1/calls", params=query).json()["calls"]]

    assert days() == ["03", "02", "01"]
    assert days(type="sip") == ["03", "01"]
    assert days(sip_account="01234") == ["01"]
    assert days(filter=NUMBER) == ["02"]
    assert days(**{"from": "2026-01-02", "to": "2026-01-02"}) == ["02"]
    assert days(per_page="1", page="2") == ["02"]
    assert error(didlogic.get("/v1/calls", params={"from": "yesterday"}))
