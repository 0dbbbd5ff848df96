# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulation of Vapi in which each call is deleted differently, and runs of the erasure in it."""

from __future__ import annotations

import dataclasses
import datetime
import random
import typing as t

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ModuleFailureError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import CALL as RECORD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import erasure
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import MemoryStore, SandboxFixture

Row = dict[str, t.Any]
START = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
#: What happens to a call that is deleted: the names of the worlds.
FATES = (
    "at once",
    "later",
    "never",
    "artifacts later",
    "artifacts never",
    "emptied",
    "transcript stays",
    "deletion fails",
    "refused",
    "unavailable",
    "lost",
    "reappears",
    "by another run",
    "unreadable",
    "in progress",
)
#: Those after which nothing of the call is left.
ERASED = {"at once", "later", "artifacts later", "emptied", "lost", "by another run"}


def caller() -> str:
    """A random number of the range that is reserved for fiction."""
    return f"+447700900{random.randrange(1000):03}"


@dataclasses.dataclass
class Deleted:
    """A call and its fate."""

    row: Row
    fate: str
    delay: float = 0
    asked: float | None = None
    reads: int = 0


class VapiWorld(httpx.BaseTransport):
    """Vapi with calls that are deleted differently.

    :param stage: has the clock.
    """

    def __init__(self, stage: SandboxFixture) -> None:
        self.stage = stage
        self.calls: dict[str, Deleted] = {}
        self.campaigns: list[Row] = []
        self.requests: list[tuple[str, str]] = []
        self.before: t.Callable[[int], None] = lambda _count: None
        self.lists = True

    def add(self, fate: str, number: str, delay: float = 0, **more: t.Any) -> str:
        """A call with every artifact."""
        index = len(self.calls)
        status = "in-progress" if fate == "in progress" else "ended"
        row: Row = {
            "id": f"00000000-0000-4000-8000-{index:012}",
            "type": "inboundPhoneCall" if index % 2 else "outboundPhoneCall",
            "status": status,
            "customer": {"number": number},
            "createdAt": (START - datetime.timedelta(minutes=index // 3)).isoformat(),
            "artifact": {"recordingUrl": "https://storage.example/a.wav", "transcript": f"I am {number}."},
        }
        self.calls[row["id"]] = Deleted({**row, **more}, fate, delay)
        return str(row["id"])

    def visible(self, call: Deleted) -> Row | None:
        """The call as Vapi returns it now."""
        passed = None if call.asked is None else self.stage.now - call.asked
        if passed is None:
            return call.row
        fate = call.fate
        if fate == "deletion fails":
            return {**call.row, "status": "deletion-failed"} if passed >= call.delay else call.row
        if fate == "emptied":
            return {"id": call.row["id"], "createdAt": call.row["createdAt"], "status": "ended"}
        if fate == "transcript stays":
            return {**call.row, "customer": {}, "artifact": {"transcript": "Hello."}}
        if fate == "later":
            return None if passed >= call.delay else call.row
        if fate == "reappears":
            return call.row if passed >= call.delay else None
        return call.row if fate in ("never", "refused", "unavailable", "in progress") else None

    def artifact(self, call: Deleted) -> bool:
        """Whether Vapi redirects to the recording."""
        if call.asked is not None and call.fate == "artifacts never":
            return True
        if call.asked is not None and call.fate == "artifacts later":
            return self.stage.now - call.asked < call.delay
        row = self.visible(call)
        return bool(row and row.get("artifact", {}).get("recordingUrl"))

    def has_data(self, call: Deleted) -> bool:
        row = self.visible(call)
        unknown = call.fate == "unreadable"  # nothing shows that it is erased
        return unknown or self.artifact(call) or bool(row and (row.get("customer") or row.get("artifact")))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(len(self.requests))
        self.requests.append((request.method, request.url.path))
        assert "7700900" not in str(request.url) + request.content.decode()
        path = request.url.path.removeprefix("/vapi")
        if path == "/campaign":
            results = self.campaigns if request.url.params.get("page", "1") == "1" else []
            return httpx.Response(200, json={"results": results, "metadata": {"totalItems": len(self.campaigns)}})
        if path == "/call" and not self.lists:
            return httpx.Response(403, json={"message": "Forbidden"})
        if path == "/call":
            return httpx.Response(200, json=self._list(request.url.params))
        call_id, _slash, artifact = path.removeprefix("/call/").partition("/")
        call = self.calls[call_id]
        if request.method == "DELETE":
            return self._delete(call)
        return self._get(call, artifact)

    def _list(self, params: httpx.QueryParams) -> list[Row]:
        rows = [row for row in map(self.visible, self.calls.values()) if row]
        rows.sort(key=lambda row: str(row["createdAt"]), reverse=True)
        last = params.get("createdAtLe")
        return [row for row in rows if last is None or _time(row["createdAt"]) <= _time(last)][: int(params["limit"])]

    def _get(self, call: Deleted, artifact: str) -> httpx.Response:
        if call.fate == "unreadable" and call.asked is not None:
            return httpx.Response(400, json={"message": "This call exceeds your retention window."})
        if artifact:
            return httpx.Response(302 if self.artifact(call) and artifact == "mono-recording" else 404)
        row = self.visible(call)
        return httpx.Response(200, json=row) if row else httpx.Response(404, json={"message": "Not Found"})

    def _delete(self, call: Deleted) -> httpx.Response:
        if call.fate == "refused":
            return httpx.Response(409, json={"message": f"{call.row['customer']['number']} is pinned"})
        if call.fate == "by another run" or self.visible(call) is None:
            call.asked = self.stage.now if call.asked is None else call.asked
            return httpx.Response(404, json={"message": "Not Found"})
        call.asked = self.stage.now if call.asked is None else call.asked
        if call.fate == "lost":
            raise httpx.ReadError("closed")
        if call.fate == "unavailable":
            return httpx.Response(503, json={"message": "recordings cannot be erased"})
        return httpx.Response(200, json=call.row)


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


class Runs:
    """Runs in a world, and the last of them. :param store: their record, if they have one."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.stage = SandboxFixture()
        self.world = VapiWorld(self.stage)
        self.store = store
        self.last: erasure.Erasure | None = None

    def run(self, *, check: bool = False, records: bool = False, **options: t.Any) -> Row:
        """The result, also of a failure, with its message as ``msg``."""
        engines = {"vapi": self.stage.engine(CALL, check=check, transport=self.world)}
        if records:
            engines["didlogic"] = self.stage.engine(RECORD, check=check)
        given = erasure.checked(from_options(erasure.ErasureOptions, {"wait_timeout": 60, **options}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(erasure, "Erasure", self._noted)
            try:
                return {**erasure.run(engines, given, self.store, clock=lambda: self.stage.now), "msg": ""}
            except ModuleFailureError as error:
                return {**error.result, "msg": str(error)}

    def _noted(self, *args: t.Any) -> erasure.Erasure:
        self.last = WORK(*args)
        return self.last

    def false_claims(self) -> list[str]:
        """The fates of the calls that the last run counted as erased although data of them is left."""
        assert self.last
        gone = [self.world.calls[item.call.id] for item in self.last.items if item.state == "gone"]
        return [call.fate for call in gone if self.world.has_data(call)]


WORK = erasure.Erasure
