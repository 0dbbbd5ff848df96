# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: take secrets out of text and of results, also where they stand inside other text or in another encoding.

Ansible's own ``no_log`` masks exact values in results, but neither warnings, nor the error line, nor a changed case,
an encoding or a piece of a value.
"""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
import urllib.parse

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import SECRET_KEYS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import HIDDEN

MASK = "********"
PIECE = 8
#: What Ansible puts in a secret's place; as an input it means that a masked result was fed back.
MASKED = ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", MASK)
#: What a result shows in place of a label that may be a key.
HIDDEN_LABEL = f"@{HIDDEN}.sip."
#: The label in front of Vapi's SIP host: a trunk's id, or a private key. Stricter than in a single URI, as text may
#: stand around it, and also as it looks in a form body.
_LABEL = re.compile(r"(@|%40)([^@%;?<>\s\"'\\]+?)(\.sip(?:\.[a-z0-9-]+)?\.vapi\.ai)", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)(\s+|%20|\+)(?=\S*\d)[^\s\"',;]{8,}", re.IGNORECASE)
#: Headers that people look at and that hold no secret.
_PLAIN_HEADERS = frozenset(("accept", "accept-language", "content-type", "user-agent"))


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
        html.escape(secret),
        html.escape(secret, quote=False),
        raw.hex(),
    }
    for shift in range(3):
        # Inside a longer base64 text a value looks different at each offset; its unaffected middle is what to look for.
        text = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        shared_end = 1 if (len(raw) + shift) % 3 else 0
        forms.add(text[(0, 2, 3)[shift] : len(text) - shared_end])
    return {form for form in forms if len(form) >= min(PIECE, len(secret))}


def secrets_in(value: t.Any, *, inside: bool = False) -> set[str]:
    """What an answer or an option holds that is nobody's to see: values under telling keys, labels at Vapi's host.

    :param inside: whether all of it stands under such a key.
    """
    if isinstance(value, dict):
        items = [(str(key), item) for key, item in value.items()]
        kept = [(key, item) for key, item in items if not (inside and key.lower() in _PLAIN_HEADERS)]
        return {found for key, item in kept for found in secrets_in(item, inside=inside or _telling(key))}
    if isinstance(value, list):
        return {found for item in value for found in secrets_in(item, inside=inside)}
    if not isinstance(value, str):
        return set()
    if inside:
        # A piece of a header's value is as good as the whole: "Bearer ...".
        return {part for part in (value, *value.split()) if len(part) >= PIECE}
    return {match[2] for match in _LABEL.finditer(value) if len(match[2]) >= PIECE and match[2].lower() != HIDDEN}


def _telling(key: str) -> bool:
    return key.replace("_", "").replace("-", "").lower() in SECRET_KEYS


def noting(read: t.Callable[..., t.Any], noted: set[str]) -> t.Callable[..., t.Any]:
    """``read``, from now on noting the secrets that stand in its answers, so that no message repeats them."""

    def get(*args: t.Any, **more: t.Any) -> t.Any:
        answer = read(*args, **more)
        noted.update(secrets_in(answer))
        return answer

    return get


class Scrubber:
    """Knows the secrets of one task.

    :param secrets: the values; pieces and encodings are looked for only in those of eight characters or more, since
        masking every "12345" would tell more than it hides.
    :param more: values that are taken out of text only. In a result their places are known, and some may be harmless.
    :param labels: trunk ids: the labels at Vapi's host that may be shown.
    """

    def __init__(self, secrets: t.Iterable[str], more: t.Iterable[str] = (), labels: t.Iterable[str] = ()) -> None:
        self._labels = {label.lower() for label in labels}
        values = {secret for secret in secrets if secret}
        foreign = {secret for secret in more if len(secret) >= PIECE and secret.lower() not in self._labels} - values
        self._forms = _forms(values)
        self._more_forms = _forms(values | foreign)
        self._pieces = {
            form[at : at + PIECE]
            for s in values | foreign
            if len(s) >= PIECE
            for form in (s, s.lower(), s.upper(), json.dumps(s)[1:-1])
            for at in range(len(form) - PIECE + 1)
        }

    def text(self, text: str) -> str:
        """Text for people: secrets, their encodings and pieces of eight characters are masked."""
        text = _BEARER.sub(lambda match: f"{match[1]}{match[2]}{MASK}", self._whole(text, self._more_forms))
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
            return self._whole(value.encode("utf-8", "replace").decode(), self._forms)
        return value

    def _whole(self, text: str, forms: list[str]) -> str:
        for form in forms:
            if form in text:
                text = text.replace(form, MASK)
        return _LABEL.sub(self._labelled, text)

    def _labelled(self, match: re.Match[str]) -> str:
        known = match[2].lower() in self._labels or match[2] == MASK
        return match[0] if known else f"{match[1]}{HIDDEN}{match[3]}"


def _forms(secrets: set[str]) -> list[str]:
    """All forms of all secrets, the longest first."""
    long = {form for secret in secrets if len(secret) >= PIECE for form in variants(secret)}
    return sorted(long | secrets, key=len, reverse=True)


def holding(value: t.Any, marks: t.Collection[str], path: str = "") -> str | None:
    """The path of an input that holds one of the marks, ``None`` if there is none."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return path if isinstance(value, str) and any(mark in value for mark in marks) else None
    return next((found for where, item in pairs if (found := holding(item, marks, where))), None)
