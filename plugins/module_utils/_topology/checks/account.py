# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the didlogic account: its SIP accounts, its balance and its size."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Login
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import (
    Hit,
    check,
    hits_if,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.trunk import used_trunks
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    Snapshot,
    login_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import SIGNALLING

#: Maximum number of objects for which the lists of both services are known to be complete.
MAX_OBJECTS = 10_000

#: US dollars; with less, outbound calls will soon fail.
LOW_BALANCE = 5.0


@check(
    "addresses-missing",
    severity="warning",
    step="account",
    evidence="inferred",
    source="Vapi's guide lists the addresses; that ip_restrict rejects all others is a conclusion from its name",
    message="The account accepts calls from some addresses only, and Vapi's {missing} are not among them: calls "
    "from there are rejected.",
    fix="Add them with didlogic_sip_account: allowed_ips, or disable ip_restrict.",
)
def restricted(snapshot: Snapshot) -> list[Hit]:
    """A SIP account does not allow all of Vapi's addresses.

    :param snapshot: both accounts. :return: the findings.
    """
    found = []
    for login in _logins(snapshot):
        allowed = login.allowed_ips
        if allowed is not None:
            missing = [ip for ip in SIGNALLING[snapshot.region] if not _allows(allowed, ip)]
            found += hits_if(missing, subject=f"SIP account {login.name}", missing=", ".join(missing))
    return found


@check(
    "foreign-caller-id",
    severity="warning",
    step="account",
    evidence="inferred",
    source="didlogic's guides choose the caller ID from the account's numbers",
    message="The caller ID {caller} is not one of the account's numbers: didlogic or the network may reject it.",
    fix="Set one of the account's numbers with didlogic_sip_account: caller_id.",
)
def foreign_caller(snapshot: Snapshot) -> list[Hit]:
    """A SIP account's caller ID is not a number of the account.

    :param snapshot: both accounts. :return: the findings.
    """
    return [
        {"subject": f"SIP account {login.name}", "caller": login.caller_id}
        for login in _logins(snapshot)
        if login.caller_id and digits(login.caller_id) not in snapshot.own
    ]


@check(
    "balance-low",
    severity="warning",
    step="account",
    evidence="inferred",
    source="conclusion from the lists of both services",
    message="The balance is {balance} US dollars: it will soon not cover outbound calls and number fees.",
    fix="Top up the account in didlogic's portal.",
)
def low_balance(snapshot: Snapshot) -> list[Hit]:
    """The balance is low.

    :param snapshot: both accounts. :return: the findings.
    """
    low = snapshot.balance is not None and 0 < snapshot.balance < LOW_BALANCE
    return _of_balance(snapshot) if low else []


@check(
    "balance-empty",
    severity="warning",
    step="account",
    evidence="documented",
    source="Vapi's guide to didlogic: outbound calls need a positive balance",
    message="The balance is {balance} US dollars: unless the account is postpaid, didlogic rejects outbound calls.",
    fix="Top up the account in didlogic's portal.",
)
def no_balance(snapshot: Snapshot) -> list[Hit]:
    """The balance is used up.

    :param snapshot: both accounts. :return: the findings.
    """
    none = snapshot.balance is not None and snapshot.balance <= 0
    return _of_balance(snapshot) if none else []


@check(
    "too-many-objects",
    severity="warning",
    step="account",
    evidence="inferred",
    source="no longer list is known",
    message="There are more than {limit}: it is unknown whether the services list all of them, so this audit may "
    "be incomplete.",
    fix="Audit some of them only, with routing_audit: numbers.",
)
def too_many(snapshot: Snapshot) -> list[Hit]:
    """The lists may be incomplete.

    :param snapshot: both accounts. :return: the findings.
    """
    kinds = {
        f"numbers at {snapshot.carrier.provider.title}": snapshot.numbers,
        "trunks": snapshot.trunks,
        "phone numbers": snapshot.phones,
        "assistants": snapshot.assistants,
        "transfer tools": snapshot.tools,
    }
    return [
        {"subject": f"{len(rows)} {name}", "limit": f"{MAX_OBJECTS:,}"}
        for name, rows in kinds.items()
        if len(rows) > MAX_OBJECTS
    ]


def _of_balance(snapshot: Snapshot) -> list[Hit]:
    return [{"subject": f"{snapshot.carrier.provider.title} account", "balance": f"{snapshot.balance:.2f}"}]


def _logins(snapshot: Snapshot) -> list[Login]:
    """The SIP accounts of the trunks on the call paths."""
    used = {login_of(row) for row in used_trunks(snapshot)}
    return [login for login in snapshot.logins if login.name in used]


def _allows(allowed: t.Iterable[str], ip: str) -> bool:
    for text in allowed:
        try:
            if ipaddress.ip_address(ip) in ipaddress.ip_network(text, strict=False):
                return True
        except ValueError:
            continue
    return False
