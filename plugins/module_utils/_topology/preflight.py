# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a declared environment against both accounts, before the first write. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    OptionError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import PREVIOUS_KEYS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import is_id, nearest, printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.apply_run import (
    declared_trunk_ids,
    kind,
    own_phone_numbers,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import (
    LEADS_BACK,
    failover_entries,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import (
    Snapshot,
    display_name,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import (
    EnvironmentSpec,
    unconfirmed_refer,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.users import (
    Users,
    rows_after,
    transferring,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import label_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.squad import SQUAD
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import ANY_TOOL, TRANSFER_TOOL


def preflight_errors(snapshot: Snapshot, spec: EnvironmentSpec, vapi: Engine) -> list[str]:
    """A sentence for each conflict between the specification and the current state.

    :param snapshot: both accounts. :param spec: the specification. :param vapi: an engine. :return: the sentences.
    """
    fit = _missing if spec.present else _in_use
    return ambiguous_names(snapshot, spec) + fit(snapshot, spec, vapi)


def ambiguous_names(snapshot: Snapshot, spec: EnvironmentSpec) -> list[str]:
    """The declared names that match several objects.

    :param snapshot: both accounts. :param spec: the specification. :return: the sentences.
    """
    return [sentence for lookup in _lookups(snapshot, spec) for sentence in _ambiguous(*lookup)]


def _lookups(
    snapshot: Snapshot, spec: EnvironmentSpec
) -> t.Iterator[tuple[Resource, str, tuple[ApiObject, ...], list[tuple[str, ...]]]]:
    """The objects that are identified by a name: their kind, the option, all rows, and groups of names.

    Of the names in a group, which are a name and its former ones, only one may exist.
    """
    assistants = [item.names for item in spec.all_assistants]
    foreign = [(name,) for name in spec.foreign_assistants if spec.present]
    yield SIP_TRUNK, "name", snapshot.trunks, [spec.trunk.names]
    yield TRANSFER_TOOL, "name", snapshot.tools, [item.names for item in spec.all_tools]
    yield ASSISTANT, "name", snapshot.assistants, [*assistants, *foreign]
    if spec.present:
        labels = [desired.record.label for desired in (spec.account,) if desired and not desired.record.name]
        yield spec.carrier.logins, "label", snapshot.accounts or (), [(label,) for label in labels]
        yield SQUAD, "name", snapshot.squads, [(name,) for name in spec.squads]
        yield PHONE_NUMBER, "number", snapshot.phones, [(number,) for number in spec.digits]


def _ambiguous(
    resource: Resource, key: str, rows: tuple[ApiObject, ...], groups: list[tuple[str, ...]]
) -> t.Iterator[str]:
    place = fields(resource.record)[key].api_name.split(".")
    ids: dict[str, list[str]] = {}
    for row in rows:
        name = resource.normalize_key(str(dig(row, place) or ""))
        ids.setdefault(name, []).append(str(row["id" if resource.by_id else "name"]))
    for group in groups:
        there = {name: ids[name] for name in group if name in ids}
        for name, keys in there.items():
            if len(keys) > 1:
                yield (
                    f"{resource.provider.title} has {len(keys)} {kind(resource)}s named {name}: {', '.join(keys)}. "
                    "Rename or remove all but one."
                )
        if len(there) > 1:
            texts = [f"{name} ({', '.join(keys)})" for name, keys in there.items()]
            rule = PREVIOUS_KEYS.format(kind=f"{kind(resource)}s", names=", ".join(texts))
            yield f"The {kind(resource)} {group[0]} {rule}"


def _missing(snapshot: Snapshot, spec: EnvironmentSpec, vapi: Engine) -> list[str]:
    """A sentence for each option that refers to a missing object, or is required for a new object and missing."""
    found = [
        *_passwords(snapshot, spec),
        *_missing_at_carrier(snapshot, spec),
        *_own_failover(snapshot, spec),
        *_missing_references(snapshot, spec, vapi),
        *_live_transfers(snapshot, spec, vapi),
    ]
    return [spec.option_names.sentence(problem) for problem in found]


def _missing_at_carrier(snapshot: Snapshot, spec: EnvironmentSpec) -> t.Iterator[OptionError]:
    """The login and the numbers that the carrier's account does not have."""
    title = spec.carrier.provider.title
    login = spec.account and spec.account.record.name
    if login and login not in {own.name for own in snapshot.logins}:
        rule = (
            f"is a login that this {title} account does not have. Correct it, or give a label instead; {title} "
            "assigns the login of a new one."
        )
        yield OptionError("sip_account.name", rule, login)
    rule = f"is not a number of this {title} account. Buy it in {title}'s portal, correct it, or set inbound: false."
    for number in spec.numbers:
        if number.inbound and number.number not in snapshot.own:
            yield OptionError(f"{spec.path(number)}.number", rule, number.number)


def _own_failover(snapshot: Snapshot, spec: EnvironmentSpec) -> t.Iterator[OptionError]:
    """The destinations for failover that lead back to a trunk of the organisation."""
    own = set(snapshot.trunk)
    for number in spec.numbers:
        for at, address in enumerate(number.failover or ()):
            if label_of(address) in own:
                yield OptionError(f"{spec.path(number)}.failover[{at}]", f"{LEADS_BACK}; remove it.")


def failover_warnings(snapshot: Snapshot, spec: EnvironmentSpec) -> t.Iterator[str]:
    """A sentence for each declared destination after Vapi that cannot answer.

    :param snapshot: both accounts. :param spec: the specification.
    """
    title = spec.carrier.provider.title
    for number in spec.inbound:
        entries = failover_entries(spec.carrier, number.failover)
        for at, entry in enumerate(entries):
            option = spec.option_names.name_of(f"{spec.path(number)}.failover[{at}]")
            missing = snapshot.missing_login(entry)
            if missing:
                yield f"{option} is the SIP account {missing}, which this {title} account does not have."
            elif snapshot.trunks_of(entry):
                names = ", ".join(printable(display_name(row)) for row in snapshot.trunks_of(entry))
                yield f"{option} leads back to Vapi, because the trunk {names} registers with this SIP account."


def _missing_references(snapshot: Snapshot, spec: EnvironmentSpec, vapi: Engine) -> t.Iterator[OptionError]:
    """The assistants, squads and tools that do not exist."""
    there = {str(row.get(key)) for row in snapshot.assistants for key in ("name", "id")}
    squads = {str(row.get(key)) for row in snapshot.squads for key in ("name", "id")}
    tools = {str(dig(row, ("function", "name"))) for row in snapshot.tools}
    tools |= {str(row["id"]) for row in vapi.rows(ANY_TOOL)}
    declared = spec.option_names.name_of
    in_vapi = f"is neither in {declared('assistants')} nor in Vapi"
    in_tools = f"is neither in {declared('transfer_tools')} nor a transfer tool in Vapi"
    other_kind = " Give the id of a tool of another kind."
    for option, field, names, known, rule, advice in (
        ("numbers", "assistant", spec.foreign_assistants, there, in_vapi, ""),
        ("numbers", "squad", spec.squads, squads, "does not exist in Vapi", ""),
        ("assistants", "tools", spec.foreign_tools, tools, in_tools, other_kind),
    ):
        for name in [name for name in names if name not in known]:
            meant = nearest(name, {word for word in (*known, *spec.labels) if not is_id(word)})
            more = f"; did you mean {meant}?" if meant else "."
            for path in spec.places(option, field, name):
                yield OptionError(path, f"{rule}{more}{advice}", name)


def _live_transfers(snapshot: Snapshot, spec: EnvironmentSpec, vapi: Engine) -> list[OptionError]:
    """An error if objects in Vapi that are not declared transfer calls, and that is not confirmed."""
    problem = unconfirmed_refer(spec.params, transferring(snapshot, spec, vapi.rows(ANY_TOOL)))
    return [problem] if problem else []


def _passwords(snapshot: Snapshot, spec: EnvironmentSpec) -> t.Iterator[OptionError]:
    """The passwords of a new account and a new trunk: both services require them and do not return them."""
    account, trunk = spec.account, spec.trunk
    more = "If it comes from a variable or from the environment, that is empty or not set."
    labels = {login.label for login in snapshot.logins}
    if account and not (account.record.name or account.record.password or account.record.label in labels):
        yield OptionError("sip_account.password", f"must be given, because this SIP account is new. {more}")
    if (trunk.username or account) and not spec.password and not declared_trunk_ids(snapshot, spec):
        yield OptionError(
            "trunk.password", f"must be given, because the trunk is new and its login requires one. {more}"
        )


def _in_use(snapshot: Snapshot, spec: EnvironmentSpec, vapi: Engine) -> list[str]:
    own = {str(row["id"]) for row in own_phone_numbers(snapshot, spec)}
    trunks = declared_trunk_ids(snapshot, spec)
    # Includes numbers that are not on a trunk.
    staying = [row for row in vapi.client.list_all(PHONE_NUMBER.path) if str(row.get("id")) not in own]
    found = [
        f"The trunk {spec.trunk.name} is also used by {display_name(row, 'number')}, which is not removed. Move that "
        "number to another trunk first, or declare it here."
        for row in staying
        if row.get("credentialId") in trunks
    ]
    names = {name for desired in spec.assistants for name in desired.names}
    going = {str(row["id"]): row["name"] for row in snapshot.assistants if row.get("name") in names}
    found += [
        f"The assistant {name} also answers {display_name(row, 'number')}, which is not removed. Assign another "
        "assistant to "
        f"that number, declare it here, or remove {name} from assistants."
        for key, name in going.items()
        for row in staying
        if row.get("assistantId") == key
    ]
    tools = [row for row in vapi.rows(ANY_TOOL) if isinstance(row, dict)]
    users = Users(rows_after(snapshot, spec, [*staying, *snapshot.squads, *tools], ()))
    return found + [
        f"The assistant {row['name']} {user.description.replace('is ', 'is also ', 1)}, which is not removed. Remove "
        f"it there, or remove {row['name']} from assistants."
        for row in snapshot.assistants
        if row.get("name") in names
        for user in users.of("assistant", row)
        if user.kind != "phone_number" or not user.is_direct
    ]
