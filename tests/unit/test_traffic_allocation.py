# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An update of an assistant that reaches no caller is a warning; other answers of Vapi are none, and never an error."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    RejectedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Update
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
    TRAFFIC_ALLOCATION,
    warn_of_traffic_allocation,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import SandboxFixture

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEY = "33333333-3333-4333-8333-333333333333"


class FakeClient:
    """Answers one GET."""

    def __init__(self, answer: t.Any) -> None:
        self.answer, self.requests = answer, list[tuple[str, t.Any]]()

    def get(self, path: str, params: t.Any = None) -> t.Any:
        self.requests.append((path, params))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def allocation(intent: t.Any, targets: t.Any) -> dict[str, t.Any]:
    return {"allocation": {"allocationIntent": intent, "targets": targets}}


def test_explicit_allocation_warning_names_the_versions() -> None:
    client = FakeClient(allocation("explicit", [{"assistantVersion": "v3", "percentage": 100}]))
    (warning,) = warn_of_traffic_allocation(client, KEY)
    assert "v3 (100 %)" in warning
    assert client.requests == [(TRAFFIC_ALLOCATION, {"assistantId": KEY})]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"allocation": None},
        [],
        None,
        allocation("follow-latest", []),
        RejectedError("no", 403),
        RejectedError("no", 404),
    ],
)
def test_allocation_has_no_warning(answer: t.Any) -> None:
    assert warn_of_traffic_allocation(FakeClient(answer), KEY) == ()


@pytest.mark.parametrize("error", [UnreachableError("down"), ApiError("other")])
def test_failed_allocation_read_is_no_error(error: ApiError) -> None:
    assert warn_of_traffic_allocation(FakeClient(error), KEY) == ()


@given(targets=JSON)
def test_any_allocation_targets_are_accepted(targets: t.Any) -> None:
    assert len(warn_of_traffic_allocation(FakeClient(allocation("explicit", targets)), KEY)) == 1


@given(answer=JSON)
def test_any_allocation_response_is_accepted(answer: t.Any) -> None:
    assert warn_of_traffic_allocation(FakeClient(answer), KEY) == ()


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "run"])
def test_allocation_is_read_only_after_an_update(check: bool) -> None:
    asked: list[str] = []

    def check_effect(_client: t.Any, key: str) -> tuple[str, ...]:
        asked.append(key)
        return ("reaches no caller",)

    stage, resource = SandboxFixture(), dataclasses.replace(ASSISTANT, update=Update(check_effect=check_effect))
    first = {"name": "Reception", "definition": {"firstMessage": "Hello"}}
    assert stage.do(resource, **first).warnings == []
    assert stage.do(resource, **first).warnings == []
    changed = stage.do(resource, check=check, **first | {"definition": {"firstMessage": "Good day"}})
    assert changed.changed
    assert changed.warnings == ["assistant Reception: reaches no caller"]
    assert asked == [changed.result["id"]]
    stage.do(resource, name="Reception", state="absent")
    assert len(asked) == 1
