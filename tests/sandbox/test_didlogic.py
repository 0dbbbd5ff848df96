# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of didlogic's side."""

from __future__ import annotations

import csv
import itertools
import secrets
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.didlogic import (
    ENDPOINTS,
    TRANSACTION_TYPES,
)
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


def test_balance_is_returned(didlogic: httpx.Client) -> None:
    assert didlogic.get("/v1/balance").json() == {"balance": 35.22}


@pytest.mark.parametrize("header", [None, "Bearer wrong"])
def test_wrong_key_is_rejected(didlogic: httpx.Client, header: str | None) -> None:
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
def test_unknown_id_is_404(didlogic: httpx.Client, method: str, path: str) -> None:
    assert error(didlogic.request(method, path), 404)


def test_purchases_are_paged(didlogic: httpx.Client, world: World) -> None:
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
def test_page_limits_are_applied(didlogic: httpx.Client, query: str) -> None:
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
    world.settings["unsorted_destinations"] = True
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
        {"destination": "12345"},
    ],
)
def test_invalid_destination_is_rejected(didlogic: httpx.Client, data: dict[str, Any]) -> None:
    assert error(didlogic.post(ROWS, data=data))
    assert didlogic.get(ROWS).json() == {"destination": []}


def test_destination_address_cannot_be_changed(didlogic: httpx.Client, world: World) -> None:
    created = didlogic.post(ROWS, data=row("12345", 5)).json()["did_destination"]
    path = f"{ROWS}/{created['id']}"
    for data in (row("54321", 5), {"destination[priority]": "1"}):
        world.settings["refuse_unknown_fields"] = True
        assert error(didlogic.patch(path, data=data))
        world.settings["refuse_unknown_fields"] = False
        assert didlogic.patch(path, data=data).json() == {"did_destination": created}
    assert didlogic.get(ROWS).json() == {"destination": [created]}


FORMS = {
    "destination": ("POST", ROWS, row("12345", 5, active="true", callhunt="0"), "destinations"),
    "SIP account": ("POST", "/v1/sipaccounts", account(password="x", label="l", max_channels="2"), "sip_accounts"),
    "change of a SIP account": ("PUT", "/v1/sipaccounts/01234", account(label="m"), "sip_accounts"),
    "address": ("POST", "/v1/sipaccounts/01234/allowed_ips", {"ip": "192.0.2.10"}, "sip_accounts"),
}
UNKNOWN_FIELDS = ("utf8", "colour", "destination[x]", "destination[id]", "sipaccount[name]", "sipaccount[host]")


def send(didlogic: httpx.Client, form: str, encoding: str, **more: str) -> httpx.Response:
    method, path, data, _store = FORMS[form]
    fields = {name: str(value) for name, value in {**data, **more}.items()}
    if encoding == "multipart":
        return didlogic.request(method, path, files={name: (None, value) for name, value in fields.items()})
    return didlogic.request(method, path, data=fields)


def body_of(answer: httpx.Response) -> Any:
    """An answer without what differs each time."""
    assert answer.status_code == 200, answer.text
    found = answer.json()
    for inner in found.values():
        if isinstance(inner, dict):
            inner.update(dict.fromkeys({"id", "name", "priority", "created_at"} & set(inner)))
    return found


@pytest.mark.parametrize("form", FORMS)
def test_forms_in_each_encoding_with_unknown_fields(didlogic: httpx.Client, world: World, form: str) -> None:
    """What is not known has no effect, unless the switch refuses it."""
    world.seed({"sip_accounts": [{"name": "01234"}]})
    plain = body_of(send(didlogic, form, "urlencoded"))
    for encoding, unknown in itertools.product(("urlencoded", "multipart"), UNKNOWN_FIELDS):
        world.settings["refuse_unknown_fields"] = False
        assert body_of(send(didlogic, form, encoding)) == plain
        assert body_of(send(didlogic, form, encoding, **{unknown: "1"})) == plain
        world.settings["refuse_unknown_fields"] = True
        before = world.state()
        if form != "address":  # its field stands alone, so that no prefix is expected
            assert error(send(didlogic, form, encoding, **{unknown: "1"}))
        assert form == "address" or world.state() == before


