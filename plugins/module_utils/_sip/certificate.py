# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parser of X.509 certificates, because Python's ``ssl`` only returns the content of trusted ones."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import ipaddress
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.message import Malformed, printable

MAX_NAMES = 8
_SEQUENCE, _OCTETS, _OID, _UTC_TIME, _TIME = 0x30, 0x04, 0x06, 0x17, 0x18
_VERSION, _EXTENSIONS, _DNS, _IP = 0xA0, 0xA3, 0x82, 0x87
_ALTERNATIVE = b"\x55\x1d\x11"
_ATTRIBUTES = {
    b"\x55\x04\x03": "CN", b"\x55\x04\x06": "C", b"\x55\x04\x07": "L", b"\x55\x04\x08": "ST", b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
}  # fmt: skip
_CODECS = {0x14: "latin-1", 0x1E: "utf-16-be"}


@dataclasses.dataclass(frozen=True)
class Certificate:
    """The subject, the hosts, and the end of the validity in ISO 8601."""

    subject: str
    names: tuple[str, ...]
    not_after: str


def read(der: bytes) -> Certificate:
    """Parse a certificate.

    :param der: its DER form. :return: its content. :raises Malformed: if it is invalid.
    """
    whole = next(_items(der), (0, b""))[1]
    fields = list(_items(next(_items(whole), (0, b""))[1]))
    if fields and fields[0][0] == _VERSION:
        del fields[0]
    # After the version: serial number, signature, issuer, validity, subject, public key.
    if len(fields) < 6:
        raise Malformed
    validity = list(_items(fields[3][1]))
    if len(validity) != 2:
        raise Malformed
    extensions = next((value for tag, value in fields[6:] if tag == _EXTENSIONS), b"")
    names = tuple(_names(extensions))
    return Certificate(printable(_subject(fields[4][1])) or (names[0] if names else ""), names, _time(*validity[1]))


def _items(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    """The sequence of elements."""
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise Malformed
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4:
                raise Malformed
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if tag & 0x1F == 0x1F or at + length > len(data):
            raise Malformed
        yield tag, data[at : at + length]
        at += length


def _subject(name: bytes) -> str:
    parts = []
    for _set, attributes in _items(name):
        for _sequence, attribute in _items(attributes):
            pair = list(_items(attribute))
            if len(pair) == 2 and pair[0][1] in _ATTRIBUTES:
                tag, text = pair[1]
                parts.append(f"{_ATTRIBUTES[pair[0][1]]}={text.decode(_CODECS.get(tag, 'utf-8'), 'replace')}")
    return ", ".join(parts)


def _names(extensions: bytes) -> t.Iterator[str]:
    """The first hosts of the certificate."""
    found = 0
    for _sequence, listed in _items(extensions):
        for _inner, extension in _items(listed):
            parts = list(_items(extension))
            if len(parts) < 2 or parts[0] != (_OID, _ALTERNATIVE) or parts[-1][0] != _OCTETS:
                continue
            for _general, names in _items(parts[-1][1]):
                for tag, name in _items(names):
                    text = _name(tag, name)
                    if text and found < MAX_NAMES:
                        found += 1
                        yield text


def _name(tag: int, name: bytes) -> str:
    if tag == _DNS:
        return printable(name.decode("ascii", "replace"))
    if tag == _IP and len(name) in (4, 16):
        return str(ipaddress.ip_address(name))
    return ""


def _time(tag: int, value: bytes) -> str:
    text = value.decode("ascii", "replace")
    if tag == _UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    elif tag != _TIME:
        raise Malformed
    parts = re.fullmatch(r"([0-9]{14})Z", text)
    moment = None
    if parts:
        with contextlib.suppress(ValueError):
            moment = datetime.datetime.strptime(f"{parts[1]}+0000", "%Y%m%d%H%M%S%z")
    if moment is None:
        raise Malformed
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
