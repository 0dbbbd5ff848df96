# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source alone: who is let in, what is answered, what becomes an event, and what never does."""

from __future__ import annotations

import asyncio
import base64
import collections
import hashlib
import hmac
import itertools
import json
import logging
import re
import runpy
import secrets
import shutil
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed; `python3 dev.py eda` runs these tests")

import aiohttp
import hypothesis
import trustme
import yaml
from hypothesis import strategies as st
from serving import BOUND, FILE, ROOT, SOURCE, SPOKEN, ended, free_port, on_a_loop, running

LLM_FAILED = "call.in-progress.error-vapifault-openai-llm-failed"
GUIDE = ROOT / "docs" / "docsite" / "rst" / "events.rst"


# ------------------------------------------------------------------------------------------------------------- events


@on_a_loop
async def test_webhook_message_becomes_an_event() -> None:
    async with running() as source:
        status, headers = await source.send(ended(reason=LLM_FAILED))
        assert (status, headers["Content-Type"].partition(";")[0]) == (200, "application/json")
        event = source.queue.get_nowait()
    assert event == {
        "vapi": {
            "type": "end-of-call-report",
            "call_id": "call-1",
            "direction": "inbound",
            "phone_number": "31201234560",
            "phone_number_id": "11111111-1111-4111-8111-111111111111",
            "customer_number": "31612340000",
            "assistant_id": "22222222-2222-4222-8222-222222222222",
            "sent_at": "2026-01-01T00:00:05.000Z",
            "started_at": "2026-01-01T00:00:00.000Z",
            "ended_at": "2026-01-01T00:00:04.500Z",
            "duration_seconds": 4.5,
            "ended_reason": LLM_FAILED,
            "ended": True,
            "failed": True,
            "outage": False,
            "outcome": "failed",
            "area": "model",
            "cause": event["vapi"]["cause"],
            "fix": event["vapi"]["fix"],
        }
    }
    assert "OpenAI" in event["vapi"]["cause"]


@on_a_loop
async def test_end_of_call_is_one_event_only() -> None:
    update = {"type": "status-update", "status": "ended"}
    async with running() as source:
        for message in (
            {**update, "endedReason": None},  # nobody knows the reason yet
            update,
            {},
            {},  # Vapi sends again what it holds for lost
        ):
            assert (await source.send(ended(**message)))[0] == 200
        await source.send(ended("call-2"))
        facts = [source.queue.get_nowait()["vapi"] for _time in range(5)]
    assert [fact["ended"] for fact in facts] == [False, True, False, False, True]
    assert [fact.get("status") for fact in facts] == ["ended", "ended", None, None, None]
    assert not any(fact["failed"] for fact in facts)


@pytest.mark.parametrize("types", [["status-update", "end-of-call-report"], ["status-update"]])
@pytest.mark.parametrize("known", list(itertools.product([True, False], repeat=2)))
def test_end_is_reported_with_the_phone_number(types: list[str], known: tuple[bool, bool]) -> None:
    """Rules need the number: whichever of the two messages has it, one of them is the end."""

    @on_a_loop
    async def play() -> None:
        phone = ended()["message"]["phoneNumber"]
        kinds = ["status-update", "end-of-call-report"]
        async with running(types=types) as source:
            for kind, has_number in zip(kinds, known, strict=True):
                message = ended(type=kind, status="ended", phoneNumber=phone if has_number else None)
                assert (await source.send(message))[0] == 200
            found = [source.queue.get_nowait()["vapi"] for _time in range(source.queue.qsize())]
        reported = [facts for facts in found if facts["ended"]]
        assert len(reported) == 1
        assert ("phone_number" in reported[0]) == any("phone_number" in facts for facts in found[: 1 + (not known[0])])

    play()


@on_a_loop
async def test_end_is_reported_by_the_first_accepted_message() -> None:
    """The status of the end is rejected because the rulebook is busy; the report that comes meanwhile is the end."""
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    async with running(queue, queue_timeout=1) as source:
        assert (await source.send(ended("other")))[0] == 200
        first = asyncio.create_task(source.send(ended(type="status-update", status="ended")))
        await asyncio.sleep(0.6)
        second = asyncio.create_task(source.send(ended()))
        assert (await first)[0] == 503
        queue.get_nowait()
        assert (await second)[0] == 200
        assert queue.get_nowait()["vapi"]["ended"] is True
        assert (await source.send(ended(type="status-update", status="ended")))[0] == 200
        assert queue.get_nowait()["vapi"]["ended"] is False


