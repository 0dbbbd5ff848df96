# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  assistant:
    description:
      - The assistant for the calls, by name or id. Either O(assistant) or O(squad) is required.
    type: str
  squad:
    description:
      - The squad for the calls, by name or id.
    type: str
  workflow:
    description:
      - Retired and rejected, because Vapi stopped running workflows on 2026-08-19. Use O(assistant) or O(squad).
    type: str
  schedule_at:
    description:
      - The earliest time of a call, in ISO 8601 with a time zone, such as V(2026-01-31T09:30:00+01:00).
      - If it is not given, Vapi calls immediately.
    type: str
  schedule_until:
    description:
      - The latest time of a call, in the same format. Requires O(schedule_at).
    type: str
  wait:
    description:
      - Wait until the call or campaign has ended, and show the progress on the terminal.
      - The controller polls Vapi every few seconds. No further call is placed.
      - Progress is written to standard error, so that standard output stays valid for callback plugins that write JSON.
    type: bool
    default: false
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
    details:
      - The action plugin holds a lock on the controller to prevent duplicate requests, waits for the end and shows
        progress.
  async:
    description: Supports being used with the C(async) keyword.
    support: none
"""
