# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records: an annotated class defines the options, the request body and the response of an object in one place.

A record uses annotations and plain defaults only, so that its Ansible argument spec can be created without pydantic.
``None`` means "not managed". ``Option`` contains what Python's types cannot express.
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

#: Minimum length of a secret in characters. A shorter one cannot be redacted without affecting other text.
SHORTEST_SECRET = 8
MASKED = "contains Ansible's no_log mask. It probably came from another task's output; provide the actual value."


def check_secret(value: str) -> None:
    """Check a secret.

    :param value: the text. :raises ValueError: if it is a mask, or too short to be redacted in other text.
    """
    if is_mask(value):
        raise ValueError(MASKED)
    if len(value.strip()) < SHORTEST_SECRET:
        raise ValueError(
            f"is too short; it must have at least {SHORTEST_SECRET} characters, so that it can be redacted in all "
            "output."
        )


#: Keys of an object that identify its variant of a union, at both services.
UNION_TAGS = ("provider", "type")


#: Maximum number of characters of an invalid value in a message.
MOST_SHOWN = 60
_NOTHING: t.Any = object()


class Problem(Exception):
    """An invalid option.

    :param path: the option's path. :param rule: what is required and how to correct it, in one sentence without values.
    :param value: the invalid value if it may be shown: neither a secret nor personal data of a third person.
    :param other: the path of a second option, which replaces ``{other}`` in the rule.
    """

    def __init__(self, path: str, rule: str, value: t.Any = _NOTHING, other: str = "") -> None:
        self.path, self.rule, self.value, self.other = path, rule, value, other
        super().__init__(self.sentence())

    def sentence(self, names: t.Callable[[str], str] = str) -> str:
        """The message. :param names: an option's path -> the name under which the user gave it. :return: the text."""
        rule = self.rule.replace("{other}", names(self.other)) if self.other else self.rule
        if not self.path:
            return printable_lines(rule)
        return printable(f"Option {names(self.path)}{_quoted(self.value)}: ") + printable_lines(rule)

    @property
    def each(self) -> tuple[Problem, ...]:
        """All problems that this one contains: itself, or those of :class:`Problems`."""
        return (self,)

    def under(self, prefix: str) -> Problem:
        """The same problem with a path that starts at the containing record.

        :param prefix: the path of the nested record. :return: the problem.
        """
        if not prefix:
            return self
        return Problem(_joined(prefix, self.path), self.rule, self.value, self.other and _joined(prefix, self.other))


def _joined(prefix: str, path: str) -> str:
    """The path of a nested option.

    :param prefix: the path of the containing option. :param path: the path inside it. :return: the whole path.
    """
    return f"{prefix}{'' if not path or path.startswith('[') else '.'}{path}"


class Problems(Problem):
    """Several problems, reported together; ``path`` and ``rule`` are those of the first."""

    def __init__(self, found: t.Sequence[Problem]) -> None:
        self._found = tuple(found)
        super().__init__(found[0].path, found[0].rule, found[0].value)

    @property
    def each(self) -> tuple[Problem, ...]:
        return self._found

    def sentence(self, names: t.Callable[[str], str] = str) -> str:
        return "\n- ".join(
            [f"{len(self._found)} options are invalid.", *(each.sentence(names) for each in self._found)]
        )

    def under(self, prefix: str) -> Problem:
        return Problems([each.under(prefix) for each in self._found])


