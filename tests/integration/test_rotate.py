# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP password is rotated with no call lost, and an interrupted rotation is finished by the next run."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

NUMBERS = ("31201234560", "31201234561")


def environment(login: str) -> dict[str, Any]:
    """``label``: the role manages the SIP account; ``declared``: the login is written down."""
    trunk: dict[str, Any] = {"name": "didlogic", "gateway": "sip.nl.didlogic.net"}
    found: dict[str, Any] = {
        "vapi_didlogic_trunk": trunk,
        "vapi_didlogic_assistants": [{"name": "Night", "definition": {"firstMessage": "We are closed."}}],
        "vapi_didlogic_numbers": [{"number": number, "assistant": "Night"} for number in NUMBERS],
    }
    if login == "label":
        found["vapi_didlogic_sip_account"] = {"label": "Vapi", "password": secrets.token_hex(10)}
    else:
        trunk |= {"username": login, "password": secrets.token_hex(10)}
    return found


def renewed(declared: dict[str, Any]) -> dict[str, Any]:
    """The same environment with a new password."""
    key = "vapi_didlogic_sip_account" if "vapi_didlogic_sip_account" in declared else "vapi_didlogic_trunk"
    return {**declared, key: {**declared[key], "password": secrets.token_hex(10)}}


def broken(services: Any) -> list[str]:
    """Why a call would not get through now: inbound by any destination of the number, outbound by its trunk's login."""
    state = services.sandbox("state")
    phones = {item["number"]: item for item in state["vapi"]["phone_numbers"]}
    trunks = {item["id"]: item for item in state["vapi"]["credentials"]}
    logins = {item["name"] for item in state["sip_accounts"]}
    found = []
    for number in NUMBERS:
        trunk = phones[number]["credentialId"]
        uri = f"{number}@{trunk}.sip.vapi.ai"
        if trunk not in trunks or (uri, True) not in services.destinations(number):
            found.append(f"{number} is not reached")
        elif trunks[trunk]["outboundAuthenticationPlan"]["authUsername"] not in logins:
            found.append(f"{number} can not call")
    return found


def finished(services: Any, former: dict[str, Any]) -> None:
    """One trunk under the name, another than before; both numbers on it; one SIP account under the label."""
    state = services.sandbox("state")
    (trunk,) = state["vapi"]["credentials"]
    assert trunk["name"] == "didlogic"
    assert trunk["id"] != former["id"]
    assert {item["credentialId"] for item in state["vapi"]["phone_numbers"]} == {trunk["id"]}
    assert broken(services) == []
    for number in NUMBERS:
        assert not [place for place, _active in services.destinations(number) if former["id"] in place]
    assert [item["label"] for item in state["sip_accounts"] if item["label"].startswith("Vapi")] in ([], ["Vapi"])


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("login", ["label", "01234"])
def test_rotation_replaces_the_password_in_both_services(services: Any, login: str) -> None:
    declared = environment(login)
    if login != "label":
        seed = {"sip_accounts": [{"name": login, "label": "by hand", "password": secrets.token_hex(8)}]}
        services.sandbox("seed", "POST", seed)
    made = services.play("voiceops.vapi_didlogic.integrate", **declared)
    assert made.rc == 0, made.text
    (former,) = services.sandbox("state")["vapi"]["credentials"]
    former_login = former["outboundAuthenticationPlan"]["authUsername"]
    register = {"domain": "sip.nl.didlogic.net", "username": former_login, "realm": "realm.example"}
    settings = {"outboundLeadingPlusEnabled": True, "techPrefix": "99", "sipDiversionHeader": "diversion"}
    authentication = {"authUsername": former_login, "authPassword": secrets.token_hex(8), "sipRegisterPlan": register}
    change = {"provider": "byo-sip-trunk", **settings, "outboundAuthenticationPlan": authentication}
    services.vapi("PATCH", f"/credential/{former['id']}", change)
    declared = renewed(declared)

    done = services.writes
    dry = services.play("voiceops.vapi_didlogic.rotate_sip_password", "--check", "--diff", **declared)
    assert (dry.rc, services.writes) == (0, done), dry.text
    assert "(next)" in dry.out
    assert "no active destination" not in dry.text

    run = services.play("voiceops.vapi_didlogic.rotate_sip_password", "--diff", **declared)
    assert run.rc == 0, run.text
    finished(services, former)
    assert "no active destination" not in run.text
    (trunk,) = services.sandbox("state")["vapi"]["credentials"]
    assert {name: trunk.get(name) for name in settings} == settings, "what the file does not declare stays"
    new_login = trunk["outboundAuthenticationPlan"]["authUsername"]
    assert trunk["outboundAuthenticationPlan"]["sipRegisterPlan"] == {**register, "username": new_login}
    key = "vapi_didlogic_sip_account" if login == "label" else "vapi_didlogic_trunk"
    assert declared[key]["password"] not in dry.text + run.text

    done = services.writes
    after = services.play("voiceops.vapi_didlogic.integrate", **declared)
    assert (after.rc, after.changed, services.writes) == (0, 0, done), after.text


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("write", [3, 11])
def test_next_run_completes_an_interrupted_rotation(services: Any, write: int) -> None:
    """A sample with the playbook; ``tests/robustness/rotation.py`` interrupts the module at every request."""
    declared = environment("label")
    made = services.play("voiceops.vapi_didlogic.integrate", **declared)
    assert made.rc == 0, made.text
    declared = renewed(declared)
    (former,) = services.sandbox("state")["vapi"]["credentials"]
    # From this write on nothing reaches the services, as if the run had been killed.
    services.faults({"kind": "refuse", "match": {"method": "WRITE"}, "nth": write, "times": None})
    stopped = services.play("voiceops.vapi_didlogic.rotate_sip_password", **declared)
    assert broken(services) == []
    services.faults()
    assert stopped.rc != 0
    assert "Traceback" not in stopped.text
    assert "FAILED. State when the error occurred:" in stopped.out
    again = services.play("voiceops.vapi_didlogic.rotate_sip_password", **declared)
    assert again.rc == 0, again.text
    finished(services, former)
