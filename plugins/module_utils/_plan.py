# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: what is wanted + what stands -> what to write, and what will stand then. No input, no output, no clock."""

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
    """One object as it is asked for: its fields, the options beside them, and an id where one was given.

    :param path: the option that asks for it, where a task has several objects.
    """

    record: t.Any
    ask: t.Any
    id: str | None = None
    label: str = ""
    advice: tuple[str, ...] = ()
    path: str = ""


def wanted(resource: Resource, params: t.Mapping[str, t.Any]) -> Want:
    """What options ask for, checked as far as that goes without a request; raises :class:`Problem` with all faults."""
    faults = Faults()
    record, ask = faults_of(resource.record, params, faults), faults_of(resource.ask, params, faults)
    key = params.get("id") or None
    if key and key != LATER:
        faults.of("id", resource.service.check_id, str(key))
    advice = tuple(filter(None, [_asked(rule, record, ask, faults) for rule in resource.rules]))
    label = next((str(value) for value in _keys(resource, record) if value), "")
    if resource.keys and not label and not key:
        faults.add(Problem(" or ".join(resource.keys), f"must be given: it identifies the {resource.title}."))
    faults.end()
    return Want(record, ask, key, label or str(key or resource.title), advice)


def _asked(rule: t.Callable[[t.Any, t.Any], str | None], record: t.Any, ask: t.Any, faults: Faults) -> str | None:
    """The warning of a rule; its problems are added to ``faults``."""
    try:
        return rule(record, ask)
    except Problem as problem:
        faults.add(problem)
    except Exception:
        # A rule may trip over a record that is reported as wrong already.
        if not faults.found:
            raise
    return None


def wanted_parts(
    resource: Resource, params: t.Mapping[str, t.Any]
) -> tuple[list[Want], dict[str, t.Any], tuple[str, ...]]:
    """The objects that one task's options stand for, what is told beside them, and warnings."""
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
    """What this run did to one object; it outlives the rounds of reading and planning."""

    made: dict[str, Row] = dataclasses.field(default_factory=dict)
    gone: set[str] = dataclasses.field(default_factory=set)
    secret_written: bool = False
    copied: set[t.Any] = dataclasses.field(default_factory=set)
    refused: set[t.Any] = dataclasses.field(default_factory=set)
    moves: int = 0  # times that this run has appended copies
    declared: set[t.Any] = dataclasses.field(default_factory=set)  # places that other items of the same task ask for
    #: Ids that exist, by the field that refers to them, where they were listed.
    listed: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    #: Ids that were read one by one, and whether they are missing.
    missing: dict[str, bool] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do about one object. ``writes`` may be the first of several steps; the engine reads and plans again.

    :param verb: ``create``, ``update``, ``delete`` or ``none``. :param before: and ``after`` are the diff.
    :param result: the object as it will be. :param extra: return values beside it, ``standing`` the same as of now.
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
    """The plan for one object among ``rows``, the whole list of its kind; raises :class:`Problem`."""
    row, surplus = choose(resource, want, rows, memory)
    # Something may already refer to what is taken back.
    clean = tuple(write for extra in surplus if row for write in _moves(resource, extra, str(row["id"]), holders))
    if want.ask.state == "absent":
        return _absent(resource, want, row, holders, clean)
    return _present(resource, want, row, rows, holders, memory, clean)


# ------------------------------------------------------------------------------------------------------- identity


def key_of(resource: Resource, want: Want) -> tuple[Field, t.Any]:
    """The identifying option that was given, and its value."""
    for name in resource.keys:
        field = fields(resource.record)[name]
        value = getattr(want.record, field.attr)
        if value not in (None, ""):
            return field, value
    raise Problem(resource.keys[0], "must be given: it identifies the object.")


def index(resource: Resource, rows: t.Iterable[Row]) -> t.Callable[[Want, Memory], list[Row]]:
    """``(want, memory)`` -> the rows that may concern an object: many objects shall not each look at every row."""
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
    """Several objects share what should tell one from all others, for a moment or for good."""


