# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts in the repository are complete, consistent with each other, and free of the services' texts."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools import generate_facts
from tests.tools.generate_facts import (
    DIDLOGIC_FACTS,
    KEYWORDS,
    OUTPUTS,
    VAPI_FACTS,
    facts_text,
    generate,
    reduce_schema,
)

SHARED = Path(os.environ.get("VAPI_DIDLOGIC_SHARED") or generate_facts.ROOT.parent / "shared") / "apis"
DESCRIPTIONS = (SHARED / "vapi.openapi.json", SHARED / "didlogic.openapi.yaml")
PROSE = "A sentence of the vendor's."

_leaves = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "number"])},
    optional={
        "description": st.just(PROSE),
        "title": st.just(PROSE),
        "example": st.just({"description": PROSE}),
        "default": st.just(PROSE),
        "enum": st.lists(st.sampled_from(["title", "example", "a"]), min_size=1),
        "maxLength": st.integers(0, 9),
        "x-note": st.just([PROSE]),
    },
)
# Names of properties that are also keywords of a schema or of a description.
_names = st.sampled_from(["description", "title", "type", "enum", "properties", "example", "a"])
_schemas = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "description": st.just(PROSE),
                "properties": st.dictionaries(_names, inner, max_size=3),
                "required": st.lists(_names, max_size=2),
            }
        ),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner, "title": st.just(PROSE)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, max_size=3), "description": st.just(PROSE)}),
    ),
    max_leaves=8,
)


def _properties(node: Any) -> list[set[str]]:
    """The names of the properties of each object in a schema, in order."""
    if isinstance(node, list):
        return list(itertools.chain.from_iterable(_properties(item) for item in node))
    found = [set(node["properties"])] if "properties" in node else []
    inner = list(node.get("properties", {}).values()) + [node[key] for key in ("items", "oneOf") if key in node]
    return found + list(itertools.chain.from_iterable(_properties(item) for item in inner))


@given(_schemas)
def test_only_texts_are_removed_from_a_schema(schema: Any) -> None:
    reduced = reduce_schema(schema)
    assert PROSE not in json.dumps(reduced)
    assert _properties(reduced) == _properties(schema)
    assert reduce_schema(reduced) == reduced


def test_shared_parameters_are_resolved() -> None:
    schema = {"type": "integer", "maximum": 9}
    description = {
        "components": {"schemas": {}, "parameters": {"page": {"name": "page", "in": "query", "schema": schema}}},
        "paths": {"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/page"}]}}, "/b": {"post": {}}},
    }
    assert generate_facts.reduce_description(description)["queries"] == {"/a": {"page": schema}}


@pytest.mark.parametrize("path", [VAPI_FACTS, DIDLOGIC_FACTS], ids=lambda path: path.name)
def test_facts_contain_no_text(path: Path) -> None:
    facts = json.loads(path.read_text(encoding="utf-8"))
    assert facts_text(facts) == path.read_text(encoding="utf-8")
    for schemas in (facts["components"]["schemas"], *facts["queries"].values()):
        assert reduce_schema(schemas, names=True) == schemas
    assert not {"description", "title", "example", "default"} & KEYWORDS


def test_free_form_keys_equal_the_facts() -> None:
    facts = json.loads(VAPI_FACTS.read_text(encoding="utf-8"))
    assert generate_facts.FREE_FORM.read_text(encoding="utf-8") == generate_facts.free_form_text(facts)


@pytest.mark.skipif(
    not all(path.exists() for path in DESCRIPTIONS),
    reason="the published API descriptions are not in the repository; VAPI_DIDLOGIC_SHARED names a folder with apis/",
)
def test_facts_equal_the_api_descriptions() -> None:
    generated = generate(*DESCRIPTIONS)
    assert set(generated) == set(OUTPUTS)
    for path, text in generated.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run tests/tools/generate_facts.py again"
