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

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import REDACTED


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: The value of a key with one of these words is a secret.
SECRET_WORDS = _word_set(
    "apikey authorization bearer cookie cookies credential credentials dsn hmac jwt otp passcode passphrase passwd "
    "password passwords pem pin pwd sas secret secrets token tokens totp"
)

#: The same where it is the last word.
LAST_WORDS = _word_set("auth dbpass pass sig signature smtppass userpass xauth")

#: Names of a header's value, although they end in a word that describes.
HEADER_VALUES = _word_set("authheader authorizationheader cookieheader")

#: A key that ends in one of these words describes a secret but is none: ``tokenUrl``, ``secretId``.
DESCRIBING = _word_set(
    "algorithm arn at budget count description disabled enabled endpoint expiration expires expiry field format header "
    "id ids length limit location message mode name names param parameter plan policy prompt required rotation "
    "second seconds set size strategy ttl type uri url urls usage version"
)

#: Words in a key with ``token`` or ``tokens`` that make it a unit of a language model.
UNITS = re.compile(
    r"audio|bos|budget|cached|completion|context|end|eos|estimated|generated|input|max(imum)?|min(imum)?|num(ber)?"
    r"|output|pad|per|prompt|reasoning|remaining|special|start|stop|text|thinking|total|unk|used"
)

#: Words before ``key`` with which it is no secret.
PLAIN_KEYS = _word_set(
    "arrow cache context correlation dedup deduplication dial dtmf enter escape event field file foreign group hash "
    "header hot i18n idempotency index json locale lookup map message metadata name object order parameter partition "
    "pound press primary property public routing row sort star tab trace translation variable"
)

#: Words after a leading ``key`` with which it is a secret.
KEY_MATERIAL = _word_set("data material pem secret string text value")

#: Compound words without a capital or separator.
COMPOUND = re.compile(
    r"passw(or)?d|passphrase|passcode|(access|auth|verification)codes?|auth(string|value)|conn(ection)?string|secrets?$|^secret(?!ar|ion|iv|e)|bearer"
    r"|(access|account|api|auth|client|encryption|license|master|private|secret|service|session|shared|signing|ssh"
    r"|subscription|webhook)keys?"
)

#: Common headers without secrets.
PLAIN_HEADERS = _word_set(
    "accept accept-charset accept-encoding accept-language cache-control content-encoding content-language "
    "content-length content-type host user-agent"
)

#: The schemes of RFC 3261, which set up calls. The headers of a call are settings, except those with a secret name.
SIGNALLING = re.compile(r"sips?")

#: Keywords of a JSON schema, and the types that identify a dict as a schema.
SCHEMA_WORDS = _word_set("$schema additionalProperties description format pattern required title type")

SCHEMA_TYPES = re.compile(r"array|boolean|integer|null|num(ber)?|object|string")

#: Keys with the name of a pair's value, and keys that show that ``key`` is a name.
NAMES = ("key", "name", "header", "field", "param", "parameter")

PAIR_KEYS = _word_set("endsWith oneOf plan regex startsWith type value")

#: A text that is a URL as a whole. In other text, only the password before a host is redacted.
URL = re.compile(r"\s*[a-zA-Z][a-zA-Z0-9+.-]*://\S*\s*")

#: A user name or password may contain an unescaped ``@``: the host begins after the last one.
USER_INFO = re.compile(r"(?<=://)([^/?#\s]*)(?=@)")

QUERY = re.compile(r"(?<=[?&;#])([^=&;#\s]*)=([^&;#\s]+)")
#: A query that is a value without a name.
BARE_QUERY = re.compile(r"(?<=\?)([^=&;#\s]+)(?=#|\s*$)")

SCHEME = re.compile(r"\s*(bearer|basic|digest|token)\s+", re.IGNORECASE)

SPLIT = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")

#: The path of a text: the path of its container, and the key or index in it.
Path = t.Optional[tuple["Path", "str | int"]]  # noqa: UP045 - pylint of ansible-core 2.19 knows no other form here

Leaf = t.Callable[[str, bool, Path], str]


class Context(enum.Enum):
    """The kind of a value's place: any, a header of a request, or below a secret key."""

    PLAIN = 1
    HEADERS = 2
    SECRET = 3


