# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that are older than Vapi's history: the refusal is recognised in every form of its date."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ModuleFailureError,
    RejectedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import moment
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.retention import explain_retention
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import SandboxFixture

NOW = datetime.datetime(2026, 11, 28, 12, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
FORMS: tuple[t.Callable[[datetime.datetime], str], ...] = (
    lambda day: day.date().isoformat(),
    lambda day: day.isoformat(),
    lambda day: day.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    lambda day: day.strftime("%B %d, %Y"),
    lambda day: day.strftime("%b %d, %Y"),
    lambda day: day.strftime("%d %B %Y"),
    lambda day: day.strftime("%m/%d/%Y"),
    lambda day: day.strftime("%a %b %d %Y"),
)


def refusal(text: str, status: int = 400) -> RejectedError:
    return RejectedError(f"Vapi rejected GET /call ({status}): {text}.", status)


@given(
    day=st.dates(datetime.date(2025, 1, 1), datetime.date(2026, 11, 27)),
    form=st.sampled_from(FORMS),
    days=st.integers(1, 400),
)
def test_retention_date_is_read_in_every_format(day: datetime.date, form: t.Callable[..., str], days: int) -> None:
    midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)
    text = f"There are only the last {days} days. Move the date filter to {form(midnight)} or later"
    found = explain_retention(refusal(text), NOW)
    assert found is not None
    assert moment(found[1]["retention_start"]) == midnight + HOUR
    assert found[1]["retention_start"] in found[0]


@given(days=st.integers(1, 400), date=st.text(max_size=30))
def test_retention_days_are_used_without_a_date(days: int, date: str) -> None:
    text = f"only the last {days} days. Please move the date filter to ?{date} or later"
    found = explain_retention(refusal(text), NOW)
    assert found is not None
    assert moment(found[1]["retention_start"]) == NOW - datetime.timedelta(days=days) + HOUR


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59"])
def test_retention_dates_out_of_range_are_ignored(date: str) -> None:
    found = explain_retention(refusal(f"the last 14 days. Move the date filter to {date} or later"), NOW)
    assert found is not None
    assert moment(found[1]["retention_start"]) == NOW - datetime.timedelta(days=14) + HOUR


def test_call_beyond_retention_is_read_by_id() -> None:
    found = explain_retention(refusal("This call exceeds your retention window"), NOW)
    assert found is not None
    assert found[1] == {}
    assert "didlogic_call_info" in found[0]


@given(text=st.text(max_size=80), status=st.sampled_from([400, 401, 404, 422]))
def test_other_rejections_are_unchanged(text: str, status: int) -> None:
    assert explain_retention(refusal(text, status), NOW) is None


@pytest.mark.parametrize("error", [refusal("the last 14 days", 404), UnreachableError("the last 14 days")])
def test_only_status_400_is_a_retention_error(error: Exception) -> None:
    assert explain_retention(error, NOW) is None


def test_info_module_returns_the_earliest_time() -> None:
    engine = SandboxFixture().engine(CALL, check=True)

    def refused(*_arguments: t.Any, **_more: t.Any) -> t.NoReturn:
        raise refusal("the last 14 days. Move the date filter to 2026-11-14 or later")

    engine.client.list_all = refused  # type: ignore[method-assign]
    with pytest.raises(ModuleFailureError, match=r"created_after: 2026-11-14T01:00:00\.000Z") as caught:
        engine.info(CALL, {})
    assert caught.value.result == {"changed": False, "retention_start": "2026-11-14T01:00:00.000Z"}