@on_a_loop
async def test_event_types_are_selected() -> None:
    quiet = {"message": {"type": 'transcript[transcriptType="final"]', "transcript": SPOKEN}}
    async with running() as source:
        assert (await source.send(quiet))[0] == 200
        assert (await source.send({"message": {"type": "something-new"}}))[0] == 200
        assert source.queue.empty()
    async with running(types="transcript, something-new") as source:
        await source.send(quiet)
        await source.send({"message": {"type": "something-new"}})
        await source.send(ended())
        found = [source.queue.get_nowait() for _time in range(source.queue.qsize())]
    assert [event["vapi"]["type"] for event in found] == ["transcript", "something-new"]
    assert SPOKEN not in str(found)


REASONS = SOURCE["load_reasons"]()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KNOWN = (
    "type", "call", "phoneNumber", "customer", "assistant", "artifact", "transfers", "endedReason", "endedMessage",
    "startedAt", "endedAt", "timestamp", "status", "number", "id", "assistantId", "durationSeconds",
)  # fmt: skip
WORDS = st.sampled_from(["{{ 7 * 7 }}", "{%", "2026-01-01T00:00:00Z", "+31 20 1234", "9" * 400, "\ud800", "1e400", ""])
SOME = st.recursive(
    JSON | WORDS, lambda inner: st.dictionaries(st.sampled_from(KNOWN), inner, max_size=6), max_leaves=12
)


@hypothesis.given(st.dictionaries(st.sampled_from(KNOWN), SOME, max_size=10))
def test_event_facts_are_harmless_for_any_message(message: dict[str, Any]) -> None:
    """No error, no template, nothing that is not plain JSON, and of the sender's words only what has a fact's form."""
    facts = SOURCE["facts_of"](message, REASONS)
    text = json.dumps(facts, allow_nan=False)
    assert not re.search(r"[{\\#$]", "".join(value for value in facts.values() if isinstance(value, str))), text
    for name, value in facts.items():
        if isinstance(value, str) and name not in {"cause", "fix"}:
            assert re.fullmatch(r"[A-Za-z0-9._:/-]*", value), name


def test_facts_without_the_reason_table_are_unknown(tmp_path: Path) -> None:
    """Where the collection is not around, nobody knows what has failed, and no rule that asks for it applies."""
    copy = tmp_path / "a" / "b" / "c" / "d" / "vapi.py"
    copy.parent.mkdir(parents=True)
    shutil.copy(FILE, copy)
    alone = runpy.run_path(str(copy))
    assert alone["load_reasons"]() == {}
    for reason in (LLM_FAILED, "customer-ended-call", OUTAGE):
        facts = alone["facts_of"](ended(reason=reason)["message"], {})
        assert facts["ended_reason"] == reason
        assert not {"failed", "outage", "outcome", "area", "cause", "fix"} & set(facts)


OUTAGE = "call.in-progress.error-providerfault-openai-503-server-overloaded-error"
WORD = st.from_regex(r"[a-z]+([.-][a-z0-9]+){0,5}", fullmatch=True)


@hypothesis.given(st.sampled_from([row.pattern for row in REASONS["EXACT"]]) | WORD)
def test_facts_equal_the_reason_table(reason: str) -> None:
    facts = SOURCE["facts_of"](ended(reason=reason)["message"], REASONS)
    row = REASONS["find_row"](reason)
    assert facts["outage"] == REASONS["is_outage"](reason)
    assert facts["failed"] == (facts["outcome"] == "failed")
    if row.pattern == "*" and "sip-" not in reason:
        assert (facts["outcome"], facts["failed"], facts["outage"]) == ("unknown", False, False)
    if facts["outage"]:
        assert facts["failed"]


def test_outage_is_a_fact() -> None:
    assert SOURCE["facts_of"](ended(reason=OUTAGE)["message"], REASONS)["outage"]
    assert not SOURCE["facts_of"]({"type": "hang"}, REASONS)["outage"]


