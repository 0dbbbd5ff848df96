#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: sip_probe
short_description: Check that a SIP server is reachable and accepts credentials
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Checks a SIP server, such as didlogic's gateway, in the order in which a call depends on it. The steps are name
    resolution, connection, TLS certificate, response to C(OPTIONS), and authentication with user name and password.
  - It never sends C(INVITE) or C(REFER), so no call is placed and nothing is charged.
  - The password is verified with a C(REGISTER) request without C(Contact), which queries the bindings and changes none.
    A registered phone remains registered.
  - The module sends one authenticated request only, because servers lock out addresses after failures. It sends a
    second one only if the server reports a stale nonce. It does not retransmit an authenticated request over UDP.
options:
  host:
    description:
      - Host name or address of the SIP server, without C(sip:) and without a port.
      - Up to four addresses (A and AAAA) of a name are tried until one responds.
      - If O(port) is not given and the Python library C(dnspython) is installed, the SRV records of the name are tried
        first. NAPTR records are not followed. For a gateway of M(voiceops.vapi_didlogic.vapi_sip_trunk), specify its
        port.
    type: str
    required: true
  port:
    description: Port of the SIP server. Defaults to the port of the SRV record, otherwise to V(5060), or V(5061) with
      O(transport=tls).
    type: int
  transport:
    description: Transport protocol. V(tls) requires TLS 1.2 or later.
    type: str
    choices: [udp, tcp, tls]
    default: udp
  username:
    description:
      - The SIP login. Quote it, because YAML reads a number with a leading zero as octal.
      - Required with O(method=register).
    type: str
  password:
    description:
      - The password of the SIP login, at least 8 characters.
      - Required with O(method=register), and not used otherwise.
      - Without TLS, an eavesdropper can test passwords against the digest, as with every SIP phone.
    type: str
  method:
    description:
      - V(options) only sends C(OPTIONS).
      - V(register) then also verifies user name and password. The C(REGISTER) request is sent even if the server does
        not respond to C(OPTIONS), as some servers do not.
    type: str
    choices: [options, register]
    default: options
  timeout:
    description: Timeout of all steps together in seconds, V(1) to V(120).
    type: int
    default: 10
  validate_certs:
    description:
      - Whether to verify the certificate of the server. Only used with O(transport=tls).
      - With V(false), the server can be impersonated, so the module issues a warning.
    type: bool
    default: true
  ca_path:
    description: Path of a file with the CA certificates to trust, in PEM format, on the host that runs the module.
      Overrides the CA certificates of the system. Only used with O(transport=tls).
    type: str
  fail:
    description:
      - Whether to fail the task if a step fails. The message names the step and the option that fixes it.
      - With V(false), the task succeeds, and RV(probe.ok) contains the result.
    type: bool
    default: true
attributes:
  action_group:
    description: The module does not use an API, so it has no connection options to share.
    support: none
    membership: []
requirements:
  - python >= 3.11
  - httpx >= 0.27
  - pydantic >= 2.7
notes:
  - Run it on a host in the relevant network. A successful probe from one host does not prove that Vapi's addresses are
    accepted.
  - The required libraries are those of the collection. The probe itself only uses Python's standard library.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._attributes.info
seealso:
  - module: voiceops.vapi_didlogic.vapi_sip_trunk
  - module: voiceops.vapi_didlogic.didlogic_sip_account
"""

EXAMPLES = r"""
---
- name: Check that didlogic's proxy is reachable
  voiceops.vapi_didlogic.sip_probe:
    host: sip.nl.didlogic.net

- name: Verify the SIP password before the trunk is created
  voiceops.vapi_didlogic.sip_probe:
    host: sip.nl.didlogic.net
    method: register
    username: "01234"
    password: "{{ didlogic_sip_password }}"

- name: Probe TLS without failing the task
  voiceops.vapi_didlogic.sip_probe:
    host: sip.nl.didlogic.net
    transport: tls
    fail: false
  register: tls_probe

- name: Show the results of all steps
  ansible.builtin.debug:
    msg: "{{ tls_probe.probe.checks | map(attribute='message') }}"
"""

RETURN = r"""
---
probe:
  description: The result. It is also returned if the task fails at a step.
  returned: when the options are valid
  type: dict
  contains:
    ok:
      description: Whether no step failed. An inconclusive step does not count as failed.
      type: bool
      sample: true
    reachable:
      description: Whether a SIP server responded.
      type: bool
      sample: true
    status:
      description: SIP status of the last response, V(null) if there was none.
      type: int
      sample: 200
    reason:
      description: Reason phrase of the last response, at most 100 characters.
      type: str
      sample: OK
    rtt_ms:
      description: Time to the first final response, in milliseconds.
      type: float
      sample: 11.4
    allow:
      description: The methods that the server advertises in C(Allow). Empty if it advertises none.
      type: list
      elements: str
      sample: [INVITE, ACK, BYE, CANCEL, OPTIONS, REFER]
    refer_advertised:
      description:
        - Whether C(REFER) is among them, V(null) if the server advertises no methods.
        - V(false) means that transfers by C(REFER) do not work. V(true) is not conclusive, because some servers
          advertise C(REFER) but reject it.
      type: bool
      sample: true
    server:
      description: Name and version that the server reports, at most 100 characters.
      type: str
      sample: kamailio (5.6.3 (x86_64/linux))
    tls:
      description: Properties of the TLS connection, V(null) without O(transport=tls).
      type: dict
      contains:
        version:
          description: TLS version.
          type: str
        subject:
          description: The subject of the server's certificate, or its first host name if it has none.
          type: str
        not_after:
          description: Expiry time of the certificate, in UTC.
          type: str
        verified:
          description: Whether the certificate was verified successfully.
          type: bool
      sample:
        version: TLSv1.3
        subject: CN=sip.nl.didlogic.net
        not_after: "2026-12-31T23:59:59Z"
        verified: true
    authenticated:
      description: V(true) if the credentials were accepted, V(false) if they were rejected, V(null) if unknown.
      type: bool
      sample: true
    checks:
      description: The steps that were performed, in order.
      type: list
      elements: dict
      contains:
        name:
          description: V(name), V(connection), V(certificate), V(options), V(refer) or V(digest).
          type: str
        ok:
          description: Whether the step succeeded, V(null) if it is inconclusive.
          type: bool
        message:
          description: Result of the step.
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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_plain
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.probe import ProbeOptions, probe


def main() -> None:
    run_plain(ProbeOptions, probe)


if __name__ == "__main__":
    main()
