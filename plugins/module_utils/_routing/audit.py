# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the audit. A check examines the call path of one number, or the account, and returns its findings.

Messages contain only labels of SIP URIs that are trunk ids, because any other label may be a private key.
"""

from __future__ import annotations

import collections
import dataclasses
import ipaddress
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import TRANSPORT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.service import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._engine import MOST_TOLD, Failed, listed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._order import Entry
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Problem, Record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.survey import (
    Route,
    Row,
    Survey,
    gateways,
    inbound,
    login_of,
    named,
    read,
    titled,
    told,
    uri_of,
    user_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.uri import (
    SIP_HOST,
    holds_key,
    host_of,
    label_of,
    region_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import counted, digits, is_ipv4, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.uri import parse_sip_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import (
    Transfer,
    is_answered,
    references,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import SIGNALLING, VAPI

#: didlogic's code of a destination that is a SIP account, the prefix of the entry's identity.
SIP_ACCOUNT = str(TRANSPORT["sip_account"])
#: What is read.
SERVICES = (VAPI, DIDLOGIC)
DOCS = (
    "https://github.com/voiceops/vapi_didlogic/blob/main/docs/docsite/rst/when_a_call_fails.rst"
    "#ansible-collections-voiceops-vapi-didlogic-docsite-audit-"
)
SEVERITIES = ("error", "warning", "info")
#: The evidence for a check: a service's documentation or published API description, a report of the behaviour of a live
#: account, or a conclusion. A check with a conclusion is never an error.
EVIDENCE = ("documented", "seen live", "inferred")
#: Maximum number of objects for which the lists of both services are known to be complete.
MOST_OBJECTS = 10_000
#: US dollars; with less, outbound calls will soon fail.
LOW_BALANCE = 5.0

Words = dict[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """One check.

    :param step: the step of the call path: number, forward, trunk, phone_number, assistant, tool, account.
    :param severity: the highest severity. A finding may lower it with the key ``severity``, to one of ``lower``.
    :param evidence: one of ``EVIDENCE``, for the stated consequence. :param source: the source of the evidence.
    :param message: and ``fix`` are templates for the values of a finding. :param route: returns the values of each
        finding on a number's call path; ``account`` likewise for the whole account, with ``subject``.
    """

    id: str
    severity: str
    lower: tuple[str, ...] = ()
    step: str
    evidence: str
    source: str
    message: str
    fix: str
    route: t.Callable[[Route], t.Iterable[Words]] = lambda _route: ()
    account: t.Callable[[Survey], t.Iterable[Words]] = lambda _survey: ()


def findings(survey: Survey, ignored: t.Collection[str] = ()) -> list[Row]:
    """Run all checks.

    :return: the findings, most severe first.
    """
    found = []
    for rule in [rule for rule in RULES if rule.id not in ignored]:
        for route in survey.routes:
            subject = {"subject": f"number {route.number}"}
            found += [_finding(rule, {**subject, **words}, [route.number]) for words in rule.route(route)]
        found += [_finding(rule, words, _concerned(survey, words)) for words in rule.account(survey)]
    return sorted(found, key=lambda item: (SEVERITIES.index(item["severity"]), item["subject"], item["rule"]))


def _finding(rule: Rule, words: Words, concerned: list[str]) -> Row:
    return {
        "rule": rule.id,
        "severity": words.get("severity", rule.severity),
        "evidence": rule.evidence,
        "step": rule.step,
        # The values contain names and error messages of the services.
        "subject": printable(words["subject"]),
        "numbers": concerned,
        "message": printable(rule.message.format_map(words)),
        "fix": printable(rule.fix.format_map(words)),
        "docs": f"{DOCS}{rule.id}",
    }


def _concerned(survey: Survey, words: Words) -> list[str]:
    """The numbers whose call path contains the object of a finding; by its id if it has one, as names may repeat."""

    def takes(route: Route) -> bool:
        if "id" in words:
            rows = [route.trunk, *(row for _kind, row in route.reached)]
            return words["id"] in [str(row["id"]) for row in rows if row]
        return words["subject"] in (f"trunk {named(route.trunk)}", f"SIP account {login_of(route.trunk)}")

    return [route.number for route in survey.routes if takes(route)]


def numbers(survey: Survey, found: list[Row]) -> list[Row]:
    """Each number's call path with the ids of its findings and their highest severity."""
    by_number = collections.defaultdict(list)
    for finding in found:
        for number in finding["numbers"]:
            by_number[number].append(finding)
    items = []
    for route in survey.routes:
        own = by_number[route.number]
        worst = min((item["severity"] for item in own), key=SEVERITIES.index, default="ok")
        broken: dict[str, list[str]] = {}
        for item in own:
            broken.setdefault(item["step"], []).append(item["rule"])
        items.append({**told(route), "status": worst, "broken": broken})
    return items


