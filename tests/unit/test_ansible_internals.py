# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This ansible-core has the private names that are used; the integration tests run this on every supported version."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
from ansible.playbook.task import Task

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _ansible_internals

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
NAMES = [name for _place, name in _ansible_internals.REQUIRED]


class WithoutName:
    """An object of ansible-core without one of its names."""

    def __init__(self, place: t.Any, name: str) -> None:
        self._place, self._missing = place, name
        self.__name__ = place.__name__

    def __getattr__(self, name: str) -> t.Any:
        if name == self._missing:
            raise AttributeError(name)
        return getattr(self._place, name)


def test_installed_ansible_core_has_every_private_name() -> None:
    assert _ansible_internals.missing() == []


@pytest.mark.parametrize("name", NAMES)
def test_missing_private_name_is_reported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    required = tuple(
        (WithoutName(place, name) if own == name else place, own) for place, own in _ansible_internals.REQUIRED
    )
    monkeypatch.setattr(_ansible_internals, "REQUIRED", required)
    assert [found.rpartition(".")[2] for found in _ansible_internals.missing()] == [name]


def test_other_format_of_packed_module_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def empty_module(_path: str) -> t.Any:
        raise TypeError("unexpected parameter")

    monkeypatch.setattr(_ansible_internals, "empty_module", empty_module)
    assert len(_ansible_internals.missing()) == 1


def test_task_has_an_id() -> None:
    first, second = _ansible_internals.task_id(Task()), _ansible_internals.task_id(Task())
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize("path", sorted(PLUGINS.rglob("*.py")), ids=lambda path: str(path.relative_to(PLUGINS)))
def test_no_other_file_uses_private_names_of_ansible(path: pathlib.Path) -> None:
    if path.stem == "_ansible_internals":
        return
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(?:from|import) ansible\.\S*\b_\w", text, re.MULTILINE)
    assert not re.search(r"^\s*from ansible\.[\w.]+ import (?:.*\W)?_(?!_)\w", text, re.MULTILINE)
    assert not re.search(r"\b(?:basic|warnings|module_common)\._\w|\b_task\._\w", text)
