#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_call
short_description: Have a Vapi assistant call somebody
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Places one phone call, at once or at a given time. It rings a real phone and costs money at both services.
  - At most one request for a call leaves the machine, whatever happens. Where its answer is lost, the module looks in
    Vapi's list for the call, which carries a mark, and returns it. If it is not there, the module fails and says that
    it is unknown whether the phone rings; it never sends a second request.
  - Before that, also in check mode, it makes sure that assistant and phone number exist, that the phone number's SIP
    trunk exists and calls out, and that the called number is in E.164 form.
  - Without O(idempotency_key) every run places a call, but a task places one at most, whatever its hosts and its
    attempts with C(until) and C(retries). Its other hosts get the same call, and fail where they ask for another one.
    Each item of a C(loop) is a call of its own.
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
      - Only with O(idempotency_key), until 24 hours after the call, or after the time it was scheduled for.
options:
  assistant_version:
    description:
      - A published version of O(assistant), such as V(v7), in place of the one that its callers get. Only in
        organisations with versioning.
      - A call to a number of your own can so try a version before callers get it.
    type: str
  squad_version:
    description:
      - A published version of O(squad), likewise.
    type: str
  phone_number:
    description:
      - The phone number at Vapi that calls and is shown to the called, by its number, name or id.
    type: str
    required: true
  customer:
    description:
      - Who is called.
    type: dict
    required: true
    suboptions:
      number:
        description:
          - The number in E.164 form, in quotes, such as V(+31201234567). One of O(customer.number) and
            O(customer.sip_uri) is needed.
        type: str
      sip_uri:
        description:
          - A SIP address instead of a number, such as V(sip:desk@example.com).
        type: str
      name:
        description:
          - The name of the called, for the assistant and the call log. 40 characters at most.
        type: str
      extension:
        description:
          - Digits to dial after the number has answered. 10 at most.
        type: str
  variables:
    description:
      - Values for the variables in the assistant's texts, such as C({{ '{{' }} order {{ '}}' }}).
    type: dict
  assistant_overrides:
    description:
      - Other settings of the assistant or squad for this call only, in Vapi's own camelCase.
    type: dict
  wait:
    description:
      - Wait until the call is over. The task then fails if the call failed, and says why and how to mend it; a call
        that nobody answered is no failure.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait for the end of the call. Then the task fails; the call goes on.
    type: int
    default: 600
  show_recording:
    description:
      - Return the address of the recording. Whoever has it can listen, so it reads V(hidden) otherwise.
    type: bool
    default: false
  idempotency_key:
    description:
      - A word of your own for this call, such as the number of an order. If a call carries it that is still to come, or
        of the last 24 hours, that call is returned and none is placed.
      - It stands in the call's C(assistantOverrides.metadata) at Vapi; it is no secret.
    type: str
notes:
  - Vapi offers nothing that keeps two requests from being two calls. The action plugin therefore holds a lock on the
    controller while the module runs, one for each O(idempotency_key), for all runs of one user on one controller. Runs
    on different controllers at the same moment do not see each other.
  - After a request of unknown outcome, nothing on this controller sends the same call again for five minutes. The
    module only looks for it. The lock and what is known of a request are files in C(voiceops.vapi_didlogic) in
    E(ANSIBLE_HOME). They hold no number and no name.
  - With O(idempotency_key) all calls that Vapi shows are read, since it cannot be asked for those that are still to
    come. Of a call that was ordered more than two weeks ago only this controller knows.
seealso:
  - module: voiceops.vapi_didlogic.vapi_call_info
  - module: voiceops.vapi_didlogic.vapi_campaign
"""

EXAMPLES = r"""
---
- name: Call from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Call and wait for the end
      voiceops.vapi_didlogic.vapi_call:
        assistant: Reminder
        phone_number: "31201234567"
        customer:
          number: "+31201234599"
        variables:
          appointment: Friday at nine
        wait: true
      register: reminder

    - name: Tell how it went
      ansible.builtin.debug:
        msg: "{{ reminder.call.outcome }}: {{ reminder.call.diagnosis.cause | default('') }}"

    - name: Call once for each order, also when the play is run again
      voiceops.vapi_didlogic.vapi_call:
        assistant: Delivery
        phone_number: Front desk
        customer:
          number: "{{ order.phone }}"
        idempotency_key: "order-{{ order.id }}"
        schedule_at: "2026-01-31T09:30:00+01:00"
