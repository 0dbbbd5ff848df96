# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP account: didlogic's 5-digit login for devices and trunks."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_list
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import mutation_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    AnyKeyedResource,
    ApiForm,
    KeyedResource,
    Mutation,
    State,
    Update,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_e164_or_short,
    e164_digits,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC

ADDRESSES = "/v1/sipaccounts/{name}/allowed_ips"


def check_login(name: str) -> None:
    if not re.fullmatch(r"[0-9]{5}", name):
        raise ValueError("must be didlogic's login, which has 5 digits.")


def check_caller_id(number: str) -> None:
    if number:
        check_e164_or_short(number)


class SipAccount(Model):
    name: t.Annotated[str | None, Option(server_assigned=True, check=check_login)] = None
    label: t.Annotated[str | None, Option(length=(1, 255))] = None
    password: t.Annotated[str | None, Option(secret=True)] = None
    caller_id: t.Annotated[str | None, Option(api_name="callerid", normalize=e164_digits, check=check_caller_id)] = None
    allowed_ips: t.Annotated[list[str] | None, Option(api_name="allowed_ips", distinct=str)] = None
    ip_restrict: t.Annotated[bool | None, Option(api_name="ip_restrict")] = None
    max_channels: t.Annotated[int | None, Option(api_name="max_channels", range=(0, 10000))] = None
    max_call_seconds: t.Annotated[int | None, Option(api_name="call_limit", range=(0, 86400))] = None
    max_call_cost: t.Annotated[float | None, Option(api_name="max_call_cost", range=(0, 10000))] = None

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        for switch, limit in LIMITS.items():
            if limit in body:
                body[switch] = bool(body[limit])
                if not body[limit]:
                    del body[limit]  # no limit: the switch is sufficient
        return body

    @staticmethod
    def received(raw: ApiObject) -> ApiObject:
        off = {limit: 0 for switch, limit in LIMITS.items() if switch in raw and not raw[switch]}
        # A switch without a limit has no option, so it is kept as a field that cannot be read.
        odd = [switch for switch, limit in LIMITS.items() if raw.get(switch) and raw.get(limit) is None]
        return {**{key: value for key, value in raw.items() if key not in LIMITS or key in odd}, **off}


class FullSipAccount(SipAccount):
    """A SIP account with the fields that are no options, for a new one that replaces it."""

    rewrite_enabled: t.Annotated[bool | None, Option(api_name="rewrite_enabled")] = None
    rewrite_cond: t.Annotated[str | None, Option(api_name="rewrite_cond")] = None
    rewrite_prefix: t.Annotated[str | None, Option(api_name="rewrite_prefix")] = None
    didinfo_enabled: t.Annotated[bool | None, Option(api_name="didinfo_enabled")] = None


#: didlogic has a switch for each limit; here a limit of 0 means none.
LIMITS = {"channels_restrict": "max_channels", "call_restrict": "call_limit", "cost_limit": "max_call_cost"}


#: Fields that didlogic's clients only send to an existing account.
NOT_ON_CREATE = ("rewrite_enabled", "rewrite_cond", "rewrite_prefix", "didinfo_enabled")


class Manner(Model):
    """Options for creating, updating and removing it."""

    force: bool = False
    update_password: t.Literal["on_create", "always"] = "on_create"  # noqa: S105 - when, not what
    allowed_ips_mode: t.Literal["append", "replace"] = "append"


class SipAccountOptions(State, Manner):
    pass


def plain_addresses(account: SipAccount, _options: SipAccountOptions) -> None:
    faults = Faults()
    for index, address in enumerate(account.allowed_ips or ()):
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            faults.add(OptionError(f"allowed_ips[{index}]", "must be one IPv4 address, such as 192.0.2.10.", address))
    faults.end()


def removal_is_meant(_account: SipAccount, options: SipAccountOptions) -> None:
    if options.state == "absent" and not options.force:
        raise OptionError(
            "force", "must be true to remove a SIP account; all devices and trunks that log in with it stop working."
        )


