# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vapi's calls and campaigns: their creation and their responses. No real call is placed."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import conversation, schema, switchboard, telephony
from .clock import milliseconds, parse, vapi_time
from .telephony import Line
from .vapi import Resource, VapiError, bad_request, integer, moment, page_of, query_of
from .vapi_resources import check_references, require_e164
from .world import Item, World, without_secrets

NO_PHONE_NUMBER = "Couldn't Get Phone Number. Need Either `phoneNumberId` Or `phoneNumber`."
NO_TARGET = "Need Exactly One Of `assistantId`, `assistant`, `squadId`, `squad`, `workflowId` Or `workflow`."
# Not Vapi's exact text; the position and the form of the date are as observed.
OUTSIDE_RETENTION = (
    "Call history covers {days} days under this plan. Set the date filter to {date} or later, and ask again."
)
CALL_OUTSIDE_RETENTION = "Call history covers {days} days under this plan. This call exceeds your retention window."
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NO_CAMPAIGNS_V2 = "Campaigns V2 is not enabled for your organization"
_TARGETS = ("assistant", "squad", "workflow")
_VERSIONED = ("assistant", "squad")

_references = check_references(("assistantId", "assistants"), ("squadId", "squads"), ("phoneNumberId", "phone_numbers"))

# --- checks


def _check_target(world: World, sent: Item, stored: Item) -> None:
    given = [name for name in _TARGETS if f"{name}Id" in stored or name in stored]
    if len(given) != 1:
        raise bad_request(NO_TARGET)
    _references(world, sent, stored)


def _check_customer(customer: Item, path: str) -> None:
    if ("number" in customer) == ("sipUri" in customer):
        raise bad_request(f"{path} needs either `number` or `sipUri`.")
    if "number" in customer:
        require_e164(customer["number"], customer, f"{path}.number")


def _check_plan(_world: World, sent: Item, _stored: Item) -> None:
    for name, value in (sent.get("schedulePlan") or {}).items():
        moment(value, f"schedulePlan.{name}")


def _check_call(world: World, sent: Item, stored: Item) -> None:
    if set(sent) <= set(schema.properties("UpdateCallDTO")):
        return
    _check_target(world, sent, stored)
    for name in _VERSIONED:
        if f"{name}Version" in sent and f"{name}Id" not in sent:
            raise bad_request(f"{name}Version is supported only with {name}Id")
    if "phoneNumberId" not in sent and "phoneNumber" not in sent:
        raise bad_request(NO_PHONE_NUMBER)
    if sum(name in sent for name in ("customer", "customers", "customerId")) != 1:
        raise bad_request("Need Exactly One Of `customer`, `customers` Or `customerId`.")
    if "customer" in sent:
        _check_customer(sent["customer"], "customer")
    for index, customer in enumerate(sent.get("customers", [])):
        _check_customer(customer, f"customers.{index}")


def _copy_campaign(world: World, sent: Item, stored: Item) -> None:
    """A campaign may be a copy of another one; the schedule is not copied."""
    if "duplicateFromCampaignId" not in sent:
        return
    source = _find_campaign(world, sent["duplicateFromCampaignId"])
    if source is None:
        raise bad_request(f"Couldn't find campaign for duplicateFromCampaignId {sent['duplicateFromCampaignId']}.")
    kept = set(schema.properties("CreateCampaignDTO")) - {"schedulePlan", "duplicateFromCampaignId"}
    for group in ({"assistantId", "squadId", "workflowId"}, {"phoneNumberId", "dialPlan"}):
        if group & set(sent):
            kept -= group
    if "dialPlan" in sent:
        kept.discard("customers")
    stored |= {name: value for name, value in source.items() if name in kept and name not in sent}


