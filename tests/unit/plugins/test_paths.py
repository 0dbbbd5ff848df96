# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of files that each host of a play has for itself."""

from __future__ import annotations

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._paths import of_host


@pytest.mark.parametrize(
    ("path", "host", "hosts", "found"),
    [
        ("record.json", "staging", ["staging"], "record.json"),
        ("record.json", "staging", ["staging", "production"], "record-staging.json"),
        ("runs/staging/record.json", "staging", ["staging", "production"], "runs/staging/record.json"),
        ("record-staging.json", "staging", ["staging", "production"], "record-staging.json"),
        ("record-staging.json", "production", ["staging", "production"], "record-staging-production.json"),
        ("record-eu-staging.json", "eu-staging", ["staging", "eu-staging"], "record-eu-staging.json"),
        ("record-eu-staging.json", "staging", ["staging", "eu-staging"], "record-eu-staging-staging.json"),
    ],
)
def test_path_contains_the_name_of_the_host_once(path: str, host: str, hosts: list[str], found: str) -> None:
    variables = {"inventory_hostname": host, "ansible_play_hosts_all": hosts}
    assert of_host(path, variables) == found


@pytest.mark.parametrize("path", ["record.json", "record-b.json", "record-a-b.json", "b/record.json", "record"])
def test_hosts_have_different_paths(path: str) -> None:
    hosts = ["b", "a-b", "c.example"]
    paths = {of_host(path, {"inventory_hostname": host, "ansible_play_hosts_all": hosts}) for host in hosts}
    assert len(paths) == len(hosts)
