# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source ``availability``: when the state changes, and the checks against servers on loopback."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import runpy
import secrets
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed; `python3 dev.py eda` runs these tests")

import hypothesis
import trustme
import yaml
from aiohttp import web
from hypothesis import strategies as st
from serving import ROOT, on_a_loop

FILE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "availability.py"
SOURCE = runpy.run_path(str(FILE))
GUIDE = ROOT / "docs" / "docsite" / "rst" / "events.rst"
UP, DOWN = "available", "unavailable"
OPTIONS = yaml.safe_load(SOURCE["DOCUMENTATION"])["options"]
DEFAULTS = {name: option.get("default") for name, option in OPTIONS.items()}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VAPI_API_URL", "DIDLOGIC_API_URL", "DIDLOGIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


# --------------------------------------------------------------------------------------------------------- hysteresis


def hysteresis(**changes: Any) -> Any:
    names = ("quorum", "down_after", "up_after", "max_changes", "count_from_start")
    return SOURCE["Hysteresis"](**{name: changes.get(name, DEFAULTS[name]) for name in names})


def states(found: Any, rounds: list[dict[str, bool | None]], interval: float = 5, start: float = 0) -> list[str | None]:
    """The state after each round."""
    after = []
    for index, checks in enumerate(rounds):
        due = found.add(checks)
        if due and found.allowed(due, start + index * interval):
            found.change(due, start + index * interval)
        after.append(found.state)
    return after


NAMES = ("sip", "api", "calls")
OUTCOME = st.sampled_from([True, False, None])
ROUND = st.fixed_dictionaries(dict.fromkeys(NAMES, OUTCOME))
#: Each kind of round several times in a row, as single random rounds rarely reach a state.
ROUNDS = st.lists(st.tuples(ROUND, st.integers(1, 6)), max_size=25).map(
    lambda runs: [checks for checks, times in runs for _time in range(times)]
)
SETTINGS = st.fixed_dictionaries(
    {
        "quorum": st.integers(2, 3),
        "down_after": st.integers(1, 4),
        "up_after": st.integers(1, 4),
        "max_changes": st.integers(2, 6),
        "count_from_start": st.booleans(),
    }
)


@hypothesis.given(ROUNDS, SETTINGS)
def test_unavailable_requires_the_quorum_in_rounds_in_a_row(rounds: list[Any], settings: dict[str, Any]) -> None:
    found = states(hysteresis(**settings), rounds)
    for index, (before, after) in enumerate(zip([None, *found], found, strict=False)):
        decided = [checks for checks in rounds[: index + 1] if any(ok is not None for ok in checks.values())]
        failed = [sum(ok is False for ok in checks.values()) for checks in decided]
        if after != before == UP or (before is None and after == DOWN):
            # Rounds with too few results, none of which is a success, neither count nor end the sequence.
            silent = [sum(ok is True for ok in checks.values()) == 0 for checks in decided]
            counting = [
                number
                for number, quiet in zip(failed, silent, strict=True)
                if number >= settings["quorum"] or not quiet
            ]
            last = counting[-settings["down_after"] :]
            assert len(last) == settings["down_after"]
            assert min(last) >= settings["quorum"]


@hypothesis.given(ROUNDS, SETTINGS)
def test_one_failing_check_never_reaches_the_quorum(rounds: list[Any], settings: dict[str, Any]) -> None:
    for name in NAMES:
        alone = [{other: ok if other == name or ok else None for other, ok in checks.items()} for checks in rounds]
        assert DOWN not in states(hysteresis(**settings), alone)


@hypothesis.given(ROUNDS, SETTINGS)
def test_undecided_checks_never_count_as_failures(rounds: list[Any], settings: dict[str, Any]) -> None:
    """Without failures there is no outage, and a round without any result changes nothing."""
    clean = [{name: ok or None for name, ok in checks.items()} for checks in rounds]
    assert DOWN not in states(hysteresis(**settings), clean)
    nothing: dict[str, bool | None] = dict.fromkeys(NAMES)
    spread = [each for checks in rounds for each in (checks, nothing, nothing)]
    found = states(hysteresis(**settings), spread, interval=0)
    assert found[::3] == found[2::3] == states(hysteresis(**settings), rounds, interval=0)


