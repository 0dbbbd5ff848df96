# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hours in which persons may be called, in their own time zone. A period is judged whole, across clock changes."""

from __future__ import annotations

import datetime
import re
import typing as t
import zoneinfo

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import LibraryMissingError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import nearest

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: The value of ``time_zone`` for the zones of each number.
BY_NUMBER = "by_number"
HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)
DAY_SECONDS = 86_400
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
#: Names in the database that are no time zones of a place.
_NOT_A_PLACE = re.compile(r"(right|posix)/|(localtime|posixrules|Factory)\Z")


def check_clock(text: str) -> None:
    """Check a time of day; raises ``ValueError``."""
    if not _CLOCK.fullmatch(text):
        raise ValueError('must be a time of day in quotes, such as "09:00", from "00:00" to "24:00".')


def check_day(text: str) -> None:
    """Check a day of the week; raises ``ValueError``."""
    if text not in DAYS:
        meant = nearest(text[:3], DAYS)
        raise ValueError(f"must be one of {', '.join(DAYS)}{f'; did you mean {meant}?' if meant else '.'}")


class CallingHours(Model):
    from_: t.Annotated[str | None, Option(required=True, check=check_clock)] = None
    to: t.Annotated[str | None, Option(required=True, check=check_clock)] = None
    days: t.Annotated[list[str] | None, Option(item=check_day)] = None
    time_zone: t.Annotated[str | None, Option(required=True, length=(1, 100))] = None


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """A time zone of the database.

    :param name: its name, such as ``Europe/Amsterdam``. :return: the zone.
    :raises KeyError: if there is none with this name.
    :raises LibraryMissingError: if this machine has no time zone database.
    """
    if _NOT_A_PLACE.match(name):
        raise KeyError(name)
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        if not zoneinfo.available_timezones():
            raise LibraryMissingError("tzdata", "the host has no time zone database") from None
        raise KeyError(name) from None


def seconds_of(clock: str) -> int:
    """A time of day in seconds after midnight.

    :param clock: the time, such as ``09:30``. :return: the seconds.
    """
    hours, minutes = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def check_hours(hours: CallingHours) -> None:
    """Check the options of the calling hours.

    :param hours: the options. :raises OptionError: if they allow no call, or name an unknown zone.
    :raises LibraryMissingError: if this machine has no time zone database.
    """
    if seconds_of(str(hours.to)) <= seconds_of(str(hours.from_)):
        raise OptionError("calling_hours.to", "must be later than from, on the same day; give at most 24:00.", hours.to)
    if hours.days is not None and not hours.days:
        raise OptionError("calling_hours.days", "is empty, so no call is allowed; name a day, or leave it out.")
    name = str(hours.time_zone)
    if name == BY_NUMBER:
        return
    try:
        zone_of(name)
    except KeyError:
        meant = nearest(name, [BY_NUMBER, *zoneinfo.available_timezones()])
        hint = f"; did you mean {meant}?" if meant else "."
        rule = f"must be by_number or a zone of the time zone database, such as Europe/Amsterdam{hint}"
        raise OptionError("calling_hours.time_zone", rule, name) from None


class Period:
    """Whether a period lies in the calling hours, for any number of time zones; each is judged once.

    :param hours: valid options. :param start: the earliest time of a call. :param end: the latest time.
    """

    def __init__(self, hours: CallingHours, start: datetime.datetime, end: datetime.datetime) -> None:
        self.start, self.end = start.astimezone(datetime.UTC), end.astimezone(datetime.UTC)
        self.first, self.last = seconds_of(str(hours.from_)), seconds_of(str(hours.to))
        self.days = frozenset(DAYS.index(day) for day in hours.days or DAYS)
        self._zones: dict[str, bool] = {}

    def is_within(self, zones: t.Iterable[str]) -> bool:
        """Whether the whole period lies in the calling hours of all zones.

        :param zones: names of zones. :return: the result. :raises KeyError: if a zone is not in the database.
        """
        return all(self._is_within(zone) for zone in zones)

    def _is_within(self, zone: str) -> bool:
        if zone not in self._zones:
            self._zones[zone] = self._judged(zone_of(zone))
        return self._zones[zone]

    def _judged(self, zone: zoneinfo.ZoneInfo) -> bool:
        if (self.first, self.last, len(self.days)) == (0, DAY_SECONDS, len(DAYS)):
            return True
        at = self.start
        while at < self.end:
            until = _until_change(zone, at, min(at + HOUR, self.end))
            begin = at.astimezone(zone).replace(tzinfo=None)
            if not self._allows(begin, begin + (until - at)):
                return False
            at = until
        return True

    def _allows(self, begin: datetime.datetime, end: datetime.datetime) -> bool:
        """Whether a local period of an hour at most, without a clock change, lies in the hours."""
        midnight = datetime.datetime.combine(begin.date(), datetime.time()) + datetime.timedelta(days=1)
        if end > midnight:
            return self._allows(begin, midnight) and self._allows(midnight, end)
        day = midnight - datetime.timedelta(days=1)
        return (
            begin.weekday() in self.days
            and (begin - day).total_seconds() >= self.first
            and (end - day).total_seconds() <= self.last
        )


def _until_change(zone: zoneinfo.ZoneInfo, start: datetime.datetime, end: datetime.datetime) -> datetime.datetime:
    """The end of the part of a period in which clocks are not changed: an hour at most, so it has one change."""
    offset = start.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == offset:
        return end
    low, high = start, end
    while high - low > SECOND:
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    # Clocks are changed at whole seconds.
    return min(end, low.replace(microsecond=0) + SECOND)
