# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often and after which delays an operation is repeated."""

from __future__ import annotations

import typing as t

#: Consecutive rounds without progress before the engine gives up.
MAX_IDLE_ROUNDS = 8

#: Maximum number of rounds. Many objects at a busy service need several; endless corrections of one object must end.
MAX_ROUNDS = 64

#: Seconds before a lookup after a write without a valid response: the service may still be processing it.
UNKNOWN_OUTCOME_DELAY_SECONDS = 1.0

#: Seconds before reading a list again that does not yet show the effect of a confirmed write.
CONSISTENCY_DELAYS_SECONDS = (0.2, 0.5, 1.0, 2.0)


def rounds(progress: t.Callable[[], int]) -> t.Iterator[int]:
    """Count rounds, until too many consecutive rounds make no progress.

    :param progress: returns a figure that grows with the progress. :return: 0, 1, 2 and so on.
    """
    index = idle = done = 0
    while idle < MAX_IDLE_ROUNDS and index < MAX_ROUNDS:
        yield index
        index += 1
        idle = idle + 1 if progress() == done else 0
        done = progress()
