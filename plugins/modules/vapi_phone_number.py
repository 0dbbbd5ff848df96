#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_phone_number
short_description: Manage a Vapi phone number
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Imports a number of your own carrier, such as didlogic, into Vapi (type C(byo-phone-number)), and assigns a SIP
    trunk and an assistant to it.
  - A leading C(+) is ignored when the number is looked up. The number is stored with the declared spelling. An existing
    number with another spelling is updated, and never duplicated.
  - Only the given options are managed. Other settings, such as those made in Vapi's dashboard, are not changed.
  - Calls only arrive if didlogic forwards the number to the inbound URI. See
    M(voiceops.vapi_didlogic.didlogic_forward).
  - For many numbers, M(voiceops.vapi_didlogic.vapi_phone_numbers) is faster.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._phone_number
  - voiceops.vapi_didlogic._attributes
options:
  number:
    description:
      - The number with its country code, with or without a leading C(+). Quote it.
      - It must be identical to the part of the inbound URI before the C(@). Vapi does not document whether it accepts a
        different spelling.
      - A number without a leading C(+) requires O(number_e164_check_enabled=false).
    type: str
    required: true
  id:
    description: Id of the phone number, to select one of several with the same number.
    type: str
notes:
  - According to Vapi's documentation the number itself can be updated, but this is not confirmed by any report.
seealso:
  - module: voiceops.vapi_didlogic.vapi_phone_numbers
  - module: voiceops.vapi_didlogic.vapi_phone_number_info
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
  - module: voiceops.vapi_didlogic.vapi_assistant
  - module: voiceops.vapi_didlogic.didlogic_forward
"""

EXAMPLES = r"""
---
- name: Manage a phone number
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Import a didlogic number with an assistant
      voiceops.vapi_didlogic.vapi_phone_number:
        number: "31201234567"
        number_e164_check_enabled: false
        name: Front desk Amsterdam
        trunk: didlogic
        assistant: Reception

    - name: Set a server and a fallback destination
      voiceops.vapi_didlogic.vapi_phone_number:
        number: "31201234567"
        server:
          url: https://voice.example.com/vapi
          timeoutSeconds: 10
        fallback_destination:
          number: "+442079460123"
          message: One moment, please.

    - name: Detach the assistant
      voiceops.vapi_didlogic.vapi_phone_number:
        number: "31201234567"
        assistant: ""

- name: Remove the number from Vapi, but not from didlogic
  voiceops.vapi_didlogic.vapi_phone_number:
    api_key: "{{ vapi_api_key }}"
    number: "31201234567"
    state: absent
"""

RETURN = r"""
---
phone_number:
  description: The resulting phone number, or the predicted one in check mode. An empty dict with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Id of the phone number. V((known after apply\)) in check mode before it exists.
      type: str
      sample: 22222222-2222-4222-8222-222222222222
    number:
      description: The number as stored in Vapi.
      type: str
      sample: "31201234567"
    name:
      description: Display name, if one is set.
      type: str
      sample: Front desk Amsterdam
    trunk:
      description: Id of the SIP trunk.
      type: str
      sample: 11111111-1111-4111-8111-111111111111
    trunk_name:
      description: Name of the SIP trunk, if it was read.
      type: str
      sample: didlogic NL
    assistant_name:
      description: Name of the assistant, if it was read.
      type: str
      sample: Reception
    squad_name:
      description: Name of the squad, if it was read.
      type: str
    assistant:
      description: Id of the assistant that answers, if there is one.
      type: str
      sample: 33333333-3333-4333-8333-333333333333
    squad:
      description: Id of the squad that answers, if there is one.
      type: str
    workflow:
      description: Id of the workflow, if there is one.
      type: str
    number_e164_check_enabled:
      description: Whether Vapi requires E.164 format, if Vapi returns it.
      type: bool
      sample: false
    fallback_destination:
      description: The fallback destination, with the keys of O(fallback_destination).
      type: dict
      sample:
        number: "+442079460123"
        message: One moment, please.
        number_e164_check_enabled: true
        mode: blind-transfer
    server:
      description: The server that receives Vapi's requests, in Vapi's camelCase. Secrets in it are shown as V(hidden).
      type: dict
      sample:
        url: https://voice.example.com/vapi
        timeoutSeconds: 10
    hooks:
      description: Hooks, in Vapi's camelCase.
      type: list
      elements: dict
    status:
      description: Status of the number in Vapi. One of V(active), V(activating) or V(blocked).
      type: str
      sample: active
    created_at:
      description: Time of creation, in ISO 8601.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
    updated_at:
      description: Time of the last change, in ISO 8601.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(phone_number).
      type: str
    name:
      description: What identifies the object.
      type: str
    action:
      description: V(create), V(update), V(replace) or V(delete).
      type: str
    before:
      description: The managed fields that differ, before the change.
      type: dict
    after:
      description: The managed fields that differ, after the change.
      type: dict
  sample:
    - kind: phone_number
      name: "31201234567"
      action: update
      before:
        assistant: 33333333-3333-4333-8333-333333333333
      after:
        assistant: 44444444-4444-4444-8444-444444444444
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER


def main() -> None:
    run(PHONE_NUMBER)


if __name__ == "__main__":
    main()
