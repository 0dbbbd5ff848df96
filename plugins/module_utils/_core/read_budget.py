# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of all lists that a task reads, from one or several services and at the same time."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ListTooLongError

#: Limits of all lists: bytes in memory, rows, seconds. The bytes are those of the rows as they are kept, after
#: :attr:`ListQuery.reduce`: a page is released before the next is requested, so the removed parts of a row only count
#: towards the limits of one response. All limits together keep a task below 150 MB, or below 200 MB if the module
#: runs in a process of its own.
MAX_LISTS = 18 * 2**20

MAX_ROWS = 100_000

MAX_SECONDS = 600.0

#: Size of a response in bytes beyond which it is received and parsed alone, as this needs many times its size.
LARGE = 256 * 2**10


class _Received:
    """The rows and bytes of one list."""

    count = size = 0

    def add(self, count: int, size: int) -> None:
        self.count += count
        self.size += size


class ReadBudget:
    """Counts what a task reads; thread-safe. A list that is read again replaces its earlier version.

    :param clock: a monotonic clock in seconds.
    """

    def __init__(self, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._lists: dict[t.Hashable, _Received] = {}
        self._all = _Received()  # the sum of the lists
        self._running, self._since, self._seconds = 0, 0.0, 0.0
        self._large, self._thread = threading.Lock(), threading.local()

    @contextlib.contextmanager
    def count_list(self, what: str, key: t.Hashable) -> t.Iterator[t.Callable[[int, list[ApiObject]], None]]:
        """Count one list.

        :param what: the list, for messages. :param key: identifies the list.
        :return: a function that counts a page: ``(received rows, kept rows)``; raises :class:`ListTooLongError` if a
            limit is exceeded.
        """
        received = _Received()
        with self._lock:
            earlier = self._lists.get(key)
            if earlier:
                self._all.add(-earlier.count, -earlier.size)
            self._lists[key] = received
            self._since = self._since if self._running else self._clock()
            self._running += 1

        def spend(count: int, rows: list[ApiObject]) -> None:
            size = size_of(rows)
            with self._lock:
                received.add(count, size)
                if self._lists[key] is received:
                    self._all.add(count, size)
                seconds = self._seconds + self._clock() - self._since
            self._check(what, seconds)

        try:
            yield spend
        finally:
            with self._lock:
                self._running -= 1
                if not self._running:
                    self._seconds += self._clock() - self._since

    def _check(self, what: str, seconds: float) -> None:
        with self._lock:
            lists, rows, size = len(self._lists), self._all.count, self._all.size
        if rows > MAX_ROWS:
            over = f"more than {MAX_ROWS} rows"
        elif size > MAX_LISTS:
            over = f"more than {MAX_LISTS // 2**20} MB of memory"
        elif seconds > MAX_SECONDS:
            over = f"more than {MAX_SECONDS:.0f} s"
        else:
            return
        together = f"{what} needs" if lists == 1 else f"{what} and the other lists that were read need"
        raise ListTooLongError(
            f"{together} {over}, which exceeds the limit. The response was ignored. "
            "Request less if there is an option for it (limit, a period); the guide Limits lists the limits."
        )

    @contextlib.contextmanager
    def response(self) -> t.Iterator[None]:
        """Process one response, which may become large; see :meth:`hold`."""
        self._thread.depth = getattr(self._thread, "depth", 0) + 1
        try:
            yield
        finally:
            self._thread.depth -= 1
            if not self._thread.depth:
                self.end_response()

    def hold(self) -> float:
        """Wait until no other large response is processed. The thread holds the lock until the response is processed.

        :return: the seconds that it took.
        """
        begun = self._clock()
        if getattr(self._thread, "depth", 0) and not getattr(self._thread, "holds", False):
            self._large.acquire()
            self._thread.holds = True
        return self._clock() - begun

    def end_response(self) -> None:
        """End the processing of a large response, if this thread processes one."""
        if getattr(self._thread, "holds", False):
            self._thread.holds = False
            self._large.release()


def size_of(value: object) -> int:
    """The size of data in memory in bytes; keys are not counted, as each is stored once.

    :param value: JSON data. :return: the size in bytes.
    """
    size, todo = 0, [value]
    while todo:
        item = todo.pop()
        size += sys.getsizeof(item)
        if isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return size
