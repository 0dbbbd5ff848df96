# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps at didlogic: the requests, and what their responses mean."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    ApiObject,
    as_object,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    NUMBERS,
    Call,
    Context,
    Finding,
    Response,
    Seen,
    Step,
    accepted,
    changed,
    rejected,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.journal import ROUTES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    NO,
    UNCLEAR,
    YES,
)

#: Maximum number of numbers whose destinations are read.
SAMPLE = 20

#: Days whose call records are listed, and the time zones that are compared, in hours.
DAYS, ZONES = 3, range(-12, 15)
ONE_DAY: t.Final = {"from": "{days}", "to": "{days}", "per_page": 1000}

#: Codes of the kinds of destinations that clients send.
CODES = frozenset({1, 4, 5})

#: Lists whose rows may contain personal data: only names of fields are reported.
OTHER_LISTS: t.Final = {
    "didlogic-identities": "/v2/identities",
    "didlogic-documents": "/v2/documents",
    "didlogic-messages": "/v1/sms",
}

_ACCOUNT = "/v1/sipaccounts/{sip_account}"
_IPS = "/v1/sipaccounts/{sip_account}/allowed_ips"

#: Lengths of passwords that are tried.
LENGTHS = (1, 7, 8, 12, 16)
SYMBOLS: t.Final = "!#*()-_+[]{}:;,.?~%&="


def _get(key: str, path: str, **more: t.Any) -> Call:
    return Call(key=key, service=NUMBERS, path=path, **more)


def _routes(number: str) -> str:
    return ROUTES.replace("{spare}", number)


def _account(key: str, fields: ApiObject, method: str = "PUT", **more: t.Any) -> Call:
    body: ApiObject = {"sipaccount": fields}
    return Call(key=key, service=NUMBERS, path=_ACCOUNT, method=method, body=body, **more)


def _new_account(key: str, save: str) -> Call:
    body: ApiObject = {"sipaccount": {"label": "{prefix}-account", "password": "{password}"}}
    return Call(key=key, service=NUMBERS, path="/v1/sipaccounts", method="POST", save=save, body=body)


def _create(key: str, save: str, fields: ApiObject, **more: t.Any) -> Call:
    body: ApiObject = {"destination": {"transport": 1, "callhunt": False, **fields}}
    return Call(key=key, service=NUMBERS, path=ROUTES, method="POST", save=save, body=body, **more)


# -- reading


def _judge_errors(seen: Seen) -> t.Iterator[Finding]:
    unknown = seen.last("unknown key")
    if unknown:
        verdict = {403: YES, 401: NO}.get(unknown.status, UNCLEAR)
        yield Finding("didlogic-unknown-key-403", verdict, f"an unknown key: {unknown.status}", unknown.status)
        form = next((name for name in ("error", "errors", "message") if name in as_object(unknown.body)), "")
        verdict = YES if form == "error" else NO if form else UNCLEAR
        yield Finding("didlogic-error-form", verdict, f"an error has the field {form or '(none)'}", form or None)
    yield accepted("didlogic-json-suffix", "/v1/balance.json", seen.last("suffix"))


def _judge_numbers(seen: Seen) -> t.Iterator[Finding]:
    yield from _csv("didlogic-csv", "Accept */*", seen.last("any type"))
    yield rejected("didlogic-page-rejected", "per_page 1001", seen.last("long page"))


def _csv(question: str, what: str, response: Response | None) -> t.Iterator[Finding]:
    if response and response.ok:
        csv = "csv" in response.content_type
        yield Finding(question, YES if csv else NO, f"{what}: {'CSV' if csv else 'JSON'}")


def _learn_numbers(seen: Seen) -> Context:
    bought = seen.last("numbers")
    rows = bought.rows if bought else []
    numbers = [str(row["number"]) for row in rows if str(row.get("number", "")).isdigit()][:SAMPLE]
    listed = seen.last("ids")
    ids = {str(row.get("number")): str(row["id"]) for row in (listed.rows if listed else []) if row.get("id")}
    found: Context = {"numbers": " ".join(numbers)} if numbers else {}
    # The id of a number must differ from the number of another one.
    usable = [number for number in numbers if ids.get(number, number) not in numbers]
    first = usable[0] if usable else numbers[0] if numbers else ""
    if first:
        found["first"] = first
    return found | ({"number_id": ids[first]} if first in ids and usable else {})


