# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the number in both services, and of what answers its calls in Vapi."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import (
    Hit,
    check,
    hits_if,
    severity_by_route,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    titled,
    uri_of,
    user_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import (
    greets,
    is_answered,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import label_of


@check(
    "not-imported",
    severity="error",
    lower=("warning",),
    step="phone_number",
    evidence="seen live",
    source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
    message="The number is forwarded to Vapi but does not exist there: calls to it reach no assistant.",
    fix="Import it with vapi_phone_number: number and trunk.",
)
def not_imported(path: CallPath) -> list[Hit]:
    """The number is forwarded to Vapi but does not exist there.

    :param path: the call path. :return: the findings.
    """
    calls = digits(user_of(path.forward)) if path.forward else ""
    other = calls and path.snapshot.phone.get(calls)  # another number there, which other-number reports
    return hits_if(path.to_vapi and not path.phone and not other, **severity_by_route(path))


@check(
    "not-bought",
    severity="warning",
    step="number",
    evidence="inferred",
    source="conclusion from the lists of both services",
    message="The number exists in Vapi but not in the didlogic account: it receives no calls, and didlogic rejects "
    "it as a caller ID.",
    fix="Buy it from didlogic, or remove it with vapi_phone_number: state absent.",
)
def not_bought(path: CallPath) -> list[Hit]:
    """The number exists in Vapi but not in the didlogic account.

    :param path: the call path. :return: the findings.
    """
    expected = path.bought or path.number in path.snapshot.dialled
    return hits_if(path.phone and not expected and path.snapshot.is_didlogic(path.trunk))


@check(
    "nowhere",
    severity="error",
    step="number",
    evidence="documented",
    source="the lists of both services",
    message="The requested number exists neither in didlogic nor in Vapi.",
    fix="Correct it in routing_audit: numbers, or buy it from didlogic.",
)
def nowhere(path: CallPath) -> list[Hit]:
    """The requested number does not exist.

    :param path: the call path. :return: the findings.
    """
    return hits_if(not path.phone and not path.bought)


@check(
    "spelling",
    severity="warning",
    step="phone_number",
    evidence="inferred",
    source="one guide requires the same spelling; whether Vapi finds another one is not documented",
    message="The forward calls {user}, but the phone number in Vapi is spelled {spelled}: whether Vapi treats both "
    "as the same number is not documented, and a guide requires the same spelling.",
    fix="Use the same spelling: didlogic_forward: uri_user, or vapi_phone_number: number.",
)
def spelling(path: CallPath) -> list[Hit]:
    """The forward and the phone number have different spellings.

    :param path: the call path. :return: the findings.
    """
    if not path.forward or not path.phone or not label_of(uri_of(path.forward)):
        return []
    user, number = user_of(path.forward), str(path.phone.get("number"))
    return hits_if(user != number and digits(user) == digits(number), user=user, spelled=number)


@check(
    "blocked",
    severity="error",
    step="phone_number",
    evidence="documented",
    source="Vapi's published API description: status",
    message="Vapi has blocked the phone number.",
    fix="Contact Vapi's support. This collection cannot unblock it.",
)
def blocked(path: CallPath) -> list[Hit]:
    """The phone number is blocked.

    :param path: the call path. :return: the findings.
    """
    return hits_if((path.phone or {}).get("status") == "blocked")


@check(
    "activating",
    severity="warning",
    step="phone_number",
    evidence="documented",
    source="Vapi's published API description: status",
    message="Vapi is still activating the phone number.",
    fix="Run the audit again in a few minutes.",
)
def activating(path: CallPath) -> list[Hit]:
    """The phone number is being activated.

    :param path: the call path. :return: the findings.
    """
    return hits_if((path.phone or {}).get("status") == "activating")


@check(
    "nobody-answers",
    severity="error",
    lower=("warning",),
    step="assistant",
    evidence="documented",
    source="Vapi's published API description: fallbackDestination",
    message="The phone number has no assistant, squad with members, server, fallback or hook that answers: Vapi ends "
    "each call.",
    fix="Assign one with vapi_phone_number: assistant.",
)
def nobody_answers(path: CallPath) -> list[Hit]:
    """The phone number has nobody who answers.

    :param path: the call path. :return: the findings.
    """
    if not path.phone or not path.to_vapi or _by_workflow(path) or greets(path.phone):
        return []
    none = not is_answered(path.phone) or path.snapshot.by_empty_squad(path.phone)
    return hits_if(none, **severity_by_route(path))


@check(
    "assistant-gone",
    severity="error",
    lower=("warning",),
    step="assistant",
    evidence="documented",
    source="Vapi's list of ended reasons",
    message="The phone number's {kind} does not exist: {effect}.",
    fix="Assign an existing one with vapi_phone_number: {kind}.",
)
def answering_gone(path: CallPath) -> list[Hit]:
    """The phone number's assistant, squad or server does not exist.

    :param path: the call path. :return: the findings.
    """
    phone, kinds = path.phone or {}, ("assistant", "squad")
    if greets(phone):
        effect = {"effect": "only its hook for ringing calls answers", "severity": "warning"}
    else:
        effect = {"effect": "Vapi ends each call immediately"}
    return [
        {"kind": kind, **effect}
        for kind in kinds
        if phone.get(f"{kind}Id") and not path.snapshot.exists(kind, str(phone[f"{kind}Id"]))
    ]


@check(
    "member-gone",
    severity="warning",
    step="assistant",
    evidence="inferred",
    source="Vapi's list of ended reasons has one for a missing assistant, but none for a squad's",
    message="Its member {place} is the assistant {gone}, which does not exist: a call that reaches it fails.",
    fix="Correct it with vapi_squad: members, or assign an assistant with vapi_phone_number: assistant.",
)
def member_gone(snapshot: Snapshot) -> list[Hit]:
    """A squad member's assistant does not exist.

    :param snapshot: both accounts. :return: the findings.
    """
    return [words for words in _gone(snapshot) if words["member"]]


@check(
    "tool-gone",
    severity="error",
    lower=("warning",),
    step="assistant",
    evidence="documented",
    source="Vapi's own configuration tool, its notes on assistants: a missing entry of toolIds makes the call fail",
    message="{place} refers to the tool {gone}, which does not exist: calls to it fail.",
    fix="Remove the id with vapi_assistant: tools and tools_mode replace, or in Vapi's dashboard.",
)
def tool_gone(snapshot: Snapshot) -> list[Hit]:
    """An object refers to a tool that does not exist.

    :param snapshot: both accounts. :return: the findings.
    """
    return [words for words in _gone(snapshot) if words["kind"] == "tool"]


@check(
    "reference-gone",
    severity="warning",
    step="assistant",
    evidence="inferred",
    source="Vapi's lists do not contain the object; the effect on a call is not documented for every field",
    message="{place} refers to the {kind} {gone}, which does not exist.",
    fix="Assign an existing one, with the module of that object or in Vapi's dashboard.",
)
def reference_gone(snapshot: Snapshot) -> list[Hit]:
    """An object refers to another object that does not exist.

    :param snapshot: both accounts. :return: the findings.
    """
    return [words for words in _gone(snapshot) if words["kind"] != "tool" and not words["member"]]


@check(
    "retired-workflow",
    severity="error",
    lower=("warning",),
    step="assistant",
    evidence="documented",
    source="Vapi's guide to the migration of workflows",
    message="A workflow is assigned to the phone number, but Vapi has run none since 2026-08-19: {effect}.",
    fix="Assign an assistant or a squad with vapi_phone_number: assistant or squad.",
)
def retired_workflow(path: CallPath) -> list[Hit]:
    """A workflow is assigned to the phone number.

    :param path: the call path. :return: the findings.
    """
    if not _by_workflow(path):
        return []
    if not path.snapshot.answers(path.phone or {}):
        return hits_if(True, effect="nobody answers")
    effect = "whether its server, fallback or hook answers instead is not documented"
    if greets(path.phone or {}):
        effect = "only its hook for ringing calls answers"
    return hits_if(True, effect=effect, severity="warning")


def _by_workflow(path: CallPath) -> bool:
    phone = path.phone or {}
    return bool(phone.get("workflowId")) and not phone.get("assistantId") and not phone.get("squadId")


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
        for reference in snapshot.references_of(row)
        if snapshot.is_missing(reference) and not (kind == "phone_number" and _is_own(reference.path))
    ]


def _is_member(kind: str, at: str) -> bool:
    return kind == "squad" and at.startswith("members[") and at.endswith("].assistantId") and at.count(".") == 1


def _is_own(at: str) -> bool:
    """Other checks report the trunk and the assistant that a phone number refers to."""
    return at in ("credentialId", "assistantId", "squadId")


def _unreached(snapshot: Snapshot) -> list[tuple[str, ApiObject]]:
    if snapshot.declared_numbers:
        return []
    rows = {"assistant": snapshot.assistants, "squad": snapshot.squads, "tool": snapshot.tool.values()}
    return [(kind, row) for kind, found in rows.items() for row in found]


@check(
    "doubled-phone-number",
    severity="warning",
    step="phone_number",
    evidence="inferred",
    source="that Vapi accepts a second one follows from reports; which one it uses is not documented",
    message="Vapi has the number {count} times ({ids}): which one answers is not documented.",
    fix="Remove all but one with vapi_phone_number: id and state absent.",
)
def duplicate_import(path: CallPath) -> list[Hit]:
    """The number exists several times in Vapi.

    :param path: the call path. :return: the findings.
    """
    return hits_if(len(path.phones) > 1, count=len(path.phones), ids=", ".join(str(row["id"]) for row in path.phones))
