# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP client: authentication, pagination, bounded retries and typed errors. The transport is an argument.

A read is retried. A write is retried only if it certainly was not processed (no connection), or if processing it twice
is harmless (429 on any method but POST). Any other write without a valid response raises :class:`Unknown`, and the
engine reads the current state before it writes again.
Messages contain no value that was sent or received, except for the service's own error message.
"""

from __future__ import annotations

import contextvars
import email.utils
import importlib.util
import ipaddress
import os
import random
import ssl
import sys
import threading
import time
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._connection import (
    NETWORK,
    address_of,
    reason_of,
    unusable_proxy,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._deps import httpx, pydantic_core
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Problem
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Reading, Service, Write
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import printable

USER_AGENT = "voiceops.vapi_didlogic (Ansible collection)"
#: Limits of one response: bytes, and values (counted by their separators), as each needs more memory than its text.
MAX_ANSWER = 6 * 2**20
MAX_VALUES = 200_000
#: Limits of a whole list, over all its pages: bytes in memory, rows, seconds. The bytes are those of the rows as they
#: are kept, after :attr:`Reading.reduce`, since only these add up: a page is released before the next is requested, so
#: the removed parts of a row only count towards the limits of one response. Both together keep a task below 150 MB.
MAX_LIST = 18 * 2**20
MAX_ROWS = 100_000
MAX_SECONDS = 600.0
MAX_WAIT = 60.0
READ_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
NOT_DONE = frozenset({425, 429})  # the service reports that it did not begin to process the request
READ_TRIES = 5


class ApiError(Exception):
    """A request failed; the message is written for the user."""

    status: int | None = None


class Refused(ApiError):
    """The service rejected the request; nothing was changed."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(ApiError):
    """No valid response was received, and nothing was changed."""


class TooLarge(Unreachable):
    """A response larger than :data:`MAX_ANSWER`; a query for less data may succeed."""


class Unknown(ApiError):
    """A write was sent and no valid response was received: it may or may not have been processed."""


class Busy(Unknown):
    """The service rate-limited a create request; the delay has passed, and the request may be sent again."""


class Stopped(Exception):
    """The process received a signal to end; raised before a request, never during one."""


# ------------------------------------------------------------------------------------- a deadline for the whole request

_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("deadline")


class _BoundedStream:
    """A network stream whose every operation ends at the request's deadline, however slowly data arrives."""

    def __init__(self, stream: t.Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._stream, name)

    def read(self, max_bytes: int, timeout: float | None = None) -> t.Any:
        return self._stream.read(max_bytes, timeout=_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(timeout))

    def start_tls(self, *args: t.Any, **kwargs: t.Any) -> _BoundedStream:
        kwargs["timeout"] = _left(kwargs.get("timeout"))
        return _BoundedStream(self._stream.start_tls(*args, **kwargs))


class _BoundedBackend:
    def __init__(self, backend: t.Any) -> None:
        self._backend = backend

    def connect_tcp(self, *args: t.Any, **kwargs: t.Any) -> _BoundedStream:
        kwargs["timeout"] = _left(kwargs.get("timeout"))
        return _BoundedStream(self._backend.connect_tcp(*args, **kwargs))

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._backend, name)


def _left(timeout: float | None) -> float | None:
    deadline = _deadline.get(None)
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the deadline of the request has passed")
    return left if timeout is None else min(left, timeout)


def bound(client: t.Any) -> None:
    """Apply the deadline to every transport of an ``httpx.Client``.

    httpx has a timeout for one read but none for the whole request, and no public interface to add one. If its private
    names change, the timeout for one read and the check between two parts of the body still apply.
    """
    transports = [getattr(client, "_transport", None), *getattr(client, "_mounts", {}).values()]
    for pool in [getattr(transport, "_pool", None) for transport in transports]:
        backend = getattr(pool, "_network_backend", None)
        if backend is not None:
            setattr(pool, "_network_backend", _BoundedBackend(backend))  # noqa: B010 - see above


# ------------------------------------------------------------------------------------------------------- the client


