# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real calls from one number of the account to another, and what both services would write down about them.

The SIP statuses, the side that hung up and the RTP packets that arrived at each side become the scripts of the
sandbox's calls. Nothing else of a record is invented here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import PHRASES
from tests.callpath import scenarios, world
from tests.callpath.lab import CONSISTENCY_DELAYS_SECONDS, DIDLOGIC, HANDING_ON, HOST, VAPI, Lab
from tests.callpath.ladder import Ladder, Message
from tests.callpath.scenarios import CALL, CONTACT, DONE, VIA, message, receive, remember, send

Item = dict[str, Any]
NEAR_PORT, FAR_PORT = 30000, 30002
#: An address that nobody has: what a side behind a wrong NAT announces.
NOWHERE = "203.0.113.250"
PACKETS = 25
#: How long a call lasts here, in milliseconds; that is time enough for the packets.
TALK = 3000
#: The statuses that Vapi has reasons for.
NAMED = (403, 407, 408, 480, 503)
NOT_CONNECTED = "call.in-progress.error-sip-outbound-call-failed-to-connect"
OTHER_SIDE = "customer-ended-call"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was seen on the wire.

    :param status: the final status of the call. :param reached: whether the call was sent on to a destination.
    :param near: packets that arrived at the calling side. :param far: at the answering side.
    :param cut: whether the proxy, and neither side, has hung up. :param referred: the target of an accepted REFER.
    :param rang: whether the phone of that target rang.
    """

    status: int
    reached: bool
    near: int = 0
    far: int = 0
    cut: bool = False
    referred: str = ""
    rang: bool = False


def ended_reason(status: int) -> tuple[str, str]:
    """Vapi's reason and message for a status with which its call was refused."""
    if status == 486:
        return "customer-busy", ""
    if status in NAMED:
        words = PHRASES[status].lower().replace(" ", "-")
        return f"call.in-progress.error-providerfault-outbound-sip-{status}-{words}", ""
    return NOT_CONNECTED, f"SIP status {status} {PHRASES.get(status, '')}".strip()


def scripts(outcome: Outcome, near_number: str, far_number: str, talk: float) -> list[Item]:
    """The scripts of both sides. ``talk`` is the duration of a call that was cut, in the sandbox's seconds."""
    near: Item = {"match": {"number": far_number}}
    far: Item = {"match": {"number": near_number}}
    if outcome.status != 200:
        reason, text = ended_reason(outcome.status)
        return [{**near, "ended_reason": reason, **({"ended_message": text} if text else {})}, far]
    near["hears"], far["hears"] = outcome.near > 0, outcome.far > 0
    if outcome.cut:
        near |= {"talk": talk, "ended_reason": OTHER_SIDE}
        far |= {"talk": talk, "ended_reason": OTHER_SIDE}
    if outcome.referred:
        far |= {"talk": talk, "transfers": [{"destination": outcome.referred, "leg": outcome.rang}]}
    return [near, far]


# --- what both sides play


def with_media(steps: str, port: int, address: str = "[media_ip]") -> str:
    return steps.replace("[media_port]", str(port)).replace("[media_ip]", address)


def near_side(login: tuple[str, str], after: str) -> str:
    """Vapi's call: it hangs up after a while, or waits until somebody else does, or follows a REFER to nobody."""
    steps = scenarios.dialler(login, TALK)
    if after == "hangs up":
        return steps
    # In place of hanging up, which ends with the answer to the BYE.
    before, _bye, rest = steps.rpartition('<pause milliseconds="')
    end = rest.index("</recv>") + len("</recv>")
    return before + "\n".join([*(_follows() if after == "follows" else [receive("BYE"), send(DONE)])]) + rest[end:]


def _follows() -> list[str]:
    sides = ["From: [$own]", "To: [$peer]"]
    rest = [VIA, "[routes]", *sides, CALL, "CSeq: 5 NOTIFY", CONTACT, "Event: refer"]
    report = "NOTIFY [next_url] SIP/2.0\n" + "\n".join(
        [*rest, "Subscription-State: terminated;reason=noresource", "Max-Forwards: 70", "Content-Type: message/sipfrag",
         "Content-Length: [len]", "", "SIP/2.0 404 Not Found"]
    )  # fmt: skip
    accepted = message("SIP/2.0 202 Accepted", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]",
                       "[last_CSeq:]", CONTACT)  # fmt: skip
    return [
        receive("REFER", remember("From", "peer") + remember("To", "own")),
        send(accepted),
        send(report, retrans="500"),
        receive(200),
        receive("BYE"),
        send(DONE),
    ]


def refusing(status: int) -> str:
    """Somebody who does not take the call."""
    answer = message(f"SIP/2.0 {status} {PHRASES[status]}", *scenarios.ANSWER)
    return scenarios.scenario("somebody refuses", receive("INVITE"), send(answer, retrans="500"), receive("ACK"))


# --- a call


