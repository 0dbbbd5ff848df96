# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook fleet: many customers in one run, and the example with the keys in HashiCorp Vault.

Vault is a simulation of its HTTP API, KV version 2. ``tests/robustness/fleet.py`` has more customers and faults.
"""

from __future__ import annotations

import collections
import http.server
import json
import secrets
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playing import ROOT, Services

sys.path.insert(0, str(ROOT))

from tests.robustness import fleet as robustness
from tests.robustness.secret_leaks import search

EXAMPLE = ROOT / "docs" / "examples" / "fleet"
#: Variables that other customers' keys must not come from.
WITHOUT_KEYS = dict.fromkeys(("VAPI_API_KEY", "VAPI_API_URL", "DIDLOGIC_API_KEY", "DIDLOGIC_API_URL"))
#: Each task of a host evaluates the templates that it uses.
MOST_READS = 12


@pytest.fixture
def four(tmp_path: Path) -> Iterator[robustness.Fleet]:
    """Four customers with two numbers each."""
    fleet = robustness.Fleet(tmp_path / "fleet", 4, 2)
    yield fleet
    fleet.stop()


def run(services: Services, fleet: robustness.Fleet, *arguments: str) -> tuple[int, str]:
    """Run the playbook as the program does, in a process that has imported Ansible."""
    fleet.accounts.log.clear()
    keys = {"VAPI_API_KEY": fleet.own.vapi_api_key, "DIDLOGIC_API_KEY": fleet.own.didlogic_api_key}
    command = fleet.command(robustness.PLAYBOOK, *arguments, text=1)[1:]
    done = services.ansible("ansible-playbook", *command, where=fleet.folder, environment={**WITHOUT_KEYS, **keys})
    return done.rc, done.text


def all_well(fleet: robustness.Fleet) -> bool:
    return not any(fleet.figures[name] for name in robustness.BROKEN)


@pytest.mark.slow
@pytest.mark.each_version
def test_failing_customer_stops_no_other(services: Services, four: robustness.Fleet) -> None:
    names = [customer.name for customer in four.customers]
    trouble = dict(zip(names, ("missing key", "nothing", "key that cannot be read", "error 500"), strict=True))
    four.declare(trouble)
    comment = four.folder / "fleet.md"
    done = run(services, four, "-e", f"vapi_didlogic_fleet_comment_file={comment}")
    summary = four.judge(done, robustness.expected(trouble), text=1)
    assert all_well(four), four.figures
    assert summary["states"] == {"changed": 1, "drift": 0, "failed": 3, "unchanged": 0, "would_change": 0}
    assert summary["customers"][names[1]]["summary"]["created"] == 6
    assert "reads no key from the environment" in summary["customers"][names[0]]["message"]
    assert robustness.FOREIGN in summary["customers"][names[3]]["message"]
    assert comment.read_text().startswith("### Fleet: 3 of 4 failed\n")
    for text in (comment.read_text(), done[1]):
        assert "4 customers: 3 failed, 1 changed." in text
        assert f"{names[1]}  changed             6        0        0          0       0" in text
        assert "status 500" in text

    four.declare(same_urls=True)
    states = {name: "unchanged" if kind == "nothing" else "changed" for name, kind in trouble.items()}
    four.judge(run(services, four), states, text=1)
    assert all_well(four), four.figures


class Vault:
    """A simulation of Vault with the secrets of customers.

    :param stored: by customer. Other paths and other tokens are rejected, as are the customers in ``denied``.
    """

    def __init__(self, stored: dict[str, dict[str, str]]) -> None:
        self.stored, self.token = stored, f"hvs.{secrets.token_hex(24)}"
        self.denied: set[str] = set()
        self.reads: collections.Counter[str] = collections.Counter()
        vault = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers like Vault."""

            def do_GET(self) -> None:
                """Return a secret."""
                folder, _slash, name = self.path.rpartition("/")
                known = folder == "/v1/secret/data/customers" and name in vault.stored
                permitted = self.headers.get("X-Vault-Token") == vault.token and name not in vault.denied
                vault.reads[name] += 1
                metadata = {"created_time": "2026-01-31T09:30:00Z", "version": 1}
                answer: dict[str, Any] = {"errors": [] if permitted else ["permission denied"]}
                if known and permitted:
                    answer = {"data": {"data": vault.stored[name], "metadata": metadata}}
                body = json.dumps(answer).encode()
                self.send_response(403 if not permitted else 200 if known else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Print nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.mark.slow
def test_example_reads_secrets_from_vault(services: Services, tmp_path: Path) -> None:
    """Customer by customer: what Vault denies for one does not affect the other."""
    folder = tmp_path / "repository"
    shutil.copytree(EXAMPLE, folder)
    hosts = {
        name: yaml.safe_load((folder / "host_vars" / name / "main.yml").read_text()) for name in ("acme", "globex")
    }
    fleet = robustness.Fleet(tmp_path / "fleet", 2, 2)
    for customer, declared in zip(fleet.customers, hosts.values(), strict=True):
        customer.world.reset({"numbers": [item["number"] for item in declared["vapi_didlogic_numbers"]]})
        assert declared["vapi_didlogic_region"] == customer.region
    vault = Vault(
        {
            name: {
                "vapi_api_key": customer.world.vapi_api_key,
                "didlogic_api_key": customer.world.didlogic_api_key,
                "sip_password": customer.password,
            }
            for name, customer in zip(hosts, fleet.customers, strict=True)
        }
    )
    canaries = {f"{name} {key}": text for name, found in vault.stored.items() for key, text in found.items()}
    canaries["token"] = vault.token
    given = {
        "vapi_didlogic_hosts": "customers",
        "vapi_didlogic_fleet_file": "fleet.json",
        "vapi_didlogic_vapi_api_url": f"{fleet.url}/{{{{ vapi_didlogic_region }}}}/vapi",
        "vapi_didlogic_didlogic_api_url": f"{fleet.url}/didlogic",
    }
    environment = {**WITHOUT_KEYS, "VAULT_ADDR": vault.address, "VAULT_TOKEN": vault.token}

    def play(*arguments: str) -> tuple[Any, dict[str, str]]:
        vault.reads.clear()
        fleet.accounts.log.clear()
        command = ("-i", "customers.yml", robustness.PLAYBOOK, "-e", json.dumps(given), *arguments)
        done = services.ansible("ansible-playbook", *command, where=folder, environment=environment)
        places = {"output": done.text.encode(), "summary": (folder / "fleet.json").read_bytes()}
        assert not search("run", places, canaries)
        owners = {sent.owner for sent in fleet.accounts.log}
        assert "" not in owners, "a request with an unknown key"
        summary = json.loads((folder / "fleet.json").read_text())
        return done, {name: row["state"] for name, row in summary["customers"].items()}

    try:
        vault.denied = {"globex"}
        done, states = play()
        assert (done.rc, states) == (2, {"acme": "changed", "globex": "failed"}), done.text
        assert {sent.owner for sent in fleet.accounts.log} == {fleet.customers[0].name}
        vault.denied.clear()
        done, states = play("-vvvv", "--diff")
        assert (done.rc, states) == (0, {"acme": "unchanged", "globex": "changed"}), done.text
        assert set(vault.reads) == set(hosts)
        assert max(vault.reads.values()) <= MOST_READS, vault.reads
        for customer, declared in zip(fleet.customers, hosts.values(), strict=True):
            phones = customer.world.vapi["phone_numbers"].values()
            assert {item["number"] for item in phones} == {item["number"] for item in declared["vapi_didlogic_numbers"]}
    finally:
        vault.server.shutdown()
        vault.server.server_close()
        fleet.stop()
