# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the SIP trunk and its gateways."""

from __future__ import annotations

import collections

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted, is_ipv4
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import (
    Hit,
    check,
    hits_if,
    severity_by_route,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    display_name,
    gateways,
    inbound_gateways,
    is_at_vapi,
    login_of,
)


@check(
    "other-trunk",
    severity="error",
    lower=("warning",),
    step="trunk",
    evidence="seen live",
    source="reports of live accounts: a number without an object on that trunk reaches Vapi and no assistant",
    message="The forward leads to the trunk {there}, but the phone number is on the trunk {here}: Vapi does not "
    "find it.",
    fix="Use the same trunk: vapi_phone_number: trunk, or didlogic_forward: vapi_trunk_id.",
)
def other_trunk(path: CallPath) -> list[Hit]:
    """The forward and the phone number are on different trunks.

    :param path: the call path. :return: the findings.
    """
    trunk = path.trunk_of(path.forward) if path.forward else None
    wrong = trunk and path.trunk and trunk["id"] != path.trunk["id"]
    return hits_if(wrong, there=display_name(trunk), here=display_name(path.trunk), **severity_by_route(path))


@check(
    "no-trunk",
    severity="error",
    step="trunk",
    evidence="documented",
    source="Vapi's published API description: a number's calls use the trunk that it refers to",
    message="The phone number is on a trunk that does not exist: inbound and outbound calls fail.",
    fix="Assign one with vapi_phone_number: trunk.",
)
def no_trunk(path: CallPath) -> list[Hit]:
    """The phone number's trunk does not exist.

    :param path: the call path. :return: the findings.
    """
    return hits_if(path.phone and not path.trunk)


@check(
    "other-carrier",
    severity="info",
    step="trunk",
    evidence="inferred",
    source="known gateways of didlogic, and the destinations of its numbers",
    message="No gateway of the trunk ({hosts}) is known as didlogic's and no destination in didlogic leads to it: "
    "the trunk and its {count} belong to another carrier and were not checked.",
    fix="No action is needed. If it is intended for didlogic, set its gateway with vapi_sip_trunk: gateways.",
)
def other_carrier(snapshot: Snapshot) -> list[Hit]:
    """Trunks of other carriers, which are not checked.

    :param snapshot: both accounts. :return: the findings.
    """
    looked_at = {str(path.trunk["id"]) for path in snapshot.call_paths if path.trunk}
    return [
        _of_trunk(
            row,
            hosts=", ".join(str(gateway.get("ip")) for gateway in gateways(row)) or "none",
            count=counted(sum(str(p.get("credentialId")) == str(row["id"]) for p in snapshot.phones), "phone number"),
        )
        for row in snapshot.trunks
        if not snapshot.is_didlogic(row) and (not snapshot.declared_numbers or str(row["id"]) in looked_at)
    ]


@check(
    "unused-trunk",
    severity="info",
    step="trunk",
    evidence="inferred",
    source="conclusion from the lists of both services",
    message="No phone number uses the trunk, so it carries no calls.",
    fix="Assign numbers to it with vapi_phone_number: trunk, or remove it with vapi_sip_trunk: state absent.",
)
def unused_trunk(snapshot: Snapshot) -> list[Hit]:
    """Trunks without phone numbers. Only if all numbers are audited.

    :param snapshot: both accounts. :return: the findings.
    """
    used = {str(row.get("credentialId")) for row in snapshot.phones}
    rows = () if snapshot.declared_numbers else snapshot.trunks
    return [_of_trunk(row) for row in rows if snapshot.is_didlogic(row) and str(row["id"]) not in used]


@check(
    "doubled-trunk",
    severity="warning",
    step="trunk",
    evidence="inferred",
    source="conclusion from the lists of both services",
    message="{count} trunks have this name, so the wrong one may be changed by mistake.",
    fix="Remove those that no phone number uses with vapi_sip_trunk: id and state absent.",
)
def duplicate_trunk_name(snapshot: Snapshot) -> list[Hit]:
    """Several trunks have the same name.

    :param snapshot: both accounts. :return: the findings.
    """
    names = collections.Counter(display_name(row) for row in snapshot.trunks)
    ours = snapshot.trunks if not snapshot.declared_numbers else used_trunks(snapshot)
    known = {display_name(row) for row in ours if snapshot.is_didlogic(row)}
    return [
        {"subject": f"trunk {name}", "count": str(count)}
        for name, count in names.items()
        if count > 1 and name in known
    ]


