# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of an environment after its first deployment: what the plan shows and how many requests the run writes.

    python tests/robustness/changes.py            # writes the tables of the page "Changing and removing"

Each change is played on the sandbox: dry run, run, second run. A test checks that the page contains what was measured.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import sys
import textwrap
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

from chain import Account, Ticking
from sandbox_server.world import World

PAGE = ROOT / "docs" / "docsite" / "rst" / "changing_and_removing.rst"
START, END = ".. changes: {}\n", ".. changes end\n"
PREFIX = "vapi_didlogic_"
MAIN, SIDE = "31207001000", "31207001001"
SEED = {
    "balance": 25.0,
    "sip_accounts": [{"name": "01234", "label": "The desk", "password": "not-a-real-password"}],
    "numbers": [
        {"number": MAIN, "destinations": [{"destination": "01234", "transport": 5, "active": True}]},
        SIDE,
        "31207001002",
    ],
}
ENVIRONMENT = """\
vapi_didlogic_sip_refer_enabled: true
vapi_didlogic_trunk:
  name: didlogic
  gateway: sip.nl.didlogic.net
  inbound_networks: [192.0.2.0/28]
vapi_didlogic_transfer_tools:
  - name: to_the_desk
    destinations:
      - number: "+31207001999"
vapi_didlogic_assistants:
  - name: Reception
    definition:
      model: {provider: openai, model: gpt-4o}
    tools: [to_the_desk]
  - name: Night
    definition:
      maxDurationSeconds: 60
vapi_didlogic_numbers:
  - number: "+31207001000"
    assistant: Reception
  - number: "+31207001001"
    assistant: Night
"""
PRUNE = (
    "vapi_didlogic_sip_refer_enabled: true\n",
    "vapi_didlogic_sip_refer_enabled: true\nvapi_didlogic_prune: true\n",
)
TOOLS = """\
vapi_didlogic_transfer_tools:
  - name: to_the_desk
    destinations:
      - number: "+31207001999"
"""
RECEPTION = """\
  - name: Reception
    definition:
      model: {provider: openai, model: gpt-4o}
    tools: [to_the_desk]
"""
NIGHT = """\
  - name: Night
    definition:
      maxDurationSeconds: 60
"""
LAST_NUMBER = '  - number: "+31207001001"\n    assistant: Night\n'


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of the file: ``edits`` replace texts of it; ``before`` are edits that were applied by earlier runs."""

    title: str
    group: str
    edits: tuple[tuple[str, str], ...]
    before: tuple[tuple[str, str], ...] = ()


CHANGES = (
    Change(
        "Rename the trunk",
        "names",
        (("  name: didlogic\n", "  name: didlogic NL\n  former_names: [didlogic]\n"),),
    ),
    Change(
        "Another trunk: a name without former_names",
        "names",
        (("  name: didlogic\n", "  name: didlogic NL\n"),),
    ),
    Change(
        "Rename an assistant",
        "names",
        (
            ("  - name: Reception\n", "  - name: Front desk\n    former_names: [Reception]\n"),
            ("assistant: Reception", "assistant: Front desk"),
        ),
    ),
    Change(
        "Another assistant: a name without former_names",
        "names",
        (("  - name: Night\n", "  - name: Evening\n"), ("assistant: Night", "assistant: Evening")),
    ),
    Change(
        "Rename a transfer tool",
        "names",
        (
            ("  - name: to_the_desk\n", "  - name: to_reception\n    former_names: [to_the_desk]\n"),
            ("tools: [to_the_desk]", "tools: [to_reception]"),
        ),
    ),
    Change("Assign a number to another assistant", "numbers", (("assistant: Night", "assistant: Reception"),)),
    Change(
        "Add a number",
        "numbers",
        ((LAST_NUMBER, LAST_NUMBER + '  - number: "+31207001002"\n    assistant: Night\n'),),
    ),
    Change(
        "Remove a number",
        "entries",
        ((LAST_NUMBER, LAST_NUMBER.replace("    assistant: Night\n", "    state: absent\n")),),
    ),
    Change(
        "Remove an assistant, and assign its number to another one",
        "entries",
        ((NIGHT, "  - name: Night\n    state: absent\n"), ("assistant: Night", "assistant: Reception")),
    ),
    Change(
        "Remove a transfer tool",
        "entries",
        (
            (TOOLS, "vapi_didlogic_transfer_tools:\n  - name: to_the_desk\n    state: absent\n"),
            ("    tools: [to_the_desk]\n", ""),
        ),
    ),
    Change(
        "Remove a number with its assistant",
        "entries",
        (
            (NIGHT, "  - name: Night\n    state: absent\n"),
            (LAST_NUMBER, LAST_NUMBER.replace("    assistant: Night\n", "    state: absent\n")),
        ),
    ),
    Change("Detach a transfer tool", "entries", (("    tools: [to_the_desk]\n", "    tools: []\n"),)),
    Change(
        "Exactly the named tools",
        "entries",
        (("    tools: [to_the_desk]\n", "    tools: []\n    tools_mode: replace\n"),),
    ),
    Change("Begin to remove what is no longer declared", "prune", (PRUNE,)),
    Change("Remove a number from the file", "prune", ((LAST_NUMBER, ""),), (PRUNE,)),
    Change("Remove a number and its assistant from the file", "prune", ((NIGHT, ""), (LAST_NUMBER, "")), (PRUNE,)),
    Change(
        "Remove an assistant with its transfer tool from the file",
        "prune",
        ((TOOLS, ""), (RECEPTION, ""), ("assistant: Reception", "assistant: Night")),
        (PRUNE,),
    ),
    Change("The same without prune", "prune", ((PRUNE[1], PRUNE[0]), (NIGHT, ""), (LAST_NUMBER, "")), (PRUNE,)),
    Change(
        "Rename the trunk of a marked environment",
        "prune",
        (("  name: didlogic\n", "  name: didlogic NL\n  former_names: [didlogic]\n"),),
        (PRUNE,),
    ),
    Change(
        "Remove the environment",
        "environment-removed",
        (("vapi_didlogic_sip", "vapi_didlogic_state: absent\nvapi_didlogic_sip"),),
    ),
    Change(
        "Declare failover destinations",
        "destinations",
        (('1000"\n', '1000"\n    failover: ["+31207001999", "01234"]\n'),),
    ),
    Change(
        "Exchange the failover destinations",
        "destinations",
        (('["+31207001999", "01234"]', '["01234", "+31207001999"]'),),
        (('1000"\n', '1000"\n    failover: ["+31207001999", "01234"]\n'),),
    ),
    Change(
        "Remove a failover destination",
        "destinations",
        (('["+31207001999", "01234"]\n', '["01234"]\n    others: remove\n'),),
        (('1000"\n', '1000"\n    failover: ["+31207001999", "01234"]\n'),),
    ),
)


def edited(text: str, edits: t.Iterable[tuple[str, str]]) -> str:
    """The file after some edits, each of which must fit at exactly one place."""
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is {text.count(old)} times in the file.")
        text = text.replace(old, new)
    return text


def options(text: str) -> dict[str, t.Any]:
    """The options of the module in a file of variables."""
    given = {name.removeprefix(PREFIX): value for name, value in yaml.safe_load(text).items()}
    return {"transfer_tools": [], **given}


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a change showed and did."""

    lines: list[str]
    report: list[str]
    done: list[str]
    writes: int
    again: int
    broken: list[str]
    same: bool


