# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a file on the controller: atomically, and through no symbolic link of another user.

Whoever may write into a folder, such as ``/tmp``, can put a symbolic link where a report will be written, or in place
of a folder on the path to it. Every step of the path is therefore opened relative to the one before it, links are
resolved here and not by the kernel, and only those of the user who runs Ansible, or of root, are followed. The text
goes into a new file in the target's folder, which then replaces the target.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import errno
import os
import pathlib
import secrets
import stat
import typing as t

#: The options of the module ``report_file``, for its documentation's check and for the action that does its work.
REPORT: dict[str, dict[str, t.Any]] = {
    "src": {"type": "str", "required": True},
    "dest": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0600"},
    "backup": {"type": "bool", "default": False},
    "variables": {"type": "dict"},
}
#: Links on one path, as in the kernel.
MOST_LINKS = 40
#: Opens a folder that may be entered but not listed, where the system can.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileError(Exception):
    """A file that cannot be written, in one sentence for people."""


@dataclasses.dataclass(frozen=True)
class Written:
    """What became of a file. ``before`` is its former content, ``None`` where there was none or it is not readable."""

    path: str
    changed: bool
    before: bytes | None = dataclasses.field(default=None, repr=False)
    backup: str | None = None


def write(path: str, content: bytes, *, mode: int = 0o600, backup: bool = False, dry: bool = False) -> Written:
    """Make a file hold ``content``.

    :param path: the file; a relative one begins at the working directory, ``~`` is the home.
    :param mode: permissions of the file, also of one that exists.
    :param backup: keeps a file that is there under its name with the process id and the time.
    :param dry: finds out whether something would change, and writes nothing.
    :returns: whether the content or the mode is new, and where the former file is.
    :raises FileError: if the path leads through a link of another user, if its folder does not exist, if it names
        something else than a regular file, or if the system refuses.
    """
    # Not normalized: of a link, ".." is the folder above its target.
    shown = str(pathlib.Path.cwd() / pathlib.Path(path).expanduser()) + ("/" if path.endswith("/") else "")
    try:
        folder, name = _place(shown)
        try:
            return _write(folder, name, shown, content, mode, backup=backup, dry=dry)
        finally:
            os.close(folder)
    except OSError as error:
        raise FileError(f"{shown} cannot be written: {os.strerror(error.errno or 0)}.") from None


def _place(path: str) -> tuple[int, str]:
    """The folder of a file, open, and the file's name in it. The name is no symbolic link."""
    parts, links = _steps(path), 0
    folder = os.open("/", _FOLDER)
    try:
        while parts and not path.endswith("/") and links <= MOST_LINKS:
            part = parts.pop()
            target = _target(folder, part, path)
            if target is not None:
                links += 1
                parts += _steps(target)
                folder = _entered(folder, "/") if target.startswith("/") else folder
            elif parts:
                folder = _entered(folder, part)
            else:
                return folder, part
    except BaseException:
        os.close(folder)
        raise
    os.close(folder)
    if links > MOST_LINKS:
        raise OSError(errno.ELOOP, "")
    raise FileError(f"{path} is a folder; give the path of a file.")


def _steps(path: str) -> list[str]:
    """The names in a path, the first one last."""
    return [step for step in reversed(path.split("/")) if step not in ("", ".")]


def _entered(folder: int, name: str) -> int:
    found = os.open(name, _FOLDER, dir_fd=folder)
    os.close(folder)
    return found


def _target(folder: int, name: str, path: str) -> str | None:
    """Where a symbolic link leads; ``None`` if the name is no link."""
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(found.st_mode):
        return None
    target = os.readlink(name, dir_fd=folder)
    again = os.lstat(name, dir_fd=folder)
    # A link cannot be changed, only replaced: the same one before and after was read.
    if found.st_uid not in (os.geteuid(), 0) or (found.st_dev, found.st_ino) != (again.st_dev, again.st_ino):
        raise FileError(
            f"{path} leads through the symbolic link {name!a}, which belongs to another user. Nothing was written; "
            "give the path that the link leads to, or another folder."
        )
    return target


def _write(folder: int, name: str, shown: str, content: bytes, mode: int, *, backup: bool, dry: bool) -> Written:
    found, before = _current(folder, name, shown)
    if found and before == content and stat.S_IMODE(found.st_mode) == mode:
        return Written(shown, changed=False, before=before)
    if dry:
        return Written(shown, changed=True, before=before)
    draft = f".{secrets.token_hex(12)}.tmp"
    try:
        _fill(folder, draft, content, mode)
        kept = _kept(folder, name, before) if backup and found else None
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise
    return Written(
        shown, changed=True, before=before, backup=str(pathlib.Path(shown).with_name(kept)) if kept else None
    )


def _current(folder: int, name: str, shown: str) -> tuple[os.stat_result | None, bytes | None]:
    """The file that is there, and what it holds if it is readable."""
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None, None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise FileError(f"{shown} is {kind}; give the path of a file.")
    # What another user has put there is replaced, but neither compared nor shown.
    if found.st_uid not in (os.geteuid(), 0):
        return found, None
    try:
        opened = os.open(name, _READ, dir_fd=folder)
    except PermissionError:
        return found, None
    with os.fdopen(opened, "rb") as stream:
        return found, stream.read()


def _fill(folder: int, name: str, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=folder), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fchmod(stream.fileno(), mode)
        os.fsync(stream.fileno())


def _kept(folder: int, name: str, before: bytes | None) -> str:
    """A second name for the file that will be replaced."""
    now = datetime.datetime.now().astimezone()
    kept = f"{name}.{os.getpid()}.{now:%Y-%m-%d@%H:%M:%S}~"
    try:
        os.link(name, kept, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError:
        # Not every file system has hard links.
        if before is None:
            raise
        _fill(folder, kept, before, 0o600)
    return kept


def texts(before: bytes | None, after: str, path: str) -> dict[str, t.Any]:
    """A diff for ``--diff``."""
    former = (before or b"").decode("utf-8", "replace")
    return {"before": former, "after": after, "before_header": path, "after_header": path}
