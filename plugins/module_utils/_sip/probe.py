# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe a SIP server in steps: name, connection, certificate, OPTIONS, digest. Independent of Ansible.

Only OPTIONS and REGISTER without Contact are sent, so that no call is placed and no binding changes. The password is
sent only once, even if the response is lost, because servers block clients after repeated failures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import secrets
import socket
import ssl
import time
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import check_host
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import certificate
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import message as sip_message
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.message import (
    Challenge,
    Malformed,
    Request,
    Response,
    printable,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.transport import (
    Address,
    Channel,
    Closed,
    Network,
    NoTls,
    Untrusted,
    unverified_context,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.verdict import (
    CHECK_PORT,
    HOST,
    LOGIN,
    PORT,
    TIME,
    TRANSPORT,
    WAY,
    ConnectionBroken,
    Unreached,
    certificate_failure,
    os_error_text,
    status_text,
    tls_failure,
    unauthenticated_answer,
    unsupported_challenge,
)

#: RFC 3261: the first and the longest delay before a datagram is retransmitted.
T1, T2 = 0.5, 4.0
#: Limits of messages from a server, and of tried addresses; seconds for a check of another transport.
MAX_MESSAGES, MAX_ADDRESSES, LAST_WAIT_SECONDS = 64, 4, 1.0


def check_server(host: str) -> None:
    """A host name, an IPv4 or an IPv6 address."""
    try:
        scoped = ipaddress.IPv6Address(host).scope_id
    except ValueError:
        return check_host(host)
    if scoped:
        raise ValueError("must be an address without a scope.")
    return None


def check_username(username: str) -> None:
    """Check that a login is valid in a SIP URI and in a digest."""
    if not username.isprintable() or any(char in ' "\\<>@:;,?' for char in username):
        raise ValueError("must be only the login, without sip:, host, spaces and quotes.")


def check_password(password: str) -> None:
    """Check that a password has no control characters."""
    if any(char < " " for char in password):
        raise ValueError("contains a line break or another control character; give only the password.")


class ProbeOptions(Model):
    """The options of ``sip_probe``."""

    host: t.Annotated[str | None, Option(required=True, check=check_server)] = None
    port: t.Annotated[int | None, Option(range=(1, 65535))] = None
    transport: t.Literal["udp", "tcp", "tls"] = "udp"
    username: t.Annotated[str | None, Option(length=(1, 64), check=check_username)] = None
    password: t.Annotated[str | None, Option(secret=True, length=(1, 255), check=check_password)] = None
    method: t.Literal["options", "register"] = "options"
    timeout: t.Annotated[int, Option(range=(1, 120))] = 10
    validate_certs: bool = True
    ca_path: str | None = None
    fail: bool = True


def _trust(options: ProbeOptions) -> ssl.SSLContext:
    """The TLS context of the options; raises :class:`OptionError`."""
    context = None
    with contextlib.suppress(OSError):  # includes OpenSSL's errors
        context = ssl.create_default_context(cafile=options.ca_path)
    if context is None:
        raise OptionError("ca_path", "must be a readable file with CA certificates in PEM form.")
    return context if options.validate_certs else unverified_context()


class Silent(Exception):
    """No response in time. ``heard``: what was received instead, if anything."""

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
) -> tuple[dict[str, object], str | None]:
    """Probe a server.

    :param options: the options. :param warn: called with a warning. :param network: for tests.
    :param clock: monotonic seconds. :param token: returns a random text.
    :return: the result, and the error message or ``None``. :raises OptionError: if an option is missing.
    """
    if options.method == "register":
        for name in ("username", "password"):
            if not getattr(options, name):
                raise OptionError(name, "must be given with method register, which verifies user name and password.")
    if options.transport == "tls" and not options.validate_certs:
        warn("validate_certs is false: the server's identity is not verified, so traffic can be intercepted.")
    look = _Probe(options, network or Network(), clock, token)
    trouble = look.run()
    if options.method == "register" and trouble is None and look.result["authenticated"] is None:
        why = next(check["message"] for check in look.checks if check["name"] == "digest")
        warn(f"The SIP probe of {look.target} did not verify the password: {why}.")
    return {"probe": look.result}, trouble if options.fail else None


class _Probe:
    """One probe, with one deadline for all steps."""

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
        self.transport = options.transport.upper()
        self.target = f"{sip_message.address(self.host)}:{self.port} over {self.transport}"
        usual = 5061 if options.transport == "tls" else 5060
        self.uri = f"sip:{sip_message.address(self.host)}" + ("" if self.port == usual else f":{self.port}")
        self.trust = _trust(options) if options.transport == "tls" else None
        self.until = clock() + options.timeout
        self.checks: list[dict[str, object]] = []
        self.result: dict[str, object] = {
            "ok": False, "reachable": False, "status": None, "reason": None, "rtt_ms": None, "allow": [],
            "refer_advertised": None, "server": None, "tls": None, "authenticated": None, "checks": self.checks,
        }  # fmt: skip
        self.sockaddr: Address | None = None
        self.number = 0
        self.call_id, self.tag = token(12), token(6)

    def run(self) -> str | None:
        """Run all steps in order; returns an error message or ``None``."""
        trouble = None
        try:
            channel = self._channel()
            try:
                if self.options.method == "register":
                    self._digest(channel)
            finally:
                channel.close()
        except ConnectionBroken as failure:
            self._note(failure.step, False, failure.what)
            trouble = (
                f"The SIP probe of {self.target} failed at the step {failure.step}: {failure.what}; {failure.fix}."
            )
        self._refer()
        self.result["ok"] = trouble is None
        return trouble

    def _note(self, step: str, ok: bool | None, message: str) -> None:
        self.checks.append({"name": step, "ok": ok, "message": message})

    def _left(self) -> float:
        return self.until - self.clock()

    # -- name, connection, certificate

    def _channel(self) -> Channel:
        """A channel to the first address that responds to OPTIONS."""
        addresses = self._addresses()
        lost: Unreached | None = None
        for number, sockaddr in enumerate(addresses):
            last = number + 1 == len(addresses)
            share = self._left() / (len(addresses) - number)
            mark = len(self.checks)
            try:
                return self._asked(sockaddr, self.clock() + share, last=last)
            except Unreached as unreached:
                lost = unreached
                if not last:
                    del self.checks[mark:]
                    self._note(lost.failure.step, None, lost.failure.what)
        failure = lost.failure if lost else ConnectionBroken("name", f"{self.host} has no address", HOST)
        if len(addresses) > 1:
            failure.what += f"; the same applies to all {len(addresses)} addresses that were tried"
        raise failure

    def _addresses(self) -> list[Address]:
        what, fix, found = "", HOST, []
        try:
            for name, port in self._services():
                found += self.network.resolve(name, port, self.options.transport, self._left())
        except TimeoutError:
            what, fix = f"no name server responds within {self.options.timeout} s", TIME
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                what = f"{self.host} cannot be resolved now, the name server does not respond"
            else:
                what = f"{self.host} does not resolve to an address (A or AAAA)"
        except OSError as error:
            what = f"{self.host} cannot be resolved ({os_error_text(error)})"
        if what:
            raise ConnectionBroken("name", what, fix)
        addresses = list(dict.fromkeys(found))
        names = list(dict.fromkeys(str(address.sockaddr[0]) for address in addresses))
        listed = ", ".join(names[:MAX_ADDRESSES]) + (" and more" if len(names) > MAX_ADDRESSES else "")
        self._note("name", True, f"{self.host} is {listed}" if names != [self.host] else f"{self.host} is an address")
        return addresses[:MAX_ADDRESSES]

    def _services(self) -> list[tuple[str, int]]:
        """Names and ports to try. With a given port there is no SRV lookup, as in a gateway of a trunk."""
        found: list[tuple[str, int]] = []
        if self.options.port is None and not sip_message.is_address(self.host):
            found = self.network.services(self.host, self.options.transport, self._left() / 4)[:MAX_ADDRESSES]
        if found:
            listed = ", ".join(f"{name}:{port}" for name, port in found)
            self._note("name", True, f"SRV records of {self.host} lead to {listed}")
        return found or [(self.host, self.port)]

    def _asked(self, sockaddr: Address, until: float, *, last: bool) -> Channel:
        """A channel to an address after it has responded to OPTIONS."""
        self.sockaddr = sockaddr
        channel = self._open(sockaddr, until)
        try:
            if self.trust:
                self._accepted(channel)
            self._ask_options(channel, sockaddr, until, patient=not last or self.options.method == "options")
        except BaseException:
            channel.close()
            raise
        return channel

    def _open(self, sockaddr: Address, until: float) -> Channel:
        refused: Untrusted | NoTls | None = None
        what, fix = "", WAY
        try:
            channel = self.network.open(sockaddr, self.options.transport, until - self.clock(), self.trust, self.host)
        except (Untrusted, NoTls) as error:
            refused = error
        except ConnectionRefusedError:
            what, fix = self._closed_port(sockaddr)
        except TimeoutError:
            what = f"{sockaddr} does not respond to TCP; the host is down or a firewall drops it"
        except OSError as error:
            what, fix = f"{sockaddr} cannot be reached ({os_error_text(error)})", HOST
        if what:
            raise Unreached("connection", what, fix)
        if self.options.transport != "udp":
            self._note("connection", True, f"{sockaddr} accepts connections over TCP")
        if isinstance(refused, Untrusted):
            raise self._untrusted(refused, sockaddr)
        if refused:
            raise tls_failure(refused)
        return channel

    def _closed_port(self, sockaddr: Address) -> tuple[str, str]:
        """The cause and the fix for a closed port; checks whether another transport is open."""
        what = f"nothing listens at {sockaddr} over {'UDP' if self.transport == 'UDP' else 'TCP'} (refused)"
        other = "tcp" if self.transport == "UDP" else "udp"
        until = min(self.until, self.clock() + LAST_WAIT_SECONDS)
        try:
            channel = self.network.open(sockaddr, other, until - self.clock())
            try:
                if other == "udp":
                    self._exchange(channel, "OPTIONS", until, via="UDP")
            finally:
                channel.close()
        except (OSError, Silent, Closed, Malformed):
            return what, CHECK_PORT
        return f"{what}, but something does over {other.upper()}", TRANSPORT

    def _certificate(self, channel: Channel) -> certificate.Certificate | None:
        """Parse the certificate and add it to the result."""
        seen = None
        with contextlib.suppress(Malformed):
            seen = certificate.read(channel.certificate or b"")
        self.result["tls"] = {
            "version": channel.version,
            "subject": seen.subject if seen else None,
            "not_after": seen.not_after if seen else None,
            "verified": False,
        }
        return seen

    def _accepted(self, channel: Channel) -> None:
        """Add an accepted certificate to the result."""
        seen = self._certificate(channel)
        until = f", until {seen.not_after}" if seen else ""
        if self.options.validate_certs:
            as_object(self.result["tls"])["verified"] = True
            self._note("certificate", True, f"{channel.version}, trusted, for {self.host}{until}")
        else:
            self._note("certificate", None, f"{channel.version}, not checked, validate_certs is false{until}")

    def _untrusted(self, refused: Untrusted, sockaddr: Address) -> ConnectionBroken:
        """The cause of a rejected certificate. A second connection reads it, without sending a request."""
        seen, self.result["tls"] = None, {"version": None, "subject": None, "not_after": None, "verified": False}
        with contextlib.suppress(OSError, NoTls, Untrusted):
            channel = self.network.open(sockaddr, "tls", self._left(), unverified_context(), self.host)
            channel.close()
            seen = self._certificate(channel)
        return ConnectionBroken("certificate", *certificate_failure(refused, seen, self.host, self.options.ca_path))

    # -- OPTIONS

    def _ask_options(self, channel: Channel, sockaddr: Address, until: float, *, patient: bool) -> None:
        """Send OPTIONS. If REGISTER follows, half of the time is reserved for it, as servers may ignore OPTIONS."""
        started = self.clock()
        until = until if patient else started + (until - started) / 2
        try:
            response = self._exchange(channel, "OPTIONS", until)
        except ConnectionRefusedError:
            lost: Exception = Unreached("connection", *self._closed_port(sockaddr))
        except Silent as silent:
            what = self._silence(silent, sockaddr, self.clock() - started)
            if not patient and not silent.heard:
                self._note("options", None, what)
                return
            lost = Unreached("options", what, WAY)
        except Closed:
            what = (
                f"{sockaddr} closes the connection without a response to OPTIONS, as servers do for unknown addresses"
            )
            what += ", or if they require a client certificate" if self.trust else ""
            lost = ConnectionBroken("options", *self._expects_tls(sockaddr) or (what, CHECK_PORT))
        except Malformed as error:
            what = f"{sockaddr} responds with something that is not SIP"
            alert = self.transport == "TCP" and error.args == (sip_message.TLS,)
            lost = ConnectionBroken("options", *(f"{sockaddr} uses TLS", TRANSPORT) if alert else (what, PORT))
        except ssl.SSLError as error:
            what = f"{sockaddr} aborts TLS ({os_error_text(error)}), as servers do that require a client certificate"
            lost = ConnectionBroken("certificate", what, TRANSPORT)
        except OSError as error:
            lost = Unreached("connection", f"{sockaddr} cannot be reached ({os_error_text(error)})", HOST)
        else:
            self._heard(response, started)
            self._judge_options(response)
            return
        raise lost

    def _silence(self, silent: Silent, sockaddr: Address, seconds: float) -> str:
        heard = {
            "garbage": "; the received data is not SIP",
            "foreign": "; the received message belongs to no request of this probe",
        }
        text = f"{sockaddr} does not respond to OPTIONS over {self.transport} within {seconds:.1f} s"
        drop = "; servers ignore unknown addresses, and firewalls drop packets"
        return text + heard.get(silent.heard, drop)

    def _expects_tls(self, sockaddr: Address) -> tuple[str, str] | None:
        """The cause and the fix if a port that closed a connection without TLS accepts TLS."""
        if self.transport != "TCP":
            return None
        try:
            self.network.open(
                sockaddr, "tls", min(self._left(), LAST_WAIT_SECONDS), unverified_context(), self.host
            ).close()
        except (OSError, NoTls, Untrusted):
            return None
        return f"{sockaddr} uses TLS", TRANSPORT

    def _judge_options(self, response: Response) -> None:
        says = status_text(response)
        if response.status >= 500 and response.status != 501:
            raise ConnectionBroken("options", f"the server is out of service, it responds to OPTIONS with {says}", HOST)
        more = {
            401: ", it requires a password",
            407: ", it requires a password",
            403: ", it does not serve this address or this method",
        }.get(response.status, "")
        self._note("options", True, f"answers {says} in {self.result['rtt_ms']} ms{more}")

    def _refer(self) -> None:
        """Add a note on the meaning of an advertised REFER."""
        advertised = self.result["refer_advertised"]
        if advertised:
            worth = "REFER is advertised, which proves nothing: servers that reject it advertise it too"
        else:
            worth = "REFER is not advertised, so transfers by REFER will not work"
        if advertised is not None:
            self._note("refer", None, worth)

    def _heard(self, response: Response, started: float | None = None) -> None:
        """Add the data of a response to the result."""
        result = self.result
        if self.transport == "UDP" and not result["reachable"]:
            # After the step name: over UDP only a response proves a connection.
            self.checks.insert(1, {"name": "connection", "ok": True, "message": f"{self.sockaddr} answers over UDP"})
        result["reachable"] = True
        result["status"], result["reason"] = response.status, printable(response.reason)
        if started is not None and result["rtt_ms"] is None:
            result["rtt_ms"] = round((self.clock() - started) * 1000, 1)
        methods = sip_message.allowed(response)
        if methods is not None and not result["allow"]:
            result["allow"], result["refer_advertised"] = methods, "REFER" in methods
        names = response.values("server") or response.values("user-agent")
        if names:
            result["server"] = printable(names[0])

    # -- digest

    def _digest(self, channel: Channel) -> None:
        """Send REGISTER without Contact, which queries registrations and changes nothing."""
        started = self.clock()
        response = self._register(channel, ())
        self._heard(response, started)
        if response.status not in (401, 407):
            self._note("digest", *unauthenticated_answer(response))
            return
        asked: set[tuple[bool, str]] = set()
        for again in (False, True):
            challenges = sip_message.challenges(response)
            answered = sip_message.chosen(challenges)
            if not answered:
                self._note("digest", None, unsupported_challenge(challenges))
                return
            asked |= {challenge.asker for challenge in answered}
            response = self._register(channel, tuple(self._answer(challenge) for challenge in answered))
            self._heard(response)
            stale = [challenge for challenge in sip_message.challenges(response) if challenge.stale]
            if response.status not in (401, 407) or again or not {challenge.asker for challenge in stale} & asked:
                break
        self._judge_register(response, asked)

    def _answer(self, challenge: Challenge) -> tuple[str, str]:
        options = self.options
        username, password = str(options.username), str(options.password)
        return sip_message.authorization(challenge, "REGISTER", self.uri, username, password, self.token(8))

    def _register(self, channel: Channel, credentials: tuple[tuple[str, str], ...]) -> Response:
        what = ""
        try:
            return self._exchange(channel, "REGISTER", self.until, more=credentials, again=not credentials)
        except Silent:
            before = " either" if not self.result["reachable"] else ""
            what = f"no response to REGISTER{before} within the rest of {self.options.timeout} s"
        except Closed:
            what = "the server closes the connection without a response to REGISTER"
        except Malformed:
            what = "the response to REGISTER is not SIP"
        except OSError as error:
            what = f"the connection is lost at REGISTER ({os_error_text(error)})"
        if credentials:
            what += ", so the password is neither confirmed nor refuted; it is not sent twice"
        raise ConnectionBroken("digest", what, TIME if credentials or self.result["reachable"] else WAY)

    def _judge_register(self, response: Response, asked: set[tuple[bool, str]]) -> None:
        says = status_text(response)
        if response.status in (401, 407):
            challenges = sip_message.challenges(response)
            if any(challenge.asker not in asked for challenge in challenges):
                text = "a second server behind the first requires a password too; this probe supports one"
                self._note("digest", None, text)
                return
            if any(challenge.stale for challenge in challenges):
                raise ConnectionBroken(
                    "digest", "the server reports each of its nonces as stale, so nothing is confirmed", HOST
                )
        if response.status in (401, 403, 407):
            self.result["authenticated"] = False
            other = ", or the account may not register" if response.status == 403 else ""
            raise ConnectionBroken(
                "digest", f"user name or password is wrong{other}: REGISTER was rejected with {says}", LOGIN
            )
        if response.status < 300:
            self.result["authenticated"] = True
            count = len(response.items("contact"))
            phones = f"; {count} registered contact{'s' * (count != 1)} unchanged" if count else ""
            self._note("digest", True, f"user name and password are correct ({says}){phones}")
            return
        self._note("digest", *unauthenticated_answer(response, later=" after the password"))

    # -- one request

    def _request(self, channel: Channel, method: str, more: tuple[tuple[str, str], ...], via: str) -> Request:
        self.number += 1
        if self.options.username:
            sender = f"sip:{sip_message.escaped(self.options.username)}@{sip_message.address(self.host)}"
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
            parameters=(*more, ("Accept", "application/sdp")) if method == "OPTIONS" else more,
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

        :param again: whether a datagram may be retransmitted while there is no response.
        """
        if self.clock() >= until:
            raise Silent
        request = self._request(channel, method, more, via or self.transport)
        data, heard = bytes(request), ""
        channel.send(data, until - self.clock())
        beat = _Beat(self.clock() + T1) if again and not channel.reliable else None
        for _message in range(MAX_MESSAGES):
            message = self._receive(channel, data, until, beat)
            if message is None:
                break
            try:
                response = sip_message.parse(message)
            except Malformed:
                if channel.reliable:
                    raise
                heard = "garbage"
                continue
            if response is None:
                continue
            if not sip_message.answers(response, request.branch, request.number, method):
                heard = heard or "foreign"
            elif response.status >= 200:
                return response
            elif beat:
                beat.due, beat.pause = self.clock() + T2, T2
        raise Silent(heard)

    def _receive(self, channel: Channel, data: bytes, until: float, beat: _Beat | None) -> bytes | None:
        """The next message; a datagram is retransmitted until one is received."""
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
    """The time of the next retransmission, and the delay before it."""

    due: float
    pause: float = T1
