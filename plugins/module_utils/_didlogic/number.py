# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""didlogic's purchased numbers and their account (both read-only)."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import (
    DESTINATIONS,
    described,
    destinations_in,
    entries_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.service import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import digits


class Number(Record):
    number: str | None = None


class Seek(Record):
    vapi_trunk_ids: list[str] | None = None


FACTS = (
    "country",
    "area",
    "channels",
    "codec",
    "monthly_fee",
    "per_minute",
    "free_minutes",
    "activation",
    "check_state",
)


def with_destinations(client: t.Any, row: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**row, "destinations": client.all(DESTINATIONS, destinations_in, number=digits(str(row["number"])))}


def told(row: dict[str, t.Any], seek: Seek) -> dict[str, t.Any]:
    entries = entries_of(row["destinations"])
    facts = {name: row[name] for name in FACTS if isinstance(row.get(name), (str, int, float))}
    number = digits(str(row["number"]))
    return {
        "number": number,
        **facts,
        "destinations": [described(entry, entries, number, seek.vapi_trunk_ids or ()) for entry in entries],
    }


NUMBER = Resource(
    service=DIDLOGIC,
    noun="number",
    plural="numbers",
    title="didlogic number",
    path="/v1/purchases",
    record=Number,
    keys=("number",),
    normal=digits,
    rows=lambda answer: answer.get("purchases"),
    needs=("number",),
    complete=with_destinations,
    tell=told,
    seek=Seek,
    by_id=False,
)


class Account(Record):
    balance: float | None = None


ACCOUNT = Resource(
    service=DIDLOGIC,
    noun="account",
    plural="accounts",
    title="didlogic account",
    path="/v1/balance",
    record=Account,
    rows=lambda answer: [answer],
    by_id=False,
    single=True,
    needs=(),
)
