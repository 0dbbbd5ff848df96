# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: template_faults
short_description: Find text that Ansible takes for its own template and Vapi should fill in
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Ansible and Vapi both write a variable as C({{ name }}). Ansible fills in what it knows, and fails at what it does
    not know, before a module sees the text.
  - Returns a sentence for each text of the given variables that cannot be filled in, or into which Ansible would put a
    function or a variable of its own, such as C({{ now }}) or C({{ groups }}). Each names the place of the text.
  - The role P(voiceops.vapi_didlogic.integration#role) and the playbooks of this collection do this before anything
    else.
options:
  _terms:
    description: Names of variables, or beginnings of names that end in C(*).
    type: list
    elements: str
    required: true
seealso:
  - ref: ansible_collections.voiceops.vapi_didlogic.docsite.variables_in_prompts
    description: Variables in prompts
"""

EXAMPLES = r"""
---
- name: Prompts must hold what Vapi is to fill in
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join('\n') }}"
  vars:
    faults: "{{ query('voiceops.vapi_didlogic.template_faults', 'my_assistants') }}"
"""

RETURN = r"""
---
_raw:
  description: One sentence for each fault. None holds a value.
  type: list
  elements: str
"""

import fnmatch
import typing as t

from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._templates import SOLUTION, template_faults


class LookupModule(LookupBase):
    """Reads the variables as they were written."""

    def run(self, terms: list[str], variables: t.Any = None, **_options: t.Any) -> list[str]:
        """See DOCUMENTATION."""
        known, fill = variables or {}, self._templar.template if self._templar else None
        names = [name for name in known if any(fnmatch.fnmatchcase(name, term) for term in terms)]
        found = [
            fault
            for name in sorted(names)
            for fault in template_faults(name, known[name], known, fill, Display().warning)
        ]
        return [*found, SOLUTION] if found else []
