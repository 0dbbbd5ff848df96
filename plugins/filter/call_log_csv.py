# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that converts calls to CSV for spreadsheets, without untrusted text that is run as a formula."""

from __future__ import annotations

import csv
import io
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError

ApiObject = t.Mapping[str, t.Any]

#: Characters that start a formula in spreadsheets, also in full width, and characters that are skipped before them.
FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
SKIPPED = re.compile('["\\s\\x00-\\x20\\x7f-\\xa0\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*')
#: Line breaks of Unicode and of terminals. A CSV reader may end a row at each of them.
BREAK = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
#: Characters at which a reader with another list separator, which ignores the quotes of a cell, starts a new cell.
EDGE = re.compile(r"([;|\n])")
#: A phone number in E.164 format, or a plain number. It is not run as a formula and must remain a number.
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def cell(value: object) -> str:
    """Return the text of a cell that no reader runs as a formula, regardless of its list separator.

    Readers with ``;``, ``|`` or a tab as separator find further cells inside a cell, and ignore its quotes. An
    apostrophe is prepended to each part that begins like a formula, and to a leading line break, which some readers
    skip. Tabs are replaced by spaces, and characters that a terminal runs or that hide text by escapes.
    """
    lines = BREAK.sub("\n", str(value)).replace("\t", " ").split("\n")
    text = "\n".join(map(printable, lines))
    if NUMBER.fullmatch(text):
        return text
    parts = EDGE.split(text)
    # Every second part is a separator. After the last one, the closing quote of the cell would start a new cell.
    guarded = [
        part if at % 2 or _harmless(part, last=at == len(parts) - 1 > 0) else "'" + part
        for at, part in enumerate(parts)
    ]
    guarded[0] = guarded[0] or "'" * text.startswith("\n")
    return "".join(guarded)


def _harmless(part: str, *, last: bool) -> bool:
    rest = part[SKIPPED.match(part).end() :]  # type: ignore[union-attr]
    return not last if not rest else rest[0] not in FORMULA


def table(rows: t.Iterable[t.Iterable[object]]) -> str:
    """Return rows as CSV according to RFC 4180, with commas, all fields quoted, and CRLF line ends."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [cell(value) for value in row] for row in rows
    )
    return out.getvalue()


def _columns(call: ApiObject, assistants: ApiObject, numbers: ApiObject) -> dict[str, object]:
    """Return the cells of a call by column name. ``None`` is an empty cell."""
    number, customer = numbers.get(call.get("phone_number") or "") or {}, call.get("customer") or {}
    why, carrier = call.get("diagnosis") or {}, call.get("carrier") or {}
    leg = carrier.get("transfer_leg")
    return {
        "time": call.get("started_at") or call.get("created_at"),
        "direction": call.get("direction"),
        "outcome": call.get("outcome"),
        "number": number.get("number") or call.get("phone_number"),
        "number_name": number.get("name"),
        "assistant": assistants.get(call.get("assistant") or "") or call.get("assistant"),
        "customer": customer.get("number") or customer.get("sip_uri"),
        "customer_name": customer.get("name"),
        "duration_seconds": call.get("duration"),
        "cost_usd": call.get("cost"),
        "cause": why.get("cause"),
        "fix": why.get("fix"),
        "option": why.get("option"),
        "ended_reason": call.get("ended_reason"),
        "ended_message": call.get("ended_message"),
        "sip_status": why.get("sip_status"),
        "transfers": "; ".join(str(item.get("to") or "") for item in call.get("transfers") or ()),
        "summary": call.get("summary"),
        "status": call.get("status"),
        "created_at": call.get("created_at"),
        "started_at": call.get("started_at"),
        "ended_at": call.get("ended_at"),
        "carrier_timestamp": carrier.get("timestamp"),
        "carrier_direction": carrier.get("direction"),
        "carrier_caller": carrier.get("caller"),
        "carrier_callee": carrier.get("callee"),
        "carrier_duration_seconds": carrier.get("duration"),
        "carrier_amount": carrier.get("amount"),
        "carrier_sip_account": carrier.get("sip_account"),
        "carrier_transfer_leg": "" if leg is None else "yes" if leg else "no",
        "campaign": call.get("campaign"),
        "id": call.get("id"),
    }


def call_log_csv(calls: t.Any, assistants: t.Any = (), phone_numbers: t.Any = ()) -> str:
    """Convert calls to CSV text.

    :param calls: as the module ``vapi_call_info`` returns them.
    :param assistants: and ``phone_numbers``: as their info modules return them, for names.
    :raises AnsibleFilterError: if one of them is no list of dicts.
    """
    for name, rows in (("calls", calls), ("assistants", assistants), ("phone_numbers", phone_numbers)):
        if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
            raise AnsibleFilterError(f"call_log_csv: {name} must be a list of dicts.")
    names = {row.get("id"): row.get("name") for row in assistants}
    numbers = {row.get("id"): row for row in phone_numbers}
    rows = [_columns(call, names, numbers) for call in calls]
    heads = list(_columns({}, {}, {}))
    return table([heads, *([("" if value is None else value) for value in row.values()] for row in rows)])


class FilterModule:
    """The filter, by name."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"call_log_csv": call_log_csv}
