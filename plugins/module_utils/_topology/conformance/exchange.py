# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and responses of a conformance check, and the steps that consist of them."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    ApiObject,
    as_object,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    NO,
    UNCLEAR,
    YES,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI

#: The names of the services.
VOICE, NUMBERS = VAPI.name, CARRIER.provider.name

#: How a body is encoded. An empty text is the usual encoding of the service.
Encoding = t.Literal["", "json", "multipart"]

#: Values of placeholders such as ``{trunk}`` in requests.
Context = dict[str, str]

OK = range(200, 300)

#: Statuses of a request that the service understood and rejected.
REJECTED = frozenset({400, 404, 405, 409, 415, 422})


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Parts:
    """The parts of a request.

    :param path: the path below the base URL, encoded. :param own_key: whether it has the user's key; otherwise a random
        one. :param accept: the header; empty for the usual one.
    """

    service: str
    method: str
    path: str
    params: ApiObject = dataclasses.field(default_factory=dict)
    body: ApiObject | None = None
    encoding: Encoding = ""
    accept: str = ""
    own_key: bool = True

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.method} {self.path}" + (f"?{query}" if query else "")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request(_Parts):
    """A request as it is sent."""


@dataclasses.dataclass(frozen=True)
class Response:
    """A response. ``body`` is the decoded JSON, ``None`` if it is none."""

    status: int
    content_type: str
    body: object

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return self.status in OK

    @property
    def fields(self) -> ApiObject:
        """The body as an object, without an envelope such as ``sipaccount``."""
        found = as_object(self.body)
        inner = list(found.values())
        return as_object(inner[0]) if len(inner) == 1 and isinstance(inner[0], dict) else found

    @property
    def rows(self) -> list[ApiObject]:
        """The rows of a list in any form: an array, or the only array of an object."""
        if isinstance(self.body, list):
            return objects_in(self.body)
        return next((objects_in(value) for value in as_object(self.body).values() if isinstance(value, list)), [])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call(_Parts):
    """A request of a step, with placeholders such as ``{trunk}``. It is left out if one of them is unknown.

    :param key: the name of its response in the step. :param save: the placeholder that receives the id of the object
        that it creates; also the kind of the object. :param each: the placeholder with several values, separated by
        spaces; one request is sent for each. :param until: the response after which it is not repeated.
    """

    key: str
    method: str = "GET"
    save: str = ""
    each: str = ""
    until: t.Callable[[Response, Context], bool] | None = None

    def requests(self, context: Context) -> list[Request]:
        """The requests with all placeholders replaced.

        :param context: their values. :return: the requests; empty if a placeholder is unknown.
        """
        contexts = [context]
        if self.each:
            contexts = [{**context, self.each: value} for value in context.get(self.each, "").split()]
        return [request for request in map(self._request, contexts) if request]

    def _request(self, context: Context) -> Request | None:
        quoted = {name: urllib.parse.quote(value, safe="") for name, value in context.items()}
        try:
            return Request(
                service=self.service,
                method=self.method,
                path=_filled(self.path, quoted),
                params=t.cast("ApiObject", _filled_value(self.params, context)),
                body=t.cast("ApiObject | None", _filled_value(self.body, context)),
                encoding=self.encoding,
                accept=self.accept,
                own_key=self.own_key,
            )
        except KeyError:
            return None


def _filled(text: str, context: Context) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: context[match[1]], text)


def _filled_value(value: object, context: Context) -> object:
    if isinstance(value, str):
        return _filled(value, context)
    if isinstance(value, dict):
        return {name: _filled_value(item, context) for name, item in value.items()}
    return [_filled_value(item, context) for item in value] if isinstance(value, list) else value


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a step found out about a question. ``value`` is the measured value of its switch."""

    question: str
    verdict: str
    evidence: str
    value: object = None


class Seen:
    """The responses of a step.

    :param context: the placeholders' values after the step. :param waited: seconds of repeated requests, by key.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.waited: dict[str, float] = {}
        self._found: dict[str, list[Response]] = {}

    def add(self, key: str, response: Response) -> None:
        """Add a response. :param key: that of its call. :param response: the response."""
        self._found.setdefault(key, []).append(response)

    def all(self, key: str) -> list[Response]:
        """All responses of a call. :param key: its key. :return: the responses; empty if it was not sent."""
        return self._found.get(key, [])

    def last(self, key: str) -> Response | None:
        """The last response of a call. :param key: its key. :return: the response, or ``None``."""
        return self._found[key][-1] if key in self._found else None

    def value(self, key: str, field: str) -> object:
        """A field of the last response. :param key: the key of the call. :param field: its name. :return: its value."""
        found = self.last(key)
        return found.fields.get(field) if found else None


Judge = t.Callable[[Seen], t.Iterable[Finding]]


@dataclasses.dataclass(frozen=True)
class Step:
    """A part of the check.

    :param name: its name. :param level: the lowest level at which it runs. :param calls: its requests.
    :param judge: responses -> findings. :param learn: responses -> values of further placeholders.
    """

    name: str
    level: str
    calls: tuple[Call, ...]
    judge: Judge
    learn: t.Callable[[Seen], Context] = lambda _seen: {}


def accepted(question: str, what: str, response: Response | None) -> Finding:
    """Yes if a request was accepted.

    :param question: the id. :param what: the request, for the evidence. :param response: the response.
    :return: the finding.
    """
    if response is None:
        return Finding(question, UNCLEAR, f"{what}: not sent")
    verdict = YES if response.ok else NO if response.status in REJECTED else UNCLEAR
    return Finding(question, verdict, f"{what}: {response.status}")


def rejected(question: str, what: str, response: Response | None) -> Finding:
    """Yes if a request was rejected.

    :param question: the id. :param what: the request, for the evidence. :param response: the response.
    :return: the finding.
    """
    found = accepted(question, what, response)
    return dataclasses.replace(found, verdict={YES: NO, NO: YES}.get(found.verdict, UNCLEAR))


def changed(question: str, what: str, response: Response | None, effective: bool) -> Finding:
    """Yes if a request was accepted and had its effect, no if it was rejected or had none.

    :param question: the id. :param what: the request, for the evidence. :param response: the response.
    :param effective: whether it had its effect. :return: the finding.
    """
    found = accepted(question, what, response)
    if found.verdict != YES or effective:
        return found
    return Finding(question, NO, f"{found.evidence}, without effect")


def decoded(content: bytes) -> object:
    """The JSON in a body. :param content: the body. :return: its value; ``None`` if it is no JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
