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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import failover

PROGRAM = Path(sys.executable).with_name("ansible-rulebook")
SHIPPED = ROOT / "extensions" / "eda" / "rulebooks" / "calls.yml"
FAILED = "call.in-progress.error-vapifault-openai-llm-failed"
SILENT = "call.in-progress.error-assistant-did-not-receive-customer-audio"
OUTAGE = "call.in-progress.error-providerfault-openai-503-server-overloaded-error"
# The first has destinations behind Vapi, the second none.
KEPT, ALONE = "31201234560", "31201234561"
BOUND = 90.0


def why_not() -> str:
    """Why no rulebook can be run here."""
    if not PROGRAM.exists():
        return "ansible-rulebook has no package for this machine; `python3 dev.py eda` installs it where there is one"
    java = os.environ.get("JAVA_HOME")
    program = str(Path(java, "bin", "java")) if java else shutil.which("java")
    try:
        result = subprocess.run([program or "java", "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return "there is no Java, which ansible-rulebook needs (17 or newer)"
    version = re.search(r'version "(\d+)', result.stderr)
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
    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def send(self, message: dict[str, Any] | bytes, secret: str | None = None) -> int:
        """Post a message as Vapi does; 0 while nobody listens."""
        headers = {"Content-Type": "application/json", "X-Vapi-Secret": secret or self.secret}
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/vapi", body, headers)
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
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < end, self.printed
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


def test_rulebook_diagnoses_failed_calls_and_disables_forward_on_outage(
    services: Services, start: Callable[..., Rulebook], tmp_path: Path
) -> None:
    """The shipped rules; two more of the test's own end it, and show what an event is to a playbook."""
    (document,) = yaml.safe_load(SHIPPED.read_text())
    vapi, clock = document["sources"]
    spoken = tmp_path / "spoken"
    trap = "{{ lookup('ansible.builtin.pipe', 'touch " + str(spoken) + "') }}"
    vapi["voiceops.vapi_didlogic.vapi"]["include_message"] = True
    clock["eda.builtin.generic"]["loop_delay"] = 5
    show = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.debug": {"msg": "SHOWN {{ ansible_eda.event.message.customer.name }}"}},
            {"ansible.builtin.debug": {"msg": "SHOWN {{ ansible_eda.event.vapi }}"}},
            {"ansible.builtin.debug": {"msg": "JOINED {{ joined }}"}},
        ],
    }
    (tmp_path / "show.yml").write_text(yaml.safe_dump([show]))
    # Three texts side by side, which ansible-rulebook puts together and the playbook reads again.
    texts = "".join(f"{{{{ event.message.customer.{name} }}}}" for name in ("name", "first", "second"))
    # First, as an event goes to the first rule that it fits.
    document["rules"][:0] = [
        {
            "name": "show",
            "condition": "event.vapi.call_id == 'shown'",
            "action": {"run_playbook": {"name": "show.yml", "extra_vars": {"joined": texts}}},
        },
        {"name": "end", "condition": "event.vapi.call_id == 'last'", "action": {"shutdown": {"delay": 0.1}}},
    ]
    (tmp_path / "rulebook.yml").write_text(yaml.safe_dump([document]))
    rulebook = start("rulebook.yml", "-vv")
    count = 0

    def call(number: str, reason: str, caller: str = "+15550100", times: int = 1, **more: Any) -> None:
        nonlocal count
        for _time in range(times):
            count += 1
            message = ended(
                f"call-{count}", reason, phoneNumber={"number": number}, customer={"number": caller}, **more
            )
            # The same end once more counts for nothing.
            assert [rulebook.send(message), rulebook.send(message)] == [200, 200]

    assert rulebook.send(ended("fine", phoneNumber={"number": KEPT})) == 200
    # What strangers can do: be silent, make the model fail, call often, call from many numbers, withhold the number.
    for index, reason in enumerate((SILENT, FAILED, "a-reason-of-tomorrow", SILENT, FAILED)):
        call(KEPT, reason, times=5)
        call(KEPT, reason, f"+1555011{index}")
    call(KEPT, OUTAGE, times=5)
    call(KEPT, OUTAGE, "", times=5)
    # An outage that three callers met, at the number with nobody behind Vapi.
    for caller in ("+15550101", "+15550102", "+15550103"):
        call(ALONE, OUTAGE, caller)
    alone = f"1 number without another active destination, not switched: {ALONE}"
    rulebook.until(lambda: alone in rulebook.printed)
    assert [active for _where, active in services.destinations(ALONE)] == [True]
    assert [active for _where, active in services.destinations(KEPT)] == [True, True, True]
    name = {"name": trap, "first": "'\\x7b", "second": "\\x7b 7*7 }}'"}
    assert rulebook.send(ended("shown", "customer-ended-call " + trap, customer=name)) == 200
    rulebook.until(lambda: rulebook.printed.count("SHOWN ") >= 2 and "JOINED " in rulebook.printed)

    # Two more callers meet it at the other one.
    for caller in ("+15550104", "+15550105"):
        call(KEPT, OUTAGE, caller)
    rulebook.until(lambda: not services.destinations(KEPT)[0][1])
    for number in (KEPT, ALONE):
        rulebook.until((tmp_path / f"audit-{number}.json").exists)
    assert [active for _where, active in services.destinations(KEPT)] == [False, True, True]
    record = tmp_path / ".vapi_didlogic_failover.json"
    assert list(json.loads(record.read_text())["numbers"]) == [KEPT]

    # The clock does not restore it before its time. Then the time is over.
    runs = rulebook.printed.count("PLAY [Forward the calls to Vapi again]")
    rulebook.until(lambda: rulebook.printed.count("PLAY [Forward the calls to Vapi again]") > runs + 1)
    assert [active for _where, active in services.destinations(KEPT)] == [False, True, True]
    key = services.facts["didlogic_api_key"].encode()
    found = failover.load(record.read_bytes(), key, "didlogic")
    found.numbers[KEPT].since = "2026-01-01T00:00:00Z"
    record.write_bytes(found.dump())
    rulebook.until(lambda: services.destinations(KEPT)[0][1])
    rulebook.until(lambda: not record.exists())
    assert not spoken.exists()

    assert rulebook.send(ended("last")) == 200
    assert rulebook.process.wait(BOUND) == 0, rulebook.printed
    assert rulebook.send(ended("after the end")) == 0
    assert rulebook.printed.count("PLAY [Audit call routing]") == 2
    assert rulebook.printed.count(alone) == 1
    assert "failed=1" not in rulebook.printed
    assert "Traceback" not in rulebook.printed
    # What ansible-rulebook itself tells at its most talkative is no secret either.
    for secret in (rulebook.secret, services.facts["vapi_api_key"], services.facts["didlogic_api_key"]):
        assert secret not in rulebook.printed


