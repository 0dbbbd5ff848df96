# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The canary matrix: does any secret come out anywhere? Prints the figures.

    python tests/robustness/secret_leaks.py                 # oldest and newest ansible-core at hand, some minutes
    python tests/robustness/secret_leaks.py --core .venv    # one environment (a folder with bin/ansible-playbook),
    repeatable

Secrets made for this run are given as options, stand in what the services return, and are repeated by errors of a
reflecting service. Every module and the role run, succeeding and failing, plain and at -vvvvv, with --diff. Then every
place where text ends up is searched for the secrets, their encodings and every piece of eight random characters. A
naive module runs in the same way and must be caught, in every place, or the matrix is blind. The masking of registered
secrets by ansible-core 2.22 is switched off (naive/callback_plugins/events.py): the collection must not depend on it.
"""

from __future__ import annotations

import argparse
import base64
import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import html
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import urllib.parse
import uuid
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "sandbox")]

from running import command, start

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import to_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import fields
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.vapi_resources import (
    RESOURCES as VAPI_RESOURCES,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.resources import MODULES
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import CASES
from tests.robustness.reflect import ECHOES, Reflector, lower_escapes
from tests.tools import environments
from tests.unit.names import secret_names

NAIVE = ROOT / "tests" / "robustness" / "naive"
COLLECTION = "voiceops.vapi_didlogic"
LEAKS_OF_CONTROL = 40
PIECE = 8
#: Ansible's own ways to show a secret, which no module can close. They stand in the guide for users.
LIMITS = (
    "environment: on a task stands in the process list, and in the output at -vvv",
    "-e name=secret on the command line stands in the process list; -e @file does not",
    "a secret written into a playbook is kept by junit and ARA; a variable is not",
    "ANSIBLE_DEBUG=1 and ANSIBLE_KEEP_REMOTE_FILES=1 keep everything",
    "a callback that keeps task.args of a finished task gets values; those of a task that starts are templates",
    "set_fact, debug and a rescue's ansible_failed_task.args hold what the play puts there",
    "/proc/PID/environ shows a process's owner what is in the environment",
    "a killed task leaves its payload in the remote temporary folder",
)


# ------------------------------------------------------------------------------------------------------ the canaries


def canaries() -> dict[str, str]:
    """Secrets of this run by their label."""
    special = "".join(secrets.choice("abcdefghkmnpqrstuvwxyz") + secrets.token_hex(2) + mark for mark in "!/+=%'\"")
    return {
        # Options
        "vapi": str(uuid.uuid4()),
        "didlogic": secrets.token_hex(20),
        "password": special,
        "newline": f"{uuid.uuid4()}\n",
        "environment": f"{uuid.uuid4()}\n",
        "nonascii": f"{secrets.token_hex(8)}\u00e9{secrets.token_hex(8)}",
        "spaced": f"{secrets.token_hex(8)} {secrets.token_hex(8)}",
        "short": secrets.token_urlsafe(12).replace("-", "x").replace("_", "y")[:7],
        "misspelt": str(uuid.uuid4()),
        "defined": secrets.token_hex(16),
        # Never an option
        "foreign label": str(uuid.uuid4()),
        "foreign header": secrets.token_hex(16),
        "foreign field": secrets.token_hex(16),
        "foreign error": str(uuid.uuid4()),
    }


UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def pieces(value: str) -> t.Iterator[str]:
    """Every part of a value that holds eight random characters.

    In a UUID the hyphens, the version and the variant are not random: eight characters around them are the same in one
    of 260,000 UUIDs, and the objects' ids are UUIDs as well.
    """
    fixed = {8, 13, 14, 18, 19, 23} if UUID4.fullmatch(value) else set[int]()
    random = [at not in fixed for at in range(len(value))]
    for begin in range(len(value)):
        for end in range(begin + PIECE, len(value) + 1):
            if sum(random[begin:end]) >= PIECE:
                yield value[begin:end]
                break


@functools.cache
def needles(value: str) -> dict[str, set[bytes]]:
    """What to look for, by its kind."""
    value = value.strip()
    raw = value.encode()
    coded = set()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        coded.add(text[(0, 2, 3)[shift] : len(text) - (1 if (len(raw) + shift) % 3 else 0)])
    forms = {
        "raw": {value},
        "upper": {value.upper()},
        "lower": {value.lower()},
        "no dashes": {value.replace("-", "")},
        "url": {urllib.parse.quote(value), urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value)},
        "json": {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]},
        "repr": {repr(value)[1:-1]},
        "html": {html.escape(value), html.escape(value, quote=False)},
        "hex": {raw.hex(), raw.hex().upper()},
        "url, lower case": {lower_escapes(urllib.parse.quote(value, safe=safe)) for safe in ("", "/")},
        "url, every byte": {"".join(f"%{byte:02x}" for byte in raw), "".join(f"%{byte:02X}" for byte in raw)},
        "url, twice": {urllib.parse.quote(lower_escapes(urllib.parse.quote(value, safe="")), safe="")},
        "entities": {ECHOES["entities"](value)},
        "unicode": {ECHOES["unicode"](value)},
        "base64": coded,
        "piece": {piece for form in (value, json.dumps(value)[1:-1]) for piece in pieces(form)},
    }
    seen: set[str] = set()
    found = {}
    for kind, texts in forms.items():
        found[kind] = {text.encode() for text in texts - seen if len(text) >= min(PIECE, len(value))}
        seen |= texts
    return found


@dataclasses.dataclass(frozen=True, order=True)
class Hit:
    """A secret in a place. It names the secret by its label, never by its value."""

    run: str
    place: str
    case: str
    canary: str
    kind: str


CASE = re.compile(rb"case \d+: [ -!#-~]{1,90}")


def search(run: str, places: t.Mapping[str, bytes], values: t.Mapping[str, str]) -> set[Hit]:
    """Every secret in every place."""
    hits = set()
    for place, content in places.items():
        for label, value in values.items():
            for kind, forms in needles(value).items():
                for form in forms:
                    at = content.find(form)
                    while at >= 0:
                        before = CASE.findall(content, max(0, at - 200_000), at)
                        case = before[-1].decode() if before else "?"
                        hits.add(Hit(run, place, case, label, kind))
                        at = content.find(form, at + len(form))
    return hits


# --------------------------------------------------------------------------------------------------------- the cases

NEW, KEPT, BARE = "31201234501", "31201234567", "31201234568"
TRUNK = "Kept trunk"
URL = "https://hook.example.com/calls"


def seed(values: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Accounts as people make them by hand, with secrets wherever the services are known to return them."""
    trunk = str(uuid.uuid4())
    label, header, field = (values[f"foreign {kind}"] for kind in ("label", "header", "field"))
    server = {"url": URL, "headers": {"X-Token": header, "Authorization": f"Bearer {header}"}}
    rows = [
        {"destination": f"{KEPT}@{label}.sip.vapi.ai", "transport": 1},
        {"destination": f"sip:{KEPT}@{label.upper()}.sip.eu.vapi.ai;transport=tcp", "transport": 1},
        {"destination": "31201234599", "transport": 4},
    ]
    return {
        "balance": 10,
        "numbers": [
            {"number": NEW, "destinations": rows[:1]},
            {"number": KEPT, "destinations": rows},
            {"number": BARE, "destinations": rows[1:]},
        ],
        "sip_accounts": [{"name": "01234", "label": "Kept account", "password": values["foreign field"]}],
        "vapi": {
            "credentials": [
                {
                    "id": trunk,
                    "name": TRUNK,
                    "gateways": [{"ip": "192.0.2.1"}],
                    "outboundAuthenticationPlan": {"authUsername": "01234", "authPassword": field},
                }
            ],
            "phone_numbers": [
                {"number": KEPT, "credentialId": trunk, "numberE164CheckEnabled": False, "server": server}
            ],
            "assistants": [
                {
                    "name": "Kept assistant",
                    "firstMessage": "Hello",
                    "metadata": dict.fromkeys(GENERATED, field)
                    | {"address": f"https://me:{field}@example.com/?a={field}"},
                    "server": server,
                    "serverUrlSecret": field,
                    "credentials": [{"provider": "openai", "apiKey": field}],
                    "model": {
                        "provider": "custom-llm",
                        "model": "x",
                        "headers": {"X-Token": header},
                        "tools": [{"type": "function", "server": server}],
                    },
                    "artifactPlan": {"recordingPath": "x", "bucket": {"secretAccessKey": field, "secretKey": field}},
                }
            ],
            "tools": [
                {
                    "function": {"name": "kept_tool", "description": "Kept"},
                    "server": server,
                    "destinations": [{"type": "sip", "sipUri": f"sip:1@{label}.sip.vapi.ai"}],
                }
            ],
            "squads": [],
        },
    }


