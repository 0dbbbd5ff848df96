# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast, beside how fast by hand and how fast at all: one run, one machine, in turns.

    python tests/bench/bench.py                  # everything, some minutes; writes the table into the docs with --write
    python tests/bench/bench.py --only environment --rounds 1

`environment`: one trunk, one transfer tool, two assistants, 20 numbers against services that answer after 50 ms. The
role, and a playbook of ansible.builtin.uri tasks that does as much, create everything and run once more. The limit is
what nobody can go below: the start of ansible-playbook with an empty play, and the chain of requests of which each
needs the answer of the one before.
`numbers`: 10 to 1,000 numbers in one task each of vapi_phone_numbers and didlogic_forwards, and the same requests with
httpx alone (`many.py`, `chain.py`); 10,000 numbers unchanged.
`plan`: the shares of a run's time and CPU time that planning, comparing with an approved plan, the policy and the check
of requests take.
`failover`: 1,000 numbers in one task of didlogic_failover, and the same requests with httpx alone (`chain.py`).
`octodns`: octoDNS with 1,000 zones, which is alike and not the same work (`dns_peer.py`).
`call-log`: the playbook call_log over 10,000 calls of both services (`call_log.py`).
`contacts`: 10,000 contacts judged by the rules for outbound calls, and by the library alone (`contacts.py`).
Each figure is the median of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "bench"))

import call_log
import contacts
import cost
import dns_peer
import many
from runs import BENCH, LATENCY, NOTHING, Bench, Figure, median
from tables import list_table

PAGE = ROOT / "docs" / "docsite" / "rst" / "speed.rst"
NUMBERS = 20
MANY = 1000
#: Requests under way at once at the beginning of a run: what is done for each number takes at most as many waves.
ROLE_WORKERS = 8
WAVES = -(-NUMBERS // ROLE_WORKERS)
#: Requests that wait for one another when everything is made and verified: the lists, and destinations after the
#: numbers; trunk and tool; assistants; phone numbers; forwards, each followed by one look at the number's destinations.
CHAIN = 1 + WAVES + 1 + 1 + WAVES + WAVES + WAVES
#: The same when everything stands: the lists, and destinations after the numbers.
CHAIN_UNCHANGED = 1 + WAVES


def environment(rounds: int) -> dict[str, Any]:
    """The role, the uri playbook and the limit in turns."""
    found: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), NUMBERS)
        try:
            for _round in range(rounds):
                for name, way in (("role", bench.role), ("uri", bench.uri)):
                    bench.empty()
                    found.setdefault(f"{name}, everything made", []).append(way())
                    found.setdefault(f"{name}, unchanged", []).append(way())
                found.setdefault("an empty play", []).append(bench.nothing())
        finally:
            bench.stop()
    result = {name: vars(median(figures)) for name, figures in found.items()}
    start = result["an empty play"]["seconds"]
    limits: dict[str, float] = {
        "everything made": start + CHAIN * LATENCY / 1000,
        "unchanged": start + CHAIN_UNCHANGED * LATENCY / 1000,
    }
    for what, limit in limits.items():
        result[f"role, {what}"]["limit"] = limit
    return {
        "runs": result,
        "limit": limits,
        "times faster than uri": {
            what: result[f"uri, {what}"]["seconds"] / result[f"role, {what}"]["seconds"] for what in limits
        },
        "times the limit": {what: result[f"role, {what}"]["seconds"] / limit for what, limit in limits.items()},
    }


#: Of so many numbers the benchmark updates one.
UPDATED = 20


def plan(rounds: int) -> dict[str, Any]:
    """What the plan costs, for few and for many numbers: made, unchanged, and some of them updated."""
    found: dict[str, Any] = {}
    for count in (NUMBERS, MANY):
        figures: dict[str, list[dict[str, cost.Cost]]] = {}
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), count)
            declared = {name.removeprefix("vapi_didlogic_"): value for name, value in bench.declared().items()}
            numbers = declared["numbers"]
            renamed = [{**each, **({} if at % UPDATED else {"name": "Desk"})} for at, each in enumerate(numbers)]
            try:
                for _round in range(rounds):
                    bench.empty()
                    for name, items in (("made", numbers), ("unchanged", numbers), ("5 % updated", renamed)):
                        figures.setdefault(name, []).append(cost.run(bench.facts, {**declared, "numbers": items}))
            finally:
                bench.stop()
        for name, runs in figures.items():
            parts = {
                part: {
                    which: statistics.median(getattr(run[part], which) for run in runs) for which in ("seconds", "cpu")
                }
                for part in runs[0]
            }
            found[f"{count:,} numbers, {name}"] = parts
    return found


