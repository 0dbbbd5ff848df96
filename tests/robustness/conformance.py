# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conformance check against services that behave in every way, and killed at every request; prints figures.

    python tests/robustness/conformance.py            # all of it, some minutes
    python tests/robustness/conformance.py --sample 7 # every 7th case

A world is the sandbox with one or two switches that differ from their defaults. The check must name exactly these, and
its report must contain them as a dialect. A run is killed before and after each request and each line of its journal,
and meets faults; the next run must remove everything, and what existed before must be as it was, byte for byte. No
output may contain a key, a password or a number.
"""

from __future__ import annotations

import collections
import concurrent.futures
import copy
import dataclasses
import datetime
import functools
import itertools
import json
import re
import secrets
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import httpx
import messages
from chain import Account, Report
from faults import BEFORE_ONLY, Case, FaultyRun, Killed
from sandbox_server import switches
from sandbox_server.world import World

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import report, run
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    QUESTIONS,
    dialect,
)

PASSWORD = secrets.token_hex(8)
USED, UNUSED, LISTED = "31201234567", "31201234568", "31201234569"
LABEL = "0a0a0a0a-0000-4000-8000-00000000000a"
SEED: dict[str, t.Any] = {
    "balance": 10,
    "numbers": [
        {
            "number": USED,
            "destinations": [
                {"destination": f"{USED}@{LABEL}.sip.vapi.ai", "transport": 1},
                {"destination": "31201234599", "transport": 4, "active": False},
            ],
        },
        {"number": UNUSED, "destinations": [{"destination": "01234", "transport": 5, "active": False}]},
        LISTED,
    ],
    "sip_accounts": [{"name": "01234", "label": "Vapi", "password": PASSWORD}],
    "calls": [{"timestamp": "2026-01-02T03:04:05Z", "type": "incoming", "from": "31201234599", "to": USED}],
    "vapi": {
        "credentials": [
            {
                "id": LABEL,
                "name": "didlogic",
                "gateways": [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}],
                "outboundAuthenticationPlan": {"authUsername": "01234", "authPassword": PASSWORD},
            }
        ],
        "assistants": [{"name": "reception", "firstMessage": "Hello"}],
        "tools": [{"destinations": [{"type": "number", "number": "+31201234599"}]}],
        "phone_numbers": [{"number": USED, "credentialId": LABEL, "numberE164CheckEnabled": False}],
    },
}
#: Switches that a question measures and that the sandbox has, with values besides the default.
DEFAULTS = switches.defaults()
VALUES: dict[str, tuple[t.Any, ...]] = {
    switch.name: switch.flips
    for switch in switches.SWITCHES
    if switch.name in {question.switch for question in QUESTIONS}
}
#: Of the faults of ``faults.py``.
FAULTS = ("killed", "500", "reset")
#: Those that last until the end of a run; its clean-up then fails, and the next run has to do it.
PERSISTENT = ("500",)
#: Seconds by which a measured time may differ.
TOLERANCE = 6
Found = collections.Counter[str]
Settings = tuple[tuple[str, t.Any], ...]


class Memory:
    """The folder of the journal; a run may be killed before and after a line is written.

    :param event: called before and after.
    """

    def __init__(self) -> None:
        self.files: dict[str, list[str]] = {}
        self.event: t.Callable[[bool], None] = lambda _after: None

    def unfinished(self) -> list[tuple[t.Any, list[str]]]:
        return [(_File(self, name), list(lines)) for name, lines in self.files.items()]

    def new(self, name: str) -> t.Any:
        return _File(self, name)


@dataclasses.dataclass
class _File:
    folder: Memory
    name: str

    def append(self, line: str) -> None:
        self.folder.event(False)
        self.folder.files.setdefault(self.name, []).append(line)
        self.folder.event(True)

    def remove(self) -> None:
        self.folder.event(False)
        self.folder.files.pop(self.name, None)
        self.folder.event(True)


def start(settings: t.Iterable[tuple[str, t.Any]] = ()) -> Account:
    """Both services with objects of a user, and some switches set."""
    account = Account(World(seed=SEED))
    begun = datetime.datetime.now(datetime.UTC)
    ticks = itertools.count()

    def now() -> datetime.datetime:
        return begun + datetime.timedelta(seconds=account.time.now - 1000, milliseconds=next(ticks))

    account.world = World(seed=SEED, clock=now)
    account.world.settings |= dict(settings)
    account.__post_init__()
    return account


def state_of(account: Account) -> str:
    """Everything in both accounts, in a stable form."""
    world = account.world
    numbers = [{**number, "destinations": list(number["destinations"])} for number in world.didlogic["numbers"]]
    return json.dumps([copy.deepcopy(world.vapi), numbers, world.didlogic["sip_accounts"]], sort_keys=True)


def existing(account: Account, before: str) -> str:
    """The same without objects that did not exist before."""
    vapi, numbers, accounts = json.loads(before)
    now = json.loads(state_of(account))
    kept = {name: {key: item for key, item in store.items() if key in vapi[name]} for name, store in now[0].items()}
    rows = {row["id"] for number in numbers for row in number["destinations"]}
    lists = [
        {**number, "destinations": [row for row in number["destinations"] if row["id"] in rows]} for number in now[1]
    ]
    names = {item["name"] for item in accounts}
    return json.dumps([kept, lists, [item for item in now[2] if item["name"] in names]], sort_keys=True)


@dataclasses.dataclass
class Ended:
    """How a run ended."""

    end: str
    outcome: run.Outcome | None = None


PROVIDERS = {"vapi": run.VAPI, "didlogic": run.CARRIER.provider}
#: The only paths of writes.
WRITTEN = re.compile(
    rf"/vapi/(credential|phone-number|assistant|tool)(/[0-9a-f-]+)?|/didlogic/v1/sipaccounts(/\d+(/allowed_ips)?)?"
    rf"|/didlogic/v1/purchases/{UNUSED}/destinations(/\d+)?"
)


class Between(FaultyRun):
    """The requests and the lines of the journal; counts requests that no run may send."""

    forbidden = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self.dead:
            self.forbidden += request.method != "GET" and not WRITTEN.fullmatch(request.url.path)
        return super().handle_request(request)


def play(account: Account, folder: Memory, transport: t.Any = None, warnings: list[str] | None = None) -> Ended:
    """One run at the highest level."""
    warned = [] if warnings is None else warnings
    made = Report(account, False, transport or account.transport)
    clients = {name: made.engine(provider).client for name, provider in PROVIDERS.items()}
    given = {"level": "destinations", "spare_number": f"+{UNUSED}", "pace": 0.0}
    options = run.checked(from_options(run.ConformanceOptions, given))
    environment = run.Environment(
        files=folder, hosts=None, now=account.world.clock, clock=account.time, warn=warned.append
    )
    try:
        return Ended("finished", run.run(clients, options, environment))
    except Killed:
        return Ended("killed")
    except (ApiError, OptionError) as failed:
        return Ended("clear error" if 20 < len(str(failed)) < 900 else "unclear error")
    except Exception as error:  # noqa: BLE001 - it is what is counted
        return Ended(f"traceback {type(error).__name__} {error}")


def leaks(account: Account, folder: Memory, ended: Ended) -> Found:
    """Secrets and numbers in what a run leaves and returns."""
    found: Found = collections.Counter()
    world = account.world
    keys = [world.vapi_api_key, world.didlogic_api_key, PASSWORD]
    lines = json.dumps(folder.files)
    found["secrets in the journal"] += any(secret in lines for secret in keys)
    if ended.outcome:
        built = report.build(ended.outcome.run, "destinations", "2026-01-02", ended.outcome.answers, 0)
        try:
            texts = "".join(report.texts(built, ended.outcome.secrets, ended.outcome.private))
        except report.UnsafeReportError:
            found["reports that are not safe"] += 1
            return found
        others = [
            USED,
            UNUSED,
            LISTED,
            "31201234599",
            LABEL,
            "01234",
            world.org_id,
            "reception",
            *ended.outcome.secrets,
        ]
        found["secrets in a report"] += any(each.lower() in texts.lower() for each in (*keys, *others))
        found["secrets in the journal"] += any(secret in lines for secret in ended.outcome.secrets)
    return found


# -- worlds


def worlds() -> list[Settings]:
    """The defaults, every switch, and every pair of switches; each with every value."""
    each = [[(name, value) for value in values] for name, values in VALUES.items()]
    found: list[Settings] = [(), *((one,) for values in each for one in values)]
    for first, second in itertools.combinations(each, 2):
        found += itertools.product(first, second)
    return found


def hidden(settings: dict[str, t.Any]) -> set[str]:
    """Switches that cannot be seen in a world, because another one hides them."""
    found = set()
    if not settings["unique_numbers"]:
        found.add("ignore_plus")
    if settings["ignore_unknown_fields"]:
        found |= {"accept_legacy_fields", "strict_assistants"}
    if settings["refuse_delete_in_use"]:
        found.add("clear_references")
    if settings["equal_priorities"]:
        found.add("new_destination_first")
    return found


def measured_wrongly(settings: Settings, measured: dict[str, object]) -> list[str]:
    """The switches whose value in the report is not that of the world; one that is hidden may only be missing."""
    expected: dict[str, t.Any] = {name: DEFAULTS[name] for name in VALUES} | dict(settings)
    found = []
    for name, value in expected.items():
        seen = measured.get(name)
        if name in hidden(expected) and seen is None:
            continue
        # Measured in steps of some seconds.
        good = (
            abs(int(str(seen)) - value) <= TOLERANCE
            if name == "activating_seconds" and seen is not None
            else seen == value
        )
        found += [] if good else [f"{name} is {value}, measured {seen}"]
    return found


def run_world(settings: Settings) -> Found:
    """One world: the check must name exactly the switches that differ."""
    found: Found = collections.Counter()
    account, folder = start(settings), Memory()
    before = state_of(account)
    between = Between(account.transport, account, None, lambda: None)
    ended = play(account, folder, between)
    found[ended.end] += 1
    found["writes to other paths"] += between.forbidden
    if ended.outcome:
        found["objects left or changed"] += state_of(account) != before
        found["reported as left behind"] += bool(ended.outcome.left_behind)
        found["journals left behind"] += bool(folder.files)
        wrong = measured_wrongly(settings, dialect(ended.outcome.answers))
        found["switches named wrongly"] += bool(wrong)
        found.update(f"{text} with {dict(settings)}" for text in wrong)
    return messages.noted(found + leaks(account, folder, ended), BROKEN, settings)


# -- kills and faults


@functools.cache
def events() -> int:
    """The number of requests and of lines of the journal in an undisturbed run."""
    account, folder = start(), Memory()
    between = Between(account.transport, account, None, lambda: None)
    folder.event = between.event
    play(account, folder, between)
    return between.seen


def interruptions() -> list[Case]:
    """A kill before and after each event, and each kind of fault at each of them."""
    found = []
    for index, kind, when, persistent in itertools.product(range(events()), FAULTS, ("before", "after"), (False, True)):
        if (when == "after" and kind in BEFORE_ONLY) or persistent != (kind in PERSISTENT):
            continue
        found.append(Case("", True, index, kind, when, persistent))
    return found


def run_interruption(case: Case) -> Found:
    """One case, and one run after it with services that are well again."""
    found: Found = collections.Counter()
    account, folder = start(), Memory()
    before = state_of(account)
    between = Between(account.transport, account, case, lambda: None)
    folder.event = between.event
    ended = play(account, folder, between)
    found[ended.end] += 1
    found["writes to other paths"] += between.forbidden
    found["existing objects changed"] += existing(account, before) != before
    left = state_of(account) != before
    found["left without a journal"] += left and not folder.files
    if ended.outcome:
        found["left without a report"] += left and not ended.outcome.left_behind
    found += leaks(account, folder, ended)
    folder.event = lambda _after: None
    again = play(account, folder, Between(account.transport, account, None, lambda: None))
    found["next run failed"] += again.end != "finished"
    found["objects left or changed"] += state_of(account) != before
    found["journals left behind"] += bool(folder.files)
    return messages.noted(found + leaks(account, folder, again), BROKEN, case)


#: Counters that must be 0.
BROKEN = (
    "traceback",
    "unclear error",
    "switches named wrongly",
    "objects left or changed",
    "existing objects changed",
    "reported as left behind",
    "journals left behind",
    "left without a journal",
    "left without a report",
    "next run failed",
    "writes to other paths",
    "secrets in the journal",
    "secrets in a report",
    "reports that are not safe",
)
Job = tuple[str, t.Any]
RUNNERS: dict[str, t.Callable[[t.Any], Found]] = {"world": run_world, "interruption": run_interruption}


def jobs() -> list[Job]:
    """All cases."""
    return [("world", settings) for settings in worlds()] + [("interruption", case) for case in interruptions()]


def run_job(job: Job) -> Found:
    kind, what = job
    return RUNNERS[kind](what) + collections.Counter({f"cases: {kind}": 1})


def sweep(chosen: t.Sequence[Job], workers: int = 1) -> Found:
    """Play cases, in several processes if they are many."""
    total: Found = collections.Counter()
    if workers == 1:
        for job in chosen:
            total.update(run_job(job))
        return total
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        for found in pool.map(run_job, chosen, chunksize=16):
            total.update(found)
    return total


def main() -> int:
    options = messages.sampled_options(__doc__)
    options.add_argument("--worlds", action="store_true", help="only the worlds")
    chosen = options.parse_args()
    begun = time.monotonic()
    every = [job for job in jobs() if job[0] == "world" or not chosen.worlds]
    total = sweep(every[:: chosen.sample], chosen.workers)
    figures: dict[str, int] = {
        "switches of the sandbox that are measured": len(VALUES),
        "worlds with none, one or two other values": total["cases: world"],
        "runs that were killed or met a fault": total["cases: interruption"],
    }
    figures |= {name: total[name] for name in ("finished", "clear error", "killed", *BROKEN)}
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
