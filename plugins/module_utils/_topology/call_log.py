# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Vapi's calls with the carrier's records of them by numbers and time, because the records have no call id."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result, as_object, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    Enrichment,
    ListQuery,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import user_digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import is_ipv4
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import display_name, gateways
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL, with_diagnosis
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import ANY_NUMBER, moment
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK

#: Maximum difference between the times of both services, including the time to set up a call.
SLACK = datetime.timedelta(seconds=90)

#: The time zone of a carrier's days may be unknown.
DAY = datetime.timedelta(days=1)


def around(items: list[Result], carrier: Carrier = CARRIER) -> ListQuery:
    """The query for records: the days of the calls, and one day before and after.

    :param items: the calls. :param carrier: the carrier. :return: the list query.
    """
    times = [time for item in items for time in (_time(item.get("created_at")), _time(item.get("ended_at"))) if time]
    if not times:
        return carrier.records_query(None, None)
    return carrier.records_query(min(times) - DAY, max(times) + DAY)


def joined(items: list[Result], rows: list[Result], carrier: Carrier = CARRIER) -> list[Result]:
    """Add the carrier's record to each call, and repeat its diagnosis with it.

    :param items: the calls. :param rows: the records. :param carrier: the carrier.
    :return: the calls with ``carrier``.
    """
    records = [carrier.record_of(row) for row in rows]
    free: dict[tuple[str, str], list[tuple[datetime.datetime, int]]] = {}
    for index, record in enumerate(records):
        time, direction = _time(record.get("timestamp")), str(record.get("direction") or "")
        if time and direction:
            other_side = str(record["caller" if direction == "inbound" else "callee"])
            free.setdefault((direction, other_side), []).append((time, index))
    taken: set[int] = set()
    own = _own_records(items, free, taken)
    found = []
    for position, item in enumerate(items):
        at = own.get(position)
        leg = _leg(item, free, taken, complete=len(rows) < carrier.records_limit)
        matched = dict(records[at]) if at is not None else {}
        transfers = objects_in(item["transfers"])
        if matched and transfers and "to" in transfers[-1]:
            matched["transfer_leg"] = leg
        found.append({**with_diagnosis(item, matched), "carrier": matched})
    return found


def _own_records(
    items: list[Result], free: dict[tuple[str, str], list[tuple[datetime.datetime, int]]], taken: set[int]
) -> dict[int, int]:
    """Match calls to records, the closest in time first; each record belongs to one call."""
    pairs = []
    for position, item in enumerate(items):
        kind = "inbound" if item.get("direction") == "inbound" else "outbound"
        customer = as_object(item.get("customer"))
        number = user_digits(customer.get("number") or customer.get("sip_uri"))
        begun = _time(item.get("started_at")) or _time(item.get("created_at"))
        if not number or not begun:
            continue
        first, last = _span(item, begun)
        pairs += [
            (abs(time - begun), position, index)
            for time, index in free.get((kind, number), ())
            if first <= time <= last
        ]
    own: dict[int, int] = {}
    for _distance, position, index in sorted(pairs):
        if position not in own and index not in taken:
            own[position] = index
            taken.add(index)
    return own


def _leg(
    item: Result,
    free: dict[tuple[str, str], list[tuple[datetime.datetime, int]]],
    taken: set[int],
    *,
    complete: bool,
) -> bool | None:
    """Whether the records contain the call to the transfer target; ``None`` if that cannot be determined."""
    places = [user_digits(transfer["to"]) for transfer in objects_in(item["transfers"]) if "to" in transfer]
    begun = _time(item.get("started_at")) or _time(item.get("created_at"))
    if not places or not begun:
        return None
    first, last = _span(item, begun)
    legs = [
        index
        for place in places
        for time, index in free.get(("outbound", place), ())
        if first <= time <= last and index not in taken
    ]
    taken.update(legs[:1])
    return True if legs else False if complete else None


def _span(item: Result, begun: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime]:
    first = _time(item.get("created_at")) or begun
    return first - SLACK, (_time(item.get("ended_at")) or begun) + SLACK


def _time(text: object) -> datetime.datetime | None:
    try:
        return moment(str(text))
    except (ValueError, OverflowError):
        return None


def other_carrier(phone: Result | None, trunks: t.Mapping[str, Result], carrier: Carrier = CARRIER) -> str:
    """The provider or trunk of a phone number if it certainly does not belong to the carrier, otherwise an empty text.

    The carrier of a trunk that has only addresses is unknown.

    :param phone: the phone number, or ``None``. :param trunks: the trunks by id. :param carrier: the carrier.
    :return: the name.
    """
    if not phone:
        return ""
    provider = str(phone.get("provider") or "")
    if provider and provider != PHONE_NUMBER.constants["provider"]:
        return provider
    trunk = trunks.get(str(phone.get("credentialId")))
    hosts = [str(gateway.get("ip")) for gateway in gateways(trunk)]
    if any(map(carrier.is_gateway, hosts)) or all(map(is_ipv4, hosts)):
        return ""
    return f"the trunk {display_name(trunk)}"


def over_other_carriers(
    list_objects: t.Callable[[Resource], list[Result]], items: list[Result], carrier: Carrier = CARRIER
) -> list[Result]:
    """Replace advice about the carrier by ``other_carrier`` in calls over another one.

    :param list_objects: reads a list of Vapi; only called if a diagnosis is about the carrier. :param items: the calls.
    :param carrier: the carrier. :return: the calls.
    """
    title = carrier.provider.title
    concerned = [
        item for item in items if title.lower() in str(item.get("diagnosis")).lower() and "phone_number" in item
    ]
    if not concerned:
        return items
    try:
        phones = {str(row["id"]): row for row in list_objects(ANY_NUMBER)}
        trunks = {str(row["id"]): row for row in list_objects(SIP_TRUNK)}
    except ApiError:
        return items  # a key with permission to read calls may lack permission to read these lists
    names = {id(item): other_carrier(phones.get(str(item["phone_number"])), trunks, carrier) for item in concerned}
    return [_without_advice(item, names[id(item)], title) if names.get(id(item)) else item for item in items]


def _without_advice(item: Result, used: str, title: str) -> Result:
    reason = " ".join(str(item.get("ended_reason")).split())[:120]
    diagnosis = {key: value for key, value in as_object(item["diagnosis"]).items() if key in ("area", "sip_status")}
    diagnosis |= {
        "cause": f"The call used {used}, which does not belong to {title}; Vapi reports {reason}.",
        "fix": f"Contact that carrier; the advice of this collection applies to {title} only.",
    }
    return {**item, "other_carrier": used, "diagnosis": diagnosis}


CALL_LOG = dataclasses.replace(
    CALL,
    view=dataclasses.replace(
        CALL.view,
        enrichment=Enrichment(resource=CARRIER.records, query=around, join=joined),
        enrich=over_other_carriers,
    ),
)
