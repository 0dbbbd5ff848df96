# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outbound as a user has it: one call, a campaign from a file, the call log with its reasons."""

from __future__ import annotations

import csv
import secrets
from pathlib import Path
from typing import Any

import pytest
from playing import wired

V = "voiceops.vapi_didlogic."
DESK = "31201234560"
HUMAN = "+31201234561"
MANY = 25_000


def task(module: str, /, register: str | None = None, **options: Any) -> dict[str, Any]:
    return {"name": module, V + module: options, **({"register": register} if register else {})}


@pytest.fixture
def ready(services: Any) -> Any:
    """Services on which a call can be placed; ``placed`` counts the requests for calls at the server."""
    services.sandbox("reset", "POST", wired(DESK))
    return services


def posts(services: Any, path: str) -> int:
    counts = services.sandbox("journal")["requests"]
    return sum(entry["method"] == "POST" and entry["path"].endswith(path) for entry in counts)


def call(**more: Any) -> dict[str, Any]:
    return task(
        "vapi_call", "placed", assistant="Night", phone_number="Desk", customer={"number": "+31612340001"}, **more
    )


# ----------------------------------------------------------------------------------------------------------- one call


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(
    ("fault", "works", "given"),
    [
        ({"kind": "close", "when": "after"}, True, ""),
        ({"kind": "reset", "when": "before"}, False, "may or may not have been processed"),
        ({"kind": "status", "code": 429, "headers": {"retry-after": "1"}}, False, "was not sent again"),
    ],
    ids=["answer lost", "reset before", "429"],
)
def test_create_sends_at_most_one_request(ready: Any, fault: dict[str, Any], works: bool, given: str) -> None:
    """Counted at the server, over real connections."""
    ready.faults({**fault, "times": None, "match": {"method": "POST"}})
    play = ready.play([call()])
    assert (play.rc == 0) == works, play.text
    assert given in play.text
    assert posts(ready, "/call") == 1


def test_check_mode_places_no_call_and_key_places_one(ready: Any) -> None:
    writes = ready.writes
    play = ready.play([call(idempotency_key="order-1")], "--check", "--diff")
    assert play.rc == 0, play.text
    assert play.changed == 1
    assert ready.writes == writes
    for changed in (1, 0):
        play = ready.play([call(idempotency_key="order-1")])
        assert (play.rc, play.changed) == (0, changed), play.text
    assert posts(ready, "/call") == 1


def test_wait_shows_progress_and_cause_of_failure(ready: Any) -> None:
    ready.sandbox("clock", "POST", {"pace": 10})
    play = ready.play([call(wait=True, wait_timeout=60)])
    assert play.rc == 0, play.text
    assert "vapi_call: ended (customer-ended-call, 30 s)" in play.err
    assert '"recording_url": "hidden"' in ready.play([call(wait=True, wait_timeout=60)], "-v").out

    # The password is changed at didlogic alone.
    other = task("didlogic_sip_account", label="Vapi", password=secrets.token_hex(8), update_password="always")
    play = ready.play([other, call(wait=True)])
    assert play.rc != 0
    assert "The call failed" in play.text
    assert "407" in play.text
    assert "vapi_sip_trunk: " in play.text, "the option that mends it"


def test_wait_ends_at_the_timeout(ready: Any) -> None:
    ready.sandbox("rules", "PUT", {"calls": [{"talk": 3000}]})
    play = ready.play([call(wait=True, wait_timeout=3)])
    assert play.rc != 0
    assert "It has not finished within 3 s" in play.text
    assert posts(ready, "/call") == 1


# ---------------------------------------------------------------------------------------------------------- campaigns


def contacts(file: Path, count: int) -> Path:
    with file.open("w", newline="", encoding="utf-8") as text:
        rows = csv.writer(text)
        rows.writerow(["number", "name", "contract", "due"])
        rows.writerows([f"+3161{index:07}", f"Contact {index}", f"C-{index}", "1 March"] for index in range(count))
    return file


def campaign(**more: Any) -> dict[str, Any]:
    return task("vapi_campaign", "started", name="Renewal", assistant="Night", phone_number="Desk", **more)


