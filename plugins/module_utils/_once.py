# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner for one-shot operations such as calls: an existing one is returned, rejected or cancelled, never changed."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import (
    Doubled,
    Plan,
    Row,
    Want,
    resource_writes,
    told,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import (
    MASKED,
    Problem,
    hidden_in,
    to_wire,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import LATER, Once, Resource


def found(once: Once, want: Want, rows: list[Row]) -> list[Row]:
    """Find the rows that match a desired operation.

    :param once: the operation. :param want: the desired object. :param rows: the listed rows.
    :return: the rows that match.
    """
    if want.id:
        return [row for row in rows if str(row.get("id")) == want.id]
    if want.ask.state == "absent" and once.kin:
        return [row for row in rows if once.kin(row, want.record)]
    marked = [row for row in rows if once.mark(row, want.record)]
    return [row for row in marked if not once.void(row)] or marked


def plan(resource: Resource, once: Once, want: Want, rows: list[Row], there: list[Row]) -> Plan:
    """Plan an operation.

    :param resource: its kind. :param want: the desired object. :param rows: the rows that may contain it.
    :param there: the rows that match, with all details. :return: the plan.
    :raises Problem: if an existing row conflicts with the desired one. :raises Doubled: if several rows match.
    """
    if want.ask.state == "absent":
        return _stopped(resource, once, want, there)
    if len(there) > 1:
        ids = ", ".join(str(row.get("id")) for row in there)
        how = "Give id to pick one." if resource.keys else "Read each by its id."
        raise Doubled("", f"{len(there)} {resource.title}s match {want.label}: {ids}. {how}")
    if there:
        warning = once.agrees(there[0], want.record)
        return Plan(
            verb="none",
            before={},
            after={},
            result=told(resource, there[0], want.ask),
            warnings=(warning,) if warning else (),
        )
    if want.id:
        raise Problem("id", f"no {resource.title} has this id; leave it out to start one.")
    masked = hidden_in(want.record, "")
    if masked:
        raise Problem(masked, MASKED)
    once.clash(rows, want.record)
    shown = once.shown(want.record)
    body = to_wire(want.record)
    writes = resource_writes(resource, None, body, {}, body)
    return Plan(verb="create", before={}, after=shown, result={"id": LATER, **shown}, writes=writes)


def _stopped(resource: Resource, once: Once, want: Want, there: list[Row]) -> Plan:
    running = [row for row in there if once.stop and not once.over(row)]
    if not running or not once.stop:
        result = told(resource, there[0], want.ask) if there else {}
        return Plan(verb="none", before={}, after={}, result=result)
    return Plan(
        verb="delete",
        before=once.shown(want.record),
        after={},
        result=told(resource, running[0], want.ask),
        writes=tuple(once.stop(row) for row in running),
    )
