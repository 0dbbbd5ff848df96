# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of the plan: how much of a run is spent on planning, comparing, the policy and the check of each request.

The module's work is done in this process. The planning pass sends requests whose responses the run then uses, makes
the preparation of the run, and plans that the run uses where the object and the ids are the same. The cost is what is
done twice: that of a second planning pass, for which all of this is there. All figures are from one run.
"""

from __future__ import annotations

import contextlib
import dataclasses
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
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import apply, execute
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import SERVICES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import RULES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import IntegrationOptions, parse

#: Rules that the environment of the benchmark satisfies.
POLICY = [rule.id for rule in RULES if rule.severity == "error"]

#: What the plan consists of.
PARTS = ("planning", "comparing", "policy", "checking requests")


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


@dataclasses.dataclass
class Cost:
    """Seconds of the clock and of CPU time."""

    seconds: float = 0.0
    cpu: float = 0.0

    def add(self, seconds: float, cpu: float) -> None:
        self.seconds += seconds
        self.cpu += cpu

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Count what happens meanwhile, in all threads."""
        seconds, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.add(time.perf_counter() - seconds, time.process_time() - cpu)


def run(facts: dict[str, str], declared: dict[str, Any]) -> dict[str, Cost]:
    """One run with an approved plan and a policy. :return: its cost, and that of each part."""
    params: dict[str, Any] = {name: field.default for name, field in fields(IntegrationOptions).items()}
    params |= {"vapi_region": "us", "vapi_api_key": facts["vapi_api_key"], "policy": POLICY, **declared}
    with engines(facts, check_mode=True) as dry:
        params["approved_plan"] = execute.execute(dry, parse(params))["plan"]
    parts = {part: Cost() for part in ("whole run", *PARTS)}
    measuring = Cost()
    planned, perform, plan_of, check = execute._planned, execute._perform, execute._plan_of, WriteGate.check

    def counted(part: str, function: Any) -> Any:
        def call(*args: Any) -> Any:
            with parts[part].counting():
                return function(*args)

        return call

    def again(planning: dict[str, Engine], spec: Any) -> Any:
        found = planned(planning, spec)
        with measuring.counting():
            # An unchanged run is its planning pass; only the plan itself is made in addition.
            if found[0].changed:
                # The preparation is that of the run, which also reuses the plans of objects that do not change.
                prepared = dataclasses.replace(found[0].run.for_real(), check_mode=True)
                for engine in planning.values():
                    engine.earlier = execute.by_name(found[0].steps)
                with mock.patch.object(apply, "_prepare", return_value=prepared):
                    counted("planning", perform)(planning, spec)
            with parts["planning"].counting():
                plan_of(found[0], planning, spec).document()
        return found

    def checked(*args: Any) -> None:
        # Requests are checked in several threads at once.
        begun = time.thread_time()
        try:
            check(*args)
        finally:
            parts["checking requests"].add(*[time.thread_time() - begun] * 2)

    with (
        engines(facts) as live,
        mock.patch.object(execute, "_planned", again),
        mock.patch.object(execute, "_check_approval", counted("comparing", execute._check_approval)),
        mock.patch.object(execute, "_check_policy", counted("policy", execute._check_policy)),
        mock.patch.object(WriteGate, "check", checked),
        parts["whole run"].counting(),
    ):
        execute.execute(live, parse(params))
    parts["whole run"].add(-measuring.seconds, -measuring.cpu)
    return parts
