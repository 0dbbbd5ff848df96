# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction of secrets in texts and results, including secrets inside other text and in other encodings.

Ansible's ``no_log`` masks exact values in results, but neither warnings, error messages, a changed case, an encoding
nor a part of a value. The text is decoded layer by layer, and each layer is compared with the secrets in a normal form.
Memory is linear in the text and the secrets.
"""

from __future__ import annotations

import itertools
import json
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import RESERVED, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.decoding import (
    DEPTH,
    joined_texts,
    layers,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.masks import is_mask
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import SHORTEST_SECRET
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_detection import secrets_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_texts import BEARER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
    is_id,
    printable_lines,
)

MASK = "********"

PIECE = SHORTEST_SECRET

#: Parts of secrets that are searched at once, which limits the memory for secrets of any length.
AT_ONCE = 1 << 15

#: Characters of a result that are searched together.
BATCH = 1 << 16


def _case_folded(text: str) -> str:
    """The normal form of a text for comparison, of the same length: without differences of case and kinds of space."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(char if len(char.lower()) != 1 else char.lower() for char in text)
    return low.replace("\u03c2", "\u03c3").replace("+", " ")


#: A pattern of a service's host names that may begin with a secret label. Three groups: what precedes the label (``@``
#: or ``%40``), the label, the rest of the host.
LabelPattern = re.Pattern[str]

Given = t.ParamSpec("Given")
Found = t.TypeVar("Found")


def secrets_in(value: object, label_pattern: LabelPattern) -> set[str]:
    """The secrets in a response or an option: texts at secret paths, and labels of hosts.

    :param value: the response or the option. :param label_pattern: see :data:`LabelPattern`. :return: the secrets.
    """
    return _at_secret_paths(value) | _labels(value, label_pattern)


def _labels(value: object, label_pattern: LabelPattern) -> set[str]:
    addresses = (text for text in _all_texts(value) if "@" in text or "%40" in text)
    labels = {label for text in addresses for label in labels_in(text, label_pattern)}
    return {label for label in labels if len(label) >= PIECE and label.lower() != REDACTED}


def _at_secret_paths(value: object) -> set[str]:
    """The texts at secret paths, and their parts: a part of a header's value may be the secret, as in "Bearer ..."."""
    texts = {part for _path, text in secrets_of(value) for part in (text, *text.split())}
    return {text for text in texts if len(text) >= PIECE and not is_mask(text)}


def labels_in(text: str, label_pattern: LabelPattern) -> list[str]:
    """The labels of hosts in a text: public ids or secrets.

    :param text: the text. :param label_pattern: see :data:`LabelPattern`. :return: the labels.
    """
    return [match[2] for match in label_pattern.finditer(text)] if "@" in text or "%40" in text else []


def _all_texts(value: object) -> list[str]:
    """All texts in a value, including keys.

    :return: the texts.
    """
    found, todo = [], [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            todo += item
            todo += item.values()
        elif isinstance(item, (list, tuple)):
            todo += item
    return found


def collect_secrets(
    read: t.Callable[Given, Found],
    seen_secrets: set[str],
    label_pattern: LabelPattern,
    register: t.Callable[[t.Iterable[str]], None],
) -> t.Callable[Given, Found]:
    """Wrap ``read`` to collect the secrets in its responses, so that messages can be redacted.

    :param read: the function. :param seen_secrets: receives the secrets.
    :param label_pattern: see :data:`LabelPattern`.
    :param register: called with the secrets of each response, except labels, which may be public ids.
    :return: the wrapped function.
    """

    def get(*args: Given.args, **more: Given.kwargs) -> Found:
        answer = read(*args, **more)
        texts = _at_secret_paths(answer)
        seen_secrets.update(texts, _labels(answer, label_pattern))
        register(texts)
        return answer

    return get


class Redactor:
    """Redacts the secrets of one task.

    :param secrets: the values. Those of less than eight characters are rejected as input; they are redacted in texts
        if they are separate words, but not in results, where they would destroy ids.
    :param more: values that are redacted in texts only. In a result their paths are known, and some may be harmless.
    :param labels: labels of hosts that are public ids and are not redacted.
    :param label_pattern: see :data:`LabelPattern`; all other labels that it finds are redacted.
    """

    def __init__(
        self,
        secrets: t.Iterable[str],
        more: t.Iterable[str] = (),
        labels: t.Iterable[str] = (),
        *,
        label_pattern: LabelPattern,
    ) -> None:
        self._label_pattern = label_pattern
        self._labels = {label.lower() for label in labels}
        values = {secret for secret in secrets if secret}
        foreign = {secret for secret in more if len(secret) >= PIECE and secret.lower() not in self._labels} - values
        self._values = _Forms(values)
        self._all = _Forms(values | foreign)
        short = sorted((secret for secret in values if len(secret) < PIECE), key=len, reverse=True)
        words = "|".join(map(re.escape, short))
        self._short = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])") if short else None

    def text(self, text: str) -> str:
        """Redact a text: secrets, their encodings and parts of eight characters are masked.

        Terminal control characters are escaped (:func:`printable_lines`) after the search for secrets.

        :param text: the text. :return: the redacted text.
        """
        text = _masked(text, self._all.pieces_in(text))
        if self._short:
            text = self._short.sub(MASK, text)
        text = self._label_pattern.sub(self._labelled, text)
        return printable_lines(BEARER.sub(lambda match: f"{match[1]}{match[2]}{MASK}", text))

    @t.overload
    def value(self, value: Result) -> Result:
        pass

    @t.overload
    def value(self, value: object) -> object:
        pass

    def value(self, value: object) -> object:
        """Redact a result: whole secrets and their encodings are masked, also in keys; invalid characters are replaced.

        :param value: the result. :return: the redacted result.
        """
        # Results of many objects repeat most texts.
        texts = dict.fromkeys(_all_texts(value))
        return self._cleaned(value, dict(zip(texts, self._values.suspicions(texts), strict=True)))

    def _cleaned(self, value: object, suspicions: t.Mapping[str, bool]) -> object:
        """``suspicions``: for each text, whether it may contain a secret."""
        if isinstance(value, dict):
            return {
                _key(self._cleaned(key, suspicions)): self._cleaned(item, suspicions) for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._cleaned(item, suspicions) for item in value]
        if isinstance(value, str):
            suspicious = suspicions[value]
            if not value.isascii():
                value = value.encode("utf-8", "replace").decode()
            if suspicious:
                found = self._values.whole_in(value)
                # A part of an id that equals a secret is a coincidence; a whole id may be a key.
                value = _masked(value, found if not is_id(value) or (0, len(value)) in found else [])
            return self._label_pattern.sub(self._labelled, value) if "@" in value or "%40" in value else value
        return value

    def _labelled(self, match: re.Match[str]) -> str:
        known = match[2].lower() in self._labels or match[2] == MASK
        return match[0] if known else f"{match[1]}{REDACTED}{match[3]}"


