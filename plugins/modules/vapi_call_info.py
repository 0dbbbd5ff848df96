#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_call_info
short_description: Retrieve call logs with the cause of each failure and how to fix it
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves calls from Vapi, the newest first. Each ended call has its outcome, the cause, and the option of this
    collection that fixes a failure.
  - With O(didlogic_api_key), each call also has the matching didlogic call record (RV(calls[].carrier)). Only that
    record shows whether a requested transfer was actually placed.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._beside
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  id:
    description: Only the call with this id.
    type: str
  assistant:
    description: Only calls of this assistant, by name or id.
    type: str
  phone_number:
    description: Only calls of this phone number, by number, name or id.
    type: str
  created_after:
    description:
      - Only calls that were requested or arrived at this time or later, in ISO 8601 with a time zone.
      - Vapi keeps calls for a number of days that depends on the subscription, such as 14, and rejects an earlier time.
        The task then fails and returns RV(retention_start), the earliest accepted time.
    type: str
  created_before:
    description: Only calls that were requested or arrived at this time or earlier, in the same format.
    type: str
  limit:
    description: Maximum number of calls, the newest first, V(1) to V(10000).
    type: int
    default: 100
  show_recording:
    description: Whether to return the URLs of recordings. Anyone with a URL can listen to it, so they are shown as
      V(hidden) otherwise.
    type: bool
    default: false
notes:
  - didlogic records have no call id, so they are matched by numbers and time. A record that matches two calls is
    assigned to the one that is closer in time, and marked as ambiguous.
seealso:
  - module: voiceops.vapi_didlogic.vapi_call
  - module: voiceops.vapi_didlogic.didlogic_call_info
"""

EXAMPLES = r"""
---
- name: Read from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Read today's calls with their didlogic records
      voiceops.vapi_didlogic.vapi_call_info:
        created_after: "{{ now(utc=true).strftime('%Y-%m-%dT00:00:00Z') }}"
        didlogic_api_key: "{{ didlogic_api_key }}"
        limit: 1000
      register: log

    - name: Show why calls failed
      ansible.builtin.debug:
        msg: "{{ item.diagnosis.cause }} {{ item.diagnosis.fix | default('') }}"
      loop: "{{ log.calls | selectattr('outcome', 'equalto', 'failed') }}"
      loop_control:
        label: "{{ item.id }}"
"""

RETURN = r"""
---
retention_start:
  description: The earliest O(created_after) that Vapi accepts, plus a margin of one hour.
  returned: on failure, when O(created_after) is before Vapi's retention period
  type: str
  sample: "2026-01-17T09:00:00.000Z"
calls:
  description: The matching calls, the newest first, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_call#module:call). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    other_carrier:
      description: The trunk or provider that carried the call. The diagnosis then contains no advice about didlogic.
      returned: if the call was certainly not carried by didlogic
      type: str
    carrier:
      description: The didlogic record of the call, with the keys of
        RV(voiceops.vapi_didlogic.didlogic_call_info#module:calls). Empty if there is none.
      returned: if didlogic was read
      type: dict
      contains:
        transfer_leg:
          description: Whether didlogic also recorded a call to the transfer destination. V(null) if that is unknown.
          returned: if the caller was transferred
          type: bool
        transfer_amount:
          description: Price of the call to the transfer destination, in US dollars.
          returned: if didlogic recorded it
          type: float
        ambiguous:
          description: Whether another call or record fits as well, so that this may be the record of another call.
          returned: if that is the case
          type: bool
  sample:
    - id: 55555555-5555-4555-8555-555555555555
      direction: inbound
      status: ended
      outcome: failed
      phone_number: 22222222-2222-4222-8222-222222222222
      phone_number_name: "31201234567"
      customer:
        number: "+31201234599"
      created_at: "2026-01-02T03:04:05.678Z"
      ended_at: "2026-01-02T03:04:06.678Z"
      ended_reason: call.start.error-get-assistant
      transfers: []
      diagnosis:
        cause: The phone number's assistant does not exist.
        fix: "Assign one that exists (vapi_phone_number: assistant)."
        area: assistant
        option: vapi_phone_number.assistant
      carrier:
        timestamp: "2026-01-02T03:04:05Z"
        direction: inbound
        caller: "31201234599"
        callee: "31201234567"
        duration: 0
        amount: 0.0
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log import CALL_LOG


def main() -> None:
    run_info(CALL_LOG)


if __name__ == "__main__":
    main()
