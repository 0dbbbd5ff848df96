# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erasure of a caller's calls: in no world a call is reported as erased of which Vapi still returns data."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import random
import re
import typing as t
import uuid

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    OptionError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import erasure
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_erasure import caller_digits
from ansible_collections.voiceops.vapi_didlogic.tests.unit.erasure_worlds import (
    ERASED,
    FATES,
    START,
    Row,
    Runs,
    VapiWorld,
    caller,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import MemoryStore, SandboxFixture
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner

# ------------------------------------------------------------------------------------------------------- what is true


@given(
    fates=st.lists(st.tuples(st.sampled_from(FATES), st.sampled_from((0.0, 0.5, 3.0, 6.0, 40.0, 500.0))), max_size=6),
    others=st.integers(0, 5),
)
def test_erased_means_that_no_data_is_left(fates: list[tuple[str, float]], others: int) -> None:
    runs, number = Runs(), caller()
    for fate, delay in fates:
        runs.world.add(fate, number, delay)
    for _other in range(others):
        runs.world.add("at once", "+31201234567")
    result = runs.run(caller=number)
    found = result["erasure"]
    assert runs.false_claims() == []
    left = [call for call in runs.world.calls.values() if call.row["customer"]["number"] == number]
    left = [call for call in left if runs.world.has_data(call)]
    assert not left or (result["msg"] and not found["complete"])
    assert found["calls"]["found"] == len(fates)
    surely = [fate for fate, delay in fates if fate in ERASED and delay <= 6]
    assert found["calls"]["erased"] >= len(surely)
    assert found["complete"] == (found["calls"]["erased"] == len(fates))
    untouched = [call for call in runs.world.calls.values() if call.row["customer"]["number"] != number]
    assert all(call.asked is None for call in untouched)
    assert number[1:] not in json.dumps(result)


@pytest.mark.parametrize("fate", FATES)
def test_result_of_each_deletion_is_reported(fate: str) -> None:
    runs, number = Runs(), caller()
    runs.world.add(fate, number, 2)
    result = runs.run(caller=number)
    calls = result["erasure"]["calls"]
    assert runs.false_claims() == []
    assert calls["erased"] == int(fate in ERASED)
    assert calls["failed"] == int(fate in ("deletion fails", "refused"))
    assert calls["running"] == int(fate == "in progress")
    assert bool(result["msg"]) == (fate not in ERASED)
    assert result["erasure"]["recordings"] == {"found": 1, "erased": calls["erased"]}
    assert result["erasure"]["transcripts"] == {"found": 1, "erased": calls["erased"]}
    assert ("DELETE", "/vapi/call/00000000-0000-4000-8000-000000000000") in runs.world.requests or calls["running"]


@pytest.mark.parametrize("fate", ["never", "reappears", "unreadable", "refused"])
def test_call_without_recording_is_verified(fate: str) -> None:
    runs, number = Runs(), caller()
    runs.world.add(fate, number, 2, artifact={})
    result = runs.run(caller=number)
    assert runs.false_claims() == []
    assert (result["erasure"]["calls"]["erased"], bool(result["msg"])) == (0, True)


@pytest.mark.parametrize(
    ("deletion", "erased"), [("at_once", True), ("later", True), ("partial", False), ("failed", False)]
)
def test_deletions_of_the_sandbox(deletion: str, erased: bool) -> None:
    number, world = caller(), VapiWorld(SandboxFixture())
    for _call in range(3):
        world.add("at once", number)
    runs = Runs()
    runs.stage = SandboxFixture({"vapi": {"calls": [call.row for call in world.calls.values()]}})
    runs.stage.world.settings |= {"call_deletion": deletion, "retention_days": 0}
    sleep = runs.stage.sleep

    def sleep_everywhere(seconds: float) -> None:
        runs.stage.clock.now += datetime.timedelta(seconds=seconds)
        sleep(seconds)

    runs.stage.sleep = sleep_everywhere  # type: ignore[method-assign]
    runs.world = runs.stage.transport
    result = runs.run(caller=number, wait_timeout=300)
    assert result["erasure"]["calls"]["erased"] == (3 if erased else 0)
    assert bool(result["msg"]) == (not erased)
    assert result["erasure"]["calls"]["failed"] == (3 if deletion == "failed" else 0)


def test_slow_deletion_is_finished_by_a_later_run() -> None:
    runs, number = Runs(), caller()
    runs.world.add("later", number, 1000)
    assert "1 call still returned by Vapi" in runs.run(caller=number)["msg"]
    runs.stage.now += 1000
    result = runs.run(caller=number)
    assert (result["msg"], result["changed"]) == ("", False)
    assert result["erasure"]["complete"]


def test_recording_of_an_unlisted_call_is_checked_by_the_next_run() -> None:
    """Vapi lists neither of them after the first run."""
    store, number = MemoryStore(), caller()
    runs = Runs(store)
    runs.world.add("artifacts later", number, 500)
    runs.world.add("at once", number)
    first = runs.run(caller=number)["erasure"]["calls"]
    assert (first["found"], first["erased"], first["unlisted"]) == (2, 1, 0)
    assert store.content
    assert number[1:] not in store.content.decode()
    second = runs.run(caller=number)
    assert "1 call still returned by Vapi" in second["msg"]
    assert second["erasure"]["calls"]["unlisted"] == 1
    runs.stage.now += 500
    assert runs.run(caller=number)["erasure"]["complete"]
    assert store.content is None
    assert runs.run(caller=number)["changed"] is False


def test_record_is_not_written_in_check_mode() -> None:
    store, number = MemoryStore(), caller()
    runs = Runs(store)
    runs.world.add("artifacts later", number, 500)
    runs.run(caller=number, check=True)
    assert store.content is None
    runs.run(caller=number)
    before = store.content
    assert before
    assert runs.run(caller=number, check=True)["erasure"]["calls"]["unlisted"] == 1
    assert store.content == before


def test_record_of_another_caller_is_kept() -> None:
    store = MemoryStore()
    runs = Runs(store)
    runs.world.add("artifacts never", "+447700900001")
    runs.world.add("at once", "+447700900002")
    runs.run(caller="+447700900001")
    before = store.content
    assert runs.run(caller="+447700900002")["erasure"]["complete"]
    assert store.content == before


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda _text: "", "is empty"),
        (lambda text: text[:-20], "is not a complete file"),
        (lambda text: text.replace("00000000-0000-4000-8000-000000000000", str(uuid.UUID(int=7))), "was changed"),
        (lambda text: re.sub(r'"account": "(.)', r'"account": "x\1', text), "with another API key"),
    ],
    ids=["empty", "cut", "another id", "another key"],
)
def test_record_that_cannot_be_used_stops_before_the_first_deletion(change: t.Callable[[str], str], fault: str) -> None:
    store, number = MemoryStore(), caller()
    runs = Runs(store)
    runs.world.add("artifacts never", number)
    runs.run(caller=number)
    assert store.content
    store.content = change(store.content.decode()).encode()
    sent = len(runs.world.requests)
    with pytest.raises(OptionError, match=fault):
        runs.run(caller=number)
    assert all(method == "GET" for method, _path in runs.world.requests[sent:])


