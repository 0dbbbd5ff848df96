# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a conformance check: the steps of a level, the removal of everything they have made, and the answers."""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import string
import time
import typing as t
import urllib.parse
import uuid

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    OptionError,
    RunInterruptedError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import (
    descriptions,
    report,
    sip,
    steps_didlogic,
    steps_vapi,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import journal as journals
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.cleanup import Cleanup
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import (
    NUMBERS,
    VOICE,
    Call,
    Finding,
    Request,
    Response,
    Seen,
    Step,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.journal import Journal, Store
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    LEVELS,
    NO,
    UNCLEAR,
    YES,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.sender import (
    EndedEarly,
    Sender,
    id_in,
    kind_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import API, VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import SIP_HOST

#: Seconds between two requests to a service.
PACE = {VOICE: 0.7, NUMBERS: 1.0}


def _digits(value: object) -> str:
    return str(value).strip().removeprefix("+")


def _check_number(value: str) -> None:
    """Neither a short number nor an emergency number."""
    if not re.fullmatch(r"[1-9][0-9]{7,14}", value):
        raise ValueError("must be 8 to 15 digits with country code.")


class ConformanceOptions(Model):
    """The options of ``conformance_check``."""

    level: t.Literal["read", "objects", "destinations"] = "read"
    spare_number: t.Annotated[str | None, Option(normalize=_digits, check=_check_number)] = None
    report: str | None = None
    journal: str = "~/.ansible/voiceops_vapi_didlogic_conformance"
    pace: t.Annotated[float | None, Option(range=(0, 60))] = None


def checked(options: ConformanceOptions) -> ConformanceOptions:
    """Check the options. :param options: the options. :return: the same. :raises OptionError: if one is missing."""
    if options.level == "destinations" and not options.spare_number:
        raise OptionError("spare_number", "must be given with level destinations: an unused number of the account.")
    return options


class Files(t.Protocol):
    """The folder of the journal."""

    def unfinished(self) -> list[tuple[Store, list[str]]]:
        """The journals of interrupted runs, with their lines."""

    def new(self, run: str) -> Store:
        """The journal of a new run; its file is created with the first line."""


@dataclasses.dataclass(frozen=True)
class Environment:
    """What a run uses besides the services.

    :param files: the folder of the journal. :param hosts: SIP gateways and names; ``None`` to ask none.
    :param fetch: reads a public document without a key; ``None`` to read none.
    :param now: the current time, with time zone. :param clock: monotonic seconds.
    :param warn: called with a warning.
    """

    files: Files
    hosts: sip.Hosts | None
    now: t.Callable[[], datetime.datetime]
    clock: t.Callable[[], float] = time.monotonic
    warn: t.Callable[[str], None] = lambda _text: None
    fetch: descriptions.Fetch | None = None


@dataclasses.dataclass
class Outcome:
    """The result of a run.

    :param left_behind: what could not be removed. :param ended_early: why the check has ended early, or an empty text.
    :param secrets: keys and passwords. :param private: texts of responses that a report must not contain.
    """

    run: str
    answers: list[Result]
    left_behind: list[Result]
    ended_early: str
    secrets: list[str]
    private: set[str]


def steps(level: str) -> list[Step]:
    """The steps of a level and of those below, in order.

    :param level: the level. :return: the steps.
    """
    ordered = (
        *steps_vapi.READ_STEPS, *steps_didlogic.READ_STEPS, *steps_vapi.OBJECT_STEPS, *steps_didlogic.OBJECT_STEPS,
        *steps_didlogic.DESTINATION_STEPS, *steps_didlogic.PASSWORD_STEPS, *steps_didlogic.RESTRICTION_STEPS,
        *steps_didlogic.REMOVAL_STEPS,
    )  # fmt: skip
    return [step for step in ordered if LEVELS.index(step.level) <= LEVELS.index(level)]


def plan(level: str) -> list[Result]:
    """The steps for check mode.

    :param level: the level. :return: name, level and requests of each step, with placeholders in braces.
    """
    public = [f"GET {url}" for url in (*descriptions.VAPI_URLS, descriptions.DIDLOGIC_URL)]
    found: list[Result] = [{"name": "Published descriptions, without a key", "level": LEVELS[0], "requests": public}]
    return found + [
        {"name": step.name, "level": step.level, "requests": [str(call) for call in step.calls]}
        for step in steps(level)
    ]


def is_own(client: Client) -> bool:
    """Whether a client is connected to the service's own API. :param client: the client. :return: the result."""
    known = {
        VAPI.name: list(API.values()),
        CARRIER.provider.name: [CARRIER.provider.url(CARRIER.provider.connection())],
    }
    host = urllib.parse.urlsplit(client.service.url(client.connection)).hostname
    return host in {urllib.parse.urlsplit(url).hostname for url in known[client.service.name]}


def run(clients: dict[str, Client], options: ConformanceOptions, environment: Environment) -> Outcome:
    """Run a conformance check.

    :param clients: the clients, by the names of the services. :param options: the checked options.
    :param environment: files, hosts and clocks. :return: the outcome.
    :raises OptionError: if the unused number may not be used. :raises ApiError: if it cannot be checked.
    """
    return Runner(clients, options, environment).run()


class Runner:
    """One run.

    :param clients: the clients. :param options: the options. :param environment: files, hosts and clocks.
    """

    def __init__(self, clients: dict[str, Client], options: ConformanceOptions, environment: Environment) -> None:
        self.clients, self.options, self.environment = clients, options, environment
        self.keys = [str(client.connection.api_key) for client in clients.values()]
        self.pace = PACE if options.pace is None else dict.fromkeys(PACE, float(options.pace))
        run_id = journals.new_run(secrets.choice)
        started = environment.now().isoformat()
        account = journals.account_digest(run_id, self.keys)
        spare_number = str(options.spare_number) if options.level == "destinations" else ""
        self.journal = Journal(environment.files.new(run_id), run_id, started, account, spare_number)
        self.sender = Sender(clients, self.journal, self.pace, environment.clock)
        self.findings: dict[str, Result] = {}
        self.routes_before: list[ApiObject] | None = None  # of the unused number, before the check
        self.context = _context(self.journal, environment.now())

    def run(self) -> Outcome:
        """Run the steps, and remove everything in any case. :return: the outcome."""
        left = self._clean_unfinished()
        ended_early = "Objects of an interrupted check could not be removed" if left else ""
        if not left:
            if self.journal.spare_number:
                self._check_unused()
            ended_early = self._play()
            left = self._clean(self.sender)
            self._compare_routes()
        passwords = [value for name, value in self.context.items() if name.startswith("password") and len(value) > 1]
        answered = report.answers(self.findings)
        return Outcome(self.journal.run, answered, left, ended_early, self.keys + passwords, self.sender.private)

    def _clean_unfinished(self) -> list[Result]:
        left: list[Result] = []
        for store, lines in self.environment.files.unfinished():
            found = journals.load(store, lines)
            if found is None:
                store.remove()
            elif found.account != journals.account_digest(found.run, self.keys):
                self.environment.warn(
                    "The journal contains an interrupted check of other accounts. A check with their keys removes its "
                    "objects."
                )
            else:
                left += self._clean(Sender(self.clients, found, self.pace, self.environment.clock))
        return left

    def _clean(self, sender: Sender) -> list[Result]:
        """Remove everything, also after an interruption; a second one ends this too."""
        for client in self.clients.values():
            client.interrupt_event.clear()
        return Cleanup(sender).run()

    def _read_routes(self) -> Response | None:
        """The destinations of the unused number."""
        path = self.journal.path_of(journals.BY_NAME["destination"])
        return self.sender.send(Request(service=NUMBERS, method="GET", path=path))

    def _check_unused(self) -> None:
        """The unused number is owned, and not in use in both services."""
        routes = self._read_routes()
        if routes is None or not routes.ok:
            raise OptionError("spare_number", "must be a number of the didlogic account.")
        self.routes_before = routes.rows
        if any(row.get("active") is not False for row in routes.rows):
            raise OptionError("spare_number", "must have no active destination, because it must not be in use.")
        numbers = self.sender.send(Request(service=VOICE, method="GET", path="/phone-number", params={"limit": 1000}))
        if numbers is None or not numbers.ok or len(numbers.rows) >= 1000:
            raise OptionError("spare_number", "cannot be compared with Vapi's phone numbers.")
        if any(_digits(row.get("number")) == self.journal.spare_number for row in numbers.rows):
            raise OptionError("spare_number", "must not be a phone number in Vapi, because it must not be in use.")

    def _compare_routes(self) -> None:
        """Warn if the destinations of the unused number are not those of the first reading."""
        if self.routes_before is None or not self.journal.begun:
            return
        found = self._read_routes()
        if found is None or not found.ok:
            self.environment.warn("The destinations of spare_number could not be read again. Compare them yourself.")
            return
        before, after = ({str(row.get("id")): row for row in rows} for rows in (self.routes_before, found.rows))
        missing, new = len(before.keys() - after.keys()), len(after.keys() - before.keys())
        changed = sum(before[name] != after[name] for name in before.keys() & after.keys())
        if missing or new or changed:
            self.environment.warn(
                f"The destinations of spare_number are not those from before the check: {missing} are missing, {new} "
                f"are new, {changed} have changed. The check changes only its own; compare them."
            )

    def _play(self) -> str:
        try:
            self._ask_descriptions()
            for step in steps(self.options.level):
                if step in steps_didlogic.PASSWORD_STEPS:
                    self._ask_hosts_about_objects()
                self._step(step)
                if step in steps_didlogic.PASSWORD_STEPS:
                    self._ask_with_new_password()
                if step in steps_didlogic.RESTRICTION_STEPS:
                    self._ask_with_restriction()
            if hosts := self._hosts(NUMBERS):
                self._answer(sip.gateways(hosts))
        except EndedEarly as reason:
            return str(reason)
        except RunInterruptedError:
            return "The check was interrupted"
        finally:
            self._answer(self._limits())
        return ""

    def _step(self, step: Step) -> None:
        seen = Seen(self.context)
        for call in step.calls:
            self._call(call, seen)
        self.context |= step.learn(seen)
        self._answer(step.judge(seen))

    def _call(self, call: Call, seen: Seen) -> None:
        begun = self.environment.clock()
        for request in call.requests(self.context):
            for _attempt in range(steps_vapi.POLLS if call.until else 1):
                found = self.sender.send(request)
                if found is None:
                    break
                seen.add(call.key, found)
                seen.waited[call.key] = self.environment.clock() - begun
                if call.save and found.ok:
                    self._save(call.save, request, found)
                if call.until is None or call.until(found, self.context):
                    break
                self.clients[call.service].sleep(steps_vapi.POLL_SECONDS)

    def _save(self, name: str, request: Request, response: Response) -> None:
        """Make the id of a created object available to later requests."""
        object_id = id_in(response, kind_of(request)[0])
        if object_id:
            self.context[name] = object_id

    def _answer(self, findings: t.Iterable[Finding]) -> None:
        """Keep the findings; a clear one replaces an unclear one."""
        for finding in findings:
            old = self.findings.get(finding.question)
            if old is None or old["verdict"] == UNCLEAR:
                value = {} if finding.value is None else {"value": finding.value}
                self.findings[finding.question] = {"verdict": finding.verdict, "evidence": finding.evidence, **value}

    def _limits(self) -> t.Iterator[Finding]:
        for service, names in self.sender.limit_headers.items():
            listed = sorted(name for name in names if re.fullmatch(r"[a-z-]{1,40}", name))
            yield Finding(f"{service}-rate-limit-headers", YES if names else NO, ", ".join(listed) or "none")

    def _hosts(self, service: str) -> sip.Hosts | None:
        """The other hosts; none if the service is not the real one."""
        return self.environment.hosts if is_own(self.clients[service]) else None

    def _ask_descriptions(self) -> None:
        fetch = self.environment.fetch
        for service, compare in ((VOICE, descriptions.vapi), (NUMBERS, descriptions.didlogic)):
            if fetch and is_own(self.clients[service]):
                self._answer(compare(fetch))

    def _ask_with_new_password(self) -> None:
        hosts, accepted = self.environment.hosts, self.findings.get("didlogic-sip-login", {}).get("verdict") == YES
        if hosts and accepted:
            login, password = self.context["sip_account"], self.context["password_changed"]
            sleep = self.clients[NUMBERS].sleep
            self._answer(sip.login(hosts, login, password, sleep, "didlogic-sip-new-password"))

    def _ask_with_restriction(self) -> None:
        hosts, accepted = self.environment.hosts, self.findings.get("didlogic-sip-new-password", {}).get("verdict")
        if hosts and accepted == YES and "restricted" in self.context:
            given = self.context["sip_account"], self.context["password_changed"]
            self._answer(sip.restricted(hosts, *given, self.clients[NUMBERS].sleep))

    def _ask_hosts_about_objects(self) -> None:
        hosts = self._hosts(NUMBERS)
        if hosts and "sip_account" in self.context:
            given = self.context["sip_account"], self.context["password"]
            self._answer(sip.login(hosts, *given, self.clients[NUMBERS].sleep))
            if self.findings["didlogic-sip-login"]["verdict"] == YES:
                self._answer(sip.other_transports(hosts, *given))
        hosts = self._hosts(VOICE)
        if hosts and "other_trunk" in self.context:
            region = str(self.clients[VOICE].connection.region)
            self._answer(sip.trunk_host(hosts, f"{self.context['other_trunk']}.{SIP_HOST[region]}"))


def _random(length: int) -> str:
    """Letters and digits, at least one of each if it is long enough."""
    found = "".join(secrets.choice(string.ascii_letters + string.digits) for _count in range(length))
    return found if length < 2 else found[:-2] + secrets.choice(string.ascii_letters) + secrets.choice(string.digits)


def _context(journal: Journal, now: datetime.datetime) -> dict[str, str]:
    """The placeholders that are known from the start."""
    host = f"{journal.compact_prefix}.{journals.DOMAIN}"
    found = {
        "prefix": journal.prefix,
        "mark": journal.compact_prefix,
        "host": host,
        "host_upper": host.upper(),
        "fiction": f"+{journals.FICTION[0]}",
        "bare": journals.FICTION[0],
        "other_bare": journals.FICTION[1],
        "missing": str(uuid.uuid4()),
        "network_address": journals.NETWORK,
        "ipv6_address": journals.IPV6,
        "single_address": journals.ADDRESS,
        "long_ago": (now - datetime.timedelta(days=400)).strftime("%Y-%m-%dT00:00:00.000Z"),
        "last_week": (now - datetime.timedelta(days=7)).strftime("%Y-%m-%d"),
        "password": _random(24),
        "password_changed": _random(24),
        "password_symbols": steps_didlogic.SYMBOLS + _random(8),
        **{f"password_{length}": _random(length) for length in steps_didlogic.LENGTHS},
    }
    return found | ({"spare": journal.spare_number} if journal.spare_number else {})
