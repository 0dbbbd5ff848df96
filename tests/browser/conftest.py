# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Chromium for all tests, and a page that says what it has tried to do."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "integration")]

from making import Written, hostile, make, write
from playing import Services

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium of this machine; the tests bring none along."""
    driver = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no Chromium on PATH")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class Windows:
    """Pages of one Chromium, which tests use in turn: a new page takes longer than most tests."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        #: Pages by their settings: those that no test uses, and those of this test.
        self._free: dict[str, list[Any]] = {}
        self._used: list[tuple[str, Any]] = []
        #: Per page the folder whose files a test may open in it; a page itself loads nothing.
        self._folders: dict[Any, str] = {}
        self._heard: list[str] = []

    def open(self, file: Path, address: str = "", width: int = 1280, **settings: Any) -> Any:
        """Open a file as a person does."""
        settings = {
            "locale": "en-GB",
            "timezone_id": "Europe/Amsterdam",
            "viewport": {"width": width, "height": 900},
        } | settings
        key = json.dumps(settings, sort_keys=True)
        free = self._free.setdefault(key, [])
        page = free.pop() if free else self._new(settings)
        self._used.append((key, page))
        self._folders[page] = file.parent.as_uri()
        page.goto(file.as_uri() + address)
        page.locator("#main").wait_for()
        return page

    def release(self) -> None:
        """Leave the pages to the next test. They must have been quiet: no errors, no requests, no dialogs."""
        for key, page in self._used:
            page.goto("about:blank")
            page.emulate_media(media="null")
            page.mouse.move(0, 0)
            self._free[key].append(page)
        heard, self._heard, self._used = self._heard, [], []
        assert heard == []

    def _new(self, settings: dict[str, Any]) -> Any:
        page = self._chromium.new_context(**settings).new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self._heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self._heard.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self._heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._is_asked_for(page, request) or self._heard.append(request.url))
        page.context.route(lambda url: not url.startswith("file:"), lambda path: path.abort())
        return page

    def _is_asked_for(self, page: Any, request: Any) -> bool:
        return bool(request.is_navigation_request() and request.url.startswith(self._folders[page]))


@pytest.fixture(scope="session")
def _windows(chromium: Any) -> Windows:
    return Windows(chromium)


@pytest.fixture
def show(_windows: Windows) -> Iterator[Callable[..., Any]]:
    """For one test."""
    yield _windows.open
    _windows.release()


@pytest.fixture(scope="module")
def stay(chromium: Any) -> Iterator[Callable[..., Any]]:
    """For all tests of a file, which go from page to page."""
    windows = Windows(chromium)
    yield windows.open
    windows.release()


@pytest.fixture(scope="session")
def _services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    found = Services(tmp_path_factory.mktemp("services"), forked=True)
    yield found
    found.stop()


@pytest.fixture
def services(_services: Services) -> Services:
    """A sandbox as it is at first."""
    _services.renew()
    return _services


@pytest.fixture(scope="session")
def log() -> dict[str, Any]:
    return make(400)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, log: dict[str, Any]) -> Written:
    """The playbook's files for an ordinary week."""
    done = write(tmp_path_factory.mktemp("week"), log, "--diff")
    assert done.rc == 0, done.out
    return done


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The playbook's files for a log full of malice."""
    done = write(tmp_path_factory.mktemp("malice"), hostile())
    assert done.rc == 0, done.out
    return done
