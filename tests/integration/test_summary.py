# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run tells a pipeline: the file that ``vapi_didlogic_summary_file`` names, in every kind of run."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

KEYS = {"dry_run", "changed", "message", "summary", "objects", "broken", "report", "digest"}
NONE = {"created": 0, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 0}


def environment(**more: Any) -> dict[str, Any]:
    """A trunk, an assistant and one number: four objects with the forward."""
    return {
        "vapi_didlogic_trunk": {
            "name": "didlogic NL",
            "gateway": "sip.nl.didlogic.net",
            "username": "01234",
            "password": secrets.token_hex(12),
            "inbound_networks": ["192.0.2.0/28"],
        },
        "vapi_didlogic_assistants": [{"name": "Night", "definition": {"firstMessage": "We are closed."}}],
        "vapi_didlogic_numbers": [{"number": "+31201234560", "assistant": "Night"}],
        "vapi_didlogic_summary_file": "summary.json",
        **more,
    }


def returned(services: Any) -> dict[str, Any]:
    """The summary of the last run, which nobody but its owner may read; it is gone afterwards."""
    file = Path(services.folder, "summary.json")
    assert file.stat().st_mode & 0o777 == 0o600
    found: dict[str, Any] = json.loads(file.read_text())
    file.unlink()
    assert set(found) == KEYS
    return found


def changes(summary: dict[str, Any]) -> dict[str, str]:
    return {item["kind"]: item["change"] for item in summary["objects"]}


@pytest.mark.each_version
def test_summary_of_every_kind_of_run(services: Any) -> None:
    declared = environment()
    plays, texts = [], []

    def run(playbook: str, *arguments: str, **more: Any) -> dict[str, Any]:
        plays.append(services.play(f"voiceops.vapi_didlogic.{playbook}", "--diff", *arguments, **{**declared, **more}))
        found = returned(services)
        texts.append(json.dumps(found))
        return found

    dry = run("integrate", "--check")
    assert (plays[-1].rc, services.writes) == (0, 0), plays[-1].text
    assert (dry["dry_run"], dry["changed"], dry["message"], dry["broken"]) == (True, True, "", [])
    assert dry["summary"] == {**NONE, "created": 4}
    assert changes(dry) == dict.fromkeys(("sip_trunk", "assistant", "phone_number", "forward"), "created")
    assert {item["id"] for item in dry["objects"]} == {"(known after apply)"}
    assert dry["report"][0].startswith("DRY RUN")

    real = run("integrate")
    assert plays[-1].rc == 0, plays[-1].text
    assert (real["dry_run"], real["changed"], real["summary"]) == (False, True, dry["summary"])
    assert changes(real) == changes(dry)
    ids = {item["kind"]: item["id"] for item in real["objects"]}
    (trunk,) = services.sandbox("state")["vapi"]["credentials"]
    assert ids["sip_trunk"] == trunk["id"]
    assert any(f"31201234560@{trunk['id']}" in line for line in real["report"])

    # That the file is another one each time is no change of the environment.
    done = services.writes
    again = run("integrate")
    assert (plays[-1].changed, services.writes) == (0, done)
    assert (again["changed"], again["summary"]) == (False, {**NONE, "unchanged": 4})

    drift = run("integrate", "--check", vapi_didlogic_numbers=[{"number": "+31201234560", "name": "Night line"}])
    assert (drift["dry_run"], drift["changed"]) == (True, True)
    assert changes(drift)["phone_number"] == "updated"

    down = run("teardown")
    assert (plays[-1].rc, down["summary"]) == (0, {**NONE, "deleted": 4})

    everything = "".join([*texts, *(play.text for play in plays)])
    for secret in (
        declared["vapi_didlogic_trunk"]["password"],
        services.facts["vapi_api_key"],
        services.facts["didlogic_api_key"],
    ):
        assert secret not in everything


def test_summary_of_failed_run(services: Any) -> None:
    """It says why, as far as the run came, and takes the place of an older one."""
    wrong = environment(vapi_didlogic_numbers=[{"number": "+31201234569", "assistant": "Night"}])
    refused = services.play("voiceops.vapi_didlogic.integrate", "--check", **wrong)
    summary = returned(services)
    assert (refused.rc, summary["changed"], summary["objects"]) == (2, False, [])
    assert 'numbers[0].number ("31201234569"): is not a number of this didlogic account' in summary["message"]

    services.faults(
        {"kind": "status", "code": 400, "match": {"method": "POST", "path_regex": "phone-number"}, "times": None}
    )
    halfway = services.play("voiceops.vapi_didlogic.integrate", **environment())
    summary = returned(services)
    assert (halfway.rc, summary["changed"]) == (2, True)
    assert changes(summary) == {"sip_trunk": "created", "assistant": "created", "phone_number": "failed"}
    assert summary["report"][0].startswith("FAILED")
    assert "Vapi rejected" in summary["message"]
    services.faults()

    nothing = services.play("voiceops.vapi_didlogic.teardown", vapi_didlogic_summary_file="summary.json")
    summary = returned(services)
    assert (nothing.rc, summary["changed"], summary["report"]) == (2, False, [])
    assert summary["message"] == "The run ended before the accounts were read."


def test_summary_contains_no_key_of_a_uri(services: Any) -> None:
    declared = environment(vapi_didlogic_inbound_uri="private_key")
    guide = services.play("voiceops.vapi_didlogic.integrate", **declared)
    summary = returned(services)
    assert (guide.rc, summary["changed"]) == (0, True), guide.text
    assert services.facts["vapi_api_key"] not in json.dumps(summary)
    assert any("31201234560@hidden.sip.vapi.ai" in line for line in summary["report"])


def test_summary_is_not_written_without_the_variable(services: Any) -> None:
    before = sorted(services.folder.iterdir())
    play = services.play("voiceops.vapi_didlogic.integrate", "--check", **environment(vapi_didlogic_summary_file=""))
    assert play.rc == 0, play.text
    assert {path.name for path in services.folder.iterdir()} - {path.name for path in before} == {"variables.yml"}
