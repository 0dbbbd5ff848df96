# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that converts the results of the info modules to metrics in the Prometheus text format."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError


def prometheus_metrics(audit: t.Any, calls: t.Any = (), **options: t.Any) -> str:
    """Convert the result of an audit, and calls, to metrics.

    :param audit: the result of the module ``routing_audit``. :param calls: as ``vapi_call_info`` returns them.
    :param options: the other fields of ``metrics.RunData``.
    :return: the text.
    :raises AnsibleFilterError: if a value has the wrong type, or an option is missing or unknown.
    """
    # Ansible loads all filters of a collection to find one; the audit takes longer to load than most tasks need.
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import metrics

    if not isinstance(audit, dict):
        raise AnsibleFilterError("prometheus_metrics: the input must be the result of routing_audit.")
    for name, rows in (("calls", calls), ("changes", options.get("changes") or ())):
        if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
            raise AnsibleFilterError(f"prometheus_metrics: {name} must be a list of dicts.")
    try:
        data = metrics.RunData(audit=audit, calls=list(calls), **options)
    except TypeError as error:
        raise AnsibleFilterError(f"prometheus_metrics: {error}") from None
    return metrics.text(data)


class FilterModule:
    """The filter, by name."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"prometheus_metrics": prometheus_metrics}
