# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vapi's calls and campaigns: what creating one means. Nothing is ever dialled; a call stays as it was made."""

from __future__ import annotations

import uuid

from . import schema
from .vapi import Resource, bad_request
from .vapi_resources import check_references, require_e164
from .world import Item, World

NO_PHONE_NUMBER = "Couldn't Get Phone Number. Need Either `phoneNumberId` Or `phoneNumber`."
NO_TARGET = "Need Exactly One Of `assistantId`, `assistant`, `squadId`, `squad`, `workflowId` Or `workflow`."
CONCURRENCY_LIMIT = 10
_TARGETS = ("assistant", "squad", "workflow")
_COUNTERS = ("Scheduled", "Queued", "InProgress", "EndedVoicemail", "Ended")

_references = check_references(("assistantId", "assistants"), ("squadId", "squads"), ("phoneNumberId", "phone_numbers"))


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


def _check_call(world: World, sent: Item, stored: Item) -> None:
    if set(sent) <= set(schema.CALL_UPDATE):
        return
    _check_target(world, sent, stored)
    if "phoneNumberId" not in sent and "phoneNumber" not in sent:
        raise bad_request(NO_PHONE_NUMBER)
    if sum(name in sent for name in ("customer", "customers", "customerId")) != 1:
        raise bad_request("Need Exactly One Of `customer`, `customers` Or `customerId`.")
    if "customer" in sent:
        _check_customer(sent["customer"], "customer")
    for index, customer in enumerate(sent.get("customers", [])):
        _check_customer(customer, f"customers.{index}")


def _place_calls(world: World, sent: Item, stored: Item) -> Item:
    """Queue a call, or one for each customer; a plan makes it a scheduled one."""
    common = {name: value for name, value in stored.items() if name not in {"customer", "customers"}}
    common |= {"type": "outboundPhoneCall", "status": "scheduled" if "schedulePlan" in sent else "queued"}
    calls = [
        {**common, "customer": customer, "id": str(uuid.uuid4())}
        for customer in sent.get("customers", [sent.get("customer")])
    ]
    world.vapi["calls"] |= {call["id"]: call for call in calls}
    running = sum(
        call.get("status") in {"queued", "ringing", "in-progress", "forwarding"}
        for call in world.vapi["calls"].values()
    )
    limits = {
        "concurrencyBlocked": running > CONCURRENCY_LIMIT,
        "concurrencyLimit": CONCURRENCY_LIMIT,
        "remainingConcurrentCalls": max(0, CONCURRENCY_LIMIT - running),
    }
    if "customers" in sent:
        return {"results": calls, "errors": [], "subscriptionLimits": limits}
    return {**calls[0], "subscriptionLimits": limits}


def _check_campaign(world: World, sent: Item, stored: Item) -> None:
    _check_target(world, sent, stored)
    if ("dialPlan" in stored) == ("phoneNumberId" in stored):
        raise bad_request("Need Either `phoneNumberId` Or `dialPlan`.")
    if "dialPlan" not in stored and not stored.get("customers"):
        raise bad_request("customers should not be empty")
    for index, customer in enumerate(sent.get("customers", [])):
        _check_customer(customer, f"customers.{index}")
    for entry in sent.get("dialPlan", []):
        check_references(("phoneNumberId", "phone_numbers"))(world, entry, entry)


def _start_campaign(world: World, sent: Item, stored: Item) -> Item:
    customers = len(sent.get("customers", [])) + sum(len(entry["customers"]) for entry in sent.get("dialPlan", []))
    stored |= {
        "status": "scheduled" if "schedulePlan" in sent else "in-progress",
        "calls": {},
        **{f"callsCounter{name}": 0 for name in _COUNTERS},
        "callsCounterScheduled": customers,
    }
    world.vapi["campaigns"][stored["id"]] = stored
    return stored


def _change_campaign(world: World, sent: Item, stored: Item) -> None:
    """A campaign can be cancelled; anything else only before it has started."""
    if stored.get("endedReason") or (set(sent) - {"status"} and stored["status"] != "scheduled"):
        raise bad_request("Campaign can only be updated if it is not in progress or has ended.")
    if "status" in sent:
        before = world.vapi["campaigns"][stored["id"]]["status"]
        stored |= {"status": "cancelled", "endedReason": f"campaign.{before}.ended-by-user"}


def _campaigns(path: str) -> Resource:
    return Resource(
        path,
        "campaigns",
        schema.CAMPAIGN,
        schema.CAMPAIGN_UPDATE,
        checks=(_check_campaign,),
        filters={"id": "id", "status": "status"},
        paged=True,
        on_create=_start_campaign,
        on_update=_change_campaign,
    )


RESOURCES = (
    Resource(
        "/call",
        "calls",
        schema.CALL,
        schema.CALL_UPDATE,
        checks=(_check_call,),
        on_create=_place_calls,
        filters={"id": "id", "assistantId": "assistantId", "phoneNumberId": "phoneNumberId"},
    ),
    _campaigns("/campaign"),
    _campaigns("/v2/campaign"),
)
