# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment in one task: it makes what several tasks make, says what it does, and reads nothing twice."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/trust", "tests/sandbox", "roles/sandbox/files")]

from chain import BARE, DECLARED, OWN, Account, Failed

LATER = "(known after apply)"


@pytest.fixture(name="account")
def fixture_account() -> Account:
    return Account.new()


def writes(account: Account) -> int:
    return int(account.world.journal_report()["writes"])


def requests(account: Account) -> int:
    return int(account.world.journal_report()["total"])


def test_it_makes_what_several_tasks_make(account: Account) -> None:
    other = account.copy()
    account.run(at_once=True)
    other.run()
    ours, theirs = account.world.state(), other.world.state()
    for kind, names in {
        "credentials": ("name", "gateways", "provider"),
        "tools": ("type", "destinations"),
        "assistants": ("name",),
        "phone_numbers": ("number", "name", "provider", "numberE164CheckEnabled"),
    }.items():
        seen = [[{key: row.get(key) for key in names} for row in rows["vapi"][kind]] for rows in (ours, theirs)]
        assert seen[0] == seen[1], kind
        assert seen[0], kind
    for number in (OWN, BARE):
        ways = [
            [(re.sub(r"@.*\.sip", "@.sip", row["destination"]), row["active"]) for row in n["destinations"]]
            for rows in (ours, theirs)
            for n in rows["numbers"]
            if n["number"] == number
        ]
        assert ways[0] == ways[1]


def test_an_unchanged_environment_costs_the_lists_and_the_destinations(account: Account) -> None:
    account.run(at_once=True)
    before, written = requests(account), writes(account)
    second = account.run(at_once=True)
    assert writes(account) == written
    assert not second.told["changed"]
    assert set(second.told["summary"].items()) >= {("unchanged", 7), ("created", 0), ("failed", 0)}
    # Five lists at Vapi; numbers, balance, SIP accounts with the addresses of one, and two numbers' destinations.
    accounts = len(account.world.state()["sip_accounts"])
    assert requests(account) - before <= 5 + 3 + accounts + 2


def test_a_dry_run_says_what_the_run_does(account: Account) -> None:
    for _turn in ("empty", "finished"):
        before = writes(account)
        dry = account.run(check=True, at_once=True)
        assert writes(account) == before
        real = account.run(at_once=True)
        assert dry.told["changed"] == real.told["changed"]
        assert dry.told["summary"] == real.told["summary"]
        assert [o["change"] for o in dry.told["objects"]] == [o["change"] for o in real.told["objects"]]
        for planned, done in zip(dry.told["diff"], real.told["diff"], strict=True):
            assert planned["before_header"] == done["before_header"]
            assert without_ids(planned["before"]) == without_ids(done["before"])
            assert set(planned["after"]) == set(done["after"])


def without_ids(value: Any) -> Any:
    return {key: item for key, item in value.items() if LATER not in str(item)}


def test_it_takes_down_what_it_declares(account: Account) -> None:
    before = account.copy()
    account.run(at_once=True)
    down = account.run(at_once=True, state="absent")
    assert down.told["summary"]["deleted"] == 7
    left = account.world.state()
    assert all(left["vapi"][kind] == [] for kind in ("credentials", "tools", "assistants", "phone_numbers"))
    places = [
        [row["destination"] for n in s["numbers"] for row in n["destinations"]] for s in (left, before.world.state())
    ]
    assert places[0] == places[1]
    again = account.run(at_once=True, state="absent")
    assert not again.told["changed"]


def number(**more: Any) -> dict[str, Any]:
    return {"numbers": [{"number": OWN, **more}]}


