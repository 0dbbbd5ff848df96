# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as lines of text for reviewers, and text as a block of Markdown. Pure."""

from __future__ import annotations

import difflib
import json
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, as_object, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted, printable

#: Characters of a line. A longer one continues on the next line, so that no difference is cut off.
WIDTH = 160
#: Unchanged lines around a changed one.
CONTEXT = 3
#: Lines of one side of a change up to which both sides are compared, because the time grows with the square.
MAX_COMPARED = 2000
_BACKQUOTES = re.compile("`+")


def diff_lines(plan: Params) -> list[str]:
    """The changes of a plan as a diff.

    :param plan: the content of a plan file. :return: for each change a line with the object and the action, and the
        lines of the managed fields before and after it, which begin with a space, ``-`` or ``+``. Control characters
        and invisible characters are escaped, and no line is longer than a few more than ``WIDTH`` characters.
    """
    found = []
    for change in objects_in(plan.get("changes")):
        kind = str(change.get("kind")).replace("_", " ")
        found.append(_wrapped(printable(f"@@ {kind} {change.get('name')}: {change.get('action')}"))[0])
        found += _diff(*(_field_lines(as_object(change.get(side))) for side in ("before", "after")))
    return found


def _diff(before: list[str], after: list[str]) -> list[str]:
    if max(len(before), len(after)) > MAX_COMPARED:
        return [f"-{line}" for line in before] + [f"+{line}" for line in after]
    lines = list(difflib.unified_diff(before, after, n=CONTEXT, lineterm=""))[3:]
    return [" ..." if line.startswith("@@") else line for line in lines]


def _field_lines(fields: Params, indent: str = "  ") -> list[str]:
    """The fields as lines, similar to YAML."""
    found = []
    for name, value in sorted(fields.items()):
        found += _value_lines(printable(f"{indent}{name}: "), value, indent + "  ")
    return found


def _value_lines(start: str, value: object, indent: str) -> list[str]:
    if isinstance(value, dict) and value:
        return [*_wrapped(start.rstrip()), *_field_lines(as_object(value), indent)]
    if isinstance(value, list) and value:
        return _wrapped(start.rstrip()) + [line for item in value for line in _value_lines(f"{indent}- ", item, indent)]
    if isinstance(value, str) and "\n" in value:
        parts = [f"{indent}| {printable(part)}" for part in value.split("\n")]
        return _wrapped(start.rstrip()) + [line for part in parts for line in _wrapped(part)]
    return _wrapped(start + printable(json.dumps(value, ensure_ascii=False)))


def _wrapped(line: str) -> list[str]:
    return [line[at : at + WIDTH] for at in range(0, len(line), WIDTH)]


def code_block(lines: t.Iterable[object], language: str = "text", limit: int = 25_000) -> str:
    """Lines as a code block of Markdown that no content can end.

    :param lines: the lines; control characters and invisible characters are escaped. :param language: the language of
        the block. :param limit: the maximum size in bytes; the last line then states how many lines were left out.
    :return: the block, with a fence that is longer than any run of back-quotes in it; empty without lines.
    """
    all_lines = [printable(part) for line in lines for part in str(line).split("\n")]
    size, kept = 0, []
    for line in all_lines:
        size += len(line.encode("utf-8", "replace")) + 1
        if size > limit:
            break
        kept.append(line)
    if len(kept) < len(all_lines):
        kept.append(f"... {counted(len(all_lines) - len(kept), 'more line')}: see the output of the run.")
    if not kept:
        return ""
    fence = "`" * max(3, *(len(run) + 1 for run in ["", *_BACKQUOTES.findall("\n".join(kept))]))
    return "\n".join([f"{fence}{language}", *kept, fence])
