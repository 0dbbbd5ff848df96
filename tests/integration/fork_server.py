# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fork server for Ansible's programs: ``python fork_server.py SOCKET``.

Half of the CPU time of a short run of ansible-playbook is spent on imports. This process imports them once and forks
for each run; the child then does what the program does, from the parsing of its arguments on. What is read at import,
the settings of Ansible, comes from the environment of this process, so a run with other settings needs another server
(see ``playing.Server``).

A connection is one run: the client sends a JSON object with ``program``, ``arguments``, ``cwd`` and ``environment``,
ended by a line feed, with the file descriptors of the standard output and the standard error. It is sent the process
group of the run, and its exit code when it has ended, one line each.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"

#: What every run imports.
PRELOADED = (
    "ansible.cli.inventory",
    "ansible.cli.playbook",
    "ansible.executor.task_executor",
    "httpx",
    "pydantic",
)
#: Plugins that most runs load; their documentation, which defines their settings, is read with them.
LOADED = {
    "action": ("normal",),
    "callback": ("default",),
    "connection": ("local",),
    "inventory": ("advanced_host_list", "auto", "host_list", "ini", "script", "toml", "yaml"),
    "shell": ("sh",),
    "strategy": ("linear",),
}


def main(path: str) -> None:
    """Serve until the standard input ends, which is when the client ends."""
    preload()
    gc.collect()
    gc.freeze()
    # A run is left to its supervisor, and a supervisor to nobody.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print("ready", flush=True)
        while server in select.select([server, sys.stdin], [], [])[0]:
            connection, _address = server.accept()
            if os.fork() == 0:
                server.close()
                supervise(connection)
            connection.close()


def preload() -> None:
    """Import what runs need: of Ansible, of the libraries, and all of this collection."""
    for name in PRELOADED:
        with contextlib.suppress(ImportError):  # not in every version
            importlib.import_module(name)
    from ansible.plugins import loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig, _collection_finder

    loader.init_plugin_loader()
    importlib.import_module("ansible_collections.ansible.builtin")
    for kind, names in LOADED.items():
        for name in names:
            getattr(loader, f"{kind}_loader").get(name, class_only=True)
    for file in sorted(PLUGINS.rglob("*.py")):
        parts = file.relative_to(PLUGINS).with_suffix("").parts
        with contextlib.suppress(ImportError):
            importlib.import_module(".".join(["ansible_collections.voiceops.vapi_didlogic.plugins", *parts]))
    # Each run finds collections by its own arguments.
    _collection_finder._AnsibleCollectionFinder._remove()
    AnsibleCollectionConfig.on_collection_load -= loader._on_collection_load_handler


def supervise(connection: socket.socket) -> None:
    """Fork once more for the run, and report how it ends."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        data, descriptors, _flags, _address = socket.recv_fds(connection, 2**20, 2)
        while not data.endswith(b"\n"):
            data += connection.recv(2**20)
        connection.sendall(b"%d\n" % os.getpgrp())
        child = os.fork()
        if child == 0:
            connection.close()
            run(json.loads(data), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        connection.sendall(b"%d\n" % code)
    finally:
        os._exit(0)


def run(request: dict[str, Any], descriptors: list[int]) -> None:
    """Be the program."""
    code: Any = 1
    own = ""
    try:
        with Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
        for number, descriptor in enumerate(descriptors, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["cwd"])
        sys.argv = [request["program"], *request["arguments"]]
        from ansible import constants

        # Each run has a folder of its own, by which its tasks find one another; the server's is its own.
        parent = Path(constants.DEFAULT_LOCAL_TMP).parent
        parent.mkdir(0o700, parents=True, exist_ok=True)
        own = constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(prefix=f"ansible-local-{os.getpid()}", dir=parent)
        name = Path(request["program"]).name.removeprefix("ansible-")
        importlib.import_module(f"ansible.cli.{name}").main()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - it is shown, as Python does at the end of a program
        traceback.print_exc()
    finally:
        shutil.rmtree(own, ignore_errors=True)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    main(sys.argv[1])
