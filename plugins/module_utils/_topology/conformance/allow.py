# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests that a conformance check may send. Everything else is refused before it is sent.

Reads are allowed for fixed lists and for objects of the run. A write is allowed only to create an object with the name
of the run, or to change or remove an object that the run's journal contains. No path of calls, campaigns, chats,
messages, files, purchases or identities is in the list of writes.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    ApiObject,
    as_list,
    as_object,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    NUMBERS,
    VOICE,
    Request,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.journal import (
    ADDRESS,
    DOMAIN,
    FICTION,
    IPV6,
    NETWORK,
    Journal,
)


class NotAllowedError(Exception):
    """A request that is not in the list; an error of the collection."""


Condition = t.Callable[[Request, tuple[str, ...], Journal], bool]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A kind of request. ``path`` is a pattern for the whole path; its groups are passed to the condition."""

    service: str
    method: str
    path: str
    condition: Condition = lambda _request, _groups, _journal: True


#: Lists that are only read.
READ: t.Final = {
    VOICE: (
        "/assistant", "/call", "/campaign", "/credential", "/phone-number", "/squad", "/tool",
        "/traffic-allocations/latest", "/v2/call", "/v2/campaign", "/v2/phone-number", "/workflow",
    ),
    NUMBERS: (
        "/v1/balance", "/v1/balance.json", "/v1/calls", "/v1/purchases", "/v1/sipaccounts", "/v1/sms",
        "/v1/transactions", "/v2/documents", "/v2/identities", "/v2/numbers",
    ),
}  # fmt: skip

_ID = r"([0-9a-f-]{36})"
_LOGIN = r"([0-9]{1,12})"
_ROUTES = r"/v1/purchases/((?:%2B)?[0-9]{1,15})/destinations"

#: Fields of bodies; a body with another one is refused. ``vdfc…`` are fields that no service knows.
_TRUNK_FIELDS = {"provider", "name", "gateways", "outboundAuthenticationPlan", "techPrefix", "vdfcUnknown"}
_NUMBER_FIELDS = {"provider", "name", "number", "numberE164CheckEnabled", "credentialId"}
_ASSISTANT_FIELDS = {"name", "model", "silenceTimeoutSeconds"}
_MODEL_FIELDS = {"provider", "model", "toolIds", "vdfcUnknown"}
_TOOL_FIELDS = {"type", "destinations", "function"}
_ACCOUNT_FIELDS = {"label", "password", "callerid", "ip_restrict", "vdfc_unknown"}
_ROUTE_FIELDS = {"destination", "transport", "callhunt", "active", "priority"}


def _only(body: ApiObject, names: set[str]) -> bool:
    return bool(body) and body.keys() <= names


def _named(body: ApiObject, field: str, journal: Journal, *, create: bool) -> bool:
    """Whether the name is that of the run, and given if the object is new."""
    if field not in body:
        return not create
    return re.fullmatch(re.escape(journal.prefix) + r"-[a-z]+", str(body[field])) is not None


def _trunk(body: ApiObject, journal: Journal, *, create: bool) -> bool:
    hosts = [str(gateway.get("ip")) for gateway in objects_in(body.get("gateways"))]
    return (
        _only(body, _TRUNK_FIELDS)
        and _named(body, "name", journal, create=create)
        and body.get("provider", None if create else "byo-sip-trunk") == "byo-sip-trunk"
        and all(host.endswith(f".{DOMAIN}") for host in hosts)
        and len(hosts) == len(as_list(body.get("gateways")))
        and (bool(hosts) or not create)
        and _login(body.get("outboundAuthenticationPlan"), journal)
    )


def _login(plan: object, journal: Journal) -> bool:
    """A login of the run; never one of the user."""
    given = as_object(plan)
    return plan is None or (
        given.keys() <= {"authUsername", "authPassword"}
        and given.get("authUsername") in (journal.compact_prefix, f"{journal.compact_prefix}b")
    )


def _phone_number(body: ApiObject, journal: Journal, *, create: bool) -> bool:
    number, trunk = body.get("number"), body.get("credentialId")
    own = {journal.compact_prefix, f"{journal.compact_prefix}b", *FICTION, *(f"+{digits}" for digits in FICTION)}
    return (
        _only(body, _NUMBER_FIELDS)
        and _named(body, "name", journal, create=create)
        and body.get("provider", None if create else "byo-phone-number") == "byo-phone-number"
        and (number in own if number is not None or create else True)
        and (journal.owns("trunk", str(trunk)) if trunk is not None or create else True)
    )


def _assistant(body: ApiObject, journal: Journal, *, create: bool) -> bool:
    model = as_object(body.get("model"))
    return (
        _only(body, _ASSISTANT_FIELDS)
        and _named(body, "name", journal, create=create)
        and model.keys() <= _MODEL_FIELDS
        and ("model" not in body or bool(model))
    )


def _tool(body: ApiObject, journal: Journal, *, create: bool) -> bool:
    people = objects_in(body.get("destinations"))
    function = as_object(body.get("function"))
    return (
        create
        and _only(body, _TOOL_FIELDS)
        and body.get("type") == "transferCall"
        and bool(people)
        and len(people) == len(as_list(body.get("destinations")))
        and all(_person(person, journal) for person in people)
        and function.keys() <= {"name", "description"}
        and ("function" not in body or function.get("name") == f"{journal.prefix}-tool")
    )


def _person(person: ApiObject, journal: Journal) -> bool:
    return (
        person.keys() <= {"type", "number", "description", "transferPlan"}
        and person.get("type") == "number"
        and str(person.get("number")).removeprefix("+") in FICTION
        and str(person.get("description")) == f"{journal.prefix}-tool"
        and as_object(person.get("transferPlan")).keys() <= {"mode", "message"}
    )


Check = t.Callable[..., bool]

_VOICE_OBJECTS: t.Final[tuple[tuple[str, str, Check], ...]] = (
    ("/credential", "trunk", _trunk),
    ("/phone-number", "phone_number", _phone_number),
    ("/assistant", "assistant", _assistant),
    ("/tool", "tool", _tool),
)


def _own(kind: str) -> Condition:
    return lambda _request, groups, journal: journal.owns(kind, groups[0])


def _creating(check: Check) -> Condition:
    return lambda request, _groups, journal: check(request.body or {}, journal, create=True)


def _changing(kind: str, check: Check) -> Condition:
    return lambda request, groups, journal: (
        journal.owns(kind, groups[0]) and check(request.body or {}, journal, create=False)
    )


def _account(request: Request, groups: tuple[str, ...], journal: Journal) -> bool:
    """A SIP account with the label of the run, or changes of one that the run has made."""
    create = request.method == "POST"
    body = as_object((request.body or {}).get("sipaccount"))
    return (
        (create or journal.owns("sip_account", groups[0]))
        and _only(request.body or {}, {"sipaccount"})
        and _only(body, _ACCOUNT_FIELDS)
        and _named(body, "label", journal, create=create)
        and str(body.get("callerid") or FICTION[0]) in FICTION
    )


def _address(request: Request, groups: tuple[str, ...], journal: Journal) -> bool:
    """An address for documentation, of an own SIP account."""
    values = request.params if request.method == "DELETE" else request.body or {}
    return (
        journal.owns("sip_account", groups[0])
        and values.keys() == {"ip"}
        and str(values["ip"]) in (NETWORK, IPV6, ADDRESS)
    )


def _route(request: Request, groups: tuple[str, ...], journal: Journal) -> bool:
    """A destination of the unused number that leads nowhere, or changes of one that the run has made."""
    if not journal.spare_number or groups[0] != journal.spare_number:
        return False
    if request.method == "DELETE":
        return journal.owns("destination", groups[1])
    body = as_object((request.body or {}).get("destination"))
    if not _only(request.body or {}, {"destination"}) or not _only(body, _ROUTE_FIELDS):
        return False
    if request.method == "PATCH":
        return journal.owns("destination", groups[1]) and body == {"active": False}
    address = str(body.get("destination", "")).lower()
    pattern = rf"(sip:)?{re.escape(journal.compact_prefix)}-[a-z]@[a-z-]+\.{re.escape(DOMAIN)}"
    return body.get("transport") == 1 and re.fullmatch(pattern, address) is not None


def _rules() -> t.Iterator[Rule]:
    for service, paths in READ.items():
        yield from (Rule(service, "GET", re.escape(path)) for path in paths)
    for path, kind, check in _VOICE_OBJECTS:
        one = f"{path}/{_ID}"
        yield Rule(VOICE, "GET", one, _own(kind))
        yield Rule(VOICE, "POST", path, _creating(check))
        yield Rule(VOICE, "PATCH", one, _changing(kind, check))
        yield Rule(VOICE, "DELETE", one, _own(kind))
    account = f"/v1/sipaccounts/{_LOGIN}"
    yield Rule(NUMBERS, "GET", _ROUTES)
    yield Rule(NUMBERS, "POST", "/v1/sipaccounts", _account)
    yield Rule(NUMBERS, "PUT", account, _account)
    yield Rule(NUMBERS, "PATCH", account, _account)
    yield Rule(NUMBERS, "DELETE", account, _own("sip_account"))
    yield Rule(NUMBERS, "POST", f"{account}/allowed_ips", _address)
    yield Rule(NUMBERS, "DELETE", f"{account}/allowed_ips", _address)
    yield Rule(NUMBERS, "POST", _ROUTES, _route)
    yield Rule(NUMBERS, "PATCH", _ROUTES + "/([0-9]{1,12})", _route)
    yield Rule(NUMBERS, "DELETE", _ROUTES + "/([0-9]{1,12})", _route)


RULES: t.Final = tuple(_rules())


def _plain_write(request: Request) -> bool:
    """Whether a write has the user's key, a body unless it is a removal, and no query but that of an address."""
    has_body = request.body is not None
    is_removal = request.method == "DELETE"
    queried = bool(request.params) and not (is_removal and request.path.endswith("/allowed_ips"))
    return request.own_key and has_body != is_removal and not queried


def check(request: Request, journal: Journal) -> None:
    """Refuse a request that is not in the list.

    :param request: the request. :param journal: the journal of the run. :raises NotAllowedError: if it may not be sent.
    """
    for rule in RULES:
        if (rule.service, rule.method) != (request.service, request.method):
            continue
        match = re.fullmatch(rule.path, request.path)
        if not match:
            continue
        if request.method == "GET" and (request.body is not None or request.encoding):
            break
        if request.method != "GET" and not _plain_write(request):
            break
        if rule.condition(request, tuple(map(urllib.parse.unquote, match.groups())), journal):
            return
    raise NotAllowedError(f"{request.method} {request.path} is not a request of the conformance check; please report")
