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
import json
import re
import types
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._deps import (
    BaseModel,
    ValidationError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._rules import (
    HIDDEN,
    nearest,
    printable,
    printable_lines,
    unknown,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sensitive import (
    is_mask,
    redacted,
    restored,
    secrets_of,
)

#: Characters of the shortest secret. A shorter one cannot be told from other text where it has to be hidden.
SHORTEST_SECRET = 8
MASKED = "holds a mask instead of a value: the output of another task was fed back. Give the value itself."


def check_secret(value: str) -> None:
    """Raise ``ValueError`` for a text that cannot be a secret: a mask, or one too short to be hidden in other text."""
    if is_mask(value):
        raise ValueError(MASKED)
    if len(value.strip()) < SHORTEST_SECRET:
        raise ValueError(
            f"is too short: {SHORTEST_SECRET} characters at least, so that it can be recognised and hidden "
            "wherever it turns up."
        )


#: Keys of an object that tell which variant of a union it is, at both services.
UNION_TAGS = ("provider", "type")


#: Characters of a wrong value that a message repeats.
MOST_SHOWN = 60
_NOTHING: t.Any = object()


class Problem(Exception):
    """A wrong input.

    :param path: names the option. :param rule: what holds and how to correct it, one sentence that holds no value.
    :param value: the wrong value where it may be shown: no secret and nothing about a third person.
    :param other: names a second option, which takes the place of ``{other}`` in the rule.
    """

    def __init__(self, path: str, rule: str, value: t.Any = _NOTHING, other: str = "") -> None:
        self.path, self.rule, self.value, self.other = path, rule, value, other
        super().__init__(self.sentence())

    def sentence(self, names: t.Callable[[str], str] = str) -> str:
        """The problem for people. :param names: an option's path -> the name under which the user gave it."""
        rule = self.rule.replace("{other}", names(self.other)) if self.other else self.rule
        if not self.path:
            return printable_lines(rule)
        return printable(f"Option {names(self.path)}{_quoted(self.value)}: ") + printable_lines(rule)

    @property
    def each(self) -> tuple[Problem, ...]:
        """The problem itself; of :class:`Problems` all that it stands for."""
        return (self,)

    def under(self, prefix: str) -> Problem:
        """The same problem seen from the record that contains this one."""
        if not prefix:
            return self
        return Problem(_joined(prefix, self.path), self.rule, self.value, self.other and _joined(prefix, self.other))


def _joined(prefix: str, path: str) -> str:
    """The path of an option inside another."""
    return f"{prefix}{'' if not path or path.startswith('[') else '.'}{path}"


class Problems(Problem):
    """Several problems, told together; ``path`` and ``rule`` are those of the first."""

    def __init__(self, found: t.Sequence[Problem]) -> None:
        self._found = tuple(found)
        super().__init__(found[0].path, found[0].rule, found[0].value)

    @property
    def each(self) -> tuple[Problem, ...]:
        return self._found

    def sentence(self, names: t.Callable[[str], str] = str) -> str:
        return "\n- ".join([f"{len(self._found)} options are wrong.", *(each.sentence(names) for each in self._found)])

    def under(self, prefix: str) -> Problem:
        return Problems([each.under(prefix) for each in self._found])


class Faults:
    """Collects problems, so that all of them are told at once."""

    def __init__(self, found: t.Iterable[Problem] = ()) -> None:
        self.found: list[Problem] = []
        #: Places whose value could not be used at all: what else is said of them, or follows from them, is dropped.
        self.unusable: list[str] = []
        for problem in found:
            self.add(problem)

    def add(self, problem: Problem, *, unusable: bool = False) -> None:
        """Take up a problem, and all that it stands for. A place is reported once.

        :param unusable: further problems above or below the same place only follow from this one.
        """
        for one in problem.each:
            told = any(_same_place(one.path, other.path) for other in self.found if one.path and other.path)
            follows = any(_related(place, one.path) for place in self.unusable)
            if not told and not follows:
                self.found.append(one)
        if unusable:
            self.unusable += [one.path for one in problem.each]

    def of(self, path: str, work: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        """What ``work`` returns; ``None`` where it finds a problem, which is then one below ``path``."""
        try:
            return work(*arguments)
        except Problem as problem:
            self.add(problem.under(path))
            return None

    def each(self, path: str, items: t.Any, work: t.Callable[[t.Any], t.Any]) -> tuple[t.Any, ...]:
        """:meth:`of` for each item of a list option."""
        return tuple([self.of(f"{path}[{index}]", work, item) for index, item in enumerate(items or ())])

    def twice(self, path: str, marks: t.Iterable[t.Any], rule: str) -> None:
        """A problem for each item that repeats an earlier one.

        :param marks: what makes two items one; an empty mark is like no other.
        :param rule: ``{other}`` in it stands for the earlier item.
        """
        first: dict[t.Any, int] = {}
        for index, mark in enumerate(marks):
            if mark and first.setdefault(mark, index) != index:
                self.add(Problem(f"{path}[{index}]", rule, mark, f"{path}[{first[mark]}]"))

    def under(self, prefix: str) -> Faults:
        """The same faults seen from the record that contains this one."""
        return Faults(problem.under(prefix) for problem in self.found)

    def end(self) -> None:
        """Raise what was found: one :class:`Problem`, or :class:`Problems`."""
        if self.found:
            raise self.found[0] if len(self.found) == 1 else Problems(self.found)


@dataclasses.dataclass(frozen=True)
class Words:
    """How to speak of options.

    :param name_of: an option's path -> the name under which the user gave it.
    :param sentence: an error -> the text for people.
    """

    name_of: t.Callable[[str], str] = str
    sentence: t.Callable[[Exception], str] = str


def _alternatives(path: str) -> list[str]:
    return re.split(r" / | or ", path)


def _same_place(one: str, other: str) -> bool:
    return bool({*_alternatives(one)} & {*_alternatives(other)})


def _related(one: str, other: str) -> bool:
    """Whether one of two places is the other, or lies in it."""
    return any(
        a == b or (b.startswith(a) and b[len(a)] in ".[") or (a.startswith(b) and a[len(b)] in ".[")
        for a in _alternatives(one)
        for b in _alternatives(other)
        if a and b
    )


def _quoted(value: t.Any) -> str:
    """A wrong value as a message repeats it: one line, not too long; nothing for what has parts."""
    if value is _NOTHING or value is None or isinstance(value, (dict, list, tuple, set)):
        return ""
    if not isinstance(value, str):
        return f" ({str(value).lower() if isinstance(value, bool) else value})"
    text = value if len(value) <= MOST_SHOWN else value[:MOST_SHOWN] + "…"
    # Escaped where a character of it would act on a terminal.
    return f" ({json.dumps(text, ensure_ascii=not text.isprintable())})"


@dataclasses.dataclass(frozen=True)
class FreeForm:
    """What is known of data that a service defines.

    :param texts: names of keys whose value is text, or a list of texts, and never a truth value.
    :param own: names of keys below which users choose the names, so that they tell nothing of the values.
    """

    texts: frozenset[str]
    own: frozenset[str] = frozenset()


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
    :param personal: may be about a third person: a message does not repeat the value.
    :param distinct: of a list: what makes two of its items one; then they may not repeat.
    :param free: of free-form data: what is known of the keys in it.
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
    personal: bool = False
    distinct: t.Callable[[t.Any], t.Any] | None = None
    free: FreeForm | None = None
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
        if self.secret and value:
            check_secret(value)
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
    def shown(options: dict[str, t.Any]) -> dict[str, t.Any]:
        """A last touch on what people see of this record, for defaults that do not hold for every variant of it."""
        return options

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
    """A record made from options; raises :class:`Problem`, or :class:`Problems` with everything that is wrong."""
    faults = Faults()
    made = faults_of(record, params, faults)
    # Raised outside any handler: the library's error must not travel along as the cause.
    faults.end()
    return made


def faults_of(record: type[Record], params: t.Mapping[str, t.Any], faults: Faults) -> t.Any:
    """A record made from options as far as they can be used; what is wrong with them is added to ``faults``.

    A value that breaks a rule is kept, so that rules about several options judge what was given. What has the wrong
    type is left out.
    """
    values = _attrs(record, params, faults, "")
    _check_free(record, params, faults, "")
    try:
        made = record.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_context=False, include_url=False)
        for item in found:
            # Rules of the records raise ValueError; everything else is the library's: a value of another type.
            faults.add(_wrong(record, item), unusable=item["type"] != "value_error")
        made = _usable(record, values)
    _check_distinct(made, faults, "")
    return made


def _wrong(record: type[Record], item: t.Any) -> Problem:
    path, field = _dotted(item["loc"]), _field_at(record, item["loc"])
    # A text in place of a dictionary may be one that nobody has taken apart yet, with secrets in it.
    plain = field is not None and (field.kind in PLAIN_KINDS or isinstance(item["loc"][-1], int))
    shown = item["input"] if field and plain and not (field.option.secret or field.option.personal) else _NOTHING
    if item["type"] == "value_error":
        return Problem(path, item["msg"].removeprefix("Value error, "), shown)
    if item["type"] == "literal_error" and field:
        return Problem(path, one_of(item["input"], field.choices), shown)
    inside = field is not None and len(item["loc"]) > 1 and isinstance(item["loc"][-1], int)
    kind = ("dict" if field.nested else field.elements) if inside and field else field.kind if field else ""
    return Problem(path, TYPE_RULES.get(kind, item["msg"] + "."), shown)


PLAIN_KINDS = frozenset(("str", "int", "float", "bool"))
#: What holds for a value of each type.
TYPE_RULES = {
    "str": "must be text.",
    "int": "must be a whole number.",
    "float": "must be a number.",
    "bool": "must be true or false.",
    "list": "must be a list.",
    "records": "must be a list of dictionaries.",
    "record": "must be a dictionary.",
    "dict": "must be a dictionary.",
}


def one_of(value: t.Any, choices: t.Collection[t.Any]) -> str:
    """The rule of an option with choices."""
    meant = nearest(str(value), [str(choice) for choice in choices])
    return f"must be one of {', '.join(map(str, choices))}{f'; did you mean {meant}?' if meant else '.'}"


def _field_at(record: type[Record], loc: t.Sequence[int | str]) -> Field | None:
    """The field at a place in a record; of a place in a value without fields the field that holds it."""
    field = None
    for part in loc:
        if isinstance(part, str):
            inner = record if field is None else field.nested
            if inner is None:
                return field
            field = next((each for each in fields(inner).values() if part in (each.attr, each.name)), None)
            if field is None:
                return None
    return field


def _usable(record: type[Record], values: dict[str, t.Any]) -> t.Any:
    """A record of the values that have the right type; rules are not applied."""
    for _attempt in range(len(values) + 1):
        try:
            return record.model_validate(values, context={"answer": True})
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)
            for item in found:
                _prune(values, item["loc"])
    return record.model_construct()


def _prune(values: dict[str, t.Any], loc: t.Sequence[int | str]) -> None:
    """Take out the innermost named value that holds a place."""
    holder: t.Any = values
    last: tuple[dict[str, t.Any], str] | None = None
    for part in loc:
        if isinstance(holder, dict) and part in holder:
            last = (holder, str(part))
            holder = holder[part]
        elif isinstance(holder, list) and isinstance(part, int) and part < len(holder):
            holder = holder[part]
        else:
            break
    if last:
        last[0].pop(last[1], None)


def _attrs(record: type[Record], params: t.Mapping[str, t.Any], faults: Faults, path: str) -> dict[str, t.Any]:
    values = {}
    for name, field in fields(record).items():
        value, where = params.get(name), f"{path}.{name}" if path else name
        if field.nested and isinstance(value, dict):
            value = _inner(field, value, faults, where)
        elif field.nested and isinstance(value, list):
            value = [_inner(field, item, faults, f"{where}[{index}]") for index, item in enumerate(value)]
        if value is not None:
            values[field.attr] = value
    return values


def _inner(field: Field, value: t.Any, faults: Faults, path: str) -> t.Any:
    if not field.nested or not isinstance(value, dict):
        return value
    known = fields(field.nested)
    for name in value:
        if name not in known:
            faults.add(Problem(f"{path}.{name}", unknown(str(name), known)))
    return _attrs(field.nested, value, faults, path)


def _check_free(record: type[Record], params: t.Any, faults: Faults, path: str) -> None:
    """Truth values where a service wants text: YAML reads ``no`` and ``on`` as such."""
    if isinstance(params, list):
        for index, item in enumerate(params):
            _check_free(record, item, faults, f"{path}[{index}]")
    if not isinstance(params, dict):
        return
    for name, field in fields(record).items():
        where = f"{path}.{name}" if path else name
        if field.nested:
            _check_free(field.nested, params.get(name), faults, where)
        elif field.option.free:
            for problem in truths_for_text(params.get(name), field.option.free, where):
                faults.add(problem)


TRUTH_FOR_TEXT = "must be text; YAML reads words such as no, on and yes as truth values. Put the word in quotes."


def truths_for_text(value: t.Any, form: FreeForm, path: str, key: str = "") -> t.Iterator[Problem]:
    """A problem for each truth value in free-form data at a place where text is expected.

    :param value: any data. :param form: what is known of it. :param path: where ``value`` is.
    :param key: the name under which it is found.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in form.own:
                yield from truths_for_text(item, form, f"{path}.{name}", str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from truths_for_text(item, form, f"{path}[{index}]", key)
    elif isinstance(value, bool) and key in form.texts:
        yield Problem(path, TRUTH_FOR_TEXT, value)


def _check_distinct(made: t.Any, faults: Faults, path: str) -> None:
    record: type[Record] = type(made)
    for name, field in fields(record).items():
        value, where = getattr(made, field.attr, None), f"{path}.{name}" if path else name
        if isinstance(value, Record):
            _check_distinct(value, faults, where)
        if not isinstance(value, list):
            continue
        if field.option.distinct:
            faults.twice(where, map(field.option.distinct, value), "is the same as {other}; give it once.")
        for index, item in enumerate(value):
            if isinstance(item, Record):
                _check_distinct(item, faults, f"{where}[{index}]")


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
            value = without(value, field.option.drop) or None
        if field.nested and isinstance(value, dict):
            value = _in(field.nested, value)
        elif field.nested and isinstance(value, list):
            value = [_in(field.nested, item) for item in value]
        if value is not None:
            values[field.attr] = value
    return values


def unmapped(record: type[Record], raw: t.Any) -> list[str]:
    """The places of an answer that hold a value and for which the record has no field."""
    if not isinstance(raw, dict):
        return []
    tree: dict[str, t.Any] = {}
    for field in fields(record).values():
        *path, last = field.wire.split(".")
        room = tree
        for step in path:
            room = room.setdefault(step, {})
        room[last] = field
    return list(_unmapped(tree, record.received(raw), ""))


def _unmapped(tree: dict[str, t.Any], raw: dict[str, t.Any], path: str) -> t.Iterator[str]:
    for key, value in raw.items():
        known = tree.get(key, tree.get("*"))
        if value in (None, "", [], {}):
            continue
        if known is None:
            yield path + str(key)
        elif isinstance(known, dict) and isinstance(value, dict):
            yield from _unmapped(known, value, f"{path}{key}.")
        elif isinstance(known, Field) and known.nested:
            items = value if isinstance(value, list) else [value]
            for index, item in enumerate(items):
                place = f"{path}{key}[{index}]" if isinstance(value, list) else f"{path}{key}"
                yield from (f"{place}.{inner}" for inner in unmapped(known.nested, item))


def without(value: dict[str, t.Any], drop: t.Iterable[str]) -> dict[str, t.Any]:
    """A dict without ``None`` and without some dotted places."""
    value = {key: item for key, item in value.items() if item is not None}
    for head, *rest in (place.split(".", 1) for place in drop):
        if not rest:
            value.pop(head, None)
        elif isinstance(value.get(head), dict):
            value[head] = without(value[head], rest)
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
    if isinstance(wanted, dict) and isinstance(current, dict):
        # What a result shows in place of a secret, given back: the secret stays.
        wanted = restored(current, wanted, same_variant)
    if isinstance(wanted, dict) and wanted and isinstance(current, dict) and same_variant(current, wanted):
        merged = dict(current)
        for key, value in wanted.items():
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
        return value.shown({name: item for name, item in shown.items() if item is not None})
    if isinstance(value, list):
        return [show(item) for item in value]
    if isinstance(value, dict):
        return redacted(value)
    return value


def hidden_in(value: t.Any, path: str) -> str | None:
    """Where a mask is in the place of a secret, ``None`` if nowhere."""
    return next(iter(hidden_places(value, path)), None)


def hidden_places(value: t.Any, path: str = "") -> list[str]:
    """The dotted paths of all places where :data:`HIDDEN` replaces a secret, in a record or a free-form value."""
    if isinstance(value, Record):
        known = fields(type(value)).items()
        pairs = [(f"{path}.{name}" if path else name, getattr(value, field.attr)) for name, field in known]
    elif isinstance(value, list) and any(isinstance(item, Record) for item in value):
        pairs = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return [place for place, text in secrets_of(value, path) if is_mask(text) and HIDDEN in text]
    return [found for place, item in pairs for found in hidden_places(item, place)]
