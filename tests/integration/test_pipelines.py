# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example pipelines do what the guide says: each script runs unchanged, each job in a checkout of its own.

A job gets the artifacts that the pipeline's file names, and nothing else of other jobs. Left out are installing, and
what belongs to the platform: check-outs, approvals. ``gh`` and ``curl`` are stand-ins that keep what they get.
"""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playing import Server

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "pipelines"
GITHUB = yaml.safe_load((EXAMPLES / "github.yml").read_text())
GITLAB = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())
ENVIRONMENTS = ("staging", "production")
NUMBERS = {"staging": "31201234560", "production": "31201234561"}

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq, which the pipelines use")

#: Runs ansible-playbook in a process that has imported Ansible, see ``fork_server.py``.
FORKED = """
import json, os, socket, sys
from pathlib import Path
program = str(Path(sys.executable).with_name("ansible-playbook"))
request = {"program": program, "arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ)}
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(os.environ["FORK_SERVER"])
    socket.send_fds(connection, [json.dumps(request).encode()], [1, 2])
    connection.sendall(b"\\n")
    with connection.makefile("rb") as answer:
        sys.exit(int(answer.readlines()[1]))
"""

#: Notes what it is called with, the files among it and its input; lists the open issues.
STAND_IN = """
import json, os, pathlib, sys
here = pathlib.Path(os.environ["HEARD"])
program, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
texts = [a.partition("@")[2] if program == "curl" else a for a in arguments]
files = {n: pathlib.Path(n).read_text() for n in texts if n.endswith(".md")}
call = {"program": program, "arguments": arguments, "files": files}
call["input"] = sys.stdin.read() if program == "curl" else ""
with (here / "calls").open("a") as stream:
    stream.write(json.dumps(call) + chr(10))
issues = (here / f"issues-{program}").read_text() if (here / f"issues-{program}").exists() else "[]"
if program == "gh" and arguments[:2] == ["issue", "list"]:
    print(issues)
elif "--output" in arguments and arguments[arguments.index("--output") + 1] != "/dev/null":
    pathlib.Path(arguments[arguments.index("--output") + 1]).write_text(issues)
"""


@dataclasses.dataclass(frozen=True)
class Job:
    """A job of a pipeline.

    :param shell: starts a script. :param scripts: what it runs. :param variables: the environment that the file sets.
        :param needs: which files it gets, by patterns of names. :param keeps: which files it passes on.
    """

    shell: list[str]
    scripts: list[str]
    variables: dict[str, str]
    needs: list[str]
    keeps: list[str]


def github(name: str, environment: str) -> Job:
    """A job, with the environment of its matrix or its own."""

    def filled(text: str) -> str:
        return text.replace("${{ matrix.environment }}", environment)

    job = GITHUB["jobs"][name]
    steps = job["steps"]
    scripts = [step["run"] for step in steps if "run" in step and step["name"] != "Install"]
    fetched = [step["with"] for step in steps if step.get("uses", "").startswith("actions/download-artifact")]
    artifacts = {kept["name"]: kept["path"].splitlines() for each in GITHUB["jobs"].values() for kept in _kept(each)}
    wanted = [each.get("name") or each["pattern"] for each in fetched]
    needs = [
        path.replace("${{ matrix.environment }}", which)
        for artifact, paths in artifacts.items()
        for which in ENVIRONMENTS
        if any(fnmatch.fnmatch(artifact.replace("${{ matrix.environment }}", which), pattern) for pattern in wanted)
        for path in paths
    ]
    variables = {key: filled(str(value)) for key, value in {**GITHUB["env"], **job.get("env", {})}.items()}
    keeps = [filled(path) for kept in _kept(job) for path in kept["path"].splitlines()]
    return Job(["bash", "-e", "-c"], scripts, variables, needs, keeps)


def _kept(job: dict[str, Any]) -> list[dict[str, str]]:
    return [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact")]


def gitlab(name: str, environment: str) -> Job:
    """A job, with what it extends."""
    found = _extended(name)
    variables = {**GITLAB["variables"], **found.get("variables", {}), "CI_JOB_NAME": name}
    matrix = found.get("parallel", {}).get("matrix", [])
    if matrix:
        assert environment in matrix[0]["ENVIRONMENT"]
        variables["ENVIRONMENT"] = environment
    if "PROJECT" in variables:
        variables["PROJECT"] = "https://gitlab.example.org/api/v4/projects/12"
    needs = []
    for need in found.get("needs", []):
        other = {"job": need} if isinstance(need, str) else need
        of_others = other.get("parallel", {}).get("matrix", _extended(other["job"]).get("parallel", {}).get("matrix"))
        chosen = of_others[0]["ENVIRONMENT"] if of_others else []
        for which in [chosen] if isinstance(chosen, str) else chosen if other.get("artifacts", True) else []:
            paths = _extended(other["job"])["artifacts"]["paths"]
            needs += [path.replace("$ENVIRONMENT", which) for path in paths]
    keeps = [path.replace("$ENVIRONMENT", environment) for path in found.get("artifacts", {}).get("paths", [])]
    return Job(["sh", "-e", "-c"], found["script"], variables, needs, keeps)


def _extended(name: str) -> dict[str, Any]:
    found = GITLAB[name]
    return {**_extended(found["extends"]), **found} if "extends" in found else dict(found)


PLATFORMS = {"github": github, "gitlab": gitlab}


@dataclasses.dataclass
class Done:
    """A job that has ended, and the folder in which it ran."""

    returncode: int
    text: str
    folder: Path

    def json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name).read_text())
        return found


@dataclasses.dataclass
class Pipeline:
    """A repository with environments, and the artifacts of one run of its pipeline."""

    platform: str
    base: Path
    variables: dict[str, str]
    count: int = 0

    @property
    def repository(self) -> Path:
        return self.base / "repository"

    @property
    def artifacts(self) -> Path:
        return self.base / "artifacts"

    def declare(self, name: str, **changes: Any) -> None:
        """Commit another file of an environment."""
        file = self.repository / "environments" / f"{name}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump({**declared(name), **changes}))

    def start(self, name: str, environment: str = "") -> tuple[subprocess.Popen[str], Path, Job]:
        """Start a job in a checkout with the artifacts that it gets."""
        job = PLATFORMS[self.platform](name, environment)
        self.count += 1
        folder = self.base / f"job{self.count}"
        shutil.copytree(self.repository, folder)
        for file in sorted(self.artifacts.iterdir()):
            if any(fnmatch.fnmatch(file.name, pattern) for pattern in job.needs):
                shutil.copy(file, folder)
        variables = {**self.variables, **job.variables, "GITHUB_STEP_SUMMARY": str(folder / "step-summary")}
        # A job runs the next script only if the one before it was successful, or shows it in any case.
        script = "\n".join(job.scripts)
        output = (folder / "output").open("w")
        process = subprocess.Popen(
            [*job.shell, script], cwd=folder, env=variables, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        output.close()
        return process, folder, job

    def finish(self, started: tuple[subprocess.Popen[str], Path, Job]) -> Done:
        process, folder, job = started
        process.wait(240)
        for file in folder.iterdir():
            if any(fnmatch.fnmatch(file.name, pattern) for pattern in job.keeps):
                shutil.copy(file, self.artifacts)
        return Done(process.returncode, (folder / "output").read_text(), folder)

    def run(self, name: str, environment: str = "") -> Done:
        return self.finish(self.start(name, environment))

    def plans(self) -> list[Done]:
        """Both jobs of the matrix."""
        return [self.run("plan", name) for name in ENVIRONMENTS]

    def calls(self) -> list[dict[str, Any]]:
        """The calls of the stand-ins since the last time."""
        file = self.base / "heard" / "calls"
        found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    def issues(self, *numbers_and_names: tuple[int, str]) -> None:
        """The open issues, as each platform lists them."""
        rows = [{"number": number, "iid": number, "title": f"Drift: {name}"} for number, name in numbers_and_names]
        for program in ("gh", "curl"):
            (self.base / "heard" / f"issues-{program}").write_text(json.dumps(rows))


def declared(name: str) -> dict[str, Any]:
    return {
        "vapi_didlogic_trunk": {
            "name": f"didlogic {name}",
            "gateway": "sip.nl.didlogic.net",
            "username": "01234",
            "password": "{{ lookup('ansible.builtin.env', 'DIDLOGIC_SIP_PASSWORD') }}",
            "inbound_networks": ["192.0.2.0/27"],
        },
        "vapi_didlogic_assistants": [{"name": f"Reception {name}", "definition": {"firstMessage": "Good day"}}],
        "vapi_didlogic_numbers": [{"number": NUMBERS[name], "assistant": f"Reception {name}"}],
    }


@pytest.fixture(params=PLATFORMS)
def pipeline(request: Any, services: Any, tmp_path: Path) -> Pipeline:
    for name in ("bin", "heard", "artifacts"):
        (tmp_path / name).mkdir()
    services.server = services.server or Server(services.environment)
    for name, content in (("gh", STAND_IN), ("curl", STAND_IN), ("ansible-playbook", FORKED)):
        program = tmp_path / "bin" / name
        program.write_text(f"#!{sys.executable}\n{content}")
        program.chmod(0o755)
    variables = {
        **services.environment,
        "PATH": os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HEARD": str(tmp_path / "heard"),
        "FORK_SERVER": services.server.path,
        "DIDLOGIC_SIP_PASSWORD": secrets.token_hex(12),
        # Of GitHub
        "GITHUB_REPOSITORY": "example/voice",
        "NUMBER": "7",
        "GH_TOKEN": secrets.token_hex(12),
        # Of GitLab
        "CI_MERGE_REQUEST_IID": "7",
        "COMMENT_TOKEN": secrets.token_hex(12),
    }
    found = Pipeline(request.param, tmp_path, variables)
    for name in ENVIRONMENTS:
        found.declare(name)
    return found


def of(done: Done, *expected: int) -> str:
    """The output of a job, which must have ended with this code."""
    assert done.returncode in (expected or (0,)), done.text
    return done.text


def outside(comment: str) -> list[str]:
    """The lines of a comment that are not in a code block, as CommonMark has it."""
    found, fence = [], ""
    for line in comment.split("\n"):
        run = re.match(r" {0,3}(`{3,})([^`]*)$", line)
        if fence and run and len(run[1]) >= len(fence) and not run[2].strip():
            fence = ""
        elif not fence and run:
            fence = run[1]
        elif not fence:
            found.append(line)
    assert not fence
    return [line for line in found if line]


def test_plan_is_commented_approved_and_applied(pipeline: Pipeline, services: Any) -> None:
    """Both environments share the accounts: the run of one does not change the plan of the other."""
    hostile = "Good day\u2028````\n```\n# [click](https://example.com) @all\u202e"
    assistant = {"name": "Reception staging", "definition": {"firstMessage": hostile}}
    pipeline.declare("staging", vapi_didlogic_assistants=[assistant])
    plans = pipeline.plans()
    texts = [of(plan) for plan in plans]
    assert services.writes == 0
    texts.append(of(pipeline.run("comment")))
    calls = pipeline.calls()
    assert len(calls) == len(ENVIRONMENTS)
    for name, plan, call in zip(sorted(ENVIRONMENTS), reversed(plans), calls, strict=True):
        ((_file, comment),) = call["files"].items()
        digest = plan.json(f"plan-{name}.json")["digest"]
        assert outside(comment) == [f"### {name}: changes", f"Digest of the plan: `{digest}`"]
        assert f"forward        {NUMBERS[name]}              would be created\n" in comment
        assert f"@@ assistant Reception {name}: create\n" in comment
        if pipeline.platform == "gitlab":
            assert call["input"] == f"PRIVATE-TOKEN: {pipeline.variables['COMMENT_TOKEN']}"
            address = "https://gitlab.example.org/api/v4/projects/12/merge_requests/7/notes"
            assert call["arguments"][-1] == address
        else:
            assert call["arguments"][:3] == ["pr", "comment", "7"]
            assert (plan.folder / "step-summary").read_text() == comment
        texts.append(json.dumps(call["arguments"]) + comment)
    assert "\\u2028````" in calls[1]["files"]["comment-staging.md"]

    for name in ENVIRONMENTS:
        texts.append(of(pipeline.run(name)))
        assert services.destinations(NUMBERS[name])[0][0].startswith(NUMBERS[name])
    done = services.writes
    # A job that is run again finds nothing left of its plan.
    texts.append(of(pipeline.run("staging")))
    assert services.writes == done
    for name in ("VAPI_API_KEY", "DIDLOGIC_API_KEY", "DIDLOGIC_SIP_PASSWORD", "GH_TOKEN", "COMMENT_TOKEN"):
        assert pipeline.variables[name] not in "".join(texts)


@pytest.mark.exhaustive(2)
def test_failed_plan_is_commented_and_not_applied(pipeline: Pipeline, services: Any) -> None:
    pipeline.declare("production", vapi_didlogic_numbers=[{"number": "+31201234569", "assistant": "Nobody"}])
    of(pipeline.run("plan", "production"), 2)
    pipeline.run("comment")
    comments = [text for call in pipeline.calls() for text in call["files"].values()]
    assert outside(comments[0]) == ["### production: fails"]
    assert "```text\nNothing was changed. Correct this first.\n- " in comments[0]
    assert "no such file" in of(pipeline.run("production"), 2).lower()
    assert services.writes == 0


#: For tests whose jobs run the same command on both platforms.
ONE_PLATFORM = pytest.mark.parametrize("pipeline", ["gitlab"], indirect=True)


@ONE_PLATFORM
def test_unsuitable_plan_is_refused_without_a_write(pipeline: Pipeline, services: Any) -> None:
    for plan in pipeline.plans():
        of(plan)
    kept = pipeline.base / "kept"
    shutil.copytree(pipeline.artifacts, kept)

    def refused() -> str:
        found = of(pipeline.run("staging"), 2)
        assert services.writes == 0
        for file in kept.iterdir():
            shutil.copy(file, pipeline.artifacts)
        return found

    old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=25)
    file = pipeline.artifacts / "plan-staging.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "created_at": old.isoformat()}))
    assert "which is too long ago. Make a new plan." in refused()

    shutil.copy(pipeline.artifacts / "plan-production.json", file)
    assert "The approved plan is for another trunk." in refused()

    file.unlink()
    assert "cannot be read" in refused()

    pipeline.variables["DIDLOGIC_SIP_PASSWORD"] = secrets.token_hex(12)
    assert "differs from the approved plan in what would be sent: a secret" in refused()


@pytest.mark.exhaustive(2)
def test_edit_between_plan_and_run_is_refused(pipeline: Pipeline, services: Any) -> None:
    """By a person in a dashboard, or by the run of a newer commit."""
    assistant = services.vapi("POST", "/assistant", {"name": "Reception staging", "firstMessage": "Good day"})
    later = [{"name": "Reception staging", "definition": {"firstMessage": "Good evening"}}]
    pipeline.declare("staging", vapi_didlogic_assistants=later)
    of(pipeline.run("plan", "staging"))
    services.vapi("PATCH", f"/assistant/{assistant['id']}", {"firstMessage": "Welcome"})
    done = services.writes
    message = of(pipeline.run("staging"), 2)
    assert "Reception staging (update): differs from the approved plan in before.definition" in message
    assert services.writes == done
    # A new plan shows the edit. While it waits for its approval, a newer commit is deployed, which it would undo.
    assert "Welcome" in of(pipeline.run("plan", "staging"))
    for name in ("artifacts", "repository"):
        shutil.copytree(pipeline.base / name, pipeline.base / f"older-{name}")
    newest = [{"name": "Reception staging", "definition": {"firstMessage": "Good night", "endCallMessage": "Bye"}}]
    pipeline.declare("staging", vapi_didlogic_assistants=newest)
    of(pipeline.run("plan", "staging"))
    of(pipeline.run("staging"))
    done = services.writes
    for name in ("artifacts", "repository"):
        shutil.rmtree(pipeline.base / name)
        shutil.move(pipeline.base / f"older-{name}", pipeline.base / name)
    assert "differs from the approved plan" in of(pipeline.run("staging"), 2)
    assert services.writes == done
    (assistant,) = services.vapi("GET", "/assistant")
    assert assistant["firstMessage"] == "Good night"


@ONE_PLATFORM
def test_edit_during_the_run_ends_it(pipeline: Pipeline, services: Any) -> None:
    """A destination that somebody adds would have to be moved, which nobody has approved."""
    of(pipeline.run("plan", "staging"))
    # The phone number exists; the run waits for the response, and then writes the destinations.
    slow = {"method": "POST", "path_regex": "phone-number"}
    services.faults({"kind": "delay", "seconds": 5, "when": "after", "match": slow})
    started = pipeline.start("staging")
    while not services.sandbox("state")["vapi"]["phone_numbers"]:
        assert started[0].poll() is None, pipeline.finish(started).text
        time.sleep(0.1)
    number = NUMBERS["staging"]
    address = f"{services.facts['didlogic_api_url']}/v1/purchases/{number}/destinations"
    fields = {"destination[destination]": "31299999999", "destination[transport]": "4", "destination[active]": "1"}
    key = {"authorization": f"Bearer {services.facts['didlogic_api_key']}"}
    request = urllib.request.Request(address, urllib.parse.urlencode(fields).encode(), key, method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()
    message = of(pipeline.finish(started), 2)
    assert "The approved plan does not contain this request" in message
    assert [row for row in services.destinations(number) if row[0] == "31299999999"] == [("31299999999", True)]


def drift_calls(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """What is done with an issue, and the text."""
    for call in pipeline.calls():
        text = " ".join(call["arguments"])
        body = "".join(call["files"].values())
        assert call["program"] == "gh" or call["input"].endswith(pipeline.variables["COMMENT_TOKEN"])
        if "issue list" in text or "state=opened" in text:
            continue
        kind = "close" if "close" in text else "update" if "edit" in text or "PUT" in text else "create"
        number = re.search(r"(?:issue \w+ |issues/)(\d+)", text)
        yield (f"{kind} {number[1]}" if number else kind), body


@pytest.mark.exhaustive(2)
def test_drift_is_an_issue_and_a_fault_is_none(pipeline: Pipeline, services: Any) -> None:
    of(pipeline.run("plan", "staging"))
    of(pipeline.run("staging"))
    pipeline.issues()

    def night(**expected: int) -> list[tuple[str, str]]:
        """The environments, with the code of each."""
        done = services.writes
        for file in pipeline.artifacts.iterdir():
            file.unlink()
        assert {name: pipeline.run("drift", name).returncode for name in expected} == expected
        of(pipeline.run("issue"))
        assert services.writes == done
        return list(drift_calls(pipeline))

    assert night(staging=0) == []
    (assistant,) = services.vapi("GET", "/assistant")
    services.vapi("PATCH", f"/assistant/{assistant['id']}", {"firstMessage": "drift: ``` Welcome"})
    pipeline.declare("production", vapi_didlogic_numbers=[{"number": "+31201234569", "assistant": "Nobody"}])
    ((action, text),) = night(staging=0, production=2)
    assert action == "create"
    assert outside(text)[0] == "### staging: drift"
    assert '-    firstMessage: "drift: ``` Welcome"' in text

    # The next night: the same issue. A fault changes nothing.
    others = [] if pipeline.platform == "gitlab" else [(11, "other"), (13, "production")]
    pipeline.issues(*others[:1], (12, "staging"), *others[1:])
    ((action, text),) = night(staging=0)
    assert (action, outside(text)[0]) == ("update 12", "### staging: drift")
    services.faults({"kind": "status", "code": 401, "match": {"path_regex": "assistant"}, "times": None})
    assert night(staging=2) == []
    services.faults()

    # Corrected: the issue is closed.
    services.vapi("PATCH", f"/assistant/{assistant['id']}", {"firstMessage": "Good day"})
    assert night(staging=0) == [("close 12", "")]
    # A missing file is a fault, after which Ansible writes no file.
    (pipeline.repository / "environments" / "staging.yml").unlink()
    assert night(staging=1) == []