def test_unread_second_list_is_reported() -> None:
    """The counts are reported too, because calls were deleted."""
    runs, number = Runs(MemoryStore()), caller()
    runs.world.add("at once", number)

    def fail(_count: int) -> None:
        runs.world.lists = not any(method == "DELETE" for method, _path in runs.world.requests)

    runs.world.before = fail
    result = runs.run(caller=number)
    assert "1 call not confirmed by a new list" in result["msg"]
    assert "still returned" not in result["msg"]
    assert result["erasure"]["calls"]["erased"] == 0
    assert not result["erasure"]["complete"]
    runs.world.before, runs.world.lists = (lambda _count: None), True
    assert runs.run(caller=number)["erasure"]["complete"]


@pytest.mark.parametrize("moment", range(0, 40, 3))
def test_interrupted_run_is_continued(moment: int) -> None:
    runs, number = Runs(), caller()
    for fate in ("at once", "later", "emptied", "at once"):
        runs.world.add(fate, number, 2)

    def stop(count: int) -> None:
        if count == moment:
            raise RunInterruptedError("stopped")

    runs.world.before = stop
    with contextlib.suppress(RunInterruptedError):
        runs.run(caller=number)
    runs.world.before = lambda _count: None
    assert runs.run(caller=number)["msg"] == ""
    assert not any(map(runs.world.has_data, runs.world.calls.values()))


