# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The API token of the didlogic account, issued by didlogic's account manager.
      - If it is not given, the environment variable E(DIDLOGIC_API_KEY) is used.
    type: str
    required: true
  api_url:
    description:
      - Base URL of didlogic's API, without a trailing slash. Only needed for a proxy or for the sandbox of this
        collection.
      - If it is not given, the environment variable E(DIDLOGIC_API_URL) is used.
    type: str
    default: https://app.didlogic.com/api
attributes:
  action_group:
    description: Use C(group/voiceops.vapi_didlogic.didlogic) in C(module_defaults) to set the connection options of all
      didlogic modules once.
    support: full
    membership:
      - voiceops.vapi_didlogic.didlogic
"""
