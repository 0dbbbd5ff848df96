# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection at work: dry run, run, second run and teardown of one environment on the sandbox.

`python3 dev.py demo`. No account is needed and none is touched: both services
are a stand-in on 127.0.0.1, and settings for real ones are ignored. Ends with 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = Path(__file__).with_name("environment.yml")
KINDS = {1: "SIP URI", 4: "phone", 5: "SIP account"}
# Bought at didlogic; one rings a desk and then a mobile today, one has no destination.
SEED = {
    "balance": 25.0,
    "sip_accounts": [{"name": "01234", "label": "made in the portal"}],
    "numbers": [
        {
            "number": "31207001000",
            "destinations": [{"destination": "01234", "transport": 5}, {"destination": "31612340000", "transport": 4}],
        },
        {"number": "31207001001"},
        {"number": "31207001002", "destinations": [{"destination": "01234", "transport": 5}]},
    ],
}
# Settings that could lead to a real account, or change what is shown.
FOREIGN = ("ANSIBLE_", "DIDLOGIC_", "VAPI_")


@dataclass
class Run:
    """What one call of a playbook did."""

    code: int
    output: str
    writes: dict[str, int]
    seconds: float

    @property
    def changed(self) -> int:
        """Tasks that reported a change."""
        found = re.findall(r"\bchanged=(\d+)", self.output)
        return int(found[-1]) if found else -1


