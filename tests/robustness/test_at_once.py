# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment in one task: it makes what several tasks make, says what it does, and reads nothing twice."""

from __future__ import annotations

import copy
import dataclasses
import re
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

from chain import BARE, DECLARED, MODEL, OWN, Account, ModuleFailureError

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import apply as apply_module

UNKNOWN_ID = "(known after apply)"


@pytest.fixture(name="account")
def fixture_account() -> Account:
    return Account.new()


def writes(account: Account) -> int:
    return int(account.world.journal_report()["writes"])


def requests(account: Account) -> int:
    return int(account.world.journal_report()["total"])


def test_module_creates_the_same_objects_as_single_tasks(account: Account) -> None:
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


def test_unchanged_environment_reads_only_lists_and_destinations(account: Account) -> None:
    account.run(at_once=True)
    before, written = requests(account), writes(account)
    second = account.run(at_once=True)
    assert writes(account) == written
    assert not second.returned["changed"]
    assert set(second.returned["summary"].items()) >= {("unchanged", 7), ("created", 0), ("failed", 0)}
    # Five lists at Vapi; numbers, balance, SIP accounts with the addresses of one, and two numbers' destinations.
    accounts = len(account.world.state()["sip_accounts"])
    assert requests(account) - before <= 5 + 3 + accounts + 2


def test_check_mode_equals_the_run(account: Account) -> None:
    for _turn in ("empty", "finished"):
        before = writes(account)
        dry = account.run(check=True, at_once=True)
        assert writes(account) == before
        real = account.run(at_once=True)
        assert dry.returned["changed"] == real.returned["changed"]
        assert dry.returned["summary"] == real.returned["summary"]
        assert [o["change"] for o in dry.returned["objects"]] == [o["change"] for o in real.returned["objects"]]
        for planned, done in zip(dry.returned["diff"], real.returned["diff"], strict=True):
            assert planned["before_header"] == done["before_header"]
            assert without_ids(planned["before"]) == without_ids(done["before"])
            assert set(planned["after"]) == set(done["after"])


def without_ids(value: Any) -> Any:
    return {key: item for key, item in value.items() if UNKNOWN_ID not in str(item)}


