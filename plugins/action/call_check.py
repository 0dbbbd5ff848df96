# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places one test call, whatever hosts, attempts and runs there are. The module itself waits for the records."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleActionFail

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._wait import (
    ACCOUNT_OPTIONS,
    DONE,
    REFUSED,
    UNKNOWN,
    UNSETTLED,
    Result,
    WaitActionModule,
)


class ActionModule(WaitActionModule):
    module, noun, key_option, default_timeout = "call_check", "check", "from", 180

    def mark(self, args: Result) -> str:
        """Both numbers: a second call to them at the same time could not be distinguished from the first."""
        return f"{digits(str(args.get('from', '')))} {digits(str(args.get('to', '')))}"

    def _marked(self, args: Result, key_option: str) -> t.Any:
        """The options of the connection have a prefix, because the module uses both services."""
        account = {name: args[f"vapi_{name}"] for name in ACCOUNT_OPTIONS if f"vapi_{name}" in args}
        return super()._marked(account, key_option)

    def _state(self, result: Result) -> str:
        """A call that was placed and failed is done: it is not placed again."""
        placed = "id" in (result.get("check") or {})
        return DONE if placed else super()._state(result)

    def _kept(self, result: Result, _before: Result) -> Result:
        """Each run places a call; only one that may still be running is remembered."""
        state, found = self._state(result), result.get("check") or {}
        if state == REFUSED or (state == DONE and not _may_run(found)):
            return {}
        message = f"Vapi's call {found['id']} had not ended." if state == DONE else result.get("msg")
        return {"state": UNKNOWN, "message": message}

    def _known(self, before: Result, _args: Result, _task_vars: Params) -> t.NoReturn:
        left = max(1, round(UNSETTLED - time.time() + float(before.get("at", 0))))
        said = before.get("message") or "it was interrupted"
        raise AnsibleActionFail(
            "Nothing was sent: it is unknown whether the last check of these numbers has placed a call, which may "
            f"still be running: {said} Run the task again in {left} s."
        )

    def _found(self, _started: Result, _args: Result, _task_vars: Params) -> Result:
        """Another attempt of the task gets the same result."""
        return {}


def _may_run(check: Result) -> bool:
    """Whether the end of the call of a check was not seen."""
    verdicts = {name: step["ok"] for name, step in check["steps"].items()}
    return verdicts["ended"] is None and False not in verdicts.values()
