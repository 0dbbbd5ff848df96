# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telephony of the world: which calls are dialled when, how they proceed, and who answers.

Nothing runs in the background. Before each request `settle` calculates all events since the previous one. The accounts
cannot have changed in between, so a call uses their state at the time of dialling.
"""

from __future__ import annotations

import heapq
import re
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from . import conversation, forms, telephony, vapi_versions, variants
from .clock import milliseconds, parse, vapi_time
from .telephony import Line
from .world import Item, World

# The fields that decide whether a call is possible, besides the customer.
_ROUTE = ("phoneNumberId", "assistantId", "assistantVersion", "squadId", "squadVersion", "workflowId")

WIDTH = 10  # Vapi's default for a campaign's `maxConcurrency`

# --- outbound: errors before the carrier


class Way:
    """The path of an outbound call from the assistant to didlogic."""

    def __init__(self, world: World, call: Item) -> None:
        self.world = world
        self.call = call
        self.phone = world.vapi["phone_numbers"].get(call.get("phoneNumberId", ""), {})
        self.sip = self.phone.get("provider") == "byo-phone-number"  # others do not use didlogic
        self.trunk = world.vapi["credentials"].get(self.phone.get("credentialId", ""), {})
        self.plan = self.trunk.get(variants.PLAN) or {}
        if world.settings["stale_login"]:
            self.plan = world.logins.get(self.trunk.get("id", ""), self.plan)
        self.login = self.plan.get("authUsername")

    def lacks(self, name: str, store: str) -> bool:
        """Whether the call refers to a deleted object."""
        return name in self.call and self.call[name] not in self.world.vapi[store]

    def lacks_version(self, name: str, store: str) -> bool:
        """Whether the call refers to an unpublished version; without versioning there are no versions."""
        version, item_id = self.call.get(f"{name}Version"), self.call.get(f"{name}Id")
        if version is None or item_id is None or not self.world.settings["versioning"]:
            return False
        return not vapi_versions.is_published(self.world, store, item_id, version)

    def leads_to_a_workflow(self) -> bool:
        """Whether nobody answers because workflows are retired."""
        return bool({"workflow", "workflowId"} & set(self.call)) and not self.world.settings["run_workflows"]

    def wrong_password(self) -> bool:
        """Compared only if both passwords are known, because a seed may leave them out."""
        account = self.world.sip_account(self.login or "") or {}
        given, expected = self.plan.get("authPassword"), account.get("password")
        return bool(given and expected) and given != expected

    def wrong_address(self) -> bool:
        """Whether the call comes from an address that the account does not allow; only with a switch."""
        account = self.world.sip_account(self.login or "") or {}
        address = self.world.settings["other_source_address"]
        return bool(address and account.get("ip_restrict")) and address not in account["allowed_ips"]

    @cached_property
    def reason(self) -> str | None:
        """The reason why the call is impossible, if any."""
        settings = self.world.settings
        return next((settings.get(reason, reason) for reason, applies in OBSTACLES if applies(self)), None)


# The first matching error is used; a reason may be the name of a switch. didlogic's responses are not documented: an
# invalid login is challenged again (407), and calls of an account without credit are forbidden (403).
OBSTACLES: tuple[tuple[str, Callable[[Way], bool]], ...] = (
    ("workflow_reason", lambda way: way.leads_to_a_workflow()),
    (telephony.GET_ASSISTANT, lambda way: way.lacks("assistantId", "assistants") or way.lacks("squadId", "squads")),
    (telephony.ASSISTANT_VERSION, lambda way: way.lacks_version("assistant", "assistants")),
    (telephony.SQUAD_VERSION, lambda way: way.lacks_version("squad", "squads")),
    (
        telephony.GET_CUSTOMER,
        lambda way: "customer" not in way.call,
    ),  # a customerId, which the sandbox does not support
    (telephony.GET_PHONE_NUMBER, lambda way: way.lacks("phoneNumberId", "phone_numbers")),
    (telephony.NOT_CONNECTED, lambda way: way.sip and not has_gateway(way.trunk, "outboundEnabled")),
    (telephony.PROXY_AUTHENTICATION, lambda way: way.sip and (not way.login or way.wrong_password())),
    (telephony.FORBIDDEN, lambda way: way.sip and way.wrong_address()),
    ("no_credit_reason", lambda way: way.sip and way.world.balance <= 0),
)


def has_gateway(trunk: Item, direction: str) -> bool:
    """Whether a trunk has a gateway for a direction; inbound ones are numeric."""
    numeric = direction == "inboundEnabled"
    return any(
        gateway.get(direction, True) and (not numeric or re.fullmatch(r"[0-9.]+", gateway.get("ip", "")))
        for gateway in trunk.get("gateways") or []
    )


def _dial(world: World, way: Way, call: Item, at: int) -> Line:
    """The line of a call that is dialled at a given time."""
    customer = call.get("customer", {})
    target = customer.get("number") or customer.get("sipUri", "")
    dial_timeout = call.get("transport", {}).get("dialTimeout", telephony.DIAL_TIMEOUT)
    script = telephony.script_for(world.settings["calls"], target)
    found = telephony.line(at, script, reason=way.reason, dial_timeout=dial_timeout)
    if way.sip and not way.reason and telephony.was_recorded(found["reason"]):
        found["leg"] = {
            "type": "sip",
            "account": way.login,
            "login": way.login,
            "from": telephony.user(way.phone.get("number", "")),
            "to": telephony.user(target),
        }
        if "answer" in found and "number" in customer and world.number(telephony.user(target)):
            _call_own_number(world, way, call, found, script)
    return found


def _call_own_number(world: World, way: Way, call: Item, found: Line, script: telephony.Script) -> None:
    """A call from one number of the account to another: both sides are simulated, and their lines agree."""
    caller = f"+{telephony.user(way.phone.get('number', ''))}"
    result = ring(world, call["customer"]["number"], caller, found["ring"])
    far = world.traffic["lines"].get(result["call_id"] or "")
    if result["answered_by"] not in {None, "vapi"}:
        return
    if far is None or "answer" not in far:
        # What the caller receives if no destination takes the call; a proxy passes on the last status.
        tried = [entry["result"] for entry in result["tried"]]
        status = tried[-1][:3] if tried and tried[-1][:3].isdigit() else "480"
        found.pop("answer")
        found |= {"end": found["ring"], "reason": telephony.NOT_CONNECTED, "ended_message": f"SIP status {status}"}
        return
    inbound = world.vapi["calls"][result["call_id"]]
    near_side = {"call": call, "assistant": _assistant(world, call), "script": script}
    answering = telephony.script_for(world.settings["calls"], caller)
    far_side = {"call": inbound, "assistant": _assistant(world, inbound), "script": answering}
    before = [far["end"], ""]
    conversation.connect(found, far, near_side, far_side)
    busy = world.traffic["busy"]
    if before in busy:  # it ends at another time than expected when it was answered
        busy[busy.index(before)] = [far["end"], ""]
        heapq.heapify(busy)


def _assistant(world: World, call: Item) -> Item:
    """The assistant that speaks first in a call."""
    squad = world.vapi["squads"].get(call.get("squadId", ""), {})
    first = next((member.get("assistantId", "") for member in squad.get("members", [])), "")
    return world.vapi["assistants"].get(call.get("assistantId", first), {})


# --- campaigns


def contacts(campaign: Item) -> list[tuple[Item, str]]:
    """The customers of a campaign in the order of dialling, each with the id of the number that calls."""
    if "dialPlan" in campaign:
        return [(customer, entry["phoneNumberId"]) for entry in campaign["dialPlan"] for customer in entry["customers"]]
    return [(customer, campaign.get("phoneNumberId", "")) for customer in campaign.get("customers", [])]


def window(item: Item) -> tuple[int, int | None]:
    """The period in which a call or a campaign may dial."""
    plan = item.get("schedulePlan", {})
    created = milliseconds(parse(item["createdAt"]))
    earliest = milliseconds(parse(plan["earliestAt"])) if "earliestAt" in plan else created
    latest = milliseconds(parse(plan["latestAt"])) if "latestAt" in plan else None
    return max(earliest, created), latest


def campaign_window(world: World, campaign: Item) -> tuple[int, int | None]:
    """The same for a campaign, which may have a time limit."""
    ready_at, latest = window(campaign)
    ring_limit = world.settings["campaign_retry_seconds"] * 1000
    if ring_limit:
        latest = min(ready_at + ring_limit, ready_at + ring_limit if latest is None else latest)
    return ready_at, latest


def start_campaign(world: World, campaign: Item) -> None:
    """Start dialling its contacts."""
    world.traffic["runs"][campaign["id"]] = {"lines": [], "done": False, "last": 0}
    advance(world)


def call_id(campaign_id: str, index: int) -> str:
    """The id of a contact's call; the ids of the real service have no structure."""
    return f"{campaign_id[:24]}{index:012x}"


