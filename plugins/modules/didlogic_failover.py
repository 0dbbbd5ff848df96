#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_failover
short_description: Bypass Vapi for calls to didlogic numbers during an outage
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - With O(state=active), disables the destinations at Vapi's SIP host, so that calls use the next active destination of
    the number. With O(state=inactive), enables exactly these destinations again.
  - Requires only didlogic's API, so it works while Vapi does not respond. One task processes any number of numbers,
    with two requests for each.
  - What is changed is written to a file, O(record), before the first change. O(state=inactive) restores from it, also
    after an interrupted run.
  - A number without another active destination is left as it is, because calls to it would fail. A destination of a
    kind that the collection does not know is never changed and does not count as another destination. Neither does the
    number itself. Whether another destination answers is not checked.
  - If a number fails, the others are still processed. The task then fails and lists each failure in RV(failures).
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes
options:
  state:
    description:
      - V(active) bypasses Vapi. A second run adds further numbers and destinations to O(record).
      - V(inactive) restores what O(record) contains. What was changed meanwhile is not touched; the number is returned
        with the action V(conflict), remains in O(record), and the task fails after all numbers were processed.
    type: str
    required: true
    choices: [active, inactive]
  numbers:
    description:
      - The numbers with their country code. Quote them. A leading C(+) is removed.
      - By default, V(active) processes every number of the account that has an active destination at Vapi's SIP host,
        and V(inactive) every number in O(record).
    type: list
    elements: str
  record:
    description:
      - Path of a JSON file with what was changed, which has mode 0600 and is replaced atomically. It contains ids and
        keyed digests, and neither addresses nor keys.
      - A task that runs on the controller can use a relative path, which starts in the working directory of Ansible. If
        the play has several hosts, the name of the host is added before the extension.
      - The file must be kept until O(state=inactive) has restored everything; then it is removed. An empty or invalid
        file is an error and is not changed.
      - Runs with the same file exclude each other by a hidden lock file next to it. Not written in check mode.
    type: str
    required: true
  fallback:
    description:
      - SIP URI, phone number or SIP account that is appended to a number without another active destination, and
        removed again by O(state=inactive). It is read back before the destination at Vapi is disabled.
      - It must not be at Vapi.
    type: str
  allow_unprotected:
    description: Whether the task succeeds although a number has no other active destination.
    type: bool
    default: false
  concurrency:
    description:
      - 'Maximum number of concurrent requests: V(auto), or V(1) to V(32).'
      - With V(auto) it starts at 8, grows up to 32 while the service answers as fast as before, and is halved when a
        request is rate-limited (429) or has no response.
    type: str
    default: '32'
notes:
  - A change of O(ignore:call_hunt) of a destination in the seconds between reading and disabling it may be reverted.
seealso:
  - module: voiceops.vapi_didlogic.didlogic_forward
  - module: voiceops.vapi_didlogic.didlogic_number_info
  - module: voiceops.vapi_didlogic.routing_audit
  - ref: ansible_collections.voiceops.vapi_didlogic.docsite.when_vapi_is_down
    description: When Vapi is down
"""

EXAMPLES = r"""
---
- name: Show which numbers would be switched, and which would not be answered
  voiceops.vapi_didlogic.didlogic_failover:
    api_key: "{{ didlogic_api_key }}"
    state: active
    record: /var/lib/voiceops/failover.json
  check_mode: true
  diff: true

- name: Bypass Vapi for all numbers, with a phone for those that have no other destination
  voiceops.vapi_didlogic.didlogic_failover:
    api_key: "{{ didlogic_api_key }}"
    state: active
    record: /var/lib/voiceops/failover.json
    fallback: "31207654321"

- name: Bypass Vapi for two numbers
  voiceops.vapi_didlogic.didlogic_failover:
    api_key: "{{ didlogic_api_key }}"
    state: active
    numbers: ["31201234567", "442079460123"]
    record: /var/lib/voiceops/failover.json

- name: Forward the calls to Vapi again
  voiceops.vapi_didlogic.didlogic_failover:
    api_key: "{{ didlogic_api_key }}"
    state: inactive
    record: /var/lib/voiceops/failover.json
"""

RETURN = r"""
---
numbers:
  description: The processed numbers, except failed ones. Predicted in check mode.
  returned: once all numbers were processed, also on failure
  type: list
  elements: dict
  contains:
    number:
      description: The number, digits only.
      type: str
      sample: "31201234567"
    action:
      description:
        - V(switched) if destinations were disabled or enabled.
        - V(unprotected) if the number has no other active destination and was not changed.
        - V(unchanged) if there was nothing to do.
        - V(conflict) if its destinations were changed meanwhile, so that they were not restored.
      type: str
      sample: switched
    destinations:
      description: All destinations in the order in which calls use them, with the keys of
        RV(voiceops.vapi_didlogic.didlogic_forward#module:forward). The label before Vapi's SIP host is hidden.
      type: list
      elements: dict
  sample:
    - number: "31201234567"
      action: switched
      destinations:
        - id: "1003"
          number: "31201234567"
          destination: 31201234567@hidden.sip.vapi.ai
          kind: sip_uri
          priority: 1
          active: false
          call_hunt: false
          position: any
        - id: "1004"
          number: "31201234567"
          destination: "31207654321"
          kind: pstn
          priority: 2
          active: true
          call_hunt: false
          position: first
summary:
  description: Number of numbers by action. Predicted values in check mode.
  returned: once all numbers were processed, also on failure
  type: dict
  contains:
    switched:
      description: Number of numbers that were switched.
      type: int
      sample: 997
    unprotected:
      description: Number of numbers without another active destination.
      type: int
      sample: 2
    unchanged:
      description: Number of numbers for which there was nothing to do.
      type: int
      sample: 0
    conflict:
      description: Number of numbers that were not restored because they were changed meanwhile.
      type: int
      sample: 0
    failed:
      description: Number of numbers that failed.
      type: int
      sample: 1
record:
  description: The path of the file with what was changed.
  returned: once all numbers were processed, also on failure
  type: str
  sample: /var/lib/voiceops/failover.json
failures:
  description: The numbers that failed.
  returned: when a number failed
  type: list
  elements: dict
  contains:
    item:
      description: The number.
      type: str
      sample: "442079460125"
    message:
      description: The error message.
      type: str
      sample: "442079460125 is not a number of this didlogic account: numbers are bought in didlogic's portal."
changes:
  description: Numbers whose destinations were changed, for programs; in check mode those that would be. Without
    secrets.
  returned: once all numbers were processed, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(forward).
      type: str
    name:
      description: The number.
      type: str
    action:
      description: V(update).
      type: str
    before:
      description: The destinations before the change.
      type: dict
    after:
      description: The destinations after the change.
      type: dict
  sample:
    - kind: forward
      name: "31201234567"
      action: update
      before:
        destinations:
          - destination: 31201234567@hidden.sip.vapi.ai
            kind: sip_uri
            active: true
            call_hunt: false
          - destination: "31207654321"
            kind: pstn
            active: true
            call_hunt: false
      after:
        destinations:
          - destination: 31201234567@hidden.sip.vapi.ai
            kind: sip_uri
            active: false
            call_hunt: false
          - destination: "31207654321"
            kind: pstn
            active: true
            call_hunt: false
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_operation
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.failover_record import check, work
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.failover import FailoverOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER


def main() -> None:
    run_operation(CARRIER.provider, FailoverOptions, check, work)


if __name__ == "__main__":
    main()
