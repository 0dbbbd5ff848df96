# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can not be taken back: one POST at most leaves the machine, and what it did is found out without another."""

from __future__ import annotations

import datetime
import functools
import random
import re
import typing as t
import uuid

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import client as http_client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import read_budget
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    OutcomeUnknownError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    desired_batches,
    desired_from_options,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID, Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import overrides
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import stamp
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL
from ansible_collections.voiceops.vapi_didlogic.tests.unit.resources import ONCE
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    ASSISTANT,
    CASES,
    PHONE_NUMBER,
    Hook,
    SandboxFixture,
    assistant_options,
    call_options,
    campaign_options,
    number_options,
    side_by_side,
)

Options = dict[str, t.Any]
ANNA, BEN = "+31201110001", "+31201110002"


KINDS = [(resource, functools.partial(dict, CASES[resource.name].options)) for resource in ONCE]


@pytest.fixture
def stage() -> SandboxFixture:
    return ready_stage()


def ready_stage() -> SandboxFixture:
    return CASES["call"].stage()


def posts(stage: SandboxFixture) -> int:
    """Requests that set something off, as the service counts them."""
    return sum(write.startswith("POST") for write in stage.writes)


def later(stage: SandboxFixture, **delta: int) -> str:
    return stamp(stage.clock.now + datetime.timedelta(**delta))


# ------------------------------------------------------------------------------------------------------- one request


@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_create_sends_one_request(stage: SandboxFixture, resource: t.Any, options: t.Any) -> None:
    outcome = stage.do(resource, **options())
    assert outcome.changed
    assert stage.writes == [f"POST {resource.path}"]
    assert outcome.result["id"] != UNKNOWN_ID


@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_check_mode_validates_and_creates_nothing(stage: SandboxFixture, resource: t.Any, options: t.Any) -> None:
    before = stage.contents()
    outcome = stage.do(resource, check=True, **options())
    assert outcome.changed
    assert outcome.plan is not None
    assert outcome.plan.before == {}
    assert outcome.plan.after["phone_number"] == stage.store("phone_numbers")[0]["id"]
    assert outcome.result["id"] == UNKNOWN_ID
    assert stage.writes == []
    assert stage.contents() == before


#: Places of an id in overrides, by the kind of object that it refers to.
PLACES: dict[str, list[t.Callable[[object], Options]]] = {
    "tools": [
        lambda one: {"model": {"provider": "openai", "model": "gpt-4o", "toolIds": [one]}},
        lambda one: {
            "model": {"provider": "openai", "model": "gpt-4o", "toolRefs": [{"toolId": one, "version": "v1"}]}
        },
        lambda one: {"hooks": [{"on": "call.ending", "do": [{"type": "tool", "toolId": one}]}]},
    ],
    "assistants": [
        lambda one: {
            "hooks": [{"on": "call.ending", "do": [{"destination": {"type": "assistant", "assistantId": one}}]}]
        },
        lambda one: {
            "tools:append": [{"type": "handoff", "destinations": [{"type": "assistant", "assistantId": one}]}]
        },
    ],
    "squads": [
        lambda one: {"tools:append": [{"type": "handoff", "destinations": [{"type": "squad", "squadId": one}]}]},
    ],
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("kind", "number"), [(kind, at) for kind, places in PLACES.items() for at in range(len(places))]
)
def test_ids_in_overrides_exist(stage: SandboxFixture, kind: str, number: int, check: bool) -> None:
    """An unknown id, and the id of an object of another kind, are refused before the call, in check mode too."""
    rows = rows_for(stage)
    place = PLACES[kind][number]
    for other in [str(uuid.uuid4()), *(rows[name] for name in PLACES if name != kind)]:
        before = posts(stage)
        outcome = stage.try_(CALL, check=check, **call_options(assistant_overrides=place(other)))
        assert isinstance(outcome.error, OptionError)
        assert re.search(r"assistant_overrides.*has this id", str(outcome.error))
        assert posts(stage) == before
    own = {"metadata": {"toolId": "x"}, "variableValues": {"assistantId": "y"}}
    known = overrides.check_overrides(stage.objects, {**place(rows[kind]), **own})
    assert known == ()
    both = {**place(str(uuid.uuid4())), "squadId": str(uuid.uuid4())}
    with pytest.raises(OptionError, match=r"(?s)assistant_overrides.*assistant_overrides\.squadId"):
        overrides.check_overrides(stage.objects, both)


