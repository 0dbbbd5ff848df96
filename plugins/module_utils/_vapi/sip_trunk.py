# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP trunk: Vapi's ``byo-sip-trunk`` credential.

No published API description since 2024 contains its operations; PATCH is documented in one guide only. Vapi never
returns the password and replaces the authentication plan as a whole, so user name and password are sent together.
"""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    KeyedResource,
    Referrer,
    RenamableState,
    Replacement,
    Update,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    check_host,
    is_ipv4,
    network_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI

PLAN = "outboundAuthenticationPlan"


class Gateway(Model):
    ip: t.Annotated[str | None, Option(required=True, check=check_host)] = None
    port: t.Annotated[int, Option(range=(1, 65535))] = 5060
    netmask: t.Annotated[int, Option(range=(24, 32))] = 32
    inbound_enabled: bool = True
    outbound_enabled: bool = True
    outbound_protocol: t.Literal["udp", "tcp", "tls", "tls/srtp"] = "udp"
    options_ping_enabled: bool = False


def gateway_identity(gateway: Gateway) -> str:
    """The identity of a gateway: addresses, port and direction."""
    directions = [way for way in ("inbound", "outbound") if getattr(gateway, f"{way}_enabled")]
    return f"{network_of(f'{gateway.ip}/{gateway.netmask}')}:{gateway.port} {' and '.join(directions)}"


class Register(Model):
    domain: str | None = None
    username: str | None = None
    realm: str | None = None


class SipTrunk(Model):
    name: t.Annotated[str | None, Option(required=True, length=(1, 40))] = None
    gateways: t.Annotated[list[Gateway] | None, Option(distinct=gateway_identity)] = None
    username: t.Annotated[str | None, Option(api_name=f"{PLAN}.authUsername")] = None
    password: t.Annotated[str | None, Option(secret=True, paired_with="username", api_name=f"{PLAN}.authPassword")] = (
        None
    )
    # Every pydantic class already has an attribute "register".
    register_: t.Annotated[Register | None, Option(api_name=f"{PLAN}.sipRegisterPlan")] = None
    outbound_leading_plus_enabled: bool | None = None
    tech_prefix: t.Annotated[str | None, Option(length=(0, 10000))] = None
    sip_diversion_header: t.Annotated[str | None, Option(length=(0, 10000))] = None

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        if as_object(body.get(PLAN)).get("authUsername") == "":
            body[PLAN] = None  # an empty user name means no authentication
        return body


class TrunkOptions(RenamableState):
    force: bool = False
    update_password: t.Literal["on_create", "always"] = "on_create"  # noqa: S105 - when, not what
    on_auth_change: t.Literal["update", "replace"] = "update"
    settings_from: str | None = None


def inbound_needs_address(trunk: SipTrunk, _options: TrunkOptions) -> None:
    """Require addresses for inbound calls: Vapi recognises them by their source address, not by a host name."""
    faults = Faults()
    for index, gateway in enumerate(trunk.gateways or ()):
        if gateway.inbound_enabled and not is_ipv4(str(gateway.ip)):
            rule = (
                "a host name cannot be used with inbound_enabled: true. Add one gateway with the host name and "
                "inbound_enabled: false for outbound calls, and one for each IPv4 network of the provider's signalling "
                "hosts with outbound_enabled: false for inbound calls."
            )
            faults.add(OptionError(f"gateways[{index}].ip", rule, gateway.ip))
    faults.end()


def registered_as_itself(desired: SipTrunk, current: SipTrunk | None, options: TrunkOptions) -> SipTrunk:
    """Register a new trunk that copies the settings of another one with its own login, if the other one registers."""
    if not current or not options.settings_from or desired.register_ or not desired.username or not current.register_:
        return desired
    if not current.username or current.register_.username != current.username:
        return desired
    return desired.model_copy(update={"register_": Register(username=desired.username)})


def has_gateways(trunk: SipTrunk, _options: TrunkOptions) -> None:
    if trunk.gateways is None:
        raise OptionError("gateways", "must be given to create a SIP trunk; calls need a gateway.")


SIP_TRUNK = KeyedResource(
    provider=VAPI,
    name="sip_trunk",
    plural="sip_trunks",
    title="SIP trunk",
    path="/credential",
    record=SipTrunk,
    options=TrunkOptions,
    constants={"provider": "byo-sip-trunk"},
    validators=(inbound_needs_address,),
    plan_validators=(has_gateways,),
    resolve_desired=registered_as_itself,
    referrers=(
        Referrer(
            path="/phone-number",
            path_to_id="credentialId",
            title="phone numbers",
            label=("number", "name", "id"),
            required_fields=("provider",),
        ),
    ),
    replacement=Replacement(
        field=PLAN, requested=lambda options: options.on_auth_change == "replace", template_option="settings_from"
    ),
    force_option="force",
    update=Update(
        rewrites_secrets=lambda options: options.update_password == "always",  # noqa: S105 - when, not what
    ),
)
