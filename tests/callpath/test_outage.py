# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vapi fails under calls: a short variant of `outage.py`, with rounds and times that are shorter than the defaults."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed; `python3 dev.py eda` runs these tests")

from tests.callpath import outage

# The times are real: on a busy machine a phone or a check may be too late.
pytestmark = pytest.mark.nightly


def test_calls_bypass_vapi_while_it_is_killed(scene: Any) -> None:
    """Five calls a second: noticed, past Vapi after the playbook failover, and to Vapi again after failback."""
    quick = {"interval": 0.5, "timeout": 1, "up_after": 2}
    variables = outage.variables_of(scene.environment.password)
    found = outage.rehearse(scene, "killed", variables, quick, 2)
    assert {name: found[name] for name in outage.BROKEN} == dict.fromkeys(outage.BROKEN, 0), found
    for phase in ("before", "after failover", "after failback"):
        assert found[f"calls {phase}"] >= 5, found


def test_monitors_do_not_flap_with_packet_loss(scene: Any) -> None:
    """Fewer monitors and rounds than in `outage.py`, and shorter times, by which those of TCP are scaled.

    OPTIONS is repeated as often as in the default run only within the first two seconds, so more checks fail.
    """
    gate = outage.Gate(scene.lab.network, scene.environment.services.facts["didlogic_api_url"])
    quick = {"interval": 1, "timeout": 2, "up_after": 2}
    settings = {"runs": 8, "loss": outage.LOSS, "scale": 0.4, "rounds": 8}
    try:
        found = outage.with_loss(scene.lab, gate.url, quick, settings)
    finally:
        gate.close()
    assert {name: found[name] for name in outage.BROKEN} == dict.fromkeys(outage.BROKEN, 0), found
    assert found["checks that failed by packet loss"] > 0, found
    assert found["packets lost"] > found["packets"] / 10, found
