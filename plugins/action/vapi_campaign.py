# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for the end of a campaign, or of all parts of a split campaign."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import OVER, gathered
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._follow import Follow, Result


class ActionModule(Follow):
    module, noun, mark, patience = "vapi_campaign", "campaign", "name", 3600

    def key(self, started: Result) -> Result:
        return {"name": started["name"]}

    def put(self, started: Result, found: list[Result]) -> Result:
        ours = {batch["id"]: batch for batch in started.get("batches", [])}
        facts: Result = {name: started[name] for name in ("contacts", "left_out", "estimate") if name in started}
        now = [campaign for campaign in found if campaign["id"] in ours]
        order = list(ours)
        return gathered(sorted(now, key=lambda campaign: order.index(campaign["id"])), facts) or started

    def over(self, now: Result) -> bool:
        parts = now.get("batches", [now])
        return all(part.get("status") in OVER for part in parts)

    def line(self, now: Result) -> str:
        counts = now.get("counts", {})
        words = {"ended": "ended", "in_progress": "in progress", "queued": "queued", "voicemail": "voicemail"}
        told = ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts.get(name))
        return (
            f"{now.get('status', 'unknown')}, {counted(now.get('contacts', 0), 'contact')}{', ' + told if told else ''}"
        )
