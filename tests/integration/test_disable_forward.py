# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number is taken past Vapi where somebody else answers, and left alone where nobody would."""

from __future__ import annotations

from typing import Any

import pytest

V = "voiceops.vapi_didlogic."
BOOK = V + "disable_forward"
# With destinations behind Vapi, with Vapi only, with none.
KEPT, ALONE, NONE = "31201234560", "31201234561", "31201234562"
FOREIGN = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def ready(services: Any) -> Any:
    """Two numbers forwarded to Vapi."""
    trunk = {"name": "didlogic", "gateways": [{"ip": "sip.nl.didlogic.net", "inbound_enabled": False}]}
    play = services.play(
        [
            {V + "vapi_sip_trunk": trunk, "register": "trunk"},
            *(
                {V + "didlogic_forward": {"number": number, "vapi_trunk_id": "{{ trunk.sip_trunk.id }}"}}
                for number in (KEPT, ALONE)
            ),
        ]
    )
    assert play.rc == 0, play.text
    return services


def active(services: Any, number: str) -> list[bool]:
    return [active for _where, active in services.destinations(number)]


def test_calls_go_past_vapi_and_back(ready: Any) -> None:
    before, writes = ready.destinations(KEPT), ready.writes
    dry = ready.play(BOOK, "--check", vapi_didlogic_disable_number=KEPT)
    assert (dry.rc, dry.changed, ready.destinations(KEPT), ready.writes) == (0, 1, before, writes), dry.text

    # As an event has it: a number without quotes.
    done = ready.play(BOOK, vapi_didlogic_disable_number=int(KEPT))
    assert (done.rc, done.changed) == (0, 1), done.text
    assert active(ready, KEPT) == [False, True, True]
    assert "go to 01234, then to 31201234599 now" in done.out
    assert active(ready, ALONE) == [True]

    writes = ready.writes
    again = ready.play(BOOK, vapi_didlogic_disable_number="+" + KEPT)
    assert (again.rc, again.changed, ready.writes) == (0, 0, writes), again.text
    assert f"no active destination of +{KEPT} leads to a trunk of this Vapi organisation" in again.out

    trunk = before[0][0].partition("@")[2].partition(".")[0]
    back = ready.play([{V + "didlogic_forward": {"number": KEPT, "vapi_trunk_id": trunk}}])
    assert back.rc == 0, back.text
    assert active(ready, KEPT) == [True, True, True]


@pytest.mark.slow
def test_nothing_is_done_where_nobody_else_answers(ready: Any) -> None:
    writes = ready.writes
    for number in (ALONE, NONE):
        play = ready.play(BOOK, vapi_didlogic_disable_number=number)
        assert (play.rc, play.changed, ready.writes) == (0, 0, writes), play.text
        assert "Nothing is changed" in play.out


@pytest.mark.slow
def test_another_trunk_at_vapi_is_left_alone_and_nobody_to_fall_back_on(ready: Any) -> None:
    """Its label is not shown, since it may be a key; so it can be neither named nor trusted."""
    other = {"number": ALONE, "destination": f"{ALONE}@{FOREIGN}.sip.eu.vapi.ai", "position": "any"}
    assert ready.play([{V + "didlogic_forward": other}]).rc == 0
    writes = ready.writes
    play = ready.play(BOOK, vapi_didlogic_disable_number=ALONE)
    assert (play.rc, play.changed, ready.writes) == (0, 0, writes), play.text
    assert "Vapi is the only active destination" in play.out
    assert FOREIGN not in play.text


@pytest.mark.slow
def test_vapi_need_not_answer(ready: Any) -> None:
    """Calls fail, and so may Vapi's API: who knows the trunks goes on without it."""
    trunk = ready.destinations(KEPT)[0][0].partition("@")[2].partition(".")[0]
    nowhere = {"vapi_didlogic_vapi_api_url": "http://127.0.0.1:9"}
    play = ready.play(BOOK, vapi_didlogic_disable_number=KEPT, vapi_didlogic_disable_trunk_ids=[trunk], **nowhere)
    assert (play.rc, active(ready, KEPT)) == (0, [False, True, True]), play.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "told"),
    [("", "Give the number"), ("all", "Give the number"), ("31999999999", "does not have the number 31999999999")],
)
def test_wrong_numbers(untouched: Any, number: str, told: str) -> None:
    play = untouched.play(BOOK, vapi_didlogic_disable_number=number)
    assert play.rc != 0
    assert told in play.failure
