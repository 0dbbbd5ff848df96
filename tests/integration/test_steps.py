# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point steps of the role integration: the same result as the module, one task for each kind of object."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

import pytest
import yaml
from playing import ROOT, SEED, wired
from test_main_job import environment

ROLE = "voiceops.vapi_didlogic.integration"
TAGS = ("sip_account", "sip_trunk", "transfer_tools", "assistants", "phone_numbers", "forwards")
#: The kinds of what is removed, in their order.
REMOVED = ("forwards", "phone_numbers", "transfer_tools", "assistants", "sip_trunk", "sip_account")
MODEL = {"provider": "openai", "model": "gpt-4o"}
#: Environments that differ in each variable that a step evaluates, and their values after a change of the file.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "guide, then E.164": ({"prune": True}, {"prune": True, "number_format": "e164"}),
    "private key and SIP account, then trunk id": (
        {
            "prune": True,
            "number_format": "e164",
            "inbound_uri": "private_key",
            "sip_account": {"label": "Steps", "force": True},
        },
        {
            "prune": True,
            "number_format": "e164",
            "sip_account": {"label": "Steps", "force": True, "max_channels": 5},
            "others": "disable",
            "tools_mode": "replace",
        },
    ),
    "TLS, then private key without prune": (
        {"protocol": "tls/srtp", "others": "disable"},
        {"protocol": "tls/srtp", "inbound_uri": "private_key", "others": "remove", "inbound": False},
    ),
}


def declared(case: str, password: str, *, changed: bool) -> dict[str, Any]:
    """The variables of an environment, as it is deployed or after a change of every kind.

    The change renames, creates, removes by entry, removes from the file, detaches, and orders failover destinations.
    """
    options = dict(CASES[case][changed])
    trunk = {
        "name": "didlogic NL",
        "gateway": "sip.nl.didlogic.net",
        "protocol": options.pop("protocol", "udp"),
        "inbound_networks": ["192.0.2.0/28"],
    }
    account = options.pop("sip_account", None)
    if account:
        account["password"] = password
    else:
        trunk |= {"username": "01234", "password": password}
    others, mode = options.pop("others", "keep"), options.pop("tools_mode", "append")
    inbound = options.pop("inbound", True)
    desk = {"name": "to_the_desk", "destinations": [{"number": "+31201234562", "via": "sip", "message": "One moment."}]}
    reception = {
        "name": "Reception",
        "definition": {"firstMessage": "Hello", "model": MODEL},
        "tools": ["to_the_desk", "other"],
    }
    if changed:
        trunk |= {"name": "didlogic EU", "former_names": ["older", "didlogic NL"]}
        desk |= {"name": "to_reception", "former_names": ["to_the_desk"]}
        reception |= {
            "name": "Front desk",
            "former_names": ["Reception"],
            "tools": ["to_reception", "new"],
            "tools_mode": mode,
        }
        tools = [{"name": "spare", "state": "absent"}, desk, {"name": "other"}, {"name": "new"}]
        assistants = [{"name": "Night", "state": "absent"}, reception, {"name": "New", "definition": {"model": MODEL}}]
        numbers = [
            {"number": "31201234561", "state": "absent"},
            {
                "number": "+31 20 123 4560",
                "assistant": "Front desk",
                "failover": ["+31201234598", "sip:desk@pbx.example.com"],
                "others": others,
            },
            {"number": 31201234563, "assistant": "New", "inbound": inbound},
        ]
    else:
        tools = [desk, {"name": "other"}, {"name": "spare"}, {"name": "dropped"}]
        assistants = [
            reception,
            {"name": "Night", "definition": {"model": MODEL}, "tools": ["spare"]},
            {"name": "Dropped", "definition": {"model": MODEL}, "tools": ["dropped"]},
        ]
        numbers = [
            {"number": "+31201234560", "name": "Main", "assistant": "Reception", "others": others},
            {
                "number": "31201234561",
                "assistant": "Night",
                "fallback_destination": {"sip_uri": "sip:desk@pbx.example.org"},
            },
            {"number": "31201234562", "assistant": "Dropped"},
        ]
    return {
        "vapi_didlogic_sip_refer_enabled": True,
        "vapi_didlogic_trunk": trunk,
        **({"vapi_didlogic_sip_account": account} if account else {}),
        "vapi_didlogic_transfer_tools": tools,
        "vapi_didlogic_assistants": assistants,
        "vapi_didlogic_numbers": numbers,
        **{f"vapi_didlogic_{name}": value for name, value in options.items()},
    }


def run(services: Any, entry: str, *arguments: str, **variables: Any) -> Any:
    show = {"ansible.builtin.debug": {"var": "vapi_didlogic_result"}, "when": "vapi_didlogic_result is defined"}
    role = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": entry}}
    return services.play([role, {**show, "tags": "always"}], *arguments, **variables)


def begin(services: Any) -> None:
    """A number more than the other tests have."""
    services.renew()
    services.sandbox("reset", "POST", {**SEED, "numbers": [*SEED["numbers"], "31201234563"]})


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


