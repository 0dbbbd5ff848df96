# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: where things are imported from, and how much hypothesis tries."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys

import hypothesis
import pytest

from tests.readability import pytest_assertrepr_compare, pytest_make_parametrize_id

__all__ = ["pytest_assertrepr_compare", "pytest_make_parametrize_id"]

ROOT = pathlib.Path(__file__).resolve().parents[1]
#: Set to sweep more widely: longer starting lists, more games and more examples.
SLOW = "VAPI_DIDLOGIC_SLOW_TESTS"

# The editable install makes the collection importable; without it, the link in the checkout does.
if importlib.util.find_spec("ansible_collections") is None or (
    importlib.util.find_spec("ansible_collections.voiceops") is None
):
    sys.path.insert(0, str(ROOT / "collections"))
# The sandbox server is a program of its own: `python -m sandbox_server`.
sys.path.append(str(ROOT / "roles" / "sandbox" / "files"))

hypothesis.settings.register_profile(
    "quick", max_examples=25, deadline=None, derandomize=True, database=None, print_blob=True
)
hypothesis.settings.register_profile("slow", max_examples=2000, deadline=None, database=None, print_blob=True)
hypothesis.settings.load_profile("slow" if os.environ.get(SLOW) else "quick")


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all but some generated cases of an exhaustive test as slow, so that the quick run tries a sample."""
    seen: dict[str, int] = {}
    for item in items:
        mark = item.get_closest_marker("exhaustive")
        if mark:
            name = item.nodeid.partition("[")[0]
            seen[name] = seen.get(name, -1) + 1
            if seen[name] % mark.args[0]:
                item.add_marker(pytest.mark.slow)
