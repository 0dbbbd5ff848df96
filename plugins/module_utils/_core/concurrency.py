# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a task sends to a service at the same time: a fixed number, or one that follows the responses.

No service publishes its rate limit. The automatic limit starts low, grows while the service answers as fast as before,
and is halved when a request is rate-limited or has no response. It is the same scheme as that of TCP.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t

#: The value of the option for a limit that follows the responses.
AUTO = "auto"

#: Maximum number of concurrent requests to a service.
MAX_CONCURRENCY = 32

#: The automatic limit at the beginning of a task.
INITIAL_LIMIT = 8

#: A response counts as slow if it takes more than so many times the shortest time of its kind, plus so many seconds.
SLOW_FACTOR, SLOW_SECONDS = 2.0, 0.05

#: Prompt responses before the limit grows to a value that was too high or further, in multiples of the limit. They are
#: doubled each time that value is too high again. Below that value one round is enough.
STEP, MAX_STEP = 16, 128

RATE_LIMITED = 429


def check_concurrency(value: str) -> None:
    """Check the option ``concurrency``.

    :param value: the option. :raises ValueError: if it is neither ``auto`` nor a number from 1 to 32.
    """
    if value != AUTO and not (value.isascii() and value.isdigit() and 1 <= int(value) <= MAX_CONCURRENCY):
        raise ValueError(f"must be {AUTO}, or a number from 1 to {MAX_CONCURRENCY}.")


def workers(value: object) -> int:
    """The number of threads for the requests of a task.

    :param value: the option ``concurrency``. :return: the fixed number, or the largest automatic limit.
    """
    text = str(value)
    return min(int(text), MAX_CONCURRENCY) if text.isdecimal() else MAX_CONCURRENCY


class AdaptiveLimit:
    """The automatic limit. It depends on the reported responses only, so that it can be simulated.

    :param initial: the limit at the beginning. :param bound: the largest limit.
    """

    def __init__(self, initial: int = INITIAL_LIMIT, bound: int = MAX_CONCURRENCY) -> None:
        self.limit, self.bound = min(initial, bound), bound
        #: Number of the periods between two decreases. A request reports the one in which it was sent.
        self.period = 0
        self._too_high: int | None = None  # the limit at the last decrease
        self._step = STEP
        self._prompt = 0  # prompt responses since the last step
        self._shortest: dict[str, float] = {}  # by the kind of request

    def answered(self, kind: str, status: int | None, seconds: float, *, period: int, full: bool) -> None:
        """Report the end of a request.

        :param kind: the method and the path: only requests of the same kind are compared.
        :param status: the status of the response; ``None`` if there was none. :param seconds: its duration.
        :param period: :attr:`period` when it was sent. :param full: whether as many requests as permitted were sent.
        """
        if status is None or status == RATE_LIMITED:
            if period == self.period:
                self._decrease()
            return
        shortest = self._shortest[kind] = min(seconds, self._shortest.get(kind, seconds))
        if full and status < 500 and seconds <= SLOW_FACTOR * shortest + SLOW_SECONDS:
            self._count_prompt()

    def _decrease(self) -> None:
        """Halve the limit, once for all requests that were sent before."""
        again = self._too_high is not None and self.limit <= self._too_high
        self._step = min(MAX_STEP, self._step * 2) if again else STEP
        self._too_high = self.limit
        self.limit = max(1, self.limit // 2)
        self.period += 1
        self._prompt = 0

    def _count_prompt(self) -> None:
        """Grow by one: after each prompt response until the limit was too high once, later after more of them."""
        self._prompt += 1
        if self._too_high is None:
            needed = 1
        elif self.limit + 1 < self._too_high:
            needed = self.limit
        else:
            needed = self.limit * self._step
        if self._prompt >= needed:
            self.limit = min(self.bound, self.limit + 1)
            self._prompt = 0


#: Reports the end of a request: its kind, its status, and its duration in seconds.
Report = t.Callable[[str, "int | None", float], None]


class Slots:
    """Limits the requests to one service that are sent at the same time; thread-safe.

    :param limit: the automatic limit; ``None`` if the number of threads is the limit.
    """

    def __init__(self, limit: AdaptiveLimit | None = None) -> None:
        self._limit = limit
        self._used = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def slot(self) -> t.Iterator[Report]:
        """Wait until another request may be sent.

        :return: a function that reports how the request ended; it is not called for one that was not sent.
        """
        limit = self._limit
        if limit is None:
            yield lambda _kind, _status, _seconds: None
            return
        with self._changed:
            while self._used >= limit.limit:
                self._changed.wait()
            self._used += 1
            period = limit.period

        def report(kind: str, status: int | None, seconds: float) -> None:
            with self._changed:
                limit.answered(kind, status, seconds, period=period, full=self._used >= limit.limit)

        try:
            yield report
        finally:
            with self._changed:
                self._used -= 1
                self._changed.notify(max(1, limit.limit - self._used))
