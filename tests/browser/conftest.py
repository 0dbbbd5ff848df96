# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Chromium for all tests, and a page that says what it has tried to do."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "integration")]

from making import Written, hostile, make, write

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


def _is_asked_for(request: Any, file: Path) -> bool:
    """A test opens files of one folder; a page loads nothing."""
    return bool(request.is_navigation_request() and request.url.startswith(file.parent.as_uri()))


@contextlib.contextmanager
def showing(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open files as a person does. At the end the pages must have been quiet: no errors, no requests, no dialogs."""
    contexts, heard = [], []

    def opened(file: Path, address: str = "", width: int = 1280, **settings: Any) -> Any:
        settings = {
            "locale": "en-GB",
            "timezone_id": "Europe/Amsterdam",
            "viewport": {"width": width, "height": 900},
        } | settings
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: _is_asked_for(request, file) or heard.append(f"request: {request.url}"))
        context.route(lambda url: not url.startswith("file:"), lambda path: path.abort())
        page.goto(file.as_uri() + address)
        page.locator("#main").wait_for()
        return page

    try:
        yield opened
    finally:
        for context in contexts:
            context.close()
    assert heard == []


@pytest.fixture
def show(chromium: Any) -> Iterator[Callable[..., Any]]:
    """For one test."""
    with showing(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def stay(chromium: Any) -> Iterator[Callable[..., Any]]:
    """For all tests of a file, which go from page to page."""
    with showing(chromium) as opened:
        yield opened


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
