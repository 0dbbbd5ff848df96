#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_number_info
short_description: Retrieve didlogic numbers and their destinations
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves one or all numbers of the didlogic account, each with its destinations in the order in which they are
    tried.
  - A destination has the format of the options of M(voiceops.vapi_didlogic.didlogic_forward). Passing it back to that
    module changes nothing, except if a label is shown as V(hidden).
  - Numbers are purchased and released in didlogic's portal. This collection does neither, because both cost money and
    cannot be undone.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  number:
    description: Only this number. Quote it. A leading C(+) is ignored.
    type: str
  vapi_trunk_ids:
    description:
      - Trunk ids that may be shown in results. In any other destination at a Vapi host, the first label of the host is
        shown as V(hidden), because it may be a private key.
    type: list
    elements: str
notes:
  - didlogic does not document the order of destinations. It is inferred as lowest C(priority) first, then the oldest.
seealso:
  - module: voiceops.vapi_didlogic.didlogic_forward
  - module: voiceops.vapi_didlogic.didlogic_forwards
"""

EXAMPLES = r"""
---
- name: Read from didlogic
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Read one number
      voiceops.vapi_didlogic.didlogic_number_info:
        number: "31201234567"
        vapi_trunk_ids:
          - "{{ vapi_trunk_id }}"
      register: found

    - name: Show the first active destination
      ansible.builtin.debug:
        msg: "{{ (found.numbers[0].destinations | selectattr('active') | first).destination | default('none') }}"

    - name: Read all numbers
      voiceops.vapi_didlogic.didlogic_number_info:
      register: all

    - name: List the numbers without any destination
      ansible.builtin.debug:
        msg: "{{ all.numbers | rejectattr('destinations') | map(attribute='number') }}"
"""

RETURN = r"""
---
numbers:
  description: The matching numbers. An empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    number:
      description: The number, digits only.
      type: str
      sample: "31201234567"
    country:
      description: Country of the number.
      type: str
      sample: Netherlands
    area:
      description: Area of the number.
      type: str
      sample: Amsterdam
    channels:
      description: Maximum number of concurrent calls.
      type: int
      sample: 2
    codec:
      description: Audio codec of the number.
      type: str
      sample: G711
    monthly_fee:
      description: Monthly fee.
      type: float
      sample: 0.99
    per_minute:
      description: Price of an inbound minute.
      type: float
      sample: 0.001
    free_minutes:
      description: Number of free inbound minutes.
      type: int
      sample: 0
    activation:
      description: Activation fee.
      type: float
      sample: 0.0
    check_state:
      description: Status of didlogic's document check for the number, as didlogic provides it.
      type: str
      sample: checked
    destinations:
      description: The destinations of calls in order, including inactive ones. Each has the keys of
        RV(voiceops.vapi_didlogic.didlogic_forward#module:destinations).
      type: list
      elements: dict
      sample:
        - id: "1003"
          number: "31201234567"
          destination: 31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
          kind: sip_uri
          priority: 1
          active: true
          call_hunt: false
          position: first
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.number import NUMBER


def main() -> None:
    run_info(NUMBER)


if __name__ == "__main__":
    main()