#: Numbers of a failover, each of which has a destination at Vapi and another one.
FAILOVER_NUMBERS = 1000


def failover(rounds: int) -> dict[str, Any]:
    """Failover and failback, each next to its requests with httpx alone, in turns."""
    found: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 0)
        numbers = [str(31201000000 + index) for index in range(FAILOVER_NUMBERS)]
        record = {"record": str(Path(folder, "record.json"))}
        try:
            bench.sandbox("reset", "POST", {"numbers": [reached(number) for number in numbers]})
            bench.sandbox("rules", "PUT", {"latency_ms": LATENCY})
            for _round in range(rounds):
                for name, state, active, given in (
                    ("failover", "active", "0", []),
                    ("failback", "inactive", "1", numbers),
                ):
                    command = [sys.executable, BENCH / "chain.py", "failover", active]
                    found.setdefault(f"{name}, httpx alone", []).append(bench.measured([*command, *given]))
                    # The next run has to do the same.
                    bench.measured([*command[:-1], str(1 - int(active)), *numbers])
                    task = {"voiceops.vapi_didlogic.didlogic_failover": {"state": state, **record}}
                    found.setdefault(name, []).append(bench.timed([task]))
                found.setdefault("an empty play", []).append(bench.timed(NOTHING))
        finally:
            bench.stop()
    runs = {name: vars(median(figures)) for name, figures in found.items()}
    start = runs["an empty play"]["seconds"]
    for name in ("failover", "failback"):
        bare = runs[f"{name}, httpx alone"]["seconds"]
        runs[name]["times"] = runs[name]["seconds"] / bare
        runs[name]["times without start"] = (runs[name]["seconds"] - start) / bare
    return runs


def reached(number: str) -> dict[str, Any]:
    """A number with a destination at Vapi, and another one."""
    vapi = f"{number}@11111111-1111-4111-8111-111111111111.sip.vapi.ai"
    rows = [
        {"destination": vapi, "transport": 1, "active": True},
        {"destination": "31207654321", "transport": 4, "active": True},
    ]
    return {"number": number, "destinations": rows}


def failover_table(runs: dict[str, Any]) -> str:
    """An RST table of failover and failback."""
    head = ("Run", "Seconds", "Requests", "Times httpx alone", "The same without start")
    rows = []
    for name, figure in runs.items():
        ratios = [f"{figure[ratio]:.2f}" if ratio in figure else "" for ratio in ("times", "times without start")]
        rows.append((name, f"{figure['seconds']:.1f}", f"{figure['requests']:,.0f}", *ratios))
    return list_table(head, rows)


#: How many tasks are measured together.
TASKS = 5


