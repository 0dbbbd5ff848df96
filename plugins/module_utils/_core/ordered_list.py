# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and steps of an ordered list."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject

#: What makes two rows equal.
Identity = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Entry:
    """One row of the list. ``identity`` is its identity: equal rows have equal values; ``raw`` is the service's form.

    :param movable: whether a copy is equivalent. A row of an unknown kind may have fields that are not returned: it is
        never copied or deleted, only disabled.
    """

    id: str
    identity: Identity
    active: bool
    call_hunt: bool
    raw: ApiObject = dataclasses.field(default_factory=dict)
    movable: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """The desired state of the list. ``replaces`` decides whether the target replaces a row.

    :param following: declared rows that follow an active ``first`` target directly, in this order; their call hunting
        is not managed. Where the service rejects a copy, they may be deleted and appended again, other rows may not.
    :param list_title: the rows of the list in messages, such as "rows of the same list".
    """

    entry: Entry
    following: tuple[Entry, ...] = ()
    absent: bool = False
    first: bool = True
    others: str = "keep"  # keep disable remove
    replaces: t.Callable[[Entry], bool] = lambda _entry: False
    list_title: str = "rows of the same list"

    @property
    def declared_identities(self) -> frozenset[Identity]:
        """The identities of the target and of the rows that follow it."""
        return frozenset(entry.identity for entry in (self.entry, *self.following))


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: ``append`` an entry, ``switch`` a row to the state of ``entry``, or ``delete`` a row.

    :param copy: (of ``append``) whether the list has, or had before this round, an equal row; if the service rejects a
        copy, the next steps are planned without it.
    """

    action: str
    entry: Entry
    copy: bool = False
