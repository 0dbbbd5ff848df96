# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer and a whole list may take up; ``tests/robustness/bounds.py`` measures whole processes."""

from __future__ import annotations

import concurrent.futures
import gzip
import itertools
import json
import time
import tracemalloc
import typing as t
import uuid

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import client as http_client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import read_budget
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ListTooLongError,
    OutcomeUnknownError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import ListQuery, Provider
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_client import PATCH, POST, Fake, ok

SERVICES = pytest.mark.parametrize("service", [VAPI, DIDLOGIC], ids=["vapi", "didlogic"])
BOMB = gzip.compress(gzip.compress(b"[" + b"0," * 20_000_000 + b"0]"))
CODINGS = ["gzip", "deflate", "br", "zstd", "compress", "x-gzip", "unknown"]


class Stream(httpx.SyncByteStream):
    """A body as it comes over a connection, so that it is decoded only while it is read."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> t.Iterator[bytes]:
        yield self.body


def encoded(coding: str, status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"Content-Encoding": coding}, stream=Stream(BOMB))


@pytest.mark.parametrize(
    "coding", [*CODINGS, *(f"{one}, {other}" for one, other in itertools.product(CODINGS[:3], [*CODINGS, "identity"]))]
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_encoded_response_is_rejected_before_decompression(coding: str, status: int) -> None:
    tracemalloc.start()
    fake = Fake(lambda _request: encoded(coding, status))
    with pytest.raises(UnreachableError, match="compressed"):
        fake.client.get("/x")
    assert len(fake.requests) == 1
    assert fake.requests[0].headers["accept-encoding"] == "identity"
    for write in (POST, PATCH):
        with pytest.raises(OutcomeUnknownError, match="compressed"):
            Fake(lambda _request: encoded(coding, status)).client.write(write)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("coding", ["identity", "Identity", " identity ", ""])
def test_unencoded_response_is_read(coding: str) -> None:
    body = Stream(b"[1]")
    fake = Fake(lambda _request: httpx.Response(200, headers={"Content-Encoding": coding}, stream=body))
    assert fake.client.get("/x") == [1]


@pytest.mark.parametrize("unit", [b"{},", b"[],", b'{"a":1},', b"1.5,", b'"a1",', b'[[{"a":[]}]],', b"null,"])
def test_response_with_too_many_values_is_rejected_before_parsing(unit: bytes) -> None:
    body = b"[" + unit * (http_client.MAX_RESPONSE_BYTES // len(unit) - 2) + b"1]"
    tracemalloc.start()
    with pytest.raises(UnreachableError, match="values"):
        Fake(lambda _request: httpx.Response(200, stream=Stream(body))).client.get("/x")
    assert tracemalloc.get_traced_memory()[1] < 3 * http_client.MAX_RESPONSE_BYTES
    tracemalloc.stop()


def endless(service: Provider, padding: str = "") -> t.Callable[[httpx.Request], httpx.Response]:
    """A service whose list has no end."""
    count = itertools.count()

    def answer(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        size = int(query.get("limit") or query.get("per_page") or 100)
        first = next(count) * (size - 1)
        rows = [
            {"id": str(uuid.UUID(int=first + at)), "createdAt": f"{9_000_000_000 - first - at}", "x": f"{padding}{at}"}
            for at in range(size)
        ]
        return ok(rows)

    return answer


@SERVICES
@pytest.mark.parametrize(
    ("bound", "value", "padding", "says"),
    [
        ("MAX_ROWS", 5_000, "", "more than 5000 rows"),
        ("MAX_LISTS", 3 * 2**20, "x" * 1000, "more than 3 MB of memory"),
        ("MAX_SECONDS", 50.0, "", "needs more than 50 s"),
    ],
)
def test_endless_list_is_an_error(
    service: Provider, bound: str, value: float, padding: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_budget, bound, value)
    fake = Fake(endless(service, padding), service=service)

    answer = fake.script[0]

    def slow(request: httpx.Request) -> httpx.Response:
        fake.now += 7.0 if bound == "MAX_SECONDS" else 0.0
        return answer(request)  # type: ignore[operator,no-any-return]

    fake.script = [slow]
    with pytest.raises(UnreachableError, match=says) as raised:
        fake.client.list_all("/x")
    assert "The response was ignored" in str(raised.value)
    assert len(fake.requests) < 12


@SERVICES
def test_list_within_limits_is_read_completely(service: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": str(number), "createdAt": str(9000 - number)} for number in range(900)]
    monkeypatch.setattr(read_budget, "MAX_ROWS", 900)
    monkeypatch.setattr(read_budget, "MAX_LISTS", read_budget.size_of(rows) + 1000)
    assert Fake(ok(rows), service=service).client.list_all("/x", query=ListQuery(limit=900)) == rows


# ------------------------------------------------------------------------------------------------ all lists of a task

ROWS = [{"id": str(number), "createdAt": str(9000 - number)} for number in range(90)]
#: The lists of one task: of both services, several at once, and the details of many objects.
LISTS: dict[str, list[tuple[Provider, str, dict[str, str]]]] = {
    "one service": [(VAPI, f"/{name}", {}) for name in "abcdefghij"],
    "both services": [(service, f"/{name}", {}) for service in (VAPI, DIDLOGIC) for name in "abcde"],
    "details": [(DIDLOGIC, "/numbers/{number}/destinations", {"number": str(number)}) for number in range(10)],
}
LIMITS = [("MAX_ROWS", 450, "450 rows"), ("MAX_LISTS", 5 * read_budget.size_of(ROWS), "of memory")]


@pytest.mark.parametrize("lists", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize(("limit", "value", "says"), LIMITS)
@pytest.mark.parametrize("at_once", [True, False])
def test_limits_apply_to_all_lists_of_a_task(
    lists: list[tuple[Provider, str, dict[str, str]]],
    limit: str,
    value: int,
    says: str,
    at_once: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five of ten equal lists can be read, each again and again, whatever order they are read in."""
    monkeypatch.setattr(read_budget, limit, value)
    budget, reasons = read_budget.ReadBudget(), set[str]()
    clients = {service.name: Fake(ok(ROWS), service=service, read_budget=budget).client for service in (VAPI, DIDLOGIC)}

    def read(one: tuple[Provider, str, dict[str, str]]) -> bool:
        service, path, ids = one
        try:
            return clients[service.name].list_all(path, query=ListQuery(limit=90), **ids) == ROWS
        except ListTooLongError as error:
            reasons.add(str(error))
            return False

    with concurrent.futures.ThreadPoolExecutor(4 if at_once else 1) as pool:
        for _time in range(3):
            assert all(pool.map(read, lists[:5]))
        assert not any(pool.map(read, lists[5:]))
    assert all(says in reason for reason in reasons)