def _check_campaign(world: World, sent: Item, stored: Item) -> None:
    _check_target(world, sent, stored)
    if ("dialPlan" in stored) == ("phoneNumberId" in stored):
        raise bad_request("Need Either `phoneNumberId` Or `dialPlan`.")
    contacts = switchboard.contacts(stored)
    if not contacts:
        raise bad_request("customers should not be empty")
    if len(contacts) > schema.CONTACTS:
        raise bad_request(f"customers must contain no more than {schema.CONTACTS} elements")
    for index, customer in enumerate(sent.get("customers", [])):
        _check_customer(customer, f"customers.{index}")
    for place, entry in enumerate(sent.get("dialPlan", [])):
        check_references(("phoneNumberId", "phone_numbers"))(world, entry, entry)
        for index, customer in enumerate(entry["customers"]):
            _check_customer(customer, f"dialPlan.{place}.customers.{index}")
    limit = world.settings["concurrency_limit"]
    if world.settings["refuse_excess_concurrency"] and stored.get("maxConcurrency", switchboard.WIDTH) > limit:
        raise bad_request(f"maxConcurrency must not exceed your subscription's concurrency limit ({limit}).")


# --- calls

DEFAULT_TRANSCRIPT = "AI: Good day.\nUser: Goodbye.\n"
# The price of a minute in USD. The real prices depend on models and voices.
COSTS = {"transport": 0.0, "stt": 0.01, "llm": 0.02, "tts": 0.02, "vapi": 0.05}
_HOST = "vapi.example"  # of links that do not exist


def _place_calls(world: World, sent: Item, stored: Item) -> Item:
    """Queue a call, or one for each customer; with a plan it is scheduled."""
    common = {name: value for name, value in stored.items() if name not in {"customer", "customers"}}
    customers = sent.get("customers", [sent["customer"]] if "customer" in sent else [None])
    calls = []
    for customer in customers:
        call = {**common, "type": "outboundPhoneCall", "id": str(uuid.uuid4())}
        calls.append(call if customer is None else {**call, "customer": customer})
        world.vapi["calls"][calls[-1]["id"]] = calls[-1]
        switchboard.wait(world, calls[-1])
    switchboard.advance(world)
    running, blocked = switchboard.load(world)
    limit = world.settings["concurrency_limit"]
    limits = {
        "concurrencyBlocked": blocked > 0,
        "concurrencyLimit": limit,
        "remainingConcurrentCalls": max(0, limit - running - blocked),
    }
    rendered = [show_call(world, call, {}) for call in calls]
    if "customers" in sent:
        return {"results": rendered, "errors": [], "subscriptionLimits": limits}
    return {**rendered[0], "subscriptionLimits": limits}


def _all_calls(world: World) -> list[Item]:
    """All calls; those of campaigns from the time they are dialled."""
    now, traffic = world.now(), world.traffic
    found = []
    for item_id, item in world.vapi["calls"].items():
        line = traffic["lines"].get(item_id)
        found.append({**item, "updatedAt": _updated(item, line, now)} if line else item)
    gone = set(traffic["gone"])
    for campaign, run in switchboard.runs(world):
        common = _campaign_common(campaign)
        for index, (line, contact) in enumerate(zip(run["lines"], switchboard.contacts(campaign), strict=False)):
            item_id = switchboard.call_id(campaign["id"], index)
            if item_id not in gone:
                found.append(_campaign_call(world, common, item_id, line, contact, now))
    return found


# --- retention


def _oldest(world: World) -> int | None:
    """The time from which calls are kept, in milliseconds; None without a limit."""
    days: int = world.settings["retention_days"]
    return world.now() - days * 86_400_000 if days > 0 else None


def _check_retention(world: World, query: Mapping[str, str]) -> None:
    """Reject a list that begins before the retention, with the first available day."""
    oldest = _oldest(world)
    if oldest is None or world.settings["hide_old_calls"]:
        return
    for name in ("createdAtGe", "createdAtGt"):
        if name in query and milliseconds(moment(query[name], name)) < oldest:
            raise bad_request(OUTSIDE_RETENTION.format(days=world.settings["retention_days"], date=_day(oldest)))


