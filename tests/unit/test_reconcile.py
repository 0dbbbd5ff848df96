# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against the sandbox: what a run does, what it writes, and what becomes of it when something fails."""

from __future__ import annotations

import json
import random
import typing as t
import uuid

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    RejectedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile_keyed import KeyedReconciler
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.number import NUMBER
from ansible_collections.voiceops.vapi_didlogic.tests.unit.resources import MANAGED
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    ASSISTANT,
    CASES,
    FORWARD,
    NUMBER_1,
    NUMBER_2,
    PHONE_NUMBER,
    SIP_ACCOUNT,
    SIP_TRUNK,
    TRANSFER_TOOL,
    Hook,
    SandboxFixture,
    account_options,
    assistant_options,
    canary,
    number_options,
    side_by_side,
    tool_options,
    trunk_options,
)

Options = dict[str, t.Any]


#: Switches with which a service refuses a second object.
UNIQUE = ("unique_trunk_names", "unique_numbers", "unique_labels")
KINDS = {resource.name: CASES[resource.name] for resource in MANAGED}
EVERY = pytest.mark.parametrize("noun", KINDS)


def comparable(result: Options, facts: t.Iterable[str]) -> Options:
    """A result without what only the service knows."""
    return {name: value for name, value in result.items() if name not in {"id", "priority", *facts}}


# ------------------------------------------------------------------------------------------ the life of one object


@pytest.mark.default_dialect("echo_defaults")  # a dry run does not know the defaults of a service
@EVERY
def test_create_update_delete_lifecycle(noun: str) -> None:
    kind = KINDS[noun]
    stage, facts = kind.stage(), kind.resource.read_only_fields

    def step(changed: bool, there: int, **more: t.Any) -> None:
        """A dry run, the run, and the run again."""
        options = {**kind.options, **more}
        contents = stage.fresh().contents()
        there_before = bool(stage.objects(kind.resource))
        dry = stage.do(kind.resource, check=True, **options)
        assert stage.writes == []
        assert stage.contents() == contents
        assert dry.changed is changed

        real = stage.do(kind.resource, **options)
        assert real.changed is changed
        assert bool(stage.writes) is changed
        assert len(stage.objects(kind.resource)) == there
        predicted, found = comparable(dry.result, facts), comparable(real.result, facts)
        # What the service chooses, and what it adds to a new object of its own, is not foreseen.
        chosen = {name for name, value in predicted.items() if value == UNKNOWN_ID}
        assert all(name in found and (name in chosen or found[name] == value) for name, value in predicted.items())
        assert predicted.keys() == found.keys() or not there_before
        assert dry.plan is not None
        assert real.plan is not None
        assert (dry.plan.action, dry.plan.before, dry.plan.after) == (
            real.plan.action,
            real.plan.before,
            real.plan.after,
        )
        if there:
            assert real.result.get("id")
            assert UNKNOWN_ID not in json.dumps(real.result)

        stage.fresh()
        again = stage.do(kind.resource, **options)
        assert again.changed is False
        assert stage.writes == []
        assert again.result == real.result

    step(True, 1)
    step(True, 1, **kind.change)
    step(True, 0, state="absent", **kind.gone)
    step(False, 0, state="absent", **kind.gone)
    step(True, 1)


@EVERY
def test_check_mode_on_an_empty_account(noun: str) -> None:
    """References to what does not exist yet are taken, with a warning."""
    kind = KINDS[noun]
    stage = SandboxFixture()
    outcome = stage.do(kind.resource, check=True, **kind.options)
    assert outcome.changed
    assert stage.writes == []
    assert len(stage.warnings) == len(kind.first)
    assert bool(kind.first) == (UNKNOWN_ID in json.dumps({**outcome.result, "id": "", "name": ""}))


# -------------------------------------------------------------------------------------------------- lost answers

LOSSES: tuple[Options, ...] = (
    {"kind": "close"},
    {"kind": "reset"},
    {"kind": "hang"},
    {"kind": "status", "code": 500},
    {"kind": "status", "code": 504},
    {"kind": "status", "code": 408},
    {"kind": "html"},
    {"kind": "garbage"},
    {"kind": "garbage", "body": "[]"},
    {"kind": "garbage", "body": "{}"},
    {"kind": "truncate"},
    {"kind": "gzip_bomb", "size": 17 * 1024 * 1024},
)


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("noun", "loss"),
    [
        pytest.param(noun, loss, id="-".join([noun, *map(str, loss.values())]))
        for noun in KINDS
        for loss in LOSSES
        # A bomb takes its time: one for each service.
        if loss["kind"] != "gzip_bomb" or noun in ("sip_trunk", "sip_account")
    ],
)
def test_create_with_lost_response_leaves_one_object(noun: str, loss: Options, when: str) -> None:
    """Carried out or not: one object in the end, and never two in between."""
    kind = KINDS[noun]
    stage = kind.stage()
    stage.faults({**loss, "when": when, "match": {"method": "POST"}})
    outcome = stage.try_(kind.resource, **kind.options)
    assert outcome.error is None, outcome.error
    assert outcome.changed
    assert len(stage.objects(kind.resource)) == 1
    creates = [write for write in stage.writes if write.startswith("POST") and "allowed_ips" not in write]
    assert len(creates) == (1 if when == "after" else 2)
    stage.fresh()
    assert not stage.do(kind.resource, **kind.options).changed
    assert stage.writes == []


