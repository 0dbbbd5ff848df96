# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the documentation that repeat what stands in the code; `python tests/tools/pages.py` writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import RULES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import QUESTIONS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import STATUSES

PAGES = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst"
PAGE = PAGES / "when_a_call_fails.rst"
LABEL = "ansible_collections.voiceops.vapi_didlogic.docsite.audit."
NOTHING = "\u2013"


def rules() -> str:
    """One paragraph for each rule of the audit, with its anchor."""
    parts = []
    for rule in RULES:
        text = re.sub(r"\{(\w+)\}", r"*\1*", f"{rule.message} {rule.fix}")
        severity = " or ".join((rule.severity, *rule.lower))
        source = rule.source[0].upper() + rule.source[1:]
        parts += [f".. _{LABEL}{rule.id}:", "", f"``{rule.id}`` ({severity}; {rule.evidence})"]
        parts += [f"    {text}", "", f"    Evidence: {source}.", ""]
    return "\n".join(parts)


def statuses() -> str:
    """A table of SIP statuses: what each means here and what mends it."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 10 10 40 40", ""]
    lines += ["   * - Call", "     - SIP", "     - What happened", "     - What mends it"]
    for way in ("outbound", "inbound"):
        for status, row in sorted(STATUSES[way].items()):
            lines += [f"   * - {way}", f"     - {status}", f"     - {row.cause}", f"     - {row.fix or NOTHING}"]
    return "\n".join(lines)


def questions() -> str:
    """A table of the questions of the conformance check."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 25 40 13 22", ""]
    lines += ["   * - Id", "     - Question", "     - Level", "     - Switch of the sandbox"]
    for question in QUESTIONS:
        switch = f"``{question.switch}``" if question.switch else NOTHING
        lines += [
            f"   * - ``{question.id}``",
            f"     - {question.text}",
            f"     - {question.level}",
            f"     - {switch}",
        ]
    return "\n".join(lines)


#: The parts of each page.
PARTS: dict[Path, dict[str, Callable[[], str]]] = {
    PAGE: {"rules": rules, "statuses": statuses},
    PAGES / "first_contact.rst": {"questions": questions},
}


def filled(path: Path) -> str:
    """A page with its parts as they should be."""
    page = path.read_text(encoding="utf-8")
    for name, part in PARTS[path].items():
        start, end = f".. {name} start", f".. {name} end"
        head, rest = page.split(start)
        page = f"{head}{start}\n\n{part().rstrip()}\n\n{end}{rest.split(end)[1]}"
    return page


if __name__ == "__main__":
    for path in PARTS:
        path.write_text(filled(path), encoding="utf-8")
