# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeds: the content of the accounts before the first request.

A seed may describe a manually created account with broken references, so only its form is checked.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from numbers import Number
from typing import Any, Protocol

from .schema import is_uuid

_DIGITS = re.compile(r"[0-9]{3,15}")
_TRANSPORTS = {1, 4, 5}  # SIP URI, phone number, SIP account
_LOGIN = re.compile(r"[0-9]{5}")

NUMBER = {
    "channels": 2,
    "country": "Netherlands",
    "area": "Amsterdam",
    "codec": "G711",
    "activation": 0.0,
    "monthly_fee": 0.99,
    "per_minute": 0.001,
    "check_state": "checked",
    "free_minutes": 0,
}

SIP_ACCOUNT = {
    "callerid": None,
    "label": None,
    "host": "dynamic",
    "charge": "0.0",
    "talk_time": 0,
    "rewrite_enabled": False,
    "rewrite_cond": None,
    "rewrite_prefix": None,
    "didinfo_enabled": False,
    "ip_restrict": False,
    "call_restrict": False,
    "call_limit": None,
    "channels_restrict": False,
    "max_channels": None,
    "cost_limit": False,
    "max_call_cost": None,
}

# The default type of an object of Vapi if a seed does not contain it.
_KIND = {
    "credentials": ("provider", "byo-sip-trunk"),
    "phone_numbers": ("provider", "byo-phone-number"),
    "tools": ("type", "transferCall"),
}


class Ground(Protocol):
    """The interface of the world for seeds."""

    vapi: dict[str, dict[str, dict[str, Any]]]
    didlogic: dict[str, list[dict[str, Any]]]
    balance: float
    org_id: str

    def sip_account(self, name: str) -> dict[str, Any] | None:
        """The didlogic SIP account with that login."""

    def next_id(self) -> int:
        """A new integer id."""

    def clock(self) -> datetime:
        """The current time."""

    def timestamp(self) -> str:
        """The current time in Vapi's form."""


class SeedError(ValueError):
    """An invalid seed; the message contains the path."""


def plant(world: Ground, seed: Any) -> None:
    """Add the content of ``seed`` to ``world``; stops at the first error."""
    seed = _known(seed, "the seed", {"balance", "numbers", "sip_accounts", "calls", "vapi"})
    if "balance" in seed:
        world.balance = _of(seed["balance"], Number, "balance")
    known = {item["number"] for item in world.didlogic["numbers"]}
    for index, entry in enumerate(_of(seed.get("numbers", []), list, "numbers")):
        _plant_number(world, entry, f"numbers[{index}]", known)
    for index, entry in enumerate(_of(seed.get("sip_accounts", []), list, "sip_accounts")):
        _plant_sip_account(world, entry, f"sip_accounts[{index}]")
    for index, entry in enumerate(_of(seed.get("calls", []), list, "calls")):
        world.didlogic["calls"].append(_of(entry, dict, f"calls[{index}]"))
    for store, entries in _known(seed.get("vapi", {}), "vapi", set(world.vapi)).items():
        for index, entry in enumerate(_of(entries, list, f"vapi.{store}")):
            _plant_vapi(world, store, entry, f"vapi.{store}[{index}]")


def _plant_number(world: Ground, entry: Any, path: str, known: set[str]) -> None:
    """``known``: the numbers that already exist; the number is added."""
    entry = dict(_of(entry, dict, path)) if isinstance(entry, dict) else {"number": entry}
    entry["number"] = _matches(str(entry.get("number")), _DIGITS, f"{path}: number", "3 to 15 digits without a plus")
    if entry["number"] in known:
        raise SeedError(f"{path}: the number {entry['number']} already exists")
    known.add(entry["number"])
    rows = _of(entry.pop("destinations", []), list, f"{path}.destinations")
    number = {"id": world.next_id(), **NUMBER, **entry, "destinations": []}
    for index, given in enumerate(rows):
        where = f"{path}.destinations[{index}]"
        row = dict(_of(given, dict, where))
        transport = row.get("transport")
        if not row.get("destination") or not isinstance(transport, int) or isinstance(transport, bool):
            raise SeedError(f"{where}: a destination requires `destination` and `transport`: 1, 4, 5 or another code")
        if transport in _TRANSPORTS:  # the fields of a row of another kind are unknown
            _known(row, where, {"id", "destination", "transport", "active", "callhunt", "priority"})
        number["destinations"].append(
            {
                "id": world.next_id(),
                "priority": index + 1,
                "callhunt": False,
                "active": True,
                **row,
                "destination": str(row["destination"]),
            }
        )
    world.didlogic["numbers"].append(number)


def _plant_sip_account(world: Ground, entry: Any, path: str) -> None:
    entry = _known(entry, path, {"id", "name", "password", "created_at", "allowed_ips", *SIP_ACCOUNT})
    name = _matches(entry.get("name"), _LOGIN, f"{path}: name", "a string of five digits")
    if world.sip_account(name):
        raise SeedError(f"{path}: the SIP account {name} already exists")
    world.didlogic["sip_accounts"].append(
        {
            "id": world.next_id(),
            **SIP_ACCOUNT,
            "password": "",
            "created_at": didlogic_time(world.clock()),
            "allowed_ips": [],
            **entry,
        }
    )


def _plant_vapi(world: Ground, store: str, entry: Any, path: str) -> None:
    entry = dict(_of(entry, dict, path))
    item_id = entry.pop("id", None) or str(uuid.uuid4())
    if not is_uuid(item_id):
        raise SeedError(f"{path}: id must be a UUID")
    if item_id in world.vapi[store]:
        raise SeedError(f"{path}: the id {item_id} already exists")
    created = entry.pop("createdAt", None) or world.timestamp()
    try:
        datetime.fromisoformat(created)
    except (TypeError, ValueError):
        raise SeedError(f"{path}: createdAt must be a time such as 2026-01-02T03:04:05.678Z") from None
    tag, kind = _KIND.get(store, (None, None))
    marked = {tag: kind} if tag else {}
    status = {"status": "active"} if store == "phone_numbers" else {}
    world.vapi[store][item_id] = {
        "id": item_id,
        "orgId": world.org_id,
        "createdAt": created,
        "updatedAt": created,
        **marked,
        **status,
        **entry,
    }


def didlogic_time(moment: datetime) -> str:
    """A time in didlogic's form."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _of(value: Any, kind: type, path: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        expected = "a list" if kind is list else "an object" if kind is dict else "a number"
        raise SeedError(f"{path} must be {expected}")
    return value


def _known(value: Any, path: str, names: set[str]) -> dict[str, Any]:
    unknown = sorted(map(str, set(_of(value, dict, path)) - names))
    if unknown:
        raise SeedError(f"{path} has an unknown key `{unknown[0]}`; the keys are {', '.join(sorted(names))}")
    return dict(value)


def _matches(value: Any, pattern: re.Pattern[str], path: str, expected: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise SeedError(f"{path} must be {expected}")
    return value
