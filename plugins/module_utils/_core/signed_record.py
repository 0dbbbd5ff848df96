# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run in a file, which a later run continues.

It has a digest with the API key, so that a run only continues what a run with the same key has written.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.write_gate import keyed_digest


class Store(t.Protocol):
    """The file of a record."""

    def load(self) -> bytes | None:
        """The content; ``None`` if there is no file."""

    def save(self, content: bytes) -> None:
        """Replace the file atomically."""

    def remove(self) -> None:
        """Remove the file."""

    def hold(self, interrupt: threading.Event) -> t.ContextManager[None]:
        """Exclude other runs with the same file. :param interrupt: ends the wait for another run."""


@dataclasses.dataclass(frozen=True)
class RecordFormat:
    """How a module writes its record.

    :param field: the name of the content. :param advice: what a person can do with a file that cannot be used.
    :param version: of the content.
    """

    field: str
    advice: str
    version: int = 1

    def dump(self, key: bytes, content: t.Mapping[str, object]) -> bytes:
        """The file.

        :param key: the API key. :param content: an object of JSON. :return: JSON text.
        """
        return (json.dumps(self._signed(key, content), indent=1) + "\n").encode()

    def load(self, key: bytes, file: bytes | None) -> dict[str, t.Any]:
        """The content of a file.

        :param key: the API key. :param file: the file; ``None`` if there is none. :return: the content, empty without a
            file. :raises OptionError: if it is empty, incomplete, changed by somebody else, or of another account.
        """
        if file is None:
            return {}
        try:
            found = json.loads(file)
        except (ValueError, RecursionError):
            found = None
        if not file.strip():
            raise self._error("is empty")
        if not isinstance(found, dict) or found.get("format") != self.version:
            raise self._error("is not a complete file of this module")
        if found.get("account") != keyed_digest(key, "account"):
            raise self._error("was written with another API key")
        content = found.get(self.field)
        if not isinstance(content, dict) or found != self._signed(key, content):
            raise self._error("was changed by another program")
        return content

    def _signed(self, key: bytes, content: t.Mapping[str, object]) -> Result:
        data: Result = {"format": self.version, "account": keyed_digest(key, "account"), self.field: dict(content)}
        return {**data, "digest": keyed_digest(key, data)}

    def _error(self, fault: str) -> OptionError:
        return OptionError(
            "record", f"{fault}, so it cannot be used as a record, and it was not changed. {self.advice}"
        )
