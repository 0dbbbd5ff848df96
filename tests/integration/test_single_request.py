# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request for one call or campaign, whatever hosts, attempts and runs there are; counted at the server."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import re
import secrets
from typing import Any

import pytest
import yaml
from playing import wired

V = "voiceops.vapi_didlogic."
HOSTS = [f"host{number}" for number in range(5)]
KINDS = {"vapi_call": "/call", "vapi_campaign": "/campaign"}
LOST = {"kind": "close", "when": "after"}
#: The call is placed, and neither the answer nor any list shows it.
UNSEEN = [{"kind": "reset", "when": "before", "times": None, "match": {"method": "POST"}}]


@pytest.fixture
def ready(services: Any) -> Any:
    """Services on which a call can be placed."""
    services.sandbox("reset", "POST", wired("31201234560"))
    return services


def posts(services: Any, module: str) -> int:
    entries = services.sandbox("journal")["requests"]
    return sum(entry["method"] == "POST" and entry["path"].endswith(KINDS[module]) for entry in entries)


def request(module: str, key: str | None = None, number: str = "+12025550101", **keywords: Any) -> dict[str, Any]:
    """A task that asks for a call, or for a campaign of the name."""
    options: dict[str, Any] = {"assistant": "Night", "phone_number": "Desk"}
    if module == "vapi_call":
        options |= {"customer": {"number": number}, **({"idempotency_key": key} if key else {})}
    else:
        options |= {"name": key, "customers": [{"number": number}], "schedule_at": "2099-01-31T09:00:00+01:00"}
    return {"name": "Request", V + module: options, "register": "made", **keywords}


def play(services: Any, tasks: list[dict[str, Any]], *arguments: str, hosts: int = 5, **settings: Any) -> Any:
    """The tasks on several hosts at once; the results of each host as ``results``."""
    book = services.folder / f"{secrets.token_hex(4)}.yml"
    # A task that needs no module, which would take longer than the request.
    show = {
        "name": "Show the result",
        "ansible.builtin.debug": {"msg": "{{ made | to_json | b64encode }}"},
        "when": "made is defined",
    }
    head = {"hosts": "all", "gather_facts": False, "connection": "local"}
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **settings.pop("vars", {})}
    tasks = [{"ignore_errors": True, **task} for task in tasks]
    book.write_text(yaml.safe_dump([{**head, **settings, "vars": variables, "tasks": [*tasks, show]}]))
    inventory = ",".join(HOSTS[:hosts]) + ","
    done = services.ansible("ansible-playbook", str(book), "-i", inventory, "-f", "5", *arguments)
    assert done.rc == 0, done.text
    shown = re.findall(r'ok: \[(host\d)\] => \{\s+"msg": "([\w+/=]+)"', done.out)
    done.results = {host: json.loads(base64.b64decode(result)) for host, result in shown}
    assert len(done.results) == hosts, done.text
    return done


# --------------------------------------------------------------------------------------------------------- many hosts

