# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published form of free-form options: known keys, variants of unions, and types. Pure.

A description is a text with a paragraph for each object: ``Name: key=type; key=type``. A type is ``text``, ``numeric``,
``boolean``, ``any``, ``object`` for an object with any keys, the name of an object, ``[type]`` for a list or ``<type>``
for an object with other keys; ``|`` separates alternatives. ``text(a,b)`` are the values of a key that identifies a
variant of a union.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import nearest

_TOKEN = re.compile(r"text\([^)]*\)|[][<>|]|[^][<>|\s]+")


SCALARS = ("text", "numeric", "boolean", "any", "object")


@dataclasses.dataclass(frozen=True)
class Shape:
    """The alternatives of a value.

    :param scalars: those of :data:`SCALARS`. :param objects: the names of objects.
    :param items: the items of a list. :param values: the values of an object with other keys.
    :param tags: the texts of a key that identifies a variant.
    """

    scalars: frozenset[str] = frozenset()
    objects: tuple[str, ...] = ()
    items: Shape | None = None
    values: Shape | None = None
    tags: frozenset[str] = frozenset()

    def joined(self, other: Shape | None) -> Shape:
        """This shape or another one as alternatives."""
        if other is None:
            return self
        return Shape(
            self.scalars | other.scalars,
            tuple(dict.fromkeys(self.objects + other.objects)),
            self.items.joined(other.items) if self.items else other.items,
            self.values.joined(other.values) if self.values else other.values,
            self.tags | other.tags,
        )


class Description:
    """A parsed description; objects are parsed when they are used.

    :param text: the description. :param open_objects: objects with further keys than the described ones.
    :param schemas: objects that are JSON schemas.
    """

    def __init__(self, text: str, open_objects: t.Iterable[str] = (), schemas: t.Iterable[str] = ()) -> None:
        found = (part.split(":", 1) for part in re.split(r"\n(?=\S)", text.strip()))
        self._texts = {name.strip(): body for name, body in found}
        self._parsed: dict[str, dict[str, Shape]] = {}
        self.open_objects = frozenset(open_objects)
        self.schemas = frozenset(schemas)

    def keys(self, name: str) -> dict[str, Shape]:
        """The known keys of an object.

        :param name: its name. :return: the shape of each key.
        """
        if name not in self._parsed:
            pairs = (entry.strip().split("=", 1) for entry in self._texts[name].split(";") if entry.strip())
            self._parsed[name] = {key: parse(value) for key, value in pairs}
        return self._parsed[name]

    def names(self) -> list[str]:
        """The names of all objects."""
        return list(self._texts)


def parse(text: str) -> Shape:
    """Parse a type.

    :param text: such as ``text | [Message]``. :return: the shape.
    """
    tokens = _TOKEN.findall(text)
    shape = _parsed(tokens)
    if tokens:
        raise ValueError(f"unexpected {tokens[0]} in the type {text}")
    return shape


def _parsed(tokens: list[str]) -> Shape:
    shape = _one(tokens)
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        shape = shape.joined(_one(tokens))
    return shape


def _one(tokens: list[str]) -> Shape:
    word = tokens.pop(0)
    if word in ("[", "<"):
        inner = _parsed(tokens)
        tokens.pop(0)
        return Shape(items=inner) if word[0] == "[" else Shape(values=inner)
    if word.startswith("text("):
        return Shape(frozenset(["text"]), tags=frozenset(word[5:-1].split(",")))
    return Shape(frozenset([word])) if word in SCALARS else Shape(objects=(word,))


