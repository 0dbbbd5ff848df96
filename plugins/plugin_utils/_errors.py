# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions of filters and lookups: since ansible-core 2.19 one class, whose old names 2.23 is to deprecate."""

from __future__ import annotations

try:
    from ansible.errors import AnsibleTemplatePluginError as AnsibleFilterError
    from ansible.errors import AnsibleTemplatePluginError as AnsibleLookupError
except ImportError:  # ansible-core before 2.19
    from ansible.errors import AnsibleFilterError, AnsibleLookupError

__all__ = ["AnsibleFilterError", "AnsibleLookupError"]
