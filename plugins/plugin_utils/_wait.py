# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugins for one-shot modules: run the module once, then wait for completion and show the progress.

A task may run on many hosts, be repeated by ``until``, and run concurrently. A call must be placed only once anyway, so
the controller decides whether the module may send a request: see :meth:`WaitActionModule._request`. A module cannot
print while it runs, so the controller also waits, by running the info module repeatedly.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import ipaddress
import json
import math
import os
import posixpath
import time
import typing as t
import urllib.parse

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import API
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _ansible_internals, _single
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._in_process import InProcessActionModule

COLLECTION = "voiceops.vapi_didlogic"
#: Connection options of Vapi, which are passed to the info module if given.
CONNECTION = ("api_key", "region", "api_url", "timeout", "retry_timeout", "validate_certs", "ca_path")
#: Options that identify a service and an organisation, and the environment variables that replace them.
ACCOUNT_OPTIONS = {"region": ("VAPI_REGION",), "api_url": ("VAPI_API_URL",), "api_key": ("VAPI_API_KEY", "VAPI_TOKEN")}
#: Seconds between two lookups; the last value is repeated.
PAUSES = (1, 1, 2, 3, 5, 10)
#: Consecutive failed lookups after which the plugin stops waiting.
BLIND = 3

#: States of a request: in progress, successful, of unknown outcome, certainly not processed.
SENDING, DONE, UNKNOWN, REFUSED = "sending", "done", "unknown", "refused"
#: Seconds after a request of unknown outcome in which this controller does not send the same request again.
UNSETTLED = 300.0
#: Seconds until the service's list certainly contains a new object.
LAG = 60.0
#: Seconds for which the service certainly lists a call. Only the record contains an older call that is still scheduled.
RETENTION = 13 * 86_400.0
#: Seconds after its scheduled time for which a call is recorded.
AFTER = 86_400.0

Result = dict[str, t.Any]

#: The tasks of this process: the items of a loop are copies of one task, its attempts are the same object.
_ITEMS: dict[tuple[str, str], list[object]] = {}