def rows_for(stage: SandboxFixture) -> dict[str, str]:
    """The id of one object of each kind that overrides may refer to."""
    assistant = stage.store("assistants")[0]["id"]
    stage.do(TRANSFER_TOOL, name="to_desk", destinations=[{"number": "+31201110009"}])
    stage.do(SQUAD, name="Team", members=[{"assistant": assistant}])
    return {"tools": stage.store("tools")[-1]["id"], "assistants": assistant, "squads": stage.store("squads")[-1]["id"]}


@pytest.mark.parametrize("key", ["credentialIds", "credentialId", "knowledgeBaseId", "structuredOutputIds"])
def test_ids_that_cannot_be_verified_are_named(key: str) -> None:
    def unreadable(_kind: object) -> list[t.Any]:
        raise ApiError("no permission")

    value: object = ["x"] if key.endswith("s") else "x"
    (warning,) = overrides.check_overrides(lambda _kind: [], {"analysisPlan": {key: value}})
    assert f"assistant_overrides.analysisPlan.{key}" in warning
    (warning,) = overrides.check_overrides(unreadable, {"model": {"toolIds": ["x"]}})
    assert "assistant_overrides.model.toolIds[0]" in warning


@pytest.mark.parametrize("target", ["assistant", "squad"])
@pytest.mark.parametrize(("latest", "version", "says"), [
    ("v3", "v3", ""), ("v3", "v7", "newest published version of the .* is v3"), ("v3", "v2", "could not be verified"),
    (None, "v1", "may not use versioning"), ("", "v1", "may not use versioning"),
])  # fmt: skip
def test_version_is_compared_with_the_newest(target: str, latest: str | None, version: str, says: str) -> None:
    options = {"assistant": "1", "phone_number": "2", "customer": {"number": "+31201110001"}}
    options = {**options, "assistant": None, target: "1", f"{target}_version": version}
    call = CALL.record(**{name: value for name, value in options.items() if name != "customer"})
    found = overrides.check_version(lambda _kind: [{"id": "1", "latestVersion": latest}], call)
    assert bool(found) == bool(says)
    assert not says or re.search(says, found[0])


def with_calls(stage: SandboxFixture, count: int, *, hours: int, own: bool, **more: t.Any) -> None:
    """Calls that were created within an hour, with the phone number of the task or another one."""
    calls = stage.world.vapi["calls"]
    number = stage.store("phone_numbers")[0]["id"] if own else str(uuid.uuid4())
    for at in range(count):
        made = stamp(stage.clock.now - datetime.timedelta(hours=hours, milliseconds=at))
        row = {"type": "outboundPhoneCall", "status": "ended", "endedReason": "customer-ended-call", "createdAt": made}
        row |= {"id": str(uuid.uuid4()), "phoneNumberId": number, "analysis": {"summary": "x" * 2000}, **more}
        calls[row["id"]] = {**row, "updatedAt": made, "orgId": stage.world.org_id}


