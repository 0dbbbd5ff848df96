# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: take secrets out of text and of results, also where they stand inside other text or in another encoding.

Ansible's own ``no_log`` masks exact values in results, but neither warnings, nor the error line, nor a changed case,
an encoding or a piece of a value.
"""

from __future__ import annotations

import base64
import json
import typing as t
import urllib.parse

MASK = "********"
PIECE = 8
#: What Ansible puts in a secret's place; as an input it means that a masked result was fed back.
MASKED = ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", MASK)


def variants(secret: str) -> set[str]:
    """The forms in which a secret may turn up."""
    raw = secret.encode("utf-8", "replace")
    forms = {
        secret,
        secret.lower(),
        secret.upper(),
        secret.replace("-", ""),
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        raw.hex(),
    }
    for shift in range(3):
        # Inside a longer base64 text a value looks different at each offset; its unaffected middle is what to look for.
        text = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        shared_end = 1 if (len(raw) + shift) % 3 else 0
        forms.add(text[(0, 2, 3)[shift] : len(text) - shared_end])
    return {form for form in forms if len(form) >= min(PIECE, len(secret))}


class Scrubber:
    """Knows the secrets of one task.

    :param secrets: the values; pieces and encodings are looked for only in those of eight characters or more, since
        masking every "12345" would tell more than it hides.
    """

    def __init__(self, secrets: t.Iterable[str]) -> None:
        values = {secret for secret in secrets if secret}
        long = {secret for secret in values if len(secret) >= PIECE}
        self._forms = sorted({form for s in long for form in variants(s)} | values, key=len, reverse=True)
        self._pieces = {
            form[at : at + PIECE]
            for s in long
            for form in (s, s.lower(), s.upper())
            for at in range(len(form) - PIECE + 1)
        }

    def text(self, text: str) -> str:
        """Text for people: secrets, their encodings and pieces of eight characters are masked."""
        text = self._whole(text)
        found = [at for at in range(len(text) - PIECE + 1) if text[at : at + PIECE] in self._pieces]
        for at in reversed(found):
            text = text[:at] + MASK + text[at + PIECE :]
        return text

    def value(self, value: t.Any) -> t.Any:
        """A result: whole secrets and their encodings are masked, in keys too; what can not be sent on is replaced."""
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        if isinstance(value, str):
            return self._whole(value.encode("utf-8", "replace").decode())
        return value

    def _whole(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


def holding(value: t.Any, marks: t.Collection[str], path: str = "") -> str | None:
    """The path of an input that holds one of the marks, ``None`` if there is none."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return path if isinstance(value, str) and any(mark in value for mark in marks) else None
    return next((found for where, item in pairs if (found := holding(item, marks, where))), None)