@functools.lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether the value of a key, a header or a query parameter is a secret.

    :param name: its name in any spelling: ``apiKey``, ``API_KEY``, ``x-api-key``, ``apikey``. :return: the result.
    """
    words = [word.lower() for word in SPLIT.findall(name)]
    if "".join(words[-2:]) in HEADER_VALUES:
        return True
    if not words or words[-1] in DESCRIBING or "".join(words) in DESCRIBING:
        return False
    if words[-1] in LAST_WORDS:
        return True
    return any(_is_secret_word(words, at) for at in range(len(words)))


def _is_secret_word(words: list[str], at: int) -> bool:
    word = words[at]
    if word in ("token", "tokens"):
        return not any(map(UNITS.fullmatch, words))
    if word in SECRET_WORDS or COMPOUND.search(word) or COMPOUND.fullmatch("".join(words[at : at + 2])):
        return True
    if word in ("key", "keys"):
        after = words[at + 1 : at + 2]
        return words[at - 1] not in PLAIN_KEYS if at else bool(after and after[0] in KEY_MATERIAL)
    unit = re.fullmatch(r"(\w+?)tokens?", word)
    return bool(unit) and not UNITS.fullmatch(unit[1])  # type: ignore[index]


def _is_headers(name: str) -> bool:
    words = [word.lower() for word in SPLIT.findall(name)]
    return bool(words) and words[-1] == "headers" and not any(map(SIGNALLING.fullmatch, words))


def mapped(value: object, leaf: Leaf, context: Context = Context.PLAIN, path: Path = None) -> object:
    """Replace each text in a free-form value by the result of ``leaf``.

    :param value: the value.
    :param leaf: ``(text, whether it is a secret, path)`` -> text; called for each part of a URL.
    :param context: the kind of its place. :param path: its path. :return: the new value.
    """
    if isinstance(value, dict):
        named = next((value[key] for key in NAMES if isinstance(value.get(key), str) and "value" in value), None)
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
    return leaf(value, True, path) if context is not Context.PLAIN else _in_url(value, leaf, path)


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


def _in_url(text: str, leaf: Leaf, path: Path) -> str:
    """Replace user and password of the URLs in a text; if it is a URL, the values of its query too."""
    if "://" not in text:
        return text
    whole = URL.fullmatch(text)

    def user(match: re.Match[str]) -> str:
        parts = match[1].split(":", 1)
        secret = whole or len(parts) > 1
        return ":".join(leaf(part, True, path) if part else "" for part in parts) if secret else match[1]

    text = USER_INFO.sub(user, text)

    def value(match: re.Match[str]) -> str:
        secret = whole or is_secret_name(match[1])
        return f"{match[1]}={leaf(match[2], True, path)}" if secret else match[0]

    text = QUERY.sub(value, text)
    return BARE_QUERY.sub(lambda match: leaf(match[1], True, path), text) if whole else text


def redacted(value: object) -> object:
    """Redact a free-form value: :data:`REDACTED` replaces each secret.

    :param value: the value. :return: the redacted value.
    """
    return mapped(value, lambda text, secret, _path: REDACTED if secret else text)


def secrets_of(value: object, path: str = "") -> list[tuple[str, str]]:
    """The path and the text of each secret in a free-form value.

    :param value: the value. :param path: its path. :return: the pairs.
    """
    found: list[tuple[str, str]] = []

    def leaf(text: str, secret: bool, context: Path) -> str:
        if secret:
            found.append((_dotted(context, path), text))
        return text

    mapped(value, leaf)
    return found


def _dotted(path: Path, start: str) -> str:
    if path is None:
        return start
    above, step = _dotted(path[0], start), path[1]
    return f"{above}[{step}]" if isinstance(step, int) else f"{above}.{step}" if above else str(step)


def restored(current: object, desired: object, same: t.Callable[[Params, Params], bool]) -> object:
    """Replace redaction markers in ``desired`` by the secrets of ``current``.

    :param current: the current value. :param desired: the desired value.
    :param same: whether two dicts are the same object; secrets of another one are not used.
    :return: the desired value with secrets.
    """
    if not any(REDACTED in text for text in _texts(desired)):
        return desired
    return _restored(current, redacted(current), desired, same)


def _restored(current: object, displayed: object, desired: object, same: t.Callable[[Params, Params], bool]) -> object:
    if desired == displayed or (desired == REDACTED and displayed != current):
        return current
    if not (isinstance(desired, dict) and isinstance(current, dict) and isinstance(displayed, dict)):
        return desired
    if same(displayed, desired):
        return {
            key: _restored(current[key], displayed[key], item, same) if key in current else item
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


def is_mask(text: str) -> bool:
    """Whether a text is a mask that programs show instead of a secret; a scheme such as ``Bearer`` may precede it.

    :param text: the text. :return: the result.
    """
    word = text[match.end() :] if (match := SCHEME.match(text)) else text
    word = word.strip()
    if not word:
        return False
    return (
        not word.strip("*\u2022\u25cf\u2219\u00b7\u2b24\u2217\uff0a")
        or word.strip("$[]<>(){}*").strip().lower() in MASK_WORDS
    )


#: Asterisks and bullets.
MASK_SIGNS = "*\u2022\u25cf\u2219\u00b7\u2b24\u2217\uff0a"

MASK_WORDS = frozenset(
    (
        REDACTED,
        "masked",
        "not readable",
        "redacted",
        "value_specified_in_no_log_parameter",
        "written, not shown",
    )
)