def _judge_destinations(seen: Seen) -> t.Iterator[Finding]:
    lists = [found.rows for found in seen.all("destinations") if found.ok]
    rows = [row for each in lists for row in each]
    if rows:
        other = sum(row.get("transport") not in CODES for row in rows)
        yield Finding("didlogic-transport-codes", NO if other else YES, f"{'some' if other else 'no'} other code")
        equal = any(len({row.get("priority") for row in each}) < len(each) for each in lists)
        yield Finding(
            "didlogic-equal-priorities", YES if equal else NO, f"{'some' if equal else 'no'} equal priorities"
        )
    yield _sorted(lists)
    if "first" in seen.context:
        yield accepted("didlogic-number-by-id", "the id in the path", seen.last("by id"))
        yield accepted("didlogic-number-with-plus", "a plus in the path", seen.last("with plus"))


def _sorted(lists: list[list[ApiObject]]) -> Finding:
    """Whether lists of destinations are sorted; only those with several priorities show it."""
    orders = [[row["priority"] for row in rows if isinstance(row.get("priority"), int)] for rows in lists]
    telling = [t.cast("list[int]", order) for order in orders if len(set(order)) > 1]
    if not telling:
        return Finding("didlogic-sorted", UNCLEAR, "no number with several priorities")
    good = all(order == sorted(order) for order in telling)
    return Finding("didlogic-sorted", YES if good else NO, f"lists are {'sorted' if good else 'in another order'}")


def _judge_account_lists(seen: Seen) -> t.Iterator[Finding]:
    accounts = seen.last("accounts")
    if accounts and accounts.rows:
        has_password = any("password" in row for row in accounts.rows)
        yield Finding(
            "didlogic-password-hidden", NO if has_password else YES, f"{'with' if has_password else 'without'} password"
        )
    records = [row for key in ("outbound", "inbound") for found in seen.all(key) for row in found.rows]
    if records:
        named = any("id" in row or "call_id" in row for row in records)
        yield Finding("didlogic-call-id", YES if named else NO, f"call records: {'with' if named else 'without'} id")
    yield from _csv("didlogic-transactions-csv", "transactions", seen.last("transactions"))


def _learn_days(seen: Seen) -> Context:
    """The days of the newest records."""
    rows = [row for key in ("outbound", "inbound") for found in seen.all(key) for row in found.rows]
    days = sorted({str(row.get("timestamp"))[:10] for row in rows if _moment(row)}, reverse=True)
    return {"days": " ".join(days[:DAYS])} if days else {}


def _moment(row: ApiObject) -> datetime.datetime | None:
    """The time of a record; none if it has no time zone."""
    try:
        found = datetime.datetime.fromisoformat(str(row.get("timestamp")))
    except ValueError:
        return None
    return found.astimezone(datetime.UTC) if found.tzinfo else None


def _judge_days(seen: Seen) -> t.Iterator[Finding]:
    """In which time zones the records of a list are all of the requested day."""
    days = seen.context.get("days", "").split()
    complete = [found for key in ("outbound", "inbound") if len(found := seen.all(f"{key} of day")) == len(days)]
    lists = [pair for found in complete for pair in zip(days, found, strict=True)]
    times = [(day, when) for day, found in lists if found.ok for when in map(_moment, found.rows) if when]
    zones = [
        hours
        for hours in ZONES
        if all((when + datetime.timedelta(hours=hours)).date().isoformat() == day for day, when in times)
    ]
    if not times:
        yield Finding("didlogic-record-days", UNCLEAR, "no record with a time zone")
    elif not zones:
        yield Finding("didlogic-record-days", NO, "no time zone fits")
    else:
        verdict = NO if 0 not in zones else YES if zones == [0] else UNCLEAR
        yield Finding("didlogic-record-days", verdict, f"the time zones {zones[0]:+d} to {zones[-1]:+d} hours fit")


