# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an environment after its first deployment: objects are renamed and removed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import life
from chain import BARE, DECLARED, OWN, Account, ModuleFailureError


@pytest.fixture(name="account")
def fixture_account() -> Account:
    """An account with a deployed environment."""
    account = Account.new()
    account.run(at_once=True)
    return account


def writes(account: Account) -> int:
    return int(account.world.journal_report()["writes"])


def vapi(account: Account) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = account.world.state()["vapi"]
    return found


def put(account: Account, kind: str, row: dict[str, Any]) -> str:
    """Somebody else makes an object."""
    account.world.vapi[kind][row["id"]] = {"createdAt": "2026-01-01T00:00:00.000Z", **row}
    return str(row["id"])


def applied(account: Account, **wish: Any) -> Any:
    """Apply a change: what the dry run lists is what the run does, and a second run writes nothing."""
    before = writes(account)
    dry = account.run(check=True, at_once=True, **wish).returned
    assert writes(account) == before
    done = account.run(at_once=True, **wish).returned
    assert changed(dry) == changed(done)
    assert dry["changed"] == done["changed"]
    assert done["broken"] == []
    before = writes(account)
    again = account.run(at_once=True, **wish).returned
    assert (again["changed"], writes(account)) == (False, before)
    return done


def changed(returned: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The objects that a run changes."""
    found = [(item["kind"], item["name"], item["change"]) for item in returned["objects"]]
    return sorted(item for item in found if item[2] != "unchanged")


# ------------------------------------------------------------------------------------------------------- renaming

#: The names of one environment, and how its objects are called in the account.
RENAMED: dict[str, dict[str, Any]] = {
    "trunk": {"trunk": DECLARED["trunk"] | {"name": "new", "former_names": ["older", "trunk"]}},
    "tool": {
        "transfer_tools": [DECLARED["transfer_tools"][0] | {"name": "new", "former_names": ["human", "older"]}],
        "assistants": [DECLARED["assistants"][0] | {"tools": ["new"]}],
    },
    "assistant": {
        "assistants": [DECLARED["assistants"][0] | {"name": "new", "former_names": ["reception"]}],
        "numbers": [item | {"assistant": "new"} for item in DECLARED["numbers"]],
    },
}
STORES = {"trunk": "credentials", "tool": "tools", "assistant": "assistants"}


def names_of(account: Account, noun: str) -> dict[str, str]:
    rows = vapi(account)[STORES[noun]]
    return {row["id"]: row["function"]["name"] if noun == "tool" else row["name"] for row in rows}


@pytest.mark.parametrize("nouns", [["trunk"], ["tool"], ["assistant"], ["trunk", "tool", "assistant"]], ids="-".join)
def test_object_with_a_previous_name_is_renamed_in_place(account: Account, nouns: list[str]) -> None:
    wish: dict[str, Any] = {}
    for noun in nouns:
        wish |= RENAMED[noun]
    if len(nouns) == 3:
        wish["assistants"] = [RENAMED["assistant"]["assistants"][0] | {"tools": ["new"]}]
    before = account.world.state()
    ids = {noun: list(names_of(account, noun)) for noun in STORES}
    count = writes(account)
    done = applied(account, **wish)
    assert writes(account) - count == len(nouns)
    for noun in STORES:
        assert list(names_of(account, noun)) == ids[noun], "another object"
        assert (list(names_of(account, noun).values()) == ["new"]) == (noun in nouns)
    after = account.world.state()
    assert after["numbers"] == before["numbers"]
    references = ("credentialId", "assistantId", "number")
    for was, now in zip(before["vapi"]["phone_numbers"], after["vapi"]["phone_numbers"], strict=True):
        assert {name: was.get(name) for name in references} == {name: now.get(name) for name in references}
    assert sum("renamed from" in line for line in done["report"]) == len(nouns)
    # Taken down by its former name as well.
    other = Account.new()
    other.run(at_once=True)
    other.run(at_once=True, state="absent", **wish)
    assert not any(vapi(other)[kind] for kind in ("credentials", "tools", "assistants", "phone_numbers"))


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("noun", STORES)
@pytest.mark.parametrize("which", ["a former name and the name", "two former names"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_objects_with_declared_names_are_rejected_with_their_ids(
    account: Account, noun: str, which: str, state: str
) -> None:
    other = "new" if which == "a former name and the name" else "older"
    rows = vapi(account)[STORES[noun]]
    twin = {key: value for key, value in rows[0].items() if key not in ("id", "orgId", "createdAt", "updatedAt")}
    twin = twin | ({"function": {"name": other}} if noun == "tool" else {"name": other})
    put(account, STORES[noun], twin | {"id": "99999999-9999-4999-8999-999999999999"})
    wish = dict(RENAMED[noun])
    key = {"trunk": "trunk", "tool": "transfer_tools", "assistant": "assistants"}[noun]
    names = {"former_names": ["older", {"trunk": "trunk", "tool": "human", "assistant": "reception"}[noun]]}
    wish[key] = wish[key] | names if noun == "trunk" else [wish[key][0] | names]
    before = writes(account)
    for check in (True, False):
        with pytest.raises(ModuleFailureError) as failed:
            account.run(at_once=True, check=check, state=state, **wish)
        assert "of which only one may exist" in str(failed.value)
        assert rows[0]["id"] in str(failed.value)
        assert "99999999-9999-4999-8999-999999999999" in str(failed.value)
    assert writes(account) == before


def test_changed_name_creates_an_object_and_the_plan_lists_the_unused_one(account: Account) -> None:
    old = vapi(account)["credentials"][0]["id"], vapi(account)["assistants"][0]["id"]
    wish = {
        "trunk": DECLARED["trunk"] | {"name": "new"},
        "assistants": [DECLARED["assistants"][0] | {"name": "day"}],
        "numbers": [item | {"assistant": "day"} for item in DECLARED["numbers"]],
    }
    dry = account.run(check=True, at_once=True, **wish).returned
    done = account.run(at_once=True, **wish).returned
    for returned in (dry, done):
        lines = [" ".join(line.split()) for line in returned["report"] if line.startswith("unused")]
        hint = "loses its last number; to rename it instead of creating another one, use former_names"
        assert lines == [f"unused trunk trunk {old[0]} {hint}", f"unused reception assistant {old[1]} {hint}"]
    again = account.run(at_once=True, **wish).returned
    assert not [line for line in again["report"] if line.startswith("unused")]


@pytest.mark.parametrize("stays", ["a number that is not declared", "a number without an assistant", "a squad"])
def test_object_that_keeps_a_number_is_not_listed_as_unused(account: Account, stays: str) -> None:
    key = vapi(account)["assistants"][0]["id"]
    wish: dict[str, Any] = {
        "assistants": [DECLARED["assistants"][0] | {"name": "day"}],
        "numbers": [item | {"assistant": "day"} for item in DECLARED["numbers"]],
    }
    if stays == "a number that is not declared":
        wish["numbers"] = wish["numbers"][:1]
    elif stays == "a number without an assistant":
        wish["numbers"][1] = {"number": BARE}
    else:
        put(account, "squads", {"id": "s1", "name": "s", "members": [{"assistantId": key}]})
    returned = account.run(check=True, at_once=True, **wish).returned
    assert not [line for line in returned["report"] if line.startswith("unused")]


# ------------------------------------------------------------------------------------------------------- removing

FALLBACK = {"number": "+31207001999", "sip_verb": "dial"}


def test_rename_removal_prune_and_failover_in_one_run() -> None:
    account = life.deployed()
    outside = life.outside(account)
    done = applied(account, **life.AFTER)
    assert life.inside(account) == life.EXPECTED
    assert life.outside(account) == outside
    assert [item["name"] for item in done["undeclared"]] == ["used"]


def test_undeclared_objects_are_listed_and_kept_without_prune() -> None:
    account = life.deployed()
    before = life.inside(account)
    returned = account.run(at_once=True, check=True, **{**life.AFTER, "prune": False}).returned
    assert [(item["kind"], item["name"]) for item in returned["undeclared"]] == [
        ("phone_number", life.DROPPED),
        ("assistant", "dropped"),
        ("assistant", "used"),
        ("transfer_tool", "dropped"),
    ]
    lines = [line.split()[1] for line in returned["report"] if line.startswith("undeclared")]
    assert lines == [life.DROPPED, "dropped", "used", "dropped"]
    account.run(at_once=True, **{**life.AFTER, "prune": False})
    after = life.inside(account)
    assert after[life.DROPPED] == before[life.DROPPED]
    assert "dropped" in after["tools"]


def test_first_run_with_prune_marks_assistants_and_removes_none(account: Account) -> None:
    put(account, "assistants", {"id": "a1", "name": "another", "model": {"toolIds": ["t1"]}})
    put(account, "tools", {"id": "t1", "type": "transferCall", "function": {"name": "another"}})
    before = writes(account)
    applied(account, prune=True)
    assert writes(account) - before == 1
    marks = [(row["name"], (row.get("metadata") or {}).get("managed_by")) for row in vapi(account)["assistants"]]
    assert sorted(marks) == [("another", None), ("reception", "voiceops.vapi_didlogic/trunk")]


def test_assistant_with_another_mark_is_kept(account: Account) -> None:
    (row,) = account.world.vapi["assistants"].values()
    row["metadata"] = {"managed_by": "voiceops.vapi_didlogic/other", "team": "x"}
    applied(account, prune=True)
    account.run(at_once=True, prune=True, assistants=[], numbers=[{"number": OWN}, {"number": BARE}])
    assert [row["name"] for row in vapi(account)["assistants"]] == ["reception"]


def test_prune_keeps_other_metadata(account: Account) -> None:
    definition = {**DECLARED["assistants"][0]["definition"], "metadata": {"team": "x"}}
    applied(account, prune=True, assistants=[DECLARED["assistants"][0] | {"definition": definition}])
    (row,) = vapi(account)["assistants"]
    assert row["metadata"] == {"team": "x", "managed_by": "voiceops.vapi_didlogic/trunk"}


ABSENT: dict[str, dict[str, Any]] = {
    "number": {"numbers": [DECLARED["numbers"][0], {"number": BARE, "state": "absent"}]},
    "tool": {
        "transfer_tools": [{"name": "human", "state": "absent"}],
        "assistants": [DECLARED["assistants"][0] | {"tools": []}],
    },
    "assistant": {
        "assistants": [{"name": "reception", "state": "absent"}],
        "numbers": [{"number": number, "assistant": "", "fallback_destination": FALLBACK} for number in (OWN, BARE)],
    },
    "everything": {
        "transfer_tools": [{"name": "human", "state": "absent"}],
        "assistants": [{"name": "reception", "state": "absent"}],
        "numbers": [{"number": number, "state": "absent"} for number in (OWN, BARE)],
    },
}


@pytest.mark.parametrize("entry", ABSENT)
def test_absent_entry_is_removed_and_others_are_kept(account: Account, entry: str) -> None:
    applied(account, **ABSENT[entry])
    left = {kind: len(vapi(account)[kind]) for kind in ("credentials", "tools", "assistants", "phone_numbers")}
    every = entry == "everything"
    assert left == {
        "credentials": 1,
        "tools": 0 if entry == "tool" or every else 1,
        "assistants": 0 if entry == "assistant" or every else 1,
        "phone_numbers": 0 if every else 1 if entry == "number" else 2,
    }
    rows = {n["number"]: [row["destination"] for row in n["destinations"]] for n in account.world.state()["numbers"]}
    assert any("vapi.ai" in place for place in rows[OWN]) != every
    assert bool(rows[BARE]) == (entry not in ("number", "everything"))
    assert [place for place in rows[OWN] if "vapi.ai" not in place] == ["01234", "31201234599"]


def test_absent_entry_without_an_object_is_ignored(account: Account) -> None:
    before = writes(account)
    returned = account.run(
        at_once=True,
        transfer_tools=[*DECLARED["transfer_tools"], {"name": "nothing", "state": "absent"}],
        assistants=[*DECLARED["assistants"], {"name": "Nobody", "state": "absent"}],
        numbers=[*DECLARED["numbers"], {"number": "31201239999", "state": "absent"}],
    ).returned
    assert (returned["changed"], writes(account)) == (False, before)


USED = ("a number that is not declared", "a number whose assistant is not managed", "a squad", "another assistant")


@pytest.mark.parametrize("user", USED)
def test_absent_entry_in_use_is_rejected_before_the_first_write(account: Account, user: str) -> None:
    key = vapi(account)["assistants"][0]["id"]
    wish = dict(ABSENT["assistant"])
    if user == "a number that is not declared":
        put(account, "phone_numbers", {"id": "p1", "number": "+442079460999", "provider": "x", "assistantId": key})
        word = "answers +442079460999"
    elif user == "a number whose assistant is not managed":
        wish["numbers"], word = [wish["numbers"][0], {"number": BARE}], f"answers {BARE}"
    elif user == "a squad":
        put(account, "squads", {"id": "s1", "name": "crowd", "members": [{"assistantId": key}]})
        word = "is in the squad crowd"
    else:
        tool = vapi(account)["tools"][0]["id"]
        put(account, "assistants", {"id": "a1", "name": "another", "model": {"toolIds": [tool]}})
        wish, word = dict(ABSENT["tool"]), "is attached to another"
    before = writes(account)
    for check in (True, False):
        with pytest.raises(ModuleFailureError) as failed:
            account.run(at_once=True, check=check, **wish)
        assert word in str(failed.value)
        assert "Nothing was changed" in str(failed.value)
    assert writes(account) == before


OTHER = "00000000-0000-4000-8000-0000000000f1"
#: Where another object may refer to an assistant, besides phone numbers and members of squads: kind and row.
REFERRING: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "handoff tool": lambda to: ("tools", {"type": "handoff", "function": {"name": "pass"}, "destinations": [to]}),
    "transfer tool": lambda to: ("tools", {"type": "transferCall", "function": {"name": "pass"}, "destinations": [to]}),
    "inline handoff": lambda to: (
        "assistants",
        {"name": "other", "model": {**life.MODEL, "tools": [{"type": "handoff", "destinations": [to]}]}},
    ),
    "hook": lambda to: (
        "assistants",
        {"name": "other", "hooks": [{"on": "x", "do": [{"type": "transfer", "destination": to}]}]},
    ),
    "destination of a member": lambda to: (
        "squads",
        {"name": "crowd", "members": [{"assistant": {"name": "inside"}, "assistantDestinations": [to]}]},
    ),
}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("by", ["name", "id"])
@pytest.mark.parametrize("place", REFERRING)
@pytest.mark.parametrize("whole", [False, True], ids=["entry", "environment"])
def test_reference_to_a_removed_assistant_is_a_use(account: Account, place: str, by: str, whole: bool) -> None:
    (assistant,) = vapi(account)["assistants"]
    to = {"assistantName": assistant["name"]} if by == "name" else {"assistantId": assistant["id"]}
    kind, row = REFERRING[place]({"type": "assistant", **to})
    put(account, kind, {"id": "user", **row})
    wish = {**DECLARED, "state": "absent"} if whole else ABSENT["assistant"]
    before = writes(account)
    for check in (True, False):
        with pytest.raises(
            ModuleFailureError, match=r"referred to by the .* (pass|other|crowd) \(.*assistant(Name|Id)\)"
        ):
            account.run(at_once=True, check=check, **wish)
    assert writes(account) == before


def test_reference_that_the_run_removes_is_no_use(account: Account) -> None:
    """A declared tool and a declared definition no longer contain it, and an entry to remove does not count."""
    name = DECLARED["assistants"][0]["name"]
    to = {"type": "assistant", "assistantName": name}
    (tool,) = account.world.vapi["tools"].values()
    tool["destinations"].append(to)
    other = {"name": "other", "definition": {"model": {**life.MODEL, "tools": []}}}
    put(
        account,
        "assistants",
        {"id": OTHER, "name": "other", "model": {**life.MODEL, "tools": [{"type": "handoff", "destinations": [to]}]}},
    )
    wish = dict(ABSENT["assistant"])
    applied(account, **{**wish, "assistants": [*wish["assistants"], other]})
    assert [row["name"] for row in vapi(account)["assistants"]] == ["other"]


@pytest.mark.parametrize("place", REFERRING)
def test_reference_by_a_former_name_is_a_warning(account: Account, place: str) -> None:
    (assistant,) = vapi(account)["assistants"]
    kind, row = REFERRING[place]({"type": "assistant", "assistantName": assistant["name"]})
    put(account, kind, {"id": "user", **row})
    new = {**DECLARED["assistants"][0], "name": "Front", "former_names": [assistant["name"]]}
    numbers = [
        {**number, **({"assistant": "Front"} if "assistant" in number else {})} for number in DECLARED["numbers"]
    ]
    for check in (True, False, False):
        report = account.run(at_once=True, check=check, assistants=[new], numbers=numbers)
        (warning,) = [text for text in report.warnings if "former name" in text]
        assert re.search(r"(pass|other|crowd) refers to the assistant Front by its former name", warning)


@pytest.mark.parametrize(
    ("option", "items"),
    [
        ("transfer_tools", [{"name": "human", "destinations": [{"assistant_name": "OLD"}]}]),
        (
            "assistants",
            [{"name": "x", "definition": {"model": {"tools": [{"destinations": [{"assistantName": "OLD"}]}]}}}],
        ),
    ],
)
def test_declared_reference_by_a_former_name_is_rejected(account: Account, option: str, items: list[Any]) -> None:
    new = {**DECLARED["assistants"][0], "name": "Front", "former_names": ["OLD"]}
    numbers = [
        {**number, **({"assistant": "Front"} if "assistant" in number else {})} for number in DECLARED["numbers"]
    ]
    given = {"assistants": [new], "numbers": numbers, "transfer_tools": DECLARED["transfer_tools"]}
    given[option] = [*(given[option] if option == "assistants" else []), *items]
    with pytest.raises(ModuleFailureError, match="is a former name; use the name Front"):
        account.run(at_once=True, **given)


@pytest.mark.parametrize("other", ["a trunk of this organisation", "no trunk of this organisation"])
def test_number_on_another_trunk_is_not_removed(account: Account, other: str) -> None:
    (row,) = [row for row in account.world.vapi["phone_numbers"].values() if row["number"] == BARE]
    put(account, "credentials", {"id": "t2", "name": "second", "provider": "byo-sip-trunk", "gateways": []})
    row["credentialId"] = "t2" if other == "a trunk of this organisation" else None
    account.run(at_once=True, **ABSENT["number"])
    assert len(vapi(account)["phone_numbers"]) == (2 if row["credentialId"] else 1)


def test_prune_keeps_an_assistant_that_the_file_refers_to(account: Account) -> None:
    account.run(at_once=True, prune=True)
    key = vapi(account)["assistants"][0]["id"]
    for reference in ("reception", key):
        numbers = [{"number": OWN, "assistant": reference}, {"number": BARE, "assistant": reference}]
        returned = applied(account, prune=True, assistants=[], transfer_tools=[], numbers=numbers)
        assert returned["undeclared"] == []
        assert len(vapi(account)["assistants"]) == 1
        assert len(vapi(account)["tools"]) == 1


def test_state_absent_removes_declared_objects_only() -> None:
    account = life.deployed()
    outside = life.outside(account)
    with pytest.raises(ModuleFailureError, match=life.DROPPED):
        account.run(at_once=True, state="absent", **{**life.BEFORE, "numbers": life.BEFORE["numbers"][:2]})
    rest = {**life.BEFORE, "assistants": life.BEFORE["assistants"][:3]}
    account.run(at_once=True, state="absent", **rest)
    assert life.outside(account) == outside
    assert vapi(account)["credentials"] == [row for row in vapi(account)["credentials"] if row["id"] == "o-trunk"]


# ---------------------------------------------------------------------------------------------- tools of an assistant

#: The tools that are attached: declared ones by their names, and those that somebody attached.
ATTACHED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "not managed": ({}, ["human", "o-call", "o-function", "spare"]),
    "none, append": ({"tools": []}, ["o-call", "o-function"]),
    "one, append": ({"tools": ["spare"]}, ["o-call", "o-function", "spare"]),
    "one, replace": ({"tools": ["human"], "tools_mode": "replace"}, ["human"]),
    "none, replace": ({"tools": [], "tools_mode": "replace"}, []),
    "one of somebody, replace": ({"tools": ["o-function"], "tools_mode": "replace"}, ["o-function"]),
}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("removed", [False, True], ids=["declared", "removed"])
@pytest.mark.parametrize("case", ATTACHED)
def test_declared_tool_that_is_not_listed_is_detached(account: Account, case: str, removed: bool) -> None:
    given, expected = ATTACHED[case]
    declared = [DECLARED["transfer_tools"][0], {"name": "spare"}]
    both = [DECLARED["assistants"][0] | {"tools": ["human", "spare"]}]
    account.run(at_once=True, transfer_tools=declared, assistants=both)
    for key, kind in (("o-call", "transferCall"), ("o-function", "function")):
        put(account, "tools", {"id": key, "type": kind, "function": {"name": key}})
    (assistant,) = account.world.vapi["assistants"].values()
    ids = assistant["model"]["toolIds"]
    ids[1:1] = ["o-call", "o-function"]
    base = {key: value for key, value in DECLARED["assistants"][0].items() if key != "tools"}
    if removed:
        unnamed = [name for name in ("human", "spare") if name not in given.get("tools", ())]
        declared = [{"name": t["name"], "state": "absent"} if t["name"] in unnamed else t for t in declared]
        expected = [name for name in expected if name not in unnamed]
    applied(account, transfer_tools=declared, assistants=[base | given])
    names = {row["id"]: row["function"]["name"] for row in vapi(account)["tools"]}
    (assistant,) = vapi(account)["assistants"]
    assert sorted(names.get(key, key) for key in assistant["model"].get("toolIds") or ()) == expected
    assert "o-call" in names


#: Options of the declared assistant, and what prune does with a tool that was removed from the file.
DROPPED_TOOL: dict[str, tuple[dict[str, Any], bool]] = {
    "replaced": ({"tools": ["spare"], "tools_mode": "replace"}, True),
    "none, replaced": ({"tools": [], "tools_mode": "replace"}, True),
    "appended": ({"tools": ["spare"]}, False),
    "not managed": ({}, False),
}


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("holder", ["nobody else", "an assistant to remove", "another assistant", "a hook"])
@pytest.mark.parametrize("case", DROPPED_TOOL)
def test_prune_removes_a_tool_from_declared_assistants_that_replace_their_tools(
    account: Account, case: str, holder: str
) -> None:
    given, removed = DROPPED_TOOL[case]
    tools = [{"name": "spare"}, {"name": "dropped"}]
    base = {key: value for key, value in DECLARED["assistants"][0].items() if key != "tools"}
    declared = [base | {"tools": ["spare", "dropped"]}]
    old = [{"name": "old", "definition": {"model": life.MODEL}, "tools": ["dropped"]}]
    account.run(
        at_once=True, prune=True, transfer_tools=tools, assistants=[*declared, *(old if "to remove" in holder else [])]
    )
    (key,) = [row["id"] for row in vapi(account)["tools"] if row["function"]["name"] == "dropped"]
    if holder == "another assistant":
        put(account, "assistants", {"id": "a1", "name": "another", "model": {**life.MODEL, "toolIds": [key]}})
    if holder == "a hook":
        (assistant,) = account.world.vapi["assistants"].values()
        assistant["hooks"] = [{"on": "call.ending", "do": [{"type": "tool", "toolId": key}]}]
    removed = removed and holder in ("nobody else", "an assistant to remove")
    kept = account.run(at_once=True, check=True, transfer_tools=tools[:1], assistants=[base | given]).returned
    listed = ("transfer_tool", "dropped") in [(item["kind"], item["name"]) for item in kept["undeclared"]]
    assert listed == (holder in ("nobody else", "an assistant to remove"))
    done = applied(account, prune=True, transfer_tools=tools[:1], assistants=[base | given])
    assert ("dropped" in [row["function"]["name"] for row in vapi(account)["tools"]]) != removed
    assert (("transfer_tool", "dropped", "deleted") in changed(done)) == removed