def with_first_objects(made: dict[str, t.Any]) -> dict[str, t.Any]:
    """The accounts with the objects that the generated cases of modules without a row need."""
    paths = {each.path: each.store for each in VAPI_RESOURCES}
    for name in MODULES.keys() - ROWS.keys():
        file = MODULES[name]
        for kind, options in CASES[file.resource.name].first if file.resource and file.entry == "run" else ():
            body = {**to_api(from_options(kind.record, options)), **kind.constants}
            made["vapi"].setdefault(paths[kind.path], []).append(body)
    return made


def generated_row(module: str) -> Row | None:
    """A row made of the resource's case, with secrets in each free-form option; ``None`` for other modules."""
    file = MODULES.get(module)
    if not file or not file.resource or file.entry != "run":
        return None
    case, key = CASES[file.resource.name], file.resource.keys[0]
    known = fields(file.resource.record).values()
    free = {field.name: {"server": SERVER} for field in known if field.option.free and field.kind == "dict"}
    inner = [{field.name: [{"api_kye": MISSPELT}]} for field in known if field.kind == "records"]
    named = {key: case.options[key]}
    return Row(
        make=case.options | free,
        change=named | case.change,
        gone=named | case.gone,
        wrong=[named | {"api_kye": MISSPELT}, *(named | item for item in inner), {key: secret("vapi") * 40} | free],
    )


def secret(label: str) -> str:
    """A canary as a playbook names it."""
    return "{{ canary['" + label + "'] }}"


@dataclasses.dataclass
class Row:
    """What a module is asked to do: objects that it makes, changes and removes, and what it must refuse."""

    make: dict[str, t.Any]
    change: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    gone: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    wrong: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    works: bool | None = True  # whether `make` must succeed at the sandbox; None: no matter


#: Keys as people and services spell them; each in an option of free form, and in what is read.
GENERATED = list(secret_names())[::40]
FREE = {name: secret("defined") for name in GENERATED} | {"pairs": [{"key": "apiSecret", "value": secret("defined")}]}
SERVER = {"url": URL, "headers": {"X-Token": secret("defined"), "Authorization": "Bearer " + secret("defined")}}
NUMBER = {"number": NEW, "trunk": TRUNK, "assistant": "Kept assistant", "number_e164_check_enabled": False}
MORE_SERVER = {"number": KEPT, "number_e164_check_enabled": False, "server": {"timeoutSeconds": 20}}
CALL = {"assistant": "Kept assistant", "phone_number": KEPT, "customer": {"number": "+31201234599"}}
MANY = {
    "name": "Made",
    "assistant": "Kept assistant",
    "phone_number": KEPT,
    "customers": [{"number": "+31201234599"}],
    "schedule_at": "2099-01-31T09:00:00Z",
}
TRUNK_ID = "{{ trunk_id }}"
MISSPELT = secret("misspelt")

