# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts: why a call ended, by Vapi's ``endedReason``: what happened, and which option of the collection mends it.

Each table is read from the top, and the first row that fits counts: exact words, then families, then what is unknown.
Sources: ``OA`` is Vapi's published list, ``SDK`` the newer list of Vapi's server SDK 3.0, ``DOC`` a page of Vapi's
guides, ``INF`` what follows from them and from SIP.
"""

from __future__ import annotations

import fnmatch
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

Outcome = t.Literal["answered", "unanswered", "transferred", "failed", "cancelled", "unknown"]
Area = t.Literal[
    "telephony",
    "trunk",
    "phone number",
    "assistant",
    "transfer",
    "limits",
    "campaign",
    "model",
    "voice",
    "transcriber",
    "server",
    "customer",
    "vapi",
]
#: Which way a SIP status travelled: the same number asks for another fix on another way.
Way = t.Literal["", "outbound", "inbound", "transfer"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One row. ``{provider}`` and ``{reason}`` in a text are filled in from the word that was matched."""

    pattern: str
    outcome: Outcome
    area: Area
    cause: str
    fix: str
    option: str
    source: str
    #: Set where a SIP status in Vapi's message says more than the reason does.
    sip: Way = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What people and playbooks get. ``option`` names the options of ``fix``: ``module.option``, comma separated."""

    outcome: Outcome
    area: Area
    cause: str
    fix: str
    option: str
    sip_status: int | None = None


# ------------------------------------------------------------------------------------------------------- SIP statuses

LOGIN = "vapi_sip_trunk.username, vapi_sip_trunk.password, vapi_sip_trunk.on_auth_change"
DIALLED = "vapi_sip_trunk.outbound_leading_plus_enabled, vapi_sip_trunk.tech_prefix"
MEDIA = "vapi_sip_trunk.gateways.outbound_protocol"
CHANNELS = "didlogic_sip_account.max_channels, vapi_campaign.max_concurrency"
INBOUND_ADDRESSES = "vapi_sip_trunk.gateways.ip, vapi_sip_trunk.gateways.inbound_enabled"
TRANSFER_TARGET = "vapi_transfer_tool.destinations.sip_uri, vapi_transfer_tool.destinations.number"
SIP_VERB = "vapi_transfer_tool.destinations.sip_verb"
REFER_OPTIONS = f"vapi_transfer_tool.destinations.sip_uri, {SIP_VERB}"

STATUS_PAGE = "DOC troubleshoot-sip-response-codes"
REFER_FIX = (
    "Have SIP REFER switched on by didlogic's account manager, and ask for which targets. Send to sip:+NUMBER at the "
    "didlogic gateway (vapi_transfer_tool: sip_uri), or let Vapi place that call (vapi_transfer_tool: sip_verb: dial)."
)

#: The standard words for a status. Only in their company is a bare number in a message taken for a status.
PHRASES: dict[int, str] = {
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    415: "Unsupported Media Type",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}


def _sent(status: int, outcome: Outcome, area: Area, cause: str, fix: str, option: str, source: str) -> Reason:
    """A row for a status that didlogic sent: Vapi's word for it ends in number and phrase."""
    words = PHRASES[status].lower().replace(" ", "-").replace("/", "-")
    pattern = f"call.in-progress.error-providerfault-outbound-sip-{status}-{words}"
    return Reason(pattern, outcome, area, cause, fix, option, source)


#: didlogic's answer to a call that Vapi placed over the trunk.
OUTBOUND: dict[int, Reason] = {
    401: _sent(
        401,
        "failed",
        "trunk",
        "didlogic asked Vapi for a login and did not accept what came back (SIP 401).",
        "Set the SIP account's five digits and its password once more (vapi_sip_trunk: username, password, "
        "update_password: always). If it stays so, Vapi may hold an old one: vapi_sip_trunk: on_auth_change: replace.",
        LOGIN,
        STATUS_PAGE,
    ),
    402: _sent(
        402,
        "failed",
        "limits",
        "didlogic wants money before it places the call (SIP 402).",
        "Top up the didlogic account; didlogic_account_info reads its balance. Look at the price limit of the SIP "
        "account too (didlogic_sip_account: max_call_cost).",
        "didlogic_sip_account.max_call_cost",
        "INF",
    ),
    403: _sent(
        403,
        "failed",
        "trunk",
        "didlogic understood the call and refused it (SIP 403): address, caller id, destination, balance or login.",
        "Allow Vapi's addresses (didlogic_sip_account: allowed_ips), show a number of yours (didlogic_sip_account: "
        "caller_id), check the login (vapi_sip_trunk: password). Ask didlogic whether it allows that country.",
        "didlogic_sip_account.allowed_ips, didlogic_sip_account.caller_id, vapi_sip_trunk.password",
        f"OA; {STATUS_PAGE}",
    ),
    404: _sent(
        404,
        "failed",
        "telephony",
        "didlogic knows no way to the number as it was dialled (SIP 404).",
        "Check country code and digits of the customer's number. didlogic's guides dial digits only "
        "(vapi_sip_trunk: outbound_leading_plus_enabled: false), without a prefix (vapi_sip_trunk: tech_prefix).",
        DIALLED,
        STATUS_PAGE,
    ),
    405: _sent(
        405,
        "failed",
        "trunk",
        "The gateway does not take this kind of SIP request (SIP 405).",
        "Check that the gateway is a didlogic proxy and no other server (vapi_sip_trunk: gateways); sip_probe: host "
        "lists the requests that it takes.",
        "vapi_sip_trunk.gateways.ip, sip_probe.host",
        "INF",
    ),
    406: _sent(
        406,
        "failed",
        "trunk",
        "The other side accepts none of what the call offered (SIP 406).",
        "Use plain transport first (vapi_sip_trunk: gateways with outbound_protocol: udp). If it stays so, send "
        "didlogic the time and the number, and ask which header or codec it refused.",
        MEDIA,
        "INF",
    ),
    407: _sent(
        407,
        "failed",
        "trunk",
        "didlogic's proxy asked Vapi for a login and got none that it accepts (SIP 407).",
        "Set vapi_sip_trunk: username, password and update_password: always. If the login is right, Vapi may still use "
        "an old one: vapi_sip_trunk: on_auth_change: replace makes a new trunk. sip_probe proves the password.",
        LOGIN,
        f"OA; {STATUS_PAGE}",
    ),
    408: _sent(
        408,
        "failed",
        "trunk",
        "No answer came in time (SIP 408): the gateway is not reached, or the phone behind it is silent.",
        "If all calls end so, check port and protocol (vapi_sip_trunk: gateways) with sip_probe: host, and that "
        "didlogic lets Vapi's addresses in (didlogic_sip_account: allowed_ips). If it is one number, call it later.",
        "vapi_sip_trunk.gateways, didlogic_sip_account.allowed_ips, sip_probe.host",
        f"OA; {STATUS_PAGE}",
    ),
    410: _sent(
        410,
        "failed",
        "customer",
        "The number that was called is no longer in service (SIP 410).",
        "Take the number off the list of customers (vapi_campaign: customers).",
        "vapi_campaign.customers",
        "INF",
    ),
    415: _sent(
        415,
        "failed",
        "trunk",
        "The other side does not take the kind of media that was offered (SIP 415).",
        "Encrypted media is offered with outbound_protocol: tls/srtp only: change the gateway to udp, tcp or tls "
        "(vapi_sip_trunk: gateways), or ask didlogic to enable it. Ask for G.711 on the number.",
        MEDIA,
        "INF",
    ),
    480: _sent(
        480,
        "unanswered",
        "customer",
        "The phone that was called is switched off, out of reach or not registered (SIP 480).",
        "Call again later. If every number ends so, didlogic lacks the route: give it a number and the time.",
        "",
        f"OA; {STATUS_PAGE}",
    ),
    481: _sent(
        481,
        "failed",
        "telephony",
        "One side had already forgotten the call when a request for it came (SIP 481).",
        "A single one does no harm. If calls break off so, compare the times in Vapi's packet capture with didlogic's "
        "call records, and try another transport (vapi_sip_trunk: gateways.outbound_protocol).",
        MEDIA,
        "INF",
    ),
    484: _sent(
        484,
        "failed",
        "telephony",
        "The number that was dialled is too short or in the wrong form (SIP 484).",
        "Give the full number with its country code (vapi_call: customer). Check what Vapi puts before it "
        "(vapi_sip_trunk: outbound_leading_plus_enabled, tech_prefix).",
        f"{DIALLED}, vapi_call.customer",
        STATUS_PAGE,
    ),
    486: _sent(
        486,
        "unanswered",
        "customer",
        "The line of the customer was busy (SIP 486).",
        "",
        "",
        STATUS_PAGE,
    ),
    487: _sent(
        487,
        "cancelled",
        "telephony",
        "The call was given up before anybody answered (SIP 487).",
        "",
        "",
        STATUS_PAGE,
    ),
    488: _sent(
        488,
        "failed",
        "trunk",
        "The two sides found no common codec or encryption (SIP 488).",
        "Set plain media (vapi_sip_trunk: gateways with outbound_protocol: udp, tcp or tls, not tls/srtp), and have "
        "G.711 on the didlogic number.",
        MEDIA,
        STATUS_PAGE,
    ),
    500: _sent(
        500,
        "failed",
        "trunk",
        "A server on didlogic's side or behind it broke down over the call (SIP 500).",
        "Call again. If it lasts, try another didlogic proxy (vapi_sip_trunk: gateways) and report it to didlogic.",
        "vapi_sip_trunk.gateways.ip",
        STATUS_PAGE,
    ),
    501: _sent(
        501,
        "failed",
        "trunk",
        "The gateway can not do what Vapi asked of it (SIP 501).",
        "Check that the gateway is a didlogic proxy (vapi_sip_trunk: gateways); sip_probe: host shows what it can do.",
        "vapi_sip_trunk.gateways.ip, sip_probe.host",
        "INF",
    ),
    502: _sent(
        502,
        "failed",
        "trunk",
        "didlogic got no usable answer from the next carrier (SIP 502).",
        "Call again. If one country fails, report it to didlogic; if all do, try another didlogic proxy "
        "(vapi_sip_trunk: gateways).",
        "vapi_sip_trunk.gateways.ip",
        STATUS_PAGE,
    ),
    503: _sent(
        503,
        "failed",
        "trunk",
        "didlogic could not carry the call (SIP 503): no free channel, no route, no balance, or trouble of its own.",
        "Compare the calls at once with didlogic_sip_account: max_channels and lower vapi_campaign: max_concurrency. "
        "Read the balance (didlogic_account_info), then try another proxy (vapi_sip_trunk: gateways).",
        f"{CHANNELS}, vapi_sip_trunk.gateways.ip",
        f"OA; {STATUS_PAGE}",
    ),
    504: _sent(
        504,
        "failed",
        "trunk",
        "didlogic waited in vain for the next carrier (SIP 504).",
        "Call again. If it lasts, try another didlogic proxy (vapi_sip_trunk: gateways) and report it to didlogic.",
        "vapi_sip_trunk.gateways.ip",
        STATUS_PAGE,
    ),
    600: _sent(
        600,
        "unanswered",
        "customer",
        "All phones of the customer were busy (SIP 600).",
        "",
        "",
        STATUS_PAGE,
    ),
    603: _sent(
        603,
        "unanswered",
        "customer",
        "The customer, or a carrier on their behalf, declined the call (SIP 603).",
        "If many numbers decline, the caller id may be blocked: show a number of your own (didlogic_sip_account: "
        "caller_id), and call less often.",
        "didlogic_sip_account.caller_id",
        STATUS_PAGE,
    ),
    604: _sent(
        604,
        "failed",
        "customer",
        "The number that was called exists nowhere (SIP 604).",
        "Correct the number of the customer (vapi_call: customer), or take it off the list (vapi_campaign: customers).",
        "vapi_call.customer, vapi_campaign.customers",
        "INF",
    ),
    606: _sent(
        606,
        "failed",
        "trunk",
        "The other side was reached, but not with the media that was offered (SIP 606).",
        "Set plain media (vapi_sip_trunk: gateways with outbound_protocol: udp, tcp or tls, not tls/srtp), and have "
        "G.711 on the didlogic number.",
        MEDIA,
        STATUS_PAGE,
    ),
}


