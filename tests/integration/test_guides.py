# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides show is so: their files are run as they stand, and what they print is compared."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.checks import rst_blocks

PAGES = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst"
INTEGRATE = "voiceops.vapi_didlogic.integrate"
NUMBERS = ("31207001000", "31207001001", "31207001002")
SEED = {
    "balance": 25.0,
    "sip_accounts": [{"name": "01234", "label": "The desk"}],
    "numbers": [
        {"number": NUMBERS[0], "destinations": [{"destination": "01234", "transport": 5, "active": True}]},
        *NUMBERS[1:],
    ],
}
TRUNK, ASSISTANT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def blocks(page: str, kind: str = "yaml") -> list[str]:
    return rst_blocks((PAGES / f"{page}.rst").read_text(), kind)


def environments(page: str) -> list[dict[str, Any]]:
    """Files of variables, and pieces of them."""
    found = [yaml.safe_load(block) for block in blocks(page)]
    return [block for block in found if isinstance(block, dict) and any("vapi_didlogic" in name for name in block)]


def written(play: Any) -> list[str]:
    """The lines of the report at the end of a run."""
    (lines,) = re.findall(r'"msg": (\[.*?\n {4}\])', play.out, re.DOTALL)[-1:]
    found: list[str] = json.loads(lines)
    return found