#: Names of fields, such as ``created_at``.
_KEY = re.compile(r"[a-z]+(?:_[a-z]+){0,5}")
_MAX_KEYS = 30


def _judge_other_lists(seen: Seen) -> t.Iterator[Finding]:
    """Lists that the collection does not use: the status, and the names of the fields of their rows."""
    for question, key in OTHER_LISTS.items():
        found = seen.last(key)
        answer = accepted(question, f"GET {key}", found)
        rows = found.rows if found and found.ok else []
        names = sorted({name for row in rows for name in row if _KEY.fullmatch(name)})[:_MAX_KEYS]
        yield dataclasses.replace(answer, evidence=f"{answer.evidence}, fields {', '.join(names)}") if names else answer


# -- a SIP account


def _judge_account(seen: Seen) -> t.Iterator[Finding]:
    made = seen.last("account")
    if not made or not made.ok:
        return
    yield rejected("didlogic-label-unique", "the same label", seen.last("same label"))
    has_password = "password" in made.fields
    yield Finding(
        "didlogic-password-hidden",
        NO if has_password else YES,
        f"a new account: {'with' if has_password else 'without'}",
    )
    yield _shortest(seen)
    yield accepted("didlogic-password-symbols", "symbols", seen.last("symbols"))
    for question, key, what in (
        ("didlogic-account-patch", "patch", "PATCH of the label"),
        ("didlogic-json-body", "json", "JSON"),
        ("didlogic-multipart", "multipart", "multipart/form-data"),
    ):
        label = f"{seen.context['prefix']}-{key}"
        yield changed(question, what, seen.last(key), seen.value(key, "label") == label)
    yield rejected("didlogic-unknown-field", "an unknown field", seen.last("unknown field"))
    yield rejected("didlogic-empty-restriction", "ip_restrict", seen.last("restriction"))
    caller = seen.last("caller id")
    found = rejected("didlogic-foreign-caller-id", "a caller id of another account", caller)
    if found.verdict == NO and not str(seen.value("caller id", "callerid") or "").endswith(seen.context["bare"]):
        found = Finding(found.question, UNCLEAR, f"{found.evidence}, without effect")
    yield found


def _shortest(seen: Seen) -> Finding:
    """The shortest accepted password of those that were tried."""
    question, evidence, refused = "didlogic-short-password", [], False
    for length in LENGTHS:
        found = seen.last(f"length {length}")
        if found is None:
            continue
        evidence.append(f"{length}: {found.status}")
        if found.ok:
            return Finding(question, NO if refused else YES, ", ".join(evidence), length)
        refused = refused or accepted("", "", found).verdict == NO
    return Finding(question, UNCLEAR, ", ".join(evidence) or "not sent")


def _judge_addresses(seen: Seen) -> t.Iterator[Finding]:
    for question, key in (("didlogic-networks", "network"), ("didlogic-ipv6", "ipv6")):
        found = seen.last(key)
        effective = bool(found and found.ok and seen.context[f"{key}_address"] in json.dumps(found.body))
        yield changed(question, "an IPv6 address" if key == "ipv6" else "a network of /24", found, effective)


def _judge_removal(seen: Seen) -> t.Iterator[Finding]:
    gone, again = seen.last("gone"), seen.last("gone again")
    if gone and gone.ok:
        yield Finding("didlogic-delete-200", YES if gone.status == 200 else NO, f"{gone.status}", gone.status)
    if again:
        verdict = YES if again.status == 404 else NO if again.ok else UNCLEAR
        yield Finding("didlogic-delete-again-404", verdict, f"a second deletion: {again.status}")


# -- destinations of the unused number


def _row(response: Response | None) -> ApiObject:
    return response.fields if response and response.ok else {}


