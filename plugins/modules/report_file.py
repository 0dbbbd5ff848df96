#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: report_file
short_description: Write a rendered template as a file on the controller
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Writes the reports of the playbooks of this collection. It works on the controller, whatever the host of the task
    is, and is safe in a folder that others may write into, such as C(/tmp).
  - The file is replaced atomically. A symbolic link, of the file itself or of a folder on the path to it, is followed
    if it belongs to the user who runs Ansible or to root. A link of another user is refused.
  - With O(variables), the file is for C(ansible-playbook -e @file). It is read as Ansible reads it, and is written only
    if it holds exactly these variables and none of their texts is taken for a template.
options:
  src:
    description: The template, searched for like one of M(ansible.builtin.template).
    type: str
    required: true
  dest:
    description: The file. A relative path begins at the working directory. Its folder must exist.
    type: str
    required: true
  mode:
    description: The permissions of the file in octal digits, also of a file that exists.
    type: str
    default: "0600"
  backup:
    description: Keeps a file that is there under its name with the process id and the time.
    type: bool
    default: false
  variables:
    description: The variables that the file must hold.
    type: dict
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change, without changing it.
    support: full
    details:
      - The template is rendered, and with O(variables) read back.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: full
  idempotent:
    description: A second run with the same options reports no change.
    support: full
seealso:
  - module: ansible.builtin.template
  - plugin: voiceops.vapi_didlogic.vars_file
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Write what is live as an environment file
  voiceops.vapi_didlogic.report_file:
    src: environment.yml.j2
    dest: environment.yml
    variables: "{{ declared }}"
    backup: true
"""

RETURN = r"""
---
dest:
  description: The absolute path of the file.
  returned: success
  type: str
  sample: /home/alice/environment.yml
backup_file:
  description: The former file.
  returned: with O(backup), if there was one and it was replaced
  type: str
  sample: /home/alice/environment.yml.4711.2026-01-31@09:30:00~
variables:
  description: What Ansible reads from the file.
  returned: with O(variables)
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils import _files


def main() -> None:
    module = AnsibleModule(argument_spec=_files.REPORT, supports_check_mode=True)
    module.fail_json(msg="This runs on the controller only: call it as voiceops.vapi_didlogic.report_file.")


if __name__ == "__main__":
    main()
