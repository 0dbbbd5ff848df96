# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of bodies, on bodies that are generated from the facts: each with every described property."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server import schema, vapi_resources
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.schema import (
    ASSISTANTS,
    LEGACY,
    SCHEMAS,
    Reader,
)

from .test_conformity import as_json_schema

STRICT, LENIENT = Reader(strict=True, legacy=False), Reader()
FORMATS = {
    "uuid": "7c8d2a34-0000-4000-8000-000000000000",
    "date-time": "2026-01-02T03:04:05Z",
    "url": "https://example.net/",
    "uri": "https://example.net/",
}
Path_ = tuple[Any, ...]

BODIES = sorted(
    {
        *vapi_resources.TOOLS.values(),
        *vapi_resources.NUMBERS.values(),
        "CreateByoSipTrunkCredentialDTO",
        "CreateAssistantDTO",
        "CreateSquadDTO",
        "CreateCallDTO",
        "CreateCampaignDTO",
    }
    - {schema.OTHER_TOOL}
)
READ_ONLY_FIELDS = json.loads(Path(schema.__file__).with_name("vapi_facts.json").read_text(encoding="utf-8"))


def sample(node: Any, depth: int) -> Any:
    """A value that a schema allows, with every property down to a depth."""
    node = schema._named(node)[1]
    for key in ("oneOf", "anyOf"):
        if key in node:
            return sample(node[key][0], depth)
    if "enum" in node:
        return node["enum"][0]
    kind = node.get("type")
    if kind == "object":
        names = node.get("properties", {}) if depth > 0 else node.get("required", ())
        return {name: sample(node["properties"][name], depth - 1) for name in names}
    if kind == "array":
        return [sample(node["items"], depth - 1)] if depth > 0 and "items" in node else []
    if kind == "string":
        return FORMATS.get(node.get("format", ""), "x" * max(1, node.get("minLength", 0)))
    return {"boolean": True, "number": node.get("minimum", 1), "integer": node.get("minimum", 1)}.get(str(kind), {})


def places(
    value: Any, node: Any, path: Path_ = (), inside: bool = False, alone: bool = True
) -> Iterator[tuple[Path_, Any, bool, bool]]:
    """Each part of a sample: its path, its schema, whether it is below the first level of an assistant, and whether
    nothing but that schema can be meant."""
    name, node = schema._named(node)
    for key in ("oneOf", "anyOf"):
        if key in node:
            told_apart = schema._tag([schema._named(other)[1] for other in node[key]]) is not None
            yield from places(value, node[key][0], path, inside, alone and (told_apart or len(node[key]) == 1))
            return
    yield path, node, inside, alone
    if isinstance(value, dict):
        for field, inner in value.items():
            below = inside or (name in ASSISTANTS and field not in schema._ALWAYS_READ)
            yield from places(inner, node["properties"][field], (*path, field), below, alone)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, node["items"], (*path, index), inside, alone)


