#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_account_info
short_description: Retrieve the balance of a didlogic account
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves the balance of the account that the API token belongs to. Outbound calls, including transfers, require a
    positive balance.
  - The module can also be used to check that the token is valid.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
seealso:
  - module: voiceops.vapi_didlogic.didlogic_number_info
"""

EXAMPLES = r"""
---
- name: Read from didlogic
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Read the balance
      voiceops.vapi_didlogic.didlogic_account_info:
      register: didlogic

    - name: Fail if the balance is low
      ansible.builtin.assert:
        that: didlogic.account.balance > 10
        fail_msg: The balance of the didlogic account is {{ didlogic.account.balance }}.
"""

RETURN = r"""
---
account:
  description: The account.
  returned: success
  type: dict
  contains:
    balance:
      description: The balance. Public clients treat it as US dollars.
      type: float
      sample: 35.22
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.number import ACCOUNT


def main() -> None:
    run_info(ACCOUNT)


if __name__ == "__main__":
    main()
