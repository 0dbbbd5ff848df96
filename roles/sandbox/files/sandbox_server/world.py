# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the sandbox: both accounts, the keys, the switches, the journal and the faults."""

from __future__ import annotations

import copy
import json
import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from . import dialect, switches
from .clock import Clock, milliseconds, vapi_time
from .faults import Faults
from .seed import plant

Item = dict[str, Any]

VAPI_STORES = (
    "credentials",
    "phone_numbers",
    "assistants",
    "squads",
    "tools",
    "calls",
    "campaigns",
    "traffic_allocations",
    "structured_outputs",
    "evals",
    "eval_runs",
    "simulations",
    "simulation_personalities",
    "simulation_scenarios",
    "simulation_suites",
    "files",
    "sessions",
    "chats",
)
DIDLOGIC_STORES = ("numbers", "sip_accounts", "calls")

_SECRETS = {"password", "authPassword"}


def no_traffic() -> Item:
    """The state of switchboard.py for calls, as JSON values."""
    return {
        "lines": {},  # by the id of a call: its line, see telephony.py
        "waiting": {},  # by the id of a call that is not dialled yet: the earliest and the latest time
        "runs": {},  # by the id of a campaign: the lines of its contacts so far, and whether it continues
        "busy": [],  # a heap: when a line becomes free, and the id of its campaign
        "names": {},  # by the id of a campaign's call: its name
        "gone": [],  # the ids of a campaign's calls that were deleted
        "deletions": {},  # by the id of a call whose deletion is not immediate: when it was requested
        "settled": 0,  # the time until which all this has been calculated
    }


def without_secrets(value: Any) -> Any:
    """A copy of a JSON value without SIP passwords."""
    if isinstance(value, dict):
        return {key: without_secrets(item) for key, item in value.items() if key not in _SECRETS}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


