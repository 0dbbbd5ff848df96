# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specification of the role integration is generated from the options of its module."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import generate_argument_specs as generated

VARIABLES: dict[str, Any] = generated.specification()["main"]["options"]
OWN = yaml.safe_load(generated.OWN.read_text())
PASSED = {name: option for name, option in generated.module_options().items() if name not in OWN["omitted"]}


def check() -> subprocess.CompletedProcess[str]:
    script = Path(generated.__file__)
    return subprocess.run([sys.executable, str(script), "--check"], check=False, capture_output=True, text=True)


def test_argument_specs_are_up_to_date() -> None:
    done = check()
    assert done.returncode == 0, done.stderr


def test_changed_option_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option of the module in turn differs in one key from what the role says."""
    stated = yaml.safe_load(generated.OUTPUT.read_text())["argument_specs"]
    assert generated.specification() == stated
    options = generated.module_options()
    for name in PASSED:
        for key in ("type", "choices", "description"):
            changed = {**options, name: {**options[name], key: ["another"]}}
            monkeypatch.setattr(generated, "module_options", lambda changed=changed: changed)
            assert generated.specification() != stated, (name, key)


@pytest.mark.parametrize("line", range(0, 200, 20))
def test_edited_file_is_rejected(line: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = generated.OUTPUT.read_text().splitlines(keepends=True)
    edited = tmp_path / "argument_specs.yml"
    edited.write_text("".join(lines[: line % len(lines)] + lines[line % len(lines) + 1 :]))
    monkeypatch.setattr(generated, "OUTPUT", edited)
    assert list(generated.outdated())


@pytest.mark.parametrize("name", PASSED)
def test_variable_equals_module_option(name: str) -> None:
    option, variable = PASSED[name], VARIABLES[generated.PREFIX + OWN["names"].get(name, name)]
    for key in generated.KEYS:
        assert variable.get(key) == option.get(key), key
    defaults = yaml.safe_load((generated.ROLE / "defaults" / "main.yml").read_text())
    assert variable.get("required", False) == (
        option.get("required", False) and generated.PREFIX + name not in defaults
    )
    if "default" in variable:
        assert variable["default"] == option.get("default", [])
    # Ansible would check nested options itself, before the role can report all errors with the names of the variables.
    assert "options" not in variable
    text = " ".join(variable["description"])
    assert bool(option.get("suboptions")) == (f"O({generated.COLLECTION}.integration#module:{name})" in text)
    assert not set(re.findall(r"\bO\((\w+)[)=]", text)) - set(VARIABLES)


def test_role_passes_every_variable_to_its_option() -> None:
    (task,) = yaml.safe_load((generated.ROLE / "tasks" / "apply.yml").read_text())
    given = task[f"{generated.COLLECTION}.integration"]
    # One variable contains the plan file or the digest.
    assert "else __vapi_didlogic_approved_digest | default(omit, true) }}" in given.pop("approved_digest")
    assert set(given) == set(PASSED)
    for name, value in given.items():
        # The role fails itself, after the ids have been set as a fact.
        assert name == "verify" or generated.PREFIX + OWN["names"].get(name, name) in value