"""

RETURN = r"""
---
outcome_unknown:
  description: Whether a call may have been placed all the same. Then it is not sent again; look for it.
  returned: on failure after the request was to be sent
  type: bool
call:
  description: The call. Keys that are not known yet are left out.
  returned: success
  type: dict
  contains:
    id:
      description: The call's id at Vapi.
      returned: success
      type: str
    direction:
      description: V(inbound), V(outbound) or V(web).
      returned: success
      type: str
    status:
      description: Vapi's status, such as V(queued), V(ringing), V(in-progress) or V(ended).
      returned: success
      type: str
    outcome:
      description:
        - V(scheduled), V(running), V(answered), V(unanswered), V(transferred), V(failed), V(cancelled) or V(unknown).
        - V(unknown) is an ended reason that this version of the collection does not know.
      returned: success
      type: str
    assistant:
      description: Id of the assistant. Likewise RV(call.squad) and RV(call.workflow).
      returned: if an assistant speaks
      type: str
    squad:
      description: Id of the squad.
      returned: if a squad speaks
      type: str
    workflow:
      description: Id of the workflow. Vapi has run none since 2026-08-19.
      returned: if a workflow was to speak
      type: str
    assistant_version:
      description: The version of the assistant that spoke.
      returned: in organisations with versioning
      type: str
      sample: v7
    squad_version:
      description: The version of the squad that was asked for.
      returned: if the call asked for one
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
      description: The other side, with C(number) or C(sip_uri), C(name) and C(extension).
      returned: success
      type: dict
    name:
      description: The call's own name.
      returned: if it has one
      type: str
    schedule_at:
      description: The time from which on Vapi may call. Likewise RV(call.schedule_until).
      returned: if the call is scheduled
      type: str
    schedule_until:
      description: The time until which Vapi may call.
      returned: if it was given
      type: str
    created_at:
      description: When the call was ordered or came in, in UTC. Likewise RV(call.started_at), RV(call.ended_at).
      returned: success
      type: str
    started_at:
      description: When the two began to speak.
      returned: if they did
      type: str
    ended_at:
      description: When the call was over.
      returned: if it is over
      type: str
    duration:
      description: Seconds from RV(call.started_at) to RV(call.ended_at).
      returned: if both are known
      type: int
    cost:
      description: Vapi's price for the call in US dollars; didlogic's is not part of it.
      returned: if Vapi tells it
      type: float
    ended_reason:
      description: Vapi's word for why the call ended.
      returned: if it is over
      type: str
    ended_message:
      description: Vapi's further words on that.
      returned: if there are any
      type: str
    summary:
      description: What Vapi's analysis made of the call. Likewise RV(call.success_evaluation).
      returned: if the assistant has an analysis plan
      type: str
    success_evaluation:
      description: Whether the call reached its aim, in the words of the assistant's analysis plan.
      returned: if the assistant has an analysis plan
      type: str
    transfers:
      description: Each attempt to hand the caller to a human, with C(to), C(status) and C(mode).
      returned: success
      type: list
      elements: dict
    recording_url:
      description: Where the recording is, or V(hidden).
      returned: if there is a recording
      type: str
    idempotency_key:
      description: The key that the call was placed with.
      returned: if it has one
      type: str
    diagnosis:
      description: Why it ended so and what to do. Empty while the call goes on.
      returned: success
      type: dict
      contains:
        cause:
          description: What happened.
          returned: if the call is over
          type: str
        fix:
          description: What to do about it, with the option of this collection that mends it.
          returned: if there is something to do
          type: str
        area:
          description: What it concerns, such as V(trunk), V(assistant), V(transfer) or V(limits).
          returned: if the call is over
          type: str
        option:
          description: The option that mends it, as C(module.option); several are separated by commas.
          returned: if there is one
          type: str
        sip_status:
          description: The SIP status that ended the call.
          returned: if Vapi tells one
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
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL


def main() -> None:
    run(CALL)


if __name__ == "__main__":
    main()
