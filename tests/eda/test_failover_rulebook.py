# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook ``failover``: its file, and under a real ansible-rulebook, with its playbooks on the sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed; `python3 dev.py eda` runs these tests")

import yaml
from playing import TRUNK, Services, wired
from serving import ROOT
from test_availability import DOWN, OPTIONS, UP, World, serving_world, settings
from test_rulebook import ALONE, BOUND, KEPT, PROGRAM, REASON

SHIPPED = ROOT / "extensions" / "eda" / "rulebooks" / "failover.yml"
SOURCE = "voiceops.vapi_didlogic.availability"
Until = Callable[[Callable[[], Any]], Awaitable[Any]]


def test_rulebook_connects_both_states_with_their_playbooks() -> None:
    (document,) = yaml.safe_load(SHIPPED.read_text())
    ((source),) = document["sources"]
    assert set(source[SOURCE]) <= set(OPTIONS)
    # One after the other: failback must not overtake failover.
    assert document["execution_strategy"] == "sequential"
    found = {rule["condition"]: rule["action"]["run_playbook"] for rule in document["rules"][1:]}
    assert {condition: action["name"] for condition, action in found.items()} == {
        f'event.availability.state == "{DOWN}"': "voiceops.vapi_didlogic.failover",
        f'event.availability.state == "{UP}"': "voiceops.vapi_didlogic.failback",
    }
    records = {action["extra_vars"]["vapi_didlogic_failover_record"] for action in found.values()}
    assert len(records) == 1


def shipped(world: World) -> dict[str, Any]:
    """The shipped rulebook with the SIP server of the tests."""
    found: dict[str, Any]
    (found,) = yaml.safe_load(SHIPPED.read_text())
    found["sources"][0][SOURCE].update(
        {
            name: value
            for name, value in settings(world).items()
            if name.startswith("sip_") or name in ("interval", "down_after", "up_after")
        }
    )
    return found


def write(folder: Path, document: dict[str, Any], **variables: Any) -> None:
    """The files of a rulebook."""
    (folder / "rulebook.yml").write_text(yaml.safe_dump([document]))
    (folder / "variables.yml").write_text(yaml.safe_dump({"vapi_didlogic_events_folder": str(folder), **variables}))
    (folder / "inventory.ini").write_text("localhost ansible_connection=local\n")


@asynccontextmanager
async def running(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Until]:
    """ansible-rulebook, running; yields what waits until something holds."""
    log = folder / "rulebook.log"
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            str(PROGRAM), "--rulebook", "rulebook.yml", "--inventory", "inventory.ini", "--vars", "variables.yml",
            cwd=folder, stdout=output, stderr=output,
            env={**environment, "PATH": os.pathsep.join([str(PROGRAM.parent), os.environ["PATH"]])},
        )  # fmt: skip

    async def until(what: Callable[[], Any]) -> Any:
        while not (found := await asyncio.to_thread(what)):
            assert process.returncode is None, log.read_text()
            await asyncio.sleep(0.1)
        return found

    try:
        async with asyncio.timeout(2 * BOUND):
            yield until
    except TimeoutError:
        pytest.fail(log.read_text())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def made(folder: Path, world: World) -> None:
    """The shipped rulebook with servers of the tests, and playbooks that write what they were given."""
    document = shipped(world)
    interpreter = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    for rule in document["rules"][1:]:
        action = rule["action"]["run_playbook"]
        name = action["name"].rpartition(".")[2]
        action["name"] = f"{name}.yml"
        given = "['" + "', '".join(action["extra_vars"]) + "'] | map('extract', vars) | list"
        content = "{{ {'state': ansible_eda.event.availability.state, 'given': " + given + "} | to_json }}"
        task = {"ansible.builtin.copy": {"content": content, "dest": f"{folder}/{name}.json", "mode": "0600"}}
        (folder / f"{name}.yml").write_text(
            yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": interpreter, "tasks": [task]}])
        )
    write(
        folder,
        document,
        vapi_didlogic_vapi_api_url=f"{world.url}/vapi",
        vapi_didlogic_didlogic_api_url=f"{world.url}/didlogic",
        vapi_didlogic_failover_approval=[DOWN],
        vapi_didlogic_numbers=[{"number": "31201234560", "assistant": "Night"}],
    )


