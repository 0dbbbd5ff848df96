# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Vapi accepts in a request body, as tables, and the check that reads them.

The messages are those of class-validator, which Vapi's service is built with. A field that is an ``OPEN``
object is passed through unread: the sandbox judges telephony, not the tuning of voices and models.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
E164_HINT = (
    "must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code (Eg. US: +1)."
)


@dataclass(frozen=True)
class Field:
    """One field of a body. ``low`` and ``high`` bound a number's value or the length of a string or a list."""

    kind: str
    required: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    fields: Mapping[str, Field] | None = None
    items: Field | None = None
    tag: str | None = None
    variants: Mapping[str, Mapping[str, Field]] | None = None


def text(low: int | None = None, high: int | None = None, **more: Any) -> Field:
    """A string, by length."""
    return Field("string", low=low, high=high, **more)


def number(low: float | None = None, high: float | None = None) -> Field:
    """A number, by value."""
    return Field("number", low=low, high=high)


def enum(*choices: str, required: bool = False) -> Field:
    """A string out of a fixed choice."""
    return Field("string", choices=choices, required=required)


def obj(fields: Mapping[str, Field], required: bool = False) -> Field:
    """An object with exactly these fields."""
    return Field("object", fields=fields, required=required)


def listof(items: Field, required: bool = False, high: int | None = None) -> Field:
    """A list of one kind of item."""
    return Field("array", items=items, required=required, high=high)


def variant(tag: str, variants: Mapping[str, Mapping[str, Field]]) -> Field:
    """An object whose fields depend on the value of ``tag``."""
    return Field("object", tag=tag, variants=variants)


