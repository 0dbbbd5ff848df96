# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  concurrency:
    description:
      - 'Maximum number of concurrent requests: V(auto), or V(1) to V(32).'
      - With V(auto) it starts at 8, grows up to 32 while the service answers as fast as before, and is halved when a
        request is rate-limited (429) or has no response.
    type: str
    default: auto
  exclusive:
    description:
      - Whether to remove existing objects that are not declared, within the limits given in the description of the
        module.
      - Run with C(--check --diff) first to see what would be removed.
    type: bool
    default: false
"""
