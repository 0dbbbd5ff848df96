# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sandbox in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FILES = Path(__file__).parents[2] / "roles" / "sandbox" / "files"


def command(folder: Path, *arguments: str, seed: Any = None) -> subprocess.CompletedProcess[str]:
    """Run one command of the sandbox."""
    # A proxy in the environment must not be asked for loopback.
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "sandbox_server", "--state-dir", str(folder), *arguments],
        cwd=FILES,
        env=environment,
        input=None if seed is None else json.dumps(seed),
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )


def start(folder: Path, *arguments: str, seed: Any = None) -> dict[str, Any]:
    """Start the sandbox and return what it says about itself."""
    more = () if seed is None else ("--seed", "-")
    done = command(folder, "--daemon", "--max-seconds", "7200", *more, *arguments, seed=seed)
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads((folder / "sandbox.json").read_text())
    assert json.loads(done.stdout) == {"running": True, "port": facts["port"]}
    return facts
