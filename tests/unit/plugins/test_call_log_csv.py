# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log as CSV: no text becomes a formula, whatever separator a spreadsheet has."""

from __future__ import annotations

import csv
import io
import itertools
import time
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.filter.call_log_csv import call_log_csv
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.csv_text import FIGURE, cell, table
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError

SEPARATORS = ",;\t|"
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: Pieces from which dangerous cells are made.
PIECES = [
    *SEPARATORS, *"=+-@\"' ", "\n", "\r", "\r\n", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2028", "\u2029",
    "\u200b", "\ufeff", "\u3000", "\uff1d", "\uff0b", "\uff0d", "\uff20", "1", "a", "cmd|' /C calc'!A0", "HYPERLINK(1)",
]  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text(max_size=20))


def read(text: str, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def visible(text: str) -> str:
    """Without what a spreadsheet skips before it looks for a formula."""
    return text.lstrip(" \n\xa0\x00\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029\u200b\ufeff\u3000")


def check(rows: list[list[str]]) -> None:
    text = table(rows)
    for separator in SEPARATORS:
        for row in read(text, separator):
            for found in row:
                number = separator == "," and FIGURE.fullmatch(found)
                assert number or not found.startswith(BEGINNINGS), (separator, found, text)
                assert number or not visible(found).startswith(BEGINNINGS), (separator, found, text)


@pytest.mark.slow
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4).map(lambda row: ["2026", *row]), min_size=1, max_size=3))
@settings(max_examples=1500, deadline=None)
def test_csv_cells_are_no_formulas_with_any_separator(rows: list[list[str]]) -> None:
    check(rows)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_texts_of_formula_characters_are_escaped(length: int) -> None:
    """As the only text, as the last cell of a row, and beside another."""
    pieces = PIECES if length < 3 else [*SEPARATORS, '"', " ", "\n", "\r", "=", "+", "1", "a"]
    texts = list(map("".join, itertools.product(pieces, repeat=length)))
    check([["2026", text, "x"] for text in texts])
    check([["2026", text] for text in texts])
    check([["2026", text, "=1"] for text in texts])


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_escaping_changes_only_tabs_line_breaks_and_controls(text: str) -> None:
    """Without the apostrophes the text is the same."""

    def plain(value: str) -> str:
        for char in "\r\n", *"\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
            value = value.replace(char, "\n")
        return "\n".join(map(printable, value.replace("\t", " ").replace("'", "").split("\n")))

    ((found,),) = read(table([[text]]), ",")
    assert found.replace("'", "") == plain(text)


@given(st.sampled_from("\t\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), TEXTS)
@settings(max_examples=500, deadline=None)
def test_csv_cells_begin_with_no_line_break_or_tab(first: str, text: str) -> None:
    ((found,),) = read(table([[first + text]]), ",")
    assert not found.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    "value",
    [
        "+31612340000",
        "-1.5",
        "12",
        0.25,
        7,
        "",
        "sip:desk@example.com;transport=udp",
        "It's fine; really",
        "a\nb",
        "31; 32",
    ],
)
def test_harmless_cells_are_not_changed(value: t.Any) -> None:
    assert cell(value) == str(value)


@pytest.mark.parametrize("text", ["\n", ";", "; ", '"', " ", "\n=", "\x00"])
def test_escaping_time_is_linear(text: str) -> None:
    begun = time.process_time()
    cell(text * 200_000)
    assert time.process_time() - begun < 5


def test_all_fields_of_a_call_are_escaped() -> None:
    """Whatever field foreign text comes in, all at once."""
    bad = 'x;=HYPERLINK("http://evil.example")'

    def hostile(value: t.Any) -> t.Any:
        return {key: hostile(item) for key, item in value.items()} if isinstance(value, dict) else bad

    names = ("assistant", "phone_number", "direction", "outcome", "status", "created_at", "ended_at", "duration",
             "cost", "ended_reason", "ended_message", "summary", "campaign", "id")  # fmt: skip
    inner = {
        "customer": ("number", "sip_uri", "name"),
        "diagnosis": ("cause", "fix", "option", "sip_status"),
        "carrier": ("timestamp", "direction", "caller", "callee", "duration", "amount", "sip_account"),
    }
    call: dict[str, t.Any] = dict.fromkeys(names, bad) | {key: dict.fromkeys(keys, bad) for key, keys in inner.items()}
    call["transfers"] = [{"to": bad}, {"to": "=1"}]
    text = call_log_csv([call], [{"id": bad, "name": bad}], [{"id": bad, "number": bad, "name": bad}])
    for separator in SEPARATORS:
        assert not [found for row in read(text, separator) for found in row if visible(found).startswith(BEGINNINGS)]
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["summary"] == bad.replace(";=", ";'=")
    assert len(row) == 34


@pytest.mark.parametrize("calls", [None, "x", {"id": "1"}, ["x"], [None]])
def test_csv_filter_rejects_input_that_is_not_a_list_of_calls(calls: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="calls must be a list of dicts"):
        call_log_csv(calls)
