# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""didlogic's API: numbers with their destinations, SIP accounts, calls and the balance.

Where the service's behaviour is unknown, the sandbox uses the variant that reveals client errors.
"""

from __future__ import annotations

import csv
import io
import ipaddress
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import switchboard
from .auth import bearer_matches
from .clock import vapi_time
from .seed import SIP_ACCOUNT, didlogic_time
from .world import Item, World, without_secrets

CALLS_CAP = 5000  # reported: the maximum count of calls

TRANSACTION_TYPES = (
    "adjustment",
    "activation",
    "month",
    "paypal_in",
    "call",
    "call_fix_fee",
    "sms",
    "cc_in",
    "stripe_in",
    "porting",
    "inbound_sms",
)

# The form of an address for each transport.
_ADDRESS = {
    1: (re.compile(r"(?i:sips?:)?[^@\s:]+@[^@\s]+"), "a SIP URI"),
    4: (re.compile(r"\+?[0-9]{6,15}"), "a phone number"),
    5: (re.compile(r"[0-9]{5}"), "a SIP account of five digits"),
}
_BOOLS = {"1": True, "true": True, "0": False, "false": False}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class DidlogicError(Exception):
    """A response with an error message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def invalid(message: str) -> DidlogicError:
    """The response to an invalid body or query."""
    return DidlogicError(422, message)


# --- form values


def _text(value: Any) -> str:
    return str(value)


def _bool(value: Any) -> bool:
    found = _BOOLS.get(str(value).lower())
    if found is None:
        raise ValueError("must be 1 or 0")
    return found


def _integer(value: Any) -> int:
    if not re.fullmatch(r"[0-9]+", str(value)):
        raise ValueError("must be a whole number")
    return int(value)


def _decimal(value: Any) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", str(value)):
        raise ValueError("must be a decimal number")
    return str(float(value))


Reader = Callable[[Any], Any]

FLAGS: dict[str, Reader] = {"active": _bool, "callhunt": _bool}
DESTINATION: dict[str, Reader] = {"destination": _text, "transport": _integer, "priority": _text, **FLAGS}
ACCOUNT: dict[str, Reader] = {
    "password": _text,
    "callerid": _text,
    "label": _text,
    "rewrite_enabled": _bool,
    "rewrite_cond": _text,
    "rewrite_prefix": _text,
    "didinfo_enabled": _bool,
    "ip_restrict": _bool,
    "call_restrict": _bool,
    "call_limit": _integer,
    "channels_restrict": _bool,
    "max_channels": _integer,
    "cost_limit": _bool,
    "max_call_cost": _decimal,
}


async def _form(world: World, request: Request, prefix: str, fields: Mapping[str, Reader]) -> Item:
    """The body's ``prefix[field]`` values, read by ``fields``."""
    return {
        name: _read(fields, name, value, f"{prefix}[{name}]")
        for name, value in (await _pairs(world, request, prefix)).items()
        if name in fields or world.settings["refuse_unknown_fields"]
    }


async def _pairs(world: World, request: Request, prefix: str | None) -> dict[str, Any]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    body = await request.body()
    if content_type == "application/json" and world.settings["accept_json"]:
        try:
            sent = json.loads(body)
            return dict(sent[prefix] if prefix else sent)
        except (ValueError, LookupError, TypeError):
            raise invalid("the body cannot be read as JSON") from None
    if content_type == "multipart/form-data":
        pairs = _multipart(request.headers["content-type"], body)
    elif body and content_type != "application/x-www-form-urlencoded":
        raise invalid("the body must be application/x-www-form-urlencoded or multipart/form-data")
    else:
        pairs = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    if prefix is None:
        return dict(pairs)
    names = {}
    for key, value in pairs.items():
        inner = re.fullmatch(re.escape(prefix) + r"\[(\w+)\]", key)
        if inner:
            names[inner[1]] = value
        elif world.settings["refuse_unknown_fields"]:
            raise invalid(f"{key} is unknown")
    return names


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form that is sent in parts."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    if not message.is_multipart():
        raise invalid("the body cannot be read as multipart/form-data")
    found = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode(errors="replace")
    return found


def _read(fields: Mapping[str, Reader], name: str, value: Any, label: str) -> Any:
    if name not in fields:
        raise invalid(f"{label} is unknown")
    try:
        return fields[name](value)
    except ValueError as error:
        raise invalid(f"{label} {error}") from None


