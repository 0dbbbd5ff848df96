# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaign: many calls in one request. It starts immediately without a schedule, and is never changed."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig, without
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    ApiObject,
    Result,
    as_object,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError, Problems
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import to_display
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    ApiForm,
    Batches,
    InfoView,
    ListQuery,
    Mutation,
    OneShot,
    OneShotResource,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_e164_or_name,
    counted,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
    WORKFLOW,
    check_no_workflow,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import (
    MAX_CONTACTS,
    OUTSIDE,
    Fault,
    Linted,
    batches,
    from_csv,
    from_list,
    left_out,
    report,
    rest_is_usable,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import Contact as PlainContact
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import (
    ANY_NUMBER,
    TARGETS,
    ListReader,
    file_content,
    instant,
    moment,
    not_in_the_past,
    number_can_call,
    number_is_given,
    one_target,
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
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_numbers import Numbers
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD

#: Campaigns contain their customers, at most 10,000.
PAGE = 10
#: What a campaign has of each contact: who is called, and the state of each call.
CONTACTS = ("customers", "dialPlan", "calls")
#: The key of a listed campaign for the number of its contacts, where these are not kept.
CONTACT_COUNT = "contactCount"
#: Vapi's default number of concurrent calls of an account, and of a campaign.
USUAL_CONCURRENCY = 10
MAX_BYTES = 64 * 1024 * 1024
VOID = ("cancelled", "archived")
FINISHED = ("ended", *VOID)
_BATCH = re.compile(r"(?P<name>.*) \((?P<number>\d+)/(?P<count>\d+)\)", re.DOTALL)
COUNTS = {
    "scheduled": "callsCounterScheduled",
    "queued": "callsCounterQueued",
    "in_progress": "callsCounterInProgress",
    "ended": "callsCounterEnded",
    "voicemail": "callsCounterEndedVoicemail",
}


class Contact(Model):
    number: str | None = None
    sip_uri: str | None = None
    name: str | None = None
    extension: str | None = None
    variables: dict[str, object] | None = None


@dataclasses.dataclass(frozen=True)
class Moment:
    """Decisions of rules that depend on the time of the run; an existing campaign is returned anyway.

    :param refusal: why no campaign may be started now. :param excluded: contacts outside the calling hours now.
    :param judges_at: the time when a campaign was created -> the rules as they may have been applied then.
    """

    refusal: OptionError | None
    excluded: tuple[PlainContact, ...]
    judges_at: t.Callable[[str], list[Judge]]


class Campaign(Model):
    name: t.Annotated[str | None, Option(required=True, normalize=str.strip, length=(1, 200))] = None
    assistant: t.Annotated[str | None, Option(ref=ASSISTANT, api_name="assistantId")] = None
    squad: t.Annotated[str | None, Option(ref=SQUAD, api_name="squadId")] = None
    workflow: t.Annotated[str | None, Option(ref=WORKFLOW, api_name="workflowId")] = None
    phone_number: t.Annotated[
        str | None, Option(ref=ANY_NUMBER, api_name="phoneNumberId", check=check_e164_or_name)
    ] = None
    customers: list[Contact] | None = None
    schedule_at: t.Annotated[str | None, Option(normalize=instant, api_name="schedulePlan.earliestAt")] = None
    schedule_until: t.Annotated[str | None, Option(normalize=instant, api_name="schedulePlan.latestAt")] = None
    max_concurrency: t.Annotated[int | None, Option(range=(1, 500))] = None

    #: What the rules decide at this moment only. It is set on copies and is no option.
    decided: t.ClassVar[Moment | None] = None

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        """A contact's variables are part of its overrides."""
        place = "squadOverrides" if body.get("squadId") else "assistantOverrides"
        return {**body, "customers": [_sent(contact, place) for contact in objects_in(body.get("customers"))]}


def _sent(contact: ApiObject, overrides_key: str) -> ApiObject:
    rest = {key: value for key, value in contact.items() if key != "variables"}
    variables = contact.get("variables")
    return {**rest, overrides_key: {"variableValues": variables}} if variables else rest


class CampaignOptions(State, OutboundRules):
    csv: str | None = None
    skip_invalid: bool = False
    split: bool = False
    account_concurrency: t.Annotated[int, Option(range=(1, 10_000))] = USUAL_CONCURRENCY
    reserve_for_inbound: t.Annotated[int, Option(range=(0, 10_000))] = 0
    wait: bool = False
    wait_timeout: t.Annotated[int, Option(range=(1, 604_800))] = 3600


class CampaignFilters(Model):
    """No filters besides name and id."""


# -------------------------------------------------------------------------------------------------------- contacts


def contacts_are_given(campaign: Campaign, options: CampaignOptions) -> None:
    """Reject a campaign without contacts; raises :class:`OptionError`."""
    if options.state == "present" and campaign.customers is None and not options.csv:
        raise OptionError("customers / csv", "one of them must be given, with the contacts to call.")


def expand(campaign: Campaign, options: CampaignOptions) -> Batches:
    """The campaigns that the options declare.

    :param campaign: the campaign. :param options: its options. :return: the campaigns, and what they leave out.
    :raises OptionError: with every contact that is invalid or may not be called, and every bound that is exceeded.
    :raises LibraryMissingError: if numbers or time zones cannot be judged.
    """
    if options.csv and campaign.customers is not None:
        raise OptionError("csv", "cannot be given with customers; give the contacts in one of them.")
    if options.state == "absent" or (options.csv is None and campaign.customers is None):
        return Batches(records=[campaign])
    judged = _judged(campaign, options)
    if judged.refusal and not judged.now:
        raise judged.refusal
    count = len(judged.contacts)
    if count > MAX_CONTACTS and not options.split:
        raise OptionError(
            _where(options),
            f"has {count} contacts, but a campaign can have {MAX_CONTACTS}. Set split: true to create several.",
            *_path(options),
        )
    lines = _lines(campaign, options)
    parts = batches(str(campaign.name), judged.contacts) or [(str(campaign.name), [])]
    if len(parts) > 1 and judged.now and judged.now.excluded:
        raise OptionError(
            "schedule_at",
            "must be given if calling_hours excludes some of more than 10,000 contacts: a second run at another time "
            "would split the contacts into other campaigns.",
        )
    # The batches run concurrently and share the account's lines.
    each = max(1, lines // len(parts))
    records = [
        campaign.model_copy(
            update={
                "name": name,
                "customers": [Contact.model_construct(None, **contact) for contact in contacts],
                "max_concurrency": each,
                "decided": judged.now,
            }
        )
        for name, contacts in parts
    ]
    advice: tuple[str, ...] = ()
    rows = judged.linted.row_count
    if judged.faults and not judged.refusal:
        text = f"{counted(rows - count, 'row')} left out of {rows:,}. {report(judged.faults)}"
        advice = (text,)
    estimate = {
        "calls_at_once": each * len(parts),
        "seconds": math.ceil(count / (each * len(parts))) * options.expected_call_seconds,
        **estimate_of(count, options),
    }
    facts = {
        "contacts": count,
        "left_out": rows - count,
        "left_out_by_rule": left_out(judged.faults),
        "estimate": estimate,
    }
    return Batches(records=records, summary=facts, warnings=advice)


@dataclasses.dataclass(frozen=True)
class _Judged:
    """The contacts of a campaign, the faults of those that are left out, and why nothing is sent.

    :param now: what was decided for this moment only; then an earlier run may have started the campaign.
    """

    linted: Linted
    contacts: list[PlainContact]
    faults: list[Fault]
    refusal: OptionError | None
    now: Moment | None = None


def _judged(campaign: Campaign, options: CampaignOptions) -> _Judged:
    """Read the contacts and apply the rules; raises :class:`OptionError` if the file or a list cannot be read."""
    numbers = numbers_for(options)
    linted = _linted(campaign, options, numbers)
    judge = Judge(options, campaign, numbers, _current_time())
    problems = Faults()
    faults = [*linted.faults, *(problems.of("", judge.listed, linted.contacts, linted.places) or ())]
    before = {fault.where for fault in faults}
    faults += judge.outside_hours(linted.contacts, linted.places)
    excluded = {fault.where for fault in faults} - before
    pairs = list(zip(linted.contacts, linted.places, strict=True))
    contacts = [contact for contact, place in pairs if place not in before | excluded]
    refusal = _refusal(linted, contacts, faults, options)
    if problems.found:
        if refusal:
            problems.add(refusal)
        problems.end()
    allowed = any(place not in before for place in linted.places) and rest_is_usable(linted)
    if not depends_on_now(campaign, options) or (before and not (options.skip_invalid and allowed)):
        return _Judged(linted, contacts, faults, refusal)
    late = tuple(contact for contact, place in pairs if place in excluded)
    now = Moment(refusal, late, functools.partial(_judges_at, options, campaign, numbers))
    return _Judged(linted, contacts, faults, refusal, now)


def _current_time() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


#: A campaign is created a moment after its contacts were judged.
_MOMENTS = (datetime.timedelta(), datetime.timedelta(minutes=5))


def _judges_at(options: CampaignOptions, campaign: Campaign, numbers: Numbers, created_at: str) -> list[Judge]:
    try:
        created = moment(created_at)
    except ValueError:
        return []
    return [Judge(options, campaign, numbers, created - ago) for ago in _MOMENTS]


def _refusal(
    linted: Linted, contacts: list[PlainContact], faults: list[Fault], options: CampaignOptions
) -> OptionError | None:
    """Why nothing is sent: contacts that are invalid or may not be called, or a bound."""
    rest = bool(contacts) and rest_is_usable(linted)
    if faults and not (options.skip_invalid and rest):
        by_rule = left_out(faults)
        way = ""
        if rest:
            rules = ", ".join(f"{count:,} {rule}" for rule, count in by_rule.items())
            skipped = f"{sum(by_rule.values()):,} of {counted(linted.row_count, 'contact')} ({rules})"
            way = f", or set skip_invalid: true to leave them out, which would skip {skipped}"
        outside = {fault.kind in OUTSIDE for fault in faults}
        what = " and ".join(name for kind, name in _OF_CONTACTS.items() if kind in outside)
        rule = f"contains {what}. Nothing was sent. Correct this{way}: {report(faults)}"
        return OptionError(_where(options), rule, *_path(options))
    found = over_bounds(len(contacts), options)
    return Problems(found) if len(found) > 1 else next(iter(found), None)


_OF_CONTACTS = {False: "invalid contacts", True: "contacts outside the rules"}


def _where(options: CampaignOptions) -> str:
    return "csv" if options.csv else "customers"


def _plain(contact: Contact) -> Result:
    """A contact's options as given; the form for output would redact some variables."""
    pairs = [(name, getattr(contact, field.attr)) for name, field in fields(Contact).items()]
    return {name: value for name, value in pairs if value is not None}


def _path(options: CampaignOptions) -> tuple[str, ...]:
    """The value for a message about the contacts: the path of the file, but no personal data of a list."""
    return (options.csv,) if options.csv else ()


def _linted(campaign: Campaign, options: CampaignOptions, numbers: Numbers) -> Linted:
    if not options.csv:
        return from_list([_plain(contact) for contact in campaign.customers or []], numbers)
    return from_csv(file_content("csv", options.csv, MAX_BYTES, "give a file with the contacts only"), numbers)


def _lines(campaign: Campaign, options: CampaignOptions) -> int:
    """The maximum number of concurrent calls of the campaign."""
    free = options.account_concurrency - options.reserve_for_inbound
    if free < 1:
        raise OptionError(
            "reserve_for_inbound",
            f"leaves no line: account_concurrency is {options.account_concurrency}. Lower it, or raise the "
            "account's limit "
            "in Vapi and account_concurrency with it.",
        )
    if campaign.max_concurrency is None:
        return min(USUAL_CONCURRENCY, free)
    if campaign.max_concurrency > free:
        raise OptionError(
            "max_concurrency",
            f"is more than the {free} concurrent calls that account_concurrency leaves after reserve_for_inbound.",
        )
    return campaign.max_concurrency


# -------------------------------------------------------------------------------------------------- existing campaigns


def base(name: str) -> str:
    """A campaign's name without the batch number."""
    batch = _BATCH.fullmatch(name)
    return batch["name"] if batch else name


def same_batch(row: ApiObject, campaign: Campaign) -> bool:
    return row.get("name") == campaign.name


def same_name(row: ApiObject, campaign: Campaign) -> bool:
    return base(str(row.get("name"))) == base(str(campaign.name))


def same_contacts_twice(row: ApiObject, campaign: Campaign) -> bool:
    """Whether a campaign calls the contacts of this one too: it has the same name, with or without a batch number."""
    return same_batch(row, campaign) or (
        same_name(row, campaign) and _part_count(row) != _part_count({"name": campaign.name})
    )


def _part_count(row: ApiObject) -> str:
    """The number of batches that a campaign belongs to."""
    batch = _BATCH.fullmatch(str(row.get("name")))
    return batch["count"] if batch else "1"


def other_batches(rows: list[ApiObject], campaign: Campaign) -> None:
    for row in rows:
        if same_name(row, campaign) and _part_count(row) != _part_count({"name": campaign.name}):
            raise OptionError(
                "name",
                f"belongs to a campaign with another number of batches, {row['name']}: a running campaign is never "
                "changed. Use another name for a campaign with the new contacts.",
            )


def contact_count(row: ApiObject) -> int | None:
    """How many contacts a campaign has, as far as the row shows it.

    :param row: a campaign in the API's form: with ``customers``, with ``dialPlan`` (a list of phone numbers and the
        customers of each), or as :func:`without_contacts` leaves it.
    """
    plan = row.get("dialPlan")
    entries = [row, *(plan if isinstance(plan, list) else [])]
    lists = [found for entry in entries if isinstance(found := dig(entry, ("customers",)), list)]
    count = sum(map(len, lists)) if lists else row.get(CONTACT_COUNT, dig(row, (COUNTS["scheduled"],)))
    return int(count) if isinstance(count, (int, float)) else None


def without_contacts(row: ApiObject) -> ApiObject:
    """A listed campaign with the number of its contacts instead of the contacts."""
    count = contact_count(row)
    return {**without(row, CONTACTS), **({} if count is None else {CONTACT_COUNT: count})}


def fetch_details(get: t.Callable[..., object], row: ApiObject) -> ApiObject:
    """The campaign with its contacts, which a listed one lacks."""
    if "customers" in row or "dialPlan" in row:
        return row
    answer = get("/campaign/{id}", id=str(row["id"]))
    return {**row, **answer} if isinstance(answer, dict) else row


def check_matches(row: ApiObject, campaign: Campaign) -> str | None:
    """Reject an existing campaign with other contacts; raises :class:`OptionError`."""
    name = campaign.name
    if row.get("status") in VOID:
        raise OptionError(
            "name", f"belongs to a campaign that was cancelled ({row['id']}) and cannot continue. Use another name."
        )
    for target in TARGETS:
        desired = getattr(campaign, target)
        if desired and desired != row.get(f"{target}Id"):
            raise OptionError(
                target, f"differs from that of the campaign {name}, which cannot be changed. {ANOTHER_NAME}"
            )
    if campaign.phone_number and campaign.phone_number != row.get("phoneNumberId"):
        raise OptionError(
            "phone_number", f"differs from that of the campaign {name}, which cannot be changed. {ANOTHER_NAME}"
        )
    if campaign.customers is not None:
        there = row.get("customers")
        if not isinstance(there, list):
            return f"Vapi does not return the contacts of the campaign {name}, so they were not compared."
        _same_contacts(objects_in(there), campaign, str(row.get("createdAt")))
    plan = row.get("schedulePlan") or {}
    for option, key in (("schedule_at", "earliestAt"), ("schedule_until", "latestAt")):
        if getattr(campaign, option) and getattr(campaign, option) != dig(plan, (key,)):
            return f"The campaign {name} keeps the schedule that it was started with; {option} was not applied."
    return None


ANOTHER_NAME = "Use another name to start another campaign."


def _same_contacts(there: list[ApiObject], campaign: Campaign, created: str) -> None:
    """Compare the contacts, without those that calling hours excluded when the campaign was created."""
    now = campaign.decided
    every = [*map(_plain, campaign.customers or []), *(now.excluded if now else ())]
    desired = {_key(contact): contact for contact in objects_in(Campaign.sent(_body(campaign, every))["customers"])}
    current = {_key(contact): contact for contact in there}
    missing = desired.keys() - current.keys()
    if now:
        plain = {str(contact.get("number") or contact.get("sip_uri")): contact for contact in every}
        judges = now.judges_at(created)
        missing = {key for key in missing if not any(judge.outside(plain[key]) for judge in judges)}
    new, gone = len(missing), len(current.keys() - desired.keys())
    other = sum(_rest(desired[key]) != _rest(current[key]) for key in desired.keys() & current.keys())
    if new or gone or other:
        raise OptionError(
            "customers or csv",
            f"differs from the contacts of the campaign {campaign.name}: {new} new, {gone} missing, {other} with "
            f"another name or other variables. A campaign cannot be changed. {ANOTHER_NAME}",
        )


def _body(campaign: Campaign, every: list[PlainContact]) -> ApiObject:
    contacts = [{CAMEL.get(key, key): value for key, value in contact.items()} for contact in every]
    return {"squadId": campaign.squad, "customers": contacts}


CAMEL = {"sip_uri": "sipUri"}


def _key(contact: ApiObject) -> str:
    return str(contact.get("number") or contact.get("sipUri"))


def _rest(contact: ApiObject) -> tuple[object, ...]:
    overrides = [dig(contact, (place, "variableValues")) or {} for place in ("assistantOverrides", "squadOverrides")]
    return contact.get("name") or "", contact.get("extension") or "", overrides


# --------------------------------------------------------------------------------------------------- before it starts


def can_start(rows: ListReader, campaign: Campaign, now: datetime.datetime) -> tuple[str, ...]:
    if campaign.decided and campaign.decided.refusal:
        raise campaign.decided.refusal
    not_in_the_past(campaign, now)
    warnings = number_can_call(rows, campaign)
    if campaign.schedule_at:
        return warnings
    contacts = counted(len(campaign.customers or ()), "contact")
    return (
        *warnings,
        f"The campaign {campaign.name} has no schedule_at: Vapi starts to call {contacts} immediately.",
    )


def check_contact_count(row: ApiObject, campaign: Campaign) -> str | None:
    sent, there = len(campaign.customers or []), row.get("callsCounterScheduled")
    if isinstance(there, int) and 0 < there < sent:
        return (
            f"Vapi accepted {there} of the {sent} contacts of the campaign {campaign.name}. Check it in the dashboard."
        )
    return None


def cancel(row: ApiObject) -> Mutation:
    return Mutation(method="PATCH", path="/campaign/{id}", ids={"id": str(row["id"])}, body={"status": "cancelled"})


# ---------------------------------------------------------------------------------------------------- return values


def to_display_form(campaign: Campaign) -> Result:
    result = to_display(campaign.model_copy(update={"customers": None}))
    return result if campaign.customers is None else {**result, "contacts": len(campaign.customers)}


def to_result(row: ApiObject, _options: object) -> Result:
    names = {"name": "name", "status": "status", "ended_reason": "endedReason", "phone_number": "phoneNumberId"}
    names |= {target: f"{target}Id" for target in (*TARGETS, "workflow")}
    times = {"created_at": "createdAt", "updated_at": "updatedAt"}
    counts = {name: int(count) for name, key in COUNTS.items() if isinstance(count := row.get(key), (int, float))}
    contacts = contact_count(row)
    return {
        "id": str(row["id"]),
        **texts(row, names),
        **texts(row.get("schedulePlan"), {"schedule_at": "earliestAt", "schedule_until": "latestAt"}),
        **texts(row, {"max_concurrency": "maxConcurrency"}, (int,)),
        **({"contacts": contacts} if contacts is not None else {}),
        "counts": counts,
        **texts(row, times),
    }


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def gathered(results: list[Result], facts: Result) -> Result:
    """The combined result of all batches."""
    results = [result for result in results if result]
    if not results:
        return {}
    status = [str(result.get("status")) for result in results]
    counts = [as_object(result.get("counts")) for result in results]
    first = {name: value for name, value in results[0].items() if name not in ("counts", "contacts", "status")}
    return {
        **first,
        "name": base(str(first["name"])),
        **({"status": min(status, key=ORDER.index)} if all(one in ORDER for one in status) else {}),
        "contacts": sum(_count(result.get("contacts")) for result in results),
        "counts": {name: sum(_count(count.get(name)) for count in counts) for name in (COUNTS if any(counts) else ())},
        "batches": [
            {name: result[name] for name in ("id", "name", "status", "contacts", "counts") if name in result}
            for result in results
        ],
        **facts,
    }


#: The status of several batches is that of the least advanced one.
ORDER = ("in-progress", "scheduled", "ended", "cancelled", "archived")

CAMPAIGN = OneShotResource(
    provider=VAPI,
    name="campaign",
    plural="campaigns",
    title="campaign",
    path="/campaign",
    record=Campaign,
    options=CampaignOptions,
    normalize_key=base,
    validators=(check_no_workflow, one_target, number_is_given, times_in_order, contacts_are_given, check_rules),
    expand=expand,
    merge_results=gathered,
    one_shot=OneShot(
        is_same=same_batch,
        same_group=same_name,
        needs_lookup=lambda _campaign, _unused: True,
        window=lambda _now, _campaign: ListQuery(),
        rival=same_contacts_twice,
        age=lambda row: (str(row.get("createdAt")), str(row["id"])),
        fetch_details=fetch_details,
        check_conflict=other_batches,
        check_matches=check_matches,
        preflight=can_start,
        check_response=check_contact_count,
        void=lambda row: row.get("status") in VOID,
        is_finished=lambda row: row.get("status") in FINISHED,
        cancel=cancel,
        to_display=to_display_form,
        hint="It was not sent again. Check with vapi_campaign_info whether the campaign exists. The same task can be "
        "run again: it finds an existing campaign by its name instead of starting another.",
    ),
    api=ApiForm(
        unwrap_list=lambda answer: answer.get("results"),
        page_size=PAGE,
        numbered_pages=True,
        reduce=without_contacts,
    ),
    view=InfoView(
        to_result=to_result,
        filters=CampaignFilters,
    ),
)
