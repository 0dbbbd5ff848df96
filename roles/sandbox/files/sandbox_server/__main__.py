# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: python -m sandbox_server --state-dir DIR [--dialect D] [--daemon | --status | --reset | --stop]"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from . import dialect, process


def main(argv: list[str] | None = None) -> int:
    """Run one command; errors are reported in one sentence on standard error."""
    options = _parser().parse_args(argv)
    folder = process.StateDir(options.state_dir.expanduser().absolute())
    try:
        chosen = _dialect(options.dialect)
        if options.status:
            facts = process.running(folder)
            _say(running=facts is not None, port=facts and facts["port"])
        elif options.reset:
            process.reset(folder, _seed(options.seed))
            _say(changed=True)
        elif options.apply:
            _say(changed=process.apply(folder, dialect.complete({}) if chosen is None else chosen))
        elif options.stop:
            _say(changed=process.stop(folder))
        else:
            _run(folder, options, chosen)
    except process.SandboxError as mistake:
        print(mistake, file=sys.stderr)
        return process.BUSY if isinstance(mistake, process.BusyError) else 1
    return 0


def _dialect(given: str | None) -> dict[str, Any] | None:
    try:
        return dialect.complete(given) if given else None
    except ValueError as error:
        raise process.SandboxError(f"invalid dialect: {error}") from None


def _run(folder: process.StateDir, options: argparse.Namespace, chosen: dict[str, Any] | None) -> None:
    if missing := process.missing_libraries():
        raise process.SandboxError(missing)
    if options.daemon:
        arguments = ["--state-dir", str(folder.path), "--port", str(options.port)]
        if options.seed:
            # Standard input is inherited; a file may be relative to the working directory.
            arguments += ["--seed", options.seed if options.seed == "-" else str(Path(options.seed).absolute())]
        if options.max_seconds:
            arguments += ["--max-seconds", str(options.max_seconds)]
        port = process.start(folder, arguments)["port"]
        if chosen is not None:
            process.apply(folder, chosen)
        _say(running=True, port=port)
        return
    # Imported here, because it needs the libraries.
    from .server import serve

    serve(folder, options.port, _seed(options.seed), options.max_seconds, chosen)


def _seed(name: str | None) -> Any:
    if not name:
        return None
    try:
        return json.loads(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise process.SandboxError(f"the seed {name} cannot be read as JSON: {error}") from None


def _say(**facts: Any) -> None:
    print(json.dumps(facts))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sandbox_server", description="A simulation of Vapi's and didlogic's HTTP APIs on loopback."
    )
    parser.add_argument("--state-dir", required=True, type=Path, help="folder for the keys, the state and the log")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 selects a free one (default)")
    parser.add_argument("--host", choices=[process.HOST], default=process.HOST, help="only loopback is possible")
    parser.add_argument("--seed", help="JSON file with the content of a new sandbox; - reads standard input")
    parser.add_argument(
        "--dialect",
        default=os.environ.get(dialect.ENVIRONMENT),
        help="path of a conformance report or of a JSON file with switches, or a JSON object; by default the "
        f"environment variable {dialect.ENVIRONMENT}",
    )
    parser.add_argument("--max-seconds", type=float, help="stop automatically after this time")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--daemon", action="store_true", help="run in the background; returns when it responds")
    act.add_argument("--status", action="store_true", help="print as JSON whether it runs, and on which port")
    act.add_argument("--reset", action="store_true", help="empty the running sandbox and seed it again")
    act.add_argument("--apply", action="store_true", help="set the dialect, or the defaults, in the running sandbox")
    act.add_argument("--stop", action="store_true", help="stop it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
