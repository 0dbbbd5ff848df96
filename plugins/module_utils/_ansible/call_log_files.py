# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a call log on the disk, and the work of its module."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files, option_files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import Output
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ModuleFailureError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log_files import files_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log_read import CallLogOptions, read
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER

TABLE_SUFFIX = ".csv"


def work(engines: t.Mapping[str, Engine], options: CallLogOptions, output: Output) -> Result:
    """Run the module ``call_log``.

    :param engines: the engines of both services, or of Vapi only. :param options: the options.
    :param output: the page, and how to write. :return: the result. :raises OptionError: if a file cannot be written.
    :raises ModuleFailureError: if the module was not called by its action plugin.
    """
    page = pathlib.PurePath(str(options.dest))
    table = page.with_suffix(TABLE_SUFFIX)
    if page == table:
        raise OptionError("dest", "is the path of the HTML page and must not end in .csv, which the table has.")
    if not output.page:
        raise ModuleFailureError("Call this module as voiceops.vapi_didlogic.call_log.", {})
    log = read(engines, options, CARRIER)
    made = files_of(log, output.page, output.redact, CARRIER)

    def write(path: pathlib.PurePath, content: bytes) -> files.Written:
        return option_files.checked("dest", lambda: files.write(str(path), content, dry=output.check_mode))

    written = [write(page, made.page), write(table, made.table)]
    return {
        "changed": any(done.changed for done in written),
        "dest": written[0].path,
        "csv_file": written[1].path,
        "period": {"begin": log.begin, "end": log.end},
        "retention_start": log.retention_start,
        "limit_reached": log.full,
        "records_complete": log.complete,
        "summary": made.figures,
    }
