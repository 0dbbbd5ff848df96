# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest known name of a misspelt one."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import camel, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import nearest, unknown
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import (
    IntegrationOptions,
    Number,
    Trunk,
)

RECORDS = (Trunk, Number, IntegrationOptions)
EVERY = sorted({(record, name) for record in RECORDS for name in fields(record)}, key=repr)


def misspelt(name: str) -> t.Iterator[str]:
    """A letter left out, two exchanged, one doubled; the same name in camelCase and with dashes."""
    for at in range(1, len(name) - 1):
        yield name[:at] + name[at + 1 :]
        yield name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        yield name[: at + 1] + name[at:]
    yield camel(name)
    yield name.replace("_", "-")
    yield name.upper()


@pytest.mark.parametrize(("record", "name"), EVERY)
def test_misspelt_name_suggests_the_correct_name(record: t.Any, name: str) -> None:
    known = list(fields(record))
    for wrong in misspelt(name):
        if wrong not in known and len(name) > 4:
            assert nearest(wrong, known) == name, wrong
            assert f"did you mean {name}?" in unknown(wrong, known)


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=8))
@settings(max_examples=200, deadline=None)
def test_suggestion_is_empty_or_a_known_name(name: str, known: list[str]) -> None:
    found = nearest(name, known)
    assert found == "" or found in known
    assert nearest(name, known[::-1]) == found
    assert unknown(name, known).startswith("is not an option here; ")


def test_existing_names_are_listed_without_a_similar_name() -> None:
    assert unknown("colour", ["ip", "port"]) == "is not an option here; there are ip, port."
    assert unknown("colour", []) == "is not an option here; there are none."
    assert unknown("zzz", [f"name{number}" for number in range(50)]).endswith("name29, ….")
