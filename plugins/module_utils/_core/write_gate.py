# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of requests, and the check that a run sends only those of its approved plan."""

from __future__ import annotations

import hmac
import json
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import NotApprovedError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    Mutation,
    Provider,
)

#: Characters of a keyed digest: 128 bits.
LENGTH = 32
#: One form of equal data.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=list)
_TOKEN = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*")


def without_ids(value: object, new_ids: t.AbstractSet[str]) -> object:
    """Replace the ids of objects that did not exist when a plan was made.

    :param value: JSON data. :param new_ids: the ids. :return: the data with the check-mode placeholder instead, also
        where an id is a part of a text, such as a URI.
    """
    if not new_ids:
        return value
    if isinstance(value, str):
        return _TOKEN.sub(lambda found: UNKNOWN_ID if found[0] in new_ids else found[0], value)
    if isinstance(value, dict):
        return {key: without_ids(item, new_ids) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_ids(item, new_ids) for item in value]
    return value


def keyed_digest(key: bytes, value: object) -> str:
    """A digest of JSON data from which nothing can be read or guessed without the key.

    :param key: the key. :param value: the data. :return: hexadecimal digits of HMAC-SHA-256.
    """
    return hmac.digest(key, _CANONICAL.encode(value).encode(), "sha256").hex()[:LENGTH]


def request_digest(key: bytes, service: str, write: Mutation, new_ids: t.AbstractSet[str] = frozenset()) -> str:
    """The keyed digest of a request: equal requests of a dry run and of a run have the same.

    :param key: the key. :param service: the service's name. :param write: the request.
    :param new_ids: the ids of objects that did not exist when the plan was made. :return: the digest.
    """
    content = list(write.effect) if write.effect else [write.ids, write.params, write.body]
    return keyed_digest(key, [service, write.method, write.path, without_ids(content, new_ids)])


class WriteGate:
    """Rejects every request that a plan does not contain; thread-safe, as it is only added to.

    :param key: the key of the digests. :param permitted: the digests of the plan's requests.
    """

    def __init__(self, key: bytes, permitted: t.Iterable[str]) -> None:
        self._key, self._permitted = key, frozenset(permitted)
        self._new_ids: set[str] = set()

    def note_new(self, *ids: str) -> None:
        """Remember ids of objects that this run has created: the plan refers to them by a placeholder.

        :param ids: the ids.
        """
        self._new_ids.update(ids)

    def check(self, service: Provider, write: Mutation) -> None:
        """Check a request before it is sent.

        :param service: the service. :param write: the request.
        :raises NotApprovedError: if the plan does not contain it. An object that this run has created may be removed.
        """
        undo = write.deletes_id in self._new_ids
        if not undo and request_digest(self._key, service.name, write, self._new_ids.copy()) not in self._permitted:
            raise NotApprovedError(
                f"The approved plan does not contain this request ({write.method} {write.path}), so it was not sent: "
                f"somebody has changed the objects in {service.title} during the run. Make a new plan and approve it."
            )
