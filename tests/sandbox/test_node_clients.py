# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official JavaScript SDK and the official MCP server of Vapi against the sandbox.

Both are fetched from npm, once, in a pinned version; without Node.js or without npm's registry they are skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server import schema

PACKAGES = {"@vapi-ai/server-sdk": "2.0.1", "@vapi-ai/mcp-server": "0.0.11"}
ROOT = Path(__file__).parents[2].resolve()
SCRIPTS = Path(__file__).parent / "node"
NODE_MAJOR = 20  # loads a module before a program with --import
CALLER = "+31201234560"


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder in which both clients are installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("Node.js and npm are needed for Vapi's official JavaScript clients")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    if int(version.removeprefix("v").partition(".")[0]) < NODE_MAJOR:
        pytest.skip(f"Vapi's official JavaScript clients are tried on Node.js {NODE_MAJOR} or newer, not {version}")
    manifest = json.dumps({"private": True, "dependencies": PACKAGES}, indent=2)
    folder = ROOT / ".cache" / f"npm-{hashlib.sha256(manifest.encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            (folder / "package.json").write_text(manifest)
            command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode:
                pytest.skip(f"npm could not install {', '.join(PACKAGES)}: {done.stderr.strip()[-300:]}")
            (folder / "installed").touch()
    # A module finds its packages from where it is.
    shutil.copy(SCRIPTS / "sdk.mjs", folder)
    return folder


@pytest.fixture
def environment(server: dict[str, Any]) -> dict[str, str]:
    """The environment of a client: an empty sandbox, and neither a proxy nor somebody's options."""
    control(server, "POST", "/reset", {"balance": 1, "numbers": ["31201234567"]})
    found = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    found.pop("NODE_OPTIONS", None)
    return {
        **found,
        "SANDBOX_VAPI_URL": server["vapi_api_url"],
        "SANDBOX_VAPI_KEY": server["vapi_api_key"],
        "VAPI_TOKEN": server["vapi_api_key"],
    }


def control(server: dict[str, Any], method: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {server['control_token']}"}
    url = f"http://127.0.0.1:{server['port']}/sandbox{path}"
    return httpx.request(method, url, json=body, headers=headers, trust_env=False).raise_for_status().json()


def post(server: dict[str, Any], path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {server['vapi_api_key']}"}
    return httpx.post(server["vapi_api_url"] + path, json=body, headers=headers, trust_env=False).json()


def byo_number(server: dict[str, Any]) -> dict[str, Any]:
    """The body of a number on a trunk, which the SDK has no call for."""
    plan = {"authUsername": "01234"}
    trunk = {"provider": "byo-sip-trunk", "gateways": [{"ip": "192.0.2.1"}], "outboundAuthenticationPlan": plan}
    return {
        "provider": "byo-phone-number",
        "number": "31201234567",
        "numberE164CheckEnabled": False,
        "credentialId": post(server, "/credential", trunk)["id"],
    }


# --- the SDK


def run_sdk(packages: Path, environment: dict[str, str], steps: list[Any]) -> dict[str, Any]:
    """What each step answered, by its name."""
    done = subprocess.run(
        ["node", "sdk.mjs"],
        cwd=packages,
        env=environment,
        input=json.dumps(steps),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def ref(path: str) -> dict[str, str]:
    return {"$": path}


MODEL = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "x"}]}


def cycle(resource: str, body: Any, change: Any, prefix: str = "", wrapped: bool = False) -> list[Any]:
    """Create, read, change, change nothing, list."""
    methods = {
        "create": f"{prefix}Create" if prefix else "create",
        "get": f"{prefix}FindOne" if prefix else "get",
        "update": f"{prefix}Update" if prefix else "update",
        "list": f"{prefix}FindAll" if prefix else "list",
    }
    item = {"id": ref(f"{resource}.id")}
    changed, same = ({**item, "body": change}, {**item, "body": {}}) if wrapped else ({**item, **change}, item)
    return [
        [resource, f"{resource}.{methods['create']}", body],
        [f"{resource} read", f"{resource}.{methods['get']}", item],
        [f"{resource} changed", f"{resource}.{methods['update']}", changed],
        [f"{resource} unchanged", f"{resource}.{methods['update']}", same],
        [f"{resource} listed", f"{resource}.{methods['list']}", {}],
    ]


def removal(resource: str, method: str = "delete") -> list[Any]:
    return [[f"{resource} deleted", f"{resource}.{method}", {"id": ref(f"{resource}.id")}]]


