# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a call log: each call and each record once, costs by service, and no foreign text out of its place."""

from __future__ import annotations

import collections
import csv
import datetime
import io
import itertools
import json
import math
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_log_files as files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_log_read as reading
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import SandboxFixture
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_pages import FIGURES, NAMES, needs_node, run

START = datetime.datetime(2026, 1, 2, 12, 0, tzinfo=datetime.UTC)
PAGE = f"<body>{files.EMPTY_DATA}</body>"
PHONES = {
    "p1": {"id": "p1", "number": "+31207001000", "provider": "byo-phone-number"},
    "p2": {"id": "p2", "number": "31207002000", "provider": "byo-phone-number"},
    "p3": {"id": "p3", "number": "+12025550100", "provider": "twilio"},
}
ApiObject = dict[str, t.Any]


def at(seconds: float) -> str:
    return (START + datetime.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def vapi(begin: float, customer: str = "31612340001", **more: t.Any) -> ApiObject:
    row = {
        "id": f"call {begin} {customer}", "type": "inboundPhoneCall", "status": "ended", "assistantId": "a1",
        "phoneNumberId": "p1", "customer": {"number": f"+{customer}"}, "createdAt": at(begin), "startedAt": at(begin),
        "endedAt": at(begin + 30), "endedReason": "customer-ended-call", "cost": 0.25,
    }  # fmt: skip
    return {**row, **more}


def record(begin: float, customer: str = "31612340001", **more: t.Any) -> ApiObject:
    row = {
        "timestamp": at(begin),
        "type": "incoming",
        "from": customer,
        "to": "31207001000",
        "duration": 30,
        "amount": 0.5,
    }
    return {**row, **more}


def log_of(calls: list[ApiObject], records: list[ApiObject] | None = (), **more: t.Any) -> reading.CallLog:
    """A log as it is read; without records if they are ``None``."""
    calls = sorted(calls, key=lambda call: str(call["createdAt"]), reverse=True)
    log = reading.CallLog(
        calls=[reading.packed_call(call) for call in calls],
        assistants={"a1": "Day"}, numbers=PHONES, trunks={}, begin=at(-86400), end=at(86400), now=at(86400),
        retention_start="", full=False,
    )  # fmt: skip
    for name, value in more.items():
        setattr(log, name, value)
    if records is not None:
        log.carrier = True
        log.records = [{reading.PACKED: reading.packed(CARRIER.record_of(row))} for row in records]
        reading.compare(log)
    return log


def made(log: reading.CallLog) -> tuple[list[ApiObject], list[dict[str, str]], ApiObject]:
    """The calls of the page, the rows of the table, and the figures."""
    found = files.files_of(log, PAGE, lambda value: value, CARRIER)
    text = found.page.decode().removeprefix(PAGE.partition("null")[0]).removesuffix(PAGE.partition("null")[2])
    table = list(csv.DictReader(io.StringIO(found.table.decode(), newline="")))
    calls: list[ApiObject] = json.loads(text)["calls"]
    return calls, table, t.cast("ApiObject", found.figures)


# ------------------------------------------------------------------------------------------------- which is whose


MATCHES: dict[str, tuple[list[ApiObject], list[ApiObject], dict[str, int]]] = {
    "both": ([vapi(0)], [record(1)], {"both": 1}),
    "only Vapi": ([vapi(0)], [], {"vapi": 1}),
    "only didlogic": ([], [record(1)], {"carrier": 1}),
    "another customer": ([vapi(0)], [record(1, "31612340002")], {"vapi": 1, "carrier": 1}),
    "another number": ([vapi(0)], [record(1, to="31207002000")], {"vapi": 1, "carrier": 1}),
    "another direction": ([vapi(0)], [record(1, type="sip")], {"vapi": 1, "carrier": 1}),
    "too early": ([vapi(0)], [record(-91)], {"vapi": 1, "carrier": 1}),
    "too late": ([vapi(0)], [record(121)], {"vapi": 1, "carrier": 1}),
    "two calls, one record": ([vapi(0), vapi(20)], [record(1)], {"ambiguous": 1, "vapi": 1}),
    "one call, two records": ([vapi(0)], [record(1), record(20)], {"ambiguous": 1, "carrier": 1}),
    "two of each at the same time": ([vapi(0), vapi(20)], [record(1), record(21)], {"ambiguous": 2}),
    "two of each": ([vapi(0), vapi(600)], [record(1), record(601)], {"both": 2}),
    "a record in the middle of a long call": ([vapi(0, endedAt=at(900))], [record(400)], {"ambiguous": 1}),
    "a web call": ([vapi(0, type="webCall", customer=None, phoneNumberId=None)], [], {}),
    "a number of another provider": ([vapi(0, phoneNumberId="p3")], [], {}),
    "without a number": ([vapi(0, customer={})], [record(1, "")], {"vapi": 1, "carrier": 1}),
    "records at the edges of the period": ([], [record(-86400), record(86399), record(0)], {"carrier": 1}),
    "a transfer": (
        [vapi(0, endedReason="assistant-forwarded-call", artifact={"transfers": [{"destination": "+31207009999"}]})],
        [record(1), record(10, type="sip", to="31207009999", **{"from": "31207001000"})],
        {"both": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MATCHES)
def test_each_call_and_record_has_one_row(case: str) -> None:
    calls, records, expected = MATCHES[case]
    shown, table, figures = made(log_of(calls, records))
    assert collections.Counter(call["match"] for call in shown if "match" in call) == expected
    assert figures["matches"] == {name: expected.get(name, 0) for name in files.MATCHES}
    assert figures["calls"] == len(calls)
    assert [row["match"] for row in table] == [call.get("match", "") for call in shown]
    assert sorted(row["id"] for row in table if row["id"]) == sorted(call["id"] for call in calls)


MOMENTS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["31612340001", "31612340002"])), max_size=12)


