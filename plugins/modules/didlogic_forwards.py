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
  - Manages a list of forwards in one task, several numbers concurrently. Each works like
    M(voiceops.vapi_didlogic.didlogic_forward).
  - Options outside O(forwards) are defaults for every forward.
  - If a forward fails, the others are still processed. The task then fails and lists each failure in RV(failures).
  - Conflicting forwards, such as two that are both first on one number, are rejected before the first request.
  - With O(exclusive=true), undeclared forwards to Vapi's SIP host in O(region) are removed from every number of the
    account. Forwards to other destinations are never changed.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._bulk
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._forward
  - voiceops.vapi_didlogic._attributes
options:
  forwards:
    description: The forwards. Each has the options of M(voiceops.vapi_didlogic.didlogic_forward).
    type: list
    elements: dict
    required: true
    suboptions:
      number:
        description: The number with its country code. Quote it. A leading C(+) is removed.
        type: str
        required: true
      destination:
        description: SIP URI, phone number or SIP account. Overrides O(destination).
        type: str
      kind:
        description: The kind of the destination, if the module cannot derive it.
        type: str
        choices: [sip_uri, pstn, sip_account]
      vapi_trunk_id:
        description: Id of the SIP trunk in Vapi. Overrides O(vapi_trunk_id).
        type: str
      vapi_private_key:
        description: Overrides O(vapi_private_key). Not recommended.
        type: str
      region:
        description: Overrides O(region).
        type: str
        choices: [us, eu]
      uri_user:
        description: The part of the inbound URI before the C(@). Defaults to the digits of the number.
        type: str
      active:
        description: Overrides O(active).
        type: bool
      call_hunt:
        description: Overrides O(call_hunt).
        type: bool
      position:
        description: Overrides O(position).
        type: str
        choices: [first, any]
      others:
        description: Overrides O(others).
        type: str
        choices: [keep, disable, remove]
      heal_private_key:
        description: Overrides O(heal_private_key).
        type: str
      vapi_trunk_ids:
        description: Overrides O(vapi_trunk_ids).
        type: list
        elements: str
      own_trunk_ids:
        description: Overrides O(own_trunk_ids).
        type: list
        elements: str
      failover:
        description: Overrides O(failover).
        type: list
        elements: str
      state:
        description: Overrides O(state).
        type: str
        choices: [present, absent]
seealso:
  - module: voiceops.vapi_didlogic.didlogic_forward
  - module: voiceops.vapi_didlogic.didlogic_number_info
  - module: voiceops.vapi_didlogic.vapi_phone_numbers
"""

EXAMPLES = r"""
---
- name: Forward several numbers to Vapi
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

    - name: Show the summary
      ansible.builtin.debug:
        var: result.summary

    - name: Show undeclared forwards to Vapi
      voiceops.vapi_didlogic.didlogic_forwards:
        vapi_trunk_id: "{{ vapi_trunk_id }}"
        region: us
        forwards:
          - number: "31201234567"
        exclusive: true
      check_mode: true
      diff: true

- name: Remove the forwards of two numbers
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
  description: The forwards that are as declared, each with the keys of
    RV(voiceops.vapi_didlogic.didlogic_forward#module:forward). Failed and absent forwards are omitted.
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
  description: Number of forwards by result. Predicted values in check mode.
  returned: always
  type: dict
  contains:
    created:
      description: Number of forwards added.
      type: int
      sample: 3
    updated:
      description: Number of forwards that were changed or moved, or whose number had other destinations changed.
      type: int
      sample: 0
    deleted:
      description: Number of forwards removed, including those removed by O(exclusive).
      type: int
      sample: 0
    unchanged:
      description: Number of forwards that were already as declared.
      type: int
      sample: 0
    failed:
      description: Number of forwards that failed.
      type: int
      sample: 0
failures:
  description: The forwards that failed.
  returned: when a forward failed
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
      sample: "442079460125 is not a number of this didlogic account: numbers are bought in didlogic's portal."
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets. The
    destinations of a number are one entry.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(forward).
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
    - kind: forward
      name: "31201234567"
      action: update
      before:
        destinations:
          - destination: "31207654321"
            kind: pstn
            active: true
            call_hunt: false
      after:
        destinations:
          - destination: 31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
            kind: sip_uri
            active: true
            call_hunt: false
          - destination: "31207654321"
            kind: pstn
            active: true
            call_hunt: false
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_many
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD


def main() -> None:
    run_many(FORWARD, "forwards")


if __name__ == "__main__":
    main()
