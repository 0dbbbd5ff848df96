# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published form of free-form options: which keys identify a variant, and what is merged."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import overlay, replaced_variants
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import FreeForm, Shape, parse
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.free_form import DESCRIPTION

OBJECTS = [(name, key, shape) for name in DESCRIPTION.names() for key, shape in DESCRIPTION.keys(name).items()]
#: The unions of the description that are not in a list.
UNIONS = {shape.objects: FreeForm(DESCRIPTION, shape) for _name, _key, shape in OBJECTS if len(shape.objects) > 1}
#: Keys that are called like a tag, and do not identify a variant.
NO_TAGS = [(name, key) for name, key, shape in OBJECTS if key in ("type", "provider") and not shape.tags]


def sample(variant: str, form: FreeForm) -> dict[str, t.Any]:
    """A value of a variant: its tags, and a text in each other key."""
    keys = form.description.keys(variant)
    return {key: min(shape.tags) if shape.tags else f"{variant}.{key}" for key, shape in keys.items()}


@pytest.mark.parametrize("form", UNIONS.values(), ids=["-".join(names)[:60] for names in UNIONS])
def test_every_published_union_has_a_tag(form: FreeForm) -> None:
    """Another variant replaces the object; the same one is merged."""
    without = [name for name in form.shape.objects if not any(s.tags for s in DESCRIPTION.keys(name).values())]
    # One variant may have a free text there.
    assert len(without) <= 1
    for one, two in itertools.permutations(form.shape.objects, 2):
        current, desired = sample(one, form), sample(two, form)
        given = {key: desired[key] for key in form.tags() if key in desired}
        other = any(current.get(tag, given[tag]) != given[tag] for tag in given)
        merged = overlay({"x": current}, {"x": given}, FreeForm(DESCRIPTION, Shape(values=form.shape)))
        assert isinstance(merged, dict)
        assert merged == {"x": given if other else {**current, **given}}
        found = replaced_variants(current, given, "x", form)
        assert bool(found) is (other and bool(current.keys() - given.keys()))
    for name in form.shape.objects:
        current = sample(name, form)
        assert overlay(current, {"changed": 1}, form) == {**current, "changed": 1}


@pytest.mark.parametrize(("name", "key"), NO_TAGS, ids=[f"{name}-{key}" for name, key in NO_TAGS])
def test_key_that_is_no_tag_keeps_its_siblings(name: str, key: str) -> None:
    form = FreeForm(DESCRIPTION, Shape(objects=(name,)))
    current = sample(name, form)
    assert overlay(current, {key: "other"}, form) == {**current, key: "other"}
    assert replaced_variants(current, {key: "other"}, "x", form) == []


def test_back_off_of_a_server_is_merged() -> None:
    form = FreeForm(DESCRIPTION, parse("Server"))
    current = {"backoffPlan": {"type": "fixed", "maxRetries": 3, "baseDelaySeconds": 2}}
    merged = overlay(current, {"backoffPlan": {"type": "exponential"}}, form)
    assert merged == {"backoffPlan": {"type": "exponential", "maxRetries": 3, "baseDelaySeconds": 2}}


@pytest.mark.parametrize("wrong", ["text text", "text ]", "[text] number"])
def test_invalid_type_is_rejected(wrong: str) -> None:
    with pytest.raises(ValueError, match="unexpected"):
        parse(wrong)


def test_all_objects_are_described() -> None:
    def objects(shape: Shape | None) -> t.Iterator[str]:
        if shape:
            yield from (*shape.objects, *objects(shape.items), *objects(shape.values))

    assert {name for _name, _key, shape in OBJECTS for name in objects(shape)} <= set(DESCRIPTION.names())
