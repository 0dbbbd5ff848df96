# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt variable, or an option inside one, ends every playbook before its first request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
V = "voiceops.vapi_didlogic."
PLAYBOOKS = sorted(path.stem for path in ROOT.glob("playbooks/*.yml"))
CALL = {"assistant": "Nobody", "phone_number": "Desk", "customer": {"number": "+15550100001"}}
CAMPAIGN = {"name": "Renewal", "assistant": "Nobody", "phone_number": "Desk", "customers": [{"number": "+15550100001"}]}
TRUNK = {"name": "didlogic", "gateway": "sip.nl.didlogic.net"}

#: Variables, and what a message says of them.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"vapi_didlogic_regoin": "eu"}, "did you mean vapi_didlogic_region?"),
    ({"vapi_didlogic_transfer_tool": []}, "did you mean vapi_didlogic_transfer_tools?"),
    ({"vapi_didlogic_campaign": {**CAMPAIGN, "shedule_at": "2099-01-31T09:00:00Z"}}, "did you mean schedule_at?"),
    ({"vapi_didlogic_call": {**CALL, "customer": {"numbr": "+15550100001"}}}, "did you mean number?"),
    ({"vapi_didlogic_trunk": {**TRUNK, "gatway": "x"}}, "did you mean gateway?"),
]


def requests(services: Any) -> int:
    return len(services.sandbox("journal")["requests"])


#: One of them is enough to compare versions of Ansible.
ONE = "integrate"


@pytest.mark.parametrize(
    "playbook", [ONE, *(pytest.param(name, marks=pytest.mark.slow) for name in PLAYBOOKS if name != ONE)]
)
def test_every_playbook_refuses_unknown_names(untouched: Any, playbook: str) -> None:
    """All of them at once."""
    before = requests(untouched)
    variables = {name: value for wrong, _told in WRONG for name, value in wrong.items()}
    done = untouched.play(V + playbook, **variables)
    assert done.rc != 0
    for _wrong, result in WRONG:
        assert result in done.text
    assert requests(untouched) == before


def test_the_role_refuses_unknown_names(untouched: Any) -> None:
    role = {"name": "Wire", "ansible.builtin.import_role": {"name": V + "integration"}}
    done = untouched.play([role], vapi_didlogic_trunk=TRUNK, vapi_didlogic_numbers=[], vapi_didlogic_regoin="eu")
    assert done.rc != 0
    assert "did you mean vapi_didlogic_region?" in done.text


@pytest.mark.slow
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("playbook", "options"), [("call", CALL), ("campaign", CAMPAIGN)])
@pytest.mark.parametrize("missing", ["assistant", "squad", "phone_number"])
def test_what_a_call_refers_to_exists(
    untouched: Any, playbook: str, options: dict[str, Any], missing: str, check: bool
) -> None:
    """In check mode too, since nothing in these playbooks creates it; named by the variable of the user."""
    options = {name: value for name, value in options.items() if missing != "squad" or name != "assistant"}
    done = untouched.play(
        V + playbook, *(["--check"] if check else []), **{f"vapi_didlogic_{playbook}": {**options, missing: "Nobody"}}
    )
    assert done.rc != 0
    assert f"vapi_didlogic_{playbook}.{missing}" in done.text
    assert "Nobody" in done.text
    assert not any(entry["method"] != "GET" for entry in untouched.sandbox("journal")["requests"])
