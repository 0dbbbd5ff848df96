# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/2 with a real server: many requests share one connection where both sides know how."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pathlib
import socket
import threading
import time
import typing as t

import pytest
import trustme

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import client as http_client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions, Mutation
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import canary

asyncio_server = pytest.importorskip("hypercorn.asyncio", reason="hypercorn, a server that speaks HTTP/2, is missing")


class Server:
    """A service over TLS that notes by which version and over which connection each request came."""

    def __init__(self, folder: pathlib.Path, *, offers: list[str]) -> None:
        from hypercorn.config import Config

        self.seen: list[tuple[str, t.Any]] = []
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(str(folder / "key.pem"))
        for index, pem in enumerate(issued.cert_chain_pems):
            pem.write_to_path(str(folder / "cert.pem"), append=index > 0)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.config = Config()
        self.config.bind = [f"127.0.0.1:{self.port}"]
        self.config.certfile, self.config.keyfile = str(folder / "cert.pem"), str(folder / "key.pem")
        self.config.alpn_protocols = offers
        self.config.loglevel = "CRITICAL"
        self.ended = asyncio.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)
        self.thread.start()
        for _turn in range(100):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)

    async def serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await asyncio_server.serve(self.answer, self.config, shutdown_trigger=self.ended.wait, mode="asgi")

    async def answer(self, scope: t.Any, _receive: t.Any, send: t.Any) -> None:
        if scope["type"] != "http":
            return
        self.seen.append((scope["http_version"], scope["client"]))
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"id": "1"}'})

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join(10)


@pytest.fixture(name="serving")
def fixture_serving(tmp_path: pathlib.Path) -> t.Iterator[t.Callable[..., Server]]:
    servers: list[Server] = []

    def serving(offers: list[str]) -> Server:
        servers.append(Server(tmp_path, offers=offers))
        return servers[-1]

    yield serving
    for server in servers:
        server.stop()


def client_of(server: Server) -> http_client.Client:
    connection = from_options(VAPI.connection, {"api_key": canary(), "api_url": f"https://127.0.0.1:{server.port}"})
    return http_client.Client(VAPI, connection, HttpOptions(ca_path=str(server.ca), timeout=10))


@pytest.mark.parametrize(("offers", "version"), [(["h2", "http/1.1"], "2"), (["http/1.1"], "1.1")])
def test_concurrent_requests_share_an_http2_connection(
    serving: t.Callable[..., Server], offers: list[str], version: str
) -> None:
    server = serving(offers=offers)
    client = client_of(server)
    # The first request makes the connection; who comes while it is made gets one of its own.
    assert client.get("/assistant") == {"id": "1"}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        reads = list(pool.map(lambda _n: client.get("/assistant"), range(32)))
        writes = list(pool.map(lambda _n: client.write(Mutation(method="POST", path="/tool", body={})), range(8)))
    client.close()
    assert reads + writes == [{"id": "1"}] * 40
    assert {seen for seen, _client in server.seen} == {version}
    connections = len({client for _seen, client in server.seen})
    # httpx opens a second one where threads meet in a bad moment; without sharing each of the 16 has its own.
    assert (connections <= 4) == (version == "2")
    assert connections <= 32


def test_http1_is_used_without_h2(serving: t.Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving(offers=["h2", "http/1.1"])
    monkeypatch.setattr(http_client.importlib.util, "find_spec", lambda _name: None)
    client = client_of(server)
    assert client.get("/assistant") == {"id": "1"}
    client.close()
    assert [seen for seen, _client in server.seen] == ["1.1"]
