# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole environment without Ansible, in both ways: as one task, which is what the role does, or a task for each kind.

It lets thousands of runs meet faults in a minute.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from inprocess import InProcessTransport
from sandbox_server.app import create_app
from sandbox_server.world import World

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ModuleFailureError as EngineFailed,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_cache import ReadCache
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    HttpOptions,
    Provider,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import SERVICES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.execute import execute
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.export import ExportOptions, find
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import IntegrationOptions, parse
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

OWN = "31201234567"  # has destinations of its own before the first run
BARE = "31201234568"
SEED = {
    "balance": 10,
    "numbers": [
        {
            "number": OWN,
            "destinations": [
                {"destination": "01234", "transport": 5, "active": True},
                {"destination": "31201234599", "transport": 4, "active": True},
            ],
        },
        BARE,
    ],
}


MODEL = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "prompt"}]}
#: The same as options of the module that makes all of it.
DECLARED: dict[str, t.Any] = {
    "trunk": {
        "name": "trunk",
        "gateway": "sip.nl.didlogic.net",
        "inbound_networks": ["192.0.2.0/24"],
        "username": "01234",
        "password": "not-a-real-password",
    },
    "transfer_tools": [
        {
            "name": "human",
            "description": "d",
            "destinations": [{"sip_uri": "sip:+31201234599@sip.nl.didlogic.net"}],
        }
    ],
    "assistants": [{"name": "reception", "definition": {"model": MODEL}, "tools": ["human"]}],
    "numbers": [{"number": OWN, "assistant": "reception"}, {"number": BARE, "assistant": "reception"}],
}


class Time:
    """A clock that moves only when somebody waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class ModuleFailureError(Exception):
    """A task failed: the chain ends, as a play does. ``error`` is what the user would read."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Ticking:
    """Real time, but no moment twice: a network lies between two requests, and here they may share a millisecond."""

    def __init__(self) -> None:
        self.last = datetime.datetime.now(datetime.UTC)

    def __call__(self) -> datetime.datetime:
        self.last = max(datetime.datetime.now(datetime.UTC), self.last + datetime.timedelta(milliseconds=1))
        return self.last


@dataclasses.dataclass
class Account:
    """Both services with what is in them, and the means to run the chain on them."""

    world: World

    @classmethod
    def new(cls) -> Account:
        return cls(World(seed=SEED, clock=Ticking()))

    def copy(self) -> Account:
        return Account.of(self.world.dump())

    @classmethod
    def of(cls, dumped: str) -> Account:
        """An account as it was dumped."""
        return cls(World.load(dumped, clock=Ticking()))

    def restore(self, dumped: str) -> None:
        """Go back to a dumped state, without a journal; faster than a new account, as the routes remain."""
        vars(self.world).update(vars(World.load(dumped, clock=Ticking())))
        vars(self.time).update(vars(Time()))

    def __post_init__(self) -> None:
        self.time = Time()
        self.transport: t.Any = InProcessTransport(create_app(self.world), sleep=self.time.sleep)

    def run(
        self,
        *,
        check: bool = False,
        wrap: t.Callable[[t.Any], t.Any] = lambda transport: transport,
        at_once: bool = False,
        **more: t.Any,
    ) -> Report:
        """All of it once.

        :param wrap: puts something between the client and the services. :param at_once: as one task, of which ``more``
            are further options.
        """
        report = Report(self, check, wrap(self.transport))
        return report.wire(**more) if at_once else report.run()

    def find(self) -> dict[str, t.Any]:
        """What is live, as environments."""
        report = Report(self, True, self.transport)
        return find({service.name: report.engine(service, ReadCache()) for service in SERVICES}, ExportOptions())


class Report:
    """One run of the chain: what each task answered and how long it took on its clock."""

    def __init__(self, account: Account, check: bool, transport: t.Any) -> None:
        self.account, self.check, self.transport = account, check, transport
        self.changed: list[bool] = []
        self.plans: list[t.Any] = []
        self.results: list[t.Any] = []
        self.longest = 0.0
        self.returned: dict[str, t.Any] = {}
        self.warnings: list[str] = []

    def engine(self, service: Provider, read_cache: ReadCache | None = None) -> Engine:
        world, clock = self.account.world, self.account.time
        key = world.vapi_api_key if service.name == "vapi" else world.didlogic_api_key
        connection = from_options(service.connection, {"api_key": key, "api_url": f"http://127.0.0.1/{service.name}"})
        client = Client(
            service,
            connection,
            HttpOptions(),
            transport=self.transport,
            read_only=self.check,
            read_cache=read_cache,
            sleep=clock.sleep,
            clock=clock,
        )
        return Engine(client, check_mode=self.check, concurrency=1, warn=self.warnings.append)

    def wire(self, **more: t.Any) -> Report:
        """All of it as one task."""
        clock = self.account.time
        begun = clock()
        params = {name: field.default for name, field in fields(IntegrationOptions).items()}
        params |= {"vapi_region": "us", "vapi_api_key": self.account.world.vapi_api_key, "sip_refer_enabled": True}
        params |= DECLARED | more
        try:
            engines = {service.name: self.engine(service, ReadCache()) for service in SERVICES}
            self.returned = execute(engines, parse(params))
        except (ApiError, EngineFailed, OptionError, RunInterruptedError) as error:
            raise ModuleFailureError(error) from error
        finally:
            self.longest = clock() - begun
        return self

    def task(self, resource: Resource, *items: dict[str, t.Any]) -> list[Outcome]:
        """One task of a playbook."""
        clock = self.account.time
        begun = clock()
        desired_objects = [
            Desired(
                from_options(resource.record, item),
                from_options(resource.options, item),
                label=str(item.get("number") or item.get("name")),
            )
            for item in items
        ]
        try:
            outcomes = self.engine(resource.provider).ensure(resource, desired_objects)
        except (ApiError, OptionError, RunInterruptedError) as error:
            self.longest = max(self.longest, clock() - begun)
            raise ModuleFailureError(error) from error
        self.longest = max(self.longest, clock() - begun)
        for outcome in outcomes:
            if outcome.error:
                raise ModuleFailureError(outcome.error)
            self.changed.append(outcome.changed)
            self.plans.append(outcome.plan)
            self.results.append(outcome.result)
        return outcomes

    def run(self) -> Report:
        (trunk,) = self.task(
            SIP_TRUNK,
            {
                "name": "trunk",
                "gateways": [
                    {"ip": "sip.nl.didlogic.net", "inbound_enabled": False},
                    {"ip": "192.0.2.0", "netmask": 24, "outbound_enabled": False},
                ],
                "username": "01234",
                "password": "not-a-real-password",
            },
        )
        (tool,) = self.task(
            TRANSFER_TOOL,
            {
                "name": "human",
                "description": "d",
                "destinations": [{"sip_uri": "sip:+31201234599@sip.nl.didlogic.net"}],
            },
        )
        (assistant,) = self.task(
            ASSISTANT, {"name": "reception", "definition": {"model": MODEL}, "tools": [tool.result["id"]]}
        )
        number = {
            "trunk": trunk.result["id"],
            "assistant": assistant.result["id"],
            "number_e164_check_enabled": False,
        }
        self.task(PHONE_NUMBER, {"number": OWN, **number}, {"number": BARE, **number})
        forward = {"vapi_trunk_id": trunk.result["id"]}
        self.task(FORWARD, {"number": OWN, **forward}, {"number": BARE, **forward})
        return self
