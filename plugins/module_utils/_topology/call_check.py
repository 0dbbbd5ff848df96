# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test call between two numbers of both accounts: check, place once, wait for the records, judge."""

from __future__ import annotations

import dataclasses
import datetime
import random
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OptionError,
    RejectedError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_batches
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import ListQuery
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_e164_or_short,
    digits,
    e164,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import audit
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_judge import (
    SLACK,
    STEPS,
    Records,
    Step,
    Test,
    Verdict,
    carried_of,
    cost_of,
    has_ended,
    inbound_of,
    judge,
    time_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    answered_by,
    login_of,
    members_of,
    read,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL, seconds
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import stamp
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.test_call import (
    CODE_LENGTH,
    can_speak,
    new_code,
    overrides,
    request,
)

#: What is read.
SERVICES = (VAPI, CARRIER.provider)
#: Seconds between two looks at the records; the last value is repeated.
PAUSES = (2.0, 2.0, 3.0, 3.0, 5.0)
#: Calls and days of records from which the cost is estimated.
RECENT_CALLS = 100
RECENT_DAYS = 14
#: Seconds that the shortest call lasts from which a price per minute is taken.
PRICED_SECONDS = 10

CONFIRM = (
    "must be true: this task places a real call, which both services charge for. Run it in check mode first; it "
    "returns what would be called and an estimate of the cost."
)
HINT = (
    "The request was not sent again, to avoid a second call. Check with vapi_call_info (created_after: a few minutes "
    "ago) whether the call was placed."
)
NOT_PLACED = "The call was not placed."
#: The same call as a task of vapi_call places, with the advice of this module.
TEST_CALL = dataclasses.replace(CALL, one_shot=dataclasses.replace(CALL.one_shot, hint=HINT))


Found = t.TypeVar("Found")


class CheckOptions(Model):
    """Options of the check."""

    from_: t.Annotated[str | None, Option(required=True, check=check_e164_or_short)] = None
    to: t.Annotated[str | None, Option(required=True, check=check_e164_or_short)] = None
    max_seconds: t.Annotated[int, Option(range=(10, 600))] = 30
    wait_timeout: t.Annotated[int, Option(range=(10, 3600))] = 180
    confirm_cost: bool = False

    @property
    def numbers(self) -> tuple[str, str]:
        """The digits of both numbers."""
        return digits(self.from_ or ""), digits(self.to or "")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is called: both call paths, and the assistant whose voice speaks at the calling side."""

    caller: CallPath
    callee: CallPath
    phone: ApiObject
    answerer: tuple[str, str, str]
    voice: ApiObject
    findings: tuple[Finding, ...]
    max_seconds: int

    def to_result(self) -> Result:
        """The return value ``call``."""
        return {
            "from": self.caller.number,
            "to": self.callee.number,
            "answered_by": dict(zip(("kind", "id", "name"), self.answerer, strict=True)),
            "voice_of": str(self.voice.get("name") or self.voice["id"]),
            "max_seconds": self.max_seconds,
        }


# ------------------------------------------------------------------------------------------------ before the request


def make_plan(snapshot: Snapshot, options: CheckOptions) -> Plan:
    """Check that both numbers belong to both accounts, and determine who should answer.

    :param snapshot: both accounts. :param options: the options. :return: what is called.
    :raises OptionError: if a number is not the account's own, or nobody is assigned to the called one.
    """
    paths = {path.number: path for path in snapshot.call_paths}
    caller, callee = (paths[number] for number in options.numbers)
    title = snapshot.carrier.provider.title
    for option, path in (("from", caller), ("to", callee)):
        if not path.bought:
            rule = f"is not a number of the {title} account. Only own numbers are called."
            raise OptionError(option, rule, path.number)
        if path.phone is None:
            raise OptionError(option, "is not a phone number in Vapi; import it with vapi_phone_number.", path.number)
    answer = answered_by(callee)
    if answer.get("kind") not in ("assistant", "squad"):
        rule = "has no assistant or squad in Vapi, so it is not declared who answers; set one with vapi_phone_number."
        raise OptionError("to", rule, callee.number)
    voice = next((row for row in _voices(snapshot, caller, callee) if can_speak(row)), None)
    if voice is None:
        raise OptionError("to", "requires an assistant with a model in Vapi, which speaks at the calling side.")
    found = audit.findings(snapshot)
    own = tuple(item for item in found if {caller.number, callee.number} & set(item["numbers"]) or not item["numbers"])
    who = (answer["kind"], answer["id"], answer["name"])
    return Plan(caller, callee, t.cast("ApiObject", caller.phone), who, voice, own, options.max_seconds)


def _voices(snapshot: Snapshot, caller: CallPath, callee: CallPath) -> t.Iterator[ApiObject]:
    """The assistants that can lend voice and model, the one that is called first: both speak the same language."""
    for path in (callee, caller):
        phone = path.phone or {}
        squad = snapshot.squad.get(str(phone.get("squadId")), {})
        for key in (str(phone.get("assistantId")), *members_of(squad)):
            if key in snapshot.assistant:
                yield snapshot.assistant[key]
    yield from snapshot.assistants


def estimate(plan: Plan, calls: list[Result], records: list[Result]) -> Result:
    """The highest expected cost in US dollars, from the prices of recent calls.

    Both sides of the call are a call at Vapi.

    :param plan: what is called. :param calls: recent calls, as return values. :param records: the carrier's records.
    :return: ``vapi``, ``didlogic`` and ``total``; ``None`` where no recent call shows a price.
    """
    minutes = plan.max_seconds / 60
    vapi = max(_prices((item.get("cost"), item.get("duration")) for item in calls), default=None)
    directions = {
        direction: max(
            _prices((r.get("amount"), r.get("duration")) for r in records if r.get("direction") == direction), default=0
        )
        for direction in ("outbound", "inbound")
    }
    carrier = sum(directions.values()) if any(directions.values()) else None
    sums = {
        "vapi": None if vapi is None else round(2 * vapi * minutes, 4),
        "didlogic": None if carrier is None else round(carrier * minutes, 4),
    }
    known = [value for value in sums.values() if value is not None]
    return {**sums, "total": round(sum(known), 4) if len(known) == len(sums) else None}


def _prices(pairs: t.Iterable[tuple[object, object]]) -> list[float]:
    """The prices per minute of calls that are long enough."""
    return [
        60 * float(cost) / length
        for cost, length in pairs
        if isinstance(cost, (int, float)) and isinstance(length, (int, float)) and length >= PRICED_SECONDS
    ]


# -------------------------------------------------------------------------------------------------------- the records


class Watch:
    """Reads the records of one call until they are complete.

    :param engines: by the services' names. :param plan: what was called. :param test: its code and numbers.
    :param placed: Vapi's id of the call.
    """

    def __init__(self, engines: t.Mapping[str, Engine], plan: Plan, test: Test, call_id: str, carrier: Carrier) -> None:
        self.vapi, self.other = engines["vapi"], engines[carrier.provider.name]
        self.plan, self.test, self.call_id, self.carrier = plan, test, call_id, carrier
        self.outbound: ApiObject | None = None
        self.inbound: list[ApiObject] | None = None
        self.carried: list[Result] | None = None
        self.is_listed: bool | None = None
        self.since: dict[str, float] = {}  # seconds after the request at which something was first seen
        self.ages: dict[str, float] = {}

    def until_settled(self, timeout: float) -> Verdict:
        """Look at the records until they are complete.

        :param timeout: maximum seconds. :return: the verdict.
        """
        waited, turn = 0.0, 0
        while True:
            begun = self.vapi.now()
            self._look()
            self._note(waited)
            verdict = self.verdict()
            if verdict.is_final:
                return verdict
            if waited >= timeout:
                return self.verdict(final=True)
            pause = min(PAUSES[min(turn, len(PAUSES) - 1)], timeout - waited)
            self.vapi.client.sleep(max(pause, 0.05))
            waited, turn = waited + max((self.vapi.now() - begun).total_seconds(), pause), turn + 1

    def verdict(self, *, final: bool = False) -> Verdict:
        """The verdict on what has been read.

        :param final: whether no further records are awaited. :return: the verdict.
        """
        return judge(self.test, self.records, final=final)

    @property
    def records(self) -> Records:
        """What has been read."""
        return Records(self.outbound, self.inbound, self.carried, **self.ages, findings=self.plan.findings)

    def _note(self, waited: float) -> None:
        """Keep when something was first seen."""
        found = {
            "ended_for": has_ended(self.outbound),
            "listed_for": bool(self.is_listed),
            "carried_for": carried_of(self.test, self.records).outbound is not None,
            "running_for": True,
        }
        for name, seen in found.items():
            if seen:
                self.since.setdefault(name, waited)
        self.ages = {name: waited - begun for name, begun in self.since.items()}

    def _look(self) -> None:
        """Read what can be read now; what was read before is kept if a read fails."""
        outbound = self._quietly(lambda: self._details(self.call_id))
        self.outbound = self.outbound if outbound is None else outbound
        if self.outbound is None:
            return
        inbound = self._quietly(self._inbound)
        self.inbound = self.inbound if inbound is None else inbound
        if has_ended(self.outbound):
            carried = self._quietly(self._records)
            self.carried = self.carried if carried is None else carried
            if not self.is_listed and inbound_of(self.test, self.records) is None:
                self.is_listed = self._quietly(self._list_is_current)

    @staticmethod
    def _quietly(read: t.Callable[[], Found]) -> Found | None:
        """The result of a read, ``None`` if it failed: the call has been placed, so it is repeated later."""
        try:
            return read()
        except ApiError:
            return None

    def _details(self, call_id: str) -> ApiObject:
        self.vapi.invalidate(CALL.path)
        return as_object(self.vapi.client.get(f"{CALL.path}/{{id}}", id=call_id))

    def _inbound(self) -> list[ApiObject]:
        rows = [row for row in self._calls_of(self.plan.callee.phone or {}) if row.get("type") == "inboundPhoneCall"]
        return [self._details(str(row["id"])) for row in rows]

    def _list_is_current(self) -> bool:
        """Whether Vapi's list contains the placed call with its end."""
        return any(row.get("id") == self.call_id and has_ended(row) for row in self._calls_of(self.plan.phone))

    def _calls_of(self, phone: ApiObject) -> list[ApiObject]:
        """The calls of a phone number since the call was placed."""
        placed = time_of(self.outbound or {}, "createdAt") or self.vapi.now()
        query = ListQuery(params={"phoneNumberId": str(phone.get("id")), "createdAtGe": stamp(placed - SLACK)})
        return list(self.vapi.rows(CALL, query))

    def _records(self) -> list[Result]:
        placed = time_of(self.outbound or {}, "createdAt") or self.vapi.now()
        day = datetime.timedelta(days=1)
        self.other.invalidate(self.carrier.records.path)
        rows = self.other.rows(self.carrier.records, self.carrier.records_query(placed - day, placed + day))
        return [self.carrier.record_of(row) for row in rows]


# ----------------------------------------------------------------------------------------------------------- the check


def check(
    engines: t.Mapping[str, Engine],
    options: CheckOptions,
    carrier: Carrier = CARRIER,
    choose: random.Random | None = None,
) -> Result:
    """Place one test call and judge it; in check mode only return what would be called.

    :param engines: by the services' names. :param options: the options. :param carrier: the carrier.
    :param choose: the source of the code. :return: the result of the module.
    :raises OptionError: if a number is not the account's own, or the cost is not confirmed.
    :raises ModuleFailureError: if a step failed, or it is unknown whether the call was placed.
    """
    vapi, other = engines["vapi"], engines[carrier.provider.name]
    caller, callee = options.numbers
    if caller == callee:
        raise OptionError("to", "must differ from the number that calls.", callee)
    if not options.confirm_cost and not vapi.check_mode:
        raise OptionError("confirm_cost", CONFIRM)
    connection = vapi.client.connection
    snapshot = read(
        vapi, other, carrier, region=connection.region, key=connection.api_key, declared_numbers=(caller, callee)
    )
    plan = make_plan(snapshot, options)
    labels = {str(row["id"]) for row in snapshot.trunks}
    code = new_code(f"{caller} {callee}", choose or random.SystemRandom())
    outcome = _placed(vapi, plan, code)
    if outcome.error:
        raise _not_placed(plan, outcome, labels)
    if vapi.check_mode:
        return {**_predicted(vapi, other, plan, carrier), "labels": labels}
    test = Test(caller, callee, code, options.max_seconds, plan.answerer, _callers(snapshot, plan))
    watch = Watch(engines, plan, test, str(outcome.result["id"]), carrier)
    try:
        verdict = watch.until_settled(options.wait_timeout)
    except RunInterruptedError:
        text = f"Interrupted while waiting for the records. Vapi ends the call after {options.max_seconds} s."
        raise ModuleFailureError(text, _result(plan, test, watch.verdict(), watch), labels) from None
    result = _result(plan, test, verdict, watch)
    failed = [step for step in verdict.steps.values() if step.ok is False]
    if failed:
        raise ModuleFailureError(_message(plan, verdict), result, labels)
    return {**result, "labels": labels}


def _placed(vapi: Engine, plan: Plan, code: str) -> Outcome:
    """Send the request, at most once; in check mode only check it."""
    params = {
        "assistant": str(plan.voice["id"]),
        "phone_number": str(plan.phone["id"]),
        "customer": {"number": e164(plan.callee.number)},
        "assistant_overrides": overrides(plan.voice, code, plan.max_seconds),
    }
    desired, _facts, _advice = desired_batches(TEST_CALL, params)
    return vapi.ensure(TEST_CALL, desired)[0]


def _callers(snapshot: Snapshot, plan: Plan) -> frozenset[str]:
    """The caller ids that the carrier may present: the number, the SIP account and its caller id."""
    login = login_of(plan.caller.trunk)
    caller_ids = [account.caller_id for account in snapshot.logins if account.name == login]
    return frozenset(filter(None, (plan.caller.number, login, *map(digits, caller_ids))))


def _predicted(vapi: Engine, other: Engine, plan: Plan, carrier: Carrier) -> Result:
    """The result in check mode."""
    now = vapi.now()
    calls = [
        {"cost": row.get("cost"), "duration": seconds(row)}
        for row in vapi.rows(CALL, ListQuery(params={}, limit=RECENT_CALLS))
    ]
    query = carrier.records_query(now - datetime.timedelta(days=RECENT_DAYS), now)
    records = [carrier.record_of(row) for row in other.rows(carrier.records, query)]
    steps = {name: Step(evidence="Not placed in check mode.").to_result() for name in STEPS}
    cost = {"vapi": None, "didlogic": None, "total": None}
    more = {"first_message": request(plan.voice, "0" * CODE_LENGTH), "estimate": estimate(plan, calls, records)}
    return {
        "changed": True,
        "call": {**plan.to_result(), **more},
        "check": {"ok": None, "steps": steps, "cost": cost},
        "findings": list(plan.findings),
    }


def _not_placed(plan: Plan, outcome: Outcome, labels: set[str]) -> Exception:
    """The error for a request that failed, or whose outcome is unknown."""
    error = outcome.error
    if isinstance(error, OptionError):
        return OptionError("from", "; ".join(each.rule for each in error.each))
    if not isinstance(error, ApiError):
        return error or ApiError(NOT_PLACED)
    step = Step(None if outcome.unknown else False, str(error), str(error), "")
    if isinstance(error, RejectedError):
        step = dataclasses.replace(step, fix="Correct what Vapi's message names; limits are in Vapi's dashboard.")
    others = {name: Step(evidence="The call did not get this far.").to_result() for name in STEPS[1:]}
    result = {
        "changed": outcome.changed,
        "outcome_unknown": outcome.unknown,
        "call": plan.to_result(),
        "check": {
            "ok": step.ok,
            "steps": {"placed": step.to_result(), **others},
            "cost": {"vapi": None, "didlogic": None, "total": None},
        },
        "findings": list(plan.findings),
    }
    return ModuleFailureError(f"placed: {error}", result, labels)


def _result(plan: Plan, test: Test, verdict: Verdict, watch: Watch) -> Result:
    inbound = verdict.inbound or {}
    return {
        "changed": True,
        "call": plan.to_result(),
        "check": {
            "ok": verdict.ok,
            "id": watch.call_id,
            **({"answered_id": str(inbound["id"])} if inbound else {}),
            "code": test.code,
            "steps": {name: step.to_result() for name, step in verdict.steps.items()},
            "cost": cost_of(verdict, watch.outbound),
        },
        "findings": list(plan.findings),
    }


def _message(plan: Plan, verdict: Verdict) -> str:
    """The error message: each step that failed with cause and fix."""
    failed = {name: step for name, step in verdict.steps.items() if step.ok is False}
    sentences = [f"{name}: {step.cause} {step.fix}".strip() for name, step in failed.items()]
    head = f"The test call from {plan.caller.number} to {plan.callee.number} failed."
    return " ".join([head, *sentences]) if len(sentences) == 1 else "\n- ".join([head, *sentences])
