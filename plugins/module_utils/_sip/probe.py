# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a SIP server, step by step: name, connection, certificate, OPTIONS, digest. Knows nothing of Ansible.

No other requests than OPTIONS and REGISTER without Contact are ever sent, so that nobody is called and no binding
changes. A password is answered with once, however the answer to it may be lost: servers lock out who fails twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import ipaddress
import os
import secrets
import socket
import ssl
import threading
import time
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Problem, Record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import check_host
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import certificate, wire
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.wire import (
    Challenge,
    Malformed,
    Request,
    Response,
    shown,
)

#: RFC 3261: the first pause before a datagram is sent again, and the longest.
T1, T2 = 0.5, 4.0
#: What a server may make us read at most; addresses of a name that are tried; seconds for a look at another transport.
MOST_MESSAGES, MOST_BYTES, MOST_ADDRESSES, ASIDE = 64, 262_144, 4, 1.0


def check_server(host: str) -> None:
    """A host name or an address of either kind."""
    try:
        scoped = ipaddress.IPv6Address(host).scope_id
    except ValueError:
        return check_host(host)
    if scoped:
        raise ValueError("must be an address without a scope.")
    return None


def check_username(username: str) -> None:
    """A login as it can stand in a SIP URI and in a digest."""
    if not username.isprintable() or any(char in ' "\\<>@:;,?' for char in username):
        raise ValueError("must be the bare login, without sip:, host, spaces and quotes.")


def check_password(password: str) -> None:
    """A password that can stand for itself."""
    if any(char < " " for char in password):
        raise ValueError("holds a line break or another control character; give the bare password.")


class ProbeOptions(Record):
    """What is asked of ``sip_probe``."""

    host: t.Annotated[str | None, Option(required=True, check=check_server)] = None
    port: t.Annotated[int | None, Option(between=(1, 65535))] = None
    transport: t.Literal["udp", "tcp", "tls"] = "udp"
    username: t.Annotated[str | None, Option(length=(1, 64), check=check_username)] = None
    password: t.Annotated[str | None, Option(secret=True, length=(1, 255), check=check_password)] = None
    method: t.Literal["options", "register"] = "options"
    timeout: t.Annotated[int, Option(between=(1, 120))] = 10
    validate_certs: bool = True
    ca_path: str | None = None
    fail: bool = True


# ------------------------------------------------------------------------------------------------------- the network


@dataclasses.dataclass(frozen=True)
class Address:
    """One address of a name."""

    family: int
    place: tuple[t.Any, ...]

    def __str__(self) -> str:
        return f"{self.place[0]} port {self.place[1]}"


class Untrusted(Exception):
    """The server's certificate is not accepted."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


class NoTls(Exception):
    """The connection stands, but no TLS comes about on it. ``kind``: silent, closed, plain, or words of OpenSSL."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Closed(Exception):
    """The server ended the connection."""


class Channel(t.Protocol):
    """A way to one server. ``receive`` gives one message, and raises ``TimeoutError`` when the time is over."""

    reliable: bool
    local: str
    version: str | None
    certificate: bytes | None

    def send(self, data: bytes, within: float) -> None:
        """One message; raises :class:`Closed` or ``OSError``."""

    def receive(self, within: float) -> bytes:
        """One message; raises :class:`Closed`, :class:`Malformed` or ``OSError`` as well."""
        raise NotImplementedError

    def close(self) -> None:
        """The end."""


class _Socket:
    version: str | None = None
    certificate: bytes | None = None

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        host, port = sock.getsockname()[:2]
        self.local = f"{wire.address(host)}:{port}"

    def send(self, data: bytes, within: float) -> None:
        self._sock.settimeout(max(within, 0.001))
        self._sock.sendall(data)

    def close(self) -> None:
        self._sock.close()


class Datagrams(_Socket):
    """UDP. The socket is connected, so that a closed port is heard of and strangers are not."""

    reliable = False

    def receive(self, within: float) -> bytes:
        self._sock.settimeout(max(within, 0.001))
        return self._sock.recv(65_535)


