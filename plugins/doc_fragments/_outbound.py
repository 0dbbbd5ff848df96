# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  assistant:
    description:
      - The assistant that speaks, by name or id. Either O(assistant) or O(squad) is needed.
    type: str
  squad:
    description:
      - The squad that speaks, by name or id.
    type: str
  workflow:
    description:
      - Retired and refused, since Vapi has run no workflow since 2026-08-19. Use O(assistant) or O(squad).
    type: str
  schedule_at:
    description:
      - The time from which on Vapi may call, in ISO 8601 with a time zone, such as V(2026-01-31T09:30:00+01:00).
      - Without it Vapi calls at once.
    type: str
  schedule_until:
    description:
      - The time until which Vapi may call, in the same form. Needs O(schedule_at).
    type: str
  wait:
    description:
      - Wait until all is over, and show on the terminal how it goes on.
      - The controller asks Vapi every few seconds. Nothing more is sent to anybody's phone.
      - The progress goes to the error output, so that callback plugins that write JSON have the standard output to
        themselves.
    type: bool
    default: false
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
    details:
      - The action plugin holds a lock on the controller, so that nothing is requested twice, waits and shows progress.
  async:
    description: Supports being used with the C(async) keyword.
    support: none
"""