def runs(world: World) -> Iterator[tuple[Item, Item]]:
    """All started campaigns with their state."""
    for campaign_id, run in world.traffic["runs"].items():
        if campaign_id in world.vapi["campaigns"]:
            yield world.vapi["campaigns"][campaign_id], run


def campaign_call(world: World, call_id: str) -> tuple[Item, int] | None:
    """The campaign and the position of the contact that a call belongs to."""
    for campaign, run in runs(world):
        if call_id[:24] == campaign["id"][:24] and int(call_id[24:], 16) < len(run["lines"]):
            return campaign, int(call_id[24:], 16)
    return None


def line_of(world: World, call_id: str) -> Line | None:
    """The line of a call, if it has been dialled."""
    found: Line | None = world.traffic["lines"].get(call_id)
    if found is None and (assign_line := campaign_call(world, call_id)):
        found = world.traffic["runs"][assign_line[0]["id"]]["lines"][assign_line[1]]
    return found


@dataclass
class _Stream:
    """A campaign with contacts that have not been called."""

    campaign: Item
    run: Item
    ready_at: int
    latest: int | None
    width: int
    contacts: list[tuple[Item, str]] = field(default_factory=list)

    def may_dial(self, moment: int) -> bool:
        return self.ready_at <= moment and not self.is_finished(moment)

    def is_finished(self, moment: int) -> bool:
        return len(self.run["lines"]) >= len(self.contacts) or (self.latest is not None and self.latest < moment)