class Stream(_Socket):
    """TCP, with TLS or without."""

    reliable = True

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._buffer, self._read = b"", 0
        if isinstance(sock, ssl.SSLSocket):
            self.version, self.certificate = sock.version(), sock.getpeercert(binary_form=True)

    def send(self, data: bytes, within: float) -> None:
        try:
            super().send(data, within)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
            raise Closed from None

    def receive(self, within: float) -> bytes:
        until = time.monotonic() + within
        while True:
            self._buffer = self._buffer.lstrip(b"\r\n")
            length = wire.frame(self._buffer)
            if length is not None:
                message, self._buffer = self._buffer[:length], self._buffer[length:]
                return message
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            try:
                data = self._sock.recv(16_384)
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
                data = b""
            self._read += len(data)
            if not data:
                raise Malformed if self._buffer else Closed
            if self._read > MOST_BYTES:
                raise Malformed
            self._buffer += data


class Network:
    """The real one."""

    def resolve(self, host: str, port: int, transport: str, within: float) -> list[Address]:
        """The addresses of a name; raises ``OSError``. Python can not end a look-up, but it need not wait for it."""
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        found: list[t.Any] = []

        def look() -> None:
            try:
                found.append(socket.getaddrinfo(host, port, type=kind))
            except (OSError, UnicodeError) as error:
                found.append(error)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(max(within, 0.001))
        if not found:
            raise TimeoutError
        if isinstance(found[0], UnicodeError):
            raise socket.gaierror(socket.EAI_NONAME, "")
        if isinstance(found[0], OSError):
            raise found[0]
        return [Address(family, place) for family, _kind, _protocol, _name, place in found[0]]

    def services(self, host: str, transport: str, within: float) -> list[tuple[str, int]]:
        """Where the name's SRV records lead, the first choice first; empty without records, or without dnspython."""
        try:
            import dns.exception
            import dns.resolver
        except ImportError:
            return []
        name = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp."}[transport] + host
        try:
            rows = list(dns.resolver.resolve(name, "SRV", lifetime=max(within, 0.001)))
        except (dns.exception.DNSException, OSError):
            return []
        rows.sort(key=lambda row: (row.priority, -row.weight))
        return [(str(row.target).rstrip("."), int(row.port)) for row in rows if str(row.target) != "."]

    def open(
        self, address: Address, transport: str, within: float, trust: ssl.SSLContext | None = None, name: str = ""
    ) -> Channel:
        """A channel; raises ``OSError`` where there is no connection, :class:`Untrusted` or :class:`NoTls`."""
        started = time.monotonic()
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        sock = socket.socket(address.family, kind)
        try:
            sock.settimeout(max(within, 0.001))
            sock.connect(address.place)
            if transport == "udp":
                return Datagrams(sock)
            if trust:
                sock.settimeout(max(within - (time.monotonic() - started), 0.001))
                sock = _secured(sock, trust, name)
            return Stream(sock)
        except BaseException:
            sock.close()
            raise


