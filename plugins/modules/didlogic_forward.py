#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_forward
short_description: Manage a destination of a didlogic number
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Says where calls to a number bought at didlogic go, for instance to Vapi. A number has a list of destinations,
    which calls try in their order.
  - Give the target by exactly one of O(vapi_trunk_id), O(destination) and O(vapi_private_key). For Vapi,
    O(vapi_trunk_id) is the way.
  - didlogic can only add a destination at the end, switch it on or off, and delete it. The module therefore adds the
    target and reads it back before it touches anything else. The number keeps an active destination at every moment.
    If a step fails, the result says in RV(destinations) what stands.
  - Two destinations are the same if they differ in nothing but C(sip:) or the case of the host.
  - With O(state=absent) the target is removed and the others stay. If none is left, calls to the number fail, and the
    module warns.
  - For many numbers M(voiceops.vapi_didlogic.didlogic_forwards) is faster.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._forward
  - voiceops.vapi_didlogic._attributes
options:
  number:
    description: The number with its country code, in quotes. A leading C(+) is dropped, since didlogic knows digits
      only.
    type: str
    required: true
notes:
  - didlogic does not document the order of destinations. The module takes the lowest C(priority) to be tried first,
    and a new destination to come last. It reads the list again after each change, and fails if the order does not
    come out as declared.
  - The codes of a destination's kind are those that public clients send, since didlogic's page describes that field
    differently.
  - didlogic has kinds of destinations that this collection does not know, such as WebSocket. They are never moved,
    made again or deleted. Where one is ahead of a O(position=first) target, or O(others=remove) asks for its removal,
    it is switched off with a warning.
seealso:
  - module: voiceops.vapi_didlogic.didlogic_forwards
  - module: voiceops.vapi_didlogic.didlogic_number_info
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
  - module: voiceops.vapi_didlogic.vapi_phone_number
  - plugin: voiceops.vapi_didlogic.vapi_sip_uri
    plugin_type: filter
  - name: Vapi's guide to didlogic
    description: The form of the inbound URI, and why the private key must not stand in it.
    link: https://docs.vapi.ai/advanced/sip/didlogic
"""

EXAMPLES = r"""
---
- name: Send a number to Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Look up the trunk at Vapi
      voiceops.vapi_didlogic.vapi_sip_trunk_info:
        api_key: "{{ vapi_api_key }}"
        name: didlogic
      register: trunk

    - name: Forward the number to it, and keep what was there as a fallback
      voiceops.vapi_didlogic.didlogic_forward:
        number: "31201234567"
        vapi_trunk_id: "{{ trunk.sip_trunks[0].id }}"
        region: us

    - name: The same for a number that Vapi knows in E.164 form
      voiceops.vapi_didlogic.didlogic_forward:
        number: "442079460123"
        vapi_trunk_id: "{{ trunk.sip_trunks[0].id }}"
        uri_user: "+442079460123"

    - name: Take a Vapi key out of a forward that was made by didlogic's guide
      voiceops.vapi_didlogic.didlogic_forward:
        number: "31201234567"
        vapi_trunk_id: "{{ trunk.sip_trunks[0].id }}"
        heal_private_key: "{{ vapi_api_key }}"

- name: Let a SIP account ring when Vapi does not answer
  voiceops.vapi_didlogic.didlogic_forward:
    api_key: "{{ didlogic_api_key }}"
    number: "31201234567"
    destination: "01234"
    position: any

- name: Send the number to a telephone only
  voiceops.vapi_didlogic.didlogic_forward:
    api_key: "{{ didlogic_api_key }}"
    number: "31201234567"
    destination: "+442079460124"
    others: disable

- name: Remove a destination
  voiceops.vapi_didlogic.didlogic_forward:
    api_key: "{{ didlogic_api_key }}"
    number: "31201234567"
    destination: "01234"
    state: absent
"""

RETURN = r"""
---
forward:
  description: The target as it stands, or as it would stand in check mode. An empty dict with O(state=absent).
  returned: success
  type: dict
  contains: &destination
    id:
      description: Id of the destination at didlogic. V((known after apply\)) in check mode before it exists.
      type: str
      sample: "1003"
    number:
      description: The number, digits only.
      type: str
      sample: "31201234567"
    destination:
      description: Where calls go. The label of a URI at Vapi reads V(hidden) unless it is known as a trunk id.
      type: str
      sample: 31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
    kind:
      description: V(sip_uri), V(pstn), V(sip_account), or V(other) for what this collection does not know.
      type: str
      sample: sip_uri
    priority:
      description: didlogic's priority, the lowest is tried first. Left out before the destination exists.
      type: int
      sample: 1
    active:
      description: Whether calls use it.
      type: bool
      sample: true
    call_hunt:
      description: didlogic's flag C(callhunt).
      type: bool
      sample: false
    position:
      description: V(first) if it is the first active one, else V(any).
      type: str
      sample: first
destinations:
  description: All destinations of the number in the order in which calls try them, the inactive ones included. After
    a failure, what stands.
  returned: success, and after a failure if the list could be read
  type: list
  elements: dict
  contains: *destination
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run


def main() -> None:
    run(FORWARD)


if __name__ == "__main__":
    main()
