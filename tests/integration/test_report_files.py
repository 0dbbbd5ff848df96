# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file that a playbook writes goes through the action ``report_file``, and through no link of another user."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playing import wired

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(
    [*ROOT.glob("playbooks/*.yml"), *ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml")]
)
#: What writes a file on the controller, by ansible-core.
WRITERS = (
    r"ansible\.builtin\."
    "(?:template|copy|file|tempfile|lineinfile|blockinfile|replace|assemble|get_url|fetch|unarchive):"
)
NUMBER = "31201234560"
#: Playbook, the variable with its file or folder, and all the files that it then writes.
REPORTS = [
    ("audit", "vapi_didlogic_audit_file", ("page.html", "page.json")),
    ("call_log", "vapi_didlogic_call_log_file", ("page.html", "page.csv")),
    ("export", "vapi_didlogic_export_file", ("environment.yml",)),
    ("integrate", "vapi_didlogic_summary_file", ("summary.json",)),
    ("integrate", "vapi_didlogic_comment_file", ("comment.md",)),
    ("teardown", "vapi_didlogic_summary_file", ("summary.json",)),
    ("teardown", "vapi_didlogic_comment_file", ("comment.md",)),
    ("fleet", "vapi_didlogic_fleet_file", ("fleet.json",)),
    ("fleet", "vapi_didlogic_fleet_comment_file", ("fleet.md",)),
    ("metrics", "vapi_didlogic_metrics_file", ("metrics.prom",)),
    ("forget_caller", "vapi_didlogic_forget_caller_file", ("report.json",)),
]


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_playbook_writes_file_consistently(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(WRITERS, text)
    # That filter follows every link; the working directory has none.
    assert "report_file" not in text or "realpath" not in text.replace("'.' | realpath", "")


def test_every_writing_playbook_has_a_case() -> None:
    """A new one needs a row above."""
    modules = re.compile(r"vapi_didlogic\.(report_file|call_log):")
    writing = {path.stem for path in ROOT.glob("playbooks/*.yml") if modules.search(path.read_text())}
    assert writing == {playbook for playbook, _variable, _files in REPORTS}


@pytest.mark.exhaustive(3)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make links that belong to another user")
@pytest.mark.parametrize(("playbook", "variable", "files"), REPORTS)
def test_symlink_of_another_user_is_rejected(
    services: Any, playbook: str, variable: str, files: tuple[str, ...]
) -> None:
    """Each of the files in turn; a link of the own user is followed."""
    services.sandbox("reset", "POST", wired(NUMBER))
    shared, precious = services.folder / "shared", services.folder / "precious"
    more = {
        "vapi_didlogic_trunk": {"name": "didlogic NL", "gateway": "sip.nl.didlogic.net"},
        "vapi_didlogic_numbers": [],
        "vapi_didlogic_audit_fail_on": "never",
        "vapi_didlogic_forget_caller_number": "15550100199",
    }
    mine = "{}"
    more[variable] = str(shared / files[0])
    for file in files:
        shared.mkdir(exist_ok=True)
        shared.chmod(0o1777)
        precious.write_text(mine)
        link = shared / file
        link.unlink(missing_ok=True)
        link.symlink_to(precious)
        os.lchown(link, 4711, 4711)
        play = services.play(f"voiceops.vapi_didlogic.{playbook}", **more)
        assert (play.rc, precious.read_text()) == (2, mine), play.text
        assert "belongs to another user" in play.out
        os.lchown(link, 0, 0)
        play = services.play(f"voiceops.vapi_didlogic.{playbook}", **more)
        assert (play.rc, link.is_symlink()) == (0, True), play.text
        assert precious.read_text() != mine
        assert shared.stat().st_mode & 0o7777 == 0o1777, "a folder that is there keeps its mode"
        link.unlink()


def each(services: Any, cases: list[dict[str, Any]]) -> list[str]:
    """The message with which each of these writes fails, all in one run; none of them leaves a file."""
    tasks: list[dict[str, Any]] = [
        {
            "voiceops.vapi_didlogic.report_file": {"dest": "x", **case},
            "register": f"r{index}",
            "ignore_errors": True,
        }
        for index, case in enumerate(cases)
    ]
    results = "[" + ", ".join(f"r{index}.msg | default('')" for index in range(len(cases))) + "]"
    tasks.append(
        {
            "ansible.builtin.copy": {
                "dest": str(services.folder / "messages"),
                "content": f"{{{{ {results} | to_json }}}}",
            }
        }
    )
    play = services.play(tasks)
    assert play.rc == 0, play.text
    assert not (services.folder / "x").exists()
    messages: list[str] = json.loads((services.folder / "messages").read_text())
    return messages


def test_invalid_option_is_named(services: Any) -> None:
    (services.folder / "x.j2").write_text("x")
    wrong = [{"mode": "888"}, {"mode": "rw"}, {"backup": "maybe"}, {"mood": "0600"}]
    for case, message in zip(wrong, each(services, [{"src": "x.j2", **case} for case in wrong]), strict=True):
        assert next(iter(case)) in message


@pytest.mark.each_version
def test_text_resembling_data_is_unchanged(services: Any) -> None:
    (services.folder / "x.j2").write_text('{{ {"a": [1, true]} | to_json }}\n')
    task = {"voiceops.vapi_didlogic.report_file": {"src": "x.j2", "dest": "x", "mode": "0644"}}
    assert services.play([task], "--check", "--diff").changed == 1
    assert not (services.folder / "x").exists()
    assert services.play([task]).changed == 1
    assert (services.folder / "x").read_text() == '{"a": [1, true]}\n'
    assert services.play([task]).changed == 0


def test_file_with_different_variables_is_not_written(services: Any) -> None:
    cases = []
    wrong = [("a: 1\n", {"a": 2}), ("a: '{''{ 7*7 }''}'\n", {"a": "x"}), (": :\n- a", {"a": 1})]
    for index, (text, variables) in enumerate(wrong):
        (services.folder / f"{index}.j2").write_text("{% raw %}" + text + "{% endraw %}")
        cases.append({"src": f"{index}.j2", "variables": variables})
    for message in each(services, cases):
        assert message.startswith("Nothing was written: ")
