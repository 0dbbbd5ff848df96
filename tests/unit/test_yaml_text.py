# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text of diffs: YAML reads it back as the same values, and a changed line of a text is a changed line."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.yaml_text import yaml_text

PIECES = (
    "a", "yes", "No", "~", "1", "0x1f", "1e5", "2026-01-02", ":", ": ", " #", "- ", "'", '"', "\\",
    "{", "}", "[", "&", "*", "!", "|", ">", "%", "@", "`", "\n", "\n\n", " ", "\t", "\r", "\x1b",
    "\x85", "\u2028", "\ufeff", "\u202e", "\xe9", "\U0001f600", "=", "<<", "?", ",", "+31", ".",
    "null",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@example({"prompt": " first\n\n  second \nlast\n\n"})
def test_yaml_reads_the_text_back_as_the_same_values(fields: dict[str, Any]) -> None:
    assert (yaml.safe_load(yaml_text(fields)) or {}) == fields


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_text_has_printable_characters_only(fields: dict[str, Any]) -> None:
    assert all(character.isprintable() or character in "\n\t" for character in yaml_text(fields))


@given(st.lists(TEXTS.filter(lambda text: "\n" not in text), min_size=2, max_size=6), st.data())
def test_changed_line_of_a_text_is_one_changed_line(lines: list[str], data: st.DataObject) -> None:
    lines = ["Greeting", *lines, "End"]
    index = data.draw(st.integers(1, len(lines) - 2))
    changed = [*lines[:index], lines[index] + "x", *lines[index + 1 :]]
    before, after = (yaml_text({"prompt": "\n".join(text)}).splitlines() for text in (lines, changed))
    if before[0] == after[0]:  # otherwise only one of the two texts can be a literal block
        removed = [line for line in difflib.ndiff(before, after) if line.startswith("- ")]
        assert len(removed) == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, ""),
        ({"name": "Reception"}, "name: Reception\n"),
        ({"number": "31201234567"}, 'number: "31201234567"\n'),
        ({"trunk": "11111111-1111-4111-8111-111111111111"}, "trunk: 11111111-1111-4111-8111-111111111111\n"),
        ({"destination": "31201234567@x.sip.vapi.ai"}, "destination: 31201234567@x.sip.vapi.ai\n"),
        ({"tools": []}, "tools: []\n"),
        ({"model": {"b": 1, "a": [{"c": True, "d": None}]}}, "model:\n  a:\n    - c: true\n      d: null\n  b: 1\n"),
        ({"prompt": "Greet.\nAsk."}, "prompt: |-\n  Greet.\n  Ask.\n"),
        ({"prompt": "Greet.\n\x1b[2J"}, 'prompt: "Greet.\\n\\\n  \\u001b[2J"\n'),
    ],
    ids=["empty", "name", "digits", "uuid", "uri", "empty-list", "nested", "lines", "control-character"],
)
def test_text_of_typical_values(fields: dict[str, Any], text: str) -> None:
    assert yaml_text(fields) == text
