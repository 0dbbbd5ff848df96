# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole check of a call on the sandbox: its conditions, its verdicts, and the single request."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OptionError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_check
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL
from ansible_collections.voiceops.vapi_didlogic.tests.unit.call_worlds import expected
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    NUMBER_1,
    NUMBER_2,
    SandboxFixture,
    assistant_options,
    canary,
    forward_options,
    number_options,
    tool_options,
    trunk_options,
)

UNUSED, LOGIN = "31201234569", "01234"
Options = dict[str, t.Any]


class CallStage(SandboxFixture):
    """Two numbers that an assistant answers, and one without an assistant. The sandbox's time passes in pauses."""

    def __init__(self) -> None:
        self.password = canary()
        super().__init__(
            {
                "balance": 35.0,
                "numbers": [NUMBER_1, NUMBER_2, UNUSED],
                "sip_accounts": [{"name": LOGIN, "password": self.password}],
            }
        )
        self.do(SIP_TRUNK, **trunk_options(password=self.password))
        self.do(TRANSFER_TOOL, **tool_options())
        self.do(ASSISTANT, **assistant_options(tools=["to_human"]))
        self.do(ASSISTANT, **assistant_options(name="Sales"))
        trunk = self.store("credentials")[0]["id"]
        for number in (NUMBER_1, NUMBER_2):
            self.do(PHONE_NUMBER, **number_options(number=number, name=number, assistant="Reception"))
            self.do(FORWARD, **forward_options(number=number, vapi_trunk_id=trunk))
        self.do(PHONE_NUMBER, **number_options(number=UNUSED, name=UNUSED))
        self.fresh()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.clock.now += datetime.timedelta(seconds=seconds)

    def scripts(self, *scripts: Options) -> None:
        self.world.settings["calls"] = list(scripts)

    def check(self, *, dry: bool = False, **options: t.Any) -> Options:
        engines = {"vapi": self.engine(CALL, check=dry), "didlogic": self.engine(SIP_ACCOUNT, check=dry)}
        given = {"from": NUMBER_1, "to": NUMBER_2, "confirm_cost": True, **options}
        return call_check.check(engines, from_options(call_check.CheckOptions, given))

    def verdict(self, **options: t.Any) -> tuple[dict[str, bool | None], Options, str]:
        """The verdict by step, the result, and the message of a failure."""
        try:
            result, text = self.check(**options), ""
        except ModuleFailureError as failure:
            result, text = failure.result, str(failure)
        return {name: step["ok"] for name, step in result["check"]["steps"].items()}, result, text

    @property
    def posts(self) -> int:
        """The requests for calls that reached the service."""
        return sum(entry["method"] == "POST" and entry["path"] == "/call" for entry in self.world.journal)


@pytest.fixture
def stage() -> CallStage:
    return CallStage()


def test_healthy_call_is_proven(stage: CallStage) -> None:
    steps, result, text = stage.verdict()
    assert (steps, text, stage.posts) == (expected(), "", 1)
    assert result["check"]["ok"] is True
    assert result["check"]["cost"]["total"] > 0
    assert result["call"]["answered_by"]["name"] == "Reception"
    placed = stage.world.vapi["calls"][result["check"]["id"]]["assistantOverrides"]
    assert "toolIds" not in placed["model"], "the transfer tool of the assistant is not used by the calling side"
    assert result["check"]["code"] in placed["firstMessage"].replace(", ", "")


