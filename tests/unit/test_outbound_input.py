# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused offline before a call: numbers without a country, and campaigns that call nobody."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_batches
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import from_csv, from_list
from ansible_collections.voiceops.vapi_didlogic.tests.unit.resources import MANAGED, ONCE
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_contacts import FILES, content

FIX = "the country code in place of"
NATIONAL = st.from_regex(r"0[1-9][0-9]{6,9}", fullmatch=True)
GOOD = [{"number": f"+120255501{number:02}"} for number in range(3)]
BAD: list[dict[str, t.Any]] = [{"number": "0201234567"}, {"number": ""}, {"number": "+1202555010x"}, {"colour": "red"}]


def number_fields(record: type[Model], path: str) -> t.Iterator[t.Any]:
    """Every option that is a phone number, at any depth."""
    for name, field in fields(record).items():
        if field.nested:
            yield from number_fields(field.nested, f"{path}.{name}")
        elif name == "number" or "number" in getattr(field.option.check, "__name__", ""):
            yield pytest.param(field, id=f"{path}.{name}")


EVERY = [
    param
    for resource in (*MANAGED, *ONCE)
    for param in number_fields(resource.record, resource.name)
    if param.id not in ("campaign.customers.number", "call.customer.number")  # judged by the library, below
]


@pytest.mark.parametrize("field", EVERY)
@given(number=NATIONAL)
def test_number_without_country_code_error_names_the_fix(field: t.Any, number: str) -> None:
    def read() -> None:
        field.option.check(field.option.normalize(number) if field.option.normalize else number)

    with pytest.raises(ValueError, match=FIX):
        read()


@given(number=NATIONAL, file=st.booleans())
def test_contact_without_country_code_error_names_the_fix(number: str, file: bool) -> None:
    linted = from_csv(f"number\n{number}\n".encode()) if file else from_list([{"number": number}])
    (fault,) = linted.faults
    assert FIX in fault.rule
    assert number not in fault.rule


def told(options: dict[str, t.Any]) -> str:
    """What is wrong with a campaign; empty if it could be started."""
    who = {"name": "Renewal", "assistant": "Reception", "phone_number": "Main"}
    try:
        desired_batches(CAMPAIGN, {**who, **options})
    except OptionError as problem:
        return str(problem)
    return ""


def offered_where_it_helps(options: dict[str, t.Any]) -> None:
    wrong = told(options)
    helps = bool(wrong) and not told({**options, "skip_invalid": True})
    assert ("skip_invalid: true" in wrong) is helps, wrong
    assert "skip_invalid: true" not in told({**options, "skip_invalid": True})


@given(st.lists(st.sampled_from([*GOOD, *BAD]), max_size=5))
def test_skipping_invalid_rows_is_suggested_if_rows_remain(people: list[dict[str, t.Any]]) -> None:
    offered_where_it_helps({"customers": people})


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, _line, text in FILES])
def test_skipping_invalid_rows_is_not_suggested_for_an_invalid_file(
    tmp_path: pathlib.Path, kind: str, text: t.Any
) -> None:
    file = tmp_path / f"{kind}.csv"
    file.write_bytes(content(text))
    offered_where_it_helps({"csv": str(file)})


@pytest.mark.parametrize("options", [{}, {"customers": []}, {"customers": None}, {"csv": None}, {"csv": ""}])
def test_campaign_without_contacts_is_rejected_without_request(options: dict[str, t.Any]) -> None:
    assert "customers" in told(options)
    assert "skip_invalid" not in told(options)
