# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two assistants say to each other when one number of the account calls another, as a pure function.

The calling side speaks its first message, the answering side its own and then repeats the digits that it has heard. A
side that has heard the digits says its closing phrase and hangs up.
"""

from __future__ import annotations

import re
from typing import Any

Item = dict[str, Any]

SECONDS_PER_WORD = 0.35
#: From the end of what a side hears to its answer.
THINKING = 1.0
#: From a word to its transcription at the other side.
DELAY = 0.4
GREETING = "Good day. How can I help you?"
MAX_DURATION = 600  # Vapi's default for `maxDurationSeconds`


def digits_in(text: str) -> str:
    """The digits of a text, as an assistant repeats them."""
    return ", ".join(re.findall(r"\d", text))


def talk(near: Item, far: Item) -> tuple[list[Item], list[Item], float | None]:
    """The messages of both sides from the answer on, and when the calling side hangs up, in seconds.

    :param near: ``first``, ``phrases`` (closing phrases), and the script's ``hears``. :param far: the same of the
        answering side, with the script's ``repeats``.
    """
    ours: list[Item] = []
    theirs: list[Item] = []
    near_hears, far_hears, repeats = near.get("hears", True), far.get("hears", True), far.get("repeats", True)

    def say(speaker: list[Item], hearer: list[Item], at: float, text: str, *, heard: bool) -> float:
        over = at + SECONDS_PER_WORD * len(text.split())
        speaker.append({"role": "bot", "message": text, "begin": at, "end": over})
        if heard:
            hearer.append({"role": "user", "message": text, "begin": at + DELAY, "end": over + DELAY})
        return over

    greeted = say(theirs, ours, 0.5, far["first"], heard=near_hears)
    asked = say(ours, theirs, 0.5, near["first"], heard=far_hears)
    digits = digits_in(near["first"])
    if not far_hears:
        return _sorted(ours), _sorted(theirs), None
    answer = f"The code is {digits}." if digits and repeats else "I am afraid that I cannot help you."
    answered = say(theirs, ours, max(asked, greeted) + THINKING, answer, heard=near_hears)
    if not (near_hears and near["phrases"] and digits and repeats):
        return _sorted(ours), _sorted(theirs), None
    return _sorted(ours), _sorted(theirs), say(ours, theirs, answered + THINKING, near["phrases"][0], heard=True)


def _sorted(messages: list[Item]) -> list[Item]:
    return sorted(messages, key=lambda item: item["begin"])


def spoken(messages: list[Item], start: int, end: int) -> list[Item]:
    """The messages in Vapi's form, without those after the end of the call; times in milliseconds since the epoch."""
    found = []
    for item in messages:
        begin = start + round(item["begin"] * 1000)
        if begin < end:
            until = min(end, start + round(item["end"] * 1000))
            times = {"time": begin, "endTime": until, "secondsFromStart": round(item["begin"], 3)}
            found.append({"role": item["role"], "message": item["message"], **times})
    return found


def transcript(messages: list[Item]) -> str:
    """The messages as text in Vapi's form."""
    labels = {"bot": "AI", "user": "User"}
    return "".join(f"{labels[item['role']]}: {item['message']}\n" for item in messages)


# --- the lines of both sides

SAID_PHRASE = "assistant-said-end-call-phrase"
TOO_LONG = "exceeded-max-duration"
OTHER_ENDED = "customer-ended-call"
AFTER_TRANSFER = 1.0  # seconds that the caller waits for nobody


def connect(near: Item, far: Item, near_side: Item, far_side: Item) -> None:
    """Connect the lines of both sides: what they say, and who ends the call. The lines are changed in place.

    :param near: the line of the calling side. :param far: that of the answering side, which has been answered.
    :param near_side: ``call``, ``assistant`` and ``script`` of a side. :param far_side: the same.
    """
    start = far["answer"]
    ours, theirs, closed = talk(_speaker(near_side), _speaker(far_side))
    near_end, far_end = _own_end(near_side, closed), _own_end(far_side, None)
    if "forward" in far:
        reached = [item for item in far["transfers"] if item.get("leg", item.get("status") == "connected")]
        talked = [item.get("talk", 30) for item in reached]
        near_end = ((far["end"] - start) / 1000 + (talked[-1] if talked else AFTER_TRANSFER), OTHER_ENDED)
    else:
        end = min(near_end[0], far_end[0])
        far["reason"] = far_end[1] if far_end[0] <= near_end[0] else _scripted(far_side, OTHER_ENDED)
        far["end"] = start + round(end * 1000)
        near_end = (end, near_end[1] if near_end[0] <= far_end[0] else OTHER_ENDED)
    near["answer"], near["end"] = start, start + round(near_end[0] * 1000)
    near["reason"] = _scripted(near_side, near_end[1])
    near["messages"] = spoken(ours, start, near["end"])
    far["messages"] = spoken(theirs, start, far.get("forward", far["end"]))


def _speaker(side: Item) -> Item:
    script = {name: side["script"][name] for name in ("hears", "repeats") if name in side["script"]}
    first, phrases = str(_setting(side, "firstMessage", GREETING)), _setting(side, "endCallPhrases", [])
    return {"first": first, "phrases": phrases, **script}


def _setting(side: Item, name: str, default: Any) -> Any:
    """A field of the assistant of a side, which the call may override."""
    overrides = side["call"].get("assistantOverrides") or {}
    return overrides.get(name) or side["assistant"].get(name) or default


def _scripted(side: Item, reason: str) -> str:
    return str(side["script"].get("ended_reason", reason))


def _own_end(side: Item, closed: float | None) -> tuple[float, str]:
    """When and why a side ends the call if the other one does not."""
    ends = [(float(_setting(side, "maxDurationSeconds", MAX_DURATION)), TOO_LONG)]
    if closed is not None:
        ends.append((closed, SAID_PHRASE))
    if "talk" in side["script"]:
        ends.append((side["script"]["talk"], _scripted(side, OTHER_ENDED)))
    return min(ends)
