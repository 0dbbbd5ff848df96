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
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import to_result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    HttpOptions,
    OrderedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.number import ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import SIP_ACCOUNT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import FORWARD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.number import NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

#: resource -> what is asked of it; an answer is read both as a list and as the object that it may be.
ASKED: list[tuple[Resource, dict[str, t.Any]]] = [
    (SIP_TRUNK, {"name": "trunk", "tech_prefix": "9"}),
    (TRANSFER_TOOL, {"name": "human", "description": "other"}),
    (ASSISTANT, {"name": "reception", "definition": {"firstMessage": "other"}}),
    (PHONE_NUMBER, {"number": OWN, "name": "other"}),
    (FORWARD, {"number": OWN, "destination": "01234"}),
    (SIP_ACCOUNT, {"label": "fuzz", "max_channels": 7}),
    (NUMBER, {}),
    (ACCOUNT, {}),
]
ODD: list[t.Any] = [None, True, 0, -1, 1e308, 10**40, "", "x", "\x00", "ü" * 50, [], {}, [[]], {"id": {}}, "9" * 5000]
CANARY = "additional-field"
#: Free-form objects, whose every field is the user's: an assistant's body (it has a model) and what stands in these.
OWN_WORDS = ("model", "voice", "messages", "server", "hooks", "transferPlan")


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
    """What the sandbox answers to each list when an environment stands."""
    account = Account.new()
    account.run()
    account.world.seed({"sip_accounts": [{"name": "01234", "label": "fuzz", "password": "not-a-real-password"}]})
    answers = {}
    with httpx.Client(transport=account.transport, base_url="http://127.0.0.1") as client:
        for resource, _asked in ASKED:
            service = resource.provider.name
            key = account.world.vapi_api_key if service == "vapi" else account.world.didlogic_api_key
            path = resource.path.format(number=OWN)
            answers[resource.name] = client.get(f"/{service}{path}", headers={"authorization": f"Bearer {key}"}).content
    return account, answers


def sweep(bodies: int) -> collections.Counter[str]:
    """The figures over all endpoints."""
    account, answers = real_answers()
    found: collections.Counter[str] = collections.Counter()
    for resource, asked in ASKED:
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
            found["additional fields shown"] += 1
            found[f"additional fields shown {resource.name}: {said}"] += 1
    return found


BROKEN = ("traceback", "unclear error", "additional fields shown")


def main() -> int:
    options = messages.options(__doc__)
    options.add_argument("--bodies", type=int, default=20_000, help="mutated bodies an endpoint")
    chosen = options.parse_args()
    begun = time.monotonic()
    found = sweep(chosen.bodies)
    figures: dict[str, int] = {"endpoints": len(ASKED)}
    for name in ("mutated bodies", "read", "clear error", "bodies with additional fields", *BROKEN):
        figures[name] = found[name]
    return messages.end(figures, found, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
