# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the audit, as data. A rule looks at one number's way, or at the account, and says what is wrong there.

No message holds a label of a SIP URI that is no trunk's id: it may be a private key.
"""

from __future__ import annotations

import collections
import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.service import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._engine import MOST_TOLD, Failed, listed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._order import Entry
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Problem, Record, dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.survey import (
    Route,
    Row,
    Survey,
    gateways,
    inbound,
    login_of,
    named,
    read,
    targets,
    told,
    tool_ids,
    uri_of,
    user_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.uri import (
    SIP_HOST,
    apart,
    holds_key,
    label_of,
    region_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import digits, is_ipv4
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import SIGNALLING, VAPI

#: What is read.
SERVICES = (VAPI, DIDLOGIC)
DOCS = (
    "https://github.com/voiceops/vapi_didlogic/blob/main/docs/docsite/rst/when_a_call_fails.rst"
    "#ansible-collections-voiceops-vapi-didlogic-docsite-audit-"
)
SEVERITIES = ("error", "warning", "info")
#: More objects than this are beyond what the lists of both services were ever seen to answer whole.
MOST_OBJECTS = 10_000
#: US dollars; below it outbound calls soon end.
LOW_BALANCE = 5.0

Words = dict[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that may be wrong.

    :param step: the link of the way that is broken: number, forward, trunk, phone_number, assistant, tool, account.
    :param message: and ``fix`` are templates for the words of a hit. :param route: words of each hit on a number's way;
        ``account`` likewise for what concerns no single number, with ``subject``.
    """

    id: str
    severity: str
    step: str
    message: str
    fix: str
    route: t.Callable[[Route], t.Iterable[Words]] = lambda _route: ()
    account: t.Callable[[Survey], t.Iterable[Words]] = lambda _survey: ()


def findings(survey: Survey, ignored: t.Collection[str] = ()) -> list[Row]:
    """Every hit of every rule, the worst first."""
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
        "severity": rule.severity,
        "step": rule.step,
        "subject": words["subject"],
        "numbers": concerned,
        "message": rule.message.format_map(words),
        "fix": rule.fix.format_map(words),
        "docs": f"{DOCS}{rule.id}",
    }


def _concerned(survey: Survey, words: Words) -> list[str]:
    """The numbers whose calls take what is wrong: by its id where it has one, as several may share a name."""

    def takes(route: Route) -> bool:
        if "id" in words:
            return words["id"] in (str((route.trunk or {}).get("id")), *(str(tool["id"]) for tool in route.tools))
        return words["subject"] in (f"trunk {named(route.trunk)}", f"SIP account {login_of(route.trunk)}")

    return [route.number for route in survey.routes if takes(route)]


def numbers(survey: Survey, found: list[Row]) -> list[Row]:
    """Each number's way with the rules that it breaks, and how bad that is."""
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


# ------------------------------------------------------------------------------------------------------ a number's way


def _if(condition: t.Any, **words: t.Any) -> list[Words]:
    return [{name: str(value) for name, value in words.items()}] if condition else []


def private_key(route: Route) -> list[Words]:
    hits = [entry for entry in route.to_vapi if holds_key(uri_of(entry), route.survey.key)]
    return _if(hits)


def _unknown(route: Route) -> list[Entry]:
    """Destinations at a Vapi host whose label is neither a trunk's id nor the key."""
    return [
        entry
        for entry in route.to_vapi
        if label_of(uri_of(entry)) and not route.trunk_of(entry) and not holds_key(uri_of(entry), route.survey.key)
    ]


def unknown_trunk(route: Route) -> list[Words]:
    return _if(route.lead in _unknown(route))


def unknown_label(route: Route) -> list[Words]:
    """Behind another destination it harms no call, but what stands there may be a key."""
    return _if([entry for entry in _unknown(route) if entry is not route.lead])


def wrong_region(route: Route) -> list[Words]:
    found = [e for e in route.to_vapi if route.trunk_of(e) and region_of(uri_of(e)) != route.survey.region]
    return _if(found, host=SIP_HOST[route.survey.region], region=route.survey.region)


def no_label(route: Route) -> list[Words]:
    return _if(any(not label_of(uri_of(entry)) for entry in route.to_vapi))