def _day(when: int) -> str:
    """The first whole day of the retention, in JavaScript's form of a date: `Wed Aug 26 2026`, as observed."""
    first = (datetime.fromtimestamp(when / 1000, UTC) + timedelta(days=1)).date()
    return f"{_DAYS[first.weekday()]} {_MONTHS[first.month - 1]} {first.day:02} {first.year}"


def _is_kept(world: World, call: Item) -> bool:
    """Whether a call is kept: one that has not ended always is, an ended one by the time of its end."""
    oldest = _oldest(world)
    if oldest is None or milliseconds(parse(call["createdAt"])) >= oldest:
        return True
    rendered = show_call(world, call, {})
    return (
        rendered.get("status") != "ended" or milliseconds(parse(rendered.get("endedAt") or call["createdAt"])) >= oldest
    )


def _kept_calls(world: World) -> list[Item]:
    """The calls that a list contains."""
    found = [item for item in _all_calls(world) if _is_kept(world, item) and not _is_deleted(world, item["id"])]
    return [item for item in found if _is_listed(world, item["id"])]


def _is_listed(world: World, item_id: str) -> bool:
    """Whether lists contain a call; with `list_delay` only that many seconds after its end."""
    line = world.traffic["lines"].get(item_id, {})
    return "list_delay" not in line or world.now() >= line["end"] + line["list_delay"] * 1000


def _is_deleted(world: World, item_id: str) -> bool:
    """Whether a call is deleted after a delay."""
    requested = world.traffic.get("deletions", {}).get(item_id)
    over = requested is not None and world.now() >= requested + DELETION_DELAY
    return bool(over and world.settings["call_deletion"] == "later")


def _after_deletion(world: World, call: Item) -> Item:
    """A call whose deletion has failed, or has left the recordings."""
    if call["id"] not in world.traffic.get("deletions", {}):
        return call
    if world.settings["call_deletion"] == "failed":
        return {**call, "status": "deletion-failed"}
    if world.settings["call_deletion"] != "partial":
        return call
    artifact = {name: part for name, part in call.get("artifact", {}).items() if "ecording" in name}
    kept = {name: part for name, part in call.items() if name not in ("customer", "analysis")}
    return {**kept, "artifact": artifact}


def _find_kept_call(world: World, item_id: str) -> Item | None:
    """Reject a call that is too old with 400, whether it exists or not."""
    found = None if _is_deleted(world, item_id) else _find_call(world, item_id)
    if found and not _is_kept(world, found):
        raise bad_request(CALL_OUTSIDE_RETENTION.format(days=world.settings["retention_days"]))
    return found


def _find_call(world: World, item_id: str) -> Item | None:
    place = switchboard.campaign_call(world, item_id)
    if place is None or item_id in world.traffic["gone"]:
        return world.vapi["calls"].get(item_id)
    campaign, index = place
    line, contact = world.traffic["runs"][campaign["id"]]["lines"][index], switchboard.contacts(campaign)[index]
    return _campaign_call(world, _campaign_common(campaign), item_id, line, contact, world.now())


def _campaign_common(campaign: Item) -> Item:
    names = ("orgId", "assistantId", "squadId", "workflowId", "assistantOverrides", "squadOverrides")
    found = {name: campaign[name] for name in names if name in campaign}
    return {"type": "outboundPhoneCall", "campaignId": campaign["id"], **found}


def _campaign_call(world: World, common: Item, item_id: str, line: Line, contact: tuple[Item, str], now: int) -> Item:
    item = {**common, "id": item_id, "customer": contact[0], "phoneNumberId": contact[1]}
    item["createdAt"] = vapi_time(line["at"])
    item["updatedAt"] = vapi_time(telephony.last_change(line, now))
    if item_id in world.traffic["names"]:
        item["name"] = world.traffic["names"][item_id]
    return item


