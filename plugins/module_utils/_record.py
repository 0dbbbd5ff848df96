# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A field is stated once: an annotated record is the options, the body that is sent and the answer that is read.

A record uses annotations and plain defaults only, so that its Ansible argument spec can be made without pydantic.
``None`` means "not managed". ``Option`` says what Python's types cannot.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._deps import (
    BaseModel,
    ValidationError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import HIDDEN

#: Where values stand that must never be shown although an API returns them inside free-form objects.
SECRET_KEYS = frozenset(
    (
        "apikey",
        "authpassword",
        "authtoken",
        "clientsecret",
        "headers",
        "jwtsecret",
        "password",
        "privatekey",
        "secret",
        "secretaccesskey",
        "secretkey",
        "serverurlsecret",
        "token",
        "twilioapikey",
        "twilioapisecret",
        "twilioauthtoken",
    )
)

#: Keys of an object that tell which variant of a union it is, at both services.
UNION_TAGS = ("provider", "type")


class Problem(Exception):
    """A wrong input: ``path`` names the option, ``rule`` says what holds and how to mend it. Never holds a value."""

    def __init__(self, path: str, rule: str) -> None:
        self.path, self.rule = path, rule
        super().__init__(f"Option {path}: {rule}" if path else rule)

    def under(self, prefix: str) -> Problem:
        """The same problem seen from the record that contains this one."""
        if not self.path or self.path.startswith("["):
            return Problem(prefix + self.path, self.rule)
        return Problem(f"{prefix}.{self.path}", self.rule)


@dataclasses.dataclass(frozen=True)
class Option:
    """What a field is beyond its Python type.

    :param required: the option must be given.
    :param secret: write-only: ``no_log``, never compared, never shown.
    :param wire: dotted place in the API's body; default the camelCase of the name. A trailing ``*`` spreads a dict's
        keys at that place; ``""`` keeps the field out of bodies.
    :param drop: dotted places that a spread field does not read.
    :param ref: the resource (a ``Resource``) that this field names by its key or id.
    :param along: (of a secret) the field that it goes together with: both are sent, or neither.
    :param assigned: made by the service: identifies an existing object, can not be chosen for a new one.
    :param open: Ansible does not see the fields of this record, they are checked here: it forbids some names
        (``message``) that the APIs use.
    :param length: shortest and longest string. :param between: least and greatest number.
    :param clean: brings a value to its one form before it is checked.
    :param check: raises ``ValueError`` with one sentence that does not contain the value.
    :param fallback: environment variables, first one set wins.
    :param aliases: other names of the option.
    """

    required: bool = False
    secret: bool = False
    wire: str | None = None
    drop: tuple[str, ...] = ()
    ref: t.Any = None
    along: str = ""
    assigned: bool = False
    open: bool = False
    length: tuple[int, int] | None = None
    between: tuple[int, int] | None = None
    clean: t.Callable[[t.Any], t.Any] | None = None
    check: t.Callable[[t.Any], None] | None = None
    fallback: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: t.Any, handler: t.Any) -> t.Any:
        from pydantic_core import core_schema

        def rule(value: t.Any, info: t.Any) -> t.Any:
            # Answers are read leniently: the rules are for what people write.
            if value is None or (info.context or {}).get("answer"):
                return value
            value = self.clean(value) if self.clean else value
            self.validate(value)
            return value

        return core_schema.with_info_after_validator_function(rule, handler(source))

    def validate(self, value: t.Any) -> None:
        """Raise ``ValueError`` with a sentence free of the value."""
        if self.length and not self.length[0] <= len(value) <= self.length[1]:
            low, high = self.length
            raise ValueError(f"must be {low} to {high} characters long, it has {len(value)}.")
        if self.between and not self.between[0] <= value <= self.between[1]:
            raise ValueError(f"must be {self.between[0]} to {self.between[1]}.")
        if self.check:
            self.check(value)


