#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: sip_probe
short_description: Look whether a SIP server answers and takes a password
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Asks a SIP server, such as didlogic's gateway, in the order in which a call needs it. Does the name resolve, does
    the port answer, is the certificate good, does the server answer C(OPTIONS), does it take user name and password.
  - It never sends C(INVITE) or C(REFER), so nobody is called and nothing is charged.
  - The password is proven by a C(REGISTER) without C(Contact). It asks what is registered, and changes no binding. A
    phone that is registered stays so.
  - The password is answered with once, since servers lock out addresses that fail. Only where the server calls its own
    nonce stale, it is answered once more. A request with the password is not repeated over UDP either.
options:
  host:
    description:
      - Host name or address of the SIP server, without C(sip:) and without a port.
      - The addresses (A and AAAA) of a name are tried, four at most, until one answers.
      - Without O(port), and where the library C(dnspython) is installed, the SRV records of the name come first. NAPTR
        records are not followed. A gateway of M(voiceops.vapi_didlogic.vapi_sip_trunk) has its port spelled out.
    type: str
    required: true
  port:
    description: Port of the SIP server. If it is not given that of the SRV record, or V(5060), V(5061) with
      O(transport=tls).
    type: int
  transport:
    description: How to reach it. V(tls) needs TLS 1.2 or newer.
    type: str
    choices: [udp, tcp, tls]
    default: udp
  username:
    description:
      - The SIP login. Put it in quotes, since YAML reads a leading zero as an octal number.
      - Needed with O(method=register).
    type: str
  password:
    description:
      - The password of the SIP login, 8 characters at least.
      - Needed with O(method=register), and not used otherwise.
      - Without TLS anybody on the way can try passwords against the digest of it, as with every SIP phone.
    type: str
  method:
    description:
      - V(options) ends with C(OPTIONS).
      - V(register) proves user name and password behind it. A server that leaves C(OPTIONS) unanswered, as some do,
        gets the C(REGISTER) nevertheless.
    type: str
    choices: [options, register]
    default: options
  timeout:
    description: How long all of it may take, in seconds, V(1) to V(120).
    type: int
    default: 10
  validate_certs:
    description:
      - Whether the certificate of the server is checked. Goes with O(transport=tls).
      - With V(false) anybody on the way can pass for the server, and the module warns.
    type: bool
    default: true
  ca_path:
    description: File with the CA certificates to trust, in PEM form, on the host that runs the module, in place of
      those of the system. Goes with O(transport=tls).
    type: str
  fail:
    description:
      - Whether a step that does not hold fails the task. The message names the step and the option that mends it.
      - With V(false) the task succeeds, and RV(probe.ok) tells.
    type: bool
    default: true
attributes:
  action_group:
    description: The module talks to no API, so it has no connection options to share.
    support: none
    membership: []
requirements:
  - python >= 3.11
  - httpx >= 0.27
  - pydantic >= 2.7
notes:
  - Run it where the network is the one that matters. That this machine is served does not prove that Vapi's addresses
    are.
  - The libraries are those of the collection. The probe itself uses Python's standard library.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._attributes.info
seealso:
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
  - module: voiceops.vapi_didlogic.didlogic_sip_account
"""

EXAMPLES = r"""
---
- name: See that didlogic's proxy answers
  voiceops.vapi_didlogic.sip_probe:
    host: sip.nl.didlogic.net

- name: Prove the SIP password before the trunk is made
  voiceops.vapi_didlogic.sip_probe:
    host: sip.nl.didlogic.net
    method: register
    username: "01234"
    password: "{{ didlogic_sip_password }}"

- name: Look at TLS without failing
  voiceops.vapi_didlogic.sip_probe:
    host: sip.nl.didlogic.net
    transport: tls
    fail: false
  register: look

- name: Show what was seen
  ansible.builtin.debug:
    msg: "{{ look.probe.checks | map(attribute='message') }}"
"""

RETURN = r"""
---
probe:
  description: What was seen. It is there too when the task fails on a step.
  returned: when the options are right
  type: dict
  contains:
    ok:
      description: Whether no step failed. A step that proves nothing does not fail.
      type: bool
      sample: true
    reachable:
      description: Whether a SIP server has answered.
      type: bool
      sample: true
    status:
      description: Status of the last answer, V(null) if there was none.
      type: int
      sample: 200
    reason:
      description: The server's words beside the status, 100 characters at most.
      type: str
      sample: OK
    rtt_ms:
      description: Milliseconds until the first final answer.
      type: float
      sample: 11.4
    allow:
      description: The methods that the server advertises. Empty if it advertises none.
      type: list
      elements: str
      sample: [INVITE, ACK, BYE, CANCEL, OPTIONS, REFER]
    refer_advertised:
      description:
        - Whether C(REFER) is among them, V(null) if the server advertises nothing.
        - V(false) means that transfers by C(REFER) do not work. V(true) proves nothing, since servers advertise it that
          refuse it.
      type: bool
      sample: true
    server:
      description: What the server calls itself, 100 characters at most.
      type: str
      sample: kamailio (5.6.3 (x86_64/linux))
    tls:
      description: Facts of the TLS connection, V(null) without O(transport=tls).
      type: dict
      contains:
        version:
          description: Version of TLS.
          type: str
        subject:
          description: The subject of the server's certificate, or its first host name if it has none.
          type: str
        not_after:
          description: End of the certificate's time, in UTC.
          type: str
        verified:
          description: Whether the certificate was checked and found good.
          type: bool
      sample:
        version: TLSv1.3
        subject: CN=sip.nl.didlogic.net
        not_after: "2026-12-31T23:59:59Z"
        verified: true
    authenticated:
      description: V(true) if the password is right, V(false) if it was refused, V(null) if that is not known.
      type: bool
      sample: true
    checks:
      description: The steps in order, as far as they were reached.
      type: list
      elements: dict
      contains:
        name:
          description: V(name), V(connection), V(certificate), V(options), V(refer) or V(digest).
          type: str
        ok:
          description: Whether the step holds, V(null) if it proves nothing.
          type: bool
        message:
          description: What was seen.
          type: str
      sample:
        - name: name
          ok: true
          message: sip.nl.didlogic.net is 192.0.2.1
        - name: connection
          ok: true
          message: 192.0.2.1 port 5060 answers over UDP
        - name: options
          ok: true
          message: answers 200 OK in 11.4 ms
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_plain
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.probe import ProbeOptions, probe


def main() -> None:
    run_plain(ProbeOptions, probe)


if __name__ == "__main__":
    main()
