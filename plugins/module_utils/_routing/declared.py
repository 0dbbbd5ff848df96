# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people declare of an environment, checked as far as that goes without a request. Pure.

An environment is a trunk, who answers, how callers are handed on, and the numbers. Here it is taken apart into what is
asked of each object; ids that only the run will know are filled in as they become known.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic import sip_account
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.forward import FORWARD, EnvironmentAsk
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._engine import CONCURRENCY
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._plan import Want, wanted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import (
    Faults,
    Option,
    Problem,
    Record,
    Words,
    faults_of,
    from_options,
    hidden_places,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import LATER, Resource, State
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._routing.uri import inbound_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import (
    HIDDEN,
    check_host,
    digits,
    network_of,
    number_digits,
    number_hint,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import destination, transfer_tool
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT, Assistant
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_handling import transfers
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import CHOICES, PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

Given = t.Mapping[str, t.Any]


def check_login(name: str) -> None:
    """A login of another kind is let through; digits that are not five are what YAML made of a leading zero."""
    if name.isdigit():
        sip_account.check_login(name)


def check_phone(number: str) -> None:
    if not re.fullmatch(r"[1-9][0-9]{5,14}", number):
        rule = "must be a phone number with country code, such as +31201234567: 6 to 15 digits, the first not 0."
        raise ValueError(rule + number_hint(number))


def check_networks(networks: list[str]) -> None:
    """Raise :class:`Problem` for every network that Vapi does not take."""
    faults = Faults()
    for index, network in enumerate(networks):
        try:
            good = ipaddress.IPv4Network(network, strict=False).prefixlen >= 24
        except ValueError:
            good = False
        if not good:
            rule = "must be an IPv4 address or a network of /24 to /32, such as 192.0.2.10 or 192.0.2.0/24."
            faults.add(Problem(f"inbound_networks[{index}]", rule, network))
    faults.end()


class Trunk(Record):
    name: t.Annotated[str | None, Option(required=True, length=(1, 40))] = None
    gateway: t.Annotated[str | None, Option(required=True, check=check_host)] = None
    protocol: t.Literal["udp", "tcp", "tls", "tls/srtp"] = "udp"
    port: t.Annotated[int | None, Option(between=(1, 65535))] = None
    username: t.Annotated[str | None, Option(check=check_login)] = None
    password: t.Annotated[str | None, Option(secret=True)] = None
    update_password: t.Literal["on_create", "always"] = "on_create"  # noqa: S105 - when, not what
    inbound_networks: t.Annotated[list[str] | None, Option(distinct=network_of)] = None
    leading_plus: bool | None = None


class SipAccount(sip_account.SipAccount, sip_account.Manner):
    pass


class Destination(transfer_tool.ToolDestination):
    via: t.Literal["number", "sip"] = "number"


class TransferTool(transfer_tool.TransferTool):
    destinations: t.Annotated[list[Destination] | None, Option(open=True)] = None  # type: ignore[assignment]


class Number(Record):
    number: t.Annotated[str | None, Option(required=True, clean=number_digits, check=check_phone)] = None
    name: t.Annotated[str | None, Option(length=(0, 40))] = None
    assistant: str | None = None
    squad: str | None = None
    workflow: str | None = None
    inbound: bool = True
    others: t.Literal["keep", "disable", "remove"] = "keep"
    fallback_destination: t.Annotated[destination.Destination | None, Option(open=True)] = None

    @property
    def answering(self) -> str:
        """Who answers, as it was written; empty where that is not said."""
        return next((value for value in (getattr(self, name) for name in CHOICES) if value), "")


class Wiring(State):
    """Options of the module."""

    trunk: t.Annotated[Trunk | None, Option(required=True)] = None
    sip_account: SipAccount | None = None
    transfer_tools: list[TransferTool] | None = None
    assistants: list[Assistant] | None = None
    numbers: t.Annotated[list[Number] | None, Option(required=True)] = None
    number_format: t.Literal["digits", "e164"] = "digits"
    inbound_uri: t.Literal["trunk_id", "private_key"] = "trunk_id"
    sip_refer_enabled: bool = False
    allow_unconfirmed_refer: bool = False
    verify: bool = True
    concurrency: t.Annotated[int, Option(between=(1, 32))] = CONCURRENCY


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declared:
    """An environment as it is declared.

    :param given: the options. :param region: Vapi's. :param key: Vapi's private key.
    :param trunk: and what follows are checked; ``numbers`` in the order in which they are declared.
    """

    given: Given = dataclasses.field(repr=False)
    region: str
    key: str = dataclasses.field(repr=False)
    trunk: Trunk = dataclasses.field(repr=False)
    account: Want | None = dataclasses.field(repr=False)
    tools: tuple[Want, ...] = dataclasses.field(repr=False)
    assistants: tuple[Want, ...] = dataclasses.field(repr=False)
    numbers: tuple[Number, ...] = ()
    words: Words = dataclasses.field(default=Words(), repr=False)

    @property
    def present(self) -> bool:
        return bool(self.given["state"] == "present")

    @property
    def by_key(self) -> bool:
        """Whether the inbound URI holds the private key, as didlogic's guide has it."""
        return bool(self.given["inbound_uri"] == "private_key")

    @functools.cached_property
    def digits(self) -> tuple[str, ...]:
        return tuple(str(number.number) for number in self.numbers)

    @functools.cached_property
    def inbound(self) -> tuple[Number, ...]:
        return tuple(number for number in self.numbers if number.inbound)

    @functools.cached_property
    def _fallbacks(self) -> dict[str, t.Any]:
        """As they were given: where they are used they are checked."""
        items = zip(self.numbers, self.given["numbers"], strict=True)
        return {str(number.number): item.get("fallback_destination") for number, item in items}

    def places(self, option: str, field: str, value: t.Any) -> list[str]:
        """The paths in a list option at which ``field`` is, or has, a value."""
        found = []
        for index, item in enumerate(self.given[option]):
            there, path = item.get(field), f"{option}[{index}].{field}"
            if isinstance(there, list):
                found += [f"{path}[{at}]" for at, each in enumerate(there) if each == value]
            elif there == value:
                found.append(path)
        return found or [option]

    def concerned(self, finding: Given) -> bool:
        """Whether a finding of the audit is about the environment as it is declared.

        How calls come in to numbers that are declared for outbound calls only is not its business.
        """
        comes_in = finding["step"] in ("forward", "assistant") or finding["rule"] in ("spelling", "other-trunk")
        inbound = {number.number for number in self.inbound}
        return not comes_in or not finding["numbers"] or bool(inbound & set(finding["numbers"]))

    def spelled(self, number: Number) -> str:
        """The number as it stands at Vapi and in the inbound URI."""
        return ("+" if self.given["number_format"] == "e164" else "") + str(number.number)

    def uri(self, number: Number, trunk: str) -> str:
        """Its inbound URI as people may see it."""
        return inbound_uri(self.spelled(number), HIDDEN if self.by_key else trunk, self.region)

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of what is declared."""
        return tuple(want.label for want in (*self.assistants, *self.tools))

    @functools.cached_property
    def foreign_assistants(self) -> tuple[str, ...]:
        """Assistants that numbers refer to and that are not declared."""
        own = {want.label for want in self.assistants}
        return tuple(dict.fromkeys(n.assistant for n in self.numbers if n.assistant and n.assistant not in own))

    @functools.cached_property
    def squads(self) -> tuple[str, ...]:
        """Squads that numbers refer to."""
        return tuple(dict.fromkeys(number.squad for number in self.numbers if number.squad))

    @functools.cached_property
    def foreign_tools(self) -> tuple[str, ...]:
        """Tools that assistants refer to and that are not declared."""
        own = {want.label for want in self.tools}
        named = [tool for want in self.assistants for tool in want.record.tools or ()]
        return tuple(dict.fromkeys(name for name in named if name not in own))

    # -- what is asked of each object, once the ids are known

    def trunk_want(self, login: str | None = None) -> Want:
        """:param login: of the SIP account that is managed here."""
        trunk, account = self.trunk, self.given.get("sip_account") or {}
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
        return self._want(
            SIP_TRUNK,
            "trunk",
            name=trunk.name,
            gateways=[{**gateway, "outbound_protocol": trunk.protocol}, *ins],
            username=trunk.username or login,
            password=trunk.password or account.get("password"),
            update_password=trunk.update_password,
            outbound_leading_plus_enabled=trunk.leading_plus,
        )

    def phone_want(self, number: Number, trunk: str, assistants: t.Mapping[str, str]) -> Want:
        """:param assistants: ids of those that are declared, by their names."""
        return self._want(
            PHONE_NUMBER,
            self._path(number),
            number=self.spelled(number),
            name=number.name,
            trunk=trunk,
            assistant=number.assistant and assistants.get(number.assistant, number.assistant),
            squad=number.squad,
            workflow=number.workflow,
            number_e164_check_enabled=self.given["number_format"] == "e164",
            fallback_destination=self._fallbacks.get(str(number.number)),
        )

    def forward_want(
        self, number: Number, trunk: str, trunks: t.Iterable[str] = (), *, by_key: bool, uri: str = ""
    ) -> Want:
        """:param trunks: ids of the organisation's trunks. :param by_key: the form with the private key.

        :param uri: a destination as it is at didlogic, instead of the inbound URI of the trunk.
        """
        target: dict[str, t.Any] = {
            "vapi_trunk_id": None if by_key else trunk,
            "vapi_private_key": self.key if by_key else None,
            "uri_user": self.spelled(number),
            "region": self.region,
        }
        want = self._want(
            FORWARD,
            self._path(number),
            number=number.number,
            **({"destination": uri, "kind": "sip_uri"} if uri else target),
            heal_private_key=None if by_key or not self.present else self.key,
            others=number.others if self.present else "keep",
            vapi_trunk_ids=list(trunks),
        )
        # Everything that leads to the organisation's trunks is the environment's: exactly the declared one stays.
        ask = EnvironmentAsk(**want.ask.model_dump(), own_trunk_ids=list(trunks) if self.present else None)
        return dataclasses.replace(want, ask=ask)

    def _path(self, number: Number) -> str:
        return next((f"numbers[{index}]" for index, each in enumerate(self.numbers) if each is number), "numbers")

    def _want(self, resource: Resource, path: str, **params: t.Any) -> Want:
        return dataclasses.replace(wanted(resource, {**params, "state": self.given["state"]}), path=path)


def parse(params: Given, words: Words | None = None) -> Declared:
    """An environment of the module's options; raises :class:`Problem` with every mistake in it.

    :param words: how to speak of options later on.
    """
    faults = Faults()
    state = {"state": params["state"]}
    plain = {name: value for name, value in params.items() if not isinstance(value, (dict, list))}
    faults_of(Wiring, plain, faults)
    params = {**params, "trunk": _dict(params["trunk"])}
    for option in ("transfer_tools", "assistants", "numbers"):
        params[option] = [_dict(item) for item in params.get(option) or ()]
    trunk = faults.of("trunk", from_options, Trunk, params["trunk"])
    faults.of("trunk", check_networks, params["trunk"].get("inbound_networks") or ())
    account = params.get("sip_account")
    going = {**state, "force": True} if params["state"] == "absent" else state
    owner = account and faults.of("sip_account", wanted, sip_account.SIP_ACCOUNT, {**account, **going})
    declared = Declared(
        given=params,
        region=params["vapi_region"],
        key=str(params["vapi_api_key"]).strip(),
        trunk=trunk or Trunk(),
        account=owner and dataclasses.replace(owner, path="sip_account"),
        tools=_wants("transfer_tools", params, lambda item: _tool(item, state, trunk), faults),
        assistants=_wants("assistants", params, lambda item: _assistant(item, state), faults),
        words=words or Words(),
        numbers=tuple([_number(item, index, faults) for index, item in enumerate(params["numbers"])]),
    )
    if declared.present and not account and params["trunk"].get("password") and not params["trunk"].get("username"):
        # At the option that is missing: what else is wrong with the password is reported as well.
        faults.add(
            Problem("trunk.username", "is required where a password is given: the 5-digit SIP login, in quotes.")
        )
    for option, what in (("transfer_tools", "name"), ("assistants", "name"), ("numbers", "number")):
        marks = [item.get(what) or "" for item in params.get(option) or ()]
        faults.twice(option, map(digits, marks) if what == "number" else marks, SAME.format(what=what))
    # With placeholders for what only the run will know, the rules of each kind can be asked already.
    if trunk and not any(problem.path.startswith("trunk.") for problem in faults.found):
        faults.of("trunk", declared.trunk_want, LATER)
    by_key = declared.by_key
    for index, number in enumerate(declared.numbers):
        if isinstance(number.number, str):
            faults.of(f"numbers[{index}]", declared.phone_want, number, LATER, {})
            if number.inbound:
                faults.of(f"numbers[{index}]", lambda one: declared.forward_want(one, LATER, by_key=by_key), number)
    # The plan of an object would find it as well, but when objects before it are written.
    for place in hidden_places({name: params[name] for name in ("transfer_tools", "assistants", "numbers")}):
        rule = f"holds {HIDDEN}, which an export writes in the place of a secret. Give the value, or take the key out."
        faults.add(Problem(place, rule))
    _confirm_refer(params, faults)
    faults.end()
    return declared


def _dict(value: t.Any) -> dict[str, t.Any]:
    """A dictionary of options; an empty one where something else was given, which is reported as such already."""
    return value if isinstance(value, dict) else {}


def _wants(option: str, params: Given, make: t.Callable[[Given], Want], faults: Faults) -> tuple[t.Any, ...]:
    """What the items of a list option ask for; ``None`` for each that is wrong."""
    made = faults.each(option, params[option], make)
    return tuple([want and dataclasses.replace(want, path=f"{option}[{index}]") for index, want in enumerate(made)])


def _number(item: Given, index: int, faults: Faults) -> Number:
    """A number as far as it can be used: what Vapi and didlogic want of it is judged all the same."""
    own = Faults()
    made: Number = faults_of(Number, item, own)
    for problem in own.found:
        faults.add(problem.under(f"numbers[{index}]"))
    return made


SAME = "has the same {what} as {{other}}; declare it once."


def _assistant(item: Given, state: Given) -> Want:
    want = wanted(ASSISTANT, {**item, **state})
    if "" in (want.record.tools or ()):
        raise Problem("tools", "holds an empty name; take it out.")
    return want


def _tool(item: Given, state: Given, trunk: Trunk | None) -> Want:
    """A transfer tool with a SIP URI at the trunk's gateway where a number is to be reached via SIP."""
    faults = Faults()
    faults_of(TransferTool, item, faults)
    found = []
    for index, given in enumerate(item.get("destinations") or ()):
        plain = {name: value for name, value in given.items() if name != "via"} if isinstance(given, dict) else {}
        if isinstance(given, dict) and given.get("via") == "sip" and plain.get("number") and not plain.get("sip_uri"):
            number = digits(str(plain["number"]))
            try:
                check_phone(number_digits(str(plain["number"])))
            except ValueError as error:
                faults.add(Problem(f"destinations[{index}].number", f"With via: sip it {error}", plain["number"]))
                number = "0"
            plain |= {"number": None, "sip_uri": f"sip:+{number}@{trunk.gateway if trunk else 'host'}"}
        found.append(plain)
    there = {} if item.get("destinations") is None else {"destinations": found}
    want = faults.of("", wanted, TRANSFER_TOOL, {**item, **there, **state})
    faults.end()
    return t.cast("Want", want)


def refer_users(params: Given) -> list[str]:
    """The declared objects from which Vapi may transfer a call by REFER, wherever the transfer is defined in them."""
    tools = [
        (f"transfer tool {_name(tool)}", {**TRANSFER_TOOL.fixed, "destinations": _targets(tool.get("destinations"))})
        for tool in params["transfer_tools"] or ()
    ]
    assistants = [(f"assistant {_name(item)}", _dict(item.get("definition"))) for item in params["assistants"] or ()]
    fallbacks = [
        (f"number {item.get('number')}", {"fallbackDestination": target})
        for item in params["numbers"] or ()
        for target in _targets([item.get("fallback_destination")])
    ]
    named = [*tools, *assistants, *fallbacks]
    return [name for name, body in named if any(transfer.by_refer for transfer in transfers(dict(body)))]


def _name(item: Given) -> str:
    # What Ansible made text of is no name, and may hold anything.
    name = item.get("name")
    return name if isinstance(name, str) and not name.startswith(("{", "[")) else "without a name"


def _targets(given: t.Any) -> list[dict[str, t.Any]]:
    """Destinations as they are declared, with the fields of the API that tell whether they are transferred by REFER.

    A hand-off to another assistant stays inside Vapi. It is in the list all the same: a tool without any destination
    is one for which a server chooses it.
    """
    found = []
    for to in map(_dict, given if isinstance(given, list) else ()):
        if to.get("number") or to.get("sip_uri"):
            plan = {"sipVerb": to.get("sip_verb")}
            found.append({"sipUri": str(to.get("sip_uri") or to.get("number")), "transferPlan": plan})
        elif to.get("assistant_name"):
            found.append({"type": "assistant", "assistantName": str(to["assistant_name"])})
    return found


def _confirm_refer(params: Given, faults: Faults) -> None:
    """Whether transfers can work is in no API: a human has to say it."""
    confirmed = params["sip_refer_enabled"] or params["allow_unconfirmed_refer"]
    names = ", ".join(refer_users(params))
    if not names or params["state"] != "present" or confirmed:
        return
    rule = (
        f"Transfers are declared ({names}), and they need SIP REFER, which didlogic enables by hand and no API "
        "tells. Ask didlogic's account manager: (1) that SIP REFER be enabled for the account; (2) that it hold for "
        f"the SIP login {params['trunk'].get('username') or 'of the trunk'}; (3) whether calls may be transferred to "
        "numbers outside didlogic, and at what price. Then set this to true. To build everything before the answer is "
        "there, set allow_unconfirmed_refer to true; transfers fail until then."
    )
    faults.add(Problem("sip_refer_enabled", rule))
