# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The assistant, with a free-form body, and the workflows that may have answered instead."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    BaseResource,
    KeyedResource,
    Referrer,
    RenamableState,
    State,
    Update,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import vapi_form
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import ANY_TOOL

#: The day on which Vapi stopped running workflows (Vapi's guide, legacy migration of workflows).
WORKFLOWS_RETIRED = "2026-08-19"
WORKFLOW_FIX = "Use an assistant or a squad."
#: The versions of an assistant that callers get.
TRAFFIC_ALLOCATION = "/traffic-allocations/latest"
#: Keys that Vapi adds to a response and rejects in a request.
ANSWER_ONLY = (
    "id",
    "orgId",
    "createdAt",
    "updatedAt",
    "latestVersion",
    "modelDeprecations",
    "isServerUrlSecretSet",
    "workflowIds",
    "analyticsMetadata",
    "isDeleted",
)

ASSISTANT_FORM = vapi_form("CreateAssistantDTO")


class Assistant(Model):
    name: t.Annotated[str | None, Option(required=True, length=(1, 40))] = None
    definition: t.Annotated[
        dict[str, object] | None,
        Option(api_name="*", exclude=("name", "model.toolIds", *ANSWER_ONLY), free=ASSISTANT_FORM),
    ] = None
    tools: t.Annotated[list[str] | None, Option(ref=ANY_TOOL, api_name="model.toolIds")] = None


class AssistantFiles(Model):
    """Paths of files on the controller. The action plugins replace them by ``definition``."""

    definition_file: t.Annotated[str | None, Option(api_name="")] = None
    prompt_file: t.Annotated[str | None, Option(api_name="")] = None


class AssistantOptions(RenamableState, AssistantFiles):
    tools_mode: t.Literal["append", "replace"] = "append"
    managed_tools: list[str] | None = None
    force: bool = False


def files_were_read(_assistant: Assistant, options: AssistantOptions) -> None:
    """Reject a path: the module may run on another host, where the file does not exist."""
    for name in fields(AssistantFiles):
        if getattr(options, name):
            raise OptionError(name, "is only read by a task of Ansible; call the module by its full name.")


def definition_is_free(assistant: Assistant, _options: AssistantOptions) -> None:
    definition, faults = assistant.definition or {}, Faults()
    for key in ("name", *ANSWER_ONLY):
        if key in definition:
            rule = "must be given as the option name." if key == "name" else "is set by Vapi; remove it."
            faults.add(OptionError(f"definition.{key}", rule))
    if dig(definition, ("model", "toolIds")) is not None:
        rule = "must be given as the option tools, which accepts names and ids."
        faults.add(OptionError("definition.model.toolIds", rule))
    faults.end()


def append_tools(desired: Assistant, current: Assistant | None, options: AssistantOptions) -> Assistant:
    """Keep attached tools that are not managed with ``tools_mode: append``.

    A definition is merged, so an empty one changes nothing.
    """
    if not desired.definition:
        desired = desired.model_copy(update={"definition": None})
    if desired.tools is None or options.tools_mode == "replace":
        return desired
    attached, managed = (current.tools if current else None) or (), options.managed_tools or ()
    there = [tool for tool in attached if tool not in managed or tool in desired.tools]
    return desired.model_copy(update={"tools": there + [tool for tool in desired.tools if tool not in there]})


def tools_need_a_model(assistant: Assistant, _options: AssistantOptions) -> None:
    """Tools are part of the model, which Vapi replaces as a whole and which requires provider and model."""
    if assistant.tools and not dig(assistant.definition, ("model", "provider")):
        raise OptionError("tools", "requires definition.model with provider and model; tools are part of the model.")


def warn_of_traffic_allocation(client: Client, key: str) -> tuple[str, ...]:
    """Warnings about an updated assistant whose callers get fixed versions of it.

    The endpoint is a beta of Vapi (server SDK 3.0): 403 without access, no ``allocation`` if none was ever made. An
    unexpected response causes neither a warning nor an error.

    :param client: the connection to Vapi; only used for reads. :param key: the assistant's id.
    :return: the warnings.
    """
    try:
        answer = client.get(TRAFFIC_ALLOCATION, {"assistantId": key})
    except ApiError:
        return ()
    allocation = dig(answer, ("allocation",))
    if dig(allocation, ("allocationIntent",)) != "explicit":
        return ()
    targets = dig(allocation, ("targets",))
    shares = [
        f"{target['assistantVersion']} ({target.get('percentage', '?')} %)"
        for target in (targets if isinstance(targets, list) else [])
        if isinstance(target, dict) and isinstance(target.get("assistantVersion"), str)
    ]
    warning = (
        f"callers get fixed versions of it by a traffic allocation in Vapi: {', '.join(shares) or 'unknown'}. A change "
        "of the assistant creates a new version, which no caller gets until the allocation includes it."
    )
    return (warning,)


ASSISTANT = KeyedResource(
    provider=VAPI,
    name="assistant",
    plural="assistants",
    title="assistant",
    path="/assistant",
    record=Assistant,
    options=AssistantOptions,
    validators=(files_were_read, definition_is_free),
    plan_validators=(tools_need_a_model,),
    resolve_desired=append_tools,
    read_only_fields=("latest_version", "created_at", "updated_at"),
    referrers=(
        Referrer(path="/phone-number", path_to_id="assistantId", title="phone numbers", label=("number", "name", "id")),
        Referrer(path="/squad", path_to_id="members.assistantId", title="squads"),
    ),
    force_option="force",
    update=Update(
        check_effect=warn_of_traffic_allocation,
    ),
)


class Named(Model):
    """An object that is only referred to."""

    name: str | None = None


class HasState(t.Protocol):
    """Options with a state."""

    @property
    def state(self) -> str:
        pass


class HasWorkflow(t.Protocol):
    """A record that may refer to a workflow."""

    workflow: str | None


def check_no_workflow(record: HasWorkflow, options: HasState) -> None:
    """Reject a workflow, because Vapi no longer runs workflows.

    Announced in Vapi's guide to migrate workflows; the published request schemas still have the field.

    :param record: a record with ``workflow``. :param options: a record with ``state``.
    :raises OptionError: if a workflow is given.
    """
    if record.workflow and options.state == "present":
        raise OptionError(
            "workflow", f"is retired; Vapi has not run workflows since {WORKFLOWS_RETIRED}. {WORKFLOW_FIX}"
        )


#: Vapi has no list of workflows: they are referred to by id only.
WORKFLOW = BaseResource(
    provider=VAPI,
    name="workflow",
    plural="workflows",
    title="workflow",
    path="",
    record=Named,
    options=State,
)
