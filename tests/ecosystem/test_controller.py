# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files for AWX and Automation Controller: what its API would take, and that they fit one another."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from jinja2 import ChainableUndefined, StrictUndefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.ecosystem.jobs import CONTROLLER, PROJECT, credential_type, injected
from tests.tools import environments
from tests.tools.checks import yaml_blocks

SERVICES = ("vapi", "didlogic")
GUIDE = environments.ROOT / "docs" / "docsite" / "rst" / "controller.rst"
NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"

# What AWX 24 demands of a type of credentials (awx/main/fields.py), and awx.awx.credential_type of its options.
FIELD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "label"],
    "properties": {
        "id": {"type": "string", "pattern": NAME, "not": {"const": "tower"}},
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["ssh_private_key", "url"]},
        "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
        "label": {"type": "string"},
        "help_text": {"type": "string"},
        "multiline": {"type": "boolean"},
        "secret": {"type": "boolean"},
        "ask_at_runtime": {"type": "boolean"},
        "default": {"type": "string"},
    },
}
VALUE = {"type": "string", "pattern": "^[\\x00-\\x7F]*$"}
CREDENTIAL_TYPE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "kind", "inputs", "injectors"],
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "kind": {"enum": ["cloud", "net"]},
        "inputs": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "fields": {"type": "array", "items": FIELD},
                "required": {"type": "array", "items": {"type": "string"}},
            },
        },
        "injectors": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                # Settings of Ansible itself may not come from a credential.
                "env": {
                    "type": "object",
                    "additionalProperties": False,
                    "patternProperties": {"^(?!ANSIBLE_)" + NAME.removeprefix("^"): VALUE},
                },
            },
        },
    },
}


@pytest.mark.parametrize("service", SERVICES)
def test_credential_type_marks_secrets(service: str) -> None:
    """AWX would take it, and everything secret is marked as such."""
    found = credential_type(service)
    jsonschema.validate(found, CREDENTIAL_TYPE)
    fields = {field["id"]: field for field in found["inputs"]["fields"]}
    assert len(fields) == len(found["inputs"]["fields"])
    assert set(found["inputs"]["required"]) <= set(fields)
    assert {name for name, field in fields.items() if field.get("secret")} == set(fields) - {"region"}


@pytest.mark.parametrize("service", SERVICES)
def test_injectors_pass_every_field_in_one_variable(service: str) -> None:
    """They refer to declared fields only; each field arrives in one variable."""
    fields = [field["id"] for field in credential_type(service)["inputs"]["fields"]]
    values = {field: f"value of {field}" for field in fields}
    assert sorted(injected(service, values).values()) == sorted(values.values())


def test_undeclared_field_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above is not blind."""
    wrong = credential_type("vapi") | {"injectors": {"env": {"VAPI_API_KEY": "{{ key }}"}}}
    monkeypatch.setattr("tests.ecosystem.jobs.credential_type", lambda _service: wrong)
    with pytest.raises(UndefinedError):
        injected("vapi", {"api_key": "x", "region": "us"})


def test_injected_variables_are_read_by_the_modules() -> None:
    """What credentials set is what our modules read, and what the project's files look up."""
    fragments = "".join(path.read_text() for path in environments.ROOT.glob("plugins/doc_fragments/*.py"))
    project = "".join(path.read_text() for path in PROJECT.rglob("*.yml"))
    for name in [name for service in SERVICES for name in credential_type(service)["injectors"]["env"]]:
        assert f"E({name})" in fragments or f"'{name}'" in project, name


# --- The playbook that sets everything up ----------------------------------------------------------------------------


