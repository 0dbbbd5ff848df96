# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of a whole environment meets every kind of fault; prints the figures.

    python tests/robustness/faults.py            # all of it, some minutes
    python tests/robustness/faults.py --sample 7 # every 7th case

One case: whether the environment is one task or several, a starting state, the index of a request, a kind of fault,
whether the write was carried out before it, and whether it happens once or from then on. Then the services are well
again: one more run must succeed and one after it must write nothing. Kinds "killed" end the process instead.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import email.utils
import itertools
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tests/robustness", "tests/sandbox", "roles/sandbox/files")]

import contextlib

import httpx
import life
import messages
from chain import OWN, SEED, Account, ModuleFailureError

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    OptionError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ModuleFailureError as EngineFailed,
)

ELSEWHERE = "https://elsewhere.invalid/"
LIMIT = 300.0  # seconds on the run's own clock that a task may take, whatever the services do


class Killed(BaseException):
    """The process ends here; nothing of it may run on."""


def status(code: int, **headers: str) -> t.Callable[..., httpx.Response]:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(request: httpx.Request, _time: t.Any) -> httpx.Response:
        return httpx.Response(code, headers=fields, json={"message": "fault", "error": "fault"}, request=request)

    return answer


def breaks(error: type[Exception], seconds: float = 0) -> t.Callable[..., httpx.Response]:
    def answer(request: httpx.Request, clock: t.Any) -> httpx.Response:
        clock.sleep(seconds)
        raise error("fault", request=request)

    return answer


def body(content: bytes, kind: str = "application/json") -> t.Callable[..., httpx.Response]:
    def answer(request: httpx.Request, _time: t.Any) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": kind}, content=content, request=request)

    return answer


def streamed(chunk: bytes, times: int, seconds: float) -> t.Callable[..., httpx.Response]:
    """A body that is too slow or too large."""

    def answer(request: httpx.Request, clock: t.Any) -> httpx.Response:
        def chunks() -> t.Iterator[bytes]:
            for _number in range(times):
                clock.sleep(seconds)
                yield chunk

        return httpx.Response(200, content=chunks(), request=request)

    return answer


def killed(_request: httpx.Request, _time: t.Any) -> httpx.Response:
    raise Killed


