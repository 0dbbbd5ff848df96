#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_call_erasure
short_description: Delete the calls of a caller, or old calls, and verify the deletion
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Deletes calls in Vapi with their recordings and transcripts. O(caller) selects the inbound and outbound calls of a
    person, O(older_than_days) those of a certain age, and both together the old calls of a person.
  - Vapi deletes asynchronously, and the deletion may fail in part. A call therefore counts as erased only if, after the
    deletion, Vapi twice returns neither the call nor one of its recordings, and a new list of all calls does not
    contain it. The task fails if anything is left, and reports what.
  - The number is sent in no request and is in no output, also not in another spelling. Results contain counts, and a
    digest of the number that only the owner of the API key can calculate.
  - A second run continues with what is left. It finds the calls by the list of all calls, and by O(record) those that
    Vapi does not list any more although it may still have data of them.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes
options:
  caller:
    description:
      - Phone number of the person with its country code, such as V(+31 20 123 4567). Spaces, dashes, dots, slashes,
        brackets, V((0\)), and V(00) in place of V(+) are accepted.
      - Calls whose customer has this number, or a SIP URI with it, are selected, regardless of their direction.
        Scheduled calls are included, which cancels them. A call in progress is not deleted.
    type: str
  older_than_days:
    description:
      - Only ended calls that were created at least this number of days ago.
    type: int
  max_calls:
    description:
      - The task stops before the first deletion if more calls than this would be deleted. In check mode it warns.
    type: int
    default: 100
  wait_timeout:
    description: Seconds to wait until Vapi no longer returns the deleted calls. With V(0) they are read once.
    type: int
    default: 600
  pace:
    description: Seconds between two requests that delete or verify.
    type: float
    default: 0.25
  record:
    description:
      - Path of a JSON file with the ids of the calls whose deletion is not verified. It has mode 0600 and is replaced
        atomically. It is written before the first deletion, and removed when every deletion is verified. It contains no
        number, and only a run with the same API key can use it.
      - Without it, a later run does not check recordings of calls that Vapi has removed from its list.
      - A task that runs on the controller can use a relative path, which starts in the working directory of Ansible. If
        the play has several hosts, the name of the host is added before the extension.
      - Not written in check mode.
    type: str
  didlogic_api_key:
    description:
      - The API token of the didlogic account. If it is available, didlogic's newest call records are read to count
        those with the number. They cannot be deleted.
      - If it is not given, the environment variable E(DIDLOGIC_API_KEY) is used. If that is not set either, didlogic is
        not read.
    type: str
  didlogic_api_url:
    description:
      - Base URL of didlogic's API, without a trailing slash. Only needed for a proxy or for the sandbox of this
        collection.
      - If it is not given, the environment variable E(DIDLOGIC_API_URL) is used, then
        V(https://app.didlogic.com/api).
    type: str
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - Only read requests are sent, and the calls are counted.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: none
    details:
      - A diff would contain personal data.
notes:
  - Vapi's API does not document what becomes of recordings when a call is deleted. The module reads each recording that
    the call had.
  - If a run is interrupted after a call was deleted and before it was verified, the next run checks its recordings only
    with O(record).
  - Vapi lists no calls that are older than the retention of the subscription, such as 14 days. They are not deleted.
seealso:
  - module: voiceops.vapi_didlogic.vapi_call_info
  - module: voiceops.vapi_didlogic.vapi_campaign
"""

EXAMPLES = r"""
---
- name: Delete all calls of a caller
  voiceops.vapi_didlogic.vapi_call_erasure:
    api_key: "{{ vapi_api_key }}"
    caller: "{{ number_of_the_caller }}"
    record: /var/lib/voiceops/erasure.json
  register: done

- name: Show what is left in other places
  ansible.builtin.debug:
    msg: "{{ done.erasure.remains }}"

- name: Delete calls after ten days
  voiceops.vapi_didlogic.vapi_call_erasure:
    api_key: "{{ vapi_api_key }}"
    older_than_days: 10
    max_calls: 2000
    wait_timeout: 3600
"""

RETURN = r"""
---
erasure:
  description: What was found and erased. Contains no personal data.
  returned: once the calls were read, also on failure
  type: dict
  contains:
    caller:
      description: HMAC-SHA-256 of the number with the API key, shortened. Empty without O(caller).
      type: str
      sample: 3f1c0b7a9d2e4856
    complete:
      description: Whether Vapi returns nothing more about the caller or the old calls, neither calls of others nor
        campaigns with the number. V(false) in check mode.
      type: bool
    calls:
      description: Numbers of calls.
      type: dict
      contains:
        found: {description: Selected calls., type: int}
        inbound: {description: Inbound calls of these., type: int}
        outbound: {description: Outbound calls of these., type: int}
        web: {description: Web calls of these., type: int}
        unlisted: {description: Calls of O(record) that Vapi does not list any more., type: int}
        erased: {description: Calls that are verified to be erased., type: int}
        failed: {description: Calls whose deletion was refused or has failed., type: int}
        running: {description: Calls in progress., type: int}
        added: {description: Calls that were added during the run., type: int}
    recordings:
      description: Numbers of recordings, C(found) and C(erased).
      type: dict
    transcripts:
      description: Numbers of calls with a transcript, messages or a summary, C(found) and C(erased).
      type: dict
    campaigns:
      description: Number of campaigns with the number as a contact. Not set if they could not be read.
      type: int
    mentions:
      description: Number of calls of others whose data contains the digits of the number.
      type: int
    carrier_records:
      description: Number of didlogic's newest call records with the number. Not set if they were not read.
      type: int
    remains:
      description: What is left in Vapi and elsewhere, and cannot be erased by this module.
      type: list
      elements: str
  sample:
    caller: 3f1c0b7a9d2e4856
    complete: true
    calls: {found: 3, inbound: 2, outbound: 1, web: 0, unlisted: 0, erased: 3, failed: 0, running: 0, added: 0}
    recordings: {found: 6, erased: 6}
    transcripts: {found: 3, erased: 3}
    campaigns: 0
    mentions: 0
    carrier_records: 4
    remains:
      - "didlogic: call records (4 of the newest contain the number). The API does not delete them."
changes:
  description: The deletion, for programs; in check mode the one that would be. Without personal data.
  returned: once the calls were read, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: V(call).
      type: str
    name:
      description: The digest of the number; empty without O(caller).
      type: str
    action:
      description: V(delete).
      type: str
    before:
      description: Number of selected calls.
      type: dict
    after:
      description: Number of selected calls that are left.
      type: dict
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_with_optional
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.erasure_record import work
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import erasure
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI


def main() -> None:
    run_with_optional(VAPI, CARRIER.provider, erasure.ErasureOptions, erasure.checked, work, erasure.spellings)


if __name__ == "__main__":
    main()
