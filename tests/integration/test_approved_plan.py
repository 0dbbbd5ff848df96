# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan files, approved plans and limits as users give them to the playbooks and the role."""

from __future__ import annotations

import datetime
import json
import re
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from playing import TRUNK, wired

NUMBERS = ("31201234560", "31201234561")
NOT_APPROVED = "Nothing was changed. The run would not make the approved changes."


def environment(**more: Any) -> dict[str, Any]:
    return {
        "vapi_didlogic_trunk": {"name": "didlogic", "gateway": "sip.nl.didlogic.net"},
        "vapi_didlogic_assistants": [{"name": "Night", "definition": {"firstMessage": "We are closed."}}],
        "vapi_didlogic_numbers": [{"number": NUMBERS[0], "assistant": "Night"}],
        **more,
    }


def run(services: Any, playbook: str, *arguments: str, rc: int = 0, **variables: Any) -> Any:
    done = services.play(f"voiceops.vapi_didlogic.{playbook}", *arguments, **environment(**variables))
    assert done.rc == rc, done.text
    return done


def plan(path: Path) -> dict[str, Any]:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.each_version
def test_plan_is_approved_by_path_and_by_digest(services: Any) -> None:
    """A relative path starts where ansible-playbook was started, not where the playbook is."""
    where = services.folder / "elsewhere"
    where.mkdir()
    dry = run(services, "integrate", "--check", where=where, vapi_didlogic_plan_file="plan.json")
    file = where / "plan.json"
    digest = plan(file)["digest"]
    assert (services.writes, dry.changed) == (0, 1)

    for approved in ("plan.json", digest):
        message = run(
            services,
            "integrate",
            rc=2,
            where=where,
            vapi_didlogic_approved_plan=approved,
            vapi_didlogic_number_format="e164",
        ).failure
        assert message.startswith(f"{NOT_APPROVED}\n- ")
        assert services.writes == 0
    run(services, "integrate", where=where, vapi_didlogic_approved_plan=digest, vapi_didlogic_plan_file="done.json")
    assert plan(where / "done.json")["digest"] == digest

    # The playbook teardown: its plan is another one, and nothing is left of it after the run.
    taken = run(services, "teardown", rc=2, where=where, vapi_didlogic_approved_plan="plan.json")
    assert "The approved plan is for another operation." in taken.failure
    run(services, "teardown", "--check", where=where, vapi_didlogic_plan_file="teardown.json")
    # The list of destinations keeps those that were there before.
    assert plan(where / "teardown.json")["summary"] == {"create": 0, "update": 1, "replace": 0, "delete": 3}
    for _time in range(2):
        run(services, "teardown", where=where, vapi_didlogic_approved_plan="teardown.json")
        assert services.vapi("GET", "/phone-number") == []


def test_messages_name_the_variables(services: Any) -> None:
    file = services.folder / "plan.json"
    # Long values are cut in messages.
    named = f'vapi_didlogic_approved_plan ("{str(file)[:30]}'
    message = run(services, "integrate", rc=2, vapi_didlogic_approved_plan="plan.json").failure
    assert named in message
    assert '"): cannot be read: No such file or directory.' in message
    message = run(services, "integrate", rc=2, vapi_didlogic_approved_plan="sha256:12").failure
    assert 'vapi_didlogic_approved_plan ("sha256:12"): must be sha256: followed by 64 hexadecimal digits' in message

    run(services, "integrate", "--check", vapi_didlogic_plan_file="plan.json")
    found = plan(file)
    found["created_at"] = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=5)).isoformat()
    file.write_text(json.dumps(found))
    old = {"vapi_didlogic_approved_plan": "plan.json", "vapi_didlogic_max_plan_age": 4}
    message = run(services, "integrate", rc=2, **old).failure
    assert named in message
    assert '"): was made at' in message
    digest = {"vapi_didlogic_approved_plan": found["digest"], "vapi_didlogic_max_plan_age": 4}
    assert "vapi_didlogic_max_plan_age: requires a plan file" in run(services, "integrate", rc=2, **digest).failure
    assert services.writes == 0
    run(services, "integrate", **{**old, "vapi_didlogic_max_plan_age": 6})


def test_rotation_is_approved(services: Any) -> None:
    services.sandbox("reset", "POST", wired(*NUMBERS))
    trunk = {"name": "didlogic", "gateway": "sip.nl.didlogic.net", "username": "01234"}
    new, other = ({**trunk, "password": secrets.token_hex(10)} for _count in range(2))
    run(services, "rotate_sip_password", "--check", vapi_didlogic_trunk=new, vapi_didlogic_plan_file="plan.json")
    text = (services.folder / "plan.json").read_text()
    assert new["password"] not in text
    approved = {"vapi_didlogic_approved_plan": "plan.json", "vapi_didlogic_max_plan_age": 1}
    message = run(services, "rotate_sip_password", rc=2, vapi_didlogic_trunk=other, **approved).failure
    assert message.startswith(f"{NOT_APPROVED}\n- ")
    message = run(services, "integrate", rc=2, vapi_didlogic_trunk=new, **approved).failure
    assert "The approved plan is for another operation." in message
    assert services.writes == 0
    run(services, "rotate_sip_password", vapi_didlogic_trunk=new, **approved)
    (row,) = services.vapi("GET", "/credential")
    assert row["id"] != TRUNK