def _updated(item: Item, line: Line, now: int) -> str:
    return max(str(item["updatedAt"]), vapi_time(telephony.last_change(line, now)))


def show_call(world: World, item: Item, _query: Mapping[str, str]) -> Item:
    """The current state of a call."""
    return _after_deletion(world, _current_call(world, item))


def _current_call(world: World, item: Item) -> Item:
    """A call without the effect of a deletion. One from a seed is not changed."""
    line, now = switchboard.line_of(world, item["id"]), world.now()
    if line is None:
        if item["id"] not in world.traffic["waiting"]:
            return item
        return {**item, "status": "scheduled" if switchboard.window(item)[0] > now else "queued"}
    status = telephony.status(line, now)
    rendered = {**item, "status": status, "updatedAt": _updated(item, line, now), "phoneCallTransport": "sip"}
    if telephony.was_placed(line["reason"]):
        sids = {"callSid": item["id"], "sbcCallSid": item["id"]}
        rendered["transport"] = {"provider": "vapi.sip", **item.get("transport", {}), **sids}
        rendered["monitor"] = {
            "listenUrl": f"wss://{_HOST}/{item['id']}/listen",
            "controlUrl": f"https://{_HOST}/{item['id']}/control",
        }
    # A call starts when it is answered; whether the service counts from the first ring is not documented.
    if line.get("answer", now + 1) <= now:
        rendered["startedAt"] = vapi_time(line["answer"])
    if status == "ended":
        rendered |= _ending(item, line)
    return rendered


# The artifacts of an answered call, without videos.
ARTIFACTS = (
    "mono-recording",
    "stereo-recording",
    "video-recording",
    "customer-recording",
    "assistant-recording",
    "pcap",
    "call-logs",
)


def send_artifact(world: World, item: Item, request: Request) -> Response:
    """GET /call/{id}/mono-recording and similar: a redirect to a link that does not exist, or 404."""
    name = request.url.path.rpartition("/")[2]
    line = switchboard.line_of(world, item["id"])
    over = line is not None and "answer" in line and telephony.status(line, world.now()) == "ended"
    if not over or name == "video-recording":
        raise VapiError(404, "Artifact not found.")
    return Response(status_code=302, headers={"location": f"https://{_HOST}/{item['id']}/{name}"})


def _ending(item: Item, line: Line) -> Item:
    """The fields of a call that has ended."""
    talked = (line["end"] - line["answer"]) / 60000 if "answer" in line else 0
    costs = {name: round(price * talked, 4) for name, price in COSTS.items()}
    costs["total"] = round(sum(costs.values()), 4)
    found: Item = {
        "endedAt": vapi_time(line["end"]),
        "endedReason": line["reason"],
        "cost": costs["total"],
        "costBreakdown": costs,
    }
    if "ended_message" in line:
        found["endedMessage"] = line["ended_message"]
    if "answer" not in line:
        return found
    transfers = [_transfer(transfer) for transfer in line.get("transfers", [])]
    reached = [entry["destination"] for entry in transfers if entry.get("status") in {"connected", "completed"}]
    if reached:
        found["destination"] = reached[-1]
    recording = f"https://{_HOST}/{item['id']}"
    found["analysis"] = {
        "summary": line.get("summary", f"A call of {line['end'] - line['answer']} ms in the sandbox."),
        "successEvaluation": str(line.get("success", "error" not in line["reason"])).lower(),
    }
    spoken = conversation.transcript(line["messages"]) if "messages" in line else DEFAULT_TRANSCRIPT
    found["artifact"] = {
        "transcript": line.get("transcript", spoken),
        "messages": line.get("messages", []),
        "transfers": transfers,
        "recordingUrl": f"{recording}-mono.wav",
        "stereoRecordingUrl": f"{recording}-stereo.wav",
        "recording": {"stereoUrl": f"{recording}-stereo.wav", "mono": {"combinedUrl": f"{recording}-mono.wav"}},
    }
    return found


