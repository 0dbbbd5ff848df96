# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile objects with their desired state: read, plan, write, read back. Independent of Ansible and of resources.

A single object is processed as a list of one. Each round reads every list once, plans all unfinished objects from it
and sends the planned requests. After a write the lists are read again; an object is finished when its plan is empty.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import datetime
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import errors as core_errors
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import (
    matching,
    plan_keyed,
    plan_oneshot,
    plan_ordered,
    requests,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    Faults,
    ModuleFailureError,
    OptionError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    RunInterruptedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import ApiObject, Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Field, Model, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    ListQuery,
    Mutation,
    OneShot,
    Referrer,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted, is_id

#: Consecutive rounds without progress before the engine gives up.
MAX_IDLE_ROUNDS = 8

#: Maximum number of rounds. Many objects at a busy service need several; endless corrections of one object must end.
MAX_ROUNDS = 64

#: Default number of concurrent requests.
CONCURRENCY = 8

#: Maximum number of errors in a failure message where each number may have one; the result contains all.
MAX_LISTED = 20

#: Maximum length of an id, a number or an address in characters.
MAX_ID_LENGTH = 300

#: Statuses with which a service rejects an object because of its content.
NOT_ACCEPTED = frozenset({400, 409, 422})

#: Seconds before a lookup after a write without a valid response: the service may still be processing it.
UNKNOWN_OUTCOME_DELAY_SECONDS = 1.0

#: Seconds before checking whether another run has started the same operation at the same time.
SECOND_LOOK = 1.0

#: Seconds before each lookup of a one-shot operation that was sent without a valid response.
LOOKUP_DELAYS_SECONDS = (1.0, 2.0, 4.0)

#: Seconds before reading a list again that does not yet show the effect of a confirmed write.
CONSISTENCY_DELAYS_SECONDS = (0.2, 0.5, 1.0, 2.0)

Item = t.TypeVar("Item")


class Engine:
    """Performs all operations of one task at one service.

    :param check_mode: plan and predict, write nothing. :param concurrency: maximum number of concurrent requests.
    :param warn: called with the text of a warning. :param now: returns the current time with its zone.
    :param progress: progress callback, called with ``(objects done, objects)``.
    :param references_exist: reject a name that does not exist in check mode too, because nothing will create it before
        the run that is checked.
    """

    def __init__(
        self,
        client: Client,
        *,
        check_mode: bool = False,
        concurrency: int = CONCURRENCY,
        warn: t.Callable[[str], None] = lambda _text: None,
        now: t.Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
        progress: t.Callable[[int, int], None] = lambda _done, _all: None,
        references_exist: bool = False,
    ) -> None:
        self.now, self.progress, self.references_exist = now, progress, references_exist
        self.names: dict[str, str] = {}  # names of referenced objects by id, of the lists that were read
        self.client, self.check_mode, self.concurrency, self.warn = client, check_mode, concurrency, warn

    # -- lists

    def rows(self, resource: Resource, query: ListQuery | None = None, **names: str) -> list[ApiObject]:
        """The listed objects of a kind.

        :param resource: the kind. :param query: the list query; ``None`` reads the whole list.
        :param names: values for the placeholders of the path.
        :return: the objects in the service's form. :raises ApiError: if the list cannot be read or is invalid.
        """
        query = query or ListQuery()
        if resource.page_size:
            query = dataclasses.replace(query, page_size=resource.page_size, page_numbers=resource.page_numbers)
        if resource.reduce:
            query = dataclasses.replace(query, reduce=resource.reduce)
        listed = self.client.list_all(resource.path, resource.unwrap_list, query, **names)
        found = [
            row for row in listed if all(row.get(key, value) == value for key, value in resource.constants.items())
        ]
        return _check_rows(found, resource.required_keys, f"{resource.provider.title} lists a {resource.title}")

    def info(
        self, resource: Resource, key_filters: t.Mapping[str, str], filters: Model | None = None
    ) -> list[ApiObject]:
        """The listed objects that match filters, with their details.

        :param resource: the kind. :param key_filters: filters by identifying options.
        :param filters: a record of further filters, with names instead of ids.
        :return: the objects in the service's form. :raises ModuleFailureError: if the service rejects the query.
        """
        query = None
        if resource.query:
            named = self._resolve_filters(filters or resource.filters())
            if any(getattr(named, field.attr) == UNKNOWN_ID for field in fields(type(named)).values()):
                return []  # check mode: an object that does not exist yet has no rows
            query = resource.query(named, key_filters.get("id", ""))
        try:
            rows = self.rows(resource, query)
        except RejectedError as error:
            explained = resource.explain_refusal(error, self.now()) if resource.explain_refusal else None
            if explained is None:
                raise
            raise ModuleFailureError(f"{error} {explained[0]}", {"changed": False, **explained[1]}) from None
        found = [
            row for row in rows if all(self._matches(resource, row, name, value) for name, value in key_filters.items())
        ]
        return self.with_details(resource, found)

    def with_details(self, resource: Resource, rows: list[ApiObject]) -> list[ApiObject]:
        """The rows, with the details that each requires another request for.

        :param resource: the rows' kind. :param rows: the listed rows. :return: the rows with details.
        """
        complete = resource.fetch_details
        return self._together(lambda row: complete(self.client, row), rows) if complete else rows

    @staticmethod
    def _matches(resource: Resource, row: ApiObject, name: str, value: str) -> bool:
        if name == "id":
            return str(row.get("id")) == value
        there = dig(row, fields(resource.record)[name].api_name.split("."))
        return there is not None and resource.normalize_key(str(there)) == resource.normalize_key(value)

    def run_concurrently(self, *reads: t.Callable[[], t.Any]) -> list[t.Any]:
        """Run reads concurrently.

        :param reads: functions without parameters. :return: their results, in the same order.
        """
        return self._together(lambda read: read(), reads)

    def _together(self, function: t.Callable[[Item], t.Any], items: t.Sequence[Item]) -> list[t.Any]:
        """The results of ``function`` for all items, computed concurrently, in the items' order."""
        if len(items) < 2:
            return [function(item) for item in items]
        with concurrent.futures.ThreadPoolExecutor(min(self.concurrency, len(items))) as pool:
            return list(pool.map(function, items))

    def _with_progress(self, work: t.Callable[[Item], t.Any], count: int) -> t.Callable[[Item], None]:
        """``work`` with progress reports."""
        done: list[None] = []

        def act(item: Item) -> None:
            work(item)
            done.append(None)
            self.progress(len(done), count)

        return act

    # -- references

    def with_names(self, resource: Resource, items: list[ApiObject], *, read: bool = False) -> list[ApiObject]:
        """Add the names of referenced objects to items, such as ``trunk_name`` and ``tool_names``.

        :param resource: the items' kind. :param items: results with ids.
        :param read: read the lists of the referenced objects; otherwise only names that the task has already read.
        :return: the items with the names.
        """
        if resource.to_result:
            return items  # the resource defines the content of its items
        named = [field for field in fields(resource.record).values() if field.option.ref and field.option.ref.path]
        used = {
            id(field.option.ref): field.option.ref for field in named if any(item.get(field.name) for item in items)
        }
        for ref in used.values() if read else ():
            # A key without permission for that list must not prevent access to the items.
            with contextlib.suppress(ApiError):
                self._note_names(ref, self.rows(ref))
        return [{**item, **self._names_in(item, named)} for item in items]

    def _names_in(self, item: ApiObject, named: list[Field]) -> ApiObject:
        found: ApiObject = {}
        for field in named:
            value = item.get(field.name)
            if isinstance(value, list) and value:
                found[names_fact(field)] = [self.names.get(str(key), str(key)) for key in value]
            elif value and str(value) in self.names:
                found[names_fact(field)] = self.names[str(value)]
        return found

    def _note_names(self, resource: Resource, rows: list[ApiObject]) -> None:
        path = fields(resource.record)[resource.keys[0]].api_name.split(".")
        self.names.update({str(row["id"]): str(dig(row, path)) for row in rows if row.get("id") and dig(row, path)})

    def _resolve_filters(self, filters: Model) -> Model:
        """Replace names by ids in the filters of an info module.

        :param filters: the record of filters. :return: the record with ids.
        :raises OptionError: if a referenced object does not exist or is ambiguous.
        """
        found = {}
        for field in fields(type(filters)).values():
            value = getattr(filters, field.attr)
            if field.option.ref and value:
                rows = self.rows(field.option.ref) if field.option.ref.path else []
                found[field.attr] = self.find(field.option.ref, field.name, value, rows)
        return filters.model_copy(update=found)

    def resolve(self, resource: Resource, desired_objects: list[Desired]) -> list[Outcome]:
        """Replace names by ids in desired objects. An invalid reference is recorded as the error of its object.

        :param resource: the objects' kind. :param desired_objects: the desired objects. :return: one outcome per
            object.
        """
        outcomes = [Outcome(desired, warnings=list(desired.warnings), names=self.names) for desired in desired_objects]
        named = [field for field in fields(resource.record).values() if field.option.ref]
        used = {}
        for field in named:
            values = [
                v
                for o in outcomes
                if o.desired.options.state == "present"
                for v in _reference_values(o.desired.record, field)
            ]
            if any(value not in ("", UNKNOWN_ID) for value in values) and field.option.ref.path:
                used[id(field.option.ref)] = field.option.ref
        listed = dict(zip(used, self._together(self.rows, list(used.values())), strict=True))
        for key, rows in listed.items():
            self._note_names(used[key], rows)
        for outcome in outcomes:
            if outcome.desired.options.state != "present":
                continue
            outcome.run_state.listed = {
                f.attr: frozenset(str(row["id"]) for row in listed[id(f.option.ref)])
                for f in named
                if f.kind == "list" and id(f.option.ref) in listed
            }
            try:
                faults = Faults()
                changes = {
                    f.attr: faults.of("", self._resolved, f, outcome, listed.get(id(f.option.ref))) for f in named
                }
                faults.end()
                changes = {attr: value for attr, value in changes.items() if value is not None}
                outcome.desired = dataclasses.replace(
                    outcome.desired, record=outcome.desired.record.model_copy(update=changes)
                )
            except OptionError as problem:
                outcome.fail(problem)
        return outcomes

    def _resolved(self, field: Field, outcome: Outcome, rows: list[ApiObject] | None) -> t.Any:
        value = getattr(outcome.desired.record, field.attr)
        if value is None or value == "":
            return value
        if isinstance(value, list):
            found = [self.find(field.option.ref, f"{field.name}[{i}]", item, rows) for i, item in enumerate(value)]
            # Two objects that do not exist yet share one placeholder but are not duplicates.
            return [item for i, item in enumerate(found) if item == UNKNOWN_ID or item not in found[:i]]
        return self.find(field.option.ref, field.name, value, rows)

    def find(self, resource: Resource, path: str, value: str, rows: list[ApiObject] | None) -> str:
        """The id of a referenced object.

        :param resource: the kind of the referenced object. :param path: the option with the reference.
        :param value: a name or an id. :param rows: the list to search; ``None`` reads it.
        :return: the id; :data:`LATER` in check mode if the object does not exist yet.
        :raises OptionError: if no object matches, or more than one.
        """
        if value == UNKNOWN_ID:
            if not self.check_mode:
                raise OptionError(
                    path, f'contains the check-mode placeholder "{UNKNOWN_ID}" instead of a {resource.title} ID.'
                )
            return value
        if not resource.path:
            return value
        rows = rows or []
        ids = [str(row["id"]) for row in rows if str(row.get("id")) == value]
        for key in resource.keys:
            name = fields(resource.record)[key].api_name.split(".")
            ids = ids or [str(row["id"]) for row in rows if _same(resource, dig(row, name), value)]
        if len(ids) > 1:
            raise OptionError(
                path, f"{value!r} matches {len(ids)} {resource.title}s: {', '.join(ids)}. Give the id instead."
            )
        if ids:
            return ids[0]
        if self.check_mode and not self.references_exist and not is_id(value):
            self.warn(f"Option {path}: no {resource.title} {value!r} exists yet; check mode continues as if it did.")
            return UNKNOWN_ID
        raise OptionError(
            path, f"no {resource.title} has the name or id {value!r}. Create it first, or correct the reference."
        )

    # -- the desired state

    def ensure(self, resource: Resource, desired_objects: list[Desired], *, exclusive: t.Any = None) -> list[Outcome]:
        """Reconcile all objects with their desired states. The error of an object does not stop the others.

        :param resource: the objects' kind. :param desired_objects: the desired objects.
        :param exclusive: also remove undeclared objects: the value of ``exclusive_by`` (keyed resources), or the
            argument of ``everywhere`` (ordered resources).
        :return: one outcome per object; it contains the object's error, if any.
        """
        outcomes = self.resolve(resource, desired_objects)
        if resource.one_shot:
            return self._ensure_once(resource, resource.one_shot, outcomes)
        if resource.ordered:
            return self._ensure_ordered(resource, outcomes, exclusive)
        return self._ensure_keyed(resource, outcomes, exclusive)

    def _ensure_keyed(self, resource: Resource, outcomes: list[Outcome], exclusive: t.Any) -> list[Outcome]:
        for number in _round_numbers(lambda: _written(outcomes)):
            try:
                if number:
                    self._invalidate(resource)
                rows, referrer_rows = self._read(resource, outcomes)
            except (ApiError, RunInterruptedError) as error:
                if number == 0:
                    raise
                for outcome in [o for o in outcomes if not o.done]:
                    outcome.fail(error)
                break
            if number == 0 and exclusive:
                outcomes.extend([Outcome(desired) for desired in _undeclared(resource, outcomes, rows, exclusive)])
            to_write = []
            near = matching.index(resource, rows)
            for outcome in [o for o in outcomes if not o.done]:
                plan = self._planned(resource, outcome, near(outcome.desired, outcome.run_state), referrer_rows)
                if plan is None:
                    continue
                if not plan.mutations or self.check_mode:
                    outcome.converge(plan)
                elif outcome.confirmed and plan.action != "none" and not _lost_race(outcome, plan):
                    self._readback_differs(resource, outcome, plan)
                else:
                    to_write.append((outcome, plan))
            self._together(self._with_progress(lambda pair: self._execute(resource, *pair), len(to_write)), to_write)
            still_open = [outcome for outcome in outcomes if not outcome.done]
            if not still_open:
                break
            stale = max(max(outcome.stale_rounds, outcome.ambiguous_rounds) for outcome in still_open)
            self._wait_for_consistency(*(outcome.error for outcome in still_open))
            if stale and not to_write:
                self.client.sleep(CONSISTENCY_DELAYS_SECONDS[stale - 1])
        for outcome in outcomes:
            if not outcome.done:
                outcome.fail(outcome.error or ApiError(f"{resource.title} {outcome.desired.label} did not converge."))
        self._warn_after_updates(resource, outcomes)
        return outcomes

    def _warn_after_updates(self, resource: Resource, outcomes: list[Outcome]) -> None:
        """Add the warnings of ``after_update`` to each object that was updated, or would be in check mode."""
        check = resource.after_update
        updated = [o for o in outcomes if check and o.action == "update" and o.changed and not o.error]
        found = self._together(lambda o: check(self.client, str(o.result["id"])) if check else (), updated)
        for outcome, warnings in zip(updated, found, strict=True):
            outcome.warnings += [f"{resource.title} {outcome.desired.label}: {warning}" for warning in warnings]

    def _invalidate(self, resource: Resource) -> None:
        """Invalidate the cached lists, so that the next reads show the effect of the last writes."""
        for path in (resource.path, *(use.path for use in resource.referrers)):
            self.client.invalidate(path)

    def _wait_for_consistency(self, *errors: Exception | None) -> None:
        if any(isinstance(error, OutcomeUnknownError) and not isinstance(error, RateLimitedError) for error in errors):
            self.client.sleep(UNKNOWN_OUTCOME_DELAY_SECONDS)

    def _referrer_list(self, use: Referrer, what: str) -> list[ApiObject]:
        return _check_rows(self.client.list_all(use.path), ("id",), what)

    def _read(
        self, resource: Resource, outcomes: list[Outcome]
    ) -> tuple[list[ApiObject], dict[Referrer, list[ApiObject]]]:
        """The list, and the lists of possible referrers if a plan may need them."""
        open_ = [outcome for outcome in outcomes if not outcome.done]
        going = any(o.desired.options.state == "absent" for o in open_)
        replacing = resource.replace_on_change and any(o.desired.options.on_auth_change == "replace" for o in open_)
        uses = [use for use in resource.referrers if going or replacing]
        reads: list[t.Callable[[], list[ApiObject]]] = [lambda: self.rows(resource)]
        what = f"{resource.provider.title} lists "
        reads += [functools.partial(self._referrer_list, use, what + use.title) for use in uses]
        rows, *held = self.run_concurrently(*reads)
        return rows, dict(zip(uses, held, strict=True))

    def _planned(
        self,
        resource: Resource,
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
            if resource.fetch_details:
                chosen, _surplus = matching.choose(resource, outcome.desired, seen, run_state)
                if chosen is not None:
                    full = resource.fetch_details(self.client, chosen)
                    seen = [full if row is chosen else row for row in seen]
            self._find_missing(resource, outcome, seen)
            plan = plan_keyed.plan(resource, outcome.desired, seen, referrer_rows, run_state)
        except core_errors.AmbiguousError as error:
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

    def _find_missing(self, resource: Resource, outcome: Outcome, rows: list[ApiObject]) -> None:
        """Find ids of deleted objects in the object's lists of references: not listed, and 404 when read."""
        run_state = outcome.run_state
        for field in fields(resource.record).values():
            for row in rows if field.attr in run_state.listed else ():
                found = dig(row, field.api_name.split("."))
                for key in found if isinstance(found, list) else ():
                    if (
                        isinstance(key, str)
                        and key not in run_state.listed[field.attr]
                        and key not in run_state.missing
                    ):
                        run_state.missing[key] = self._is_missing(field.option.ref, key)
                        if run_state.missing[key]:
                            title = field.option.ref.title
                            outcome.warnings.append(f"{outcome.desired.label}: the {title} {key} no longer exists.")

    def _is_missing(self, resource: Resource, key: str) -> bool:
        try:
            self.client.get(resource.path + "/{id}", id=key)
        except RejectedError as error:
            return error.status == 404
        except ApiError:
            return False
        return False

    def _readback_differs(self, resource: Resource, outcome: Outcome, plan: Plan) -> None:
        """Wait for a confirmed write to become visible; after the last attempt, fail with the names that differ."""
        outcome.stale_rounds += 1
        if outcome.stale_rounds > len(CONSISTENCY_DELAYS_SECONDS):
            different = [name for name in plan.after if plan.before.get(name) != plan.after[name]]
            outcome.fail(
                ApiError(
                    f"{resource.provider.title} accepted the update of {resource.title} {outcome.desired.label}, but "
                    + (f"these values still differ: {', '.join(different)}." if different else "the object is missing.")
                )
            )

    def _execute(self, resource: Resource, outcome: Outcome, plan: Plan) -> None:
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
                    row = _created_object(resource, write, answer)
                    made = str(row["id"])
                    outcome.run_state.created[made] = row
                if write.deletes_id:
                    outcome.run_state.deleted_ids.add(write.deletes_id)
        except OutcomeUnknownError as error:
            outcome.error = error  # the next round reads whether it was processed
            outcome.changed = True
            return
        except (ApiError, RunInterruptedError) as error:
            if sent:
                error = type(error)(
                    *_extended_args(
                        error,
                        f" {sent} of {counted(len(plan.mutations), 'step')} were completed. Run the task again.",
                    )
                )
            outcome.fail(error)
            return
        outcome.error, outcome.confirmed = None, not any(write.has_follow_up for write in plan.mutations)
        outcome.run_state.secret_written = outcome.run_state.secret_written or plan.carries_secret

    # -- one-shot operations

    def _ensure_once(self, resource: Resource, one_shot: OneShot, outcomes: list[Outcome]) -> list[Outcome]:
        """Start the operations that no earlier run has started. Each POST is sent at most once."""
        now = self.now()
        window = one_shot.recent(now) if one_shot.recent else one_shot.window(now)
        desired_objects = [outcome.desired for outcome in outcomes if not outcome.done]
        look = any(
            desired.id or desired.options.state == "absent" or one_shot.needs_lookup(desired.record, desired.options)
            for desired in desired_objects
        )
        rows = [row for row in self.rows(resource, one_shot.window(now)) if one_shot.counts(row, now)] if look else []
        todo = []
        for outcome in [outcome for outcome in outcomes if not outcome.done]:
            try:
                plan = self._planned_once(resource, one_shot, outcome.desired, rows)
                outcome.note(plan)
                if plan.action == "create":
                    outcome.warnings += one_shot.preflight(self.rows, outcome.desired.record, self.now())
            except (OptionError, ApiError, RunInterruptedError) as error:
                outcome.fail(error)
                continue
            if not plan.mutations or self.check_mode:
                outcome.converge(plan)
            else:
                todo.append((outcome, plan))
        # If one part has an error, none is started.
        if not any(outcome.error for outcome in outcomes):
            self._together(lambda pair: self._start_one_shot(resource, one_shot, window, *pair), todo)
        for outcome in [outcome for outcome in outcomes if not outcome.done]:
            outcome.fail(
                ApiError(f"{resource.title} {outcome.desired.label}: not started, because another part failed.")
            )
        return outcomes

    def _planned_once(self, resource: Resource, one_shot: OneShot, desired: Desired, rows: list[ApiObject]) -> Plan:
        """The plan for an operation that an earlier run may have started; raises :class:`OptionError`."""
        for pause in CONSISTENCY_DELAYS_SECONDS if one_shot.rival else ():
            try:
                return self._plan_once(resource, one_shot, desired, rows)
            except core_errors.AmbiguousError:
                # Other runs may have started it concurrently; then each but the first cancels its own.
                self.client.sleep(pause)
                self._invalidate(resource)
                rows = self.rows(resource, one_shot.window(self.now()))
        return self._plan_once(resource, one_shot, desired, rows)

    def _plan_once(self, resource: Resource, one_shot: OneShot, desired: Desired, rows: list[ApiObject]) -> Plan:
        there = plan_oneshot.found(one_shot, desired, rows)
        if desired.options.state != "absent":
            there = [one_shot.fetch_details(self.client.get, row) for row in there]
        return plan_oneshot.plan(resource, one_shot, desired, rows, there)

    def _start_one_shot(
        self, resource: Resource, one_shot: OneShot, window: ListQuery, outcome: Outcome, plan: Plan
    ) -> None:
        row = None
        try:
            for write in plan.mutations:
                answer = self.client.write(write)
                outcome.changed = True
                row = _created_object(resource, write, answer) if write.creates else None
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
        row = row or self._find_outcome(resource, one_shot, window, outcome, starting=starting)
        if row is None:
            reason = outcome.error or ApiError(f"{resource.provider.title} does not list the result of the request.")
            hint = one_shot.hint if starting else "Run the task again to verify the result."
            outcome.fail(type(reason)(f"{reason} {hint}"))
            return
        if starting and one_shot.rival:
            try:
                row = self._first(resource, one_shot, window, outcome, row)
            except (OptionError, ApiError, RunInterruptedError) as error:
                outcome.unknown = False
                outcome.fail(error)
                return
        warning = one_shot.check_response(row, outcome.desired.record) if starting else None
        outcome.warnings += [warning] if warning else []
        outcome.result = requests.to_result(resource, row, outcome.desired.options)
        outcome.error, outcome.unknown, outcome.done, outcome.writes = None, False, True, len(plan.mutations)

    def _first(
        self, resource: Resource, one_shot: OneShot, window: ListQuery, outcome: Outcome, made: ApiObject
    ) -> ApiObject:
        """Keep the first of the operations that several runs have started at the same time, and cancel the others.

        A lookup before a request cannot prevent two machines from sending theirs after both lookups. Afterwards each
        run sees all of them, and all runs make the same choice.

        :param made: the row that this run has created. :return: the row that continues.
        :raises OptionError: if the row that continues differs from the desired one. :raises ApiError: if that is
            unknown.
        """
        record = outcome.desired.record
        self.client.sleep(SECOND_LOOK)
        self._invalidate(resource)
        try:
            rows = self.rows(resource, window)
        except (ApiError, RunInterruptedError) as error:
            outcome.warnings.append(
                f"{resource.title} {outcome.desired.label}: could not check whether another run has started the same "
                f"at the same time: {error}"
            )
            return made
        rivals = [
            row for row in rows if one_shot.rival and one_shot.rival(row, record) and not one_shot.is_finished(row)
        ]
        own = str(made["id"])
        if len(rivals) < 2 and all(str(row["id"]) == own for row in rivals):
            return made
        first, *others = sorted(rivals, key=one_shot.age)
        self._end(resource, one_shot, window, others)
        ended = ", ".join(str(row["id"]) for row in others)
        outcome.warnings.append(
            f"{resource.title} {outcome.desired.label}: another run started the same at the same time. The first, "
            f"{first['id']}, continues; {ended or own} was cancelled."
        )
        if str(first["id"]) == own:
            return made
        first = one_shot.fetch_details(self.client.get, first)
        one_shot.check_conflict([first], record)
        warning = one_shot.check_matches(first, record)
        outcome.warnings += [warning] if warning else []
        return first

    def _end(self, resource: Resource, one_shot: OneShot, window: ListQuery, rows: list[ApiObject]) -> None:
        """Cancel rows, which other runs may be cancelling too.

        :raises ApiError: if one of them continues.
        """
        refused: ApiError | None = None
        for write in [one_shot.cancel(row) for row in rows] if one_shot.cancel else []:
            try:
                self.client.write(write)
            except (RejectedError, OutcomeUnknownError) as error:
                refused = error
        if refused is None:
            return
        self._invalidate(resource)
        ids = {str(row["id"]) for row in rows}
        going = [row for row in self.rows(resource, window) if str(row["id"]) in ids and not one_shot.is_finished(row)]
        if going:
            left = ", ".join(str(row["id"]) for row in going)
            raise ApiError(
                f"Another run started the same {resource.title} at the same time, and the later one continues too: "
                f"{left}. Cancel it now. {refused}"
            )

    def _find_outcome(
        self, resource: Resource, one_shot: OneShot, window: ListQuery, outcome: Outcome, *, starting: bool
    ) -> ApiObject | None:
        """The row that was created or cancelled, as soon as the service lists it."""
        pauses = LOOKUP_DELAYS_SECONDS if outcome.error else (0.0, *LOOKUP_DELAYS_SECONDS)
        for pause in pauses:
            self.client.sleep(pause)
            try:
                self._invalidate(resource)
                there = plan_oneshot.found(one_shot, outcome.desired, self.rows(resource, window))
            except (ApiError, RunInterruptedError):
                continue
            if there and (starting or all(one_shot.is_finished(row) for row in there)):
                return there[0]
        return None

    # -- lists whose order matters

    def _ensure_ordered(self, resource: Resource, outcomes: list[Outcome], exclusive: t.Any) -> list[Outcome]:
        if exclusive:
            undeclared = resource.ordered.find_undeclared(self, [outcome.desired for outcome in outcomes], exclusive)
            outcomes += [Outcome(desired) for desired in undeclared]
        lists: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            lists.setdefault(outcome.desired.record.number, []).append(outcome)
        # Changes of the same list are made one after another.
        self._together(
            self._with_progress(lambda group: self._ordered_group(resource, group), len(lists)), list(lists.values())
        )
        return outcomes

    def _ordered_group(self, resource: Resource, outcomes: list[Outcome]) -> None:
        """Process the rows to create before the rows to remove; remove nothing if a creation failed."""
        present = [outcome for outcome in outcomes if outcome.desired.options.state == "present"]
        declared = {resource.ordered.target(o.desired.record, o.desired.options).entry.identity for o in present}
        for outcome in present:
            outcome.run_state.declared_identities = declared
            self._ordered(resource, outcome)
        failed = any(outcome.error for outcome in present)
        for outcome in [outcome for outcome in outcomes if outcome not in present]:
            if failed:
                outcome.fail(ApiError(f"{outcome.desired.label}: nothing was removed, because another forward failed."))
            else:
                self._ordered(resource, outcome)

    def _ordered(self, resource: Resource, outcome: Outcome) -> None:
        names = {"number": outcome.desired.record.number}
        try:
            for number in _round_numbers(lambda: outcome.writes):
                if number:
                    self.client.invalidate(resource.path, **names)
                plan = plan_ordered.plan(resource, outcome.desired, self.rows(resource, **names), outcome.run_state)
                outcome.note(plan)
                if not plan.mutations or self.check_mode:
                    outcome.converge(plan)
                    return
                self._steps(outcome, plan)
        except RejectedError as error:
            gone = error.status == 404 and resource.not_found and not outcome.changed
            outcome.error = RejectedError(f"{outcome.desired.label} {resource.not_found}.", 404) if gone else error
        except (OptionError, ApiError, RunInterruptedError) as error:
            outcome.error = error
        outcome.fail(
            outcome.error
            or ApiError(
                f"{resource.title} of {outcome.desired.label} did not converge; another run may be modifying it."
            )
        )
        if outcome.changed:
            self._add_current_state(resource, outcome)

    def _steps(self, outcome: Outcome, plan: Plan) -> None:
        for write in plan.mutations:
            try:
                self.client.write(write)
            except OutcomeUnknownError as error:
                outcome.error, outcome.changed = error, True
                self._wait_for_consistency(error)
                return
            except RejectedError as error:
                if write.optional_token is None or error.status not in NOT_ACCEPTED:
                    raise
                outcome.run_state.refused.add(write.optional_token)
                outcome.warnings.append(
                    f"{outcome.desired.label}: a destination could not be appended after the target ({error.status}), "
                    "so its position is unchanged; it is disabled if it precedes the target."
                )
                continue
            outcome.changed = True
            outcome.writes += 1
            if write.optional_token is not None:
                outcome.run_state.copied.add(write.optional_token)
        outcome.run_state.moves += any(write.optional_token is not None for write in plan.mutations)
        outcome.error = None

    def _add_current_state(self, resource: Resource, outcome: Outcome) -> None:
        outcome.extra = {}
        names = {"number": outcome.desired.record.number}
        self.client.invalidate(resource.path, **names)
        try:
            rows = self.rows(resource, **names)
            outcome.extra = plan_ordered.plan(resource, outcome.desired, rows, outcome.run_state).current
        except (ApiError, OptionError):
            return


def _round_numbers(progress: t.Callable[[], int]) -> t.Iterator[int]:
    """Round numbers, until too many consecutive rounds make no progress."""
    number = idle = done = 0
    while idle < MAX_IDLE_ROUNDS and number < MAX_ROUNDS:
        yield number
        number += 1
        idle = idle + 1 if progress() == done else 0
        done = progress()


def names_fact(field: Field) -> str:
    """The return key for the names of referenced objects: ``trunk_name`` of ``trunk``, ``tool_names`` of ``tools``.

    :param field: the field with the references. :return: the key.
    """
    return f"{field.name.removesuffix('s')}_names" if field.kind == "list" else f"{field.name}_name"


def _written(outcomes: list[Outcome]) -> int:
    return sum(outcome.writes for outcome in outcomes)


def _created_object(resource: Resource, write: Mutation, answer: t.Any) -> ApiObject:
    """The object in the response to a create request."""
    row = resource.unwrap(answer) if isinstance(answer, dict) else None
    if not isinstance(row, dict) or not row.get("id"):
        raise OutcomeUnknownError(
            f"The response of {resource.provider.title} to {write.method} {write.path} contains no object."
        )
    return row


def _check_rows(rows: list[ApiObject], needs: tuple[str, ...], what: str) -> list[ApiObject]:
    """The rows, after checking that each has the required keys."""
    for name in needs:
        if not all(_usable(row.get(name)) for row in rows):
            raise UnreachableError(f"{what} without {name}. The response was ignored.")
    return rows


def _usable(value: t.Any) -> bool:
    """Whether a value can be a name or an id."""
    if isinstance(value, str):
        return 0 < len(value) <= MAX_ID_LENGTH
    return isinstance(value, int) and abs(value) < 10**18


def _lost_race(outcome: Outcome, plan: Plan) -> bool:
    """Whether a plan deletes what this run created, because another run created an older one."""
    return any(write.deletes_id in outcome.run_state.created for write in plan.mutations)


def _reference_values(record: t.Any, field: Field) -> list[str]:
    value = getattr(record, field.attr)
    return value if isinstance(value, list) else [] if value is None else [value]


def _same(resource: Resource, there: t.Any, value: str) -> bool:
    return there is not None and resource.normalize_key(str(there)) == resource.normalize_key(value)


def _with_created_id(write: Mutation, made: str | None) -> Mutation:
    """The request with the id of the object that the previous request created."""
    if made is None or write.body is None:
        return write
    return dataclasses.replace(write, body=_replace_placeholder(write.body, made))


def _replace_placeholder(value: t.Any, made: str) -> t.Any:
    if isinstance(value, dict):
        return {key: _replace_placeholder(item, made) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_placeholder(item, made) for item in value]
    return made if value == UNKNOWN_ID else value


def _extended_args(error: Exception, more: str) -> tuple[t.Any, ...]:
    text, *rest = error.args or ("",)
    status = getattr(error, "status", None)
    return (f"{text}{more}", *rest) if status is None else (f"{text}{more}", status)


def _undeclared(resource: Resource, outcomes: list[Outcome], rows: list[ApiObject], scope: str) -> list[Desired]:
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
