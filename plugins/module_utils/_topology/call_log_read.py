# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the calls and records of a call log. What is kept of each is compressed: a log may have 10,000 calls."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import json
import typing as t
import zlib

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, ModuleFailureError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import ListQuery, Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import user_digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log import DAY
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_records import (
    SLACK,
    Call,
    Matches,
    Record,
    call_of,
    match,
    record_of,
    time_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL, CallFilters, undiagnosed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import ANY_NUMBER, Time, stamp
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK

#: The key of the compressed return value in the row of a call or record.
PACKED = "packed"

#: Calls whose records are requested at once, as the service lists a limited number of records.
CALLS_PER_QUERY = 2000


class CallLogOptions(Model):
    """The options of the module."""

    created_after: Time = None
    created_before: Time = None
    limit: t.Annotated[int, Option(range=(1, 10_000))] = 1000
    dest: t.Annotated[str | None, Option(required=True)] = None


@dataclasses.dataclass(kw_only=True)
class CallLog:
    """What was read.

    :param calls: the packed calls, the newest first. :param records: the packed records.
    :param assistants: names by id. :param numbers: the phone numbers in Vapi's form, by id.
    :param trunks: the trunks by id; empty if they cannot be read. :param begin: the start of the period.
    :param end: its end. :param now: when the log was read. :param retention_start: the start of Vapi's retention period
        if that is later than the requested start. :param full: whether the limit was reached.
    :param carrier: whether records were read. :param complete: whether all of them were.
    :param matches: which records belong to which calls. :param times: when each call was created.
    :param compared: the records as they were compared.
    """

    calls: list[ApiObject]
    records: list[ApiObject] = dataclasses.field(default_factory=list)
    assistants: dict[str, str]
    numbers: dict[str, ApiObject]
    trunks: dict[str, ApiObject]
    begin: str
    end: str
    now: str
    retention_start: str
    full: bool
    carrier: bool = False
    complete: bool = True
    matches: Matches = dataclasses.field(default_factory=Matches)
    times: list[datetime.datetime | None] = dataclasses.field(default_factory=list)
    compared: list[Record] = dataclasses.field(default_factory=list)


def packed(item: Result) -> bytes:
    """A return value in a tenth of its memory.

    :param item: the return value. :return: the same, compressed.
    """
    return zlib.compress(json.dumps(item).encode(), 1)


def unpacked(row: ApiObject) -> Result:
    """The return value in a row.

    :param row: the row. :return: the return value.
    """
    content = row[PACKED]
    found: Result = json.loads(zlib.decompress(content if isinstance(content, bytes) else b""))
    return found


def packed_call(row: ApiObject) -> ApiObject:
    """A call as it is kept.

    :param row: the call in Vapi's form. :return: its packed return value, with what paging needs.
    """
    item = undiagnosed({**row, "id": row.get("id", "")}, CallFilters())
    return {"id": row.get("id"), "createdAt": row.get("createdAt"), PACKED: packed(item)}


CALLS = dataclasses.replace(CALL, api=dataclasses.replace(CALL.api, reduce=packed_call))


def read(engines: t.Mapping[str, Engine], options: CallLogOptions, carrier: Carrier) -> CallLog:
    """Read a call log.

    :param engines: the engines of both services, or of Vapi only. :param options: the options.
    :param carrier: the carrier. :return: the log. :raises ApiError: if a list cannot be read.
    """
    vapi = engines[CALL.provider.name]
    calls, retention_start = _calls(vapi, options)
    phones = _by_id(vapi, ANY_NUMBER, ("number", "name", "provider", "credentialId"))
    assistants = {key: str(row.get("name") or "") for key, row in _by_id(vapi, ASSISTANT, ("name",)).items()}
    now = stamp(vapi.now())
    log = CallLog(
        calls=calls,
        assistants=assistants,
        numbers=phones,
        trunks=_trunks(vapi),
        begin=options.created_after or str(calls[-1]["createdAt"] if calls else now),
        end=options.created_before or now,
        now=now,
        retention_start=retention_start,
        full=len(calls) >= options.limit,
    )
    if carrier.provider.name in engines:
        log.carrier = True
        log.times = [time_of(row["createdAt"]) for row in calls]
        log.records, log.complete = _records(engines[carrier.provider.name], carrier, log)
        compare(log)
    return log


def compare(log: CallLog) -> None:
    """Match the calls and records of a log.

    :param log: the log, which gets the matches.
    """
    log.compared = [record_of(unpacked(row)) for row in log.records]
    log.matches = match([_compared(row, log.numbers) for row in log.calls], log.compared)


def _calls(vapi: Engine, options: CallLogOptions) -> tuple[list[ApiObject], str]:
    """The calls, and the start of Vapi's retention period if that is in the requested period."""

    def calls(begin: str | None) -> list[ApiObject]:
        filters = CallFilters(created_after=begin, created_before=options.created_before, limit=options.limit)
        return vapi.info(CALLS, {}, filters)

    try:
        return calls(options.created_after), ""
    except ModuleFailureError as failure:
        start = failure.result.get("retention_start")
        if not isinstance(start, str):
            raise
    return calls(start), start


def _by_id(engine: Engine, resource: Resource, names: tuple[str, ...]) -> dict[str, ApiObject]:
    def reduced(row: ApiObject) -> ApiObject:
        return {name: row[name] for name in ("id", "createdAt", *names) if name in row}

    return {str(row["id"]): row for row in engine.rows(resource, ListQuery(reduce=reduced))}


def _trunks(vapi: Engine) -> dict[str, ApiObject]:
    try:
        return _by_id(vapi, SIP_TRUNK, ("name", "gateways", "provider"))
    except ApiError:
        return {}  # a key with permission to read calls may lack permission to read this list


def _compared(row: ApiObject, phones: t.Mapping[str, ApiObject]) -> Call | None:
    item = unpacked(row)
    phone = phones.get(str(item.get("phone_number")), {})
    return call_of(item, user_digits(phone.get("number")))


def _records(engine: Engine, carrier: Carrier, log: CallLog) -> tuple[list[ApiObject], bool]:
    """The records, and whether they are complete."""

    def reduced(row: ApiObject) -> ApiObject:
        return {PACKED: packed(carrier.record_of(row))}

    lists = engine.together(
        lambda query: engine.rows(carrier.records, dataclasses.replace(query, reduce=reduced)), queries(carrier, log)
    )
    complete = all(len(rows) < carrier.records_limit for rows in lists)
    return [row for rows in lists for row in rows], complete


def queries(carrier: Carrier, log: CallLog) -> list[ListQuery]:
    """The queries for the records of the period and one day before and after: of several days, or of a busy one.

    :param carrier: the carrier. :param log: the log with its calls. :return: the queries, which overlap in no day.
    """
    first, last = time_of(shown_from(log)), time_of(log.end)
    if not first or not last or first > last:
        return [carrier.records_query(None, None)]
    counts = collections.Counter(time.date() for time in log.times if time)
    end = (last + DAY).date()
    found, begin, calls = [], (first - DAY).date(), 0
    # Days without calls belong to those before them.
    for each in sorted(each for each in counts if begin < each <= end):
        if calls and calls + counts[each] > CALLS_PER_QUERY:
            found.append(carrier.records_query(begin, each - DAY))
            begin, calls = each, 0
        calls += counts[each]
    return [*found, carrier.records_query(begin, end)]


def shown_from(log: CallLog) -> str:
    """The time from which on all calls of Vapi are in the log.

    :param log: the log. :return: the time.
    """
    if log.full and log.calls:
        return str(log.calls[-1]["createdAt"])
    return log.retention_start or log.begin


def only_in_records(log: CallLog) -> list[int]:
    """The records that belong to no call, although the log has all calls of their time.

    :param log: the log. :return: their indexes, the newest first.
    """
    first, last = time_of(shown_from(log)), time_of(log.end)
    if not first or not last:
        return []
    found = [
        (time, index)
        for index in log.matches.unmatched(len(log.compared))
        if (time := log.compared[index].time) and first + SLACK <= time <= last - SLACK
    ]
    return [index for _time, index in sorted(found, reverse=True)]
