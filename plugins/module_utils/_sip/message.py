# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP messages: build requests, parse responses, answer digest challenges. No I/O.

The only error for invalid bytes is :class:`Malformed`. Text of a server is untrusted: :func:`shown` escapes it for
output.
"""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import re
import typing as t
import urllib.parse

#: Limits: bytes of a start line with its headers, bytes of a body, headers of a message.
MAX_HEAD, MAX_BODY, MAX_HEADERS = 16_384, 65_536, 200

#: Limits: characters of a challenge's parameter, methods of an Allow header, characters of a server's text in output.
MAX_PARAMETER, MAX_METHODS, MAX_DISPLAYED = 1_024, 32, 100

_WORD = r"[A-Za-z0-9.!%*_+`'~-]+"

_STATUS_LINE = re.compile(r"SIP/2\.0[ \t]+([1-6][0-9]{2})(?:[ \t]+(.*)|)", re.IGNORECASE | re.DOTALL)

_REQUEST_LINE = re.compile(rf"{_WORD} \S+ SIP/2\.0", re.IGNORECASE)

_HEADER = re.compile(r"([^\s:]+)[ \t]*:(.*)", re.DOTALL)

_HEAD_END = re.compile(rb"\r?\n\r?\n")

_LINE_END = re.compile(r"\r?\n")

_PARAMETER = re.compile(rf"(?:({_WORD})\s+)?({_WORD})\s*=\s*(.*)", re.DOTALL)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

#: A digest in output would allow offline guessing of the password.
_DIGEST = re.compile(r"[0-9a-fA-F]{32,}")

_COMPACT = {
    "f": "from", "i": "call-id", "k": "supported", "l": "content-length", "m": "contact", "t": "to", "v": "via",
}  # fmt: skip

#: The TLS alert for a message that is not TLS, and the argument of :class:`Malformed` for it.
_TLS_ALERT, TLS = b"\x15\x03", "tls"

_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Malformed(Exception):
    """The bytes are not a SIP message."""


@dataclasses.dataclass(frozen=True)
class Response:
    """A response. Header names are lower case and long; a folded value is one line."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """The unparsed values of all headers of a name, in order."""
        return [value for known, value in self.headers if known == name]

    def items(self, name: str) -> list[str]:
        """The values of all headers of a name, with lists split."""
        return [item for value in self.values(name) for item in split(value)]


def printable(text: str, limit: int = MAX_DISPLAYED) -> str:
    """A server's text for output: printable, on one line, limited, without digests.

    :return: the text.
    """
    text = "".join(char if char.isprintable() else " " for char in text[: 8 * limit])
    text = " ".join(_DIGEST.sub("...", text).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def frame(buffer: bytes) -> int | None:
    """The length of the first message of a stream; ``None`` if it is unknown or the message is incomplete."""
    if not buffer:
        return None
    if buffer.startswith(_TLS_ALERT):
        raise Malformed(TLS)
    if not re.match(_WORD.encode(), buffer):
        raise Malformed
    line, ended, _rest = buffer[: MAX_HEAD + 1].partition(b"\n")
    if ended:
        _start(_text(line).rstrip("\r"))
    end = _HEAD_END.search(buffer, 0, MAX_HEAD)
    if end is None:
        if len(buffer) >= MAX_HEAD:
            raise Malformed
        return None
    lengths = {value for name, value in _headers(_text(buffer[: end.start()])) if name == "content-length"}
    if len(lengths) > 1:
        raise Malformed
    length = lengths.pop() if lengths else "0"
    if not re.fullmatch(r"[0-9]{1,10}", length) or int(length) > MAX_BODY:
        raise Malformed
    whole = end.end() + int(length)
    return whole if len(buffer) >= whole else None


def parse(data: bytes) -> Response | None:
    """Parse a message; ``None`` for a request, which is ignored."""
    end = _HEAD_END.search(data, 0, MAX_HEAD + 4)
    if end is None and len(data) > MAX_HEAD:
        raise Malformed
    head = _text(data[: end.start()] if end else data)
    line, _end, rest = head.partition("\n")
    started = _start(line.rstrip("\r"))
    if started is None:
        return None
    return Response(*started, tuple(_headers("\n" + rest)))


def _start(line: str) -> tuple[int, str] | None:
    """Status and reason; ``None`` for a request's line."""
    status = _STATUS_LINE.fullmatch(line)
    if status:
        return int(status[1]), (status[2] or "").strip()
    if _REQUEST_LINE.fullmatch(line):
        return None
    raise Malformed


