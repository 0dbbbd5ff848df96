#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: routing_audit
short_description: Audit call routing between didlogic and Vapi
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - For each number in either service, checks the route of a call from didlogic's destinations over the inbound URI, the
    trunk and the phone number to the assistant and its transfer tools. Reports every broken or risky link and how to
    fix it.
  - It sends only read requests, and requires only the two API keys. It also works for set-ups made by hand.
  - It compares the configuration of both services. To verify that the SIP password is correct, use
    M(voiceops.vapi_didlogic.sip_probe). To verify that a phone rings, place a call.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._across
  - voiceops.vapi_didlogic._attributes.across
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  numbers:
    description:
      - Audit only these numbers and the objects that they use. Quote them. A leading C(+) is ignored.
      - By default, every number of the didlogic account and every phone number of your own carrier in Vapi is audited.
    type: list
    elements: str
  ignore:
    description:
      - Ids of rules to skip, such as V(balance-low).
    type: list
    elements: str
  fail_on:
    description:
      - V(error) fails the task if there is an error. V(warning) also fails it if there is a warning.
    type: str
    choices: [never, error, warning]
    default: never
seealso:
  - module: voiceops.vapi_didlogic.sip_probe
  - module: voiceops.vapi_didlogic.vapi_call_info
"""

EXAMPLES = r"""
---
- name: Audit both accounts
  voiceops.vapi_didlogic.routing_audit:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
  register: audit

- name: Show the findings
  ansible.builtin.debug:
    msg: "{{ item.subject }}: {{ item.message }} {{ item.fix }}"
  loop: "{{ audit.findings }}"
  loop_control:
    label: "{{ item.rule }}"

- name: Fail if a call to one of these numbers would fail
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
  description: Broken or risky settings, the most severe first. Empty if there are none.
  returned: always
  type: list
  elements: dict
  contains:
    rule:
      description: Id of the rule, for use in O(ignore).
      returned: always
      type: str
    severity:
      description: V(error) if calls fail, V(warning) if calls may fail, V(info) otherwise.
      returned: always
      type: str
    evidence:
      description: The evidence for the rule. V(documented) means a service's documentation or published API
        description, V(seen live) a report from a live account, and V(inferred) a conclusion, which is never an error.
      returned: always
      type: str
    step:
      description: The affected link. One of V(number), V(forward), V(trunk), V(phone_number), V(assistant), V(tool) or
        V(account).
      returned: always
      type: str
    subject:
      description: The affected object, such as a number or a trunk.
      returned: always
      type: str
    numbers:
      description: The affected numbers. Empty if the finding is about the account.
      returned: always
      type: list
      elements: str
    message:
      description: The problem and its effect.
      returned: always
      type: str
    fix:
      description: How to fix the problem, with the option of this collection to use.
      returned: always
      type: str
    docs:
      description: URL of the documentation of the rule.
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
  description: Each number and the route of calls to it.
  returned: always
  type: list
  elements: dict
  contains:
    number:
      description: The number, digits only.
      returned: always
      type: str
    bought:
      description: Whether the number belongs to the didlogic account.
      returned: always
      type: bool
    imported:
      description: Whether the number exists in Vapi.
      returned: always
      type: bool
    destinations:
      description: The didlogic destinations of calls, in the order in which they are tried, with the keys of
        RV(voiceops.vapi_didlogic.didlogic_forward#module:forward) and C(leads_to). C(can_answer) is V(false) for a
        destination that is inactive, has an unknown kind, is a SIP account that does not exist, or leads to a number
        in Vapi that nothing answers or whose trunk accepts no inbound calls.
      returned: always
      type: list
      elements: dict
    phone_number:
      description: The phone number in Vapi, with C(id), C(number) and C(name). Empty if there is none.
      returned: always
      type: dict
    trunk:
      description: The trunk of the phone number, with C(id), C(name) and C(username). Empty if there is none.
      returned: always
      type: dict
    answered_by:
      description: The assistant, squad or workflow that answers, with C(kind), C(id) and C(name). Empty if there is
        none.
      returned: always
      type: dict
    transfer_tools:
      description: The transfers that are available to the assistant, each with C(id), C(name) and C(to).
      returned: always
      type: list
      elements: dict
    status:
      description: V(ok), or the highest severity of its findings.
      returned: always
      type: str
    broken:
      description: Ids of the rules that apply, by link.
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
  description: Number of findings by severity.
  returned: always
  type: dict
  contains:
    error:
      description: Number of errors.
      returned: always
      type: int
    warning:
      description: Number of warnings.
      returned: always
      type: int
    info:
      description: Number of notes.
      returned: always
      type: int
  sample:
    error: 1
    warning: 0
    info: 0
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import audit


def main() -> None:
    run_across(audit.SERVICES, audit.AuditOptions, audit.audit)


if __name__ == "__main__":
    main()
