# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vapi's calls with the carrier's records of them, and with advice that fits the carrier of each."""

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
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_records import (
    call_of,
    match,
    record_of,
    time_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import display_name, gateways
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL, with_diagnosis
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import ANY_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK

#: The time zone of a carrier's days may be unknown.
DAY = datetime.timedelta(days=1)


def around(items: list[Result], carrier: Carrier = CARRIER) -> ListQuery:
    """The query for records: the days of the calls, and one day before and after.

    :param items: the calls. :param carrier: the carrier. :return: the list query.
    """
    times = [time for item in items for name in ("created_at", "ended_at") if (time := time_of(item.get(name)))]
    if not times:
        return carrier.records_query(None, None)
    return carrier.records_query(min(times) - DAY, max(times) + DAY)


def joined(items: list[Result], rows: list[Result], carrier: Carrier = CARRIER) -> list[Result]:
    """Add the carrier's record to each call, and repeat its diagnosis with it.

    :param items: the calls. :param rows: the records. :param carrier: the carrier.
    :return: the calls with ``carrier``.
    """
    records = [carrier.record_of(row) for row in rows]
    calls = [call_of(item, user_digits(item.get("phone_number_name"))) for item in items]
    matches = match(calls, [record_of(record) for record in records])
    complete = len(rows) < carrier.records_limit
    found = []
    for position, (item, call) in enumerate(zip(items, calls, strict=True)):
        own, leg = matches.own.get(position), matches.legs.get(position)
        found.append(
            with_record(
                item,
                records[own] if own is not None else None,
                records[leg] if leg is not None else None,
                ambiguous=position in matches.ambiguous,
                complete=complete and call is not None,
            )
        )
    return found


def with_record(
    item: Result, own: Result | None, leg: Result | None, *, ambiguous: bool = False, complete: bool = True
) -> Result:
    """Add the carrier's record to a call, and repeat its diagnosis with it.

    :param item: the call. :param own: its record. :param leg: the record of the call to the transfer destination.
    :param ambiguous: whether its record may be that of another call.
    :param complete: whether a missing record proves that there was no such call. :return: the call with ``carrier``.
    """
    matched = dict(own or {})
    transfers = objects_in(item["transfers"])
    if matched and ambiguous:
        matched["ambiguous"] = True
    if matched and transfers and "to" in transfers[-1]:
        matched["transfer_leg"] = True if leg else False if complete else None
    if matched and leg and "amount" in leg:
        matched["transfer_amount"] = leg["amount"]
    return {**with_diagnosis(item, matched), "carrier": matched}


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
    return [without_advice(item, names[id(item)], title) if names.get(id(item)) else item for item in items]


def without_advice(item: Result, used: str, title: str) -> Result:
    """Replace the advice in a call over another carrier.

    :param item: the call. :param used: the other carrier. :param title: the carrier to which the advice applies.
    :return: the call with ``other_carrier``.
    """
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
