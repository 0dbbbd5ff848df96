# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control endpoints: inspect, empty and seed the sandbox, and configure faults.

They require the control token and reject requests from web pages of another origin, because any page in a browser on
this machine can send requests to loopback.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import switchboard, switches, telephony, vapi_calls
from .auth import bearer_matches
from .world import World

Endpoint = Callable[[World, Any], Any]

#: Set in the scope of a request whose path began with the control token.
BY_PATH = "sandbox.authorized_by_path"
_MAX = {"advance": 10 * 366 * 86400, "pace": 86400}  # ten years; a day in a second


def health(_world: World, _body: Any) -> Any:
    """The status of the sandbox."""
    return {"status": "ok", "pid": os.getpid()}


def journal(world: World, _body: Any) -> Any:
    """Every request to the two services since the start or the last reset."""
    return world.journal_report()


def clear_journal(world: World, _body: Any) -> Any:
    """Clear the journal."""
    world.journal.clear()
    return {}


def reset(world: World, body: Any) -> Any:
    """Empty both accounts; the body may be a seed."""
    world.reset(body)
    return state(world, None)


def seed(world: World, body: Any) -> Any:
    """Add the objects of the seed in the body."""
    world.seed({} if body is None else body)
    return state(world, None)


def state(world: World, _body: Any) -> Any:
    """Both accounts, without passwords."""
    found = world.state()
    found["vapi"] |= vapi_calls.stand(world)
    return found


def rules(world: World, body: Any) -> Any:
    """The switches; those in the body are set."""
    given = dict(body or {})
    switches.check(given)
    telephony.check_scripts(given.get("calls", []))
    world.settings.update(given)
    world.changed()
    return world.settings


def faults(world: World, body: Any) -> Any:
    """Replace the fault rules by the list in the body."""
    if not isinstance(body, list):
        raise ValueError("the body must be a list of faults")  # noqa: TRY004 - reported like any other error
    world.faults.set(body)
    return {"faults": len(body)}


def clock(world: World, _body: Any) -> Any:
    """The time of the sandbox."""
    return world.time.report()


def move_clock(world: World, body: Any) -> Any:
    """Advance or accelerate the clock."""
    asked = dict(body or {})
    if not asked or set(asked) - set(_MAX):
        raise ValueError("the clock accepts `advance` in seconds, and `pace` in seconds per real second")
    for name, value in asked.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= _MAX[name]:
            raise ValueError(f"{name} must be a number greater than 0, up to {_MAX[name]}")
    world.time.move(**asked)
    return clock(world, None)


def call(world: World, body: Any) -> Any:
    """Simulate a call to one of the account's numbers."""
    asked = dict(body or {})
    if set(asked) != {"to", "from"} or not all(isinstance(value, str) for value in asked.values()):
        raise ValueError("a call requires `to`, a number of the account, and `from`")
    if not telephony.user(asked["from"]).isdigit():
        raise ValueError("from must be a phone number")
    return switchboard.ring(world, asked["to"], asked["from"])


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/health", health),
    ("GET", "/journal", journal),
    ("DELETE", "/journal", clear_journal),
    ("GET", "/state", state),
    ("POST", "/reset", reset),
    ("POST", "/seed", seed),
    ("GET", "/rules", rules),
    ("PUT", "/rules", rules),
    ("PUT", "/faults", faults),
    ("GET", "/clock", clock),
    ("POST", "/clock", move_clock),
    ("POST", "/call", call),
)


def routes(world: World) -> list[Route]:
    """The routes of the control endpoints."""
    return [Route(path, _endpoint(world, act), methods=[method]) for method, path, act in ENDPOINTS]


def refusal(request: Request, token: str) -> tuple[int, str] | None:
    """The status and the reason with which a request to a control endpoint is rejected; ``None`` if it is accepted.

    :param token: the control token of this sandbox.
    """
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.url.netloc}"
    # Browsers send both headers automatically, and a page cannot change them; other clients send neither.
    if origin not in {None, own} or request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return 403, "requests from web pages of another origin are rejected"
    if request.scope.get(BY_PATH) or bearer_matches(request, token):
        return None
    return 401, "send the control token, which is in sandbox.json in the state folder, as `Authorization: Bearer TOKEN`"


def _endpoint(world: World, act: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        refused = None if act is health else refusal(request, world.control_token)
        if refused:
            return JSONResponse({"error": refused[1]}, refused[0])
        try:
            answer = act(world, json.loads(await request.body() or b"null"))
        except (ValueError, TypeError) as mistake:
            return JSONResponse({"error": str(mistake)}, 400)
        return JSONResponse(answer)

    return endpoint
