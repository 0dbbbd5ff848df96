# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last words of a run over an environment: what was done or would be, and where calls go. No secret stands here."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import FORWARD, described
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._engine import (
    DONE,
    MOST_TOLD,
    Outcome,
    listed,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.survey import Route, Row
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import digits, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

#: The first line of the report and of the failure if the verification at the end found differences.
VERIFICATION_FAILED = "Verification failed: the live configuration differs from the declared one."
#: What people call a kind where it is not its title.
TITLES = {"sip_trunk": "trunk"}
KINDS = {"sip_account": " (SIP account)", "pstn": " (phone)"}


def lines(wired: t.Any) -> list[str]:
    """One line for each object, under a number those for its destinations."""
    found = [*_head(wired), *_account(wired)]
    for resource in (SIP_TRUNK, TRANSFER_TOOL, ASSISTANT):
        outcomes = wired.of(resource) if wired.declared.present else reversed(wired.of(resource))
        title = TITLES.get(resource.noun, resource.title)
        found += [_line(title, outcome.want.label, _word(wired, outcome)) for outcome in outcomes]
    found += _phones(wired)
    forwards = _by_number(wired, FORWARD)
    for number in wired.declared.inbound:
        found += _forward(wired, number, forwards.get(str(number.number), []))
    warnings = [item for item in wired.findings if item["severity"] == "warning" and wired.declared.concerned(item)]
    return found + [_line("look at", item["subject"], item["message"]) for item in warnings]


def _head(wired: t.Any) -> list[str]:
    """How the run ended; after a failed verification also each difference."""
    if wired.stopped:
        return ["FAILED. This is how far it came."]
    if wired.dry and wired.changed:
        return ["DRY RUN, nothing was written. This is what a run would do."]
    if wired.broken:
        differences = [printable(sentence) for sentence in wired.broken]
        return [*listed(VERIFICATION_FAILED, differences, MOST_TOLD).split("\n"), "Current state:"]
    return ["Done. This is what stands now." if wired.changed else "Nothing had to be changed. This is what stands."]


def _line(kind: str, name: str, what: str) -> str:
    return printable(f"{kind:<14} {name:<24} {what}".rstrip())


def _word(wired: t.Any, outcome: Outcome) -> str:
    """What became of an object in a word."""
    if outcome.error:
        return "failed"
    if outcome.verb == "none":
        return "unchanged" if wired.declared.present else "was not there"
    word = "removed" if outcome.verb == "delete" else DONE[outcome.verb]
    return f"would be {word}" if wired.dry else word


def _account(wired: t.Any) -> list[str]:
    want = wired.declared.account
    if not want:
        return []
    done = wired.of(SIP_ACCOUNT)
    if not done:
        return [] if wired.declared.present else [_line("SIP account", want.label, "kept, for force is not set")]
    return [_line("SIP account", done[0].want.label, _word(wired, done[0]))]


def _by_number(wired: t.Any, resource: Resource) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in wired.of(resource):
        found.setdefault(digits(str(outcome.want.record.number)), []).append(outcome)
    return found


def _phones(wired: t.Any) -> list[str]:
    done = _by_number(wired, PHONE_NUMBER)
    found = []
    for number in wired.declared.numbers:
        outcomes = done.get(str(number.number), [])
        if outcomes:
            what = _word(wired, outcomes[0])
        elif wired.declared.present:
            what = "not tried"
        else:
            what = "kept, for it is on another trunk" if number.number in wired.before.phone else "was not there"
        if wired.declared.present:
            detached = any(getattr(number, name) == "" for name in PHONE_NUMBER.choices)
            nobody = ", answered by nobody" if detached else ", who answers is not managed"
            answered = f", answered by {number.answering}" if number.answering else nobody
            what += answered if number.inbound else ", for outbound calls only"
        found.append(_line("phone number", wired.declared.spelled(number), what))
    return found


def _forward(wired: t.Any, number: t.Any, outcomes: list[Outcome]) -> list[str]:
    changing = [outcome for outcome in outcomes if outcome.error or outcome.verb != "none"]
    if outcomes:
        what = _word(wired, (changing or outcomes)[0])
    else:
        what = "not tried" if wired.declared.present else "was not there"
    found = [_line("forward", str(number.number), what)]
    before = _standing(wired, number)
    # A dry run plans each from what stands: what changes nothing does not know of what would go.
    after = (changing or outcomes)[-1].extra.get("destinations", before) if outcomes else before
    dry = wired.dry and bool(changing)
    first = next((row for row in after if row["active"]), None)
    for row in after:
        lead = "would go to" if dry else "calls go to"
        found.append(
            _line("switched off" if not row["active"] else lead if row is first else "then to", _name(row), "")
        )
    left = {row["destination"] for row in after}
    if dry and wired.declared.present:
        found += [_line("removed", _name(row), "") for row in before if row["destination"] not in left]
    first = None if str(number.number) in wired.unanswered else first
    return found if first else [*found, _line("calls would go" if dry else "calls go", "nowhere", "")]


def _standing(wired: t.Any, number: t.Any) -> list[Row]:
    """The destinations before the run."""
    entries = Route(wired.before, str(number.number)).entries
    known = [str(row["id"]) for row in wired.before.trunks]
    return [described(entry, entries, str(number.number), known) for entry in entries]


def _name(row: Row) -> str:
    return str(row["destination"]) + KINDS.get(row["kind"], "")
