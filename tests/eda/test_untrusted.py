# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strangers send: texts that would be a template together, half requests, and messages sent twice."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import json
import random
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed; `python3 dev.py eda` runs these tests")

import hypothesis
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hypothesis import strategies as st
from jinja2.nativetypes import NativeEnvironment
from serving import BOUND, SOURCE, ended, on_a_loop, running

disarmed = SOURCE["disarmed"]

# ----------------------------------------------------------------------------------------------------------- templates

#: Pieces of templates, and of what becomes one: Jinja's native types, with which ansible-rulebook fills in variables,
#: evaluate a text that is a Python literal, with its escapes and with literals side by side.
PIECES = [
    *("{", "{{", "}}", "%", "{%", "#", "{#", "{ 7*7 }}", "% if 1 %}", "# }", "plain", " ", "\n"),
    *("'", '"', "'{'", '"{', "['", "']", "{'a': '", "'}", "('", "')", "'''", "b'", "r'"),
    *("\\", "\\x7b", "x7b", "\\173", "\\u007b{", "\\N{LEFT CURLY BRACKET}", "'\\x7b\\x7b 7*7 }}'", "'{' '{ 7*7 }}'"),
    "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n",
    *("#jin", "ja2: variable_start_string:'[[', variable_end_string:']]'\n[[ 7*7 ]]", "[[ 7*7 ]]", "\\x23jin"),
    *("$ANSIBLE", "_VAULT;1.1;AES256\n3132", "\\x24ANSIBLE", "${", "!unsafe ", "{{ 7*7 }}"),
]
TEMPLAR = Templar(DataLoader())
try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every text is trusted

    def trust_as_template(value: str) -> str:
        return value


NATIVE = NativeEnvironment()
JOINED = [NATIVE.from_string("".join(f"{{{{ texts[{index}] }}}}" for index in range(count))) for count in range(4)]


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_in(key)
            yield from texts_in(item)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from texts_in(item)


def dangers(*texts: str) -> list[str]:
    """What a playbook would run of what a rulebook makes of these texts, put side by side."""
    made = JOINED[len(texts)].render(texts=texts)
    # Side by side as they are, too: a playbook may do the same, and has no native types.
    return [
        text
        for text in (*texts_in(made), "".join(texts))
        if "$ANSIBLE_VAULT" in text or TEMPLAR.is_template(trust_as_template(text))
    ]


def test_template_detector_equals_the_rulebook() -> None:
    for texts in (
        ("{", "{ 7*7 }}"),
        ("{{ 7*7 }}",),
        ("'\\x7b\\x7b 7*7 }}'",),
        ("'{' '{ 7*7 }}'",),
        ("'\\x7b", "\\173 7*7 }}'"),
        ("#jinja2: variable_start_string:'[[', variable_end_string:']]'\n", "[[ 7*7 ]]"),
        ("$ANSIBLE", "_VAULT"),
    ):
        assert dangers(*texts), texts


@pytest.mark.parametrize("count", [1, 2, 3])
def test_adjacent_texts_are_no_template(count: int) -> None:
    """All pairs, and as many triples as there is time for; as values of fields and as names of fields."""
    safe = [disarmed(piece) for piece in PIECES]
    keys = [next(iter(disarmed({piece: 1}))) for piece in PIECES]
    for texts in (safe, keys):
        chosen = list(itertools.product(texts, repeat=count))
        if count == 3:
            chosen = random.Random(secrets.randbits(32)).sample(chosen, 8000)
        found = [(some, bad) for some in chosen if (bad := dangers(*some))]
        assert found == []


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(st.lists(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=5), min_size=1, max_size=3))
def test_any_texts_are_no_template(made: list[list[str]]) -> None:
    assert dangers(*(disarmed("".join(pieces)) for pieces in made)) == []


