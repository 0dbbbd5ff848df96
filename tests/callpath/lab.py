# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both services and the people who call, made of real SIP software in a network of their own.

* Kamailio is didlogic's proxy and Vapi's door, each with the tables that `world.py` makes of what the APIs say.
* SIPp is who calls, who is called, the assistants, and Vapi when it calls out.
* baresip is the caller whose call is handed on: it does what a REFER says.
* dnsmasq knows the names, so that proxies find one another as they do in the world.

The addresses are those that Vapi documents, and for the rest those that are reserved for examples.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.callpath import scenarios, world
from tests.callpath.ladder import Dump, Ladder
from tests.callpath.namespace import Namespace

HERE = Path(__file__).parent
PROGRAMS = {
    "kamailio": "kamailio",
    "sipp": "sip-tester",
    "baresip": "baresip-core",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
HOST = "sip.nl.didlogic.net"
DIDLOGIC = "192.0.2.1"
VAPI = {"us": "44.229.228.186", "eu": "63.182.83.170"}
PHONES = "198.51.100.0/24"
CALLER, BARESIP = "198.51.100.10", "198.51.100.11"
ASSISTANTS = [f"203.0.113.{host}" for host in range(1, 9)]
HANDING_ON = "203.0.113.20"
RESOLVER = "127.0.0.53"
#: Somebody's phone: by the name that the pictures show, the number or the login, and the address.
PEOPLE = {
    "callee": ("31612340001", "198.51.100.20"),
    "human": ("31207001999", "198.51.100.30"),
    "desk": ("01234", "198.51.100.40"),
    "mobile": ("31612340000", "198.51.100.50"),
}
NAMES = {DIDLOGIC: "didlogic", VAPI["us"]: "Vapi US", VAPI["eu"]: "Vapi EU", CALLER: "caller", BARESIP: "caller"}
CONSISTENCY_DELAYS_SECONDS = 40  # seconds; calls take less than one on an idle machine

BARESIP_CONFIG = """
poll_method epoll
sip_listen {address}:5060
call_local_timeout 60
call_max_calls 4
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
module_path {modules}
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
"""
BARESIP_ACCOUNT = '<sip:{user}@{host};transport=udp>;regint=0;outbound="sip:{proxy};transport=udp";answermode=manual\n'


def baresip_modules() -> Path | None:
    """Where the distribution keeps them."""
    folders = [Path("/usr/lib/baresip/modules"), Path("/usr/local/lib/baresip/modules")]
    folders += sorted(Path("/usr/lib").glob("*/baresip/modules"))
    return next((folder for folder in folders if (folder / "menu.so").exists()), None)


class Lab:
    """The servers, which run as long as the tests do, and calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A socket's path must be short.
        self.short = Path(tempfile.mkdtemp(prefix="callpath-"))
        (folder / "dump").mkdir()
        self.dump = Dump(folder / "dump", [DIDLOGIC, *VAPI.values()])
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self.names = NAMES | {address: name for name, (_number, address) in PEOPLE.items()}
        self.assistants: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}
        self.state: dict[str, Any] = {}
        self.region = "us"
        self.passwords: Mapping[str, str] = {}
        self.secret = ""
        self.pictures: list[str] = []
        self.count = 0
        self.commanding = threading.Lock()
        own = [*self.names, *ASSISTANTS, HANDING_ON, RESOLVER]
        try:
            self.network = Namespace(folder, own, RESOLVER)
        except BaseException:
            shutil.rmtree(self.short, ignore_errors=True)
            raise
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        zone = {"sip.vapi.ai": VAPI["us"], "sip.eu.vapi.ai": VAPI["eu"], HOST: DIDLOGIC}
        self.servers["dnsmasq"] = self.network.start(
            self.folder / "dnsmasq.log",
            *("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"),
            *("--bind-interfaces", f"--listen-address={RESOLVER}"),
            *(f"--address=/{name}/{address}" for name, address in zone.items()),
        )
        for name in ("didlogic", "vapi"):
            self._proxy(name)
        for name, (_number, address) in PEOPLE.items():
            self._answering(name, scenarios.phone(), address, f"phone of the {name}")
        for address in (DIDLOGIC, *VAPI.values()):
            self._until(lambda: self.network.bound(address), f"a proxy on {address}")  # noqa: B023
        self._until(lambda: self.network.bound(RESOLVER, 53), "dnsmasq")
        for name in ("didlogic", "vapi"):
            self._until((self.short / name).exists, f"the socket of {name}")

    def _proxy(self, name: str) -> None:
        """Start a proxy."""
        words = {
            "ADDRESS": DIDLOGIC,
            "HOST": HOST,
            "PHONES": PHONES,
            "US": VAPI["us"],
            "EU": VAPI["eu"],
            "SOCKET": str(self.short / name),
            "DUMP": str(self.dump.folder),
        }
        text = re.sub(r"@([A-Z]+)@", lambda found: words[found[1]], (HERE / f"{name}.cfg").read_text())
        file = self.folder / f"{name}.cfg"
        file.write_text(text)
        (self.short / name).unlink(missing_ok=True)
        self.servers[name] = self.network.start(
            self.folder / f"{name}.log",
            *("kamailio", "-f", file, "-DD", "-E", "-m", "16", "-M", "4"),
            *("-P", self.short / f"{name}.pid", "-Y", self.short, "-w", self.short),
            end="TERM",
        )

    def kill_vapi(self) -> None:
        """End Vapi's proxy with all its processes, at once and without a goodbye."""
        process = self.servers.pop("vapi")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(CONSISTENCY_DELAYS_SECONDS)
        self.network.running.remove(process)

    def freeze_vapi(self) -> None:
        """Vapi's proxy receives, and never responds."""
        os.killpg(self.servers["vapi"].pid, signal.SIGSTOP)

    def thaw_vapi(self) -> None:
        """Vapi's proxy goes on."""
        os.killpg(self.servers["vapi"].pid, signal.SIGCONT)

    def refuse(self, status: int) -> None:
        """Vapi's proxy refuses every new request with this status; 0 ends that."""
        self._command("vapi", "htable.seti", "state", "refuse", status)

    def revive_vapi(self) -> None:
        """Start Vapi's proxy again, with the state that it had."""
        self._proxy("vapi")
        for address in VAPI.values():
            self._until(lambda: self.network.bound(address), f"a proxy on {address}")  # noqa: B023
        self._until((self.short / "vapi").exists, "the socket of vapi")
        self._tables("vapi", world.vapi_tables(self.state, self.region, self._places()))

    def close(self) -> None:
        """End everything that runs."""
        self.network.close()
        shutil.rmtree(self.short, ignore_errors=True)

    # --- what the APIs say

    def load(
        self,
        state: Mapping[str, Any],
        region: str,
        passwords: Mapping[str, str],
        secret: str,
        rules: world.Rules,
    ) -> None:
        """Bring both sides to what the APIs say now; ``secret`` is the password that Vapi's trunk was given."""
        if self.dump.messages():
            self.pictures.append(self.ladder().draw())
        self.state, self.region, self.passwords, self.secret = dict(state), region, passwords, secret
        self._staff()
        people = dict(PEOPLE.values())
        self._tables("didlogic", world.didlogic_tables(self.state, passwords, people, rules))
        self._tables("vapi", world.vapi_tables(self.state, region, self._places()))
        self.dump.mark()

    def route(self, state: Mapping[str, Any]) -> None:
        """Bring didlogic's destinations to what its API says now, one by one: a call may come meanwhile."""
        known, desired = (world.destinations(each) for each in (self.state, state))
        for table in ("destination", "kind"):
            for key, value in sorted(desired[table].items(), reverse=True):
                if known[table].get(key) != value:
                    self._command("didlogic", "htable.sets", table, key, value)
            for key in set(known[table]) - set(desired[table]):
                self._command("didlogic", "htable.delete", table, key)
        self.state = dict(state)

    def _places(self) -> dict[str, str]:
        return {key: address for key, (address, _process) in self.assistants.items()}

    def _staff(self) -> None:
        """Every assistant answers at an address of its own."""
        desired = {item["id"]: item["name"] for item in self.state["vapi"]["assistants"]}
        for key in set(self.assistants) - set(desired):
            address, process = self.assistants.pop(key)
            self.network.stop(process, signal.SIGKILL)
            self.names.pop(address)
        for key, name in desired.items():
            if key not in self.assistants:
                taken = {address for address, _process in self.assistants.values()}
                address = next(address for address in ASSISTANTS if address not in taken)
                self.names[address] = name
                process = self._answering(f"assistant-{key}", scenarios.phone(), address, f"assistant {name}")
                self.assistants[key] = (address, process)

    def _tables(self, name: str, tables: world.Tables) -> None:
        for table, entries in tables.items():
            self._command(name, "htable.flush", table)
            for key, value in entries.items():
                self._command(name, "htable.seti" if isinstance(value, int) else "htable.sets", table, key, value)

    def _command(self, name: str, method: str, *parameters: str | int) -> None:
        """Kamailio's own remote control, by datagrams over a file."""
        own = self.short / "answer"
        with self.commanding, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
            own.unlink(missing_ok=True)
            control.settimeout(CONSISTENCY_DELAYS_SECONDS)
            control.bind(str(own))
            question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
            control.sendto(json.dumps(question).encode(), str(self.short / name))
            answer = json.loads(control.recv(65536))
        assert "error" not in answer, f"{name}: {method}: {answer['error']}"

    # --- calls

    def call(self, number: str, caller: str = "31699999999") -> Ladder:
        """Somebody calls a number of the account, talks a moment if anybody answers, and hangs up."""
        self._play("caller", scenarios.caller(), CALLER, DIDLOGIC, number, caller)
        return self._over("caller")

    def place(self, phone_number_id: str, target: str) -> Ladder:
        """Vapi calls somebody over the trunk of a phone number."""
        self._dial(world.path(self.state, phone_number_id, target))
        return self._over(self.names[VAPI[self.region]])

    def _dial(self, path: world.CallPath) -> None:
        assert path.protocol in {"udp", "tcp"}, f"SIPp speaks no {path.protocol} here"
        login = (path.username, self.secret) if path.username else None
        # Names are the business of the programs that can resolve them in here.
        assert path.host == HOST, f"{path.host} is not didlogic's gateway"
        target = f"{DIDLOGIC}:{path.port}"
        steps = scenarios.dialler(login)
        address = VAPI[self.region]
        self._play("vapi-calls", steps, address, target, path.dialled, path.caller, protocol=path.protocol)

    def calling(self, number: str, rate: int, caller: str = "31699999999") -> subprocess.Popen[bytes]:
        """Somebody calls a number, this many times a second, until SIPp is ended; SIGUSR1 lets the last calls end."""
        options = ("-r", str(rate), "-m", "100000", "-s", number, "-key", "caller", caller, "-key", "domain", HOST)
        return self._sipp("calling", scenarios.caller(lonely=True), CALLER, DIDLOGIC, *options, port=20000 + self.count)

    def _play(
        self, name: str, steps: str, address: str, target: str, number: str, caller: str, protocol: str = "udp"
    ) -> None:
        """Play a scenario once, from a port that nobody has used before."""
        process = self._sipp(
            name,
            steps,
            address,
            *(target, "-m", "1", "-t", {"udp": "u1", "tcp": "t1"}[protocol], "-s", number),
            *(
                "-key",
                "caller",
                caller,
                "-key",
                "domain",
                HOST,
                "-timeout",
                str(CONSISTENCY_DELAYS_SECONDS),
                "-timeout_error",
            ),
            port=20000 + self.count,
        )
        try:
            code = process.wait(CONSISTENCY_DELAYS_SECONDS + 10)
        finally:
            self.network.stop(process, signal.SIGKILL)
        assert code == 0, f"SIPp ({name}) ended with {code}\n{self.ladder().draw()}\n{self.complaints()}"

    def _over(self, name: str) -> Ladder:
        """The whole of a call, once it has been taken down to its end."""

        def finished(found: Ladder) -> bool:
            asked, last = len(found.requests("INVITE", source=name)), found.answers("INVITE", target=name)
            if not asked or len(last) < asked or len(found.requests("ACK", source=name)) < asked:
                return False
            return last[-1] >= 300 or bool(found.answers("BYE", target=name))

        return self.wait(finished, f"the end of the call from {name}")

    @contextlib.contextmanager
    def phone(self, number: str, caller: str = "31699999999") -> Iterator[None]:
        """A softphone calls a number, and stays in the call until it is told to hang up."""
        self.count += 1
        folder = self.folder / f"baresip-{self.count}"
        folder.mkdir()
        modules = baresip_modules()
        (folder / "config").write_text(BARESIP_CONFIG.format(address=BARESIP, modules=modules))
        account = BARESIP_ACCOUNT.format(user=caller, host=HOST, proxy=DIDLOGIC)
        (folder / "accounts").write_text(account)
        (folder / "contacts").write_text("")
        command = ("baresip", "-4", "-f", folder, "-t", CONSISTENCY_DELAYS_SECONDS, "-e", f"/dial sip:{number}@{HOST}")
        process = self.network.start(folder / "baresip.log", *command, end="TERM")
        try:
            yield
        finally:
            # It hangs up first.
            self.network.stop(process, signal.SIGTERM, 15)

    @contextlib.contextmanager
    def handing_on(self, assistant: str, target: str) -> Iterator[None]:
        """For a while this assistant answers and hands every call on by REFER."""
        key = {item["name"]: item["id"] for item in self.state["vapi"]["assistants"]}[assistant]
        self.names[HANDING_ON] = assistant
        by = f"sip:assistant@{HANDING_ON}"
        process = self._answering(
            f"handing-on-{self.count}",
            scenarios.handing_on(),
            HANDING_ON,
            f"assistant {assistant}",
            *("-key", "target", target, "-key", "by", by),
        )
        self._command("vapi", "htable.sets", "assistant", key, HANDING_ON)
        try:
            yield
        finally:
            self.network.stop(process, signal.SIGKILL)

    def _answering(
        self, name: str, steps: str, address: str, who: str, *more: str, port: int = 5060
    ) -> subprocess.Popen[bytes]:
        """Somebody who answers calls, one after the other."""
        process = self._sipp(name, steps, address, "-key", "who", who, *more, port=port)
        self._until(lambda: self.network.bound(address, port), name)
        return process

    def _sipp(self, name: str, steps: str, address: str, *more: str, port: int) -> subprocess.Popen[bytes]:
        self.count += 1
        base = self.folder / f"{self.count:03d}-{name}"
        file = base.with_suffix(".xml")
        file.write_text(steps)
        return self.network.start(
            base.with_suffix(".log"),
            *("sipp", "-sf", file, "-i", address, "-mi", address, "-p", port, "-nostdin"),
            *("-trace_msg", "-message_file", base.with_suffix(".messages")),
            *("-trace_err", "-error_file", base.with_suffix(".errors")),
            *more,
        )

    # --- what was seen

    def ladder(self) -> Ladder:
        """All calls since the last `load`."""
        return Ladder(self.dump.messages(), self.names)

    def picture(self) -> str:
        """All calls since `pictures` was emptied."""
        return "\n".join([*self.pictures, self.ladder().draw()])

    def wait(self, condition: Callable[[Ladder], Any], what: str) -> Ladder:
        """Wait until something has been seen on the wire."""
        self._until(lambda: condition(self.ladder()), what)
        return self.ladder()

    def _until(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + CONSISTENCY_DELAYS_SECONDS
        while not condition():
            gone = [name for name, process in self.servers.items() if process.poll() is not None]
            if gone or time.monotonic() > end:
                why = f"{gone[0]} has ended" if gone else f"waited in vain for {what}"
                raise AssertionError(f"{why}\n{self.ladder().draw()}\n{self.complaints()}")
            time.sleep(0.02)

    def messages(self) -> str:
        """The same calls in full, as far back as the last `load`."""
        return "\n".join(
            f"=== {self.names.get(item.source, item.source)} -> {self.names.get(item.target, item.target)}\n{item.text}"
            for item in self.dump.messages()
        )

    def complaints(self) -> str:
        """What SIPp and the proxies have to say."""
        files = [*sorted(self.folder.glob("*.errors"))[-3:], *sorted(self.folder.glob("*.log"))]
        texts = [(file.name, file.read_text(errors="replace")[-2000:]) for file in files if file.exists()]
        return "\n".join(f"--- {name}\n{text}" for name, text in texts if text.strip() and "Screen" not in text)
