# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on real connections, met by the whole role as a user runs it; prints the figures.

    python tests/robustness/sockets.py              # every kind, some minutes
    python tests/robustness/sockets.py --kinds 2    # the first two

One case: a fault at one request of ``ansible-playbook voiceops.vapi_didlogic.integrate``. The run must end with success
or one clear error, within the deadline and without a traceback; the next run must succeed, and one after it must
change and write nothing.
"""

from __future__ import annotations

import collections
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "integration")]

import messages
from playing import Services

DEADLINE = 180.0
#: kind of fault on the wire -> its options; each at a write in the middle, after it was carried out, where that differs
KINDS: list[dict[str, Any]] = [
    {"kind": "close", "when": "after"},
    {"kind": "truncate"},
    {"kind": "reset", "when": "before"},
    {"kind": "hang", "seconds": 30},
    {"kind": "drip", "seconds": 0.5},
    {"kind": "status", "code": 500, "when": "after"},
    {"kind": "status", "code": 429, "headers": {"retry-after": "1"}},
    {"kind": "status", "code": 503, "times": None},
    {"kind": "html", "when": "after"},
    {"kind": "garbage", "when": "after"},
    {"kind": "redirect", "location": "http://127.0.0.1:9/elsewhere"},
    {"kind": "gzip_bomb"},
]


def environment() -> dict[str, Any]:
    """A small environment, with little patience so that the proof ends soon."""
    return {
        "vapi_didlogic_trunk": {
            "name": "didlogic",
            "gateway": "sip.nl.didlogic.net",
            "username": "01234",
            "password": secrets.token_hex(10),
        },
        "vapi_didlogic_assistants": [{"name": "Night", "definition": {"firstMessage": "We are closed."}}],
        "vapi_didlogic_numbers": [{"number": "31201234560", "assistant": "Night"}],
    }


def run_case(folder: Path, rule: dict[str, Any]) -> collections.Counter[str]:
    """Play one case."""
    found: collections.Counter[str] = collections.Counter()
    services, declared = Services(folder), environment()
    try:
        services.faults({"match": {"method": "WRITE"}, "nth": 2, **rule})
        begun = time.monotonic()
        first = services.play("voiceops.vapi_didlogic.integrate", **declared)
        found["over the deadline"] += time.monotonic() - begun > DEADLINE
        found["converged" if first.rc == 0 else "clear error"] += 1
        found["traceback"] += "Traceback" in first.text
        services.faults()
        found["next run failed"] += services.play("voiceops.vapi_didlogic.integrate", **declared).rc != 0
        writes = services.writes
        third = services.play("voiceops.vapi_didlogic.integrate", **declared)
        found["writes of the third run"] += services.writes - writes + (third.rc != 0)
        state = services.sandbox("state")["vapi"]
        for kind in ("credentials", "assistants", "phone_numbers"):
            found["duplicate objects"] += len(state[kind]) - 1
        places = [place for place, active in services.destinations("31201234560") if active]
        found["lost destinations"] += places[1:] != ["01234", "31201234599"]
    finally:
        services.stop()
    return found


BROKEN = (
    "over the deadline",
    "traceback",
    "next run failed",
    "writes of the third run",
    "duplicate objects",
    "lost destinations",
)


def sweep(kinds: list[dict[str, Any]]) -> collections.Counter[str]:
    """The figures of all cases; names of what is broken say in which."""
    total: collections.Counter[str] = collections.Counter()
    for rule in kinds:
        with tempfile.TemporaryDirectory() as folder:
            found = run_case(Path(folder), rule)
        total.update(found)
        total.update({f"{name}: {rule}": 1 for name in BROKEN if found[name]})
    return total


def main() -> int:
    options = messages.options(__doc__)
    options.add_argument("--kinds", type=int, default=len(KINDS), help="how many of the kinds")
    chosen = options.parse_args()
    begun = time.monotonic()
    total = sweep(KINDS[: chosen.kinds])
    figures = {"kinds of fault on real connections": len(KINDS[: chosen.kinds])}
    figures |= {name: total[name] for name in ("converged", "clear error", *BROKEN)}
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
