# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went over the wire, as both proxies have seen it, and a picture of it for people."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_ENTRY = re.compile(r"^=+\n(.*?)^~+\n(.*?)^\|+\n", re.MULTILINE | re.DOTALL)
_WIDTH = 30
#: Short words for the picture; servers have longer ones.
PHRASES = {100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted", 401: "Unauthorized", 403: "Forbidden",
           404: "Not Found", 405: "Not Allowed", 407: "Authenticate", 480: "Unavailable", 603: "Decline"}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Message:
    """One message on its way from an address to another."""

    time: float
    source: str
    target: str
    transport: str
    first: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def status(self) -> int:
        """The status of an answer; 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of what is answered."""
        return self.header("cseq").split()[-1]

    @property
    def uri(self) -> str:
        """Where a request wants to go."""
        return "" if self.status else self.first.split()[1]

    def header(self, name: str) -> str:
        """The value of a header, of the first one if there are more."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    @property
    def user(self) -> str:
        """The user in the From header: who calls, as the other side sees it."""
        found = re.search(r"sips?:([^@>;]+)@", self.header("from"))
        return found[1] if found else ""

    @property
    def text(self) -> str:
        """The message as it was sent, but for the spelling of its headers."""
        return "\n".join([self.first, *(f"{name}: {value}" for name, value in self.headers), "", self.body])

    @property
    def label(self) -> str:
        """What stands on the arrow."""
        if self.status:
            return f"{self.status} {PHRASES.get(self.status, '')} ({self.method})".replace("  ", " ")
        if self.method == "NOTIFY":
            return f"NOTIFY {self.body.strip().removeprefix('SIP/2.0 ')}".strip()
        return self.method

    @property
    def note(self) -> str:
        """What stands beside it: the words that people look for first."""
        if self.method == "INVITE" and not self.status:
            login = ", with a login" if self.header("proxy-authorization") or self.header("authorization") else ""
            return f"to {self.uri}, from {self.user}{login}"
        if self.method == "INVITE" and self.status == 200:
            return self.header("server")
        return f"to {self.header('refer-to').strip('<>')}" if self.method == "REFER" and not self.status else ""


def _message(about: Mapping[str, str], content: str) -> Message:
    head, _blank, body = content.partition("\n\n")
    first, *lines = head.split("\n")
    pairs = [line.partition(":") for line in lines]
    headers = tuple((name.strip().lower(), value.strip()) for name, _colon, value in pairs)
    return Message(
        float(about["time"]), about["srcip"], about["dstip"], about["proto"].split()[0], first, headers, body
    )


class Dump:
    """What both proxies take down, of the calls that have begun since the last mark."""

    def __init__(self, folder: Path, proxies: Iterable[str]) -> None:
        self.folder = folder
        self.proxies = set(proxies)
        self.read: dict[Path, int] = {}
        self.past: set[str] = set()

    def mark(self) -> None:
        """Forget the calls so far, also what is still to come of them."""
        for file, size, message in self._new():
            self.read[file] = size
            self.past.add(message.header("call-id"))

    def messages(self) -> list[Message]:
        """In the order of time."""
        found = [message for _file, _size, message in self._new()]
        return sorted((item for item in found if item.header("call-id") not in self.past), key=lambda item: item.time)

    def _new(self) -> Iterator[tuple[Path, int, Message]]:
        """Every message that stands there in full, and how much of the file ends with it."""
        for file in sorted(self.folder.glob("*.data")):
            start = self.read.get(file, 0)
            text = file.read_bytes()[start:].decode("latin-1")
            for entry in _ENTRY.finditer(text):
                about = dict(re.findall(r"^(\w+): (.*)$", entry[1], re.MULTILINE))
                # What one proxy sends to the other is taken down by both; a program beside it has another port.
                if about["tag"] == "rcv" and about["srcip"] in self.proxies and about["srcport"] == "5060":
                    continue
                yield file, start + entry.end(), _message(about, entry[2].replace("\r\n", "\n"))


class Ladder:
    """The messages of a call, in their order."""

    def __init__(self, messages: Iterable[Message], names: Mapping[str, str]) -> None:
        self.messages = list(messages)
        self.names = names

    def name(self, address: str) -> str:
        return self.names.get(address, address)

    def requests(self, method: str, source: str = "", target: str = "") -> list[Message]:
        """The requests of a kind between two of the names; sent again is not counted again."""
        return [item for item in self._between(source, target) if not item.status and item.method == method]

    def answers(self, method: str, source: str = "", target: str = "") -> list[int]:
        """The final answers to a kind of request."""
        found = self._between(source, target)
        return [item.status for item in found if item.status >= 200 and item.method == method]

    def rang(self, name: str) -> bool:
        """Whether a phone was called."""
        return bool(self.requests("INVITE", target=name))

    def answered(self, name: str) -> str:
        """Who answered a call of somebody, in that one's own words."""
        found = self._between("", name)
        return next((item.header("server") for item in found if item.status == 200 and item.method == "INVITE"), "")

    def _between(self, source: str, target: str) -> list[Message]:
        return [
            item
            for item in self._once
            if (not source or self.name(item.source) == source) and (not target or self.name(item.target) == target)
        ]

    @functools.cached_property
    def _once(self) -> list[Message]:
        seen: set[tuple[str, ...]] = set()
        found = []
        for item in self.messages:
            key = (item.source, item.target, item.first, item.header("via"), item.header("cseq"), item.header("to"))
            if key not in seen:
                seen.add(key)
                found.append(item)
        return found

    def draw(self) -> str:
        """A column for everybody, an arrow for every message, and beside it where it wanted to go."""
        if not self.messages:
            return "(nothing was sent)\n"
        # Whoever calls first stands on the left.
        everybody = list(dict.fromkeys(self.name(end) for item in self.messages for end in (item.source, item.target)))
        place = {name: index * _WIDTH + _WIDTH // 2 for index, name in enumerate(everybody)}
        bars = [" "] * (_WIDTH * len(everybody))
        for column in place.values():
            bars[column] = "|"
        lines = [" " * 9 + "".join(name.center(_WIDTH) for name in everybody).rstrip()]
        for item in self.messages:
            ends = place[self.name(item.source)], place[self.name(item.target)]
            room = max(ends) - min(ends) - 1
            words = f" {item.label} "[: room - 2].center(room - 1, "-")
            row = bars.copy()
            row[min(ends) + 1 : max(ends)] = f"<{words}" if ends[1] < ends[0] else f"{words}>"
            lines.append(f"{item.time - self.messages[0].time:8.3f} {''.join(row)} {item.note}".rstrip())
        return "\n".join(lines) + "\n"
