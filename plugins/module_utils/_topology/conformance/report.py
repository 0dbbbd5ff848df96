# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a conformance check: JSON, and the same as Markdown. It can be attached to a public issue.

It consists of fixed texts, statuses and numbers that a step has counted, and contains no text of a response. Before it
is written, it is searched for the keys, the passwords, and all numbers, ids and addresses of mail in the responses.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.version import VERSION
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    BY_ID,
    FORMAT,
    NOT_ASKED,
    VERDICTS,
    dialect,
)

#: Questions that need a call, which the check never places.
NEEDS_A_CALL = (
    "Which destination of a number does didlogic try first, and when does it try the next one?",
    "From which addresses do calls and their media come?",
    "Does Vapi accept inbound calls of a trunk without inbound gateways?",
    "Does Vapi match numbers with and without a plus?",
    "Does an update of a trunk's password take effect at once?",
    "Does didlogic process REFER?",
)


class UnsafeReportError(Exception):
    """The report contains a text that it must not contain; it was not written."""


def answers(findings: t.Mapping[str, Result]) -> list[Result]:
    """All answers in the order of the questions.

    :param findings: the findings, by the ids of the questions. :return: one answer for each question.
    """
    found: list[Result] = []
    for question in BY_ID.values():
        finding = findings.get(question.id, {"verdict": NOT_ASKED, "evidence": ""})
        found.append(
            {
                "id": question.id,
                "service": question.service,
                "level": question.level,
                "question": question.text,
                **finding,
            }
        )
    return found


def build(run: str, level: str, day: str, answered: list[Result], left_behind: int) -> Result:
    """The report.

    :param run: the id of the run. :param level: the level. :param day: the date. :param answered: the answers.
    :param left_behind: the number of objects that could not be removed. :return: the report.
    """
    counts = {verdict: sum(answer["verdict"] == verdict for answer in answered) for verdict in VERDICTS}
    return {
        "format": FORMAT,
        "run": run,
        "day": day,
        "collection": VERSION,
        "level": level,
        "answers": answered,
        "dialect": dialect(answered),
        "counts": counts,
        "left_behind": left_behind,
        "needs_a_call": list(NEEDS_A_CALL),
    }


def markdown(report: Result) -> str:
    """The report as Markdown.

    :param report: the report. :return: the text.
    """
    lines = [
        f"# Conformance report {report['run']}",
        "",
        f"{report['day']}, level {report['level']}, objects left behind: {report['left_behind']}",
        "",
        "| id | question | verdict | evidence |",
        "| --- | --- | --- | --- |",
    ]
    for answer in t.cast("list[Result]", report["answers"]):
        verdict = str(answer["verdict"]).replace("_", " ")
        lines.append(f"| {answer['id']} | {answer['question']} | {verdict} | {answer['evidence']} |")
    lines += ["", "These questions need a test call:", ""]
    lines += [f"- {question}" for question in NEEDS_A_CALL]
    return "\n".join(lines) + "\n"


def texts(report: Result, secrets: t.Iterable[str], private: t.Iterable[str]) -> tuple[str, str]:
    """The report as JSON and Markdown, after both were searched.

    :param report: the report. :param secrets: keys and passwords. :param private: numbers, ids and addresses of mail.
    :return: both texts. :raises UnsafeReportError: if one contains such a text.
    """
    rendered = json.dumps(report, indent=2) + "\n", markdown(report)
    for text in rendered:
        lower = text.lower()
        if any(secret.lower() in lower for secret in secrets if secret) or any(each in lower for each in private):
            raise UnsafeReportError(
                "The report was not written, because it would contain a secret or a number of the account. "
                "Please report this without the report."
            )
    return rendered