def _streams(world: World) -> list[_Stream]:
    found = []
    for campaign, run in runs(world):
        if not run["done"]:
            width = campaign.get("maxConcurrency", WIDTH)
            found.append(_Stream(campaign, run, *campaign_window(world, campaign), width, contacts(campaign)))
    return found


# --- simulation of time


def wait(world: World, call: Item) -> None:
    """Put a call into the queue."""
    world.traffic["waiting"][call["id"]] = window(call)


def advance(world: World) -> None:
    """Calculate what has been dialled until now: calls first, then campaigns, each in the order of their creation."""
    if world.traffic["waiting"] or _streams(world):
        _Dialler(world).run()


class _Dialler:
    """Dials the waiting calls and the campaigns of a world, from the last calculated moment on."""

    def __init__(self, world: World) -> None:
        self.world, self.traffic = world, world.traffic
        self.streams = _streams(world)
        self.limit = world.settings["concurrency_limit"]
        self.waiting = [entry for entry in self.traffic["waiting"].items() if entry[0] in world.vapi["calls"]]
        self.queue = deque(sorted(self.waiting, key=lambda entry: entry[1][0]))
        self.busy: list[Any] = self.traffic["busy"]
        self.served = Counter(owner for _end, owner in self.busy)
        self.resolved: dict[tuple[Any, ...], Way] = {}

    def run(self) -> None:
        """Dial everything until now."""
        now, moment = self.world.now(), self.traffic["settled"]
        while moment is not None and moment <= now:
            self.release(moment)
            self.dial_calls(moment)
            self.dial_campaigns(moment)
            moment = self.next_moment(moment)
        for call, (_ready, latest) in self.queue:
            if latest is not None and latest < now:
                _too_late(self.world, call, latest)
        for stream in _streams(self.world):
            stream.run["done"] = stream.is_finished(now)
        self.traffic["waiting"] = {call: times for call, times in self.waiting if call not in self.traffic["lines"]}
        self.traffic["settled"] = now

    def assign_line(self, call: Item, owner: str, moment: int) -> Line:
        """Dial a call on a free line."""
        key = (*(str(call.get(name)) for name in _ROUTE), "workflow" in call, "customer" in call)
        found = _dial(self.world, self.resolved.setdefault(key, Way(self.world, call)), call, moment)
        heapq.heappush(self.busy, [found["end"], owner])
        self.served[owner] += 1
        return found

    def release(self, moment: int) -> None:
        """Free the lines of calls that have ended."""
        while self.busy and self.busy[0][0] <= moment:
            self.served[heapq.heappop(self.busy)[1]] -= 1

    def dial_calls(self, moment: int) -> None:
        """Dial the waiting calls that are due."""
        while self.queue and self.queue[0][1][0] <= moment and len(self.busy) < self.limit:
            call, (_ready, latest) = self.queue.popleft()
            if latest is None or latest >= moment:
                self.traffic["lines"][call] = self.assign_line(self.world.vapi["calls"][call], "", moment)
            else:
                _too_late(self.world, call, latest)

    def dial_campaigns(self, moment: int) -> None:
        """Dial the next contacts of each campaign that is due."""
        for stream in self.streams:
            owner, lines = stream.campaign["id"], stream.run["lines"]
            while stream.may_dial(moment) and self.served[owner] < stream.width and len(self.busy) < self.limit:
                customer, number = stream.contacts[len(lines)]
                call = {**_target(stream.campaign), "customer": customer, "phoneNumberId": number}
                lines.append(self.assign_line(call, owner, moment))
                stream.run["last"] = max(stream.run["last"], lines[-1]["end"])
        self.streams = [stream for stream in self.streams if not stream.is_finished(moment)]

    def next_moment(self, moment: int) -> int | None:
        """The next scheduled time, or that at which a line becomes free; ``None`` if nothing is left to dial."""
        if not self.queue and not self.streams:
            return None
        scheduled = [stream.ready_at for stream in self.streams] + [entry[1][0] for entry in list(self.queue)[:1]]
        later = [ready_at for ready_at in scheduled if ready_at > moment] + [end for end, _owner in self.busy[:1]]
        return min(later, default=None)


