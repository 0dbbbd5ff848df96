# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client: what leaves the machine and how often, how lists are read to their end, and what is said of failures."""

from __future__ import annotations

import datetime
import email.utils
import json
import pathlib
import socket
import threading
import time
import typing as t
import urllib.parse

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import client as http_client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import (
    MAX_READ_ATTEMPTS,
    MAX_RESPONSE_BYTES,
    MAX_RETRY_AFTER_SECONDS,
    Client,
    checked_url,
    retry_after,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    OutcomeUnknownError,
    RejectedError,
    RunInterruptedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_budget import ReadBudget
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_cache import ReadCache
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    HttpOptions,
    ListQuery,
    Mutation,
    Provider,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import canary

Answer = httpx.Response | Exception | t.Callable[[httpx.Request], httpx.Response]
KEY = canary()
BODY = canary()


class Fake:
    """A service that gives the answers of a script, the last one again and again; time passes only in pauses."""

    def __init__(
        self,
        *script: Answer,
        service: Provider = VAPI,
        read_only: bool = False,
        read_budget: ReadBudget | None = None,
        **http: t.Any,
    ) -> None:
        self.script, self.service = list(script), service
        self.requests: list[httpx.Request] = []
        self.now = 1000.0
        connection = from_options(service.connection, {"api_key": f" {KEY}\n", "api_url": "https://api.example/base/"})
        self.client = Client(
            service,
            connection,
            from_options(HttpOptions, {"validate_certs": False, **http}),
            transport=httpx.MockTransport(self.answer),
            read_only=read_only,
            read_budget=read_budget,
            sleep=self.sleep,
            clock=lambda: self.now,
        )

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def waited(self) -> float:
        return self.now - 1000.0


def ok(value: t.Any = None) -> httpx.Response:
    return httpx.Response(200, json={} if value is None else value)


POST = Mutation(method="POST", path="/credential", body={"name": BODY}, creates=True)
PATCH = Mutation(method="PATCH", path="/credential/{id}", ids={"id": "a/../b"}, body={"name": BODY})
DELETE = Mutation(method="DELETE", path="/credential/{id}", ids={"id": "x"}, missing_ok=True)


# ------------------------------------------------------------------------------------------------------- what is sent


def test_request_has_method_path_and_headers() -> None:
    fake = Fake(ok([]))
    fake.client.get("/credential", {"limit": 1})
    (request,) = fake.requests
    assert str(request.url) == "https://api.example/base/credential?limit=1"
    assert request.headers["authorization"] == f"Bearer {KEY}", "a key from a file may end in a line break"
    assert request.headers["accept-encoding"] == "identity"
    assert "vapi_didlogic" in request.headers["user-agent"]


def test_id_is_escaped_in_the_path() -> None:
    fake = Fake(ok())
    fake.client.write(PATCH)
    assert fake.requests[0].url.raw_path == b"/base/credential/a%2F..%2Fb"


def test_request_bodies() -> None:
    vapi, didlogic = Fake(ok()), Fake(ok(), service=DIDLOGIC)
    write = Mutation(method="POST", path="/x", body={"destination": {"a": "+1 &", "active": True, "none": None}})
    for fake in (vapi, didlogic):
        fake.client.write(write)
    assert json.loads(vapi.requests[0].content) == write.body
    assert didlogic.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert urllib.parse.parse_qsl(didlogic.requests[0].content.decode(), keep_blank_values=True) == [
        ("destination[a]", "+1 &"), ("destination[active]", "1"), ("destination[none]", ""),
    ]  # fmt: skip


def test_check_mode_sends_only_get() -> None:
    fake = Fake(ok([]), read_only=True)
    fake.client.get("/credential")
    for write in (POST, PATCH, DELETE):
        with pytest.raises(RuntimeError):
            fake.client.write(write)
    assert [request.method for request in fake.requests] == ["GET"]


# ----------------------------------------------------------------------------------------------------------- repeats

TEMPORARY = [
    *(httpx.Response(code) for code in (408, 425, 429, 500, 502, 503, 504, 520, 599)),
    httpx.ConnectError(KEY),
    httpx.ConnectTimeout(KEY),
    httpx.ReadTimeout(KEY),
    httpx.ReadError(KEY),
    httpx.RemoteProtocolError(KEY),
    httpx.Response(200, content=b""),
    httpx.Response(200, content=b"<html>", headers={"content-type": "text/html"}),
    httpx.Response(200, content=b'{"a": NaN}'),
    httpx.Response(200, content=b'{"a": "\\ud800"}'),
    httpx.Response(200, content=b"[" * 100_000),
    httpx.Response(200, content=b"[1" + b"0" * 5000 + b"]"),
    httpx.Response(200, content=b'{"id": "\xff\xfe'),
]


def label(answer: t.Any) -> str:
    if isinstance(answer, Exception):
        return type(answer).__name__
    return f"{answer.status_code}-{len(answer.content)}-{answer.content[:6]!r}"


@pytest.mark.parametrize("answer", TEMPORARY, ids=label)
def test_read_is_retried(answer: t.Any) -> None:
    fake = Fake(answer, answer, ok([1]))
    assert fake.client.get("/credential") == [1]
    assert len(fake.requests) == 3
    assert 0 < fake.waited < 10


@pytest.mark.parametrize("answer", TEMPORARY, ids=label)
def test_read_retries_are_limited(answer: t.Any) -> None:
    fake = Fake(answer)
    with pytest.raises(UnreachableError) as raised:
        fake.client.get("/credential")
    assert len(fake.requests) == MAX_READ_ATTEMPTS
    assert fake.waited <= 60
    harmless(str(raised.value))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 418, 422, 301, 302, 307, 308])
