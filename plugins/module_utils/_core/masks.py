# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognition of texts that programs show or expect in place of a secret: masks and unrendered templates.

A secret is never refused by mistake unless it has one of these forms as a whole: one repeated mask sign, a mask word
(:data:`MASK_WORDS`) alone, a mask word within brackets or signs, or a reference to a variable. A text with other
letters or digits is a secret; a row of mask signs next to other characters (``****1234``) is not recognised. The event
source reads this file without the collection, so it imports nothing from it.
"""

from __future__ import annotations

import html
import re
import unicodedata
import urllib.parse

#: Asterisks and bullets; one is a mask.
MASK_SIGNS = frozenset(
    "*\u2022\u25cf\u2219\u00b7\u2b24\u2217\u204e\u2731\u2732\u273b\u066d\ufe61\u25e6\u25cb\u26ab\u2b1b\u25a0\u25aa\u25fe"
    "\u2588\u2593"
)

#: Signs that are a mask if repeated: at least this many.
REPEATED = 4
REPEATED_SIGNS = frozenset("xX#.?_-=~\u2026")

#: Maximum number of characters of a text with a mask word.
LONGEST_WITH_WORD = 128

#: Words that programs show in place of a secret, as letters only.
MASK_WORDS = frozenset((
    "hidden", "redacted", "masked", "censored", "filtered", "sanitized", "sanitised", "scrubbed", "obfuscated",
    "obscured", "concealed", "suppressed", "undisclosed", "withheld", "notreadable", "notshown", "writtennotshown",
    "notdisplayed", "notlogged", "sensitive", "sensitivevalue", "valuespecifiedinnologparameter",
))  # fmt: skip

#: Words that describe a value next to a mask word.
NOUNS = frozenset((
    "api", "access", "auth", "by", "credential", "data", "from", "key", "log", "logs", "output", "passphrase",
    "password", "secret", "string", "text", "the", "token", "user", "username", "value",
))  # fmt: skip

_SCHEME = re.compile(r"\s*(bearer|basic|digest|token)\s+", re.IGNORECASE)

#: Spaces and signs that programs write between the signs of a mask.
_SEPARATORS = re.compile(r"[\s\-_./:|,;\\]+")

#: What may surround a mask word; a letter or digit is no sign.
_AROUND = re.compile(r"[\W_]+")

#: One pair of brackets or signs around words.
_BRACKETED = re.compile(r"([^\w\s]|__)+\s*[^\W_][^\[\](){}<>*$%|]*([^\w\s]|__)+")

#: A name or an expression that was not replaced by its value: of Jinja in any text, otherwise as a whole text.
_TEMPLATE = re.compile(
    r".*\{\{[-+]?\s*[^\W\d][^{}]*\}\}.*|\{%.*%\}|<%.*%>|\$\{[A-Za-z_][\w.:-]*\}|\$\(\s*[A-Za-z].*\)", re.DOTALL
)

#: The name of a value before it: ``password: ****``.
_NAMED = re.compile(r"([A-Za-z][\w -]{1,31}?)\s*[:=]\s*(\S.*)", re.DOTALL)


def normalized(text: str) -> str:
    """The normal form of a text for the comparison with masks.

    :param text: the text. :return: the text without escapes of HTML and URLs, invisible characters, surrounding space
        and quotes, and a scheme such as ``Bearer``.
    """
    text = urllib.parse.unquote(html.unescape(text)) if "&" in text or "%" in text else text
    text = unicodedata.normalize("NFKC", text)
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc") or char in "\t\n ")
    last = None
    while text != last:
        last, text = text, text.strip().strip("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb")
        text = text[match.end() :] if (match := _SCHEME.match(text)) else text
    return text


def is_mask(text: str) -> bool:
    """Whether a text is a mask that programs show instead of a secret.

    :param text: the text. :return: the result.
    """
    word = normalized(text)
    named = _NAMED.fullmatch(word)
    if named and all(part in NOUNS for part in re.split(r"[\W_]+", named[1].lower())):
        word = normalized(named[2])
    return _is_row(word) or _is_mask_word(word)


def is_template(text: str) -> bool:
    """Whether a text is a reference to a variable that was not replaced by its value.

    :param text: the text. :return: the result.
    """
    return bool(_TEMPLATE.fullmatch(normalized(text)))


def _is_row(word: str) -> bool:
    """Whether a text is a row of one sign, with or without separators."""
    signs = _SEPARATORS.sub("", word) or "".join(word.split())
    signs = signs.strip("[](){}<>") or signs
    kinds = set(signs)
    if kinds and kinds <= MASK_SIGNS:
        return True
    return len(kinds) == 1 and kinds <= REPEATED_SIGNS and len(signs) >= REPEATED


def _is_mask_word(word: str) -> bool:
    parts = [part.lower() for part in _AROUND.split(word) if part]
    if not parts or len(word) > LONGEST_WITH_WORD:
        return False
    if "".join(parts) in MASK_WORDS:
        return True
    if not any("".join(parts[:size]) in MASK_WORDS for size in (1, 2, 3)):
        return False
    # "[REDACTED:password]", but not a passphrase that begins with such a word.
    return bool(_BRACKETED.fullmatch(word)) or all(part in MASK_WORDS or part in NOUNS for part in parts)
