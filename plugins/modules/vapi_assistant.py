#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_assistant
short_description: Manage an assistant at Vapi
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - An assistant is Vapi's voice agent, with its model, voice and prompts, and with the tools that it may call.
  - The assistant is found by O(name) among all assistants of the organisation.
  - O(definition) is Vapi's own body of an assistant. It is merged with what stands, down to the last level. Lists are
    replaced as a whole. What it does not name stays as it is.
  - An object whose C(provider) or C(type) changes, such as a C(voice) of another provider, is replaced as a whole too,
    because the service refuses fields of another provider. A warning names the fields that go. The tools of a model
    are kept.
  - Vapi replaces objects such as C(model) as a whole. The module therefore sends the whole object with your change in
    it, and only where something differs.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._attributes
options:
  name:
    description: Name of the assistant, 1 to 40 characters. Vapi lets two assistants have one name; the module does
      not, unless O(id) picks one.
    type: str
    required: true
  id:
    description: Id of the assistant, to pick one of several with the same name, or to rename it.
    type: str
  definition:
    description:
      - The assistant in Vapi's camelCase, for instance C(firstMessage), C(model), C(voice) and C(transcriber).
      - C(name) and C(model.toolIds) have options of their own (O(name), O(tools)), and keys that Vapi sets itself are
        refused.
      - Give an empty string, list or dict to empty a key. A key with V(null) inside an object is taken out of it.
      - Texts that are secrets by the words of their key or by their place (below C(credentials) and C(headers), users,
        passwords and query values in URLs) read V(hidden) in results. V(hidden) given back leaves the value as it is;
        any other mask, such as V(********), is refused.
      - A text with variables that Vapi fills in, such as C({{ customer.name }}), needs the tag C(!unsafe), or Ansible
        takes them for its own. Text that holds what a template has become, such as C(<function …>), is refused.
    type: dict
  tools:
    description:
      - Tools that the assistant may call, by name or id, of any kind. See
        M(voiceops.vapi_didlogic.vapi_transfer_tool).
      - They are part of the model, so O(definition) or the assistant that stands must have C(model) with C(provider)
        and C(model).
    type: list
    elements: str
  tools_mode:
    description: Whether O(tools) are added to those attached (V(append)) or are to be the only ones (V(replace)).
      V(replace) with an empty list detaches all.
    type: str
    choices: [append, replace]
    default: append
  force:
    description: With O(state=absent), remove the assistant although phone numbers or squads still use it.
    type: bool
    default: false
notes:
  - Vapi rewrites some values, and drops keys that it no longer knows. The module reads back what it wrote and fails
    if Vapi shows something else, naming the option. Declare such a key as Vapi shows it.
  - Vapi keeps versions of assistants in some organisations. Where a traffic allocation at Vapi sends callers to fixed
    versions, an update reaches no caller until the allocation includes the new version; the module warns of it.
    In other organisations a change is used for the next call.
seealso:
  - module: voiceops.vapi_didlogic.vapi_assistant_info
  - module: voiceops.vapi_didlogic.vapi_transfer_tool
  - module: voiceops.vapi_didlogic.vapi_phone_number
"""

EXAMPLES = r"""
---
- name: Declare the agent
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Declare an assistant that can hand over to a human
      voiceops.vapi_didlogic.vapi_assistant:
        name: Reception
        definition:
          firstMessage: Good day, how can I help?
          model:
            provider: openai
            model: gpt-4o
            messages:
              - role: system
                content: Answer in one or two sentences. Use transfer_to_front_desk when the caller asks for a human.
          voice:
            provider: vapi
            voiceId: Elliot
          maxDurationSeconds: 900
        tools:
          - transfer_to_front_desk

    - name: Change one setting of the model, and leave the rest of it
      voiceops.vapi_didlogic.vapi_assistant:
        name: Reception
        definition:
          model:
            temperature: 0.3

    - name: Let it have no other tools
      voiceops.vapi_didlogic.vapi_assistant:
        name: Reception
        tools:
          - transfer_to_front_desk
        tools_mode: replace

- name: Remove the assistant
  voiceops.vapi_didlogic.vapi_assistant:
    api_key: "{{ vapi_api_key }}"
    name: Reception
    state: absent
"""

RETURN = r"""
---
assistant:
  description: The assistant as it stands, or as it would stand in check mode. An empty dict with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Id of the assistant. V((known after apply\)) in check mode before it exists.
      type: str
      sample: 33333333-3333-4333-8333-333333333333
    name:
      description: Name of the assistant.
      type: str
      sample: Reception
    definition:
      description: The assistant in Vapi's camelCase, without what has an option of its own and what Vapi sets itself.
        Secrets in it read V(hidden).
      type: dict
      sample:
        firstMessage: Good day, how can I help?
        model:
          provider: openai
          model: gpt-4o
          temperature: 0.3
    tool_names:
      description: Names of the tools in the order of their ids, where they were read; else the id.
      type: list
      elements: str
      sample: [to_human]
    tools:
      description: Ids of the tools attached, if there are any.
      type: list
      elements: str
      sample:
        - 44444444-4444-4444-8444-444444444444
    latest_version:
      description: The newest version of the assistant. Vapi has none in organisations without versioning.
      returned: in organisations with versioning
      type: str
      sample: v7
    created_at:
      description: When the assistant was created.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
    updated_at:
      description: When the assistant was last changed.
      type: str
      sample: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._module import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT


def main() -> None:
    run(ASSISTANT)


if __name__ == "__main__":
    main()
