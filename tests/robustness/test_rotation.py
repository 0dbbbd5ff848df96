# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of the SIP password: interrupted at every request, a sample of all faults, dry run, and refusals."""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import rotation
from chain import Account, ModuleFailureError

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import rotate


def test_rotation_killed_at_every_request_is_completed_by_the_next_run() -> None:
    """Each second case is the one before the request; the one after it leaves the same as before the next one."""
    number, found = rotation.sweep(2, kinds=("killed",), names=("label", "username"))
    assert {name: found[name] for name in rotation.BROKEN} == dict.fromkeys(rotation.BROKEN, 0)
    assert found["killed"] == number
    assert number == sum(len(rotation.requests(name)) for name in ("label", "username"))


def test_rotation_with_faults_of_requests_is_completed_by_the_next_run() -> None:
    number, found = rotation.sweep(251)
    assert number > 100
    assert {name: found[name] for name in rotation.BROKEN} == dict.fromkeys(rotation.BROKEN, 0)
    assert found["converged"] + found["clear error"] + found["killed"] == number


@pytest.mark.parametrize(
    ("checked", "proof"), [(True, "next run failed"), (False, "moments in which a call fails")], ids=["check", "none"]
)
def test_check_of_reachability_detects_an_unreachable_number(
    monkeypatch: pytest.MonkeyPatch, checked: bool, proof: str
) -> None:
    """By the check before the old trunk is removed, and without this check by the proof."""
    honest = rotate._new_forward
    rotation.requests("label")  # of an undisturbed rotation

    def inactive(*arguments: Any) -> Any:
        desired = honest(*arguments)
        return dataclasses.replace(desired, record=desired.record.model_copy(update={"active": False}))

    monkeypatch.setattr(rotate, "_new_forward", inactive)
    if not checked:
        monkeypatch.setattr(rotate, "_is_replaced", lambda *_arguments: True)
    _number, found = rotation.sweep(2, kinds=("killed",), names=("label",), until=(proof,))
    assert found[proof] > 0


def values(side: dict[str, Any]) -> dict[str, Any]:
    """A side of a diff without names behind ids."""
    return {key: value.partition(" (")[0] if key == "trunk" else value for key, value in side.items()}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("name", rotation.starts())
def test_check_mode_predicts_the_rotation(name: str) -> None:
    """The same objects and the same diff, except for ids that are not known; nothing is written before."""
    login = name.partition(" ")[0]
    account = Account.of(rotation.start(name))
    writes = account.world.journal_report()["writes"]
    dry = rotation.rotate(account, login, lambda inner: inner, check=True)
    assert account.world.journal_report()["writes"] == writes
    run = rotation.rotate(account, login, lambda inner: inner)
    assert dry.warnings == run.warnings
    assert (dry.returned["changed"], run.returned["changed"]) == (True, True)
    assert dry.returned["summary"] == run.returned["summary"]
    for planned, done in zip(dry.returned["objects"], run.returned["objects"], strict=True):
        assert {**planned, "id": ""} == {**done, "id": ""}
    for planned, done in zip(dry.returned["diff"], run.returned["diff"], strict=True):
        for side in ("before", "after"):
            assert planned[side].keys() == done[side].keys()
            for key, value in values(planned[side]).items():
                assert "known after apply" in str(planned[side][key]) or value == values(done[side])[key]
    for planned, done in zip(dry.returned["changes"], run.returned["changes"], strict=True):
        assert [planned[key] for key in ("kind", "name", "action")] == [done[key] for key in ("kind", "name", "action")]
        rows = [len(each[side].get("destinations", ())) for each in (planned, done) for side in ("before", "after")]
        assert rows[:2] == rows[2:]
    assert dry.returned["report"][2:] == run.returned["report"][2:]


LIMITS = {"call_restrict": "call_limit", "channels_restrict": "max_channels", "cost_limit": "max_call_cost"}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("name", rotation.writable())
def test_each_setting_of_the_sip_account_is_taken_over(name: str) -> None:
    """One at a time, so that a field that only another one brings along is noticed."""
    account = Account.of(rotation.start("label"))
    owner = next(each for each in account.world.didlogic["sip_accounts"] if each["label"] == "Vapi")
    others = [key for key in rotation.ACCOUNT if key not in (name, "allowed_ips")]
    owner.update({key: False if isinstance(rotation.ACCOUNT[key], bool) else None for key in others})
    before = {key: owner[key] for key in rotation.ACCOUNT}
    report = rotation.rotate(account, "label", lambda inner: inner)
    new = next(each for each in account.world.didlogic["sip_accounts"] if each["label"] == "Vapi")
    assert new["name"] != owner["name"]
    # didlogic has a switch for each limit: a limit without it has no effect, and it has none without a limit.
    plain = [key for key in before if key not in (*LIMITS, *LIMITS.values())]
    assert {key: new[key] for key in plain} == {key: before[key] for key in plain}
    assert not any(new[switch] for switch in LIMITS)
    assert [name in text for text in report.warnings if "not copied" in text] == ([True] if name in LIMITS else [])


