#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_transfer_tool
short_description: Manage a transfer tool at Vapi
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A transfer tool is Vapi's tool of the kind C(transferCall). An assistant that has it can hand the caller on to a
    human.
  - The tool is found by O(name) among all transfer tools of the organisation.
  - A tool does nothing until an assistant has it. Attach it with
    O(voiceops.vapi_didlogic.vapi_assistant#module:tools).
  - With O(state=absent) the tool is first taken out of the assistants that have it.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._attributes
options:
  name:
    description: The function name by which the model calls the tool, 1 to 64 letters, digits, C(_) or C(-).
    type: str
    required: true
  id:
    description: Id of the tool, to pick one of several with the same name, or to rename it.
    type: str
  description:
    description: Tells the model when to use the tool, 1000 characters at most.
    type: str
  destinations:
    description:
      - Where calls may go. The list is replaced as a whole. With several, the model chooses by their descriptions, so
        give each one.
      - With an empty list Vapi asks your server at each transfer.
      - Over didlogic, calls leave Vapi as a SIP REFER. didlogic's account manager has to enable it, and didlogic may
        allow it to your other didlogic numbers only.
    type: list
    elements: dict
    suboptions:
      number:
        description: Phone number to hand the call on to. Exactly one of this, O(destinations[].sip_uri) and
          O(destinations[].assistant_name) is needed.
        type: str
      sip_uri:
        description: SIP URI to hand the call on to. Over didlogic, C(sip:), the number with a leading C(+), C(@) and
          the gateway of the trunk.
        type: str
      assistant_name:
        description: Name of another assistant of the same squad that goes on with the call. The call does not leave
          Vapi, so only O(destinations[].message), O(destinations[].description) and O(destinations[].transfer_mode) go
          with it.
        type: str
        version_added: 1.0.0
      transfer_mode:
        description: What of the conversation O(destinations[].assistant_name) gets, in Vapi's words, for instance
          C(rolling-history).
        type: str
        version_added: 1.0.0
      message:
        description: What the caller hears before, as text or as Vapi's message object. An empty string is silence.
          Without it Vapi speaks a sentence of its own.
        type: raw
      description:
        description: What the destination is for, in words for the model.
        type: str
      caller_id:
        description: Caller ID to show, 40 characters at most. On a SIP URI it has an effect with
          O(destinations[].sip_verb=dial) only.
        type: str
      extension:
        description: Extension to dial behind O(destinations[].number), 1 to 10 characters.
        type: str
      number_e164_check_enabled:
        description: Whether O(destinations[].number) must be in E.164 form.
        type: bool
        default: true
      sip_headers:
        description: SIP headers to add to the REFER. Goes with O(destinations[].sip_uri) only.
        type: dict
      mode:
        description:
          - How the call is handed on, in Vapi's words.
          - Vapi documents most of the warm modes for Twilio only. Over a SIP trunk they are reported to end as a
            blind transfer.
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
          - How a SIP call is handed on. Vapi takes V(refer) if it is not given.
          - V(dial) keeps Vapi in the call and dials a second one, which needs no REFER at didlogic but pays for both.
            V(bye) hangs up and dials nothing.
        type: str
        choices: [refer, bye, dial]
      transfer_plan:
        description: Further keys of Vapi's C(transferPlan), in Vapi's camelCase, for instance C(dialTimeout) or
          C(fallbackPlan).
        type: dict
  parameters:
    description:
      - JSON schema of what the model gives when it calls the tool, Vapi's C(function.parameters). Vapi needs none. It
        is merged with what stands.
      - If it is not given, and the current one lists a destination that O(destinations) does not have any more under
        C(properties.destination), the list is brought up to date; otherwise the model would go on to offer it.
    type: dict
    version_added: 1.0.0
  messages:
    description: What the assistant says while the tool runs, as a list of Vapi's message objects. The list is
      replaced as a whole.
    type: list
    elements: dict
notes:
  - Name and description are sent as C(function.name) and C(function.description). Vapi's guides and answers have
    them, its published description of requests has not. If Vapi refuses them, its own words are shown.
  - That a call ended with C(assistant-forwarded-call) means that Vapi sent the REFER, not that the transfer
    succeeded.
seealso:
  - module: voiceops.vapi_didlogic.vapi_transfer_tool_info
  - module: voiceops.vapi_didlogic.vapi_assistant
  - name: Vapi's guide to didlogic
    description: What Vapi says of transfers over didlogic.
    link: https://docs.vapi.ai/advanced/sip/didlogic
"""

EXAMPLES = r"""
---
- name: Let the agent hand over
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

    - name: Transfer with a SIP REFER over didlogic, to one of two desks
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

- name: Remove the tool, also from the assistants that have it
  voiceops.vapi_didlogic.vapi_transfer_tool:
    api_key: "{{ vapi_api_key }}"
    name: transfer_to_front_desk
    state: absent
"""

RETURN = r"""
---
transfer_tool:
  description: The tool as it stands, or as it would stand in check mode. An empty dict with O(state=absent).
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
      description: When to use the tool, if it says so.
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
      description: JSON schema of what the model gives when it calls the tool, if there is one.
      type: dict
      sample:
        type: object
        properties:
          destination:
            type: string
            enum: [sip:+442079460123@sip.nl.didlogic.net]
    messages:
      description: What the assistant says while the tool runs, if anything is set.
      type: list
      elements: dict
    created_at:
      description: When the tool was created.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
    updated_at:
      description: When the tool was last changed.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL


def main() -> None:
    run(TRANSFER_TOOL)


if __name__ == "__main__":
    main()