def not_first(route: Route) -> list[Words]:
    lead = route.lead
    others = lead and lead not in route.to_vapi and any(entry.active for entry in route.to_vapi)
    return _if(others, first=told(route)["destinations"][route.entries.index(lead)]["leads_to"] if lead else "")


def switched_off(route: Route) -> list[Words]:
    return _if(route.to_vapi and not any(entry.active for entry in route.to_vapi))


def no_destination(route: Route) -> list[Words]:
    return _if(route.bought and route.entries and not route.lead and not route.to_vapi)


def no_forward(route: Route) -> list[Words]:
    return _if(route.bought and not route.entries)


def not_forwarded(route: Route) -> list[Words]:
    return _if(route.bought and route.phone and route.entries and not route.to_vapi)


def not_imported(route: Route) -> list[Words]:
    return _if(route.to_vapi and not route.phone)


def not_bought(route: Route) -> list[Words]:
    return _if(route.phone and not route.bought)


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
    phone = route.phone or {}
    answers = ("assistantId", "squadId", "workflowId", "server", "serverUrl", "fallbackDestination")
    inbound_meant = bool(route.to_vapi)
    return _if(route.phone and inbound_meant and not any(phone.get(key) for key in answers))


def answering_gone(route: Route) -> list[Words]:
    phone = route.phone or {}
    found = _if(phone.get("assistantId") and str(phone["assistantId"]) not in route.survey.assistant, kind="assistant")
    return found + _if(phone.get("squadId") and str(phone["squadId"]) not in route.survey.squad, kind="squad")


def member_gone(route: Route) -> list[Words]:
    gone = [key for key in route.members if key not in route.survey.assistant]
    phone = route.phone or {}
    return _if(gone and not phone.get("assistantId"), count=len(gone))


def own_control(route: Route) -> list[Words]:
    found = [row for row in route.assistants if "phone-call-control" in (row.get("serverMessages") or [])]
    return _if(found and route.tools, name=", ".join(named(row) for row in found))


def doubled(route: Route) -> list[Words]:
    return _if(len(route.phones) > 1, count=len(route.phones), ids=", ".join(str(row["id"]) for row in route.phones))


def _referred(route: Route) -> t.Iterator[tuple[Row, str, str]]:
    """Tool, user and host of each transfer that Vapi asks didlogic for; no host where it is a plain number."""
    for tool in route.tools if route.trunk else ():
        for target in targets(tool):
            if dig(target, ("transferPlan", "sipVerb")) in ("dial", "bye"):
                continue
            if target.get("sipUri"):
                user, rest = apart(str(target["sipUri"]))
                yield tool, user, re.split("[:;?>]", rest, maxsplit=1)[0].lower()
            elif target.get("number"):
                yield tool, str(target["number"]), ""


def _tools(survey: Survey, wrong: t.Callable[[Route, str, str], Words | None]) -> list[Words]:
    """Each transfer tool with a target that is wrong for a number's trunk, once for each way to be wrong."""
    found: dict[str, Words] = {}
    for route in survey.routes:
        for tool, user, host in _referred(route):
            words = wrong(route, user, host)
            if words is not None:
                hit = {"subject": f"transfer tool {named(tool, 'function.name')}", "id": str(tool["id"]), **words}
                found.setdefault(str(hit), hit)
    return list(found.values())


def _hosts(route: Route) -> set[str]:
    return {str(row.get("ip", "")).lower() for row in gateways(route.trunk)}


def transfer_refused(survey: Survey) -> list[Words]:
    """didlogic wants a SIP address at its gateway."""

    def wrong(route: Route, _user: str, host: str) -> Words | None:
        if host in _hosts(route):
            return None
        return {"why": "no address at the trunk's gateway" if host else "a phone number"}

    return _tools(survey, wrong)


def transfer_elsewhere(survey: Survey) -> list[Words]:
    """didlogic may restrict REFER to its own numbers."""

    def wrong(route: Route, user: str, host: str) -> Words | None:
        return {"to": user} if host in _hosts(route) and digits(user) not in route.survey.own else None

    return _tools(survey, wrong)


# --------------------------------------------------------------------------------------------------------- the account


