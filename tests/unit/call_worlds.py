# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of test calls as both services may write them: healthy ones of every kind, and one fault at a time.

The words for digits are written here again, so that the reader under test is not compared with itself.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import random
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_judge import (
    GRACE_SECONDS,
    SETTLE_SECONDS,
    Records,
    Test,
    Verdict,
    has_ended,
    judge,
)

Item = dict[str, t.Any]
START = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
FROM, TO = "31201234567", "31201234568"
LOGIN, CALLER_ID = "01234", "31201234560"
STRANGER = "15550100001"

DIGITS = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "nl": ["nul", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"],
    "de": ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
    "fr": ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
    "es": ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
    "it": ["zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"],
    "pt": ["zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove"],
    "sv": ["noll", "ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio"],
    "pl": ["zero", "jeden", "dwa", "trzy", "cztery", "pięć", "sześć", "siedem", "osiem", "dziewięć"],
    "tr": ["s\u0131f\u0131r", "bir", "iki", "üç", "dört", "beş", "alt\u0131", "yedi", "sekiz", "dokuz"],
}
#: The words around the digits: the greeting, the request with its digits, the answer with its digits.
PHRASES = {
    "en": ("Good day, this is the front desk.", "This is an automatic test call. The code is {}. Please repeat it.",
           "Sure. The code is {}."),
    "nl": ("Goedemiddag, u spreekt met de receptie.", "Dit is een testoproep. De code is {}. Herhaal de code.",
           "Natuurlijk. De code is {}."),
    "de": ("Guten Tag, hier ist der Empfang.", "Dies ist ein Testanruf. Der Code lautet {}. Bitte wiederholen.",
           "Gerne. Der Code lautet {}."),
    "fr": ("Bonjour, vous êtes bien à l'accueil.", "Ceci est un appel de test. Le code est {}. Veuillez répéter.",
           "Bien sûr. Le code est {}."),
    "es": ("Buenos días, recepción al habla.", "Esta es una llamada de prueba. El código es {}. Repita.",
           "Claro. El código es {}."),
}  # fmt: skip
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
SOUNDS = {"1": "won", "2": "too", "4": "for", "8": "ate"}


def pair(two: str) -> str:
    """Two digits as an English number."""
    if two[0] == "1":
        return TEENS[int(two[1])]
    return f"{TENS[int(two[0])]}-{DIGITS['en'][int(two[1])]}"


def transcribed(code: str, language: str, dice: random.Random) -> str:
    """The code as a transcriber may write it."""
    words = [DIGITS[language][int(digit)] for digit in code]
    forms: list[t.Callable[[], str]] = [
        lambda: ", ".join(code),
        lambda: " ".join(code),
        lambda: code,
        lambda: f"{code[:3]}-{code[3:]}",
        lambda: f"{code[:3]},{code[3:]}",
        lambda: f"{code[:2]} {code[2:4]} {code[4:]}",
        lambda: " ".join(words),
        lambda: ", ".join(words).capitalize(),
        lambda: " ... ".join(words).upper(),
        lambda: " uh ".join([*words[:3], " ".join(words[3:])]),
        lambda: " ".join(word if at % 2 else digit for at, (word, digit) in enumerate(zip(words, code, strict=True))),
        lambda: "".join(chr(0x660 + int(digit)) for digit in code),
        lambda: "".join("零一二三四五六七八九"[int(digit)] for digit in code),
        lambda: code[:2] + dice.choice("123456789") + code[3:],  # one digit was misheard
        lambda: code[:4] + code[5:],  # one was missed
    ]
    if language == "en":
        forms += [
            lambda: " ".join(SOUNDS.get(digit, DIGITS["en"][int(digit)]) for digit in code),
            lambda: " ".join(pair(code[at : at + 2]) for at in (0, 2, 4)),
        ]
    return dice.choice(forms)()


