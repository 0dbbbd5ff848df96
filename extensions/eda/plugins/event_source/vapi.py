# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source for ansible-rulebook: what Vapi tells a server about calls.

Whoever calls chooses some of what Vapi tells: a name, a SIP address, every spoken word. What leaves here therefore
holds neither a template of Ansible's nor a character that a fact of its kind does not have.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import importlib.util
import ipaddress
import json
import logging
import re
import ssl
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

from aiohttp import web

DOCUMENTATION = r"""
---
short_description: Receive what Vapi tells about calls
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Listens for the server messages that Vapi sends by HTTP while a call goes on and when it has ended, and makes an
    event of each. The facts of an event stand under C(vapi); the guide B(Events) of the collection lists them.
  - A message is answered with 200 once the rulebook has taken it. If the rulebook does not take it in time, the answer
    is 503, so that Vapi sends it again where C(server.backoffPlan) says so.
  - Requests, for which Vapi waits for something to do or to say, are refused with 501. A rulebook can not answer them.
  - One of O(secret), O(token) and O(hmac_secret) is needed. Where several are given, a message must meet all of them.
options:
  host:
    description:
      - The address to listen on.
      - The default is reached from this machine only, for instance by a proxy in front that speaks HTTPS.
    type: str
    default: 127.0.0.1
  port:
    description: The TCP port to listen on.
    type: int
    default: 5000
  path:
    description: The path of the URL that Vapi is given. Every other path is answered with 404.
    type: str
    default: /vapi
  secret:
    description: What Vapi sends in the header C(X-Vapi-Secret). At least 8 printable characters.
    type: str
  token:
    description: What Vapi sends as a bearer token. At least 8 printable characters.
    type: str
  token_header:
    description: The header of O(token). In any other than C(Authorization) the word C(Bearer) may be missing.
    type: str
    default: Authorization
  hmac_secret:
    description:
      - The key with which Vapi signs messages (custom credential of the type HMAC). At least 8 printable characters.
      - The signature may be given in hexadecimal or base64 digits, with or without C(sha256=) or C(v1,) in front.
    type: str
  hmac_secret_base64:
    description: Whether O(hmac_secret) is written in base64.
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
    description: Text before the signature, if it is another than C(sha256=) or C(v1,).
    type: str
  hmac_payload:
    description:
      - What is signed, as in the credential's payload format. Knows C({body}), C({timestamp}), C({method}), C({url})
        and C({svix-id}).
      - A credential without a timestamp needs V({body}). Somebody who has read such a message can send it again.
    type: str
    default: "{timestamp}.{body}"
  hmac_url:
    description: The URL as Vapi knows it. Needed where O(hmac_payload) has C({url}).
    type: str
  hmac_timestamp_header:
    description: The header of the timestamp. Seconds, milliseconds and ISO 8601 are understood.
    type: str
    default: x-timestamp
  hmac_message_id_header:
    description: The header of the message's id. Needed where O(hmac_payload) has C({svix-id}).
    type: str
    default: svix-id
  hmac_tolerance:
    description: By how many seconds a signed timestamp may differ from the clock of this machine.
    type: float
    default: 300
  allow_unsigned:
    description: Takes messages from everybody who reaches the port. For tests.
    type: bool
    default: false
  certfile:
    description: Path of the certificate, to listen by HTTPS.
    type: str
  keyfile:
    description: Path of the certificate's key.
    type: str
  types:
    description:
      - The kinds of messages that become events, by Vapi's names. All others that need no answer are answered with 200
        and dropped.
      - Kinds that need an answer can not be named.
    type: list
    elements: str
    default: [status-update, end-of-call-report, hang, transfer-update]
  include_message:
    description:
      - Adds the whole message as C(message). It holds what was said and, in Vapi's copy of the assistant, its prompts.
      - A space is put between the two characters that begin a template, since a playbook would run it.
    type: bool
    default: false
  max_body:
    description: Longest message in bytes. Longer ones are answered with 413.
    type: int
    default: 1048576
  body_timeout:
    description: Seconds in which a message must have arrived. The answer to slower ones is 408.
    type: float
    default: 10
  queue_timeout:
    description: Seconds for which a message waits for the rulebook before it is answered with 503.
    type: float
    default: 5
  max_waiting:
    description: How many messages may be on their way through at once. The next one is answered with 503.
    type: int
    default: 256
"""

