# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use the control endpoints, and what the sandbox does with the folder that it is given."""

from __future__ import annotations

import itertools
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.control import ENDPOINTS
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World

from .running import command, start

GUARDED = [(method, path) for method, path, _act in ENDPOINTS if path != "/health"]
# What browsers send for a page of another origin, one header alone or both.
FOREIGN_ORIGINS = [
    "http://evil.example",
    "null",
    "https://127.0.0.1",
    "http://127.0.0.1:1",
    "http://127.0.0.1.evil.example",
]
FOREIGN_SITES = ["cross-site", "same-site", "SAME-ORIGIN", ""]
PAGES = [
    {name: value for name, value in (("origin", origin), ("sec-fetch-site", site)) if value is not None}
    for origin, site in itertools.product([None, *FOREIGN_ORIGINS], [None, *FOREIGN_SITES])
    if (origin, site) != (None, None)
]
# A page may send these types without asking first.
TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"]


def snapshot(world: World) -> tuple[Any, ...]:
    return world.dump(), list(world.journal), world.settings["latency_ms"], world.time.dump()


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("in_path", [False, True])
def test_other_origins_are_rejected_even_with_the_token(
    transport: Any, world: World, method: str, path: str, in_path: bool
) -> None:
    before = snapshot(world)
    base = f"http://127.0.0.1/{world.control_token}" if in_path else "http://127.0.0.1"
    token = {} if in_path else {"authorization": f"Bearer {world.control_token}"}
    with httpx.Client(transport=transport) as client:
        for page, kind in itertools.product(PAGES, TYPES):
            headers = {**page, **token, "content-type": kind}
            answer = client.request(method, f"{base}/sandbox{path}", content=b"{}", headers=headers)
            assert (answer.status_code, "another origin" in answer.text) == (403, True), (page, kind)
            assert not [name for name in answer.headers if name.startswith("access-control")]
    assert snapshot(world) == before


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_token_is_required(transport: Any, world: World, method: str, path: str) -> None:
    before = snapshot(world)
    keys = [world.vapi_api_key, world.didlogic_api_key, "", world.control_token[:-1], world.control_token + "0"]
    wrong = [{}, *({"authorization": f"{scheme} {key}"} for scheme in ("Bearer", "Basic") for key in keys)]
    paths = ["", *(f"/{key}" for key in keys if key), f"/x/{world.control_token}"]
    with httpx.Client(transport=transport) as client:
        for headers in wrong:
            answer = client.request(method, f"http://127.0.0.1/sandbox{path}", content=b"{}", headers=headers)
            assert (answer.status_code, "sandbox.json" in answer.text) == (401, True), headers
        for prefix in paths:
            answer = client.request(method, f"http://127.0.0.1{prefix}/sandbox{path}", content=b"{}")
            assert answer.status_code in {401, 404}, prefix
    assert snapshot(world) == before


@pytest.mark.parametrize(("method", "path", "_act"), ENDPOINTS)
def test_endpoint_accepts_the_token(transport: Any, world: World, method: str, path: str, _act: Any) -> None:
    """From clients that are no browser, from a page of the sandbox itself, and with the token in the path."""
    bodies = {"/faults": [], "/clock": {"advance": 1}, "/call": {"to": "31201234567", "from": "+31612340000"}}
    token = {"authorization": f"Bearer {world.control_token}"}
    own = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    with httpx.Client(transport=transport) as client:
        for prefix, headers in (("", token), ("", token | own), (f"/{world.control_token}", {})):
            world.reset({"numbers": ["31201234567"]})
            body = bodies.get(path, {}) if method != "GET" else None
            answer = client.request(method, f"http://127.0.0.1{prefix}/sandbox{path}", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            assert world.control_token not in answer.text


def test_services_under_the_token_keep_their_own_keys(transport: Any, world: World) -> None:
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1/{world.control_token}") as client:
        assert client.get("/vapi/credential").status_code == 401
        assert client.get("/didlogic/v1/balance").status_code == 403
        headers = {"authorization": f"Bearer {world.vapi_api_key}"}
        assert client.get("/vapi/credential", headers=headers).status_code == 200
    assert [entry["path"] for entry in world.journal] == ["/credential", "/v1/balance", "/credential"]


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o770, 0o775, 0o2775, 0o777, 0o1777, 0o703])
def test_mode_of_existing_folder_is_kept(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(mode)
    if mode & stat.S_IWOTH:
        done = command(folder, "--daemon")
        assert (done.returncode, "can be changed by every user" in done.stderr) == (1, True)
        assert "Traceback" not in done.stderr
        assert not list(folder.iterdir())
    else:
        start(folder)
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
        command(folder, "--stop")
    assert stat.S_IMODE(folder.stat().st_mode) == mode


@pytest.mark.parametrize("name", ["sandbox.log", "lock", "state.tmp", "sandbox.tmp"])
def test_symlinks_in_the_folder_are_not_followed(tmp_path: Path, name: str) -> None:
    folder, other = tmp_path / "state", tmp_path / "other"
    folder.mkdir(0o700)
    other.write_text("mine")
    (folder / name).symlink_to(other)
    done = command(folder, "--daemon", "--max-seconds", "5")
    command(folder, "--stop")
    assert (done.returncode, other.read_text()) == (1, "mine")
    assert "Traceback" not in done.stderr
