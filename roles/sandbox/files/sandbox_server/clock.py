# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's clock: real time, moved ahead or run faster on request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Real time, unless a test brings a clock of its own."""
    return datetime.now(UTC)


class Clock:
    """Real time plus an offset, which grows by itself while the pace is not 1."""

    def __init__(self, real: Callable[[], datetime] | None = None) -> None:
        self.real = real or utc_now
        self.reset()

    def reset(self) -> None:
        """Back to real time."""
        self.ahead = 0.0  # seconds, as it was at `since`
        self.pace = 1.0  # sandbox seconds per real second
        self.since = 0.0  # real time in seconds since the epoch

    def now(self) -> datetime:
        """An aware datetime."""
        real = self.real()
        return real + timedelta(seconds=self._offset(real))

    def move(self, advance: float = 0.0, pace: float | None = None) -> None:
        """Jump ahead, and from here on run at another pace. There is no way back but a reset."""
        real = self.real()
        self.ahead, self.since = self._offset(real) + advance, real.timestamp()
        self.pace = self.pace if pace is None else pace

    def report(self) -> dict[str, Any]:
        """The time, and how far it is ahead of real time."""
        real = self.real()
        offset = self._offset(real)
        return {"now": vapi_time(real + timedelta(seconds=offset)), "offset": round(offset, 3), "pace": self.pace}

    def dump(self) -> dict[str, float]:
        """What must be kept between runs."""
        return {"ahead": self.ahead, "pace": self.pace, "since": self.since}

    def _offset(self, real: datetime) -> float:
        if self.pace == 1:
            return self.ahead
        return self.ahead + (real.timestamp() - self.since) * (self.pace - 1)


def milliseconds(moment: datetime) -> int:
    """A moment as a whole number, for arithmetic that must come out the same each time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def parse(text: str) -> datetime:
    """A moment from ISO 8601; raises ValueError. Without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def vapi_time(moment: datetime | int) -> str:
    """A moment, or milliseconds since the epoch, as Vapi writes it: UTC with milliseconds."""
    if isinstance(moment, int):
        moment = _EPOCH + timedelta(milliseconds=moment)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