EXAMPLES = r"""
# ansible-rulebook --rulebook rulebook.yml --env-vars VAPI_SERVER_SECRET
- voiceops.vapi_didlogic.vapi:
    port: 5000
    secret: "{{ VAPI_SERVER_SECRET }}"

# Signed messages, over HTTPS, without a proxy in front.
- voiceops.vapi_didlogic.vapi:
    host: 0.0.0.0
    port: 8443
    certfile: /etc/ssl/certs/events.pem
    keyfile: /etc/ssl/private/events.key
    hmac_secret: "{{ VAPI_SERVER_HMAC_SECRET }}"
    hmac_header: x-signature

# Only the ends of calls, with all that Vapi says of them.
- voiceops.vapi_didlogic.vapi:
    token: "{{ VAPI_SERVER_TOKEN }}"
    types: [end-of-call-report]
    include_message: true
    max_body: 4194304
"""

# Not by __name__: ansible-rulebook runs this file without a name of its own.
logger = logging.getLogger("voiceops.vapi_didlogic.vapi")
# What aiohttp logs of a bad request quotes it, and with it a secret. This one stands alone, so that nobody hears it.
_quiet = logging.Logger("voiceops.vapi_didlogic.vapi.http", logging.CRITICAL + 1)

DEFAULT_TYPES = ("status-update", "end-of-call-report", "hang", "transfer-update")
# For these Vapi waits for an answer, or leaves something for the server to do.
REQUESTS = frozenset(
    (
        "assistant-request",
        "call.endpointing.request",
        "campaign.predial",
        "function-call",
        "handoff-destination-request",
        "knowledge-base-request",
        "phone-call-control",
        "tool-calls",
        "transfer-destination-request",
        "voice-request",
    )
)
DIRECTIONS = {"inboundPhoneCall": "inbound", "outboundPhoneCall": "outbound", "webCall": "web"}

READERS = 32  # bodies in memory at once
REMEMBERED = 10_000  # calls whose end has been told
SHORTEST = 8  # characters of a secret
RETRY_AFTER = 5
TELL_AGAIN = 60.0  # seconds between two warnings of the same kind
MASKED = ("********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")


class Events(Protocol):
    """What ansible-rulebook hands over."""

    async def put(self, event: dict[str, Any], /) -> None:
        """Wait for a place and take it."""


# ------------------------------------------------------------------------------------------------------------ options


@dataclass(frozen=True, repr=False)
class Options:
    """The source's arguments, checked. Not shown by repr(), as it holds secrets."""

    host: str
    port: int
    path: str
    secret: bytes
    token: bytes
    token_header: str
    hmac_secret: bytes
    hmac_algorithm: str
    hmac_header: str
    hmac_prefix: str
    hmac_payload: tuple[str, ...]
    hmac_url: str
    hmac_timestamp_header: str
    hmac_message_id_header: str
    hmac_tolerance: float
    tls: ssl.SSLContext | None
    types: frozenset[str]
    include_message: bool
    max_body: int
    body_timeout: float
    queue_timeout: float
    max_waiting: int


