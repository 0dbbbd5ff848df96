# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox reads what a conformance report says about the services."""

from __future__ import annotations

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    FORMAT,
    MEASURED,
    NO,
    QUESTIONS,
    YES,
    Question,
    dialect,
)
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.dialect import REPORT_FORMAT, read
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import BY_NAME

DECISIVE = [(question, verdict) for question in QUESTIONS for verdict in (YES, NO) if question.switch]


def test_formats_agree() -> None:
    assert REPORT_FORMAT == FORMAT


@pytest.mark.parametrize(("question", "verdict"), DECISIVE, ids=lambda value: getattr(value, "id", value))
def test_each_verdict_is_a_value_of_its_switch(question: Question, verdict: str) -> None:
    """A measured value is one that the switch has besides its default."""
    switch = BY_NAME[question.switch]
    measured = question.values[verdict] is MEASURED
    answer = {"id": question.id, "verdict": verdict, "value": switch.flips[0] if measured else None}
    found = read({"format": FORMAT, "answers": [answer], "dialect": dialect([answer])})
    assert found == {question.switch: switch.flips[0] if measured else question.values[verdict]}


def test_one_of_the_verdicts_is_the_default() -> None:
    for question in QUESTIONS:
        if question.switch and MEASURED not in question.values.values():
            assert BY_NAME[question.switch].default in question.values.values(), question.id
