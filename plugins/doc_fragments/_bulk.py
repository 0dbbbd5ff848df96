# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  concurrency:
    description: Maximum number of concurrent requests, V(1) to V(32).
    type: int
    default: 8
  exclusive:
    description:
      - Whether to remove existing objects that are not declared, within the limits given in the description of the
        module.
      - Run with C(--check --diff) first to see what would be removed.
    type: bool
    default: false
"""