@on_a_loop
async def test_templates_are_escaped_in_all_texts_of_a_message() -> None:
    trap = "{{ lookup('pipe', 'true') }} {% \ud800 'say' "
    async with running(include_message=True) as source:
        await source.send(ended(customer={"name": trap, trap: [trap, {"": [trap]}]}, kept=[1, 2.5, None, True]))
        message = source.queue.get_nowait()["message"]
    assert not set("{\\#$") & set("".join(texts_in(message)))
    assert message["kept"] == [1, 2.5, None, True]
    (other,) = set(message["customer"]) - {"name"}
    # After an empty name of a field, ansible-rulebook takes no event any more.
    assert list(message["customer"][other][1]) == ["_"]
    assert "".join(texts_in(message)).encode()


# --------------------------------------------------------------------------------------------------------- addresses

SECRET = "canary" + secrets.token_hex(8)
FORMS = [
    "sip:u:{}@host", "a //u:{}@h b", "{{{{base}}}}/x?token={}", "/hook?apikey={}", "sig={}", "turn:u:{}@h:3478",
    "Endpoint=x/;SharedAccessKey={}", "https://u:a/{}@host/x", "sharedAccessSignature={}", "Password={};",
]  # fmt: skip
SIGNED = f"https://storage.example.com/a/b.wav?X-Signature={SECRET}"


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(
    st.recursive(
        st.sampled_from(
            [
                SIGNED,
                f"see {SIGNED} and wss://user:{SECRET}@example.com/x.",
                {"recordingUrl": f"https://storage.example.com/{SECRET}.wav"},
                {"url": SECRET, "presignedUrls": [SECRET]},
                {"stereoRecordingUrl": {"mono": SECRET}},
                {"listenUrl": f"wss://example.com/{SECRET}", "controlUrl": f"https://example.com/{SECRET}/control"},
                f"<sip:31201234560@{SECRET}.sip.vapi.ai:5060>;tag=1",
                *[form.format(SECRET) for form in FORMS],
                {"sipUri": f"sip:31201234560@{SECRET}.SIP.eu.vapi.ai"},
                {"credentials": [{"key": SECRET}]},
                {
                    "server": {
                        "secret": SECRET,
                        "headers": {"Authorization": f"Bearer {SECRET}", "x-api-key": SECRET, "x-own": SECRET},
                    }
                },
            ]
        ),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["artifact", "x", "a.b"]), inner),
        max_leaves=5,
    ),
    st.sampled_from(["call.artifact.upload", "end-of-call-report"]),
)
def test_recording_urls_and_secrets_are_hidden(value: Any, kind: str) -> None:
    assert SECRET not in json.dumps(disarmed({"type": kind, "artifact": value}))


def test_harmless_texts_are_readable() -> None:
    harmless = {"maxTokens": 250, "credentialId": "4444", "text": "see https://example.com/help", "hasToken": True}
    assert disarmed(harmless) == harmless
    for text in (
        "sip:31201234560@example.com:5060",
        "me@example.com",
        "Is it so? a = b",
        "https://example.com/a/b",
        "10:30",
    ):
        assert disarmed(text) == text


@pytest.mark.parametrize("key", ["vault", "unsafe", "type"])
def test_key_that_ansible_interprets_is_renamed(key: str) -> None:
    assert disarmed({"metadata": {f"__ansible_{key}": 1}}) == {"metadata": {f"ansible_{key}": 1}}


@on_a_loop
async def test_upload_event_is_optional() -> None:
    upload = {"message": {"type": "call.artifact.upload", "call": {"id": "call-1"}, "artifact": {"url": SIGNED}}}
    async with running(types="call.artifact.upload", include_message=True) as source:
        assert (await source.send(upload))[0] == 200
        event = source.queue.get_nowait()
    assert (event["vapi"]["type"], event["vapi"]["call_id"]) == ("call.artifact.upload", "call-1")
    assert SECRET not in str(event)
    async with running() as source:
        assert (await source.send(upload))[0] == 200
        assert source.queue.empty()


