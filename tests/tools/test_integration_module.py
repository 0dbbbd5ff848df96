# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the module that it runs take the same words."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "vapi_didlogic_"
#: What only the one or the other has: connections are named by the service, and the role asks the gateway too.
HTTP = {"timeout", "retry_timeout", "validate_certs", "ca_path"}
ROLE_ONLY = {"vapi_api_key", "didlogic_api_key", "region", "vapi_api_url", "didlogic_api_url", "verify_sip", *HTTP}
MODULE_ONLY = {"concurrency"}


def form(option: dict[str, Any]) -> dict[str, Any]:
    """What an option takes, without its description.

    Ansible checks a role's options before its first task, one message for each and without "did you mean". What is
    inside of an option is therefore stated, and checked, by the module only.
    """
    assert "options" not in option
    found: dict[str, Any] = {key: option[key] for key in ("type", "elements", "choices", "required") if key in option}
    if option.get("default") not in (None, []):
        found["default"] = option["default"]
    return found


def test_the_role_and_the_module_take_the_same_words() -> None:
    specs = yaml.safe_load((ROOT / "roles/integration/meta/argument_specs.yml").read_text())
    role = {
        name.removeprefix(PREFIX): form(option) for name, option in specs["argument_specs"]["main"]["options"].items()
    }
    tree = ast.parse((ROOT / "plugins/modules/integration.py").read_text())
    (text,) = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "DOCUMENTATION"
        and isinstance(node.value, ast.Constant)
    ]
    documented = yaml.safe_load(str(text))["options"].items()
    module = {
        name: form({key: value for key, value in option.items() if key != "suboptions"}) for name, option in documented
    }
    assert set(role) - ROLE_ONLY == set(module) - MODULE_ONLY
    for name in set(role) - ROLE_ONLY:
        assert role[name] == module[name], name
