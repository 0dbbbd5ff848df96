# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option ``policy``: rules of the audit as conditions of a run. How the state is predicted is in robustness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._definition_files import with_files
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import NUMBER_1, NUMBER_2
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_change_plan import environment
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner, Result

VIOLATED = "Nothing was changed. The planned state violates the policy."
DESK = ["31201234599"]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleRunner:
    return ModuleRunner(monkeypatch)


def failed(runner: ModuleRunner, options: Result, *, check: bool) -> Result:
    found: Result = runner.raw("integration", {**runner.connection("integration"), **options}, check=check)
    assert found["failed"], found
    return found


def with_failover(**changes: Any) -> Result:
    return environment(numbers__0__failover=DESK, numbers__1__failover=DESK, **changes)


@pytest.mark.parametrize("check", [True, False])
def test_run_that_would_violate_policy_stops_before_first_write(
    runner: ModuleRunner, tmp_path: Path, check: bool
) -> None:
    file = tmp_path / "plan.json"
    options = environment(policy=["no-failover"], numbers__1__failover=DESK, plan_file=str(file))
    found = failed(runner, options, check=check)
    head, *lines = found["msg"].split("\n")
    assert head == VIOLATED
    (line,) = lines
    assert line.startswith(f"- no-failover: number {NUMBER_1}: Vapi answers the number, and no other destination can:")
    assert "numbers[].failover" in line
    assert not runner.stage.writes
    assert found["changed"] is check
    # For policy tools the plan is written too.
    assert file.exists() is check
    assert not check or json.loads(file.read_text()) == found["plan"]


def test_run_that_satisfies_policy_is_carried_out(runner: ModuleRunner) -> None:
    options = with_failover(policy=["no-failover", "private-key-in-uri", "not-first"])
    assert runner.run("integration", options)["changed"]
    assert not runner.run("integration", options)["changed"]
    # A finding of another rule does not matter.
    assert runner.run("integration", environment(policy=["not-first"]))["integration"]["findings"]


def test_existing_violation_stops_unchanged_run(runner: ModuleRunner) -> None:
    runner.run("integration", environment())
    stage = runner.stage.fresh()
    message = runner.fail("integration", environment(policy=["no-failover"]))
    assert [line.split(":")[1] for line in message.split("\n")[1:]] == [
        f" number {number}" for number in sorted((NUMBER_1, NUMBER_2))
    ]
    assert not stage.writes


def test_private_key_that_is_declared_violates_policy(runner: ModuleRunner) -> None:
    options = environment(inbound_uri="private_key", policy=["private-key-in-uri"])
    assert "- private-key-in-uri: number" in runner.fail("integration", options)


def test_number_for_outbound_calls_and_objects_of_others_are_no_violation(runner: ModuleRunner) -> None:
    runner.run("vapi_transfer_tool", {"name": "somebody_s"})
    stage = runner.stage.fresh()
    policy = ["no-failover", "unused-tool"]
    options = environment(policy=policy, numbers__0__failover=DESK, numbers__1__inbound=False)
    assert runner.run("integration", options)["changed"]
    assert stage.writes
    own = {**options, "transfer_tools": [*options["transfer_tools"], {"name": "spare"}]}
    assert "- unused-tool: transfer tool spare: " in runner.fail("integration", own)


def test_policy_does_not_apply_to_removal(runner: ModuleRunner) -> None:
    runner.run("integration", environment())
    assert runner.run("integration", environment(policy=["no-failover"], state="absent"))["changed"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [("no-fail-over", "did you mean no-failover?"), ("NO_FAILOVER", "did you mean no-failover?"), ("x", "use one of ")],
)
def test_unknown_rule_is_an_error(runner: ModuleRunner, name: str, rule: str) -> None:
    message = runner.fail("integration", environment(policy=["not-first", name]))
    assert f'Option policy[1] ("{name}"): is not a check; {rule}' in message
    assert not runner.stage.writes


def policy_of(folder: Path, *entries: str) -> tuple[Any, list[Any]]:
    loader = DataLoader()
    loader.set_basedir(str(folder))
    found, faults = with_files("integration", {"policy": list(entries)}, loader)
    return found["policy"], faults


@pytest.mark.parametrize(
    "content", ["- no-failover\n- not-first\n", '["no-failover", "not-first"]', "---\n[no-failover, not-first]\n"]
)
def test_file_contains_list_of_rules(tmp_path: Path, content: str) -> None:
    (tmp_path / "policy.yml").write_text(content)
    rules = ["blocked", "no-failover", "not-first"]
    assert policy_of(tmp_path, "blocked", "policy.yml") == (rules, [])
    assert policy_of(tmp_path, "blocked", str(tmp_path / "policy.yml")) == (rules, [])


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("no-failover: true", "must contain a list of the ids of rules."),
        ("- 1", "must contain a list of the ids of rules."),
        ("- [", "is neither valid YAML nor JSON in line"),
        (None, "cannot be read"),
    ],
)
def test_unusable_file_is_an_error(tmp_path: Path, content: str | None, rule: str) -> None:
    if content is not None:
        (tmp_path / "policy.yml").write_text(content)
    found, ((path, text),) = policy_of(tmp_path, "./policy.yml", "no-failover")
    assert (found, path) == (["no-failover"], "policy[0]")
    assert rule in text