class Record(BaseModel):
    """Base of every record. Values are plain Python data; unknown keys of answers are ignored."""

    model_config = {"extra": "ignore", "hide_input_in_errors": True, "coerce_numbers_to_str": True}

    #: An object of this kind is replaced as given, like a list: its fields have the API's defaults, not ``None``.
    whole: t.ClassVar[bool] = False

    @staticmethod
    def sent(body: dict[str, t.Any]) -> dict[str, t.Any]:
        """A last touch on the API's form of this record (nested records only), for what a field can not say."""
        return body

    @staticmethod
    def received(raw: dict[str, t.Any]) -> dict[str, t.Any]:
        """A first touch on an answer before it is read, for what a field can not say."""
        return raw


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a record, its type taken apart. ``attr`` is its name in Python, where some words are taken."""

    name: str
    attr: str
    kind: str  # str int float bool dict list record records
    default: t.Any
    option: Option
    choices: tuple[str, ...] = ()
    nested: type[Record] | None = None
    elements: str = "str"

    @property
    def wire(self) -> str:
        return camel(self.name) if self.option.wire is None else self.option.wire


def camel(name: str) -> str:
    """``outbound_leading_plus_enabled`` -> ``outboundLeadingPlusEnabled``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@functools.cache
def fields(record: type[Record]) -> dict[str, Field]:
    """The fields of a record in the order they stand."""
    hints = t.get_type_hints(record, include_extras=True)
    skip = {"model_config"}
    found = [
        _field(attr, hint, getattr(record, "__pydantic_fields__", None), record)
        for attr, hint in hints.items()
        if attr not in skip and not attr.startswith("_") and t.get_origin(hint) is not t.ClassVar
    ]
    return {field.name: field for field in found}


def _field(attr: str, hint: t.Any, known: t.Any, record: type[Record]) -> Field:
    name = attr.rstrip("_")
    option = Option()
    if t.get_origin(hint) is t.Annotated:
        hint, *extras = t.get_args(hint)
        option = next((extra for extra in extras if isinstance(extra, Option)), option)
    default = known[attr].default if known else getattr(record, attr, None)
    hint = _present(hint)
    origin = t.get_origin(hint)
    if origin is t.Literal:
        return Field(name, attr, "str", default, option, choices=t.get_args(hint))
    if origin is list:
        item = t.get_args(hint)[0]
        if isinstance(item, type) and issubclass(item, Record):
            return Field(name, attr, "records", default, option, nested=item)
        return Field(name, attr, "list", default, option, elements=_plain(item))
    if isinstance(hint, type) and issubclass(hint, Record):
        return Field(name, attr, "record", default, option, nested=hint)
    return Field(name, attr, _plain(hint), default, option)


def _present(hint: t.Any) -> t.Any:
    """The type without ``None``."""
    if t.get_origin(hint) in (t.Union, types.UnionType):
        return next(arg for arg in t.get_args(hint) if arg is not types.NoneType)
    return hint


def _plain(hint: t.Any) -> str:
    hint = t.get_origin(hint) or hint
    return {str: "str", int: "int", float: "float", bool: "bool", dict: "dict", t.Any: "raw"}[hint]


# ---------------------------------------------------------------------------------------------- Ansible options


def argument_spec(record: type[Record], *, inherit: bool = False) -> dict[str, dict[str, t.Any]]:
    """Ansible's argument spec of a record.

    :param inherit: the options are defaults for list items: none is required, none has a default.
    """
    return {name: _spec(field, inherit) for name, field in fields(record).items()}


def _spec(field: Field, inherit: bool) -> dict[str, t.Any]:
    spec: dict[str, t.Any] = {"type": {"record": "dict", "records": "list"}.get(field.kind, field.kind)}
    if field.kind == "list":
        spec["elements"] = field.elements
    if field.kind == "records":
        spec["elements"] = "dict"
    if field.nested and not field.option.open:
        spec["options"] = argument_spec(field.nested)
    if field.choices:
        spec["choices"] = list(field.choices)
    if field.option.required and not inherit:
        spec["required"] = True
    if field.default is not None and not inherit:
        spec["default"] = field.default
    if field.option.secret:
        spec["no_log"] = True
    elif any(word in field.name for word in ("password", "token", "key")):
        spec["no_log"] = False
    if field.option.aliases:
        spec["aliases"] = list(field.option.aliases)
    return spec


def from_options(record: type[Record], params: t.Mapping[str, t.Any]) -> t.Any:
    """A record made from options; raises :class:`Problem` with the option's path and the rule."""
    problem = None
    try:
        return record.model_validate(_attrs(record, params))
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)[0]
        rule = found["msg"].removeprefix("Value error, ")
        problem = Problem(_dotted(found["loc"]), rule)
    # Raised outside the handler: the library's error must not travel along as the cause.
    raise problem


