# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A careless service: its errors repeat what was sent to it, headers and all.

It stands before a sandbox. The first step of the path says how it behaves, so that every task chooses by its
``api_url``; the second step is any word that keeps two tasks apart:

    http://127.0.0.1:PORT/pass/a/vapi             hands everything to the sandbox
    http://127.0.0.1:PORT/400-raw/b/vapi          answers 400 and repeats the request
    http://127.0.0.1:PORT/write2-500-raw/c/vapi   the same, from the third request on that is no GET
    http://127.0.0.1:PORT/garbage/d/vapi          200, what was sent instead of JSON (also html, redirect, shape)
"""

from __future__ import annotations

import base64
import collections
import html
import http.client
import http.server
import json
import re
import threading
import typing as t
import urllib.parse

#: Ways in which a URI stays one. Behind the others nobody could know a secret that was never given nor read.
READABLE = ("raw", "upper", "lower", "nodash", "quoted", "plus", "json", "repr", "html")


def lower_escapes(text: str) -> str:
    """Percent encoding with lower-case digits."""
    return re.sub("%..", lambda match: match[0].lower(), text)


#: How a service may repeat what was sent. ``cut``: the message's 500th character falls into the key.
ECHOES: dict[str, t.Callable[[str], str]] = {
    "raw": str,
    "upper": str.upper,
    "lower": str.lower,
    "nodash": lambda text: text.replace("-", ""),
    "quoted": lambda text: urllib.parse.quote(text, safe=""),
    "plus": urllib.parse.quote_plus,
    "quotedlower": lambda text: lower_escapes(urllib.parse.quote(text, safe="")),
    "quotedbytes": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "quotedtwice": lambda text: urllib.parse.quote(lower_escapes(urllib.parse.quote(text, safe="")), safe=""),
    "entities": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "unicode": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "json": lambda text: json.dumps(text)[1:-1],
    "repr": lambda text: repr(text)[1:-1],
    "html": html.escape,
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64b": lambda text: base64.b64encode(b"x" + text.encode()).decode(),
    "base64c": lambda text: base64.b64encode(b"xx" + text.encode()).decode(),
    "cut": lambda text: "x" * (500 - len("Bearer ") - 20) + text,
    "spaced": lambda text: " ".join(text[at : at + 9] for at in range(0, len(text), 9)),
}


class Reflector:
    """A running reflecting server.

    :param facts: what the sandbox says of itself; its keys replace whatever key comes, so that a canary is a good key.
    :param foreign: a secret that nobody gave as an option; it stands in a URI of every error.
    :param planted: a secret that stands in every object that is read, in fields that nobody declared.
    """

    def __init__(self, facts: dict[str, t.Any], foreign: str, planted: str) -> None:
        self.facts, self.foreign, self.planted = facts, foreign, planted
        self.upstream = urllib.parse.urlsplit(facts["vapi_api_url"]).netloc
        self.writes: collections.Counter[str] = collections.Counter()
        handler = type("Handler", (_Handler,), {"owner": self})
        self.server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that has gone is no news."""


class _Handler(http.server.BaseHTTPRequestHandler):
    owner: Reflector
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 - the base class's name
        """Nothing is logged: it would hold what is looked for."""

    def _any(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        mode, unique, rest = self.path[1:].split("/", 2)
        if mode.startswith("write"):
            count, mode = mode.removeprefix("write").split("-", 1)
            if self.command == "GET" or self.owner.writes[unique] < int(count or 0):
                self.owner.writes[unique] += self.command != "GET"
                mode = "pass"
        if mode == "pass":
            self._pass(rest, sent)
        elif mode == "redirect":
            place = f"http://127.0.0.1:9/?{urllib.parse.quote(self._body(sent))}"
            self._answer(307, b"", "text/plain", {"Location": place})
        elif mode == "html":
            self._answer(503, f"<html><body>{html.escape(self._body(sent))}</body></html>".encode(), "text/html")
        elif mode == "garbage":
            self._answer(200, self._body(sent).encode(), "application/json")
        elif mode == "shape":
            self._answer(200, json.dumps({self._body(sent): [self._body(sent)]}).encode(), "application/json")
        else:
            self._error(mode, rest, sent)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

    def _body(self, sent: bytes) -> str:
        key = self.headers.get("authorization", "")
        return f"{key} {sent.decode(errors='replace')} {json.dumps(dict(self.headers))}"

    def _error(self, mode: str, rest: str, sent: bytes) -> None:
        code, echo = mode.split("-")
        key = self.headers.get("authorization", "")
        body = sent.decode(errors="replace")
        fields = " ".join(value for _name, value in urllib.parse.parse_qsl(body)) or body
        # In one string the service's limit of 500 characters would hide the end; a list's parts are joined later.
        parts = [key, fields, body]
        if echo in READABLE:
            parts.insert(0, f"No calls to 31201234567@{self.owner.foreign}.sip.vapi.ai")
        result = ECHOES[echo](key if echo == "cut" else " ".join(parts))
        if rest.startswith("vapi"):
            answer: dict[str, t.Any] = {"message": [result] if echo == "raw" else result, "statusCode": int(code)}
            answer |= {"error": "Bad Request", "request": result}
        else:
            answer = {"error": result, "request": result}
        self._answer(int(code), json.dumps(answer).encode(), "application/json", {"X-Request": urllib.parse.quote(key)})

    def _pass(self, rest: str, sent: bytes) -> None:
        connection = http.client.HTTPConnection(self.owner.upstream, timeout=30)
        drop = {"host", "connection", "content-length", "accept-encoding"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in drop}
        if len(headers.get("Authorization", "")) > len("Bearer ") + 7:
            headers["Authorization"] = "Bearer " + self.owner.facts[rest.split("/", maxsplit=1)[0] + "_api_key"]
        connection.request(self.command, "/" + rest, sent, headers)
        answer = connection.getresponse()
        body = answer.read()
        if self.command == "GET" and answer.status < 300:
            body = json.dumps(self._plant(json.loads(body))).encode()
        self._answer(answer.status, body, answer.headers.get("content-type", "application/json"))
        connection.close()

    def _plant(self, value: t.Any) -> t.Any:
        """The answer, with secrets in fields that the services are known to return and in one that nobody knows."""
        if isinstance(value, list):
            return [self._plant(item) for item in value]
        if not isinstance(value, dict):
            return value
        inner = {key: self._plant(item) for key, item in value.items()}
        if "id" in inner:
            inner |= dict.fromkeys(("twilioAuthToken", "clientSecret", "auth_token"), self.owner.planted)
        return inner

    def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(body)
