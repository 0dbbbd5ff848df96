# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test is skipped for what a machine may lack, and fails if it is skipped for another reason."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

CASES = """
import pytest

def test_without_a_program():
    pytest.skip("there is no jq, which the pipelines use")

@pytest.mark.skipif(True, reason="only root can do this")
def test_without_a_right():
    pass

def test_without_its_facts():
    pytest.skip("the facts are not here")

@pytest.mark.skip(reason="it is not written yet")
def test_unwritten():
    pass

def test_without_a_package():
    pytest.importorskip("no_such_package")

@pytest.mark.xfail
def test_expected_failure():
    assert False
"""


def test_any_other_reason_is_a_failure(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_cases.py").write_text(CASES)
    counts = tmp_path / "counts.json"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    settings = os.environ | {"VAPI_DIDLOGIC_SKIPS": str(counts), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
    assert "2 failed, 2 skipped, 1 xfailed, 1 error" in done.stdout, done.stdout
    for name in ("test_without_its_facts", "test_unwritten", "test_without_a_package"):
        assert f"test_cases.py::{name}" in done.stdout
    assert json.loads(counts.read_text()) == {
        "there is no jq, which the pipelines use": 1,
        "only root can do this": 1,
    }