# --- numbers and destinations


async def balance(world: World, _request: Request) -> Response:
    """GET /v1/balance"""
    return JSONResponse({"balance": world.balance})


async def list_purchases(world: World, request: Request) -> Response:
    """GET /v1/purchases, newest first."""
    numbers = [
        {key: value for key, value in number.items() if key not in {"id", "destinations"}}
        for number in reversed(world.didlogic["numbers"])
    ]
    part, page = _page(request, numbers)
    pages = page.pop("total_pages")
    return JSONResponse({"purchases": part, "pagination": {"pages": pages, **page}})


async def list_numbers(world: World, _request: Request) -> Response:
    """GET /v2/numbers, the only list with ids."""
    fields = ("id", "number", "country", "area", "channels", "activation", "monthly_fee", "per_minute")
    return JSONResponse(
        {
            "dids": [
                {**{key: number.get(key) for key in fields}, "destination_count": len(number["destinations"])}
                for number in reversed(world.didlogic["numbers"])
            ]
        }
    )


async def list_destinations(world: World, request: Request) -> Response:
    """GET of a number's destinations. Their order is not documented."""
    rows = sorted(_number(world, request)["destinations"], key=lambda row: (row["priority"], row["id"]))
    if world.settings["unsorted_destinations"]:
        rows.sort(key=lambda row: -row["id"])
    return JSONResponse({"destination": rows})


async def create_destination(world: World, request: Request) -> Response:
    """POST appends a destination; a given priority is ignored."""
    number = _number(world, request)
    sent = await _form(world, request, "destination", DESTINATION)
    address, transport = sent.get("destination", ""), sent.get("transport")
    if not address.strip():
        raise invalid("Destination can't be blank")
    if transport not in _ADDRESS:
        raise invalid("Transport must be 1, 4 or 5")
    pattern, expected = _ADDRESS[transport]
    if not pattern.fullmatch(address):
        raise invalid(f"Destination must be {expected} for transport {transport}")
    rows = number["destinations"]
    if world.settings["refuse_duplicate_destination"] and any(
        (row["destination"], row["transport"]) == (address, transport) for row in rows
    ):
        raise invalid("Destination has already been taken")
    row = {
        "id": world.next_id(),
        "destination": address,
        "transport": transport,
        "priority": max((row["priority"] for row in rows), default=0) + 1,
        "callhunt": sent.get("callhunt", False),
        "active": sent.get("active", False),
    }
    rows.append(row)
    return JSONResponse({"did_destination": row})


async def update_destination(world: World, request: Request) -> Response:
    """PATCH of the two flags; the address cannot be changed."""
    row = _destination(world, request)
    row.update(await _form(world, request, "destination", FLAGS))
    return JSONResponse({"did_destination": row})


async def delete_destination(world: World, request: Request) -> Response:
    """DELETE of one row; the others keep their priorities."""
    row = _destination(world, request)
    _number(world, request)["destinations"].remove(row)
    return JSONResponse({})


def _number(world: World, request: Request) -> Item:
    number = world.number(request.path_params["number"])
    if number is None:
        raise DidlogicError(404, "DID number not found")
    return number


def _destination(world: World, request: Request) -> Item:
    expected = request.path_params["destination_id"]
    rows: list[Item] = _number(world, request)["destinations"]
    found = next((row for row in rows if str(row["id"]) == expected), None)
    if found is None:
        raise DidlogicError(404, "Destination not found")
    return found


# --- SIP accounts


async def list_accounts(world: World, _request: Request) -> Response:
    """GET /v1/sipaccounts"""
    return JSONResponse({"sipaccounts": without_secrets(world.didlogic["sip_accounts"])})


async def get_account(world: World, request: Request) -> Response:
    """GET of one SIP account."""
    return _envelope(_account(world, request))


async def create_account(world: World, request: Request) -> Response:
    """POST: the login is assigned here; every second one starts with a zero."""
    sent = await _form(world, request, "sipaccount", ACCOUNT)
    if not sent.get("password"):
        raise invalid("Password can't be blank")
    account_id = world.next_id()
    name = _free_login(world, leading_zero=bool(account_id % 2))
    account = {
        "id": account_id,
        "name": name,
        **SIP_ACCOUNT,
        "created_at": didlogic_time(world.clock()),
        "allowed_ips": [],
        **sent,
    }
    world.didlogic["sip_accounts"].append(account)
    return _envelope(account)


