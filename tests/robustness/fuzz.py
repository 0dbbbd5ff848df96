# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are almost right: mutated bodies at every endpoint; prints the figures.

    python tests/robustness/fuzz.py                 # 20,000 an endpoint
    python tests/robustness/fuzz.py --bodies 500

Each body is a real answer of the sandbox with something changed: bytes, values, types, keys, nesting, length. The
reader must end with a result or with one clear sentence. Bodies with additional fields must be accepted, and the
additions shown to nobody.
"""

from __future__ import annotations

import collections
import json
import random
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import httpx
import messages
from chain import OWN, Account, Time

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired, desired_batches
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import to_result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    HttpOptions,
    KeyedResource,
    OrderedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.resources import MANAGED, READ
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import CASES

#: The resources that are read or managed; one-shot operations have no state to compare.
KINDS: tuple[Resource, ...] = (*MANAGED, *READ)
ODD: list[t.Any] = [None, True, 0, -1, 1e308, 10**40, "", "x", "\x00", "ü" * 50, [], {}, [[]], {"id": {}}, "9" * 5000]
CANARY = "additional-field"
#: Free-form objects, whose every field is the user's: an assistant's body (it has a model) and what stands in these.
OWN_WORDS = (
    "model", "voice", "messages", "server", "hooks", "transferPlan", "assistantDestinations", "assistantOverrides",
)  # fmt: skip


def mutated(body: bytes, dice: random.Random) -> bytes:
    """The body with something changed."""
    kind = dice.randrange(6)
    if kind == 0:
        cut = bytearray(body)
        for _time in range(dice.randrange(1, 6)):
            cut[dice.randrange(len(cut))] = dice.randrange(256)
        return bytes(cut)
    if kind == 1:
        return body[: dice.randrange(len(body))]
    if kind == 2:
        return body + bytes(dice.randrange(256) for _time in range(dice.randrange(1, 9)))
    value = json.loads(body)
    for _time in range(dice.randrange(1, 4)):
        value = changed(value, dice)
    return json.dumps(value).encode()


def changed(value: t.Any, dice: random.Random) -> t.Any:
    """The value with one place of it changed."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        if dice.random() < 0.15:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: changed(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        index = dice.randrange(len(value))
        if dice.random() < 0.15:
            return value + value[index : index + 1]
        return [changed(item, dice) if place == index else item for place, item in enumerate(value)]
    return dice.choice(ODD)


def added(value: t.Any) -> t.Any:
    """The value with an additional field in every object but where any field is somebody's own."""
    if isinstance(value, dict):
        kept = {key: item if key in OWN_WORDS else added(item) for key, item in value.items()}
        return kept if "model" in value else {**kept, CANARY: 1}
    return [added(item) for item in value] if isinstance(value, list) else value


class Reader:
    """Reads one endpoint whose answer a test chooses."""

    def __init__(self, resource: Resource, asked: dict[str, t.Any], key: str) -> None:
        self.resource, self.body = resource, b""
        service, clock = resource.provider, Time()
        connection = from_options(service.connection, {"api_key": key, "api_url": f"http://127.0.0.1/{service.name}"})
        transport = httpx.MockTransport(self._answer)
        self.client = Client(
            service, connection, HttpOptions(), transport=transport, read_only=True, sleep=clock.sleep, clock=clock
        )
        self.engine = Engine(self.client, check_mode=True, concurrency=1)
        self.desired = None
        if asked:
            self.desired = Desired(
                from_options(resource.record, asked), from_options(resource.options, asked), label="asked"
            )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        """The chosen body; what belongs to one object of a list has its own endpoint and is well there."""
        further = request.url.path.endswith("/destinations") and not isinstance(self.resource, OrderedResource)
        return httpx.Response(200, content=b'{"destination": []}' if further else self.body, request=request)

    def read(self, body: bytes) -> t.Any:
        """Everything that is said of the body, for the search for what must not be said."""
        self.body = body
        said: list[t.Any] = []
        if not isinstance(self.resource, OrderedResource):
            rows = self.engine.info(self.resource, {})
            said += [to_result(self.resource, row, self.resource.view.filters()) for row in rows]
        if self.desired:
            (outcome,) = self.engine.ensure(self.resource, [self.desired])
            if outcome.error:
                raise outcome.error
            said += [outcome.result, outcome.extra, outcome.plan.before if outcome.plan else {}]
        return said


