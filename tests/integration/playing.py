# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user has: ``ansible-playbook`` of this environment, keys in the environment, a sandbox as the services."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "sandbox"))

from running import command, start

SEED: dict[str, Any] = {
    "balance": 12.5,
    "numbers": [
        {
            "number": "31201234560",
            "destinations": [
                {"destination": "01234", "transport": 5, "active": True},
                {"destination": "31201234599", "transport": 4, "active": True},
            ],
        },
        "31201234561",
        "31201234562",
    ],
}

#: Seconds after which a run is ended.
LONGEST = 240

TRUNK = "00000000-0000-4000-8000-0000000000ab"


def wired(*numbers: str) -> dict[str, Any]:
    """The state after a first run: these numbers at Vapi, ahead of the destinations that they had.

    A test that is about something else seeds it, which takes no run of ansible-playbook.
    """
    login, password = "01234", secrets.token_hex(5)
    trunk = {
        "id": TRUNK,
        "provider": "byo-sip-trunk",
        "name": "didlogic",
        "gateways": [
            {"ip": "sip.nl.didlogic.net", "inboundEnabled": False},
            {"ip": "192.0.2.1", "outboundEnabled": False},
        ],
        "outboundAuthenticationPlan": {"authUsername": login, "authPassword": password},
    }
    assistant = {"id": str(uuid.UUID(int=1)), "name": "Night", "firstMessage": "We are closed."}
    phones = [
        {
            "provider": "byo-phone-number",
            "number": number,
            "name": "Desk",
            "credentialId": TRUNK,
            "assistantId": assistant["id"],
            "numberE164CheckEnabled": False,
        }
        for number in numbers
    ]
    bought = []
    for item in SEED["numbers"]:
        row = item if isinstance(item, dict) else {"number": item, "destinations": []}
        first = {"destination": f"{row['number']}@{TRUNK}.sip.vapi.ai", "transport": 1, "active": True}
        bought.append({**row, "destinations": [*([first] if row["number"] in numbers else []), *row["destinations"]]})
    return {
        **SEED,
        "sip_accounts": [{"name": login, "label": "Vapi", "password": password}],
        "numbers": bought,
        "vapi": {"credentials": [trunk], "assistants": [assistant], "phone_numbers": phones},
    }


@dataclasses.dataclass
class Play:
    """A finished run of ansible-playbook."""

    rc: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def changed(self) -> int:
        return int(re.findall(r"changed=(\d+)", self.out)[-1])

    @property
    def failure(self) -> str:
        """The message of the (last) failed task."""
        return str(json.loads('"' + re.findall(r'"msg": "((?:[^"\\]|\\.)*)"', self.out)[-1] + '"'))


