# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inbound URI ``<user>@<trunk id>.sip.vapi.ai``: create, parse and redact it.

Vapi's guide requires the trunk id as the label and forbids the private key; didlogic's guide uses the private key. A
label that is not known to be a trunk id may therefore be a key and is always redacted.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import REDACTED

SIP_HOST = {"us": "sip.vapi.ai", "eu": "sip.eu.vapi.ai"}

_VAPI = r"sip(?:\.[a-z0-9-]+)?\.vapi\.ai"

_HOST = re.compile(rf"(?:(?P<label>.+)\.)?(?P<host>{_VAPI})")

#: For redaction it is better to match too much than too little, so this does not depend on how a URI is parsed.
_LABELLED = re.compile(rf"(?P<before>@|^(?:sips?:)?)(?P<label>[^@;?>]+?)\.(?P<host>{_VAPI})", re.IGNORECASE)


#: The label in any text, for :class:`Redactor`. Stricter than in a single URI, because other text may surround it;
#: includes its form-encoded form.
LABEL_IN_TEXT = re.compile(r"(@|%40)([^@%;?<>\s\"'\\]+?)(\." + _VAPI + ")", re.IGNORECASE)


def inbound_uri(user: str, label: str, region: str) -> str:
    """The URI that didlogic forwards to, without a scheme, as in didlogic's portal.

    :param user: the user part. :param label: the trunk id. :param region: Vapi's region. :return: the URI.
    """
    return f"{user}@{label}.{SIP_HOST[region]}"


def gateway_uri(number: str, gateway: str) -> str:
    """The SIP URI that transfers a call to a phone number through the gateway of a trunk.

    :param number: the digits of the number. :param gateway: the host name. :return: the URI.
    """
    return f"sip:+{number}@{gateway}"


def label_of(uri: str) -> str | None:
    """The label before Vapi's SIP host.

    :param uri: the URI. :return: the label in lower case; ``None`` for any other URI.
    """
    match = _HOST.fullmatch(parse_uri(uri).host)
    return match["label"] if match else None


def region_of(uri: str) -> str | None:
    """The region of a URI at Vapi's SIP host.

    :param uri: the URI. :return: the region; ``None`` for any other host.
    """
    host = host_of(uri)
    return next((region for region, name in SIP_HOST.items() if name == host), None)


def host_of(uri: str) -> str | None:
    """Vapi's SIP host in a URI, with or without a label.

    :param uri: the URI. :return: the host without the label; ``None`` for any other host.
    """
    match = _HOST.fullmatch(parse_uri(uri).host)
    return match["host"] if match else None


def redacted_uri(uri: str, known: t.Collection[str]) -> str:
    """Redact a URI: only known trunk ids are kept as labels of a Vapi host.

    :return: the redacted URI.
    """
    names = {label.lower() for label in known}
    return _LABELLED.sub(
        lambda match: match[0] if match["label"].lower() in names else f"{match['before']}{REDACTED}.{match['host']}",
        uri,
    )


def holds_key(uri: str, key: str) -> bool:
    """Whether a URI contains a key, in upper or lower case, percent-encoded or not.

    :param uri: the URI. :param key: the key. :return: the result.
    """
    return bool(key) and (key.lower() in uri.lower() or key.lower() in urllib.parse.unquote(uri).lower())
