# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phone number: Vapi's ``byo-phone-number``, a number of another carrier that is imported into Vapi."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    KeyedResource,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_e164,
    digits,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
    WORKFLOW,
    check_no_workflow,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.destination import (
    Destination,
    check_destination,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import vapi_form
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.number_format import check_number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD


class PhoneNumber(Model):
    number: t.Annotated[str | None, Option(required=True, check=check_number)] = None
    name: t.Annotated[str | None, Option(length=(0, 40))] = None
    trunk: t.Annotated[str | None, Option(ref=SIP_TRUNK, api_name="credentialId")] = None
    assistant: t.Annotated[str | None, Option(ref=ASSISTANT, api_name="assistantId")] = None
    squad: t.Annotated[str | None, Option(ref=SQUAD, api_name="squadId")] = None
    workflow: t.Annotated[str | None, Option(ref=WORKFLOW, api_name="workflowId")] = None
    number_e164_check_enabled: t.Annotated[bool | None, Option(api_name="numberE164CheckEnabled")] = None
    fallback_destination: t.Annotated[Destination | None, Option(opaque_to_ansible=True)] = None
    server: t.Annotated[dict[str, object] | None, Option(free=vapi_form("Server"))] = None
    hooks: t.Annotated[list[dict[str, object]] | None, Option(free=vapi_form("CreateByoPhoneNumberDTO.hooks"))] = None


CHOICES = ("assistant", "squad", "workflow")


def one_target(number: PhoneNumber, _options: State) -> None:
    given = [name for name in CHOICES if getattr(number, name)]
    if len(given) > 1:
        raise OptionError(
            given[1], f"cannot be given with {given[0]}; either an assistant or a squad answers a number."
        )


def good_fallback(number: PhoneNumber, _options: State) -> None:
    fallback = number.fallback_destination
    if fallback and (fallback.number or fallback.sip_uri or fallback != Destination()):
        check_destination(fallback).under("fallback_destination").end()


def plus_means_e164(number: PhoneNumber, options: State) -> None:
    """Check the number without reading its current state."""
    if options.state == "present" and str(number.number).startswith("+"):
        check_e164_by_default(number, options)


def has_trunk(number: PhoneNumber, _options: State) -> None:
    if not number.trunk:
        raise OptionError("trunk", "must be given; the number requires a SIP trunk for its calls.")


def check_e164_by_default(number: PhoneNumber, _options: State) -> None:
    """Check the form of a number like Vapi, unless the check is disabled."""
    if number.number_e164_check_enabled is not False:
        try:
            check_e164(str(number.number))
        except ValueError as error:
            rule = f"{error} Alternatively, set number_e164_check_enabled: false."
            raise OptionError("number", rule, number.number) from None


PHONE_NUMBER = KeyedResource(
    provider=VAPI,
    name="phone_number",
    plural="phone_numbers",
    title="phone number",
    path="/phone-number",
    record=PhoneNumber,
    options=State,
    keys=("number",),
    normalize_key=digits,
    constants={"provider": "byo-phone-number"},
    read_only_fields=("status", "created_at", "updated_at"),
    choices=CHOICES,
    validators=(check_no_workflow, one_target, good_fallback, plus_means_e164),
    plan_validators=(has_trunk, check_e164_by_default),
    exclusive_by="trunk",
)