# ------------------------------------------------------------------------------------------------------------ answers


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", 400),
        (b"{", 400),
        (b'"message"', 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"message": {}}', 400),
        (b'{"message": {"type": 7}}', 400),
        (b'{"message": {"type": "hang", "timestamp": NaN}}', 400),
        (b'{"message": {"type": "hang", "timestamp": ' + b"9" * 5000 + b"}}", 400),
        (b'{"message": {"type": "hang", "call": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}", 400),
        (b"\xff\xfe\xfd", 400),
        (b'{"message": {"type": "hang"}}', 200),
        *((json.dumps({"message": {"type": kind}}).encode(), 501) for kind in sorted(SOURCE["REQUESTS"])),
    ],
    ids=lambda value: value[:48].decode(errors="replace") if isinstance(value, bytes) else "",
)
@on_a_loop
async def test_response_status_for_request_body(body: bytes, expected: int) -> None:
    async with running() as source:
        assert (await source.send(body))[0] == expected
        assert source.queue.qsize() == (expected == 200)


@on_a_loop
async def test_response_status_for_method_and_path() -> None:
    async with running(path="/events") as source:
        base = source.url.removesuffix("/vapi")
        for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS"):
            async with source.client.request(method, f"{base}/events", headers=source.headers) as answer:
                assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        for path in ("/", "/vapi", "/events/more", "/%65vents/.."):
            async with source.client.post(base + path, json=ended(), headers=source.headers) as answer:
                assert answer.status == 404
        async with source.client.post(f"{base}/events", json=ended(), headers=source.headers) as answer:
            assert answer.status == 200


@on_a_loop
async def test_secret_header_is_required() -> None:
    async with running() as source:
        right = source.headers["X-Vapi-Secret"]
        for wrong in ("", right[:-1], right + "x", right.swapcase(), "Bearer " + right, "\u00e9" * 40):
            assert (await source.send(ended(), {"X-Vapi-Secret": wrong}))[0] == 401
        assert (await source.send(ended(), {}))[0] == 401
        assert (await source.send(ended(), {"Authorization": f"Bearer {right}"}))[0] == 401
        duplicates = aiohttp_headers([("X-Vapi-Secret", right), ("X-Vapi-Secret", right)])
        assert (await source.send(ended(), duplicates))[0] == 401
        assert source.queue.empty()
        assert (await source.send(ended(), {"x-vapi-secret": right}))[0] == 200


def aiohttp_headers(pairs: list[tuple[str, str]]) -> Any:
    import multidict

    return multidict.CIMultiDict(pairs)


@on_a_loop
async def test_bearer_token_is_required() -> None:
    token = secrets.token_urlsafe(24)
    async with running(token=token) as source:
        for wrong in (token, f"Basic {token}", "Bearer", f"Bearer {token}x", f"Bearer x {token}"):
            assert (await source.send(ended(), {"Authorization": wrong}))[0] == 401
        for right in (f"Bearer {token}", f"bearer  {token}"):
            assert (await source.send(ended(), {"Authorization": right}))[0] == 200
    async with running(token=token, token_header="X-Events") as source:
        for right in (token, f"Bearer {token}"):
            assert (await source.send(ended(), {"X-Events": right}))[0] == 200
        assert (await source.send(ended(), {"Authorization": f"Bearer {token}"}))[0] == 401


@on_a_loop
async def test_all_configured_credentials_are_required() -> None:
    secret, token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    async with running(secret=secret, token=token) as source:
        assert (await source.send(ended(), {"X-Vapi-Secret": secret}))[0] == 401
        assert (await source.send(ended(), {"Authorization": f"Bearer {token}"}))[0] == 401
        both = {"X-Vapi-Secret": secret, "Authorization": f"Bearer {token}"}
        assert (await source.send(ended(), both))[0] == 200


@on_a_loop
async def test_unsigned_requests_require_an_option() -> None:
    async with running(allow_unsigned="true") as source:
        assert (await source.send(ended(), {}))[0] == 200


# ---------------------------------------------------------------------------------------------------------- signature

BODY = json.dumps(ended()).encode()


def signed(key: bytes, stamp: str, body: bytes = BODY, algorithm: str = "sha256") -> bytes:
    return hmac.new(key, stamp.encode() + b"." + body, algorithm).digest()


