# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaign: many calls in one request. It starts immediately without a schedule, and is never changed."""

from __future__ import annotations

import datetime
import math
import pathlib
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import (
    Option,
    Problem,
    Record,
    dig,
    fields,
    show,
    without,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import (
    Once,
    Parts,
    Reading,
    Resource,
    State,
    Write,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
    SQUAD,
    WORKFLOW,
    check_no_workflow,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import (
    MOST_CONTACTS,
    Linted,
    batches,
    from_csv,
    from_list,
    report,
    rest_is_usable,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import (
    ANY_NUMBER,
    TARGETS,
    Row,
    Rows,
    instant,
    not_in_the_past,
    number_can_call,
    number_is_given,
    one_target,
    texts,
    times_in_order,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import VAPI

#: Campaigns contain their customers, at most 10,000.
PAGE = 10
#: What a campaign has of each contact: who is called, and the state of each call.
CONTACTS = ("customers", "dialPlan", "calls")
#: The key of a listed campaign for the number of its contacts, where these are not kept.
CONTACT_COUNT = "contactCount"
#: Vapi's default number of concurrent calls of an account, and of a campaign.
USUAL_CONCURRENCY = 10
MOST_BYTES = 64 * 1024 * 1024
VOID = ("cancelled", "archived")
OVER = ("ended", *VOID)
_BATCH = re.compile(r"(?P<name>.*) \((?P<number>\d+)/(?P<count>\d+)\)", re.DOTALL)
COUNTS = {
    "scheduled": "callsCounterScheduled",
    "queued": "callsCounterQueued",
    "in_progress": "callsCounterInProgress",
    "ended": "callsCounterEnded",
    "voicemail": "callsCounterEndedVoicemail",
}


class Contact(Record):
    number: str | None = None
    sip_uri: str | None = None
    name: str | None = None
    extension: str | None = None
    variables: dict[str, t.Any] | None = None


class Campaign(Record):
    name: t.Annotated[str | None, Option(required=True, clean=str.strip, length=(1, 200))] = None
    assistant: t.Annotated[str | None, Option(ref=ASSISTANT, wire="assistantId")] = None
    squad: t.Annotated[str | None, Option(ref=SQUAD, wire="squadId")] = None
    workflow: t.Annotated[str | None, Option(ref=WORKFLOW, wire="workflowId")] = None
    phone_number: t.Annotated[str | None, Option(ref=ANY_NUMBER, wire="phoneNumberId")] = None
    customers: list[Contact] | None = None
    schedule_at: t.Annotated[str | None, Option(clean=instant, wire="schedulePlan.earliestAt")] = None
    schedule_until: t.Annotated[str | None, Option(clean=instant, wire="schedulePlan.latestAt")] = None
    max_concurrency: t.Annotated[int | None, Option(between=(1, 500))] = None

    @staticmethod
    def sent(body: dict[str, t.Any]) -> dict[str, t.Any]:
        """A contact's variables are part of its overrides."""
        place = "squadOverrides" if body.get("squadId") else "assistantOverrides"
        return {**body, "customers": [_sent(contact, place) for contact in body.get("customers") or []]}


def _sent(contact: dict[str, t.Any], place: str) -> dict[str, t.Any]:
    rest = {key: value for key, value in contact.items() if key != "variables"}
    variables = contact.get("variables")
    return {**rest, place: {"variableValues": variables}} if variables else rest


class Ask(State):
    csv: str | None = None
    skip_invalid: bool = False
    split: bool = False
    account_concurrency: t.Annotated[int, Option(between=(1, 10_000))] = USUAL_CONCURRENCY
    reserve_for_inbound: t.Annotated[int, Option(between=(0, 10_000))] = 0
    expected_call_seconds: t.Annotated[int, Option(between=(1, 43_200))] = 60
    wait: bool = False
    wait_timeout: t.Annotated[int, Option(between=(1, 604_800))] = 3600


class Seek(Record):
    """No filters besides name and id."""


# -------------------------------------------------------------------------------------------------------- contacts


def contacts_are_given(campaign: Campaign, ask: Ask) -> None:
    """Reject a campaign without contacts; raises :class:`Problem`."""
    if ask.state == "present" and campaign.customers is None and not ask.csv:
        raise Problem("customers / csv", "one of them must be given, with the contacts to call.")


def in_parts(campaign: Campaign, ask: Ask) -> Parts:
    """The campaigns that the options declare; raises :class:`Problem` with every invalid row."""
    if ask.csv and campaign.customers is not None:
        raise Problem("csv", "cannot be given with customers; give the contacts in one of them.")
    if ask.state == "absent" or (ask.csv is None and campaign.customers is None):
        return Parts(records=[campaign])
    linted = _linted(campaign, ask)
    where = "csv" if ask.csv else "customers"
    leaves_out = rest_is_usable(linted)
    if linted.faults and not (ask.skip_invalid and leaves_out):
        way = ", or set skip_invalid: true to leave them out" if leaves_out else ""
        rule = f"contains invalid contacts. Nothing was sent. Correct this{way}: {report(linted.faults)}"
        raise Problem(where, rule, *_path(ask))
    count = len(linted.contacts)
    if count > MOST_CONTACTS and not ask.split:
        raise Problem(
            where,
            f"has {count} contacts, but a campaign can have {MOST_CONTACTS}. Set split: true to create several.",
            *_path(ask),
        )
    lines = _lines(campaign, ask)
    parts = batches(str(campaign.name), linted.contacts)
    # The batches run concurrently and share the account's lines.
    each = max(1, lines // len(parts))
    records = [
        campaign.model_copy(
            update={
                "name": name,
                "customers": [Contact.model_construct(None, **contact) for contact in contacts],
                "max_concurrency": each,
            }
        )
        for name, contacts in parts
    ]
    advice: tuple[str, ...] = ()
    if linted.faults:
        advice = (f"{counted(len({fault.where for fault in linted.faults}), 'row')} left out. {report(linted.faults)}",)
    estimate = {
        "calls_at_once": each * len(parts),
        "seconds": math.ceil(count / (each * len(parts))) * ask.expected_call_seconds,
    }
    facts = {"contacts": count, "left_out": linted.rows - count, "estimate": estimate}
    return Parts(records=records, facts=facts, advice=advice)


def _plain(contact: Contact) -> dict[str, t.Any]:
    """A contact's options as given; the form for output would redact some variables."""
    pairs = [(name, getattr(contact, field.attr)) for name, field in fields(Contact).items()]
    return {name: value for name, value in pairs if value is not None}


def _path(ask: Ask) -> tuple[str, ...]:
    """The value for a message about the contacts: the path of the file, but no personal data of a list."""
    return (ask.csv,) if ask.csv else ()


def _linted(campaign: Campaign, ask: Ask) -> Linted:
    if not ask.csv:
        return from_list([_plain(contact) for contact in campaign.customers or []])
    path = pathlib.Path(ask.csv).expanduser()
    try:
        if path.stat().st_size > MOST_BYTES:
            rule = f"is larger than {MOST_BYTES // 2**20} MB; give a file with the contacts only."
            raise Problem("csv", rule, ask.csv)
        return from_csv(path.read_bytes())
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise Problem("csv", f"cannot be read on the host that runs this task: {reason}.", ask.csv) from None


def _lines(campaign: Campaign, ask: Ask) -> int:
    """The maximum number of concurrent calls of the campaign."""
    free = ask.account_concurrency - ask.reserve_for_inbound
    if free < 1:
        raise Problem(
            "reserve_for_inbound",
            f"leaves no line: account_concurrency is {ask.account_concurrency}. Lower it, or raise the account's limit "
            "in Vapi and account_concurrency with it.",
        )
    if campaign.max_concurrency is None:
        return min(USUAL_CONCURRENCY, free)
    if campaign.max_concurrency > free:
        raise Problem(
            "max_concurrency",
            f"is more than the {free} concurrent calls that account_concurrency leaves after reserve_for_inbound.",
        )
    return campaign.max_concurrency


# -------------------------------------------------------------------------------------------------- existing campaigns


def base(name: str) -> str:
    """A campaign's name without the batch number."""
    batch = _BATCH.fullmatch(name)
    return batch["name"] if batch else name


def same_batch(row: Row, campaign: Campaign) -> bool:
    return row.get("name") == campaign.name


def same_name(row: Row, campaign: Campaign) -> bool:
    return base(str(row.get("name"))) == base(str(campaign.name))


def same_contacts_twice(row: Row, campaign: Campaign) -> bool:
    """Whether a campaign calls the contacts of this one too: it has the same name, with or without a batch number."""
    return same_batch(row, campaign) or (same_name(row, campaign) and _parts(row) != _parts({"name": campaign.name}))


def _parts(row: Row) -> str:
    """The number of batches that a campaign belongs to."""
    batch = _BATCH.fullmatch(str(row.get("name")))
    return batch["count"] if batch else "1"


def other_batches(rows: list[Row], campaign: Campaign) -> None:
    for row in rows:
        if same_name(row, campaign) and _parts(row) != _parts({"name": campaign.name}):
            raise Problem(
                "name",
                f"belongs to a campaign with another number of batches, {row['name']}: a running campaign is never "
                "changed. Use another name for a campaign with the new contacts.",
            )


def contact_count(row: Row) -> int | None:
    """How many contacts a campaign has, as far as the row shows it.

    :param row: a campaign in the API's form: with ``customers``, with ``dialPlan`` (a list of phone numbers and the
        customers of each), or as :func:`without_contacts` leaves it.
    """
    plan = row.get("dialPlan")
    entries = [row, *(plan if isinstance(plan, list) else [])]
    lists = [found for entry in entries if isinstance(found := dig(entry, ("customers",)), list)]
    count = sum(map(len, lists)) if lists else row.get(CONTACT_COUNT, dig(row, (COUNTS["scheduled"],)))
    return int(count) if isinstance(count, (int, float)) else None


def without_contacts(row: Row) -> Row:
    """A listed campaign with the number of its contacts instead of the contacts."""
    count = contact_count(row)
    return {**without(row, CONTACTS), **({} if count is None else {CONTACT_COUNT: count})}


def whole(get: t.Any, row: Row) -> Row:
    """The campaign with its contacts, which a listed one lacks."""
    if "customers" in row or "dialPlan" in row:
        return row
    answer = get("/campaign/{id}", id=str(row["id"]))
    return {**row, **answer} if isinstance(answer, dict) else row


def agrees(row: Row, campaign: Campaign) -> str | None:
    """Reject an existing campaign with other contacts; raises :class:`Problem`."""
    name = campaign.name
    if row.get("status") in VOID:
        raise Problem(
            "name", f"belongs to a campaign that was cancelled ({row['id']}) and cannot continue. Use another name."
        )
    for target in TARGETS:
        wanted = getattr(campaign, target)
        if wanted and wanted != row.get(f"{target}Id"):
            raise Problem(target, f"differs from that of the campaign {name}, which cannot be changed. {ANEW}")
    if campaign.phone_number and campaign.phone_number != row.get("phoneNumberId"):
        raise Problem("phone_number", f"differs from that of the campaign {name}, which cannot be changed. {ANEW}")
    if campaign.customers is not None:
        if not isinstance(row.get("customers"), list):
            return f"Vapi does not return the contacts of the campaign {name}, so they were not compared."
        _same_contacts(row["customers"], campaign)
    plan = row.get("schedulePlan") or {}
    for option, key in (("schedule_at", "earliestAt"), ("schedule_until", "latestAt")):
        if getattr(campaign, option) and getattr(campaign, option) != dig(plan, (key,)):
            return f"The campaign {name} keeps the schedule that it was started with; {option} was not applied."
    return None


ANEW = "Use another name to start another campaign."


def _same_contacts(there: list[t.Any], campaign: Campaign) -> None:
    wanted = {_key(contact): contact for contact in Campaign.sent(_body(campaign))["customers"]}
    stands = {_key(contact): contact for contact in there if isinstance(contact, dict)}
    new, gone = len(wanted.keys() - stands.keys()), len(stands.keys() - wanted.keys())
    other = sum(_rest(wanted[key]) != _rest(stands[key]) for key in wanted.keys() & stands.keys())
    if new or gone or other:
        raise Problem(
            "customers or csv",
            f"differs from the contacts of the campaign {campaign.name}: {new} new, {gone} missing, {other} with "
            f"another name or other variables. A campaign cannot be changed. {ANEW}",
        )


def _body(campaign: Campaign) -> dict[str, t.Any]:
    contacts = [{CAMEL.get(key, key): value for key, value in _plain(c).items()} for c in campaign.customers or []]
    return {"squadId": campaign.squad, "customers": contacts}


CAMEL = {"sip_uri": "sipUri"}


def _key(contact: dict[str, t.Any]) -> str:
    return str(contact.get("number") or contact.get("sipUri"))


def _rest(contact: dict[str, t.Any]) -> tuple[t.Any, ...]:
    overrides = [dig(contact, (place, "variableValues")) or {} for place in ("assistantOverrides", "squadOverrides")]
    return contact.get("name") or "", contact.get("extension") or "", overrides


# --------------------------------------------------------------------------------------------------- before it starts


def can_start(rows: Rows, campaign: Campaign, now: datetime.datetime) -> tuple[str, ...]:
    not_in_the_past(campaign, now)
    warnings = number_can_call(rows, campaign)
    if campaign.schedule_at:
        return warnings
    contacts = counted(len(campaign.customers or ()), "contact")
    return (
        *warnings,
        f"The campaign {campaign.name} has no schedule_at: Vapi starts to call {contacts} immediately.",
    )


def took_all(row: Row, campaign: Campaign) -> str | None:
    sent, there = len(campaign.customers or []), row.get("callsCounterScheduled")
    if isinstance(there, int) and 0 < there < sent:
        return (
            f"Vapi accepted {there} of the {sent} contacts of the campaign {campaign.name}. Check it in the dashboard."
        )
    return None


def cancel(row: Row) -> Write:
    return Write(method="PATCH", path="/campaign/{id}", ids={"id": str(row["id"])}, body={"status": "cancelled"})


# ---------------------------------------------------------------------------------------------------- return values


def shown(campaign: Campaign) -> dict[str, t.Any]:
    told = show(campaign.model_copy(update={"customers": None}))
    return told if campaign.customers is None else {**told, "contacts": len(campaign.customers)}


def told(row: Row, _ask: t.Any) -> dict[str, t.Any]:
    names = {"name": "name", "status": "status", "ended_reason": "endedReason", "phone_number": "phoneNumberId"}
    names |= {target: f"{target}Id" for target in (*TARGETS, "workflow")}
    times = {"created_at": "createdAt", "updated_at": "updatedAt"}
    counts = {name: int(row[key]) for name, key in COUNTS.items() if isinstance(row.get(key), (int, float))}
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


def gathered(results: list[dict[str, t.Any]], facts: dict[str, t.Any]) -> dict[str, t.Any]:
    """The combined result of all batches."""
    results = [result for result in results if result]
    if not results:
        return {}
    status = [result.get("status") for result in results]
    counts = [result.get("counts", {}) for result in results]
    first = {name: value for name, value in results[0].items() if name not in ("counts", "contacts", "status")}
    return {
        **first,
        "name": base(str(first["name"])),
        **({"status": min(status, key=ORDER.index)} if all(one in ORDER for one in status) else {}),
        "contacts": sum(result.get("contacts") or 0 for result in results),
        "counts": {name: sum(count.get(name, 0) for count in counts) for name in (COUNTS if any(counts) else ())},
        "batches": [
            {name: result[name] for name in ("id", "name", "status", "contacts", "counts") if name in result}
            for result in results
        ],
        **facts,
    }


#: The status of several batches is that of the least advanced one.
ORDER = ("in-progress", "scheduled", "ended", "cancelled", "archived")

CAMPAIGN = Resource(
    service=VAPI,
    noun="campaign",
    plural="campaigns",
    title="campaign",
    path="/campaign",
    rows=lambda answer: answer.get("results"),
    record=Campaign,
    ask=Ask,
    normal=base,
    page=PAGE,
    page_numbers=True,
    reduce=without_contacts,
    rules=(check_no_workflow, one_target, number_is_given, times_in_order, contacts_are_given),
    parts=in_parts,
    gather=gathered,
    tell=told,
    seek=Seek,
    once=Once(
        mark=same_batch,
        kin=same_name,
        sought=lambda _campaign, _ask: True,
        window=lambda _now: Reading(),
        rival=same_contacts_twice,
        age=lambda row: (str(row.get("createdAt")), str(row["id"])),
        whole=whole,
        clash=other_batches,
        agrees=agrees,
        ready=can_start,
        took=took_all,
        void=lambda row: row.get("status") in VOID,
        over=lambda row: row.get("status") in OVER,
        stop=cancel,
        shown=shown,
        hint="It was not sent again. Check with vapi_campaign_info whether the campaign exists. The same task can be "
        "run again: it finds an existing campaign by its name instead of starting another.",
    ),
)
