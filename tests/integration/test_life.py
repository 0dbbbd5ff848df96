# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment is changed after its first deployment: plan, run, and a second run that writes nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playing import TRUNK, wired

INTEGRATE = "voiceops.vapi_didlogic.integrate"
NUMBERS = ("+31201234560", "+31201234561")
BASE: dict[str, Any] = {
    "vapi_didlogic_trunk": {
        "name": "didlogic",
        "gateway": "sip.nl.didlogic.net",
        "inbound_networks": ["192.0.2.1"],
    },
    "vapi_didlogic_assistants": [{"name": "Night"}],
    "vapi_didlogic_numbers": [
        {"number": "+31201234560", "assistant": "Night", "failover": ["+31201234599", "01234"]},
        {"number": "+31201234561", "assistant": "Night"},
    ],
}


def report(play: Any) -> list[str]:
    """The lines of the report, without the words that differ between a dry run and a run."""
    lines = re.findall(r'^ {8}"((?:[^"\\]|\\.)*)",?$', play.out, re.MULTILINE)
    words = (("would be ", ""), ("would go to", "go to"), ("calls go to", "go to"), ("calls would go", "calls go"))
    for old, new in words:
        lines = [line.replace(old, new) for line in lines]
    return [" ".join(line.split()) for line in lines if not line.startswith(("DRY RUN", "Changes applied"))]


def change(services: Any, **variables: Any) -> Any:
    """Apply a change: what the dry run lists is what the run does, and a second run writes nothing."""
    writes = services.writes
    dry = services.play(INTEGRATE, "--check", "--diff", **variables)
    assert (dry.rc, services.writes) == (0, writes), dry.text
    run = services.play(INTEGRATE, **variables)
    assert (run.rc, run.changed) == (0, dry.changed), run.text
    planned = [line for line in report(dry) if not line.startswith(("removed", "warning"))]
    assert [line for line in report(run) if not line.startswith("warning")] == planned
    writes = services.writes
    again = services.play(INTEGRATE, **variables)
    assert (again.rc, again.changed, services.writes) == (0, 0, writes), again.text
    return dry


@pytest.fixture
def deployed(services: Any) -> Any:
    """Two numbers in Vapi."""
    services.sandbox("reset", "POST", wired("31201234560", "31201234561"))
    return services


def test_failover_destinations_follow_vapi_in_their_order(deployed: Any) -> None:
    vapi = (f"31201234560@{TRUNK}.sip.vapi.ai", True)
    assert deployed.destinations("31201234560") == [vapi, ("01234", True), ("31201234599", True)]
    change(deployed, **BASE)
    assert deployed.destinations("31201234560") == [vapi, ("31201234599", True), ("01234", True)]


def test_rename_keeps_ids_forwards_and_references(deployed: Any) -> None:
    before = deployed.sandbox("state")
    wish = {
        **BASE,
        "vapi_didlogic_trunk": {**BASE["vapi_didlogic_trunk"], "name": "didlogic NL", "former_names": ["didlogic"]},
        "vapi_didlogic_assistants": [{"name": "Evening", "former_names": ["Night"]}],
        "vapi_didlogic_numbers": [{"number": number, "assistant": "Evening"} for number in NUMBERS],
    }
    writes = deployed.writes
    dry = change(deployed, **wish)
    assert deployed.writes == writes + 2
    assert "would be renamed from didlogic" in dry.out
    after = deployed.sandbox("state")
    assert after["numbers"] == before["numbers"]
    ids = [[row["id"] for row in state["vapi"]["phone_numbers"]] for state in (before, after)]
    assert ids[0] == ids[1]


def test_absent_entries_are_removed_and_undeclared_objects_pruned(deployed: Any) -> None:
    marked = {**BASE, "vapi_didlogic_prune": True, "vapi_didlogic_assistants": [{"name": "Night"}, {"name": "Day"}]}
    change(deployed, **marked)
    wish = {
        **marked,
        "vapi_didlogic_assistants": [{"name": "Night", "state": "absent"}],
        "vapi_didlogic_numbers": [{"number": NUMBERS[0], "state": "absent"}],
    }
    kept = deployed.play(INTEGRATE, "--check", **{**wish, "vapi_didlogic_prune": False})
    assert kept.rc == 2, kept.text
    assert "The assistant Night is to be removed" in kept.failure
    dry = change(deployed, **wish)
    assert "calls would go nowhere" in dry.out.replace("   ", " ")
    state = deployed.sandbox("state")
    assert [len(state["vapi"][kind]) for kind in ("credentials", "assistants", "phone_numbers")] == [1, 0, 0]
    assert deployed.destinations("31201234560") == [("31201234599", True), ("01234", True)]