def append_addresses(desired: SipAccount, current: SipAccount | None, options: SipAccountOptions) -> SipAccount:
    """Keep the current order of the addresses, because a different order is no change."""
    if desired.allowed_ips is None:
        return desired
    there = list((current.allowed_ips if current else None) or [])
    if options.allowed_ips_mode == "replace":
        there = [ip for ip in there if ip in desired.allowed_ips]
    return desired.model_copy(update={"allowed_ips": list(dict.fromkeys([*there, *desired.allowed_ips]))})


def restriction_has_addresses(account: SipAccount, _options: SipAccountOptions) -> None:
    if account.ip_restrict and not account.allowed_ips:
        raise OptionError("ip_restrict", "requires allowed_ips; without an address nobody could log in.")


def writes(
    resource: AnyKeyedResource,
    row: ApiObject | None,
    changed_fields: ApiObject,
    current_body: ApiObject,
    _desired_body: ApiObject,
) -> tuple[Mutation, ...]:
    """The requests for an update: allowed addresses are a separate list, sent before the restriction is enabled."""
    fields = {key: value for key, value in changed_fields.items() if key != "allowed_ips"}
    if row is None:
        if not fields.get("password"):
            raise OptionError("password", "must be given to create a SIP account.")
        waiting = [fields.pop(name, None) for name in ("ip_restrict", *NOT_ON_CREATE)]
        later = any(waiting) or changed_fields.get("allowed_ips")
        create = Mutation(
            method="POST", path=resource.path, body=resource.api.wrap(fields), creates=True, has_follow_up=bool(later)
        )
        return (create,)
    there = [str(ip) for ip in as_list(current_body.get("allowed_ips"))]
    desired = [str(ip) for ip in as_list(changed_fields.get("allowed_ips", there))]
    name = {"name": str(row["name"])}
    allow = [Mutation(method="POST", path=ADDRESSES, ids=name, body={"ip": ip}) for ip in desired if ip not in there]
    change = [mutation_of(resource, row, "PUT", body=resource.api.wrap(fields))] if fields else []
    forbid = [
        Mutation(method="DELETE", path=ADDRESSES, ids=name, params={"ip": ip}, missing_ok=True)
        for ip in there
        if ip not in desired
    ]
    return (*allow, *change, *forbid)


def with_addresses(client: Client, row: ApiObject) -> ApiObject:
    if isinstance(row.get("allowed_ips"), list):
        return row
    answer = client.get(ADDRESSES, name=str(row["name"]))
    return {**row, "allowed_ips": answer.get("allowed_ips") if isinstance(answer, dict) else answer}


SIP_ACCOUNT = KeyedResource(
    provider=DIDLOGIC,
    name="sip_account",
    plural="sip_accounts",
    title="SIP account",
    path="/v1/sipaccounts",
    record=SipAccount,
    options=SipAccountOptions,
    keys=("name", "label"),
    read_only_fields=("host", "charge", "talk_time", "created_at"),
    validators=(plain_addresses, removal_is_meant),
    plan_validators=(restriction_has_addresses,),
    resolve_desired=append_addresses,
    fetch_details=with_addresses,
    by_id=False,
    api=ApiForm(
        unwrap_list=lambda answer: answer.get("sipaccounts"),
        unwrap=lambda answer: answer.get("sipaccount"),
        wrap=lambda body: {"sipaccount": body},
        required_keys=("id", "name"),
    ),
    update=Update(
        path="/v1/sipaccounts/{name}",
        mutations=writes,
        rewrites_secrets=lambda options: options.update_password == "always",  # noqa: S105 - when, not what
    ),
)

#: The same objects with all fields that a new one can take over.
FULL_SIP_ACCOUNT = dataclasses.replace(t.cast("AnyKeyedResource", SIP_ACCOUNT), record=FullSipAccount)