def test_long_texts_are_escaped_in_short_time() -> None:
    start = time.monotonic()
    for piece in (
        "a.",
        "a://",
        "{",
        "a://a",
        "://",
        "?@",
        "@a",
        "//",
        "a:b:",
        "?a",
        "=",
        "//a=",
        "@a.sip.",
        "@" + "a" * 90,
    ):
        disarmed(piece * (1_000_000 // len(piece)))
    assert time.monotonic() - start < 10


# --------------------------------------------------------------------------------------------------- slow connections

KEY = secrets.token_urlsafe(32)
SLOW = 200


def sign(body: bytes, stamp: str | None = None, key: str = KEY) -> dict[str, str]:
    stamp = stamp or str(int(time.time()))
    return {
        "x-timestamp": stamp,
        "x-signature": hmac.new(key.encode(), stamp.encode() + b"." + body, "sha256").hexdigest(),
    }


def half_requests() -> Iterator[bytes]:
    """The beginnings of requests without a valid signature, a hundred bytes or two each."""
    line = b"POST /vapi HTTP/1.1\r\nHost: x\r\n"
    while True:
        looks_right = "".join(f"{name}: {value}\r\n" for name, value in sign(b"x", key="wrong" * 8).items()).encode()
        yield line
        yield b"PO"
        yield line + looks_right + b"Content-Length: 5000\r\n\r\n"
        yield line + looks_right + b"Content-Length: 5000\r\n\r\n" + b"x" * 90
        yield line + looks_right + b"Transfer-Encoding: chunked\r\n\r\n3\r\nxxx\r\n"
        yield line + b"x-timestamp: 1\r\nx-signature: aa\r\nContent-Length: 5000\r\n\r\n"
        yield line + b"Content-Length: 5000\r\n\r\n"


class Slow:
    """Connections that are opened, send something and then nothing, or a byte now and then."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sent = 0
        self.open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def connect(self, begun: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.open.append((reader, writer))
        self.send(writer, begun)

    def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not writer.is_closing():
            writer.write(data)
            self.sent += len(data)

    async def trickle(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            for _reader, writer in self.open[::3]:
                self.send(writer, b"x")

    def close(self) -> None:
        for _reader, writer in self.open:
            writer.transport.abort()


@on_a_loop
async def test_slow_unauthenticated_requests_do_not_block_messages() -> None:
    """600 half requests, some of them fed a byte now and then: 120 signed messages are answered 200 and delivered."""
    async with running(hmac_secret=KEY, body_timeout=60) as source:
        slow = Slow(source.port)
        begun = half_requests()
        try:
            for _time in range(SLOW):
                await slow.connect(next(begun))
            feeding = asyncio.create_task(slow.trickle())
            await asyncio.sleep(1.2)
            start = time.monotonic()
            answers: list[int] = []
            for index in range(120):
                body = json.dumps(ended(f"call-{index}")).encode()
                answers.append((await source.send(body, sign(body)))[0])
                if index % 60 < 50:
                    for _time in range(4):
                        await slow.connect(next(begun))
            took = time.monotonic() - start
            feeding.cancel()
        finally:
            slow.close()
        found = [source.queue.get_nowait()["vapi"]["call_id"] for _time in range(source.queue.qsize())]
    assert answers == [200] * 120
    assert found == [f"call-{index}" for index in range(120)]
    assert slow.sent < 200_000
    assert took < 15


@on_a_loop
async def test_unauthenticated_bodies_are_limited_by_bytes() -> None:
    """Senders of incomplete long messages: only as many are received at once as there are turns, then others are."""
    size = 4 * SOURCE["SHORT"]
    async with running(hmac_secret=KEY, body_timeout=60, max_body=size) as source:
        slow = Slow(source.port)
        head = f"POST /vapi HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in sign(b"x", key="wrong" * 8).items())
        try:
            for _time in range(2 * SOURCE["TURNS"]):
                await slow.connect(head.encode() + b"\r\n" + b"x" * (size - 1))
            for index in range(20):
                body = json.dumps(ended(f"call-{index}")).encode()
                assert (await source.send(body, sign(body)))[0] == 200
            await asyncio.sleep(3 * SOURCE["GRACE"])
            closed = sum(reader.at_eof() or bool(reader.exception()) for reader, _writer in slow.open)
            assert closed == SOURCE["TURNS"]
        finally:
            slow.close()
        assert source.queue.qsize() == 20


#: What each of many senders with a fresh timestamp and a wrong signature sends: bytes before it stops, and whether it
#: goes on with a byte now and then.
FLOODS = {
    "incomplete": (140_000, False),
    "slow": (140_000, True),
    "almost complete": (2**20 - 1, False),
    "complete": (2**20, False),
    "short": (60_000, True),
}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(("flood", "size"), [*zip(FLOODS, [2**20, 2**20, 200_000, 2**20, 200_000], strict=True)])
def test_signed_message_of_any_size_is_received_during_a_flood(flood: str, size: int) -> None:
    """240 senders, each of which connects again when its connection is closed: a signed message is received in time."""
    begun, trickle = FLOODS[flood]
    head = f"POST /vapi HTTP/1.1\r\nHost: x\r\nContent-Length: {2**20}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in sign(b"x", key="wrong" * 8).items()) + "\r\n"

    async def sender(port: int) -> None:
        while True:
            writer = None
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head.encode() + b"x" * begun)
                while trickle and not reader.at_eof():
                    await asyncio.sleep(0.2)
                    writer.write(b"x")
                    await writer.drain()
                await reader.read()
            except OSError:
                await asyncio.sleep(0.05)
            finally:
                if writer:
                    writer.transport.abort()

    @on_a_loop
    async def play() -> None:
        async with running(hmac_secret=KEY) as source:
            senders = [asyncio.create_task(sender(source.port)) for _time in range(240)]
            await asyncio.sleep(1)
            took = []
            for index in range(2):
                body = json.dumps(ended(f"call-{index}")).encode().ljust(size)
                start = time.monotonic()
                assert (await source.send(body, sign(body)))[0] == 200
                took.append(time.monotonic() - start)
            for one in senders:
                one.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
            assert source.queue.qsize() == 2
            # Vapi waits for 20 s.
            assert max(took) < 9, took

    play()


@on_a_loop
async def test_authenticated_messages_are_limited_by_bytes() -> None:
    """Where the rulebook is busy, what waits with its whole message is bounded, and who is refused may come again."""
    size, most = 16384, SOURCE["BODIES"]
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    async with running(queue, hmac_secret=KEY, include_message=True, max_body=size, queue_timeout=10) as source:
        bodies = [json.dumps(ended(f"call-{index}")).encode().ljust(size) for index in range(2 * most)]
        signed = [sign(body) for body in bodies]
        tasks = [asyncio.create_task(source.send(*pair)) for pair in zip(bodies, signed, strict=True)]
        done, _waiting = await asyncio.wait(tasks, timeout=3)
        assert {task.result()[0] for task in done if task is not tasks[0]} <= {200, 503}
        refused = sum(task.result()[0] == 503 for task in done)
        assert refused >= most - 2
        found = []
        while not all(task.done() for task in tasks) or not queue.empty():
            found.append((await asyncio.wait_for(queue.get(), 5))["vapi"]["call_id"])
            await asyncio.sleep(0.01)
        for task, body, headers in zip(tasks, bodies, signed, strict=True):
            if task.result()[0] == 503:
                assert (await source.send(body, headers))[0] == 200
                found.append((await queue.get())["vapi"]["call_id"])
    assert sorted(found) == sorted(f"call-{index}" for index in range(2 * most))


@on_a_loop
async def test_invalid_credentials_are_rejected_before_the_body() -> None:
    stamp = str(int(time.time()))
    good = sign(b"x")
    for headers in (
        {},
        {"x-timestamp": stamp},
        {"x-signature": good["x-signature"]},
        {**good, "x-signature": "aa"},
        {**good, "x-signature": "zz" * 32},
        {**good, "x-timestamp": "1"},
    ):
        async with running(hmac_secret=KEY, body_timeout=60) as source:
            reader, writer = await asyncio.open_connection("127.0.0.1", source.port)
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"POST /vapi HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: 5000\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.readline(), BOUND / 3)
            writer.close()
            assert b" 401 " in answer, headers


# ------------------------------------------------------------------------------------------------------------- replays


@on_a_loop
async def test_replayed_signature_makes_no_second_event() -> None:
    """Sent again, by Vapi or by somebody who has read it, it is answered with 200 and goes nowhere."""
    body = json.dumps(ended()).encode()
    async with running(hmac_secret=KEY) as source:
        headers = sign(body)
        upper = {**headers, "x-signature": "sha256=" + headers["x-signature"].upper()}
        for sent in (headers, headers, upper, {**headers, "x-more": "1"}):
            assert (await source.send(body, sent))[0] == 200
        assert source.queue.qsize() == 1
    async with running(hmac_secret=KEY, hmac_payload="{body}") as source:
        mark = {"x-signature": hmac.new(KEY.encode(), body, "sha256").hexdigest()}
        for _time in range(3):
            assert (await source.send(body, mark))[0] == 200
        assert source.queue.qsize() == 1


@on_a_loop
async def test_message_is_not_accepted_again_after_restart() -> None:
    """Whatever was accepted before a restart is rejected after it; what is signed since the start is accepted."""
    now = time.time()
    iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 20))
    stamps = [*(str(int(now) - back) for back in (2, 30, 250)), f"{now - 1.5:.3f}", f"{now * 1000 - 1500:.0f}", iso]
    sent = []
    async with running(age=299, hmac_secret=KEY) as source:
        for index, stamp in enumerate(stamps):
            body = json.dumps(ended(f"call-{index}")).encode()
            sent.append((body, sign(body, stamp)))
            assert (await source.send(*sent[-1]))[0] == 200
        assert source.queue.qsize() == len(stamps)
    async with running(hmac_secret=KEY) as source:
        assert [(await source.send(*message))[0] for message in sent] == [401] * len(sent)
        body = json.dumps(ended("new")).encode()
        assert (await source.send(body, sign(body)))[0] == 200
        assert source.queue.qsize() == 1


@on_a_loop
async def test_rejected_message_can_be_sent_again() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    bodies = [json.dumps(ended(f"call-{index}")).encode() for index in range(2)]
    async with running(queue, hmac_secret=KEY, queue_timeout=1) as source:
        signed = [sign(body) for body in bodies]
        assert (await source.send(bodies[0], signed[0]))[0] == 200
        first = asyncio.create_task(source.send(bodies[1], signed[1]))
        await asyncio.sleep(0.3)
        # While it is not known whether the rulebook takes it, the same once more is no success either.
        assert (await source.send(bodies[1], signed[1]))[0] == 503
        assert (await first)[0] == 503
        queue.get_nowait()
        assert (await source.send(bodies[1], signed[1]))[0] == 200
        assert queue.get_nowait()["vapi"]["call_id"] == "call-1"
        assert (await source.send(bodies[1], signed[1]))[0] == 200
        assert queue.empty()


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("seed", range(5))
def test_remembered_signatures_are_limited_without_replay(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where signatures have to be forgotten, what is as old as they are is refused instead of taken again."""
    most = 10
    monkeypatch.setitem(SOURCE["Receiver"].one_shot.__globals__, "SIGNATURES", most)
    chance = random.Random(seed)

    @on_a_loop
    async def play() -> None:
        async with running(age=200, hmac_secret=KEY) as source:
            now = int(time.time())
            messages = []
            for index in range(40):
                body = json.dumps(ended(f"call-{index}")).encode()
                messages.append((body, sign(body, str(now - chance.randrange(100)))))
            order = [*messages, *chance.choices(messages, k=80)]
            chance.shuffle(order)
            for body, headers in order:
                assert (await source.send(body, headers))[0] in {200, 401}
            found = [source.queue.get_nowait()["vapi"]["call_id"] for _time in range(source.queue.qsize())]
            assert len(found) == len(set(found)) > most
            # What is new is always taken.
            body = json.dumps(ended("new")).encode()
            assert (await source.send(body, sign(body)))[0] == 200
            assert source.queue.qsize() == 1

    play()
