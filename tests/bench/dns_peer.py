# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""octoDNS with 1,000 zones of one record each, against a simulation of the API of PowerDNS.

    python tests/bench/dns_peer.py

octoDNS also declares many small objects behind an HTTP API. The work has the same size and response time, and is not
the same work: a zone needs other requests than a number, and octoDNS does not read back what it has written.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tables import list_table

from tests.tools.environments import CACHE, environment, run, uv

ZONES = 1000
WORKERS = 32
LATENCY = 0.05
PACKAGES = ("octodns==1.22.0", "octodns-powerdns==1.2.0")
VENV = CACHE / "octodns"
#: Seconds until the simulation must respond.
START = 20


def serve(port: int) -> None:
    """Simulate the requests of PowerDNS's API that the provider sends. :param port: on the loopback address."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    zones: dict[str, dict[str, Any]] = {}
    counted = {"requests": 0, "writes": 0}

    async def counts(_request: Request) -> Response:
        return JSONResponse(counted)

    async def reset(_request: Request) -> Response:
        zones.clear()
        return Response(status_code=204)

    async def server(request: Request) -> Response:
        await asyncio.sleep(LATENCY)
        counted["requests"] += 1
        if request.headers.get("X-API-Key") != os.environ["POWERDNS_API_KEY"]:
            return JSONResponse({"error": "Unauthorized"}, 401)
        counted["writes"] += request.method != "GET"
        path = request.path_params["path"].strip("/")
        if not path:
            return JSONResponse({"version": "4.9.0"})
        if path == "config":
            return JSONResponse([])
        if path == "zones" and request.method == "POST":
            body = await request.json()
            zones[body["name"]] = body
            return JSONResponse(body, 201)
        zone = zones.get(path.removeprefix("zones/"))
        if zone is None:
            return JSONResponse({"error": "Not Found"}, 404)
        if request.method == "PATCH":
            changed = (await request.json())["rrsets"]
            names = {(each["name"], each["type"]) for each in changed}
            zone["rrsets"] = [each for each in zone["rrsets"] if (each["name"], each["type"]) not in names] + changed
            return Response(status_code=204)
        return JSONResponse(zone)

    api = Route("/api/v1/servers/localhost{path:path}", server, methods=["GET", "POST", "PATCH"])
    app = Starlette(routes=[Route("/counts", counts), Route("/reset", reset, methods=["POST"]), api])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


def install() -> Path:
    """Install octoDNS in an environment of its own, once. :return: its program."""
    program = VENV / "bin" / "octodns-sync"
    if not program.exists():
        run([uv(), "venv", "--quiet", "--clear", VENV])
        run([uv(), "pip", "install", "--quiet", "--python", VENV / "bin" / "python", *PACKAGES])
    return program


def write_configuration(folder: Path, port: int) -> Path:
    """Declare the zones. :param folder: for the files. :param port: of the simulation. :return: the configuration."""
    (folder / "zones").mkdir()
    names = [f"number-{index}.example." for index in range(ZONES)]
    for name in names:
        (folder / "zones" / f"{name}yaml").write_text("'':\n  ttl: 300\n  type: A\n  values: [192.0.2.1]\n")
    target = {
        "class": "octodns_powerdns.PowerDnsProvider",
        "host": "127.0.0.1",
        "port": port,
        "api_key": "env/POWERDNS_API_KEY",
        "enable_dynamic": False,
    }
    configuration = {
        "manager": {"max_workers": WORKERS},
        "providers": {
            "files": {"class": "octodns.provider.yaml.YamlProvider", "directory": str(folder / "zones")},
            "target": target,
        },
        "zones": {name: {"sources": ["files"], "targets": ["target"]} for name in names},
    }
    # JSON is YAML.
    path = folder / "configuration.yaml"
    path.write_text(json.dumps(configuration))
    return path


def _asked(port: int, path: str, method: str = "GET") -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as response:
        return json.loads(response.read() or b"null")


def _wait(port: int) -> None:
    until = time.monotonic() + START
    while True:
        try:
            _asked(port, "counts")
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                sys.exit("the simulation does not respond")
            time.sleep(0.1)
        else:
            return


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Create the zones, and run once more. :return: seconds, requests and writes of each run, medians of the rounds."""
    program = install()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = environment() | {"POWERDNS_API_KEY": secrets.token_hex(16)}
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        command = [str(program), "--config-file", str(write_configuration(Path(folder), port)), "--doit", "--force"]
        server = subprocess.Popen([sys.executable, __file__, "serve", str(port)], env=settings)
        try:
            _wait(port)
            for _round in range(rounds):
                _asked(port, "reset", "POST")
                for name in ("made", "unchanged"):
                    before, begun = _asked(port, "counts"), time.perf_counter()
                    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
                    if done.returncode:
                        sys.exit(f"octoDNS, {name}: {done.stderr[-2000:]}")
                    seconds, after = time.perf_counter() - begun, _asked(port, "counts")
                    figures = {key: after[key] - before[key] for key in after}
                    found.setdefault(name, []).append({"seconds": seconds, **figures})
        finally:
            server.terminate()
            server.wait(10)
    # Each zone is created after a refused change.
    for name, writes in (("made", 2 * ZONES), ("unchanged", 0)):
        if any(each["writes"] != writes for each in found[name]):
            sys.exit(f"octoDNS, {name}: not {writes} writes: {found[name]}")
    return {
        name: {key: statistics.median(each[key] for each in runs) for key in runs[0]} for name, runs in found.items()
    }


def table(found: dict[str, dict[str, float]]) -> str:
    """RST table of the figures of ``measure``."""
    rows = (
        (
            f"octoDNS, 1,000 zones, {name}",
            f"{figure['seconds']:.1f}",
            *(f"{figure[key]:,.0f}" for key in ("requests", "writes")),
        )
        for name, figure in found.items()
    )
    return list_table(("Run", "Seconds", "Requests", "Writes"), rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        print(table(measure(1)))
