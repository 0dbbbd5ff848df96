# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number is taken past Vapi where somebody else answers, and left alone where nobody would."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playing import wired

V = "voiceops.vapi_didlogic."
BOOK = V + "disable_forward"
# With destinations behind Vapi, with Vapi only, with none.
KEPT, ALONE, NONE = "31201234560", "31201234561", "31201234562"
FOREIGN = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def ready(services: Any) -> Any:
    """Two numbers forwarded to Vapi."""
    services.sandbox("reset", "POST", wired(KEPT, ALONE))
    return services


def active(services: Any, number: str) -> list[bool]:
    return [active for _where, active in services.destinations(number)]


@pytest.mark.each_version
def test_forward_is_disabled_and_enabled(ready: Any) -> None:
    before, writes = ready.destinations(KEPT), ready.writes
    dry = ready.play(BOOK, "--check", vapi_didlogic_disable_number=KEPT)
    assert (dry.rc, dry.changed, ready.destinations(KEPT), ready.writes) == (0, 1, before, writes), dry.text

    # As an event has it: a number without quotes.
    done = ready.play(BOOK, vapi_didlogic_disable_number=int(KEPT))
    assert (done.rc, done.changed) == (0, 1), done.text
    assert active(ready, KEPT) == [False, True, True]
    assert "are forwarded to 01234, then to 31201234599" in done.out
    assert active(ready, ALONE) == [True]

    writes = ready.writes
    again = ready.play(BOOK, vapi_didlogic_disable_number="+" + KEPT)
    assert (again.rc, again.changed, ready.writes) == (0, 0, writes), again.text
    assert f"no active destination of +{KEPT} leads to a trunk of this Vapi organisation" in again.out

    trunk = before[0][0].partition("@")[2].partition(".")[0]
    back = ready.play([{V + "didlogic_forward": {"number": KEPT, "vapi_trunk_id": trunk}}])
    assert back.rc == 0, back.text
    assert active(ready, KEPT) == [True, True, True]


def test_forward_without_alternative_is_not_disabled(ready: Any) -> None:
    writes = ready.writes
    for number in (ALONE, NONE):
        play = ready.play(BOOK, vapi_didlogic_disable_number=number)
        assert (play.rc, play.changed, ready.writes) == (0, 0, writes), play.text
        assert "Nothing is changed" in play.out


def test_destination_to_other_trunk_is_no_fallback(ready: Any) -> None:
    """Its label is not shown, since it may be a key; so it can be neither named nor trusted."""
    other = {"number": ALONE, "destination": f"{ALONE}@{FOREIGN}.sip.eu.vapi.ai", "position": "any"}
    assert ready.play([{V + "didlogic_forward": other}]).rc == 0
    writes = ready.writes
    play = ready.play(BOOK, vapi_didlogic_disable_number=ALONE)
    assert (play.rc, play.changed, ready.writes) == (0, 0, writes), play.text
    assert "Vapi is the only active destination" in play.out
    assert FOREIGN not in play.text


@pytest.mark.parametrize("registered", [True, False], ids=["of a trunk that registers", "that does not exist"])
def test_sip_account_that_cannot_answer_is_no_fallback(ready: Any, registered: bool) -> None:
    login = "01234" if registered else "09999"
    if registered:
        trunk = {"name": "didlogic", "username": login, "password": "k" * 12, "register": {"realm": "didlogic"}}
        played = ready.play([{V + "vapi_sip_trunk": {**trunk, "update_password": "always"}}])
        assert played.rc == 0, played.text
    other = {"number": ALONE, "destination": login, "kind": "sip_account", "position": "any"}
    assert ready.play([{V + "didlogic_forward": other}]).rc == 0
    writes = ready.writes
    play = ready.play(BOOK, vapi_didlogic_disable_number=ALONE)
    assert (play.rc, play.changed, ready.writes) == (0, 0, writes), play.text
    assert f"Vapi is the only active destination of {ALONE} that can answer" in play.out


def test_disable_works_without_vapi(ready: Any) -> None:
    """Calls fail, and so may Vapi's API: who knows the trunks goes on without it."""
    trunk = ready.destinations(KEPT)[0][0].partition("@")[2].partition(".")[0]
    nowhere = {"vapi_didlogic_vapi_api_url": "http://127.0.0.1:9"}
    play = ready.play(BOOK, vapi_didlogic_disable_number=KEPT, vapi_didlogic_disable_trunk_ids=[trunk], **nowhere)
    assert (play.rc, active(ready, KEPT)) == (0, [False, True, True]), play.text


@pytest.mark.parametrize(
    ("number", "given"),
    [("", "Specify the"), ("all", "Specify the"), ("31999999999", "does not have the number 31999999999")],
)
def test_invalid_numbers_are_rejected(untouched: Any, number: str, given: str) -> None:
    play = untouched.play(BOOK, vapi_didlogic_disable_number=number)
    assert play.rc != 0
    assert given in play.failure


# ------------------------------------------------------------------------------------------------------------ an end


def off(services: Any, folder: Path, **variables: Any) -> Any:
    return services.play(BOOK, vapi_didlogic_disable_number=KEPT, vapi_didlogic_disable_folder=str(folder), **variables)


