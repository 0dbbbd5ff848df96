# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of one object."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    OptionError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired, RunState
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.references import followed_by_names
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan

#: Maximum number of errors in a failure message where each number may have one; the result contains all.
MAX_LISTED = 20


@dataclasses.dataclass
class Outcome:
    """The result of reconciling one object."""

    desired: Desired
    plan: Plan | None = None
    result: Result = dataclasses.field(default_factory=dict)
    extra: Result = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)
    changed: bool = False
    error: Exception | None = None
    unknown: bool = False  # a one-shot request may or may not have been processed
    done: bool = False
    run_state: RunState = dataclasses.field(default_factory=RunState)
    #: The last plan, and what it was made from.
    planned: tuple[object, Plan] | None = None
    confirmed: bool = False  # every write of the last round had a valid response
    writes: int = 0
    stale_rounds: int = 0
    look_again: bool = False  # whether a list is read once more before a creation is repeated or has failed
    ambiguous_rounds: int = 0

    names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: In check mode: the names of referenced objects that do not exist yet, by the option with the references.
    pending: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    @property
    def sides(self) -> dict[str, Result]:
        """The diff: an id that refers to a named object is followed by the name."""
        if not self.plan:
            return {"before": {}, "after": {}}
        record: type[Model] = type(self.desired.record)
        return {
            "before": followed_by_names(record, self.plan.before, self.names),
            "after": followed_by_names(record, self.plan.after, self.names, self.pending),
        }

    @property
    def action(self) -> str:
        """The planned action: ``create``, ``update``, ``delete`` or ``none``."""
        return self.plan.action if self.plan else "none"

    @property
    def deleted_id(self) -> str:
        """The id of the object that is deleted; empty for another action, and for a row of a list."""
        mutations = self.plan.mutations if self.plan and self.action == "delete" else ()
        return next((write.deletes_id for write in mutations if write.deletes_id), "")

    def fail(self, error: Exception) -> None:
        """Mark the object as failed.

        :param error: the error; an option's path gets that of the object.
        """
        named = isinstance(error, OptionError) and error.path and self.desired.path
        self.error, self.done = error.under(self.desired.path) if named else error, True  # type: ignore[attr-defined]

    def converge(self, plan: Plan) -> None:
        """Mark the object as finished: it has the desired state, whatever was unknown before.

        :param plan: the last plan, which has no requests.
        """
        self.error, self.done = None, True
        self.changed = self.changed or plan.action != "none"

    def note(self, plan: Plan) -> None:
        """Keep the first plan, which check mode shows, and the newest result.

        :param plan: the plan of this round.
        """
        self.result = plan.result
        if self.plan is None or (self.plan.action == "none" and plan.action != "none"):
            self.plan = plan
            self.warnings += plan.warnings
        self.extra = {**self.extra, **plan.extra}


#: Past participle of each action.
ACTION_RESULTS = {"create": "created", "update": "updated", "delete": "deleted", "none": "unchanged"}


def summary(outcomes: t.Iterable[Outcome]) -> dict[str, int]:
    """The number of objects by result.

    :param outcomes: the results of one run. :return: counts by ``created``, ``updated`` and so on.
    """
    counts = dict.fromkeys((*ACTION_RESULTS.values(), "failed"), 0)
    for outcome in outcomes:
        counts["failed" if outcome.error else ACTION_RESULTS[outcome.action]] += 1
    return counts
