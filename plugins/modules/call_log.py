#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: call_log
short_description: Write the calls of both services to an HTML page and a CSV file
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Reads calls from Vapi and, with O(didlogic_api_key), didlogic's call records, matches them, and writes one row for
    each call, with its cause, its fix and the cost of each service, the newest first.
  - Only figures are returned, so that logs of up to 10,000 calls are written in seconds. To use the calls in a
    playbook, use M(voiceops.vapi_didlogic.vapi_call_info).
  - The HTML page is one file that needs no network. The CSV file has the same path with the extension C(.csv). Both
    contain personal data, are replaced atomically and can only be read by their owner.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._beside
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes
options:
  created_after:
    description:
      - Only calls that were requested or arrived at this time or later, in ISO 8601 with a time zone.
      - If it is before the start of Vapi's retention period, the log begins there (RV(retention_start)).
    type: str
  created_before:
    description: Only calls that were requested or arrived at this time or earlier, in the same format.
    type: str
  limit:
    description: Maximum number of calls, the newest first, V(1) to V(10000).
    type: int
    default: 1000
  dest:
    description:
      - Path of the HTML page. A relative path is resolved against the working directory. Its directory must exist.
      - In a play with several hosts, a path that does not contain the host's name gets it before the extension.
    type: str
    required: true
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - Both services are read. No file is written.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: none
    details:
      - The difference would be as long as the log, and would contain names and numbers of customers.
  idempotent:
    description: A second run with the same options reports no change.
    support: none
    details:
      - The page contains the time at which it was generated.
  action_group:
    description: The action group to use in C(module_defaults).
    support: full
    membership:
      - voiceops.vapi_didlogic.vapi
notes:
  - didlogic's records have no call id. A call and a record belong together if direction and customer number are equal,
    the called number of an inbound call does not differ, and the record begins between 90 seconds before the call was
    requested or arrived, and 90 seconds after its end. The closest ones in time are matched; each record belongs to
    one call or to one transfer.
  - If another call or record fits as well, or the record begins more than 90 seconds after the call, the match is
    marked as C(ambiguous).
  - Records without a call are only listed for the time of which all calls of Vapi were read, except the first and last
    90 seconds.
seealso:
  - module: voiceops.vapi_didlogic.vapi_call_info
  - module: voiceops.vapi_didlogic.didlogic_call_info
"""

EXAMPLES = r"""
---
- name: Write the calls of the last week
  voiceops.vapi_didlogic.call_log:
    api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    created_after: "{{ '%Y-%m-%dT%H:%M:%SZ' | strftime(now().timestamp() - 7 * 86400, true) }}"
    dest: call-log.html
  register: log

- name: Show what each number has cost
  ansible.builtin.debug:
    msg: "{{ item.number }}: {{ item.vapi_cost }} USD at Vapi, {{ item.didlogic_cost }} USD at didlogic"
  loop: "{{ log.summary.numbers }}"
  loop_control:
    label: "{{ item.number }}"
"""

RETURN = r"""
---
dest:
  description: The absolute path of the HTML page.
  returned: success
  type: str
  sample: /home/alice/call-log.html
csv_file:
  description: The absolute path of the CSV file.
  returned: success
  type: str
  sample: /home/alice/call-log.csv
period:
  description: C(begin) and C(end) of the log, in UTC.
  returned: success
  type: dict
  sample: {begin: "2026-01-24T09:30:00.000Z", end: "2026-01-31T09:30:00.000Z"}
retention_start:
  description: The start of the log, if Vapi no longer has older calls of the period; otherwise empty.
  returned: success
  type: str
  sample: "2026-01-17T09:00:00.000Z"
limit_reached:
  description: Whether O(limit) was reached, so that earlier calls of the period are missing.
  returned: success
  type: bool
records_complete:
  description: Whether all of didlogic's records were read. didlogic lists at most 5,000 records of a day.
  returned: success
  type: bool
summary:
  description: The figures of the log.
  returned: success
  type: dict
  contains:
    calls: {description: Number of Vapi's calls., type: int}
    answered: {description: "Calls that were answered, including those that were transferred.", type: int}
    transferred: {description: Calls that were transferred., type: int}
    unanswered: {description: Calls that were not answered., type: int}
    failed: {description: Calls that failed., type: int}
    others: {description: Calls with another outcome., type: int}
    seconds: {description: Duration of all calls in seconds., type: int}
    matches:
      description: Number of calls that both services recorded (C(both)), for which several matches are possible
        (C(ambiguous)), that only Vapi recorded (C(vapi)), and that only didlogic recorded (C(carrier)). Empty if
        didlogic was not read. Web calls and calls over another carrier are not counted.
      type: dict
    vapi_cost: {description: "Sum of Vapi's known costs, in US dollars.", type: float}
    vapi_cost_unknown: {description: Number of calls whose cost Vapi does not report., type: int}
    didlogic_cost:
      description: Sum of didlogic's known prices, in US dollars, including those of transfers. The costs of both
        services are never added.
      type: float
    didlogic_cost_unknown: {description: Number of calls whose price is unknown., type: int}
    numbers:
      description: C(number), C(calls) and the four values of costs of each number, the one with the most calls first;
        at most 100.
      type: list
      elements: dict
    assistants:
      description: The same with C(assistant) for each assistant. Its name is empty for calls without one, such as calls
        with a squad.
      type: list
      elements: dict
    causes:
      description: C(cause), number of C(calls) and C(fix) of each problem, the most frequent first; at most 100.
      type: list
      elements: dict
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.call_log_files import work
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_report
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log_read import CallLogOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI


def main() -> None:
    run_report(VAPI, CARRIER.provider, CallLogOptions, work)


if __name__ == "__main__":
    main()
