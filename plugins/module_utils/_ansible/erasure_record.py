# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module ``vapi_call_erasure``, with its record in a file."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.record_file import RecordFile
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import erasure


def work(engines: t.Mapping[str, Engine], options: erasure.ErasureOptions) -> Result:
    """Run the module ``vapi_call_erasure``.

    :param engines: by the services' names. :param options: the checked options. :return: the result.
    :raises ModuleFailureError: see :func:`erasure.run`.
    """
    return erasure.run(engines, options, RecordFile(options.record) if options.record else None)
