# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source as ansible-rulebook runs it, and what Vapi would send it."""

from __future__ import annotations

import asyncio
import functools
import json
import runpy
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "vapi.py"
#: ansible-rulebook does not import a source, it runs the file.
SOURCE = runpy.run_path(str(FILE))
BOUND = 30.0
SPOKEN = "spoken-" + secrets.token_hex(8)


def on_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test on a loop of its own, and not for ever."""

    @functools.wraps(test)
    def wrapper(*arguments: Any, **named: Any) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(BOUND):
                await test(*arguments, **named)

        asyncio.run(bounded())

    return wrapper


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass
class Running:
    """A source that listens, the queue that it fills, and a client."""

    port: int
    queue: Any
    task: asyncio.Task[None]
    client: aiohttp.ClientSession
    headers: dict[str, str]
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/vapi"

    async def send(self, body: Any, headers: dict[str, str] | None = None, **more: Any) -> tuple[int, Any]:
        """Post what Vapi would, and return the answer's status and headers."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = self.headers if headers is None else headers
        async with self.client.post(self.url, data=data, headers=sent, **more) as answer:
            await answer.read()
            return answer.status, answer.headers


@asynccontextmanager
async def running(queue: Any = None, /, *, age: float = 0, **options: Any) -> AsyncIterator[Running]:
    """Start the source; with a secret, unless the options say how messages are proven.

    :param age: seconds since the start, for signatures that are older than the test.
    """
    headers = {}
    if not {"secret", "token", "hmac_secret", "allow_unsigned"} & set(options):
        options["secret"] = secrets.token_urlsafe(24)
        headers["X-Vapi-Secret"] = options["secret"]
    port = free_port()
    queue = asyncio.Queue() if queue is None else queue
    names = SOURCE["main"].__globals__
    names["time"] = SimpleNamespace(time=lambda: time.time() - age, monotonic=time.monotonic)
    task = asyncio.create_task(SOURCE["main"](queue, {"port": port, **options}))
    try:
        await listening(port, task)
        names["time"] = time
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=BOUND)) as client:
            yield Running(port, queue, task, client, headers, "https" if "certfile" in options else "http")
    finally:
        names["time"] = time
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def listening(port: int, task: asyncio.Task[None]) -> None:
    end = time.monotonic() + BOUND
    while time.monotonic() < end and not task.done():
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            await writer.wait_closed()
            return
    await task


def ended(call: str = "call-1", reason: str | None = "customer-ended-call", **more: Any) -> dict[str, Any]:
    """The report of an inbound call that has ended."""
    message = {
        "type": "end-of-call-report",
        "timestamp": 1767225605000,
        "endedReason": reason,
        "startedAt": "2026-01-01T00:00:00.000Z",
        "endedAt": "2026-01-01T00:00:04.500Z",
        "phoneNumber": {"id": "11111111-1111-4111-8111-111111111111", "number": "+31201234560"},
        "customer": {"number": "+31612340000"},
        "artifact": {"transcript": SPOKEN},
        "call": {
            "id": call,
            "type": "inboundPhoneCall",
            "assistantId": "22222222-2222-4222-8222-222222222222",
        },
    }
    return {"message": {**message, **more}}
