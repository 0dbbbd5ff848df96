# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bounds: how much memory and time does a task take, whatever a service answers? Prints the figures.

    python tests/robustness/bounds.py

A service on this machine answers with compressed bombs, lists without end and very many rows. ``ansible-playbook``
reads the list in its own process and in a process of the module's own, and the memory of the whole process tree is
looked at all the time: the proportional share of each process, so that what processes share counts once.
"""

from __future__ import annotations

import argparse
import calendar
import functools
import gzip
import http.server
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import urllib.parse
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.robustness.messages import options

#: The promise: in the controller's process, which is the default, and with a process of the module's own.
MOST_MEMORY = {True: 150 * 2**20, False: 200 * 2**20}
MOST_SECONDS = 120
ROWS = 900_000


#: When the newest row was made, in seconds; each further one a second before.
NEWEST = 1_800_000_000
FORM = "%Y-%m-%dT%H:%M:%SZ"


def _row(number: int, padding: str = "") -> dict[str, t.Any]:
    made = time.strftime(FORM, time.gmtime(NEWEST - number))
    return {"id": str(uuid.UUID(int=number)), "name": f"{padding}{number}", "createdAt": made}


def _page(query: dict[str, str], padding: str = "") -> bytes:
    """A page of a list that has no end; the next one begins where its last row is."""
    at = query.get("createdAtLe")
    first = NEWEST - calendar.timegm(time.strptime(at, FORM)) if at else 0
    return json.dumps([_row(first + step, padding) for step in range(int(query.get("limit", 100)))]).encode()


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@functools.cache
def _contacts() -> bytes:
    """What a campaign holds of 10,000 contacts with three variables each, and of the calls to them."""
    values = {f"name {number}": "a value" for number in range(3)}
    customers = [
        {"number": f"+1555{number:07}", "name": "Contact", "assistantOverrides": {"variableValues": values}}
        for number in range(10_000)
    ]
    calls = {str(uuid.UUID(int=number)): {"status": "ended"} for number in range(10_000)}
    return json.dumps({"customers": customers, "calls": calls}, separators=(",", ":")).encode()[1:-1]


def _campaigns(query: dict[str, str], count: int = 12) -> bytes:
    """A page of a list of campaigns, each of which nearly fills an answer."""
    at = query.get("createdAtLe")
    first = NEWEST - calendar.timegm(time.strptime(at, FORM)) if at else 0
    size = int(query["limit"])
    first += (int(query.get("page", 1)) - 1) * size
    rows = [json.dumps(_row(number)).encode()[:-1] for number in range(first, min(first + size, count))]
    return b'{"results":[' + b",".join(row + b"," + _contacts() + b"}" for row in rows) + b"]}"


def _bought(path: str, numbers: int) -> bytes:
    """didlogic's numbers, and the destinations of one: as many as fit into a page."""
    if path.endswith("/destinations"):
        row = {"destination": "sip:reception@pbx.example.com", "priority": 1, "active": True, "transport": 1}
        return json.dumps({"destination": [{"id": 1_000_000 + at, **row} for at in range(999)]}).encode()
    return json.dumps({"purchases": [{"number": str(31_200_000_000 + at)} for at in range(numbers)]}).encode()


