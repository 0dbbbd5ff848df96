# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner: desired state + current state -> requests and resulting state. Pure functions without I/O or clock."""

from __future__ import annotations

import dataclasses
import hashlib
import string
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import (
    Faults,
    Field,
    Problem,
    camel,
    dig,
    faults_of,
    fields,
    from_wire,
    hidden_in,
    overlay,
    replaced_variants,
    restrict,
    same_variant,
    show,
    to_wire,
    unmapped,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import LATER, Resource, Use, Write
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import printable

Row = dict[str, t.Any]
NAME_LIMIT = 40


@dataclasses.dataclass(frozen=True)
class Want:
    """A desired object: its fields, its other options, and its id if one was given.

    :param path: the option that declares it, if a task has several objects.
    """

    record: t.Any
    ask: t.Any
    id: str | None = None
    label: str = ""
    advice: tuple[str, ...] = ()
    path: str = ""


def wanted(resource: Resource, params: t.Mapping[str, t.Any]) -> Want:
    """Read and check the options of an object, without requests.

    :param resource: the object's kind. :param params: the options. :return: the desired object.
    :raises Problem: with all errors that were found.
    """
    faults = Faults()
    record, ask = faults_of(resource.record, params, faults), faults_of(resource.ask, params, faults)
    key = params.get("id") or None
    if key and key != LATER:
        faults.of("id", resource.service.check_id, str(key))
    advice = tuple(filter(None, [_asked(rule, record, ask, faults) for rule in resource.rules]))
    label = next((str(value) for value in _keys(resource, record) if value), "")
    if resource.keys and not label and not key:
        faults.add(Problem(" or ".join(resource.keys), f"must be given; it identifies the {resource.title}."))
    faults.end()
    return Want(record, ask, key, label or str(key or resource.title), advice)


def _asked(rule: t.Callable[[t.Any, t.Any], str | None], record: t.Any, ask: t.Any, faults: Faults) -> str | None:
    """The warning of a validator; its errors are added to ``faults``."""
    try:
        return rule(record, ask)
    except Problem as problem:
        faults.add(problem)
    except Exception:
        # A validator may fail on a record whose errors are already reported.
        if not faults.found:
            raise
    return None


def wanted_parts(
    resource: Resource, params: t.Mapping[str, t.Any]
) -> tuple[list[Want], dict[str, t.Any], tuple[str, ...]]:
    """The objects that the options of one task declare.

    :return: the desired objects, further return values, and warnings.
    :raises Problem: with all errors that were found.
    """
    want = wanted(resource, params)
    if not resource.parts:
        return [want], {}, ()
    parts = resource.parts(want.record, want.ask)
    wants = [
        dataclasses.replace(want, record=record, label=next(iter(_keys(resource, record)), want.label))
        for record in parts.records
    ]
    return wants, parts.facts, parts.advice


def _keys(resource: Resource, record: t.Any) -> list[t.Any]:
    return [getattr(record, fields(resource.record)[name].attr) for name in resource.keys]


@dataclasses.dataclass
class Memory:
    """What this run has done to one object; kept over all rounds of reading and planning."""

    made: dict[str, Row] = dataclasses.field(default_factory=dict)
    gone: set[str] = dataclasses.field(default_factory=set)
    secret_written: bool = False
    copied: set[t.Any] = dataclasses.field(default_factory=set)
    refused: set[t.Any] = dataclasses.field(default_factory=set)
    moves: int = 0  # times that this run has appended copies
    declared: set[t.Any] = dataclasses.field(
        default_factory=set
    )  # identities that other items of the same task declare
    #: Existing ids of the lists that were read, by the field that refers to them.
    listed: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    #: Ids that were read individually, and whether they are missing.
    missing: dict[str, bool] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan for one object. ``writes`` may be the first of several steps; the engine then reads and plans again.

    :param verb: ``create``, ``update``, ``delete`` or ``none``. :param before: and ``after`` are the diff.
    :param result: the resulting object. :param extra: further return values; ``standing`` is their current state.
    """

    verb: str
    before: dict[str, t.Any]
    after: dict[str, t.Any]
    result: dict[str, t.Any]
    writes: tuple[Write, ...] = ()
    extra: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    carries_secret: bool = False
    standing: dict[str, t.Any] = dataclasses.field(default_factory=dict)


def plan(resource: Resource, want: Want, rows: list[Row], holders: t.Mapping[Use, list[Row]], memory: Memory) -> Plan:
    """Plan one object.

    :param resource: its kind. :param want: the desired object. :param rows: all objects of its kind.
    :param holders: the lists of possible referrers, by path. :param memory: what this run has already done.
    :return: the plan. :raises Problem: if the desired state is impossible or ambiguous.
    """
    row, surplus = choose(resource, want, rows, memory)
    # Another object may already refer to the object that is deleted.
    clean = tuple(write for extra in surplus if row for write in _moves(resource, extra, str(row["id"]), holders))
    if want.ask.state == "absent":
        return _absent(resource, want, row, holders, clean)
    return _present(resource, want, row, rows, holders, memory, clean)


# ------------------------------------------------------------------------------------------------------- identity


def key_of(resource: Resource, want: Want) -> tuple[Field, t.Any]:
    """The identifying option that was given.

    :return: the field and its value. :raises Problem: if none was given.
    """
    for name in resource.keys:
        field = fields(resource.record)[name]
        value = getattr(want.record, field.attr)
        if value not in (None, ""):
            return field, value
    raise Problem(resource.keys[0], "must be given; it identifies the object.")


def index(resource: Resource, rows: t.Iterable[Row]) -> t.Callable[[Want, Memory], list[Row]]:
    """An index of rows, so that planning many objects does not compare each with every row.

    :return: a function ``(want, memory)`` that returns the rows that may match an object.
    """
    places = [(name, fields(resource.record)[name].wire.split(".")) for name in resource.keys]
    known: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        known.setdefault(("", str(row.get("id"))), []).append(row)
        for name, path in places:
            if (value := dig(row, path)) is not None:
                known.setdefault((name, resource.normal(str(value))), []).append(row)

    def near(want: Want, memory: Memory) -> list[Row]:
        marks = [("", str(key)) for key in (want.id, _settings_from(want), *memory.made) if key]
        for name, value in zip(resource.keys, _keys(resource, want.record), strict=True):
            if value not in (None, ""):
                marks += [(name, resource.normal(text)) for text in (str(value), aside_name(str(value)))]
        found = {id(row): row for mark in marks for row in known.get(mark, ())}
        return list(found.values())

    return near


class Doubled(Problem):
    """Several objects match the identifying options, temporarily or permanently."""


def choose(resource: Resource, want: Want, rows: list[Row], memory: Memory) -> tuple[Row | None, list[Row]]:
    """The row that matches, and rows that this run created concurrently with another run and deletes again.

    Two concurrent runs that create the same object see both when they list again: the oldest is kept, and each run
    deletes only its own.

    :return: the row, or ``None``, and the rows to delete. :raises Doubled: if several objects match.
    :raises Problem: if no object has the id that was given.
    """
    if want.id and not _moved_on(resource, want, rows, memory):
        found = [row for row in rows if str(row.get("id")) == want.id]
        if not found and want.ask.state == "present":
            raise Problem("id", f"no {resource.title} has this id; leave it out to create one by {resource.keys[0]}.")
        return (found[0] if found else None), []
    field, value = key_of(resource, want)
    path = field.wire.split(".")
    wanted = resource.normal(str(value))
    found = [row for row in rows if dig(row, path) is not None and resource.normal(str(dig(row, path))) == wanted]
    found.sort(key=lambda row: (str(row.get("createdAt", row.get("created_at", ""))), str(row.get("id"))))
    if len(found) > 1 and not memory.made:
        pick = "id" if resource.by_id else resource.keys[0]
        ids = ", ".join(str(row.get(pick)) for row in found)
        raise Doubled(
            field.name, f"matches {len(found)} {resource.title}s: {ids}. Give {pick} to pick one, or remove the others."
        )
    return (found[0] if found else None), [row for row in found[1:] if str(row.get("id")) in memory.made]


def _moved_on(resource: Resource, want: Want, rows: list[Row], memory: Memory) -> bool:
    """Whether the object with the given id was or is being replaced: then the name identifies the current object."""
    if want.ask.state != "present" or not resource.replace or want.ask.on_auth_change != "replace":
        return False
    aside = _set_aside(resource, want, rows)
    return want.id in memory.gone or (aside is not None and str(aside.get("id")) == want.id)


# -------------------------------------------------------------------------------------------------------- present


def _present(
    resource: Resource,
    want: Want,
    row: Row | None,
    rows: list[Row],
    holders: t.Mapping[Use, list[Row]],
    memory: Memory,
    clean: tuple[Write, ...],
) -> Plan:
    replacing = resource.replace is not None and want.ask.on_auth_change == "replace"
    aside = _set_aside(resource, want, rows) if replacing else None
    model = None if row else _model(resource, want, rows)
    # An interrupted replacement continues from the superseded object.
    basis = row or aside or model
    current = from_wire(resource.record, basis) if basis else None
    wanted = _one_choice(resource, want.record)
    if resource.adjust:
        wanted = resource.adjust(wanted, _without_missing(resource, current, memory), want.ask)
    after = overlay(current, _without_secrets(resource, wanted))
    masked = hidden_in(after, "")
    if masked:
        raise Problem(
            masked,
            "contains the redaction marker of a result instead of a secret; provide the actual value or remove it.",
        )
    for law in resource.laws:
        law(after, want.ask)

    now, then = (to_wire(current) if row and current else {}), to_wire(after)
    then |= {key: None for key in _cleared(resource, wanted) if key in now}
    touched = {key for key in then if _meaning(then[key]) != _meaning(now.get(key))}
    always = getattr(want.ask, "update_password", "") == "always" and not memory.secret_written
    secrets = _secrets_to_write(resource, wanted, after, touched, always=always or row is None, new=row is None)
    if secrets:
        then = to_wire(
            overlay(after, type(after).model_construct(None, **{f.attr: getattr(wanted, f.attr) for f in secrets}))
        )
        touched |= {field.wire.split(".")[0] for field in secrets}

    # Settings copied from another object are part of the change.
    named = after if model else wanted
    managed = {
        n: f for n, f in fields(resource.record).items() if getattr(named, f.attr) is not None and not f.option.secret
    }
    before_shown = _managed(current, named, managed) if row else {}
    after_shown = _managed(after, named, managed)
    for field in secrets:
        before_shown |= {field.name: "(not readable)"} if row else {}
        after_shown[field.name] = "(written, not shown)"
    shown = {name: value for name, value in show(after).items() if value not in ("", {})}
    result = {"id": str(row["id"]) if row else LATER, **shown, **facts_of(resource, row)}
    base = Plan(
        verb="none",
        before=before_shown,
        after=after_shown,
        result=result,
        carries_secret=bool(secrets),
        warnings=_losses(resource, want, current, wanted),
    )
    if row is None or (replacing and resource.replace in touched):
        base = dataclasses.replace(base, warnings=(*base.warnings, *_not_taken_over(resource, want, basis)))

    if row is None:
        for name, field in fields(resource.record).items():
            if field.option.assigned and getattr(wanted, field.attr) not in (None, ""):
                title = resource.service.title
                raise Problem(name, f"matches no existing {resource.title}, and {title} assigns it to a new one.")
            if field.option.assigned:
                result[name] = LATER
        moves = _moves(resource, aside, LATER, holders) if aside else ()
        create = resource_writes(resource, None, then, {}, then)
        return dataclasses.replace(base, verb="create", writes=(*create, *moves), extra=_replaced(aside))
    if aside and resource.replace in touched:
        # Complete the earlier replacement first.
        moves = tuple(dataclasses.replace(w, more=True) for w in _moves(resource, aside, str(row["id"]), holders))
        result = {**result, "id": LATER}
        return dataclasses.replace(
            base, verb="update", result=result, writes=clean + moves, extra=_replaced(aside), carries_secret=False
        )
    if replacing and resource.replace in touched:
        whole = to_wire(overlay(after, wanted))
        create = resource_writes(resource, None, whole, {}, whole)
        writes = (_rename(resource, want, row), *create, *_moves(resource, row, LATER, holders))
        result = {**result, "id": LATER}
        return dataclasses.replace(base, verb="update", result=result, writes=writes, extra=_replaced(row))
    writes = clean
    if touched:
        writes += resource_writes(resource, row, {key: then[key] for key in sorted(touched)}, now, then)
    if aside:
        writes += _moves(resource, aside, str(row["id"]), holders)
    verb = "update" if touched or aside else "none"
    return dataclasses.replace(base, verb=verb, writes=writes, extra=_replaced(aside))


def _settings_from(want: Want) -> str | None:
    """The id of the object whose settings are copied to a new one."""
    return getattr(want.ask, "settings_from", None)


def _model(resource: Resource, want: Want, rows: list[Row]) -> Row | None:
    """The object whose settings are copied to a new one (option ``settings_from``); raises :class:`Problem`."""
    key = _settings_from(want)
    found = next((row for row in rows if key and str(row.get("id")) == key), None)
    if key and found is None:
        raise Problem("settings_from", f"matches no {resource.title}; there is none with this id.", key)
    return found


def _losses(resource: Resource, want: Want, current: t.Any, wanted: t.Any) -> tuple[str, ...]:
    """A warning for each nested object that is replaced by another variant, with the fields that are removed."""
    return tuple(f"{resource.title} {want.label}: {text}" for text in replaced_variants(current, wanted))


def _not_taken_over(resource: Resource, want: Want, source: Row | None) -> tuple[str, ...]:
    """A warning that lists the settings that are not copied to a new object."""
    own = {"id", *resource.fixed, *resource.made_by_service, *map(camel, resource.facts)}
    lost = unmapped(resource.record, {key: value for key, value in (source or {}).items() if key not in own})
    text = (
        f"{resource.title} {want.label}: {', '.join(lost)} of the old one is not copied to the new one, because "
        "this collection has no option for it. Set it manually."
    )
    return (text,) if lost else ()


def resource_writes(
    resource: Resource, row: Row | None, touched: dict[str, t.Any], now: dict[str, t.Any], then: dict[str, t.Any]
) -> tuple[Write, ...]:
    """The requests for an update, by default one."""
    if resource.writes:
        return resource.writes(resource, row, touched, now, then)
    if row is None:
        body = {key: value for key, value in touched.items() if value is not None}
        return (Write(method="POST", path=resource.path, body=resource.wrap({**resource.fixed, **body}), makes=True),)
    body = {key: _whole(row.get(key), now.get(key), value) for key, value in touched.items()}
    return (on(resource, row, resource.update, body=resource.wrap({**resource.fixed, **body})),)


def _whole(raw: t.Any, now: t.Any, then: t.Any) -> t.Any:
    """An object as it is sent: the desired fields, and all other fields of the current object's variant."""
    if not isinstance(then, dict) or not isinstance(raw, dict) or not same_variant(raw, then):
        return then
    return {key: value for key, value in raw.items() if value is not None and key not in (now or {})} | then


def on(resource: Resource, row: Row, method: str, **more: t.Any) -> Write:
    """A request for one object."""
    path = resource.item or resource.path + "/{id}"
    names = [name for _text, name, _spec, _conversion in string.Formatter().parse(path) if name]
    return Write(method=method, path=path, ids={name: str(row[name]) for name in names}, **more)


def facts_of(resource: Resource, row: Row | None) -> dict[str, t.Any]:
    """The read-only fields of a response; only scalar values are included."""
    found = {}
    for name in resource.facts:
        value = (row or {}).get(camel(name), (row or {}).get(name))
        if isinstance(value, (str, int, float, bool)):
            found[name] = value
    return found


def told(resource: Resource, row: Row, ask: t.Any) -> dict[str, t.Any]:
    """Convert an object of the service to the form that modules return.

    :param resource: its kind. :param row: the service's form. :param ask: options that affect the form.
    :return: the return value, without secrets.
    """
    if resource.tell:
        return resource.tell(row, ask)
    key = {"id": str(row["id"])} if "id" in row else {}
    shown = {name: value for name, value in show(from_wire(resource.record, row)).items() if value not in ("", {})}
    return {**key, **shown, **facts_of(resource, row)}


def _cleared(resource: Resource, wanted: t.Any) -> list[str]:
    """Keys of the free-form part of a body that are given as null, which removes a field."""
    free = [getattr(wanted, field.attr) for field in fields(resource.record).values() if field.wire == "*"]
    return [key for given in free for key, value in (given or {}).items() if value is None]


def _meaning(value: t.Any) -> t.Any:
    """Compare values; absent and empty are equal."""
    return None if value in ("", [], {}) else value


def _without_missing(resource: Resource, current: t.Any, memory: Memory) -> t.Any:
    """The current object without ids of deleted objects in its lists of references."""
    if current is None or not any(memory.missing.values()):
        return current
    changes = {
        field.attr: [key for key in getattr(current, field.attr) or () if not memory.missing.get(key)]
        for field in fields(resource.record).values()
        if field.attr in memory.listed
    }
    return current.model_copy(update=changes)


def _without_secrets(resource: Resource, record: t.Any) -> t.Any:
    names = [field.attr for field in fields(resource.record).values() if field.option.secret]
    return record.model_copy(update=dict.fromkeys(names)) if names else record


def _secrets_to_write(
    resource: Resource, wanted: t.Any, after: t.Any, touched: set[str], *, always: bool, new: bool
) -> list[Field]:
    """The write-only fields to send; raises :class:`Problem` if one is required and not given."""
    found = []
    for field in fields(resource.record).values():
        if not field.option.secret:
            continue
        given = getattr(wanted, field.attr)
        together = field.option.along and getattr(after, field.option.along, None)
        whole = field.wire.split(".")[0] in touched
        if given and (always or (whole and together)):
            if field.option.along and not together:
                raise Problem(field.option.along, f"must be given with {field.name}; the two are sent together.")
            found.append(field)
        elif not given and together and whole:
            raise Problem(
                field.name,
                f"must be given, because this {resource.title} is new and has a {field.option.along}. If it comes from "
                "a variable or from the environment, that is empty or not set."
                if new
                else f"must be given too, because {field.option.along} or a field sent with it changes: "
                f"{resource.service.title} never returns {field.name} and replaces the whole object.",
            )
    return found


def _one_choice(resource: Resource, wanted: t.Any) -> t.Any:
    given = [name for name in resource.choices if getattr(wanted, name)]
    if not given:
        return wanted
    return wanted.model_copy(update={name: "" for name in resource.choices if name not in given})


def _managed(record: t.Any, wanted: t.Any, managed: dict[str, Field]) -> dict[str, t.Any]:
    shown = {}
    for name, field in managed.items():
        value = show(restrict(getattr(record, field.attr), getattr(wanted, field.attr)))
        if _meaning(value) is not None:
            shown[name] = value
    return shown


# --------------------------------------------------------------------------------------------------------- absent


def _absent(
    resource: Resource, want: Want, row: Row | None, holders: t.Mapping[Use, list[Row]], clean: tuple[Write, ...]
) -> Plan:
    if row is None:
        return Plan(verb="none", before={}, after={}, result={}, writes=clean)
    key = str(row["id"])
    force = getattr(want.ask, "force", None)
    writes = clean
    for use in resource.uses:
        users = [holder for holder in holders.get(use, ()) if key in _held(holder, use.holds.split("."))]
        if not users or (force and not use.release):
            continue
        if not use.release:
            names = ", ".join(_label(use, holder) for holder in users[:10]) + (", …" if len(users) > 10 else "")
            raise Problem(
                "",
                f"The {resource.title} {want.label} is still used by {use.title}: {names}. "
                "Change them first, or give force: true.",
            )
        writes += tuple(_pass_on(use, holder, key, None) for holder in users)
    current = from_wire(resource.record, row)
    managed = {
        n: f
        for n, f in fields(resource.record).items()
        if getattr(want.record, f.attr) is not None and not f.option.secret
    }
    before = _managed(current, want.record, managed)
    return Plan(verb="delete", before=before, after={}, result={}, writes=(*writes, _delete(resource, row)))


def _delete(resource: Resource, row: Row) -> Write:
    return on(resource, row, "DELETE", ends=str(row["id"]), moot=True)


def _held(value: t.Any, path: list[str]) -> set[str]:
    """All ids at a dotted path; each list on the path is searched."""
    if isinstance(value, list):
        return {key for item in value for key in _held(item, path)}
    if not path:
        return {str(value)} if value is not None else set()
    return _held(value.get(path[0]), path[1:]) if isinstance(value, dict) else set()


def _label(use: Use, holder: Row) -> str:
    return printable(next((str(holder[key]) for key in use.label if holder.get(key)), "?"))


def _pass_on(use: Use, holder: Row, old: str, new: str | None) -> Write:
    """The request that changes a reference from ``old`` to ``new``, or removes it (``None``); sends the whole field."""
    top, *rest = use.holds.split(".")
    body = {key: holder[key] for key in use.keep if key in holder}
    body[top] = _swap(holder.get(top), rest, old, new)
    return Write(method="PATCH", path=use.path + "/{id}", ids={"id": str(holder["id"])}, body=body)


def _swap(value: t.Any, path: list[str], old: str, new: str | None) -> t.Any:
    if isinstance(value, list):
        kept = [_swap(item, path, old, new) for item in value]
        return [item for item in kept if item is not None]
    if not path:
        return new if value == old else value
    return {**value, path[0]: _swap(value.get(path[0]), path[1:], old, new)} if isinstance(value, dict) else value


# ------------------------------------------------------------------------------------------------------- replacement
#
# The old object is renamed first, so that two objects never have the same name, and the next run can continue an
# interrupted one: the references to an object with the second name are moved to the new object, then it is deleted.


def aside_name(name: str) -> str:
    """The name of an object while it is being replaced.

    :param name: its name. :return: the second name, within the service's limit of 40 characters.
    """
    mark = " (replaced)"
    if len(name) + len(mark) <= NAME_LIMIT:
        return name + mark
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: NAME_LIMIT - len(mark) - 7]}~{digest}{mark}"


def _set_aside(resource: Resource, want: Want, rows: list[Row]) -> Row | None:
    field, value = key_of(resource, want)
    name = aside_name(str(value))
    return next((row for row in rows if dig(row, field.wire.split(".")) == name), None)


def _rename(resource: Resource, want: Want, row: Row) -> Write:
    field, value = key_of(resource, want)
    body = {**resource.fixed, field.wire: aside_name(str(value))}
    return on(resource, row, resource.update, body=resource.wrap(body))


def _moves(resource: Resource, row: Row, new: str, holders: t.Mapping[Use, list[Row]]) -> tuple[Write, ...]:
    key = str(row["id"])
    moved = [
        _pass_on(use, holder, key, new)
        for use in resource.uses
        for holder in holders.get(use, ())
        if key in _held(holder, use.holds.split("."))
    ]
    return (*moved, _delete(resource, row))


def _replaced(row: Row | None) -> dict[str, t.Any]:
    return {"replaced_id": str(row["id"])} if row else {}
