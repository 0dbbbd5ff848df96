# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of a rotation of the SIP password meets every kind of fault; prints the figures.

    python tests/robustness/rotation.py            # all of it, some minutes
    python tests/robustness/rotation.py --sample 7 # every 7th case

The faults are those of ``faults.py``. A starting state is a way to declare the login, and how far an earlier rotation
got. After each request, every number must be reached and must be able to call. Then the services are well again: one
more run must complete the rotation, and a deployment after it must write nothing.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import functools
import itertools
import json
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import messages
from chain import BARE, DECLARED, OWN, Account, ModuleFailureError
from faults import BEFORE_ONLY, FOREIGN, KINDS, LIMIT, REFUSALS, Case, Faulty, Killed

BEHIND = "31201234569"  # is answered by a phone first, and by Vapi after it
OFF = "31201234570"  # its forward to Vapi is switched off
LOGIN, OLD_PASSWORD, NEW_PASSWORD = "01234", "not-the-old-password", "not-the-new-password"
#: Settings of the trunk that the environment does not declare.
SETTINGS = {"outboundLeadingPlusEnabled": True, "techPrefix": "99", "sipDiversionHeader": "diversion"}
AT_GATEWAY = "sip:{}@sip.nl.didlogic.net:5060"
REGISTER = {"domain": "sip.nl.didlogic.net", "realm": "realm.example"}
FACTS = json.loads(
    (Path(__file__).resolve().parents[1] / "sandbox" / "didlogic_facts.json").read_text(encoding="utf-8")
)


def writable() -> dict[str, t.Any]:
    """A value for each writable field of didlogic's description of a SIP account, none of them the default."""
    form = FACTS["components"]["schemas"]["SipAccountUpdateForm"]["properties"]
    values: dict[str, t.Any] = {"boolean": True, "integer": 7, "string": "8", "number": "2.5"}
    found = {name.removeprefix("sipaccount[").rstrip("]"): values[_type_of(rule)] for name, rule in form.items()}
    own = {"password", "label"}  # a rotation changes the first, and the environment declares the second
    return {name: value for name, value in found.items() if name not in own} | {"callerid": "31201234567"}


def _type_of(rule: dict[str, t.Any]) -> str:
    return str(rule.get("type") or rule["oneOf"][-1]["type"])


#: Settings of the SIP account that the environment does not declare.
ACCOUNT = {**writable(), "allowed_ips": ["192.0.2.7", "192.0.2.8"]}
#: Kinds of fault that meet a rotation which completes an interrupted one; an undisturbed one meets all.
ENDINGS = ("killed", "closed", "500")


def declared(login: str, password: str, *, new: bool = False) -> dict[str, t.Any]:
    """``label``: the environment manages the SIP account; ``username``: the login is declared.

    :param new: whether the environment is deployed for the first time; later the destinations of two numbers are
        managed by hand.
    """
    by_hand = [{"number": number, "assistant": "reception", "inbound": new} for number in (BEHIND, OFF)]
    found = {"numbers": [*DECLARED["numbers"], *by_hand]}
    trunk = {name: DECLARED["trunk"][name] for name in ("name", "gateway", "inbound_networks")}
    if login == "label":
        return {**found, "trunk": trunk, "sip_account": {"label": "Vapi", "password": password}}
    return {**found, "trunk": {**trunk, "username": LOGIN, "password": password}}


def bought() -> Account:
    """An account with the numbers, and with the SIP account that is not managed."""
    account = Account.new()
    account.world.seed({"numbers": [BEHIND, OFF], "sip_accounts": [{"name": LOGIN, "label": "x", "password": "y" * 9}]})
    return account


def deployed(login: str) -> Account:
    """An environment, with what its owner has set by hand."""
    account = bought()
    world = account.world
    if login == "username":
        world.didlogic["sip_accounts"][0]["password"] = OLD_PASSWORD
    account.run(at_once=True, **declared(login, OLD_PASSWORD, new=True))
    (trunk,) = world.vapi["credentials"].values()
    plan = trunk["outboundAuthenticationPlan"]
    plan["sipRegisterPlan"] = {**REGISTER, "username": plan["authUsername"]}
    trunk.update(SETTINGS)
    next(each for each in world.didlogic["sip_accounts"] if each["name"] == plan["authUsername"]).update(ACCOUNT)
    phone = {"destination": FOREIGN[1], "transport": 4, "active": True, "callhunt": False, "id": world.next_id()}
    behind = destinations(account, BEHIND)
    behind.insert(0, {**phone, "priority": behind[0]["priority"] - 1})
    own_login = {**phone, "destination": plan["authUsername"], "transport": 5, "id": world.next_id()}
    destinations(account, BARE).append({**own_login, "priority": 99})
    by_uri = {"destination": AT_GATEWAY.format(plan["authUsername"]), "transport": 1, "id": world.next_id()}
    destinations(account, BARE).append({**own_login, **by_uri, "priority": 100})
    destinations(account, OFF)[0]["active"] = False
    return account


