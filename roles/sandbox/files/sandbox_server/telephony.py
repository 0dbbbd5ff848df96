# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telephony without state: the course of a call, as a pure function of a script.

A line contains the times of a dialled call: ``at``, then ``ring``, ``answer`` and ``forward`` if they are reached, and
``end``, all in milliseconds since the epoch, with the ended reason. The state of the call at any later time follows
from its line and the clock.

A script defines the behaviour of the other party. Without a script everybody answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from . import schema

Line = dict[str, Any]
Script = dict[str, Any]

# --- the default durations in seconds; the services do not document any.

QUEUED = 1  # until the INVITE is sent
RING = 3
TALK = 30
FORWARD = 2  # from the transfer to the end of the assistant's part
DIAL_TIMEOUT = 60  # Vapi's default for `transport.dialTimeout`

# --- Vapi's states and reasons

CUSTOMER_ENDED = "customer-ended-call"
FORWARDED = "assistant-forwarded-call"
NO_ANSWER = "customer-did-not-answer"
GET_ASSISTANT = "call.start.error-get-assistant"
GET_PHONE_NUMBER = "call.start.error-get-phone-number"
GET_CUSTOMER = "call.start.error-get-customer"
NO_TARGET = "call-start-error-neither-assistant-nor-server-set"
REQUEST_FAILED = "assistant-request-failed"
OVER_LIMIT = "call.start.error-subscription-concurrency-limit-reached"
NOT_CONNECTED = "call.in-progress.error-sip-outbound-call-failed-to-connect"
FORBIDDEN = "call.in-progress.error-providerfault-outbound-sip-403-forbidden"
PROXY_AUTHENTICATION = "call.in-progress.error-providerfault-outbound-sip-407-proxy-authentication-required"
SCHEDULED_DELETED = "scheduled-call-deleted"
VOICEMAIL = "voicemail"
ASSISTANT_VERSION = "call.start.assistant-version-error-validation"
SQUAD_VERSION = "call.start.squad-version-error-validation"

# Reasons that are newer than the description: Python SDK 3.0.0.
NEWER_REASONS = frozenset(
    {
        "call.in-progress.error-configfault-model-unsupported-in-squad",
        "call.in-progress.error-configfault-transport-unsupported-for-model",
        "call.in-progress.error-providerfault-eleven-labs-blocked-concurrent-requests-and-requested-upgrade",
        "call.in-progress.error-providerfault-eleven-labs-vapi-voice-disabled-by-owner",
        "call.in-progress.error-providerfault-eleven-labs-voice-disabled-by-owner",
        "call.start.error-vapifault-worker-not-available",
        SQUAD_VERSION,
        "sip-outbound-carrier-released-call",
        "sip-outbound-unallocated-number",
    }
)
REASONS = schema.enum_values("Call", "endedReason") | NEWER_REASONS

# The progress of a call by its reason.
_NOT_PLACED = re.compile(r"call\.start\.|call-start-error-|assistant-(request|not)-|scheduled-call-deleted")
_NOT_RUNG = re.compile(
    _NOT_PLACED.pattern + r"|.*-sip-(403|407|503)-|.*error-sip-.*failed-to-connect|sip-outbound-unallocated-number"
)
_NOT_ANSWERED = re.compile(
    _NOT_RUNG.pattern
    + r"|.*-sip-(408|480)-|call\.ringing\.|customer-(busy|did-not-answer)$|.*-transport-never-connected"
)
# Calls that the carrier rejected are not in its records.
_NOT_RECORDED = re.compile(_NOT_PLACED.pattern + r"|.*-sip-(403|407)-")

TRANSFER_STATES = ("connected", "no-answer", "busy", "voicemail", "failed", "completed", "cancelled")
_RANG = {"connected", "no-answer", "busy", "voicemail", "completed"}  # the other party's phone
_TALKED = {"connected", "voicemail", "completed"}


def was_placed(reason: str) -> bool:
    """Whether the call left Vapi."""
    return not _NOT_PLACED.match(reason)


def was_recorded(reason: str) -> bool:
    """Whether the carrier has a record of the call."""
    return not _NOT_RECORDED.match(reason)


# --- lines


def line(
    at: int, script: Script, *, reason: str | None = None, queued: float = QUEUED, dial_timeout: float = DIAL_TIMEOUT
) -> Line:
    """The line of a call that is dialled at a given time. A given ``reason`` takes precedence over the script."""
    follows = reason is None
    transfers = script.get("transfers", [])
    ring = script.get("ring", RING)
    if reason is None:
        reason = script.get("ended_reason") or (FORWARDED if transfers else CUSTOMER_ENDED)
        if ring > dial_timeout and not _NOT_RUNG.match(reason):
            reason, follows = NO_ANSWER, False
    found: Line = {"at": at, "reason": reason}
    moment = at + _ms(queued)
    if not _NOT_RUNG.match(reason):
        found["ring"] = moment
        moment += _ms(min(ring, dial_timeout))
    if not _NOT_ANSWERED.match(reason):
        found["answer"] = moment
        moment += _ms(script.get("talk", TALK))
        if transfers:
            found["forward"] = moment
            found["transfers"] = transfers
            moment += _ms(FORWARD)
    found["end"] = moment
    if follows:
        found |= {name: script[name] for name in _KEPT if name in script}
    return found


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def status(found: Line, now: int) -> str:
    """Vapi's state of the call."""
    if now >= found["end"]:
        return "ended"
    for key, word in (("forward", "forwarding"), ("answer", "in-progress"), ("ring", "ringing")):
        if now >= found.get(key, now + 1):
            return word
    return "queued"