def test_check_mode_returns_the_call_and_its_cost_and_places_none(stage: CallStage) -> None:
    assert stage.check(dry=True)["call"]["estimate"]["total"] is None, "no recent call shows a price"
    stage.check()
    stage.fresh()
    result = stage.check(dry=True, confirm_cost=False, max_seconds=60)
    assert stage.writes == []
    # The sandbox's prices: two calls of a minute at Vapi, and one of didlogic in both directions.
    assert result["call"]["estimate"]["vapi"] == pytest.approx(0.2, abs=0.01)
    assert result["call"]["estimate"]["didlogic"] > 0
    assert {step["ok"] for step in result["check"]["steps"].values()} == {None}
    assert "no-failover" in [finding["rule"] for finding in result["findings"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"confirm_cost": False}, "real call"),
        ({"to": NUMBER_1}, "must differ"),
        ({"to": f"+{NUMBER_1}"}, "must differ"),
        ({"to": "31201110001"}, "Only own numbers"),
        ({"from": "31201110001"}, "Only own numbers"),
        ({"to": UNUSED}, "no assistant"),
        ({"max_seconds": 9}, "must be 10 to"),
    ],
)
def test_invalid_call_is_not_placed(stage: CallStage, options: Options, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        stage.check(**options)
    assert stage.writes == []


@pytest.mark.parametrize("number", [NUMBER_1, NUMBER_2])
@pytest.mark.parametrize("service", ["didlogic", "vapi"])
def test_number_that_one_service_does_not_have_is_not_called(stage: CallStage, number: str, service: str) -> None:
    if service == "didlogic":
        stage.world.didlogic["numbers"] = [row for row in stage.world.didlogic["numbers"] if row["number"] != number]
    else:
        for row in stage.store("phone_numbers"):
            if row["number"] == number:
                del stage.world.vapi["phone_numbers"][row["id"]]
    for dry in (False, True):
        with pytest.raises(OptionError, match=r"is not a (number of|phone number in)"):
            stage.check(dry=dry)
    assert stage.writes == []


def _gateways(**values: t.Any) -> t.Callable[[CallStage], None]:
    def act(stage: CallStage) -> None:
        for trunk in stage.store("credentials"):
            for gateway in trunk["gateways"]:
                gateway.update(values)

    return act


def _password(stage: CallStage) -> None:
    stage.world.didlogic["sip_accounts"][0]["password"] = canary()


def _balance(stage: CallStage) -> None:
    stage.world.balance = 0


def _desk_phone(stage: CallStage) -> None:
    """A SIP account is the first destination."""
    rows = t.cast("Options", stage.world.number(NUMBER_2))["destinations"]
    rows.insert(0, {**rows[0], "id": 1, "destination": LOGIN, "transport": 5, "priority": 0})


def _spelling(stage: CallStage) -> None:
    for row in stage.store("phone_numbers"):
        row["number"] = f"+{row['number']}" if row["number"] == NUMBER_2 else row["number"]


def _scripts(near: Options | None = None, far: Options | None = None) -> t.Callable[[CallStage], None]:
    """What happens at the calling and at the answering side."""
    near, far = near or {}, far or {}
    return lambda stage: stage.scripts({"match": {"number": NUMBER_2}, **near}, {"match": {"number": NUMBER_1}, **far})


def _slots(limit: int) -> t.Callable[[CallStage], None]:
    return lambda stage: stage.world.settings.update(concurrency_limit=limit)


REFER = {"destination": f"sip:+{NUMBER_1}@sip.nl.didlogic.net", "status": "connected", "leg": False}
LATER = dict.fromkeys(("answered", "heard", "ended"))
#: What is wrong, the verdict, and words of the message.
SCRIPTED: dict[str, tuple[t.Callable[[CallStage], None], dict[str, bool | None], str]] = {
    "wrong password": (_password, expected(carried=False, **LATER), "login"),
    "no balance": (_balance, expected(carried=False, **LATER), "403"),
    "no inbound gateway": (
        _gateways(inboundEnabled=False), expected(carried=False, **LATER), "routing_audit"),
    "other spelling": (_spelling, expected(carried=False, **LATER), "routing_audit"),
    "busy": (
        _scripts({"ended_reason": "customer-busy"}), expected(answered=False, heard=None, ended=None), "busy"),
    "503": (
        _scripts({"ended_reason": "call.in-progress.error-providerfault-outbound-sip-503-service-unavailable"}),
        expected(carried=False, **LATER), "503"),
    "desk phone": (_desk_phone, expected(answered=False, heard=None), "Somebody else"),
    "no slot for the inbound call": (_slots(1), expected(answered=False, heard=None, ended=None), "concurren"),
    "silence there": (_scripts(far={"hears": False}), expected(heard=False), "No audio"),
    "silence back": (_scripts({"hears": False}), expected(heard=False), "No audio"),
    "silence": (_scripts({"hears": False}, {"hears": False}), expected(heard=False), "No audio"),
    "cut": (
        _scripts({"talk": 10, "ended_reason": "customer-ended-call"},
                 {"talk": 10, "ended_reason": "customer-ended-call"}),
        expected(ended=False), "network ended the call after 10 s"),
    "REFER that rings nobody": (
        _scripts(far={"talk": 11, "transfers": [REFER]}), expected(ended=False), "no leg"),
    "records that are late": (_scripts({"record_delay": 20}, {"record_delay": 15}), expected(), ""),
    "an inbound call that is listed late": (_scripts(far={"list_delay": 28}), expected(), ""),
    "calls that are listed late": (_scripts({"list_delay": 60}, {"list_delay": 80}), expected(), ""),
    "calls that are not listed": (
        _scripts({"list_delay": 900}, {"list_delay": 900}), expected(answered=None, heard=None), ""),
    "an assistant that repeats nothing": (_scripts(far={"repeats": False}), expected(heard=None), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTED)
def test_scripted_world_has_its_verdict(stage: CallStage, name: str) -> None:
    act, steps, words = SCRIPTED[name]
    act(stage)
    found, result, text = stage.verdict()
    assert found == steps, result["check"]
    assert words in text
    assert bool(text) == (False in steps.values()), "the task fails if a step is false"
    assert stage.posts == 1


#: Faults of a request, and of all requests from then on.
KINDS: list[Options] = [
    {"kind": "close"},
    {"kind": "close", "when": "after"},
    {"kind": "reset"},
    {"kind": "reset", "when": "after"},
    {"kind": "refuse"},
    {"kind": "truncate"},
    {"kind": "delay", "seconds": 30},
    {"kind": "status", "code": 500},
    {"kind": "status", "code": 500, "when": "after"},
    {"kind": "status", "code": 429},
    {"kind": "status", "code": 503, "when": "after"},
    {"kind": "html"},
]
#: Requests, and which of them the fault affects: how many, and from which on.
REQUESTS: dict[str, tuple[Options, list[tuple[int | None, int]]]] = {
    "the call": ({"method": "POST"}, [(1, 0), (None, 0)]),
    "the reads": ({"method": "GET"}, [(None, 14)]),
    "all": ({}, [(2, 15)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
@pytest.mark.parametrize("match", REQUESTS)
def test_one_request_at_most_under_faults(kind: Options, match: str) -> None:
    for times, nth in REQUESTS[match][1]:
        stage = CallStage()
        fault = {**kind, "times": times, "nth": nth, "match": REQUESTS[match][0]}
        stage.faults(fault)
        failed: Exception | None = None
        try:
            stage.check()
        except (ApiError, ModuleFailureError) as error:
            failed = error
        # A connection that is refused certainly carries nothing.
        assert stage.posts <= 1 or kind["kind"] == "refuse", fault
        placed = [row for row in stage.store("calls") if row["type"] == "outboundPhoneCall"]
        assert len(placed) <= 1, fault
        if isinstance(failed, ModuleFailureError) and "id" not in failed.result["check"] and placed:
            assert failed.result["outcome_unknown"], "a call whose answer was lost is not reported as refused"