@pytest.mark.parametrize("moment", range(0, 18, 2))
def test_two_runs_at_once(moment: int) -> None:
    """The second one runs completely within the first one, before one of its requests."""
    runs, number = Runs(), caller()
    for fate in ("at once", "later", "refused"):
        runs.world.add(fate, number, 2)
    inner: list[Row] = []

    def second(count: int) -> None:
        if count == moment:
            runs.world.before = lambda _count: None
            other = Runs()
            other.stage, other.world = runs.stage, runs.world
            inner.append(other.run(caller=number))
            assert other.false_claims() == []

    runs.world.before = second
    outer = runs.run(caller=number)
    assert runs.false_claims() == []
    assert len(inner) == 1
    for result in (outer, *inner):
        assert result["msg"]
        assert result["erasure"]["calls"]["erased"] == result["erasure"]["calls"]["found"] - 1


def test_rejected_key_ends_the_deletions() -> None:
    runs, number = Runs(), caller()
    for _call in range(5):
        runs.world.add("at once", number)
    answer = runs.world._delete
    runs.world._delete = lambda _call: httpx.Response(401, json={"message": "Invalid Key."})  # type: ignore[method-assign]
    result = runs.run(caller=number)
    assert sum(method == "DELETE" for method, _path in runs.world.requests) == 1
    assert "5 calls not deleted (HTTP 401)" in result["msg"]
    runs.world._delete = answer  # type: ignore[method-assign]
    assert runs.run(caller=number)["erasure"]["complete"]


# -------------------------------------------------------------------------------------------------- what is selected


def test_check_mode_counts() -> None:
    runs, number = Runs(), caller()
    for fate in ("at once", "at once", "in progress"):
        runs.world.add(fate, number)
    result = runs.run(caller=number, check=True, max_calls=1)
    assert {method for method, _path in runs.world.requests} == {"GET"}
    assert result["changed"]
    assert result["erasure"]["calls"] | {"erased": 0, "found": 3, "running": 1} == result["erasure"]["calls"]
    assert not result["erasure"]["complete"]
    assert "2 calls would be deleted, which is more than max_calls (1)" in runs.stage.warnings[0]


def test_too_many_calls_are_not_deleted() -> None:
    runs, number = Runs(), caller()
    for _call in range(3):
        runs.world.add("at once", number)
    result = runs.run(caller=number, max_calls=2)
    assert result["msg"].startswith("Nothing was deleted: 3 calls")
    assert {method for method, _path in runs.world.requests} == {"GET"}
    assert runs.run(caller=number, max_calls=3)["erasure"]["complete"]


def test_old_calls_are_selected_by_age() -> None:
    """Not those that have not begun or not ended, whenever they were created."""
    runs = Runs()
    old = (START - datetime.timedelta(days=11)).isoformat()
    wanted = {runs.world.add("at once", caller(), createdAt=old), runs.world.add("at once", caller(), createdAt=old)}
    for status in ("scheduled", "queued", "in-progress", "ringing"):
        runs.world.add("at once", caller(), createdAt=old, status=status)
    runs.world.add("at once", caller())
    result = runs.run(older_than_days=10)
    deleted = {path.rpartition("/")[2] for method, path in runs.world.requests if method == "DELETE"}
    assert deleted == wanted
    assert result["erasure"]["complete"]
    assert result["erasure"]["caller"] == ""


def test_all_pages_are_read() -> None:
    runs, number = Runs(), caller()
    for index in range(450):
        runs.world.add("at once", number if index % 90 == 0 else "+31201234567")
    result = runs.run(caller=number)
    assert result["erasure"]["calls"]["erased"] == 5
    assert result["erasure"]["complete"]


def test_age_and_caller_are_combined() -> None:
    runs, number = Runs(), caller()
    old = (START - datetime.timedelta(days=11)).isoformat()
    runs.world.add("at once", number, createdAt=old)
    runs.world.add("at once", number)
    runs.world.add("at once", "+31201234567", createdAt=old)
    assert runs.run(caller=number, older_than_days=10)["erasure"]["calls"]["found"] == 1


