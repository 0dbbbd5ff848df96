# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as tasks of a playbook: bad input, a key that is refused, a service that is down, past one page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playing import TRUNK

VAPI = "voiceops.vapi_didlogic.vapi_"
DIDLOGIC = "voiceops.vapi_didlogic.didlogic_"
GATEWAY = {"ip": "sip.nl.didlogic.net", "inbound_enabled": False}

#: task -> a word that its one sentence must hold
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "number not in E.164": ({VAPI + "phone_number": {"number": "+0201234", "trunk": "t"}}, "country code"),
    "name over 40 characters": ({VAPI + "sip_trunk": {"name": "n" * 41, "gateways": [GATEWAY]}}, "name"),
    "host name with inbound": (
        {VAPI + "sip_trunk": {"name": "t", "gateways": [{"ip": "sip.nl.didlogic.net"}]}},
        "gateways[0].ip",
    ),
    "two targets of a number": (
        {VAPI + "phone_number": {"number": "+31201234560", "assistant": "a", "squad": "s"}},
        "squad",
    ),
    "two targets of a forward": (
        {DIDLOGIC + "forward": {"number": "31201234560", "destination": "01234", "vapi_trunk_id": TRUNK}},
        "vapi_trunk_id",
    ),
    "unknown reference": ({VAPI + "phone_number": {"number": "+31201234560", "trunk": "nobody's"}}, "nobody's"),
    "number of somebody else": (
        {DIDLOGIC + "forward": {"number": "31209999999", "destination": "01234"}},
        "31209999999",
    ),
    "wrong Vapi key": ({VAPI + "sip_trunk_info": {"api_key": "this-is-not-a-key"}}, "does not accept the key"),
    "wrong didlogic key": ({DIDLOGIC + "account_info": {"api_key": "this-is-not-a-key"}}, "does not accept the key"),
    "service down": (
        {VAPI + "sip_trunk_info": {"api_url": "http://127.0.0.1:9/", "retry_timeout": 1}},
        "connection to 127.0.0.1:9 failed",
    ),
    "http outside loopback": ({VAPI + "sip_trunk_info": {"api_url": "http://192.0.2.1/"}}, "https"),
    "a mask as input": ({VAPI + "sip_trunk": {"name": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}}, "mask"),
    "a placeholder outside a dry run": (
        {DIDLOGIC + "forward": {"number": "31201234560", "vapi_trunk_id": "(known after apply)"}},
        "known after apply",
    ),
    "two items for one number": (
        {VAPI + "phone_numbers": {"numbers": [{"number": "31201234560"}, {"number": "+31201234560"}]}},
        "numbers[1]",
    ),
}


@pytest.mark.each_version
def test_invalid_input_is_one_sentence_and_no_write(services: Any) -> None:
    tasks: list[dict[str, Any]] = []
    for index, (task, _word) in enumerate(BAD.values()):
        tasks.append({**task, "register": f"r{index}", "failed_when": False})
    tasks.append({"ansible.builtin.copy": {"dest": str(services.folder / "said"), "content": "{{ said | to_json }}"}})
    tasks[-1]["vars"] = {"said": [f"{{{{ r{index}.msg | default('') }}}}" for index in range(len(BAD))]}
    played = services.play(tasks)
    assert played.rc == 0, played.text
    written = [request for request in services.sandbox("journal")["requests"] if request["method"] != "GET"]
    assert not written
    assert "Traceback" not in played.text
    said = json.loads((services.folder / "said").read_text())
    for (name, (_task, word)), message in zip(BAD.items(), said, strict=True):
        assert word in message, f"{name}: {message}"
        assert 20 < len(message) < 420, f"{name}: {message}"
        assert "\n" not in message, name


def test_wrong_key_is_not_in_any_output(services: Any) -> None:
    key = "Wrong-key/with+signs=" + services.facts["didlogic_api_key"][:8]
    played = services.play([{VAPI + "sip_trunk_info": {"api_key": "{{ key }}"}}], "-vvvvv", key=key)
    assert played.rc != 0
    lines = [line for line in played.text.splitlines() if key in line]
    assert not lines, lines


def test_350_numbers_have_no_duplicates(services: Any) -> None:
    """Vapi answers 100 objects unless asked for more; who reads only those makes the others twice."""
    numbers = [{"number": f"312012{index:05d}"} for index in range(350)]
    bulk = {
        VAPI + "phone_numbers": {
            "trunk": "{{ t.sip_trunk.id }}",
            "number_e164_check_enabled": False,
            "numbers": numbers,
        },
        "register": "done",
    }
    trunk = {VAPI + "sip_trunk": {"name": "t", "gateways": [GATEWAY]}, "register": "t"}
    one = {VAPI + "phone_number": {"number": "+31201200007"}, "register": "one"}
    first = services.play([trunk, bulk])
    assert first.rc == 0, first.text
    writes = services.writes
    unchanged = {"ansible.builtin.assert": {"that": "done.summary.unchanged == 350"}}
    again = services.play([trunk, bulk, unchanged, {**bulk, "check_mode": True}, unchanged])
    assert (again.rc, again.changed, services.writes) == (0, 0, writes), again.text
    spelled = services.play([one], "--check")
    assert (spelled.rc, services.writes) == (0, writes), spelled.text
    assert len(services.sandbox("state")["vapi"]["phone_numbers"]) == 350
