#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: call_check
short_description: Place one test call between two own numbers and judge it from the records of both services
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Places one real call over didlogic from an own number to another own number that a Vapi assistant answers, waits for
    its end, and determines from Vapi's records of both sides and from didlogic's call records whether it was placed,
    carried, answered by the declared assistant, heard in both directions, and ended. Both services charge for the call.
  - The calling side uses the voice, the transcriber and the model of the assistant that is called. For this call, a
    first message with a random code of digits and a request to repeat it replaces its behaviour. Its tools, hooks, and
    messages to servers are not used. The answering side is not changed. Its assistant behaves as in every call, so it
    may send messages to servers and use tools.
  - A step is V(true) or V(false) only if records prove it. Otherwise it is V(null), which means unclear. The task fails
    if a step is V(false), with the cause and the fix.
  - Only numbers that belong to the didlogic account and to the Vapi organisation are called. This is verified at both
    services before the request.
  - At most one request for a call is sent, even if its response is lost, and even with several hosts or with C(until)
    and C(retries); all of them get the same result. If it is unknown whether the call was placed, the task fails with
    RV(outcome_unknown), and another run on this controller does not call the same numbers for five minutes.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._across
  - voiceops.vapi_didlogic._attributes.across
  - voiceops.vapi_didlogic._http
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - No call is placed. Everything that can be checked without a call is checked, and the cost is estimated.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: none
    details:
      - The module changes no object.
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: none
    details:
      - Every run places a call.
options:
  from:
    description:
      - The number that calls, with its country code. Quote it. It must belong to the didlogic account and be a phone
        number in Vapi.
    type: str
    required: true
  to:
    description:
      - The number that is called. It must differ from O(from), belong to the didlogic account, and be a phone number in
        Vapi with an assistant or a squad.
    type: str
    required: true
  max_seconds:
    description:
      - Duration in seconds after which Vapi ends the call, V(10) to V(600). It ends earlier once the code has been
        repeated.
    type: int
    default: 30
  wait_timeout:
    description:
      - Maximum number of seconds to wait for the end of the call and for the records of both services, V(10) to
        V(3600).
    type: int
    default: 180
  confirm_cost:
    description:
      - Must be V(true) unless in check mode, because the call is real and both services charge for it.
    type: bool
    default: false
seealso:
  - module: voiceops.vapi_didlogic.routing_audit
  - module: voiceops.vapi_didlogic.sip_probe
  - module: voiceops.vapi_didlogic.vapi_call_info
  - ref: ansible_collections.voiceops.vapi_didlogic.docsite.when_a_call_fails
    description: What each step proves
"""

EXAMPLES = r"""
---
- name: Show what would be called, the findings about both numbers and the cost
  voiceops.vapi_didlogic.call_check:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    from: "31201234567"
    to: "31201234568"
  check_mode: true

- name: Prove by a call that the number is answered
  voiceops.vapi_didlogic.call_check:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    from: "31201234567"
    to: "31201234568"
    confirm_cost: true
  register: tested

- name: Fail also if a step is unclear
  ansible.builtin.assert:
    that: tested.check.ok is true
"""

RETURN = r"""
---
call:
  description: What is called.
  returned: once both numbers were verified, also on failure
  type: dict
  contains:
    from:
      description: The number that calls, digits only.
      type: str
    to:
      description: The number that is called, digits only.
      type: str
    answered_by:
      description: The declared assistant or squad of the called number, with C(kind), C(id) and C(name).
      type: dict
    voice_of:
      description: The assistant whose voice, transcriber and model speak at the calling side.
      type: str
    max_seconds:
      description: The limit of the duration.
      type: int
    first_message:
      description: What the calling side says, with zeros instead of the code. Only in check mode.
      type: str
    estimate:
      description: The highest expected cost in US dollars, with C(vapi), C(didlogic) and C(total), at the highest
        price per minute of recent calls. Both sides are a call at Vapi. V(null) where no recent call shows a price.
        Only in check mode.
      type: dict
  sample:
    from: "31201234567"
    to: "31201234568"
    answered_by: {kind: assistant, id: 22222222-2222-4222-8222-222222222222, name: Reception}
    voice_of: Reception
    max_seconds: 30
check:
  description: The verdict.
  returned: once the request was sent or predicted, also on failure
  type: dict
  contains:
    ok:
      description: V(true) if all steps are proven, V(false) if one failed, V(null) if one is unclear.
      type: bool
    id:
      description: Id of the call at the calling side.
      type: str
    answered_id:
      description: Id of the call at the answering side. Only if it was found.
      type: str
    code:
      description: The digits that the calling side spoke.
      type: str
    steps:
      description: "The steps V(placed), V(carried), V(answered), V(heard) and V(ended), each with C(ok), C(evidence),
        C(cause) and C(fix). C(cause) and C(fix) are empty where nothing is to be done."
      type: dict
    cost:
      description: The cost in US dollars that the records contain, with C(vapi), C(didlogic) and C(total). V(null)
        where they contain none yet.
      type: dict
  sample:
    ok: false
    id: 33333333-3333-4333-8333-333333333333
    code: "471962"
    steps:
      placed: {ok: true, evidence: "The call from 31201234567 ended: customer-busy.", cause: "", fix: ""}
      carried: {ok: true, evidence: "didlogic's records: to didlogic 0 s.", cause: "", fix: ""}
      answered:
        ok: false
        evidence: "The call from 31201234567 ended: customer-busy."
        cause: Nobody answered at 31201234568. The customer was busy.
        fix: Compare the destinations of 31201234568 in their order (didlogic_number_info).
      heard: {ok: null, evidence: The call did not get this far., cause: "", fix: ""}
      ended: {ok: null, evidence: The call did not get this far., cause: "", fix: ""}
    cost: {vapi: 0.0, didlogic: 0.0, total: 0.0}
findings:
  description: The findings of M(voiceops.vapi_didlogic.routing_audit) about both numbers and the accounts.
  returned: once both numbers were verified, also on failure
  type: list
  elements: dict
outcome_unknown:
  description: Whether it is unknown if the call was placed.
  returned: if the request failed
  type: bool
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_check


def main() -> None:
    run_across(call_check.SERVICES, call_check.CheckOptions, call_check.check)


if __name__ == "__main__":
    main()
