# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The destination of a transfer; shared by transfer tools and the fallback of phone numbers."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import is_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_e164,
    check_e164_or_name,
    digits,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import vapi_form
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.number_format import check_number

MODES = t.Literal[
    "blind-transfer",
    "blind-transfer-add-summary-to-sip-header",
    "warm-transfer-say-message",
    "warm-transfer-say-summary",
    "warm-transfer-twiml",
    "warm-transfer-wait-for-operator-to-speak-first-and-then-say-message",
    "warm-transfer-wait-for-operator-to-speak-first-and-then-say-summary",
    "warm-transfer-experimental",
]


def check_sip_uri(uri: str) -> None:
    if not is_uri(uri):
        raise ValueError("must be a SIP URI of the form sip:user@host.")


class Destination(Model):
    replaced_whole: t.ClassVar[bool] = True
    #: Mutually exclusive fields with the target of the call.
    targets: t.ClassVar[tuple[str, ...]] = ("number", "sip_uri")

    number: t.Annotated[str | None, Option(check=check_number)] = None
    sip_uri: t.Annotated[str | None, Option(check=check_sip_uri)] = None
    message: t.Annotated[t.Any, Option(free=vapi_form("TransferDestinationNumber.message"))] = None
    description: str | None = None
    caller_id: t.Annotated[str | None, Option(length=(0, 40), check=check_e164_or_name)] = None
    extension: t.Annotated[str | None, Option(length=(1, 10))] = None
    number_e164_check_enabled: t.Annotated[bool, Option(api_name="numberE164CheckEnabled")] = True
    # Vapi describes any value; a header is text.
    sip_headers: t.Annotated[dict[str, object] | None, Option(free=vapi_form("<text>"))] = None
    mode: t.Annotated[MODES, Option(api_name="transferPlan.mode")] = "blind-transfer"
    sip_verb: t.Annotated[t.Literal["refer", "bye", "dial"] | None, Option(api_name="transferPlan.sipVerb")] = None
    transfer_plan: t.Annotated[
        dict[str, object] | None,
        Option(api_name="transferPlan.*", exclude=("mode", "sipVerb"), free=vapi_form("TransferPlan")),
    ] = None

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        if "number" in body:
            return {"type": "number", **body}
        body.pop("numberE164CheckEnabled", None)
        # Without a target it is the empty object, which removes the destination.
        return {"type": "sip", **body} if "sipUri" in body else {}


def same_target(destination: Destination) -> str:
    """The identity of a destination within a tool.

    :param destination: the destination. :return: its type and target.
    """
    target = next((str(value) for name in destination.targets if (value := getattr(destination, name))), "")
    return ",".join(filter(None, [digits(target) if destination.number else target, destination.extension]))


def check_destination(destination: Destination) -> Faults:
    """Check the fields that depend on each other.

    :param destination: the destination. :return: the errors.
    """
    faults = Faults()
    if len([name for name in destination.targets if getattr(destination, name)]) != 1:
        *names, last = destination.targets
        faults.add(OptionError("", f"requires exactly one of {', '.join(names)} and {last}."))
    if destination.number and destination.sip_headers:
        faults.add(OptionError("sip_headers", "requires sip_uri."))
    if destination.sip_uri and destination.extension:
        faults.add(OptionError("extension", "requires number.", destination.extension))
    if destination.sip_uri and destination.caller_id and destination.sip_verb != "dial":
        faults.add(OptionError("caller_id", "requires a sip_uri with sip_verb: dial.", destination.caller_id))
    if destination.number and destination.number_e164_check_enabled:
        try:
            check_e164(destination.number)
        except ValueError as error:
            rule = f"{error} Alternatively, set number_e164_check_enabled: false."
            faults.add(OptionError("number", rule, destination.number))
    for name, option in (("mode", "mode"), ("sipVerb", "sip_verb")):
        if name in (destination.transfer_plan or {}):
            faults.add(OptionError(f"transfer_plan.{name}", f"must be given as the option {option}."))
    return faults
