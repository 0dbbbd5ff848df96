# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parser of SIP URIs (RFC 3261, section 19.1): scheme and host are case-insensitive, the user is not."""

from __future__ import annotations

import re
import typing as t

_URI = re.compile(
    r"(?:(?P<scheme>sips?):)?(?:(?P<user>.*)@)?(?P<host>\[[^\]]*\]|[^:;?>]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)


class SipUri(t.NamedTuple):
    """The parts of a SIP URI.

    ``scheme`` is ``sip``, ``sips`` or empty, ``host`` is in lower case and without the dot of the root, ``rest`` is
    what follows the host: port, parameters and headers.
    """

    scheme: str
    user: str
    host: str
    rest: str

    @property
    def identity(self) -> str:
        """The identity of an address: a missing scheme means ``sip``; ``sips`` is a different address."""
        secure = "sips:" if self.scheme == "sips" else ""
        return f"{secure}{self.user}@{self.host}{self.rest.lower()}"


def parse_sip_uri(text: str) -> SipUri:
    """Split any text into the parts of a SIP URI; never fails.

    :param text: with or without a scheme, because didlogic's portal and Vapi's guides use both. :return: the parts.
    """
    match = t.cast("re.Match[str]", _URI.fullmatch(text.strip()))
    host = match["host"].lower().rstrip(".")
    return SipUri((match["scheme"] or "").lower(), match["user"] or "", host, match["rest"])


def has_sip_scheme(text: str) -> bool:
    """Whether a text begins with ``sip:`` or ``sips:``, in upper or lower case.

    :param text: the text. :return: the result.
    """
    return bool(parse_sip_uri(text).scheme)


def is_sip_uri(text: str) -> bool:
    """Whether a text is a whole SIP URI of the form ``sip:user@host``.

    :param text: the text. :return: the result.
    """
    uri = parse_sip_uri(text)
    return bool(uri.scheme and uri.user and uri.host) and text.count("@") == 1 and not re.search(r"\s", text)
