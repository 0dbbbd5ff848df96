# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faulty playbooks that the proof for many customers must notice, and at night a smaller fleet with every trouble.

``tests/integration/test_fleet.py`` runs the sample before a merge.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.robustness import fleet


@pytest.mark.slow
@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("name", fleet.FAULTY)
def test_faulty_playbook_is_noticed(tmp_path: Path, name: str) -> None:
    assert fleet.faulty(tmp_path / "fleet", name) > 0


@pytest.mark.nightly
def test_requests_have_the_key_of_their_customer(tmp_path: Path) -> None:
    whole = fleet.Fleet(tmp_path / "fleet", 6, 2)
    try:
        fleet.proof(whole)
    finally:
        whole.stop()
    assert {name: whole.figures[name] for name in fleet.BROKEN} == dict.fromkeys(fleet.BROKEN, 0)


@pytest.mark.nightly
def test_every_trouble_has_its_state(tmp_path: Path) -> None:
    whole = fleet.Fleet(tmp_path / "fleet", len(fleet.TROUBLE), 1)
    trouble = {customer.name: kind for customer, kind in zip(whole.customers, fleet.TROUBLE, strict=True)}
    try:
        whole.declare(trouble)
        whole.judge(whole.run(text=1), fleet.expected(trouble), text=1)
    finally:
        whole.stop()
    assert {name: whole.figures[name] for name in fleet.BROKEN} == dict.fromkeys(fleet.BROKEN, 0)
