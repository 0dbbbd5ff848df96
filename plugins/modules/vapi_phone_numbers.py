#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_phone_numbers
short_description: Manage many phone numbers at Vapi
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Does what M(voiceops.vapi_didlogic.vapi_phone_number) does, for a whole list in one task. It reads Vapi's lists
    once and sends the changes side by side.
  - Options beside O(numbers) hold for every number that does not say otherwise.
  - A number that fails does not stop the others. The task fails at the end and names each in RV(failures).
  - A number that is declared twice is refused before the first request.
  - With O(exclusive=true) all numbers of O(trunk) that are not declared are removed from Vapi. Numbers of other
    trunks are never touched. At didlogic nothing changes.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._bulk
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._phone_number
  - voiceops.vapi_didlogic._attributes
options:
  numbers:
    description: The numbers. Each takes the options of M(voiceops.vapi_didlogic.vapi_phone_number).
    type: list
    elements: dict
    required: true
    suboptions:
      number:
        description: The number with its country code, in quotes, spelled as in the inbound URI.
        type: str
        required: true
      id:
        description: Id of the phone number, to pick one of several with the same number.
        type: str
      name:
        description: Display name, 40 characters at most.
        type: str
      trunk:
        description: SIP trunk by name or id, in place of O(trunk).
        type: str
      assistant:
        description: Assistant by name or id, in place of O(assistant).
        type: str
      squad:
        description: Squad by name or id, in place of O(squad).
        type: str
      workflow:
        description: Retired, as O(workflow).
        type: str
      number_e164_check_enabled:
        description: In place of O(number_e164_check_enabled).
        type: bool
      fallback_destination:
        description: In place of O(fallback_destination), whose keys are explained there.
        type: dict
        suboptions:
          number:
            description: Phone number to hand the call on to.
            type: str
          sip_uri:
            description: SIP URI to hand the call on to.
            type: str
          message:
            description: What the caller hears before.
            type: raw
          description:
            description: What the destination is for.
            type: str
          caller_id:
            description: Caller ID to show.
            type: str
          extension:
            description: Extension to dial behind the phone number.
            type: str
          number_e164_check_enabled:
            description: Whether the phone number must be in E.164 form.
            type: bool
            default: true
          sip_headers:
            description: SIP headers to add.
            type: dict
          mode:
            description: How the call is handed on.
            type: str
            choices:
              - blind-transfer
              - blind-transfer-add-summary-to-sip-header
              - warm-transfer-say-message
              - warm-transfer-say-summary
              - warm-transfer-twiml
              - warm-transfer-wait-for-operator-to-speak-first-and-then-say-message
              - warm-transfer-wait-for-operator-to-speak-first-and-then-say-summary
              - warm-transfer-experimental
            default: blind-transfer
          sip_verb:
            description: SIP method of the transfer.
            type: str
            choices: [refer, bye, dial]
          transfer_plan:
            description: Further keys of Vapi's C(transferPlan).
            type: dict
      server:
        description: In place of O(server).
        type: dict
      hooks:
        description: In place of O(hooks).
        type: list
        elements: dict
      state:
        description: In place of O(state).
        type: str
        choices: [present, absent]
seealso:
  - module: voiceops.vapi_didlogic.vapi_phone_number
  - module: voiceops.vapi_didlogic.vapi_phone_number_info
  - module: voiceops.vapi_didlogic.didlogic_forwards
"""

EXAMPLES = r"""
---
- name: Declare several numbers at once
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Let one assistant answer three numbers, and another the fourth
      voiceops.vapi_didlogic.vapi_phone_numbers:
        trunk: didlogic
        assistant: Reception
        number_e164_check_enabled: false
        numbers:
          - number: "31201234567"
            name: Front desk Amsterdam
          - number: "442079460123"
          - number: "442079460124"
          - number: "442079460125"
            assistant: Night desk
      register: result

    - name: See what is not declared any more
      voiceops.vapi_didlogic.vapi_phone_numbers:
        trunk: didlogic
        number_e164_check_enabled: false
        numbers:
          - number: "31201234567"
          - number: "442079460123"
        exclusive: true
      check_mode: true
      diff: true

- name: Take numbers away
  voiceops.vapi_didlogic.vapi_phone_numbers:
    api_key: "{{ vapi_api_key }}"
    numbers:
      - number: "442079460123"
      - number: "442079460124"
    state: absent
"""

RETURN = r"""
---
phone_numbers:
  description: The numbers that stand as declared, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_phone_number#module:phone_number). Numbers that failed, or that are absent, are
    left out.
  returned: always
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
summary:
  description: How many numbers met which fate. In check mode, would meet.
  returned: always
  type: dict
  contains:
    created:
      description: Numbers made known to Vapi.
      type: int
      sample: 3
    updated:
      description: Numbers changed.
      type: int
      sample: 1
    deleted:
      description: Numbers removed, those of O(exclusive) included.
      type: int
      sample: 0
    unchanged:
      description: Numbers that were as declared.
      type: int
      sample: 0
    failed:
      description: Numbers that failed.
      type: int
      sample: 0
failures:
  description: What failed.
  returned: when a number failed
  type: list
  elements: dict
  contains:
    item:
      description: The number.
      type: str
      sample: "442079460125"
    message:
      description: Why it failed.
      type: str
      sample: >-
        Option assistant: no assistant has the name or id 'Night desk'. Create it first, or correct the reference.
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_many
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER


def main() -> None:
    run_many(PHONE_NUMBER, "numbers")


if __name__ == "__main__":
    main()