def reference(name: str) -> Any:
    """The schema of a name, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def body_of(name: str) -> Any:
    """A sample of a body; the one of an assistant, which the others hold, is the deepest."""
    return sample(SCHEMAS[name], 5 if name == "CreateAssistantDTO" else 3)


def parts(name: str) -> list[tuple[Path_, Any, bool, bool]]:
    """The parts of a sample, each kind of part once."""
    found = {}
    for part in places(body_of(name), reference(name)):
        found.setdefault((id(part[1]), *part[2:]), part)
    return list(found.values())


def changed(body: Any, path: Path_, new: Any) -> Any:
    """A copy of a body with another value at a place."""
    body = copy.deepcopy(body)
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    return body


@pytest.mark.parametrize("name", BODIES)
def test_full_body_is_accepted(name: str) -> None:
    body = body_of(name)
    for reader in (STRICT, LENIENT, Reader(strict=True, legacy=True)):
        assert list(reader.body(body, name)) == []
        assert list(reader.body({}, name, partial=True)) == []


@pytest.mark.parametrize("name", BODIES)
def test_unknown_field_is_reported_at_any_depth(name: str) -> None:
    """In full depth if strict; otherwise everywhere but below the first level of an assistant."""
    body = body_of(name)
    seen = set()
    for path, node, inside, _alone in parts(name):
        if not node.get("properties"):
            continue
        wrong = changed(body, (*path, "bogus"), 1)
        prefix = "".join(f"{step}." for step in path)
        assert list(STRICT.body(wrong, name)) == [f"{prefix}property bogus should not exist"]
        assert (list(LENIENT.body(wrong, name)) == []) == inside, path
        seen.add(inside)
    assert False in seen


@pytest.mark.parametrize("name", BODIES)
def test_invalid_choice_is_reported_at_any_depth(name: str) -> None:
    body = body_of(name)
    for path, node, inside, alone in parts(name):
        if "enum" in node and alone:
            wrong = changed(body, path, "bogus")
            assert list(STRICT.body(wrong, name)), path
            assert inside or list(LENIENT.body(wrong, name)), path


@pytest.mark.parametrize("name", BODIES)
def test_wrong_type_and_range_are_reported(name: str) -> None:
    body = body_of(name)
    for path, node, _inside, alone in parts(name):
        kind = node.get("type")
        if not path or not alone or kind not in schema._TYPES or node.get("nullable"):
            continue
        wrong = [[] if kind == "object" else {}]
        if kind == "number":
            wrong += [True, *(node[key] + step for key, step in (("minimum", -1), ("maximum", 1)) if key in node)]
        if kind == "string" and "maxLength" in node and "enum" not in node:
            wrong.append("x" * (node["maxLength"] + 1))
        for value in wrong:
            assert list(STRICT.body(changed(body, path, value), name)), (path, value)


@pytest.mark.parametrize("name", BODIES)
def test_missing_required_field_is_reported(name: str) -> None:
    body = body_of(name)
    for path, node, _inside, alone in parts(name):
        for field in node.get("required", ()) if alone else ():
            if schema._named(node["properties"][field])[1].get("nullable"):
                continue
            wrong = copy.deepcopy(body)
            holder = wrong
            for step in path:
                holder = holder[step]
            del holder[field]
            assert list(STRICT.body(wrong, name)), (path, field)


@pytest.mark.parametrize("name", BODIES)
def test_samples_match_the_description(name: str) -> None:
    """The samples are good for another validator as well, without what the amendments add."""
    body = body_of(name)
    for amendment in schema.AMENDMENTS:
        for place, node, _inside, _alone in list(places(body, reference(name))):
            if any(node is SCHEMAS[owner] for owner in amendment.schemas):
                holder = body
                for step in place:
                    holder = holder[step]
                holder.pop(amendment.name, None)
    components = as_json_schema(READ_ONLY_FIELDS["components"])
    described = {**components["schemas"][name], "components": components}
    described["required"] = [field for field in described.get("required", ()) if field in body]
    errors = list(jsonschema.Draft202012Validator(described).iter_errors(body))
    assert [f"{error.json_path}: {error.message[:100]}" for error in errors] == []


@pytest.mark.parametrize("field", LEGACY)
def test_deprecated_fields_of_an_assistant(field: str) -> None:
    for holder in ASSISTANTS:
        body = {field: sample(LEGACY[field], 1)}
        assert list(Reader(legacy=True).body(body, holder)) == []
        assert list(Reader(legacy=False).body(body, holder)) == [f"property {field} should not exist"]
        assert list(Reader(legacy=True).body({field: []}, holder))


def test_shared_schemas_are_not_modified() -> None:
    before = json.dumps(SCHEMAS, sort_keys=True)
    for name in BODIES:
        list(LENIENT.body(body_of(name), name))
    assert json.dumps(SCHEMAS, sort_keys=True) == before
