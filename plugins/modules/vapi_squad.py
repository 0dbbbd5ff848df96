#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_squad
short_description: Manage a Vapi squad
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A squad consists of assistants that hand over a call to each other. The first member answers the call.
  - The squad is identified by O(name) among all squads of the organisation.
  - O(members_overrides) is merged recursively with the current value. O(members) is a list and is replaced as a whole.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._former_names
  - voiceops.vapi_didlogic._attributes
options:
  name:
    description: Name of the squad. Vapi allows duplicate names. If several squads have the name, the module fails
      unless O(id) is given.
    type: str
    required: true
  id:
    description: Id of the squad, to select one of several with the same name, or to rename it.
    type: str
  members:
    description:
      - The assistants of the squad. The first one answers the call. Required to create a squad.
      - The list is replaced as a whole if it differs. Settings of a member that have no option, such as a pinned
        version or an assistant without an id, are then removed.
    type: list
    elements: dict
    suboptions:
      assistant:
        description: The assistant, by name or id.
        type: str
        required: true
      assistant_name:
        description: Name of the assistant, as M(voiceops.vapi_didlogic.vapi_squad_info) returns it. Ignored.
        type: str
      assistant_overrides:
        description: Settings of the assistant that apply in this squad only, in Vapi's API format
          (C(AssistantOverrides)), such as C(firstMessage) and C(variableValues).
        type: dict
      destinations:
        description:
          - The members to which this one may hand over or transfer the call, in Vapi's API format
            (C(assistantDestinations)).
          - Each has C(type) V(assistant) or V(handoff) and names a member in C(assistantName).
        type: list
        elements: dict
  members_overrides:
    description: Settings that apply to all members, in Vapi's API format (C(AssistantOverrides)). They take precedence
      over O(members[].assistant_overrides). An empty dict removes them.
    type: dict
  force:
    description: With O(state=absent), whether to delete the squad even if phone numbers use it.
    type: bool
    default: false
notes:
  - A string with variables that Vapi replaces, such as C({{ customer.name }}), needs the tag C(!unsafe). Otherwise
    Ansible treats them as its own variables.
seealso:
  - module: voiceops.vapi_didlogic.vapi_squad_info
  - module: voiceops.vapi_didlogic.vapi_assistant
  - module: voiceops.vapi_didlogic.vapi_phone_number
"""

EXAMPLES = r"""
---
- name: Manage a squad
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Create a squad whose reception hands over to sales
      voiceops.vapi_didlogic.vapi_squad:
        name: Front office
        members:
          - assistant: Reception
            destinations:
              - type: assistant
                assistantName: Sales
                message: I will put you through to sales.
                description: The caller wants to buy something.
          - assistant: Sales
            assistant_overrides:
              firstMessage: Sales, how can I help?

    - name: Let the squad answer a phone number
      voiceops.vapi_didlogic.vapi_phone_number:
        number: "+31201234567"
        squad: Front office

    - name: Set a variable for all members
      voiceops.vapi_didlogic.vapi_squad:
        name: Front office
        members_overrides:
          variableValues:
            company: Example

- name: Remove the squad
  voiceops.vapi_didlogic.vapi_squad:
    api_key: "{{ vapi_api_key }}"
    name: Front office
    state: absent
"""

RETURN = r"""
---
squad:
  description: The resulting squad, or the predicted one in check mode. An empty dict with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Id of the squad. V((known after apply\)) in check mode before it exists.
      type: str
      sample: 55555555-5555-4555-8555-555555555555
    name:
      description: Name of the squad.
      type: str
      sample: Front office
    members:
      description: The members, each with the id of its assistant and, as C(assistant_name), its name.
      type: list
      elements: dict
      sample:
        - assistant: 33333333-3333-4333-8333-333333333333
          assistant_name: Reception
          destinations:
            - type: assistant
              assistantName: Sales
        - assistant: 33333333-3333-4333-8333-444444444444
          assistant_name: Sales
    members_overrides:
      description: Settings that apply to all members. Secrets in it are shown as V(hidden).
      type: dict
      sample:
        variableValues:
          company: Example
    latest_version:
      description: The latest version of the squad.
      returned: in organisations with versioning
      type: str
      sample: v2
    created_at:
      description: Time of creation, in ISO 8601.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
    updated_at:
      description: Time of the last change, in ISO 8601.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
changes:
  description: Objects that were changed, for programs; in check mode those that would be. Without secrets.
  returned: once a change was made or predicted, also on failure
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, V(squad).
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
    - kind: squad
      name: Front office
      action: update
      before: {}
      after:
        members_overrides:
          variableValues:
            company: Example
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD


def main() -> None:
    run(SQUAD)


if __name__ == "__main__":
    main()
