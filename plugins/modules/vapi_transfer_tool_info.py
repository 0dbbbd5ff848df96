#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_transfer_tool_info
short_description: Retrieve Vapi transfer tools
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves the transfer tools of the organisation (Vapi tools of type C(transferCall)), either all of them or those
    that match the options. Other tools are omitted.
  - Each item has the format of the options of M(voiceops.vapi_didlogic.vapi_transfer_tool). Passing it back to that
    module changes nothing.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  name:
    description: Only tools with this function name.
    type: str
  id:
    description: Only the tool with this id.
    type: str
seealso:
  - module: voiceops.vapi_didlogic.vapi_transfer_tool
"""

EXAMPLES = r"""
---
- name: Read from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Read one tool
      voiceops.vapi_didlogic.vapi_transfer_tool_info:
        name: transfer_to_front_desk
      register: found

    - name: Show its destinations
      ansible.builtin.debug:
        var: found.transfer_tools[0].destinations

    - name: Read all transfer tools
      voiceops.vapi_didlogic.vapi_transfer_tool_info:
"""

RETURN = r"""
---
transfer_tools:
  description: The matching transfer tools, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_transfer_tool#module:transfer_tool). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 44444444-4444-4444-8444-444444444444
      name: transfer_to_front_desk
      description: Use this when the caller asks for a human.
      destinations:
        - number: "+442079460123"
          message: I will put you through to the front desk.
          number_e164_check_enabled: true
          mode: blind-transfer
      created_at: "2026-01-02T03:04:05.678Z"
      updated_at: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL


def main() -> None:
    run_info(TRANSFER_TOOL)


if __name__ == "__main__":
    main()
