#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_sip_trunk
short_description: Manage a Vapi SIP trunk
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A SIP trunk is a Vapi credential of type C(byo-sip-trunk). It defines the gateways and the login for calls from Vapi
    to didlogic, and the addresses from which Vapi accepts calls.
  - The trunk is identified by O(name) among all trunks of the organisation.
  - Vapi never returns the password, so the module cannot detect a difference. The password is written when the trunk is
    created, when the login or its registration changes, and on every run with O(update_password=always). It is never
    returned.
  - Vapi replaces the login as a whole. A change of O(username) or O(register) therefore also requires O(password), and
    the module fails without it.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._former_names
  - voiceops.vapi_didlogic._attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_password=always) and O(password), every run writes the login and reports a change.
options:
  name:
    description: Name of the trunk, 1 to 40 characters. Vapi allows duplicate names. If several trunks have the name,
      the module fails unless O(id) is given.
    type: str
    required: true
  id:
    description: Id of the trunk, to select one of several with the same name, or to rename it.
    type: str
  gateways:
    description:
      - The SIP hosts of the provider. The list is replaced as a whole. Required to create a trunk.
      - Vapi identifies inbound calls by their source address. A host name is therefore only valid for outbound calls.
      - For didlogic, declare one outbound-only gateway with its host name, and one inbound-only gateway for each IPv4
        network of didlogic's signalling addresses. didlogic provides these addresses.
    type: list
    elements: dict
    suboptions:
      ip:
        description: IPv4 address, or a host name with O(gateways[].inbound_enabled=false), without C(sip:) and without
          a port.
        type: str
        required: true
      port:
        description: Port, V(1) to V(65535).
        type: int
        default: 5060
      netmask:
        description: Length of the network prefix, V(24) to V(32). It defines the accepted source addresses. Outbound
          calls always use O(gateways[].ip).
        type: int
        default: 32
      inbound_enabled:
        description: Whether Vapi accepts calls from this address.
        type: bool
        default: true
      outbound_enabled:
        description: Whether Vapi sends calls to this address.
        type: bool
        default: true
      outbound_protocol:
        description: Transport of outbound calls.
        type: str
        choices: [udp, tcp, tls, tls/srtp]
        default: udp
      options_ping_enabled:
        description: Whether Vapi monitors the gateway with OPTIONS requests. If no gateway responds to them, Vapi
          rejects outbound calls.
        type: bool
        default: false
  username:
    description:
      - Login for outbound calls. For didlogic, the 5-digit login of the SIP account.
      - Quote it. YAML reads a number with a leading zero as octal.
      - An empty string removes the login.
    type: str
  password:
    description: Password of O(username), at least 8 characters.
    type: str
  update_password:
    description: Whether to write O(password) on every run (V(always)) or only when the login is written anyway
      (V(on_create)).
    type: str
    choices: [on_create, always]
    default: on_create
  register:
    description: Registration of Vapi with the provider. didlogic does not require it for outbound calls. If it is not
      set, Vapi does not register.
    type: dict
    suboptions:
      domain:
        description: SIP domain of the registration.
        type: str
      username:
        description: User name of the registration.
        type: str
      realm:
        description: Realm of the digest authentication.
        type: str
  outbound_leading_plus_enabled:
    description: Whether Vapi dials numbers with a leading C(+). didlogic's guides use digits only.
    type: bool
  tech_prefix:
    description: Digits to prepend to every dialled number, if the provider requires them.
    type: str
  sip_diversion_header:
    description: Value of the SIP header C(Diversion), if the provider uses it to authenticate calls.
    type: str
  on_auth_change:
    description:
      - How to change the login.
      - V(update) updates the trunk in place.
      - V(replace) renames the old trunk, creates a new one, moves the phone numbers to it, and then deletes the old
        trunk. Settings that the task does not give are copied from the old trunk, and a warning lists those that cannot
        be copied. The id and the inbound URI change, so didlogic forwards must be updated. It requires O(password).
    type: str
    choices: [update, replace]
    default: update
  settings_from:
    description:
      - Id of another trunk. When the trunk is created, settings that the task does not give are copied from it. A
        warning lists those that cannot be copied. A registration with the login of that trunk is changed to
        O(username).
      - The password cannot be read, so O(password) is required as for any new trunk with O(username).
      - Has no effect on an existing trunk.
    type: str
    version_added: 1.0.0
  force:
    description: With O(state=absent), whether to delete the trunk even if phone numbers use it.
    type: bool
    default: false
