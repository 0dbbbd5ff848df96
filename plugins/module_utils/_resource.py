# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row of facts: what a service is and what a resource is. Data and plain functions; nothing here does anything."""

from __future__ import annotations

import dataclasses
import datetime
import re
import ssl
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Problem, Record

#: Stands for an id that only the real run will know.
LATER = "(known after apply)"

#: ``(path, query)`` -> the rows of one page.
Page = t.Callable[[str, dict[str, t.Any]], list[dict[str, t.Any]]]


def check_certificates(path: str) -> None:
    """Raise ``ValueError`` for a file that holds no CA certificates."""
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        raise ValueError("must be a readable file with CA certificates in PEM form.") from None


class HttpOptions(Record):
    """How to reach any service (fragment ``_http``)."""

    timeout: t.Annotated[int, Option(between=(1, 600))] = 30
    retry_timeout: t.Annotated[int, Option(between=(0, 3600))] = 60
    validate_certs: bool = True
    ca_path: t.Annotated[str | None, Option(check=check_certificates)] = None


class State(Record):
    """What is asked of an object beside its fields (fragment ``_state``)."""

    state: t.Literal["present", "absent"] = "present"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """What of a list is asked for.

    :param params: the service's own filters. :param most: rows wanted, the newest first; ``None``: every one.
    :param page: rows of one page, where fewer than usual fit into an answer.
    :param page_numbers: whether the list takes the number of a page, so that rows can be read one at a time.
    :param reduce: row -> what is kept of it; the rest is released page by page.
    """

    params: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    most: int | None = None
    page: int | None = None
    page_numbers: bool = False
    reduce: t.Callable[[dict[str, t.Any]], dict[str, t.Any]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Service:
    """One HTTP API.

    :param name: the action group, and the prefix of the connection options in modules that read several services.
    :param title: how people call it.
    :param connection: the record of connection options; has ``api_key``.
    :param url: connection record -> base URL.
    :param pages: ``(page, path, reading)`` -> the raw rows of a list; ``page(path, params)`` answers those of one page.
    :param encode: body -> keyword arguments of the request (``json=`` or ``data=``).
    :param words: answer -> the service's own words on an error, from known fields only.
    :param denied: statuses that mean "this key is not accepted". :param key_hint: where the right key is found.
    :param key_form: key -> a sentence where its form tells that it is another service's, else an empty text.
    :param id_form: what all ids of the service match, and how people call that; empty where that is not known.
    """

    name: str
    title: str
    connection: type[Record]
    url: t.Callable[[t.Any], str]
    pages: t.Callable[[Page, str, Reading], list[dict[str, t.Any]]]
    encode: t.Callable[[dict[str, t.Any]], dict[str, t.Any]]
    words: t.Callable[[t.Any], str]
    denied: frozenset[int]
    key_hint: str
    key_form: t.Callable[[str], str] = lambda _key: ""
    id_form: tuple[str, str] = ("", "")

    def check_id(self, value: str) -> None:
        """Raise :class:`Problem` for what can be no id of this service."""
        pattern, called = self.id_form
        if pattern and not re.fullmatch(pattern, value, re.IGNORECASE):
            rule = f"must be {called}, which every id of {self.title} is; leave it out to find the object by its name."
            raise Problem("", rule, value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Write:
    """One request that changes something.

    :param path: a template; ``ids`` fills it. :param makes: the answer is the object that was made.
    :param ends: id of the object that is gone afterwards. :param more: further writes follow after reading back.
    :param moot: a 404 means that it is done already. :param spare: a mark: where the service refuses this write, the
        engine remembers the mark for the next plan instead of failing; where it is done, likewise.
    """

    method: str
    path: str
    ids: dict[str, str] = dataclasses.field(default_factory=dict)
    body: dict[str, t.Any] | None = None
    params: dict[str, str] | None = None
    makes: bool = False
    ends: str | None = None
    more: bool = False
    moot: bool = False
    spare: t.Any = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Use:
    """Who may hold an object of this resource.

    :param path: list of the holders. :param holds: dotted place of the id in a holder (lists are looked through).
    :param label: keys that name a holder to people, the first that is set. :param title: plural, for people.
    :param keep: keys of a holder that every change of it repeats.
    :param release: on ``absent`` the holders let go of it first; otherwise they are a reason to refuse.
    """

    path: str
    holds: str
    title: str
    label: tuple[str, ...] = ("name", "id")
    keep: tuple[str, ...] = ()
    release: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Once:
    """How something is set off that can not be taken back, such as a phone call: one request at most, ever.

    :param mark: ``(row, record)`` -> whether a request for this record made the row. :param kin: the same, wider: what
        ``absent`` stops.
    :param clash: ``(rows, record)``: raises ``Problem`` where something else of the name stands in the way.
    :param sought: ``(record, ask)`` -> whether an earlier run may have set it off.
    :param window: ``now`` -> the part of the list in which an earlier one is looked for.
    :param recent: the same for what was requested a moment ago; the window, where it is ``None``.
    :param counts: ``(row, now)`` -> whether a row of the window still stands for its mark.
    :param whole: ``(get, row)`` -> the row with all that ``agrees`` compares; not called for ``absent``.
    :param agrees: ``(row, record)``: raises ``Problem`` where another thing was set off before; may return a warning.
    :param ready: ``(rows, record, now)`` -> warnings; looks at what it needs (``rows(resource)`` reads a list) and
        raises ``Problem`` where it could not work. Dry runs do this too.
    :param took: ``(answer, record)`` -> a warning where the answer differs from what was sent.
    :param rival: ``(row, record)`` -> whether a row may be what another run has made of the same at the same moment; of
        all such rows the first stays, and the others are ended. :param age: a row -> what puts rows in that order.
    :param void: whether a row was cancelled, so that it does not count where another has the same mark.
    :param over: whether a row has come to its end. :param stop: a row -> the write that ends it, on ``absent``.
    :param shown: a record as a diff shows it.
    :param hint: what to do where it stays unknown whether the request was carried out.
    """

    mark: t.Callable[[dict[str, t.Any], t.Any], bool]
    sought: t.Callable[[t.Any, t.Any], bool]
    window: t.Callable[[datetime.datetime], Reading]
    ready: t.Callable[[t.Callable[[Resource], list[dict[str, t.Any]]], t.Any, datetime.datetime], tuple[str, ...]]
    shown: t.Callable[[t.Any], dict[str, t.Any]]
    hint: str
    kin: t.Callable[[dict[str, t.Any], t.Any], bool] | None = None
    recent: t.Callable[[datetime.datetime], Reading] | None = None
    counts: t.Callable[[dict[str, t.Any], datetime.datetime], bool] = lambda _row, _now: True
    rival: t.Callable[[dict[str, t.Any], t.Any], bool] | None = None
    age: t.Callable[[dict[str, t.Any]], t.Any] = lambda _row: ()
    void: t.Callable[[dict[str, t.Any]], bool] = lambda _row: False
    clash: t.Callable[[list[dict[str, t.Any]], t.Any], None] = lambda _rows, _record: None
    over: t.Callable[[dict[str, t.Any]], bool] = lambda _row: False
    agrees: t.Callable[[dict[str, t.Any], t.Any], str | None] = lambda _row, _record: None
    whole: t.Callable[[t.Any, dict[str, t.Any]], dict[str, t.Any]] = lambda _get, row: row
    took: t.Callable[[dict[str, t.Any], t.Any], str | None] = lambda _row, _record: None
    stop: t.Callable[[dict[str, t.Any]], Write] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """One task's objects, where a resource makes several of what the options say.

    :param records: at least one. :param facts: what ``gather`` puts beside them. :param advice: warnings.
    """

    records: list[t.Any]
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    advice: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Beside:
    """What another service knows of the same things, read by an info module where that service's key is given.

    :param resource: its list. :param query: told items -> the part of the list that may concern them.
    :param join: ``(items, rows)`` -> items.
    """

    resource: Resource
    query: t.Callable[[list[dict[str, t.Any]]], Reading]
    join: t.Callable[[list[dict[str, t.Any]], list[dict[str, t.Any]]], list[dict[str, t.Any]]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resource:
    """One kind of object.

    :param noun: return key; ``plural`` that of lists. :param title: for people.
    :param path: the collection's path, may hold ``{option}`` of the record.
    :param record: its fields. :param ask: options beside the fields (state and the like).
    :param keys: options that identify it, the first one given counts. :param normal: how two keys are compared.
    :param fixed: constants of the API's form: they filter lists and go with every write.
    :param facts: what an answer tells beside the options, snake_case.
    :param made_by_service: further keys of an answer that the service sets: nobody can give them to another object.
    :param choices: options of which one stands for all: giving one clears the others.
    :param rules: checks of what is wanted, offline: ``(record, ask)``; raise ``Problem``, or return a warning.
    :param laws: checks of what would stand, before the first write: ``(after, ask)``; raise ``Problem``.
    :param explain_refusal: ``(error, now)`` -> a sentence and return values for a list that an info module asked
        for and the service refused; ``None`` where there is nothing to add.
    :param after_update: ``(client, id)`` -> warnings about an object whose update may have no effect; only reads.
    :param adjust: ``(wanted, current, ask)`` -> wanted, for options whose meaning depends on what stands.
    :param rows: takes the list out of an answer that is not the list itself; ``row`` the object out of an answer;
        ``wrap`` makes the sent body.
    :param writes: carries a change to the service where one request is not enough:
        ``(resource, row, touched, now, then)`` -> writes, all in the API's form.
    :param complete: ``(client, row)`` -> row with what only further reads tell.
    :param needs: what every listed row must have to be worked with.
    :param tell: ``(row, ask)`` -> the item that an info module returns, where it is not the record's form.
    :param seek: options of the info module beside the identifying ones.
    :param query: ``(seek, id)`` -> the part of the list that an info module reads.
    :param reduce: listed row -> what is kept of it while the list is read. :param page: rows of one page of its list.
    :param page_numbers: whether the list takes the number of a page.
    :param beside: the other service's view, for the info module.
    :param enrich: ``(list_objects, items)`` -> the info module's items with what other lists of the service add.
    :param once: how it is set off, where it is no state but an event.
    :param parts: ``(record, ask)`` -> the objects that one task's options stand for. :param gather: ``(results,
        facts)`` -> the one result.
    :param missing: what a 404 on the list says of the object.
    :param by_id: whether the option ``id`` picks an object. :param single: there is just one.
    :param update: verb of an update. :param item: path of one object; its ``{names}`` are keys of a row.
    :param uses: holders.
    :param replace: wire field whose change makes a new object when asked for (``on_auth_change``).
    :param exclusive_by: option that limits ``exclusive`` in the bulk module.
    :param ordered: facts of a list whose order matters (see ``_order``); then the object is a row of that list.
    """

    service: Service
    noun: str
    plural: str
    title: str
    path: str
    record: type[Record]
    ask: type[Record] = State
    keys: tuple[str, ...] = ("name",)
    normal: t.Callable[[str], str] = str
    fixed: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    facts: tuple[str, ...] = ("created_at", "updated_at")
    made_by_service: tuple[str, ...] = ("orgId",)
    choices: tuple[str, ...] = ()
    rules: tuple[t.Callable[[t.Any, t.Any], str | None], ...] = ()
    laws: tuple[t.Callable[[t.Any, t.Any], None], ...] = ()
    explain_refusal: t.Callable[[Exception, datetime.datetime], tuple[str, dict[str, t.Any]] | None] | None = None
    after_update: t.Callable[[t.Any, str], tuple[str, ...]] | None = None
    adjust: t.Callable[[t.Any, t.Any, t.Any], t.Any] | None = None
    rows: t.Callable[[t.Any], t.Any] | None = None
    row: t.Callable[[t.Any], t.Any] = lambda answer: answer
    wrap: t.Callable[[dict[str, t.Any]], dict[str, t.Any]] = lambda body: body
    writes: t.Callable[..., tuple[Write, ...]] | None = None
    complete: t.Callable[[t.Any, dict[str, t.Any]], dict[str, t.Any]] | None = None
    needs: tuple[str, ...] = ("id",)
    tell: t.Callable[[dict[str, t.Any], t.Any], dict[str, t.Any]] | None = None
    seek: type[Record] = Record
    query: t.Callable[[t.Any, str], Reading] | None = None
    reduce: t.Callable[[dict[str, t.Any]], dict[str, t.Any]] | None = None
    page: int | None = None
    page_numbers: bool = False
    beside: Beside | None = None
    enrich: t.Callable[[t.Callable[[Resource], list[dict[str, t.Any]]], list[dict[str, t.Any]]], list[t.Any]] | None = (
        None
    )
    once: Once | None = None
    parts: t.Callable[[t.Any, t.Any], Parts] | None = None
    gather: t.Callable[[list[dict[str, t.Any]], dict[str, t.Any]], dict[str, t.Any]] | None = None
    missing: str = ""
    by_id: bool = True
    single: bool = False
    update: str = "PATCH"
    item: str = ""
    uses: tuple[Use, ...] = ()
    replace: str | None = None
    exclusive_by: str | None = None
    ordered: t.Any = None
