# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What switches change in the bodies of Vapi's requests and responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import schema
from .clock import milliseconds, parse
from .world import Item, World

PLAN = "outboundAuthenticationPlan"
MASK = "********"
_GATEWAY = {
    "port": 5060,
    "netmask": 32,
    "inboundEnabled": True,
    "outboundEnabled": True,
    "outboundProtocol": "udp",
    "optionsPingEnabled": False,
}
# The defaults of Vapi's description, by store.
_DEFAULTS: dict[str, Item] = {
    "credentials": {"outboundLeadingPlusEnabled": False},
    "phone_numbers": {"numberE164CheckEnabled": True},
    "assistants": {"firstMessageMode": "assistant-speaks-first", "maxDurationSeconds": 600},
}
_MODES = {
    f"warm-transfer-with-{word}": f"warm-transfer-{new}"
    for word, new in (("message", "say-message"), ("summary", "say-summary"), ("twiml", "twiml"))
}


# --- requests


def rewritten(world: World, sent: Item) -> Item:
    """A body with the new names of transfer modes, if the service rewrites the old ones."""
    if not world.settings["rewrite_transfer_modes"] or not isinstance(sent.get("destinations"), list):
        return sent
    return {**sent, "destinations": [_with_new_mode(destination) for destination in sent["destinations"]]}


def _with_new_mode(destination: Any) -> Any:
    plan = destination.get("transferPlan") if isinstance(destination, dict) else None
    if not isinstance(plan, dict):
        return destination
    return {**destination, "transferPlan": {**plan, "mode": _MODES.get(str(plan.get("mode")), plan.get("mode"))}}


def accepted(world: World, sent: Item, known: Iterable[str]) -> Item:
    """A body without its unknown fields, if the service ignores them."""
    return {name: sent[name] for name in sent if name in known} if world.settings["ignore_unknown_fields"] else sent


def merged(world: World, store: str, sent: Item, item: Item) -> Item:
    """The body of an update as the service understands it.

    :param store: the store of the object. :param sent: the body. :param item: the stored object.
    """
    sent = rewritten(world, sent)
    if world.settings["null_in_patch"] == "ignored":
        sent = {name: value for name, value in sent.items() if value is not None}
    plan, stored = sent.get(PLAN), item.get(PLAN) or {}
    if isinstance(plan, dict) and world.settings["keep_password"] and "authPassword" in stored:
        sent = {**sent, PLAN: {"authPassword": stored["authPassword"], **plan}}
    model, held = sent.get("model"), item.get("model")
    if store == "assistants" and world.settings["partial_model"] == "merges":
        sent = {**sent, "model": {**held, **model}} if isinstance(model, dict) and isinstance(held, dict) else sent
    return sent


def faults_of_update(world: World, store: str, sent: Item, item: Item) -> list[str]:
    """Why an update is refused.

    :param store: the store of the object. :param sent: the body as it was sent. :param item: the stored object.
    """
    settings, found = world.settings, []
    if settings["null_in_patch"] == "refused":
        found += [f"{name} must not be null" for name, value in sent.items() if value is None]
    plan = sent.get(PLAN)
    if settings["refuse_login_without_password"] and isinstance(plan, dict) and not plan.get("authPassword"):
        found.append(f"{PLAN}.authPassword must be a string")
    if store == "phone_numbers":
        if settings["require_provider"] and "provider" not in sent:
            found.append("provider must be a string")
        for name, switch in (("number", "refuse_number_change"), ("credentialId", "refuse_trunk_change")):
            if settings[switch] and sent.get(name, item.get(name)) != item.get(name):
                found.append(f"{name} cannot be changed")
    return found


# --- responses


def in_response(world: World, store: str, item: Item, rendered: Item, fields: Iterable[str]) -> Item:
    """An object in a response.

    :param store: its store. :param item: the stored object. :param rendered: the response without switches.
    :param fields: all fields that it may have.
    """
    settings = world.settings
    if settings["echo_defaults"]:
        rendered = _with_defaults(store, rendered)
    if settings["show_password"] and (item.get(PLAN) or {}).get("authPassword"):
        rendered = {**rendered, PLAN: {**rendered[PLAN], "authPassword": MASK}}
    if store == "phone_numbers" and is_activating(world, item):
        rendered = {**rendered, "status": "activating"}
    return {**dict.fromkeys(fields), **rendered} if settings["null_fields"] else rendered


def _with_defaults(store: str, item: Item) -> Item:
    found = {**_DEFAULTS.get(store, {}), **item}
    if store == "credentials":
        found["gateways"] = [{**_GATEWAY, **gateway} for gateway in item.get("gateways") or []]
    if store == "tools" and isinstance(item.get("destinations"), list):
        found["destinations"] = [_with_default_plan(destination) for destination in item["destinations"]]
    return found


def _with_default_plan(destination: Mapping[str, Any]) -> Item:
    check = {"numberE164CheckEnabled": True} if destination.get("type") == "number" else {}
    return {**check, "transferPlan": {"mode": "blind-transfer"}, **destination}


def is_activating(world: World, number: Item) -> bool:
    """Whether a phone number is still being set up, so that nobody answers its calls."""
    seconds: int = world.settings["activating_seconds"]
    return bool(seconds) and world.now() < milliseconds(parse(number["createdAt"])) + seconds * 1000


def same_number(world: World, one: str, other: str) -> bool:
    """Whether two spellings are the same number."""
    if world.settings["ignore_plus"]:
        return one.removeprefix("+") == other.removeprefix("+")
    return one == other


# --- references


def clear_references(world: World, item_id: str) -> None:
    """Remove the id of a deleted object from the phone numbers that refer to it, if the service does so."""
    if world.settings["clear_references"]:
        for number in world.vapi["phone_numbers"].values():
            for name in [name for name in schema.UUIDS if number.get(name) == item_id]:
                del number[name]
