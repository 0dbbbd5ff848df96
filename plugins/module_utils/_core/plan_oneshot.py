# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner for one-shot operations such as calls: an existing one is returned, rejected or cancelled, never changed."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import to_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import AmbiguousError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import find_redacted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import MASK_VALUES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import (
    Plan,
    creation_of,
    to_result,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyOneShotResource,
)


def found(resource: AnyOneShotResource, desired: Desired, rows: list[ApiObject]) -> list[ApiObject]:
    """Find the rows that match a desired operation.

    :param resource: its kind. :param desired: the desired object. :param rows: the listed rows.
    :return: the rows that match.
    """
    if desired.id:
        return [row for row in rows if str(row.get("id")) == desired.id]
    if desired.options.state == "absent" and resource.one_shot.same_group:
        return [row for row in rows if resource.one_shot.same_group(row, desired.record)]
    marked = [row for row in rows if resource.one_shot.is_same(row, desired.record)]
    return [row for row in marked if not resource.one_shot.void(row)] or marked


def concerns(resource: AnyOneShotResource, desired: Desired, row: ApiObject) -> bool:
    """Whether a row matters for a desired operation, so that it is kept while a list is read.

    :param resource: its kind. :param desired: the desired object. :param row: a listed row. :return: the result.
    """
    one_shot, record = resource.one_shot, desired.record
    same_group = bool(one_shot.same_group and one_shot.same_group(row, record))
    return same_group or one_shot.is_same(row, record) or str(row.get("id")) == desired.id


def plan(resource: AnyOneShotResource, desired: Desired, rows: list[ApiObject], existing: list[ApiObject]) -> Plan:
    """Plan an operation.

    :param resource: its kind. :param one_shot: the operation. :param desired: the desired object.
    :param rows: the rows that may contain it. :param existing: the rows that match, with all details.
    :return: the plan. :raises OptionError: if an existing row conflicts with the desired one.
    :raises AmbiguousError: if several rows match.
    """
    if desired.options.state == "absent":
        return _plan_cancel(resource, desired, existing)
    if len(existing) > 1:
        ids = ", ".join(str(row.get("id")) for row in existing)
        how = "Give id to pick one." if resource.keys else "Read each by its id."
        raise AmbiguousError("", f"{len(existing)} {resource.title}s match {desired.label}: {ids}. {how}")
    if existing:
        warning = resource.one_shot.check_matches(existing[0], desired.record)
        return Plan(
            action="none",
            before={},
            after={},
            result=to_result(resource, existing[0], desired.options),
            warnings=(warning,) if warning else (),
        )
    if desired.id:
        raise OptionError("id", f"no {resource.title} has this id; leave it out to start one.")
    masked = find_redacted(desired.record, "")
    if masked:
        raise OptionError(masked, MASK_VALUES)
    resource.one_shot.check_conflict(rows, desired.record)
    displayed = resource.one_shot.to_display(desired.record)
    body = to_api(desired.record)
    writes = (creation_of(resource, body),)
    return Plan(action="create", before={}, after=displayed, result={"id": UNKNOWN_ID, **displayed}, mutations=writes)


def _plan_cancel(resource: AnyOneShotResource, desired: Desired, existing: list[ApiObject]) -> Plan:
    running = [row for row in existing if resource.one_shot.cancel and not resource.one_shot.is_finished(row)]
    if not running or not resource.one_shot.cancel:
        result = to_result(resource, existing[0], desired.options) if existing else {}
        return Plan(action="none", before={}, after={}, result=result)
    return Plan(
        action="delete",
        before=resource.one_shot.to_display(desired.record),
        after={},
        result=to_result(resource, running[0], desired.options),
        mutations=tuple(resource.one_shot.cancel(row) for row in running),
    )