class WaitActionModule(InProcessActionModule):
    """Base of the action plugins of one-shot modules that may wait for completion."""

    _supports_check_mode = True
    _supports_async = False

    module: str
    noun: str
    #: The option that identifies an existing object at the service, and its name in messages.
    key_option: str
    #: Further options that the info module has too. :attr:`fixed`: its constant options.
    also: tuple[str, ...] = ()
    info_constants: t.ClassVar[Result] = {}
    default_timeout: int

    def mark(self, args: Result) -> str:
        """What identifies an existing object at the service, empty if the options do not; see :meth:`_request`."""
        return str(args.get(self.key_option) or "").strip()

    def key(self, started: Result) -> Result:
        """The option with which the info module finds the started object."""
        raise NotImplementedError

    def current_result(self, _started: Result, found: list[Result]) -> Result:
        """The current result."""
        raise NotImplementedError

    def is_finished(self, now: Result) -> bool:
        """Whether it is finished."""
        raise NotImplementedError

    def progress_text(self, now: Result) -> str:
        """A short progress text."""
        raise NotImplementedError

    def failure_reason(self, _now: Result) -> str:
        """The error message for a finished object; empty on success."""
        return ""

    def run(self, tmp: object = None, task_vars: Params | None = None) -> Result:
        del tmp  # of no effect in ansible-core either
        args: Result = dict(self._task.args)
        # Invalid options are rejected here, before anything is recorded.
        variables = task_vars or {}
        if self._task.check_mode or self._template_faults(variables):
            return self._module(variables)
        limit = self._seconds(args)
        result = self._request(args, variables)
        started = result.get(self.noun)
        waits = boolean(args.get("wait", False), strict=False)
        if not waits or not started or result.get("failed") or args.get("state") == "absent":
            return result
        return {**result, **self._wait(started, args, variables, limit)}

    def _module(self, task_vars: Params, *, look: bool = False) -> Result:
        """The module's result.

        :param look: whether to run it in check mode, in which it only finds existing objects.
        """
        before = self._task.check_mode
        self._task.check_mode = before or look
        try:
            result: Result = super().run(None, task_vars)
        finally:
            self._task.check_mode = before
        return result

    # -- one request

    def _request(self, args: Result, task_vars: Params) -> Result:
        """The module's result, or that of the same request by an earlier task, host, attempt or run.

        This depends on two records. One is for this task of this run and is shared by its hosts, attempts and
        inclusions: with the same options all get the same call. The other is for the mark, an idempotency key or a
        name, and is shared by all runs of this user on this controller. Their locks are held while the module runs, on
        any host.
        """
        key_option = self.mark(args)
        if args.get("state") == "absent":
            with self._marked(args, key_option) as record:
                result = self._module(task_vars)
                record.write({} if not result.get("failed") else record.read())
            return result
        host = str(task_vars.get("inventory_hostname", ""))
        given = _single.digest({name: value for name, value in args.items() if name not in ("wait", "wait_timeout")})
        task = _ansible_internals.task_id(self._task)
        with _single.hold(_single.of_this_run(), self._record_name(task, host, given, key_option)) as record:
            before = record.read()
            mine = before.get("host") == host and before.get("task") == task
            same = before.get("given") == given
            if before and not mine and not same and key_option:
                return self._send_once(args, key_option, task_vars)  # the module reports the differences
            if before.get("state") == DONE:
                return self._again(before, args, task_vars, mine=mine, same=same)
            if before.get("state") in (SENDING, UNKNOWN) and not key_option:
                raise AnsibleActionFail(
                    self._not_again(before, f"Set {self.key_option}, so that a later run can find it.")
                )
            if before.get("state") == REFUSED and same and before.get("host") != host:
                return dict(before["result"])
            data = {"host": host, "task": task, "given": given}
            with self._recorded(record, data):
                result = self._send_once(args, key_option, task_vars) if key_option else self._module(task_vars)
            record.write({**data, "state": self._state(result), "result": result, "message": result.get("msg")})
        return result

    def _record_name(self, task: str, host: str, given: str, key_option: str) -> str:
        """The name of the record of this request, which all hosts and inclusions of the task share."""
        items = _ITEMS.setdefault((task, host), [])
        if not any(item is self._task for item in items):
            items.append(self._task)
        index = next(index for index, item in enumerate(items) if item is self._task)
        name = _single.digest(self.module, _ansible_internals.task_place(self._task), key_option)
        with _single.hold(_single.of_this_run(), name) as record:
            requests = record.read().get("requests", [])
            number = _number(requests, [host, task, index], given)
            record.write({"requests": requests})
        return _single.digest(name, number)

    def _again(self, before: Result, args: Result, task_vars: Params, *, mine: bool, same: bool) -> Result:
        """The result for a host whose task has already sent its request."""
        result: Result = dict(before["result"])
        if mine:
            found = self._found(result[self.noun], args, task_vars).get(f"{self.noun}s")
            return {**result, self.noun: self.current_result(result[self.noun], found)} if found else result
        if same:
            return {
                **{name: value for name, value in result.items() if name not in ("diff", "changes")},
                "changed": False,
            }
        raise AnsibleActionFail(
            f"Nothing was sent for this host: the task has placed a {self.noun} for {before.get('host')} with other "
            f"options, and without {self.key_option} a task places at most one for all hosts. Set a different "
            f"{self.key_option} for each host, or run the task on one host with a loop."
        )

    def _send_once(self, args: Result, key_option: str, task_vars: Params) -> Result:
        """The module's result; nothing is sent while the outcome of an earlier identical request is unknown."""
        with self._marked(args, key_option) as record:
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
        """The record of a request for later runs."""
        state = self._state(result)
        if state == REFUSED:
            return {}
        if state != DONE:
            return {"state": state, "message": result.get("msg")}
        started: Result = result[self.noun]
        # Not a dict, because it must not contain a person's number or name.
        plain = {name: value for name, value in started.items() if isinstance(value, (str, int, float))}
        same = before.get("state") == DONE and before["started"].get("id") == started.get("id")
        made = before["made"] if same else time.time()
        return {"state": state, "started": plain, "made": made, "until": _until(started)}

    def _known(self, before: Result, args: Result, task_vars: Params) -> Result | None:
        """The result of a request that the service does not list; ``None`` if it may be sent again."""
        if before.get("state") != DONE:
            left = math.ceil((UNSETTLED - time.time() + before.get("at", 0)) / 60)
            raise AnsibleActionFail(
                self._not_again(before, f"Vapi does not list it. Run the task again in {left} min.")
            )
        started, age = before["started"], time.time() - before["made"]
        answer = self._found(started, args, task_vars)
        found = answer.get(f"{self.noun}s")
        if found:
            return {"changed": False, self.noun: self.current_result(started, found)}
        if age > RETENTION:
            # Too old to be listed, and still scheduled.
            return {"changed": False, self.noun: {**started, "transfers": [], "diagnosis": {}}}
        if age < LAG or answer.get("failed"):
            said = answer.get("msg", "it is not in the list")
            raise AnsibleActionFail(
                f"Nothing was sent: the {self.noun} {started['id']} was created {age:.0f} s ago, but Vapi does not "
                f"list it yet: {said}. Run the task again in a minute."
            )
        return None

    def _not_again(self, before: Result, hint: str) -> str:
        said = before.get("message") or "it was interrupted."
        return f"The request was not sent again, because the outcome of the first one is unknown: {said} {hint}"

    @contextlib.contextmanager
    def _marked(self, args: Result, key_option: str) -> t.Iterator[_single.Record]:
        environment = dict(os.environ)
        for variables in self._task.environment or ():
            environment.update(self._templar.template(variables) or {})
        folder, name = _single.of_this_user(), [self.module, _address(args, environment), key_option]
        organisation = _organisation(_option(args, environment, "api_key"))
        # An organisation may have several keys, so the lock is the same for all of them.
        with (
            _single.hold(folder, _single.digest(*name)),
            _single.hold(folder, _single.digest(*name, organisation)) as record,
        ):
            yield record

    @contextlib.contextmanager
    def _recorded(self, record: _single.Record, data: Result) -> t.Iterator[None]:
        """Record that a request is in progress; the record is kept if the task is interrupted."""
        record.write({**data, "state": SENDING})
        try:
            yield
        except AnsibleActionFail:
            record.write({})  # Ansible or this plugin did not run the module
            raise

    def _state(self, result: Result) -> str:
        """The state of the request according to a module's result."""
        if result.get("skipped"):
            return REFUSED
        if not result.get("failed") and result.get(self.noun):
            return DONE
        # Ansible returns the output of a module that was interrupted, instead of a result.
        interrupted = "module_stdout" in result or result.get("unreachable")
        return UNKNOWN if interrupted or result.get("outcome_unknown") else REFUSED

    # -- waiting

    def _found(self, started: Result, args: Result, task_vars: Params) -> Result:
        """The info module's result for the started object."""
        asked = {name: args[name] for name in (*CONNECTION, *self.also) if name in args}
        asked |= self.info_constants | self.key(started)
        answer: Result = self._execute_module(
            module_name=f"{COLLECTION}.{self.module}_info", module_args=asked, task_vars=task_vars
        )
        return answer

    def _wait(self, started: Result, args: Result, task_vars: Params, limit: int) -> Result:
        begun, last_text, blind, polls, current = time.monotonic(), "", 0, 0, started
        while True:
            # Texts of the service, such as the reason why a call has ended.
            if (line := printable(self.progress_text(current))) != last_text:
                last_text = line
                self._progress(last_text)
            if self.is_finished(current):
                why = printable(self.failure_reason(current))
                return {self.noun: current, **({"failed": True, "msg": why} if why else {})}
            left = limit - (time.monotonic() - begun)
            if left <= 0:
                return self._timed_out(
                    current,
                    f"It has not finished within {limit} s ({last_text}), the limit of wait_timeout. It continues.",
                )
            time.sleep(min(PAUSES[min(polls, len(PAUSES) - 1)], left))
            polls += 1
            answer = self._found(started, args, task_vars)
            found = answer.get(f"{self.noun}s")
            blind = blind + 1 if answer.get("failed") or not found else 0
            if blind >= BLIND:
                reason = printable(str(answer.get("msg", "it is not in Vapi's list")))
                return self._timed_out(current, f"Its progress cannot be read: {reason}. It was started and continues.")
            current = self.current_result(started, found) if found else current

    def _timed_out(self, now: Result, why: str) -> Result:
        return {self.noun: now, "failed": True, "msg": why}

    def _seconds(self, args: Result) -> int:
        try:
            return int(args.get("wait_timeout") or self.default_timeout)
        except (TypeError, ValueError):
            raise AnsibleActionFail("Option wait_timeout: must be a number of seconds.") from None


