# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller are written through no symbolic link of another user, and never half."""

from __future__ import annotations

import itertools
import os
import stat
import subprocess
import sys
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files as safe_files

OTHER = os.geteuid() + 4711
#: Where on the path a link is, and what it is.
PLACES = ("file", "folder", "folder above", "two links")
TARGETS = ("a file", "nothing", "a folder")
MODES = (0o700, 0o755, 0o770, 0o777, 0o1777, 0o2775)


def give_away(monkeypatch: pytest.MonkeyPatch, *links: Path) -> None:
    """Make links another user's; where only root could, it is this process that pretends to be another."""
    if os.geteuid() == 0:
        for link in links:
            os.lchown(link, OTHER, OTHER)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: OTHER)


def snapshot(folder: Path) -> dict[str, tuple[int, int, t.Any]]:
    """Every name below a folder with its inode, mode, and content or target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        seen = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path)] = (seen.st_ino, seen.st_mode, content)
    return found


def trap(root: Path, place: str, target: str, mode: int, *, absolute: bool) -> tuple[Path, list[Path], Path]:
    """A path for a report with links on it, those links, and what they lead to in the end."""
    shared, victim = root / "shared", root / "victim"
    shared.mkdir()
    victim.mkdir()
    goal = victim / "aim"
    if place in ("file", "two links") and target == "a file":
        goal.write_text("precious")
    elif target == "a folder" or place.startswith("folder"):
        goal.mkdir()
        if place == "folder above":
            (goal / "inner").mkdir()
    path, link = shared / "report", shared / "report"
    if place == "folder":
        path = link / "report"
    elif place == "folder above":
        path = link / "inner" / "report"
    links = [link]
    if place == "two links":
        links.append(shared / "second")
        links[1].symlink_to(goal if absolute else Path("../victim/aim"))
        link.symlink_to(links[1] if absolute else Path("second"))
    else:
        link.symlink_to(goal if absolute else Path("../victim/aim"))
    shared.chmod(mode)
    return path, links, goal


CASES = list(itertools.product(PLACES, TARGETS, MODES, (True, False)))


@pytest.mark.parametrize(("place", "target", "mode", "absolute"), CASES)
def test_symlink_of_another_user_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, target: str, mode: int, absolute: bool
) -> None:
    path, links, _target = trap(tmp_path, place, target, mode, absolute=absolute)
    give_away(monkeypatch, links[-1])
    before = snapshot(tmp_path)
    for dry in (True, False):
        with pytest.raises(safe_files.FileError, match="belongs to another user") as caught:
            safe_files.write(str(path), b"report", backup=True, dry=dry)
        assert str(path) in str(caught.value)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(("place", "target", "mode", "absolute"), CASES)
def test_own_symlink_is_followed(tmp_path: Path, place: str, target: str, mode: int, absolute: bool) -> None:
    """And stays a link; where it leads to a folder, that is said."""
    path, links, goal = trap(tmp_path, place, target, mode, absolute=absolute)
    where = {"folder": goal / "report", "folder above": goal / "inner" / "report"}.get(place, goal)
    if target == "a folder" and where == goal:
        with pytest.raises(safe_files.FileError, match="is a folder"):
            safe_files.write(str(path), b"report")
        return
    done = safe_files.write(str(path), b"report")
    assert (done.changed, done.path, where.read_bytes()) == (True, str(path), b"report")
    assert stat.S_IMODE(where.stat().st_mode) == 0o600
    assert all(link.is_symlink() for link in links)
    assert not safe_files.write(str(path), b"report").changed


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
@pytest.mark.parametrize("content", [b"", b"new", b"\xff\x00"])
@pytest.mark.parametrize("former", [None, b"old", b"new"])
@pytest.mark.parametrize("backup", [True, False])
def test_file_has_requested_content_and_mode(
    tmp_path: Path, mode: int, content: bytes, former: bytes | None, backup: bool
) -> None:
    path, umask = tmp_path / "report", os.umask(0o077)
    try:
        if former is not None:
            path.write_bytes(former)
            path.chmod(0o600)
        before = snapshot(tmp_path)
        same = former == content and mode == 0o600
        assert safe_files.write(str(path), content, mode=mode, backup=backup, dry=True).changed is not same
        assert snapshot(tmp_path) == before
        done = safe_files.write(str(path), content, mode=mode, backup=backup)
    finally:
        os.umask(umask)
    assert (done.changed, done.before) == (not same, former)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (content, mode)
    kept = [other for other in tmp_path.iterdir() if other != path]
    assert len(kept) == int(backup and former is not None and not same)
    assert [str(other) for other in kept] == ([done.backup] if done.backup else [])
    assert all(other.read_bytes() == former for other in kept)


def test_hard_link_is_replaced_not_written(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "report").hardlink_to(precious)
    safe_files.write(str(tmp_path / "report"), b"report")
    assert (precious.read_text(), (tmp_path / "report").read_text()) == ("mine", "report")


def test_diff_hides_the_previous_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("report")
    give_away(monkeypatch, path)
    done = safe_files.write(str(path), b"report", dry=True)
    assert (done.changed, done.before) == (True, None)


@pytest.mark.parametrize(
    "kind", ["folder", "fifo", "no folder", "a file as folder", "slash", "above", "loop", "socket"]
)
def test_path_that_is_no_file_is_rejected(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "report"
    text = str(path)
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif kind in ("no folder", "a file as folder"):
        if kind == "a file as folder":
            path.touch()
        text += "/report"
    elif kind == "loop":
        path.symlink_to(path)
    else:
        text += {"slash": "/", "above": "/.."}[kind]
        path.mkdir()
    before = {name: seen[:2] for name, seen in snapshot_names(tmp_path).items()}
    with pytest.raises(safe_files.FileError) as caught:
        safe_files.write(text, b"report")
    assert text.rstrip("/") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {name: seen[:2] for name, seen in snapshot_names(tmp_path).items()} == before


def snapshot_names(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_ino, path.lstat().st_mode) for path in folder.rglob("*")}


def test_relative_path_and_tilde_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert safe_files.write("./one", b"1").path == str(tmp_path / "one")
    assert safe_files.write("~/two", b"2").path == str(tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace", "link"])
def test_failed_write_keeps_the_previous_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "report"
    path.write_bytes(b"old")

    def fails(*_args: t.Any, **_more: t.Any) -> t.NoReturn:
        raise OSError(28, "")

    monkeypatch.setattr(os, {"write": "fchmod"}.get(step, step), fails)
    if step == "link":  # a file system without hard links: the copy is made instead
        assert safe_files.write(str(path), b"new", backup=True).backup
        assert path.read_bytes() == b"new"
        return
    with pytest.raises(safe_files.FileError, match="No space left"):
        safe_files.write(str(path), b"new")
    assert [(other.name, other.read_bytes()) for other in tmp_path.iterdir()] == [("report", b"old")]


@pytest.mark.parametrize("inner", ["", "new", "new/deep"])
@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", ["folder", "two links"])
def test_folder_behind_a_symlink(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, mode: int, absolute: bool, inner: str
) -> None:
    """A link of the own user is followed, that of another is rejected; an existing folder keeps its mode."""
    _path, links, goal = trap(tmp_path, place, "a folder", mode, absolute=absolute)
    path, wanted = str(links[0] / inner), goal / inner
    exists = not inner
    before = snapshot(tmp_path)
    assert safe_files.make_folder(path, dry=True).changed is not exists
    assert snapshot(tmp_path) == before
    assert safe_files.make_folder(path).changed is not exists
    assert wanted.is_dir()
    assert exists or stat.S_IMODE(wanted.stat().st_mode) == 0o700
    assert not safe_files.make_folder(path).changed
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == stat.S_IMODE(mode)
    file = wanted / "record"
    file.write_text("x")
    give_away(monkeypatch, links[-1])
    before = snapshot(tmp_path)
    for run in (safe_files.make_folder, safe_files.remove):
        for dry in (True, False):
            with pytest.raises(safe_files.FileError, match="belongs to another user"):
                run(f"{path}/record" if run is safe_files.remove else f"{path}/other", dry=dry)
    assert snapshot(tmp_path) == before


def test_file_is_removed_and_its_link_is_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "record", tmp_path / "link"
    file.write_text("x")
    link.symlink_to(file)
    assert safe_files.remove(str(link), dry=True).changed
    assert file.exists()
    assert safe_files.remove(str(link)).changed
    assert (file.exists(), link.is_symlink()) == (False, True)
    assert not safe_files.remove(str(file)).changed
    assert not safe_files.remove(str(tmp_path / "none" / "record")).changed


@pytest.mark.parametrize("run", [safe_files.make_folder, safe_files.remove])
def test_path_of_another_kind_is_rejected(tmp_path: Path, run: t.Callable[[str], object]) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    path = tmp_path / ("file" if run is safe_files.make_folder else "folder")
    before = snapshot(tmp_path)
    with pytest.raises(safe_files.FileError, match="folder"):
        run(str(path))
    assert snapshot(tmp_path) == before


HOLDER = """
import sys, time
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files
with files.lock(sys.argv[1], time.sleep, 1):
    print("held", flush=True)
    time.sleep(60)
