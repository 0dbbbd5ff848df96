# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request bodies that Vapi accepts: the schemas of its published description, and their validation.

``vapi_facts.json`` is generated from the description. ``AMENDMENTS`` contains further known properties with their
evidence. The messages are those of class-validator, which Vapi's service uses.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Schema = dict[str, Any]

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
E164_HINT = (
    "must be a valid phone number in the E.164 format. Hot tip, you may be missing the country code (Eg. US: +1)."
)
CONTACTS = 10000  # of one campaign
UNKNOWN = "should not exist"  # the end of the message about an unknown field

_REF = "#/components/schemas/"


@dataclass(frozen=True)
class Amendment:
    """A property that differs from the description: its schema, or that it is ``required``."""

    schemas: tuple[str, ...]
    name: str
    document: Schema
    evidence: str
    required: bool = False


def _text(low: int | None = None, high: int | None = None) -> Schema:
    bounds = {"minLength": low, "maxLength": high}
    return {"type": "string", **{name: bound for name, bound in bounds.items() if bound is not None}}


def _number(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


def _object(properties: Mapping[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


BOOL: Schema = {"type": "boolean"}
OPEN: Schema = {"type": "object"}
UUID: Schema = {"type": "string", "format": "uuid"}

TRANSFER_ASSISTANT = _object(
    {
        "name": _text(),
        "firstMessage": _text(),
        "firstMessageMode": {
            "type": "string",
            "enum": [
                "assistant-speaks-first",
                "assistant-speaks-first-with-model-generated-message",
                "assistant-waits-for-user",
            ],
        },
        "maxDurationSeconds": _number(10, 43200),
        "silenceTimeoutSeconds": _number(5, 3600),
        "model": _object(
            {"provider": _text(), "model": _text(), "messages": {"type": "array"}, "tools": {"type": "array"}},
            "provider",
            "model",
        ),
        **dict.fromkeys(("voice", "transcriber", "startSpeakingPlan", "backgroundSpeechDenoisingPlan"), OPEN),
        "backgroundSound": _text(),
    },
    "model",
)

_TRANSFERS = ("TransferDestinationNumber", "TransferDestinationSip", "TransferDestinationAssistant")
_ACTIONS = [{"$ref": f"{_REF}{name}PhoneNumberHookAction"} for name in ("Transfer", "Say")]

AMENDMENTS: tuple[Amendment, ...] = (
    Amendment(
        ("CreateByoSipTrunkCredentialDTO",),
        "provider",
        {"type": "string", "enum": ["byo-sip-trunk"]},
        "it distinguishes the kinds of credentials",
        required=True,
    ),
    Amendment(("Server",), "secret", _text(), "seen 2026-09; two guides call it legacy, but supported"),
    Amendment(("Server",), "url", {"type": "string", "format": "url"}, "seen: an empty one is refused"),
    Amendment(
        ("TransferPlan",),
        "transferAssistant",
        TRANSFER_ASSISTANT,
        "guide to warm transfers with an assistant; Python SDK 3.0.0; seen in production",
    ),
    Amendment(_TRANSFERS, "name", _text(), "Python SDK 3.0.0"),
    Amendment(
        ("CreateTransferCallToolDTO", "CreateApiRequestToolDTO"),
        "function",
        _object({"name": _text(1, 64), "description": _text(high=1000), "parameters": OPEN, "strict": BOOL}, "name"),
        "guides, answers, and the official MCP server; see the switch refuse_tool_function",
    ),
    Amendment(("CreateCallDTO",), "squadVersion", {"type": "string", "nullable": True}, "Python SDK 3.0.0"),
    Amendment(("CreateCampaignDTO",), "maxConcurrency", _number(1, 500), "Python SDK 3.0.0, in a text"),
    Amendment(
        ("CreateCampaignDTO",),
        "customers",
        {"type": "array", "items": {"$ref": f"{_REF}CreateCustomerDTO"}, "maxItems": CONTACTS},
        "description, in a text",
    ),
    Amendment(
        ("PhoneNumberHookCallEnding",),
        "do",
        {
            "anyOf": [
                {"type": "array", "items": {"oneOf": _ACTIONS}},
                *_ACTIONS,
            ]
        },
        "described as one action, where the hook for ringing has a list: a list of them is accepted, too",
    ),
)

# Ids of these names are UUIDs: "credentialId must be a UUID" was seen. In the description they are texts.
UUIDS = frozenset({"assistantId", "credentialId", "phoneNumberId", "squadId", "workflowId"})

# The schemas of an assistant. Only its first level is checked, unless ``strict``.
ASSISTANTS = frozenset({"CreateAssistantDTO", "UpdateAssistantDTO", "AssistantOverrides"})
_ALWAYS_READ = frozenset({"server"})

# Deprecated fields of an assistant that the service still accepts; see the switch accept_legacy_fields.
LEGACY: dict[str, Schema] = {
    "silenceTimeoutSeconds": _number(10, 3600),
    "backgroundDenoisingEnabled": BOOL,
    "recordingEnabled": BOOL,
    "serverUrl": _text(),
    "serverUrlSecret": _text(),
}


# Types of tools without a schema, which are not checked.
OTHER_TOOL = "CreateOtherToolDTO"
OTHER_TOOLS = (
    "bash",
    "code",
    "computer",
    "gohighlevel.calendar.availability.check",
    "gohighlevel.calendar.event.create",
    "gohighlevel.contact.create",
    "gohighlevel.contact.get",
    "google.calendar.availability.check",
    "google.calendar.event.create",
    "google.sheets.row.append",
    "knowledgeBase",
    "mcp",
    "query",
    "sipRequest",
    "slack.message.send",
    "sms",
    "textEditor",
)


def _load() -> tuple[dict[str, Schema], dict[str, dict[str, Schema]]]:
    document = json.loads(Path(__file__).with_name("vapi_facts.json").read_text(encoding="utf-8"))
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for schema in schemas.values():
        for name in UUIDS & set(schema.get("properties", ())):
            schema["properties"][name] = {**schema["properties"][name], "format": "uuid"}
    schemas[OTHER_TOOL] = {
        **_object({"type": {"type": "string", "enum": list(OTHER_TOOLS)}}, "type"),
        "additionalProperties": True,
    }
    _add_other_tools(schemas)
    for amendment in AMENDMENTS:
        for name in amendment.schemas:
            schemas[name]["properties"][amendment.name] = amendment.document
            if amendment.required:
                schemas[name]["required"] = [*schemas[name].get("required", ()), amendment.name]
    return schemas, document["queries"]


def _add_other_tools(node: Any) -> None:
    """Add the other tools as an alternative wherever tools are accepted."""
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _add_other_tools(inner)
    alternatives = node.get("oneOf") if isinstance(node, dict) else None
    if isinstance(alternatives, list) and {"$ref": f"{_REF}CreateTransferCallToolDTO"} in alternatives:
        alternatives.append({"$ref": f"{_REF}{OTHER_TOOL}"})


SCHEMAS, QUERIES = _load()


def properties(name: str) -> dict[str, Schema]:
    """Return the properties of a schema, by name."""
    found: dict[str, Schema] = SCHEMAS[name]["properties"]
    return found


def enum_values(schema: str, name: str) -> frozenset[str]:
    """Return the values that a property of a schema may have."""
    return frozenset(properties(schema)[name]["enum"])


# --- the check


def is_uuid(value: Any) -> bool:
    """Whether a value is a UUID in the usual form."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d(T|$)", value) is not None


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https", "ws", "wss"} and bool(parts.hostname)


_FORMATS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "uuid": (is_uuid, "must be a UUID"),
    "date-time": (_is_date, "must be a valid ISO 8601 date string"),
    "url": (_is_url, "must be a valid URL"),
    "uri": (_is_url, "must be a valid URL"),
}

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "must be a string"),
    "boolean": ((bool,), "must be a boolean value"),
    "number": ((int, float), "must be a number conforming to the specified constraints"),
    "integer": ((int,), "must be an integer number"),
    "object": ((dict,), "must be an object"),
    "array": ((list,), "must be an array"),
}

# The measure of a value, the names of its limits, and the messages for exceeding them.
_BOUNDS: dict[str, tuple[Callable[[Any], float], str, str, str, str]] = {
    "string": (
        len,
        "minLength",
        "maxLength",
        "be longer than or equal to {} characters",
        "be shorter than or equal to {} characters",
    ),
    "number": (float, "minimum", "maximum", "not be less than {}", "not be greater than {}"),
    "integer": (float, "minimum", "maximum", "not be less than {}", "not be greater than {}"),
    "array": (len, "minItems", "maxItems", "contain at least {} elements", "contain no more than {} elements"),
}


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind][0]) and (kind == "boolean" or not isinstance(value, bool))


def _named(schema: Schema) -> tuple[str | None, Schema]:
    """A schema with resolved references, and the name of the last one."""
    name = None
    while True:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_REF)
            schema = SCHEMAS[name]
        elif len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        else:
            return name, schema


@dataclass(frozen=True)
class Reader:
    """Finds the errors in a body for which the service would reject it.

    :param strict: Whether assistants are checked in full depth.
    :param legacy: Whether the deprecated fields of an assistant are accepted.
    """

    strict: bool = False
    legacy: bool = True

    def body(self, body: Mapping[str, Any], name: str, partial: bool = False) -> Iterator[str]:
        """All violations of a schema, in the service's words.

        :param body: The body of the request.
        :param name: The name of the schema.
        :param partial: Whether it is the body of an update, in which no field of the first level is required.
        """
        yield from self._members(body, name, SCHEMAS[name], "", partial)

    def value(self, value: Any, schema: Schema, path: str) -> Iterator[str]:
        """The same for a part of a body at ``path``."""
        name, schema = _named(schema)
        if value is None and schema.get("nullable"):
            return
        if alternatives := schema.get("oneOf") or schema.get("anyOf"):
            yield from self._one_of(value, alternatives, path)
            return
        kind = schema.get("type")
        if not isinstance(kind, str):
            return
        if "format" in schema and schema["format"] in _FORMATS:
            fits, message = _FORMATS[schema["format"]]
            if not fits(value):
                yield f"{path} {message}"
                return
        if not _is(kind, value):
            yield f"{path} {_TYPES[kind][1]}"
            return
        if "enum" in schema:
            if value not in schema["enum"]:
                yield f"{path} must be one of the following values: {', '.join(map(str, schema['enum']))}"
            return
        yield from _out_of_bounds(value, kind, schema, path)
        if kind == "array" and "items" in schema:
            yield from self._items(value, schema["items"], path)
        elif kind == "object" and "properties" in schema:
            yield from self._members(value, name, schema, f"{path}.")

    def _members(
        self, body: Mapping[str, Any], schema_name: str | None, schema: Schema, path: str, partial: bool = False
    ) -> Iterator[str]:
        assistant = schema_name in ASSISTANTS
        fields = {**LEGACY, **schema["properties"]} if assistant and self.legacy else schema["properties"]
        for name in body:
            if name not in fields and schema.get("additionalProperties") is not True:
                yield f"{path}property {name} {UNKNOWN}"
        required = () if partial else schema.get("required", ())
        for name, field in fields.items():
            if name not in body:
                if name in required:
                    yield from self.value(None, field, path + name)
            elif assistant and not self.strict and name not in _ALWAYS_READ:
                yield from self.value(body[name], _first_level(field), path + name)
            else:
                yield from self.value(body[name], field, path + name)

    def _items(self, values: list[Any], schema: Schema, path: str) -> Iterator[str]:
        choices = schema.get("enum")
        if choices and any(value not in choices for value in values):
            yield f"each value in {path} must be one of the following values: {', '.join(choices)}"
        if choices:
            return
        for index, value in enumerate(values):
            yield from self.value(value, schema, f"{path}.{index}")

    def _one_of(self, value: Any, alternatives: list[Schema], path: str) -> Iterator[str]:
        """Nothing if one alternative matches; otherwise the errors of the intended one."""
        schemas = [_named(schema)[1] for schema in alternatives]
        if isinstance(value, dict) and (tag := _tag(schemas)):
            words = [word for schema in schemas for word in schema.get("properties", {}).get(tag, {}).get("enum", ())]
            if value.get(tag) not in words:
                yield f"{path}.{tag} must be one of the following values: {', '.join(dict.fromkeys(words))}"
                return
            alternatives = [
                given
                for given, schema in zip(alternatives, schemas, strict=True)
                if value[tag] in schema.get("properties", {}).get(tag, {}).get("enum", ())
            ]
        found = [list(self.value(value, schema, path)) for schema in alternatives]
        yield from min(found, key=len, default=[])


def _tag(schemas: list[Schema]) -> str | None:
    """The property that distinguishes alternatives: a required one with different choices in each."""
    objects = [schema for schema in schemas if schema.get("type") == "object"]
    for name in objects[0].get("properties", ()) if objects else ():
        if all(
            name in schema.get("required", ()) and "enum" in schema.get("properties", {}).get(name, {})
            for schema in objects
        ):
            return str(name)
    return None


def _first_level(schema: Schema) -> Schema:
    """The kind of a value, without the content of an object."""
    _name, schema = _named(schema)
    if alternatives := schema.get("oneOf") or schema.get("anyOf"):
        shallow = [_first_level(alternative) for alternative in alternatives]
        return OPEN if all(alternative == OPEN for alternative in shallow) else {"anyOf": shallow}
    if schema.get("type") == "object":
        return OPEN
    if schema.get("type") == "array" and "items" in schema:
        return {**schema, "items": _first_level(schema["items"])}
    return schema


def _out_of_bounds(value: Any, kind: str, schema: Schema, path: str) -> Iterator[str]:
    if kind not in _BOUNDS:
        return
    size, low, high, too_small, too_great = _BOUNDS[kind]
    if low in schema and size(value) < schema[low]:
        yield f"{path} must {too_small.format(schema[low])}"
    if high in schema and size(value) > schema[high]:
        yield f"{path} must {too_great.format(schema[high])}"
