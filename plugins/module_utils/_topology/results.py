# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The return values of this package whose keys other functions use."""

from __future__ import annotations

import typing as t


class DestinationResult(t.TypedDict):
    """A destination of a number; ``priority`` only if the carrier returned it."""

    id: str
    number: str
    destination: str
    kind: str
    active: bool
    call_hunt: bool
    position: str
    priority: t.NotRequired[object]


class PathDestination(DestinationResult):
    """A destination, and what it means for calls."""

    leads_to: str
    can_answer: bool


class TransferResult(t.TypedDict):
    """An object that may transfer a call; only a tool has an id."""

    id: str
    name: str
    to: list[str]


class PathResult(t.TypedDict):
    """The call path of a number."""

    number: str
    bought: bool
    imported: bool
    destinations: list[PathDestination]
    phone_number: dict[str, str]
    trunk: dict[str, str]
    answered_by: dict[str, str]
    transfer_tools: list[TransferResult]


class Finding(t.TypedDict):
    """A finding of the audit."""

    rule: str
    severity: str
    evidence: str
    step: str
    subject: str
    numbers: list[str]
    message: str
    fix: str
    docs: str
