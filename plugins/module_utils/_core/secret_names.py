# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of keys, headers, query parameters and settings whose values are secrets, in any spelling."""

from __future__ import annotations

import functools
import re


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set.

    :param text: the words. :return: the set.
    """
    return frozenset(text.split())


#: The value of a key with one of these words is a secret.
SECRET_WORDS = word_set(
    "apikey authorization bearer cookie cookies credential credentials dsn hmac jwt otp passcode passphrase passwd "
    "password passwords pem pin pwd sas secret secrets token tokens totp"
)

#: The same where it is the last word.
LAST_WORDS = word_set("auth dbpass pass sig signature smtppass userpass xauth")

#: Names of a header's value, although they end in a word that describes.
HEADER_VALUES = word_set("authheader authorizationheader cookieheader")

#: A key that ends in one of these words describes a secret but is none: ``tokenUrl``, ``secretId``.
DESCRIBING = word_set(
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
PLAIN_KEYS = word_set(
    "arrow cache context correlation dedup deduplication dial dtmf enter escape event field file foreign group hash "
    "header hot i18n idempotency index json locale lookup map message metadata name object order parameter partition "
    "pound press primary property public routing row sort star tab trace translation variable"
)

#: Words after a leading ``key`` with which it is a secret.
KEY_MATERIAL = word_set("data material pem secret string text value")

#: Compound words without a capital or separator.
COMPOUND = re.compile(
    r"passw(or)?d|passphrase|passcode|(access|auth|verification)codes?|auth(string|value)|conn(ection)?string|secrets?$|^secret(?!ar|ion|iv|e)|bearer"
    r"|(access|account|api|auth|client|encryption|license|master|private|secret|service|session|shared|signing|ssh"
    r"|subscription|webhook)keys?"
)

SPLIT = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def words_of(name: str) -> list[str]:
    """The words in a name.

    :param name: the name in any spelling. :return: its words in lower case.
    """
    return [word.lower() for word in SPLIT.findall(name)]


@functools.lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether the value of a key, a header or a query parameter is a secret.

    :param name: its name in any spelling: ``apiKey``, ``API_KEY``, ``x-api-key``, ``apikey``. :return: the result.
    """
    words = words_of(name)
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
