# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check finds the fault that it is there for, and lets the right form pass."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
import yaml

from tests.tools import checks

TRUNK = "voiceops.vapi_didlogic.vapi_sip_trunk"
ROLE = "voiceops.vapi_didlogic.integration"
MODULES: dict[str, dict[str, Any]] = {
    TRUNK: {
        "options": {
            "api_key": {"required": True},
            "name": {"required": True, "aliases": ["title"]},
            "state": {"choices": ["present", "absent"]},
            "gateways": {"suboptions": {"ip": {"required": True}, "port": {}}},
        },
        "attributes": {"action_group": {"membership": ["voiceops.vapi_didlogic.vapi"]}},
    },
    "ansible.builtin.debug": {"options": {"msg": {}}},
    "ansible.builtin.set_fact": {"options": {}},
    "ansible.builtin.include_role": {"options": {"name": {"required": True}}},
}
ROLES: dict[str, dict[str, Any]] = {
    ROLE: {
        "entry_points": {
            "main": {
                "options": {
                    "vapi_didlogic_trunk": {"options": {"name": {"required": True}, "port": {}}},
                    "vapi_didlogic_region": {"choices": ["us", "eu"]},
                }
            }
        }
    }
}


def plays(text: str) -> list[str]:
    """Findings in a YAML text."""
    return list(checks.check_plays(yaml.safe_load(dedent(text)), MODULES, ROLES, ["integrate"]))


@pytest.mark.parametrize(
    "text",
    [
        f"- {TRUNK}:\n    name: x\n    state: '{{{{ s }}}}'\n    gateways: [{{ip: 192.0.2.1, port: 1}}]\n  register: y",
        f"- name: A\n  {TRUNK}: {{title: x}}\n  with_items: [1]\n  become: false",
        "- name: A\n  ansible.builtin.set_fact: {anything: 1}",
        f"- hosts: all\n  tasks:\n    - block:\n        - {TRUNK}: {{name: x}}",
        "- name: A\n  ansible.builtin.import_playbook: voiceops.vapi_didlogic.integrate",
        f"- hosts: all\n  roles:\n    - role: {ROLE}\n      vars: {{vapi_didlogic_trunk: 1, other: 2}}",
    ],
)
def test_valid_tasks_are_accepted(text: str) -> None:
    """What is right is let alone."""
    assert plays(text) == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("- vapi_sip_trunk: {name: x}", "not a full name"),
        ("- voiceops.vapi_didlogic.trunk: {name: x}", "there is no module"),
        (f"- {TRUNK}: {{name: x, colour: red}}", "no option colour"),
        (f"- {TRUNK}: {{name: x, gateways: [{{ip: 192.0.2.1, prt: 1}}]}}", "gateways has no option prt"),
        (f"- {TRUNK}: {{name: x, gateways: [{{port: 1}}]}}", "gateways lacks the required option ip"),
        (f"- {TRUNK}: {{state: absent}}", "lacks the required option name"),
        (f"- {TRUNK}: {{name: x, state: gone}}", "cannot be 'gone'"),
        (f"- {TRUNK}: {{name: x}}\n  tag: y", "name of one module"),
        ("- name: nothing", "name of one module"),
        ("- hosts: all\n  tasks:\n    - block:\n        - debug: {msg: x}", "debug is not a full name"),
        ("- hosts: all\n  rules: []", "no keyword rules"),
        ("- ansible.builtin.import_playbook: voiceops.vapi_didlogic.none", "no playbook"),
        ("- hosts: all\n  roles: [integration]", "not a full name"),
        ("- hosts: all\n  roles: [voiceops.vapi_didlogic.none]", "there is no role"),
        (f"- ansible.builtin.include_role: {{name: {ROLE}}}\n  vars: {{vapi_didlogic_trnk: 1}}", "no variable"),
    ],
)
def test_invalid_task_is_reported(text: str, finding: str) -> None:
    """One fault, one finding."""
    assert [found for found in plays(text) if finding in found]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("vapi_didlogic_trunk: {name: x, port: 1}\nvapi_didlogic_region: eu\nvapi_didlogic_file: x", ""),
        ("jobs: {vapi_didlogic_trunk: 1}", ""),
        ("[vapi_didlogic_trnk]", ""),
        ("vapi_didlogic_call: {name: x}", ""),
        ("vapi_didlogic_trnk: {name: x}", "no variable vapi_didlogic_trnk"),
        ("vapi_didlogic_trunk: {name: x, prt: 1}", "vapi_didlogic_trunk has no option prt"),
        ("vapi_didlogic_trunk: {port: 1}", "lacks the required option name"),
        ("vapi_didlogic_region: de", "cannot be 'de'"),
        ("vapi_didlogic_call: {name: x, to: y}", "vapi_didlogic_call has no option to"),
    ],
)
def test_environment_variables_are_checked(text: str, finding: str) -> None:
    """Variables of the role, of playbooks, and those that hold a module's options."""
    modules = {checks.HANDED_ON["vapi_didlogic_call"]: MODULES[TRUNK]}
    found = list(checks.check_environment(yaml.safe_load(text), modules, ROLES, ["vapi_didlogic_file"]))
    assert found == [] if not finding else len(found) == 1 and finding in found[0]


