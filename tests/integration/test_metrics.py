# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook metrics: what its file contains, and what remains of it if a run fails."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from playing import wired
from prometheus_client.openmetrics.parser import text_string_to_metric_families

PLAYBOOK = "voiceops.vapi_didlogic.metrics"
NUMBER = "31201234560"


def environment(**more: Any) -> dict[str, Any]:
    """The declaration of what ``wired`` seeds, with another first message."""
    return {
        "vapi_didlogic_trunk": {
            "name": "didlogic",
            "gateway": "sip.nl.didlogic.net",
            "inbound_networks": ["192.0.2.1"],
        },
        "vapi_didlogic_assistants": [{"name": "Night", "definition": {"firstMessage": "We are open."}}],
        "vapi_didlogic_numbers": [{"number": NUMBER, "name": "Desk", "assistant": "Night"}],
        **more,
    }


def values(file: Path) -> dict[str, float]:
    """The values of the samples by name and labels, without the prefix and the label of the environment."""
    return {
        " ".join([s.name.removeprefix("vapi_didlogic_"), *(v for k, v in s.labels.items() if k != "environment")]): (
            s.value
        )
        for family in text_string_to_metric_families(file.read_text())
        for s in family.samples
    }


def test_metrics_of_an_account(services: Any) -> None:
    """Without a declaration there is no drift, and no phone number is in the file."""
    services.sandbox("reset", "POST", wired(NUMBER))
    play = services.play(PLAYBOOK, vapi_didlogic_metrics_file=str(services.folder / "all.prom"))
    assert play.rc == 0, play.text
    file = services.folder / "all.prom"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    found = values(file)
    assert found["didlogic_balance_usd"] == 12.5
    assert sum(value for name, value in found.items() if name.startswith("numbers ")) == 3
    assert found["numbers_without_answer"] == 2
    assert found["calls inbound answered"] == 0
    assert not [name for name in found if name.startswith("drift")]
    assert "3120123456" not in file.read_text()
    assert 'environment="localhost"' in file.read_text()
    assert services.writes == 0


def test_drift_of_an_environment(services: Any) -> None:
    """It is counted, whatever the environment requires of a run, and no plan file is written."""
    services.sandbox("reset", "POST", wired(NUMBER))
    plan = services.folder / "plan.json"
    play = services.play(
        PLAYBOOK,
        **environment(
            vapi_didlogic_plan_file=str(plan),
            vapi_didlogic_approved_plan="sha256:" + "0" * 64,
            vapi_didlogic_fail_on_change=True,
            vapi_didlogic_policy=["no-failover"],
            vapi_didlogic_metrics_number_labels=True,
            vapi_didlogic_metrics_environment='a "b"\\',
        ),
    )
    assert play.rc == 0, play.text
    text = (services.folder / "vapi_didlogic.prom").read_text()
    found = values(services.folder / "vapi_didlogic.prom")
    assert found["drift_objects assistant"] == 1
    assert found["drift_objects forward"] == 0
    assert f"number_findings {NUMBER} error" in found
    assert r'environment="a \"b\"\\"' in text
    assert not plan.exists()
    assert services.writes == 0


def test_failed_run_leaves_the_file(services: Any) -> None:
    file = services.folder / "vapi_didlogic.prom"
    assert services.play(PLAYBOOK).rc == 0
    before = (file.read_text(), file.stat().st_ino)
    services.faults({"kind": "status", "code": 403, "match": {"api": "didlogic"}, "times": None})
    assert services.play(PLAYBOOK).rc == 2
    assert (file.read_text(), file.stat().st_ino) == before
    assert sorted(path.name for path in services.folder.iterdir() if ".prom" in path.name) == [file.name]
    services.faults()
    assert services.play(PLAYBOOK).rc == 0
    last = "last_run_timestamp_seconds"
    Path(services.folder, "before.prom").write_text(before[0])
    assert values(file)[last] > values(services.folder / "before.prom")[last]


def test_check_mode_writes_no_file(untouched: Any) -> None:
    play = untouched.play(PLAYBOOK, "--check", **environment())
    assert play.rc == 0, play.text
    assert not (untouched.folder / "vapi_didlogic.prom").exists()


def test_invalid_variables_are_reported(untouched: Any) -> None:
    names = {"file": "metrics.txt", "hours": "a day", "limit": 0}
    play = untouched.play(PLAYBOOK, **{f"vapi_didlogic_metrics_{name}": value for name, value in names.items()})
    assert play.rc == 2
    for name in names:
        assert f"Nothing was sent. vapi_didlogic_metrics_{name} must" in play.out
