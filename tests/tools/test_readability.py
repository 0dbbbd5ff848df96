# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of parametrised tests and failed comparisons are readable."""

from __future__ import annotations

import ast
import dataclasses
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from tests import readability

ROOT = Path(__file__).resolve().parents[2]
#: Characters of an id, all arguments together.
MAX_ID = 100


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
    for _depth in range(10):
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


#: Words with a standard term of CONTRIBUTING, or without a subject, that names of tests do not contain.
UNCLEAR_WORDS = {
    "told", "tell", "tells", "telling", "stands", "stand", "standing", "mend", "mends", "mended", "heal", "beside",
    "takes", "took", "way", "ways", "doubled", "gone", "goes", "look", "looks", "looked", "anew", "kin",
    "slip", "fate", "aside", "malice", "calm", "moot", "shelf", "wired",
}  # fmt: skip
#: Names begin with their subject, not with an article or a pronoun.
NO_SUBJECT = {"a", "an", "the", "it", "what", "whatever", "who", "whoever", "nothing", "which", "that"}
MAX_NAME = 80


def check_test_name(name: str) -> Iterator[str]:
    """Report what makes the name of a test unclear.

    :param name: the name of a test function
    :return: the findings
    """
    words = name.split("_")[1:]
    yield from (f"{name}: {word} is no standard term" for word in sorted(UNCLEAR_WORDS & set(words)))
    if words[0] in NO_SUBJECT:
        yield f"{name}: begins with {words[0]} instead of the subject"
    if len(name) > MAX_NAME:
        yield f"{name}: longer than {MAX_NAME} characters"


@pytest.mark.parametrize("file", sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py")))
def test_test_names_are_subject_and_behaviour(file: str) -> None:
    """They are read in the list of failures, without their code."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    names = [node.name for node in functions if node.name.startswith("test_")]
    found = [finding for name in names for finding in check_test_name(name)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("name", "findings"),
    [
        ("test_create_retries_after_connection_refused", 0),
        ("test_refusal_is_told", 1),
        ("test_what_stands_is_told", 3),
        ("test_" + "retry_" * 20, 1),
    ],
    ids=["clear", "word", "several", "long"],
)
def test_unclear_name_is_reported(name: str, findings: int) -> None:
    """One for each reason."""
    assert len(list(check_test_name(name))) == findings


def test_collected_ids_are_readable(request: pytest.FixtureRequest) -> None:
    """Of the tests that are collected together with this one."""
    ids = {item.nodeid: item.nodeid.partition("[")[2][:-1] for item in request.session.items}
    found = [node for node, text in ids.items() if not re.fullmatch(rf"[ -~]{{0,{MAX_ID}}}", text)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("resource", [SIP_ACCOUNT, FORWARD, CALL])
def test_declaration_is_shown_by_its_name(resource: t.Any) -> None:
    """Tracebacks and assertions show the arguments of functions."""
    assert repr(resource) == f"{type(resource).__name__}({resource.name})"
    assert repr(resource.provider) == f"Provider({resource.provider.name})"
