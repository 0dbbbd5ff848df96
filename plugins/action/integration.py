# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module, and each module that meta/runtime.yml routes here, in the controller's process."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._in_process import InProcessActionModule


class ActionModule(InProcessActionModule):
    texts = ("assistants", "transfer_tools", "numbers")
