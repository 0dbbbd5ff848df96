# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that are documented are those that are used, and every other name is refused with the nearest one."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _variables

PREFIX = _variables.PREFIX
PLAYBOOKS = sorted(ROOT.glob("playbooks/*.yml"))
USING = [
    path
    for pattern in (
        "playbooks/**/*",
        "roles/*/tasks/*",
        "roles/*/vars/*",
        "roles/*/defaults/*",
        "extensions/eda/rulebooks/*",
    )
    for path in sorted(ROOT.glob(pattern))
    if path.is_file()
]
NAME = re.compile(r"(?<![\w.])vapi_didlogic_[a-z0-9_]*[a-z0-9]\b(?![_*])")


def code(path: Path) -> str:
    """A file without its comments."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))


def used() -> dict[str, set[str]]:
    """Each variable that a playbook, role or rulebook uses, and where."""
    found: dict[str, set[str]] = {}
    for path in USING:
        for name in NAME.findall(code(path)):
            found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


def test_used_variables_are_documented() -> None:
    """A user who gives a variable that works is never told that there is none."""
    missing = {name: places for name, places in used().items() if name not in _variables.known()}
    assert not missing, "document them at the head of the playbook, or in the role's argument specification"


def test_documented_variables_are_used() -> None:
    """A fact that a role sets is used by others."""
    facts = {"vapi_didlogic_result", "vapi_didlogic_plan", "vapi_didlogic_sandbox", "vapi_didlogic_in_process"}
    assert _variables.known().keys() - used().keys() - facts == set()


def paths(spec: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every variable, and every option inside one."""
    for name, option in spec.items():
        yield (*path, name)
        yield from paths(_variables.options_in(option), (*path, name))


EVERY = sorted(paths(_variables.known()))


def nested(path: tuple[str, ...], wrong: str) -> dict[str, Any]:
    """Variables in which the last name of a path is another."""
    value: Any = "x"
    for index, name in reversed([*enumerate(path[:-1]), (len(path) - 1, wrong)]):
        value = {name: [value] if index % 2 and isinstance(value, dict) else value}
    return dict(value)


def misspelt(name: str) -> Iterator[str]:
    head, last = (PREFIX, name.removeprefix(PREFIX)) if name.startswith(PREFIX) else ("", name)
    for at in range(1, len(last) - 1):
        yield head + last[:at] + last[at + 1 :]
        yield head + last[:at] + last[at + 1] + last[at] + last[at + 2 :]
        yield head + last[: at + 1] + last[at:]


@pytest.mark.parametrize("path", EVERY, ids=".".join)
def test_misspelt_variable_is_rejected_with_a_suggestion(path: tuple[str, ...]) -> None:
    assert _variables.unknown_variables(nested(path, path[-1])) == []
    siblings = {other[-1] for other in EVERY if other[:-1] == path[:-1]}
    for wrong in misspelt(path[-1]):
        if wrong in siblings or len(path[-1].removeprefix(PREFIX)) < 5:
            continue
        (result,) = _variables.unknown_variables(nested(path, wrong))
        assert wrong in result
        assert f"did you mean {path[-1]}?" in result or any(f"did you mean {name}?" in result for name in siblings)


def test_nested_options_of_variables_are_checked() -> None:
    specs = yaml.safe_load((ROOT / "roles/integration/meta/argument_specs.yml").read_text())["argument_specs"]["main"]
    many = {name for name, option in specs["options"].items() if "dict" in (option["type"], option.get("elements"))}
    assert many
    assert {path[0] for path in EVERY if len(path) > 1} >= many | {"vapi_didlogic_call", "vapi_didlogic_campaign"}


def fill_in(path: tuple[str, ...], filled: list[Any], value: Any) -> Any:
    """Note what is to be filled in, and return something that holds another template at the path."""
    filled.append(value)
    inner: Any = "{{ foreign }}"
    for name in reversed(path):
        inner = {name: inner}
    return [inner, "{{ foreign }}"]


@pytest.mark.parametrize("path", EVERY, ids=".".join)
def test_templated_values_are_not_templated_again(path: tuple[str, ...]) -> None:
    """On ansible-core before 2.19 every text is a template, also one that a template was filled in with."""
    for depth in range(len(path)):
        filled: list[Any] = []
        value: Any = "{{ ours }}"
        for name in reversed(path[1 : depth + 1]):
            value = {name: value}
        _variables.unknown_variables({path[0]: value}, functools.partial(fill_in, path[depth + 1 :], filled))
        assert filled in ([], ["{{ ours }}"])


def test_variables_of_other_collections_are_ignored() -> None:
    others = {"vapi_region": 1, "__vapi_didlogic_now": 1, "didlogic_key": 1, "vapi_didlogic": 1, "hostvars": {}}
    assert _variables.unknown_variables(others) == []
    assert len(_variables.unknown_variables({"vapi_didlogic_of_mine": 1})) == 1


@pytest.mark.parametrize("file", PLAYBOOKS, ids=lambda path: path.stem)
def test_playbook_checks_variables_first(file: Path) -> None:
    """By the role that does it, or by the role that depends on that one."""
    play, *_later = yaml.safe_load(file.read_text())
    first = play["tasks"][0]
    first = first["block"][0] if "block" in first else first
    meta = yaml.safe_load((ROOT / "roles/integration/meta/main.yml").read_text())
    # With the tag, so that they are also checked if only some steps are run.
    assert meta["dependencies"][0] == {"role": "voiceops.vapi_didlogic.check_variables", "tags": "always"}
    names = {"voiceops.vapi_didlogic.check_variables", "voiceops.vapi_didlogic.integration"}
    assert first["ansible.builtin.import_role"]["name"] in names