def test_time_of_all_lists_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists that are read at the same time take the time once; the time between two lists does not count."""
    monkeypatch.setattr(read_budget, "MAX_SECONDS", 100.0)
    now = [0.0]
    budget = read_budget.ReadBudget(lambda: now[0])
    for _time in range(3):
        with budget.count_list("a", "a") as spend, budget.count_list("b", "b") as also:
            now[0] += 30
            spend(1, [])
            also(1, [])
        now[0] += 1000
    with budget.count_list("c", "c") as spend:
        now[0] += 11
        with pytest.raises(ListTooLongError, match="more than 100 s"):
            spend(1, [])


@pytest.mark.parametrize("size", [read_budget.LARGE // 4, read_budget.LARGE + 1])
@pytest.mark.parametrize("failing", [False, True])
def test_only_one_large_response_is_processed_at_a_time(size: int, failing: bool) -> None:
    active: list[int] = []
    peaks = []

    class Pieces(httpx.SyncByteStream):
        def __iter__(self) -> t.Iterator[bytes]:
            yield b"[" + b" " * size
            active.append(1)
            peaks.append(len(active))
            time.sleep(0.02)
            active.pop()
            yield b"nothing" if failing else b"]"

    fake = Fake(lambda _request: httpx.Response(200, stream=Pieces()), retry_timeout=0)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: _read(fake.client, f"/{at}"), range(24)))
    assert found == ([None] if failing else [[]]) * 24
    assert (max(peaks) == 1) == (size > read_budget.LARGE)


def _read(client: t.Any, path: str) -> object:
    try:
        return client.list_all(path)
    except UnreachableError:
        return None


@pytest.mark.parametrize("service", [VAPI, DIDLOGIC], ids=["vapi", "didlogic"])
def test_rows_that_are_not_needed_are_not_kept(service: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_budget, "MAX_LISTS", 5000)
    rows = [{"id": str(at), "createdAt": f"{9000 - at}"} for at in range(999)]
    assert read_budget.size_of(rows) > 100_000
    query = ListQuery(matches=lambda row: row["createdAt"] == "8500")
    found = Fake(ok(rows), ok(rows), service=service).client.list_all("/x", query=query)
    assert found == [rows[500]]


def test_conversation_of_a_call_is_not_kept_in_memory() -> None:
    row = {
        "id": "1",
        "createdAt": "1",
        "status": "ended",
        "transcript": "x" * 100_000,
        "messages": [{"role": "bot", "message": "y" * 1000}] * 50,
        "artifact": {"messages": ["z" * 100_000], "recordingUrl": "https://example.com/r", "transfers": []},
    }
    query = ListQuery(limit=1, reduce=CALL.api.reduce)
    (kept,) = Fake(ok([row])).client.list_all("/call", query=query)
    assert len(json.dumps(kept)) < 200
    assert kept["artifact"] == {"recordingUrl": "https://example.com/r", "transfers": []}
