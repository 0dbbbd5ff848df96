# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""didlogic's API: numbers with their destinations, SIP accounts, calls and the balance.

Where the service's behaviour is unknown, the sandbox uses the variant that reveals client errors.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import switchboard
from .auth import bearer_matches
from .clock import vapi_time
from .forms import (
    ACCOUNT,
    DESTINATION,
    FLAGS,
    DidlogicError,
    check_account,
    check_address,
    check_destination,
    form,
    integer,
    invalid,
    pairs,
    value_of,
)
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

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


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
    part, page = _page(world, request, numbers)
    if world.settings["csv_by_default"] and "json" not in request.headers.get("accept", ""):
        return _csv([list(numbers[0]) if numbers else [], *(list(number.values()) for number in part)])
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
    return JSONResponse({"destination": world.listed(rows)})


async def create_destination(world: World, request: Request) -> Response:
    """POST of a destination; unless a switch says otherwise, it is the last one, whatever priority it has."""
    rows: list[Item] = _number(world, request)["destinations"]
    sent = await form(world, request, "destination", DESTINATION)
    row = {
        "id": world.next_id(),
        "destination": check_destination(world, sent, rows),
        "transport": sent["transport"],
        "priority": _priority(world, sent, rows),
        "callhunt": sent.get("callhunt", False),
        "active": sent.get("active", world.settings["active_by_default"]),
    }
    rows.append(row)
    world.created(row)
    return JSONResponse({"did_destination": row})


def _priority(world: World, sent: Item, rows: list[Item]) -> int:
    """The priority of a new destination."""
    settings, taken = world.settings, [row["priority"] for row in rows]
    if settings["accept_priority"] and str(sent.get("priority", "")).isdigit():
        return int(sent["priority"])
    if settings["equal_priorities"] or not taken:
        return 1
    found: int = min(taken) - 1 if settings["new_destination_first"] else max(taken) + 1
    return found


async def update_destination(world: World, request: Request) -> Response:
    """PATCH of the two flags; the address cannot be changed."""
    row = _destination(world, request)
    settable = {"priority": integer} if world.settings["accept_priority"] else {}
    row.update(await form(world, request, "destination", {**FLAGS, **settable}))
    return JSONResponse({"did_destination": row})


async def delete_destination(world: World, request: Request) -> Response:
    """DELETE of one row; the others keep their priorities unless a switch says otherwise."""
    row, rows = _destination(world, request), _number(world, request)["destinations"]
    rows.remove(row)
    if world.settings["renumber_destinations"]:
        for priority, other in enumerate(sorted(rows, key=lambda row: (row["priority"], row["id"])), 1):
            other["priority"] = priority
    return _deleted(world)


def _number(world: World, request: Request) -> Item:
    given = request.path_params["number"]
    number = world.number(given.removeprefix("+") if world.settings["numbers_with_plus"] else given)
    if number is None and world.settings["numbers_by_id"]:
        number = next((item for item in world.didlogic["numbers"] if str(item["id"]) == given), None)
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
    return JSONResponse({"sipaccounts": world.listed(without_secrets(world.didlogic["sip_accounts"]))})


async def get_account(world: World, request: Request) -> Response:
    """GET of one SIP account."""
    return _envelope(_account(world, request))


async def create_account(world: World, request: Request) -> Response:
    """POST: the login is assigned here; every second one starts with a zero."""
    sent = await form(world, request, "sipaccount", ACCOUNT)
    check_account(world, sent, None)
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
    world.created(account)
    return _envelope(account)


async def update_account(world: World, request: Request) -> Response:
    """PUT of the given fields."""
    account = _account(world, request)
    sent = await form(world, request, "sipaccount", ACCOUNT)
    check_account(world, sent, account)
    account.update(sent)
    return _envelope(account)


async def delete_account(world: World, request: Request) -> Response:
    """DELETE of a SIP account."""
    world.didlogic["sip_accounts"].remove(_account(world, request))
    return _deleted(world)


