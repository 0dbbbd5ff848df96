# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox as a process: its files, and how it is found, started and stopped.

Only the standard library is used here, so that a missing library can be reported in one sentence.
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import importlib.util
import json
import os
import runpy
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

HOST = "127.0.0.1"
LIBRARIES = ("starlette", "uvicorn")
BUSY = 3  # the exit code for BusyError
START_SECONDS = 20.0
STOP_SECONDS = 10.0


class SandboxError(Exception):
    """An error for the user who starts the sandbox."""


class BusyError(SandboxError):
    """Another sandbox uses the folder."""


class StateDir:
    """The files of one sandbox, all readable by their owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state_file = path / "sandbox.json"  # only while it runs
        self.state = path / "state.json"  # between runs
        self.log = path / "sandbox.log"
        self._lock: IO[str] | None = None

    def make(self) -> None:
        """Create the folder, for its owner only. The mode of an existing folder is not changed.

        :raises SandboxError: if other users can replace the files in it, or a link of theirs leads to it.
        """
        files = runpy.run_path(str(Path(__file__).parents[4] / "plugins/module_utils/_ansible/files.py"))
        try:
            files["make_folder"](str(self.path))
            found = self.path.stat()
        except files["FileError"] as error:
            raise SandboxError(str(error).rstrip(".")) from None
        except OSError as error:
            raise SandboxError(f"the folder {self.path} cannot be used: {os.strerror(error.errno or 0)}") from None
        foreign = os.geteuid() not in {0, found.st_uid}
        if foreign or found.st_mode & stat.S_IWOTH:
            why = "belongs to another user" if foreign else "can be changed by every user"
            raise SandboxError(f"the folder {self.path} {why}; give one of your own, or one that does not exist yet")

    def write(self, file: Path, text: str) -> None:
        """Write a file so that it is never seen half written."""
        draft = file.with_suffix(".tmp")
        with open(draft, "w", encoding="utf-8", opener=_private) as stream:
            stream.write(text)
        draft.replace(file)

    def lock(self) -> None:
        """Take the folder for this process, for as long as it lives."""
        self._lock = open(self.path / "lock", "w", encoding="utf-8", opener=_private)  # noqa: SIM115 - held for life
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(f"another sandbox uses {self.path}") from None


def _private(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else os.strerror(error.errno or 0)
        raise SandboxError(f"{path} cannot be written: {why}") from None


def missing_libraries() -> str | None:
    """A sentence with the missing libraries, or None."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return (
        f"The sandbox needs {' and '.join(missing)} for {sys.executable}; "
        f"install with: {sys.executable} -m pip install {' '.join(missing)}"
    )


def running(folder: StateDir) -> dict[str, Any] | None:
    """The data of the running sandbox, or None. The file of a process that has ended is ignored."""
    try:
        state_file: dict[str, Any] = json.loads(folder.state_file.read_text(encoding="utf-8"))
        return (
            state_file if _options(state_file["port"], "GET", "/sandbox/health")["pid"] == state_file["pid"] else None
        )
    except (OSError, ValueError, LookupError, TypeError, http.client.HTTPException):
        return None


def reset(folder: StateDir, seed: Any) -> None:
    """Empty the running sandbox and seed it again."""
    state_file = running(folder)
    if state_file is None:
        raise SandboxError(f"no sandbox runs in {folder.path}")
    answer = _options(state_file["port"], "POST", "/sandbox/reset", seed, state_file["control_token"])
    if "error" in answer:
        raise SandboxError(f"invalid seed: {answer['error']}")


def apply(folder: StateDir, dialect: dict[str, Any]) -> bool:
    """Set switches in the running sandbox, and return whether any had another value."""
    state_file = running(folder)
    if state_file is None:
        raise SandboxError(f"no sandbox runs in {folder.path}")
    port, token = state_file["port"], state_file["control_token"]
    before = _options(port, "GET", "/sandbox/rules", None, token)
    answer = _options(port, "PUT", "/sandbox/rules", dialect, token)
    if "error" in answer:
        raise SandboxError(f"invalid dialect: {answer['error']}")
    return bool(answer != before)


def _options(port: int, method: str, path: str, body: Any = None, token: str = "") -> Any:
    # http.client uses no proxy of the environment.
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def start(folder: StateDir, arguments: list[str]) -> dict[str, Any]:
    """Run the sandbox in the background, and return when it responds."""
    folder.make()
    with open(folder.log, "a", encoding="utf-8", opener=_private) as log:
        offset = log.tell()
        child = subprocess.Popen(  # noqa: S603 - the same program
            [sys.executable, "-B", "-m", "sandbox_server", *arguments],
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).parents[1],
        )
    # If two start at the same time, one fails to lock; both then use the other's sandbox.
    _wait(START_SECONDS, lambda: running(folder) is not None or child.poll() not in {None, BUSY})
    state_file = running(folder)
    if state_file is None:
        if child.poll() is None:
            child.terminate()
        said = folder.log.read_text(encoding="utf-8")[offset:].strip().splitlines()
        raise SandboxError(said[-1] if said else f"the sandbox did not respond within {START_SECONDS:.0f} seconds")
    return state_file


def stop(folder: StateDir) -> bool:
    """Stop the running sandbox, and return whether there was one. Other processes are never ended."""
    state_file = running(folder)
    if state_file is None:
        folder.state_file.unlink(missing_ok=True)
        return False
    os.kill(state_file["pid"], signal.SIGTERM)
    if not _wait(STOP_SECONDS, lambda: not _alive(state_file["pid"])):
        raise SandboxError(f"the sandbox (process {state_file['pid']}) did not end within {STOP_SECONDS:.0f} seconds")
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # In a container the orphan may not be reaped: then it remains as a zombie without resources.
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def _wait(seconds: float, done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.05)
    return done()
