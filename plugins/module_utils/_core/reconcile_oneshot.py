# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile one-shot operations: start those that no earlier run has started. Each POST is sent at most once."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import plan_oneshot, requests
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    AmbiguousError,
    ApiError,
    ListTooLongError,
    OptionError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reader import Reader
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    AnyOneShotResource,
    ListQuery,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import CONSISTENCY_DELAYS_SECONDS

#: Seconds before checking whether another run has started the same operation at the same time.
CONCURRENT_START_DELAY_SECONDS = 1.0

#: Seconds before each lookup of a one-shot operation that was sent without a valid response.
LOOKUP_DELAYS_SECONDS = (1.0, 2.0, 4.0)


class OneShotReconciler:
    """Starts, finds and cancels the operations of one kind.

    :param reader: reads the lists. :param resource: the kind.
    """

    def __init__(self, reader: Reader, resource: AnyOneShotResource) -> None:
        one_shot = resource.one_shot
        self.reader, self.resource, self.one_shot, self.client = reader, resource, one_shot, reader.client
        self.started = reader.now()

    def ensure(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Start the operations that no earlier run has started.

        :param outcomes: the desired operations; the error of an operation is recorded in its outcome.
        :return: the outcomes. :raises ApiError: if the list of earlier operations cannot be read.
        """
        rows = self._earlier(outcome.desired for outcome in outcomes if not outcome.done)
        todo = []
        for outcome in [outcome for outcome in outcomes if not outcome.done]:
            try:
                plan = self._planned_once(outcome.desired, rows)
                outcome.note(plan)
                if plan.action == "create":
                    outcome.warnings += self.one_shot.preflight(
                        self.reader.rows, outcome.desired.record, self.reader.now()
                    )
            except (OptionError, ApiError, RunInterruptedError) as error:
                outcome.fail(error)
                continue
            if not plan.mutations or self.reader.check_mode:
                outcome.converge(plan)
            else:
                todo.append((outcome, plan))
        # If one part has an error, none is started.
        if not any(outcome.error for outcome in outcomes):
            self.reader.together(lambda pair: self._start_one_shot(*pair), todo)
        for outcome in [outcome for outcome in outcomes if not outcome.done]:
            outcome.fail(
                ApiError(f"{self.resource.title} {outcome.desired.label}: not started, because another part failed.")
            )
        return outcomes

    def _earlier(self, desired_objects: t.Iterable[Desired]) -> list[ApiObject]:
        """The rows that an earlier run may have created, if any is needed."""
        one_shot, now = self.one_shot, self.started
        needed = [
            desired
            for desired in desired_objects
            if desired.id or desired.options.state == "absent" or one_shot.needs_lookup(desired.record, desired.options)
        ]
        queries: list[ListQuery] = []
        for desired in needed:
            window = one_shot.window(now, desired.record)
            own = one_shot.earlier(now, desired.record) if one_shot.earlier else (window,)
            queries += [query for query in own if query.params not in [other.params for other in queries]]
        try:
            rows = {str(row["id"]): row for query in queries for row in self._rows(query, *needed)}
        except ListTooLongError as error:
            raise ApiError(f"{error} {one_shot.too_many}".strip()) from None
        return [row for row in rows.values() if one_shot.counts(row, now)]

    def _rows(self, query: ListQuery, *desired: Desired) -> list[ApiObject]:
        """The listed rows that concern one of the desired operations; the others are not kept in memory."""

        def matches(row: ApiObject) -> bool:
            return any(plan_oneshot.concerns(self.resource, one, row) for one in desired)

        return self.reader.rows(self.resource, dataclasses.replace(query, matches=matches))

    def _recent(self, desired: Desired) -> list[ApiObject]:
        """The rows that concern an operation and were created a moment ago, by this or another run."""
        return self._rows(self.one_shot.window(self.started, desired.record), desired)

    def _planned_once(self, desired: Desired, rows: list[ApiObject]) -> Plan:
        """The plan for an operation that an earlier run may have started; raises :class:`OptionError`."""
        for pause in CONSISTENCY_DELAYS_SECONDS if self.one_shot.rival else ():
            try:
                return self._plan_once(desired, rows)
            except AmbiguousError:
                # Other runs may have started it concurrently; then each but the first cancels its own.
                self.client.sleep(pause)
                self.reader.invalidate(self.resource.path)
                rows = self._recent(desired)
        return self._plan_once(desired, rows)

    def _plan_once(self, desired: Desired, rows: list[ApiObject]) -> Plan:
        there = plan_oneshot.found(self.resource, desired, rows)
        if desired.options.state != "absent":
            there = [self.one_shot.fetch_details(self.client.get, row) for row in there]
        return plan_oneshot.plan(self.resource, desired, rows, there)

    def _start_one_shot(self, outcome: Outcome, plan: Plan) -> None:
        row = None
        try:
            for write in plan.mutations:
                answer = self.client.write(write)
                outcome.changed = True
                row = requests.created_object(self.resource, write, answer) if write.creates else None
        except RateLimitedError as error:
            outcome.unknown = True
            outcome.fail(ApiError(f"{error} The request was not sent again. Run the task again later."))
            return
        except OutcomeUnknownError as error:
            outcome.error, outcome.changed, outcome.unknown = error, True, True
        except (ApiError, RunInterruptedError) as error:
            outcome.fail(error)
            return
        starting = plan.action == "create"
        row = row or self._find_outcome(outcome, starting=starting)
        if row is None:
            reason = outcome.error or ApiError(
                f"{self.resource.provider.title} does not list the result of the request."
            )
            hint = self.one_shot.hint if starting else "Run the task again to verify the result."
            outcome.fail(type(reason)(f"{reason} {hint}"))
            return
        if starting and self.one_shot.rival:
            try:
                row = self._first(outcome, row)
            except (OptionError, ApiError, RunInterruptedError) as error:
                outcome.unknown = False
                outcome.fail(error)
                return
        warning = self.one_shot.check_response(row, outcome.desired.record) if starting else None
        outcome.warnings += [warning] if warning else []
        outcome.result = requests.to_result(self.resource, row, outcome.desired.options)
        outcome.error, outcome.unknown, outcome.done, outcome.writes = None, False, True, len(plan.mutations)

    def _first(self, outcome: Outcome, made: ApiObject) -> ApiObject:
        """Keep the first of the operations that several runs have started at the same time, and cancel the others.

        A lookup before a request cannot prevent two machines from sending theirs after both lookups. Afterwards each
        run sees all of them, and all runs make the same choice.

        :param made: the row that this run has created. :return: the row that continues.
        :raises OptionError: if the row that continues differs from the desired one. :raises ApiError: if that is
            unknown.
        """
        record = outcome.desired.record
        self.client.sleep(CONCURRENT_START_DELAY_SECONDS)
        self.reader.invalidate(self.resource.path)
        try:
            rows = self._recent(outcome.desired)
        except (ApiError, RunInterruptedError) as error:
            outcome.warnings.append(
                f"{self.resource.title} {outcome.desired.label}: could not check whether another run has started the "
                f"same at the same time: {error}"
            )
            return made
        rivals = [
            row
            for row in rows
            if self.one_shot.rival and self.one_shot.rival(row, record) and not self.one_shot.is_finished(row)
        ]
        own = str(made["id"])
        if len(rivals) < 2 and all(str(row["id"]) == own for row in rivals):
            return made
        first, *others = sorted(rivals, key=self.one_shot.age)
        self._end(outcome.desired, others)
        ended = ", ".join(str(row["id"]) for row in others)
        outcome.warnings.append(
            f"{self.resource.title} {outcome.desired.label}: another run started the same at the same time. The first, "
            f"{first['id']}, continues; {ended or own} was cancelled."
        )
        if str(first["id"]) == own:
            return made
        first = self.one_shot.fetch_details(self.client.get, first)
        self.one_shot.check_conflict([first], record)
        warning = self.one_shot.check_matches(first, record)
        outcome.warnings += [warning] if warning else []
        return first

    def _end(self, desired: Desired, rows: list[ApiObject]) -> None:
        """Cancel rows, which other runs may be cancelling too.

        :raises ApiError: if one of them continues.
        """
        refused: ApiError | None = None
        for write in [self.one_shot.cancel(row) for row in rows] if self.one_shot.cancel else []:
            try:
                self.client.write(write)
            except (RejectedError, OutcomeUnknownError) as error:
                refused = error
        if refused is None:
            return
        self.reader.invalidate(self.resource.path)
        ids = {str(row["id"]) for row in rows}
        going = [row for row in self._recent(desired) if str(row["id"]) in ids and not self.one_shot.is_finished(row)]
        if going:
            left = ", ".join(str(row["id"]) for row in going)
            raise ApiError(
                f"Another run started the same {self.resource.title} at the same time, and the later one continues "
                f"too: {left}. Cancel it now. {refused}"
            )

    def _find_outcome(self, outcome: Outcome, *, starting: bool) -> ApiObject | None:
        """The row that was created or cancelled, as soon as the service lists it."""
        pauses = LOOKUP_DELAYS_SECONDS if outcome.error else (0.0, *LOOKUP_DELAYS_SECONDS)
        for pause in pauses:
            self.client.sleep(pause)
            try:
                self.reader.invalidate(self.resource.path)
                there = plan_oneshot.found(self.resource, outcome.desired, self._recent(outcome.desired))
            except (ApiError, RunInterruptedError):
                continue
            if there and (starting or all(self.one_shot.is_finished(row) for row in there)):
                return there[0]
        return None