@EVERY
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_update_and_delete_with_lost_response_converge(noun: str, method: str, when: str) -> None:
    kind = KINDS[noun]
    stage = kind.stage()
    stage.do(kind.resource, **kind.options)
    stage.faults({"kind": "close", "when": when, "match": {"method": method}})
    change = {"state": "absent", **kind.gone} if method == "DELETE" else kind.change
    outcome = stage.try_(kind.resource, **{**kind.options, **change})
    assert outcome.error is None, outcome.error
    assert outcome.changed
    assert len(stage.objects(kind.resource)) == (method != "DELETE")
    stage.fresh()
    assert not stage.do(kind.resource, **{**kind.options, **change}).changed


@EVERY
@pytest.mark.parametrize("when", ["before", "after"])
def test_write_without_response_is_one_error(noun: str, when: str) -> None:
    """One clear error, at most one object, and the next run finds it."""
    kind = KINDS[noun]
    stage = kind.stage()
    stage.faults({"kind": "close", "when": when, "times": None, "match": {"method": "POST"}})
    outcome = stage.try_(kind.resource, **kind.options)
    assert len(stage.objects(kind.resource)) == (when == "after")
    assert isinstance(outcome.error, ApiError) or when == "after"
    stage.faults()
    stage.do(kind.resource, **kind.options)
    assert len(stage.objects(kind.resource)) == 1


@EVERY
@pytest.mark.parametrize("code", [429, 425])
def test_rate_limited_writes_are_retried(noun: str, code: int) -> None:
    kind = KINDS[noun]
    stage = kind.stage()
    stage.faults({"kind": "status", "code": code, "headers": {"retry-after": "2"}, "match": {"method": "POST"}})
    assert stage.do(kind.resource, **kind.options).changed
    assert len(stage.objects(kind.resource)) == 1
    assert any(pause > 1 for pause in stage.pauses)


@EVERY
def test_rejected_write_is_one_error(noun: str) -> None:
    kind = KINDS[noun]
    stage = kind.stage()
    stage.faults({"kind": "status", "code": 400, "times": None, "match": {"method": "POST"}})
    outcome = stage.try_(kind.resource, **kind.options)
    assert "sandbox fault" in str(outcome.error)
    assert len(stage.writes) == 1
    assert not outcome.changed


@EVERY
def test_failed_read_back_reports_changed(noun: str) -> None:
    kind = KINDS[noun]
    stage = kind.stage()

    def fail_reads(request: httpx.Request, answer: httpx.Response | None) -> httpx.Response | None:
        if request.method != "GET":
            stage.faults({"kind": "status", "code": 400, "times": None, "match": {"method": "GET"}})
        return answer

    outcome = stage.try_(kind.resource, transport=Hook(stage, after=fail_reads), **kind.options)
    assert isinstance(outcome.error, ApiError)
    assert outcome.changed
    assert len(stage.objects(kind.resource)) == 1


# ------------------------------------------------------------------------------------------------ runs side by side


