# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SIPp plays: somebody who calls, somebody who is called, and an assistant that hands a call on.

A scenario is a list of steps. What differs from call to call stands in square brackets and comes from `-key`.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

#: Whatever refuses a call is a result here and no mistake of the scenario.
REFUSALS = (400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 415, 477, 478, 480, 481, 482, 483, 484, 486, 487, 488,
            491, 500, 501, 502, 503, 504, 513, 600, 603, 604, 606)  # fmt: skip
#: How often a phone may report how the way to the next one goes.
REPORTS = 8

SDP = """v=0
o=test 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000"""
VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
CONTACT = "Contact: <sip:[local_ip]:[local_port];transport=[transport]>"
FROM = 'From: "[caller]" <sip:[caller]@[domain]>;tag=[call_number]x[pid]'
PEER = "To: <sip:[service]@[domain]>"
CALL = "Call-ID: [call_id]"


def message(first: str, *headers: str, body: str = "") -> str:
    """A message as SIPp wants it: the length is its own to fill in."""
    more = ["Content-Type: application/sdp", "Content-Length: [len]", "", body] if body else ["Content-Length: 0", ""]
    return "\n".join([first, *headers, "Max-Forwards: 70", *more])


def send(text: str, **attributes: str) -> str:
    return f"<send{_attributes(attributes)}><![CDATA[\n\n{text}\n\n]]></send>"


def receive(what: int | str, action: str = "", **attributes: str) -> str:
    kind = "request" if isinstance(what, str) else "response"
    inner = f"<action>{action}</action>" if action else ""
    return f"<recv {kind}={quoteattr(str(what))}{_attributes(attributes)}>{inner}</recv>"


def maybe(codes: Iterable[int | str], **attributes: str) -> list[str]:
    """Steps that are taken only if such a message comes."""
    return [receive(code, optional="true", **attributes) for code in codes]


def label(name: int) -> str:
    return f'<label id="{name}"/>'


def pause(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>'


def remember(header: str, name: str) -> str:
    return f'<ereg regexp="[^ ].*" search_in="hdr" header="{header}:" check_it="true" assign_to="{name}"/>'


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())


def scenario(name: str, *steps: str) -> str:
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', f"<scenario name={quoteattr(name)}>", *steps, "</scenario>"]
    )


def invite(sequence: int, login: str = "") -> str:
    headers = [VIA, FROM, PEER, CALL, f"CSeq: {sequence} INVITE", CONTACT, *([login] if login else [])]
    return send(message("INVITE sip:[service]@[domain] SIP/2.0", *headers, body=SDP), retrans="500")


def turned_down(sequence: int) -> str:
    """The answer to a refusal belongs to the transaction of the request: the same Via."""
    headers = ["[last_Via:]", FROM, "[last_To:]", CALL, f"CSeq: {sequence} ACK"]
    return send(message("ACK sip:[service]@[domain] SIP/2.0", *headers))


def talk(sequence: int, milliseconds: int, end: str, *, lonely: bool = False) -> list[str]:
    """What follows an answer, up to hanging up, and then the step to go on with.

    :param lonely: whether the other side may be gone, so that nobody confirms it.
    """
    rest = ["[routes]", FROM, "[last_To:]", CALL]
    return [
        send(message("ACK [next_url] SIP/2.0", VIA, *rest, f"CSeq: {sequence} ACK", CONTACT)),
        pause(milliseconds),
        send(message("BYE [next_url] SIP/2.0", VIA, *rest, f"CSeq: {sequence + 1} BYE"), retrans="500"),
        receive(200, next=end, **({"timeout": "3000", "ontimeout": end} if lonely else {})),
    ]


def caller(milliseconds: int = 100, *, lonely: bool = False) -> str:
    """Call `service` at `domain` as `caller`, talk a moment, hang up. A refusal is taken note of."""
    return scenario(
        "somebody calls",
        invite(1),
        *maybe([100, 180, 183]),
        *maybe(REFUSALS, next="1"),
        receive(200, rrs="true"),
        *talk(1, milliseconds, "2", lonely=lonely),
        label(1),
        turned_down(1),
        label(2),
    )


def dialler(login: tuple[str, str] | None, milliseconds: int = 100) -> str:
    """The same, and log in when asked to: what Vapi does over a trunk."""
    challenged = [*maybe([401, 407], auth="true", next="3")] if login else []
    others = [code for code in REFUSALS if not login or code not in {401, 407}]
    answer = "[authentication username={} password={}]".format(*login) if login else ""
    return scenario(
        "an assistant calls",
        invite(1),
        *maybe([100, 180, 183]),
        *challenged,
        *maybe(others, next="1"),
        receive(200, rrs="true"),
        *talk(1, milliseconds, "2"),
        label(3),
        turned_down(1),
        invite(2, answer),
        *maybe([100, 180, 183]),
        *maybe(REFUSALS, next="4"),
        receive(200, rrs="true"),
        *talk(2, milliseconds, "2"),
        label(4),
        turned_down(2),
        '<nop next="2"/>',
        label(1),
        turned_down(1),
        label(2),
    )


ANSWER = ("[last_Via:]", "[last_From:]", "[last_To:];tag=[call_number]y[pid]", "[last_Call-ID:]", "[last_CSeq:]",
          "[last_Record-Route:]", "Server: [who]", CONTACT)  # fmt: skip
DONE = message(
    "SIP/2.0 200 OK", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]", CONTACT
)
#: To another INVITE within the call.
HELD = ("[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]", "[last_Record-Route:]", CONTACT)


def _answered(action: str = "") -> list[str]:
    return [
        receive("INVITE", rrs="true"),
        send(message("SIP/2.0 180 Ringing", *ANSWER)),
        pause(50),
        send(message("SIP/2.0 200 OK", *ANSWER, body=SDP), retrans="500"),
        receive("ACK", action),
    ]


def phone() -> str:
    """Ring, answer, and listen until the other side hangs up."""
    return scenario("somebody answers", *_answered(), receive("BYE"), send(DONE))


def handing_on() -> str:
    """Answer, ask to be replaced by `target`, and go when the caller's phone has said how that went.

    The reports differ in number; every one is looked at for the word that it is the last.
    """
    # The two sides' names as they stand in what the caller sends, seen from here.
    sides = ["From: [$self]", "To: [$other]"]
    request = [VIA, "[routes]", *sides, CALL, "CSeq: 1 REFER", CONTACT, "Refer-To: <[target]>", "Referred-By: <[by]>"]
    steps = [
        *_answered(remember("From", "other") + remember("To", "self")),
        pause(100),
        send(message("REFER [next_url] SIP/2.0", *request), retrans="500"),
        *maybe(REFUSALS, next="1"),
        receive(202),
    ]
    for report in range(REPORTS):
        last = f'<ereg regexp="terminated" search_in="hdr" header="Subscription-State:" assign_to="last{report}"/>'
        steps += [receive("NOTIFY", last), send(DONE, next="2", test=f"last{report}")]
    steps += [
        label(2),
        # Newer phones hold the call that they leave.
        receive("INVITE", timeout="400", ontimeout="4"),
        send(message("SIP/2.0 200 OK", *HELD, body=SDP), retrans="500"),
        receive("ACK"),
        label(4),
        send(message("BYE [next_url] SIP/2.0", VIA, "[routes]", *sides, CALL, "CSeq: 2 BYE"), retrans="500"),
        receive(200, next="3"),
        # Refused: the assistant goes on talking until the caller has enough of it.
        label(1),
        receive("BYE"),
        send(DONE),
        label(3),
    ]
    return scenario("an assistant hands on", *steps)
