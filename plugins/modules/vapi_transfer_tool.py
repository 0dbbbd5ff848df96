#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_transfer_tool
short_description: Manage a Vapi transfer tool
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A transfer tool is a Vapi tool of type C(transferCall). An assistant uses it to transfer the caller to a human.
  - The tool is identified by O(name) among all transfer tools of the organisation.
  - A tool has no effect until it is attached to an assistant. Attach it with
    O(voiceops.vapi_didlogic.vapi_assistant#module:tools).
  - With O(state=absent), the tool is detached from its assistants before it is deleted.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._former_names
  - voiceops.vapi_didlogic._attributes
options:
  name:
    description: The function name that the model uses to call the tool, 1 to 64 letters, digits, C(_) or C(-).
    type: str
    required: true
  id:
    description: Id of the tool, to select one of several with the same name, or to rename it.
    type: str
  description:
    description: Instruction to the model when to use the tool, at most 1000 characters.
    type: str
  destinations:
    description:
      - The transfer destinations. The list is replaced as a whole. With several destinations, the model selects one by
        its description, so describe each of them.
      - With an empty list, Vapi requests the destination from your server for each transfer.
      - With didlogic, calls are transferred with SIP REFER. didlogic's account manager must enable it, and didlogic may
        allow it to your own didlogic numbers only.
    type: list
    elements: dict
    suboptions:
      number:
        description: Phone number to transfer the call to. Exactly one of O(destinations[].number),
          O(destinations[].sip_uri) and O(destinations[].assistant_name) is required.
        type: str
      sip_uri:
        description: SIP URI to transfer the call to. For didlogic, use C(sip:), the number with a leading C(+), C(@)
          and the gateway of the trunk.
        type: str
      assistant_name:
        description: Name of another assistant of the same squad to continue the call with. The call stays in Vapi, so
          it can only be combined with O(destinations[].message), O(destinations[].description) and
          O(destinations[].transfer_mode).
        type: str
        version_added: 1.0.0
      transfer_mode:
        description: The part of the conversation that is passed to O(destinations[].assistant_name), as Vapi names it,
          for instance C(rolling-history).
        type: str
        version_added: 1.0.0
      message:
        description: Message to the caller before the transfer, as text or as Vapi's message object. An empty string
          means no message. If it is not given, Vapi uses a default message.
        type: raw
      description:
        description: Purpose of the destination, as an instruction to the model.
        type: str
      caller_id:
        description: Caller ID to present, at most 40 characters. For a SIP URI it only has an effect with
          O(destinations[].sip_verb=dial) only.
        type: str
      extension:
        description: Extension to dial after O(destinations[].number), 1 to 10 characters.
        type: str
      number_e164_check_enabled:
        description: Whether O(destinations[].number) must be in E.164 format.
        type: bool
        default: true
      sip_headers:
        description: SIP headers to add to the REFER. Only valid with O(destinations[].sip_uri) only.
        type: dict
      mode:
        description:
          - Mode of the transfer, as Vapi names it.
          - Vapi documents most of the warm modes for Twilio only. With a SIP trunk they reportedly act as a blind
            transfer.
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
        description:
          - SIP method of the transfer. Vapi defaults to V(refer).
          - V(dial) keeps Vapi in the call and places a second one, which requires no REFER, but both calls are charged.
            V(bye) ends the call without dialling.
        type: str
        choices: [refer, bye, dial]
      transfer_plan:
        description: Additional keys of Vapi's C(transferPlan), in Vapi's camelCase, for instance C(dialTimeout) or
          C(fallbackPlan).
        type: dict
  parameters:
    description:
      - JSON schema of the arguments that the model passes to the tool, Vapi's C(function.parameters). Optional in Vapi.
        It is merged with the current value.
      - If it is not given, and C(properties.destination) of the current value lists a destination that is no longer in
        O(destinations), that list is updated. Otherwise the model would still offer the removed destination.
    type: dict
    version_added: 1.0.0
  messages:
    description: Messages of the assistant while the tool runs, as a list of Vapi's message objects. The list is
      replaced as a whole.
    type: list
    elements: dict
notes:
  - Name and description are sent as C(function.name) and C(function.description). Vapi's guides and responses contain
    these keys, but its published API description does not. If Vapi rejects them, its error message is shown.
  - The ended reason C(assistant-forwarded-call) means that Vapi sent the REFER, not that the transfer succeeded.
seealso:
  - module: voiceops.vapi_didlogic.vapi_transfer_tool_info
  - module: voiceops.vapi_didlogic.vapi_assistant
  - name: Vapi's guide to didlogic
    description: Vapi's description of transfers with didlogic.
    link: https://docs.vapi.ai/advanced/sip/didlogic
"""

EXAMPLES = r"""
---
- name: Manage a transfer tool
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Transfer to a phone number
      voiceops.vapi_didlogic.vapi_transfer_tool:
        name: transfer_to_front_desk
        description: Use this when the caller asks for a human.
        destinations:
          - number: "+442079460123"
            message: I will put you through to the front desk.

    - name: Transfer with SIP REFER to one of two destinations
      voiceops.vapi_didlogic.vapi_transfer_tool:
        name: transfer_to_front_desk
        destinations:
          - sip_uri: sip:+442079460123@sip.nl.didlogic.net
            description: The front desk, for everything but invoices.
            message: I will put you through to the front desk.
          - sip_uri: sip:+442079460124@sip.nl.didlogic.net
            description: Accounting, for questions about invoices.
            message: I will put you through to accounting.
            transfer_plan:
              sipHeadersInReferToEnabled: true

- name: Remove the tool and detach it from its assistants
  voiceops.vapi_didlogic.vapi_transfer_tool:
    api_key: "{{ vapi_api_key }}"
    name: transfer_to_front_desk
    state: absent
"""

RETURN = r"""
---
transfer_tool:
  description: The resulting tool, or the predicted one in check mode. An empty dict with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Id of the tool. V((known after apply\)) in check mode before it exists.
      type: str
      sample: 44444444-4444-4444-8444-444444444444
    name:
      description: Function name of the tool.
      type: str
      sample: transfer_to_front_desk
    description:
      description: Instruction to the model when to use the tool, if it is set.
      type: str
      sample: Use this when the caller asks for a human.
    destinations:
      description: Destinations, with the keys of O(destinations).
      type: list
      elements: dict
      sample:
        - sip_uri: sip:+442079460123@sip.nl.didlogic.net
          message: I will put you through to the front desk.
          description: The front desk, for everything but invoices.
          number_e164_check_enabled: true
          mode: blind-transfer
    parameters:
      description: JSON schema of the arguments that the model passes to the tool, if it is set.
      type: dict
      sample:
        type: object
        properties:
          destination:
            type: string
            enum: [sip:+442079460123@sip.nl.didlogic.net]
    messages:
      description: Messages of the assistant while the tool runs, if they are set.
      type: list
      elements: dict
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
      description: Kind of the object, V(transfer_tool).
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
    - kind: transfer_tool
      name: to_human
      action: delete
      before:
        name: to_human
      after: {}
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL


def main() -> None:
    run(TRANSFER_TOOL)


if __name__ == "__main__":
    main()