def checked_url(url: str) -> str:
    """Check the base URL.

    :param url: the option ``api_url``. :return: the URL without a trailing slash.
    :raises Problem: if it is neither https nor loopback, or contains a user, a query or a fragment.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urllib.parse.urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise Problem(
            "api_url", "must be a plain http(s) URL such as https://host/path, without user, query or fragment."
        )
    if parts.scheme == "http" and not _loopback(host):
        raise Problem(
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

    :return: seconds, at most 60; ``None`` if the header is missing or invalid.
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
    return min(seconds, MAX_WAIT) if 0 < seconds < float("inf") else None


class Shelf:
    """Read cache: keeps each response until a write to its path or an explicit invalidation.

    A task that needs one list several times reads it once.
    """

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, t.Any]] = {}  # by address and parameters
        self._below: dict[str, set[str]] = {}  # cached paths, by each parent path
        self._changes = 0
        self._lock = threading.Lock()

    def read(self, url: str, params: t.Any, ask: t.Callable[[], t.Any]) -> t.Any:
        """The cached response, or the result of ``ask``, which is cached unless the path was invalidated meanwhile."""
        key = repr(sorted((params or {}).items()))
        with self._lock:
            if key in self._kept.get(url, {}):
                return self._kept[url][key]
            changes = self._changes
        answer = ask()
        with self._lock:
            if changes == self._changes:
                self._kept.setdefault(url, {})[key] = answer
                for place in _above(url):
                    self._below.setdefault(place, set()).add(url)
        return answer

    def drop(self, url: str) -> None:
        """Invalidate a path, all paths below it, and the list that contains it."""
        with self._lock:
            self._changes += 1
            for place in (url, url.rpartition("/")[0], *self._below.pop(url, ())):
                self._kept.pop(place, None)


def _above(url: str) -> list[str]:
    """A path and its parent paths: those of ``/a/b/c`` are ``/a/b`` and ``/a``."""
    parts = url.split("/")
    return ["/".join(parts[:number]) for number in range(2, len(parts))]


class Client:
    """A connection to one service for the duration of one task; thread-safe.

    :param connection: the record of connection options. :param http: a :class:`HttpOptions` record.
    :param transport: an ``httpx`` transport; used by tests only.
    :param read_only: reject any method but GET (check mode), so that a write is impossible.
    :param shelf: the read cache, for tasks that read the same objects several times.
    :param option: returns the name under which the user gave a connection option, for messages.
    """

    def __init__(
        self,
        service: Service,
        connection: t.Any,
        http: t.Any,
        *,
        transport: t.Any = None,
        read_only: bool = False,
        shelf: Shelf | None = None,
        option: t.Callable[[str], str] = str,
        sleep: t.Callable[[float], t.Any] | None = None,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.service, self.connection, self.read_only, self._http, self._clock = (
            service,
            connection,
            read_only,
            http,
            clock,
        )
        self._shelf, self._option = shelf, option
        self._parent = os.getppid()
        self.stop = threading.Event()  # set by a signal; also ends a delay
        self.sleep = sleep or self.stop.wait
        self._url = checked_url(service.url(connection))
        self._pause_until = 0.0  # the back-off is shared by all threads
        self._last_success = self._clock()
        self._lock = threading.Lock()
        headers = {
            "Authorization": f"Bearer {connection.api_key}",
            "Accept": "application/json",
            # A compressed response may decompress to any size before its size is known.
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
        }
        verify: t.Any = ssl.create_default_context(cafile=http.ca_path) if http.ca_path else http.validate_certs
        if not http.validate_certs or self._url.startswith("http:"):
            verify = False  # without TLS no certificate is checked, and loading the system's certificates is slow
        # Unencrypted requests are for loopback only and are never sent to a proxy of the environment.
        self._proxied = self._url.startswith("https:")
        wrong = ""
        try:
            self._client = httpx.Client(
                headers=headers,
                timeout=http.timeout,
                verify=verify,
                transport=transport,
                follow_redirects=False,
                # Only if its library is installed; the protocol is negotiated when the connection is made.
                http2=importlib.util.find_spec("h2") is not None and self._url.startswith("https:"),
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
            raise Problem("", wrong)
        bound(self._client)

    def close(self) -> None:
        self._client.close()

    # -- reading

    def get(self, path: str, params: dict[str, t.Any] | None = None, **ids: str) -> t.Any:
        """Send a GET request, with retries after temporary errors.

        :param path: the path below the base URL. :param params: the query. :return: the decoded response.
        :raises Refused: if the service rejects the request. :raises Unreachable: if no valid response was received.
        """
        if self._shelf is None:
            return self._get(path, params, ids)
        return self._shelf.read(_filled(path, ids), params, lambda: self._get(path, params, ids))

    def forget(self, path: str, **ids: str) -> None:
        """Invalidate the cached responses of a path and of all paths below it."""
        if self._shelf is not None:
            self._shelf.drop(_filled(path, ids))

    def _get(self, path: str, params: dict[str, t.Any] | None, ids: dict[str, str]) -> t.Any:
        started, tries = self._clock(), 0
        while True:
            tries += 1
            answer = self._once("GET", path, ids, params=params)
            if not isinstance(answer, _Failure):
                return answer
            if answer.final or tries >= READ_TRIES or not self._wait(answer, tries, started):
                raise self._error(answer, "GET", path, read=True)

    def all(
        self,
        path: str,
        rows: t.Callable[[t.Any], t.Any] | None = None,
        reading: Reading | None = None,
        **ids: str,
    ) -> list[dict[str, t.Any]]:
        """Read all pages of a list.

        :param rows: extracts the list from a response. :return: the rows.
        :raises ApiError: if a page cannot be read, is not a list, or the list exceeds the limits.
        """

        asked = reading or Reading()

        def page(at: str, params: dict[str, t.Any]) -> list[dict[str, t.Any]]:
            answer = self.get(at, params, **ids)
            found = rows(answer) if rows and isinstance(answer, dict) else answer
            if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
                raise Unreachable(
                    f"The response of {self._url} to GET {path} is not a list, so this is not the "
                    f"{self.service.title} API. Check {self._option('api_url')}."
                )
            found = list(map(asked.reduce, found)) if asked.reduce else found
            budget.spend(found)
            return found

        budget = _Budget(f"{self.service.title}'s list GET {path}", self._clock)
        return self.service.pages(page, path, asked)

    # -- writing

    def write(self, write: Write) -> t.Any:
        """Send a request that changes something.

        :param write: the request. :return: the decoded response.
        :raises Refused: if the service rejects it. :raises Unreachable: if it certainly was not processed.
        :raises Unknown: if it may or may not have been processed. :raises Busy: if a create was rate-limited.
        :raises Stopped: if the process received a signal to end.
        """
        if self.read_only:
            raise RuntimeError(f"a {write.method} request was prevented in check mode; please report this")
        try:
            self.forget(write.path, **write.ids)
            return self._write(write)
        finally:
            self.forget(write.path, **write.ids)

    def _write(self, write: Write) -> t.Any:
        started, tries = self._clock(), 0
        body = {} if write.body is None else self.service.encode(write.body)
        while True:
            tries += 1
            answer = self._once(write.method, write.path, write.ids, params=write.params, **body)
            if not isinstance(answer, _Failure):
                return answer
            if write.moot and answer.status == 404:
                return None
            if answer.final or not answer.not_done or not self._wait(answer, tries, started):
                raise self._error(answer, write.method, write.path, read=False)
            if write.method == "POST" and answer.status is not None:
                # The status says that nothing was processed; it is not trusted, to avoid a second object.
                raise Busy(self._error(answer, write.method, write.path, read=False).args[0])

    # -- one request

    def _error(self, failure: _Failure, method: str, path: str, *, read: bool) -> ApiError:
        names = {name: self._option(name) for name in ("api_key", "api_url", "ca_path", "region")}
        error = failure.error(method, path, self.service, read=read, names=names)
        if failure.status in self.service.denied:
            more = [str(error), self.service.key_form(str(self.connection.api_key))]
            return Refused(" ".join(filter(None, more)), failure.status or 0)
        if failure.status == 404 and read and "{" not in path:
            return Refused(f"{error} Check {names['api_url']}: {self._url} may be another API.", 404)
        return error

    def _once(self, method: str, path: str, ids: dict[str, str], **request: t.Any) -> t.Any:
        """The decoded response, or a :class:`_Failure`."""
        pause = self._pause_until - self._clock()
        if pause > 0:
            self.sleep(pause)
        # A signal may reach the main Ansible process only: its workers have their own sessions.
        if self.stop.is_set() or os.getppid() != self._parent:
            raise Stopped("Interrupted before all changes were applied. Run the task again to continue.")
        url = self._url + _filled(path, ids)
        token = _deadline.set(self._clock() + self._http.timeout)
        try:
            with self._client.stream(method, url, **request) as response:
                content = self._content(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            reason = reason_of(error, self._url, self._proxied)
            return _Failure(reason.what, fix=reason.fix, final=reason.final, not_done=True)
        except httpx.TimeoutException:
            return _Failure(f"no complete response from {address_of(self._url)} within {self._http.timeout} s")
        except _TooLarge:
            what = f"the response is larger than {MAX_ANSWER // 2**20} MB or has more than {MAX_VALUES} values"
            return _Failure(what, final=method == "GET", kind=TooLarge)
        except _Encoded:
            what = "the response is compressed, although the request has Accept-Encoding: identity"
            return _Failure(what, final=method == "GET")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError):
            return _Failure("the connection was closed before the response was complete")
        finally:
            _deadline.reset(token)
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
                return _Failure("the response is not JSON" + _page(response))
        return self._said_no(status, content, response)

    def _content(self, response: t.Any) -> bytes:
        """The body as received: nothing is decompressed, because the decompressed size is unlimited."""
        coding = response.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            raise _Encoded
        deadline, content = _deadline.get(), bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > MAX_ANSWER:
                raise _TooLarge
            if self._clock() > deadline:
                raise httpx.ReadTimeout("the deadline of the request has passed")
        if sum(map(content.count, b",:[{")) > MAX_VALUES:
            raise _TooLarge
        return bytes(content)

    def _said_no(self, status: int, content: bytes, response: t.Any) -> _Failure:
        try:
            words = self.service.words(pydantic_core.from_json(content))
        except ValueError:
            words = "" if status not in (403, 503) else _page(response).strip(" ()")
        if status in READ_AGAIN:
            wait = retry_after(response.headers.get("retry-after"))
            if wait is not None:
                with self._lock:
                    self._pause_until = max(self._pause_until, self._clock() + min(wait, self._http.retry_timeout))
            return _Failure("", status=status, words=words, not_done=status in NOT_DONE, waited=wait is not None)
        # After an unknown 5xx a write may have been processed; after a 3xx or a 4xx it was not.
        return _Failure("", status=status, words=words, final=status < 500, not_done=status < 500)

    def _wait(self, failure: _Failure, tries: int, started: float) -> bool:
        """Wait before the next attempt; false if the time for retries is over."""
        pause = 0.0 if failure.waited else min(0.25 * 2**tries, 8.0) * random.uniform(0.5, 1.0)
        begun = max(started, self._last_success)
        now = self._clock()
        if max(now + pause, self._pause_until) - begun > self._http.retry_timeout:
            return False
        self.sleep(pause)
        return True


class _TooLarge(Exception):
    pass


class _Encoded(Exception):
    pass


class _Budget:
    """The limits of one list: bytes, rows and seconds.

    :param what: the list, for messages. :param clock: a monotonic clock in seconds.
    """

    def __init__(self, what: str, clock: t.Callable[[], float]) -> None:
        self._what, self._clock = what, clock
        self._size, self._rows, self._end = 0, 0, clock() + MAX_SECONDS

    def spend(self, rows: list[dict[str, t.Any]]) -> None:
        """Count a page; raises :class:`Unreachable` if the list exceeds a limit."""
        self._size += size_of(rows)
        self._rows += len(rows)
        if self._rows > MAX_ROWS:
            over = f"has more than {MAX_ROWS} rows"
        elif self._size > MAX_LIST:
            over = f"needs more than {MAX_LIST // 2**20} MB of memory"
        elif self._clock() > self._end:
            over = f"is not complete after {MAX_SECONDS:.0f} s"
        else:
            return
        raise Unreachable(
            f"{self._what} {over}, which exceeds the limit. The response was ignored. "
            "Request less if there is an option for it (limit, a period); the guide Limits lists the limits."
        )


def size_of(value: t.Any) -> int:
    """The size of data in memory in bytes; keys are not counted, as each is stored once."""
    size, todo = 0, [value]
    while todo:
        item = todo.pop()
        size += sys.getsizeof(item)
        if isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return size


def _filled(path: str, ids: t.Mapping[str, t.Any]) -> str:
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
        kind: type[Unreachable] = Unreachable,
        fix: str = NETWORK,
    ) -> None:
        self.fix = fix
        self.what, self.status, self.words, self.final = what, status, words, final
        self.not_done, self.waited, self.kind = not_done, waited, kind

    def error(self, method: str, path: str, service: Service, *, read: bool, names: t.Mapping[str, str]) -> ApiError:
        """The exception for this failure. :param names: the options' names as the user gave them."""
        request = f"{method} {path}"
        said = f": {printable(self.words)}" if self.words else ""
        if self.status in service.denied and (self.status != 403 or "1010" not in said):
            text = f"{service.title} does not accept the key ({self.status} on {request}){said}."
            return Refused(f"{text} {service.key_hint.format_map(names)}", self.status)
        if self.status is not None and 300 <= self.status < 400:
            return Refused(
                f"{service.title} responded to {request} with a redirect ({self.status}), which is not followed. "
                f"Check {names['api_url']}.",
                self.status,
            )
        if self.status is not None and self.final:
            return Refused(f"{service.title} rejected {request} ({self.status}){said}.", self.status)
        what = self.what or f"status {self.status}{said}"
        if read or self.not_done:
            return self.kind(f"Request to {service.title} failed ({request}): {what}. {self.fix.format_map(names)}")
        return Unknown(
            f"No valid response to {request} from {service.title} ({what}). "
            "The request may or may not have been processed."
        )


def _page(response: t.Any) -> str:
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "text/html":
        return " (an HTML page from another server, a proxy or an edge filter)"
    return ""
