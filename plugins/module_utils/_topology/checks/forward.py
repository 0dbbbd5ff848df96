# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of didlogic's destinations that lead to Vapi."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import (
    Hit,
    check,
    hits_if,
    severity_by_route,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    display_name,
    is_at_vapi,
    leads_to,
    uri_of,
    user_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    SIP_HOST,
    holds_key,
    label_of,
    region_of,
)


@check(
    "private-key-in-uri",
    severity="error",
    step="forward",
    evidence="documented",
    source="Vapi's guide to didlogic",
    message="A SIP URI in didlogic contains Vapi's private key, which is readable in the account and in SIP messages.",
    fix="Replace it with didlogic_forward: vapi_trunk_id and heal_private_key. Then create a new key in Vapi and "
    "delete the old one, because it has been exposed.",
)
def private_key(path: CallPath) -> list[Hit]:
    """A destination contains Vapi's private key.

    :param path: the call path. :return: the findings.
    """
    hits = [entry for entry in path.to_vapi if holds_key(uri_of(entry), path.snapshot.key)]
    return hits_if(hits)


def _unknown(path: CallPath) -> list[Entry]:
    """Destinations at a Vapi host with a label that is neither a trunk id nor the key."""
    return [
        entry
        for entry in path.to_vapi
        if label_of(uri_of(entry)) and not path.trunk_of(entry) and not holds_key(uri_of(entry), path.snapshot.key)
    ]


@check(
    "unknown-trunk",
    severity="error",
    step="forward",
    evidence="documented",
    source="Vapi's guide to didlogic: the label is the id of a trunk of the organisation",
    message="Calls are sent to a trunk that this Vapi organisation does not have. The label is not shown, because "
    "it may be a private key.",
    fix="Forward to the trunk's id with didlogic_forward: vapi_trunk_id. If the label is a private key of yours, "
    "create a new key in Vapi and delete the old one.",
)
def unknown_trunk(path: CallPath) -> list[Hit]:
    """The first active destination leads to an unknown trunk.

    :param path: the call path. :return: the findings.
    """
    return hits_if(path.first_active in _unknown(path))


@check(
    "unknown-label",
    severity="warning",
    step="forward",
    evidence="documented",
    source="Vapi's guide to didlogic: the label is the id of a trunk of the organisation",
    message="A destination after the first leads to a trunk that this Vapi organisation does not have. The label "
    "is not shown, because it may be a private key.",
    fix="Remove the destination with didlogic_forward: state absent, or in didlogic's portal. If the label is a "
    "private key of yours, create a new key in Vapi and delete the old one.",
)
def unknown_label(path: CallPath) -> list[Hit]:
    """Such a destination after another one affects no call, but its label may be a key.

    :param path: the call path. :return: the findings.
    """
    return hits_if([entry for entry in _unknown(path) if entry is not path.first_active])


@check(
    "wrong-region",
    severity="error",
    lower=("warning",),
    step="forward",
    evidence="documented",
    source="Vapi's guide to SIP trunks: the regions share nothing",
    message="A destination leads to another region's SIP host than the trunk's, which is {region}; Vapi responds "
    "with 404.",
    fix="Forward to {host} with didlogic_forward: region.",
)
def wrong_region(path: CallPath) -> list[Hit]:
    """A destination leads to another region's SIP host.

    :param path: the call path. :return: the findings.
    """
    found = [e for e in path.to_vapi if _elsewhere(path, e) and path.trunk_of(e)]
    lowered = {} if path.first_active in found else {"severity": "warning"}
    return hits_if(found, host=SIP_HOST[path.snapshot.region], region=path.snapshot.region, **lowered)


def _elsewhere(path: CallPath, entry: Entry) -> bool:
    return is_at_vapi(entry) and region_of(uri_of(entry)) != path.snapshot.region


@check(
    "no-label",
    severity="warning",
    step="forward",
    evidence="inferred",
    source="other carriers' guides contain such a host; how Vapi then selects the trunk is not documented",
    message="A destination leads to Vapi's SIP host without a trunk id, so the trunk is not determined.",
    fix="Forward to the trunk's id with didlogic_forward: vapi_trunk_id.",
)
def no_label(path: CallPath) -> list[Hit]:
    """A destination leads to Vapi's SIP host without a trunk id.

    :param path: the call path. :return: the findings.
    """
    return hits_if(any(is_at_vapi(entry) and not label_of(uri_of(entry)) for entry in path.to_vapi))


@check(
    "dead-fail-over",
    severity="warning",
    step="forward",
    evidence="seen live",
    source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
    message="A further destination leads to the trunk {trunk}, {why}: it cannot receive calls.",
    fix="Remove it with didlogic_forward: state absent, or assign an assistant with vapi_phone_number.",
)
def dead_fail_over(path: CallPath) -> list[Hit]:
    """Further destinations whose trunk or number in Vapi cannot receive calls.

    Other checks report other regions and missing trunks.

    :param path: the call path. :return: the findings.
    """
    dead = {
        display_name(path.trunk_of(entry)): path.obstacle(entry)
        for entry in path.to_vapi
        if entry.active and entry is not path.forward and path.trunk_of(entry) and not _elsewhere(path, entry)
    }
    return [{"trunk": trunk, "why": why} for trunk, why in dead.items() if why]


