# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phone number: Vapi's ``byo-phone-number``, a number of another carrier that is imported into Vapi."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Problem, Record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Resource, State
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import check_e164, check_number, digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
    SQUAD,
    WORKFLOW,
    check_no_workflow,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.destination import (
    Destination,
    check_destination,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import VAPI_FORM
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK


class PhoneNumber(Record):
    number: t.Annotated[str | None, Option(required=True, check=check_number)] = None
    name: t.Annotated[str | None, Option(length=(0, 40))] = None
    trunk: t.Annotated[str | None, Option(ref=SIP_TRUNK, wire="credentialId")] = None
    assistant: t.Annotated[str | None, Option(ref=ASSISTANT, wire="assistantId")] = None
    squad: t.Annotated[str | None, Option(ref=SQUAD, wire="squadId")] = None
    workflow: t.Annotated[str | None, Option(ref=WORKFLOW, wire="workflowId")] = None
    number_e164_check_enabled: t.Annotated[bool | None, Option(wire="numberE164CheckEnabled")] = None
    fallback_destination: t.Annotated[Destination | None, Option(open=True)] = None
    server: t.Annotated[dict[str, t.Any] | None, Option(free=VAPI_FORM)] = None
    hooks: t.Annotated[list[dict[str, t.Any]] | None, Option(free=VAPI_FORM)] = None


CHOICES = ("assistant", "squad", "workflow")


def one_target(number: PhoneNumber, _ask: State) -> None:
    given = [name for name in CHOICES if getattr(number, name)]
    if len(given) > 1:
        raise Problem(given[1], f"cannot be given with {given[0]}; either an assistant or a squad answers a number.")


def good_fallback(number: PhoneNumber, _ask: State) -> None:
    fallback = number.fallback_destination
    if fallback and (fallback.number or fallback.sip_uri or fallback != Destination()):
        check_destination(fallback).under("fallback_destination").end()


def plus_means_e164(number: PhoneNumber, ask: State) -> None:
    """Check the number without reading its current state."""
    if ask.state == "present" and str(number.number).startswith("+"):
        e164_unless_told(number, ask)


def has_trunk(number: PhoneNumber, _ask: State) -> None:
    if not number.trunk:
        raise Problem("trunk", "must be given; the number requires a SIP trunk for its calls.")


def e164_unless_told(number: PhoneNumber, _ask: State) -> None:
    """Check the form of a number like Vapi, unless the check is disabled."""
    if number.number_e164_check_enabled is not False:
        try:
            check_e164(str(number.number))
        except ValueError as error:
            rule = f"{error} Alternatively, set number_e164_check_enabled: false."
            raise Problem("number", rule, number.number) from None


PHONE_NUMBER = Resource(
    service=VAPI,
    noun="phone_number",
    plural="phone_numbers",
    title="phone number",
    path="/phone-number",
    record=PhoneNumber,
    keys=("number",),
    normal=digits,
    fixed={"provider": "byo-phone-number"},
    facts=("status", "created_at", "updated_at"),
    choices=CHOICES,
    rules=(check_no_workflow, one_target, good_fallback, plus_means_e164),
    laws=(has_trunk, e164_unless_told),
    exclusive_by="trunk",
)
