# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run: its file, its digest, its comparison with the approved one, and the limits."""

from __future__ import annotations

import copy
import datetime
import json
import re
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import plan_keyed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.version import VERSION
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import MODEL, NUMBER_1, NUMBER_2, canary
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner, Result

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "examples" / "policy" / "plan.schema.json").read_text())
PASSWORD, WEBHOOK = canary(), canary()
SECRET = "what would be sent: a secret, or values that are not managed"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleRunner:
    return ModuleRunner(monkeypatch)


def environment(**changes: Any) -> Result:
    """The options of an environment, with changes by the path of an option."""
    found: Result = {
        "trunk": {
            "name": "NL",
            "gateway": "sip.nl.didlogic.net",
            "inbound_networks": ["192.0.2.0/28"],
            "username": "01234",
            "password": PASSWORD,
        },
        "transfer_tools": [{"name": "human", "destinations": [{"number": "+31201234599"}]}],
        "assistants": [
            {
                "name": "Reception",
                "definition": {
                    "model": MODEL,
                    "firstMessage": "Hello",
                    "server": {"url": "https://hooks.example", "headers": {"X-Api-Key": WEBHOOK}},
                },
                "tools": ["human"],
            },
            {"name": "Night", "definition": {"model": MODEL}},
        ],
        "numbers": [{"number": NUMBER_1, "assistant": "Reception"}, {"number": NUMBER_2, "assistant": "Night"}],
        "sip_refer_enabled": True,
    }
    for path, value in changes.items():
        *above, last = path.split("__")
        place: Any = found
        for step in above:
            place = place[int(step) if step.isdigit() else step]
        place[int(last) if last.isdigit() else last] = value
    return found


def plan(runner: ModuleRunner, **changes: Any) -> Result:
    found: Result = runner.run("integration", environment(**changes), check=True)["plan"]
    return found


def test_plan_is_the_same_in_two_dry_runs_and_follows_the_schema(runner: ModuleRunner) -> None:
    first, second = plan(runner), plan(runner)
    assert first["digest"] == second["digest"]
    assert {**first, "created_at": ""} == {**second, "created_at": ""}
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(first, SCHEMA)
    assert first["summary"] == {"create": 8, "update": 0, "replace": 0, "delete": 0}
    assert [(each["kind"], each["name"]) for each in first["changes"]] == sorted(
        (each["kind"], each["name"]) for each in first["changes"]
    )
    runner.run("integration", environment())
    empty = plan(runner)
    jsonschema.validate(empty, SCHEMA)
    assert (empty["changes"], empty["digest"] != first["digest"]) == ([], True)


def test_schema_rejects_other_documents(runner: ModuleRunner) -> None:
    found = plan(runner)
    for name in found:
        wrong = {key: value for key, value in found.items() if key != name}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)
    for wrong in ({**found, "more": 1}, {**found, "format": 2}, {**found, "digest": "sha256:0"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"trunk__password": canary()}, "sip_trunk"),
        ({"trunk__username": "01235"}, "sip_trunk"),
        ({"trunk__port": 5070}, "sip_trunk"),
        ({"trunk__leading_plus": True}, "sip_trunk"),
        ({"assistants__0__definition__firstMessage": "Good day"}, "assistant"),
        ({"assistants__0__definition__server__headers__X-Api-Key": canary()}, "assistant"),
        ({"assistants__0__tools": []}, "assistant"),
        ({"transfer_tools__0__destinations__0__message": "One moment"}, "transfer_tool"),
        ({"numbers__0__assistant": "Night"}, "phone_number"),
        ({"numbers__0__failover": ["31201234599"]}, "forward"),
        ({"numbers__1__inbound": False}, "forward"),
        ({"number_format": "e164"}, "phone_number"),
        ({"vapi_region": "eu"}, None),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
def test_digest_changes_with_everything_that_changes_a_request(
    runner: ModuleRunner, changes: Result, what: str | None
) -> None:
    first = {(each["kind"], each["name"]): each["digest"] for each in plan(runner)["changes"]}
    other = plan(runner, **changes)
    second = {(each["kind"], each["name"]): each["digest"] for each in other["changes"]}
    different = {place[0] for place in first | second if first.get(place) != second.get(place)}
    if what:
        assert what in different
        assert different <= {what, "forward"}
    else:
        assert other["digest"] != plan(runner)["digest"]


def test_plan_contains_no_secret_and_cannot_be_used_to_guess_one(runner: ModuleRunner) -> None:
    text = json.dumps(plan(runner))
    for secret in (PASSWORD, WEBHOOK, runner.stage.world.vapi_api_key, runner.stage.world.didlogic_api_key):
        assert secret not in text
    # The same environment in accounts with other keys has other digests of its requests.
    digests = {each["digest"] for each in plan(runner)["changes"]}
    for service in ("vapi", "didlogic"):
        setattr(runner.stage.world, f"{service}_api_key", runner.stage.world.vapi_api_key[::-1])
    assert not digests & {each["digest"] for each in plan(runner)["changes"]}