@pytest.mark.slow
@pytest.mark.skipif(bool(REASON), reason=REASON)
def test_rulebook_runs_both_playbooks_after_an_approval(tmp_path: Path) -> None:
    key = secrets.token_urlsafe(24)
    log = tmp_path / "rulebook.log"

    def written(name: str) -> Any:
        file = tmp_path / f"{name}.json"
        return json.loads(file.read_text()) if file.exists() and file.read_text() else None

    async def play() -> None:
        async with serving_world() as world:
            made(tmp_path, world)
            async with running(tmp_path, {**os.environ, "DIDLOGIC_API_KEY": key}) as until:
                first = await until(lambda: written("failback"))
                (tmp_path / "failback.json").unlink()
                world.sip, world.api = "503 Service Unavailable", 503
                await until(lambda: "availability_pending" in log.read_text())
                await asyncio.sleep(1)
                assert not written("failover")
                (tmp_path / ".vapi_didlogic_approval").write_text(DOWN)
                second = await until(lambda: written("failover"))
                world.sip, world.api = "200 OK", 200
                third = await until(lambda: written("failback"))
            record = f"{tmp_path}/.vapi_didlogic_availability.json"
            assert first == third == {"state": UP, "given": [f"{world.url}/didlogic", record]}
            numbers = [{"number": "31201234560", "assistant": "Night"}]
            assert second == {
                "state": DOWN,
                "given": [numbers, False, f"{world.url}/didlogic", record, "", True],
            }
            assert f"Bearer {key}" in world.keys
        printed = log.read_text()
        assert key not in printed
        assert "Traceback" not in printed
        assert "ERROR" not in printed

    asyncio.run(play())


@pytest.mark.slow
@pytest.mark.skipif(bool(REASON), reason=REASON)
def test_rulebook_bypasses_vapi_with_the_shipped_playbooks(tmp_path: Path) -> None:
    """The rulebook and its playbooks as shipped, from Vapi's outage to its return, on the sandbox's forwards."""
    services = Services(tmp_path)
    folder = tmp_path / "rulebook"
    folder.mkdir()
    log, record = folder / "rulebook.log", folder / ".vapi_didlogic_availability.json"

    async def play() -> None:
        async with serving_world() as world:
            write(
                folder,
                shipped(world),
                vapi_didlogic_vapi_api_url=f"{world.url}/vapi",
                vapi_didlogic_didlogic_api_url=services.facts["didlogic_api_url"],
            )
            async with running(folder, services.environment) as until:
                await until(lambda: log.read_text().count("PLAY RECAP") == 1)
                assert "PLAY [Forward the calls to Vapi again]" in log.read_text()
                assert services.destinations(KEPT) == before
                world.sip, world.api = "503 Service Unavailable", 503
                await until(lambda: log.read_text().count("PLAY RECAP") == 2)
                assert [active for _where, active in services.destinations(KEPT)] == [False, True, True]
                assert [active for _where, active in services.destinations(ALONE)] == [True]
                assert list(json.loads(record.read_text())["numbers"]) == [KEPT]
                world.sip, world.api = "200 OK", 200
                await until(lambda: log.read_text().count("PLAY RECAP") == 3)
                assert services.destinations(KEPT) == before
                assert not record.exists()

    try:
        services.sandbox("reset", "POST", wired(KEPT, ALONE))
        before = services.destinations(KEPT)
        asyncio.run(play())
    finally:
        services.stop()
    printed = log.read_text()
    assert f"without another active destination, not switched: {ALONE}" in printed
    assert printed.count("PLAY [Bypass Vapi]") == 1
    assert "failed=1" not in printed
    for unexpected in (services.facts["didlogic_api_key"], services.facts["vapi_api_key"], TRUNK, "Traceback", "ERROR"):
        assert unexpected not in printed