class Loader(yaml.SafeLoader):
    """Texts that Ansible does not evaluate are texts here."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))  # type: ignore[arg-type]


def tasks() -> list[dict[str, Any]]:
    """The tasks of the playbook, each with its module under one key."""
    (play,) = yaml.load((CONTROLLER / "configure.yml").read_text(), Loader)
    return list(play["tasks"])


def calls(module: str) -> Iterator[dict[str, Any]]:
    """The options of each call of a module; those of a loop one by one."""
    for task in [task for task in tasks() if f"awx.awx.{module}" in task]:
        for item in task.get("loop", [None]):
            options = dict(task[f"awx.awx.{module}"])
            if isinstance(item, dict):
                options |= item
                for name, value in options.items():
                    default = re.search(r"item\.(\w+) \| default\('(\w+)'\)", str(value))
                    if isinstance(value, list) and default:
                        options[name] = [item.get(default[1], default[2])]
            elif item is not None:
                options = {key: str(value).replace("{{ item }}", item) for key, value in options.items()}
            yield options


def test_referenced_objects_are_created_before() -> None:
    """Each name that a task refers to was given by a task before it."""
    made: dict[str, set[str]] = {"credential_type": {credential_type(service)["name"] for service in SERVICES}}
    for module in ("execution_environment", "credential", "project", "inventory", "notification_template"):
        made[module] = {call["name"] for call in calls(module)}
    templates = list(calls("job_template"))
    names = {template["name"] for template in templates}
    (source,) = calls("inventory_source")
    (workflow,) = calls("workflow_job_template")
    schedules = list(calls("schedule"))

    assert {call["credential_type"] for call in calls("credential")} == made["credential_type"]
    assert {template["project"] for template in templates} | {source["source_project"]} == made["project"]
    assert {template["inventory"] for template in templates} >= {source["inventory"]}
    assert {source["inventory"], "Telephony"} == made["inventory"]
    assert {source["credential"], *templates[0]["credentials"]} == made["credential"]
    assert {template["execution_environment"] for template in templates} == made["execution_environment"]
    used = {name for template in templates for name in template["notification_templates_error"]}
    assert used == made["notification_template"]
    assert (
        {schedule["unified_job_template"] for schedule in schedules} == {"Telephony audit", "Telephony drift"} <= names
    )

    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    jobs = [node["unified_job_template"] for node in nodes.values()]
    assert {job["name"] for job in jobs if job["type"] == "job_template"} <= names
    assert {job["name"] for job in jobs if job["type"] == "project"} == made["project"]
    # Nothing is applied but what was planned, and approved by a person.
    order, at = [], "fetch"
    while at:
        order.append(at)
        following = nodes[at].get("related", {}).get("success_nodes", [])
        at = following[0]["identifier"] if following else ""
    assert order == ["fetch", "plan", "approve", "apply", "audit"] == list(nodes)
    assert nodes["approve"]["unified_job_template"]["type"] == "workflow_approval"


def test_project_contains_the_files_of_the_jobs() -> None:
    """Playbooks and the source of the inventory are in the project; the plan is a dry run of what is applied."""
    templates = {template["name"]: template for template in calls("job_template")}
    for template in templates.values():
        assert (PROJECT / template["playbook"]).is_file()
    plan, apply, drift = (templates[f"Telephony {name}"] for name in ("plan", "apply", "drift"))
    (imported,) = [
        play["ansible.builtin.import_playbook"]
        for play in yaml.safe_load((PROJECT / apply["playbook"]).read_text())
        if "ansible.builtin.import_playbook" in play
    ]
    assert imported == plan["playbook"]
    types = [template["job_type"] for template in (plan, apply, drift)]
    assert types == ["check", "{{ item.job_type | default('run') }}", "check"]
    (source,) = calls("inventory_source")
    inventory = PROJECT / source["source_path"]
    assert inventory.name.endswith("didlogic_numbers.yml")
    assert yaml.safe_load(inventory.read_text())["plugin"] == "voiceops.vapi_didlogic.didlogic_numbers"


@pytest.mark.parametrize(("plan", "event"), [('```diff\n+a: "1"\n```', "drift"), (None, "fault")])
def test_notification_distinguishes_drift_from_a_fault(plan: str | None, event: str) -> None:
    """Controller evaluates the body like this, and sends it if it is a JSON object."""
    (template,) = [call for call in calls("notification_template") if "messages" in call]
    body = template["messages"]["error"]["body"]
    job = {"id": 7, "artifacts": {} if plan is None else {"telephony_drift": plan}}
    # When the template is saved, Controller evaluates it with undefined variables as errors.
    for undefined in (StrictUndefined, ChainableUndefined):
        jinja = ImmutableSandboxedEnvironment(undefined=undefined)
        sent = json.loads(jinja.from_string(body).render(job=job, url="https://controller.example.com/#/jobs/7"))
        assert (sent["event"], sent["plan"], sent["job"]) == (event, plan or "", 7)


def test_playbook_hides_secrets() -> None:
    """No secret stands in the playbook, and tasks that get some do not show them."""
    for task in tasks():
        if "awx.awx.credential" in task:
            assert task["no_log"] is True
            inputs = task["awx.awx.credential"]["inputs"]
            assert all(value.startswith("{{ ") for value in inputs.values())
    for template in calls("job_template"):
        assert "extra_vars" not in template
        assert all(question["type"] != "password" for question in template.get("survey", {}).get("spec", []))


def test_playbook_has_valid_syntax() -> None:
    """Ansible reads it, where the collection awx.awx is installed."""
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "--syntax-check", "--inventory", "localhost,", str(CONTROLLER / "configure.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "resolve" in done.stderr and "awx.awx" in done.stderr:
        pytest.skip("the collection awx.awx is not installed")
    assert done.returncode == 0, done.stderr


# --- The guide -------------------------------------------------------------------------------------------------------


def test_guide_contains_the_files() -> None:
    """What people copy from the page is what is tested here."""
    displayed = [yaml.safe_load(block) for block in yaml_blocks(GUIDE.read_text())]
    for service in SERVICES:
        found = credential_type(service)
        assert {"inputs": found["inputs"], "injectors": found["injectors"]} in displayed
    for name in ("integrate.yml", "drift.yml", "numbers.yml", "inventory/didlogic_numbers.yml"):
        assert yaml.safe_load((PROJECT / name).read_text()) in displayed
