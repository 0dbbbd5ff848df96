# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers that Vapi accepts: phone numbers in any form, and extensions with letters."""

from __future__ import annotations

import re

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import e164_hint


def check_number(number: str) -> None:
    """Check a number as Vapi does, with or without its E.164 check.

    :param number: the number. :raises ValueError: if Vapi would reject it, or if it lacks the country code.
    """
    if not 3 <= len(number) <= 40 or not re.fullmatch(r"\+?[a-zA-Z0-9]+", number):
        rule = "must be 3 to 40 letters and digits without separators, with an optional + in front."
        raise ValueError(rule + e164_hint(number))
    # A few digits may be the extension of a telephone system.
    if re.fullmatch(r"\+?0[0-9]{6,}", number):
        raise ValueError(f"must have the country code, such as +31201234567.{e164_hint(number.removeprefix('+'))}")