def _headers(head: str) -> list[tuple[str, str]]:
    """The headers after a start line. Invalid lines are ignored, as the RFC allows."""
    found: list[list[str]] = []
    folds = False
    for line in _LINE_END.split(head)[1:]:
        if line[:1] in (" ", "\t"):
            if folds:
                found[-1].append(line.strip(" \t"))
            continue
        header = _HEADER.fullmatch(line)
        folds = header is not None
        if header:
            name = header[1].lower()
            found.append([_COMPACT.get(name, name), header[2].strip(" \t")])
        if len(found) > MAX_HEADERS:
            raise Malformed
    return [(name, " ".join(parts).strip()) for name, *parts in found]


def _text(data: bytes) -> str:
    """Text that can be encoded to the same bytes."""
    return data.decode("utf-8", "surrogateescape")


def split(value: str, mark: str = ",") -> list[str]:
    """Split a value at separators outside quotes and angle brackets."""
    parts: list[str] = []
    part: list[str] = []
    quoted = angle = escaped = False
    for char in value:
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == mark and not angle:
            parts.append("".join(part).strip())
            part = []
            continue
        else:
            quoted, angle = char == '"', char == "<" or (angle and char != ">")
        part.append(char)
    return [text for text in [*parts, "".join(part).strip()] if text]


def answers(response: Response, branch: str, number: int, method: str) -> bool:
    """Whether a response belongs to a request. One with more than one Via header is for another recipient."""
    vias = response.items("via")
    called = " ".join(response.values("cseq")).split()
    if len(vias) != 1 or len(called) != 2 or not re.fullmatch(r"[0-9]{1,10}", called[0]):
        return False
    parameters = [parameter.partition("=") for parameter in split(vias[0], ";")[1:]]
    branches = [value.strip().lower() for name, _is, value in parameters if name.strip().lower() == "branch"]
    return branches == [branch.lower()] and (int(called[0]), called[1]) == (number, method)


def allowed(response: Response) -> list[str] | None:
    """The methods of an Allow header; ``None`` if there is none."""
    if not response.values("allow"):
        return None
    methods = [item.upper() for item in response.items("allow") if re.fullmatch(_WORD, item) and len(item) <= 32]
    return list(dict.fromkeys(methods))[:MAX_METHODS]


def address(host: str) -> str:
    """A host in the form of a URI."""
    return f"[{host}]" if ":" in host else host


def is_address(host: str) -> bool:
    """Whether a host is an IP address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def escaped(user: str) -> str:
    """The user part of a URI."""
    return urllib.parse.quote(user, safe="!~*'()&=+$")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """A request without a body, and without Contact, so that it creates no binding."""

    method: str
    uri: str
    sender: str
    to: str
    via: str  # transport and address for the response
    branch: str
    tag: str
    call_id: str
    number: int
    parameters: tuple[tuple[str, str], ...] = ()

    def __bytes__(self) -> bytes:
        lines = (
            f"{self.method} {self.uri} SIP/2.0",
            f"Via: SIP/2.0/{self.via};rport;branch={self.branch}",
            "Max-Forwards: 70",
            f"From: <{self.sender}>;tag={self.tag}",
            f"To: <{self.to}>",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.number} {self.method}",
            "User-Agent: voiceops.vapi_didlogic",
            *(f"{name}: {value}" for name, value in self.parameters),
            "Content-Length: 0",
            "",
            "",
        )
        return "\r\n".join(lines).encode("utf-8", "surrogateescape")


@dataclasses.dataclass(frozen=True)
class Challenge:
    """A digest challenge. Quoted values are kept unparsed, so that they are sent back unchanged."""

    realm: str
    nonce: str
    algorithm: str | None = None
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    proxy: bool = False

    @property
    def asker(self) -> tuple[bool, str]:
        """Who asks."""
        return self.proxy, self.realm

    @property
    def session(self) -> bool:
        return (self.algorithm or "").upper().endswith("-SESS")

    @property
    def hash(self) -> str | None:
        """Python's name of the hash algorithm, if supported."""
        name = (self.algorithm or "MD5").upper()
        return _HASHES.get(name.removesuffix("-SESS"))

    @property
    def quality(self) -> str | None:
        """The selected quality of protection. The body is always empty."""
        return next((name for name in ("auth", "auth-int") if name in self.qop), None)

    @property
    def answerable(self) -> bool:
        """Whether the challenge is supported."""
        if self.hash is None or (self.quality is None and (self.qop or self.session)):
            return False
        return self.hash in hashlib.algorithms_available


