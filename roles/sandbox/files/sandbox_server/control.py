# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's own endpoints: look at it, empty it, fill it, and make it misbehave. They need no key."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .world import World

Endpoint = Callable[[World, Any], Any]


def health(_world: World, _body: Any) -> Any:
    """Who is answering."""
    return {"status": "ok", "pid": os.getpid()}


def journal(world: World, _body: Any) -> Any:
    """Every request to the two services since the start or the last reset."""
    return world.journal_report()


def clear_journal(world: World, _body: Any) -> Any:
    """Forget the requests so far."""
    world.journal.clear()
    return {}


def reset(world: World, body: Any) -> Any:
    """Empty both accounts; the body may be a seed."""
    world.reset(body)
    return state(world, None)


def seed(world: World, body: Any) -> Any:
    """Add what the seed in the body describes."""
    world.seed({} if body is None else body)
    return state(world, None)


def state(world: World, _body: Any) -> Any:
    """Both accounts, without passwords."""
    return world.state()


def rules(world: World, body: Any) -> Any:
    """The switches; those in the body are set."""
    for name, value in dict(body or {}).items():
        if name not in world.rules:
            raise ValueError(f"there is no rule {name}; the rules are {', '.join(world.rules)}")
        if type(value) is not type(world.rules[name]):
            raise ValueError(f"{name} must be a {type(world.rules[name]).__name__}")
    world.rules.update(body or {})
    return world.rules


def faults(world: World, body: Any) -> Any:
    """Replace the fault rules by the list in the body."""
    if not isinstance(body, list):
        raise ValueError("the body must be a list of faults")  # noqa: TRY004 - answered like any other mistake
    world.faults.set(body)
    return {"faults": len(body)}


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
)


def routes(world: World) -> list[Route]:
    """The routes of the control endpoints."""
    return [Route(path, _endpoint(world, act), methods=[method]) for method, path, act in ENDPOINTS]


def _endpoint(world: World, act: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            answer = act(world, json.loads(await request.body() or b"null"))
        except (ValueError, TypeError) as mistake:
            return JSONResponse({"error": str(mistake)}, 400)
        return JSONResponse(answer)

    return endpoint
