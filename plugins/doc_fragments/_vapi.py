# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The private key of the Vapi organisation. A public key is refused by Vapi.
      - If it is not given, the environment variable E(VAPI_API_KEY) is used, then E(VAPI_TOKEN).
    type: str
    required: true
  region:
    description:
      - The Vapi region that the organisation belongs to. V(us) and V(eu) share neither keys nor objects.
      - If it is not given, the environment variable E(VAPI_REGION) is used.
    type: str
    choices: [us, eu]
    default: us
  api_url:
    description:
      - Base URL of Vapi's API, without a slash at the end. Only needed for a proxy, or for the sandbox of this
        collection.
      - If it is not given, the environment variable E(VAPI_API_URL) is used, then the public URL of O(region).
    type: str
attributes:
  action_group:
    description: Use C(group/voiceops.vapi_didlogic.vapi) in C(module_defaults) to give all Vapi modules their
      connection options once.
    support: full
    membership:
      - voiceops.vapi_didlogic.vapi
"""