async def update_account(world: World, request: Request) -> Response:
    """PUT of the given fields."""
    account = _account(world, request)
    sent = await _form(world, request, "sipaccount", ACCOUNT)
    if sent.get("password") == "":
        raise invalid("Password can't be blank")
    account.update(sent)
    return _envelope(account)


async def delete_account(world: World, request: Request) -> Response:
    """DELETE of a SIP account."""
    world.didlogic["sip_accounts"].remove(_account(world, request))
    return JSONResponse({})


async def list_ips(world: World, request: Request) -> Response:
    """GET of the addresses that may use a SIP account."""
    return JSONResponse({"allowed_ips": _account(world, request)["allowed_ips"]})


async def add_ip(world: World, request: Request) -> Response:
    """POST of one more address."""
    account = _account(world, request)
    address = str((await _pairs(world, request, None)).get("ip", ""))
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise invalid("ip must be an IPv4 address") from None
    if address not in account["allowed_ips"]:
        account["allowed_ips"].append(address)
    return JSONResponse({"allowed_ips": account["allowed_ips"]})


async def delete_ip(world: World, request: Request) -> Response:
    """DELETE of the address in the query."""
    addresses = _account(world, request)["allowed_ips"]
    address = request.query_params.get("ip", "")
    if address not in addresses:
        raise DidlogicError(404, "IP not found")
    addresses.remove(address)
    return JSONResponse({})


def _account(world: World, request: Request) -> Item:
    account = world.sip_account(request.path_params["name"])
    if account is None:
        raise DidlogicError(404, "SIP account not found")
    return account


def _envelope(account: Item) -> Response:
    return JSONResponse({"sipaccount": without_secrets(account)})


def _free_login(world: World, leading_zero: bool) -> str:
    while True:
        name = f"{secrets.randbelow(10000):05d}" if leading_zero else str(10000 + secrets.randbelow(90000))
        if not world.sip_account(name):
            return name


# --- calls


# The price list is not part of the API; a real one depends on the country.
PER_MINUTE = 0.02
DESTINATION_NAME = "Sandbox"


def records(world: World) -> list[Item]:
    """The records of all finished calls of didlogic, after those of the seed."""
    return world.didlogic["calls"] + [_record(world, leg) for leg in switchboard.legs(world)]


def _record(world: World, leg: Item) -> Item:
    incoming = leg["type"] == "incoming"
    price = (world.number(leg["to"]) or {}).get("per_minute", 0) if incoming else PER_MINUTE
    return {
        "timestamp": vapi_time(leg["at"])[:19] + "Z",
        "type": leg["type"],
        "amount": round(price * leg["seconds"] / 60, 4),
        "duration": leg["seconds"],
        "from": leg["from"] if incoming else f'"" <{leg["from"]}>',
        "to": leg["to"],
        "destination_name": DESTINATION_NAME,
        "sip_account": leg["account"],
    }


def _digits(value: Any) -> str:
    return re.sub(r"[^0-9]", "", str(value))


