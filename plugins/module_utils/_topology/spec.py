# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specification of an environment: reads and checks the options and derives the desired objects. No requests.

An environment consists of a trunk, assistants, transfer tools and numbers. Ids that are only known after an object was
created are filled in later.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.change_plan import (
    check_digest,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.concurrency import (
    AUTO,
    check_concurrency,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    ApiObject,
    Params,
    as_list,
    as_object,
    objects_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    Faults,
    OptionError,
    OptionNames,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired, desired_from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import hidden_places
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import faults_of, from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyOrderedResource,
    Resource,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
    check_host,
    digits,
    e164_digits,
    e164_hint,
    network_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import selected_carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import check_rule_ids
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import (
    forward_resource,
    is_trunk_id,
    with_trunk_ids,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.names import check_names
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import (
    CARRIER,
    AccountOptions,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import destination, transfer_tool
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
    Assistant,
    AssistantFiles,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import transfers
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import CHOICES, PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import gateway_uri, inbound_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL


def check_login(name: str) -> None:
    """Reject digits that are not five, the result of a leading zero in YAML; logins of other kinds are accepted.

    :param name: the login. :raises ValueError: if it is invalid.
    """
    if name.isdigit():
        selected_carrier.check_login(name)


def check_phone(number: str) -> None:
    """Check a phone number.

    :param number: the number. :raises ValueError: if it is not a number with country code.
    """
    if not re.fullmatch(r"[1-9][0-9]{5,14}", number):
        rule = "must be a phone number with country code, such as +31201234567: 6 to 15 digits, the first not 0."
        raise ValueError(rule + e164_hint(number))


def check_networks(networks: list[str]) -> None:
    """Raise :class:`OptionError` for each network that Vapi does not accept.

    :param networks: the networks.
    """
    faults = Faults()
    for index, network in enumerate(networks):
        try:
            good = ipaddress.IPv4Network(network, strict=False).prefixlen >= 24
        except ValueError:
            good = False
        if not good:
            rule = "must be an IPv4 address or a network of /24 to /32, such as 192.0.2.10 or 192.0.2.0/24."
            faults.add(OptionError(f"inbound_networks[{index}]", rule, network))
    faults.end()


class Trunk(Model):
    """The option ``trunk`` of an environment."""

    name: t.Annotated[str | None, Option(required=True, length=(1, 40))] = None
    gateway: t.Annotated[str | None, Option(required=True, check=check_host)] = None
    protocol: t.Literal["udp", "tcp", "tls", "tls/srtp"] = "udp"
    port: t.Annotated[int | None, Option(range=(1, 65535))] = None
    username: t.Annotated[str | None, Option(check=check_login)] = None
    password: t.Annotated[str | None, Option(secret=True)] = None
    update_password: t.Literal["on_create", "always"] = "on_create"  # noqa: S105 - when, not what
    inbound_networks: t.Annotated[list[str] | None, Option(distinct=network_of)] = None
    leading_plus: bool | None = None
    former_names: list[str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the former names."""
        return (str(self.name), *(self.former_names or ()))


class Destination(transfer_tool.ToolDestination):
    """A destination of a transfer tool; ``via: sip`` sends it to the trunk's gateway."""

    via: t.Literal["number", "sip"] = "number"


class TransferTool(transfer_tool.TransferTool):
    """An item of the option ``transfer_tools``."""

    destinations: t.Annotated[list[Destination] | None, Option(opaque_to_ansible=True)] = None  # type: ignore[assignment]
    former_names: list[str] | None = None
    state: t.Literal["present", "absent"] = "present"


class EnvironmentAssistant(AssistantFiles, Assistant):
    """An item of the option ``assistants``."""

    tools_mode: t.Literal["append", "replace"] = "append"
    former_names: list[str] | None = None
    state: t.Literal["present", "absent"] = "present"


class Number(Model):
    """An item of the option ``numbers``."""

    number: t.Annotated[str | None, Option(required=True, normalize=e164_digits, check=check_phone)] = None
    name: t.Annotated[str | None, Option(length=(0, 40))] = None
    assistant: str | None = None
    squad: str | None = None
    workflow: str | None = None
    inbound: bool = True
    failover: list[str] | None = None
    others: t.Literal["keep", "disable", "remove"] = "keep"
    fallback_destination: t.Annotated[destination.Destination | None, Option(opaque_to_ansible=True)] = None
    state: t.Literal["present", "absent"] = "present"

    @property
    def answering(self) -> str:
        """The assistant or squad that answers, as given; empty if none is given."""
        return next((value for value in (getattr(self, name) for name in CHOICES) if value), "")


class IntegrationOptions(State):
    """Options of the module."""

    trunk: t.Annotated[Trunk | None, Option(required=True)] = None
    sip_account: AccountOptions | None = None
    transfer_tools: list[TransferTool] | None = None
    assistants: list[EnvironmentAssistant] | None = None
    numbers: t.Annotated[list[Number] | None, Option(required=True)] = None
    number_format: t.Literal["digits", "e164"] = "digits"
    inbound_uri: t.Literal["trunk_id", "private_key"] = "trunk_id"
    sip_refer_enabled: bool = False
    allow_unconfirmed_refer: bool = False
    prune: bool = False
    fail_on_change: bool = False
    approved_digest: t.Annotated[str | None, Option(check=check_digest)] = None
    approved_plan: str | None = None
    max_plan_age: t.Annotated[int | None, Option(range=(1, 8760))] = None
    plan_file: str | None = None
    policy: list[str] | None = None
    max_delete_percent: t.Annotated[int, Option(range=(0, 100))] = 30
    max_update_percent: t.Annotated[int, Option(range=(0, 100))] = 100
    verify: bool = True
    rotate_password: bool = False
    concurrency: t.Annotated[str, Option(check=check_concurrency)] = AUTO


@dataclasses.dataclass(frozen=True, kw_only=True)
class EnvironmentSpec:
    """The specification of an environment.

    :param params: the options. :param region: Vapi's region. :param key: Vapi's private key.
    :param trunk: and the following are the checked objects, in the declared order and with those to be removed.
    """

    params: Params = dataclasses.field(repr=False)
    region: str
    key: str = dataclasses.field(repr=False)
    trunk: Trunk = dataclasses.field(repr=False)
    account: Desired | None = dataclasses.field(repr=False)
    all_tools: tuple[Desired, ...] = dataclasses.field(repr=False)
    all_assistants: tuple[Desired, ...] = dataclasses.field(repr=False)
    all_numbers: tuple[Number, ...] = ()
    option_names: OptionNames = dataclasses.field(default=OptionNames(), repr=False)
    carrier: Carrier = dataclasses.field(default=CARRIER, repr=False)

    @functools.cached_property
    def forward(self) -> AnyOrderedResource:
        """The kind of the forwards."""
        return forward_resource(self.carrier)

    @property
    def present(self) -> bool:
        """Whether the environment is to exist."""
        return bool(self.params["state"] == "present")

    @property
    def uses_private_key(self) -> bool:
        """Whether the inbound URI contains the private key, as in didlogic's guide."""
        return bool(self.params["inbound_uri"] == "private_key")

    @property
    def password(self) -> str | None:
        """The SIP password, which both services store; ``None`` if none is given."""
        given = as_object(self.params.get("sip_account")).get("password")
        return self.trunk.password or (str(given) if given else None)

    @property
    def prunes(self) -> bool:
        """Whether objects of the environment that are no longer declared are removed."""
        return self.present and bool(self.params.get("prune"))

    @property
    def marks(self) -> tuple[str, ...]:
        """The marks of assistants of this environment: the current one, and those of the trunk's former names."""
        return tuple(MANAGED_BY.format(name) for name in self.trunk.names)

    @property
    def policy(self) -> list[str]:
        """The ids of the audit's rules that the resulting state must satisfy."""
        return [str(item) for item in as_list(self.params.get("policy"))]

    # The entries in the state of the environment, and those of a present environment that are to be removed.

    def state_of(self, number: Number) -> str:
        """The desired state of a number.

        :param number: the number. :return: ``present`` or ``absent``.
        """
        return "present" if self.present and number.state == "present" else "absent"

    @functools.cached_property
    def numbers(self) -> tuple[Number, ...]:
        """The numbers in the state of the environment."""
        return tuple(number for number in self.all_numbers if self.state_of(number) == self.params["state"])

    @functools.cached_property
    def absent_numbers(self) -> tuple[Number, ...]:
        """The numbers to remove from a present environment."""
        return tuple(number for number in self.all_numbers if self.state_of(number) != self.params["state"])

    @functools.cached_property
    def assistants(self) -> tuple[Desired, ...]:
        """The assistants in the state of the environment."""
        return tuple(item for item in self.all_assistants if item and item.options.state == self.params["state"])

    @functools.cached_property
    def absent_assistants(self) -> tuple[Desired, ...]:
        """The assistants to remove from a present environment."""
        return tuple(item for item in self.all_assistants if item and item.options.state != self.params["state"])

    @functools.cached_property
    def tools(self) -> tuple[Desired, ...]:
        """The transfer tools in the state of the environment."""
        return tuple(item for item in self.all_tools if item and item.options.state == self.params["state"])

    @functools.cached_property
    def absent_tools(self) -> tuple[Desired, ...]:
        """The transfer tools to remove from a present environment."""
        return tuple(item for item in self.all_tools if item and item.options.state != self.params["state"])

    @functools.cached_property
    def all_digits(self) -> tuple[str, ...]:
        """All declared numbers."""
        return tuple(str(number.number) for number in self.all_numbers)

    @functools.cached_property
    def digits(self) -> tuple[str, ...]:
        """The numbers in the state of the environment."""
        return tuple(str(number.number) for number in self.numbers)

    @functools.cached_property
    def inbound(self) -> tuple[Number, ...]:
        """The declared numbers that receive calls."""
        return tuple(number for number in self.numbers if number.inbound)

    @functools.cached_property
    def _fallbacks(self) -> dict[str, object]:
        """The numbers as given; they are checked where they are used."""
        items = zip(self.all_numbers, objects_in(self.params["numbers"]), strict=True)
        return {str(number.number): item.get("fallback_destination") for number, item in items}

    def places(self, option: str, field: str, value: object) -> list[str]:
        """The paths in a list option at which ``field`` is or contains a value.

        :param option: the list option. :param field: the field of its items. :param value: the value. :return: the
            paths.
        """
        found = []
        for index, item in enumerate(objects_in(self.params[option])):
            there, path = item.get(field), f"{option}[{index}].{field}"
            if isinstance(there, list):
                found += [f"{path}[{at}]" for at, each in enumerate(there) if each == value]
            elif there == value:
                found.append(path)
        return found or [option]

    def concerned(self, finding: Finding) -> bool:
        """Whether a finding of the audit concerns the declared environment.

        Findings about inbound calls do not concern numbers that are declared for outbound calls only.

        :param finding: the finding. :return: the result.
        """
        comes_in = finding["step"] in ("forward", "assistant") or finding["rule"] in ("spelling", "other-trunk")
        return not comes_in or not finding["numbers"] or not self._inbound_digits.isdisjoint(finding["numbers"])

    @functools.cached_property
    def _inbound_digits(self) -> frozenset[object]:
        """The declared numbers that receive calls."""
        return frozenset(number.number for number in self.inbound)

    @functools.cached_property
    def subjects(self) -> frozenset[str]:
        """The declared objects as the audit names them."""
        return frozenset(
            {
                f"trunk {self.trunk.name}",
                *(f"assistant {desired.label}" for desired in self.assistants),
                *(f"transfer tool {desired.label}" for desired in self.tools),
            }
        )

    @functools.cached_property
    def digits_set(self) -> frozenset[str]:
        """:attr:`digits` to search in."""
        return frozenset(self.digits)

    def spelling(self, number: Number) -> str:
        """The number as it is spelled in Vapi and in the inbound URI.

        :param number: the number. :return: its spelling.
        """
        return ("+" if self.params["number_format"] == "e164" else "") + str(number.number)

    def uri(self, number: Number, trunk: str) -> str:
        """Its inbound URI, redacted.

        :param number: the number. :param trunk: the id of the trunk. :return: the URI.
        """
        return inbound_uri(self.spelling(number), REDACTED if self.uses_private_key else trunk, self.region)

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the declared objects of a kind."""
        return tuple(desired.label for desired in (*self.assistants, *self.tools))

    @functools.cached_property
    def foreign_assistants(self) -> tuple[str, ...]:
        """Undeclared assistants that numbers refer to."""
        own = {desired.label for desired in self.assistants}
        return tuple(dict.fromkeys(n.assistant for n in self.numbers if n.assistant and n.assistant not in own))

    @functools.cached_property
    def squads(self) -> tuple[str, ...]:
        """Squads that numbers refer to."""
        return tuple(dict.fromkeys(number.squad for number in self.numbers if number.squad))

    @functools.cached_property
    def foreign_tools(self) -> tuple[str, ...]:
        """Undeclared tools that assistants refer to."""
        own = {desired.label for desired in self.tools}
        named = [tool for item in self.assistants for tool in item.record.tools or ()]
        return tuple(dict.fromkeys(name for name in named if name not in own))

    # -- the desired objects, when the ids are known

    def desired_trunk(self, login: str | None = None) -> Desired:
        """The desired trunk. :param login: of the managed SIP account.

        :return: the desired trunk.
        """
        trunk = self.trunk
        secure = trunk.protocol.startswith("tls")
        gateway = {"ip": trunk.gateway, "port": trunk.port or (5061 if secure else 5060), "inbound_enabled": False}
        ins = [
            {
                "ip": network.partition("/")[0],
                "netmask": ipaddress.IPv4Network(network, strict=False).prefixlen,
                "outbound_enabled": False,
            }
            for network in trunk.inbound_networks or ()
        ]
        return self._desired(
            SIP_TRUNK,
            "trunk",
            name=trunk.name,
            gateways=[{**gateway, "outbound_protocol": trunk.protocol}, *ins],
            username=trunk.username or login,
            password=self.password,
            update_password=trunk.update_password,
            outbound_leading_plus_enabled=trunk.leading_plus,
            former_names=trunk.former_names,
        )

    def desired_phone_number(self, number: Number, trunk: str, assistants: t.Mapping[str, str]) -> Desired:
        """The desired phone number. :param assistants: ids of the declared assistants by name.

        :param number: the number. :param trunk: the id of the trunk. :return: the desired phone number.
        """
        desired = self._checked(
            PHONE_NUMBER,
            number,
            state=self.state_of(number),
            number=self.spelling(number),
            name=number.name,
            trunk=UNKNOWN_ID,
            assistant=number.assistant,
            squad=number.squad,
            workflow=number.workflow,
            number_e164_check_enabled=self.params["number_format"] == "e164",
            fallback_destination=self._fallbacks.get(str(number.number)),
        )
        names = {"trunk": self.trunk.name or "", "assistant": number.assistant or "", "squad": number.squad or ""}
        ids = {"trunk": trunk, "assistant": number.assistant and assistants.get(number.assistant, number.assistant)}
        record = desired.record.model_copy(update=ids)
        return dataclasses.replace(desired, record=record, reference_names=names)

    def desired_forward(
        self, number: Number, trunk: str, trunks: t.Iterable[str] = (), *, by_key: bool, uri: str = ""
    ) -> Desired:
        """The desired forward. :param trunks: ids of the organisation's trunks.

        :param by_key: whether the URI contains the private key.
        :param uri: an existing destination, instead of the inbound URI of the trunk.
        :param number: the number. :param trunk: the id of the trunk. :return: the desired forward.
        """
        target: dict[str, object] = {
            "vapi_trunk_id": None if by_key else trunk,
            "vapi_private_key": self.key if by_key else None,
            "uri_user": self.spelling(number),
            "region": self.region,
        }
        present = self.state_of(number) == "present"
        options: dict[str, object] = {
            "state": self.state_of(number),
            "number": number.number,
            "heal_private_key": self.key if present else None,
            "others": number.others if present else "keep",
            "failover": number.failover if present else None,
        }
        # The environment manages all destinations that lead to the organisation's trunks: the declared one stays.
        own = {"own_trunk_ids": list(trunks) if present else None}
        # Whether these are valid depends on the ids.
        if by_key or uri or number.failover or not is_trunk_id(trunk):
            target = {"destination": uri, "kind": "sip_uri"} if uri else target
            desired = self._desired(self.forward, self.path(number), **options, **target, **own)
        else:
            desired = self._checked(self.forward, number, **options, **{**target, "vapi_trunk_id": UNKNOWN_ID})
            record = desired.record.model_copy(update={"vapi_trunk_id": trunk})
            desired = dataclasses.replace(desired, record=record, options=desired.options.model_copy(update=own))
        names = {} if by_key or uri else {"trunk": str(self.trunk.name)}
        return dataclasses.replace(with_trunk_ids(desired, trunks), reference_names=names)

    def path(self, number: Number) -> str:
        """The option that declares a number.

        :param number: the number. :return: the path.
        """
        return self._paths.get(id(number), "numbers")

    @functools.cached_property
    def _paths(self) -> dict[int, str]:
        """The options of the numbers, by their ``id()``."""
        return {id(number): f"numbers[{index}]" for index, number in enumerate(self.all_numbers)}

    def _checked(self, resource: Resource, entry: Number, /, **params: object) -> Desired:
        """A desired object of a number; its options, which contain no id of this run, are only checked once."""
        key = (resource.name, id(entry))
        if id(entry) not in self._paths:
            return self._desired(resource, self.path(entry), **params)
        if key not in self._of_numbers:
            self._of_numbers[key] = self._desired(resource, self.path(entry), **params)
        return self._of_numbers[key]

    @functools.cached_property
    def _of_numbers(self) -> dict[tuple[str, int], Desired]:
        return {}

    def _desired(self, resource: Resource, path: str, **params: object) -> Desired:
        options = {"state": self.params["state"], **params}
        return dataclasses.replace(desired_from_options(resource, options), path=path)


def parse(params: Params, option_names: OptionNames | None = None, carrier: Carrier = CARRIER) -> EnvironmentSpec:
    """Read and check the options of an environment.

    :param params: the options; in ``approved_plan`` the content of the file.
    :param option_names: converts options to text for later messages.
    :param carrier: the carrier.
    :return: the specification. :raises OptionError: with all errors in the options.
    """
    faults = Faults()
    state = {"state": params["state"]}
    plain = {name: value for name, value in params.items() if not isinstance(value, (dict, list))}
    faults_of(IntegrationOptions, plain, faults)
    given, account = as_object(params["trunk"]), as_object(params.get("sip_account"))
    options = ("transfer_tools", "assistants", "numbers")
    items = {option: [as_object(item) for item in as_list(params.get(option))] for option in options}
    params = {**params, "trunk": given, **items}
    trunk = faults.of("trunk", lambda: from_options(Trunk, given))
    faults.of("trunk", check_networks, [str(network) for network in as_list(given.get("inbound_networks"))])
    absent_state = {**state, "force": True} if params["state"] == "absent" else state
    login = {**account, **absent_state}
    owner = faults.of("sip_account", desired_from_options, carrier.logins, login) if account else None
    spec = EnvironmentSpec(
        params=params,
        region=str(params["vapi_region"]),
        key=str(params["vapi_api_key"]).strip(),
        trunk=trunk or Trunk(),
        account=dataclasses.replace(owner, path="sip_account") if owner else None,
        all_tools=_desired_items("transfer_tools", items, lambda item: _tool(item, state, trunk), faults),
        all_assistants=_desired_items("assistants", items, lambda item: _assistant(item, state), faults),
        option_names=option_names or OptionNames(),
        carrier=carrier,
        all_numbers=tuple([_number(item, index, faults) for index, item in enumerate(items["numbers"])]),
    )
    _check_trunk(spec, trunk, faults)
    for option, what in (("transfer_tools", "name"), ("assistants", "name"), ("numbers", "number")):
        marks = [str(item.get(what) or "") for item in items[option]]
        faults.reject_duplicates(option, map(digits, marks) if what == "number" else marks, SAME.format(what=what))
    for index, number in enumerate(spec.all_numbers):
        if isinstance(number.number, str):
            _check_number(spec, number, f"numbers[{index}]", faults)
    # The planner of an object would find it too, but only after earlier objects have been written.
    for place in hidden_places(dict(items)):
        rule = f"contains {REDACTED}, which an export writes instead of a secret. Provide the value or remove the key."
        faults.add(OptionError(place, rule))
    check_names(params, faults)
    _check_marks(spec, faults)
    faults.of("", check_rule_ids, "policy", spec.policy)
    _confirm_refer(params, faults)
    faults.end()
    return spec


# With placeholders for unknown ids, the validators of each kind can run before any request.


def _check_trunk(spec: EnvironmentSpec, trunk: Trunk | None, faults: Faults) -> None:
    """Check the trunk as a whole.

    :param trunk: the trunk; ``None`` if its options are unusable.
    """
    given = as_object(spec.params["trunk"])
    if spec.present and not spec.params.get("sip_account") and given.get("password") and not given.get("username"):
        # Reported at the missing option, so that errors of the password are reported too.
        faults.add(
            OptionError("trunk.username", "is required where a password is given: the 5-digit SIP login, in quotes.")
        )
    if trunk and spec.params.get("rotate_password"):
        _check_rotation(spec, faults)
    if trunk and not any(problem.path.startswith("trunk.") for problem in faults.found):
        faults.of("trunk", spec.desired_trunk, UNKNOWN_ID)


def _check_marks(spec: EnvironmentSpec, faults: Faults) -> None:
    """Check that no assistant has the mark of another environment, if the run sets it."""
    for desired in spec.assistants if spec.prunes else ():
        given = dig(desired.record.definition, ("metadata", "managed_by"))
        if given not in (None, spec.marks[0]):
            path = f"{desired.path}.definition.metadata.managed_by"
            faults.add(OptionError(path, f"is set by prune, to {spec.marks[0]}; remove it."))


def _check_number(spec: EnvironmentSpec, number: Number, path: str, faults: Faults) -> None:
    """Check the phone number and the forward of a number."""
    faults.of(path, spec.desired_phone_number, number, UNKNOWN_ID, {})
    if number.failover and not number.inbound:
        rule = "requires inbound: true; with false, the destinations of the number are not managed."
        faults.add(OptionError(f"{path}.failover", rule))
    if number.inbound:
        faults.of(path, lambda: spec.desired_forward(number, UNKNOWN_ID, by_key=spec.uses_private_key))


def _desired_items(
    option: str, items: t.Mapping[str, list[ApiObject]], make: t.Callable[[Params], Desired], faults: Faults
) -> tuple[Desired, ...]:
    """The desired objects of a list option, without invalid items, whose problems have been collected."""
    made = faults.each(option, items[option], make)
    return tuple(
        dataclasses.replace(desired, path=f"{option}[{index}]") for index, desired in enumerate(made) if desired
    )


def _number(item: Params, index: int, faults: Faults) -> Number:
    """A number without unusable options, so that its other options can still be checked."""
    own = Faults()
    made = faults_of(Number, item, own)
    for problem in own.found:
        faults.add(problem.under(f"numbers[{index}]"))
    return made


SAME = "has the same {what} as {{other}}; declare it once."


#: The value of ``metadata.managed_by`` of an assistant, with the name of its trunk.
MANAGED_BY = "voiceops.vapi_didlogic/{}"


def _state(item: Params, state: Params) -> Params:
    """The state of an entry: that of the environment, unless the entry is to be removed."""
    return {"state": "absent"} if item.get("state") == "absent" else state


def _assistant(item: Params, state: Params) -> Desired:
    desired = desired_from_options(ASSISTANT, {**item, **_state(item, state)})
    if "" in (desired.record.tools or ()):
        raise OptionError("tools", "contains an empty name; remove it.")
    names = {f"tools[{index}]": name for index, name in enumerate(desired.record.tools or ())}
    return dataclasses.replace(desired, reference_names=names)


def _tool(item: Params, state: Params, trunk: Trunk | None) -> Desired:
    """A transfer tool with a SIP URI at the trunk's gateway for each number with ``via: sip``."""
    faults = Faults()
    faults_of(TransferTool, item, faults)
    found = []
    for index, given in enumerate(as_list(item.get("destinations"))):
        plain = {name: value for name, value in given.items() if name != "via"} if isinstance(given, dict) else {}
        if isinstance(given, dict) and given.get("via") == "sip" and plain.get("number") and not plain.get("sip_uri"):
            number = digits(str(plain["number"]))
            try:
                check_phone(e164_digits(str(plain["number"])))
            except ValueError as error:
                faults.add(OptionError(f"destinations[{index}].number", f"With via: sip it {error}", plain["number"]))
                number = "0"
            plain |= {"number": None, "sip_uri": gateway_uri(number, trunk.gateway or "host" if trunk else "host")}
        found.append(plain)
    there = {} if item.get("destinations") is None else {"destinations": found}
    desired = faults.of("", desired_from_options, TRANSFER_TOOL, {**item, **there, **_state(item, state)})
    faults.end()
    return t.cast("Desired", desired)


def _check_rotation(spec: EnvironmentSpec, faults: Faults) -> None:
    """Check that the new password is given."""
    if not spec.present:
        faults.add(OptionError("rotate_password", "cannot be combined with state: absent; there is nothing to rotate."))
    elif not spec.password:
        rule = (
            "must be given: the new password. It becomes the password in both services. If sip_account is declared, "
            "its password can be given instead. If it comes from a variable or from the environment, that is empty or "
            "not set."
        )
        faults.add(OptionError("trunk.password", rule))


def refer_users(params: Params) -> list[str]:
    """The declared objects that define a transfer by REFER anywhere in their body.

    :param params: the options. :return: the names of the objects.
    """
    tools: list[tuple[str, ApiObject]] = [
        (
            f"transfer tool {_name(tool)}",
            {**TRANSFER_TOOL.constants, "destinations": _targets(tool.get("destinations"))},
        )
        for tool in objects_in(params["transfer_tools"])
        if tool.get("state") != "absent"
    ]
    assistants = [
        (f"assistant {_name(item)}", as_object(item.get("definition")))
        for item in objects_in(params["assistants"])
        if item.get("state") != "absent"
    ]
    fallbacks: list[tuple[str, ApiObject]] = [
        (f"number {item.get('number')}", {"fallbackDestination": target})
        for item in objects_in(params["numbers"])
        if item.get("state") != "absent"
        for target in _targets([item.get("fallback_destination")])
    ]
    named = [*tools, *assistants, *fallbacks]
    return [name for name, body in named if any(transfer.by_refer for transfer in transfers(body))]


def _name(item: Params) -> str:
    # A dict or list that Ansible converted to text is no name and may contain secrets.
    name = item.get("name")
    return name if isinstance(name, str) and not name.startswith(("{", "[")) else "without a name"


def _targets(given: object) -> list[ApiObject]:
    """Declared destinations with the API fields that determine whether calls are transferred by REFER.

    A handoff to another assistant does not leave Vapi. It is included, because a tool without destinations is one whose
    destination is chosen by a server.
    """
    found: list[ApiObject] = []
    for to in map(as_object, as_list(given)):
        if to.get("number") or to.get("sip_uri"):
            plan = {"sipVerb": to.get("sip_verb")}
            found.append({"sipUri": str(to.get("sip_uri") or to.get("number")), "transferPlan": plan})
        elif to.get("assistant_name"):
            found.append({"type": "assistant", "assistantName": str(to["assistant_name"])})
    return found


def _confirm_refer(params: Params, faults: Faults) -> None:
    problem = unconfirmed_refer(params, refer_users(params))
    if problem:
        faults.add(problem)


def unconfirmed_refer(params: Params, users: t.Sequence[str]) -> OptionError | None:
    """Require confirmation that the carrier allows transfers, because no API returns it.

    :param params: the options. :param users: the objects that transfer calls by REFER.
    :return: the error; ``None`` if there are none or it is confirmed.
    """
    confirmed = params["sip_refer_enabled"] or params["allow_unconfirmed_refer"]
    names = ", ".join(users)
    if not names or params["state"] != "present" or confirmed:
        return None
    login = as_object(params["trunk"]).get("username")
    rule = (
        f"Calls can be transferred ({names}), and transfers need SIP REFER, which didlogic enables manually and no API "
        "returns. Ask didlogic's account manager: (1) to enable SIP REFER for the account; (2) to enable it for "
        f"the SIP login {login or 'of the trunk'}; (3) whether calls may be transferred to "
        "numbers outside didlogic, and at what price. Then set this to true. To deploy everything before the reply, "
        "set allow_unconfirmed_refer to true; transfers fail until REFER is enabled."
    )
    return OptionError("sip_refer_enabled", rule)
