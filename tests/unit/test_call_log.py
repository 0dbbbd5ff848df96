# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vapi's calls and didlogic's records of them: what people see, and which belongs to which."""

from __future__ import annotations

import datetime
import types
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import user_digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import CALL as RECORD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import (
    CallRecordFilters as RecordSeek,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import list_query
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import to_result as told_record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_log
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CallFilters, to_result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import REASONS
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import CALL, SandboxFixture

START = datetime.datetime(2026, 1, 2, 12, 0, tzinfo=datetime.UTC)
PLAIN = types.SimpleNamespace(show_recording=False)
ANNA, HUMAN = "+31612340001", "+31207001999"
ApiObject = dict[str, t.Any]


def at(seconds: float) -> str:
    return (START + datetime.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def vapi(begin: float = 0, length: float = 30, **more: t.Any) -> ApiObject:
    row = {
        "id": f"call {begin}", "type": "outboundPhoneCall", "status": "ended", "customer": {"number": ANNA},
        "createdAt": at(begin), "startedAt": at(begin + 5), "endedAt": at(begin + 5 + length),
        "endedReason": "customer-ended-call",
    }  # fmt: skip
    return to_result({**row, **more}, PLAIN)


def record(begin: float = 0, **more: t.Any) -> ApiObject:
    plain = {"timestamp": at(begin), "type": "sip", "from": '"" <31207001000>', "to": ANNA[1:], "duration": 30}
    return {**plain, **more}


def forwarded(begin: float = 0, to: t.Any = HUMAN, **more: t.Any) -> ApiObject:
    transfer = {"destination": to, "mode": "blind-transfer", **more}
    return vapi(begin, endedReason="assistant-forwarded-call", artifact={"transfers": [transfer]})


# ---------------------------------------------------------------------------------------------------- what people see


def test_recording_url_is_returned_on_request() -> None:
    row = {"id": "1", "artifact": {"recording": {"mono": {"combinedUrl": "https://example.com/a.wav"}}}}
    assert to_result(row, PLAIN)["recording_url"] == "hidden"
    assert to_result(row, types.SimpleNamespace(show_recording=True))["recording_url"] == "https://example.com/a.wav"


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({"status": "scheduled"}, "scheduled"),
        ({"status": "ringing"}, "running"),
        ({"status": "ended", "endedReason": "customer-busy"}, "unanswered"),
        ({"status": "ended", "endedReason": "customer-ended-call"}, "answered"),
        ({"status": "ended", "endedReason": "call.start.error-get-assistant"}, "failed"),
        ({"status": "ended", "endedReason": "manually-canceled"}, "cancelled"),
        ({}, "unknown"),
    ],
)
def test_call_has_outcome(row: ApiObject, outcome: str) -> None:
    item = to_result({"id": "1", **row}, PLAIN)
    assert item["outcome"] == outcome
    assert bool(item["diagnosis"]) == ("endedReason" in row)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "type", "status", "endedReason", "endedMessage", "customer", "artifact", "analysis", "schedulePlan", "startedAt",
    "endedAt", "createdAt", "destination", "assistantOverrides", "cost",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), JUNK), st.dictionaries(st.sampled_from(list(record())), JUNK))
def test_call_log_accepts_any_response_value(row: ApiObject, other: ApiObject) -> None:
    item = to_result({"id": "1", **row}, PLAIN)
    (joined,) = call_log.joined([item], [other, record()])
    assert joined["id"] == "1"
    told_record(other)


# ------------------------------------------------------------------------------------------------- which is whose


def test_record_is_matched_by_number_and_time() -> None:
    (item,) = call_log.joined([vapi()], [record(7200), record(3), record(3, to="31612340009")])
    assert item["carrier"] == told_record(record(3))
    assert item["outcome"] == "answered"
    assert "transfer_leg" not in item["carrier"]


