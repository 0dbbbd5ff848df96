# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of numbers that must not be called. An entry that cannot be read stops the run: it might be a contact's."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import UNSET, Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import places_text, refused_file
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import file_content
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_numbers import MARKS, Numbers, is_e164

MAX_BYTES = 256 * 1024 * 1024
_NUMBER = re.compile(rf"\s*[+(0-9][+0-9{MARKS}]*")
#: Last digits that decide whether an entry can be the number of a contact.
_TAIL = 6
NOT_READ = "no number with a country code: write + and the country code, or set default_country"


class DoNotCall:
    """The listed numbers that a set of contacts contains.

    :param numbers: the numbers of the contacts in E.164 form; other entries need only be readable.
    :param default_country: the country of entries without one.
    """

    def __init__(self, numbers: Sequence[str], default_country: str) -> None:
        self._contacts = frozenset(numbers)
        self._tails = frozenset(number[-_TAIL:] for number in numbers)
        self._reader = Numbers(default_country, normalize=True, valid=False)
        self.found: set[str] = set()

    def add(self, text: str) -> bool:
        """Note an entry.

        :param text: the entry. :return: whether it could be read.
        """
        text = text.strip()
        # Most entries of a long list are no contact's, which their last digits show without the library.
        if text[-_TAIL:] not in self._tails and is_e164(text):
            return True
        number, fault = self._reader.read(text)
        if fault is None and number in self._contacts:
            self.found.add(number)
        return fault is None


def listed(entries: Sequence[str], numbers: Sequence[str], default_country: str) -> set[str]:
    """Which numbers are on a list.

    :param entries: numbers, and paths of files. :param numbers: the numbers of the contacts in E.164 form.
    :param default_country: the country of entries without one. :return: the numbers that must not be called.
    :raises OptionError: if an entry or a file cannot be read.
    """
    known, faults = DoNotCall(numbers, default_country), Faults()
    for index, entry in enumerate(entries):
        where = f"do_not_call[{index}]"
        if entry.strip() and not _NUMBER.fullmatch(entry):
            faults.of("", _read_file, where, entry, known)
        elif not known.add(entry):
            # Without the value, which may be a person's number.
            faults.add(OptionError(where, f"is {NOT_READ}. Nothing was sent.", UNSET))
    faults.end()
    return known.found


def _read_file(where: str, entry: str, known: DoNotCall) -> None:
    content = file_content(where, entry, MAX_BYTES, "split the file")
    if refused_file(content):
        raise OptionError(where, "is no text in UTF-8: save it as a text file, or as CSV UTF-8.", entry)
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    bad = [f"line {line}" for line, number in _entries(text) if not known.add(number)]
    if bad:
        held = "contains" if len(bad) == 1 else "contain"
        raise OptionError(where, f"cannot be used: {places_text(bad)} {held} {NOT_READ}. Nothing was sent.", entry)


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """The lines and numbers of a file: one number a line, or CSV with the column ``number``."""
    lines = io.StringIO(text, newline=None).readlines()
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return
    for delimiter in ",;\t|":
        heads = [head.strip() for head in next(csv.reader([lines[first]], delimiter=delimiter), [])]
        if "number" in heads:
            yield from _column(lines, first + 1, heads.index("number"), delimiter)
            return
    for index, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            yield index + 1, line


def _column(lines: list[str], start: int, column: int, delimiter: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(iter(lines[start:]), delimiter=delimiter)
    line = start + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells[column] if column < len(cells) else ""
            line = start + reader.line_num + 1
    except csv.Error:
        yield line, ""
