# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine over the sandbox in one process: no socket, no waiting, a clock that moves with every look at it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import random
import threading
import typing as t
import uuid

import httpx

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.concurrency import AdaptiveLimit
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_batches
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    HttpOptions,
    OrderedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.app import create_app
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_resources import (
    RESOURCES as VAPI_RESOURCES,
)
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World
from ansible_collections.voiceops.vapi_didlogic.tests.sandbox.inprocess import InProcessTransport

NUMBER_1, NUMBER_2 = "31201234567", "31201234568"


def canary() -> str:
    """A secret that no output may hold, nor any eight characters of it; made anew each time."""
    return "Zq" + uuid.uuid4().hex


class Clock:
    """Moves a millisecond at every look, so that no two objects share a time."""

    def __init__(self) -> None:
        self.now = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
        self.step = datetime.timedelta(milliseconds=1)

    def __call__(self) -> datetime.datetime:
        self.now += self.step
        return self.now


class SandboxFixture:
    """A world, and engines that act on it."""

    def __init__(self, seed: dict[str, t.Any] | None = None) -> None:
        self.clock = Clock()
        self.world = World(seed=seed or {"balance": 3.5, "numbers": [NUMBER_1, NUMBER_2]}, clock=self.clock)
        self.transport: t.Any = InProcessTransport(create_app(self.world), sleep=self.sleep)
        self.warnings: list[str] = []
        self.pauses: list[float] = []
        self.now = 1000.0

    # -- what the services hold and were asked

    def store(self, name: str) -> list[dict[str, t.Any]]:
        return list(self.world.vapi[name].values())

    def objects(self, resource: Resource) -> list[dict[str, t.Any]]:
        """The objects of a kind that its service holds."""
        if isinstance(resource, OrderedResource):
            return self.destinations()
        vapi = {each.path: each.store for each in VAPI_RESOURCES}
        rows = self.store(vapi[resource.path]) if resource.path in vapi else self.world.didlogic[resource.plural]
        return [row for row in rows if resource.constants.items() <= row.items()]

    def destinations(self, number: str = NUMBER_1) -> list[dict[str, t.Any]]:
        found = self.world.number(number)
        assert found is not None
        return sorted(found["destinations"], key=lambda row: (row["priority"], row["id"]))

    def contents(self) -> str:
        """Both accounts as text, to compare."""
        return json.dumps(self.world.state(), sort_keys=True)

    @property
    def writes(self) -> list[str]:
        """The requests so far that were not GET."""
        return [f"{e['method']} {e['path']}" for e in self.world.journal if e["method"] != "GET"]

    def fresh(self) -> SandboxFixture:
        """Forget the requests so far."""
        self.world.journal.clear()
        self.warnings.clear()
        return self

    def faults(self, *given: dict[str, t.Any]) -> None:
        self.world.faults.set(list(given))

    # -- acting

    def sleep(self, seconds: float) -> None:
        """Time passes only here, for the clients as for the services' faults."""
        self.pauses.append(seconds)
        self.now += seconds

    def client(
        self,
        resource: Resource,
        *,
        read_only: bool = False,
        transport: t.Any = None,
        limit: AdaptiveLimit | None = None,
    ) -> Client:
        service = resource.provider
        key = self.world.vapi_api_key if service.name == "vapi" else self.world.didlogic_api_key
        connection = from_options(service.connection, {"api_key": key, "api_url": f"http://127.0.0.1/{service.name}"})
        # To read the CA certificates takes longer than all the rest.
        http = from_options(HttpOptions, {"timeout": 5, "retry_timeout": 20, "validate_certs": False})
        return Client(
            service,
            connection,
            http,
            transport=transport or self.transport,
            read_only=read_only,
            limit=limit,
            sleep=self.sleep,
            clock=lambda: self.now,
        )

    def engine(
        self, resource: Resource, *, check: bool = False, concurrency: int = 1, transport: t.Any = None
    ) -> Engine:
        return Engine(
            self.client(resource, read_only=check, transport=transport),
            check_mode=check,
            concurrency=concurrency,
            warn=self.warnings.append,
            now=lambda: self.clock.now,
        )

    def many(
        self,
        resource: Resource,
        items: t.Iterable[dict[str, t.Any]],
        *,
        check: bool = False,
        concurrency: int = 1,
        exclusive: t.Any = None,
        transport: t.Any = None,
    ) -> list[Outcome]:
        engine = self.engine(resource, check=check, concurrency=concurrency, transport=transport)
        desired_objects = [desired for item in items for desired in desired_batches(resource, item)[0]]
        return engine.ensure(resource, desired_objects, exclusive=exclusive)

    def try_(self, resource: Resource, *, check: bool = False, transport: t.Any = None, **params: t.Any) -> Outcome:
        """One object; its error is in the outcome."""
        (outcome,) = self.many(resource, [params], check=check, transport=transport)
        return outcome

    def do(self, resource: Resource, *, check: bool = False, transport: t.Any = None, **params: t.Any) -> Outcome:
        """One object; must succeed."""
        outcome = self.try_(resource, check=check, transport=transport, **params)
        assert outcome.error is None, outcome.error
        assert outcome.done
        return outcome


