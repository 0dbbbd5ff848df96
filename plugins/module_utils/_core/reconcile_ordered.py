# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the rows of ordered lists: the steps of each list are planned again after each write."""

from __future__ import annotations

import functools

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import plan_ordered, requests
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    OutcomeUnknownError,
    RejectedError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Identity, Target
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reader import Reader
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import AnyOrderedResource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import rounds

#: Statuses with which a service rejects an object because of its content.
NOT_ACCEPTED = frozenset({400, 409, 422})


class OrderedReconciler:
    """Reconciles rows of the ordered lists of one kind.

    :param reader: reads the lists. :param resource: the kind.
    """

    def __init__(self, reader: Reader, resource: AnyOrderedResource) -> None:
        self.reader, self.resource, self.client = reader, resource, reader.client

    def ensure(self, outcomes: list[Outcome], exclusive: Params | None) -> list[Outcome]:
        """Reconcile rows; an error of a row is recorded in its outcome.

        :param outcomes: the desired rows. :param exclusive: the argument of ``find_undeclared``; removes those rows.
        :return: the outcomes.
        """
        if exclusive:
            undeclared = self.resource.ordered.find_undeclared(
                self.reader, [outcome.desired for outcome in outcomes], exclusive
            )
            outcomes += [Outcome(desired) for desired in undeclared]
        lists: dict[tuple[str, ...], list[Outcome]] = {}
        for outcome in outcomes:
            lists.setdefault(tuple(self._list_of(outcome).values()), []).append(outcome)
        # Changes of the same list are made one after another.
        self.reader.together(self.reader.with_progress(self._ordered_group, len(lists)), list(lists.values()))
        return outcomes

    def _list_of(self, outcome: Outcome) -> dict[str, str]:
        """The values for the placeholders of the list's path."""
        record = outcome.desired.record
        return {name: getattr(record, name) for name in requests.placeholders(self.resource.path)}

    def _target(self, outcome: Outcome) -> Target:
        return self.resource.ordered.target(outcome.desired.record, outcome.desired.options)

    def _ordered_group(self, outcomes: list[Outcome]) -> None:
        """Process the rows to create before the rows to remove; remove nothing if one of the former failed."""
        present = [outcome for outcome in outcomes if outcome.desired.options.state == "present"]
        declared = set[Identity]().union(*(self._target(outcome).declared_identities for outcome in present))
        for outcome in present:
            outcome.run_state.declared_identities = declared
            self._ordered(outcome)
        failed = any(outcome.error for outcome in present)
        for outcome in [outcome for outcome in outcomes if outcome not in present]:
            if failed:
                outcome.fail(
                    ApiError(
                        f"{outcome.desired.label}: nothing was removed, because another {self.resource.title} failed."
                    )
                )
            else:
                self._ordered(outcome)

    def _ordered(self, outcome: Outcome) -> None:
        names = self._list_of(outcome)
        try:
            for index in rounds(lambda: outcome.writes):
                if index:
                    self.client.invalidate(self.resource.path, **names)
                rows = self.reader.rows(self.resource, None, **names)
                plan_ordered.note_positions(self.resource.ordered.entries(rows), outcome.run_state)
                plan = self.reader.planned_once(
                    self.resource, outcome, (rows,), functools.partial(plan_ordered.plan, self.resource)
                )
                outcome.note(plan)
                if not plan.mutations or self.reader.check_mode:
                    outcome.converge(plan)
                    return
                if outcome.look_again:
                    outcome.look_again = False  # the list may not contain the new row yet
                    self.reader.wait_for_consistency(outcome.error)
                    continue
                self._steps(outcome, plan)
        except RejectedError as error:
            gone = error.status == 404 and self.resource.ordered.not_found and not outcome.changed
            outcome.error = (
                RejectedError(f"{outcome.desired.label} {self.resource.ordered.not_found}.", 404) if gone else error
            )
        except (OptionError, ApiError, RunInterruptedError) as error:
            outcome.error = error
        outcome.fail(
            outcome.error
            or ApiError(
                f"{self.resource.title} of {outcome.desired.label} did not converge; another run may be modifying it."
            )
        )
        if outcome.changed:
            self._add_current_state(outcome)

    def _steps(self, outcome: Outcome, plan: Plan) -> None:
        for write in plan.mutations:
            try:
                self.client.write(write)
            except OutcomeUnknownError as error:
                outcome.error, outcome.changed, outcome.look_again = error, True, write.method == "POST"
                self.reader.wait_for_consistency(error)
                return
            except RejectedError as error:
                if write.optional_token is None or error.status not in NOT_ACCEPTED:
                    raise
                outcome.run_state.refused.add(write.optional_token)
                if write.optional_token in self._target(outcome).declared_identities:
                    continue  # it will be deleted and appended again
                outcome.warnings.append(
                    f"{outcome.desired.label}: a {self.resource.ordered.row_title} could not be appended after the "
                    f"target ({error.status}), so its position is unchanged; it is disabled if it precedes the target."
                )
                continue
            outcome.changed = True
            outcome.writes += 1
            if write.optional_token is not None:
                outcome.run_state.copied.add(write.optional_token)
        outcome.run_state.moves += any(write.optional_token is not None for write in plan.mutations)
        outcome.error = None

    def _add_current_state(self, outcome: Outcome) -> None:
        outcome.extra = {}
        names = self._list_of(outcome)
        self.client.invalidate(self.resource.path, **names)
        try:
            rows = self.reader.rows(self.resource, None, **names)
            outcome.extra = plan_ordered.plan(self.resource, outcome.desired, rows, outcome.run_state).current
        except (ApiError, OptionError):
            return