def test_playbooks_in_commands_are_found() -> None:
    """Commands name playbooks, with options before them too; modules and roles are no playbooks."""
    text = "ansible-playbook voiceops.vapi_didlogic.audit -e x\n  ansible-playbook -v voiceops.vapi_didlogic.call"
    assert checks.playbooks_named(f"{text}\nvoiceops.vapi_didlogic.integration\nansible-playbook site.yml") == {
        "audit",
        "call",
    }


def test_short_filter_names_are_reported() -> None:
    """Short names of filters are found, full ones pass."""
    assert list(checks.check_filters("{{ x | e164 }}", ["e164"]))
    assert not list(checks.check_filters("{{ x | voiceops.vapi_didlogic.e164 }}", ["e164"]))


def test_yaml_blocks_are_extracted() -> None:
    """Blocks are found in both forms of text."""
    assert checks.yaml_blocks("a\n\n```yaml\n- a: 1\n```\n\n```console\nb\n```\n") == ["- a: 1\n"]
    text = "Text\n\n.. code-block:: yaml\n   :caption: c\n\n   - a:\n\n       b: 1\n\nEnd\n"
    assert [yaml.safe_load(block) for block in checks.yaml_blocks(text)] == [[{"a": {"b": 1}}]]


def test_missing_return_documentation_is_reported() -> None:
    """RETURN must exist, and each level must be described."""
    good: dict[str, Any] = {"trunk": {"description": "x", "type": "dict", "returned": "always", "contains": {}}}
    assert list(checks.check_return(good)) == []
    assert list(checks.check_return(None)) == ["RETURN is missing or empty"]
    assert list(checks.check_return({})) == ["RETURN is missing or empty"]
    assert list(checks.check_return({"trunk": {"description": "x", "type": "dict"}})) == [
        "RETURN.trunk has no returned"
    ]
    good["trunk"]["contains"] = {"id": {"description": "x"}}
    assert list(checks.check_return(good)) == ["RETURN.trunk.id has no type"]


def test_invalid_action_group_members_are_reported() -> None:
    """Stale, double, missing and undocumented members are found."""
    own = {TRUNK: MODULES[TRUNK]}
    assert list(checks.check_action_groups({"vapi": ["vapi_sip_trunk"]}, own)) == []
    assert list(checks.check_action_groups({"vapi": ["vapi_sip_trunk", "vapi_none"]}, own)) == [
        "vapi_none is in the group vapi but does not exist"
    ]
    assert "twice" in " ".join(checks.check_action_groups({"vapi": ["vapi_sip_trunk"] * 2}, own))
    assert "missing in the group" in " ".join(checks.check_action_groups({"vapi": []}, own))
    silent: dict[str, Any] = {TRUNK: {**MODULES[TRUNK], "attributes": {}}}
    assert "says that it is in []" in " ".join(checks.check_action_groups({"vapi": ["vapi_sip_trunk"]}, silent))


def test_undocumented_role_variables_are_reported() -> None:
    """Documentation, defaults and use are compared each way."""

    def found(options: dict[str, Any], defaults: dict[str, Any], used: set[str]) -> list[str]:
        return list(checks.check_role_variables(options, defaults, used, {"r_made"}, "r_"))

    assert found({"r_a": {"default": 1}, "r_b": {"required": True}}, {"r_a": 1}, {"r_a", "r_b", "r_made"}) == []
    assert found({"r_key": {}}, {"r_key": "{{ lookup('env', 'KEY') }}"}, {"r_key"}) == []
    assert found({}, {}, {"r_a"}) == ["r_a is used but not documented"]
    assert found({"r_a": {}}, {}, set()) == ["r_a is documented but not used"]
    assert found({"a": {}}, {}, {"a"}) == ["a does not begin with r_"]
    assert found({}, {"r_a": 1}, set()) == ["r_a has a default but is not documented"]
    assert found({"r_a": {"default": 1}}, {}, {"r_a"}) == ["r_a has no default in defaults/main.yml"]
    assert len(found({"r_a": {"default": 1}}, {"r_a": 2}, {"r_a"})) == 1
    assert len(found({"r_a": {}}, {"r_a": 2}, {"r_a"})) == 1
    assert "required and yet" in " ".join(found({"r_a": {"required": True}}, {"r_a": 2}, {"r_a"}))