def _back(status: int, outcome: Outcome, area: Area, cause: str, fix: str, option: str) -> Reason:
    return Reason(f"*inbound-sip-{status}-*", outcome, area, cause, fix, option, f"{STATUS_PAGE}; INF")


_UNLISTED = (
    "List every signalling address of didlogic as an inbound gateway (vapi_sip_trunk: gateways with ip and "
    "inbound_enabled: true), and check that the forward names this trunk (didlogic_forward: vapi_trunk_id)."
)
_NO_COMMON_MEDIA = (
    "Have G.711 on the didlogic number, and no encryption in the SIP URI of its forward (didlogic_forward: "
    "destination)."
)

#: Vapi's answer to a call that didlogic brought.
INBOUND: dict[int, Reason] = {
    401: _back(
        401,
        "failed",
        "trunk",
        "Vapi did not recognise the address that the call came from (SIP 401).",
        _UNLISTED,
        f"{INBOUND_ADDRESSES}, didlogic_forward.vapi_trunk_id",
    ),
    403: _back(
        403,
        "failed",
        "trunk",
        "Vapi refused the call, most often because its source address is not on the trunk (SIP 403).",
        _UNLISTED,
        f"{INBOUND_ADDRESSES}, didlogic_forward.vapi_trunk_id",
    ),
    404: _back(
        404,
        "failed",
        "phone number",
        "Vapi knows no such number on this trunk (SIP 404).",
        "Spell the number alike on both sides: vapi_phone_number: number must be the very string before the @ of the "
        "forward (didlogic_forward: uri_user). Then check vapi_phone_number: trunk and the region of the forward.",
        "vapi_phone_number.number, vapi_phone_number.trunk, didlogic_forward.uri_user, didlogic_forward.region",
    ),
    408: _back(
        408,
        "failed",
        "telephony",
        "Vapi did not answer the call in time (SIP 408).",
        "Check that the forward names the host of your region (didlogic_forward: region, destination). If it does, "
        "look at Vapi's status page.",
        "didlogic_forward.region, didlogic_forward.destination",
    ),
    480: _back(
        480,
        "failed",
        "phone number",
        "Vapi had nobody to take the call (SIP 480).",
        "Give the phone number an assistant (vapi_phone_number: assistant), and see whether a hook refuses calls "
        "(vapi_phone_number: hooks).",
        "vapi_phone_number.assistant, vapi_phone_number.hooks",
    ),
    487: _back(
        487, "cancelled", "customer", "The caller hung up before the assistant took the call (SIP 487).", "", ""
    ),
    488: _back(
        488,
        "failed",
        "telephony",
        "didlogic and Vapi found no common codec or encryption (SIP 488).",
        _NO_COMMON_MEDIA,
        "didlogic_forward.destination",
    ),
    500: _back(
        500,
        "failed",
        "vapi",
        "Vapi's SIP server broke down over the call (SIP 500).",
        "Keep a second destination behind Vapi, so that somebody answers (didlogic_forward: others: keep). If it "
        "lasts, give the id of the call to Vapi's support.",
        "didlogic_forward.others",
    ),
    503: _back(
        503,
        "failed",
        "vapi",
        "Vapi had no room for the call or was in trouble (SIP 503).",
        "Leave lines free for inbound calls (vapi_campaign: reserve_for_inbound), and keep a second destination behind "
        "Vapi (didlogic_forward: others: keep).",
        "vapi_campaign.reserve_for_inbound, didlogic_forward.others",
    ),
}


def _passed(status: int, outcome: Outcome, cause: str, fix: str, option: str) -> Reason:
    return Reason(f"*transfer*-sip-{status}-*", outcome, "transfer", cause, fix, option, f"{STATUS_PAGE}; INF")


_TARGET_FIX = (
    "Check the target of the tool (vapi_transfer_tool: destinations): sip:+NUMBER at the didlogic gateway, with the "
    "country code, or the bare number in E.164 form."
)

#: didlogic's answer to the request to hand a call on.
TRANSFER: dict[int, Reason] = {
    status: _passed(status, "failed", cause, REFER_FIX, REFER_OPTIONS)
    for status, cause in {
        401: "didlogic did not accept the login of the transfer (SIP 401).",
        403: "didlogic forbade the transfer: SIP REFER is off, or that target is not allowed (SIP 403).",
        405: "didlogic takes no SIP REFER on this account (SIP 405).",
        407: "didlogic did not accept the login of the transfer (SIP 407).",
        501: "didlogic's gateway can not do a SIP REFER (SIP 501).",
        603: "didlogic declined to hand the call on: SIP REFER is off, or that target is not allowed (SIP 603).",
    }.items()
} | {
    404: _passed(404, "failed", "didlogic found no such transfer target (SIP 404).", _TARGET_FIX, TRANSFER_TARGET),
    408: _passed(408, "failed", "The transfer target gave no answer in time (SIP 408).", _TARGET_FIX, TRANSFER_TARGET),
    480: _passed(
        480,
        "unanswered",
        "The phone of the human was out of reach (SIP 480).",
        "Name a second target for such hours (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
    ),
    484: _passed(484, "failed", "The transfer target is an incomplete number (SIP 484).", _TARGET_FIX, TRANSFER_TARGET),
    486: _passed(
        486,
        "unanswered",
        "The line of the human was busy (SIP 486).",
        "Name a second target for busy hours (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
    ),
    487: _passed(487, "cancelled", "The transfer was given up before the human answered (SIP 487).", "", ""),
    503: _passed(
        503,
        "failed",
        "didlogic could not carry the call to the human (SIP 503).",
        "A transfer needs a channel and balance of its own: raise didlogic_sip_account: max_channels and read the "
        "balance with didlogic_account_info.",
        "didlogic_sip_account.max_channels",
    ),
    600: _passed(
        600,
        "unanswered",
        "All phones of the human were busy (SIP 600).",
        "Name a second target for busy hours (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
    ),
    604: _passed(604, "failed", "The transfer target exists nowhere (SIP 604).", _TARGET_FIX, TRANSFER_TARGET),
}

