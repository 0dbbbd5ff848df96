# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs with an approved plan while somebody else edits the accounts; prints the figures.

    python tests/robustness/approval.py             # 10,000 cases
    python tests/robustness/approval.py --cases 200 # fewer

A case is a change of an environment, edits by somebody else before the run or before one of its writes, and perhaps a
run that is killed and repeated. Which requests a plan consists of is determined without the code that is tested: they
are those of an undisturbed run on a copy of the account as it was when the plan was made.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import functools
import json
import random
import re
import sys
import time
import typing as t
import urllib.parse
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import messages
from chain import BARE, DECLARED, OWN, Account, ModuleFailureError
from faults import Killed
from life import AFTER, BEFORE
from life import deployed as deployed_next_to_others
from rotation import NEW_PASSWORD
from rotation import declared as declared_login
from rotation import deployed as deployed_with

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ModuleFailureError as ModuleFailed,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import execute

#: When somebody edits the accounts, or the run is killed.
MOMENTS = ("before", "during", "killed", "killed and edited")
ERRORS = (ApiError, ModuleFailed, OptionError, RunInterruptedError)
BROKEN = (
    "writes outside the plan",
    "writes although the plan does not match",
    "unexpected error",
    "not completed after a kill",
)
Requests = list[tuple[str, str, str]]
#: Times, which two copies of an account may not share.
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of an environment.

    :param start: makes the account before it. :param options: what is then declared.
    """

    start: t.Callable[[], Account]
    options: dict[str, t.Any]


def deployed() -> Account:
    """An account with the environment."""
    account = Account.new()
    account.run(at_once=True)
    return account


CHANGES: dict[str, Change] = {
    "first deployment": Change(Account.new, {}),
    "first deployment with failover": Change(
        Account.new, {"numbers": [{**DECLARED["numbers"][0], "failover": ["31201234599"]}, DECLARED["numbers"][1]]}
    ),
    "rename, remove, prune": Change(deployed_next_to_others, AFTER),
    "other assistant": Change(
        deployed_next_to_others,
        BEFORE | {"numbers": [{**each, "assistant": "night"} for each in BEFORE["numbers"]]},
    ),
    "definition": Change(
        deployed_next_to_others,
        BEFORE | {"assistants": [{**each, "definition": {"firstMessage": "Hello"}} for each in BEFORE["assistants"]]},
    ),
    "teardown": Change(deployed, {"state": "absent"}),
    "first deployment with a SIP account": Change(
        Account.new,
        {
            "trunk": {key: DECLARED["trunk"][key] for key in ("name", "gateway", "inbound_networks")},
            "sip_account": {
                "label": "Vapi",
                "password": "not-a-real-password",
                "allowed_ips": ["198.51.100.7", "198.51.100.8"],
                "ip_restrict": True,
            },
        },
    ),
    "rotation with a login": Change(
        functools.partial(deployed_with, "username"),
        declared_login("username", NEW_PASSWORD) | {"rotate_password": True},
    ),
    "rotation with a label": Change(
        functools.partial(deployed_with, "label"),
        declared_login("label", NEW_PASSWORD) | {"rotate_password": True},
    ),
}


# -- what somebody else does


def _pick(random_: random.Random, rows: t.Collection[t.Any]) -> t.Any:
    return random_.choice(sorted(rows, key=lambda row: str(row["id"]))) if rows else None


def _edit(kind: str, **values: t.Any) -> t.Callable[[Account, random.Random], None]:
    def edit(account: Account, random_: random.Random) -> None:
        row = _pick(random_, account.world.vapi[kind].values())
        if row is not None:
            row.update(values)

    return edit


def _remove(kind: str) -> t.Callable[[Account, random.Random], None]:
    def remove(account: Account, random_: random.Random) -> None:
        row = _pick(random_, account.world.vapi[kind].values())
        if row is not None:
            del account.world.vapi[kind][row["id"]]

    return remove


def _duplicate(kind: str) -> t.Callable[[Account, random.Random], None]:
    def duplicate(account: Account, random_: random.Random) -> None:
        row = _pick(random_, account.world.vapi[kind].values())
        if row is not None:
            new = f"e{random_.randrange(10**8):07d}-0000-4000-8000-000000000000"
            account.world.vapi[kind][new] = {**row, "id": new, "createdAt": "2026-11-01T00:00:00.000Z"}

    return duplicate


def _rows(account: Account, random_: random.Random) -> list[dict[str, t.Any]]:
    number = account.world.number(random_.choice([OWN, BARE]))
    found: list[dict[str, t.Any]] = number["destinations"] if number else []
    return found


def _new_destination(account: Account, random_: random.Random, *, first: bool) -> None:
    rows = _rows(account, random_)
    places = [row["priority"] for row in rows] or [1]
    priority = min(places) - 1 if first else max(places) + 1
    new = {"destination": f"312999{random_.randrange(10**5):05d}", "transport": 4, "active": True, "callhunt": False}
    rows.append({**new, "id": account.world.next_id(), "priority": priority})


def _lost_destination(account: Account, random_: random.Random) -> None:
    rows = _rows(account, random_)
    if rows:
        rows.pop(random_.randrange(len(rows)))


def _switched_destination(account: Account, random_: random.Random) -> None:
    rows = _rows(account, random_)
    if rows:
        row = random_.choice(rows)
        row["active"] = not row["active"]


def _account_edit(account: Account, random_: random.Random) -> None:
    accounts = account.world.didlogic["sip_accounts"]
    if accounts:
        random_.choice(accounts).update(max_channels=random_.randrange(1, 9), channels_restrict=True)


EDITS: dict[str, t.Callable[[Account, random.Random], None]] = {
    "trunk edited": _edit("credentials", outboundLeadingPlusEnabled=True, techPrefix="7"),
    "trunk gateways edited": _edit("credentials", gateways=[{"ip": "198.51.100.9"}]),
    "trunk renamed": _edit("credentials", name="somebody's"),
    "trunk removed": _remove("credentials"),
    "trunk duplicated": _duplicate("credentials"),
    "assistant edited": _edit("assistants", firstMessage="somebody's"),
    "model edited": _edit("assistants", model={"provider": "openai", "model": "other", "temperature": 1}),
    "assistant renamed": _edit("assistants", name="somebody's"),
    "assistant removed": _remove("assistants"),
    "assistant duplicated": _duplicate("assistants"),
    "tool edited": _edit("tools", destinations=[]),
    "tool removed": _remove("tools"),
    "phone number edited": _edit("phone_numbers", assistantId=None, name="somebody's"),
    "phone number removed": _remove("phone_numbers"),
    "destination added first": functools.partial(_new_destination, first=True),
    "destination added last": functools.partial(_new_destination, first=False),
    "destination removed": _lost_destination,
    "destination switched": _switched_destination,
    "SIP account edited": _account_edit,
    "nothing": lambda _account, _random: None,
}


# -- one case


class Between(httpx.BaseTransport):
    """Between client and services: notes each write, and edits the accounts or kills the run before one of them."""

    def __init__(self, account: Account, at: int = -1, act: t.Callable[[], None] = lambda: None) -> None:
        self.account, self.at, self.act = account, at, act
        self.writes: Requests = []
        self.made: set[str] = set()  # ids of the objects that these writes have created

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            if len(self.writes) == self.at:
                self.act()
            self.writes.append((request.method, urllib.parse.unquote(request.url.raw_path.decode()), _body(request)))
        before = ids(self.account) if request.method == "POST" else set()
        answer: httpx.Response = self.account.transport.handle_request(request)
        self.made |= ids(self.account) - before if request.method == "POST" else set()
        return answer


def _body(request: httpx.Request) -> str:
    """The body in one form: Vapi's are JSON, didlogic's are forms."""
    text = request.content.decode()
    return json.dumps(json.loads(text), sort_keys=True) if text.startswith("{") else urllib.parse.unquote_plus(text)


def with_names(requests: Requests, made: t.AbstractSet[str]) -> set[tuple[str, str, str]]:
    """Requests with a common word for the ids of all objects that they have created."""

    def text(value: str) -> str:
        for key in sorted(made, key=len, reverse=True):
            value = re.sub(rf"(?<![\w-]){re.escape(key)}(?![\w-])", "NEW", value)
        return value

    return {(method, text(path), text(body)) for method, path, body in requests}


def ids(account: Account) -> set[str]:
    """The ids and logins of all objects."""
    state = account.world.state()
    found = {str(row["id"]) for rows in state["vapi"].values() for row in rows}
    found |= {str(row["name"]) for row in account.world.didlogic["sip_accounts"]}
    return found | {str(row["id"]) for number in state["numbers"] for row in number["destinations"]}


@functools.cache
def planned(name: str) -> tuple[str, dict[str, t.Any], frozenset[tuple[str, str, str]], int, str]:
    """The account when the plan is made, the plan, its requests, their number, and the account after it."""
    change = CHANGES[name]
    account = change.start()
    dumped = account.world.dump()
    plan = run(account, name, check=True)["plan"]
    copy = Account.of(dumped)
    between = Between(copy)
    run(copy, name, between)
    requests = with_names(between.writes, between.made)
    return dumped, plan, frozenset(requests), len(between.writes), final(copy)


def run(account: Account, name: str, between: Between | None = None, **more: t.Any) -> dict[str, t.Any]:
    """A run of the change, as one task."""
    check = bool(more.pop("check", False))
    found: dict[str, t.Any] = account.run(
        check=check, at_once=True, wrap=lambda inner: between or inner, **CHANGES[name].options, **more
    ).returned
    return found


def final(account: Account) -> str:
    """What an account contains, without ids and times."""
    state = account.world.state()
    text = json.dumps([state["vapi"], state["numbers"]], sort_keys=True, default=str)
    patterns = [re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])") for key in ids(account)]
    found = {pattern: match.start() for pattern in patterns if (match := pattern.search(text))}
    for at, pattern in enumerate(sorted(found, key=found.__getitem__)):
        text = pattern.sub(f"ID{at}", text)
    return TIME.sub("TIME", text)


def play(number: int) -> collections.Counter[str]:
    """Play one case, all of which follows from its number.

    :return: what happened, and each rule that was broken.
    """
    random_ = random.Random(number)
    name = random_.choice(list(CHANGES))
    dumped, plan, requests, count, expected = planned(name)
    account = Account.of(dumped)
    moment = random_.choice(MOMENTS)
    edits = [random_.choice(list(EDITS)) for _count in range(random_.choice((1, 1, 1, 2)))]

    def edit() -> None:
        for each in edits:
            EDITS[each](account, random_)

    def kill() -> None:
        raise Killed

    at = random_.randrange(count)
    first = Between(account, at, edit if moment == "during" else kill)
    if moment == "before":
        edit()
        first.at = -1
    outcome = approved_run(account, name, plan, first)
    writes, made = first.writes[:at] if outcome == "killed" else first.writes, first.made
    if outcome == "killed":
        if moment == "killed and edited":
            edit()
        second = Between(account)
        outcome = approved_run(account, name, plan, second)
        writes, made = writes + second.writes, made | second.made
        refused_at_once = outcome == "not approved" and second.writes
    else:
        refused_at_once = outcome == "not approved" and first.writes
    sent = with_names(writes, made)
    outside = {
        each
        for each in sent - requests
        if not (undoes(each) or repeats(each, requests) or detaches(each, dumped, plan))
    }
    case = f"{number}: {name}, {moment} write {at}, {edits}"
    found = collections.Counter({"cases": 1, f"{moment}: {outcome}": 1})
    found["writes"] = len(writes)
    unexpected = outcome if outcome.startswith("error") else ""
    incomplete = moment == "killed" and (outcome != "done" or final(account) != expected)
    for problem, what in zip(BROKEN, (outside, refused_at_once, unexpected, incomplete), strict=True):
        found[problem] += bool(what)
        if what:
            found[f"{problem}: {case}: {str(what)[:300]}"] += 1
    return found


def undoes(request: tuple[str, str, str]) -> bool:
    """Whether a request removes what the run has created."""
    return request[0] == "DELETE" and "NEW" in request[1]


def repeats(request: tuple[str, str, str], requests: t.Collection[tuple[str, str, str]]) -> bool:
    """Whether a request only sends values again to an object that was created with them, such as its password."""
    path, _slash, name = request[1].rpartition("/")
    own = [_values(body) for _method, other, body in requests if other in (path, request[1])]
    return name == "NEW" and _values(request[2]) <= set[str]().union(*own)


def _values(body: str) -> set[str]:
    if body.startswith("{"):
        return {json.dumps(item) for item in json.loads(body).items()}
    return set(body.split("&"))


def detaches(request: tuple[str, str, str], dumped: str, plan: dict[str, t.Any]) -> bool:
    """Whether a request only takes tools that the plan removes out of an assistant.

    The undisturbed run removes the assistant first. If somebody has renamed it meanwhile, it stays.
    """
    state = Account.of(dumped).world.state()["vapi"]
    gone = {change.get("id") for change in plan["changes"] if change["action"] == "delete"}
    row = next((row for row in state["assistants"] if request[1].endswith(f"/assistant/{row['id']}")), None)
    if request[0] != "PATCH" or row is None:
        return False
    model, now = row["model"], json.loads(request[2])
    left = [key for key in model["toolIds"] if key not in gone]
    return bool(now == {"model": {**model, "toolIds": left}})


def approved_run(account: Account, name: str, plan: dict[str, t.Any], between: Between) -> str:
    """Run with the approved plan; the outcome in a few words."""
    try:
        run(account, name, between, approved_plan=plan)
    except Killed:
        return "killed"
    except ModuleFailureError as failure:
        text = str(failure)
        if text.startswith(execute.NOT_APPROVED):
            return "not approved"
        if "approved plan does not contain" in text:
            return "stopped"
        return "failed" if isinstance(failure.error, ERRORS) else f"error {text}"
    return "done"


def batch(numbers: t.Sequence[int]) -> collections.Counter[str]:
    """Play cases.

    :param numbers: their numbers. :return: the sum.
    """
    total: collections.Counter[str] = collections.Counter()
    for number in numbers:
        total.update(play(number))
    return total


def sweep(cases: int, workers: int = 1) -> collections.Counter[str]:
    """Play cases.

    :param cases: their number. :param workers: processes. :return: the sum.
    """
    if workers == 1:
        return batch(range(cases))
    total: collections.Counter[str] = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        for part in pool.map(batch, [range(at, cases, workers * 8) for at in range(workers * 8)]):
            total.update(part)
    return total


def main() -> int:
    options = messages.options(__doc__)
    options.add_argument("--cases", type=int, default=10_000)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    begun = time.monotonic()
    total = sweep(chosen.cases, chosen.workers)
    figures = {"cases": total["cases"], "kinds of change": len(CHANGES), "kinds of edit": len(EDITS)}
    figures |= {name: number for name, number in sorted(total.items()) if name.split(":")[0] in MOMENTS}
    figures |= {name: total[name] for name in ("writes", *BROKEN)}
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
