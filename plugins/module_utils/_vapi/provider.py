# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vapi's HTTP API: base URL, pagination, error format."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import math
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ResponseTooLargeError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import ListQuery, Page, Provider
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import check_key

API = {"us": "https://api.vapi.ai", "eu": "https://api.eu.vapi.ai"}

#: Source addresses of Vapi's calls. A third address in the US is reported by users and not confirmed by Vapi.
SIGNALLING = {"us": ("44.229.228.186", "44.238.177.138"), "eu": ("63.182.83.170",)}

PAGE = 1000

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Connection(Model):
    api_key: t.Annotated[
        str | None,
        Option(
            required=True, secret=True, normalize=str.strip, check=check_key, fallback=("VAPI_API_KEY", "VAPI_TOKEN")
        ),
    ] = None
    region: t.Annotated[t.Literal["us", "eu"], Option(fallback=("VAPI_REGION",))] = "us"
    api_url: t.Annotated[str | None, Option(fallback=("VAPI_API_URL",))] = None


def pages(page: Page, path: str, query: ListQuery) -> list[ApiObject]:
    """The objects of a list, the newest first.

    Vapi returns the newest ``limit`` objects (100 by default, 1000 at most) and no total. Further ones are requested
    up to and including the oldest creation time, because several objects may share it. If the service excludes that
    time, the object that was last is missing, and the page is requested again up to a millisecond later.
    """
    found: dict[str, dict[str, object]] = {}
    before: dict[str, ApiObject] = {}
    cursor: dict[str, object] = {}
    oldest, exclusive = "", False
    size = min(query.page_size or PAGE, query.limit or PAGE)
    while True:
        try:
            rows = page(path, {**query.params, "limit": size, **cursor})
        except ResponseTooLargeError:
            # Each page begins with the last row of the previous page, so paging by time needs at least two rows.
            if size <= 2 and query.numbered_pages:
                return _by_number(page, path, {**query.params, **cursor}, found, query.limit)
            if size <= 2:
                raise
            size = max(2, size // 2)
            continue
        if cursor and not exclusive and _is_bound_excluded(before, rows):
            exclusive = True
            cursor = _up_to(oldest, exclusive=True)
            continue
        # Only the rows of the previous page can be repeated, as each page begins with its oldest creation time.
        new, before = _without(before, rows), _without({}, rows)
        found |= dict(filter(lambda item: query.matches(item[1]), new.items()))
        repeated = bool(cursor) and not new
        if _is_last(rows, size, repeated=repeated) or len(found) >= (query.limit or math.inf):
            return list(found.values())[: query.limit or None]
        oldest = min(str(row.get("createdAt", "")) for row in rows)
        if not oldest or repeated:
            raise UnreachableError(
                f"Vapi's list GET {path} cannot be read completely: {len(rows)} objects have the same creation time. "
                "The response was ignored."
            )
        cursor = _up_to(oldest, exclusive=exclusive)


def _up_to(moment: str, *, exclusive: bool) -> dict[str, object]:
    """The filter for rows up to a time of the service, that time included.

    :param moment: the time. :param exclusive: whether the service excludes the time itself; then it is that of a
        millisecond later.
    """
    if exclusive:
        with contextlib.suppress(ValueError):
            later = datetime.datetime.fromisoformat(moment) + datetime.timedelta(milliseconds=1)
            moment = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"createdAtLe": moment}


def _is_bound_excluded(before: t.Container[str], rows: list[ApiObject]) -> bool:
    """Whether a page lacks the row whose time is its bound: none of its rows was on the page before."""
    return not any(str(row.get("id")) in before for row in rows)


def _without(before: dict[str, ApiObject], rows: list[ApiObject]) -> dict[str, ApiObject]:
    """The rows by id, without those of the page before."""
    return {key: row for row in rows if (key := str(row.get("id"))) not in before}


def _is_last(rows: list[dict[str, t.Any]], size: int, *, repeated: bool) -> bool:
    """Whether a page is the last one.

    :param rows: its rows. :param size: the requested number of rows. :param repeated: whether it has no new row.
    """
    # A round number may be a limit lower than the requested one: then only a page without new rows is the last.
    full = len(rows) >= size or len(rows) % 100 == 0
    return not rows or not full or (repeated and len(rows) < size)


def _by_number(
    page: Page, path: str, params: dict[str, object], found: dict[str, dict[str, object]], most: int | None
) -> list[ApiObject]:
    """Read the rest of a list one row at a time, because two of its rows do not fit into one response.

    :param page: requests one page. :param path: the list.
    :param params: filters, with the creation time up to which rows are missing, so that new rows do not shift pages.
    :param found: the rows read so far, by id. :param most: the maximum number of rows. :return: all rows.
    :raises UnreachableError: if a row is returned twice, because another one may be missing.
    """
    seen: set[str] = set()
    for number in itertools.count(1):
        rows = page(path, {**params, "limit": 1, "page": number})
        if not rows or (most and len(found) >= most):
            break
        if any(str(row.get("id")) in seen for row in rows):
            raise UnreachableError(
                f"Vapi's list GET {path} changed while it was read. The response was ignored. Run the task again."
            )
        seen |= {str(row.get("id")) for row in rows}
        found |= {str(row.get("id")): row for row in rows}
    return list(found.values())[:most]


def key_form(key: str) -> str:
    """A hint at the probable error in a rejected key: private and public keys are UUIDs or JWTs."""
    if re.fullmatch(UUID, key, re.IGNORECASE):
        return "Vapi's public key has the same form as the private one, and a key is valid in one region only."
    if key.count(".") == 2:
        return ""
    return "A Vapi key is a UUID, but this one is not; it may be the key of another service."


def error_message(answer: object) -> str:
    """``{"message": <string or list>, "error": ...}``."""
    said = answer.get("message") if isinstance(answer, dict) else None
    parts = said if isinstance(said, list) else [said]
    return "; ".join(part for part in parts if isinstance(part, str))[:500].rstrip(".")


VAPI = Provider(
    name="vapi",
    title="Vapi",
    connection=Connection,
    url=lambda connection: connection.api_url or API[connection.region],
    pages=pages,
    encode=lambda body: {"json": body},
    error_message=error_message,
    auth_error_statuses=frozenset({401}),
    id_form=(UUID, "a UUID"),
    creation_time="createdAt",
    server_keys=("orgId",),
    key_form=key_form,
    key_hint="Give the organisation's private key as {api_key}, and its region as {region}.",
)
