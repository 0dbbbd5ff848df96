# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders whose path is the value of an option: an error is reported as one of the option."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError

Found = t.TypeVar("Found")


def checked(option: str, work: t.Callable[[], Found]) -> Found:
    """Call a function that uses a file.

    :param option: the name of the option. :param work: the function. :return: its result.
    :raises OptionError: if it raises ``FileError``.
    """
    try:
        return work()
    except files.FileError as error:
        text = str(error)
    # Outside the handler: ansible-core would add the text of a handled exception to the result.
    raise OptionError(option, text)


@contextlib.contextmanager
def lock(option: str, path: str, pause: t.Callable[[float], object], timeout: float) -> t.Iterator[None]:
    """Exclude other runs that use the same file.

    :param option: the name of the option. :param path: as for :func:`files.lock`. :param pause: as for the same.
    :param timeout: as for the same. :raises OptionError: if the file cannot be locked, or after the timeout.
    """
    with contextlib.ExitStack() as stack:
        checked(option, lambda: stack.enter_context(files.lock(path, pause, timeout)))
        yield
