# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP probe against servers on loopback that do as they are told, and count."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import itertools
import json
import pathlib
import re
import secrets
import socket
import ssl
import threading
import time
import typing as t

import pytest
import trustme

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import probe as probing
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.probe import ProbeOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.transport import Address, Network, Untrusted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.verdict import (
    certificate_failure,
    os_error_text,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_contract import (
    compared,
    derived,
    documented,
    text_of,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner

HOST = "127.0.0.1"
USER, PASSWORD = "01234", "correct-horse-battery"
LOGIN = {"method": "register", "username": USER, "password": PASSWORD}
TRANSPORTS = ("udp", "tcp", "tls")
KEYS = {
    "ok", "reachable", "status", "reason", "rtt_ms", "allow", "refer_advertised", "server", "tls", "authenticated",
    "checks",
}  # fmt: skip
Answer = t.Callable[["Asked"], t.Any]


# ----------------------------------------------------------------------------------------------------------- the server


@dataclasses.dataclass
class Asked:
    """A request as the server sees it, read by other code than the probe's."""

    text: str

    @property
    def method(self) -> str:
        return self.text.split(" ", 1)[0]

    @property
    def uri(self) -> str:
        return self.text.split(" ", 2)[1]

    def header(self, name: str) -> str | None:
        found = re.findall(rf"^{name}: (.*)\r$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[0] if found else None

    def digest(self, name: str = "Authorization") -> dict[str, str]:
        return {key: a or b for key, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', self.header(name) or "")}

    def answer(self, status: str, *headers: str, body: str = "") -> bytes:
        lines = [f"SIP/2.0 {status}"]
        lines += [f"{name}: {self.header(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
        lines += [f"To: {self.header('To')};tag=server", *headers, f"Content-Length: {len(body)}", "", body]
        return "\r\n".join(lines).encode()


class Server:
    """Listens on a port of loopback and answers each request with what ``answer`` returns: bytes, several, nothing.

    ``None`` is silence, an empty answer ends the connection.
    """

    def __init__(self, transport: str, answer: Answer, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.answer, self.context = answer, context
        self.asked: list[Asked] = []
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind((HOST, port))
        self._socket.settimeout(0.01)
        self.port: int = self._socket.getsockname()[1]
        self._over = threading.Event()
        if transport != "udp":
            self._socket.listen()
        self._threads = [threading.Thread(target=self._datagrams if transport == "udp" else self._connections)]
        self._threads[0].start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(5)
        self._socket.close()

    def sent(self, method: str, *, password: bool | None = None) -> list[Asked]:
        """The requests of a kind."""
        found = [asked for asked in self.asked if asked.method == method]
        return [asked for asked in found if password is None or ("uthorization:" in asked.text) is password]

    def _replies(self, text: str) -> t.Iterator[bytes]:
        asked = Asked(text)
        self.asked.append(asked)
        answer = self.answer(asked)
        if answer is not None:
            yield from answer if isinstance(answer, (list, t.Iterator)) else [answer]

    def _datagrams(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                data, place = self._socket.recvfrom(65_535)
                for reply in self._replies(data.decode()):
                    self._socket.sendto(reply, place)

    def _connections(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _place = self._socket.accept()
                thread = threading.Thread(target=self._serve, args=(connection,))
                thread.start()
                self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.settimeout(2)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with contextlib.closing(connection):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(0.01)
        buffer = b""
        while not self._over.is_set():
            try:
                data = connection.recv(65_535)
            except TimeoutError:
                continue
            if not data:
                return
            buffer += data
            if not buffer.startswith((b"OPTIONS", b"REGISTER")):
                return  # as servers do with what is not SIP
            while b"\r\n\r\n" in buffer:
                head, _end, buffer = buffer.partition(b"\r\n\r\n")
                for reply in self._replies(head.decode() + "\r\n\r\n"):
                    if not reply:
                        return
                    connection.sendall(reply)


ALLOW = "Allow: INVITE, ACK, BYE, OPTIONS, REFER"


def alive(asked: Asked) -> bytes:
    return asked.answer("200 OK", ALLOW, "Server: Fake 1.0")


def registrar(
    password: str = PASSWORD,
    algorithm: str = "MD5",
    qop: str = 'qop="auth"',
    proxy: bool = False,
    stale: int = 0,
    refusal: str = "401 Unauthorized",
) -> Answer:
    """Answers OPTIONS, and REGISTER as a server does that checks the password.

    :param stale: how many answers are called stale.
    """
    nonces = (f"nonce{number}" for number in itertools.count())
    known: set[str] = set()
    left = [stale]
    names = ("Proxy-Authenticate", "Proxy-Authorization") if proxy else ("WWW-Authenticate", "Authorization")

    def challenge(asked: Asked, status: str, more: str = "") -> bytes:
        known.add(nonce := next(nonces))
        parts = filter(None, ['realm="fake"', f'nonce="{nonce}"', qop, algorithm and f"algorithm={algorithm}", more])
        return asked.answer(status, f"{names[0]}: Digest {', '.join(parts)}")

    def right(asked: Asked) -> bool:
        given = asked.digest(names[1])

        def h(text: str) -> str:
            kind = {"MD5": "md5", "SHA-256": "sha256"}[(algorithm or "MD5").upper().removesuffix("-SESS")]
            return hashlib.new(kind, text.encode()).hexdigest()

        first = h(f"{USER}:fake:{password}")
        if algorithm.upper().endswith("-SESS"):
            first = h(f"{first}:{given['nonce']}:{given['cnonce']}")
        second = h(f"REGISTER:{given['uri']}" + (f":{h('')}" if given.get("qop") == "auth-int" else ""))
        middle = f"{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}" if qop else given["nonce"]
        assert given["uri"] == asked.uri
        assert given["username"] == USER
        return given["nonce"] in known and given["response"] == h(f"{first}:{middle}:{second}")

    def answer(asked: Asked) -> bytes:
        if asked.method == "OPTIONS":
            return alive(asked)
        status = "407 Proxy Authentication Required" if proxy else "401 Unauthorized"
        if not asked.digest(names[1]):
            return challenge(asked, status)
        if left[0]:
            left[0] -= 1
            return challenge(asked, status, "stale=true")
        if not right(asked):
            return challenge(asked, refusal) if refusal.startswith("4") and "40" in refusal else asked.answer(refusal)
        return asked.answer("200 OK", "Contact: <sip:phone@192.0.2.1>;expires=60, <sip:desk@192.0.2.2>")

    return answer


# --------------------------------------------------------------------------------------------------------- certificates


@dataclasses.dataclass
class Trust:
    """A certification authority for the tests, and contexts of servers."""

    ca: trustme.CA
    path: str

    def context(self, *names: str, ca: trustme.CA | None = None, **more: t.Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (ca or self.ca).issue_cert(*(names or (HOST,)), **more).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return Trust(ca, str(path))


@dataclasses.dataclass
class Seen:
    """What a probe returned."""

    probe: dict[str, t.Any]
    trouble: str
    warnings: list[str]
    seconds: float

    @property
    def steps(self) -> dict[str, bool | None]:
        return {check["name"]: check["ok"] for check in self.probe["checks"]}

    def said(self, step: str) -> str:
        return " | ".join(check["message"] for check in self.probe["checks"] if check["name"] == step)


def run_probe(port: int, transport: str = "udp", *, network: Network | None = None, **options: t.Any) -> Seen:
    warnings: list[str] = []
    given = {"host": HOST, "port": port, "transport": transport, "timeout": 3, **options}
    started = time.monotonic()
    result, trouble = probing.probe(from_options(ProbeOptions, given), warnings.append, network=network)
    assert set(result) == {"probe"}
    assert set(result["probe"]) == KEYS
    assert result["probe"]["ok"] is (trouble is None)
    assert result["probe"]["ok"] is all(check["ok"] is not False for check in result["probe"]["checks"])
    json.dumps(result)
    if trouble:
        assert trouble.startswith(
            f"The SIP probe of {given['host']}:{port} over {transport.upper()} failed at the step "
        )
        assert trouble.endswith(".")
        assert "\n" not in trouble
        assert ". " not in trouble.removeprefix("The SIP probe of "), "one sentence"
    return Seen(result["probe"], trouble or "", warnings, time.monotonic() - started)


@contextlib.contextmanager
def serving(transport: str, answer: Answer, trust: Trust) -> t.Iterator[Server]:
    with Server(transport, answer, trust.context() if transport == "tls" else None) as server:
        yield server
        assert {asked.method for asked in server.asked} <= {"OPTIONS", "REGISTER"}
        assert not any(
            re.search(r"^(Contact|m|Expires):", asked.text, re.MULTILINE | re.IGNORECASE) for asked in server.asked
        )


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


# -------------------------------------------------------------------------------------------------------- what is right


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_options_is_answered(transport: str, trust: Trust) -> None:
    with serving(transport, alive, trust) as server:
        seen = run_probe(server.port, transport, ca_path=trust.path)
    assert seen.trouble == ""
    probe = seen.probe
    assert (probe["reachable"], probe["status"], probe["reason"], probe["server"]) == (True, 200, "OK", "Fake 1.0")
    assert probe["allow"] == ["INVITE", "ACK", "BYE", "OPTIONS", "REFER"]
    assert probe["refer_advertised"] is True
    assert probe["authenticated"] is None
    assert 0 < probe["rtt_ms"] < 3000
    tls = {"certificate": True} if transport == "tls" else {}
    assert seen.steps == {"name": True, "connection": True, **tls, "options": True, "refer": None}
    assert list(seen.steps)[:2] == ["name", "connection"]
    assert "proves nothing" in seen.said("refer")
    if transport == "tls":
        assert set(probe["tls"]) == {"version", "subject", "not_after", "verified"}
        assert probe["tls"]["verified"] is True
        assert probe["tls"]["version"] == "TLSv1.3"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", probe["tls"]["not_after"])
    else:
        assert probe["tls"] is None
    assert [asked.method for asked in server.asked] == ["OPTIONS"]
    assert server.asked[0].uri == f"sip:{HOST}:{server.port}"
    assert f"SIP/2.0/{transport.upper()} {HOST}:" in (server.asked[0].header("Via") or "")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_register_with_correct_password_succeeds(transport: str, trust: Trust) -> None:
    with serving(transport, registrar(), trust) as server:
        seen = run_probe(server.port, transport, ca_path=trust.path, **LOGIN)
    assert seen.trouble == ""
    assert seen.probe["authenticated"] is True
    assert seen.steps["digest"] is True
    assert "2 registered contacts unchanged" in seen.said("digest")
    assert [asked.method for asked in server.asked] == ["OPTIONS", "REGISTER", "REGISTER"]
    assert len(server.sent("REGISTER", password=True)) == 1
    assert server.asked[1].header("To") == f"<sip:{USER}@{HOST}>"
    numbers = [int((asked.header("CSeq") or "").split()[0]) for asked in server.asked]
    assert numbers == sorted(set(numbers))
    assert seen.warnings == []


@pytest.mark.parametrize("proxy", [False, True])
@pytest.mark.parametrize(
    ("algorithm", "qop"),
    [
        ("MD5", ""), ("", 'qop="auth"'), ("MD5-sess", 'qop="auth"'), ("SHA-256", 'qop="auth,auth-int"'),
        ("SHA-256-sess", "qop=auth"), ("SHA-256", 'qop="auth-int"'),
    ],
)  # fmt: skip
def test_digest_challenge_variants_are_answered(trust: Trust, algorithm: str, qop: str, proxy: bool) -> None:
    with serving("udp", registrar(algorithm=algorithm, qop=qop, proxy=proxy), trust) as server:
        assert run_probe(server.port, **LOGIN).probe["authenticated"] is True


def test_several_challenges_are_answered_together(trust: Trust) -> None:
    def answer(asked: Asked) -> bytes:
        if asked.method == "OPTIONS":
            return alive(asked)
        if asked.digest() and asked.digest("Proxy-Authorization"):
            assert asked.digest()["algorithm"] == "SHA-256"
            return asked.answer("200 OK")
        return asked.answer(
            "401 Unauthorized",
            'WWW-Authenticate: Digest realm="a", nonce="1", algorithm=NEW-1, qop="auth"',
            'WWW-Authenticate: Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth"',
            'WWW-Authenticate: Digest realm="a", nonce="3", algorithm=MD5, qop="auth"',
            'Proxy-Authenticate: Digest realm="b", nonce="4"',
        )

    with serving("udp", answer, trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert seen.probe["authenticated"] is True
    assert len(server.sent("REGISTER", password=True)) == 1


@pytest.mark.slow
def test_unanswered_options_is_no_error_with_register(trust: Trust) -> None:
    check = registrar()
    with serving("udp", lambda asked: None if asked.method == "OPTIONS" else check(asked), trust) as server:
        seen = run_probe(server.port, timeout=1, **LOGIN)
        assert run_probe(server.port, timeout=1).steps == {"name": True, "options": False}
    assert seen.steps == {"name": True, "connection": True, "options": None, "digest": True}
    assert (seen.probe["ok"], seen.probe["reachable"], seen.probe["authenticated"]) == (True, True, True)
    assert seen.probe["rtt_ms"] < 500


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "404 Not Found", "486 Busy Here", "501 Not Implemented", "302 x"]
)
def test_any_final_response_proves_reachability(trust: Trust, status: str) -> None:
    with serving("udp", lambda asked: asked.answer(status), trust) as server:
        seen = run_probe(server.port)
    assert seen.trouble == ""
    assert seen.probe["status"] == int(status[:3])
    assert (seen.probe["allow"], seen.probe["refer_advertised"]) == ([], None)
    assert "refer" not in seen.steps


def test_refer_missing_in_allow_is_reported(trust: Trust) -> None:
    with serving("tcp", lambda asked: asked.answer("200 OK", "Allow: INVITE", "allow: ACK, bye"), trust) as server:
        seen = run_probe(server.port, "tcp")
    assert (seen.probe["allow"], seen.probe["refer_advertised"]) == (["INVITE", "ACK", "BYE"], False)
    assert "will not work" in seen.said("refer")
    assert seen.probe["ok"] is True


def test_unrelated_messages_are_ignored(trust: Trust) -> None:
    """Provisional answers, requests, answers to others and keep-alives are passed over."""

    def answer(asked: Asked) -> list[bytes]:
        foreign = re.sub(rb"branch=\S+", b"branch=z9hG4bKother", asked.answer("200 Foreign"))
        ping = b"OPTIONS sip:x SIP/2.0\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        return [asked.answer("100 Trying"), b"\r\n\r\n", foreign, ping, asked.answer("200 Ours", body="body")]

    for transport in ("udp", "tcp"):
        with serving(transport, answer, trust) as server:
            assert run_probe(server.port, transport).probe["reason"] == "Ours"


def test_response_in_fragments_is_read(trust: Trust) -> None:
    def answer(asked: Asked) -> t.Iterator[bytes]:
        for byte in alive(asked):
            yield bytes([byte])

    with serving("tcp", answer, trust) as server:
        assert run_probe(server.port, "tcp").trouble == ""


# ----------------------------------------------------------------------------------------- the password, once at most


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("refusal", ["401 Unauthorized", "403 Wrong password", "407 Proxy Authentication Required"])
def test_wrong_password_is_sent_once(transport: str, refusal: str, trust: Trust) -> None:
    with serving(transport, registrar(password="another", refusal=refusal), trust) as server:
        seen = run_probe(server.port, transport, ca_path=trust.path, **LOGIN)
    assert seen.probe["authenticated"] is False
    assert "failed at the step digest: user name or password is wrong" in seen.trouble
    assert "correct the option username or password" in seen.trouble
    assert len(server.sent("REGISTER", password=True)) == 1
    assert PASSWORD not in json.dumps(seen.probe) + seen.trouble


@pytest.mark.parametrize(("stale", "attempts", "right"), [(0, 1, True), (1, 2, True), (2, 2, None), (99, 2, None)])
def test_stale_nonce_is_answered_once_more(trust: Trust, stale: int, attempts: int, right: bool | None) -> None:
    with serving("udp", registrar(stale=stale), trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert seen.probe["authenticated"] is right
    assert len(server.sent("REGISTER", password=True)) == attempts
    assert ("stale" in seen.trouble) is (right is None)


def test_wrong_password_after_stale_nonce_is_rejected(trust: Trust) -> None:
    with serving("udp", registrar(password="another", stale=1), trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert seen.probe["authenticated"] is False
    assert len(server.sent("REGISTER", password=True)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_lost_response_does_not_resend_the_password(trust: Trust, transport: str) -> None:
    check = registrar()
    with serving(transport, lambda asked: None if asked.digest() else check(asked), trust) as server:
        seen = run_probe(server.port, transport, timeout=1, **LOGIN)
    assert seen.probe["authenticated"] is None
    assert "neither confirmed nor refuted" in seen.trouble
    assert len(server.sent("REGISTER", password=True)) == 1


def test_connection_closed_after_password_is_an_error(trust: Trust) -> None:
    check = registrar()
    with serving("tcp", lambda asked: b"" if asked.digest() else check(asked), trust) as server:
        seen = run_probe(server.port, "tcp", **LOGIN)
    assert "closes the connection without a response to REGISTER" in seen.trouble
    assert len(server.sent("REGISTER", password=True)) == 1


def test_challenge_of_a_second_server_is_a_warning(trust: Trust) -> None:
    check = registrar(proxy=True)

    def answer(asked: Asked) -> bytes:
        if asked.digest("Proxy-Authorization"):
            return asked.answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="second", nonce="x"')
        return t.cast(bytes, check(asked))

    with serving("udp", answer, trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert (seen.trouble, seen.probe["authenticated"], seen.steps["digest"]) == ("", None, None)
    assert "second server" in seen.warnings[0]
    assert len(server.sent("REGISTER", password=True)) == 1


# ---------------------------------------------------------------------------------- what REGISTER says without a proof


@pytest.mark.parametrize(
    ("status", "ok", "says"),
    [
        ("200 OK", None, "accepted without a password"),
        ("405 Method Not Allowed", None, "does not accept REGISTER"),
        ("501 Not Implemented", None, "does not accept REGISTER"),
        ("401 Unauthorized", None, "no digest challenge"),
        ("403 Forbidden", False, "rejected before the password is requested"),
        ("404 Not Found", False, "account is unknown"),
        ("302 Moved", False, "rejected with 302"),
        ("503 Service Unavailable", False, "rejected with 503"),
    ],
)
def test_inconclusive_register_responses(trust: Trust, status: str, ok: bool | None, says: str) -> None:
    with serving("udp", lambda a: alive(a) if a.method == "OPTIONS" else a.answer(status), trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert seen.probe["authenticated"] is None
    assert seen.steps["digest"] is ok
    assert says in seen.said("digest")
    assert bool(seen.trouble) is (ok is False)
    assert bool(seen.warnings) is (ok is None)
    assert server.sent("REGISTER", password=True) == []


@pytest.mark.parametrize(
    ("status", "says"),
    [("404 Not Found", "unknown to the server after the password"), ("500 x", "after the password with 500")],
)
def test_account_rejected_after_password_is_an_error(trust: Trust, status: str, says: str) -> None:
    check = registrar()
    with serving("udp", lambda asked: asked.answer(status) if asked.digest() else check(asked), trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert seen.probe["authenticated"] is None
    assert says in seen.trouble


def test_unknown_authentication_scheme_is_an_error(trust: Trust) -> None:
    with serving("udp", registrar(algorithm="NEW-1"), trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert (seen.trouble, seen.probe["authenticated"]) == ("", None)
    assert "(NEW-1)" in seen.warnings[0]
    assert server.sent("REGISTER", password=True) == []


def test_options_response_503_is_an_error(trust: Trust) -> None:
    with serving("udp", lambda asked: asked.answer("503 Maintenance"), trust) as server:
        seen = run_probe(server.port, **LOGIN)
    assert "responds to OPTIONS with 503 Maintenance; correct the option host" in seen.trouble
    assert seen.probe["reachable"] is True
    assert server.sent("REGISTER") == []


# ---------------------------------------------------------------------------------------------------------- connections


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_closed_port_is_an_error(transport: str, trust: Trust) -> None:
    port = free_port(socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
    seen = run_probe(port, transport, ca_path=trust.path)
    assert "failed at the step connection: nothing listens at 127.0.0.1 port" in seen.trouble
    assert "correct the option port or transport (vapi_sip_trunk: gateways port, outbound_protocol)" in seen.trouble
    assert seen.probe["reachable"] is False
    assert seen.steps == {"name": True, "connection": False}
    assert seen.seconds < 2.5


@pytest.mark.parametrize(("asked", "there"), [("udp", "tcp"), ("tcp", "udp"), ("tls", "udp")])
def test_wrong_transport_is_an_error(asked: str, there: str, trust: Trust) -> None:
    with serving(there, alive, trust) as server:
        seen = run_probe(server.port, asked, ca_path=trust.path)
    assert f"but something does over {there.upper()}" in seen.trouble
    assert "correct the option transport (vapi_sip_trunk: gateways outbound_protocol)" in seen.trouble


def test_tcp_to_a_tls_port_is_an_error(trust: Trust) -> None:
    with serving("tls", alive, trust) as server:
        seen = run_probe(server.port, "tcp")
    assert "failed at the step options" in seen.trouble
    assert "uses TLS; correct the option transport" in seen.trouble


def test_tls_to_a_tcp_port_is_an_error(trust: Trust) -> None:
    with serving("tcp", alive, trust) as server:
        seen = run_probe(server.port, "tls", ca_path=trust.path)
    assert "failed at the step certificate" in seen.trouble
    assert "closes them at the start of TLS, as a port for plain SIP does" in seen.trouble
    assert "correct the option port or transport" in seen.trouble
    assert seen.steps == {"name": True, "connection": True, "certificate": False}


@contextlib.contextmanager
def raw_server(*parts: bytes, pause: float = 0.0, keep: bool = True) -> t.Iterator[int]:
    """A TCP server that says the same to everybody, at once."""
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                connection, _place = listening.accept()
                with connection:
                    for part in parts:
                        connection.sendall(part)
                        over.wait(pause)
                    over.wait(5 if keep else 0.1)

    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(0.01)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            over.set()
            thread.join(5)


def test_tls_handshake_timeout_is_an_error(trust: Trust) -> None:
    with raw_server() as port:
        seen = run_probe(port, "tls", timeout=1, ca_path=trust.path)
    assert "accepts connections but does not respond to TLS" in seen.trouble
    assert seen.seconds < 1.7
    with raw_server(b"220 mail.example.com ESMTP\r\n") as port:
        assert "does not use TLS, it responds in plain text" in run_probe(port, "tls", ca_path=trust.path).trouble


def test_tls_with_client_certificate_required_is_an_error(trust: Trust) -> None:
    context = trust.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(trust.path)
    with Server("tls", alive, context) as server:
        seen = run_probe(server.port, "tls", ca_path=trust.path)
    # What comes first, its last word or its end, is a matter of luck.
    assert "require a client certificate; correct the option" in seen.trouble
    assert server.asked == []


def test_tls_without_common_cipher_is_an_error(trust: Trust) -> None:
    """A server that speaks nothing but a cipher that nobody should."""
    context = trust.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-NULL-SHA:@SECLEVEL=0")
    with Server("tls", alive, context) as server:
        seen = run_probe(server.port, "tls", ca_path=trust.path)
    assert "the TLS handshake failed (" in seen.trouble


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\1\2\3", b"x" * 100_000]
)
def test_invalid_bytes_over_tcp_are_an_error(data: bytes) -> None:
    with raw_server(data) as port:
        seen = run_probe(port, "tcp")
    assert "failed at the step options" in seen.trouble
    assert "responds with something that is not SIP; correct the option port" in seen.trouble
    assert seen.seconds < 1


def test_invalid_datagrams_are_ignored(trust: Trust) -> None:
    with serving("udp", lambda asked: b"\0\1garbage", trust) as server:
        seen = run_probe(server.port, timeout=1)
    assert "the received data is not SIP" in seen.trouble
    with serving("udp", lambda asked: [b"\0\1garbage", alive(asked)], trust) as server:
        assert run_probe(server.port).trouble == ""


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_missing_response_is_a_timeout(transport: str, trust: Trust) -> None:
    with serving(transport, lambda asked: None, trust) as server:
        seen = run_probe(server.port, transport, timeout=1)
    assert "failed at the step options" in seen.trouble
    assert f"does not respond to OPTIONS over {transport.upper()} within 1.0 s" in seen.trouble
    assert "correct the option host, port or transport" in seen.trouble
    assert 0.9 < seen.seconds < 1.5
    assert len(server.sent("OPTIONS")) == (2 if transport == "udp" else 1)


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_missing_responses_to_all_methods_are_a_timeout(transport: str, trust: Trust) -> None:
    with serving(transport, lambda asked: None, trust) as server:
        seen = run_probe(server.port, transport, timeout=1, **LOGIN)
    assert "failed at the step digest: no response to REGISTER either" in seen.trouble
    assert seen.steps["options"] is None
    assert seen.seconds < 1.5
    assert server.sent("REGISTER", password=True) == []


def test_closed_connection_is_an_error(trust: Trust) -> None:
    for transport in ("tcp", "tls"):
        with serving(transport, lambda asked: b"", trust) as server:
            seen = run_probe(server.port, transport, ca_path=trust.path)
        assert "closes the connection without a response to OPTIONS" in seen.trouble


# ------------------------------------------------------------------------------------------------ hostile and boundless


def test_unrelated_responses_without_end_are_an_error(trust: Trust) -> None:
    def answer(asked: Asked) -> t.Iterator[bytes]:
        for _each in range(500):
            yield re.sub(rb"branch=\S+", b"branch=z9hG4bKother", asked.answer("200 Foreign"))

    for transport in ("udp", "tcp"):
        with serving(transport, answer, trust) as server:
            seen = run_probe(server.port, transport, timeout=5)
        assert "belongs to no request of this probe" in seen.trouble
        assert seen.seconds < 3


def test_slow_response_ends_at_the_timeout() -> None:
    with raw_server(*[bytes([byte]) for byte in b"SIP/2.0 200 " + b"x" * 500], pause=0.02) as port:
        seen = run_probe(port, "tcp", timeout=1)
    assert seen.trouble
    assert seen.seconds < 1.5


def test_endless_provisional_responses_end_at_the_timeout(trust: Trust) -> None:
    def answer(asked: Asked) -> t.Iterator[bytes]:
        for _each in range(40):
            time.sleep(0.04)
            yield asked.answer("183 Soon")

    with serving("tcp", answer, trust) as server:
        seen = run_probe(server.port, "tcp", timeout=1)
    assert seen.trouble
    assert seen.seconds < 1.5


def test_endless_response_is_an_error() -> None:
    head = b"SIP/2.0 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000
    with raw_server(*[head] * 20) as port:
        seen = run_probe(port, "tcp")
    assert seen.trouble
    assert seen.seconds < 2


def test_server_text_is_limited_and_printable(trust: Trust) -> None:
    nasty = "\x1b[31m\u202eEvil\x07" + "x" * 3000
    with serving("udp", lambda asked: asked.answer(f"503 {nasty}", f"Server: {nasty}"), trust) as server:
        seen = run_probe(server.port)
    for text in (
        seen.probe["reason"],
        seen.probe["server"],
        seen.trouble,
        *(c["message"] for c in seen.probe["checks"]),
    ):
        assert text.isprintable()
        assert len(text) < 500


def test_reflected_digest_is_not_shown(trust: Trust) -> None:
    def answer(asked: Asked) -> bytes:
        given = asked.digest().get("response", "")
        if asked.method == "OPTIONS" or not given:
            return t.cast(bytes, registrar()(asked))
        return asked.answer(f"403 You sent {given}", f"Server: {asked.header('Authorization')}")

    with serving("udp", answer, trust) as server:
        seen = run_probe(server.port, **LOGIN)
    response = server.sent("REGISTER", password=True)[0].digest()["response"]
    assert response not in json.dumps(seen.probe) + seen.trouble
    assert "403 You sent ..." in seen.trouble


# --------------------------------------------------------------------------------------------------------- certificates


def days(number: int) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=number)


def refused_certificate(context: ssl.SSLContext, **options: t.Any) -> Seen:
    with Server("tls", registrar(), context) as server:
        seen = run_probe(server.port, "tls", **LOGIN, **options)
        assert server.asked == [], "nothing is said to a server that is not trusted"
    assert seen.steps == {"name": True, "connection": True, "certificate": False}
    assert seen.probe["reachable"] is False
    assert seen.probe["tls"]["verified"] is False
    assert seen.probe["tls"]["version"] == "TLSv1.3"
    assert "failed at the step certificate: the server's certificate" in seen.trouble
    return seen


def test_expired_certificate_is_an_error(trust: Trust) -> None:
    context = trust.context(HOST, not_before=days(-30), not_after=days(-2))
    seen = refused_certificate(context, ca_path=trust.path)
    assert f"expired on {days(-2).date()}" in seen.trouble
    assert "no option can fix that" in seen.trouble
    assert seen.probe["tls"]["not_after"][:10] == str(days(-2).date())


def test_certificate_not_yet_valid_is_an_error(trust: Trust) -> None:
    seen = refused_certificate(trust.context(HOST, not_before=days(2), not_after=days(9)), ca_path=trust.path)
    assert "is not valid yet; check the clock" in seen.trouble


def test_certificate_of_unknown_authority_is_an_error(trust: Trust) -> None:
    seen = refused_certificate(trust.context(HOST, ca=trustme.CA()), ca_path=trust.path)
    assert "is not trusted" in seen.trouble
    assert trust.path in seen.trouble
    assert "correct the option ca_path" in seen.trouble
    assert "of this machine; correct the option ca_path" in refused_certificate(trust.context()).trouble


def test_certificate_for_another_host_is_an_error(trust: Trust) -> None:
    seen = refused_certificate(trust.context("sip.example.com", "b.example.com"), ca_path=trust.path)
    assert "is for sip.example.com, b.example.com, not for 127.0.0.1; correct the option host" in seen.trouble


def test_certificate_is_not_checked_without_validate_certs(trust: Trust) -> None:
    with Server("tls", registrar(), trust.context("sip.example.com", ca=trustme.CA())) as server:
        seen = run_probe(server.port, "tls", validate_certs=False, **LOGIN)
    assert seen.trouble == ""
    assert seen.steps["certificate"] is None
    assert seen.probe["tls"]["verified"] is False
    assert seen.probe["tls"]["not_after"]
    assert "validate_certs is false" in seen.warnings[0]


def test_invalid_ca_path_is_an_error(trust: Trust) -> None:
    for path in ("/nowhere/ca.pem", __file__):
        with pytest.raises(OptionError, match="Option ca_path: must be a readable file"):
            run_probe(1, "tls", ca_path=path)


# ------------------------------------------------------------------------------------------------------ names, in vitro


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Made(Network):
    """A network of addresses that are told to refuse, to be silent or to answer after some datagrams."""

    def __init__(self, clock: Clock, *answers: str | int) -> None:
        self.clock, self.answers, self.opened = clock, list(answers), []  # type: ignore[var-annotated]

    def resolve(self, host: str, port: int, transport: str, within: float) -> list[Address]:
        return [Address(socket.AF_INET, (f"192.0.2.{n}", port)) for n in range(1, len(self.answers) + 1)]

    def open(self, address: Address, transport: str, within: float, *_more: t.Any) -> t.Any:
        answer = self.answers[int(str(address.sockaddr[0]).rpartition(".")[2]) - 1]
        if transport == "tcp" and answer == "silent":
            self.clock.now += within
            raise TimeoutError
        if transport != "udp" or answer == "unreachable":
            self.clock.now += 0.1
            raise OSError(113, "No route to host") if answer == "unreachable" else ConnectionRefusedError(111, "x")
        channel = MadeChannel(self.clock, answer)
        self.opened.append(channel)
        return channel


class MadeChannel:
    reliable, local, version, certificate = False, "192.0.2.100:5060", None, None

    def __init__(self, clock: Clock, answer: str | int) -> None:
        self.clock, self.answer, self.sent, self.closed = clock, answer, [], False  # type: ignore[var-annotated]

    def send(self, data: bytes, within: float) -> None:
        assert within > 0
        self.sent.append((self.clock.now, data))

    def receive(self, within: float) -> bytes:
        if self.answer == "closed":
            raise ConnectionRefusedError(111, "x")
        if self.answer == "silent" or len(self.sent) < int(self.answer):
            self.clock.now += within
            raise TimeoutError
        self.clock.now += 0.01
        return Asked(self.sent[-1][1].decode()).answer("200 OK")

    def close(self) -> None:
        self.closed = True


def vitro(*answers: str | int, **options: t.Any) -> tuple[dict[str, t.Any], str | None, Made]:
    clock = Clock()
    network = Made(clock, *answers)
    given = from_options(ProbeOptions, {"host": "sip.example.com", "timeout": 10, **options})
    result, trouble = probing.probe(given, lambda _text: None, network=network, clock=clock)
    assert clock.now <= 1000.5 + given.timeout
    assert all(channel.closed for channel in network.opened)
    return result["probe"], trouble, network


def test_datagrams_are_retransmitted() -> None:
    """RFC 3261, 17.1.2.2: after 0.5, 1, 2 and 4 seconds, and then every 4."""
    probe, trouble, network = vitro(3)
    assert trouble is None
    assert [at - 1000 for at, _data in network.opened[0].sent] == [0, 0.5, 1.5]
    assert len({data for _at, data in network.opened[0].sent}) == 1
    assert probe["rtt_ms"] == 1510.0
    _probe, trouble, network = vitro("silent", timeout=20)
    assert [at - 1000 for at, _data in network.opened[0].sent] == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5]
    assert "within 20.0 s" in (trouble or "")


def test_next_address_is_tried() -> None:
    probe, trouble, network = vitro("unreachable", "closed", "silent", 1)
    assert trouble is None
    assert [(check["name"], check["ok"]) for check in probe["checks"]] == [
        ("name", True), ("connection", True), ("connection", None), ("connection", None), ("options", None),
        ("options", True),
    ]  # fmt: skip
    assert "192.0.2.4 port 5060 answers over UDP" in probe["checks"][1]["message"]
    assert "no route to it" in probe["checks"][2]["message"]
    assert [channel.answer for channel in network.opened] == ["closed", "silent", 1]


def test_srv_records_are_used_without_port() -> None:
    class Recorded(Made):
        asked: t.ClassVar[list[tuple[str, int]]] = []

        def services(self, host: str, transport: str, within: float) -> list[tuple[str, int]]:
            assert (host, transport) == ("sip.example.com", "udp")
            return [("one.example.com", 5070), ("two.example.com", 5080)]

        def resolve(self, host: str, port: int, transport: str, within: float) -> list[Address]:
            self.asked.append((host, port))
            return [Address(socket.AF_INET, ("192.0.2.1", port))]

    def probed(host: str, **options: t.Any) -> dict[str, t.Any]:
        Recorded.asked.clear()
        clock = Clock()
        given = from_options(ProbeOptions, {"host": host, **options})
        result, trouble = probing.probe(given, lambda _text: None, network=Recorded(clock, 1), clock=clock)
        assert trouble is None
        return result["probe"]

    probe = probed("sip.example.com")
    assert Recorded.asked == [("one.example.com", 5070), ("two.example.com", 5080)]
    assert "lead to one.example.com:5070, two.example.com:5080" in probe["checks"][0]["message"]
    assert any("port 5070 answers" in check["message"] for check in probe["checks"])
    probed("sip.example.com", port=5060)
    assert Recorded.asked == [("sip.example.com", 5060)]
    probed("192.0.2.1")
    assert Recorded.asked == [("192.0.2.1", 5060)]


def test_srv_records_are_sorted_by_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = pytest.importorskip("dns.resolver", reason="dnspython is not installed")
    import dns.rrset

    name = "_sips._tcp.sip.example.com."
    rows = ("20 1 5061 last.example.com.", "10 1 5062 second.example.com.", "10 9 5063 first.example.com.")
    monkeypatch.setattr(
        resolver, "resolve", lambda asked, *_more, **_named: dns.rrset.from_text(name, 60, "IN", "SRV", *rows)
    )
    found = Network().services("sip.example.com", "tls", 1)
    assert found == [("first.example.com", 5063), ("second.example.com", 5062), ("last.example.com", 5061)]

    def none(*_args: t.Any, **_named: t.Any) -> t.NoReturn:
        raise resolver.NXDOMAIN

    monkeypatch.setattr(resolver, "resolve", none)
    assert Network().services("sip.example.com", "tls", 1) == []


def test_no_reachable_address_is_an_error() -> None:
    for answer, says in (("closed", "nothing listens"), ("silent", "does not respond"), ("unreachable", "no route")):
        probe, trouble, _network = vitro(answer, answer)
        assert says in (trouble or "")
        assert "all 2 addresses" in (trouble or "")
        assert probe["reachable"] is False
    _probe, _trouble, network = vitro(*["closed"] * 9)
    assert len(network.opened) == 4


def test_unreachable_host_is_an_error() -> None:
    probe, trouble, _network = vitro("silent", transport="tcp")
    assert "failed at the step connection: 192.0.2.1 port 5060 does not respond to TCP" in (trouble or "")
    assert probe["rtt_ms"] is None


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(1, "x"), "a firewall of this machine blocks it"),
        (OSError(101, "x"), "no route to it"),
        (OSError(104, "x"), "connection reset by peer"),
        (OSError("x"), "broken off"),
        (ssl.SSLError("x"), "no reason given"),
    ],
)
def test_os_error_messages(error: OSError, says: str) -> None:
    assert os_error_text(error) == says


@pytest.mark.parametrize(
    ("code", "says", "fix"),
    [
        (18, "it is self-signed according to the CA certificates of this machine", "ca_path"),
        (10, "has expired", "no option can fix that"),
        (62, "is for another host, not for h", "host"),
        (66, "is rejected (x y)", "ca_path"),
    ],
)
def test_certificate_error_messages(code: int, says: str, fix: str) -> None:
    """Also where no look at the certificate succeeds."""
    what, how = certificate_failure(Untrusted(code, "x\ny"), None, "h", None)
    assert says in what
    assert fix in how


def test_register_responses_of_non_registrars(trust: Trust) -> None:
    for transport, answer, says in (("tcp", b"220 mail\r\n", "is not SIP"), ("tcp", b"", "closes the connection")):
        with serving(transport, lambda a, b=answer: alive(a) if a.method == "OPTIONS" else b, trust) as server:
            seen = run_probe(server.port, transport, **LOGIN)
        assert says in seen.trouble
        assert "neither confirmed" not in seen.trouble


@pytest.mark.parametrize(
    ("error", "says", "fix"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "does not resolve to an address", "correct the option host"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "cannot be resolved now", "correct the option host"),
        (UnicodeError("x"), "does not resolve to an address", "correct the option host"),
        (OSError(24, "x"), "too many open files", "correct the option host"),
        (None, "no name server responds within 1 s", "correct the option timeout"),
    ],
)
def test_unresolvable_host_is_an_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None, says: str, fix: str
) -> None:
    over = threading.Event()

    def fail_to_resolve(*_args: object, **_more: object) -> t.NoReturn:
        if error is None:
            over.wait(5)
        raise error or OSError

    monkeypatch.setattr(socket, "getaddrinfo", fail_to_resolve)
    seen = run_probe(5060, host="sip.example.com", timeout=1)
    over.set()
    assert "failed at the step name" in seen.trouble
    assert says in seen.trouble
    assert fix in seen.trouble
    assert seen.steps == {"name": False}
    assert seen.seconds < 1.5


def test_default_ports_and_uris_of_transports() -> None:
    for transport, port, uri in (("udp", 5060, "sip:sip.example.com"), ("udp", 5070, "sip:sip.example.com:5070")):
        _probe, _trouble, network = vitro(1, transport=transport, port=port)
        assert network.opened[0].sent[0][1].startswith(f"OPTIONS {uri} SIP/2.0\r\n".encode())
    options = from_options(ProbeOptions, {"host": "sip.example.com.", "transport": "tls"})
    probe_ = probing._Probe(options, Network(), Clock(), secrets.token_hex)
    assert (probe_.host, probe_.port, probe_.uri) == ("sip.example.com", 5061, "sip:sip.example.com")


def test_ipv6_address_is_probed(trust: Trust) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        try:
            server.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 on loopback")
        server.settimeout(5)

        def serve() -> None:
            data, place = server.recvfrom(65_535)
            asked.append(Asked(data.decode()))
            server.sendto(asked[0].answer("200 OK"), place)

        asked: list[Asked] = []
        thread = threading.Thread(target=serve)
        thread.start()
        result, trouble = probing.probe(
            from_options(ProbeOptions, {"host": "::1", "port": server.getsockname()[1]}), lambda _text: None
        )
        thread.join(5)
    assert trouble is None, result
    assert asked[0].uri.startswith("sip:[::1]:")
    assert " [::1]:" in (asked[0].header("Via") or "")


# ----------------------------------------------------------------------------------------------------------- the module


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleRunner:
    return ModuleRunner(monkeypatch)


def test_probe_module_result(runner: ModuleRunner, trust: Trust) -> None:
    with serving("udp", registrar(), trust) as server:
        options = {"host": HOST, "port": server.port, **LOGIN}
        for check in (False, True):
            result = runner.raw("sip_probe", options, check=check, diff=True)
            assert (result["changed"], result.get("failed", False)) == (False, False)
            assert result["probe"]["authenticated"] is True
            assert {"changed", "probe"} <= set(result) <= {"changed", "probe", "invocation"}
            assert PASSWORD not in runner.output
        assert len(server.sent("REGISTER", password=True)) == 2, "check mode runs the same"


def test_probe_module_fails_or_reports(runner: ModuleRunner, trust: Trust) -> None:
    with serving("udp", registrar(password="another"), trust) as server:
        options = {"host": HOST, "port": server.port, **LOGIN}
        failed = runner.raw("sip_probe", options)
        details = runner.raw("sip_probe", options | {"fail": False})
    assert failed["failed"] is True
    assert failed["msg"].startswith(f"The SIP probe of 127.0.0.1:{server.port} over UDP failed at the step digest: ")
    assert failed["changed"] is False
    assert details.get("failed", False) is False
    for result in (failed, details):
        assert (result["probe"]["ok"], result["probe"]["authenticated"]) == (False, False)
        assert set(result["probe"]) == KEYS


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"host": "sip:sip.example.com"}, 'Option host ("sip:sip.example.com"): must be'),
        ({"host": "sip.example.com:5060"}, 'Option host ("sip.example.com:5060"): must be'),
        ({"host": "fe80::1%eth0"}, 'Option host ("fe80::1%eth0"): must be an address without a scope'),
        ({"host": HOST, "port": 0}, "Option port (0): must be 1 to 65535"),
        ({"host": HOST, "timeout": 0}, "Option timeout (0): must be 1 to 120"),
        ({"host": HOST, "transport": "sctp"}, "transport"),
        ({"host": HOST, "method": "invite"}, "method"),
        ({"host": HOST, "method": "register", "username": USER}, "Option password: must be given"),
        ({"host": HOST, "method": "register", "password": PASSWORD}, "Option username: must be given"),
        ({"host": HOST, **LOGIN, "username": "sip:1@x"}, 'Option username ("sip:1@x"): must be only the login'),
        ({"host": HOST, **LOGIN, "username": "a\r\nX: y"}, r'Option username ("a\r\nX: y"): must be only the login'),
        ({"host": HOST, **LOGIN, "password": "abcdef\r\nX: y"}, "Option password: contains a line break"),
        ({"host": HOST, **LOGIN, "password": "********"}, "Option password: contains Ansible's no_log mask"),
        ({}, "host"),
    ],
)
def test_options_are_validated_before_sending(
    runner: ModuleRunner, monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], says: str
) -> None:
    monkeypatch.setattr(Network, "resolve", lambda *_args: pytest.fail("it looked"))
    result = runner.raw("sip_probe", options)
    assert result["failed"] is True
    assert says in result["msg"]
    assert "probe" not in result


def test_module_hides_reflected_password(runner: ModuleRunner, trust: Trust) -> None:
    words = f"Hello {PASSWORD} {PASSWORD.upper()} {PASSWORD.encode().hex()}"

    def answer(asked: Asked) -> bytes:
        return asked.answer(f"503 {words}", f"Server: {words}", f"Allow: INVITE, {PASSWORD}")

    with serving("udp", answer, trust) as server:
        for fail in (True, False):
            result = runner.raw("sip_probe", {"host": HOST, "port": server.port, **LOGIN, "fail": fail}, verbosity=5)
            assert result["probe"]["status"] == 503
            for form in (PASSWORD, PASSWORD.upper(), PASSWORD.encode().hex()):
                assert form not in runner.output
            assert PASSWORD[:8] not in result.get("msg", "")


def test_warning_contains_no_password(runner: ModuleRunner, trust: Trust) -> None:
    def answer(asked: Asked) -> bytes:
        return alive(asked) if asked.method == "OPTIONS" else asked.answer(f"405 {PASSWORD}")

    with serving("udp", answer, trust) as server:
        runner.raw("sip_probe", {"host": HOST, "port": server.port, **LOGIN})
    assert len(runner.warnings) == 1
    assert "did not verify the password" in runner.warnings[0]


def test_unexpected_error_is_no_traceback(runner: ModuleRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_args: object) -> t.NoReturn:
        raise RuntimeError(PASSWORD)

    monkeypatch.setattr(Network, "resolve", resolve)
    result = runner.raw("sip_probe", {"host": HOST, **LOGIN})
    assert "Internal error of the collection" in result["msg"]
    assert PASSWORD not in runner.output


# -------------------------------------------------------------------------------------------------------- documentation


def test_documented_options_equal_argument_spec() -> None:
    assert list(compared(derived("sip_probe"), documented("sip_probe"), "")) == []
    assert derived("sip_probe")["password"]["no_log"] is True
    attributes = documented("sip_probe", "attributes")
    assert {"check_mode", "diff_mode", "idempotent", "action_group"} <= set(attributes)


def test_documented_result_equals_result() -> None:
    said = text_of("sip_probe", "RETURN")["probe"]["contains"]
    assert set(said) == KEYS
    assert set(said["tls"]["contains"]) == {"version", "subject", "not_after", "verified"}
    assert set(said["checks"]["contains"]) == {"name", "ok", "message"}


def test_examples_contain_no_password() -> None:
    for task in text_of("sip_probe", "EXAMPLES"):
        given = task.get("voiceops.vapi_didlogic.sip_probe", {})
        assert set(given) <= set(derived("sip_probe"))
        assert "{{" in given.get("password", "{{")


def test_only_options_and_register_can_be_sent() -> None:
    """Only these two words are ever handed to what sends."""
    folder = pathlib.Path(t.cast(str, probing.__file__)).parent
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert set(re.findall(r'"([A-Z]{3,})"', text)) >= {"OPTIONS", "REGISTER"}
    assert not re.search(r'"(INVITE|MESSAGE|SUBSCRIBE|NOTIFY|BYE|PUBLISH|ACK)"', text)
