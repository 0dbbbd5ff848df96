# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of one run over an environment."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.changes import changes, diffs
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import (
    ACTION_RESULTS,
    Outcome,
    summary,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import report as run_report
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec, Number
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

#: The kinds in Vapi in the order of the report, between the carrier's SIP account and the forwards.
KINDS: tuple[Resource, ...] = (SIP_TRUNK, TRANSFER_TOOL, ASSISTANT, PHONE_NUMBER)

#: The outcome of one object, with its kind.
Step = tuple[Resource, Outcome]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Completed:
    """A run that has ended without an error.

    :param steps: the outcome of each object. :param changed: whether the run has changed anything, or would.
    :param make_result: makes the result of the module. :param labels: the ids of all trunks, which are not redacted in
        URIs. :param run: its state, if it has made or removed an environment.
    """

    steps: list[Step]
    changed: bool
    make_result: t.Callable[[], ApiObject]
    labels: t.Collection[str]
    run: ApplyRun | None = None

    @functools.cached_property
    def result(self) -> ApiObject:
        """The result of the module; nobody reads that of a plan that is carried out."""
        return self.make_result()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Removal:
    """The objects that a run removes from a present environment, in the order of the steps.

    All are known before the first write.

    :param numbers: the numbers whose forwards and phone numbers are removed. :param held_tools: undeclared tools, which
        stay attached to the assistants that are removed after them.
    """

    numbers: tuple[Number, ...] = ()
    forwards: tuple[Desired, ...] = ()
    phones: tuple[Desired, ...] = ()
    tools: tuple[Desired, ...] = ()
    held_tools: tuple[Desired, ...] = ()
    assistants: tuple[Desired, ...] = ()


@dataclasses.dataclass
class ApplyRun:
    """The state of one run: the snapshot before it, and the outcomes by kind."""

    spec: EnvironmentSpec
    before: Snapshot
    check_mode: bool
    failed: bool = False  # by an error, before the end
    outcomes: dict[str, list[Outcome]] = dataclasses.field(default_factory=dict)
    after: Snapshot | None = None
    findings: list[Finding] = dataclasses.field(default_factory=list)
    errors: list[str] = dataclasses.field(default_factory=list)
    removal: Removal = dataclasses.field(default=Removal())  # what is removed from it, if it is present
    undeclared: list[dict[str, str]] = dataclasses.field(default_factory=list)  # what stays: kind, name and id
    unused: list[tuple[str, str, str, bool]] = dataclasses.field(default_factory=list)  # see ``unused``
    unanswered: list[str] = dataclasses.field(
        default_factory=list
    )  # numbers whose remaining destinations cannot answer
    warnings: tuple[str, ...] = ()  # of the preparation

    def for_real(self) -> ApplyRun:
        """A run from the same preparation that is not in check mode, with nothing done yet."""
        prepared = {name: getattr(self, name) for name in ("removal", "undeclared", "unused", "warnings")}
        return ApplyRun(self.spec, self.before, check_mode=False, **prepared)

    def outcomes_of(self, resource: Resource) -> list[Outcome]:
        """The outcomes of one kind of objects.

        :param resource: the kind. :return: its outcomes; empty before its step.
        """
        return self.outcomes.get(resource.name, [])

    @property
    def kinds(self) -> tuple[Resource, ...]:
        """The kinds in the order of the report."""
        return (self.spec.carrier.logins, *KINDS, self.spec.forward)

    @property
    def steps(self) -> list[Step]:
        """The outcomes of all kinds with their kind, in the order of the report."""
        return [(resource, outcome) for resource in self.kinds for outcome in self.outcomes_of(resource)]

    @property
    def changed(self) -> bool:
        """Whether the run has changed, or in check mode would change, anything."""
        return any(outcome.changed for _resource, outcome in self.steps)

    @property
    def trunk_id(self) -> str:
        """The id of the declared trunk; empty if there is none."""
        if not self.spec.present:
            return next(iter(declared_trunk_ids(self.before, self.spec)), "")
        return next((str(outcome.result.get("id", "")) for outcome in self.outcomes_of(SIP_TRUNK)), "")

    def ids(self, resource: Resource) -> dict[str, str]:
        """Ids of the resulting objects by name or number.

        :param resource: their kind. :return: the ids.
        """
        if not self.spec.present:
            return {}
        found = [
            (outcome.desired.label, outcome.result.get("id"))
            for outcome in self.outcomes_of(resource)
            if not outcome.error
        ]
        return {resource.normalize_key(label): str(key) for label, key in found if key}


def kind(resource: Resource) -> str:
    """The name of a kind of objects in the report.

    :param resource: the kind. :return: its title.
    """
    return run_report.TITLES.get(resource.name, resource.title)


def ensure(
    engine: Engine, resource: Resource, desired_objects: t.Sequence[Desired], spec: EnvironmentSpec, done: list[Outcome]
) -> list[Outcome]:
    """Reconcile the objects of one kind, and report their warnings.

    :param engine: the engine of their service. :param resource: the kind. :param desired_objects: the desired objects.
    :param spec: names options in messages. :param done: the outcomes are appended to it, also if one is an error.
    :return: the outcomes. :raises ApiError: with the first error, after all objects have been processed.
    """
    outcomes = engine.ensure(resource, list(desired_objects))
    done.extend(outcomes)
    for warning in dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings):
        engine.warn(warning)
    errors = [outcome for outcome in outcomes if outcome.error]
    if errors and errors[0].error:
        first = f"{kind(resource)} {errors[0].desired.label}: {spec.option_names.sentence(errors[0].error)}"
        more = f" {len(errors) - 1} more of {len(outcomes)} failed." if len(errors) > 1 else ""
        raise ApiError(f"{first}{more}")
    return outcomes


