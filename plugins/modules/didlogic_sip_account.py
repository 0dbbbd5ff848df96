#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: didlogic_sip_account
short_description: Manage a SIP account at didlogic
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A SIP account is the login with which devices and trunks, such as Vapi's, make calls over didlogic.
  - An existing account is found by its login (O(name)) or by its O(label). A new one is found by O(label) only,
    because didlogic chooses the login.
  - didlogic never returns the password, so the module can not see whether it differs. It is written when the account
    is created, and always with O(update_password=always). It is never returned.
  - New addresses are allowed before O(ip_restrict) is switched on, so that nobody is locked out on the way.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._didlogic
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_password=always) and a O(password) every run writes the password and reports a change.
options:
  name:
    description:
      - The 5-digit login of an existing account. It can not be chosen for a new one.
      - Put it in quotes. YAML reads a leading zero as an octal number.
    type: str
  label:
    description:
      - Free text, 1 to 255 characters. It identifies the account if O(name) is not given. With O(name) it is what the
        account shall be labelled.
      - didlogic is not known to keep labels unique. If two accounts have it, the module asks for O(name).
    type: str
  password:
    description:
      - Password of the account, 8 characters at least. Needed to create one. didlogic's rules for it are not known; 20
        letters and digits are accepted.
    type: str
  update_password:
    description: Whether O(password) is written each time (V(always)) or only when the account is created
      (V(on_create)).
    type: str
    choices: [on_create, always]
    default: on_create
  caller_id:
    description: The number that outbound calls show, with its country code, in quotes. Take one of your didlogic
      numbers.
    type: str
  allowed_ips:
    description:
      - IPv4 addresses that may log in while O(ip_restrict=true). Single addresses, no networks.
      - For Vapi, those that Vapi's guide to SIP networking lists for the region. They are shared by all of Vapi's
        customers, so the password still counts.
    type: list
    elements: str
  allowed_ips_mode:
    description: Whether O(allowed_ips) are added to those allowed (V(append)) or are to be the only ones
      (V(replace)).
    type: str
    choices: [append, replace]
    default: append
  ip_restrict:
    description: Whether only O(allowed_ips) may log in.
    type: bool
  max_channels:
    description: How many calls may run at once, V(0) to V(10000). V(0) is no limit of the account itself.
    type: int
  max_call_seconds:
    description: How long a call may take, in seconds, V(0) to V(86400). V(0) is no limit of the account itself.
    type: int
  max_call_cost:
    description: What a call may cost, V(0) to V(10000), in the currency of the didlogic account. V(0) is no limit of
      the account itself.
    type: float
  force:
    description: Must be V(true) with O(state=absent). Every device and trunk that logs in with the account stops
      working.
    type: bool
    default: false
notes:
  - didlogic's pages on SIP accounts could not be read. The requests are those that several public clients send.
  - Limits that are not set fall back to those of the whole didlogic account.
seealso:
  - module: voiceops.vapi_didlogic.didlogic_sip_account_info
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
"""

EXAMPLES = r"""
---
- name: Prepare the login for Vapi
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

    - name: Hand the login on to Vapi
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

- name: Let one more address log in to an account that exists
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
  description: The account as it stands, or as it would stand in check mode. An empty dict with O(state=absent). The
    password is not part of it.
  returned: success
  type: dict
  contains:
    id:
      description: didlogic's id of the account. V((known after apply\)) in check mode before it exists. Everything
        else goes by the login.
      type: str
      sample: "61"
    name:
      description: The 5-digit login. Left out in check mode before it exists.
      type: str
      sample: "01234"
    label:
      description: Free text.
      type: str
      sample: vapi
    caller_id:
      description: The number that outbound calls show, if there is one.
      type: str
      sample: "31201234567"
    allowed_ips:
      description: Addresses that may log in while RV(sip_account.ip_restrict) is true.
      type: list
      elements: str
      sample:
        - 192.0.2.10
        - 192.0.2.11
    ip_restrict:
      description: Whether only these addresses may log in.
      type: bool
      sample: true
    max_channels:
      description: How many calls may run at once, V(0) without a limit.
      type: int
      sample: 10
    max_call_seconds:
      description: How long a call may take, V(0) without a limit.
      type: int
      sample: 3600
    max_call_cost:
      description: What a call may cost, V(0) without a limit.
      type: float
      sample: 0
    host:
      description: From where the account is registered, in didlogic's words.
      type: str
      sample: dynamic
    charge:
      description: What the account has cost, as didlogic writes it.
      type: str
      sample: "0.0"
    talk_time:
      description: How long the account has talked.
      type: int
      sample: 0
    created_at:
      description: When the account was created, as didlogic writes it.
      type: str
      sample: 2026-01-02 03:04:05 UTC
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run


def main() -> None:
    run(SIP_ACCOUNT)


if __name__ == "__main__":
    main()