class Hook(httpx.BaseTransport):
    """The stage's transport with something done around each request."""

    def __init__(
        self,
        stage: SandboxFixture,
        before: t.Callable[[httpx.Request], t.Any] = lambda request: None,
        after: t.Callable[[httpx.Request, httpx.Response], httpx.Response | None] = lambda request, answer: answer,
    ) -> None:
        self.stage, self.before, self.after = stage, before, after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        answer = self.stage.transport.handle_request(request)
        return self.after(request, answer) or answer


class Interleaver:
    """Lets one of several threads go on at a time, chosen by dice once all have arrived."""

    def __init__(self, dice: t.Any, count: int) -> None:
        self.dice, self.going = dice, set(range(count))
        self.waiting: set[int] = set()
        self.chosen: int | None = None
        self.changed = threading.Condition()

    def _choose(self) -> None:
        if self.chosen is None and self.going and self.waiting == self.going:
            self.chosen = self.dice.choice(sorted(self.waiting))
            self.changed.notify_all()

    def wait(self, index: int) -> None:
        with self.changed:
            self.waiting.add(index)
            self._choose()
            assert self.changed.wait_for(lambda: self.chosen == index, 10)
            self.chosen = None
            self.waiting.discard(index)

    def leave(self, index: int) -> None:
        with self.changed:
            self.going.discard(index)
            self.waiting.discard(index)
            self._choose()


