# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: what the records of both services prove about a test call.

A step is true or false only if a record proves it, otherwise ``None``. Records appear late, and how late is not known.
A missing one therefore proves something only if another one of the same list, which is not newer, has been in it for
``GRACE_SECONDS``: then the list is current.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import user_digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import seconds, transfers_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import (
    INBOUND,
    Area,
    Diagnosis,
    diagnose,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import moment
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.test_call import (
    Heard,
    Transcript,
    has_code,
    transcript,
    words_shared,
)

STEPS = ("placed", "carried", "answered", "heard", "ended")
#: Seconds after the end of the call in which a record may still change, before a step is false.
SETTLE_SECONDS = 10.0
#: Seconds after the end of the call until which missing records are awaited, and seconds for which the record of the
#: placed call must have been in a list before another one that is missing from it proves something.
GRACE_SECONDS = 30.0
#: Duration of the request of the calling side in seconds. In a shorter call the other side may not have heard it.
REQUEST_SECONDS = 9.0
#: Seconds by which the clocks of both services may differ, including the time to set up a call.
SLACK = datetime.timedelta(seconds=90)
#: Seconds after the limit of the duration after which the call should have ended.
OVERTIME_SECONDS = 30.0
#: Seconds by which an answer may seem to be heard before it was spoken.
EARLY_SECONDS = 1.5
#: Words in a row that only the other side can have spoken.
SHARED_WORDS = 4

#: Ended reasons of a call that did not leave Vapi.
NOT_PLACED = ("call.start.", "call-start-error-", "assistant-request-", "assistant-not-", "scheduled-call-deleted")
#: Ended reasons of a call that the other side has ended.
OTHER_SIDE = ("customer-ended-call", "call.in-progress.sip-completed-call", "sip-outbound-carrier-released-call")
#: Areas of a failure inside Vapi, before or instead of the carrier.
INSIDE: frozenset[Area] = frozenset({"assistant", "model", "voice", "transcriber", "server", "vapi", "limits"})
#: Links of a call path that the audit checks, before somebody answers.
ON_THE_WAY = ("number", "forward", "trunk", "phone_number")
CARRIER_LIMITS = (
    "Check the limits of the SIP account (didlogic_sip_account: max_call_seconds, max_call_cost). If calls end after "
    "about 30 s, an ACK or a re-INVITE is lost: try another transport (vapi_sip_trunk: gateways.outbound_protocol), "
    "and send the time of the call to didlogic."
)
NO_AUDIO = (
    "Ask didlogic whether it allows Vapi's media (UDP 40000 to 60000) in both directions, and set the codec of the "
    "number to G.711. Vapi's packet capture of the call shows the media of its side."
)


class Carried(t.NamedTuple):
    """The carrier's records of the call; ``None`` if there is none."""

    outbound: Result | None
    inbound: Result | None


@dataclasses.dataclass(frozen=True)
class Test:
    """What was placed.

    :param caller: digits of the calling number. :param callee: digits of the other number. :param code: spoken digits.
    :param max_seconds: the limit of the duration. :param answerer: kind (``assistant`` or ``squad``), id and name of
        what should answer. :param callers: the caller ids that the carrier may present, digits.
    """

    __test__ = False  # no test of pytest
    caller: str
    callee: str
    code: str
    max_seconds: int
    answerer: tuple[str, str, str]
    callers: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Records:
    """What both services report.

    :param outbound: Vapi's call that was placed, with all details; ``None`` if it was not read.
    :param inbound: Vapi's inbound calls of the other number since then, with all details; ``None`` if not read.
    :param carried: the carrier's records of the days of the call, ``None`` if they were not read.
    :param ended_for: seconds for which the call is known to have ended.
    :param listed_for: seconds for which Vapi's list is known to contain the placed call with its end.
    :param carried_for: seconds for which the carrier's list is known to contain its record of the placed call.
    :param running_for: seconds since it was placed.
    :param findings: findings of the audit about both numbers.
    """

    outbound: ApiObject | None
    inbound: list[ApiObject] | None
    carried: list[Result] | None
    ended_for: float = 0.0
    listed_for: float = 0.0
    carried_for: float = 0.0
    running_for: float = 0.0
    findings: tuple[Finding, ...] = ()


@dataclasses.dataclass(frozen=True)
class Step:
    """The verdict on a step: ``None`` if it is unclear."""

    ok: bool | None = None
    evidence: str = ""
    cause: str = ""
    fix: str = ""

    def to_result(self) -> Result:
        """The return value."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The verdict on a call. ``is_final`` is whether later records can no longer change it."""

    steps: dict[str, Step]
    is_final: bool
    inbound: ApiObject | None
    records: Carried

    @property
    def ok(self) -> bool | None:
        """Whether all steps are proven; false if one failed."""
        found = [step.ok for step in self.steps.values()]
        return False if False in found else None if None in found else True


# ------------------------------------------------------------------------------------------------ facts of the records


def time_of(row: t.Mapping[str, object], *names: str) -> datetime.datetime | None:
    """The first valid time among keys of a record.

    :param row: the record. :param names: the keys. :return: the time, or ``None``.
    """
    for name in names:
        try:
            return moment(str(row.get(name)))
        except (ValueError, OverflowError):
            continue
    return None


def has_ended(row: ApiObject | None) -> bool:
    """Whether a call has ended. :param row: Vapi's call, or ``None``. :return: the result."""
    return row is not None and (row.get("status") == "ended" or bool(row.get("endedReason")))


def _reason(row: ApiObject | None) -> str:
    return str((row or {}).get("endedReason") or "")


def _diagnosis(row: ApiObject | None, carrier: Result | None = None) -> Diagnosis | None:
    if not has_ended(row) or row is None:
        return None
    return diagnose(_reason(row) or "unknown", str(row.get("endedMessage") or ""), transfers_of(row), carrier)


def was_answered(row: ApiObject | None) -> bool:
    """Whether somebody answered a call: it is in progress, it ended as an answered one, or somebody spoke.

    :param row: Vapi's call, or ``None``. :return: the result.
    """
    if row is None:
        return False
    found = _diagnosis(row)
    if found is None:
        return row.get("status") in ("in-progress", "forwarding")
    if _reason(row).startswith((*NOT_PLACED, "call.ringing.")):
        return False
    if found.outcome in ("answered", "transferred") or transfers_of(row):
        return True
    # A failure inside Vapi after the start of the conversation; the transcript may be missing yet.
    return bool(found.area in INSIDE and not found.sip_status and row.get("startedAt")) or transcript(row).available


def inbound_of(test: Test, records: Records) -> ApiObject | None:
    """The call that arrived at the other number: by the code that it heard, otherwise by caller and time.

    :param test: what was placed. :param records: the records. :return: the call, or ``None``.
    """
    placed = time_of(records.outbound or {}, "createdAt")
    ended = time_of(records.outbound or {}, "endedAt")
    found = []
    for row in records.inbound or ():
        begun = time_of(row, "createdAt")
        if placed and begun and (begun < placed - SLACK or (ended and begun > ended + SLACK)):
            continue
        coded = has_code(transcript(row).heard, test.code)
        if coded or user_digits(as_object(row.get("customer")).get("number")) in test.callers:
            found.append((not coded, not was_answered(row), str(row.get("createdAt")), row))
    return min(found, key=lambda item: item[:3])[3] if found else None


def carried_of(test: Test, records: Records) -> Carried:
    """The carrier's records of the call: by numbers, the closest in time.

    :param test: what was placed. :param records: the records. :return: both, as far as they exist.
    """
    placed = time_of(records.outbound or {}, "createdAt")
    last = time_of(records.outbound or {}, "endedAt") or placed
    closest: dict[str, tuple[float, Result]] = {}
    for record in records.carried or ():
        begun, way = time_of(record, "timestamp"), str(record.get("direction"))
        if record.get("callee") != test.callee or not begun or not placed or not last:
            continue
        strange = way == "inbound" and record.get("caller") not in test.callers
        if strange or not placed - SLACK <= begun <= last + SLACK:
            continue
        distance = abs((begun - placed).total_seconds())
        if way not in closest or distance < closest[way][0]:
            closest[way] = (distance, record)
    one, other = closest.get("outbound"), closest.get("inbound")
    return Carried(one[1] if one else None, other[1] if other else None)


# ------------------------------------------------------------------------------------------------------------ verdicts


def judge(test: Test, records: Records, *, final: bool = False) -> Verdict:
    """Determine what the records prove.

    :param test: what was placed. :param records: the records.
    :param final: whether no further records are awaited; then unclear steps have advice.
    :return: the verdict.
    """
    case = _Case(test, records, final)
    steps = {
        "placed": case.placed(),
        "carried": case.carried(),
        "answered": case.answered(),
        "heard": case.heard(),
        "ended": case.ended(),
    }
    return Verdict(steps, case.is_final(steps), case.inbound, case.legs)


NOT_REACHED = Step(evidence="The call did not get this far.")


class _Case:
    """One look at the records."""

    def __init__(self, test: Test, records: Records, final: bool) -> None:
        self.test, self.records, self.final = test, records, final
        self.outbound, self.inbound = records.outbound, inbound_of(test, records)
        self.legs = carried_of(test, records)
        self.late = records.ended_for >= SETTLE_SECONDS
        self.diagnosis = _diagnosis(self.outbound)
        self.failed = self.diagnosis is not None and self.diagnosis.outcome in ("failed", "cancelled")
        self.answered_out, self.answered_in = was_answered(self.outbound), was_answered(self.inbound)

    # -- placed

    def placed(self) -> Step:
        row, found = self.outbound, self.diagnosis
        if row is None:
            return Step(evidence="Vapi's record of the call was not read.")
        about = self._about(row, "The call from")
        if _reason(row).startswith(NOT_PLACED) and found:
            return Step(False, about, found.cause, found.fix)
        inside = self.failed and found and found.area in INSIDE and not found.sip_status
        if found and inside and not self.answered_out and not self.inbound and not any(self.legs):
            return Step(False, about, found.cause, found.fix)
        if not has_ended(row) and row.get("status") in ("scheduled", "queued", None):
            fix = "End other calls, or raise the limit of concurrent calls at Vapi." if self.final else ""
            return Step(None, f"{about} Vapi has not dialled it yet.", fix=fix)
        return Step(True, about)

    def _about(self, row: ApiObject, what: str) -> str:
        number = self.test.caller if row is self.outbound else self.test.callee
        reason, length = _reason(row), seconds(row)
        if not has_ended(row):
            return f"{what} {number} (Vapi's call {row.get('id')}) is {row.get('status')}."
        after = f" after {length} s" if length is not None and row.get("startedAt") else ""
        return f"{what} {number} (Vapi's call {row.get('id')}) ended{after}: {reason or 'no reason'}."

    # -- carried

    def carried(self) -> Step:
        if self.inbound is not None:
            return Step(True, f"Vapi received the call at {self.test.callee}. {self._carrier_records()}")
        if self.placed().ok is False:
            return NOT_REACHED
        found = self.diagnosis
        if self.answered_out or (found and found.outcome == "unanswered"):
            return Step(True, f"The call reached a destination of {self.test.callee}. {self._carrier_records()}")
        if found is None or not self.failed:
            return Step(evidence="The call has not got through yet." if found is None else self._carrier_records())
        if not self.late:
            return Step(evidence="The call failed; the records are not complete yet.")
        cause, fix = self._leg_that_failed(found)
        return Step(False, self._carrier_records(), cause, fix)

    def _carrier_records(self) -> str:
        if self.records.carried is None:
            return "didlogic's records could not be read."
        words = [
            f"{name} {record.get('duration', 0)} s"
            for name, record in (("to didlogic", self.legs.outbound), ("from didlogic", self.legs.inbound))
            if record
        ]
        return f"didlogic's records: {', '.join(words) or 'none of this call'}."

    def _leg_that_failed(self, found: Diagnosis) -> tuple[str, str]:
        """Cause and fix: didlogic refused the call, or it passed on the refusal of the destination."""
        status, number = found.sip_status, self.test.callee
        own = [item for item in self.records.findings if number in item["numbers"] and item["step"] in ON_THE_WAY]
        more = " ".join(f"routing_audit: {item['message']} {item['fix']}" for item in own if item["severity"] != "info")
        broken = any(item["severity"] == "error" for item in own)
        inbound = INBOUND.get(status or 0)
        if self.legs.inbound is not None or (inbound and status in (401, 404) and broken):
            cause = f"didlogic accepted the call, but the destination of {number} did not take it"
            cause += f": {inbound.cause}" if inbound else f" ({found.cause.rstrip('.')})."
            return cause, f"{more or (inbound.fix if inbound else found.fix)}".strip()
        return found.cause, f"{found.fix} {more}".strip()

    # -- answered

    def answered(self) -> Step:
        if self.inbound is not None:
            return self._answered_at_vapi(self.inbound)
        found, number = self.diagnosis, self.test.callee
        if self.placed().ok is False or self.carried().ok is False:
            return NOT_REACHED
        if found and found.outcome == "unanswered":
            cause = f"Nobody answered at {number}. {found.cause}"
            return Step(False, self._about(t.cast("ApiObject", self.outbound), "The call from"), cause, self._route())
        if not self.answered_out or self.records.inbound is None:
            return Step(evidence="Nobody has answered yet." if not self.answered_out else "Vapi's list was not read.")
        others = len(self.records.inbound)
        if others:
            return Step(
                None,
                f"Somebody answered. Vapi has {others} inbound call(s) of {number} in this time, with another caller.",
                fix="Check which caller ID didlogic presents (didlogic_sip_account: caller_id), and repeat the check.",
            )
        if not (has_ended(self.outbound) and self.records.listed_for >= GRACE_SECONDS):
            fix = f"Look for an inbound call of {number} in Vapi's dashboard." if self.final else ""
            return Step(evidence=f"Somebody answered; Vapi does not list an inbound call of {number} yet.", fix=fix)
        cause = f"Somebody else answered: the call to {number} did not reach Vapi."
        return Step(False, f"Vapi lists no inbound call of {number}. {self._carrier_records()}", cause, self._route())

    def _route(self) -> str:
        number = self.test.callee
        broken = [f"{item['message']} {item['fix']}" for item in self.records.findings if number in item["numbers"]]
        return broken[0] if broken else f"Compare the destinations of {number} in their order (didlogic_number_info)."

    def _answered_at_vapi(self, row: ApiObject) -> Step:
        kind, key, name = self.test.answerer
        about, found = self._about(row, "The call to"), _diagnosis(row)
        if not self.answered_in:
            if found is None:
                return Step(evidence=about)
            return Step(False, about, found.cause, found.fix or self._route())
        keys = {place: str(row[f"{place}Id"]) for place in ("assistant", "squad") if row.get(f"{place}Id")}
        if keys.get(kind) == key:
            return Step(True, f"{about} It was answered by {kind} {name}.")
        if not keys:
            return Step(None, f"{about} Vapi does not report who answered.")
        other = ", ".join(f"{place} {found_id}" for place, found_id in keys.items())
        return Step(
            False,
            about,
            f"The call was answered by {other} instead of {kind} {name} ({key}).",
            f"Set vapi_phone_number: {kind}, and check the server and the hooks of the number.",
        )

    # -- heard

    def heard(self) -> Step:
        if not self.answered_in or self.inbound is None or self.outbound is None:
            return NOT_REACHED
        near, far = transcript(self.outbound), transcript(self.inbound)
        there, back = self._heard_there(near, far), self._heard_back(near, far)
        sides = {f"{self.test.caller} to {self.test.callee}": there, f"{self.test.callee} to {self.test.caller}": back}
        evidence = " ".join(f"{way}: {words}" for way, (_ok, words) in sides.items())
        silent = [way for way, (ok, _words) in sides.items() if ok is False]
        if silent and self.late:
            cause = f"No audio from {' and from '.join(silent)}."
            return Step(False, evidence, cause, NO_AUDIO)
        verdicts = [ok for ok, _words in sides.values()]
        if all(verdicts):
            return Step(True, evidence)
        fix = "Repeat the check with a longer max_seconds." if self.final or self.late else ""
        return Step(None, evidence, fix=fix)

    def _heard_there(self, near: Transcript, far: Transcript) -> tuple[bool | None, str]:
        code = self.test.code
        if has_code(far.heard, code):
            return True, f"the code was heard in {counted_words(far.heard)}."
        if not far.available:
            return None, "there is no transcript."
        if far.heard:
            return None, "words were heard, but not the code."
        if not has_code(near.said, code):
            return None, "the code was not spoken."
        if not has_ended(self.inbound) or not self._long_enough(near, self.inbound):
            return None, "the call was too short to hear the code."
        return False, "the code was spoken, and nothing was heard."

    def _heard_back(self, near: Transcript, far: Transcript) -> tuple[bool | None, str]:
        code = self.test.code
        if has_code(near.heard, code) and has_code(far.said, code) and _in_order(far.said, near.heard, code):
            return True, f"the code was repeated, and heard in {counted_words(near.heard)}."
        if not near.available:
            return None, "there is no transcript."
        if near.heard:
            if words_shared(near.heard, far.said) >= SHARED_WORDS:
                return None, "words of the answering side were heard; it did not repeat the code."
            return None, "words were heard, but not the repeated code."
        if not far.said:
            return None, "the answering side said nothing."
        if not has_ended(self.outbound) or not self._long_enough(far, self.outbound):
            return None, "the call was too short to hear an answer."
        return False, "the answering side spoke, and nothing was heard."

    @staticmethod
    def _long_enough(speaker: Transcript, row: ApiObject | None) -> bool:
        """Whether the call continued for some time after the first words."""
        ended, first = time_of(row or {}, "endedAt"), speaker.said[0].begin if speaker.said else None
        if ended and first:
            return ended.timestamp() - first >= REQUEST_SECONDS
        length = seconds(row or {})
        return length is not None and length >= REQUEST_SECONDS

    # -- ended

    def ended(self) -> Step:
        if self.outbound is None or not (self.answered_out or self.answered_in):
            return NOT_REACHED
        if not has_ended(self.outbound):
            return self._still_running(self.outbound, "The call from")
        about = self._about(self.outbound, "The call from")
        if self.diagnosis and self.failed:
            return Step(False, about, self.diagnosis.cause, self.diagnosis.fix)
        if self.inbound is None:
            return Step(True, about) if self.late else Step(evidence=about)
        if not has_ended(self.inbound):
            if self.records.ended_for < OVERTIME_SECONDS:
                return Step(evidence=f"{about} The other side has not ended yet.")
            return self._still_running(self.inbound, "The call to")
        return self._ended_both(f"{about} {self._about(self.inbound, 'The call to')}")

    def _still_running(self, row: ApiObject, what: str) -> Step:
        over = self.records.running_for > self.test.max_seconds + 2 * OVERTIME_SECONDS
        if not over and row is self.outbound:
            return Step(evidence=f"{self._about(row, what)}")
        begun = time_of(row, "startedAt")
        if row is self.outbound and not begun:
            return Step(evidence=f"{self._about(row, what)}")
        return Step(
            False,
            self._about(row, what),
            f"Vapi still reports the call as {row.get('status')}, although it should have ended.",
            "End the call in Vapi's dashboard, and report its id to Vapi's support: a BYE was lost.",
        )

    def _ended_both(self, evidence: str) -> Step:
        leg = self._transfer_leg()
        found = _diagnosis(self.inbound, {"transfer_leg": leg} if self.records.carried is not None else None)
        transferred = bool(transfers_of(self.inbound or {}))
        if transferred and leg is None and not self.late:
            return Step(evidence=f"{evidence} didlogic's records of the transfer are not complete yet.")
        bad = ("failed", "unanswered", "cancelled") if transferred else ("failed",)
        if found and found.outcome in bad:
            return Step(False, evidence, found.cause, found.fix or self._route())
        if leg is None and self._targets():
            return Step(evidence=f"{evidence} didlogic's records do not show the transfer.")
        reasons = (_reason(self.outbound), _reason(self.inbound))
        if all(reason in OTHER_SIDE for reason in reasons):
            length = seconds(self.inbound or {})
            after = f" after {length} s" if length is not None else ""
            cause = f"The network ended the call{after}: each side reports that the other one hung up."
            return Step(False, evidence, cause, CARRIER_LIMITS)
        if (found and found.outcome == "unknown") or (self.diagnosis and self.diagnosis.outcome == "unknown"):
            return Step(None, evidence, fix="Read the ended reason in Vapi's dashboard.")
        return Step(True, evidence)

    def _targets(self) -> list[str]:
        """The digits of the targets of transfers."""
        return [user_digits(item["to"]) for item in transfers_of(self.inbound or {}) if "to" in item]

    def _transfer_leg(self) -> bool | None:
        """Whether didlogic called the target of the last transfer; ``None`` if that cannot be determined yet."""
        targets = self._targets()
        placed = time_of(self.outbound or {}, "createdAt")
        if not targets or self.records.carried is None or placed is None:
            return None
        rows = [row for row in self.records.carried if row.get("callee") == targets[-1]]
        times = [begun for row in rows if row is not self.legs.outbound and (begun := time_of(row, "timestamp"))]
        if any(begun >= placed - SLACK for begun in times):
            return True
        return False if self.records.carried_for >= GRACE_SECONDS else None

    # -- final

    def is_final(self, steps: dict[str, Step]) -> bool:
        """Whether later records can no longer change the verdict."""
        if not has_ended(self.outbound):
            return steps["ended"].ok is False
        if self.records.ended_for >= GRACE_SECONDS:
            if self._missing_may_appear(steps):
                return False
            return not (self.inbound is not None and not has_ended(self.inbound)) or steps["ended"].ok is not None
        unclear = [step for step in steps.values() if step.ok is None and step is not NOT_REACHED]
        if unclear or self.records.carried is None:
            return False
        complete = self.legs.outbound is not None and (self.inbound is None or self.legs.inbound is not None)
        failed = any(step.ok is False for step in steps.values())
        return self.late if failed else complete

    def _missing_may_appear(self, steps: dict[str, Step]) -> bool:
        """Whether a step is unclear until a list is known to be current."""
        if self.inbound is None:
            return steps["answered"].ok is None and self.answered_out and self.records.listed_for < GRACE_SECONDS
        awaited = bool(self._targets()) and self.records.carried_for < GRACE_SECONDS
        return steps["ended"].ok is None and awaited


def counted_words(messages: t.Sequence[Heard]) -> str:
    """The number of words in messages. :param messages: the messages. :return: the text."""
    amount = sum(len(item.text.split()) for item in messages)
    return counted(amount, "word")


def _in_order(said: t.Sequence[Heard], heard: t.Sequence[Heard], code: str) -> bool:
    """Whether the code was heard no earlier than it was spoken; true if the times are unknown."""
    spoken = [item.begin for item in said if has_code([item], code)] or [item.begin for item in said]
    got = [item.begin for item in heard if has_code([item], code)] or [item.begin for item in heard]
    if not spoken or not got or None in spoken or None in got:
        return True
    return max(t.cast("list[float]", got)) >= min(t.cast("list[float]", spoken)) - EARLY_SECONDS


def cost_of(verdict: Verdict, outbound: ApiObject | None) -> Result:
    """The cost of the call in US dollars, as far as the services report it.

    :param verdict: the verdict. :param outbound: Vapi's call. :return: ``vapi``, ``didlogic`` and ``total``.
    """
    vapi = [row.get("cost") for row in (outbound, verdict.inbound) if row is not None]
    carrier = [record.get("amount") for record in verdict.records if record is not None]
    sums = {name: _sum(values) for name, values in (("vapi", vapi), ("didlogic", carrier))}
    known = [value for value in sums.values() if value is not None]
    return {**sums, "total": round(sum(known), 4) if known else None}


def _sum(values: t.Iterable[object]) -> float | None:
    known = [float(value) for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return round(sum(known), 4) if known else None
