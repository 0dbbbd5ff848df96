# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a file or make a folder on the controller, without following symbolic links of other users.

Any user with write access to a folder such as ``/tmp`` can create a symbolic link at the path of a report or of one of
its parent folders. Each component of the path is therefore opened relative to the previous one; links are resolved here
and not by the kernel, and only those of the user who runs Ansible, or of root, are followed. The text is written to a
new file in the target's folder, which then replaces the target. The sandbox reads this file without the collection, so
it imports nothing from it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import errno
import fcntl
import os
import pathlib
import secrets
import stat
import time
import typing as t

#: The options of the module ``report_file``, for the check of its documentation and for its action plugin.
REPORT: dict[str, dict[str, object]] = {
    "src": {"type": "str"},
    "dest": {"type": "str", "required": True},
    "state": {"type": "str", "default": "file", "choices": ["file", "directory", "absent"]},
    "mode": {"type": "str", "default": "0600"},
    "backup": {"type": "bool", "default": False},
    "variables": {"type": "dict"},
}

REQUIRED_IF = [["state", "file", ["src"]]]

#: Maximum number of symbolic links on one path, as in the kernel.
MAX_LINKS = 40

#: Opens a folder that may be entered but not listed, if the system supports it.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

#: Seconds between two attempts to lock a file.
LOCK_PAUSE_SECONDS = 0.1

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileError(Exception):
    """A file cannot be written; the message is one sentence."""


@dataclasses.dataclass(frozen=True)
class Written:
    """The result of writing a file. ``before`` is its previous content, ``None`` if missing or not readable."""

    path: str
    changed: bool
    before: bytes | None = dataclasses.field(default=None, repr=False)
    backup: str | None = None


def write(path: str, content: bytes, *, mode: int = 0o600, backup: bool = False, dry: bool = False) -> Written:
    """Write ``content`` to a file if it differs.

    :param path: the file; a relative path starts at the working directory, ``~`` is the home directory.
    :param content: the new content.
    :param mode: permissions of the file, also of an existing one.
    :param backup: whether to keep an existing file, under its name with the process id and the time.
    :param dry: whether to only determine if something would change.
    :returns: whether the content or the mode is new, and the path of the backup.
    :raises FileError: if a link of another user is on the path, if the folder does not exist, if the path is not that
        of a regular file, or if the system reports an error.
    """
    display_path = _absolute(path)
    try:
        folder, name = _open_folder(display_path)
        try:
            return _write(folder, name, display_path, content, mode, backup=backup, dry=dry)
        finally:
            os.close(folder)
    except OSError as error:
        raise FileError(f"{display_path} cannot be written: {os.strerror(error.errno or 0)}.") from None


def read(path: str) -> bytes | None:
    """Read a file that this user, or root, has written.

    :param path: the file, as for :func:`write`. :return: its content; ``None`` if it does not exist.
    :raises FileError: as :func:`write`, or if it belongs to another user or is not readable.
    """
    display_path = _absolute(path)
    try:
        folder, name = _open_folder(display_path)
        try:
            found, content = _current(folder, name, display_path)
        finally:
            os.close(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(f"{display_path} cannot be read: {os.strerror(error.errno or 0)}.") from None
    if found and content is None:
        raise FileError(f"{display_path} belongs to another user or is not readable.")
    return content


@contextlib.contextmanager
def lock(path: str, pause: t.Callable[[float], object], timeout: float) -> t.Iterator[None]:
    """Exclude other runs that use the same file, with a hidden file next to it, which is removed afterwards.

    The lock is one of the operating system, so that it is released when its process ends in any way.

    :param path: the file, as for :func:`write`. :param pause: waits for some seconds; may raise to end the wait.
    :param timeout: maximum seconds to wait for another run.
    :raises FileError: as :func:`write`, if another user has created the hidden file, or after the timeout.
    """
    display_path = _absolute(path)
    try:
        folder, name = _open_folder(display_path)
    except OSError as error:
        raise FileError(f"{display_path} cannot be locked: {os.strerror(error.errno or 0)}.") from None
    name, end = f".{name}.lock", time.monotonic() + timeout
    try:
        while (descriptor := _attempt(folder, name, display_path)) is None:
            if time.monotonic() > end:
                raise FileError(f"{display_path} is used by another run, which has not ended in {timeout:.0f} s.")
            pause(LOCK_PAUSE_SECONDS)
        try:
            yield
        finally:
            # Before it is released: a run that waits for it then finds another file at this name, or none.
            with contextlib.suppress(OSError):
                if _is_at(folder, name, os.fstat(descriptor)):
                    os.unlink(name, dir_fd=folder)
            os.close(descriptor)
    finally:
        os.close(folder)


def _attempt(folder: int, name: str, display_path: str) -> int | None:
    """Try to lock a hidden file. Returns its descriptor; ``None`` if another run has it, or has just removed it."""
    try:
        descriptor = os.open(name, _LOCK, 0o600, dir_fd=folder)
    except OSError as error:
        raise FileError(f"{display_path} cannot be locked: {os.strerror(error.errno or 0)}.") from None
    found = os.fstat(descriptor)
    mine = found.st_uid in (os.geteuid(), 0)
    if mine and _locked(descriptor) and _is_at(folder, name, found):
        return descriptor
    os.close(descriptor)
    if not mine:
        raise FileError(f"{display_path} cannot be locked: another user has created its lock file.")
    return None


def _is_at(folder: int, name: str, found: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.lstat(name, dir_fd=folder), found)
    except FileNotFoundError:
        return False


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_folder(path: str, *, dry: bool = False) -> Written:
    """Make a folder and its missing parents, for their owner only. The mode of an existing folder is not changed.

    :param path: the folder, as for :func:`write`. :param dry: whether to only determine if something would change.
    :returns: whether a folder is missing. :raises FileError: as :func:`write`, or if a part of the path is no folder.
    """
    display_path = _absolute(path).rstrip("/") or "/"
    try:
        try:
            os.close(_open_folder(display_path, is_folder=True)[0])
        except FileNotFoundError:
            if not dry:
                os.close(_open_folder(display_path, is_folder=True, make=True)[0])
            return Written(display_path, changed=True)
    except OSError as error:
        raise FileError(f"{display_path} cannot be used as a folder: {os.strerror(error.errno or 0)}.") from None
    return Written(display_path, changed=False)


def remove(path: str, *, dry: bool = False) -> Written:
    """Remove a file; a symbolic link to it is kept.

    :param path: the file, as for :func:`write`. :param dry: whether to only determine if something would change.
    :returns: whether the file exists. :raises FileError: as :func:`write`.
    """
    display_path = _absolute(path)
    try:
        folder, name = _open_folder(display_path)
        try:
            found, _before = _current(folder, name, display_path)
            if found and not dry:
                os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)
    except FileNotFoundError:
        return Written(display_path, changed=False)
    except OSError as error:
        raise FileError(f"{display_path} cannot be removed: {os.strerror(error.errno or 0)}.") from None
    return Written(display_path, changed=found is not None)


