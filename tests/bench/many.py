# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many numbers in one task of each module, next to the same requests with httpx alone, in turns."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from runs import BENCH, LATENCY, Bench, Figure, median
from tables import list_table

GROWTH = (10, 100, 1000)
#: So many numbers are only compared with the declared state; the sandbox begins with them.
LARGEST = 10_000
WORKERS = 32
#: The trunk's list and its making, the phone numbers' list before and after; and for each number of a wave the phone
#: number, the destinations, and the new one.
CHAIN, EACH = 4, 3
#: The same when everything has the declared state.
CHAIN_SAME, EACH_SAME = 2, 1
TRUNK = str(uuid.UUID(int=0xAB))
#: Ids and numbers in paths.
VARIABLE = re.compile(r"/([0-9a-f-]{36}|[0-9]+)(?=/|$)")


def tasks(bench: Bench) -> list[dict[str, Any]]:
    """A task for the trunk, one for all phone numbers, one for all forwards."""
    trunk = {
        "name": "didlogic",
        "gateways": [{"ip": "sip.nl.didlogic.net", "inbound_enabled": False}],
        "username": "01234",
        "password": bench.password,
    }
    module, items, workers = "voiceops.vapi_didlogic.", "{{ items }}", {"concurrency": WORKERS}
    phones = {"trunk": "didlogic", "number_e164_check_enabled": False, "numbers": items, **workers}
    forwards = {"vapi_trunk_id": "{{ trunk.sip_trunk.id }}", "forwards": items, **workers}
    return [
        {module + "vapi_sip_trunk": trunk, "register": "trunk"},
        {module + "vapi_phone_numbers": phones},
        {module + "didlogic_forwards": forwards},
    ]


def run(bench: Bench) -> Figure:
    """One run of the tasks."""
    return bench.timed(tasks(bench), items=[{"number": number} for number in bench.numbers])


def alone(bench: Bench, way: str) -> float:
    """The requests of a run with httpx alone. :return: the seconds, without the start of the interpreter."""
    plan = {"authUsername": "01234", "authPassword": bench.password}
    gateways = [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}]
    trunk = {
        "provider": "byo-sip-trunk",
        "name": "didlogic",
        "gateways": gateways,
        "outboundAuthenticationPlan": plan,
    }
    done = subprocess.run(
        [sys.executable, BENCH / "chain.py", "numbers", str(WORKERS), way],
        env=bench.environment,
        input=json.dumps({"numbers": bench.numbers, "trunk": trunk}),
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def requests(bench: Bench) -> Counter[tuple[str, str]]:
    """The requests since the accounts were emptied, without ids and numbers."""
    entries = bench.sandbox("journal")["requests"]
    return Counter((entry["method"], entry["api"] + VARIABLE.sub("/{}", entry["path"])) for entry in entries)


def seeded(bench: Bench) -> None:
    """The accounts after a run that has made everything."""
    trunk = {
        "id": TRUNK,
        "name": "didlogic",
        "gateways": [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}],
        "outboundAuthenticationPlan": {"authUsername": "01234", "authPassword": bench.password},
    }
    phones = [
        {
            "number": number,
            "credentialId": TRUNK,
            "numberE164CheckEnabled": False,
            "createdAt": f"2026-01-01T{index // 3600:02}:{index // 60 % 60:02}:{index % 60:02}.000Z",
        }
        for index, number in enumerate(bench.numbers)
    ]
    numbers = [
        {
            "number": number,
            "destinations": [{"destination": f"{number}@{TRUNK}.sip.vapi.ai", "transport": 1, "active": True}],
        }
        for number in bench.numbers
    ]
    bench.sandbox("reset", "POST", {"numbers": numbers, "vapi": {"credentials": [trunk], "phone_numbers": phones}})


def growth(count: int, rounds: int) -> dict[str, Any]:
    """Everything made and unchanged, with the modules and with httpx alone."""
    found: dict[str, list[Figure]] = {"made": [], "unchanged": []}
    bare: dict[str, list[float]] = {"made": [], "unchanged": []}
    empty = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), count)
        try:
            for _round in range(rounds):
                bench.empty()
                for way, seconds in bare.items():
                    seconds.append(alone(bench, way))
                sent = requests(bench)
                bench.empty()
                for figures in found.values():
                    figures.append(run(bench))
                if sent != requests(bench):
                    sys.exit(f"httpx alone sent other requests: {sent - requests(bench)}, {requests(bench) - sent}")
                empty.append(bench.nothing())
        finally:
            bench.stop()
    return rows(count, found, bare, median(empty).seconds)


def largest(rounds: int) -> dict[str, Any]:
    """The largest environment, unchanged."""
    figures, seconds, empty = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 0)
        bench.numbers = [str(31201000000 + index) for index in range(LARGEST)]
        try:
            seeded(bench)
            for _round in range(rounds):
                seconds.append(alone(bench, "unchanged"))
                figures.append(run(bench))
                if figures[-1].writes:
                    sys.exit("the seed is not the declared state")
                empty.append(bench.nothing())
        finally:
            bench.stop()
    return rows(LARGEST, {"unchanged": figures}, {"unchanged": seconds}, median(empty).seconds)


def rows(
    count: int, found: dict[str, list[Figure]], bare: dict[str, list[float]], start: float
) -> dict[str, dict[str, float]]:
    """The figures by name. :param start: the seconds of an empty play."""
    shown, waves = {}, -(-count // WORKERS)
    for way, figures in found.items():
        chain, each = (CHAIN, EACH) if way == "made" else (CHAIN_SAME, EACH_SAME)
        limit, least = start + (chain + waves * each) * LATENCY / 1000, statistics.median(bare[way]) + start
        figure = median(figures)
        name = f"{count:,} numbers, {way}"
        shown[name] = vars(figure) | {"limit": limit, "httpx": least, "times": figure.seconds / least}
    return shown


def measure(rounds: int) -> dict[str, Any]:
    """Ever more numbers: made, and unchanged."""
    found: dict[str, Any] = {}
    for count in GROWTH:
        found |= growth(count, rounds)
    return found | largest(rounds)


def table(found: dict[str, dict[str, float]]) -> str:
    """An RST table of the comparison with httpx alone."""
    head = ("Run", "Seconds", "httpx alone and an empty play", "Times", "Requests")
    rows = []
    for name, figure in found.items():
        seconds = (f"{figure['seconds']:.1f}", f"{figure['httpx']:.1f}", f"{figure['times']:.2f}")
        rows.append((name, *seconds, f"{figure['requests']:,.0f}"))
    return list_table(head, rows)
