# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digits in transcribed speech: as numerals of any script, as words of several languages, or grouped into numbers."""

from __future__ import annotations

import functools
import re
import typing as t
import unicodedata

#: The words for 0 to 9; several for one digit are separated by ``/``. Without accents, in lower case.
UNITS: dict[str, str] = {
    "cs": "nula jedna/jeden dva/dve tri ctyri pet sest sedm osm devet",
    "da": "nul en/et to tre fire fem seks syv otte ni",
    "de": "null ein/eins zwei/zwo drei vier funf/fuenf sechs sieben acht neun",
    "en": "zero/oh one two three four five/fife six seven eight nine/niner",
    # What a transcriber may write for the same sounds.
    "en-homophones": "o/zero won/one to/too/two tree/free/three for/fore/four five/hive six/sicks seven ate/eight "
    "mine/nine",
    "es": "cero uno/una dos tres cuatro cinco seis siete ocho nueve",
    "fi": "nolla yksi kaksi kolme nelja viisi kuusi seitseman kahdeksan yhdeksan",
    "fr": "zero un/une deux trois quatre cinq six sept huit neuf",
    "it": "zero uno/una due tre quattro cinque sei sette otto nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "no": "null en/ett to tre fire fem seks sju/syv atte ni",
    "pl": "zero jeden dwa trzy cztery piec szesc siedem osiem dziewiec",
    "pt": "zero um/uma dois/duas tres quatro cinco seis/meia sete oito nove",
    "ro": "zero unu/una doi/doua trei patru cinci sase sapte opt noua",
    "ru": "ноль/нуль один/одна два/две три четыре пять шесть семь восемь девять",
    "sv": "noll en/ett tva tre fyra fem sex sju atta nio",
    "tr": "sifir bir iki uc dort bes alti yedi sekiz dokuz",
}
#: The words for 10 to 19.
TEENS: dict[str, str] = {
    "de": "zehn elf zwolf/zwoelf dreizehn vierzehn funfzehn/fuenfzehn sechzehn siebzehn achtzehn neunzehn",
    "en": "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "es": "diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve",
    "fr": "dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
    "it": "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
    "nl": "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
    "pt": "dez onze doze treze catorze/quatorze quinze dezesseis/dezasseis dezessete/dezassete dezoito "
    "dezenove/dezanove",
}
#: The words for 20, 30 to 90.
TENS: dict[str, str] = {
    "de": "zwanzig dreissig vierzig funfzig/fuenfzig sechzig siebzig achtzig neunzig",
    "en": "twenty thirty forty/fourty fifty sixty seventy eighty ninety",
    "es": "veinte/veinti treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "fr": "vingt trente quarante cinquante soixante soixante-dix/septante quatre-vingt/quatre-vingts/huitante "
    "quatre-vingt-dix/nonante",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
}
#: How the ones follow the tens, with ``{tens}`` and ``{ones}``.
JOINED: dict[str, tuple[str, ...]] = {
    "de": ("{ones}und{tens}",),
    "en": ("{tens}-{ones}", "{tens}{ones}"),
    "es": ("{tens}-y-{ones}", "{tens}{ones}"),
    "fr": ("{tens}-{ones}", "{tens}-et-{ones}"),
    "it": ("{tens}{ones}", "{tens}-{ones}"),
    "nl": ("{ones}en{tens}",),
    "pt": ("{tens}-e-{ones}",),
}
_WORD = re.compile(r"[^\W\d_]+|\d", re.UNICODE)
WordTable = dict[tuple[str, ...], str]


def plain(text: str) -> str:
    """A text in lower case without accents.

    :param text: the text. :return: the plain text.
    """
    # Letters that have no decomposition.
    folded = text.casefold().replace("\u0131", "i").replace("\u0142", "l").replace("\u00f8", "o")
    return "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))


def _listed(words: str) -> list[list[str]]:
    return [entry.split("/") for entry in words.split()]


@functools.cache
def _table(language: str) -> WordTable:
    """Digits by the sequence of words that stands for them."""
    spoken = [*_with_values(UNITS[language], 0), *_with_values(TEENS.get(language, ""), 10)]
    for value, tens in enumerate(_listed(TENS.get(language, "")), 2):
        spoken += [(word, f"{value}0") for word in tens]
        for word in tens:
            spoken += _composed(language, word, value)
    # A form that is written earlier is the more usual one.
    return {tuple(word.split("-")): digits for word, digits in reversed(spoken)}


def _with_values(words: str, first: int) -> list[tuple[str, str]]:
    """Words with the values that they stand for."""
    return [(word, str(value)) for value, forms in enumerate(_listed(words), first) for word in forms]


def _composed(language: str, tens: str, value: int) -> list[tuple[str, str]]:
    """The words for the tens with ones."""
    ones = [(word, f"{value}{one}") for word, one in _with_values(UNITS[language], 0) if one != "0"]
    if language == "fr" and value in (6, 8):
        # French counts from 60 and 80 to 79 and 99 with the words for 10 to 19.
        ones += [(word, f"{value + 1}{teen[1]}") for word, teen in _with_values(TEENS[language], 10)]
    return [(form.format(tens=tens, ones=word), digits) for form in JOINED[language] for word, digits in ones]


def _numeral(char: str) -> str:
    """The digit of a numeral in any script; empty for another character."""
    value = unicodedata.numeric(char, -1)
    return str(int(value)) if value in range(10) else ""


def _stream(words: t.Sequence[str], table: WordTable) -> str:
    longest = max(map(len, table))
    found, at = [], 0
    while at < len(words):
        size = next(
            (size for size in range(min(longest, len(words) - at), 0, -1) if tuple(words[at : at + size]) in table), 0
        )
        if size:
            found.append(table[tuple(words[at : at + size])])
        else:
            found += [_numeral(char) for char in words[at]]
        at += size or 1
    return "".join(found)


@functools.lru_cache(maxsize=256)
def digit_streams(text: str) -> frozenset[str]:
    """All digits of a text in their order, as each language reads them.

    :param text: transcribed speech. :return: one stream per reading, without duplicates.
    """
    words = _WORD.findall(plain(text))
    return frozenset(_stream(words, _table(language)) for language in UNITS)


def contains_code(texts: t.Iterable[str], code: str) -> bool:
    """Whether texts contain a code of digits; one wrong, missing or additional digit is accepted.

    :param texts: transcribed speech in its order. :param code: digits, at least five.
    :return: the result.
    """
    streams = digit_streams(" ".join(texts))
    return any(code in stream for stream in streams) or any(_is_near(code, stream) for stream in streams)


def _is_near(code: str, stream: str) -> bool:
    size = len(code)
    windows = {stream[at : at + length] for length in (size - 1, size, size + 1) for at in range(len(stream))}
    return any(_one_apart(code, window) for window in windows)


def _one_apart(one: str, other: str) -> bool:
    """Whether two texts differ by one character that is replaced, missing or additional."""
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) <= 1
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) == 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
