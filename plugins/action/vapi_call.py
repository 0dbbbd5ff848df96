# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for the end of a call."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._wait import Result, WaitActionModule


class ActionModule(WaitActionModule):
    module, noun, key_option, default_timeout = "vapi_call", "call", "idempotency_key", 600
    also = ("show_recording",)
    texts = ("assistant_overrides", "variables")
    # Only Vapi is polled. An empty key prevents that a key in the environment adds requests to didlogic.
    info_constants: t.ClassVar[Result] = {"didlogic_api_key": ""}

    def key(self, started: Result) -> Result:
        return {"id": started["id"]}

    def current_result(self, started: Result, found: list[Result]) -> Result:
        return {**found[0], **({"estimate": started["estimate"]} if "estimate" in started else {})}

    def is_finished(self, now: Result) -> bool:
        return bool(now.get("status") == "ended" or now.get("ended_reason"))

    def progress_text(self, now: Result) -> str:
        spoken = f", {now['duration']} s" if now.get("duration") else ""
        reason = f" ({now['ended_reason']}{spoken})" if now.get("ended_reason") else ""
        return f"{now.get('status', 'unknown')}{reason}"

    def failure_reason(self, now: Result) -> str:
        if now.get("outcome") != "failed":
            return ""
        result: dict[str, t.Any] = now.get("diagnosis", {})
        return f"The call failed: {result.get('cause', now.get('ended_reason'))} {result.get('fix', '')}".strip()
