# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a task as a model: parsing, and every fault of them at once."""

from __future__ import annotations

import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import (
    RESERVED,
    Params,
    reserved_keys,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import ValidationError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import UNSET, Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import (
    Field,
    Model,
    fields,
    names_spec,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import no_texts, undocumented
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    nearest,
    printable,
    unknown,
)

if t.TYPE_CHECKING:
    from pydantic_core import ErrorDetails

RecordT = t.TypeVar("RecordT", bound=Model)


def from_options(record: type[RecordT], params: Params) -> RecordT:
    """Create a record from options.

    :param record: the record's class. :param params: the options. :return: the record.
    :raises OptionError: for an invalid option; :class:`Problems` for several.
    """
    faults = Faults()
    made = faults_of(record, params, faults)
    # Raised outside any handler: the library's error must not become the cause.
    faults.end()
    return made


def faults_of(record: type[RecordT], params: Params, faults: Faults) -> RecordT:
    """Create a record from options, without those that cannot be used.

    An invalid value is kept, so that validators of several options check the given values. A value of the wrong type
    is left out.

    :param record: the record's class. :param params: the options. :param faults: collects the errors.
    :return: the record.
    """
    values = _attrs(record, params, faults, "")
    _check_free(record, params, faults)
    try:
        made = record.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_context=False, include_url=False)
        for item in found:
            # Checks of records raise ValueError; all other errors are the library's: a value of another type.
            faults.add(_wrong(record, item), unusable=item["type"] != "value_error")
        made = _usable(record, values)
    _check_lists(made, faults, "")
    return made


def _wrong(record: type[Model], item: ErrorDetails) -> OptionError:
    path, field = _dotted(item["loc"]), _field_at(record, item["loc"])
    # A text instead of a dictionary may be unparsed data with secrets.
    plain = field is not None and (field.kind in PLAIN_KINDS or isinstance(item["loc"][-1], int))
    finish_display = item["input"] if field and plain and not (field.option.secret or field.option.personal) else UNSET
    if item["type"] == "value_error":
        return OptionError(path, item["msg"].removeprefix("Value error, "), finish_display)
    if item["type"] == "literal_error" and field:
        return OptionError(path, one_of(item["input"], field.choices), finish_display)
    inside = field is not None and len(item["loc"]) > 1 and isinstance(item["loc"][-1], int)
    kind = ("dict" if field.nested else field.elements) if inside and field else field.kind if field else ""
    return OptionError(path, TYPE_RULES.get(kind, item["msg"] + "."), finish_display)


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


def one_of(value: object, choices: t.Iterable[object]) -> str:
    """The rule of an option with choices.

    :param choices: the allowed values. :param value: the given one. :return: the rule, with a similar choice if any.
    """
    meant = nearest(str(value), [str(choice) for choice in choices])
    return f"must be one of {', '.join(map(str, choices))}{f'; did you mean {meant}?' if meant else '.'}"


def _field_at(record: type[Model], loc: t.Sequence[int | str]) -> Field | None:
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


def _usable(record: type[RecordT], values: dict[str, object]) -> RecordT:
    """A record of the values that have the correct type, without applying checks."""
    for _attempt in range(len(values) + 1):
        try:
            return record.model_validate(values, context={"answer": True})
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)
            for item in found:
                _prune(values, item["loc"])
    return record.model_construct()


def _prune(values: dict[str, object], loc: t.Sequence[int | str]) -> None:
    """Remove the innermost named value that contains a path."""
    inner: object = values
    last: tuple[dict[str, object], str] | None = None
    for part in loc:
        if isinstance(inner, dict) and part in inner:
            last = (inner, str(part))
            inner = inner[part]
        elif isinstance(inner, list) and isinstance(part, int) and part < len(inner):
            inner = inner[part]
        else:
            break
    if last:
        last[0].pop(last[1], None)


def _attrs(record: type[Model], params: Params, faults: Faults, path: str) -> dict[str, object]:
    values = {}
    for name, field in fields(record).items():
        value, where = params.get(name), f"{path}.{name}" if path else name
        if field.nested and isinstance(value, dict):
            value = _inner(field, value, faults, where)
        elif field.nested and isinstance(value, list):
            value = [_inner(field, item, faults, f"{where}[{index}]") for index, item in enumerate(value)]
        if field.kind == "list" and field.elements == "str" and isinstance(value, list):
            value = [item for at, item in enumerate(value) if _is_exact(item, faults, f"{where}[{at}]")]
        if field.kind == "str" and not _is_exact(value, faults, where):
            continue
        if value is not None:
            values[field.attr] = value
    return values


