# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call logs and audits that never were, and the real playbooks run over them.

The modules that read the services are replaced, in a copy of the collection, by ones that answer from a file: what is
tested is the playbook and its templates, with any calls that a test may want.
"""

from __future__ import annotations

import atexit
import dataclasses
import datetime
import functools
import json
import os
import random
import secrets
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import yaml
from playing import Play, Server

ROOT = Path(__file__).resolve().parents[2]
#: The module with its own code, but with calls from a file in place of those of the services.
READER = """
import json, os, pathlib
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import call_log_files as files
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible.entrypoints import run_report
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_log_files as contents
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import call_log_read as reading
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import stamp
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI

def read(engines, options, carrier):
    folder, vapi = pathlib.Path(os.environ["READER_FOLDER"]), engines["vapi"].client.connection
    log = json.loads((folder / "log.json").read_text())
    start = log.get("retention_start", "")
    start = start if (options.created_after or start) < start else ""
    asked = {name: getattr(options, name) for name in ("created_after", "created_before", "limit")}
    asked |= {"region": vapi.region, "api_key": bool(vapi.api_key), "didlogic_api_key": "didlogic" in engines}
    (folder / "asked-calls.json").write_text(json.dumps(asked | ({"created_after": start} if start else {})))
    contents.entries = lambda log, carrier: iter(log.calls)
    now = stamp(engines["vapi"].now())
    return reading.CallLog(
        calls=log["calls"], assistants={row["id"]: row["name"] for row in log["assistants"]},
        numbers={row["id"]: row for row in log["phone_numbers"]}, trunks={}, begin=options.created_after,
        end=options.created_before or now, now=now, retention_start=start, full=len(log["calls"]) >= options.limit,
        carrier=any("carrier" in call for call in log["calls"]),
    )

def main():
    files.read = read
    run_report(VAPI, CARRIER.provider, reading.CallLogOptions, files.work)

if __name__ == "__main__":
    main()
"""
AUDITOR = """
import json, os, pathlib
from ansible.module_utils.basic import AnsibleModule
OPTIONS = dict.fromkeys("vapi_region vapi_api_url didlogic_api_url fail_on".split(), dict(type="str"))
LISTS = dict.fromkeys(("numbers", "ignore"), dict(type="list", elements="str"))
SECRETS = dict.fromkeys(("vapi_api_key", "didlogic_api_key"), dict(type="str", no_log=True))

def main():
    module = AnsibleModule(dict(OPTIONS, **LISTS, **SECRETS), supports_check_mode=True)
    folder = pathlib.Path(os.environ["READER_FOLDER"])
    given = {name: bool(value) if name in SECRETS else value for name, value in module.params.items()}
    (folder / "asked-audit.json").write_text(json.dumps(given))
    module.exit_json(changed=False, **json.loads((folder / "result.json").read_text()))

if __name__ == "__main__":
    main()