def play(change: Change) -> Measured:
    """Deploy the file, change it, and apply the change: a dry run, a run and a second run."""
    account = Account(World(seed=SEED, clock=Ticking()))
    before = edited(ENVIRONMENT, change.before)
    account.run(at_once=True, **options(ENVIRONMENT))
    for count in range(len(change.before)):
        account.run(at_once=True, **options(edited(ENVIRONMENT, change.before[: count + 1])))
    account.run(at_once=True, **options(before))
    after = edited(before, change.edits)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    dry = account.run(check=True, at_once=True, **options(after)).returned
    count = account.world.journal_report()["writes"]
    done = account.run(at_once=True, **options(after)).returned
    writes = account.world.journal_report()["writes"] - count
    account.run(at_once=True, **options(after))
    return Measured(
        lines=[line for line in lines if not line.startswith(("---", "+++", "@@"))],
        report=[steady(line) for line in dry["report"]],
        done=[steady(line) for line in done["report"]],
        writes=writes,
        again=account.world.journal_report()["writes"] - count - writes,
        broken=done["broken"],
        same=kinds(dry) == kinds(done) and dry["changed"] == done["changed"],
    )


def kinds(returned: dict[str, t.Any]) -> list[tuple[str, ...]]:
    """The changed objects of a run."""
    return sorted((item["kind"], item["name"], item["change"]) for item in returned["objects"])


def steady(line: str) -> str:
    """A line with the same id in every run."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "11111111-1111-4111-8111-111111111111", line)


def shown(report: list[str]) -> list[str]:
    """The lines of a report about what changes."""
    found, on = [], False
    for line in report[1:]:
        if not line.startswith(("would go to", "calls go to", "then to", "removed", "inactive", "calls ")):
            on = not re.search(r"(unchanged|did not exist)(,|$)", line) and not line.startswith("warning")
        found += [line] if on else []
    return found


def table(group: str, played: t.Mapping[str, Measured]) -> str:
    """The table of a group of changes."""
    text = ".. list-table::\n   :header-rows: 1\n   :widths: 18 36 38 8\n\n"
    text += "   * - Change\n     - In the file\n     - The plan shows\n     - Writes\n"
    for change in CHANGES:
        if change.group == group:
            found = played[change.title]
            text += f"   * - {change.title}\n"
            for kind, lines in (("diff", found.lines), ("text", shown(found.report))):
                block = textwrap.indent("\n".join(line.rstrip() for line in lines), " " * 10)
                text += f"     - .. code-block:: {kind}\n\n{block}\n\n"
            text += f"     - {found.writes}\n"
    return text


def page(text: str, played: t.Mapping[str, Measured]) -> str:
    """The page with the tables of what was measured."""
    for group in dict.fromkeys(change.group for change in CHANGES):
        head, _start, rest = text.partition(START.format(group))
        text = f"{head}{START.format(group)}\n{table(group, played)}\n{END}{rest.partition(END)[2]}"
    head, _start, rest = text.partition(START.format("environment"))
    block = textwrap.indent(ENVIRONMENT, "   ")
    return f"{head}{START.format('environment')}\n.. code-block:: yaml\n\n{block}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(), {change.title: play(change) for change in CHANGES}))


if __name__ == "__main__":
    main()