@given(MOMENTS, MOMENTS)
@settings(max_examples=200, deadline=None)
def test_no_record_is_lost_or_used_twice(calls: list[tuple[int, str]], records: list[tuple[int, str]]) -> None:
    """Whatever calls and records there are: a certain match has no second candidate."""
    begins = {(number * 30, customer): vapi(number * 30, customer) for number, customer in calls}
    shown, _table, _figures = made(log_of(list(begins.values()), [record(n * 30 + 7, c) for n, c in records]))
    assert len([call for call in shown if call["match"] != "carrier"]) == len(begins)
    with_record = [call["carrier"]["timestamp"] for call in shown if call["carrier"]]
    assert sorted(with_record) == sorted(at(number * 30 + 7) for number, _customer in records)
    for call in shown:
        near = [n for n, customer in records if call["match"] == "both" and customer == call["customer"]["number"][1:]
                and -90 <= n * 30 + 7 - seconds(call["created_at"]) <= 90]  # fmt: skip
        assert len(near) == (call["match"] == "both")


def seconds(text: str) -> float:
    return (datetime.datetime.fromisoformat(text) - START).total_seconds()


def test_rows_are_sorted_by_time() -> None:
    shown, table, _figures = made(log_of([vapi(0), vapi(3000)], [record(1500), record(-500)]))
    assert [call["match"] for call in shown] == ["vapi", "carrier", "vapi", "carrier"]
    assert [row["time"] for row in table] == [at(3000), at(1500), at(0), at(-500)]


def test_records_before_the_first_read_call_are_not_listed() -> None:
    """If the limit was reached, or Vapi has deleted older calls, nothing is known about calls of that time."""
    calls, records = [vapi(0), vapi(3000)], [record(-500), record(1500)]
    for more in ({"full": True}, {"retention_start": at(0)}):
        _shown, table, figures = made(log_of(calls, records, **more))
        assert figures["matches"]["carrier"] == 1
        assert len(table) == 3


# ------------------------------------------------------------------------------------------------------- what it costs


def test_costs_are_separate_and_unknown_ones_are_counted() -> None:
    transfer = {"transfers": [{"destination": "+31207009999"}]}
    calls = [
        vapi(0), vapi(1000, cost=None), vapi(2000, phoneNumberId="p2", assistantId="a2"),
        vapi(3000, artifact=transfer, endedReason="assistant-forwarded-call"), vapi(4000, phoneNumberId="p3"),
    ]  # fmt: skip
    leg = record(3010, type="sip", to="31207009999", amount=2, **{"from": "31207001000"})
    records = [record(1), record(1001, amount="free"), record(3001), leg, record(5000, to="31207002000", amount=7)]
    _shown, _table, figures = made(log_of(calls, records))
    names = ("calls", "vapi_cost", "vapi_cost_unknown", "didlogic_cost", "didlogic_cost_unknown")
    numbers = {row["number"]: tuple(row[name] for name in names) for row in figures["numbers"]}
    assert numbers == {
        "+31207001000": (3, 0.5, 1, 0.5 + 0.5 + 2, 1),
        "31207002000": (2, 0.25, 0, 7, 1),
        "+12025550100": (1, 0.25, 0, 0, 0),
    }
    assistants = {row["assistant"]: tuple(row[name] for name in names) for row in figures["assistants"]}
    assert assistants == {"Day": (4, 0.75, 1, 3, 1), "a2": (1, 0.25, 0, 0, 1)}
    assert (figures["vapi_cost"], figures["didlogic_cost"]) == (1.0, 10.0)


