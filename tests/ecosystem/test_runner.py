# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs under ansible-runner, with what the image of the guide holds, against the sandbox."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ecosystem.jobs import PROJECT, Jobs, injected, leaks
from tests.tools import environments

ENVIRONMENT = yaml.safe_load((PROJECT / "vars" / "environment.yml").read_text())
NUMBERS = [row["number"].removeprefix("+") for row in ENVIRONMENT["vapi_didlogic_numbers"]]
PLUGIN = environments.ROOT / "plugins" / "inventory" / "didlogic_numbers.py"
INTEGRATE = "voiceops.vapi_didlogic.integrate"


@pytest.fixture
def canaries(services: Any) -> dict[str, str]:
    """What may stand nowhere: keys made for this test, and a password with characters that are written in many ways."""
    services.sandbox("seed", "POST", {"numbers": NUMBERS})
    return {
        "vapi": services.facts["vapi_api_key"],
        "didlogic": services.facts["didlogic_api_key"],
        "password": "".join(secrets.token_hex(3) + mark for mark in "+/=%&\"'"),
    }


@pytest.fixture
def jobs(
    tmp_path: Path, image: Path, installed: Path, services: Any, canaries: dict[str, str]
) -> Iterator[Callable[..., Jobs]]:
    """Makes a folder of data for jobs, with both credentials and further variables of the environment."""
    made: list[Jobs] = []

    def make(**environment: str) -> Jobs:
        keys = injected("vapi", {"api_key": canaries["vapi"], "region": "us"})
        keys |= injected("didlogic", {"api_key": canaries["didlogic"], "sip_password": canaries["password"]})
        urls = {name.upper(): services.facts[name] for name in ("vapi_api_url", "didlogic_api_url")}
        made.append(Jobs(tmp_path / f"data{len(made)}", image, installed, keys | urls | environment))
        return made[-1]

    yield make
    for folder in made:
        folder.end()


def whole(services: Any) -> None:
    """Everything that is declared stands, and stands once."""
    state = services.sandbox("state")["vapi"]
    count = {kind: len(state[kind]) for kind in ("credentials", "assistants", "phone_numbers")}
    assert count == {"credentials": 1, "assistants": 1, "phone_numbers": len(NUMBERS)}
    trunk = state["credentials"][0]["id"]
    for number in NUMBERS:
        assert services.destinations(number) == [(f"{number}@{trunk}.sip.vapi.ai", True)]


def test_runner_plans_applies_and_is_idempotent(
    services: Any, jobs: Callable[..., Jobs], canaries: dict[str, str]
) -> None:
    """What the guide's workflow runs; the playbook of the collection and the project's own do the same."""
    folder = jobs()
    # The collection's playbook gets what to do by extra variables, the project's reads it itself.
    folder.write("extravars", ENVIRONMENT)

    plan = folder.run("plan", INTEGRATE, "--check", "--diff")
    assert plan.status == "successful", plan.out
    assert services.writes == 0
    assert plan.changed == 1
    assert "would be created, answered by Reception" in plan.stdout
    displayed = json.dumps(plan.diffs)
    assert all(word in displayed for word in ("didlogic NL", "Reception", "(known after apply)", *NUMBERS))

    apply = folder.run("apply", INTEGRATE, "--diff")
    assert apply.status == "successful", apply.out
    assert apply.changed == 1
    assert apply.diffs
    whole(services)

    services.sandbox("journal", "DELETE")
    (folder.folder / "env" / "extravars").unlink()
    again = folder.run("again", "integrate.yml", "--diff", "-vvv")
    assert again.status == "successful", again.out
    assert (again.changed, services.writes) == (0, 0)
    # The modules ran in runner's ansible-playbook, not in interpreters of their own.
    assert "voiceops.vapi_didlogic.integration (in this process)" in again.stdout

    # Runner itself writes the environment of a job into this file; Controller throws the folder away after the job.
    found = leaks(canaries, plan, apply, again)
    assert found == {(label, "command") for label in canaries}
    assert {event["event"] for event in again.events} >= {"playbook_on_start", "runner_on_ok", "playbook_on_stats"}


