# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source for ansible-rulebook that receives Vapi's server messages about calls.

Callers control parts of these messages, such as a name, a SIP address and every spoken word. Events therefore contain
no Ansible templates, and each value contains only the characters that are valid for its type.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
import math
import re
import runpy
import ssl
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import yaml
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

DOCUMENTATION = r"""
---
short_description: Receive call events from Vapi webhooks
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Listens for the server messages that Vapi sends by HTTP during a call and at its end, and creates an event for each.
    The data of an event is in C(vapi); the guide B(Events) of the collection lists its keys.
  - A message is answered with 200 after the rulebook has accepted it. If the rulebook does not accept it in time, the
    answer is 503, so that Vapi sends the message again if C(server.backoffPlan) is set. A message that the rulebook
    could not parse, such as one with a number outside the range of a double, is answered with 400.
  - A repeated message with the same signature is answered with 200 and creates no second event.
  - Messages that require a response from the server are rejected with 501, because a rulebook cannot provide one.
  - One of O(secret), O(token) and O(hmac_secret) is required. If several are given, a message must satisfy all of them.
options:
  host:
    description:
      - The address to listen on.
      - With the default, the port is only reachable from this machine, for instance by an HTTPS reverse proxy.
    type: str
    default: 127.0.0.1
  port:
    description: The TCP port to listen on.
    type: int
    default: 5000
  path:
    description: The path of the server URL in Vapi. Every other path is answered with 404.
    type: str
    default: /vapi
  secret:
    description: The secret that Vapi sends in the header C(X-Vapi-Secret). At least 8 printable characters.
    type: str
  token:
    description: The bearer token that Vapi sends. At least 8 printable characters.
    type: str
  token_header:
    description: The header of O(token). In a header other than C(Authorization), the word C(Bearer) is optional.
    type: str
    default: Authorization
  hmac_secret:
    description:
      - The key that Vapi uses to sign messages (custom credential of type HMAC). At least 8 printable characters.
      - The signature may be encoded in hexadecimal or base64, with or without the prefix C(sha256=) or C(v1,).
    type: str
  hmac_secret_base64:
    description: Whether O(hmac_secret) is encoded in base64.
    type: bool
    default: false
  hmac_algorithm:
    description: The algorithm of the signature.
    type: str
    choices: [sha256, sha512, sha1]
    default: sha256
  hmac_header:
    description: The header of the signature.
    type: str
    default: x-signature
  hmac_prefix:
    description: Prefix of the signature, if it is neither C(sha256=) nor C(v1,).
    type: str
  hmac_payload:
    description:
      - The signed payload, as in the payload format of the credential. Supports C({body}), C({timestamp}), C({method}),
        C({url}) and C({svix-id}).
      - A credential without a timestamp requires V({body}). An intercepted message of this kind can be replayed after a
        restart of the source, or after 50,000 other messages.
    type: str
    default: "{timestamp}.{body}"
  hmac_url:
    description: The server URL as configured in Vapi. Required if O(hmac_payload) contains C({url}).
    type: str
  hmac_timestamp_header:
    description: The header of the timestamp. Supported formats are seconds, milliseconds and ISO 8601.
    type: str
    default: x-timestamp
  hmac_message_id_header:
    description: The header of the message id. Required if O(hmac_payload) contains C({svix-id}).
    type: str
    default: svix-id
  hmac_tolerance:
    description:
      - Maximum difference between a signed timestamp and the clock of this machine, in seconds.
      - Signatures are stored in memory, so that no message is accepted twice. At more than 100,000 signatures, the
        older half is dropped, and messages of that age are rejected.
      - A message that was signed before the start of the source is rejected, because it may have been accepted before a
        restart. Keep the clock of this machine synchronized. If it is ahead of Vapi's clock, messages are rejected for
        that long after the start.
    type: float
    default: 300
  allow_unsigned:
    description: Whether to accept messages without authentication. For tests only.
    type: bool
    default: false
  certfile:
    description: Path of the certificate, to listen with HTTPS.
    type: str
  keyfile:
    description: Path of the private key of the certificate.
    type: str
  types:
    description:
      - The types of messages that become events, as Vapi names them. Other messages that require no response are
        answered with 200 and dropped.
      - Types that require a response are not allowed.
    type: list
    elements: str
    default: [status-update, end-of-call-report, hang, transfer-update]
  include_message:
    description:
      - Whether to add the whole message as C(message). It contains the transcript and, in Vapi's copy of the assistant,
        the prompts.
      - The characters C({), C(\\), C(#) and C($) are replaced by their full-width forms, because a rulebook or a
        playbook could render a template that consists of one or several strings.
      - URLs, such as those of recordings, and secrets are shown as V(hidden).
    type: bool
    default: false
  max_body:
    description: Maximum size of a message in bytes. Larger messages are answered with 413.
    type: int
    default: 1048576
  body_timeout:
    description: Time to receive a message, in seconds. Slower messages are answered with 408.
    type: float
    default: 10
  queue_timeout:
    description: Time that a message waits for the rulebook, in seconds, before it is answered with 503.
    type: float
    default: 5
  max_waiting:
    description: Maximum number of messages that wait for the rulebook. Further messages are answered with 503.
    type: int
    default: 256
"""

