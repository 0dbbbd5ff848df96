# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The carrier of the modules. No other file of this package imports one."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic import carrier as didlogic
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.carrier import (
    AccountOptions,
    check_login,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier

__all__ = ("CARRIER", "AccountOptions", "check_login")

CARRIER: Carrier = didlogic