def _transfer(transfer: Item) -> Item:
    found: Item = {name: transfer[name] for name in ("mode", "status", "transcript") if name in transfer}
    return {"mode": "blind-transfer", **found, "destination": telephony.destination(transfer["destination"])}


def _change_call(world: World, _sent: Item, stored: Item) -> None:
    """Change the name; a campaign's call is not stored, so its name is stored separately."""
    if "campaignId" in stored and stored["id"] not in world.vapi["calls"]:
        world.traffic["names"][stored["id"]] = stored.get("name", "")


#: Milliseconds after which a call is deleted by the switch ``call_deletion``.
DELETION_DELAY = 60_000


def _delete_calls(world: World, sent: Item, item: Item) -> None:
    """Delete one call, or those in the body. The real service processes a list asynchronously."""
    for item_id in sent.get("ids") or [item["id"]]:
        if world.settings["call_deletion"] != "at_once":
            world.traffic.setdefault("deletions", {}).setdefault(item_id, world.now())
            continue
        found = world.vapi["calls"].pop(item_id, None)
        if found is None:
            world.traffic["gone"].append(item_id)
        elif world.traffic["waiting"].pop(item_id, None):
            found |= {"status": "ended", "endedReason": telephony.SCHEDULED_DELETED}


# --- campaigns

# The fields of a list in the second version; contacts and counters are separate requests.
SUMMARY = (
    "status",
    "endedReason",
    "name",
    "assistantId",
    "squadId",
    "phoneNumberId",
    "schedulePlan",
    "maxConcurrency",
    "assistantOverrides",
    "squadOverrides",
    "server",
    "serverMessages",
    "predialPlan",
    "id",
    "orgId",
    "createdAt",
    "updatedAt",
)
_ENDED_BY_USER = {name: f"campaign.{name}.ended-by-user" for name in ("scheduled", "in-progress")}
CONTACT_STATES = ("pending", "dispatched", "completed", "failed", "skipped", "predial-failed")


def _no_campaigns_v2(world: World) -> None:
    if not world.settings["campaigns_v2"]:
        raise VapiError(403, NO_CAMPAIGNS_V2)


def _start_campaign(world: World, _sent: Item, stored: Item) -> Item:
    world.vapi["campaigns"][stored["id"]] = stored
    switchboard.start_campaign(world, stored)
    return show_campaign(world, stored, {})


def _find_campaign(world: World, item_id: str) -> Item | None:
    found = world.vapi["campaigns"].get(item_id)
    return None if found is None or found.get("status") == "archived" else found


def _all_campaigns(world: World) -> list[Item]:
    now = world.now()
    items = [item for item in world.vapi["campaigns"].values() if item.get("status") != "archived"]
    return [{**item, **_current_state(world, item, now)} for item in items]


def _current_state(world: World, campaign: Item, now: int) -> Item:
    """The state of a campaign. Only user actions and the content of a seed are stored."""
    run = world.traffic["runs"].get(campaign["id"])
    if run is None or "status" in campaign:
        return {}
    ready, latest = switchboard.campaign_window(world, campaign)
    if now < ready:
        return {"status": "scheduled"}
    dialled = len(run["lines"]) >= len(switchboard.contacts(campaign)) or (latest is not None and latest < now)
    if dialled and run["last"] <= now:
        return {"status": "ended", "endedReason": "campaign.ended.success"}
    return {"status": "in-progress"}


