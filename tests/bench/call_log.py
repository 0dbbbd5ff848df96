# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook call_log over 10,000 calls of Vapi and as many records of didlogic: seconds, and the peak memory.

python tests/bench/call_log.py

A service in a process of its own answers for both. The memory is that of the process tree of ansible-playbook, as in
`tests/robustness/bounds.py`.
"""

from __future__ import annotations

import bisect
import datetime
import functools
import http.server
import json
import multiprocessing
import os
import random
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tables import list_table

from tests.robustness.bounds import memory

COUNTS = (1000, 10_000)
DAYS = 7
#: Characters of the summary of an answered call, and messages of its conversation, which Vapi lists too.
SUMMARY, MESSAGES = 400, 10
NUMBERS, ASSISTANTS = 20, 5
REASONS = ("customer-ended-call", "assistant-ended-call", "customer-did-not-answer", "customer-busy",
           "call.in-progress.error-sip-outbound-call-failed-to-connect", "silence-timed-out")  # fmt: skip
END = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def stamp(seconds: float) -> str:
    """The time so many seconds before the end of the period."""
    return (END - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def ids(kind: int, count: int) -> list[str]:
    return [str(uuid.UUID(int=(kind << 64) + number, version=4)) for number in range(count)]


def world(count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The calls and the records, the newest first."""
    chance = random.Random(1)
    assistants, phones = ids(2, ASSISTANTS), ids(3, NUMBERS)
    calls, records = [], []
    for number, key in enumerate(ids(1, count)):
        begun = (number + 1) * DAYS * 86_400 / (count + 2)
        at, inbound = chance.randrange(NUMBERS), chance.random() < 0.5
        customer, own = f"3161{chance.randrange(10**7):07}", str(31_201_000_000 + at)
        reason, seconds = chance.choice(REASONS), chance.randrange(5, 300)
        answered = not reason.startswith(("customer-did", "customer-busy", "call."))
        call = {
            "id": key, "orgId": ids(4, 1)[0], "type": "inboundPhoneCall" if inbound else "outboundPhoneCall",
            "status": "ended", "assistantId": chance.choice(assistants), "phoneNumberId": phones[at],
            "customer": {"number": f"+{customer}", "name": f"Customer {number}"}, "createdAt": stamp(begun),
            "updatedAt": stamp(begun), "endedReason": reason, "cost": round(seconds * 0.0018, 4),
            "costBreakdown": dict.fromkeys(("transport", "stt", "llm", "tts", "vapi", "total"), 0.01),
            "phoneCallProvider": "vapi", "phoneCallTransport": "sip", "monitor": {"listenUrl": "wss://example.com/x"},
        }  # fmt: skip
        if answered:
            said = "The customer asked for an appointment and accepted the second one. " * 10
            messages = [{"role": "bot", "message": said[:120], "time": step} for step in range(MESSAGES)]
            call |= {
                "startedAt": stamp(begun - 3), "endedAt": stamp(begun - 3 - seconds), "messages": messages,
                "transcript": said, "analysis": {"summary": said[:SUMMARY], "successEvaluation": "true"},
                "artifact": {"transcript": said, "recordingUrl": f"https://example.com/{key}.wav"},
            }  # fmt: skip
        calls.append(call)
        sides = (customer, own) if inbound else (own, customer)
        records.append({
            "timestamp": stamp(begun - 2)[:-5] + "Z", "type": "incoming" if inbound else "sip",
            "from": f'"" <{sides[0]}>', "to": sides[1], "duration": seconds if answered else 0,
            "amount": round(seconds * 0.0004, 4) if answered else 0.0, "destination_name": "Netherlands",
            **({} if inbound else {"sip_account": "10000"}),
        })  # fmt: skip
    return calls, records


