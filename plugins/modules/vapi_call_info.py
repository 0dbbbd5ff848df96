#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_call_info
short_description: Read the call log, with what each call ended by and what mends it
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Reads calls at Vapi, the newest first, and tells for each that is over how it went, why, and which option of this
    collection mends it.
  - With O(didlogic_api_key) each call also has what didlogic's call records say of it (RV(calls[].carrier)). Only so
    can a transfer that made a phone ring be told from one that was merely asked for.
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
    description: Only calls over this phone number, by its number, name or id.
    type: str
  created_after:
    description:
      - Only calls that were ordered or came in at this time or later, in ISO 8601 with a time zone.
      - Vapi keeps calls for a number of days that depends on the subscription, such as 14, and refuses an earlier time.
        The task then fails and returns RV(retention_start), the earliest time to give.
    type: str
  created_before:
    description: Only calls that were ordered or came in at this time or earlier, in the same form.
    type: str
  limit:
    description: How many calls at most, the newest first. 1 to 10000.
    type: int
    default: 100
  show_recording:
    description: Return the addresses of recordings. Whoever has one can listen, so they read V(hidden) otherwise.
    type: bool
    default: false
notes:
  - didlogic gives its records no id, so they are matched by numbers and time. A record that fits two calls goes to the
    one that is nearest in time.
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
    - name: Read today's calls, with didlogic's side of each
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
  description: The earliest O(created_after) that Vapi accepts, an hour inside the history that it keeps.
  returned: on failure, when O(created_after) is before Vapi's history
  type: str
  sample: "2026-01-17T09:00:00.000Z"
calls:
  description: The calls found, the newest first, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_call#module:call). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    other_carrier:
      description: The trunk or provider that carried the call. The diagnosis then holds no advice about didlogic.
      returned: if it is certainly not didlogic's
      type: str
    carrier:
      description: What didlogic recorded of the call, with the keys of
        RV(voiceops.vapi_didlogic.didlogic_call_info#module:calls). Empty if it recorded none.
      returned: if didlogic was asked
      type: dict
      contains:
        transfer_leg:
          description: Whether didlogic recorded a call to the human as well. Null if that can not be told.
          returned: if the caller was transferred
          type: bool
  sample:
    - id: 55555555-5555-4555-8555-555555555555
      direction: inbound
      status: ended
      outcome: failed
      phone_number: 22222222-2222-4222-8222-222222222222
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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.call_log import CALL_LOG


def main() -> None:
    run_info(CALL_LOG)


if __name__ == "__main__":
    main()