ROWS = {
    "vapi_sip_trunk": Row(
        make={
            "name": "Made trunk",
            "gateways": [{"ip": "192.0.2.10"}],
            "username": "01234",
            "password": secret("password"),
            "update_password": "always",
        },
        change={
            "name": TRUNK,
            "username": "01235",
            "password": secret("password"),
            "on_auth_change": "replace",
        },
        gone={"name": "Made trunk"},
        wrong=[
            {"name": "x", "gateways": [{"ip": "sip.example.org"}], "password": secret("password")},
            {"name": "x", "gateways": [{"ip": "192.0.2.10", "pasword": MISSPELT}]},
            {"name": "x", "gateways": secret("password"), "password": secret("password")},
            {"name": "x" * 50, "gateways": [], "username": "u", "password": {"value": secret("password")}},
            {"name": TRUNK, "password": secret("password"), "state": "absent"},
        ],
    ),
    "vapi_transfer_tool": Row(
        make={"name": "made_tool", "destinations": [{"number": "+31201234599", "message": "One moment"}]},
        change={"name": "kept_tool", "destinations": [{"sip_uri": "sip:2@pbx.example.org"}]},
        gone={"name": "made_tool"},
        wrong=[
            {"name": "x", "destinations": [{"number": "+31201234599", "api_kye": MISSPELT}]},
            {"name": secret("vapi") + "!"},
            {"name": "x", "destinations": [{"sip_uri": "sip:1@2@" + secret("vapi")}]},
        ],
    ),
    "vapi_assistant": Row(
        make={
            "name": "Made assistant",
            "definition": {
                "firstMessage": "Hi",
                "model": {"provider": "openai", "model": "x"},
                "server": SERVER,
                "metadata": FREE,
            },
            "tools": ["kept_tool"],
        },
        change={"name": "Kept assistant", "definition": {"firstMessage": "Bye", "server": {"timeoutSeconds": 20}}},
        gone={"name": "Made assistant", "force": True},
        wrong=[
            {"name": "x", "tools": ["no such tool"], "definition": {"server": SERVER}},
            {"name": "x", "definition": {"id": "x", "server": SERVER}},
            {"name": "x" * 50, "definition": {"server": SERVER}},
        ],
    ),
    "vapi_phone_number": Row(
        make=NUMBER | {"server": SERVER},
        change=MORE_SERVER,
        gone={"number": NEW},
        wrong=[
            {"number": NEW, "trunk": "no such trunk", "server": SERVER},
            {"number": NEW, "assistant": "a", "squad": "b", "server": SERVER},
            {"number": NEW, "fallback_destination": {"number": "+31201234599", "pasword": MISSPELT}},
        ],
    ),
    "vapi_phone_numbers": Row(
        make={"numbers": [NUMBER | {"server": SERVER}, MORE_SERVER]},
        change={"numbers": [MORE_SERVER | {"server": {"timeoutSeconds": 21}}, {"number": NEW, "name": "Changed"}]},
        gone={"numbers": [{"number": NEW}]},
        wrong=[
            {"numbers": [{"number": NEW, "api_kye": MISSPELT}]},
            {"numbers": secret("vapi")},
            {"numbers": [NUMBER | {"trunk": "no such trunk", "server": SERVER}, MORE_SERVER]},
        ],
    ),
    "didlogic_forward": Row(
        make={"number": NEW, "vapi_trunk_id": TRUNK_ID, "heal_private_key": secret("vapi")},
        change={"number": KEPT, "vapi_private_key": secret("vapi")},
        gone={"number": KEPT, "vapi_private_key": secret("vapi")},
        wrong=[
            {"number": KEPT, "vapi_private_key": secret("short")},
            {"number": KEPT, "vapi_private_key": secret("nonascii")},
            {"number": KEPT, "vapi_private_key": secret("vapi"), "destination": "01234"},
            {"number": KEPT, "destination": "sip:" + "x" * 300 + "@" + secret("vapi") + ".sip.vapi.ai"},
            {"number": KEPT, "vapi_trunk_id": TRUNK_ID, "vapi_private_kye": MISSPELT},
            {"number": "31200000000", "vapi_private_key": secret("vapi")},
            {"number": KEPT, "destination": "sip:" + KEPT + "@" + secret("vapi") + ".sip.vapi.ai", "kind": "x"},
        ],
    ),
    "didlogic_forwards": Row(
        make={
            "forwards": [{"number": NEW}, {"number": BARE}],
            "vapi_trunk_id": TRUNK_ID,
            "heal_private_key": secret("vapi"),
        },
        change={
            "forwards": [{"number": KEPT}, {"number": BARE, "others": "disable"}],
            "vapi_private_key": secret("vapi"),
        },
        gone={"forwards": [{"number": KEPT}, {"number": BARE}], "vapi_private_key": secret("vapi")},
        wrong=[
            {"forwards": [{"number": NEW, "vapi_private_kye": MISSPELT}], "vapi_trunk_id": TRUNK_ID},
            {"forwards": secret("vapi"), "vapi_private_key": secret("vapi")},
            {"forwards": [{"number": NEW, "vapi_private_key": secret("short")}]},
            {"forwards": [{"number": "31200000000", "vapi_private_key": secret("vapi")}, {"number": NEW}]},
        ],
    ),
    "didlogic_sip_account": Row(
        make={
            "label": "Made account",
            "password": secret("password"),
            "update_password": "always",
            "allowed_ips": ["192.0.2.10"],
        },
        change={"name": "01234", "password": secret("password"), "update_password": "always"},
        gone={"label": "Made account", "force": True},
        wrong=[
            {"label": "x", "password": secret("password"), "allowed_ips": [secret("password")]},
            {"name": secret("password"), "password": secret("password")},
            {"label": "x", "pasword": MISSPELT},
            {"label": "x", "password": [secret("password")], "max_channels": -1},
        ],
    ),
    "vapi_call": Row(
        make=CALL | {"assistant_overrides": {"server": SERVER}},
        wrong=[
            CALL | {"assistant": "no such one", "assistant_overrides": {"server": SERVER}},
            CALL | {"customer": {"sip_uri": "sip:1@" + secret("vapi") + ".sip.vapi.ai", "number": "+31201234599"}},
            CALL | {"customer": {"number": secret("vapi")}},
            CALL | {"assistant_overrides": {"variableValues": {"token": secret("defined")}}},
            CALL | {"customer": {"number": "+31201234599", "api_kye": MISSPELT}},
        ],
    ),
    "vapi_campaign": Row(
        make=MANY,
        gone={"name": "Made"},
        wrong=[
            MANY | {"customers": [{"number": secret("vapi")}]},
            MANY | {"customers": [{"number": "+31201234599", "variables": {"x y": secret("defined")}}]},
            MANY | {"csv": "/nowhere/" + secret("vapi")},
            MANY | {"customers": [{"sip_uri": "sip:1@2@" + secret("vapi") + ".sip.vapi.ai"}]},
        ],
    ),
    "sip_probe": Row(
        make={
            "host": "127.0.0.1",
            "port": 9,
            "transport": "tcp",
            "timeout": 1,
            "username": "01234",
            "password": secret("password"),
            "method": "register",
            "fail": False,
        },
        works=None,
    ),
}
WIRED: dict[str, t.Any] = {
    "trunk": {
        "name": "Wired trunk",
        "gateway": "sip.nl.didlogic.net",
        "username": "01234",
        "password": secret("password"),
        "inbound_networks": ["192.0.2.0/28"],
    },
    "transfer_tools": [{"name": "wired_tool", "destinations": [{"number": "+31201234599", "via": "sip"}]}],
    "assistants": [
        {
            "name": "Wired assistant",
            "definition": {"firstMessage": "Hi", "model": {"provider": "openai", "model": "x"}, "server": SERVER},
            "tools": ["wired_tool"],
        }
    ],
    "numbers": [{"number": NEW, "assistant": "Wired assistant"}],
    "allow_unconfirmed_refer": True,
    "verify": False,
}
ROWS["integration"] = Row(
    make=WIRED,
    change=WIRED
    | {
        "inbound_uri": "private_key",
        "sip_account": {"name": "01234", "password": secret("password"), "update_password": "always"},
    },
    gone=WIRED,
    wrong=[
        WIRED | {"trunk": {"name": "x", "gateway": "sip:" + secret("vapi"), "password": secret("password")}},
        WIRED | {"trunk": {"name": "x", "gateway": "x.example.org", "username": "1", "pasword": MISSPELT}},
        WIRED | {"numbers": [{"number": secret("vapi")}, {"number": NEW, "workflow": "a", "squad": "b"}]},
        WIRED | {"assistants": [{"name": "x" * 50, "definition": {"id": "x", "server": SERVER}}]},
        WIRED | {"transfer_tools": [{"name": "x", "destinations": [{"number": NEW, "api_kye": MISSPELT}]}]},
        WIRED | {"sip_account": {"name": secret("password"), "password": secret("password")}},
        WIRED | {"numbers": [{"number": "31200000000"}], "inbound_uri": "private_key"},
    ],
)
REPEATED = {"number": KEPT, "vapi_private_key": secret("vapi")}
#: Options that are secrets wherever they stand.
SECRET_OPTION = re.compile(r"(^|_)(api_key|password|private_key|token)$")
ERRORS = ("400", "401", "403", "422", "429", "500", "503")
SPOILT = ("garbage", "shape", "html", "redirect")