notes:
  - Vapi's published API description does not include these operations. They are documented in Vapi's guides and used by
    clients. C(PATCH) is documented in one guide only.
  - According to one public report, Vapi continues to use the old login after an update in place, so that outbound calls
    fail with SIP status 407. In that case, use O(on_auth_change=replace).
seealso:
  - module: voiceops.vapi_didlogic.vapi_sip_trunk_info
  - module: voiceops.vapi_didlogic.vapi_phone_number
  - module: voiceops.vapi_didlogic.didlogic_sip_account
  - name: Vapi's guide to didlogic
    description: The manual set-up, as described by Vapi.
    link: https://docs.vapi.ai/advanced/sip/didlogic
"""

EXAMPLES = r"""
---
- name: Connect Vapi with didlogic
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
      region: us
  block:
    - name: Create the trunk
      voiceops.vapi_didlogic.vapi_sip_trunk:
        name: didlogic
        gateways:
          # Outbound: only here a host name is allowed.
          - ip: sip.nl.didlogic.net
            inbound_enabled: false
          # Inbound: the signalling networks of the provider.
          - ip: 192.0.2.0
            netmask: 28
            outbound_enabled: false
          - ip: 198.51.100.7
            outbound_enabled: false
        username: "{{ didlogic_sip_login }}"
        password: "{{ didlogic_sip_password }}"
        outbound_leading_plus_enabled: false
      register: trunk

    - name: Show the inbound URI of a didlogic number
      ansible.builtin.debug:
        msg: "{{ '31201234567' | voiceops.vapi_didlogic.vapi_sip_uri(trunk.sip_trunk.id, 'us') }}"

- name: Change the login by replacing the trunk
  voiceops.vapi_didlogic.vapi_sip_trunk:
    api_key: "{{ vapi_api_key }}"
    name: didlogic
    username: "{{ didlogic_new_sip_login }}"
    password: "{{ didlogic_new_sip_password }}"
    on_auth_change: replace
  register: replaced

- name: Write the password again
  voiceops.vapi_didlogic.vapi_sip_trunk:
    api_key: "{{ vapi_api_key }}"
    name: didlogic
    username: "{{ didlogic_new_sip_login }}"
    password: "{{ didlogic_new_sip_password }}"
    update_password: always

- name: Remove the trunk
  voiceops.vapi_didlogic.vapi_sip_trunk:
    api_key: "{{ vapi_api_key }}"
    name: didlogic
    state: absent
"""

RETURN = r"""
---
sip_trunk:
  description: The resulting trunk, or the predicted one in check mode. An empty dict with O(state=absent). The password
    is never returned.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the trunk, which is part of the inbound URI. V((known after apply\)) in check mode before it
        exists.
      type: str
      sample: 11111111-1111-4111-8111-111111111111
    name:
      description: Name of the trunk.
      type: str
      sample: didlogic
    gateways:
      description: Gateways, with the keys of O(gateways).
      type: list
      elements: dict
      sample:
        - ip: sip.nl.didlogic.net
          port: 5060
          netmask: 32
          inbound_enabled: false
          outbound_enabled: true
          outbound_protocol: udp
          options_ping_enabled: false
    username:
      description: Login for outbound calls, if one is set.
      type: str
      sample: "01234"
    register:
      description: Registration, with the keys of O(register), if it is set.
      type: dict
    outbound_leading_plus_enabled:
      description: Whether numbers are dialled with a leading C(+), if Vapi returns it.
      type: bool
      sample: false
    tech_prefix:
      description: Prefix of dialled numbers, if one is set.
      type: str
    sip_diversion_header:
      description: Value of the header C(Diversion), if one is set.
      type: str
    created_at:
      description: Time of creation, in ISO 8601.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
    updated_at:
      description: Time of the last change, in ISO 8601.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
replaced_id:
  description: Id of the trunk that was replaced.
  returned: when O(on_auth_change=replace) replaced a trunk, or completed an earlier replacement
  type: str
  sample: 66666666-6666-4666-8666-666666666666
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(sip_trunk).
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
    - kind: sip_trunk
      name: didlogic
      action: update
      before:
        outbound_leading_plus_enabled: false
      after:
        outbound_leading_plus_enabled: true
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK


def main() -> None:
    run(SIP_TRUNK)


if __name__ == "__main__":
    main()