def test_run_that_would_remove_many_objects_stops(services: Any) -> None:
    numbers = [f"3120123{at:04d}" for at in range(10)]
    services.sandbox("reset", "POST", {"balance": 1, "numbers": numbers})
    rows = [{"number": number, "assistant": "Night"} for number in numbers]
    run(services, "integrate", vapi_didlogic_numbers=rows)
    done = services.writes
    less = {"vapi_didlogic_numbers": [*rows[:6], *({**row, "state": "absent"} for row in rows[6:])]}
    dry = run(services, "integrate", "--check", **less)
    assert "set vapi_didlogic_max_delete_percent for this run" in re.sub(r"\s+", " ", dry.text)
    message = run(services, "integrate", rc=2, **less).failure
    assert "4 of 10 phone numbers would be deleted, which is more than 30 %." in message
    assert "set vapi_didlogic_max_delete_percent for this run" in message
    assert services.writes == done
    run(services, "integrate", **less, vapi_didlogic_max_delete_percent=40)
    run(services, "teardown", **less)


def test_each_host_has_its_own_plan(services: Any) -> None:
    hosts = {
        f"env{at}": {
            "vapi_didlogic_trunk": {"name": f"didlogic {at}", "gateway": "sip.nl.didlogic.net"},
            "vapi_didlogic_numbers": [{"number": number, "assistant": f"Night {at}"}],
            "vapi_didlogic_assistants": [{"name": f"Night {at}", "definition": {"firstMessage": "Closed."}}],
        }
        for at, number in enumerate(NUMBERS)
    }
    inventory = services.folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"voice": {"hosts": hosts}}))

    def play(*arguments: str, **variables: Any) -> Any:
        more = ("-i", str(inventory), "-e", "vapi_didlogic_hosts=voice", *arguments)
        return services.play("voiceops.vapi_didlogic.integrate", *more, **variables)

    assert play("--check", vapi_didlogic_plan_file="plan.json").rc == 0
    for at, number in enumerate(NUMBERS):
        found = plan(services.folder / f"plan-env{at}.json")
        assert found["scope"]["trunk"] == f"didlogic {at}"
        assert {change["name"] for change in found["changes"]} == {f"didlogic {at}", f"Night {at}", number}
    assert not (services.folder / "plan.json").exists()
    # One host's file is outdated: the other host is deployed.
    hosts["env0"]["vapi_didlogic_assistants"] = [{"name": "Night 0", "definition": {"firstMessage": "Open."}}]
    inventory.write_text(yaml.safe_dump({"voice": {"hosts": hosts}}))
    done = play(vapi_didlogic_approved_plan="plan.json")
    assert done.rc == 2, done.text
    assert re.search(r"env0 +: .*failed=1", done.out)
    assert re.search(r"env1 +: .*failed=0", done.out)
    assert [row["number"] for row in services.vapi("GET", "/phone-number")] == [NUMBERS[1]]


def test_role_sets_the_plan_as_a_fact(services: Any) -> None:
    """Also if the run fails because of drift."""
    role = {"name": "voiceops.vapi_didlogic.integration"}
    show = {"ansible.builtin.debug": {"msg": "digest {{ vapi_didlogic_plan.digest }}"}}
    tasks = [{"block": [{"ansible.builtin.include_role": role}], "always": [show]}]
    done = services.play(tasks, "--check", **environment(vapi_didlogic_plan_file="plan.json"))
    assert f"digest {plan(services.folder / 'plan.json')['digest']}" in done.out
    drift = services.play(tasks, "--check", **environment(vapi_didlogic_fail_on_change=True))
    assert drift.rc == 2
    assert f"digest {plan(services.folder / 'plan.json')['digest']}" in drift.out


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("variable", ["vapi_didlogic_plan_file", "vapi_didlogic_approved_plan"])
def test_steps_refuse_a_plan(services: Any, variable: str) -> None:
    role = {"name": "voiceops.vapi_didlogic.integration", "tasks_from": "steps"}
    done = services.play([{"ansible.builtin.import_role": role}], **environment(**{variable: "plan.json"}))
    assert done.rc == 2, done.text
    assert f"{variable} is only supported by the entry point main" in done.text
    assert services.writes == 0
