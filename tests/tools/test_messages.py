# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message and label of the playbooks and roles is safe for a terminal, whatever a service has put into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
#: The sandbox's role shows nothing of a service.
FILES = sorted([*ROOT.glob("playbooks/*.yml"), *ROOT.glob("roles/[!s]*/tasks/*.yml")])
FIELDS = ("msg", "fail_msg", "success_msg")
MODULES = ("debug", "assert", "fail")
FILTER = "voiceops.vapi_didlogic.printable"
#: An expression that is a number, or one of some texts that are written out.
FIXED = re.compile(r"[\w.]+ \| length|'[^']*' if [^~]* else '[^']*'")


def tasks(entries: Any) -> Iterator[dict[str, Any]]:
    for entry in entries or ():
        yield entry
        for part in ("tasks", "block", "rescue", "always"):
            yield from tasks(entry.get(part))


def messages() -> Iterator[tuple[str, str]]:
    """Where a message is, and its text."""
    for file in FILES:
        for task in tasks(yaml.safe_load(file.read_text())):
            found = [task[f"ansible.builtin.{name}"] for name in MODULES if f"ansible.builtin.{name}" in task]
            texts = [given[field] for given in found for field in FIELDS if field in given]
            texts += [task["loop_control"]["label"]] if "label" in task.get("loop_control", {}) else []
            for text in texts:
                for one in text if isinstance(text, list) else [text]:
                    yield f"{file.stem}: {task['name']}", one


MESSAGES = list(messages())


def test_messages_are_found() -> None:
    assert len(MESSAGES) > 25


@pytest.mark.parametrize(("where", "text"), MESSAGES, ids=[where for where, _text in MESSAGES])
def test_every_message_is_printable(where: str, text: str) -> None:
    for expression in re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL):
        assert FILTER in expression or FIXED.fullmatch(expression.strip()), where
