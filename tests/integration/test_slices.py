# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices of the inventory side by side, as Automation Controller's job slicing runs them.

The controller sorts the hosts, and each of its jobs gets every n-th of them. Here each job is an ansible-playbook of
its own; none knows of the others.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from test_inventory import written
from test_main_job import environment

SLICES = 3
NUMBERS = [f"31201234{number}" for number in range(560, 572)]


def sliced(services: Any, inventory: str) -> list[list[str]]:
    listed = services.ansible("ansible-inventory", "-i", inventory, "--list")
    hosts = sorted(json.loads(listed.out)["didlogic_numbers"]["hosts"])
    assert hosts == NUMBERS
    return [hosts[offset::SLICES] for offset in range(SLICES)]


def standing(services: Any) -> dict[str, Any]:
    """What there is, without the times of changes."""
    state = services.sandbox("state")
    vapi = {kind: sorted(item["id"] for item in items) for kind, items in state["vapi"].items()}
    return {"vapi": vapi, "numbers": {number: services.destinations(number) for number in NUMBERS}}


#: Seconds that Vapi takes for an answer, and between two starts: what one has just made, another has not seen yet.
PACES = {"all at once": (0.0, 0.0), "one after the other, Vapi slow": (0.4, 0.6)}


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("pace", PACES)
def test_slices_create_the_complete_environment(services: Any, capsys: pytest.CaptureFixture[str], pace: str) -> None:
    slow, apart = PACES[pace]
    if slow:
        services.faults({"kind": "delay", "seconds": slow, "times": None, "match": {"api": "vapi"}})
    services.sandbox("seed", "POST", {"numbers": NUMBERS[3:]})
    inventory = written(services)
    play = [{"hosts": "didlogic_numbers", "gather_facts": False, "roles": ["voiceops.vapi_didlogic.integration"]}]
    (services.folder / "slice.yml").write_text(yaml.safe_dump(play))
    declared = environment(vapi_didlogic_numbers=[{"number": "{{ inventory_hostname }}", "assistant": "Reception"}])
    (services.folder / "environment.yml").write_text(yaml.safe_dump(declared))
    slices = sliced(services, inventory)
    assert sorted(number for part in slices for number in part) == NUMBERS

    def job(part: list[str]) -> Any:
        time.sleep(apart * slices.index(part))
        limit = ("--limit", ",".join(part))
        return services.ansible("ansible-playbook", "slice.yml", "-i", inventory, "-e", "@environment.yml", *limit)

    def at_once() -> list[Any]:
        services.sandbox("journal", "DELETE")
        begun = time.monotonic()
        with ThreadPoolExecutor(SLICES) as pool:
            done = list(pool.map(job, slices))
        figures = services.sandbox("journal")
        with capsys.disabled():
            print(
                f"\n{pace}: {SLICES} slices of {len(NUMBERS)} numbers: {time.monotonic() - begun:.1f} s, "
                f"{figures['total']} requests, {figures['writes']} of them writes",
            )
        for run in done:
            assert run.rc == 0, run.text
        return done

    at_once()
    made = standing(services)
    assert {kind: len(made["vapi"][kind]) for kind in ("credentials", "assistants", "tools", "phone_numbers")} == {
        "credentials": 1,
        "assistants": 2,
        "tools": 1,
        "phone_numbers": len(NUMBERS),
    }
    (trunk,) = made["vapi"]["credentials"]
    phones = services.sandbox("state")["vapi"]["phone_numbers"]
    assert sorted(item["number"] for item in phones) == NUMBERS
    assert {item["credentialId"] for item in phones} == {trunk}
    for number in NUMBERS:
        uri = f"{number}@{trunk}.sip.vapi.ai"
        assert [place for place, _active in made["numbers"][number]].count(uri) == 1
        assert made["numbers"][number][0] == (uri, True)

    again = at_once()
    assert services.writes == 0
    assert standing(services) == made
    assert [run.out.count("changed=0") for run in again] == [len(part) for part in slices]
