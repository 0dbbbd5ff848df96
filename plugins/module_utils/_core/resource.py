# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data types that describe services and resources: paths, fields, validators and other functions of each."""

from __future__ import annotations

import dataclasses
import datetime
import re
import ssl
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import (
    Entry,
    Identity,
    Step,
    Target,
)

if t.TYPE_CHECKING:
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reader import Reader

#: Placeholder in check mode for an id that is known only after the change.
UNKNOWN_ID = "(known after apply)"

#: The class of an object's fields, and that of its other options.
RecordT = t.TypeVar("RecordT", bound=Model)
OptionsT = t.TypeVar("OptionsT", bound=Model)

#: ``(path, query)`` -> the rows of one page.
Page = t.Callable[[str, Params], list[ApiObject]]


def check_certificates(path: str) -> None:
    """Raise ``ValueError`` for a file without CA certificates.

    :param path: the file.
    """
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        raise ValueError("must be a readable file with CA certificates in PEM form.") from None


class HttpOptions(Model):
    """Connection options of all services (fragment ``_http``)."""

    timeout: t.Annotated[int, Option(range=(1, 600))] = 30
    retry_timeout: t.Annotated[int, Option(range=(0, 3600))] = 60
    validate_certs: bool = True
    ca_path: t.Annotated[str | None, Option(check=check_certificates)] = None


class State(Model):
    """Options of an object besides its fields (fragment ``_state``)."""

    state: t.Literal["present", "absent"] = "present"


