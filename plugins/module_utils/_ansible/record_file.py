# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a record that a later run continues: the option ``record`` of several modules."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files, option_files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import RunInterruptedError

#: Maximum seconds to wait for another run with the same record; a run with many numbers needs less than a minute.
LOCK_TIMEOUT_SECONDS = 300.0

#: The option with the path.
OPTION = "record"


class RecordFile:
    """The file of a record.

    :param path: its path.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def load(self) -> bytes | None:
        """The content; ``None`` if there is no file. :raises OptionError: if it cannot be read."""
        return option_files.checked(OPTION, lambda: files.read(self.path))

    def save(self, content: bytes) -> None:
        """Replace the file atomically. :param content: its content. :raises OptionError: if it cannot be written."""
        option_files.checked(OPTION, lambda: files.write(self.path, content))

    def remove(self) -> None:
        """Remove the file. :raises OptionError: if it cannot be removed."""
        option_files.checked(OPTION, lambda: files.remove(self.path))

    @contextlib.contextmanager
    def hold(self, interrupt: threading.Event) -> t.Iterator[None]:
        """Exclude other runs with the same file.

        :param interrupt: ends the wait for another run. :raises OptionError: after a timeout.
        :raises RunInterruptedError: if the wait was interrupted.
        """

        def pause(seconds: float) -> None:
            if interrupt.wait(seconds):
                raise RunInterruptedError("Interrupted while waiting for another run. Nothing was changed.")

        with option_files.lock(OPTION, self.path, pause, LOCK_TIMEOUT_SECONDS):
            yield