def destinations(account: Account, number: str) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", (account.world.number(number) or {})["destinations"])


def in_order(account: Account, number: str) -> list[dict[str, t.Any]]:
    return sorted(destinations(account, number), key=lambda row: (row["priority"], row["id"]))


def unreached(account: Account, login: str) -> t.Iterator[str]:
    """Why a call would fail now: inbound by any destination, outbound by the login and password of the trunk."""
    world = account.world
    trunks = world.vapi["credentials"]
    for phone in world.vapi["phone_numbers"].values():
        number, trunk = phone["number"], trunks.get(phone["credentialId"])
        if trunk is None:
            yield f"{number} has no trunk"
            continue
        active = [row["destination"] for row in destinations(account, number) if row["active"]]
        if number != OFF and f"{number}@{trunk['id']}.sip.vapi.ai" not in active:
            yield f"{number} is not reached"
        plan = trunk["outboundAuthenticationPlan"]
        owner = world.sip_account(plan["authUsername"])
        # A declared login has one password at a time, so it is rejected until the numbers have moved.
        if not owner or (login == "label" and owner["password"] != plan["authPassword"]):
            yield f"{number} cannot call"


def misses(account: Account, login: str, old_trunk: str, *, refused: bool) -> t.Iterator[str]:
    """What a completed rotation has left undone.

    :param refused: whether didlogic has refused to append a destination, so that positions cannot be kept.
    """
    world = account.world
    (trunk, *more) = world.vapi["credentials"].values()
    plan = trunk["outboundAuthenticationPlan"]
    owner = world.sip_account(plan["authUsername"]) or {}
    labels = sorted(each["label"] for each in world.didlogic["sip_accounts"])
    if more or trunk["id"] == old_trunk or trunk["name"] != DECLARED["trunk"]["name"]:
        yield "the trunk"
    if {name: trunk.get(name) for name in SETTINGS} != SETTINGS:
        yield "settings of the trunk"
    if plan["sipRegisterPlan"] != {**REGISTER, "username": plan["authUsername"]}:
        yield "the registration"
    if not NEW_PASSWORD == plan["authPassword"] == owner.get("password"):
        yield "the password"
    if {name: owner.get(name) for name in ACCOUNT} != ACCOUNT:
        yield "settings of the SIP account"
    if labels != (["Vapi", "x"] if login == "label" else ["x"]):
        yield "the SIP accounts"
    if {phone["credentialId"] for phone in world.vapi["phone_numbers"].values()} != {trunk["id"]}:
        yield "the phone numbers"
    uri = {number: f"{number}@{trunk['id']}.sip.vapi.ai" for number in (OWN, BARE, BEHIND, OFF)}
    expected = {
        OWN: [(uri[OWN], True), *((place, True) for place in FOREIGN)],
        BARE: [
            (uri[BARE], True),
            (plan["authUsername"], True),
            (AT_GATEWAY.format(plan["authUsername"]), True),
        ],
        BEHIND: [(FOREIGN[1], True), (uri[BEHIND], True)],
        OFF: [(uri[OFF], False)],
    }
    for number, rows in expected.items():
        found = [(row["destination"], row["active"]) for row in in_order(account, number)]
        if found != rows and not (
            refused and {place for place, _active in found} == {place for place, _active in rows}
        ):
            yield f"destinations of {number}"


def rotate(account: Account, login: str, wrap: t.Callable[[t.Any], t.Any], *, check: bool = False) -> t.Any:
    new = declared(login, NEW_PASSWORD)
    return account.run(wrap=wrap, check=check, at_once=True, rotate_password=True, **new)


@functools.cache
def start(name: str) -> str:
    """A dumped account: ``label`` or ``username``, and the request after which an earlier rotation was killed."""
    login, _space, progress = name.partition(" ")
    if not progress:
        return deployed(login).world.dump()
    account = Account.of(start(login))
    middle = Case(name, True, int(progress), "killed", "after", persistent=False)
    with contextlib.suppress(Killed):
        rotate(account, login, lambda inner: Faulty(inner, account, middle, lambda: None))
    return account.world.dump()


@functools.cache
def requests(name: str) -> tuple[str, ...]:
    """The requests of an undisturbed rotation."""
    account = Account.of(start(name))
    account.world.journal.clear()
    rotate(account, name.partition(" ")[0], lambda inner: inner)
    return tuple(f"{entry['method']} {entry['path']}" for entry in account.world.journal)