@dataclasses.dataclass(frozen=True)
class FreeForm:
    """The published form of a free-form option, or of a part of it.

    :param description: the objects. :param shape: the form of the value.
    """

    description: Description
    shape: Shape

    def __deepcopy__(self, _memo: object) -> FreeForm:
        return self

    def tags(self) -> tuple[str, ...]:
        """The keys that identify a variant: those with other values in other variants."""
        keys = [self.description.keys(name) for name in self.shape.objects]
        return tuple(dict.fromkeys(name for each in keys for name, shape in each.items() if shape.tags))

    def variants(self, value: t.Mapping[str, object]) -> tuple[str, ...]:
        """The objects that a value can be, according to its tags; none if a tag has an unknown value."""

        def fits(name: str) -> bool:
            given = [(value.get(tag), self.description.keys(name).get(tag, Shape()).tags) for tag in tags]
            return all(text in known for text, known in given if isinstance(text, str) and known)

        tags = self.tags()
        return tuple(name for name in self.shape.objects if fits(name))

    def key(self, name: str, value: t.Mapping[str, object]) -> FreeForm | None:
        """The form of the value of a key.

        :param name: the key. :param value: the object that contains it. :return: the form; ``None`` if it is unknown.
        """
        found = self.shape.values
        for variant in self.variants(value):
            shape = self.description.keys(variant).get(name)
            found = shape.joined(found) if shape else found
        return FreeForm(self.description, found) if found else None

    def item(self) -> FreeForm | None:
        """The form of the items of a list."""
        return FreeForm(self.description, self.shape.items) if self.shape.items else None

    def kinds(self) -> frozenset[str]:
        """The types that are valid: those of :data:`SCALARS`, and ``list``."""
        shape = self.shape
        found = shape.scalars | ({"object"} if shape.objects or shape.values else set())
        # An object without described keys may stand for any type.
        loose = not shape.scalars.isdisjoint(("any", "object"))
        return frozenset((*SCALARS, "list")) if loose else found | ({"list"} if shape.items else set())

    @property
    def is_schema(self) -> bool:
        """Whether the value is a JSON schema."""
        return bool(self.shape.objects) and self.description.schemas.issuperset(self.shape.objects)

    @property
    def is_text(self) -> bool:
        """Whether only text is valid in place of a scalar value."""
        return self.shape.scalars - {"object"} == {"text"}


def same_variant(one: t.Mapping[str, object], other: t.Mapping[str, object], form: FreeForm | None) -> bool:
    """Whether two objects may be the same variant of a union, according to its tags.

    Variants have different fields, and a service rejects those of another variant, so different ones are not merged.

    :param one: an object. :param other: another one. :param form: their published form, if there is one.
    :return: false if both have a text for a tag and the texts differ.
    """
    return differing_tag(one, other, form) is None


def differing_tag(one: t.Mapping[str, object], other: t.Mapping[str, object], form: FreeForm | None) -> str | None:
    """The tag by which two objects are different variants of a union.

    :param one: an object. :param other: another one. :param form: their published form, if there is one.
    :return: the key; ``None`` if they may be the same variant.
    """
    for tag in form.tags() if form else ():
        mine, theirs = one.get(tag), other.get(tag)
        if isinstance(mine, str) and isinstance(theirs, str) and mine != theirs:
            return tag
    return None


def inner(form: FreeForm | None, name: str, *values: t.Mapping[str, object]) -> FreeForm | None:
    """The form of a key's value in objects of the same variant.

    :param form: the form of the objects. :param name: the key. :param values: the objects; together they have all tags.
    :return: the form; ``None`` if it is unknown.
    """
    return form.key(name, {key: item for value in values for key, item in value.items()}) if form else None


