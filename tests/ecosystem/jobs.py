# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as Automation Controller runs them: ansible-runner, a folder of data, keys by types of credentials."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.robustness.secret_leaks import needles
from tests.tools import environments

CONTROLLER = environments.ROOT / "docs" / "examples" / "controller"
PROJECT = CONTROLLER / "project"
#: Pieces of secrets are left to tests/robustness; whole ones are looked for here, however they are written.
KINDS = ("raw", "upper", "lower", "no dashes", "url", "json", "repr", "html", "hex", "base64")


def credential_type(service: str) -> dict[str, Any]:
    """A type of credentials of the guide."""
    found: dict[str, Any] = yaml.safe_load((CONTROLLER / f"credential_type_{service}.yml").read_text())
    return found


def injected(service: str, inputs: dict[str, str]) -> dict[str, str]:
    """The environment that a credential gives to a job; a field that is not declared is an error."""
    # Controller leaves out fields without a value, and writes nothing in their place.
    known = {field["id"]: "" for field in credential_type(service)["inputs"]["fields"]}
    assert inputs.keys() <= known.keys()
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    lines = credential_type(service)["injectors"]["env"]
    return {name: jinja.from_string(line).render(known | inputs) for name, line in lines.items()}


@dataclass(frozen=True)
class Job:
    """A job that has ended."""

    artifacts: Path
    out: str

    @property
    def status(self) -> str:
        return (self.artifacts / "status").read_text()

    @property
    def events(self) -> list[dict[str, Any]]:
        found = [json.loads(path.read_text()) for path in (self.artifacts / "job_events").glob("*.json")]
        return sorted(found, key=lambda event: int(event["counter"]))

    @property
    def stdout(self) -> str:
        return (self.artifacts / "stdout").read_text()

    @property
    def changed(self) -> int:
        """How many tasks changed something, as the controller counts them."""
        (stats,) = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return sum(stats["changed"].values())

    @property
    def passed_on(self) -> dict[str, Any]:
        """What the controller passes to the next jobs of a workflow, and to notifications."""
        (stats,) = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        found: dict[str, Any] = stats.get("artifact_data") or {}
        return found

    @property
    def diffs(self) -> list[Any]:
        """What the controller shows as changes."""
        results = [event["event_data"].get("res") or {} for event in self.events]
        found = [result["diff"] for result in results if result.get("diff")]
        return [item for diff in found for item in (diff if isinstance(diff, list) else [diff])]


class Jobs:
    """A folder of data, and jobs that run from it."""

    def __init__(self, folder: Path, programs: Path, collections: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.programs = programs
        shutil.copytree(PROJECT, folder / "project")
        for name in ("env", "inventory"):
            (folder / name).mkdir()
        (folder / "inventory" / "hosts").write_text("localhost\n")
        paths = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_HOME": str(folder / "home")}
        self.write("envvars", paths | environment)
        # How often runner looks whether a job has been cancelled.
        self.write("settings", {"pexpect_timeout": 1})

    def write(self, name: str, content: dict[str, Any]) -> None:
        (self.folder / "env" / name).write_text(yaml.safe_dump(content))

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.programs}:{environments.environment()['PATH']}"
        return environments.environment() | {"PATH": path, "ANSIBLE_LOCALHOST_WARNING": "false"}

    def run(self, ident: str, playbook: str, *options: str) -> Job:
        """Run a playbook to its end. Like the controller, runner writes none of its arguments into the folder."""
        command: list[str | Path] = [self.programs / "ansible-runner", "run", self.folder, "--omit-env-files"]
        more = [f"--cmdline={' '.join(options)}"] if options else []
        done = subprocess.run(
            [*command, "--ident", ident, "--playbook", playbook, *more],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return self.job(ident, done.stdout + done.stderr)

    def job(self, ident: str, out: str) -> Job:
        return Job(self.folder / "artifacts" / ident, out)

    def start(self, ident: str, playbook: str, cancel: Path) -> subprocess.Popen[str]:
        """Start a playbook that is cancelled once a file is there, the way the controller cancels."""
        program = (
            "import ansible_runner, pathlib, sys; folder, ident, playbook, cancel = sys.argv[1:]; "
            "ansible_runner.run(private_data_dir=folder, ident=ident, playbook=playbook, suppress_env_files=True,"
            " cancel_callback=pathlib.Path(cancel).exists)"
        )
        arguments = [str(self.folder), ident, playbook, str(cancel)]
        return subprocess.Popen(
            [str(self.programs / "python"), "-c", program, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self) -> None:
        """End whatever jobs have left running, as the controller does when it removes a job's container."""
        mark = f"AWX_ISOLATED_DATA_DIR={self.folder}/".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)


def leaks(secrets: dict[str, str], *jobs: Job) -> set[tuple[str, str]]:
    """Secrets in what jobs leave behind: which one, and in which file or folder."""
    found = set()
    for job in jobs:
        for path in [path for path in job.artifacts.rglob("*") if path.is_file()]:
            content, place = path.read_bytes(), path.relative_to(job.artifacts).parts[0]
            for label, value in secrets.items():
                forms = needles(value)
                if any(form in content for kind in KINDS for form in forms[kind]):
                    found.add((label, place))
    return found
