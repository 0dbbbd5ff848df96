# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  didlogic_api_key:
    description:
      - The token of the didlogic account. With it each item also tells what didlogic knows of it.
      - If it is not given, the environment variable E(DIDLOGIC_API_KEY) is used; if that is not set either, didlogic is
        not asked.
    type: str
  didlogic_api_url:
    description:
      - Base URL of didlogic's API, without a slash at the end. Only needed for a proxy, or for the sandbox of this
        collection.
      - If it is not given, the environment variable E(DIDLOGIC_API_URL) is used, then
        V(https://app.didlogic.com/api).
    type: str
"""
