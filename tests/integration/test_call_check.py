# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook call_check as users run it, and its single call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from playing import wired

FROM, TO = "31201234560", "31201234561"
CHECK = "voiceops.vapi_didlogic.call_check"
VARIABLES = {"vapi_didlogic_check_from": f"+{FROM}", "vapi_didlogic_check_to": TO}
CONFIRMED = {**VARIABLES, "vapi_didlogic_check_confirm_cost": True}
MODEL = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "Be brief."}]}
#: A minute of the sandbox takes a second.
PACE = 60


@pytest.fixture
def ready(services: Any) -> Any:
    """Two numbers that an assistant answers."""
    seed = wired(FROM, TO)
    seed["vapi"]["assistants"][0]["model"] = MODEL
    services.sandbox("reset", "POST", seed)
    services.sandbox("clock", "POST", {"pace": PACE})
    return services


def posts(services: Any) -> int:
    entries = services.sandbox("journal")["requests"]
    return sum(entry["method"] == "POST" and entry["path"] == "/call" for entry in entries)


@pytest.mark.each_version
def test_playbook_reports_each_step(ready: Any) -> None:
    dry = ready.play(CHECK, "--check", **VARIABLES)
    assert dry.rc == 0, dry.text
    assert "The call was not placed in check mode" in dry.text
    assert posts(ready) == 0
    done = ready.play(CHECK, **CONFIRMED)
    assert done.rc == 0, done.text
    assert all(f"{name}: yes." in done.text for name in ("placed", "carried", "answered", "heard", "ended"))
    assert posts(ready) == 1


def test_playbook_fails_with_cause_and_fix(ready: Any) -> None:
    ready.sandbox("rules", "PUT", {"calls": [{"match": {"number": FROM}, "hears": False}]})
    done = ready.play(CHECK, **CONFIRMED)
    assert done.rc != 0
    assert "heard: NO." in done.text
    assert f"Cause: No audio from {FROM} to {TO}." in done.text
    assert "Fix: Ask didlogic whether it allows Vapi's media" in done.text
    refused = ready.play(CHECK, **VARIABLES)
    assert "vapi_didlogic_check_confirm_cost" in refused.text
    assert posts(ready) == 1


@pytest.mark.parametrize("heard", [True, False])
def test_hosts_and_attempts_get_one_call(ready: Any, heard: bool) -> None:
    """The same result for all, whether the call succeeds or a step fails."""
    ready.sandbox("rules", "PUT", {"calls": [{"match": {"number": FROM}, "hears": heard}]})
    options = {"from": FROM, "to": TO, "confirm_cost": True}
    task = {"name": "Check", CHECK: options, "register": "made", "retries": 2, "delay": 0, "ignore_errors": True}
    show = {"name": "Show", "ansible.builtin.debug": {"msg": "verdict={{ made.check.ok }} id={{ made.check.id }}"}}
    book = ready.folder / "hosts.yml"
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    head = {"hosts": "all", "gather_facts": False, "connection": "local", "vars": variables}
    book.write_text(yaml.safe_dump([{**head, "tasks": [{**task, "until": "made.nothing is defined"}, show]}]))
    done = ready.ansible("ansible-playbook", str(book), "-i", "one,two,three,", "-f", "3")
    assert done.rc == 0, done.text
    assert done.text.count(f"verdict={heard}") == 3, done.text
    assert posts(ready) == 1


def test_interrupted_check_is_not_repeated_at_once(ready: Any) -> None:
    """The call of a run that was killed may still be running."""
    ready.sandbox("clock", "POST", {"pace": 0.5})
    file = ready.folder / "variables.yml"
    file.write_text(yaml.safe_dump(CONFIRMED))
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, CHECK, "-e", f"@{file}"]
    with subprocess.Popen(
        command, env=ready.environment, cwd=ready.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:  # fmt: skip
        deadline = time.monotonic() + 60
        while not posts(ready) and time.monotonic() < deadline:
            time.sleep(0.2)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert posts(ready) == 1
    again = ready.play(CHECK, **CONFIRMED)
    assert again.rc != 0
    assert "Nothing was sent: it is unknown whether the last check of these numbers" in again.text
    assert posts(ready) == 1