@pytest.mark.parametrize("service", [VAPI, DIDLOGIC], ids=lambda service: service.name)
def test_rejected_request_is_not_retried(code: int, service: Provider) -> None:
    for write in (None, POST, PATCH):
        fake = Fake(httpx.Response(code, headers={"location": "https://evil.example/"}), service=service)
        with pytest.raises(RejectedError) as raised:
            fake.client.write(write) if write else fake.client.get("/credential")
        assert raised.value.status == code
        assert len(fake.requests) == 1
        assert fake.requests[0].url.host == "api.example"
        harmless(str(raised.value))


NOT_SENT = [httpx.ConnectError(KEY), httpx.ConnectTimeout(KEY), httpx.PoolTimeout(KEY), httpx.ProxyError(KEY)]


@pytest.mark.parametrize("answer", NOT_SENT, ids=label)
@pytest.mark.parametrize("write", [POST, PATCH, DELETE], ids=lambda write: write.method)
def test_unsent_write_is_retried(answer: Exception, write: Mutation) -> None:
    fake = Fake(answer, answer, ok({"id": "x"}))
    assert fake.client.write(write) == {"id": "x"}
    assert len(fake.requests) == 3
    fake = Fake(answer, retry_timeout=5)
    with pytest.raises(UnreachableError) as raised:
        fake.client.write(write)
    assert fake.waited <= 5
    harmless(str(raised.value))


UNCERTAIN = [
    answer
    for answer in TEMPORARY
    if not isinstance(answer, tuple(type(error) for error in NOT_SENT))
    and not (isinstance(answer, httpx.Response) and (answer.status_code in (425, 429)))
    and not (isinstance(answer, httpx.Response) and answer.status_code == 200 and answer.content == b"")
]


@pytest.mark.parametrize("answer", UNCERTAIN, ids=label)
@pytest.mark.parametrize("write", [POST, PATCH], ids=lambda write: write.method)
def test_write_with_unknown_outcome_is_not_retried(answer: t.Any, write: Mutation) -> None:
    fake = Fake(answer, ok())
    with pytest.raises(OutcomeUnknownError) as raised:
        fake.client.write(write)
    assert len(fake.requests) == 1
    harmless(str(raised.value))


@pytest.mark.parametrize("code", [425, 429])
def test_rate_limited_update_is_retried_and_create_is_not(code: int) -> None:
    """A busy service did nothing, it says: an update may be sent again, a create only after a look."""
    fake = Fake(httpx.Response(code, headers={"retry-after": "7"}), ok({"id": "x"}))
    assert fake.client.write(PATCH) == {"id": "x"}
    assert fake.waited == pytest.approx(7)
    fake = Fake(httpx.Response(code, headers={"retry-after": "7"}), ok({"id": "x"}))
    with pytest.raises(OutcomeUnknownError):
        fake.client.write(POST)
    assert len(fake.requests) == 1
    assert fake.client.write(POST) == {"id": "x"}
    assert fake.waited == pytest.approx(7)


