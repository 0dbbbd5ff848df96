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
  - Manages where calls to a didlogic number are forwarded, for instance to Vapi. A number has a list of destinations,
    which are tried in order.
  - Specify the target with exactly one of O(vapi_trunk_id), O(destination) and O(vapi_private_key). For Vapi, use
    O(vapi_trunk_id).
  - didlogic can only append a destination, activate or deactivate it, and delete it. The module therefore adds the
    target and reads it back before it changes anything else. The number always has an active destination. If a step
    fails, RV(destinations) contains the current destinations.
  - Destinations that differ only in C(sip:) or in the case of the host are treated as the same.
  - With O(state=absent) only the target is removed. If no destination is left, calls to the number fail, and the module
    issues a warning.
  - For many numbers, M(voiceops.vapi_didlogic.didlogic_forwards) is faster.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._forward
  - voiceops.vapi_didlogic._attributes
options:
  number:
    description: The number with its country code. Quote it. A leading C(+) is removed, because didlogic uses digits
      only.
    type: str
    required: true
notes:
  - didlogic does not document the order of destinations. The module assumes that the lowest C(priority) is tried first
    and that a new destination is last. It reads the list again after each change, and fails if the order is not as
    declared.
  - The codes for the kind of a destination are those used by public clients, because didlogic's documentation describes
    that field differently.
  - didlogic has kinds of destinations that this collection does not support, such as WebSocket. They are never moved,
    recreated or deleted. If one is before a O(position=first) target, or O(others=remove) is set, it is deactivated
    with a warning.
seealso:
  - module: voiceops.vapi_didlogic.didlogic_forwards
  - module: voiceops.vapi_didlogic.didlogic_number_info
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
  - module: voiceops.vapi_didlogic.vapi_phone_number
  - plugin: voiceops.vapi_didlogic.vapi_sip_uri
    plugin_type: filter
  - name: Vapi's guide to didlogic
    description: The format of the inbound URI, and why it must not contain the private key.
    link: https://docs.vapi.ai/advanced/sip/didlogic
"""

EXAMPLES = r"""
---
- name: Forward a number to Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Retrieve the trunk from Vapi
      voiceops.vapi_didlogic.vapi_sip_trunk_info:
        api_key: "{{ vapi_api_key }}"
        name: didlogic
      register: trunk

    - name: Forward the number to it, and keep the other destinations as a fallback
      voiceops.vapi_didlogic.didlogic_forward:
        number: "31201234567"
        vapi_trunk_id: "{{ trunk.sip_trunks[0].id }}"
        region: us

    - name: Forward a number that is stored in E.164 format in Vapi
      voiceops.vapi_didlogic.didlogic_forward:
        number: "442079460123"
        vapi_trunk_id: "{{ trunk.sip_trunks[0].id }}"
        uri_user: "+442079460123"

    - name: Replace a forward that contains a Vapi private key
      voiceops.vapi_didlogic.didlogic_forward:
        number: "31201234567"
        vapi_trunk_id: "{{ trunk.sip_trunks[0].id }}"
        heal_private_key: "{{ vapi_api_key }}"

- name: Add a SIP account as a fallback
  voiceops.vapi_didlogic.didlogic_forward:
    api_key: "{{ didlogic_api_key }}"
    number: "31201234567"
    destination: "01234"
    position: any

- name: Forward the number to a phone only
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
  description: The resulting destination, or the predicted one in check mode. An empty dict with O(state=absent).
  returned: success
  type: dict
  contains: &destination
    id:
      description: Id of the destination in didlogic. V((known after apply\)) in check mode before it exists.
      type: str
      sample: "1003"
    number:
      description: The number, digits only.
      type: str
      sample: "31201234567"
    destination:
      description: Destination of calls. The label of a URI at a Vapi host is shown as V(hidden) unless it is a known
        trunk id.
      type: str
      sample: 31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
    kind:
      description: V(sip_uri), V(pstn), V(sip_account), or V(other) for a kind that this collection does not support.
      type: str
      sample: sip_uri
    priority:
      description: didlogic's priority. The lowest is tried first. Omitted before the destination exists.
      type: int
      sample: 1
    active:
      description: Whether the destination is active.
      type: bool
      sample: true
    call_hunt:
      description: didlogic's flag C(callhunt).
      type: bool
      sample: false
    position:
      description: V(first) for the first active destination, otherwise V(any).
      type: str
      sample: first
destinations:
  description: All destinations of the number, including inactive ones, in the order in which they are tried. After a
    failure, the current destinations.
  returned: success, and after a failure if the list could be read
  type: list
  elements: dict
  contains: *destination
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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD


def main() -> None:
    run(FORWARD)


if __name__ == "__main__":
    main()
