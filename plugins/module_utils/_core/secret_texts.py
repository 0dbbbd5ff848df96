# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets inside a text: in URLs, URIs, queries, connection strings, headers, JSON, XML and commands.

In a text that is an address as a whole, every user, password and query value is a secret. In other text, such as a
prompt, only what is a secret by its form (a password before a host, a private key) or by the name before it. A value
that is a template, such as ``{{token}}``, is the name of a secret and no secret. Every pattern is bounded, so that the
time is linear in the length of the text.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_names import is_secret_name

Replace = t.Callable[[str], str]

#: Minimum number of characters of a value after a name and a colon or a space, which are usual in prose.
SHORTEST_IN_PROSE = 8

#: Templates are replaced by one character each, from this range, while a text is searched.
_PRIVATE = "\ue000-\uf8ff"
_REPLACED = re.compile(f"[{_PRIVATE}]")
_TEMPLATE = re.compile(r"\{\{[^{}]{0,256}\}\}|\$\{[^{}]{0,256}\}")

#: An address as a whole: with a scheme or without one, or any text with a query.
_ADDRESS = re.compile(r"\s*(?:(?:[a-zA-Z][a-zA-Z0-9+.:-]*:)?//\S*|[^\s?]*\?[^\s?=&]+=\S*)\s*")
#: An address that may have a query without a name: ``/hook?value``.
_RELATIVE = re.compile(rf"\s*(?:(?:[a-zA-Z][a-zA-Z0-9+.:-]*:)?//|\.{{0,2}}/|[{_PRIVATE}])\S*\s*")

#: A user name or password may contain an unescaped ``@``: the host begins after the last one.
_USER_INFO = re.compile(r"(?<=//)([^/?#\s]*)(?=@)|(?<=\\/\\/)([^/?#\s]*)(?=@)")
_ENCODED_USER_INFO = re.compile(r"(?<=%2[fF]%2[fF])([^\s&?/]{1,1024})(?=%40)")

#: A password that contains ``/``, ``?`` or ``#``: up to the last ``@``.
_LATE_AT = re.compile(r"(?<=//)(?P<host>[^/?#\s@]{1,255})(?P<rest>[/?#]\S{0,512})(?=@(?P<after>[^\s/?#@]{1,255}))")
_HOST = re.compile(rf"(?P<name>\[[0-9a-fA-F:.]+\]|[\w.-]+|[{_PRIVATE}]+)(?P<port>:\d{{1,5}})?")

#: ``scheme:user:password@host``, without slashes.
_OPAQUE = re.compile(r"(?<![\w.+:-])([a-zA-Z][a-zA-Z0-9+.-]{0,31}:[^\s@:/?#<>\"',]{1,255}:)(\S{1,512})(?=@)")
#: ``user:password@host`` as a whole, unless the first word is the scheme of an address.
_BARE = re.compile(r"(\s*([^\s:@/]{1,255}):)((?!//)\S{1,512})(?=@[\w.\[\]:-]+(?:[/?#;]\S*)?\s*\Z)")
_SCHEMES = re.compile(r"acct|callto|cid|e-?mail|https?|im|mail|mailto|mid|pres|sips?|tel|xmpp", re.IGNORECASE)

_QUERY = re.compile(r"(?<=[?&;#])([^=&;#\s]*)=([^&;#\s]+)")
_BARE_QUERY = re.compile(r"(?<=\?)([^=&;#\s]+={0,2})(?=#|\s*$)")
#: Parameters of a query that are secrets, although keys of an object with these names are not.
_QUERY_NAMES = frozenset(("code", "key"))

_BEFORE = r"(?:(?<![\w.%])|(?<=%26)|(?<=%3[fF]))"
_NAME = r"(?P<name>[A-Za-z_][\w.-]{0,63})"
_QUOTED = r"(?P<quote>\\{0,7}[\"'])(?P<value>(?:(?!(?P=quote))(?:\\.|[^\n])){1,2048})"

#: A name and its separator, the value behind it, and the minimum length of the value.
_NAMED = [
    (re.compile(name), re.compile(value), shortest)
    for name, value, shortest in (
        (rf"{_BEFORE}{_NAME}(?:=|%3[dD])", rf"{_QUOTED}|(?P<plain>[^&;\s]{{1,2048}})", 1),
        (rf"{_BEFORE}{_NAME}\s?=\s?", rf"{_QUOTED}|(?P<plain>[^&;\s]{{1,2048}})", SHORTEST_IN_PROSE),
        (rf"{_BEFORE}{_NAME}\\*[\"']?\s{{0,4}}:\s{{0,4}}", _QUOTED, SHORTEST_IN_PROSE),
        (rf"{_BEFORE}{_NAME}\s?:\s?(?i:bearer|basic|digest|token)\s+", r"(?P<plain>[^\s\"'<>]{1,2048})", 1),
        (rf"{_BEFORE}{_NAME}\s?:\s?", r"(?P<mixed>[^\s\"'<>]{1,2048})", SHORTEST_IN_PROSE),
        (r"(?<!\S)--(?P<name>[A-Za-z][\w-]{1,63})\s{1,4}", r"(?P<plain>[^\s-]\S{0,2047})", SHORTEST_IN_PROSE),
        (r"<(?P<name>[A-Za-z_][\w.-]{0,63})>", r"(?P<plain>[^<]{1,2048})(?=</)", 1),
    )
]

