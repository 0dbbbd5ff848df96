# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover and failback of any number of numbers: read all, record, change.

A number needs two requests: its destinations are read once, and the response to the change confirms it. They are read
again only if a response does not show the new state, and where a destination is appended or removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OutcomeUnknownError,
    RejectedError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Step
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_ordered import after
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import rounds
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.signed_record import Store
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import failover
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.failover import (
    Appended,
    FailoverOptions,
    Record,
    Recorded,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import destination_result

ACTIONS = ("switched", "unprotected", "unchanged", "conflict")
#: Maximum number of numbers in a message; the result has all of them.
MAX_NAMED = 100
PROBLEMS = (ApiError, RunInterruptedError)
Steps = t.Callable[[list[Entry]], list[Step]]


@dataclasses.dataclass
class Item:
    """One number of the run.

    :param before: its destinations as they were read first. :param entries: as they are now.
    :param changed: whether a request may have changed something.
    """

    number: str
    before: list[Entry] = dataclasses.field(default_factory=list)
    entries: list[Entry] = dataclasses.field(default_factory=list)
    action: str = "unchanged"
    changed: bool = False
    confirmed: int = 0
    error: Exception | None = None


def run(
    engine: Engine,
    options: FailoverOptions,
    store: Store,
    carrier: Carrier,
    notice: t.Callable[[str], None] = lambda _text: None,
) -> Result:
    """Bypass Vapi, or end the bypass.

    :param engine: the engine of the carrier. :param options: the checked options. :param store: the file of the record.
    :param carrier: the carrier. :param notice: called with a line to display before anything is changed.
    :return: the result of the module.
    :raises ModuleFailureError: after all numbers were processed, if one failed, is unprotected, or has a conflict.
    :raises OptionError: if the record cannot be used. :raises ApiError: if the numbers cannot be read.
    """
    work = Failover if options.state == "active" else Failback
    with contextlib.nullcontext() if engine.check_mode else store.hold(engine.client.interrupt_event):
        key = str(engine.client.connection.api_key).encode()
        record = failover.load(store.load(), key, carrier.provider.title)
        return work(engine, options, store, carrier, record, notice).run()


class Switching:
    """What failover and failback have in common.

    :param engine: the engine. :param options: the options. :param store: the file of the record.
    :param carrier: the carrier. :param record: the record. :param notice: displays a line at once.
    """

    def __init__(
        self,
        engine: Engine,
        options: FailoverOptions,
        store: Store,
        carrier: Carrier,
        record: Record,
        notice: t.Callable[[str], None],
    ) -> None:
        self.engine, self.options, self.store, self.carrier = engine, options, store, carrier
        self.record, self.notice = record, notice
        self.saved = record.dump()

    # -- requests

    def read_all(self, numbers: t.Iterable[str]) -> list[Item]:
        """The destinations of several numbers; an error is recorded in the number's item."""
        items = [Item(number) for number in numbers]
        self.engine.together(self._read_first, items)
        return items

    def _read_first(self, item: Item) -> None:
        try:
            item.before = item.entries = self.read(item.number)
        except RejectedError as error:
            title = self.carrier.provider.title
            text = f"{item.number} is not a number of this {title} account: numbers are bought in {title}'s portal."
            item.error = RejectedError(text, 404) if error.status == 404 else error
        except PROBLEMS as error:
            item.error = error

    def account_numbers(self) -> list[str]:
        """The numbers of the account."""
        resource = self.carrier.numbers
        rows = self.engine.client.list_all(resource.path, resource.api.unwrap_list)
        return [number for number in map(self.carrier.number_of, rows) if number]

    def read(self, number: str) -> list[Entry]:
        """The current destinations of a number."""
        api = self.carrier.route_api
        rows = self.engine.client.list_all(self.carrier.routes_path, api.unwrap_list, number=number)
        return self.carrier.entries_of(rows)

    def change(self, item: Item, steps: Steps) -> None:
        """Take steps until there are none left; an error is recorded in the item.

        :param item: the number. :param steps: the steps for a list of destinations.
        """
        try:
            self._change(item, steps)
        except PROBLEMS as error:
            item.error = error

    def _change(self, item: Item, steps: Steps) -> None:
        problem: Exception | None = None
        for index in rounds(lambda: item.confirmed):
            if index:
                item.entries = self.read(item.number)
            todo = steps(item.entries)
            if not todo:
                return
            if self.engine.check_mode:
                item.changed, item.entries = True, after(item.entries, todo)
                return
            confirmed, problem = self._take(item, todo)
            if confirmed:
                return
        text = f"The destinations of {item.number} did not change; another run may be modifying them."
        raise problem or ApiError(text)

    def _take(self, item: Item, steps: list[Step]) -> tuple[bool, Exception | None]:
        """Send the requests of steps. Returns whether the responses show the new state, and a temporary error."""
        confirmed = True
        for step in steps:
            try:
                answer = self.engine.client.write(self.carrier.route_mutation(item.number, step))
            except OutcomeUnknownError as error:
                item.changed = True
                self.engine.wait_for_consistency(error)
                return False, error
            except RejectedError as error:
                if error.status != 404:
                    raise
                return False, error  # somebody has removed it
            item.changed = True
            found = self.carrier.route_in(answer)
            if step.action == "switch" and found and (found.id, found.active) == (step.entry.id, step.entry.active):
                item.entries = after(item.entries, [step])
                item.confirmed += 1
            else:
                confirmed = False
        return confirmed, None

    def keep_reachable(self, item: Item, *, reread: bool = True) -> None:
        """Enable the recorded destinations again if a run of another controller has removed the last other one.

        Either run reads the destinations after its own request, so the later one of them notices it.

        :param item: the number. :param reread: whether its destinations must be read first.
        """
        if item.error or self.engine.check_mode:
            return
        try:
            item.entries = self.read(item.number) if reread else item.entries
        except PROBLEMS as error:
            item.error = error
            return
        if not failover.receiving(self.carrier, item.number, item.entries):
            self.change(item, lambda entries: failover.steps_to_restore(self.record, item.number, entries))

    # -- the record

    def save(self) -> None:
        """Write the record, or remove it if nothing is left in it.

        :raises ModuleFailureError: if it cannot be written.
        """
        content = self.record.dump()
        if self.engine.check_mode or content == self.saved:
            return
        if self.record.numbers:
            self.store.save(content)
        else:
            self.store.remove()
        self.saved = content

    # -- the result

    def finish(self, items: list[Item], problem: str) -> Result:
        """The result of the module.

        :param items: all numbers. :param problem: why the task fails; empty if it succeeds. :return: the result.
        :raises ModuleFailureError: if there is a problem, or a number failed.
        """
        failed = [item for item in items if item.error]
        good = [item for item in items if not item.error]
        changed = [item for item in items if item.changed]
        result: Result = {
            "changed": bool(changed),
            "numbers": [
                {"number": item.number, "action": item.action, "destinations": self._rows(item, item.entries)}
                for item in good
            ],
            "summary": {action: sum(item.action == action for item in good) for action in ACTIONS}
            | {"failed": len(failed)},
            "changes": [self._change_of(item) for item in changed if item.entries != item.before],
            "diff": [self._diff_of(item) for item in changed if item.entries != item.before],
        }
        if failed:
            result["failures"] = [{"item": item.number, "message": str(item.error)} for item in failed]
            first = f"{counted(len(failed), 'number')} failed; the first: {failed[0].number}: {failed[0].error}"
            problem = f"{first}\n{problem}".strip()
        if problem:
            raise ModuleFailureError(problem, result)
        return result

    def _rows(self, item: Item, entries: list[Entry]) -> list[t.Any]:
        return [destination_result(self.carrier, entry, entries, item.number, ()) for entry in entries]

    def _change_of(self, item: Item) -> Result:
        keys = ("destination", "kind", "active", "call_hunt")
        sides = [
            {"destinations": [{key: row[key] for key in keys} for row in self._rows(item, entries)]}
            for entries in (item.before, item.entries)
        ]
        return {"kind": "forward", "name": item.number, "action": "update", "before": sides[0], "after": sides[1]}

    def _diff_of(self, item: Item) -> Result:
        header = f"forward {item.number}"
        sides = [
            [row["destination"] + ("" if row["active"] else " (inactive)") for row in self._rows(item, entries)]
            for entries in (item.before, item.entries)
        ]
        return {
            "before_header": header,
            "after_header": header,
            "before": {"destinations": sides[0]},
            "after": {"destinations": sides[1]},
        }


def named(items: list[Item]) -> str:
    """The numbers in a message."""
    more = len(items) - MAX_NAMED
    return ", ".join(item.number for item in items[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


class Failover(Switching):
    """Disable the destinations at Vapi."""

    def run(self) -> Result:
        """Read all numbers, write the record, append fallbacks, and disable the destinations at Vapi.

        :return: the result of the module. :raises ModuleFailureError: see :func:`run`.
        """
        items = self._read_scope()
        good = [item for item in items if not item.error]
        affected = [item for item in good if failover.active_at_vapi(self.carrier, item.entries)]
        bare = [item for item in affected if not self._protected(item)]
        with_fallback = [item for item in bare if self._fallback(item)]
        for item in [item for item in bare if item not in with_fallback]:
            item.action = "unprotected"
        self._name_unprotected(affected)
        todo = [item for item in affected if item.action != "unprotected"]
        for item in todo:
            self._note(item, appends=item in with_fallback)
        self.save()
        if with_fallback:
            self.engine.together(self._append, with_fallback)
            self.save()
        self.engine.together(self.engine.with_progress(self._bypass, len(todo)), todo)
        for item in todo:
            self._conclude(item)
        self.save()
        return self.finish(items, self._problem(items))

    def _read_scope(self) -> list[Item]:
        if self.options.numbers is not None:
            return self.read_all(self.options.numbers)
        carrier = self.carrier
        items = self.read_all(dict.fromkeys(self.account_numbers()))
        return [
            item
            for item in items
            if item.error or item.number in self.record.numbers or failover.active_at_vapi(carrier, item.entries)
        ]

    def _protected(self, item: Item) -> bool:
        return bool(failover.protecting(self.carrier, item.number, item.entries))

    def _fallback(self, item: Item) -> Entry | None:
        return failover.fallback_entry(self.carrier, item.number, self.options.fallback)

    def _name_unprotected(self, affected: list[Item]) -> None:
        """Display the numbers without another destination before anything is switched."""
        unprotected = [item for item in affected if item.action == "unprotected"]
        if unprotected:
            self.notice(f"without another active destination, not switched: {named(unprotected)}")

    def _note(self, item: Item, *, appends: bool) -> None:
        """Add to the record what will be changed."""
        recorded = self.record.numbers.setdefault(item.number, Recorded(""))
        recorded.since = f"{self.engine.now():%Y-%m-%dT%H:%M:%SZ}"
        for entry in failover.active_at_vapi(self.carrier, item.entries):
            recorded.disabled[entry.id] = self.record.digest_of(item.number, entry)
        fallback = self._fallback(item)
        if appends and fallback:
            digest = self.record.digest_of_fallback(item.number, fallback)
            # The request of an interrupted run may still be processed.
            pending = [one for one in recorded.fallbacks if one.digest == digest and not one.ids]
            one = pending[0] if pending else Appended(digest, [entry.id for entry in item.entries])
            recorded.fallbacks = [each for each in recorded.fallbacks if each is not one] + [one]

    def _append(self, item: Item) -> None:
        """Append the fallback, and read it back; an error is recorded in the item."""
        fallback = self._fallback(item)
        if not fallback:
            return
        one = self.record.numbers[item.number].fallbacks[-1]
        step = Step("append", fallback)
        if self.engine.check_mode:
            item.changed, item.entries = True, after(item.entries, [step])
            return
        try:
            self._append_and_read_back(item, step, one)
        except PROBLEMS as error:
            item.error = error

    def _append_and_read_back(self, item: Item, step: Step, one: Appended) -> None:
        problem: Exception | None = None
        for index in rounds(lambda: 0):
            if index and self._read_back(item, one):
                return
            try:
                self.engine.client.write(self.carrier.route_mutation(item.number, step))
                problem = None
            except OutcomeUnknownError as error:
                problem = error
                self.engine.wait_for_consistency(error)
            except RejectedError:
                if self._read_back(item, one):
                    return
                self.record.numbers[item.number].fallbacks.remove(one)
                if self._protected(item):
                    return  # by another run, which has appended it first
                raise
            item.changed = True
        raise problem or ApiError(f"{item.number}: the fallback was not appended.")

    def _read_back(self, item: Item, one: Appended) -> bool:
        """Whether the appended destination is in the list."""
        item.entries = self.read(item.number)
        found = self.record.appended(item.number, item.entries, one)
        if not any(entry.active for entry in found):
            return False
        # Several if a request without a response was processed, or another run has appended it too.
        one.ids = [entry.id for entry in found]
        item.changed = True
        return True

    def _bypass(self, item: Item) -> None:
        if item.error:
            return
        ids = self.record.numbers[item.number].disabled
        self.change(item, lambda entries: failover.steps_to_bypass(self.carrier, item.number, entries, ids))
        fallback = self._fallback(item)
        if item.changed and fallback and not failover.own(self.carrier, item.number, item.entries, fallback):
            self.keep_reachable(item)

    def _conclude(self, item: Item) -> None:
        """Determine what happened to a number, and take destinations that were not disabled out of the record."""
        if item.error:
            return  # the record keeps all that may have been changed
        left = failover.active_at_vapi(self.carrier, item.entries)
        bare = left and not self._protected(item)
        item.action = "unprotected" if bare else "switched" if item.changed else "unchanged"
        recorded = self.record.numbers[item.number]
        for entry in left:
            recorded.disabled.pop(entry.id, None)
        if not recorded.disabled and not recorded.fallbacks:
            del self.record.numbers[item.number]

    def _problem(self, items: list[Item]) -> str:
        unprotected = [item for item in items if item.action == "unprotected" and not item.error]
        if not unprotected or self.options.allow_unprotected:
            return ""
        return (
            f"{counted(len(unprotected), 'number')} without another active destination of a known kind, not switched: "
            f"{named(unprotected)}. Add a destination, or give fallback; allow_unprotected accepts this."
        )


class Failback(Switching):
    """Enable the recorded destinations, and remove the appended ones."""

    def run(self) -> Result:
        """Restore what the record contains.

        :return: the result of the module. :raises ModuleFailureError: see :func:`run`.
        """
        if not self.record.numbers:
            self.engine.warn("The record does not exist: no destination was disabled, or the path differs.")
        items = self.read_all(self.options.numbers if self.options.numbers is not None else self.record.numbers)
        recorded = [item for item in items if item.number in self.record.numbers]
        self._recognise_returned(
            [item for item in recorded if isinstance(item.error, RejectedError) and item.error.status == 404]
        )
        todo = [item for item in recorded if not item.error]
        self.engine.together(self.engine.with_progress(self._restore, len(todo)), todo)
        for item in todo:
            self._conclude(item)
        self.save()
        return self.finish(items, self._problem(items))

    def _recognise_returned(self, items: list[Item]) -> None:
        """Numbers whose destinations do not exist: no error if the number was returned to the carrier."""
        if not items:
            return
        try:
            listed = set(self.account_numbers())
        except PROBLEMS as error:
            for item in items:
                item.error = error
            return
        title = self.carrier.provider.title
        for item in items:
            # A wrong 404 must not remove a number from the record.
            item.error = (
                ApiError(f"{item.number}: {title} rejects the list of its destinations (HTTP 404). Run the task again.")
                if item.number in listed
                else None
            )

    def _restore(self, item: Item) -> None:
        number, record = item.number, self.record
        self.change(item, lambda entries: failover.steps_to_restore(record, number, entries))
        if item.error or not record.numbers[number].fallbacks:
            return
        try:
            # The enabled destination is read back before the other one is removed.
            if item.changed and not self.engine.check_mode:
                item.entries = self.read(number)
        except PROBLEMS as error:
            item.error = error
            return
        self.change(item, lambda entries: failover.steps_to_remove(self.carrier, record, number, entries))
        self.keep_reachable(item, reread=False)  # they were read after the removal

    def _conclude(self, item: Item) -> None:
        """Determine what happened to a number, and take what is restored out of the record."""
        if item.error:
            return
        left = failover.remaining(self.record, item.number, item.entries)
        item.action = "conflict" if left else "switched" if item.changed else "unchanged"
        if left:
            self.record.numbers[item.number] = left
        else:
            del self.record.numbers[item.number]

    def _problem(self, items: list[Item]) -> str:
        conflicts = [item for item in items if item.action == "conflict" and not item.error]
        if not conflicts:
            return ""
        return (
            f"{counted(len(conflicts), 'number')} whose destinations were changed or removed since failover, left as "
            f"they are: {named(conflicts)}. They remain in the record. Enable the destinations in "
            f"{self.carrier.provider.title}'s portal and run the task again; if their destinations are as they should "
            "be, delete the record."
        )
