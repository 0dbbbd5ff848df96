# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Vapi's calls with the carrier's records of them by numbers and time, because the records have no call id."""

from __future__ import annotations

import bisect
import collections
import dataclasses
import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result, as_object, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import user_digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import moment

#: Maximum difference between the times of both services, including the time to set up a call.
SLACK = datetime.timedelta(seconds=90)


class Call(t.NamedTuple):
    """What is compared with the records.

    :param direction: ``inbound`` or ``outbound``. :param customer: digits of the customer's number.
    :param own: digits of the own number, empty if unknown. :param first: the earliest time at which it may have begun.
    :param begun: when it began. :param last: when it ended. :param targets: digits of the transfer destinations.
    """

    direction: str
    customer: str
    own: str
    first: datetime.datetime
    begun: datetime.datetime
    last: datetime.datetime
    targets: tuple[str, ...]


class Record(t.NamedTuple):
    """What is compared with the calls: direction, digits of both numbers, and the start."""

    direction: str
    caller: str
    callee: str
    time: datetime.datetime | None

    @property
    def customer(self) -> str:
        """The digits of the other side."""
        return self.caller if self.direction == "inbound" else self.callee

    @property
    def own(self) -> str:
        """The digits of the account's side."""
        return self.callee if self.direction == "inbound" else self.caller


@dataclasses.dataclass
class Matches:
    """Which records belong to which calls.

    :param own: the index of each call's record. :param legs: the index of the record of its transfer.
    :param ambiguous: calls for which another record, or whose record for another call, is as probable.
    """

    own: dict[int, int] = dataclasses.field(default_factory=dict)
    legs: dict[int, int] = dataclasses.field(default_factory=dict)
    ambiguous: set[int] = dataclasses.field(default_factory=set)

    def unmatched(self, count: int) -> list[int]:
        """The records that belong to no call.

        :param count: the number of records. :return: their indexes.
        """
        taken = {*self.own.values(), *self.legs.values()}
        return [index for index in range(count) if index not in taken]


def time_of(text: object) -> datetime.datetime | None:
    """Parse a time of a service.

    :param text: the time. :return: the same in UTC; ``None`` if it is invalid.
    """
    try:
        return moment(str(text))
    except (ValueError, OverflowError):
        return None


def call_of(item: Result, own: str = "") -> Call | None:
    """What is compared of a call.

    :param item: the call as return value. :param own: digits of the own number, empty if unknown.
    :return: ``None`` if its time is unknown.
    """
    begun = time_of(item.get("started_at")) or time_of(item.get("created_at"))
    if not begun:
        return None
    customer = as_object(item.get("customer"))
    return Call(
        "inbound" if item.get("direction") == "inbound" else "outbound",
        user_digits(customer.get("number") or customer.get("sip_uri")),
        own,
        time_of(item.get("created_at")) or begun,
        begun,
        time_of(item.get("ended_at")) or begun,
        tuple(user_digits(transfer["to"]) for transfer in objects_in(item.get("transfers")) if "to" in transfer),
    )


def record_of(row: Result) -> Record:
    """What is compared of a record.

    :param row: the record as return value. :return: the record.
    """
    return Record(
        str(row.get("direction") or ""), str(row["caller"]), str(row["callee"]), time_of(row.get("timestamp"))
    )


Places = dict[tuple[str, str], list[tuple[datetime.datetime, int]]]


def match(calls: t.Sequence[Call | None], records: t.Sequence[Record]) -> Matches:
    """Match calls to records, the closest in time first. Each record belongs to one call or to one transfer.

    :param calls: the calls; ``None`` matches nothing. :param records: the records. :return: the matches.
    """
    places: Places = {}
    for index, record in enumerate(records):
        if record.time and record.direction:
            places.setdefault((record.direction, record.customer), []).append((record.time, index))
    for found in places.values():
        found.sort()
    matches = _own_records(calls, records, places)
    taken = set(matches.own.values())
    for position, call in enumerate(calls):
        targets = call.targets if call else ()
        near = (index for target in targets for _time, index in _within(places, ("outbound", target), call))
        leg = next((index for index in near if index not in taken), None)
        if leg is not None:
            matches.legs[position] = leg
            taken.add(leg)
    return matches


def _own_records(calls: t.Sequence[Call | None], records: t.Sequence[Record], places: Places) -> Matches:
    pairs: list[tuple[datetime.timedelta, int, int]] = []
    # How many records a call may have, and how many calls a record, by the time at which a call begins.
    of_call, of_record = collections.Counter[int](), collections.Counter[int]()
    for position, call in enumerate(calls):
        if not call or not call.customer:
            continue
        for time, index in _within(places, (call.direction, call.customer), call):
            if _other_number(call, records[index]):
                continue
            pairs.append((abs(time - call.begun), position, index))
            if time <= call.begun + SLACK:
                of_call[position] += 1
                of_record[index] += 1
    matches, taken = Matches(), set[int]()
    for _distance, position, index in sorted(pairs):
        if position not in matches.own and index not in taken:
            matches.own[position] = index
            taken.add(index)
            # A record that begins later than the call is only probable.
            if of_call[position] != 1 or of_record[index] != 1:
                matches.ambiguous.add(position)
    return matches


def _within(places: Places, key: tuple[str, str], call: Call | None) -> t.Sequence[tuple[datetime.datetime, int]]:
    """The records of a number that begin while a call may have run."""
    found = places.get(key, ())
    if not call or not found:
        return ()
    first = bisect.bisect_left(found, call.first - SLACK, key=lambda place: place[0])
    last = bisect.bisect_right(found, call.last + SLACK, key=lambda place: place[0])
    return found[first:last]


def _other_number(call: Call, record: Record) -> bool:
    """Whether both numbers are known and differ. The caller id of an outbound call is that of the SIP account."""
    return call.direction == "inbound" and bool(call.own and record.callee) and call.own != record.callee
