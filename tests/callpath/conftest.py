# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments that the role has brought up on a sandbox, and a telephone network that does what the APIs then say.

Needs `apt-get install --no-install-recommends kamailio sip-tester baresip-core dnsmasq-base iproute2`, and the right to
make a network namespace. `CALLPATH_TRACES=FOLDER` keeps a picture of every test's calls. Most of the time goes into two
runs of the role; `-m "not slow"` makes only one.
"""

from __future__ import annotations

import copy
import json
import os
import re
import secrets
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.callpath.lab import PROGRAMS, Lab, baresip_modules
from tests.callpath.namespace import Unavailable, missing
from tests.callpath.world import Item, Rules
from tests.integration.playing import Services

TRACES = "CALLPATH_TRACES"
LOGIN = "01234"
ENVIRONMENTS = {"us": {}, "eu": {"vapi_didlogic_region": "eu", "vapi_didlogic_number_format": "e164"}}


def seed(password: str) -> Item:
    """What was there before the role came: numbers that ring elsewhere, and a SIP account with a phone on the desk."""
    desk = {"destination": LOGIN, "transport": 5}
    return {
        "balance": 35.0,
        "numbers": [
            {"number": "31207001000", "destinations": [desk, {"destination": "31612340000", "transport": 4}]},
            {"number": "31207001001"},
            {"number": "31207001002", "destinations": [desk]},
        ],
        "sip_accounts": [{"name": LOGIN, "label": "office", "password": password}],
    }


def made_by_hand(accounts: Item, wrong: str, key: str) -> None:
    """What somebody has set up with the guide in their hand, and with an old password: much of it does not work."""
    trunk = str(uuid.uuid4())
    gateway = {"ip": "sip.nl.didlogic.net", "inboundEnabled": False}
    plan = {"authUsername": LOGIN, "authPassword": wrong}
    accounts["vapi"] = {
        "credentials": [
            {"id": trunk, "name": "didlogic NL", "gateways": [gateway], "outboundAuthenticationPlan": plan}
        ],
        "phone_numbers": [{"number": "+31207001000", "credentialId": trunk}],
    }
    forward = {"destination": f"31207001000@{key}.sip.vapi.ai", "transport": 1}
    accounts["numbers"][0]["destinations"].append(forward)


def environment(name: str, password: str) -> dict[str, Any]:
    """The environment file; the two differ in region, transport, spelling and the form of the transfer target."""
    sip = name == "eu"
    target = {"number": "+31207001999", "message": "One moment."} | ({"via": "sip"} if sip else {})
    return {
        "vapi_didlogic_trunk": {
            "name": "didlogic NL",
            "gateway": "sip.nl.didlogic.net",
            "protocol": "tcp" if sip else "udp",
            "username": LOGIN,
            "password": password,
            "update_password": "always",
            "inbound_networks": ["192.0.2.0/27"],
        },
        "vapi_didlogic_sip_refer_enabled": True,
        "vapi_didlogic_transfer_tools": [
            {"name": "transfer_to_human", "description": "Hands over.", "destinations": [target]}
        ],
        "vapi_didlogic_assistants": [
            {"name": "Reception", "tools": ["transfer_to_human"], "definition": _definition("Good day.")},
            {"name": "Sales", "definition": _definition("Sales, good day.")},
        ],
        "vapi_didlogic_numbers": [
            {"number": "+31207001000", "name": "Main", "assistant": "Reception"},
            {"number": "+31207001001", "name": "Sales", "assistant": "Sales"},
            {"number": "+31207001002", "name": "Campaigns", "assistant": "Reception", "inbound": False},
        ],
        **ENVIRONMENTS[name],
    }


def _definition(first: str) -> dict[str, Any]:
    return {"firstMessage": first, "model": {"provider": "openai", "model": "gpt-4o", "messages": []}}


class Environment:
    """A sandbox on which the role has brought up an environment, and what no API tells of it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.region = name
        self.password, self.wrong = secrets.token_hex(12), secrets.token_hex(12)
        self.services = Services(folder, forked=True)
        try:
            accounts = seed(self.password)
            if name == "us":
                made_by_hand(accounts, self.wrong, self.services.facts["vapi_api_key"])
            #: What stood before the role ran.
            self.before: Item = self.services.sandbox("reset", "POST", accounts)
            run = self.services.play("voiceops.vapi_didlogic.integrate", **environment(name, self.password))
            assert run.rc == 0, run.text
        except BaseException:
            self.services.stop()
            raise
        self.built: Item = self.services.sandbox("state")

    def state(self) -> Item:
        """What both APIs say now."""
        found: Item = self.services.sandbox("state")
        return found

    def restore(self, change: Callable[[Item], Any] = lambda accounts: None) -> None:
        """Bring the accounts back to what the role has built, but for what somebody has changed since."""
        accounts = copy.deepcopy(self.built)
        del accounts["calls"], accounts["vapi"]["calls"], accounts["vapi"]["campaigns"]
        for account in accounts["sip_accounts"]:
            account["password"] = self.password
        for trunk in accounts["vapi"]["credentials"]:
            trunk["outboundAuthenticationPlan"]["authPassword"] = self.password
        change(accounts)
        self.services.sandbox("reset", "POST", accounts)

    def call_in(self, number: str) -> Item:
        """What the sandbox holds to happen when somebody calls a number."""
        found: Item = self.services.sandbox("call", "POST", {"to": number, "from": "31699999999"})
        return found

    def call_out(self, number: str, target: str) -> Item:
        """Ask Vapi to call somebody; what its API then says of the call."""
        phone = next(item for item in self.built["vapi"]["phone_numbers"] if item["number"].endswith(number))
        body = {
            "phoneNumberId": phone["id"],
            "assistantId": phone["assistantId"],
            "customer": {"number": target},
        }
        return self._vapi("POST", "/call", body)

    def ended(self, call: Item) -> str:
        """The reason that Vapi's API gives a good while later."""
        self.services.sandbox("clock", "POST", {"advance": 300})
        return str(self._vapi("GET", f"/call/{call['id']}")["endedReason"])

    def _vapi(self, method: str, path: str, body: Item | None = None) -> Item:
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.services.facts['vapi_api_key']}", "content-type": "application/json"}
        request = urllib.request.Request(self.services.facts["vapi_api_url"] + path, data, headers, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            found: Item = json.load(answer)
        return found


class Scene:
    """One environment in the telephone network: what a test works with."""

    def __init__(self, environment: Environment, lab: Lab) -> None:
        self.environment = environment
        self.lab = lab

    def set(self, change: Callable[[Item], Any] = lambda accounts: None, secret: str = "", **rules: Any) -> Item:
        """Change the accounts as somebody in a dashboard would, and let the network learn of it from the APIs."""
        self.environment.restore(change)
        state = self.environment.state()
        self.load(state, secret, **rules)
        return state

    def load(self, state: Item, secret: str = "", **rules: Any) -> None:
        """Let the network do what the APIs have said; no API tells the password of the trunk."""
        here = self.environment
        self.lab.load(state, here.region, {LOGIN: here.password}, secret or here.password, Rules(**rules))

    @property
    def trunk(self) -> str:
        """The id of the environment's trunk."""
        return str(self.environment.built["vapi"]["credentials"][0]["id"])

    @property
    def vapi(self) -> str:
        """What the pictures call the region."""
        return f"Vapi {self.environment.region.upper()}"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The telephone network, or the reason why there is none."""
    lack = missing(PROGRAMS)
    if not lack and baresip_modules() is None:
        lack = "baresip has no modules (apt-get install baresip-core)"
    if lack:
        pytest.skip(lack)
    try:
        found = Lab(tmp_path_factory.mktemp("lab"))
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield found
    found.close()


@pytest.fixture(scope="session")
def environments(
    request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Environment]]]:
    """The role runs at once for all environments that the chosen tests want."""
    chosen = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    desired = {"us", *(params["each"] for params in chosen if "each" in params)}
    with ThreadPoolExecutor() as pool:
        runs = {name: pool.submit(Environment, name, tmp_path_factory.mktemp(name)) for name in sorted(desired)}
        yield runs
    for run in runs.values():
        if not run.exception():
            run.result().services.stop()


def _scene(name: str, lab: Lab, environments: dict[str, Future[Environment]]) -> Scene:
    scene = Scene(environments[name].result(), lab)
    scene.set()
    lab.pictures.clear()
    assert scene.environment.state() == scene.environment.built
    return scene


@pytest.fixture
def scene(lab: Lab, environments: dict[str, Future[Environment]]) -> Scene:
    """The environment in which things go wrong."""
    return _scene("us", lab, environments)


@pytest.fixture(params=["us", pytest.param("eu", marks=pytest.mark.slow)])
def each(request: pytest.FixtureRequest, lab: Lab, environments: dict[str, Future[Environment]]) -> Scene:
    """Every environment."""
    return _scene(request.param, lab, environments)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep a picture of the test's calls, and show it with what SIPp says if the test has failed."""
    outcome: Any = yield
    found = getattr(item, "funcargs", {}).get("lab")
    if not isinstance(found, Lab) or call.when != "call":
        return
    report, picture = outcome.get_result(), found.picture()
    if report.failed:
        report.sections += [
            ("what went over the wire", picture),
            ("the messages in full", found.messages()),
            ("what the programs say", found.complaints()),
        ]
    if folder := os.environ.get(TRACES):
        file = Path(folder) / (re.sub(r"[^\w-]+", "-", item.name).strip("-") + ".txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        what = (getattr(getattr(item, "obj", None), "__doc__", "") or "").strip().splitlines()
        file.write_text("\n".join([f"{item.name}: {report.outcome}", *what, "", picture]))
