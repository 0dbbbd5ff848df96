# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In-process module execution: run a module in the controller's process if no setting requires another place.

Packing a module, starting an interpreter and importing the libraries takes ten times as long as most tasks, and each
task has its own process anyway. Ansible's code prepares the arguments and parses the output; only the execution between
is replaced here. In all other cases the module runs as usual.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
import time
import typing as t

from ansible import errors
from ansible.constants import config
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as Normal

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import module as ansible_module

# Imported in the process that all tasks are forked from, so that each task has the libraries loaded.
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import MISSING
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _ansible_internals
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._definition_files import with_files
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._numbers import misread_options
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._options import (
    NAMES,
    REFERENCES_EXIST,
    SWITCH,
    keys_that_are_no_text,
    variable_names,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._paths import absolute
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._templates import (
    SOLUTION,
    replaced_variables,
    template_faults,
)

MODULES = "ansible_collections.voiceops.vapi_didlogic.plugins.modules."
#: Settings for inspecting the copied files.
WATCHED = ("DEFAULT_KEEP_REMOTE_FILES", "DEFAULT_DEBUG")
SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: Seconds between two progress lines.
SILENCE = 5.0
#: Whether Ansible has all names that are used here.
SUPPORTED = not _ansible_internals.missing()
#: Options with the path of a file that each host of a play has for itself.
FILES = {
    "call_log": ("dest",),
    "integration": ("plan_file", "approved_plan"),
    "didlogic_failover": ("record",),
    "vapi_call_erasure": ("record",),
    "conformance_check": ("report", "journal"),
}
Main = t.Callable[[], None]


class InProcessActionModule(Normal):
    """The ``normal`` action plugin with in-process module execution."""

    #: Options with texts in which Vapi replaces variables.
    texts: tuple[str, ...] = ()
    _module_main: Main | None = None
    _arguments: Result | None = None

    def run(self, tmp: object = None, task_vars: Params | None = None) -> Result:
        """Reject texts with Vapi variables that Ansible has replaced."""
        faults = self._template_faults(task_vars or {})
        faults = [*faults, SOLUTION] if faults else []
        faults += misread_options(self._written(), task_vars or {})
        if faults:
            lines = "".join(f"\n- {fault}" for fault in faults)
            return {"failed": True, "changed": False, "msg": f"Nothing was sent. Correct this first.{lines}"}
        result: Result = super().run(tmp, task_vars)  # type: ignore[no-untyped-call]
        return result

    if _ansible_internals.PROFILED:

        @classmethod
        def finalize_task_arg(cls, name: str, value: object, *args: t.Any, **more: t.Any) -> object:
            """Template an option; explain how to fix a failure caused by a Vapi variable."""
            try:
                return super().finalize_task_arg(name, value, *args, **more)
            except errors.AnsibleUndefinedVariable as error:
                if name not in cls.texts:
                    raise
                raise errors.AnsibleError(
                    f"Option {name} is an Ansible template that cannot be evaluated. {SOLUTION}"
                ) from error

    def _template_faults(self, variables: Params) -> list[str]:
        """Check the options as they are written in the playbook, because they have already been templated."""
        options = self._written().items()
        return [fault for key, item in options for fault in template_faults(key, item, variables)]

    def _written(self) -> Params:
        """The options as they are written in the playbook."""
        written = self._task.get_ds()
        given = [item for key, item in written.items() if key in (self._task.action, "args")] if written else []
        return {key: item for each in given if isinstance(each, dict) for key, item in each.items()}

    def _execute_module(self, module_name: str | None = None, *args: t.Any, **more: t.Any) -> Result:
        name = str(module_name or self._task.action).rpartition(".")[2]
        self._module_main = _main_of(name) if self._can_run_in_process(more.get("task_vars") or {}) else None
        try:
            result: Result = super()._execute_module(module_name, *args, **more)
            return result
        finally:
            self._module_main = self._arguments = None

    def _can_run_in_process(self, variables: Params) -> bool:
        """Whether no setting requires another host, user, interpreter, environment or execution mode."""
        enabled = self._value(variables, SWITCH) or os.environ.get(SWITCH.upper(), "true")
        interpreter = self._value(variables, "ansible_python_interpreter")
        return (
            not MISSING
            and SUPPORTED
            # A forked process must not query macOS for its proxies.
            and sys.platform == "linux"
            and boolean(enabled, strict=False)
            and self._connection.transport == "local"
            and not getattr(self._connection, "become", None)
            and not self._task.async_val
            and not any(self._task.environment or ())
            and not any(config.get_config_value(name) for name in WATCHED)
            and (not interpreter or os.path.realpath(interpreter) == os.path.realpath(sys.executable))
        )

    def _value(self, variables: Params, name: str) -> str:
        """A variable as text, templated; empty if it is not set."""
        return str(self._templar.template(variables[name])) if name in variables else ""

    def _update_module_args(
        self, module_name: str | None, module_args: Result, task_vars: Params | None, *args: t.Any, **more: t.Any
    ) -> None:
        """Pass the controller's information about the options to the module."""
        super()._update_module_args(module_name, module_args, task_vars, *args, **more)
        name = str(module_name or self._task.action).rpartition(".")[2]
        variables = task_vars or {}
        given = self._templar.template(variables[NAMES]) if NAMES in variables else None
        changed, unusable = with_files(name, module_args, self._loader) if _main_of(name) else ({}, [])
        module_args.update(changed)
        for option in FILES.get(name, ()) if self._connection.transport == "local" else ():
            if module_args.get(option):
                module_args[option] = absolute(str(module_args[option]), variables)
        own = {key: value for key, value in module_args.items() if not str(key).startswith("_ansible_")}
        faults = [
            list(fault) for fault in (*unusable, *keys_that_are_no_text(own), *replaced_variables(own, variables))
        ]
        exist = boolean(self._value(variables, REFERENCES_EXIST) or "false", strict=False)
        if (given or faults or exist) and _main_of(name):
            names = variable_names(name, given) if given else {}
            module_args[ansible_module.CONTROLLER] = {"names": names, "faults": faults, "references_exist": exist}

    # -- the replaced methods of Ansible

    def _is_pipelining_enabled(self, *args: t.Any, **more: t.Any) -> bool:
        """Nothing is copied, so no temporary folder is made."""
        return True if self._module_main else bool(super()._is_pipelining_enabled(*args, **more))

    def _configure_module(self, module_name: str, module_args: Result, task_vars: Params | None) -> t.Any:
        """No archive is made."""
        if not self._module_main:
            return super()._configure_module(module_name, module_args, task_vars)
        self._arguments = module_args
        return _ansible_internals.empty_module(f"{module_name} (in this process)")

    def _low_level_execute_command(self, *args: object, **more: object) -> Result:
        """No process is started."""
        if not self._module_main or self._arguments is None:
            result: Result = super()._low_level_execute_command(*args, **more)  # type: ignore[no-untyped-call]
            return result
        begun = last_progress = time.monotonic()

        def progress(done: int, count: int) -> None:
            """Show a progress line at intervals."""
            nonlocal last_progress
            if time.monotonic() - last_progress >= SILENCE:
                last_progress = time.monotonic()
                self._progress(f"{done} of {count} after {last_progress - begun:.0f} s")

        # The working directory of Ansible's local execution: relative paths start at the playbook.
        with contextlib.chdir(self._loader.get_basedir()):
            code, out, err = _run(self._module_main, self._arguments, progress, self._progress)
        return {"rc": code, "stdout": out, "stdout_lines": out.splitlines(), "stderr": err, "stderr_lines": []}

    def _progress(self, line: str) -> None:
        """Show the progress of a task on standard error; standard output is for the callback plugin.

        :param line: one line without secrets. Nothing is shown if the task has ``no_log``.
        """
        if not self._task.no_log:
            self._display.display(f"  {str(self._task.action).rpartition('.')[2]}: {printable(line)}", stderr=True)


def _main_of(name: str) -> Main | None:
    """The main function of a module; ``None`` if it does not belong to this collection."""
    try:
        found: Main = importlib.import_module(MODULES + name).main
    except (ImportError, AttributeError):
        return None
    return found


def _run(
    main: Main,
    arguments: Result,
    progress: t.Callable[[int, int], None] = lambda _done, _all: None,
    notice: t.Callable[[str], None] = lambda _text: None,
) -> tuple[int, str, str]:
    """Exit code, output and error output of a module."""
    out, err = io.StringIO(), io.StringIO()
    with _as_module(arguments, progress, notice), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def _as_module(
    arguments: Result, progress: t.Callable[[int, int], None], notice: t.Callable[[str], None]
) -> t.Iterator[None]:
    """Provide the state that a module expects at its start, and restore the state of this process afterwards."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    token, other = ansible_module.PROGRESS.set(progress), ansible_module.NOTICE.set(notice)
    try:
        with _ansible_internals.module_state(_ansible_internals.encoded(arguments)):
            yield
    finally:
        ansible_module.PROGRESS.reset(token)
        ansible_module.NOTICE.reset(other)
        for number, handler in handlers.items():
            signal.signal(number, handler)