def _number(requests: list[Result], by: list[object], given: str) -> int:
    """The number of the request that a task of a host stands for; a new one is added to the requests.

    A task that is included several times is one task for the user. Each attempt stands for the same request, and so do
    the same options in another inclusion. Otherwise the first inclusion on each host stands for the first request, the
    second one for the second, and so on.

    :param requests: the requests of the task so far. :param by: the host, the task's id and the item of its loop.
    :param given: a digest of the options. :return: the index of the request.
    """
    host, item = by[0], by[2]
    there = list(enumerate(requests))
    number = next((at for at, request in there if by in request["by"]), None)
    if number is None:
        number = next((at for at, request in there if [request["given"], request["item"]] == [given, item]), None)
    if number is None:
        number = next((at for at, request in there if all(other[0] != host for other in request["by"])), len(requests))
    if number == len(requests):
        requests.append({"given": given, "item": item, "by": []})
    if by not in requests[number]["by"]:
        requests[number]["by"].append(by)
    return number


def _option(args: Result, environment: t.Mapping[str, str], name: str) -> str:
    """An option of the connection, from the options or the environment."""
    found = (args.get(name), *(environment.get(variable) for variable in ACCOUNT_OPTIONS[name]))
    return str(next(filter(None, found), "")).strip()


def _organisation(key: str) -> str:
    """What distinguishes the organisations of one service: the id in a key that contains one, otherwise the key.

    :param key: the API key. :return: a text from which the key cannot be read.
    """
    with contextlib.suppress(ValueError, IndexError, AttributeError):
        content = key.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))).get("orgId")
        if isinstance(found, str) and found:
            return found
    return _single.digest(key)