def done_before(steps: t.Iterable[Step], *, check_mode: bool) -> str:
    """The sentence for the message of an error about what was changed before it.

    :param steps: the outcomes. :param check_mode: whether nothing was changed. :return: the sentence, or nothing.
    """
    done = [f"{kind(resource)} {outcome.desired.label}" for resource, outcome in steps if _succeeded(outcome)]
    return f" Done before that: {', '.join(done)}." if done and not check_mode else ""


def _succeeded(outcome: Outcome) -> bool:
    return outcome.changed and not outcome.error


def results_of(steps: t.Sequence[Step]) -> ApiObject:
    """The return values that describe the outcome of each object.

    :param steps: the outcomes. :return: ``objects``, ``summary``, ``changes`` and ``diff``.
    """
    by_kind: dict[str, tuple[Resource, list[Outcome]]] = {}
    for resource, outcome in steps:
        by_kind.setdefault(resource.name, (resource, []))[1].append(outcome)
    return {
        "objects": [
            {
                "kind": resource.name,
                "name": outcome.desired.label,
                "id": "" if outcome.error else str(outcome.result.get("id", "")),
                "change": "failed" if outcome.error else ACTION_RESULTS[outcome.action],
            }
            for resource, outcome in steps
        ],
        "summary": summary(outcome for _resource, outcome in steps),
        "changes": [item for each in by_kind.values() for item in changes(*each)],
        "diff": [item for resource, outcome in steps for item in diffs(resource, [outcome], kind(resource))],
    }


def declared_trunk_ids(snapshot: Snapshot, spec: EnvironmentSpec) -> list[str]:
    """The ids of all trunks with the declared name or one of its former names.

    :param snapshot: both accounts. :param spec: the environment. :return: the ids; more than one if ambiguous.
    """
    return [str(row["id"]) for row in snapshot.trunks if row.get("name") in spec.trunk.names]


def own_phone_numbers(snapshot: Snapshot, spec: EnvironmentSpec) -> list[ApiObject]:
    """Declared numbers in Vapi, without those that have been moved to another trunk."""
    others = {str(row["id"]) for row in snapshot.trunks} - set(declared_trunk_ids(snapshot, spec))
    return [
        row
        for row in snapshot.phones
        if digits(str(row.get("number", ""))) in spec.all_digits and row.get("credentialId") not in others
    ]