EXAMPLES = r"""
# ansible-rulebook --rulebook rulebook.yml --env-vars VAPI_SERVER_SECRET
- voiceops.vapi_didlogic.vapi:
    port: 5000
    secret: "{{ VAPI_SERVER_SECRET }}"

# Signed messages over HTTPS, without a reverse proxy.
- voiceops.vapi_didlogic.vapi:
    host: 0.0.0.0
    port: 8443
    certfile: /etc/ssl/certs/events.pem
    keyfile: /etc/ssl/private/events.key
    hmac_secret: "{{ VAPI_SERVER_HMAC_SECRET }}"
    hmac_header: x-signature

# Only end-of-call reports, with the whole message.
- voiceops.vapi_didlogic.vapi:
    token: "{{ VAPI_SERVER_TOKEN }}"
    types: [end-of-call-report]
    include_message: true
    max_body: 4194304
"""

# Not __name__, because ansible-rulebook runs this file without a module name.
logger = logging.getLogger("voiceops.vapi_didlogic.vapi")
# aiohttp quotes a bad request in its log, including secrets. This logger has no handlers, so that nothing is logged.
_quiet = logging.Logger("voiceops.vapi_didlogic.vapi.http", logging.CRITICAL + 1)

# Message types that require a response or an action of the server.
REQUESTS = frozenset({
    "assistant-request", "call.endpointing.request", "campaign.predial", "function-call", "handoff-destination-request",
    "knowledge-base-request", "phone-call-control", "tool-calls", "transfer-destination-request", "voice-request",
})  # fmt: skip
DIRECTIONS = {"inboundPhoneCall": "inbound", "outboundPhoneCall": "outbound", "webCall": "web"}

REPORT = "end-of-call-report"
BODIES = 32  # times max_body: bytes of authenticated messages in memory at once
UNPROVEN = 256  # unauthenticated connections
SHORT = 65536  # bytes that each of them may send at any time
TURNS = 32  # unauthenticated connections that may send more at the same time
GRACE = 0.5  # seconds before the transfer rate of a connection is checked
REMEMBERED = 10_000  # calls whose end was reported
SIGNATURES = 100_000  # maximum number of stored signatures
DEEPEST = 100  # nesting levels of a message; ansible-rulebook and Ansible support more, but not an unlimited number
LONGEST_KEY = 10_000  # characters of a key; ansible-rulebook supports 50,000
SHORTEST = 8  # minimum length of a secret
WARNING_INTERVAL_SECONDS = 60.0  # seconds between two warnings of the same kind


# ------------------------------------------------------------------------------------------------------------ options