# ---------------------------------------------------------------------------------------------------- a number's path


def _if(condition: t.Any, **words: t.Any) -> list[Words]:
    return [{name: str(value) for name, value in words.items()}] if condition else []


def private_key(route: Route) -> list[Words]:
    hits = [entry for entry in route.to_vapi if holds_key(uri_of(entry), route.survey.key)]
    return _if(hits)


def _unknown(route: Route) -> list[Entry]:
    """Destinations at a Vapi host with a label that is neither a trunk id nor the key."""
    return [
        entry
        for entry in route.to_vapi
        if label_of(uri_of(entry)) and not route.trunk_of(entry) and not holds_key(uri_of(entry), route.survey.key)
    ]


def unknown_trunk(route: Route) -> list[Words]:
    return _if(route.lead in _unknown(route))


def unknown_label(route: Route) -> list[Words]:
    """Such a destination after another one affects no call, but its label may be a key."""
    return _if([entry for entry in _unknown(route) if entry is not route.lead])


def wrong_region(route: Route) -> list[Words]:
    found = [e for e in route.to_vapi if _elsewhere(route, e) and route.trunk_of(e)]
    lowered = {} if route.lead in found else {"severity": "warning"}
    return _if(found, host=SIP_HOST[route.survey.region], region=route.survey.region, **lowered)


def _elsewhere(route: Route, entry: Entry) -> bool:
    return host_of(uri_of(entry)) is not None and region_of(uri_of(entry)) != route.survey.region


def no_label(route: Route) -> list[Words]:
    return _if(any(host_of(uri_of(entry)) and not label_of(uri_of(entry)) for entry in route.to_vapi))


def dead_fail_over(route: Route) -> list[Words]:
    """Further destinations whose trunk or number in Vapi cannot receive calls.

    Other checks report other regions and missing trunks.
    """
    dead = {
        named(route.trunk_of(entry)): route.obstacle(entry)
        for entry in route.to_vapi
        if entry.active and entry is not route.forward and route.trunk_of(entry) and not _elsewhere(route, entry)
    }
    return [{"trunk": trunk, "why": why} for trunk, why in dead.items() if why]


def no_sip_account(route: Route) -> list[Words]:
    logins = {str(row.get("name")) for row in route.survey.accounts}
    gone = [e.place[1] for e in route.entries if e.active and e.place[0] == SIP_ACCOUNT and e.place[1] not in logins]
    return [{"login": login} for login in dict.fromkeys(gone)]


def not_first(route: Route) -> list[Words]:
    lead = route.lead
    others = lead and lead not in route.to_vapi and any(entry.active for entry in route.to_vapi)
    return _if(others, first=told(route)["destinations"][route.entries.index(lead)]["leads_to"] if lead else "")


def switched_off(route: Route) -> list[Words]:
    return _if(route.to_vapi and not any(entry.active for entry in route.to_vapi))


def no_destination(route: Route) -> list[Words]:
    if not route.bought or not route.entries or route.to_vapi or any(map(route.can_answer, route.entries)):
        return []
    if route.lead:
        return _if(True, which="none is of a known kind", severity="warning")
    return _if(True, which="none is active")


def no_forward(route: Route) -> list[Words]:
    if not route.bought or route.entries:
        return []
    if any(map(route.survey.answers, route.phones)):
        return _if(True, note=", although in Vapi it has somebody who answers")
    return _if(True, note="", severity="info")


def not_forwarded(route: Route) -> list[Words]:
    return _if(route.bought and route.phone and route.entries and not route.to_vapi)


def not_imported(route: Route) -> list[Words]:
    return _if(route.to_vapi and not route.phone)


def not_bought(route: Route) -> list[Words]:
    return _if(route.phone and not route.bought and route.survey.is_didlogic(route.trunk))


def nowhere(route: Route) -> list[Words]:
    return _if(not route.phone and not route.bought)


def spelling(route: Route) -> list[Words]:
    if not route.forward or not route.phone or not label_of(uri_of(route.forward)):
        return []
    user, number = user_of(route.forward), str(route.phone.get("number"))
    return _if(user != number and digits(user) == digits(number), user=user, spelled=number)


def other_user(route: Route) -> list[Words]:
    if not route.forward or not label_of(uri_of(route.forward)):
        return []
    user = user_of(route.forward)
    return _if(digits(user) != route.number, user=user)


def other_trunk(route: Route) -> list[Words]:
    trunk = route.trunk_of(route.forward) if route.forward else None
    wrong = trunk and route.trunk and trunk["id"] != route.trunk["id"]
    return _if(wrong, there=named(trunk), here=named(route.trunk))


def no_trunk(route: Route) -> list[Words]:
    return _if(route.phone and not route.trunk)


def blocked(route: Route) -> list[Words]:
    return _if((route.phone or {}).get("status") == "blocked")


