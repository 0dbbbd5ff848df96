# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source `availability` as a program inside the network, once or many times behind links that lose packets.

    monitor.py '{"vapi_api_url": ...}'                                 # prints each event as a line of JSON
    monitor.py '{"interval": 5, ...}' '{"runs": 100, "loss": 0.2, ...}'

With links, every monitor has one of its own to the SIP host, over which datagrams get lost in both directions, and one
to the API. There is no program that loses TCP segments here, so the API's response is delayed by the time that Linux
needs to repeat what was lost, or never comes. When every monitor has had the given number of rounds, nothing arrives
any more, until all of them have noticed it or the time for it is over; then the program prints what each has seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import runpy
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp

FILE = Path(__file__).resolve().parents[2] / "extensions" / "eda" / "plugins" / "event_source" / "availability.py"
SOURCE = runpy.run_path(str(FILE))
#: Seconds after which Linux repeats a segment that was not acknowledged, counted from the first one.
REPEATED = (0.0, 1.0, 3.0)
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
Lost = Callable[[], bool]


class Printing(asyncio.Queue[Any]):
    """Prints events instead of keeping them."""

    async def put(self, item: Any) -> None:
        print(json.dumps({"at": time.time(), **item}), flush=True)


class Link:
    """The way of one monitor to both hosts.

    :param seed: of what is lost. :param settings: the share that is lost, and the factor of the times of TCP.
    """

    def __init__(self, seed: int, settings: dict[str, Any]) -> None:
        self.chance, self.settings = random.Random(seed), settings
        self.cut, self.cut_at = False, 0.0
        self.changes: list[tuple[str, float]] = []
        self.failed = {"sip": 0, "api": 0}
        self.rounds = self.quorum_failed = self.datagrams = self.lost = 0

    @property
    def noticed(self) -> bool:
        return bool(self.changes) and self.changes[-1][0] == "unavailable"

    def loses(self) -> bool:
        """Whether the next packet gets lost."""
        if self.cut:
            return True
        lost = self.chance.random() < self.settings["loss"]
        self.datagrams, self.lost = self.datagrams + 1, self.lost + lost
        return lost

    async def open(self) -> dict[str, Any]:
        """Listen. Returns the arguments of the event source."""
        loop = asyncio.get_running_loop()
        sip, _protocol = await loop.create_datagram_endpoint(
            lambda: Relay(self.loses, self.settings["sip_host"]), local_addr=("127.0.0.1", 0)
        )
        api = await asyncio.start_server(self.respond, "127.0.0.1", 0)
        return {
            "sip_host": "127.0.0.1",
            "sip_port": sip.get_extra_info("sockname")[1],
            "sip_transports": ["udp"],
            "vapi_api_url": f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}",
        }

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The API: a connection and a request, each of which may have to be repeated."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            delay = 0.0
            for _exchange in ("connection", "request"):
                arrived = [after for after in REPEATED if not (self.loses() | self.loses())]
                delay += arrived[0] * self.settings["scale"] if arrived else 3600
            await asyncio.sleep(delay)
            if not self.cut:
                writer.write(RESPONSE)
                await writer.drain()
        writer.close()


class Relay(asyncio.DatagramProtocol):
    """Forwards datagrams to the SIP host from a port for each sender, and back."""

    def __init__(self, loses: Lost, host: str) -> None:
        self.loses, self.host = loses, host
        self.waiting: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.beyond: dict[Any, asyncio.DatagramTransport] = {}

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.loses():
            task = asyncio.get_running_loop().create_task(self.forward(data, addr))
            self.waiting.add(task)
            task.add_done_callback(self.waiting.discard)

    async def forward(self, data: bytes, addr: Any) -> None:
        if addr not in self.beyond:
            for sender in list(self.beyond)[:-20]:
                self.beyond.pop(sender).close()
            loop = asyncio.get_running_loop()
            self.beyond[addr], _protocol = await loop.create_datagram_endpoint(
                lambda: Back(self, addr), remote_addr=(self.host, 5060)
            )
        self.beyond[addr].sendto(data)


class Back(asyncio.DatagramProtocol):
    """The way back of one sender."""

    def __init__(self, relay: Relay, addr: Any) -> None:
        self.relay, self.addr = relay, addr

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        if not self.relay.loses():
            self.relay.transport.sendto(data, self.addr)


class Counting(SOURCE["Checks"]):  # type: ignore[misc]
    """Counts the checks that failed."""

    link: Link

    async def round(self, state: str | None, since: float) -> Any:
        found = await super().round(state, since)
        failed = [name for name, check in found.items() if check.ok is False]
        if not self.link.cut:
            self.link.rounds += 1
            self.link.quorum_failed += len(failed) >= self.options.quorum
            for name in failed:
                self.link.failed[name] += 1
        return found


class Noting(asyncio.Queue[Any]):
    """Notes the changes of a monitor."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.link = link

    async def put(self, item: Any) -> None:
        self.link.changes.append((item["availability"]["state"], time.time()))


async def monitor(link: Link, client: aiohttp.ClientSession, arguments: dict[str, Any]) -> None:
    """One monitor, for ever."""
    options = SOURCE["read_options"]({**arguments, **await link.open()})
    checks = Counting(options, client)
    checks.link = link
    # They do not begin at the same moment.
    await asyncio.sleep(link.chance.random() * options.interval)
    await SOURCE["Monitor"](Noting(link), options, checks).run()


async def many(arguments: dict[str, Any], settings: dict[str, Any]) -> None:
    """Many monitors at the same time."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(2 * settings["runs"]))
    links = [Link(seed, settings) for seed in range(settings["runs"])]
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        tasks = [asyncio.create_task(monitor(link, client, arguments)) for link in links]
        await until(lambda: all(link.rounds >= settings["rounds"] for link in links), tasks)
        for link in links:
            link.cut_at, link.cut = time.time(), True
        limit = time.monotonic() + settings["within"]
        await until(lambda: all(link.noticed for link in links) or time.monotonic() > limit, tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    names = ("changes", "cut_at", "failed", "rounds", "quorum_failed", "datagrams", "lost")
    print(json.dumps([{name: getattr(link, name) for name in names} for link in links]), flush=True)


async def until(condition: Callable[[], bool], tasks: list[asyncio.Task[None]]) -> None:
    """Wait until something holds, while the monitors run."""
    while not condition():
        done, _running = await asyncio.wait(tasks, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


def main() -> None:
    arguments = json.loads(sys.argv[1])
    if len(sys.argv) > 2:
        asyncio.run(many(arguments, json.loads(sys.argv[2])))
    else:
        asyncio.run(SOURCE["main"](Printing(), arguments))


if __name__ == "__main__":
    main()