def test_delete_accepts_404() -> None:
    assert Fake(httpx.Response(404)).client.write(DELETE) is None
    assert Fake(httpx.Response(204)).client.write(DELETE) is None
    assert Fake(httpx.Response(200, content=b"OK")).client.write(DELETE) is None
    with pytest.raises(RejectedError):
        Fake(httpx.Response(404)).client.write(PATCH)


def test_retries_end_at_retry_timeout() -> None:
    fake = Fake(httpx.Response(503), retry_timeout=3)
    with pytest.raises(UnreachableError):
        fake.client.get("/credential")
    assert fake.waited <= 3
    fake = Fake(httpx.Response(503, headers={"retry-after": "30"}), retry_timeout=3)
    with pytest.raises(UnreachableError):
        fake.client.get("/credential")
    assert fake.waited <= 3
    fake = Fake(httpx.Response(503), retry_timeout=0)
    with pytest.raises(UnreachableError):
        fake.client.get("/credential")
    assert len(fake.requests) <= 1 + (fake.waited == 0)


def test_interrupted_client_sends_no_further_request() -> None:
    fake = Fake(httpx.Response(503), ok([]))
    fake.client.interrupt_event.set()
    for act in (lambda: fake.client.get("/credential"), lambda: fake.client.write(POST)):
        with pytest.raises(RunInterruptedError):
            act()
    assert fake.requests == []


def test_client_without_parent_process_sends_no_further_request(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(ok([]), ok([]))
    fake.client.get("/credential")
    monkeypatch.setattr(http_client.os, "getppid", lambda: 1)
    with pytest.raises(RunInterruptedError):
        fake.client.write(POST)
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0), ("1.5", 1.5), ("86400", MAX_RETRY_AFTER_SECONDS), ("0", None), ("-5", None), ("nan", None),
        ("inf", None),
        ("-inf", None), ("abc", None), ("", None), (None, None), ("1e3", MAX_RETRY_AFTER_SECONDS), ("9" * 400, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("Wed, 21 Oct", None), ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_SECONDS), ("7 seconds", None),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20)
    assert retry_after(email.utils.format_datetime(then, usegmt=True)) == pytest.approx(20, abs=2)


# ------------------------------------------------------------------------------------------------------ what is said


def harmless(text: str) -> None:
    """A sentence or more, without the key, without what was sent, without a URL but the one that the user gave."""
    for secret in (KEY, BODY):
        assert not any(secret[at : at + 8].lower() in text.lower() for at in range(len(secret) - 7)), text
    assert "https://" not in text.replace("https://api.example/base", "")
    assert "Traceback" not in text
    assert "\n" not in text
    assert text.endswith((".", "!"))


def test_authentication_error_names_the_key() -> None:
    fake = Fake(httpx.Response(401, json={"message": "Invalid Key.", "echo": KEY}))
    with pytest.raises(RejectedError) as raised:
        fake.client.get("/assistant")
    assert str(raised.value) == (
        "Vapi does not accept the key (401 on GET /assistant): Invalid Key. Give the organisation's private key as "
        "api_key, and its region as region. A Vapi key is a UUID, but this one is not; it may be "
        "the key of another service."
    )
    for code in (401, 403):
        with pytest.raises(RejectedError, match="didlogic does not accept the key"):
            Fake(httpx.Response(code, json={"error": "API token is incorrect"}), service=DIDLOGIC).client.get("/v1/x")
    with pytest.raises(RejectedError, match="Vapi rejected GET"):
        Fake(httpx.Response(403, json={"message": "no"})).client.get("/x")