@given(st.lists(st.sampled_from([0, 0.1, 2, None, "0.5", "x", math.inf, math.nan, True, 10**400, [1]]), max_size=8))
def test_cost_is_a_number_or_unknown(amounts: list[t.Any]) -> None:
    cost = files.Cost()
    for amount in amounts:
        cost.add(amount)
    known = [float(amount) for amount in amounts if amount in (0, 0.1, 2, "0.5") and amount is not True]
    assert cost.unknown == len(amounts) - len(known)
    assert cost.sum == pytest.approx(sum(known))


def test_without_records_no_price_is_expected() -> None:
    shown, table, figures = made(log_of([vapi(0)], None))
    assert "match" not in shown[0]
    assert table[0]["match"] == ""
    assert (figures["matches"], figures["didlogic_cost_unknown"]) == ({}, 0)


# --------------------------------------------------------------------------------------------------- what is requested


@pytest.mark.parametrize(("each", "expected"), [(1, 1), (250, 1), (300, 2), (1200, 8), (3000, 8)])
def test_records_of_busy_days_are_requested_separately(each: int, expected: int) -> None:
    """Each day once, however many calls there are."""
    log = log_of([], None, begin=at(-7 * 86400), end=at(0))
    log.times = [START + datetime.timedelta(days=day) for day in range(-7, 1) for _call in range(each)]
    queries = [query.params for query in reading.queries(CARRIER, log)]
    assert len(queries) == expected
    days = [
        datetime.date.fromisoformat(t.cast("str", query["from"])) + datetime.timedelta(days=number)
        for query in queries
        for number in range(
            (datetime.date.fromisoformat(str(query["to"])) - datetime.date.fromisoformat(str(query["from"]))).days + 1
        )
    ]
    assert days == [datetime.date(2025, 12, 25) + datetime.timedelta(days=number) for number in range(10)]


def test_log_is_read_from_the_sandbox() -> None:
    stage = SandboxFixture({"balance": 1, "calls": []})
    engine = stage.engine(reading.CALLS)
    log = reading.read({"vapi": engine}, reading.CallLogOptions(dest="x", created_after=at(0)), CARRIER)
    assert (log.calls, log.carrier, log.full, log.begin) == ([], False, False, at(0).replace("Z", ".000Z"))


# ------------------------------------------------------------------------------------------------------- foreign text


def hostile(name: str, figure: t.Any) -> tuple[list[ApiObject], list[ApiObject]]:
    """Calls and records in which each value is foreign."""
    call = vapi(
        0, id=name or "0", type=name, status=name, assistantId=name, phoneNumberId=name, endedReason=name,
        endedMessage=name, cost=figure, campaignId=name, customer={"number": name, "name": name},
        analysis={"summary": name}, artifact={"transfers": [{"destination": name, "status": name}]},
    )  # fmt: skip
    bad = record(0, type=name, to=name, amount=figure, duration=figure, destination_name=name, **{"from": name})
    other = vapi(0, customer={"number": "+31612340001", "name": name}, cost=figure, analysis={"summary": name})
    return [call, other], [bad, record(1, amount=figure, duration=figure, sip_account=name), record(999, amount=figure)]


def cases() -> t.Iterator[bytes]:
    for name, figure in itertools.product([*NAMES, "\u2028", "--><!--<script>"], FIGURES):
        log = log_of(*hostile(name, figure), assistants={name: name}, numbers={name: {"number": name, "name": name}})
        yield files.files_of(log, PAGE, lambda value: value, CARRIER).page


def test_page_contains_foreign_text_only_as_escaped_json() -> None:
    opening, closing = (part.encode() for part in PAGE.split("null"))
    for page in cases():
        assert page.startswith(opening)
        assert page.endswith(closing)
        data = page.removeprefix(opening).removesuffix(closing)
        assert data.isascii()
        assert not {b"<", b">", b"&"} & {data[at : at + 1] for at in range(len(data))}
        assert len(json.loads(data)["calls"]) >= 3


@needs_node
def test_page_shows_calls_and_records(tmp_path: Path) -> None:
    """Foreign values do not end the script, and few of many rows are elements."""
    pages = [
        *cases(),
        files.files_of(log_of([vapi(n, f"3161{n:07}") for n in range(1500)], []), PAGE, dict, CARRIER).page,
    ]
    data = [page.decode().split(">", 2)[2].rpartition("</script>")[0] for page in pages]
    found = run(tmp_path, "call_log", [{"data": text, "hash": ""} for text in data], ("calls", "call"))
    assert [rows for rows in found if not isinstance(rows, int)][:3] == []
    assert [rows for rows in found[:-1] if not 3 <= rows <= 5] == []
    assert 30 <= found[-1] < 100
