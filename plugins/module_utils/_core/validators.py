# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared validators of records. Each raises ``ValueError`` with one sentence that does not contain the value."""

from __future__ import annotations

import difflib
import ipaddress
import re
import typing as t

#: Replaces secrets in output.
REDACTED = "hidden"

E164 = re.compile(r"\+[1-9][0-9]{1,14}")

#: Terminal control characters, line breaks, and characters that are invisible or reorder the following text. The
#: joiners of words and emoji (U+200C, U+200D, U+FE0F) are part of ordinary text.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

#: The same without tabs and line breaks, which :func:`printable_lines` handles.
_UNPRINTABLE_IN_LINES = re.compile(_UNPRINTABLE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))

#: A line break that is not followed by a list item or an indented line.
_FOREIGN_BREAK = re.compile(r"\n(?!- |… |  )")


def _escaped(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]


def printable(text: str) -> str:
    """Escape untrusted text for a message or a line on a terminal.

    Control characters, direction marks and line breaks are shown as escapes (``\\x1b``), so that text from a service,
    a caller or a file cannot move the cursor, change colours, or reorder or break a line.

    :param text: the text. :return: the escaped text.
    """
    return _UNPRINTABLE.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """Escape a message of several lines; each line after the first must be a list item or indented.

    Other line breaks are escaped, so that untrusted text cannot start a new line, such as a forged ``PLAY RECAP``.

    :param text: the message. :return: the escaped message.
    """
    return _FOREIGN_BREAK.sub(r"\\n", _UNPRINTABLE_IN_LINES.sub(_escaped, text))


def digits(text: str) -> str:
    """Normalize an E.164 number for comparison.

    :param text: the number in any spelling. :return: the number without a leading ``+`` and without separators.
    """
    return re.sub(r"[\s().-]", "", str(text)).removeprefix("+")


def octal(value: int) -> str:
    """A hint at the original text of a number: YAML 1.1 reads digits after a leading 0 as octal.

    :param value: the number. :return: a sentence, or an empty text.
    """
    if value < 0o10:
        return ""
    return (
        f"YAML gave the number {value}, not text; if it was written with a leading 0, as 0{value:o}, then YAML read it "
        "as octal. Put it in quotes."
    )


def e164_hint(text: str) -> str:
    """A hint at the probable error in an E.164 number.

    :param text: the number as given. :return: a sentence with a leading space, or an empty text.
    """
    compact = re.sub(r"[\s./-]", "", text)
    if "(0)" in compact:
        return " Leave out (0), which is only dialled within the country."
    if compact.startswith("00"):
        return " Write + and the country code in place of 00 and the country code."
    if compact.startswith("0"):
        return " Write + and the country code in place of the leading 0."
    return ""


def e164_digits(text: str) -> str:
    """The digits of a declared E.164 number.

    :func:`digits` is only for comparing numbers; it would convert ``+31 (0)20`` to a different number.

    :param text: the number as given. :return: its digits. :raises ValueError: if it contains a dialling prefix.
    """
    hint = e164_hint(str(text))
    if hint:
        raise ValueError(f"must have the country code, such as +31201234567.{hint}")
    return digits(text)


def check_e164_or_short(text: str) -> None:
    """Check a number to search for: with its country code, or short, such as an extension or a login.

    :param text: the number. :raises ValueError: if it contains other characters, or a dialling prefix.
    """
    plain = digits(text)
    if not re.fullmatch(r"[0-9]{2,15}", plain):
        raise ValueError(f"must be a number with its country code, such as +31201234567.{e164_hint(text)}")
    if len(plain) > MAX_SHORT_LENGTH:
        e164_digits(text)


#: Maximum length of numbers without a country code.
MAX_SHORT_LENGTH = 6


def check_e164_or_name(text: str) -> None:
    """Check a number, a name or an id: what looks like a number needs its country code.

    :param text: the text. :raises ValueError: if it is a number with a dialling prefix, or not printable.
    """
    if not text.isprintable():
        raise ValueError("must be one line without control characters.")
    if not is_id(text) and re.fullmatch(r"[+0-9\s().-]+", text) and len(digits(text)) > MAX_SHORT_LENGTH:
        check_e164_or_short(text)


