# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox for one test, and one for all that write nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from playing import Services


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A sandbox for one test."""
    yield from _services(tmp_path)


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A sandbox for all tests that write nothing."""
    yield from _services(tmp_path_factory.mktemp("untouched"))


def _services(folder: Path) -> Iterator[Services]:
    found = Services(folder)
    yield found
    found.stop()