def test_node_sdk_resources(server: dict[str, Any], packages: Path, environment: dict[str, str]) -> None:
    """Every resource that the sandbox has, from creation to deletion."""
    customer = {"number": CALLER}
    target = {"phoneNumberId": ref("phoneNumbers.id"), "assistantId": ref("assistants.id")}
    plan = {"mode": "warm-transfer-experimental", "transferAssistant": {"firstMessage": "Hello", "model": MODEL}}
    destination = {"type": "number", "number": CALLER, "transferPlan": plan}
    transfer = {"type": "transferCall", "destinations": [destination]}
    assistant = {"name": "A", "model": MODEL, "firstMessage": "Hello", "server": {"url": "https://example.com"}}
    squad = {"name": "s", "members": [{"assistantId": ref("assistants.id")}]}
    later = {"earliestAt": "2035-01-01T00:00:00Z"}
    output = {"name": "o", "type": "ai", "schema": {"type": "object"}}
    mock = {"type": "chat.mockConversation", "messages": []}
    steps = [
        *cycle("assistants", assistant, {"firstMessage": "Hi"}),
        *cycle("tools", transfer, {"type": "transferCall", "destinations": []}, wrapped=True),
        *cycle("squads", squad, {**squad, "name": "t"})[:3],  # a change of a squad needs its members
        ["squads listed", "squads.list", {}],
        *cycle("phoneNumbers", byo_number(server), {"provider": "byo-phone-number", "name": "n"}, wrapped=True),
        ["searched", "phoneNumbers.phoneNumberControllerFindAllPaginated", {"search": "3120"}],
        *cycle("structuredOutputs", output, {"schemaOverride": "true", "name": "p"}, "structuredOutputController"),
        ["evals", "eval.evalControllerCreate", mock],
        ["evals listed", "eval.evalControllerGetPaginated", {}],
        ["runs listed", "eval.evalControllerGetRunsPaginated", {}],
        ["files listed", "files.list", {}],
        ["sessions listed", "sessions.list", {}],
        ["chats listed", "chats.list", {}],
        ["call", "calls.create", {**target, "customer": customer, "name": "n"}],
        ["call read", "calls.get", {"id": ref("call.id")}],
        ["call to a squad", "calls.create", {
            "phoneNumberId": ref("phoneNumbers.id"), "squadId": ref("squads.id"), "squadVersion": "v1",
            "customer": customer, "schedulePlan": later,
        }],
        ["call changed", "calls.update", {"id": ref("call.id"), "name": "m"}],
        ["calls listed", "calls.list", {"limit": 1000, "assistantId": ref("assistants.id")}],
        ["campaign", "campaigns.campaignControllerCreate", {
            **target, "name": "c", "customers": [customer], "schedulePlan": later, "maxConcurrency": 2,
        }],
        ["campaign read", "campaigns.campaignControllerFindOne", {"id": ref("campaign.id")}],
        ["campaign changed", "campaigns.campaignControllerUpdate", {"id": ref("campaign.id"), "name": "d"}],
        ["campaigns listed", "campaigns.campaignControllerFindAll", {}],
        ["campaign deleted", "campaigns.campaignControllerRemove", {"id": ref("campaign.id")}],
        *(["squads by id", "squads.list", {"idAny": [ref("squads.id")]}],),
        *removal("phoneNumbers"), *removal("squads"), *removal("tools"), *removal("assistants"),
        *removal("structuredOutputs", "structuredOutputControllerRemove"),
        ["gone", "assistants.get", {"id": ref("assistants.id")}],
        ["refused", "assistants.create", {"name": "n" * 41}],
    ]  # fmt: skip
    report = run_sdk(packages, environment, steps)
    wrong = {name: answer for name, answer in report.items() if "value" not in answer}
    assert {name: answer["status"] for name, answer in wrong.items()} == {"gone": 404, "refused": 400}, wrong
    value = {name: answer.get("value") for name, answer in report.items()}
    assert value["assistants changed"]["firstMessage"] == value["assistants unchanged"]["firstMessage"] == "Hi"
    assert value["tools read"]["destinations"][0]["transferPlan"] == plan
    assert value["call to a squad"]["squadVersion"] == "v1"
    assert [item["id"] for item in value["squads by id"]] == [value["squads"]["id"]]
    assert (value["files listed"], value["chats listed"]["results"]) == ([], [])


