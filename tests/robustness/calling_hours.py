# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling hours in every zone of the time zone database, at each quarter of an hour around the clock changes of 2026.

The oracle is pytz: it reads the database with its own code. It asks of each minute of a period whether a call at that
time is allowed. Both read the same files, those of pytz, so that a difference is a difference of the programs.

python tests/robustness/calling_hours.py    # about five minutes
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import datetime
import pathlib
import sys
import time
import zoneinfo
from collections.abc import Callable, Iterator

import messages
import pytz

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.calling_hours import (
    DAYS,
    CallingHours,
    Period,
)

MINUTE, QUARTER = datetime.timedelta(minutes=1), datetime.timedelta(minutes=15)
#: How far around a clock change periods begin.
AROUND = datetime.timedelta(hours=5)
#: The changes of the European Union and of the United States: for zones without a change of their own.
USUAL = tuple(
    datetime.datetime(2026, month, day, hour, tzinfo=datetime.UTC)
    for month, day, hour in ((3, 8, 7), (3, 29, 1), (10, 25, 1), (11, 1, 6))
)
#: Hours and days, which begin and end at, next to and far from clock changes and midnight.
HOURS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("09:00", "20:00", DAYS),
    ("02:30", "23:00", DAYS),
    ("00:00", "02:30", DAYS),
    ("01:00", "03:00", DAYS),
    ("00:00", "24:00", ("mon", "tue", "wed", "thu", "fri", "sat")),
    ("00:15", "24:00", ("sun", "mon")),
)
#: Minutes from the earliest to the latest time of a call.
LENGTHS = (15, 60, 150)

Judge = Callable[[CallingHours, datetime.datetime, datetime.datetime, str], bool]


def judged(hours: CallingHours, start: datetime.datetime, end: datetime.datetime, zone: str) -> bool:
    """The answer of the collection."""
    return Period(hours, start, end).is_within([zone])


def by_ends(hours: CallingHours, start: datetime.datetime, end: datetime.datetime, zone: str) -> bool:
    """A faulty implementation: it judges the ends of the period only."""
    return all(Period(hours, at, at + MINUTE).is_within([zone]) for at in (start, end - MINUTE))


def with_fixed_offset(hours: CallingHours, start: datetime.datetime, end: datetime.datetime, zone: str) -> bool:
    """A faulty implementation: it uses the offset at the beginning for the whole period."""
    offset = start.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset()
    shift = offset or datetime.timedelta()
    return Period(hours, start + shift, end + shift).is_within(["Etc/UTC"])


class Oracle:
    """Allowed minutes of one zone, by pytz."""

    def __init__(self, zone: str) -> None:
        self.zone = pytz.timezone(zone)
        self.local: dict[datetime.datetime, tuple[int, int]] = {}

    def changes(self) -> list[datetime.datetime]:
        """The clock changes of 2026."""
        times = getattr(self.zone, "_utc_transition_times", [])
        return [at.replace(tzinfo=datetime.UTC) for at in times if at.year == 2026]

    def allows(self, hours: CallingHours, start: datetime.datetime, end: datetime.datetime) -> bool:
        """Whether each minute of a period is allowed."""
        first, last = (int(text[:2]) * 60 + int(text[3:]) for text in (str(hours.from_), str(hours.to)))
        days = [DAYS.index(day) for day in hours.days or DAYS]
        at = start
        while at < end:
            if at not in self.local:
                local = at.astimezone(self.zone)
                self.local[at] = local.weekday(), local.hour * 60 + local.minute
            day, minute = self.local[at]
            if day not in days or not first <= minute < last:
                return False
            at += MINUTE
        return True


@contextlib.contextmanager
def database_of_pytz() -> Iterator[None]:
    """Zones are read from the files of pytz."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([pathlib.Path(pytz.__file__).parent / "zoneinfo"])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()


def run_zone(zone: str, judge: Judge = judged) -> collections.Counter[str]:
    """Compare all periods of a zone."""
    found: collections.Counter[str] = collections.Counter({"zones": 1})
    oracle = Oracle(zone)
    changes = oracle.changes()
    found["zones with clock changes in 2026"] = bool(changes)
    found["clock changes"] = len(changes)
    every = [CallingHours.model_construct(from_=first, to=last, days=list(days)) for first, last, days in HOURS]
    starts = {
        change + step * QUARTER
        for change in changes or USUAL
        for step in range(-(AROUND // QUARTER), AROUND // QUARTER)
    }
    for start in sorted(starts):
        for length in LENGTHS:
            for hours in every:
                end = start + length * MINUTE
                expected = oracle.allows(hours, start, end)
                found["periods"] += 1
                found["periods in which a call is allowed"] += expected
                found["disagreements"] += judge(hours, start, end, zone) != expected
    return found


def sweep(sample: int = 1, workers: int = 1, judge: Judge = judged) -> collections.Counter[str]:
    """Compare zones.

    :param sample: every n-th zone only. :param judge: the implementation. :return: what was counted.
    """
    total: collections.Counter[str] = collections.Counter()
    with database_of_pytz():
        zones = sorted(pytz.all_timezones)[::sample]
        if workers == 1:
            for zone in zones:
                total.update(run_zone(zone, judge))
            return total
        with concurrent.futures.ProcessPoolExecutor(workers) as pool:
            for part in pool.map(run_zone, zones, chunksize=8):
                total.update(part)
    return total


BROKEN = ("disagreements",)


def main() -> int:
    chosen = messages.sampled_options(__doc__, what="zone").parse_args()
    begun = time.monotonic()
    total = sweep(chosen.sample, chosen.workers)
    figures = {name: total[name] for name in total if name not in BROKEN} | {name: total[name] for name in BROKEN}
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
