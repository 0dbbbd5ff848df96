# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as text for reviewers: every difference is visible, and no content ends the block or hides a part."""

from __future__ import annotations

import itertools
import json
import re
import time
import unicodedata
from typing import Any

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.filter.plan_diff import code_block, plan_diff
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_text import MAX_COMPARED, WIDTH
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError

ENDS = ["", "\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1b[0m", "\u202e", "\u200b", "\ud800"]
NAMES = [
    f"x{end}{'`' * count}{more}{end}# [click](https://example.com) @all"
    for end, count, more in itertools.product(ENDS, (0, 1, 2, 3, 4, 9), ("", "\n", " text", "~~~"))
]


def plan(before: dict[str, Any], after: dict[str, Any], name: str = "Reception") -> dict[str, Any]:
    change = {"kind": "phone_number", "name": name, "action": "update", "before": before, "after": after}
    return {"changes": [change]}


def outside(text: str) -> list[str]:
    """The lines that are not in a code block, as CommonMark has it."""
    found, fence = [], ""
    for line in text.split("\n"):
        run = re.match(r" {0,3}(`{3,})([^`]*)$", line)
        if fence and run and len(run[1]) >= len(fence) and not run[2].strip():
            fence = ""
        elif not fence and run:
            fence = run[1]
        elif not fence:
            found.append(line)
    assert not fence
    return found


def test_diff_shows_each_field() -> None:
    before = {"name": "Desk", "definition": {"firstMessage": "Hello\nGood day\n", "n": 1, "same": [1]}, "tools": ["a"]}
    after = {"name": "Desk", "definition": {"firstMessage": "Hello\nGood evening\n", "n": 2, "same": [1]}, "tools": []}
    assert plan_diff(plan(before, after)) == [
        "@@ phone number Reception: update",
        "   definition:",
        "     firstMessage:",
        "       | Hello",
        "-      | Good day",
        "+      | Good evening",
        "       | ",
        "-    n: 1",
        "+    n: 2",
        "     same:",
        "       - 1",
        '   name: "Desk"',
        "-  tools:",
        '-    - "a"',
        "+  tools: []",
    ]
    assert plan_diff({"changes": []}) == plan_diff({}) == []


@pytest.mark.parametrize("place", ["name", "key", "value", "item"])
def test_no_text_ends_the_block(place: str) -> None:
    for name in NAMES:
        found = {
            "name": lambda text: plan({}, {"a": 1}, text),
            "key": lambda text: plan({}, {text: 1}),
            "value": lambda text: plan({"a": text}, {}),
            "item": lambda text: plan({}, {"a": [{"b": text}]}),
        }[place](name)
        lines = plan_diff(found)
        block = code_block(lines, "diff")
        assert outside(block) == []
        assert block.count("click") == 1
        assert all(line[0] in "@ +-" and len(line) <= WIDTH + 1 for line in lines)
        assert not [char for char in "".join(lines) if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")]


def test_block_of_any_lines_is_not_ended() -> None:
    for name in NAMES:
        block = code_block([name, "after"])
        assert outside(block) == []
        assert block.split("\n")[-2] == "after"
    assert code_block([]) == ""
    assert code_block([""]) == "```text\n\n```"


@pytest.mark.parametrize("at", [0, 50, WIDTH, 10 * WIDTH, 12_345])
@pytest.mark.parametrize("char", ["y", "\u200b", "\u202e", "\u2028", "\x00"])
def test_difference_in_a_long_line_is_visible(at: int, char: str) -> None:
    text = "x" * 12_345
    lines = plan_diff(plan({"a": text}, {"a": text[:at] + char + text[at:]}))
    shown = {side: "".join(line[1:] for line in lines if line[0] == side) for side in "-+"}
    assert shown["-"] != shown["+"]
    assert json.dumps(char)[1:-1].replace("\\u00", "\\x")[-2:] in shown["+"]


def test_size_is_bounded() -> None:
    many = {f"field{at}": "\u00e9`" * 300 for at in range(2 * MAX_COMPARED)}
    start = time.process_time()
    lines = plan_diff(plan(many, {**many, "field7": "other"}))
    assert time.process_time() - start < 20
    for limit in (100, 1000, 25_000):
        block = code_block(lines, "diff", limit)
        assert len(block.encode()) < limit + 200
        assert outside(block) == []
        kept = block.count("\n") - 2
        assert f"... {len(lines) - kept:,} more lines: see the output of the run." in block
    assert "more" not in code_block(["x" * 24_998])


def test_other_input_is_an_error() -> None:
    for wrong in (None, [], "plan"):
        with pytest.raises(AnsibleFilterError, match="must be a plan"):
            plan_diff(wrong)
    with pytest.raises(AnsibleFilterError, match="must be a list"):
        code_block("text")