@pytest.fixture
def sandbox(services: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The accounts as the guides describe them."""
    monkeypatch.setenv("DIDLOGIC_SIP_PASSWORD", secrets.token_hex(10))
    services.sandbox("reset", "POST", SEED)
    return services


def test_quick_start_guide_works(sandbox: Any) -> None:
    """Its two files, its commands, what the first prints, and the call."""
    starting, declared = blocks("quick_start")
    folder = sandbox.folder
    (folder / "sandbox.yml").write_text(starting)
    (folder / "environment.yml").write_text(declared)
    own = folder / "its-own"
    superseded = ("-e", f"sandbox_dir={own}", "-e", "sandbox_port=0")
    try:
        started = sandbox.play(str(folder / "sandbox.yml"), *superseded)
        assert started.rc == 0, started.text
        given = ("-e", "@environment.yml", "-e", "@keys.yml")
        dry = sandbox.play(INTEGRATE, *given, "--check", "--diff")
        assert dry.rc == 0, dry.text
        assert written(dry) == blocks("quick_start", "text")[0].splitlines()
        run = sandbox.play(INTEGRATE, *given)
        assert run.rc == 0, run.text
        again = sandbox.play(INTEGRATE, *given)
        assert (again.rc, again.changed) == (0, 0), again.text
        down = sandbox.play("voiceops.vapi_didlogic.teardown", *given)
        assert down.rc == 0, down.text
        assert "calls go to    01234 (SIP account)" in written(down)
    finally:
        stopping = [
            {
                "ansible.builtin.import_role": {"name": "voiceops.vapi_didlogic.sandbox"},
                "vars": {"sandbox_state": "stopped"},
            }
        ]
        stopped = sandbox.play(stopping, "-e", f"sandbox_dir={own}")
    assert stopped.rc == 0, stopped.text


PIECES = [
    (page, index) for page in ("inbound", "hand_off", "rotating_secrets") for index in range(len(environments(page)))
]


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(("page", "index"), PIECES)
def test_environment_examples_are_idempotent(sandbox: Any, page: str, index: int) -> None:
    """On top of the quick start's environment each piece is planned, made, and changes nothing afterwards."""
    (base,) = environments("quick_start")
    declared = {**base, **environments(page)[index]}
    dry = sandbox.play(INTEGRATE, "--check", **declared)
    run = sandbox.play(INTEGRATE, **declared)
    assert (dry.rc, run.rc, run.changed) == (0, 0, dry.changed), dry.text + run.text
    again = sandbox.play(INTEGRATE, **declared)
    assert (again.rc, again.changed) == (0, 0), again.text


def test_deprecated_uri_spelling_is_replaced(sandbox: Any) -> None:
    """The URI in the former spelling is replaced."""
    (base,) = environments("quick_start")
    former = sandbox.play(INTEGRATE, **base, vapi_didlogic_number_format="e164")
    assert former.rc == 0, former.text
    changed = sandbox.play(INTEGRATE, **base)
    assert changed.rc == 0, changed.text
    (trunk,) = sandbox.sandbox("state")["vapi"]["credentials"]
    places = [place for place, _active in sandbox.destinations(NUMBERS[0])]
    assert places == [f"{NUMBERS[0]}@{trunk['id']}.sip.vapi.ai", "01234"]


def test_private_key_is_removed_from_forward(sandbox: Any) -> None:
    (base,) = environments("quick_start")
    made = sandbox.play(INTEGRATE, **base, vapi_didlogic_inbound_uri="private_key")
    assert made.rc == 0, made.text
    key = sandbox.facts["vapi_api_key"]
    assert key in sandbox.destinations(NUMBERS[0])[0][0]
    (play,) = [block for block in blocks("rotating_secrets") if isinstance(yaml.safe_load(block), list)]
    (sandbox.folder / "heal.yml").write_text(play)
    healed = sandbox.play(str(sandbox.folder / "heal.yml"))
    assert healed.rc == 0, healed.text
    assert key not in healed.text + json.dumps(sandbox.destinations(NUMBERS[0]))
    assert len(sandbox.destinations(NUMBERS[0])) == 2


def test_manual_objects_are_adopted(sandbox: Any) -> None:
    """An account as the dashboards leave it after didlogic's guide; the plan is the guide's to the letter."""
    number = NUMBERS[0]
    sandbox.sandbox(
        "reset",
        "POST",
        {
            **SEED,
            "numbers": [
                {
                    "number": number,
                    "destinations": [
                        {"destination": f"{number}@{sandbox.facts['vapi_api_key']}.sip.vapi.ai", "transport": 1},
                        {"destination": "01234", "transport": 5},
                    ],
                }
            ],
            "vapi": {
                "credentials": [
                    {
                        "id": TRUNK,
                        "provider": "byo-sip-trunk",
                        "name": "didlogic NL",
                        "gateways": [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}],
                        "outboundAuthenticationPlan": {"authUsername": "01234"},
                    }
                ],
                "assistants": [{"id": ASSISTANT, "name": "Reception"}],
                "phone_numbers": [
                    {
                        "provider": "byo-phone-number",
                        "number": f"+{number}",
                        "credentialId": TRUNK,
                        "assistantId": ASSISTANT,
                    }
                ],
            },
        },
    )
    (declared,) = environments("migrating")
    dry = sandbox.play(INTEGRATE, "--check", "--diff", **declared)
    assert dry.rc == 0, dry.text
    assert written(dry) == blocks("migrating", "text")[0].splitlines()
    run = sandbox.play(INTEGRATE, **declared)
    again = sandbox.play(INTEGRATE, **declared)
    assert (run.rc, again.rc, again.changed) == (0, 0, 0), run.text + again.text

    twin = {"provider": "byo-sip-trunk", "name": "didlogic NL", "gateways": [{"ip": "192.0.2.1"}]}
    sandbox.sandbox("seed", "POST", {"vapi": {"credentials": [twin]}})
    refused = sandbox.play(INTEGRATE, "--check", **declared)
    assert refused.rc == 2
    assert f"2 trunks named didlogic NL: {TRUNK}" in refused.failure or f", {TRUNK}." in refused.failure


@pytest.mark.nightly
def test_objects_of_uri_tasks_are_adopted(sandbox: Any) -> None:
    by_hand, taken_over = [block for block in blocks("migrating") if isinstance(yaml.safe_load(block), list)]
    made = sandbox.play(yaml.safe_load(by_hand.replace("https://api.vapi.ai", sandbox.facts["vapi_api_url"])))
    assert made.rc == 0, made.text
    assert [item["name"] for item in sandbox.sandbox("state")["vapi"]["assistants"]] == ["Reception"]
    same = sandbox.play(yaml.safe_load(taken_over))
    assert (same.rc, same.changed) == (0, 0), same.text
