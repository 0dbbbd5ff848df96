# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start something by its module, then read how it goes on until it is over, and show that on the terminal.

A module can not print while it runs, so the waiting is the controller's part. Only the info module is run again.
"""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._door import Door

COLLECTION = "voiceops.vapi_didlogic"
#: Options that say how to reach Vapi; the info module gets those that were given.
CONNECTION = ("api_key", "region", "api_url", "timeout", "retry_timeout", "validate_certs", "ca_path")
#: Seconds between two looks; the last one again and again.
PAUSES = (1, 1, 2, 3, 5, 10)
#: Looks without an answer, one after the other, until the waiting is given up.
BLIND = 3

Result = dict[str, t.Any]


class Follow(Door):
    """What all modules share that set something off and may wait for its end."""

    _supports_check_mode = True
    _supports_async = False

    module: str
    noun: str
    #: Further options of the module that the info module takes as well. :attr:`fixed`: its options that never vary.
    also: tuple[str, ...] = ()
    fixed: t.ClassVar[Result] = {}
    patience: int

    def key(self, started: Result) -> Result:
        """The option that makes the info module find what was started."""
        raise NotImplementedError

    def put(self, _started: Result, found: list[Result]) -> Result:
        """The result as it is now."""
        raise NotImplementedError

    def over(self, now: Result) -> bool:
        """Whether there is nothing left to wait for."""
        raise NotImplementedError

    def line(self, now: Result) -> str:
        """How it goes, in a few words."""
        raise NotImplementedError

    def verdict(self, _now: Result) -> str:
        """Why the task fails although all is over; empty if it does not."""
        return ""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> Result:
        args: Result = dict(self._task.args)
        result: Result = super().run(tmp, task_vars)
        started = result.get(self.noun)
        waits = boolean(args.get("wait", False), strict=False)
        if not waits or not started or result.get("failed") or self._task.check_mode:
            return result
        return {**result, **self._followed(started, args, task_vars)}

    def _followed(self, started: Result, args: Result, task_vars: t.Any) -> Result:
        limit = self._seconds(args)
        asked = {name: args[name] for name in (*CONNECTION, *self.also) if name in args}
        asked |= self.fixed | self.key(started)
        begun, shown, blind, looks, now = time.monotonic(), "", 0, 0, started
        while True:
            if self.line(now) != shown:
                shown = self.line(now)
                self._show(shown)
            if self.over(now):
                why = self.verdict(now)
                return {self.noun: now, **({"failed": True, "msg": why} if why else {})}
            left = limit - (time.monotonic() - begun)
            if left <= 0:
                return self._given_up(now, f"It is not over after {limit} s ({shown}). It goes on; wait_timeout ended.")
            time.sleep(min(PAUSES[min(looks, len(PAUSES) - 1)], left))
            looks += 1
            answer: Result = self._execute_module(
                module_name=f"{COLLECTION}.{self.module}_info", module_args=asked, task_vars=task_vars
            )
            found = answer.get(f"{self.noun}s")
            blind = blind + 1 if answer.get("failed") or not found else 0
            if blind >= BLIND:
                reason = answer.get("msg", "it is not in Vapi's list")
                return self._given_up(now, f"How it goes on can not be read: {reason}. It was started and goes on.")
            now = self.put(started, found) if found else now

    def _given_up(self, now: Result, why: str) -> Result:
        return {self.noun: now, "failed": True, "msg": why}

    def _seconds(self, args: Result) -> int:
        try:
            return int(args.get("wait_timeout") or self.patience)
        except (TypeError, ValueError):
            raise AnsibleActionFail("Option wait_timeout: must be a number of seconds.") from None

    def _show(self, line: str) -> None:
        if not self._task.no_log:
            self._display.display(f"  {self.module}: {line}")
