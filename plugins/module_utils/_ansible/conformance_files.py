# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a conformance check: the folder of its journals, and the report."""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
import stat
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files, option_files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import public
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ModuleFailureError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import report, run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.journal import Store
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.run import (
    ConformanceOptions,
    Environment,
    Outcome,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.sip import RealHosts

SUFFIX = ".jsonl"

#: Seconds to wait for another run with the same journal.
LOCK_TIMEOUT_SECONDS = 2.0

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class JournalFile:
    """A journal on disk. :param path: the file."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def append(self, line: str) -> None:
        """Add a line, and wait until the disk has it. :param line: the line."""
        existed = self.path.exists()
        descriptor = os.open(self.path, _APPEND, 0o600)
        try:
            os.write(descriptor, line.encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not existed:
            _sync(self.path.parent)

    def remove(self) -> None:
        """Remove the file, if it exists."""
        self.path.unlink(missing_ok=True)


def _sync(folder: pathlib.Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class JournalFolder:
    """The folder of the journals, with mode 0700.

    :param path: the folder, which is made if it does not exist. :raises OptionError: if others can use it.
    """

    def __init__(self, path: str) -> None:
        written = option_files.checked("journal", lambda: files.make_folder(path))
        self.path = pathlib.Path(written.path)
        found = self.path.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise OptionError("journal", "must be a folder that only its owner can use, with mode 0700.")

    def unfinished(self) -> list[tuple[Store, list[str]]]:
        """The journals of interrupted runs. :return: each with its lines."""
        paths = sorted(self.path.glob(f"*{SUFFIX}"))
        return [(JournalFile(path), path.read_text(encoding="utf-8").splitlines()) for path in paths]

    def new(self, run: str) -> Store:
        """The journal of a new run. :param run: its id. :return: the journal, which has no file yet."""
        return JournalFile(self.path / f"{run}{SUFFIX}")

    @contextlib.contextmanager
    def hold(self, pause: t.Callable[[float], object]) -> t.Iterator[None]:
        """Exclude other runs with the same folder. :param pause: waits. :raises OptionError: after a timeout."""
        with option_files.lock("journal", str(self.path / "journal"), pause, LOCK_TIMEOUT_SECONDS):
            yield


def work(engines: dict[str, Engine], options: ConformanceOptions) -> Result:
    """Run the module ``conformance_check``.

    :param engines: the engines, by the names of the services. :param options: the options. :return: the result.
    :raises OptionError: if an option is not usable. :raises ModuleFailureError: if the check has ended early, or
        something is left behind.
    """
    run.checked(options)
    path = pathlib.PurePath(options.report or "")
    if options.report and path.suffix != ".json":
        raise OptionError("report", "must end in .json; the Markdown file has the same name and ends in .md.")
    first = next(iter(engines.values()))
    if first.check_mode:
        return {"changed": False, "steps": run.plan(options.level)}
    clients = {name: engine.client for name, engine in engines.items()}
    folder = JournalFolder(options.journal)
    environment = Environment(
        files=folder,
        hosts=RealHosts(),
        now=lambda: datetime.datetime.now(datetime.UTC),
        warn=first.warn,
        fetch=lambda url: public.fetch(url, first.client.http),
    )
    with folder.hold(first.client.sleep):
        outcome = run.run(clients, options, environment)
    return _result(options, outcome)


def _result(options: ConformanceOptions, outcome: Outcome) -> Result:
    """Write the report, and fail if the accounts are not as they were or the check has ended early."""
    left = outcome.left_behind
    made = report.build(
        outcome.run, options.level, f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}", outcome.answers, len(left)
    )
    result: Result = {"changed": False, "answers": outcome.answers, "left_behind": left, "counts": made["counts"]}
    unsafe = ""
    try:
        rendered = report.texts(made, outcome.secrets, outcome.private)
        if options.report:
            markdown = str(pathlib.PurePath(options.report).with_suffix(".md"))
            for name, path, text in zip(("report", "report_md"), (options.report, markdown), rendered, strict=True):
                result[name] = _write(path, text)
    except report.UnsafeReportError as error:
        unsafe = str(error)
    if left:
        paths = ", ".join(f"{item['service']} {item['path']}" for item in left)
        raise ModuleFailureError(f"{counted(len(left), 'object')} could not be removed. Delete: {paths}.", result)
    if unsafe or outcome.ended_early:
        raise ModuleFailureError(unsafe or f"{outcome.ended_early}. Nothing is left behind.", result)
    return result


def _write(path: str, text: str) -> str:
    return option_files.checked("report", lambda: files.write(path, text.encode())).path
