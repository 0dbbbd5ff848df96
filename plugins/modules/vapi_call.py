#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_call
short_description: Place an outbound call with a Vapi assistant
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Places one phone call, immediately or at a given time. It rings a real phone, and both services charge for it.
  - The module never sends more than one request for a call. If the response is lost, it searches Vapi's call list for
    the call, which is tagged, and returns it. If the call is not found, the module fails and reports that it is unknown
    whether the call was placed. It never sends a second request.
  - Before the request, and also in check mode, it checks that the assistant and the phone number exist, that the SIP
    trunk of the phone number exists and has an outbound gateway, and that the called number is valid. The
    ids of tools, assistants and squads in O(assistant_overrides) must exist. For other ids, and for a version that is
    not the newest one, the module issues a warning, because Vapi has no list to verify them.
  - Without O(idempotency_key), every run places a call, but a task places at most one, even with several hosts or with
    C(until) and C(retries). The other hosts get the same call as their result, and fail if they request a different
    one. Each item of a C(loop) is a separate call. If the task is included several times, also with C(serial) or in a
    loop, inclusions with the same options are one call.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._outbound
  - voiceops.vapi_didlogic._attributes.event
attributes:
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: partial
    details:
      - Only with O(idempotency_key), until 24 hours after the call or after its scheduled time.
options:
  assistant_version:
    description:
      - A published version of O(assistant), such as V(v7), to use instead of the version that callers get. Only in
        organisations with versioning.
      - Use it to test a version with a call to your own number.
    type: str
  squad_version:
    description:
      - A published version of O(squad), such as V(v7). Only in organisations with versioning.
    type: str
  phone_number:
    description:
      - The phone number in Vapi that places the call and is presented as caller ID, by number, name or id.
    type: str
    required: true
  customer:
    description:
      - The called party.
    type: dict
    required: true
    suboptions:
      number:
        description:
          - The number in E.164 format, such as V(+31201234567), or as O(normalize) and O(default_country) allow. Quote
            it. One of O(customer.number) and O(customer.sip_uri) is required.
        type: str
      sip_uri:
        description:
          - A SIP URI instead of a number, such as V(sip:desk@example.com).
        type: str
      name:
        description:
          - Name of the called party, for the assistant and the call log, at most 40 characters.
        type: str
      extension:
        description:
          - Digits to dial after the call is answered, at most 10.
        type: str
  variables:
    description:
      - Values for the variables in the assistant's prompts and messages, such as C({{ '{{' }} order {{ '}}' }}).
    type: dict
  assistant_overrides:
    description:
      - Other settings of the assistant or squad for this call only, in Vapi's camelCase.
    type: dict
  wait:
    description:
      - Wait until the call has ended. The task then fails if the call failed, with the cause and the fix. An unanswered
        call is not a failure.
    type: bool
    default: false
  wait_timeout:
    description:
      - Time to wait for the end of the call, in seconds. After it the task fails, but the call continues.
    type: int
    default: 600
  show_recording:
    description:
      - Whether to return the URL of the recording. Anyone with the URL can listen to it, so it is shown as V(hidden)
        otherwise.
    type: bool
    default: false
  idempotency_key:
    description:
      - A unique key for this call, such as an order number. If a pending call, or a call of the last 24 hours, has the
        same key, that call is returned and no call is placed.
      - It is stored in the call's C(assistantOverrides.metadata) in Vapi. It is not a secret.
    type: str
notes:
  - Vapi's API has no idempotency mechanism. The action plugin therefore holds a lock on the controller while the module
    runs, one for each O(idempotency_key), which covers all runs of one user on one controller. Concurrent runs on
    different controllers are not covered.
  - After a request with unknown outcome, the same call is not sent again from this controller for five minutes. The
    module only searches for it. The lock and the state of a request are files in C(voiceops.vapi_didlogic) in
    E(ANSIBLE_HOME). They contain no phone number and no name.
  - With O(idempotency_key), all calls of the last 24 hours and all earlier calls of O(phone_number) are searched,
    because Vapi's API cannot filter for pending calls. More than 100,000 calls cannot be searched; then no call is
    placed. A call that was requested more than two weeks ago is only known on this controller.
seealso:
  - module: voiceops.vapi_didlogic.vapi_call_info
  - module: voiceops.vapi_didlogic.vapi_campaign
"""

EXAMPLES = r"""
---
- name: Place calls
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Place a call and wait for its end
      voiceops.vapi_didlogic.vapi_call:
        assistant: Reminder
        phone_number: "31201234567"
        customer:
          number: "+31201234599"
        variables:
          appointment: Friday at nine
        wait: true
      register: reminder

    - name: Show the outcome
      ansible.builtin.debug:
        msg: "{{ reminder.call.outcome }}: {{ reminder.call.diagnosis.cause | default('') }}"

    - name: Place one call for each order, even if the play is run again
      voiceops.vapi_didlogic.vapi_call:
        assistant: Delivery
        phone_number: Front desk
        customer:
          number: "{{ order.phone }}"
        idempotency_key: "order-{{ order.id }}"
        schedule_at: "2026-01-31T09:30:00+01:00"

    - name: Place a call only if the person may be called in the next hour
      voiceops.vapi_didlogic.vapi_call:
        assistant: Reminder
        phone_number: Front desk
        customer:
          number: 020 123 4599
        default_country: NL
        normalize: true
        calling_hours:
          from: "09:00"
          to: "20:00"
          time_zone: by_number
        do_not_call:
          - /etc/voice/do-not-call.csv
