# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs against a sandbox, and what is measured of each."""

from __future__ import annotations

import resource
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import playing
from playing import Services

BENCH = Path(__file__).resolve().parent
#: Milliseconds of each response.
LATENCY = 50
#: Seconds after which a run is ended: 10,000 numbers on a busy machine take longer than a test.
playing.LONGEST = 1800
NOTHING = [{"ansible.builtin.meta": "noop"}]


@dataclass
class Figure:
    """One run: seconds of the clock, requests at the services, writes among them, memory of the largest process."""

    seconds: float
    requests: int
    writes: int
    megabytes: float


class Bench(Services):
    """A sandbox whose every answer takes the latency, and playbooks against it."""

    def __init__(self, folder: Path, numbers: int) -> None:
        super().__init__(folder)
        self.numbers = [str(31201000000 + index) for index in range(numbers)]
        self.password = secrets.token_hex(10)
        self.empty()

    def empty(self) -> None:
        """Both accounts as they are at the start."""
        account = {"name": "01234", "label": "by hand", "password": self.password}
        self.sandbox("reset", "POST", {"balance": 20, "numbers": self.numbers, "sip_accounts": [account]})
        self.sandbox("rules", "PUT", {"latency_ms": LATENCY})

    def timed(self, what: list[Any] | str, **variables: Any) -> Figure:
        """A run of tasks or of a playbook; its files are written before."""
        book, file = self.folder / "play.yml", self.folder / "variables.yml"
        if not isinstance(what, str):
            book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": what}]))
            what = str(book)
        file.write_text(yaml.safe_dump(variables))

        def play() -> None:
            done = self.ansible("ansible-playbook", str(what), "-e", f"@{file}")
            if done.rc:
                sys.exit(done.text)

        return self._figure(play)

    def measured(self, command: list[Any]) -> Figure:
        """The same of another program."""
        return self._figure(lambda: subprocess.run(command, env=self.environment, check=True))

    def _figure(self, work: Callable[[], object]) -> Figure:
        before = self.sandbox("journal")
        begun = time.perf_counter()
        work()
        seconds = time.perf_counter() - begun
        after = self.sandbox("journal")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return Figure(seconds, after["total"] - before["total"], after["writes"] - before["writes"], peak)

    # -- the three ways

    def declared(self) -> dict[str, Any]:
        model = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "Be brief."}]}
        return {
            "vapi_didlogic_trunk": {
                "name": "didlogic",
                "gateway": "sip.nl.didlogic.net",
                "username": "01234",
                "password": self.password,
                "inbound_networks": ["192.0.2.0/27"],
            },
            "vapi_didlogic_transfer_tools": [
                {"name": "to_human", "destinations": [{"number": "31201000000", "via": "sip"}]}
            ],
            "vapi_didlogic_sip_refer_enabled": True,
            "vapi_didlogic_assistants": [
                {"name": name, "tools": ["to_human"], "definition": {"firstMessage": "Good day.", "model": model}}
                for name in ("Day", "Night")
            ],
            "vapi_didlogic_numbers": [
                {"number": number, "assistant": ("Day", "Night")[index % 2]}
                for index, number in enumerate(self.numbers)
            ],
        }

    def by_hand(self) -> dict[str, Any]:
        declared = self.declared()
        return {
            "vapi_url": self.facts["vapi_api_url"],
            "vapi_key": self.facts["vapi_api_key"],
            "didlogic_url": self.facts["didlogic_api_url"],
            "didlogic_key": self.facts["didlogic_api_key"],
            "trunk": {
                "provider": "byo-sip-trunk",
                "name": "didlogic",
                "gateways": [
                    {"ip": "sip.nl.didlogic.net", "inboundEnabled": False},
                    {"ip": "192.0.2.0", "netmask": 27, "outboundEnabled": False},
                ],
                "outboundAuthenticationPlan": {"authUsername": "01234", "authPassword": self.password},
            },
            "tool": {
                "type": "transferCall",
                "function": {"name": "to_human"},
                "destinations": [{"type": "sip", "sipUri": "sip:+31201000000@sip.nl.didlogic.net"}],
            },
            "assistants_wanted": [
                {"name": item["name"], **item["definition"]} for item in declared["vapi_didlogic_assistants"]
            ],
            "numbers": declared["vapi_didlogic_numbers"],
        }

    def role(self) -> Figure:
        return self.timed("voiceops.vapi_didlogic.integrate", **self.declared())

    def uri(self) -> Figure:
        return self.timed(str(BENCH / "uri.yml"), **self.by_hand())

    def nothing(self) -> Figure:
        return self.timed(NOTHING)


def median(figures: list[Figure]) -> Figure:
    """Each value's median."""
    return Figure(*(statistics.median(getattr(f, name) for f in figures) for name in Figure.__annotations__))
