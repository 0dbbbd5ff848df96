#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_phone_number
short_description: Manage a phone number at Vapi
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Makes a number of your own carrier, such as didlogic, known to Vapi (Vapi's C(byo-phone-number)), ties it to a SIP
    trunk, and says which assistant answers it.
  - The number is looked up without regard to a leading C(+). The spelling declared is the one that is stored, and
    another spelling found is changed, never added as a second number.
  - Only the options given are managed, so what is set in Vapi's dashboard beside them stays.
  - Calls arrive only if the number also has a forward at didlogic to the inbound URI. See
    M(voiceops.vapi_didlogic.didlogic_forward).
  - For many numbers M(voiceops.vapi_didlogic.vapi_phone_numbers) is faster.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._phone_number
  - voiceops.vapi_didlogic._attributes
options:
  number:
    description:
      - The number with its country code, in quotes, with or without a leading C(+).
      - It must be the very string that stands before the C(@) in the inbound URI. Vapi does not say whether it
        forgives a difference, so spell both sides alike.
      - Digits without a C(+) need O(number_e164_check_enabled=false).
    type: str
    required: true
  id:
    description: Id of the phone number, to pick one of several with the same number.
    type: str
notes:
  - Vapi's documentation lets the number itself be changed in place, but no report confirms it.
seealso:
  - module: voiceops.vapi_didlogic.vapi_phone_numbers
  - module: voiceops.vapi_didlogic.vapi_phone_number_info
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
  - module: voiceops.vapi_didlogic.vapi_assistant
  - module: voiceops.vapi_didlogic.didlogic_forward
"""

EXAMPLES = r"""
---
- name: Let an assistant answer a number
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Import a didlogic number, spelled as didlogic spells it
      voiceops.vapi_didlogic.vapi_phone_number:
        number: "31201234567"
        number_e164_check_enabled: false
        name: Front desk Amsterdam
        trunk: didlogic
        assistant: Reception

    - name: Hand calls on when neither an assistant nor the server answers
      voiceops.vapi_didlogic.vapi_phone_number:
        number: "31201234567"
        server:
          url: https://voice.example.com/vapi
          timeoutSeconds: 10
        fallback_destination:
          number: "+442079460123"
          message: One moment, please.

    - name: Take the assistant away
      voiceops.vapi_didlogic.vapi_phone_number:
        number: "31201234567"
        assistant: ""

- name: Remove the number from Vapi (it stays yours at didlogic)
  voiceops.vapi_didlogic.vapi_phone_number:
    api_key: "{{ vapi_api_key }}"
    number: "31201234567"
    state: absent
"""

RETURN = r"""
---
phone_number:
  description: The phone number as it stands, or as it would stand in check mode. An empty dict with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Id of the phone number. V((known after apply\)) in check mode before it exists.
      type: str
      sample: 22222222-2222-4222-8222-222222222222
    number:
      description: The number as Vapi has it.
      type: str
      sample: "31201234567"
    name:
      description: Display name, if there is one.
      type: str
      sample: Front desk Amsterdam
    trunk:
      description: Id of the SIP trunk.
      type: str
      sample: 11111111-1111-4111-8111-111111111111
    trunk_name:
      description: Name of the SIP trunk, where it was read.
      type: str
      sample: didlogic NL
    assistant_name:
      description: Name of the assistant, where it was read.
      type: str
      sample: Reception
    squad_name:
      description: Name of the squad, where it was read.
      type: str
    assistant:
      description: Id of the assistant that answers, if one does.
      type: str
      sample: 33333333-3333-4333-8333-333333333333
    squad:
      description: Id of the squad that answers, if one does.
      type: str
    workflow:
      description: Id of the workflow that answers, if one does.
      type: str
    number_e164_check_enabled:
      description: Whether Vapi insists on E.164 form, where it tells.
      type: bool
      sample: false
    fallback_destination:
      description: Where calls go if nothing answers, with the keys of O(fallback_destination).
      type: dict
      sample:
        number: "+442079460123"
        message: One moment, please.
        number_e164_check_enabled: true
        mode: blind-transfer
    server:
      description: The server that Vapi asks, as Vapi has it. Secrets in it read V(hidden).
      type: dict
      sample:
        url: https://voice.example.com/vapi
        timeoutSeconds: 10
    hooks:
      description: Hooks, as Vapi has them.
      type: list
      elements: dict
    status:
      description: State of the number at Vapi, V(active), V(activating) or V(blocked).
      type: str
      sample: active
    created_at:
      description: When the phone number was created.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
    updated_at:
      description: When the phone number was last changed.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER


def main() -> None:
    run(PHONE_NUMBER)


if __name__ == "__main__":
    main()
