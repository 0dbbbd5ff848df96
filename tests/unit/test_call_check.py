# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of test calls on generated records, and the whole check on the sandbox."""

from __future__ import annotations

import random
import typing as t

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.spoken_digits import (
    contains_code,
    digit_streams,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit import call_worlds
from ansible_collections.voiceops.vapi_didlogic.tests.unit.call_worlds import FAULTS, expected, healthy

#: Healthy calls, and variants of each fault.
HEALTHY, VARIANTS = 1000, 12


def verdict_of(world: call_worlds.World) -> tuple[dict[str, bool | None], t.Any, list[t.Any]]:
    last, before = world.play()
    return {name: step.ok for name, step in last.steps.items()}, last, before


@pytest.mark.parametrize("block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, 10))])
def test_healthy_calls_are_never_reported_as_failed(block: int) -> None:
    size = HEALTHY // 10
    for seed in range(block * size, (block + 1) * size):
        world = healthy(random.Random(seed))
        steps, last, before = verdict_of(world)
        assert steps == expected(heard=True if world.repeats else None), (seed, last.steps)
        assert all(step.ok is not False for seen in before for step in seen.steps.values()), seed
        assert not any(step.cause for step in last.steps.values()), seed


@pytest.mark.parametrize("name", FAULTS)
def test_fault_has_its_verdict(name: str) -> None:
    act, steps, cause = FAULTS[name]
    done = 0
    for seed in range(1000):
        world = healthy(random.Random(f"{name} {seed}"))
        if not world.repeats:
            continue
        act(world)
        found, last, before = verdict_of(world)
        assert found == steps, (seed, last.steps)
        wrong = [step for step in last.steps.values() if step.ok is False]
        assert all(step.cause and step.fix for step in wrong), (seed, last.steps)
        assert not wrong or any(cause in step.cause for step in wrong), (seed, last.steps)
        failed = {step for step, ok in steps.items() if ok is False}
        assert all(step.ok is not False or at in failed for seen in before for at, step in seen.steps.items()), seed
        done += 1
        if done == VARIANTS:
            return


#: What speakers and transcribers make of digits, and the digits.
SPOKEN = [
    ("forty-seven nineteen sixty two", "471962"),
    ("zevenenveertig, negentien, tweeënzestig", "471962"),
    ("siebenundvierzig neunzehn zweiundsechzig", "471962"),
    ("quatre-vingt-dix-sept soixante et onze dix-huit", "977118"),
    ("cuarenta y siete diecinueve veintiséis", "471926"),
    ("quarantasette diciannove sessantadue", "471962"),
    ("quarenta e sete dezenove sessenta e dois", "471962"),
    ("четыре семь один девять шесть два", "471962"),
    ("Your reference is 4,719 62, thank you.", "471962"),
]


@pytest.mark.parametrize(("text", "digits"), SPOKEN)
def test_spoken_digits_are_read_in_every_language(text: str, digits: str) -> None:
    assert digits in digit_streams(text)
    assert contains_code([text], digits)


@pytest.mark.parametrize("text", ["", "Good day.", "4 7 1 9", "We are open from 9 to 5.", "471 then 4719 then 4 7"])
def test_text_without_the_code_does_not_contain_it(text: str) -> None:
    assert not contains_code([text], "471962")
