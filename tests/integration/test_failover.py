# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks failover and failback as operators run them, while Vapi does not respond."""

from __future__ import annotations

import json
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playing import TRUNK, wired

V = "voiceops.vapi_didlogic."
# With destinations behind Vapi, with Vapi only, with none.
KEPT, ALONE, NONE = "31201234560", "31201234561", "31201234562"
FALLBACK = "31207654321"
#: Vapi does not respond, and nothing has its key.
DOWN = {"vapi_didlogic_vapi_api_url": "http://127.0.0.1:9", "vapi_didlogic_vapi_api_key": ""}


@pytest.fixture
def ready(services: Any) -> Any:
    """Two numbers forwarded to Vapi."""
    services.sandbox("reset", "POST", wired(KEPT, ALONE))
    return services


def play(services: Any, book: str, *arguments: str, numbers: tuple[str, ...] = (KEPT,), **variables: Any) -> Any:
    declared = [{"number": number} for number in numbers]
    return services.play(V + book, *arguments, vapi_didlogic_numbers=declared, **DOWN, **variables)


def active(services: Any, number: str) -> list[bool]:
    return [active for _where, active in services.destinations(number)]


def record_of(services: Any) -> Path:
    """Next to the file with the variables."""
    return Path(services.folder, "variables.failover.json")


@pytest.mark.each_version
def test_failover_and_failback(ready: Any) -> None:
    before, writes, record = ready.destinations(KEPT), ready.writes, record_of(ready)
    dry = play(ready, "failover", "--check", "--diff")
    assert (dry.rc, dry.changed, ready.destinations(KEPT), ready.writes) == (0, 1, before, writes), dry.text
    assert not record.exists()
    assert f"1 number would be switched: {KEPT}" in dry.out
    assert "hidden.sip.vapi.ai (inactive)" in dry.out

    done = play(ready, "failover")
    assert (done.rc, done.changed, active(ready, KEPT), active(ready, ALONE)) == (0, 1, [False, True, True], [True])
    assert f"Record: {record}" in done.out
    assert record.stat().st_mode & 0o777 == 0o600
    assert not [secret for secret in (TRUNK, ready.facts["didlogic_api_key"]) if secret in record.read_text()]

    writes, content = ready.writes, record.read_bytes()
    again = play(ready, "failover")
    assert (again.rc, again.changed, ready.writes, record.read_bytes()) == (0, 0, writes, content), again.text

    dry = play(ready, "failback", "--check")
    assert (dry.rc, dry.changed, ready.writes, record.read_bytes()) == (0, 1, writes, content), dry.text
    back = play(ready, "failback")
    assert (back.rc, back.changed, ready.destinations(KEPT), record.exists()) == (0, 1, before, False), back.text
    again = play(ready, "failback")
    assert (again.rc, again.changed) == (0, 0), again.text
    assert "record does not exist" in again.text


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["run", "dry run"])
def test_numbers_without_alternative_are_named_before_others_are_switched(
    ready: Any, arguments: tuple[str, ...]
) -> None:
    done = play(ready, "failover", *arguments, numbers=(KEPT, ALONE, NONE))
    assert done.rc == 2, done.text
    assert f"didlogic_failover: without another active destination, not switched: {ALONE}" in done.err
    assert f"1 number without another active destination, not switched: {ALONE}" in done.out
    assert f"of a known kind, not switched: {ALONE}. Add a destination, or give" in done.failure
    assert active(ready, ALONE) == [True]
    assert active(ready, KEPT) == [bool(arguments), True, True]
    accepted = play(ready, "failover", *arguments, numbers=(ALONE,), vapi_didlogic_failover_allow_unprotected=True)
    assert accepted.rc == 0, accepted.text


def test_fallback_is_appended_to_all_numbers_and_removed(ready: Any) -> None:
    before = {number: ready.destinations(number) for number in (KEPT, ALONE, NONE)}
    more = {"vapi_didlogic_failover_all": True, "vapi_didlogic_failover_fallback": FALLBACK}
    done = ready.play(V + "failover", **DOWN, **more)
    assert done.rc == 0, done.text
    assert active(ready, KEPT) == [False, True, True]
    assert ready.destinations(ALONE) == [(before[ALONE][0][0], False), (FALLBACK, True)]
    back = ready.play(V + "failback", **DOWN)
    assert back.rc == 0, back.text
    assert {number: ready.destinations(number) for number in before} == before