@check(
    "sip-account-gone",
    severity="warning",
    step="forward",
    evidence="inferred",
    source="the account's list of SIP accounts does not contain it",
    message="A destination is the SIP account {login}, which this didlogic account does not have.",
    fix="Remove it with didlogic_forward: state absent, or use an existing one.",
)
def no_sip_account(path: CallPath) -> list[Hit]:
    """A destination is a SIP account that does not exist.

    :param path: the call path. :return: the findings.
    """
    gone = [path.snapshot.missing_login(entry) for entry in path.entries if entry.active]
    return [{"login": login} for login in dict.fromkeys(gone) if login]


@check(
    "not-first",
    severity="warning",
    step="forward",
    evidence="inferred",
    source="didlogic's guides require the destination at the top; that this is the lowest priority is a conclusion",
    message="Calls go to another destination first ({first}); Vapi is only tried if that does not answer.",
    fix="Put Vapi first with didlogic_forward: position first.",
)
def not_first(path: CallPath) -> list[Hit]:
    """Another destination precedes the one that leads to Vapi.

    :param path: the call path. :return: the findings.
    """
    lead = path.first_active
    if not lead or lead in path.to_vapi:
        return []
    return hits_if(any(entry.active for entry in path.to_vapi), first=leads_to(path, lead))


@check(
    "switched-off",
    severity="error",
    lower=("warning",),
    step="forward",
    evidence="documented",
    source="didlogic's API documentation of destinations",
    message="The destination that leads to Vapi is disabled.",
    fix="Enable it with didlogic_forward: active.",
)
def switched_off(path: CallPath) -> list[Hit]:
    """The destination that leads to Vapi is disabled.

    :param path: the call path. :return: the findings.
    """
    return hits_if(path.to_vapi and not any(entry.active for entry in path.to_vapi), **severity_by_route(path))


@check(
    "no-destination",
    severity="error",
    step="forward",
    evidence="documented",
    source="didlogic's API documentation of destinations",
    message="The number has destinations, but none is active: calls to it fail.",
    fix="Enable one, or forward the number to Vapi with didlogic_forward.",
)
def no_destination(path: CallPath) -> list[Hit]:
    """The number has destinations, but none that is active.

    :param path: the call path. :return: the findings.
    """
    return hits_if(path.bought and path.entries and not path.to_vapi and not path.first_active)


@check(
    "unknown-kind",
    severity="info",
    step="forward",
    evidence="documented",
    source="didlogic's package for Pipecat: WebSocket destinations",
    message="No destination is known to answer, but an active one is of a kind that this collection does not know, "
    "such as a WebSocket: whether it answers calls was not checked.",
    fix="Check it in didlogic's portal, or forward the number to Vapi with didlogic_forward.",
)
def unknown_kind(path: CallPath) -> list[Hit]:
    """Only destinations of unknown kinds may answer.

    :param path: the call path. :return: the findings.
    """
    return hits_if(any(map(path.is_unknown, path.entries)) and not any(map(path.can_answer, path.entries)))


@check(
    "no-forward",
    severity="warning",
    lower=("info",),
    step="forward",
    evidence="documented",
    source="didlogic's API documentation of destinations",
    message="The number has no destination{note}: calls to it fail.",
    fix="Forward it with didlogic_forward, or return the number to didlogic.",
)
def no_forward(path: CallPath) -> list[Hit]:
    """The number has no destination.

    :param path: the call path. :return: the findings.
    """
    if not path.bought or path.entries:
        return []
    if any(map(path.snapshot.answers, path.phones)):
        return hits_if(True, note=", although in Vapi it has somebody who answers")
    return hits_if(True, note="", severity="info")


@check(
    "not-forwarded",
    severity="info",
    step="forward",
    evidence="documented",
    source="didlogic's API documentation of destinations",
    message="The number exists in Vapi, but no destination leads there: it is used for outbound calls only.",
    fix="Forward it with didlogic_forward if Vapi should answer calls.",
)
def not_forwarded(path: CallPath) -> list[Hit]:
    """The number exists in Vapi, but no destination leads there.

    :param path: the call path. :return: the findings.
    """
    unknown = path.first_active is not None and path.is_unknown(path.first_active)
    return hits_if(path.bought and path.phone and path.entries and not path.to_vapi and not unknown)


@check(
    "other-number",
    severity="warning",
    step="forward",
    evidence="inferred",
    source="conclusion from the lists of both services",
    message="The forward calls {user}, which is a different number.",
    fix="If that is not intended, forward to this number with didlogic_forward: uri_user.",
)
def other_user(path: CallPath) -> list[Hit]:
    """The forward calls another number.

    :param path: the call path. :return: the findings.
    """
    if not path.forward or not label_of(uri_of(path.forward)):
        return []
    user = user_of(path.forward)
    return hits_if(digits(user) != path.number, user=user)


@check(
    "no-failover",
    severity="info",
    step="forward",
    evidence="documented",
    source="didlogic's API documentation of destinations",
    message="Vapi answers the number, and no other destination can: calls to it fail while Vapi cannot be reached.",
    fix="Declare one with the role: numbers[].failover, or append one with didlogic_forward: position any.",
)
def no_failover(path: CallPath) -> list[Hit]:
    """Only Vapi can answer the number. A destination of an unknown kind does not count.

    :param path: the call path. :return: the findings.
    """
    answering = [entry for entry in path.entries if path.can_answer(entry)]
    return hits_if(answering and all(entry in path.to_vapi for entry in answering))