"""

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<b>Customer</b> & \"Co\" 'Ltd'",
    "<!--<script>",
    "{{ lookup('ansible.builtin.pipe', 'touch pwned') }}{% raw %}",
    "\u2028Customer\u2029 \u202etxet",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "__proto__",
    "x" * 400,
]
#: Outcome, share, ended reason, cause, fix, option: written for the tests, in the form that the module gives.
ENDS = [
    ("answered", 50, "customer-ended-call", "The customer hung up.", "", ""),
    ("answered", 12, "assistant-ended-call", "The assistant ended the call.", "", ""),
    ("answered", 4, "silence-timed-out", "Nobody spoke for too long.",
     "Raise the time of silence, or let the assistant ask again.",
     "definition.silenceTimeoutSeconds"),
    ("transferred", 8, "assistant-forwarded-call", "The call was handed to a human.", "", ""),
    ("unanswered", 8, "customer-did-not-answer", "The customer did not answer.", "Call again at another hour.", ""),
    ("unanswered", 4, "customer-busy", "The line was busy.", "Call again a little later.", ""),
    ("unanswered", 2, "voicemail", "A mailbox answered.", "Switch on the detection of mailboxes, or leave a message.",
     "definition.voicemailDetection"),
    ("failed", 5, "providerfault-outbound-sip-403", "didlogic refused the call: 403 Forbidden.",
     "Look whether the caller ID belongs to the account, and whether the destination is allowed.", "caller_id"),
    ("failed", 2, "outbound-sip-503", "The carrier had no line free: 503.",
     "Raise max_channels of the SIP account.", "max_channels"),
    ("failed", 1, "unknown-error-of-the-pipeline", "", "", ""),
    ("cancelled", 1, "manually-canceled", "Somebody cancelled the call.", "", ""),
]  # fmt: skip
NAMES = ["Reception", "Night desk", "Appointments", "Campaign caller"]


def stamp(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def make(
    count: int, days: float = 7, seed: int = 1, until: datetime.datetime | None = None, records: int = 0
) -> dict[str, Any]:
    """A log of so many calls, most of them by day, with what the module may leave out left out now and then.

    :param records: the number of didlogic's records without a call.
    """
    chance = random.Random(seed)
    until = until or datetime.datetime.now(datetime.UTC)

    def ids(size: int) -> list[str]:
        return [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _number in range(size)]

    assistants = [{"id": key, "name": name} for key, name in zip(ids(len(NAMES)), NAMES, strict=True)]
    phones = [
        {"id": key, "number": f"+3120123456{n}", **({"name": name} if name else {})}
        for n, (key, name) in enumerate(zip(ids(3), ["Main line", "Sales", ""], strict=True))
    ]
    calls = []
    for key in ids(count):
        time = until - datetime.timedelta(days=days * chance.random() ** 1.15)
        time = time.replace(hour=chance.choice([8, *range(9, 18), *range(9, 18), 20, 3]))
        time = time - datetime.timedelta(days=1) if time > until else time
        calls.append(_call(chance, key, time, assistants, phones))
    calls += [_record(chance, until, days, phones) for _number in range(records)]
    calls.sort(key=when, reverse=True)
    return {"calls": calls, "assistants": assistants, "phone_numbers": phones}


def _call(chance: random.Random, key: str, time: datetime.datetime, assistants: Any, phones: Any) -> dict[str, Any]:
    outcome, _weight, reason, cause, fix, option = chance.choices(ENDS, [end[1] for end in ENDS])[0]
    direction = chance.choices(["inbound", "outbound", "web"], [40, 55, 5])[0]
    person = chance.randrange(1, 400)
    call: dict[str, Any] = {
        "id": key,
        "direction": direction,
        "status": "ended",
        "outcome": outcome,
        "assistant": chance.choice(assistants)["id"],
        "created_at": stamp(time),
        "ended_reason": reason,
        "transfers": [],
        "diagnosis": {
            k: v for k, v in {"cause": cause, "fix": fix, "option": option, "area": "vapi"}.items() if v and cause
        },
        "carrier": {},
    }
    if direction != "web":
        call["phone_number"] = chance.choice(phones)["id"]
        call["customer"] = {"number": f"+31201{person:06d}"} | ({"name": f"Customer {person}"} if person % 3 else {})
    if outcome in {"answered", "transferred"}:
        length = int(chance.lognormvariate(4.7, 0.8)) + 4
        call |= {
            "started_at": stamp(time + datetime.timedelta(seconds=2)),
            "ended_at": stamp(time + datetime.timedelta(seconds=2 + length)),
            "duration": length,
            "cost": round(length / 60 * 0.11 + 0.005, 4),
            "summary": f"Customer {person} asked for an appointment.\nThe assistant offered two; the second was taken.",
        }
    if outcome == "transferred":
        call["transfers"] = [{"to": "+31201234599", "status": chance.choice(["completed", "failed"])}]
    if outcome == "failed":
        call["ended_message"] = "SIP/2.0 403 Forbidden" if "403" in reason else "No more is known."
        if "403" in reason:
            call["diagnosis"] |= {"sip_status": 403, "area": "didlogic"}
    if direction != "web" and "duration" in call and person % 5:
        call["carrier"] = {
            "timestamp": call["started_at"], "direction": "out" if direction == "outbound" else "in",
            "caller": "31201234560", "callee": call["customer"]["number"].lstrip("+"), "duration": call["duration"] + 1,
            "amount": round(call["duration"] * 0.0004, 4), "sip_account": "01234", "transfer_leg": None,
        }  # fmt: skip
    if direction != "web":
        call["match"] = ("both" if person % 7 else "ambiguous") if call["carrier"] else "vapi"
    return call


def when(call: dict[str, Any]) -> str:
    """The time of a call, or of a record without a call."""
    return str(call.get("created_at") or call["carrier"]["timestamp"])


def _record(chance: random.Random, until: datetime.datetime, days: float, phones: Any) -> dict[str, Any]:
    """A record of didlogic without a call of Vapi."""
    time, seconds = until - datetime.timedelta(days=days * chance.random()), chance.randrange(100)
    return {
        "match": "carrier", "direction": "inbound", "phone_number": chance.choice(phones)["id"], "outcome": "unknown",
        "customer": {"number": f"31201{chance.randrange(400):06d}"}, "transfers": [], "diagnosis": {},
        "carrier": {"timestamp": stamp(time), "direction": "inbound", "duration": seconds, "amount": seconds * 0.001},
    }  # fmt: skip


def hostile() -> dict[str, Any]:
    """A log in which every text that comes from outside is meant badly, and bare calls beside."""
    log = make(len(HOSTILE), seed=2)
    for text, call in zip(HOSTILE, log["calls"], strict=True):
        call |= {
            "summary": text,
            "ended_message": text,
            "ended_reason": text,
            "outcome": "failed",
            "direction": "outbound",
        }
        call["customer"] = {"name": text, "number": "+31201234501"}
        call["diagnosis"] = {"cause": text, "fix": text, "option": text, "area": text}
        call["transfers"] = [{"to": text, "status": text}]
        call["carrier"] = {"caller": text, "callee": text, "direction": text, "timestamp": text, "sip_account": text}
    log["assistants"][0]["name"] = log["phone_numbers"][0]["name"] = HOSTILE[0]
    bad = HOSTILE[0]
    record = {"caller": bad, "callee": bad, "direction": bad, "timestamp": bad, "amount": bad, "duration": bad}
    alone = {"match": "carrier", "direction": bad, "phone_number": bad, "customer": {"number": bad}, "carrier": record}
    log["calls"].append(alone)
    log["calls"].append({"id": "bare", "direction": "web", "status": "queued"})
    log["calls"].append({"id": "nulls", "direction": "inbound", "status": "ended", "customer": None, "carrier": None})
    return log


@dataclasses.dataclass
class Written:
    """What a run of a playbook said and wrote."""

    rc: int
    out: str
    page: Path
    table: Path
    folder: Path

    def asked(self, noun: str = "calls") -> dict[str, Any]:
        """The options with which the playbook has called a module."""
        return dict(json.loads((self.folder / f"asked-{noun}.json").read_text()))


def write(
    folder: Path, log: dict[str, Any], *arguments: str, environment: dict[str, str] | None = None, **variables: Any
) -> Written:
    """Run the playbook of the call log over a log, as a user does."""
    (folder / "log.json").write_text(json.dumps(log))
    done = _run(folder, "call_log", arguments, environment, variables)
    page = Path(variables.get("vapi_didlogic_call_log_file", folder / "call-log.html"))
    return Written(done.rc, done.text, page, page.with_suffix(".csv"), folder)


def audit(folder: Path, result: dict[str, Any], *arguments: str, **variables: Any) -> Written:
    """Run the playbook of the audit over a result of its module, as a user does."""
    (folder / "result.json").write_text(json.dumps(result))
    done = _run(folder, "audit", arguments, None, variables)
    page = Path(variables.get("vapi_didlogic_audit_file", folder / "audit.html"))
    return Written(done.rc, done.text, page, page.with_suffix(".json"), folder)


@functools.cache
def _server() -> tuple[Server, dict[str, str]]:
    """What runs playbooks of a copy of the collection in which these modules, and the group of Vapi, are replaced."""
    folder = tempfile.TemporaryDirectory(prefix="voiceops-")
    readers = {"call_log": READER, "routing_audit": AUDITOR}
    collection = Path(folder.name, "ansible_collections", "voiceops", "vapi_didlogic")
    modules = collection / "plugins" / "modules"
    modules.mkdir(parents=True)
    (collection / "meta").mkdir()
    shared = [ROOT / "playbooks", ROOT / "roles"]
    shared += [path for path in ROOT.glob("plugins/*") if path.name != "modules"]
    shared += [path for path in ROOT.glob("plugins/modules/*.py") if path.stem not in readers]
    for path in shared:
        place = collection / path.relative_to(ROOT)
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(path)
    for name, text in readers.items():
        (modules / f"{name}.py").write_text(text)
    (collection / "meta" / "runtime.yml").write_text(yaml.safe_dump({"action_groups": {"vapi": ["call_log"]}}))
    foreign = ("ANSIBLE_", "DIDLOGIC_", "VAPI_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "ANSIBLE_COLLECTIONS_PATH": folder.name,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }
    server = Server(environment)
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    return server, environment


def _run(
    folder: Path,
    playbook: str,
    arguments: tuple[str, ...],
    environment: dict[str, str] | None,
    variables: dict[str, Any],
) -> Play:
    server, shared = _server()
    (folder / "variables.yml").write_text(yaml.safe_dump(variables))
    own = {"VAPI_API_KEY": secrets.token_hex(16), "READER_FOLDER": str(folder), **(environment or {})}
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    book = f"voiceops.vapi_didlogic.{playbook}"
    return server.run(program, (book, "-e", f"@{folder / 'variables.yml'}", *arguments), folder, shared | own)