MARK = {"assistantOverrides": {"metadata": {"voiceops_idempotency_key": "order-7"}}}
#: Age in hours of the call with the key, whether it has the number of the task, and what it is.
SEARCHED: list[tuple[int, bool, Options]] = [
    (1, True, {}),
    (1, False, {}),
    (240, True, {"status": "scheduled", "endedReason": None}),
    (23, True, {"status": "scheduled", "endedReason": None}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("hours", "own", "state"), SEARCHED)
def test_key_is_found_among_the_calls_of_a_busy_account(
    stage: SandboxFixture, hours: int, own: bool, state: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls of other numbers are not read beyond the last day, and what is read is not kept."""
    monkeypatch.setattr(read_budget, "MAX_ROWS", 1500)
    monkeypatch.setattr(read_budget, "MAX_LISTS", 50_000)
    with_calls(stage, 3000, hours=48, own=False)
    with_calls(stage, 300, hours=30, own=True)
    with_calls(stage, 300, hours=12, own=False)
    options = call_options(idempotency_key="order-7")
    with_calls(stage, 1, hours=hours, own=own, customer=options["customer"], **MARK, **state)
    outcome = stage.do(CALL, **options)
    assert not outcome.changed
    assert posts(stage) == 0
    assert stage.do(CALL, **{**options, "idempotency_key": "order-8"}).changed


@pytest.mark.parametrize(("hours", "own"), [(48, True), (1, False)])
@pytest.mark.parametrize("check", [True, False])
def test_key_that_cannot_be_searched_is_refused_with_advice(
    stage: SandboxFixture, hours: int, own: bool, check: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_budget, "MAX_ROWS", 500)
    with_calls(stage, 600, hours=hours, own=own)
    with pytest.raises(ApiError, match=r"more than 500 rows.*Use a phone number with fewer calls"):
        stage.do(CALL, check=check, **call_options(idempotency_key="order-7"))
    assert posts(stage) == 0
    assert stage.do(CALL, **call_options()).changed, "without a key nothing is searched"


LOST: list[Options] = [
    {"kind": "close", "when": "after"},
    {"kind": "reset", "when": "after"},
    {"kind": "truncate"},
    {"kind": "hang", "seconds": 60, "when": "after"},
    {"kind": "html", "when": "after"},
    {"kind": "garbage", "when": "after"},
    {"kind": "status", "code": 500, "when": "after"},
    {"kind": "status", "code": 504, "when": "after"},
]


@pytest.mark.parametrize("loss", LOST, ids=lambda loss: f"{loss['kind']}{loss.get('code', '')}")
@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_lost_response_is_resolved_by_lookup(
    stage: SandboxFixture, resource: t.Any, options: t.Any, loss: Options
) -> None:
    stage.faults({**loss, "match": {"method": "POST"}, "times": None})
    outcome = stage.do(resource, **options())
    assert outcome.changed
    assert posts(stage) == 1
    kind = "calls" if resource is CALL else "campaigns"
    assert outcome.result["id"] in {row["id"] for row in stage.store(kind)}


@pytest.mark.parametrize(
    "loss",
    [
        {"kind": "close", "when": "before"},
        {"kind": "reset", "when": "before"},
        {"kind": "hang", "seconds": 60, "when": "before"},
        {"kind": "status", "code": 500, "when": "before"},
        {"kind": "status", "code": 503, "when": "before"},
    ],
    ids=lambda loss: f"{loss['kind']}{loss.get('code', '')}",
)
@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_lost_request_without_match_is_unknown_outcome(
    stage: SandboxFixture, resource: t.Any, options: t.Any, loss: Options
) -> None:
    """The request may still be on its way: the second one is left to people."""
    stage.faults({**loss, "match": {"method": "POST"}})
    outcome = stage.try_(resource, **options())
    assert isinstance(outcome.error, OutcomeUnknownError)
    assert "may or may not have been processed" in str(outcome.error)
    assert "_info" in str(outcome.error)
    assert outcome.changed, "it may be"
    assert sum(write.startswith("POST") for write in stage.writes) <= 1


@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_rate_limited_create_is_not_retried(stage: SandboxFixture, resource: t.Any, options: t.Any) -> None:
    stage.faults({"kind": "status", "code": 429, "headers": {"retry-after": "1"}, "match": {"method": "POST"}})
    outcome = stage.try_(resource, **options())
    assert "was not sent again" in str(outcome.error)
    assert not outcome.changed
    assert posts(stage) == 1


@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_rejected_create_is_reported(stage: SandboxFixture, resource: t.Any, options: t.Any) -> None:
    stage.faults({"kind": "status", "code": 400, "match": {"method": "POST"}})
    outcome = stage.try_(resource, **options())
    assert "sandbox fault" in str(outcome.error)
    assert not outcome.changed
    assert posts(stage) == 1


@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_refused_connection_is_no_unknown_outcome(stage: SandboxFixture, resource: t.Any, options: t.Any) -> None:
    class Deaf(Hook):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                raise httpx.ConnectError("refused")
            return super().handle_request(request)

    outcome = stage.try_(resource, transport=Deaf(stage), **options())
    assert "connection to 127.0.0.1:80 failed" in str(outcome.error)
    assert not outcome.changed
    assert posts(stage) == 0


@pytest.mark.parametrize(("resource", "options"), KINDS)
def test_failed_lookup_does_not_retry_the_create(stage: SandboxFixture, resource: t.Any, options: t.Any) -> None:
    def after(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(502) if posts(stage) else answer

    outcome = stage.try_(resource, transport=Hook(stage, after=after), **options())
    assert isinstance(outcome.error, OutcomeUnknownError)
    assert posts(stage) == 1


def test_client_with_retries_calls_twice(stage: SandboxFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count above can fail: a client that repeats what was not answered places a second call."""
    real = http_client.Client.write

    def again(self: t.Any, write: t.Any) -> t.Any:
        try:
            return real(self, write)
        except OutcomeUnknownError:
            return real(self, write)

    monkeypatch.setattr(http_client.Client, "write", again)
    stage.faults({"kind": "close", "when": "after", "match": {"method": "POST"}})
    stage.try_(CALL, **call_options())
    assert posts(stage) == 2


# --------------------------------------------------------------------------------------------------------------- calls


def test_idempotency_key_returns_the_existing_call(stage: SandboxFixture) -> None:
    first = stage.do(CALL, **call_options(idempotency_key="order-7"))
    second = stage.do(CALL, **call_options(idempotency_key="order-7"))
    other = stage.do(CALL, **call_options(idempotency_key="order-8"))
    assert (first.changed, second.changed, other.changed) == (True, False, True)
    assert first.result["id"] == second.result["id"] != other.result["id"]
    assert second.result["idempotency_key"] == "order-7"
    assert posts(stage) == 2


def test_idempotency_key_expires_after_a_day(stage: SandboxFixture) -> None:
    stage.do(CALL, **call_options(idempotency_key="order-7"))
    stage.clock.now += datetime.timedelta(hours=25)
    assert stage.do(CALL, **call_options(idempotency_key="order-7")).changed


@given(
    ahead=st.integers(1, 90 * 24),
    span=st.integers(0, 200),
    looks=st.lists(st.floats(0, 1), min_size=1, max_size=4),
    others=st.sampled_from([0, 1, 130]),
    scheduled_again=st.booleans(),
)
@settings(max_examples=20)
def test_idempotency_key_of_scheduled_call_is_found(
    ahead: int, span: int, looks: list[float], others: int, scheduled_again: bool
) -> None:
    """However far ahead it was ordered, among whatever else was ordered since, and until 24 hours after its time."""
    stage = ready_stage()
    ordered = stage.clock.now
    end = ahead + span
    times = {"schedule_at": later(stage, hours=ahead), **({"schedule_until": later(stage, hours=end)} if span else {})}
    first = stage.do(CALL, **call_options(idempotency_key="order-7", **times))
    (row,) = stage.store("calls")
    for number in range(others):
        created = stamp(ordered + datetime.timedelta(seconds=1 + number))
        other = {**row, "id": f"00000000-0000-4000-8000-{number:012}", "createdAt": created, "updatedAt": created}
        stage.world.vapi["calls"][other["id"]] = {**other, "assistantOverrides": {}}
    for share in sorted(looks):
        stage.clock.now = ordered + datetime.timedelta(hours=share * (end + 23))
        again = stage.try_(CALL, **call_options(idempotency_key="order-7", **(times if scheduled_again else {})))
        assert again.error is None
        assert (again.changed, again.result["id"]) == (False, first.result["id"])
    assert posts(stage) == 1


@pytest.mark.parametrize("reason", ["scheduled-call-deleted", "customer-ended-call"])
@pytest.mark.parametrize(("hours", "counts"), [(23, True), (7 * 24 + 23, True), (7 * 24 + 25, False)])
def test_idempotency_key_expires_a_day_after_the_schedule(
    stage: SandboxFixture, reason: str, hours: int, counts: bool
) -> None:
    stage.do(CALL, **call_options(idempotency_key="order-7", schedule_at=later(stage, days=7)))
    (row,) = stage.store("calls")
    now = stamp(stage.clock.now)
    over = {"status": "ended", "endedReason": reason, "endedAt": now, "updatedAt": now}
    stage.world.vapi["calls"][row["id"]] |= over
    stage.clock.now += datetime.timedelta(hours=hours)
    assert stage.do(CALL, **call_options(idempotency_key="order-7")).changed is not counts


def test_idempotency_key_with_another_customer_is_rejected(stage: SandboxFixture) -> None:
    stage.do(CALL, **call_options(idempotency_key="order-7"))
    outcome = stage.try_(CALL, **call_options(idempotency_key="order-7", customer={"number": BEN}))
    assert "another person" in str(outcome.error)
    assert posts(stage) == 1


def test_every_run_calls_without_idempotency_key(stage: SandboxFixture) -> None:
    for _run in range(2):
        outcome = stage.do(CALL, **call_options())
        assert "idempotency_key" not in outcome.result
    assert posts(stage) == 2


def test_call_of_another_run_is_not_matched(stage: SandboxFixture) -> None:
    """A lost request, and the very same call made by somebody else in the meantime."""
    stage.do(CALL, **call_options())
    stage.faults({"kind": "close", "when": "before", "match": {"method": "POST"}})
    assert isinstance(stage.try_(CALL, **call_options()).error, OutcomeUnknownError)


def with_squad(stage: SandboxFixture) -> None:
    squad = {"id": "00000000-0000-4000-8000-000000000001", "name": "Team", "createdAt": "2026-01-01T00:00:00Z"}
    stage.world.vapi["squads"][squad["id"]] = squad


def test_idempotency_key_of_call_with_squad_is_found(stage: SandboxFixture) -> None:
    with_squad(stage)
    options = {**call_options(idempotency_key="x"), "assistant": None, "squad": "Team"}
    assert stage.do(CALL, **options).changed
    assert not stage.do(CALL, **options).changed


@pytest.mark.parametrize(
    ("target", "field"), [("assistant", "assistantVersion"), ("squad", "squadVersion")], ids=["assistant", "squad"]
)
def test_call_with_assistant_version(stage: SandboxFixture, target: str, field: str) -> None:
    with_squad(stage)
    own = {"assistant": call_options()["assistant"], "squad": "Team"}[target]
    options = {**call_options(), "assistant": None, target: own, f"{target}_version": "v7"}
    result = stage.do(CALL, **options).result
    assert result[f"{target}_version"] == "v7"
    (call,) = stage.store("calls")
    assert call[field] == "v7"
    other = {"assistant": "squad", "squad": "assistant"}[target]
    with pytest.raises(OptionError, match=f"{other}_version"):
        desired_from_options(CALL, {**options, f"{other}_version": "v1"})


@pytest.mark.parametrize("resource", [CALL, CAMPAIGN, PHONE_NUMBER], ids=lambda resource: resource.name)
def test_workflow_error_is_reported_once(resource: Resource) -> None:
    given = {"name": "x", "number": "31201234567", "phone_number": "x", "customer": {"number": ANNA}, "csv": "x"}
    taken = fields(resource.record) | fields(resource.options)
    given = {name: value for name, value in given.items() if name in taken}
    with pytest.raises(OptionError, match="2026-08-19") as caught:
        desired_from_options(resource, {**given, "workflow": "00000000-0000-4000-8000-000000000002"})
    assert "must be given" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "path", "text"),
    [
        ({"customer": {"number": "0201234567"}}, "customer.number", "E.164"),
        ({"customer": {}}, "customer", "exactly one"),
        ({"customer": {"number": ANNA, "sip_uri": "sip:a@b"}}, "customer", "exactly one"),
        ({"customer": {"sip_uri": "a@b"}}, "customer.sip_uri", "sip:"),
        ({"customer": {"sip_uri": "sip:a@b", "extension": "1"}}, "customer.extension", "requires number"),
        ({"customer": {"number": ANNA, "name": "x" * 41}}, "customer.name", "40"),
        ({"squad": "x"}, "squad", "cannot be given with assistant"),
        ({"assistant": None}, "assistant", "must be given"),
        ({"schedule_at": "tomorrow"}, "schedule_at", "ISO 8601"),
        ({"schedule_at": "2027-01-31T09:30:00"}, "schedule_at", "time zone"),
        ({"schedule_until": "2027-01-31T09:30:00Z"}, "schedule_until", "requires schedule_at"),
        (
            {"schedule_at": "2027-01-31T09:30:00Z", "schedule_until": "2027-01-31T09:30:00+01:00"},
            "schedule_until",
            "later",
        ),
        ({"assistant_overrides": {"variableValues": {}}}, "assistant_overrides.variableValues", "variables"),
        ({"assistant_overrides": {"metadata": 1}}, "assistant_overrides.metadata", "dict"),
        ({"idempotency_key": "run 42"}, "idempotency_key", "must not begin"),
        ({"phone_number": ""}, "phone_number", "must be given"),
    ],
)
def test_invalid_call_options_are_named(options: Options, path: str, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        desired_batches(CALL, call_options(**options))
    assert caught.value.path == path
    assert text in caught.value.rule


@pytest.mark.parametrize(("resource", "options"), KINDS)
@pytest.mark.parametrize("check", [False, True])
def test_call_that_cannot_work_is_not_created(
    stage: SandboxFixture, resource: t.Any, options: t.Any, check: bool
) -> None:
    """In a dry run as well."""

    def fails(text: str, **more: t.Any) -> None:
        outcome = stage.try_(resource, check=check, **options(**more))
        assert text in str(outcome.error)

    nobody = "00000000-0000-4000-8000-000000000009"
    fails("no assistant has the name or id", assistant=nobody)
    fails("no phone number has the name or id", phone_number=nobody)
    fails("is in the past", schedule_at=later(stage, hours=-1))
    (trunk,), (number,) = stage.store("credentials"), stage.store("phone_numbers")
    held = stage.world.vapi["credentials"].pop(trunk["id"])
    fails("has no existing SIP trunk")
    stage.world.vapi["credentials"][trunk["id"]] = {**held, "gateways": [held["gateways"][1]]}
    fails("without an outbound gateway")
    stage.world.vapi["credentials"][trunk["id"]] = held
    stage.world.vapi["phone_numbers"][number["id"]]["status"] = "blocked"
    fails("is blocked")
    assert stage.writes == []


def test_missing_reference_is_accepted_in_check_mode(stage: SandboxFixture) -> None:
    outcome = stage.do(CALL, check=True, **call_options(assistant="Later", phone_number="Later too"))
    assert outcome.result["assistant"] == UNKNOWN_ID
    assert len(stage.warnings) == 2


def test_trunk_without_login_is_a_warning(stage: SandboxFixture) -> None:
    (trunk,) = stage.store("credentials")
    del stage.world.vapi["credentials"][trunk["id"]]["outboundAuthenticationPlan"]
    outcome = stage.do(CALL, **call_options())
    assert any("no username" in warning for warning in outcome.warnings)


def test_call_waiting_for_a_line_has_a_warning(stage: SandboxFixture) -> None:
    for _number in range(10):
        assert stage.do(CALL, **call_options()).warnings == []
    assert any("limit of 10 concurrent calls" in warning for warning in stage.do(CALL, **call_options()).warnings)


def test_schedule_is_sent_in_utc(stage: SandboxFixture) -> None:
    start = (stage.clock.now + datetime.timedelta(days=1)).astimezone(datetime.timezone(datetime.timedelta(hours=2)))
    outcome = stage.do(CALL, **call_options(schedule_at=start.isoformat()))
    (call,) = stage.store("calls")
    assert call["schedulePlan"]["earliestAt"].endswith("Z")
    assert datetime.datetime.fromisoformat(call["schedulePlan"]["earliestAt"]) == start.replace(
        microsecond=start.microsecond // 1000 * 1000
    )
    assert outcome.result["outcome"] == "scheduled"


# ----------------------------------------------------------------------------------------------------------- campaigns


def test_second_campaign_run_changes_nothing(stage: SandboxFixture) -> None:
    stage.do(CAMPAIGN, **campaign_options())
    stage.fresh()
    again = stage.do(CAMPAIGN, **campaign_options())
    assert not again.changed
    assert stage.writes == []
    assert again.result["contacts"] == 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"customers": [{"number": ANNA, "name": "A", "variables": {"weekday": "Friday"}}]},
            "0 new, 1 missing",
        ),
        ({"customers": [{"number": ANNA}, {"number": BEN}]}, "1 with another name or other variables"),
        ({"customers": [{"number": "+31201110003"}]}, "1 new, 2 missing"),
        ({"assistant": "Other"}, "Option assistant"),
        ({"phone_number": "Second"}, "Option phone_number"),
    ],
)
def test_started_campaign_cannot_be_changed(stage: SandboxFixture, change: Options, text: str) -> None:
    stage.do(ASSISTANT, **assistant_options(name="Other"))
    stage.do(PHONE_NUMBER, **number_options(number="31201234568", name="Second"))
    stage.do(CAMPAIGN, **campaign_options())
    stage.fresh()
    outcome = stage.try_(CAMPAIGN, **campaign_options(**change))
    assert text in str(outcome.error)
    assert "another name" in str(outcome.error)
    assert stage.writes == []


