#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_campaign_info
short_description: Retrieve Vapi campaigns and their progress
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves campaigns with their call counts. The contacts are not returned. Use
    M(voiceops.vapi_didlogic.vapi_call_info) for the calls.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  name:
    description: Only campaigns with this name, including the parts of a split campaign.
    type: str
  id:
    description: Only the campaign with this id.
    type: str
seealso:
  - module: voiceops.vapi_didlogic.vapi_campaign
  - module: voiceops.vapi_didlogic.vapi_call_info
"""

EXAMPLES = r"""
---
- name: Read from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Wait until all parts have ended
      voiceops.vapi_didlogic.vapi_campaign_info:
        name: Renewal January
      register: found
      until: found.campaigns | rejectattr('status', 'in', ['ended', 'cancelled']) | length == 0
      retries: 60
      delay: 60
"""

RETURN = r"""
---
campaigns:
  description: The matching campaigns, each with the keys of RV(voiceops.vapi_didlogic.vapi_campaign#module:campaign)
    except those that are derived from the contacts. An empty list if there are none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 66666666-6666-4666-8666-666666666666
      name: Renewal January
      status: in-progress
      assistant: 33333333-3333-4333-8333-333333333333
      assistant_name: Reception
      phone_number: 22222222-2222-4222-8222-222222222222
      phone_number_name: "31201234567"
      max_concurrency: 10
      contacts: 250
      counts:
        scheduled: 250
        queued: 0
        in_progress: 10
        ended: 40
        voicemail: 3
      created_at: "2026-01-02T03:04:05.678Z"
      updated_at: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN


def main() -> None:
    run_info(CAMPAIGN)


if __name__ == "__main__":
    main()
