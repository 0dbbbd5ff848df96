# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""didlogic's HTTP API: base URL, pagination, error format."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import ListQuery, Page, Provider
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import check_key

PAGE = 1000


class Connection(Model):
    api_key: t.Annotated[
        str | None,
        Option(required=True, secret=True, normalize=str.strip, check=check_key, fallback=("DIDLOGIC_API_KEY",)),
    ] = None
    api_url: t.Annotated[str, Option(fallback=("DIDLOGIC_API_URL",))] = "https://app.didlogic.com/api"


def pages(page: Page, path: str, query: ListQuery) -> list[ApiObject]:
    """The rows of a list.

    Clients use two spellings of the page count, so the end is detected by a short page. Lists without pages ignore the
    parameters and return all rows for each page.
    """
    found: list[dict[str, object]] = []
    size = min(query.page_size or PAGE, query.limit or PAGE)
    for number in range(1, 10_000):
        rows = page(path, {**query.params, "page": number, "per_page": size})
        known = {_text_of(row) for row in found[-len(rows) :]} if rows else set()
        new = [row for row in rows if _text_of(row) not in known]
        found += new
        if not new or (len(rows) < size and len(rows) % 100) or (query.limit and len(found) >= query.limit):
            break
    return found[: query.limit]


def _text_of(row: ApiObject) -> str:
    return json.dumps(row, sort_keys=True, default=str)


def encode(body: dict[str, object]) -> dict[str, object]:
    """Form fields with bracketed keys, as all known clients send them; booleans as 1 and 0."""
    return {"data": dict(_flat(body, ""))}


def _flat(value: object, key: str) -> t.Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(item, f"{key}[{name}]" if key else name)
    elif isinstance(value, bool):
        yield key, str(int(value))
    else:
        yield key, "" if value is None else str(value)


def key_form(key: str) -> str:
    """A hint at the probable error in a rejected key. Inferred: no key of didlogic is known to be a UUID."""
    uuid = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", key, re.IGNORECASE)
    return "It is a UUID, the form of a Vapi key; the two keys may be swapped." if uuid else ""


def error_message(answer: object) -> str:
    """The error message in any of the known forms: a text, a list of texts, or such lists by field in ``errors``."""
    key = ""
    for _depth in range(3):
        if isinstance(answer, dict):
            outer, key = key, next((name for name in ("error", "message", "errors") if answer.get(name)), "")
            answer = answer[key] if key else list(_by_field(answer)) if outer == "errors" else None
    if isinstance(answer, list):
        answer = "; ".join(item for item in answer if isinstance(item, str))
    return answer[:500].rstrip(".") if isinstance(answer, str) else ""


def _by_field(answer: dict[str, object]) -> t.Iterator[str]:
    """The texts of errors by field, with the name of the field unless they begin with it."""
    for field, found in answer.items():
        for text in found if isinstance(found, list) else [found]:
            if isinstance(text, str):
                yield text if text.lower().startswith(field.lower()) else f"{field} {text}"


DIDLOGIC = Provider(
    name="didlogic",
    title="didlogic",
    connection=Connection,
    url=lambda connection: connection.api_url,
    pages=pages,
    encode=encode,
    error_message=error_message,
    auth_error_statuses=frozenset({401, 403}),
    creation_time="created_at",
    key_form=key_form,
    key_hint="Give the token that didlogic's account manager issued as {api_key}.",
)
