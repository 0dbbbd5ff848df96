# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test call: what the calling side says instead of its assistant, and what each side has said and heard.

The calling side uses an existing assistant, whose voice, transcriber and model work in this organisation, and overrides
its behaviour for this call. The answering side is not changed.
"""

from __future__ import annotations

import difflib
import itertools
import random
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.spoken_digits import contains_code, plain
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import moment

#: Digits of a code. None is 0, which has several names, and none equals the one before it ("double four").
CODE_LENGTH = 6
#: The request by the language of the transcriber; English otherwise. The digits are numerals, which each voice reads in
#: its own language.
REQUESTS: dict[str, str] = {
    "de": "Dies ist ein automatischer Testanruf. Der Code lautet: {code}. Bitte wiederholen Sie den Code.",
    "en": "This is an automatic test call. The code is: {code}. Please repeat the code.",
    "es": "Esta es una llamada de prueba. El código es: {code}. Por favor, repita el código.",
    "fr": "Ceci est un appel de test. Le code est : {code}. Veuillez répéter le code.",
    "it": "Questa è una chiamata di prova. Il codice è: {code}. Per favore, ripeta il codice.",
    "nl": "Dit is een automatische testoproep. De code is: {code}. Herhaal alstublieft de code.",
    "pt": "Esta é uma chamada de teste. O código é: {code}. Por favor, repita o código.",
}
#: The sentence with which the calling side hangs up.
CLOSING = "The test is complete."
PROMPT = (
    "You make an automatic test call to check a telephone line. Whatever the other side says, answer only with this "
    "sentence: {request} As soon as the other side has said the digits of the code, answer only: {closing}"
)
#: Fields of a model that select it; all others, such as its messages and tools, are not used.
MODEL_FIELDS = ("provider", "model", "url")
#: Maximum seconds from the beginning of a side's own words to the beginning of their echo.
ECHO_SECONDS = 3.0
#: The share of a side's own words that their echo contains.
ECHO_SHARE = 0.7


class Heard(t.NamedTuple):
    """A message of a transcript; times in seconds since the epoch, ``None`` if unknown."""

    text: str
    begin: float | None
    end: float | None


class Transcript(t.NamedTuple):
    """What one side said and heard. ``available`` is whether there is a transcript at all."""

    said: tuple[Heard, ...]
    heard: tuple[Heard, ...]
    available: bool


def new_code(avoid: str, choose: random.Random) -> str:
    """A random code.

    :param avoid: digits that must not contain it, such as those of both numbers. :param choose: the source of chance.
    :return: the digits.
    """
    while True:
        code = choose.choice("123456789")
        while len(code) < CODE_LENGTH:
            code += choose.choice([digit for digit in "123456789" if digit != code[-1]])
        steps = {int(b) - int(a) for a, b in itertools.pairwise(code)}
        if code not in avoid and len(steps) > 1:  # not 123456
            return code


def request(assistant: ApiObject, code: str) -> str:
    """The first message of the calling side.

    :param assistant: the assistant whose voice speaks. :param code: the code. :return: the text.
    """
    language = str(dig(assistant, ("transcriber", "language")) or "")[:2].lower()
    return REQUESTS.get(language, REQUESTS["en"]).format(code=", ".join(code))


def can_speak(assistant: ApiObject) -> bool:
    """Whether the assistant has a model that the calling side can use."""
    model = as_object(assistant.get("model"))
    return isinstance(model.get("provider"), str) and isinstance(model.get("model"), str)


def overrides(assistant: ApiObject, code: str, max_seconds: int) -> ApiObject:
    """The overrides of the call.

    Tools, hooks and messages to servers of the assistant are not used, so that a test call has no other effect.

    :param assistant: the assistant whose voice, transcriber and model are used. :param code: the code.
    :param max_seconds: the duration after which Vapi ends the call. :return: ``assistantOverrides``.
    """
    first = request(assistant, code)
    model = as_object(assistant.get("model"))
    prompt = PROMPT.format(request=first, closing=CLOSING)
    return {
        "firstMessage": first,
        "firstMessageMode": "assistant-speaks-first",
        "firstMessageInterruptionsEnabled": False,
        "model": {
            **{name: model[name] for name in MODEL_FIELDS if name in model},
            "messages": [{"role": "system", "content": prompt}],
        },
        "maxDurationSeconds": max_seconds,
        "endCallPhrases": [CLOSING.rstrip(".").lower()],
        "serverMessages": [],
        "hooks": [],
        "analysisPlan": {"summaryPlan": {"enabled": False}, "successEvaluationPlan": {"enabled": False}},
    }


# ------------------------------------------------------------------------------------------------------- transcripts

#: Roles in Vapi's two forms of messages.
SAID, HEARD = ("bot", "assistant"), ("user",)
#: The same in the text form.
LABELS = {"ai:": SAID, "assistant:": SAID, "bot:": SAID, "user:": HEARD, "customer:": HEARD}


def transcript(row: ApiObject) -> Transcript:
    """What one side of a call has said and heard, from the first of Vapi's forms that has messages.

    :param row: the call with all details. :return: the transcript without the echo of the side's own words.
    """
    messages = next(filter(None, (list(form) for form in _forms(row))), [])
    said = tuple(heard for role, heard in messages if role in SAID)
    heard = tuple(heard for role, heard in messages if role in HEARD)
    return Transcript(said, tuple(one for one in heard if not _is_echo(one, said)), bool(messages))


def _forms(row: ApiObject) -> t.Iterator[t.Iterator[tuple[str, Heard]]]:
    yield _spoken(dig(row, ("artifact", "messages")), row, "message")
    yield _spoken(row.get("messages"), row, "message")
    yield _spoken(dig(row, ("artifact", "messagesOpenAIFormatted")), row, "content")
    yield _lines(dig(row, ("artifact", "transcript")))
    yield _lines(row.get("transcript"))


def _spoken(messages: object, row: ApiObject, key: str) -> t.Iterator[tuple[str, Heard]]:
    for item in objects_in(messages):
        text = item.get(key)
        if item.get("role") in (*SAID, *HEARD) and isinstance(text, str) and text.strip():
            begin = _seconds(item.get("time"), 1000) or _offset(row, item.get("secondsFromStart"))
            end = _seconds(item.get("endTime"), 1000) or begin
            yield str(item["role"]), Heard(text, begin, end)


def _seconds(value: object, unit: float) -> float | None:
    return value / unit if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else None


def _offset(row: ApiObject, seconds: object) -> float | None:
    """The time of a message by its distance from the start of the call."""
    try:
        start = moment(str(row.get("startedAt"))).timestamp()
    except ValueError:
        return None
    return start + seconds if isinstance(seconds, (int, float)) else None


def _lines(text: object) -> t.Iterator[tuple[str, Heard]]:
    role = ""
    for line in text.splitlines() if isinstance(text, str) else ():
        label, _space, rest = line.strip().partition(" ")
        roles = LABELS.get(label.lower())
        role, spoken = (roles[0], rest) if roles else (role, line)
        if role and spoken.strip():
            yield role, Heard(spoken, None, None)


def _is_echo(heard: Heard, said: t.Iterable[Heard]) -> bool:
    """Whether a side has heard its own words: at the same time, and most of them.

    The other side can repeat them only after it has heard them.
    """
    words = plain(heard.text).split()
    for own in said:
        spoken = plain(own.text).split()
        if heard.begin is None or own.begin is None or not own.begin <= heard.begin <= own.begin + ECHO_SECONDS:
            continue
        blocks = difflib.SequenceMatcher(None, words, spoken, autojunk=False).get_matching_blocks()
        if sum(block.size for block in blocks) >= ECHO_SHARE * len(spoken):
            return True
    return False


def words_shared(heard: t.Iterable[Heard], said: t.Iterable[Heard]) -> int:
    """The number of consecutive words that one side has heard and the other has said.

    :param heard: the messages of one side. :param said: those of the other. :return: the length of the longest run.
    """
    one = plain(" ".join(item.text for item in heard)).split()
    other = plain(" ".join(item.text for item in said)).split()
    return difflib.SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


def has_code(messages: t.Iterable[Heard], code: str) -> bool:
    """Whether messages contain the code. :param messages: the messages. :param code: the code. :return: the result."""
    return contains_code([item.text for item in messages], code)
