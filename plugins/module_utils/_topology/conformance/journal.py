# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a conformance check: what it was about to do, and what it has made.

A line is written before and after each request that changes something, so that an interrupted check can be cleaned up
by the next one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import string
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    NUMBERS,
    VOICE,
    Request,
)

#: The start of the name of everything that a check makes.
PREFIX = "vdfc"

#: Addresses for documentation (RFC 5737, RFC 3849), and the top-level domain that never resolves (RFC 2606).
NETWORK, ADDRESS, IPV6, DOMAIN = "192.0.2.0/24", "192.0.2.10", "2001:db8::10", "first-contact.invalid"

#: Numbers for fiction of Ofcom, with country code.
FICTION = ("442079460123", "442079460124")

#: The destinations of the unused number.
ROUTES = "/v1/purchases/{spare}/destinations"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of object that a check makes.

    :param list: the path of its list. :param id_key: the key of a row with the id in paths.
    """

    name: str
    service: str
    list: str
    id_key: str = "id"


#: In the order of removal: what refers to others first.
KINDS = (
    Kind("destination", NUMBERS, ROUTES),
    Kind("allowed_ip", NUMBERS, ""),
    Kind("sip_account", NUMBERS, "/v1/sipaccounts", "name"),
    Kind("phone_number", VOICE, "/phone-number"),
    Kind("assistant", VOICE, "/assistant"),
    Kind("tool", VOICE, "/tool"),
    Kind("trunk", VOICE, "/credential"),
)
BY_NAME: t.Final = {kind.name: kind for kind in KINDS}


@dataclasses.dataclass(frozen=True)
class Made:
    """An object that the check has made. The id of an allowed address is ``<SIP account> <address>``."""

    kind: str
    id: str


class Store(t.Protocol):
    """The file of a journal."""

    def append(self, line: str) -> None:
        """Add a line and wait until the disk has it."""

    def remove(self) -> None:
        """Remove the file."""


def new_run(choose: t.Callable[[str], str]) -> str:
    """The id of a run: letters only, so that it is not similar to a number.

    :param choose: returns a random character of a text. :return: eight letters.
    """
    return "".join(choose(string.ascii_lowercase) for _count in range(8))


def account_digest(run: str, keys: t.Iterable[str]) -> str:
    """Identifies the accounts of a run without their keys.

    :param run: the id of the run. :param keys: the keys. :return: the digest.
    """
    return hmac.new("\n".join(keys).encode(), run.encode(), hashlib.sha256).hexdigest()


class Journal:
    """The journal of one run.

    :param store: its file. :param run: the id of the run. :param started: when it began, as Vapi writes times.
    :param account: see :func:`account_digest`. :param spare_number: the digits of the unused number, or an empty text.
    """

    def __init__(self, store: Store, run: str, started: str, account: str, spare_number: str = "") -> None:
        self.store, self.run, self.started, self.account, self.spare_number = store, run, started, account, spare_number
        self.made: dict[Made, bool] = {}  # in the order of creation, and whether it exists
        self.number = 0
        self.unconfirmed: set[int] = set()  # numbers of creations without a response
        self.begun = False

    @property
    def prefix(self) -> str:
        """The start of names, such as ``vdfc-abcdefgh``."""
        return f"{PREFIX}-{self.run}"

    @property
    def compact_prefix(self) -> str:
        """The same where only letters are allowed."""
        return f"{PREFIX}{self.run}"

    def path_of(self, kind: Kind) -> str:
        """The path of the list of a kind. :param kind: the kind. :return: the path with the unused number."""
        return kind.list.replace("{spare}", self.spare_number)

    def owns(self, kind: str, object_id: str) -> bool:
        """Whether this run has made an object. :param kind: its kind. :param object_id: its id. :return: the result."""
        return Made(kind, object_id) in self.made

    def is_marked(self, row: object) -> bool:
        """Whether a row of a list contains the name of this run. :param row: the row. :return: the result."""
        text = json.dumps(row)
        return self.prefix in text or self.compact_prefix in text

    def existing(self) -> list[Made]:
        """What has to be removed, in the order of removal. :return: the objects."""
        left = [made for made, exists in self.made.items() if exists]
        order = list(BY_NAME)
        return sorted(left, key=lambda made: order.index(made.kind))

    def before(self, request: Request, kind: str, object_id: str = "") -> int:
        """Record that a request will be sent.

        :param request: the request. :param kind: the kind of its object. :param object_id: its id, if it is known.
        :return: the number of the request.
        """
        if not self.begun:
            self.begun = True
            head = {"run": self.run, "started": self.started, "account": self.account, "spare": self.spare_number}
            self.store.append(json.dumps(head))
        self.number += 1
        self._note({"n": self.number, "method": request.method, "path": request.path, "kind": kind, "id": object_id})
        return self.number

    def after(self, number: int, kind: str, object_id: str, *, gone: bool = False) -> None:
        """Record what a request has made or removed.

        :param number: its number. :param kind: the kind of the object. :param object_id: its id.
        :param gone: whether it was removed.
        """
        self._note({"n": number, "kind": kind, "id": object_id, "gone": gone})

    def _note(self, line: ApiObject) -> None:
        self.store.append(json.dumps(line))
        self.read(line)

    def read(self, line: ApiObject) -> None:
        """Apply a line. :param line: the line."""
        found = Made(str(line.get("kind")), str(line.get("id") or ""))
        number = line.get("n")
        if isinstance(number, int):
            self.number = max(self.number, number)
            if line.get("method") == "POST":
                self.unconfirmed.add(number)
            elif "method" not in line:
                self.unconfirmed.discard(number)
        if not found.id or found.kind not in BY_NAME:
            return
        if "gone" in line:
            self.made[found] = not line["gone"]
        elif line.get("method") == "POST":
            self.made[found] = True

    def adopt(self, kind: str, object_id: str) -> None:
        """Record an object that was found by its name, because the response to its creation was lost.

        :param kind: its kind. :param object_id: its id.
        """
        self.after(0, kind, object_id)


def load(store: Store, lines: t.Sequence[str]) -> Journal | None:
    """The journal in a file.

    :param store: the file. :param lines: its lines; the last one may be incomplete.
    :return: the journal; ``None`` if it records nothing. :raises OptionError: if it is no journal.
    """
    found = []
    for at, line in enumerate(lines):
        try:
            found.append(json.loads(line))
        except ValueError:
            if at + 1 < len(lines):
                raise OptionError("journal", "contains a file that is no journal of a conformance check.") from None
    if not found:
        return None
    try:
        head = {name: str(found[0][name]) for name in ("run", "started", "account", "spare")}
    except (KeyError, TypeError):
        raise OptionError("journal", "contains a file that is no journal of a conformance check.") from None
    journal = Journal(store, head["run"], head["started"], head["account"], head["spare"])
    journal.begun = True
    for line in found[1:]:
        journal.read(line)
    return journal
