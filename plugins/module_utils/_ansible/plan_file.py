# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan files: read the approved plan before a run, and write the plan after it."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.change_plan import check_plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    Faults,
    ModuleFailureError,
    OptionError,
    OptionNames,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine

MAX_BYTES = 64 * 2**20

Spec = t.TypeVar("Spec")
Work = t.Callable[[dict[str, Engine], Spec], Result]
Parse = t.Callable[[Params, OptionNames], Spec]
Files = tuple[Spec, str, bool]


def with_plan_files(work: Work[Spec], parse: Parse[Spec]) -> tuple[Work[Files[Spec]], Parse[Files[Spec]]]:
    """Add the options ``approved_plan`` and ``plan_file`` to a module.

    :param work: plans and carries out a run. :param parse: reads the options; in ``approved_plan`` it gets the content
        of the file.
    :return: the same functions with the files.
    """

    def parse_with_file(params: Params, names: OptionNames) -> Files[Spec]:
        faults, path = Faults(), params.get("approved_plan")
        age = t.cast("int | None", params.get("max_plan_age"))
        approved = faults.of("approved_plan", read, str(path), age) if path else None
        if age and not path:
            faults.add(OptionError("max_plan_age", "requires a plan file: a digest alone does not contain the time."))
        spec = faults.of("", lambda: parse({**params, "approved_plan": approved}, names))
        faults.end()
        # A dry run with an approved plan only compares; the plan file may be the approved one.
        compares = bool(path or params.get("approved_digest"))
        return t.cast("Spec", spec), str(params.get("plan_file") or ""), compares

    def work_and_write(engines: dict[str, Engine], given: Files[Spec]) -> Result:
        spec, path, compares = given
        check_mode = any(engine.check_mode for engine in engines.values())
        path = "" if compares and check_mode else path
        try:
            result = work(engines, spec)
        except ModuleFailureError as failure:
            if path and check_mode and "plan" in failure.result:
                write(path, failure.result, failure.labels)
            raise
        if path:
            write(path, result, t.cast("t.Collection[str]", result.get("labels", ())))
        return result

    return work_and_write, parse_with_file


def read(path: str, max_age: int | None = None) -> Result:
    """Read a plan file.

    :param path: the file. :param max_age: its maximum age in hours. :return: the plan.
    :raises OptionError: if it cannot be read, is no plan or is too old.
    """
    try:
        with pathlib.Path(path).expanduser().open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        found = json.loads(content) if len(content) <= MAX_BYTES else None
    except OSError as error:
        raise OptionError("", f"cannot be read: {error.strerror}.", path) from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OptionError("", "is no plan file: it must contain a JSON object.", path)
    try:
        check_plan(found, datetime.timedelta(hours=max_age) if max_age else None)
    except OptionError as error:
        raise OptionError("", error.rule, path) from None
    return found


def write(path: str, result: Result, labels: t.Collection[str] = ()) -> None:
    """Write the plan of a run to a file, readable by its owner only.

    :param path: the file. :param result: the result of the run. :param labels: public ids, for the failure.
    :raises ModuleFailureError: if the file cannot be written.
    """
    text = json.dumps(result["plan"], indent=1, ensure_ascii=True) + "\n"
    try:
        files.write(path, text.encode())
    except files.FileError as error:
        raise ModuleFailureError(f"The plan was not written: {error}", result, labels) from None
