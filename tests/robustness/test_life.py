# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an environment after its first deployment: objects are renamed and removed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

from chain import BARE, DECLARED, Account, ModuleFailureError


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
    dry = account.run(check=True, at_once=True, **wish).told
    assert writes(account) == before
    done = account.run(at_once=True, **wish).told
    assert changed(dry) == changed(done)
    assert dry["changed"] == done["changed"]
    assert done["broken"] == []
    before = writes(account)
    again = account.run(at_once=True, **wish).told
    assert (again["changed"], writes(account)) == (False, before)
    return done


def changed(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The objects that a run changes."""
    found = [(item["kind"], item["name"], item["change"]) for item in told["objects"]]
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
def test_a_former_name_is_renamed_in_place(account: Account, nouns: list[str]) -> None:
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


@pytest.mark.parametrize("noun", STORES)
@pytest.mark.parametrize("which", ["a former name and the name", "two former names"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_of_the_names_are_an_error_that_names_the_ids(account: Account, noun: str, which: str, state: str) -> None:
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


def test_another_name_is_another_object_and_the_plan_says_what_loses_its_numbers(account: Account) -> None:
    old = vapi(account)["credentials"][0]["id"], vapi(account)["assistants"][0]["id"]
    wish = {
        "trunk": DECLARED["trunk"] | {"name": "new"},
        "assistants": [DECLARED["assistants"][0] | {"name": "day"}],
        "numbers": [item | {"assistant": "day"} for item in DECLARED["numbers"]],
    }
    dry = account.run(check=True, at_once=True, **wish).told
    done = account.run(at_once=True, **wish).told
    for told in (dry, done):
        lines = [" ".join(line.split()) for line in told["report"] if line.startswith("unused")]
        hint = "loses its last number; to rename it instead of creating another one, use former_names"
        assert lines == [f"unused trunk trunk {old[0]} {hint}", f"unused reception assistant {old[1]} {hint}"]
    again = account.run(at_once=True, **wish).told
    assert not [line for line in again["report"] if line.startswith("unused")]


@pytest.mark.parametrize("stays", ["a number that is not declared", "a number without an assistant", "a squad"])
def test_what_keeps_a_number_is_not_named(account: Account, stays: str) -> None:
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
    told = account.run(check=True, at_once=True, **wish).told
    assert not [line for line in told["report"] if line.startswith("unused")]
