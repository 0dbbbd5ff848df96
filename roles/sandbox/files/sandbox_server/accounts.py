# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several customers in one application: the key of a request selects the customer's accounts, as in the services.

Vapi's regions have base URLs of their own, ``/us/vapi`` and ``/eu/vapi``; didlogic's base URL is ``/didlogic``. A base
URL may begin with ``/from/NAME``, which has no effect on the response but is noted: the log then contains from whom a
request is, whatever key it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .app import create_app
from .world import World

REGIONS = ("us", "eu")
FROM = "from"


@dataclass
class Sent:
    """A request as it was received."""

    connection: int  # the number of the connection; a port is used again by later connections
    sender: str  # the name in the base URL; empty without one
    owner: str  # the customer to whom the key belongs; empty for an unknown key
    region: str  # of the base URL; empty for didlogic
    api: str
    method: str
    path: str
    body: bytes
    status: int | None = None  # None if no response was sent

    @property
    def writes(self) -> bool:
        """Whether the request may change something."""
        return self.method != "GET"


class Accounts:
    """The ASGI application.

    :param worlds: the accounts of each customer at both services, by name.
    :param regions: the region of each customer's organisation. Its key is invalid in the other region.
    """

    def __init__(self, worlds: Mapping[str, World], regions: Mapping[str, str]) -> None:
        self.regions = regions
        self.apps: dict[str, ASGIApp] = {name: create_app(world) for name, world in worlds.items()}
        self.log: list[Sent] = []
        self._owners = {
            key: name for name, world in worlds.items() for key in (world.vapi_api_key, world.didlogic_api_key)
        }
        #: By id, the transport of each connection and its number. The reference keeps the id from being used again.
        self._connections: dict[int, tuple[object, int]] = {}
        # Rejects every key, and has no control endpoints of its own.
        self._nobody = create_app(World())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process one request."""
        if scope["type"] != "http":
            return
        parts = scope["path"].removeprefix("/").split("/")
        sender = parts[1] if parts[0] == FROM and len(parts) > 1 else ""
        parts = parts[2:] if sender else parts
        region = parts[0] if parts and parts[0] in REGIONS else ""
        api, *rest = parts[1:] if region else parts
        path = "/" + "/".join(rest)
        body = await _body(receive)
        owner = self._owners.get(_bearer(scope), "")
        sent = Sent(self._connection(send), sender, owner, region, api, scope["method"], path, body)
        self.log.append(sent)
        valid = owner and (region == self.regions[owner] if api == "vapi" else api == "didlogic" and not region)
        inner = {**scope, "path": f"/{api}{path}", "raw_path": f"/{api}{path}".encode()}

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await (self.apps[owner] if valid else self._nobody)(inner, again, StatusRecorder(send, sent))

    def _connection(self, send: Send) -> int:
        """The number of the connection of a request."""
        # uvicorn's `send` is a method of an object with the transport.
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        return self._connections.setdefault(id(transport), (transport, len(self._connections)))[1]


class StatusRecorder:
    """Passes messages to the server, and records the status of the response.

    :param send: the function of the server. :param sent: the record.
    """

    def __init__(self, send: Send, sent: Sent) -> None:
        self._send, self._sent = send, sent
        # uvicorn's `send` is a method of an object with the transport, which faults act on.
        self.__self__ = getattr(send, "__self__", None)

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self._sent.status = message["status"]
        await self._send(message)


def _bearer(scope: Scope) -> str:
    found = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return str(found.decode(errors="replace").partition(" ")[2])


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