def test_node_sdk_call_artifacts(server: dict[str, Any], packages: Path, environment: dict[str, str]) -> None:
    """Before the end of a call there are none, which the SDK tells in the service's words."""
    number = post(server, "/phone-number", byo_number(server))["id"]
    target = {"phoneNumberId": number, "assistantId": post(server, "/assistant", {})["id"]}
    call = post(server, "/call", {**target, "customer": {"number": CALLER}})["id"]
    names = ["MonoRecording", "StereoRecording", "VideoRecording", "CustomerRecording", "AssistantRecording"]
    names += ["Pcap", "CallLogs"]
    steps = [[name, f"calls.callArtifactController{name}Download", {"id": call}] for name in names]
    report = run_sdk(packages, environment, steps)
    for name in names:
        assert (report[name]["status"], report[name]["body"]["message"]) == (404, "Artifact not found.")


def test_tool_types_equal_the_sdk(packages: Path) -> None:
    """The tools that the facts do not describe are those that the SDK has beyond them."""
    folder = packages / "node_modules" / "@vapi-ai" / "server-sdk" / "dist" / "cjs"
    described = (folder / "api" / "resources" / "tools" / "types" / "CreateToolsRequest.d.ts").read_text()
    of_the_sdk = {part.partition('"')[0] for part in described.split('type: "')[1:]}
    assert of_the_sdk
    assert of_the_sdk <= set(schema.OTHER_TOOLS) | {
        "apiRequest", "dtmf", "endCall", "function", "handoff", "transferCall", "voicemail",
    }  # fmt: skip


# --- the MCP server


class Mcp:
    """A conversation with an MCP server over its standard input and output, one JSON object a line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.count = 0

    def request(self, method: str, **params: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.count += 1
        message = {"jsonrpc": "2.0", "id": self.count, "method": method, "params": params}
        print(json.dumps(message), file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self.count:
                assert "error" not in answer, answer
                return answer["result"]
        raise AssertionError("the MCP server has ended")

    def tool(self, name: str, /, **arguments: Any) -> Any:
        text = self.request("tools/call", name=name, arguments=arguments)["content"][0]["text"]
        assert not text.startswith(("Error", "MCP error")), f"{name}: {text}"
        return json.loads(text)


@pytest.fixture
def mcp(packages: Path, environment: dict[str, str]) -> Iterator[Mcp]:
    program = packages / "node_modules" / "@vapi-ai" / "mcp-server" / "dist" / "index.js"
    with subprocess.Popen(
        ["node", "--import", (SCRIPTS / "redirect.mjs").as_uri(), str(program)],
        cwd=packages,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            talk = Mcp(process)
            client = {"name": "test", "version": "1"}
            talk.request("initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo=client)
            yield talk
        finally:
            process.kill()


def test_mcp_server_tools(server: dict[str, Any], mcp: Mcp) -> None:
    """Each of its tools."""
    number = post(server, "/phone-number", byo_number(server))
    names = {tool["name"] for tool in mcp.request("tools/list")["tools"]}
    called = set()

    def call(_tool: str, /, **arguments: Any) -> Any:
        called.add(_tool)
        return mcp.tool(_tool, **arguments)

    tools = {
        "function": {
            "name": "look_up",
            "description": "d",
            "function": {
                "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
                "server": {"url": "https://example.com/look_up"},
            },
        },
        "sms": {"name": "send_text", "description": "d", "sms": {"metadata": {"from": "+15550100123"}}},
        "apiRequest": {
            "name": "ask",
            "description": "d",
            "apiRequest": {"url": "https://example.com/", "method": "GET"},
        },
        "transferCall": {
            "name": "to_human",
            "description": "d",
            "transferCall": {"destinations": [{"type": "number", "number": CALLER, "extension": "1"}]},
        },
    }
    ids = {kind: call("create_tool", type=kind, **body)["id"] for kind, body in tools.items()}
    for kind, tool_id in ids.items():
        assert call("get_tool", toolId=tool_id)["type"] == kind
        assert call("update_tool", toolId=tool_id, name="renamed", description="e")["id"] == tool_id
    assert {tool["id"] for tool in call("list_tools")} == set(ids.values())
    made = call("create_assistant", name="A", instructions="x", toolIds=list(ids.values()), firstMessage="Hello")
    assert call("get_assistant", assistantId=made["id"])["toolIds"] == list(ids.values())
    assert call("update_assistant", assistantId=made["id"], name="B")["name"] == "B"
    assert [item["name"] for item in call("list_assistants")] == ["B"]
    assert [item["phoneNumber"] for item in call("list_phone_numbers")] == [number["number"]]
    assert call("get_phone_number", phoneNumberId=number["id"])["status"] == "active"
    placed = call("create_call", assistantId=made["id"], phoneNumberId=number["id"], customer={"number": CALLER})
    assert call("get_call", callId=placed["id"])["customer"] == {"number": CALLER}
    assert [item["id"] for item in call("list_calls")] == [placed["id"]]
    assert called == names