@hypothesis.given(ROUNDS, SETTINGS)
def test_failed_check_prevents_the_return(rounds: list[Any], settings: dict[str, Any]) -> None:
    """A round with a failed check that counts is never the one that ends an outage."""
    found = hysteresis(**settings)
    for index, checks in enumerate(rounds):
        due = found.add(checks)
        if due == UP:
            assert not any(ok is False and found.counts(name) for name, ok in checks.items())
            assert found.good_rounds >= settings["up_after"]
        if due and found.allowed(due, index):
            found.change(due, index)


@hypothesis.given(ROUNDS, SETTINGS, st.sampled_from([1.0, 60.0, 400.0, 3600.0]))
def test_changes_alternate_and_are_capped(rounds: list[Any], settings: dict[str, Any], interval: float) -> None:
    found = hysteresis(**settings)
    moments: list[tuple[float, str]] = []
    for index, checks in enumerate(rounds):
        due, now = found.add(checks), index * interval
        if due == DOWN:
            # The cap never prevents the failover.
            assert found.allowed(due, now)
        if due and found.allowed(due, now):
            found.change(due, now)
            moments.append((now, due))
    assert all(one[1] != other[1] for one, other in itertools.pairwise(moments))
    for now, _state in moments:
        assert sum(0 <= moment - now < 3600 for moment, _other in moments) <= settings["max_changes"]


def test_delayed_change_follows_later() -> None:
    found = hysteresis(down_after=1, up_after=1, max_changes=2)
    good, bad = dict.fromkeys(NAMES, True), dict.fromkeys(NAMES, False)
    assert states(found, [good, bad, good, good]) == [UP, DOWN, DOWN, DOWN]
    assert states(found, [good], start=3599) == [DOWN]
    assert states(found, [good], start=3606) == [UP]


def test_checks_that_never_succeeded_do_not_count() -> None:
    """A server that ignores strangers is no outage, and neither is it a vote for one."""
    rounds = [{"sip": False, "api": True}] * 20 + [{"sip": False, "api": False}] * 20
    assert DOWN not in states(hysteresis(), rounds)
    assert states(hysteresis(count_from_start=True), rounds)[-1] == DOWN


# ------------------------------------------------------------------------------- the documented figures, simulated time

LOSS = 0.2


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class LossyNetwork:
    """A SIP server behind a network that loses packets in both directions, in simulated time."""

    reliable, local, version, certificate = False, "192.0.2.9:5060", None, None

    def __init__(self, clock: Clock, chance: random.Random, loss: float) -> None:
        self.clock, self.chance, self.loss = clock, chance, loss
        self.arriving: list[tuple[float, bytes]] = []

    def resolve(self, *_given: Any) -> list[Any]:
        return [SIP_TRANSPORT.Address(2, ("192.0.2.1", 5060))]

    def services(self, *_given: Any) -> list[Any]:
        return []

    def open(self, *_given: Any) -> LossyNetwork:
        self.arriving = []
        return self

    def send(self, data: bytes, _within: float) -> None:
        if self.chance.random() >= self.loss and self.chance.random() >= self.loss:
            self.arriving.append((self.clock.now + 0.05, response_to(data.decode()).encode()))

    def receive(self, within: float) -> bytes:
        if self.arriving and self.arriving[0][0] <= self.clock.now + within:
            self.clock.now, data = self.arriving.pop(0)
            return data
        self.clock.now += within
        raise TimeoutError

    def close(self) -> None:
        pass


SIP_PROBE = SOURCE["collection"]("_sip.probe")
SIP_TRANSPORT = SOURCE["collection"]("_sip.transport")


def response_to(request: str, status: str = "200 OK") -> str:
    lines = [line for line in request.split("\r\n") if re.match("(?i)(via|from|to|call-id|cseq):", line)]
    return "\r\n".join([f"SIP/2.0 {status}", *lines, "Content-Length: 0", "", ""])


def sip_check(clock: Clock, chance: random.Random, loss: float) -> tuple[bool, float]:
    """One check with the SIP probe, over UDP only, which is the worst case; the result and its seconds."""
    started = clock.now
    options = SIP_PROBE.ProbeOptions(host="192.0.2.1", transport="udp", timeout=DEFAULTS["timeout"])
    result, _trouble = SIP_PROBE.probe(
        options, lambda _text: None, network=LossyNetwork(clock, chance, loss), clock=clock
    )
    return result["probe"]["ok"], clock.now - started