async def list_ips(world: World, request: Request) -> Response:
    """GET of the addresses that may use a SIP account."""
    return JSONResponse({"allowed_ips": _account(world, request)["allowed_ips"]})


async def add_ip(world: World, request: Request) -> Response:
    """POST of one more address."""
    account = _account(world, request)
    address = str((await pairs(world, request, None)).get("ip", ""))
    check_address(world, address)
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
    return _deleted(world)


def _deleted(world: World) -> Response:
    return Response(status_code=204) if world.settings["delete_status"] == 204 else JSONResponse({})


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
        ("filter", lambda call, value: _digits(call.get(number_side)) == value),
        ("from", lambda call, value: value <= str(call.get("timestamp", ""))[:10]),
        ("to", lambda call, value: str(call.get("timestamp", ""))[:10] <= value),
        ("from_search", lambda call, value: value in str(call.get("from", ""))),
        ("to_search", lambda call, value: value in str(call.get("to", ""))),
        # Seen in one client only, assumed to be unanswered incoming calls; 0 means all.
        ("missed", lambda call, on: on == "0" or (call.get("type"), call.get("duration")) == ("incoming", 0)),
    )
    asked = [(test, query[name]) for name, test in tests if name in query]
    calls = [call for call in records(world) if all(test(call, wanted) for test, wanted in asked)]
    calls.sort(key=lambda call: str(call.get("timestamp", "")), reverse=True)
    part, page = _page(world, request, calls)
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
    rows: list[list[Any]] = [["Date", "Time", "Transaction type", "Comment", "Amount", "Balance", "Status"]]
    for call in records(world) if query.get("type", "call") == "call" else []:
        day, _t, clock = str(call.get("timestamp", "")).partition("T")
        if query.get("start_date", day) <= day <= query.get("end_date", day):
            amount = -float(call.get("amount") or 0)
            rows.append([day, clock[:8], "call", f"Call to {call.get('to')}", amount, world.balance, "completed"])
    return _csv(rows)


def _csv(rows: list[list[Any]]) -> Response:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return Response(lines.getvalue(), media_type="text/csv")


def _page(world: World, request: Request, items: list[Item]) -> tuple[list[Item], Item]:
    query = request.query_params
    page = value_of({"page": integer}, "page", query.get("page", "1"), "page")
    per_page = value_of({"per_page": integer}, "per_page", query.get("per_page", "100"), "per_page")
    if world.settings["clamp_pages"]:
        per_page = min(per_page, 1000)
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
    patch: Endpoint = partial(_with_switch, "accept_account_patch", True, update_account)
    plain: list[tuple[str, str, Endpoint]] = [*ENDPOINTS, ("PATCH", _ONE_ACCOUNT, patch)]
    suffixed: list[tuple[str, str, Endpoint]] = [
        (method, f"{path}.json", partial(_with_switch, "refuse_json_suffix", False, act)) for method, path, act in plain
    ]
    return [Route(path, _guarded(world, act), methods=[method]) for method, path, act in (*suffixed, *plain)]


async def _with_switch(name: str, value: bool, act: Endpoint, world: World, request: Request) -> Response:
    """A route that exists only with a value of a switch."""
    if world.settings[name] == value:
        return await act(world, request)
    return _refusal(world, DidlogicError(404, "Not found"))


def _refusal(world: World, refusal: DidlogicError) -> Response:
    text = str(refusal)
    bodies: dict[str, Item] = {
        "error": {"error": text},
        "errors": {"errors": {refusal.field: [text]}},
        "message": {"message": text},
    }
    return JSONResponse(bodies[world.settings["error_form"]], refusal.status)


def _guarded(world: World, act: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not bearer_matches(request, world.didlogic_api_key):
            return _refusal(world, DidlogicError(world.settings["wrong_key_status"], "API token is incorrect"))
        try:
            return await act(world, request)
        except DidlogicError as refusal:
            gone = request.method == "DELETE" and refusal.status == 404
            if gone and world.settings["accept_repeated_delete"]:
                return _deleted(world)
            return _refusal(world, refusal)

    return endpoint
