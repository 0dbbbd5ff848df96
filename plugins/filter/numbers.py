# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for phone numbers, with the same rules as the modules. They only require ansible-core."""

from __future__ import annotations

import typing as t
import uuid

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import validators
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.number_format import check_number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    SIP_HOST,
    gateway_uri,
    inbound_uri,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError

#: Placeholder for the id of a trunk in check mode, before it exists.
UNKNOWN_ID = "(known after apply)"


def digits(number: object) -> str:
    """Return a phone number without a leading ``+``, the format of didlogic."""
    found = validators.digits(_text("digits", number))
    if not (found.isascii() and found.isdigit()):
        raise AnsibleFilterError("digits: the number must consist of digits, apart from a leading + and separators.")
    return found


def e164(number: object) -> str:
    """Return a phone number with a leading ``+``."""
    try:
        return validators.e164(_text("e164", number))
    except ValueError as error:
        raise AnsibleFilterError(f"e164: the number {error}") from None


def vapi_sip_uri(number: object, trunk_id: object, region: object = "us") -> str:
    """Return the inbound URI of a number, with the spelling of the number in Vapi."""
    user = _text("vapi_sip_uri", number)
    try:
        check_number(user)
    except ValueError as error:
        raise AnsibleFilterError(f"vapi_sip_uri: the number {error}") from None
    if not _is_trunk_id(trunk_id):
        # The value is not shown: it may be a private key.
        raise AnsibleFilterError(
            "vapi_sip_uri: trunk_id must be the id of a SIP trunk in Vapi (a UUID), as returned by vapi_sip_trunk."
        )
    if not isinstance(region, str) or region not in SIP_HOST:
        raise AnsibleFilterError(f"vapi_sip_uri: region must be one of {', '.join(SIP_HOST)}.")
    return inbound_uri(user, str(trunk_id), region)


def transfer_destinations(destinations: object, gateway: str) -> list[t.Any]:
    """Return the destinations of a transfer tool of an environment as the module ``vapi_transfer_tool`` accepts them.

    :param destinations: destinations that may have ``via``. :param gateway: the host name of the trunk's gateway.
    :return: those with a number and ``via: sip`` as SIP URIs at the gateway.
    :raises AnsibleFilterError: if there is no list of dictionaries, or a number has other characters than digits.
    """
    if not isinstance(destinations, list) or not all(isinstance(each, t.Mapping) for each in destinations):
        raise AnsibleFilterError("transfer_destinations: the destinations must be a list of dictionaries.")
    found = []
    for each in destinations:
        plain = {name: value for name, value in each.items() if name != "via"}
        if each.get("via") == "sip" and each.get("number") and not each.get("sip_uri"):
            plain["sip_uri"] = gateway_uri(digits(plain.pop("number")), gateway)
        found.append(plain)
    return found


def _text(name: str, number: object) -> str:
    """Return a number as text. YAML parses an unquoted number as an integer."""
    if isinstance(number, bool) or not isinstance(number, (str, int)):
        raise AnsibleFilterError(f"{name}: the number must be a string. Quote it.")
    return str(number)


def _is_trunk_id(value: object) -> bool:
    try:
        return value == UNKNOWN_ID or (isinstance(value, str) and str(uuid.UUID(value)) == value.lower())
    except ValueError:
        return False


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {
            "digits": digits,
            "e164": e164,
            "transfer_destinations": transfer_destinations,
            "vapi_sip_uri": vapi_sip_uri,
        }
