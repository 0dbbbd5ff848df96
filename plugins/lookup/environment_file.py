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
  - With a term, returns the path of the JSON file of this name that a playbook keeps next to it, such as
    C(environment.failover.json), or in the working directory if there is none (C(failover.json)).
  - A file that Ansible Runner has written for one run, as in Automation Controller, is an error, because its folder is
    removed after the run.
options:
  _terms:
    description:
      - Name of the file that the playbook keeps. On another host than C(localhost), the name of the host is added, so
        that the files of several hosts differ.
    type: list
    elements: str
  variable:
    description: Name of the variable with which a user can give another path, for the error message.
    type: str
    default: ""
seealso:
  - module: voiceops.vapi_didlogic.didlogic_failover
  - module: voiceops.vapi_didlogic.vapi_call_erasure
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

import typing as t
from pathlib import Path

from ansible import context
from ansible.plugins.lookup import LookupBase

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleLookupError

#: Where Ansible Runner writes the variables of one run.
TEMPORARY = ("env", "extravars")


class LookupModule(LookupBase):
    """Read the command line."""

    def run(self, terms: list[object], variables: t.Any = None, **options: object) -> list[str]:
        """Return the path of the first file of variables, or of a file next to it.

        :param terms: the name of the file next to it, if any. :param variables: of the task.
        :param options: those of the documentation. :return: the path, or nothing.
        :raises AnsibleLookupError: if the file of variables exists for one run only.
        """
        found = self._first_file(options)
        if not terms:
            return [str(found)] if found else []
        host = str((variables or {}).get("inventory_hostname", "localhost"))
        name = f"{terms[0]}{'' if host == 'localhost' else f'-{host}'}.json"
        return [f"{found.with_suffix('')}.{name}" if found else name]

    @staticmethod
    def _first_file(options: t.Mapping[str, object]) -> Path | None:
        given = [str(item) for item in context.CLIARGS.get("extra_vars") or ()]
        found = next((Path.cwd() / Path(item[1:]).expanduser() for item in given if item.startswith("@")), None)
        if found and found.parts[-2:] == TEMPORARY:
            variable = options.get("variable", "")
            raise AnsibleLookupError(
                "The variables are in a file that is removed after this run, so no file can be kept next to it. Give a "
                f"path that is kept{': ' if variable else ''}{variable}."
            )
        return found
