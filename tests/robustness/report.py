# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the proofs in full and write their figures into the page "Guarantees".

python tests/robustness/report.py            # about an hour
python tests/robustness/report.py --only faults fuzz
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "docsite" / "rst" / "promises.rst"
START, END = ".. figures start", ".. figures end"
#: Where a proof is, if not next to this file.
FOLDERS = {"outage": "tests/callpath"}
PROOFS = (
    "faults",
    "rotation",
    "sockets",
    "together",
    "fuzz",
    "secret_leaks",
    "bounds",
    "approval",
    "failover",
    "calling_hours",
    "erasure",
    "conformance",
    "outage",
    "fleet",
)


def path_of(proof: str) -> str:
    """The path of a proof in the repository."""
    return f"{FOLDERS.get(proof, 'tests/robustness')}/{proof}.py"


def flat(figures: dict[str, Any], above: str = "") -> list[tuple[str, int]]:
    """Names and numbers, in the order in which the proof wrote them."""
    found: list[tuple[str, int]] = []
    for name, value in figures.items():
        words = f"{above}: {name}" if above else name
        if isinstance(value, dict):
            found += flat(value, words)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found.append((words, int(value)))
    return found


def standing() -> dict[str, list[str]]:
    """The rows of each proof as the page has them."""
    figures = PAGE.read_text().split(START)[1].split(END)[0]
    found: dict[str, list[str]] = {}
    for match in re.finditer(r"   \* - ``tests/\w+/(\w+)\.py``\n     - .*\n     - .*", figures):
        found.setdefault(match[1], []).append(match[0])
    return found


def table(proofs: dict[str, dict[str, Any]]) -> str:
    """An RST table of all figures; those of proofs that were not played now stay as they are."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 20 60 20",
        "",
        "   * - Proof",
        "     - Counted",
        "     - Figure",
    ]
    before = standing()
    for proof in PROOFS:
        if proof not in proofs:
            lines += before.get(proof, [])
            continue
        for name, value in flat(proofs[proof]):
            lines += [f"   * - ``{path_of(proof)}``", f"     - {name}", f"     - {value:,}"]
    return "\n".join(lines)


def write(proofs: dict[str, dict[str, Any]]) -> None:
    """Put the table between the marks of the page."""
    page = PAGE.read_text()
    head, rest = page.split(START)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{START}\n\n{table(proofs)}\n\n{END}{tail}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="+", choices=PROOFS, default=PROOFS)
    options.add_argument("--from", dest="folder", type=Path, help="read NAME.json from here instead of running")
    chosen = options.parse_args()
    proofs, failed = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for proof in chosen.only:
            file = (chosen.folder or Path(folder)) / f"{proof}.json"
            if not chosen.folder:
                print(f"=== {proof}", flush=True)
                done = subprocess.run([sys.executable, ROOT / path_of(proof), "--json", file], check=False)
                failed += [proof] if done.returncode else []
            proofs[proof] = json.loads(file.read_text())
    write(proofs)
    print(f"{len(chosen.only) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