def _secured(sock: socket.socket, trust: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    kind = "silent"
    try:
        return trust.wrap_socket(sock, server_hostname=name)
    except ssl.SSLCertVerificationError as error:
        refused = Untrusted(error.verify_code, error.verify_message)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        refused, kind = None, "closed"
    except ssl.SSLError as error:
        refused, kind = None, "plain" if error.reason in _PLAIN else error.reason or "unknown"
    except TimeoutError:
        refused = None
    except OSError:
        refused, kind = None, "closed"
    raise refused or NoTls(kind)


#: OpenSSL's words for an answer that is no TLS at all.
_PLAIN = {"WRONG_VERSION_NUMBER", "UNEXPECTED_MESSAGE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "BAD_RECORD_TYPE"}


def _trust(options: ProbeOptions) -> ssl.SSLContext:
    """What certificates are accepted; raises :class:`Problem`."""
    context = None
    with contextlib.suppress(OSError):  # of which OpenSSL's errors are a kind
        context = ssl.create_default_context(cafile=options.ca_path)
    if context is None:
        raise Problem("ca_path", "must be a readable file with CA certificates in PEM form.")
    return context if options.validate_certs else _trusting()


def _trusting() -> ssl.SSLContext:
    """Accepts any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# ---------------------------------------------------------------------------------------------------------- the steps


_TRUNK = "vapi_sip_trunk: gateways"
HOST = f"mend the option host ({_TRUNK} ip)"
PORT = f"mend the option port ({_TRUNK} port)"
TRANSPORT = f"mend the option transport ({_TRUNK} outbound_protocol)"
PLACE = f"mend the option port or transport ({_TRUNK} port, outbound_protocol)"
WAY = f"mend the option host, port or transport ({_TRUNK} ip, port, outbound_protocol)"
LOGIN = "mend the option username or password (vapi_sip_trunk: username, password; didlogic_sip_account: password)"
USER = f"mend the option username or host (vapi_sip_trunk: username; {_TRUNK} ip)"
ALLOWED = "mend what the account allows (didlogic_sip_account: allowed_ips, ip_restrict), or the option username"
ANCHOR = "mend the option ca_path"
TIME = "mend the option timeout, or run it again"


class Broken(Exception):
    """A step that does not hold: a clause on what was seen, and what mends it."""

    def __init__(self, step: str, what: str, mend: str) -> None:
        super().__init__(what)
        self.step, self.what, self.mend = step, what, mend


class Unreached(Exception):
    """An address that gives no answer; another one of the name may."""

    def __init__(self, step: str, what: str, mend: str) -> None:
        super().__init__(what)
        self.broken = Broken(step, what, mend)


class Silent(Exception):
    """No answer in time. ``heard``: what came instead, if anything."""

    def __init__(self, heard: str = "") -> None:
        super().__init__(heard)
        self.heard = heard


def probe(
    options: ProbeOptions,
    warn: t.Callable[[str], None],
    *,
    network: Network | None = None,
    clock: t.Callable[[], float] = time.monotonic,
    token: t.Callable[[int], str] = secrets.token_hex,
) -> tuple[dict[str, t.Any], str | None]:
    """What the module returns, and why the task fails, if it does."""
    if options.method == "register":
        for name in ("username", "password"):
            if not getattr(options, name):
                raise Problem(name, "must be given with method register, which proves user name and password.")
    if options.transport == "tls" and not options.validate_certs:
        warn("validate_certs is false: anybody on the way can pass for the server.")
    look = _Probe(options, network or Network(), clock, token)
    trouble = look.run()
    if options.method == "register" and trouble is None and look.told["authenticated"] is None:
        why = next(check["message"] for check in look.checks if check["name"] == "digest")
        warn(f"The SIP probe of {look.target} has not proven the password: {why}.")
    return {"probe": look.told}, trouble if options.fail else None


class _Probe:
    """One probe. All of it has one deadline."""

    def __init__(
        self,
        options: ProbeOptions,
        network: Network,
        clock: t.Callable[[], float],
        token: t.Callable[[int], str],
    ) -> None:
        self.options, self.network, self.clock, self.token = options, network, clock, token
        self.host = str(options.host).rstrip(".")
        self.port = options.port or (5061 if options.transport == "tls" else 5060)
        self.over = options.transport.upper()
        self.target = f"{wire.address(self.host)}:{self.port} over {self.over}"
        usual = 5061 if options.transport == "tls" else 5060
        self.uri = f"sip:{wire.address(self.host)}" + ("" if self.port == usual else f":{self.port}")
        self.trust = _trust(options) if options.transport == "tls" else None
        self.until = clock() + options.timeout
        self.checks: list[dict[str, t.Any]] = []
        self.told: dict[str, t.Any] = {
            "ok": False, "reachable": False, "status": None, "reason": None, "rtt_ms": None, "allow": [],
            "refer_advertised": None, "server": None, "tls": None, "authenticated": None, "checks": self.checks,
        }  # fmt: skip
        self.place: Address | None = None
        self.number = 0
        self.call_id, self.tag = token(12), token(6)

    def run(self) -> str | None:
        """Everything, in order; returns a sentence on what does not hold."""
        trouble = None
        try:
            channel = self._channel()
            try:
                if self.options.method == "register":
                    self._digest(channel)
            finally:
                channel.close()
        except Broken as broken:
            self._note(broken.step, False, broken.what)
            trouble = f"The SIP probe of {self.target} failed at the step {broken.step}: {broken.what}; {broken.mend}."
        self._refer()
        self.told["ok"] = trouble is None
        return trouble

    def _note(self, step: str, ok: bool | None, message: str) -> None:
        self.checks.append({"name": step, "ok": ok, "message": message})

    def _left(self) -> float:
        return self.until - self.clock()

    # -- name, connection, certificate

    def _channel(self) -> Channel:
        """A channel to the first address that answers OPTIONS."""
        addresses = self._addresses()
        lost: Unreached | None = None
        for number, place in enumerate(addresses):
            last = number + 1 == len(addresses)
            share = self._left() / (len(addresses) - number)
            mark = len(self.checks)
            try:
                return self._asked(place, self.clock() + share, last=last)
            except Unreached as unreached:
                lost = unreached
                if not last:
                    del self.checks[mark:]
                    self._note(lost.broken.step, None, lost.broken.what)
        broken = lost.broken if lost else Broken("name", f"{self.host} has no address", HOST)
        if len(addresses) > 1:
            broken.what += f"; so it is with all {len(addresses)} addresses that were tried"
        raise broken

    def _addresses(self) -> list[Address]:
        what, mend, found = "", HOST, []
        try:
            for name, port in self._services():
                found += self.network.resolve(name, port, self.options.transport, self._left())
        except TimeoutError:
            what, mend = f"no name server answers within {self.options.timeout} s", TIME
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                what = f"{self.host} can not be looked up now, the name server gives no answer"
            else:
                what = f"{self.host} does not resolve to an address (A or AAAA)"
        except OSError as error:
            what = f"{self.host} can not be looked up ({_words(error)})"
        if what:
            raise Broken("name", what, mend)
        addresses = list(dict.fromkeys(found))
        names = list(dict.fromkeys(str(address.place[0]) for address in addresses))
        listed = ", ".join(names[:MOST_ADDRESSES]) + (" and more" if len(names) > MOST_ADDRESSES else "")
        self._note("name", True, f"{self.host} is {listed}" if names != [self.host] else f"{self.host} is an address")
        return addresses[:MOST_ADDRESSES]

    def _services(self) -> list[tuple[str, int]]:
        """Names and ports to try. A port that is given says it all, as in a gateway of a trunk."""
        found: list[tuple[str, int]] = []
        if self.options.port is None and not wire.is_address(self.host):
            found = self.network.services(self.host, self.options.transport, self._left() / 4)[:MOST_ADDRESSES]
        if found:
            listed = ", ".join(f"{name}:{port}" for name, port in found)
            self._note("name", True, f"SRV records of {self.host} lead to {listed}")
        return found or [(self.host, self.port)]

    def _asked(self, place: Address, until: float, *, last: bool) -> Channel:
        """A channel to an address, once it has answered OPTIONS."""
        self.place = place
        channel = self._open(place, until)
        try:
            if self.trust:
                self._accepted(channel)
            self._ask_options(channel, place, until, patient=not last or self.options.method == "options")
        except BaseException:
            channel.close()
            raise
        return channel

    def _open(self, place: Address, until: float) -> Channel:
        refused: Untrusted | NoTls | None = None
        what, mend = "", WAY
        try:
            channel = self.network.open(place, self.options.transport, until - self.clock(), self.trust, self.host)
        except (Untrusted, NoTls) as error:
            refused = error
        except ConnectionRefusedError:
            what, mend = self._closed_port(place)
        except TimeoutError:
            what = (
                f"{place} does not take a TCP connection, nothing comes back; the host is down or a firewall drops it"
            )
        except OSError as error:
            what, mend = f"{place} can not be reached ({_words(error)})", HOST
        if what:
            raise Unreached("connection", what, mend)
        if self.options.transport != "udp":
            self._note("connection", True, f"{place} takes connections over TCP")
        if isinstance(refused, Untrusted):
            raise self._untrusted(refused, place)
        if refused:
            raise _no_tls(refused)
        return channel

    def _closed_port(self, place: Address) -> tuple[str, str]:
        """What to say of a port at which nothing listens: perhaps it does over another transport."""
        what = f"nothing listens at {place} over {'UDP' if self.over == 'UDP' else 'TCP'} (refused)"
        other = "tcp" if self.over == "UDP" else "udp"
        until = min(self.until, self.clock() + ASIDE)
        try:
            channel = self.network.open(place, other, until - self.clock())
            try:
                if other == "udp":
                    self._exchange(channel, "OPTIONS", until, via="UDP")
            finally:
                channel.close()
        except (OSError, Silent, Closed, Malformed):
            return what, PLACE
        return f"{what}, but something does over {other.upper()}", TRANSPORT

    def _certificate(self, channel: Channel) -> certificate.Certificate | None:
        """What the certificate says of itself."""
        seen = None
        with contextlib.suppress(Malformed):
            seen = certificate.read(channel.certificate or b"")
        self.told["tls"] = {
            "version": channel.version,
            "subject": seen.subject if seen else None,
            "not_after": seen.not_after if seen else None,
            "verified": False,
        }
        return seen

    def _accepted(self, channel: Channel) -> None:
        """Note what stands of a certificate that was accepted."""
        seen = self._certificate(channel)
        until = f", until {seen.not_after}" if seen else ""
        if self.options.validate_certs:
            self.told["tls"]["verified"] = True
            self._note("certificate", True, f"{channel.version}, trusted, for {self.host}{until}")
        else:
            self._note("certificate", None, f"{channel.version}, not checked, validate_certs is false{until}")

    def _untrusted(self, refused: Untrusted, place: Address) -> Broken:
        """Why a certificate is refused. A second connection looks at it; nothing is asked there."""
        seen, self.told["tls"] = None, {"version": None, "subject": None, "not_after": None, "verified": False}
        with contextlib.suppress(OSError, NoTls, Untrusted):
            channel = self.network.open(place, "tls", self._left(), _trusting(), self.host)
            channel.close()
            seen = self._certificate(channel)
        return Broken("certificate", *_distrust(refused, seen, self.host, self.options.ca_path))

    # -- OPTIONS

    def _ask_options(self, channel: Channel, place: Address, until: float, *, patient: bool) -> None:
        """OPTIONS. Where REGISTER follows, half of the time is kept for it, as a server may leave this unanswered."""
        started = self.clock()
        until = until if patient else started + (until - started) / 2
        try:
            response = self._exchange(channel, "OPTIONS", until)
        except ConnectionRefusedError:
            lost: Exception = Unreached("connection", *self._closed_port(place))
        except Silent as silent:
            what = self._silence(silent, place, self.clock() - started)
            if not patient and not silent.heard:
                self._note("options", None, what)
                return
            lost = Unreached("options", what, WAY)
        except Closed:
            what = f"{place} ends the connection without an answer to OPTIONS, as servers do to whom they do not know"
            what += ", and that want a certificate of the caller" if self.trust else ""
            lost = Broken("options", *self._expects_tls(place) or (what, PLACE))
        except Malformed as error:
            what = f"{place} answers with something that is not SIP"
            alert = self.over == "TCP" and error.args == (wire.TLS,)
            lost = Broken("options", *(f"{place} speaks TLS", TRANSPORT) if alert else (what, PORT))
        except ssl.SSLError as error:
            what = f"{place} breaks off TLS ({_words(error)}), as servers do that want a certificate of the caller"
            lost = Broken("certificate", what, TRANSPORT)
        except OSError as error:
            lost = Unreached("connection", f"{place} can not be reached ({_words(error)})", HOST)
        else:
            self._heard(response, started)
            self._judge_options(response)
            return
        raise lost

    def _silence(self, silent: Silent, place: Address, seconds: float) -> str:
        heard = {"garbage": "; what came is not SIP", "foreign": "; what came belongs to no request of this probe"}
        text = f"{place} gives no answer to OPTIONS over {self.over} within {seconds:.1f} s"
        drop = "; servers are silent to addresses that they do not know, and firewalls drop"
        return text + heard.get(silent.heard, drop)

    def _expects_tls(self, place: Address) -> tuple[str, str] | None:
        """What to say if a port that ended a connection without TLS takes one with TLS."""
        if self.over != "TCP":
            return None
        try:
            self.network.open(place, "tls", min(self._left(), ASIDE), _trusting(), self.host).close()
        except (OSError, NoTls, Untrusted):
            return None
        return f"{place} speaks TLS", TRANSPORT

    def _judge_options(self, response: Response) -> None:
        says = _says(response)
        if response.status >= 500 and response.status != 501:
            raise Broken("options", f"it is there but serves nobody now, it answers OPTIONS with {says}", HOST)
        more = {
            401: ", it wants a password",
            407: ", it wants a password",
            403: ", it does not serve this address or this way to ask",
        }.get(response.status, "")
        self._note("options", True, f"answers {says} in {self.told['rtt_ms']} ms{more}")

    def _refer(self) -> None:
        """Say what an advertised REFER is worth."""
        advertised = self.told["refer_advertised"]
        if advertised:
            worth = "REFER is advertised, which proves nothing: servers that refuse it advertise it too"
        else:
            worth = "REFER is not advertised, so transfers by REFER will not work"
        if advertised is not None:
            self._note("refer", None, worth)

    def _heard(self, response: Response, started: float | None = None) -> None:
        """Take the facts out of an answer."""
        told = self.told
        if self.over == "UDP" and not told["reachable"]:
            # Behind the name: over UDP only an answer tells of a connection.
            self.checks.insert(1, {"name": "connection", "ok": True, "message": f"{self.place} answers over UDP"})
        told["reachable"] = True
        told["status"], told["reason"] = response.status, shown(response.reason)
        if started is not None and told["rtt_ms"] is None:
            told["rtt_ms"] = round((self.clock() - started) * 1000, 1)
        methods = wire.allowed(response)
        if methods is not None and not told["allow"]:
            told["allow"], told["refer_advertised"] = methods, "REFER" in methods
        names = response.values("server") or response.values("user-agent")
        if names:
            told["server"] = shown(names[0])

    # -- digest

    def _digest(self, channel: Channel) -> None:
        """REGISTER without Contact: it asks what is registered and changes nothing."""
        started = self.clock()
        response = self._register(channel, ())
        self._heard(response, started)
        if response.status not in (401, 407):
            self._note("digest", *_unasked(response))
            return
        asked: set[tuple[bool, str]] = set()
        for again in (False, True):
            challenges = wire.challenges(response)
            answered = wire.chosen(challenges)
            if not answered:
                self._note("digest", None, _unanswerable(challenges))
                return
            asked |= {challenge.asker for challenge in answered}
            response = self._register(channel, tuple(self._answer(challenge) for challenge in answered))
            self._heard(response)
            stale = [challenge for challenge in wire.challenges(response) if challenge.stale]
            if response.status not in (401, 407) or again or not {challenge.asker for challenge in stale} & asked:
                break
        self._judge_register(response, asked)

    def _answer(self, challenge: Challenge) -> tuple[str, str]:
        options = self.options
        username, password = str(options.username), str(options.password)
        return wire.authorization(challenge, "REGISTER", self.uri, username, password, self.token(8))

    def _register(self, channel: Channel, credentials: tuple[tuple[str, str], ...]) -> Response:
        what = ""
        try:
            return self._exchange(channel, "REGISTER", self.until, more=credentials, again=not credentials)
        except Silent:
            before = " either" if not self.told["reachable"] else ""
            what = f"no answer to REGISTER{before} within what is left of {self.options.timeout} s"
        except Closed:
            what = "the server ends the connection without an answer to REGISTER"
        except Malformed:
            what = "the answer to REGISTER is not SIP"
        except OSError as error:
            what = f"the connection breaks off at REGISTER ({_words(error)})"
        if credentials:
            what += ", so the password is neither proven nor refuted; it is not sent twice"
        raise Broken("digest", what, TIME if credentials or self.told["reachable"] else WAY)

    def _judge_register(self, response: Response, asked: set[tuple[bool, str]]) -> None:
        says = _says(response)
        if response.status in (401, 407):
            challenges = wire.challenges(response)
            if any(challenge.asker not in asked for challenge in challenges):
                text = "a second server behind the first wants a password as well; this probe answers one"
                self._note("digest", None, text)
                return
            if any(challenge.stale for challenge in challenges):
                raise Broken("digest", "the server calls each of its nonces stale, so nothing is proven", HOST)
        if response.status in (401, 403, 407):
            self.told["authenticated"] = False
            other = ", or the account may not register" if response.status == 403 else ""
            raise Broken("digest", f"user name or password is wrong{other}: REGISTER was refused with {says}", LOGIN)
        if response.status < 300:
            self.told["authenticated"] = True
            count = len(response.items("contact"))
            phones = f"; {count} registered contact{'s' * (count != 1)} left alone" if count else ""
            self._note("digest", True, f"user name and password are right ({says}){phones}")
            return
        self._note("digest", *_unasked(response, later=" after the password"))

    # -- one request

    def _request(self, channel: Channel, method: str, more: tuple[tuple[str, str], ...], via: str) -> Request:
        self.number += 1
        if self.options.username:
            sender = f"sip:{wire.escaped(self.options.username)}@{wire.address(self.host)}"
        else:
            sender = f"sip:probe@{channel.local.rpartition(':')[0]}"
        return Request(
            method=method,
            uri=self.uri,
            sender=sender,
            to=sender if method == "REGISTER" else self.uri,
            via=f"{via} {channel.local}",
            branch="z9hG4bK" + self.token(8),
            tag=self.tag,
            call_id=self.call_id,
            number=self.number,
            more=(*more, ("Accept", "application/sdp")) if method == "OPTIONS" else more,
        )

    def _exchange(
        self,
        channel: Channel,
        method: str,
        until: float,
        *,
        more: tuple[tuple[str, str], ...] = (),
        again: bool = True,
        via: str = "",
    ) -> Response:
        """The final response to a request.

        :param again: whether a datagram may be repeated while no answer comes.
        """
        if self.clock() >= until:
            raise Silent
        request = self._request(channel, method, more, via or self.over)
        data, heard = bytes(request), ""
        channel.send(data, until - self.clock())
        beat = _Beat(self.clock() + T1) if again and not channel.reliable else None
        for _message in range(MOST_MESSAGES):
            message = self._receive(channel, data, until, beat)
            if message is None:
                break
            try:
                response = wire.parse(message)
            except Malformed:
                if channel.reliable:
                    raise
                heard = "garbage"
                continue
            if response is None:
                continue
            if not wire.answers(response, request.branch, request.number, method):
                heard = heard or "foreign"
            elif response.status >= 200:
                return response
            elif beat:
                beat.due, beat.pause = self.clock() + T2, T2
        raise Silent(heard)

    def _receive(self, channel: Channel, data: bytes, until: float, beat: _Beat | None) -> bytes | None:
        """The next message; a datagram is sent again while none comes."""
        while self.clock() < until:
            if beat and self.clock() >= beat.due:
                channel.send(data, until - self.clock())
                beat.pause = min(2 * beat.pause, T2)
                beat.due = self.clock() + beat.pause
            with contextlib.suppress(TimeoutError):
                return channel.receive(min(until, beat.due if beat else until) - self.clock())
        return None


@dataclasses.dataclass
class _Beat:
    """When a datagram is sent again, and the pause before that."""

    due: float
    pause: float = T1


# ---------------------------------------------------------------------------------------------------------- in words


def _words(error: OSError) -> str:
    """The operating system's own words; never the error's, which may hold more."""
    if isinstance(error, ssl.SSLError):
        return shown((getattr(error, "reason", None) or "no reason given").replace("_", " ").lower())
    known = {errno.ENETUNREACH: "no route to it", errno.EHOSTUNREACH: "no route to it"}
    if error.errno in known:
        return known[error.errno]
    if error.errno in (errno.EPERM, errno.EACCES):
        return "a firewall of this machine forbids it"
    return os.strerror(error.errno).lower() if error.errno else "broken off"


def _says(response: Response) -> str:
    reason = shown(response.reason)
    return f"{response.status} {reason}" if reason else str(response.status)


def _no_tls(refused: NoTls) -> Broken:
    texts = {
        "silent": "the port takes connections but answers no TLS, as a port for plain SIP does",
        "closed": "the port takes connections but ends them at the beginning of TLS, as a port for plain SIP does",
        "plain": "the port does not speak TLS, it answers in plain text",
    }
    if refused.kind in texts:
        return Broken("certificate", texts[refused.kind], PLACE)
    words = shown(refused.kind.replace("_", " ").lower())
    return Broken("certificate", f"server and this machine do not agree on TLS ({words})", PLACE)


def _distrust(
    refused: Untrusted, seen: certificate.Certificate | None, host: str, ca_path: str | None
) -> tuple[str, str]:
    """Why a certificate is refused, and what mends it."""
    if refused.code == 10:
        when = f"expired on {seen.not_after}" if seen else "has expired"
        return f"the server's certificate {when}", "its operator must renew it, no option mends that"
    if refused.code == 9:
        return "the server's certificate is not valid yet", "look at the clock of this machine"
    if refused.code in (62, 64):
        names = ", ".join(seen.names) if seen else ""
        return f"the server's certificate is for {names or 'another host'}, not for {host}", HOST
    if refused.code in (2, 18, 19, 20, 21):
        by = f"the CA certificates in {ca_path}" if ca_path else "the CA certificates of this machine"
        what = "signed by itself" if refused.code == 18 else "not signed by an authority that is known"
        return f"the server's certificate is not trusted: it is {what} to {by}", ANCHOR
    return f"the server's certificate is refused ({shown(refused.words)})", ANCHOR


def _unanswerable(challenges: list[Challenge]) -> str:
    if not challenges:
        return "it wants a password but does not say how, there is no digest challenge"
    ways = ", ".join(dict.fromkeys(shown(challenge.algorithm or "MD5", 24) for challenge in challenges))
    return f"it wants the password in a way that is not known here ({ways}), so nothing is proven"


def _unasked(response: Response, later: str = "") -> tuple[bool | None, str]:
    """An answer to REGISTER that is neither a challenge nor the answer to a password."""
    says = _says(response)
    if response.status < 300:
        return None, f"REGISTER is taken without asking for the password ({says}), which proves nothing of it"
    if response.status in (405, 501):
        return None, f"it takes no REGISTER{later} ({says}), so the password can not be proven this way"
    if response.status == 403:
        raise Broken("digest", f"REGISTER is refused before the password is asked for ({says})", ALLOWED)
    if response.status in (404, 604):
        raise Broken("digest", f"the account is not known there{later} ({says})", USER)
    raise Broken("digest", f"REGISTER is refused{later} with {says}", USER)