#: Constraints that the documentation cannot express: the pattern of a string, the range of a number.
_HEADERS = ("token_header", "hmac_header", "hmac_timestamp_header", "hmac_message_id_header")
_FORMS = {
    **dict.fromkeys(_HEADERS, r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"),
    "host": r"\S+",
    "path": r"/[\w./~-]*",
    "hmac_algorithm": "sha256|sha512|sha1",
}
_RANGES: dict[str, tuple[float, float]] = {
    "port": (1, 65535),
    "hmac_tolerance": (1, 86400),
    "max_body": (1024, 1 << 24),
    "body_timeout": (0.1, 300),
    "queue_timeout": (0.1, 300),
    "max_waiting": (1, 100_000),
}


@dataclass(frozen=True)
class Rules:
    """Constraints of arguments that their documentation cannot express.

    :param forms: the pattern of a string. :param ranges: the range of a number. :param secrets: the names of secrets.
    """

    forms: Mapping[str, str]
    ranges: Mapping[str, tuple[float, float]]
    secrets: frozenset[str]


RULES = Rules(_FORMS, _RANGES, frozenset({"secret", "token", "hmac_secret"}))


class Options(SimpleNamespace):
    """The validated arguments of the source by name, with secrets as bytes. repr() is hidden because of the secrets."""

    __repr__ = object.__repr__


def read_documented(documentation: str, given: Mapping[str, Any], rules: Rules) -> Options:
    """Convert the arguments of a source to their documented types.

    :param documentation: the documentation of the source, in YAML.
    :param given: the arguments of the rulebook; values from templates are strings.
    :param rules: the constraints of the arguments.
    :return: the options, with the defaults of the documentation.
    :raises ValueError: for an invalid argument; the message contains no secret.
    """
    # These two are set by ansible-rulebook.
    own = {"eda_feedback_queue", "feedback"}
    left = {name: value for name, value in given.items() if value is not None and name not in own}
    known: dict[str, Any] = yaml.safe_load(documentation)["options"]
    found = Options(**{
        name: _read(name, option["type"], left.pop(name, option.get("default")), rules)
        for name, option in known.items()
    })  # fmt: skip
    if left:
        raise ValueError(f"Unknown: {', '.join(sorted(map(str, left)))}. Check the spelling of the options.")
    return found


def read_options(given: Mapping[str, Any]) -> Options:
    """Validate the arguments before a port is opened.

    :param given: the arguments of the rulebook; values from templates are strings.
    :return: the options, with the defaults of the documentation.
    :raises ValueError: for an invalid argument; the message contains no secret.
    """
    found = read_documented(DOCUMENTATION, given, RULES)
    if found.hmac_secret_base64:
        try:
            found.hmac_secret = base64.b64decode(found.hmac_secret, validate=True)
        except binascii.Error:
            raise ValueError("hmac_secret is not valid base64, but hmac_secret_base64 is true.") from None
    found.tls = _tls(found.certfile, found.keyfile)
    if not (found.secret or found.token or found.hmac_secret or found.allow_unsigned):
        raise ValueError("Give secret, token or hmac_secret: otherwise anyone could send events.")
    found.hmac_payload = tuple(re.split(r"(\{[a-z-]+\})", found.hmac_payload))
    fields = set(found.hmac_payload[1::2])
    if "{body}" not in fields or fields - {"{body}", "{timestamp}", "{method}", "{url}", "{svix-id}"}:
        raise ValueError("hmac_payload must contain {body}, and supports {timestamp}, {method}, {url} and {svix-id}.")
    if "{url}" in fields and not found.hmac_url:
        raise ValueError("hmac_payload contains {url}: give hmac_url, the server URL as configured in Vapi.")
    if requests := sorted(found.types & REQUESTS):
        raise ValueError(f"types: a rulebook cannot answer {', '.join(requests)}.")
    return found


def _float(name: str, value: Any, rules: Rules) -> float:
    low, high = rules.ranges[name]
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}.")
    return number


def _boolean(name: str, value: Any, _rules: Rules) -> bool:
    if str(value).lower() not in {"true", "yes", "1", "false", "no", "0"}:
        raise ValueError(f"{name} must be true or false.")
    return str(value).lower() in {"true", "yes", "1"}


def _texts(name: str, value: Any, _rules: Rules) -> frozenset[str]:
    words = [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words) or not words:
        raise ValueError(f"{name} must be a list of words.")
    return frozenset(words)


#: How an argument is converted, by its documented type; all others are text.
_READERS: dict[str, Callable[[str, Any, Rules], Any]] = {
    "int": lambda *given: int(_float(*given)), "float": _float, "bool": _boolean, "list": _texts,
}  # fmt: skip


def _read(name: str, kind: str, value: Any, rules: Rules) -> Any:
    """Return one argument, converted to its documented type; text without a value is empty."""
    if name in rules.secrets:
        return b"" if value is None else _secret(name, value)
    if kind in _READERS:
        return None if value is None else _READERS[kind](name, value, rules)
    value = "" if value is None else value
    if not isinstance(value, str) or not re.fullmatch(rules.forms.get(name, ".*"), value):
        raise ValueError(f"{name} has an invalid format; see the documentation of the source.")
    return value


def _secret(name: str, value: Any) -> bytes:
    if isinstance(value, int | float):
        # A template with the result "12345678" or "1e10" is converted to a number.
        raise ValueError(f"{name} is a number. Choose a value with letters.")  # noqa: TRY004 - like the others
    text: str = value.strip() if isinstance(value, str) else ""
    if not text:
        raise ValueError(f"{name} is empty. Check that its variable is set.")
    if len(text) < SHORTEST or not (text.isascii() and text.isprintable()):
        raise ValueError(f"{name} must have at least {SHORTEST} characters, printable ASCII only.")
    if _names_in("_core/masks.py").get("is_mask", lambda mask: not mask.strip("*"))(text):
        raise ValueError(f"{name} is a mask from a log or a result, not a secret.")
    if "{{" in text:
        raise ValueError(f"{name} is a template that was not rendered.")
    return text.encode()