def challenges(response: Response) -> list[Challenge]:
    """The digest challenges of a response, in the order of the server's preference."""
    found = []
    for name, proxy in (("www-authenticate", False), ("proxy-authenticate", True)):
        for parameters in _parameters(response.items(name)):
            challenge = _challenge(parameters, proxy)
            if challenge:
                found.append(challenge)
    return found


def _parameters(items: list[str]) -> t.Iterator[dict[str, str]]:
    """Scheme and parameters of each challenge; a header may contain several, separated like parameters."""
    current: dict[str, str] = {}
    for item in items:
        parameter = _PARAMETER.fullmatch(item)
        scheme = parameter[1] if parameter else item
        if scheme:
            yield current
            current = {"": scheme.lower()}
        if parameter:
            current.setdefault(parameter[2].lower(), parameter[3])
    yield current


def _challenge(parameters: dict[str, str], proxy: bool) -> Challenge | None:
    if parameters.get("") != "digest":
        return None
    bare = {name: _bare(value) for name, value in parameters.items()}
    if any(len(value) > MAX_PARAMETER or _CONTROL.search(value) for value in bare.values()):
        return None
    if "realm" not in bare or not bare.get("nonce"):
        return None
    return Challenge(
        realm=bare["realm"],
        nonce=bare["nonce"],
        algorithm=bare.get("algorithm"),
        qop=tuple(split(bare.get("qop", "").lower())),
        opaque=bare.get("opaque"),
        stale=bare.get("stale", "").lower() == "true",
        proxy=proxy,
    )


def _bare(value: str) -> str:
    """A value without its quotes. Escapes are kept, because the value is hashed and sent back unchanged."""
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def chosen(offered: list[Challenge]) -> list[Challenge]:
    """The first supported challenge of each server."""
    found: dict[tuple[bool, str], Challenge] = {}
    for challenge in offered:
        if challenge.answerable:
            found.setdefault(challenge.asker, challenge)
    return list(found.values())


def authorization(
    challenge: Challenge, method: str, uri: str, username: str, password: str, cnonce: str
) -> tuple[str, str]:
    """The header with the response to a challenge."""
    quality = challenge.quality
    secret = _hashed(challenge, f"{username}:{challenge.realm}:{password}")
    if challenge.session:
        secret = _hashed(challenge, f"{secret}:{challenge.nonce}:{cnonce}")
    what = f"{method}:{uri}" + (f":{_hashed(challenge, '')}" if quality == "auth-int" else "")
    middle = f"{challenge.nonce}:00000001:{cnonce}:{quality}" if quality else challenge.nonce
    quoted = username.replace("\\", "\\\\").replace('"', '\\"')
    parts = [
        f'Digest username="{quoted}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        f'response="{_hashed(challenge, f"{secret}:{middle}:{_hashed(challenge, what)}")}"',
    ]
    if challenge.algorithm:
        parts.append(f"algorithm={challenge.algorithm}")
    if quality:
        parts += [f"qop={quality}", "nc=00000001", f'cnonce="{cnonce}"']
    if challenge.opaque is not None:
        parts.append(f'opaque="{challenge.opaque}"')
    return "Proxy-Authorization" if challenge.proxy else "Authorization", ", ".join(parts)


def _hashed(challenge: Challenge, text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return hashlib.new(challenge.hash or "", data, usedforsecurity=False).hexdigest()
