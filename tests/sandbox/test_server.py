# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox as a process: its files, its life, and its faults on a real socket."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .running import FILES, command, start


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    command(folder, "--stop")


def test_server_lifecycle(folder: Path) -> None:
    """Port 0, files for the owner alone, a state that survives, one process at a time, a clean end."""
    facts = start(folder, seed={"numbers": ["31201234567"]})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert facts["vapi_api_url"] == f"http://127.0.0.1:{facts['port']}/vapi"
    headers = {"Authorization": f"Bearer {facts['vapi_api_key']}"}
    password = secrets.token_hex()
    body = {
        "provider": "byo-sip-trunk",
        "gateways": [{"ip": "192.0.2.1"}],
        "outboundAuthenticationPlan": {"authUsername": "01234", "authPassword": password},
    }
    with httpx.Client(base_url=facts["vapi_api_url"], headers=headers, trust_env=False) as client:
        trunk = client.post("/credential", json=body).json()
    assert start(folder)["pid"] == facts["pid"]
    assert json.loads(command(folder, "--status").stdout) == {"running": True, "port": facts["port"]}
    taken = command(folder.with_name("other"), "--daemon", "--port", str(facts["port"]))
    assert (taken.returncode, "Address already in use" in taken.stderr) == (1, True)

    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 10
    while (folder / "sandbox.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert json.loads(command(folder, "--status").stdout) == {"running": False, "port": None}
    assert json.loads(command(folder, "--stop").stdout) == {"changed": False}

    again = start(folder, seed={"numbers": ["31209999999"]})  # a seed does not touch what is kept
    same = ("vapi_api_key", "didlogic_api_key", "control_token")
    assert [again[name] for name in same] == [facts[name] for name in same]
    with httpx.Client(base_url=again["vapi_api_url"], headers=headers, trust_env=False) as client:
        assert client.get(f"/credential/{trunk['id']}").json() == trunk
        token = {"Authorization": f"Bearer {again['control_token']}"}
        state = client.get(f"{again['control_url']}/state", headers=token).json()
    assert [number["number"] for number in state["numbers"]] == ["31201234567"]
    log = (folder / "sandbox.log").read_text()
    assert "listening on http://127.0.0.1" in log
    assert not [word for word in (password, *(facts[name] for name in same)) if word in log]

    assert json.loads(command(folder, "--reset", "--seed", "-", seed={"balance": 1}).stdout) == {"changed": True}
    assert json.loads((folder / "state.json").read_text())["balance"] == 1
    wrong = command(folder, "--reset", "--seed", "-", seed={"nonsense": 1})
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("invalid seed: the seed has an unknown key `nonsense`")
    os.kill(again["pid"], signal.SIGKILL)
    assert start(folder)["pid"] != again["pid"]  # what a dead one left behind counts for nothing
    assert json.loads(command(folder, "--stop").stdout) == {"changed": True}


@pytest.mark.parametrize(
    ("arguments", "seed", "message"),
    [
        (["--host", "0.0.0.0"], None, "invalid choice: '0.0.0.0'"),
        (["--daemon", "--seed", "-"], {"numbers": 1}, "invalid seed: numbers must be a list"),
        (["--daemon", "--seed", "/nonexistent"], None, "the seed /nonexistent cannot be read as JSON"),
        (["--reset"], None, "no sandbox runs in"),
    ],
)
def test_invalid_arguments_are_errors(tmp_path: Path, arguments: list[str], seed: Any, message: str) -> None:
    done = command(tmp_path / "state", *arguments, seed=seed)
    assert done.returncode
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_unreadable_state_is_an_error(folder: Path) -> None:
    folder.mkdir()
    (folder / "state.json").write_text("{")
    done = command(folder, "--daemon")
    assert (done.returncode, "remove it to start with an empty sandbox" in done.stderr) == (1, True)


def test_missing_libraries_are_named(tmp_path: Path) -> None:
    """Without starlette the answer is one sentence, and looking and stopping still work."""
    done = {
        act: subprocess.run(
            [sys.executable, "-S", "-m", "sandbox_server", "--state-dir", str(tmp_path), act],
            cwd=FILES,
            text=True,
            capture_output=True,
            check=False,
            timeout=30,
            env={},
        )
        for act in ("--daemon", "--status", "--stop")
    }
    assert [one.returncode for one in done.values()] == [1, 0, 0]
    assert done["--daemon"].stderr.endswith("-m pip install starlette uvicorn\n")
    assert done["--daemon"].stderr.count("\n") == 1


def test_server_ends_after_max_seconds(folder: Path) -> None:
    done = command(folder, "--max-seconds", "0.2")
    assert (done.returncode, (folder / "sandbox.json").exists()) == (0, False)


def raw(server: dict[str, Any], request: str, timeout: float = 5) -> tuple[bytes, bool]:
    """Everything that a plain socket receives, and whether the connection was reset."""
    received = b""
    with socket.create_connection(("127.0.0.1", server["port"]), timeout=timeout) as connection:
        connection.sendall(request.encode())
        try:
            while part := connection.recv(65536):
                received += part
        except TimeoutError:
            pass
        except ConnectionResetError:
            return received, True
    return received, False


def misbehave(server: dict[str, Any], **fault: Any) -> None:
    headers = {"Authorization": f"Bearer {server['control_token']}"}
    httpx.put(f"{server['control_url']}/faults", json=[fault], headers=headers, trust_env=False).raise_for_status()


def get(server: dict[str, Any], timeout: float = 5) -> tuple[bytes, bytes, bool]:
    request = (
        f"GET /didlogic/v1/balance HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Authorization: Bearer {server['didlogic_api_key']}\r\n\r\n"
    )
    received, was_reset = raw(server, request, timeout)
    head, _gap, body = received.partition(b"\r\n\r\n")
    return head.lower(), body, was_reset


BALANCE = b'{"balance":0.0}'


@pytest.mark.parametrize("kind", ["close", "hang"])
def test_fault_without_response(server: dict[str, Any], kind: str) -> None:
    misbehave(server, kind=kind, **({"seconds": 0.2} if kind == "hang" else {}))
    began = time.monotonic()
    assert get(server) == (b"", b"", False)
    assert (time.monotonic() - began >= 0.2) == (kind == "hang")
    assert get(server)[1] == BALANCE


@pytest.mark.parametrize("kind", ["reset", "refuse"])
def test_fault_reset_connection(server: dict[str, Any], kind: str) -> None:
    misbehave(server, kind=kind)
    assert get(server) == (b"", b"", True)


def test_fault_truncated_response(server: dict[str, Any]) -> None:
    misbehave(server, kind="truncate")
    head, body, _was_reset = get(server)
    assert b"content-length: 15" in head
    assert body == BALANCE[:7]


@pytest.mark.parametrize("kind", ["drip", "delay"])
def test_fault_slow_response(server: dict[str, Any], kind: str) -> None:
    misbehave(server, kind=kind, seconds=0.3, **({"bytes": 8} if kind == "drip" else {}))
    began = time.monotonic()
    assert get(server)[1] == BALANCE
    assert time.monotonic() - began >= (0.6 if kind == "drip" else 0.3)


@pytest.mark.parametrize(
    ("fault", "head", "body"),
    [
        ({"kind": "status", "code": 503, "headers": {"Retry-After": "1"}}, b"retry-after: 1", b"sandbox fault"),
        ({"kind": "html"}, b"content-type: text/html", b"<!DOCTYPE html>"),
        ({"kind": "garbage"}, b"http/1.1 200", b"\xff\xfe"),
        ({"kind": "redirect", "location": "http://192.0.2.1/x"}, b"location: http://192.0.2.1/x", b""),
        ({"kind": "gzip_bomb", "size": 1000000}, b"content-encoding: gzip", b"\x1f\x8b"),
    ],
)
def test_fault_invalid_response(server: dict[str, Any], fault: dict[str, Any], head: bytes, body: bytes) -> None:
    misbehave(server, **fault)
    answer = get(server)
    assert head in answer[0]
    assert body in answer[1]
    assert len(answer[1]) < 2000


def test_keepalive_requests_have_no_delay(server: dict[str, Any]) -> None:
    """Requests over one connection do not wait for the network's own timers (40 ms each)."""
    url = f"http://127.0.0.1:{server['port']}/sandbox/health"
    with httpx.Client(trust_env=False) as client:
        client.get(url)
        began = time.monotonic()
        for _number in range(25):
            client.get(url)
        assert time.monotonic() - began < 0.5


def test_foreign_host_name_is_refused(server: dict[str, Any]) -> None:
    received, _was_reset = raw(server, "GET /sandbox/state HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400")


def test_server_stops_during_a_pending_request(folder: Path) -> None:
    facts = start(folder)
    misbehave(facts, kind="hang", seconds=60)
    assert get(facts, timeout=0.2)[:2] == (b"", b"")
    began = time.monotonic()
    assert json.loads(command(folder, "--stop").stdout) == {"changed": True}
    assert time.monotonic() - began < 5