def test_other_places_are_reported() -> None:
    """Calls of others and campaigns with the number, and didlogic's records."""
    runs, number = Runs(), caller()
    runs.world.add("at once", number, customer={"sipUri": f"sip:{number}@sip.example"})
    runs.world.add("at once", "+31201234567", destination={"number": number})
    contact = {"number": number}
    runs.world.campaigns = [
        {"id": "1", "createdAt": "2026-01-01T00:00:00Z", "status": "scheduled", "customers": [contact]},
        {"id": "2", "createdAt": "2026-01-01T00:00:00Z", "status": "ended", "dialPlan": [{"customers": [contact]}]},
        {"id": "3", "createdAt": "2026-01-01T00:00:00Z", "status": "ended", "customers": [{"number": "+31201234567"}]},
    ]
    record = {"timestamp": "2026-01-01T00:00:00Z", "type": "incoming", "from": number, "to": "31201234567"}
    runs.stage.world.didlogic["calls"] += [record, {**record, "from": "31612345678"}]
    result = runs.run(caller=number, records=True)
    found = result["erasure"]
    assert (found["campaigns"], found["mentions"], found["carrier_records"]) == (2, 1, 1)
    assert found["calls"]["erased"] == 1
    assert not found["complete"]
    assert result["msg"] == ""
    text = "\n".join(found["remains"])
    assert "2 campaigns, 1 of which will dial it unless cancelled" in text
    assert "1 call of others contain the number" in text
    assert "call records (1 of the newest contain the number)" in text
    assert number[1:] not in text


def test_digest_depends_on_the_key() -> None:
    runs, number = Runs(), caller()
    first = runs.run(caller=number, check=True)["erasure"]["caller"]
    assert first == runs.run(caller=f"00{number[1:]}", check=True)["erasure"]["caller"]
    assert first != Runs().run(caller=number, check=True)["erasure"]["caller"]
    assert re.fullmatch("[0-9a-f]{16}", first)


def test_requests_are_paced() -> None:
    runs, number = Runs(), caller()
    for _call in range(4):
        runs.world.add("at once", number)
    times: list[float] = []
    runs.world.before = lambda _count: times.append(runs.stage.now)
    runs.run(caller=number, pace=2)
    deletions = [at for at, (method, _path) in zip(times, runs.world.requests, strict=True) if method == "DELETE"]
    assert [later - earlier for earlier, later in itertools.pairwise(deletions)] == [2, 2, 2]
    assert len(runs.world.requests) <= 2 + 1 + 4 + 2 * 4 * 2


# --------------------------------------------------------------------------------------------------------- the number


@pytest.mark.parametrize(
    "text",
    [
        "+447700900123",
        "447700900123",
        "00447700900123",
        "+44 (0)7700 900 123",
        "+44-7700-900123",
        "+44.7700.900.123",
        " (+44) 7700/900123 ",
        "+44\u00a07700\u2011900123",
        "\uff0b\uff14\uff147700900123",
    ],
)
def test_caller_in_any_spelling(text: str) -> None:
    assert caller_digits(text) == "447700900123"


@pytest.mark.parametrize(
    "text", ["", "07700900123", "+07700900123", "anonymous", "+44 7700", "1" * 16, "+44\u0667700900123x"]
)
def test_caller_without_country_code_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a phone number with its country code, such as \+31 20 123 4567\.$"):
        caller_digits(text)


def test_missing_selection_is_rejected() -> None:
    with pytest.raises(OptionError, match="at least one of them is required"):
        erasure.checked(from_options(erasure.ErasureOptions, {}))


@pytest.mark.parametrize("fate", ["at once", "refused", "unavailable", "unreadable", "invalid", "list fails"])
@pytest.mark.parametrize("spelling", ["+44 7700 900 {}", "0044(0)7700900{}"])
def test_number_is_in_no_output(monkeypatch: pytest.MonkeyPatch, fate: str, spelling: str) -> None:
    """Also not in the text of an error of Vapi, at the highest verbosity."""
    runner, digits = ModuleRunner(monkeypatch), f"{random.randrange(1000):03}"
    number = f"+447700900{digits}"
    world = VapiWorld(runner.stage)
    world.add(fate, number)
    if fate == "list fails":
        message = {"message": [f"{number} 447700900{digits}"]}
        monkeypatch.setattr(world, "_list", lambda _params: message)
    runner.transport = world
    given_number = spelling.format(digits) + ("x" if fate == "invalid" else "")
    options = {"api_key": runner.stage.world.vapi_api_key, "api_url": "http://127.0.0.1/vapi", "caller": given_number}
    result = runner.raw("vapi_call_erasure", {**options, "wait_timeout": 1, "pace": 0}, verbosity=5)
    assert bool(result.get("failed")) == (fate != "at once")
    text = re.sub(r"[^0-9a-z]", "", (runner.output + json.dumps(result) + str(runner.warnings)).lower())
    assert f"7700900{digits}" not in text