def counted(amount: int, one: str, many: str = "") -> str:
    """An amount with its noun, such as ``1 fault`` or ``2 faults``.

    :param amount: the amount. :param one: the singular. :param many: the plural; by default with an s. :return: both.
    """
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def e164(text: str) -> str:
    """Convert a number to E.164 form (ITU-T recommendation E.164).

    :param text: the number in any spelling, with its country code. :return: the number with a leading ``+``.
    :raises ValueError: if it is invalid.
    """
    found = "+" + digits(text)
    if not E164.fullmatch(found):
        rule = "must have the country code and be in E.164 form: + and 2 to 15 digits, the first not 0."
        raise ValueError(rule + e164_hint(text))
    return found


def is_id(text: str) -> bool:
    """Whether a text has the form of an id (a UUID).

    :param text: the text. :return: the result.
    """
    return bool(re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))


def check_key(key: str) -> None:
    """Check that an API key is valid in a header and long enough to be redacted in output.

    :param key: the key. :raises ValueError: if it is not.
    """
    if len(key) < 8:
        raise ValueError("is too short for a key; it must have at least 8 characters.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("contains characters that are invalid in a key; copy it again, without line breaks or spaces.")


def check_e164(text: str) -> None:
    """Check that a text is in E.164 form, without separators.

    :param text: the number. :raises ValueError: if it is not.
    """
    if not E164.fullmatch(text):
        rule = "must be in E.164 form: + and the country code, then digits only, such as +31201234567."
        raise ValueError(rule + e164_hint(text))


def network_of(text: str) -> str:
    """Normalize an address, a network such as ``192.0.2.0/27``, or a host name (lower case, without a mask)."""
    try:
        return str(ipaddress.IPv4Network(text, strict=False))
    except ValueError:
        return text.partition("/")[0].lower().rstrip(".")


def is_ipv4(host: str) -> bool:
    """Whether a text is an IPv4 address.

    :param host: any text. :return: false also for a host name or an IPv6 address.
    """
    try:
        return isinstance(ipaddress.ip_address(host), ipaddress.IPv4Address)
    except ValueError:
        return False


def check_host(host: str) -> None:
    """Check that a text is an IPv4 address or a host name, without scheme and port."""
    if is_ipv4(host):
        return
    label = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    if len(host) > 253 or re.fullmatch(r"[\d.]+", host) or not re.fullmatch(rf"({label}\.)*{label}\.?", host):
        raise ValueError("must be an IPv4 address or a host name, without a scheme and without a port.")


def nearest(name: str, known: t.Iterable[str]) -> str:
    """The name that was probably intended.

    Spelling is compared without regard to case, ``-``, ``_`` and camelCase, so ``inboundNetworks`` finds
    ``inbound_networks``.

    :param name: an unknown name. :param known: the names that exist; their order makes no difference.
    :return: one of ``known``, or an empty text if none is similar enough.
    """
    plain_name = _plain(name)
    if not plain_name:
        return ""
    plain = {_plain(item): item for item in sorted(known, reverse=True)}
    if plain_name in plain:
        return plain[plain_name]
    found = difflib.get_close_matches(plain_name, sorted(plain), n=1, cutoff=0.7)
    return plain[found[0]] if found else ""


def unknown(name: str, known: t.Collection[str], limit: int = 30) -> str:
    """The rule for an unknown name: "is not an option here; did you mean X?".

    :param name: the given name. :param known: the existing names.
    :param limit: how many of them are listed if none is similar.
    :return: a sentence that follows the path of the name.
    """
    meant = nearest(name, known)
    if meant:
        return f"is not an option here; did you mean {meant}?"
    if not known:
        return "is not an option here; there are none."
    names = list(known)
    return f"is not an option here; there are {', '.join(names[:limit])}{', …' if len(names) > limit else ''}."


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


#: The text of a Python object: the result of a template with a function, a class or a view instead of a value.
RENDERED = re.compile(
    r"<[^\n]{1,200}? at 0x[0-9a-f]+>"
    r"|<class '[\w.]+'>|<module '[\w.]+'|<built-in (?:function|method) \w+"
    r"|\b(?:o?dict)_(?:items|keys|values)\("
    r"|\b(?:Ansible|Strict|Chainable|Debug)Undefined\b"
)


def rendered_objects(value: object, path: str = "") -> t.Iterator[tuple[str, str]]:
    """Find texts of Python objects in an input, including keys.

    :param value: the input. :param path: its path.
    :return: pairs of a path and the text that was found, which contains no input of the user.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            place = f"{path}.{key}" if path else str(key)
            yield from rendered_objects(str(key), place)
            yield from rendered_objects(item, place)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from rendered_objects(item, f"{path}[{index}]")
    elif isinstance(value, str) and (found := RENDERED.search(value)):
        yield path, found[0]
