# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The squad: assistants that hand over a call to each other."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import resource_mutations
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    AnyKeyedResource,
    KeyedResource,
    Mutation,
    Referrer,
    RenamableState,
    Update,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import vapi_form
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI


class SquadMember(Model):
    assistant: t.Annotated[str | None, Option(required=True, ref=ASSISTANT, api_name="assistantId")] = None
    assistant_overrides: t.Annotated[dict[str, t.Any] | None, Option(free=vapi_form("AssistantOverrides"))] = None
    destinations: t.Annotated[
        list[dict[str, t.Any]] | None,
        Option(free=vapi_form("SquadMemberDTO.assistantDestinations"), api_name="assistantDestinations"),
    ] = None

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        """A member is replaced as a whole: without a key it has the same meaning as with an empty value."""
        return {key: value for key, value in body.items() if value not in (None, [])}


class Squad(Model):
    name: t.Annotated[str | None, Option(required=True)] = None
    members: list[SquadMember] | None = None
    members_overrides: t.Annotated[dict[str, t.Any] | None, Option(free=vapi_form("AssistantOverrides"))] = None


class SquadOptions(RenamableState):
    force: bool = False


def members_have_assistants(squad: Squad, _options: SquadOptions) -> None:
    faults = Faults()
    for index, member in enumerate(squad.members or ()):
        if not member.assistant:
            faults.add(OptionError(f"members[{index}].assistant", "must be given, as a name or an id."))
    faults.end()


def has_members(squad: Squad, _options: SquadOptions) -> None:
    if squad.members is None:
        raise OptionError("members", "must be given; a new squad requires its assistants.")


def with_members(
    resource: AnyKeyedResource, row: ApiObject | None, changed: ApiObject, current: ApiObject, desired: ApiObject
) -> tuple[Mutation, ...]:
    """Send the members with each update, because Vapi requires them; unchanged ones as Vapi returned them."""
    members = {"members": row["members"]} if row and "members" in row else {}
    usual = dataclasses.replace(resource, update=Update())
    return resource_mutations(usual, row, {**members, **changed}, current, desired)


SQUAD = KeyedResource(
    provider=VAPI,
    name="squad",
    plural="squads",
    title="squad",
    path="/squad",
    record=Squad,
    options=SquadOptions,
    read_only_fields=("latest_version", "created_at", "updated_at"),
    validators=(members_have_assistants,),
    plan_validators=(has_members,),
    update=Update(mutations=with_members),
    referrers=(
        Referrer(path="/phone-number", path_to_id="squadId", title="phone numbers", label=("number", "name", "id")),
    ),
    force_option="force",
)
