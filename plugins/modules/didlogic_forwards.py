#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_forwards
short_description: Manage destinations of many didlogic numbers
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Does what M(voiceops.vapi_didlogic.didlogic_forward) does, for a whole list in one task, several numbers at a
    time.
  - Options beside O(forwards) hold for every forward that does not say otherwise.
  - A forward that fails does not stop the others. The task fails at the end and names each in RV(failures).
  - Forwards that contradict each other, such as two that are both first on one number, are refused before the first
    request.
  - With O(exclusive=true) forwards to Vapi's host in O(region) are removed, on every number of the account, where
    they are not declared. Forwards to other places are never touched.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._bulk
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._forward
  - voiceops.vapi_didlogic._attributes
options:
  forwards:
    description: The forwards. Each takes the options of M(voiceops.vapi_didlogic.didlogic_forward).
    type: list
    elements: dict
    required: true
    suboptions:
      number:
        description: The number with its country code, in quotes. A leading C(+) is dropped.
        type: str
        required: true
      destination:
        description: SIP URI, phone number or SIP account, in place of O(destination).
        type: str
      kind:
        description: What the destination is, where the module can not tell.
        type: str
        choices: [sip_uri, pstn, sip_account]
      vapi_trunk_id:
        description: Id of the SIP trunk at Vapi, in place of O(vapi_trunk_id).
        type: str
      vapi_private_key:
        description: In place of O(vapi_private_key). Avoid it.
        type: str
      region:
        description: In place of O(region).
        type: str
        choices: [us, eu]
      uri_user:
        description: The part of the inbound URI before the C(@), by default the digits of the number.
        type: str
      active:
        description: In place of O(active).
        type: bool
      call_hunt:
        description: In place of O(call_hunt).
        type: bool
      position:
        description: In place of O(position).
        type: str
        choices: [first, any]
      others:
        description: In place of O(others).
        type: str
        choices: [keep, disable, remove]
      heal_private_key:
        description: In place of O(heal_private_key).
        type: str
      vapi_trunk_ids:
        description: In place of O(vapi_trunk_ids).
        type: list
        elements: str
      state:
        description: In place of O(state).
        type: str
        choices: [present, absent]
seealso:
  - module: voiceops.vapi_didlogic.didlogic_forward
  - module: voiceops.vapi_didlogic.didlogic_number_info
  - module: voiceops.vapi_didlogic.vapi_phone_numbers
"""

EXAMPLES = r"""
---
- name: Send several numbers to Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Forward all of them to one trunk
      voiceops.vapi_didlogic.didlogic_forwards:
        vapi_trunk_id: "{{ vapi_trunk_id }}"
        forwards:
          - number: "31201234567"
          - number: "442079460123"
          - number: "442079460124"
            others: disable
      register: result

    - name: Show how it went
      ansible.builtin.debug:
        var: result.summary

    - name: See which other forwards lead to Vapi
      voiceops.vapi_didlogic.didlogic_forwards:
        vapi_trunk_id: "{{ vapi_trunk_id }}"
        region: us
        forwards:
          - number: "31201234567"
        exclusive: true
      check_mode: true
      diff: true

- name: Take two numbers away from Vapi
  voiceops.vapi_didlogic.didlogic_forwards:
    api_key: "{{ didlogic_api_key }}"
    vapi_trunk_id: "{{ vapi_trunk_id }}"
    forwards:
      - number: "442079460123"
      - number: "442079460124"
    state: absent
"""

RETURN = r"""
---
forwards:
  description: The forwards that stand as declared, each with the keys of
    RV(voiceops.vapi_didlogic.didlogic_forward#module:forward). Forwards that failed, or that are absent, are left
    out.
  returned: always
  type: list
  elements: dict
  sample:
    - id: "1003"
      number: "31201234567"
      destination: 31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
      kind: sip_uri
      priority: 1
      active: true
      call_hunt: false
      position: first
summary:
  description: How many forwards met which fate. In check mode, would meet.
  returned: always
  type: dict
  contains:
    created:
      description: Forwards added.
      type: int
      sample: 3
    updated:
      description: Forwards changed, or moved, or whose neighbours were.
      type: int
      sample: 0
    deleted:
      description: Forwards removed, those of O(exclusive) included.
      type: int
      sample: 0
    unchanged:
      description: Forwards that were as declared.
      type: int
      sample: 0
    failed:
      description: Forwards that failed.
      type: int
      sample: 0
failures:
  description: What failed.
  returned: when a forward failed
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
      sample: "442079460125 is not a number of this didlogic account: numbers are bought in didlogic's portal."
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_many


def main() -> None:
    run_many(FORWARD, "forwards")


if __name__ == "__main__":
    main()
