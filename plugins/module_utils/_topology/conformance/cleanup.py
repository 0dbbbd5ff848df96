# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes everything that a conformance check has made, and reports what is left."""

from __future__ import annotations

import datetime
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    NUMBERS,
    VOICE,
    Request,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.journal import (
    BY_NAME,
    KINDS,
    Journal,
    Kind,
    Made,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.sender import (
    ATTEMPTS,
    Sender,
)

#: Vapi's lists are limited to objects that are newer than the run, less the possible difference of two clocks.
MARGIN = datetime.timedelta(days=1)

#: Seconds before lists are read again, if the response to a creation was lost.
LIST_PAUSE_SECONDS = 3.0


def _list_request(kind: Kind, journal: Journal) -> Request:
    path = journal.path_of(kind)
    if kind.service == NUMBERS:
        return Request(service=NUMBERS, method="GET", path=path)
    since = datetime.datetime.fromisoformat(journal.started) - MARGIN
    stamp = since.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return Request(service=VOICE, method="GET", path=path, params={"limit": 1000, "createdAtGe": stamp})


def _removal(made: Made, journal: Journal) -> Request:
    kind = BY_NAME[made.kind]
    if made.kind == "allowed_ip":
        login, _space, address = made.id.partition(" ")
        path = f"/v1/sipaccounts/{login}/allowed_ips"
        return Request(service=NUMBERS, method="DELETE", path=path, params={"ip": address})
    path = f"{journal.path_of(kind)}/{urllib.parse.quote(made.id, safe='')}"
    return Request(service=kind.service, method="DELETE", path=path)


class Cleanup:
    """Removes what a journal contains, and what has the name of its run.

    :param sender: sends the requests; its journal is the one that is cleaned.
    """

    def __init__(self, sender: Sender) -> None:
        self.sender, self.journal = sender, sender.journal

    def run(self) -> list[Result]:
        """Remove everything, and list everything again.

        :return: what is left: ``service``, ``kind``, ``id`` and ``path`` of each object, and lists that cannot be read.
        :raises RunInterruptedError: if the process received a signal to end.
        """
        if not self.journal.begun:
            return []
        self.sender.lenient = True
        self._remove()
        left = self._listed()
        # A list may not contain a new object at once; it is found by its name if the response to its creation was lost.
        for _attempt in range(ATTEMPTS if self.journal.unconfirmed and not left else 0):
            self.sender.clients[VOICE].sleep(LIST_PAUSE_SECONDS)
            left = left or self._listed()
        if left:
            self._remove()
            left = self._listed()
        if not left:
            self.journal.store.remove()
        return left

    def _remove(self) -> None:
        """Delete the objects, the referring ones first; an object in use may be free later."""
        for _attempt in range(ATTEMPTS):
            left = self.journal.existing()
            for made in left:
                self.sender.send(_removal(made, self.journal))
            if not self.journal.existing():
                return

    def _listed(self) -> list[Result]:
        """What is left, after all lists were read. Objects with the name of the run are added to the journal."""
        left: list[Result] = []
        for kind in KINDS:
            if not kind.list or ("{spare}" in kind.list and not self.journal.spare_number):
                continue
            request = _list_request(kind, self.journal)
            found = next((found for found in map(self._read, [request] * ATTEMPTS) if found is not None), None)
            if found is None:
                left.append({"service": kind.service, "kind": kind.name, "id": "", "path": request.path})
                continue
            for row in found:
                object_id = str(row.get(kind.id_key) or "")
                if not (self.journal.is_marked(row) or self.journal.owns(kind.name, object_id)):
                    continue
                self.journal.adopt(kind.name, object_id)
                path = _removal(Made(kind.name, object_id), self.journal).path
                left.append({"service": kind.service, "kind": kind.name, "id": object_id, "path": path})
        return left

    def _read(self, request: Request) -> list[dict[str, object]] | None:
        found = self.sender.send(request)
        return found.rows if found is not None and found.ok else None
