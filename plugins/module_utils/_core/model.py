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
import types
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import BaseModel
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.masks import is_mask, is_template
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import FreeForm

if t.TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import core_schema

    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Resource

#: Minimum length of a secret in characters. A shorter one cannot be redacted without affecting other text.
SHORTEST_SECRET = 8

TEMPLATE_VALUES = "is a template that was not rendered; provide the actual value."

MASK_VALUES = "contains Ansible's no_log mask. It probably came from another task's output; provide the actual value."


def check_secret(value: str) -> None:
    """Check a secret.

    :param value: the text. :raises ValueError: if it is a mask, a template, or too short to be redacted in other text.
    """
    if is_mask(value):
        raise ValueError(MASK_VALUES)
    if is_template(value):
        raise ValueError(TEMPLATE_VALUES)
    if len(value.strip()) < SHORTEST_SECRET:
        raise ValueError(
            f"is too short; it must have at least {SHORTEST_SECRET} characters, so that it can be redacted in all "
            "output."
        )


#: Maximum number of characters of an invalid value in a message.
MAX_DISPLAYED = 60


@dataclasses.dataclass(frozen=True)
class Option:
    """Properties of a field besides its Python type.

    :param required: the option must be given.
    :param secret: write-only: ``no_log``, neither compared nor returned.
    :param api_name: dotted path in the API's body; by default the name in camelCase. A trailing ``*`` merges the keys
        of a
        dict into the object at that path; ``""`` excludes the field from bodies.
    :param exclude: dotted paths that a merged field does not read.
    :param ref: the resource (a ``Resource``) that this field refers to by its key or id.
    :param paired_with: (of a secret) the field that it belongs to: both are sent, or neither.
    :param server_assigned: assigned by the service: identifies an existing object, cannot be chosen for a new one.
    :param opaque_to_ansible: the fields of this record are checked here and not declared to Ansible, which forbids some
        names
        (``message``) that the APIs use.
    :param length: minimum and maximum length of a string. :param range: minimum and maximum of a number.
    :param normalize: normalizes a value before it is checked.
    :param check: raises ``ValueError`` with one sentence that does not contain the value.
    :param personal: may be personal data of a third person: messages do not contain the value.
    :param item: of a list: raises ``ValueError`` for an item, like ``check``.
    :param distinct: of a list: the identity of an item; items must be unique.
    :param free: of free-form data: its published form.
    :param fallback: environment variables; the first that is set is used.
    :param aliases: other names of the option.
    """

    required: bool = False
    secret: bool = False
    api_name: str | None = None
    exclude: tuple[str, ...] = ()
    ref: Resource | None = None
    paired_with: str = ""
    server_assigned: bool = False
    opaque_to_ansible: bool = False
    length: tuple[int, int] | None = None
    range: tuple[int, int] | None = None
    normalize: t.Callable[[t.Any], object] | None = None
    check: t.Callable[[t.Any], None] | None = None
    personal: bool = False
    item: t.Callable[[t.Any], None] | None = None
    distinct: t.Callable[[t.Any], t.Hashable] | None = None
    free: FreeForm | None = None
    fallback: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(
        self, source: object, handler: t.Callable[[object], core_schema.CoreSchema]
    ) -> core_schema.CoreSchema:
        from pydantic_core import core_schema

        def rule(value: object, info: core_schema.ValidationInfo[t.Any]) -> object:
            # Responses are read leniently: the rules are for input.
            if value is None or (info.context or {}).get("answer"):
                return value
            value = self.normalize(value) if self.normalize else value
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
        if self.range and not self.range[0] <= value <= self.range[1]:
            raise ValueError(f"must be {self.range[0]} to {self.range[1]}.")
        if self.check:
            self.check(value)


class Model(BaseModel):
    """Base of all records. Values are plain Python data; unknown keys of responses are ignored."""

    model_config = {"extra": "ignore", "hide_input_in_errors": True, "coerce_numbers_to_str": True}

    #: An object of this kind is replaced as given, like a list: its fields have the API's defaults, not ``None``.
    replaced_whole: t.ClassVar[bool] = False

    @staticmethod
    def sent(body: ApiObject) -> ApiObject:
        """Adapt the request body of this record (nested records only), where fields are not sufficient.

        :param body: the body made from the fields. :return: the body to send.
        """
        return body

    @staticmethod
    def finish_display(options: Result) -> Result:
        """Adapt the return value of this record, for defaults that do not apply to all variants.

        :param options: the return value made from the fields. :return: the value to return.
        """
        return options

    @staticmethod
    def received(raw: ApiObject) -> ApiObject:
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
    default: object
    option: Option
    choices: tuple[str, ...] = ()
    nested: type[Model] | None = None
    elements: str = "str"

    @property
    def api_name(self) -> str:
        """The dotted path of the field in the API's body."""
        return camel(self.name) if self.option.api_name is None else self.option.api_name


