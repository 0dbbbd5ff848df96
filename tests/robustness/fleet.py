# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the playbook fleet for many customers with faulty services and declarations; prints the figures.

    python tests/robustness/fleet.py                            # 50 customers with 20 numbers each
    python tests/robustness/fleet.py --customers 6 --numbers 2  # fewer

Each customer is a host of the inventory with an organisation at Vapi, in one of the two regions, and an account at
didlogic. All keys are made for this run, and one server has the accounts of all customers and notes each request: from
which customer it is (by the base URL of the host), whose key it has, and what it names. In other runs all customers
have the same base URLs, as at the real services, and each connection must have one key. Faulty playbooks must be
noticed.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import uuid
from pathlib import Path

import uvicorn
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "roles" / "sandbox" / "files")]

from sandbox_server.accounts import REGIONS, Accounts
from sandbox_server.world import World

from tests.robustness.secret_leaks import needles

PLAYBOOK = "voiceops.vapi_didlogic.fleet"
FIRST_NUMBER = 31201000000
SECONDS = 3600
#: What must be 0 in every run.
BROKEN = (
    "requests with another key",
    "requests that name an object of another customer",
    "requests to another region",
    "connections with several keys",
    "customers with a wrong state in the summary",
    "customers with a wrong environment",
    "writes of a run that should write nothing",
    "secrets in the output and the summary",
    "runs with a wrong exit code",
)
#: Longest word that is searched for in requests: ids of Vapi, phone numbers, SIP logins and ids of didlogic.
WORD = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{5,}")
Variables = dict[str, t.Any]


@dataclasses.dataclass
class Customer:
    """A customer: its declaration and its accounts."""

    index: int
    numbers: list[str]
    world: World = dataclasses.field(default_factory=World)
    password: str = dataclasses.field(default_factory=lambda: secrets.token_hex(12))

    @property
    def name(self) -> str:
        return f"customer{self.index:02}"

    @property
    def region(self) -> str:
        return REGIONS[self.index % len(REGIONS)]

    @property
    def login(self) -> str:
        return str(20000 + self.index)

    def variables(self) -> Variables:
        """The variables of the host."""
        return {
            "vapi_didlogic_region": self.region,
            "vapi_didlogic_vapi_api_key": self.world.vapi_api_key,
            "vapi_didlogic_didlogic_api_key": self.world.didlogic_api_key,
            "vapi_didlogic_trunk": {
                "name": f"didlogic {self.name}",
                "gateway": "sip.nl.didlogic.net",
                "username": self.login,
                "password": self.password,
                "inbound_networks": ["192.0.2.0/28"],
            },
            "vapi_didlogic_assistants": [
                {"name": "Reception", "definition": {"firstMessage": f"{self.name}, text {{{{ text | default(1) }}}}"}}
            ],
            "vapi_didlogic_numbers": [{"number": number, "assistant": "Reception"} for number in self.numbers],
        }

    def deployed(self, text: int) -> bool:
        """Whether the accounts contain the declared environment, and nothing of another customer."""
        state = self.world.state()
        vapi = state["vapi"]
        host = f"sip{'' if self.region == 'us' else '.' + self.region}.vapi.ai"
        uri = f"{{}}@{vapi['credentials'][0]['id']}.{host}" if vapi["credentials"] else ""
        return (
            [item["name"] for item in vapi["credentials"]] == [f"didlogic {self.name}"]
            and [item["firstMessage"] for item in vapi["assistants"]] == [f"{self.name}, text {text}"]
            and sorted(item["number"] for item in vapi["phone_numbers"]) == self.numbers
            and [item["number"] for item in state["numbers"]] == self.numbers
            and all(item["destinations"][0]["destination"] == uri.format(item["number"]) for item in state["numbers"])
        )


def _faults(*faults: Variables) -> t.Callable[[Fleet, Customer, Variables], None]:
    def apply(fleet: Fleet, customer: Customer, variables: Variables) -> None:
        del fleet, variables
        customer.world.faults.set(list(faults))

    return apply


def _declared(**changes: t.Any) -> t.Callable[[Fleet, Customer, Variables], None]:
    def apply(fleet: Fleet, customer: Customer, variables: Variables) -> None:
        del fleet, customer
        for name, value in changes.items():
            variables.pop(f"vapi_didlogic_{name}", None)
            if value is not None:
                variables[f"vapi_didlogic_{name}"] = value

    return apply


def _key_of_another(fleet: Fleet, customer: Customer, variables: Variables) -> None:
    other = fleet.customers[(customer.index + 1) % len(fleet.customers)]
    variables["vapi_didlogic_didlogic_api_key"] = other.world.didlogic_api_key