def test_variables_are_sent_unchanged(stage: SandboxFixture) -> None:
    """Also those whose names sound like a secret's, which are hidden only where people see them."""
    people = [{"number": ANNA, "variables": {"token": "A1", "city": "Delft"}}]
    stage.do(CAMPAIGN, **campaign_options(customers=people))
    (row,) = stage.store("campaigns")
    assert row["customers"][0]["assistantOverrides"]["variableValues"] == {"token": "A1", "city": "Delft"}
    assert not stage.do(CAMPAIGN, **campaign_options(customers=people)).changed


def test_order_of_contacts_is_ignored(stage: SandboxFixture) -> None:
    stage.do(CAMPAIGN, **campaign_options())
    people = campaign_options()["customers"][::-1]
    assert not stage.do(CAMPAIGN, **campaign_options(customers=people)).changed


def test_absent_cancels_and_is_idempotent(stage: SandboxFixture) -> None:
    stage.do(CAMPAIGN, **campaign_options())
    stage.fresh()
    gone = stage.do(CAMPAIGN, name="Renewal", state="absent")
    assert gone.changed
    assert gone.result["status"] == "cancelled"
    assert [write.split()[0] for write in stage.writes] == ["PATCH"]
    stage.fresh()
    assert not stage.do(CAMPAIGN, name="Renewal", state="absent").changed
    assert "was cancelled" in str(stage.try_(CAMPAIGN, **campaign_options()).error)
    assert not stage.do(CAMPAIGN, name="Never there", state="absent").changed
    assert stage.writes == []


