# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in the controller's process leaves nothing behind there."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import typing as t

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.plugins.action.normal import ActionModule as Normal

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import module as module_of_collection
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _ansible_internals, _in_process

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(main: t.Callable[[], t.Any], **options: t.Any) -> tuple[int, t.Any]:
    code, out, err = _in_process._run(main, {"_ansible_check_mode": False, **options})
    assert err == ""
    return code, json.loads(out)


def module() -> t.Any:
    return basic.AnsibleModule(argument_spec={"word": {"type": "str"}})


def state() -> list[t.Any]:
    names = [name for name in ("_global_warnings", "_global_deprecations") if hasattr(warnings, name)]
    return [
        *(getattr(warnings, name) for name in names),
        getattr(basic, "_ANSIBLE_ARGS", None),
        signal.getsignal(signal.SIGTERM),
        signal.getsignal(signal.SIGINT),
        sys.stdout,
    ]


def test_loop_items_share_only_the_process() -> None:
    before = state()

    def warns() -> None:
        signal.signal(signal.SIGTERM, lambda *_signal: None)
        mine = module()
        mine.warn(f"word {mine.params['word']}")
        mine.exit_json(changed=False)

    for word in ("one", "two"):
        code, result = run(warns, word=word)
        assert code == 0
        assert len(result["warnings"]) == 1
        assert word in json.dumps(result["warnings"])
    assert state() == before


def test_failure_has_return_code_and_message() -> None:
    before = state()
    code, result = run(lambda: module().fail_json(msg="no"))
    assert (code, result["failed"], result["msg"]) == (1, True, "no")
    assert state() == before


def test_task_termination_is_propagated_and_state_restored() -> None:
    """Ansible's own limit of time for a task is such an end."""

    class End(BaseException):
        pass

    def ends() -> None:
        raise End

    before = state()
    with pytest.raises(End):
        run(ends)
    assert state() == before


MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/[a-z]*.py"))


RESOLVE = """
import json, sys
from ansible.plugins import loader
loader.init_plugin_loader()
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._in_process import InProcessActionModule
found = {}
for name in json.loads(sys.argv[1]):
    full = f"voiceops.vapi_didlogic.{name}"
    module = loader.module_loader.find_plugin_with_context(full)
    plugin = loader.action_loader.get(module.action_plugin or full, class_only=True)
    found[name] = [module.resolved_fqcn, issubclass(plugin, InProcessActionModule)]
print(json.dumps(found))
"""


def test_every_module_has_an_in_process_action_plugin() -> None:
    """By routing or under its own name; the name of the resolved module stays, which module defaults are applied to."""
    # In an interpreter of its own, because Ansible must find collections before one is imported.
    paths = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    command = [sys.executable, "-c", RESOLVE, json.dumps(MODULES)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=paths)
    expected = {name: [f"voiceops.vapi_didlogic.{name}", name != "report_file"] for name in MODULES}
    assert json.loads(done.stdout) == expected


def test_filters_and_lookups_load_no_libraries() -> None:
    """Ansible loads all filters to find one, in each task with a template; the libraries take longer than the task."""
    names = [f"{kind}.{path.stem}" for kind in ("filter", "lookup") for path in ROOT.glob(f"plugins/{kind}/[a-z]*.py")]
    imports = "".join(f"import ansible_collections.voiceops.vapi_didlogic.plugins.{name}\n" for name in names)
    imports += "from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _variables\n"
    imports += "assert _variables.options_of('integration')['trunk']['options']\n"
    program = f"import sys\n{imports}print([name for name in ('httpx', 'pydantic') if name in sys.modules])"
    paths = {**os.environ, "PYTHONPATH": str(ROOT / "collections")}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=paths)
    assert (len(names) > 5, done.stdout.strip()) == (True, "[]")


def test_every_action_plugin_has_a_module() -> None:
    assert {path.stem for path in ROOT.glob("plugins/action/[a-z]*.py")} < set(MODULES)


def test_action_plugins_are_different() -> None:
    """Modules without a difference are routed to the shared plugin in meta/runtime.yml."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("plugins/action/[a-z]*.py")}
    assert [name for name, text in texts.items() if "\nclass ActionModule(" not in text] == []
    assert len(texts) == len(set(texts.values()))


@pytest.mark.parametrize("name", [path.stem for path in ROOT.glob("plugins/action/[a-z]*.py")])
def test_options_with_texts_exist(name: str) -> None:
    plugin = importlib.import_module(
        f"{_in_process.__name__.rpartition('.plugin_utils.')[0]}.action.{name}"
    ).ActionModule
    text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")
    options = yaml.safe_load(re.split('DOCUMENTATION = r?"""', text)[1].partition('"""')[0])["options"]
    assert set(getattr(plugin, "texts", ())) <= set(options)


def test_replaced_ansible_methods_are_listed() -> None:
    own = {name: value for name, value in vars(_in_process.InProcessActionModule).items() if name[:2] != "__"}
    replaced = {name for name, value in own.items() if hasattr(Normal, name) and inspect.isroutine(value)}
    assert replaced - {"run"} == set(_ansible_internals.METHODS)


def test_module_reports_progress_to_the_action_plugin() -> None:
    seen: list[tuple[int, int]] = []

    def main() -> None:
        module_of_collection.PROGRESS.get()(1, 2)

    code, _out, _err = _in_process._run(main, {}, lambda done, count: seen.append((done, count)))
    assert (code, seen) == (0, [(1, 2)])
    module_of_collection.PROGRESS.get()(2, 2)
    assert seen == [(1, 2)], "the callback is removed after the module"