def _target(campaign: Item) -> Item:
    return {name: campaign[name] for name in ("assistantId", "squadId", "workflowId") if name in campaign}


def _too_late(world: World, call: str, latest: int) -> None:
    """The time for a call passed while all lines were busy."""
    world.traffic["lines"][call] = telephony.line(latest, {}, reason=telephony.OVER_LIMIT, queued=0)


def load(world: World) -> tuple[int, int]:
    """The number of active and of waiting calls."""
    now = world.now()
    running = sum(end > now for end, _owner in world.traffic["busy"])
    return running, sum(ready_at <= now for ready_at, _latest in world.traffic["waiting"].values())


def legs(world: World) -> Iterator[Line]:
    """All records of didlogic."""
    now = world.now()
    for found in world.traffic["lines"].values():
        yield from telephony.legs(found, now)
    for run in world.traffic["runs"].values():
        for found in run["lines"]:
            yield from telephony.legs(found, now)


# --- inbound

_URI = re.compile(r"(?:sips?:)?(?P<user>[^@\s:;]+)@(?P<host>[^:;\s]+).*", re.IGNORECASE)
_VAPI_HOST = re.compile(r"(?P<trunk>[^.]+)\.sip\.(eu\.)?vapi\.ai")
_CAUGHT = {forms.SIP_URI: "vapi", forms.PHONE_NUMBER: "pstn", forms.SIP_ACCOUNT: "sip_account"}