@pytest.mark.parametrize(("switch", "limit"), LIMITS.items())
def test_limit_of_the_sip_account_is_taken_over(switch: str, limit: str) -> None:
    account = Account.of(rotation.start("label"))
    owner = next(each for each in account.world.didlogic["sip_accounts"] if each["label"] == "Vapi")
    for others in LIMITS.items():
        owner.update(dict(zip(others, (False, None), strict=True)))
    owner |= {switch: True, limit: rotation.ACCOUNT[limit]}
    report = rotation.rotate(account, "label", lambda inner: inner)
    new = next(each for each in account.world.didlogic["sip_accounts"] if each["label"] == "Vapi")
    assert (new[switch], new[limit]) == (True, rotation.ACCOUNT[limit])
    assert not [text for text in report.warnings if "not copied" in text]


@pytest.mark.parametrize("field", ["recording", "voicemail_email", "max_channels_per_minute"])
@pytest.mark.parametrize("check", [True, False])
def test_setting_that_cannot_be_taken_over_is_reported(field: str, check: bool) -> None:
    account = Account.of(rotation.start("label"))
    owner = next(each for each in account.world.didlogic["sip_accounts"] if each["label"] == "Vapi")
    owner[field] = "x"
    report = rotation.rotate(account, "label", lambda inner: inner, check=check)
    (warning,) = [text for text in report.warnings if "not copied" in text]
    assert f"SIP account Vapi: {field} of the old one" in warning


def without_trunk(account: Account, declared: dict[str, Any]) -> None:
    declared["trunk"]["name"] = "another"


def two_trunks(account: Account, declared: dict[str, Any]) -> None:
    (trunk,) = account.world.vapi["credentials"].values()
    account.world.vapi["credentials"]["second"] = {**copy.deepcopy(trunk), "id": "second"}


def two_accounts(account: Account, declared: dict[str, Any]) -> None:
    first = next(each for each in account.world.didlogic["sip_accounts"] if each["label"] == "Vapi")
    account.world.didlogic["sip_accounts"].append({**first, "name": "99999", "id": account.world.next_id()})


def shared_account(account: Account, declared: dict[str, Any]) -> None:
    (trunk,) = account.world.vapi["credentials"].values()
    account.world.vapi["credentials"]["second"] = {**copy.deepcopy(trunk), "id": "second", "name": "office"}


def unknown_login(account: Account, declared: dict[str, Any]) -> None:
    del declared["sip_account"]
    declared["trunk"] |= {"username": "54321", "password": rotation.NEW_PASSWORD}


def no_password(account: Account, declared: dict[str, Any]) -> None:
    del declared["sip_account"]["password"]


def removal(account: Account, declared: dict[str, Any]) -> None:
    declared["state"] = "absent"


Change = Callable[[Account, dict[str, Any]], None]
REFUSALS: dict[Change, str] = {
    without_trunk: "Vapi has 0 trunks named another and 0 named another (next)",
    two_trunks: "Vapi has 2 trunks named trunk",
    two_accounts: "didlogic has 2 SIP accounts named Vapi",
    shared_account: "The SIP account Vapi is also used by the trunk office",
    unknown_login: "trunk.username",
    no_password: "trunk.password: must be given",
    removal: "rotate_password: cannot be combined with state: absent",
}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("check", [True, False], ids=["dry run", "run"])
@pytest.mark.parametrize(("change", "text"), REFUSALS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_invalid_rotation_is_rejected_before_the_first_write(change: Change, text: str, check: bool) -> None:
    account = Account.of(rotation.start("label"))
    declared = copy.deepcopy(rotation.declared("label", rotation.NEW_PASSWORD))
    change(account, declared)
    account.world.journal.clear()
    with pytest.raises(ModuleFailureError) as failed:
        account.run(at_once=True, check=check, rotate_password=True, **declared)
    assert text in str(failed.value)
    assert account.world.journal_report()["writes"] == 0


def test_temporary_name_of_a_long_name_is_unique() -> None:
    """Two trunks whose names differ at the end only do not get the same second name."""
    limit = 40
    names = [f"{'x' * (limit - 1)}{end}" for end in "ab"]
    seconds = {rotate.superseded_name(name, limit, rotate.NEXT_SUFFIX) for name in names}
    assert len(seconds) == 2
    assert all(len(name) <= limit and name.endswith(rotate.NEXT_SUFFIX) for name in seconds)
