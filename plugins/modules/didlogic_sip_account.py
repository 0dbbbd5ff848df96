#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_sip_account
short_description: Manage a didlogic SIP account
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A SIP account is the login that devices and trunks, such as Vapi's, use to place calls through didlogic.
  - An existing account is found by its login (O(name)) or by its O(label). A new one is found by O(label) only, because
    didlogic assigns the login.
  - didlogic never returns the password, so the module cannot detect a difference. The password is written when the
    account is created, and on every run with O(update_password=always). It is never returned.
  - New addresses are allowed before O(ip_restrict) is enabled, so that no client is locked out during the change.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_password=always) and O(password), every run writes the password and reports a change.
options:
  name:
    description:
      - The 5-digit login of an existing account. It cannot be chosen for a new one.
      - Quote it. YAML reads a number with a leading zero as octal.
    type: str
  label:
    description:
      - Free text, 1 to 255 characters. It identifies the account if O(name) is not given. With O(name), it is the label
        to set.
      - didlogic may allow duplicate labels. If several accounts have the label, the module fails and asks for O(name).
    type: str
  password:
    description:
      - Password of the account, at least 8 characters. Required to create an account. didlogic does not document its
        password rules; 20 letters and digits are accepted.
    type: str
  update_password:
    description: Whether to write O(password) on every run (V(always)) or only when the account is created
      (V(on_create)).
    type: str
    choices: [on_create, always]
    default: on_create
  caller_id:
    description: Caller ID of outbound calls, with its country code. Quote it. Use one of your didlogic numbers.
    type: str
  allowed_ips:
    description:
      - IPv4 addresses that may log in if O(ip_restrict=true). Networks are not supported.
      - For Vapi, use the addresses that Vapi's guide to SIP networking lists for the region. All Vapi customers share
        them, so a strong password is still required.
    type: list
    elements: str
  allowed_ips_mode:
    description: Whether to add O(allowed_ips) to the allowed addresses (V(append)) or to replace them (V(replace)).
    type: str
    choices: [append, replace]
    default: append
  ip_restrict:
    description: Whether to restrict logins to O(allowed_ips).
    type: bool
  max_channels:
    description: Maximum number of concurrent calls, V(0) to V(10000). V(0) means no limit for this SIP account.
    type: int
  max_call_seconds:
    description: Maximum duration of a call in seconds, V(0) to V(86400). V(0) means no limit for this SIP account.
    type: int
  max_call_cost:
    description: Maximum cost of a call, V(0) to V(10000), in the currency of the didlogic account. V(0) means no limit
      for this SIP account.
    type: float
  force:
    description: Must be V(true) with O(state=absent), because every device and trunk that uses the account stops
      working.
    type: bool
    default: false
notes:
  - didlogic's documentation of SIP accounts was not available. The requests are those used by several public clients.
  - Limits that are not set default to those of the whole didlogic account.
seealso:
  - module: voiceops.vapi_didlogic.didlogic_sip_account_info
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
"""

EXAMPLES = r"""
---
- name: Create the SIP login for Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.didlogic:
      api_key: "{{ didlogic_api_key }}"
  block:
    - name: Declare a SIP account by its label
      voiceops.vapi_didlogic.didlogic_sip_account:
        label: vapi
        password: "{{ didlogic_sip_password }}"
        caller_id: "31201234567"
        allowed_ips:
          - 192.0.2.10
          - 192.0.2.11
        ip_restrict: true
        max_channels: 10
        max_call_seconds: 3600
      register: login

    - name: Use the login in a Vapi trunk
      voiceops.vapi_didlogic.vapi_sip_trunk:
        api_key: "{{ vapi_api_key }}"
        name: didlogic
        gateways:
          - ip: sip.nl.didlogic.net
            inbound_enabled: false
        username: "{{ login.sip_account.name }}"
        password: "{{ didlogic_sip_password }}"

    - name: Change the password
      voiceops.vapi_didlogic.didlogic_sip_account:
        label: vapi
        password: "{{ didlogic_new_sip_password }}"
        update_password: always

- name: Allow one more address for an existing account
  voiceops.vapi_didlogic.didlogic_sip_account:
    api_key: "{{ didlogic_api_key }}"
    name: "01234"
    allowed_ips:
      - 198.51.100.7

- name: Remove an account
  voiceops.vapi_didlogic.didlogic_sip_account:
    api_key: "{{ didlogic_api_key }}"
    name: "01234"
    state: absent
    force: true
"""

RETURN = r"""
---
sip_account:
  description: The resulting account, or the predicted one in check mode. An empty dict with O(state=absent). The
    password is never returned.
  returned: success
  type: dict
  contains:
    id:
      description: didlogic's id of the account. V((known after apply\)) in check mode before it exists. Requests use
        the login instead.
      type: str
      sample: "61"
    name:
      description: The 5-digit login. Omitted in check mode before the account exists.
      type: str
      sample: "01234"
    label:
      description: Label of the account.
      type: str
      sample: vapi
    caller_id:
      description: Caller ID of outbound calls, if one is set.
      type: str
      sample: "31201234567"
    allowed_ips:
      description: IPv4 addresses that may log in if RV(sip_account.ip_restrict) is V(true).
      type: list
      elements: str
      sample:
        - 192.0.2.10
        - 192.0.2.11
    ip_restrict:
      description: Whether logins are restricted to RV(sip_account.allowed_ips).
      type: bool
      sample: true
    max_channels:
      description: Maximum number of concurrent calls, V(0) for no limit.
      type: int
      sample: 10
    max_call_seconds:
      description: Maximum duration of a call in seconds, V(0) for no limit.
      type: int
      sample: 3600
    max_call_cost:
      description: Maximum cost of a call, V(0) for no limit.
      type: float
      sample: 0
    host:
      description: Host from which the account is registered, as didlogic provides it.
      type: str
      sample: dynamic
    charge:
      description: Total charge of the account, as didlogic provides it.
      type: str
      sample: "0.0"
    talk_time:
      description: Total talk time of the account, as didlogic provides it.
      type: int
      sample: 0
    created_at:
      description: Time of creation, as didlogic provides it.
      type: str
      sample: 2026-01-02 03:04:05 UTC
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(sip_account).
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
    - kind: sip_account
      name: "01234"
      action: update
      before:
        max_channels: 2
      after:
        max_channels: 10
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT


def main() -> None:
    run(SIP_ACCOUNT)


if __name__ == "__main__":
    main()
