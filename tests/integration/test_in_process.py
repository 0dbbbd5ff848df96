# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module run in the controller's process answers as one that runs by itself, to the byte."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.unit import test_ansible_internals, test_in_process

# These run on each version of ansible-core.
test_missing_private_name_is_reported = test_ansible_internals.test_missing_private_name_is_reported
test_other_format_of_packed_module_is_reported = test_ansible_internals.test_other_format_of_packed_module_is_reported
test_task_has_an_id = test_ansible_internals.test_task_has_an_id
test_installed_ansible_core_has_every_private_name = (
    test_ansible_internals.test_installed_ansible_core_has_every_private_name
)
test_a_module_reports_its_progress = test_in_process.test_module_reports_progress_to_the_action_plugin
test_every_method_that_is_replaced_is_listed = test_in_process.test_replaced_ansible_methods_are_listed

V = "voiceops.vapi_didlogic."
MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
NUMBER = "31201234560"
TRUNK = {
    "name": "didlogic",
    "gateways": [
        {"ip": "sip.nl.didlogic.net", "inbound_enabled": False},
        {"ip": "192.0.2.1", "outbound_enabled": False},
    ],
    "username": "01234",
}


def tasks(key: str) -> list[tuple[str, dict[str, Any]]]:
    """What every module is asked: things that stand, things that would change, and things that fail."""
    call = {"assistant": "Night", "phone_number": NUMBER, "customer": {"number": "+31612340001"}}
    phone = {"number": NUMBER, "trunk": "didlogic", "assistant": "Night", "number_e164_check_enabled": False}
    trunk = {"name": "didlogic", "gateway": "sip.nl.didlogic.net", "password": key, "username": "01234"}
    run = {"trunk": trunk, "assistants": [{"name": "Night"}], "numbers": [{"number": NUMBER, "assistant": "Night"}]}
    return [
        ("vapi_sip_trunk", TRUNK),
        ("vapi_sip_trunk", {**TRUNK, "tech_prefix": "9"}),
        ("vapi_sip_trunk", {"name": "new", "gateways": [{"ip": "sip.nl.didlogic.net"}]}),
        ("vapi_sip_trunk", {"name": "x" * 50, "password": key}),
        ("vapi_sip_trunk", {"name": "didlogic", "state": "absent"}),
        ("vapi_sip_trunk_info", {"validate_certs": False}),
        ("vapi_sip_trunk_info", {"api_key": key}),
        ("vapi_sip_trunk_info", {"api_url": "http://127.0.0.1:1", "retry_timeout": 0}),
        ("vapi_assistant", {"name": "Night", "definition": {"firstMessage": "Changed"}}),
        ("vapi_assistant", {"name": "Night", "definition": "no dict"}),
        ("vapi_assistant_info", {"no_such_option": 1}),
        ("vapi_phone_number", phone),
        ("vapi_phone_number", {"number": "31209999999", "trunk": "no such trunk"}),
        ("vapi_phone_numbers", {"numbers": [phone, {**phone, "number": "31201234569"}]}),
        ("vapi_phone_numbers", {"numbers": [{**phone, "assistant": "no one"}, phone]}),
        ("vapi_phone_number_info", {}),
        ("vapi_transfer_tool", {"name": "human", "destinations": [{"number": "+31612340001"}]}),
        ("vapi_transfer_tool_info", {}),
        ("didlogic_forward", {"number": NUMBER, "vapi_private_key": key}),
        ("didlogic_forward", {"number": "31200000000", "destination": "01234"}),
        ("didlogic_forwards", {"forwards": [{"number": NUMBER, "destination": "01234"}]}),
        ("didlogic_number_info", {}),
        ("didlogic_sip_account", {"label": "new", "password": key}),
        ("didlogic_sip_account_info", {}),
        ("didlogic_account_info", {}),
        ("didlogic_call_info", {}),
        ("vapi_call", call),
        ("vapi_call", {**call, "customer": {"number": "12"}}),
        ("vapi_call_info", {}),
        (
            "call_log",
            {**dict.fromkeys(("created_after", "created_before"), "2026-01-02T03:04:05Z"), "dest": "log.html"},
        ),
        ("call_log", {"dest": "/nowhere/log.html", "created_after": "2026-01-02T03:04:05Z"}),
        ("vapi_campaign", {"name": "Many", **{n: call[n] for n in ("assistant", "phone_number")}, "csv": "/nowhere"}),
        ("vapi_campaign_info", {}),
        ("routing_audit", {"fail_on": "warning"}),
        ("sip_probe", {"host": "127.0.0.1", "port": 1, "transport": "tcp"}),
        ("integration", run),
        ("integration", {**run, "numbers": [{"number": "1"}, {"number": NUMBER, "name": "n" * 50}]}),
        ("integration", {**run, "inbound_uri": "private_key", "state": "absent"}),
        ("integration_info", {}),
    ]


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("part", range(3))
def test_in_process_execution_equals_forked_execution(services: Any, part: int) -> None:
    made = services.play(
        [
            {V + "vapi_sip_trunk": {**TRUNK, "password": secrets.token_hex(8)}},
            {V + "vapi_assistant": {"name": "Night", "definition": {"firstMessage": "We are closed."}}},
            {
                V + "vapi_phone_number": {
                    "number": NUMBER,
                    "trunk": "didlogic",
                    "assistant": "Night",
                    "number_e164_check_enabled": False,
                }
            },
        ]
    )
    assert made.rc == 0, made.text
    todo, details = [], []
    for index, (module, options) in enumerate(tasks(secrets.token_hex(12))[part::3]):
        name = f"r{index:02}"
        todo.append({"name": name, V + module: options, "register": name, "ignore_errors": True})
        details.append(name)
    # A registered result is what a playbook gets, all of it.
    todo.append(
        {
            "name": "told",
            "ansible.builtin.copy": {
                "content": "{{ %s | to_nice_json }}" % ("[" + ", ".join(details) + "]"),
                "dest": "{{ file }}",
            },
            "check_mode": False,
        }
    )
    results = {}
    for inside in (False, True):
        file = services.folder / f"inside {inside}.json"
        done = services.play(todo, "--check", "--diff", vapi_didlogic_in_process=inside, file=str(file))
        assert done.rc == 0, done.text
        results[inside] = json.loads(file.read_text())
        for plan in [result["plan"] for result in results[inside] if "plan" in result]:
            plan["created_at"] = ""
    for (module, options), alone, inside in zip(tasks("")[part::3], results[False], results[True], strict=True):
        assert inside == alone, f"{module} {options}"
    failed = [result for result in results[True] if result.get("failed")]
    assert 3 < len(failed) < len(results[True]) - 3, "both kinds are compared"