def cpu_seconds() -> float:
    """CPU time of the programs that have ended; unlike the clock it does not depend on the load of the machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def starting(rounds: int) -> dict[str, float]:
    """Milliseconds of CPU time to import a module in a new interpreter, and of a task in either kind of process.

    A task reads one list; the start of ansible-playbook is subtracted.
    """
    base = "ansible_collections.voiceops.vapi_didlogic.plugins.modules."
    imports = {
        "an interpreter": "pass",
        "an interpreter and AnsibleModule": "import ansible.module_utils.basic",
        "the same and httpx": "import ansible.module_utils.basic, httpx",
        "the same and pydantic": "import ansible.module_utils.basic, httpx, pydantic",
        "the module vapi_assistant": f"import {base}vapi_assistant",
        "the module integration": f"import {base}integration",
    }
    paths = {**os.environ, "PYTHONPATH": str(ROOT / "collections")}
    found: dict[str, list[float]] = {}
    for _round in range(7):
        for name, code in imports.items():
            begun = cpu_seconds()
            subprocess.run([sys.executable, "-c", code], check=True, env=paths)
            found.setdefault(name, []).append((cpu_seconds() - begun) * 1000)
    result = {name: min(times) for name, times in found.items()}
    task = {"voiceops.vapi_didlogic.vapi_assistant_info": {}}
    ways = {"a task in the controller's process": True, "a task in its own process": False}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 1)
        try:
            bench.sandbox("rules", "PUT", {})
            used: dict[str, list[float]] = {}
            for _round in range(rounds):
                for name, inside in {"": True, **ways}.items():
                    begun = cpu_seconds()
                    bench.timed([task] * (TASKS if name else 0) or NOTHING, vapi_didlogic_in_process=inside)
                    used.setdefault(name, []).append(cpu_seconds() - begun)
            for name in ways:
                result[name] = (min(used[name]) - min(used[""])) / TASKS * 1000
        finally:
            bench.stop()
    return result


def table(found: dict[str, Any]) -> str:
    """RST tables of what was measured."""
    runs = {**found.get("environment", {}).get("runs", {}), **found.get("numbers", {})}
    rows = []
    for name, figure in runs.items():
        limit = f"{figure['limit']:.1f}" if "limit" in figure else ""
        counts = (f"{figure['requests']:,.0f}", f"{figure['writes']:,.0f}", f"{figure['megabytes']:.0f}")
        rows.append((name, f"{figure['seconds']:.1f}", limit, *counts))
    ratios = []
    for name in ("times faster than uri", "times the limit"):
        known = found.get("environment", {}).get(name, {})
        ratios.append((name, *(f"{known.get(what, 0):.1f}" for what in ("everything made", "unchanged"))))
    starts = [(name, f"{value:.0f}") for name, value in found.get("starting", {}).items()]
    return "\n\n".join(
        (
            list_table(("Run", "Seconds", "Limit", "Requests", "Writes", "Peak memory, MB"), rows),
            list_table(("Ratio", "Made", "Unchanged"), ratios),
            list_table(("To start", "CPU milliseconds"), starts),
        )
    )


def plan_table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """RST table of the shares of a run."""
    parts = (*(f"{part.capitalize()}, %" for part in cost.PARTS), "Together, %")
    rows = []
    for name, figure in found.items():
        row = [name]
        for which in ("seconds", "cpu"):
            whole = figure["whole run"][which]
            shares = [figure[part][which] / whole * 100 for part in cost.PARTS]
            row.append(f"{whole:.1f}")
            row += [f"{share:.1f}" for share in (*(shares if which == "seconds" else ()), sum(shares))]
        rows.append(row)
    head = ("Run with an approved plan and a policy", "Seconds", *parts, "CPU seconds", "Together, % of CPU time")
    return list_table(head, rows)


def write(found: dict[str, Any]) -> None:
    """Write the tables of the parts that were measured."""
    page = PAGE.read_text(encoding="utf-8")
    tables = {"figures": table(found)} if {"environment", "numbers"} <= set(found) else {}
    tables |= {"httpx figures": many.table(found["numbers"])} if "numbers" in found else {}
    tables |= {"plan figures": plan_table(found["plan"])} if "plan" in found else {}
    tables |= {"failover figures": failover_table(found["failover"])} if "failover" in found else {}
    tables |= {"call log figures": call_log.table(found["call-log"])} if "call-log" in found else {}
    tables |= {"contact figures": contacts.table(found["contacts"])} if "contacts" in found else {}
    tables |= {"octodns figures": dns_peer.table(found["octodns"])} if "octodns" in found else {}
    for name, text in tables.items():
        head, rest = page.split(f".. {name} start")
        page = f"{head}.. {name} start\n\n{text}\n\n.. {name} end{rest.split(f'.. {name} end')[1]}"
    PAGE.write_text(page, encoding="utf-8")


PARTS = {
    "environment": environment,
    "numbers": many.measure,
    "plan": plan,
    "failover": failover,
    "contacts": contacts.measure,
    "octodns": dns_peer.measure,
    "call-log": call_log.measure,
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", choices=PARTS, nargs="*", default=list(PARTS), help="besides the start of a module")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, help="also write the figures to this file")
    options.add_argument("--write", action="store_true", help="write the table into the documentation")
    chosen = options.parse_args()
    found: dict[str, Any] = {name: PARTS[name](chosen.rounds) for name in chosen.only} | {
        "starting": starting(chosen.rounds)
    }
    shown = {"numbers": many.table, "plan": plan_table, "failover": failover_table, "contacts": contacts.table}
    shown |= {"octodns": dns_peer.table, "call-log": call_log.table}
    print(table(found), *(make(found[name]) for name, make in shown.items() if name in found), sep="\n\n")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")
    if chosen.write:
        write(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
