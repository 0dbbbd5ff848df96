# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox without a socket: an httpx transport that drives the ASGI application by hand.

No event loop, no thread, no waiting: time that a fault or a latency asks for is added to ``slept`` and handed to
``sleep``, so that a test may move its own clock. What would break a connection is raised as httpx would raise it.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import httpx

# Where the application looks for a wire that is not a socket (app.WIRE); by name, so that this file needs no sandbox.
WIRE = "sandbox.wire"


class InProcessTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers the requests of ``httpx.Client`` and ``httpx.AsyncClient`` from an ASGI application."""

    def __init__(self, app: Any, sleep: Callable[[float], None] | None = None) -> None:
        self.app = app
        self.sleep = sleep
        self.slept = 0.0
        self._lock = threading.RLock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        with self._lock:
            exchange = _Exchange(self, request)
            _run(self.app(exchange.scope(), exchange.receive, exchange.send))
        return httpx.Response(exchange.status, headers=exchange.headers, stream=_Body(self, exchange), request=request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of an asynchronous client; it is never really suspended."""
        await request.aread()
        return self.handle_request(request)

    def pass_time(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self.slept += seconds
        if self.sleep:
            self.sleep(seconds)


class _Exchange:
    """One request and its answer; at the same time the wire that faults act on."""

    def __init__(self, transport: InProcessTransport, request: httpx.Request) -> None:
        self.transport = transport
        self.request = request
        self.status = 0  # until the answer starts
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[tuple[float, bytes]] = []  # each with the time before it
        self.broken: httpx.TransportError | None = None
        self.timeout = request.extensions.get("timeout", {}).get("read")
        self._pause = 0.0

    def scope(self) -> dict[str, Any]:
        url = self.request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "root_path": "",
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in self.request.headers.raw],
            "client": ("127.0.0.1", 0),
            "server": (url.host, url.port),
            "extensions": {WIRE: self},
        }

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self.request.content, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.chunks.append((self._pause, message.get("body", b"")))
            self._pause = 0.0

    async def sleep(self, seconds: float) -> None:
        if self.timeout is not None and seconds > self.timeout:
            self.transport.pass_time(self.timeout)
            raise httpx.ReadTimeout("The read operation timed out", request=self.request)
        if not self.status:
            self.transport.pass_time(seconds)
        else:
            self._pause += seconds

    async def close(self) -> None:
        if not self.status:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=self.request)
        self.broken = httpx.RemoteProtocolError("peer closed connection without sending complete message body")

    async def reset(self) -> None:
        raise httpx.ReadError("[Errno 104] Connection reset by peer", request=self.request)

    async def refuse(self) -> None:
        raise httpx.ConnectError("[Errno 111] Connection refused", request=self.request)


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body as it would arrive: in pieces, late, or cut off."""

    def __init__(self, transport: InProcessTransport, exchange: _Exchange) -> None:
        self._transport = transport
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        for pause, chunk in self._exchange.chunks:
            if pause:
                self._transport.pass_time(pause)
            yield chunk
        if self._exchange.broken:
            raise self._exchange.broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Drive a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the application waits for something; in process it must not")
