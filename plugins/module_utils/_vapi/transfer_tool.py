# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transfer tool: Vapi's ``transferCall``, with which an assistant transfers a caller."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    BaseResource,
    KeyedResource,
    Referrer,
    RenamableState,
    State,
    Update,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.destination import (
    Destination,
    check_destination,
    same_target,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import vapi_form
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.tool_parameters import (
    identity_of,
    mentions,
    stale_in,
    stale_values,
    without_stale,
)

#: The property with a tool's name and description. Guides and responses contain it, but not the published request
#: schema. If the service rejects it, its error message contains the property.
FUNCTION = "function"


def check_function_name(name: str) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        raise ValueError("must be 1 to 64 letters, digits, _ or -; the model calls the tool by this name.")


class Tool(Model):
    name: t.Annotated[str | None, Option(required=True, check=check_function_name, api_name=f"{FUNCTION}.name")] = None


#: The parameter of the function with the destination that the model chooses.
PARAMETER = "destination"
#: Fields of a destination that only apply to calls that leave Vapi.
OUTWARD = ("caller_id", "extension", "sip_headers", "sip_verb", "transfer_plan")


class ToolDestination(Destination):
    """The destination of a tool: outside Vapi, or another assistant of the same squad."""

    targets: t.ClassVar[tuple[str, ...]] = (*Destination.targets, "assistant_name")

    assistant_name: str | None = None
    transfer_mode: str | None = None

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        if "assistantName" not in body:
            return Destination.sent(body)
        outward = ("numberE164CheckEnabled", "transferPlan")
        return {"type": "assistant", **{key: value for key, value in body.items() if key not in outward}}

    @staticmethod
    def finish_display(options: Result) -> Result:
        outward = ("mode", "number_e164_check_enabled") if "assistant_name" in options else ()
        return {name: value for name, value in options.items() if name not in outward}


def check_tool_destination(destination: ToolDestination) -> Faults:
    """Check the fields that depend on each other.

    :param destination: the destination. :return: the errors.
    """
    faults = check_destination(destination)
    outward = [name for name in OUTWARD if getattr(destination, name)] if destination.assistant_name else []
    for name in outward:
        faults.add(OptionError(name, "cannot be given with assistant_name; the call does not leave Vapi."))
    if destination.transfer_mode and not destination.assistant_name:
        faults.add(OptionError("transfer_mode", "requires assistant_name."))
    return faults


class TransferTool(Tool):
    description: t.Annotated[str | None, Option(length=(0, 1000), api_name=f"{FUNCTION}.description")] = None
    destinations: t.Annotated[list[ToolDestination] | None, Option(opaque_to_ansible=True, distinct=same_target)] = None
    parameters: t.Annotated[
        dict[str, object] | None, Option(api_name=f"{FUNCTION}.parameters", free=vapi_form("OpenAIFunctionParameters"))
    ] = None
    messages: t.Annotated[
        list[dict[str, object]] | None, Option(free=vapi_form("CreateTransferCallToolDTO.messages"))
    ] = None


def good_destinations(tool: TransferTool, _options: State) -> str | None:
    faults = Faults()
    for index, destination in enumerate(tool.destinations or ()):
        for problem in check_tool_destination(destination).under(f"destinations[{index}]").found:
            faults.add(problem)
    faults.end()
    if tool.destinations and len(tool.destinations) > 1 and not all(d.description for d in tool.destinations):
        return (
            f"Transfer tool {tool.name}: with several destinations the model chooses by their descriptions, "
            "and not all have one."
        )
    return None


def without_former_destinations(desired: TransferTool, current: TransferTool | None, _options: State) -> TransferTool:
    """Remove destinations from the function's parameters that the tool no longer has.

    A JSON schema of the parameters may list the destinations again, in a form that Vapi's support recommends. If it
    lists one that is not declared, the list is replaced by the declared ones.
    """
    if desired.destinations is None or desired.parameters is not None or not current or not current.parameters:
        return desired
    given = dig(current.parameters, ("properties", PARAMETER))
    targets = _targets(desired)
    changed = without_stale(given, targets, stale_in(targets, _targets(current))) if isinstance(given, dict) else {}
    if not changed:
        return desired
    return desired.model_copy(update={"parameters": {"properties": {PARAMETER: changed}}})


def mentions_of_former_destinations(current: TransferTool, after: TransferTool) -> list[str]:
    """A sentence for each place in the function's parameters that still names a destination which is removed.

    Texts for the model, and other parameters than that of the destination, are not changed.

    :param current: the tool. :param after: the resulting tool. :return: the sentences.
    """
    targets = _targets(after)
    offered = stale_values(dig(current.parameters, ("properties", PARAMETER)), targets)
    left = [*_targets(current), *(target for target in offered if after.destinations)]
    gone = [target for target in left if identity_of(target) not in set(map(identity_of, targets))]
    places = mentions(after.parameters, gone) if after.destinations is not None else []
    return [
        f"{FUNCTION}.parameters.{path} still names {target}, which is no longer a destination of the tool. Change it "
        "in Vapi's dashboard."
        for path, target in places
    ]


def _targets(tool: TransferTool) -> list[str]:
    """The destinations of a tool as the model refers to them."""
    values = [getattr(to, name) for to in tool.destinations or () for name in to.targets]
    return [value for value in values if value]


#: Any tool of an account that an assistant may refer to.
ANY_TOOL = BaseResource(
    provider=VAPI,
    name="tool",
    plural="tools",
    title="tool",
    path="/tool",
    record=Tool,
    options=State,
)

TRANSFER_TOOL = KeyedResource(
    provider=VAPI,
    name="transfer_tool",
    plural="transfer_tools",
    title="transfer tool",
    path="/tool",
    record=TransferTool,
    options=RenamableState,
    constants={"type": "transferCall"},
    validators=(good_destinations,),
    resolve_desired=without_former_destinations,
    update=Update(warnings=mentions_of_former_destinations),
    referrers=(Referrer(path="/assistant", path_to_id="model.toolIds", title="assistants", detach_on_delete=True),),
)