def test_workflow_applies_exactly_the_approved_plan(
    services: Any, jobs: Callable[..., Jobs], canaries: dict[str, str]
) -> None:
    folder = jobs()
    refused = folder.run("no plan", "apply.yml")
    assert refused.status == "failed"
    assert "There is no approved plan." in refused.stdout

    plan = folder.run("plan", "integrate.yml", "--check", "--diff")
    assert (plan.status, services.writes) == ("successful", 0), plan.out
    assert re.fullmatch("sha256:[0-9a-f]{64}", plan.passed_on["vapi_didlogic_approved_plan"])
    # Somebody edits an account while the workflow waits for the approval.
    url, key = services.facts["vapi_api_url"], services.facts["vapi_api_key"]
    body = json.dumps({"name": "Reception", "firstMessage": "by somebody"}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{url}/assistant", body, headers, method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()
    services.sandbox("journal", "DELETE")
    folder.write("extravars", plan.passed_on)
    edited = folder.run("edited", "apply.yml")
    assert (edited.status, services.writes) == ("failed", 0), edited.out
    assert "The run would not make the approved changes." in edited.stdout

    # The plan is made again, and its approval applies it.
    (folder.folder / "env" / "extravars").unlink()
    folder.write("extravars", folder.run("plan again", "integrate.yml", "--check").passed_on)
    done = folder.run("apply", "apply.yml")
    assert done.status == "successful", done.out
    whole(services)
    assert leaks(canaries, plan, edited, done) == {(label, "command") for label in canaries}


def test_drift_job_passes_the_plan_to_the_notification(
    services: Any, jobs: Callable[..., Jobs], canaries: dict[str, str]
) -> None:
    """And nothing for a fault, which fails the job too."""
    folder = jobs()
    drift = folder.run("drift", "drift.yml", "--check")
    assert (drift.status, services.writes) == ("failed", 0), drift.out
    assert '"msg": "drift: ' in drift.stdout
    assert "@@ assistant Reception: create" in drift.passed_on["telephony_drift"]

    services.faults({"kind": "status", "code": 401, "match": {"path_regex": "assistant"}, "times": None})
    fault = folder.run("fault", "drift.yml", "--check")
    services.faults()
    assert (fault.status, fault.passed_on) == ("failed", {}), fault.out
    assert '"msg": "drift: ' not in fault.stdout

    assert folder.run("apply", "integrate.yml").status == "successful"
    none = folder.run("none", "drift.yml", "--check")
    assert (none.status, none.passed_on) == ("successful", {}), none.out
    assert leaks(canaries, drift, fault, none) == {(label, "command") for label in canaries}


def test_keys_in_a_file_are_not_stored_by_runner(
    services: Any, jobs: Callable[..., Jobs], canaries: dict[str, str]
) -> None:
    """Where runner keeps its folder, keys in variables of a file leave nothing in it, not even in `command`."""
    folder = jobs(VAPI_API_KEY="", DIDLOGIC_API_KEY="", DIDLOGIC_SIP_PASSWORD="")
    trunk = ENVIRONMENT["vapi_didlogic_trunk"] | {"password": canaries["password"]}
    keys = {f"vapi_didlogic_{service}_api_key": canaries[service] for service in ("vapi", "didlogic")}
    folder.write("extravars", ENVIRONMENT | keys | {"vapi_didlogic_trunk": trunk})
    job = folder.run("apply", INTEGRATE, "--diff", "-vvvvv")
    assert job.status == "successful", job.out
    whole(services)
    assert leaks(canaries, job) == set()


def test_audit_findings_fail_the_job(services: Any, jobs: Callable[..., Jobs], canaries: dict[str, str]) -> None:
    """What is broken fails the job, and so reaches people by the notification; a survey's answers are texts."""
    folder = jobs()
    assert folder.run("apply", "integrate.yml").status == "successful"
    page = folder.folder / "audit.html"
    answers = {"vapi_didlogic_audit_numbers": ",".join(NUMBERS), "vapi_didlogic_audit_file": str(page)}
    folder.write("extravars", answers | {"vapi_didlogic_audit_fail_on": "error"})
    good = folder.run("good", "audit.yml")
    assert good.status == "successful", good.out
    assert page.exists()

    # A number whose calls go to a trunk that is not there.
    row = {"destination": "31207001009@11111111-1111-4111-8111-111111111111.sip.vapi.ai", "transport": 1}
    services.sandbox("seed", "POST", {"numbers": [{"number": "31207001009", "destinations": [row]}]})
    (folder.folder / "env" / "extravars").unlink()
    bad = folder.run("bad", "audit.yml")
    assert bad.status == "failed"
    assert "The audit found" in bad.stdout
    assert "31207001009" in bad.stdout
    assert leaks(canaries, good, bad) == {(label, "command") for label in canaries}


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("removed", [True, False], ids=["with its container", "without a container"])
def test_cancelled_job_is_completed_by_the_next(
    services: Any, jobs: Callable[..., Jobs], tmp_path: Path, removed: bool
) -> None:
    """Cancelled in the middle, after writes whose answers nobody reads: the next job makes it whole.

    Without a container to remove, the workers of ansible-core 2.19 and newer live on, and the task stops by itself.
    """
    folder, sign = jobs(), tmp_path / "cancel"
    slow = {"kind": "delay", "seconds": 1, "when": "after", "times": None, "match": {"method": "WRITE"}}
    services.faults(slow)
    with folder.start("cut", "integrate.yml", sign) as process:
        until = time.monotonic() + 30
        while not services.writes and time.monotonic() < until:
            time.sleep(0.1)
        sign.touch()
        out, _none = process.communicate(timeout=30)
    cut = folder.job("cut", out)
    assert cut.status == "canceled", out
    if removed:
        folder.end()
    services.faults()
    time.sleep(2)
    assert services.sandbox("state")["vapi"]["phone_numbers"] == []

    healed = folder.run("healed", "integrate.yml")
    assert healed.status == "successful", healed.out
    assert healed.changed
    whole(services)

    folder.end()
    services.sandbox("journal", "DELETE")
    again = folder.run("again", "integrate.yml")
    assert (again.status, again.changed, services.writes) == ("successful", 0, 0)


def test_sliced_jobs_configure_each_number(services: Any, jobs: Callable[..., Jobs], canaries: dict[str, str]) -> None:
    """Each number of the inventory is a host. Controller's slices are such jobs, each with some of the hosts."""
    folder = jobs()
    hosts = folder.folder / "inventory" / "hosts"
    hosts.unlink()
    shutil.copy(PROJECT / "inventory" / PLUGIN.with_suffix(".yml").name, hosts.parent)
    job = folder.run("numbers", "numbers.yml", f"--limit={','.join(NUMBERS)}")
    assert job.status == "successful", job.out
    whole(services)
    assert leaks(canaries, job) == {(label, "command") for label in canaries}
