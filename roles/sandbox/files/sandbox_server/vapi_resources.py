# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions of Vapi's SIP trunks, phone numbers, assistants, squads, tools and of objects that are only stored.

Further checks of a resource are functions next to its definition.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

from . import schema, vapi_versions, variants
from .schema import E164, E164_HINT
from .vapi import Check, Resource, bad_request
from .world import Item, World

BAD_GATEWAY = "Couldn't validate SIP trunk credential. SIP gateway creation failed."
_HOST = re.compile(r"(?=.{1,253}$)([a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,}")
_NOT_E164 = re.compile(r"\+?[a-zA-Z0-9]+")

# --- checks


def check_gateways(_world: World, sent: Item, _stored: Item) -> None:
    """A gateway is an IPv4 address, or a host name if inbound calls are disabled."""
    for gateway in sent.get("gateways") or []:
        if _is_ipv4(gateway["ip"]):
            continue
        if gateway.get("inboundEnabled", True) or not _HOST.fullmatch(gateway["ip"]):
            raise bad_request(BAD_GATEWAY)


def check_e164(world: World, _sent: Item, stored: Item) -> None:
    """A number has the E.164 form unless that check is disabled."""
    number = stored.get("number")
    if number is not None:
        bare = world.settings["accept_bare_numbers"] and E164.fullmatch(f"+{number}")
        require_e164(f"+{number}" if bare else number, stored, "number")


def require_e164(number: str, referring_item: Item, path: str) -> None:
    """Reject a number that its settings do not allow."""
    if referring_item.get("numberE164CheckEnabled", True):
        if not E164.fullmatch(number):
            raise bad_request(f"{path} {E164_HINT}")
    elif not _NOT_E164.fullmatch(number):
        raise bad_request(f"{path} must match /^\\+?[a-zA-Z0-9]+$/ regular expression")


def _others(world: World, store: str, stored: Item) -> Iterable[Item]:
    return (item for item in world.vapi[store].values() if item["id"] != stored["id"])


def check_unique_number(world: World, _sent: Item, stored: Item) -> None:
    """Only with a switch: a number is imported at most once."""
    others = _others(world, "phone_numbers", stored)
    if world.settings["unique_numbers"] and any(
        variants.same_number(world, item.get("number", ""), stored.get("number", "")) for item in others
    ):
        raise bad_request("Existing Phone Number Already Uses This Number.")


def check_name(world: World, _sent: Item, stored: Item) -> None:
    """Only with a switch: two trunks cannot have the same name."""
    others = _others(world, "credentials", stored)
    name = stored.get("name")
    if world.settings["unique_trunk_names"] and name and any(item.get("name") == name for item in others):
        raise bad_request("Existing Credential Already Uses This Name.")


def note_login(world: World, _sent: Item, stored: Item) -> None:
    """Keep the login of a trunk's creation, which may stay in use."""
    world.logins.setdefault(stored["id"], dict(stored.get(variants.PLAN) or {}))


def check_references(*references: tuple[str, str]) -> Check:
    """A check that each given (field, store) refers to an existing object."""

    def check(world: World, sent: Item, _stored: Item) -> None:
        for field, store in references:
            if sent.get(field) is not None and sent[field] not in world.vapi[store]:
                raise bad_request(f"Couldn't find {store.rstrip('s').replace('_', ' ')} for {field} {sent[field]}.")

    return check


def check_trunk(world: World, sent: Item, stored: Item) -> None:
    """A number of another carrier requires a SIP trunk, not any credential."""
    if stored.get("provider") != "byo-phone-number":
        return
    credential = world.vapi["credentials"].get(sent.get("credentialId", ""), {"provider": "byo-sip-trunk"})
    if credential.get("provider") != "byo-sip-trunk":
        raise bad_request("credentialId must refer to a byo-sip-trunk credential.")


def check_fallback(_world: World, sent: Item, _stored: Item) -> None:
    """Check the number of a fallback destination."""
    _check_destination(sent.get("fallbackDestination"), "fallbackDestination")


def check_destinations(_world: World, sent: Item, stored: Item) -> None:
    """Check the destinations of a transfer tool."""
    given = sent.get("destinations") if stored.get("type") == "transferCall" else None
    for index, destination in enumerate(given or []):
        _check_destination(destination, f"destinations.{index}")


def _check_destination(destination: Item | None, path: str) -> None:
    if destination and destination["type"] == "number":
        require_e164(destination["number"], destination, f"{path}.number")
    if (
        destination
        and destination["type"] == "sip"
        and not re.match(r"(?i:sips?):[^@\s]+@[^@\s]+$", destination["sipUri"])
    ):
        raise bad_request(f"{path}.sipUri must be a valid SIP URI")


def check_tool_function(world: World, sent: Item, stored: Item) -> None:
    """Only with a switch: the published schemas have no function in a tool that calls none."""
    function = sent.get("function") if stored.get("type") in {"apiRequest", "transferCall"} else None
    if function is not None and world.settings["refuse_tool_function"]:
        raise bad_request(["property function should not exist"])
    if function is not None and not re.fullmatch(r"[a-zA-Z0-9_-]+", function["name"]):
        raise bad_request(["function.name must match /^[a-zA-Z0-9_-]{1,64}$/ regular expression"])


