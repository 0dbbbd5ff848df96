# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox for one test, one for all that write nothing, and the share of a version of ansible-core."""

from __future__ import annotations

import collections
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from playing import Services


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--share 1/3``: the first of three runs, on three versions of ansible-core, that together run every test."""
    parser.addoption("--share", default="1/1", metavar="N/M", help="run this share, and what is marked each_version")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the share. The cases of one test go to all shares in turn."""
    share, count = map(int, config.getoption("share", "1/1").split("/"))
    seen: collections.Counter[str] = collections.Counter()
    chosen: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        name = item.nodeid.partition("[")[0]
        mine = (zlib.crc32(name.encode()) + seen[name]) % count == share - 1
        seen[name] += 1
        chosen[mine or item.get_closest_marker("each_version") is not None].append(item)
    items[:] = chosen[True]
    config.hook.pytest_deselected(items=chosen[False])


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