def test_used_and_defined_names_are_distinguished() -> None:
    """Names used and names made are told apart."""
    text = """
    - block:
        - ansible.builtin.set_fact: {r_fact: "{{ r_a.r_not }}"}
        - ansible.builtin.debug: {msg: "{{ r_item }} is no r_text"}
          when: [r_c is defined]
          loop: "{{ r_b }}"
          loop_control: {loop_var: r_item}
          register: r_answer
      vars: {r_local: 1}
    """
    tasks = yaml.safe_load(dedent(text))
    assert checks.names_made(tasks) == {"r_fact", "r_item", "r_answer", "r_local"}
    assert checks.names_in(tasks, "r_") - checks.names_made(tasks) == {"r_a", "r_b", "r_c"}


def test_missing_licence_header_is_reported() -> None:
    """A head without a licence is found."""
    head = (
        "# Copyright (c) 2026\n# GNU General Public License v3.0+ (see …)\n# SPDX-License-Identifier: GPL-3.0-or-later"
    )
    assert list(checks.check_header(head)) == []
    assert len(list(checks.check_header("import os\n"))) == len(head.splitlines())


@pytest.mark.parametrize(
    "source",
    [
        "print(1)",
        "answer.raise_for_status()",
        "logging.basicConfig()",
        "try: pass\nexcept OSError as e: module.fail_json(msg='x', exception=e)",
        "try: pass\nexcept OSError as e: module.fail_json(msg='x', exception=traceback.format_exc())",
        "try: pass\nexcept ValidationError as e: fail(str(e))",
        "try: pass\nexcept (ValueError, ValidationError) as e: fail(f'no: {e}')",
    ],
)
def test_forbidden_call_is_reported(source: str) -> None:
    """Each of these shows too much."""
    assert list(checks.check_calls(source))


@pytest.mark.parametrize(
    "source",
    [
        "pprint(1)",
        "module.fail_json(msg=missing, exception=MISSING[name])",
        "try: pass\nexcept ValidationError as e: fail(words(e.errors()))",
        "try: pass\nexcept Problem as e: fail(f'{e}')",
    ],
)
def test_harmless_call_is_accepted(source: str) -> None:
    """These do not."""
    assert list(checks.check_calls(source)) == []


# Put together here, so that this file does not hold what it looks for.
REAL_UUID = "3f8a2c1d 9b47 4e06 a5d2 7c1e8f90b364".replace(" ", "-")
REAL_KEY = "kT9vXq2Lm 7RzB4nWc8 YpD1sJh6Fa3Ge5".replace(" ", "")
REAL_HEX = "9f86d081884c7d65 9a2feaa0c55ad015".replace(" ", "")


@pytest.mark.parametrize("text", [f"id: {REAL_UUID}", f"key: '{REAL_KEY}'", f"key={REAL_HEX}", "sk-" + REAL_KEY])
def test_secret_is_reported_without_its_value(text: str) -> None:
    """What could be somebody's is found, and not repeated in full."""
    found = list(checks.check_secrets(text))
    assert found
    assert REAL_KEY not in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "00000000-0000-0000-0000-000000000000",
        "11111111-2222-4333-8444-555555555555",
        "7c8d2a34-0000-4000-8000-000000000001",
        "test_yaml_in_guides_of_the_repository_2026",
        "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
        "https://docs.ansible.com/projects/ansible/latest/community/code_of_conduct.html",
        "canary-canary-canary-canary-0001",
    ],
)
def test_placeholder_is_accepted(text: str) -> None:
    """What is plainly made up is not."""
    assert list(checks.check_secrets(text)) == []


def test_local_paths_and_package_hosts_are_reported() -> None:
    """Neither a directory nor a package host of the place of writing."""
    host = "files.python" + "hosted.org"
    assert list(checks.check_places("see /somewhere/here/x", ["/somewhere/here"]))
    assert list(checks.check_places(f"https://{host}/x", []))
    assert not list(checks.check_places("see plugins/modules", ["/somewhere/here"]))