class World:
    """The state of both services.

    ``clock`` returns an aware datetime: the real time at which the world's clock starts. Stores are plain lists and
    dicts of JSON values, so that tests can read and change them like a user of the dashboard.
    """

    def __init__(
        self,
        seed: dict[str, Any] | None = None,
        vapi_api_key: str | None = None,
        didlogic_api_key: str | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.vapi_api_key = vapi_api_key or str(uuid.uuid4())
        self.didlogic_api_key = didlogic_api_key or secrets.token_hex(20)
        self.control_token = secrets.token_hex(20)
        self.org_id = str(uuid.uuid4())
        self.time = Clock(clock)
        self.settings = {**switches.defaults(), **dialect.of_environment()}
        self.faults = Faults()
        self.journal: list[Item] = []
        self.on_change: Callable[[], None] | None = None
        self._places: dict[str, int] = {}  # where the numbers were in their list
        self.reset(seed)

    # --- content

    def reset(self, seed: dict[str, Any] | None = None) -> None:
        """Empty both accounts, the journal and the faults, and reset the clock; keys and switches are kept."""
        before = {
            name: getattr(self, name, None)
            for name in ("vapi", "didlogic", "balance", "serial", "traffic", "unlisted", "logins")
        }
        time = self.time.dump()
        self.time.reset()
        self.traffic = no_traffic()
        self.unlisted: dict[str, int] = {}  # by id: in how many lists an object is still missing
        self.logins: dict[str, Item] = {}  # by the id of a trunk: the login of its creation
        self.vapi: dict[str, dict[str, Item]] = {name: {} for name in VAPI_STORES}
        self.didlogic: dict[str, list[Item]] = {name: [] for name in DIDLOGIC_STORES}
        self.balance: float = 0.0
        self.serial = 1000
        try:
            self.seed({} if seed is None else seed)
        except ValueError:
            vars(self).update(before)
            vars(self.time).update(time)
            raise
        self.journal.clear()
        self.faults.clear()

    def seed(self, seed: dict[str, Any]) -> None:
        """Add the content of ``seed``, or raise SeedError and add nothing."""
        draft = copy.copy(self)
        draft.vapi, draft.didlogic = copy.deepcopy((self.vapi, self.didlogic))
        plant(draft, seed)
        self.vapi, self.didlogic = draft.vapi, draft.didlogic
        self.balance, self.serial = draft.balance, draft.serial

    def next_id(self) -> int:
        """A new integer id, as in didlogic."""
        self.serial += 1
        return self.serial

    def clock(self) -> datetime:
        """The current time."""
        return self.time.now()

    def now(self) -> int:
        """The current time in milliseconds since the epoch."""
        return milliseconds(self.clock())

    def timestamp(self) -> str:
        """The current time in Vapi's form."""
        return vapi_time(self.clock())

    def created(self, item: Item) -> None:
        """Note that an object is new; with the switch ``stale_lists`` it is missing from the next lists."""
        if self.settings["stale_lists"]:
            self.unlisted[str(item["id"])] = self.settings["stale_lists"]

    def listed(self, items: list[Item]) -> list[Item]:
        """The objects that a list contains, without the new ones that are still missing."""
        if not self.unlisted:
            return items
        missing = {str(item["id"]) for item in items} & set(self.unlisted)
        for item_id in missing:
            self.unlisted[item_id] -= 1
            if not self.unlisted[item_id]:
                del self.unlisted[item_id]
        return [item for item in items if str(item["id"]) not in missing]

    def number(self, digits: str) -> Item | None:
        """The didlogic number with that spelling, if it exists."""
        numbers = self.didlogic["numbers"]
        at = self._places.get(digits, -1)
        if not (0 <= at < len(numbers) and numbers[at]["number"] == digits):
            self._places = {item["number"]: index for index, item in reversed(list(enumerate(numbers)))}
            at = self._places.get(digits, -1)
        return numbers[at] if at >= 0 else None

    def sip_account(self, name: str) -> Item | None:
        """The didlogic SIP account with that login, if it exists."""
        return next((item for item in self.didlogic["sip_accounts"] if item["name"] == name), None)

    def state(self) -> Item:
        """A copy of both accounts for inspection, without passwords and keys."""
        return {
            "balance": self.balance,
            "numbers": without_secrets(self.didlogic["numbers"]),
            "sip_accounts": without_secrets(self.didlogic["sip_accounts"]),
            "calls": without_secrets(self.didlogic["calls"]),
            "vapi": {name: without_secrets(list(store.values())) for name, store in self.vapi.items()},
        }

    # --- journal

    def note(self, api: str, method: str, path: str, query: str, status: int | None, fault: str | None) -> Item:
        """Add a request to the journal; a status of None means that no response was sent."""
        entry = {
            "index": len(self.journal),
            "api": api,
            "method": method,
            "path": path,
            "query": query,
            "status": status,
            "fault": fault,
        }
        self.journal.append(entry)
        return entry

    def journal_report(self) -> Item:
        """The journal with its counters."""
        by_method = Counter(entry["method"] for entry in self.journal)
        return {
            "requests": self.journal,
            "by_method": dict(by_method),
            "total": len(self.journal),
            "writes": sum(count for method, count in by_method.items() if method != "GET"),
        }

    # --- persistence

    def changed(self) -> None:
        """Report that the state has changed."""
        if self.on_change:
            self.on_change()

    def dump(self) -> str:
        """The whole world as JSON, including keys and passwords."""
        kept = (
            "vapi_api_key",
            "didlogic_api_key",
            "control_token",
            "org_id",
            "settings",
            "vapi",
            "didlogic",
            "balance",
            "serial",
            "traffic",
            "unlisted",
            "logins",
        )
        return json.dumps({**{name: getattr(self, name) for name in kept}, "time": self.time.dump()})

    @classmethod
    def load(cls, dumped: str, clock: Callable[[], datetime] | None = None) -> World:
        """The world from the result of ``dump``."""
        world = cls(clock=clock)
        state = json.loads(dumped)
        state["settings"] = {**world.settings, **state["settings"]}
        state["vapi"] = {**world.vapi, **state["vapi"]}
        vars(world.time).update(state.pop("time", {}))
        vars(world).update(state)
        return world
