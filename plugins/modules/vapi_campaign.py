#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_campaign
short_description: Have a Vapi assistant call many people
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Starts a campaign, in which Vapi calls each of a list of contacts, or cancels one. Without O(schedule_at) the phones
    ring at once, and every call costs money at both services.
  - All contacts are looked at before anything is sent, and every wrong row is reported with its line. Nothing is sent
    if one is wrong, unless O(skip_invalid) is set.
  - A campaign is identified by its name. A second run with the same name and the same contacts changes nothing. What
    has been started can not be changed, so other contacts under the same name are refused.
  - The request that starts a campaign leaves the machine once at most. Where its answer is lost, the module looks for
    the name in Vapi's list.
  - Several hosts, the attempts of C(until), and several runs on one controller start one campaign of a name. Where two
    controllers have started one at the same moment, the later one is cancelled, and both return the first.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._outbound
  - voiceops.vapi_didlogic._attributes.event
attributes:
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: full
options:
  name:
    description:
      - The campaign's name. It identifies the campaign.
    type: str
    required: true
  id:
    description:
      - The campaign's id, to pick one of several campaigns of the same name.
    type: str
  phone_number:
    description:
      - The phone number at Vapi that calls and is shown to the called, by its number, name or id. Needed to start.
    type: str
  customers:
    description:
      - The contacts. One of O(customers) and O(csv) is needed to start.
    type: list
    elements: dict
    suboptions:
      number:
        description:
          - The number in E.164 form, in quotes, such as V(+31201234567). One of O(customers[].number) and
            O(customers[].sip_uri) is needed.
        type: str
      sip_uri:
        description:
          - A SIP address instead of a number.
        type: str
      name:
        description:
          - The contact's name. 40 characters at most.
        type: str
      extension:
        description:
          - Digits to dial after the number has answered. 10 at most.
        type: str
      variables:
        description:
          - Values for the variables in the assistant's texts, for this contact.
        type: dict
  csv:
    description:
      - A file with the contacts, on the host that runs the task. Comma separated, UTF-8, with a header.
      - The column C(number) is needed, the column C(name) may be there. Every other column is a variable for the
        assistant's texts and has the header's very name.
    type: str
  skip_invalid:
    description:
      - Leave wrong rows out, with a warning, instead of sending nothing.
    type: bool
    default: false
  split:
    description:
      - Make several campaigns of more than 10,000 contacts, named C(<name> (1/3)) and so on. They run side by side and
        share O(max_concurrency).
    type: bool
    default: false
  max_concurrency:
    description:
      - Calls at once, 1 to 500. Without it as many as the account has lines for, 10 at most.
    type: int
  account_concurrency:
    description:
      - Calls at once that the Vapi account may make and take, inbound ones included. Vapi's dashboard shows it under
        billing; its API tells it only in the answer to a call.
    type: int
    default: 10
  reserve_for_inbound:
    description:
      - Lines of O(account_concurrency) that the campaign leaves free, so that callers still get through.
    type: int
    default: 0
  expected_call_seconds:
    description:
      - How long a call takes on average, for the estimate in RV(campaign.estimate).
    type: int
    default: 60
  wait:
    description:
      - Wait until the campaign is over, and show on the terminal how it goes on.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait for the end. Then the task fails; the campaign goes on.
    type: int
    default: 3600
  state:
    description:
      - V(present) starts the campaign if there is none of the name. V(absent) cancels it, all of its parts if it was
        split; calls under way go on.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: voiceops.vapi_didlogic.vapi_campaign_info
  - module: voiceops.vapi_didlogic.vapi_call
  - module: voiceops.vapi_didlogic.vapi_call_info
