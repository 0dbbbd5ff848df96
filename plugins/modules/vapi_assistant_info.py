#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vapi_assistant_info
short_description: Retrieve Vapi assistants
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Retrieves the assistants of the organisation, either all of them or those that match the options.
  - Each item has the format of the options of M(voiceops.vapi_didlogic.vapi_assistant). Tools are returned as ids.
    Passing it back to that module changes nothing. Secrets are shown as V(hidden).
extends_documentation_fragment:
  - voiceops.vapi_didlogic._vapi
  - voiceops.vapi_didlogic._http
  - voiceops.vapi_didlogic._attributes.info
options:
  name:
    description: Only assistants with this name.
    type: str
  id:
    description: Only the assistant with this id.
    type: str
seealso:
  - module: voiceops.vapi_didlogic.vapi_assistant
"""

EXAMPLES = r"""
---
- name: Read from Vapi
  module_defaults:
    group/voiceops.vapi_didlogic.vapi:
      api_key: "{{ vapi_api_key }}"
  block:
    - name: Read one assistant
      voiceops.vapi_didlogic.vapi_assistant_info:
        name: Reception
      register: found

    - name: Show which model it uses
      ansible.builtin.debug:
        var: found.assistants[0].definition.model.model

    - name: Read all assistants
      voiceops.vapi_didlogic.vapi_assistant_info:
"""

RETURN = r"""
---
assistants:
  description: The matching assistants, each with the keys of
    RV(voiceops.vapi_didlogic.vapi_assistant#module:assistant). An empty list if there are none.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 33333333-3333-4333-8333-333333333333
      name: Reception
      definition:
        firstMessage: Good day, how can I help?
        model:
          provider: openai
          model: gpt-4o
      tools:
        - 44444444-4444-4444-8444-444444444444
      tool_names:
        - to_human
      created_at: "2026-01-02T03:04:05.678Z"
      updated_at: "2026-01-02T03:04:05.678Z"
"""

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_info
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT


def main() -> None:
    run_info(ASSISTANT)


if __name__ == "__main__":
    main()
