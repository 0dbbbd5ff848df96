# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: misread_numbers
short_description: Find numbers that YAML reads as another number than the one written
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - YAML 1.1, which Ansible uses, reads a number with a leading zero as octal, so that C(0123) becomes 83. It reads
    digits with a colon with the base 60, so that C(10:30) becomes 630. The digits of a SIP login, an extension or a
    phone number are therefore lost unless they are quoted.
  - Returns a message for each such number in the given variables. The files in which they are defined are read again;
    numbers in encrypted files, and numbers that do not come from a file, are not found.
  - The role P(voiceops.vapi_didlogic.check_variables#role) and every playbook of this collection run this check. The
    modules check their own options.
options:
  _terms:
    description: Names of variables, or prefixes of names followed by C(*).
    type: list
    elements: str
    required: true
seealso:
  - plugin: voiceops.vapi_didlogic.template_faults
    plugin_type: lookup
"""

EXAMPLES = r"""
---
- name: Check for numbers that must be quoted
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | join('\n') }}"
  vars:
    faults: "{{ query('voiceops.vapi_didlogic.misread_numbers', 'my_extensions') }}"
"""

RETURN = r"""
---
_raw:
  description: One message for each number. Messages do not contain values.
  type: list
  elements: str
"""

import fnmatch
import typing as t

from ansible.plugins.lookup import LookupBase

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._numbers import misread_numbers


class LookupModule(LookupBase):
    """Reads the variables without rendering them."""

    def run(self, terms: list[str], variables: t.Mapping[str, object] | None = None, **_options: object) -> list[str]:
        """See DOCUMENTATION."""
        known = variables or {}
        names = [name for name in known if any(fnmatch.fnmatchcase(name, term) for term in terms)]
        return [fault for name in sorted(names) for fault in misread_numbers(name, known)]
