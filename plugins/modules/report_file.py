#!/usr/bin/python
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: report_file
short_description: Write or remove a file, or create a directory, on the controller
version_added: 1.1.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Writes the reports and records of the playbooks of this collection. It always runs on the controller, and is safe in
    a directory that other users can write to, such as C(/tmp).
  - The file is replaced atomically. A symbolic link, whether the file itself or a directory on its path, is followed if
    it belongs to the user who runs Ansible or to root. A link of another user is rejected.
  - With O(variables), the file is intended for C(ansible-playbook -e @file). The content is parsed as Ansible parses
    it, and is written only if it contains exactly these variables and none of their values is treated as a template.
options:
  src:
    description:
      - The template. It is searched for in the same locations as with M(ansible.builtin.template).
      - Required with O(state=file).
    type: str
  dest:
    description:
      - Path of the file or directory. A relative path is resolved against the working directory. The directory of a
        file must exist.
      - In a play with several hosts, a path that does not contain the host's name gets it before the extension, so that
        no host overwrites the file of another.
    type: str
    required: true
  state:
    description:
      - V(file) writes the file.
      - V(directory) creates the directory and its missing parents, which only their owner can use. The mode of an
        existing directory is not changed.
      - V(absent) removes the file.
    type: str
    choices: [file, directory, absent]
    default: file
  mode:
    description: Permissions of the file in octal digits. They are also applied to an existing file.
    type: str
    default: "0600"
  backup:
    description: Whether to keep a backup of an existing file. The process id and the time are appended to its name.
    type: bool
    default: false
  variables:
    description: The variables that the file must contain.
    type: dict
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - The template is rendered and, with O(variables), parsed.
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
- name: Write the current environment to a file
  voiceops.vapi_didlogic.report_file:
    src: environment.yml.j2
    dest: environment.yml
    variables: "{{ declared }}"
    backup: true

- name: Create the directory of the reports
  voiceops.vapi_didlogic.report_file:
    dest: ~/reports
    state: directory
"""

RETURN = r"""
---
dest:
  description: The absolute path of the file or directory.
  returned: success
  type: str
  sample: /home/alice/environment.yml
backup_file:
  description: Path of the backup.
  returned: with O(backup), if an existing file was replaced
  type: str
  sample: /home/alice/environment.yml.4711.2026-01-31@09:30:00~
variables:
  description: The variables as Ansible reads them from the file.
  returned: with O(variables)
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files as safe_files


def main() -> None:
    module = AnsibleModule(
        argument_spec=safe_files.REPORT, required_if=safe_files.REQUIRED_IF, supports_check_mode=True
    )
    module.fail_json(msg="This runs on the controller only: call it as voiceops.vapi_didlogic.report_file.")


if __name__ == "__main__":
    main()
