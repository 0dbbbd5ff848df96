# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CSV for spreadsheets, without untrusted text that is run as a formula."""

from __future__ import annotations

import csv
import io
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable

#: Characters that start a formula in spreadsheets, also in full width, and characters that are skipped before them.
FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
SKIPPED = re.compile('["\\s\\x00-\\x20\\x7f-\\xa0\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*')
#: Line breaks of Unicode and of terminals. A CSV reader may end a row at each of them.
BREAK = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
#: Characters at which a reader with another list separator, which ignores the quotes of a cell, starts a new cell.
EDGE = re.compile(r"([;|\n])")
#: A plain number, also with a plus sign. It is not run as a formula and must remain a number.
FIGURE = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
#: A text that no reader changes or runs, most of all cells.
PLAIN = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9 .,:_()/'+@=-]*)?")


def cell(value: object) -> str:
    """Return the text of a cell that no reader runs as a formula, regardless of its list separator.

    Readers with ``;``, ``|`` or a tab as separator find further cells inside a cell, and ignore its quotes. An
    apostrophe is prepended to each part that begins like a formula, and to a leading line break, which some readers
    skip. Tabs are replaced by spaces, and characters that a terminal runs or that hide text by escapes.
    """
    if PLAIN.fullmatch(str(value)):
        return str(value)
    lines = BREAK.sub("\n", str(value)).replace("\t", " ").split("\n")
    text = "\n".join(map(printable, lines))
    if FIGURE.fullmatch(text):
        return text
    parts = EDGE.split(text)
    # Every second part is a separator. After the last one, the closing quote of the cell would start a new cell.
    guarded = [
        part if at % 2 or _harmless(part, last=at == len(parts) - 1 > 0) else "'" + part
        for at, part in enumerate(parts)
    ]
    guarded[0] = guarded[0] or "'" * text.startswith("\n")
    return "".join(guarded)


def _harmless(part: str, *, last: bool) -> bool:
    rest = part[SKIPPED.match(part).end() :]  # type: ignore[union-attr]
    return not last if not rest else rest[0] not in FORMULA


def table(rows: t.Iterable[t.Iterable[object]]) -> str:
    """Return rows as CSV according to RFC 4180, with commas, all fields quoted, and CRLF line ends."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [cell(value) for value in row] for row in rows
    )
    return out.getvalue()