@dataclass
class Sandbox:
    """The stand-in of both services, and the environment that points Ansible to it."""

    folder: Path
    #: Where the collection is installed, if not in this checkout.
    collections: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start the server with fresh keys and the bought numbers."""
        (self.folder / "ansible.cfg").touch()
        seed = self.folder / "seed.json"
        seed.write_text(json.dumps(SEED))
        self._server("--daemon", "--port", "0", "--seed", str(seed), "--max-seconds", "7200")
        self.facts = json.loads((self.folder / "sandbox.json").read_text())
        self.env = {
            "VAPI_API_URL": self.facts["vapi_api_url"],
            "VAPI_API_KEY": self.facts["vapi_api_key"],
            "DIDLOGIC_API_URL": self.facts["didlogic_api_url"],
            "DIDLOGIC_API_KEY": self.facts["didlogic_api_key"],
            "DIDLOGIC_SIP_PASSWORD": secrets.token_urlsafe(18),
        }

    def stop(self) -> None:
        """Stop the server."""
        self._server("--stop")

    @property
    def server(self) -> Path:
        """The folder with the server's program."""
        installed = self.collections / "ansible_collections/voiceops/vapi_didlogic" if self.collections else ROOT
        return installed / "roles" / "sandbox" / "files"

    def _server(self, *arguments: str) -> None:
        command = [sys.executable, "-B", "-m", "sandbox_server", "--state-dir", str(self.folder), *arguments]
        env = os.environ | {"PYTHONPATH": str(self.server)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr.strip() or "the sandbox did not start")

    def secrets(self) -> list[str]:
        """What no output may hold."""
        return [value for name, value in self.env.items() if name.endswith(("_KEY", "_PASSWORD"))]

    def vapi(self, path: str) -> Any:
        """What Vapi's API says."""
        return self._get(self.facts["vapi_api_url"] + path, self.facts["vapi_api_key"])

    def didlogic(self, path: str) -> Any:
        """What didlogic's API says."""
        return self._get(self.facts["didlogic_api_url"] + path, self.facts["didlogic_api_key"])

    def writes(self, *, forget: bool = False) -> dict[str, int]:
        """Requests other than GET since the last time they were forgotten, by method."""
        url, token = f"{self.facts['control_url']}/journal", self.facts["control_token"]
        if forget:
            return dict(self._get(url, token, method="DELETE"))
        counts = self._get(url, token)["by_method"]
        return {method: count for method, count in counts.items() if method != "GET"}

    @staticmethod
    def _get(url: str, key: str, method: str = "GET") -> Any:
        request = urllib.request.Request(url, method=method, headers={"Authorization": f"Bearer {key}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)


# --- Running playbooks -----------------------------------------------------------------------------------------------


def settings(sandbox: Sandbox) -> dict[str, str]:
    """The environment of ansible-playbook: nothing of the machine's own settings, everything of the sandbox."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return (
        env
        | sandbox.env
        | {
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_COLLECTIONS_PATH": str(sandbox.collections or ROOT / "collections"),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": str(not sandbox.collections),
            "ANSIBLE_CONFIG": str(sandbox.folder / "ansible.cfg"),
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_HOME": str(sandbox.folder / "ansible"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_NOCOWS": "true",
            "COLUMNS": "80",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
        }
    )


def play(sandbox: Sandbox, playbook: str, *options: str, everything: bool = False) -> Run:
    """Run a playbook and show its output while it runs."""
    displayed = f"ansible-playbook voiceops.vapi_didlogic.{playbook} -e @environment.yml"
    print("$", displayed, *options, flush=True)
    sandbox.writes(forget=True)
    start, output = time.monotonic(), []
    command = [sys.executable, "-m", "ansible", "playbook", f"voiceops.vapi_didlogic.{playbook}"]
    with subprocess.Popen(
        [*command, "--extra-vars", f"@{ENVIRONMENT}", *options],
        cwd=sandbox.folder,
        env=settings(sandbox),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        left_out = 0
        for block in blocks(process.stdout or iter(())):
            output.append(block)
            if everything or telling(block):
                print(block.rstrip() + "\n", flush=True)
            else:
                left_out += 1
    if left_out:
        print(f"({left_out} tasks that only looked or checked are left out here; --all shows them)")
    return Run(process.returncode, "".join(output), sandbox.writes(), time.monotonic() - start)


def blocks(lines: Any) -> Iterator[str]:
    """The output cut at the heads of tasks and of the recap."""
    block = ""
    for line in lines:
        if re.match(r"(TASK|PLAY|RUNNING HANDLER)\b", line) and block.strip():
            yield block
            block = ""
        block += line
    if block.strip():
        yield block


def telling(block: str) -> bool:
    """Whether a block says more than that a task went well."""
    if not block.lstrip().startswith("TASK"):
        return not block.lstrip().startswith("PLAY [")
    return any(not re.match(r"(TASK \[|ok: \[[^]]+\]( => \(item=.*\))?\s*$|included: |\s*$)", line)
               for line in block.splitlines())  # fmt: skip


# --- What stands at both services ------------------------------------------------------------------------------------

Routes = dict[str, list[tuple[str, str]]]


def routes(sandbox: Sandbox) -> Routes:
    """For each number the active destinations in the order in which calls try them, and what each leads to."""
    trunks = {row["id"]: row["name"] for row in sandbox.vapi("/credential")}
    assistants = {row["id"]: row["name"] for row in sandbox.vapi("/assistant")}
    answering = {
        (row["credentialId"], row["number"]): assistants.get(row.get("assistantId"), "nobody")
        for row in sandbox.vapi("/phone-number")
    }
    found: Routes = {}
    for number in sorted(str(row["number"]) for row in sandbox.didlogic("/v1/purchases")["purchases"]):
        rows = sandbox.didlogic(f"/v1/purchases/{number}/destinations")["destination"]
        found[number] = []
        for row in sorted(rows, key=lambda row: (row["priority"], row["id"])):
            if not row["active"]:
                continue
            address = str(row["destination"])
            user, _at, host = address.partition("@")
            label = host.split(".")[0]
            leads = KINDS[row["transport"]]
            if label in trunks:
                leads = f"Vapi, assistant {answering.get((label, user), 'nobody')}"
            found[number].append((address, leads))
    return found


def show_routes(title: str, found: Routes) -> None:
    """Print the routes as a table."""
    print(f"{title}\n")
    print(f"  {'number':13} {'calls go':9} {'to':64} that is")
    for number, rows in found.items():
        for index, (address, leads) in enumerate(rows or [("nowhere", "")]):
            order = "" if not rows else "first" if not index else "then"
            print(f"  {number if not index else '':13} {order:9} {address:64} {leads}".rstrip())
    print()


def show_outbound(sandbox: Sandbox) -> None:
    """Print what outbound calls use."""
    trunks = {row["id"]: row for row in sandbox.vapi("/credential")}
    print(f"  {'number':13} calls out over")
    for row in sorted(sandbox.vapi("/phone-number"), key=lambda row: str(row["number"])):
        trunk = trunks[row["credentialId"]]
        gateway = next(gateway for gateway in trunk["gateways"] if gateway["outboundEnabled"])
        login = trunk["outboundAuthenticationPlan"]["authUsername"]
        print(f"  {row['number']:13} {gateway['ip']}:{gateway['port']} ({gateway['outboundProtocol']}), login {login}")
    print()


# --- The demonstration -----------------------------------------------------------------------------------------------


def head(text: str) -> None:
    """A heading."""
    print(f"\n{text}\n{'=' * len(text)}\n", flush=True)


def told(run: Run) -> None:
    """One line on what a run cost."""
    count = sum(run.writes.values())
    how = f" ({', '.join(f'{number} {method}' for method, number in sorted(run.writes.items()))})" if count else ""
    if run.code:
        print(f"ansible-playbook ended with {run.code}.")
    print(f"changed tasks: {max(run.changed, 0)}    write requests: {count}{how}    {run.seconds:.0f} s", flush=True)


def demonstrate(sandbox: Sandbox, *, keep: bool, everything: bool) -> list[tuple[bool, str]]:
    """Run the phases; returns the promises and whether each was kept."""
    runs, kept = [], []

    head("The starting point: numbers as bought at didlogic, nothing at Vapi")
    bought = routes(sandbox)
    show_routes("Where calls go today", bought)

    head("1. Dry run: what would happen at both services")
    dry = play(sandbox, "integrate", "--check", "--diff", everything=everything)
    told(dry)
    kept.append((dry.code == 0 and not dry.writes and routes(sandbox) == bought, "the dry run wrote nothing"))

    head("2. Run")
    real = play(sandbox, "integrate", everything=everything)
    told(real)
    print()
    wired = routes(sandbox)
    show_routes("Where calls go now, as both APIs tell", wired)
    show_outbound(sandbox)
    inbound = [number for number in bought if wired[number] != bought[number]]
    answered = [wired[number][0][1].startswith("Vapi, assistant Reception") for number in inbound]
    kept += [
        (real.code == 0 and real.changed == dry.changed, "the run changed what the dry run said"),
        (any(answered) and all(answered), "calls go to the assistant first"),
        (
            all(wired[number][1:] == bought[number] for number in inbound),
            "the previous destinations follow, in their order",
        ),
    ]

    head("3. Second run")
    again = play(sandbox, "integrate", everything=everything)
    told(again)
    same = again.code == 0 and again.changed == 0 and not again.writes and routes(sandbox) == wired
    kept.append((same, "the second run changed and wrote nothing"))
    runs += [dry, real, again]

    if not keep:
        head("4. Teardown")
        down = play(sandbox, "teardown", everything=everything)
        told(down)
        print()
        runs.append(down)
        show_routes("Where calls go after the teardown", routes(sandbox))
        empty = not any(sandbox.vapi(path) for path in ("/credential", "/phone-number", "/assistant", "/tool"))
        kept.append((down.code == 0 and empty and routes(sandbox) == bought, "the teardown left what was there before"))

    outputs = "".join(run.output for run in runs)
    kept.append((not any(secret in outputs for secret in sandbox.secrets()), "no key and no password was printed"))
    return kept


def leave_running(sandbox: Sandbox) -> None:
    """Say how to go on by hand."""
    file = sandbox.folder / "sandbox.env"
    file.touch(mode=0o600)
    # With the control token in the path, playbooks reach the control endpoints by this address too.
    port, token = sandbox.facts["port"], sandbox.facts["control_token"]
    env = sandbox.env | {"VAPI_API_URL": f"http://127.0.0.1:{port}/{token}/vapi"}
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items()))
    server = f"PYTHONPATH={sandbox.server} {sys.executable} -m sandbox_server --state-dir {sandbox.folder}"
    print("The sandbox goes on running for two hours. To use it:")
    print(f"\n  . {file}\n  ansible-playbook voiceops.vapi_didlogic.integrate -e @{ENVIRONMENT}")
    print(f"\nTo stop it:\n\n  {server} --stop\n")


def main() -> int:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description="Show the collection at work on the sandbox.")
    parser.add_argument("--keep", action="store_true", help="leave out the teardown and let the sandbox run on")
    parser.add_argument("--collections", type=Path, help="run the collection installed in this folder")
    parser.add_argument("--all", action="store_true", help="show every task of the playbooks")
    options = parser.parse_args()
    lacking = [name for name in ("ansible", "httpx", "pydantic", "starlette", "uvicorn") if find_spec(name) is None]
    if lacking:
        sys.exit(f"{', '.join(lacking)} cannot be imported here. Run it by `python3 dev.py demo`, which brings all.")

    sandbox = Sandbox(Path(tempfile.mkdtemp(prefix="voiceops-demo-")), options.collections)
    try:
        sandbox.start()
        try:
            kept = demonstrate(sandbox, keep=options.keep, everything=options.all)
        except BaseException:
            options.keep = False
            raise
        finally:
            if not options.keep:
                sandbox.stop()
    finally:
        if not options.keep:
            shutil.rmtree(sandbox.folder, ignore_errors=True)

    head("Promises")
    for good, promise in kept:
        print(f"  {'kept  ' if good else 'BROKEN'}  {promise}")
    print()
    if options.keep:
        leave_running(sandbox)
    return 0 if all(good for good, _said in kept) else 1


if __name__ == "__main__":
    sys.exit(main())
