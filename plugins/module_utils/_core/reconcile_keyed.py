# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile objects that are identified by a key.

Each round reads every list once, plans all unfinished objects from it and sends the planned requests. After a write the
lists are read again; an object is finished when its plan is empty.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import matching, plan_keyed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig, from_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    AmbiguousError,
    ApiError,
    OptionError,
    OutcomeUnknownError,
    RejectedError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reader import Reader
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.references import has_lists, references
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import (
    Plan,
    created_object,
    placeholders,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyKeyedResource,
    Mutation,
    Referrer,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import (
    CONSISTENCY_DELAYS_SECONDS,
    rounds,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted

#: Statuses with which a service may reject an object that exists.
TAKEN = frozenset({400, 409, 422})


class KeyedReconciler:
    """Reconciles the objects of one kind.

    :param reader: reads the lists. :param resource: the kind.
    """

    def __init__(self, reader: Reader, resource: AnyKeyedResource) -> None:
        self.reader, self.resource, self.client = reader, resource, reader.client

    def ensure(self, outcomes: list[Outcome], exclusive: str | Params | None) -> list[Outcome]:
        """Reconcile objects; an error of an object is recorded in its outcome.

        :param outcomes: the desired objects. :param exclusive: the scope whose undeclared objects are deleted, if any.
        :return: the outcomes. :raises ApiError: if the first read of the lists fails.
        """
        for index in rounds(lambda: _written(outcomes)):
            try:
                rows, referrer_rows = self._read(outcomes, again=index > 0)
            except (ApiError, RunInterruptedError) as error:
                if index == 0:
                    raise
                for outcome in _open(outcomes):
                    outcome.fail(error)
                break
            if index == 0 and exclusive:
                outcomes.extend([Outcome(desired) for desired in _undeclared(self.resource, outcomes, rows, exclusive)])
            to_write = self._plan_all(_open(outcomes), rows, referrer_rows)
            self.reader.together(self.reader.with_progress(lambda pair: self._execute(*pair), len(to_write)), to_write)
            if not _open(outcomes):
                break
            self._wait(_open(outcomes), written=bool(to_write))
        for outcome in _open(outcomes):
            outcome.fail(outcome.error or ApiError(f"{self.resource.title} {outcome.desired.label} did not converge."))
        self._warn_after_updates(outcomes)
        return outcomes

    def _plan_all(
        self, outcomes: list[Outcome], rows: list[ApiObject], referrer_rows: dict[Referrer, list[ApiObject]]
    ) -> list[tuple[Outcome, Plan]]:
        """Plan all objects.

        :param outcomes: the unfinished objects; those that have the desired state become finished.
        :param rows: the list. :param referrer_rows: the lists of possible referrers.
        :return: the objects that must be written, with their plans.
        """
        to_write = []
        near = matching.index(self.resource, rows)
        for outcome in outcomes:
            plan = self._planned(outcome, near(outcome.desired, outcome.run_state), referrer_rows)
            if plan is None:
                continue
            if not plan.mutations or self.reader.check_mode:
                outcome.converge(plan)
                if outcome.action == "create" or outcome.extra.get("replaced_id"):
                    self._note_new(outcome.result)  # its creation may have had no valid response
            elif outcome.confirmed and plan.action != "none" and not _lost_race(outcome, plan):
                self._readback_differs(outcome, plan)
            elif plan.action == "create" and outcome.look_again:
                outcome.look_again = False  # the list may not contain the new object yet
            elif plan.action == "create" and isinstance(outcome.error, RejectedError):
                outcome.fail(outcome.error)
            else:
                to_write.append((outcome, plan))
        return _without_conflicts(to_write)

    def _wait(self, outcomes: list[Outcome], *, written: bool) -> None:
        """Wait until the lists may show the effect of the last writes.

        :param outcomes: the unfinished objects. :param written: whether this round has written anything.
        """
        stale = max(max(outcome.stale_rounds, outcome.ambiguous_rounds) for outcome in outcomes)
        self.reader.wait_for_consistency(*(outcome.error for outcome in outcomes))
        rejected = any(isinstance(outcome.error, RejectedError) for outcome in outcomes)
        if (stale or rejected) and not written:
            self.client.sleep(CONSISTENCY_DELAYS_SECONDS[max(stale, 1) - 1])

    def _warn_after_updates(self, outcomes: list[Outcome]) -> None:
        """Add the warnings of ``after_update`` to each object that was updated, or would be in check mode."""
        check = self.resource.update.check_effect
        updated = [o for o in outcomes if check and o.action == "update" and o.changed and not o.error]

        def warnings_of(outcome: Outcome) -> tuple[str, ...]:
            return check(self.client, str(outcome.result["id"])) if check else ()

        found = self.reader.together(warnings_of, updated)
        for outcome, warnings in zip(updated, found, strict=True):
            outcome.warnings += [f"{self.resource.title} {outcome.desired.label}: {warning}" for warning in warnings]

    def _read(self, outcomes: list[Outcome], *, again: bool) -> tuple[list[ApiObject], dict[Referrer, list[ApiObject]]]:
        """The list, and the lists of possible referrers if a plan may need them.

        :param again: whether the lists were read before and may have changed.
        """
        if again:
            self.reader.invalidate(self.resource.path, *(use.path for use in self.resource.referrers))
        open_ = _open(outcomes)
        going = any(o.desired.options.state == "absent" for o in open_)
        replacing = any(matching.may_replace(self.resource, o.desired) for o in open_)
        uses = [use for use in self.resource.referrers if going or replacing]
        reads: list[t.Callable[[], list[ApiObject]]] = [lambda: self.reader.rows(self.resource)]
        what = f"{self.resource.provider.title} lists "
        reads += [functools.partial(self.reader.referrer_list, use, what + use.title) for use in uses]
        rows, *held = self.reader.run_concurrently(*reads)
        return rows, dict(zip(uses, held, strict=True))

    def _planned(
        self,
        outcome: Outcome,
        rows: list[ApiObject],
        referrer_rows: dict[Referrer, list[ApiObject]],
    ) -> Plan | None:
        run_state = outcome.run_state
        seen = [row for row in rows if str(row.get("id")) not in run_state.deleted_ids]
        there = {str(row.get("id")) for row in seen}
        # A list may be out of date: an object whose creation was confirmed exists.
        seen += [row for key, row in run_state.created.items() if key not in there and key not in run_state.deleted_ids]
        try:
            if self.resource.fetch_details:
                chosen, _surplus = matching.choose(self.resource, outcome.desired, seen, run_state)
                if chosen is not None:
                    full = self.resource.fetch_details(self.client, chosen)
                    seen = [full if row is chosen else row for row in seen]
            self._find_missing(outcome, seen)
            plan = self.reader.planned_once(
                self.resource, outcome, (seen, referrer_rows), functools.partial(plan_keyed.plan, self.resource)
            )
        except AmbiguousError as error:
            # Two other runs may have created it concurrently; one of them will delete its own.
            outcome.ambiguous_rounds += 1
            if outcome.ambiguous_rounds > len(CONSISTENCY_DELAYS_SECONDS):
                outcome.fail(error)
            return None
        except (OptionError, ApiError, RunInterruptedError) as error:
            outcome.fail(error)
            return None
        outcome.note(plan)
        return plan

    def _find_missing(self, outcome: Outcome, rows: list[ApiObject]) -> None:
        """Find ids of deleted objects in the object's lists of references: not listed, and 404 when read."""
        run_state, record = outcome.run_state, t.cast(type[Model], self.resource.record)
        found = [
            reference
            for row in (rows if run_state.listed and has_lists(record) else ())
            for reference in references(from_api(self.resource.record, row))
            if reference.field.kind == "list" and id(reference.resource) in run_state.listed
        ]
        for reference in found:
            key, referred = reference.value, reference.resource
            if key not in run_state.listed[id(referred)] and key not in run_state.missing:
                run_state.missing[key] = self._is_missing(referred, key)
                if run_state.missing[key]:
                    outcome.warnings.append(f"{outcome.desired.label}: the {referred.title} {key} no longer exists.")

    def _is_missing(self, referred: Resource, key: str) -> bool:
        try:
            self.client.get(referred.path + "/{id}", id=key)
        except RejectedError as error:
            return error.status == 404
        except ApiError:
            return False
        return False

    def _note_new(self, row: ApiObject) -> None:
        """Tell the check of an approved plan the id, and the other values in paths, of a new object."""
        if self.client.write_gate:
            names = {"id", *placeholders(self.resource.update.path)}
            self.client.write_gate.note_new(*(str(row[name]) for name in names if row.get(name)))

    def _readback_differs(self, outcome: Outcome, plan: Plan) -> None:
        """Wait for a confirmed write to become visible; after the last attempt, fail with the names that differ."""
        outcome.stale_rounds += 1
        if outcome.stale_rounds > len(CONSISTENCY_DELAYS_SECONDS):
            names = {**plan.before, **plan.after}
            different = [name for name in names if plan.before.get(name) != plan.after.get(name)]
            still = {"create": "is missing", "delete": "still exists"}.get(plan.action, "is not as requested")
            outcome.fail(
                ApiError(
                    f"{self.resource.provider.title} accepted the update of {self.resource.title} "
                    f"{outcome.desired.label}, but "
                    + (
                        f"these values still differ: {', '.join(different)}."
                        if different and plan.action == "update"
                        else f"the object {still}."
                    )
                )
            )

    def _execute(self, outcome: Outcome, plan: Plan) -> None:
        """Send the requests of a plan in order; stop at the first without a valid response."""
        outcome.confirmed = False
        made, sent = None, 0
        try:
            for write in plan.mutations:
                answer = self.client.write(_with_created_id(write, made))
                outcome.changed = True
                outcome.writes += 1
                sent += 1
                if write.creates:
                    row = created_object(self.resource, write, answer)
                    made = str(row["id"])
                    outcome.run_state.created[made] = row
                    self._note_new(row)
                if write.deletes_id:
                    outcome.run_state.deleted_ids.add(write.deletes_id)
        except OutcomeUnknownError as error:
            outcome.error = error  # the next round reads whether it was processed
            outcome.changed = outcome.look_again = True
            return
        except (ApiError, RunInterruptedError) as error:
            if plan.action == "create" and not sent and isinstance(error, RejectedError) and error.status in TAKEN:
                outcome.error, outcome.look_again = error, True  # another run may have created it
                return
            if sent:
                advice = "Correct the cause, and run" if isinstance(error, RejectedError) else "Run"
                text = f" {sent} of {counted(len(plan.mutations), 'step')} were completed. {advice} the task again."
                error = type(error)(*_extended_args(error, text))
            outcome.fail(error)
            return
        outcome.error, outcome.confirmed = None, not any(write.has_follow_up for write in plan.mutations)
        outcome.run_state.secret_written = outcome.run_state.secret_written or plan.carries_secret


def _without_conflicts(to_write: list[tuple[Outcome, Plan]]) -> list[tuple[Outcome, Plan]]:
    """The plans that change different objects; the others are planned again in the next round.

    Two plans may remove their references from the same referrer. Each sends the whole field as it was read.
    """
    seen, found = set[t.Any](), list[tuple[Outcome, Plan]]()
    for outcome, plan in to_write:
        changed = {(write.path, *sorted(write.ids.items())) for write in plan.mutations if write.ids}
        if not changed & seen:
            found.append((outcome, plan))
        seen |= changed
    return found


def _open(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not outcome.done]


def _written(outcomes: list[Outcome]) -> int:
    return sum(outcome.writes for outcome in outcomes)


def _lost_race(outcome: Outcome, plan: Plan) -> bool:
    """Whether a plan deletes what this run created, because another run created an older one."""
    return any(write.deletes_id in outcome.run_state.created for write in plan.mutations)


def _with_created_id(write: Mutation, made: str | None) -> Mutation:
    """The request with the id of the object that the previous request created."""
    if made is None or write.body is None:
        return write
    return dataclasses.replace(
        write, body={key: _replace_placeholder(value, made) for key, value in write.body.items()}
    )


def _replace_placeholder(value: object, made: str) -> object:
    if isinstance(value, dict):
        return {key: _replace_placeholder(item, made) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_placeholder(item, made) for item in value]
    return made if value == UNKNOWN_ID else value


def _extended_args(error: Exception, more: str) -> tuple[object, ...]:
    text, *rest = error.args or ("",)
    status = getattr(error, "status", None)
    return (f"{text}{more}", *rest) if status is None else (f"{text}{more}", status)


def _undeclared(
    resource: AnyKeyedResource, outcomes: list[Outcome], rows: list[ApiObject], scope: object
) -> list[Desired]:
    """The existing objects in the scope that are not declared, as desired objects with the state ``absent``."""
    if not outcomes:
        return []
    field = fields(resource.record)[resource.exclusive_by or ""]
    key = fields(resource.record)[resource.keys[0]]
    template = outcomes[0].desired
    declared = {resource.normalize_key(str(getattr(outcome.desired.record, key.attr))) for outcome in outcomes}
    ids = {outcome.desired.id for outcome in outcomes}
    found = []
    for row in rows:
        name = str(dig(row, key.api_name.split(".")))
        if (
            dig(row, field.api_name.split(".")) != scope
            or resource.normalize_key(name) in declared
            or str(row.get("id")) in ids
        ):
            continue
        record = resource.record.model_construct(None, **{key.attr: name})
        found.append(
            Desired(record, template.options.model_copy(update={"state": "absent"}), id=str(row.get("id")), label=name)
        )
    return found
