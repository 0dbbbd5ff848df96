# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory rows: each purchased number with variables from the carrier and, if it was read, from Vapi.

The prefix of a variable names its service.
"""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot, to_result

#: Keys of a number's data from Vapi.
AT_VAPI = ("imported", "phone_number", "trunk", "answered_by", "transfer_tools")


def listed(snapshot: Snapshot, *, both: bool) -> list[ApiObject]:
    """The variables of each number.

    :param snapshot: the data of both accounts. :param both: whether Vapi was read; otherwise its variables are absent.
    :return: one dict per number.
    """
    labels = number.NumberFilters(vapi_trunk_ids=[str(row["id"]) for row in snapshot.trunks])
    found = []
    for path in [call_path for call_path in snapshot.call_paths if call_path.bought]:
        facts = number.to_result(snapshot.carrier, snapshot.bought[path.number], labels)
        way: Result = {**to_result(path)} if both else {}
        facts["destinations"] = way.get("destinations", facts["destinations"])
        ours = {f"vapi_{name}": way[name] for name in AT_VAPI if both}
        found.append({f"{snapshot.carrier.provider.name}_{name}": value for name, value in facts.items()} | ours)
    return found