def activating(route: Route) -> list[Words]:
    return _if((route.phone or {}).get("status") == "activating")


def nobody_answers(route: Route) -> list[Words]:
    return _if(route.phone and route.to_vapi and not is_answered(route.phone) and not _by_workflow(route))


def retired_workflow(route: Route) -> list[Words]:
    return _if(_by_workflow(route))


def _by_workflow(route: Route) -> bool:
    phone = route.phone or {}
    return bool(phone.get("workflowId")) and not phone.get("assistantId") and not phone.get("squadId")


def answering_gone(route: Route) -> list[Words]:
    phone, kinds = route.phone or {}, ("assistant", "squad")
    return [
        {"kind": kind}
        for kind in kinds
        if phone.get(f"{kind}Id") and not route.survey.exists(kind, str(phone[f"{kind}Id"]))
    ]


def member_gone(survey: Survey) -> list[Words]:
    return [words for words in _gone(survey) if words["member"]]


def tool_gone(survey: Survey) -> list[Words]:
    return [words for words in _gone(survey) if words["kind"] == "tool"]


def reference_gone(survey: Survey) -> list[Words]:
    return [words for words in _gone(survey) if words["kind"] != "tool" and not words["member"]]


def _gone(survey: Survey) -> list[Words]:
    """Each reference to an object that does not exist in Vapi; without a filter also in unused objects."""
    held = {str(row["id"]): (kind, row, "") for kind, row in _unreached(survey)}
    held |= {str(row["id"]): (kind, row, "used") for route in survey.routes for kind, row in route.reached}
    return [
        {
            "subject": titled(kind, row),
            "id": key,
            "kind": reference.kind,
            "place": reference.place,
            "gone": reference.id,
            "member": "yes" if _is_member(kind, reference.place) else "",
            **({} if used else {"severity": "warning"}),
        }
        for key, (kind, row, used) in held.items()
        for reference in references(row)
        if not survey.exists(reference.kind, reference.id) and not (kind == "phone_number" and _is_own(reference.place))
    ]


def _is_member(kind: str, place: str) -> bool:
    return (
        kind == "squad" and place.startswith("members[") and place.endswith("].assistantId") and place.count(".") == 1
    )


def _is_own(place: str) -> bool:
    """Other checks report the trunk and the assistant that a phone number refers to."""
    return place in ("credentialId", "assistantId", "squadId")


def _unreached(survey: Survey) -> list[tuple[str, Row]]:
    if survey.declared:
        return []
    rows = {"assistant": survey.assistants, "squad": survey.squads, "tool": survey.tools}
    return [(kind, row) for kind, found in rows.items() for row in found]


def own_control(route: Route) -> list[Words]:
    found = [row for row in route.assistants if "phone-call-control" in (row.get("serverMessages") or [])]
    return _if(found and route.transfers, name=", ".join(named(row) for row in found))


def doubled(route: Route) -> list[Words]:
    return _if(len(route.phones) > 1, count=len(route.phones), ids=", ".join(str(row["id"]) for row in route.phones))


def _referred(route: Route) -> t.Iterator[tuple[str, Row, Transfer]]:
    """Each transfer that Vapi requests from didlogic: kind and row of the object that defines it, and the transfer."""
    if route.survey.is_didlogic(route.trunk):
        for kind, row, transfer in route.transfers:
            if transfer.by_refer and transfer.target:
                yield kind, row, transfer


def _transfers(survey: Survey, wrong: t.Callable[[Route, str, str], Words | None]) -> list[Words]:
    """Each object with a transfer that is invalid for a number's trunk, once per reason.

    ``wrong`` gets user and host of the target; the host is empty for a plain number.
    """
    found: dict[str, Words] = {}
    for route in survey.routes:
        for kind, row, transfer in _referred(route):
            uri = parse_sip_uri(transfer.target)
            words = wrong(route, uri.user or uri.host, uri.host if uri.user or uri.scheme else "")
            if words is not None:
                place = f" ({transfer.place})" if transfer.place and kind != "tool" else ""
                hit = {"subject": titled(kind, row), "id": str(row["id"]), "place": place, **words}
                found.setdefault(str(hit), hit)
    return list(found.values())


def _hosts(route: Route) -> set[str]:
    return {parse_sip_uri(str(row.get("ip", ""))).host for row in gateways(route.trunk)}


def transfer_refused(survey: Survey) -> list[Words]:
    """didlogic requires a SIP address at its gateway."""

    def wrong(route: Route, _user: str, host: str) -> Words | None:
        if host in _hosts(route):
            return None
        return {"why": "no address at the trunk's gateway" if host else "a phone number"}

    return _transfers(survey, wrong)


