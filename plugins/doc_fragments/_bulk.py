# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  concurrency:
    description: How many requests may be under way at once, V(1) to V(32).
    type: int
    default: 8
  exclusive:
    description:
      - Whether what exists and is not declared is removed too, within the limits that the description of the module
        names.
      - Look first. C(--check --diff) shows what would go.
    type: bool
    default: false
"""
