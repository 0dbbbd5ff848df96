#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_sip_account_info
short_description: Retrieve didlogic SIP accounts
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves SIP accounts with their allowed addresses, either all of them or those that match the options.
  - Each item has the format of the options of M(voiceops.vapi_didlogic.didlogic_sip_account). Passing it back to that
    module changes nothing. Passwords are never returned.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  name:
    description: Only the account with this login. Quote it.
    type: str
  label:
    description: Only accounts with this label.
    type: str
seealso:
  - module: voiceops.vapi_didlogic.didlogic_sip_account
"""

EXAMPLES = r"""
---
- name: Read from didlogic
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Read one account
      voiceops.vapi_didlogic.didlogic_sip_account_info:
        label: vapi
      register: found

    - name: Show its login
      ansible.builtin.debug:
        var: found.sip_accounts[0].name

    - name: Read all accounts
      voiceops.vapi_didlogic.didlogic_sip_account_info:
"""

RETURN = r"""
---
sip_accounts:
  description: The matching SIP accounts, each with the keys of
    RV(voiceops.vapi_didlogic.didlogic_sip_account#module:sip_account). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: "61"
      name: "01234"
      label: vapi
      caller_id: "31201234567"
      allowed_ips:
        - 192.0.2.10
      ip_restrict: true
      max_channels: 10
      max_call_seconds: 3600
      max_call_cost: 0
      host: dynamic
      charge: "0.0"
      talk_time: 0
      created_at: 2026-01-02 03:04:05 UTC
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT


def main() -> None:
    run_info(SIP_ACCOUNT)


if __name__ == "__main__":
    main()