def undocumented(form: FreeForm | None, value: object, path: str) -> t.Iterator[str]:
    """Find keys, variants and types that the description does not contain.

    Keys with the value ``None`` are ignored: they remove a field, or come from a response.

    :param form: the form of the value. :param value: any data. :param path: its path.
    :return: the path of each, with the most similar known key or variant.
    """
    if form is None or form.is_schema or value is None:
        return
    kind = _kind_of(value)
    if kind not in form.kinds() and not (isinstance(value, (bool, int, float)) and form.is_text):
        yield f"{path} as {TITLES[kind]}"
        return
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield from undocumented(form.item(), item, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    variants = form.variants(value)
    if not variants:
        yield from _unknown_variant(form, value, path)
    known = {key for name in variants for key in form.description.keys(name)}
    is_open = not variants or form.shape.values or not form.shape.scalars.isdisjoint(("any", "object"))
    is_open = is_open or not form.description.open_objects.isdisjoint(variants)
    for key, item in value.items():
        if item is None:
            continue
        if key not in known and not is_open:
            yield f"{path}.{key}{_meant(str(key), known)}"
        yield from undocumented(form.key(str(key), value), item, f"{path}.{key}")


def _unknown_variant(form: FreeForm, value: t.Mapping[str, object], path: str) -> t.Iterator[str]:
    for tag in form.tags():
        given = value.get(tag)
        known = {text for name in form.shape.objects for text in form.description.keys(name).get(tag, Shape()).tags}
        if isinstance(given, str) and known and given not in known:
            yield f"{path}.{tag}: {given}{_meant(given, known)}"


def _meant(name: str, known: t.Iterable[str]) -> str:
    meant = nearest(name, known)
    return f" (did you mean {meant}?)" if meant else ""


#: The types of data in messages.
TITLES = {
    "object": "a dictionary",
    "list": "a list",
    "text": "text",
    "numeric": "a number",
    "boolean": "a boolean",
    "any": "a value of this type",
}


def _kind_of(value: object) -> str:
    kinds: tuple[tuple[type, str], ...] = ((bool, "boolean"), (str, "text"), (int, "numeric"), (float, "numeric"))
    kinds += ((dict, "object"), (list, "list"))
    return next((kind for given, kind in kinds if isinstance(value, given)), "any")


def no_texts(form: FreeForm | None, value: object, path: str) -> t.Iterator[tuple[str, bool | int | float]]:
    """Find booleans and numbers where only text is valid.

    :param form: the form of the value. :param value: any data. :param path: its path.
    :return: pairs of a path and the value there.
    """
    if form is None:
        return
    if form.is_schema:
        yield from no_texts_in_schema(value, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from no_texts(form.key(str(key), value), item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from no_texts(form.item(), item, f"{path}[{index}]")
    elif isinstance(value, (bool, int, float)) and form.is_text:
        yield path, value


#: Keywords of a JSON schema whose value is text or a list of texts.
TEXT_WORDS = frozenset(("$comment", "$id", "$ref", "$schema", "description", "format", "pattern", "title", "type"))
#: Keywords whose value has the type that the schema describes, or is a list of such values.
VALUE_WORDS = frozenset(("const", "default", "enum", "examples"))
#: Keywords whose value maps names that users choose to schemas.
NAME_WORDS = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))


def no_texts_in_schema(value: object, path: str) -> t.Iterator[tuple[str, bool | int | float]]:
    """Find booleans and numbers in a JSON schema where only text is valid.

    Values of a schema may have any type unless its ``type`` is ``string``.

    :param value: a schema. :param path: its path. :return: pairs of a path and the value there.
    """
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from no_texts_in_schema(item, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        where = f"{path}.{key}"
        if key in NAME_WORDS and isinstance(item, dict):
            for name, schema in item.items():
                yield from no_texts_in_schema(schema, f"{where}.{name}")
        elif key in TEXT_WORDS or key == "required" or (key in VALUE_WORDS and value.get("type") == "string"):
            # A property with a boolean for required is an older form of a schema.
            yield from () if key == "required" and isinstance(item, bool) else _scalars(item, where)
        elif key not in VALUE_WORDS:
            yield from no_texts_in_schema(item, where)


def _scalars(value: object, path: str) -> t.Iterator[tuple[str, bool | int | float]]:
    for where, item in (
        [(f"{path}[{index}]", item) for index, item in enumerate(value)] if isinstance(value, list) else [(path, value)]
    ):
        if isinstance(item, (bool, int, float)):
            yield where, item
