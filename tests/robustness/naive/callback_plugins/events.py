# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that keeps every event as JSON, as ARA, AWX and webhooks do."""

from __future__ import annotations

import json
import os
import pathlib

from ansible.plugins.callback import CallbackBase

try:
    from ansible.module_utils._internal._secrets import SecretMasker
except ImportError:  # ansible-core before 2.22
    pass
else:
    # ansible-core masks registered secrets in all output, and offers no setting with which a callback receives them
    # unmasked. With the masking the proof would be about ansible-core; this run is without it.
    SecretMasker.mask_string = lambda _self, value, /, **_more: value

DOCUMENTATION = r"""
name: events
type: notification
short_description: Writes every event to a file
description: One JSON object a line, into the file that the environment variable EVENTS_FILE names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "events"
    CALLBACK_NEEDS_ENABLED = True

    def _keep(self, event, result=None, task=None, **more):
        task = result._task if result is not None else task
        if task is not None:
            more["task"] = task.get_name()
        if result is not None:
            more["result"] = result._result
        with pathlib.Path(os.environ["EVENTS_FILE"]).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"event": event, **more}, default=str) + "\n")

    def v2_playbook_on_task_start(self, task, is_conditional):
        # Later they hold values instead of templates: Ansible's own, and no module can close it.
        self._keep("start", task=task, args=task.args)

    def v2_runner_on_ok(self, result):
        self._keep("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._keep("failed", result)

    def v2_runner_on_skipped(self, result):
        self._keep("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._keep("unreachable", result)

    def v2_runner_on_async_poll(self, result):
        self._keep("poll", result)

    def v2_runner_on_async_ok(self, result):
        self._keep("async ok", result)

    def v2_runner_on_async_failed(self, result):
        self._keep("async failed", result)

    def v2_runner_item_on_ok(self, result):
        self._keep("item ok", result)

    def v2_runner_item_on_failed(self, result):
        self._keep("item failed", result)

    def v2_on_file_diff(self, result):
        self._keep("diff", result)

    def v2_playbook_on_stats(self, stats):
        self._keep("stats", custom=stats.custom)
