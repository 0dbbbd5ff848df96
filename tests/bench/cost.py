# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of the plan: how much of a run is spent on planning, comparing, the policy and the check of each request.

The module's work is done in this process. The planning pass sends requests whose responses the run then uses, so its
own cost is that of a second planning pass, for which all responses are there. All figures are from one run.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_cache import ReadCache
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.write_gate import WriteGate
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import execute
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import SERVICES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import RULES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import IntegrationOptions, parse

#: Rules that the environment of the benchmark satisfies.
POLICY = [rule.id for rule in RULES if rule.severity == "error"]


@contextlib.contextmanager
def engines(facts: dict[str, str], *, check_mode: bool = False) -> Iterator[dict[str, Engine]]:
    """Engines with new connections and empty caches."""
    found = {}
    for service in SERVICES:
        options = {"api_key": facts[f"{service.name}_api_key"], "api_url": facts[f"{service.name}_api_url"]}
        connection = from_options(service.connection, options)
        client = Client(service, connection, HttpOptions(), read_only=check_mode, read_cache=ReadCache())
        found[service.name] = Engine(client, check_mode=check_mode)
    try:
        yield found
    finally:
        for engine in found.values():
            engine.client.close()


def run(facts: dict[str, str], declared: dict[str, Any]) -> dict[str, float]:
    """One run with an approved plan and a policy. :return: its seconds, and those of each part."""
    params: dict[str, Any] = {name: field.default for name, field in fields(IntegrationOptions).items()}
    params |= {"vapi_region": "us", "vapi_api_key": facts["vapi_api_key"], "policy": POLICY, **declared}
    with engines(facts, check_mode=True) as dry:
        params["approved_plan"] = execute.execute(dry, parse(params))["plan"]
    seconds = dict.fromkeys(("planning", "comparing", "policy", "checking requests", "measuring"), 0.0)

    def timed(part: str, function: Any, clock: Any = time.perf_counter) -> Any:
        def call(*args: Any) -> Any:
            begun = clock()
            try:
                return function(*args)
            finally:
                seconds[part] += clock() - begun

        return call

    planned, perform, plan_of = execute._planned, execute._perform, execute._plan_of

    def again(planning: dict[str, Engine], spec: Any) -> Any:
        found = planned(planning, spec)
        begun = time.perf_counter()
        # An unchanged run is its planning pass; only the plan itself is made in addition.
        if found[2]["changed"]:
            timed("planning", perform)(planning, spec)
        timed("planning", lambda: plan_of(found[0], planning, spec).document())()
        seconds["measuring"] += time.perf_counter() - begun
        return found

    # Requests are checked in several threads at once.
    check = timed("checking requests", WriteGate.check, time.thread_time)
    with (
        engines(facts) as live,
        mock.patch.object(execute, "_planned", again),
        mock.patch.object(execute, "_check_approval", timed("comparing", execute._check_approval)),
        mock.patch.object(execute, "_check_policy", timed("policy", execute._check_policy)),
        mock.patch.object(WriteGate, "check", check),
    ):
        begun = time.perf_counter()
        execute.execute(live, parse(params))
        total = time.perf_counter() - begun
    return {"whole run": total - seconds.pop("measuring"), **seconds}