@on_a_loop
async def test_hmac_signature_is_verified() -> None:
    key = secrets.token_urlsafe(32)
    now = time.time()
    stamp = str(int(now))
    good = signed(key.encode(), stamp)
    encoded = base64.b64encode(good).decode()
    forms = ["{hex}", "{HEX}", "sha256={hex}", "{base64}", "v1,{base64}", "v0,AAAA v1,{base64}"]
    wrong = {
        "none": "",
        "empty": "sha256=",
        "other key": signed(secrets.token_bytes(32), stamp).hex(),
        "other body": signed(key.encode(), stamp, b"{}").hex(),
        "other time": signed(key.encode(), str(int(now) - 1)).hex(),
        "without time": hmac.new(key.encode(), BODY, "sha256").hexdigest(),
        "a piece": good.hex()[:32],
        "other algorithm": signed(key.encode(), stamp, algorithm="sha512").hex(),
        "junk": "zz\u00e9",
        "behind too many": "v1,AAAA " * 8 + encoded,
    }
    async with running(hmac_secret=key) as source:
        for index, form in enumerate(forms):
            # A signature is accepted once only.
            body = json.dumps(ended(f"call-{index}")).encode()
            mark = signed(key.encode(), stamp, body)
            known = {"hex": mark.hex(), "HEX": mark.hex().upper(), "base64": base64.b64encode(mark).decode()}
            headers = {"x-signature": form.format(**known), "x-timestamp": stamp}
            assert (await source.send(body, headers))[0] == 200, form
        for name, value in wrong.items():
            assert (await source.send(BODY, {"x-signature": value, "x-timestamp": stamp}))[0] == 401, name
        assert (await source.send(BODY, {"x-timestamp": stamp}))[0] == 401
        assert source.queue.qsize() == len(forms)


@on_a_loop
async def test_old_hmac_signature_is_rejected() -> None:
    key = secrets.token_urlsafe(32)
    now = time.time()
    iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    in_time = [str(int(now)), str(int(now * 1000)), f"{now:.3f}", iso, str(int(now) - 50), str(int(now) + 50)]
    late = [str(int(now) - 70), str(int(now) + 90), str(int(now * 1000) - 70_000), "0", "", "soon", "1e400", "-1"]
    async with running(age=100, hmac_secret=key, hmac_tolerance=60) as source:
        for stamp, expected in [*((stamp, 200) for stamp in in_time), *((stamp, 401) for stamp in late)]:
            headers = {"x-signature": signed(key.encode(), stamp).hex(), "x-timestamp": stamp}
            assert (await source.send(BODY, headers))[0] == expected, stamp
        assert (await source.send(BODY, {"x-signature": signed(key.encode(), "").hex()}))[0] == 401


@on_a_loop
async def test_hmac_formats_are_supported() -> None:
    key = secrets.token_bytes(32)
    options = {
        "hmac_secret": base64.b64encode(key).decode(),
        "hmac_secret_base64": True,
        "hmac_algorithm": "sha512",
        "hmac_header": "X-Mark",
        "hmac_prefix": "mark:",
        "hmac_payload": "{method} {url} {svix-id} {body}",
        "hmac_url": "https://events.example.com/vapi",
    }
    text = b"POST https://events.example.com/vapi message-1 " + BODY
    mark = "mark:" + hmac.new(key, text, hashlib.sha512).hexdigest()
    async with running(**options) as source:
        assert (await source.send(BODY, {"X-Mark": mark, "svix-id": "message-1"}))[0] == 200
        assert (await source.send(BODY, {"X-Mark": mark, "svix-id": "message-2"}))[0] == 401
        assert (await source.send(BODY, {"X-Mark": mark}))[0] == 401
    plain = secrets.token_urlsafe(24)
    async with running(hmac_secret=plain, hmac_payload="{body}", hmac_algorithm="sha1") as source:
        mark = hmac.new(plain.encode(), BODY, "sha1").hexdigest()
        assert (await source.send(BODY, {"x-signature": mark}))[0] == 200


# ------------------------------------------------------------------------------------------------- too much, too slow


@on_a_loop
async def test_long_body_is_rejected_before_reading() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1 << 28:
            sent += 4096
            yield b"x" * 4096

    async with running(max_body=65536) as source:
        assert (await source.send(b"x" * 65537))[0] == 413
        try:
            async with source.client.post(source.url, data=endless(), headers=source.headers) as answer:
                assert answer.status == 413
        except aiohttp.ClientError:
            pass  # hung up on while sending, which is as good
        # What the two ends of the connection hold between them, and not what was to come.
        assert sent < 1 << 24
        assert (await source.send(json.dumps(ended()).encode().ljust(65536)))[0] == 200


