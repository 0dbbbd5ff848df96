# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fault injection: which requests are affected, and how the response is changed.

A fault acts on a wire instead of a socket. There are two: the one below for a real server, and that of the in-process
transport of the tests, where a closed connection is an exception and delays are immediate.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.responses import JSONResponse, Response
from starlette.types import Message, Send

# Kinds that deliver the real response incorrectly.
_KEEPS_ANSWER = {"drip", "truncate", "delay"}
_PAGE = "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


class RawTransport(Protocol):
    """The operations of a fault on the connection to the client."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def close(self) -> None:
        """Close the connection."""

    async def reset(self) -> None:
        """Reset the connection (RST)."""

    async def refuse(self) -> None:
        """Refuse the connection; a real server has already accepted it and can only reset it."""


class SocketWire:
    """The wire of a server run by uvicorn."""

    def __init__(self, send: Send) -> None:
        # ASGI cannot close a connection; uvicorn's `send` is a method of an object with the transport.
        self._transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    async def reset(self) -> None:
        """Reset the connection (RST), by closing the socket without lingering."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    refuse = reset


@dataclass
class Fault:
    """One fault: the requests that it matches, and its effect."""

    kind: str
    api: str | None = None
    method: str | None = None
    path_regex: str | None = None
    nth: int | None = None
    times: int | None = None
    lasts: float | None = None  # seconds from the first affected request; then ``times`` is ignored
    when: str = "before"
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0
    since: int | None = None  # time of the first affected request, in milliseconds since the epoch

    @classmethod
    def parse(cls, given: Any) -> Fault:
        """Parse one fault of the control endpoint; raises ValueError with the error."""
        if not isinstance(given, dict):
            raise ValueError("a fault is an object")  # noqa: TRY004 - one class for every invalid fault
        rest = dict(given)
        preset = rest.pop("preset", None)
        if preset is not None:
            if preset not in PRESETS:
                raise ValueError(f"preset must be one of {', '.join(sorted(PRESETS))}")
            rest = {**PRESETS[preset], **rest}
        kind = rest.pop("kind", None)
        if kind not in OPTIONS:
            raise ValueError(f"kind must be one of {', '.join(sorted(OPTIONS))}")
        match = rest.pop("match", None) or {}
        when = rest.pop("when", "after" if kind in _KEEPS_ANSWER else "before")
        nth, times, lasts = rest.pop("nth", None), rest.pop("times", 1), rest.pop("lasts", None)
        if lasts is not None and (isinstance(lasts, bool) or not isinstance(lasts, (int, float)) or lasts <= 0):
            raise ValueError("lasts must be a number of seconds")
        unknown = [name for name in match if name not in {"api", "method", "path_regex"}]
        unknown += [name for name in rest if name not in OPTIONS[kind]]
        if unknown:
            raise ValueError(f"{kind} has no {unknown[0]}; its options are {', '.join(OPTIONS[kind]) or 'none'}")
        if when not in {"before", "after"}:
            raise ValueError("when must be before or after")
        if match.get("path_regex"):
            re.compile(match["path_regex"])
        return cls(kind=kind, nth=nth, times=times, lasts=lasts, when=when, options={**OPTIONS[kind], **rest}, **match)

    def due(self, api: str, method: str, path: str, now: int) -> bool:
        """Count a request, and return whether this fault affects it at that time."""
        if (
            self.api not in {None, api}
            or self.method not in {None, method, None if method == "GET" else "WRITE"}
            or (self.path_regex and not re.search(self.path_regex, path))
        ):
            return False
        index, self.seen = self.seen, self.seen + 1
        if index < (self.nth or 0):
            return False
        if self.lasts is not None:
            self.since = now if self.since is None else self.since
            return now < self.since + self.lasts * 1000
        return self.times is None or self.struck < self.times


