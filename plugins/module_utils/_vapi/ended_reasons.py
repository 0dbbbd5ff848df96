# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes and fixes of ended calls, by Vapi's ``endedReason``.

Each table is searched from the top and the first match is used: exact reasons, then families, then unknown reasons.
Sources: ``OA`` is Vapi's published list, ``SDK`` the newer list of Vapi's server SDK 3.0, ``DOC`` a page of Vapi's
guides, ``INF`` a conclusion from these and from SIP.
"""

from __future__ import annotations

import fnmatch
import functools
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
#: The direction of a SIP status, because the same status requires different fixes.
Way = t.Literal["", "outbound", "inbound", "transfer"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One row. ``{provider}`` and ``{reason}`` in a text are filled in from the matched reason."""

    pattern: str
    outcome: Outcome
    area: Area
    cause: str
    fix: str
    option: str
    source: str
    #: Set if a SIP status in Vapi's message is more specific than the reason.
    sip: Way = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The diagnosis of a call. ``option`` contains the options of ``fix``: ``module.option``, comma separated."""

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
    "Ask didlogic's account manager to enable SIP REFER, and for which targets. Transfer to sip:+NUMBER at the "
    "didlogic gateway (vapi_transfer_tool: sip_uri), or let Vapi place that call (vapi_transfer_tool: sip_verb: dial)."
)

#: The standard phrase of each status. A bare number in a message is only treated as a status together with its phrase.
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
    """A row for a status that didlogic sent: Vapi's reason ends in number and phrase."""
    words = PHRASES[status].lower().replace(" ", "-").replace("/", "-")
    pattern = f"call.in-progress.error-providerfault-outbound-sip-{status}-{words}"
    return Reason(pattern, outcome, area, cause, fix, option, source)


#: didlogic's response to a call that Vapi placed over the trunk.
OUTBOUND: dict[int, Reason] = {
    401: _sent(
        401,
        "failed",
        "trunk",
        "didlogic requested a login and rejected the one that Vapi sent (SIP 401).",
        "Set the SIP account's five digits and its password again (vapi_sip_trunk: username, password, "
        "update_password: always). If it persists, Vapi may use an old one: vapi_sip_trunk: on_auth_change: replace.",
        LOGIN,
        STATUS_PAGE,
    ),
    402: _sent(
        402,
        "failed",
        "limits",
        "didlogic requires credit before it places the call (SIP 402).",
        "Top up the didlogic account; didlogic_account_info returns its balance. Also check the price limit of the SIP "
        "account (didlogic_sip_account: max_call_cost).",
        "didlogic_sip_account.max_call_cost",
        "INF",
    ),
    403: _sent(
        403,
        "failed",
        "trunk",
        "didlogic rejected the call (SIP 403) because of its address, caller ID, destination, balance or login.",
        "Allow Vapi's addresses (didlogic_sip_account: allowed_ips), use one of your numbers (didlogic_sip_account: "
        "caller_id), check the login (vapi_sip_trunk: password). Ask didlogic whether it allows that country.",
        "didlogic_sip_account.allowed_ips, didlogic_sip_account.caller_id, vapi_sip_trunk.password",
        f"OA; {STATUS_PAGE}",
    ),
    404: _sent(
        404,
        "failed",
        "telephony",
        "didlogic has no route to the dialed number (SIP 404).",
        "Check country code and digits of the customer's number. didlogic's guides dial digits only "
        "(vapi_sip_trunk: outbound_leading_plus_enabled: false), without a prefix (vapi_sip_trunk: tech_prefix).",
        DIALLED,
        STATUS_PAGE,
    ),
    405: _sent(
        405,
        "failed",
        "trunk",
        "The gateway does not accept this SIP method (SIP 405).",
        "Check that the gateway is a didlogic proxy and no other server (vapi_sip_trunk: gateways); sip_probe: host "
        "lists the methods that it accepts.",
        "vapi_sip_trunk.gateways.ip, sip_probe.host",
        "INF",
    ),
    406: _sent(
        406,
        "failed",
        "trunk",
        "The other side does not accept the offered content (SIP 406).",
        "Use plain transport first (vapi_sip_trunk: gateways with outbound_protocol: udp). If it persists, send "
        "didlogic the time and the number, and ask which header or codec it rejected.",
        MEDIA,
        "INF",
    ),
    407: _sent(
        407,
        "failed",
        "trunk",
        "didlogic's proxy requested a login and received no valid one from Vapi (SIP 407).",
        "Set vapi_sip_trunk: username, password and update_password: always. If the login is right, Vapi may still use "
        "an old one: vapi_sip_trunk: on_auth_change: replace creates a new trunk. sip_probe verifies the password.",
        LOGIN,
        f"OA; {STATUS_PAGE}",
    ),
    408: _sent(
        408,
        "failed",
        "trunk",
        "The call timed out (SIP 408): the gateway is not reachable, or the phone does not respond.",
        "If it affects all calls, check port and protocol (vapi_sip_trunk: gateways) with sip_probe: host, and that "
        "didlogic allows Vapi's addresses (didlogic_sip_account: allowed_ips). If it is one number, call it later.",
        "vapi_sip_trunk.gateways, didlogic_sip_account.allowed_ips, sip_probe.host",
        f"OA; {STATUS_PAGE}",
    ),
    410: _sent(
        410,
        "failed",
        "customer",
        "The dialed number is no longer in service (SIP 410).",
        "Remove the number from the list of customers (vapi_campaign: customers).",
        "vapi_campaign.customers",
        "INF",
    ),
    415: _sent(
        415,
        "failed",
        "trunk",
        "The other side does not support the offered media (SIP 415).",
        "Encrypted media is only offered with outbound_protocol: tls/srtp: change the gateway to udp, tcp or tls "
        "(vapi_sip_trunk: gateways), or ask didlogic to enable it. Request G.711 on the number.",
        MEDIA,
        "INF",
    ),
    480: _sent(
        480,
        "unanswered",
        "customer",
        "The called phone is switched off, out of reach or not registered (SIP 480).",
        "Call again later. If it affects every number, didlogic has no route: report a number and the time to it.",
        "",
        f"OA; {STATUS_PAGE}",
    ),
    481: _sent(
        481,
        "failed",
        "telephony",
        "One side received a request for a call that it had already ended (SIP 481).",
        "A single occurrence is harmless. If calls are interrupted, compare the times in Vapi's packet capture with "
        "didlogic's call records, and try another transport (vapi_sip_trunk: gateways.outbound_protocol).",
        MEDIA,
        "INF",
    ),
    484: _sent(
        484,
        "failed",
        "telephony",
        "The dialed number is incomplete or in the wrong form (SIP 484).",
        "Give the full number with its country code (vapi_call: customer). Check which prefix Vapi adds "
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
        "The call was cancelled before anybody answered (SIP 487).",
        "",
        "",
        STATUS_PAGE,
    ),
    488: _sent(
        488,
        "failed",
        "trunk",
        "The two sides have no common codec or encryption (SIP 488).",
        "Use unencrypted media (vapi_sip_trunk: gateways with outbound_protocol: udp, tcp or tls, not tls/srtp), and "
        "enable G.711 on the didlogic number.",
        MEDIA,
        STATUS_PAGE,
    ),
    500: _sent(
        500,
        "failed",
        "trunk",
        "An upstream server failed while handling the call (SIP 500).",
        "Call again. If it persists, try another didlogic proxy (vapi_sip_trunk: gateways) and report it to didlogic.",
        "vapi_sip_trunk.gateways.ip",
        STATUS_PAGE,
    ),
    501: _sent(
        501,
        "failed",
        "trunk",
        "The gateway does not support Vapi's request (SIP 501).",
        "Check that the gateway is a didlogic proxy (vapi_sip_trunk: gateways); sip_probe: host lists its methods.",
        "vapi_sip_trunk.gateways.ip, sip_probe.host",
        "INF",
    ),
    502: _sent(
        502,
        "failed",
        "trunk",
        "didlogic received an invalid response from the upstream carrier (SIP 502).",
        "Call again. If one country fails, report it to didlogic; if all do, try another didlogic proxy "
        "(vapi_sip_trunk: gateways).",
        "vapi_sip_trunk.gateways.ip",
        STATUS_PAGE,
    ),
    503: _sent(
        503,
        "failed",
        "trunk",
        "didlogic could not handle the call (SIP 503): no free channel, no route, no balance, or an outage.",
        "Compare the concurrent calls with didlogic_sip_account: max_channels and lower vapi_campaign: "
        "max_concurrency. Check the balance (didlogic_account_info) and try another proxy (vapi_sip_trunk: gateways).",
        f"{CHANNELS}, vapi_sip_trunk.gateways.ip",
        f"OA; {STATUS_PAGE}",
    ),
    504: _sent(
        504,
        "failed",
        "trunk",
        "The upstream carrier timed out (SIP 504).",
        "Call again. If it persists, try another didlogic proxy (vapi_sip_trunk: gateways) and report it to didlogic.",
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
        "If many numbers decline, the caller ID may be blocked: use one of your numbers (didlogic_sip_account: "
        "caller_id), and call less often.",
        "didlogic_sip_account.caller_id",
        STATUS_PAGE,
    ),
    604: _sent(
        604,
        "failed",
        "customer",
        "The dialed number does not exist (SIP 604).",
        "Correct the customer's number (vapi_call: customer), or remove it from the list (vapi_campaign: customers).",
        "vapi_call.customer, vapi_campaign.customers",
        "INF",
    ),
    606: _sent(
        606,
        "failed",
        "trunk",
        "The other side was reached but does not accept the offered media (SIP 606).",
        "Use unencrypted media (vapi_sip_trunk: gateways with outbound_protocol: udp, tcp or tls, not tls/srtp), and "
        "enable G.711 on the didlogic number.",
        MEDIA,
        STATUS_PAGE,
    ),
}


