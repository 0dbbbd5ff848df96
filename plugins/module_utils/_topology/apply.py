# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy a whole environment in one task: read both accounts, reconcile all objects, verify that calls are routed.

Both accounts are read once, all lists concurrently. Independent objects are written concurrently; a number is forwarded
only after it exists in Vapi. Each kind is read back after its last write, so the verification uses cached lists.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OptionError,
    RejectedError,
    RunInterruptedError,
    format_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import MAX_LISTED, Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import CONSISTENCY_DELAYS_SECONDS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import report as run_report
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import (
    ApplyRun,
    Completed,
    declared_trunk_ids,
    done_before,
    ensure,
    own_phone_numbers,
    results_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import findings
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.preflight import (
    ambiguous_names,
    failover_warnings,
    preflight_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.removal import (
    HELD_TOOL,
    Undeclared,
    absent_phone_numbers,
    ids_of,
    own_forwards,
    planned_removal,
    removal_errors,
    removed_objects,
    unanswered,
    undeclared_objects,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    Snapshot,
    display_name,
    read,
    with_destinations,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.unused import losing_numbers
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.users import stale_names
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.verify import verification_errors
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import (
    ASSISTANT,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import ANY_TOOL, TRANSFER_TOOL

SERVICES = (VAPI, CARRIER.provider)

#: The status with which a service refuses to delete an object that another one refers to.
IN_USE = 409


def apply(engines: dict[str, Engine], spec: EnvironmentSpec, planned: ApplyRun | None = None) -> Completed:
    """Deploy or remove an environment.

    :param engines: by the services' names. :param spec: the specification.
    :param planned: the same run in check mode, over the same cached responses. :return: the completed run.
    :raises ModuleFailureError: with the changes that were made before the error.
    """
    vapi, other = engines["vapi"], engines[spec.carrier.provider.name]
    run = planned.for_real() if planned else _prepare(engines, spec)
    for sentence in run.warnings:
        vapi.warn(sentence)
    act = _present if spec.present else _absent
    try:
        act(vapi, other, run)
        if spec.present and not (run.check_mode and run.changed):
            after = _snapshot(engines, spec, spec.digits)
            run.after = dataclasses.replace(after, own_trunks=frozenset({run.trunk_id}))
            # The form of didlogic's guide has its own warning. Without numbers the snapshot contains all of them.
            accepted = {"private-key-in-uri"} if spec.uses_private_key else ()
            run.findings = findings(run.after, accepted) if spec.numbers else []
            run.errors = verification_errors(run, run.after)
    except (ApiError, OptionError, RunInterruptedError) as error:
        run.failed = True
        message = f"{spec.option_names.sentence(error)}{done_before(run.steps, check_mode=run.check_mode)}"
        raise ModuleFailureError(message, _result(run), _labels(run)) from None
    if spec.params["verify"] and run.errors:
        message = format_errors(run_report.VERIFICATION_FAILED, run.errors, MAX_LISTED)
        raise ModuleFailureError(message, _result(run), _labels(run))
    steps, changed, labels = run.steps, run.changed, _labels(run)
    return Completed(steps=steps, changed=changed, make_result=lambda: _result(run), labels=labels, run=run)


def _snapshot(engines: dict[str, Engine], spec: EnvironmentSpec, numbers: tuple[str, ...]) -> Snapshot:
    """Both accounts, with the destinations of some numbers."""
    known = {"region": spec.region, "key": spec.key, "declared_numbers": numbers}
    return read(engines["vapi"], engines[spec.carrier.provider.name], spec.carrier, **known)


def _prepare(engines: dict[str, Engine], spec: EnvironmentSpec) -> ApplyRun:
    """Read both accounts and determine all removals; raises :class:`ModuleFailureError` for every conflict."""
    carrier = spec.carrier
    vapi, other = engines["vapi"], engines[carrier.provider.name]
    snapshot = _snapshot(engines, spec, spec.all_digits)
    for pause in CONSISTENCY_DELAYS_SECONDS:
        # Two other runs may have created it concurrently; then one of them will delete its own.
        if not ambiguous_names(snapshot, spec):
            break
        vapi.client.sleep(pause)
        for resource in (carrier.logins, SIP_TRUNK, TRANSFER_TOOL, ASSISTANT, SQUAD, PHONE_NUMBER):
            engines[resource.provider.name].client.invalidate(resource.path)
        snapshot = _snapshot(engines, spec, spec.all_digits)
    # Includes objects that are not managed: numbers of other carriers, tools of other types.
    phones, squads, tools = (vapi.client.list_all(kind.path) for kind in (PHONE_NUMBER, SQUAD, ANY_TOOL))
    objects = [*phones, *squads, *tools]
    found = undeclared_objects(snapshot, spec, objects)
    pruned = found.removable if spec.prunes else Undeclared()
    if pruned.phones:
        snapshot = with_destinations(snapshot, other, [digits(str(row.get("number"))) for row in pruned.phones])
    run = ApplyRun(spec, snapshot, vapi.check_mode)
    wrong = preflight_errors(run.before, spec, vapi) + removal_errors(run, pruned, objects)
    if wrong:
        message = format_errors("Nothing was changed. Correct this first.", wrong)
        raise ModuleFailureError(message, {"changed": False}, _labels(run))
    if not spec.present:
        return run
    run.removal = planned_removal(run, pruned)
    run.undeclared = [item for item in found.results if item not in pruned.results]
    gone = {desired.id for desired in run.removal.assistants}
    losing = losing_numbers(snapshot, spec, phones)
    run.unused = [item for item in losing if item.id not in gone]
    run.warnings = (
        *stale_names(snapshot, spec, objects),
        *failover_warnings(snapshot, spec),
        *_warnings(spec, found.used if spec.prunes else ()),
    )
    return run


def _warnings(spec: EnvironmentSpec, used: t.Iterable[ApiObject]) -> t.Iterator[str]:
    """Further warnings before a run. :param used: undeclared assistants that prune keeps."""
    for row in used:
        yield (
            f"assistant {display_name(row)} is not declared, but another object that is not removed refers to it, so "
            "prune keeps it."
        )
    if spec.inbound and not spec.trunk.inbound_networks:
        yield (
            f"{spec.option_names.name_of('trunk.inbound_networks')} is empty, so Vapi rejects every inbound call with "
            f"401. Ask {spec.carrier.provider.title} for the signalling addresses of your account and set them there. "
            "Outbound calls are not affected."
        )


def _labels(run: ApplyRun) -> set[str]:
    snapshots = [snapshot for snapshot in (run.before, run.after) if snapshot]
    return {str(row["id"]) for each in snapshots for row in each.trunks} | {run.trunk_id}


def _ensure(engine: Engine, run: ApplyRun, resource: Resource, desired_objects: t.Sequence[Desired]) -> list[Outcome]:
    return ensure(engine, resource, desired_objects, run.spec, run.outcomes.setdefault(resource.name, []))


def _present(vapi: Engine, other: Engine, run: ApplyRun) -> None:
    spec = run.spec

    def trunk() -> None:
        login = None
        if spec.account:
            (account,) = _ensure(other, run, spec.carrier.logins, [spec.account])
            login = str(account.result["name"])
        _ensure(vapi, run, SIP_TRUNK, [spec.desired_trunk(login)])

    vapi.run_concurrently(trunk, lambda: _ensure(vapi, run, TRANSFER_TOOL, spec.tools))
    tools = run.ids(TRANSFER_TOOL)
    managed = [*tools.values(), *ids_of(spec.absent_tools, run.before.tools, ("function", "name"))]
    managed += [desired.id for desired in run.removal.tools if desired.id]
    desired_assistants = [_with_tools(desired, tools, managed) for desired in spec.assistants]
    if spec.prunes:
        desired_assistants = [_marked(run, desired, vapi.warn) for desired in desired_assistants]
    _ensure(vapi, run, ASSISTANT, desired_assistants)
    assistants, trunk_id = run.ids(ASSISTANT), run.trunk_id
    phones = [spec.desired_phone_number(number, trunk_id, assistants) for number in spec.numbers]
    _ensure(vapi, run, PHONE_NUMBER, phones)
    trunks = _labels(run)
    forwards = [spec.desired_forward(number, trunk_id, trunks, by_key=spec.uses_private_key) for number in spec.inbound]
    _ensure(other, run, spec.forward, forwards)
    _remove(vapi, other, run)


def _marked(run: ApplyRun, desired: Desired, warn: t.Callable[[str], None]) -> Desired:
    """The assistant with the mark of the environment, unless it has the mark of another one."""
    marks = run.spec.marks
    row = next((row for row in run.before.assistants if row.get("name") in desired.names), None)
    found = dig(row, ("metadata", "managed_by"))
    if found not in (None, "", *marks):
        warn(
            f"assistant {desired.label}: metadata.managed_by is {printable(str(found))}, so prune does not mark it for "
            "this environment and will not remove it."
        )
        return desired
    definition = desired.record.definition or {}
    metadata = {**(definition.get("metadata") or {}), "managed_by": marks[0]}
    record = desired.record.model_copy(update={"definition": {**definition, "metadata": metadata}})
    return dataclasses.replace(desired, record=record)


def _with_tools(desired: Desired, ids: t.Mapping[str, str], managed: list[str]) -> Desired:
    """The assistant with the ids of its tools. :param managed: ids of all tools that the environment declares."""
    if desired.record.tools is None:
        return desired
    tools = [ids.get(name, name) for name in desired.record.tools]
    desired = _with_options(desired, managed_tools=managed)
    return dataclasses.replace(desired, record=desired.record.model_copy(update={"tools": tools}))


def _absent(vapi: Engine, other: Engine, run: ApplyRun) -> None:
    """Remove the declared objects in reverse order, forwards first, so that no call is sent to a removed object."""
    spec, before = run.spec, run.before
    phones, trunks = own_phone_numbers(before, spec), declared_trunk_ids(before, spec)
    _remove_forwards(vapi, other, run, own_forwards(run, spec.inbound), [str(row["id"]) for row in phones], trunks)
    _ensure(vapi, run, PHONE_NUMBER, absent_phone_numbers(spec, spec.numbers, phones))
    # In check mode their referrers still exist. The preflight check has verified that no other object refers to them.
    forced = {"force": True} if run.check_mode else {}
    _ensure(vapi, run, ASSISTANT, [_with_options(desired, **forced) for desired in reversed(spec.assistants)])
    _ensure(vapi, run, TRANSFER_TOOL, list(reversed(spec.tools)))
    _ensure(vapi, run, SIP_TRUNK, [_with_options(spec.desired_trunk(), **forced)])
    if spec.account and as_object(spec.params["sip_account"]).get("force"):
        _ensure(other, run, spec.carrier.logins, [spec.account])


def _remove_forwards(
    vapi: Engine,
    other: Engine,
    run: ApplyRun,
    forwards: t.Sequence[Desired],
    phones: t.Collection[str],
    trunks: t.Collection[str],
) -> None:
    """Remove forwards, and warn about numbers whose remaining destinations cannot answer.

    :param phones: the ids of the phone numbers that are removed next. :param trunks: those of the trunks.
    """
    _ensure(other, run, run.spec.forward, forwards)
    run.unanswered = unanswered(run, forwards, phones, trunks)
    for number in run.unanswered:
        vapi.warn(
            f"{number} has no destination left that is known to answer: unless another one answers, calls to it will "
            "fail until it has one."
        )


def _remove(vapi: Engine, other: Engine, run: ApplyRun) -> None:
    """Remove what is to be removed from a present environment, after everything else has its desired state.

    Forwards first, so that no call is sent to a removed object. A transfer tool is removed before the assistants that
    identify it as one of this environment, so that the next run can continue an interrupted one.
    """
    removal = run.removal
    _remove_forwards(vapi, other, run, removal.forwards, [str(desired.id) for desired in removal.phones], ())
    _ensure(vapi, run, PHONE_NUMBER, removal.phones)
    _ensure(vapi, run, TRANSFER_TOOL, removal.tools)
    _remove_held_tools(vapi, run)
    if removal.held_tools and not run.check_mode:
        _confirm_removal(vapi, [str(desired.id) for desired in removal.held_tools])
    # In check mode their referrers still exist; before the run it was verified that none of them stays.
    forced = {"force": True} if run.check_mode else {}
    _ensure(vapi, run, ASSISTANT, [_with_options(desired, **forced) for desired in removal.assistants])


def _remove_held_tools(vapi: Engine, run: ApplyRun) -> None:
    """Remove the transfer tools that are removed with their assistants.

    Where the service refuses to delete a tool that is used, it is taken out of the assistants first.
    """
    try:
        _ensure(vapi, run, HELD_TOOL, run.removal.held_tools)
    except ApiError:
        steps = run.outcomes[HELD_TOOL.name]
        failed = [step for step in steps if step.error]
        if not all(isinstance(step.error, RejectedError) and step.error.status == IN_USE for step in failed):
            raise
        steps[:] = [step for step in steps if step not in failed]
        _ensure(vapi, run, TRANSFER_TOOL, [step.desired for step in failed])


def _confirm_removal(vapi: Engine, ids: t.Collection[str]) -> None:
    """Read that tools are removed: without the assistants that have them, the next run could not identify them.

    Raises :class:`ApiError` if one is still listed.
    """
    for pause in (*CONSISTENCY_DELAYS_SECONDS, None):
        left = [str(row["id"]) for row in vapi.client.list_all(ANY_TOOL.path) if str(row["id"]) in ids]
        if not left:
            return
        if pause is not None:
            vapi.client.sleep(pause)
            vapi.client.invalidate(ANY_TOOL.path)
    raise ApiError(f"Vapi accepted the removal of transfer tools, but still lists them: {', '.join(left)}.")


def _with_options(desired: Desired, **changes: object) -> Desired:
    return dataclasses.replace(desired, options=desired.options.model_copy(update=changes))


def _result(run: ApplyRun) -> ApiObject:
    spec = run.spec
    trunk_id = run.trunk_id
    uris = {str(number.number): spec.uri(number, trunk_id) for number in spec.inbound}
    present = spec.present
    trunk = next((outcome.result for outcome in run.outcomes_of(SIP_TRUNK)), {})
    return {
        "changed": run.changed,
        "integration": {
            "state": spec.params["state"],
            "trunk_id": run.trunk_id if present else "",
            "inbound_uris": uris if present else {},
            "phone_number_ids": run.ids(PHONE_NUMBER),
            "forward_ids": run.ids(spec.forward),
            "assistant_ids": run.ids(ASSISTANT),
            "transfer_tool_ids": run.ids(TRANSFER_TOOL),
            "findings": run.findings,
        },
        "sip_trunk": trunk,
        **results_of(run.steps),
        "undeclared": run.undeclared,
        "removed": removed_objects(run, _labels(run)),
        "broken": run.errors,
        "report": run_report.lines(run),
    }
