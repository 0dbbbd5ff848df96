# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module ``didlogic_failover``, with its record in a file."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.record_file import RecordFile
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ModuleFailureError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.failover import FailoverOptions, checked
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.failover_run import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER


def check(options: FailoverOptions) -> FailoverOptions:
    """Check the options of the module ``didlogic_failover``.

    :param options: the options. :return: the same with the digits of each number. :raises OptionError: with all errors.
    """
    return checked(CARRIER, options)


def work(engine: Engine, options: FailoverOptions, notice: t.Callable[[str], None]) -> Result:
    """Run the module ``didlogic_failover``.

    :param engine: the engine of the carrier. :param options: the checked options. :param notice: displays a line.
    :return: the result. :raises ModuleFailureError: see :func:`run`.
    """
    path = str(options.record)
    try:
        result = run(engine, options, RecordFile(path), CARRIER, notice)
    except ModuleFailureError as failure:
        failure.result["record"] = path
        raise
    return {**result, "record": path}
