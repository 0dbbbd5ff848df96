# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report of a run over an environment: the changes, made or predicted, and the routes of calls. Contains no secrets."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import format_errors
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import (
    ACTION_RESULTS,
    MAX_LISTED,
    Outcome,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted, digits, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import (
    destination_result,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import DestinationResult
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import CallPath
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

if t.TYPE_CHECKING:
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import ApplyRun, Step
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import Number

#: The first line of the report and of the failure if the verification at the end found differences.
VERIFICATION_FAILED = "Verification failed: the live configuration differs from the declared one."

#: The first line of any other report: after an error, in check mode, after a run with and without changes.
FAILED = "FAILED. State when the error occurred:"
DRY_RUN = "DRY RUN, nothing was written. A run would make these changes:"
CHANGED = "Changes applied. Current state:"
UNCHANGED = "No changes needed. Current state:"

#: The name of a kind in the report, if it is not its title.
TITLES = {"sip_trunk": "trunk"}

KINDS = {"sip_account": " (SIP account)", "pstn": " (phone)"}


def lines(run: ApplyRun) -> list[str]:
    """Create the report.

    :param run: the state of the run. :return: one line per object, below a number those for its destinations.
    """
    found = [*_head(run), *_account(run)]
    for resource in (SIP_TRUNK, TRANSFER_TOOL, ASSISTANT):
        outcomes = run.outcomes_of(resource) if run.spec.present else reversed(run.outcomes_of(resource))
        title = TITLES.get(resource.name, resource.title)
        found += [_line(title, outcome.desired.label, _result_word(run, outcome)) for outcome in outcomes]
    found += _phones(run)
    found += _removed_phones(run)
    found += [_line("unused", name, _unused(kind, key, new=new)) for kind, name, key, new in run.unused]
    forwards = _by_number(run, run.spec.forward)
    for number in (*run.spec.inbound, *(number for number in run.removal.numbers if number.inbound)):
        found += _forward(run, number, forwards.get(str(number.number), []))
    found += [
        _line("undeclared", item["name"], f"{item['kind'].replace('_', ' ')} {item['id']}, not changed")
        for item in run.undeclared
    ]
    warnings = [item for item in run.findings if item["severity"] == "warning" and run.spec.concerned(item)]
    return found + [_line("warning", item["subject"], item["message"]) for item in warnings]


def _head(run: ApplyRun) -> list[str]:
    """The result of the run; after a failed verification also each difference."""
    if run.failed:
        return [FAILED]
    if run.check_mode and run.changed:
        return [DRY_RUN]
    if run.errors:
        differences = [printable(sentence) for sentence in run.errors]
        return [*format_errors(VERIFICATION_FAILED, differences, MAX_LISTED).split("\n"), "Current state:"]
    return [CHANGED if run.changed else UNCHANGED]


def drift(steps: t.Iterable[Step]) -> str:
    """The message of a check-mode run that must not find changes.

    :param steps: the outcomes. :return: the message, which names the objects.
    """
    names = [f"{TITLES.get(r.name, r.title)} {o.desired.label}" for r, o in steps if o.action != "none"]
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    listed = printable(", ".join(names[:MAX_LISTED]))
    return f"drift: {counted(len(names), 'object')} would be changed: {listed}{more}. The report contains the changes."


def _line(kind: str, name: str, what: str) -> str:
    return printable(f"{kind:<14} {name:<24} {what}".rstrip())


def _result_word(run: ApplyRun, outcome: Outcome) -> str:
    """The result for an object."""
    if outcome.error:
        return "failed"
    if outcome.action == "none":
        return "unchanged" if outcome.desired.options.state == "present" else "did not exist"
    word = "removed" if outcome.action == "delete" else ACTION_RESULTS[outcome.action]
    before = outcome.plan.before.get("name") if outcome.plan else None
    if outcome.action == "update" and before in outcome.desired.previous_keys:
        word = f"renamed from {before}"
    return f"would be {word}" if run.check_mode else word


def _unused(kind: str, key: str, *, new: bool) -> str:
    """The text about an object that loses its last number."""
    hint = "; to rename it instead of creating another one, use former_names" if new else ""
    return f"{kind} {key} loses its last number{hint}"


def _account(run: ApplyRun) -> list[str]:
    desired = run.spec.account
    if not desired:
        return []
    done = run.outcomes_of(run.spec.carrier.logins)
    if not done:
        return [] if run.spec.present else [_line("SIP account", desired.label, "kept, because force is not set")]
    return [_line("SIP account", done[0].desired.label, _result_word(run, done[0]))]


def _by_number(run: ApplyRun, resource: Resource) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in run.outcomes_of(resource):
        found.setdefault(digits(str(outcome.desired.record.number)), []).append(outcome)
    return found


def _phones(run: ApplyRun) -> list[str]:
    done = _by_number(run, PHONE_NUMBER)
    return [
        _line("phone number", run.spec.spelling(number), _phone(run, number, done.get(str(number.number), [])))
        for number in run.spec.numbers
    ]


def _phone(run: ApplyRun, number: Number, outcomes: list[Outcome]) -> str:
    """The result for a phone number, and who answers it."""
    if not run.spec.present:
        left = "kept, because it uses another trunk" if number.number in run.before.phone else "did not exist"
        return _result_word(run, outcomes[0]) if outcomes else left
    what = _result_word(run, outcomes[0]) if outcomes else "skipped"
    if not number.inbound:
        return f"{what}, for outbound calls only"
    if number.answering:
        moved = _moved_from(outcomes[0]) if outcomes else ""
        return (
            f"{what}, moved from {moved} to {number.answering}" if moved else f"{what}, answered by {number.answering}"
        )
    detached = any(getattr(number, name) == "" for name in PHONE_NUMBER.choices)
    return f"{what}, without an assistant or squad" if detached else f"{what}, assistant and squad not managed"


def _moved_from(outcome: Outcome) -> str:
    """The name of the assistant or squad that a changed phone number had before; empty if it had none or keeps it."""
    if not outcome.plan or outcome.error:
        return ""
    before, after = (
        {name: side.get(name) for name in PHONE_NUMBER.choices} for side in (outcome.plan.before, outcome.plan.after)
    )
    former = next((str(key) for key in before.values() if key), "")
    return outcome.names.get(former, former) if before != after else ""


def _removed_phones(run: ApplyRun) -> list[str]:
    """The phone numbers that are removed from a present environment."""
    done = _by_number(run, PHONE_NUMBER)
    found = []
    for number in run.removal.numbers:
        digits_of = str(number.number)
        kept = "kept, because it uses another trunk" if digits_of in run.before.phone else "did not exist"
        words = [_result_word(run, outcome) for outcome in done.get(digits_of, [])] or [kept]
        found += [_line("phone number", run.spec.spelling(number), word) for word in words]
    return found


def _forward(run: ApplyRun, number: Number, outcomes: list[Outcome]) -> list[str]:
    changing = [outcome for outcome in outcomes if outcome.error or outcome.action != "none"]
    if outcomes:
        what = _result_word(run, (changing or outcomes)[0])
    else:
        what = "skipped" if run.spec.state_of(number) == "present" else "did not exist"
    found = [_line("forward", str(number.number), what)]
    before = _current_destinations(run, number)
    # In check mode each row is planned from the current list, so an unchanged row does not include other removals.
    planned = (changing or outcomes)[-1].extra if outcomes else {}
    after = t.cast("list[DestinationResult]", planned.get("destinations", before))
    dry = run.check_mode and bool(changing)
    found += _destinations(after, dry=dry)
    left = {row["destination"] for row in after}
    if dry and run.spec.state_of(number) == "present":
        found += [_line("removed", _name(row), "") for row in before if row["destination"] not in left]
    if any(row["active"] for row in after) and str(number.number) not in run.unanswered:
        return found
    return [*found, _line("calls would go" if dry else "calls go", "nowhere", "")]


def _destinations(rows: list[DestinationResult], *, dry: bool) -> list[str]:
    """A line for each destination of a number."""
    first = next((row for row in rows if row["active"]), None)
    lead = "would go to" if dry else "calls go to"
    return [
        _line("inactive" if not row["active"] else lead if row is first else "then to", _name(row), "") for row in rows
    ]


def _current_destinations(run: ApplyRun, number: Number) -> list[DestinationResult]:
    """The destinations before the run."""
    entries = CallPath(run.before, str(number.number)).entries
    known = [str(row["id"]) for row in run.before.trunks]
    return [destination_result(run.spec.carrier, entry, entries, str(number.number), known) for entry in entries]


def _name(row: DestinationResult) -> str:
    return row["destination"] + KINDS.get(row["kind"], "")