class Faults:
    """Collects problems, so that all of them are reported at once."""

    def __init__(self, found: t.Iterable[Problem] = ()) -> None:
        self.found: list[Problem] = []
        #: Paths whose values could not be used at all: further problems with them are consequences and are dropped.
        self.unusable: list[str] = []
        for problem in found:
            self.add(problem)

    def add(self, problem: Problem, *, unusable: bool = False) -> None:
        """Add a problem, or all that it contains. Each path is reported once.

        :param problem: the problem. :param unusable: whether further problems above or below its path are consequences.
        """
        for one in problem.each:
            told = any(_same_place(one.path, other.path) for other in self.found if one.path and other.path)
            follows = any(_related(place, one.path) for place in self.unusable)
            if not told and not follows:
                self.found.append(one)
        if unusable:
            self.unusable += [one.path for one in problem.each]

    def of(self, path: str, work: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        """Call a function and collect its problem.

        :param path: the path of the option that the function checks. :param work: the function.
        :param arguments: its arguments. :return: its result; ``None`` if it raised :class:`Problem`.
        """
        try:
            return work(*arguments)
        except Problem as problem:
            self.add(problem.under(path))
            return None

    def each(self, path: str, items: t.Any, work: t.Callable[[t.Any], t.Any]) -> tuple[t.Any, ...]:
        """Call :meth:`of` for each item of a list option.

        :param path: the option's path. :param items: its value. :param work: the function. :return: the results.
        """
        return tuple([self.of(f"{path}[{index}]", work, item) for index, item in enumerate(items or ())])

    def twice(self, path: str, marks: t.Iterable[t.Any], rule: str) -> None:
        """Add a problem for each duplicate item of a list.

        :param path: the option's path. :param marks: the identity of each item; an empty one has no duplicates.
        :param rule: the rule; ``{other}`` is replaced by the path of the earlier item.
        """
        first: dict[t.Any, int] = {}
        for index, mark in enumerate(marks):
            if mark and first.setdefault(mark, index) != index:
                self.add(Problem(f"{path}[{index}]", rule, mark, f"{path}[{first[mark]}]"))

    def under(self, prefix: str) -> Faults:
        """The same problems with paths that start at the containing record.

        :param prefix: the path of the nested record. :return: the problems.
        """
        return Faults(problem.under(prefix) for problem in self.found)

    def end(self) -> None:
        """Raise the collected problems, if any.

        :raises Problem: the only problem, or :class:`Problems`.
        """
        if self.found:
            raise self.found[0] if len(self.found) == 1 else Problems(self.found)


@dataclasses.dataclass(frozen=True)
class Words:
    """Converts options and errors to text for messages.

    :param name_of: an option's path -> the name under which the user gave it.
    :param sentence: an error -> its message.
    """

    name_of: t.Callable[[str], str] = str
    sentence: t.Callable[[Exception], str] = str


def _alternatives(path: str) -> list[str]:
    return re.split(r" / | or ", path)


def _same_place(one: str, other: str) -> bool:
    return bool({*_alternatives(one)} & {*_alternatives(other)})


def _related(one: str, other: str) -> bool:
    """Whether two paths are equal or one contains the other."""
    return any(
        a == b or (b.startswith(a) and b[len(a)] in ".[") or (a.startswith(b) and a[len(b)] in ".[")
        for a in _alternatives(one)
        for b in _alternatives(other)
        if a and b
    )


def _quoted(value: t.Any) -> str:
    """An invalid value for a message: one line of limited length; empty for lists and dicts."""
    if value is _NOTHING or value is None or isinstance(value, (dict, list, tuple, set)):
        return ""
    if not isinstance(value, str):
        return f" ({str(value).lower() if isinstance(value, bool) else value})"
    text = value if len(value) <= MOST_SHOWN else value[:MOST_SHOWN] + "…"
    # Escaped if it contains terminal control characters.
    return f" ({json.dumps(text, ensure_ascii=not text.isprintable())})"


@dataclasses.dataclass(frozen=True)
class FreeForm:
    """Known properties of data whose form a service defines.

    :param texts: keys whose value is text or a list of texts, never a boolean.
    :param own: keys below which users choose the names, so that names do not determine types.
    """

    texts: frozenset[str]
    own: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Option:
    """Properties of a field besides its Python type.

    :param required: the option must be given.
    :param secret: write-only: ``no_log``, neither compared nor returned.
    :param wire: dotted path in the API's body; by default the name in camelCase. A trailing ``*`` merges the keys of a
        dict into the object at that path; ``""`` excludes the field from bodies.
    :param drop: dotted paths that a merged field does not read.
    :param ref: the resource (a ``Resource``) that this field refers to by its key or id.
    :param along: (of a secret) the field that it belongs to: both are sent, or neither.
    :param assigned: assigned by the service: identifies an existing object, cannot be chosen for a new one.
    :param open: the fields of this record are checked here and not declared to Ansible, which forbids some names
        (``message``) that the APIs use.
    :param length: minimum and maximum length of a string. :param between: minimum and maximum of a number.
    :param clean: normalizes a value before it is checked.
    :param check: raises ``ValueError`` with one sentence that does not contain the value.
    :param personal: may be personal data of a third person: messages do not contain the value.
    :param distinct: of a list: the identity of an item; items must be unique.
    :param free: of free-form data: the known properties of its keys.
    :param fallback: environment variables; the first that is set is used.
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
            # Responses are read leniently: the rules are for input.
            if value is None or (info.context or {}).get("answer"):
                return value
            value = self.clean(value) if self.clean else value
            self.validate(value)
            return value

        return core_schema.with_info_after_validator_function(rule, handler(source))

    def validate(self, value: t.Any) -> None:
        """Check a value.

        :param value: the value. :raises ValueError: with a sentence that does not contain the value.
        """
        if self.secret and value:
            check_secret(value)
        if self.length and not self.length[0] <= len(value) <= self.length[1]:
            low, high = self.length
            raise ValueError(f"must have {low} to {high} characters, but has {len(value)}.")
        if self.between and not self.between[0] <= value <= self.between[1]:
            raise ValueError(f"must be {self.between[0]} to {self.between[1]}.")
        if self.check:
            self.check(value)


class Record(BaseModel):
    """Base of all records. Values are plain Python data; unknown keys of responses are ignored."""

    model_config = {"extra": "ignore", "hide_input_in_errors": True, "coerce_numbers_to_str": True}

    #: An object of this kind is replaced as given, like a list: its fields have the API's defaults, not ``None``.
    whole: t.ClassVar[bool] = False

    @staticmethod
    def sent(body: dict[str, t.Any]) -> dict[str, t.Any]:
        """Adapt the request body of this record (nested records only), where fields are not sufficient.

        :param body: the body made from the fields. :return: the body to send.
        """
        return body

    @staticmethod
    def shown(options: dict[str, t.Any]) -> dict[str, t.Any]:
        """Adapt the return value of this record, for defaults that do not apply to all variants.

        :param options: the return value made from the fields. :return: the value to return.
        """
        return options

    @staticmethod
    def received(raw: dict[str, t.Any]) -> dict[str, t.Any]:
        """Adapt a response before it is read, where fields are not sufficient.

        :param raw: the response. :return: the object to read.
        """
        return raw


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a record with its parsed type. ``attr`` is its name in Python, which differs for reserved words."""

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
    """The fields of a record.

    :param record: the record. :return: the fields by name, in the order of declaration.
    """
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

    :param record: the record.
    :param inherit: whether the options are defaults for list items: none is required, none has a default.
    :return: the argument spec.
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
    """Create a record from options.

    :param record: the record's class. :param params: the options. :return: the record.
    :raises Problem: for an invalid option; :class:`Problems` for several.
    """
    faults = Faults()
    made = faults_of(record, params, faults)
    # Raised outside any handler: the library's error must not become the cause.
    faults.end()
    return made


def faults_of(record: type[Record], params: t.Mapping[str, t.Any], faults: Faults) -> t.Any:
    """Create a record from options, without those that cannot be used.

    An invalid value is kept, so that validators of several options check the given values. A value of the wrong type
    is left out.

    :param record: the record's class. :param params: the options. :param faults: collects the errors.
    :return: the record.
    """
    values = _attrs(record, params, faults, "")
    _check_free(record, params, faults, "")
    try:
        made = record.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_context=False, include_url=False)
        for item in found:
            # Checks of records raise ValueError; all other errors are the library's: a value of another type.
            faults.add(_wrong(record, item), unusable=item["type"] != "value_error")
        made = _usable(record, values)
    _check_distinct(made, faults, "")
    return made


