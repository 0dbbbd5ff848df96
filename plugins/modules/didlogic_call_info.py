#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_call_info
short_description: Read didlogic's call records
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Reads the call detail records (CDR) of the didlogic account. They tell which phones didlogic really rang, what that
    cost, and over which SIP account.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  direction:
    description: Only calls that came in, or only calls that went out.
    type: str
    choices: [inbound, outbound]
  number:
    description: Only calls to this didlogic number, in quotes.
    type: str
  sip_account:
    description: Only calls that went out over the SIP account with this login, in quotes.
    type: str
  caller:
    description: Only calls from this number, in quotes.
    type: str
  callee:
    description: Only calls to this number, in quotes.
    type: str
  date_from:
    description: Only calls of this day and later, as V(YYYY-MM-DD). didlogic does not say in which time zone it counts.
    type: str
  date_to:
    description: Only calls of this day and earlier, in the same form.
    type: str
  missed:
    description: Only calls that nobody answered, or only those that somebody did.
    type: bool
  limit:
    description: How many records at most. didlogic counts no further than 5000.
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
    - name: Read which calls to the human went out today
      voiceops.vapi_didlogic.didlogic_call_info:
        direction: outbound
        callee: "31201234599"
        date_from: "{{ now(utc=true).strftime('%Y-%m-%d') }}"
      register: legs

    - name: Tell how many rang
      ansible.builtin.debug:
        msg: "{{ legs.calls | length }} calls to the human"
"""

RETURN = r"""
---
calls:
  description: The records found. An empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    timestamp:
      description: When the call began.
      returned: success
      type: str
    direction:
      description: V(inbound) or V(outbound).
      returned: if didlogic names one
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
      description: Seconds that the two were connected; V(0) if nobody answered.
      returned: success
      type: int
    amount:
      description: didlogic's price in US dollars.
      returned: success
      type: float
    destination_name:
      description: didlogic's word for where the call went.
      returned: if didlogic names one
      type: str
    sip_account:
      description: Login of the SIP account that the call went out over.
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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_info


def main() -> None:
    run_info(CALL)


if __name__ == "__main__":
    main()
