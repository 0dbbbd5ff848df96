# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoding of texts layer by layer, with the position of each decoded character in the original.

The encodings are percent encoding, entities of HTML with and without a semicolon, the escapes of JSON, Python and C
(also octal), base64 in both alphabets, base32, and hexadecimal digits with and without separators; each of UTF-8 or
UTF-16 (of characters up to U+00FF), and each over another one. Memory is linear in the text.
"""

from __future__ import annotations

import array
import binascii
import bisect
import contextlib
import dataclasses
import functools
import html
import re
import string
import typing as t

#: Maximum number of nested encodings, such as base64 within percent encoding.
DEPTH = 3

#: Percent encoding, HTML entities, and the escapes of JSON, Python and C.
_ESCAPE = re.compile(
    r"(?P<bytes>(?:%[0-9a-fA-F]{2})+|(?:\\[xX][0-9a-fA-F]{2})+|(?:\\0?[0-3][0-7]{2})+)"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});?"
    r"|(?P<hex>\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))"
    r"|\\(?P<plain>[\\\"'/abfnrtv])"
)
_BYTE = re.compile(r"(?:%|\\[xX])([0-9a-fA-F]{2})|\\0?([0-3][0-7]{2})")

_LATIN = re.compile(r"\\[xX][89a-fA-F]")

_PLAIN = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))

#: Possible base64, base32 and hexadecimal digits of at least eight characters.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}")
_BASE32 = re.compile(r"[A-Za-z2-7]{13,}")
_HEX = re.compile(r"[0-9a-fA-F]{16,}")
#: Hexadecimal digits in groups, such as ``63:34`` or ``0x63, 0x34``.
_SPACED_HEX = re.compile(
    r"(?:(?:0[xX])?(?:[0-9a-fA-F]{2}){1,16}(?:[:,;.|_+ \t\n-]|,[ +])){1,}(?:0[xX])?(?:[0-9a-fA-F]{2}){1,16}"
)
_HEX_PAIR = re.compile(r"(?:0[xX])?([0-9a-fA-F]{2})")

#: Eight characters of UTF-16 in either byte order.
_UTF_16 = re.compile(r"(?:[^\0]\0){7}")

#: From the digits of base32 to those that Python reads.
_FROM_BASE32 = str.maketrans(string.ascii_uppercase + string.digits[2:8], (string.digits + string.ascii_uppercase)[:32])

#: Digit of a group of base32 at which each of its five bytes begins and ends.
_BASE32_FIRST, _BASE32_LAST = (0, 1, 3, 4, 6), (1, 3, 4, 6, 7)

#: Bytes that are no UTF-8, as the characters with these codes.
_SINGLE = {0xDC00 + code: code for code in range(0x80, 0x100)}


@dataclasses.dataclass(frozen=True)
class Layer:
    """A text, and the position of each of its characters in the original.

    :param span: index -> first and last position, plus one, in the original.
    """

    text: str
    span: t.Callable[[int], tuple[int, int]]


def layers(text: str) -> t.Iterator[Layer]:
    """All texts that can be decoded from a text.

    :param text: the text. :return: the text itself and the decoded texts.
    """
    yield from _with_inner(Layer(text, lambda at: (at, at + 1)), DEPTH)


def joined_texts(text: str, depth: int) -> t.Iterator[tuple[str, int]]:
    """The texts of one more layer without positions: everything that may be encoded is decoded at once.

    :param text: the text. :param depth: the remaining number of layers. :return: the texts and their remaining depth.
    """
    if _UTF_16.search(text):
        yield text.replace("\0", ""), depth
    if depth <= 0:
        return
    for unescaped in _all_unescaped(Layer(text, lambda at: (at, at + 1))):
        yield unescaped.text, depth - 1
    for runs, shifts, decode, fill in (
        (_BASE64.findall(text), 4, _base64, "AAAA"),
        (_BASE32.findall(text), 8, _base32, "AAAAAAAA"),
        (_HEX.findall(text), 2, bytes.fromhex, "00"),
        ([_hex_digits(match)[0] for match in _SPACED_HEX.finditer(text)], 1, bytes.fromhex, "00"),
    ):
        for shift in range(shifts if runs else 0):
            # Zeros separate the runs.
            parts = [run[shift:] + fill[: -len(run[shift:]) % len(fill)] + fill for run in runs]
            yield characters(decode("".join(parts))), depth - 2


def characters(raw: bytes) -> str:
    """The text of bytes.

    :param raw: the bytes. :return: the characters of UTF-8, and of Latin-1 for bytes that are no UTF-8.
    """
    return raw.decode("utf-8", "surrogateescape").translate(_SINGLE)


def _base64(digits: str) -> bytes:
    return binascii.a2b_base64(digits.translate({45: "+", 95: "/"}) + "=" * (-len(digits) % 4))


def _base32(digits: str) -> bytes:
    size = len(digits) * 5 // 8
    # A base that is a power of two is converted in linear time.
    return (int(digits.upper().translate(_FROM_BASE32), 32) >> (len(digits) * 5 - size * 8)).to_bytes(size, "big")


def _with_inner(layer: Layer, depth: int) -> t.Iterator[Layer]:
    yield layer
    if _UTF_16.search(layer.text):
        yield from _with_inner(_without_zeros(layer), depth)
    if depth > 0:
        for unescaped in _all_unescaped(layer):
            yield from _with_inner(unescaped, depth - 1)
        for inner in _from_digits(layer):
            # Any text may be base64, so this has more branches.
            yield from _with_inner(inner, depth - 2)


def _without_zeros(layer: Layer) -> Layer:
    """The characters of UTF-16, in either byte order, if all are below U+0100."""
    text = layer.text
    kept = array.array("L", (at for at, char in enumerate(text) if char != "\0"))

    def digits_of(at: int) -> tuple[int, int]:
        first = last = kept[at]
        return first - (text[first - 1 : first] == "\0"), last + (text[last + 1 : last + 2] == "\0")

    return Layer(text.replace("\0", ""), _spans(layer, digits_of))


def _from_digits(layer: Layer) -> t.Iterator[Layer]:
    """The possible texts of base64, base32 and hexadecimal digits; the start of their groups is unknown."""
    for match in _BASE64.finditer(layer.text):
        for first in range(match.start(), match.start() + 4):
            digits = layer.text[first : match.end()]
            with contextlib.suppress(ValueError):
                raw = _base64(digits[: len(digits) - (len(digits) % 4 == 1)])
                yield _of_bytes(layer, raw, functools.partial(_base64_place, first))
    for match in _BASE32.finditer(layer.text):
        for first in range(match.start(), match.start() + 8):
            raw = _base32(layer.text[first : match.end()])
            yield _of_bytes(layer, raw, functools.partial(_base32_place, first))
    for match in _HEX.finditer(layer.text):
        for first in (match.start(), match.start() + 1):
            digits = layer.text[first : match.end()]
            raw = bytes.fromhex(digits[: len(digits) // 2 * 2])
            yield _of_bytes(layer, raw, functools.partial(_hex_place, first))
    for match in _SPACED_HEX.finditer(layer.text):
        digits, starts = _hex_digits(match)
        yield _of_bytes(layer, bytes.fromhex(digits), functools.partial(_spaced_place, layer.text, starts))


def _hex_digits(match: re.Match[str]) -> tuple[str, array.array[int]]:
    """The digits of a match without separators, and the position of each pair."""
    pairs = list(_HEX_PAIR.finditer(match[0]))
    return "".join(pair[1] for pair in pairs), array.array("L", (match.start() + pair.start() for pair in pairs))


def _base64_place(first: int, at: int) -> tuple[int, int]:
    """The first and last digit of a byte; the groups begin at ``first``."""
    begin = first + at // 3 * 4 + at % 3
    return begin, begin + 1


def _base32_place(first: int, at: int) -> tuple[int, int]:
    group = first + at // 5 * 8
    return group + _BASE32_FIRST[at % 5], group + _BASE32_LAST[at % 5]


def _hex_place(first: int, at: int) -> tuple[int, int]:
    return first + 2 * at, first + 2 * at + 1


def _spaced_place(text: str, starts: array.array[int], at: int) -> tuple[int, int]:
    return starts[at], starts[at] + (3 if text[starts[at] + 1] in "xX" else 1)


def _of_bytes(layer: Layer, raw: bytes, digits_of: t.Callable[[int], tuple[int, int]]) -> Layer:
    """``digits_of``: index of a byte -> its first and last digit in the layer below."""
    if raw.isascii():
        return Layer(raw.decode(), _spans(layer, digits_of))
    chars, starts = [], array.array("L", [0])
    for char in raw.decode("utf-8", "surrogateescape"):
        single, width = _lone(char)
        chars.append(single)
        starts.append(starts[-1] + width)
    return Layer("".join(chars), _spans(layer, lambda at: (digits_of(starts[at])[0], digits_of(starts[at + 1] - 1)[1])))


def _lone(char: str) -> tuple[str, int]:
    """A character, or a single byte, and its number of bytes."""
    if "\udc80" <= char <= "\udcff":
        return chr(ord(char) - 0xDC00), 1
    return char, len(char.encode())


def _spans(layer: Layer, places: t.Callable[[int], tuple[int, int]]) -> t.Callable[[int], tuple[int, int]]:
    """``places``: index -> first and last index in the layer below."""

    def span(at: int) -> tuple[int, int]:
        first, last = places(at)
        return layer.span(first)[0], layer.span(last)[1]

    return span


def _all_unescaped(layer: Layer) -> t.Iterator[Layer]:
    """The layer with all escapes decoded once. ``\\xc3\\xa4`` may be one character of UTF-8, or two of Python."""
    for latin in (False, True) if _LATIN.search(layer.text) else (False,):
        unescaped = _unescaped(layer, latin=latin)
        if unescaped:
            yield unescaped


def _unescaped(layer: Layer, *, latin: bool) -> Layer | None:
    """The layer with all escapes decoded once; ``None`` if it has none."""
    parts: list[str] = []
    # The start of a section in the new text and in the old one, and the number of old characters per new one
    # (0: the section is one escape).
    begins: list[tuple[int, int, int, int]] = []
    size = last = 0

    def add(text: str, first: int, end: int, step: int) -> None:
        nonlocal size
        if text:
            parts.append(text)
            begins.append((size, first, end, step))
            size += len(text)

    for match in _ESCAPE.finditer(layer.text):
        add(layer.text[last : match.start()], last, match.start(), 1)
        last = match.end()
        if match["bytes"]:
            for single, begin, end in _of_escaped_bytes(match, latin=latin):
                add(single, begin, end, 0)
        elif match["hex"]:
            code = int(match["hex"].lstrip("\\uU"), base=16)
            add(chr(code) if code < 0x110000 else "?", match.start(), last, 0)
        elif match["plain"]:
            add(_PLAIN.get(match["plain"], match["plain"]), match.start(), last, 0)
        else:
            add(_entity(match[0]), match.start(), last, 0)
    if not parts or not last:
        return None
    add(layer.text[last:], last, len(layer.text), 1)
    starts = [begin for begin, _first, _end, _step in begins]

    def places(at: int) -> tuple[int, int]:
        begin, first, end, step = begins[bisect.bisect_right(starts, at) - 1]
        return (first + at - begin, first + at - begin) if step else (first, end - 1)

    return Layer("".join(parts), _spans(layer, places))


def _of_escaped_bytes(match: re.Match[str], *, latin: bool) -> t.Iterator[tuple[str, int, int]]:
    """The characters of a run of escaped bytes, each with its first position and its last one, plus one."""
    codes = list(_BYTE.finditer(match[0]))
    raw = bytes(int(code[1], 16) if code[1] else int(code[2], 8) for code in codes)
    at = 0
    for char in raw.decode("latin-1") if latin else raw.decode("utf-8", "surrogateescape"):
        single, width = (char, 1) if latin else _lone(char)
        yield single, match.start() + codes[at].start(), match.start() + codes[at + width - 1].end()
        at += width


def _entity(text: str) -> str:
    """The character of an HTML entity, control characters included."""
    digits = re.fullmatch(r"&#(?:(?P<ten>[0-9]+)|[xX](?P<hex>[0-9a-fA-F]+));?", text)
    if not digits:
        return html.unescape(text)
    code = int(digits["ten"]) if digits["ten"] else int(digits["hex"], base=16)
    return chr(code) if code < 0x110000 else "?"
