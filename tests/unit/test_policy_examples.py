# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example rules for plan files: in Rego and in Python they have the same verdict."""

from __future__ import annotations

import collections
import importlib.util
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import NUMBER_1, NUMBER_2
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_change_plan import environment
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner, Result

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "policy"
SETTINGS = json.loads((EXAMPLES / "settings.json").read_text())
RULES = {"no-failover", "transfer", "private-key", "deletion", "size"}
CASES = 500

_spec = importlib.util.spec_from_file_location("check_plan", EXAMPLES / "check_plan.py")
assert _spec
assert _spec.loader
check_plan = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(check_plan)


@pytest.fixture(scope="module")
def in_rego() -> Callable[[Result], list[str]]:
    """Evaluates the rules in Rego."""
    regorus = pytest.importorskip("regorus", reason="the Python package regorus is not installed")

    def violations(plan: Result) -> list[str]:
        engine = regorus.Engine()  # for each plan: it may only be released by the thread that made it
        engine.add_policy_from_file(str(EXAMPLES / "plan.rego"))
        engine.add_data_json(json.dumps(SETTINGS))
        engine.set_input_json(json.dumps(plan))
        found: list[str] = json.loads(engine.eval_rule_as_json("data.main.deny"))
        return sorted(found)

    return violations


def in_python(plan: Result) -> list[str]:
    found: list[str] = check_plan.violations(plan, SETTINGS["settings"])
    return found


def rules(found: list[str]) -> set[str]:
    return {text.split(":")[0] for text in found}


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleRunner:
    return ModuleRunner(monkeypatch)


BOTH = {"numbers__0__failover": ["31201234599"], "numbers__1__failover": ["sip:desk@pbx.example.com"]}
ABROAD = [{"number": "+4930901820"}]
PLANS: list[tuple[Result, set[str]]] = [
    ({}, {"no-failover"}),
    (BOTH, set()),
    (BOTH | {"numbers__0__failover": ["4930901820"]}, {"transfer"}),
    (BOTH | {"transfer_tools__0__destinations": ABROAD}, {"transfer"}),
    (BOTH | {"transfer_tools__0__destinations": [{"sip_uri": "sip:+4930901820@sip.nl.didlogic.net"}]}, {"transfer"}),
    (BOTH | {"numbers__0__fallback_destination": ABROAD[0]}, {"transfer"}),
    (BOTH | {"inbound_uri": "private_key"}, {"private-key"}),
    (BOTH | {"numbers__1__inbound": False, "numbers__1__failover": None}, set()),
]


@pytest.mark.parametrize(("changes", "expected"), PLANS, ids=range(len(PLANS)))
def test_plan_of_run_has_violations(
    runner: ModuleRunner, in_rego: Callable[[Result], list[str]], changes: Result, expected: set[str]
) -> None:
    options = environment(**changes)
    plan = runner.run("integration", options, check=True)["plan"]
    assert rules(in_python(plan)) == expected
    assert in_rego(plan) == in_python(plan)


def test_plan_that_deletes_numbers_has_violations(runner: ModuleRunner, in_rego: Callable[[Result], list[str]]) -> None:
    runner.run("integration", environment())
    plan = runner.run("integration", environment(state="absent"), check=True)["plan"]
    deleted = [text for text in in_python(plan) if text.startswith("deletion: ")]
    assert deleted == sorted(
        f"deletion: {kind} {number} would be deleted."
        for kind in ("forward", "phone_number")
        for number in (NUMBER_1, NUMBER_2)
    )
    assert in_rego(plan) == in_python(plan)


ADDRESSES = [
    ("31201234567@(known after apply).sip.vapi.ai", "sip_uri"),
    ("sip:31201234567@00000000-0000-4000-8000-00000000000a.SIP.eu.vapi.ai;transport=tls", "sip_uri"),
    ("31201234567@sip.vapi.ai", "sip_uri"),
    ("31201234567@hidden.sip.vapi.ai", "sip_uri"),
    ("31201234567@sip.vapi.ai.example.com", "sip_uri"),
    ("desk@pbx.example.com", "sip_uri"),
    ("31201234599", "pstn"),
    ("4930901820", "pstn"),
    ("01234", "sip_account"),
    ("wss://media.example.com", "other"),
]
TARGETS = ["+31201234599", "+4930901820", "sip:+4930901820@host;a=b", "sips:32123456789@host", "sip:desk@host", "x", ""]


def generated(random_: random.Random) -> Result:
    """A plan with generated changes."""
    changes: list[Result] = []
    for index in range(random_.choice((0, 1, 3, 8, 51))):
        kind = random_.choice(("forward", "phone_number", "transfer_tool", "assistant", "sip_trunk"))
        after: Any = {}
        if kind == "forward":
            rows = [random_.choice(ADDRESSES) for _count in range(random_.randrange(4))]
            places = [{"destination": to, "kind": what, "active": random_.random() < 0.7} for to, what in rows]
            after = {"destinations": [{**place, "call_hunt": False} for place in places]} if places else {}
        elif kind != "sip_trunk":
            target = {random_.choice(("number", "sip_uri", "sipUri", "message")): random_.choice(TARGETS)}
            after = random_.choice(
                (
                    target,
                    {"destinations": [target, {"number": random_.choice(TARGETS)}]},
                    {"definition": {"model": {"tools": [{"destinations": [target]}]}, "maxDurationSeconds": 5}},
                    {"number": None, "fallback_destination": target},
                )
            )
        action = random_.choice(("create", "update", "replace", "delete"))
        changes.append({"kind": kind, "name": f"n{index}", "action": action, "before": {}, "after": after})
    return {"format": 1, "changes": changes}


@pytest.mark.slow
def test_generated_plans_have_the_same_verdict_in_rego_and_in_python(
    in_rego: Callable[[Result], list[str]],
) -> None:
    violated: collections.Counter[str] = collections.Counter()
    for number in range(CASES):
        plan = generated(random.Random(number))
        found = in_python(plan)
        assert in_rego(plan) == found, number
        violated.update(rules(found))
    assert set(violated) == RULES
    assert all(CASES / 50 < count < CASES for count in violated.values()), violated


def checked(*arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "check_plan.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_script_prints_a_line_for_each_violation(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    change = {"kind": "forward", "name": "1", "action": "delete", "after": {}}
    for changes, code in (([], 0), ([change, {**change, "name": "2"}], 1)):
        plan.write_text(json.dumps({"changes": changes}))
        done = checked(plan)
        lines = [f"deletion: forward {each['name']} would be deleted." for each in changes]
        assert (done.returncode, done.stdout.splitlines(), done.stderr) == (code, lines, "")
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"settings": {"country_codes": [], "max_changes": 1}}))
    assert "size: the plan has 2 changes, more than 1." in checked(plan, settings).stdout


@pytest.mark.parametrize("content", ["", "[]", "{}", None])
def test_script_reports_a_file_that_is_no_plan(tmp_path: Path, content: str | None) -> None:
    plan = tmp_path / "plan.json"
    if content is not None:
        plan.write_text(content)
    done = checked(plan)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
