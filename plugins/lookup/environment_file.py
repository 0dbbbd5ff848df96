# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: environment_file
short_description: Return the path of the environment file on the command line
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Returns the absolute path of the first file of variables on the command line (C(-e @environment.yml)), so that a
    playbook can keep a file next to it. Returns an empty list if there is none.
  - A file that Ansible Runner has written for one run, as in Automation Controller, is an error, because its folder is
    removed after the run.
options:
  variable:
    description: Name of the variable with which a user can give another path, for the error message.
    type: str
    default: ""
seealso:
  - module: voiceops.vapi_didlogic.didlogic_failover
"""

EXAMPLES = r"""
---
- name: Show the folder of the environment file
  ansible.builtin.debug:
    msg: "{{ query('voiceops.vapi_didlogic.environment_file') | map('dirname') | first | default('none') }}"
"""

RETURN = r"""
---
_raw:
  description: The path, or nothing.
  type: list
  elements: str
"""

from pathlib import Path

from ansible import context
from ansible.plugins.lookup import LookupBase

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleLookupError

#: Where Ansible Runner writes the variables of one run.
TEMPORARY = ("env", "extravars")


class LookupModule(LookupBase):
    """Read the command line."""

    def run(self, *_terms: object, **options: object) -> list[str]:
        """Return the path of the first file of variables.

        :param options: those of the documentation. :return: the path, or nothing.
        :raises AnsibleLookupError: if the file exists for one run only.
        """
        given = [str(item) for item in context.CLIARGS.get("extra_vars") or ()]
        found = next((Path.cwd() / Path(item[1:]).expanduser() for item in given if item.startswith("@")), None)
        if found is None:
            return []
        if found.parts[-2:] == TEMPORARY:
            variable = options.get("variable", "")
            raise AnsibleLookupError(
                "The variables are in a file that is removed after this run, so no file can be kept next to it. Give a "
                f"path that is kept{': ' if variable else ''}{variable}."
            )
        return [str(found)]