async def raw(port: int, *pieces: bytes) -> bytes:
    """Send these bytes, and return what comes until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), BOUND)
    finally:
        writer.close()


@on_a_loop
async def test_slow_body_times_out() -> None:
    async with running(body_timeout=0.3) as source:
        head = f"POST /vapi HTTP/1.1\r\nHost: x\r\nX-Vapi-Secret: {source.headers['X-Vapi-Secret']}\r\n"
        start = time.monotonic()
        answer = await raw(source.port, head.encode() + b"Content-Length: 100\r\n\r\n", b'{"message"')
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - start < 10
        chunked = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n5\r\n"
        assert re.match(rb"HTTP/1.[01] 400 ", await raw(source.port, chunked, b'{"mes\r\nzz\r\n'))
        assert (await source.send(ended()))[0] == 200


@on_a_loop
async def test_compressed_body_is_rejected() -> None:
    import gzip

    async with running() as source:
        headers = {**source.headers, "Content-Encoding": "gzip"}
        assert (await source.send(gzip.compress(BODY), headers))[0] == 415
        bomb = gzip.compress(b"\0" * (1 << 26))
        assert (await source.send(bomb, headers))[0] == 415


@on_a_loop
async def test_full_queue_is_logged_and_recovers() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    async with running(queue, queue_timeout=0.3) as source:
        assert (await source.send(ended("call-1")))[0] == 200
        status, headers = await source.send(ended("call-2"))
        assert (status, headers["Retry-After"]) == (503, "5")
        assert queue.get_nowait()["vapi"]["call_id"] == "call-1"
        # Its end has not been told yet: what was refused does not count.
        assert (await source.send(ended("call-2")))[0] == 200
        facts = queue.get_nowait()["vapi"]
        assert (facts["call_id"], facts["ended"]) == ("call-2", True)
        # One that waits is let through as soon as there is room.
        await source.send(ended("call-3"))
        waiting = asyncio.create_task(source.send(ended("call-4")))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        queue.get_nowait()
        assert (await waiting)[0] == 200


@on_a_loop
async def test_number_of_connections_is_limited() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    async with running(queue, queue_timeout=2, max_waiting=5) as source:
        assert (await source.send(ended("first")))[0] == 200
        start = time.monotonic()
        tasks = [asyncio.create_task(source.send(ended(f"call-{i}"))) for i in range(40)]
        done, waiting = await asyncio.wait(tasks, timeout=1.5)
        assert {task.result()[0] for task in done} == {503}
        assert len(waiting) == 5
        assert time.monotonic() - start < 2
        for _time in range(6):
            await asyncio.wait_for(queue.get(), 2)
        assert {task.result()[0] for task in (await asyncio.wait(waiting))[0]} == {200}


@on_a_loop
async def test_200_concurrent_requests_are_accepted() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    found = []

    async def rulebook() -> None:
        while True:
            found.append((await queue.get())["vapi"]["call_id"])
            await asyncio.sleep(0.001)

    reader = asyncio.create_task(rulebook())
    async with running(queue, queue_timeout=20) as source:
        answers = await asyncio.gather(*(source.send(ended(f"call-{i}")) for i in range(200)))
    reader.cancel()
    assert collections.Counter(status for status, _headers in answers) == {200: 200}
    assert sorted(found) == sorted(f"call-{i}" for i in range(200))


@on_a_loop
async def test_shutdown_is_immediate_with_503_for_waiting_requests() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    async with running(queue, queue_timeout=60) as source:
        await source.send(ended("call-1"))
        waiting = [asyncio.create_task(source.send(ended(f"call-{i}"))) for i in range(2, 6)]
        await asyncio.sleep(0.2)
        start = time.monotonic()
        source.task.cancel()
        assert [(await task)[0] for task in waiting] == [503] * 4
        with pytest.raises(asyncio.CancelledError):
            await source.task
        assert time.monotonic() - start < 5
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", source.port)
    assert queue.qsize() == 1
    assert [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


# ---------------------------------------------------------------------------------------------------------- discretion


def test_logs_contain_no_secrets_and_no_message_text(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong: what was sent, and what should have been sent, is nowhere to be read."""
    monkeypatch.setitem(SOURCE["Tally"].warn.__globals__, "TELL_AGAIN", 0.0)
    secret, token, key, guess = (secrets.token_urlsafe(24) for _time in range(4))

    class ConnectionBroken:
        async def put(self, _event: dict[str, Any]) -> None:
            raise RuntimeError(SPOKEN)

    @on_a_loop
    async def everything() -> None:
        options = {"secret": secret, "token": token, "hmac_secret": key, "types": ["hang"], "max_body": 65536}
        async with running(ConnectionBroken(), **options, body_timeout=0.2) as source:
            stamp = str(int(time.time()))
            proven = {"X-Vapi-Secret": secret, "Authorization": f"Bearer {token}", "x-timestamp": stamp}

            async def send(body: bytes, **more: str) -> int:
                headers = {**proven, "x-signature": signed(key.encode(), stamp, body).hex(), **more}
                status: int = (await source.send(body, headers))[0]
                return status

            hang, spoken = json.dumps({"message": {"type": "hang", "call": SPOKEN}}).encode(), SPOKEN.encode()
            assert await send(hang) == 500
            assert await send(hang, **{"X-Vapi-Secret": guess}) == 401
            assert await send(hang, Authorization=f"Bearer {guess}") == 401
            assert await send(hang, **{"x-signature": guess}) == 401
            assert await send(spoken) == 400
            assert await send(json.dumps({"message": {"type": "tool-calls", "call": SPOKEN}}).encode()) == 501
            assert await send(spoken * 10_000) == 413
            assert await send(spoken, **{"Content-Encoding": SPOKEN}) == 415
            head = f"POST /vapi HTTP/1.1\r\nHost: x\r\nX-Vapi-Secret: {secret}\r\nAuthorization: Bearer {token}\r\n"
            await raw(source.port, head.encode() + b"Content-Length: 100\r\n\r\n" + spoken)
            await raw(source.port, head.encode() + b"Bad Header: " + secret.encode() + b"\r\n\r\n")
            await raw(source.port, b"POST /" + secret.encode() + b" HTTP/9\r\n\r\n")
        await refused_options(secret)

    async def refused_options(value: str) -> None:
        for wrong in ({"secret": value, "no_such": 1}, {"secret": value, "port": 0}, {"hmac_secret": value[:3] + "\n"}):
            with pytest.raises(ValueError, match=r"\w") as error:
                await SOURCE["main"](asyncio.Queue(), wrong)
            assert value not in repr(error.value)

    with caplog.at_level(logging.DEBUG):
        everything()
    printed = "".join(capfd.readouterr())
    result = caplog.text + printed
    assert "Answered with 401: The secret is missing or wrong. (" in result
    assert "Answered with 500: RuntimeError (" in result
    for hidden in (secret, token, key, guess, SPOKEN):
        for form in (hidden, hidden[:12], base64.b64encode(hidden.encode()).decode()[:12]):
            assert form not in result


