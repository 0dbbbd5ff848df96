# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second door: a module run in the controller's own process, where nothing asks for another place.

To pack a module, start an interpreter and import the libraries takes ten times as long as most tasks need, and each
task has a process of its own anyway. Ansible's own code prepares the arguments and reads the output, before and after;
only the step between is done here. Wherever anything is out of the ordinary, the module runs as ever.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import signal
import sys
import time
import typing as t

from ansible import errors
from ansible.constants import config
from ansible.executor import module_common
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as Normal

# Imported here, in the process that all tasks are forked from, the libraries are there for each of them.
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils import _module
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._deps import MISSING
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._options import (
    NAMES,
    REFERENCES_EXIST,
    keys_that_are_no_text,
    variable_names,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._templates import SOLUTION, template_faults

MODULES = "ansible_collections.voiceops.vapi_didlogic.plugins.modules."
#: Variable and environment variable that close this door.
SWITCH = "vapi_didlogic_in_process"
#: Settings of people who want to look at what is copied.
WATCHED = ("DEFAULT_KEEP_REMOTE_FILES", "DEFAULT_DEBUG")
SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: Seconds without a word on long work.
SILENCE = 5.0
#: How ansible-core 2.19 and newer pass arguments and results of modules that ask for nothing else.
PROFILE = "legacy"

PROFILED = hasattr(basic, "_ANSIBLE_PROFILE")


def _nothing() -> t.Any:
    """A packed module with nothing in it, in the form of this ansible-core; ``None`` if that is another by now."""
    built = getattr(module_common, "_BuiltModule", None)
    try:
        return built and built(b_module_data=b"", module_style="new", shebang="#!", serialization_profile=PROFILE)
    except TypeError:
        return None


NOTHING = _nothing()
#: Whether Ansible still has the steps that are others here.
HOOKED = (not PROFILED or NOTHING is not None) and all(
    hasattr(Normal, name) for name in ("_is_pipelining_enabled", "_configure_module", "_low_level_execute_command")
)
Main = t.Callable[[], None]


class Door(Normal):
    """An action plugin like the ordinary one, but for where the module runs."""

    _inside: Main | None = None
    _arguments: dict[str, t.Any] | None = None

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Refuse text into which Ansible has put something of its own instead of leaving it to Vapi."""
        faults = self._template_faults(task_vars or {})
        if faults:
            lines = "".join(f"\n- {fault}" for fault in [*faults, SOLUTION])
            return {"failed": True, "changed": False, "msg": f"Nothing was sent. Correct this first.{lines}"}
        return super().run(tmp, task_vars)  # type: ignore[no-untyped-call]

    if hasattr(Normal, "finalize_task_arg"):  # since ansible-core 2.19

        @classmethod
        def finalize_task_arg(cls, name: str, value: t.Any, *args: t.Any, **more: t.Any) -> t.Any:
            """Fill in an option, and say what to do where that fails at a variable of Vapi's."""
            try:
                return super().finalize_task_arg(name, value, *args, **more)
            except errors.AnsibleUndefinedVariable as error:
                raise errors.AnsibleError(
                    f"Option {name} is a template that cannot be filled in. {SOLUTION}"
                ) from error

    def _template_faults(self, variables: t.Mapping[str, t.Any]) -> list[str]:
        """By the options as they stand in the playbook; by now they are filled in."""
        written = self._task.get_ds()
        given = [item for key, item in written.items() if key in (self._task.action, "args")] if written else []
        options = {key: item for each in given if isinstance(each, dict) for key, item in each.items()}
        return [fault for key, item in options.items() for fault in template_faults(key, item, variables)]

    def _execute_module(self, module_name: t.Any = None, *args: t.Any, **more: t.Any) -> t.Any:
        name = str(module_name or self._task.action).rpartition(".")[2]
        self._inside = _main_of(name) if self._stays(more.get("task_vars") or {}) else None
        try:
            return super()._execute_module(module_name, *args, **more)
        finally:
            self._inside = self._arguments = None

    def _stays(self, variables: t.Mapping[str, t.Any]) -> bool:
        """Whether nothing asks for another host, user, interpreter, environment or way to run."""
        wanted = self._value(variables, SWITCH) or os.environ.get(SWITCH.upper(), "true")
        interpreter = self._value(variables, "ansible_python_interpreter")
        return (
            not MISSING
            and HOOKED
            # A forked process must not ask macOS for its proxies.
            and sys.platform == "linux"
            and boolean(wanted, strict=False)
            and self._connection.transport == "local"
            and not getattr(self._connection, "become", None)
            and not self._task.async_val
            and not any(self._task.environment or ())
            and not any(config.get_config_value(name) for name in WATCHED)
            and (not interpreter or os.path.realpath(interpreter) == os.path.realpath(sys.executable))
        )

    def _value(self, variables: t.Mapping[str, t.Any], name: str) -> str:
        """A variable as text, its template filled in; empty where it is not set."""
        return str(self._templar.template(variables[name])) if name in variables else ""

    def _update_module_args(
        self, module_name: t.Any, module_args: t.Any, task_vars: t.Any, *args: t.Any, **more: t.Any
    ) -> None:
        """Hand the module what only the controller can tell of its options."""
        super()._update_module_args(module_name, module_args, task_vars, *args, **more)
        name = str(module_name or self._task.action).rpartition(".")[2]
        given = self._templar.template(task_vars[NAMES]) if NAMES in (task_vars or {}) else None
        own = {key: value for key, value in module_args.items() if not str(key).startswith("_ansible_")}
        faults = [list(fault) for fault in keys_that_are_no_text(own)]
        exist = boolean(self._value(task_vars or {}, REFERENCES_EXIST) or "false", strict=False)
        if (given or faults or exist) and _main_of(name):
            names = variable_names(name, given) if given else {}
            module_args[_module.CONTROLLER] = {"names": names, "faults": faults, "references_exist": exist}

    # -- the three steps of Ansible's that are others here

    def _is_pipelining_enabled(self, *args: t.Any, **more: t.Any) -> bool:
        """Nothing is copied, so no temporary folder is made."""
        return True if self._inside else bool(super()._is_pipelining_enabled(*args, **more))

    def _configure_module(self, module_name: t.Any, module_args: t.Any, task_vars: t.Any) -> t.Any:
        """No archive is made."""
        if not self._inside:
            return super()._configure_module(module_name, module_args, task_vars)
        self._arguments = module_args
        path = f"{module_name} (in this process)"
        return (NOTHING, path) if PROFILED else ("new", "#!", b"", path)

    def _low_level_execute_command(self, *args: t.Any, **more: t.Any) -> t.Any:
        """No process is started."""
        if not self._inside or self._arguments is None:
            return super()._low_level_execute_command(*args, **more)  # type: ignore[no-untyped-call]
        begun = shown = time.monotonic()

        def tell(done: int, count: int) -> None:
            """On long work, a line now and then."""
            nonlocal shown
            if time.monotonic() - shown >= SILENCE:
                shown = time.monotonic()
                self._progress(f"{done} of {count} after {shown - begun:.0f} s")

        # Where Ansible's own way runs local modules: relative paths begin at the playbook.
        with contextlib.chdir(self._loader.get_basedir()):
            code, out, err = _run(self._inside, self._arguments, tell)
        return {"rc": code, "stdout": out, "stdout_lines": out.splitlines(), "stderr": err, "stderr_lines": []}

    def _progress(self, line: str) -> None:
        """Show how a task goes on, on the error output: the standard output belongs to the callback plugin.

        :param line: one line without secrets. Nothing is shown where the task has ``no_log``.
        """
        if not self._task.no_log:
            self._display.display(f"  {str(self._task.action).rpartition('.')[2]}: {printable(line)}", stderr=True)


def _main_of(name: str) -> Main | None:
    """The function that a module starts with; ``None`` if it is none of this collection's."""
    try:
        found: Main = importlib.import_module(MODULES + name).main
    except (ImportError, AttributeError):
        return None
    return found


def _encoded(arguments: dict[str, t.Any]) -> bytes:
    """The arguments as a module gets them."""
    options: dict[str, t.Any]
    if PROFILED:
        from ansible.module_utils.common.json import Direction, get_module_encoder

        options = {"cls": get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)}
    else:
        from ansible.module_utils.common.json import AnsibleJSONEncoder

        options = {"cls": AnsibleJSONEncoder, "vault_to_text": True}
    return json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, **options).encode()


