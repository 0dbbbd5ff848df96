#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: wiring_info
short_description: Read what is live as environments that could be declared
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Reads both accounts and returns an environment for each SIP trunk at Vapi, with the numbers on it, who answers them,
    and their transfer tools, in the options of M(voiceops.vapi_didlogic.wiring). Given back, it changes nothing.
  - What these options cannot say is told in notes.
  - Passwords are never part of it, as no service shows them. A trunk that stands does not need its password again.
  - The playbook C(voiceops.vapi_didlogic.export) writes it as a file of variables for the role, by the filter
    P(voiceops.vapi_didlogic.vars_file#filter).
extends_documentation_fragment:
  - voiceops.vapi_didlogic._across
  - voiceops.vapi_didlogic._attributes.across
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  trunk:
    description: Only the trunk with this name or id.
    type: str
  definitions:
    description:
      - Whether the assistants and the transfer tools are part of it. With V(false) numbers name assistants that are
        made elsewhere.
    type: bool
    default: true
seealso:
  - module: voiceops.vapi_didlogic.wiring
"""

EXAMPLES = r"""
---
- name: Read what is live
  voiceops.vapi_didlogic.wiring_info:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    trunk: didlogic NL
  register: live

- name: Show the numbers and who answers
  ansible.builtin.debug:
    msg: "{{ live.environments[0].numbers }}"
"""

RETURN = r"""
---
environments:
  description: One for each trunk.
  returned: success
  type: list
  elements: dict
  contains:
    trunk:
      description: As the option of M(voiceops.vapi_didlogic.wiring).
      type: dict
    transfer_tools:
      description: As the option. Left out where there are none.
      type: list
      elements: dict
    assistants:
      description: As the option. Left out where there are none.
      type: list
      elements: dict
    numbers:
      description: As the option.
      type: list
      elements: dict
    number_format:
      description: As the option.
      type: str
    allow_unconfirmed_refer:
      description: V(true) where there are transfer tools, since no API tells whether SIP REFER is enabled.
      type: bool
    region:
      description: Vapi's region.
      type: str
    notes:
      description: What the options cannot say, and what applying them would change.
      type: list
      elements: str
  sample:
    - trunk:
        name: didlogic NL
        gateway: sip.nl.didlogic.net
        username: "01234"
        inbound_networks: [192.0.2.0/28]
      assistants:
        - name: Reception
          definition:
            firstMessage: Good day, how may I help?
      numbers:
        - number: "31201234567"
          assistant: Reception
      number_format: digits
      region: us
      notes: []
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.export import Ask, find
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.wiring import SERVICES


def main() -> None:
    run_across(SERVICES, Ask, find)


if __name__ == "__main__":
    main()
