# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: template_faults
short_description: Find text for Vapi that Ansible would render as a template
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Ansible and Vapi both use the syntax C({{ name }}) for variables. Before a module gets the text, Ansible replaces
    the variables that are defined and fails for all others. It also removes the comments of Jinja.
  - Returns a message for each string in the given variables that cannot be rendered, or that Ansible would render with
    its own functions or variables, such as C({{ now }}) or C({{ groups }}), also in the variables that a string refers
    to. Each message contains the location of the string.
  - The role P(voiceops.vapi_didlogic.integration#role) and the playbooks of this collection run this check first.
options:
  _terms:
    description: Names of variables, or prefixes of names followed by C(*).
    type: list
    elements: str
    required: true
seealso:
  - ref: ansible_collections.voiceops.vapi_didlogic.docsite.variables_in_prompts
    description: Variables in prompts
"""

EXAMPLES = r"""
---
- name: Check that prompts are not rendered by Ansible
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join('\n') }}"
  vars:
    faults: "{{ query('voiceops.vapi_didlogic.template_faults', 'my_assistants') }}"
"""

RETURN = r"""
---
_raw:
  description: One message for each problem. Messages do not contain values.
  type: list
  elements: str
"""

import fnmatch
import typing as t

from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._templates import SOLUTION, template_faults


class LookupModule(LookupBase):
    """Reads the variables without rendering them."""

    def run(self, terms: list[str], variables: t.Mapping[str, object] | None = None, **_options: object) -> list[str]:
        """See DOCUMENTATION."""
        known, fill = variables or {}, self._templar.template if self._templar else None
        names = [name for name in known if any(fnmatch.fnmatchcase(name, term) for term in terms)]
        found = [
            fault
            for name in sorted(names)
            for fault in template_faults(name, known[name], known, fill, Display().warning)
        ]
        return [*found, SOLUTION] if found else []
