# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of a failover without anything else: read each number's destinations, switch those at Vapi.

    python tests/bench/chain.py URL 0 NUMBER... # with the key in DIDLOGIC_API_KEY; 1 enables, without the list

No check, no retry, no record: what remains is httpx with 32 connections.
"""

from __future__ import annotations

import concurrent.futures
import os
import sys

import httpx

CONNECTIONS = 32


def main() -> None:
    url, active, *numbers = sys.argv[1:]
    client = httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {os.environ['DIDLOGIC_API_KEY']}"},
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        trust_env=False,
        timeout=30,
    )

    def switch(number: str) -> None:
        path = f"v1/purchases/{number}/destinations"
        for row in client.get(path).raise_for_status().json()["destination"]:
            if row["destination"].endswith(".vapi.ai"):
                body = {"destination[active]": active, "destination[callhunt]": "0"}
                client.patch(f"{path}/{row['id']}", data=body).raise_for_status()

    if active == "0":
        page = client.get("v1/purchases", params={"page": 1, "per_page": 1000}).raise_for_status().json()
        numbers = [row["number"] for row in page["purchases"]]
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(switch, numbers))


if __name__ == "__main__":
    main()