def transfer_elsewhere(survey: Survey) -> list[Words]:
    """didlogic may restrict REFER to its own numbers."""

    def wrong(route: Route, user: str, host: str) -> Words | None:
        return {"to": user} if host in _hosts(route) and digits(user) not in route.survey.own else None

    return _transfers(survey, wrong)


# --------------------------------------------------------------------------------------------------------- the account


def _used(survey: Survey) -> list[Row]:
    """didlogic's trunks on the call paths of the audited numbers."""
    ids = {str(row["id"]): row for route in survey.routes for row in (route.trunk,) if row}
    return [row for row in ids.values() if survey.is_didlogic(row)]


def other_carrier(survey: Survey) -> list[Words]:
    """Trunks of other carriers, which are not checked."""
    looked_at = {str(route.trunk["id"]) for route in survey.routes if route.trunk}
    return [
        _of_trunk(
            row,
            hosts=", ".join(str(gateway.get("ip")) for gateway in gateways(row)) or "none",
            count=counted(sum(str(p.get("credentialId")) == str(row["id"]) for p in survey.phones), "phone number"),
        )
        for row in survey.trunks
        if not survey.is_didlogic(row) and (not survey.declared or str(row["id"]) in looked_at)
    ]


def _of_trunk(trunk: Row, **words: t.Any) -> Words:
    return {
        "subject": f"trunk {named(trunk)}",
        "id": str(trunk["id"]),
        **{name: str(value) for name, value in words.items()},
    }


def no_inbound(survey: Survey) -> list[Words]:
    forwarded = {str(route.trunk["id"]) for route in survey.routes if route.trunk and route.to_vapi}
    return [_of_trunk(row) for row in _used(survey) if not inbound(row) and str(row["id"]) in forwarded]


def inbound_host(survey: Survey) -> list[Words]:
    return [
        _of_trunk(row, host=gateway.get("ip"))
        for row in _used(survey)
        for gateway in gateways(row)
        if gateway.get("inboundEnabled", True) and not is_ipv4(str(gateway.get("ip")))
    ]


def no_outbound(survey: Survey) -> list[Words]:
    return [
        _of_trunk(row)
        for row in _used(survey)
        if not any(gateway.get("outboundEnabled", True) for gateway in gateways(row))
    ]


def no_login(survey: Survey) -> list[Words]:
    return [_of_trunk(row) for row in _used(survey) if not login_of(row)]


def unknown_login(survey: Survey) -> list[Words]:
    logins = {str(row.get("name")) for row in survey.accounts}
    return [
        _of_trunk(row, login=login_of(row)) for row in _used(survey) if login_of(row) and login_of(row) not in logins
    ]


def _logins(survey: Survey) -> list[Row]:
    """The SIP accounts of the trunks on the call paths."""
    used = {login_of(row) for row in _used(survey)}
    return [row for row in survey.accounts if str(row.get("name")) in used]


def restricted(survey: Survey) -> list[Words]:
    found = []
    for row in _logins(survey):
        allowed = {str(ip) for ip in row.get("allowed_ips") or []}
        missing = [ip for ip in SIGNALLING[survey.region] if not _allows(allowed, ip)]
        if row.get("ip_restrict") in (True, 1, "1", "true") and missing:
            found.append({"subject": f"SIP account {row.get('name')}", "missing": ", ".join(missing)})
    return found


def _allows(allowed: set[str], ip: str) -> bool:
    for text in allowed:
        try:
            if ipaddress.ip_address(ip) in ipaddress.ip_network(text, strict=False):
                return True
        except ValueError:
            continue
    return False


def foreign_caller(survey: Survey) -> list[Words]:
    return [
        {"subject": f"SIP account {row.get('name')}", "caller": str(row["callerid"])}
        for row in _logins(survey)
        if row.get("callerid") and digits(str(row["callerid"])) not in survey.own
    ]


def low_balance(survey: Survey) -> list[Words]:
    low = survey.balance is not None and 0 < survey.balance < LOW_BALANCE
    return [{"subject": "didlogic account", "balance": f"{survey.balance:.2f}"}] if low else []


def no_balance(survey: Survey) -> list[Words]:
    none = survey.balance is not None and survey.balance <= 0
    return [{"subject": "didlogic account", "balance": f"{survey.balance:.2f}"}] if none else []


def unused_tool(survey: Survey) -> list[Words]:
    """Transfer tools that no object refers to; only if all numbers are audited."""
    if survey.declared:
        return []
    holders = (*survey.assistants, *survey.squads, *survey.phones)
    attached = {reference.id for row in holders for reference in references(row) if reference.kind == "tool"}
    return [
        {"subject": f"transfer tool {named(row, 'function.name')}", "id": str(row["id"])}
        for row in survey.tools
        if str(row["id"]) not in attached
    ]


