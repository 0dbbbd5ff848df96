# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of our own: nothing but loopback, with any addresses, and programs that end with the tests.

Names and ports can be the real ones in there, two runs never meet, and no packet finds a way out.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

#: Where Debian keeps servers, which is not on everybody's path.
SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
SETUP = """
set -e
ip link set lo up
for address in {addresses}; do ip address add "$address/32" dev lo; done
mount --bind "{resolver}" /etc/resolv.conf
echo ready
exec cat
"""


class Unavailable(Exception):
    """The machine does not let us have such a network."""


def program(name: str) -> str:
    """Where a program is; asked for only after `missing` has found that it is there."""
    return shutil.which(name, path=SEARCH) or name


def missing(programs: dict[str, str]) -> str:
    """A sentence on the first program that is not installed, with the package that brings it."""
    for name, package in programs.items():
        if shutil.which(name, path=SEARCH) is None:
            return f"{name} is not installed (apt-get install {package})"
    return ""


class Namespace:
    """The network, and what runs in it."""

    def __init__(self, folder: Path, addresses: Iterable[str], resolver: str) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        file = folder / "resolv.conf"
        file.write_text(f"nameserver {resolver}\n")
        # Whoever is not root becomes it in a namespace of users, where the system allows that.
        self.user = [] if os.geteuid() == 0 else ["--user"]
        setup = SETUP.format(addresses=" ".join(addresses), resolver=file)
        command = ["unshare", *(["--user", "--map-root-user"] if self.user else []), "--net", "--mount"]
        # It waits for more input until this process is gone, however that ends.
        self.holder = subprocess.Popen(
            [*command, "sh", "-c", setup],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PATH": SEARCH},
            start_new_session=True,
        )
        assert self.holder.stdout is not None
        ready = select.select([self.holder.stdout], [], [], 30)[0] and self.holder.stdout.readline() == b"ready\n"
        if not ready:
            self.close()
            words = self.stderr.decode(errors="replace").strip().splitlines()
            raise Unavailable(f"no network namespace can be made: {words[-1] if words else 'no answer'}")

    def command(self, *words: str | int | Path, end: str = "KILL") -> list[str]:
        """The command line that runs a program in here; it ends when the tests do."""
        enter = ["nsenter", "--target", str(self.holder.pid), "--net", "--mount"]
        if self.user:
            enter += ["--user", "--preserve-credentials"]
        return [
            *enter,
            f"--wd={self.folder}",
            "setpriv",
            "--pdeathsig",
            end,
            program(str(words[0])),
            *map(str, words[1:]),
        ]

    def start(self, log: Path, *words: str | int | Path, end: str = "KILL") -> subprocess.Popen[bytes]:
        """Start a program that runs until it is ended."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.command(*words, end=end),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": SEARCH, "TERM": "dumb"},
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM, default_timeout: float = 5) -> None:
        """End a program that was started here, and all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(default_timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(default_timeout)
        if process in self.running:
            self.running.remove(process)

    def bound(self, address: str, port: int = 5060) -> bool:
        """Whether somebody listens for datagrams there; asked of the kernel, as a packet would count as a call."""
        octets = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
        table = Path(f"/proc/{self.holder.pid}/net/udp").read_text()
        return f" {octets}:{port:04X} " in table

    def close(self) -> None:
        """End everything; the network goes with the last process in it."""
        for process in reversed(list(self.running)):
            self.stop(process)
        for stream in (self.holder.stdin, self.holder.stdout):
            if stream is not None:
                stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.holder.wait(5)
        if self.holder.poll() is None:
            self.stop(self.holder, signal.SIGKILL)
        assert self.holder.stderr is not None
        self.stderr = self.holder.stderr.read()
        self.holder.stderr.close()