def stamp(seconds: float) -> str:
    """A time in both services' form, from seconds after the start."""
    return (START + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclasses.dataclass
class World:
    """The records of one call, and when each can be read, in seconds after the start."""

    test: Test
    outbound: Item
    inbound: Item | None
    records: dict[str, Item]
    visible: dict[str, float]
    others: list[Item] = dataclasses.field(default_factory=list)
    strange_records: list[Item] = dataclasses.field(default_factory=list)
    findings: tuple[t.Any, ...] = ()
    repeats: bool = True
    #: The end of the call at the calling side.
    over: float = 0.0
    dice: random.Random = dataclasses.field(default_factory=random.Random)

    def at(self, now: float) -> Records:
        """What can be read at a time."""
        outbound = self._running(self.outbound, now)
        rows = [self._running(row, now) for row in self.others if row["createdAt"] <= stamp(now)]
        if self.inbound is not None and now >= self.visible["inbound"]:
            rows.append(self._running(self.inbound, now))
        carried = [row for name, row in self.records.items() if now >= self.visible[name]] + self.strange_records
        self.dice.shuffle(rows)
        self.dice.shuffle(carried)
        ended = has_ended(outbound)
        listed, recorded = (max(0.0, now - max(self.over, self.visible[name])) for name in ("listed", "to"))
        return Records(
            outbound,
            rows,
            carried if ended else None,
            ended_for=now - self.over if ended else 0.0,
            listed_for=listed if ended else 0.0,
            carried_for=recorded if ended else 0.0,
            running_for=now,
            findings=self.findings,
        )

    def _running(self, row: Item, now: float) -> Item:
        """The call as it is before its end: without its ending and its transcript."""
        late = self.visible["transcript" if row is self.outbound else "transcript_in"]
        if row.get("endedAt") is None or now >= float(row["_end"]) + late:
            return row
        drop = ("artifact", "messages", "transcript", "cost")
        if now < float(row["_end"]):
            drop += ("endedAt", "endedReason", "endedMessage", "status")
        found = {name: value for name, value in row.items() if name not in drop}
        return {"status": "in-progress" if "startedAt" in row else "ringing", **found}

    def play(self, timeout: float = 180.0) -> tuple[Verdict, list[Verdict]]:
        """Look at the records whenever they have changed, until the verdict is settled: it, and all before."""
        seen = []
        late = {self.over + self.visible[name] for name in ("transcript", "transcript_in")}
        times = {1.0, self.over, *late, self.over + SETTLE_SECONDS, self.over + GRACE_SECONDS, *self.visible.values()}
        times |= {max(self.over, self.visible[name]) + GRACE_SECONDS for name in ("listed", "to")}
        for now in sorted(time + self.dice.uniform(0.1, 2) for time in times if time < timeout - 2):
            verdict = judge(self.test, self.at(now))
            if verdict.is_final:
                return verdict, seen
            seen.append(verdict)
        return judge(self.test, self.at(timeout), final=True), seen


def message(form: str, role: str, text: str, at: float, seconds: float) -> Item:
    if form == "openai":
        return {"role": {"bot": "assistant"}.get(role, role), "content": text}
    begin = START.timestamp() + at
    times = {"time": begin * 1000, "endTime": (begin + seconds) * 1000, "secondsFromStart": at}
    return {"role": role, "message": text, **times}


def transcript(row: Item, form: str, messages: list[tuple[str, str, float, float]], code: str) -> None:
    """Add a transcript in one of Vapi's forms; the system's message contains the code too."""
    row["artifact"] = {}
    if form == "text":
        labels = {"bot": "AI", "user": "User"}
        row["artifact"]["transcript"] = "".join(f"{labels[one[0]]}: {one[1]}\n" for one in messages)
        return
    rows = [message(form, "system", f"Answer with the code {code} and {', '.join(code)}.", 0, 0)]
    rows += [message(form, *one) for one in messages]
    rows.insert(2, {"role": "tool_calls", "toolCalls": [], "message": ", ".join(code), "time": 1})
    if form == "openai":
        row["artifact"] = {"messages": [], "messagesOpenAIFormatted": rows}
    elif form == "old":
        row["messages"] = rows
    else:
        row["artifact"]["messages"] = rows


def healthy(dice: random.Random) -> World:
    """A call of which all steps succeeded."""
    code = "".join(dice.choice("123456789") for _digit in range(6))
    language, words = dice.choice(sorted(PHRASES)), dice.choice(sorted(DIGITS))
    hello, ask, answer = PHRASES[language]
    asked = ask.format(", ".join(code))
    greeted = answered = dice.uniform(3, 12)
    repeats, both_speak = dice.random() > 0.1, dice.random() > 0.3
    said = answer.format(", ".join(code)) if repeats else "I am afraid that I cannot help you with that."
    heard_ask = ask.format(transcribed(code, words, dice))
    heard_said = answer.format(transcribed(code, words, dice)) if repeats else said
    greeted = 0.5 if both_speak else 8.0
    lag = dice.uniform(0.1, 1.2)
    ours: list[tuple[str, str, float, float]] = [("bot", asked, 0.5, 6.0), ("user", hello, greeted + lag, 2.0)]
    theirs = [("bot", hello, greeted, 2.0), ("user", heard_ask, 0.5 + lag, 6.0)]
    theirs.append(("bot", said, 11.0, 4.0))
    ours.append(("user", heard_said, 11.0 + lag, 4.0))
    if dice.random() < 0.4:  # asked once more, while the other side is answering
        ours.append(("bot", asked, 10.0, 6.0))
        theirs.append(("user", heard_ask, 10.0 + lag, 6.0))
    length = dice.uniform(17, 29)
    reasons = [
        ("assistant-said-end-call-phrase", "customer-ended-call"),
        ("exceeded-max-duration", "customer-ended-call"),
        ("exceeded-max-duration", "call.in-progress.sip-completed-call"),
        ("customer-ended-call", "assistant-ended-call"),
        ("call.in-progress.sip-completed-call", "assistant-said-end-call-phrase"),
        ("assistant-ended-call", "silence-timed-out"),
    ]
    near_reason, far_reason = dice.choice(reasons)
    kind = dice.choice(("assistant", "squad"))
    callers = frozenset({FROM, LOGIN, CALLER_ID})
    test = Test(FROM, TO, code, 30, (kind, "answering", "Reception"), callers)
    common = {"status": "ended", "endedAt": stamp(answered + length), "cost": 0.05, "_end": answered + length}
    outbound: Item = {
        "id": "out", "type": "outboundPhoneCall", "createdAt": stamp(0), "startedAt": stamp(answered),
        "endedReason": near_reason, "customer": {"number": f"+{TO}"}, **common,
    }  # fmt: skip
    shown = dice.choice((FROM, f"+{FROM}", LOGIN, f"+{CALLER_ID}"))
    inbound: Item = {
        "id": "in", "type": "inboundPhoneCall", "createdAt": stamp(answered - 1), "startedAt": stamp(answered),
        "endedReason": far_reason, "customer": {"number": shown}, f"{kind}Id": "answering", **common,
    }  # fmt: skip
    form = dice.choice(("messages", "messages", "openai", "old", "text"))
    transcript(outbound, form, _placed(ours, answered), code)
    transcript(inbound, form, _placed(theirs, answered), code)
    records = {
        "to": {"direction": "outbound", "caller": LOGIN, "callee": TO, "timestamp": stamp(1), "duration": 20},
        "from": {"direction": "inbound", "caller": FROM, "callee": TO, "timestamp": stamp(2), "duration": 20},
    }
    for row in records.values():
        row["amount"] = 0.01
    gone = dice.choice(([], [], ["to"], ["from"], ["to", "from"]))
    over = answered + length
    visible = {name: over + dice.uniform(0, 25) if name not in gone else 9_999.0 for name in records}
    # Vapi may list calls after their end only, and some time later; the older one first, or soon after the other.
    current = over + dice.choice((dice.uniform(0, 5), dice.uniform(0, 90)))
    listed = dice.choice((answered + dice.uniform(0, 6), over + dice.uniform(0, 7), current + dice.uniform(0, 27)))
    visible |= {
        "inbound": listed,
        "listed": current,
        "transcript": dice.uniform(0, 8),
        "transcript_in": dice.uniform(0, 8),
    }
    world = World(test, outbound, inbound, records, visible, repeats=repeats, over=over, dice=dice)
    if dice.random() < 0.3:
        stranger = {**copy.deepcopy(inbound), "id": "other", "customer": {"number": f"+{STRANGER}"}}
        transcript(stranger, "messages", [("bot", hello, 0, 2), ("user", "I have a question.", 3, 2)], "")
        world.others.append(stranger)
        strange = {"direction": "inbound", "caller": STRANGER, "callee": TO, "timestamp": stamp(3), "duration": 9}
        world.strange_records += [strange, {**strange, "direction": "outbound", "callee": STRANGER}]
    return world


def _placed(messages: list[tuple[str, str, float, float]], answered: float) -> list[tuple[str, str, float, float]]:
    return sorted(((role, text, at + answered, size) for role, text, at, size in messages), key=lambda one: one[2])


def expected(**steps: bool | None) -> dict[str, bool | None]:
    """The verdict by step; a step that is not given is proven."""
    return {name: steps.get(name, True) for name in ("placed", "carried", "answered", "heard", "ended")}


# ------------------------------------------------------------------------------------------------------------- faults


def unanswered(world: World, reason: str, message: str = "") -> None:
    """The call ended before anybody answered."""
    for name in ("artifact", "messages", "startedAt"):
        world.outbound.pop(name, None)
    end = world.dice.uniform(1, 20)
    world.outbound |= {"endedReason": reason, "endedAt": stamp(end), "_end": end, "cost": 0.0}
    world.outbound |= {"endedMessage": message} if message else {}
    world.inbound, world.over = None, end
    world.others, world.strange_records = [], []
    world.records["from"]["duration"] = world.records["to"]["duration"] = 0
    world.visible |= {"from": 9_999.0, "to": 9_999.0}


def silent(world: World, side: str, *, echo: bool = False) -> None:
    """A side heard nothing, or only itself; the latter can be told by the times only."""
    row = world.outbound if side == "out" else world.inbound
    other = world.inbound if side == "out" else world.outbound
    assert row is not None
    assert other is not None
    start = (datetime.datetime.fromisoformat(row["startedAt"]) - START).total_seconds()
    code = world.test.code
    form = "messages" if echo else world.dice.choice(("messages", "openai", "old", "text"))
    asked, greeting = PHRASES["en"][1].format(", ".join(code)), PHRASES["en"][0]
    near: list[tuple[str, str, float, float]] = [("bot", asked, start + 0.5, 6.0)]
    far: list[tuple[str, str, float, float]] = [("bot", greeting, start + 0.5, 2.0)]
    if side == "out":
        far += [("user", asked, start + 1, 6.0), ("bot", f"The code is {', '.join(code)}.", start + 8, 3.0)]
        near += [("user", asked, start + 1.2, 6.0)] if echo else []
    else:
        near += [("user", greeting, start + 1, 2.0)]
        far += [("user", greeting, start + 1.2, 2.0)] if echo else []
    for item, messages in ((world.outbound, near), (world.inbound, far)):
        for name in ("artifact", "messages"):
            t.cast("Item", item).pop(name, None)
        transcript(t.cast("Item", item), form, messages, code)


def finding(number: str, rule: str, message: str, severity: str = "error") -> Item:
    words = {"rule": rule, "severity": severity, "evidence": "documented", "step": "trunk", "subject": number}
    return {**words, "numbers": [number], "message": message, "fix": "Correct it.", "docs": ""}


SIP = "call.in-progress.error-providerfault-outbound-sip-"
CONNECT = "call.in-progress.error-sip-outbound-call-failed-to-connect"


def _refused(reason: str, message: str = "") -> t.Callable[[World], None]:
    return lambda world: unanswered(world, reason, message)


def _refused_inside(reason: str, message: str) -> t.Callable[[World], None]:
    """didlogic accepts the call, and Vapi refuses it at the other number."""

    def act(world: World) -> None:
        unanswered(world, reason, message)
        world.visible["from"] = world.over + 5
        world.findings = (finding(TO, "no-inbound-gateway", "The trunk accepts no inbound call."),)  # type: ignore[assignment]

    return act


def _elsewhere(world: World) -> None:
    world.inbound, world.others = None, []


def _elsewhere_unlisted(world: World) -> None:
    """Vapi does not list the placed call either, so that its list proves nothing."""
    _elsewhere(world)
    world.visible["listed"] = 9_999.0


def _elsewhere_unclear(world: World) -> None:
    assert world.inbound is not None
    stranger = {**copy.deepcopy(world.inbound), "id": "other", "customer": {"number": f"+{STRANGER}"}}
    transcript(stranger, "messages", [("bot", "Good day.", 0, 2), ("user", "I have a question.", 3, 2)], "")
    world.inbound, world.others = None, [stranger]


def _not_answered_inside(world: World) -> None:
    """Vapi takes the call at the other number, and the assistant does not exist."""
    inbound = t.cast("Item", world.inbound)
    unanswered(world, SIP + "480-temporarily-unavailable")
    for name in ("artifact", "messages", "startedAt"):
        inbound.pop(name, None)
    world.inbound = inbound | {"endedReason": "call.start.error-get-assistant", "_end": 3.0, "endedAt": stamp(3)}


def _both(**values: t.Any) -> t.Callable[[World], None]:
    def act(world: World) -> None:
        for row in (world.outbound, world.inbound):
            t.cast("Item", row).update(values)

    return act


def _cut(world: World) -> None:
    world.outbound["endedReason"] = world.dice.choice(("customer-ended-call", "call.in-progress.sip-completed-call"))
    t.cast("Item", world.inbound)["endedReason"] = "customer-ended-call"


def _cut_early(world: World) -> None:
    """Before the request was spoken."""
    _cut(world)
    start = datetime.datetime.fromisoformat(world.outbound["startedAt"])
    end = (start - START).total_seconds() + 3
    asked = PHRASES["en"][1].format(", ".join(world.test.code))
    for row, said in ((world.outbound, asked[:20]), (t.cast("Item", world.inbound), "Good day.")):
        row.pop("messages", None)
        row |= {"endedAt": stamp(end), "_end": end}
        transcript(row, "messages", [("bot", said, end - 2, 2.0)], world.test.code)
    world.over = end
    world.visible["inbound"] = end + world.dice.uniform(0, 7)


def _transferred(status: str | None, leg: bool, *, recorded: bool = True) -> t.Callable[[World], None]:
    """The assistant transferred the call after it had repeated the code."""

    def act(world: World) -> None:
        inbound = t.cast("Item", world.inbound)
        inbound["endedReason"] = "assistant-forwarded-call"
        entry = {"destination": {"type": "number", "number": "+31201234599"}, **({"status": status} if status else {})}
        inbound.setdefault("artifact", {})["transfers"] = [entry]
        world.outbound["endedReason"] = "customer-ended-call"
        world.visible |= {"transcript": 0.0, "transcript_in": 0.0}
        # A missing record proves nothing unless there is one of the placed call.
        world.visible["to"] = world.over + world.dice.uniform(0, 60) if recorded else 9_999.0
        if leg:
            row = {"direction": "outbound", "caller": LOGIN, "callee": "31201234599", "timestamp": stamp(20)}
            world.records["leg"] = row | {"duration": 12, "amount": 0.01}
            world.visible["leg"] = world.over + 3 if not recorded else world.visible["to"] + world.dice.uniform(0, 27)

    return act


def _no_transcript(world: World) -> None:
    for row in (world.outbound, t.cast("Item", world.inbound)):
        row.pop("messages", None)
        row["artifact"] = {}


def _runs_on(world: World) -> None:
    for row in (world.outbound, t.cast("Item", world.inbound)):
        for name in ("endedAt", "endedReason", "artifact", "messages"):
            row.pop(name, None)
        row["status"] = "in-progress"


def _far_runs_on(world: World) -> None:
    row = t.cast("Item", world.inbound)
    for name in ("endedAt", "endedReason"):
        row.pop(name, None)
    row["status"] = "in-progress"


def _queued(world: World) -> None:
    unanswered(world, "")
    for name in ("endedAt", "endedReason"):
        world.outbound.pop(name, None)
    world.outbound["status"] = "queued"


def _other_assistant(world: World) -> None:
    row = t.cast("Item", world.inbound)
    for name in ("assistantId", "squadId"):
        row.pop(name, None)
    row["assistantId"] = "another"


NONE: dict[str, None] = dict.fromkeys(("carried", "answered", "heard", "ended"))
AFTER_CARRIED: dict[str, None] = dict.fromkeys(("answered", "heard", "ended"))
AFTER_ANSWERED: dict[str, None] = dict.fromkeys(("heard", "ended"))

#: The fault, the verdict, and words of its cause.
FAULTS: dict[str, tuple[t.Callable[[World], None], dict[str, bool | None], str]] = {
    "concurrency": (
        _refused("call.start.error-subscription-concurrency-limit-reached"), expected(placed=False, **NONE), ""),
    "assistant gone": (_refused("call.start.error-get-assistant"), expected(placed=False, **NONE), "assistant"),
    "no credit at Vapi": (
        _refused("call.start.error-subscription-insufficient-credits"), expected(placed=False, **NONE), ""),
    "deleted": (_refused("scheduled-call-deleted"), expected(placed=False, **NONE), ""),
    "Vapi's media": (
        _refused("call.in-progress.error-vapifault-transport-never-connected"), expected(placed=False, **NONE), "Vapi"),
    "401 outbound": (_refused(f"{SIP}401-unauthorized"), expected(carried=False, **AFTER_CARRIED), "login"),
    "402": (_refused(CONNECT, "SIP 402 Payment Required"), expected(carried=False, **AFTER_CARRIED), "credit"),
    "403": (_refused(f"{SIP}403-forbidden"), expected(carried=False, **AFTER_CARRIED), "403"),
    "404": (_refused(CONNECT, "SIP status 404"), expected(carried=False, **AFTER_CARRIED), "404"),
    "407": (_refused(f"{SIP}407-proxy-authentication-required"), expected(carried=False, **AFTER_CARRIED), "login"),
    "408": (_refused(f"{SIP}408-request-timeout"), expected(carried=False, **AFTER_CARRIED), "timed out"),
    "488": (_refused(CONNECT, "SIP status 488"), expected(carried=False, **AFTER_CARRIED), ""),
    "503": (_refused(f"{SIP}503-service-unavailable"), expected(carried=False, **AFTER_CARRIED), "503"),
    "no status": (_refused(CONNECT), expected(carried=False, **AFTER_CARRIED), "trunk"),
    "carrier's media": (
        _refused("call.in-progress.error-providerfault-transport-never-connected"),
        expected(carried=False, **AFTER_CARRIED), "media"),
    "401 inbound": (
        _refused_inside(CONNECT, "SIP status 401"), expected(carried=False, **AFTER_CARRIED), "did not take it"),
    "404 inbound": (
        _refused_inside(CONNECT, "SIP status 404"), expected(carried=False, **AFTER_CARRIED), "did not take it"),
    "403 inbound": (
        _refused_inside(f"{SIP}403-forbidden", ""), expected(carried=False, **AFTER_CARRIED), "did not take it"),
    "486": (_refused("customer-busy"), expected(answered=False, **AFTER_ANSWERED), "busy"),
    "480": (_refused(f"{SIP}480-temporarily-unavailable"), expected(answered=False, **AFTER_ANSWERED), "Nobody"),
    "no answer": (_refused("customer-did-not-answer"), expected(answered=False, **AFTER_ANSWERED), "Nobody"),
    "assistant gone inside": (_not_answered_inside, expected(answered=False, **AFTER_ANSWERED), ""),
    "another assistant": (_other_assistant, expected(answered=False), "instead of"),
    "a phone answered": (_elsewhere, expected(answered=False, heard=None), "Somebody else"),
    "a phone answered, and Vapi another call": (_elsewhere_unclear, expected(answered=None, heard=None), ""),
    "no audio there": (lambda world: silent(world, "in"), expected(heard=False), f"{FROM} to {TO}"),
    "no audio back": (lambda world: silent(world, "out"), expected(heard=False), f"{TO} to {FROM}"),
    "echo there": (lambda world: silent(world, "in", echo=True), expected(heard=False), f"{FROM} to {TO}"),
    "echo back": (lambda world: silent(world, "out", echo=True), expected(heard=False), f"{TO} to {FROM}"),
    "no transcript": (_no_transcript, expected(heard=None), ""),
    "cut": (_cut, expected(ended=False), "network ended"),
    "cut early": (_cut_early, expected(heard=None, ended=False), "network ended"),
    "REFER rings nobody": (_transferred("connected", leg=False), expected(ended=False), "no leg"),
    "REFER without status rings nobody": (_transferred(None, leg=False), expected(ended=False), "no leg"),
    "REFER without records": (
        _transferred("connected", leg=False, recorded=False), expected(ended=None), ""),
    "a phone answered, and lists are late": (_elsewhere_unlisted, expected(answered=None, heard=None), ""),
    "transfer busy": (_transferred("busy", leg=True), expected(ended=False), "busy"),
    "transferred": (_transferred("connected", leg=True), expected(), ""),
    "worker died": (
        _both(endedReason="call.in-progress.error-vapifault-worker-died"), expected(ended=False), ""),
    "BYE lost": (_runs_on, expected(heard=None, ended=False), "should have ended"),
    "BYE lost inside": (_far_runs_on, expected(ended=False), "should have ended"),
    "queued": (_queued, expected(placed=None, **NONE), ""),
}  # fmt: skip
