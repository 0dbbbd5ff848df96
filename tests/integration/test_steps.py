# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point steps of the role integration: the same result as the module, one task for each kind of object."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from playing import ROOT
from test_main_job import environment

ROLE = "voiceops.vapi_didlogic.integration"
ACCOUNT = {"label": "Steps", "password": "not-a-real-password", "force": True}
TAGS = ("sip_account", "sip_trunk", "transfer_tools", "assistants", "phone_numbers", "forwards")
#: Environments that differ in each variable that a step evaluates.
VARIANTS: dict[str, dict[str, Any]] = {
    "as in the guide": {},
    "E.164": {"vapi_didlogic_number_format": "e164"},
    "private key": {"vapi_didlogic_inbound_uri": "private_key"},
    "SIP account": {"vapi_didlogic_sip_account": ACCOUNT},
    "TLS, outbound only, others": {
        "vapi_didlogic_trunk": {
            "name": "didlogic NL",
            "gateway": "sip.nl.didlogic.net",
            "protocol": "tls/srtp",
            "leading_plus": True,
        },
        "vapi_didlogic_numbers": [
            {"number": 31201234560, "assistant": "Reception", "others": "disable"},
            {"number": "+31 20 123 4561", "assistant": "Night", "inbound": False},
            {
                "number": "31201234562",
                "assistant": "Night",
                "fallback_destination": {"sip_uri": "sip:desk@pbx.example.org"},
            },
        ],
    },
}


def declared(variant: str) -> dict[str, Any]:
    found = environment(**VARIANTS[variant])
    if "vapi_didlogic_sip_account" in found:
        del found["vapi_didlogic_trunk"]["username"], found["vapi_didlogic_trunk"]["password"]
    return found


def run(services: Any, entry: str, *arguments: str, **variables: Any) -> Any:
    show = {"ansible.builtin.debug": {"var": "vapi_didlogic_result"}, "when": "vapi_didlogic_result is defined"}
    role = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": entry}}
    return services.play([role, {**show, "tags": "always"}], *arguments, **variables)


def state(services: Any) -> dict[str, Any]:
    """Everything in both services, without what differs between two runs of the same: ids, times, logins, secrets."""
    seen = services.sandbox("state")
    names = {row["id"]: str(row.get("name", row.get("number"))) for rows in seen["vapi"].values() for row in rows}
    names |= {row["name"]: str(row["label"]) for row in seen["sip_accounts"]}
    skipped = {"id", "createdAt", "updatedAt", "orgId"}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key not in skipped}
        if isinstance(value, list):
            return [plain(item) for item in value]
        for each, name in names.items():
            value = value.replace(each, f"<{name}>") if isinstance(value, str) else value
        return value

    numbers = {row["number"]: [list(each) for each in services.destinations(row["number"])] for row in seen["numbers"]}
    accounts = [row["label"] for row in seen["sip_accounts"]]
    # The module creates objects of a kind concurrently, in any order.
    vapi = {kind: sorted(map(plain, rows), key=json.dumps) for kind, rows in seen["vapi"].items()}
    found: dict[str, Any] = {"vapi": vapi, "numbers": plain(numbers), "accounts": accounts}
    return found


def lines(found: Any) -> list[str]:
    """One line for each value, so that a failure shows what differs."""
    return json.dumps(found, indent=1, sort_keys=True).splitlines()