def test_long_contacts_file_is_split_and_started_once(ready: Any, tmp_path: Path) -> None:
    file = str(contacts(tmp_path / "many.csv", MANY))
    play = ready.play([campaign(csv=file)])
    assert "has 25000 contacts, but a campaign can have 10000. Set split: true" in play.text
    writes = ready.writes
    result = {"name": "told", "ansible.builtin.debug": {"var": "started.campaign.batches | map(attribute='name')"}}
    play = ready.play([campaign(csv=file, split=True), result], "--check", "-v")
    assert play.rc == 0, play.text
    assert '"seconds": 166680' in play.out, "25,000 calls of a minute, three at once in each of three parts"
    assert ready.writes == writes
    for changed in (1, 0):
        play = ready.play([campaign(csv=file, split=True), result])
        assert (play.rc, play.changed) == (0, changed), play.text
        assert "Renewal (3/3)" in play.out
    assert posts(ready, "/campaign") == 3
    with Path(file).open("a", encoding="utf-8") as text:
        text.write("+31619999999,One more,C-0,1 March\n")
    assert "1 new" in ready.play([campaign(csv=file, split=True)]).text
    assert posts(ready, "/campaign") == 3


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("inside", [True, False])
def test_relative_path_is_relative_to_the_playbook(ready: Any, inside: bool) -> None:
    """Wherever ansible-playbook was called, and through both doors."""
    contacts(ready.folder / "here.csv", 2)
    play = ready.play([campaign(csv="here.csv")], "--check", where=ready.folder.parent, vapi_didlogic_in_process=inside)
    assert play.rc == 0, play.text


BAD = {
    3: "0612340001,no plus,,",
    4: "+31 612340001,spaces,,",
    5: "0031612340001,zeros,,",
    6: "3.16E+10,spreadsheet,,",
    7: "'+31612340001,apostrophe,,",
    8: "+3161234x001,letters,,",
    9: "+0612340001,zero,,",
    10: "+3161,short,,",
    11: "+3161234000155555,long,,",
    12: ",no number,,",
    13: "+31610000000,again,,",
    14: "",
    15: ",,,",
    16: "+31612340002,few cells",
    17: "+31612340003,many cells,a,b,c",
    18: f"+31612340004,{'x' * 41},,",
    19: '+31612340005,a list,"[1, 2]",',
    20: "+31612340006/+31612340007,two numbers,,",
    21: "+3161234\x0b0001,control,,",
    22: "+31(0)612340001,brackets,,",
}


def test_every_invalid_row_is_named_and_nothing_is_sent(ready: Any, tmp_path: Path) -> None:
    file = contacts(tmp_path / "bad.csv", 1)
    with file.open("a", encoding="utf-8", newline="") as text:
        text.write("".join(f"{line}\n" for line in BAD.values()))
    writes = ready.writes
    play = ready.play([campaign(csv=str(file))])
    assert play.rc != 0
    missing = [line for line in BAD if f"line {line}:" not in play.failure]
    assert not missing, play.failure
    for line in BAD.values():
        number = line.split(",")[0]
        assert len(number) < 6 or number not in play.text, "numbers are personal"
    assert ready.writes == writes
    play = ready.play([campaign(csv=str(file), skip_invalid=True, schedule_at="2099-01-31T09:00:00+01:00")])
    assert (play.rc, play.changed) == (0, 1), play.text
    assert f"{len(BAD)} rows left out" in play.text


def test_campaign_is_waited_for_and_cancelled(ready: Any, tmp_path: Path) -> None:
    file = str(contacts(tmp_path / "some.csv", 30))
    ready.sandbox("clock", "POST", {"pace": 20})
    play = ready.play([campaign(csv=file, wait=True, wait_timeout=100)])
    assert play.rc == 0, play.text
    lines = [line for line in play.err.splitlines() if "vapi_campaign: " in line and " contacts" in line]
    assert len(lines) >= 3, "the counts move"
    assert "vapi_campaign: ended, 30 contacts, 30 ended" in play.err
    play = ready.play(
        [
            {**campaign(csv=file), V + "vapi_campaign": {**campaign(csv=file)[V + "vapi_campaign"], "name": "Second"}},
            task("vapi_campaign", name="Second", state="absent"),
            task("vapi_campaign", name="Second", state="absent"),
            task("vapi_campaign_info", "read", name="Second"),
            {"ansible.builtin.assert": {"that": "read.campaigns[0].status == 'cancelled'"}},
        ]
    )
    assert (play.rc, play.changed) == (0, 2), play.text


# ----------------------------------------------------------------------------------------------------------- call log


