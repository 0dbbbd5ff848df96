# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role sandbox sets a dialect: switches, or the report of a conformance check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROLE = {"ansible.builtin.import_role": {"name": "voiceops.vapi_didlogic.sandbox"}}
RULES = {
    "ansible.builtin.uri": {
        "url": "{{ vapi_didlogic_sandbox.control_url }}/rules",
        "headers": {"Authorization": "Bearer {{ vapi_didlogic_sandbox.control_token }}"},
    },
    "register": "rules",
}
SHOWN = {"ansible.builtin.debug": {"msg": "{{ rules.json.delete_status }}, {{ rules.json.active_by_default }}"}}


def test_role_sets_a_dialect_once(services: Any, tmp_path: Path) -> None:
    own = ("-e", f"sandbox_dir={tmp_path / 'sandbox'}", "-e", "sandbox_port=0")
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"format": 1, "answers": [], "dialect": {"active_by_default": True}}))
    try:
        for dialect, changed, expected in (
            ({"delete_status": 204}, 2, "204, False"),  # it also starts the sandbox
            ({"delete_status": 204}, 0, "204, False"),
            (str(report), 1, "200, True"),
        ):
            played = services.play([ROLE, RULES, SHOWN], *own, sandbox_dialect=dialect)
            assert (played.rc, played.changed) == (0, changed), played.text
            assert expected in played.text
        wrong = services.play([ROLE], *own, sandbox_dialect={"delete_statu": 204})
        assert "invalid dialect: the switch delete_statu does not exist; did you mean delete_status?" in wrong.failure
    finally:
        services.play([ROLE], *own, sandbox_state="stopped")
