# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change, without changing it.
    support: full
    details:
      - Only read requests are sent. An id that does not exist yet reads V((known after apply\)).
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: full
    details:
      - Shows only what the given options manage. Secrets are never part of it.
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: full
"""

    INFO = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change, without changing it.
    support: full
    details:
      - The module only reads.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: none
    details:
      - There is nothing to compare, as the module changes nothing.
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: full
"""

    EVENT = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change, without changing it.
    support: full
    details:
      - Everything is checked that can be checked without a call, and nothing is sent to anybody's phone.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: full
    details:
      - Shows what is sent when something is started. Secrets are never part of it.
"""

    ACROSS = r"""
attributes:
  action_group:
    description: Use C(group/voiceops.vapi_didlogic.integration) in C(module_defaults) to give all modules that use both
      services their connection options once.
    support: full
    membership:
      - voiceops.vapi_didlogic.integration
"""
