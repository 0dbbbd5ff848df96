# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection of secrets in free-form values, by the words in their keys and by their path.

Only texts can be secrets: numbers and booleans are settings, whatever their key is.
"""

from __future__ import annotations

import enum
import functools
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_names import (
    is_secret_name,
    word_set,
    words_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_texts import replaced_secrets
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import FreeForm, inner, same_variant
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import REDACTED

#: Common headers without secrets.
PLAIN_HEADERS = word_set(
    "accept accept-charset accept-encoding accept-language cache-control content-encoding content-language "
    "content-length content-type host user-agent"
)

#: The schemes of RFC 3261, which set up calls. The headers of a call are settings, except those with a secret name.
SIGNALLING = re.compile(r"sips?")

#: Keywords of a JSON schema, and the types that identify a dict as a schema.
SCHEMA_WORDS = word_set("$schema additionalProperties description format pattern required title type")

SCHEMA_TYPES = re.compile(r"array|boolean|integer|null|num(ber)?|object|string")

#: Keys with the name of a pair's value, and keys that show that ``key`` is a name.
NAMES = ("key", "name", "header", "field", "param", "parameter")

PAIR_KEYS = word_set("endsWith oneOf plan regex startsWith type value")

#: The path of a text: the path of its container, and the key or index in it.
Path = t.Optional[tuple["Path", "str | int"]]  # noqa: UP045 - pylint of ansible-core 2.19 knows no other form here

Leaf = t.Callable[[str, Path], str]


class Context(enum.Enum):
    """The kind of a value's place: any, a header of a request, or below a secret key."""

    PLAIN = 1
    HEADERS = 2
    SECRET = 3


def _is_headers(name: str) -> bool:
    words = words_of(name)
    return bool(words) and words[-1] == "headers" and not any(map(SIGNALLING.fullmatch, words))


def mapped(value: object, leaf: Leaf, context: Context = Context.PLAIN, path: Path = None) -> object:
    """Replace each secret in a free-form value by the result of ``leaf``.

    :param value: the value.
    :param leaf: ``(secret, path)`` -> text; called for each secret, and for each secret part of a text.
    :param context: the kind of its place. :param path: its path. :return: the new value.
    """
    if isinstance(value, dict):
        names = NAMES if "value" in value else ()
        named = next((value[key] for key in names if isinstance(value.get(key), str)), None)
        schema = isinstance(value.get("type"), str) and bool(SCHEMA_TYPES.fullmatch(value["type"]))
        found = {}
        for key, item in value.items():
            word = str(key)
            plain = context is Context.PLAIN and named is None and not schema and word != "key"
            below = _by_name(word) if plain else _below(word, item, context, value, named, schema=schema)
            found[key] = mapped(item, leaf, below, (path, word))
        return found
    if isinstance(value, (list, tuple)):
        return [mapped(item, leaf, context, (path, at)) for at, item in enumerate(value)]
    if not isinstance(value, str) or not value:
        return value
    if context is not Context.PLAIN:
        return leaf(value, path)
    return replaced_secrets(value, lambda secret: leaf(secret, path))


def _below(
    key: str, item: object, context: Context, value: dict[object, object], named: str | None, *, schema: bool
) -> Context:
    """The kind of place of the value of a key."""
    if schema and key in SCHEMA_WORDS and not isinstance(item, dict):
        return Context.PLAIN
    if context is Context.SECRET or (schema and key == "properties"):
        return context
    if named is not None:
        secret = is_secret_name(named) or (context is Context.HEADERS and named.lower() not in PLAIN_HEADERS)
        return Context.SECRET if secret and key not in NAMES else Context.PLAIN if key in NAMES else _by_name(key)
    if context is Context.HEADERS:
        return Context.PLAIN if key.lower() in PLAIN_HEADERS else Context.SECRET
    if key == "key":
        return Context.PLAIN if PAIR_KEYS & set(value) else Context.SECRET
    return _by_name(key)


@functools.lru_cache(maxsize=4096)
def _by_name(key: str) -> Context:
    return Context.HEADERS if _is_headers(key) else Context.SECRET if is_secret_name(key) else Context.PLAIN


def redacted(value: object) -> object:
    """Redact a free-form value: :data:`REDACTED` replaces each secret.

    :param value: the value. :return: the redacted value.
    """
    return mapped(value, lambda _text, _path: REDACTED)


def secrets_of(value: object, path: str = "") -> list[tuple[str, str]]:
    """The path and the text of each secret in a free-form value.

    :param value: the value. :param path: its path. :return: the pairs.
    """
    # A part may be found by several patterns.
    found: dict[tuple[str, str], None] = {}

    def leaf(text: str, context: Path) -> str:
        found[_dotted(context, path), text] = None
        return text

    mapped(value, leaf)
    return list(found)


def _dotted(path: Path, start: str) -> str:
    if path is None:
        return start
    above, step = _dotted(path[0], start), path[1]
    return f"{above}[{step}]" if isinstance(step, int) else f"{above}.{step}" if above else str(step)


def restored(current: object, desired: object, form: FreeForm | None = None) -> object:
    """Replace redaction markers in ``desired`` by the secrets of ``current``.

    :param current: the current value. :param desired: the desired value.
    :param form: their published form; secrets of another variant are not used.
    :return: the desired value with secrets.
    """
    if not any(REDACTED in text for text in _texts(desired)):
        return desired
    return _restored(current, redacted(current), desired, form)


def _restored(current: object, displayed: object, desired: object, form: FreeForm | None) -> object:
    if desired == displayed or (desired == REDACTED and displayed != current):
        return current
    if not (isinstance(desired, dict) and isinstance(current, dict) and isinstance(displayed, dict)):
        return desired
    if same_variant(displayed, desired, form):
        return {
            key: _restored(current[key], displayed[key], item, inner(form, str(key), displayed, desired))
            if key in current
            else item
            for key, item in desired.items()
        }
    return desired


def _texts(value: object) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
