# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that converts calls to CSV for spreadsheets, without untrusted text that is run as a formula."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log_csv import csv_rows, header
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError


def call_log_csv(calls: t.Any, assistants: t.Any = (), phone_numbers: t.Any = ()) -> str:
    """Convert calls to CSV text.

    :param calls: as the module ``vapi_call_info`` returns them.
    :param assistants: and ``phone_numbers``: as their info modules return them, for names.
    :raises AnsibleFilterError: if one of them is no list of dicts.
    """
    for name, rows in (("calls", calls), ("assistants", assistants), ("phone_numbers", phone_numbers)):
        if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
            raise AnsibleFilterError(f"call_log_csv: {name} must be a list of dicts.")
    names = {row.get("id"): row.get("name") for row in assistants}
    numbers = {row.get("id"): row for row in phone_numbers}
    return header() + csv_rows(calls, names, numbers)


class FilterModule:
    """The filter, by name."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"call_log_csv": call_log_csv}
