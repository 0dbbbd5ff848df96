# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for the end of a campaign, or of all parts of a split campaign."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import FINISHED, gathered
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._wait import Result, WaitActionModule


class ActionModule(WaitActionModule):
    module, noun, key_option, default_timeout = "vapi_campaign", "campaign", "name", 3600

    def key(self, started: Result) -> Result:
        return {"name": started["name"]}

    def current_result(self, started: Result, found: list[Result]) -> Result:
        ours = {batch["id"]: batch for batch in started.get("batches", [])}
        facts: Result = {
            name: started[name] for name in ("contacts", "left_out", "left_out_by_rule", "estimate") if name in started
        }
        now = [campaign for campaign in found if campaign["id"] in ours]
        order = list(ours)
        return gathered(sorted(now, key=lambda campaign: order.index(campaign["id"])), facts) or started

    def is_finished(self, now: Result) -> bool:
        parts = now.get("batches", [now])
        return all(part.get("status") in FINISHED for part in parts)

    def progress_text(self, now: Result) -> str:
        counts = now.get("counts", {})
        words = {"ended": "ended", "in_progress": "in progress", "queued": "queued", "voicemail": "voicemail"}
        result = ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts.get(name))
        contacts = counted(now.get("contacts", 0), "contact")
        return ", ".join(filter(None, [str(now.get("status", "unknown")), contacts, result]))