MEGABYTE = b" " * 2**20
KINDS: dict[str, t.Callable[..., httpx.Response]] = {
    **{str(code): status(code) for code in (400, 404, 408, 409, 418, 422, 425, 429, 500, 501, 502, 503, 504, 520)},
    "401": status(401),
    "403": status(403),
    "429 after 2 s": status(429, retry_after="2"),
    "429 after a day": status(429, retry_after="86400"),
    "429 after -5 s": status(429, retry_after="-5"),
    "429 after nan": status(429, retry_after="nan"),
    "429 after inf": status(429, retry_after="inf"),
    "429 after words": status(429, retry_after="later"),
    "429 after a date": status(429, retry_after=email.utils.formatdate(time.time() + 3, usegmt=True)),
    "429 after a past date": status(429, retry_after=email.utils.formatdate(0, usegmt=True)),
    "503 after 1.5 s": status(503, retry_after="1.5"),
    **{str(code): status(code, location=ELSEWHERE) for code in (301, 302, 303, 307, 308)},
    "refused": breaks(httpx.ConnectError),
    "no connection": breaks(httpx.ConnectTimeout, 30),
    "closed": breaks(httpx.RemoteProtocolError),
    "reset": breaks(httpx.ReadError),
    "broken pipe": breaks(httpx.WriteError),
    "hung": breaks(httpx.ReadTimeout, 30),
    "dripped": streamed(b" ", 1000, 0.5),
    "flood": streamed(MEGABYTE, 64, 0),
    "truncated": body(b'{"id": "1234", "name": "tru'),
    "HTML": body(b"<html><body>Bad gateway</body></html>", "text/html"),
    "empty": body(b""),
    "a string": body(b'"text"'),
    "a number": body(b"7"),
    "null": body(b"null"),
    "an empty object": body(b"{}"),
    "deep": body(b"[" * 100_000),
    "long number": body(b'{"id": ' + b"9" * 5000 + b"}"),
    "lone surrogate": body(b'{"id": "\\ud800"}'),
    "not UTF-8": body(b'{"id": "\xff\xfe"}'),
    "killed": killed,
}
REFUSALS = {"400", "409", "422"}
#: One fault of each kind, for the start with the most requests.
CHANGING = {"400", "404", "409", "429", "500", "503", "refused", "reset", "hung", "truncated", "empty", "killed"}
CONVERGES, STOPS = frozenset({"converged"}), frozenset({"clear error"})
#: How a run ends that meets a fault once, at a read and at a write; it converges if the kind is not listed. A fault
#: that persists always stops it. Both are possible where it depends on the request: an object that is to be removed may
#: be missing, and a rejected copy of a destination leaves the original.
OUTCOMES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(("301", "302", "303", "307", "308", "401", "403", "418"), (STOPS, STOPS)),
    **dict.fromkeys(("400", "404", "422"), (STOPS, CONVERGES | STOPS)),
    "409": (CONVERGES | STOPS, CONVERGES | STOPS),
    # The response says that an update was made. If reading shows that it was not, it is not repeated.
    **dict.fromkeys(
        ("HTML", "deep", "empty", "long number", "lone surrogate", "not UTF-8", "truncated"),
        (CONVERGES, CONVERGES | STOPS),
    ),
    **dict.fromkeys(("a string", "a number", "null", "an empty object"), (STOPS, CONVERGES | STOPS)),
    # Larger than the budget of the run, if the run has read much before.
    "flood": (CONVERGES | STOPS, CONVERGES | STOPS),
    "killed": (frozenset({"killed"}), frozenset({"killed"})),
}
#: What a run reads for a warning only: the balance, and how calls are distributed over versions of an assistant.
INFORMATION = ("/balance", "/traffic-allocations/latest")
#: A connection that was never made carried nothing out.
BEFORE_ONLY = {"refused", "no connection"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One way to go wrong."""

    start: str
    at_once: bool
    index: int
    kind: str
    when: str
    persistent: bool


class Faulty(httpx.BaseTransport):
    """Between client and services: lets requests through but for those that meet the fault."""

    def __init__(self, inner: t.Any, account: Account, case: Case | None, watch: t.Callable[[], None]) -> None:
        self.inner, self.account, self.case, self.watch = inner, account, case, watch
        self.seen = 0
        self.elsewhere = 0
        self.first: tuple[str, str] | None = None  # method and path of the first request that meets the fault

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        index, case = self.seen, self.case
        self.seen += 1
        if request.url.host != "127.0.0.1":
            self.elsewhere += 1
        hit = case is not None and (index == case.index or (case.persistent and index > case.index))
        if not hit or case is None:
            return self._through(request)
        self.first = self.first or (request.method, request.url.path)
        if case.when == "after":
            self._through(request)
        return KINDS[case.kind](request, self.account.time)

    def _through(self, request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = self.inner.handle_request(request)
        self.watch()
        return answer


class FaultyRun(Faulty):
    """The same for a run that also writes a file on the controller: after a kill, no request is sent."""

    dead = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.dead:
            raise Killed
        try:
            return super().handle_request(request)
        except Killed:
            self.dead = True
            raise

    def event(self, after: bool) -> None:
        """Before and after the file is written."""
        case = self.case
        if case and case.kind == "killed" and self.seen == case.index and (case.when == "after") == after:
            self.dead = True
            raise Killed
        self.seen += after


def start(name: str) -> Account:
    """``empty``: as bought; ``partly``: a run ended in the middle; ``finished``: all of it exists.

    ``changing``: it exists next to objects of others, and the run renames, removes, prunes and reorders.
    """
    if name == "changing":
        return life.deployed()
    account = Account.new()
    if name == "finished":
        account.run()
    if name == "partly":
        # Trunk, tool and assistant stand, one phone number of two, no forward.
        middle = Case("empty", False, 14, "killed", "after", persistent=False)
        with contextlib.suppress(Killed):
            account.run(wrap=lambda inner: Faulty(inner, account, middle, lambda: None))
    return account


def cases(starts: t.Mapping[tuple[str, bool], int]) -> t.Iterator[Case]:
    for (name, at_once), requests in starts.items():
        for index, kind, when, persistent in itertools.product(
            range(requests), KINDS, ("before", "after"), (False, True)
        ):
            if (when == "after" and kind in BEFORE_ONLY) or (kind == "killed" and persistent):
                continue
            if name == "changing" and kind not in CHANGING:
                continue
            yield Case(name, at_once, index, kind, when, persistent)


def expected(case: Case, first: tuple[str, str] | None) -> frozenset[str]:
    """How a run may end.

    :param first: method and path of the first request that met the fault, if one did. :return: the outcomes.
    """
    if first is None:
        return CONVERGES
    if case.persistent:
        return STOPS
    method, path = first
    read, write = OUTCOMES.get(case.kind, (CONVERGES, CONVERGES))
    if method != "GET":
        return write
    return read | CONVERGES if path.endswith(INFORMATION) else read


def doubles(account: Account) -> int:
    """The number of duplicate objects."""
    state = account.world.state()
    names = [("trunk", row.get("name")) for row in state["vapi"]["credentials"]]
    names += [("tool", row["function"]["name"]) for row in state["vapi"]["tools"]]
    names += [("assistant", row.get("name")) for row in state["vapi"]["assistants"]]
    names += [("number", row.get("number")) for row in state["vapi"]["phone_numbers"]]
    for number in state["numbers"]:
        names += [(number["number"], row["destination"]) for row in number["destinations"]]
    return sum(count - 1 for count in collections.Counter(names).values())


def rows(account: Account, number: str) -> list[dict[str, t.Any]]:
    return next(n["destinations"] for n in account.world.state()["numbers"] if n["number"] == number)


FOREIGN = [row["destination"] for row in SEED["numbers"][0]["destinations"]]  # type: ignore[index]


def run_case(snapshot: str, case: Case) -> collections.Counter[str]:
    """Play one case; the counter says how it ended and what was broken."""

    account = Account.of(snapshot)
    found: collections.Counter[str] = collections.Counter()

    def watch() -> None:
        if not any(row["active"] for row in rows(account, OWN)):
            found["moments without an active destination"] += 1

    changing = case.start == "changing"
    wish = life.AFTER if changing else {}
    outside = life.outside(account) if changing else ""
    faulty = Faulty(account.transport, account, case, watch)
    try:
        report = account.run(wrap=lambda _inner: faulty, at_once=case.at_once, **wish)
        found["converged"] += 1
        found["over the deadline"] += report.longest > LIMIT
    except Killed:
        found["killed"] += 1
    except ModuleFailureError as failed:
        sentence = str(failed.error)
        found["clear error"] += (
            isinstance(failed.error, (ApiError, EngineFailed, OptionError, RunInterruptedError))
            and 20 < len(sentence) < 600
        )
        found["unclear error"] += not 20 < len(sentence) < 600
    except Exception as error:  # noqa: BLE001 - it is what is counted
        found[f"traceback {type(error).__name__}"] += 1
    found["requests sent elsewhere"] += faulty.elsewhere
    outcome = next((name for name in ("converged", "clear error", "killed") if found[name]), "")
    if outcome not in expected(case, faulty.first):
        found["unexpected outcome"] += 1
        found[f"unexpected outcome: {outcome}, {case.kind}, {faulty.first}, persistent {case.persistent}"] += 1
    try:
        account.run(wrap=lambda inner: Faulty(inner, account, None, watch), at_once=case.at_once, **wish)
    except ModuleFailureError as failed:
        found["next run failed"] += 1
        found[f"next run failed: {failed} {case}"] += 1
        return found
    again = Faulty(account.transport, account, None, watch)
    writes = account.world.journal_report()["writes"]
    account.run(wrap=lambda _inner: again, at_once=case.at_once, **wish)
    found["writes of the third run"] += account.world.journal_report()["writes"] - writes
    found["duplicate objects"] += doubles(account)
    if changing:
        found["objects outside the scope that changed"] += life.outside(account) != outside
        # Where didlogic refuses a copy, another destination stays and is switched off.
        refused = case.kind in REFUSALS or refuses_copies(account)
        found["not as declared"] += without_order(life.inside(account), refused) != without_order(
            life.EXPECTED, refused
        )
        return messages.noted(found, BROKEN, case)
    everything = [row["destination"] for row in rows(account, OWN)]
    standing = [row["destination"] for row in rows(account, OWN) if row["active"]]
    found["lost destinations"] += sum(place not in everything for place in FOREIGN)
    # Where didlogic refuses a copy, the original stays and is switched off, with a warning: that is the promise.
    promised = (
        FOREIGN
        if case.kind not in REFUSALS and not refuses_copies(account)
        else [place for place in FOREIGN if place in standing]
    )
    found["wrong order"] += standing[1:] != promised
    return messages.noted(found, BROKEN, case)


def refuses_copies(account: Account) -> bool:
    """Whether didlogic refuses a second destination with the address of another."""
    return bool(account.world.settings["refuse_duplicate_destination"])


def without_order(found: dict[str, t.Any], refused: bool) -> dict[str, t.Any]:
    """The environment, if ``refused`` without the destination that is not declared: it may be switched off."""
    kept = [row for row in found[OWN] if row[0] != "01234"]
    return {**found, OWN: kept} if refused else found


def _batch(job: tuple[dict[str, str], list[Case]], until: t.Collection[str] = ()) -> collections.Counter[str]:
    snapshots, batch = job
    total: collections.Counter[str] = collections.Counter()
    for case in batch:
        total.update(run_case(snapshots[case.start], case))
        if any(total[name] for name in until):
            break
    return total


BROKEN = (
    "traceback",
    "unclear error",
    "unexpected outcome",
    "next run failed",
    "writes of the third run",
    "duplicate objects",
    "lost destinations",
    "wrong order",
    "moments without an active destination",
    "objects outside the scope that changed",
    "not as declared",
    "requests sent elsewhere",
    "over the deadline",
)


#: The starts, by the name under which their figures are published: a deployment, or a change of a deployed environment.
DEPLOYMENT, CHANGE = ("empty", "partly", "finished"), ("changing",)


def sweep(
    sample: int = 1,
    workers: int = 1,
    until: t.Collection[str] = (),
    starts: t.Sequence[str] = (*DEPLOYMENT, *CHANGE),
    dialect: t.Mapping[str, object] | None = None,
) -> tuple[int, collections.Counter[str]]:
    """Play the cases.

    :param until: stop, with one worker, at the first case that counts one of these names: enough to prove that a
        defect is found.
    :param dialect: switches of the sandbox that have other values, from the start on.
    :return: the number of cases, and what was counted over all of them.
    """
    snapshots, requests = {}, {}
    for name in starts:
        account = start(name)
        account.world.settings |= dialect or {}
        snapshots[name] = account.world.dump()
        for at_once in (True,) if name == "changing" else (False, True):
            account = Account.of(snapshots[name])
            probe = Faulty(account.transport, account, None, lambda: None)
            wish = life.AFTER if name == "changing" else {}
            account.run(wrap=lambda _inner, probe=probe: probe, at_once=at_once, **wish)  # type: ignore[misc]
            requests[name, at_once] = probe.seen
    chosen = list(cases(requests))[::sample]
    total: collections.Counter[str] = collections.Counter()
    if workers == 1:
        total = _batch((snapshots, chosen), until)
    else:
        with concurrent.futures.ProcessPoolExecutor(workers) as pool:
            for part in pool.map(_batch, [(snapshots, chosen[at :: workers * 8]) for at in range(workers * 8)]):
                total.update(part)
    if dialect:
        # The outcomes are those of the default dialect.
        del total["unexpected outcome"]
    return len(chosen), total


def main() -> int:
    chosen = messages.sampled_options(__doc__).parse_args()
    begun = time.monotonic()
    figures, total = dict[str, int](), collections.Counter[str]()
    for starts, kinds, prefix in ((DEPLOYMENT, KINDS, ""), (CHANGE, CHANGING, "change of a deployed environment: ")):
        number, found = sweep(chosen.sample, chosen.workers, starts=starts)
        figures |= {f"{prefix}cases": number, f"{prefix}kinds of fault": len(kinds)}
        figures |= {f"{prefix}{name}": found[name] for name in ("converged", "clear error", "killed", *BROKEN)}
        total += found
    return messages.end(figures, total, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