def _back(status: int, outcome: Outcome, area: Area, cause: str, fix: str, option: str) -> Reason:
    return Reason(f"*inbound-sip-{status}-*", outcome, area, cause, fix, option, f"{STATUS_PAGE}; INF")


_UNLISTED = (
    "List every signalling address of didlogic as an inbound gateway (vapi_sip_trunk: gateways with ip and "
    "inbound_enabled: true), and check that the forward leads to this trunk (didlogic_forward: vapi_trunk_id)."
)
_NO_COMMON_MEDIA = (
    "Enable G.711 on the didlogic number, and use no encryption in the SIP URI of its forward (didlogic_forward: "
    "destination)."
)

#: Vapi's response to a call from didlogic.
INBOUND: dict[int, Reason] = {
    401: _back(
        401,
        "failed",
        "trunk",
        "Vapi did not recognise the source address of the call (SIP 401).",
        _UNLISTED,
        f"{INBOUND_ADDRESSES}, didlogic_forward.vapi_trunk_id",
    ),
    403: _back(
        403,
        "failed",
        "trunk",
        "Vapi rejected the call, usually because its source address is not on the trunk (SIP 403).",
        _UNLISTED,
        f"{INBOUND_ADDRESSES}, didlogic_forward.vapi_trunk_id",
    ),
    404: _back(
        404,
        "failed",
        "phone number",
        "The number does not exist on this trunk in Vapi (SIP 404).",
        "Use the same spelling on both sides: vapi_phone_number: number must equal the string before the @ of the "
        "forward (didlogic_forward: uri_user). Then check vapi_phone_number: trunk and the region of the forward.",
        "vapi_phone_number.number, vapi_phone_number.trunk, didlogic_forward.uri_user, didlogic_forward.region",
    ),
    408: _back(
        408,
        "failed",
        "telephony",
        "Vapi did not answer the call in time (SIP 408).",
        "Check that the forward contains the host of your region (didlogic_forward: region, destination). If it does, "
        "check Vapi's status page.",
        "didlogic_forward.region, didlogic_forward.destination",
    ),
    480: _back(
        480,
        "failed",
        "phone number",
        "Nobody in Vapi could answer the call (SIP 480).",
        "Assign an assistant to the phone number (vapi_phone_number: assistant), and check for hooks that reject calls "
        "(vapi_phone_number: hooks).",
        "vapi_phone_number.assistant, vapi_phone_number.hooks",
    ),
    487: _back(487, "cancelled", "customer", "The caller hung up before the assistant answered (SIP 487).", "", ""),
    488: _back(
        488,
        "failed",
        "telephony",
        "didlogic and Vapi have no common codec or encryption (SIP 488).",
        _NO_COMMON_MEDIA,
        "didlogic_forward.destination",
    ),
    500: _back(
        500,
        "failed",
        "vapi",
        "Vapi's SIP server failed while handling the call (SIP 500).",
        "Keep a second destination after Vapi, so that somebody answers (didlogic_forward: others: keep). If it "
        "persists, report the id of the call to Vapi's support.",
        "didlogic_forward.others",
    ),
    503: _back(
        503,
        "failed",
        "vapi",
        "Vapi had no capacity for the call, or an outage (SIP 503).",
        "Reserve lines for inbound calls (vapi_campaign: reserve_for_inbound), and keep a second destination after "
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

#: didlogic's response to a transfer request.
TRANSFER: dict[int, Reason] = {
    status: _passed(status, "failed", cause, REFER_FIX, REFER_OPTIONS)
    for status, cause in {
        401: "didlogic did not accept the login of the transfer (SIP 401).",
        403: "didlogic rejected the transfer: SIP REFER is disabled, or that target is not allowed (SIP 403).",
        405: "didlogic does not accept SIP REFER on this account (SIP 405).",
        407: "didlogic did not accept the login of the transfer (SIP 407).",
        501: "didlogic's gateway does not support SIP REFER (SIP 501).",
        603: "didlogic declined the transfer: SIP REFER is disabled, or that target is not allowed (SIP 603).",
    }.items()
} | {
    404: _passed(404, "failed", "didlogic found no such transfer target (SIP 404).", _TARGET_FIX, TRANSFER_TARGET),
    408: _passed(408, "failed", "The transfer target timed out (SIP 408).", _TARGET_FIX, TRANSFER_TARGET),
    480: _passed(
        480,
        "unanswered",
        "The transfer target was not reachable (SIP 480).",
        "Add a second target for these hours (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
    ),
    484: _passed(484, "failed", "The transfer target is an incomplete number (SIP 484).", _TARGET_FIX, TRANSFER_TARGET),
    486: _passed(
        486,
        "unanswered",
        "The transfer target was busy (SIP 486).",
        "Add a second target for busy hours (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
    ),
    487: _passed(487, "cancelled", "The transfer was cancelled before anybody answered (SIP 487).", "", ""),
    503: _passed(
        503,
        "failed",
        "didlogic could not place the call to the transfer target (SIP 503).",
        "A transfer needs its own channel and balance: raise didlogic_sip_account: max_channels and check the "
        "balance with didlogic_account_info.",
        "didlogic_sip_account.max_channels",
    ),
    600: _passed(
        600,
        "unanswered",
        "All phones of the transfer target were busy (SIP 600).",
        "Add a second target for busy hours (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
    ),
    604: _passed(604, "failed", "The transfer target does not exist (SIP 604).", _TARGET_FIX, TRANSFER_TARGET),
}

STATUSES: dict[Way, dict[int, Reason]] = {"outbound": OUTBOUND, "inbound": INBOUND, "transfer": TRANSFER}

#: A status without its own row, by its first digit.
CLASSES: dict[int, str] = {
    3: "The other side redirected the call, which was not followed",
    4: "The other side rejected the request",
    5: "A server on the call path failed",
    6: "The call cannot be completed anywhere",
}

# ---------------------------------------------------------------------------------------------------------- transfers

_SECOND_TARGET = "Add a second target or a fallback (vapi_transfer_tool: destinations, transfer_plan)."
_TARGETS = "vapi_transfer_tool.destinations, vapi_transfer_tool.destinations.transfer_plan"

CHOSEN = "vapi_phone_number.hooks, vapi_phone_number.server"
CHOSEN_FIX = (
    "Check the target in the hook or the server (vapi_phone_number: hooks, server), and ask didlogic whether it allows "
    "SIP REFER to that target."
)

FORWARDED = "assistant-forwarded-call"
TRANSFER_FAILED = "call.in-progress.error-transfer-failed"


def _handed(outcome: Outcome, cause: str, fix: str, option: str) -> Reason:
    return Reason(FORWARDED, outcome, "transfer", cause, fix, option, "OA; INF")


#: Results of a transfer in addition to the ended reason: the values of ``artifact.transfers[].status``, and whether
#: didlogic's records contain the leg to the transfer target.
HANDED: dict[str, Reason] = {
    "busy": _handed("unanswered", "The call was transferred, but the target was busy.", _SECOND_TARGET, _TARGETS),
    "no-answer": _handed("unanswered", "The call was transferred, but nobody answered.", _SECOND_TARGET, _TARGETS),
    "voicemail": _handed("unanswered", "The call was transferred, but a voicemail answered.", _SECOND_TARGET, _TARGETS),
    "cancelled": _handed("cancelled", "The transfer was cancelled before anybody answered.", "", ""),
    "failed": _handed("failed", "Vapi reports that the transfer failed.", REFER_FIX, REFER_OPTIONS),
    "connected": _handed("transferred", "Vapi reports that the caller was connected to the transfer target.", "", ""),
    "completed": _handed("transferred", "Vapi reports that the transfer was completed.", "", ""),
    "leg": _handed(
        "transferred", "The call was transferred, and didlogic's records contain the leg to the target.", "", ""
    ),
    "no leg": _handed(
        "failed",
        "Vapi sent the transfer request (SIP REFER), but didlogic's records contain no leg to the target: no phone "
        "rang.",
        REFER_FIX,
        REFER_OPTIONS,
    ),
    "no leg, but connected": _handed(
        "failed",
        "Vapi reports the transfer as connected, but didlogic's records contain no leg to the target; Vapi only knows "
        "the request.",
        REFER_FIX,
        REFER_OPTIONS,
    ),
    "unclear": _handed(
        "transferred",
        "Vapi sent the transfer request, but didlogic's records do not show whether the target's phone rang.",
        "Read the call again in a few minutes, when the records are complete. If it persists, ask didlogic whether SIP "
        "REFER is enabled, or use vapi_transfer_tool: sip_verb: dial.",
        SIP_VERB,
    ),
}

# ------------------------------------------------------------------------------------------------------ ended reasons

ENDED_PAGE = "DOC call-ended-reason"
ASSISTANT_SETTINGS = "vapi_phone_number.assistant, vapi_phone_number.squad"
VAPI_SUPPORT = "Call again. If it recurs, report the ids of the calls to Vapi's support; no option here fixes it."
NOT_DIDLOGIC = "Import the didlogic number with its trunk (vapi_phone_number: trunk) and use that one"

EXACT: tuple[Reason, ...] = (
    # Before the call: which assistant, which number, which customer.
    Reason(
        "call-start-error-neither-assistant-nor-server-set",
        "failed",
        "phone number",
        "Neither the phone number nor the call has an assistant, or a server that selects one.",
        "Assign an assistant or a squad to the number (vapi_phone_number: assistant, squad), or a server "
        "(vapi_phone_number: server). An outbound call needs vapi_call: assistant.",
        f"{ASSISTANT_SETTINGS}, vapi_phone_number.server, vapi_call.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-not-found",
        "failed",
        "assistant",
        "The assistant of the call does not exist in this organisation.",
        "Create it (vapi_assistant: name), or assign an existing one to the number (vapi_phone_number: assistant). A "
        "key of another region or organisation has access to other assistants.",
        "vapi_assistant.name, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-not-valid",
        "failed",
        "assistant",
        "Vapi rejected the assistant's configuration as invalid.",
        "Run vapi_assistant with the whole definition; Vapi's response contains the invalid field.",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.assistant-version-error-validation",
        "failed",
        "assistant",
        "The requested version of the assistant does not exist or is not valid.",
        "Use the assistant without a version to get the newest (vapi_call: assistant). With a squad, check its "
        "members, which can have fixed versions (vapi_call: squad).",
        "vapi_call.assistant, vapi_call.squad",
        "OA; INF",
    ),
    Reason(
        "call.start.squad-version-error-validation",
        "failed",
        "assistant",
        "The requested version of the squad does not exist, is not published or is not valid.",
        "Use the squad without a version to get the published one (vapi_call: squad), or publish that version in Vapi.",
        "vapi_call.squad",
        "SDK; INF",
    ),
    Reason(
        "call.start.error-get-assistant",
        "failed",
        "assistant",
        "Vapi could not read the assistant when the call began.",
        "Check that it still exists (vapi_assistant_info) and that the number or the call refers to it "
        "(vapi_phone_number: assistant, vapi_call: assistant).",
        "vapi_phone_number.assistant, vapi_call.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-phone-number",
        "failed",
        "phone number",
        "Vapi could not read the phone number when the call began: it is deleted, blocked or not ready yet.",
        "Import it again (vapi_phone_number: number, trunk), and use it in the call (vapi_call: phone_number, "
        "vapi_campaign: phone_number). Scheduled calls read the number when they start.",
        "vapi_phone_number.number, vapi_phone_number.trunk, vapi_call.phone_number, vapi_campaign.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-customer",
        "failed",
        "customer",
        "Vapi could not determine the customer to call.",
        "Give the customer a number with its country code or a SIP URI (vapi_call: customer, vapi_campaign: customers "
        "or csv).",
        "vapi_call.customer, vapi_campaign.customers, vapi_campaign.csv",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-resources-validation",
        "failed",
        "assistant",
        "The combination of assistant, tools and phone number failed Vapi's validation.",
        "Run vapi_assistant: definition, tools and vapi_transfer_tool: destinations again: Vapi's response has the "
        "invalid field. Also check the overrides of the call (vapi_call: assistant_overrides).",
        "vapi_assistant.definition, vapi_assistant.tools, vapi_transfer_tool.destinations, "
        "vapi_call.assistant_overrides",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-get-transport",
        "failed",
        "trunk",
        "Vapi could not set up the connection to the carrier.",
        "Check that the phone number has an existing trunk (vapi_phone_number: trunk) and that the trunk has a "
        "gateway for outbound calls (vapi_sip_trunk: gateways with outbound_enabled: true).",
        "vapi_phone_number.trunk, vapi_sip_trunk.gateways, vapi_sip_trunk.gateways.outbound_enabled",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapi-number-international",
        "failed",
        "phone number",
        "A free Vapi number was used for an international call, which is not supported.",
        "Call from a didlogic number instead (vapi_call: phone_number, vapi_campaign: phone_number).",
        "vapi_call.phone_number, vapi_campaign.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapi-number-outbound-daily-limit",
        "failed",
        "limits",
        "A free Vapi number reached its daily limit of calls.",
        "Call from a didlogic number instead (vapi_call: phone_number, vapi_campaign: phone_number), which has no such "
        "limit in Vapi.",
        "vapi_call.phone_number, vapi_campaign.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "scheduled-call-deleted",
        "cancelled",
        "campaign",
        "A scheduled call was deleted before it started.",
        "If that was not intended, check who cancelled the campaign (vapi_campaign: state: absent does), and schedule "
        "the call again (vapi_call: schedule_at).",
        "vapi_call.schedule_at, vapi_campaign.state",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapifault-get-org",
        "failed",
        "vapi",
        "Vapi could not read your organisation when the call began, because of an error in Vapi.",
        VAPI_SUPPORT,
        "",
        "OA; INF",
    ),
    Reason(
        "call.start.error-get-org",
        "failed",
        "vapi",
        "Vapi could not read your organisation when the call began.",
        "Check that key and region belong together (vapi_call: api_key, region). If they do, report the id of the call "
        "to Vapi's support.",
        "vapi_call.api_key, vapi_call.region",
        ENDED_PAGE,
    ),
    Reason(
        "call.start.error-vapifault-get-subscription",
        "failed",
        "vapi",
        "Vapi could not read your subscription when the call began, because of an error in Vapi.",
        VAPI_SUPPORT,
        "",
        "OA; INF",
    ),
    Reason(
        "call.start.error-get-subscription",
        "failed",
        "limits",
        "Vapi could not read your subscription when the call began.",
        "Check the billing page of Vapi's dashboard. If it shows no problem, report the id of the call to Vapi's "
        "support.",
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
        "The number of concurrent calls exceeded the lines of your Vapi plan.",
        "Reduce it (vapi_campaign: max_concurrency, account_concurrency) and reserve lines for inbound calls "
        "(vapi_campaign: reserve_for_inbound), or buy lines from Vapi.",
        "vapi_campaign.max_concurrency, vapi_campaign.account_concurrency, vapi_campaign.reserve_for_inbound",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-frozen",
        "failed",
        "limits",
        "Vapi has frozen your subscription after a payment failed.",
        "Correct the payment method in Vapi's dashboard. Until then no call starts; keep a second destination "
        "after Vapi for callers (didlogic_forward: others: keep).",
        "didlogic_forward.others",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-insufficient-credits",
        "failed",
        "limits",
        "Your Vapi account has too little credit for a call.",
        "Add credit in Vapi's dashboard and enable automatic top-up. Meanwhile keep a second destination after Vapi "
        "for callers (didlogic_forward: others: keep).",
        "didlogic_forward.others",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-wallet-does-not-exist",
        "failed",
        "limits",
        "Your Vapi subscription has no wallet for payments.",
        "Only Vapi's support can fix it: report the organisation and the id of the call.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-subscription-upgrade-failed",
        "failed",
        "limits",
        "Vapi's automatic upgrade of your subscription failed.",
        "Check plan and payment in Vapi's dashboard, or run fewer concurrent calls (vapi_campaign: max_concurrency).",
        "vapi_campaign.max_concurrency",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-fraud-check-failed",
        "failed",
        "limits",
        "Vapi classified the call as fraud and stopped it.",
        "Ask Vapi's support to unblock the account or the number. Meanwhile check the called numbers (vapi_call: "
        "customer, vapi_campaign: customers).",
        "vapi_call.customer, vapi_campaign.customers",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-enterprise-feature-not-available-recording-consent",
        "failed",
        "limits",
        "The assistant asks callers for consent to recording, which Vapi offers on enterprise plans only.",
        "Remove recordingConsentPlan from the compliance plan (vapi_assistant: definition.compliancePlan), or change "
        "your Vapi plan.",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    # The server that selects an assistant.
    Reason(
        "assistant-request-failed",
        "failed",
        "server",
        "Vapi's assistant request to your server timed out.",
        "Check address and timeout (vapi_phone_number: server), or assign an assistant, so that no request is needed "
        "(vapi_phone_number: assistant). Use a fallback for failures (vapi_phone_number: fallback_destination).",
        "vapi_phone_number.server, vapi_phone_number.assistant, vapi_phone_number.fallback_destination",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-error",
        "failed",
        "server",
        "Your server responded to Vapi's assistant request with an error, which was read to the caller.",
        "Check the log of the server (vapi_phone_number: server), or assign an assistant, so that no request is needed "
        "(vapi_phone_number: assistant).",
        "vapi_phone_number.server, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-unspeakable-error",
        "failed",
        "server",
        "Your server responded to Vapi's assistant request with an error that cannot be read to the caller.",
        "Return a short text for the caller from the server (vapi_phone_number: server), or assign an assistant "
        "(vapi_phone_number: assistant).",
        "vapi_phone_number.server, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-invalid-assistant",
        "failed",
        "server",
        "Your server returned an assistant that Vapi does not accept.",
        "Return the id of an assistant made by vapi_assistant (vapi_phone_number: server), or assign it to the "
        "number (vapi_phone_number: assistant).",
        "vapi_phone_number.server, vapi_phone_number.assistant",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-no-assistant",
        "failed",
        "server",
        "The number has no assistant, and your server returned none.",
        "Assign one (vapi_phone_number: assistant), or always return one from the server (vapi_phone_number: server).",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "assistant-request-returned-forwarding-phone-number",
        "transferred",
        "server",
        "Your server returned a phone number, and Vapi transferred the call to it without an assistant.",
        "If an assistant should answer, assign one (vapi_phone_number: assistant) or change the server's response.",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    # SIP, inbound and outbound. The statuses in Vapi's reasons have their own rows.
    *OUTBOUND.values(),
    Reason(
        "call.in-progress.error-sip-outbound-call-failed-to-connect",
        "failed",
        "trunk",
        "The call over the trunk failed; Vapi does not report didlogic's SIP status.",
        "Run sip_probe: host for the gateway; it tests protocol and password (vapi_sip_trunk: gateways, password). "
        "If it succeeds, dial without + (vapi_sip_trunk: outbound_leading_plus_enabled: false).",
        "vapi_sip_trunk.gateways, vapi_sip_trunk.password, vapi_sip_trunk.outbound_leading_plus_enabled, "
        "sip_probe.host",
        f"OA; {STATUS_PAGE}",
        sip="outbound",
    ),
    Reason(
        "call.in-progress.error-sip-inbound-call-failed-to-connect",
        "failed",
        "telephony",
        "A call from didlogic reached Vapi but was not connected.",
        "Run routing_audit, which checks the path from didlogic to the assistant. Check didlogic's addresses on the "
        "trunk (vapi_sip_trunk: gateways) and the spelling of the number (vapi_phone_number: number).",
        f"{INBOUND_ADDRESSES}, vapi_phone_number.number",
        f"OA; {ENDED_PAGE}",
        sip="inbound",
    ),
    Reason(
        "call.ringing.error-sip-inbound-call-failed-to-connect",
        "failed",
        "telephony",
        "A call from didlogic rang in Vapi but failed before the assistant answered.",
        "Check that the number has an assistant (vapi_phone_number: assistant) and no hook that ends calls "
        "(vapi_phone_number: hooks). Then check the codec of the didlogic number; use G.711.",
        "vapi_phone_number.assistant, vapi_phone_number.hooks",
        f"OA; {ENDED_PAGE}",
        sip="inbound",
    ),
    Reason(
        "call.ringing.sip-inbound-caller-hungup-before-call-connect",
        "unanswered",
        "customer",
        "The caller hung up before the assistant answered.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.sip-completed-call",
        "answered",
        "telephony",
        "The telephone side ended the call: the customer hung up, or didlogic ended it.",
        "If calls end after the same time or cost, check the limits of the SIP account (didlogic_sip_account: "
        "max_call_seconds, max_call_cost).",
        "didlogic_sip_account.max_call_seconds, didlogic_sip_account.max_call_cost",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-sip-telephony-provider-failed-to-connect-call",
        "failed",
        "trunk",
        "The carrier could not connect the call; this is an old reason of Vapi without details.",
        "Run sip_probe: host for the gateway, and check vapi_sip_trunk: gateways, username and password.",
        "vapi_sip_trunk.gateways, vapi_sip_trunk.username, vapi_sip_trunk.password, sip_probe.host",
        "DOC whats-new 2025-05-31",
        sip="outbound",
    ),
    Reason(
        "sip-outbound-unallocated-number",
        "failed",
        "customer",
        "The dialed number is not assigned.",
        "Remove it from the list of contacts (vapi_campaign: csv, customers), or correct it (vapi_call: customer). "
        "Calling again does not help.",
        "vapi_campaign.csv, vapi_campaign.customers, vapi_call.customer",
        "SDK; INF",
    ),
    Reason(
        "sip-outbound-carrier-released-call",
        "failed",
        "trunk",
        "didlogic or an upstream carrier ended the call.",
        "Check the balance (didlogic_account_info) and the limits of the SIP account (didlogic_sip_account: "
        "max_call_cost, max_call_seconds, max_channels). If they are not the cause, ask didlogic.",
        "didlogic_sip_account.max_call_cost, didlogic_sip_account.max_call_seconds, didlogic_sip_account.max_channels",
        "SDK; INF",
    ),
    # The media connection and Vapi's workers.
    Reason(
        "call.in-progress.error-providerfault-transport-never-connected",
        "failed",
        "trunk",
        "The carrier's side of the media connection was not established.",
        "Run sip_probe: host for the gateway and check its protocol (vapi_sip_trunk: gateways). Ask didlogic "
        "whether it allows Vapi's media (UDP 40000 to 60000).",
        "vapi_sip_trunk.gateways, vapi_sip_trunk.gateways.outbound_protocol, sip_probe.host",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-transport-never-connected",
        "failed",
        "vapi",
        "Vapi's side of the media connection was not established, because of an error in Vapi.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-transport-connected-but-call-not-active",
        "failed",
        "vapi",
        "The media connection was established after Vapi had already ended the call.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-call-started-but-connection-to-transport-missing",
        "failed",
        "vapi",
        "Vapi lost the media connection after the call had begun.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-worker-not-available",
        "failed",
        "vapi",
        "Vapi had no free worker for the call.",
        "Call again in a minute, and run campaigns with fewer concurrent calls (vapi_campaign: max_concurrency). If it "
        "recurs, report the ids of the calls to Vapi's support.",
        "vapi_campaign.max_concurrency",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.start.error-vapifault-worker-not-available",
        "failed",
        "vapi",
        "Vapi had no free worker to start the call.",
        "Call again in a minute, and run campaigns with fewer concurrent calls (vapi_campaign: max_concurrency). If it "
        "recurs, report the ids of the calls to Vapi's support.",
        "vapi_campaign.max_concurrency",
        "SDK; INF",
    ),
    Reason(
        "call.in-progress.error-vapifault-worker-died",
        "failed",
        "vapi",
        "The Vapi worker of the call crashed.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "worker-shutdown",
        "failed",
        "vapi",
        "Vapi stopped the worker of the call, for instance to update it.",
        "Call again if the customer was not called back automatically. If it happens often, report the ids of the "
        "calls to Vapi's support.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-vapifault-chat-pipeline-failed-to-start",
        "failed",
        "vapi",
        "Vapi could not start transcriber, model and voice for this call.",
        VAPI_SUPPORT,
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "phone-call-provider-closed-websocket",
        "failed",
        "telephony",
        "The media connection between carrier and Vapi was interrupted during the call.",
        "A single occurrence may be accidental. If there are more, compare the times with didlogic's records "
        "(didlogic_call_info) and report the ids of the calls to Vapi's support.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "phone-call-provider-bypass-enabled-but-no-call-received",
        "failed",
        "telephony",
        "The call was created with phoneCallProviderBypassEnabled, but your program did not connect it.",
        "Without such a program, place the call with vapi_call: phone_number and customer, so that Vapi dials.",
        "vapi_call.phone_number, vapi_call.customer",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-assistant-did-not-receive-customer-audio",
        "failed",
        "telephony",
        "The call was connected, but Vapi received no audio from the customer.",
        "If it happens on every call, media is blocked: use outbound_protocol: udp or tls instead of "
        "tls/srtp (vapi_sip_trunk: gateways), and ask didlogic about UDP 40000 to 60000.",
        MEDIA,
        f"OA; {ENDED_PAGE}",
    ),
    # Numbers of other carriers in the same organisation.
    Reason(
        "twilio-failed-to-connect-call",
        "failed",
        "telephony",
        "Twilio could not connect the call, so it did not use didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise check Twilio's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "twilio-reported-customer-misdialed",
        "failed",
        "customer",
        "Twilio rejected the dialed number as invalid.",
        "Correct the customer's number: country code and digits (vapi_call: customer, vapi_campaign: customers).",
        "vapi_call.customer, vapi_campaign.customers",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.twilio-completed-call",
        "answered",
        "telephony",
        "Twilio ended a call that did not use didlogic: the customer hung up, or Twilio ended it.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-disconnected",
        "failed",
        "telephony",
        "Vonage disconnected the call, so it did not use didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise check Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-failed-to-connect-call",
        "failed",
        "telephony",
        "Vonage could not connect the call, so it did not use didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise check Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-rejected",
        "failed",
        "telephony",
        "Vonage rejected the call, so it did not use didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise check Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "vonage-completed",
        "answered",
        "telephony",
        "Vonage ended a call that did not use didlogic: the customer hung up, or Vonage ended it.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    # Transfers.
    Reason(
        FORWARDED,
        "transferred",
        "transfer",
        "Vapi sent the carrier a transfer request (SIP REFER, unless sip_verb is set) and left the call; that does not "
        "prove that the target's phone rang.",
        "Read the call with vapi_call_info: didlogic_api_key, which searches didlogic's records for the leg to the "
        "target. If there is none, have SIP REFER enabled, or use vapi_transfer_tool: sip_verb: dial.",
        f"vapi_call_info.didlogic_api_key, {SIP_VERB}",
        "OA; DOC blind-transfer",
    ),
    Reason(
        TRANSFER_FAILED,
        "failed",
        "transfer",
        "The assistant's transfer failed.",
        REFER_FIX,
        REFER_OPTIONS,
        f"OA; {ENDED_PAGE}",
        sip="transfer",
    ),
    Reason(
        "call.forwarding.operator-busy",
        "unanswered",
        "transfer",
        "The call was transferred, but the target was busy.",
        _SECOND_TARGET,
        _TARGETS,
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.forwarding.no-answer",
        "unanswered",
        "transfer",
        "The call was transferred, but nobody answered.",
        "Let it ring longer (dialTimeout in vapi_transfer_tool: transfer_plan, with sip_verb: dial), or add a second "
        "target (vapi_transfer_tool: destinations).",
        f"{_TARGETS}, {SIP_VERB}",
        "OA; INF",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-max-duration",
        "failed",
        "transfer",
        "The conversation with the transfer target before the transfer exceeded its time limit.",
        "Shorten the message to the target (vapi_transfer_tool: transfer_plan), or use a blind transfer "
        "(vapi_transfer_tool: mode: blind-transfer), which is the mode for a SIP trunk.",
        "vapi_transfer_tool.destinations.transfer_plan, vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-assistant-cancelled",
        "failed",
        "transfer",
        "The assistant that talks to the transfer target first cancelled the transfer.",
        "Check its instructions (vapi_transfer_tool: transfer_plan), or use a blind transfer (vapi_transfer_tool: "
        "mode: blind-transfer).",
        "vapi_transfer_tool.destinations.transfer_plan, vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-silence-timeout",
        "failed",
        "transfer",
        "The transfer target answered but was silent for too long.",
        "Call that phone manually: a voicemail or a menu may answer. Or use a blind transfer, which does not wait for "
        "speech (vapi_transfer_tool: mode: blind-transfer).",
        "vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.in-progress.error-warm-transfer-microphone-timeout",
        "failed",
        "transfer",
        "No audio was received from the transfer target.",
        "Media is blocked on that leg: check its target (vapi_transfer_tool: destinations), or use a blind transfer "
        "(vapi_transfer_tool: mode: blind-transfer).",
        f"{TRANSFER_TARGET}, vapi_transfer_tool.destinations.mode",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-ended-call-before-warm-transfer",
        "answered",
        "customer",
        "The customer hung up before the transfer target was connected.",
        "If it happens often, inform customers of the wait (vapi_transfer_tool: message).",
        "vapi_transfer_tool.destinations.message",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-ended-call-after-warm-transfer-attempt",
        "answered",
        "customer",
        "The transfer target was not reached, and the customer hung up after that.",
        "If it happens often, add a second target (vapi_transfer_tool: destinations).",
        "vapi_transfer_tool.destinations",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-ended-call-during-transfer",
        "answered",
        "customer",
        "The customer hung up during the transfer.",
        "If it happens often, inform customers of the wait (vapi_transfer_tool: message).",
        "vapi_transfer_tool.destinations.message",
        f"OA; {ENDED_PAGE}",
    ),
    # Hooks of the phone number.
    Reason(
        "call.ringing.hook-executed-say",
        "unanswered",
        "phone number",
        "A hook of the phone number spoke its text to the caller and ended the call without an assistant.",
        "If assistants should answer, remove the call.ringing hook (vapi_phone_number: hooks).",
        "vapi_phone_number.hooks",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.ringing.hook-executed-transfer",
        "transferred",
        "phone number",
        "A hook of the phone number transferred the call while it was ringing, without an assistant.",
        "If assistants should answer, remove the call.ringing hook (vapi_phone_number: hooks).",
        "vapi_phone_number.hooks",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.ending.hook-executed-say",
        "failed",
        "server",
        "No assistant was available for the call, and a hook of the phone number spoke its text instead.",
        "Assign an assistant (vapi_phone_number: assistant), or fix the server that selects one "
        "(vapi_phone_number: server).",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call.ending.hook-executed-transfer",
        "transferred",
        "server",
        "No assistant was available for the call, and a hook of the phone number transferred it.",
        "Assign an assistant (vapi_phone_number: assistant), or fix the server that selects one "
        "(vapi_phone_number: server).",
        "vapi_phone_number.assistant, vapi_phone_number.server",
        f"OA; {ENDED_PAGE}",
    ),
    # Regular ends of a call.
    Reason("customer-ended-call", "answered", "customer", "The customer hung up.", "", "", f"OA; {ENDED_PAGE}"),
    Reason(
        "assistant-ended-call",
        "answered",
        "assistant",
        "The assistant ended the call as intended.",
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
        "The assistant ended the call as intended, with its task to hang up.",
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
        "The call was connected, but the assistant did not join in time.",
        "Call again. If it always affects one assistant, check what it loads first: model, voice, transcriber "
        "(vapi_assistant: definition).",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason("customer-busy", "unanswered", "customer", "The customer was busy.", "", "", f"OA; {ENDED_PAGE}"),
    Reason(
        "customer-did-not-answer",
        "unanswered",
        "customer",
        "The customer's phone rang, but nobody answered.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "customer-did-not-give-microphone-permission",
        "failed",
        "customer",
        "The customer's browser did not allow access to the microphone; this happens in web calls only.",
        "Request the microphone in the page before the call starts. Calls over didlogic are not affected.",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "voicemail",
        "unanswered",
        "customer",
        "A voicemail answered instead of the customer.",
        "If customers are mistaken for a voicemail, change or disable the detection (vapi_assistant: "
        "definition.voicemailDetection).",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "silence-timed-out",
        "answered",
        "assistant",
        "The silence exceeded the assistant's limit.",
        "If customers were only thinking, raise vapi_assistant: definition.silenceTimeoutSeconds. If it affects all "
        "calls, no audio is received: ask didlogic whether it allows Vapi's media (UDP 40000 to 60000).",
        "vapi_assistant.definition",
        "OA; DOC call-timeout-settings",
    ),
    Reason(
        "exceeded-max-duration",
        "answered",
        "assistant",
        "The call reached the assistant's maximum duration.",
        "If calls end too early, raise vapi_assistant: definition.maxDurationSeconds (10 to 43200; 600 if not set).",
        "vapi_assistant.definition",
        "OA; DOC call-timeout-settings",
    ),
    Reason(
        "manually-canceled",
        "cancelled",
        "telephony",
        "The call was ended or cancelled in the dashboard or through the API.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "call-deleted",
        "cancelled",
        "telephony",
        "The record of the call was deleted.",
        "",
        "",
        f"OA; {ENDED_PAGE}",
    ),
    # The model as a whole.
    Reason(
        "call.in-progress.error-configfault-transport-unsupported-for-model",
        "failed",
        "model",
        "The assistant's model does not support telephone calls.",
        "Choose another model (vapi_assistant: definition).",
        "vapi_assistant.definition",
        "SDK; INF",
    ),
    Reason(
        "call.in-progress.error-configfault-model-unsupported-in-squad",
        "failed",
        "model",
        "The model of an assistant does not support squads.",
        "Choose another model for that assistant (vapi_assistant: definition), or use it without a squad "
        "(vapi_phone_number: assistant, vapi_call: assistant).",
        "vapi_assistant.definition, vapi_phone_number.assistant, vapi_call.assistant",
        "SDK; INF",
    ),
    Reason(
        "call.in-progress.error-pipeline-no-available-llm-model",
        "failed",
        "model",
        "None of the assistant's models was available.",
        "Choose a model that your keys can use, and a second one (vapi_assistant: definition.model, with "
        "fallbackModels if available).",
        "vapi_assistant.definition",
        f"OA; {ENDED_PAGE}",
    ),
    Reason(
        "pipeline-no-available-llm-model",
        "failed",
        "model",
        "None of the assistant's models was available.",
        "Choose a model that your keys can use, and a second one (vapi_assistant: definition.model, with "
        "fallbackModels if available).",
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
_KEY = "Check the key of {provider} in Vapi; if it is Vapi's own, report it to Vapi's support"
_CREDIT = "Top up the account at {provider}, or report it to Vapi's support if the key is Vapi's own"
_TRANSCRIBER_2 = "a second transcriber can be configured (vapi_assistant: definition.transcriber.fallbackPlan)"
_VOICE_2 = "a second voice can be configured (vapi_assistant: definition.voice.fallbackPlan)"
_MODEL_2 = "choose another model meanwhile (vapi_assistant: definition.model)"


def _family(
    area: t.Literal["model", "voice", "transcriber"], cause: str, fix: str, *patterns: str, source: str
) -> tuple[Reason, ...]:
    """Rows with the same text for several patterns; the fix is an option of the assistant."""
    return tuple(Reason(pattern, "failed", area, cause, fix, _MODEL, source) for pattern in patterns)


FAMILIES: tuple[Reason, ...] = (
    # Speech to text, before the voices, because ElevenLabs and Cartesia offer both.
    *_family(
        "transcriber",
        "The transcriber of {provider} did not accept the key, or the key is missing.",
        f"{_KEY}. Note: {_TRANSCRIBER_2}.",
        "*-transcriber-api-key-missing",
        "*-transcriber-auth-failed",
        "*-returning-401-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} has no credit left.",
        f"{_CREDIT}. Note: {_TRANSCRIBER_2}.",
        "*-returning-400-insuffic*",
        source="OA; INF",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} does not include a model or feature that the assistant uses.",
        "Choose a transcriber model that your plan includes (vapi_assistant: definition.transcriber), or change the "
        "plan at {provider}.",
        "*-returning-400-paid-only-feature",
        "*-returning-403-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The limit of the transcriber of {provider} was exceeded.",
        f"Run fewer concurrent calls, or raise the limit at {{provider}}. Note: {_TRANSCRIBER_2}.",
        "*-transcriber-rate-limited",
        source="OA; INF",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} rejected its settings, such as model, language or word boosts.",
        "Correct vapi_assistant: definition.transcriber; not every model supports every language.",
        "*-transcriber-invalid-config",
        "*-returning-400-*",
        "*-returning-404-*",
        "*-returning-500-invalid-schema",
        "*-returning-500-word-boost-parsing-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} had an outage or closed the connection.",
        f"Call again and check the status page of {{provider}}; {_TRANSCRIBER_2}.",
        "*-transcriber-server-error",
        "*-returning-500-*",
        "*-returning-502-*",
        "*-returning-econnreset",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "transcriber",
        "The transcriber of {provider} failed, so the assistant received no text.",
        f"Check Vapi's log of the call for the error of {{provider}}; {_TRANSCRIBER_2}.",
        "*-transcriber-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    # Text to speech.
    *_family(
        "voice",
        "The voice provider {provider} does not have the voice, or not with these settings.",
        "Choose a voice that exists in the account whose key is used (vapi_assistant: definition.voice).",
        "*-eleven-labs-voice-not-found",
        "*-playht-invalid-voice",
        "*-playht-invalid-emotion",
        "*-playht-voice-must-be-a-valid-voice-manifest-uri",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "voice",
        "The voice provider {provider} has no credit or characters left.",
        f"{_CREDIT}. Note: {_VOICE_2}.",
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
        f"{_KEY}. Note: {_VOICE_2}.",
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
        "The concurrency limit of the voice provider {provider} was exceeded.",
        f"Run fewer concurrent calls, or raise the limit at {{provider}}; {_VOICE_2}.",
        "*-eleven-labs-blocked-concurrent-requests-*",
        "*-eleven-labs-system-busy-*",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice provider {provider} has blocked the account, the voice or the text.",
        "Only {provider} can remove the block; use another voice meanwhile (vapi_assistant: definition.voice).",
        "*-eleven-labs-blocked-*",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice at {provider} cannot be used: it is disabled, not finished, or has no samples.",
        "Finish or release the voice at {provider}, or use another one (vapi_assistant: definition.voice).",
        "*-voice-disabled-by-owner",
        "*-eleven-labs-voice-not-fine-tuned*",
        "*-eleven-labs-invalid-voice-samples",
        "*-eleven-labs-missing-samples-for-voice-clone",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice provider {provider} had an outage, was too slow or closed the connection.",
        f"Call again and check the status page of {{provider}}; {_VOICE_2}.",
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
        "The video of {provider} failed, which is only for video calls.",
        "Use a voice without video for phone calls (vapi_assistant: definition.voice).",
        "*-video-failed",
        source="OA; INF",
    ),
    *_family(
        "voice",
        "The voice of {provider} failed, so the assistant could not speak.",
        f"Check Vapi's log of the call for the error of {{provider}}; {_VOICE_2}.",
        "*-voice-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    # The language model. With pipeline-error- the key is the user's, or the reason is an old one.
    *_family(
        "model",
        "The model of {provider} rejected the request as invalid: name of the model, messages or settings.",
        "Correct vapi_assistant: definition.model; Vapi's log of the call contains the error of {provider}.",
        "*-400-bad-request-validation-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} did not accept the key in Vapi.",
        f"Set a valid key of {{provider}} in Vapi, or {_MODEL_2}. If the key is Vapi's own, report it to its support.",
        "pipeline-error-*-401-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} did not accept Vapi's own key.",
        f"Report it to Vapi's support, and {_MODEL_2}.",
        "*-vapifault-*-401-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The key has no permission for this model of {provider}.",
        "Choose a model that the key can use (vapi_assistant: definition.model), or request access at {provider}.",
        "*-403-model-access-denied",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The account exceeded a rate limit or quota of the model of {provider}.",
        f"Top up or raise the limit at {{provider}}, run fewer concurrent calls, or {_MODEL_2}.",
        "pipeline-error-*-429-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "Vapi's own account at {provider} exceeded its quota for the model.",
        f"Call again later, or {_MODEL_2}. If it persists, report it to Vapi's support.",
        "*-vapifault-*-429-*",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} had an internal error.",
        f"Call again and check the status page of {{provider}}. If it persists, {_MODEL_2}.",
        "*-500-server-error",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} was overloaded.",
        f"Call again after a short time. If it persists, {_MODEL_2}.",
        "*-503-server-overloaded-error",
        source=f"OA; {ENDED_PAGE}",
    ),
    *_family(
        "model",
        "The model of {provider} failed, so the assistant had nothing to say.",
        f"Check Vapi's log of the call for the error of {{provider}}. If it persists, {_MODEL_2}.",
        "*-llm-failed",
        source=f"OA; {ENDED_PAGE}",
    ),
)

# ----------------------------------------------------------------------------------- reasons that are not in the list

AFTER_START: tuple[Reason, ...] = (
    Reason(
        "twilio-*",
        "failed",
        "telephony",
        "Twilio ended the call ({reason}), so it did not use didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise check Twilio's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        "INF",
    ),
    Reason(
        "vonage-*",
        "failed",
        "telephony",
        "Vonage ended the call ({reason}), so it did not use didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise check Vonage's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        "INF",
    ),
    Reason(
        "*telnyx-*",
        "failed",
        "telephony",
        "Telnyx ended the call ({reason}), so it did not use didlogic.",
        f"{NOT_DIDLOGIC} (vapi_call: phone_number). Otherwise check Telnyx's call log.",
        "vapi_phone_number.trunk, vapi_call.phone_number",
        "INF",
    ),
    Reason(
        "call.start.error-subscription-*",
        "failed",
        "limits",
        "Your Vapi subscription did not allow the call ({reason}).",
        "Check plan, payment and lines in Vapi's dashboard. If the lines are insufficient, run fewer concurrent calls "
        "(vapi_campaign: max_concurrency).",
        "vapi_campaign.max_concurrency",
        "INF",
    ),
    Reason(
        "call.start.*",
        "failed",
        "assistant",
        "The call failed before it began ({reason}).",
        "Run routing_audit, which checks number, trunk and assistant, and read Vapi's message on the call.",
        "",
        "INF",
    ),
    Reason(
        "sip-outbound-*",
        "failed",
        "trunk",
        "The outbound call through didlogic failed ({reason}).",
        "Check didlogic's record of the call (didlogic_call_info), and run routing_audit, which checks number, trunk "
        "and SIP account.",
        "",
        "INF",
    ),
    Reason(
        "*configfault*",
        "failed",
        "assistant",
        "Vapi reports an invalid configuration ({reason}).",
        "Read Vapi's message on the call and correct the assistant (vapi_assistant: definition).",
        "vapi_assistant.definition",
        "INF",
    ),
    Reason(
        "*warm-transfer*",
        "failed",
        "transfer",
        "A transfer with a conversation with the target first failed ({reason}).",
        "Use a blind transfer (vapi_transfer_tool: mode: blind-transfer), which is the mode for a SIP trunk.",
        "vapi_transfer_tool.destinations.mode",
        "INF",
    ),
    Reason(
        "call.in-progress.error-vapifault-*",
        "failed",
        "vapi",
        "The call failed because of an error in Vapi ({reason}).",
        VAPI_SUPPORT,
        "",
        f"{ENDED_PAGE}; INF",
    ),
    Reason(
        "call.in-progress.error-providerfault-*",
        "failed",
        "vapi",
        "A provider of Vapi failed ({reason}).",
        "Call again, and check the status page of the provider in the reason. If it persists, choose another "
        "one (vapi_assistant: definition).",
        "vapi_assistant.definition",
        f"{ENDED_PAGE}; INF",
    ),
    Reason(
        "pipeline-error-*",
        "failed",
        "model",
        "The transcriber, the model or the voice failed ({reason}).",
        "Check key and credit of the provider in the reason, or choose another one (vapi_assistant: definition).",
        "vapi_assistant.definition",
        f"{ENDED_PAGE}; INF",
    ),
)

UNKNOWN = Reason(
    "*",
    "unknown",
    "vapi",
    "The ended reason {reason} is unknown to this version of the collection.",
    "Read Vapi's message and log of the call, and check for a newer version of the collection. Meanwhile, "
    "routing_audit checks the call path of the number.",
    "",
    "INF",
)

REASONS: tuple[Reason, ...] = (*EXACT, *FAMILIES, *AFTER_START, UNKNOWN)

# ------------------------------------------------------------------------------------------------------------ outages

#: Ended reasons that a caller cannot cause by any content or number of calls: Vapi fails before the call begins, or
#: before anything from the caller is processed (DOC call-ended-reason: vapifault), or a supplier's gateway is down or
#: overloaded (INF from RFC 9110: 502 and 503 do not depend on the content of the request).
#: Intentionally excluded: 500 and 504, which a caller's speech can cause; silence, media and SIP; credit and rate
#: limits, which many calls exhaust; worker-died, which malicious media can cause.
#: Every reason is in Vapi's description: no automatic action follows from a word that is similar to a known one. The
#: providers without one are the organisation's own servers, which a caller can overload: anyscale, baseten, custom,
#: runpod.
OUTAGES: frozenset[str] = frozenset({
    "call.start.error-vapifault-database-error",
    "call.start.error-vapifault-get-org",
    "call.start.error-vapifault-get-subscription",
    "call.start.error-vapifault-worker-not-available",
    "call.in-progress.error-vapifault-chat-pipeline-failed-to-start",
    "call.in-progress.error-vapifault-worker-not-available",
    "pipeline-error-cartesia-502-server-error",
    *(
        f"{prefix}-{supplier}"
        for prefix in ("pipeline-error", "call.in-progress.error-providerfault")
        for supplier in (
            "cartesia-503-server-error",
            "cartesia-522-server-error",
            "deepgram-returning-502-bad-gateway-ehostunreach",
            "deepgram-returning-502-network-error",
            "eleven-labs-503-server-error",
            "playht-502-gateway-error",
            *(
                f"{model}-503-server-overloaded-error"
                for model in (
                    "anthropic", "anthropic-bedrock", "anthropic-vertex", "azure-openai", "cerebras", "deep-seek",
                    "deepinfra", "google", "groq", "inflection-ai", "minimax", "mistral", "openai", "openrouter",
                    "perplexity-ai", "together-ai", "vapi", "xai",
                )
            ),
        )
    ),
})  # fmt: skip

#: Names of the providers in reasons.
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
#: Words that make an unlisted reason of a known family a failure.
_FAILURE = re.compile(r"error|fail|fault|invalid|reject")
#: Areas in which a three-digit number in Vapi's message may be a SIP status; otherwise it is a model's HTTP status.
_SIP_AREAS: frozenset[Area] = frozenset({"telephony", "trunk", "phone number", "transfer", "customer"})


@functools.lru_cache(maxsize=1024)
def find_row(reason: str) -> Reason:
    """The row for an ended reason.

    :param reason: Vapi's ``endedReason``. :return: the row; there is one for every reason.
    """
    return next(row for row in REASONS if fnmatch.fnmatchcase(reason, row.pattern))


def cause_of(reason: str) -> str | None:
    """An identifier of the cause of an ended call, from a limited set, such as for the label of a metric.

    :param reason: Vapi's ``endedReason``.
    :return: the pattern of its row, which is the reason itself if the table contains it; ``None`` if it is unknown.
    """
    row = find_row(reason.strip())
    return None if row is UNKNOWN else row.pattern


def is_outage(reason: str | None) -> bool:
    """Whether an ended reason proves an outage of Vapi or one of its suppliers, which no caller can cause.

    Automatic actions may depend on this, but never on ``Diagnosis.outcome`` alone, because callers cause many failures.

    :param reason: Vapi's ``endedReason``; ``None`` while the call has not ended.
    :return: the result; false for an unknown reason.
    """
    return (reason or "").strip() in OUTAGES


def provider_in(reason: str) -> str:
    """The name of the provider in a reason."""
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
    """The SIP status in a message of Vapi; ``None`` if there is none or it is uncertain."""
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
    transfers: Sequence[Mapping[str, object]] = (),
    carrier: Mapping[str, object] | None = None,
) -> Diagnosis | None:
    """Diagnose an ended call.

    :param reason: Vapi's ``endedReason``. :param message: Vapi's ``endedMessage``.
    :param transfers: Vapi's ``artifact.transfers``.
    :param carrier: data of didlogic's records, ``None`` if they were not read: ``transfer_leg`` is whether they contain
        the leg to the transfer target, ``None`` if that cannot be determined.
    :return: the diagnosis; ``None`` while the call has not ended.
    """
    reason = (reason or "").strip()
    if not reason:
        return None
    row = find_row(reason)
    if row in AFTER_START and not _FAILURE.search(reason):
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
    """The row for an unknown ended reason with a SIP status."""
    if status in STATUSES[way]:
        return STATUSES[way][status]
    cause = f"{CLASSES[status // 100]} (SIP {status}); this version of the collection has no details for that status."
    fix = "Ask didlogic for details of the call, and run sip_probe: host for the gateway (vapi_sip_trunk: gateways)."
    option = "vapi_sip_trunk.gateways, sip_probe.host"
    return replace(UNKNOWN, outcome="failed", area="trunk", cause=cause, fix=fix, option=option)


def _by_evidence(
    row: Reason, transfers: Sequence[Mapping[str, object]], carrier: Mapping[str, object] | None
) -> Reason:
    """The result of a transfer: the last attempt counts, and didlogic's records take precedence over Vapi's status."""
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
    # The target was chosen by a hook or a server, not by a tool of the assistant.
    return replace(found, fix=CHOSEN_FIX, option=CHOSEN) if found.fix else found