def ring(world: World, number: str, caller: str, at: int | None = None) -> Item:
    """Simulate a call to one of the account's numbers: its active destinations are tried in order."""
    did = world.number(telephony.user(number))
    if did is None:
        raise ValueError(f"didlogic's account has no number {number}")
    leg = {"type": "incoming", "account": None, "login": None, "from": telephony.user(caller), "to": did["number"]}
    answer: Item = {"answered_by": None, "call_id": None, "tried": []}
    now = world.now() if at is None else at
    script = telephony.script_for(world.settings["calls"], caller)
    sign = -1 if world.settings["highest_priority_first"] else 1
    for row in sorted(did["destinations"], key=lambda row: (sign * row["priority"], row["id"])):
        if not row["active"]:
            continue
        phone, result = _try(world, row)
        tried = {"destination": row["destination"], "transport": row["transport"], "result": result}
        answer["tried"].append(tried)
        if result != "answered":
            continue
        answer["answered_by"] = _CAUGHT[forms.kind_of(world, row["transport"]) or forms.SIP_URI]
        if phone:
            # A call from an own number is not yet one of the busy lines.
            answer["call_id"] = _answer(world, phone, caller, leg, now, others=0 if at is None else 1)
        else:
            world.traffic["lines"][str(uuid.uuid4())] = telephony.line(now, script, queued=0) | {"leg": leg}
        return answer
    missed = {"at": now, "end": now, "reason": telephony.NO_ANSWER, "leg": leg}
    world.traffic["lines"][str(uuid.uuid4())] = missed
    return answer


def _try(world: World, row: Item) -> tuple[Item | None, str]:
    """Vapi's number, if the call reaches it, and the result at a destination."""
    kind = forms.kind_of(world, row["transport"])
    if kind == forms.PHONE_NUMBER:
        return None, "answered"
    if kind == forms.SIP_ACCOUNT:
        return None, "answered" if world.sip_account(row["destination"]) else "no such SIP account"
    if kind != forms.SIP_URI:
        return None, "unknown transport"  # such as a WebSocket, whose code is unknown
    uri = _URI.fullmatch(row["destination"])
    host = _VAPI_HOST.fullmatch(uri["host"].lower()) if uri else None
    if not uri or not host:
        return None, "no answer"  # other addresses are not part of the sandbox
    trunk = world.vapi["credentials"].get(host["trunk"], {})
    if trunk.get("provider") != "byo-sip-trunk":
        return None, "404 no such trunk"
    # didlogic's source addresses are unknown here, so any allowed address is sufficient.
    if not has_gateway(trunk, "inboundEnabled"):
        return None, "401 no inbound gateway"
    for phone in world.vapi["phone_numbers"].values():
        named = variants.same_number(world, phone.get("number", ""), uri["user"])
        if phone.get("credentialId") == trunk["id"] and named and not variants.is_activating(world, phone):
            return phone, "answered"
    return None, "404 no such phone number"


def _answer(world: World, phone: Item, caller: str, leg: Item, now: int, *, others: int = 0) -> str:
    """Vapi accepts a call, which may then fail."""
    target: Item = {name: phone[name] for name in ("assistantId", "squadId", "workflowId") if name in phone}
    call: Item = {
        "id": str(uuid.uuid4()),
        "orgId": world.org_id,
        "createdAt": vapi_time(now),
        "updatedAt": vapi_time(now),
        "type": "inboundPhoneCall",
        "phoneNumberId": phone["id"],
        "customer": {"number": caller},
        **target,
    }
    if version := vapi_versions.governing(world, phone.get("assistantId", "")):
        call["assistantVersion"] = version
    world.vapi["calls"][call["id"]] = call
    way = Way(world, call)
    reason = None
    if not target:
        # With a server Vapi requests an assistant from it; the sandbox has no such server.
        reason = telephony.REQUEST_FAILED if "server" in phone else telephony.NO_TARGET
    elif way.leads_to_a_workflow() or way.reason == telephony.GET_ASSISTANT:
        reason = way.reason  # the assistant does not exist, or it is a workflow
    elif load(world)[0] + others >= world.settings["concurrency_limit"]:
        reason = telephony.OVER_LIMIT
    script = telephony.script_for(world.settings["calls"], caller)
    found = telephony.line(now, script, reason=reason, queued=0)
    # A transfer is charged to the trunk's account, like an outbound call.
    found["leg"] = {**leg, "login": way.login}
    world.traffic["lines"][call["id"]] = found
    if found["end"] > now:
        heapq.heappush(world.traffic["busy"], [found["end"], ""])
    return str(call["id"])
