#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_squad_info
short_description: Retrieve Vapi squads
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves the squads of the organisation, either all of them or those that match the options.
  - Each item has the format of the options of M(voiceops.vapi_didlogic.vapi_squad). Assistants are returned as ids with
    their names. Passing it back to that module changes nothing. Secrets are shown as V(hidden).
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  name:
    description: Only squads with this name.
    type: str
  id:
    description: Only the squad with this id.
    type: str
seealso:
  - module: voiceops.vapi_didlogic.vapi_squad
"""

EXAMPLES = r"""
---
- name: Read from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Read one squad
      voiceops.vapi_didlogic.vapi_squad_info:
        name: Front office
      register: found

    - name: Show its assistants
      ansible.builtin.debug:
        msg: "{{ found.squads[0].members | map(attribute='assistant_name') }}"

    - name: Read all squads
      voiceops.vapi_didlogic.vapi_squad_info:
"""

RETURN = r"""
---
squads:
  description: The matching squads, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_squad#module:squad). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 55555555-5555-4555-8555-555555555555
      name: Front office
      members:
        - assistant: 33333333-3333-4333-8333-333333333333
          assistant_name: Reception
        - assistant: 33333333-3333-4333-8333-444444444444
          assistant_name: Sales
      created_at: "2026-01-02T03:04:05.678Z"
      updated_at: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD


def main() -> None:
    run_info(SQUAD)


if __name__ == "__main__":
    main()