@pytest.mark.parametrize(
    ("service", "answer", "said"),
    [
        (VAPI, {"message": ["a", "b", 1]}, ": a; b."),
        (VAPI, {"message": "a."}, ": a."),
        (VAPI, {"message": {"x": KEY}}, "."),
        (VAPI, [KEY], "."),
        (VAPI, {"error": KEY, "body": {"name": BODY}}, "."),
        (DIDLOGIC, {"error": "a"}, ": a."),
        (DIDLOGIC, {"errors": ["a", "b", {"x": KEY}]}, ": a; b."),
        (DIDLOGIC, {"error": {"message": "a"}}, ": a."),
        (DIDLOGIC, {"errors": {"label": ["has been taken", {"x": KEY}], "ip": "Ip is invalid.", "x": {"y": KEY}}},
         ": label has been taken; Ip is invalid."),
        (DIDLOGIC, {"error": {"x": KEY}}, "."),
        (DIDLOGIC, {"x": ["a"]}, "."),
        (DIDLOGIC, {"sent": KEY}, "."),
        (DIDLOGIC, "text", ": text."),
        (DIDLOGIC, 5, "."),
    ],
)  # fmt: skip
def test_error_message_contains_only_known_fields(service: Provider, answer: t.Any, said: str) -> None:
    with pytest.raises(RejectedError) as raised:
        Fake(httpx.Response(400, json=answer), service=service).client.get("/x")
    assert str(raised.value) == f"{service.title} rejected GET /x (400){said}"


def test_long_error_message_is_truncated() -> None:
    with pytest.raises(RejectedError) as raised:
        Fake(httpx.Response(400, json={"message": "x" * 10_000})).client.get("/x")
    assert len(str(raised.value)) < 600


def test_error_names_the_path_template() -> None:
    with pytest.raises(RejectedError) as raised:
        Fake(httpx.Response(400)).client.write(PATCH)
    assert "PATCH /credential/{id} (400)" in str(raised.value)


# --------------------------------------------------------------------------------------------------------- big answers


def test_response_size_is_limited() -> None:
    def endless(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Endless())

    fake = Fake(endless)
    with pytest.raises(UnreachableError, match="larger than 6 MB"):
        fake.client.get("/x")
    assert len(fake.requests) == 1
    fake = Fake(endless)
    with pytest.raises(OutcomeUnknownError):
        fake.client.write(POST)
    assert len(fake.requests) == 1
    assert Endless.given < 3 * (MAX_RESPONSE_BYTES + 2**20)


class Endless(httpx.SyncByteStream):
    given = 0

    def __iter__(self) -> t.Iterator[bytes]:
        while True:
            Endless.given += 2**16
            yield bytes(2**16)


# -------------------------------------------------------------------------------------------------------- lists, Vapi


class VapiList:
    """Vapi's list: newest first, ``limit`` and ``createdAtLe`` only."""

    def __init__(self, times: t.Sequence[int], cap: int = 1000) -> None:
        self.rows = [{"id": f"i{n:05}", "createdAt": f"2026-01-01T{at:012}"} for n, at in enumerate(times)]
        self.rows.sort(key=lambda row: row["createdAt"], reverse=True)
        self.cap, self.reads = cap, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.reads += 1
        query = request.url.params
        assert set(query) <= {"limit", "createdAtLe", "assistantId"}
        newest = query.get("createdAtLe", "9")
        rows = [row for row in self.rows if row["createdAt"] <= newest]
        return ok(rows[: min(int(query.get("limit", 100)), self.cap)])


@pytest.mark.parametrize("cap", [1000, 100])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 999, 1000, 1001, 2500])
def test_vapi_list_is_read_completely(count: int, cap: int) -> None:
    """Also where the service gives fewer rows than asked for, and says nothing of it."""
    service = VapiList(range(count), cap)
    found = Fake(service).client.list_all("/tool")
    assert sorted(row["id"] for row in found) == [f"i{n:05}" for n in range(count)]
    assert service.reads <= count // (cap - 1) + 2


