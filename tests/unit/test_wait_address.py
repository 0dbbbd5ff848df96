# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests share a record: those to one service and organisation, and those of one task of the user."""

from __future__ import annotations

import base64
import itertools
import json
import pathlib
import types
import typing as t
import uuid

import pytest
from ansible.errors import AnsibleActionFail
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import API
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _single
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._wait import (
    ACCOUNT_OPTIONS,
    WaitActionModule,
    _address,
    _number,
    _organisation,
)

# ----------------------------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize("region", API)
def test_one_service_has_one_lock_file(region: str) -> None:
    given = [{"region": region}, *({"api_url": url} for url in (API[region], f"{API[region]}/", API[region].upper()))]
    given += [{}] if region == "us" else []
    given += [{**one, **more} for one, more in itertools.product(given, [{"region": None}, {"api_url": None}])]
    desired = set()
    for options, source in itertools.product(given, ("options", "environment")):
        environment = {ACCOUNT_OPTIONS[name][0]: value for name, value in options.items() if value}
        known = {name for name in options if options[name]}
        # What was replaced by nothing names another service, or none.
        if known or region == "us":
            desired.add(_address(options, {}) if source == "options" else _address({}, environment))
    assert len(desired - ({_address({}, {})} if region != "us" else set())) == 1


#: Spellings of the parts of one URL.
SCHEMES = {"http": ("http", "HTTP"), "https": ("https", "Https")}
NAMES = (
    ("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"),
    ("proxy.example.com", "Proxy.Example.COM", "proxy.example.com."),
    ("192.0.2.7",),
    ("[2001:db8::7]", "[2001:DB8:0:0::7]"),
)
PATHS = (("", "/", "//", "/."), ("/vapi", "/vapi/", "/VAPI", "//vapi", "/./vapi", "/%76api", "/x/../vapi"), ("/other",))


def test_spellings_of_one_url_are_one_service() -> None:
    services: dict[t.Hashable, set[str]] = {}
    for scheme, names, paths in itertools.product(SCHEMES, NAMES, PATHS):
        usual = {"http": 80, "https": 443}[scheme]
        for ports in ((f":{usual}", ""), (":8080",)):
            service = services.setdefault((scheme, names, paths, ports), set())
            for parts in itertools.product(SCHEMES[scheme], names, ports, paths):
                word, name, port, path = parts
                service.add(_address({"api_url": f" {word}://{name}{port}{path} "}, {}))
    assert [found for found in services.values() if len(found) != 1] == []
    assert len(set.union(*services.values())) == len(services)


@pytest.mark.parametrize("url", ["http://x:99999999/", "https://[1/", "no url", "https://host:port/"])
def test_invalid_url_is_left_to_the_module(url: str) -> None:
    assert _address({"api_url": url}, {})


# ------------------------------------------------------------------------------------------------------- organisations


def token(organisation: str) -> str:
    """A key that contains the organisation's id."""
    parts = ({"alg": "HS256"}, {"orgId": organisation, "token": str(uuid.uuid4())})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, uuid.uuid4().hex])


def test_organisations_are_separate() -> None:
    organisations = [str(uuid.uuid4()) for _number in range(3)]
    keys = [str(uuid.uuid4()) for _number in range(3)]
    assert {_organisation(token(one)) for one in organisations * 2} == set(organisations)
    found = {_organisation(key) for key in [*keys, "", "a.b.c", "a.bm8.c", "a.W10.c"]}
    assert len(found) == 7
    assert not any(key in text for key in keys for text in found)


@pytest.mark.parametrize("source", ["option", "environment", "environment of the task"])
def test_record_is_of_one_organisation_and_lock_of_all(
    source: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two organisations may start a campaign of the same name; two keys of one organisation exclude each other."""
    monkeypatch.setattr(_single, "of_this_user", lambda: tmp_path)
    keys = [str(uuid.uuid4()) for _number in range(2)]

    def marked(key: str) -> t.Any:
        action = object.__new__(type("Action", (WaitActionModule,), {"module": "vapi_campaign"}))
        variables = [{"VAPI_API_KEY": key}] if source == "environment of the task" else []
        action._task = types.SimpleNamespace(environment=variables)
        action._templar = types.SimpleNamespace(template=lambda value: value)
        if source == "environment":
            monkeypatch.setenv("VAPI_API_KEY", key)
        return action._marked({"api_key": key} if source == "option" else {}, "Renewal")

    for key in keys:
        with marked(key) as record:
            assert record.read() == {}
            record.write({"state": key[:4]})
            locked = 0
            for path in tmp_path.iterdir():
                try:
                    with _single.hold(tmp_path, path.stem, 0):
                        pass
                except AnsibleActionFail:
                    locked += 1
            assert locked == 2, "the lock of the service, and the record"
    for key in keys:
        with marked(key) as record:
            assert record.read()["state"] == key[:4]
    assert not any(key in path.name + path.read_text() for key in keys for path in tmp_path.iterdir())


# ------------------------------------------------------------------------------------------------------------ one task


@given(
    customers=st.lists(st.sampled_from("ABCD"), min_size=1, max_size=5),
    hosts=st.integers(1, 4),
    attempts=st.integers(1, 3),
    looped=st.booleans(),
    data=st.data(),
)
def test_task_sends_as_many_requests_as_customers(
    customers: list[str], hosts: int, attempts: int, looped: bool, data: st.DataObject
) -> None:
    """Whatever the order of the hosts, each runs a loop over the same customers: in the task, or around an include."""
    left = {f"host{number}": list(enumerate(customers)) for number in range(hosts)}
    requests: list[dict[str, t.Any]] = []
    numbers: dict[tuple[str, int], set[int]] = {}
    while any(left.values()):
        host = data.draw(st.sampled_from([name for name, rest in left.items() if rest]))
        index, customer = left[host].pop(0)
        by = [host, "task", index] if looped else [host, f"task {index} {host}", 0]
        for _attempt in range(attempts):
            numbers.setdefault((customer, index if looped else 0), set()).add(_number(requests, by, customer))
    assert len(requests) == (len(customers) if looped else len(set(customers)))
    assert all(len(found) == 1 for found in numbers.values())


@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=6, unique=True))
def test_hosts_with_other_options_get_the_same_request(customers: list[str]) -> None:
    """The action plugin refuses all hosts but the first."""
    requests: list[dict[str, t.Any]] = []
    for number, customer in enumerate(customers):
        assert _number(requests, [f"host{number}", f"task {number % 2}", 0], customer) == 0


def test_attempt_with_other_options_is_the_same_request() -> None:
    requests: list[dict[str, t.Any]] = []
    assert {_number(requests, ["host", "task", 0], options) for options in "ABC"} == {0}
