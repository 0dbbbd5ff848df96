# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job as a user does it: dry run, run, second run, change, take down."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import threading
from typing import Any

import pytest

FORMER = [("01234", True), ("31201234599", True)]


def environment(**more: Any) -> dict[str, Any]:
    """An environment file like the guide's."""
    return {
        "vapi_didlogic_sip_refer_enabled": True,
        "vapi_didlogic_trunk": {
            "name": "didlogic NL",
            "gateway": "sip.nl.didlogic.net",
            "protocol": "tcp",
            "username": "01234",
            "password": secrets.token_hex(12),
            "inbound_networks": ["192.0.2.0/28"],
        },
        "vapi_didlogic_transfer_tools": [
            {
                "name": "to_the_desk",
                "description": "Hands the caller to the front desk.",
                "destinations": [{"number": "+31201234562", "via": "sip", "message": "One moment."}],
            }
        ],
        "vapi_didlogic_assistants": [
            {
                "name": "Reception",
                "definition": {"firstMessage": "Hello", "model": {"provider": "openai", "model": "gpt-4o"}},
                "tools": ["to_the_desk"],
            },
            {"name": "Night", "definition": {"firstMessage": "We are closed."}},
        ],
        "vapi_didlogic_numbers": [
            {"number": "+31201234560", "name": "Main", "assistant": "Reception"},
            {"number": "+31201234561", "assistant": "Night"},
        ],
        **more,
    }


@pytest.mark.each_version
def test_environment_lifecycle(services: Any) -> None:
    declared = environment()
    password = declared["vapi_didlogic_trunk"]["password"]
    before = services.sandbox("state")

    dry = services.play("voiceops.vapi_didlogic.integrate", "--check", "--diff", **declared)
    assert dry.rc == 0, dry.text
    assert services.writes == 0
    assert services.sandbox("state") == before
    assert "(known after apply)" in dry.out
    for planned in ("didlogic NL", "to_the_desk", "Reception", "Night", "31201234560", "31201234561"):
        assert planned in dry.out

    run = services.play("voiceops.vapi_didlogic.integrate", "--diff", **declared)
    assert run.rc == 0, run.text
    assert run.changed == dry.changed
    (trunk,) = services.sandbox("state")["vapi"]["credentials"]
    host = f"{trunk['id']}.sip.vapi.ai"
    assert services.destinations("31201234560") == [(f"31201234560@{host}", True), *FORMER]
    assert services.destinations("31201234561") == [(f"31201234561@{host}", True)]
    assert services.destinations("31201234562") == []
    for number in ("31201234560", "31201234561"):
        assert f"{number}@{host}" in run.out, "the report names the inbound URI"

    done = services.writes
    second = services.play("voiceops.vapi_didlogic.integrate", **declared)
    assert (second.rc, second.changed, services.writes) == (0, 0, done), second.text

    down_dry = services.play("voiceops.vapi_didlogic.teardown", "--check", **declared)
    assert (down_dry.rc, services.writes) == (0, done), down_dry.text
    down = services.play("voiceops.vapi_didlogic.teardown", **declared)
    assert down.rc == 0, down.text
    left = services.sandbox("state")["vapi"]
    assert [left[kind] for kind in ("credentials", "tools", "assistants", "phone_numbers")] == [[], [], [], []]
    assert services.destinations("31201234560") == FORMER
    again = services.play("voiceops.vapi_didlogic.teardown", **declared)
    assert (again.rc, again.changed) == (0, 0), again.text

    everything = "".join(play.text for play in (dry, run, second, down_dry, down, again))
    for secret in (password, services.facts["vapi_api_key"], services.facts["didlogic_api_key"]):
        assert secret not in everything