class Server:
    """A process that has imported Ansible and forks for each run, see ``fork_server.py``."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.settings = settings(environment)
        # The path of a socket must be short.
        self.folder = tempfile.TemporaryDirectory(prefix="voiceops-")
        self.path = str(Path(self.folder.name, "socket"))
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fork_server.py")), self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def run(self, program: str, arguments: tuple[str, ...], cwd: Path, environment: dict[str, str]) -> Play:
        """Run a program to its end."""
        request = {"program": program, "arguments": arguments, "cwd": str(cwd), "environment": environment}
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as out,
            tempfile.TemporaryFile("w+", encoding="utf-8") as err,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            connection.connect(self.path)
            socket.send_fds(connection, [json.dumps(request).encode()], [out.fileno(), err.fileno()])
            connection.sendall(b"\n")
            connection.settimeout(LONGEST)
            answer = b""
            try:
                while answer.count(b"\n") < 2:
                    received = connection.recv(64)
                    assert received, "the fork server ended"
                    answer += received
            except TimeoutError:
                os.killpg(int(answer.split()[0]), signal.SIGKILL)
                raise
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read())
        return Play(int(answer.split()[1]), *texts)

    def stop(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)
        self.folder.cleanup()


def settings(environment: dict[str, str]) -> dict[str, str]:
    """What Ansible and Python read when they start, not when they need it."""
    return {
        name: value for name, value in environment.items() if name.startswith(("ANSIBLE_", "PYTHON", "HOME", "LC_"))
    }


class Services:
    """A sandbox, and playbooks run against it.

    :param forked: whether runs are forked from a process that has imported Ansible, which takes half the time.
    """

    def __init__(self, folder: Path, *, forked: bool = False) -> None:
        self.base, self.forked = folder, forked
        #: The working directory of a test.
        self.folder = folder / "test"
        #: Records of what was requested are kept here; those of the user who runs the tests stay as they are.
        self.home = self.folder / "ansible"
        self.home.mkdir(parents=True)
        self.facts = start(folder / "sandbox", "--port", "0", seed=SEED)
        self.rules = self.sandbox("rules")
        self.server: Server | None = None

    def renew(self) -> None:
        """Begin again: an empty folder, and services as they were at first."""
        shutil.rmtree(self.folder)
        self.home.mkdir(parents=True)
        self.sandbox("reset", "POST", SEED)
        self.sandbox("rules", "PUT", self.rules)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of a user whose services are these."""
        return {
            **os.environ,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_HOME": str(self.home),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "VAPI_API_KEY": self.facts["vapi_api_key"],
            "VAPI_API_URL": self.facts["vapi_api_url"],
            "DIDLOGIC_API_KEY": self.facts["didlogic_api_key"],
            "DIDLOGIC_API_URL": self.facts["didlogic_api_url"],
        }

    def play(self, what: list[Any] | str, *arguments: str, where: Path | None = None, **variables: Any) -> Play:
        """Run tasks, or a playbook by its name, with variables from a file as users do.

        :param where: the folder in which ansible-playbook is called.
        """
        if not isinstance(what, str):
            book = self.folder / "play.yml"
            book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": what}]))
            what = str(book)
        file = self.folder / "variables.yml"
        file.write_text(yaml.safe_dump(variables))
        return self.ansible("ansible-playbook", what, "-e", f"@{file}", *arguments, where=where)

    def ansible(
        self, program: str, *arguments: str, where: Path | None = None, environment: dict[str, str | None] | None = None
    ) -> Play:
        """Run one of Ansible's programs to its end.

        :param environment: what differs from a user's environment; ``None`` takes a variable away.
        """
        variables: dict[str, str | None] = {
            **self.environment,
            **(environment or {}),
        }
        chosen = {name: value for name, value in variables.items() if value is not None}
        path = str(Path(sys.executable).with_name(program))
        if self.server is None and self.forked:
            self.server = Server(self.environment)
        if self.server and settings(chosen) == self.server.settings:
            play = self.server.run(path, arguments, where or self.folder, chosen)
        else:
            done = subprocess.run(
                [path, *arguments],
                env=chosen,
                cwd=where or self.folder,
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
            )
            play = Play(done.returncode, done.stdout, done.stderr)
        # What the next versions of Ansible no longer do is seen in whatever test uses it.
        assert "[DEPRECATION WARNING]" not in play.err, play.err
        return play

    def sandbox(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Ask the sandbox itself."""
        address = f"{self.facts['control_url']}/{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.facts['control_token']}"}
        request = urllib.request.Request(address, data, headers, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def vapi(self, method: str, path: str, body: Any = None) -> Any:
        """Ask Vapi as somebody else would."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.facts['vapi_api_key']}"}
        request = urllib.request.Request(self.facts["vapi_api_url"] + path, data, headers, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def faults(self, *rules: dict[str, Any]) -> None:
        """From now on the services misbehave like this, and only like this."""
        self.sandbox("faults", "PUT", list(rules))

    def stop(self) -> None:
        """End the sandbox and the fork server."""
        if self.server:
            self.server.stop()
        command(self.base / "sandbox", "--stop")

    @property
    def writes(self) -> int:
        return int(self.sandbox("journal")["writes"])

    def destinations(self, number: str) -> list[tuple[str, bool]]:
        numbers = self.sandbox("state")["numbers"]
        rows = next(item for item in numbers if item["number"] == number)["destinations"]
        return [(row["destination"], row["active"]) for row in rows]
