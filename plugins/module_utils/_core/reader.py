# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what the desired state is compared with: lists, references and their names, and the objects of info modules."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    Faults,
    ModuleFailureError,
    OptionError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.references import (
    Reference,
    add_names,
    displayed_references,
    references,
    replace_references,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    ListQuery,
    Referrer,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import UNKNOWN_OUTCOME_DELAY_SECONDS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import is_id

#: Default number of concurrent requests.
CONCURRENCY = 8

#: Maximum length of an id, a name or an address in characters.
MAX_ID_LENGTH = 300

Item = t.TypeVar("Item")
Found = t.TypeVar("Found")


class Reader:
    """Reads the objects of one service for one task.

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
        #: Outcomes of the same task in check mode, by kind and name.
        self.earlier: t.Mapping[tuple[str, str], Outcome] = {}

    def planning(self, warn: t.Callable[[str], None]) -> t.Self:
        """The same in check mode, over the same cached responses, to plan a run before it begins.

        :param warn: called with the text of a warning. :return: the reader.
        """
        return type(self)(
            self.client.read_only_copy(),
            check_mode=True,
            concurrency=self.concurrency,
            warn=warn,
            now=self.now,
            references_exist=self.references_exist,
        )

    def planned_once(
        self, resource: Resource, outcome: Outcome, rows: tuple[object, ...], plan: t.Callable[..., Plan]
    ) -> Plan:
        """Plan an object, unless it was planned in check mode from equal values: a plan follows from them alone.

        :param resource: the object's kind. :param outcome: its outcome. :param rows: the rows for the plan.
        :param plan: ``(desired, *rows, run_state)`` -> the plan. :return: the plan.
        """
        made_from = (resource, outcome.desired, *rows, outcome.run_state.without_lists())
        earlier = self.earlier.get((resource.name, outcome.desired.label))
        if earlier and earlier.planned and earlier.planned[0] == made_from:
            return earlier.planned[1]
        made = plan(outcome.desired, *rows, outcome.run_state)
        if self.check_mode:
            outcome.planned = (made_from, made)
        return made

    def rows(self, resource: Resource, query: ListQuery | None = None, **names: str) -> list[ApiObject]:
        """The listed objects of a kind.

        :param resource: the kind. :param query: the list query; ``None`` reads the whole list.
        :param names: values for the placeholders of the path.
        :return: the objects in the service's form. :raises ApiError: if the list cannot be read or is invalid.
        """
        query = query or ListQuery()
        if resource.api.page_size:
            query = dataclasses.replace(
                query, page_size=resource.api.page_size, numbered_pages=resource.api.numbered_pages
            )
        if resource.api.reduce:
            query = dataclasses.replace(query, reduce=resource.api.reduce)
        listed = self.client.list_all(resource.path, resource.api.unwrap_list, query, **names)
        found = [
            row for row in listed if all(row.get(key, value) == value for key, value in resource.constants.items())
        ]
        return _check_rows(found, resource.api.required_keys, f"{resource.provider.title} lists a {resource.title}")

    def referrer_list(self, use: Referrer, what: str) -> list[ApiObject]:
        """The listed objects that may refer to another object.

        :param use: their kind. :param what: the beginning of a message about an invalid list.
        :return: the objects. :raises ApiError: if the list cannot be read or is invalid.
        """
        return _check_rows(self.client.list_all(use.path), ("id",), what)

    def invalidate(self, *paths: str) -> None:
        """Invalidate the cached lists, so that the next reads show the effect of the last writes.

        :param paths: the paths of the lists.
        """
        for path in paths:
            self.client.invalidate(path)

    def wait_for_consistency(self, *errors: Exception | None) -> None:
        """Wait if a request may still be processed.

        :param errors: the errors of the last requests.
        """
        if any(isinstance(error, OutcomeUnknownError) and not isinstance(error, RateLimitedError) for error in errors):
            self.client.sleep(UNKNOWN_OUTCOME_DELAY_SECONDS)

    def info(
        self, resource: Resource, key_filters: t.Mapping[str, str], filters: Model | None = None
    ) -> list[ApiObject]:
        """The listed objects that match filters, with their details.

        :param resource: the kind. :param key_filters: filters by identifying options.
        :param filters: a record of further filters, with names instead of ids.
        :return: the objects in the service's form. :raises ModuleFailureError: if the service rejects the query.
        """
        query = None
        if resource.view.query:
            named = self._resolve_filters(filters or resource.view.filters())
            if any(reference.value == UNKNOWN_ID for reference in references(named)):
                return []  # check mode: an object that does not exist yet has no rows
            query = resource.view.query(named, key_filters.get("id", ""))
        try:
            rows = self.rows(resource, query)
        except RejectedError as error:
            explained = resource.view.explain_refusal(error, self.now()) if resource.view.explain_refusal else None
            if explained is None:
                raise
            raise ModuleFailureError(f"{error} {explained[0]}", {"changed": False, **explained[1]}) from None
        found = [
            row for row in rows if all(self._matches(resource, row, name, value) for name, value in key_filters.items())
        ]
        return self.with_details(resource, found)

    def with_details(self, resource: Resource, rows: list[ApiObject]) -> list[ApiObject]:
        """Add the details that require another request for each row.

        :param resource: the kind. :param rows: the listed rows. :return: the rows with their details.
        """
        complete = resource.fetch_details
        return self.together(lambda row: complete(self.client, row), rows) if complete else rows

    @staticmethod
    def _matches(resource: Resource, row: ApiObject, name: str, value: str) -> bool:
        if name == "id":
            return str(row.get("id")) == value
        there = dig(row, fields(resource.record)[name].api_name.split("."))
        return there is not None and resource.normalize_key(str(there)) == resource.normalize_key(value)

    def run_concurrently(self, *reads: t.Callable[[], Found]) -> list[Found]:
        """Run reads concurrently.

        :param reads: functions without parameters. :return: their results, in the same order.
        """
        return self.together(lambda read: read(), reads)

    def together(self, function: t.Callable[[Item], Found], items: t.Sequence[Item]) -> list[Found]:
        """Call a function for all items concurrently.

        :param function: called with one item. :param items: the items. :return: the results, in the items' order.
        """
        if len(items) < 2 or self.concurrency == 1:
            return [function(item) for item in items]
        with concurrent.futures.ThreadPoolExecutor(min(self.concurrency, len(items))) as pool:
            return list(pool.map(function, items))

    def with_progress(self, work: t.Callable[[Item], object], count: int) -> t.Callable[[Item], None]:
        """Report the progress of a function that is called for several items.

        :param work: the function. :param count: the number of items. :return: the function with progress reports.
        """
        done: list[None] = []

        def act(item: Item) -> None:
            work(item)
            done.append(None)
            self.progress(len(done), count)

        return act

    def with_names(self, resource: Resource, items: list[ApiObject], *, read: bool = False) -> list[ApiObject]:
        """Add the names of referenced objects to items, such as ``owner_name`` and ``tool_names``.

        :param resource: the items' kind. :param items: results with ids.
        :param read: read the lists of the referenced objects; otherwise only names that the task has already read.
        :return: the items with the names.
        """
        used = {id(ref): ref for ref in (displayed_references(resource.record, items) if read else ()) if ref.path}
        for ref in used.values():
            # A key without permission for that list must not prevent access to the items.
            with contextlib.suppress(ApiError):
                self._note_names(ref, self.rows(ref))
        return [add_names(resource.record, item, self.names) for item in items]

    def _note_names(self, resource: Resource, rows: list[ApiObject]) -> None:
        path = fields(resource.record)[resource.keys[0]].api_name.split(".")
        self.names.update({str(row["id"]): str(dig(row, path)) for row in rows if row.get("id") and dig(row, path)})

    def _resolve_filters(self, filters: Model) -> Model:
        """Replace names by ids in the filters of an info module.

        :param filters: the record of filters. :return: the record with ids.
        :raises OptionError: if a referenced object does not exist or is ambiguous.
        """

        def resolved(reference: Reference) -> str:
            rows = self.rows(reference.resource) if reference.resource.path else []
            return self.find(reference.resource, reference.path, reference.value, rows)

        return replace_references(filters, resolved)

    def resolve(self, desired_objects: list[Desired]) -> list[Outcome]:
        """Replace names by ids in desired objects. An invalid reference is recorded as the error of its object.

        :param desired_objects: the desired objects. :return: one outcome per object.
        """
        outcomes = [Outcome(desired, warnings=list(desired.warnings), names=self.names) for desired in desired_objects]
        present = [
            (outcome, references(outcome.desired.record))
            for outcome in outcomes
            if outcome.desired.options.state == "present"
        ]
        used = {
            id(reference.resource): reference.resource
            for _outcome, named in present
            for reference in named
            # A list of references may contain deleted objects, which only the list of all objects shows.
            if (reference.value != UNKNOWN_ID or reference.field.kind == "list") and reference.resource.path
        }
        listed = dict(zip(used, self.together(self.rows, list(used.values())), strict=True))
        for key, rows in listed.items():
            self._note_names(used[key], rows)
        ids = {key: frozenset(str(row["id"]) for row in rows) for key, rows in listed.items()}
        for outcome, named in present:
            outcome.run_state.listed, faults = ids, Faults()
            resolved = {each.path: self._resolved(listed, faults, outcome, each) for each in named}
            try:
                faults.end()
            except OptionError as problem:
                outcome.fail(problem)
                continue
            # Most references are ids already. Lists may contain duplicates, which are removed.
            if any(each.field.kind == "list" or resolved[each.path] != each.value for each in named):
                outcome.desired = _with_references(outcome.desired, resolved)
        return outcomes

    def _resolved(
        self, listed: t.Mapping[int, list[ApiObject]], faults: Faults, outcome: Outcome, reference: Reference
    ) -> str | None:
        """The id of a referenced object; a problem is added to ``faults``."""
        resource, path, value = reference.resource, reference.path, reference.value
        found = faults.of("", self.find, resource, path, value, listed.get(id(resource)))
        if found == UNKNOWN_ID:
            name = outcome.desired.reference_names.get(path, "") if value == UNKNOWN_ID else value
            option = path.rpartition("[")[0] if path.endswith("]") else path
            outcome.pending.setdefault(option, []).append(name)
        return found

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


def _with_references(desired: Desired, values: t.Mapping[str, str | None]) -> Desired:
    """The desired object with other references. :param values: by their paths."""
    return dataclasses.replace(desired, record=replace_references(desired.record, lambda each: values[each.path]))


def _check_rows(rows: list[ApiObject], needs: tuple[str, ...], what: str) -> list[ApiObject]:
    """The rows, after checking that each has the required keys."""
    for name in needs:
        if not all(_usable(row.get(name)) for row in rows):
            raise UnreachableError(f"{what} without {name}. The response was ignored.")
    return rows


def _usable(value: object) -> bool:
    """Whether a value can be a name or an id."""
    if isinstance(value, str):
        return 0 < len(value) <= MAX_ID_LENGTH
    return isinstance(value, int) and abs(value) < 10**18


def _same(resource: Resource, there: object, value: str) -> bool:
    return there is not None and resource.normalize_key(str(there)) == resource.normalize_key(value)