def api_check(chance: random.Random, loss: float) -> tuple[bool, float]:
    """A TCP connection and a request: each is repeated after 1 and 3 seconds, as Linux does."""
    took = 0.0
    for _exchange in range(2):
        delays = [after for after in (0, 1, 3) if chance.random() >= loss and chance.random() >= loss]
        took += delays[0] + 0.05 if delays else 10
    return took <= DEFAULTS["timeout"], min(took, DEFAULTS["timeout"])


def simulated(run: int, rounds: int, outage_at: float, loss: float = LOSS) -> tuple[list[str], float]:
    """The changes of the state, and the seconds from the outage to its detection."""
    chance, clock, found = random.Random(run), Clock(), hysteresis()
    changes, detected, failed = [], float("inf"), 0
    for _round in range(rounds):
        started = clock.now
        lost = loss if started < outage_at else 1.0
        sip, sip_seconds = sip_check(clock, chance, lost)
        api, api_seconds = api_check(chance, lost)
        failed += not sip
        reference = 0.0 if sip or api else SOURCE["REFERENCE_SECONDS"]
        clock.now = started + max(sip_seconds, api_seconds) + reference
        due = found.add({"sip": sip, "api": api, "calls": None})
        if due and found.allowed(due, clock.now):
            found.change(due, clock.now)
            changes.append(due)
            detected = clock.now - outage_at if due == DOWN else detected
        clock.now = max(clock.now, started + DEFAULTS["interval"])
    if loss and outage_at == float("inf"):
        assert failed < rounds / 10
    return changes, detected


def test_no_flap_with_packet_loss_in_100_runs() -> None:
    """Ten minutes each, with the defaults; the only change is the first one, from unknown to available."""
    assert [simulated(run, 120, float("inf"))[0] for run in range(100)] == [[UP]] * 100


@pytest.mark.parametrize("loss", [0.0, LOSS])
def test_outage_is_detected_within_30_seconds(loss: float) -> None:
    """At every moment of a round, also with packet loss before the outage, and nothing flaps after it."""
    for run in range(100):
        changes, seconds = simulated(run, 90, 1300 + run * 0.05, loss)
        assert changes == [UP, DOWN], run
        assert 0 < seconds <= 26 < 30, run


def test_documented_detection_time_equals_the_defaults() -> None:
    interval, timeout = DEFAULTS["interval"], DEFAULTS["timeout"]
    longest = timeout + SOURCE["REFERENCE_SECONDS"]
    seconds = interval + (DEFAULTS["down_after"] - 1) * max(interval, longest) + longest
    assert f"within {seconds} seconds" in " ".join(yaml.safe_load(SOURCE["DOCUMENTATION"])["description"])
    assert f"within {seconds} seconds" in GUIDE.read_text()


# ------------------------------------------------------------------------------------------------------------- servers