class Faults:
    """All faults; the first that matches a request is applied."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def set(self, given: list[Any]) -> None:
        """Replace all faults."""
        self.faults = [Fault.parse(rule) for rule in given]

    def clear(self) -> None:
        """Behave again."""
        self.faults = []

    def pick(self, api: str, method: str, path: str, now: int) -> Fault | None:
        """The fault that affects this request at that time. Every fault counts all matching requests."""
        due = [rule for rule in self.faults if rule.due(api, method, path, now)]
        if not due:
            return None
        due[0].struck += 1
        return due[0]


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
Handle = Callable[[], Awaitable[Answer]]
Deed = Callable[[Fault, RawTransport, Send, Answer], Awaitable[int | None]]


async def commit(fault: Fault, transport: RawTransport, send: Send, handle: Handle) -> int | None:
    """Apply a fault. Returns the status that was sent, or None."""
    if fault.kind == "delay":
        if fault.when == "before":
            await transport.sleep(fault.options["seconds"])
            return await reply(send, await handle())
        answer = await handle()
        await transport.sleep(fault.options["seconds"])
        return await reply(send, answer)
    # If the request was not processed, a kind that changes the real response uses a substitute.
    answer = await handle() if fault.when == "after" else _NOTHING
    return await _DEEDS[fault.kind](fault, transport, send, answer)


async def reply(send: Send, answer: Answer) -> int:
    """Send a complete response."""
    status, headers, body = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return status


def _answer(response: Response) -> Answer:
    return response.status_code, response.raw_headers, bytes(response.body)


_NOTHING = _answer(Response("{" + " " * 62 + "}", 200, None, "application/json"))


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _status(fault: Fault, _transport: RawTransport, send: Send, _answer_lost: Answer) -> int | None:
    options = fault.options
    body = options["body"]
    response = Response(body, options["code"]) if isinstance(body, str) else _json(body, options["code"])
    response.headers.update({name: str(value) for name, value in options["headers"].items()})
    return await reply(send, _answer(response))


def _json(body: Any, code: int) -> Response:
    return JSONResponse({"message": "sandbox fault", "statusCode": code} if body is None else body, code)


async def _close(_fault: Fault, transport: RawTransport, _send: Send, _answer_lost: Answer) -> int | None:
    await transport.close()
    return None


async def _reset(_fault: Fault, transport: RawTransport, _send: Send, _answer_lost: Answer) -> int | None:
    await transport.reset()
    return None


async def _refuse(_fault: Fault, transport: RawTransport, _send: Send, _answer_lost: Answer) -> int | None:
    await transport.refuse()
    return None


async def _hang(fault: Fault, transport: RawTransport, _send: Send, _answer_lost: Answer) -> int | None:
    await transport.sleep(fault.options["seconds"])
    await transport.close()
    return None


async def _drip(fault: Fault, transport: RawTransport, send: Send, answer: Answer) -> int | None:
    status, headers, body = answer
    size = fault.options["bytes"]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for start in range(0, len(body), size):
        await transport.sleep(fault.options["seconds"])
        await send(_part(body[start : start + size]))
    await send({"type": "http.response.body", "body": b""})
    return status


async def _truncate(_fault: Fault, transport: RawTransport, send: Send, answer: Answer) -> int | None:
    status, headers, body = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(_part(body[: len(body) // 2]))
    await transport.close()
    return status


async def _html(fault: Fault, _transport: RawTransport, send: Send, _answer_lost: Answer) -> int | None:
    return await reply(send, _answer(Response(_PAGE, fault.options["code"], None, "text/html")))


async def _garbage(fault: Fault, _transport: RawTransport, send: Send, _answer_lost: Answer) -> int | None:
    body = fault.options["body"].encode() if fault.options["body"] else b'{"id": "\xff\xfe\x00'
    return await reply(send, _answer(Response(body, fault.options["code"], None, "application/json")))


async def _redirect(fault: Fault, _transport: RawTransport, send: Send, _answer_lost: Answer) -> int | None:
    headers = {"location": fault.options["location"]}
    return await reply(send, _answer(Response(b"", fault.options["code"], headers)))


async def _gzip_bomb(fault: Fault, _transport: RawTransport, send: Send, _answer_lost: Answer) -> int | None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    return await reply(send, _answer(Response(gzip.compress(bytes(fault.options["size"])), 200, headers)))


# Kind → its options and their defaults.
OPTIONS: dict[str, dict[str, Any]] = {
    "status": {"code": 500, "headers": {}, "body": None},
    "close": {},
    "reset": {},
    "refuse": {},
    "hang": {"seconds": 60},
    "drip": {"seconds": 0.5, "bytes": 1},
    "truncate": {},
    "html": {"code": 502},
    "garbage": {"code": 200, "body": None},
    "redirect": {"code": 307, "location": "http://127.0.0.1:9/"},
    "gzip_bomb": {"size": 64 * 1024 * 1024},
    "delay": {"seconds": 1},
}

# Observed faults, by name. The options of a fault take precedence over those of its preset.
PRESETS: dict[str, dict[str, Any]] = {
    # Vapi, 2026: every request is rejected for about 21 seconds, without a hint at the duration.
    "rate_limit_lockout": {
        "kind": "status",
        "code": 429,
        "body": {"message": "Rate limit exceeded", "error": "Too Many Requests", "statusCode": 429},
        "match": {"api": "vapi"},
        "lasts": 21,
    },
}

_DEEDS: dict[str, Deed] = {
    "status": _status,
    "close": _close,
    "reset": _reset,
    "refuse": _refuse,
    "hang": _hang,
    "drip": _drip,
    "truncate": _truncate,
    "html": _html,
    "garbage": _garbage,
    "redirect": _redirect,
    "gzip_bomb": _gzip_bomb,
}