@dataclasses.dataclass
class Case:
    """One task."""

    name: str
    module: str
    options: dict[str, t.Any]
    works: bool | None = None
    says: str = ""  # what a failure's message must hold, so that the case is the one that is meant
    task: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    label: str = ""


class Connection:
    """The options of one module with the addresses of the services."""

    def __init__(self, options: t.Container[str]) -> None:
        self.both = [service for service in ("vapi", "didlogic") if f"{service}_api_url" in options]
        self.single = "api_url" in options
        self.timed = {"timeout": 8} if self.single or self.both else {}
        self.counter = 0

    def prefixes(self, module: str) -> dict[str, str]:
        """What stands before the options of each service; a module's own has nothing before it."""
        found = {f"{service}_": service for service in self.both}
        return found | ({"": module.split("_", maxsplit=1)[0]} if self.single else {})

    def __call__(self, module: str, mode: str, key: t.Any = None, **more: t.Any) -> dict[str, t.Any]:
        self.counter += 1
        found = {**self.timed, "retry_timeout": 0} if self.timed else {}
        for prefix, service in self.prefixes(module).items():
            found[f"{prefix}api_url"] = f"{{{{ reflector }}}}/{mode}/{module}{self.counter}/{service}"
            found[f"{prefix}api_key"] = secret(service) if key is None else key
            if key == "":
                del found[f"{prefix}api_key"]
        return found | more


class Turn:
    """Some of a list, others at the next turn: what all modules share need not meet every module in every run."""

    def __init__(self, first: int, *, full: bool) -> None:
        self.at, self.full = first, full

    def __call__(self, items: t.Sequence[t.Any], number: int) -> list[t.Any]:
        if self.full:
            return list(items)
        self.at += number
        return [items[(self.at + at) % len(items)] for at in range(min(number, len(items)))]


KEYS = (
    ("key with other letters", secret("nonascii"), "characters that are invalid in a key"),
    ("key with a space", secret("spaced"), "characters that are invalid in a key"),
    ("key too short", secret("short"), "too short"),
    ("key masked", "********", "mask"),
    ("key masked by Ansible", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "mask"),
    ("key as a dict", {"value": secret("misspelt")}, None),
    ("key as a list", [secret("vapi"), secret("didlogic")], None),
)
WRITES = ("write-400-raw", "write-500-raw", "write1-400-raw", "write2-422-json")


def cases_of(module: str, options: dict[str, t.Any], turn: Turn, *, short: bool = False) -> list[Case]:
    """Everything that is done with one module. ``short``: less of it, for the quick tests."""
    conn, row = Connection(options), ROWS.get(module) or generated_row(module)
    if row is None:
        required = {name: _filler(option) for name, option in options.items() if option.get("required")}
        row = Row({name: value for name, value in required.items() if not SECRET_OPTION.search(name)})
        row.works = None if row.make else True
    found: list[Case] = []
    fails = None if row.works is None else False

    def case(name: str, base: dict[str, t.Any], mode: str, works: bool | None = False, **more: t.Any) -> None:
        key, task, says = more.pop("key", None), more.pop("task", {}), more.pop("says", "")
        found.append(Case(name, module, base | conn(module, mode, key, **more), works, says, task))

    few = 1 if short else 2
    own = secret("didlogic" if module.startswith("didlogic") else "vapi")
    dry = {"check_mode": True}
    case("as it should be, dry", row.make, "pass", row.works, task=dry)
    case("as it should be", row.make, "pass", row.works)
    case("with a key from a file", row.make, "pass", row.works, key=secret("newline"))
    change = row.change or row.make
    if row.change:
        for mode in (WRITES[0], *turn(WRITES[1:], few - 1)):
            late = mode[5] != "-"
            case(f"change, {mode}", change, mode, None if late else False, says="" if late else "400|500|valid")
        case("change, dry", change, "pass", True, task=dry)
        case("change", change, "pass", True)
    if conn.timed:
        for code in turn(ERRORS, few):
            case(f"refused, {code}", change, f"{code}-raw", fails, says=code if row.works else "")
        for mode in turn(SPOILT, 1):
            case(f"spoilt, {mode}", change, mode, None if mode == "shape" else fails)
        for name, key, says in turn(KEYS, few):
            case(name, row.make, "pass", None if says is None else False, key=key, says=says or "")
        others: tuple[t.Callable[[], None], ...] = (
            lambda: case("key from the environment", row.make, "pass", row.works, key=""),
            lambda: case("a limit of time that is none", row.make, "pass", timeout=0),
            lambda: case("a limit of time of the wrong type", row.make, "pass", timeout=own),
            lambda: case("without a service", row.make, "pass", fails, **_nowhere(conn)),
            lambda: case("key in the address", row.make, "pass", **_nowhere(conn, "?key=" + own)),
            lambda: case("misspelt", row.make, "pass", api_kye=MISSPELT, says="api_kye"),
        )
        for other in turn(others, few):
            other()
    for number, wrong in turn(list(enumerate(row.wrong)), few + 1):
        case(f"wrong input {number}", wrong, "pass")
    if row.gone:
        for name, mode, works, task in turn(
            (("absent, refused", "write-403-raw", False, {}), ("absent, dry", "pass", True, dry)), 1
        ):
            case(name, row.gone, mode, works, state="absent", task=task)
        case("absent", row.gone, "pass", True, state="absent")
    return found


