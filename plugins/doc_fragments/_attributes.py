# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - Only read requests are sent. An id that does not exist yet is returned as V((known after apply\)).
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: full
    details:
      - Shows only what the given options manage. It never contains secrets.
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: full
"""

    INFO = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - The module sends only read requests.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: none
    details:
      - The module changes nothing, so there is no difference to show.
  idempotent:
    description: A second run with the same options reports no change and sends no request that changes anything.
    support: full
"""

    EVENT = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
    details:
      - Everything that can be checked without placing a call is checked. No call is placed.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when run with C(--diff).
    support: full
    details:
      - Shows the request that starts the call or campaign. It never contains secrets.
"""

    ACROSS = r"""
attributes:
  action_group:
    description: Use C(group/voiceops.vapi_didlogic.integration) in C(module_defaults) to set the connection options of
      all modules that use both services once.
    support: full
    membership:
      - voiceops.vapi_didlogic.integration
"""