def _judge_order(seen: Seen) -> t.Iterator[Finding]:
    first, second = _row(seen.last("a")).get("priority"), _row(seen.last("b")).get("priority")
    listed = seen.last("after b")
    rows = {str(row.get("id")): row.get("priority") for row in (listed.rows if listed and listed.ok else [])}
    # The priority of the first one may have changed.
    first, second = (rows.get(seen.context.get(name, ""), old) for name, old in (("a", first), ("b", second)))
    if isinstance(first, int) and isinstance(second, int):
        yield Finding("didlogic-new-equal", YES if first == second else NO, "two new destinations")
        evidence = f"a new destination: {'behind' if second > first else 'ahead'}"
        if first != second:
            yield Finding("didlogic-new-last", YES if second > first else NO, evidence)
    if listed and listed.ok:
        yield _sorted([listed.rows])
    placed = seen.last("c")
    effective = str(_row(placed).get("priority")) == "7"
    yield changed("didlogic-priority", "priority 7", placed, effective)


def _judge_address(seen: Seen) -> t.Iterator[Finding]:
    yield accepted("didlogic-duplicate", "the same address again", seen.last("same"))
    sent, found = (
        f"sip:{seen.context['mark']}-d@{seen.context['host'].upper()}",
        _row(seen.last("d")).get("destination"),
    )
    if isinstance(found, str):
        yield Finding(
            "didlogic-normalised",
            NO if found == sent else YES,
            "capitals and sip: are " + ("kept" if found == sent else "changed"),
        )
    as_json = seen.last("g")
    stored = str(_row(as_json).get("destination")).startswith(f"{seen.context['mark']}-g@")
    yield changed("didlogic-destination-json", "JSON", as_json, stored)
    hunting = seen.last("f")
    effective = str(_row(hunting).get("callhunt")).lower() in ("true", "1")
    yield changed("didlogic-callhunt", "callhunt", hunting, effective)
    by_default = seen.last("e")
    if by_default and by_default.ok:
        active = by_default.fields.get("active") is True
        yield Finding("didlogic-active-default", YES if active else NO, f"without active: {str(active).lower()}")


READ_STEPS: tuple[Step, ...] = (
    Step(
        "didlogic: errors and paths",
        "read",
        (
            _get("unknown key", "/v1/balance", own_key=False),
            _get("suffix", "/v1/balance.json"),
        ),
        _judge_errors,
    ),
    Step(
        "didlogic: numbers",
        "read",
        (
            _get("numbers", "/v1/purchases", params={"per_page": 1000}),
            _get("any type", "/v1/purchases", params={"per_page": 1}, accept="*/*"),
            _get("long page", "/v1/purchases", params={"per_page": 1001}),
            _get("ids", "/v2/numbers"),
        ),
        _judge_numbers,
        _learn_numbers,
    ),
    Step(
        "didlogic: destinations",
        "read",
        (
            _get("destinations", _routes("{numbers}"), each="numbers"),
            _get("by id", _routes("{number_id}")),
            _get("with plus", _routes("%2B{first}")),
        ),
        _judge_destinations,
    ),
    Step(
        "didlogic: SIP accounts and records",
        "read",
        (
            _get("accounts", "/v1/sipaccounts"),
            _get("outbound", "/v1/calls", params={"type": "sip", "per_page": 5}),
            _get("inbound", "/v1/calls", params={"type": "incoming", "per_page": 5}),
            _get("transactions", "/v1/transactions", params={"start_date": "{last_week}"}),
        ),
        _judge_account_lists,
        _learn_days,
    ),
    Step(
        "didlogic: days of call records",
        "read",
        (
            _get("outbound of day", "/v1/calls", params={"type": "sip", **ONE_DAY}, each="days"),
            _get("inbound of day", "/v1/calls", params={"type": "incoming", **ONE_DAY}, each="days"),
        ),
        _judge_days,
    ),
    Step(
        "didlogic: other lists",
        "read",
        tuple(_get(path, path, params={"per_page": 1}) for path in OTHER_LISTS.values()),
        _judge_other_lists,
    ),
)

