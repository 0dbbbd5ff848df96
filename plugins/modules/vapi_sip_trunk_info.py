#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_sip_trunk_info
short_description: Retrieve Vapi SIP trunks
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves the SIP trunks (Vapi credentials of type C(byo-sip-trunk)), either all of them or those that match the
    options.
  - Each item has the format of the options of M(voiceops.vapi_didlogic.vapi_sip_trunk). Passing it back to that module
    changes nothing. Passwords are never returned.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  name:
    description: Only trunks with this name.
    type: str
  id:
    description: Only the trunk with this id.
    type: str
seealso:
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
"""

EXAMPLES = r"""
---
- name: Read from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Read one trunk
      voiceops.vapi_didlogic.vapi_sip_trunk_info:
        name: didlogic
      register: found

    - name: Show the inbound URI of a number
      ansible.builtin.debug:
        msg: "{{ '31201234567' | voiceops.vapi_didlogic.vapi_sip_uri(found.sip_trunks[0].id) }}"

    - name: Read all trunks
      voiceops.vapi_didlogic.vapi_sip_trunk_info:
"""

RETURN = r"""
---
sip_trunks:
  description: The matching SIP trunks, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_sip_trunk#module:sip_trunk). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 11111111-1111-4111-8111-111111111111
      name: didlogic
      gateways:
        - ip: sip.nl.didlogic.net
          port: 5060
          netmask: 32
          inbound_enabled: false
          outbound_enabled: true
          outbound_protocol: udp
          options_ping_enabled: false
      username: "01234"
      created_at: "2026-01-02T03:04:05.678Z"
      updated_at: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK


def main() -> None:
    run_info(SIP_TRUNK)


if __name__ == "__main__":
    main()
