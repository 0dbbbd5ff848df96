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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ModuleFailureError,
    OptionError,
    format_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_ordered import Entry
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import MAX_LISTED
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_sip_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    counted,
    digits,
    is_ipv4,
    printable,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import TRANSPORT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    ApiObject,
    CallPath,
    Snapshot,
    display_name,
    gateways,
    inbound_gateways,
    login_of,
    read,
    titled,
    to_result,
    uri_of,
    user_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import (
    Transfer,
    is_answered,
    references,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import SIGNALLING, VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    SIP_HOST,
    holds_key,
    host_of,
    label_of,
    region_of,
)

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
MAX_OBJECTS = 10_000

#: US dollars; with less, outbound calls will soon fail.
LOW_BALANCE = 5.0

Hit = dict[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """One check.

    :param step: the step of the call path: number, forward, trunk, phone_number, assistant, tool, account.
    :param severity: the highest severity. A finding may lower it with the key ``severity``, to one of ``lower``.
    :param evidence: one of ``EVIDENCE``, for the stated consequence. :param source: the source of the evidence.
    :param message: and ``fix`` are templates for the values of a finding. :param path: returns the values of each
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
    path: t.Callable[[CallPath], t.Iterable[Hit]] = lambda _route: ()
    account: t.Callable[[Snapshot], t.Iterable[Hit]] = lambda _snapshot: ()


def findings(snapshot: Snapshot, ignored: t.Collection[str] = ()) -> list[ApiObject]:
    """Run all checks.

    :param snapshot: both accounts. :return: the findings, most severe first.
    """
    found = []
    for rule in [rule for rule in RULES if rule.id not in ignored]:
        for path in snapshot.call_paths:
            subject = {"subject": f"number {path.number}"}
            found += [_finding(rule, {**subject, **words}, [path.number]) for words in rule.path(path)]
        found += [_finding(rule, words, _concerned(snapshot, words)) for words in rule.account(snapshot)]
    return sorted(found, key=lambda item: (SEVERITIES.index(item["severity"]), item["subject"], item["rule"]))


def _finding(rule: Rule, words: Hit, concerned: list[str]) -> ApiObject:
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


def _concerned(snapshot: Snapshot, words: Hit) -> list[str]:
    """The numbers whose call path contains the object of a finding; by its id if it has one, as names may repeat."""

    def takes(path: CallPath) -> bool:
        if "id" in words:
            rows = [path.trunk, *(row for _kind, row in path.reached)]
            return words["id"] in [str(row["id"]) for row in rows if row]
        return words["subject"] in (f"trunk {display_name(path.trunk)}", f"SIP account {login_of(path.trunk)}")

    return [call_path.number for call_path in snapshot.call_paths if takes(call_path)]


def numbers(snapshot: Snapshot, found: list[ApiObject]) -> list[ApiObject]:
    """Each number's call path with the ids of its findings and their highest severity.

    :param snapshot: both accounts. :param found: the findings. :return: one item per number.
    """
    by_number = collections.defaultdict(list)
    for finding in found:
        for number in finding["numbers"]:
            by_number[number].append(finding)
    items = []
    for path in snapshot.call_paths:
        own = by_number[path.number]
        worst = min((item["severity"] for item in own), key=SEVERITIES.index, default="ok")
        broken: dict[str, list[str]] = {}
        for item in own:
            broken.setdefault(item["step"], []).append(item["rule"])
        items.append({**to_result(path), "status": worst, "broken": broken})
    return items


def _if(condition: t.Any, **words: t.Any) -> list[Hit]:
    return [{name: str(value) for name, value in words.items()}] if condition else []


def private_key(path: CallPath) -> list[Hit]:
    """A destination contains Vapi's private key.

    :param path: the call path. :return: the findings.
    """
    hits = [entry for entry in path.to_vapi if holds_key(uri_of(entry), path.snapshot.key)]
    return _if(hits)


def _unknown(path: CallPath) -> list[Entry]:
    """Destinations at a Vapi host with a label that is neither a trunk id nor the key."""
    return [
        entry
        for entry in path.to_vapi
        if label_of(uri_of(entry)) and not path.trunk_of(entry) and not holds_key(uri_of(entry), path.snapshot.key)
    ]


def unknown_trunk(path: CallPath) -> list[Hit]:
    """The first active destination leads to an unknown trunk.

    :param path: the call path. :return: the findings.
    """
    return _if(path.first_active in _unknown(path))


def unknown_label(path: CallPath) -> list[Hit]:
    """Such a destination after another one affects no call, but its label may be a key.

    :param path: the call path. :return: the findings.
    """
    return _if([entry for entry in _unknown(path) if entry is not path.first_active])


def wrong_region(path: CallPath) -> list[Hit]:
    """A destination leads to another region's SIP host.

    :param path: the call path. :return: the findings.
    """
    found = [e for e in path.to_vapi if _elsewhere(path, e) and path.trunk_of(e)]
    lowered = {} if path.first_active in found else {"severity": "warning"}
    return _if(found, host=SIP_HOST[path.snapshot.region], region=path.snapshot.region, **lowered)


def _elsewhere(path: CallPath, entry: Entry) -> bool:
    return host_of(uri_of(entry)) is not None and region_of(uri_of(entry)) != path.snapshot.region


def no_label(path: CallPath) -> list[Hit]:
    """A destination leads to Vapi's SIP host without a trunk id.

    :param path: the call path. :return: the findings.
    """
    return _if(any(host_of(uri_of(entry)) and not label_of(uri_of(entry)) for entry in path.to_vapi))


def dead_fail_over(path: CallPath) -> list[Hit]:
    """Further destinations whose trunk or number in Vapi cannot receive calls.

    Other checks report other regions and missing trunks.

    :param path: the call path. :return: the findings.
    """
    dead = {
        display_name(path.trunk_of(entry)): path.obstacle(entry)
        for entry in path.to_vapi
        if entry.active and entry is not path.forward and path.trunk_of(entry) and not _elsewhere(path, entry)
    }
    return [{"trunk": trunk, "why": why} for trunk, why in dead.items() if why]


def no_sip_account(path: CallPath) -> list[Hit]:
    """A destination is a SIP account that does not exist.

    :param path: the call path. :return: the findings.
    """
    logins = {str(row.get("name")) for row in path.snapshot.accounts}
    gone = [
        e.identity[1] for e in path.entries if e.active and e.identity[0] == SIP_ACCOUNT and e.identity[1] not in logins
    ]
    return [{"login": login} for login in dict.fromkeys(gone)]


def not_first(path: CallPath) -> list[Hit]:
    """Another destination precedes the one that leads to Vapi.

    :param path: the call path. :return: the findings.
    """
    lead = path.first_active
    others = lead and lead not in path.to_vapi and any(entry.active for entry in path.to_vapi)
    return _if(others, first=to_result(path)["destinations"][path.entries.index(lead)]["leads_to"] if lead else "")


def switched_off(path: CallPath) -> list[Hit]:
    """The destination that leads to Vapi is disabled.

    :param path: the call path. :return: the findings.
    """
    return _if(path.to_vapi and not any(entry.active for entry in path.to_vapi))


def no_destination(path: CallPath) -> list[Hit]:
    """The number has destinations, but none that can answer.

    :param path: the call path. :return: the findings.
    """
    if not path.bought or not path.entries or path.to_vapi or any(map(path.can_answer, path.entries)):
        return []
    if path.first_active:
        return _if(True, which="none is of a known kind", severity="warning")
    return _if(True, which="none is active")


def no_forward(path: CallPath) -> list[Hit]:
    """The number has no destination.

    :param path: the call path. :return: the findings.
    """
    if not path.bought or path.entries:
        return []
    if any(map(path.snapshot.answers, path.phones)):
        return _if(True, note=", although in Vapi it has somebody who answers")
    return _if(True, note="", severity="info")


def not_forwarded(path: CallPath) -> list[Hit]:
    """The number exists in Vapi, but no destination leads there.

    :param path: the call path. :return: the findings.
    """
    return _if(path.bought and path.phone and path.entries and not path.to_vapi)


def not_imported(path: CallPath) -> list[Hit]:
    """The number is forwarded to Vapi but does not exist there.

    :param path: the call path. :return: the findings.
    """
    return _if(path.to_vapi and not path.phone)


def not_bought(path: CallPath) -> list[Hit]:
    """The number exists in Vapi but not in the didlogic account.

    :param path: the call path. :return: the findings.
    """
    return _if(path.phone and not path.bought and path.snapshot.is_didlogic(path.trunk))


def nowhere(path: CallPath) -> list[Hit]:
    """The requested number does not exist.

    :param path: the call path. :return: the findings.
    """
    return _if(not path.phone and not path.bought)


def spelling(path: CallPath) -> list[Hit]:
    """The forward and the phone number have different spellings.

    :param path: the call path. :return: the findings.
    """
    if not path.forward or not path.phone or not label_of(uri_of(path.forward)):
        return []
    user, number = user_of(path.forward), str(path.phone.get("number"))
    return _if(user != number and digits(user) == digits(number), user=user, spelled=number)


def other_user(path: CallPath) -> list[Hit]:
    """The forward calls another number.

    :param path: the call path. :return: the findings.
    """
    if not path.forward or not label_of(uri_of(path.forward)):
        return []
    user = user_of(path.forward)
    return _if(digits(user) != path.number, user=user)


def other_trunk(path: CallPath) -> list[Hit]:
    """The forward and the phone number are on different trunks.

    :param path: the call path. :return: the findings.
    """
    trunk = path.trunk_of(path.forward) if path.forward else None
    wrong = trunk and path.trunk and trunk["id"] != path.trunk["id"]
    return _if(wrong, there=display_name(trunk), here=display_name(path.trunk))


def no_trunk(path: CallPath) -> list[Hit]:
    """The phone number's trunk does not exist.

    :param path: the call path. :return: the findings.
    """
    return _if(path.phone and not path.trunk)


def blocked(path: CallPath) -> list[Hit]:
    """The phone number is blocked.

    :param path: the call path. :return: the findings.
    """
    return _if((path.phone or {}).get("status") == "blocked")


def activating(path: CallPath) -> list[Hit]:
    """The phone number is being activated.

    :param path: the call path. :return: the findings.
    """
    return _if((path.phone or {}).get("status") == "activating")


def nobody_answers(path: CallPath) -> list[Hit]:
    """The phone number has nobody who answers.

    :param path: the call path. :return: the findings.
    """
    return _if(path.phone and path.to_vapi and not is_answered(path.phone) and not _by_workflow(path))


def retired_workflow(path: CallPath) -> list[Hit]:
    """A workflow is assigned to the phone number.

    :param path: the call path. :return: the findings.
    """
    return _if(_by_workflow(path))


def _by_workflow(path: CallPath) -> bool:
    phone = path.phone or {}
    return bool(phone.get("workflowId")) and not phone.get("assistantId") and not phone.get("squadId")


def answering_gone(path: CallPath) -> list[Hit]:
    """The phone number's assistant, squad or server does not exist.

    :param path: the call path. :return: the findings.
    """
    phone, kinds = path.phone or {}, ("assistant", "squad")
    return [
        {"kind": kind}
        for kind in kinds
        if phone.get(f"{kind}Id") and not path.snapshot.exists(kind, str(phone[f"{kind}Id"]))
    ]


def member_gone(snapshot: Snapshot) -> list[Hit]:
    """A squad member's assistant does not exist.

    :param snapshot: both accounts. :return: the findings.
    """
    return [words for words in _gone(snapshot) if words["member"]]


def tool_gone(snapshot: Snapshot) -> list[Hit]:
    """An object refers to a tool that does not exist.

    :param snapshot: both accounts. :return: the findings.
    """
    return [words for words in _gone(snapshot) if words["kind"] == "tool"]


def reference_gone(snapshot: Snapshot) -> list[Hit]:
    """An object refers to another object that does not exist.

    :param snapshot: both accounts. :return: the findings.
    """
    return [words for words in _gone(snapshot) if words["kind"] != "tool" and not words["member"]]


def _gone(snapshot: Snapshot) -> list[Hit]:
    """Each reference to an object that does not exist in Vapi; without a filter also in unused objects."""
    held = {str(row["id"]): (kind, row, "") for kind, row in _unreached(snapshot)}
    held |= {str(row["id"]): (kind, row, "used") for path in snapshot.call_paths for kind, row in path.reached}
    return [
        {
            "subject": titled(kind, row),
            "id": key,
            "kind": reference.kind,
            "place": reference.path,
            "gone": reference.id,
            "member": "yes" if _is_member(kind, reference.path) else "",
            **({} if used else {"severity": "warning"}),
        }
        for key, (kind, row, used) in held.items()
        for reference in references(row)
        if not snapshot.exists(reference.kind, reference.id)
        and not (kind == "phone_number" and _is_own(reference.path))
    ]


def _is_member(kind: str, at: str) -> bool:
    return kind == "squad" and at.startswith("members[") and at.endswith("].assistantId") and at.count(".") == 1


def _is_own(at: str) -> bool:
    """Other checks report the trunk and the assistant that a phone number refers to."""
    return at in ("credentialId", "assistantId", "squadId")


def _unreached(snapshot: Snapshot) -> list[tuple[str, ApiObject]]:
    if snapshot.declared_numbers:
        return []
    rows = {"assistant": snapshot.assistants, "squad": snapshot.squads, "tool": snapshot.tools}
    return [(kind, row) for kind, found in rows.items() for row in found]


def own_control(path: CallPath) -> list[Hit]:
    """An assistant delegates transfers to a server.

    :param path: the call path. :return: the findings.
    """
    found = [row for row in path.assistants if "phone-call-control" in (row.get("serverMessages") or [])]
    return _if(found and path.transfers, name=", ".join(display_name(row) for row in found))


def duplicate_import(path: CallPath) -> list[Hit]:
    """The number exists several times in Vapi.

    :param path: the call path. :return: the findings.
    """
    return _if(len(path.phones) > 1, count=len(path.phones), ids=", ".join(str(row["id"]) for row in path.phones))


def _referred(path: CallPath) -> t.Iterator[tuple[str, ApiObject, Transfer]]:
    """Each transfer that Vapi requests from didlogic: kind and row of the object that defines it, and the transfer."""
    if path.snapshot.is_didlogic(path.trunk):
        for kind, row, transfer in path.transfers:
            if transfer.by_refer and transfer.target:
                yield kind, row, transfer


def _transfers(snapshot: Snapshot, wrong: t.Callable[[CallPath, str, str], Hit | None]) -> list[Hit]:
    """Each object with a transfer that is invalid for a number's trunk, once per reason.

    ``wrong`` gets user and host of the target; the host is empty for a plain number.
    """
    found: dict[str, Hit] = {}
    for path in snapshot.call_paths:
        for kind, row, transfer in _referred(path):
            uri = parse_sip_uri(transfer.target)
            words = wrong(path, uri.user or uri.host, uri.host if uri.user or uri.scheme else "")
            if words is not None:
                at = f" ({transfer.path})" if transfer.path and kind != "tool" else ""
                hit = {"subject": titled(kind, row), "id": str(row["id"]), "place": at, **words}
                found.setdefault(str(hit), hit)
    return list(found.values())


def _hosts(path: CallPath) -> set[str]:
    return {parse_sip_uri(str(row.get("ip", ""))).host for row in gateways(path.trunk)}


def transfer_refused(snapshot: Snapshot) -> list[Hit]:
    """didlogic requires a SIP address at its gateway.

    :param snapshot: both accounts. :return: the findings.
    """

    def wrong(path: CallPath, _user: str, host: str) -> Hit | None:
        if host in _hosts(path):
            return None
        return {"why": "no address at the trunk's gateway" if host else "a phone number"}

    return _transfers(snapshot, wrong)


def transfer_elsewhere(snapshot: Snapshot) -> list[Hit]:
    """didlogic may restrict REFER to its own numbers.

    :param snapshot: both accounts. :return: the findings.
    """

    def wrong(path: CallPath, user: str, host: str) -> Hit | None:
        return {"to": user} if host in _hosts(path) and digits(user) not in path.snapshot.own else None

    return _transfers(snapshot, wrong)


def _used(snapshot: Snapshot) -> list[ApiObject]:
    """didlogic's trunks on the call paths of the audited numbers."""
    ids = {str(row["id"]): row for path in snapshot.call_paths for row in (path.trunk,) if row}
    return [row for row in ids.values() if snapshot.is_didlogic(row)]


def other_carrier(snapshot: Snapshot) -> list[Hit]:
    """Trunks of other carriers, which are not checked.

    :param snapshot: both accounts. :return: the findings.
    """
    looked_at = {str(path.trunk["id"]) for path in snapshot.call_paths if path.trunk}
    return [
        _of_trunk(
            row,
            hosts=", ".join(str(gateway.get("ip")) for gateway in gateways(row)) or "none",
            count=counted(sum(str(p.get("credentialId")) == str(row["id"]) for p in snapshot.phones), "phone number"),
        )
        for row in snapshot.trunks
        if not snapshot.is_didlogic(row) and (not snapshot.declared_numbers or str(row["id"]) in looked_at)
    ]


def _of_trunk(trunk: ApiObject, **words: t.Any) -> Hit:
    return {
        "subject": f"trunk {display_name(trunk)}",
        "id": str(trunk["id"]),
        **{name: str(value) for name, value in words.items()},
    }


def no_inbound(snapshot: Snapshot) -> list[Hit]:
    """A trunk has no gateway for inbound calls.

    :param snapshot: both accounts. :return: the findings.
    """
    forwarded = {str(path.trunk["id"]) for path in snapshot.call_paths if path.trunk and path.to_vapi}
    return [_of_trunk(row) for row in _used(snapshot) if not inbound_gateways(row) and str(row["id"]) in forwarded]


def inbound_host(snapshot: Snapshot) -> list[Hit]:
    """A gateway for inbound calls is a host name.

    :param snapshot: both accounts. :return: the findings.
    """
    return [
        _of_trunk(row, host=gateway.get("ip"))
        for row in _used(snapshot)
        for gateway in gateways(row)
        if gateway.get("inboundEnabled", True) and not is_ipv4(str(gateway.get("ip")))
    ]


def no_outbound(snapshot: Snapshot) -> list[Hit]:
    """A trunk has no gateway for outbound calls.

    :param snapshot: both accounts. :return: the findings.
    """
    return [
        _of_trunk(row)
        for row in _used(snapshot)
        if not any(gateway.get("outboundEnabled", True) for gateway in gateways(row))
    ]


def no_login(snapshot: Snapshot) -> list[Hit]:
    """A trunk has no user name.

    :param snapshot: both accounts. :return: the findings.
    """
    return [_of_trunk(row) for row in _used(snapshot) if not login_of(row)]


def unknown_login(snapshot: Snapshot) -> list[Hit]:
    """A trunk's login is not a SIP account.

    :param snapshot: both accounts. :return: the findings.
    """
    logins = {str(row.get("name")) for row in snapshot.accounts}
    return [
        _of_trunk(row, login=login_of(row)) for row in _used(snapshot) if login_of(row) and login_of(row) not in logins
    ]


def _logins(snapshot: Snapshot) -> list[ApiObject]:
    """The SIP accounts of the trunks on the call paths."""
    used = {login_of(row) for row in _used(snapshot)}
    return [row for row in snapshot.accounts if str(row.get("name")) in used]


def restricted(snapshot: Snapshot) -> list[Hit]:
    """A SIP account does not allow all of Vapi's addresses.

    :param snapshot: both accounts. :return: the findings.
    """
    found = []
    for row in _logins(snapshot):
        allowed = {str(ip) for ip in row.get("allowed_ips") or []}
        missing = [ip for ip in SIGNALLING[snapshot.region] if not _allows(allowed, ip)]
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


def foreign_caller(snapshot: Snapshot) -> list[Hit]:
    """A SIP account's caller ID is not a number of the account.

    :param snapshot: both accounts. :return: the findings.
    """
    return [
        {"subject": f"SIP account {row.get('name')}", "caller": str(row["callerid"])}
        for row in _logins(snapshot)
        if row.get("callerid") and digits(str(row["callerid"])) not in snapshot.own
    ]


def low_balance(snapshot: Snapshot) -> list[Hit]:
    """The balance is low.

    :param snapshot: both accounts. :return: the findings.
    """
    low = snapshot.balance is not None and 0 < snapshot.balance < LOW_BALANCE
    return [{"subject": "didlogic account", "balance": f"{snapshot.balance:.2f}"}] if low else []


def no_balance(snapshot: Snapshot) -> list[Hit]:
    """The balance is used up.

    :param snapshot: both accounts. :return: the findings.
    """
    none = snapshot.balance is not None and snapshot.balance <= 0
    return [{"subject": "didlogic account", "balance": f"{snapshot.balance:.2f}"}] if none else []


def unused_tool(snapshot: Snapshot) -> list[Hit]:
    """Transfer tools that no object refers to; only if all numbers are audited.

    :param snapshot: both accounts. :return: the findings.
    """
    if snapshot.declared_numbers:
        return []
    referrer_rows = (*snapshot.assistants, *snapshot.squads, *snapshot.phones)
    attached = {reference.id for row in referrer_rows for reference in references(row) if reference.kind == "tool"}
    return [
        {"subject": f"transfer tool {display_name(row, 'function.name')}", "id": str(row["id"])}
        for row in snapshot.tools
        if str(row["id"]) not in attached
    ]


def duplicate_trunk_name(snapshot: Snapshot) -> list[Hit]:
    """Several trunks have the same name.

    :param snapshot: both accounts. :return: the findings.
    """
    names = collections.Counter(display_name(row) for row in snapshot.trunks)
    ours = snapshot.trunks if not snapshot.declared_numbers else _used(snapshot)
    known = {display_name(row) for row in ours if snapshot.is_didlogic(row)}
    return [
        {"subject": f"trunk {name}", "count": str(count)}
        for name, count in names.items()
        if count > 1 and name in known
    ]


def too_many(snapshot: Snapshot) -> list[Hit]:
    """The lists may be incomplete.

    :param snapshot: both accounts. :return: the findings.
    """
    kinds = {
        "numbers at didlogic": snapshot.numbers,
        "trunks": snapshot.trunks,
        "phone numbers": snapshot.phones,
        "assistants": snapshot.assistants,
        "transfer tools": snapshot.tools,
    }
    return [
        {"subject": f"{len(rows)} {name}", "limit": f"{MAX_OBJECTS:,}"}
        for name, rows in kinds.items()
        if len(rows) > MAX_OBJECTS
    ]


RULES: tuple[Rule, ...] = (
    Rule(
        id="private-key-in-uri",
        severity="error",
        step="forward",
        evidence="documented",
        source="Vapi's guide to didlogic",
        path=private_key,
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
        path=unknown_trunk,
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
        path=unknown_label,
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
        path=wrong_region,
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
        path=no_label,
        message="A destination leads to Vapi's SIP host without a trunk id, so the trunk is not determined.",
        fix="Forward to the trunk's id with didlogic_forward: vapi_trunk_id.",
    ),
    Rule(
        id="dead-fail-over",
        severity="warning",
        step="forward",
        evidence="seen live",
        source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
        path=dead_fail_over,
        message="A further destination leads to the trunk {trunk}, {why}: it cannot receive calls.",
        fix="Remove it with didlogic_forward: state absent, or assign an assistant with vapi_phone_number.",
    ),
    Rule(
        id="sip-account-gone",
        severity="warning",
        step="forward",
        evidence="inferred",
        source="the account's list of SIP accounts does not contain it",
        path=no_sip_account,
        message="A destination is the SIP account {login}, which this didlogic account does not have.",
        fix="Remove it with didlogic_forward: state absent, or use an existing one.",
    ),
    Rule(
        id="not-first",
        severity="warning",
        step="forward",
        evidence="inferred",
        source="didlogic's guides require the destination at the top; that this is the lowest priority is a conclusion",
        path=not_first,
        message="Calls go to another destination first ({first}); Vapi is only tried if that does not answer.",
        fix="Put Vapi first with didlogic_forward: position first.",
    ),
    Rule(
        id="switched-off",
        severity="error",
        step="forward",
        evidence="documented",
        source="didlogic's API documentation of destinations",
        path=switched_off,
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
        path=no_destination,
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
        path=no_forward,
        message="The number has no destination{note}: calls to it fail.",
        fix="Forward it with didlogic_forward, or return the number to didlogic.",
    ),
    Rule(
        id="not-forwarded",
        severity="info",
        step="forward",
        evidence="documented",
        source="didlogic's API documentation of destinations",
        path=not_forwarded,
        message="The number exists in Vapi, but no destination leads there: it is used for outbound calls only.",
        fix="Forward it with didlogic_forward if Vapi should answer calls.",
    ),
    Rule(
        id="not-imported",
        severity="error",
        step="phone_number",
        evidence="seen live",
        source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
        path=not_imported,
        message="The number is forwarded to Vapi but does not exist there: calls to it reach no assistant.",
        fix="Import it with vapi_phone_number: number and trunk.",
    ),
    Rule(
        id="not-bought",
        severity="warning",
        step="number",
        evidence="inferred",
        source="conclusion from the lists of both services",
        path=not_bought,
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
        path=nowhere,
        message="The requested number exists neither in didlogic nor in Vapi.",
        fix="Correct it in routing_audit: numbers, or buy it from didlogic.",
    ),
    Rule(
        id="spelling",
        severity="warning",
        step="phone_number",
        evidence="inferred",
        source="one guide requires the same spelling; whether Vapi finds another one is not documented",
        path=spelling,
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
        path=other_user,
        message="The forward calls {user}, which is a different number.",
        fix="If that is not intended, forward to this number with didlogic_forward: uri_user.",
    ),
    Rule(
        id="other-trunk",
        severity="error",
        step="trunk",
        evidence="seen live",
        source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
        path=other_trunk,
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
        path=no_trunk,
        message="The phone number is on a trunk that does not exist: inbound and outbound calls fail.",
        fix="Assign one with vapi_phone_number: trunk.",
    ),
    Rule(
        id="blocked",
        severity="error",
        step="phone_number",
        evidence="documented",
        source="Vapi's published API description: status",
        path=blocked,
        message="Vapi has blocked the phone number.",
        fix="Contact Vapi's support. This collection cannot unblock it.",
    ),
    Rule(
        id="activating",
        severity="warning",
        step="phone_number",
        evidence="documented",
        source="Vapi's published API description: status",
        path=activating,
        message="Vapi is still activating the phone number.",
        fix="Run the audit again in a few minutes.",
    ),
    Rule(
        id="nobody-answers",
        severity="error",
        step="assistant",
        evidence="documented",
        source="Vapi's published API description: fallbackDestination",
        path=nobody_answers,
        message="The phone number has no assistant, squad, server, fallback or hook that answers: Vapi ends each call.",
        fix="Assign one with vapi_phone_number: assistant.",
    ),
    Rule(
        id="assistant-gone",
        severity="error",
        step="assistant",
        evidence="documented",
        source="Vapi's list of ended reasons",
        path=answering_gone,
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
        path=retired_workflow,
        message="A workflow is assigned to the phone number, but Vapi has run none since 2026-08-19: nobody answers.",
        fix="Assign an assistant or a squad with vapi_phone_number: assistant or squad.",
    ),
    Rule(
        id="own-call-control",
        severity="error",
        step="tool",
        evidence="documented",
        source="Vapi's published API description: serverMessages",
        path=own_control,
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
        path=duplicate_import,
        message="Vapi has the number {count} times ({ids}): which one answers is not documented.",
        fix="Remove all but one with vapi_phone_number: id and state absent.",
    ),
    Rule(
        id="doubled-trunk",
        severity="warning",
        step="trunk",
        evidence="inferred",
        source="conclusion from the lists of both services",
        account=duplicate_trunk_name,
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


class AuditOptions(Model):
    """Options of the audit."""

    numbers: t.Annotated[list[str] | None, Option(normalize=lambda given: [digits(number) for number in given])] = None
    ignore: list[str] | None = None
    fail_on: t.Literal["never", "error", "warning"] = "never"


def audit(engines: dict[str, t.Any], options: AuditOptions) -> ApiObject:
    """Audit both accounts.

    :param engines: by the services' names. :param options: the options of the audit. :return: the result of the module.
    :raises ModuleFailureError: if there is a finding of at least the severity ``fail_on``.
    """
    known = [rule.id for rule in RULES]
    for index, name in enumerate(options.ignore or ()):
        if name not in known:
            raise OptionError(f"ignore[{index}]", f"is not a check; use one of {', '.join(known)}.")
    connection = engines["vapi"].client.connection
    snapshot = read(
        engines["vapi"],
        engines["didlogic"],
        region=connection.region,
        key=connection.api_key,
        declared_numbers=tuple(options.numbers or ()),
    )
    found = findings(snapshot, options.ignore or ())
    counts = {severity: sum(item["severity"] == severity for item in found) for severity in SEVERITIES}
    result = {"changed": False, "numbers": numbers(snapshot, found), "findings": found, "summary": counts}
    labels = {str(row["id"]) for row in snapshot.trunks}
    bad = {"never": (), "error": SEVERITIES[:1], "warning": SEVERITIES[:2]}[options.fail_on]
    worst = [item for item in found if item["severity"] in bad]
    if worst:
        sentences = [f"{item['subject']}: {item['message']} {item['fix']}" for item in worst]
        head = f"The audit found {counted(len(worst), 'problem')}."
        raise ModuleFailureError(format_errors(head, sentences, MAX_LISTED), result, labels)
    return {**result, "labels": labels}
