# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate the SIP password in both services: create the new trunk, use it, and only then remove the old one.

According to reports, Vapi can keep using the old login after an update of a trunk, so a second trunk is created. Its
name, and that of a second SIP account, ends in :data:`NEXT_SUFFIX` until the old one is removed: the next run finds
them by it and completes an interrupted rotation. Every step is skipped if its effect already exists.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import plan_ordered
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import from_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OptionError,
    RunInterruptedError,
    format_errors,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    Desired,
    RunState,
    desired_from_options,
    name_limit,
    superseded_name,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import overlay
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Identity
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_keyed import not_copied
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import (
    Plan,
    placeholders,
    resource_mutations,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    AnyKeyedResource,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.rounds import CONSISTENCY_DELAYS_SECONDS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import report as run_report
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import (
    Completed,
    Step,
    done_before,
    ensure,
    results_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import login_reached
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import with_trunk_ids
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    CallPath,
    Snapshot,
    login_of,
    uri_of,
    user_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import EnvironmentSpec
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import label_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK

#: The end of the name of an object that replaces another one, until that one is removed.
NEXT_SUFFIX = " (next)"

ROTATED = "The password has been rotated."

ONE_LOGIN = (
    "The login is declared, so the rotation keeps it, and it has one password at a time. Outbound calls that start "
    "between the change in {carrier} and the move of their number to the new trunk, a few seconds, are rejected with "
    "SIP status 407. Calls in progress and inbound calls are not affected. To rotate without rejected calls, declare "
    "{account} with a label and omit {username}. The rotation then creates a new login."
)

RESUMED = (
    "An interrupted rotation was completed: the password is the one that the interrupted run has set. If another one "
    "is declared now, run the rotation again."
)


@dataclasses.dataclass
class Rotation:
    """The state of one rotation.

    :param before: both accounts as they were read first. :param steps: the outcome of each step so far.
    :param new_id: the id of the new trunk. :param new_login: the new login; empty if the login is kept.
    """

    spec: EnvironmentSpec
    vapi: Engine = dataclasses.field(repr=False)
    other: Engine = dataclasses.field(repr=False)
    before: Snapshot = dataclasses.field(repr=False)
    steps: list[Step] = dataclasses.field(default_factory=list)
    failed: bool = False
    new_id: str = ""
    new_login: str = ""

    @property
    def check_mode(self) -> bool:
        """Whether nothing is written."""
        return self.vapi.check_mode

    @property
    def logins(self) -> AnyKeyedResource:
        """The kind of the SIP accounts, with all fields."""
        return self.spec.carrier.full_logins

    @property
    def title(self) -> str:
        """The name of the carrier in messages."""
        return self.spec.carrier.provider.title

    @functools.cached_property
    def name(self) -> str:
        """The name of the trunk."""
        return str(self.spec.trunk.name)

    @functools.cached_property
    def next_name(self) -> str:
        """The name of the new trunk while the old one exists."""
        return superseded_name(self.name, name_limit(fields(SIP_TRUNK.record)["name"]), NEXT_SUFFIX)

    @functools.cached_property
    def label(self) -> str:
        """The label of the SIP account that the rotation replaces; empty if the login is declared and kept."""
        account = self.spec.account
        renewed = account and not self.spec.trunk.username and not account.record.name
        return str(account.record.label) if account and renewed else ""

    @functools.cached_property
    def next_label(self) -> str:
        """The label of the new SIP account while the old one exists."""
        return superseded_name(self.label, name_limit(fields(self.logins.record)["label"]), NEXT_SUFFIX)

    @functools.cached_property
    def login(self) -> str:
        """The old login."""
        if self.label:
            return next((str(row["name"]) for row in self.accounts(self.label)), "")
        return str(self.spec.trunk.username or (self.spec.account and self.spec.account.record.name) or "")

    @functools.cached_property
    def old_id(self) -> str:
        """The id of the old trunk; empty if an interrupted rotation has removed it."""
        return next((str(row["id"]) for row in self.trunks(self.name)), "")

    @property
    def labels(self) -> set[str]:
        """The ids of all trunks."""
        return {str(row["id"]) for row in self.before.trunks} | {self.new_id}

    def trunks(self, name: str) -> list[ApiObject]:
        """The trunks with a name.

        :param name: the name. :return: the trunks.
        """
        return [row for row in self.before.trunks if row.get("name") == name]

    def accounts(self, label: str) -> list[ApiObject]:
        """The SIP accounts with a label.

        :param label: the label. :return: the accounts.
        """
        return [row for row in self.before.accounts or () if row.get("label") == label]

    def leads_to(self, entry: Entry, trunk: str, login: str) -> bool:
        """Whether a destination leads to a trunk, by its URI or by its registration.

        :param entry: the destination. :param trunk: the id of the trunk. :param login: the login of the trunk, if the
            rotation replaces it.
        :return: the result.
        """
        reached = login_reached(self.spec.carrier, entry)
        if reached:
            return bool(login and self.label) and reached == login
        return bool(trunk) and label_of(uri_of(entry)) == trunk.lower()

    def old_forwards(self, snapshot: Snapshot) -> list[tuple[CallPath, Entry]]:
        """The destinations that lead to the old trunk.

        :param snapshot: both accounts. :return: the destinations with their numbers, without duplicates.
        """
        found: dict[tuple[str, Identity], tuple[CallPath, Entry]] = {}
        for number in snapshot.bought:
            path = CallPath(snapshot, number)
            for entry in path.entries:  # in their order, because those that are appended keep it
                if self.leads_to(entry, self.old_id, self.login):
                    found.setdefault((number, entry.identity), (path, entry))
        return list(found.values())

    def old_phones(self, snapshot: Snapshot) -> list[ApiObject]:
        """The phone numbers in Vapi that use the old trunk.

        :param snapshot: both accounts. :return: the phone numbers.
        """
        return [row for row in snapshot.phones if self.old_id and str(row.get("credentialId")) == self.old_id]

    def ensure(self, engine: Engine, resource: Resource, *desired_objects: Desired) -> list[Outcome]:
        """Reconcile objects of one kind, and record the outcomes.

        :param engine: the engine of their service. :param resource: the kind. :param desired_objects: the objects.
        :return: the outcomes. :raises ApiError: with the first error.
        """
        done: list[Outcome] = []
        try:
            return ensure(engine, resource, desired_objects, self.spec, done) if desired_objects else []
        finally:
            self.steps += [(resource, outcome) for outcome in done]

    def predict(self, resource: Resource, desired: Desired, plan: Plan) -> None:
        """Record the outcome of a step that depends on objects that check mode has not created.

        :param resource: the kind. :param desired: the object. :param plan: its plan.
        """
        outcome = Outcome(desired)
        outcome.note(plan)
        outcome.converge(plan)
        self.steps.append((resource, outcome))


def rotate(engines: dict[str, Engine], spec: EnvironmentSpec) -> Completed:
    """Replace the SIP password in both services.

    :param engines: by the services' names. :param spec: the specification; only the trunk and the SIP account are used.
    :return: the completed run. :raises ModuleFailureError: with the changes that were made before the error.
    """
    vapi, other = engines["vapi"], engines[spec.carrier.provider.name]
    run = Rotation(spec, vapi, other, _read(vapi, other, spec))
    wrong = list(_errors(run))
    if wrong:
        message = format_errors("Nothing was changed. Correct this first.", wrong)
        raise ModuleFailureError(message, {"changed": False}, run.labels)
    if not run.label:
        name_of = spec.option_names.name_of
        vapi.warn(
            ONE_LOGIN.format(account=name_of("sip_account"), username=name_of("trunk.username"), carrier=run.title)
        )
    try:
        _replace(run) if run.old_id else _resume(run)
    except (ApiError, OptionError, RunInterruptedError) as error:
        run.failed = True
        message = f"{spec.option_names.sentence(error)}{done_before(run.steps, check_mode=run.check_mode)}"
        raise ModuleFailureError(message, _result(run), run.labels) from None
    result = _result(run)
    return Completed(steps=run.steps, changed=bool(result["changed"]), make_result=lambda: result, labels=run.labels)


def _read(vapi: Engine, other: Engine, spec: EnvironmentSpec) -> Snapshot:
    """What a rotation concerns: all trunks, phone numbers, SIP accounts and destinations."""
    carrier = spec.carrier
    trunks, phones, accounts, numbers = vapi.run_concurrently(
        lambda: vapi.rows(SIP_TRUNK),
        lambda: vapi.rows(PHONE_NUMBER),
        lambda: other.rows(carrier.logins),
        lambda: other.with_details(carrier.numbers, other.rows(carrier.numbers)),
    )
    return Snapshot(
        region=spec.region,
        key=spec.key,
        carrier=carrier,
        trunks=tuple(trunks),
        phones=tuple(phones),
        accounts=tuple(accounts),
        numbers=tuple(numbers),
    )


def _errors(run: Rotation) -> t.Iterator[str]:
    """A sentence for each reason not to begin."""
    old, new = run.trunks(run.name), run.trunks(run.next_name)
    if not old + new or len(old) > 1 or len(new) > 1:
        yield (
            f"Vapi has {len(old)} {'trunk' if len(old) == 1 else 'trunks'} named {run.name} and {len(new)} named "
            f"{run.next_name}; a rotation requires exactly one of the first, and at most one of the second, which "
            "results from an interrupted rotation."
        )
    for label in (run.label, run.next_label) if run.label else ():
        logins = [str(row["name"]) for row in run.accounts(label)]
        if len(logins) > 1:
            yield (
                f"{run.title} has {len(logins)} SIP accounts named {label}: {', '.join(logins)}. Rename or remove "
                "all but one."
            )
    if not run.label and run.old_id and run.login not in {str(row["name"]) for row in run.before.accounts or ()}:
        option = "trunk.username" if run.spec.trunk.username else "sip_account.name"
        rule = f"is a login that this {run.title} account does not have, so its password cannot be changed."
        yield run.spec.option_names.sentence(OptionError(option, rule, run.login))
    own = {run.name, run.next_name}
    others = [str(row.get("name")) for row in run.before.trunks if row.get("name") not in own]
    sharing = [name for name in others for row in run.trunks(name) if run.login and login_of(row) == run.login]
    if run.label and sharing:
        yield (
            f"The SIP account {run.label} is also used by the trunk {', '.join(sharing)}, whose outbound calls would "
            "be rejected after the rotation. Use another SIP account for one of them first."
        )


def _replace(run: Rotation) -> None:
    """All steps, each after those that calls depend on."""
    run.new_login = _create_account(run) if run.label else ""
    run.new_id = _create_trunk(run)
    # Until a phone number is on the new trunk, Vapi rejects its calls there, and the carrier tries the old destination.
    moving = run.old_forwards(run.before)
    run.ensure(run.other, run.spec.forward, *[_new_forward(run, path, entry) for path, entry in moving])
    if not run.label:
        run.ensure(run.other, run.logins, _new_password(run))
    run.ensure(run.vapi, PHONE_NUMBER, *[_moved_phone(run, row) for row in run.old_phones(run.before)])
    _remove_forwards(run)
    # In check mode the phone numbers still use it.
    params = {"name": run.name, "id": run.old_id, "force": run.check_mode, "state": "absent"}
    run.ensure(run.vapi, SIP_TRUNK, desired_from_options(SIP_TRUNK, params))
    _check_removed(run, run.vapi, SIP_TRUNK, lambda row: str(row["id"]) == run.old_id)
    _finish(run)


def _resume(run: Rotation) -> None:
    """The last steps of a rotation that was interrupted after it had removed the old trunk."""
    run.vapi.warn(RESUMED)
    run.new_id = str(run.trunks(run.next_name)[0]["id"])
    run.new_login = next((str(row["name"]) for row in run.accounts(run.next_label)), "") if run.label else ""
    _finish(run)


def _create_account(run: Rotation) -> str:
    """Create the new SIP account with the settings of the old one, unless the environment declares others.

    :param run: the rotation. :return: its login.
    """
    declared, client = t.cast("Desired", run.spec.account), run.other.client
    old = next((run.logins.fetch_details(client, row) for row in run.accounts(run.label)), None)  # type: ignore[misc]
    current = from_api(run.logins.record, old) if old else None
    record = run.logins.resolve_desired(declared.record, current, declared.options)  # type: ignore[misc]
    record = run.logins.record.model_construct(None, **dict(record))
    for warning in not_copied(run.logins, run.label, old):
        run.other.warn(warning)
    after = overlay(current, record) if current else record
    copied = {name: value for name, value in dict(after).items() if value not in (None, "", [])}
    copied |= {"name": None, "label": run.next_label, "password": run.spec.password}
    desired = Desired(
        type(record).model_construct(None, **{**dict(record), **copied}),
        declared.options.model_copy(update={"update_password": "always"}),
        label=run.next_label,
    )
    (outcome,) = run.ensure(run.other, run.logins, desired)
    return str(outcome.result["name"])


def _create_trunk(run: Rotation) -> str:
    """Create the new trunk with the settings of the old one, unless the environment declares others.

    :param run: the rotation. :return: its id.
    """
    declared = run.spec.desired_trunk(run.new_login or run.login)
    desired = dataclasses.replace(
        declared,
        record=declared.record.model_copy(update={"name": run.next_name}),
        options=declared.options.model_copy(update={"update_password": "always", "settings_from": run.old_id}),
        label=run.next_name,
    )
    (outcome,) = run.ensure(run.vapi, SIP_TRUNK, desired)
    return str(outcome.result["id"])


def _new_forward(run: Rotation, path: CallPath, entry: Entry) -> Desired:
    """The forward to the new trunk that replaces one to the old trunk, at the same position.

    Behind another destination a new one can only be appended, so there it becomes the last one.
    """
    target = (
        {"destination": _with_login(run, entry), "kind": run.spec.carrier.kind_of(entry.raw)}
        if login_reached(run.spec.carrier, entry)
        else {"vapi_trunk_id": run.new_id, "uri_user": user_of(entry), "region": run.spec.region}
    )
    params = {
        "number": path.number,
        **target,
        "active": entry.active,
        "call_hunt": entry.call_hunt,
        "position": "first" if entry is path.first_active else "any",
        "state": "present",
    }
    return with_trunk_ids(desired_from_options(run.spec.forward, params), sorted(run.labels))


def _with_login(run: Rotation, entry: Entry) -> str:
    """The address of a destination that leads to the old SIP account, with the login of the new one."""
    address = uri_of(entry).strip()
    scheme, user, _host, _rest = parse_uri(address)
    if not user:
        return run.new_login
    new = f"{run.new_login}{user.removeprefix(run.login)}"
    return f"{scheme and f'{scheme}:'}{new}@{address.rpartition('@')[2]}"


def _new_password(run: Rotation) -> Desired:
    params = {"name": run.login, "password": run.spec.password, "update_password": "always", "state": "present"}
    return desired_from_options(run.logins, params)


def _moved_phone(run: Rotation, row: ApiObject) -> Desired:
    params = {"number": str(row["number"]), "id": str(row["id"]), "trunk": run.new_id, "state": "present"}
    return desired_from_options(PHONE_NUMBER, params)


def _remove_forwards(run: Rotation) -> None:
    """Remove the forwards to the old trunk after nothing depends on them any more; raises :class:`ApiError`."""
    if run.check_mode:
        _predict_removal(run)
        return
    # Another run may have added destinations or phone numbers to the old trunk.
    run.vapi.invalidate(PHONE_NUMBER.path)
    for number in run.before.bought:
        run.other.client.invalidate(run.spec.carrier.routes_path, number=number)
    now = _read(run.vapi, run.other, run.spec)
    remaining = [str(row["number"]) for row in run.old_phones(now)]
    remaining += [path.number for path, entry in run.old_forwards(now) if not _is_replaced(run, path, entry)]
    if remaining:
        raise ApiError(
            "These numbers do not use the new trunk yet, so the old trunk was not removed: "
            f"{', '.join(dict.fromkeys(remaining))}. Run the rotation again."
        )
    run.ensure(run.other, run.spec.forward, *[_old_forward(run, *each) for each in run.old_forwards(now)])


def _predict_removal(run: Rotation) -> None:
    """Plan the removal from the lists that already contain the forwards to the new trunk."""
    forward, moving = run.spec.forward, run.old_forwards(run.before)
    lists = {path.number: path.entries for path, _entry in moving}

    def plan(number: str, desired: Desired) -> Plan:
        """Plan a change, and apply it to the list."""
        rows = lists[number]
        ordered = dataclasses.replace(forward.ordered, entries=lambda _rows: rows)
        planned = plan_ordered.plan(dataclasses.replace(forward, ordered=ordered), desired, [], RunState())
        target = forward.ordered.target(desired.record, desired.options)
        lists[number] = plan_ordered.converged(rows, target, RunState())
        return planned

    for path, entry in moving:
        plan(path.number, _new_forward(run, path, entry))
    for path, entry in moving:
        desired = _old_forward(run, path, entry)
        run.predict(forward, desired, plan(path.number, desired))


def _is_replaced(run: Rotation, path: CallPath, entry: Entry) -> bool:
    """Whether calls no longer need a destination: an active one leads to the new trunk, and calls try it first."""
    to_new = [each for each in path.entries if each.active and run.leads_to(each, run.new_id, run.new_login)]
    return not entry.active or bool(to_new and entry is not path.first_active)


def _old_forward(run: Rotation, path: CallPath, entry: Entry) -> Desired:
    params = {
        "number": path.number,
        "destination": uri_of(entry),
        "kind": run.spec.carrier.kind_of(entry.raw),
        "state": "absent",
    }
    return with_trunk_ids(desired_from_options(run.spec.forward, params), sorted(run.labels))


def _finish(run: Rotation) -> None:
    """Remove the old SIP account and give the new objects the names of the old ones."""
    if run.new_login:
        params = {"label": run.label, "force": True, "state": "absent"}
        run.ensure(run.other, run.logins, desired_from_options(run.logins, params))
        _check_removed(
            run, run.other, run.logins, lambda row: row.get("label") == run.label and str(row["name"]) != run.new_login
        )
        params = {"name": run.new_login, "label": run.label, "state": "present"}
        _rename(run, run.other, run.logins, params, "label", run.next_label)
    params = {"name": run.name, "id": run.new_id, "state": "present"}
    _rename(run, run.vapi, SIP_TRUNK, params, "name", run.next_name)


def _check_removed(run: Rotation, engine: Engine, resource: Resource, is_old: t.Callable[[ApiObject], bool]) -> None:
    """Check that an object no longer exists before another one gets its name; raises :class:`ApiError`.

    :param engine: the engine of its service. :param resource: its kind. :param is_old: recognizes its row.
    """
    for pause in CONSISTENCY_DELAYS_SECONDS if not run.check_mode else ():
        if not any(map(is_old, engine.rows(resource))):
            return
        engine.client.sleep(pause)
        engine.invalidate(resource.path)
    if not run.check_mode:
        title = resource.provider.title
        raise ApiError(f"{title} still lists the old {resource.title} after its removal. Run the rotation again.")


def _rename(
    run: Rotation, engine: Engine, resource: AnyKeyedResource, params: Params, option: str, before: str
) -> None:
    name = str(params[option])
    if UNKNOWN_ID not in params.values():
        run.ensure(engine, resource, dataclasses.replace(desired_from_options(resource, params), label=name))
        return
    created = next(outcome.result for kind, outcome in reversed(run.steps) if kind is resource and outcome.result)
    after = {key: value for key, value in params.items() if key not in ("id", "state")}
    desired = Desired(resource.record(**{option: name}), resource.options(state="present"), label=name)
    row: ApiObject = dict.fromkeys(["id", *placeholders(resource.update.path)], UNKNOWN_ID)
    change: ApiObject = {fields(resource.record)[option].api_name: name}
    plan = Plan(
        action="update",
        before={**after, option: before},
        after=after,
        result={**created, option: name},
        mutations=resource_mutations(resource, row, change, {}, change),
    )
    run.predict(resource, desired, plan)


def _result(run: Rotation) -> ApiObject:
    trunks = [outcome.result for resource, outcome in run.steps if resource is SIP_TRUNK and outcome.result]
    return {
        "changed": any(outcome.changed for _resource, outcome in run.steps),
        "sip_trunk": trunks[-1] if trunks else {},
        **results_of(run.steps),
        "report": _report(run),
    }


def _report(run: Rotation) -> list[str]:
    """The lines of the report."""
    head = run_report.FAILED if run.failed else run_report.DRY_RUN if run.check_mode else ROTATED
    moved = [digits(str(row["number"])) for row in run.old_phones(run.before)]
    forwards = [path.number for path, _entry in run.old_forwards(run.before)]
    return [
        head,
        f"trunk {printable(run.name)}: {run.old_id or '(already removed)'} -> {run.new_id or '(not created)'}",
        f"numbers moved: {printable(', '.join(moved)) or 'none'}",
        f"forwards to the old trunk, removed after all numbers have been moved: {len(forwards)}",
        f"forwards moved: {printable(', '.join(dict.fromkeys(forwards))) or 'none'}",
    ]