def test_check_mode_probe_sends_no_unknown_login(services: Any) -> None:
    """The login that the run would make is not known yet, so the gateway is only asked whether it answers."""
    heard: list[str] = []

    def answer(gateway: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                request, sender = gateway.recvfrom(65535)
                first, *headers = request.decode().split("\r\n")
                heard.append(first.split(" ")[0])
                kept = [line for line in headers if line.lower().startswith(("via", "from", "to", "call-id", "cseq"))]
                gateway.sendto("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode(), sender)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind(("127.0.0.1", 0))
        threading.Thread(target=answer, args=(gateway,), daemon=True).start()
        trunk = {"name": "didlogic NL", "gateway": "127.0.0.1", "port": gateway.getsockname()[1]}
        dry = services.play(
            "voiceops.vapi_didlogic.integrate",
            "--check",
            **environment(
                vapi_didlogic_trunk=trunk,
                vapi_didlogic_sip_account={"label": "new", "password": secrets.token_hex(12)},
                vapi_didlogic_verify_sip=True,
            ),
        )
    assert dry.rc == 0, dry.text
    assert set(heard) == {"OPTIONS"}


@pytest.mark.parametrize("check", [(), ("--check",)])
def test_failed_probe_is_in_the_first_line_of_the_report(services: Any, check: tuple[str, ...]) -> None:
    """The probe comes after everything was written; nothing listens on the port of this gateway."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as closed:
        closed.bind(("127.0.0.1", 0))
        trunk = environment()["vapi_didlogic_trunk"] | {"gateway": "127.0.0.1", "port": closed.getsockname()[1]}
        play = services.play(
            "voiceops.vapi_didlogic.integrate",
            *check,
            **environment(vapi_didlogic_trunk=trunk, vapi_didlogic_verify_sip=True),
        )
    assert play.rc == 2, play.text
    report = play.out[play.out.rindex("TASK [voiceops.vapi_didlogic.integration : Show the report]") :]
    lines = [line.strip().strip('",') for line in report.splitlines()]
    first = next(index for index, line in enumerate(lines) if line.startswith("Verification failed: "))
    assert "msg" in lines[first - 1], report
    assert "127.0.0.1" in lines[first + 1], report
    assert str(trunk["port"]) in lines[first + 1], report
    assert lines[first + 2] == "Current state:", report
    assert "Changes applied." not in report
    assert ("DRY RUN" in lines[first + 3]) == bool(check), report


def test_private_key_in_uri_is_replaced(services: Any) -> None:
    """didlogic's guide puts the private key into the URI; the default replaces it, and shows it nowhere."""
    declared = environment(vapi_didlogic_transfer_tools=[], vapi_didlogic_assistants=[{"name": "Night"}])
    declared["vapi_didlogic_numbers"] = [{"number": "+31201234560", "assistant": "Night"}]
    key = services.facts["vapi_api_key"]

    guide = services.play(
        "voiceops.vapi_didlogic.integrate", "--diff", **declared, vapi_didlogic_inbound_uri="private_key"
    )
    assert guide.rc == 0, guide.text
    assert services.destinations("31201234560") == [(f"31201234560@{key}.sip.vapi.ai", True), *FORMER]
    assert "forbids" in guide.text

    healed = services.play("voiceops.vapi_didlogic.integrate", "--diff", **declared)
    assert healed.rc == 0, healed.text
    (trunk,) = services.sandbox("state")["vapi"]["credentials"]
    assert services.destinations("31201234560") == [(f"31201234560@{trunk['id']}.sip.vapi.ai", True), *FORMER]
    assert key not in guide.text + healed.text


def test_e164_spelling_matches_both_services(services: Any) -> None:
    declared = environment(vapi_didlogic_number_format="e164")
    run = services.play("voiceops.vapi_didlogic.integrate", **declared)
    assert run.rc == 0, run.text
    numbers = services.sandbox("state")["vapi"]["phone_numbers"]
    assert sorted(item["number"] for item in numbers) == ["+31201234560", "+31201234561"]
    assert services.destinations("31201234561")[0][0].startswith("+31201234561@")


BAD = {
    "REFER was not confirmed": ({"vapi_didlogic_sip_refer_enabled": False}, "account manager"),
    "a number that is none": ({"vapi_didlogic_numbers": [{"number": "0201234", "assistant": "Night"}]}, "number"),
    "one number twice": (
        {"vapi_didlogic_numbers": [{"number": n, "assistant": "Night"} for n in ("31201234560", "+31201234560")]},
        "same number",
    ),
    "two targets": (
        {"vapi_didlogic_numbers": [{"number": "+31201234560", "assistant": "Night", "squad": "x"}]},
        "assistant",
    ),
    "a name of 41 characters": (
        {"vapi_didlogic_numbers": [{"number": "+31201234560", "assistant": "Night", "name": "n" * 41}]},
        "40",
    ),
    "an assistant nobody declares": (
        {"vapi_didlogic_numbers": [{"number": "+31201234560", "assistant": "Nobody"}]},
        "Nobody",
    ),
    "a tool nobody declares": (
        {
            "vapi_didlogic_assistants": [{"name": "Night", "tools": ["none_such"]}],
            "vapi_didlogic_numbers": [{"number": "+31201234560", "assistant": "Night"}],
        },
        "none_such",
    ),
}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("case", BAD)
def test_invalid_environment_writes_nothing(untouched: Any, case: str) -> None:
    more, word = BAD[case]
    bad = untouched.play("voiceops.vapi_didlogic.integrate", **environment(**more))
    assert bad.rc != 0
    assert untouched.writes == 0
    assert word in bad.failure, bad.text
    assert "Traceback" not in bad.text


def test_policy_in_a_file_is_a_condition_of_the_run(services: Any) -> None:
    """The file and the plan lie in the folder in which ansible-playbook was started."""
    (services.folder / "policy.yml").write_text("- no-failover\n- not-first\n")
    declared = environment(vapi_didlogic_policy=["policy.yml"])
    dry = services.play("voiceops.vapi_didlogic.integrate", "--check", vapi_didlogic_plan_file="plan.json", **declared)
    assert (dry.rc, services.writes) == (2, 0), dry.text
    assert "The planned state violates the policy." in dry.failure
    assert "no-failover: number 31201234561: " in dry.failure
    plan = json.loads((services.folder / "plan.json").read_text())
    assert {change["kind"] for change in plan["changes"]} >= {"phone_number", "forward"}
    wrong = services.play("voiceops.vapi_didlogic.integrate", **declared | {"vapi_didlogic_policy": ["no-failver"]})
    assert 'vapi_didlogic_policy[0] ("no-failver"): is not a check; did you mean no-failover?' in wrong.failure
    for number in declared["vapi_didlogic_numbers"]:
        number["failover"] = ["31201234599"]
    done = services.play("voiceops.vapi_didlogic.integrate", **declared)
    assert (done.rc, bool(services.writes)) == (0, True), done.text
