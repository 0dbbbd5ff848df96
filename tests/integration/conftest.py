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
def services(_services: Services) -> Services:
    """A sandbox as it is at first, and an empty folder."""
    _services.renew()
    return _services


@pytest.fixture(scope="session")
def _services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A start takes longer than many tests, so they have one sandbox in turn."""
    yield from _started(tmp_path_factory.mktemp("services"))


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A sandbox for all tests that write nothing."""
    yield from _started(tmp_path_factory.mktemp("untouched"))


def _started(folder: Path) -> Iterator[Services]:
    found = Services(folder, forked=True)
    yield found
    found.stop()
