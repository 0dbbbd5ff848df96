# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ASGI application: both services and the control endpoints, with journal and faults."""

from __future__ import annotations

import hmac

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import control, didlogic, switchboard, vapi, vapi_calls, vapi_resources
from .faults import Answer, RawTransport, SocketWire, commit, reply
from .world import World

TRANSPORT_EXTENSION = "sandbox.wire"  # key with which the in-process transport passes its own wire
_FIRST_ERROR = 400


def create_app(world: World) -> ASGIApp:
    """The whole sandbox for one world.

    Handlers only suspend for a fault or ``latency_ms`` with a delay, so that the application can also run without an
    event loop.
    """
    resources = (*vapi_resources.RESOURCES, *vapi_calls.RESOURCES)
    app = Starlette(
        routes=[
            Mount("/vapi", routes=vapi.routes(world, resources)),
            Mount("/didlogic", routes=didlogic.routes(world)),
            Mount("/sandbox", routes=control.routes(world)),
        ],
        exception_handlers={HTTPException: _no_such_route},
    )
    return Gate(app, world)


async def _no_such_route(request: Request, error: Exception) -> Response:
    """Neither service uses 405: an unknown method is an unknown route."""
    del error
    path = request.url.path
    if path.startswith("/vapi"):
        return vapi.VapiError(404, f"Cannot {request.method} {path.removeprefix('/vapi')}").answer
    return JSONResponse({"error": "Not found"}, 404)


def _without_token(scope: Scope, token: str) -> Scope:
    """Convert a request whose path begins with the control token to one with the token in a header.

    For clients that can only be configured with a URL.
    """
    first, _slash, rest = scope["path"].removeprefix("/").partition("/")
    if not hmac.compare_digest(first.encode(), token.encode()):
        return scope
    path = f"/{rest}"
    return {**scope, "path": path, "raw_path": path.encode(), control.BY_PATH: True}


class Gate:
    """Updates the calls, writes the journal, applies faults, and reports changes of the world."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process one request."""
        if scope["type"] != "http":
            return
        world, method = self.world, scope["method"]
        scope = _without_token(scope, world.control_token)
        path = scope["path"]
        api = path.split("/", 2)[1]
        wire: RawTransport = scope.get("extensions", {}).get(TRANSPORT_EXTENSION) or SocketWire(send)

        async def handle() -> Answer:
            answer = await self._handle(scope, receive)
            if method != "GET" and answer[0] < _FIRST_ERROR:
                world.changed()
            return answer

        if api not in {"vapi", "didlogic"}:
            await reply(send, await handle())
            return
        inner, query = path.removeprefix(f"/{api}"), scope["query_string"].decode(errors="replace")
        if world.settings["latency_ms"]:
            await wire.sleep(world.settings["latency_ms"] / 1000)
        fault = world.faults.pick(api, method, inner, world.now())
        if fault is None:
            answer = await handle()
            world.note(api, method, inner, query, answer[0], None)
            await reply(send, answer)
            return
        # Recorded first, because a fault may delay or raise an exception.
        entry = world.note(api, method, inner, query, None, fault.kind)
        entry["status"] = await commit(fault, wire, send, handle)

    async def _handle(self, scope: Scope, receive: Receive) -> Answer:
        """Call the application and return its response instead of sending it."""
        parts: list[Message] = []
        switchboard.advance(self.world)

        async def collect(message: Message) -> None:
            parts.append(message)

        await self.app(scope, receive, collect)
        body = b"".join(part.get("body", b"") for part in parts[1:])
        return parts[0]["status"], list(parts[0]["headers"]), body