def doubled_trunk(survey: Survey) -> list[Words]:
    names = collections.Counter(named(row) for row in survey.trunks)
    ours = survey.trunks if not survey.declared else _used(survey)
    known = {named(row) for row in ours if survey.is_didlogic(row)}
    return [
        {"subject": f"trunk {name}", "count": str(count)}
        for name, count in names.items()
        if count > 1 and name in known
    ]


def too_many(survey: Survey) -> list[Words]:
    kinds = {
        "numbers at didlogic": survey.numbers,
        "trunks": survey.trunks,
        "phone numbers": survey.phones,
        "assistants": survey.assistants,
        "transfer tools": survey.tools,
    }
    return [
        {"subject": f"{len(rows)} {name}", "limit": f"{MOST_OBJECTS:,}"}
        for name, rows in kinds.items()
        if len(rows) > MOST_OBJECTS
    ]


# ------------------------------------------------------------------------------------------------------------ the rules

RULES: tuple[Rule, ...] = (
    Rule(
        id="private-key-in-uri",
        severity="error",
        step="forward",
        evidence="documented",
        source="Vapi's guide to didlogic",
        route=private_key,
        message="A SIP URI in didlogic contains Vapi's private key, which is readable in the account and in SIP "
        "messages.",
        fix="Replace it with didlogic_forward: vapi_trunk_id and heal_private_key. Then create a new key in Vapi and "
        "delete the old one, because it has been exposed.",
    ),
    Rule(
        id="unknown-trunk",
        severity="error",
        step="forward",
        evidence="documented",
        source="Vapi's guide to didlogic: the label is the id of a trunk of the organisation",
        route=unknown_trunk,
        message="Calls are sent to a trunk that this Vapi organisation does not have. The label is not shown, because "
        "it may be a private key.",
        fix="Forward to the trunk's id with didlogic_forward: vapi_trunk_id. If the label is a private key of yours, "
        "create a new key in Vapi and delete the old one.",
    ),
    Rule(
        id="unknown-label",
        severity="warning",
        step="forward",
        evidence="documented",
        source="Vapi's guide to didlogic: the label is the id of a trunk of the organisation",
        route=unknown_label,
        message="A destination after the first leads to a trunk that this Vapi organisation does not have. The label "
        "is not shown, because it may be a private key.",
        fix="Remove the destination with didlogic_forward: state absent, or in didlogic's portal. If the label is a "
        "private key of yours, create a new key in Vapi and delete the old one.",
    ),
    Rule(
        id="wrong-region",
        severity="error",
        lower=("warning",),
        step="forward",
        evidence="documented",
        source="Vapi's guide to SIP trunks: the regions share nothing",
        route=wrong_region,
        message="A destination leads to another region's SIP host than the trunk's, which is {region}; Vapi responds "
        "with 404.",
        fix="Forward to {host} with didlogic_forward: region.",
    ),
    Rule(
        id="no-label",
        severity="warning",
        step="forward",
        evidence="inferred",
        source="other carriers' guides contain such a host; how Vapi then selects the trunk is not documented",
        route=no_label,
        message="A destination leads to Vapi's SIP host without a trunk id, so the trunk is not determined.",
        fix="Forward to the trunk's id with didlogic_forward: vapi_trunk_id.",
    ),
    Rule(
        id="dead-fail-over",
        severity="warning",
        step="forward",
        evidence="seen live",
        source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
        route=dead_fail_over,
        message="A further destination leads to the trunk {trunk}, {why}: it cannot receive calls.",
        fix="Remove it with didlogic_forward: state absent, or assign an assistant with vapi_phone_number.",
    ),
    Rule(
        id="sip-account-gone",
        severity="warning",
        step="forward",
        evidence="inferred",
        source="the account's list of SIP accounts does not contain it",
        route=no_sip_account,
        message="A destination is the SIP account {login}, which this didlogic account does not have.",
        fix="Remove it with didlogic_forward: state absent, or use an existing one.",
    ),
    Rule(
        id="not-first",
        severity="warning",
        step="forward",
        evidence="inferred",
        source="didlogic's guides require the destination at the top; that this is the lowest priority is a conclusion",
        route=not_first,
        message="Calls go to another destination first ({first}); Vapi is only tried if that does not answer.",
        fix="Put Vapi first with didlogic_forward: position first.",
    ),
    Rule(
        id="switched-off",
        severity="error",
        step="forward",
        evidence="documented",
        source="didlogic's API documentation of destinations",
        route=switched_off,
        message="The destination that leads to Vapi is disabled.",
        fix="Enable it with didlogic_forward: active.",
    ),
    Rule(
        id="no-destination",
        severity="error",
        lower=("warning",),
        step="forward",
        evidence="documented",
        source="didlogic's API documentation of destinations",
        route=no_destination,
        message="The number has destinations, but {which}: calls to it fail.",
        fix="Enable one, or forward the number to Vapi with didlogic_forward.",
    ),
    Rule(
        id="no-forward",
        severity="warning",
        lower=("info",),
        step="forward",
        evidence="documented",
        source="didlogic's API documentation of destinations",
        route=no_forward,
        message="The number has no destination{note}: calls to it fail.",
        fix="Forward it with didlogic_forward, or return the number to didlogic.",
    ),
    Rule(
        id="not-forwarded",
        severity="info",
        step="forward",
        evidence="documented",
        source="didlogic's API documentation of destinations",
        route=not_forwarded,
        message="The number exists in Vapi, but no destination leads there: it is used for outbound calls only.",
        fix="Forward it with didlogic_forward if Vapi should answer calls.",
    ),
    Rule(
        id="not-imported",
        severity="error",
        step="phone_number",
        evidence="seen live",
        source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
        route=not_imported,
        message="The number is forwarded to Vapi but does not exist there: calls to it reach no assistant.",
        fix="Import it with vapi_phone_number: number and trunk.",
    ),
    Rule(
        id="not-bought",
        severity="warning",
        step="number",
        evidence="inferred",
        source="conclusion from the lists of both services",
        route=not_bought,
        message="The number exists in Vapi but not in the didlogic account: it receives no calls, and didlogic rejects "
        "it as a caller ID.",
        fix="Buy it from didlogic, or remove it with vapi_phone_number: state absent.",
    ),
    Rule(
        id="nowhere",
        severity="error",
        step="number",
        evidence="documented",
        source="the lists of both services",
        route=nowhere,
        message="The requested number exists neither in didlogic nor in Vapi.",
        fix="Correct it in routing_audit: numbers, or buy it from didlogic.",
    ),
    Rule(
        id="spelling",
        severity="warning",
        step="phone_number",
        evidence="inferred",
        source="one guide requires the same spelling; whether Vapi finds another one is not documented",
        route=spelling,
        message="The forward calls {user}, but the phone number in Vapi is spelled {spelled}: whether Vapi treats both "
        "as the same number is not documented, and a guide requires the same spelling.",
        fix="Use the same spelling: didlogic_forward: uri_user, or vapi_phone_number: number.",
    ),
    Rule(
        id="other-number",
        severity="warning",
        step="forward",
        evidence="inferred",
        source="conclusion from the lists of both services",
        route=other_user,
        message="The forward calls {user}, which is a different number.",
        fix="If that is not intended, forward to this number with didlogic_forward: uri_user.",
    ),
    Rule(
        id="other-trunk",
        severity="error",
        step="trunk",
        evidence="seen live",
        source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
        route=other_trunk,
        message="The forward leads to the trunk {there}, but the phone number is on the trunk {here}: Vapi does not "
        "find it.",
        fix="Use the same trunk: vapi_phone_number: trunk, or didlogic_forward: vapi_trunk_id.",
    ),
    Rule(
        id="no-trunk",
        severity="error",
        step="trunk",
        evidence="documented",
        source="Vapi's published API description: a number's calls use the trunk that it refers to",
        route=no_trunk,
        message="The phone number is on a trunk that does not exist: inbound and outbound calls fail.",
        fix="Assign one with vapi_phone_number: trunk.",
    ),
    Rule(
        id="blocked",
        severity="error",
        step="phone_number",
        evidence="documented",
        source="Vapi's published API description: status",
        route=blocked,
        message="Vapi has blocked the phone number.",
        fix="Contact Vapi's support. This collection cannot unblock it.",
    ),
    Rule(
        id="activating",
        severity="warning",
        step="phone_number",
        evidence="documented",
        source="Vapi's published API description: status",
        route=activating,
        message="Vapi is still activating the phone number.",
        fix="Run the audit again in a few minutes.",
    ),
    Rule(
        id="nobody-answers",
        severity="error",
        step="assistant",
        evidence="documented",
        source="Vapi's published API description: fallbackDestination",
        route=nobody_answers,
        message="The phone number has no assistant, squad, server, fallback or hook that answers: Vapi ends each call.",
        fix="Assign one with vapi_phone_number: assistant.",
    ),
    Rule(
        id="assistant-gone",
        severity="error",
        step="assistant",
        evidence="documented",
        source="Vapi's list of ended reasons",
        route=answering_gone,
        message="The phone number's {kind} does not exist: Vapi ends each call immediately.",
        fix="Assign an existing one with vapi_phone_number: {kind}.",
    ),
    Rule(
        id="member-gone",
        severity="warning",
        step="assistant",
        evidence="inferred",
        source="Vapi's list of ended reasons has one for a missing assistant, but none for a squad's",
        account=member_gone,
        message="Its member {place} is the assistant {gone}, which does not exist: a call that reaches it fails.",
        fix="Correct the squad in Vapi, or assign an assistant with vapi_phone_number: assistant.",
    ),
    Rule(
        id="tool-gone",
        severity="error",
        lower=("warning",),
        step="assistant",
        evidence="documented",
        source="Vapi's own configuration tool, its notes on assistants: a missing entry of toolIds makes the call fail",
        account=tool_gone,
        message="{place} refers to the tool {gone}, which does not exist: calls to it fail.",
        fix="Remove the id with vapi_assistant: tools and tools_mode replace, or in Vapi's dashboard.",
    ),
    Rule(
        id="reference-gone",
        severity="warning",
        step="assistant",
        evidence="inferred",
        source="Vapi's lists do not contain the object; the effect on a call is not documented for every field",
        account=reference_gone,
        message="{place} refers to the {kind} {gone}, which does not exist.",
        fix="Assign an existing one, with the module of that object or in Vapi's dashboard.",
    ),
    Rule(
        id="retired-workflow",
        severity="error",
        step="assistant",
        evidence="documented",
        source="Vapi's guide to the migration of workflows",
        route=retired_workflow,
        message="A workflow is assigned to the phone number, but Vapi has run none since 2026-08-19: nobody answers.",
        fix="Assign an assistant or a squad with vapi_phone_number: assistant or squad.",
    ),
    Rule(
        id="own-call-control",
        severity="error",
        step="tool",
        evidence="documented",
        source="Vapi's published API description: serverMessages",
        route=own_control,
        message="serverMessages of {name} contains phone-call-control, which delegates transfers to your server: "
        "Vapi's transfer tools have no effect.",
        fix="Remove it from serverMessages with vapi_assistant: definition.",
    ),
    Rule(
        id="transfer-refused",
        severity="warning",
        step="tool",
        evidence="documented",
        source="Vapi's guide to didlogic",
        account=transfer_refused,
        message="didlogic may reject the transfer{place}: its target is {why}.",
        fix="Use sip:+<number>@<the trunk's gateway> with vapi_transfer_tool: destinations.sip_uri, to a number that "
        "didlogic allows for REFER, or keep Vapi in the call with destinations.sip_verb: dial.",
    ),
    Rule(
        id="transfer-elsewhere",
        severity="info",
        step="tool",
        evidence="documented",
        source="Vapi's guide to didlogic",
        account=transfer_elsewhere,
        message="It transfers calls to {to}{place}, which is not a number of the didlogic account: didlogic may allow "
        "transfers by REFER to its own numbers only.",
        fix="Ask didlogic's account manager, or keep Vapi in the call with vapi_transfer_tool: destinations.sip_verb "
        "dial.",
    ),
    Rule(
        id="other-carrier",
        severity="info",
        step="trunk",
        evidence="inferred",
        source="known gateways of didlogic, and the destinations of its numbers",
        account=other_carrier,
        message="No gateway of the trunk ({hosts}) is known as didlogic's and no destination in didlogic leads to it: "
        "the trunk and its {count} belong to another carrier and were not checked.",
        fix="No action is needed. If it is intended for didlogic, set its gateway with vapi_sip_trunk: gateways.",
    ),
    Rule(
        id="doubled-phone-number",
        severity="warning",
        step="phone_number",
        evidence="inferred",
        source="that Vapi accepts a second one follows from reports; which one it uses is not documented",
        route=doubled,
        message="Vapi has the number {count} times ({ids}): which one answers is not documented.",
        fix="Remove all but one with vapi_phone_number: id and state absent.",
    ),
    Rule(
        id="doubled-trunk",
        severity="warning",
        step="trunk",
        evidence="inferred",
        source="conclusion from the lists of both services",
        account=doubled_trunk,
        message="{count} trunks have this name, so the wrong one may be changed by mistake.",
        fix="Remove those that no phone number uses with vapi_sip_trunk: id and state absent.",
    ),
    Rule(
        id="no-inbound-gateway",
        severity="warning",
        step="trunk",
        evidence="documented",
        source="Vapi's guide to SIP trunks",
        account=no_inbound,
        message="No gateway allows didlogic's addresses: according to its guide, Vapi rejects inbound calls with 401.",
        fix="Add didlogic's signalling addresses with vapi_sip_trunk: gateways (outbound_enabled: false).",
    ),
    Rule(
        id="host-name-inbound",
        severity="error",
        step="trunk",
        evidence="documented",
        source="Vapi's guide to SIP trunks",
        account=inbound_host,
        message="The gateway {host} is a host name with inbound calls enabled: Vapi checks addresses only.",
        fix="Set inbound_enabled: false there in vapi_sip_trunk: gateways, and add didlogic's IPv4 addresses.",
    ),
    Rule(
        id="no-outbound-gateway",
        severity="warning",
        step="trunk",
        evidence="documented",
        source="Vapi's guide to SIP trunks",
        account=no_outbound,
        message="No gateway is enabled for outbound calls: Vapi can neither call nor transfer.",
        fix="Add didlogic's proxy with vapi_sip_trunk: gateways (outbound_enabled: true).",
    ),
    Rule(
        id="no-login",
        severity="warning",
        step="trunk",
        evidence="inferred",
        source="didlogic's guides log in with the SIP account; access by address alone requires a support ticket",
        account=no_login,
        message="The trunk has no user name: didlogic rejects its calls (401 or 407).",
        fix="Set the SIP account's login with vapi_sip_trunk: username and password.",
    ),
    Rule(
        id="unknown-login",
        severity="warning",
        step="trunk",
        evidence="inferred",
        source="conclusion from the lists of both services",
        account=unknown_login,
        message="The trunk logs in as {login}, which is not a SIP account of this didlogic account: unless it belongs "
        "to another account, outbound calls are rejected.",
        fix="Set an existing login with vapi_sip_trunk: username and password, or create one (didlogic_sip_account).",
    ),
    Rule(
        id="addresses-missing",
        severity="warning",
        step="account",
        evidence="inferred",
        source="Vapi's guide lists the addresses; that ip_restrict rejects all others is a conclusion from its name",
        account=restricted,
        message="The account accepts calls from some addresses only, and Vapi's {missing} are not among them: calls "
        "from there are rejected.",
        fix="Add them with didlogic_sip_account: allowed_ips, or disable ip_restrict.",
    ),
    Rule(
        id="foreign-caller-id",
        severity="warning",
        step="account",
        evidence="inferred",
        source="didlogic's guides choose the caller ID from the account's numbers",
        account=foreign_caller,
        message="The caller ID {caller} is not one of the account's numbers: didlogic or the network may reject it.",
        fix="Set one of the account's numbers with didlogic_sip_account: caller_id.",
    ),
    Rule(
        id="balance-low",
        severity="warning",
        step="account",
        evidence="inferred",
        source="conclusion from the lists of both services",
        account=low_balance,
        message="The balance is {balance} US dollars: it will soon not cover outbound calls and number fees.",
        fix="Top up the account in didlogic's portal.",
    ),
    Rule(
        id="balance-empty",
        severity="warning",
        step="account",
        evidence="documented",
        source="Vapi's guide to didlogic: outbound calls need a positive balance",
        account=no_balance,
        message="The balance is {balance} US dollars: unless the account is postpaid, didlogic rejects outbound calls.",
        fix="Top up the account in didlogic's portal.",
    ),
    Rule(
        id="unused-tool",
        severity="warning",
        step="tool",
        evidence="inferred",
        source="a single call may still refer to a tool",
        account=unused_tool,
        message="The transfer tool is not attached to any assistant, so it transfers no calls.",
        fix="Attach it with vapi_assistant: tools, or remove it with vapi_transfer_tool: state absent.",
    ),
    Rule(
        id="too-many-objects",
        severity="warning",
        step="account",
        evidence="inferred",
        source="no longer list is known",
        account=too_many,
        message="There are more than {limit}: it is unknown whether the services list all of them, so this audit may "
        "be incomplete.",
        fix="Audit some of them only, with routing_audit: numbers.",
    ),
)