@check(
    "doubled-registration",
    severity="warning",
    step="trunk",
    evidence="inferred",
    source="which of several registrations of a SIP account receives calls is not documented",
    message="The trunks {trunks} register with this SIP account: which of them receives its calls is not documented.",
    fix="Use another SIP account for all but one, with vapi_sip_trunk: register.",
)
def duplicate_registration(snapshot: Snapshot) -> list[Hit]:
    """Several trunks register with the same SIP account.

    :param snapshot: both accounts. :return: the findings.
    """
    used = {str(row["id"]) for row in used_trunks(snapshot)}
    return [
        {"subject": f"SIP account {login}", "trunks": ", ".join(map(display_name, rows))}
        for login, rows in snapshot.registered.items()
        if len(rows) > 1 and used & {str(row["id"]) for row in rows}
    ]


@check(
    "no-inbound-gateway",
    severity="warning",
    step="trunk",
    evidence="documented",
    source="Vapi's guide to SIP trunks",
    message="No gateway allows didlogic's addresses: according to its guide, Vapi rejects inbound calls to the SIP URI "
    "of the trunk with 401.",
    fix="Add didlogic's signalling addresses with vapi_sip_trunk: gateways (outbound_enabled: false).",
)
def no_inbound(snapshot: Snapshot) -> list[Hit]:
    """A trunk has no gateway for inbound calls.

    :param snapshot: both accounts. :return: the findings.
    """
    forwarded = {
        str(path.trunk["id"]) for path in snapshot.call_paths if path.trunk and any(map(is_at_vapi, path.entries))
    }
    return [
        _of_trunk(row) for row in used_trunks(snapshot) if not inbound_gateways(row) and str(row["id"]) in forwarded
    ]


@check(
    "host-name-inbound",
    severity="error",
    step="trunk",
    evidence="documented",
    source="Vapi's guide to SIP trunks",
    message="The gateway {host} is a host name with inbound calls enabled: Vapi checks addresses only.",
    fix="Set inbound_enabled: false there in vapi_sip_trunk: gateways, and add didlogic's IPv4 addresses.",
)
def inbound_host(snapshot: Snapshot) -> list[Hit]:
    """A gateway for inbound calls is a host name.

    :param snapshot: both accounts. :return: the findings.
    """
    return [
        _of_trunk(row, host=gateway.get("ip"))
        for row in used_trunks(snapshot)
        for gateway in gateways(row)
        if gateway.get("inboundEnabled", True) and not is_ipv4(str(gateway.get("ip")))
    ]


@check(
    "no-outbound-gateway",
    severity="warning",
    step="trunk",
    evidence="documented",
    source="Vapi's guide to SIP trunks",
    message="No gateway is enabled for outbound calls: Vapi can neither call nor transfer.",
    fix="Add didlogic's proxy with vapi_sip_trunk: gateways (outbound_enabled: true).",
)
def no_outbound(snapshot: Snapshot) -> list[Hit]:
    """A trunk has no gateway for outbound calls.

    :param snapshot: both accounts. :return: the findings.
    """
    return [
        _of_trunk(row)
        for row in used_trunks(snapshot)
        if not any(gateway.get("outboundEnabled", True) for gateway in gateways(row))
    ]


@check(
    "no-login",
    severity="warning",
    step="trunk",
    evidence="inferred",
    source="didlogic's guides log in with the SIP account; access by address alone requires a support ticket",
    message="The trunk has no user name: didlogic rejects its calls (401 or 407).",
    fix="Set the SIP account's login with vapi_sip_trunk: username and password.",
)
def no_login(snapshot: Snapshot) -> list[Hit]:
    """A trunk has no user name.

    :param snapshot: both accounts. :return: the findings.
    """
    return [_of_trunk(row) for row in used_trunks(snapshot) if not login_of(row)]


@check(
    "unknown-login",
    severity="warning",
    step="trunk",
    evidence="inferred",
    source="conclusion from the lists of both services",
    message="The trunk logs in as {login}, which is not a SIP account of this didlogic account: unless it belongs "
    "to another account, outbound calls are rejected.",
    fix="Set an existing login with vapi_sip_trunk: username and password, or create one (didlogic_sip_account).",
)
def unknown_login(snapshot: Snapshot) -> list[Hit]:
    """A trunk's login is not a SIP account.

    :param snapshot: both accounts. :return: the findings.
    """
    logins = {login.name for login in snapshot.logins}
    return [
        _of_trunk(row, login=login_of(row))
        for row in used_trunks(snapshot)
        if login_of(row) and login_of(row) not in logins
    ]


def used_trunks(snapshot: Snapshot) -> list[ApiObject]:
    """didlogic's trunks on the call paths of the audited numbers."""
    ids = {str(row["id"]): row for path in snapshot.call_paths for row in (path.trunk,) if row}
    return [row for row in ids.values() if snapshot.is_didlogic(row)]


def _of_trunk(trunk: ApiObject, **words: object) -> Hit:
    return {
        "subject": f"trunk {display_name(trunk)}",
        "id": str(trunk["id"]),
        **{name: str(value) for name, value in words.items()},
    }
