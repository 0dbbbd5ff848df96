#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_call_info
short_description: Retrieve didlogic call records
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves the call detail records (CDR) of the didlogic account. They show which calls didlogic placed, what they
    cost, and which SIP account they used.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  direction:
    description: Only inbound calls, or only outbound calls.
    type: str
    choices: [inbound, outbound]
  number:
    description: Only calls to this didlogic number. Quote it.
    type: str
  sip_account:
    description: Only outbound calls of the SIP account with this login. Quote it.
    type: str
  caller:
    description: Only calls from this number. Quote it.
    type: str
  callee:
    description: Only calls to this number. Quote it.
    type: str
  date_from:
    description: Only calls on or after this day, as V(YYYY-MM-DD). didlogic does not document the time zone.
    type: str
  date_to:
    description: Only calls on or before this day, in the same format.
    type: str
  missed:
    description: V(true) for unanswered calls only, V(false) for answered calls only.
    type: bool
  limit:
    description: Maximum number of records. didlogic returns at most 5000.
    type: int
    default: 1000
seealso:
  - module: voiceops.vapi_didlogic.vapi_call_info
"""

EXAMPLES = r"""
---
- name: Read from didlogic
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Retrieve today's outbound calls to the front desk
      voiceops.vapi_didlogic.didlogic_call_info:
        direction: outbound
        callee: "31201234599"
        date_from: "{{ now(utc=true).strftime('%Y-%m-%d') }}"
      register: legs

    - name: Show the number of calls
      ansible.builtin.debug:
        msg: "{{ legs.calls | length }} calls to the front desk"
"""

RETURN = r"""
---
calls:
  description: The matching records. An empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    timestamp:
      description: Start of the call.
      returned: success
      type: str
    direction:
      description: V(inbound) or V(outbound).
      returned: if didlogic provides it
      type: str
    caller:
      description: The calling number, digits only.
      returned: success
      type: str
    callee:
      description: The called number, digits only.
      returned: success
      type: str
    duration:
      description: Duration of the connected call in seconds; V(0) if it was not answered.
      returned: success
      type: int
    amount:
      description: Price charged by didlogic, in US dollars.
      returned: success
      type: float
    destination_name:
      description: Name of the destination, as didlogic provides it.
      returned: if didlogic provides it
      type: str
    sip_account:
      description: Login of the SIP account that the call used.
      returned: for outbound calls
      type: str
  sample:
    - timestamp: "2026-01-02T03:04:05Z"
      direction: outbound
      caller: "31201234567"
      callee: "31201234599"
      duration: 42
      amount: 0.02
      destination_name: Netherlands
      sip_account: "01234"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import CALL


def main() -> None:
    run_info(CALL)


if __name__ == "__main__":
    main()
