# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook forget_caller: it erases the calls of a number that is in no output, at the highest verbosity."""

from __future__ import annotations

import datetime
import json
import random
import re
import uuid
from typing import Any

import pytest

PLAYBOOK = "voiceops.vapi_didlogic.forget_caller"
OTHER = "+31612340001"


def caller() -> str:
    """A number of the range that is reserved for fiction, random each time."""
    return f"+447700900{random.randrange(1000):03}"


def calls(*numbers: str, **more: Any) -> dict[str, Any]:
    """A seed with an ended call of each number."""
    now = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
    rows = [
        {
            "id": str(uuid.uuid4()),
            "type": "inboundPhoneCall",
            "status": "ended",
            "customer": {"number": number},
            "createdAt": now,
            "endedAt": now,
            "endedReason": "customer-ended-call",
            "artifact": {"transcript": f"User: I am {number}.", "recordingUrl": "https://storage.example/a.wav"},
            **more,
        }
        for number in numbers
    ]
    record = {"timestamp": now, "type": "incoming", "from": numbers[0], "to": "31201234560", "duration": 3}
    return {"numbers": ["31201234560"], "vapi": {"calls": rows}, "calls": [record]}


def shows(text: str, number: str) -> bool:
    """Whether a text contains the number in any spelling with its digits."""
    return number[4:] in re.sub(r"[\s\-+()./\\]", "", text)


def test_calls_of_a_caller_are_erased(services: Any) -> None:
    number = caller()
    services.sandbox("reset", "POST", calls(number, OTHER, number))
    given = {
        "vapi_didlogic_forget_caller_number": f"{number[:3]} (0){number[3:7]} {number[7:]}",
        "vapi_didlogic_forget_caller_file": str(services.folder / "report.json"),
    }
    dry = services.play(PLAYBOOK, "-vvvvv", "--check", "--diff", **given)
    assert dry.rc == 0, dry.text
    assert "2 found (2 inbound, 0 outbound, 0 web), 0 erased" in dry.out
    assert services.writes == 0
    play = services.play(PLAYBOOK, "-vvvvv", "--diff", **given)
    assert play.rc == 0, play.text
    assert "Erased: Vapi returns nothing more." in play.out
    assert "didlogic: call records (1 of the newest contain the number)" in play.out
    assert [row["customer"]["number"] for row in services.vapi("GET", "/call")] == [OTHER]
    report = (services.folder / "report.json").read_text()
    assert json.loads(report)["calls"]["erased"] == 2
    again = services.play(PLAYBOOK, **given)
    assert (again.rc, again.changed) == (0, 1)  # the report differs
    for text in (dry.text, play.text, report, again.text):
        assert not shows(text, number)


def test_failed_run_does_not_show_the_number(services: Any) -> None:
    """In no error: an invalid number, a refused deletion, and too many calls."""
    number = caller()
    services.sandbox("reset", "POST", calls(number, number))
    variable = "vapi_didlogic_forget_caller_number"
    play = services.play(PLAYBOOK, "-vvvvv", **{variable: f"0{number[3:]}"})
    assert play.rc == 2
    assert f"Option {variable}: must be a phone number with its country code" in play.failure
    assert not shows(play.text, number)
    play = services.play(PLAYBOOK, "-vvvvv", "--check", **{variable: int(number)})
    # ansible-core 2.16 renders the number as text.
    assert "must be in quotes" in play.failure or "2 found" in play.out, play.failure
    assert not shows(play.text, number)
    play = services.play(PLAYBOOK, "-vvvvv", **{variable: number, "vapi_didlogic_forget_caller_max_calls": 1})
    assert play.rc == 2
    assert "Nothing was deleted: 2 calls would be deleted" in play.failure
    assert not shows(play.text, number)
    fault = {"kind": "status", "code": 409, "body": {"message": f"{number} is pinned"}}
    services.faults({**fault, "match": {"api": "vapi", "method": "DELETE"}, "times": None})
    play = services.play(PLAYBOOK, "-vvvvv", **{variable: number})
    assert play.rc == 2
    assert "NOT COMPLETE: Not everything was erased: 2 calls not deleted (HTTP 409)" in play.out
    assert not shows(play.text, number)
    rows = services.vapi("GET", "/call")
    record = services.folder / "variables.forget_caller.json"
    (ids,) = json.loads(record.read_text())["calls"].values()
    assert sorted(ids) == sorted(row["id"] for row in rows)
    assert not shows(record.read_text(), number)
    services.faults()
    play = services.play(PLAYBOOK, **{variable: number})
    assert play.rc == 0, play.text
    assert not record.exists()


@pytest.mark.parametrize("given", [{}, {"vapi_didlogic_forget_caller_older_than_days": 0}])
def test_selection_is_required(untouched: Any, given: dict[str, Any]) -> None:
    play = untouched.play(PLAYBOOK, **given)
    assert play.rc == 2
    assert "vapi_didlogic_forget_caller_" in play.failure


def test_default_record_is_not_in_a_temporary_folder(services: Any) -> None:
    """The folder in which Ansible Runner starts a run."""
    file = services.folder / "env" / "extravars"
    file.parent.mkdir()
    file.write_text(json.dumps({"vapi_didlogic_forget_caller_number": caller()}))
    done = services.ansible("ansible-playbook", PLAYBOOK, "-e", f"@{file}")
    assert done.rc == 2, done.text
    assert "path that is kept: vapi_didlogic_forget_caller_record" in done.text