def test_lost_cancel_response_is_resolved_by_lookup(stage: SandboxFixture) -> None:
    stage.do(CAMPAIGN, **campaign_options())
    stage.faults({"kind": "close", "when": "after", "match": {"method": "PATCH"}})
    assert stage.do(CAMPAIGN, name="Renewal", state="absent").changed


def test_batches_start_together_or_not_at_all(stage: SandboxFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import campaign as facts

    monkeypatch.setattr(facts, "MAX_CONTACTS", 2)
    real = facts.batches
    monkeypatch.setattr(facts, "batches", lambda name, contacts: real(name, contacts, 2))
    people = [{"number": f"+3120111{index:04}"} for index in range(5)]
    with pytest.raises(OptionError, match="split: true"):
        desired_batches(CAMPAIGN, campaign_options(customers=people))
    options = campaign_options(customers=people, split=True, max_concurrency=7)
    desired_objects, result, _advice = desired_batches(CAMPAIGN, options)
    assert [desired.label for desired in desired_objects] == ["Renewal (1/3)", "Renewal (2/3)", "Renewal (3/3)"]
    assert [item.record.max_concurrency for item in desired_objects] == [2, 2, 2]
    assert result["estimate"]["calls_at_once"] == 6

    outcomes = stage.many(CAMPAIGN, [options])
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert sorted(row["name"] for row in stage.store("campaigns")) == [want.label for want in desired_objects]
    stage.fresh()
    assert not any(outcome.changed for outcome in stage.many(CAMPAIGN, [options]))
    assert stage.writes == []
    fewer = stage.many(CAMPAIGN, [campaign_options(customers=people[:2])])
    assert "another number of batches" in str(fewer[0].error)

    stage.do(CAMPAIGN, name="Renewal", state="absent")
    assert {row["status"] for row in stage.store("campaigns")} == {"cancelled"}
    # One part that can not start keeps the others from starting.
    stage.fresh()
    stage.do(CAMPAIGN, **campaign_options(name="Next (2/3)", customers=[{"number": BEN}]))
    stage.fresh()
    outcomes = stage.many(CAMPAIGN, [{**options, "name": "Next"}])
    assert all(outcome.error for outcome in outcomes)
    assert stage.writes == []


def test_interrupted_start_continues_with_missing_batches(
    stage: SandboxFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import campaign as facts

    monkeypatch.setattr(facts, "MAX_CONTACTS", 2)
    real = facts.batches
    monkeypatch.setattr(facts, "batches", lambda name, contacts: real(name, contacts, 2))
    people = [{"number": f"+3120111{index:04}"} for index in range(5)]
    options = campaign_options(customers=people, split=True)
    stage.faults({"kind": "close", "when": "before", "nth": 2, "match": {"method": "POST"}})
    assert any(outcome.error for outcome in stage.many(CAMPAIGN, [options]))
    stage.faults()
    outcomes = stage.many(CAMPAIGN, [options])
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert sorted(row["name"] for row in stage.store("campaigns")) == [f"Renewal ({n}/3)" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_concurrency": 9, "reserve_for_inbound": 2}, "is more than the 8 concurrent calls"),
        ({"reserve_for_inbound": 10}, "leaves no line"),
        ({"max_concurrency": 501}, "1 to 500"),
        ({"csv": "x"}, "cannot be given with customers"),
        ({"phone_number": None}, "must be given"),
        ({"customers": []}, "add one at least"),
        ({"customers": None}, "with the contacts to call"),
        ({"customers": [{"number": "0201234567"}]}, "customers[0]"),
        ({"customers": [{"number": ANNA}, {"number": ANNA}]}, "customers[1]"),
    ],
)
def test_invalid_campaign_options_are_named(options: Options, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        desired_batches(CAMPAIGN, campaign_options(**options))
    assert text in str(caught.value)


def test_invalid_contacts_can_be_skipped() -> None:
    people = [{"number": ANNA}, {"number": "0201234567"}, {"number": ANNA}]
    desired_objects, result, advice = desired_batches(CAMPAIGN, campaign_options(customers=people, skip_invalid=True))
    assert len(desired_objects[0].record.customers) == result["contacts"] == 1
    assert result["left_out"] == 2
    assert "customers[1]" in advice[0]


def test_lines_are_reserved_for_inbound_calls() -> None:
    (desired,), result, _advice = desired_batches(CAMPAIGN, campaign_options(reserve_for_inbound=7))
    assert desired.record.max_concurrency == 3
    assert result["estimate"] == {"calls_at_once": 3, "seconds": 60, "cost": 0.5, "price_per_minute": 0.25}


def test_missing_contacts_file_is_named() -> None:
    options = {**campaign_options(csv="/nowhere/contacts.csv"), "customers": None}
    with pytest.raises(OptionError, match=r'^Option csv \("/nowhere/contacts\.csv"\): cannot be read on the host'):
        desired_batches(CAMPAIGN, options)


def test_immediate_start_has_a_warning(stage: SandboxFixture) -> None:
    outcome = stage.do(CAMPAIGN, check=True, **campaign_options())
    assert any("no schedule_at" in warning for warning in outcome.warnings)
    planned = stage.do(CAMPAIGN, check=True, **campaign_options(schedule_at=later(stage, days=1)))
    assert planned.warnings == []


@pytest.mark.slow
@given(
    seed=st.integers(0, 10_000),
    runs=st.integers(2, 4),
    loss=st.sampled_from([None, *(loss for loss in LOST if loss["kind"] != "hang")]),  # a hang moves the clock of all
    hours=st.sampled_from([None, 24]),
)
@settings(max_examples=25)
def test_concurrent_runs_leave_one_campaign(seed: int, runs: int, loss: Options | None, hours: int | None) -> None:
    """Each sees nothing before its request and all after it; whatever the order, the first campaign alone goes on."""
    stage = ready_stage()
    if loss:
        stage.faults({**loss, "match": {"method": "POST"}, "times": None})
    more = {"schedule_at": later(stage, hours=hours)} if hours else {}
    outcomes = side_by_side(stage, random.Random(seed), CAMPAIGN, [campaign_options(**more)] * runs)
    going = [row["id"] for row in stage.engine(CAMPAIGN).rows(CAMPAIGN) if row["status"] != "cancelled"]
    assert len(going) == 1, "one calls"
    assert [outcome.error for outcome in outcomes] == [None] * runs
    assert {outcome.result["id"] for outcome in outcomes} == set(going)
    again = stage.do(CAMPAIGN, **campaign_options(**more))
    assert (again.changed, again.result["id"]) == (False, going[0]), "what was cancelled is not in the way"


@pytest.mark.parametrize("newer", [True, False])
@pytest.mark.parametrize("name", ["Renewal", "Renewal (1/2)"])
def test_concurrent_campaign_with_other_contacts_cancels_the_newer(
    stage: SandboxFixture, name: str, newer: bool
) -> None:
    """It calls others: the second of the two is cancelled, and a run whose campaign that is says so."""
    when = stamp(stage.clock.now + datetime.timedelta(hours=1 if newer else -1))

    def before(request: httpx.Request) -> None:
        if request.method == "POST":
            other = {
                "id": "00000000-0000-4000-8000-000000000003",
                "orgId": "00000000-0000-4000-8000-000000000004",
                "name": name,
                "status": "scheduled",
                "createdAt": when,
                "updatedAt": when,
                "assistantId": stage.store("assistants")[0]["id"],
                "phoneNumberId": stage.store("phone_numbers")[0]["id"],
                "customers": [{"number": "+31201110009"}],
            }
            stage.world.vapi["campaigns"][other["id"]] = other

    outcome = stage.try_(CAMPAIGN, transport=Hook(stage, before), **campaign_options(schedule_at=later(stage, days=1)))
    going = [row["id"] for row in stage.engine(CAMPAIGN).rows(CAMPAIGN) if row["status"] != "cancelled"]
    assert len(going) == 1
    assert (outcome.error is None) is newer, outcome.error
    assert (going[0] == "00000000-0000-4000-8000-000000000003") is not newer
    assert any("another run" in warning for warning in outcome.warnings)


def test_ambiguous_campaign_name_requires_an_id(stage: SandboxFixture) -> None:
    stage.do(CAMPAIGN, **campaign_options())
    (first,) = stage.store("campaigns")
    second = {**first, "id": "00000000-0000-4000-8000-000000000003"}
    stage.world.vapi["campaigns"][second["id"]] = second
    outcome = stage.try_(CAMPAIGN, **campaign_options())
    assert first["id"] in str(outcome.error)
    assert second["id"] in str(outcome.error)
    assert not stage.do(CAMPAIGN, id=first["id"], **campaign_options()).changed


def test_campaign_has_its_own_label() -> None:
    assert desired_from_options(CALL, call_options()).label == "call"