def _nowhere(conn: Connection, more: str = "") -> dict[str, str]:
    names = [*(f"{service}_api_url" for service in conn.both), *(["api_url"] if conn.single else [])]
    return dict.fromkeys(names, f"http://127.0.0.1:1/{more}")


def _filler(option: dict[str, t.Any]) -> t.Any:
    values = {"int": 1, "bool": True, "list": [], "dict": {}, "float": 1.0}
    return (option.get("choices") or [values.get(option.get("type", "str"), KEPT)])[0]


@functools.cache
def modules(core: Path) -> dict[str, dict[str, t.Any]]:
    """The collection's modules and their options, fragments included."""
    names = sorted(file.stem for file in (ROOT / "plugins" / "modules").glob("[!_]*.py"))
    words = ["-t", "module", "-j", *(f"{COLLECTION}.{name}" for name in names)]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    done = subprocess.run(
        [core / "bin" / "ansible-doc", *words], capture_output=True, env=environment, check=True, timeout=120
    )
    result = json.loads(done.stdout)
    return {name: result[f"{COLLECTION}.{name}"]["doc"]["options"] for name in names}


def module_cases(core: Path, turn: Turn, half: int) -> list[Case]:
    """Every second module, and one of a service with every way of repeating a request."""
    chosen = list(modules(core).items())[half::2]
    found = [case for module, options in chosen for case in cases_of(module, options, turn)]
    # Each writes every time.
    for module, again in (("vapi_sip_trunk", ROWS["vapi_sip_trunk"].make), ("didlogic_forward", REPEATED))[half::2]:
        conn = Connection(modules(core)[module])
        options = again | conn(module, "400-raw")
        found.append(Case("in the background", module, options, None, "", {"async": 20, "poll": 0}))
        for echo in ECHOES:
            for mode in turn((f"500-{echo}", f"write-400-{echo}"), 1):
                options = again | conn(module, mode)
                found.append(Case(f"repeated, {mode}", module, options, False, "400|500"))
    return found


def quick_cases(core: Path, names: t.Iterable[str]) -> list[Case]:
    """A sample: some modules, fewer cases of each."""
    turn = Turn(0, full=False)
    return [case for name in names for case in cases_of(name, modules(core)[name], turn, short=True)]


def control_cases() -> list[Case]:
    """The naive module's ways."""
    sys.path.insert(0, str(NAIVE / "library"))
    text = (NAIVE / "library" / "naive.py").read_text(encoding="utf-8")
    ways = re.findall(r'^    "(\w+)": ', text[text.index("WAYS = {") :].split("\n}\n")[0], re.MULTILINE)
    base = {"api_key": secret("vapi"), "password": secret("password"), "home": "{{ home }}"}
    found = []
    for way in ways:
        mode = "400-raw" if way == "repeat" else "pass"
        options = base | {"way": way, "url": f"{{{{ reflector }}}}/{mode}/naive/vapi/assistant"}
        task = {"async": 20, "poll": 0} if way == "slow" else {}
        found.append(Case(way, "naive", options, task=task))
    found += [
        Case("newline", "naive", base | {"way": "upper", "api_key": secret("newline")}),
        Case("hint", "naive", base | {"way": "nothing", "hint": MISSPELT}),
        Case("misspelt", "naive", base | {"way": "nothing", "api_kye": MISSPELT}),
    ]
    return found


# ------------------------------------------------------------------------------------------------------ the playbooks


def playbook(cases: list[Case]) -> list[dict[str, t.Any]]:
    """One task a case; the results end in a fact that is cached, as careless plays do it."""
    tasks: list[dict[str, t.Any]] = []
    for number, case in enumerate(cases):
        case.label = f"case {number:04}: {case.module}, {case.name}"
        name = case.module if case.module == "naive" else f"{COLLECTION}.{case.module}"
        task = {"name": case.label, name: case.options, "register": f"case_{number:04}", "ignore_errors": True}
        tasks.append(task | case.task)
    everything = ", ".join(f"case_{number:04}" for number in range(len(cases)))
    kept = {"everything": "{{ [" + everything + "] }}", "cacheable": True}
    tasks.append({"name": "case 9999: results are kept", "ansible.builtin.set_fact": kept})
    return [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]


def environment() -> dict[str, t.Any]:
    """A declared environment with a secret wherever one may stand."""
    return {
        "vapi_didlogic_vapi_api_key": secret("vapi"),
        "vapi_didlogic_didlogic_api_key": secret("didlogic"),
        "vapi_didlogic_sip_refer_enabled": True,
        "vapi_didlogic_trunk": {
            "name": "Role trunk",
            "gateway": "sip.nl.didlogic.net",
            "username": "01234",
            "password": secret("password"),
            "inbound_networks": ["192.0.2.0/28"],
        },
        "vapi_didlogic_sip_account": {"name": "01234", "password": secret("password"), "caller_id": KEPT},
        "vapi_didlogic_transfer_tools": [
            {"name": "role_tool", "destinations": [{"number": "+31201234599", "via": "sip"}]}
        ],
        "vapi_didlogic_assistants": [
            {
                "name": "Role assistant",
                "definition": {"model": {"provider": "openai", "model": "x"}, "server": SERVER},
                "tools": ["role_tool"],
            }
        ],
        "vapi_didlogic_numbers": [
            {"number": KEPT, "assistant": "Role assistant"},
            {"number": BARE, "assistant": "Kept assistant", "others": "disable"},
        ],
    }


