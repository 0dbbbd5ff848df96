# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: unknown_variables
short_description: Find misspelt variables of this collection
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Ansible passes over a variable that nobody uses, so a misspelt one changes nothing and nobody is told.
  - Returns a sentence for each variable that is defined, begins with C(vapi_didlogic_) and belongs to no role and no
    playbook of this collection, and for each unknown option inside the others. Each names the nearest that exists.
  - The role P(voiceops.vapi_didlogic.check_variables#role) does this, and with it every playbook of this collection.
options: {}
seealso:
  - plugin: voiceops.vapi_didlogic.template_faults
    plugin_type: lookup
"""

EXAMPLES = r"""
---
- name: Variables must be spelt as they are documented
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join('\n') }}"
  vars:
    faults: "{{ query('voiceops.vapi_didlogic.unknown_variables') }}"
"""

RETURN = r"""
---
_raw:
  description: One sentence for each unknown name. None holds a value.
  type: list
  elements: str
"""

import typing as t

from ansible.plugins.lookup import LookupBase

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._variables import unknown_variables


class LookupModule(LookupBase):
    """Reads the names of all variables that are defined."""

    def run(self, terms: list[str], variables: t.Any = None, **_options: t.Any) -> list[str]:
        """See DOCUMENTATION."""
        del terms
        given: dict[str, t.Any] = {"fill": self._templar.template} if self._templar else {}
        return unknown_variables(variables or {}, **given)
