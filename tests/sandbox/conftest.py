# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One world for each test, and a client for each side of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.app import create_app
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import defaults
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World
from ansible_collections.voiceops.vapi_didlogic.tests.sandbox.inprocess import InProcessTransport

from .running import command, start


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, milliseconds: int = 1) -> None:
        self.now += timedelta(milliseconds=milliseconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    """An empty sandbox with the defaults: these tests are about the sandbox, in whatever dialect the others run."""
    world = World(clock=clock)
    world.settings = defaults()
    return world


@pytest.fixture
def transport(world: World) -> InProcessTransport:
    return InProcessTransport(create_app(world))


def _client(transport: InProcessTransport, side: str, key: str | None = None) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1/{side}", headers=headers) as client:
        yield client


@pytest.fixture
def vapi(transport: InProcessTransport, world: World) -> Iterator[httpx.Client]:
    yield from _client(transport, "vapi", world.vapi_api_key)


@pytest.fixture
def didlogic(transport: InProcessTransport, world: World) -> Iterator[httpx.Client]:
    yield from _client(transport, "didlogic", world.didlogic_api_key)


@pytest.fixture
def control(transport: InProcessTransport, world: World) -> Iterator[httpx.Client]:
    yield from _client(transport, "sandbox", world.control_token)


@pytest.fixture
def trunk(vapi: httpx.Client) -> Any:
    body = {"provider": "byo-sip-trunk", "name": "trunk", "gateways": [{"ip": "192.0.2.1"}]}
    return vapi.post("/credential", json=body).json()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("sandbox") / "state"
    yield start(folder, "--dialect", "{}")
    command(folder, "--stop")
