# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module in the controller's process, with the HTML page without its data, which is a template."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.module import CONTROLLER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._in_process import InProcessActionModule
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._rendering import RenderingActionModule

PAGE = Path(__file__).parents[2] / "playbooks" / "templates" / "call_log.html.j2"


class ActionModule(RenderingActionModule, InProcessActionModule):
    def _update_module_args(
        self, module_name: str | None, module_args: Result, task_vars: Params | None, *args: t.Any, **more: t.Any
    ) -> None:
        super()._update_module_args(module_name, module_args, task_vars, *args, **more)
        own = module_args.get(CONTROLLER)
        module_args[CONTROLLER] = {
            **(own if isinstance(own, dict) else {}),
            "page": self._rendered(str(PAGE), task_vars or {}),
        }
