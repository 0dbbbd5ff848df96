#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_phone_numbers
short_description: Manage many Vapi phone numbers
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Manages a list of phone numbers in one task. Each works like M(voiceops.vapi_didlogic.vapi_phone_number). Vapi's
    lists are read once, and changes are sent concurrently.
  - Options outside O(numbers) are defaults for every number.
  - If a number fails, the others are still processed. The task then fails and lists each failure in RV(failures).
  - A duplicate number is rejected before the first request.
  - With O(exclusive=true), undeclared numbers of O(trunk) are removed from Vapi. Numbers of other trunks are never
    changed. Nothing is changed in didlogic.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._bulk
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._phone_number
  - voiceops.vapi_didlogic._attributes
options:
  numbers:
    description: The numbers. Each has the options of M(voiceops.vapi_didlogic.vapi_phone_number).
    type: list
    elements: dict
    required: true
    suboptions:
      number:
        description: The number with its country code, spelled as in the inbound URI. Quote it.
        type: str
        required: true
      id:
        description: Id of the phone number, to select one of several with the same number.
        type: str
      name:
        description: Display name, at most 40 characters.
        type: str
      trunk:
        description: SIP trunk, by name or id. Overrides O(trunk).
        type: str
      assistant:
        description: Assistant, by name or id. Overrides O(assistant).
        type: str
      squad:
        description: Squad, by name or id. Overrides O(squad).
        type: str
      workflow:
        description: Retired, see O(workflow).
        type: str
      number_e164_check_enabled:
        description: Overrides O(number_e164_check_enabled).
        type: bool
      fallback_destination:
        description: Overrides O(fallback_destination), which describes the keys.
        type: dict
        suboptions:
          number:
            description: Phone number to transfer the call to.
            type: str
          sip_uri:
            description: SIP URI to transfer the call to.
            type: str
          message:
            description: Message to the caller before the transfer.
            type: raw
          description:
            description: Purpose of the destination.
            type: str
          caller_id:
            description: Caller ID to present.
            type: str
          extension:
            description: Extension to dial after the phone number.
            type: str
          number_e164_check_enabled:
            description: Whether the phone number must be in E.164 format.
            type: bool
            default: true
          sip_headers:
            description: SIP headers to add.
            type: dict
          mode:
            description: Mode of the transfer, as Vapi names it.
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
            description: Additional keys of Vapi's C(transferPlan), in Vapi's camelCase.
            type: dict
      server:
        description: Overrides O(server).
        type: dict
      hooks:
        description: Overrides O(hooks).
        type: list
        elements: dict
      state:
        description: Overrides O(state).
        type: str
        choices: [present, absent]
seealso:
  - module: voiceops.vapi_didlogic.vapi_phone_number
  - module: voiceops.vapi_didlogic.vapi_phone_number_info
  - module: voiceops.vapi_didlogic.didlogic_forwards
"""

EXAMPLES = r"""
---
- name: Manage several numbers
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Assign one assistant to three numbers, and another to the fourth
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

    - name: Show undeclared numbers
      voiceops.vapi_didlogic.vapi_phone_numbers:
        trunk: didlogic
        number_e164_check_enabled: false
        numbers:
          - number: "31201234567"
          - number: "442079460123"
        exclusive: true
      check_mode: true
      diff: true

- name: Remove numbers from Vapi
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
  description: The numbers that are as declared, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_phone_number#module:phone_number). Failed and absent numbers are omitted.
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
  description: Number of phone numbers by result. Predicted values in check mode.
  returned: always
  type: dict
  contains:
    created:
      description: Number of phone numbers imported.
      type: int
      sample: 3
    updated:
      description: Number of phone numbers changed.
      type: int
      sample: 1
    deleted:
      description: Number of phone numbers removed, including those removed by O(exclusive).
      type: int
      sample: 0
    unchanged:
      description: Number of phone numbers that were already as declared.
      type: int
      sample: 0
    failed:
      description: Number of phone numbers that failed.
      type: int
      sample: 0
failures:
  description: The numbers that failed.
  returned: when a number failed
  type: list
  elements: dict
  contains:
    item:
      description: The number.
      type: str
      sample: "442079460125"
    message:
      description: The error message.
      type: str
      sample: >-
        Option assistant: no assistant has the name or id 'Night desk'. Create it first, or correct the reference.
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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_many
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER


def main() -> None:
    run_many(PHONE_NUMBER, "numbers")


if __name__ == "__main__":
    main()
