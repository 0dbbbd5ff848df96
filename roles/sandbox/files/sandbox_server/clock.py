# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox's clock: real time, which can be advanced or accelerated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Real time; tests may provide another clock."""
    return datetime.now(UTC)


class Clock:
    """Real time plus an offset, which grows while the pace is not 1."""

    def __init__(self, real: Callable[[], datetime] | None = None) -> None:
        self.real = real or utc_now
        self.reset()

    def reset(self) -> None:
        """Reset to real time."""
        self.ahead = 0.0  # seconds at the time `since`
        self.pace = 1.0  # sandbox seconds per real second
        self.since = 0.0  # real time in seconds since the epoch

    def now(self) -> datetime:
        """An aware datetime."""
        real = self.real()
        return real + timedelta(seconds=self._offset(real))

    def move(self, advance: float = 0.0, pace: float | None = None) -> None:
        """Advance the clock and set its pace. Only a reset sets it back."""
        real = self.real()
        self.ahead, self.since = self._offset(real) + advance, real.timestamp()
        self.pace = self.pace if pace is None else pace

    def report(self) -> dict[str, Any]:
        """The time, and its offset to real time."""
        real = self.real()
        offset = self._offset(real)
        return {"now": vapi_time(real + timedelta(seconds=offset)), "offset": round(offset, 3), "pace": self.pace}

    def dump(self) -> dict[str, float]:
        """The state to keep between runs."""
        return {"ahead": self.ahead, "pace": self.pace, "since": self.since}

    def _offset(self, real: datetime) -> float:
        if self.pace == 1:
            return self.ahead
        return self.ahead + (real.timestamp() - self.since) * (self.pace - 1)


def milliseconds(moment: datetime) -> int:
    """A time as an integer, for reproducible arithmetic."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def parse(text: str) -> datetime:
    """Parse an ISO 8601 time, UTC by default; raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def vapi_time(moment: datetime | int) -> str:
    """A time, or milliseconds since the epoch, in Vapi's form: UTC with milliseconds."""
    if isinstance(moment, int):
        moment = _EPOCH + timedelta(milliseconds=moment)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
