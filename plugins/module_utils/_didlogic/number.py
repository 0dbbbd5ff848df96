# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""didlogic's purchased numbers and their account (both read-only)."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    ApiForm,
    BaseResource,
    InfoView,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import check_e164_or_short, digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import (
    DESTINATIONS,
    destinations_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC


class Number(Model):
    number: t.Annotated[str | None, Option(check=check_e164_or_short)] = None


READ_ONLY_FIELDS = (
    "country",
    "area",
    "channels",
    "codec",
    "monthly_fee",
    "per_minute",
    "free_minutes",
    "activation",
    "check_state",
)


def with_destinations(client: Client, row: ApiObject) -> ApiObject:
    return {**row, "destinations": client.list_all(DESTINATIONS, destinations_in, number=digits(str(row["number"])))}


NUMBER = BaseResource(
    provider=DIDLOGIC,
    name="number",
    plural="numbers",
    title="didlogic number",
    path="/v1/purchases",
    record=Number,
    options=State,
    keys=("number",),
    normalize_key=digits,
    read_only_fields=READ_ONLY_FIELDS,
    fetch_details=with_destinations,
    by_id=False,
    api=ApiForm(unwrap_list=lambda answer: answer.get("purchases"), required_keys=("number",)),
)


class Account(Model):
    balance: float | None = None


ACCOUNT = BaseResource(
    provider=DIDLOGIC,
    name="account",
    plural="accounts",
    title="didlogic account",
    path="/v1/balance",
    record=Account,
    options=State,
    by_id=False,
    api=ApiForm(
        unwrap_list=lambda answer: [answer],
        required_keys=(),
    ),
    view=InfoView(
        single=True,
    ),
)