"""

EXAMPLES = r"""
---
- name: Call many
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Look at the file and at what would be sent; nobody is called
      voiceops.vapi_didlogic.vapi_campaign:
        name: Renewal January
        assistant: Renewal
        phone_number: "31201234567"
        csv: "{{ playbook_dir }}/renewal.csv"
        split: true
        max_concurrency: 20
        account_concurrency: 25
        reserve_for_inbound: 5
      check_mode: true
      register: plan

    - name: Show the counts
      ansible.builtin.debug:
        msg: "{{ plan.campaign.contacts }} contacts, about {{ plan.campaign.estimate.seconds // 60 }} minutes"

    - name: Start tomorrow morning
      voiceops.vapi_didlogic.vapi_campaign:
        name: Renewal January
        assistant: Renewal
        phone_number: "31201234567"
        csv: "{{ playbook_dir }}/renewal.csv"
        schedule_at: "2026-01-31T09:00:00+01:00"
        schedule_until: "2026-01-31T17:00:00+01:00"

    - name: Stop it
      voiceops.vapi_didlogic.vapi_campaign:
        name: Renewal January
        state: absent
"""

RETURN = r"""
---
outcome_unknown:
  description: Whether the campaign may have been started all the same. Then it is not sent again; look for it.
  returned: on failure after the request was to be sent
  type: bool
campaign:
  description: The campaign; an empty dict if it is absent and never was there. Numbers of a split one are those of all
    its parts.
  returned: success
  type: dict
  contains:
    id:
      description: The campaign's id at Vapi; of a split one that of its first part.
      returned: success
      type: str
    name:
      description: The campaign's name, without the number of a part.
      returned: success
      type: str
    status:
      description: V(scheduled), V(in-progress), V(ended), V(cancelled) or V(archived).
      returned: if it stands
      type: str
    ended_reason:
      description: Vapi's word for why it ended.
      returned: if it is over
      type: str
    assistant:
      description: Id of the assistant. Likewise RV(campaign.squad) and RV(campaign.workflow).
      returned: if an assistant speaks
      type: str
    squad:
      description: Id of the squad.
      returned: if a squad speaks
      type: str
    workflow:
      description: Id of the workflow.
      returned: if a workflow speaks
      type: str
    phone_number:
      description: Id of the phone number.
      returned: success
      type: str
    schedule_at:
      description: The time from which on Vapi calls. Likewise RV(campaign.schedule_until).
      returned: if it is scheduled
      type: str
    schedule_until:
      description: The time until which Vapi calls.
      returned: if it was given
      type: str
    max_concurrency:
      description: Calls at once, of each part.
      returned: success
      type: int
    contacts:
      description: How many are called.
      returned: success
      type: int
    left_out:
      description: Rows that were wrong and are not called.
      returned: if contacts were given
      type: int
    counts:
      description: How far it is, with C(scheduled), C(queued), C(in_progress), C(ended) and C(voicemail).
      returned: if it stands
      type: dict
    estimate:
      description: How long it may take, with C(calls_at_once) and C(seconds).
      returned: if contacts were given
      type: dict
    batches:
      description: The parts, each with C(id), C(name), C(status), C(contacts) and C(counts).
      returned: success
      type: list
      elements: dict
    created_at:
      description: When it was made.
      returned: if it stands
      type: str
    updated_at:
      description: When it last changed.
      returned: if it stands
      type: str
  sample:
    id: 66666666-6666-4666-8666-666666666666
    name: Renewal January
    status: in-progress
    assistant: 33333333-3333-4333-8333-333333333333
    phone_number: 22222222-2222-4222-8222-222222222222
    max_concurrency: 10
    contacts: 250
    left_out: 0
    counts:
      scheduled: 250
      queued: 0
      in_progress: 10
      ended: 40
      voicemail: 3
    estimate:
      calls_at_once: 10
      seconds: 1500
    batches:
      - id: 66666666-6666-4666-8666-666666666666
        name: Renewal January
        status: in-progress
        contacts: 250
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN


def main() -> None:
    run(CAMPAIGN)


if __name__ == "__main__":
    main()
