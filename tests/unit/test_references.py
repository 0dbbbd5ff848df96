# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""References in nested records, of generated shapes: each behaves like the same reference at the top level."""

from __future__ import annotations

import collections
import typing as t
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import to_display
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import (
    Model,
    Option,
    argument_spec,
    names_spec,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reader import Reader
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    BaseResource,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import ASSISTANT

Options = dict[str, t.Any]


class Named(Model):
    name: str | None = None


def referred(name: str) -> BaseResource[Named, State]:
    return BaseResource(
        provider=ASSISTANT.provider, name=name, plural=f"{name}s", title=name, path=f"/{name}", record=Named,
        options=State,
    )  # fmt: skip


OWNER, TOOL = referred("owner"), referred("tool")
ROWS = [
    {"id": "1", "name": "one"}, {"id": "2", "name": "two"}, {"id": "3", "name": "twice"}, {"id": "4", "name": "twice"},
]  # fmt: skip


class Leaf(Model):
    owner: t.Annotated[str | None, Option(ref=OWNER, api_name="ownerId")] = None
    tools: t.Annotated[list[str] | None, Option(ref=TOOL)] = None
    note: str | None = None


class Lists:
    """The lists of a service, and how often each was read."""

    def __init__(self) -> None:
        self.reads: collections.Counter[str] = collections.Counter()

    def list_all(self, path: str, *_more: t.Any) -> list[Options]:
        self.reads[path] += 1
        return ROWS


def resolved(record: type[Model], options: Options, check: bool) -> tuple[Outcome, list[str], Lists]:
    lists, warnings = Lists(), list[str]()
    reader = Reader(lists, check_mode=check, warn=warnings.append)  # type: ignore[arg-type]
    (outcome,) = reader.resolve([Desired(from_options(record, options), State(), label="x")])
    return outcome, warnings, lists


# ------------------------------------------------------------------------------------------------ generated records

SHAPES = st.lists(st.sampled_from(["record", "records"]), max_size=3)
VALUES = st.sampled_from(["one", "two", "1", "twice", "missing", str(uuid.UUID(int=7)), UNKNOWN_ID])
LEAVES = st.fixed_dictionaries(
    {}, optional={"owner": VALUES | st.just(""), "tools": st.lists(VALUES, max_size=3), "note": st.just("one")}
)


def record_of(shape: list[str]) -> type[Model]:
    """A record with the leaf at a depth, and a leaf's own fields at each level."""
    record: type[Model] = Leaf
    for kind in reversed(shape):
        inner: t.Any = record if kind == "record" else list[record]  # type: ignore[valid-type]
        record = type("Level", (Leaf,), {"__annotations__": {"inner": inner | None}, "inner": None})
    return record


def options_of(shape: list[str]) -> st.SearchStrategy[Options]:
    if not shape:
        return LEAVES
    inner = options_of(shape[1:])
    below = inner if shape[0] == "record" else st.lists(inner, max_size=3)
    return st.builds(lambda leaf, inside: {**leaf, "inner": inside}, LEAVES, below)


CASES = SHAPES.flatmap(lambda shape: st.tuples(st.just(shape), options_of(shape)))


def leaves(value: t.Any, path: str = "") -> t.Iterator[tuple[str, Options]]:
    """Each level of a value, with its path."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
        return
    yield path, {name: item for name, item in value.items() if name != "inner"}
    if "inner" in value:
        yield from leaves(value["inner"], f"{path}.inner".lstrip("."))


def problems(outcome: Outcome, path: str = "") -> list[str]:
    if outcome.error is None:
        return []
    assert isinstance(outcome.error, OptionError)
    return [one.sentence() for one in outcome.error.under(path).each]


@pytest.mark.slow
@given(CASES, st.booleans())
@settings(max_examples=200, deadline=None)
def test_nested_reference_behaves_like_the_top_level(case: tuple[list[str], Options], check: bool) -> None:
    shape, options = case
    record = record_of(shape)
    outcome, warnings, lists = resolved(record, options, check)
    alone = [(path, *resolved(Leaf, leaf, check)) for path, leaf in leaves(options)]

    expected = [sentence for path, top, *_rest in alone for sentence in problems(top, path)]
    assert problems(outcome) == expected
    here = [
        text.replace("Option ", f"Option {path}.") if path else text
        for path, _top, said, _lists in alone
        for text in said
    ]
    assert warnings == here
    read: collections.Counter[str] = sum((each.reads for *_rest, each in alone), collections.Counter())
    assert lists.reads == collections.Counter(set(read)), "each list that is needed is read once"
    if outcome.error:
        return

    shown = to_display(outcome.desired.record)
    outcome.plan = Plan(action="update", before={}, after=shown, result=shown)
    reader = Reader(t.cast("t.Any", Lists()))
    kind = BaseResource(
        provider=ASSISTANT.provider, name="x", plural="xs", title="x", path="/x", record=record, options=State
    )
    (named,) = reader.with_names(kind, [shown], read=True)
    compared = zip(leaves(shown), leaves(named), leaves(outcome.sides["after"]), alone, strict=True)
    for (_path, ids), (_named, with_names), (_side, diff), (_where, top, _said, _lists) in compared:
        assert ids == to_display(top.desired.record)
        top.plan = Plan(action="update", before={}, after=ids, result=ids)
        assert diff == top.sides["after"]
        leaf = BaseResource(
            provider=ASSISTANT.provider, name="x", plural="xs", title="x", path="/x", record=Leaf, options=State
        )
        assert [with_names] == reader.with_names(leaf, [ids], read=True)


def test_nested_reference_errors_name_their_path() -> None:
    record = record_of(["records"])
    options = {"inner": [{"owner": "one"}, {"owner": "twice", "tools": ["two", "absent"]}]}
    outcome, _warnings, _lists = resolved(record, options, check=False)
    assert problems(outcome) == [
        "Option inner[1].owner: 'twice' matches 2 owners: 3, 4. Give the id instead.",
        "Option inner[1].tools[1]: no tool has the name or id 'absent'. Create it first, or correct the reference.",
    ]
    outcome, warnings, lists = resolved(record, options | {"inner": [{"owner": "one"}, {"owner": "new"}]}, check=True)
    assert to_display(outcome.desired.record) == {"inner": [{"owner": "1"}, {"owner": UNKNOWN_ID}]}
    assert warnings == ["Option inner[1].owner: no owner 'new' exists yet; check mode continues as if it did."]
    assert lists.reads == {"/owner": 1}


@pytest.mark.parametrize("kind", ["record", "records"])
def test_returned_result_is_accepted_as_input(kind: str) -> None:
    """The names next to the ids of a nested record are accepted and ignored."""
    record = record_of([kind])
    spec = argument_spec(record)["inner"]["options"]
    assert names_spec(Leaf) == {
        "owner_name": {"type": "str"}, "tool_names": {"type": "list", "elements": "str"},
    }  # fmt: skip
    assert spec == argument_spec(Leaf) | names_spec(Leaf)
    inner = {"owner": "1", "owner_name": "one", "tools": ["2"], "tool_names": ["two"]}
    made = from_options(record, {"inner": inner if kind == "record" else [inner]})
    found = made.inner if kind == "record" else made.inner[0]
    assert to_display(found) == {"owner": "1", "tools": ["2"]}
    with pytest.raises(OptionError, match="is not an option here"):
        from_options(record, {"inner": {"names": "x"} if kind == "record" else [{"names": "x"}]})
