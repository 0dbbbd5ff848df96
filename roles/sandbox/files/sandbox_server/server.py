# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox as a server: uvicorn on loopback, with the world stored in a file."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware

from .app import create_app
from .process import HOST, SandboxError, StateDir
from .world import World


class _Server(uvicorn.Server):
    """uvicorn with a callback when it listens, for which a stop signal is a normal end."""

    def __init__(self, config: uvicorn.Config, announce: Any, max_seconds: float | None) -> None:
        super().__init__(config)
        self._announce = announce
        self._max_seconds = max_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._max_seconds:
            asyncio.get_running_loop().call_later(self._max_seconds, self._end)
        self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end())
        yield

    def _end(self) -> None:
        self.should_exit = True


class _Storage:
    """Stores the state after each change, or several changes at once if storing is slow.

    :param save: stores the state.
    """

    #: Pause between two saves, in multiples of the duration of the last one.
    PAUSE = 20

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """Store the state now or soon."""
        now = time.monotonic()
        if self._timer is None and now >= self._next:
            self._store()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._next - now, self._store)

    def close(self) -> None:
        """Store the changes that are not stored yet."""
        if self._timer is not None:
            self._store()

    def _store(self) -> None:
        self._timer = None
        begun = time.monotonic()
        self._save()
        end = time.monotonic()
        self._next = end + self.PAUSE * (end - begun)


def serve(
    folder: StateDir,
    port: int,
    seed: Any = None,
    max_seconds: float | None = None,
    dialect: dict[str, Any] | None = None,
) -> None:
    """Serve until stopped. A seed is only used if there is no state from an earlier run; a dialect always is."""
    folder.make()
    folder.lock()
    world = _world(folder, seed)
    storage = _Storage(lambda: folder.write(folder.state, world.dump()))
    world.on_change = storage.changed
    world.settings.update(dialect or {})
    world.changed()
    listener = _listen(port)
    port = listener.getsockname()[1]
    base = f"http://{HOST}:{port}"
    facts = {
        "pid": os.getpid(),
        "port": port,
        "vapi_api_url": f"{base}/vapi",
        "didlogic_api_url": f"{base}/didlogic",
        "vapi_api_key": world.vapi_api_key,
        "didlogic_api_key": world.didlogic_api_key,
        "control_url": f"{base}/sandbox",
        "control_token": world.control_token,
    }
    log = logging.getLogger("uvicorn.error")

    def announce() -> None:
        folder.write(folder.state_file, json.dumps(facts))
        log.info("listening on %s", base)

    # A web page must not reach the sandbox by a host name that resolves to loopback.
    app = TrustedHostMiddleware(create_app(world), [HOST, "localhost"])
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=_logging(),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    try:
        _Server(config, announce, max_seconds).run(sockets=[listener])
    finally:
        storage.close()
        folder.state_file.unlink(missing_ok=True)
    log.info("stopped")


def _world(folder: StateDir, seed: Any) -> World:
    if folder.state.exists():
        try:
            world = World.load(folder.state.read_text(encoding="utf-8"))
        except (ValueError, LookupError, TypeError):
            raise SandboxError(f"{folder.state} cannot be read; remove it to start with an empty sandbox") from None
    else:
        try:
            world = World(seed)
        except ValueError as error:
            raise SandboxError(f"invalid seed: {error}") from None
    return world


def _listen(port: int) -> socket.socket:
    # With an explicit protocol asyncio disables Nagle's algorithm, which would delay every response by 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        raise SandboxError(f"cannot listen on {HOST} port {port}: {os.strerror(error.errno or 0)}") from None
    listener.set_inheritable(False)
    return listener


def _logging() -> dict[str, Any]:
    """Log to standard error, without requests, so that no key or password is logged."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "loggers": {"uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
    }