@pytest.mark.parametrize("variant", VARIANTS)
def test_steps_equal_the_module(services: Any, variant: str) -> None:
    """The same objects; nothing in check mode or again; removed without a trace, by either on what the other made."""
    variables = declared(variant)
    bought = state(services)

    dry = run(services, "steps", "--check", **variables)
    assert dry.rc == 0, dry.text
    assert services.writes == 0
    assert "DRY RUN" in dry.out

    made = run(services, "steps", **variables)
    assert made.rc == 0, made.text
    by_steps = state(services)
    assert by_steps != bought

    services.sandbox("journal", "DELETE")
    results = []
    for entry in ("steps", "main"):
        again = run(services, entry, **variables)
        assert (again.rc, again.changed, services.writes) == (0, 0, 0), again.text
        assert "No changes needed. Current state:" in again.out
        results += re.findall(r'"vapi_didlogic_result": \{.*?\n    \}', again.out, re.DOTALL)
    of_steps, of_main = results
    assert of_steps == of_main

    down = run(services, "steps", "--check", **variables, vapi_didlogic_state="absent")
    assert (down.rc, services.writes) == (0, 0), down.text
    down = run(services, "steps", **variables, vapi_didlogic_state="absent")
    assert down.rc == 0, down.text
    removed = state(services)
    assert (removed["vapi"], removed["accounts"]) == (bought["vapi"], bought["accounts"])
    assert not [to for number in removed["numbers"].values() for to, _active in number if "sip.vapi.ai" in to]
    again = run(services, "steps", **variables, vapi_didlogic_state="absent")
    assert (again.rc, again.changed) == (0, 0), again.text

    services.renew()
    main = run(services, "main", **variables)
    assert main.rc == 0, main.text
    assert lines(state(services)) == lines(by_steps)
    secret = variables.get("vapi_didlogic_sip_account", variables["vapi_didlogic_trunk"]).get("password")
    for play in (dry, made, again, down, main):
        assert services.facts["vapi_api_key"] not in play.text
        assert not secret or secret not in play.text


def kinds(services: Any) -> dict[str, Any]:
    """What each step writes."""
    vapi = services.sandbox("state")["vapi"]
    return {
        "sip_account": state(services)["accounts"],
        "sip_trunk": len(vapi["credentials"]),
        "transfer_tools": len(vapi["tools"]),
        "assistants": len(vapi["assistants"]),
        "phone_numbers": len(vapi["phone_numbers"]),
        "forwards": sum(
            "sip.vapi.ai" in to for number in (560, 561) for to, _active in services.destinations(f"31201234{number}")
        ),
    }


@pytest.mark.parametrize("down", [False, True])
def test_tag_runs_one_step(services: Any, down: bool) -> None:
    """Each alone, in the order of the chain, and in reverse: it changes its own kind of object and no other."""
    variables = declared("SIP account")
    if down:
        assert run(services, "main", **variables).rc == 0
        variables["vapi_didlogic_state"] = "absent"
    for tag in reversed(TAGS) if down else TAGS:
        before = kinds(services)
        play = run(services, "steps", "--tags", tag, **variables)
        assert play.rc == 0, play.text
        after = kinds(services)
        assert [name for name in TAGS if after[name] != before[name]] == [tag], play.text
    verified = run(services, "steps", "--tags", "verify", **variables)
    assert (verified.rc, verified.changed) == (0, 0), verified.text


@pytest.mark.parametrize("tag", ["", TAGS[-1], "verify"])
def test_errors_are_reported_before_any_step(services: Any, tag: str) -> None:
    """A misspelt variable, a wrong value and a missing confirmation of SIP REFER, with any tag."""
    arguments = ("--tags", tag) if tag else ()
    for wrong, message in (
        ({"vapi_didlogic_trunc": {}}, "did you mean vapi_didlogic_trunk?"),
        ({"vapi_didlogic_numbers": [{"number": "0"}]}, "vapi_didlogic_numbers[0].number"),
        ({"vapi_didlogic_sip_refer_enabled": False}, "vapi_didlogic_sip_refer_enabled"),
    ):
        play = run(services, "steps", *arguments, **{**environment(), **wrong})
        assert play.rc == 2, play.text
        assert message in play.text
    assert services.writes == 0


def test_difference_fails_the_verification(services: Any) -> None:
    """Somebody changed an object after the steps; a repetition of the step corrects it."""
    variables = environment()
    assert run(services, "steps", **variables).rc == 0
    (night,) = [row for row in services.sandbox("state")["vapi"]["assistants"] if row["name"] == "Night"]
    services.vapi("PATCH", f"/assistant/{night['id']}", {"firstMessage": "Changed"})
    failed = run(services, "steps", "--tags", "verify", **variables)
    assert failed.rc == 2, failed.text
    assert "these objects differ from the declaration: Night." in failed.out
    assert run(services, "steps", "--tags", "assistants", **variables).changed == 1
    assert run(services, "steps", "--tags", "verify", **variables).rc == 0


def test_every_step_is_documented() -> None:
    """The tags of the tasks are those of the guide."""
    for file in ("present", "absent"):
        tasks = yaml.safe_load((ROOT / f"roles/integration/tasks/steps/{file}.yml").read_text())
        found = list(dict.fromkeys(task["tags"] for task in tasks))
        assert found == list(TAGS if file == "present" else reversed(TAGS))