def _absolute(path: str) -> str:
    """The absolute path, not normalized: ``..`` after a link is the parent folder of its target."""
    return str(pathlib.Path.cwd() / pathlib.Path(path).expanduser()) + ("/" if path.endswith("/") else "")


def _open_folder(path: str, *, is_folder: bool = False, make: bool = False) -> tuple[int, str]:
    """Open the folder of a file. Returns it and the file's name in it, which is no symbolic link.

    :param is_folder: whether the path is that of a folder, which is opened. :param make: whether to make folders.
    """
    parts, links = _steps(path), 0
    folder = os.open("/", _FOLDER)
    try:
        while parts and (is_folder or not path.endswith("/")) and links <= MAX_LINKS:
            part = parts.pop()
            target = _target(folder, part, path)
            if target is not None:
                links += 1
                parts += _steps(target)
                folder = _entered(folder, "/") if target.startswith("/") else folder
            elif parts or is_folder:
                folder = _entered(folder, part, make=make)
            else:
                return folder, part
    except BaseException:
        os.close(folder)
        raise
    if is_folder and links <= MAX_LINKS:
        return folder, ""
    os.close(folder)
    if links > MAX_LINKS:
        raise OSError(errno.ELOOP, "")
    raise FileError(f"{path} is a folder; give the path of a file.")


def _steps(path: str) -> list[str]:
    """The names in a path, the first one last."""
    return [step for step in reversed(path.split("/")) if step not in ("", ".")]


def _entered(folder: int, name: str, *, make: bool = False) -> int:
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
    found = os.open(name, _FOLDER, dir_fd=folder)
    os.close(folder)
    return found


def _target(folder: int, name: str, path: str) -> str | None:
    """The target of a symbolic link; ``None`` if the name is no link."""
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(found.st_mode):
        return None
    target = os.readlink(name, dir_fd=folder)
    again = os.lstat(name, dir_fd=folder)
    # A link cannot be changed, only replaced: the same inode before and after means that its target was read.
    if found.st_uid not in (os.geteuid(), 0) or (found.st_dev, found.st_ino) != (again.st_dev, again.st_ino):
        raise FileError(
            f"{path} contains the symbolic link {name!a}, which belongs to another user. Nothing was written; "
            "give the target path of the link, or another folder."
        )
    return target


def _write(folder: int, name: str, display_path: str, content: bytes, mode: int, *, backup: bool, dry: bool) -> Written:
    found, before = _current(folder, name, display_path)
    if found and before == content and stat.S_IMODE(found.st_mode) == mode:
        return Written(display_path, changed=False, before=before)
    if dry:
        return Written(display_path, changed=True, before=before)
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
        display_path,
        changed=True,
        before=before,
        backup=str(pathlib.Path(display_path).with_name(kept)) if kept else None,
    )


def _current(folder: int, name: str, display_path: str) -> tuple[os.stat_result | None, bytes | None]:
    """The existing file, and its content if it is readable."""
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None, None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise FileError(f"{display_path} is {kind}; give the path of a file.")
    # A file of another user is replaced, but its content is neither compared nor shown.
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


def texts(before: bytes | None, after: str, path: str) -> dict[str, object]:
    """A diff for ``--diff``.

    :param before: the previous content. :param after: the new content. :param path: the file. :return: the diff.
    """
    former = (before or b"").decode("utf-8", "replace")
    return {"before": former, "after": after, "before_header": path, "after_header": path}