def converged(services: Any, **variables: Any) -> None:
    """Neither the steps nor the module change anything, and both return the same."""
    writes, results = services.writes, []
    for entry in ("steps", "main"):
        again = run(services, entry, **variables)
        assert (again.rc, again.changed, services.writes) == (0, 0, writes), again.text
        assert "No changes needed. Current state:" in again.out
        results += re.findall(r'"vapi_didlogic_result": \{.*?\n    \}', again.out, re.DOTALL)
    of_steps, of_main = results
    assert of_steps == of_main


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("case", CASES)
def test_steps_equal_the_module(services: Any, case: str) -> None:
    """The same objects after a deployment and after a change; nothing in check mode or again; removed completely."""
    password = secrets.token_hex(12)
    begin(services)
    bought, seen, plays = state(services), [], []
    for changed in (False, True):
        variables = declared(case, password, changed=changed)
        writes = services.writes
        dry = run(services, "steps", "--check", "--diff", **variables)
        assert (dry.rc, services.writes) == (0, writes), dry.text
        assert "DRY RUN" in dry.out
        made = run(services, "steps", **variables)
        assert (made.rc, made.changed) == (0, dry.changed), made.text
        seen.append(lines(state(services)))
        plays += [dry, made]
    converged(services, **variables)

    if variables.get("vapi_didlogic_prune"):  # otherwise a number that is no longer declared uses the trunk
        down = run(services, "steps", **variables, vapi_didlogic_state="absent")
        assert down.rc == 0, down.text
        writes = services.writes
        again = run(services, "steps", **variables, vapi_didlogic_state="absent")
        assert (again.rc, again.changed, services.writes) == (0, 0, writes), again.text
        left = state(services)
        assert (left["vapi"], left["accounts"]) == (bought["vapi"], bought["accounts"])
        assert not [to for number in left["numbers"].values() for to, _active in number if "sip.vapi.ai" in to]
        plays += [down, again]

    begin(services)
    for changed, found in zip((False, True), seen, strict=True):
        main = run(services, "main", **declared(case, password, changed=changed))
        assert main.rc == 0, main.text
        assert lines(state(services)) == found
    for play in (*plays, main):
        assert services.facts["vapi_api_key"] not in play.text
        assert password not in play.text


def kinds(services: Any) -> dict[str, Any]:
    """What each step writes, without the references between the kinds."""
    seen = state(services)
    vapi = seen["vapi"]
    return {
        "sip_account": services.sandbox("state")["sip_accounts"],
        "sip_trunk": vapi["credentials"],
        "transfer_tools": [row["function"]["name"] for row in vapi["tools"]],
        "assistants": [(row["name"], row.get("firstMessage")) for row in vapi["assistants"]],
        "phone_numbers": [row["number"] for row in vapi["phone_numbers"]],
        "forwards": seen["numbers"],
    }


def test_tag_runs_one_step(services: Any) -> None:
    """Each alone: to deploy, to change and to remove; it changes its own kind of object and no other."""
    begin(services)
    case, password = "private key and SIP account, then trunk id", secrets.token_hex(12)
    before, changed = (declared(case, password, changed=changed) for changed in (False, True))
    changed["vapi_didlogic_numbers"][2]["assistant"] = "Front desk"  # exists before its step
    # Objects are removed after those that use them.
    in_change = ("sip_account", "sip_trunk", "transfer_tools", "forwards", "phone_numbers", "assistants")
    gone = {**changed, "vapi_didlogic_state": "absent"}
    for variables, tags in ((before, TAGS), (changed, in_change), (gone, REMOVED)):
        for tag in tags:
            there = kinds(services)
            play = run(services, "steps", "--tags", tag, **variables)
            assert play.rc == 0, play.text
            after = kinds(services)
            assert [name for name in TAGS if after[name] != there[name]] == [tag], play.text
        verified = run(services, "steps", "--tags", "verify", **variables)
        assert (verified.rc, verified.changed) == (0, 0), verified.text


def test_change_in_check_mode_fails_if_it_is_required_to(services: Any) -> None:
    variables = {**environment(), "vapi_didlogic_fail_on_change": True}
    drift = run(services, "steps", "--check", **variables)
    assert (drift.rc, services.writes) == (2, 0), drift.text
    assert "drift:" in drift.failure
    assert run(services, "steps", **variables).rc == 0
    assert run(services, "steps", "--check", **variables).rc == 0


@pytest.mark.exhaustive(3)
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


def test_limit_of_a_run_applies_to_the_steps(services: Any) -> None:
    """Before the first step; a dry run reports it and succeeds."""
    numbers = [f"312012346{number:02}" for number in range(10)]
    services.sandbox("reset", "POST", wired(*numbers))
    assistants = [{"name": "Night"}]
    base = {**environment(), "vapi_didlogic_assistants": assistants, "vapi_didlogic_prune": True}
    del base["vapi_didlogic_numbers"]
    base["vapi_didlogic_trunk"] = {**base["vapi_didlogic_trunk"], "name": "didlogic"}
    kept = [{"number": number, "assistant": "Night", "inbound": False} for number in numbers[:5]]
    writes = services.writes
    dry = run(services, "steps", "--check", **base, vapi_didlogic_numbers=kept)
    assert dry.rc == 0, dry.text
    assert "The run would stop before its first change" in dry.text
    refused = run(services, "steps", **base, vapi_didlogic_numbers=kept)
    assert (refused.rc, services.writes) == (2, writes), refused.text
    assert "vapi_didlogic_max_delete_percent" in refused.failure
    allowed = run(services, "steps", **base, vapi_didlogic_numbers=kept, vapi_didlogic_max_delete_percent=50)
    assert allowed.rc == 0, allowed.text
    assert len(services.sandbox("state")["vapi"]["phone_numbers"]) == 5


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
    for file, tags in (("present", TAGS), ("removed", REMOVED)):
        tasks = yaml.safe_load((ROOT / f"roles/integration/tasks/steps/{file}.yml").read_text())
        assert list(dict.fromkeys(task["tags"] for task in tasks)) == list(tags)
