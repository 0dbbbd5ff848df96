# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts: the transfer tool, Vapi's ``transferCall``: how an assistant hands a caller to a human."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Faults, Option, Record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Resource, State, Use
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.destination import (
    Destination,
    check_destination,
    same_target,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import VAPI_FORM
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import VAPI

#: Where a tool's name and description travel. Guides show it and answers carry it; the published request schema
#: leaves it out. Should the service refuse it, its own words name the property.
FUNCTION = "function"


def check_function_name(name: str) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        raise ValueError("must be 1 to 64 letters, digits, _ or -: the model calls the tool by it.")


class Tool(Record):
    name: t.Annotated[str | None, Option(required=True, check=check_function_name, wire=f"{FUNCTION}.name")] = None


class TransferTool(Tool):
    description: t.Annotated[str | None, Option(length=(0, 1000), wire=f"{FUNCTION}.description")] = None
    destinations: t.Annotated[list[Destination] | None, Option(open=True, distinct=same_target)] = None
    messages: t.Annotated[list[dict[str, t.Any]] | None, Option(free=VAPI_FORM)] = None


def good_destinations(tool: TransferTool, _ask: State) -> str | None:
    faults = Faults()
    for index, destination in enumerate(tool.destinations or ()):
        for problem in check_destination(destination).under(f"destinations[{index}]").found:
            faults.add(problem)
    faults.end()
    if tool.destinations and len(tool.destinations) > 1 and not all(d.description for d in tool.destinations):
        return (
            f"Transfer tool {tool.name}: with several destinations the model chooses by their descriptions, "
            "and not all have one."
        )
    return None


#: Any tool of an account: what an assistant may refer to.
ANY_TOOL = Resource(service=VAPI, noun="tool", plural="tools", title="tool", path="/tool", record=Tool)

TRANSFER_TOOL = Resource(
    service=VAPI,
    noun="transfer_tool",
    plural="transfer_tools",
    title="transfer tool",
    path="/tool",
    record=TransferTool,
    fixed={"type": "transferCall"},
    rules=(good_destinations,),
    uses=(Use(path="/assistant", holds="model.toolIds", title="assistants", release=True),),
)