def _used(survey: Survey) -> list[Row]:
    """The trunks on the way of the numbers that are looked at."""
    ids = {str(row["id"]): row for route in survey.routes for row in (route.trunk,) if row}
    return list(ids.values())


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
    """The SIP accounts that the trunks on the way log in with."""
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
    """Attached to no assistant, or to none that answers a number; only where all numbers are looked at."""
    if survey.declared:
        return []
    answering = {key for route in survey.routes for row in route.assistants for key in tool_ids(row)}
    attached = {key for row in survey.assistants for key in tool_ids(row)}
    return [
        {
            "subject": f"transfer tool {named(row, 'function.name')}",
            "id": str(row["id"]),
            "how": "attached to no assistant" if str(row["id"]) not in attached else "attached to none that answers",
        }
        for row in survey.tools
        if str(row["id"]) not in answering
    ]


def doubled_trunk(survey: Survey) -> list[Words]:
    names = collections.Counter(named(row) for row in survey.trunks)
    used = {named(row) for row in _used(survey)}
    return [
        {"subject": f"trunk {name}", "count": str(count)}
        for name, count in names.items()
        if count > 1 and (name in used or not survey.declared)
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
        route=private_key,
        message="Vapi's private key stands in a SIP URI at didlogic, where everybody who sees the account or a SIP "
        "message can read it.",
        fix="Replace it with didlogic_forward: vapi_trunk_id and heal_private_key. Then make a new key at Vapi and "
        "delete the old one: what once stood in a URI is known.",
    ),
    Rule(
        id="unknown-trunk",
        severity="error",
        step="forward",
        route=unknown_trunk,
        message="Calls are sent to a trunk that this Vapi organisation does not have. The label is not shown: it may "
        "be a private key.",
        fix="Forward to the trunk's id with didlogic_forward: vapi_trunk_id. If the label was a private key of yours, "
        "make a new key at Vapi and delete the old one.",
    ),
    Rule(
        id="unknown-label",
        severity="warning",
        step="forward",
        route=unknown_label,
        message="A destination behind the first leads to a trunk that this Vapi organisation does not have. The label "
        "is not shown: it may be a private key.",
        fix="Remove the destination with didlogic_forward: state absent, or in didlogic's portal. If the label was a "
        "private key of yours, make a new key at Vapi and delete the old one.",
    ),
    Rule(
        id="wrong-region",
        severity="error",
        step="forward",
        route=wrong_region,
        message="A destination leads to the SIP host of another region than the trunk's, which is {region}; Vapi "
        "answers 404 there.",
        fix="Forward to {host} with didlogic_forward: region.",
    ),
    Rule(
        id="no-label",
        severity="warning",
        step="forward",
        route=no_label,
        message="A destination leads to Vapi's SIP host without a trunk's id in front, so Vapi must guess the trunk.",
        fix="Forward to the trunk's id with didlogic_forward: vapi_trunk_id.",
    ),
    Rule(
        id="not-first",
        severity="error",
        step="forward",
        route=not_first,
        message="Calls go to another destination first ({first}); Vapi is only tried when that does not answer.",
        fix="Put Vapi first with didlogic_forward: position first.",
    ),
    Rule(
        id="switched-off",
        severity="error",
        step="forward",
        route=switched_off,
        message="The destination that leads to Vapi is switched off.",
        fix="Switch it on with didlogic_forward: active.",
    ),
    Rule(
        id="no-destination",
        severity="error",
        step="forward",
        route=no_destination,
        message="The number has destinations and none is active: every call to it fails.",
        fix="Switch one on, or forward the number to Vapi with didlogic_forward.",
    ),
    Rule(
        id="no-forward",
        severity="info",
        step="forward",
        route=no_forward,
        message="The number has no destination: calls to it reach nobody.",
        fix="Forward it with didlogic_forward, or give the number back to didlogic.",
    ),
    Rule(
        id="not-forwarded",
        severity="info",
        step="forward",
        route=not_forwarded,
        message="Vapi has the number, and no destination leads there: Vapi can call with it, and is not called.",
        fix="Forward it with didlogic_forward if callers are to reach Vapi.",
    ),
    Rule(
        id="not-imported",
        severity="error",
        step="phone_number",
        route=not_imported,
        message="The number is forwarded to Vapi, and Vapi does not have it: calls are answered with 404.",
        fix="Import it with vapi_phone_number: number and trunk.",
    ),
    Rule(
        id="not-bought",
        severity="warning",
        step="number",
        route=not_bought,
        message="Vapi has the number, and the didlogic account does not: no call comes in, and didlogic refuses it "
        "as a caller.",
        fix="Buy it at didlogic, or remove it with vapi_phone_number: state absent.",
    ),
    Rule(
        id="nowhere",
        severity="error",
        step="number",
        route=nowhere,
        message="The number is asked for, and neither didlogic nor Vapi has it.",
        fix="Correct it in routing_audit: numbers, or buy it at didlogic.",
    ),
    Rule(
        id="spelling",
        severity="error",
        step="phone_number",
        route=spelling,
        message="The forward calls {user}, and the phone number at Vapi is spelt {spelled}: Vapi compares letter by "
        "letter and answers 404.",
        fix="Spell both alike: didlogic_forward: uri_user, or vapi_phone_number: number.",
    ),
    Rule(
        id="other-number",
        severity="warning",
        step="forward",
        route=other_user,
        message="The forward calls {user}, which is another number than this one.",
        fix="If that is not meant, forward to this number with didlogic_forward: uri_user.",
    ),
    Rule(
        id="other-trunk",
        severity="error",
        step="trunk",
        route=other_trunk,
        message="The forward leads to the trunk {there}, and the phone number is on the trunk {here}: Vapi does not "
        "find it there.",
        fix="Bring both together: vapi_phone_number: trunk, or didlogic_forward: vapi_trunk_id.",
    ),
    Rule(
        id="no-trunk",
        severity="error",
        step="trunk",
        route=no_trunk,
        message="The phone number is on a trunk that does not exist: no call gets in or out.",
        fix="Give it one with vapi_phone_number: trunk.",
    ),
    Rule(
        id="blocked",
        severity="error",
        step="phone_number",
        route=blocked,
        message="Vapi has blocked the phone number.",
        fix="Ask Vapi's support why. Nothing here can lift it.",
    ),
    Rule(
        id="activating",
        severity="warning",
        step="phone_number",
        route=activating,
        message="Vapi is still activating the phone number.",
        fix="Look again in some minutes.",
    ),
    Rule(
        id="nobody-answers",
        severity="error",
        step="assistant",
        route=nobody_answers,
        message="The phone number has no assistant, squad, workflow or server: Vapi ends each call at once.",
        fix="Assign one with vapi_phone_number: assistant.",
    ),
    Rule(
        id="assistant-gone",
        severity="error",
        step="assistant",
        route=answering_gone,
        message="The phone number's {kind} does not exist: Vapi ends each call at once.",
        fix="Assign one that exists with vapi_phone_number: {kind}.",
    ),
    Rule(
        id="member-gone",
        severity="error",
        step="assistant",
        route=member_gone,
        message="The phone number's squad has {count} members that do not exist.",
        fix="Correct the squad at Vapi, or assign an assistant with vapi_phone_number: assistant.",
    ),
    Rule(
        id="own-call-control",
        severity="error",
        step="tool",
        route=own_control,
        message="serverMessages of {name} holds phone-call-control, which hands the transfer to your server: Vapi's "
        "transfer tools do nothing.",
        fix="Take it out of serverMessages with vapi_assistant: definition.",
    ),
    Rule(
        id="transfer-refused",
        severity="warning",
        step="tool",
        account=transfer_refused,
        message="didlogic may refuse the transfer: its target is {why}.",
        fix="Use sip:+<number>@<the trunk's gateway> with vapi_transfer_tool: destinations.sip_uri, to a number that "
        "didlogic lets REFER go to, or keep Vapi in the call with destinations.sip_verb: dial.",
    ),
    Rule(
        id="transfer-elsewhere",
        severity="info",
        step="tool",
        account=transfer_elsewhere,
        message="It hands over to {to}, which is no number of the didlogic account: didlogic may allow transfers "
        "by REFER to its own numbers only.",
        fix="Ask didlogic's account manager, or keep Vapi in the call with vapi_transfer_tool: destinations.sip_verb "
        "dial.",
    ),
    Rule(
        id="doubled-phone-number",
        severity="error",
        step="phone_number",
        route=doubled,
        message="Vapi has the number {count} times ({ids}): nobody can tell which one answers.",
        fix="Remove all but one with vapi_phone_number: id and state absent.",
    ),
    Rule(
        id="doubled-trunk",
        severity="warning",
        step="trunk",
        account=doubled_trunk,
        message="{count} trunks have this name, so that it is easy to change the wrong one.",
        fix="Remove those that no phone number uses with vapi_sip_trunk: id and state absent.",
    ),
    Rule(
        id="no-inbound-gateway",
        severity="warning",
        step="trunk",
        account=no_inbound,
        message="No gateway lets didlogic's addresses in: Vapi answers incoming calls with 401, its guide says.",
        fix="Add didlogic's signalling addresses with vapi_sip_trunk: gateways (outbound_enabled: false).",
    ),
    Rule(
        id="host-name-inbound",
        severity="error",
        step="trunk",
        account=inbound_host,
        message="The gateway {host} is a host name with inbound calls enabled: Vapi knows callers by address only.",
        fix="Set inbound_enabled: false there in vapi_sip_trunk: gateways, and add didlogic's IPv4 addresses.",
    ),
    Rule(
        id="no-outbound-gateway",
        severity="warning",
        step="trunk",
        account=no_outbound,
        message="No gateway is enabled for outbound calls: Vapi can neither call nor transfer.",
        fix="Add didlogic's proxy with vapi_sip_trunk: gateways (outbound_enabled: true).",
    ),
    Rule(
        id="no-login",
        severity="warning",
        step="trunk",
        account=no_login,
        message="The trunk has no user name: didlogic refuses its calls (401 or 407).",
        fix="Set the SIP account's login with vapi_sip_trunk: username and password.",
    ),
    Rule(
        id="unknown-login",
        severity="warning",
        step="trunk",
        account=unknown_login,
        message="The trunk logs in as {login}, which is no SIP account of this didlogic account: unless it is one of "
        "another account, outbound calls are refused.",
        fix="Set a login that exists with vapi_sip_trunk: username and password, or make one (didlogic_sip_account).",
    ),
    Rule(
        id="addresses-missing",
        severity="error",
        step="account",
        account=restricted,
        message="The account takes calls from some addresses only, and Vapi's {missing} are not among them: calls from "
        "there are refused.",
        fix="Add them with didlogic_sip_account: allowed_ips, or switch ip_restrict off.",
    ),
    Rule(
        id="foreign-caller-id",
        severity="warning",
        step="account",
        account=foreign_caller,
        message="The caller id {caller} is none of the account's numbers: didlogic or the network may refuse it.",
        fix="Set one of the account's numbers with didlogic_sip_account: caller_id.",
    ),
    Rule(
        id="balance-low",
        severity="warning",
        step="account",
        account=low_balance,
        message="The balance is {balance} US dollars: outbound calls and number fees will soon end.",
        fix="Top the account up in didlogic's portal.",
    ),
    Rule(
        id="balance-empty",
        severity="warning",
        step="account",
        account=no_balance,
        message="The balance is {balance} US dollars: unless the account is billed afterwards, didlogic refuses "
        "outbound calls.",
        fix="Top the account up in didlogic's portal.",
    ),
    Rule(
        id="unused-tool",
        severity="warning",
        step="tool",
        account=unused_tool,
        message="The transfer tool is {how}: nobody is handed over by it.",
        fix="Attach it with vapi_assistant: tools, or remove it with vapi_transfer_tool: state absent.",
    ),
    Rule(
        id="too-many-objects",
        severity="warning",
        step="account",
        account=too_many,
        message="There are more than {limit}: whether the services list them all is not known, so this audit may have "
        "missed some.",
        fix="Look at some of them only, with routing_audit: numbers.",
    ),
)


class Ask(Record):
    """Options of the audit."""

    numbers: t.Annotated[list[str] | None, Option(clean=lambda given: [digits(number) for number in given])] = None
    ignore: list[str] | None = None
    fail_on: t.Literal["never", "error", "warning"] = "never"


def audit(engines: dict[str, t.Any], ask: Ask) -> Row:
    """Both accounts looked through. ``engines`` by the services' names; raises :class:`Failed` as ``fail_on`` says."""
    known = [rule.id for rule in RULES]
    for index, name in enumerate(ask.ignore or ()):
        if name not in known:
            raise Problem(f"ignore[{index}]", f"is no rule; there are {', '.join(known)}.")
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
        raise Failed(listed(f"The audit found {len(worst)} faults.", sentences, MOST_TOLD), result, labels)
    return {**result, "labels": labels}
