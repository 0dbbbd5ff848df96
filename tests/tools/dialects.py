# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run tests under other values of the sandbox's switches, and list the tests that fail under each.

    python3 dev.py dialects                              # the integration tests under each value in turn; hours
    python3 dev.py dialects --together                   # all switches at once that make no difference to users
    python3 dev.py dialects delete_status -- tests/unit  # other tests, under the values of one switch

Arguments after ``--`` are those of pytest. Tests that expect the default of a switch have the mark
``default_dialect(switch, ...)`` and are left out under another value of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.dialect import ENVIRONMENT
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import CONTROL, SWITCHES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/docsite/rst/dialects.rst"
#: What the page about dialects says if the collection does the same under each value.
SAME = "The same."


def described() -> dict[str, tuple[str, str]]:
    """What the page says for each switch: with the default, and otherwise."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"   \* - ``(\w+)``\n     - (.+?)\n     - (.+?)(?=\n   \* - |\n\n|\Z)", text, re.DOTALL)
    return {name: (" ".join(default.split()), " ".join(other.split())) for name, default, other in rows}


def dialects(names: list[str], *, together: bool) -> list[dict[str, Any]]:
    """The dialects to run. :param names: the switches. :param together: whether in one dialect, with first values."""
    flips = [(switch.name, value) for switch in SWITCHES if switch.name in names for value in switch.flips]
    if together:
        return [dict(reversed(flips))]
    return [{name: value} for name, value in flips]


def run(dialect: dict[str, Any], options: list[str]) -> list[str]:
    """The tests that fail in a dialect; the output of pytest is shown if it ends otherwise."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-rfE", "--tb=line", *options]
    environment = {**os.environ, ENVIRONMENT: json.dumps(dialect)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        return [f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"]
    return re.findall(r"^(?:FAILED|ERROR) (.*)$", done.stdout, re.MULTILINE)


def main() -> int:
    arguments = sys.argv[1:]
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options = arguments[at + 1 :] or ["tests/integration", "-n", str(os.cpu_count() or 2)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("switch", nargs="*", help="only these switches")
    parser.add_argument("--together", action="store_true", help="one run with all of them, by default of those without")
    chosen = parser.parse_args(arguments[:at])
    every = [switch.name for switch in SWITCHES if switch.evidence != CONTROL]
    if unknown := set(chosen.switch) - set(every):
        parser.error(f"no such switch: {', '.join(sorted(unknown))}")
    without_difference = [name for name, (_default, other) in described().items() if other == SAME]
    names = chosen.switch or (without_difference if chosen.together else every)
    total = 0
    for dialect in dialects(names, together=chosen.together):
        failed = run(dialect, options)
        total += len(failed)
        print(f"{json.dumps(dialect)}: {len(failed)} failed", *failed, sep="\n    ", flush=True)
    return bool(total)


if __name__ == "__main__":
    sys.exit(main())
