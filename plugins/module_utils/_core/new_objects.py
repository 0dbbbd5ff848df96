# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that a run has created and no list has shown yet: a service may list them some time later."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject


class NewObjects:
    """Ids of new objects, by the address of the list that will contain them; thread-safe."""

    def __init__(self) -> None:
        self._ids: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def note(self, address: str, answer: object) -> None:
        """Note an object, if the response to its creation contains its id.

        :param address: the address of its list. :param answer: the decoded response.
        """
        inner = list(answer.values()) if isinstance(answer, dict) else []
        for found in (answer, *(inner if len(inner) == 1 else ())):
            if isinstance(found, dict) and found.get("id"):
                with self._lock:
                    self._ids.setdefault(address, set()).add(str(found["id"]))
                return

    def discard(self, address: str, ids: t.Iterable[str]) -> None:
        """Forget objects, because they were listed or deleted.

        :param address: the address of their list. :param ids: their ids.
        """
        with self._lock:
            self._ids.get(address, set()).difference_update(ids)

    def missing(self, address: str, rows: list[ApiObject]) -> bool:
        """Whether a list lacks a new object. Those that it contains are forgotten.

        :param address: its address. :param rows: its rows.
        """
        if not self._ids.get(address):
            return False
        self.discard(address, [str(row.get("id")) for row in rows])
        return bool(self._ids[address])