def _objects_of_another(fleet: Fleet, customer: Customer, variables: Variables) -> None:
    """Vapi's lists contain the objects of another customer too."""
    del variables
    other = fleet.customers[(customer.index + 1) % len(fleet.customers)]
    fleet.foreign[customer.name] = other.name


ALWAYS: Variables = {"times": None}
#: The text of an error of a service, which must not be evaluated.
FOREIGN = "{{ 7 * 7 }} [1, 2]"
#: What is wrong with a customer: the state that the summary must have, and its cause.
TROUBLE: dict[str, tuple[str, t.Callable[[Fleet, Customer, Variables], None]]] = {
    "nothing": ("changed", _faults()),
    "an error 500 at first": ("changed", _faults({"kind": "status", "code": 500})),
    "error 500": (
        "failed",
        _faults({"kind": "status", "code": 500, "body": {"message": FOREIGN}, **ALWAYS, "match": {"api": "vapi"}}),
    ),
    "no response": ("failed", _faults({"kind": "hang", **ALWAYS, "match": {"api": "didlogic"}})),
    "rejected key": ("failed", _faults({"kind": "status", "code": 401, **ALWAYS, "match": {"api": "vapi"}})),
    "lost responses to writes": (
        "changed",
        _faults({"kind": "close", "when": "after", "times": 2, "match": {"method": "WRITE"}}),
    ),
    "no valid response": ("failed", _faults({"kind": "html", **ALWAYS})),
    "objects of another customer": ("changed", _objects_of_another),
    "missing key": ("failed", _declared(vapi_api_key=None)),
    "key that cannot be read": (
        "failed",
        _declared(vapi_api_key="{{ lookup('ansible.builtin.file', '/nonexistent') }}"),
    ),
    "invalid variable": ("failed", _declared(region="mars")),
    "misspelled variable": ("failed", _declared(regoin="eu")),
    "missing variable": ("failed", _declared(numbers=None)),
    "policy": ("failed", _declared(policy=["voiceops-no-such-policy-program"])),
    "other plan": ("failed", _declared(approved_plan="sha256:" + "0" * 64)),
}
#: Wrong for two customers, so it has a run of its own: a key of the next customer.
SHARED = ("failed", _key_of_another)