def last_change(found: Line, now: int) -> int:
    """The time of the call's last change of state."""
    return max(int(found[key]) for key in ("at", "ring", "answer", "forward", "end") if found.get(key, now + 1) <= now)


def legs(found: Line, now: int) -> Iterator[Line]:
    """The carrier's records of a finished call: the call, and each transfer that reached a phone."""
    leg = found.get("leg")
    if not leg or found["end"] + _ms(found.get("record_delay", 0)) > now:
        return
    over: int = found["forward"] if "forward" in found else found["end"]
    yield {**leg, "at": found.get("ring", found["at"]), "seconds": int(over - found.get("answer", over)) // 1000}
    for transfer in found.get("transfers", []):
        # If a transfer request was ignored, no phone rang, regardless of Vapi's status.
        if transfer.get("leg", transfer.get("status") in _RANG):
            talk = transfer.get("talk", TALK) if transfer.get("status") in _TALKED else 0
            own = leg["to"] if leg["type"] == "incoming" else leg["from"]
            yield {
                "type": "sip",
                "account": leg["login"],
                "from": own,
                "to": user(address(transfer["destination"])),
                "at": over,
                "seconds": int(talk),
            }


def user(target: str) -> str:
    """The number of a number or a SIP URI, without a plus; other texts are not changed."""
    name = re.sub(r"^(?i:sips?:)", "", target).partition("@")[0].removeprefix("+")
    return name if name.isdigit() else target


def destination(given: Any) -> dict[str, Any]:
    """A transfer's destination in Vapi's form; a script may give the bare number or URI."""
    if isinstance(given, dict):
        return given
    return {"type": "number", "number": given} if not given.startswith("sip") else {"type": "sip", "sipUri": given}


def address(given: Any) -> str:
    """The number or the URI of a transfer's destination."""
    found = destination(given)
    return str(found.get("number") or found.get("sipUri"))


# --- scripts


def script_for(scripts: Iterable[Script], other_party: str) -> Script:
    """The first script whose ``match`` matches the other party's number, or an empty one."""
    for script in scripts:
        if other_party.endswith(script.get("match", {}).get("number", "")):
            return script
    return {}


# What a line takes over from its script.
_KEPT = ("ended_message", "summary", "success", "transcript", "record_delay", "list_delay")
_SCRIPT: dict[str, type | tuple[type, ...]] = {
    "match": dict,
    "ring": (int, float),
    "talk": (int, float),
    "ended_reason": str,
    "ended_message": str,
    "summary": str,
    "success": bool,
    "transcript": str,
    "transfers": list,
    "hears": bool,
    "repeats": bool,
    "record_delay": (int, float),
    "list_delay": (int, float),
}
_TRANSFER: dict[str, type | tuple[type, ...]] = {
    "destination": (str, dict),
    "mode": str,
    "status": str,
    "transcript": str,
    "talk": (int, float),
    "leg": bool,
}


def check_scripts(scripts: list[Any]) -> None:
    """Check the scripts; raises ValueError."""
    for index, script in enumerate(scripts):
        path = f"calls[{index}]"
        _check(script, _SCRIPT, path)
        _check(script.get("match", {}), {"number": str}, f"{path}.match")
        reason = script.get("ended_reason", CUSTOMER_ENDED)
        if reason not in REASONS:
            raise ValueError(f"{path}: Vapi has no ended_reason {reason}")
        for number, transfer in enumerate(script.get("transfers", [])):
            _check(transfer, _TRANSFER, f"{path}.transfers[{number}]")
            if not address(transfer.get("destination", {})).lower().startswith(("+", "sip:", "sips:")):
                raise ValueError(f"{path}.transfers[{number}].destination must be a number with + or a SIP URI")
            if transfer.get("status", "failed") not in TRANSFER_STATES:
                raise ValueError(f"{path}.transfers[{number}].status must be one of {', '.join(TRANSFER_STATES)}")


def _check(value: Any, kinds: dict[str, type | tuple[type, ...]], path: str) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{path} must be an object")  # noqa: TRY004 - reported like any other error
    for name, item in value.items():
        if name not in kinds:
            raise ValueError(f"{path} has an unknown key {name}; the keys are {', '.join(kinds)}")
        kind = kinds[name]
        if not isinstance(item, kind) or (isinstance(item, bool) and kind is not bool):
            words = [one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,))]
            raise ValueError(f"{path}.{name} must be a {' or '.join(words)}")
        if isinstance(item, (int, float)) and item < 0:
            raise ValueError(f"{path}.{name} must not be negative")