def role_cases() -> list[tuple[str, dict[str, t.Any], str, bool | None]]:
    """Name, variables beyond the environment's, how the services behave, whether it works."""
    trunk = environment()["vapi_didlogic_trunk"]
    return [
        ("trunk id", {}, "pass", True),
        ("again", {}, "pass", True),
        ("passwords again", {"vapi_didlogic_trunk": trunk | {"update_password": "always"}}, "pass", True),
        ("key from a file", {"vapi_didlogic_vapi_api_key": secret("newline")}, "pass", None),
        ("private key", {"vapi_didlogic_inbound_uri": "private_key"}, "pass", True),
        ("wrong reference", {"vapi_didlogic_numbers": [{"number": KEPT, "assistant": "no such"}]}, "pass", False),
        ("wrong number", {"vapi_didlogic_numbers": [{"number": secret("vapi")}]}, "pass", False),
        ("misspelt", {"vapi_didlogic_trunk": trunk | {"pasword": MISSPELT}}, "pass", False),
        ("password as a dict", {"vapi_didlogic_trunk": trunk | {"password": {"a": secret("password")}}}, "pass", None),
        ("password in the port", {"vapi_didlogic_trunk": trunk | {"gateway": secret("password")}}, "pass", False),
        ("key too short", {"vapi_didlogic_vapi_api_key": secret("short")}, "pass", False),
        ("key with other letters", {"vapi_didlogic_didlogic_api_key": secret("nonascii")}, "pass", False),
        ("key masked", {"vapi_didlogic_vapi_api_key": "********"}, "pass", False),
        ("refused, 401", {}, "401-raw", False),
        ("refused, 500", {}, "500-raw", False),
        ("spoilt", {}, "garbage", False),
        ("absent, refused", {"vapi_didlogic_state": "absent"}, "write-400-raw", False),
        ("absent", {"vapi_didlogic_state": "absent", "vapi_didlogic_inbound_uri": "private_key"}, "pass", True),
        (
            "writes refused",
            {"vapi_didlogic_trunk": trunk | {"name": "Other trunk"}, "vapi_didlogic_inbound_uri": "private_key"},
            "write-400-raw",
            False,
        ),
        ("later writes refused", {"vapi_didlogic_trunk": trunk | {"name": "Other trunk"}}, "write2-500-raw", None),
    ]


def role_playbook(names: t.Container[str] = ()) -> list[dict[str, t.Any]]:
    """The role, each time in a block that goes on after a failure and shows it."""
    tasks = []
    for number, (name, more, mode, works) in enumerate(role_cases()):
        if names and name not in names:
            continue
        label = f"case {number:04}: role, {name}"
        urls = {
            f"vapi_didlogic_{service}_api_url": f"{{{{ reflector }}}}/{mode}/role{number}{service}/{service}"
            for service in ("vapi", "didlogic")
        }
        role = {
            "ansible.builtin.include_role": {"name": f"{COLLECTION}.integration"},
            "vars": environment() | urls | more,
        }
        result = {True: "must work", False: "must fail", None: "may do either"}[works]
        tasks.append(
            {
                "name": f"{label} ({result})",
                "block": [
                    {"name": label, **role},
                    {"name": f"{label}, worked", "ansible.builtin.debug": {"var": "vapi_didlogic_result"}},
                ],
                "rescue": [
                    {"name": f"{label}, failed", "ansible.builtin.debug": {"var": "ansible_failed_result"}},
                ],
            }
        )
    return [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]


# ------------------------------------------------------------------------------------------------------------ the run

#: A private /dev with a log socket of ours, in a mount namespace of its own.
ROOM = """
set -e
mount --make-rprivate /
mkdir "$ROOM/dev"
mount --rbind /dev "$ROOM/dev"
mount -t tmpfs tmpfs /dev
for name in null zero full random urandom tty ptmx; do : > /dev/$name; mount --bind "$ROOM/dev/$name" /dev/$name; done
for name in shm pts; do mkdir /dev/$name; mount --rbind "$ROOM/dev/$name" /dev/$name; done
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
: > /dev/log
mount --bind "$ROOM/log" /dev/log
exec "$@"
"""


@functools.cache
def room() -> tuple[str, ...] | None:
    """The start of a command line that gives a process a /dev/log of its own; ``None`` where that is not allowed."""
    for words in (("unshare", "-m"), ("unshare", "-rm")):
        if not shutil.which(words[0]):
            return None
        with tempfile.TemporaryDirectory() as folder, _log_socket(Path(folder)):
            probe = [*words, "sh", "-c", ROOM, "sh", sys.executable, "-c", "import syslog; syslog.syslog('x')"]
            done = subprocess.run(probe, env={**os.environ, "ROOM": folder}, capture_output=True, check=False)
        if done.returncode == 0:
            return (*words, "sh", "-c", ROOM, "sh")
    return None


@contextlib.contextmanager
def _log_socket(folder: Path) -> t.Iterator[list[bytes]]:
    """A system log: what is written to ``folder``/log."""
    lines: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(folder / "log"))
        log.settimeout(0.2)
        stop = threading.Event()

        def collect() -> None:
            while True:
                try:
                    lines.append(log.recv(1 << 20))
                except TimeoutError:
                    if stop.is_set():
                        return

        thread = threading.Thread(target=collect)
        thread.start()
        try:
            yield lines
        finally:
            stop.set()
            thread.join()


@contextlib.contextmanager
def _process_list() -> t.Iterator[set[bytes]]:
    """All command lines that are seen on this machine meanwhile."""
    seen: set[bytes] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            for name in os.listdir("/proc"):  # noqa: PTH208 - fifty times a second
                if name.isdigit():
                    with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as stream:  # noqa: PTH123
                        seen.add(stream.read())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


@dataclasses.dataclass
class Run:
    """One finished run of ansible-playbook and every place where it may have left something."""

    name: str
    places: dict[str, bytes]
    cases: int
    values: dict[str, str]
    odd: list[str]  # cases that did not do what they are there for
    unused: list[str]  # places without any content
    seconds: float

    @functools.cached_property
    def hits(self) -> set[Hit]:
        return search(self.name, self.places, self.values)


