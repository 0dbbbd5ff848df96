# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The automatic limit of concurrent requests: its bounds, its recovery, and services with limits of their own."""

from __future__ import annotations

import collections
import concurrent.futures
import heapq
import itertools
import threading
import time
import typing as t

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.concurrency import (
    INITIAL_LIMIT,
    MAX_CONCURRENCY,
    MAX_STEP,
    AdaptiveLimit,
    Slots,
    check_concurrency,
    workers,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_batches
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    SandboxFixture,
    canary,
    number_options,
    trunk_options,
)

#: Prompt responses after which each limit has grown to its bound again.
RECOVERY = MAX_STEP * MAX_CONCURRENCY * (MAX_CONCURRENCY + 1) // 2

Event = tuple[str, "int | None", float, int, bool]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["GET /a", "POST /a"]),
        st.sampled_from([200, 201, 404, 429, 500, 503, None]),
        st.floats(0, 100),
        st.integers(0, 3),  # how many periods ago it was sent
        st.booleans(),
    ),
    max_size=60,
)


def after(events: list[Event], limit: AdaptiveLimit) -> list[int]:
    """The limits after each event."""
    found = []
    for kind, status, seconds, ago, full in events:
        limit.answered(kind, status, seconds, period=max(0, limit.period - ago), full=full)
        found.append(limit.limit)
    return found


