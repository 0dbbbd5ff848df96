# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory rows: each purchased number with variables from didlogic and, if it was read, from Vapi.

The prefix of a variable names its service.
"""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic import number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.survey import Row, Survey, told

#: Keys of a number's data from Vapi.
AT_VAPI = ("imported", "phone_number", "trunk", "answered_by", "transfer_tools")


def listed(survey: Survey, *, both: bool) -> list[Row]:
    """The variables of each number.

    :param survey: the data of both accounts. :param both: whether Vapi was read; otherwise its variables are absent.
    :return: one dict per number.
    """
    labels = number.Seek(vapi_trunk_ids=[str(row["id"]) for row in survey.trunks])
    found = []
    for route in [route for route in survey.routes if route.bought]:
        facts = number.told(survey.bought[route.number], labels)
        way: dict[str, t.Any] = told(route) if both else {}
        facts["destinations"] = way.get("destinations", facts["destinations"])
        ours = {f"vapi_{name}": way[name] for name in AT_VAPI if both}
        found.append({f"didlogic_{name}": value for name, value in facts.items()} | ours)
    return found