def test_plan_file_is_written_and_approved(runner: ModuleRunner, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    dry = runner.run("integration", environment(plan_file=str(file)), check=True)
    assert json.loads(file.read_text()) == dry["plan"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not runner.stage.writes
    compared = runner.run("integration", environment(approved_plan=str(file)), check=True)
    assert (compared["changed"], runner.stage.writes) == (True, [])
    done = runner.run("integration", environment(approved_plan=str(file), plan_file=str(tmp_path / "done.json")))
    assert done["changed"]
    assert done["plan"]["digest"] == dry["plan"]["digest"]
    assert json.loads((tmp_path / "done.json").read_text())["digest"] == dry["plan"]["digest"]
    # Nothing is left of the plan.
    again = runner.run("integration", environment(approved_plan=str(file)))
    assert not again["changed"]


def test_failed_comparison_writes_nothing(runner: ModuleRunner, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    runner.run("integration", environment(plan_file=str(file)), check=True)
    before = file.read_text()
    changes = {
        "assistants__0__definition__firstMessage": "Good day",
        "trunk__password": canary(),
        "numbers__1": {"number": NUMBER_2, "inbound": False},
        "transfer_tools": [],
        "assistants__0__tools": [],
    }
    for check in (True, False):
        options = environment(**changes, approved_plan=str(file), plan_file=str(file))
        failed = runner.raw("integration", {**runner.connection("integration"), **options}, check=check)
        assert failed["failed"]
        differences = [
            ("assistant Reception (create)", "after.definition, after.tools, refers_to.tools[0]"),
            (f"phone_number {NUMBER_2} (create)", "after.assistant, refers_to.assistant"),
            ("sip_trunk NL (create)", "what would be sent: a secret, or values that are not managed"),
        ]
        assert failed["msg"].split("\n") == [
            "Nothing was changed. The run would not make the approved changes.",
            *(f"- {name}: differs from the approved plan in {what}." for name, what in differences),
            f"- forward {NUMBER_2} (create): would no longer be made.",
            "- transfer_tool human (create): would no longer be made.",
        ]
        assert failed["changed"] is check
        assert not runner.stage.writes
    assert file.read_text() == before


def test_digest_is_approved(runner: ModuleRunner) -> None:
    digest = plan(runner)["digest"]
    message = runner.fail("integration", environment(approved_digest=digest, trunk__password=canary()))
    assert message.startswith(
        "Nothing was changed. The run would not make the approved changes.\n- The digest of the plan"
    )
    assert "\n- sip_trunk NL (create)" in message
    assert not runner.stage.writes
    assert runner.run("integration", environment(approved_digest=digest))["changed"]


def test_unchanged_objects_are_planned_once(runner: ModuleRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.run("integration", environment())
    planned: list[str] = []
    plan_of = plan_keyed.plan

    def counted(resource: Any, desired: Any, *args: Any) -> Any:
        planned.append(desired.label)
        return plan_of(resource, desired, *args)

    monkeypatch.setattr(plan_keyed, "plan", counted)
    runner.run("integration", environment(assistants__1__definition={"model": MODEL, "firstMessage": "Good night"}))
    counts = {name: planned.count(name) for name in ("NL", "human", "Reception", "Night")}
    # What is written is planned again from what the service returns then.
    assert counts == {"NL": 1, "human": 1, "Reception": 1, "Night": 2}


def test_request_that_the_plan_does_not_contain_is_not_sent(runner: ModuleRunner, tmp_path: Path) -> None:
    runner.run("integration", environment())
    file, changed = tmp_path / "plan.json", environment(numbers__0__assistant="Night", numbers__0__others="disable")
    runner.run("integration", {**changed, "plan_file": str(file)}, check=True)
    stage, inner = runner.stage.fresh(), runner.stage.transport

    class Edited:
        """Adds a destination before the first write."""

        edited = False

        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        def handle_request(self, request: Any) -> Any:
            if request.method == "PATCH" and not self.edited:
                self.edited = True
                stage.destinations()  # exists
                number = stage.world.number(NUMBER_1)
                assert number
                row = {"destination": "31299999999", "transport": 4, "active": True, "callhunt": False}
                number["destinations"].append({**row, "id": 9, "priority": 99})
            return inner.handle_request(request)

    runner.transport = Edited()
    stopped = runner.raw("integration", {**runner.connection("integration"), **changed, "approved_plan": str(file)})
    # The list was read before the edit, and its state was already the declared one: nothing else was sent.
    assert [each.split()[0] for each in stage.writes] == ["PATCH"]
    assert stopped.get("failed") or stopped["changed"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "is no plan file: it must contain a JSON object."),
        ("[1]", "is no plan file: it must contain a JSON object."),
        ("[" * 100_000, "is no plan file: it must contain a JSON object."),
        ('{"format": 2}', "is not a plan of format 1."),
        ('{"format": 1, "digest": "sha256:0"}', "was modified after it was made"),
    ],
    ids=["empty", "list", "deep", "format", "digest"],
)
def test_unusable_plan_file_is_an_error(runner: ModuleRunner, tmp_path: Path, content: str, rule: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    message = runner.fail("integration", environment(approved_plan=str(file)))
    assert message.startswith('Option approved_plan ("')
    assert f'"): {rule}' in message
    assert not runner.stage.writes


def test_missing_or_old_plan_is_an_error(runner: ModuleRunner, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    message = runner.fail("integration", environment(approved_plan=str(file)))
    assert "cannot be read: No such file or directory." in message
    runner.run("integration", environment(plan_file=str(file)), check=True)
    content = json.loads(file.read_text())
    now = datetime.datetime.now(datetime.UTC)
    for hours, accepted in ((1, True), (5, False)):
        content["created_at"] = (now - datetime.timedelta(hours=hours)).isoformat()
        file.write_text(json.dumps(content))
        options = environment(approved_plan=str(file), max_plan_age=3)
        found = runner.raw("integration", {**runner.connection("integration"), **options}, check=True)
        assert found.get("failed", False) is not accepted, found.get("msg")
        assert accepted or "which is too long ago. Make a new plan." in found["msg"]
    assert "requires a plan file" in runner.fail("integration", environment(max_plan_age=3))
    wrong = runner.fail("integration", environment(approved_digest="sha256:12"))
    assert 'Option approved_digest ("sha256:12"): must be sha256: followed by 64 hexadecimal digits' in wrong


def test_modified_plan_is_not_accepted(runner: ModuleRunner, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    runner.run("integration", environment(plan_file=str(file)), check=True)
    content = json.loads(file.read_text())
    for path in (
        ["summary", "create"],
        ["changes", 0, "after", "name"],
        ["scope", "trunk"],
        ["changes", 0, "requests"],
    ):
        changed = copy.deepcopy(content)
        place = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = "other"
        file.write_text(json.dumps(changed))
        assert "was modified after it was made" in runner.fail("integration", environment(approved_plan=str(file)))


def many(count: int, **changes: Any) -> Result:
    numbers = [f"3120123{at:04d}" for at in range(count)]
    return environment(numbers=[{"number": number, **changes} for number in numbers])


@pytest.mark.parametrize(("removed", "stops"), [(3, False), (4, True)])
def test_run_that_would_delete_too_many_objects_stops(runner: ModuleRunner, removed: int, stops: bool) -> None:
    runner.stage.world.seed({"numbers": [each["number"] for each in many(10)["numbers"]]})
    runner.run("integration", many(10, assistant="Night"))
    stage, options = runner.stage.fresh(), many(10, assistant="Night")
    options["numbers"][:removed] = [
        {"number": each["number"], "state": "absent"} for each in options["numbers"][:removed]
    ]
    dry = runner.run("integration", options, check=True)
    warned = [text for text in runner.warnings if "max_delete_percent" in text]
    assert bool(warned) is stops
    assert dry["summary"]["deleted"] == 2 * removed
    if stops:
        message = runner.fail("integration", options)
        assert message.startswith("Nothing was changed. The run would change too many objects.\n")
        assert "\n- 4 of 10 phone numbers would be deleted, which is more than 30 %." in message
        assert not stage.writes
        assert runner.run("integration", {**options, "max_delete_percent": 40})["changed"]
    else:
        assert runner.run("integration", options)["changed"]


def test_run_that_would_update_too_many_objects_stops(runner: ModuleRunner) -> None:
    runner.stage.world.seed({"numbers": [each["number"] for each in many(10)["numbers"]]})
    runner.run("integration", many(10, assistant="Night"))
    changed = {**many(10, assistant="Reception"), "max_update_percent": 50}
    assert "10 of 10 phone numbers would be updated, which is more than 50 %." in runner.fail("integration", changed)
    assert runner.run("integration", many(10, assistant="Reception"))["changed"]
    # Removing the whole environment has no limit.
    assert runner.run("integration", {**many(10), "state": "absent"})["changed"]


def test_rotation_has_a_plan(runner: ModuleRunner, tmp_path: Path) -> None:
    runner.run("didlogic_sip_account", {"label": "Vapi", "password": canary()})
    login = runner.stage.world.didlogic["sip_accounts"][0]["name"]
    runner.run("integration", environment(trunk__username=login))
    file = tmp_path / "plan.json"
    rotated = environment(trunk__username=login, trunk__password=canary(), rotate_password=True, numbers=[])
    dry = runner.run("integration", {**rotated, "plan_file": str(file)}, check=True)["plan"]
    jsonschema.validate(dry, SCHEMA)
    assert dry["scope"]["operation"] == "rotate"
    other = {**rotated, "trunk": {**rotated["trunk"], "password": canary()}, "approved_plan": str(file)}
    stage = runner.stage.fresh()
    assert "sip_account" in runner.fail("integration", other)
    assert not stage.writes
    assert runner.run("integration", {**rotated, "approved_plan": str(file)})["changed"]


def test_version_is_that_of_the_collection() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", VERSION)