def serve(count: int, pipe: Connection) -> None:
    """Answer for both services."""
    calls, records = world(count)
    times = [str(call["createdAt"]) for call in reversed(calls)]
    lists = {
        "/assistant": [{"id": key, "name": f"Assistant {at}"} for at, key in enumerate(ids(2, ASSISTANTS))],
        "/phone-number": [
            {"id": key, "number": f"+{31_201_000_000 + at}", "name": f"Line {at}", "provider": "byo-phone-number"}
            for at, key in enumerate(ids(3, NUMBERS))
        ],
    }

    @functools.cache
    def answer(path: str, query: str) -> bytes:
        asked = dict(urllib.parse.parse_qsl(query))
        if path.endswith("/v1/calls"):
            size, page = int(asked["per_page"]), int(asked["page"])
            found = [row for row in records if asked["from"] <= row["timestamp"][:10] <= asked["to"]]
            about = {"page": page, "per_page": size, "total_records": min(len(found), 5000)}
            return json.dumps({"calls": found[(page - 1) * size : page * size], "pagination": about}).encode()
        if path.endswith("/call"):
            first = len(calls) - bisect.bisect_right(times, asked.get("createdAtLe", "9"))
            rows = calls[first : first + int(asked["limit"])]
            return json.dumps([row for row in rows if str(row["createdAt"]) >= asked.get("createdAtGe", "")]).encode()
        return json.dumps(next((rows for end, rows in lists.items() if path.endswith(end)), [])).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urllib.parse.urlsplit(self.path)
            body = answer(address.path, address.query)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


def cpu_seconds() -> float:
    """CPU time of the programs that have ended; unlike the clock it does not depend on the load of the machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(url: str, folder: Path, count: int) -> dict[str, float]:
    """One run of the playbook."""
    variables = {
        "vapi_didlogic_vapi_api_url": f"{url}/vapi", "vapi_didlogic_vapi_api_key": secrets.token_hex(16),
        "vapi_didlogic_didlogic_api_url": f"{url}/didlogic", "vapi_didlogic_didlogic_api_key": secrets.token_hex(16),
        "vapi_didlogic_call_log_limit": count, "vapi_didlogic_call_log_since": DAYS + 1,
    }  # fmt: skip
    (folder / "variables.json").write_text(json.dumps(variables))
    paths = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "HOME": str(folder)}
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    command = [Path(sys.prefix) / "bin" / "ansible-playbook", "voiceops.vapi_didlogic.call_log"]
    begun, used, peak = time.perf_counter(), cpu_seconds(), 0
    process = subprocess.Popen(
        [*command, "-e", "@variables.json"], cwd=folder, env={**os.environ, **paths, **quiet},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.05)
    seconds = time.perf_counter() - begun
    text = process.stdout.read().decode() if process.stdout else ""
    rows = (folder / "call-log.csv").read_bytes().count(b'\r\n"') if process.returncode == 0 else 0
    if rows != count:
        sys.exit(text)
    size = sum((folder / name).stat().st_size for name in ("call-log.html", "call-log.csv"))
    return {
        "calls": rows,
        "seconds": seconds,
        "cpu": cpu_seconds() - used,
        "megabytes": peak / 2**20,
        "files": size / 2**20,
    }


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """The median of the rounds, by the number of calls."""
    found = {}
    for count in COUNTS:
        ours, theirs = multiprocessing.Pipe()
        service = multiprocessing.Process(target=serve, args=(count, theirs))
        service.start()
        try:
            url = f"http://127.0.0.1:{ours.recv()}"
            with tempfile.TemporaryDirectory() as folder:
                # The first run prepares the responses of the service.
                runs = [run(url, Path(folder), count) for _round in range(rounds + 1)][1:]
        finally:
            service.terminate()
            service.join()
        found[f"{count:,}"] = {name: statistics.median(one[name] for one in runs) for name in runs[0]}
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """An RST table of the figures."""
    head = ("Calls", "Seconds", "CPU seconds", "Peak memory, MB", "Both files, MB")
    rows = (
        (
            name,
            f"{figure['seconds']:.1f}",
            f"{figure['cpu']:.1f}",
            f"{figure['megabytes']:.0f}",
            f"{figure['files']:.1f}",
        )
        for name, figure in found.items()
    )
    return list_table(head, rows)


if __name__ == "__main__":
    print(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
