# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vapi's versions of assistants, squads and tools, and the version of an assistant that answers calls.

Only an organisation with versioning has them, see the switch ``versioning``. The forms are those of the Python SDK
3.0.0. That each write publishes a version is inferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import schema
from .vapi import Resource, VapiError, bad_request, query_of
from .world import Item, World

NO_ACCESS = "Traffic allocations are not enabled for your organization"
FOLLOW_LATEST, EXPLICIT = "follow-latest", "explicit"
_STORE = "traffic_allocations"
_VERSIONED = ("assistants", "squads", "tools")

schema.SCHEMAS["CreateTrafficAllocationTargetDTO"] = {
    "type": "object",
    "properties": {
        "assistantVersion": {"type": "string"},
        "percentage": {"type": "number", "minimum": 0, "maximum": 100},
    },
    "required": ["assistantVersion", "percentage"],
}
schema.SCHEMAS["CreateTrafficAllocationDTO"] = {
    "type": "object",
    "properties": {
        "assistantId": schema.UUID,
        "allocationIntent": {"type": "string", "enum": [EXPLICIT, FOLLOW_LATEST]},
        "targets": {"type": "array", "items": {"$ref": "#/components/schemas/CreateTrafficAllocationTargetDTO"}},
        "expectedCurrentAllocationId": {"type": "string"},
        "description": {"type": "string"},
    },
    "required": ["assistantId"],
}


def number(version: str | None) -> int:
    """The number of a version label: 3 for ``v3``; 0 without one."""
    digits = (version or "").removeprefix("v")
    return int(digits) if digits.isdigit() else 0


def publish(world: World, _sent: Item, stored: Item) -> None:
    """Each write of an object creates its next version, unless a switch excludes updates."""
    update = any(stored["id"] in world.vapi[store] for store in _VERSIONED)
    if world.settings["versioning"] and (world.settings["publish_on_update"] or not update):
        stored["latestVersion"] = f"v{number(stored.get('latestVersion')) + 1}"


def get_allocation(world: World, item: Item, _query: Mapping[str, str]) -> Item:
    """An object in a response: with versioning it contains its version, null if it has not been published since.

    Without versioning the description allows null too. Here the field is absent, because Vapi's gitops sends back all
    fields that it reads, and requests do not have this field.
    """
    return {**item, "latestVersion": item.get("latestVersion")} if world.settings["versioning"] else item


def is_published(world: World, store: str, item_id: str, version: str) -> bool:
    """Whether an object has a version."""
    newest = number(world.vapi[store].get(item_id, {}).get("latestVersion"))
    return version == f"v{number(version)}" and 1 <= number(version) <= newest


def governing(world: World, assistant_id: str) -> str | None:
    """The version of an assistant that answers calls; of several the one with the largest share."""
    assistant = world.vapi["assistants"].get(assistant_id, {})
    allocation = latest(world, assistant_id)
    if not world.settings["versioning"]:
        return None
    if allocation and allocation["allocationIntent"] == EXPLICIT:
        return str(max(allocation["targets"], key=lambda target: target["percentage"])["assistantVersion"])
    return assistant.get("latestVersion")


def latest(world: World, assistant_id: str) -> Item | None:
    """The allocation of an assistant that is in effect: the newest."""
    found = [item for item in world.vapi[_STORE].values() if item["assistantId"] == assistant_id]
    return found[-1] if found else None


def _need_access(world: World) -> None:
    if not world.settings["versioning"]:
        raise VapiError(403, NO_ACCESS)


def _latest(world: World, request: Request) -> Response:
    """GET /traffic-allocations/latest: without an allocation the response has no such key."""
    assistant_id = query_of(request, {"assistantId"}).get("assistantId")
    if not schema.is_uuid(assistant_id):
        raise bad_request(["assistantId must be a UUID"])
    found = latest(world, str(assistant_id))
    return JSONResponse({} if found is None else {"allocation": found})


def _check_allocation(world: World, sent: Item, stored: Item) -> None:
    assistant_id, targets = sent["assistantId"], sent.get("targets", [])
    if assistant_id not in world.vapi["assistants"]:
        raise VapiError(404, f"Assistant {assistant_id} not found")
    intent = sent.get("allocationIntent", EXPLICIT)
    if (intent == EXPLICIT) != bool(targets):
        raise bad_request("targets are needed for an explicit allocation, and for no other")
    for target in targets:
        if not is_published(world, "assistants", assistant_id, target["assistantVersion"]):
            raise bad_request(f"{target['assistantVersion']} is no published version of this assistant")
    if targets and round(sum(target["percentage"] for target in targets), 3) != 100:
        raise bad_request("The percentages of all targets must add up to 100")
    current = latest(world, assistant_id)
    expected = sent.get("expectedCurrentAllocationId")
    current_id = current["id"] if current else None
    if expected is not None and expected != current_id:
        raise VapiError(409, "Another allocation is in effect", "stale_allocation", currentAllocationId=current_id)
    stored |= {
        "allocationIntent": intent,
        "actorType": "api-key",
        "targets": [{**target, "position": index} for index, target in enumerate(targets)],
    }
    stored.pop("expectedCurrentAllocationId", None)
    stored.pop("updatedAt")


ALLOCATIONS: Any = Resource(
    "/traffic-allocations",
    _STORE,
    "CreateTrafficAllocationDTO",
    checks=(_check_allocation,),
    filters={"assistantId": "assistantId"},
    queries=("page", "limit", "sortOrder"),
    paged=True,
    gate=_need_access,
    above={"latest": _latest},
    methods=("GET", "POST"),
)