class Fleet:
    """Customers, the server with their accounts, and the inventory.

    :param folder: an empty folder. :param customers: their number. :param numbers: phone numbers of each.
    """

    def __init__(self, folder: Path, customers: int, numbers: int) -> None:
        self.folder, self.numbers = folder, numbers
        self.customers = [self._customer(index, numbers) for index in range(customers)]
        #: The keys in the environment of the controller, which belong to no customer.
        self.own = World()
        worlds = {customer.name: customer.world for customer in self.customers}
        self.accounts = Accounts(worlds, {customer.name: customer.region for customer in self.customers})
        #: By customer: another one whose objects are in the responses for it.
        self.foreign: dict[str, str] = {}
        self.figures: collections.Counter[str] = collections.Counter(dict.fromkeys(BROKEN, 0))
        self.listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self._app, log_level="critical", lifespan="off", ws="none", http="h11", interface="asgi3"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    @staticmethod
    def _customer(index: int, numbers: int) -> Customer:
        customer = Customer(index, [str(FIRST_NUMBER + index * numbers + at) for at in range(numbers)])
        customer.world.serial = 10_000_000 + index * 10_000  # ids of didlogic that no other customer has
        customer.world.seed(
            {
                "balance": 10,
                "numbers": customer.numbers,
                "sip_accounts": [{"name": customer.login, "label": "Vapi", "password": customer.password}],
            }
        )
        return customer

    def stop(self) -> None:
        """End the server."""
        self.server.should_exit = True
        self.thread.join(10)
        self.listener.close()

    async def _app(self, scope: t.Any, receive: t.Any, send: t.Any) -> None:
        """The accounts; with a fault, the lists of one customer contain the objects of another."""
        sender = re.match(r"/from/(\w+)/\w+/vapi/(credential|assistant|v2/phone-number|phone-number)$", scope["path"])
        other = self.foreign.get(sender[1]) if sender and scope["method"] == "GET" else None
        if not other:
            await self.accounts(scope, receive, send)
            return
        parts: list[t.Any] = []

        async def collect(message: t.Any) -> None:
            parts.append(message)

        await self.accounts(scope, receive, _bound(collect, send))
        found = json.loads(b"".join(part.get("body", b"") for part in parts))
        store = {"credential": "credentials", "assistant": "assistants"}.get(
            sender[2] if sender else "", "phone_numbers"
        )
        more = list(self.accounts_of(other).world.vapi[store].values())
        if isinstance(found, list):
            found += more
        elif isinstance(found.get("results"), list):
            found["results"] += more
        body = json.dumps(found).encode()
        headers = [pair for pair in parts[0]["headers"] if pair[0].lower() != b"content-length"]
        await send({**parts[0], "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    def accounts_of(self, name: str) -> Customer:
        """The customer of that name."""
        return next(customer for customer in self.customers if customer.name == name)

    # -- runs

    def declare(self, trouble: t.Mapping[str, str] | None = None, *, same_urls: bool = False) -> None:
        """Write the inventory, and let the services misbehave.

        :param trouble: by customer, a key of TROUBLE. :param same_urls: all customers have the same base URLs.
        """
        self.foreign.clear()
        folder = self.folder / "host_vars"
        folder.mkdir(parents=True, exist_ok=True)
        for customer in self.customers:
            start = self.url if same_urls else f"{self.url}/from/{customer.name}"
            variables = {
                **customer.variables(),
                "vapi_didlogic_vapi_api_url": f"{start}/{customer.region}/vapi",
                "vapi_didlogic_didlogic_api_url": f"{start}/didlogic",
                "vapi_didlogic_timeout": 2,
                "vapi_didlogic_retry_timeout": 4,
            }
            customer.world.faults.clear()
            kind = (trouble or {}).get(customer.name, "nothing")
            (SHARED if kind == "key of another" else TROUBLE[kind])[1](self, customer, variables)
            (folder / f"{customer.name}.yml").write_text(yaml.safe_dump(variables))
        hosts = {customer.name: None for customer in self.customers}
        (self.folder / "customers.yml").write_text(yaml.safe_dump({"customers": {"hosts": hosts}}))

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the operator, whose own keys belong to no customer."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VAPI_", "DIDLOGIC_"))},
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_FORKS": "10",
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "VAPI_API_KEY": self.own.vapi_api_key,
            "DIDLOGIC_API_KEY": self.own.didlogic_api_key,
        }

    def command(self, playbook: str, *arguments: str, text: int) -> list[str]:
        """The command line of a run.

        :param playbook: its name or path. :param text: the version of the declaration.
        """
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        given = {
            "vapi_didlogic_hosts": "customers",
            "vapi_didlogic_fleet_file": str(self.folder / "fleet.json"),
            "text": text,
        }
        return [program, "-i", "customers.yml", playbook, "-e", json.dumps(given), *arguments]

    def run(self, *arguments: str, text: int, playbook: str = PLAYBOOK) -> tuple[int, str]:
        """Run a playbook to its end.

        :return: the exit code and the output.
        """
        (self.folder / "fleet.json").unlink(missing_ok=True)
        self.accounts.log.clear()
        done = subprocess.run(
            self.command(playbook, *arguments, text=text),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def kill(self, *, text: int, writes: int) -> None:
        """Run the playbook, and kill all its processes after that number of writes."""
        self.accounts.log.clear()
        process = subprocess.Popen(
            self.command(PLAYBOOK, text=text),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None and self.writes < writes:
            time.sleep(0.01)
        killed = process.poll() is None
        # Workers of newer versions of ansible-core have process groups of their own.
        for group in {os.getpgid(process.pid), *_groups_of(process.pid)} if killed else ():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        process.wait()
        self.figures["killed runs"] += killed
        self.note()

    @property
    def writes(self) -> int:
        """The number of writes of the last run."""
        return sum(sent.writes for sent in self.accounts.log)

    # -- judgement

    def note(self) -> None:
        """Count the requests of the last run, and those that must not exist."""
        log, figures = list(self.accounts.log), self.figures
        regions = self.accounts.regions
        owners = self._owners_of_words()
        keys: dict[int, set[str]] = {}
        for sent in log:
            figures["requests with another key"] += sent.owner != (sent.sender or sent.owner) or not sent.owner
            figures["requests to another region"] += sent.api == "vapi" and sent.region != regions.get(
                sent.sender or sent.owner
            )
            words = WORD.findall(f"{sent.path} {sent.body.decode(errors='replace')}")
            figures["requests that name an object of another customer"] += any(
                owners.get(word, sent.sender or sent.owner) != (sent.sender or sent.owner) for word in words
            )
            keys.setdefault(sent.connection, set()).add(sent.owner)
        figures["connections with several keys"] += sum(len(found) > 1 for found in keys.values())
        figures["connections"] += len(keys)
        figures["requests"] += len(log)
        figures["runs"] += 1

    def _owners_of_words(self) -> dict[str, str]:
        """The customer to whom an id, a number or a login belongs."""
        found = {}
        for customer in self.customers:
            world = customer.world
            ids = [world.org_id, customer.login, *customer.numbers]
            ids += [identity for store in world.vapi.values() for identity in store]
            for number in world.didlogic["numbers"]:
                ids += [str(number["id"]), *(str(row["id"]) for row in number["destinations"])]
            found |= dict.fromkeys(ids, customer.name)
        return found

    def judge(
        self, done: tuple[int, str], states: t.Mapping[str, str], *, text: int, unchanged: bool = False
    ) -> dict[str, t.Any]:
        """Count what is wrong with a finished run.

        :param done: exit code and output. :param states: by customer, the expected state in the summary.
        :param text: the version of the declaration of customers that did not fail.
        :param unchanged: whether the run must write nothing. :return: the summary of the run.
        """
        code, output = done
        self.note()
        figures = self.figures
        file = self.folder / "fleet.json"
        summary: dict[str, t.Any] = json.loads(file.read_text()) if file.exists() else {"customers": {}}
        found = {name: row["state"] for name, row in summary["customers"].items()}
        wrong = {name for name in states if found.get(name) != states[name]} | (found.keys() - states.keys())
        failed = [name for name, state in states.items() if state in ("failed", "drift")]
        figures["customers with a wrong state in the summary"] += len(wrong)
        figures["runs with a wrong exit code"] += (code == 2) != bool(failed) or code not in (0, 2)
        figures["customers with a wrong environment"] += sum(
            states.get(customer.name) in ("changed", "unchanged") and not customer.deployed(text)
            for customer in self.customers
        )
        figures["writes of a run that should write nothing"] += self.writes if unchanged else 0
        figures["secrets in the output and the summary"] += self.leaks(output + json.dumps(summary))
        for name in sorted(wrong):
            print(f"{name}: {found.get(name)} instead of {states[name]}: {summary['customers'].get(name)}", flush=True)
        return summary

    def leaks(self, text: str) -> int:
        """The number of secrets in a text."""
        content = text.encode()
        values = [self.own.vapi_api_key, self.own.didlogic_api_key]
        for customer in self.customers:
            values += [customer.world.vapi_api_key, customer.world.didlogic_api_key, customer.password]
        return sum(
            any(form in content for kind, forms in needles(value).items() if kind != "piece" for form in forms)
            for value in values
        )

    def states(self, state: str) -> dict[str, str]:
        """The same state for all customers."""
        return {customer.name: state for customer in self.customers}


def _bound(function: t.Callable[[t.Any], t.Any], send: t.Any) -> t.Any:
    """A function that has the transport of uvicorn, which faults act on."""

    class Bound:
        __self__ = send.__self__

        async def __call__(self, message: t.Any) -> None:
            await function(message)

    return Bound()


def _groups_of(parent: int) -> set[int]:
    """The process groups of the descendants of a process."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = (int(fields[1]), int(fields[2]))
    found, groups = {parent}, set()
    while new := {pid for pid, (above, _group) in parents.items() if above in found} - found:
        found |= new
        groups |= {parents[pid][1] for pid in new}
    return groups


def troubled(fleet: Fleet) -> dict[str, str]:
    """One kind of trouble for each customer, in turn; every third has none."""
    kinds = [kind for kind in TROUBLE if kind != "nothing"]
    names = [customer.name for customer in fleet.customers]
    return {
        name: "nothing" if index % 3 == 2 else kinds[(index - index // 3) % len(kinds)]
        for index, name in enumerate(names)
    }


def expected(trouble: t.Mapping[str, str]) -> dict[str, str]:
    """The states that the summary must have."""
    return {name: TROUBLE[kind][0] for name, kind in trouble.items()}


#: Playbooks with an error that has happened elsewhere; each must be noticed.
FAULTY: dict[str, tuple[str, list[dict[str, t.Any]]]] = {
    "keys read once for all hosts": (
        "requests with another key",
        [
            {
                "ansible.builtin.set_fact": {
                    "vapi_didlogic_vapi_api_key": "{{ vapi_didlogic_vapi_api_key }}",
                    "vapi_didlogic_didlogic_api_key": "{{ vapi_didlogic_didlogic_api_key }}",
                },
                "run_once": True,
            },
        ],
    ),
    "failover to a number of the first host": (
        "requests that name an object of another customer",
        [
            {
                "ansible.builtin.set_fact": {
                    "vapi_didlogic_numbers": "{{ vapi_didlogic_numbers | map('combine', {'failover': "
                    "[hostvars[ansible_play_hosts_all[0]].vapi_didlogic_numbers[0].number]}) }}"
                },
            },
        ],
    ),
    "base URL of one region for all": (
        "requests to another region",
        [
            {
                "ansible.builtin.set_fact": {
                    "vapi_didlogic_vapi_api_url": "{{ vapi_didlogic_vapi_api_url | replace('/eu/', '/us/') }}"
                },
            },
        ],
    ),
    "one failure ends the play": ("customers with a wrong state in the summary", []),
}


def faulty(folder: Path, name: str) -> int:
    """Run a faulty playbook for three customers, and count what is noticed."""
    counted, tasks = FAULTY[name]
    fleet = Fleet(folder, 3, 1)
    try:
        stops = not tasks
        trouble = {"customer00": "error 500"} if stops else {}
        fleet.declare(trouble)
        play = {
            "hosts": "customers",
            "gather_facts": False,
            "any_errors_fatal": stops,
            "serial": 1 if stops else 0,
            "connection": "local",
            "vars": {"ansible_python_interpreter": sys.executable},
            "tasks": [*tasks, {"ansible.builtin.import_role": {"name": "voiceops.vapi_didlogic.integration"}}],
        }
        (folder / "faulty.yml").write_text(yaml.safe_dump([play]))
        with contextlib.redirect_stdout(None):
            fleet.judge(fleet.run(text=1, playbook="faulty.yml"), {}, text=1)
        if stops:  # without a summary of its own, the accounts are looked at
            return sum(not customer.deployed(1) for customer in fleet.customers[1:])
        return fleet.figures[counted]
    finally:
        fleet.stop()


def proof(fleet: Fleet) -> None:
    """All runs in order."""
    states, trouble = fleet.states, troubled(fleet)
    wanted = expected(trouble)
    fleet.declare(trouble)
    fleet.judge(fleet.run("-v", "--diff", text=1), wanted, text=1)
    fleet.figures["customers with a fault"] += sum(kind != "nothing" for kind in trouble.values())
    fleet.figures["customers that failed, as expected"] += sum(state == "failed" for state in wanted.values())

    fleet.declare(same_urls=True)
    completed = {name: "unchanged" if state == "changed" else "changed" for name, state in wanted.items()}
    fleet.judge(fleet.run("-v", "--diff", text=1), completed, text=1)
    fleet.judge(fleet.run(text=1), states("unchanged"), text=1, unchanged=True)

    fleet.kill(text=2, writes=max(1, len(fleet.customers) // 2))
    before = {customer.name: customer.deployed(2) for customer in fleet.customers}
    fleet.judge(fleet.run(text=2), {name: "unchanged" if done else "changed" for name, done in before.items()}, text=2)

    first, second = fleet.customers[0].name, fleet.customers[1].name
    fleet.declare({first: "key of another"})
    shared = fleet.run(text=2)
    fleet.judge(shared, {**states("unchanged"), first: "failed", second: "failed"}, text=2, unchanged=True)

    fleet.declare()
    drift = fleet.run(
        "--check", "-e", "{vapi_didlogic_fail_on_change: \"{{ 'customer00' == inventory_hostname }}\"}", text=3
    )
    fleet.judge(drift, {**states("would change"), first: "drift"}, text=2, unchanged=True)


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=50)
    parser.add_argument("--numbers", type=int, default=20)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder, "fleet"), chosen.customers, chosen.numbers)
        try:
            proof(fleet)
        finally:
            fleet.stop()
        noticed = {name: faulty(Path(folder, str(uuid.uuid4())), name) for name in FAULTY}
    broken = {name: fleet.figures[name] for name in BROKEN}
    figures = {
        "customers": chosen.customers,
        "numbers of each": chosen.numbers,
        "regions": len(REGIONS),
        **{name: number for name, number in fleet.figures.items() if name not in BROKEN},
        **broken,
        "faulty playbooks": len(FAULTY),
        "faulty playbooks that were noticed": sum(count > 0 for count in noticed.values()),
        "seconds": round(time.monotonic() - begun),
    }
    for name, value in figures.items():
        print(f"{value:>8}  {name}")
    for name in [name for name, count in noticed.items() if not count]:
        print(f"NOT NOTICED {name}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if any(broken.values()) or not all(noticed.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
