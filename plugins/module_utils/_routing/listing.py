# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: each bought number as variables, with what didlogic says and, where it was asked, what Vapi says.

A variable's prefix tells the side that it comes from.
"""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic import number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.survey import Row, Survey, told

#: What the survey tells of a number at Vapi.
AT_VAPI = ("imported", "phone_number", "trunk", "answered_by", "transfer_tools")


def listed(survey: Survey, *, both: bool) -> list[Row]:
    """The variables of each number.

    :param both: whether Vapi was read too. If not, nothing is said of it, as nothing is known.
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
