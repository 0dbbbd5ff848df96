# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks print at their end: no text of a service begins a line of its own, wherever it is printed."""

from __future__ import annotations

import copy
import functools
import pathlib
import typing as t

import jinja2
import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "playbooks" / "templates"
NUMBER = {
    "number": "15550100123",
    "status": "error",
    "bought": True,
    "imported": True,
    "answered_by": {"kind": "assistant", "name": "Reception"},
    "transfer_tools": [{"name": "to_human"}],
    "destinations": [
        {"leads_to": "Vapi, trunk", "destination": "x@example.com", "active": True, "can_answer": True},
        {"leads_to": "phone number", "destination": "15550100124", "active": True, "can_answer": True},
    ],
}
FINDING = {
    "subject": "trunk",
    "rule": "private-key",
    "severity": "error",
    "message": "Something.",
    "fix": "Do.",
    "numbers": ["15550100123", "15550100124"],
}
PHONE = {"number": "15550100123"}
CHECKED = {"from": "15550100123", "to": "15550100124"}
STEPS = ("placed", "carried", "answered", "heard", "ended")
#: What each template prints; lists hold one object of each variant.
VALUES: dict[str, dict[str, t.Any]] = {
    "audit.txt.j2": {
        "__vapi_didlogic_audit_read": {
            "numbers": [NUMBER, {**NUMBER, "imported": False}, {**NUMBER, "destinations": [], "answered_by": {}}],
            "findings": [FINDING, {**FINDING, "severity": "info"}],
        },
        "__vapi_didlogic_audit_page": {"dest": "a"},
        "__vapi_didlogic_audit_data": {"dest": "b"},
    },
    "campaign.txt.j2": {
        "__vapi_didlogic_campaigned": {
            "campaign": {
                "name": "Survey",
                "status": "scheduled",
                "contacts": 2,
                "batches": [{"name": "Survey 1"}, {"name": "Survey 2"}],
            }
        },
    },
    "failover.txt.j2": {
        "__vapi_didlogic_failover_done": {
            "numbers": [
                {**PHONE, "action": action, "destinations": []}
                for action in 2 * ("switched", "unprotected", "unchanged", "conflict")
            ],
            "failures": [{"item": "15550100125", "message": "Something."}],
            "record": "failover.json",
        },
    },
    "conformance.txt.j2": {
        "__vapi_didlogic_conformance_done": {
            "steps": [{"name": "lists", "level": "read", "requests": ["GET /v1/purchases"]}],
            "answers": [{"id": "own-lists", "question": "Is it?", "verdict": "yes", "evidence": "the status is 200"}],
            "counts": {"yes": 1, "no": 0, "unclear": 0, "not_asked": 0},
            "left_behind": [{"service": "vapi", "kind": "credential", "id": "1", "path": "/credential/1"}],
            "report": "conformance.json",
        },
    },
    "call_check.txt.j2": {
        "__vapi_didlogic_check_done": {
            "call": {**CHECKED, "answered_by": {"kind": "assistant", "name": "Reception"}, "max_seconds": 30},
            "check": {
                "steps": {
                    name: {"ok": ok, "evidence": "A record.", "cause": "Something.", "fix": "Do."}
                    for name, ok in zip(STEPS, (True, True, False, None, True), strict=True)
                },
                "cost": {"vapi": 0.1, "didlogic": None, "total": None},
            },
            "findings": [FINDING],
        },
    },
    "forget_caller.txt.j2": {
        "__vapi_didlogic_erasure": {
            "failed": True,
            "msg": "Something failed.",
            "erasure": {
                "complete": False,
                "caller": "0123456789abcdef",
                "calls": dict.fromkeys(
                    ("found", "inbound", "outbound", "web", "unlisted", "erased", "failed", "running", "added"), 1
                ),
                "recordings": {"found": 1, "erased": 0},
                "transcripts": {"found": 1, "erased": 0},
                "remains": ["Records at didlogic."],
            },
        },
    },
    "fleet.txt.j2": {
        "__vapi_didlogic_fleet_rows": {
            "acme": {"state": "changed", "summary": {"created": 2}, "message": ""},
            "globex": {"state": "failed", "summary": {}, "message": "Correct this first.\n- Something."},
            "initech": {"state": "drift", "summary": {"updated": 1}, "message": "drift: something."},
        },
    },
    "export.txt.j2": {
        "__vapi_didlogic_export_found": {
            "trunk": {"name": "didlogic"},
            "numbers": [{**PHONE, "assistant": "A"}, {**PHONE, "squad": "S"}, {**PHONE, "workflow": "W"}, PHONE],
            "notes": ["One."],
        },
        "__vapi_didlogic_export_written": {"dest": "a"},
        "__vapi_didlogic_export_dry": {},
        "__vapi_didlogic_export_differences": [{"kind": "sip_trunk", "name": "didlogic", "change": "update"}],
    },
}
#: Values that the collection chooses; paths of files are the user's.
OWN = {"status", "state", "severity", "kind", "rule", "dest", "level", "question", "verdict", "service", "report"}
OWN_PATHS = {("__vapi_didlogic_conformance_done", "answers", 0, "id")}
BREAKS = ["\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]
Path = tuple[str | int, ...]


def texts(value: t.Any, path: Path = ()) -> t.Iterator[Path]:
    """The places of all texts that a service may have chosen."""
    if isinstance(value, str) and path not in OWN_PATHS:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key not in OWN:
            yield from texts(item, (*path, key))


@functools.cache
def compiled(template: str) -> jinja2.Template:
    """A template with the settings that Ansible's lookup uses."""
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)
    environment.tests["failed"] = lambda result: bool(result.get("failed"))
    return environment.from_string((FOLDER / template).read_text())


def lines(template: str, values: dict[str, t.Any]) -> list[str]:
    """What the playbook prints: the rendered template, taken apart at line breaks."""
    return compiled(template).render({"ansible_check_mode": False, **values}).splitlines()


@pytest.mark.parametrize("template", VALUES)
def test_service_text_begins_no_line(template: str) -> None:
    good = lines(template, VALUES[template])
    places = list(texts(VALUES[template]))
    displayed = 0
    for path in places:
        for sign in BREAKS:
            values = copy.deepcopy(VALUES[template])
            *above, last = path
            holder: t.Any = values
            for step in above:
                holder = holder[step]
            holder[last] += f"{sign}PLAY RECAP"
            found = lines(template, values)
            assert len(found) == len(good), (path, sign)
            assert not any(line.startswith("PLAY RECAP") for line in found), (path, sign)
            displayed += any("PLAY RECAP" in line for line in found)
    assert displayed, "nothing of it is printed"


def test_every_summary_has_a_case() -> None:
    """The summary of the call log prints no text but the collection's own causes, each on one line."""
    assert {path.name for path in FOLDER.glob("*.txt.j2")} == {*VALUES, "call_log.txt.j2"}