#: A module and its mark, whether it runs in the controller's process, and how many hosts at a time.
VARIANTS = [
    ("vapi_call", None, True, None),
    ("vapi_campaign", "Renewal", False, 2),
    ("vapi_call", None, True, 2),
    ("vapi_call", "order-7", False, None),
    ("vapi_campaign", "Renewal", True, None),
]
#: The service answers, or its answer is lost.
ANSWERS = [pytest.param(None, id="answered"), pytest.param(LOST, id="answer lost")]
#: A module and its mark.
REQUESTS = [("vapi_call", "k"), ("vapi_call", None), ("vapi_campaign", "Renewal")]


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize(("module", "key", "inside", "serial"), VARIANTS)
@pytest.mark.parametrize("fault", ANSWERS)
def test_play_over_many_hosts_sends_one_request(
    ready: Any, module: str, key: str | None, inside: bool, serial: int | None, fault: dict[str, Any] | None
) -> None:
    if fault:
        ready.faults({**fault, "times": None, "match": {"method": "POST"}})
    settings = {"serial": serial} if serial else {}
    done = play(ready, [request(module, key)], vars={"vapi_didlogic_in_process": inside}, **settings)
    assert posts(ready, module) == 1
    noun = module.removeprefix("vapi_")
    assert len({result[noun]["id"] for result in done.results.values()}) == 1, "all get the same"
    assert sum(result["changed"] for result in done.results.values()) == 1, "one has placed it"


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize(("module", "key"), REQUESTS)
def test_unknown_outcome_is_not_retried(ready: Any, module: str, key: str | None) -> None:
    """Hosts, attempts and a second run: the request that may have arrived is not sent again."""
    ready.faults(*UNSEEN)
    done = play(ready, [request(module, key, retries=2, delay=0, until="made is succeeded")], hosts=3)
    assert all(result["failed"] for result in done.results.values())
    assert posts(ready, module) == 1
    ready.faults()
    if key:
        second = play(ready, [request(module, key)], hosts=1)
        assert "the outcome of the first one is unknown" in second.results[HOSTS[0]]["msg"]
        assert posts(ready, module) == 1
        other = play(ready, [request(module, f"{key}2")], hosts=1)
        assert other.results[HOSTS[0]]["changed"], "another one is not concerned"


def test_task_without_idempotency_key_places_one_call(ready: Any) -> None:
    """Hosts that ask for different calls need a key each; the others are refused, not called."""
    number = "+1202555010{{ groups.all.index(inventory_hostname) }}"
    done = play(ready, [request("vapi_call", None, number)])
    assert posts(ready, "vapi_call") == 1
    failed = [result for result in done.results.values() if result["failed"]]
    assert len(failed) == 4
    assert all("idempotency_key" in result["msg"] for result in failed)
    keyed = play(ready, [request("vapi_call", "order-{{ inventory_hostname }}", number)])
    assert all(result["changed"] for result in keyed.results.values())
    assert posts(ready, "vapi_call") == 6


@pytest.mark.each_version
def test_loop_items_are_separate_calls(ready: Any) -> None:
    loop = request("vapi_call", None, "{{ item }}", loop=["+12025550101", "+12025550102", "+12025550101"])
    done = play(ready, [loop], hosts=3)
    assert posts(ready, "vapi_call") == 3
    ids = [[item["call"]["id"] for item in result["results"]] for result in done.results.values()]
    assert len(set(ids[0])) == 3
    assert ids[0] == ids[1] == ids[2]


#: How a task comes to run several times, and how many calls the user means.
INCLUSIONS: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "batches of hosts": ({}, {"serial": 2}, 1),
    "hosts at their own pace": ({}, {"strategy": "free"}, 1),
    "loop": ({"loop": ["+12025550101"] * 3}, {}, 1),
    "loop over customers": ({"loop": ["+12025550101", "+12025550102", "+12025550101"]}, {"strategy": "free"}, 2),
}


@pytest.mark.exhaustive(2)
@pytest.mark.each_version
@pytest.mark.parametrize("inclusion", INCLUSIONS)
def test_included_task_is_one_task(ready: Any, inclusion: str) -> None:
    """Each inclusion is another task for Ansible, but the user has written one."""
    loop, settings, calls = INCLUSIONS[inclusion]
    number = "{{ item | default('+12025550101') }}"
    inner, outer = ready.folder / "inner.yml", ready.folder / "outer.yml"
    inner.write_text(yaml.safe_dump([request("vapi_call", None, number, ignore_errors=True)]))
    outer.write_text(yaml.safe_dump([{"ansible.builtin.include_tasks": str(inner)}]))
    done = play(ready, [{"name": "Include", "ansible.builtin.include_tasks": str(outer), **loop}], hosts=3, **settings)
    assert posts(ready, "vapi_call") == calls
    assert not [result for result in done.results.values() if result.get("failed")]
    two = [request("vapi_call"), request("vapi_call")]
    play(ready, two, hosts=1)
    assert posts(ready, "vapi_call") == calls + 2, "two tasks with the same options are two calls"