@given(EVENTS, st.integers(1, 40), st.integers(1, MAX_CONCURRENCY))
def test_limit_keeps_its_bounds_and_follows_from_the_responses(events: list[Event], initial: int, bound: int) -> None:
    limits = after(events, AdaptiveLimit(initial, bound))
    assert all(1 <= each <= bound for each in limits)
    assert limits == after(events, AdaptiveLimit(initial, bound))
    for earlier, later in itertools.pairwise(limits):
        assert later in (max(1, earlier // 2), earlier, earlier + 1)


@given(EVENTS)
def test_limit_recovers(events: list[Event]) -> None:
    limit = AdaptiveLimit()
    after(events, limit)
    sent = 0
    while limit.limit < MAX_CONCURRENCY and sent < RECOVERY:
        after([("GET /new", 200, 0.05, 0, True)], limit)
        sent += 1
    assert limit.limit == MAX_CONCURRENCY


@given(st.integers(1, MAX_CONCURRENCY), st.integers(0, 40))
def test_requests_of_one_moment_halve_the_limit_once(initial: int, more: int) -> None:
    limit = AdaptiveLimit(initial)
    for _request in range(1 + more):
        limit.answered("GET /a", 429, 0.05, period=0, full=True)
    assert limit.limit == max(1, initial // 2)


@pytest.mark.parametrize(
    ("status", "seconds", "full", "limit"),
    [
        (200, 0.05, True, INITIAL_LIMIT + 1),
        (404, 0.05, True, INITIAL_LIMIT + 1),
        (200, 0.05, False, INITIAL_LIMIT),
        (200, 0.16, True, INITIAL_LIMIT),
        (500, 0.05, True, INITIAL_LIMIT),
        (503, 0.05, True, INITIAL_LIMIT),
        (429, 0.05, True, INITIAL_LIMIT // 2),
        (None, 0.05, False, INITIAL_LIMIT // 2),
    ],
)
def test_only_prompt_responses_at_the_limit_raise_it(
    status: int | None, seconds: float, full: bool, limit: int
) -> None:
    found = AdaptiveLimit()
    found.answered("GET /a", 200, 0.05, period=0, full=False)
    found.answered("GET /a", status, seconds, period=0, full=full)
    assert found.limit == limit


# ------------------------------------------------------------------------------------------- services with a limit


class Simulation:
    """A service that answers after a time and refuses some requests, and a client that repeats these.

    :param latency: seconds, for the number of requests that are being processed. :param refuses: whether a request is
        refused, for the number of requests that are being processed and the time.
    """

    def __init__(
        self, latency: t.Callable[[int], float], refuses: t.Callable[[int, float], bool], limit: AdaptiveLimit
    ) -> None:
        self.latency, self.refuses, self.limit = latency, refuses, limit
        self.now, self.refused = 0.0, 0
        self.limits: list[int] = []

    def run(self, count: int) -> float:
        """Send requests until so many have succeeded. :return: the seconds."""
        numbers = itertools.count()
        ends: list[tuple[float, int, int, float, int]] = []
        ready, waiting = count, collections.deque[float]()
        while ready or waiting or ends:
            while waiting and waiting[0] <= self.now:
                waiting.popleft()
                ready += 1
            while ready and len(ends) < self.limit.limit:
                ready -= 1
                status = 429 if self.refuses(len(ends), self.now) else 200
                seconds = 0.01 if status == 429 else self.latency(len(ends) + 1)
                heapq.heappush(ends, (self.now + seconds, next(numbers), status, seconds, self.limit.period))
            if not ends:
                self.now = waiting[0]
                continue
            full = len(ends) >= self.limit.limit
            self.now, _number, status, seconds, period = heapq.heappop(ends)
            self.limit.answered("GET /a", status, seconds, period=period, full=full)
            self.limits.append(self.limit.limit)
            if status == 429:
                self.refused += 1
                waiting.append(self.now + 0.5)
        return self.now


class Bucket:
    """A rate limit: so many requests a second, and some at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.left, self.then = rate, burst, burst, 0.0

    def refuses(self, _busy: int, now: float) -> bool:
        self.left, self.then = min(self.burst, self.left + (now - self.then) * self.rate), now
        if self.left < 1:
            return True
        self.left -= 1
        return False


@given(st.integers(2, 40), st.floats(0.01, 0.3))
def test_concurrency_settles_below_the_limit_of_a_service(capacity: int, seconds: float) -> None:
    simulation = Simulation(lambda _busy: seconds, lambda busy, _now: busy >= capacity, AdaptiveLimit())
    simulation.run(1000)
    assert simulation.refused <= 60
    settled = simulation.limits[300:]
    assert max(settled) <= min(capacity + 1, MAX_CONCURRENCY)
    assert sum(settled) / len(settled) >= min(capacity, MAX_CONCURRENCY) * 0.5


@settings(max_examples=25)
@given(st.floats(20, 400), st.floats(1, 10), st.floats(0.02, 0.2))
def test_few_requests_exceed_a_rate_limit(rate: float, burst: float, seconds: float) -> None:
    """A client that always sends as many as it may is refused far more often."""
    found = {}
    for name, limit in {"auto": AdaptiveLimit(), "fixed": AdaptiveLimit(MAX_CONCURRENCY)}.items():
        if name == "fixed":
            limit.answered = lambda *_values, **_more: None  # type: ignore[method-assign]
        simulation = Simulation(lambda _busy: seconds, Bucket(rate, burst).refuses, limit)
        found[name] = (simulation.run(400), simulation.refused)
    assert found["auto"][1] <= max(40, found["fixed"][1] / 2)


@given(st.integers(4, 31), st.floats(0.03, 0.3))
def test_limit_does_not_grow_while_the_service_gets_slower(capacity: int, seconds: float) -> None:
    """A service with so many workers: more requests only wait longer."""
    simulation = Simulation(lambda busy: seconds * max(1, busy / capacity) ** 2, lambda *_: False, AdaptiveLimit())
    simulation.run(1000)
    assert simulation.limits[-1] <= max(INITIAL_LIMIT, capacity * 4)
    assert simulation.limits[-1] >= min(capacity, MAX_CONCURRENCY)


# ------------------------------------------------------------------------------------------------------ the client


def test_slots_permit_as_many_requests_as_the_limit() -> None:
    """32 threads; the service answers more slowly if it has more than 12 requests, and refuses more than 20."""
    limit, lock = AdaptiveLimit(), threading.Lock()
    busy = largest = refused = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal busy, largest, refused
        with lock:
            busy += 1
            # The limit may have been halved since the request was permitted.
            assert busy <= MAX_CONCURRENCY
            largest = max(largest, busy)
            status = 429 if busy > 20 else 200
            refused += status == 429
        time.sleep(0.002)
        with lock:
            busy -= 1
        return httpx.Response(status, json=[], headers={"retry-after": "0.01"} if status == 429 else {})

    connection = from_options(VAPI.connection, {"api_key": canary(), "api_url": "http://127.0.0.1/"})
    client = Client(VAPI, connection, from_options(HttpOptions, {}), transport=httpx.MockTransport(answer), limit=limit)
    with concurrent.futures.ThreadPoolExecutor(MAX_CONCURRENCY) as pool:
        answers = list(pool.map(lambda _index: client.get("/assistant"), range(600)))
    client.close()
    assert answers == [[]] * 600
    assert largest > INITIAL_LIMIT
    assert refused <= 60


def test_slot_is_free_again_after_an_error() -> None:
    slots = Slots(AdaptiveLimit(1))
    for _attempt in range(3):
        with pytest.raises(ZeroDivisionError), slots.slot():
            raise ZeroDivisionError
    with slots.slot() as report:
        report("GET /a", 200, 0.1)


class RateLimited(httpx.BaseTransport):
    """The sandbox behind a limit: it refuses a request if it processes so many others."""

    def __init__(self, stage: SandboxFixture, capacity: int) -> None:
        self.inner, self.capacity = stage.transport, capacity
        self.lock, self.serial = threading.Lock(), threading.Lock()
        self.busy = self.refused = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.busy += 1
            refuses = self.busy > self.capacity
            self.refused += refuses
        try:
            time.sleep(0.003)
            if refuses:
                return httpx.Response(429, json={"message": "Rate limit exceeded"})
            with self.serial:
                answer: httpx.Response = self.inner.handle_request(request)
            return answer
        finally:
            with self.lock:
                self.busy -= 1


def test_rate_limited_sandbox_has_each_object_once() -> None:
    """A refused create is not repeated before the list was read again."""
    stage = SandboxFixture()
    stage.do(SIP_TRUNK, **trunk_options())
    items = [number_options(number=f"3120{index:07}") for index in range(120)]
    desired = [each for item in items for each in desired_batches(PHONE_NUMBER, item)[0]]
    transport, limit = RateLimited(stage, 12), AdaptiveLimit()
    client = stage.client(PHONE_NUMBER, transport=transport, limit=limit)
    outcomes = Engine(client, concurrency=MAX_CONCURRENCY).ensure(PHONE_NUMBER, desired)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert sorted(row["number"] for row in stage.store("phone_numbers")) == sorted(item["number"] for item in items)
    assert 0 < transport.refused <= 30
    assert limit.limit <= 13


@pytest.mark.parametrize("value", ["auto", "1", "32"])
def test_valid_concurrency(value: str) -> None:
    check_concurrency(value)
    assert workers(value) == (32 if value == "auto" else int(value))


@pytest.mark.parametrize("value", ["", "0", "33", "-1", "1.5", "Auto", "\u0663", "8 "])
def test_invalid_concurrency(value: str) -> None:
    with pytest.raises(ValueError, match="auto, or a number from 1 to 32"):
        check_concurrency(value)