def _address(args: Result, environment: t.Mapping[str, str]) -> str:
    """The normalized address of the service, from the options, the environment or the default.

    :param args: the given options. :param environment: the environment variables of the task.
    :return: the same address for every way to write it.
    """
    region = _option(args, environment, "region")
    url = _option(args, environment, "api_url") or API.get(region or "us", region)
    try:
        parts = urllib.parse.urlsplit(url.lower())
        host, port = (parts.hostname or "").rstrip("."), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return url.lower()  # the module rejects it
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        host = str(getattr(address, "ipv4_mapped", None) or address)
    host = "localhost" if host in ("127.0.0.1", "::1") else host
    path = posixpath.normpath("/" + urllib.parse.unquote(parts.path).lstrip("/")).rstrip("/")
    return f"{parts.scheme}://{host}:{port}{path}"


def _open(before: Result, now: float) -> bool:
    """Whether the service's list may not yet, or no longer, contain the object of a request."""
    if before.get("state") == DONE:
        return bool(now - before["made"] < LAG or now < before["until"])
    return "state" in before and now - float(before.get("at", 0)) < UNSETTLED


def _until(started: Result) -> float:
    """The time until which a scheduled request is recorded, in seconds since the epoch; 0 without a schedule."""
    try:
        last = str(started.get("schedule_until") or started["schedule_at"])
        return datetime.datetime.fromisoformat(last).timestamp() + AFTER
    except (KeyError, ValueError):
        return 0