STATUSES: dict[Way, dict[int, Reason]] = {"outbound": OUTBOUND, "inbound": INBOUND, "transfer": TRANSFER}

#: A status without a row of its own, by its first digit.
CLASSES: dict[int, str] = {
    3: "The other side pointed the call to another place, which was not followed",
    4: "The other side refused the call as it was asked",
    5: "A server on the way could not carry the call",
    6: "The other side says that the call can not be placed anywhere",
}

# ---------------------------------------------------------------------------------------------------------- transfers

_SECOND_TARGET = "Name a second target or a fallback for that case (vapi_transfer_tool: destinations, transfer_plan)."
_TARGETS = "vapi_transfer_tool.destinations, vapi_transfer_tool.destinations.transfer_plan"

CHOSEN = "vapi_phone_number.hooks, vapi_phone_number.server"
CHOSEN_FIX = (
    "Check the target that the hook or the server names (vapi_phone_number: hooks, server), and ask didlogic whether "
    "SIP REFER may go there."
)

FORWARDED = "assistant-forwarded-call"
TRANSFER_FAILED = "call.in-progress.error-transfer-failed"


def _handed(outcome: Outcome, cause: str, fix: str, option: str) -> Reason:
    return Reason(FORWARDED, outcome, "transfer", cause, fix, option, "OA; INF")


#: What is known of a transfer beyond the ended reason: the words of ``artifact.transfers[].status``, and what
#: didlogic's records say about the leg to the human.
HANDED: dict[str, Reason] = {
    "busy": _handed("unanswered", "The call was handed on, and the human's line was busy.", _SECOND_TARGET, _TARGETS),
    "no-answer": _handed("unanswered", "The call was handed on, and no human answered.", _SECOND_TARGET, _TARGETS),
    "voicemail": _handed(
        "unanswered", "The call was handed on, and a mailbox answered in the human's place.", _SECOND_TARGET, _TARGETS
    ),
    "cancelled": _handed("cancelled", "The transfer was called off before a human answered.", "", ""),
    "failed": _handed("failed", "Vapi reports that the transfer failed.", REFER_FIX, REFER_OPTIONS),
    "connected": _handed("transferred", "Vapi reports that the caller was connected to the human.", "", ""),
    "completed": _handed("transferred", "Vapi reports that the transfer was completed.", "", ""),
    "leg": _handed("transferred", "The call was handed on, and didlogic's records show the leg to the human.", "", ""),
    "no leg": _handed(
        "failed",
        "Vapi sent the transfer request (SIP REFER), but didlogic's records show no leg to a human: no phone rang.",
        REFER_FIX,
        REFER_OPTIONS,
    ),
    "no leg, but connected": _handed(
        "failed",
        "Vapi calls the transfer connected, but didlogic's records show no leg to a human; Vapi only sees the request.",
        REFER_FIX,
        REFER_OPTIONS,
    ),
    "unclear": _handed(
        "transferred",
        "Vapi sent the transfer request, and didlogic's records do not show clearly whether the human's phone rang.",
        "Read the call again in a few minutes, when the records are complete. If it stays so, ask whether SIP REFER is "
        "enabled at didlogic, or use vapi_transfer_tool: sip_verb: dial.",
        SIP_VERB,
    ),
}

# ------------------------------------------------------------------------------------------------------ ended reasons

ENDED_PAGE = "DOC call-ended-reason"
ASSIGNED = "vapi_phone_number.assistant, vapi_phone_number.squad"
VAPI_SUPPORT = "Call again. If it comes back, give the ids of the calls to Vapi's support; no option here mends it."
NOT_DIDLOGIC = "Import the didlogic number with its trunk (vapi_phone_number: trunk) and use that one"