def optional(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The same fields for an update, where none is required."""
    return {name: replace(field, required=False) for name, field in fields.items()}


BOOL = Field("boolean")
TEXT = text()
UUID = Field("uuid")
DATE = Field("date")
ANY = Field("any")
OPEN = Field("object")

# --- SIP trunk credential

GATEWAY = {
    "ip": text(required=True),
    "port": number(1, 65535),
    "netmask": number(24, 32),
    "inboundEnabled": BOOL,
    "outboundEnabled": BOOL,
    "outboundProtocol": enum("udp", "tcp", "tls", "tls/srtp"),
    "optionsPingEnabled": BOOL,
}

AUTH_PLAN = {
    "authUsername": TEXT,
    "authPassword": TEXT,
    "sipRegisterPlan": obj({"domain": TEXT, "username": TEXT, "realm": TEXT}),
}

SIP_TRUNK = {
    "provider": enum("byo-sip-trunk", required=True),
    "name": text(1, 40),
    "gateways": listof(obj(GATEWAY), required=True),
    "outboundAuthenticationPlan": obj(AUTH_PLAN),
    "outboundLeadingPlusEnabled": BOOL,
    "techPrefix": text(high=10000),
    "sipDiversionHeader": text(high=10000),
}

# --- transfer destinations, used by tools and phone numbers

TRANSFER_PLAN = {
    "mode": enum(
        "blind-transfer",
        "blind-transfer-add-summary-to-sip-header",
        "warm-transfer-say-message",
        "warm-transfer-say-summary",
        "warm-transfer-twiml",
        "warm-transfer-wait-for-operator-to-speak-first-and-then-say-message",
        "warm-transfer-wait-for-operator-to-speak-first-and-then-say-summary",
        "warm-transfer-experimental",
        required=True,
    ),
    "message": ANY,
    "timeout": number(1, 600),
    "sipVerb": enum("refer", "bye", "dial"),
    "dialTimeout": number(1, 600),
    "holdAudioUrl": TEXT,
    "transferCompleteAudioUrl": TEXT,
    "contextEngineeringPlan": OPEN,
    "twiml": text(high=4096),
    "summaryPlan": OPEN,
    "sipHeadersInReferToEnabled": BOOL,
    "fallbackPlan": OPEN,
}

_DESTINATION = {
    "message": ANY,
    "description": TEXT,
    "name": TEXT,
    "callerId": text(high=40),
    "transferPlan": obj(TRANSFER_PLAN),
}

DESTINATION_NUMBER = {
    "type": enum("number", required=True),
    "number": text(3, 40, required=True),
    "numberE164CheckEnabled": BOOL,
    "extension": text(1, 10),
    **_DESTINATION,
}

DESTINATION_SIP = {
    "type": enum("sip", required=True),
    "sipUri": text(required=True),
    "sipHeaders": OPEN,
    **_DESTINATION,
}

DESTINATION_ASSISTANT = {
    "type": enum("assistant", required=True),
    "assistantName": text(required=True),
    "message": ANY,
    "description": TEXT,
    "name": TEXT,
    "transferMode": enum(
        "rolling-history",
        "swap-system-message-in-history",
        "swap-system-message-in-history-and-remove-transfer-tool-messages",
        "delete-history",
    ),
}

TRANSFER_TOOL = {
    "type": enum("transferCall", required=True),
    "destinations": listof(
        variant("type", {"number": DESTINATION_NUMBER, "sip": DESTINATION_SIP, "assistant": DESTINATION_ASSISTANT})
    ),
    "messages": listof(OPEN),
    "rejectionPlan": OPEN,
    # Not in the published schema, but in Vapi's guides and answers; see the rule refuse_tool_function.
    "function": obj(
        {"name": text(1, 64, required=True), "description": text(high=1000), "parameters": OPEN, "strict": BOOL}
    ),
}

# --- phone number

SERVER = {
    "url": TEXT,
    "timeoutSeconds": number(1, 300),
    "credentialId": UUID,
    "headers": OPEN,
    "backoffPlan": OPEN,
    "staticIpAddressesEnabled": BOOL,
    "encryptedPaths": listof(TEXT),
}

PHONE_NUMBER = {
    "provider": enum("byo-phone-number", required=True),
    "number": text(3, 40),
    "numberE164CheckEnabled": BOOL,
    "credentialId": replace(UUID, required=True),
    "name": text(high=40),
    "assistantId": UUID,
    "squadId": UUID,
    "workflowId": UUID,
    "server": obj(SERVER),
    "fallbackDestination": variant("type", {"number": DESTINATION_NUMBER, "sip": DESTINATION_SIP}),
    "hooks": listof(OPEN),
}

# --- assistant and squad

ASSISTANT = {
    "name": text(high=40),
    "firstMessage": TEXT,
    "firstMessageMode": enum(
        "assistant-speaks-first", "assistant-speaks-first-with-model-generated-message", "assistant-waits-for-user"
    ),
    "firstMessageInterruptionsEnabled": BOOL,
    "model": OPEN,
    "voice": OPEN,
    "transcriber": OPEN,
    "voicemailDetection": ANY,
    "voicemailMessage": text(high=1000),
    "endCallMessage": text(high=1000),
    "endCallPhrases": listof(text(2, 140)),
    "maxDurationSeconds": number(10, 43200),
    "backgroundSound": TEXT,
    "modelOutputInMessagesEnabled": BOOL,
    "clientMessages": listof(TEXT),
    "serverMessages": listof(TEXT),
    "server": obj(SERVER),
    "hooks": listof(OPEN),
    "credentials": listof(OPEN),
    "credentialIds": listof(TEXT),
    "metadata": OPEN,
    "compliancePlan": OPEN,
    "analysisPlan": OPEN,
    "artifactPlan": OPEN,
    "startSpeakingPlan": OPEN,
    "stopSpeakingPlan": OPEN,
    "monitorPlan": OPEN,
    "keypadInputPlan": OPEN,
    "observabilityPlan": OPEN,
    "transportConfigurations": listof(OPEN),
    "backgroundSpeechDenoisingPlan": OPEN,
}

SQUAD_MEMBER = {
    "assistantId": UUID,
    "assistantVersion": TEXT,
    "assistant": OPEN,
    "assistantOverrides": OPEN,
    "assistantDestinations": listof(OPEN),
}

SQUAD = {
    "name": TEXT,
    "members": listof(obj(SQUAD_MEMBER), required=True),
    "membersOverrides": OPEN,
}

# --- calls and campaigns

CUSTOMER = {
    "number": text(3, 40),
    "sipUri": TEXT,
    "numberE164CheckEnabled": BOOL,
    "extension": text(high=10),
    "name": text(high=40),
    "email": text(high=40),
    "externalId": text(high=40),
    "assistantOverrides": OPEN,
    "squadOverrides": OPEN,
}

SCHEDULE = {"earliestAt": replace(DATE, required=True), "latestAt": DATE}

CALL = {
    "assistantId": UUID,
    "assistantVersion": TEXT,
    "assistant": OPEN,
    "assistantOverrides": OPEN,
    "squadId": UUID,
    "squad": OPEN,
    "squadOverrides": OPEN,
    "workflowId": UUID,
    "workflow": OPEN,
    "workflowOverrides": OPEN,
    "phoneNumberId": UUID,
    "phoneNumber": OPEN,
    "customerId": TEXT,
    "customer": obj(CUSTOMER),
    "customers": listof(obj(CUSTOMER)),
    "schedulePlan": obj(SCHEDULE),
    "name": text(high=40),
    "transport": OPEN,
}

DIAL_TIMEOUT = {"dialTimeout": number(1, 600)}  # of a call's transport, of which nothing else is read

CALL_UPDATE = {"name": text(high=40)}
CALL_DELETE = {"ids": listof(TEXT)}

CONTACTS = 10000  # of one campaign

CAMPAIGN = {
    "name": text(required=True),
    "assistantId": UUID,
    "squadId": UUID,
    "workflowId": UUID,
    "phoneNumberId": UUID,
    "dialPlan": listof(
        obj({"phoneNumberId": replace(UUID, required=True), "customers": listof(obj(CUSTOMER), required=True)})
    ),
    "customers": listof(obj(CUSTOMER), high=CONTACTS),
    "schedulePlan": obj(SCHEDULE),
    "maxConcurrency": number(1, 500),
    "assistantOverrides": OPEN,
    "squadOverrides": OPEN,
    "server": obj(SERVER),
    "serverMessages": listof(TEXT),
    "predialPlan": OPEN,
    "duplicateFromCampaignId": TEXT,
}

CAMPAIGN_UPDATE = {
    **optional(
        {
            name: CAMPAIGN[name]
            for name in ("name", "assistantId", "squadId", "workflowId", "phoneNumberId", "dialPlan", "schedulePlan")
        }
    ),
    "status": enum("ended", "cancelled"),
}


# --- the check


def is_uuid(value: Any) -> bool:
    """Whether a value is a UUID written the usual way."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def violations(body: Mapping[str, Any], fields: Mapping[str, Field], path: str = "") -> Iterator[str]:
    """Every way in which ``body`` breaks ``fields``, as the service would word it."""
    for name in body:
        if name not in fields:
            yield f"{path}property {name} should not exist"
    for name, field in fields.items():
        if name in body:
            yield from _field_violations(body[name], field, path + name)
        elif field.required:
            yield from _field_violations(None, field, path + name)


_MUST_BE = {
    "string": "must be a string",
    "uuid": "must be a UUID",
    "date": "must be a valid ISO 8601 date string",
    "boolean": "must be a boolean value",
    "number": "must be a number conforming to the specified constraints",
    "object": "must be an object",
    "array": "must be an array",
}


def _is(kind: str, value: Any) -> bool:
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "uuid":
        return is_uuid(value)
    if kind == "date":
        return isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d(T|$)", value) is not None
    return isinstance(value, {"string": str, "boolean": bool, "object": dict, "array": list, "any": object}[kind])


# How a value is measured, and how it is said that it is too small or too great.
_BOUNDS: dict[str, tuple[Callable[[Any], float], str, str]] = {
    "string": (len, "be longer than or equal to {} characters", "be shorter than or equal to {} characters"),
    "number": (lambda value: value, "not be less than {}", "not be greater than {}"),
    "array": (len, "contain at least {} elements", "contain no more than {} elements"),
}


def _out_of_bounds(value: Any, field: Field, path: str) -> Iterator[str]:
    size, too_small, too_great = _BOUNDS[field.kind]
    if field.low is not None and size(value) < field.low:
        yield f"{path} must {too_small.format(field.low)}"
    if field.high is not None and size(value) > field.high:
        yield f"{path} must {too_great.format(field.high)}"


def _field_violations(value: Any, field: Field, path: str) -> Iterator[str]:
    if not _is(field.kind, value):
        yield f"{path} {_MUST_BE[field.kind]}"
    elif field.choices:
        if value not in field.choices:
            yield f"{path} must be one of the following values: {', '.join(field.choices)}"
    elif field.kind in _BOUNDS:
        yield from _out_of_bounds(value, field, path)
        if field.items is not None:
            for index, item in enumerate(value):
                yield from _field_violations(item, field.items, f"{path}.{index}")
    elif field.fields is not None:
        yield from violations(value, field.fields, f"{path}.")
    elif field.variants is not None and field.tag is not None:
        fields = field.variants.get(value.get(field.tag, ""))
        if fields is None:
            yield f"{path}.{field.tag} must be one of the following values: {', '.join(field.variants)}"
        else:
            yield from violations(value, fields, f"{path}.")