def show_campaign(world: World, item: Item, _query: Mapping[str, str]) -> Item:
    """A campaign in responses of the first version, and of the second one to a write.

    ``Scheduled`` and the ended counters are totals, the two in between are current numbers. The description does not
    define this; a client waits until as many calls have ended as were scheduled.
    """
    run = world.traffic["runs"].get(item["id"])
    if run is None:
        counters = {
            f"callsCounter{name}": 0 for name in ("Scheduled", "Queued", "InProgress", "EndedVoicemail", "Ended")
        }
        return {"calls": {}, **counters, **item}
    now = world.now()
    states = [telephony.status(line, now) for line in run["lines"]]
    counted = Counter(states)
    ended = [line["reason"] for line, status in zip(run["lines"], states, strict=True) if status == "ended"]
    return {
        **item,
        **_current_state(world, item, now),
        # The content of the map is not documented; it contains an id and a state here.
        "calls": {switchboard.call_id(item["id"], index): {"status": state} for index, state in enumerate(states)},
        "callsCounterScheduled": len(switchboard.contacts(item)),
        "callsCounterQueued": counted["queued"],
        "callsCounterInProgress": counted["ringing"] + counted["in-progress"] + counted["forwarding"],
        "callsCounterEndedVoicemail": ended.count(telephony.VOICEMAIL),
        "callsCounterEnded": len(ended),
    }


def read_campaign_v2(world: World, item: Item, query: Mapping[str, str]) -> Item:
    """A campaign in the second version, with counters if requested."""
    asked = query.get("includeCounters", "false")
    if asked not in {"true", "false"}:
        raise bad_request(["includeCounters must be a boolean value"])
    now = world.now()
    whole_item = {**item, **_current_state(world, item, now)}
    found = {name: whole_item[name] for name in SUMMARY if name in whole_item}
    if asked == "false":
        return found
    counted = Counter(_contact_state(line, over, now) for line, over in _contact_lines(world, item, now))
    lines = (world.traffic["runs"].get(item["id"]) or {"lines": []})["lines"]
    answered = [line for line in lines if line.get("answer", now + 1) <= now]
    names = {name: name.replace("predial-failed", "predialFailed") for name in CONTACT_STATES}
    return {
        **found,
        "contactCounters": {rendered: counted[name] for name, rendered in names.items()},
        "callMetrics": {
            "dialed": sum(telephony.was_placed(line["reason"]) for line in lines),
            "connected": sum(line["reason"] != telephony.VOICEMAIL for line in answered),
        },
    }


def _contact_lines(world: World, campaign: Item, now: int) -> list[tuple[Line | None, bool]]:
    """The line of each dialled contact, and whether the campaign has ended for the others."""
    run = world.traffic["runs"].get(campaign["id"]) or {"lines": []}
    latest = switchboard.campaign_window(world, campaign)[1]
    over = campaign.get("status") in {"cancelled", "archived"} or (latest is not None and latest < now)
    missing = len(switchboard.contacts(campaign)) - len(run["lines"])
    return [(line, over) for line in run["lines"]] + [(None, over)] * missing


def _contact_state(line: Line | None, over: bool, now: int) -> str:
    """The state of a contact. It is assumed that failed means that no call was possible; busy is completed."""
    if line is None:
        return "skipped" if over else "pending"
    if telephony.status(line, now) != "ended":
        return "dispatched"
    return "completed" if telephony.was_placed(line["reason"]) and "error" not in line["reason"] else "failed"