@functools.cache
def camel(name: str) -> str:
    """``outbound_leading_plus_enabled`` -> ``outboundLeadingPlusEnabled``.

    :param name: the name in snake_case. :return: the name in camelCase.
    """
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def names_fact(field: Field) -> str:
    """The return key for the names of referenced objects: ``owner_name`` of ``owner``, ``tool_names`` of ``tools``.

    :param field: the field with the reference. :return: the key.
    """
    return f"{field.name.removesuffix('s')}_names" if field.kind == "list" else f"{field.name}_name"


def names_spec(record: type[Model]) -> Spec:
    """The names that a result contains next to the ids of a nested record.

    :param record: the record. :return: their argument spec; they are accepted, so that a result can be passed back,
        and ignored.
    """
    referring = [field for field in fields(record).values() if field.option.ref and field.option.ref.path]
    return {
        names_fact(field): {"type": "list", "elements": "str"} if field.kind == "list" else {"type": "str"}
        for field in referring
    }


def fields(record: type[Model]) -> dict[str, Field]:
    """The fields of a record.

    :param record: the record. :return: the fields by name, in the order of declaration.
    """
    return _cached_fields(record)


@functools.cache
def _cached_fields(record: type[Model]) -> dict[str, Field]:
    hints = t.get_type_hints(record, include_extras=True)
    skip = {"model_config"}
    found = [
        _field(attr, hint, getattr(record, "__pydantic_fields__", None), record)
        for attr, hint in hints.items()
        if attr not in skip and not attr.startswith("_") and t.get_origin(hint) is not t.ClassVar
    ]
    return {field.name: field for field in found}


def _field(attr: str, hint: object, known: t.Mapping[str, FieldInfo] | None, record: type[Model]) -> Field:
    name = attr.rstrip("_")
    option = Option()
    if t.get_origin(hint) is t.Annotated:
        hint, *extras = t.get_args(hint)
        option = next((extra for extra in extras if isinstance(extra, Option)), option)
    default = known[attr].default if known else getattr(record, attr, None)
    hint = _without_optional(hint)
    origin = t.get_origin(hint)
    if origin is t.Literal:
        return Field(name, attr, "str", default, option, choices=t.get_args(hint))
    if origin is list:
        item = t.get_args(hint)[0]
        if isinstance(item, type) and issubclass(item, Model):
            return Field(name, attr, "records", default, option, nested=item)
        return Field(name, attr, "list", default, option, elements=_plain(item))
    if isinstance(hint, type) and issubclass(hint, Model):
        return Field(name, attr, "record", default, option, nested=hint)
    return Field(name, attr, _plain(hint), default, option)


def _without_optional(hint: object) -> object:
    """The type without ``None``."""
    if t.get_origin(hint) in (t.Union, types.UnionType):
        return next(arg for arg in t.get_args(hint) if arg is not types.NoneType)
    return hint


def _plain(hint: object) -> str:
    kinds: dict[object, str] = {str: "str", int: "int", float: "float", bool: "bool", dict: "dict", t.Any: "raw"}
    return kinds[t.get_origin(hint) or hint]


class OptionSpec(t.TypedDict, total=False):
    """One option in Ansible's argument spec."""

    type: str
    elements: str
    options: dict[str, OptionSpec]
    choices: list[str]
    required: bool
    default: object
    no_log: bool
    aliases: list[str]
    fallback: tuple[object, list[str]]


#: The argument spec of a module, or of the items of an option.
Spec = dict[str, OptionSpec]


def argument_spec(record: type[Model], *, inherit: bool = False) -> Spec:
    """Ansible's argument spec of a record.

    :param record: the record.
    :param inherit: whether the options are defaults for list items: none is required, none has a default.
    :return: the argument spec.
    """
    return {name: _spec(field, inherit) for name, field in fields(record).items()}


def _spec(field: Field, inherit: bool) -> OptionSpec:
    spec: OptionSpec = {"type": {"record": "dict", "records": "list"}.get(field.kind, field.kind)}
    if field.kind == "list":
        spec["elements"] = field.elements
    if field.kind == "records":
        spec["elements"] = "dict"
    if field.nested and not field.option.opaque_to_ansible:
        spec["options"] = {**names_spec(field.nested), **argument_spec(field.nested)}
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
