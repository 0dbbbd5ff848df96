# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vapi's API: one engine for all resources, which are defined in the vapi_*.py files."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import schema, variants
from .auth import bearer_matches
from .clock import parse
from .schema import Reader, is_uuid
from .world import Item, World

INVALID_KEY = "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa."

_DATES = tuple(f"{name}{op}" for name in ("createdAt", "updatedAt") for op in ("Gt", "Lt", "Ge", "Le"))
_COMPARE: dict[str, Callable[[datetime, datetime], bool]] = {
    "Gt": lambda a, b: a > b,
    "Lt": lambda a, b: a < b,
    "Ge": lambda a, b: a >= b,
    "Le": lambda a, b: a <= b,
}


class VapiError(Exception):
    """A response in the form of NestJS. ``error`` is the reason phrase unless the API documents another text."""

    def __init__(self, status: int, message: str | list[str], error: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.answer = JSONResponse(
            {"message": message, "error": error or HTTPStatus(status).phrase, "statusCode": status, **more}, status
        )


def bad_request(message: str | list[str]) -> VapiError:
    """The default error response."""
    return VapiError(400, message)


# A check gets the world, the given fields and the object as it would be stored; it raises VapiError.
Check = Callable[[World, Item, Item], None]

# Converts an object to a response; the query of a GET may change it.
Renderer = Callable[[World, Item, Mapping[str, str]], Item]


def without_password(_world: World, item: Item, _query: Mapping[str, str]) -> Item:
    """An object without the trunk's password."""
    plan = item.get("outboundAuthenticationPlan")
    if not plan:
        return item
    return {**item, "outboundAuthenticationPlan": {key: value for key, value in plan.items() if key != "authPassword"}}


@dataclass(frozen=True)
class Resource:
    """A resource of Vapi's API: its path, its schemas and its checks.

    ``create`` and ``update`` are the schemas of the bodies, see schema.py. A resource without ``create`` accepts any
    object without a check.
    """

    path: str
    store: str
    create: str | None = None
    update: str | None = None  # by default ``create`` without required fields
    tag: str | None = None  # the field with the kind of an object; it never changes
    kinds: Mapping[str, str] | None = None  # value of the tag → the schema to create that kind
    read_only: Item | None = None  # fields of responses only, besides ids and times
    checks: tuple[Check, ...] = ()
    users: Callable[[World, str], Iterable[str]] | None = None  # the referrers of an object, for refuse_delete_in_use
    in_use: str | None = None  # the documented text of that error
    filters: Mapping[str, str] | None = None  # query parameter → field that it must equal, or be among several
    queries: tuple[str, ...] = ()  # query parameters of lists that are not in the facts
    paged: bool = False  # lists come as pages with metadata instead of a bare array
    check_query: Callable[[World, Mapping[str, str]], None] | None = None  # rejects a list by its query
    items: Callable[[World], list[Item]] | None = None  # the content of a list, oldest first; by default the store
    find: Callable[[World, str], Item | None] | None = None  # one of these by its id
    render: Renderer = without_password
    read: Renderer | None = None  # the same for GET, if that differs
    gate: Callable[[World], None] | None = None  # rejects requests of an organisation without access
    on_create: Callable[[World, Item, Item], Item] | None = None  # (sent, stored) -> response
    on_update: Check | None = None
    on_delete: Check | None = None  # replaces the removal of the object by DELETE
    delete: str | None = None  # the schema of the optional body of DELETE
    above: Mapping[str, Callable[[World, Request], Response]] | None = (
        None  # GETs of the collection, besides its objects
    )
    below: Mapping[str, Callable[[World, Item, Request], Response]] | None = None  # GETs under one object
    methods: tuple[str, ...] = ("GET", "POST", "PATCH", "DELETE")
    post_status: int = 201

    def schema(self, item: Item, update: bool) -> str | None:
        """The schema of a body; the tag of ``item`` selects one of several."""
        if self.kinds and self.tag:
            return self.kinds.get(item.get(self.tag, ""))
        return self.update if update and self.update else self.create

    def response(self, world: World, item: Item, query: Mapping[str, str], render: Renderer | None = None) -> Item:
        """An object in a response, with what switches change in it.

        :param query: the query of the request. :param render: a renderer in place of that of the resource.
        """
        rendered = (render or self.render)(world, item, query)
        name = self.schema(item, update=False)
        return variants.in_response(world, self.store, item, rendered, schema.properties(name) if name else ())

    def known_queries(self) -> set[str]:
        """The query parameters that a list accepts."""
        return {*schema.QUERIES.get(self.path, ()), *(self.filters or ()), *self.queries}


# --- the engine

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(world: World, resources: Iterable[Resource]) -> list[Route]:
    """The routes of all resources, and of the paged list of phone numbers."""
    found = [Route("/v2/phone-number", _guarded(world, partial(search_numbers, world)), methods=["GET"])]
    # The longest path first, so that the other GETs of a collection are not taken as ids.
    for resource in sorted(resources, key=lambda resource: -resource.path.count("/")):
        one = f"{resource.path}/{{id}}"
        for name, answer_above in (resource.above or {}).items():
            act_above = partial(get_above, world, answer_above)
            path = f"{resource.path}/{name}"
            found.append(Route(path, _guarded(world, act_above, resource.gate), methods=["GET"]))
        for path, method, act in (
            (resource.path, "GET", list_items),
            (resource.path, "POST", create_item),
            (one, "GET", get_item),
            (one, "PATCH", update_item),
            (one, "DELETE", delete_item),
        ):
            if method in resource.methods:
                act_here = partial(act, world, resource)
                found.append(Route(path, _guarded(world, act_here, resource.gate), methods=[method]))
        for name, answer in (resource.below or {}).items():
            act_below = partial(get_below, world, resource, answer)
            found.append(Route(f"{one}/{name}", _guarded(world, act_below, resource.gate), methods=["GET"]))
    return found


def _guarded(world: World, act: Endpoint, gate: Callable[[World], None] | None = None) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if not bearer_matches(request, world.vapi_api_key):
            return VapiError(401, INVALID_KEY).answer
        try:
            if gate:
                gate(world)
            return await act(request)
        except VapiError as refusal:
            return refusal.answer

    return endpoint


async def list_items(world: World, resource: Resource, request: Request) -> Response:
    """GET of a collection, newest first."""
    query = query_of(request, resource.known_queries() if resource.create or resource.kinds else None)
    if resource.check_query:
        resource.check_query(world, query)
    expected = {
        field: {word for given in request.query_params.getlist(name) for word in given.split(",")}
        for name, field in (resource.filters or {}).items()
        if name in query
    }
    held = world.listed(resource.items(world) if resource.items else list(world.vapi[resource.store].values()))
    items = [
        item for item in _by_date(world, held, query) if all(item.get(field) in few for field, few in expected.items())
    ]

    def response(item: Item) -> Item:
        return resource.response(world, item, query, resource.read)

    return JSONResponse(
        _page(items, query, response) if resource.paged else list(map(response, items[: _limit(query)]))
    )


async def search_numbers(world: World, request: Request) -> Response:
    """GET /v2/phone-number: pages, and a search over name and number."""
    query = query_of(request, {"limit", "page", "search", "sortOrder", "sortBy", *_DATES})
    word = query.get("search", "").lower()
    items = [
        item
        for item in _by_date(world, list(world.vapi["phone_numbers"].values()), query)
        if any(word in str(item.get(field, "")).lower() for field in ("name", "number", "sipUri"))
    ]
    return JSONResponse(_page(items, query, lambda item: without_password(world, item, query)))


async def get_item(world: World, resource: Resource, request: Request) -> Response:
    """GET of one object."""
    item, query = _find(world, resource, request), dict(request.query_params)
    return JSONResponse(resource.response(world, item, query, resource.read))


async def get_above(world: World, answer: Callable[[World, Request], Response], request: Request) -> Response:
    """GET of a collection's path that is not one of its objects."""
    return answer(world, request)


async def get_below(
    world: World, resource: Resource, answer: Callable[[World, Item, Request], Response], request: Request
) -> Response:
    """GET of a part of an object."""
    return answer(world, _find(world, resource, request), request)


async def create_item(world: World, resource: Resource, request: Request) -> Response:
    """POST of a new object."""
    sent = variants.rewritten(world, await _body(request))
    sent = _check_fields(world, resource, sent, sent, update=False)
    sent = {name: value for name, value in sent.items() if value is not None}
    now = world.timestamp()
    stored = {
        **sent,
        "id": str(uuid.uuid4()),
        "orgId": world.org_id,
        "createdAt": now,
        "updatedAt": now,
        **(resource.read_only or {}),
    }
    for check in resource.checks:
        check(world, sent, stored)
    if resource.on_create:
        return JSONResponse(resource.on_create(world, sent, stored), resource.post_status)
    world.vapi[resource.store][stored["id"]] = stored
    world.created(stored)
    return JSONResponse(resource.response(world, stored, {}), resource.post_status)


async def update_item(world: World, resource: Resource, request: Request) -> Response:
    """PATCH: each given field replaces the whole field; null clears it."""
    item = _find(world, resource, request)
    sent = await _body(request)
    if resource.tag and sent.get(resource.tag, item.get(resource.tag)) != item.get(resource.tag):
        raise bad_request(f"{resource.tag} cannot be changed")
    _refuse(variants.faults_of_update(world, resource.store, sent, item))
    sent = variants.merged(world, resource.store, sent, item)
    sent = _check_fields(world, resource, sent, item, update=True)
    stored = {name: value for name, value in {**item, **sent}.items() if value is not None}
    for check in resource.checks:
        check(world, sent, stored)
    if resource.on_update:
        resource.on_update(world, sent, stored)
    stored["updatedAt"] = world.timestamp()
    item.clear()
    item.update(stored)
    return JSONResponse(resource.response(world, item, {}))


async def delete_item(world: World, resource: Resource, request: Request) -> Response:
    """DELETE returns the deleted object."""
    item = _find(world, resource, request)
    users = list(resource.users(world, item["id"])) if resource.users else []
    if users and world.settings["refuse_delete_in_use"]:
        raise VapiError(409, f"{item['id']} is used by {', '.join(users)}", resource.in_use)
    sent: Item = {}
    if resource.delete is not None and await request.body():
        sent = await _body(request)
        _refuse(list(_reader(world).body(sent, resource.delete)))
    if resource.on_delete:
        resource.on_delete(world, sent, item)
    else:
        del world.vapi[resource.store][item["id"]]
        variants.clear_references(world, item["id"])
    return JSONResponse(resource.response(world, item, {}))


def _find(world: World, resource: Resource, request: Request) -> Item:
    item_id = request.path_params["id"]
    if not is_uuid(item_id):
        raise bad_request(["id must be a UUID"])
    item = resource.find(world, item_id) if resource.find else world.vapi[resource.store].get(item_id)
    if item is None:
        raise VapiError(404, f"{resource.path.split('/')[-1].replace('-', ' ').capitalize()} {item_id} not found")
    return item


async def _body(request: Request) -> Item:
    """The object in the body. Without content a client may send neither a body nor its type."""
    content, kind = await request.body(), request.headers.get("content-type", "").partition(";")[0].strip()
    if not content and not kind:
        return {}
    if kind == "multipart/form-data":
        raise bad_request("Multipart: the sandbox does not accept files")
    if kind != "application/json":
        raise bad_request("Content-Type must be application/json")
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        raise bad_request("Unexpected token in JSON body") from None
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object")
    return body


def _reader(world: World) -> Reader:
    return Reader(strict=world.settings["strict_assistants"], legacy=world.settings["accept_legacy_fields"])


def _refuse(found: list[str]) -> None:
    if found:
        raise bad_request(found)


def _check_fields(world: World, resource: Resource, sent: Item, item: Item, update: bool) -> Item:
    """Check all fields, first the tag, because the others depend on it. Returns the fields that are accepted."""
    if resource.tag and resource.kinds:
        if not isinstance(item.get(resource.tag), str):
            raise bad_request([f"{resource.tag} must be a string"])
        if item[resource.tag] not in resource.kinds and not update:
            raise bad_request(
                [f"{resource.tag} must be one of the following values: {', '.join(sorted(resource.kinds))}"]
            )
    name, required = resource.schema(item, update), resource.schema(item, False)
    if name is None or required is None:
        return sent
    # A null is no value: valid in an optional field, and missing in a required one.
    needed = schema.SCHEMAS[required].get("required", ())
    given = {field: value for field, value in sent.items() if value is not None or field in needed}
    unknown = {field: value for field, value in sent.items() if field not in schema.properties(name)}
    found = _reader(world).body({**given, **unknown}, name, partial=update and resource.update is None)
    ignores = world.settings["ignore_unknown_fields"]
    _refuse([fault for fault in found if not (ignores and fault.endswith(schema.UNKNOWN))])
    return variants.accepted(world, sent, [*schema.properties(name), *schema.LEGACY])


# --- queries


def query_of(request: Request, known: set[str] | None) -> dict[str, str]:
    """The query of a request; unknown parameters are rejected. Without ``known`` it is not read."""
    query = dict(request.query_params)
    unknown = [f"property {name} should not exist" for name in query if known is not None and name not in known]
    if unknown:
        raise bad_request(unknown)
    return query


def _limit(query: Mapping[str, str]) -> int:
    return integer(query, "limit", 100, 0, 1000)


def integer(query: Mapping[str, str], name: str, default: int, low: int, high: int | None = None) -> int:
    """A number in a query."""
    given = query.get(name, str(default))
    if not re.fullmatch(r"-?[0-9]+", given):
        raise bad_request([f"{name} must be a number conforming to the specified constraints"])
    if int(given) < low:
        raise bad_request([f"{name} must not be less than {low}"])
    if high is not None and int(given) > high:
        raise bad_request([f"{name} must not be greater than {high}"])
    return int(given)


def moment(text: str, name: str) -> datetime:
    """A time in a query or a body."""
    try:
        return parse(text)
    except ValueError:
        raise bad_request([f"{name} must be a valid ISO 8601 date string"]) from None


def _by_date(world: World, items: list[Item], query: Mapping[str, str]) -> list[Item]:
    """The objects that match the date filters, newest first; those of one millisecond in any order."""
    items.reverse()
    for name in _DATES:
        if name in query:
            exclusive = world.settings["exclusive_dates"]
            word = name[-2:].replace("e", "t") if exclusive else name[-2:]
            field, compare, bound = name[:-2], _COMPARE[word], moment(query[name], name)
            items = [item for item in items if compare(moment(item[field], field), bound)]
    return sorted(items, key=lambda item: str(item["createdAt"]), reverse=True)


def _page(items: list[Item], query: Mapping[str, str], render: Callable[[Item], Item]) -> Item:
    limit = _limit(query)
    page, order = integer(query, "page", 1, 1), query.get("sortOrder", "DESC")
    if order not in {"ASC", "DESC"}:
        raise bad_request(["sortOrder must be one of the following values: ASC, DESC"])
    if order == "ASC":
        items.reverse()
    return page_of(items, limit, page, render, {"sortOrder": order})


def page_of(items: list[Any], limit: int, page: int, render: Callable[[Any], Item], more: Item) -> Item:
    """One page of a list, with Vapi's metadata."""
    pages = -(-len(items) // limit) if limit else 0
    return {
        "results": [render(item) for item in items[(page - 1) * limit : page * limit]],
        "metadata": {
            "itemsPerPage": limit,
            "totalItems": len(items),
            "currentPage": page,
            "totalPages": pages,
            "hasNextPage": page < pages,
            **more,
        },
    }