@pytest.mark.each_version
def test_every_module_runs_in_process_by_full_and_short_name(services: Any) -> None:
    """Without options most of them fail, which ends no play."""
    modules = sorted(path.stem for path in MODULES.glob("[a-z]*.py") if path.stem != "report_file")
    full = [{V + name: {}, "ignore_errors": True} for name in modules]
    short = [{name: {}, "ignore_errors": True, "collections": [V[:-1]]} for name in modules]
    for todo in (full, short):
        done = services.play(todo, "-vvv", "--check")
        assert done.rc == 0, done.text
        assert [name for name in modules if f"{name} (in this process)" not in done.out] == []


@pytest.mark.each_version
def test_module_defaults_reach_modules_with_a_shared_action_plugin(services: Any) -> None:
    """Each has the defaults of its own group and of itself, and no other: it names those options."""
    expected = {
        "vapi_assistant_info": ["of_vapi"],
        "vapi_sip_trunk_info": ["of_vapi", "own"],
        "vapi_squad": ["of_vapi"],
        "didlogic_number_info": ["of_didlogic"],
        "integration_info": ["of_integration"],
    }
    defaults: dict[str, Any] = {f"group/{V}{name}": {f"of_{name}": 1} for name in ("vapi", "didlogic", "integration")}
    defaults[V + "vapi_sip_trunk_info"] = {"own": 1}
    todo: list[dict[str, Any]] = [
        {V + name: {}, "module_defaults": defaults, "ignore_errors": True, "register": name} for name in expected
    ]
    file = services.folder / "messages.json"
    copy = {"content": "{{ [" + ", ".join(f"{name}.msg" for name in expected) + "] | to_json }}", "dest": str(file)}
    done = services.play([*todo, {"ansible.builtin.copy": copy}])
    assert done.rc == 0, done.text
    found = [re.findall(r"\b(?:of_\w+|own)\b", message.partition("Supported")[0]) for message in read(file)]
    assert found == list(expected.values())


def read(file: Path) -> list[str]:
    found: list[str] = json.loads(file.read_text())
    return found


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(
    ("keywords", "inside"),
    [
        ({}, True),
        ({"vars": {"vapi_didlogic_in_process": False}}, False),
        ({"environment": {"SOMETHING": "else"}}, False),
        ({"vars": {"ansible_python_interpreter": "/usr/bin/env python3"}}, False),
        ({"become": True, "become_method": "ansible.builtin.sudo", "become_exe": "/bin/false"}, False),
        ({"async": 30, "poll": 1}, False),
    ],
    ids=["nothing", "switch", "environment", "interpreter", "become", "async"],
)
def test_unsupported_task_keywords_use_forked_execution(services: Any, keywords: dict[str, Any], inside: bool) -> None:
    done = services.play([{"name": "Look", V + "vapi_sip_trunk_info": {}, "ignore_errors": True, **keywords}], "-vvv")
    assert done.rc == 0, done.text
    assert ("(in this process)" in done.out) == inside
