# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bound of cognitive complexity counts expressions, which that of ruff does not."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOUND = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["complexipy"]["max-complexity-allowed"]

#: A function that repeats an expression.
EXPRESSIONS = {
    "conditional expression": "[1 if x else 2, {}]",
    "and, or": "[x and y or z, {}]",
    "comprehension": "[[z for z in x if z], {}]",
}


def passes(folder: Path, body: str) -> bool:
    file = folder / "case.py"
    file.write_text(f"def case(x, y, z):\n    return {body}\n")
    program = Path(sys.executable).with_name("complexipy")
    # In a directory without the settings of the repository.
    command: list[str | Path] = [program, file, "--max-complexity-allowed", str(BOUND)]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_are_counted(tmp_path: Path, expression: str) -> None:
    def repeated(times: int) -> str:
        body = "0"
        for _time in range(times):
            body = EXPRESSIONS[expression].format(body)
        return body

    assert passes(tmp_path, repeated(2))
    assert not passes(tmp_path, repeated(BOUND + 1))
