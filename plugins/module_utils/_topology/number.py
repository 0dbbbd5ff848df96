# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A purchased number of didlogic with its destinations, of which those to Vapi show no private key."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    ApiForm,
    BaseResource,
    InfoView,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import entries_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.number import (
    READ_ONLY_FIELDS,
    Number,
    with_destinations,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import destination_result


class NumberFilters(Model):
    """Options of the info module other than the number: ids of trunks whose label may be shown."""

    vapi_trunk_ids: list[str] | None = None


def to_result(row: dict[str, t.Any], filters: NumberFilters) -> dict[str, t.Any]:
    """A number with its destinations in the order of calls.

    :param row: the purchase, with its destinations. :param filters: ids of trunks whose label may be shown.
    :return: the item of the info module.
    """
    entries = entries_of(row["destinations"])
    facts = {name: row[name] for name in READ_ONLY_FIELDS if isinstance(row.get(name), (str, int, float))}
    number = digits(str(row["number"]))
    return {
        "number": number,
        **facts,
        "destinations": [destination_result(entry, entries, number, filters.vapi_trunk_ids or ()) for entry in entries],
    }


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
    fetch_details=with_destinations,
    by_id=False,
    api=ApiForm(unwrap_list=lambda answer: answer.get("purchases"), required_keys=("number",)),
    view=InfoView(to_result=to_result, filters=NumberFilters),
)