def test_absent_deletes_the_declared_objects(account: Account) -> None:
    before = account.copy()
    account.run(at_once=True)
    down = account.run(at_once=True, state="absent")
    assert down.returned["summary"]["deleted"] == 7
    left = account.world.state()
    assert all(left["vapi"][kind] == [] for kind in ("credentials", "tools", "assistants", "phone_numbers"))
    places = [
        [row["destination"] for n in s["numbers"] for row in n["destinations"]] for s in (left, before.world.state())
    ]
    assert places[0] == places[1]
    again = account.run(at_once=True, state="absent")
    assert not again.returned["changed"]


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
    # The advice about quotes is the module's, which alone sees that YAML gave a number.
    "a login that YAML has read": (
        {"trunk": {"name": "t", "gateway": "x.example.org", "username": "668"}},
        ("trunk.username", '"668"', "5 digits"),
    ),
    "a password without a login": (
        {"trunk": {"name": "t", "gateway": "x.example.org", "password": "not-a-real-password"}},
        ("trunk.username", "required where a password is given"),
    ),
    "a short password without a login": (
        {"trunk": {"name": "t", "gateway": "x.example.org", "password": "p"}},
        ("trunk.password: is too short", "trunk.username: is required"),
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
    "a failover of no known form": (number(failover=["desk"]), ("numbers[0].failover[0]", "must be a SIP URI")),
    "a failover in national form": (number(failover=["020 1234567"]), ("numbers[0].failover[0]", "country code")),
    "a failover twice": (
        number(failover=["sip:desk@pbx.example.com", "01234", "desk@PBX.example.com"]),
        ("numbers[0].failover[2]", "numbers[0].failover[0]"),
    ),
    "a failover to the number": (number(failover=[f"+{OWN}"]), ("numbers[0].failover[0]", "the number itself")),
    "a failover to a hidden label": (
        number(failover=[f"{OWN}@hidden.sip.vapi.ai"]),
        ("numbers[0].failover[0]", "redaction marker"),
    ),
    "a failover of a number that is not forwarded": (
        number(failover=["01234"], inbound=False),
        ("numbers[0].failover", "inbound: true"),
    ),
    "a former name that is the name": (
        {"assistants": [{"name": "a", "former_names": ["a"]}]},
        ("assistants[0].former_names[0]", "the name itself"),
    ),
    "a former name of two": (
        {"assistants": [{"name": "a", "former_names": ["x"]}, {"name": "b", "former_names": ["c", "x"]}]},
        ("assistants[1].former_names[1]", "assistants[0].former_names[0]"),
    ),
    "a former name that another has": (
        {"transfer_tools": [{"name": "human"}, {"name": "desk", "former_names": ["human"]}]},
        ("transfer_tools[1].former_names[0]", "transfer_tools[0]"),
    ),
    "an empty former name": (
        {"trunk": DECLARED["trunk"] | {"former_names": [" "]}},
        ("trunk.former_names[0]", "is empty"),
    ),
    "references to former names": (
        {
            "transfer_tools": [{"name": "desk", "former_names": ["human"]}],
            "assistants": [{"name": "day", "former_names": ["reception"], "tools": ["human"]}],
        },
        ('numbers[0].assistant ("reception"): is a former name; use the name day', 'tools[0] ("human")'),
    ),
    "no word about REFER": ({"sip_refer_enabled": False}, ("account manager", "human")),
    "several at once": (
        {"numbers": [{"number": "1"}, {"number": OWN, "name": "n" * 41}], "assistants": [{"name": ""}]},
        ("numbers[0].number", "numbers[1].name", "assistants[0].name"),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_invalid_input_is_reported_without_request(account: Account, case: str) -> None:
    more, words = BAD[case]
    before = requests(account)
    with pytest.raises(ModuleFailureError) as failed:
        account.run(at_once=True, **more)
    assert requests(account) == before
    for word in words:
        assert word in str(failed.value)


NOWHERE = "11111111-1111-4111-8111-111111111111"
MISFIT: dict[str, tuple[dict[str, Any], str]] = {
    "a number of somebody else": ({"numbers": [{"number": "442079460123"}]}, '("442079460123"): is not a number'),
    "an assistant that is nowhere": (number(assistant="Nobody"), "Nobody"),
    "a tool that is nowhere": ({"assistants": [{"name": "a", "tools": ["none_such"]}]}, "none_such"),
    "a tool of an id that is nowhere": ({"assistants": [{"name": "a", "tools": [NOWHERE]}]}, NOWHERE),
    "a squad that is nowhere": (number(squad="Nobody"), 'numbers[0].squad ("Nobody"): does not exist in Vapi'),
    "a login that is nowhere": (
        {"sip_account": {"name": "99999", "password": "not-a-real-password"}},
        'sip_account.name ("99999"): is a login',
    ),
    "an assistant's name that two have": ({"assistants": [{"name": "twin"}]}, "2 assistants named twin"),
    "a name that answers and that two have": (number(assistant="twin"), "2 assistants named twin"),
    "a squad's name that two have": (number(squad="twins"), "2 squads named twins"),
    "a tool's name that two have": ({"transfer_tools": [{"name": "twin"}]}, "2 transfer tools named twin"),
    "a number that is there twice": ({"numbers": [{"number": BARE}]}, f"2 phone numbers named {BARE}"),
}


@pytest.mark.parametrize("case", MISFIT)
def test_inconsistent_input_is_reported_before_the_first_write(account: Account, case: str) -> None:
    more, word = MISFIT[case]
    trunk = vapi(account, "credential", provider="byo-sip-trunk", name="other", gateways=[{"ip": "192.0.2.9"}])["id"]
    phone = {"provider": "byo-phone-number", "number": BARE, "numberE164CheckEnabled": False, "credentialId": trunk}
    for _double in range(2):
        member = vapi(account, "assistant", name="twin")["id"]
        vapi(account, "squad", name="twins", members=[{"assistantId": member}])
        vapi(account, "tool", type="transferCall", function={"name": "twin"})
        vapi(account, "phone-number", **phone)
    before = writes(account)
    for check in (True, False):
        with pytest.raises(ModuleFailureError, match="Nothing was changed") as failed:
            account.run(at_once=True, check=check, **more)
        assert word in str(failed.value)
    assert writes(account) == before


def test_deletion_by_another_run_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [vapi(account, "assistant", name="reception")["id"] for _double in range(2)]
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        account.world.vapi["assistants"].pop(twins[1], None)

    monkeypatch.setattr(account.time, "sleep", pause)
    assert account.run(at_once=True).returned["integration"]["assistant_ids"]["reception"] == twins[0]
    assert len(waited) == 1


def vapi(account: Account, kind: str, **body: Any) -> Any:
    """Something that somebody else makes at Vapi."""
    return ask(account, "vapi", f"/{kind}", json=body)


def ask(account: Account, service: str, path: str, method: str = "POST", **body: Any) -> Any:
    key = account.world.vapi_api_key if service == "vapi" else account.world.didlogic_api_key
    with httpx.Client(transport=account.transport, headers={"authorization": f"Bearer {key}"}) as client:
        answer = client.request(method, f"http://127.0.0.1/{service}{path}", **body)
    answer.raise_for_status()
    return answer.json() if answer.content else None


@pytest.mark.parametrize("holder", ["squad", "number of another carrier"])
def test_remaining_referrers_are_reported_before_the_first_write(account: Account, holder: str) -> None:
    assistant = account.run(at_once=True).returned["integration"]["assistant_ids"]["reception"]
    if holder == "squad":
        vapi(account, "squad", name="holder", members=[{"assistantId": assistant}])
    else:
        row = {"id": NOWHERE, "provider": "vapi", "name": "holder", "assistantId": assistant}
        account.world.vapi["phone_numbers"][NOWHERE] = row | {"createdAt": "2026-01-01T00:00:00.000Z"}
    before = writes(account)
    for check in (True, False):
        with pytest.raises(ModuleFailureError, match="Nothing was changed") as failed:
            account.run(at_once=True, state="absent", check=check)
        assert "holder, which is not removed" in str(failed.value)
    assert writes(account) == before


def test_duplicate_number_is_deleted_twice(account: Account) -> None:
    trunk = account.run(at_once=True).returned["integration"]["trunk_id"]
    vapi(account, "phone-number", provider="byo-phone-number", number=f"+{OWN}", credentialId=trunk)
    dry = account.run(at_once=True, state="absent", check=True)
    down = account.run(at_once=True, state="absent")
    assert dry.returned["summary"] == down.returned["summary"]
    assert down.returned["summary"]["deleted"] == 8


@pytest.mark.parametrize("former", [{"inbound_uri": "private_key"}, {"number_format": "e164"}])
def test_no_destination_remains_to_deleted_objects(account: Account, former: dict[str, str]) -> None:
    """Wired in one form, taken down when another one is declared."""
    before = destinations(account)
    account.run(at_once=True, **former)
    dry = account.run(at_once=True, state="absent", check=True)
    down = account.run(at_once=True, state="absent")
    assert dry.returned["summary"] == down.returned["summary"]
    assert destinations(account) == before


def destinations(account: Account) -> list[list[str]]:
    return [[row["destination"] for row in item["destinations"]] for item in account.world.state()["numbers"]]


def test_moved_number_keeps_its_forwards(account: Account) -> None:
    account.run(at_once=True, inbound_uri="private_key")
    other = vapi(account, "credential", provider="byo-sip-trunk", name="other", gateways=[{"ip": "192.0.2.9"}])
    for row in account.world.vapi["phone_numbers"].values():
        row |= {"credentialId": other["id"], "assistantId": None}
    before = destinations(account)
    account.run(at_once=True, state="absent")
    assert destinations(account) == before


def test_other_spelling_of_a_destination_is_the_same(account: Account) -> None:
    trunk = account.run(at_once=True).returned["integration"]["trunk_id"]
    path = f"/v1/purchases/{BARE}/destinations"
    (row,) = ask(account, "didlogic", path, "GET")["destination"]
    ask(account, "didlogic", f"{path}/{row['id']}", "DELETE")
    uri = f"sip:{BARE}@{trunk.upper()}.sip.vapi.ai"
    made = {"destination[destination]": uri, "destination[transport]": 1, "destination[active]": 1}
    ask(account, "didlogic", path, data=made)
    again = account.run(at_once=True)
    assert (again.returned["changed"], again.returned["broken"]) == (False, [])


@pytest.mark.parametrize(
    ("who", "word"),
    [({"assistant": ""}, "without an assistant"), ({}, "not managed"), ({"assistant": "reception"}, "by reception")],
)
def test_report_names_the_answering_object(account: Account, who: dict[str, str], word: str) -> None:
    report = account.run(at_once=True, verify=False, **number(**who)).returned["report"]
    (line,) = [line for line in report if line.startswith("phone number")]
    assert word in line


def test_environment_without_numbers_verifies_no_number(account: Account) -> None:
    account.run(at_once=True)
    for row in account.world.vapi["phone_numbers"].values():
        row["credentialId"] = NOWHERE
    assert account.run(at_once=True, numbers=[]).returned["broken"] == []


def test_failed_check_mode_reports_no_changes(account: Account) -> None:
    """The tool can not be attached to an assistant without a model, which shows only when what stands is known."""
    with pytest.raises(ModuleFailureError, match="model") as failed:
        account.run(at_once=True, check=True, assistants=[{"name": "reception", "tools": ["human"]}])
    assert "Done before that" not in str(failed.value)


def test_export_notes_unsupported_fields(account: Account) -> None:
    """What has no words in an environment is returned in notes, and what is left changes nothing."""
    result = account.run(at_once=True).returned["integration"]
    phone = {"provider": "byo-phone-number", "credentialId": result["trunk_id"], "numberE164CheckEnabled": False}
    vapi(account, "phone-number", **phone, number="1001")
    vapi(account, "phone-number", **phone, name="no number")
    for number, choice in (("31201230001", {"assistantId": NOWHERE}), ("31201230002", {"squadId": NOWHERE})):
        account.world.vapi["phone_numbers"][vapi(account, "phone-number", **phone, number=number)["id"]] |= choice
    tool = vapi(account, "tool", type="transferCall", function={"name": "colleague"})["id"]
    account.world.vapi["tools"][tool]["destinations"] = [{"type": "assistant", "assistantName": "colleague"}]
    newer = vapi(account, "tool", type="transferCall", function={"name": "newer"})["id"]
    account.world.vapi["tools"][newer]["destinations"] = [{"type": "newer-than-this", "newField": "x"}]
    tools = [*result["transfer_tool_ids"].values(), tool, newer, NOWHERE]
    path = f"/assistant/{result['assistant_ids']['reception']}"
    ask(account, "vapi", path, "PATCH", json={"model": {**MODEL, "toolIds": tools}})
    (live,) = account.find()["environments"]
    for words in (
        "number 1001: is no",
        "no number: is no",
        f"assistant {NOWHERE}",
        f"squad {NOWHERE}",
        "exactly one of",
    ):
        assert any(words in note for note in live["notes"]), (words, live["notes"])
    assert [item["number"] for item in live["numbers"]] == ["31201230001", "31201230002", OWN, BARE]
    # An assistant as a destination has an option; a destination of a kind that is not known has none.
    assert live["assistants"][0]["tools"] == ["human", "colleague", newer]
    assert live["transfer_tools"][1] == {"name": "colleague", "destinations": [{"assistant_name": "colleague"}]}
    options = {name: value for name, value in live.items() if name not in ("region", "notes")}
    again = account.run(at_once=True, check=True, verify=False, **options)
    # The assistant loses the id of the tool that no longer exists, and nothing else.
    assert set(again.returned["summary"].items()) >= {("unchanged", 9), ("updated", 1), ("created", 0), ("failed", 0)}


def test_dial_transfer_needs_no_refer_confirmation(account: Account) -> None:
    dials = {"name": "human", "destinations": [{"sip_uri": "sip:1@pbx.example.org", "sip_verb": "dial"}]}
    done = account.run(at_once=True, transfer_tools=[dials], sip_refer_enabled=False)
    assert done.returned["summary"]["created"] == 7


def test_failure_reports_completed_and_remaining_changes(account: Account) -> None:
    refused = {"kind": "status", "code": 400, "match": {"method": "POST", "path_regex": "phone-number"}, "times": None}
    account.world.faults.set([refused])
    with pytest.raises(ModuleFailureError) as failed:
        account.run(at_once=True)
    result = failed.value.error.result  # type: ignore[attr-defined]
    assert "phone number" in str(failed.value)
    assert "Done before that: trunk trunk, transfer tool human, assistant reception." in str(failed.value)
    assert result["summary"] == {"created": 3, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 2}
    assert any("skipped" in line for line in result["report"] if line.startswith("forward"))
    account.world.faults.clear()
    assert account.run(at_once=True).returned["summary"]["created"] == 4


FIRST_LINES = {
    "changes": "Changes applied. Current state:",
    "no changes": "No changes needed. Current state:",
    "check mode": "DRY RUN, nothing was written. A run would make these changes:",
    "error": "FAILED. State when the error occurred:",
}
VERIFICATION_FAILED = "Verification failed: the live configuration differs from the declared one."


def test_failed_verification_fails_the_module(account: Account) -> None:
    """All objects are as declared, but nobody answers."""
    with pytest.raises(ModuleFailureError, match=VERIFICATION_FAILED) as failed:
        account.run(at_once=True, **number())
    assert failed.value.error.result["broken"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("who", [{"assistant": "reception"}, {}])
@pytest.mark.parametrize("second", ["change", "no change", "check mode"])
def test_report_begins_with_the_verification_result(
    account: Account, second: str, who: dict[str, str], verify: bool
) -> None:
    """Whether the run changed something or not, in check mode too, and where differences do not fail the task."""

    def run(*, verify: bool, check: bool = False) -> dict[str, Any]:
        try:
            return dict(account.run(at_once=True, check=check, verify=verify, **number(**who)).returned)
        except ModuleFailureError as failed:
            return dict(failed.error.result)  # type: ignore[attr-defined]

    if second != "change":
        run(verify=False)
    result = run(verify=verify, check=second == "check mode")
    report, differences = result["report"], [f"- {sentence}" for sentence in result["broken"]]
    assert bool(differences) == (not who)
    if differences:
        assert report[: len(differences) + 2] == [VERIFICATION_FAILED, *differences, "Current state:"]
    assert any(line in FIRST_LINES.values() for line in report) == (not differences)
    assert any(line.startswith("phone number") for line in report), "the state follows"


# ------------------------------------------------------------------------------------- transfers, wherever they are

OUTSIDE: dict[str, Any] = {"type": "number", "number": "+15550100"}
INLINE = {"type": "transferCall", "function": {"name": "inline"}}


def with_definition(**definition: Any) -> dict[str, Any]:
    return {"assistants": [{"name": "reception", "definition": {"model": MODEL, **definition}}], "transfer_tools": []}


#: Every place in which an environment can declare a transfer, as options for a destination.
TRANSFERS: dict[str, Any] = {
    "model.tools": lambda to: with_definition(model={**MODEL, "tools": [{**INLINE, "destinations": [to]}]}),
    "a hook": lambda to: with_definition(
        hooks=[{"on": "call.ending", "do": [{"type": "tool", "tool": {**INLINE, "destinations": [to]}}]}]
    ),
    "a field of former days": lambda to: with_definition(forwardingPhoneNumber=to["number"]),
    "the fallback": lambda to: {
        "transfer_tools": [],
        "assistants": [],
        **number(
            fallback_destination={
                "number": to["number"],
                "sip_verb": to.get("transferPlan", {}).get("sipVerb"),
            }
        ),
    },
    "a tool": lambda to: {
        "transfer_tools": [
            {
                "name": "human",
                "destinations": [{"number": to["number"], "sip_verb": to.get("transferPlan", {}).get("sipVerb")}],
            }
        ]
    },
    "a tool whose server chooses": lambda _to: {"transfer_tools": [{"name": "human"}]},
    "an inline tool whose server chooses": lambda _to: with_definition(model={**MODEL, "tools": [INLINE]}),
}
ALWAYS = ("a field of former days", "a tool whose server chooses", "an inline tool whose server chooses")


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("place", TRANSFERS)
@pytest.mark.parametrize("verb", [None, "refer", "dial", "bye"])
def test_transfer_requires_refer_confirmation_wherever_defined(account: Account, place: str, verb: str | None) -> None:
    to = {**OUTSIDE, "transferPlan": {"mode": "blind-transfer", "sipVerb": verb}} if verb else dict(OUTSIDE)
    options = {"sip_refer_enabled": False, **number(), **TRANSFERS[place](to)}
    if verb in ("dial", "bye") and place not in ALWAYS:
        account.run(at_once=True, check=True, verify=False, **options)
        return
    with pytest.raises(ModuleFailureError, match="account manager"):
        account.run(at_once=True, **options)
    assert requests(account) == 0
    account.run(at_once=True, check=True, verify=False, **{**options, "sip_refer_enabled": True})


def tool_of(to: dict[str, Any]) -> dict[str, Any]:
    return {"type": "transferCall", "function": {"name": "live"}, "destinations": [to]}


def live_tool(account: Account, to: dict[str, Any]) -> dict[str, Any]:
    return vapi(account, "tool", **tool_of(to))


def live_assistant(account: Account, to: dict[str, Any], name: str = "live one") -> dict[str, Any]:
    return vapi(account, "assistant", name=name, model={**MODEL, "toolIds": [live_tool(account, to)["id"]]})


def named_tool(account: Account, to: dict[str, Any], by: str) -> dict[str, Any]:
    key = live_tool(account, to)["id"]
    return {"assistants": [{**DECLARED["assistants"][0], "tools": [key if by == "id" else "live"]}]}


def handoff(account: Account, to: dict[str, Any], by: str) -> dict[str, Any]:
    made = live_assistant(account, to)
    target = {"assistantId": made["id"]} if by == "id" else {"assistantName": made["name"]}
    tool = {"type": "handoff", "destinations": [{"type": "assistant", **target}]}
    return with_definition(model={**MODEL, "tools": [tool]})


def other_assistant(account: Account, to: dict[str, Any], by: str) -> dict[str, Any]:
    made = live_assistant(account, to)
    return number(assistant=made["id"] if by == "id" else made["name"])


def other_squad(account: Account, to: dict[str, Any], by: str) -> dict[str, Any]:
    member = {"assistantId": live_assistant(account, to)["id"]}
    made = vapi(account, "squad", name="live squad", members=[member])
    return number(assistant=None, squad=made["id"] if by == "id" else made["name"])


def kept_tool(account: Account, to: dict[str, Any], by: str) -> dict[str, Any]:
    """Somebody has attached it to a declared assistant."""
    live_assistant(account, to, "reception")
    return {}


#: Where an object that exists in Vapi may transfer calls to a declared number.
LIVE: dict[str, Callable[[Account, dict[str, Any], str], dict[str, Any]]] = {
    "a tool of a declared assistant": named_tool,
    "a handoff of a declared assistant": handoff,
    "an assistant": other_assistant,
    "a squad": other_squad,
    "a tool that an assistant keeps": kept_tool,
}


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("place", LIVE)
@pytest.mark.parametrize("by", ["name", "id"])
@pytest.mark.parametrize("verb", [None, "refer", "dial", "bye"])
def test_transfer_of_an_existing_object_requires_confirmation(
    account: Account, place: str, by: str, verb: str | None
) -> None:
    to = {**OUTSIDE, "transferPlan": {"mode": "blind-transfer", "sipVerb": verb}} if verb else dict(OUTSIDE)
    base = {"transfer_tools": [], "assistants": [{**DECLARED["assistants"][0], "tools": []}], "verify": False}
    options = {**base, **LIVE[place](account, to, by)}
    before = account.world.journal_report()["writes"]
    if verb in ("dial", "bye"):
        account.run(at_once=True, check=True, sip_refer_enabled=False, **options)
        return
    for check in (True, False):
        with pytest.raises(ModuleFailureError, match="account manager") as failed:
            account.run(at_once=True, check=check, sip_refer_enabled=False, **options)
        assert "tool live" in str(failed.value)
    assert account.world.journal_report()["writes"] == before
    account.run(at_once=True, check=True, **options)


def test_existing_transfers_that_the_run_replaces_need_no_confirmation(account: Account) -> None:
    made = live_assistant(account, dict(OUTSIDE))
    declared = [{**DECLARED["assistants"][0], "tools": [], "tools_mode": "replace"}]
    live_assistant(account, dict(OUTSIDE), "reception")
    vapi(
        account,
        "phone-number",
        provider="byo-phone-number",
        number=OWN,
        assistantId=made["id"],
        name="x",
        numberE164CheckEnabled=False,
        fallbackDestination=OUTSIDE,
        credentialId=vapi(account, "credential", provider="byo-sip-trunk", name="trunk", gateways=[])["id"],
    )
    dial = {"number": OUTSIDE["number"], "sip_verb": "dial"}
    options = {"transfer_tools": [], "assistants": declared, **number(assistant="reception", fallback_destination=dial)}
    account.run(at_once=True, check=True, sip_refer_enabled=False, verify=False, **options)


NOTHING: dict[str, Any] = {"transfer_tools": [], "assistants": []}


@pytest.mark.parametrize("place", sorted(set(TRANSFERS) - {"a field of former days"}))  # which the sandbox refuses
def test_exported_environment_with_transfer_can_be_applied(account: Account, place: str) -> None:
    account.run(at_once=True, verify=False, **{**number(assistant="reception"), **TRANSFERS[place](dict(OUTSIDE))})
    (live,) = account.find()["environments"]
    options = {name: value for name, value in live.items() if name not in ("region", "notes")}
    again = account.run(at_once=True, check=True, verify=False, **{"sip_refer_enabled": False, **NOTHING, **options})
    assert not again.returned["changed"]


# ------------------------------------------------------------------------------------------- what is ours is replaced

#: Forms of a destination that leads to the declared trunk, for a trunk and a number.
FORMS: dict[str, str] = {
    "the trunk": "{number}@{trunk}.sip.vapi.ai",
    "another region": "{number}@{trunk}.sip.eu.vapi.ai",
    "another region, in capitals": "SIP:{number}@{trunk}.SIP.EU.VAPI.AI",
    "TLS": "sip:{number}@{trunk}.sip.vapi.ai:5061;transport=tls",
    "a plus": "+{number}@{trunk}.sip.vapi.ai",
    "another scheme": "sips:{number}@{trunk}.sip.vapi.ai",
    "the private key": "{number}@{key}.sip.vapi.ai",
    "the private key, another region": "{number}@{key}.sip.eu.vapi.ai",
    "the private key, a plus": "sip:+{number}@{key}.sip.vapi.ai",
    "the private key, TLS": "{number}@{key}.sip.vapi.ai:5061;transport=tls",
    "another trunk, another region": "{number}@{other}.SIP.eu.vapi.ai",
    "another trunk": "{number}@{other}.sip.vapi.ai",
}


def place(account: Account, uri: str, transport: int = 1, *, active: bool = True) -> None:
    made = {"destination[destination]": "31299999990", "destination[transport]": 4}
    made["destination[active]"] = int(active)
    ask(account, "didlogic", f"/v1/purchases/{BARE}/destinations", data=made)
    found = account.world.number(BARE)
    assert found
    newest = max(found["destinations"], key=lambda row: (row["priority"], row["id"]))
    newest |= {"destination": uri, "transport": transport}  # in a form that the portal may take


def standing(account: Account) -> list[str]:
    (found,) = [item for item in account.world.state()["numbers"] if item["number"] == BARE]
    rows = sorted(found["destinations"], key=lambda row: (row["priority"], row["id"]))
    return [row["destination"] for row in rows]


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("inbound_uri", ["trunk_id", "private_key"])
def test_only_the_declared_destination_is_recognised(
    account: Account, form: str, ahead: bool, active: bool, inbound_uri: str
) -> None:
    gateways = [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}]
    other = vapi(account, "credential", provider="byo-sip-trunk", name="other", gateways=gateways)["id"]
    settings = {"at_once": True, "inbound_uri": inbound_uri}
    trunk = account.run(**settings).returned["integration"]["trunk_id"]
    labels = {"number": BARE, "trunk": trunk, "other": other, "key": account.world.vapi_api_key}
    declared = FORMS["the private key" if inbound_uri == "private_key" else "the trunk"].format(**labels)
    former = FORMS[form].format(**labels)
    foreign = [f"{BARE}@{NOWHERE}.sip.vapi.ai", "31299999999", "31@pbx.example.com"]
    if ahead:
        (row,) = ask(account, "didlogic", f"/v1/purchases/{BARE}/destinations", "GET")["destination"]
        ask(account, "didlogic", f"/v1/purchases/{BARE}/destinations/{row['id']}", "DELETE")
    place(account, foreign[0])
    place(account, former, active=active)
    place(account, foreign[1], 4)
    place(account, foreign[2])
    dry = account.run(**settings, check=True)
    done = account.run(**settings)
    assert dry.returned["summary"] == done.returned["summary"]
    assert (done.returned["broken"], standing(account)) == ([], [declared, *foreign])
    again = account.run(**settings)
    assert not again.returned["changed"]
    # Taken down, in whatever form it is written, and nothing else.
    if "another trunk" not in form:
        place(account, former, active=active)
    account.run(at_once=True, state="absent", inbound_uri="private_key")
    assert standing(account) == foreign


@pytest.mark.parametrize("form", [form for form in FORMS if "private key" not in form])
def test_declared_destination_is_no_failover(account: Account, form: str) -> None:
    gateways = [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}]
    other = vapi(account, "credential", provider="byo-sip-trunk", name="other", gateways=gateways)["id"]
    trunk = account.run(at_once=True).returned["integration"]["trunk_id"]
    uri = FORMS[form].format(number=BARE, trunk=trunk, other=other)
    before = writes(account)
    with pytest.raises(ModuleFailureError) as failed:
        account.run(at_once=True, numbers=[{"number": BARE, "failover": ["01234", uri]}])
    assert "numbers[0].failover[1]: leads to this Vapi organisation" in str(failed.value)
    assert writes(account) == before


@pytest.mark.parametrize("form", [form for form in FORMS if "private key" in form])
def test_failover_with_private_key_is_reported_without_request(account: Account, form: str) -> None:
    uri, before = FORMS[form].format(number=BARE, key=account.world.vapi_api_key), requests(account)
    with pytest.raises(ModuleFailureError) as failed:
        account.run(at_once=True, numbers=[{"number": BARE, "failover": [uri]}])
    assert "numbers[0].failover[0]: leads to this Vapi organisation" in str(failed.value)
    assert account.world.vapi_api_key not in str(failed.value)
    assert requests(account) == before


@pytest.mark.parametrize("others", ["keep", "disable", "remove"])
@pytest.mark.parametrize("refused", [False, True], ids=["copies allowed", "copies refused"])
def test_declared_failover_list_follows_vapi(account: Account, others: str, refused: bool) -> None:
    class Refusing:
        """didlogic, if it refuses a destination that the number already has."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST" and "destinations" in request.url.path:
                wanted = dict(urllib.parse.parse_qsl(request.content.decode()))["destination[destination]"]
                if wanted in standing(account):
                    return httpx.Response(422, json={"error": "duplicate"}, request=request)
            answer: httpx.Response = account.transport.handle_request(request)
            return answer

    place(account, "desk@pbx.example.com")
    place(account, "31299999999", 4)
    trunk = account.run(at_once=True).returned["integration"]["trunk_id"]
    first = f"{BARE}@{trunk}.sip.vapi.ai"
    wish = {"at_once": True, "numbers": [{"number": BARE, "failover": ["01234", "+31299999999"], "others": others}]}
    wrap = (lambda _inner: Refusing()) if refused else (lambda inner: inner)
    dry = account.run(check=True, wrap=wrap, **wish)
    done = account.run(wrap=wrap, **wish)
    assert dry.returned["summary"] == done.returned["summary"]
    assert done.returned["broken"] == []
    assert active(account)[:3] == [first, "01234", "31299999999"]
    assert active(account)[3:] == (["desk@pbx.example.com"] if others == "keep" and not refused else [])
    assert ("desk@pbx.example.com" in standing(account)) == (others != "remove")
    before = writes(account)
    assert not account.run(wrap=wrap, **wish).returned["changed"]
    # The other order, and one less.
    account.run(wrap=wrap, **{**wish, "numbers": [{"number": BARE, "failover": ["31299999999", "01234"]}]})
    assert active(account)[:3] == [first, "31299999999", "01234"]
    assert writes(account) > before
    shorter = {**wish, "numbers": [{"number": BARE, "failover": ["01234"], "others": "remove"}]}
    account.run(wrap=wrap, **shorter)
    assert active(account) == [first, "01234"]
    account.run(wrap=wrap, at_once=True, state="absent", numbers=[*DECLARED["numbers"][:1], *shorter["numbers"]])
    assert active(account) == ["01234"]


def active(account: Account) -> list[str]:
    (found,) = [item for item in account.world.state()["numbers"] if item["number"] == BARE]
    rows = sorted(found["destinations"], key=lambda row: (row["priority"], row["id"]))
    return [row["destination"] for row in rows if row["active"]]


def test_failover_at_another_position_is_a_difference(account: Account) -> None:
    wish = {"at_once": True, "numbers": [{"number": BARE, "assistant": "reception", "failover": ["01234"]}]}
    account.run(**wish)
    honest = apply_module.read

    def meddled(*engines: Any, **known: Any) -> Any:
        """Somebody has disabled the destination before the verification reads it."""
        found = honest(*engines, **known)
        found = dataclasses.replace(found, numbers=copy.deepcopy(found.numbers))
        for row in found.bought[BARE]["destinations"]:
            row["active"] = "@" in row["destination"]
        return found

    with pytest.MonkeyPatch.context() as patch:
        reads = iter([honest, meddled])

        def read(*engines: Any, **known: Any) -> Any:
            return next(reads)(*engines, **known)

        patch.setattr(apply_module, "read", read)
        with pytest.raises(ModuleFailureError, match="not forwarded to 01234 directly after Vapi"):
            account.run(**wish)


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("scheme", ["sip:", "SIP:", "Sip:", ""])
@pytest.mark.parametrize("host", ["sip.vapi.ai", "SIP.VAPI.AI", "sip.Vapi.ai."])
def test_scheme_and_host_are_case_insensitive(account: Account, scheme: str, host: str) -> None:
    result = account.run(at_once=True).returned["integration"]
    trunk = result["trunk_id"]
    for row in ask(account, "didlogic", f"/v1/purchases/{BARE}/destinations", "GET")["destination"]:
        ask(account, "didlogic", f"/v1/purchases/{BARE}/destinations/{row['id']}", "DELETE")
    place(account, f"{scheme}{BARE}@{trunk}.{host}")
    again = account.run(at_once=True)
    assert (again.returned["changed"], again.returned["broken"]) == (False, [])
    assert again.returned["integration"]["findings"] == result["findings"]


LEFT: dict[str, tuple[str, int, bool]] = {
    "a phone": ("31299999999", 4, True),
    "a SIP account": ("01234", 5, True),
    "a SIP account that does not exist": ("01235", 5, False),
    "a URI of a SIP account that does not exist": ("sip:01235@sip.nl.didlogic.net", 1, False),
    "another SIP address": ("31@pbx.example.com", 1, True),
    "a trunk without the number": ("{number}@{other}.sip.vapi.ai", 1, False),
    "an unknown trunk": (f"{{number}}@{NOWHERE}.sip.vapi.ai", 1, False),
    "another region": ("{number}@{other}.sip.eu.vapi.ai", 1, False),
}


#: Declared destinations after Vapi, and the warning about one that cannot answer.
AFTER_VAPI = {
    "01234": "",
    "01234@sip.nl.didlogic.net": "",
    "31299999999": "",
    "09999": "is the SIP account 09999, which this didlogic account does not have",
    "sip:09999@sip.nl.didlogic.net": "is the SIP account 09999, which this didlogic account does not have",
    "05555": "leads back to Vapi, because the trunk trunk registers with this SIP account",
}


@pytest.mark.parametrize("address", AFTER_VAPI)
@pytest.mark.parametrize("check", [True, False])
def test_declared_failover_that_cannot_answer_is_a_warning(account: Account, address: str, check: bool) -> None:
    logins = [{"name": name, "label": name, "password": "x" * 9} for name in ("01234", "05555")]
    account.world.seed({"sip_accounts": logins})
    account.run(at_once=True)
    (trunk,) = account.world.vapi["credentials"].values()
    trunk["outboundAuthenticationPlan"]["sipRegisterPlan"] = {"domain": "sip.nl.didlogic.net", "username": "05555"}
    report = account.run(at_once=True, check=check, **number(failover=[address], assistant="reception"))
    found = [text for text in report.warnings if "failover[0]" in text]
    assert len(found) == bool(AFTER_VAPI[address])
    assert not found or AFTER_VAPI[address] in found[0]


@pytest.mark.parametrize("left", LEFT)
def test_absent_counts_destinations_that_can_answer(account: Account, left: str) -> None:
    uri, transport, answers = LEFT[left]
    gateways = [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}]
    other = vapi(account, "credential", provider="byo-sip-trunk", name="other", gateways=gateways)["id"]
    account.world.seed({"sip_accounts": [{"name": "01234", "label": "desk", "password": "x" * 9}]})
    account.run(at_once=True)
    place(account, uri.format(number=BARE, other=other), transport)
    dry = account.run(at_once=True, state="absent", check=True)
    down = account.run(at_once=True, state="absent")
    warned = down.warnings
    assert dry.warnings == warned
    about = [text for text in warned if BARE in text]
    assert len(about) == (0 if answers else 1), about
    nowhere = [line for line in down.returned["report"] if "nowhere" in line]
    assert len(nowhere) == len([text for text in warned if "will fail" in text])
    assert dry.returned["summary"] == down.returned["summary"]


def test_outbound_only_number_has_no_answering_object(account: Account) -> None:
    report = account.run(at_once=True, **number(assistant="reception", inbound=False)).returned["report"]
    (line,) = [line for line in report if line.startswith("phone number")]
    assert "outbound calls only" in line
    assert "answered" not in line


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("needed", [False, True])
@pytest.mark.parametrize("error", [False, True])
def test_report_first_line_is_the_result(account: Account, state: str, check: bool, needed: bool, error: bool) -> None:
    """In every state and mode, with and without needed changes and errors."""
    if needed == (state == "absent"):
        account.run(at_once=True)

    def failing(transport: Any) -> Any:
        class Failing:
            def __getattr__(self, name: str) -> Any:
                return getattr(transport, name)

            def handle_request(self, request: httpx.Request) -> httpx.Response:
                response: httpx.Response = transport.handle_request(request)
                return response if request.method == "GET" else httpx.Response(400, json={"message": "no"})

        return Failing()

    fails = error and needed and not check

    def run() -> Any:
        return account.run(at_once=True, state=state, check=check, wrap=failing if error else lambda it: it).returned

    if fails:
        with pytest.raises(ModuleFailureError) as failed:
            run()
        result = failed.value.error.result  # type: ignore[attr-defined]
    else:
        result = run()
    expected = "error" if fails else "no changes" if not needed else "check mode" if check else "changes"
    assert result["report"][0] == FIRST_LINES[expected]
    words = re.compile(r"\b(stands?|former|nobody|, for)\b")
    assert not [line for line in result["report"] if words.search(line)]