def test_changed_destination_is_left_and_named(ready: Any) -> None:
    assert play(ready, "failover").rc == 0
    gone = {"number": KEPT, "vapi_trunk_id": TRUNK, "state": "absent"}
    assert ready.play([{V + "didlogic_forward": gone}]).rc == 0
    for _time in range(2):
        back = play(ready, "failback")
        assert back.rc == 2, back.text
        assert f"changed or removed since failover, left as they are: {KEPT}" in back.failure
        assert f"1 number changed meanwhile, not restored: {KEPT}" in back.out
    assert active(ready, KEPT) == [True, True]
    assert record_of(ready).exists()


def test_failed_numbers_do_not_stop_others(ready: Any) -> None:
    other = "31999999999"
    done = play(ready, "failover", numbers=(other, KEPT))
    assert done.rc == 2, done.text
    assert f"{other} is not a number of this didlogic account" in done.failure
    assert active(ready, KEPT) == [False, True, True]


INVALID = {
    "empty": b"",
    "not JSON": b"{",
    "another file": b'{"format": 2}',
    "a list": b"[]",
    "binary": b"\x00\xff",
    "deep": b"[" * 100_000,
}


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("content", INVALID.values(), ids=list(INVALID))
@pytest.mark.parametrize("book", ["failover", "failback"])
def test_invalid_record_is_an_error_and_not_changed(ready: Any, book: str, content: bytes) -> None:
    record, writes = record_of(ready), ready.writes
    record.write_bytes(content)
    done = play(ready, book)
    assert (done.rc, record.read_bytes(), ready.writes) == (2, content, writes), done.text
    assert "vapi_didlogic_failover_record" in done.failure
    assert "cannot be used as a record" in done.failure


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("change", ["cut", "edited", "other key"])
def test_changed_record_is_an_error(ready: Any, change: str) -> None:
    assert play(ready, "failover").rc == 0
    record, more = record_of(ready), {}
    content = record.read_text()
    if change == "cut":
        content = content[: len(content) // 2]
    elif change == "edited":
        content = re.sub(r'"disabled": {\s*"\d+"', '"disabled": {"7"', content)
        assert '"7"' in content
    else:
        more = {"vapi_didlogic_didlogic_api_key": secrets.token_hex(20)}
    record.write_text(content)
    done = play(ready, "failback", **more)
    assert (done.rc, record.read_text(), active(ready, KEPT)) == (2, content, [False, True, True]), done.text
    expected = "was written with another API key" if more else "cannot be used as a record"
    assert expected in done.failure


def test_opposed_runs_leave_the_number_reachable(ready: Any) -> None:
    """A failover and a failback at the same time with one record; with two, see `tests/robustness/failover.py`."""
    before, record = ready.destinations(KEPT), Path(ready.folder, "record.json")
    file = Path(ready.folder, "drill.yml")
    given = {"vapi_didlogic_numbers": [{"number": KEPT}], "vapi_didlogic_failover_record": str(record)}
    file.write_text(json.dumps(given | DOWN))
    with ThreadPoolExecutor(2) as pool:
        books = ("failover", "failback")
        runs = [pool.submit(ready.ansible, "ansible-playbook", V + book, "-e", f"@{file}") for book in books]
        while not all(run.done() for run in runs):
            assert any(active(ready, KEPT))
    assert [run.result().rc for run in runs] == [0, 0], [run.result().text for run in runs]
    assert ready.ansible("ansible-playbook", V + "failback", "-e", f"@{file}").rc == 0
    assert (ready.destinations(KEPT), record.exists()) == (before, False)
    assert not list(Path(ready.folder).glob(".*.lock"))


@pytest.mark.exhaustive(4)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that belong to another user")
@pytest.mark.parametrize("place", ["record", "link", "lock"])
@pytest.mark.parametrize("book", ["failover", "failback"])
def test_files_of_another_user_are_rejected(ready: Any, book: str, place: str) -> None:
    shared, precious = Path(ready.folder, "shared"), Path(ready.folder, "precious")
    shared.mkdir()
    shared.chmod(0o1777)
    precious.write_text("precious")
    file = shared / (".record.json.lock" if place == "lock" else "record.json")
    if place == "link":
        file.symlink_to(precious)
    else:
        file.write_text("")
    os.lchown(file, 4711, 4711)
    writes = ready.writes
    done = play(ready, book, vapi_didlogic_failover_record=str(shared / "record.json"))
    assert (done.rc, ready.writes, precious.read_text()) == (2, writes, "precious"), done.text
    assert "another user" in done.failure


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("minutes", [30, 0])
def test_failback_after_some_minutes(ready: Any, minutes: int) -> None:
    assert play(ready, "failback", vapi_didlogic_failover_minutes=30).changed == 0
    assert play(ready, "failover").rc == 0
    since = json.loads(record_of(ready).read_text())["numbers"][KEPT]["since"]
    assert datetime.now(UTC) - datetime.fromisoformat(since) < timedelta(minutes=4)
    back = play(ready, "failback", vapi_didlogic_failover_minutes=minutes)
    assert (back.rc, back.changed, active(ready, KEPT)[0]) == (0, int(not minutes), not minutes), back.text
    wrong = play(ready, "failback", vapi_didlogic_failover_minutes="soon")
    assert wrong.rc == 2
    assert "vapi_didlogic_failover_minutes must be a whole number" in wrong.failure


def test_default_record_is_not_in_a_temporary_folder(ready: Any) -> None:
    """The folder in which Ansible Runner starts a run."""
    file = Path(ready.folder, "env", "extravars")
    file.parent.mkdir()
    file.write_text(json.dumps({"vapi_didlogic_failover_all": True, **DOWN}))
    done = ready.ansible("ansible-playbook", V + "failover", "-e", f"@{file}")
    assert done.rc == 2, done.text
    assert "path that is kept: vapi_didlogic_failover_record" in done.text
    record = Path(ready.folder, "kept.json")
    arguments = ("-e", f"vapi_didlogic_failover_record={record}", "-e", "vapi_didlogic_failover_allow_unprotected=true")
    done = ready.ansible("ansible-playbook", V + "failover", "-e", f"@{file}", *arguments)
    assert (done.rc, record.exists()) == (0, True), done.text


def test_without_a_file_the_record_is_in_the_working_directory(ready: Any) -> None:
    arguments = ("-e", json.dumps({"vapi_didlogic_numbers": [{"number": KEPT}], **DOWN}))
    done = ready.ansible("ansible-playbook", V + "failover", *arguments)
    assert (done.rc, Path(ready.folder, "failover.json").exists()) == (0, True), done.text


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(
    ("variables", "given"),
    [
        ({"vapi_didlogic_failover_fallback": f"1@{TRUNK}.sip.vapi.ai"}, "vapi_didlogic_failover_fallback"),
        ({"vapi_didlogic_failover_fallback": "nowhere"}, "vapi_didlogic_failover_fallback"),
        ({"vapi_didlogic_failover_fallback": "020 123 4567"}, "country code"),
        ({"vapi_didlogic_failover_record": "missing/failover.json"}, "vapi_didlogic_failover_record"),
        ({"vapi_didlogic_failover_record": "/"}, "vapi_didlogic_failover_record"),
        ({"numbers": (KEPT, "+" + KEPT)}, "vapi_didlogic_numbers[1]"),
        ({"numbers": ("12",)}, "vapi_didlogic_numbers[0]"),
    ],
)
def test_invalid_options_are_rejected(untouched: Any, variables: dict[str, Any], given: str) -> None:
    writes = untouched.writes
    done = play(untouched, "failover", **variables)
    assert (done.rc, untouched.writes) == (2, writes), done.text
    assert given in done.failure


def test_environment_is_required(untouched: Any) -> None:
    done = untouched.play(V + "failover", **DOWN)
    assert done.rc == 2
    assert "vapi_didlogic_numbers" in done.failure