@pytest.mark.parametrize("body", [b"", b"nonsense", b"--x\r\n\r\n"])
def test_invalid_multipart_is_rejected(didlogic: httpx.Client, body: bytes) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        assert error(didlogic.post(ROWS, content=body, headers={"Content-Type": content_type}))


GETS = [path for method, path, _act in ENDPOINTS if method == "GET"]


@pytest.mark.parametrize("path", GETS)
def test_paths_accept_json_suffix(didlogic: httpx.Client, world: World, path: str) -> None:
    world.seed({"balance": 1, "sip_accounts": [{"name": "01234", "allowed_ips": ["192.0.2.1"]}]})
    path = path.format(number=NUMBER, name="01234")
    plain = didlogic.get(path)
    assert plain.status_code == 200
    assert didlogic.get(f"{path}.json").content == plain.content


def test_transactions(didlogic: httpx.Client, world: World) -> None:
    days = ("2026-01-01", "2026-01-02", "2026-01-03")
    calls = [
        {"timestamp": f"{day}T10:00:00Z", "type": "sip", "from": "1", "to": NUMBER, "amount": 0.5, "duration": 9}
        for day in days
    ]
    world.seed({"balance": 7, "calls": calls})
    header, *rows = csv.reader(didlogic.get("/v1/transactions").text.splitlines())
    assert header == ["Date", "Time", "Transaction type", "Comment", "Amount", "Balance", "Status"]
    assert [(row[0], row[2], row[4]) for row in rows] == [(day, "call", "-0.5") for day in days]
    bounds = {"start_date": days[1], "end_date": days[1]}
    assert len(didlogic.get("/v1/transactions", params=bounds).text.splitlines()) == 2
    for kind in TRANSACTION_TYPES:
        lines = didlogic.get("/v1/transactions", params={"type": kind}).text.splitlines()
        assert len(lines) == (4 if kind == "call" else 1)
    assert error(didlogic.get("/v1/transactions", params={"type": "nonsense"}))
    assert error(didlogic.get("/v1/transactions", params={"start_date": "yesterday"}))


@pytest.mark.parametrize("code", [0, 2, 3, 6, 99])
def test_destinations_of_unknown_kind(didlogic: httpx.Client, control: httpx.Client, world: World, code: int) -> None:
    """Such as a WebSocket: the row is listed, keeps what else it holds, and cannot be made."""
    number = "31201234568"
    given = {"destination": "wss://bot.example.com", "transport": code, "stream": "both"}
    world.seed({"numbers": [{"number": number, "destinations": [given]}]})
    rows = f"/v1/purchases/{number}/destinations"
    listed = didlogic.get(rows).json()["destination"][0]
    assert listed == {**listed, **given, "active": True, "priority": 1}
    called = control.post("/call", json={"to": number, "from": "+31201234560"}).json()
    assert (called["answered_by"], called["tried"][0]["result"]) == (None, "unknown transport")
    changed = didlogic.patch(f"{rows}/{listed['id']}", data={"destination[active]": "0"}).json()["did_destination"]
    assert changed == {**listed, "active": False}
    assert error(didlogic.post(rows, data=row(given["destination"], code)))
    assert didlogic.get(rows).json() == {"destination": [changed]}


def test_duplicate_destinations(didlogic: httpx.Client, world: World) -> None:
    for _number in range(2):
        assert didlogic.post(ROWS, data=row("12345", 5)).status_code == 200
    world.settings["refuse_duplicate_destination"] = True
    assert error(didlogic.post(ROWS, data=row("12345", 5)))


def test_request_bodies(didlogic: httpx.Client, world: World) -> None:
    body = {"destination": {"destination": "12345", "transport": 5, "active": True}}
    assert error(didlogic.post(ROWS, json=body))
    world.settings["accept_json"] = True
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
        account(password="x", max_channels="many"),
        account(password="x", max_call_cost="much"),
        account(password="x", ip_restrict="perhaps"),
    ],
)
def test_invalid_sip_account_is_rejected(didlogic: httpx.Client, data: dict[str, Any]) -> None:
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


def test_call_records(didlogic: httpx.Client, world: World) -> None:
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
