# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start something by its module, once, then read how it goes on until it is over, and show that on the terminal.

A task runs on many hosts, is repeated by ``until``, and may be run twice at once. A call must be placed once all the
same, so the controller decides whether the module may send: see :meth:`Follow._request`. A module can not print while
it runs, so the waiting is the controller's part as well. There only the info module is run again.
"""

from __future__ import annotations

import contextlib
import datetime
import math
import os
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import API
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _single
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._door import Door

COLLECTION = "voiceops.vapi_didlogic"
#: Options that say how to reach Vapi; the info module gets those that were given.
CONNECTION = ("api_key", "region", "api_url", "timeout", "retry_timeout", "validate_certs", "ca_path")
#: Where an account is, as far as the controller knows; an API key is no part of it, since an account may have several.
PLACE = {"region": "VAPI_REGION", "api_url": "VAPI_API_URL"}
#: Seconds between two looks; the last one again and again.
PAUSES = (1, 1, 2, 3, 5, 10)
#: Looks without an answer, one after the other, until the waiting is given up.
BLIND = 3

#: States of a request: under way, made, of unknown outcome, certainly not made.
SENDING, DONE, UNKNOWN, REFUSED = "sending", "done", "unknown", "refused"
#: Seconds after a request of unknown outcome in which the same is not requested again by anybody on this controller.
UNSETTLED = 300.0
#: Seconds that the service's list may take to show what was made.
LAG = 60.0
#: Seconds for which the service shows a call for certain. Of an older one that is still to come only the record knows.
RETENTION = 13 * 86_400.0
#: Seconds after its time for which a call is remembered.
AFTER = 86_400.0

Result = dict[str, t.Any]

#: The tasks that this process has run: the items of a loop are copies of one task, its attempts are the same object.
_ITEMS: dict[tuple[str, str], list[t.Any]] = {}


class Follow(Door):
    """What all modules share that set something off and may wait for its end."""

    _supports_check_mode = True
    _supports_async = False

    module: str
    noun: str
    #: The option by which the service shows that something was requested already, and what it is called.
    mark: str
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
        del tmp  # of no effect in ansible-core either
        args: Result = dict(self._task.args)
        # What the module refuses before it runs is refused here, so that nothing is recorded of it.
        if self._task.check_mode or self._template_faults(task_vars or {}):
            return self._module(task_vars)
        limit = self._seconds(args)
        result = self._request(args, task_vars)
        started = result.get(self.noun)
        waits = boolean(args.get("wait", False), strict=False)
        if not waits or not started or result.get("failed") or args.get("state") == "absent":
            return result
        return {**result, **self._followed(started, args, task_vars, limit)}

    def _module(self, task_vars: t.Any, *, look: bool = False) -> Result:
        """The module's result.

        :param look: run it in check mode, in which it finds what was requested before and requests nothing.
        """
        before = self._task.check_mode
        self._task.check_mode = before or look
        try:
            result: Result = super().run(None, task_vars)
        finally:
            self._task.check_mode = before
        return result

    # -- one request

    def _request(self, args: Result, task_vars: t.Any) -> Result:
        """The module's result, or what an earlier task, host, attempt or run has made of the same request.

        Two records decide. One belongs to this task of this run and is shared by its hosts and attempts: with the same
        options all get the same call. The other belongs to the mark, an idempotency key or a name, and is shared by all
        runs of this user on this controller. Their locks are held while the module runs, wherever it runs.
        """
        mark = str(args.get(self.mark) or "").strip()
        if args.get("state") == "absent":
            with self._marked(args, mark) as record:
                result = self._module(task_vars)
                record.write({} if not result.get("failed") else record.read())
            return result
        host = str(task_vars.get("inventory_hostname", ""))
        given = _single.digest({name: value for name, value in args.items() if name not in ("wait", "wait_timeout")})
        with _single.hold(_single.of_this_run(), _single.digest(self.module, self._item(host), mark)) as record:
            before = record.read()
            mine, same = before.get("host") == host, before.get("given") == given
            if before and not mine and not same and mark:
                return self._once(args, mark, task_vars)  # the module says what differs
            if before.get("state") == DONE:
                return self._again(before, args, task_vars, mine=mine, same=same)
            if before.get("state") in (SENDING, UNKNOWN) and not mark:
                raise AnsibleActionFail(self._not_again(before, f"Give {self.mark}, and a later run can look for it."))
            if before.get("state") == REFUSED and same and not mine:
                return dict(before["result"])
            data = {"host": host, "given": given}
            with self._recorded(record, data):
                result = self._once(args, mark, task_vars) if mark else self._module(task_vars)
            record.write({**data, "state": self._state(result), "result": result, "message": result.get("msg")})
        return result

    def _item(self, host: str) -> list[t.Any]:
        """What tells this task, or this item of its loop, from every other one of the run."""
        uuid = str(self._task._uuid)  # noqa: SLF001 - tells a task from one of the same words
        items = _ITEMS.setdefault((uuid, host), [])
        if not any(item is self._task for item in items):
            items.append(self._task)
        return [uuid, next(index for index, item in enumerate(items) if item is self._task)]

    def _again(self, before: Result, args: Result, task_vars: t.Any, *, mine: bool, same: bool) -> Result:
        """What a host gets whose task has made its request already."""
        result: Result = dict(before["result"])
        if mine:
            found = self._found(result[self.noun], args, task_vars).get(f"{self.noun}s")
            return {**result, self.noun: self.put(result[self.noun], found)} if found else result
        if same:
            return {**{name: value for name, value in result.items() if name != "diff"}, "changed": False}
        raise AnsibleActionFail(
            f"Nothing was sent for this host: the task has placed a {self.noun} for {before.get('host')} with other "
            f"options, and without {self.mark} a task places one at most, whatever its hosts. Give each its own "
            f"{self.mark}, or run the task on one host with a loop."
        )

    def _once(self, args: Result, mark: str, task_vars: t.Any) -> Result:
        """The module's result, which sends nothing while it is open what became of the same request before."""
        with self._marked(args, mark) as record:
            before = record.read()
            if _open(before, time.time()):
                seen = self._module(task_vars, look=True)
                if seen.get("failed") or not seen.get("changed"):
                    return seen
                known = self._known(before, args, task_vars)
                if known is not None:
                    return known
            with self._recorded(record, {}):
                result = self._module(task_vars)
            record.write(self._kept(result, before))
        _single.remove_old(_single.of_this_user())
        return result

    def _kept(self, result: Result, before: Result) -> Result:
        """What later runs have to know of a request."""
        state = self._state(result)
        if state == REFUSED:
            return {}
        if state != DONE:
            return {"state": state, "message": result.get("msg")}
        started: Result = result[self.noun]
        # No dict: the number and the name of a person are no part of it.
        plain = {name: value for name, value in started.items() if isinstance(value, (str, int, float))}
        same = before.get("state") == DONE and before["started"].get("id") == started.get("id")
        made = before["made"] if same else time.time()
        return {"state": state, "started": plain, "made": made, "until": _until(started)}

    def _known(self, before: Result, args: Result, task_vars: t.Any) -> Result | None:
        """What is known of a request that the service's list does not show; ``None`` if it may be made again."""
        if before.get("state") != DONE:
            left = math.ceil((UNSETTLED - time.time() + before.get("at", 0)) / 60)
            raise AnsibleActionFail(self._not_again(before, f"Vapi does not show it. Run again in {left} min."))
        started, age = before["started"], time.time() - before["made"]
        answer = self._found(started, args, task_vars)
        found = answer.get(f"{self.noun}s")
        if found:
            return {"changed": False, self.noun: self.put(started, found)}
        if age > RETENTION:
            # Too old to be shown, and still to come.
            return {"changed": False, self.noun: {**started, "transfers": [], "diagnosis": {}}}
        if age < LAG or answer.get("failed"):
            said = answer.get("msg", "it is not in the list")
            raise AnsibleActionFail(
                f"Nothing was sent: the {self.noun} {started['id']} was made {age:.0f} s ago, and Vapi does not show "
                f"it yet: {said}. Run again in a minute."
            )
        return None

    def _not_again(self, before: Result, hint: str) -> str:
        said = before.get("message") or "it was interrupted."
        return (
            "Nothing was sent again, because it is unknown what became of the first request, which ended like this: "
            f"{said} {hint}"
        )

    @contextlib.contextmanager
    def _marked(self, args: Result, mark: str) -> t.Iterator[_single.Record]:
        with _single.hold(_single.of_this_user(), _single.digest(self.module, _address(args), mark)) as record:
            yield record

    @contextlib.contextmanager
    def _recorded(self, record: _single.Record, data: Result) -> t.Iterator[None]:
        """Write that a request is under way; that stays written wherever the task is cut off."""
        record.write({**data, "state": SENDING})
        try:
            yield
        except AnsibleActionFail:
            record.write({})  # Ansible refused to run the module, or this plugin did
            raise

    def _state(self, result: Result) -> str:
        """What a module's result says of the request."""
        if result.get("skipped"):
            return REFUSED
        if not result.get("failed") and result.get(self.noun):
            return DONE
        # Without it the module did not get to its end.
        answered = "invocation" in result
        return UNKNOWN if not answered or result.get("outcome_unknown") else REFUSED

    # -- what becomes of it

    def _found(self, started: Result, args: Result, task_vars: t.Any) -> Result:
        """The info module's result for what was started."""
        asked = {name: args[name] for name in (*CONNECTION, *self.also) if name in args}
        asked |= self.fixed | self.key(started)
        answer: Result = self._execute_module(
            module_name=f"{COLLECTION}.{self.module}_info", module_args=asked, task_vars=task_vars
        )
        return answer

    def _followed(self, started: Result, args: Result, task_vars: t.Any, limit: int) -> Result:
        begun, shown, blind, looks, now = time.monotonic(), "", 0, 0, started
        while True:
            # Words of the service, such as the reason why a call has ended.
            if (line := printable(self.line(now))) != shown:
                shown = line
                self._progress(shown)
            if self.over(now):
                why = printable(self.verdict(now))
                return {self.noun: now, **({"failed": True, "msg": why} if why else {})}
            left = limit - (time.monotonic() - begun)
            if left <= 0:
                return self._given_up(now, f"It is not over after {limit} s ({shown}). It goes on; wait_timeout ended.")
            time.sleep(min(PAUSES[min(looks, len(PAUSES) - 1)], left))
            looks += 1
            answer = self._found(started, args, task_vars)
            found = answer.get(f"{self.noun}s")
            blind = blind + 1 if answer.get("failed") or not found else 0
            if blind >= BLIND:
                reason = printable(str(answer.get("msg", "it is not in Vapi's list")))
                return self._given_up(now, f"How it goes on can not be read: {reason}. It was started and goes on.")
            now = self.put(started, found) if found else now

    def _given_up(self, now: Result, why: str) -> Result:
        return {self.noun: now, "failed": True, "msg": why}

    def _seconds(self, args: Result) -> int:
        try:
            return int(args.get("wait_timeout") or self.patience)
        except (TypeError, ValueError):
            raise AnsibleActionFail("Option wait_timeout: must be a number of seconds.") from None


def _address(args: Result) -> str:
    """The service's address in one form, whichever of the ways to give it was used.

    :param args: the options as they were given; what is missing comes from the environment or is the default.
    """
    region, url = (str(args.get(name) or os.environ.get(variable) or "").strip() for name, variable in PLACE.items())
    return (url or API.get(region or "us", region)).rstrip("/").lower()


def _open(before: Result, now: float) -> bool:
    """Whether the service's list may not show yet, or no longer, what became of a request."""
    if before.get("state") == DONE:
        return bool(now - before["made"] < LAG or now < before["until"])
    return "state" in before and now - float(before.get("at", 0)) < UNSETTLED


def _until(started: Result) -> float:
    """The time until which a scheduled request is remembered, in seconds of the epoch; 0 where it has no schedule."""
    try:
        last = str(started.get("schedule_until") or started["schedule_at"])
        return datetime.datetime.fromisoformat(last).timestamp() + AFTER
    except (KeyError, ValueError):
        return 0