def _lists(query: dict[str, str], size: int) -> bytes:
    """All lists of both services, each with objects of the given size in bytes in one page."""
    path = query["path"]
    if "/v1/" in path:
        row = json.dumps({"number": "31200000000", "name": "10000", "label": "x", "id": 1})
        name = "sipaccounts" if "sipaccounts" in path else "purchases"
        return _bought(path, 1) if "destinations" in path else f'{{"{name}":[{row}],"balance":1}}'.encode()
    if "createdAtLe" in query:
        return b"[]"
    # An assistant has many small values, which need more memory than their text.
    many = {"model": {"messages": [{"role": "system", "content": f"{at:08}"} for at in range(100)]}}
    one = json.dumps({**_row(0), **many, "provider": "byo-sip-trunk", "type": "transferCall", "gateways": []})
    rows = [one.replace(str(uuid.UUID(int=0)), str(uuid.UUID(int=at))) for at in range(max(1, size // len(one)))]
    return ("[" + ",".join(rows) + "]").encode()


Answer = tuple[bytes, dict[str, str]]
#: How the service may answer a query, to which its path is added.
KINDS: dict[str, t.Callable[[dict[str, str]], Answer]] = {
    "an empty list": lambda _query: (b"[]", {}),
    "compressed twice": lambda _query: (
        gzip.compress(gzip.compress(b"[" + b"0," * 300_000_000 + b"0]")),
        {"Content-Encoding": "gzip, gzip"},
    ),
    "compressed once": lambda _query: (gzip.compress(b'["' + b"x" * 300_000_000 + b'"]'), {"Content-Encoding": "gzip"}),
    "many rows in one list": lambda _query: (
        b"[" + b",".join(b'{"id":"%d"}' % number for number in range(ROWS)) + b"]",
        {},
    ),
    "empty rows in one list": lambda _query: (b"[" + b"{}," * (5 * 2**20) + b"{}]", {}),
    "numbers in one row": lambda _query: (b'[{"id":"1","x":[' + b"1.5," * (3 * 2**20) + b"1]}]", {}),
    "wide letters": lambda _query: (('[{"id":"1","x":"\U0001f600' + "x" * 15_000_000 + '"}]').encode(), {}),
    "wide letters within the bounds": lambda _query: (
        ('[{"id":"1","x":"\U0001f600' + "x" * 6_200_000 + '"}]').encode(),
        {},
    ),
    "values within the bounds": lambda _query: (
        b"[" + b",".join(b'{"id":"%06d"}' % number for number in range(49_000)) + b"]",
        {},
    ),
    "keys of one row": lambda _query: (
        b'[{"id":"1"' + b"".join(b',"%d":0' % number for number in range(1_200_000)) + b"}]",
        {},
    ),
    "nested lists": lambda _query: (_nested(5_000_000), {}),
    "pages without end": lambda query: (_page(query), {}),
    "large pages without end": lambda query: (_page(query, "x" * 2000), {}),
    "large campaigns": lambda query: (_campaigns(query), {}),
    "17 MB": lambda _query: (b'["' + b"x" * 17_000_000 + b'"]', {}),
    "many details": lambda query: (_bought(query["path"], 41), {}),
    "details within the bounds": lambda query: (_bought(query["path"], 25), {}),
    "large lists of both services": lambda query: (_lists(query, 5 * 2**20), {}),
    "many lists of both services": lambda query: (_lists(query, 700_000), {}),
    "large lists for an environment": lambda query: (_lists(query, 5 * 2**20), {}),
    "many lists for an environment": lambda query: (_lists(query, 700_000), {}),
}
ENVIRONMENT = {
    "trunk": {"name": "didlogic", "gateway": "sip.nl.didlogic.net", "username": "10000", "password": "s" * 20},
    "assistants": [{"name": "Reception", "definition": {"firstMessage": "Hello."}}],
    "numbers": [{"number": "31200000000", "assistant": "Reception"}],
    "state": "present",
}
#: The modules and options of the kinds that are not read with ``vapi_assistant_info``.
MODULES: dict[str, tuple[str, dict[str, t.Any]]] = {
    "large campaigns": ("vapi_campaign_info", {"name": "nobody"}),
    "many details": ("didlogic_number_info", {}),
    "details within the bounds": ("didlogic_number_info", {}),
    "large lists of both services": ("routing_audit", {}),
    "many lists of both services": ("routing_audit", {}),
    "large lists for an environment": ("integration", ENVIRONMENT),
    "many lists for an environment": ("integration", ENVIRONMENT),
}


class Service:
    """Answers every request with one kind of answer."""

    def __init__(self, kind: str) -> None:
        answer = KINDS[kind]
        kept: dict[str, Answer] = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                address = urllib.parse.urlsplit(self.path)
                if kind not in MODULES and "without end" not in kind:
                    body, headers = kept.setdefault("", kept.get("") or answer({}))
                else:
                    body, headers = answer({**dict(urllib.parse.parse_qsl(address.query)), "path": address.path})
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 - the base class's name
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_args: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def memory(root: int) -> int:
    """Bytes that a process and everything below it take up, what they share counted once."""
    parents: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - many times a second
        try:
            stat = Path(f"/proc/{name}/stat").read_text()
            parents[int(name)] = int(stat.rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    tree, size = {root}, 0
    while len(tree) != size:
        size = len(tree)
        tree |= {child for child, parent in parents.items() if parent in tree}
    total = 0
    for process in tree:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def run(kind: str, *, inside: bool) -> dict[str, t.Any]:
    """Read a list that a service answers with ``kind``: the peak of the memory, the seconds and the message."""
    service = Service(kind)
    module, more = MODULES.get(kind, ("vapi_assistant_info", {"name": "nobody"}))
    prefixes = [""] if module.startswith(("vapi_", "didlogic_")) else ["vapi_", "didlogic_"]
    connection = {f"{prefix}api_url": service.url for prefix in prefixes}
    connection |= {f"{prefix}api_key": str(uuid.uuid4()) for prefix in prefixes}
    with tempfile.TemporaryDirectory(prefix="bounds-") as folder:
        task = {
            f"voiceops.vapi_didlogic.{module}": {**connection, "retry_timeout": 0, **more},
            "vars": {"vapi_didlogic_in_process": inside},
        }
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
        (Path(folder) / "play.yml").write_text(json.dumps(play))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "HOME": folder,
        }
        begun = time.monotonic()
        playbook = Path(sys.prefix) / "bin" / "ansible-playbook"
        process = subprocess.Popen(
            [playbook, "play.yml", *(["--check"] if module == "integration" else [])],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        parts: list[bytes] = []
        reader = threading.Thread(target=lambda: parts.extend(iter(lambda: process.stdout.read(65536), b"")))  # type: ignore[union-attr]
        reader.start()
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.03)
            if time.monotonic() - begun > MOST_SECONDS:
                process.kill()
        reader.join()
    service.close()
    text = b"".join(parts).decode(errors="replace")
    seconds = time.monotonic() - begun
    clear = "Traceback" not in text and "Internal error of the collection" not in text
    return {"peak": peak, "seconds": seconds, "text": text, "clear": clear}


def main() -> int:
    """Run it all."""
    parser = options(__doc__)
    parser.add_argument("--only", action="append", choices=sorted(KINDS), help="a kind, repeatable")
    chosen: argparse.Namespace = parser.parse_args()
    worst, slowest, unclear = {True: 0, False: 0}, 0.0, 0
    kinds = chosen.only or list(KINDS)
    for kind, inside in itertools.product(kinds, (True, False)):
        found = run(kind, inside=inside)
        said = next((line for line in found["text"].splitlines() if "msg" in line or "ERROR" in line), "ok")
        print(
            f"{found['peak'] / 2**20:6.0f} MB {found['seconds']:6.1f} s  {'inside' if inside else 'alone':7} {kind}: "
            f"{said.strip()[:160]}",
            flush=True,
        )
        worst[inside], slowest = max(worst[inside], found["peak"]), max(slowest, found["seconds"])
        unclear += not found["clear"]
    figures = {
        "kinds of answers": len(kinds),
        "most memory of the process tree in MB": round(worst[True] / 2**20),
        "the same with a process of the module's own": round(worst[False] / 2**20),
        "unclear errors": unclear,
    }
    for name, value in figures.items():
        print(f"{value:8d}  {name}")
    print(f"{slowest:8.0f}  seconds, the slowest")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")
    over = any(worst[inside] > most for inside, most in MOST_MEMORY.items())
    return 1 if over or unclear or slowest > MOST_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
