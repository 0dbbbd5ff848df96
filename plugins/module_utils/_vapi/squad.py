# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The squad: assistants that hand over a call to each other. Phone numbers and calls refer to it."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import BaseResource, State
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import Named
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI

SQUAD = BaseResource(
    provider=VAPI,
    name="squad",
    plural="squads",
    title="squad",
    path="/squad",
    record=Named,
    options=State,
)
