# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends the requests of a conformance check one at a time: only allowed ones, with a journal line around each write."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
import typing as t
import uuid

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import (
    Client,
    RawResponse,
    retry_after,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import allow
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    Request,
    Response,
    decoded,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.journal import (
    BY_NAME,
    KINDS,
    Journal,
)

#: Attempts to remove an object.
ATTEMPTS = 4

#: What may not appear in a report: numbers and logins, ids, and addresses of mail.
PRIVATE = re.compile(r"(?<![0-9])[0-9]{5,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w.+-]+@[\w.-]+", re.IGNORECASE)
MAX_PRIVATE = 500_000


class EndedEarly(Exception):
    """The check must end: the service has errors, or limits the rate."""


@dataclasses.dataclass
class Pace:
    """Seconds between two requests to a service, and when the last one was sent."""

    seconds: float
    last: float | None = None


class Sender:
    """Sends requests to both services.

    :param clients: the clients, by the names of the services. :param journal: the journal of the run.
    :param pace: seconds between two requests to a service, by its name.
    """

    def __init__(
        self,
        clients: dict[str, Client],
        journal: Journal,
        pace: dict[str, float],
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.clients, self.journal, self.clock = clients, journal, clock
        self._pace = {name: Pace(seconds) for name, seconds in pace.items()}
        self._errors = self._limited = 0
        self.lenient = False  # while objects are removed
        #: Texts of responses that a report must not contain.
        self.private: set[str] = set()
        #: Names of headers about limits, by service.
        self.limit_headers: dict[str, set[str]] = {name: set() for name in clients}

    def send(self, request: Request) -> Response | None:
        """Send a request.

        :param request: the request. :return: the response; ``None`` if none was received.
        :raises NotAllowedError: if it may not be sent. :raises EndedEarly: after repeated errors.
        :raises RunInterruptedError: if the process received a signal to end.
        """
        allow.check(request, self.journal)
        self._wait(request.service)
        if request.method == "GET":
            return self._exchange(request)
        kind, object_id = kind_of(request)
        number = self.journal.before(request, kind, object_id)
        found = self._exchange(request)
        if found is None:
            return None
        gone = _removed(request, found)
        if gone or (request.method == "POST" and found.ok):
            self.journal.after(number, kind, object_id or id_in(found, kind), gone=gone)
        return found

    def _wait(self, service: str) -> None:
        pace = self._pace[service]
        if pace.last is not None and (left := pace.last + pace.seconds - self.clock()) > 0:
            self.clients[service].sleep(left)
        pace.last = self.clock()

    def _exchange(self, request: Request) -> Response | None:
        client = self.clients[request.service]
        headers = {"Accept": request.accept} if request.accept else {}
        if not request.own_key:
            headers["Authorization"] = f"Bearer {uuid.uuid4()}"
        raw: RawResponse | None = None
        # Counted below; the text of the error may contain what was sent.
        with contextlib.suppress(ApiError):
            raw = client.exchange(
                request.method, request.path, params=request.params, headers=headers, **_body(client, request)
            )
        self._count(request, raw)
        if raw is None:
            return None
        self._remember(request.service, raw)
        content_type = raw.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Response(raw.status, content_type, decoded(raw.content))

    def _count(self, request: Request, raw: RawResponse | None) -> None:
        """End the check after two errors in a row, or at the second response with 429."""
        failed = raw is None or raw.status >= 500
        self._errors = self._errors + 1 if failed else 0
        if raw is not None and raw.status == 429:
            self._limited += 1
            if self._limited < 2 or self.lenient:
                self.clients[request.service].sleep(retry_after(raw.headers.get("retry-after")) or 5.0)
        if not self.lenient and (self._errors > 1 or self._limited > 1):
            what = "two requests in a row have failed" if self._errors > 1 else "the rate was limited twice"
            raise EndedEarly(
                f"The check has ended early, because {what} ({request.method} {request.path.split('/')[1]})"
            )

    def _remember(self, service: str, raw: RawResponse) -> None:
        names = [str(name).lower() for name in raw.headers]
        self.limit_headers[service] |= {name for name in names if "ratelimit" in name or "rate-limit" in name}
        if len(self.private) < MAX_PRIVATE:
            self.private.update(map(str.lower, PRIVATE.findall(raw.content.decode(errors="replace"))))


def _removed(request: Request, response: Response) -> bool:
    """Whether an object does not exist after a response."""
    if request.method == "DELETE":
        return response.ok or response.status == 404
    return request.method == "POST" and 400 <= response.status < 500


def _body(client: Client, request: Request) -> dict[str, t.Any]:
    """The body as an argument of httpx."""
    if request.body is None:
        return {}
    if request.encoding == "json":
        return {"json": request.body}
    encoded = client.service.encode(request.body)
    if request.encoding == "multipart":
        fields = as_object(encoded["data"])
        return {"files": {name: (None, str(value)) for name, value in fields.items()}}
    return encoded


def kind_of(request: Request) -> tuple[str, str]:
    """The kind of the object that a write is about, and its id.

    :param request: an allowed write. :return: both; the id is empty if the service assigns it.
    """
    if request.path.endswith("/allowed_ips"):
        login = request.path.split("/")[-2]
        address = (request.params if request.method == "DELETE" else request.body or {}).get("ip")
        return "allowed_ip", f"{login} {address}"
    if "/destinations" in request.path:
        return "destination", request.path.partition("/destinations")[2].strip("/")
    kind = next(
        kind
        for kind in KINDS
        if kind.list and kind.service == request.service and f"{request.path}/".startswith(f"{kind.list}/")
    )
    return kind.name, request.path[len(kind.list) :].strip("/")


def id_in(response: Response, kind: str) -> str:
    """The id of the object in the response to its creation.

    :param response: the response. :param kind: the kind. :return: the id; empty if there is none.
    """
    found = response.fields.get(BY_NAME[kind].id_key)
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