class _Arguments:
    """Takes one argument after the other; in the end none may be left. A rulebook's templates make text of values."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = {name: value for name, value in given.items() if value is not None}
        # ansible-rulebook's own.
        self.given.pop("eda_feedback_queue", None)
        self.given.pop("feedback", None)

    def text(self, name: str, default: str = "", pattern: str = ".*") -> str:
        value = self.given.pop(name, default)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"{name} is not in the form that it must have; see the documentation of the source.")
        return value

    def header(self, name: str, default: str) -> str:
        return self.text(name, default, r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

    def secret(self, name: str) -> bytes:
        if name not in self.given:
            return b""
        value = self.given.pop(name)
        if isinstance(value, int | float):
            # A template that gives "12345678" or "1e10" gives a number.
            raise ValueError(f"{name} looks like a number. Choose one with letters.")  # noqa: TRY004 - like the others
        value = value.strip() if isinstance(value, str) else ""
        if not value:
            raise ValueError(f"{name} is empty. Is the variable set that it comes from?")
        if len(value) < SHORTEST or not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name} must have at least {SHORTEST} characters, printable ASCII only.")
        if value in MASKED:
            raise ValueError(f"{name} is a masked value out of a log or a result, not a secret.")
        if "{{" in value:
            raise ValueError(f"{name} is a template that was not filled in.")
        return value.encode()

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        value = self.given.pop(name, default)
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not lowest <= number <= highest:
            raise ValueError(f"{name} must be a number from {lowest:g} to {highest:g}.")
        return number

    def flag(self, name: str) -> bool:
        value = str(self.given.pop(name, False)).lower()
        if value not in {"true", "yes", "1", "false", "no", "0"}:
            raise ValueError(f"{name} must be true or false.")
        return value in {"true", "yes", "1"}

    def words(self, name: str, default: Collection[str]) -> frozenset[str]:
        value = self.given.pop(name, default)
        if isinstance(value, str):
            value = [word.strip() for word in value.split(",") if word.strip()]
        if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value) or not value:
            raise ValueError(f"{name} must be a list of words.")
        return frozenset(value)

    def end(self) -> None:
        if self.given:
            raise ValueError(f"Unknown: {', '.join(sorted(map(str, self.given)))}. Is it spelled as documented?")


def read_options(given: Mapping[str, Any]) -> Options:
    """Check the arguments before a port is opened. No message holds a secret."""
    ask = _Arguments(given)
    payload = tuple(re.split(r"(\{[a-z-]+\})", ask.text("hmac_payload", "{timestamp}.{body}")))
    hmac_secret = ask.secret("hmac_secret")
    if ask.flag("hmac_secret_base64"):
        try:
            hmac_secret = base64.b64decode(hmac_secret, validate=True)
        except binascii.Error:
            raise ValueError("hmac_secret is not base64, which hmac_secret_base64 says that it is.") from None
    found = Options(
        host=ask.text("host", "127.0.0.1", r"\S+"),
        port=int(ask.number("port", 5000, 1, 65535)),
        path=ask.text("path", "/vapi", r"/[\w./~-]*"),
        secret=ask.secret("secret"),
        token=ask.secret("token"),
        token_header=ask.header("token_header", "Authorization"),
        hmac_secret=hmac_secret,
        hmac_algorithm=ask.text("hmac_algorithm", "sha256", "sha256|sha512|sha1"),
        hmac_header=ask.header("hmac_header", "x-signature"),
        hmac_prefix=ask.text("hmac_prefix"),
        hmac_payload=payload,
        hmac_url=ask.text("hmac_url"),
        hmac_timestamp_header=ask.header("hmac_timestamp_header", "x-timestamp"),
        hmac_message_id_header=ask.header("hmac_message_id_header", "svix-id"),
        hmac_tolerance=ask.number("hmac_tolerance", 300, 1, 86400),
        tls=_tls(ask.text("certfile"), ask.text("keyfile")),
        types=ask.words("types", DEFAULT_TYPES),
        include_message=ask.flag("include_message"),
        max_body=int(ask.number("max_body", 1 << 20, 1024, 1 << 26)),
        body_timeout=ask.number("body_timeout", 10, 0.1, 300),
        queue_timeout=ask.number("queue_timeout", 5, 0.1, 300),
        max_waiting=int(ask.number("max_waiting", 256, 1, 100_000)),
    )
    open_to_all = ask.flag("allow_unsigned")
    ask.end()
    if not (found.secret or found.token or found.hmac_secret or open_to_all):
        raise ValueError("Give secret, token or hmac_secret: otherwise everybody could send events.")
    fields = set(payload[1::2])
    if "{body}" not in fields or fields - {"{body}", "{timestamp}", "{method}", "{url}", "{svix-id}"}:
        raise ValueError("hmac_payload must have {body}; it also knows {timestamp}, {method}, {url} and {svix-id}.")
    if "{url}" in fields and not found.hmac_url:
        raise ValueError("hmac_payload has {url}: give hmac_url, the URL as Vapi knows it.")
    if requests := sorted(found.types & REQUESTS):
        raise ValueError(f"types: a rulebook can not answer {', '.join(requests)}.")
    return found


def _tls(certificate: str, key: str) -> ssl.SSLContext | None:
    if not certificate:
        if key:
            raise ValueError("keyfile needs certfile.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # A key with a passphrase would be asked for at a terminal that nobody watches.
        context.load_cert_chain(certificate, key or None, password="")
    except (OSError, ValueError) as error:
        reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
        raise ValueError(f"certfile and keyfile can not be used: {reason}.") from None
    return context


# -------------------------------------------------------------------------------------------------------------- facts


def load_diagnose() -> Callable[..., Any] | None:
    """The collection's table of causes. It stands beside this file, but not on the path of ansible-rulebook's Python.

    Without it (a copy of this file in a directory of its own), events lack what follows from it.
    """
    try:
        file = Path(__file__).parents[4] / "plugins" / "module_utils" / "_vapi" / "ended_reasons.py"
        name = "_voiceops_vapi_didlogic_ended_reasons"
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None or not file.is_file():
            return None
        module = importlib.util.module_from_spec(spec)
        # Its data classes look themselves up there.
        sys.modules[name] = module
        spec.loader.exec_module(module)
        found: Callable[..., Any] = module.diagnose
    except Exception as error:  # noqa: BLE001 - without causes is better than without events
        logger.warning("The table of causes can not be read (%s): events come without them.", type(error).__name__)
        return None
    return found


# For want of the table: words in the reasons of failed calls, unless somebody was only busy, away or unwilling.
_FAILURE = re.compile(
    r"(?!.*-sip-(?:480|486|487|600|603)-)"
    r".*(?:error|fail|fault|invalid|not-found|not-valid|-no-|never|unknown|shutdown|disconnected|closed|rejected)"
)


def facts_of(message: Mapping[str, Any], diagnose: Callable[..., Any] | None) -> dict[str, Any]:
    """What rules can match. A fact that a message does not tell is not there."""
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
        "failed": False,
    }
    if isinstance(reason, str) and reason.strip():
        word = re.sub(r"[^A-Za-z0-9._:/-]", "_", reason.strip())[:200]
        found["ended_reason"] = word
        found |= _diagnosis(word, message, call, diagnose)
    return {name: value for name, value in found.items() if value is not None}


def _diagnosis(
    reason: str, message: Mapping[str, Any], call: Mapping[str, Any], diagnose: Callable[..., Any] | None
) -> dict[str, Any]:
    told = call.get("endedMessage")
    transfers = (_dict(message.get("artifact")) or _dict(call.get("artifact"))).get("transfers")
    try:
        found = diagnose and diagnose(
            reason,
            told[:1000] if isinstance(told, str) else "",
            transfers[:100] if isinstance(transfers, list) else (),
        )
    except Exception as error:  # noqa: BLE001 - without a cause is better than without the event
        logger.warning("A cause was not found (%s).", type(error).__name__)
        found = None
    if not found:
        return {"failed": bool(_FAILURE.match(reason))}
    return {
        "failed": found.outcome == "failed",
        "outcome": found.outcome,
        "area": found.area,
        "cause": disarmed(found.cause),
        "fix": disarmed(found.fix),
        "sip_status": found.sip_status,
    }


def kind_of(message: Mapping[str, Any]) -> str:
    """The kind of a message: `transcript[transcriptType="final"]` is a transcript."""
    kind = message.get("type")
    return re.sub(r"[^A-Za-z0-9._-]", "_", kind.partition("[")[0])[:64] if isinstance(kind, str) else ""


def disarmed(value: Any) -> Any:
    """The same without templates, which ansible-playbook runs where it finds them, and without broken characters."""
    if isinstance(value, str):
        return re.sub(r"\{(?=[{%#])", "{ ", value).encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {disarmed(key): disarmed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [disarmed(item) for item in value]
    return value


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._:-]{1,100}", value) else None


def _digits(value: Any) -> str | None:
    """A phone number as didlogic and this collection write it: digits only."""
    if not isinstance(value, str):
        return None
    plain = re.sub(r"[ ().-]", "", value).removeprefix("+")
    return plain if re.fullmatch(r"[0-9]{1,32}", plain) else None


def _time(value: Any) -> datetime | None:
    """Seconds, milliseconds, or ISO 8601."""
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,9})?", value):
            value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        if isinstance(value, str) and len(value) < 64:
            found = datetime.fromisoformat(value)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _stamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None


def _seconds(start: datetime | None, end: datetime | None, told: Any) -> float | None:
    if start and end and end >= start:
        return round((end - start).total_seconds(), 3)
    return round(told, 3) if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told < 1e9 else None


# ----------------------------------------------------------------------------------------------------------- messages


class Refused(Exception):
    """An answer other than 200. Its text is for whoever looks at Vapi's log, and holds nothing of the request."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Tally:
    """Counts what happens, and warns of each kind at most once a minute: a flood must not become a flood of lines."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.told: dict[str, float] = {}

    def warn(self, what: str) -> None:
        self.counts[what] += 1
        now = time.monotonic()
        if now - self.told.get(what, -TELL_AGAIN) >= TELL_AGAIN:
            self.told[what] = now
            logger.warning("%s (%d so far)", what, self.counts[what])


class Receiver:
    """Takes messages, one after another or all at once."""

    def __init__(self, queue: Events, options: Options) -> None:
        self.queue = queue
        self.options = options
        self.diagnose = load_diagnose()
        self.tally = Tally()
        self.inside = 0
        self.readers = asyncio.Semaphore(READERS)
        self.waits: set[asyncio.Timeout] = set()
        self.closing = False
        self.ended: OrderedDict[str, None] = OrderedDict()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=self.options.max_body)
        app.router.add_route("*", self.options.path, self.receive)
        return app

    def close(self) -> None:
        """Send away who waits, so that Vapi may come again: what is not in the queue by now will not be read."""
        self.closing = True
        for wait in self.waits:
            if not wait.expired():
                wait.reschedule(0)

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one request."""
        try:
            await self.take(request)
        except Refused as refusal:
            self.tally.warn(f"Answered with {refusal.status}: {refusal.text}")
            return web.Response(status=refusal.status, text=refusal.text, headers=refusal.headers)
        except Exception as error:  # noqa: BLE001 - aiohttp would log it with the request in it
            self.tally.warn(f"Answered with 500: {type(error).__name__}")
            return web.Response(status=500, text="The message could not be handled.")
        return web.json_response({})

    async def take(self, request: web.Request) -> None:
        """See one message through, from its headers to the queue."""
        if request.method != "POST":
            raise Refused(405, "Only POST is taken.", Allow="POST")
        self.check_headers(request)
        with self.place():
            # Only these few bodies are in memory: whoever waits for the queue without one has let go of it.
            async with self.patience():
                await self.readers.acquire()
            try:
                event = self.event_of(await self.body_of(request), request)
                if event and self.options.include_message:
                    await self.put(event)
            finally:
                self.readers.release()
            if event and not self.options.include_message:
                await self.put(event)

    # --- Who sent it

    def check_headers(self, request: web.Request) -> None:
        """A wrong secret is refused before the body is read."""
        if self.options.secret:
            _must_be(self.options.secret, _only(request, "X-Vapi-Secret"))
        if self.options.token:
            name = self.options.token_header
            given = _only(request, name).strip()
            scheme, _space, token = given.partition(" ")
            if scheme.lower() == "bearer":
                given = token.strip()
            elif name.lower() == "authorization":
                given = ""
            _must_be(self.options.token, given)

    def check_signature(self, request: web.Request, body: bytes) -> None:
        """The body is what Vapi has signed, and it was signed just now."""
        options = self.options
        if not options.hmac_secret:
            return
        values = {"{body}": body, "{method}": b"POST", "{url}": options.hmac_url.encode()}
        if "{timestamp}" in options.hmac_payload:
            stamp = _only(request, options.hmac_timestamp_header)
            moment = _time(stamp.strip())
            if moment is None or not abs(moment.timestamp() - time.time()) <= options.hmac_tolerance:
                raise Refused(401, "The timestamp is missing, or too far from the clock here.")
            values["{timestamp}"] = _raw(stamp)
        if "{svix-id}" in options.hmac_payload:
            values["{svix-id}"] = _raw(_only(request, options.hmac_message_id_header))
        digest = hmac.new(options.hmac_secret, digestmod=getattr(hashlib, options.hmac_algorithm))
        for part in options.hmac_payload:
            digest.update(values[part] if part in values else part.encode())
        given = _signatures(_only(request, options.hmac_header), options.hmac_prefix)
        if not any(hmac.compare_digest(digest.digest(), one) for one in given):
            raise Refused(401, "The signature is missing or wrong.")

    # --- What it says

    async def body_of(self, request: web.Request) -> bytes:
        """The body, as long as it is neither too long nor too slow."""
        # Nobody knows how long a compressed body gets, and what is signed is what was sent.
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Refused(415, "Compressed messages are not taken.")
        if (request.content_length or 0) > self.options.max_body:
            _too_long()
        body = bytearray()
        try:
            async with asyncio.timeout(self.options.body_timeout):
                async for chunk in request.content.iter_any():
                    if len(body) + len(chunk) > self.options.max_body:
                        _too_long()
                    body += chunk
        except TimeoutError:
            raise Refused(408, "The message did not arrive in time.", Connection="close") from None
        except (OSError, web.RequestPayloadError):
            raise Refused(400, "The message broke off.", Connection="close") from None
        return bytes(body)

    def event_of(self, body: bytes, request: web.Request) -> dict[str, Any] | None:
        """The event, or nothing where the message is none that was asked for."""
        self.check_signature(request, body)
        try:
            document = json.loads(body, parse_constant=_no_number)
            message = document.get("message") if isinstance(document, dict) else None
            kind = kind_of(message) if isinstance(message, dict) else ""
            if not isinstance(message, dict) or not kind:
                raise Refused(400, "The body is not a message of Vapi's.")
            if kind in REQUESTS:
                raise Refused(501, f"{kind} needs an answer, which a rulebook can not give. Send it elsewhere.")
            if kind not in self.options.types:
                return None
            event: dict[str, Any] = {"vapi": facts_of(message, self.diagnose)}
            if self.options.include_message:
                event["message"] = disarmed(message)
        except (ValueError, RecursionError):
            raise Refused(400, "The body is not JSON.") from None
        return event

    # --- Where it goes

    async def put(self, event: dict[str, Any]) -> None:
        """Hand it to the rulebook, which may be busy."""
        facts = event["vapi"]
        call = facts.get("call_id", "")
        # A call's end is told by two kinds of messages, and each may come twice. Rules that count want one of them.
        facts["ended"] = "ended_reason" in facts and call not in self.ended
        if facts["ended"] and call:
            self.ended[call] = None
            if len(self.ended) > REMEMBERED:
                self.ended.popitem(last=False)
        try:
            async with self.patience():
                await self.queue.put(event)
        except BaseException:
            if facts["ended"]:
                self.ended.pop(call, None)
            raise
        # Lets the rulebook work where many messages come at once.
        await asyncio.sleep(0)

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the messages that may be here at once."""
        if self.closing or self.inside >= self.options.max_waiting:
            _busy()
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Wait for so long, and no longer than the source lives."""
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
    raise Refused(503, "The rulebook is busy.", Retry_After=str(RETRY_AFTER)) from None


