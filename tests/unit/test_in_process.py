# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in the controller's process leaves nothing behind there."""

from __future__ import annotations

import json
import pathlib
import signal
import sys
import typing as t

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _in_process

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


def test_items_of_a_loop_share_a_process_and_nothing_else() -> None:
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


def test_a_failure_has_its_code_and_its_words() -> None:
    before = state()
    code, result = run(lambda: module().fail_json(msg="no"))
    assert (code, result["failed"], result["msg"]) == (1, True, "no")
    assert state() == before


def test_what_ends_a_task_is_passed_on_and_all_is_put_back() -> None:
    """Ansible's own limit of time for a task is such an end."""

    class End(BaseException):
        pass

    def ends() -> None:
        raise End

    before = state()
    with pytest.raises(End):
        run(ends)
    assert state() == before


def test_every_module_has_this_door() -> None:
    """By a file of its name that says no more than that; those that also wait, or that have no module, differ."""
    modules = {path.name for path in ROOT.glob("plugins/modules/[a-z]*.py")}
    actions = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("plugins/action/[a-z]*.py")}
    assert set(actions) == modules
    plain = [text for name, text in actions.items() if "WaitActionModule" not in text and name != "report_file.py"]
    assert len(set(plain)) == 1
    assert len(plain) == len(modules) - 3