class OwnCalls:
    """Calls in one scene, from a number to another."""

    def __init__(self, scene: Any, near: str, far: str) -> None:
        self.scene, self.lab, self.near, self.far = scene, scene.lab, near, far

    def phone(self, number: str) -> Item:
        """A phone number at Vapi."""
        rows = self.lab.state["vapi"]["phone_numbers"]
        found: Item = next(item for item in rows if item["number"].lstrip("+") == number)
        return found

    def rule(self, name: str, value: int) -> None:
        """What the proxy does with every call, until the next load."""
        self.lab._command("didlogic", "htable.seti", "rule", name, value)

    @contextlib.contextmanager
    def answering(self, steps: str, *more: str) -> Iterator[None]:
        """The called number's assistant is played by these steps."""
        lab: Lab = self.lab
        key, name = self.phone(self.far)["assistantId"], "assistant"
        lab.names[HANDING_ON] = name
        process = lab._answering(f"own-{lab.count}", steps, HANDING_ON, name, *more)
        lab._command("vapi", "htable.sets", "assistant", key, HANDING_ON)
        try:
            yield
        finally:
            lab.network.stop(process, signal.SIGKILL)

    @contextlib.contextmanager
    def desk(self, steps: str) -> Iterator[None]:
        """The phone of the SIP account is played by these steps."""
        lab: Lab = self.lab
        lab.names[HANDING_ON] = "desk"
        process = lab._answering(f"desk-{lab.count}", steps, HANDING_ON, "desk")
        lab._command("didlogic", "htable.sets", "phone", "01234", HANDING_ON)
        try:
            yield
        finally:
            lab.network.stop(process, signal.SIGKILL)

    def call(self, after: str = "hangs up", near_address: str = "[media_ip]") -> Outcome:
        """Place the call, exchange audio where it is answered, and report what was seen."""
        lab: Lab = self.lab
        path = world.path(lab.state, self.phone(self.near)["id"], self.far)
        steps = with_media(near_side((path.username or "", lab.secret), after), NEAR_PORT, near_address)
        process = lab._sipp(
            "own-call",
            steps,
            VAPI["us"],
            *(f"{DIDLOGIC}:{path.port}", "-m", "1", "-t", "u1", "-s", path.dialled, "-key", "caller", path.caller),
            *("-key", "domain", HOST, "-timeout", str(CONSISTENCY_DELAYS_SECONDS), "-timeout_error"),
            port=20000 + lab.count,
        )
        near = far = 0
        try:
            found = lab.wait(self._decided, "the answer to the call")
            if self._status(found) == 200:
                near, far = self._audio(found)
            if after == "waits":
                self._cut(found)
            code = process.wait(CONSISTENCY_DELAYS_SECONDS + 10)
        finally:
            lab.network.stop(process, signal.SIGKILL)
        assert code == 0, f"SIPp ended with {code}\n{lab.ladder().draw()}\n{lab.complaints()}"
        return self._outcome(lab.ladder(), near, far)

    def _cut(self, found: Ladder) -> None:
        """Let the proxy end the call: it sends a BYE to both sides."""
        answer = self._final(found)[0]
        tags = [_field(answer.header(name), r"tag=([^;>\s]+)") for name in ("from", "to")]
        self.lab._command("didlogic", "dlg.terminate_dlg", answer.header("call-id"), *tags)

    def _final(self, found: Ladder) -> list[Message]:
        """The final answers to the call at the calling side, without the request for a login."""
        asked = found.requests("INVITE", source="Vapi US", target="didlogic")
        answers = [
            item
            for item in found._between("didlogic", "Vapi US")
            if item.method == "INVITE" and item.status >= 200 and item.header("call-id") == asked[0].header("call-id")
        ] if asked else []  # fmt: skip
        if answers and answers[0].status in (401, 407) and len(asked) > 1:
            return answers[1:]
        return [] if answers and answers[0].status in (401, 407) else answers

    def _decided(self, found: Ladder) -> bool:
        return bool(self._final(found))

    def _status(self, found: Ladder) -> int:
        return self._final(found)[0].status

    def _audio(self, found: Ladder) -> tuple[int, int]:
        """Packets that arrive at each side if both send to where the other one has asked for them."""
        lab: Lab = self.lab
        offer = next(item.body for item in found.requests("INVITE", source="Vapi US") if item.body)
        answer = self._final(found)[0].body
        ends = {"near": (VAPI["us"], NEAR_PORT, answer), "far": (HANDING_ON, FAR_PORT, offer)}
        running = {}
        for name, (address, port, description) in ends.items():
            log = lab.folder / f"{lab.count:03d}-rtp-{name}.log"
            target = (_field(description, r"c=IN IP4 (\S+)"), _field(description, r"m=audio (\d+)"))
            command = (sys.executable, Path(__file__).with_name("rtp.py"), address, port, *target, PACKETS)
            running[name] = (log, lab.network.start(log, *command))
        counts = []
        for log, process in running.values():
            process.wait(CONSISTENCY_DELAYS_SECONDS)
            counts.append(int(log.read_text().split()[-1]))
        return counts[0], counts[1]

    def _outcome(self, found: Ladder, near: int, far: int) -> Outcome:
        status = self._status(found)
        byes = found.requests("BYE")
        refers = found.requests("REFER", target="didlogic")
        accepted = 202 in found.answers("REFER")
        target = refers[0].header("refer-to").strip("<>") if refers and accepted else ""
        onward = found.requests("INVITE", source="didlogic")
        return Outcome(
            status,
            reached=bool(onward),
            near=near,
            far=far,
            cut=bool(byes) and found.name(byes[0].source) == "didlogic",
            referred=target,
            rang=found.rang("human"),
        )


def _field(description: str, pattern: str) -> str:
    found = re.search(pattern, description)
    assert found, description
    return found[1]
