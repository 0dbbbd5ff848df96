# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that fail: real servers, certificates and proxies on this machine. Each failure says what to correct."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import itertools
import os
import pathlib
import socket
import ssl
import threading
import time
import typing as t
import uuid

import pytest
import trustme

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import connection_errors
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    RejectedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import canary

PROXY_VARIABLES = [
    name for word in ("http", "https", "all", "no") for name in (f"{word}_proxy", f"{word}_proxy".upper())
]
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
BEGIN = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers every GET the same, and notes the keys that it got."""

    status, body, kind = 200, b"[]", "application/json"
    keys: t.ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.keys.append(self.headers["authorization"])
        self.send_response(self.status)
        self.send_header("content-type", self.kind)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_CONNECT(self) -> None:
        self.send_error(self.status)

    def log_message(self, *_told: t.Any) -> None:
        pass


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None, **more: t.Any) -> t.Iterator[tuple[int, type[Answer]]]:
    """The port of a server, and its handler with what it was asked."""
    handler = type("Handler", (Answer,), {**more, "keys": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_told: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, handler
    finally:
        server.shutdown()
        server.server_close()


def client(url: str, service: t.Any = VAPI, **options: t.Any) -> Client:
    key = str(uuid.uuid4()) if service is VAPI else canary()
    connection = from_options(service.connection, {"api_key": key, "api_url": url})
    return Client(service, connection, from_options(HttpOptions, {"timeout": 5, "retry_timeout": 30, **options}))


def failure(url: str, **options: t.Any) -> tuple[ApiError, float]:
    """How a read fails, and after how long."""
    made, begun = client(url, **options), time.monotonic()
    try:
        with pytest.raises(ApiError) as raised:
            made.list_all("/assistant")
        return raised.value, time.monotonic() - begun
    finally:
        made.close()


def self_signed() -> tuple[bytes, bytes]:
    """A certificate that signs itself, and its key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(*form)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "names", "dates", "known", "said"),
    [
        ("localhost", ["localhost"], (None, None), True, ""),
        ("localhost", ["localhost"], (None, None), False, "is from an authority that this machine does not trust"),
        ("localhost", ["elsewhere.example.org"], (None, None), True, "is for another host name"),
        ("127.0.0.1", ["localhost"], (None, None), True, "is for another address"),
        ("localhost", ["localhost"], (BEGIN, PAST), True, "has expired"),
        (
            "localhost",
            ["localhost"],
            (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9), None),
            True,
            "is not valid yet",
        ),
    ],
    ids=["own CA", "unknown CA", "wrong host", "wrong address", "expired", "not yet valid"],
)
def test_invalid_certificate_is_an_error_with_its_cause(
    tmp_path: pathlib.Path, authority: trustme.CA, host: str, names: list[str], dates: t.Any, known: bool, said: str
) -> None:
    """Only a valid certificate of a known authority gets the key; anything else says why, at once."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    begin, end = dates
    end = end or (begin + datetime.timedelta(days=90) if begin else None)
    authority.issue_cert(*names, not_before=begin, not_after=end).configure_cert(context)
    options = {"ca_path": str(file)} if known else {}
    with serving(context) as (port, handler):
        if not said:
            assert client(f"https://{host}:{port}", **options).list_all("/assistant") == []
            assert len(handler.keys) == 1
            return
        error, seconds = failure(f"https://{host}:{port}", **options)
        assert isinstance(error, UnreachableError)
        assert f"the certificate of {host}:{port} {said}" in str(error)
        assert handler.keys == []
        assert seconds < 3, "another attempt would end the same way"


def test_self_signed_certificate_is_an_error(tmp_path: pathlib.Path) -> None:
    certificate, key = self_signed()
    (tmp_path / "both.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    with serving(context) as (port, handler):
        error, seconds = failure(f"https://localhost:{port}")
        assert "is self-signed. If that is intended, give the certificate's file as ca_path" in str(error)
        assert (handler.keys, seconds < 3) == ([], True)
        (tmp_path / "ca.pem").write_bytes(certificate)
        assert client(f"https://localhost:{port}", ca_path=str(tmp_path / "ca.pem")).list_all("/assistant") == []


def test_every_certificate_error_has_its_own_message() -> None:
    assert len({what for what, _fix in connection_errors.CERTIFICATE_FAULTS.values()}) >= 6


def test_server_without_tls_is_an_error() -> None:
    with serving() as (port, handler):
        error, seconds = failure(f"https://127.0.0.1:{port}")
        assert f"127.0.0.1:{port} does not use TLS" in str(error)
        assert (handler.keys, seconds < 3) == ([], True)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(("scheme", "path"), [*itertools.product(["http", "https"], ["", "/api"])])
def test_unreachable_endpoint_is_named(scheme: str, path: str) -> None:
    port = closed_port()
    error, _seconds = failure(f"{scheme}://127.0.0.1:{port}{path}", retry_timeout=0)
    assert f"connection to 127.0.0.1:{port} failed (connection refused)" in str(error)


def test_unresolvable_host_is_an_error() -> None:
    error, _seconds = failure("https://nowhere.invalid", retry_timeout=0)
    assert "nowhere.invalid:443" in str(error)


def test_timeout_names_the_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        error, _seconds = failure(f"http://127.0.0.1:{port}", timeout=1, retry_timeout=0)
    assert f"127.0.0.1:{port} within 1 s" in str(error)


# -------------------------------------------------------------------------------------------------------------- proxies


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_unreachable_proxy_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    port, secret = closed_port(), canary()
    monkeypatch.setenv(variable, f"http://user:{secret}@127.0.0.1:{port}")
    error, _seconds = failure("https://api.example.com", retry_timeout=0)
    text = str(error)
    assert f"through the proxy 127.0.0.1:{port} failed (connection refused)" in text
    assert f"Check {variable} and NO_PROXY" in text
    assert secret not in text


@pytest.mark.parametrize(
    ("status", "said"),
    [(407, "requires a user name and a password"), (503, "could not connect to api.example.com:443")],
)
def test_proxy_rejection_is_reported(monkeypatch: pytest.MonkeyPatch, status: int, said: str) -> None:
    with serving(status=status) as (port, _handler):
        secret = canary()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{secret}@127.0.0.1:{port}")
        error, _seconds = failure("https://api.example.com", retry_timeout=0)
    assert f"the proxy 127.0.0.1:{port} {said}" in str(error)
    assert secret not in str(error)


@pytest.mark.parametrize(
    ("variable", "scheme"),
    [
        *itertools.product(
            ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"], ["socks5", "socks5h", "socks4", "ftp"]
        )
    ],
)
def test_unsupported_proxy_is_an_error(monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str) -> None:
    secret = canary()
    monkeypatch.setenv(variable, f"{scheme}://user:{secret}@proxy.example.com:1080")
    with pytest.raises(OptionError) as raised:
        client("https://api.example.com")
    text = str(raised.value)
    assert f"The environment variable {variable} contains" in text
    assert "proxy.example.com:1080" in text
    assert "NO_PROXY" in text
    assert "socksio" in text if scheme.startswith("socks") else "http://host:port" in text
    assert secret not in text
    assert raised.value.__context__ is None
    for excepted in ("api.example.com", ".example.com", "*"):
        monkeypatch.setenv("NO_PROXY", excepted)
        assert connection_errors.proxy_for("https://api.example.com") == ("", "")


def test_unreadable_ca_variable_of_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull + "/missing.pem")
    with contextlib.suppress(OptionError):  # some versions of the library do not look there
        client("https://api.example.com").close()


# ------------------------------------------------------------------------------------------------------------ wrong API


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"body": b"<!doctype html><title>Welcome</title>", "kind": "text/html"}, "an HTML page from another server"),
        ({"body": b'{"name": "another"}'}, "is not a list, so this is not the Vapi API"),
        ({"body": b'["text"]'}, "is not a list, so this is not the Vapi API"),
        ({"body": b'"text"'}, "is not a list, so this is not the Vapi API"),
        ({"body": b'{"error": "no route"}', "status": 404}, "may be another API"),
        ({"body": b"not found", "status": 404, "kind": "text/html"}, "may be another API"),
    ],
)
def test_response_of_another_server_is_an_error(answer: dict[str, t.Any], said: str) -> None:
    with serving(**answer) as (port, _handler):
        error, _seconds = failure(f"http://127.0.0.1:{port}", retry_timeout=0)
    assert said in str(error)
    assert "api_url" in str(error)
    if "HTML" not in said:
        assert f"http://127.0.0.1:{port}" in str(error)


@pytest.mark.parametrize(
    ("service", "key", "said"),
    [
        (VAPI, str(uuid.uuid4()), "public key has the same form"),
        (VAPI, "0" * 40, "is a UUID, but this one is not"),
        (DIDLOGIC, str(uuid.uuid4()), "the two keys may be swapped"),
        (DIDLOGIC, "0" * 40, ""),
    ],
    ids=["Vapi-UUID", "Vapi-40", "didlogic-UUID", "didlogic-40"],
)
def test_key_of_the_other_service_is_detected(service: t.Any, key: str, said: str) -> None:
    with serving(status=401, body=b"{}") as (port, _handler):
        connection = from_options(service.connection, {"api_key": key, "api_url": f"http://127.0.0.1:{port}"})
        named = {"api_key": "vapi_didlogic_key"}
        made = Client(service, connection, HttpOptions(), option=lambda name: named.get(name, name))
        with pytest.raises(RejectedError, match="does not accept the key") as raised:
            made.get("/x")
    assert said in str(raised.value)
    assert "vapi_didlogic_key" in str(raised.value)
    assert key not in str(raised.value)