EXACT: tuple[Reason, ...] = (
    # Before the call: which assistant, which number, which customer.
    Reason(
        "call-start-error-neither-assistant-nor-server-set",
        "failed",
        "phone number",
        "Neither the phone number nor the call says who answers: no assistant, and no server to ask for one.",
        "Give the number an assistant or a squad (vapi_phone_number: assistant, squad), or a server "
        "(vapi_phone_number: server). A call that you place needs vapi_call: assistant.",
        f"{ASSIGNED}, vapi_phone_number.server, vapi_call.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-not-found",
        "failed",
        "assistant",
        "The assistant that was to take the call does not exist in this organisation.",
        "Create it (vapi_assistant: name), or point the number to one that exists (vapi_phone_number: assistant). A "
        "key of another region or organisation sees other assistants.",
        "vapi_assistant.name, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-not-valid",
        "failed",
        "assistant",
        "Vapi holds the configuration of the assistant to be wrong.",
        "Run vapi_assistant with the whole definition; Vapi's answer names the field that it refuses.",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.assistant-version-error-validation",
        "failed",
        "assistant",
        "The version of the assistant that the call asked for does not exist or is not valid.",
        "Name the assistant without a version, so that the newest counts (vapi_call: assistant). With a squad, look "
        "at its members, which can pin versions (vapi_call: squad).",
        "vapi_call.assistant, vapi_call.squad",
        "OA; INF",
    ),
    Reason(
        "call.start.squad-version-error-validation",
        "failed",
        "assistant",
        "The version of the squad that the call asked for does not exist, is not published or is not valid.",
        "Name the squad without a version, so that the published one is used (vapi_call: squad), or publish that "
        "version at Vapi.",
        "vapi_call.squad",
        "SDK; INF",
    ),
    Reason(
        "call.start.error-get-assistant",
        "failed",
        "assistant",
        "Vapi could not read the assistant when the call began.",
        "Check that it still exists (vapi_assistant_info) and that the number or the call names it "
        "(vapi_phone_number: assistant, vapi_call: assistant).",
        "vapi_phone_number.assistant, vapi_call.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-phone-number",
        "failed",
        "phone number",
        "Vapi could not read the phone number when the call began: it is gone, blocked or not ready yet.",
        "Import it again (vapi_phone_number: number, trunk), and name that one (vapi_call: phone_number, "
        "vapi_campaign: phone_number). Planned calls look the number up when they start.",
        "vapi_phone_number.number, vapi_phone_number.trunk, vapi_call.phone_number, vapi_campaign.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-customer",
        "failed",
        "customer",
        "Vapi could not make out whom to call.",
        "Give the customer a number with its country code or a SIP URI (vapi_call: customer, vapi_campaign: customers "
        "or csv).",
        "vapi_call.customer, vapi_campaign.customers, vapi_campaign.csv",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-resources-validation",
        "failed",
        "assistant",
        "What the call needs (assistant, tools, phone number) did not pass Vapi's checks together.",
        "Run vapi_assistant: definition, tools and vapi_transfer_tool: destinations again: Vapi's answer names the "
        "wrong field. Look at what the call overrides, too (vapi_call: assistant_overrides).",
        "vapi_assistant.definition, vapi_assistant.tools, vapi_transfer_tool.destinations, "
        "vapi_call.assistant_overrides",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-transport",
        "failed",
        "trunk",
        "Vapi could not set up the way to the carrier.",
        "Check that the phone number names a trunk that exists (vapi_phone_number: trunk) and that the trunk has a "
        "gateway for outbound calls (vapi_sip_trunk: gateways with outbound_enabled: true).",
        "vapi_phone_number.trunk, vapi_sip_trunk.gateways, vapi_sip_trunk.gateways.outbound_enabled",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapi-number-international",
        "failed",
        "phone number",
        "A number that Vapi gave away for free was to call abroad, which it can not.",
        "Call from a didlogic number instead (vapi_call: phone_number, vapi_campaign: phone_number).",
        "vapi_call.phone_number, vapi_campaign.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapi-number-outbound-daily-limit",
        "failed",
        "limits",
        "A number that Vapi gave away for free has placed all the calls that it may place in a day.",
        "Call from a didlogic number instead (vapi_call: phone_number, vapi_campaign: phone_number), which has no such "
        "limit at Vapi.",
        "vapi_call.phone_number, vapi_campaign.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "scheduled-call-deleted",
        "cancelled",
        "campaign",
        "A planned call was deleted before its time came.",
        "If nobody meant to, see who cancelled the campaign (vapi_campaign: state: absent does), and plan the call "
        "again (vapi_call: schedule_at).",
        "vapi_call.schedule_at, vapi_campaign.state",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapifault-get-org",
        "failed",
        "vapi",
        "Vapi could not read your organisation when the call began; the fault is Vapi's.",
        VAPI_SUPPORT,
        "",
        "OA; INF",
    ),
    Reason(
        "call.start.error-get-org",
        "failed",
        "vapi",
        "Vapi could not read your organisation when the call began.",
        "Check that key and region belong together (vapi_call: api_key, region). If they do, give the id of the call "
        "to Vapi's support.",
        "vapi_call.api_key, vapi_call.region",
        ENDED_PAGE,
    ),
    Reason(
        "call.start.error-vapifault-get-subscription",
        "failed",
        "vapi",
        "Vapi could not read your subscription when the call began; the fault is Vapi's.",
        VAPI_SUPPORT,
        "",
        "OA; INF",
    ),
    Reason(
        "call.start.error-get-subscription",
        "failed",
        "limits",
        "Vapi could not read your subscription when the call began.",
        "Look at the billing page of Vapi's dashboard. If all is well there, give Vapi's support the id of the call.",
        "",
        ENDED_PAGE,
    ),
    Reason(
        "call.start.error-vapifault-database-error",
        "failed",
        "vapi",
        "Vapi's database failed when the call began.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    # Before the call: money and limits.
    Reason(
        "call.start.error-subscription-concurrency-limit-reached",
        "failed",
        "limits",
        "More calls were to run at once than your Vapi plan has lines.",
        "Run fewer at once (vapi_campaign: max_concurrency, account_concurrency) and keep lines for callers "
        "(vapi_campaign: reserve_for_inbound), or buy lines at Vapi.",
        "vapi_campaign.max_concurrency, vapi_campaign.account_concurrency, vapi_campaign.reserve_for_inbound",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-frozen",
        "failed",
        "limits",
        "Vapi has frozen your subscription after a payment failed.",
        "Put the means of payment right in Vapi's dashboard. Until then no call starts; keep a second destination "
        "behind Vapi for callers (didlogic_forward: others: keep).",
        "didlogic_forward.others",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-insufficient-credits",
        "failed",
        "limits",
        "Your Vapi account has too little credit for a call.",
        "Add credit in Vapi's dashboard and switch on automatic top-up. Keep a second destination behind Vapi for "
        "callers meanwhile (didlogic_forward: others: keep).",
        "didlogic_forward.others",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-wallet-does-not-exist",
        "failed",
        "limits",
        "Your subscription has no wallet at Vapi to pay from.",
        "Only Vapi's support can mend it: give them the organisation and the id of the call.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-upgrade-failed",
        "failed",
        "limits",
        "Vapi tried to raise your subscription by itself, and that failed.",
        "Look at plan and payment in Vapi's dashboard, or run fewer calls at once (vapi_campaign: max_concurrency).",
        "vapi_campaign.max_concurrency",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-fraud-check-failed",
        "failed",
        "limits",
        "Vapi took the call for fraud and stopped it.",
        "Ask Vapi's support to release the account or the number. Meanwhile check whom you call (vapi_call: customer, "
        "vapi_campaign: customers).",
        "vapi_call.customer, vapi_campaign.customers",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-enterprise-feature-not-available-recording-consent",
        "failed",
        "limits",
        "The assistant asks callers for consent to be recorded, which Vapi offers on enterprise plans only.",
        "Take recordingConsentPlan out of the compliance plan (vapi_assistant: definition.compliancePlan), or change "
        "the plan at Vapi.",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    # The server that is asked for an assistant.
    Reason(
        "assistant-request-failed",
        "failed",
        "server",
        "Vapi asked your server for an assistant and could not reach it in time.",
        "Check address and timeout (vapi_phone_number: server), or assign an assistant, so that nobody is asked "
        "(vapi_phone_number: assistant). A fallback catches the rest (vapi_phone_number: fallback_destination).",
        "vapi_phone_number.server, vapi_phone_number.assistant, vapi_phone_number.fallback_destination",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-error",
        "failed",
        "server",
        "Vapi asked your server for an assistant and got an error, which the caller heard.",
        "Read the log of that server (vapi_phone_number: server), or assign an assistant, so that nobody is asked "
        "(vapi_phone_number: assistant).",
        "vapi_phone_number.server, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-unspeakable-error",
        "failed",
        "server",
        "Vapi asked your server for an assistant and got an error that can not be read out to the caller.",
        "Let the server answer with a short text for the caller (vapi_phone_number: server), or assign an assistant "
        "(vapi_phone_number: assistant).",
        "vapi_phone_number.server, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-invalid-assistant",
        "failed",
        "server",
        "Your server answered with an assistant that Vapi does not accept.",
        "Let the server name an assistant that vapi_assistant has created, by its id, or assign it to the number "
        "(vapi_phone_number: assistant).",
        "vapi_phone_number.server, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-no-assistant",
        "failed",
        "server",
        "The number has no assistant of its own, and your server named none either.",
        "Assign one (vapi_phone_number: assistant), or let the server always answer with one (vapi_phone_number: "
        "server).",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-forwarding-phone-number",
        "transferred",
        "server",
        "Your server answered with a phone number, and Vapi sent the call there without an assistant.",
        "If an assistant was to answer, assign one (vapi_phone_number: assistant) or change the server's answer.",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    # SIP, inbound and outbound. The statuses that Vapi names have rows of their own.
    *OUTBOUND.values(),
    Reason(
        "call.in-progress.error-sip-outbound-call-failed-to-connect",
        "failed",
        "trunk",
        "The call over the trunk did not come about; Vapi does not say which SIP status didlogic sent.",
        "Run sip_probe: host against the gateway; it tries protocol and password (vapi_sip_trunk: gateways, password). "
        "If all is well, dial without + (vapi_sip_trunk: outbound_leading_plus_enabled: false).",
        "vapi_sip_trunk.gateways, vapi_sip_trunk.password, vapi_sip_trunk.outbound_leading_plus_enabled, "
        "sip_probe.host",
        f"OA; {STATUS_PAGE}",
        sip="outbound",
    ),
    Reason(
        "call.in-progress.error-sip-inbound-call-failed-to-connect",
        "failed",
        "telephony",
        "A call from didlogic reached Vapi, but the connection was not made.",
        "Run routing_audit: it follows the number from didlogic to the assistant. Check didlogic's addresses on the "
        "trunk (vapi_sip_trunk: gateways) and the spelling of the number (vapi_phone_number: number).",
        f"{INBOUND_ADDRESSES}, vapi_phone_number.number",
        f"OA; {ENDED_PAGE}",
        sip="inbound",
    ),
    Reason(
        "call.ringing.error-sip-inbound-call-failed-to-connect",
        "failed",
        "telephony",
        "A call from didlogic rang at Vapi, but failed before the assistant took it.",
        "Check that the number has an assistant (vapi_phone_number: assistant) and no hook in its way "
        "(vapi_phone_number: hooks). Then look at the codec of the didlogic number: G.711 is safe.",
        "vapi_phone_number.assistant, vapi_phone_number.hooks",
        f"OA; {ENDED_PAGE}",
        sip="inbound",
    ),
    Reason(
        "call.ringing.sip-inbound-caller-hungup-before-call-connect",
        "unanswered",
        "customer",
        "The caller hung up before the assistant took the call.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.sip-completed-call",
        "answered",
        "telephony",
        "The telephone side ended the call: the customer hung up, or didlogic did.",
        "If calls end after the same time or cost, look at the limits of the SIP account (didlogic_sip_account: "
        "max_call_seconds, max_call_cost).",
        "didlogic_sip_account.max_call_seconds, didlogic_sip_account.max_call_cost",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-sip-telephony-provider-failed-to-connect-call",
        "failed",
        "trunk",
        "The carrier could not connect the call; this is an old word of Vapi's that says no more.",
        "Run sip_probe: host against the gateway, and check vapi_sip_trunk: gateways, username and password.",
        "vapi_sip_trunk.gateways, vapi_sip_trunk.username, vapi_sip_trunk.password, sip_probe.host",
        "DOC whats-new 2025-05-31",
        sip="outbound",
    ),
    Reason(
        "sip-outbound-unallocated-number",
        "failed",
        "customer",
        "The number dialled is not assigned to anybody.",
        "Remove it from the list of contacts (vapi_campaign: csv, customers), or correct it (vapi_call: customer). "
        "Calling again does not help.",
        "vapi_campaign.csv, vapi_campaign.customers, vapi_call.customer",
        "SDK; INF",
    ),
    Reason(
        "sip-outbound-carrier-released-call",
        "failed",
        "trunk",
        "didlogic, or a carrier behind it, ended the call.",
        "Check the balance (didlogic_account_info) and the limits of the SIP account (didlogic_sip_account: "
        "max_call_cost, max_call_seconds, max_channels). If they are not the cause, ask didlogic.",
        "didlogic_sip_account.max_call_cost, didlogic_sip_account.max_call_seconds, didlogic_sip_account.max_channels",
        "SDK; INF",
    ),
    # The sound connection and Vapi's workers.
    Reason(
        "call.in-progress.error-providerfault-transport-never-connected",
        "failed",
        "trunk",
        "The carrier's side of the sound connection never came up.",
        "Run sip_probe: host against the gateway and check its protocol (vapi_sip_trunk: gateways). Ask didlogic "
        "whether it lets Vapi's media through (UDP 40000 to 60000).",
        "vapi_sip_trunk.gateways, vapi_sip_trunk.gateways.outbound_protocol, sip_probe.host",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-transport-never-connected",
        "failed",
        "vapi",
        "Vapi's side of the sound connection never came up; Vapi takes the blame.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-transport-connected-but-call-not-active",
        "failed",
        "vapi",
        "The sound connection came up when Vapi no longer held the call to be alive.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-call-started-but-connection-to-transport-missing",
        "failed",
        "vapi",
        "The call had begun when Vapi lost its sound connection.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-worker-not-available",
        "failed",
        "vapi",
        "Vapi had no free worker for the call.",
        "Call again in a minute, and start campaigns with fewer calls at once (vapi_campaign: max_concurrency). If it "
        "comes back, give the ids of the calls to Vapi's support.",
        "vapi_campaign.max_concurrency",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapifault-worker-not-available",
        "failed",
        "vapi",
        "Vapi had no free worker to start the call.",
        "Call again in a minute, and start campaigns with fewer calls at once (vapi_campaign: max_concurrency). If it "
        "comes back, give the ids of the calls to Vapi's support.",
        "vapi_campaign.max_concurrency",
        "SDK; INF",
    ),
    Reason(
        "call.in-progress.error-vapifault-worker-died",
        "failed",
        "vapi",
        "The worker at Vapi that ran the call crashed.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "worker-shutdown",
        "failed",
        "vapi",
        "Vapi stopped the worker that ran the call, for instance to update it.",
        "Call again if the customer was not called back by itself. If it happens often, give the ids of the calls to "
        "Vapi's support.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-chat-pipeline-failed-to-start",
        "failed",
        "vapi",
        "Vapi could not start listening, thinking and speaking for this call.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "phone-call-provider-closed-websocket",
        "failed",
        "telephony",
        "The sound between carrier and Vapi broke off in the middle of the call.",
        "One such call may be chance. If there are more, compare the times with didlogic's records "
        "(didlogic_call_info) and give the ids of the calls to Vapi's support.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "phone-call-provider-bypass-enabled-but-no-call-received",
        "failed",
        "telephony",
        "The call was created with phoneCallProviderBypassEnabled, and the program that was to bring it never did.",
        "Without such a program of your own, place the call with vapi_call: phone_number and customer, which lets Vapi "
        "dial.",
        "vapi_call.phone_number, vapi_call.customer",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-assistant-did-not-receive-customer-audio",
        "failed",
        "telephony",
        "The call stood, but Vapi heard nothing from the customer.",
        "If it happens on every call, media does not get through: take outbound_protocol: udp or tls instead of "
        "tls/srtp (vapi_sip_trunk: gateways), and ask didlogic about UDP 40000 to 60000.",
        MEDIA,
        f"OA; {ENDED_PAGE}",
    ),
    # Numbers of other carriers in the same organisation.
    Reason(
        "twilio-failed-to-connect-call",
        "failed",
        "telephony",
        "Twilio could not connect the call, so it did not run over didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise look into Twilio's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "twilio-reported-customer-misdialed",
        "failed",
        "customer",
        "Twilio says that the number dialled is none.",
        "Correct the customer's number: country code and digits (vapi_call: customer, vapi_campaign: customers).",
        "vapi_call.customer, vapi_campaign.customers",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.twilio-completed-call",
        "answered",
        "telephony",
        "Twilio ended a call that did not run over didlogic: the customer hung up, or Twilio did.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-disconnected",
        "failed",
        "telephony",
        "Vonage cut the call, so it did not run over didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise look into Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-failed-to-connect-call",
        "failed",
        "telephony",
        "Vonage could not connect the call, so it did not run over didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise look into Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-rejected",
        "failed",
        "telephony",
        "Vonage refused the call, so it did not run over didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise look into Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-completed",
        "answered",
        "telephony",
        "Vonage ended a call that did not run over didlogic: the customer hung up, or Vonage did.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    # Transfers.
    Reason(
        FORWARDED,
        "transferred",
        "transfer",
        "Vapi asked the carrier to hand the call on (a SIP REFER, unless sip_verb says otherwise) and left; that does "
        "not prove that a human's phone rang.",
        "Read the call with vapi_call_info: didlogic_api_key, which looks for the leg to the human in didlogic's "
        "records. If there is none, have SIP REFER enabled, or use vapi_transfer_tool: sip_verb: dial.",
        f"vapi_call_info.didlogic_api_key, {SIP_VERB}",
        "OA; DOC blind-transfer",
    ),
    Reason(
        TRANSFER_FAILED,
        "failed",
        "transfer",
        "The assistant tried to hand the call on, and that failed.",
        REFER_FIX,
        REFER_OPTIONS,
        f"OA; {ENDED_PAGE}",
        sip="transfer",
    ),
    Reason(
        "call.forwarding.operator-busy",
        "unanswered",
        "transfer",
        "The call was handed on, and the line of the human was busy.",
        _SECOND_TARGET,
        _TARGETS,
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.forwarding.no-answer",
        "unanswered",
        "transfer",
        "The call was handed on, and no human answered.",
        "Let it ring longer (dialTimeout in vapi_transfer_tool: transfer_plan, with sip_verb: dial), or name a second "
        "target (vapi_transfer_tool: destinations).",
        f"{_TARGETS}, {SIP_VERB}",
        "OA; INF",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-max-duration",
        "failed",
        "transfer",
        "The talk with the human before the hand-over took longer than it may.",
        "Shorten what is said to the human (vapi_transfer_tool: transfer_plan), or hand over without it "
        "(vapi_transfer_tool: mode: blind-transfer), which is the form for a SIP trunk.",
        "vapi_transfer_tool.destinations.transfer_plan, vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-assistant-cancelled",
        "failed",
        "transfer",
        "The assistant that talks to the human first called the transfer off.",
        "Check what it is told (vapi_transfer_tool: transfer_plan), or hand over without it (vapi_transfer_tool: "
        "mode: blind-transfer).",
        "vapi_transfer_tool.destinations.transfer_plan, vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-silence-timeout",
        "failed",
        "transfer",
        "The human answered the transfer and said nothing for too long.",
        "Call that phone by hand: a mailbox or a menu may answer. Or hand over without waiting for words "
        "(vapi_transfer_tool: mode: blind-transfer).",
        "vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-microphone-timeout",
        "failed",
        "transfer",
        "No sound came from the human's side of the transfer.",
        "Media does not get through on that leg: check its target (vapi_transfer_tool: destinations), or hand over "
        "without this step (vapi_transfer_tool: mode: blind-transfer).",
        f"{TRANSFER_TARGET}, vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-ended-call-before-warm-transfer",
        "answered",
        "customer",
        "The customer hung up before the human was on the line.",
        "If it happens often, tell customers that they must wait (vapi_transfer_tool: message).",
        "vapi_transfer_tool.destinations.message",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-ended-call-after-warm-transfer-attempt",
        "answered",
        "customer",
        "The human was not reached, and the customer hung up after that.",
        "If it happens often, name a second target (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-ended-call-during-transfer",
        "answered",
        "customer",
        "The customer hung up while the call was being handed on.",
        "If it happens often, tell customers that they must wait (vapi_transfer_tool: message).",
        "vapi_transfer_tool.destinations.message",
        f"OA; {ENDED_PAGE}",
    ),
    # Hooks of the phone number.
    Reason(
        "call.ringing.hook-executed-say",
        "unanswered",
        "phone number",
        "A hook of the phone number spoke its text to the caller and ended the call; no assistant was asked.",
        "If assistants are to answer, take the call.ringing hook away (vapi_phone_number: hooks).",
        "vapi_phone_number.hooks",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.ringing.hook-executed-transfer",
        "transferred",
        "phone number",
        "A hook of the phone number sent the call on while it rang; no assistant was asked.",
        "If assistants are to answer, take the call.ringing hook away (vapi_phone_number: hooks).",
        "vapi_phone_number.hooks",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.ending.hook-executed-say",
        "failed",
        "server",
        "No assistant could be had for the call, and a hook of the phone number spoke its text instead.",
        "Assign an assistant (vapi_phone_number: assistant), or mend the server that is to name one "
        "(vapi_phone_number: server).",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.ending.hook-executed-transfer",
        "transferred",
        "server",
        "No assistant could be had for the call, and a hook of the phone number sent it elsewhere.",
        "Assign an assistant (vapi_phone_number: assistant), or mend the server that is to name one "
        "(vapi_phone_number: server).",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    # The usual ends.
    Reason("customer-ended-call", "answered", "customer", "The customer hung up.", "", "", f"OA; {ENDED_PAGE}"),
    Reason(
        "assistant-ended-call",
        "answered",
        "assistant",
        "The assistant ended the call on purpose.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-said-end-call-phrase",
        "answered",
        "assistant",
        "The assistant said one of its closing phrases and hung up.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-ended-call-with-hangup-task",
        "answered",
        "assistant",
        "The assistant ended the call on purpose, by its task to hang up.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-ended-call-after-message-spoken",
        "answered",
        "assistant",
        "The assistant said its last message and hung up.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-join-timed-out",
        "failed",
        "assistant",
        "The call stood, but the assistant did not come on in time.",
        "Call again. If one assistant always does it, look at what it loads first: model, voice, transcriber "
        "(vapi_assistant: definition).",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-busy", "unanswered", "customer", "The line of the customer was busy.", "", "", f"OA; {ENDED_PAGE}"
    ),
    Reason(
        "customer-did-not-answer",
        "unanswered",
        "customer",
        "The phone of the customer rang, and nobody answered.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-did-not-give-microphone-permission",
        "failed",
        "customer",
        "The customer's browser did not let Vapi hear the microphone; this happens on web calls only.",
        "Let the page ask for the microphone before it starts the call. Calls over didlogic are not concerned.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "voicemail",
        "unanswered",
        "customer",
        "A mailbox answered in the customer's place.",
        "If humans are taken for mailboxes, change or switch off the detection (vapi_assistant: "
        "definition.voicemailDetection).",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "silence-timed-out",
        "answered",
        "assistant",
        "Nobody spoke for as long as the assistant waits.",
        "If customers were only thinking, raise vapi_assistant: definition.silenceTimeoutSeconds. If all calls end so, "
        "the customer is not heard: ask didlogic whether Vapi's media gets through (UDP 40000 to 60000).",
        "vapi_assistant.definition",
        "OA; DOC call-timeout-settings",
    ),
    Reason(
        "exceeded-max-duration",
        "answered",
        "assistant",
        "The call reached the longest time that the assistant allows.",
        "If talks are cut short, raise vapi_assistant: definition.maxDurationSeconds (10 to 43200; 600 if not set).",
        "vapi_assistant.definition",
        "OA; DOC call-timeout-settings",
    ),
    Reason(
        "manually-canceled",
        "cancelled",
        "telephony",
        "Somebody ended or cancelled the call, in the dashboard or over the API.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call-deleted",
        "cancelled",
        "telephony",
        "Somebody deleted the record of the call.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    # The model as a whole.
    Reason(
        "call.in-progress.error-configfault-transport-unsupported-for-model",
        "failed",
        "model",
        "The model of the assistant does not work over a telephone line.",
        "Choose another model (vapi_assistant: definition).",
        "vapi_assistant.definition",
        "SDK; INF",
    ),
    Reason(
        "call.in-progress.error-configfault-model-unsupported-in-squad",
        "failed",
        "model",
        "The model of an assistant does not work as a member of a squad.",
        "Choose another model for that assistant (vapi_assistant: definition), or use it without a squad "
        "(vapi_phone_number: assistant, vapi_call: assistant).",
        "vapi_assistant.definition, vapi_phone_number.assistant, vapi_call.assistant",
        "SDK; INF",
    ),
    Reason(
        "call.in-progress.error-pipeline-no-available-llm-model",
        "failed",
        "model",
        "None of the models that the assistant may use could be had.",
        "Name a model that your keys may use, and a second one (vapi_assistant: definition.model, with "
        "fallbackModels where there are any).",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "pipeline-no-available-llm-model",
        "failed",
        "model",
        "None of the models that the assistant may use could be had.",
        "Name a model that your keys may use, and a second one (vapi_assistant: definition.model, with "
        "fallbackModels where there are any).",
        "vapi_assistant.definition",
        ENDED_PAGE,
    ),
    Reason(
        "call.in-progress.error-pipeline-ws-model-connection-failed",
        "failed",
        "model",
        "Vapi could not open the WebSocket to your own model server.",
        "Check that the address in the assistant is right and reachable from the internet (vapi_assistant: "
        "definition.model).",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
)

# ----------------------------------------------------------------------------- families: model, voice and transcriber

_MODEL = "vapi_assistant.definition"
_KEY = "Check the key of {provider} that stands at Vapi; if it is Vapi's own, tell Vapi's support"
_CREDIT = "Top up the account at {provider}, or tell Vapi's support if the key is Vapi's own"
_TRANSCRIBER_2 = (
    "a second transcriber takes over where one is named (vapi_assistant: definition.transcriber.fallbackPlan)"
)
_VOICE_2 = "a second voice takes over where one is named (vapi_assistant: definition.voice.fallbackPlan)"
_MODEL_2 = "choose another model meanwhile (vapi_assistant: definition.model)"


def _family(
    area: t.Literal["model", "voice", "transcriber"], cause: str, fix: str, *patterns: str, source: str
) -> tuple[Reason, ...]:
    """One text for several patterns. An option of the assistant mends them all, if anything here does."""
    return tuple(Reason(pattern, "failed", area, cause, fix, _MODEL, source) for pattern in patterns)


FAMILIES: tuple[Reason, ...] = (
    # Speech to text, before the voices: ElevenLabs and Cartesia do both.
    *_family(
        "transcriber",
        "The transcriber of {provider} did not accept the key, or there is none.",
        f"{_KEY}. Meanwhile {_TRANSCRIBER_2}.",
        "*-transcriber-api-key-missing",
        "*-transcriber-auth-failed",
        "*-returning-401-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} has no credit left.",
        f"{_CREDIT}. Meanwhile {_TRANSCRIBER_2}.",
        "*-returning-400-insuffic*",
        source="OA; INF",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} does not include a model or feature that the assistant asks for.",
        "Choose a transcriber model that your plan includes (vapi_assistant: definition.transcriber), or change the "
        "plan at {provider}.",
        "*-returning-400-paid-only-feature",
        "*-returning-403-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} was given more work than it allows.",
        f"Run fewer calls at once, or raise the limit at {{provider}}. Meanwhile {_TRANSCRIBER_2}.",
        "*-transcriber-rate-limited",
        source="OA; INF",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} refused its settings, such as model, language or word boosts.",
        "Correct vapi_assistant: definition.transcriber; not every model speaks every language.",
        "*-transcriber-invalid-config",
        "*-returning-400-*",
        "*-returning-404-*",
        "*-returning-500-invalid-schema",
        "*-returning-500-word-boost-parsing-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} was in trouble or cut the connection.",
        f"Call again and look at the status page of {{provider}}; {_TRANSCRIBER_2}.",
        "*-transcriber-server-error",
        "*-returning-500-*",
        "*-returning-502-*",
        "*-returning-econnreset",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} failed, so the assistant heard nothing.",
        f"Read the log of the call at Vapi for the words of {{provider}}; {_TRANSCRIBER_2}.",
        "*-transcriber-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    # Text to speech.
    *_family(
        "voice",
        "The voice provider {provider} does not know the voice, or not with these settings.",
        "Name a voice that exists in the account whose key is used (vapi_assistant: definition.voice).",
        "*-eleven-labs-voice-not-found",
        "*-playht-invalid-voice",
        "*-playht-invalid-emotion",
        "*-playht-voice-must-be-a-valid-voice-manifest-uri",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "voice",
        "The voice provider {provider} has no credit or characters left.",
        f"{_CREDIT}. Meanwhile {_VOICE_2}.",
        "*-eleven-labs-quota-exceeded",
        "*-eleven-labs-max-character-limit-exceeded",
        "*-playht-out-of-credits",
        "*-playht-403-forbidden-out-of-characters",
        "*-playht-429-*",
        "*-cartesia-requested-payment",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "voice",
        "The voice provider {provider} did not accept the key.",
        f"{_KEY}. Meanwhile {_VOICE_2}.",
        "*-eleven-labs-unauthorized-access",
        "*-eleven-labs-invalid-api-key",
        "*-playht-401-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "voice",
        "The plan at the voice provider {provider} does not include this voice, model or use.",
        "Choose a voice that the plan includes (vapi_assistant: definition.voice), or change the plan at {provider}.",
        "*-eleven-labs-unauthorized-to-access-model",
        "*-eleven-labs-professional-voices-only-for-creator-plus",
        "*-eleven-labs-blocked-free-plan-*",
        "*-eleven-labs-blocked-using-instant-voice-clone-*",
        "*-eleven-labs-voice-not-allowed-for-free-users",
        "*-playht-403-forbidden-api-access-not-available",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice provider {provider} was given more work at once than it takes.",
        f"Run fewer calls at once, or raise the limit at {{provider}}; {_VOICE_2}.",
        "*-eleven-labs-blocked-concurrent-requests-*",
        "*-eleven-labs-system-busy-*",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice provider {provider} has blocked the account, the voice or the text.",
        "Only {provider} can lift the block; use another voice meanwhile (vapi_assistant: definition.voice).",
        "*-eleven-labs-blocked-*",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice at {provider} can not be used: it is switched off, not finished, or lacks its samples.",
        "Finish or release the voice at {provider}, or use another one (vapi_assistant: definition.voice).",
        "*-voice-disabled-by-owner",
        "*-eleven-labs-voice-not-fine-tuned*",
        "*-eleven-labs-invalid-voice-samples",
        "*-eleven-labs-missing-samples-for-voice-clone",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice provider {provider} was in trouble, too slow or cut the connection.",
        f"Call again and look at the status page of {{provider}}; {_VOICE_2}.",
        "*-cartesia-socket-hang-up",
        "*-cartesia-5*",
        "*-eleven-labs-5*",
        "*-playht-5*",
        "*-playht-request-timed-out",
        "*-playht-unexpected-error",
        "*-voice-request-canceled",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "voice",
        "The picture of {provider} failed; it belongs to video calls.",
        "Use a voice without video for phone calls (vapi_assistant: definition.voice).",
        "*-video-failed",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice of {provider} failed, so the assistant could not speak.",
        f"Read the log of the call at Vapi for the words of {{provider}}; {_VOICE_2}.",
        "*-voice-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    # The language model. With pipeline-error- the key is yours, or the word is an old one.
    *_family(
        "model",
        "The model of {provider} refused the request as wrong: name of the model, messages or settings.",
        "Correct vapi_assistant: definition.model; Vapi's log of the call holds the words of {provider}.",
        "*-400-bad-request-validation-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} did not accept the key that stands at Vapi.",
        f"Put a valid key of {{provider}} into Vapi, or {_MODEL_2}. If the key is Vapi's own, tell its support.",
        "pipeline-error-*-401-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} did not accept Vapi's own key.",
        f"Tell Vapi's support, and {_MODEL_2}.",
        "*-vapifault-*-401-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The key that was used has no right to this model of {provider}.",
        "Choose a model that the key may use (vapi_assistant: definition.model), or have it released at {provider}.",
        "*-403-model-access-denied",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} was asked more often, or for more, than the account may.",
        f"Top up or raise the limit at {{provider}}, run fewer calls at once, or {_MODEL_2}.",
        "pipeline-error-*-429-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "Vapi's own account at {provider} has used up what it may ask of the model.",
        f"Call again later, or {_MODEL_2}. If it lasts, tell Vapi's support.",
        "*-vapifault-*-429-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} had an internal fault.",
        f"Call again and look at the status page of {{provider}}. If it lasts, {_MODEL_2}.",
        "*-500-server-error",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} was overloaded.",
        f"Call again after a short while. If it lasts, {_MODEL_2}.",
        "*-503-server-overloaded-error",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} failed, so the assistant had nothing to say.",
        f"Read the log of the call at Vapi for the words of {{provider}}. If it lasts, {_MODEL_2}.",
        "*-llm-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
)

# ------------------------------------------------------------------------------------- words that are not in the list

LATER: tuple[Reason, ...] = (
    Reason(
        "twilio-*",
        "failed",
        "telephony",
        "Twilio ended the call ({reason}), so it did not run over didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise look into Twilio's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        "INF",
    ),
    Reason(
        "vonage-*",
        "failed",
        "telephony",
        "Vonage ended the call ({reason}), so it did not run over didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise look into Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        "INF",
    ),
    Reason(
        "*telnyx-*",
        "failed",
        "telephony",
        "Telnyx ended the call ({reason}), so it did not run over didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise look into Telnyx's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        "INF",
    ),
    Reason(
        "call.start.error-subscription-*",
        "failed",
        "limits",
        "Your Vapi subscription did not allow the call ({reason}).",
        "Look at plan, payment and lines in Vapi's dashboard. If it is about lines, run fewer calls at once "
        "(vapi_campaign: max_concurrency).",
        "vapi_campaign.max_concurrency",
        "INF",
    ),
    Reason(
        "call.start.*",
        "failed",
        "assistant",
        "The call failed before it began ({reason}).",
        "Run routing_audit, which checks number, trunk and assistant together, and read Vapi's message on the call.",
        "",
        "INF",
    ),
    Reason(
        "sip-outbound-*",
        "failed",
        "trunk",
        "The outbound call failed on its way through didlogic ({reason}).",
        "Compare didlogic's record of the call (didlogic_call_info), and run routing_audit, which checks number, trunk "
        "and SIP account.",
        "",
        "INF",
    ),
    Reason(
        "*configfault*",
        "failed",
        "assistant",
        "Vapi reports a wrong configuration ({reason}).",
        "Read Vapi's message on the call and correct the assistant (vapi_assistant: definition).",
        "vapi_assistant.definition",
        "INF",
    ),
    Reason(
        "*warm-transfer*",
        "failed",
        "transfer",
        "A transfer in which the human is spoken to first did not come about ({reason}).",
        "Hand over without that step (vapi_transfer_tool: mode: blind-transfer), which is the form for a SIP trunk.",
        "vapi_transfer_tool.destinations.mode",
        "INF",
    ),
    Reason(
        "call.in-progress.error-vapifault-*",
        "failed",
        "vapi",
        "Something failed at Vapi, which takes the blame ({reason}).",
        VAPI_SUPPORT,
        "",
        f"{ENDED_PAGE}; INF",
    ),
    Reason(
        "call.in-progress.error-providerfault-*",
        "failed",
        "vapi",
        "A provider that Vapi works with failed ({reason}).",
        "Call again, and look at the status page of the provider that the reason names. If it lasts, choose another "
        "one (vapi_assistant: definition).",
        "vapi_assistant.definition",
        f"{ENDED_PAGE}; INF",
    ),
    Reason(
        "pipeline-error-*",
        "failed",
        "model",
        "Listening, thinking or speaking failed ({reason}).",
        "Check key and credit of the provider that the reason names, or choose another one (vapi_assistant: "
        "definition).",
        "vapi_assistant.definition",
        f"{ENDED_PAGE}; INF",
    ),
)

UNKNOWN = Reason(
    "*",
    "unknown",
    "vapi",
    "This version of the collection does not know the ended reason {reason}.",
    "Read Vapi's message and log of the call, and look for a newer version of the collection. routing_audit checks the "
    "way of the number meanwhile.",
    "",
    "INF",
)

REASONS: tuple[Reason, ...] = (*EXACT, *FAMILIES, *LATER, UNKNOWN)

# ------------------------------------------------------------------------------------------------------------ outages

#: Ended reasons that a caller cannot provoke, whatever is said, sent or left out, and however often: Vapi fails before
#: the call begins, or before anything the caller sends is processed (DOC call-ended-reason: vapifault), or a supplier's
#: gateway is down or overloaded (INF from RFC 9110: 502 and 503 do not depend on the content of the request).
#: Left out on purpose: 500 and 504, which a caller's words can cause; whatever concerns silence, media or SIP; credit
#: and rate limits, which many calls exhaust; worker-died, which hostile media can cause.
OUTAGES: tuple[str, ...] = (
    "call.start.error-vapifault-database-error",
    "call.start.error-vapifault-get-org",
    "call.start.error-vapifault-get-subscription",
    "call.start.error-vapifault-worker-not-available",
    "call.in-progress.error-vapifault-chat-pipeline-failed-to-start",
    "call.in-progress.error-vapifault-worker-not-available",
    "*-502-gateway-error",
    "*-502-server-error",
    "*-503-server-error",
    "*-503-server-overloaded-error",
    "*-522-server-error",
    "*-returning-502-*",
)
#: Providers that stand for a server of the organisation's own, which a caller can overload.
OWN_SERVERS: tuple[str, ...] = ("-anyscale-", "-baseten-", "-custom-", "-runpod-")

#: How people write the providers that stand in reasons.
PROVIDERS: dict[str, str] = {
    "anthropic": "Anthropic",
    "anthropic-bedrock": "Anthropic (Bedrock)",
    "anthropic-vertex": "Anthropic (Vertex)",
    "anyscale": "Anyscale",
    "assembly-ai": "AssemblyAI",
    "azure": "Azure",
    "azure-openai": "Azure OpenAI",
    "azure-speech": "Azure Speech",
    "baseten": "Baseten",
    "cartesia": "Cartesia",
    "cerebras": "Cerebras",
    "custom": "your own server",
    "custom-llm": "your own server",
    "deep-seek": "DeepSeek",
    "deepgram": "Deepgram",
    "deepinfra": "DeepInfra",
    "eleven-labs": "ElevenLabs",
    "gladia": "Gladia",
    "google": "Google",
    "groq": "Groq",
    "hume": "Hume",
    "inflection-ai": "Inflection AI",
    "inworld": "Inworld",
    "lmnt": "LMNT",
    "microsoft": "Microsoft",
    "minimax": "MiniMax",
    "mistral": "Mistral",
    "neuphonic": "Neuphonic",
    "openai": "OpenAI",
    "openrouter": "OpenRouter",
    "perplexity-ai": "Perplexity AI",
    "playht": "PlayHT",
    "rime-ai": "Rime AI",
    "runpod": "RunPod",
    "sesame": "Sesame",
    "smallest-ai": "Smallest AI",
    "soniox": "Soniox",
    "speechmatics": "Speechmatics",
    "talkscriber": "Talkscriber",
    "tavus": "Tavus",
    "together-ai": "Together AI",
    "vapi": "Vapi",
    "wellsaid": "WellSaid",
    "xai": "xAI",
}

# ------------------------------------------------------------------------------------------------------- the function

_PREFIX = re.compile(r"(?:pipeline-error|call\.in-progress\.error-(?:vapifault|providerfault))-")
_PROVIDER_END = re.compile(r"-(?=\d{3}-|llm-|voice-|video-|transcriber-|returning-)")
_REASON_STATUS = re.compile(r"sip-([3-6]\d\d)(?!\d)")
_NUMBER = r"([3-6]\d\d)(?![\w@]|\.\d|\s*(?:m?s|sec\w*|min\w*)\b)"
_MESSAGE_STATUS = (
    re.compile(rf"\bsip\b(?:/2\.0)?[^\d\n]{{0,24}}?(?<![\d.+-]){_NUMBER}", re.IGNORECASE),
    re.compile(rf"\b(?:status|code|response|cause)\b[^\w\n]{{0,3}}(?:code\W{{1,2}})?{_NUMBER}", re.IGNORECASE),
)
_SPOKEN_STATUS = re.compile(r"(?<![\d.:+@])([3-6]\d\d)[\s:\"'(-]{1,3}([a-z]+)", re.IGNORECASE)
#: What an ended reason of a known family that is not in the table itself must say to count as a failure.
_FAILURE = re.compile(r"error|fail|fault|invalid|reject")
#: Where a three-digit number in Vapi's message may be a SIP status; elsewhere it is a model's HTTP status.
_SIP_AREAS: frozenset[Area] = frozenset({"telephony", "trunk", "phone number", "transfer", "customer"})


def find_row(reason: str) -> Reason:
    """The row for an ended reason; there is always one."""
    return next(row for row in REASONS if fnmatch.fnmatchcase(reason, row.pattern))


def is_outage(reason: str | None) -> bool:
    """Whether an ended reason proves an outage of Vapi or one of its suppliers, which no caller can provoke.

    Automatic actions may depend on this, and never on ``Diagnosis.outcome`` alone: callers cause many failures.

    :param reason: Vapi's ``endedReason``; ``None`` while the call has not ended.
    :return: false for every reason that is unknown.
    """
    word = (reason or "").strip()
    return any(fnmatch.fnmatchcase(word, pattern) for pattern in OUTAGES) and not any(
        server in word for server in OWN_SERVERS
    )


def provider_in(reason: str) -> str:
    """The provider that a reason names, as people write it."""
    start = _PREFIX.match(reason)
    if start is None:
        return "the provider"
    rest = reason[start.end() :]
    known = [slug for slug in PROVIDERS if rest.startswith(f"{slug}-")]
    if known:
        return PROVIDERS[max(known, key=len)]
    end = _PROVIDER_END.search(rest)
    return rest[: end.start()] if end else "the provider"


def status_in(message: str) -> int | None:
    """The SIP status that a message of Vapi's speaks of, if it surely is one."""
    for pattern in _MESSAGE_STATUS:
        if found := pattern.search(message):
            return int(found[1])
    for found in _SPOKEN_STATUS.finditer(message):
        words = PHRASES.get(int(found[1]), "").lower().replace("/", " ").split()
        if words and found[2].lower().startswith(("internal", "declined", words[0])):
            return int(found[1])
    return None


def diagnose(
    reason: str | None,
    message: str = "",
    transfers: Sequence[Mapping[str, t.Any]] = (),
    carrier: Mapping[str, t.Any] | None = None,
) -> Diagnosis | None:
    """Why a call ended and what to do; ``None`` while it has not.

    ``message`` is Vapi's ``endedMessage``, ``transfers`` its ``artifact.transfers``. ``carrier`` is what didlogic's
    records say, ``None`` if nobody looked: under ``transfer_leg`` whether they show the leg to the human, ``None``
    there if they do not tell.
    """
    reason = (reason or "").strip()
    if not reason:
        return None
    row = find_row(reason)
    if row in LATER and not _FAILURE.search(reason):
        row = replace(row, outcome="unknown")
    named = _REASON_STATUS.search(reason)
    status = int(named[1]) if named else None
    if named and "*" in row.pattern:
        row = _by_status(int(named[1]), "inbound" if "inbound" in reason else "outbound")
    elif status is None and row.area in _SIP_AREAS:
        status = status_in(message or "")
        if status is not None and row.sip:
            row = STATUSES[row.sip].get(status, row)
    if row.pattern == TRANSFER_FAILED or row.outcome == "transferred":
        row = _by_evidence(row, transfers, carrier)
    return Diagnosis(row.outcome, row.area, _filled(row.cause, reason), _filled(row.fix, reason), row.option, status)


def _filled(text: str, reason: str) -> str:
    return text.replace("{provider}", provider_in(reason)).replace("{reason}", " ".join(reason.split())[:120])


def _by_status(status: int, way: Way) -> Reason:
    """For an ended reason that is not known but holds a SIP status."""
    if status in STATUSES[way]:
        return STATUSES[way][status]
    cause = f"{CLASSES[status // 100]} (SIP {status}); this version of the collection knows no more of that status."
    fix = (
        "Ask didlogic for its view of the call, and run sip_probe: host against the gateway (vapi_sip_trunk: gateways)."
    )
    option = "vapi_sip_trunk.gateways, sip_probe.host"
    return replace(UNKNOWN, outcome="failed", area="trunk", cause=cause, fix=fix, option=option)


def _by_evidence(row: Reason, transfers: Sequence[Mapping[str, t.Any]], carrier: Mapping[str, t.Any] | None) -> Reason:
    """What became of a transfer: the last attempt counts, and didlogic's records before Vapi's word for it."""
    words = [str(entry.get("status") or "") for entry in transfers or () if isinstance(entry, Mapping)]
    last = next((word for word in reversed(words) if word), "")
    leg = None if carrier is None else carrier.get("transfer_leg")
    found: Reason | None
    if last in {"busy", "no-answer", "voicemail"}:
        found = HANDED[last]
    elif row.outcome == "failed":
        return row
    elif leg is True:
        found = HANDED["leg"]
    elif leg is False:
        found = HANDED["no leg, but connected" if last in {"connected", "completed"} else "no leg"]
    elif last in {"connected", "completed", "failed", "cancelled"}:
        found = HANDED[last]
    else:
        found = HANDED["unclear"] if carrier is not None and row.pattern == FORWARDED else None
    if found is None or row.area == "transfer":
        return found or row
    # Not a tool of the assistant but a hook or a server chose the target.
    return replace(found, fix=CHOSEN_FIX, option=CHOSEN) if found.fix else found