def test_log_lines_are_rate_limited(caplog: pytest.LogCaptureFixture) -> None:
    @on_a_loop
    async def flood() -> None:
        async with running() as source:
            for _time in range(50):
                await source.send(ended(), {})

    flood()
    assert [record.message for record in caplog.records] == [
        "Answered with 401: The secret is missing or wrong. (1 so far)"
    ]


# ------------------------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ({}, "Give secret, token or hmac_secret"),
        ({"secret": None}, "Give secret, token or hmac_secret"),
        ({"secret": ""}, "secret is empty"),
        ({"secret": "short"}, "at least 8 characters"),
        ({"secret": 1234567890}, "is a number. Choose"),
        *[({"secret": mask}, "is a mask from") for mask in ("********", "[REDACTED:token]", '"********"', "****-****")],
        ({"secret": "{{ VAPI_SERVER_SECRET }}"}, "template"),
        ({"token": "with\nline breaks"}, "printable ASCII"),
        ({"hmac_secret": "not/base64!", "hmac_secret_base64": True}, "not valid base64"),
        ({"hmac_payload": "{timestamp}"}, "hmac_payload must contain {body}"),
        ({"hmac_payload": "{body}{nonce}"}, "and supports"),
        ({"hmac_payload": "{url}{body}"}, "give hmac_url"),
        ({"hmac_algorithm": "md5"}, "hmac_algorithm"),
        ({"hmac_header": "x y"}, "hmac_header"),
        ({"path": "vapi"}, "path"),
        ({"path": "/{endpoint:.*}"}, "path"),
        ({"port": "http"}, "port must be a number"),
        ({"port": True}, "port must be a number"),
        ({"port": 70000}, "from 1 to 65535"),
        ({"max_body": 0}, "max_body"),
        ({"queue_timeout": "nan"}, "queue_timeout"),
        ({"allow_unsigned": "perhaps"}, "true or false"),
        ({"types": []}, "list of words"),
        ({"types": ["hang", "tool-calls"]}, "cannot answer tool-calls"),
        ({"keyfile": "key.pem"}, "needs certfile"),
        ({"certfile": "/nowhere.pem"}, "No such file"),
        ({"secrets": "misspelt"}, "Unknown: secrets"),
    ],
)
@on_a_loop
async def test_invalid_options_are_reported_before_a_port_is_opened(options: dict[str, Any], given: str) -> None:
    if options and not {"secret", "token", "hmac_secret"} & set(options):
        options = {"secret": secrets.token_urlsafe(24), **options}
    with pytest.raises(ValueError, match=re.escape(given)):
        await SOURCE["main"](asyncio.Queue(), {"port": free_port(), **options})