def _too_long() -> NoReturn:
    raise Refused(413, "The message is longer than max_body.", Connection="close")


def _no_number(_word: str) -> NoReturn:
    """JSON knows neither NaN nor Infinity, and nor do those who read on."""
    raise ValueError


def _only(request: web.Request, name: str) -> str:
    """A header that is there exactly once: of two, a proxy may have looked at the other one."""
    values = request.headers.getall(name, [])
    return values[0] if len(values) == 1 else ""


def _raw(text: str) -> bytes:
    """A header as it was sent."""
    return text.encode("utf-8", "surrogateescape")


def _must_be(secret: bytes, given: str) -> None:
    # Digests are of one length, whatever was sent, and are compared in constant time.
    sides = (hashlib.sha256(side).digest() for side in (secret, _raw(given.strip())))
    if not hmac.compare_digest(*sides):
        raise Refused(401, "The secret is missing or wrong.")


def _signatures(header: str, prefix: str) -> list[bytes]:
    """The digests that a header may mean: in hexadecimal or base64 digits; several while a key is being changed."""
    found = []
    for piece in header.split()[:8]:
        text = piece.removeprefix(prefix) if prefix else piece
        text = re.sub(r"\A(?:sha\d{1,3}|v\d)[=,]", "", text)
        for decode in (bytes.fromhex, lambda word: base64.b64decode(word, validate=True)):
            try:
                found.append(decode(text))
            except ValueError:
                continue
    return found


# --------------------------------------------------------------------------------------------------------------- main


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def main(queue: Events, args: dict[str, Any]) -> None:
    """Listen until ansible-rulebook ends this task."""
    options = read_options(args)
    receiver = Receiver(queue, options)
    if options.tls is None and not _is_loopback(options.host):
        logger.warning("Listening by HTTP beyond this machine: what Vapi sends can be read on the way.")
    runner = web.AppRunner(
        receiver.application(),
        access_log=None,
        logger=_quiet,
        auto_decompress=False,
        keepalive_timeout=30.0,
        lingering_time=2.0,
        shutdown_timeout=2.0,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port, ssl_context=options.tls).start()
        logger.info("Listening on port %d, path %s", options.port, options.path)
        await asyncio.Event().wait()
    finally:
        receiver.close()
        await runner.cleanup()
