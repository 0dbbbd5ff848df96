# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example pipelines do what the guide says: each of their scripts runs as it stands, in the order of the jobs.

Left out are installing, and what belongs to the platform: check-outs, artifacts, approvals. ``gh`` and ``curl`` are
stand-ins that keep what they get.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "pipelines"

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq, which the pipelines use")

STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" > "$HEARD/arguments"
cp comment.md "$HEARD/comment"
if [ "$(basename "$0")" = curl ]; then cat > "$HEARD/input"; fi
"""


def github(job: str, name: str) -> tuple[list[str], str]:
    """A step by its name, and how a runner starts it."""
    jobs = yaml.safe_load((EXAMPLES / "github.yml").read_text())["jobs"]
    (step,) = [step for step in jobs[job]["steps"] if step.get("name") == name]
    return ["bash", "-e", "-c"], step["run"]


def gitlab(job: str, index: int) -> tuple[list[str], str]:
    """A line of a job's script, or of that which it extends."""
    jobs = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())
    found = jobs[job]
    while "script" not in found:
        found = jobs[found["extends"]]
    return ["sh", "-e", "-c"], found["script"][index]


#: What is run, by what it is for.
SCRIPTS: dict[str, dict[str, tuple[list[str], str]]] = {
    "github": {
        "plan": github("plan", "Plan"),
        "drift": github("plan", "Nothing may have drifted"),
        "comment": github("comment", "Comment"),
        "staging": github("staging", "Run"),
        "production": github("production", "Run"),
    },
    "gitlab": {
        "plan": gitlab("plan", 0),
        "drift": gitlab("plan", 1),
        "comment": gitlab("comment", 0),
        "post": gitlab("comment", 1),
        "staging": gitlab("staging", 0),
        "production": gitlab("production", 0),
    },
}


@dataclasses.dataclass
class Runner:
    """One checkout of a repository that has environments, and a runner's environment variables."""

    platform: str
    folder: Path
    variables: dict[str, str]

    def run(self, what: str, **more: str) -> subprocess.CompletedProcess[str]:
        shell, script = SCRIPTS[self.platform][what]
        return subprocess.run(
            [*shell, script],
            cwd=self.folder,
            env={**self.variables, **more},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def heard(self, name: str) -> str:
        return (self.folder / "heard" / name).read_text()

    def plan(self, environment: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"plan-{environment}.json").read_text())
        return found


def environment(number: str) -> dict[str, Any]:
    return {
        "vapi_didlogic_trunk": {
            "name": "didlogic NL",
            "gateway": "sip.nl.didlogic.net",
            "username": "01234",
            "password": "{{ lookup('ansible.builtin.env', 'DIDLOGIC_SIP_PASSWORD') }}",
            "inbound_networks": ["192.0.2.0/27"],
        },
        "vapi_didlogic_assistants": [{"name": "Reception", "definition": {"firstMessage": "Good day"}}],
        "vapi_didlogic_numbers": [{"number": number, "assistant": "Reception"}],
    }


@pytest.fixture(params=SCRIPTS)
def runner(request: Any, services: Any, tmp_path: Path) -> Runner:
    folder = tmp_path / "checkout"
    for name, number in (("staging", "+31201234560"), ("production", "+31201234569")):
        file = folder / "environments" / f"{name}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(environment(number)))
    for name in ("gh", "curl"):
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(STAND_IN)
        program.chmod(0o755)
    (folder / "heard").mkdir()
    variables = {
        **services.environment,
        "PATH": os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HEARD": str(folder / "heard"),
        "DIDLOGIC_SIP_PASSWORD": secrets.token_hex(12),
        # Of GitHub
        "GITHUB_REPOSITORY": "example/voice",
        "NUMBER": "7",
        "GH_TOKEN": secrets.token_hex(12),
        # Of GitLab
        "CI_API_V4_URL": "https://gitlab.example.org/api/v4",
        "CI_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_PIPELINE_SOURCE": "schedule",
        "COMMENT_TOKEN": secrets.token_hex(12),
    }
    return Runner(request.param, folder, variables)


def test_plan_comment_run_and_drift(runner: Runner, services: Any) -> None:
    plan = runner.run("plan", ENVIRONMENT="staging")
    assert (plan.returncode, services.writes) == (0, 0), plan.stdout + plan.stderr
    assert (runner.plan("staging")["changed"], runner.plan("staging")["dry_run"]) == (True, True)
    wrong = runner.run("plan", ENVIRONMENT="production")
    assert wrong.returncode == 2, wrong.stdout + wrong.stderr

    comment = runner.run("comment")
    if runner.platform == "gitlab":
        comment = runner.run("post")
        assert runner.heard("input") == f"PRIVATE-TOKEN: {runner.variables['COMMENT_TOKEN']}"
        assert "https://gitlab.example.org/api/v4/projects/12/merge_requests/7/notes" in runner.heard("arguments")
    else:
        assert runner.heard("arguments").split()[:3] == ["pr", "comment", "7"]
    assert comment.returncode == 0, comment.stderr
    said = runner.heard("comment")
    assert "### staging: changes\n\n```text\nDRY RUN, nothing was written." in said
    assert "forward        31201234560              would be created\n" in said
    fault = 'Option vapi_didlogic_numbers[0].number ("31201234569"): is not a number of this didlogic account.'
    assert f"### production: fails\n\n```text\nNothing was changed. Correct this first.\n- {fault}" in said
    assert said.count("```") == 4

    assert runner.run("drift", ENVIRONMENT="staging").returncode == 1
    if runner.platform == "gitlab":
        assert runner.run("drift", ENVIRONMENT="staging", CI_PIPELINE_SOURCE="push").returncode == 0
    run = runner.run("staging", CI_JOB_NAME="staging")
    assert run.returncode == 0, run.stdout + run.stderr
    again = runner.run("plan", ENVIRONMENT="staging")
    assert (again.returncode, runner.plan("staging")["changed"]) == (0, False), again.stdout
    assert runner.run("drift", ENVIRONMENT="staging").returncode == 0
    runner.run("comment")
    assert "### staging: nothing to do\n" in (runner.folder / "comment.md").read_text()
    assert runner.run("production", CI_JOB_NAME="production").returncode == 2

    texts = [plan, wrong, comment, run, again]
    everything = said + runner.heard("arguments") + "".join(done.stdout + done.stderr for done in texts)
    for name in ("VAPI_API_KEY", "DIDLOGIC_API_KEY", "DIDLOGIC_SIP_PASSWORD", "GH_TOKEN", "COMMENT_TOKEN"):
        assert runner.variables[name] not in everything


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
    return found


@pytest.mark.parametrize("place", ["message", "broken", "report"])
def test_names_do_not_end_the_code_block_of_the_comment(runner: Runner, place: str) -> None:
    """Whatever runs of back-quotes and line ends are in it."""
    ends = ["", "\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1b[0m"]
    names = [f"x{end}{'`' * count}{more}{end}# [click](https://example.com) @all" for end, count, more in
             itertools.product(ends, (0, 1, 2, 3, 4, 9), ("", "\n", " text"))]  # fmt: skip
    for at in range(0, len(names), 45):
        some = names[at : at + 45]
        plan = {"message": "", "broken": [], "report": [], "changed": True}
        plan[place] = "\n".join(some) if place == "message" else some
        (runner.folder / "plan-staging.json").write_text(json.dumps(plan))
        assert runner.run("comment").returncode == 0
        comment = (runner.folder / "comment.md").read_text()
        state = "changes" if place == "report" else "fails"
        assert [line for line in outside(comment) if line] == [f"### staging: {state}"]
        assert comment.count("click") == len(some)