# ----------------------------------------------------------------------------------------------------------- attempts


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize(("module", "key"), REQUESTS)
def test_until_attempts_only_read(ready: Any, module: str, key: str | None) -> None:
    """A condition that does not come true runs the task again, and each attempt shows how it goes."""
    done = play(ready, [request(module, key, retries=2, delay=0, until="made.nothing is defined")], hosts=2)
    assert posts(ready, module) == 1
    assert sorted(result["changed"] for result in done.results.values()) == [False, True]


@pytest.mark.each_version
def test_module_without_a_result_has_an_unknown_outcome(ready: Any) -> None:
    """As if it had been killed; what Ansible returns then differs from version to version."""
    task = [request("vapi_call", "k")]
    killed = play(ready, task, hosts=1, vars={"ansible_python_interpreter": "/bin/false"})
    assert killed.results[HOSTS[0]]["failed"]
    second = play(ready, task, hosts=1)
    assert "the outcome of the first one is unknown" in second.results[HOSTS[0]]["msg"]
    assert posts(ready, "vapi_call") == 0


@pytest.mark.each_version
def test_rejected_call_can_be_sent_again(ready: Any) -> None:
    ready.faults({"kind": "status", "code": 400, "times": 1, "match": {"method": "POST"}})
    done = play(ready, [request("vapi_call", "k", retries=2, delay=0, until="made is succeeded")], hosts=1)
    assert done.results[HOSTS[0]]["changed"]
    assert posts(ready, "vapi_call") == 2


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize(("module", "key"), REQUESTS)
def test_rate_limited_service_receives_one_request(ready: Any, module: str, key: str | None) -> None:
    ready.faults({"kind": "status", "code": 429, "times": None, "match": {"method": "POST"}})
    done = play(ready, [request(module, key, retries=2, delay=0, until="made is succeeded")], hosts=3)
    assert all(result["failed"] for result in done.results.values())
    assert posts(ready, module) == 1


# ------------------------------------------------------------------------------------------------------- runs at once


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize(("module", "key"), [REQUESTS[0], REQUESTS[2]])
@pytest.mark.parametrize("fault", ANSWERS)
def test_concurrent_runs_send_one_request(ready: Any, module: str, key: str, fault: dict[str, Any] | None) -> None:
    slow = {"kind": "delay", "seconds": 2, "times": None, "match": {"method": "GET"}}
    ready.faults(*([{**fault, "times": None, "match": {"method": "POST"}}] if fault else []), slow)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _run: play(ready, [request(module, key)], hosts=2), range(2)))
    assert posts(ready, module) == 1
    noun = module.removeprefix("vapi_")
    results = [result for run in runs for result in run.results.values()]
    assert len({result[noun]["id"] for result in results}) == 1
    assert sum(result["changed"] for result in results) == 1


# ---------------------------------------------------------------------------------------------------------- progress


@pytest.mark.parametrize("callback", ["json", "ansible.posix.json"])
def test_progress_does_not_change_standard_output(ready: Any, callback: str) -> None:
    if callback == "json":
        plugin = ready.folder / "callback" / "json.py"
        plugin.parent.mkdir()
        plugin.write_text(CALLBACK)
    else:
        pytest.importorskip("ansible_collections.ansible.posix", reason="the collection ansible.posix is not installed")
    ready.sandbox("clock", "POST", {"pace": 20})
    task = request("vapi_call", "k")
    task[V + "vapi_call"]["wait"] = True
    book = ready.folder / "json.yml"
    book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    settings = {"ANSIBLE_STDOUT_CALLBACK": callback, "ANSIBLE_CALLBACK_PLUGINS": str(ready.folder / "callback")}
    done = ready.ansible("ansible-playbook", str(book), environment=settings)
    assert done.rc == 0, done.text
    assert json.loads(done.out)
    assert "vapi_call: ended" in done.err


#: A callback plugin that writes one JSON document, as those for programs do.
CALLBACK = '''
import json
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: json
type: stdout
short_description: The results as JSON
description: The results as JSON.
extends_documentation_fragment: [default_callback]
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "json"

    def v2_playbook_on_stats(self, stats):
        self._display.display(json.dumps({"ok": stats.ok}))
'''
