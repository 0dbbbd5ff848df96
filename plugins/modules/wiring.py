#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: wiring
short_description: Wire didlogic numbers to Vapi assistants, a whole environment in one task
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Declares an environment, that is a trunk, who answers, how callers are handed to a human, and the numbers. Creates
    or corrects every object of it at Vapi and didlogic, and then looks whether calls get to where they are declared to
    go.
  - It does what the modules for the single objects do, in the right order. Both accounts are read once, and what does
    not wait for anything else is written at the same time, so that a whole environment takes about as long as one
    object.
  - The role P(voiceops.vapi_didlogic.integration#role) runs it with defaults, and prints RV(report).
  - A number is forwarded to Vapi only after Vapi knows it. If something fails, what depends on it is not begun, the
    failure says what was done, and the next run goes on from there.
  - Every mistake in what is declared is told at once, before the first request, and everything that does not fit what
    is there before the first change.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._across
  - voiceops.vapi_didlogic._attributes.across
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes
options:
  state:
    type: str
    choices:
      - present
      - absent
    default: present
    description:
      - V(absent) removes the forwards, the phone numbers, the assistants, the transfer tools and the trunk, in this
        order, as far as they are declared here. What is gone already is passed over.
      - A forward of a declared number goes in whatever form it leads to the trunk. If something that stays uses what
        would go, such as a squad that an assistant is in, nothing is changed.
  trunk:
    type: dict
    required: true
    description:
      - The SIP trunk at Vapi, by which Vapi reaches didlogic and knows didlogic's calls.
    suboptions:
      name:
        type: str
        required: true
        description:
          - Its name at Vapi, 40 characters at most. The trunk is found by it.
      gateway:
        type: str
        required: true
        description:
          - The host of the didlogic proxy that outbound calls go to, such as V(sip.nl.didlogic.net).
      protocol:
        type: str
        choices:
          - udp
          - tcp
          - tls
          - tls/srtp
        default: udp
        description:
          - The transport of outbound calls.
      port:
        type: int
        description:
          - The port of the gateway. By default 5061 with V(tls) and V(tls/srtp), else 5060.
      username:
        type: str
        description:
          - The 5-digit SIP login. Put it in quotes, or YAML reads a leading zero as an octal number.
          - By default the login of O(sip_account), if that is declared.
      password:
        type: str
        description:
          - The password of the SIP login. By default that of O(sip_account).
      update_password:
        type: str
        choices:
          - on_create
          - always
        default: on_create
        description:
          - Vapi never shows the password, so a changed one cannot be seen. V(always) sends it on every run, which then
            reports a change every time.
      inbound_networks:
        type: list
        elements: str
        description:
          - didlogic's signalling addresses, as IPv4 addresses or networks of C(/24) to C(/32). Ask didlogic for those
            of your account.
          - Without them Vapi refuses inbound calls with 401, and a warning says so.
      leading_plus:
        type: bool
        description:
          - Whether outbound calls dial numbers with a leading C(+). Not managed by default.
  sip_account:
    type: dict
    description:
      - The SIP account at didlogic, for accounts that are to be made or managed here as well. Not managed by default.
    suboptions:
      name:
        type: str
        description:
          - The 5-digit login of an existing account, in quotes.
      label:
        type: str
        description:
          - What people call it. A new account is made, and found again, by it.
      password:
        type: str
        description:
          - Its password. Needed to create it.
      update_password:
        type: str
        choices:
          - on_create
          - always
        default: on_create
        description:
          - V(always) sends the password on every run, which then reports a change every time.
      caller_id:
        type: str
        description:
          - The number that outbound calls show.
      allowed_ips:
        type: list
        elements: str
        description:
          - IPv4 addresses that may log in.
      allowed_ips_mode:
        type: str
        choices:
          - append
          - replace
        default: append
        description:
          - Whether further addresses at didlogic stay or go.
      ip_restrict:
        type: bool
        description:
          - Whether only the allowed addresses may log in.
      max_channels:
        type: int
        description:
          - How many calls at once. V(0) means no limit.
      max_call_seconds:
        type: int
        description:
          - The longest call in seconds. V(0) means no limit.
      max_call_cost:
        type: float
        description:
          - The dearest call. V(0) means no limit.
      force:
        type: bool
        default: false
        description:
          - With O(state=absent) the account is removed only if this is true, because everything else that logs in with
            it would stop working.
  assistants:
    type: list
    elements: dict
    description:
      - Assistants at Vapi that are managed here. Numbers may as well name assistants that are made elsewhere.
    suboptions:
      name:
        type: str
        required: true
        description:
          - Its name, 40 characters at most. The assistant is found by it.
      definition:
        type: dict
        description:
          - What it is, in Vapi's own words (camelCase), such as C(model), C(voice), C(firstMessage). Merged into what
            stands; what is not named stays. An object whose C(provider) or C(type) changes is replaced as a whole.
          - A text with variables that Vapi is to fill in needs the tag C(!unsafe).
      tools:
        type: list
        elements: str
        description:
          - Names or ids of its tools. They are added to those that it has.
  transfer_tools:
    type: list
    elements: dict
    description:
      - Tools by which an assistant hands a call to a human. They need SIP REFER at didlogic, see O(sip_refer_enabled).
    suboptions:
      name:
        type: str
        required: true
        description:
          - The name by which the model calls it. 1 to 64 letters, digits, C(_) or C(-).
      description:
        type: str
        description:
          - When the model is to use it.
      destinations:
        type: list
        elements: dict
        description:
          - Where calls are handed to.
        suboptions:
          number:
            type: str
            description:
              - A phone number in E.164 form. Either this or C(sip_uri).
          via:
            type: str
            choices:
              - number
              - sip
            default: number
            description:
              - V(number) leaves it to Vapi how to reach the number, as didlogic's guide has it. V(sip) makes it the
                SIP URI C(sip:+NUMBER@GATEWAY) at the gateway of O(trunk).
          sip_uri:
            type: str
            description:
              - A SIP URI such as V(sip:desk@pbx.example.org). Either this or C(number).
          assistant_name:
            type: str
            description:
              - Another assistant of the same squad that goes on with the call, in place of C(number) and C(sip_uri).
          transfer_mode:
            type: str
            description:
              - What of the conversation that assistant gets, in Vapi's words.
          message:
            type: raw
            description:
              - What is said to the caller before the transfer. V('') says nothing.
          description:
            type: str
            description:
              - When the model is to choose this destination. Wanted where there are several.
          caller_id:
            type: str
            description:
              - The caller's number that is shown to the human.
          extension:
            type: str
            description:
              - Digits dialled after the call is answered. With C(number) only.
          number_e164_check_enabled:
            type: bool
            default: true
            description:
              - Whether Vapi insists on the E.164 form.
          sip_headers:
            type: dict
            description:
              - Further SIP headers. With C(sip_uri) only.
          mode:
            type: str
            description:
              - One of Vapi's ways to transfer. By default V(blind-transfer).
          sip_verb:
            type: str
            choices:
              - refer
              - bye
              - dial
            description:
              - How Vapi transfers a SIP call.
          transfer_plan:
            type: dict
            description:
              - The rest of Vapi's transfer plan, in its own words.
      parameters:
        type: dict
        description:
          - JSON schema of what the model gives when it calls the tool, Vapi's C(function.parameters). Not given, a list
            of destinations in it follows C(destinations).
      messages:
        type: list
        elements: dict
        description:
          - What the assistant says around the use of the tool, in Vapi's own words.
  numbers:
    type: list
    elements: dict
    required: true
    description:
      - The numbers, bought at didlogic already.
    suboptions:
      number:
        type: str
        required: true
        description:
          - The number with country code. A leading C(+) and marks between the digits make no difference.
      name:
        type: str
        description:
          - Its name at Vapi, 40 characters at most.
      assistant:
        type: str
        description:
          - Name or id of the assistant that answers. V('') detaches. Either C(assistant) or C(squad).
      squad:
        type: str
        description:
          - Name or id of the squad that answers.
      workflow:
        type: str
        description:
          - Retired and refused, since Vapi has run no workflow since 2026-08-19.
      inbound:
        type: bool
        default: true
        description:
          - V(false) leaves the destinations at didlogic alone. The number is then for outbound calls only.
      others:
        type: str
        choices:
          - keep
          - disable
          - remove
        default: keep
        description:
          - What becomes of the other destinations of the number at didlogic. They stay behind Vapi as fail-over, are
            switched off, or are removed.
          - A destination that leads to a trunk of the Vapi organisation, in either region and in whatever form, is
            replaced by the declared one.
      fallback_destination:
        type: dict
        description:
          - Where Vapi sends a call that no assistant can take. The options are those of a destination of a transfer
            tool, without C(via).
  number_format:
    type: str
    choices:
      - digits
      - e164
    default: digits
    description:
      - How a number is spelled at Vapi and in the inbound URI, on both sides alike. V(digits) is didlogic's own form,
        V(e164) has a leading C(+).
  inbound_uri:
    type: str
    choices:
      - trunk_id
      - private_key
    default: trunk_id
    description:
      - V(trunk_id) sends calls to C(NUMBER@TRUNK_ID.sip.vapi.ai), the form of Vapi's guide. A destination with the
        private key in it is replaced.
      - V(private_key) is the form of didlogic's guide. The key then stands in clear at didlogic and in SIP messages.
  sip_refer_enabled:
    type: bool
    default: false
    description:
      - Declares that didlogic's account manager has enabled SIP REFER for the account. No API tells, so a human has
        to.
      - With transfers declared (transfer tools, C(transferCall) in a C(definition), fallbacks) and this V(false)
        nothing is sent, and the failure says what to ask.
  allow_unconfirmed_refer:
    type: bool
    default: false
    description:
      - Makes transfer tools although SIP REFER is not confirmed. Transfers fail until it is enabled.
  verify:
    type: bool
    default: true
    description:
      - Whether to fail on what the look at the end finds, which is that of M(voiceops.vapi_didlogic.routing_audit).
        The task fails if a number's calls do not get to where they are declared to go, or if the audit finds an error
        on their way. With V(false) RV(broken) still tells.
  concurrency:
    type: int
    default: 8
    description:
      - How many requests are under way at once at each service, 1 to 32.
seealso:
  - module: voiceops.vapi_didlogic.wiring_info
  - module: voiceops.vapi_didlogic.routing_audit
"""

EXAMPLES = r"""
---
- name: Let an assistant answer two numbers
  voiceops.vapi_didlogic.wiring:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    trunk:
      name: didlogic NL
      gateway: sip.nl.didlogic.net
      username: "01234"
      password: "{{ sip_password }}"
      inbound_networks: [192.0.2.0/28]
    assistants:
      - name: Reception
        definition:
          firstMessage: Good day, how may I help?
          model:
            provider: openai
            model: gpt-4o
    numbers:
      - number: "+31201234567"
        assistant: Reception
      - number: "+31201234568"
        assistant: Reception
  register: result

- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ result.report }}"
"""

RETURN = r"""
---
wiring:
  description: What stands now. In check mode, what would.
  returned: always, once the accounts have been read
  type: dict
  contains:
    state:
      description: What was asked for.
      type: str
    trunk_id:
      description: Id of the trunk.
      type: str
    inbound_uris:
      description: The URI that each number's calls are forwarded to, by the number's digits. Its label reads V(hidden)
        where it is the private key.
      type: dict
    phone_number_ids:
      description: Ids of the phone numbers at Vapi, by the number's digits.
      type: dict
    forward_ids:
      description: Ids of the destinations at didlogic, by the number's digits.
      type: dict
    assistant_ids:
      description: Ids of the assistants that are declared, by their names.
      type: dict
    transfer_tool_ids:
      description: Ids of the transfer tools that are declared, by their names.
      type: dict
    findings:
      description: What the audit found, as RV(voiceops.vapi_didlogic.routing_audit#module:findings).
      type: list
      elements: dict
  sample:
    state: present
    trunk_id: 11111111-1111-4111-8111-111111111111
    inbound_uris:
      "31201234567": 31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
    phone_number_ids:
      "31201234567": 22222222-2222-4222-8222-222222222222
    forward_ids:
      "31201234567": "1234"
    assistant_ids:
      Reception: 33333333-3333-4333-8333-333333333333
    transfer_tool_ids: {}
    findings: []
objects:
  description: What became of each object.
  returned: always, once the accounts have been read
  type: list
  elements: dict
  contains:
    kind:
      description: The return key of its own module, such as V(sip_trunk).
      type: str
    name:
      description: Its name or number.
      type: str
    id:
      description: Its id. Empty where it is gone.
      type: str
    change:
      description: One of V(created), V(updated), V(deleted), V(unchanged), V(failed).
      type: str
  sample:
    - kind: sip_trunk
      name: didlogic NL
      id: 11111111-1111-4111-8111-111111111111
      change: created
summary:
  description: How many objects met which fate. In check mode, would meet.
  returned: always, once the accounts have been read
  type: dict
  sample:
    created: 3
    updated: 0
    deleted: 0
    unchanged: 0
    failed: 0
sip_trunk:
  description: The trunk, with the keys of RV(voiceops.vapi_didlogic.vapi_sip_trunk#module:sip_trunk).
  returned: always, once the accounts have been read
  type: dict
broken:
  description: A sentence for each number whose calls do not get to where they are declared to go, and for each error on
    their way. Empty if all is well, and in a dry run that would change something.
  returned: always, once the accounts have been read
  type: list
  elements: str
  sample: []
report:
  description: What was done and where calls go, in lines for people. If the verification found differences, it begins
    with them, whatever O(verify) says.
  returned: always, once the accounts have been read
  type: list
  elements: str
  sample:
    - Done. This is what stands now.
    - trunk          didlogic NL              created
    - assistant      Reception                created
    - phone number   31201234567              created, answered by Reception
    - forward        31201234567              created
    - calls go to    31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.declared import Wiring, parse
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.wiring import SERVICES, wire


def main() -> None:
    run_across(SERVICES, Wiring, wire, parse)


if __name__ == "__main__":
    main()