"""

RETURN = r"""
---
outcome_unknown:
  description: Whether the call may have been placed despite the failure. If V(true), it is not sent again. Check the
    call log for it.
  returned: on failure once the request may have been sent
  type: bool
call:
  description: The call. Keys without a value yet are omitted.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the call in Vapi.
      returned: success
      type: str
    direction:
      description: V(inbound), V(outbound) or V(web).
      returned: success
      type: str
    status:
      description: Status of the call in Vapi, such as V(queued), V(ringing), V(in-progress) or V(ended).
      returned: success
      type: str
    outcome:
      description:
        - V(scheduled), V(running), V(answered), V(unanswered), V(transferred), V(failed), V(cancelled) or V(unknown).
        - V(unknown) means that this version of the collection does not know the ended reason.
      returned: success
      type: str
    assistant:
      description: Id of the assistant.
      returned: if an assistant handles the call
      type: str
    squad:
      description: Id of the squad.
      returned: if a squad handles the call
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
      description: Id of the workflow. Vapi stopped running workflows on 2026-08-19.
      returned: if the call has a workflow
      type: str
    assistant_version:
      description: The version of the assistant that handled the call.
      returned: in organisations with versioning
      type: str
      sample: v7
    squad_version:
      description: The requested version of the squad.
      returned: if one was requested
      type: str
    phone_number:
      description: Id of the phone number.
      returned: success
      type: str
    campaign:
      description: Id of the campaign that the call belongs to.
      returned: if it belongs to one
      type: str
    customer:
      description: The other party, with C(number) as dialled or C(sip_uri), C(name) and C(extension).
      returned: success
      type: dict
    estimate:
      description: Estimated cost, with C(cost) and C(price_per_minute).
      returned: success
      type: dict
    name:
      description: Name of the call.
      returned: if it has one
      type: str
    schedule_at:
      description: The earliest time of the call.
      returned: if the call is scheduled
      type: str
    schedule_until:
      description: The latest time of the call.
      returned: if it was given
      type: str
    created_at:
      description: Time at which the call was requested or arrived, in UTC.
      returned: success
      type: str
    started_at:
      description: Time at which the conversation started, in UTC.
      returned: if the call was answered
      type: str
    ended_at:
      description: Time at which the call ended, in UTC.
      returned: if the call has ended
      type: str
    duration:
      description: Time from RV(call.started_at) to RV(call.ended_at), in seconds.
      returned: if both are known
      type: int
    cost:
      description: Vapi's price of the call in US dollars, without didlogic's price.
      returned: if Vapi returns it
      type: float
    ended_reason:
      description: Vapi's reason code for the end of the call.
      returned: if the call has ended
      type: str
    ended_message:
      description: Vapi's message about the end of the call.
      returned: if there are any
      type: str
    summary:
      description: Summary of the call from Vapi's analysis.
      returned: if the assistant has an analysis plan
      type: str
    success_evaluation:
      description: Whether the call was successful, in the format of the assistant's analysis plan.
      returned: if the assistant has an analysis plan
      type: str
    transfers:
      description: The attempted transfers, each with C(to), C(status) and C(mode).
      returned: success
      type: list
      elements: dict
    recording_url:
      description: URL of the recording, or V(hidden).
      returned: if there is a recording
      type: str
    idempotency_key:
      description: The key that the call was placed with.
      returned: if it has one
      type: str
    diagnosis:
      description: Why the call ended and how to fix it. Empty while the call is in progress.
      returned: success
      type: dict
      contains:
        cause:
          description: The cause.
          returned: if the call has ended
          type: str
        fix:
          description: How to fix it, with the option of this collection to use.
          returned: if there is a fix
          type: str
        area:
          description: The affected area, such as V(trunk), V(assistant), V(transfer) or V(limits).
          returned: if the call has ended
          type: str
        option:
          description: The option that fixes it, as C(module.option). Several are separated by commas.
          returned: if there is one
          type: str
        sip_status:
          description: The SIP status that ended the call.
          returned: if Vapi returns one
          type: int
  sample:
    id: 55555555-5555-4555-8555-555555555555
    direction: outbound
    status: ended
    outcome: unanswered
    assistant: 33333333-3333-4333-8333-333333333333
    phone_number: 22222222-2222-4222-8222-222222222222
    customer:
      number: "+31201234599"
    created_at: "2026-01-02T03:04:05.678Z"
    ended_at: "2026-01-02T03:04:35.678Z"
    ended_reason: customer-did-not-answer
    transfers: []
    diagnosis:
      cause: The phone rang and nobody answered.
      area: customer
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(call).
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
    - kind: call
      name: "+31201234567"
      action: create
      before: {}
      after:
        assistant: 33333333-3333-4333-8333-333333333333
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL


def main() -> None:
    run(CALL)


if __name__ == "__main__":
    main()