def _is_exact(value: object, faults: Faults, path: str) -> bool:
    """Whether a value for text can have all the characters that were written."""
    if isinstance(value, float):
        # Without the value, which may be a person's number.
        faults.add(OptionError(path, FLOAT_FOR_TEXT), unusable=True)
    return not isinstance(value, float)


def _inner(field: Field, value: object, faults: Faults, path: str) -> object:
    if not field.nested or not isinstance(value, dict):
        return value
    known = fields(field.nested)
    for name in value:
        if name not in known and name not in names_spec(field.nested):
            faults.add(OptionError(f"{path}.{name}", unknown(str(name), known)))
    return _attrs(field.nested, value, faults, path)


def _check_free(record: type[Model], params: object, faults: Faults) -> None:
    """Find keys that Ansible interprets, and values of free-form options that are not text where text is required."""
    own = {name: params.get(name) for name in fields(record)} if isinstance(params, dict) else {}
    for place in reserved_keys(own):
        faults.add(OptionError(place, RESERVED_KEY))
    for field, value, where in free_values(record, params):
        for path, wrong in no_texts(field.option.free, value, where):
            faults.add(OptionError(path, TRUTH_FOR_TEXT if isinstance(wrong, bool) else NUMERAL_FOR_TEXT, wrong))


RESERVED_KEY = f"is a key that Ansible interprets as one of its types; use a name that does not begin with {RESERVED}."

TRUTH_FOR_TEXT = "must be text; YAML reads words such as no, on and yes as booleans. Put the word in quotes."
FLOAT_FOR_TEXT = (
    "must be text; YAML has read it as a number with decimals or an exponent, so digits may be lost. Put it in quotes."
)
NUMERAL_FOR_TEXT = "must be text; YAML has read it as a number. Put it in quotes."


def free_values(record: type[Model], params: object, path: str = "") -> t.Iterator[tuple[Field, object, str]]:
    """The free-form options with a published form.

    :param record: the record of the options. :param params: the options. :param path: their path.
    :return: the field, its value and its path, at any depth.
    """
    if isinstance(params, list):
        for index, item in enumerate(params):
            yield from free_values(record, item, f"{path}[{index}]")
    if not isinstance(params, dict):
        return
    for name, field in fields(record).items():
        where, value = f"{path}.{name}" if path else name, params.get(name)
        if field.nested:
            yield from free_values(field.nested, value, where)
        elif field.option.free and value is not None:
            yield field, value, where


def undocumented_keys(record: type[Model], params: Params, title: str, service: str) -> str | None:
    """A warning for keys that are not in a service's published description; the request is sent anyway.

    :param record: the record of the options. :param params: the options. :param title: the object.
    :param service: the name of the service. :return: the warning, if any.
    """
    found: list[str] = []
    for field, value, where in free_values(record, params):
        known = [f"{where}.{key}" for key in field.option.exclude]
        found += [key for key in undocumented(field.option.free, value, where) if key.split(" (")[0] not in known]
    if not found:
        return None
    return (
        f"{title}: {service}'s published description has no {', '.join(map(printable, found))}. {service} rejects "
        "what it does not know."
    )


def _check_lists(made: Model, faults: Faults, path: str) -> None:
    """Check the items of lists, and whether an item is given twice."""
    for name, field in fields(type(made)).items():
        value, where = getattr(made, field.attr, None), f"{path}.{name}" if path else name
        if isinstance(value, Model):
            _check_lists(value, faults, where)
        if not isinstance(value, list):
            continue
        if field.option.distinct:
            faults.reject_duplicates(where, map(field.option.distinct, value), "is the same as {other}; give it once.")
        for index, item in enumerate(value):
            if isinstance(item, Model):
                _check_lists(item, faults, f"{where}[{index}]")
            elif field.option.item:
                check_value(field, item, faults, f"{where}[{index}]", field.option.item)


def check_value(
    field: Field, value: object, faults: Faults, path: str, check: t.Callable[[t.Any], None] | None = None
) -> None:
    """Apply a field's check to a value that is no field of a record.

    :param field: the field. :param value: the value. :param faults: collects the error. :param path: the option's path.
    :param check: the check, by default that of the field.
    """
    check = check or field.option.check
    try:
        if check:
            check(value)
    except ValueError as error:
        faults.add(OptionError(path, str(error), UNSET if field.option.personal or field.option.secret else value))


def _dotted(loc: t.Iterable[int | str]) -> str:
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += ("." if path else "") + part.rstrip("_")
    return path