def _attrs(record: type[Record], params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    values = {}
    for name, field in fields(record).items():
        value = params.get(name)
        if field.nested and isinstance(value, dict):
            value = _inner(field, value, name)
        elif field.nested and isinstance(value, list):
            value = [_inner(field, item, f"{name}[{index}]") for index, item in enumerate(value)]
        if value is not None:
            values[field.attr] = value
    return values


def _inner(field: Field, value: t.Any, path: str) -> t.Any:
    if not field.nested or not isinstance(value, dict):
        return value
    unknown = sorted(str(name) for name in value if name not in fields(field.nested))
    if unknown:
        names = ", ".join(fields(field.nested))
        raise Problem(f"{path}.{unknown[0]}", f"is not an option here; there are {names}.")
    try:
        return _attrs(field.nested, value)
    except Problem as problem:
        raise problem.under(path) from None


def _dotted(loc: t.Iterable[int | str]) -> str:
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += ("." if path else "") + part.rstrip("_")
    return path


# ----------------------------------------------------------------------------------------------- the API's form


def to_wire(record: Record) -> dict[str, t.Any]:
    """The API's body of a record: absent where a field is ``None``, ``None`` where it is given as empty."""
    body: dict[str, t.Any] = {}
    # A spread field lays the ground; the named fields are set on it.
    order = sorted(fields(type(record)).values(), key=lambda field: not field.wire.endswith("*"))
    for field in order:
        value = getattr(record, field.attr)
        if value is None or not field.wire:
            continue
        *path, last = field.wire.split(".")
        if last == "*":
            if value:
                _room(body, path).update(value)
            continue
        value = _out(field, value)
        if value is None and path:
            continue  # inside an object that is sent whole, absent is empty
        _room(body, path)[last] = value
    return record.sent(body)


def _room(body: dict[str, t.Any], path: list[str]) -> dict[str, t.Any]:
    for step in path:
        inner = body.get(step)
        body[step] = body = dict(inner) if isinstance(inner, dict) else {}
    return body


def _out(field: Field, value: t.Any) -> t.Any:
    if field.kind == "record":
        return to_wire(value) or None
    if field.kind == "records":
        return [to_wire(item) for item in value]
    if value == {} or (value == "" and field.option.ref):
        return None
    return value


def from_wire(record: type[Record], raw: t.Any) -> t.Any:
    """A record made from an answer. A field that can not be read is ``None``; nothing an API sends raises here."""
    values = _in(record, raw)
    for _attempt in range(len(values) + 1):
        try:
            return record.model_validate(values, context={"answer": True})
        except ValidationError as error:
            bad = {item["loc"][0] for item in error.errors(include_input=False, include_context=False) if item["loc"]}
        values = {name: value for name, value in values.items() if name not in bad}
    return record.model_construct()


def _in(record: type[Record], raw: t.Any) -> dict[str, t.Any]:
    raw = record.received(raw) if isinstance(raw, dict) else {}
    values: dict[str, t.Any] = {}
    for field in fields(record).values():
        # A secret is write-only, also where a service should return it.
        readable = field.wire and not field.option.secret
        value = dig(raw, field.wire.split(".")) if readable else None
        if isinstance(value, dict) and not field.nested:
            value = _without_none(value)
        if isinstance(value, dict) and field.wire.endswith("*"):
            value = _without(value, field.option.drop) or None
        if field.nested and isinstance(value, dict):
            value = _in(field.nested, value)
        elif field.nested and isinstance(value, list):
            value = [_in(field.nested, item) for item in value]
        if value is not None:
            values[field.attr] = value
    return values


def _without(value: dict[str, t.Any], drop: t.Iterable[str]) -> dict[str, t.Any]:
    """A dict without ``None`` and without some dotted places."""
    value = {key: item for key, item in value.items() if item is not None}
    for head, *rest in (place.split(".", 1) for place in drop):
        if not rest:
            value.pop(head, None)
        elif isinstance(value.get(head), dict):
            value[head] = _without(value[head], rest)
            if not value[head]:
                del value[head]
    return value


def dig(raw: t.Any, path: t.Sequence[str]) -> t.Any:
    """The value at a dotted place, ``None`` where there is none."""
    for step in path:
        if step == "*":
            return raw
        if not isinstance(raw, dict):
            return None
        raw = raw.get(step)
    return raw


# ---------------------------------------------------------------------------------------------------- comparing


def overlay(current: t.Any, wanted: t.Any) -> t.Any:
    """``current`` with everything that ``wanted`` manages laid over it.

    Objects are merged, unless they are different variants of a union (:func:`same_variant`); lists are replaced.
    """
    if isinstance(wanted, Record):
        attrs = [field.attr for field in fields(type(wanted)).values()]
        if all(getattr(wanted, attr) is None for attr in attrs):
            return wanted
        if wanted.whole:
            return wanted if to_wire(wanted) else type(wanted).model_construct(None, **dict.fromkeys(attrs))
        merged = {}
        for attr in attrs:
            mine, theirs = getattr(wanted, attr), getattr(current, attr, None)
            merged[attr] = theirs if mine is None else overlay(theirs, mine)
        return type(wanted).model_construct(None, **merged)
    if isinstance(wanted, dict) and wanted and isinstance(current, dict) and same_variant(current, wanted):
        merged = dict(current)
        for key, value in wanted.items():
            # What a result shows in place of a secret, given back: the secret stays.
            if not (value == HIDDEN and _secret_key(key) and key in current):
                merged[key] = overlay(current.get(key), value)
        return _without_none(merged)
    if isinstance(wanted, list) and isinstance(current, list) and show(current) == wanted:
        return current
    return _without_none(wanted)


def same_variant(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any]) -> bool:
    """Whether two objects are the same variant of a union, as far as their tags tell.

    Variants have different fields, and a service refuses those of another variant, so different ones are never merged.

    :returns: false where both give a text for one of :data:`UNION_TAGS` and the texts differ.
    """
    tags = [(one.get(tag), other.get(tag)) for tag in UNION_TAGS]
    return all(mine == theirs for mine, theirs in tags if isinstance(mine, str) and isinstance(theirs, str))


