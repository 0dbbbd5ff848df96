# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller that are both a lock and a record of requests, shared by tasks, hosts and runs.

Ansible runs each host's task in a separate process, and several runs may be active, so the lock is one of the operating
system: it is released when its process ends in any way, and never has to be cleaned up.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pathlib
import stat
import tempfile
import time
import typing as t

from ansible import constants
from ansible.errors import AnsibleActionFail

NAME = "voiceops.vapi_didlogic"
#: Maximum seconds that a task waits for another one that places the same call.
LOCK_TIMEOUT_SECONDS = 300.0
#: Seconds between two attempts to get the lock.
PAUSE = 0.1
#: Seconds after which an unchanged record is removed.
KEPT = 2 * 86_400
#: Maximum number of records that one task checks to remove old ones.
MAX_RECORDS = 200

Data = dict[str, t.Any]


class Record:
    """A record: the content of a locked file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> Data:
        """Read the record.

        :return: the last content, empty if none; for an incomplete record ``{"state": ...}`` of an unknown outcome.
        """
        content = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        if not content:
            return {}
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {"state": "sending", "at": os.fstat(self._descriptor).st_mtime}

    def write(self, data: Data) -> None:
        """Replace the content; it is on the disk when this returns."""
        content = json.dumps({**data, "at": time.time()}, default=str).encode() if data else b""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content, 0)
        os.fsync(self._descriptor)


def digest(*parts: object) -> str:
    """A name for a file that does not reveal its input."""
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def hold(folder: pathlib.Path, name: str, timeout: float = LOCK_TIMEOUT_SECONDS) -> t.Iterator[Record]:
    """Hold the lock of a record.

    :param folder: a private folder. :param name: see :func:`digest`. :param timeout: seconds to wait for the lock.
    :return: the record. :raises AnsibleActionFail: if the lock cannot be acquired.
    """
    descriptor = _locked(folder / f"{name}.json", time.monotonic() + timeout)
    try:
        yield Record(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: pathlib.Path, deadline: float) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise AnsibleActionFail(_unusable(path.parent, error)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The previous owner of the lock may have removed the file.
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                os.close(descriptor)
                raise AnsibleActionFail(_unusable(path.parent, error)) from None
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise AnsibleActionFail(
                "Nothing was sent: another task or run on this controller has been processing the same call or "
                "campaign for too long. Run the task again when that one has ended."
            )
        time.sleep(PAUSE)


def _unusable(folder: pathlib.Path, error: OSError) -> str:
    reason = (error.strerror or "it cannot be used").lower()
    return (
        f"Nothing was sent: the lock that prevents a duplicate call cannot be created in the folder {folder} on the "
        f"controller ({reason}). Set the environment variable ANSIBLE_HOME to a folder on a local disk."
    )


def of_this_run() -> pathlib.Path:
    """The folder that only the tasks of one run of Ansible share; it is removed at the end of the run."""
    return pathlib.Path(constants.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]


def of_this_user() -> pathlib.Path:
    """The private folder that all runs of one user on this controller share.

    :raises AnsibleActionFail: if there is none that only this user can write to.
    """
    home = pathlib.Path(constants.ANSIBLE_HOME)  # type: ignore[attr-defined]
    shared = pathlib.Path(tempfile.gettempdir(), f"{NAME}-{os.geteuid()}")
    last = home
    for place in (home / NAME, shared):
        last = place
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = place.lstat()
            private = found.st_uid == os.geteuid() and not found.st_mode & 0o022
            if stat.S_ISDIR(found.st_mode) and private and os.access(place, os.W_OK | os.X_OK):
                return place
    raise AnsibleActionFail(_unusable(last, PermissionError(errno.EACCES, "it is not this user's alone")))


def remove_old(folder: pathlib.Path, now: float | None = None) -> None:
    """Remove records that have not changed for a long time and contain no scheduled request."""
    now = time.time() if now is None else now
    with contextlib.suppress(OSError):
        for entry in sorted(folder.glob("*.json"))[:MAX_RECORDS]:
            with contextlib.suppress(OSError, AnsibleActionFail):
                if now - entry.lstat().st_mtime < KEPT:
                    continue
                with hold(folder, entry.stem, 0) as record:
                    if float(record.read().get("until", 0)) < now:
                        entry.unlink()
