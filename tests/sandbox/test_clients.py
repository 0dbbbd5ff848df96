# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public clients of both services, run against the sandbox: what they can read, others can.

The official SDK is heavy, and has a dependency group of its own (`clients`); its tests are slow because of it.
didlogic_mcp needs Python 3.13 and mcp 1.x, and runs in an environment of its own.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tools import environments

DIDLOGIC_MCP = ("didlogic-mcp==1.0.4", "mcp<2")  # it uses names that mcp 2 no longer has

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # what other people's libraries warn about is their own affair
]


def need(module: str) -> Any:
    """A client's module, of the dependency group ``clients``."""
    return importlib.import_module(module)


@contextmanager
def vapi_sdk(server: dict[str, Any], token: str | None = None) -> Iterator[Any]:
    """The official SDK, pointed at the sandbox, which is emptied first."""
    vapi = need("vapi")
    reset(server, {})
    with httpx.Client(trust_env=False) as http:
        yield vapi.Vapi(token=token or server["vapi_api_key"], base_url=server["vapi_api_url"], httpx_client=http)


def reset(server: dict[str, Any], seed: dict[str, Any]) -> None:
    control(server, "/reset", seed)


def control(server: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {server['control_token']}"}
    httpx.post(server["control_url"] + path, json=body, headers=headers, trust_env=False).raise_for_status()


def make(server: dict[str, Any], path: str, body: dict[str, Any]) -> Any:
    """What the SDK has no call for, or what is not the point of a test."""
    headers = {"Authorization": f"Bearer {server['vapi_api_key']}"}
    return httpx.post(server["vapi_api_url"] + path, json=body, headers=headers, trust_env=False).json()


@pytest.mark.slow
def test_vapi_sdk_phone_numbers(server: dict[str, Any]) -> None:
    with vapi_sdk(server) as vapi:
        create = need("vapi.phone_numbers.types.create_phone_numbers_request")
        update = need("vapi.phone_numbers.types.update_phone_numbers_request_body")
        trunk = make(server, "/credential", {"provider": "byo-sip-trunk", "gateways": [{"ip": "192.0.2.1"}]})
        body = create.CreatePhoneNumbersRequest_ByoPhoneNumber(
            number="31201234567", number_e_164_check_enabled=False, credential_id=trunk["id"], name="Main"
        )
        number = vapi.phone_numbers.create(request=body)
        assert (number.provider, number.number, number.status) == ("byo-phone-number", "31201234567", "active")
        assert vapi.phone_numbers.get(number.id).dict() == number.dict()
        change = update.UpdatePhoneNumbersRequestBody_ByoPhoneNumber(name="Second")
        assert vapi.phone_numbers.update(number.id, request=change).name == "Second"
        assert [item.id for item in vapi.phone_numbers.list(limit=1000)] == [number.id]
        page = vapi.phone_numbers.phone_number_controller_find_all_paginated(search="3120")
        assert (page.metadata.total_items, page.results[0].id) == (1, number.id)
        assert vapi.phone_numbers.delete(number.id).id == number.id
        assert vapi.phone_numbers.list() == []


@pytest.mark.nightly
def test_vapi_sdk_tools(server: dict[str, Any]) -> None:
    with vapi_sdk(server) as vapi:
        create = need("vapi.tools.types.create_tools_request")
        update = need("vapi.tools.types.update_tools_request_body")
        destination = {"type": "sip", "sipUri": "sip:+31201234560@sip.example.net", "description": "d"}
        body = create.CreateToolsRequest_TransferCall(destinations=[destination])
        tool = vapi.tools.create(request=body)
        assert tool.destinations[0].sip_uri == destination["sipUri"]
        change = update.UpdateToolsRequestBody_TransferCall(destinations=[])
        assert vapi.tools.update(tool.id, request=change).destinations == []
        assert [item.type for item in vapi.tools.list()] == ["transferCall"]
        assert vapi.tools.get(tool.id).id == vapi.tools.delete(tool.id).id == tool.id


@pytest.mark.nightly
def test_vapi_sdk_assistants_and_calls(server: dict[str, Any]) -> None:
    with vapi_sdk(server) as vapi:
        error = need("vapi.core.api_error").ApiError
        assistant = vapi.assistants.create(name="Reception", first_message="Hello", max_duration_seconds=600)
        assert vapi.assistants.get(assistant.id) == assistant
        assert vapi.assistants.update(assistant.id, first_message="Hi").first_message == "Hi"
        assert [item.name for item in vapi.assistants.list(limit=1000)] == ["Reception"]

        control(server, "/seed", {"balance": 1})
        plan = {"authUsername": "01234", "authPassword": secrets.token_hex()}
        gateways = [{"ip": "192.0.2.1"}]
        trunk = {"provider": "byo-sip-trunk", "gateways": gateways, "outboundAuthenticationPlan": plan}
        body = {
            "provider": "byo-phone-number",
            "number": "+31201234567",
            "credentialId": make(server, "/credential", trunk)["id"],
        }
        target = {"assistant_id": assistant.id, "phone_number_id": make(server, "/phone-number", body)["id"]}
        customer = need("vapi.types").CreateCustomerDto(number="+31201234560")
        call = vapi.calls.create(**target, customer=customer)
        assert vapi.calls.get(call.id).status in {"queued", "ringing"}
        campaigns = vapi.campaigns
        body = {"name": "c", **target, "customers": [customer] * 3, "max_concurrency": 2}
        first, second = (
            create(**body)
            for create in (campaigns.campaign_controller_create, campaigns.campaign_controller_create_v_2)
        )
        assert (first.status, first.calls_counter_scheduled) == ("in-progress", 3)
        control(server, "/clock", {"advance": 10})
        assert vapi.calls.get(call.id).status == "in-progress"
        assert campaigns.campaign_controller_find_one(first.id).calls_counter_in_progress == 2
        assert [item.status for item in campaigns.campaign_controller_find_all_v_2().results] == ["in-progress"] * 2
        control(server, "/clock", {"advance": 100})
        ended = vapi.calls.get(call.id)
        assert (ended.status, ended.ended_reason, (ended.ended_at - ended.started_at).seconds) == (
            "ended",
            "customer-ended-call",
            30,
        )
        assert ended.artifact.transcript
        assert {item.campaign_id for item in vapi.calls.list(limit=1000)} == {None, first.id, second.id}
        assert campaigns.campaign_controller_find_all().results[0].status == "ended"
        counted = campaigns.campaign_controller_find_one_v_2(second.id, include_counters=True)
        assert (counted.contact_counters.completed, counted.call_metrics.connected) == (3, 3)
        contacts = campaigns.campaign_controller_get_campaign_v_2_contacts(second.id, status="contact.completed")
        assert contacts.metadata.total_items == 3
        assert campaigns.campaign_controller_remove_v_2(second.id).status == "archived"

        with pytest.raises(error) as refusal:
            vapi.assistants.create(name="n" * 41)
        assert (refusal.value.status_code, refusal.value.body["error"]) == (400, "Bad Request")
        assert vapi.assistants.delete(assistant.id).id == assistant.id
        with pytest.raises(error) as gone:
            vapi.assistants.get(assistant.id)
        assert gone.value.status_code == 404
    with vapi_sdk(server, token=secrets.token_hex()) as stranger, pytest.raises(error) as wrong_key:
        stranger.assistants.list()
    assert wrong_key.value.status_code == 401


class Program:
    """didlogic's public MCP server as a process of its own, with one tool call at a time over its standard streams."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )
        self.watchdog = threading.Timer(60, self.process.kill)
        self.watchdog.start()
        self.count = 0
        client = {"name": "test", "version": "1"}
        self.request("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        self.send(method="notifications/initialized")

    def send(self, **message: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def request(self, method: str, **params: Any) -> Any:
        """The result of a request; notifications before it are skipped."""
        self.count += 1
        self.send(id=self.count, method=method, params=params)
        assert self.process.stdout
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self.count:
                return answer["result"]
        raise AssertionError(f"didlogic_mcp ended with {self.process.wait(10)}")

    def call(self, tool: str, **arguments: Any) -> tuple[bool, Any]:
        """Whether a tool succeeded, and what it returned."""
        found = self.request("tools/call", name=tool, arguments=arguments)
        text = found["content"][0]["text"]
        return not found.get("isError"), json.loads(text) if text.startswith("{") else text

    def stop(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.watchdog.cancel()
        self.process.stdout.close()


@pytest.fixture
def didlogic_mcp(server: dict[str, Any]) -> Iterator[Program]:
    """The program, in an environment of its own, with the sandbox as its service."""
    python = next((path for minor, path in sorted(environments.interpreters().items()) if minor >= 13), None)
    if python is None:
        pytest.skip("didlogic_mcp needs Python 3.13")
    venv = environments.CACHE / "venv" / "didlogic-mcp"
    try:
        environments.install(venv, *DIDLOGIC_MCP, python=python)
    except subprocess.CalledProcessError:
        pytest.skip("uv could not install didlogic-mcp")
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower() and "PYTHON" not in name}
    service = {"DIDLOGIC_API_URL": server["didlogic_api_url"], "DIDLOGIC_API_KEY": server["didlogic_api_key"]}
    program = Program(venv / "bin" / "didlogic_mcp", {**kept, **service})
    yield program
    program.stop()


def test_didlogic_mcp(server: dict[str, Any], didlogic_mcp: Program) -> None:
    """The tools of the public MCP server, called as its users do."""
    number, password = "31201234567", secrets.token_hex()
    reset(server, {"balance": 35.22, "numbers": [number]})

    def call(tool: str, **arguments: Any) -> Any:
        good, found = didlogic_mcp.call(tool, **arguments)
        assert good, found
        return found

    assert call("get_balance") == {"balance": 35.22}
    transactions = str(
        call("get_transactions", transaction_type="call", start_date="2026-01-01", end_date="2026-01-02")
    )
    assert transactions.startswith("Date,Time,Transaction type,Comment,Amount,Balance,Status")
    purchases = call("list_purchases", page=1, per_page=10)
    assert [item["number"] for item in purchases["purchases"]] == [number]
    row = (call("add_destination", number=number, destination="1@h.example", transport=1, active=True))[
        "did_destination"
    ]
    assert (call("list_destinations", number=number))["destination"] == [row]
    assert (row["active"], row["priority"]) == (True, 1)
    assert call("delete_destination", number=number, id=row["id"]) == "Destination deleted"

    account = (
        call(
            "create_sip_account",
            password=password,
            label="l",
            callerid=number,
            call_restrict=True,
            call_limit=60,
        )
    )["sipaccount"]
    name = account["name"]
    assert (account["callerid"], account["call_limit"], len(name)) == (number, 60, 5)
    assert (call("list_sip_accounts"))["sipaccounts"] == [account]
    changed = (call("update_sip_account", name=name, max_channels=2, channels_restrict=True))["sipaccount"]
    assert changed == {**account, "max_channels": 2, "channels_restrict": True}
    assert (call("add_allowed_ip", sipaccount_name=name, ip="192.0.2.1")) == {"allowed_ips": ["192.0.2.1"]}
    assert (call("get_allowed_ips", sipaccount_name=name)) == {"allowed_ips": ["192.0.2.1"]}
    assert call("delete_allowed_ip", sipaccount_name=name, ip="192.0.2.1")
    assert (call("get_sip_account", name=name))["sipaccount"]["allowed_ips"] == []
    assert call("delete_sip_account", name=name) == "SIP Account deleted"
    assert (call("list_sip_accounts"))["sipaccounts"] == []
    good, refusal = didlogic_mcp.call("list_destinations", number="31209999999")
    assert not good
    assert "404" in refusal
