# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""didlogic's call detail records (read-only)."""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.service import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Reading, Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.uri import parse_sip_uri

#: didlogic's names of the two directions.
TYPES = {"outbound": "sip", "inbound": "incoming"}
#: didlogic reports no larger number; its response beyond it is unknown.
COUNTED = 5000


def check_day(text: str) -> None:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a day in the form YYYY-MM-DD, such as 2026-01-31.") from None


Day = t.Annotated["str | None", Option(check=check_day)]


class CallRecord(Record):
    """A call detail record has no options."""


class Seek(Record):
    direction: t.Literal["inbound", "outbound"] | None = None
    number: t.Annotated[str | None, Option(clean=digits)] = None
    sip_account: str | None = None
    caller: t.Annotated[str | None, Option(clean=digits)] = None
    callee: t.Annotated[str | None, Option(clean=digits)] = None
    date_from: Day = None
    date_to: Day = None
    missed: bool | None = None
    limit: t.Annotated[int, Option(between=(1, COUNTED))] = 1000


def asked_for(seek: Seek, _key: str = "") -> Reading:
    params = {
        "type": TYPES.get(seek.direction or ""),
        "filter": seek.number,
        "sip_account": seek.sip_account,
        "from_search": seek.caller,
        "to_search": seek.callee,
        "from": seek.date_from,
        "to": seek.date_to,
        "missed": None if seek.missed is None else str(int(seek.missed)),
    }
    return Reading(params={name: value for name, value in params.items() if value}, most=seek.limit)


def party(text: t.Any) -> str:
    """Extract the number of a SIP address such as ``"Name" <sip:31201234567@host>``.

    :param text: the address. :return: the number, or the text itself if there is none.
    """
    words = str(text or "")
    shown = re.search(r"<([^>]*)", words)
    uri = parse_sip_uri(shown[1] if shown else words)
    return digits(uri.user or uri.host)


def told(row: dict[str, t.Any], _seek: t.Any = None) -> dict[str, t.Any]:
    kinds = {name: key for key, name in TYPES.items()}
    plain = {
        name: row[name]
        for name in ("timestamp", "duration", "amount", "destination_name", "sip_account")
        if isinstance(row.get(name), (str, int, float)) and row[name] != ""
    }
    direction = kinds.get(str(row.get("type")))
    return {
        **({"direction": direction} if direction else {}),
        "caller": party(row.get("from")),
        "callee": party(row.get("to")),
        **plain,
    }


CALL = Resource(
    service=DIDLOGIC,
    noun="call_record",
    plural="calls",
    title="call record",
    path="/v1/calls",
    record=CallRecord,
    keys=(),
    rows=lambda answer: answer.get("calls"),
    needs=(),
    seek=Seek,
    query=asked_for,
    tell=told,
    by_id=False,
)