def _wrong(record: type[Record], item: t.Any) -> Problem:
    path, field = _dotted(item["loc"]), _field_at(record, item["loc"])
    # A text instead of a dictionary may be unparsed data with secrets.
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
#: The rule for a value of each type.
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
    """The rule of an option with choices.

    :param choices: the allowed values. :param value: the given one. :return: the rule, with a similar choice if any.
    """
    meant = nearest(str(value), [str(choice) for choice in choices])
    return f"must be one of {', '.join(map(str, choices))}{f'; did you mean {meant}?' if meant else '.'}"


def _field_at(record: type[Record], loc: t.Sequence[int | str]) -> Field | None:
    """The field at a path in a record; for a path inside free-form data the field that contains it."""
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
    """A record of the values that have the correct type, without applying checks."""
    for _attempt in range(len(values) + 1):
        try:
            return record.model_validate(values, context={"answer": True})
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)
            for item in found:
                _prune(values, item["loc"])
    return record.model_construct()


def _prune(values: dict[str, t.Any], loc: t.Sequence[int | str]) -> None:
    """Remove the innermost named value that contains a path."""
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
    """Find booleans where a service requires text: YAML reads ``no`` and ``on`` as booleans."""
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


TRUTH_FOR_TEXT = "must be text; YAML reads words such as no, on and yes as booleans. Put the word in quotes."


