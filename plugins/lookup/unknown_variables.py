# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: unknown_variables
short_description: Find misspelled variables of this collection
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Ansible ignores unused variables, so a misspelled variable has no effect and causes no error.
  - Returns a message for each defined variable that begins with C(vapi_didlogic_) but is not used by any role or
    playbook of this collection, and for each unknown option inside the other variables. Each message suggests the
    closest match.
  - The role P(voiceops.vapi_didlogic.check_variables#role) and every playbook of this collection run this check.
options: {}
seealso:
  - plugin: voiceops.vapi_didlogic.template_faults
    plugin_type: lookup
"""

EXAMPLES = r"""
---
- name: Check for misspelled variables
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join('\n') }}"
  vars:
    faults: "{{ query('voiceops.vapi_didlogic.unknown_variables') }}"
"""

RETURN = r"""
---
_raw:
  description: One message for each unknown name. Messages do not contain values.
  type: list
  elements: str
"""

import typing as t

from ansible.plugins.lookup import LookupBase

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._variables import unknown_variables


class LookupModule(LookupBase):
    """Reads the names of all defined variables."""

    def run(self, terms: list[str], variables: t.Mapping[str, object] | None = None, **_options: object) -> list[str]:
        """See DOCUMENTATION."""
        del terms
        given: dict[str, t.Any] = {"fill": self._templar.template} if self._templar else {}
        return unknown_variables(variables or {}, **given)
