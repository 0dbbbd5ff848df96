# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: hosts
short_description: Return the hosts that match a pattern, and fail if there are none
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - A play without hosts succeeds, so a misspelt group name would look like a successful deployment. The playbooks of
    this collection use this lookup for their hosts.
  - The option C(--limit) of C(ansible-playbook) is applied.
options:
  _terms:
    description: Host patterns.
    type: list
    elements: str
    required: true
seealso:
  - ref: ansible_collections.voiceops.vapi_didlogic.docsite.environments_and_pipelines
    description: Environments and pipelines
"""

EXAMPLES = r"""
---
- name: Deploy the environment of each host of the group voice, which must have one
  hosts: "{{ query('voiceops.vapi_didlogic.hosts', 'voice') }}"
  connection: local
  gather_facts: false
  roles:
    - voiceops.vapi_didlogic.integration
"""

RETURN = r"""
---
_raw:
  description: The names of the hosts.
  type: list
  elements: str
"""

import typing as t

from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleLookupError


class LookupModule(LookupBase):
    """Match patterns against the groups of the inventory."""

    def run(self, terms: list[object], variables: t.Mapping[str, t.Any] | None = None, **_options: object) -> list[str]:
        """Return the names of the hosts.

        :param terms: the patterns. :param variables: the variables of the play. :return: the names.
        :raises AnsibleLookupError: if no host matches.
        """
        variables = variables or {}
        inventory = InventoryManager(self._loader, parse=False)
        for group, hosts in variables.get("groups", {}).items():
            inventory.add_group(group)
            for host in hosts:
                inventory.add_host(host, group=group)
        limit = variables.get("ansible_limit")
        if limit:
            inventory.subset(limit)
        pattern = ",".join(str(item) for term in terms for item in (term if isinstance(term, list) else [term]))
        found = [str(host.name) for host in inventory.get_hosts(pattern)]
        if not found:
            limited = f" and the limit {limit}" if limit else ""
            raise AnsibleLookupError(
                f"No host of the inventory matches the pattern {pattern}{limited}, so nothing would be done. Correct "
                "the pattern or the limit, or give the inventory with -i."
            )
        return found
