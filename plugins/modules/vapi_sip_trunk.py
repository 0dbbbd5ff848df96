#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_sip_trunk
short_description: Manage a SIP trunk at Vapi
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A SIP trunk is Vapi's credential of the kind C(byo-sip-trunk). It says over which gateways Vapi sends calls to
    didlogic, with which login, and from which addresses calls may reach Vapi.
  - The trunk is found by O(name) among all trunks of the organisation.
  - Vapi never returns the password, so the module can not see whether it differs. It is written when the trunk is
    created, when the login or what stands beside it changes, and always with O(update_password=always). It is never
    returned.
  - Vapi replaces the login as a whole. A change of O(username) or O(register) therefore needs O(password) too, and
    the module says so.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_password=always) and a O(password) every run writes the login and reports a change.
options:
  name:
    description: Name of the trunk, 1 to 40 characters. Vapi lets two trunks have one name; the module does not,
      unless O(id) picks one.
    type: str
    required: true
  id:
    description: Id of the trunk, to pick one of several with the same name, or to rename it.
    type: str
  gateways:
    description:
      - The provider's SIP hosts. The list is replaced as a whole. Needed to create a trunk.
      - Vapi recognises inbound calls by their source address. A host name can therefore be used for outbound calls
        only.
      - For didlogic, declare one outbound-only gateway with its host name, and one inbound-only gateway for each IPv4
        network that didlogic signals from. didlogic tells you these addresses.
    type: list
    elements: dict
    suboptions:
      ip:
        description: IPv4 address, or a host name with O(gateways[].inbound_enabled=false). Neither C(sip:) nor a
          port.
        type: str
        required: true
      port:
        description: Port, V(1) to V(65535).
        type: int
        default: 5060
      netmask:
        description: Length of the network prefix, V(24) to V(32). It widens which source addresses are let in;
          outbound calls go to O(gateways[].ip) alone.
        type: int
        default: 32
      inbound_enabled:
        description: Whether calls from this address reach Vapi.
        type: bool
        default: true
      outbound_enabled:
        description: Whether Vapi sends calls to this address.
        type: bool
        default: true
      outbound_protocol:
        description: How Vapi sends calls.
        type: str
        choices: [udp, tcp, tls, tls/srtp]
        default: udp
      options_ping_enabled:
        description: Whether Vapi watches the gateway with OPTIONS requests. If no gateway answers them, Vapi rejects
          outbound calls.
        type: bool
        default: false
  username:
    description:
      - Login for outbound calls, at didlogic the 5 digits of the SIP account.
      - Put it in quotes. YAML reads a leading zero as an octal number.
      - An empty string takes the login away.
    type: str
  password:
    description: Password of O(username), 8 characters at least.
    type: str
  update_password:
    description: Whether O(password) is written each time (V(always)) or only where the login is written anyway
      (V(on_create)).
    type: str
    choices: [on_create, always]
    default: on_create
  register:
    description: Lets Vapi register at the provider. didlogic does not need it for outbound calls. Without it Vapi
      does not register.
    type: dict
    suboptions:
      domain:
        description: SIP domain to register at.
        type: str
      username:
        description: User name in the registration.
        type: str
      realm:
        description: Realm of the digest.
        type: str
  outbound_leading_plus_enabled:
    description: Whether Vapi dials numbers with a leading C(+). didlogic's guides dial digits only.
    type: bool
  tech_prefix:
    description: Digits to put before every dialled number, where the provider wants them.
    type: str
  sip_diversion_header:
    description: Value of the SIP header C(Diversion), where the provider authenticates calls by it.
    type: str
  on_auth_change:
    description:
      - How a changed login is brought to Vapi.
      - V(update) changes the trunk in place.
      - V(replace) sets the old trunk aside under a second name, creates a new one, moves its phone numbers over, and
        removes the old one last. The new one takes over every setting of the old one that the task does not give, and a
        warning names what cannot be taken over. The id changes, and with it the inbound URI, so forwards at didlogic
        must follow. It needs O(password).
    type: str
    choices: [update, replace]
    default: update
  settings_from:
    description:
      - Id of another trunk. If the trunk is created, it takes over every setting of that one which the task does not
        give. What cannot be taken over is named in a warning. A registration under the login of that trunk becomes one
        under O(username).
      - The password is never readable, so O(password) is needed as for any new trunk with O(username).
      - Has no effect on a trunk that exists.
    type: str
    version_added: 1.0.0
  force:
    description: With O(state=absent), remove the trunk although phone numbers still use it.
    type: bool
    default: false
notes:
  - Vapi's published API description leaves these operations out. They are known from Vapi's guides and from clients,
    and PATCH from one guide only.
  - One public report says that Vapi keeps using an old login after a change in place, seen as SIP status 407 on
    outbound calls. If you meet that, use O(on_auth_change=replace).
seealso:
  - module: voiceops.vapi_didlogic.vapi_sip_trunk_info
  - module: voiceops.vapi_didlogic.vapi_phone_number
  - module: voiceops.vapi_didlogic.didlogic_sip_account
  - name: Vapi's guide to didlogic
    description: How Vapi describes the same set-up by hand.
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
    - name: Declare the trunk
      voiceops.vapi_didlogic.vapi_sip_trunk:
        name: didlogic
        gateways:
          # Outbound: a host name is allowed here only.
          - ip: sip.nl.didlogic.net
            inbound_enabled: false
          # Inbound: the networks that the provider signals from.
          - ip: 192.0.2.0
            netmask: 28
            outbound_enabled: false
          - ip: 198.51.100.7
            outbound_enabled: false
        username: "{{ didlogic_sip_login }}"
        password: "{{ didlogic_sip_password }}"
        outbound_leading_plus_enabled: false
      register: trunk

    - name: Show the address that a number at didlogic is forwarded to
      ansible.builtin.debug:
        msg: "{{ '31201234567' | voiceops.vapi_didlogic.vapi_sip_uri(trunk.sip_trunk.id, 'us') }}"

- name: Change the login, with a new trunk in the old one's place
  voiceops.vapi_didlogic.vapi_sip_trunk:
    api_key: "{{ vapi_api_key }}"
    name: didlogic
    username: "{{ didlogic_new_sip_login }}"
    password: "{{ didlogic_new_sip_password }}"
    on_auth_change: replace
  register: replaced

- name: Write the password again, whatever stands at Vapi
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
  description: The trunk as it stands, or as it would stand in check mode. An empty dict with O(state=absent). The
    password is not part of it.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the trunk, the label of the inbound URI. V((known after apply\)) in check mode before it
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
      description: Login for outbound calls, if there is one.
      type: str
      sample: "01234"
    register:
      description: Registration, with the keys of O(register), if there is one.
      type: dict
    outbound_leading_plus_enabled:
      description: Whether numbers are dialled with a leading C(+), where Vapi tells.
      type: bool
      sample: false
    tech_prefix:
      description: Prefix of dialled numbers, if there is one.
      type: str
    sip_diversion_header:
      description: Value of the header C(Diversion), if there is one.
      type: str
    created_at:
      description: When the trunk was created.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
    updated_at:
      description: When the trunk was last changed.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
replaced_id:
  description: Id of the trunk whose place the present one has taken.
  returned: when O(on_auth_change=replace) has replaced a trunk, or finished an earlier replacement
  type: str
  sample: 66666666-6666-4666-8666-666666666666
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK


def main() -> None:
    run(SIP_TRUNK)


if __name__ == "__main__":
    main()