@on_a_loop
async def test_options_accept_strings() -> None:
    """ansible-rulebook makes text of what comes from the environment; its own arguments are none of ours."""
    options = {"max_waiting": "7", "include_message": "no", "types": "hang", "eda_feedback_queue": object()}
    async with running(**options) as source:
        assert (await source.send({"message": {"type": "hang"}}))[0] == 200


@on_a_loop
async def test_https_is_served_with_certificate() -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    with certificate.private_key_and_cert_chain_pem.tempfile() as file:
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with running(certfile=file) as source:
            assert (await source.send(ended(), ssl=trusting))[0] == 200
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await source.send(ended())


@on_a_loop
async def test_port_in_use_is_an_error() -> None:
    async with running() as source:
        with pytest.raises(OSError, match="address"):
            await SOURCE["main"](asyncio.Queue(), {"port": source.port, "allow_unsigned": True})


# ------------------------------------------------------------------------------------------------------- what is told


def test_documented_options_equal_the_code() -> None:
    """Options are read by their documentation; what is left is that each has a type, and a form or a range."""
    document = yaml.safe_load(SOURCE["DOCUMENTATION"])["options"]
    found = SOURCE["read_options"]({"allow_unsigned": True})
    assert set(vars(found)) == set(document) | {"tls"}
    assert set(SOURCE["_RANGES"]) == {name for name, option in document.items() if option["type"] in {"int", "float"}}
    assert set(SOURCE["_FORMS"]) <= {name for name, option in document.items() if option["type"] == "str"}
    assert set(document["hmac_algorithm"]["choices"]) == {"sha256", "sha512", "sha1"}
    for name, option in document.items():
        value = getattr(found, name)
        value = "".join(value) if name == "hmac_payload" else sorted(value) if option["type"] == "list" else value
        default = option.get("default", b"" if name in {"secret", "token", "hmac_secret"} else "")
        assert value == (sorted(default) if isinstance(default, list) else name == "allow_unsigned" or default), name
    assert "k" * 20 not in repr(SOURCE["read_options"]({"secret": "k" * 20}))


def test_documented_examples_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCE["read_options"].__globals__, "_tls", lambda *_files: None)
    for entry in yaml.safe_load(SOURCE["EXAMPLES"]):
        ((name, options),) = entry.items()
        assert name == "voiceops.vapi_didlogic.vapi"
        filled = {key: "k" * 20 if "{{" in str(value) else value for key, value in options.items()}
        SOURCE["read_options"](filled)


def test_guide_lists_every_fact_and_status() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    call = dict.fromkeys(("squadId", "workflowId", "campaignId"), "1")
    message = ended(reason="call.in-progress.error-providerfault-outbound-sip-403-forbidden")["message"]
    message["call"] |= call
    facts = SOURCE["facts_of"](message, REASONS)
    assert facts.keys() | {"status", "ended"} == set(re.findall(r"^   \* - ``vapi\.(\w+)``$", page, re.MULTILINE))
    code = FILE.read_text(encoding="utf-8")
    codes = {200, *map(int, re.findall(r"RejectedError\(\s*(\d{3})", code)), 404, 500}
    assert codes == set(map(int, re.findall(r"^   \* - (\d{3})$", page, re.MULTILINE)))
    for kind in SOURCE["REQUESTS"]:
        assert f"``{kind}``" in page
