#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_campaign
short_description: Manage an outbound call campaign in Vapi
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Starts a campaign, in which Vapi calls each of a list of contacts, or cancels one. Without O(schedule_at), calls are
    placed immediately. Both services charge for every call.
  - All contacts are validated before anything is sent, and every invalid row is reported with its line. If a row is
    invalid, nothing is sent unless O(skip_invalid=true). The same applies to contacts that must not be called according
    to O(do_not_call) or O(calling_hours).
  - A campaign is identified by its name. A second run with the same name and the same contacts changes nothing. A
    started campaign cannot be changed, so different contacts under the same name are rejected.
  - The request that starts a campaign is sent at most once. If the response is lost, the module searches Vapi's list of
    campaigns for the name.
  - Several hosts, retries with C(until), and several runs on one controller start only one campaign with a name. If two
    controllers start one concurrently, the later one is cancelled, and both return the first.
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
      - Name of the campaign. It identifies the campaign.
    type: str
    required: true
  id:
    description:
      - Id of the campaign, to select one of several with the same name.
    type: str
  phone_number:
    description:
      - The phone number in Vapi that places the calls and is presented as caller ID, by number, name or id. Required to
        start.
    type: str
  customers:
    description:
      - The contacts. One of O(customers) and O(csv) is required to start.
    type: list
    elements: dict
    suboptions:
      number:
        description:
          - The number in E.164 format, such as V(+31201234567), or as O(normalize) and O(default_country) allow. Quote
            it. One of O(customers[].number) and O(customers[].sip_uri) is required.
        type: str
      sip_uri:
        description:
          - A SIP URI instead of a number.
        type: str
      name:
        description:
          - Name of the contact, at most 40 characters.
        type: str
      extension:
        description:
          - Digits to dial after the call is answered, at most 10.
        type: str
      variables:
        description:
          - Values for the variables in the assistant's prompts and messages, for this contact.
        type: dict
  csv:
    description:
      - Path of a CSV file with the contacts, on the host that runs the task. It must be comma-separated, encoded as
        UTF-8, and have a header row.
      - The column C(number) is required, the column C(name) is optional. Every other column is a variable for the
        assistant's prompts and messages, with the column name as its name.
    type: str
  skip_invalid:
    description:
      - Whether to skip invalid rows, and contacts that O(do_not_call) or O(calling_hours) exclude, with a warning,
        instead of sending nothing.
    type: bool
    default: false
  split:
    description:
      - Whether to split more than 10,000 contacts into several campaigns, named C(<name> (1/3)) and so on. They run
        concurrently and share O(max_concurrency).
    type: bool
    default: false
  max_concurrency:
    description:
      - Maximum number of concurrent calls, V(1) to V(500). Defaults to the concurrency available in the account, at
        most 10.
    type: int
  account_concurrency:
    description:
      - Maximum number of concurrent calls of the Vapi account, including inbound calls. Vapi's dashboard shows it under
        billing. Its API returns it only in the response to a call.
    type: int
    default: 10
  reserve_for_inbound:
    description:
      - Number of calls of O(account_concurrency) to reserve for inbound calls.
    type: int
    default: 0
  wait:
    description:
      - Wait until the campaign has ended, and show its progress on the terminal.
    type: bool
    default: false
  wait_timeout:
    description:
      - Time to wait for the end of the campaign, in seconds. After it the task fails, but the campaign continues.
    type: int
    default: 3600
  state:
    description:
      - V(present) starts the campaign if none with the name exists. V(absent) cancels it, including all parts of a
        split campaign. Calls in progress continue.
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
- name: Manage a campaign
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Validate the file without placing calls
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

    - name: Start the campaign at a scheduled time
      voiceops.vapi_didlogic.vapi_campaign:
        name: Renewal January
        assistant: Renewal
        phone_number: "31201234567"
        csv: "{{ playbook_dir }}/renewal.csv"
        schedule_at: "2026-01-31T09:00:00+01:00"
        schedule_until: "2026-01-31T17:00:00+01:00"

    - name: Start a campaign within rules, and leave out the contacts that they exclude
      voiceops.vapi_didlogic.vapi_campaign:
        name: Renewal February
        assistant: Renewal
        phone_number: "31201234567"
        csv: "{{ playbook_dir }}/renewal.csv"
        schedule_at: "2026-02-02T10:00:00+01:00"
        schedule_until: "2026-02-02T16:00:00+01:00"
        default_country: NL
        normalize: true
        calling_hours:
          from: "09:00"
          to: "20:00"
          days: [mon, tue, wed, thu, fri]
          time_zone: by_number
        do_not_call:
          - "{{ playbook_dir }}/do-not-call.txt"
        max_contacts: 2000
        max_cost: 500
        price_per_minute: 0.18
        skip_invalid: true

    - name: Cancel the campaign
      voiceops.vapi_didlogic.vapi_campaign:
        name: Renewal January
        state: absent
