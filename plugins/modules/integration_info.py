#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: integration_info
short_description: Retrieve the current environments in a declarable format
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Reads both accounts and returns an environment for each SIP trunk in Vapi, with its numbers, their assistants and
    transfer tools. It has the format of the options of M(voiceops.vapi_didlogic.integration). Passing it back to that
    module changes nothing.
  - C(notes) describes settings that these options cannot express.
  - Passwords are never returned, because neither service returns them. An existing trunk does not require its password
    again.
  - The playbook C(voiceops.vapi_didlogic.export) writes the environment to a variables file for the role, with the
    filter P(voiceops.vapi_didlogic.vars_file#filter).
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
      - Whether to include the assistants and the transfer tools. With V(false), numbers refer to assistants that are
        managed elsewhere.
    type: bool
    default: true
seealso:
  - module: voiceops.vapi_didlogic.integration
"""

EXAMPLES = r"""
---
- name: Read the current environment
  voiceops.vapi_didlogic.integration_info:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    trunk: didlogic NL
  register: live

- name: Show the numbers and their assistants
  ansible.builtin.debug:
    msg: "{{ live.environments[0].numbers }}"
"""

RETURN = r"""
---
environments:
  description: One environment for each trunk.
  returned: success
  type: list
  elements: dict
  contains:
    trunk:
      description: The trunk, as the option O(voiceops.vapi_didlogic.integration#module:trunk).
      type: dict
    transfer_tools:
      description: As the option O(voiceops.vapi_didlogic.integration#module:transfer_tools). Omitted if there are none.
      type: list
      elements: dict
    assistants:
      description: As the option O(voiceops.vapi_didlogic.integration#module:assistants). Omitted if there are none.
      type: list
      elements: dict
    numbers:
      description: As the option O(voiceops.vapi_didlogic.integration#module:numbers).
      type: list
      elements: dict
    number_format:
      description: As the option O(voiceops.vapi_didlogic.integration#module:number_format).
      type: str
    allow_unconfirmed_refer:
      description: V(true) if there are transfer tools, because no API returns whether SIP REFER is enabled.
      type: bool
    region:
      description: Region of the Vapi organisation.
      type: str
    notes:
      description: Settings that the options cannot express, and changes that applying them would make.
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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import SERVICES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.export import ExportOptions, find


def main() -> None:
    run_across(SERVICES, ExportOptions, find)


if __name__ == "__main__":
    main()
