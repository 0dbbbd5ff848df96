# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deadline for a whole HTTP request, below httpx."""

from __future__ import annotations

import contextvars
import time
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import httpx

if t.TYPE_CHECKING:
    import httpcore

request_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("deadline")


class _BoundedStream:
    """A network stream whose every operation ends at the request's deadline, however slowly data arrives."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_remaining(timeout))

    def start_tls(self, *args: t.Any, **kwargs: t.Any) -> _BoundedStream:
        kwargs["timeout"] = _remaining(kwargs.get("timeout"))
        return _BoundedStream(self._stream.start_tls(*args, **kwargs))


class _BoundedBackend:
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, *args: t.Any, **kwargs: t.Any) -> _BoundedStream:
        kwargs["timeout"] = _remaining(kwargs.get("timeout"))
        return _BoundedStream(self._backend.connect_tcp(*args, **kwargs))

    def __getattr__(self, name: str) -> object:
        return getattr(self._backend, name)


def _remaining(timeout: float | None) -> float | None:
    deadline = request_deadline.get(None)
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the deadline of the request has passed")
    return left if timeout is None else min(left, timeout)


def bound(client: object) -> None:
    """Apply the deadline to every transport of an ``httpx.Client``.

    httpx has a timeout for one read but none for the whole request, and no public interface to add one. If its private
    names change, the timeout for one read and the check between two parts of the body still apply.

    :param client: the client.
    """
    transports = [getattr(client, "_transport", None), *getattr(client, "_mounts", {}).values()]
    for pool in [getattr(transport, "_pool", None) for transport in transports]:
        backend = getattr(pool, "_network_backend", None)
        if backend is not None:
            setattr(pool, "_network_backend", _BoundedBackend(backend))  # noqa: B010 - see above
