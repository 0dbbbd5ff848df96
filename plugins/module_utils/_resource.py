# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row of facts: what a service is and what a resource is. Data and plain functions; nothing here does anything."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Record

#: Stands for an id that only the real run will know.
LATER = "(known after apply)"


class HttpOptions(Record):
    """How to reach any service (fragment ``_http``)."""

    timeout: t.Annotated[int, Option(between=(1, 600))] = 30
    retry_timeout: t.Annotated[int, Option(between=(0, 3600))] = 60
    validate_certs: bool = True
    ca_path: str | None = None


class State(Record):
    """What is asked of an object beside its fields (fragment ``_state``)."""

    state: t.Literal["present", "absent"] = "present"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Service:
    """One HTTP API.

    :param name: the action group, and the prefix of the connection options in modules that read several services.
    :param title: how people call it.
    :param connection: the record of connection options; has ``api_key``.
    :param url: connection record -> base URL.
    :param pages: ``(page, path)`` -> all raw rows of a list; ``page(path, params)`` answers the rows of one page.
    :param encode: body -> keyword arguments of the request (``json=`` or ``data=``).
    :param words: answer -> the service's own words on an error, from known fields only.
    :param denied: statuses that mean "this key is not accepted". :param key_hint: where the right key is found.
    """

    name: str
    title: str
    connection: type[Record]
    url: t.Callable[[t.Any], str]
    pages: t.Callable[[t.Callable[[str, dict[str, t.Any]], list[dict[str, t.Any]]], str], list[dict[str, t.Any]]]
    encode: t.Callable[[dict[str, t.Any]], dict[str, t.Any]]
    words: t.Callable[[t.Any], str]
    denied: frozenset[int]
    key_hint: str


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
class Resource:
    """One kind of object.

    :param noun: return key; ``plural`` that of lists. :param title: for people.
    :param path: the collection's path, may hold ``{option}`` of the record.
    :param record: its fields. :param ask: options beside the fields (state and the like).
    :param keys: options that identify it, the first one given counts. :param normal: how two keys are compared.
    :param fixed: constants of the API's form: they filter lists and go with every write.
    :param facts: what an answer tells beside the options, snake_case.
    :param choices: options of which one stands for all: giving one clears the others.
    :param rules: checks of what is wanted, offline: ``(record, ask)``; raise ``Problem``, or return a warning.
    :param laws: checks of what would stand, before the first write: ``(after, ask)``; raise ``Problem``.
    :param adjust: ``(wanted, current, ask)`` -> wanted, for options whose meaning depends on what stands.
    :param rows: takes the list out of an answer that is not the list itself; ``row`` the object out of an answer;
        ``wrap`` makes the sent body.
    :param writes: carries a change to the service where one request is not enough:
        ``(resource, row, touched, now, then)`` -> writes, all in the API's form.
    :param complete: ``(get, row)`` -> row with what only further reads tell.
    :param needs: what every listed row must have to be worked with.
    :param tell: ``(row, ask)`` -> the item that an info module returns, where it is not the record's form.
    :param seek: options of the info module beside the identifying ones.
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
    choices: tuple[str, ...] = ()
    rules: tuple[t.Callable[[t.Any, t.Any], str | None], ...] = ()
    laws: tuple[t.Callable[[t.Any, t.Any], None], ...] = ()
    adjust: t.Callable[[t.Any, t.Any, t.Any], t.Any] | None = None
    rows: t.Callable[[t.Any], t.Any] | None = None
    row: t.Callable[[t.Any], t.Any] = lambda answer: answer
    wrap: t.Callable[[dict[str, t.Any]], dict[str, t.Any]] = lambda body: body
    writes: t.Callable[..., tuple[Write, ...]] | None = None
    complete: t.Callable[[t.Any, dict[str, t.Any]], dict[str, t.Any]] | None = None
    needs: tuple[str, ...] = ("id",)
    tell: t.Callable[[dict[str, t.Any], t.Any], dict[str, t.Any]] | None = None
    seek: type[Record] = Record
    missing: str = ""
    by_id: bool = True
    single: bool = False
    update: str = "PATCH"
    item: str = ""
    uses: tuple[Use, ...] = ()
    replace: str | None = None
    exclusive_by: str | None = None
    ordered: t.Any = None
