# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parser of URIs of RFC 3261, section 19.1 (``user@host``): scheme and host are case-insensitive, the user is not."""

from __future__ import annotations

import functools
import re
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits

_URI = re.compile(
    r"(?:(?P<scheme>sips?):)?(?:(?P<user>.*)@)?(?P<host>\[[^\]]*\]|[^:;?>]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)


class Uri(t.NamedTuple):
    """The parts of a URI.

    ``scheme`` is in lower case and may be empty, ``host`` is in lower case and without the dot of the root, ``rest`` is
    what follows the host: port, parameters and headers.
    """

    scheme: str
    user: str
    host: str
    rest: str

    @property
    def identity(self) -> str:
        """The identity of an address: a missing scheme means the one without TLS; ``sips`` is a different address."""
        secure = "sips:" if self.scheme == "sips" else ""
        return f"{secure}{self.user}@{self.host}{self.rest.lower()}"


@functools.lru_cache(maxsize=4096)
def parse_uri(text: str) -> Uri:
    """Split any text into the parts of a URI; never fails.

    :param text: with or without a scheme, because services use both. :return: the parts.
    """
    match = t.cast("re.Match[str]", _URI.fullmatch(text.strip()))
    host = match["host"].lower().rstrip(".")
    return Uri((match["scheme"] or "").lower(), match["user"] or "", host, match["rest"])


class Address(t.NamedTuple):
    """A server in the form of :func:`parse_address`; ``port`` is 0 and ``transport`` is empty if it does not say."""

    host: str
    port: int
    transport: str


@functools.lru_cache(maxsize=4096)
def parse_address(text: str) -> Address:
    """Read a server in any usual form: a name or an address, with port or mask, in brackets, or as a URI.

    :param text: the text. :return: its parts in lower case, the host without the dot of the root and without brackets.
    """
    plain = re.sub(r"^\s*<?(?:[a-z][a-z0-9+.-]*://)?|>.*$", "", text, flags=re.IGNORECASE | re.DOTALL)
    uri = parse_uri(plain)
    host = uri.host.partition("/")[0].strip("[] ").rstrip(".")
    port = re.match(r":([0-9]{1,5})", uri.rest)
    transport = re.search(r";transport=([a-z]+)", uri.rest, re.IGNORECASE)
    return Address(host, int(port[1]) if port else 0, transport[1].lower() if transport else "")


def user_in(text: str) -> str:
    """The user of an address such as ``"Name" <scheme:%2B31201234567;tag=1@host>``, as it is dialled.

    :param text: the address. :return: the user without a password and parameters, decoded; empty without one.
    """
    bracketed = re.search(r"<([^>]*)", text)
    user = parse_uri(bracketed[1] if bracketed else text).user
    return urllib.parse.unquote(re.split("[:;]", user)[0])


def user_digits(text: object) -> str:
    """The digits of the user of an address such as ``"Name" <scheme:31201234567@host>``.

    :param text: the address. :return: the digits; those of the host if there is no user.
    """
    text_form = str(text or "")
    bracketed = re.search(r"<([^>]*)", text_form)
    uri = parse_uri(bracketed[1] if bracketed else text_form)
    return digits(uri.user or uri.host)


def has_scheme(text: str) -> bool:
    """Whether a text begins with a scheme of RFC 3261 and a colon, in upper or lower case.

    :param text: the text. :return: the result.
    """
    return bool(parse_uri(text).scheme)


def is_address(text: str) -> bool:
    """Whether a text is a host, or a user and a host, with or without a scheme.

    :param text: the text. :return: the result.
    """
    uri = parse_uri(text)
    return bool(uri.host) and text.count("@") == bool(uri.user) and not re.search(r"\s", text)


def is_uri(text: str) -> bool:
    """Whether a text is a whole URI of the form ``scheme:user@host``.

    :param text: the text. :return: the result.
    """
    uri = parse_uri(text)
    return bool(uri.scheme and uri.user and uri.host) and text.count("@") == 1 and not re.search(r"\s", text)
