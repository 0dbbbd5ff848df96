# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache of GET responses for one task."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

Found = t.TypeVar("Found")


class ReadCache:
    """Read cache: keeps each response until a write to its path or an explicit invalidation.

    A task that needs one list several times reads it once.
    """

    def __init__(self) -> None:
        self._kept: dict[str, dict[t.Hashable, t.Any]] = {}  # by address and key
        self._below: dict[str, set[str]] = {}  # cached paths, by each parent path
        self._reads: list[_Read] = []  # under way
        self._lock = threading.Lock()

    def read(self, url: str, key: t.Hashable, fetch: t.Callable[[], Found]) -> Found:
        """The cached value, or that of ``fetch``, which is cached unless the path was invalidated meanwhile.

        :param url: the address. :param key: what is read there, such as the query. :param fetch: sends the requests.
        :return: the value.
        """
        with self._lock:
            if key in self._kept.get(url, {}):
                return t.cast("Found", self._kept[url][key])
            read = _Read(url)
            self._reads.append(read)
        try:
            answer = fetch()
            with self._lock:
                if not read.invalid:
                    self._kept.setdefault(url, {})[key] = answer
                    for place in _above(url):
                        self._below.setdefault(place, set()).add(url)
            return answer
        finally:
            with self._lock:
                self._reads.remove(read)

    def invalidate(self, url: str) -> None:
        """Invalidate a path, all paths below it, and the list that contains it.

        :param url: the address.
        """
        parent = url.rpartition("/")[0]
        with self._lock:
            for read in self._reads:
                read.invalid |= read.url in (url, parent) or read.url.startswith(f"{url}/")
            for place in (url, parent, *self._below.pop(url, ())):
                self._kept.pop(place, None)


@dataclasses.dataclass(eq=False)
class _Read:
    """A read that is under way, and whether its path was invalidated since it began."""

    url: str
    invalid: bool = False


def _above(url: str) -> list[str]:
    """A path and its parent paths: those of ``/a/b/c`` are ``/a/b`` and ``/a``."""
    parts = url.split("/")
    return ["/".join(parts[:count]) for count in range(2, len(parts))]
