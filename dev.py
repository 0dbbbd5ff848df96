# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's tasks: `python3 dev.py TASK [arguments of its tool]`; without a task, the list of them.

The tasks are the nox sessions of noxfile.py; this file installs nox, and needs Python 3.11 or newer and git.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NOX = ROOT / ".cache" / "nox"
PACKAGES = ("nox>=2025.2.9", "uv>=0.11")


def main(arguments: list[str]) -> None:
    """Run a session of nox in place of this process."""
    # It is the last that pip installs; an interrupted installation is done again.
    mark = NOX / "installed"
    if not mark.exists() or mark.read_text() != repr(PACKAGES):
        print("Installing nox and uv, once", flush=True)
        venv.create(NOX, clear=True, with_pip=True)
        subprocess.run([NOX / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        mark.write_text(repr(PACKAGES))
    options = ["--session", arguments[0], "--", *arguments[1:]] if arguments else ["--list"]
    nox = [str(NOX / "bin" / "python"), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *options]
    os.execv(nox[0], nox)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036
        sys.exit("Python 3.11 or newer is required")
    main(sys.argv[1:])
