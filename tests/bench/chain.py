# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of a run without anything else: what remains is httpx with a number of connections.

    python tests/bench/chain.py failover 0 NUMBER...          # 1 enables the destinations at Vapi, without the list
    python tests/bench/chain.py numbers CONNECTIONS made|unchanged < numbers.json

No check, no comparison, no retry, no record. Services and keys are those of the environment. `numbers` sends the
requests of three tasks, in the same order: each list before what depends on it, one number after the other on each
connection. It prints the seconds without the start of the interpreter and without imports.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx

CONNECTIONS = 32
PAGE = 1000


class Chain:
    """Both services, and as many connections to each as threads."""

    def __init__(self, connections: int) -> None:
        self.connections = connections
        self.vapi, self.didlogic = (self._client(name) for name in ("VAPI", "DIDLOGIC"))

    def _client(self, service: str) -> httpx.Client:
        return httpx.Client(
            base_url=os.environ[f"{service}_API_URL"],
            headers={"Authorization": f"Bearer {os.environ[f'{service}_API_KEY']}"},
            limits=httpx.Limits(max_connections=self.connections, max_keepalive_connections=self.connections),
            trust_env=False,
            timeout=60,
        )

    def together(self, act: Callable[[str], object], numbers: Iterable[str]) -> None:
        """Call a function for all numbers, in as many threads as connections."""
        with concurrent.futures.ThreadPoolExecutor(self.connections) as pool:
            list(pool.map(act, numbers))

    def listed(self, path: str) -> list[dict[str, Any]]:
        """A list of Vapi; a round number of rows may be a page that is not the last one."""
        found: dict[str, dict[str, Any]] = {}
        cursor: dict[str, str] = {}
        while True:
            answer = self.vapi.get(path, params={"limit": PAGE, **cursor}).raise_for_status().json()
            new = {row["id"]: row for row in answer if row["id"] not in found}
            found |= new
            if not new or len(answer) % 100:
                return list(found.values())
            cursor = {"createdAtLe": min(row["createdAt"] for row in answer)}

    def destinations(self, number: str) -> list[dict[str, Any]]:
        """The destinations of a number."""
        rows: list[dict[str, Any]] = self.didlogic.get(_path(number)).raise_for_status().json()["destination"]
        return rows

    # -- the ways

    def failover(self, active: str, *numbers: str) -> None:
        """Switch the destinations at Vapi."""

        def switch(number: str) -> None:
            for row in self.destinations(number):
                if row["destination"].endswith(".vapi.ai"):
                    body = {"destination[active]": active, "destination[callhunt]": "0"}
                    self.didlogic.patch(f"{_path(number)}/{row['id']}", data=body).raise_for_status()

        if active == "0":
            page = self.didlogic.get("/v1/purchases", params={"page": 1, "per_page": PAGE}).raise_for_status().json()
            numbers = tuple(row["number"] for row in page["purchases"])
        self.together(switch, numbers)

    def made(self, numbers: list[str], trunk: dict[str, Any]) -> None:
        """A trunk, the phone numbers and the forwards, each read back."""
        self.listed("/credential")
        trunk_id = self.vapi.post("/credential", json=trunk).raise_for_status().json()["id"]
        self.listed("/credential")
        self.listed("/credential")
        self.listed("/phone-number")
        phone = {"provider": "byo-phone-number", "credentialId": trunk_id, "numberE164CheckEnabled": False}
        self.together(
            lambda number: self.vapi.post("/phone-number", json={**phone, "number": number}).raise_for_status(), numbers
        )
        self.listed("/phone-number")

        def forward(number: str) -> None:
            self.destinations(number)
            row = {"destination": f"{number}@{trunk_id}.sip.vapi.ai", "transport": 1, "active": 1, "callhunt": 0}
            body = {f"destination[{name}]": str(value) for name, value in row.items()}
            self.didlogic.post(_path(number), data=body).raise_for_status()
            self.destinations(number)

        self.together(forward, numbers)

    def unchanged(self, numbers: list[str]) -> None:
        """The same environment read."""
        for path in ("/credential", "/credential", "/phone-number"):
            self.listed(path)
        self.together(self.destinations, numbers)


def _path(number: str) -> str:
    return f"/v1/purchases/{number}/destinations"


def main() -> None:
    way, *arguments = sys.argv[1:]
    if way == "failover":
        Chain(CONNECTIONS).failover(*arguments)
        return
    given = json.load(sys.stdin)
    begun = time.perf_counter()
    chain = Chain(int(arguments[0]))
    if arguments[1] == "made":
        chain.made(given["numbers"], given["trunk"])
    else:
        chain.unchanged(given["numbers"])
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main()
