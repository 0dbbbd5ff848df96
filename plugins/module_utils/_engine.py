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
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils import _once, _order, _plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._http import (
    ApiError,
    Busy,
    Client,
    Refused,
    Stopped,
    Unknown,
    Unreachable,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import Memory, Plan, Row, Want
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import (
    Faults,
    Field,
    Problem,
    Record,
    dig,
    fields,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import (
    LATER,
    Once,
    Reading,
    Resource,
    Use,
    Write,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import counted, is_id

#: Consecutive rounds without progress before the engine gives up.
ROUNDS = 8
#: Maximum number of rounds. Many objects at a busy service need several; endless corrections of one object must end.
MOST_ROUNDS = 64
#: Default number of concurrent requests.
CONCURRENCY = 8
#: Maximum number of errors in a failure message where each number may have one; the result contains all.
MOST_TOLD = 20
#: Maximum length of an id, a number or an address in characters.
MOST_LENGTH = 300
#: Statuses with which a service rejects an object because of its content.
NOT_TAKEN = frozenset({400, 409, 422})
#: Seconds before a lookup after a write without a valid response: the service may still be processing it.
AFTERMATH = 1.0
#: Seconds before checking whether another run has started the same operation at the same time.
SECOND_LOOK = 1.0
#: Seconds before each lookup of a one-shot operation that was sent without a valid response.
LOOKS = (1.0, 2.0, 4.0)
#: Seconds before reading a list again that does not yet show the effect of a confirmed write.
PATIENCE = (0.2, 0.5, 1.0, 2.0)

Item = t.TypeVar("Item")


def listed(head: str, sentences: t.Sequence[t.Any], most: int | None = None) -> str:
    """A failure message with one line per error.

    :param head: the first line. :param sentences: the errors. :param most: the maximum number of errors to list.
    :return: the message; its last line gives the number of errors that are not listed.
    """
    lines = "".join(f"\n- {sentence}" for sentence in sentences[:most])
    more = f"\n… and {len(sentences) - most} more" if most and len(sentences) > most else ""
    return f"{head}{lines}{more}"


class Failed(Exception):
    """A failure with return values besides its message.

    :param message: one or more lines. :param result: the return values.
    :param labels: trunk ids, which are not redacted in SIP URIs.
    """

    def __init__(self, message: str, result: dict[str, t.Any], labels: t.Collection[str] = ()) -> None:
        super().__init__(message)
        self.result, self.labels = result, frozenset(labels)


@dataclasses.dataclass
class Outcome:
    """The result of reconciling one object."""

    want: Want
    plan: Plan | None = None
    result: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    extra: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)
    changed: bool = False
    error: Exception | None = None
    unknown: bool = False  # a one-shot request may or may not have been processed
    done: bool = False
    memory: Memory = dataclasses.field(default_factory=Memory)
    confirmed: bool = False  # every write of the last round had a valid response
    writes: int = 0
    stale: int = 0
    doubled: int = 0

    names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def sides(self) -> dict[str, dict[str, t.Any]]:
        """The diff: an id that refers to a named object is followed by the name."""
        if not self.plan:
            return {"before": {}, "after": {}}
        record: type[Record] = type(self.want.record)
        known = fields(record)
        return {
            side: {
                name: _followed(value, self.names) if name in known and known[name].option.ref else value
                for name, value in getattr(self.plan, side).items()
            }
            for side in ("before", "after")
        }

    @property
    def verb(self) -> str:
        """The planned action: ``create``, ``update``, ``delete`` or ``none``."""
        return self.plan.verb if self.plan else "none"

    def fail(self, error: Exception) -> None:
        named = isinstance(error, Problem) and error.path and self.want.path
        self.error, self.done = error.under(self.want.path) if named else error, True  # type: ignore[attr-defined]

    def settle(self, plan: Plan) -> None:
        """Mark the object as finished: it has the desired state, whatever was unknown before.

        :param plan: the last plan, which has no requests.
        """
        self.error, self.done = None, True
        self.changed = self.changed or plan.verb != "none"

    def note(self, plan: Plan) -> None:
        """Keep the first plan, which check mode shows, and the newest result.

        :param plan: the plan of this round.
        """
        self.result = plan.result
        if self.plan is None or (self.plan.verb == "none" and plan.verb != "none"):
            self.plan = plan
            self.warnings += plan.warnings
        self.extra = {**self.extra, **plan.extra}


#: Past participle of each action.
DONE = {"create": "created", "update": "updated", "delete": "deleted", "none": "unchanged"}


def summary(outcomes: t.Iterable[Outcome]) -> dict[str, int]:
    """The number of objects by result.

    :param outcomes: the results of one run. :return: counts by ``created``, ``updated`` and so on.
    """
    counts = dict.fromkeys((*DONE.values(), "failed"), 0)
    for outcome in outcomes:
        counts["failed" if outcome.error else DONE[outcome.verb]] += 1
    return counts


class Engine:
    """Performs all operations of one task at one service.

    :param check_mode: plan and predict, write nothing. :param concurrency: maximum number of concurrent requests.
    :param warn: called with the text of a warning. :param now: returns the current time with its zone.
    :param tell: progress callback, called with ``(objects done, objects)``.
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
        tell: t.Callable[[int, int], None] = lambda _done, _all: None,
        references_exist: bool = False,
    ) -> None:
        self.now, self.tell, self.references_exist = now, tell, references_exist
        self.names: dict[str, str] = {}  # names of referenced objects by id, of the lists that were read
        self.client, self.check_mode, self.concurrency, self.warn = client, check_mode, concurrency, warn

    # -- lists

    def rows(self, resource: Resource, reading: Reading | None = None, **names: str) -> list[Row]:
        """The listed objects of a kind.

        :param resource: the kind. :param reading: the list query; ``None`` reads the whole list.
        :param values: values for the placeholders of the path.
        :return: the objects in the service's form. :raises ApiError: if the list cannot be read or is invalid.
        """
        reading = reading or Reading()
        if resource.page:
            reading = dataclasses.replace(reading, page=resource.page, page_numbers=resource.page_numbers)
        if resource.reduce:
            reading = dataclasses.replace(reading, reduce=resource.reduce)
        listed = self.client.all(resource.path, resource.rows, reading, **names)
        found = [row for row in listed if all(row.get(key, value) == value for key, value in resource.fixed.items())]
        return _fit(found, resource.needs, f"{resource.service.title} lists a {resource.title}")

    def info(self, resource: Resource, sought: t.Mapping[str, str], seek: Record | None = None) -> list[Row]:
        """The listed objects that match filters, with their details.

        :param resource: the kind. :param sought: filters by identifying options.
        :param seek: a record of further filters, with names instead of ids.
        :return: the objects in the service's form. :raises Failed: if the service rejects the query.
        """
        reading = None
        if resource.query:
            named = self._named(seek or resource.seek())
            if any(getattr(named, field.attr) == LATER for field in fields(type(named)).values()):
                return []  # check mode: an object that does not exist yet has no rows
            reading = resource.query(named, sought.get("id", ""))
        try:
            rows = self.rows(resource, reading)
        except Refused as error:
            explained = resource.explain_refusal(error, self.now()) if resource.explain_refusal else None
            if explained is None:
                raise
            raise Failed(f"{error} {explained[0]}", {"changed": False, **explained[1]}) from None
        found = [row for row in rows if all(self._is(resource, row, name, value) for name, value in sought.items())]
        return self.whole(resource, found)

    def whole(self, resource: Resource, rows: list[Row]) -> list[Row]:
        """The rows, with the details that each requires another request for."""
        complete = resource.complete
        return self._together(lambda row: complete(self.client, row), rows) if complete else rows

    @staticmethod
    def _is(resource: Resource, row: Row, name: str, value: str) -> bool:
        if name == "id":
            return str(row.get("id")) == value
        there = dig(row, fields(resource.record)[name].wire.split("."))
        return there is not None and resource.normal(str(there)) == resource.normal(value)

    def at_once(self, *reads: t.Callable[[], t.Any]) -> list[t.Any]:
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

    def _told(self, work: t.Callable[[Item], t.Any], count: int) -> t.Callable[[Item], None]:
        """``work`` with progress reports."""
        done: list[None] = []

        def act(item: Item) -> None:
            work(item)
            done.append(None)
            self.tell(len(done), count)

        return act

    # -- references

    def with_names(self, resource: Resource, items: list[Row], *, read: bool = False) -> list[Row]:
        """Add the names of referenced objects to items, such as ``trunk_name`` and ``tool_names``.

        :param resource: the items' kind. :param items: results with ids.
        :param read: read the lists of the referenced objects; otherwise only names that the task has already read.
        :return: the items with the names.
        """
        if resource.tell:
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

    def _names_in(self, item: Row, named: list[Field]) -> Row:
        found: Row = {}
        for field in named:
            value = item.get(field.name)
            if isinstance(value, list) and value:
                found[names_fact(field)] = [self.names.get(str(key), str(key)) for key in value]
            elif value and str(value) in self.names:
                found[names_fact(field)] = self.names[str(value)]
        return found

    def _note_names(self, resource: Resource, rows: list[Row]) -> None:
        path = fields(resource.record)[resource.keys[0]].wire.split(".")
        self.names.update({str(row["id"]): str(dig(row, path)) for row in rows if row.get("id") and dig(row, path)})

    def _named(self, seek: Record) -> Record:
        """Replace names by ids in the filters of an info module.

        :param seek: the record of filters. :return: the record with ids.
        :raises Problem: if a referenced object does not exist or is ambiguous.
        """
        found = {}
        for field in fields(type(seek)).values():
            value = getattr(seek, field.attr)
            if field.option.ref and value:
                rows = self.rows(field.option.ref) if field.option.ref.path else []
                found[field.attr] = self.find(field.option.ref, field.name, value, rows)
        return seek.model_copy(update=found)

    def resolve(self, resource: Resource, wants: list[Want]) -> list[Outcome]:
        """Replace names by ids in desired objects. An invalid reference is recorded as the error of its object.

        :param resource: the objects' kind. :param wants: the desired objects. :return: one outcome per object.
        """
        outcomes = [Outcome(want, warnings=list(want.advice), names=self.names) for want in wants]
        named = [field for field in fields(resource.record).values() if field.option.ref]
        used = {}
        for field in named:
            values = [v for o in outcomes if o.want.ask.state == "present" for v in _values(o.want.record, field)]
            if any(value not in ("", LATER) for value in values) and field.option.ref.path:
                used[id(field.option.ref)] = field.option.ref
        listed = dict(zip(used, self._together(self.rows, list(used.values())), strict=True))
        for key, rows in listed.items():
            self._note_names(used[key], rows)
        for outcome in outcomes:
            if outcome.want.ask.state != "present":
                continue
            outcome.memory.listed = {
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
                outcome.want = dataclasses.replace(outcome.want, record=outcome.want.record.model_copy(update=changes))
            except Problem as problem:
                outcome.fail(problem)
        return outcomes

    def _resolved(self, field: Field, outcome: Outcome, rows: list[Row] | None) -> t.Any:
        value = getattr(outcome.want.record, field.attr)
        if value is None or value == "":
            return value
        if isinstance(value, list):
            found = [self.find(field.option.ref, f"{field.name}[{i}]", item, rows) for i, item in enumerate(value)]
            # Two objects that do not exist yet share one placeholder but are not duplicates.
            return [item for i, item in enumerate(found) if item == LATER or item not in found[:i]]
        return self.find(field.option.ref, field.name, value, rows)

    def find(self, resource: Resource, path: str, value: str, rows: list[Row] | None) -> str:
        """The id of a referenced object.

        :param resource: the kind of the referenced object. :param path: the option with the reference.
        :param value: a name or an id. :param rows: the list to search; ``None`` reads it.
        :return: the id; :data:`LATER` in check mode if the object does not exist yet.
        :raises Problem: if no object matches, or more than one.
        """
        if value == LATER:
            if not self.check_mode:
                raise Problem(path, f'contains the check-mode placeholder "{LATER}" instead of a {resource.title} ID.')
            return value
        if not resource.path:
            return value
        rows = rows or []
        ids = [str(row["id"]) for row in rows if str(row.get("id")) == value]
        for key in resource.keys:
            name = fields(resource.record)[key].wire.split(".")
            ids = ids or [str(row["id"]) for row in rows if _same(resource, dig(row, name), value)]
        if len(ids) > 1:
            raise Problem(
                path, f"{value!r} matches {len(ids)} {resource.title}s: {', '.join(ids)}. Give the id instead."
            )
        if ids:
            return ids[0]
        if self.check_mode and not self.references_exist and not is_id(value):
            self.warn(f"Option {path}: no {resource.title} {value!r} exists yet; check mode continues as if it did.")
            return LATER
        raise Problem(
            path, f"no {resource.title} has the name or id {value!r}. Create it first, or correct the reference."
        )

    # -- the desired state

    def ensure(self, resource: Resource, wants: list[Want], *, exclusive: t.Any = None) -> list[Outcome]:
        """Reconcile all objects with their desired states. The error of an object does not stop the others.

        :param resource: the objects' kind. :param wants: the desired objects.
        :param exclusive: also remove undeclared objects: the value of ``exclusive_by`` (keyed resources), or the
            argument of ``everywhere`` (ordered resources).
        :return: one outcome per object; it contains the object's error, if any.
        """
        outcomes = self.resolve(resource, wants)
        if resource.once:
            return self._ensure_once(resource, resource.once, outcomes)
        if resource.ordered:
            return self._ensure_ordered(resource, outcomes, exclusive)
        return self._ensure_keyed(resource, outcomes, exclusive)

    def _ensure_keyed(self, resource: Resource, outcomes: list[Outcome], exclusive: t.Any) -> list[Outcome]:
        for number in _rounds(lambda: _written(outcomes)):
            try:
                if number:
                    self._afresh(resource)
                rows, holders = self._read(resource, outcomes)
            except (ApiError, Stopped) as error:
                if number == 0:
                    raise
                for outcome in [o for o in outcomes if not o.done]:
                    outcome.fail(error)
                break
            if number == 0 and exclusive:
                outcomes.extend([Outcome(want) for want in _undeclared(resource, outcomes, rows, exclusive)])
            to_write = []
            near = _plan.index(resource, rows)
            for outcome in [o for o in outcomes if not o.done]:
                plan = self._planned(resource, outcome, near(outcome.want, outcome.memory), holders)
                if plan is None:
                    continue
                if not plan.writes or self.check_mode:
                    outcome.settle(plan)
                elif outcome.confirmed and plan.verb != "none" and not _lost_race(outcome, plan):
                    self._not_as_written(resource, outcome, plan)
                else:
                    to_write.append((outcome, plan))
            self._together(self._told(lambda pair: self._carry_out(resource, *pair), len(to_write)), to_write)
            still_open = [outcome for outcome in outcomes if not outcome.done]
            if not still_open:
                break
            stale = max(max(outcome.stale, outcome.doubled) for outcome in still_open)
            self._let_it_settle(*(outcome.error for outcome in still_open))
            if stale and not to_write:
                self.client.sleep(PATIENCE[stale - 1])
        for outcome in outcomes:
            if not outcome.done:
                outcome.fail(outcome.error or ApiError(f"{resource.title} {outcome.want.label} did not converge."))
        self._warn_after_updates(resource, outcomes)
        return outcomes

    def _warn_after_updates(self, resource: Resource, outcomes: list[Outcome]) -> None:
        """Add the warnings of ``after_update`` to each object that was updated, or would be in check mode."""
        check = resource.after_update
        updated = [o for o in outcomes if check and o.verb == "update" and o.changed and not o.error]
        found = self._together(lambda o: check(self.client, str(o.result["id"])) if check else (), updated)
        for outcome, warnings in zip(updated, found, strict=True):
            outcome.warnings += [f"{resource.title} {outcome.want.label}: {warning}" for warning in warnings]

    def _afresh(self, resource: Resource) -> None:
        """Invalidate the cached lists, so that the next reads show the effect of the last writes."""
        for path in (resource.path, *(use.path for use in resource.uses)):
            self.client.forget(path)

    def _let_it_settle(self, *errors: Exception | None) -> None:
        if any(isinstance(error, Unknown) and not isinstance(error, Busy) for error in errors):
            self.client.sleep(AFTERMATH)

    def _read(self, resource: Resource, outcomes: list[Outcome]) -> tuple[list[Row], dict[Use, list[Row]]]:
        """The list, and the lists of possible referrers if a plan may need them."""
        open_ = [outcome for outcome in outcomes if not outcome.done]
        going = any(o.want.ask.state == "absent" for o in open_)
        replacing = resource.replace and any(o.want.ask.on_auth_change == "replace" for o in open_)
        uses = [use for use in resource.uses if going or replacing]
        reads: list[t.Callable[[], list[Row]]] = [lambda: self.rows(resource)]
        what = f"{resource.service.title} lists "
        reads += [lambda use=use: _fit(self.client.all(use.path), ("id",), what + use.title) for use in uses]  # type: ignore[misc]
        rows, *held = self.at_once(*reads)
        return rows, dict(zip(uses, held, strict=True))

    def _planned(
        self, resource: Resource, outcome: Outcome, rows: list[Row], holders: dict[Use, list[Row]]
    ) -> Plan | None:
        memory = outcome.memory
        seen = [row for row in rows if str(row.get("id")) not in memory.gone]
        there = {str(row.get("id")) for row in seen}
        # A list may be out of date: an object whose creation was confirmed exists.
        seen += [row for key, row in memory.made.items() if key not in there and key not in memory.gone]
        try:
            if resource.complete:
                chosen, _surplus = _plan.choose(resource, outcome.want, seen, memory)
                if chosen is not None:
                    full = resource.complete(self.client, chosen)
                    seen = [full if row is chosen else row for row in seen]
            self._find_missing(resource, outcome, seen)
            plan = _plan.plan(resource, outcome.want, seen, holders, memory)
        except _plan.Doubled as error:
            # Two other runs may have created it concurrently; one of them will delete its own.
            outcome.doubled += 1
            if outcome.doubled > len(PATIENCE):
                outcome.fail(error)
            return None
        except (Problem, ApiError, Stopped) as error:
            outcome.fail(error)
            return None
        outcome.note(plan)
        return plan

    def _find_missing(self, resource: Resource, outcome: Outcome, rows: list[Row]) -> None:
        """Find ids of deleted objects in the object's lists of references: not listed, and 404 when read."""
        memory = outcome.memory
        for field in fields(resource.record).values():
            for row in rows if field.attr in memory.listed else ():
                found = dig(row, field.wire.split("."))
                for key in found if isinstance(found, list) else ():
                    if isinstance(key, str) and key not in memory.listed[field.attr] and key not in memory.missing:
                        memory.missing[key] = self._is_missing(field.option.ref, key)
                        if memory.missing[key]:
                            title = field.option.ref.title
                            outcome.warnings.append(f"{outcome.want.label}: the {title} {key} no longer exists.")

    def _is_missing(self, resource: Resource, key: str) -> bool:
        try:
            self.client.get(resource.path + "/{id}", id=key)
        except Refused as error:
            return error.status == 404
        except ApiError:
            return False
        return False

    def _not_as_written(self, resource: Resource, outcome: Outcome, plan: Plan) -> None:
        """Wait for a confirmed write to become visible; after the last attempt, fail with the names that differ."""
        outcome.stale += 1
        if outcome.stale > len(PATIENCE):
            different = [name for name in plan.after if plan.before.get(name) != plan.after[name]]
            outcome.fail(
                ApiError(
                    f"{resource.service.title} accepted the update of {resource.title} {outcome.want.label}, but "
                    + (f"these values still differ: {', '.join(different)}." if different else "the object is missing.")
                )
            )

    def _carry_out(self, resource: Resource, outcome: Outcome, plan: Plan) -> None:
        """Send the requests of a plan in order; stop at the first without a valid response."""
        outcome.confirmed = False
        made, sent = None, 0
        try:
            for write in plan.writes:
                answer = self.client.write(_with_id(write, made))
                outcome.changed = True
                outcome.writes += 1
                sent += 1
                if write.makes:
                    row = _made(resource, write, answer)
                    made = str(row["id"])
                    outcome.memory.made[made] = row
                if write.ends:
                    outcome.memory.gone.add(write.ends)
        except Unknown as error:
            outcome.error = error  # the next round reads whether it was processed
            outcome.changed = True
            return
        except (ApiError, Stopped) as error:
            if sent:
                error = type(error)(
                    *_told(
                        error,
                        f" {sent} of {counted(len(plan.writes), 'step')} were completed. Run the task again.",
                    )
                )
            outcome.fail(error)
            return
        outcome.error, outcome.confirmed = None, not any(write.more for write in plan.writes)
        outcome.memory.secret_written = outcome.memory.secret_written or plan.carries_secret

    # -- one-shot operations

    def _ensure_once(self, resource: Resource, once: Once, outcomes: list[Outcome]) -> list[Outcome]:
        """Start the operations that no earlier run has started. Each POST is sent at most once."""
        now = self.now()
        window = once.recent(now) if once.recent else once.window(now)
        wants = [outcome.want for outcome in outcomes if not outcome.done]
        look = any(want.id or want.ask.state == "absent" or once.sought(want.record, want.ask) for want in wants)
        rows = [row for row in self.rows(resource, once.window(now)) if once.counts(row, now)] if look else []
        todo = []
        for outcome in [outcome for outcome in outcomes if not outcome.done]:
            try:
                plan = self._planned_once(resource, once, outcome.want, rows)
                outcome.note(plan)
                if plan.verb == "create":
                    outcome.warnings += once.ready(self.rows, outcome.want.record, self.now())
            except (Problem, ApiError, Stopped) as error:
                outcome.fail(error)
                continue
            if not plan.writes or self.check_mode:
                outcome.settle(plan)
            else:
                todo.append((outcome, plan))
        # If one part has an error, none is started.
        if not any(outcome.error for outcome in outcomes):
            self._together(lambda pair: self._set_off(resource, once, window, *pair), todo)
        for outcome in [outcome for outcome in outcomes if not outcome.done]:
            outcome.fail(ApiError(f"{resource.title} {outcome.want.label}: not started, because another part failed."))
        return outcomes

    def _planned_once(self, resource: Resource, once: Once, want: Want, rows: list[Row]) -> Plan:
        """The plan for an operation that an earlier run may have started; raises :class:`Problem`."""
        for pause in PATIENCE if once.rival else ():
            try:
                return self._plan_once(resource, once, want, rows)
            except _plan.Doubled:
                # Other runs may have started it concurrently; then each but the first cancels its own.
                self.client.sleep(pause)
                self._afresh(resource)
                rows = self.rows(resource, once.window(self.now()))
        return self._plan_once(resource, once, want, rows)

    def _plan_once(self, resource: Resource, once: Once, want: Want, rows: list[Row]) -> Plan:
        there = _once.found(once, want, rows)
        if want.ask.state != "absent":
            there = [once.whole(self.client.get, row) for row in there]
        return _once.plan(resource, once, want, rows, there)

    def _set_off(self, resource: Resource, once: Once, window: Reading, outcome: Outcome, plan: Plan) -> None:
        row = None
        try:
            for write in plan.writes:
                answer = self.client.write(write)
                outcome.changed = True
                row = _made(resource, write, answer) if write.makes else None
        except Busy as error:
            outcome.unknown = True
            outcome.fail(ApiError(f"{error} The request was not sent again. Run the task again later."))
            return
        except Unknown as error:
            outcome.error, outcome.changed, outcome.unknown = error, True, True
        except (ApiError, Stopped) as error:
            outcome.fail(error)
            return
        starting = plan.verb == "create"
        row = row or self._what_became(resource, once, window, outcome, starting=starting)
        if row is None:
            reason = outcome.error or ApiError(f"{resource.service.title} does not list the result of the request.")
            hint = once.hint if starting else "Run the task again to verify the result."
            outcome.fail(type(reason)(f"{reason} {hint}"))
            return
        if starting and once.rival:
            try:
                row = self._first(resource, once, window, outcome, row)
            except (Problem, ApiError, Stopped) as error:
                outcome.unknown = False
                outcome.fail(error)
                return
        warning = once.took(row, outcome.want.record) if starting else None
        outcome.warnings += [warning] if warning else []
        outcome.result = _plan.told(resource, row, outcome.want.ask)
        outcome.error, outcome.unknown, outcome.done, outcome.writes = None, False, True, len(plan.writes)

    def _first(self, resource: Resource, once: Once, window: Reading, outcome: Outcome, made: Row) -> Row:
        """Keep the first of the operations that several runs have started at the same time, and cancel the others.

        A lookup before a request cannot prevent two machines from sending theirs after both lookups. Afterwards each
        run sees all of them, and all runs make the same choice.

        :param made: the row that this run has created. :return: the row that continues.
        :raises Problem: if the row that continues differs from the desired one. :raises ApiError: if that is unknown.
        """
        record = outcome.want.record
        self.client.sleep(SECOND_LOOK)
        self._afresh(resource)
        try:
            rows = self.rows(resource, window)
        except (ApiError, Stopped) as error:
            outcome.warnings.append(
                f"{resource.title} {outcome.want.label}: could not check whether another run has started the same "
                f"at the same time: {error}"
            )
            return made
        rivals = [row for row in rows if once.rival and once.rival(row, record) and not once.over(row)]
        own = str(made["id"])
        if len(rivals) < 2 and all(str(row["id"]) == own for row in rivals):
            return made
        first, *others = sorted(rivals, key=once.age)
        self._end(resource, once, window, others)
        ended = ", ".join(str(row["id"]) for row in others)
        outcome.warnings.append(
            f"{resource.title} {outcome.want.label}: another run started the same at the same time. The first, "
            f"{first['id']}, continues; {ended or own} was cancelled."
        )
        if str(first["id"]) == own:
            return made
        first = once.whole(self.client.get, first)
        once.clash([first], record)
        warning = once.agrees(first, record)
        outcome.warnings += [warning] if warning else []
        return first

    def _end(self, resource: Resource, once: Once, window: Reading, rows: list[Row]) -> None:
        """Cancel rows, which other runs may be cancelling too.

        :raises ApiError: if one of them continues.
        """
        refused: ApiError | None = None
        for write in [once.stop(row) for row in rows] if once.stop else []:
            try:
                self.client.write(write)
            except (Refused, Unknown) as error:
                refused = error
        if refused is None:
            return
        self._afresh(resource)
        ids = {str(row["id"]) for row in rows}
        going = [row for row in self.rows(resource, window) if str(row["id"]) in ids and not once.over(row)]
        if going:
            left = ", ".join(str(row["id"]) for row in going)
            raise ApiError(
                f"Another run started the same {resource.title} at the same time, and the later one continues too: "
                f"{left}. Cancel it now. {refused}"
            )

    def _what_became(
        self, resource: Resource, once: Once, window: Reading, outcome: Outcome, *, starting: bool
    ) -> Row | None:
        """The row that was created or cancelled, as soon as the service lists it."""
        pauses = LOOKS if outcome.error else (0.0, *LOOKS)
        for pause in pauses:
            self.client.sleep(pause)
            try:
                self._afresh(resource)
                there = _once.found(once, outcome.want, self.rows(resource, window))
            except (ApiError, Stopped):
                continue
            if there and (starting or all(once.over(row) for row in there)):
                return there[0]
        return None

    # -- lists whose order matters

    def _ensure_ordered(self, resource: Resource, outcomes: list[Outcome], exclusive: t.Any) -> list[Outcome]:
        if exclusive:
            undeclared = resource.ordered.everywhere(self, [outcome.want for outcome in outcomes], exclusive)
            outcomes += [Outcome(want) for want in undeclared]
        lists: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            lists.setdefault(outcome.want.record.number, []).append(outcome)
        # Changes of the same list are made one after another.
        self._together(self._told(lambda group: self._ordered_group(resource, group), len(lists)), list(lists.values()))
        return outcomes

    def _ordered_group(self, resource: Resource, outcomes: list[Outcome]) -> None:
        """Process the rows to create before the rows to remove; remove nothing if one of the former failed."""
        present = [outcome for outcome in outcomes if outcome.want.ask.state == "present"]
        declared = {resource.ordered.aim(o.want.record, o.want.ask).target.place for o in present}
        for outcome in present:
            outcome.memory.declared = declared
            self._ordered(resource, outcome)
        failed = any(outcome.error for outcome in present)
        for outcome in [outcome for outcome in outcomes if outcome not in present]:
            if failed:
                outcome.fail(ApiError(f"{outcome.want.label}: nothing was removed, because another forward failed."))
            else:
                self._ordered(resource, outcome)

    def _ordered(self, resource: Resource, outcome: Outcome) -> None:
        names = {"number": outcome.want.record.number}
        try:
            for number in _rounds(lambda: outcome.writes):
                if number:
                    self.client.forget(resource.path, **names)
                plan = _order.plan(resource, outcome.want, self.rows(resource, **names), outcome.memory)
                outcome.note(plan)
                if not plan.writes or self.check_mode:
                    outcome.settle(plan)
                    return
                self._steps(outcome, plan)
        except Refused as error:
            gone = error.status == 404 and resource.missing and not outcome.changed
            outcome.error = Refused(f"{outcome.want.label} {resource.missing}.", 404) if gone else error
        except (Problem, ApiError, Stopped) as error:
            outcome.error = error
        outcome.fail(
            outcome.error
            or ApiError(f"{resource.title} of {outcome.want.label} did not converge; another run may be modifying it.")
        )
        if outcome.changed:
            self._tell_what_stands(resource, outcome)

    def _steps(self, outcome: Outcome, plan: Plan) -> None:
        for write in plan.writes:
            try:
                self.client.write(write)
            except Unknown as error:
                outcome.error, outcome.changed = error, True
                self._let_it_settle(error)
                return
            except Refused as error:
                if write.spare is None or error.status not in NOT_TAKEN:
                    raise
                outcome.memory.refused.add(write.spare)
                outcome.warnings.append(
                    f"{outcome.want.label}: a destination could not be appended after the target ({error.status}), "
                    "so its position is unchanged; it is disabled if it precedes the target."
                )
                continue
            outcome.changed = True
            outcome.writes += 1
            if write.spare is not None:
                outcome.memory.copied.add(write.spare)
        outcome.memory.moves += any(write.spare is not None for write in plan.writes)
        outcome.error = None

    def _tell_what_stands(self, resource: Resource, outcome: Outcome) -> None:
        outcome.extra = {}
        names = {"number": outcome.want.record.number}
        self.client.forget(resource.path, **names)
        try:
            rows = self.rows(resource, **names)
            outcome.extra = _order.plan(resource, outcome.want, rows, outcome.memory).standing
        except (ApiError, Problem):
            return


def _rounds(progress: t.Callable[[], int]) -> t.Iterator[int]:
    """Round numbers, until too many consecutive rounds make no progress."""
    number = idle = done = 0
    while idle < ROUNDS and number < MOST_ROUNDS:
        yield number
        number += 1
        idle = idle + 1 if progress() == done else 0
        done = progress()


def names_fact(field: Field) -> str:
    """The return key for the names of referenced objects: ``trunk_name`` of ``trunk``, ``tool_names`` of ``tools``."""
    return f"{field.name.removesuffix('s')}_names" if field.kind == "list" else f"{field.name}_name"


def _followed(value: t.Any, names: t.Mapping[str, str]) -> t.Any:
    if isinstance(value, list):
        return [_followed(item, names) for item in value]
    name = names.get(str(value))
    return f"{value} ({name})" if name and name != value else value


def _written(outcomes: list[Outcome]) -> int:
    return sum(outcome.writes for outcome in outcomes)


def _made(resource: Resource, write: Write, answer: t.Any) -> Row:
    """The object in the response to a create request."""
    row = resource.row(answer) if isinstance(answer, dict) else None
    if not isinstance(row, dict) or not row.get("id"):
        raise Unknown(f"The response of {resource.service.title} to {write.method} {write.path} contains no object.")
    return row


def _fit(rows: list[Row], needs: tuple[str, ...], what: str) -> list[Row]:
    """The rows, after checking that each has the required keys."""
    for name in needs:
        if not all(_usable(row.get(name)) for row in rows):
            raise Unreachable(f"{what} without {name}. The response was ignored.")
    return rows


def _usable(value: t.Any) -> bool:
    """Whether a value can be a name or an id."""
    if isinstance(value, str):
        return 0 < len(value) <= MOST_LENGTH
    return isinstance(value, int) and abs(value) < 10**18


def _lost_race(outcome: Outcome, plan: Plan) -> bool:
    """Whether a plan deletes what this run created, because another run created an older one."""
    return any(write.ends in outcome.memory.made for write in plan.writes)


def _values(record: t.Any, field: Field) -> list[str]:
    value = getattr(record, field.attr)
    return value if isinstance(value, list) else [] if value is None else [value]


def _same(resource: Resource, there: t.Any, value: str) -> bool:
    return there is not None and resource.normal(str(there)) == resource.normal(value)


def _with_id(write: Write, made: str | None) -> Write:
    """The request with the id of the object that the previous request created."""
    if made is None or write.body is None:
        return write
    return dataclasses.replace(write, body=_put(write.body, made))


def _put(value: t.Any, made: str) -> t.Any:
    if isinstance(value, dict):
        return {key: _put(item, made) for key, item in value.items()}
    if isinstance(value, list):
        return [_put(item, made) for item in value]
    return made if value == LATER else value


def _told(error: Exception, more: str) -> tuple[t.Any, ...]:
    text, *rest = error.args or ("",)
    status = getattr(error, "status", None)
    return (f"{text}{more}", *rest) if status is None else (f"{text}{more}", status)


def _undeclared(resource: Resource, outcomes: list[Outcome], rows: list[Row], scope: str) -> list[Want]:
    """The existing objects in the scope that are not declared, as desired objects with the state ``absent``."""
    if not outcomes:
        return []
    field = fields(resource.record)[resource.exclusive_by or ""]
    key = fields(resource.record)[resource.keys[0]]
    template = outcomes[0].want
    declared = {resource.normal(str(getattr(outcome.want.record, key.attr))) for outcome in outcomes}
    ids = {outcome.want.id for outcome in outcomes}
    found = []
    for row in rows:
        name = str(dig(row, key.wire.split(".")))
        if dig(row, field.wire.split(".")) != scope or resource.normal(name) in declared or str(row.get("id")) in ids:
            continue
        record = resource.record.model_construct(None, **{key.attr: name})
        found.append(
            Want(record, template.ask.model_copy(update={"state": "absent"}), id=str(row.get("id")), label=name)
        )
    return found