"""

RETURN = r"""
---
outcome_unknown:
  description: Whether the campaign may have been started despite the failure. If V(true), it is not sent again. Check
    the list of campaigns for it.
  returned: on failure once the request may have been sent
  type: bool
campaign:
  description: The campaign. An empty dict with O(state=absent) if it did not exist. Counts of a split campaign are the
    totals of its parts.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the campaign in Vapi. For a split campaign, the id of its first part.
      returned: success
      type: str
    name:
      description: Name of the campaign, without the number of a part.
      returned: success
      type: str
    status:
      description: V(scheduled), V(in-progress), V(ended), V(cancelled) or V(archived).
      returned: if the campaign exists
      type: str
    ended_reason:
      description: Vapi's reason code for the end of the campaign.
      returned: if the campaign has ended
      type: str
    assistant:
      description: Id of the assistant.
      returned: if an assistant handles the calls
      type: str
    squad:
      description: Id of the squad.
      returned: if a squad handles the calls
      type: str
    assistant_name:
      description: Name of the assistant, if it was read.
      returned: if an assistant is returned
      type: str
    squad_name:
      description: Name of the squad, if it was read.
      returned: if a squad is returned
      type: str
    phone_number_name:
      description: The phone number of O(phone_number), if it was read.
      returned: success
      type: str
    workflow:
      description: Id of the workflow.
      returned: if the campaign has a workflow
      type: str
    phone_number:
      description: Id of the phone number.
      returned: success
      type: str
    schedule_at:
      description: The earliest time of a call.
      returned: if the campaign is scheduled
      type: str
    schedule_until:
      description: The latest time of a call.
      returned: if it was given
      type: str
    max_concurrency:
      description: Maximum number of concurrent calls of each part.
      returned: success
      type: int
    contacts:
      description: Number of contacts.
      returned: success
      type: int
    left_out:
      description: Number of rows that were skipped, because they are invalid or must not be called.
      returned: if contacts were given
      type: int
    left_out_by_rule:
      description: Number of skipped rows by rule, with the keys C(invalid), C(do_not_call) and C(calling_hours); those
        that skipped none are omitted.
      returned: if contacts were given
      type: dict
    counts:
      description: Number of calls by status, with C(scheduled), C(queued), C(in_progress), C(ended) and C(voicemail).
      returned: if the campaign exists
      type: dict
    estimate:
      description: Estimated duration, with C(calls_at_once) and C(seconds), and estimated cost, with C(cost) and
        C(price_per_minute).
      returned: if contacts were given
      type: dict
    batches:
      description: The parts, each with C(id), C(name), C(status), C(contacts) and C(counts).
      returned: success
      type: list
      elements: dict
    created_at:
      description: Time of creation, in ISO 8601.
      returned: if the campaign exists
      type: str
    updated_at:
      description: Time of the last change, in ISO 8601.
      returned: if the campaign exists
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
    left_out_by_rule: {}
    counts:
      scheduled: 250
      queued: 0
      in_progress: 10
      ended: 40
      voicemail: 3
    estimate:
      calls_at_once: 10
      seconds: 1500
      cost: 62.5
      price_per_minute: 0.25
    batches:
      - id: 66666666-6666-4666-8666-666666666666
        name: Renewal January
        status: in-progress
        contacts: 250
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(campaign).
      type: str
    name:
      description: What identifies the object.
      type: str
    action:
      description: V(create), V(update), V(replace) or V(delete).
      type: str
    before:
      description: The managed fields that differ, before the change.
      type: dict
    after:
      description: The managed fields that differ, after the change.
      type: dict
  sample:
    - kind: campaign
      name: Reminders
      action: create
      before: {}
      after:
        name: Reminders
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN


def main() -> None:
    run(CAMPAIGN)


if __name__ == "__main__":
    main()
