# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phone numbers of the persons called, judged with the library ``phonenumbers``: validity, form and time zones.

The library knows which numbers exist. What a wrong spelling was meant to be is found by patterns, for the message.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import load
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import E164

#: Digits of the shortest numbers of any country, with the country code.
FEWEST_DIGITS = 7
#: The library's name for a number without a known time zone.
UNKNOWN_ZONE = "Etc/Unknown"

_SEVERAL = re.compile(r"[+,;/|&\r\n]|\s(?:or|and)\s")
#: Separators in numbers, as a part of a character class.
MARKS = r"\s()\[\]./\u2010-\u2015\u2212-"
_TRUNK_PREFIX = re.compile(r"\(\s*0\s*\)")
#: Patterns of invalid numbers; the first match is used, and the last one matches all others.
_PATTERNS = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("number-missing", r"\A\s*\Z"),
        ("not-e164-invisible", "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"),
        ("not-e164-formula", "\\A\\s*['\"=`\u2018\u2019]"),
        ("not-e164-uri", r"\A\s*[A-Za-z]+:"),
        ("not-e164-scientific", r"\A\s*[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+\s*\Z"),
        ("not-e164-decimal", r"\A\s*\+?[0-9]{5,}[.,]0+\s*\Z"),
        ("not-e164-trunk", _TRUNK_PREFIX.pattern),
        ("not-e164-digits", r"(?![0-9])\d"),
        ("not-e164-letters", r"[^\W\d_]"),
        ("not-e164-characters", rf"[^0-9+{MARKS}]"),
        ("not-e164-national", rf"\A[{MARKS}]*0[{MARKS}]*[1-9]"),
        ("not-e164-marks", rf"[{MARKS}]"),
        ("not-e164-characters", r".\+"),
        ("not-e164-00", r"\A00"),
        ("not-e164-plus", r"\A[^+]"),
        ("not-e164-zero", r"\A\+0"),
        ("not-e164-short", rf"\A\+[0-9]{{0,{FEWEST_DIGITS - 1}}}\Z"),
        ("not-e164-long", ""),
    )
]
#: Spellings that ``normalize`` or ``default_country`` may make readable.
_READABLE = frozenset(f"not-e164-{kind}" for kind in ("trunk", "national", "marks", "00", "plus"))
_PLAIN = re.compile(rf"[0-9+{MARKS}]+")


def is_e164(text: str) -> bool:
    """Whether a text is a number in E.164 form that has enough digits for a person's number.

    :param text: the text. :return: the result.
    """
    return bool(E164.fullmatch(text)) and len(text) > FEWEST_DIGITS


def spelling_fault(text: str) -> str | None:
    """How a text differs from a number in E.164 form.

    :param text: the text. :return: the kind of fault, or ``None`` for a number in E.164 form.
    """
    if is_e164(text):
        return None
    if sum(len(re.sub("[^0-9]", "", part)) >= FEWEST_DIGITS for part in _SEVERAL.split(text)) > 1:
        return "not-e164-two"
    return next(kind for kind, pattern in _PATTERNS if pattern.search(text))


def _without_marks(text: str) -> str:
    return re.sub(r"\A00", "+", re.sub(f"[{MARKS}]", "", text))


class Numbers:
    """Reads numbers with the library; each text once.

    :param default_country: two capital letters: numbers without a country are read as that country's.
    :param normalize: whether spaces, dashes, brackets, 00 and (0) are understood.
    :param valid: whether a number must be valid; otherwise, it need only have a length that its country uses.
    """

    def __init__(self, default_country: str = "", *, normalize: bool = False, valid: bool = True) -> None:
        self.default_country, self.normalize, self.valid = default_country, normalize, valid
        self._read: dict[str, tuple[str, str | None]] = {}
        self._parsed: dict[str, t.Any] = {}
        self._zones: dict[object, tuple[str, ...]] = {}

    def prepare(self, texts: Iterable[str]) -> None:
        """Read many numbers, in the order of their countries: the library keeps only the patterns used last.

        :param texts: the texts.
        """
        for text in sorted(set(texts)):
            self.read(text)

    def read(self, text: str) -> tuple[str, str | None]:
        """Read a number.

        :param text: the text. :return: the number in E.164 form and no fault, or an empty text and the kind of fault.
        :raises LibraryMissingError: if the library is not installed.
        """
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = self._judged(text)
        return found

    def is_country(self) -> bool:
        """Whether the default country exists."""
        return bool(load("phonenumbers").country_code_for_region(self.default_country))

    def _judged(self, text: str) -> tuple[str, str | None]:
        kind = spelling_fault(text)
        if kind is None:
            found, kind = self._existing([text])
            return (found, kind) if kind or found == text or self.normalize else ("", "number-prefix")
        plain = _without_marks(text)
        marked, national = plain != text, not plain.startswith("+")
        if (
            kind not in _READABLE
            or not _PLAIN.fullmatch(text)
            or plain.rfind("+") > 0
            or (marked and not self.normalize)
            or (national and not self.default_country)
        ):
            return "", kind
        # The library drops a 0 in brackets where the country's numbers have none. Where it is dialled from within the
        # country only, but is no part of the library's patterns, the number is read without it.
        without = _without_marks(_TRUNK_PREFIX.sub("", text))
        return self._existing(list(dict.fromkeys((plain, without))))

    def _existing(self, texts: list[str]) -> tuple[str, str | None]:
        """The first of the texts that is a number, or the fault of the first."""
        library = load("phonenumbers")
        fault, possible = "", ""
        for text in texts:
            try:
                number = library.parse(text, self.default_country or None)
            except library.NumberParseException as error:
                no_country = error.error_type == library.NumberParseException.INVALID_COUNTRY_CODE
                fault = fault or ("number-country" if no_country else "number-invalid")
                continue
            kind = library.number_type(number)
            found = str(library.format_number(number, library.PhoneNumberFormat.E164))
            if kind != library.PhoneNumberType.UNKNOWN:
                self._parsed[found] = number, kind
                return found, None
            fault = fault or "number-invalid"
            if not self.valid and library.is_possible_number(number):
                possible = possible or found
        return (possible, None) if possible else ("", fault)

    def zones(self, number: str) -> tuple[str, ...]:
        """The time zones in which the owner of a number may be.

        :param number: a number that :meth:`read` has returned. :return: the names of the zones; without any if the
            library knows none.
        """
        library, zones_of = load("phonenumbers"), load("phonenumbers", "phonenumbers.timezone")
        parsed, kind = self._parsed[number]
        if library.is_number_type_geographical(kind, parsed.country_code):
            found = zones_of.time_zones_for_geographical_number(parsed)
        else:
            # These depend on the country only.
            found = self._zones.get(parsed.country_code)
            if found is None:
                found = self._zones[parsed.country_code] = zones_of.time_zones_for_number(parsed)
        return () if UNKNOWN_ZONE in found else tuple(found)