def test_inbound_call_is_matched_with_inbound_record() -> None:
    inbound = vapi(type="inboundPhoneCall")
    rows = [record(1), record(2, type="incoming", **{"from": ANNA, "to": "31207001000"})]
    (item,) = call_log.joined([inbound], rows)
    assert item["carrier"]["direction"] == "inbound"


def test_call_without_record_has_no_carrier_data() -> None:
    (item,) = call_log.joined([vapi()], [record(9999)])
    assert item["carrier"] == {}


@given(st.lists(st.integers(0, 20).map(lambda n: n * 200), unique=True, max_size=8), st.randoms())
def test_record_is_matched_with_one_call_only(begins: list[int], chance: t.Any) -> None:
    """Calls to one number, 200 s apart, whatever the order of both lists."""
    items = [vapi(begin) for begin in begins]
    rows = [record(begin + 4, duration=begin) for begin in begins]
    chance.shuffle(rows)
    for item, begin in zip(call_log.joined(items, rows), begins, strict=True):
        assert item["carrier"]["duration"] == begin


def test_record_is_matched_with_the_nearest_call() -> None:
    first, second = call_log.joined([vapi(0), vapi(60)], [record(62)])
    assert (first["carrier"], second["carrier"]["duration"]) == ({}, 30)


def test_transfer_that_rang_has_its_own_record() -> None:
    leg = record(30, to=HUMAN[1:])
    (rang,) = call_log.joined([forwarded()], [record(4), leg])
    assert (rang["outcome"], rang["carrier"]["transfer_leg"]) == ("transferred", True)
    (silent,) = call_log.joined([forwarded()], [record(4)])
    assert (silent["outcome"], silent["carrier"]["transfer_leg"]) == ("failed", False)
    assert silent["diagnosis"]["fix"]
    first, second = call_log.joined([forwarded(0), forwarded(20)], [record(4), record(24), leg])
    assert [first["carrier"]["transfer_leg"], second["carrier"]["transfer_leg"]] == [True, False], "one leg, one call"


@pytest.mark.parametrize("to", [f"sip:{HUMAN}@sip.nl.didlogic.net", {"type": "sip", "sipUri": f"sip:{HUMAN}@x"}])
def test_transfer_to_sip_uri_is_matched_by_its_number(to: t.Any) -> None:
    (item,) = call_log.joined([forwarded(to=to)], [record(4), record(30, to=HUMAN[1:])])
    assert item["carrier"]["transfer_leg"] is True


def test_missing_record_proves_nothing() -> None:
    rows = [record(4), *[record(5, to=str(n)) for n in range(call_log.CARRIER.records_limit)]]
    (item,) = call_log.joined([forwarded()], rows)
    assert item["carrier"]["transfer_leg"] is None
    assert item["outcome"] != "failed"


def test_records_of_adjacent_days_are_requested() -> None:
    query = call_log.around([vapi(0), vapi(3 * 86400)])
    assert query.params == {"from": "2026-01-01", "to": "2026-01-06"}
    assert call_log.around([{"created_at": "soon"}]).params == {}


# -------------------------------------------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(
    ("text", "number"),
    [('"" <31207001000>', "31207001000"), ("+31 20 7001000", "31207001000"), ("<sip:31207001000@a.b>", "31207001000"),
     ("sip:+31207001000@a.b", "31207001000"), ("", ""), (None, "")],
)  # fmt: skip
def test_number_is_read_from_address(text: t.Any, number: str) -> None:
    assert user_digits(text) == number


def test_filters_are_sent_with_didlogic_names() -> None:
    filters = from_options(
        RecordSeek, {"direction": "inbound", "number": "+31207001000", "missed": False, "date_from": "2026-01-31"}
    )
    assert list_query(filters).params == {
        "type": "incoming", "filter": "31207001000", "missed": "0", "from": "2026-01-31",
    }  # fmt: skip
    with pytest.raises(OptionError, match="YYYY-MM-DD"):
        from_options(RecordSeek, {"date_from": "31.1.2026"})