def check_model(world: World, sent: Item, stored: Item) -> None:
    """A given model must be complete."""
    model = sent.get("model")
    if model is None and world.settings["require_model"] and "model" not in stored:
        raise bad_request(["model must be an object"])
    if model is None or world.settings["partial_model"] == "replaces":
        return
    missing = [name for name in ("provider", "model") if not isinstance(model.get(name), str)]
    if missing:
        raise bad_request([f"model.{name} must be a string" for name in missing])
    tool_ids = model.get("toolIds", [])
    if not isinstance(tool_ids, list) or not all(isinstance(tool_id, str) for tool_id in tool_ids):
        raise bad_request(["each value in model.toolIds must be a string"])
    unknown = [tool_id for tool_id in tool_ids if tool_id not in world.vapi["tools"]]
    if unknown and world.settings["refuse_unknown_tools"]:
        raise bad_request(f"Couldn't find tool {unknown[0]}.")


def check_members(world: World, sent: Item, _stored: Item) -> None:
    """A squad's members exist."""
    for member in sent.get("members") or []:
        if member.get("assistantId") is not None and member["assistantId"] not in world.vapi["assistants"]:
            raise bad_request(f"Couldn't find assistant for assistantId {member['assistantId']}.")


def _is_ipv4(address: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(address))
    except ValueError:
        return False


# --- references


def _phone_numbers_with(field: str) -> Callable[[World, str], Iterable[str]]:
    def users(world: World, item_id: str) -> Iterable[str]:
        return (item["id"] for item in world.vapi["phone_numbers"].values() if item.get(field) == item_id)

    return users


def _assistant_users(world: World, item_id: str) -> Iterable[str]:
    yield from _phone_numbers_with("assistantId")(world, item_id)
    for squad in world.vapi["squads"].values():
        if any(member.get("assistantId") == item_id for member in squad["members"]):
            yield squad["id"]


def _tool_users(world: World, item_id: str) -> Iterable[str]:
    return (
        item["id"]
        for item in world.vapi["assistants"].values()
        if item_id in (item.get("model") or {}).get("toolIds", [])
    )


# --- definitions


# The providers of phone numbers, and the types of tools, with the schema of each.
NUMBERS = {
    "byo-phone-number": "CreateByoPhoneNumberDTO",
    "telnyx": "CreateTelnyxPhoneNumberDTO",
    "twilio": "CreateTwilioPhoneNumberDTO",
    "vapi": "CreateVapiPhoneNumberDTO",
    "vonage": "CreateVonagePhoneNumberDTO",
}
TOOLS = {
    **{
        kind: f"Create{kind[0].upper()}{kind[1:]}ToolDTO"
        for kind in ("apiRequest", "dtmf", "endCall", "function", "handoff", "transferCall", "voicemail")
    },
    **dict.fromkeys(schema.OTHER_TOOLS, schema.OTHER_TOOL),
}

# Objects that the sandbox only stores, so that exporters and configuration tools can read and write them: path, store,
# and whether their list has pages (Python SDK 3.0.0).
KEPT = (
    ("/structured-output", "structured_outputs", True),
    ("/eval", "evals", True),
    ("/eval/run", "eval_runs", True),
    ("/eval/simulation", "simulations", False),
    ("/eval/simulation/personality", "simulation_personalities", False),
    ("/eval/simulation/scenario", "simulation_scenarios", False),
    ("/eval/simulation/suite", "simulation_suites", False),
    ("/file", "files", False),
    ("/session", "sessions", True),
    ("/chat", "chats", True),
)

RESOURCES = (
    Resource(
        "/credential",
        "credentials",
        tag="provider",
        kinds={"byo-sip-trunk": "CreateByoSipTrunkCredentialDTO"},
        checks=(check_gateways, check_name, note_login),
        users=_phone_numbers_with("credentialId"),
    ),
    Resource(
        "/phone-number",
        "phone_numbers",
        tag="provider",
        kinds=NUMBERS,
        read_only={"status": "active"},
        checks=(
            check_e164,
            check_trunk,
            check_fallback,
            check_unique_number,
            check_references(("credentialId", "credentials"), ("assistantId", "assistants"), ("squadId", "squads")),
        ),
    ),
    Resource(
        "/assistant",
        "assistants",
        "CreateAssistantDTO",
        checks=(check_model, vapi_versions.publish),
        render=vapi_versions.get_allocation,
        users=_assistant_users,
        in_use="assistant_pinned",
    ),
    Resource(
        "/squad",
        "squads",
        "CreateSquadDTO",
        update="UpdateSquadDTO",
        filters={"idAny": "id"},
        checks=(check_members, vapi_versions.publish),
        render=vapi_versions.get_allocation,
        users=_phone_numbers_with("squadId"),
    ),
    Resource(
        "/tool",
        "tools",
        tag="type",
        kinds=TOOLS,
        checks=(check_tool_function, check_destinations, vapi_versions.publish),
        render=vapi_versions.get_allocation,
        users=_tool_users,
        in_use="tool_pinned",
    ),
    *(Resource(path, store, paged=paged) for path, store, paged in KEPT),
    vapi_versions.ALLOCATIONS,
)