BAD: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a number without a country code": (number() | {"numbers": [{"number": "020 123"}]}, ("numbers[0].number",)),
    "one number twice": ({"numbers": [{"number": OWN}, {"number": f"+{OWN}"}]}, ("numbers[1]", "numbers[0]")),
    "two that answer": (number(assistant="a", squad="b"), ("numbers[0].squad", "assistant")),
    "a long name": (number(name="n" * 41), ("numbers[0].name", "40")),
    "a gateway with a scheme": ({"trunk": {"name": "t", "gateway": "sip:x.example.org"}}, ("trunk.gateway",)),
    "a wide network": (
        {"trunk": {"name": "t", "gateway": "x.example.org", "inbound_networks": ["192.0.2.1", "10.0.0.0/8"]}},
        ("trunk.inbound_networks[1]", "/24"),
    ),
    "a login that YAML has read": (
        {"trunk": {"name": "t", "gateway": "x.example.org", "username": "668"}},
        ("trunk.username", "quotes"),
    ),
    "a password without a login": (
        {"trunk": {"name": "t", "gateway": "x.example.org", "password": "p"}},
        ("trunk.password", "username"),
    ),
    "an account without a name": ({"sip_account": {"password": "p"}}, ("sip_account.name or label",)),
    "two tools of a name": ({"transfer_tools": DECLARED["transfer_tools"] * 2}, ("transfer_tools[1]",)),
    "a tool's name with a space": ({"transfer_tools": [{"name": "a b"}]}, ("transfer_tools[0].name",)),
    "a destination with two targets": (
        {"transfer_tools": [{"name": "a", "destinations": [{"number": "+31201234567", "sip_uri": "sip:a@b.example"}]}]},
        ("transfer_tools[0].destinations[0]", "exactly one"),
    ),
    "a destination via SIP without a number": (
        {"transfer_tools": [{"name": "a", "destinations": [{"number": "112", "via": "sip"}]}]},
        ("transfer_tools[0].destinations[0]", "country code"),
    ),
    "an empty tool": ({"assistants": [{"name": "a", "tools": [""]}]}, ("assistants[0].tools", "empty")),
    "a name in the definition": ({"assistants": [{"name": "a", "definition": {"name": "b"}}]}, ("definition.name",)),
    "no word about REFER": ({"sip_refer_enabled": False}, ("account manager", "human")),
    "several at once": (
        {"numbers": [{"number": "1"}, {"number": OWN, "name": "n" * 41}], "assistants": [{"name": ""}]},
        ("numbers[0].number", "numbers[1].name", "assistants[0].name"),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_before_the_first_request(account: Account, case: str) -> None:
    more, words = BAD[case]
    before = requests(account)
    with pytest.raises(Failed) as failed:
        account.run(at_once=True, **more)
    assert requests(account) == before
    assert "Nothing was sent" in str(failed.value)
    for word in words:
        assert word in str(failed.value)


MISFIT: dict[str, tuple[dict[str, Any], str]] = {
    "a number of somebody else": ({"numbers": [{"number": "442079460123"}]}, "442079460123 is not a number"),
    "an assistant that is nowhere": (number(assistant="Nobody"), "Nobody"),
    "a tool that is nowhere": ({"assistants": [{"name": "a", "tools": ["none_such"]}]}, "none_such"),
}


@pytest.mark.parametrize("case", MISFIT)
def test_what_does_not_fit_is_told_before_the_first_change(account: Account, case: str) -> None:
    more, word = MISFIT[case]
    with pytest.raises(Failed, match="Nothing was changed") as failed:
        account.run(at_once=True, **more)
    assert word in str(failed.value)
    assert writes(account) == 0


def test_what_dials_needs_no_word_about_refer(account: Account) -> None:
    dials = {"name": "human", "destinations": [{"sip_uri": "sip:1@pbx.example.org", "sip_verb": "dial"}]}
    done = account.run(at_once=True, transfer_tools=[dials], sip_refer_enabled=False)
    assert done.told["summary"]["created"] == 7


def test_a_failure_says_what_was_done_and_what_was_not(account: Account) -> None:
    refused = {"kind": "status", "code": 400, "match": {"method": "POST", "path_regex": "phone-number"}, "times": None}
    account.world.faults.set([refused])
    with pytest.raises(Failed) as failed:
        account.run(at_once=True)
    result = failed.value.error.result  # type: ignore[attr-defined]
    assert "phone number" in str(failed.value)
    assert "Done before that: trunk trunk, transfer tool human, assistant reception." in str(failed.value)
    assert result["summary"] == {"created": 3, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 2}
    assert any("not tried" in line for line in result["report"] if line.startswith("forward"))
    account.world.faults.clear()
    assert account.run(at_once=True).told["summary"]["created"] == 4


def test_calls_that_do_not_get_there_are_a_failure(account: Account) -> None:
    """Everything stands as declared, but nobody answers."""
    with pytest.raises(Failed, match="What stands is not what is declared") as failed:
        account.run(at_once=True, **number())
    assert failed.value.error.result["broken"]  # type: ignore[attr-defined]
