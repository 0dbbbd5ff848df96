#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_phone_number_info
short_description: Retrieve Vapi phone numbers
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves the phone numbers of your own carrier that are imported into Vapi (type C(byo-phone-number)), either all
    of them or those that match the options. Numbers purchased from Vapi are omitted.
  - Each item has the format of the options of M(voiceops.vapi_didlogic.vapi_phone_number). Trunk, assistant, squad and
    workflow are returned as ids. Passing it back to that module changes nothing. Secrets are shown as V(hidden).
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  number:
    description: Only this number. Quote it. A leading C(+) is ignored.
    type: str
  id:
    description: Only the phone number with this id.
    type: str
seealso:
  - module: voiceops.vapi_didlogic.vapi_phone_number
"""

EXAMPLES = r"""
---
- name: Read from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Read one number
      voiceops.vapi_didlogic.vapi_phone_number_info:
        number: "31201234567"
      register: found

    - name: Check that it is active
      ansible.builtin.assert:
        that:
          - found.phone_numbers | length == 1
          - found.phone_numbers[0].status == 'active'

    - name: Read all numbers
      voiceops.vapi_didlogic.vapi_phone_number_info:
"""

RETURN = r"""
---
phone_numbers:
  description: The matching phone numbers, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_phone_number#module:phone_number). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 22222222-2222-4222-8222-222222222222
      number: "31201234567"
      name: Front desk Amsterdam
      trunk: 11111111-1111-4111-8111-111111111111
      trunk_name: didlogic NL
      assistant: 33333333-3333-4333-8333-333333333333
      assistant_name: Reception
      number_e164_check_enabled: false
      status: active
      created_at: "2026-01-02T03:04:05.678Z"
      updated_at: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER


def main() -> None:
    run_info(PHONE_NUMBER)


if __name__ == "__main__":
    main()
