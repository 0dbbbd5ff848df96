# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook under a real ansible-rulebook, with the sandbox as the services and these tests as Vapi's messages."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed; `python3 dev.py eda` runs these tests")

import yaml
from playing import Services
from serving import ROOT, ended, free_port

PROGRAM = Path(sys.executable).with_name("ansible-rulebook")
SHIPPED = ROOT / "extensions" / "eda" / "rulebooks" / "calls.yml"
FAILED = "call.in-progress.error-vapifault-openai-llm-failed"
# The first has destinations behind Vapi, the second none.
KEPT, ALONE = "31201234560", "31201234561"
BOUND = 90.0


def why_not() -> str:
    """Why no rulebook can be run here."""
    if not PROGRAM.exists():
        return "ansible-rulebook is not installed; `python3 dev.py eda` fetches it"
    java = os.environ.get("JAVA_HOME")
    program = str(Path(java, "bin", "java")) if java else shutil.which("java")
    try:
        told = subprocess.run([program or "java", "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return "there is no Java, which ansible-rulebook needs (17 or newer)"
    version = re.search(r'version "(\d+)', told.stderr)
    return "" if version and int(version[1]) >= 17 else "Java is older than 17, which ansible-rulebook needs"


REASON = why_not()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A sandbox in which both numbers are forwarded to Vapi."""
    found = Services(tmp_path)
    try:
        done = found.play(
            "voiceops.vapi_didlogic.integrate",
            vapi_didlogic_trunk={"name": "didlogic", "gateway": "sip.nl.didlogic.net"},
            vapi_didlogic_assistants=[{"name": "Night", "definition": {"firstMessage": "We are closed."}}],
            vapi_didlogic_numbers=[{"number": number, "assistant": "Night"} for number in (KEPT, ALONE)],
        )
        assert done.rc == 0, done.text
        yield found
    finally:
        found.stop()


class Rulebook:
    """ansible-rulebook, running; what it prints is in a file."""

    def __init__(self, services: Services, folder: Path, rulebook: str, *more: str) -> None:
        self.port = free_port()
        self.secret = secrets.token_urlsafe(24)
        self.log = folder / "rulebook.log"
        (folder / "inventory.ini").write_text("localhost ansible_connection=local\n")
        variables = {"vapi_didlogic_events_port": self.port, "vapi_didlogic_events_folder": str(folder)}
        (folder / "variables.yml").write_text(yaml.safe_dump(variables))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    str(PROGRAM), "--rulebook", rulebook, "--inventory", "inventory.ini", "--vars", "variables.yml",
                    "--env-vars", "VAPI_SERVER_SECRET", "--shutdown-delay", "30", *more,
                ],
                cwd=folder,
                env={
                    **services.environment,
                    "PATH": os.pathsep.join([str(PROGRAM.parent), os.environ["PATH"]]),
                    "VAPI_SERVER_SECRET": self.secret,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    @property
    def told(self) -> str:
        return self.log.read_text(errors="replace")

    def send(self, message: dict[str, Any], secret: str | None = None) -> int:
        """Post a message as Vapi does; 0 while nobody listens."""
        headers = {"Content-Type": "application/json", "X-Vapi-Secret": secret or self.secret}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/vapi", json.dumps(message).encode(), headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return int(answer.code)
        except OSError:
            return 0

    def until(self, what: Callable[[], object]) -> None:
        """Wait until something holds, while the rulebook runs."""
        end = time.monotonic() + BOUND
        while not what():
            assert self.process.poll() is None, self.told
            assert time.monotonic() < end, self.told
            time.sleep(0.2)

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def start(services: Services, tmp_path: Path) -> Iterator[Callable[..., Rulebook]]:
    started: list[Rulebook] = []

    def one(rulebook: str, *more: str) -> Rulebook:
        started.append(Rulebook(services, tmp_path, rulebook, *more))
        # Somebody else's message is refused from the first moment on.
        started[-1].until(lambda: started[-1].send(ended(), secrets.token_hex(8)) == 401)
        return started[-1]

    yield one
    for rulebook in started:
        rulebook.end()


def test_failed_calls_are_looked_at_and_a_forward_is_switched_off(
    services: Services, start: Callable[..., Rulebook], tmp_path: Path
) -> None:
    """The shipped rules; two more of the test's own end it, and show what an event is to a playbook."""
    (document,) = yaml.safe_load(SHIPPED.read_text())
    spoken = tmp_path / "spoken"
    trap = "{{ lookup('ansible.builtin.pipe', 'touch " + str(spoken) + "') }}"
    (document["sources"][0]["voiceops.vapi_didlogic.vapi"])["include_message"] = True
    show = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.debug": {"msg": "SHOWN {{ ansible_eda.event.message.customer.name }}"}},
            {"ansible.builtin.debug": {"msg": "SHOWN {{ ansible_eda.event.vapi }}"}},
        ],
    }
    (tmp_path / "show.yml").write_text(yaml.safe_dump([show]))
    # First, as an event goes to the first rule that it fits.
    document["rules"][:0] = [
        {
            "name": "show",
            "condition": "event.vapi.call_id == 'shown'",
            "action": {"run_playbook": {"name": "show.yml"}},
        },
        {"name": "end", "condition": "event.vapi.call_id == 'last'", "action": {"shutdown": {"delay": 0.1}}},
    ]
    (tmp_path / "rulebook.yml").write_text(yaml.safe_dump([document]))
    rulebook = start("rulebook.yml", "-vv")

    assert rulebook.send(ended("fine", phoneNumber={"number": KEPT})) == 200
    for number in (KEPT, ALONE):
        for index in range(5):
            assert rulebook.send(ended(f"{number}-{index}", FAILED, phoneNumber={"number": number})) == 200
            # The same end once more counts for nothing.
            assert rulebook.send(ended(f"{number}-{index}", FAILED, phoneNumber={"number": number})) == 200
        if number == KEPT:
            assert all(active for _where, active in services.destinations(ALONE))
    assert rulebook.send(ended("shown", "customer-ended-call " + trap, customer={"name": trap})) == 200

    rulebook.until(lambda: not services.destinations(KEPT)[0][1])
    alone = f"Vapi is the only active destination of {ALONE}"
    rulebook.until(lambda: all(word in rulebook.told for word in (alone, "SHOWN { { lookup", "SHOWN {'")))
    for number in (KEPT, ALONE):
        rulebook.until((tmp_path / f"audit-{number}.json").exists)
    assert [active for _where, active in services.destinations(KEPT)] == [False, True, True]
    assert [active for _where, active in services.destinations(ALONE)] == [True]
    assert not spoken.exists()

    assert rulebook.send(ended("last")) == 200
    assert rulebook.process.wait(BOUND) == 0, rulebook.told
    assert rulebook.send(ended("after the end")) == 0
    assert rulebook.told.count("PLAY [Audit the way of calls]") == 2
    assert rulebook.told.count("PLAY [Let calls go past Vapi]") == 2
    assert "failed=1" not in rulebook.told
    assert "Traceback" not in rulebook.told
    # What ansible-rulebook itself tells at its most talkative is no secret either.
    for secret in (rulebook.secret, services.facts["vapi_api_key"], services.facts["didlogic_api_key"]):
        assert secret not in rulebook.told


def test_the_shipped_rulebook_is_found_by_its_name(start: Callable[..., Rulebook]) -> None:
    rulebook = start("voiceops.vapi_didlogic.calls")
    assert rulebook.send(ended("fine")) == 200
    rulebook.process.terminate()
    rulebook.process.wait(30)
    assert rulebook.send(ended("after the end")) == 0
    assert "ERROR" not in rulebook.told


def test_without_a_secret_it_does_not_start(services: Services, tmp_path: Path) -> None:
    rulebook = Rulebook(services, tmp_path, "voiceops.vapi_didlogic.calls", "--env-vars", "HOME")
    try:
        assert rulebook.process.wait(BOUND) != 0
    finally:
        rulebook.end()
    assert "Give secret, token or hmac_secret" in rulebook.told
