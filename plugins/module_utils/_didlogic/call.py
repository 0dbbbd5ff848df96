# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""didlogic's call detail records (read-only)."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    ApiForm,
    BaseResource,
    InfoView,
    ListQuery,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import user_digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import check_e164_or_short, digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC

#: didlogic's names of the two directions.
TYPES = {"outbound": "sip", "inbound": "incoming"}
#: didlogic reports no larger number; its response beyond it is unknown.
COUNTED = 5000


def check_day(text: str) -> None:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a day in the form YYYY-MM-DD, such as 2026-01-31.") from None


Day = t.Annotated["str | None", Option(check=check_day)]


class CallRecord(Model):
    """A call detail record has no options."""


class CallRecordFilters(Model):
    direction: t.Literal["inbound", "outbound"] | None = None
    number: t.Annotated[str | None, Option(check=check_e164_or_short)] = None
    sip_account: str | None = None
    caller: t.Annotated[str | None, Option(check=check_e164_or_short)] = None
    callee: t.Annotated[str | None, Option(check=check_e164_or_short)] = None
    date_from: Day = None
    date_to: Day = None
    missed: bool | None = None
    limit: t.Annotated[int, Option(range=(1, COUNTED))] = 1000


def list_query(filters: CallRecordFilters, _key: str = "") -> ListQuery:
    params = {
        "type": TYPES.get(filters.direction or ""),
        "filter": digits(filters.number or ""),
        "sip_account": filters.sip_account,
        "from_search": digits(filters.caller or ""),
        "to_search": digits(filters.callee or ""),
        "from": filters.date_from,
        "to": filters.date_to,
        "missed": None if filters.missed is None else str(int(filters.missed)),
    }
    return ListQuery(params={name: value for name, value in params.items() if value}, limit=filters.limit)


def to_result(row: ApiObject, _filters: object = None) -> Result:
    kinds = {name: key for key, name in TYPES.items()}
    plain = {
        name: row[name]
        for name in ("timestamp", "duration", "amount", "destination_name", "sip_account")
        if isinstance(row.get(name), (str, int, float)) and row[name] != ""
    }
    direction = kinds.get(str(row.get("type")))
    return {
        **({"direction": direction} if direction else {}),
        "caller": user_digits(row.get("from")),
        "callee": user_digits(row.get("to")),
        **plain,
    }


CALL = BaseResource(
    provider=DIDLOGIC,
    name="call_record",
    plural="calls",
    title="call record",
    path="/v1/calls",
    record=CallRecord,
    options=State,
    keys=(),
    by_id=False,
    api=ApiForm(
        unwrap_list=lambda answer: answer.get("calls"),
        required_keys=(),
    ),
    view=InfoView(
        filters=CallRecordFilters,
        query=list_query,
        to_result=to_result,
    ),
)