def play(
    core: Path, name: str, what: list[dict[str, t.Any]], cases: list[Case], *words: str, inside: bool = False
) -> Run:
    """Run a playbook in an empty world of its own and collect what it leaves.

    :param inside: modules run in the controller's process, not by themselves.
    """
    begun, values = time.monotonic(), canaries()
    version = core.name.removeprefix("core-")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="canary-")))
        data = with_first_objects(seed(values))
        facts = start(folder / "sandbox", "--port", "0", "--max-seconds", "1800", seed=data)
        stack.callback(command, folder / "sandbox", "--stop")
        reflector = Reflector(facts, values["foreign error"], values["foreign field"])
        stack.callback(reflector.close)
        for place in ("home", "remote", "local", "async", "tmp", "junit", "facts"):
            (folder / place).mkdir()
        given = {
            "canary": values,
            "reflector": reflector.url,
            "home": str(folder / "home"),
            "trunk_id": data["vapi"]["credentials"][0]["id"],
            "vapi_didlogic_in_process": inside,
        }
        (folder / "given.yml").write_text(yaml.safe_dump(given, allow_unicode=True))
        (folder / "play.yml").write_text(yaml.safe_dump(what, sort_keys=False))
        log = stack.enter_context(_log_socket(folder))
        seen = stack.enter_context(_process_list())
        shell = room() or ()
        done = subprocess.run(
            [*shell, core / "bin" / "ansible-playbook", folder / "play.yml", "-e", f"@{folder}/given.yml", *words],
            env=_settings(folder, core, values, "-vvvvv" in words),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=1800,
            check=False,
        )
        _settle(folder / "remote")
        places = {
            "stdout": done.stdout,
            "stderr": done.stderr,
            "log file": (folder / "log.txt").read_bytes(),
            "events (JSON)": (folder / "events.jsonl").read_bytes(),
            "junit": _content(folder / "junit"),
            "fact cache": _content(folder / "facts"),
            "remote temporary folder": _content(folder / "remote") + _content(folder / "tmp"),
            "local temporary folder": _content(folder / "local"),
            "async folder": _content(folder / "async"),
            "home": _content(folder / "home"),
        }
        events = [json.loads(line) for line in places["events (JSON)"].splitlines()]
    places |= {"process list": b"\n".join(seen)}
    if shell:
        places |= {"system log": b"\n".join(log)}
    odd = _odd(cases, events) if cases else _odd_roles(what, events)
    if any(case.module == "naive" for case in cases):
        odd = []
    if done.returncode != 0:
        odd.append(f"ansible-playbook ended with {done.returncode}")
    return Run(
        name=f"{version} {name}",
        places=places,
        cases=len(cases) or len(what[0]["tasks"]),
        values=values,
        odd=[_without(text, values) for text in odd],
        unused=[place for place, content in places.items() if not content],
        seconds=time.monotonic() - begun,
    )