@pytest.mark.parametrize("tie", [2, 3, 50, 999])
@pytest.mark.parametrize("shift", [0, 1, 2, 49])
def test_rows_with_equal_time_across_pages_are_read_once(tie: int, shift: int) -> None:
    times = [(n + shift) // tie for n in range(2300)]
    found = Fake(VapiList(times)).client.list_all("/tool")
    assert len({row["id"] for row in found}) == len(found) == 2300


@pytest.mark.parametrize("tie", [1, 2, 3, 50, 999])
def test_rows_are_complete_if_the_service_excludes_the_bound(tie: int) -> None:
    """Otherwise the rows that share the time of the last one of a page would be missing."""
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    service = VapiList([n // tie for n in range(2300)])
    for row in service.rows:
        moment = start + datetime.timedelta(milliseconds=int(row["createdAt"][-12:]))
        row["createdAt"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def exclusive(request: httpx.Request) -> httpx.Response:
        bound = request.url.params.get("createdAtLe", "9")
        return ok([row for row in service.rows if row["createdAt"] < bound][: int(request.url.params["limit"])])

    found = Fake(exclusive).client.list_all("/tool")
    assert len({row["id"] for row in found}) == len(found) == 2300


@pytest.mark.parametrize("times", [[5] * 1500, [5] * 1001, [9] * 300 + [5] * 1300 + [1] * 10])
def test_page_with_one_time_is_an_error(times: list[int]) -> None:
    with pytest.raises(UnreachableError, match="cannot be read completely"):
        Fake(VapiList(times)).client.list_all("/tool")


def test_rows_without_time_are_an_error_if_more_pages_exist() -> None:
    with pytest.raises(UnreachableError):
        Fake(ok([{"id": str(n)} for n in range(1000)])).client.list_all("/tool")
    assert len(Fake(ok([{"id": str(n)} for n in range(7)])).client.list_all("/tool")) == 7


def test_rows_created_during_paging_are_no_duplicates() -> None:
    service = VapiList(range(1500))

    def growing(request: httpx.Request) -> httpx.Response:
        answer = service(request)
        service.rows.insert(0, {"id": f"new{service.reads}", "createdAt": "2026-01-02"})
        return answer

    found = [row["id"] for row in Fake(growing).client.list_all("/tool")]
    assert len(found) == len(set(found))
    assert {f"i{n:05}" for n in range(1500)} <= set(found)


@pytest.mark.parametrize("most", [1, 99, 100, 101, 1000, 2499, 2500, 3000])
@pytest.mark.parametrize("page", [None, 7, 100])
def test_limited_vapi_list_contains_the_newest_rows(most: int, page: int | None) -> None:
    """No more than asked for, the newest, in pages of the size that was asked for."""
    service = VapiList(range(2500))
    found = Fake(service).client.list_all("/call", None, ListQuery(limit=most, page_size=page))
    assert [row["id"] for row in found] == [f"i{n:05}" for n in range(2499, 2499 - min(most, 2500), -1)]
    assert service.reads <= min(most, 2500) // ((page or 1000) - 1) + 2


def test_filters_are_sent_with_every_page() -> None:
    seen = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(dict(request.url.params))
        return VapiList(range(30))(request)

    found = Fake(service).client.list_all(
        "/call", None, ListQuery(params={"assistantId": "a", "createdAtLe": "9"}, page_size=10)
    )
    assert len(found) == 30
    assert {params["assistantId"] for params in seen} == {"a"}
    assert seen[0]["createdAtLe"] == "9"
    assert seen[1]["createdAtLe"] != "9", "further pages go on from the oldest row"


def test_too_large_page_is_requested_in_smaller_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls carry their whole conversation, so nobody knows how many fit into an answer."""
    monkeypatch.setattr(http_client, "MAX_RESPONSE_BYTES", 2000)
    service = VapiList(range(120))
    found = Fake(service).client.list_all("/call", None, ListQuery(page_size=100))
    assert len(found) == 120
    monkeypatch.setattr(http_client, "MAX_RESPONSE_BYTES", 10)
    with pytest.raises(UnreachableError, match="larger than"):
        Fake(VapiList(range(120))).client.list_all("/call", None, ListQuery(page_size=100))


# ---------------------------------------------------------------------------------------------------- lists, didlogic


@pytest.mark.parametrize("most", [1, 5, 999, 1000, 1001, 3000])
def test_didlogic_list_is_limited_to_requested_rows(most: int) -> None:
    rows = [{"timestamp": str(n)} for n in range(2500)]

    def service(request: httpx.Request) -> httpx.Response:
        assert request.url.params["type"] == "sip"
        page, size = int(request.url.params["page"]), int(request.url.params["per_page"])
        return ok({"calls": rows[(page - 1) * size : page * size]})

    client = Fake(service, service=DIDLOGIC).client
    found = client.list_all("/v1/calls", lambda answer: answer["calls"], ListQuery(params={"type": "sip"}, limit=most))
    assert found == rows[:most]


@pytest.mark.parametrize("cap", [1000, 100])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 1000, 1001, 2500])
def test_didlogic_list_is_read_completely(count: int, cap: int) -> None:
    rows = [{"number": str(n)} for n in range(count)]

    def service(request: httpx.Request) -> httpx.Response:
        page, size = int(request.url.params["page"]), min(int(request.url.params["per_page"]), cap)
        return ok({"purchases": rows[(page - 1) * size : page * size]})

    assert (
        Fake(service, service=DIDLOGIC).client.list_all("/v1/purchases", lambda answer: answer.get("purchases")) == rows
    )


@pytest.mark.parametrize("count", [0, 1, 100, 1000, 1100])
def test_list_without_pages_is_read_once(count: int) -> None:
    """It answers everything at once, again and again."""
    rows = [{"id": n} for n in range(count)]
    fake = Fake(ok(rows), service=DIDLOGIC)
    assert fake.client.list_all("/v1/sipaccounts") == rows
    assert len(fake.requests) <= 2


@pytest.mark.parametrize("answer", [{}, {"a": []}, 5, "x", True, [1], [[]], {"rows": {}}, {"rows": [1]}])
@pytest.mark.parametrize("service", [VAPI, DIDLOGIC], ids=lambda service: service.name)
def test_response_that_is_not_a_list_is_an_error(service: Provider, answer: t.Any) -> None:
    with pytest.raises(UnreachableError, match="is not a list"):
        Fake(httpx.Response(200, json=answer), service=service).client.list_all("/x", lambda found: found.get("rows"))


# ----------------------------------------------------------------------------------------------------------------- URL


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.vapi.ai", "https://api.vapi.ai"), (" https://api.vapi.ai/ ", "https://api.vapi.ai"),
        ("https://host:8443/a/b/", "https://host:8443/a/b"), ("HTTPS://host", "https://host"),
        ("http://127.0.0.1:5/vapi", "http://127.0.0.1:5/vapi"), ("http://localhost", "http://localhost"),
        ("http://[::1]:8/", "http://[::1]:8"), ("http://127.9.9.9", "http://127.9.9.9"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
    ],
)  # fmt: skip
def test_valid_urls_are_accepted(url: str, base: str) -> None:
    assert checked_url(url) == base


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "host", "//host", "ftp://host", "file:///etc/passwd", "https://", "https:///x", "http://host",
        "http://10.0.0.1", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://0.0.0.0",
        "https://user@host", "https://user:pw@host", "https://:pw@host", "https://@host", "https://host?a=b",
        "https://host#f", "https://host:port", "https://host:99999", "https://[::1", "http://[::2]",
    ],
)  # fmt: skip
def test_invalid_urls_are_rejected(url: str) -> None:
    with pytest.raises(OptionError) as raised:
        checked_url(url)
    assert raised.value.path == "api_url"
    assert "evil" not in str(raised.value)
    assert "pw" not in str(raised.value)


def test_loopback_http_ignores_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to loopback in clear must not go to a proxy from the environment, key and all."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    for url, proxied in (("http://127.0.0.1:1/x", False), ("https://api.vapi.ai", True)):
        connection = from_options(VAPI.connection, {"api_key": KEY, "api_url": url})
        client = Client(VAPI, connection, HttpOptions())
        pool = client._client._transport_for_url(httpx.URL(url))._pool  # type: ignore[attr-defined]
        assert ("Proxy" in type(pool).__name__) is proxied
        client.close()


def test_ca_path(tmp_path: pathlib.Path) -> None:
    connection = from_options(VAPI.connection, {"api_key": KEY})
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("missing.pem", "empty.pem", "."):
        with pytest.raises(OptionError) as raised:
            Client(VAPI, connection, from_options(HttpOptions, {"ca_path": str(tmp_path / name)}))
        assert raised.value.path == "ca_path"


# ---------------------------------------------------------------------------------------------------------- a real wire


class Dripper(threading.Thread):
    """A server that sends a byte now and then and never comes to an end; it ends by itself."""

    def __init__(self, start: bytes, drip: bytes) -> None:
        super().__init__(daemon=True)
        self.start_with, self.drip = start, drip
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.until = time.monotonic() + 10
        self.start()

    def run(self) -> None:
        while time.monotonic() < self.until:
            try:
                wire, _address = self.socket.accept()
            except OSError:
                return
            with wire:
                try:
                    wire.recv(65536)
                    wire.sendall(self.start_with)
                    while time.monotonic() < self.until:
                        wire.sendall(self.drip)
                        time.sleep(0.1)
                except OSError:
                    continue

    def __enter__(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *_exception: object) -> None:
        self.until = 0.0
        self.socket.close()
        self.join(2)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "drip"),
    [(HEAD, b" "), (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"), (b"", b""), (b"HTTP/1.1 100 Continue\r\n\r\n", b"")],
    ids=["body", "headers", "silence", "after 100"],
)
@pytest.mark.parametrize("method", [pytest.param("GET", marks=pytest.mark.slow), "POST"])
def test_request_times_out_with_slow_response(start: bytes, drip: bytes, method: str) -> None:
    with Dripper(start, drip) as url:
        connection = from_options(VAPI.connection, {"api_key": KEY, "api_url": url})
        client = Client(VAPI, connection, from_options(HttpOptions, {"timeout": 1, "retry_timeout": 0}))
        begun = time.monotonic()
        with pytest.raises(ApiError) as raised:
            client.write(POST) if method == "POST" else client.get("/x")
        assert time.monotonic() - begun < 2.5
        assert isinstance(raised.value, OutcomeUnknownError if method == "POST" else UnreachableError)
        harmless(str(raised.value))
        client.close()


def test_connection_refused_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    connection = from_options(VAPI.connection, {"api_key": KEY, "api_url": f"http://127.0.0.1:{port}"})
    client = Client(VAPI, connection, from_options(HttpOptions, {"timeout": 1, "retry_timeout": 0}))
    for act in (lambda: client.get("/x"), lambda: client.write(POST)):
        with pytest.raises(UnreachableError, match="connection refused"):
            act()
    client.close()


# ----------------------------------------------------------------------------------------------- what is kept in a task


def test_read_cache_is_invalidated_by_a_write() -> None:
    read_cache, asked = ReadCache(), list[str]()

    def read(url: str) -> t.Any:
        return read_cache.read(url, None, lambda: asked.append(url))

    for url in ("/assistant", "/tool", "/v1/numbers/1/destinations", "/v1/numbers/10/destinations"):
        read(url)
        read(url)
    assert len(asked) == 4
    read_cache.invalidate("/assistant/7")
    read_cache.invalidate("/v1/numbers/1/destinations/3")
    for url in ("/assistant", "/tool", "/v1/numbers/1/destinations", "/v1/numbers/10/destinations"):
        read(url)
    assert asked[4:] == ["/assistant", "/v1/numbers/1/destinations"]
    read_cache.read("/tool", "page 2", lambda: asked.append("other page"))
    assert asked[-1] == "other page"


@pytest.mark.parametrize(
    ("read", "written", "kept"),
    [
        ("/assistant", "/assistant", False),
        ("/assistant", "/assistant/7", False),
        ("/assistant/7", "/assistant", False),
        ("/v1/numbers/1/destinations", "/v1/numbers", False),
        ("/v1/numbers/1/destinations", "/v1/numbers/1/destinations/3", False),
        ("/v1/numbers/1/destinations", "/v1/numbers/10/destinations", True),
        ("/v1/numbers/10/destinations", "/v1/numbers/1", True),
        ("/assistant", "/tool", True),
    ],
)
def test_read_cache_ignores_reads_that_overlap_a_write(read: str, written: str, kept: bool) -> None:
    """A write of another thread while the response is under way; other paths are not affected."""
    read_cache = ReadCache()

    def overlapped() -> int:
        read_cache.invalidate(written)
        return 1

    assert read_cache.read(read, None, overlapped) == 1
    assert read_cache.read(read, None, lambda: 2) == (1 if kept else 2)
    assert read_cache.read(read, None, lambda: 3) == (1 if kept else 2)


def test_read_cache_keeps_nothing_of_a_failed_read() -> None:
    read_cache = ReadCache()
    with pytest.raises(ZeroDivisionError):
        read_cache.read("/assistant", None, lambda: 1 // 0)
    assert read_cache.read("/assistant", None, lambda: 2) == 2