def real_answers() -> tuple[Account, dict[str, bytes]]:
    """What the sandbox answers to each list: an environment, and at least one object of each kind."""
    account = Account.new()
    account.run()
    answers = {}
    with httpx.Client(transport=account.transport, base_url="http://127.0.0.1") as http:
        for resource in KINDS:
            service = resource.provider
            key = account.world.vapi_api_key if service.name == "vapi" else account.world.didlogic_api_key
            options = {"api_key": key, "api_url": f"http://127.0.0.1/{service.name}"}
            client = Client(
                service, from_options(service.connection, options), HttpOptions(), transport=account.transport
            )
            engine = Engine(client)
            if isinstance(resource, KeyedResource) and not engine.rows(resource):
                for kind, params in (*CASES[resource.name].first, (resource, CASES[resource.name].options)):
                    (outcome,) = engine.ensure(kind, desired_batches(kind, params)[0])
                    assert outcome.error is None, outcome.error
            path = resource.path.format(number=OWN)
            answers[resource.name] = http.get(
                f"/{service.name}{path}", headers={"authorization": f"Bearer {key}"}
            ).content
    return account, answers


def asked_of(resource: Resource, answer: bytes) -> dict[str, t.Any]:
    """What is asked of a resource: a change of the first object in the answer. It is read both as a list and as the
    object that it may be."""
    if isinstance(resource, OrderedResource):
        return {**CASES[resource.name].options, "number": OWN}
    if not isinstance(resource, KeyedResource):
        return {}
    listed = json.loads(answer)
    rows = resource.api.unwrap_list(listed) if resource.api.unwrap_list else listed
    row = next(row for row in rows if resource.constants.items() <= row.items())
    key = fields(resource.record)[resource.keys[0]]
    return {**CASES[resource.name].change, key.name: dig(row, key.api_name.split("."))}


def sweep(bodies: int) -> collections.Counter[str]:
    """The figures over all endpoints."""
    account, answers = real_answers()
    found: collections.Counter[str] = collections.Counter()
    for resource in KINDS:
        asked = asked_of(resource, answers[resource.name])
        key = account.world.vapi_api_key if resource.provider.name == "vapi" else account.world.didlogic_api_key
        reader, dice = Reader(resource, asked, key), random.Random(resource.name)
        for _number in range(bodies):
            body = mutated(answers[resource.name], dice)
            found["mutated bodies"] += 1
            try:
                reader.read(body)
                found["read"] += 1
            except (ApiError, OptionError) as error:
                found["clear error"] += 1
                if not 15 < len(str(error)) < 700:
                    found["unclear error"] += 1
                    found[f"unclear error {resource.name}: {error}"] += 1
            except Exception as error:  # noqa: BLE001 - it is what is counted
                found["traceback"] += 1
                found[f"traceback {resource.name} {type(error).__name__}: {body[:300]!r}"] += 1
        found["bodies with additional fields"] += 1
        said = json.dumps(reader.read(json.dumps(added(json.loads(answers[resource.name]))).encode()))
        if CANARY in said:
            found["additional fields returned"] += 1
            found[f"additional fields returned {resource.name}: {said}"] += 1
    return found


BROKEN = ("traceback", "unclear error", "additional fields returned")


def main() -> int:
    options = messages.options(__doc__)
    options.add_argument("--bodies", type=int, default=20_000, help="mutated bodies an endpoint")
    chosen = options.parse_args()
    begun = time.monotonic()
    found = sweep(chosen.bodies)
    figures: dict[str, int] = {"endpoints": len(KINDS)}
    for name in ("mutated bodies", "read", "clear error", "bodies with additional fields", *BROKEN):
        figures[name] = found[name]
    return messages.end(figures, found, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
