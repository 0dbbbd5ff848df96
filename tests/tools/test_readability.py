# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of parametrised tests and failed comparisons are readable."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from tests import readability


@dataclasses.dataclass
class Hooked:
    """A declaration with a function that is not shown."""

    path: t.Any
    hook: t.Callable[[str], str] = dataclasses.field(default=str.strip, repr=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "value=None"),
        (True, "value=True"),
        (3, "value=3"),
        ("a\n\x00\N{LATIN SMALL LETTER E WITH ACUTE}", "aLFNULU+00E9"),
        (b"\xff\x00", "U+00FFNUL"),
        ({"name": "x", "server": {"url": None}}, "name=x,server=(url=None)"),
        ({}, "{}"),
        ([1, {"ip": "192.0.2.1"}], "(1,ip=192.0.2.1)"),
        (list(range(10)), "(0,1,2,3,.. 10 entries)"),
        ({"b", "a"}, "(a,b)"),
        ("key " + "Zq" + "0f" * 16, "key HEX"),
        (str.strip, "strip"),
        (ValueError("no\nnumber"), "ValueError noLFnumber"),
        (Hooked("/x"), "Hooked"),
        ("call.in-progress.error-providerfault-outbound-sip-403", "call.in-progr..tbound-sip-403"),
    ],
    ids=[
        "none", "bool", "int", "control-characters", "bytes", "dict", "empty-dict", "list", "long-list", "set",
        "random", "function", "exception", "object", "long-text",
    ],
)  # fmt: skip
def test_id_shows_the_value(value: object, expected: str) -> None:
    """Without an address in memory, and in ASCII."""
    found = readability.pytest_make_parametrize_id(value, "value")
    assert found == expected


def test_id_of_nested_value_is_short() -> None:
    """However large the value is."""
    value: t.Any = "x" * 1000
    for _ in range(10):
        value = {"first": [value] * 1000, "second": value}
    assert len(readability.pytest_make_parametrize_id(value, "value") or "") <= readability.ID_LENGTH


@pytest.mark.parametrize("wrap", [dict, lambda body: [body], Hooked], ids=["dict", "list", "class"])
def test_comparison_shows_only_the_difference(wrap: t.Callable[[t.Any], object]) -> None:
    """One line for each side, and two lines of context at most on either side."""
    body = {f"key{number:03}": "x" * 50 for number in range(100)}
    lines = readability.pytest_assertrepr_compare("==", wrap(body), wrap(body | {"key050": "other"})) or []
    changed = [line[0] + line[1:].removeprefix("-").strip() for line in lines[3:] if line[:1] in "+-"]
    assert changed == ["-key050: " + "x" * 50, "+key050: other"]
    assert len(lines) <= 12


def test_comparison_of_json_texts_is_one_of_their_contents() -> None:
    """The state of the sandbox is compared as text."""
    lines = readability.pytest_assertrepr_compare("==", '{"a": [1, 2, 3, 4]}', '{"a": [1, 2, 3, 5]}') or []
    assert lines[-2:] == ["-- 4", "+- 5"]


@pytest.mark.parametrize(
    ("left", "right"), [(1, 2), ("a", "b"), ({"a": 1}, {"a": 2}), ({"a": 1}, 1), ([1] * 9, (1,) * 9)]
)
def test_comparison_that_pytest_shows_as_well_is_left_to_it(left: object, right: object) -> None:
    """Scalars, short structures, and types that YAML does not distinguish."""
    assert readability.pytest_assertrepr_compare("==", left, right) is None


def test_other_operators_are_left_to_pytest() -> None:
    """Only equality has a difference."""
    assert readability.pytest_assertrepr_compare("<=", [1] * 9, [2] * 9) is None


def test_hooks_are_not_shown() -> None:
    """A function has no text that would help."""
    assert readability.as_yaml(Hooked("/x")) == ["path: /x"]