OBJECT_STEPS: tuple[Step, ...] = (
    Step(
        "didlogic: SIP account",
        "objects",
        (
            _new_account("account", "sip_account"),
            _new_account("same label", "same_account"),
            *(_account(f"length {length}", {"password": f"{{password_{length}}}"}) for length in LENGTHS),
            _account("symbols", {"password": "{password_symbols}"}),
            _account("random again", {"password": "{password}"}),
            _account("patch", {"label": "{prefix}-patch"}, method="PATCH"),
            _account("json", {"label": "{prefix}-json"}, encoding="json"),
            _account("multipart", {"label": "{prefix}-multipart"}, encoding="multipart"),
            _account("unknown field", {"vdfc_unknown": "1"}),
            _account("restriction", {"ip_restrict": True}),
            _account("no restriction", {"ip_restrict": False}),
            _account("caller id", {"callerid": "{bare}"}),
            _account("no caller id", {"callerid": ""}),
        ),
        _judge_account,
    ),
    Step(
        "didlogic: allowed addresses",
        "objects",
        tuple(
            call
            for key in ("network", "ipv6")
            for call in (
                Call(
                    key=key, service=NUMBERS, path=_IPS, method="POST", body={"ip": f"{{{key}_address}}"},
                    save="allowed_ip",
                ),
                Call(
                    key=f"without {key}", service=NUMBERS, path=_IPS, method="DELETE",
                    params={"ip": f"{{{key}_address}}"},
                ),
            )
        ),
        _judge_addresses,
    ),
)  # fmt: skip

#: Between the first login with the SIP account and the one with another password.
PASSWORD_STEPS: tuple[Step, ...] = (
    Step(
        "didlogic: another password",
        "objects",
        (_account("another password", {"password": "{password_changed}"}),),
        lambda _seen: (),
    ),
)

#: After the login with another password: nobody can log in from the allowed address, which is one for documentation.
RESTRICTION_STEPS: tuple[Step, ...] = (
    Step(
        "didlogic: restriction to another address",
        "objects",
        (
            Call(
                key="single", service=NUMBERS, path=_IPS, method="POST", body={"ip": "{single_address}"},
                save="allowed_ip",
            ),
            _account("restricted", {"ip_restrict": True}),
        ),
        lambda _seen: (),
        lambda seen: {"restricted": "yes"} if accepted("", "", seen.last("restricted")).verdict == YES else {},
    ),
)  # fmt: skip

#: After everything else that uses the SIP account.
REMOVAL_STEPS: tuple[Step, ...] = (
    Step(
        "didlogic: removal",
        "objects",
        (
            Call(key="gone", service=NUMBERS, path=_ACCOUNT, method="DELETE"),
            Call(key="gone again", service=NUMBERS, path=_ACCOUNT, method="DELETE"),
        ),
        _judge_removal,
    ),
)

DESTINATION_STEPS: tuple[Step, ...] = (
    Step(
        "didlogic: order of destinations",
        "destinations",
        (
            _create("a", "a", {"destination": "{mark}-a@{host}", "active": False}),
            _create("b", "b", {"destination": "{mark}-b@{host}", "active": False}),
            _get("after b", ROUTES),
            _create("c", "c", {"destination": "{mark}-c@{host}", "active": False, "priority": 7}),
        ),
        _judge_order,
    ),
    Step(
        "didlogic: addresses of destinations",
        "destinations",
        (
            _create("same", "same", {"destination": "{mark}-a@{host}", "active": False}),
            _create("d", "d", {"destination": "sip:{mark}-d@{host_upper}", "active": False}),
            _create("f", "f", {"destination": "{mark}-f@{host}", "active": False, "callhunt": True}),
            _create("g", "g", {"destination": "{mark}-g@{host}", "active": False}, encoding="json"),
            _create("e", "e", {"destination": "{mark}-e@{host}"}),
            Call(
                key="off",
                service=NUMBERS,
                path=ROUTES + "/{e}",
                method="PATCH",
                body={"destination": {"active": False}},
            ),
        ),
        _judge_address,
    ),
)