@pytest.mark.default_dialect(*UNIQUE)  # they refuse the other object
@pytest.mark.parametrize("noun", ["sip_trunk", "transfer_tool", "assistant", "phone_number", "sip_account"])
@pytest.mark.parametrize("alike", [True, False], ids=["alike", "different"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_concurrent_create_leaves_the_oldest_object(noun: str, alike: bool, moment: str) -> None:
    """Between list and create, or between create and the second list: the oldest stays, only our own is deleted."""
    kind = KINDS[noun]
    stage = kind.stage()
    other = kind.options if alike else {**kind.options, **kind.change}
    done = []

    def create(request: httpx.Request, answer: t.Any = None) -> t.Any:
        if request.method == "POST" and not done:
            done.append(True)
            # The other run is ended by a signal right after its create.
            resource = kind.resource
            (outcome,) = stage.engine(resource).resolve([desired_from_options(resource, other)])
            planned = KeyedReconciler(stage.engine(resource), resource)._planned(outcome, [], {})
            assert planned is not None
            stage.client(resource).write(planned.mutations[0])
        return answer

    hook = Hook(stage, create) if moment == "before" else Hook(stage, after=create)
    outcome = stage.try_(kind.resource, transport=hook, **kind.options)
    if moment == "after":
        # Ours is the older one: the other run, had it lived, would have taken its own back. The next one says so.
        assert len(stage.objects(kind.resource)) == 2
        assert outcome.error is None or isinstance(outcome.error, OptionError)
        return
    assert outcome.error is None, outcome.error
    assert len(stage.objects(kind.resource)) == 1
    assert not stage.do(kind.resource, **kind.options).changed


@pytest.mark.parametrize("noun", ["sip_trunk", "transfer_tool", "phone_number", "sip_account"])
@pytest.mark.parametrize("seed", range(12))
def test_interleaved_runs_leave_one_object(noun: str, seed: int) -> None:
    """All that two runs do, request by request in a random order."""
    kind = KINDS[noun]
    stage = kind.stage()
    outcomes = side_by_side(stage, random.Random(seed), kind.resource, [kind.options, kind.options])
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == []
    assert len(stage.objects(kind.resource)) == 1
    assert len({outcome.result["id"] for outcome in outcomes}) == 1
    assert not stage.do(kind.resource, **kind.options).changed


@pytest.mark.parametrize("noun", ["sip_trunk", "phone_number", "sip_account"])
@pytest.mark.parametrize("seed", range(3))
def test_interleaved_runs_continue_with_the_object_of_the_other(noun: str, seed: int) -> None:
    """A service that refuses the second creation: the run finds the object of the first."""
    kind = KINDS[noun]
    stage = kind.stage()
    stage.world.settings |= dict.fromkeys(UNIQUE, True)
    outcomes = side_by_side(stage, random.Random(seed), kind.resource, [kind.options, kind.options])
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == []
    assert len(stage.objects(kind.resource)) == 1
    assert len({outcome.result["id"] for outcome in outcomes}) == 1


def test_rejected_creation_without_another_object_is_an_error() -> None:
    stage = SandboxFixture()
    stage.faults({"kind": "status", "code": 400, "times": 1, "match": {"method": "POST"}})
    outcome = stage.try_(SIP_TRUNK, **trunk_options())
    assert isinstance(outcome.error, RejectedError)
    assert (stage.objects(SIP_TRUNK), len(stage.writes), outcome.changed) == ([], 1, False)


@EVERY
def test_creation_without_response_is_found_in_a_later_list(noun: str) -> None:
    """The first list after the creation does not contain the object yet."""
    kind = KINDS[noun]
    stage = kind.stage()
    stage.world.settings["stale_lists"] = 1
    stage.faults({"kind": "close", "when": "after", "times": 1, "match": {"method": "POST"}})
    outcome = stage.try_(kind.resource, **kind.options)
    assert outcome.error is None, outcome.error
    assert len(stage.objects(kind.resource)) == 1


@pytest.mark.parametrize("before", range(3))
def test_settings_from_finds_the_trunk_among_many(before: int) -> None:
    stage = SandboxFixture()
    for index in range(3):
        stage.do(SIP_TRUNK, **trunk_options(name=f"trunk {index}", tech_prefix=str(index)))
    source = next(row["id"] for row in stage.store("credentials") if row["name"] == f"trunk {before}")
    options = {key: value for key, value in trunk_options(name="next").items() if key != "tech_prefix"}
    made = stage.do(SIP_TRUNK, **options, settings_from=source)
    assert made.error is None
    (new,) = [row for row in stage.store("credentials") if row["name"] == "next"]
    assert new["techPrefix"] == str(before)
    assert not stage.do(SIP_TRUNK, **options, settings_from=source).changed


@pytest.mark.parametrize("seed", range(40))
def test_interleaved_replacements_leave_one_trunk(seed: int) -> None:
    """At no moment a phone number points at nothing; in the end one trunk stands."""
    stage = SandboxFixture()
    stage.do(SIP_TRUNK, **trunk_options())
    for number in (NUMBER_1, NUMBER_2):
        stage.do(PHONE_NUMBER, **number_options(number=number))
    options = trunk_options(username="99999", on_auth_change="replace")
    lost = []

    def watch() -> None:
        there = set(stage.world.vapi["credentials"])
        lost.extend(row["number"] for row in stage.store("phone_numbers") if row["credentialId"] not in there)

    side_by_side(stage, random.Random(seed), SIP_TRUNK, [options, options], watch)
    assert lost == []
    stage.do(SIP_TRUNK, **options)
    (trunk,) = stage.store("credentials")
    assert trunk["outboundAuthenticationPlan"]["authUsername"] == "99999"
    assert {row["credentialId"] for row in stage.store("phone_numbers")} == {trunk["id"]}


@pytest.mark.parametrize("stale", [1, 2, 4])
@pytest.mark.parametrize("noun", ["sip_trunk", "transfer_tool", "assistant", "phone_number"])
def test_created_object_missing_in_list_is_not_recreated(noun: str, stale: int) -> None:
    """What a valid answer said was made exists, though the list does not show it yet."""
    kind = KINDS[noun]
    stage = kind.stage()
    hidden = {"left": 0}

    def hide(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.method == "POST":
            hidden["left"] = stale
        elif request.method == "GET" and request.url.path.endswith(kind.resource.path) and hidden["left"]:
            hidden["left"] -= 1
            return httpx.Response(200, json=[])
        return None

    outcome = stage.try_(kind.resource, transport=Hook(stage, after=hide), **kind.options)
    assert outcome.error is None, outcome.error
    assert len(stage.objects(kind.resource)) == 1


@pytest.mark.parametrize("noun", ["forward", "sip_account", "sip_trunk", "transfer_tool", "assistant", "phone_number"])
def test_list_without_a_new_object_is_read_again(noun: str) -> None:
    """A service may list an object some time after its creation."""
    kind = KINDS[noun]
    stage = kind.stage()
    stage.world.settings["stale_lists"] = 2
    before, posts = len(stage.objects(kind.resource)), stage.fresh()
    stage.do(kind.resource, **kind.options)
    assert len(stage.objects(kind.resource)) == before + 1
    assert len([write for write in posts.writes if write.startswith("POST") and "allowed_ips" not in write]) == 1


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("ignored", "Vapi accepted the update of phone number 31201234567, but these values still differ: assistant"),
        ("refused", "Vapi rejected PATCH /phone-number/{id} (400): assistantId must not be null."),
    ],
)
def test_null_that_does_not_clear_a_field_is_an_error(value: str, error: str) -> None:
    stage = KINDS["phone_number"].stage()
    stage.do(ASSISTANT, name="a", definition={"firstMessage": "x"})
    number = {"number": NUMBER_1, "number_e164_check_enabled": False, "trunk": "didlogic nl"}
    stage.do(PHONE_NUMBER, **number, assistant="a")
    stage.world.settings["null_in_patch"] = value
    assert str(stage.try_(PHONE_NUMBER, **number, assistant="").error).startswith(error)


def test_update_shown_late_converges() -> None:
    stage = KINDS["sip_trunk"].stage()
    stage.do(SIP_TRUNK, **trunk_options())
    old = [dict(row) for row in stage.store("credentials")]
    left = {"n": 0}

    def before(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.method == "PATCH":
            left["n"] = 3
        elif left["n"]:
            left["n"] -= 1
            return httpx.Response(200, json=old)
        return None

    stage.fresh()
    outcome = stage.do(SIP_TRUNK, transport=Hook(stage, after=before), name="didlogic nl", tech_prefix="99")
    assert outcome.changed
    assert stage.writes == [f"PATCH /credential/{old[0]['id']}"]


def test_unapplied_values_are_an_error() -> None:
    stage = SandboxFixture()
    stage.do(SIP_TRUNK, **trunk_options())
    old = [dict(row) for row in stage.store("credentials")]

    def stubborn(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        return httpx.Response(200, json=old) if request.method == "GET" else None

    stage.fresh()
    outcome = stage.try_(SIP_TRUNK, transport=Hook(stage, after=stubborn), name="didlogic nl", tech_prefix="99")
    assert "these values still differ: tech_prefix" in str(outcome.error)
    assert outcome.changed
    assert len(stage.writes) == 1


# ------------------------------------------------------------------------------------------------------- many of them


@pytest.mark.parametrize("count", [350, pytest.param(1100, marks=pytest.mark.slow)])
def test_many_phone_numbers_are_created(count: int) -> None:
    stage = SandboxFixture()
    stage.do(SIP_TRUNK, **trunk_options())
    items = [number_options(number=f"3120{index:07}", name=f"n{index}") for index in range(count)]
    outcomes = stage.fresh().many(PHONE_NUMBER, items, concurrency=4)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert len({row["number"] for row in stage.store("phone_numbers")}) == len(stage.store("phone_numbers")) == count
    assert len(stage.writes) == count
    # A list page holds 1000: the trunks once, the numbers before and after.
    pages = -(-count // 1000)
    assert len(stage.world.journal) - count <= 2 + 2 * pages

    stage.fresh()
    assert not any(outcome.changed for outcome in stage.many(PHONE_NUMBER, items, concurrency=4))
    assert stage.writes == []


def test_tool_is_found_by_name_over_all_pages() -> None:
    """The name is looked up over all pages."""
    stage = SandboxFixture()
    for index in range(1100):
        tool = {"type": "transferCall", "function": {"name": f"tool_{index}"}, "id": str(uuid.uuid4())}
        stamp = stage.world.timestamp()
        stage.world.vapi["tools"][tool["id"]] = {**tool, "createdAt": stamp, "updatedAt": stamp}
    outcome = stage.do(TRANSFER_TOOL, name="tool_0", description="The oldest of all")
    assert len(stage.store("tools")) == 1100
    assert stage.store("tools")[0]["function"]["description"] == "The oldest of all"
    assert outcome.result["id"] == stage.store("tools")[0]["id"]


@pytest.mark.parametrize("concurrency", [1, 8])
def test_failed_item_does_not_stop_others(concurrency: int) -> None:
    stage = SandboxFixture()
    stage.do(SIP_TRUNK, **trunk_options())
    items = [number_options(number=f"3120000000{index}") for index in range(6)]
    items[1]["trunk"] = "nowhere"
    stage.faults({"kind": "status", "code": 400, "nth": 2, "match": {"method": "POST"}})
    outcomes = stage.many(PHONE_NUMBER, items, concurrency=concurrency)
    failed = [outcome for outcome in outcomes if outcome.error]
    assert len(failed) == 2
    assert "no SIP trunk has the name or id 'nowhere'" in str(failed[0].error)
    assert len(stage.store("phone_numbers")) == 4
    assert all(outcome.changed for outcome in outcomes if not outcome.error)


def test_exclusive_phone_numbers_remove_only_those_of_the_trunk() -> None:
    """Only those of the same trunk are removed."""
    stage = SandboxFixture()
    ids = [stage.do(SIP_TRUNK, **trunk_options(name=name)).result["id"] for name in ("one", "two")]
    numbers = [f"3120000000{index}" for index in range(4)]
    for index, number in enumerate(numbers):
        stage.do(PHONE_NUMBER, **number_options(number=number, trunk=ids[index % 2]))
    items = [number_options(number=numbers[0], trunk="one")]
    contents = stage.fresh().contents()
    dry = stage.many(PHONE_NUMBER, items, exclusive=ids[0], check=True)
    assert stage.contents() == contents
    real = stage.many(PHONE_NUMBER, items, exclusive=ids[0])
    verbs = [[outcome.plan.action for outcome in outcomes if outcome.plan] for outcomes in (dry, real)]
    assert verbs[0] == verbs[1] == ["none", "delete"]
    assert [row["number"] for row in stage.store("phone_numbers")] == [numbers[0], numbers[1], numbers[3]]
    stage.fresh()
    assert not any(outcome.changed for outcome in stage.many(PHONE_NUMBER, items, exclusive=ids[0]))


def uris(stage: SandboxFixture, number: str = NUMBER_1) -> list[str]:
    return [row["destination"] for row in stage.destinations(number)]


SCOPE: Options = {"region": "us", "vapi_trunk_ids": []}


def test_exclusive_forwards_remove_only_those_of_the_region() -> None:
    """Only those to this region's host are removed, on every number; the others stay."""
    trunk, old = str(uuid.uuid4()), str(uuid.uuid4())
    stage = SandboxFixture()
    for number in (NUMBER_1, NUMBER_2):
        stage.do(FORWARD, number=number, vapi_trunk_id=old)
        stage.do(FORWARD, number=number, vapi_trunk_id=old, region="eu", position="any")
        stage.do(FORWARD, number=number, destination="31299999999", position="any")
    items = [{"number": NUMBER_1, "vapi_trunk_id": trunk}]
    contents = stage.fresh().contents()
    dry = stage.many(FORWARD, items, exclusive=SCOPE, check=True)
    assert stage.contents() == contents
    real = stage.many(FORWARD, items, exclusive=SCOPE)
    assert [o.plan.action for o in dry if o.plan] == [o.plan.action for o in real if o.plan] == [
        "create", "delete", "delete",
    ]  # fmt: skip
    kept = [f"{NUMBER_1}@{trunk}.sip.vapi.ai", f"{NUMBER_1}@{old}.sip.eu.vapi.ai", "31299999999"]
    assert uris(stage) == kept
    assert uris(stage, NUMBER_2) == [f"{NUMBER_2}@{old}.sip.eu.vapi.ai", "31299999999"]
    stage.fresh()
    assert not any(outcome.changed for outcome in stage.many(FORWARD, items, exclusive=SCOPE))
    assert stage.writes == []


def test_exclusive_removes_nothing_if_the_new_forward_failed() -> None:
    old = str(uuid.uuid4())
    stage = SandboxFixture()
    stage.do(FORWARD, number=NUMBER_1, vapi_trunk_id=old)
    stage.faults({"kind": "status", "code": 422, "times": None, "match": {"method": "POST"}})
    outcomes = stage.many(FORWARD, [{"number": NUMBER_1, "vapi_trunk_id": str(uuid.uuid4())}], exclusive=SCOPE)
    assert all(outcome.error for outcome in outcomes)
    assert uris(stage) == [f"{NUMBER_1}@{old}.sip.vapi.ai"]


def test_forwards_of_one_number_are_kept_together() -> None:
    for others in ("remove", "disable", "keep"):
        stage = SandboxFixture()
        stage.do(FORWARD, number=NUMBER_1, destination="31288888888")
        items = [
            {"number": NUMBER_1, "destination": "12345", "others": others},
            {"number": NUMBER_1, "destination": "31299999999", "position": "any", "others": others},
        ]
        outcomes = stage.many(FORWARD, items)
        assert [outcome.error for outcome in outcomes] == [None, None]
        active = [row["destination"] for row in stage.destinations() if row["active"]]
        assert {"12345", "31299999999"} <= set(active)
        assert ("31288888888" in active) == (others == "keep")
        stage.fresh()
        assert not any(outcome.changed for outcome in stage.many(FORWARD, items))
        assert stage.writes == []


def test_forward_is_created_before_another_is_deleted() -> None:
    """Whatever the order of the items: no moment without an active destination."""
    stage = SandboxFixture()
    stage.do(FORWARD, number=NUMBER_1, destination="12345")
    gaps = []

    def watch(request: httpx.Request, answer: httpx.Response) -> None:
        gaps.append(not any(row["active"] for row in stage.destinations()))

    items = [
        {"number": NUMBER_1, "destination": "12345", "state": "absent"},
        {"number": NUMBER_1, "destination": "31299999999"},
    ]
    assert all(o.changed for o in stage.many(FORWARD, items, transport=Hook(stage, after=watch)))
    assert uris(stage) == ["31299999999"]
    assert not any(gaps)


# ---------------------------------------------------------------------------------------------------------- references


def test_references_by_name_and_by_id() -> None:
    stage = SandboxFixture()
    trunk = stage.do(SIP_TRUNK, **trunk_options()).result["id"]
    assistant = stage.do(ASSISTANT, **assistant_options()).result["id"]
    by_name = stage.do(PHONE_NUMBER, **number_options(assistant="Reception"))
    assert (by_name.result["trunk"], by_name.result["assistant"]) == (trunk, assistant)
    assert not stage.do(PHONE_NUMBER, **number_options(trunk=trunk, assistant=assistant)).changed


def test_all_missing_references_of_an_object_are_reported_together() -> None:
    stage = SandboxFixture()
    options = {"number": NUMBER_1, "trunk": "No trunk", "assistant": "Nobody", "number_e164_check_enabled": False}
    outcome = stage.try_(PHONE_NUMBER, **options)
    assert isinstance(outcome.error, OptionError)
    assert [problem.path for problem in outcome.error.each] == ["trunk", "assistant"]
    assert stage.writes == []


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "run"])
@pytest.mark.parametrize("again", ["same name", "other name"])
def test_reference_to_deleted_object_is_not_sent(check: bool, again: str) -> None:
    """With tools_mode append, the id of a tool that somebody deleted would stay on the assistant for good."""
    stage = SandboxFixture()
    for name in ("to_human", "to_sales"):
        stage.do(TRANSFER_TOOL, **tool_options(name=name))
    stage.do(ASSISTANT, **assistant_options(tools=["to_human", "to_sales"]))
    deleted, kept = (row["id"] for row in stage.store("tools"))
    del stage.world.vapi["tools"][deleted]
    if again == "same name":
        stage.do(TRANSFER_TOOL, **tool_options(name="to_human"))
    named = ["to_human"] if again == "same name" else ["to_sales"]
    outcome = stage.fresh().do(ASSISTANT, check=check, **assistant_options(tools=named))
    expected = {row["id"] for row in stage.store("tools")}
    assert outcome.changed
    assert set(outcome.result["tools"]) == expected
    assert any(deleted in warning for warning in outcome.warnings)
    if not check:
        assert set(stage.store("assistants")[0]["model"]["toolIds"]) == expected
        assert not stage.fresh().do(ASSISTANT, **assistant_options(tools=named)).changed
        assert stage.writes == []
    assert kept in expected


@pytest.mark.default_dialect("unique_trunk_names")
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_invalid_references_are_errors(check: bool) -> None:
    stage = SandboxFixture()
    for _time in range(2):
        (outcome,) = stage.engine(SIP_TRUNK).resolve([desired_from_options(SIP_TRUNK, trunk_options())])
        planned = KeyedReconciler(stage.engine(SIP_TRUNK), SIP_TRUNK)._planned(outcome, [], {})
        assert planned is not None
        stage.client(SIP_TRUNK).write(planned.mutations[0])
    ids = [row["id"] for row in stage.store("credentials")]
    stage.fresh()
    two = stage.try_(PHONE_NUMBER, check=check, **number_options())
    assert "matches 2 SIP trunks" in str(two.error)
    assert all(key in str(two.error) for key in ids)
    missing = stage.try_(PHONE_NUMBER, check=check, **number_options(trunk="nowhere"))
    assert bool(missing.error) is not check
    unknown = stage.try_(PHONE_NUMBER, check=check, **number_options(trunk=str(uuid.uuid4())))
    assert isinstance(unknown.error, OptionError)
    later = stage.try_(PHONE_NUMBER, check=check, **number_options(trunk=UNKNOWN_ID))
    assert bool(later.error) is not check
    assert stage.writes == []


@pytest.mark.parametrize("passing", [True, False], ids=["takes its own back", "stays"])
def test_duplicates_of_two_other_runs_are_waited_for(passing: bool) -> None:
    """Each of them deletes its own when it sees the other's; whoever comes in between waits for that."""
    stage = SandboxFixture()
    stage.do(SIP_TRUNK, **trunk_options())
    (first,) = stage.store("credentials")
    stage.world.seed(
        {"vapi": {"credentials": [{**first, "id": str(uuid.uuid4()), "createdAt": "2026-02-01T00:00:00Z"}]}}
    )
    stage.fresh()

    def sleep(seconds: float) -> None:
        SandboxFixture.sleep(stage, seconds)
        if passing and len(stage.pauses) == 2:
            del stage.world.vapi["credentials"][stage.store("credentials")[-1]["id"]]

    stage.sleep = sleep  # type: ignore[method-assign]
    outcome = stage.try_(SIP_TRUNK, **trunk_options())
    assert stage.writes == []
    if passing:
        assert (outcome.error, outcome.changed, outcome.result["id"]) == (None, False, first["id"])
    else:
        assert "matches 2 SIP trunks" in str(outcome.error)
        assert sum(stage.pauses) < 5


def test_forward_on_unknown_number_is_an_error() -> None:
    stage = SandboxFixture()
    for check in (True, False):
        outcome = stage.try_(FORWARD, check=check, number="31999", destination="12345")
        assert str(outcome.error) == (
            "31999 is not a number of this didlogic account: numbers are bought in didlogic's portal."
        )
    assert stage.writes == []


# --------------------------------------------------------------------------------------------------------- SIP accounts


def test_addresses_are_allowed_before_ip_restriction_is_enabled() -> None:
    stage = SandboxFixture()
    outcome = stage.do(SIP_ACCOUNT, **account_options(allowed_ips=["192.0.2.1", "192.0.2.2"]))
    name = outcome.result["name"]
    one = f"/v1/sipaccounts/{name}"
    assert stage.writes == [
        "POST /v1/sipaccounts", f"POST {one}/allowed_ips", f"POST {one}/allowed_ips", f"PUT {one}",
    ]  # fmt: skip
    assert stage.world.didlogic["sip_accounts"][0]["ip_restrict"] is True

    stage.fresh()
    same = account_options(allowed_ips=["192.0.2.2", "192.0.2.1"], allowed_ips_mode="replace")
    assert not stage.do(SIP_ACCOUNT, **same).changed, "another order of the same addresses is no change"
    stage.do(SIP_ACCOUNT, **account_options(allowed_ips=["192.0.2.3"], allowed_ips_mode="replace"))
    assert stage.writes == [f"POST {one}/allowed_ips", f"DELETE {one}/allowed_ips", f"DELETE {one}/allowed_ips"]


@pytest.mark.parametrize("name", ["00123", "01234", "12345"])
def test_logins_with_leading_zeros(name: str) -> None:
    stage = SandboxFixture({"sip_accounts": [{"name": name, "label": "old"}, {"name": "99999"}]})
    outcome = stage.do(SIP_ACCOUNT, name=name, max_channels=2)
    assert outcome.result["name"] == name
    assert stage.writes == [f"PUT /v1/sipaccounts/{name}"]
    assert "matches no existing SIP account" in str(stage.try_(SIP_ACCOUNT, name="00001", max_channels=2).error)


def test_sip_accounts_with_equal_labels_are_ambiguous() -> None:
    stage = SandboxFixture({"sip_accounts": [{"name": "00123", "label": "x"}, {"name": "00124", "label": "x"}]})
    error = str(stage.try_(SIP_ACCOUNT, label="x", max_channels=2).error)
    assert "00123" in error
    assert "Give name to pick one" in error, "SIP accounts have no option id"


def test_removed_limit_is_sent() -> None:
    stage = SandboxFixture()
    stage.do(SIP_ACCOUNT, **account_options())
    assert stage.do(SIP_ACCOUNT, label="Vapi", max_channels=0).changed
    account = stage.world.didlogic["sip_accounts"][0]
    assert account["channels_restrict"] is False
    assert not stage.do(SIP_ACCOUNT, label="Vapi", max_channels=0).changed
    assert stage.do(SIP_ACCOUNT, label="Vapi", max_channels=4).changed
    assert (account["channels_restrict"], account["max_channels"]) == (True, 4)


# ------------------------------------------------------------------------------------------------------------- forwards


def test_rejected_diversion_copy_is_disabled() -> None:
    stage = SandboxFixture()
    stage.world.settings["refuse_duplicate_destination"] = True
    stage.do(FORWARD, number=NUMBER_1, destination="31299999999")
    outcome = stage.do(FORWARD, number=NUMBER_1, destination="12345")
    assert [(row["destination"], row["active"]) for row in stage.destinations()] == [
        ("31299999999", False), ("12345", True),
    ]  # fmt: skip
    assert any("is disabled if it precedes" in warning for warning in outcome.warnings)
    stage.fresh()
    assert not stage.do(FORWARD, number=NUMBER_1, destination="12345").changed


def test_leaked_private_key_is_removed_and_not_shown() -> None:
    stage, key, trunk = SandboxFixture(), str(uuid.uuid4()), str(uuid.uuid4())
    first = stage.do(FORWARD, number=NUMBER_1, vapi_private_key=key)
    assert first.warnings
    healed = stage.do(FORWARD, number=NUMBER_1, vapi_trunk_id=trunk, heal_private_key=key.upper())
    assert uris(stage) == [f"{NUMBER_1}@{trunk}.sip.vapi.ai"]
    other = stage.do(FORWARD, number=NUMBER_1, destination="12345", position="any", check=True)
    for outcome in (first, healed, other):
        assert outcome.plan is not None
        result = json.dumps([outcome.result, outcome.extra, outcome.plan.before, outcome.plan.after, outcome.warnings])
        assert key not in result.lower()
    assert trunk in json.dumps(healed.extra)
    assert trunk not in json.dumps(other.extra), "a label that is not known may be a key"


def test_failure_reports_the_current_state() -> None:
    stage = SandboxFixture()
    stage.do(FORWARD, number=NUMBER_1, destination="31299999999")
    stage.faults({"kind": "status", "code": 500, "nth": 1, "times": None, "match": {"method": "POST"}})
    outcome = stage.try_(FORWARD, number=NUMBER_1, destination="12345")
    assert outcome.error
    assert outcome.changed
    assert [row["destination"] for row in outcome.extra["destinations"]] == ["31299999999", "12345"]
    stage.faults()
    stage.do(FORWARD, number=NUMBER_1, destination="12345")
    assert uris(stage) == ["12345", "31299999999"]


# --------------------------------------------------------------------------------------------------------- bad answers

JUNK: tuple[t.Any, ...] = (
    None, 1, "x", [], {}, [1], [[]], [None], [{}], [{"id": None}], [{"id": {}}], {"destination": None},
    {"destination": {}}, {"sipaccounts": [{}]}, {"purchases": [{}]}, {"purchases": [{"number": None}]},
    {"destination": [{"id": 1}]}, {"destination": [{"id": 1, "priority": "nan", "transport": "inf"}]},
    [{"id": "x", "name": ["didlogic nl"], "number": {"a": 1}}],
    [{"id": "x", "name": "didlogic nl", "number": NUMBER_1, "gateways": 5, "model": [], "function": "to_human"}],
    [{"name": "didlogic nl", "number": NUMBER_1}], [{"function": {"name": "to_human"}}], [{"name": "Reception"}],
    {"sipaccounts": [{"label": "Vapi"}]}, {"sipaccounts": [{"id": 1, "label": "Vapi"}]},
)  # fmt: skip


@pytest.mark.exhaustive(11)
@EVERY
@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: json.dumps(junk)[:40])
def test_arbitrary_responses_converge_or_are_one_error(noun: str, junk: t.Any) -> None:
    """Converged or one clear error; never an exception of Python's own."""
    kind = KINDS[noun]
    for method in ("GET", "POST"):
        stage = kind.stage()
        stage.faults({"kind": "garbage", "body": json.dumps(junk), "times": None, "match": {"method": method}})
        try:
            stage.try_(kind.resource, **kind.options)
            stage.try_(kind.resource, **{**kind.options, "state": "absent", **kind.gone})
        except (ApiError, OptionError):
            continue


@pytest.mark.parametrize("junk", [{}, {"error": "no"}, {"destination": None}, {"destination": "x"}], ids=json.dumps)
def test_response_without_list_is_not_an_empty_list(junk: t.Any) -> None:
    """Nothing is concluded, and so nothing written, from an answer that holds no list of destinations."""
    stage = SandboxFixture()
    stage.faults({"kind": "garbage", "body": json.dumps(junk), "times": None, "match": {"method": "GET"}})
    assert isinstance(stage.try_(FORWARD, number=NUMBER_1, destination="12345").error, ApiError)
    assert stage.writes == []


def test_info_fetches_details_of_every_object() -> None:
    stage = SandboxFixture()
    stage.do(FORWARD, number=NUMBER_2, destination="12345")
    found = stage.engine(NUMBER).info(NUMBER, {"number": f"+{NUMBER_2}"})
    assert [(row["number"], len(row["destinations"])) for row in found] == [(NUMBER_2, 1)]
    assert stage.engine(NUMBER).info(NUMBER, {"number": "31"}) == []


def test_check_mode_cannot_write() -> None:
    stage = SandboxFixture()
    plan = stage.do(SIP_TRUNK, check=True, **trunk_options()).plan
    assert plan is not None
    with pytest.raises(RuntimeError):
        stage.client(SIP_TRUNK, read_only=True).write(plan.mutations[0])
    assert stage.writes == []


def test_outcome_contains_no_secret() -> None:
    stage, secret = SandboxFixture(), canary()
    for options in (trunk_options(password=secret), trunk_options(password=secret, update_password="always")):
        outcome = stage.do(SIP_TRUNK, **options)
        assert outcome.plan is not None
        result = json.dumps([outcome.result, outcome.plan.before, outcome.plan.after, outcome.extra])
        assert secret not in result
    assert stage.store("credentials")[0]["outboundAuthenticationPlan"]["authPassword"] == secret