def awkward_values() -> Iterator[bytes]:
    """JSON that one reader takes and the next one may not."""
    for digits in (1, 15, 19, 20, 100, 308, 309, 400, 999, 1001, 4000, 5000):
        yield from (b"9" * digits, b"-" + b"9" * digits, b"0." + b"1" * digits, b"1" * digits + b".5")
    for exponent in (1, 100, 307, 308, 309, 400, 9999):
        yield from (b"1e%d" % exponent, b"-1e%d" % exponent, b"1E+%d" % exponent, b"1e-%d" % exponent)
    yield from (b"NaN", b"Infinity", b"-Infinity", b"-0", b"-0.0", b"01", b"+1", b".5")
    for level in (1, 50, 90, 97, 98, 99, 100, 101, 150, 400, 900, 1100, 5000):
        yield b"[" * level + b"]" * level
        yield b'{"a":' * level + b"1" + b"}" * level
    for key in (
        "",
        ".",
        "a.b",
        "$x",
        "a[0]",
        "[",
        "0",
        "-1",
        "a b",
        "#",
        "\\ud800",
        "\\u0000",
        "\u00e9",
        "meta",
        "vapi",
    ):
        yield f'{{"{key}": 1}}'.encode()
        yield f'["{key}", {{"{key}": {{"{key}": ["{key}"]}}}}]'.encode()
    for size in (9_000, 11_000, 49_000, 60_000):
        yield b'{"' + b"k" * size + b'": 1}'
    yield from (
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\\uffff\\u2028\\u0085\\u0001"',
    )
    yield from (
        b"null",
        b"true",
        b"{}",
        b"[]",
        b'""',
        b'"$ANSIBLE_VAULT;1.1;AES256\\n31"',
        b'"' + b"s" * 400_000 + b'"',
    )


def test_events_accepted_with_200_reach_the_rules(start: Callable[..., Rulebook], tmp_path: Path) -> None:
    """Nothing is accepted and lost, and no message ends the rulebook: each is refused with 400, or a rule sees it."""
    source = {
        "port": "{{ vapi_didlogic_events_port }}",
        "secret": "{{ VAPI_SERVER_SECRET }}",
        "include_message": True,
        "types": ["hang"],
    }
    document = {
        "name": "All",
        "hosts": "localhost",
        "sources": [{"name": "vapi", "voiceops.vapi_didlogic.vapi": source}],
        "rules": [
            {
                "name": "all",
                "condition": "event.vapi.call_id is defined",
                "action": {"debug": {"msg": "REACHED {{ event.vapi.call_id }} {{ event.message.type }}"}},
            }
        ],
    }
    (tmp_path / "rulebook.yml").write_text(yaml.safe_dump([document]))
    rulebook = start("rulebook.yml")
    answers: dict[str, int] = {}
    for index, value in enumerate(awkward_values()):
        body = b'{"message": {"type": "hang", "call": {"id": "m%d"}, "timestamp": %b, "x": %b}}' % (index, value, value)
        answers[f"m{index}"] = rulebook.send(body)
    assert set(answers.values()) == {200, 400}
    accepted = [name for name, status in answers.items() if status == 200]
    assert len(accepted) > len(answers) / 2
    rulebook.until(lambda: f"REACHED {accepted[-1]} hang" in rulebook.printed)
    reached = re.findall(r"^REACHED (\w+) hang$", rulebook.printed, re.MULTILINE)
    assert reached == accepted
    assert "ERROR" not in rulebook.printed


def test_rulebook_is_found_by_its_name(start: Callable[..., Rulebook]) -> None:
    rulebook = start("voiceops.vapi_didlogic.calls")
    assert rulebook.send(ended("fine")) == 200
    rulebook.process.terminate()
    rulebook.process.wait(30)
    assert rulebook.send(ended("after the end")) == 0
    assert "ERROR" not in rulebook.printed


def test_rulebook_requires_a_secret(services: Services, tmp_path: Path) -> None:
    rulebook = Rulebook(services, tmp_path, "voiceops.vapi_didlogic.calls", "--env-vars", "HOME")
    try:
        assert rulebook.process.wait(BOUND) != 0
    finally:
        rulebook.end()
    assert "Give secret, token or hmac_secret" in rulebook.printed