def _run(
    main: Main, arguments: dict[str, t.Any], tell: t.Callable[[int, int], None] = lambda _done, _all: None
) -> tuple[int, str, str]:
    """Exit code, output and error output of a module."""
    out, err = io.StringIO(), io.StringIO()
    with _as_a_module(_encoded(arguments), tell), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code: t.Any = 0
        except SystemExit as end:
            code = end.code
    return int(code or 0), out.getvalue(), err.getvalue()


def _empty(name: str) -> t.Any:
    """A collection like the one that Ansible keeps under a name: a list in former days, a dict now."""
    return type(getattr(warnings, name, []))()


@contextlib.contextmanager
def _as_a_module(arguments: bytes, tell: t.Callable[[int, int], None]) -> t.Iterator[None]:
    """Ansible's library in the state in which a module finds it; afterwards as it was."""
    internal = getattr(warnings, "_internal", None)  # since ansible-core 2.19
    fresh: list[tuple[t.Any, str, t.Any]] = [
        (basic, "_ANSIBLE_ARGS", arguments),
        (basic, "_ANSIBLE_PROFILE", PROFILE),
        (basic, "_PARSED_MODULE_ARGS", None),
        (warnings, "_global_warnings", _empty("_global_warnings")),
        (warnings, "_global_deprecations", _empty("_global_deprecations")),
        (internal, "is_controller", False),
        (_module, "TELL", tell),
    ]
    fresh = [(place, name, value) for place, name, value in fresh if hasattr(place, name)]
    before = [(place, name, getattr(place, name)) for place, name, _value in fresh]
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    for place, name, value in fresh:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)
        for number, handler in handlers.items():
            signal.signal(number, handler)