def test_call_log_is_filtered_by_the_service() -> None:
    stage = SandboxFixture()
    filters = from_options(CallFilters, {"created_after": "2026-01-31T01:00:00+01:00", "limit": 3, "assistant": None})
    assert stage.engine(CALL).info(CALL, {}, filters) == []
    query = stage.world.journal[-1]["query"]
    assert "createdAtGe=2026-01-31T00" in query or query["createdAtGe"].startswith("2026-01-31T00")
    with pytest.raises(OptionError, match="no assistant has the name"):
        stage.engine(CALL).info(CALL, {}, from_options(CallFilters, {"assistant": "Nobody"}))


def test_check_mode_requests_no_records_of_new_objects() -> None:
    stage = SandboxFixture()
    assert stage.engine(CALL, check=True).info(CALL, {}, from_options(CallFilters, {"assistant": "Later"})) == []
    assert all("call" not in entry["path"] for entry in stage.world.journal)


def test_records_are_read_from_the_sandbox() -> None:
    stage = SandboxFixture({"balance": 1, "calls": []})
    assert stage.engine(RECORD).info(RECORD, {}, from_options(RecordSeek, {"limit": 5})) == []


# --------------------------------------------------------------------------------------------------- other carriers

HOSTS: dict[str, tuple[list[str], bool]] = {
    "didlogic": (["sip.nl.didlogic.net", "192.0.2.1"], False),
    "didlogic in capitals": (["SIP.NL.DIDLOGIC.NET."], False),
    "addresses alone": (["192.0.2.1"], False),
    "none": ([], False),
    "another carrier": (["sip.example.com"], True),
    "another carrier with addresses": (["192.0.2.1", "sip.example.com"], True),
}
ABOUT_DIDLOGIC = sorted(
    {row.pattern for row in REASONS if "didlogic" in f"{row.cause}{row.fix}".lower() and "*" not in row.pattern}
)


@pytest.mark.parametrize("case", HOSTS)
def test_calls_of_other_carriers_get_no_didlogic_advice(case: str) -> None:
    hosts, foreign = HOSTS[case]
    lists = {
        "/phone-number": [{"id": "p1", "provider": "byo-phone-number", "credentialId": "c1"}],
        "/credential": [{"id": "c1", "name": "Other", "gateways": [{"ip": host} for host in hosts]}],
    }
    items = [vapi(number, endedReason=reason, phoneNumberId="p1") for number, reason in enumerate(ABOUT_DIDLOGIC)]
    assert len(items) >= 10
    found = call_log.over_other_carriers(lambda resource: lists[resource.path], items)
    for before, after in zip(items, found, strict=True):
        assert after["outcome"] == before["outcome"]
        assert (after == before) is not foreign
        if foreign:
            assert after["other_carrier"] == "the trunk Other"
            assert "option" not in after["diagnosis"]


@pytest.mark.parametrize("provider", ["twilio", "vonage", "telnyx", "vapi"])
def test_numbers_of_other_providers_have_no_carrier_verdict(provider: str) -> None:
    lists: dict[str, list[ApiObject]] = {"/phone-number": [{"id": "p1", "provider": provider}], "/credential": []}
    (found,) = call_log.over_other_carriers(
        lambda resource: lists[resource.path], [vapi(endedReason=ABOUT_DIDLOGIC[0], phoneNumberId="p1")]
    )
    assert found["other_carrier"] == provider


def test_lists_are_read_only_if_needed_and_permitted() -> None:
    def refuse(_resource: t.Any) -> t.NoReturn:
        raise ApiError("403")

    plain, concerned = vapi(phoneNumberId="p1"), vapi(1, endedReason=ABOUT_DIDLOGIC[0], phoneNumberId="p1")
    assert call_log.over_other_carriers(refuse, [concerned]) == [concerned]
    assert call_log.over_other_carriers(lambda _resource: pytest.fail("asked"), [plain]) == [plain]