def _settings(folder: Path, core: Path, values: dict[str, str], loud: bool) -> dict[str, str]:
    own = ("ANSIBLE_", "VAPI_", "DIDLOGIC_", "PYTHON", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    ansible = {
        "HOME": folder / "home",
        # Two ways to hand a module over: a file in the remote temporary folder, or a pipe.
        "PIPELINING": str(not loud),
        "REMOTE_TEMP": folder / "remote",
        "LOCAL_TEMP": folder / "local",
        "ASYNC_DIR": folder / "async",
        "LOG_PATH": folder / "log.txt",
        "COLLECTIONS_PATH": ROOT / "collections",
        "LIBRARY": NAIVE / "library",
        "CALLBACK_PLUGINS": NAIVE / "callback_plugins",
        "CALLBACKS_ENABLED": "events,junit",
        "CALLBACK_RESULT_FORMAT": "json",
        "CACHE_PLUGIN": "jsonfile",
        "CACHE_PLUGIN_CONNECTION": folder / "facts",
        "LOCALHOST_WARNING": "false",
        "INVENTORY_UNPARSED_WARNING": "false",
        "NOCOLOR": "true",
        # Before 2.19 there is no such setting; since then it shows every exception there is.
        **({"DISPLAY_TRACEBACK": "always", "INJECT_INVOCATION": "true"} if loud else {}),
    }
    return {
        **kept,
        **{f"ANSIBLE_{name}": str(value) for name, value in ansible.items()},
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "EVENTS_FILE": str(folder / "events.jsonl"),
        "JUNIT_OUTPUT_DIR": str(folder / "junit"),
        "ROOM": str(folder),
        "VAPI_API_KEY": values["environment"],
        "DIDLOGIC_API_KEY": values["environment"],
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "127.0.0.1,localhost",
        "PATH": os.pathsep.join([str(core / "bin"), os.environ.get("PATH", os.defpath)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _settle(folder: Path) -> None:
    """A task in the background may still tidy up."""
    for _attempt in range(30):
        if not any(folder.iterdir()):
            return
        time.sleep(0.1)


def _content(folder: Path) -> bytes:
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return b"\n".join(str(file).encode() + b"\n" + file.read_bytes() for file in files)


def _without(text: str, values: t.Mapping[str, str]) -> str:
    """A text for people: it comes from the very places where a secret may stand."""
    for label, value in values.items():
        for form in sorted(set.union(*needles(value).values()), key=len, reverse=True):
            text = text.replace(form.decode(), f"<{label}>")
    return text


def _odd(cases: list[Case], events: list[dict[str, t.Any]]) -> list[str]:
    """Cases that prove nothing: not run, or with another end than the one they are about."""
    ends = {e["task"]: e for e in events if e["event"] in ("ok", "failed")}
    odd = []
    for case in cases:
        end = ends.get(case.label)
        if end is None:
            odd.append(f"{case.label}: did not run")
        elif case.works is not None and (end["event"] == "ok") != case.works:
            odd.append(f"{case.label}: {end['event']}: {str(end['result'].get('msg', ''))[:300]}")
        elif end["event"] == "failed" and case.says and not re.search(case.says, str(end["result"].get("msg", ""))):
            odd.append(f"{case.label}: failed otherwise: {str(end['result'].get('msg', ''))[:300]}")
        elif "Internal error of the collection" in str(end["result"].get("msg", "")):
            odd.append(f"{case.label}: {end['result']['msg']}")
    return odd


def _odd_roles(what: list[dict[str, t.Any]], events: list[dict[str, t.Any]]) -> list[str]:
    odd = []
    ended = {e["task"]: e for e in events if e["event"] == "ok"}
    for task in what[0]["tasks"]:
        label, _space, result = task["name"].rpartition(" (")
        desired = [
            f"{label}, {end}" for end, word in (("worked", "must work"), ("failed", "must fail")) if word in result
        ]
        found = [name for name in (f"{label}, worked", f"{label}, failed") if name in ended]
        if (desired and desired != found) or not found:
            result = [str(ended[name]["result"])[:500] for name in found]
            odd.append(f"{task['name']}: ended as {found or 'nothing'} {result}")
    return odd


# ---------------------------------------------------------------------------------------------------------- the whole


def at_hand() -> list[Path]:
    """The oldest and the newest ansible-core that has an environment here, else the one that runs this."""
    venvs = ROOT / ".cache" / "venv"
    made = [path for core in environments.CORES for path in venvs.glob(f"core-{core}-py*/bin/ansible-playbook")]
    found = [playbook.parents[1] for playbook in made]
    return [found[0], found[-1]] if len(found) > 1 else found or [Path(sys.prefix)]


Job = t.Callable[[], Run]


def jobs(core: Path, number: int, *, full: bool) -> list[tuple[str, Job]]:
    """All runs on one ansible-core, the longest first. ``number``: where the turns of this core begin."""
    found: list[tuple[str, Job]] = []
    ways = (("-vvvvv", False), ("-vvvvv", True), ("", True))
    for turn, (loud, inside) in enumerate(ways):
        words = ("--diff", *([loud] if loud else []))
        kind = f"{loud or 'plain'}{', inside' if inside else ''}"

        def run_modules(
            half: int, words: tuple[str, ...] = words, kind: str = kind, turn: int = turn, inside: bool = inside
        ) -> Run:
            cases = module_cases(core, Turn(len(ways) * number + turn, full=full), half)
            return play(core, f"modules {half + 1} {kind}", playbook(cases), cases, *words, inside=inside)

        def run_control(words: tuple[str, ...] = words, kind: str = kind) -> Run:
            cases = control_cases()
            return play(core, f"control {kind}", playbook(cases), cases, *words)

        def run_role(words: tuple[str, ...] = words, kind: str = kind, inside: bool = inside) -> Run:
            return play(core, f"role {kind}", role_playbook(), [], *words, inside=inside)

        halves = [functools.partial(run_modules, half) for half in (0, 1)]
        found += [*(("modules", half) for half in halves), ("role", run_role)]
        # The control is a module of its own, with one door.
        found += [] if loud and inside else [("control", run_control)]
    dry = ("trunk id", "private key", "writes refused", "refused, 401")

    def run_dry() -> Run:
        what = role_playbook(dry)
        for task in what[0]["tasks"]:
            task["name"] = task["name"].replace("must fail", "may do either")
        return play(core, "role dry -vvvvv", what, [], "-vvvvv", "--diff", "--check")

    found.append(("role", run_dry))
    return found


def count_leaks(hits: t.Iterable[Hit]) -> int:
    """Leaks as people would count them: a task that shows something in a place."""
    return len({(hit.run, hit.case, hit.place) for hit in hits})


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core", type=Path, action="append", help="folder of an environment, repeatable")
    parser.add_argument("--only", choices=("modules", "role", "control"), help="a part, while working on it")
    parser.add_argument("--full", action="store_true", help="every case on every module in every run; takes an hour")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    begun = time.monotonic()
    cores = [core.resolve() for core in chosen.core or at_hand()]
    if room() is None:
        print("SKIPPED: the system log. No mount namespace is allowed here (unshare -m).")
    kinds, runs = [], []
    with concurrent.futures.ThreadPoolExecutor(chosen.workers) as pool:
        todo = [
            (kind, job)
            for number, core in enumerate(cores)
            for kind, job in jobs(core, number, full=chosen.full)
            if chosen.only in (None, kind)
        ]
        for kind, run in zip([kind for kind, _job in todo], pool.map(lambda pair: pair[1](), todo), strict=True):
            kinds.append(kind)
            runs.append(run)
            print(f"{run.name:32} {run.cases:4} cases {run.seconds:5.0f} s  hits {count_leaks(run.hits)}", flush=True)
    controls = [run for kind, run in zip(kinds, runs, strict=True) if kind == "control"]
    subjects = [run for kind, run in zip(kinds, runs, strict=True) if kind != "control"]
    hits = sorted(hit for run in subjects for hit in run.hits)
    by_control = {run.name: count_leaks(run.hits) for run in controls}
    blind = [f"{name}: {number} leaks" for name, number in by_control.items() if number < LEAKS_OF_CONTROL]
    caught = {hit.place for run in controls for hit in run.hits}
    places = runs[0].places if controls else ()
    blind += [f"{place}: nothing found there" for place in places if place not in caught and place not in HARD]
    odd = [f"{run.name}, {text}" for run in runs for text in run.odd]
    for (place, kind, canary, case, run), number in collections.Counter(
        (hit.place, hit.kind, hit.canary, hit.case, hit.run) for hit in hits
    ).items():
        print(f"HIT {run} | {place} | {canary} ({kind}) | {case} | {number}")
    for text in odd:
        print(f"ODD {text}")
    for text in blind:
        print(f"BLIND {text}")
    figures = {
        "cores": [core.name for core in cores],
        "cases": sum(run.cases for run in subjects),
        "runs": len(runs),
        "modules": len(modules(cores[0])),
        "places": len(runs[0].places),
        "skipped places": [] if room() else ["system log"],
        "secrets": len(runs[0].values),
        "needles": sum(len(forms) for value in runs[0].values.values() for forms in needles(value).values()),
        "bytes searched": sum(len(content) for run in runs for content in run.places.values()),
        "hits": count_leaks(hits),
        "cases without effect": len(odd),
        "control cases": sum(run.cases for run in controls),
        "control hits": sum(by_control.values()),
        "seconds": round(time.monotonic() - begun),
    }
    for name, value in figures.items():
        print(f"{value!s:>8}  {name}")
    print("out of scope, Ansible's own:", *LIMITS, sep="\n  - ")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures | {"limits": LIMITS}, indent=2) + "\n")
    return 1 if hits or odd or blind else 0


#: Where the control writes nothing: Ansible empties this folder of the controller by itself.
HARD = ("local temporary folder",)

if __name__ == "__main__":
    sys.exit(main())
