# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  didlogic_api_key:
    description:
      - The API token of the didlogic account. If it is available, each call also contains the matching didlogic call
        record.
      - If it is not given, the environment variable E(DIDLOGIC_API_KEY) is used. If that is not set either, didlogic is
        not read.
    type: str
  didlogic_api_url:
    description:
      - Base URL of didlogic's API, without a trailing slash. Only needed for a proxy or for the sandbox of this
        collection.
      - If it is not given, the environment variable E(DIDLOGIC_API_URL) is used, then
        V(https://app.didlogic.com/api).
    type: str
"""