def choose(resource: Resource, want: Want, rows: list[Row], memory: Memory) -> tuple[Row | None, list[Row]]:
    """The row that is meant, and rows that this run made in a race with another run and takes back.

    Two runs that create at once see each other when they list again: the oldest stays, each deletes only its own.
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
    """Whether the object of the given id was replaced, or is being replaced: the name leads to the one that counts."""
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
    # An interrupted replacement goes on from what was set aside.
    basis = row or aside or model
    current = from_wire(resource.record, basis) if basis else None
    wanted = _one_choice(resource, want.record)
    if resource.adjust:
        wanted = resource.adjust(wanted, _without_missing(resource, current, memory), want.ask)
    after = overlay(current, _without_secrets(resource, wanted))
    masked = hidden_in(after, "")
    if masked:
        raise Problem(masked, "holds what a result shows in place of a secret; give the value itself, or take it out.")
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

    # What is taken over from a model is part of the change.
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
                raise Problem(name, f"names no existing {resource.title}, and {title} chooses it for a new one.")
            if field.option.assigned:
                result[name] = LATER
        moves = _moves(resource, aside, LATER, holders) if aside else ()
        create = resource_writes(resource, None, then, {}, then)
        return dataclasses.replace(base, verb="create", writes=(*create, *moves), extra=_replaced(aside))
    if aside and resource.replace in touched:
        # First the earlier replacement is brought to its end.
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
    """The id of the object whose settings a new one takes over."""
    return getattr(want.ask, "settings_from", None)


def _model(resource: Resource, want: Want, rows: list[Row]) -> Row | None:
    """The object whose settings a new one takes over (option ``settings_from``); raises :class:`Problem`."""
    key = _settings_from(want)
    found = next((row for row in rows if key and str(row.get("id")) == key), None)
    if key and found is None:
        raise Problem("settings_from", f"names no {resource.title}; there is none with this id.", key)
    return found


def _losses(resource: Resource, want: Want, current: t.Any, wanted: t.Any) -> tuple[str, ...]:
    """A warning for each object that is replaced by another variant, with what goes."""
    return tuple(f"{resource.title} {want.label}: {text}" for text in replaced_variants(current, wanted))


def _not_taken_over(resource: Resource, want: Want, source: Row | None) -> tuple[str, ...]:
    """A warning that names what a new object does not get of the one that it is made from."""
    own = {"id", *resource.fixed, *resource.made_by_service, *map(camel, resource.facts)}
    lost = unmapped(resource.record, {key: value for key, value in (source or {}).items() if key not in own})
    text = (
        f"{resource.title} {want.label}: the new one does not take over {', '.join(lost)} of the former one, because "
        "this collection has no option for it. Set it by hand."
    )
    return (text,) if lost else ()


def resource_writes(
    resource: Resource, row: Row | None, touched: dict[str, t.Any], now: dict[str, t.Any], then: dict[str, t.Any]
) -> tuple[Write, ...]:
    """The requests that carry a change, by default one."""
    if resource.writes:
        return resource.writes(resource, row, touched, now, then)
    if row is None:
        body = {key: value for key, value in touched.items() if value is not None}
        return (Write(method="POST", path=resource.path, body=resource.wrap({**resource.fixed, **body}), makes=True),)
    body = {key: _whole(row.get(key), now.get(key), value) for key, value in touched.items()}
    return (on(resource, row, resource.update, body=resource.wrap({**resource.fixed, **body})),)


def _whole(raw: t.Any, now: t.Any, then: t.Any) -> t.Any:
    """An object as it is sent: what is known of it as wanted, and whatever else the current variant of it holds."""
    if not isinstance(then, dict) or not isinstance(raw, dict) or not same_variant(raw, then):
        return then
    return {key: value for key, value in raw.items() if value is not None and key not in (now or {})} | then


def on(resource: Resource, row: Row, method: str, **more: t.Any) -> Write:
    """A write to one object."""
    path = resource.item or resource.path + "/{id}"
    names = [name for _text, name, _spec, _conversion in string.Formatter().parse(path) if name]
    return Write(method=method, path=path, ids={name: str(row[name]) for name in names}, **more)


def facts_of(resource: Resource, row: Row | None) -> dict[str, t.Any]:
    """What an answer tells beside the options; only plain values are let through."""
    found = {}
    for name in resource.facts:
        value = (row or {}).get(camel(name), (row or {}).get(name))
        if isinstance(value, (str, int, float, bool)):
            found[name] = value
    return found


def told(resource: Resource, row: Row, ask: t.Any) -> dict[str, t.Any]:
    """An object as an info module returns it."""
    if resource.tell:
        return resource.tell(row, ask)
    key = {"id": str(row["id"])} if "id" in row else {}
    shown = {name: value for name, value in show(from_wire(resource.record, row)).items() if value not in ("", {})}
    return {**key, **shown, **facts_of(resource, row)}


def _cleared(resource: Resource, wanted: t.Any) -> list[str]:
    """Keys of the free part of a body that are given as null, which is how Vapi takes a field away."""
    free = [getattr(wanted, field.attr) for field in fields(resource.record).values() if field.wire == "*"]
    return [key for given in free for key, value in (given or {}).items() if value is None]


def _meaning(value: t.Any) -> t.Any:
    """Absent and empty are one."""
    return None if value in ("", [], {}) else value


def _without_missing(resource: Resource, current: t.Any, memory: Memory) -> t.Any:
    """The current object without the ids, in its lists of references, of what no longer exists."""
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
    """The write-only fields that go along; raises where one is needed and not given."""
    found = []
    for field in fields(resource.record).values():
        if not field.option.secret:
            continue
        given = getattr(wanted, field.attr)
        together = field.option.along and getattr(after, field.option.along, None)
        whole = field.wire.split(".")[0] in touched
        if given and (always or (whole and together)):
            if field.option.along and not together:
                raise Problem(field.option.along, f"must be given with {field.name}: the two go together.")
            found.append(field)
        elif not given and together and whole:
            raise Problem(
                field.name,
                f"must be given, because this {resource.title} is new and has a {field.option.along}. If it comes from "
                "a variable or from the environment, that is empty or not set."
                if new
                else f"must be given too, because {field.option.along} or what belongs to it changes: "
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
    """All ids at a dotted place; lists on the way are looked through."""
    if isinstance(value, list):
        return {key for item in value for key in _held(item, path)}
    if not path:
        return {str(value)} if value is not None else set()
    return _held(value.get(path[0]), path[1:]) if isinstance(value, dict) else set()


def _label(use: Use, holder: Row) -> str:
    return printable(next((str(holder[key]) for key in use.label if holder.get(key)), "?"))


def _pass_on(use: Use, holder: Row, old: str, new: str | None) -> Write:
    """The holder refers to ``new`` instead of ``old`` (``None``: to nothing); its top-level field is sent whole."""
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


# -------------------------------------------------------------------------------- a new object in the old one's place
#
# The old one is renamed first, so that at no moment two objects carry the name, and an interrupted run leaves a trace
# that the next one finds: whatever still stands under the second name is emptied into the present one and removed.


def aside_name(name: str) -> str:
    """The second name of an object that is being replaced, within the service's limit of 40 characters."""
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
