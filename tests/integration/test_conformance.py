# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook conformance as a user runs it against both services."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playing import wired

BOOK = "voiceops.vapi_didlogic.conformance"
USED, SPARE = "31201234560", "31201234562"


@pytest.fixture
def ready(services: Any) -> Any:
    """A number in use, and one that is not."""
    services.sandbox("reset", "POST", wired(USED))
    return services


def play(services: Any, *arguments: str, **variables: Any) -> Any:
    given = {"pace": 0, "journal": str(services.folder / "journal"), **variables}
    return services.play(
        BOOK, *arguments, **{f"vapi_didlogic_conformance_{name}": value for name, value in given.items()}
    )


def state_of(services: Any) -> str:
    return json.dumps(services.sandbox("state"), sort_keys=True)


@pytest.mark.each_version
@pytest.mark.default_dialect("unique_numbers")
def test_check_mode_shows_the_requests_and_a_run_leaves_nothing(ready: Any) -> None:
    before, sent = state_of(ready), ready.sandbox("journal")["total"]
    dry = play(ready, "--check", level="destinations", spare_number=SPARE)
    assert (dry.rc, dry.changed, ready.sandbox("journal")["total"]) == (0, 0, sent), dry.text
    for request in ("POST /credential", "POST /v1/purchases/{spare}/destinations", "GET /v1/balance.json"):
        assert request in dry.out
    assert not Path(ready.folder, "conformance.json").exists()

    done = play(ready, level="destinations", spare_number=f"+{SPARE}")
    assert (done.rc, done.changed, state_of(ready)) == (0, 0, before), done.text
    assert re.search(
        r"vapi-number-unique +Is a phone number unique in an organisation\? +no +second import: 201", done.out
    )
    assert "Nothing is left behind" in done.out
    assert list(Path(ready.folder, "journal").glob("*.jsonl")) == []
    report = json.loads(Path(ready.folder, "conformance.json").read_text())
    assert report["dialect"]["unique_numbers"] is False
    assert {answer["verdict"] for answer in report["answers"]} == {"yes", "no", "unclear", "not_asked"}
    texts = done.text + Path(ready.folder, "conformance.md").read_text() + json.dumps(report)
    secrets = [ready.facts["vapi_api_key"], ready.facts["didlogic_api_key"], USED, "01234"]
    assert not [secret for secret in secrets if secret in texts]


@pytest.mark.parametrize("number", [USED, "31209999999", None], ids=["in use", "foreign", "not given"])
def test_number_in_use_is_refused(ready: Any, number: str | None) -> None:
    before, writes = state_of(ready), ready.writes
    done = play(ready, level="destinations", **({"spare_number": number} if number else {}))
    assert (done.rc, ready.writes, state_of(ready)) == (2, writes, before), done.text
    assert "vapi_didlogic_conformance_spare_number" in done.failure


def test_report_of_another_type_is_refused(ready: Any) -> None:
    done = play(ready, report="conformance.txt")
    assert done.rc == 2
    assert "must end in .json" in done.failure


def test_module_is_documented(ready: Any) -> None:
    shown = ready.ansible("ansible-doc", "voiceops.vapi_didlogic.conformance_check")
    assert shown.rc == 0, shown.text
    assert "spare_number" in shown.out
