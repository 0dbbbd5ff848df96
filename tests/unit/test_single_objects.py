# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options with which the modules for single objects change an environment: renaming, managed tools, failover."""

from __future__ import annotations

import typing as t
import uuid

import pytest

from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    MODEL,
    NUMBER_1,
    NUMBER_2,
    assistant_options,
    forward_options,
    tool_options,
    trunk_options,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner

Options = dict[str, t.Any]
#: Per module the options of an object, and its list in the sandbox.
RENAMABLE: dict[str, tuple[t.Callable[..., Options], str]] = {
    "vapi_sip_trunk": (trunk_options, "credentials"),
    "vapi_assistant": (assistant_options, "assistants"),
    "vapi_transfer_tool": (tool_options, "tools"),
    "vapi_squad": (lambda **more: {"name": "Team", "members": [{"assistant": "Reception"}], **more}, "squads"),
}


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleRunner:
    return ModuleRunner(monkeypatch)


def created(runner: ModuleRunner, name: str) -> tuple[Options, str, str]:
    """The options of an object that exists, its id, and its name."""
    options, store = RENAMABLE[name]
    if name == "vapi_squad":
        runner.run("vapi_assistant", assistant_options())
    runner.run(name, options())
    (row,) = runner.stage.store(store)
    return options(), row["id"], options()["name"]


@pytest.mark.parametrize("name", RENAMABLE)
def test_object_with_a_former_name_is_renamed_in_place(runner: ModuleRunner, name: str) -> None:
    options, key, old = created(runner, name)
    new = {**options, "name": "new_name", "former_names": ["older", old]}
    writes = len(runner.stage.writes)
    assert runner.run(name, new, check=True)["changed"] is True
    assert len(runner.stage.writes) == writes
    assert runner.run(name, new)["changed"] is True
    (row,) = runner.stage.store(RENAMABLE[name][1])
    assert (row["id"], row.get("name") or row["function"]["name"]) == (key, "new_name")
    assert runner.run(name, new)["changed"] is False


@pytest.mark.parametrize("name", RENAMABLE)
def test_object_is_removed_by_a_former_name(runner: ModuleRunner, name: str) -> None:
    _options, _key, old = created(runner, name)
    gone = {"name": "new_name", "former_names": [old], "state": "absent"}
    assert runner.run(name, gone)["changed"] is True
    assert runner.stage.store(RENAMABLE[name][1]) == []
    assert runner.run(name, gone)["changed"] is False


@pytest.mark.parametrize("name", RENAMABLE)
def test_wrong_former_name_is_rejected(runner: ModuleRunner, name: str) -> None:
    options, key, old = created(runner, name)
    runner.run(name, {**options, "name": "new_name"})
    writes = len(runner.stage.writes)
    message = runner.fail(name, {**options, "former_names": [" ", old]})
    assert "Option former_names[0]: is empty" in message
    assert f'Option former_names[1] ("{old}"): is the name itself' in message
    message = runner.fail(name, {**options, "name": "new_name", "former_names": [old]})
    assert "of which only one may exist" in message
    assert key in message
    assert len(runner.stage.writes) == writes


def tools_of(runner: ModuleRunner) -> list[str]:
    (assistant,) = runner.stage.store("assistants")
    names = {row["id"]: row["function"]["name"] for row in runner.stage.store("tools")}
    return [names[key] for key in assistant["model"].get("toolIds", [])]


def test_managed_tool_is_detached_if_tools_does_not_name_it(runner: ModuleRunner) -> None:
    for name in ("one", "two", "by_hand"):
        runner.run("vapi_transfer_tool", tool_options(name=name))
    ids = {row["function"]["name"]: row["id"] for row in runner.stage.store("tools")}
    options = assistant_options(definition={"model": MODEL}, tools=["by_hand", "one"])
    runner.run("vapi_assistant", options)
    managed = [ids["one"], ids["two"]]
    assert runner.run("vapi_assistant", {**options, "tools": ["two"], "managed_tools": managed})["changed"] is True
    assert tools_of(runner) == ["by_hand", "two"]
    # Without tools, those of the assistant are not managed.
    del options["tools"]
    assert runner.run("vapi_assistant", {**options, "managed_tools": managed})["changed"] is False


def destinations(runner: ModuleRunner, number: str = NUMBER_1) -> list[str]:
    return [row["destination"] for row in runner.stage.destinations(number) if row["active"]]


@pytest.mark.parametrize("many", [False, True])
def test_failover_destinations_follow_the_target(runner: ModuleRunner, many: bool) -> None:
    runner.run("didlogic_forward", {"number": NUMBER_1, "destination": "12345", "position": "any"})
    options = forward_options(number=NUMBER_1, failover=["+31201234599", "sip:desk@pbx.example.com"])
    name = "didlogic_forwards" if many else "didlogic_forward"
    given = {"forwards": [options]} if many else options
    assert runner.run(name, given)["changed"] is True
    target, *following = destinations(runner)
    assert target.endswith(".sip.vapi.ai")
    assert following == ["31201234599", "sip:desk@pbx.example.com", "12345"]
    assert runner.run(name, given)["changed"] is False
    options["failover"].reverse()
    assert runner.run(name, given)["changed"] is True
    assert destinations(runner) == [target, "sip:desk@pbx.example.com", "31201234599", "12345"]


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"failover": ["desk"]}, "failover[0]"),
        ({"failover": ["12345", "12345"]}, "failover[1]"),
        ({"failover": [NUMBER_1]}, "failover[0]"),
        ({"failover": ["12345"], "position": "any"}, "failover: requires"),
        ({"failover": ["12345"], "active": False}, "failover: requires"),
    ],
    ids=lambda value: value if isinstance(value, str) else ", ".join(value),
)
def test_impossible_failover_is_rejected_without_request(runner: ModuleRunner, more: Options, rule: str) -> None:
    assert rule in runner.fail("didlogic_forward", {**forward_options(number=NUMBER_1), **more})
    assert runner.stage.writes == []


def test_failover_destination_is_declared_once(runner: ModuleRunner) -> None:
    """A destination that is another item of the list would have two positions."""
    items = [
        forward_options(number=NUMBER_1, failover=["12345"]),
        {"number": NUMBER_1, "destination": "12345", "position": "any"},
    ]
    assert "declares the same forward as forwards[0]" in runner.fail("didlogic_forwards", {"forwards": items})
    assert runner.stage.writes == []


def test_exclusive_keeps_declared_failover_destinations(runner: ModuleRunner) -> None:
    other = f"desk@{uuid.uuid4()}.sip.vapi.ai"
    options = {"exclusive": True, "forwards": [forward_options(number=NUMBER_1, failover=[other])]}
    runner.run("didlogic_forwards", options)
    assert destinations(runner)[1:] == [other]
    assert runner.run("didlogic_forwards", options)["changed"] is False


def test_route_to_another_trunk_of_the_organisation_is_replaced(runner: ModuleRunner) -> None:
    former, foreign = str(uuid.uuid4()), str(uuid.uuid4())
    for label in (former, foreign):
        runner.run("didlogic_forward", {"number": NUMBER_2, "vapi_trunk_id": label, "position": "any"})
    options = forward_options(number=NUMBER_2)
    runner.run("didlogic_forward", {**options, "own_trunk_ids": [former.upper(), options["vapi_trunk_id"]]})
    assert destinations(runner, NUMBER_2) == [
        f"{NUMBER_2}@{options['vapi_trunk_id']}.sip.vapi.ai",
        f"{NUMBER_2}@{foreign}.sip.vapi.ai",
    ]