def restore(services: Any, folder: Path, *arguments: str, **variables: Any) -> Any:
    return services.play(
        BOOK, *arguments, vapi_didlogic_disable_restore=True, vapi_didlogic_disable_folder=str(folder), **variables
    )


def age(file: Path) -> None:
    """Let the time of a record be over."""
    file.write_text(re.sub(r'"until": \d+', f'"until": {int(time.time()) - 1}', file.read_text()))


def test_temporarily_disabled_forward_is_enabled_again(ready: Any, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    before = ready.destinations(KEPT)
    assert restore(ready, folder).changed == 0  # nothing was recorded yet
    done = off(ready, folder, vapi_didlogic_disable_minutes=30)
    assert (done.rc, done.changed, active(ready, KEPT)) == (0, 1, [False, True, True]), done.text
    (file,) = folder.iterdir()
    record = json.loads(file.read_text())
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert record["destinations"] == [before[0][0]]
    assert 1700 < record["until"] - time.time() <= 1800

    # Neither a second run in the same outage nor a run before the time is over changes the record or the number.
    again = off(ready, folder, vapi_didlogic_disable_minutes=30)
    early = restore(ready, folder)
    assert (again.rc, again.changed, early.rc, early.changed) == (0, 0, 0, 0), again.text + early.text
    assert json.loads(file.read_text()) == record
    assert active(ready, KEPT) == [False, True, True]

    age(file)
    writes = ready.writes
    dry = restore(ready, folder, "--check")
    assert (dry.rc, ready.writes, file.exists()) == (0, writes, True), dry.text
    back = restore(ready, folder)
    assert (back.rc, ready.destinations(KEPT)) == (0, before), back.text
    assert list(folder.iterdir()) == []
    assert f"Calls to {KEPT} are forwarded to Vapi again" in back.out
    assert restore(ready, folder).changed == 0


def test_interrupted_run_is_restored(ready: Any, tmp_path: Path) -> None:
    """The record is written first: a failure of the very first change leaves one, and a second run adds to it."""
    folder = tmp_path / "records"
    before = ready.destinations(KEPT)
    ready.faults({"kind": "refuse", "match": {"method": "WRITE"}, "times": None})
    assert off(ready, folder, vapi_didlogic_disable_minutes=30).rc != 0
    assert len(list(folder.iterdir())) == 1
    ready.faults()
    assert off(ready, folder, vapi_didlogic_disable_minutes=30).rc == 0
    age(next(folder.iterdir()))
    ready.faults({"kind": "refuse", "match": {"method": "WRITE"}, "times": None})
    assert restore(ready, folder).rc != 0
    assert len(list(folder.iterdir())) == 1
    ready.faults()
    restored = restore(ready, folder)
    assert restored.rc == 0, restored.text
    assert ready.destinations(KEPT) == before


def test_removed_destination_is_not_restored(ready: Any, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    trunk = ready.destinations(KEPT)[0][0].partition("@")[2].partition(".")[0]
    assert off(ready, folder, vapi_didlogic_disable_minutes=1440).rc == 0
    # With the number, at once.
    assert restore(ready, folder, vapi_didlogic_disable_number=int(KEPT)).rc == 0
    assert active(ready, KEPT) == [True, True, True]
    assert off(ready, folder, vapi_didlogic_disable_minutes=1440).rc == 0
    gone = {"number": KEPT, "vapi_trunk_id": trunk, "state": "absent"}
    assert ready.play([{V + "didlogic_forward": gone}]).rc == 0
    age(next(folder.iterdir()))
    assert restore(ready, folder).rc == 0
    assert active(ready, KEPT) == [True, True]
    assert list(folder.iterdir()) == []

    assert ready.play([{V + "didlogic_forward": {"number": KEPT, "vapi_trunk_id": trunk}}]).rc == 0
    assert off(ready, folder, vapi_didlogic_disable_minutes=30).rc == 0
    assert off(ready, folder).rc == 0
    assert list(folder.iterdir()) == []


BROKEN = ["", "{}", "[", '{"destinations": 1}', "\x00"]


def test_invalid_record_is_named_and_others_are_restored(ready: Any, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    assert off(ready, folder, vapi_didlogic_disable_minutes=30).rc == 0
    age(folder / f"{KEPT}.json")
    broken = {folder / f"3100000000{index}.json": text for index, text in enumerate(BROKEN)}
    for file, text in broken.items():
        file.write_text(text)
    play = restore(ready, folder)
    assert play.rc != 0
    assert not [file for file in broken if str(file) not in play.text]
    assert active(ready, KEPT) == [True, True, True]
    assert {file: file.read_text() for file in broken} == broken


@pytest.mark.parametrize(
    ("variables", "given"),
    [
        *(({"vapi_didlogic_disable_minutes": value}, "from 1 to 1440") for value in (-1, 1441, "soon", "1.5", "1e2")),
        ({"vapi_didlogic_disable_minutes": 5, "vapi_didlogic_disable_restore": True}, "mutually exclusive"),
    ],
)
def test_invalid_options_are_rejected(untouched: Any, tmp_path: Path, variables: dict[str, Any], given: str) -> None:
    play = off(untouched, tmp_path / "records", **variables)
    assert play.rc != 0
    assert given in play.failure