async def list_calls(world: World, request: Request) -> Response:
    """GET /v1/calls, newest first."""
    query = request.query_params
    for name in ("from", "to"):
        if name in query and not _DATE.fullmatch(query[name]):
            raise invalid(f"{name} must be a date such as 2026-01-02")
    if query.get("missed", "0") not in {"0", "1"}:
        raise invalid("missed must be 1 or 0")
    number_side = "to" if query.get("type", "incoming") == "incoming" else "from"
    tests: tuple[tuple[str, Callable[[Item, str], bool]], ...] = (
        ("type", lambda call, expected: call.get("type") == expected),
        ("sip_account", lambda call, name: call.get("sip_account") == name),
        ("filter", lambda call, wanted: _digits(call.get(number_side)) == wanted),
        ("from", lambda call, wanted: wanted <= str(call.get("timestamp", ""))[:10]),
        ("to", lambda call, wanted: str(call.get("timestamp", ""))[:10] <= wanted),
        ("from_search", lambda call, wanted: wanted in str(call.get("from", ""))),
        ("to_search", lambda call, wanted: wanted in str(call.get("to", ""))),
        # Seen in one client only, assumed to be unanswered incoming calls; 0 means all.
        ("missed", lambda call, on: on == "0" or (call.get("type"), call.get("duration")) == ("incoming", 0)),
    )
    asked = [(test, query[name]) for name, test in tests if name in query]
    calls = [call for call in records(world) if all(test(call, wanted) for test, wanted in asked)]
    calls.sort(key=lambda call: str(call.get("timestamp", "")), reverse=True)
    part, page = _page(request, calls)
    if len(calls) > CALLS_CAP:
        # Pages after the last counted one can still be read; the real behaviour is unknown.
        page |= {"total_records": CALLS_CAP, "total_pages": -(-CALLS_CAP // page["per_page"])}
    return JSONResponse({"calls": part, "pagination": page})


async def list_transactions(world: World, request: Request) -> Response:
    """GET /v1/transactions as CSV: one line for each charged call.

    The sandbox charges nothing, so each line has the current balance.
    """
    query = request.query_params
    if query.get("type", "call") not in TRANSACTION_TYPES:
        raise invalid(f"type must be one of {', '.join(TRANSACTION_TYPES)}")
    for name in ("start_date", "end_date"):
        if name in query and not _DATE.fullmatch(query[name]):
            raise invalid(f"{name} must be a date such as 2026-01-02")
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(("Date", "Time", "Transaction type", "Comment", "Amount", "Balance", "Status"))
    for call in records(world) if query.get("type", "call") == "call" else []:
        day, _t, clock = str(call.get("timestamp", "")).partition("T")
        if query.get("start_date", day) <= day <= query.get("end_date", day):
            amount = -float(call.get("amount") or 0)
            writer.writerow((day, clock[:8], "call", f"Call to {call.get('to')}", amount, world.balance, "completed"))
    return Response(lines.getvalue(), media_type="text/csv")


def _page(request: Request, items: list[Item]) -> tuple[list[Item], Item]:
    query = request.query_params
    page = _read({"page": _integer}, "page", query.get("page", "1"), "page")
    per_page = _read({"per_page": _integer}, "per_page", query.get("per_page", "100"), "per_page")
    if page < 1 or not 1 <= per_page <= 1000:
        raise invalid("page must be at least 1, and per_page from 1 to 1000")
    pagination = {
        "page": page,
        "per_page": per_page,
        "total_pages": -(-len(items) // per_page),
        "total_records": len(items),
    }
    return items[(page - 1) * per_page : page * per_page], pagination


# --- routes

Endpoint = Callable[[World, Request], Awaitable[Response]]

_NUMBER = "/v1/purchases/{number}/destinations"
_ONE_ACCOUNT = "/v1/sipaccounts/{name}"
ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/v1/balance", balance),
    ("GET", "/v1/purchases", list_purchases),
    ("GET", _NUMBER, list_destinations),
    ("POST", _NUMBER, create_destination),
    ("PATCH", _NUMBER + "/{destination_id}", update_destination),
    ("DELETE", _NUMBER + "/{destination_id}", delete_destination),
    ("GET", "/v1/sipaccounts", list_accounts),
    ("POST", "/v1/sipaccounts", create_account),
    ("GET", _ONE_ACCOUNT, get_account),
    ("PUT", _ONE_ACCOUNT, update_account),
    ("DELETE", _ONE_ACCOUNT, delete_account),
    ("GET", _ONE_ACCOUNT + "/allowed_ips", list_ips),
    ("POST", _ONE_ACCOUNT + "/allowed_ips", add_ip),
    ("DELETE", _ONE_ACCOUNT + "/allowed_ips", delete_ip),
    ("GET", "/v1/calls", list_calls),
    ("GET", "/v1/transactions", list_transactions),
    ("GET", "/v2/numbers", list_numbers),
)


def routes(world: World) -> list[Route]:
    """The routes of didlogic's API. Each path may end with `.json`, as in some clients."""
    return [
        Route(path + suffix, _guarded(world, act), methods=[method])
        for suffix in (".json", "")
        for method, path, act in ENDPOINTS
    ]


def _refusal(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)


def _guarded(world: World, act: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not bearer_matches(request, world.didlogic_api_key):
            return _refusal(403, "API token is incorrect")
        try:
            return await act(world, request)
        except DidlogicError as refusal:
            return _refusal(refusal.status, str(refusal))

    return endpoint