def starts() -> list[str]:
    """Each login, undisturbed, and killed after the new trunk exists, halfway, and after the old trunk is removed."""
    found = []
    for login in ("label", "username"):
        sent = requests(login)
        created = next(index for index, each in enumerate(sent) if each == "POST /credential")
        removed = next(index for index, each in enumerate(sent) if each.startswith("DELETE /credential/"))
        found += [login, *(f"{login} {index}" for index in (created, (created + removed) // 2, removed))]
    return found


def cases(kinds: t.Collection[str] = tuple(KINDS), names: t.Collection[str] = ()) -> t.Iterator[Case]:
    for name in names or starts():
        chosen = [kind for kind in kinds if " " not in name or kind in ENDINGS]
        for index, kind, when, persistent in itertools.product(
            range(len(requests(name))), chosen, ("before", "after"), (False, True)
        ):
            if (when == "after" and kind in BEFORE_ONLY) or (kind == "killed" and persistent):
                continue
            yield Case(name, True, index, kind, when, persistent)


def run_case(case: Case) -> collections.Counter[str]:
    """Play one case; the counter says how it ended and what was broken."""
    login = case.start.partition(" ")[0]
    account = Account.of(start(case.start))
    old_trunk = next(iter(Account.of(start(login)).world.vapi["credentials"]))
    found: collections.Counter[str] = collections.Counter()
    texts: list[str] = []

    def watch() -> None:
        found["moments in which a call fails"] += bool(list(unreached(account, login)))

    def play(fault: Case | None) -> str:
        """How a run ended."""
        faulty = Faulty(account.transport, account, fault, watch)
        try:
            report = rotate(account, login, lambda _inner: faulty)
            found["over the deadline"] += report.longest > LIMIT
            texts.extend([str(report.returned), *report.warnings])
        except Killed:
            return "killed"
        except ModuleFailureError as failed:
            texts.extend([str(failed.error), str(getattr(failed.error, "result", ""))])
            return "clear error" if 20 < len(str(failed.error)) < 900 else "unclear error"
        except Exception as error:  # noqa: BLE001 - it is what is counted
            return f"traceback {type(error).__name__}"
        else:
            return "converged"
        finally:
            found["requests sent elsewhere"] += faulty.elsewhere

    found[play(case)] += 1
    again = play(None)
    found["next run failed"] += again != "converged"
    if again.startswith("traceback "):
        found[again] += 1
    left = list(misses(account, login, old_trunk, refused=case.kind in REFUSALS))
    found["incomplete"] += bool(left)
    writes = account.world.journal_report()["writes"]
    if case.kind not in REFUSALS:
        try:
            account.run(at_once=True, **declared(login, NEW_PASSWORD))
        except ModuleFailureError as failed:
            left.append(str(failed))
            found["deployment after that failed"] += 1
    found["writes of a deployment after that"] += account.world.journal_report()["writes"] - writes
    secrets = (OLD_PASSWORD, NEW_PASSWORD, account.world.vapi_api_key, account.world.didlogic_api_key)
    found["secrets in output"] += any(secret in text for secret in secrets for text in texts)
    return messages.noted(found, BROKEN, case, ", ".join(left))


BROKEN = (
    "traceback",
    "unclear error",
    "next run failed",
    "incomplete",
    "deployment after that failed",
    "writes of a deployment after that",
    "moments in which a call fails",
    "secrets in output",
    "requests sent elsewhere",
    "over the deadline",
)


def _batch(batch: t.Sequence[Case], until: t.Collection[str] = ()) -> collections.Counter[str]:
    total: collections.Counter[str] = collections.Counter()
    for case in batch:
        total.update(run_case(case))
        if any(total[name] for name in until):
            break
    return total


def sweep(
    sample: int = 1,
    workers: int = 1,
    kinds: t.Collection[str] = tuple(KINDS),
    names: t.Collection[str] = (),
    until: t.Collection[str] = (),
) -> tuple[int, collections.Counter[str]]:
    """Play the cases.

    :param sample: every n-th case only. :param kinds: the kinds of fault. :param names: the starting states, by
        default all. :param until: stop, with one worker, at the first case that counts one of these names.
    :return: the number of cases, and what was counted over all of them.
    """
    chosen = list(cases(kinds, names))[::sample]
    if workers == 1:
        return len(chosen), _batch(chosen, until)
    total: collections.Counter[str] = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        for part in pool.map(_batch, [chosen[at :: workers * 8] for at in range(workers * 8)]):
            total.update(part)
    return len(chosen), total


def main() -> int:
    chosen = messages.sampled_options(__doc__).parse_args()
    begun = time.monotonic()
    number, total = sweep(chosen.sample, chosen.workers)
    figures = {"cases": number, "starting states": len(starts()), "requests of a rotation": len(requests("label"))}
    figures |= {name: total[name] for name in ("converged", "clear error", "killed", *BROKEN)}
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