def truths_for_text(value: t.Any, form: FreeForm, path: str, key: str = "") -> t.Iterator[Problem]:
    """A problem for each boolean in free-form data where text is expected.

    :param value: any data. :param form: its known properties. :param path: the path of ``value``.
    :param key: its key. :return: the problems.
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
    """Convert a record to a request body: a field that is ``None`` is absent, an empty one is ``None``.

    :param record: the record. :return: the body.
    """
    body: dict[str, t.Any] = {}
    # Merged fields come first; named fields overwrite their keys.
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
            continue  # in an object that is replaced as a whole, absent means empty
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
    """Create a record from a response. An invalid field is ``None``; no response causes an exception.

    :param record: the record's class. :param raw: the response. :return: the record.
    """
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
        # A secret is write-only, even if a service returns it.
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
    """The paths of a response with a value for which the record has no field.

    :param record: the record's class. :param raw: the response. :return: dotted paths.
    """
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
    """A dict without ``None`` and without some dotted paths."""
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
    """The value at a dotted path.

    :param raw: the object. :param wire: the path. :return: the value; ``None`` if there is none.
    """
    for step in path:
        if step == "*":
            return raw
        if not isinstance(raw, dict):
            return None
        raw = raw.get(step)
    return raw


# ---------------------------------------------------------------------------------------------------- comparing


def overlay(current: t.Any, wanted: t.Any) -> t.Any:
    """Merge the desired values into the current ones.

    Objects are merged, unless they are different variants of a union (:func:`same_variant`); lists are replaced.

    :param current: the current values. :param wanted: the desired values; ``None`` is not managed.
    :return: the resulting values.
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
        # The redaction marker of a result was given: the current secret is kept.
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
    """Whether two objects may be the same variant of a union, according to their tags.

    Variants have different fields, and a service rejects those of another variant, so different ones are not merged.

    :param one: an object. :param other: another one.
    :return: false if both have a text for one of :data:`UNION_TAGS` and the texts differ.
    """
    tags = [(one.get(tag), other.get(tag)) for tag in UNION_TAGS]
    return all(mine == theirs for mine, theirs in tags if isinstance(mine, str) and isinstance(theirs, str))


def replaced_variants(current: t.Any, wanted: t.Any, path: str = "") -> list[str]:
    """The objects that :func:`overlay` replaces by another variant.

    :param current: the current values. :param wanted: the desired values. :param path: their path.
    :return: a sentence for each, with the fields that are removed.
    """
    if isinstance(wanted, Record):
        known = [] if wanted.whole or current is None else fields(type(wanted)).values()
        pairs = [(field.name, getattr(current, field.attr), getattr(wanted, field.attr)) for field in known]
    elif isinstance(wanted, dict) and isinstance(current, dict):
        if not same_variant(current, wanted):
            gone = sorted(_places(current) - _places(wanted))
            tag = next(tag for tag in UNION_TAGS if not same_variant({tag: current.get(tag)}, {tag: wanted.get(tag)}))
            change = f"{path}.{tag} changes from {current[tag]} to {wanted[tag]}, so the whole object is replaced"
            return [f"{change}, which removes {', '.join(gone)}."] if gone else []
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
    """The part of a value that another one manages.

    :param value: the value. :param like: the other one. :return: the part; the whole value if ``like`` replaces it.
    """
    if isinstance(like, dict) and like and isinstance(value, dict) and same_variant(value, like):
        return {key: restrict(value[key], item) for key, item in like.items() if value.get(key) is not None}
    return value


def show(value: t.Any) -> t.Any:
    """Convert a record to options for output, without secrets and ``None``.

    :param record: the record. :return: the options.
    """
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
    """The first path at which a mask replaces a secret.

    :param record: the record. :return: the path; ``None`` if there is none.
    """
    return next(iter(hidden_places(value, path)), None)


def hidden_places(value: t.Any, path: str = "") -> list[str]:
    """The paths at which :data:`HIDDEN` replaces a secret.

    :param record: a record or a free-form value. :param path: its path. :return: dotted paths.
    """
    if isinstance(value, Record):
        known = fields(type(value)).items()
        pairs = [(f"{path}.{name}" if path else name, getattr(value, field.attr)) for name, field in known]
    elif isinstance(value, list) and any(isinstance(item, Record) for item in value):
        pairs = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return [place for place, text in secrets_of(value, path) if is_mask(text) and HIDDEN in text]
    return [found for place, item in pairs for found in hidden_places(item, place)]
