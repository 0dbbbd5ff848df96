# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP account: didlogic's 5-digit login for devices and trunks."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.service import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import on
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Faults, Option, Problem, Record
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import Resource, State, Write
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import number_digits

ADDRESSES = "/v1/sipaccounts/{name}/allowed_ips"


def check_login(name: str) -> None:
    if not re.fullmatch(r"[0-9]{5}", name):
        raise ValueError("must be didlogic's login, which has 5 digits.")


class SipAccount(Record):
    name: t.Annotated[str | None, Option(assigned=True, check=check_login)] = None
    label: t.Annotated[str | None, Option(length=(1, 255))] = None
    password: t.Annotated[str | None, Option(secret=True)] = None
    caller_id: t.Annotated[str | None, Option(wire="callerid", clean=number_digits)] = None
    allowed_ips: t.Annotated[list[str] | None, Option(wire="allowed_ips", distinct=str)] = None
    ip_restrict: t.Annotated[bool | None, Option(wire="ip_restrict")] = None
    max_channels: t.Annotated[int | None, Option(wire="max_channels", between=(0, 10000))] = None
    max_call_seconds: t.Annotated[int | None, Option(wire="call_limit", between=(0, 86400))] = None
    max_call_cost: t.Annotated[float | None, Option(wire="max_call_cost", between=(0, 10000))] = None

    @staticmethod
    def sent(body: dict[str, t.Any]) -> dict[str, t.Any]:
        for switch, limit in LIMITS.items():
            if limit in body:
                body[switch] = bool(body[limit])
                if not body[limit]:
                    del body[limit]  # no limit: the switch is sufficient
        return body

    @staticmethod
    def received(raw: dict[str, t.Any]) -> dict[str, t.Any]:
        off = {limit: 0 for switch, limit in LIMITS.items() if switch in raw and not raw[switch]}
        return {**raw, **off}


#: didlogic has a switch for each limit; here a limit of 0 means none.
LIMITS = {"channels_restrict": "max_channels", "call_restrict": "call_limit", "cost_limit": "max_call_cost"}


class Manner(Record):
    """Options for creating, updating and removing it."""

    force: bool = False
    update_password: t.Literal["on_create", "always"] = "on_create"  # noqa: S105 - when, not what
    allowed_ips_mode: t.Literal["append", "replace"] = "append"


class Ask(State, Manner):
    pass


def plain_addresses(account: SipAccount, _ask: Ask) -> None:
    faults = Faults()
    for index, address in enumerate(account.allowed_ips or ()):
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            faults.add(Problem(f"allowed_ips[{index}]", "must be one IPv4 address, such as 192.0.2.10.", address))
    faults.end()


def removal_is_meant(_account: SipAccount, ask: Ask) -> None:
    if ask.state == "absent" and not ask.force:
        raise Problem(
            "force", "must be true to remove a SIP account; all devices and trunks that log in with it stop working."
        )


def appended(wanted: SipAccount, current: SipAccount | None, ask: Ask) -> SipAccount:
    """Keep the current order of the addresses, because a different order is no change."""
    if wanted.allowed_ips is None:
        return wanted
    there = list((current.allowed_ips if current else None) or [])
    if ask.allowed_ips_mode == "replace":
        there = [ip for ip in there if ip in wanted.allowed_ips]
    return wanted.model_copy(update={"allowed_ips": list(dict.fromkeys([*there, *wanted.allowed_ips]))})


def restriction_has_addresses(account: SipAccount, _ask: Ask) -> None:
    if account.ip_restrict and not account.allowed_ips:
        raise Problem("ip_restrict", "requires allowed_ips; without an address nobody could log in.")


def writes(
    resource: Resource,
    row: dict[str, t.Any] | None,
    touched: dict[str, t.Any],
    now: dict[str, t.Any],
    _then: dict[str, t.Any],
) -> tuple[Write, ...]:
    """The requests for an update: allowed addresses are a separate list, sent before the restriction is enabled."""
    fields = {key: value for key, value in touched.items() if key != "allowed_ips"}
    if row is None:
        if not fields.get("password"):
            raise Problem("password", "must be given to create a SIP account.")
        later = fields.pop("ip_restrict", None) or touched.get("allowed_ips")
        create = Write(method="POST", path=resource.path, body=resource.wrap(fields), makes=True, more=bool(later))
        return (create,)
    there, wanted = now.get("allowed_ips") or [], touched.get("allowed_ips", now.get("allowed_ips") or [])
    name = {"name": str(row["name"])}
    allow = [Write(method="POST", path=ADDRESSES, ids=name, body={"ip": ip}) for ip in wanted if ip not in there]
    change = [on(resource, row, "PUT", body=resource.wrap(fields))] if fields else []
    forbid = [
        Write(method="DELETE", path=ADDRESSES, ids=name, params={"ip": ip}, moot=True)
        for ip in there
        if ip not in wanted
    ]
    return (*allow, *change, *forbid)


def with_addresses(client: t.Any, row: dict[str, t.Any]) -> dict[str, t.Any]:
    if isinstance(row.get("allowed_ips"), list):
        return row
    answer = client.get(ADDRESSES, name=str(row["name"]))
    return {**row, "allowed_ips": answer.get("allowed_ips") if isinstance(answer, dict) else answer}


SIP_ACCOUNT = Resource(
    service=DIDLOGIC,
    noun="sip_account",
    plural="sip_accounts",
    title="SIP account",
    path="/v1/sipaccounts",
    item="/v1/sipaccounts/{name}",
    record=SipAccount,
    ask=Ask,
    keys=("name", "label"),
    facts=("host", "charge", "talk_time", "created_at"),
    rules=(plain_addresses, removal_is_meant),
    laws=(restriction_has_addresses,),
    adjust=appended,
    rows=lambda answer: answer.get("sipaccounts"),
    row=lambda answer: answer.get("sipaccount"),
    wrap=lambda body: {"sipaccount": body},
    writes=writes,
    needs=("id", "name"),
    complete=with_addresses,
    by_id=False,
)
