# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP client: authentication, pagination, bounded retries and typed errors. The transport is an argument.

A read is retried. A write is retried only if it certainly was not processed (no connection), or if processing it twice
is harmless (429 on any method but POST). Any other write without a valid response raises :class:`OutcomeUnknownError`,
and the engine reads the current state before it writes again.
Messages contain no value that was sent or received, except for the service's own error message.
"""

from __future__ import annotations

import copy
import dataclasses
import email.utils
import importlib.util
import ipaddress
import os
import random
import ssl
import threading
import time
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.concurrency import AdaptiveLimit, Slots
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.connection_errors import (
    NETWORK,
    address_of,
    reason_of,
    unusable_proxy,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import httpx, pydantic_core
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    ResponseTooLargeError,
    RunInterruptedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.new_objects import NewObjects
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_budget import LARGE, ReadBudget
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_cache import ReadCache
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    HttpOptions,
    ListQuery,
    Mutation,
    Provider,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import CONSISTENCY_DELAYS_SECONDS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.transport import bound, request_deadline
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.write_gate import WriteGate

USER_AGENT = "voiceops.vapi_didlogic (Ansible collection)"

#: Limits of one response: bytes, and values (counted by their separators), as each needs more memory than its text.
MAX_RESPONSE_BYTES = 6 * 2**20

MAX_VALUES = 200_000

MAX_RETRY_AFTER_SECONDS = 60.0

RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

NOT_CARRIED_OUT_STATUSES = frozenset({425, 429})  # the service reports that it did not begin to process the request

MAX_READ_ATTEMPTS = 5


def checked_url(url: str) -> str:
    """Check the base URL.

    :param url: the option ``api_url``. :return: the URL without a trailing slash.
    :raises OptionError: if it is neither https nor loopback, or contains a user, a query or a fragment.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urllib.parse.urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise OptionError(
            "api_url", "must be a plain http(s) URL such as https://host/path, without user, query or fragment."
        )
    if parts.scheme == "http" and not _loopback(host):
        raise OptionError(
            "api_url", "must be https, because every request contains the API key; http is allowed for loopback only."
        )
    return urllib.parse.urlunsplit(parts).rstrip("/")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def retry_after(value: str | None) -> float | None:
    """The delay of a ``Retry-After`` header.

    :param value: the header, or ``None``. :return: seconds, at most 60; ``None`` if the header is missing or invalid.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(seconds, MAX_RETRY_AFTER_SECONDS) if 0 < seconds < float("inf") else None


def verification(http: HttpOptions, url: str) -> ssl.SSLContext | bool:
    """How certificates are checked.

    :param http: the options. :param url: the URL. :return: the argument ``verify`` of httpx.
    """
    context = ssl.create_default_context(cafile=http.ca_path) if http.ca_path else http.validate_certs
    # Without TLS no certificate is checked, and loading the system's certificates is slow.
    return context if http.validate_certs and not url.startswith("http:") else False


class Client:
    """A connection to one service for the duration of one task; thread-safe.

    :param connection: the record of connection options, ``service.connection``. :param http: options of all services.
    :param transport: an ``httpx`` transport; used by tests only.
    :param read_only: reject any method but GET (check mode), so that a write is impossible.
    :param read_cache: the read cache, for tasks that read the same objects several times.
    :param read_budget: the limits of all lists, for tasks that read from several services.
    :param option: returns the name under which the user gave a connection option, for messages.
    :param limit: the automatic limit of concurrent requests; by default each thread may send one.
    """

    def __init__(
        self,
        service: Provider,
        connection: t.Any,
        http: HttpOptions,
        *,
        transport: httpx.BaseTransport | None = None,
        read_only: bool = False,
        read_cache: ReadCache | None = None,
        read_budget: ReadBudget | None = None,
        option: t.Callable[[str], str] = str,
        limit: AdaptiveLimit | None = None,
        sleep: t.Callable[[float], object] | None = None,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.service, self.connection, self.read_only, self.http, self._clock = (
            service,
            connection,
            read_only,
            http,
            clock,
        )
        self._read_cache, self._option = read_cache, option
        self.write_gate: WriteGate | None = None  # set if only the requests of a plan may be sent
        self._budget = read_budget or ReadBudget(clock)
        self._parent = os.getppid()
        self.interrupt_event = threading.Event()  # set by a signal; also ends a delay
        self.sleep = sleep or self.interrupt_event.wait
        self._url = checked_url(service.url(connection))
        self._new_objects = NewObjects()
        self._pause_until = 0.0  # the back-off is shared by all threads
        self._last_success = self._clock()
        self._lock, self._slots = threading.Lock(), Slots(limit)
        headers = {
            "Authorization": f"Bearer {connection.api_key}",
            "Accept": "application/json",
            # A compressed response may decompress to any size before its size is known.
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
        }
        # Unencrypted requests are for loopback only and are never sent to a proxy of the environment.
        self._proxied = self._url.startswith("https:")
        verify, wrong = verification(http, self._url), ""
        try:
            self._client = httpx.Client(
                headers=headers,
                timeout=http.timeout,
                verify=verify,
                transport=transport,
                follow_redirects=False,
                # Only if its library is installed; the protocol is negotiated when the connection is made.
                http2=self._url.startswith("https:") and importlib.util.find_spec("h2") is not None,
                trust_env=self._proxied,
                limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
            )
        except (ImportError, ValueError, httpx.InvalidURL):
            wrong = unusable_proxy(self._url)
            if not wrong:
                raise
        except OSError:
            wrong = "The environment's SSL_CERT_FILE and SSL_CERT_DIR must name readable CA certificates, or be unset."
        # Raised outside the handlers: the library's error may contain the proxy's password.
        if wrong:
            raise OptionError("", wrong)
        bound(self._client)

    def read_only_copy(self) -> Client:
        """A client for check mode over the same connections and cached responses.

        :return: the client; it must not be used after this one is closed.
        """
        reader = copy.copy(self)
        reader.read_only = True
        return reader

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    # -- reading

    def get(self, path: str, params: Params | None = None, **ids: str) -> object:
        """Send a GET request, with retries after temporary errors.

        :param path: the path below the base URL. :param params: the query.
        :param ids: values for the placeholders of the path. :return: the decoded response.
        :raises RejectedError: if the service rejects the request.
        :raises UnreachableError: if no valid response was received.
        """
        with self._budget.response():
            if self._read_cache is None:
                return self._get(path, params, ids)
            key = repr(sorted((params or {}).items()))
            return self._read_cache.read(_expand(path, ids), key, lambda: self._get(path, params, ids))

    def invalidate(self, path: str, **ids: str) -> None:
        """Invalidate the cached responses of a path and of all paths below it.

        :param path: the path. :param ids: values for the placeholders of the path.
        """
        if self._read_cache is not None:
            self._read_cache.invalidate(_expand(path, ids))

    def _get(self, path: str, params: Params | None, ids: dict[str, str]) -> object:
        started, tries = self._clock(), 0
        while True:
            tries += 1
            answer = self._send("GET", path, ids, params=params)
            if not isinstance(answer, _Failure):
                return answer
            self._budget.end_response()
            if answer.final or tries >= MAX_READ_ATTEMPTS or not self._wait(answer, tries, started):
                raise self._error(answer, "GET", path, read=True)

    def list_all(
        self,
        path: str,
        rows: t.Callable[[ApiObject], object] | None = None,
        query: ListQuery | None = None,
        **ids: str,
    ) -> list[ApiObject]:
        """Read all pages of a list; again after a delay if it lacks an object that this run has created.

        :param path: the path of the list. :param rows: extracts the list from a response. :param query: the list query.
        :param ids: values for the placeholders of the path. :return: the rows.
        :raises ApiError: if a page cannot be read, is not a list, or the task's lists exceed the limits.
        """
        asked, address = query or ListQuery(), _expand(path, ids)
        found = self._list_once(path, rows, asked, ids)
        if asked.params or asked.limit or asked.reduce:
            return found  # it may lack an object for another reason
        for delay in CONSISTENCY_DELAYS_SECONDS:
            if not self._new_objects.missing(address, found):
                break
            self.sleep(delay)
            self.invalidate(path, **ids)
            found = self._list_once(path, rows, asked, ids)
        return found

    def _list_once(
        self, path: str, rows: t.Callable[[ApiObject], object] | None, asked: ListQuery, ids: dict[str, str]
    ) -> list[ApiObject]:
        """Read a list, or return the cached one; see :meth:`list_all`."""
        if self._read_cache is None or asked.matches is not ListQuery.matches:
            return self._list(path, rows, asked, ids)
        params = repr(sorted(asked.params.items()))
        key = (rows, params, asked.limit, asked.page_size, asked.numbered_pages, asked.reduce)
        # The copy may be changed; the rows may not.
        return [*self._read_cache.read(_expand(path, ids), key, lambda: self._list(path, rows, asked, ids))]

    def _list(
        self, path: str, rows: t.Callable[[ApiObject], object] | None, asked: ListQuery, ids: dict[str, str]
    ) -> list[ApiObject]:
        """Read all pages of a list; see :meth:`list_all`."""
        key = (self.service.name, self._url, _expand(path, ids), repr(asked.params))

        def page(at: str, params: Params) -> list[ApiObject]:
            with self._budget.response():
                answer = self.get(at, params, **ids)
                found = rows(answer) if rows and isinstance(answer, dict) else answer
                if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
                    raise UnreachableError(
                        f"The response of {self._url} to GET {path} is not a list, so this is not the "
                        f"{self.service.title} API. Check {self._option('api_url')}."
                    )
                found = list(map(asked.reduce, found)) if asked.reduce else found
                spend(len(found), [row for row in found if asked.matches(row)])
                return found

        with self._budget.count_list(f"{self.service.title}'s list GET {path}", key) as spend:
            return [row for row in self.service.pages(page, path, asked) if asked.matches(row)]

    # -- writing

    def write(self, write: Mutation) -> object:
        """Send a request that changes something.

        :param write: the request. :return: the decoded response.
        :raises RejectedError: if the service rejects it. :raises UnreachableError: if it certainly was not processed.
        :raises OutcomeUnknownError: if it may or may not have been processed. :raises RateLimitedError: if a create was
            rate-limited.
        :raises NotApprovedError: if it is not in the approved plan.
        :raises RunInterruptedError: if the process received a signal to end.
        """
        if self.read_only:
            raise RuntimeError(f"a {write.method} request was prevented in check mode; please report this")
        if self.write_gate:
            self.write_gate.check(self.service, write)
        try:
            self.invalidate(write.path, **write.ids)
            answer = self._write(write)
            if write.method == "POST":
                self._new_objects.note(_expand(write.path, write.ids), answer)
            if write.method == "DELETE":
                address, _slash, deleted = _expand(write.path, write.ids).rpartition("/")
                self._new_objects.discard(address, [deleted])
            return answer
        finally:
            self.invalidate(write.path, **write.ids)

    def _write(self, write: Mutation) -> object:
        started, tries = self._clock(), 0
        body = {} if write.body is None else self.service.encode(write.body)
        while True:
            tries += 1
            answer = self._send(write.method, write.path, write.ids, params=write.params, **body)
            if not isinstance(answer, _Failure):
                return answer
            if write.missing_ok and answer.status == 404:
                return None
            if answer.final or not answer.not_done or not self._wait(answer, tries, started):
                raise self._error(answer, write.method, write.path, read=False)
            if write.method == "POST" and answer.status is not None:
                # The status says that nothing was processed; it is not trusted, to avoid a second object.
                raise RateLimitedError(self._error(answer, write.method, write.path, read=False).args[0])

    # -- one request

    def _error(self, failure: _Failure, method: str, path: str, *, read: bool) -> ApiError:
        names = {name: self._option(name) for name in ("api_key", "api_url", "ca_path", "region")}
        error = failure.error(method, path, self.service, read=read, names=names)
        if failure.status in self.service.auth_error_statuses:
            more = [str(error), self.service.key_form(str(self.connection.api_key))]
            return RejectedError(" ".join(filter(None, more)), failure.status or 0)
        if failure.status == 404 and read and "{" not in path:
            return RejectedError(f"{error} Check {names['api_url']}: {self._url} may be another API.", 404)
        return error

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: t.Mapping[str, str] | None = None,
        **body: t.Any,
    ) -> RawResponse:
        """Send one request, without retries, and return the response with any status.

        :param method: its method. :param path: the path below the base URL, encoded. :param params: the query.
        :param headers: headers that replace the client's. :param body: the body as an argument of ``httpx``.
        :return: the response. :raises UnreachableError: if no valid response was received, and nothing was changed.
        :raises OutcomeUnknownError: if the request may or may not have been processed.
        :raises RunInterruptedError: if the process received a signal to end.
        """
        if self.read_only and method != "GET":
            raise RuntimeError(f"a {method} request was prevented in check mode; please report this")
        with self._budget.response():
            answer = self._receive(method, path, {}, params=params, headers=headers, **body)
        if isinstance(answer, _Failure):
            raise self._error(answer, method, path, read=method == "GET")
        return RawResponse(answer[0].status_code, answer[0].headers, answer[1])

    def _send(self, method: str, path: str, ids: dict[str, str], **request: t.Any) -> object:
        """The decoded response, or a :class:`_Failure`."""
        answer = self._receive(method, path, ids, **request)
        if isinstance(answer, _Failure):
            return answer
        response, content = answer
        status = response.status_code
        if 200 <= status < 300:
            with self._lock:
                self._last_success = self._clock()
            if not content and method != "GET":
                return None
            try:
                return pydantic_core.from_json(content, allow_inf_nan=False)
            except ValueError:
                if method == "DELETE":
                    return None  # the status is sufficient; the response body of a deletion is not documented
                return _Failure("the response is not JSON" + _html_note(response))
        return self._failure_of(status, content, response)

    def _receive(
        self, method: str, path: str, ids: dict[str, str], **request: t.Any
    ) -> tuple[httpx.Response, bytes] | _Failure:
        """A complete response with any status, and its body."""
        with self._slots.slot() as report:
            self._pause()
            begun = self._clock()
            answer = self._exchanged(method, path, ids, **request)
            if not isinstance(answer, _Failure):
                report(f"{method} {path}", answer[0].status_code, self._clock() - begun)
            elif not answer.final:
                report(f"{method} {path}", None, self._clock() - begun)
            return answer

    def _pause(self) -> None:
        """Wait until requests may be sent; raises :class:`RunInterruptedError` after a signal to end."""
        pause = self._pause_until - self._clock()
        if pause > 0:
            self.sleep(pause)
        # A signal may reach the main Ansible process only: its workers have their own sessions.
        if self.interrupt_event.is_set() or os.getppid() != self._parent:
            raise RunInterruptedError("Interrupted before all changes were applied. Run the task again to continue.")

    def _exchanged(
        self, method: str, path: str, ids: dict[str, str], **request: t.Any
    ) -> tuple[httpx.Response, bytes] | _Failure:
        """The same without limits; a response that is too large or compressed is a final failure of a GET."""
        url = self._url + _expand(path, ids)
        token = request_deadline.set(self._clock() + self.http.timeout)
        try:
            with self._client.stream(method, url, **request) as response:
                return response, self._content(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            reason = reason_of(error, self._url, self._proxied)
            return _Failure(reason.what, fix=reason.fix, final=reason.final, not_done=True)
        except httpx.TimeoutException:
            return _Failure(f"no complete response from {address_of(self._url)} within {self.http.timeout} s")
        except _TooLarge:
            what = f"the response is larger than {MAX_RESPONSE_BYTES // 2**20} MB or has more than {MAX_VALUES} values"
            return _Failure(what, final=method == "GET", kind=ResponseTooLargeError)
        except _Encoded:
            what = "the response is compressed, although the request has Accept-Encoding: identity"
            return _Failure(what, final=method == "GET")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError):
            return _Failure("the connection was closed before the response was complete")
        finally:
            request_deadline.reset(token)

    def _content(self, response: httpx.Response) -> bytes:
        """The body as received: nothing is decompressed, because the decompressed size is unlimited."""
        coding = response.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            raise _Encoded
        deadline, content = request_deadline.get(), bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > MAX_RESPONSE_BYTES:
                raise _TooLarge
            if len(content) > LARGE and (waited := self._budget.hold()):
                deadline += waited
                request_deadline.set(deadline)
            if self._clock() > deadline:
                raise httpx.ReadTimeout("the deadline of the request has passed")
        if sum(map(content.count, b",:[{")) > MAX_VALUES:
            raise _TooLarge
        return bytes(content)

    def _failure_of(self, status: int, content: bytes, response: httpx.Response) -> _Failure:
        try:
            words = self.service.error_message(pydantic_core.from_json(content))
        except ValueError:
            words = "" if status not in (403, 503) else _html_note(response).strip(" ()")
        if status in RETRY_STATUSES:
            wait = retry_after(response.headers.get("retry-after"))
            if wait is not None:
                with self._lock:
                    self._pause_until = max(self._pause_until, self._clock() + min(wait, self.http.retry_timeout))
            return _Failure(
                "", status=status, words=words, not_done=status in NOT_CARRIED_OUT_STATUSES, waited=wait is not None
            )
        # After an unknown 5xx a write may have been processed; after a 3xx or a 4xx it was not.
        return _Failure("", status=status, words=words, final=status < 500, not_done=status < 500)

    def _wait(self, failure: _Failure, tries: int, started: float) -> bool:
        """Wait before the next attempt; false if the time for retries is over."""
        pause = 0.0 if failure.waited else min(0.25 * 2**tries, 8.0) * random.uniform(0.5, 1.0)
        begun = max(started, self._last_success)
        now = self._clock()
        if max(now + pause, self._pause_until) - begun > self.http.retry_timeout:
            return False
        self.sleep(pause)
        return True


@dataclasses.dataclass(frozen=True)
class RawResponse:
    """A response with any status. ``headers``: names in any case."""

    status: int
    headers: t.Mapping[str, str]
    content: bytes = dataclasses.field(repr=False)


class _TooLarge(Exception):
    pass


class _Encoded(Exception):
    pass


def _expand(path: str, ids: t.Mapping[str, object]) -> str:
    return path.format(**{name: urllib.parse.quote(str(value), safe="") for name, value in ids.items()})


class _Failure:
    """Why a request has no valid response, and whether it may be retried."""

    def __init__(
        self,
        what: str,
        *,
        status: int | None = None,
        words: str = "",
        final: bool = False,
        not_done: bool = False,
        waited: bool = False,
        kind: type[UnreachableError] = UnreachableError,
        fix: str = NETWORK,
    ) -> None:
        self.fix = fix
        self.what, self.status, self.words, self.final = what, status, words, final
        self.not_done, self.waited, self.kind = not_done, waited, kind

    def error(self, method: str, path: str, service: Provider, *, read: bool, names: t.Mapping[str, str]) -> ApiError:
        """The exception for this failure. :param names: the options' names as the user gave them."""
        request = f"{method} {path}"
        said = f": {printable(self.words)}" if self.words else ""
        if self.status in service.auth_error_statuses and (self.status != 403 or "1010" not in said):
            text = f"{service.title} does not accept the key ({self.status} on {request}){said}."
            return RejectedError(f"{text} {service.key_hint.format_map(names)}", self.status)
        if self.status is not None and 300 <= self.status < 400:
            return RejectedError(
                f"{service.title} responded to {request} with a redirect ({self.status}), which is not followed. "
                f"Check {names['api_url']}.",
                self.status,
            )
        if self.status is not None and self.final:
            return RejectedError(f"{service.title} rejected {request} ({self.status}){said}.", self.status)
        what = self.what or f"status {self.status}{said}"
        if read or self.not_done:
            return self.kind(f"Request to {service.title} failed ({request}): {what}. {self.fix.format_map(names)}")
        return OutcomeUnknownError(
            f"No valid response to {request} from {service.title} ({what}). "
            "The request may or may not have been processed."
        )


def _html_note(response: httpx.Response) -> str:
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "text/html":
        return " (an HTML page from another server, a proxy or an edge filter)"
    return ""
