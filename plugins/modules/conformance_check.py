#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: conformance_check
short_description: Check how Vapi and didlogic behave where it is not documented
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Sends requests to both services with an account of your own and answers questions that no documentation answers,
    such as whether a phone number is unique. It places no call, sends no message, buys nothing and runs no model.
  - It reads existing objects and never changes them. With a higher O(level) it creates objects of its own, whose names
    begin with C(vdfc-), and removes all of them at the end.
  - Only the requests of a fixed list are sent, one at a time. A change is sent only for an object that the check has
    created.
  - A line is written to O(journal) before and after each change. If a check is interrupted, also by a crash, the next
    one first removes what the interrupted one has created.
  - The published descriptions of both APIs are read without a key, and compared with the paths, fields and ended
    reasons that this collection uses. Redirects are not followed.
  - The check ends early, and removes its objects, after two failed requests in a row or if the rate is limited twice.
  - RV(answers) and the report contain no key, password, number, id or name, so that the report can be attached to a
    public issue. The role C(sandbox) can load it and then behaves as the services did.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._across
  - voiceops.vapi_didlogic._attributes.across
  - voiceops.vapi_didlogic._http
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - Sends nothing and returns RV(steps) with all requests.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: none
    details:
      - The module leaves both accounts as they were, so there is no difference to show.
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: partial
    details:
      - Each run leaves both accounts as they were and reports no change. With O(level=objects) and
        O(level=destinations) it creates objects and removes them again.
options:
  level:
    description:
      - V(read) sends only read requests.
      - V(objects) also creates trunks, phone numbers, assistants and tools in Vapi, and SIP accounts in didlogic, and
        removes them. The phone numbers consist of letters, or are reserved for fiction, and no call can reach them.
      - V(destinations) also creates destinations of O(spare_number) that lead nowhere, and removes them.
    type: str
    choices: [read, objects, destinations]
    default: read
  spare_number:
    description:
      - A number of the didlogic account that is not in use, with country code. Required with O(level=destinations).
      - It must have no active destination, and must not be a phone number in Vapi. Otherwise nothing is changed and the
        task fails. A warning is issued if its destinations are not the same after the check.
    type: str
  report:
    description:
      - Path of the report, a JSON file that ends in C(.json). A Markdown file with the same name is written next to it.
      - By default, no file is written.
    type: str
  journal:
    description:
      - Folder for the journal of a running check, with mode 0700. It contains ids and names of the objects that the
        check creates, and neither keys nor passwords.
      - Checks with the same folder exclude each other. Use the same folder for the run after an interrupted one.
    type: str
    default: ~/.ansible/voiceops_vapi_didlogic_conformance
  pace:
    description:
      - Seconds between two requests to one service, V(0) to V(60).
      - By default 0.7 for Vapi and 1 for didlogic.
    type: float
notes:
  - If O(vapi_api_url) or O(didlogic_api_url) is not that of the service, no other host is asked, and questions that
    need one have the verdict V(not_asked).
seealso:
  - module: voiceops.vapi_didlogic.routing_audit
  - module: voiceops.vapi_didlogic.sip_probe
  - ref: ansible_collections.voiceops.vapi_didlogic.docsite.first_contact
    description: First contact with your account
"""

EXAMPLES = r"""
---
- name: Show all requests without sending them
  voiceops.vapi_didlogic.conformance_check:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    level: objects
  check_mode: true

- name: Read only
  voiceops.vapi_didlogic.conformance_check:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    report: conformance.json

- name: Create and remove objects, and destinations of an unused number
  voiceops.vapi_didlogic.conformance_check:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    level: destinations
    spare_number: "31201234568"
    report: conformance.json
"""

RETURN = r"""
---
answers:
  description: All questions in a fixed order.
  returned: when requests were sent, also on failure
  type: list
  elements: dict
  contains:
    id: {description: Stable id of the question., type: str}
    service: {description: V(vapi) or V(didlogic)., type: str}
    level: {description: The lowest O(level) at which it is asked., type: str}
    question: {description: The question., type: str}
    verdict:
      description: V(yes) or V(no), V(unclear) if the responses do not show it, V(not_asked) if it needs a higher
        O(level), an object that the account does not have, or another host.
      type: str
    evidence: {description: The requests and statuses that led to the verdict., type: str}
    value:
      description: The measured value, such as a number of days. Only of some questions.
      type: raw
  sample:
    - id: vapi-number-unique
      service: vapi
      level: objects
      question: Is a phone number unique in an organisation?
      verdict: "no"
      evidence: "second import: 201"
counts:
  description: The number of answers for each verdict.
  returned: when requests were sent, also on failure
  type: dict
  sample: {"yes": 20, "no": 15, "unclear": 3, "not_asked": 25}
left_behind:
  description: Objects of the check that could not be removed. If there are any, the task fails.
  returned: when requests were sent, also on failure
  type: list
  elements: dict
  contains:
    service: {description: V(vapi) or V(didlogic)., type: str}
    kind: {description: Kind of the object., type: str}
    id: {description: Its id. Empty if the list of objects of this kind could not be read., type: str}
    path: {description: The path to which a DELETE request removes it., type: str}
report:
  description: Path of the JSON file.
  returned: if a report was written
  type: str
report_md:
  description: Path of the Markdown file.
  returned: if a report was written
  type: str
steps:
  description: The steps of O(level) in order.
  returned: in check mode
  type: list
  elements: dict
  contains:
    name: {description: Name of the step., type: str}
    level: {description: The lowest O(level) at which it runs., type: str}
    requests:
      description: Its requests, with placeholders in braces. A request whose placeholder is unknown is not sent.
      type: list
      elements: str
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.conformance_files import work
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import SERVICES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import run


def main() -> None:
    run_across(SERVICES, run.ConformanceOptions, work)


if __name__ == "__main__":
    main()
