# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks on hosts of an inventory: each host is an environment with its own accounts, and no host is a failure."""

from __future__ import annotations

import datetime
import json
import re
import secrets
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playing import ROOT, Services

EXAMPLE = ROOT / "docs" / "examples" / "environments"
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
NUMBERS = {"staging": "31207001000", "production": "31207001001"}
#: The accounts are in the vault files of the environments only.
WITHOUT_KEYS = dict.fromkeys(("VAPI_API_KEY", "VAPI_API_URL", "DIDLOGIC_API_KEY", "DIDLOGIC_API_URL"))


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The accounts of the second environment."""
    found = Services(tmp_path_factory.mktemp("production"), forked=True)
    yield found
    found.stop()


@pytest.fixture
def accounts(services: Services, production: Services) -> dict[str, Services]:
    """The accounts of each environment, each with a number."""
    found = {"staging": services, "production": production}
    for host, account in found.items():
        account.sandbox("reset", "POST", {"balance": 12.5, "numbers": [NUMBERS[host]]})
    return found


@pytest.fixture
def repository(accounts: dict[str, Services]) -> Path:
    """The example with vault files, as its guide describes it."""
    services = accounts["staging"]
    folder = services.folder / "repository"
    shutil.copytree(EXAMPLE, folder)
    (folder / ".vault-password").write_text(secrets.token_hex(12))
    for host, account in accounts.items():
        vault = folder / "host_vars" / host / "vault.yml"
        keys = {f"vault_{name}_api_key": account.facts[f"{name}_api_key"] for name in ("vapi", "didlogic")}
        urls = {f"vapi_didlogic_{name}_api_url": account.facts[f"{name}_api_url"] for name in ("vapi", "didlogic")}
        vault.write_text(yaml.safe_dump({**keys, **urls, "vault_sip_password": secrets.token_hex(12)}))
        run(services, folder, "ansible-vault", "encrypt", str(vault))
    return folder


def run(services: Services, folder: Path, program: str, *arguments: str) -> Any:
    password = ("--vault-password-file", ".vault-password")
    done = services.ansible(program, *arguments, *password, where=folder, environment=WITHOUT_KEYS)
    assert done.rc == 0, done.text
    return done


def play(services: Services, folder: Path, playbook: str, *arguments: str) -> Any:
    inventory = ("-i", "hosts.yml", "-e", "vapi_didlogic_hosts=voice")
    return run(services, folder, "ansible-playbook", f"voiceops.vapi_didlogic.{playbook}", *inventory, *arguments)


def changed(text: str) -> dict[str, int]:
    """Number of changes by host."""
    return {host: int(count) for host, count in re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+)", text, re.MULTILINE)}


def test_each_host_is_an_environment_with_its_own_accounts(
    accounts: dict[str, Services], repository: Path, services: Services
) -> None:
    # Nothing connects to the hosts, whatever the inventory says about them.
    connection = {"ansible_connection": "ssh", "ansible_become": True, "ansible_python_interpreter": "/nonexistent"}
    (repository / "host_vars" / "staging" / "connection.yml").write_text(yaml.safe_dump(connection))
    done = play(services, repository, "integrate", "-e", "vapi_didlogic_summary_file=summary.json")
    assert set(changed(done.out)) == {"staging", "production"}
    assert all(changed(done.out).values())
    prompt = (EXAMPLE / "prompts" / "reception.txt").read_text().rstrip("\n")
    for host, account in accounts.items():
        (trunk,) = account.vapi("GET", "/credential")
        (phone,) = account.vapi("GET", "/phone-number")
        (assistant,) = account.vapi("GET", "/assistant")
        assert (trunk["name"], phone["number"]) == (f"didlogic {host}", NUMBERS[host])
        assert assistant["model"]["messages"] == [{"role": "system", "content": prompt}]
        assert assistant["firstMessage"].startswith("Good day {{ customer.name }}")
        failover = [("05678", True)] if host == "production" else []
        assert account.destinations(NUMBERS[host])[1:] == failover
        summary = json.loads((repository / f"summary-{host}.json").read_text())
        (other,) = set(NUMBERS) - {host}
        assert NUMBERS[host] in json.dumps(summary)
        assert NUMBERS[other] not in json.dumps(summary)
    assert set(changed(play(services, repository, "integrate").out).values()) == {0}


def test_limit_selects_an_environment(accounts: dict[str, Services], repository: Path, services: Services) -> None:
    play(services, repository, "integrate")
    play(services, repository, "teardown", "--limit", "staging")
    assert [len(account.vapi("GET", "/phone-number")) for account in accounts.values()] == [0, 1]


def test_hosts_do_not_overwrite_files_of_each_other(repository: Path, services: Services) -> None:
    play(services, repository, "integrate")
    play(services, repository, "export")
    play(services, repository, "audit", "-e", "vapi_didlogic_audit_fail_on=never")
    for host, number in NUMBERS.items():
        (other,) = set(NUMBERS.values()) - {number}
        for file in (f"environment-{host}.yml", f"audit-{host}.html", f"audit-{host}.json"):
            text = (repository / file).read_text()
            assert number in text, file
            assert other not in text, file


@pytest.mark.parametrize(
    "given", [(), ("-e", "vapi_didlogic_forget_caller_record=record.json")], ids=["default", "given"]
)
def test_hosts_have_a_record_of_their_own(
    accounts: dict[str, Services], repository: Path, services: Services, given: tuple[str, ...]
) -> None:
    """With the ids of the host's own calls, which Vapi does not delete."""
    number = "+447700900123"
    (repository / "caller.yml").write_text(yaml.safe_dump({"vapi_didlogic_forget_caller_number": number}))
    ids = {host: str(uuid.uuid4()) for host in accounts}
    now = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
    for host, account in accounts.items():
        call = {"id": ids[host], "type": "inboundPhoneCall", "status": "ended", "customer": {"number": number}}
        account.sandbox("reset", "POST", {"vapi": {"calls": [call | {"createdAt": now}]}})
        account.faults({"kind": "status", "code": 409, "match": {"api": "vapi", "method": "DELETE"}, "times": None})
    arguments = ("-i", "hosts.yml", "-e", "@caller.yml", "-e", "vapi_didlogic_hosts=voice", *given)
    password = ("--vault-password-file", ".vault-password")
    book = "voiceops.vapi_didlogic.forget_caller"
    done = services.ansible("ansible-playbook", book, *arguments, *password, where=repository, environment=WITHOUT_KEYS)
    for account in accounts.values():
        account.faults()
    assert done.rc == 2, done.text
    for host, call_id in ids.items():
        record = repository / (f"record-{host}.json" if given else f"caller.forget_caller-{host}.json")
        assert list(json.loads(record.read_text())["calls"].values()) == [[call_id]]


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbook_fails_if_no_host_matches(untouched: Services, playbook: str) -> None:
    hosts = untouched.folder / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"voice": {"hosts": {"staging": {}}}, "web": {"hosts": {"other": {}}}}))
    for arguments in (
        ("-e", "vapi_didlogic_hosts=voise"),
        ("-e", "vapi_didlogic_hosts=voice", "--limit", "web"),
        ("--limit", "voice"),
    ):
        done = untouched.play(f"voiceops.vapi_didlogic.{playbook}", "-i", str(hosts), *arguments)
        assert done.rc != 0, done.text
        assert "No host of the inventory matches the pattern" in done.text
    assert untouched.writes == 0