class RenamableState(State):
    """The same of an object that can be renamed in place (fragment ``_former_names``)."""

    former_names: list[str] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListQuery:
    """A list query.

    :param params: the service's filters. :param limit: maximum number of rows, newest first; ``None`` for all.
    :param page_size: rows per page, if fewer than usual fit into a response.
    :param numbered_pages: whether the list accepts the index of a page, so that rows can be read one at a time.
    :param reduce: row -> the parts of it to keep; the rest is released page by page.
    :param matches: a reduced row -> whether it is part of the result; the other rows are released page by page.
    """

    params: Params = dataclasses.field(default_factory=dict)
    limit: int | None = None
    page_size: int | None = None
    numbered_pages: bool = False
    reduce: t.Callable[[ApiObject], ApiObject] | None = None
    matches: t.Callable[[ApiObject], bool] = lambda _row: True


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Provider:
    """One HTTP API.

    :param name: the action group, and the prefix of the connection options in modules that read several services.
    :param title: its name in messages.
    :param connection: the record of connection options; has ``api_key``.
    :param url: connection record -> base URL.
    :param pages: ``(page, path, reading)`` -> the raw rows of a list; ``page(path, params)`` returns those of one page.
    :param encode: body -> keyword arguments of the request (``json=`` or ``data=``).
    :param error_message: response -> the service's error message, from known fields only.
    :param auth_error_statuses: statuses for an invalid key. :param key_hint: where to find the correct key.
    :param key_form: key -> a sentence if its form shows that it is the key of another service, else an empty text.
    :param id_form: a pattern of all ids of the service and its description; empty if unknown.
    :param creation_time: key of an object with the time of its creation; of two equal objects the older one is kept.
    :param server_keys: further keys of an object that the service sets and that cannot be copied to a new object.
    """

    name: str
    title: str
    connection: type[Model]
    url: t.Callable[[t.Any], str]
    pages: t.Callable[[Page, str, ListQuery], list[ApiObject]]
    encode: t.Callable[[ApiObject], dict[str, object]]
    error_message: t.Callable[[object], str]
    auth_error_statuses: frozenset[int]
    key_hint: str
    key_form: t.Callable[[str], str] = lambda _key: ""
    id_form: tuple[str, str] = ("", "")
    creation_time: str = ""
    server_keys: tuple[str, ...] = ()

    def check_id(self, value: str) -> None:
        """Check the form of an id.

        :param value: the id. :raises OptionError: if it cannot be an id of this service.
        """
        pattern, called = self.id_form
        if pattern and not re.fullmatch(pattern, value, re.IGNORECASE):
            rule = f"must be {called}, like all ids of {self.title}; leave it out to find the object by its name."
            raise OptionError("", rule, value)

    def __repr__(self) -> str:
        return f"Provider({self.name})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mutation:
    """A request that changes something.

    :param path: a template, filled with ``ids``. :param creates: whether the response is the created object.
    :param deletes_id: id of the object that the request deletes.
    :param has_follow_up: whether further requests follow after the object is read back.
    :param missing_ok: whether a 404 means success. :param optional_token: a token: if the service rejects the request,
        the engine
        stores the token for the next plan instead of failing; it also stores the tokens of successful requests.
    :param effect: what the request changes, if its ids or its body are not known before the run: a row that the run
        appends, or a body that repeats current values. An approved plan contains it instead of them.
    """

    method: str
    path: str
    ids: dict[str, str] = dataclasses.field(default_factory=dict)
    body: ApiObject | None = None
    params: dict[str, str] | None = None
    creates: bool = False
    deletes_id: str | None = None
    has_follow_up: bool = False
    missing_ok: bool = False
    optional_token: Identity | None = None
    effect: tuple[t.Hashable, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Referrer:
    """A kind of object that may refer to objects of this resource.

    :param path: the list of the referrers. :param path_to_id: dotted path of the id in a referrer; lists are searched.
    :param label: keys with the name of a referrer; the first that is set is used. :param title: plural, for messages.
    :param required_fields: keys of a referrer that each update of it must include.
    :param detach_on_delete: whether ``absent`` removes the references first; otherwise it is rejected while there are
        any.
    :param update_method: method of an update of a referrer.
    """

    path: str
    path_to_id: str
    title: str
    label: tuple[str, ...] = ("name", "id")
    required_fields: tuple[str, ...] = ()
    detach_on_delete: bool = False
    update_method: str = "PATCH"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ApiForm:
    """The form of an API's lists, responses and requests.

    :param unwrap_list: extracts the list from a response that is not a list; ``unwrap`` extracts the object from a
        response; ``wrap`` creates the request body.
    :param required_keys: required keys of each listed row. :param reduce: listed row -> the parts of it to keep while
        the list is read. :param page_size: rows per page of its list. :param numbered_pages: whether the list accepts
        the index of a page.
    """

    unwrap_list: t.Callable[[ApiObject], object] | None = None
    unwrap: t.Callable[[ApiObject], object] = lambda answer: answer
    wrap: t.Callable[[ApiObject], ApiObject] = lambda body: body
    required_keys: tuple[str, ...] = ("id",)
    reduce: t.Callable[[ApiObject], ApiObject] | None = None
    page_size: int | None = None
    numbered_pages: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class InfoView:
    """What modules return of an object, and how an info module reads it.

    :param to_result: ``(row, options)`` -> the item, if it differs from the record. :param filters: options of the info
        module besides the identifying ones. :param query: ``(filters, id)`` -> the list query of an info module.
    :param explain_refusal: ``(error, now)`` -> a sentence and return values for a query that the service rejected;
        ``None`` if there is nothing to add.
    :param enrichment: data of another service. :param enrich: ``(list_objects, items)`` -> the items with data from
        other lists of the service. :param single: whether there is exactly one object.
    """

    to_result: t.Callable[[ApiObject, t.Any], Result] | None = None
    filters: type[Model] = Model
    query: t.Callable[[t.Any, str], ListQuery] | None = None
    explain_refusal: t.Callable[[Exception, datetime.datetime], tuple[str, Result] | None] | None = None
    enrichment: Enrichment | None = None
    enrich: t.Callable[[t.Callable[[Resource], list[ApiObject]], list[Result]], list[Result]] | None = None
    single: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class BaseResource(t.Generic[RecordT, OptionsT]):
    """One kind of object. A kind that is only read or referred to needs no more than this.

    :param name: return key; ``plural`` that of lists. :param title: its name in messages.
    :param path: the collection's path, may contain ``{option}`` of the record.
    :param record: its fields. :param options: options besides the fields (state and others).
    :param keys: options that identify it; the first one given is used. :param normalize_key: normalizes a key.
    :param by_id: whether the option ``id`` identifies an object.
    :param constants: constants of the API's form: they filter lists and are part of each request body.
    :param read_only_fields: read-only attributes of a response, snake_case.
    :param choices: mutually exclusive options: giving one clears the others.
    :param validators: validators of the input, without requests: ``(record, options)``; raise ``OptionError`` or return
        a warning.
    :param fetch_details: ``(client, row)`` -> row with details that require further reads.
    :param api: the form of requests and responses. :param view: what modules return.
    """

    provider: Provider
    name: str
    plural: str
    title: str
    path: str
    record: type[RecordT]
    options: type[OptionsT]
    keys: tuple[str, ...] = ("name",)
    normalize_key: t.Callable[[str], str] = str
    by_id: bool = True
    constants: ApiObject = dataclasses.field(default_factory=dict)
    read_only_fields: tuple[str, ...] = ("created_at", "updated_at")
    choices: tuple[str, ...] = ()
    validators: tuple[t.Callable[[RecordT, OptionsT], str | None], ...] = ()
    fetch_details: t.Callable[[Client, ApiObject], ApiObject] | None = None
    api: ApiForm = dataclasses.field(default_factory=ApiForm)
    view: InfoView = dataclasses.field(default_factory=InfoView)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"  # without its functions, which have no readable text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Update(t.Generic[OptionsT]):
    """How an object is changed.

    :param method: method of an update. :param path: path of one object, if it is not that of the list with the id; its
        ``{names}`` are keys of a row.
    :param mutations: the requests if one is not enough: ``(resource, row, changed_fields, current_body, desired_body)``
        -> requests, all in the API's form.
    :param warnings: ``(current, after)`` -> warnings about a change.
    :param check_effect: ``(client, id)`` -> warnings about an object whose update may have no effect; only reads.
    :param rewrites_secrets: options -> whether secrets are sent although no other field changes.
    """

    method: str = "PATCH"
    path: str = ""
    mutations: t.Callable[..., tuple[Mutation, ...]] | None = None
    warnings: t.Callable[..., t.Sequence[str]] | None = None
    check_effect: t.Callable[[Client, str], tuple[str, ...]] | None = None
    rewrites_secrets: t.Callable[[OptionsT], bool] = lambda _options: False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replacement(t.Generic[OptionsT]):
    """How an object is replaced by a new one, where an update of one of its fields may have no effect.

    :param field: the API field whose change creates a new object. :param requested: options -> whether it may do so.
    :param template_option: the option with the id of an object whose settings a new one gets.
    """

    field: str
    requested: t.Callable[[OptionsT], bool]
    template_option: str


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class KeyedResource(BaseResource[RecordT, OptionsT]):
    """Objects that are identified by a key and can be created, changed and deleted.

    :param plan_validators: validators of the resulting state, before the first request: ``(after, options)``; raise
        ``OptionError``.
    :param resolve_desired: ``(desired, current, options)`` -> desired state, for options that depend on the current
        state.
    :param update: how it is changed. :param referrers: the kinds of objects that may refer to it.
    :param force_option: the option that deletes an object to which others refer.
    :param exclusive_by: option that limits ``exclusive`` in the bulk module.
    :param replacement: how it is replaced by a new one.
    """

    plan_validators: tuple[t.Callable[[RecordT, OptionsT], None], ...] = ()
    resolve_desired: t.Callable[[RecordT, RecordT | None, OptionsT], RecordT] | None = None
    update: Update[OptionsT] = dataclasses.field(default_factory=Update)
    referrers: tuple[Referrer, ...] = ()
    force_option: str = ""
    exclusive_by: str | None = None
    replacement: Replacement[OptionsT] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ordered(t.Generic[RecordT, OptionsT]):
    """The functions of an ordered list.

    :param row_title: a row in messages. :param list_key: return key of the rows. :param diff_fields: fields of a row
        that a diff shows; the first one is its address. :param row_fields: those that ``changes`` contains for each
        row of the list; the first one is its address. :param without_active: the effect of a list without an active
        row. :param not_found: the meaning of a 404 on the list.
    :param entries: raw rows -> entries in their effective order. :param target: ``(record, options)`` -> the desired
        state. :param unique_keys: ``(record, options)`` -> keys that must be unique among the items of one task.
    :param to_mutation: ``(record, step)`` -> request. :param to_result: ``(entry, entries, target, record, options)``
        -> the object and further return values.
    :param find_undeclared: ``(reader, desired_objects, scope)`` -> the undeclared rows, as objects to delete.
    """

    row_title: str
    list_key: str
    diff_fields: tuple[str, ...]
    row_fields: tuple[str, ...]
    without_active: str
    not_found: str
    entries: t.Callable[[list[ApiObject]], list[Entry]]
    target: t.Callable[[RecordT, OptionsT], Target]
    unique_keys: t.Callable[[RecordT, OptionsT], tuple[t.Hashable, ...]]
    to_mutation: t.Callable[[RecordT, Step], Mutation]
    to_result: t.Callable[[Entry | None, list[Entry], Target, RecordT, OptionsT], tuple[Result, Result]]
    find_undeclared: t.Callable[[Reader, list[Desired], Params], list[Desired]]


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class OrderedResource(BaseResource[RecordT, OptionsT]):
    """Rows of a list whose order matters.

    :param ordered: the functions of the list.
    """

    ordered: Ordered[RecordT, OptionsT]


@dataclasses.dataclass(frozen=True, kw_only=True)
class OneShot(t.Generic[RecordT, OptionsT]):
    """A one-shot operation, such as a phone call: it cannot be undone, and its request is sent at most once.

    :param is_same: ``(row, record)`` -> whether a request for this record created the row.
    :param same_group: the same for all rows that ``absent`` cancels.
    :param check_conflict: ``(rows, record)``: raises ``OptionError`` if another object conflicts with the record.
    :param needs_lookup: ``(record, options)`` -> whether an earlier run may have started it.
    :param window: ``(now, record)`` -> the query for a row that was created a moment ago.
    :param earlier: the queries for rows that an earlier run may have created; ``None`` uses ``window``.
    :param too_many: what to do if these lists are too long to be read.
    :param counts: ``(row, now)`` -> whether a row still counts as the operation of its record.
    :param fetch_details: ``(get, row)`` -> the row with the details that ``check_matches`` compares; not called for
        ``absent``.
    :param check_matches: ``(row, record)``: raises ``OptionError`` if an existing row differs from the record; may
        return a
        warning.
    :param preflight: ``(rows, record, now)`` -> warnings; a preflight check, also in check mode: reads lists with
        ``rows(resource)`` and raises ``OptionError`` if the operation would fail.
    :param check_response: ``(answer, record)`` -> a warning if the response differs from the request.
    :param rival: ``(row, record)`` -> whether another run may have created the row at the same time; of all such rows
        the first is kept, and the others are cancelled. :param age: a row -> its sort key for this order.
    :param void: whether a row was cancelled, so that another row counts instead.
    :param is_finished: whether a row has ended. :param cancel: a row -> the request that cancels it, for ``absent``.
    :param to_display: a record -> its form in a diff.
    :param hint: what to do if it is unknown whether the request was processed.
    """

    is_same: t.Callable[[ApiObject, RecordT], bool]
    needs_lookup: t.Callable[[RecordT, OptionsT], bool]
    window: t.Callable[[datetime.datetime, RecordT], ListQuery]
    preflight: t.Callable[[t.Callable[[Resource], list[ApiObject]], RecordT, datetime.datetime], tuple[str, ...]]
    to_display: t.Callable[[RecordT], Result]
    hint: str
    same_group: t.Callable[[ApiObject, RecordT], bool] | None = None
    earlier: t.Callable[[datetime.datetime, RecordT], tuple[ListQuery, ...]] | None = None
    too_many: str = ""
    counts: t.Callable[[ApiObject, datetime.datetime], bool] = lambda _row, _now: True
    rival: t.Callable[[ApiObject, RecordT], bool] | None = None
    age: t.Callable[[ApiObject], tuple[str, ...]] = lambda _row: ()
    void: t.Callable[[ApiObject], bool] = lambda _row: False
    check_conflict: t.Callable[[list[ApiObject], RecordT], None] = lambda _rows, _record: None
    is_finished: t.Callable[[ApiObject], bool] = lambda _row: False
    check_matches: t.Callable[[ApiObject, RecordT], str | None] = lambda _row, _record: None
    fetch_details: t.Callable[[t.Callable[..., object], ApiObject], ApiObject] = lambda _get, row: row
    check_response: t.Callable[[ApiObject, RecordT], str | None] = lambda _row, _record: None
    cancel: t.Callable[[ApiObject], Mutation] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Batches:
    """The objects of one task, for a resource that creates several objects from its options.

    :param records: at least one. :param summary: further return values for ``gather``. :param warnings: warnings.
    """

    records: t.Sequence[Model]
    summary: Result = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class OneShotResource(BaseResource[RecordT, OptionsT]):
    """Operations that are started once: an object is an event and not a state.

    :param one_shot: the functions of the operation.
    :param expand: ``(record, options)`` -> the objects that the options of one task declare. :param merge_results:
        ``(results, facts)`` -> their combined result.
    """

    one_shot: OneShot[RecordT, OptionsT]
    expand: t.Callable[[RecordT, OptionsT], Batches] | None = None
    merge_results: t.Callable[[list[Result], Result], Result] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Enrichment:
    """Data of another service about the same objects, read by an info module if that service's key is given.

    :param resource: the kind to list. :param query: items -> the list query for related rows.
    :param join: ``(items, rows)`` -> items with the other service's data.
    """

    resource: Resource
    query: t.Callable[[list[ApiObject]], ListQuery]
    join: t.Callable[[list[ApiObject], list[ApiObject]], list[ApiObject]]


#: A kind of object where the classes of its fields and options do not matter.
Resource = BaseResource[t.Any, t.Any]
AnyKeyedResource = KeyedResource[t.Any, t.Any]
AnyOrderedResource = OrderedResource[t.Any, t.Any]
AnyOneShotResource = OneShotResource[t.Any, t.Any]
