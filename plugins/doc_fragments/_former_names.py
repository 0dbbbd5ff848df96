# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  former_names:
    description:
      - Earlier names of the object. If no object has its name and one has a former name, that one is renamed, so that
        its id and all references to it stay as they are. With O(state=absent) it is deleted.
      - If several of these objects exist, nothing is changed and the error names their ids.
    type: list
    elements: str
"""
