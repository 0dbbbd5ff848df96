#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: integration
short_description: Deploy a complete environment of didlogic numbers and Vapi assistants
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Manages an environment, which consists of a SIP trunk, assistants, transfer tools and numbers. Creates or updates
    every object in Vapi and didlogic, and then verifies that calls are routed as declared.
  - It works like the modules for the single objects, in the correct order. Both accounts are read once, and independent
    objects are written concurrently, so that an environment requires about as much time as one object.
  - The role P(voiceops.vapi_didlogic.integration#role) runs this module with defaults, and prints RV(report).
  - A number is forwarded to Vapi only after it has been imported into Vapi. If an object fails, the objects that depend
    on it are skipped, the error reports what was done, and the next run continues.
  - All errors in the declaration are reported together before the first request. All conflicts with the existing
    objects are reported before the first change.
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
      - V(absent) deletes the declared forwards, phone numbers, assistants, transfer tools and trunk, in this order.
        Objects that do not exist are skipped.
      - Every forward of a declared number to the trunk is deleted, regardless of its format. If an object to delete is
        still used by another object, such as an assistant by a squad, nothing is changed.
  trunk:
    type: dict
    required: true
    description:
      - The SIP trunk in Vapi. Vapi uses it to place calls through didlogic and to identify calls from didlogic.
    suboptions:
      name:
        type: str
        required: true
        description:
          - Name in Vapi, at most 40 characters. It identifies the trunk.
      gateway:
        type: str
        required: true
        description:
          - Host name of the didlogic proxy for outbound calls, such as V(sip.nl.didlogic.net).
      protocol:
        type: str
        choices:
          - udp
          - tcp
          - tls
          - tls/srtp
        default: udp
        description:
          - Transport of outbound calls.
      port:
        type: int
        description:
          - Port of the gateway. Defaults to V(5061) with V(tls) and V(tls/srtp), otherwise to V(5060).
      username:
        type: str
        description:
          - The 5-digit SIP login. Quote it, because YAML reads a number with a leading zero as octal.
          - Defaults to the login of O(sip_account), if that is declared.
      password:
        type: str
        description:
          - Password of the SIP login. Defaults to the password of O(sip_account).
      update_password:
        type: str
        choices:
          - on_create
          - always
        default: on_create
        description:
          - Vapi never returns the password, so a difference cannot be detected. V(always) writes it on every run, which
            then always reports a change.
      inbound_networks:
        type: list
        elements: str
        description:
          - didlogic's signalling addresses, as IPv4 addresses or networks from C(/24) to C(/32). didlogic provides the
            addresses for your account.
          - If it is not given, Vapi rejects inbound calls with SIP status 401, so the module issues a warning.
      leading_plus:
        type: bool
        description:
          - Whether to dial numbers with a leading C(+). Not managed by default.
      former_names:
        type: list
        elements: str
        description:
          - Earlier names of the trunk. If no trunk has its name and one has a former name, that one is renamed, so that
            its id, the forwards and all references stay as they are. If several exist, nothing is changed and the error
            names their ids.
          - Without it, another name means another trunk. The report then names the trunk that loses its last number.
  sip_account:
    type: dict
    description:
      - The didlogic SIP account, if it is to be created or managed as well. Not managed by default.
    suboptions:
      name:
        type: str
        description:
          - The 5-digit login of an existing account. Quote it.
      label:
        type: str
        description:
          - Label of the account, 1 to 255 characters. It identifies an account that was created with it.
      password:
        type: str
        description:
          - Password of the account. Required to create it.
      update_password:
        type: str
        choices:
          - on_create
          - always
        default: on_create
        description:
          - V(always) writes the password on every run, which then always reports a change.
      caller_id:
        type: str
        description:
          - Caller ID of outbound calls.
      allowed_ips:
        type: list
        elements: str
        description:
          - IPv4 addresses that may log in if C(ip_restrict) is V(true).
      allowed_ips_mode:
        type: str
        choices:
          - append
          - replace
        default: append
        description:
          - Whether to add C(allowed_ips) to the allowed addresses (V(append)) or to replace them (V(replace)).
      ip_restrict:
        type: bool
        description:
          - Whether to restrict logins to the allowed addresses.
      max_channels:
        type: int
        description:
          - Maximum number of concurrent calls. V(0) means no limit.
      max_call_seconds:
        type: int
        description:
          - Maximum duration of a call in seconds. V(0) means no limit.
      max_call_cost:
        type: float
        description:
          - Maximum cost of a call, in the currency of the didlogic account. V(0) means no limit.
      force:
        type: bool
        default: false
        description:
          - With O(state=absent), whether to delete the account. Every other device or trunk that uses it stops working.
  assistants:
    type: list
    elements: dict
    description:
      - Assistants in Vapi to manage. Numbers may also use assistants that are managed elsewhere.
    suboptions:
      name:
        type: str
        required: true
        description:
          - Name of the assistant, at most 40 characters. It identifies the assistant.
      definition:
        type: dict
        description:
          - The assistant in Vapi's camelCase, such as C(model), C(voice), C(firstMessage). It is merged with the
            current definition. Keys that it does not contain are not changed. An object whose C(provider) or C(type)
            changes is replaced as a whole.
          - A string with variables that Vapi replaces needs the tag C(!unsafe).
      definition_file:
        type: str
        description:
          - Path of a file on the controller with a definition in YAML or JSON, as Vapi's API and tools write it. The
            file is never treated as a template. C(definition) is merged over it.
          - Keys that only responses contain are ignored. A relative path starts in the playbook's folder, and in the
            current folder for the playbooks of this collection. The file may be encrypted with Ansible Vault.
      prompt_file:
        type: str
        description:
          - Path of a text file on the controller with the prompt, as in C(definition_file). The text, without line
            breaks at its end, replaces the first system message in C(model.messages), or becomes it.
      tools:
        type: list
        elements: str
        description:
          - Names or ids of the assistant's tools. If it is not given, the tools are not managed.
      tools_mode:
        type: str
        choices:
          - append
          - replace
        default: append
        description:
          - V(append) keeps other attached tools, except those in O(transfer_tools) that O(assistants[].tools) does not
            name, which are detached. V(replace) detaches all tools that it does not name.
      former_names:
        type: list
        elements: str
        description:
          - Earlier names of the assistant, as for O(trunk.former_names).
      tool_names:
        type: list
        elements: str
        description:
          - Names of the tools, as M(voiceops.vapi_didlogic.vapi_assistant_info) returns them. Ignored.
      state:
        type: str
        choices:
          - present
          - absent
        default: present
        description:
          - V(absent) removes the assistant, after everything else has its declared state. If it does not exist, the
            entry is ignored. If a phone number or squad that remains uses it, nothing is changed.
  transfer_tools:
    type: list
    elements: dict
    description:
      - Tools that an assistant uses to transfer a call to a human. They require SIP REFER in didlogic, see
        O(sip_refer_enabled).
    suboptions:
      name:
        type: str
        required: true
        description:
          - The function name that the model uses to call the tool, 1 to 64 letters, digits, C(_) or C(-).
      description:
        type: str
        description:
          - Instruction to the model when to use the tool.
      destinations:
        type: list
        elements: dict
        description:
          - The transfer destinations.
        suboptions:
          number:
            type: str
            description:
              - Phone number in E.164 format to transfer the call to. Mutually exclusive with C(sip_uri).
          via:
            type: str
            choices:
              - number
              - sip
            default: number
            description:
              - V(number) passes the number to Vapi, as in didlogic's guide. V(sip) converts it to the SIP URI
                C(sip:+NUMBER@GATEWAY) with the gateway of O(trunk).
          sip_uri:
            type: str
            description:
              - SIP URI to transfer the call to, such as V(sip:desk@pbx.example.org). Mutually exclusive with C(number).
          assistant_name:
            type: str
            description:
              - Name of another assistant of the same squad to continue the call with, instead of C(number) and
                C(sip_uri).
          transfer_mode:
            type: str
            description:
              - The part of the conversation that is passed to C(assistant_name), as Vapi names it.
          message:
            type: raw
            description:
              - Message to the caller before the transfer. V('') means no message.
          description:
            type: str
            description:
              - Instruction to the model when to select this destination. Recommended if there are several.
          caller_id:
            type: str
            description:
              - Caller ID to present, at most 40 characters.
          extension:
            type: str
            description:
              - Extension to dial after the call is answered. Only valid with C(number).
          number_e164_check_enabled:
            type: bool
            default: true
            description:
              - Whether Vapi requires E.164 format.
          sip_headers:
            type: dict
            description:
              - SIP headers to add. Only valid with C(sip_uri).
          mode:
            type: str
            description:
              - Mode of the transfer, as Vapi names it. Defaults to V(blind-transfer).
          sip_verb:
            type: str
            choices:
              - refer
              - bye
              - dial
            description:
              - SIP method of the transfer.
          transfer_plan:
            type: dict
            description:
              - Additional keys of Vapi's C(transferPlan), in Vapi's camelCase.
      parameters:
        type: dict
        description:
          - JSON schema of the arguments that the model passes to the tool, Vapi's C(function.parameters). If it is not
            given, a list of destinations in the current value is updated from C(destinations).
      messages:
        type: list
        elements: dict
        description:
          - Messages of the assistant while the tool runs, as a list of Vapi's message objects.
      former_names:
        type: list
        elements: str
        description:
          - Earlier names of the tool, as for O(trunk.former_names).
      state:
        type: str
        choices:
          - present
          - absent
        default: present
        description:
          - V(absent) removes the tool, after everything else has its declared state. If it does not exist, the entry is
            ignored. It is detached from the declared assistants; if an assistant that is not declared has it, nothing
            is changed.
  numbers:
    type: list
    elements: dict
    required: true
    description:
      - The numbers. They must already belong to the didlogic account.
    suboptions:
      number:
        type: str
        required: true
        description:
          - The number with its country code. A leading C(+) and separators between the digits are ignored.
      name:
        type: str
        description:
          - Display name in Vapi, at most 40 characters.
      assistant:
        type: str
        description:
          - Name or id of the assistant that answers. V('') detaches it. Mutually exclusive with C(squad).
      squad:
        type: str
        description:
          - Name or id of the squad that answers.
      workflow:
        type: str
        description:
          - Retired and rejected, because Vapi stopped running workflows on 2026-08-19.
      inbound:
        type: bool
        default: true
        description:
          - Whether to forward the number to Vapi. With V(false), the didlogic destinations are not managed, and the
            number is for outbound calls only.
      failover:
        type: list
        elements: str
        description:
          - Destinations that didlogic tries, in this order, if Vapi does not accept a call. Each is a SIP URI, a phone
            number with its country code, or a 5-digit SIP account. Quote logins and phone numbers.
          - They follow Vapi directly, and are created, activated and moved as necessary. O(numbers[].others) applies to
            all other destinations, which includes a destination that is no longer declared.
          - If didlogic rejects a copy of a destination, a declared one is deleted and created again at its position
            while the destination in Vapi is active. Another one before a declared destination is deactivated, with a
            warning.
      others:
        type: str
        choices:
          - keep
          - disable
          - remove
        default: keep
        description:
          - What to do with the other didlogic destinations of the number. V(keep) keeps them after Vapi as failover,
            V(disable) deactivates them, and V(remove) deletes them.
          - A destination at Vapi's SIP host that leads to a trunk of the Vapi organisation or contains its private key
            is replaced by the declared one, regardless of its region and format. It is never kept as failover.
      fallback_destination:
        type: dict
        description:
          - Destination of a call if no assistant answers. It has the options of a destination of a transfer tool,
            without C(via).
      state:
        type: str
        choices:
          - present
          - absent
        default: present
        description:
          - V(absent) removes the forward and then the phone number, after everything else has its declared state. If
            they do not exist, the entry is ignored. The other didlogic destinations remain, and so does a phone number
            that has been moved to another trunk.
  number_format:
    type: str
    choices:
      - digits
      - e164
    default: digits
    description:
      - Format of the numbers in Vapi and in the inbound URIs. V(digits) is didlogic's format, V(e164) has a leading
        C(+).
  inbound_uri:
    type: str
    choices:
      - trunk_id
      - private_key
    default: trunk_id
    description:
      - V(trunk_id) forwards calls to C(NUMBER@TRUNK_ID.sip.vapi.ai), the format of Vapi's guide. A destination that
        contains the private key is replaced.
      - V(private_key) is the format of didlogic's guide. didlogic and SIP messages then contain the key in clear text.
  sip_refer_enabled:
    type: bool
    default: false
    description:
      - Confirms that didlogic's account manager has enabled SIP REFER for the account. No API returns this setting.
      - If transfers are declared (transfer tools, C(transferCall) in a C(definition), fallback destinations) and this
        is V(false), the module fails before the first request, with the question to ask didlogic. If an existing object
        that the declared ones refer to transfers calls, it fails before the first change.
  allow_unconfirmed_refer:
    type: bool
    default: false
    description:
      - Whether to create transfer tools although SIP REFER is not confirmed. Transfers fail until it is enabled.
  prune:
    type: bool
    default: false
    description:
      - Whether to remove what exists on the declared trunk and is not declared. These are its phone numbers, after
        their forwards to it; assistants that an earlier run with O(prune=true) has marked as part of this environment,
        unless another object refers to them; and transfer tools that only such assistants have. A tool that a declared
        assistant has too is removed if its C(tools_mode) is V(replace). Nothing else is removed.
      - The mark is C(voiceops.vapi_didlogic/TRUNK) in C(metadata.managed_by) of the assistant, with the name of the
        trunk. Marks with a former name of the trunk count, and are renewed. An assistant with another mark is not
        marked.
      - Without it, what is not declared is not changed, and is returned as RV(undeclared).
      - It has no effect with O(state=absent), which removes only what is declared.
  fail_on_change:
    type: bool
    default: false
    description:
      - Whether a run in check mode that finds a change fails, with a message that begins with C(drift:). For scheduled
        runs that detect changes made elsewhere. It has no effect outside check mode.
      - A password that is written with every run, as with C(update_password=always), counts as a change.
  plan_file:
    type: str
    description:
      - Path of a file to which the plan is written, as JSON, see RV(plan). It is readable by its owner only and
        contains no secrets. A relative path starts in the folder in which Ansible was started. With several hosts in a
        play, the name of the host is added before the extension.
      - Check mode writes it, also if the task fails because of O(fail_on_change), unless an approved plan
        is given. Outside check mode a run that succeeds writes the plan that it has carried out.
  policy:
    type: list
    elements: str
    description:
      - Ids of rules of M(voiceops.vapi_didlogic.routing_audit) that the resulting state must satisfy, regardless of
        their severity. If a finding of one of them would concern a declared object or the account, the run stops before
        its first change, with a message that contains each finding. In check mode the task fails after the plan was
        written.
      - An entry that contains a C(/) or ends with C(.yml), C(.yaml) or C(.json) is the path of a file with a list of
        ids, in YAML or JSON. A relative path starts in the folder of the playbook; with a playbook of this collection
        it starts in the current folder.
      - The rules are applied to the state that the plan would leave. What a service does on its own, such as the
        activation of a number, is not part of it.
      - It has no effect with O(state=absent) and on the rotation of the password.
  approved_plan:
    type: str
    description:
      - Path of a plan file that was written in check mode. The run plans again, and stops before its first change if
        the plan differs from the approved one, with a message that names each difference. While it runs, every request
        that the plan does not contain is rejected, for example after somebody has changed an object meanwhile.
      - Requests that undo a step of the plan, or that replace it where the service rejects it, belong to that step.
      - If a run with this plan was interrupted, what is left of the plan is accepted.
      - In check mode the plans are only compared.
  approved_digest:
    type: str
    description:
      - The digest of a plan, C(sha256:) followed by 64 hexadecimal digits, instead of O(approved_plan). What is left of
        the plan after an interrupted run is not accepted, because it cannot be compared.
  max_plan_age:
    type: int
    description:
      - Maximum age of O(approved_plan) in hours. There is no limit by default.
  max_delete_percent:
    type: int
    default: 30
    description:
      - If a run would delete a larger part of the existing objects of a kind, such as phone numbers, it stops before
        its first change. The limit applies to kinds with at least 10 existing objects in the environment. In check mode
        a warning is shown. It does not apply to O(state=absent).
  max_update_percent:
    type: int
    default: 100
    description:
      - The same limit for objects that a run would update or replace.
  verify:
    type: bool
    default: true
    description:
      - Whether to fail the task if the verification at the end fails. It runs M(voiceops.vapi_didlogic.routing_audit),
        and fails if calls to a number are not routed as declared, or if the audit finds an error on their route.
        RV(broken) contains the result in any case.
  rotate_password:
    type: bool
    default: false
    description:
      - Whether to replace the SIP password in both services with the one in O(trunk) or O(sip_account), instead of
        deploying the environment. It requires an environment that has been deployed, and uses only O(trunk) and
        O(sip_account). Every number that uses the trunk is moved, whether it is in O(numbers) or not.
      - A second trunk is created with all settings of the current one, the forwards and the phone numbers are moved to
        it, and then the current one is removed. The id of the trunk changes, its name does not. While an object has
        C((next)) in its name, the rotation is in progress. A run after an interruption completes it.
      - With a C(label) in O(sip_account), and without C(name) there and C(username) in O(trunk), the rotation also
        creates a second SIP account with all settings of the current one and removes the current one at the end. No
        call is rejected. Otherwise the login is kept, and outbound calls are rejected for some seconds.
      - No service returns a password, so each run replaces it and reports a change.
      - The playbook C(voiceops.vapi_didlogic.rotate_sip_password) runs the module with this option.
  concurrency:
    type: str
    default: auto
    description:
      - 'Maximum number of concurrent requests to each service: V(auto), or V(1) to V(32).'
      - With V(auto) it starts at 8, grows up to 32 while the service answers as fast as before, and is halved when a
        request is rate-limited (429) or has no response.
seealso:
  - module: voiceops.vapi_didlogic.integration_info
  - module: voiceops.vapi_didlogic.routing_audit
"""

EXAMPLES = r"""
---
- name: Deploy an assistant for two numbers
  voiceops.vapi_didlogic.integration:
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

- name: Show the report
  ansible.builtin.debug:
    msg: "{{ result.report }}"

- name: Replace the SIP password in both services
  voiceops.vapi_didlogic.integration:
    vapi_api_key: "{{ vapi_api_key }}"
    didlogic_api_key: "{{ didlogic_api_key }}"
    rotate_password: true
    trunk:
      name: didlogic NL
      gateway: sip.nl.didlogic.net
    sip_account:
      label: Vapi
      password: "{{ new_sip_password }}"
    numbers: []
"""

RETURN = r"""
---
integration:
  description: The resulting environment, or the predicted one in check mode.
  returned: once the accounts have been read, without O(rotate_password)
  type: dict
  contains:
    state:
      description: The requested state.
      type: str
    trunk_id:
      description: Id of the trunk.
      type: str
    inbound_uris:
      description: Inbound URI of each number, by the digits of the number. Its label is shown as V(hidden) if it is the
        private key.
      type: dict
    phone_number_ids:
      description: Ids of the phone numbers in Vapi, by the digits of the number.
      type: dict
    forward_ids:
      description: Ids of the destinations in didlogic, by the digits of the number.
      type: dict
    assistant_ids:
      description: Ids of the declared assistants, by name.
      type: dict
    transfer_tool_ids:
      description: Ids of the declared transfer tools, by name.
      type: dict
    findings:
      description: The findings of the audit, as RV(voiceops.vapi_didlogic.routing_audit#module:findings).
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
  description: The result for each object.
  returned: always, once the accounts have been read
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, as the return key of its module, such as V(sip_trunk).
      type: str
    name:
      description: Name or number of the object.
      type: str
    id:
      description: Id of the object. Empty if it was deleted.
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
  description: Number of objects created, updated, deleted, unchanged, and failed. Predicted values in check mode.
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
undeclared:
  description: What exists on the declared trunk, or is marked as part of the environment, is not declared, and was not
    removed. See O(prune).
  returned: always, once the accounts have been read
  type: list
  elements: dict
  contains:
    kind:
      description: One of V(phone_number), V(assistant), V(transfer_tool).
      type: str
    name:
      description: Name or number of the object.
      type: str
    id:
      description: Id of the object.
      type: str
  sample: []
removed:
  description: The objects that were removed, or would be in check mode, in the order of RV(objects).
  returned: once the accounts have been read, without O(rotate_password)
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, as in RV(objects[].kind).
      type: str
    name:
      description: Name or number of the object.
      type: str
    id:
      description: Id of the object. Omitted for a forward.
      type: str
    destination:
      description: Destination of a forward, as M(voiceops.vapi_didlogic.didlogic_forward) accepts it. A private key in
        it is shown as V(hidden).
      type: str
  sample: []
over_limit:
  description: A sentence for each of O(max_delete_percent) and O(max_update_percent) that the run would exceed. The run
    would then stop before its first change.
  returned: in check mode
  type: list
  elements: str
  sample: []
broken:
  description: A sentence for each number whose calls are not routed as declared, and for each error on their route.
    Empty if there is no error, and in check mode if something would change.
  returned: once the accounts have been read, without O(rotate_password)
  type: list
  elements: str
  sample: []
report:
  description: Human-readable report of the changes and the routes of calls, as a list of lines. If the verification
    found differences, it begins with them, regardless of O(verify).
  returned: always, once the accounts have been read
  type: list
  elements: str
  sample:
    - "Changes applied. Current state:"
    - trunk          didlogic NL              created
    - assistant      Reception                created
    - phone number   31201234567              created, answered by Reception
    - forward        31201234567              created
    - calls go to    31201234567@11111111-1111-4111-8111-111111111111.sip.vapi.ai
plan:
  description:
    - The plan of the run, the content of O(plan_file). A run outside check mode returns the plan with which it began.
    - The guide R(An approved plan, ansible_collections.voiceops.vapi_didlogic.docsite.approved_plan) describes the
      format and has its JSON schema.
  returned: once the accounts have been read
  type: dict
  contains:
    format:
      description: Version of the format.
      type: int
    collection:
      description: Version of the collection.
      type: str
    created_at:
      description: Time in UTC. It is not part of the digest.
      type: str
    scope:
      description: The operation (V(apply), V(remove) or V(rotate)), the trunk, the region, and a keyed digest of the
        keys of both accounts.
      type: dict
    changes:
      description: The changes as in RV(changes), sorted, each with C(id), C(requests) and C(permitted) (keyed digests
        of the requests) and C(digest). A different secret has a different digest.
      type: list
      elements: dict
    summary:
      description: Number of changes by action.
      type: dict
    digest:
      description: Digest of everything but the time, for O(approved_digest).
      type: str
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets. The
    destinations of a number are one entry.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(phone_number) or another return value of a module of this collection.
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
    - kind: phone_number
      name: "31201234567"
      action: update
      before:
        assistant: 33333333-3333-4333-8333-333333333333
      after:
        assistant: 44444444-4444-4444-8444-444444444444
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_across
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.plan_file import with_plan_files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import SERVICES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.execute import execute
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import IntegrationOptions, parse


def main() -> None:
    run_across(SERVICES, IntegrationOptions, *with_plan_files(execute, parse))


if __name__ == "__main__":
    main()