def list_contacts(world: World, campaign: Item, request: Request) -> Response:
    """GET /v2/campaign/{id}/contacts: the contacts, by default in the order of dialling."""
    query = query_of(request, {"status", "limit", "sortBy", "page"})
    limit, page = integer(query, "limit", 50, 1, 1000), integer(query, "page", 1, 1)
    statuses = set(request.query_params.getlist("status"))
    if unknown := statuses - {f"contact.{name}" for name in CONTACT_STATES}:
        raise bad_request([f"each value in status must be one of the contact's states, not {min(unknown)}"])
    if query.get("sortBy", "position") not in {"position", "status"}:
        raise bad_request(["sortBy must be one of the following values: position, status"])
    now = world.now()
    rows = [
        (index, _contact_state(line, over, now), line)
        for index, (line, over) in enumerate(_contact_lines(world, campaign, now))
    ]
    rows = [row for row in rows if not statuses or f"contact.{row[1]}" in statuses]
    if query.get("sortBy") == "status":
        rows.sort(key=lambda row: CONTACT_STATES.index(row[1]))
    customers = switchboard.contacts(campaign)

    def render(row: Any) -> Item:
        index, state, line = row
        customer = customers[index][0]
        call = switchboard.call_id(campaign["id"], index)
        # A contact's own id differs from its call's.
        found = {"id": f"{call[:24]}c{call[25:]}", "status": f"contact.{state}"}
        found["number"] = customer.get("number") or customer["sipUri"]
        if "name" in customer:
            found["name"] = customer["name"]
        if line is not None:
            found |= {"callId": call, "dispatchedAt": vapi_time(line["at"])}
            if line["end"] <= now:
                found["endedReason"] = line["reason"]
        return found

    return JSONResponse(page_of(rows, limit, page, render, {}))


def _change_campaign(world: World, sent: Item, stored: Item) -> None:
    """A campaign can be cancelled; other changes are only possible before it has started."""
    item = world.vapi["campaigns"][stored["id"]]
    before = {**item, **_current_state(world, item, world.now())}
    started = before.get("status") != "scheduled"
    if before.get("endedReason") or (set(sent) - {"status"} and started):
        raise bad_request("Campaign can only be updated if it is not in progress or has ended.")
    if "status" in sent:
        stored |= {"status": "cancelled", "endedReason": _ENDED_BY_USER[before.get("status", "in-progress")]}
        _stop(world, stored)


def _archive_campaign(world: World, _sent: Item, item: Item) -> None:
    """A deleted campaign is stopped and hidden."""
    before = {**item, **_current_state(world, item, world.now())}
    if before.get("status") in _ENDED_BY_USER:
        before["endedReason"] = _ENDED_BY_USER[before["status"]]
    item |= {**before, "status": "archived"}
    _stop(world, item)


def _stop(world: World, campaign: Item) -> None:
    run = world.traffic["runs"].get(campaign["id"])
    if run:
        run["done"] = True


def stand(world: World) -> Item:
    """The current calls and campaigns for inspection, without the calls of campaigns."""
    found: Item = without_secrets(
        {
            "calls": [show_call(world, item, {}) for item in world.vapi["calls"].values()],
            "campaigns": [show_campaign(world, item, {}) for item in world.vapi["campaigns"].values()],
        }
    )
    return found


def _campaigns(path: str, **more: Any) -> Resource:
    return Resource(
        path,
        "campaigns",
        "CreateCampaignDTO",
        update="UpdateCampaignDTO",
        checks=(_copy_campaign, _check_plan, _check_campaign),
        filters={"id": "id", "status": "status"},
        paged=True,
        items=_all_campaigns,
        find=_find_campaign,
        render=show_campaign,
        on_create=_start_campaign,
        on_update=_change_campaign,
        on_delete=_archive_campaign,
        **more,
    )


RESOURCES = (
    Resource(
        "/call",
        "calls",
        "CreateCallDTO",
        update="UpdateCallDTO",
        checks=(_check_plan, _check_call),
        filters={"id": "id", "assistantId": "assistantId", "phoneNumberId": "phoneNumberId"},
        items=_kept_calls,
        find=_find_kept_call,
        render=show_call,
        on_create=_place_calls,
        on_update=_change_call,
        on_delete=_delete_calls,
        delete="DeleteCallDTO",
        check_query=_check_retention,
        below=dict.fromkeys(ARTIFACTS, send_artifact),
    ),
    _campaigns("/campaign"),
    _campaigns(
        "/v2/campaign",
        queries=("includeCounters",),
        read=read_campaign_v2,
        gate=_no_campaigns_v2,
        below={"contacts": list_contacts},
    ),
)