_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----)(.+?)(?=-----END|\Z)", re.DOTALL)

_COMMAND_USER = re.compile(r"((?<!\S)(?:-u|--user|--proxy-user)[ =][\"']?[^\s:]{1,255}:)([^\s\"']{1,2048})")

#: The value of an ``Authorization`` header in a text.
BEARER = re.compile(r"\b(bearer|basic)(\s+|%20|\+)((?=\S*\d)[^\s\"',;]{8,})", re.IGNORECASE)


#: Each pattern needs one of these.
_SIGNS = re.compile(r"[@=:?<% ]|--")
#: The usual form of a time, which most objects of a service contain.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def replaced_secrets(text: str, replace: Replace) -> str:
    """Replace the secrets inside a text.

    :param text: the text. :param replace: called for each secret; returns what replaces it. :return: the new text.
    """
    if not _SIGNS.search(text) or _TIME.fullmatch(text):
        return text
    templates: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        if len(templates) >= 0x1000:
            return match[0]
        templates.append(match[0])
        return chr(0xE000 + len(templates) - 1)

    if "{" in text and not _REPLACED.search(text):
        text = _TEMPLATE.sub(replaced, text)

    def restored(part: str) -> str:
        return _REPLACED.sub(lambda match: _at(templates, match[0]), part) if templates else part

    def leaf(part: str) -> str:
        return part if not part or re.fullmatch(f"[{_PRIVATE}]+", part) else replace(restored(part))

    return restored(_in_addresses(_in_other_text(text, leaf), leaf))


def _at(templates: list[str], char: str) -> str:
    at = ord(char) - 0xE000
    return templates[at] if at < len(templates) else char


def _in_addresses(text: str, leaf: Replace) -> str:
    """Replace users, passwords and query values."""
    if not any(sign in text for sign in ("@", "=", "?", "%40")):
        return text
    is_address = bool(_ADDRESS.fullmatch(text))

    def user(match: re.Match[str]) -> str:
        parts = match[0].split(":", 1)
        return ":".join(map(leaf, parts)) if is_address or len(parts) > 1 else match[0]

    def late(match: re.Match[str]) -> str:
        hidden = _is_user_info(match, is_address=is_address)
        return ":".join(map(leaf, match[0].split(":", 1))) if hidden else match[0]

    def value(match: re.Match[str]) -> str:
        secret = is_address or match[1].lower() in _QUERY_NAMES or is_secret_name(match[1])
        return f"{match[1]}={leaf(match[2])}" if secret else match[0]

    if "@" in text:
        text = _USER_INFO.sub(user, _LATE_AT.sub(late, text))
        text = _OPAQUE.sub(lambda match: match[1] + leaf(match[2]), text)
        bare = _BARE.match(text)
        if bare and not _SCHEMES.fullmatch(bare[2]) and not _HOST.fullmatch(re.split("[/?#]", bare[0].strip())[0]):
            text = bare[1] + leaf(bare[3]) + text[bare.end() :]
    if "%40" in text:
        text = _ENCODED_USER_INFO.sub(lambda match: leaf(match[1]) if "%3a" in match[1].lower() else match[0], text)
    if _RELATIVE.fullmatch(text):
        text = _BARE_QUERY.sub(lambda match: leaf(match[1]), text)
    return _QUERY.sub(value, text) if "=" in text else text


def _is_user_info(match: re.Match[str], *, is_address: bool) -> bool:
    """Whether the text before a late ``@`` is a user with a password, and not a host with a path."""
    host = _HOST.fullmatch(match["host"])
    other_host = "." in match["after"] or match["after"].startswith(("localhost", "["))
    if host is None:
        return is_address or ":" in match["host"]
    if host["port"]:
        return other_host
    single = re.fullmatch(r"[\w-]+", host["name"]) and host["name"] != "localhost"
    return bool(single) and is_address and other_host and not re.match(f"[{_PRIVATE}]", host["name"])


#: The patterns of names need one of these.
_SEPARATOR = re.compile(r"[=:<]|%3[dD]|--")


def _in_other_text(text: str, leaf: Replace) -> str:
    """Replace private keys, and values after their names."""
    if "-----BEGIN" in text:
        text = _PRIVATE_KEY.sub(lambda match: match[1] + leaf(match[2]), text)
    if _SEPARATOR.search(text):
        for name, value, shortest in _NAMED:
            text = _after_names(text, leaf, name, value, shortest)
        text = _COMMAND_USER.sub(lambda match: match[1] + leaf(match[2]), text)
    return BEARER.sub(lambda match: match[1] + match[2] + leaf(match[3]), text)


def _after_names(text: str, leaf: Replace, name: re.Pattern[str], value: re.Pattern[str], shortest: int) -> str:
    """Replace the values after the names of secrets; the value after another name may contain such a name."""
    parts, last = [], 0
    for match in name.finditer(text):
        found = value.match(text, match.end()) if match.start() >= last and is_secret_name(match["name"]) else None
        if found is None:
            continue
        kind = next(kind for kind in ("value", "plain", "mixed") if found.groupdict().get(kind))
        word = found[kind]
        # In prose, a word after a colon is a secret only if it has letters and digits.
        if len(word) >= shortest and (kind != "mixed" or (re.search(r"\d", word) and re.search("[A-Za-z]", word))):
            parts += [text[last : found.start(kind)], leaf(word)]
            last = found.end(kind)
    return "".join([*parts, text[last:]])
