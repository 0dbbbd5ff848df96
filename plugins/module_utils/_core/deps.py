# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place that imports third-party libraries.

``ansible-test sanity`` and ``ansible-doc`` read every module without them, so each import is guarded. A run without
them fails with a message that contains the library, the host and the interpreter. :func:`load` imports what only some
modules need.
"""

from __future__ import annotations

import importlib
import sys
import traceback
import types
import typing as t

MISSING: dict[str, str] = {}

if t.TYPE_CHECKING:
    import httpx
    import pydantic_core
    from pydantic import BaseModel, ValidationError
else:
    # httpx imports the libraries of its command line if they are installed, which is slower than httpx itself. They
    # are not needed, so they are hidden during this import.
    unwanted = "httpx._main" not in sys.modules
    if unwanted:
        sys.modules["httpx._main"] = None
    try:
        import httpx
    except ImportError:
        httpx = None
        MISSING["httpx"] = traceback.format_exc()
    if unwanted:
        sys.modules.pop("httpx._main", None)
    try:
        import pydantic_core
        from pydantic import BaseModel, ValidationError
    except ImportError:
        # Records use annotations and plain defaults only, so an empty base class is a sufficient fallback.
        BaseModel, ValidationError, pydantic_core = object, ValueError, None
        MISSING["pydantic"] = traceback.format_exc()


class LibraryMissingError(Exception):
    """A library that only some options need is not installed.

    :param library: its name in the package index. :param reason: the error of the import.
    """

    def __init__(self, library: str, reason: object) -> None:
        self.library, self.reason = library, str(reason)
        super().__init__(f"{library}: {reason}")


def load(library: str, module: str = "") -> types.ModuleType:
    """Import a library that only some options need, when they are used: it is slow to import, or not installed.

    :param library: its name in the package index. :param module: the module, by default with the same name.
    :return: the module. :raises LibraryMissingError: if the library is not installed.
    """
    try:
        return importlib.import_module(module or library)
    except ImportError as error:
        raise LibraryMissingError(library, error) from None


__all__ = [
    "MISSING", "BaseModel", "LibraryMissingError", "ValidationError", "httpx", "load", "pydantic_core",
]  # fmt: skip
