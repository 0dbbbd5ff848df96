# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One service has one lock, in whichever way its address is given."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import API
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._wait import ACCOUNT_OPTIONS, _address


@pytest.mark.parametrize("region", API)
def test_one_service_has_one_lock_file(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [{"region": region}, *({"api_url": url} for url in (API[region], f"{API[region]}/", API[region].upper()))]
    given += [{}] if region == "us" else []
    given += [{**one, **more} for one, more in itertools.product(given, [{"region": None}, {"api_url": None}])]
    desired = set()
    for options, source in itertools.product(given, ("options", "environment")):
        for name, variable in ACCOUNT_OPTIONS.items():
            monkeypatch.delenv(variable, raising=False)
            if source == "environment" and options.get(name):
                monkeypatch.setenv(variable, options[name])
        known = {name for name in options if options[name]}
        # What was replaced by nothing names another service, or none.
        if known or region == "us":
            desired.add(_address(options if source == "options" else {}))
    assert desired - ({API["us"]} if region != "us" else set()) == {API[region]}


def test_other_services_have_other_lock_files() -> None:
    found = [_address({"region": name}) for name in API] + [_address({"api_url": "https://proxy.example.com/vapi"})]
    assert len(set(found)) == len(found)
