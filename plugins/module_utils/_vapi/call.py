# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbound call. Each one rings a phone and costs money, so its request is sent at most once."""

from __future__ import annotations

import datetime
import typing as t
import uuid

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig, without
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    ApiObject,
    Params,
    Result,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import to_display
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    ApiForm,
    Batches,
    InfoView,
    ListQuery,
    OneShot,
    OneShotResource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import is_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
    check_e164_or_name,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
    WORKFLOW,
    check_no_workflow,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import Contact, Fault, make_fault
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import diagnose
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import vapi_form
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import (
    ANY_NUMBER,
    TARGETS,
    ListReader,
    Time,
    instant,
    moment,
    not_in_the_past,
    number_can_call,
    number_is_given,
    one_target,
    stamp,
    texts,
    times_in_order,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound_rules import (
    Judge,
    OutboundRules,
    check_rules,
    depends_on_now,
    estimate_of,
    numbers_for,
    over_bounds,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.overrides import (
    check_overrides,
    check_version,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.retention import explain_retention
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD

#: The key of a call's mark: the published description has ``metadata`` in the overrides only.
IDEMPOTENCY_FIELD = "voiceops_idempotency_key"
#: Prefix of a mark that a run generates; later runs do not search for it.
RUN_KEY_PREFIX = "run "


def check_own_key(key: str) -> None:
    if key.startswith(RUN_KEY_PREFIX):
        raise ValueError("must not begin with 'run ', which marks calls without an idempotency key.")


DAY = datetime.timedelta(hours=24)
#: Calls contain their whole conversation.
PAGE = 100
#: Large fields of a call that no result contains.
CONVERSATION = (
    "messages", "transcript", "costs", "assistant", "squad", "workflow", "artifact.messages", "artifact.transcript",
    "artifact.messagesOpenAIFormatted", "artifact.nodes", "artifact.performanceMetrics", "artifact.structuredOutputs",
)  # fmt: skip
LIVE = ("queued", "ringing", "in-progress", "forwarding")
DIRECTIONS = {"inboundPhoneCall": "inbound", "outboundPhoneCall": "outbound", "webCall": "web"}


class Customer(Model):
    number: t.Annotated[str | None, Option(personal=True)] = None
    sip_uri: t.Annotated[str | None, Option(personal=True)] = None
    name: t.Annotated[str | None, Option(length=(1, 40), personal=True)] = None
    extension: t.Annotated[str | None, Option(length=(1, 10), personal=True)] = None


class Call(Model):
    assistant: t.Annotated[str | None, Option(ref=ASSISTANT, api_name="assistantId")] = None
    squad: t.Annotated[str | None, Option(ref=SQUAD, api_name="squadId")] = None
    workflow: t.Annotated[str | None, Option(ref=WORKFLOW, api_name="workflowId")] = None
    assistant_version: t.Annotated[str | None, Option(length=(1, 40))] = None
    squad_version: t.Annotated[str | None, Option(length=(1, 40))] = None
    phone_number: t.Annotated[
        str | None, Option(required=True, ref=ANY_NUMBER, api_name="phoneNumberId", check=check_e164_or_name)
    ] = None
    customer: t.Annotated[Customer | None, Option(required=True)] = None
    variables: t.Annotated[dict[str, object] | None, Option(api_name="overrides.variableValues")] = None
    assistant_overrides: t.Annotated[
        dict[str, object] | None, Option(api_name="overrides.*", free=vapi_form("AssistantOverrides"))
    ] = None
    schedule_at: t.Annotated[str | None, Option(normalize=instant, api_name="schedulePlan.earliestAt")] = None
    schedule_until: t.Annotated[str | None, Option(normalize=instant, api_name="schedulePlan.latestAt")] = None
    idempotency_key: t.Annotated[
        str | None, Option(length=(1, 200), check=check_own_key, api_name=f"overrides.metadata.{IDEMPOTENCY_FIELD}")
    ] = None

    #: Why the call must not be placed now; an existing one is returned anyway. It is set on copies and is no option.
    refusal: t.ClassVar[OptionError | None] = None

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        """The key of the overrides depends on the object that they override."""
        overrides = body.pop("overrides", {})
        target = next((name for name in TARGETS if body.get(f"{name}Id")), "")
        return {**body, f"{target}Overrides": overrides} if target else body


class CallOptions(OutboundRules):
    wait: bool = False
    wait_timeout: t.Annotated[int, Option(range=(1, 86_400))] = 600
    show_recording: bool = False
    state: t.ClassVar[str] = "present"


class CallFilters(Model):
    assistant: t.Annotated[str | None, Option(ref=ASSISTANT)] = None
    phone_number: t.Annotated[str | None, Option(ref=ANY_NUMBER, check=check_e164_or_name)] = None
    created_after: Time = None
    created_before: Time = None
    limit: t.Annotated[int, Option(range=(1, 10_000))] = 100
    show_recording: bool = False


def reachable(call: Call, _options: CallOptions) -> None:
    customer = call.customer or Customer()
    if bool(customer.number) == bool(customer.sip_uri):
        raise OptionError("customer", "requires exactly one of number and sip_uri.")
    if customer.sip_uri and not is_uri(customer.sip_uri):
        raise OptionError("customer.sip_uri", "must be a SIP URI of the form sip:user@host or sips:user@host.")
    if customer.extension and not customer.number:
        raise OptionError("customer.extension", "requires number; it is dialled after the number has answered.")


def free_overrides(call: Call, _options: CallOptions) -> None:
    given = call.assistant_overrides or {}
    if "variableValues" in given:
        raise OptionError("assistant_overrides.variableValues", "must be given as the option variables.")
    if not isinstance(given.get("metadata", {}), dict):
        raise OptionError("assistant_overrides.metadata", "must be a dict.")


def check_versions(call: Call, _options: CallOptions) -> None:
    """Reject a version without the object that it belongs to."""
    for name in TARGETS:
        version = getattr(call, f"{name}_version")
        if version and not getattr(call, name):
            raise OptionError(f"{name}_version", f"requires {name}; it selects one of its versions.", version)


def number_exists(call: Call, options: CallOptions) -> None:
    """Reject an invalid number of the person called.

    :param call: the call. :param options: its options. :raises OptionError: if the number is invalid.
    :raises LibraryMissingError: if numbers cannot be judged.
    """
    number = call.customer.number if call.customer else None
    fault = numbers_for(options).read(number)[1] if number else None
    if fault:
        reason = make_fault("customer", fault).rule
        rule = f"must be a valid number in E.164 form, such as +31201234567. It {reason}"
        raise OptionError("customer.number", rule)


def expand(call: Call, options: CallOptions) -> Batches:
    """The call with its number as dialled, and with a mark, by which it can be found if the response is lost.

    :param call: the call. :param options: its options. :return: the call.
    :raises OptionError: if a rule forbids the call. :raises LibraryMissingError: if its time zone cannot be judged.
    """
    numbers, customer = numbers_for(options), call.customer or Customer()
    if customer.number:
        customer = customer.model_copy(update={"number": numbers.read(customer.number)[0]})
    called = {"number": customer.number, "sip_uri": customer.sip_uri}
    contact: Contact = {name: value for name, value in called.items() if value}
    judge = Judge(options, call, numbers, datetime.datetime.now(datetime.UTC))
    problems = Faults(over_bounds(1, options))
    forbidden = problems.of("", judge.listed, [contact], [""]) or []
    late = judge.outside_hours([contact], [""])
    refusal = None
    if late and depends_on_now(call, options):
        refusal = _forbidden(contact, late[0])
    else:
        forbidden += late
    for fault in forbidden:
        problems.add(_forbidden(contact, fault))
    problems.end()
    mark = call.idempotency_key or RUN_KEY_PREFIX + str(uuid.uuid4())
    update = {"customer": customer, "idempotency_key": mark, "refusal": refusal}
    return Batches(records=[call.model_copy(update=update)], summary={"estimate": estimate_of(1, options)})


def _forbidden(contact: Contact, fault: Fault) -> OptionError:
    return OptionError(f"customer.{next(iter(contact), 'number')}", f"{fault.rule} Nothing was sent.")


def with_estimate(results: list[Result], facts: Result) -> Result:
    """The result of a call with the estimated cost.

    :param results: the result. :param facts: what the options determine. :return: the return value.
    """
    return {**results[0], **facts} if results[0] else results[0]


def idempotency_key_of(row: ApiObject) -> object:
    places = [(f"{name}Overrides", "metadata", IDEMPOTENCY_FIELD) for name in TARGETS]
    return next((found for found in (dig(row, place) for place in places) if found), None)


def check_customer(row: ApiObject, call: Call) -> None:
    customer = call.customer or Customer()
    asked = customer.number or customer.sip_uri
    there = dig(row, ("customer", "number")) or dig(row, ("customer", "sipUri"))
    if asked != there:
        raise OptionError(
            "idempotency_key",
            "belongs to a call to another person, planned or of the last 24 hours; use another key for each call.",
        )


def preflight(rows: ListReader, call: Call, now: datetime.datetime) -> tuple[str, ...]:
    if call.refusal:
        raise call.refusal
    not_in_the_past(call, now)
    checked = check_overrides(rows, call.assistant_overrides)
    return (*number_can_call(rows, call), *checked, *check_version(rows, call))


def check_concurrency(row: ApiObject, _call: Call) -> str | None:
    limits = row.get("subscriptionLimits")
    if not isinstance(limits, dict) or not limits.get("concurrencyBlocked"):
        return None
    return f"The call is queued: the account's limit of {limits.get('concurrencyLimit')} concurrent calls is reached."


# --------------------------------------------------------------------------------------------------- return values


def seconds(row: ApiObject) -> int | None:
    """The duration of a call in seconds."""
    try:
        begun, ended = moment(str(row.get("startedAt"))), moment(str(row.get("endedAt")))
    except ValueError:
        return None
    return max(0, round((ended - begun).total_seconds()))


def _transfer(raw: object) -> Result:
    to = dig(raw, ("destination",))
    place = (
        to if isinstance(to, str) else next((dig(to, (key,)) for key in ("number", "sipUri") if dig(to, (key,))), None)
    )
    return {**({"to": place} if isinstance(place, str) else {}), **texts(raw, {"status": "status", "mode": "mode"})}


def transfers_of(row: ApiObject) -> list[Result]:
    found = dig(row, ("artifact", "transfers"))
    transfers = [_transfer(item) for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    if not transfers and isinstance(row.get("destination"), dict):
        transfers = [_transfer({"destination": row["destination"]})]
    return transfers


def with_diagnosis(item: Result, carrier: Result | None = None) -> Result:
    """Add the outcome to a call's return value, and the cause and the fix if known."""
    reason = str(item["ended_reason"]) if item.get("ended_reason") else None
    found = diagnose(reason, str(item.get("ended_message", "")), objects_in(item["transfers"]), carrier)
    if found is None:
        outcome = (
            "running" if item.get("status") in LIVE else "scheduled" if item.get("status") == "scheduled" else "unknown"
        )
        return {**item, "outcome": outcome, "diagnosis": {}}
    diagnosis: Result = {"cause": found.cause, "fix": found.fix, "area": found.area, "option": found.option}
    if found.sip_status:
        diagnosis["sip_status"] = found.sip_status
    return {**item, "outcome": found.outcome, "diagnosis": {name: value for name, value in diagnosis.items() if value}}


def to_result(row: ApiObject, options: CallFilters) -> Result:
    return with_diagnosis(undiagnosed(row, options))


def undiagnosed(row: ApiObject, options: CallFilters) -> Result:
    """The return value of a call without its outcome; see :func:`with_diagnosis`.

    :param row: the call in Vapi's form. :param options: whether to show recordings. :return: the return value.
    """
    names = {
        "status": "status",
        "name": "name",
        "assistant": "assistantId",
        "squad": "squadId",
        "workflow": "workflowId",
        "assistant_version": "assistantVersion",
        "squad_version": "squadVersion",
    }
    names |= {"phone_number": "phoneNumberId", "campaign": "campaignId", "created_at": "createdAt"}
    names |= {
        "started_at": "startedAt",
        "ended_at": "endedAt",
        "ended_reason": "endedReason",
        "ended_message": "endedMessage",
    }
    customer = texts(
        row.get("customer"), {"number": "number", "sip_uri": "sipUri", "name": "name", "extension": "extension"}
    )
    plan = texts(row.get("schedulePlan"), {"schedule_at": "earliestAt", "schedule_until": "latestAt"})
    analysis = texts(row.get("analysis"), {"summary": "summary", "success_evaluation": "successEvaluation"})
    recording = next((found for place in RECORDINGS if isinstance(found := dig(row, place), str) and found), None)
    duration, mark = seconds(row), idempotency_key_of(row)
    return {
        "id": str(row["id"]),
        **texts(row, names),
        **texts(row, {"cost": "cost"}, (int, float)),
        **plan,
        **analysis,
        "direction": DIRECTIONS.get(str(row.get("type")), "web"),
        "customer": customer,
        "transfers": transfers_of(row),
        **({"duration": duration} if duration is not None else {}),
        **({"idempotency_key": mark} if isinstance(mark, str) and not mark.startswith(RUN_KEY_PREFIX) else {}),
        # The address gives access to the call's audio.
        **({"recording_url": recording if options.show_recording else REDACTED} if recording else {}),
    }


RECORDINGS = (
    ("artifact", "recordingUrl"),
    ("artifact", "recording", "mono", "combinedUrl"),
    ("artifact", "recording", "stereoUrl"),
)


def _of_number(call: Call) -> Params:
    """Vapi's filters for calls are the number, the assistant and the time of creation; the number is never changed."""
    return {"phoneNumberId": call.phone_number} if call.phone_number != UNKNOWN_ID else {}


def last_day_query(now: datetime.datetime, call: Call) -> ListQuery:
    return ListQuery(params={**_of_number(call), "createdAtGe": stamp(now - DAY)})


def earlier_queries(now: datetime.datetime, call: Call) -> tuple[ListQuery, ...]:
    """All calls of the last day, and all of the number: a planned one may have been created at any time."""
    day = stamp(now - DAY)
    older = (ListQuery(params={**_of_number(call), "createdAtLe": day}),) if _of_number(call) else ()
    return (ListQuery(params={"createdAtGe": day}), *older)


TOO_MANY = (
    "Nothing was sent, because a call with this idempotency_key may exist. All calls of the last 24 hours and all "
    "earlier calls of the phone number are searched. Use a phone number with fewer calls, or place the call without "
    "idempotency_key and prevent a second call in another way."
)


def is_remembered(row: ApiObject, now: datetime.datetime) -> bool:
    """Whether a call still counts for its key: it has not ended, or it or its schedule is within the last 24 hours."""
    if row.get("status") != "ended" and not row.get("endedReason"):
        return True
    times = [row.get(name) for name in ("createdAt", "startedAt", "endedAt")]
    times += [dig(row, ("schedulePlan", name)) for name in ("earliestAt", "latestAt")]
    try:
        return max(moment(str(time)) for time in times if time) >= now - DAY
    except ValueError:
        return True  # no call is better than two


def list_query(filters: CallFilters, key: str) -> ListQuery:
    params = {
        "id": key,
        "assistantId": filters.assistant,
        "phoneNumberId": filters.phone_number,
        "createdAtGe": filters.created_after,
        "createdAtLe": filters.created_before,
    }
    return ListQuery(params={name: value for name, value in params.items() if value}, limit=filters.limit)


def to_display_form(call: Call) -> Result:
    own = str(call.idempotency_key).startswith(RUN_KEY_PREFIX)
    displayed: dict[str, object] = to_display(call.model_copy(update={"idempotency_key": None}) if own else call)
    return displayed


CALL = OneShotResource(
    provider=VAPI,
    name="call",
    plural="calls",
    title="call",
    path="/call",
    record=Call,
    options=CallOptions,
    keys=(),
    validators=(
        check_no_workflow,
        one_target,
        number_is_given,
        times_in_order,
        reachable,
        check_rules,
        number_exists,
        free_overrides,
        check_versions,
    ),
    expand=expand,
    merge_results=with_estimate,
    one_shot=OneShot(
        is_same=lambda row, call: idempotency_key_of(row) == call.idempotency_key,
        needs_lookup=lambda call, _unused: not str(call.idempotency_key).startswith(RUN_KEY_PREFIX),
        window=last_day_query,
        earlier=earlier_queries,
        too_many=TOO_MANY,
        counts=is_remembered,
        check_matches=check_customer,
        preflight=preflight,
        check_response=check_concurrency,
        to_display=to_display_form,
        hint="It was not sent again, to avoid a second call. Check with vapi_call_info "
        "(created_after: a few minutes ago) whether the person is being called. With idempotency_key the same task can "
        "be run again: it returns an existing call with the key instead of placing another.",
    ),
    api=ApiForm(
        page_size=PAGE,
        reduce=lambda row: without(row, CONVERSATION),
    ),
    view=InfoView(
        to_result=to_result,
        filters=CallFilters,
        query=list_query,
        explain_refusal=explain_retention,
    ),
)
