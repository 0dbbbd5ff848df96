# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The private API key of the Vapi organisation. Vapi rejects a public key.
      - If it is not given, the environment variable E(VAPI_API_KEY) is used, then E(VAPI_TOKEN).
    type: str
    required: true
  region:
    description:
      - The Vapi region of the organisation. V(us) and V(eu) do not share keys or objects.
      - If it is not given, the environment variable E(VAPI_REGION) is used.
    type: str
    choices: [us, eu]
    default: us
  api_url:
    description:
      - Base URL of Vapi's API, without a trailing slash. Only needed for a proxy or for the sandbox of this collection.
      - If it is not given, the environment variable E(VAPI_API_URL) is used, then the public URL of O(region).
    type: str
attributes:
  action_group:
    description: Use C(group/voiceops.vapi_didlogic.vapi) in C(module_defaults) to set the connection options of all
      Vapi modules once.
    support: full
    membership:
      - voiceops.vapi_didlogic.vapi
"""
