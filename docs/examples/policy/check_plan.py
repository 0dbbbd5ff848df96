# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a plan file of voiceops.vapi_didlogic with the rules of plan.rego, without Open Policy Agent.

    python3 check_plan.py plan.json [settings.json]

Prints a line for each violation. The exit code is 1 if there is one, and 2 if a file cannot be read.
A plan contains only what changes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VAPI_HOST = re.compile(r"@([^@;?>]*\.)?sip(\.[a-z0-9-]+)?\.vapi\.ai")
PRIVATE_KEY = re.compile(r"@hidden\.sip(\.[a-z0-9-]+)?\.vapi\.ai")
PHONE = re.compile(r"(sips?:)?\+?([0-9]{7,15})([@;].*)?")


def violations(plan: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    """A sentence for each violation, sorted."""
    found = {text for change in plan["changes"] for text in of_change(change, settings)}
    count, limit = len(plan["changes"]), settings["max_changes"]
    if count > limit:
        found.add(f"size: the plan has {count} changes, more than {limit}.")
    return sorted(found)


def of_change(change: dict[str, Any], settings: dict[str, Any]) -> Iterator[str]:
    """The violations of one change."""
    kind, name = change["kind"], change["name"]
    destinations = change["after"].get("destinations", []) if kind == "forward" else []
    active = [row for row in destinations if row["active"]]
    if any(map(at_vapi, active)) and not any(row["kind"] != "other" and not at_vapi(row) for row in active):
        yield f"no-failover: forward {name}: only Vapi can answer the number."
    if any(PRIVATE_KEY.search(row["destination"].lower()) for row in destinations):
        yield f"private-key: forward {name}: a URI contains a private key, or an unknown trunk."
    called = [row["destination"] for row in destinations if row["kind"] == "pstn"]
    for target in called if kind == "forward" else targets(change["after"]):
        phone = PHONE.fullmatch(target)
        if phone and not phone[2].startswith(tuple(settings["country_codes"])):
            yield f"transfer: {kind} {name}: {target} is not in an allowed country."
    if kind in ("phone_number", "forward") and change["action"] == "delete":
        yield f"deletion: {kind} {name} would be deleted."


def at_vapi(destination: dict[str, Any]) -> bool:
    """Whether a destination leads to Vapi."""
    return bool(VAPI_HOST.search(destination["destination"].lower()))


def targets(value: object, path: tuple[object, ...] = ()) -> Iterator[str]:
    """The targets of transfers and fallbacks, in tools, definitions of assistants and phone numbers."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from targets(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from targets(item, (*path, index))
    # At the top level it is the phone number itself.
    elif isinstance(value, str) and path[-1:] and path[-1] in ("number", "sip_uri", "sipUri") and path != ("number",):
        yield value


def main() -> int:
    """Check the files in the arguments."""
    options = argparse.ArgumentParser()
    options.add_argument("plan", type=Path)
    options.add_argument("settings", type=Path, nargs="?", default=Path(__file__).with_name("settings.json"))
    given = options.parse_args()
    try:
        found = violations(json.loads(given.plan.read_text()), json.loads(given.settings.read_text())["settings"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
