# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network connections of the SIP probe: names, UDP, TCP and TLS."""

from __future__ import annotations

import dataclasses
import socket
import ssl
import threading
import time
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import message as sip_message
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.message import Malformed

#: Limit of bytes from a server.
MAX_BYTES = 262_144


@dataclasses.dataclass(frozen=True)
class Address:
    """One address of a name."""

    family: int
    sockaddr: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.sockaddr[0]} port {self.sockaddr[1]}"


class Untrusted(Exception):
    """The server's certificate was not accepted."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


class NoTls(Exception):
    """TLS failed on an established connection. ``kind``: silent, closed, plain, or OpenSSL's reason."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Closed(Exception):
    """The server closed the connection."""


class Channel(t.Protocol):
    """A connection to one server. ``receive`` returns one message, or raises ``TimeoutError``."""

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
        self.local = f"{sip_message.address(host)}:{port}"

    def send(self, data: bytes, within: float) -> None:
        self._sock.settimeout(max(within, 0.001))
        self._sock.sendall(data)

    def close(self) -> None:
        self._sock.close()


class Datagrams(_Socket):
    """UDP. The socket is connected, so that a closed port is reported and other senders are ignored."""

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
            length = sip_message.frame(self._buffer)
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
            if self._read > MAX_BYTES:
                raise Malformed
            self._buffer += data


class Network:
    """The network of this machine."""

    def resolve(self, host: str, port: int, transport: str, within: float) -> list[Address]:
        """The addresses of a name; raises ``OSError``. Python cannot cancel a lookup, only stop waiting for it."""
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        found: list[list[Address]] = []
        failed: list[Exception] = []

        def look() -> None:
            try:
                listed = socket.getaddrinfo(host, port, type=kind)
                found.append([Address(family, sockaddr) for family, _kind, _protocol, _name, sockaddr in listed])
            except (OSError, UnicodeError) as error:
                failed.append(error)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(max(within, 0.001))
        for error in failed:
            raise socket.gaierror(socket.EAI_NONAME, "") if isinstance(error, UnicodeError) else error
        if not found:
            raise TimeoutError
        return found[0]

    def services(self, host: str, transport: str, within: float) -> list[tuple[str, int]]:
        """The targets of the name's SRV records in order of preference; empty without records or dnspython."""
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
        """Open a channel; raises ``OSError`` without a connection, :class:`Untrusted` or :class:`NoTls`."""
        started = time.monotonic()
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        sock = socket.socket(address.family, kind)
        try:
            sock.settimeout(max(within, 0.001))
            sock.connect(address.sockaddr)
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


#: OpenSSL's reasons for a response that is not TLS.
_PLAIN = {"WRONG_VERSION_NUMBER", "UNEXPECTED_MESSAGE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "BAD_RECORD_TYPE"}


def unverified_context() -> ssl.SSLContext:
    """Return a TLS context that accepts any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
