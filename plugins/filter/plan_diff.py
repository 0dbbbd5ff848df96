# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that show a plan to reviewers: its changes as a diff, and text as a code block of Markdown."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import plan_text
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError


def plan_diff(plan: object) -> list[str]:
    """The changes of a plan as lines; see :func:`plan_text.diff_lines`."""
    if not isinstance(plan, dict):
        raise AnsibleFilterError("plan_diff: the input must be a plan as the module integration returns it.")
    return plan_text.diff_lines(plan)


def code_block(lines: object, language: str = "text", limit: int = 25_000) -> str:
    """Lines as a code block of Markdown; see :func:`plan_text.code_block`."""
    if not isinstance(lines, (list, tuple)):
        raise AnsibleFilterError("code_block: the input must be a list of lines.")
    return plan_text.code_block(lines, language, limit)


class FilterModule:
    """The filters, by name."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"plan_diff": plan_diff, "code_block": code_block}
