# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a run, compare the plan with the approved one, the policy and the limits, and carry it out.

Every run is planned in check mode first, from responses that the run itself then uses, so that planning sends no
additional requests.
"""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.change_plan import (
    ChangePlan,
    change_plan,
    differences,
    limit_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ModuleFailureError,
    format_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import MAX_LISTED, Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.write_gate import keyed_digest
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import report as run_report
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply import apply
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import Completed, Step
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.policy import violations
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.rotate import rotate
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec

NOT_APPROVED = "Nothing was changed. The run would not make the approved changes."
VIOLATED = "Nothing was changed. The planned state violates the policy."
TOO_MANY = "Nothing was changed. The run would change too many objects."


def execute(engines: dict[str, Engine], spec: EnvironmentSpec) -> ApiObject:
    """Deploy or remove an environment, or rotate its SIP password.

    :param engines: by the services' names. :param spec: the specification. :return: the result of the module.
    :raises ModuleFailureError: if the plan is not the approved one, violates the policy or exceeds a limit, and with
        the changes that were made before an error.
    """
    warn = engines["vapi"].warn
    if engines["vapi"].check_mode:
        planned, plan, document = _planned(engines, spec)
        _check_approval(planned, plan, document, spec)
        _check_policy(planned, document)
        over_limit = _limit_sentences(plan, spec)
        result = {**planned.result, "plan": document}
        result["over_limit"] = over_limit
        for sentence in over_limit:
            warn(f"The run would stop before its first change: {sentence}")
        if spec.params.get("fail_on_change") and result["changed"]:
            raise ModuleFailureError(run_report.drift(planned.steps), result, planned.labels)
        return {**result, "labels": planned.labels}
    warnings: list[str] = []
    try:
        planning = {name: each.planning(warnings.append) for name, each in engines.items()}
        planned, plan, document = _planned(planning, spec)
        _check_approval(planned, plan, document, spec)
        _check_policy(planned, document)
        _check_limits(planned, plan, document, spec)
    except ModuleFailureError as failure:
        for text in warnings:
            warn(text)
        raise ModuleFailureError(str(failure), {**failure.result, "changed": False}, failure.labels) from None
    if planned.changed:
        return _carry_out(engines, spec, planned, plan, document)
    for text in warnings:
        warn(text)
    return {**planned.result, "plan": document, "labels": planned.labels}


def _carry_out(
    engines: dict[str, Engine], spec: EnvironmentSpec, planned: Completed, plan: ChangePlan, document: ApiObject
) -> ApiObject:
    """Run; with an approved plan, send only the requests of the plan.

    :param planned: the run in check mode. :param document: the content of the plan, for the result.
    """
    if spec.params.get("approved_plan") or spec.params.get("approved_digest"):
        gate = plan.gate()
        for engine in engines.values():
            engine.client.write_gate = gate
    for engine in engines.values():
        engine.earlier = by_name(planned.steps)
    try:
        done = _perform(engines, spec, planned)
    except ModuleFailureError as failure:
        failure.result["plan"] = document
        raise
    return {**done.result, "plan": document, "labels": done.labels}


def by_name(steps: t.Iterable[Step]) -> dict[tuple[str, str], Outcome]:
    """The outcomes of a run in check mode, for the run that follows it.

    :param steps: the outcomes with their kinds. :return: the outcomes by kind and name.
    """
    return {(resource.name, outcome.desired.label): outcome for resource, outcome in steps}


def _perform(engines: dict[str, Engine], spec: EnvironmentSpec, planned: Completed | None = None) -> Completed:
    if spec.params["rotate_password"]:
        return rotate(engines, spec)
    return apply(engines, spec, planned.run if planned else None)


def _planned(engines: dict[str, Engine], spec: EnvironmentSpec) -> tuple[Completed, ChangePlan, ApiObject]:
    """The run in check mode, its plan, and the content of the plan."""
    planned = _perform(engines, spec)
    plan = _plan_of(planned, engines, spec)
    return planned, plan, plan.document()


def _failure(message: str, planned: Completed, document: ApiObject) -> ModuleFailureError:
    """The error before the first change. :param document: the content of the plan, which is part of the result."""
    return ModuleFailureError(message, {**planned.result, "plan": document}, planned.labels)


def _plan_of(planned: Completed, engines: t.Mapping[str, Engine], spec: EnvironmentSpec) -> ChangePlan:
    keys = [str(engine.client.connection.api_key) for _name, engine in sorted(engines.items())]
    key = hashlib.sha256("\0".join(keys).encode()).digest()
    scope: ApiObject = {
        "operation": "rotate" if spec.params["rotate_password"] else "apply" if spec.present else "remove",
        "trunk": str(spec.trunk.name),
        "region": spec.region,
        "accounts": keyed_digest(key, "accounts"),
    }
    return change_plan(planned.steps, scope, key, lambda value: spec.option_names.redact(value, planned.labels))


def _check_approval(planned: Completed, plan: ChangePlan, document: ApiObject, spec: EnvironmentSpec) -> None:
    """Compare with the approved plan; raises :class:`ModuleFailureError`."""
    approved, digest = spec.params.get("approved_plan"), spec.params.get("approved_digest")
    wrong = differences(as_object(approved), plan) if approved else []
    if digest and not approved and digest != document["digest"]:
        names = [
            f"{change.content['kind']} {change.content['name']} ({change.content['action']})" for change in plan.changes
        ]
        wrong = [f"The digest of the plan is {document['digest']} instead of {digest}. It contains:", *names]
    if wrong:
        raise _failure(format_errors(NOT_APPROVED, wrong, MAX_LISTED), planned, document)


def _check_policy(planned: Completed, document: ApiObject) -> None:
    """Compare the state after the run with the policy; raises :class:`ModuleFailureError`."""
    wrong = violations(planned.run) if planned.run and planned.run.spec.present else []
    if wrong:
        raise _failure(format_errors(VIOLATED, wrong, MAX_LISTED), planned, document)


def _check_limits(planned: Completed, plan: ChangePlan, document: ApiObject, spec: EnvironmentSpec) -> None:
    """Compare with the limits of a run; raises :class:`ModuleFailureError`."""
    wrong = _limit_sentences(plan, spec)
    if wrong:
        raise _failure(format_errors(TOO_MANY, wrong), planned, document)


def _limit_sentences(plan: ChangePlan, spec: EnvironmentSpec) -> list[str]:
    """A sentence for each limit that is exceeded; removing a whole environment has none."""
    if not spec.present:
        return []
    options = {"delete": "max_delete_percent", "update": "max_update_percent"}
    limits = {action: int(str(spec.params.get(option, 100))) for action, option in options.items()}
    name_of = spec.option_names.name_of
    return [
        f"{sentence} If this is intended, set {name_of(options[action])} for this run."
        for action, sentence in limit_errors(plan, limits)
    ]