def side_by_side(
    stage: SandboxFixture,
    dice: random.Random,
    resource: Resource,
    options: t.Sequence[dict[str, t.Any]],
    watch: t.Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Runs that take turns, request by request; ``watch`` looks after each."""
    turns = Interleaver(dice, len(options))
    outcomes: dict[int, Outcome] = {}

    def work(index: int) -> None:
        def after(_request: httpx.Request, _answer: httpx.Response) -> None:
            watch()

        try:
            hook = Hook(stage, lambda _request: turns.wait(index), after)
            outcomes[index] = stage.try_(resource, transport=hook, **options[index])
        finally:
            turns.leave(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(options))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(outcomes) == len(options)
    return [outcomes[index] for index in range(len(options))]


# ------------------------------------------------------------------------------------------------ one of each kind

GATEWAYS = [
    {"ip": "sip.nl.didlogic.net", "inbound_enabled": False},
    {"ip": "192.0.2.0", "netmask": 24, "outbound_enabled": False},
]
MODEL = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "Be brief."}]}


def trunk_options(**more: t.Any) -> dict[str, t.Any]:
    return {"name": "didlogic nl", "gateways": GATEWAYS, "username": "01234", "password": canary(), **more}


def number_options(**more: t.Any) -> dict[str, t.Any]:
    return {"number": NUMBER_1, "number_e164_check_enabled": False, "trunk": "didlogic nl", "name": "Main", **more}


def assistant_options(**more: t.Any) -> dict[str, t.Any]:
    return {"name": "Reception", "definition": {"firstMessage": "Hello", "model": MODEL}, **more}


def tool_options(**more: t.Any) -> dict[str, t.Any]:
    sip = {"sip_uri": f"sip:+{NUMBER_2}@sip.nl.didlogic.net", "message": "One moment"}
    return {"name": "to_human", "description": "Hands over", "destinations": [sip], **more}


def squad_options(**more: t.Any) -> dict[str, t.Any]:
    handover = {"type": "assistant", "assistantName": "Sales"}
    return {
        "name": "Team",
        "members": [{"assistant": "Reception", "destinations": [handover]}, {"assistant": "Sales"}],
        **more,
    }


def account_options(**more: t.Any) -> dict[str, t.Any]:
    return {
        "label": "Vapi",
        "password": canary(),
        "allowed_ips": ["192.0.2.1"],
        "ip_restrict": True,
        "max_channels": 3,
        "max_call_cost": 1.5,
        **more,
    }


def forward_options(**more: t.Any) -> dict[str, t.Any]:
    target = {} if {"destination", "vapi_private_key"} & set(more) else {"vapi_trunk_id": str(uuid.uuid4())}
    return {"number": NUMBER_1, **target, **more}


def call_options(**more: t.Any) -> dict[str, t.Any]:
    return {"assistant": "Reception", "phone_number": "Main", "customer": {"number": "+31201110001"}, **more}


def campaign_options(**more: t.Any) -> dict[str, t.Any]:
    people = [
        {"number": "+31201110001", "name": "A", "variables": {"weekday": "Friday"}},
        {"number": "+31201110002"},
    ]
    return {"name": "Renewal", "assistant": "Reception", "phone_number": NUMBER_1, "customers": people, **more}


@dataclasses.dataclass(frozen=True)
class Case:
    """What the generated tests do with a resource.

    :param options: options that create an object. :param change: options that change it; none for a one-shot operation.
    :param first: objects that must exist before. :param gone: further options to delete it.
    """

    resource: Resource
    options: dict[str, t.Any]
    change: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    first: tuple[tuple[Resource, dict[str, t.Any]], ...] = ()
    gone: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def stage(self) -> SandboxFixture:
        """Both services with the objects that must exist before."""
        stage = SandboxFixture()
        for resource, options in self.first:
            stage.do(resource, **options)
        return stage.fresh()


OUTBOUND = ((SIP_TRUNK, trunk_options()), (ASSISTANT, assistant_options()), (PHONE_NUMBER, number_options()))
#: A case of each resource that a module manages; tests/unit/test_contract.py fails without it.
CASES = {
    case.resource.name: case
    for case in (
        Case(SIP_TRUNK, trunk_options(), {"outbound_leading_plus_enabled": True}),
        Case(TRANSFER_TOOL, tool_options(), {"description": "Else"}),
        Case(
            ASSISTANT,
            assistant_options(tools=["to_human"]),
            {"definition": {"firstMessage": "Good day", "model": MODEL}},
            ((TRANSFER_TOOL, tool_options()),),
        ),
        Case(
            PHONE_NUMBER,
            number_options(assistant="Reception"),
            {"name": "Second"},
            ((SIP_TRUNK, trunk_options()), (ASSISTANT, assistant_options())),
        ),
        Case(
            SQUAD,
            squad_options(),
            {"members_overrides": {"firstMessage": "Good day"}},
            ((ASSISTANT, assistant_options()), (ASSISTANT, assistant_options(name="Sales"))),
        ),
        Case(FORWARD, forward_options(), {"call_hunt": True}),
        Case(SIP_ACCOUNT, account_options(), {"max_channels": 5}, gone={"force": True}),
        Case(CALL, call_options(), first=OUTBOUND),
        Case(CAMPAIGN, campaign_options(), first=OUTBOUND),
    )
}


class MemoryStore:
    """The file of a record, in memory. :param content: its content."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = content

    def load(self) -> bytes | None:
        return self.content

    def save(self, content: bytes) -> None:
        self.content = content

    def remove(self) -> None:
        self.content = None

    @contextlib.contextmanager
    def hold(self, _interrupt: threading.Event) -> t.Iterator[None]:
        yield