def _key(key: object) -> object:
    """Escape a key of a result that Ansible would treat as a type marker (``__ansible_type``, ``__ansible_vault``).

    Such a key in a free-form object of a service would make Ansible decode or reject the result of each module.
    """
    return key.lstrip("_") if isinstance(key, str) and key.startswith(RESERVED) else key


class _Forms:
    """Secrets in their normal form, and their positions in a text."""

    def __init__(self, secrets: t.Iterable[str]) -> None:
        long = [secret for secret in secrets if len(secret) >= PIECE]
        # Upper case may change letters irreversibly: the sharp s.
        self.chars = sorted({_case_folded(form) for s in long for form in (s, s.upper(), s.replace("-", ""))})
        # An incomplete escape cannot be decoded.
        escaped = {
            _case_folded(form) for s in long for form in (json.dumps(s)[1:-1], json.dumps(s, ensure_ascii=False)[1:-1])
        }
        self.escaped = sorted(escaped.difference(self.chars))

    def whole_in(self, text: str) -> list[tuple[int, int]]:
        """The positions of whole secrets: first and last, plus one."""
        found = []
        if self.chars and len(text) >= PIECE:
            for layer in layers(text):
                normal = _case_folded(layer.text)
                for form in self.chars:
                    at = normal.find(form) if len(form) >= PIECE else -1
                    while at >= 0:
                        found.append((layer.span(at)[0], layer.span(at + len(form) - 1)[1]))
                        at = normal.find(form, at + 1)
        return found

    def suspicions(self, texts: t.Iterable[str]) -> t.Iterator[bool]:
        """For each text, whether it may contain a whole secret. Many texts are searched together, which is faster."""
        size = 0
        parts: list[str] = []
        for text in texts:
            size += len(text)
            parts.append(text)
            if size >= BATCH:
                yield from itertools.repeat(self._may_be_in("\n".join(parts), DEPTH), len(parts))
                size, parts = 0, []
        yield from itertools.repeat(self._may_be_in("\n".join(parts), DEPTH), len(parts))

    def _may_be_in(self, text: str, depth: int) -> bool:
        """The same layers as :func:`layers`, without positions, so that many texts can be searched together."""
        normal = _case_folded(text)
        if any(form in normal for form in self.chars):
            return True
        return bool(self.chars) and any(self._may_be_in(inner, left) for inner, left in joined_texts(text, depth))

    def pieces_in(self, text: str) -> list[tuple[int, int]]:
        """The positions of parts of secrets."""
        if not self.chars or len(text) < PIECE:
            return []
        found = []
        for pieces in _pieces(self.chars + self.escaped):
            for layer in layers(text):
                normal = _case_folded(layer.text)
                hits = [at for at in range(len(normal) - PIECE + 1) if normal[at : at + PIECE] in pieces]
                found += [(layer.span(at)[0], layer.span(at + PIECE - 1)[1]) for at in hits]
        return found


def _pieces(forms: t.Iterable[str]) -> t.Iterator[set[str]]:
    """All parts of all secrets, in portions."""
    pieces: set[str] = set()
    for form in forms:
        for at in range(len(form) - PIECE + 1):
            pieces.add(form[at : at + PIECE])
            if len(pieces) >= AT_ONCE:
                yield pieces
                pieces = set()
    if pieces:
        yield pieces


def _masked(text: str, found: list[tuple[int, int]]) -> str:
    """A text with some positions masked; overlapping ones become one mask."""
    if not found:
        return text
    parts, last = [], 0
    for first, end in sorted(found):
        if first >= last:
            parts += [text[last:first], MASK]
        last = max(last, end)
    return "".join([*parts, text[last:]])
