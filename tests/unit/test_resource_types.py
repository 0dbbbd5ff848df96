# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mypy accepts each hook in the declaration of its own resource, and rejects it in that of another resource."""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    BaseResource,
    KeyedResource,
    OneShot,
    OneShotResource,
    Ordered,
    OrderedResource,
    Replacement,
    Update,
)

pytest.importorskip("mypy")
ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.voiceops.vapi_didlogic.plugins.module_utils."
HEAD = f"""
import typing as t
from {PACKAGE}_core.model import Model
from {PACKAGE}_core.ordered_list import Entry, Step, Target
from {PACKAGE}_core.resource import (
    BaseResource, Batches, KeyedResource, ListQuery, Mutation, OneShot, OneShotResource, Ordered, OrderedResource,
    Provider, Replacement, State, Update,
)

class RecordA(Model):
    name: str | None = None
class RecordB(Model):
    name: str | None = None
class OptionsA(State):
    force: bool = False
class OptionsB(State):
    force: bool = False

provider: Provider
"""
#: The types of a hook's parameters and result, and the place of the hook in a declaration.
VALIDATOR = "t.Callable[[{record}, {options}], str | None]"
TYPES = {
    "validators": (VALIDATOR, "(hook,)"),
    "plan_validators": ("t.Callable[[{record}, {options}], None]", "(hook,)"),
    "resolve_desired": ("t.Callable[[{record}, {record} | None, {options}], {record}]", "hook"),
    "update": ("t.Callable[[{options}], bool]", "Update(rewrites_secrets=hook)"),
    "replacement": (
        "t.Callable[[{options}], bool]",
        'Replacement(field="x", requested=hook, template_option="force")',
    ),
    "ordered": ("Ordered[{record}, {options}]", "hook"),
    "one_shot": ("OneShot[{record}, {options}]", "hook"),
    "expand": ("t.Callable[[{record}, {options}], Batches]", "hook"),
}
KINDS = {
    "BaseResource": ("validators",),
    "KeyedResource": ("validators", "plan_validators", "resolve_desired", "update", "replacement"),
    "OrderedResource": ("validators", "ordered"),
    "OneShotResource": ("validators", "one_shot", "expand"),
}
#: Arguments that a kind requires, of the record and the options of the declaration.
REQUIRED = {"OrderedResource": "ordered", "OneShotResource": "one_shot"}


def declaration(index: int, kind: str, hook: str, record: str, options: str) -> str:
    """A resource of ``RecordA`` and ``OptionsA`` in one line, with a hook for ``record`` and ``options``."""
    annotation, argument = TYPES[hook]
    more = ""
    if REQUIRED.get(kind) not in {None, hook}:
        more = f"{REQUIRED[kind]}=own_{REQUIRED[kind]}, "
    given = annotation.format(record=record, options=options)
    call = (
        f'{kind}(provider=provider, name="x", plural="xs", title="x", path="/x", record=RecordA, options=OptionsA, '
        f"{more}{hook}={argument})"
    )
    return f"def case_{index}(hook: {given}) -> None: resource_{index} = {call}"


CASES = [
    (kind, hook, record, options)
    for kind, hooks in KINDS.items()
    for hook in hooks
    for record, options in itertools.product(("RecordA", "RecordB"), ("OptionsA", "OptionsB"))
    if "{record}" in TYPES[hook][0] or record == "RecordA"
]


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """mypy's first error of each case, by the number of the case."""
    file = tmp_path_factory.mktemp("mypy") / "declarations.py"
    own = [f"own_{name}: {TYPES[name][0].format(record='RecordA', options='OptionsA')}" for name in REQUIRED.values()]
    lines = [*HEAD.splitlines(), *own, *(declaration(index, *case) for index, case in enumerate(CASES))]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    first = len(lines) - len(CASES) + 1
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode in {0, 1}, run.stdout[-2000:] + run.stderr[-2000:]
    found: dict[int, str] = {}
    for line in run.stdout.splitlines():
        match = re.match(r"(.*declarations\.py):(\d+): error: (.*)", line)
        assert match or " error: " not in line, line
        if match:
            assert int(match[2]) >= first, line
            found.setdefault(int(match[2]) - first, match[3])
    return found


@pytest.mark.parametrize("index", range(len(CASES)), ids=["-".join(case) for case in CASES])
def test_hook_of_another_resource_is_a_type_error(errors: dict[int, str], index: int) -> None:
    *_place, record, options = CASES[index]
    accepted = (record, options) == ("RecordA", "OptionsA")
    assert (index not in errors) == accepted, errors.get(index, "mypy accepts the hook")


def test_every_typed_hook_has_a_case() -> None:
    kinds: list[t.Any] = [BaseResource, KeyedResource, OrderedResource, OneShotResource]
    for kind in kinds:
        typed = {
            field.name
            for field in dataclasses.fields(kind)
            if re.search(r"\b(RecordT|OptionsT)\b", str(field.type)) and field.name not in {"record", "options"}
        }
        inherited = {field.name for field in dataclasses.fields(BaseResource)}
        assert typed - (set() if kind is BaseResource else inherited) <= set(KINDS[kind.__name__]), kind


@pytest.mark.parametrize(
    "kind",
    [BaseResource, KeyedResource, OrderedResource, OneShotResource, OneShot, Ordered, Replacement, Update],
    ids=lambda kind: str(kind.__name__),
)
def test_declaration_is_small(kind: t.Any) -> None:
    own = [name for name in kind.__annotations__ if not name.startswith("_")]
    assert len(own) <= 20
    assert len(dataclasses.fields(kind)) <= 24
