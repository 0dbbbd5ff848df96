# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bodies of didlogic's requests: forms, their fields and their checks."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from .world import Item, World


class DidlogicError(Exception):
    """A response with an error message. ``field`` is the field of the form that is wrong."""

    def __init__(self, status: int, message: str, field: str = "base") -> None:
        super().__init__(message)
        self.status = status
        self.field = field


def invalid(message: str, field: str = "base") -> DidlogicError:
    """The response to an invalid body or query."""
    return DidlogicError(422, message, field)


# --- values


def _text(value: Any) -> str:
    return str(value)


_BOOLS = {"1": True, "true": True, "0": False, "false": False}


def _bool(value: Any) -> bool:
    found = _BOOLS.get(str(value).lower())
    if found is None:
        raise ValueError("must be 1 or 0")
    return found


def integer(value: Any) -> int:
    """A whole number."""
    if not re.fullmatch(r"[0-9]+", str(value)):
        raise ValueError("must be a whole number")
    return int(value)


def _decimal(value: Any) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", str(value)):
        raise ValueError("must be a decimal number")
    return str(float(value))


Reader = Callable[[Any], Any]

FLAGS: dict[str, Reader] = {"active": _bool, "callhunt": _bool}
DESTINATION: dict[str, Reader] = {"destination": _text, "transport": integer, "priority": _text, **FLAGS}
ACCOUNT: dict[str, Reader] = {
    "password": _text,
    "callerid": _text,
    "label": _text,
    "rewrite_enabled": _bool,
    "rewrite_cond": _text,
    "rewrite_prefix": _text,
    "didinfo_enabled": _bool,
    "ip_restrict": _bool,
    "call_restrict": _bool,
    "call_limit": integer,
    "channels_restrict": _bool,
    "max_channels": integer,
    "cost_limit": _bool,
    "max_call_cost": _decimal,
}


def value_of(fields: Mapping[str, Reader], name: str, value: Any, label: str) -> Any:
    """A value, read as its field requires."""
    if name not in fields:
        raise invalid(f"{label} is unknown")
    try:
        return fields[name](value)
    except ValueError as error:
        raise invalid(f"{label} {error}", name) from None


# --- bodies


async def form(world: World, request: Request, prefix: str, fields: Mapping[str, Reader]) -> Item:
    """The body's ``prefix[field]`` values, read by ``fields``."""
    return {
        name: value_of(fields, name, value, f"{prefix}[{name}]")
        for name, value in (await pairs(world, request, prefix)).items()
        if name in fields or world.settings["refuse_unknown_fields"]
    }


async def pairs(world: World, request: Request, prefix: str | None) -> dict[str, Any]:
    """The fields of the body as they were sent; those of ``prefix[field]`` without the prefix."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    body = await request.body()
    if content_type == "application/json" and world.settings["accept_json"]:
        try:
            sent = json.loads(body)
            return dict(sent[prefix] if prefix else sent)
        except (ValueError, LookupError, TypeError):
            raise invalid("the body cannot be read as JSON") from None
    if content_type == "multipart/form-data" and not world.settings["refuse_multipart"]:
        sent = _multipart(request.headers["content-type"], body)
    elif body and content_type != "application/x-www-form-urlencoded":
        raise invalid("the body must be application/x-www-form-urlencoded or multipart/form-data")
    else:
        sent = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    if prefix is None:
        return dict(sent)
    names = {}
    for key, value in sent.items():
        inner = re.fullmatch(re.escape(prefix) + r"\[(\w+)\]", key)
        if inner:
            names[inner[1]] = value
        elif world.settings["refuse_unknown_fields"]:
            raise invalid(f"{key} is unknown")
    return names


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form that is sent in parts."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    if not message.is_multipart():
        raise invalid("the body cannot be read as multipart/form-data")
    found = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content.decode(errors="replace")
    return found


# --- checks

# The form of an address for each kind of destination, in the order of the switch transport_codes.
_SIP_URI = re.compile(r"(?P<scheme>(?i:sips?:)?)(?P<user>[^@\s:]+)@(?P<host>[^@\s;]+)(?P<rest>;[^@\s]*)?")
ADDRESSES = (
    (_SIP_URI, "a SIP URI"),
    (re.compile(r"\+?[0-9]{6,15}"), "a phone number"),
    (re.compile(r"[0-9]{5}"), "a SIP account of five digits"),
)
SIP_URI, PHONE_NUMBER, SIP_ACCOUNT = range(3)


def kind_of(world: World, transport: Any) -> int | None:
    """Which kind of destination a code means: a place in ``ADDRESSES``."""
    codes: list[int] = world.settings["transport_codes"]
    return codes.index(transport) if transport in codes else None


def check_destination(world: World, sent: Item, rows: list[Item]) -> str:
    """Check a new destination.

    :param sent: its fields. :param rows: the destinations of the number.
    :return: the address as it is stored.
    :raises DidlogicError: if it is refused.
    """
    address, transport = sent.get("destination", ""), sent.get("transport")
    if not address.strip():
        raise invalid("Destination can't be blank", "destination")
    kind = kind_of(world, transport)
    if kind is None:
        *most, last = map(str, world.settings["transport_codes"])
        raise invalid(f"Transport must be {', '.join(most)} or {last}", "transport")
    pattern, expected = ADDRESSES[kind]
    found = pattern.fullmatch(address)
    if not found:
        raise invalid(f"Destination must be {expected} for transport {transport}", "destination")
    if kind == SIP_URI and world.settings["normalise_destinations"]:
        address = f"{found['user']}@{found['host'].lower()}{found['rest'] or ''}"
    if world.settings["refuse_duplicate_destination"] and any(
        (row["destination"], row["transport"]) == (address, transport) for row in rows
    ):
        raise invalid("Destination has already been taken", "destination")
    return str(address)


def check_account(world: World, sent: Item, account: Item | None) -> None:
    """Check the fields of a SIP account.

    :param sent: the given ones. :param account: the stored account; ``None`` for a new one.
    :raises DidlogicError: if they are refused.
    """
    settings, password = world.settings, sent.get("password", "" if account is None else None)
    if password == "":
        raise invalid("Password can't be blank", "password")
    if password is not None and len(password) < settings["password_min_length"]:
        raise invalid(f"Password is too short (minimum is {settings['password_min_length']} characters)", "password")
    if password is not None and settings["refuse_password_symbols"] and not re.fullmatch("[A-Za-z0-9]+", password):
        raise invalid("Password must contain only letters and digits", "password")
    label, others = sent.get("label"), [item for item in world.didlogic["sip_accounts"] if item is not account]
    if settings["unique_labels"] and label and any(item["label"] == label for item in others):
        raise invalid("Label has already been taken", "label")
    caller_id = sent.get("callerid")
    if settings["refuse_foreign_callerid"] and caller_id and not world.number(caller_id):
        raise invalid("Callerid must be one of your numbers", "callerid")
    if settings["refuse_empty_restriction"] and sent.get("ip_restrict") and not (account or {}).get("allowed_ips"):
        raise invalid("Ip restrict needs an allowed address", "ip_restrict")


def check_address(world: World, address: str) -> None:
    """Check an allowed address.

    :raises DidlogicError: if it is refused.
    """
    try:
        if "/" in address and world.settings["accept_networks"]:
            ipaddress.IPv4Network(address)
        elif ":" in address and world.settings["accept_ipv6"]:
            ipaddress.IPv6Address(address)
        else:
            ipaddress.IPv4Address(address)
    except ValueError:
        raise invalid("ip must be an IPv4 address", "ip") from None
