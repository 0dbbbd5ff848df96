# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a rendered template to a file on the controller, safely in directories that other users can write to."""

from __future__ import annotations

import pathlib
import tempfile
import typing as t

from ansible.errors import AnsibleActionFail

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files as safe_files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _reading
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._paths import of_host
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._rendering import RenderingActionModule


class ActionModule(RenderingActionModule):
    """Runs on the controller only, without a module."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> Result:
        """Make a folder, remove a file, or render the template, verify the variables if given, and write the file."""
        result: Result = super().run(tmp, task_vars)
        _validated, args = self.validate_argument_spec(  # type: ignore[no-untyped-call]
            argument_spec=safe_files.REPORT, required_if=safe_files.REQUIRED_IF
        )
        if args["state"] != "file":
            return result | self._without_content(args["state"], args["dest"], task_vars or {})
        text = self._rendered(args["src"], task_vars or {})
        content = text.encode("utf-8", "replace")
        expected = args["variables"]
        loaded = None if expected is None else _loaded(content, expected)
        try:
            path = of_host(args["dest"], task_vars or {})
            done = safe_files.write(
                path, content, mode=_mode(args["mode"]), backup=args["backup"], dry=self._task.check_mode
            )
        except safe_files.FileError as error:
            raise AnsibleActionFail(str(error)) from None
        result |= {"changed": done.changed, "dest": done.path}
        result |= {"backup_file": done.backup} if done.backup else {}
        result |= {"variables": loaded} if expected is not None else {}
        if self._task.diff and done.changed:
            result["diff"] = [safe_files.texts(done.before, text, done.path)]
        return result

    def _without_content(self, state: str, dest: str, variables: t.Mapping[str, t.Any]) -> Result:
        try:
            if state == "directory":
                done = safe_files.make_folder(dest, dry=self._task.check_mode)
            else:
                done = safe_files.remove(of_host(dest, variables), dry=self._task.check_mode)
        except safe_files.FileError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"changed": done.changed, "dest": done.path}


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise AnsibleActionFail(f'Option mode: {text} must be octal digits in quotes, such as "0600".')
    return mode


def _loaded(content: bytes, expected: object) -> object:
    """Return the variables as Ansible reads them from the file. They must be equal to the given variables."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder, "variables.yml"))
        safe_files.write(path, content)
        try:
            found = _reading.from_file(path)
            place = _reading.difference(expected, found)
        except ValueError:
            place = "the variables"
    if place is not None:
        raise AnsibleActionFail(
            f"Nothing was written: {place} would differ after Ansible reads it from the file. Change the value "
            "in the service, or omit the object."
        )
    return found
