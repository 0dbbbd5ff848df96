# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that converts data to JSON for an HTML script element."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.html_json import html_json


class FilterModule:
    """The filter, by name."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"html_json": html_json}