def replaced_variants(current: t.Any, wanted: t.Any, path: str = "") -> list[str]:
    """A sentence for each object that :func:`overlay` replaces by another variant, with the fields that it removes."""
    if isinstance(wanted, Record):
        known = [] if wanted.whole or current is None else fields(type(wanted)).values()
        pairs = [(field.name, getattr(current, field.attr), getattr(wanted, field.attr)) for field in known]
    elif isinstance(wanted, dict) and isinstance(current, dict):
        if not same_variant(current, wanted):
            gone = sorted(_places(current) - _places(wanted))
            tag = next(tag for tag in UNION_TAGS if not same_variant({tag: current.get(tag)}, {tag: wanted.get(tag)}))
            change = f"{path}.{tag} changes from {current[tag]} to {wanted[tag]}, so the whole object is replaced"
            return [f"{change}, without the former {', '.join(gone)}."] if gone else []
        pairs = [(f"{path}.{key}", current.get(key), value) for key, value in wanted.items()]
    else:
        pairs = []
    return [found for where, mine, theirs in pairs for found in replaced_variants(mine, theirs, where)]


def _places(value: t.Any) -> set[str]:
    """The dotted names of all values in an object."""
    if not isinstance(value, dict):
        return {""}
    return {f"{key}.{place}".rstrip(".") for key, item in value.items() if item is not None for place in _places(item)}


def _without_none(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def restrict(value: t.Any, like: t.Any) -> t.Any:
    """The part of ``value`` that ``like`` speaks of; all of it where ``like`` replaces it."""
    if isinstance(like, dict) and like and isinstance(value, dict) and same_variant(value, like):
        return {key: restrict(value[key], item) for key, item in like.items() if value.get(key) is not None}
    return value


def show(value: t.Any) -> t.Any:
    """A record as its options, for people: no secret, nothing that is ``None``."""
    if isinstance(value, Record):
        known = fields(type(value)).items()
        shown = {name: show(getattr(value, field.attr)) for name, field in known if not field.option.secret}
        return {name: item for name, item in shown.items() if item is not None}
    if isinstance(value, list):
        return [show(item) for item in value]
    if isinstance(value, dict):
        return {key: HIDDEN if _secret_key(key) and item else show(item) for key, item in value.items()}
    return value


def hidden_in(value: t.Any, path: str) -> str | None:
    """Where a mask stands in the place of a secret, ``None`` if nowhere."""
    if isinstance(value, Record):
        known = fields(type(value)).items()
        pairs = [(f"{path}.{name}" if path else name, getattr(value, field.attr)) for name, field in known]
    elif isinstance(value, dict):
        mask = next((key for key, item in value.items() if item == HIDDEN and _secret_key(key)), None)
        if mask is not None:
            return f"{path}.{mask}"
        pairs = [(f"{path}.{key}", item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return None
    return next((found for where, item in pairs if (found := hidden_in(item, where))), None)


def _secret_key(key: t.Any) -> bool:
    return str(key).replace("_", "").replace("-", "").lower() in SECRET_KEYS
