#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_assistant
short_description: Manage a Vapi assistant
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - An assistant is Vapi's voice agent. It has a model, a voice, prompts, and the tools that it may call.
  - The assistant is identified by O(name) among all assistants of the organisation.
  - O(definition) is the assistant in Vapi's API format. It is merged recursively with the current definition. Lists are
    replaced as a whole. Keys that it does not contain are not changed.
  - An object whose C(provider) or C(type) changes, such as a C(voice) of another provider, is also replaced as a whole,
    because Vapi rejects fields of another provider. A warning lists the removed fields. The tools of a model are kept.
  - Vapi replaces objects such as C(model) as a whole. The module therefore sends the merged object, and only if it
    differs from the current one.
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._state
  - voiceops.vapi_didlogic._former_names
  - voiceops.vapi_didlogic._attributes
options:
  name:
    description: Name of the assistant, 1 to 40 characters. Vapi allows duplicate names. If several assistants have the
      name, the module fails unless O(id) is given.
    type: str
    required: true
  id:
    description: Id of the assistant, to select one of several with the same name, or to rename it.
    type: str
  definition:
    description:
      - The assistant in Vapi's camelCase, for instance C(firstMessage), C(model), C(voice) and C(transcriber).
      - C(name) and C(model.toolIds) are rejected, because they are set with O(name) and O(tools). Keys that Vapi sets
        itself are also rejected.
      - Use an empty string, list or dict to clear a key. A key with V(null) inside an object is removed from it.
      - Values that are secrets by the name of their key or by their location (below C(credentials) and C(headers); user
        names, passwords and query values in URLs) are shown as V(hidden) in results. Passing V(hidden) back keeps the
        current value. Any other mask, such as V(********), is rejected.
      - A string with variables that Vapi replaces, such as C({{ customer.name }}), needs the tag C(!unsafe). Otherwise
        Ansible treats them as its own variables. A string with the result of such a mistake, such as C(<function …>),
        is rejected.
    type: dict
  definition_file:
    description:
      - Path of a file on the controller with a definition in YAML or JSON, as Vapi's API and tools write it. The file
        is never treated as a template. O(definition) is merged over it.
      - Keys that only responses contain are ignored. A relative path starts in the playbook's folder, and in the
        current folder for the playbooks of this collection. The file may be encrypted with Ansible Vault.
    type: str
  prompt_file:
    description: Path of a text file on the controller with the prompt, as in O(definition_file). The text, without line
      breaks at its end, replaces the first system message in C(model.messages), or becomes it.
    type: str
  tools:
    description:
      - Tools that the assistant may call, by name or id, of any kind. See
        M(voiceops.vapi_didlogic.vapi_transfer_tool).
      - They are part of the model, so O(definition) or the existing assistant must have C(model) with C(provider) and
        C(model).
    type: list
    elements: str
  tools_mode:
    description: Whether to add O(tools) to the attached tools (V(append)) or to replace them (V(replace)). V(replace)
      with an empty list detaches all tools.
    type: str
    choices: [append, replace]
    default: append
  managed_tools:
    description:
      - Ids of tools that the assistant has only if O(tools) names them, also with O(tools_mode=append). Other attached
        tools stay.
      - Give the ids of all tools that the playbook manages, so that one is detached when it is removed from O(tools).
    type: list
    elements: str
  force:
    description: With O(state=absent), whether to delete the assistant even if phone numbers or squads use it.
    type: bool
    default: false
notes:
  - Vapi rewrites some values, and drops keys that it no longer supports. The module reads the assistant back, and fails
    with the name of the option if Vapi returns a different value. Declare such a key with the value that Vapi returns.
  - Some Vapi organisations have versioned assistants. If a traffic allocation in Vapi routes callers to fixed versions,
    an update has no effect on callers until the allocation includes the new version, and the module issues a warning.
    In other organisations, a change applies to the next call.
seealso:
  - module: voiceops.vapi_didlogic.vapi_assistant_info
  - module: voiceops.vapi_didlogic.vapi_transfer_tool
  - module: voiceops.vapi_didlogic.vapi_phone_number
"""

EXAMPLES = r"""
---
- name: Keep the prompt and the definition in files
  voiceops.vapi_didlogic.vapi_assistant:
    name: Reception
    definition_file: assistants/reception.yml
    prompt_file: prompts/reception.txt

- name: Manage an assistant
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Create an assistant that can transfer calls
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

    - name: Change one setting of the model
      voiceops.vapi_didlogic.vapi_assistant:
        name: Reception
        definition:
          model:
            temperature: 0.3

    - name: Detach all other tools
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
  description: The resulting assistant, or the predicted one in check mode. An empty dict with O(state=absent).
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
      description: The assistant in Vapi's camelCase, without the keys that have their own option or that Vapi sets
        itself. Secrets in it are shown as V(hidden).
      type: dict
      sample:
        firstMessage: Good day, how can I help?
        model:
          provider: openai
          model: gpt-4o
          temperature: 0.3
    tool_names:
      description: Names of the tools, in the order of RV(assistant.tools). A tool whose name was not read is given by
        its id.
      type: list
      elements: str
      sample: [to_human]
    tools:
      description: Ids of the attached tools, if there are any.
      type: list
      elements: str
      sample:
        - 44444444-4444-4444-8444-444444444444
    latest_version:
      description: The latest version of the assistant.
      returned: in organisations with versioning
      type: str
      sample: v7
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
      description: Kind of the object, V(assistant).
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
    - kind: assistant
      name: Reception
      action: update
      before:
        definition:
          firstMessage: Hello.
      after:
        definition:
          firstMessage: Good day, how can I help?
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT


def main() -> None:
    run(ASSISTANT)


if __name__ == "__main__":
    main()