class Ask(Record):
    """Options of the audit."""

    numbers: t.Annotated[list[str] | None, Option(clean=lambda given: [digits(number) for number in given])] = None
    ignore: list[str] | None = None
    fail_on: t.Literal["never", "error", "warning"] = "never"


def audit(engines: dict[str, t.Any], ask: Ask) -> Row:
    """Audit both accounts.

    :param engines: by the services' names. :return: the result of the module.
    :raises Failed: if there is a finding of at least the severity ``fail_on``.
    """
    known = [rule.id for rule in RULES]
    for index, name in enumerate(ask.ignore or ()):
        if name not in known:
            raise Problem(f"ignore[{index}]", f"is not a check; use one of {', '.join(known)}.")
    connection = engines["vapi"].client.connection
    survey = read(
        engines["vapi"],
        engines["didlogic"],
        region=connection.region,
        key=connection.api_key,
        declared=tuple(ask.numbers or ()),
    )
    found = findings(survey, ask.ignore or ())
    counts = {severity: sum(item["severity"] == severity for item in found) for severity in SEVERITIES}
    result = {"changed": False, "numbers": numbers(survey, found), "findings": found, "summary": counts}
    labels = {str(row["id"]) for row in survey.trunks}
    bad = {"never": (), "error": SEVERITIES[:1], "warning": SEVERITIES[:2]}[ask.fail_on]
    worst = [item for item in found if item["severity"] in bad]
    if worst:
        sentences = [f"{item['subject']}: {item['message']} {item['fix']}" for item in worst]
        head = f"The audit found {counted(len(worst), 'problem')}."
        raise Failed(listed(head, sentences, MOST_TOLD), result, labels)
    return {**result, "labels": labels}