def _tls(certificate: str, key: str) -> ssl.SSLContext | None:
    if not certificate:
        if key:
            raise ValueError("keyfile needs certfile.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password argument, OpenSSL would prompt for the passphrase of a key on the terminal.
        context.load_cert_chain(certificate, key or None, password="")
    except (OSError, ValueError) as error:
        reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
        raise ValueError(f"certfile and keyfile cannot be used: {reason}.") from None
    return context


# -------------------------------------------------------------------------------------------------------------- facts


def _names_in(file: str) -> dict[str, Any]:
    """The names in a file of the collection, which ansible-rulebook cannot import; none in a copy elsewhere."""
    path = Path(__file__).parent / "../../../../plugins/module_utils" / file
    return runpy.run_path(str(path)) if path.is_file() else {}


def load_reasons() -> dict[str, Any]:
    """Load the collection's table of ended reasons, which ansible-rulebook's Python cannot import.

    :return: the names of the table; empty if this file was copied out of the collection. Events then have no causes.
    """
    try:
        return _names_in("_vapi/ended_reasons.py")
    except Exception as error:  # noqa: BLE001 - events without causes are better than no events
        logger.warning("The table of causes cannot be read (%s): events do not contain causes.", type(error).__name__)
        return {}


def facts_of(message: Mapping[str, Any], reasons: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event data for the conditions of rules.

    :param message: the value of ``message`` in Vapi's request.
    :param reasons: the table of ended reasons, see `load_reasons`.
    :return: the values by name; values that are missing in the message are omitted.
    """
    call = _dict(message.get("call"))
    phone = _dict(message.get("phoneNumber")) or _dict(call.get("phoneNumber"))
    customer = _dict(message.get("customer")) or _dict(call.get("customer"))
    reason = message.get("endedReason") or call.get("endedReason")
    start = _time(message.get("startedAt") or call.get("startedAt"))
    end = _time(message.get("endedAt") or call.get("endedAt"))
    found: dict[str, Any] = {
        "type": kind_of(message),
        "call_id": _word(call.get("id")),
        "status": _word(message.get("status")) if kind_of(message) == "status-update" else None,
        "direction": DIRECTIONS.get(str(call.get("type"))),
        "phone_number": _digits(phone.get("number")),
        "phone_number_id": _word(phone.get("id") or call.get("phoneNumberId")),
        "customer_number": _digits(customer.get("number")),
        "assistant_id": _word(call.get("assistantId") or _dict(message.get("assistant")).get("id")),
        "squad_id": _word(call.get("squadId")),
        "workflow_id": _word(call.get("workflowId")),
        "campaign_id": _word(call.get("campaignId")),
        "sent_at": _stamp(_time(message.get("timestamp"))),
        "started_at": _stamp(start),
        "ended_at": _stamp(end),
        "duration_seconds": _seconds(start, end, message.get("durationSeconds")),
    }
    if reasons:
        found |= {"failed": False, "outage": False}
    if isinstance(reason, str) and reason.strip():
        word = re.sub(r"[^A-Za-z0-9._:/-]", "_", reason.strip())[:200]
        found["ended_reason"] = word
        found |= _diagnosis(word, message, call, reasons) if reasons else {}
    return {name: value for name, value in found.items() if value is not None}


def _diagnosis(
    reason: str, message: Mapping[str, Any], call: Mapping[str, Any], reasons: Mapping[str, Any]
) -> dict[str, Any]:
    last_warnings = call.get("endedMessage")
    transfers = (_dict(message.get("artifact")) or _dict(call.get("artifact"))).get("transfers")
    try:
        found = reasons["diagnose"](
            reason,
            last_warnings[:1000] if isinstance(last_warnings, str) else "",
            transfers[:100] if isinstance(transfers, list) else (),
        )
    except Exception as error:  # noqa: BLE001 - an event without a cause is better than no event
        logger.warning("The cause of a call could not be determined (%s).", type(error).__name__)
        return {}
    return {
        "failed": found.outcome == "failed",
        "outage": reasons["is_outage"](reason),
        "outcome": found.outcome,
        "area": found.area,
        "cause": disarmed(found.cause),
        "fix": disarmed(found.fix),
        "sip_status": found.sip_status,
    }


def kind_of(message: Mapping[str, Any]) -> str:
    """Return the type of a message: `transcript[transcriptType="final"]` is a transcript."""
    kind = message.get("type")
    return re.sub(r"[^A-Za-z0-9._-]", "_", kind.partition("[")[0])[:64] if isinstance(kind, str) else ""


#: Characters that can form a template, alone or when strings are joined: Jinja's delimiters and the header that changes
#: them, the escapes of Python strings, which Jinja's native types evaluate, and the prefix of vaulted text.
_ACTIVE = str.maketrans({character: ord(character) + 0xFEE0 for character in "{\\#$"})
#: Fields that grant access: the URL of a recording or of a call in progress, a secret.
_PRIVATE = re.compile(r"(?i)(?:urls?|secrets?|password|authorization|api[-_ ]?keys?|token|headers|credentials)$").search
#: The first label of a Vapi SIP host may be a private key.
_LABEL = re.compile(r"@[\w-]{1,80}(?=\.sip\.(?:[a-z0-9-]{1,20}\.)?vapi\.ai)", re.IGNORECASE)
#: A query, a user with a password in an address, and a value after the name of a secret.
_GRANTS = re.compile(r"(?i)\?[^=?]{1,99}=|(?:sig|ature|key|token|secret|word|pwd)=|:[^:@]{1,99}:[^:@]{1,99}@").search


def _without_access(word: re.Match[str]) -> str:
    """The word, or ``hidden`` for an address or a setting that may grant access."""
    return "hidden" if set("?@") & set(word[0].partition("//")[2]) or _GRANTS(word[0]) else word[0]


def disarmed(value: Any, level: int = 0) -> Any:
    """Escape untrusted JSON, so that rulebooks and playbooks can use it and join its strings safely.

    :param value: a part of the parsed message.
    :param level: nesting level of the value in the message.
    :return: a copy in which no string can become (part of) a template, and URLs and secrets are replaced by ``hidden``.
    :raises ValueError: if ansible-rulebook could not parse it.
    """
    if isinstance(value, str):
        text = _LABEL.sub("@hidden", re.sub(r"[^\s\"'<>]+", _without_access, value))
        return re.sub("^__(?=ansible_)", "", text).translate(_ACTIVE).encode("utf-8", "replace").decode()
    if isinstance(value, dict | list) and level == DEEPEST:
        raise ValueError
    if isinstance(value, list):
        return [disarmed(item, level + 1) for item in value]
    if isinstance(value, dict):
        if any(len(key) > LONGEST_KEY for key in value):
            raise ValueError
        # ansible-rulebook stops processing events after an empty key.
        return {
            disarmed(key) or "_": disarmed("hidden" if item and item is not True and _PRIVATE(key) else item, level + 1)
            for key, item in value.items()
        }
    return value


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._:-]{1,100}", value) else None


def _digits(value: Any) -> str | None:
    """Return a phone number in the format of didlogic and of this collection: digits only."""
    plain = re.sub(r"[ ().-]", "", value).removeprefix("+") if isinstance(value, str) else ""
    return plain if re.fullmatch(r"[0-9]{1,32}", plain) else None


def _time(value: Any) -> datetime | None:
    """Parse seconds, milliseconds, or ISO 8601, in UTC."""
    with suppress(ValueError, OverflowError, OSError):
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,9})?", value):
            value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        if isinstance(value, str) and len(value) < 64:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _seconds(start: datetime | None, end: datetime | None, given: Any) -> float | None:
    if start and end and end >= start:
        return round((end - start).total_seconds(), 3)
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return round(given, 3) if is_number and 0 <= given < 1e9 else None


# ----------------------------------------------------------------------------------------------------------- messages


class RejectedError(Exception):
    """A response other than 200. Its text is shown in Vapi's log and contains no data of the request."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Tally:
    """Counts events and logs each kind at most once a minute, so that a flood of requests does not flood the log."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.last_warnings: dict[str, float] = {}

    def warn(self, what: str) -> None:
        self.counts[what] += 1
        now = time.monotonic()
        if now - self.last_warnings.get(what, -WARNING_INTERVAL_SECONDS) >= WARNING_INTERVAL_SECONDS:
            self.last_warnings[what] = now
            logger.warning("%s (%d so far)", what, self.counts[what])


@dataclass
class Progress:
    """The state of a request: whether its sender is authenticated, and whether it has a turn to send a long message.

    `started` and `received` (bytes) determine the transfer rate; both are reset when the turn begins.
    """

    started: float
    received: int = 0
    proven: bool = False
    turn: bool = False


class Server(web.Server):
    """HTTP, with limits for unauthenticated senders.

    Their requests use none of the slots for messages. If there are too many, the slowest connection is closed, so that
    incomplete requests never block a new one. A signature is verified when the message is complete, so long messages
    are received by turns: a sender that completes its message soon gets one, whatever the others send.
    """

    requests: dict[RequestHandler, Progress]
    line: asyncio.Lock

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self.begin(handler)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self.requests.pop(handler, None)
        super().connection_lost(handler, exc)

    def begin(self, handler: RequestHandler) -> Progress:
        """Track a request from its first byte, and make room for it.

        :return: the state of the request.
        """
        progress = self.requests[handler] = Progress(time.monotonic())
        if len(unproven := [one for one, found in self.requests.items() if not found.proven]) > UNPROVEN:
            self.drop(min(unproven, key=self.pace))
        return progress

    def pace(self, handler: RequestHandler) -> tuple[bool, float]:
        """Return the sort key of a connection, by its transfer rate: the smallest one is closed first."""
        progress = self.requests[handler]
        age = time.monotonic() - progress.started
        # New connections had no time to send and are closed last, the oldest of them first.
        return (False, progress.received / age) if age > GRACE else (True, -age)

    async def turn(self, handler: RequestHandler) -> None:
        """Wait until an unauthenticated request may send a long message, in the order of arrival.

        If others use all turns, the slowest of them is closed.
        """
        async with self.line:
            while len(using := [one for one, found in self.requests.items() if found.turn]) >= TURNS:
                slowest = min(using, key=self.pace)
                if self.pace(slowest)[0]:
                    await asyncio.sleep(GRACE / 20)
                else:
                    self.drop(slowest)
            progress = self.requests[handler]
            progress.started, progress.received, progress.turn = time.monotonic(), 0, True

    def drop(self, handler: RequestHandler) -> None:
        """Close a connection without a response."""
        del self.requests[handler]
        handler.force_close()


class Receiver:
    """Receives messages, sequentially or concurrently."""

    def __init__(self, queue: asyncio.Queue[Any], options: Options) -> None:
        self.queue, self.options = queue, options
        self.reasons = load_reasons()
        self.tally = Tally()
        self.inside = 0
        self.waits: set[asyncio.Timeout] = set()
        self.order = asyncio.Lock()
        self.closing = False
        self.ended: OrderedDict[str, None] = OrderedDict()
        self.pending: set[bytes] = set()
        self.seen: dict[bytes, float] = {}
        # A message from before the start may have been accepted then. Timestamps may be whole seconds.
        self.oldest = math.floor(time.time()) - 1e-6
        self.server = Server(
            self.receive, logger=_quiet, access_log=None, auto_decompress=False, keepalive_timeout=30, lingering_time=2
        )
        self.server.requests, self.server.line = {}, asyncio.Lock()

    def close(self) -> None:
        """Reject waiting messages, so that Vapi can send them again. Messages outside the queue would be lost."""
        self.closing = True
        for wait in self.waits:
            if not wait.expired():
                wait.reschedule(0)

    async def receive(self, request: web.BaseRequest) -> web.Response:
        """Handle one request."""
        try:
            await self.take(request)
        except RejectedError as refusal:
            self.tally.warn(f"Answered with {refusal.status}: {refusal.text}")
            return web.Response(status=refusal.status, text=refusal.text, headers=refusal.headers)
        except Exception as error:  # noqa: BLE001 - aiohttp would log it with the request in it
            self.tally.warn(f"Answered with 500: {type(error).__name__}")
            return web.Response(status=500, text="The message could not be processed.")
        return web.json_response({})

    async def take(self, request: web.BaseRequest) -> None:
        """Process one message, from its headers to the queue."""
        if request.path != self.options.path:
            raise RejectedError(404, "Not found.")
        if request.method != "POST":
            raise RejectedError(405, "Only POST is supported.", Allow="POST")
        progress = self.server.begin(request.protocol)
        try:
            progress.proven = self.check_headers(request)
            body = await self.read(request, progress)
            with self.one_shot(self.check_signature(request, body)) as is_new:
                progress.proven, progress.turn, progress.received = True, False, len(body)
                self.check_memory()
                event = self.event_of(body) if is_new else None
                del body
                if not self.options.include_message:
                    progress.received = 0
                if event:
                    with self.slot():
                        await self.put(event)
        finally:
            progress.received, progress.turn = 0, False
            if progress.proven:
                self.server.requests.pop(request.protocol, None)

    # --- Authentication

    def check_headers(self, request: web.BaseRequest) -> bool:
        """Reject a message without the secret, the token or a well-formed signature, before its body is read.

        :return: whether the headers alone authenticate the sender.
        """
        options = self.options
        if options.secret:
            _must_be(options.secret, _only(request, "X-Vapi-Secret"))
        if options.token:
            given = _only(request, options.token_header).strip()
            scheme, _space, token = given.partition(" ")
            bare = "" if options.token_header.lower() == "authorization" else given
            _must_be(options.token, token if scheme.lower() == "bearer" else bare)
        if options.hmac_secret:
            self.signed_at(request)
            _signatures(request, options)
        return bool(options.secret or options.token)

    def signed_at(self, request: web.BaseRequest) -> float:
        """Return the time of the signature from its timestamp, or the current time if the payload has none."""
        now, options = time.time(), self.options
        if "{timestamp}" not in options.hmac_payload:
            return now
        moment = _time(_only(request, options.hmac_timestamp_header).strip())
        earliest = max(now - options.hmac_tolerance, self.oldest)
        if moment is None or not earliest < moment.timestamp() <= now + options.hmac_tolerance:
            raise RejectedError(401, "The timestamp is missing, or differs too much from the local clock.")
        return moment.timestamp()

    def check_signature(self, request: web.BaseRequest, body: bytearray) -> tuple[float, bytes] | None:
        """Verify that Vapi signed the body recently.

        :return: the time and the signature, which identify a repeated message; None without HMAC.
        """
        options = self.options
        if not options.hmac_secret:
            return None
        moment = self.signed_at(request)
        values = {
            "{body}": body,
            "{method}": b"POST",
            "{url}": options.hmac_url.encode(),
            "{timestamp}": _raw(_only(request, options.hmac_timestamp_header)),
            "{svix-id}": _raw(_only(request, options.hmac_message_id_header)),
        }
        digest = hmac.new(options.hmac_secret, digestmod=getattr(hashlib, options.hmac_algorithm))
        for part in options.hmac_payload:
            digest.update(values[part] if part in values else part.encode())
        if not any(hmac.compare_digest(digest.digest(), one) for one in _signatures(request, options)):
            raise RejectedError(401, "The signature is missing or wrong.")
        return moment, digest.digest()

    @contextmanager
    def one_shot(self, signed: tuple[float, bytes] | None) -> Iterator[bool]:
        """Whether a signed message is new. A failed message is not stored, so that Vapi can send it again."""
        moment, signature = signed or (0.0, b"")
        if signature in self.pending:
            # Delivery to the rulebook is not certain yet.
            _busy()
        if not signed or signature in self.seen:
            yield not signed
            return
        self.pending.add(signature)
        try:
            yield True
            self.seen[signature] = moment
            if len(self.seen) > SIGNATURES:
                # Messages as old as the dropped signatures are no longer accepted.
                by_age = sorted(self.seen.items(), key=lambda item: item[1])
                self.oldest = max(self.oldest, by_age[SIGNATURES // 2][1])
                self.seen = dict(by_age[SIGNATURES // 2 + 1 :])
        finally:
            self.pending.discard(signature)

    # --- Content

    async def read(self, request: web.BaseRequest, progress: Progress) -> bytearray:
        """Read the body, within the limits of size and time."""
        # The size of a decompressed body is unknown, and the signature covers the bytes that were sent.
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise RejectedError(415, "Compressed messages are not supported.")
        if (request.content_length or 0) > self.options.max_body:
            _too_long()
        body = bytearray()
        try:
            async with asyncio.timeout(self.options.body_timeout):
                async for chunk in request.content.iter_any():
                    if len(body) + len(chunk) > self.options.max_body:
                        _too_long()
                    if len(body) + len(chunk) > SHORT and not (progress.proven or progress.turn):
                        await self.server.turn(request.protocol)
                    progress.received += len(chunk)
                    body += chunk
                    self.check_memory()
        except TimeoutError:
            raise RejectedError(408, "The message did not arrive in time.", Connection="close") from None
        except (OSError, KeyError, web.RequestPayloadError):
            raise RejectedError(400, "The message is incomplete.", Connection="close") from None
        return body

    def event_of(self, body: bytearray) -> dict[str, Any] | None:
        """Return the event, or None if the type of the message is not in ``types``."""
        try:
            document = _dict(json.loads(body, parse_constant=_number, parse_float=_number, parse_int=_number))
            message = _dict(document.get("message"))
            kind = kind_of(message)
            if not kind:
                raise RejectedError(400, "The body is not a Vapi message.")
            if kind in REQUESTS:
                text = f"{kind} requires a response. A rulebook cannot respond: send it to another server."
                raise RejectedError(501, text)
            if kind not in self.options.types:
                return None
            event: dict[str, Any] = {"vapi": facts_of(message, self.reasons)}
            if self.options.include_message:
                event["message"] = disarmed(message)
        except (ValueError, RecursionError):
            raise RejectedError(400, "The body is not JSON that a rulebook can parse.") from None
        return event

    # --- Delivery

    async def put(self, event: dict[str, Any]) -> None:
        """Queue the event for the rulebook, which may be busy."""
        facts = event["vapi"]
        call = facts.get("call_id", "")
        # Two types of messages report the end of a call, and each may be repeated. Rules that count need one only: the
        # first one that the rulebook accepts. So each message waits until the one before is accepted or rejected.
        async with self.deadline(), self.order:
            # A status without the phone number starts no rule about it; the report of the same call follows.
            waits = "phone_number" not in facts and facts["type"] != REPORT and REPORT in self.options.types
            facts["ended"] = "ended_reason" in facts and call not in self.ended and not waits
            await self.queue.put(event)
            if facts["ended"] and call:
                self.ended[call] = None
                if len(self.ended) > REMEMBERED:
                    self.ended.popitem(last=False)
        # Give the rulebook time if many messages arrive at once.
        await asyncio.sleep(0)

    def check_memory(self) -> None:
        """Reject a request if authenticated messages need too much memory; raises `RejectedError`."""
        used = sum(progress.received for progress in self.server.requests.values() if progress.proven)
        if used > BODIES * self.options.max_body:
            _busy()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Reserve one of the slots for concurrent messages."""
        if self.closing or self.inside >= self.options.max_waiting:
            _busy()
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        """Wait for the given time, but not longer than the source runs."""
        wait = asyncio.timeout(0 if self.closing else self.options.queue_timeout)
        try:
            async with wait:
                self.waits.add(wait)
                yield
        except TimeoutError:
            _busy()
        finally:
            self.waits.discard(wait)


def _busy() -> NoReturn:
    raise RejectedError(503, "The rulebook is busy.", Retry_After="5") from None


def _too_long() -> NoReturn:
    raise RejectedError(413, "The message is longer than max_body.", Connection="close")


def _number(word: str) -> float:
    """Return a number that the rulebook supports, which excludes NaN, Infinity and very long integers."""
    number = float(word)
    if not math.isfinite(number):
        raise ValueError
    return int(word) if word.lstrip("-").isdigit() else number


def _only(request: web.BaseRequest, name: str) -> str:
    """Return a header that occurs exactly once. If it is repeated, a proxy may have checked the other one."""
    values = request.headers.getall(name, [])
    return values[0] if len(values) == 1 else ""


def _raw(text: str) -> bytes:
    """Return the bytes of a header as they were sent."""
    return text.encode("utf-8", "surrogateescape")


def _must_be(secret: bytes, given: str) -> None:
    # Digests have a fixed length, so that they are compared in constant time.
    sides = (hashlib.sha256(side).digest() for side in (secret, _raw(given.strip())))
    if not hmac.compare_digest(*sides):
        raise RejectedError(401, "The secret is missing or wrong.")


def _signatures(request: web.BaseRequest, options: Options) -> list[bytes]:
    """Return the digests in a header, in hexadecimal or base64. There may be several during a key rotation."""
    found = []
    for piece in _only(request, options.hmac_header).split()[:8]:
        text = piece.removeprefix(options.hmac_prefix)
        text = re.sub(r"\A(?:sha\d{1,3}|v\d)[=,]", "", text)
        for decode in (bytes.fromhex, lambda word: base64.b64decode(word, validate=True)):
            with suppress(ValueError):
                found.append(decode(text))
    size = hashlib.new(options.hmac_algorithm).digest_size
    found = [digest for digest in found if len(digest) == size]
    if not found:
        raise RejectedError(401, "The signature is missing or wrong.")
    return found


# --------------------------------------------------------------------------------------------------------------- main


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Listen until ansible-rulebook ends this task."""
    options = read_options(args)
    receiver = Receiver(queue, options)
    if options.tls is None and not re.fullmatch(r"localhost|::1|127\.[\d.]+", options.host):
        logger.warning("Listening with HTTP on an external address: messages from Vapi can be intercepted.")
    runner = web.ServerRunner(receiver.server, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port, ssl_context=options.tls).start()
        logger.info("Listening on port %d, path %s", options.port, options.path)
        await asyncio.Event().wait()
    finally:
        receiver.close()
        await runner.cleanup()