def test_transfer_that_rang_is_distinguished_by_its_record(ready: Any) -> None:
    """The same word of Vapi's, with and without a record at didlogic."""
    transfer = {"destination": HUMAN, "status": "completed", "talk": 20}
    scripts = [
        {"match": {"number": "0001"}, "transfers": [transfer]},
        {"match": {"number": "0002"}, "transfers": [{**transfer, "leg": False}]},
    ]
    ready.sandbox("rules", "PUT", {"calls": scripts})
    for number in ("+31612340001", "+31612340002"):
        answer = ready.sandbox("call", "POST", {"to": DESK, "from": number})
        assert answer["answered_by"] == "vapi"
        ready.sandbox("clock", "POST", {"advance": 900})
    key = {"didlogic_api_key": ready.facts["didlogic_api_key"]}
    play = ready.play(
        [
            task("vapi_call_info", "log", **key),
            {
                "ansible.builtin.assert": {
                    "that": [
                        "log.calls | length == 2",
                        "log.calls | map(attribute='ended_reason') | unique == ['assistant-forwarded-call']",
                        "log.calls | map(attribute='carrier') | map(attribute='transfer_leg') == [false, true]",
                        "log.calls | map(attribute='outcome') == ['failed', 'transferred']",
                        "'REFER' in log.calls[0].diagnosis.fix",
                    ]
                }
            },
            task("didlogic_call_info", "records", direction="outbound", callee=HUMAN),
            {"ansible.builtin.assert": {"that": "records.calls | length == 1"}},
        ],
        "-v",
    )
    assert play.rc == 0, play.text


def test_plan_reports_who_is_left_out_and_the_run_sends_the_others(ready: Any, tmp_path: Path) -> None:
    """Through the playbooks, with a list in the working directory."""
    (tmp_path / "blocked.txt").write_text("+31 (0)6 1234 0001\n")
    people = [{"number": f"06 1234 000{index}"} for index in range(1, 5)]
    rules = {
        "default_country": "NL",
        "normalize": True,
        "do_not_call": ["blocked.txt", "0031612340002"],
        "calling_hours": {"from": "09:00", "to": "20:00", "time_zone": "by_number"},
        "schedule_at": "2099-06-01T10:00:00+02:00",
    }
    who = {"assistant": "Night", "phone_number": "Desk"}
    many = {**who, **rules, "name": "Rules", "customers": [*people, {"number": "+12025550101"}]}
    writes = ready.writes
    refused = ready.play(V + "campaign", "--check", where=tmp_path, vapi_didlogic_campaign=many)
    assert (
        "customers[0] and customers[1]: The number is on a vapi_didlogic_campaign.do_not_call list." in refused.failure
    )
    assert "would skip 3 of 5 contacts" in refused.failure
    many["skip_invalid"] = True
    for mode in (["--check"], []):
        play = ready.play(V + "campaign", *mode, where=tmp_path, vapi_didlogic_campaign=many)
        assert play.rc == 0, play.text
        done = "Would skip" if mode else "Skipped"
        assert f"{done} 3 of 5 contacts: 2 on a do_not_call list, 1 outside calling_hours" in play.out
        assert "Estimated cost: 0.50 (0.25 per minute)" in play.out
        assert ready.writes == writes + (not mode)
    one = {**who, **rules, "customer": {"number": "06 1234 0001"}, "wait": False}
    refused = ready.play(V + "call", where=tmp_path, vapi_didlogic_call=one)
    assert "is on a vapi_didlogic_call.do_not_call list" in refused.failure
    assert ready.writes == writes + 1


@pytest.mark.each_version
def test_playbooks_require_only_an_environment(ready: Any, tmp_path: Path) -> None:
    file = str(contacts(tmp_path / "some.csv", 3))
    one = {"assistant": "Night", "phone_number": "Desk", "customer": {"number": "+31612340001"}}
    many = {"name": "Renewal", "assistant": "Night", "phone_number": "Desk", "csv": file}
    writes = ready.writes
    for book, variables in (("call", {"vapi_didlogic_call": one}), ("campaign", {"vapi_didlogic_campaign": many})):
        play = ready.play(V + book, "--check", "--diff", **variables)
        assert play.rc == 0, play.text
    assert "3 contacts" in play.out
    assert "Nothing was sent" in play.out
    assert ready.writes == writes
    ready.sandbox("clock", "POST", {"pace": 20})
    assert "answered" in ready.play(V + "call", vapi_didlogic_call=one).out
    for changed in (1, 0):
        play = ready.play(V + "campaign", vapi_didlogic_campaign=many)
        assert (play.rc, play.changed) == (0, changed), play.text
    for book in ("call", "campaign"):
        assert f"vapi_didlogic_{book} is not defined" in ready.play(V + book).text
