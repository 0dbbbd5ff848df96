#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: routing_audit
short_description: Follow the way of calls through didlogic and Vapi and find what is broken
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - For each number that either side knows, follows the way of a call from didlogic's destinations over the inbound URI,
    the trunk and the phone number to the assistant and its transfer tools, and reports every broken or risky link with
    what mends it.
  - It only reads, and needs nothing but the two keys. It works as well on an installation that was made by hand.
  - It compares what both services say. Whether the password is right and a phone rings is for
    M(voiceops.vapi_didlogic.sip_probe) and a call to prove.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._across
  - voiceops.vapi_didlogic._attributes.across
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  numbers:
    description:
      - Look at these numbers only, in quotes, and at what they use. A leading C(+) makes no difference.
      - Without it every number of the didlogic account and every phone number of your own carrier at Vapi is looked at.
    type: list
    elements: str
  ignore:
    description:
      - Rules not to apply, by their id, such as V(balance-low).
    type: list
    elements: str
  fail_on:
    description:
      - V(error) fails the task if there is a finding of that severity, V(warning) also if there is a warning.
    type: str
    choices: [never, error, warning]
    default: never
seealso:
  - module: voiceops.vapi_didlogic.sip_probe
  - module: voiceops.vapi_didlogic.vapi_call_info
"""

EXAMPLES = r"""
---
- name: Look at both accounts
  voiceops.vapi_didlogic.routing_audit:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
  register: audit

- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ item.subject }}: {{ item.message }} {{ item.fix }}"
  loop: "{{ audit.findings }}"
  loop_control:
    label: "{{ item.rule }}"

- name: Stop the pipeline if a call to one of these numbers would fail
  voiceops.vapi_didlogic.routing_audit:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    numbers: ["31201234567", "31201234568"]
    fail_on: error
    ignore: [balance-low]
"""

RETURN = r"""
---
findings:
  description: What is broken or risky, the worst first. Empty if nothing is.
  returned: always
  type: list
  elements: dict
  contains:
    rule:
      description: The rule's id, for O(ignore).
      returned: always
      type: str
    severity:
      description: V(error) if calls fail, V(warning) if they may, V(info) otherwise.
      returned: always
      type: str
    evidence:
      description: On what the rule rests. V(documented) is a service's documentation or published API description,
        V(seen live) a report of a live account, V(inferred) a conclusion, which is never an error.
      returned: always
      type: str
    step:
      description: The link that is broken, V(number), V(forward), V(trunk), V(phone_number), V(assistant), V(tool) or
        V(account).
      returned: always
      type: str
    subject:
      description: What it is about, such as a number or a trunk.
      returned: always
      type: str
    numbers:
      description: The numbers whose calls take what is wrong. Empty if it concerns the account.
      returned: always
      type: list
      elements: str
    message:
      description: What is wrong, and what comes of it.
      returned: always
      type: str
    fix:
      description: What to do, with the option of this collection that does it.
      returned: always
      type: str
    docs:
      description: Where the documentation says more.
      returned: always
      type: str
  sample:
    - rule: nobody-answers
      severity: error
      evidence: documented
      step: assistant
      subject: number 31201234567
      numbers: ["31201234567"]
      message: "The phone number has no assistant, squad, server, fallback or hook that answers: Vapi ends each call."
      fix: "Assign one with vapi_phone_number: assistant."
numbers:
  description: Each number and the way of a call to it.
  returned: always
  type: list
  elements: dict
  contains:
    number:
      description: The number's digits.
      returned: always
      type: str
    bought:
      description: Whether the didlogic account has it.
      returned: always
      type: bool
    imported:
      description: Whether Vapi has it.
      returned: always
      type: bool
    destinations:
      description: Where didlogic sends calls, in the order in which it tries, with the keys of
        RV(voiceops.vapi_didlogic.didlogic_forward#module:forward) and C(leads_to). C(can_answer) is false
        for one that is off, of an unknown kind, or leads to Vapi where nobody answers the number.
      returned: always
      type: list
      elements: dict
    phone_number:
      description: The phone number at Vapi, with C(id), C(number) and C(name). Empty if there is none.
      returned: always
      type: dict
    trunk:
      description: The phone number's trunk, with C(id), C(name) and C(username). Empty if there is none.
      returned: always
      type: dict
    answered_by:
      description: Who answers, with C(kind), C(id) and C(name). Empty if nobody does.
      returned: always
      type: dict
    transfer_tools:
      description: How callers are handed to a human, each with C(id), C(name) and C(to).
      returned: always
      type: list
      elements: dict
    status:
      description: V(ok), or the worst severity of its findings.
      returned: always
      type: str
    broken:
      description: The rules that are broken, by the link.
      returned: always
      type: dict
  sample:
    - number: "31201234567"
      bought: true
      imported: true
      destinations:
        - id: "1"
          number: "31201234567"
          destination: 31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
          kind: sip_uri
          priority: 1
          active: true
          call_hunt: false
          position: first
          leads_to: Vapi, didlogic NL
          can_answer: false
      phone_number:
        id: 22222222-2222-4222-8222-222222222222
        number: "31201234567"
        name: Front desk
      trunk:
        id: 11111111-1111-4111-8111-111111111111
        name: didlogic NL
        username: "01234"
      answered_by: {}
      transfer_tools: []
      status: error
      broken:
        assistant: [nobody-answers]
summary:
  description: How many findings there are of each severity.
  returned: always
  type: dict
  contains:
    error:
      description: Calls fail.
      returned: always
      type: int
    warning:
      description: Calls may fail.
      returned: always
      type: int
    info:
      description: Good to know.
      returned: always
      type: int
  sample:
    error: 1
    warning: 0
    info: 0
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.audit import SERVICES, Ask, audit


def main() -> None:
    run_across(SERVICES, Ask, audit)


if __name__ == "__main__":
    main()
