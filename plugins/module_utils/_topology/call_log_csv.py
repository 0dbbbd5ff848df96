# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of the call log as CSV."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.csv_text import table

ApiObject = t.Mapping[str, t.Any]


def columns(call: ApiObject, assistants: ApiObject, numbers: ApiObject) -> dict[str, object]:
    """The cells of a call by column name.

    :param call: the call, or a record of didlogic without a call. :param assistants: names by id.
    :param numbers: phone numbers by id. :return: the cells; ``None`` is an empty one.
    """
    number, customer = numbers.get(call.get("phone_number") or "") or {}, call.get("customer") or {}
    why, carrier = call.get("diagnosis") or {}, call.get("carrier") or {}
    leg = carrier.get("transfer_leg")
    return {
        "time": call.get("started_at") or call.get("created_at") or carrier.get("timestamp"),
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
        "carrier_transfer_amount": carrier.get("transfer_amount"),
        "match": call.get("match") or ("ambiguous" if carrier.get("ambiguous") else None),
    }


#: The names of the columns.
HEADS = tuple(columns({}, {}, {}))


def csv_rows(calls: t.Iterable[ApiObject], assistants: ApiObject, numbers: ApiObject) -> str:
    """The rows of calls as CSV, without the header.

    :param calls: the calls. :param assistants: names by id. :param numbers: phone numbers by id. :return: the text.
    """
    cells = (columns(call, assistants, numbers).values() for call in calls)
    return table(["" if value is None else value for value in row] for row in cells)


def header() -> str:
    """The first row. :return: the text."""
    return table([HEADS])