"""


def test_lock_excludes_other_processes_until_they_end(tmp_path: Path) -> None:
    """Also if the process is killed."""
    path = str(tmp_path / "record.json")
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    waited: list[float] = []
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], env=paths, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            with (
                pytest.raises(safe_files.FileError, match="used by another run"),
                safe_files.lock(path, waited.append, 0.0),
            ):
                pass
            process.kill()
            process.wait(10)
            with safe_files.lock(path, time.sleep, 10):
                assert not Path(path).exists()
        finally:
            process.kill()
    assert not list(tmp_path.iterdir())


def test_lock_file_is_removed_and_only_one_run_holds_it(tmp_path: Path) -> None:
    """A run that waits for a file which its holder removes must not hold it next to one that makes a new file."""
    path, inside, together, count = str(tmp_path / "record.json"), [], [], 0

    def run(_number: int) -> None:
        nonlocal count
        for _time in range(40):
            with safe_files.lock(path, lambda _seconds: time.sleep(0), 60):
                inside.append(None)
                together.append(len(inside))
                time.sleep(0.0005)
                count += 1
                inside.pop()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(6)))
    assert (max(together), count) == (1, 240)
    assert not list(tmp_path.iterdir())


def test_lock_file_of_somebody_else_is_kept(tmp_path: Path) -> None:
    """It was removed during the run, and another run has made a new one."""
    path, file = str(tmp_path / "record.json"), tmp_path / ".record.json.lock"
    with safe_files.lock(path, time.sleep, 10):
        file.unlink()
        with safe_files.lock(path, time.sleep, 10):
            file.rename(tmp_path / "other")
            file.write_text("")
    assert file.exists()


def test_wait_for_a_lock_can_be_ended(tmp_path: Path) -> None:
    path = str(tmp_path / "record.json")

    def pause(_seconds: float) -> None:
        raise KeyboardInterrupt

    with (
        safe_files.lock(path, pause, 10),
        pytest.raises(KeyboardInterrupt),
        safe_files.lock(path, pause, 10),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"x" * 100_000, None], ids=["empty", "long", "missing"])
def test_read_returns_the_content(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "record.json"
    if content is not None:
        path.write_bytes(content)
    assert safe_files.read(str(path)) == content
    with pytest.raises(safe_files.FileError):
        safe_files.read(str(tmp_path))
