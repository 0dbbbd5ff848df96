# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call log over more days than Vapi keeps calls: it is written with what there is, and says what is missing."""

from __future__ import annotations

import re
from typing import Any

import pytest


@pytest.mark.parametrize(("days", "missing"), [(30, True), (7, False)])
def test_period_beginning_before_retention_is_shortened(services: Any, days: int, missing: bool) -> None:
    play = services.play("voiceops.vapi_didlogic.call_log", vapi_didlogic_call_log_since=days)
    assert play.rc == 0, play.text
    assert bool(re.search(r"Calls before \d{4}-\d\d-\d\dT\S+Z are missing", play.out)) is missing
    page = (services.folder / "call-log.html").read_text()
    assert bool(re.search(r'"kept_from": ?"\d{4}-', page)) is missing
    assert (services.folder / "call-log.csv").exists()


def test_other_rejection_fails(services: Any) -> None:
    services.faults({"kind": "status", "code": 400, "match": {"api": "vapi", "path_regex": "/call$"}, "times": None})
    play = services.play("voiceops.vapi_didlogic.call_log", vapi_didlogic_call_log_since=30)
    assert play.rc == 2
    assert not (services.folder / "call-log.html").exists()