@dataclass
class World:
    """Vapi's SIP host and both APIs on loopback, which do as they are told."""

    sip_port: int = 0
    sip_tls_port: int = 0
    url: str = ""
    sip: str = "200 OK"  # or "" for silence
    drop: int = 0  # datagrams to drop before the next response
    api: int = 200
    didlogic: int = 404
    calls: Any = None
    received: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def response(self, text: str, transport: str) -> bytes | None:
        self.received.append(transport)
        if transport == "udp" and self.drop:
            self.drop -= 1
            return None
        return response_to(text, self.sip).encode() if self.sip else None

    async def stream(self, transport: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            data = self.response((await reader.readuntil(b"\r\n\r\n")).decode(), transport)
            if data:
                writer.write(data)
                await writer.drain()
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def http(self, request: web.BaseRequest) -> web.Response:
        self.keys.append(request.headers.get("Authorization"))
        if request.path.endswith("/v1/calls"):
            body = self.calls if isinstance(self.calls, str) else json.dumps({"calls": self.calls or []})
            return web.Response(status=200, text=body, content_type="application/json")
        status = self.api if request.path.startswith("/vapi") else self.didlogic
        if status == 0:
            await asyncio.sleep(5)
        return web.Response(status=status, text="{{ untrusted }}")


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, world: World) -> None:
        self.world = world

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = self.world.response(data.decode(), "udp")
        if answer:
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def serving_world(context: ssl.SSLContext | None = None) -> AsyncIterator[World]:
    loop, world = asyncio.get_running_loop(), World()

    def talk(transport: str) -> Callable[..., Any]:
        return lambda reader, writer: world.stream(transport, reader, writer)

    tcp = await asyncio.start_server(talk("tcp"), "127.0.0.1", 0)
    world.sip_port = tcp.sockets[0].getsockname()[1]
    udp, _protocol = await loop.create_datagram_endpoint(
        lambda: Datagrams(world), local_addr=("127.0.0.1", world.sip_port)
    )
    tls = await asyncio.start_server(talk("tls"), "127.0.0.1", 0, ssl=context)
    world.sip_tls_port = tls.sockets[0].getsockname()[1]
    runner = web.ServerRunner(web.Server(world.http), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    world.url = site.name
    world.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield world
    finally:
        udp.close()
        tcp.close()
        tls.close()
        await runner.cleanup()


def settings(world: World, **more: Any) -> dict[str, Any]:
    return {
        "sip_host": "127.0.0.1",
        "sip_port": world.sip_port,
        "sip_tls_port": world.sip_tls_port,
        "sip_transports": ["udp", "tcp"],
        "vapi_api_url": f"{world.url}/vapi",
        "didlogic_api_url": f"{world.url}/didlogic",
        "interval": 0.05,
        "timeout": 1,
        "down_after": 2,
        "up_after": 2,
        **more,
    }


@asynccontextmanager
async def checking(world: World, **more: Any) -> AsyncIterator[Any]:
    """The checks alone."""
    options = SOURCE["read_options"](settings(world, **more))
    async with SOURCE["aiohttp"].ClientSession() as client:
        yield SOURCE["Checks"](options, client)


@asynccontextmanager
async def monitoring(world: World, **more: Any) -> AsyncIterator[asyncio.Queue[Any]]:
    """The whole source."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(SOURCE["main"](queue, settings(world, **more)))
    try:
        yield queue
    finally:
        task.cancel()
        (end,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError), end


@on_a_loop
async def test_events_are_emitted_once_per_change() -> None:
    async with serving_world() as world, monitoring(world) as queue:
        event = await queue.get()
        assert event["availability"]["state"] == UP
        world.sip, world.api = "", 503
        event = await queue.get()
        assert event == {"availability": {"state": DOWN, "reasons": event["availability"]["reasons"]}}
        rule, sip, api = event["availability"]["reasons"]
        assert rule == "At least 2 of 2 checks failed 2 times in a row."
        assert sip.startswith("sip failed: udp: 127.0.0.1 port ")
        assert "tcp: 127.0.0.1 port " in sip
        assert "does not respond to OPTIONS over UDP within" in sip
        assert api.startswith("api failed: responds with 503 in ")
        world.sip, world.api = "200 OK", 401
        event = await queue.get()
        assert event["availability"]["state"] == UP
        assert [text.partition(":")[0] for text in event["availability"]["reasons"]] == [
            "No check failed 2 times in a row.", "sip succeeded", "api succeeded",
        ]  # fmt: skip
        await asyncio.sleep(1)
        assert queue.empty()
    assert set(world.keys) == {None}


@on_a_loop
async def test_one_failing_check_changes_nothing() -> None:
    async with serving_world() as world, monitoring(world) as queue:
        assert (await queue.get())["availability"]["state"] == UP
        for world.sip, world.api in (("", 200), ("200 OK", 500)):
            await asyncio.sleep(2.5)
            assert queue.empty()


@on_a_loop
async def test_failures_without_didlogic_are_undecided() -> None:
    """The network of this machine may be the cause."""
    async with serving_world() as world, monitoring(world) as queue:
        assert (await queue.get())["availability"]["state"] == UP
        world.sip, world.api, world.didlogic = "503 Service Unavailable", 503, 502
        await asyncio.sleep(1)
        assert queue.empty()
        world.didlogic = 401
        assert (await queue.get())["availability"]["state"] == DOWN


@pytest.mark.parametrize(
    ("status", "ok"),
    [("200 OK", True), ("401 Unauthorized", True), ("404 Not Found", True), ("501 Not Implemented", True),
     ("503 Service Unavailable", False), ("603 Decline", False), ("", False)],
)  # fmt: skip
def test_sip_check_evaluates_the_response(status: str, ok: bool) -> None:
    @on_a_loop
    async def play() -> None:
        async with serving_world() as world, checking(world) as checks:
            world.sip = status
            assert (await checks.sip()).ok is ok

    play()


@on_a_loop
async def test_options_over_udp_is_retransmitted() -> None:
    async with serving_world() as world, checking(world, sip_transports="udp", timeout=3) as checks:
        world.drop = 2
        check = await checks.sip()
        assert check.ok
        assert world.received == ["udp"] * 3
        assert "answers 200 OK in 15" in check.evidence


@on_a_loop
async def test_sip_check_over_tls_verifies_the_certificate() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with authority.cert_pem.tempfile() as file:
        async with serving_world(context) as world:
            for ca_path, ok in ((file, True), (None, False)):
                async with checking(world, sip_transports=["tls"], ca_path=ca_path) as checks:
                    check = await checks.sip()
                    assert check.ok is ok
            assert "not trusted" in check.evidence
            assert world.received == ["tls"]


@on_a_loop
async def test_one_transport_is_enough() -> None:
    async with serving_world() as world, checking(world, sip_transports=["udp", "tcp", "tls"]) as checks:
        world.drop = 99
        check = await checks.sip()
        assert check.ok
        assert "tcp: answers 200 OK" in check.evidence
        assert "udp: 127.0.0.1 port" in check.evidence


@on_a_loop
async def test_api_check_needs_a_response_below_500() -> None:
    async with serving_world() as world, checking(world) as checks:
        for world.api, ok in (
            (200, True),
            (302, True),
            (401, True),
            (429, True),
            (500, False),
            (503, False),
            (0, False),
        ):
            assert (await checks.reached(f"{world.url}/vapi", 1)).ok is ok, world.api
        check = await checks.reached("http://127.0.0.1:9", 1)
        assert (check.ok, check.evidence) == (False, "no connection (connection refused)")


# --------------------------------------------------------------------------------------------------------------- calls


def record(caller: str, duration: Any = 0, minutes: float = 1, kind: str = "incoming", **more: Any) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(minutes=minutes)
    return {
        "type": kind, "from": f'"" <{caller}>', "to": "31201234560", "duration": duration,
        "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}", **more,
    }  # fmt: skip


CALLERS = [f"1555010{number}" for number in range(10)]


#: Made when a test runs, because records have a time.
CALLS: dict[str, tuple[Callable[[], Any], bool | None]] = {
    "none": (list, None),
    "four callers": (lambda: [record(caller) for caller in CALLERS[:4]], None),
    "one caller": (lambda: [record(CALLERS[0])] * 50, None),
    "withheld": (lambda: [record("")] * 50, None),
    "nobody answered": (lambda: [record(caller) for caller in CALLERS], False),
    "everybody answered": (lambda: [record(caller, 30) for caller in CALLERS], True),
    "half": (lambda: [record(caller, 30 * (index > 4)) for index, caller in enumerate(CALLERS)], False),
    "less than half": (lambda: [record(caller, 30 * (index > 3)) for index, caller in enumerate(CALLERS)], True),
    "second attempt": (lambda: [record(caller, seconds) for caller in CALLERS for seconds in (0, 5)], True),
    "old": (lambda: [record(caller, minutes=6) for caller in CALLERS], None),
    "outbound": (lambda: [record(caller, kind="sip") for caller in CALLERS], None),
    "no duration": (lambda: [record(caller, None) for caller in CALLERS], None),
    "text as duration": (lambda: [record(caller, "0") for caller in CALLERS], None),
    "no time": (lambda: [record(caller, timestamp="soon") for caller in CALLERS], None),
    "no records": (lambda: ["{{ untrusted }}"], None),
    "no JSON": (lambda: "{", None),
    "no object": (lambda: "[]", None),
    "no list": (lambda: '{"calls": 7}', None),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_check_judges_callers(name: str) -> None:
    calls, ok = CALLS[name]

    @on_a_loop
    async def play() -> None:
        key = secrets.token_urlsafe(24)
        async with serving_world() as world, checking(world, didlogic_api_key=key) as checks:
            world.calls = calls()
            check = await checks.calls(UP, 0)
            assert check.ok is ok
            assert world.keys == [f"Bearer {key}"]
            # Until calls_interval is over, the result is kept; while Vapi is bypassed, there is none.
            assert await checks.calls(UP, 0) == check
            assert (await checks.calls(DOWN, 0)).ok is None
            assert len(world.keys) == 1
            # Calls before a change prove nothing.
            assert (await checks.calls(UP, time.time())).ok is None
            assert len(world.keys) == 2

    play()


@on_a_loop
async def test_calls_are_the_third_check() -> None:
    key = "key-" + secrets.token_urlsafe(24)
    more = {"didlogic_api_key": key, "calls_interval": 0.05}
    async with serving_world() as world, monitoring(world, **more) as queue:
        world.calls = [record(caller, 30) for caller in CALLERS]
        found = [await queue.get()]
        world.calls, world.sip = [record(caller) for caller in CALLERS], ""
        found.append(await queue.get())
        world.sip = "200 OK"
        found.append(await queue.get())
    assert [event["availability"]["state"] for event in found] == [UP, DOWN, UP]
    assert "calls failed: no call was answered for 100% of 10 callers within 5 minutes." in str(found[1])
    assert "calls undecided: calls do not go to Vapi." in str(found[2])
    assert key not in str(found)
    assert not any(caller in str(found) for caller in CALLERS)


# ------------------------------------------------------------------------------------------------------------ approval


@on_a_loop
async def test_approval_is_requested_and_awaited() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "approval")
        file.write_text(DOWN)  # older than the request
        more = {"approval": [DOWN], "approval_file": str(file)}
        async with serving_world() as world, monitoring(world, **more) as queue:
            assert (await queue.get())["availability"]["state"] == UP
            world.sip, world.api = "503 Service Unavailable", 503
            pending = (await queue.get())["availability_pending"]
            assert (pending["state"], pending["approval_file"]) == (DOWN, str(file))
            assert "The change requires an approval." in pending["reasons"]
            await asyncio.sleep(0.5)
            file.write_text("available\n")
            await asyncio.sleep(0.5)
            assert queue.empty()
            file.write_text("unavailable\n")
            assert (await queue.get())["availability"]["state"] == DOWN
            assert not file.exists()
            # The other way requires none. The next request is a new one, and expires when the cause is over.
            world.sip, world.api = "200 OK", 200
            assert (await queue.get())["availability"]["state"] == UP
            world.sip, world.api = "503 Service Unavailable", 503
            assert "availability_pending" in await queue.get()
            world.sip, world.api = "200 OK", 200
            await asyncio.sleep(0.5)
            file.write_text(DOWN)
            await asyncio.sleep(0.5)
            assert queue.empty()


# --------------------------------------------------------------------------------------------------- texts and options


@hypothesis.given(st.text(max_size=300), st.sampled_from(["", "{{ 7*7 }}", "#jinja2:", "\\x7b", "${HOME}", "\x1b[31m"]))
def test_reasons_are_harmless_for_any_evidence(text: str, more: str) -> None:
    options = SOURCE["read_options"]({})
    monitor = SOURCE["Monitor"](asyncio.Queue(), options, None)
    found = monitor.reasons(DOWN, {"sip": SOURCE["Check"](False, text + more + text)})
    assert len(found) == 2
    for reason in found:
        assert not re.search(r"[{\\#$]", reason)
        assert reason.isprintable()
        assert len(reason) <= 400


def test_documented_options_equal_the_code() -> None:
    found = SOURCE["read_options"]({})
    assert set(vars(found)) == set(OPTIONS) | {"trust"}
    numbers = {name for name, option in OPTIONS.items() if option["type"] in {"int", "float"}}
    assert set(SOURCE["_RANGES"]) == numbers
    assert set(SOURCE["_FORMS"]) <= {name for name, option in OPTIONS.items() if option["type"] == "str"}
    assert set(OPTIONS["sip_transports"]["choices"]) == found.sip_transports == set(SOURCE["TRANSPORTS"])
    assert set(OPTIONS["approval"]["choices"]) == {UP, DOWN}
    for name in numbers:
        assert getattr(found, name) == DEFAULTS[name]
    page = GUIDE.read_text(encoding="utf-8").partition("Options of ``availability``")[2]
    assert set(OPTIONS) <= set(re.findall(r"``(\w+)``", page))


def test_defaults_depend_on_the_region() -> None:
    hosts = {
        region: (found.sip_host, found.vapi_api_url)
        for region in OPTIONS["region"]["choices"]
        for found in [SOURCE["read_options"]({"region": region})]
    }
    assert hosts == {
        region: (SOURCE["collection"]("_vapi.sip_host").SIP_HOST[region], url)
        for region, url in SOURCE["collection"]("_vapi.provider").API.items()
    }
    didlogic = SOURCE["collection"]("_didlogic.provider").Connection()
    assert SOURCE["read_options"]({}).didlogic_api_url == didlogic.api_url


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ({"quorum": 1}, "quorum must be a number from 2 to 3"),
        ({"quorum": 3}, "larger than the number of configured checks"),
        ({"region": "mars"}, "region"),
        ({"sip_transports": "udp, sctp"}, "sip_transports must be"),
        ({"approval": "perhaps"}, "approval must be"),
        ({"approval": DOWN}, "approval_file"),
        ({"sip_host": "key.sip.vapi.ai"}, "sip_host"),
        ({"sip_host": "key.sip.eu.vapi.ai"}, "sip_host"),
        ({"vapi_api_url": "http://api.example.com"}, "vapi_api_url"),
        ({"vapi_api_url": "https://user:secret@api.example.com"}, "vapi_api_url"),
        ({"didlogic_api_url": "https://api.example.com/?token=1"}, "didlogic_api_url"),
        ({"didlogic_api_key": "{{ DIDLOGIC_API_KEY }}"}, "not rendered"),
        ({"didlogic_api_key": 12345678}, "didlogic_api_key"),
        ({"ca_path": "/nonexistent.pem"}, "ca_path"),
        ({"intervall": 5}, "Unknown: intervall"),
        ({"max_changes": 1}, "max_changes"),
        ({"sip_host": "under..dots"}, "sip_host"),
    ],
    ids=str,
)
@on_a_loop
async def test_invalid_options_are_reported_at_the_start(options: dict[str, Any], given: str) -> None:
    with pytest.raises(ValueError, match=re.escape(given)):
        await SOURCE["main"](asyncio.Queue(), options)


def test_addresses_and_key_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    key = secrets.token_urlsafe(24)
    for name, value in (("DIDLOGIC_API_KEY", key), ("VAPI_API_URL", "https://vapi.example.com")):
        monkeypatch.setenv(name, value)
    found = SOURCE["read_options"]({"eda_feedback_queue": object(), "quorum": "3"})
    assert (found.didlogic_api_key, found.vapi_api_url, found.quorum) == (key.encode(), "https://vapi.example.com", 3)
    assert SOURCE["read_options"]({"vapi_api_url": "https://other.example.com"}).vapi_api_url != found.vapi_api_url
    assert key not in repr(found)


def test_documented_examples_are_valid() -> None:
    for entry in yaml.safe_load(SOURCE["EXAMPLES"]):
        ((name, options),) = entry.items()
        assert name == "voiceops.vapi_didlogic.availability"
        SOURCE["read_options"]({key: "k" * 20 if "{{" in str(value) else value for key, value in options.items()})


def installed(folder: Path) -> Iterator[Path]:
    """The collection as ansible-galaxy installs it."""
    place = folder / "ansible_collections" / "voiceops" / "vapi_didlogic"
    place.parent.mkdir(parents=True)
    place.symlink_to(ROOT)
    yield place / FILE.relative_to(ROOT)


def test_probe_is_found_without_ansibles_importer(tmp_path: Path) -> None:
    """ansible-rulebook runs the file of an installed collection, whose modules its Python does not find."""
    (file,) = installed(tmp_path)
    code = (
        "import runpy, sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'ansible_collections' and sys.argv[2] not in sys.path: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "print(runpy.run_path(sys.argv[1])['collection']('_sip.probe').__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file), str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith(str(tmp_path)) or done.stdout.strip().endswith("_sip/probe.py"), done.stderr
