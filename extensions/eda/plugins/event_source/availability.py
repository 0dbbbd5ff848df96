# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source for ansible-rulebook that monitors from outside whether Vapi accepts calls.

Each round checks Vapi's SIP host, Vapi's API and, with a key, didlogic's call records. A change of the state
requires several checks that agree, several times in a row.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import logging
import math
import os
import runpy
import ssl
import sys
import time
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import aiohttp

DOCUMENTATION = r"""
---
short_description: Monitor from outside whether Vapi accepts calls
version_added: 1.0.0
author:
  - voiceops.vapi_didlogic authors (@voiceops)
description:
  - Creates an event when Vapi becomes unavailable, and when it is available again. The first state that is determined
    after the start is an event too. The data of an event is in C(availability); its C(state) is V(unavailable) or
    V(available), its C(reasons) are the checks with their evidence.
  - "The checks of a round are: C(sip), a SIP OPTIONS request over each of O(sip_transports) to O(sip_host), which fails
    if there is no response with a status below 500 (or 501) over any of them; C(api), a request to O(vapi_api_url)
    without a key, which fails without a response with a status below 500; and, with O(didlogic_api_key), C(calls), the
    share of callers of the last O(calls_minutes) minutes none of whose calls was answered."
  - A check without a result is undecided and never counts as failed. C(calls) is undecided with few callers, and while
    Vapi is unavailable, because calls then do not go to Vapi.
  - If neither C(sip) nor C(api) succeeds and didlogic's API does not respond either, the cause may be the network of
    this machine. The round is then undecided. Without didlogic's API, calls could not be switched anyway.
  - Vapi is unavailable when at least O(quorum) checks fail in O(down_after) rounds in a row, and available when no
    check fails in O(up_after) rounds in a row. Without the quorum, a round in which some checks fail and others succeed
    ends both sequences.
  - With the defaults, an outage is detected within 26 seconds, which is O(interval) + (O(down_after) - 1) x the longer
    one of O(interval) and O(timeout) + 2 seconds, + O(timeout) + 2 seconds.
options:
  interval:
    description: Time between the starts of two rounds, in seconds. A longer round delays the next one.
    type: float
    default: 5
  timeout:
    description:
      - Time for each check, in whole seconds.
      - Over UDP, OPTIONS is sent again within this time as in RFC 3261, after 0.5, 1.5, 3.5 and 7.5 seconds.
    type: int
    default: 5
  region:
    description: The region of the Vapi organisation, which determines the defaults of O(sip_host) and O(vapi_api_url).
    type: str
    choices: [us, eu]
    default: us
  sip_host:
    description:
      - The SIP host to which calls are forwarded, without the label of a trunk.
      - By default V(sip.vapi.ai), or V(sip.eu.vapi.ai) in the region V(eu).
    type: str
  sip_port:
    description: The port over UDP and TCP. By default that of the SRV records if dnspython is installed, or 5060.
    type: int
  sip_tls_port:
    description: The port over TLS. By default that of the SRV records if dnspython is installed, or 5061.
    type: int
  sip_transports:
    description:
      - The transports to try. The check fails only if none of them is answered.
      - To monitor exactly the path of the calls, give only the transport that the forwards use.
    type: list
    elements: str
    choices: [udp, tcp, tls]
    default: [udp, tcp, tls]
  vapi_api_url:
    description:
      - The base URL of Vapi's API.
      - By default E(VAPI_API_URL), V(https://api.vapi.ai), or V(https://api.eu.vapi.ai) in the region V(eu).
    type: str
  didlogic_api_url:
    description:
      - The base URL of didlogic's API.
      - By default E(DIDLOGIC_API_URL), or V(https://app.didlogic.com/api).
    type: str
  didlogic_api_key:
    description: The key of didlogic's API. By default E(DIDLOGIC_API_KEY). Without a key C(calls) is not checked.
    type: str
  calls_minutes:
    description: Age of the call records that are evaluated, in minutes.
    type: float
    default: 5
  calls_interval:
    description: Time between two requests for call records, in seconds.
    type: float
    default: 60
  calls_min:
    description:
      - Minimum number of different callers for a result. Each caller counts once, and one who withholds the number does
        not count.
      - The records of all numbers of the account are evaluated.
    type: int
    default: 5
  calls_failed_share:
    description: Share of callers without an answered call from which the check fails.
    type: float
    default: 0.5
  quorum:
    description: Number of checks that must fail at the same time. At most the number of configured checks.
    type: int
    default: 2
  down_after:
    description: Number of rounds in a row until the state is V(unavailable).
    type: int
    default: 3
  up_after:
    description: Number of rounds in a row until the state is V(available).
    type: int
    default: 6
  count_from_start:
    description:
      - Whether a check can fail before it has succeeded once since the start of the source.
      - With V(false), a host that never responds to this machine does not count, and neither does an outage that began
        before the start of the source.
    type: bool
    default: false
  max_changes:
    description:
      - Maximum number of changes of the state within an hour.
      - The last one is always a change to V(unavailable). A change to V(available) is delayed as long as no further
        change would be possible after it.
    type: int
    default: 6
  approval:
    description:
      - States that require an approval. A change to one of them creates an event C(availability_pending) with C(state),
        C(reasons) and C(approval_file), and the event C(availability) only after the approval.
      - If the change is no longer due, the request expires.
    type: list
    elements: str
    choices: [unavailable, available]
  approval_file:
    description:
      - Path of the file that approves a change. Required with O(approval).
      - The content must be the state. Only a file that was written after the request counts. It is removed afterwards.
      - Everybody who can write to its directory can approve.
    type: str
  ca_path:
    description: Path of a file with CA certificates in PEM format, for the APIs and SIP over TLS.
    type: str
"""

EXAMPLES = r"""
- voiceops.vapi_didlogic.availability:
    region: us

# With didlogic's call records as a third check, and a manual approval before calls bypass Vapi.
- voiceops.vapi_didlogic.availability:
    didlogic_api_key: "{{ DIDLOGIC_API_KEY }}"
    approval: [unavailable]
    approval_file: /var/lib/voiceops/approval

# Only the transport of the forwards counts, and a state must last longer.
- voiceops.vapi_didlogic.availability:
    sip_transports: [udp]
    down_after: 6
    up_after: 60
"""

# Not __name__, because ansible-rulebook runs this file without a module name.
logger = logging.getLogger("voiceops.vapi_didlogic.availability")
#: The other event source, which contains the functions that both need.
_vapi = runpy.run_path(str(Path(__file__).with_name("vapi.py")))

UP, DOWN = "available", "unavailable"
TRANSPORTS = ("udp", "tcp", "tls")
SIP_HOSTS = {"us": "sip.vapi.ai", "eu": "sip.eu.vapi.ai"}
VAPI_APIS = {"us": "https://api.vapi.ai", "eu": "https://api.eu.vapi.ai"}
DIDLOGIC_API = "https://app.didlogic.com/api"
HOUR = 3600.0
#: Seconds for didlogic's API, which is only asked after a failed check.
REFERENCE_SECONDS = 2
#: Limits of a response with call records: rows of a page, bytes.
PAGE, MAX_BYTES = 1000, 4 << 20


# ------------------------------------------------------------------------------------------------------------ options


_URL = r"(?:https://[^\s/?#@{]+|http://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?)(?:/[^\s?#{]*)?|"
#: The label before Vapi's SIP host may be a private key.
_HOST = r"(?!.+\.sip\.(?:[a-z0-9-]+\.)?vapi\.ai$)[A-Za-z0-9.:-]*"
_FORMS = {"region": "us|eu", "sip_host": _HOST, "vapi_api_url": _URL, "didlogic_api_url": _URL}
_RANGES: dict[str, tuple[float, float]] = {
    "interval": (0.05, 3600),
    "timeout": (1, 60),
    "sip_port": (1, 65535),
    "sip_tls_port": (1, 65535),
    "calls_minutes": (1, 60),
    "calls_interval": (0.05, 3600),
    "calls_min": (2, 10_000),
    "calls_failed_share": (0.1, 1),
    # One failed check never proves an outage.
    "quorum": (2, 3),
    "down_after": (1, 1000),
    "up_after": (1, 1000),
    "max_changes": (2, 1000),
}


def read_options(given: Mapping[str, Any]) -> SimpleNamespace:
    """Validate the arguments.

    :param given: the arguments of the rulebook; values from templates are strings.
    :return: the options, with their defaults.
    :raises ValueError: for an invalid argument; the message contains no secret.
    """
    environment = {
        name: os.environ.get(name.upper()) or None for name in ("vapi_api_url", "didlogic_api_url", "didlogic_api_key")
    }
    left = {name: value for name, value in given.items() if value is not None}
    rules = _vapi["Rules"](_FORMS, _RANGES, frozenset({"didlogic_api_key"}))
    found: SimpleNamespace = _vapi["read_documented"](DOCUMENTATION, environment | left, rules)
    found.sip_host = found.sip_host or SIP_HOSTS[found.region]
    found.vapi_api_url = found.vapi_api_url or VAPI_APIS[found.region]
    found.didlogic_api_url = (found.didlogic_api_url or DIDLOGIC_API).rstrip("/")
    found.approval = found.approval or frozenset()
    for name, known in (("sip_transports", TRANSPORTS), ("approval", (UP, DOWN))):
        if getattr(found, name) - set(known):
            raise ValueError(f"{name} must be a list of {', '.join(known)}.")
    if found.approval and not found.approval_file:
        raise ValueError("approval requires approval_file.")
    if found.quorum > 2 + bool(found.didlogic_api_key):
        raise ValueError("quorum is larger than the number of configured checks; the third requires didlogic_api_key.")
    found.trust = _trust(found.ca_path)
    return found


def _trust(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path or None)
    except OSError:  # includes OpenSSL's errors
        raise ValueError("ca_path must be a readable file with CA certificates in PEM format.") from None


def collection(name: str) -> Any:
    """Import a module of the collection around this file, also where Ansible's importer is not installed.

    :param name: the module below ``module_utils``. :return: the module.
    :raises ValueError: if this file was copied out of the collection.
    """
    full = f"ansible_collections.voiceops.vapi_didlogic.plugins.module_utils.{name}"
    try:
        return importlib.import_module(full)
    except ImportError:
        # The directory that contains ansible_collections.
        sys.path += [str(root) for root in Path(__file__).parents[7:8]]
    try:
        return importlib.import_module(full)
    except ImportError:
        raise ValueError("The SIP probe is not found: install the whole collection.") from None


# --------------------------------------------------------------------------------------------------------- hysteresis


class Hysteresis:
    """Determines the state from the checks of each round, without a clock and without I/O."""

    def __init__(
        self, quorum: int, down_after: int, up_after: int, max_changes: int, count_from_start: bool = False
    ) -> None:
        self.quorum, self.down_after, self.up_after, self.max_changes = quorum, down_after, up_after, max_changes
        self.count_from_start = count_from_start
        self.state: str | None = None
        self.failed_rounds = self.good_rounds = 0
        self.proven: set[str] = set()
        self.changes: deque[float] = deque()

    def counts(self, check: str) -> bool:
        """Whether the check may fail: it has succeeded before, or need not have.

        :param check: the name of the check. :return: whether a failure counts.
        """
        return self.count_from_start or check in self.proven

    def add(self, checks: Mapping[str, bool | None]) -> str | None:
        """Add the checks of one round.

        :param checks: whether each check succeeded, by its name; ``None`` if it is undecided.
        :return: the state to which a change is due; ``None`` if the state remains.
        """
        self.proven |= {name for name, ok in checks.items() if ok}
        succeeded = sum(ok is True for ok in checks.values())
        failed = sum(ok is False and self.counts(name) for name, ok in checks.items())
        if failed >= self.quorum:
            self.failed_rounds, self.good_rounds = self.failed_rounds + 1, 0
        elif succeeded or failed:
            self.good_rounds = 0 if failed else self.good_rounds + 1
            self.failed_rounds = 0 if succeeded else self.failed_rounds
        if self.failed_rounds >= self.down_after and self.state != DOWN:
            return DOWN
        return UP if self.good_rounds >= self.up_after and self.state != UP else None

    def allowed(self, state: str, now: float) -> bool:
        """Whether the cap permits a change.

        :param state: the new state. :param now: monotonic seconds. :return: whether it is permitted now.
        """
        while self.changes and now - self.changes[0] >= HOUR:
            self.changes.popleft()
        # After a change to available, one to unavailable must be possible.
        return len(self.changes) + (1 if state == DOWN else 2) <= self.max_changes

    def change(self, state: str, now: float) -> None:
        """Change the state.

        :param state: the new state. :param now: monotonic seconds.
        """
        self.state = state
        self.changes.append(now)


class Approval:
    """Approval of changes by a file."""

    def __init__(self, states: frozenset[str], path: str) -> None:
        self.states, self.path = states, Path(path).expanduser()
        self.pending: str | None = None
        self.before: tuple[int, int] | None = None

    def request(self, state: str | None) -> bool:
        """Note that a change to a state is due, or that none is.

        :param state: the state. :return: whether this is a new request, of which somebody must be notified.
        """
        state = state if state in self.states else None
        is_new, self.pending = state not in (None, self.pending), state
        if is_new:
            self.before = self._stamp()
        return is_new

    def given(self) -> bool:
        """Whether the pending change is approved, or requires no approval. The file is removed."""
        if self.pending is None:
            return True
        stamp = self._stamp()
        if stamp is None or stamp == self.before:
            return False
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                approved = file.read(64).strip() == self.pending
            if approved:
                self.path.unlink()
        except OSError:
            return False
        return approved

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


# -------------------------------------------------------------------------------------------------------------- checks


@dataclass(frozen=True)
class Check:
    """The result of a check: whether it succeeded, ``None`` if it is undecided; and the evidence."""

    ok: bool | None
    evidence: str

    @property
    def outcome(self) -> str:
        return "undecided" if self.ok is None else "succeeded" if self.ok else "failed"


@dataclass
class Checks:
    """The network side: performs the checks of a round."""

    options: SimpleNamespace
    client: aiohttp.ClientSession
    probing: Any = field(default_factory=lambda: collection("_sip.probe"))
    calls_at: float = -math.inf
    calls_last: Check = Check(None, "not requested yet")

    async def round(self, state: str | None, since: float) -> dict[str, Check]:
        """Perform all checks at the same time.

        :param state: the state. :param since: Unix time of the last change; older calls prove nothing.
        :return: the checks by name.
        """
        tasks = {"sip": self.sip(), "api": self.reached(self.options.vapi_api_url, self.options.timeout)}
        if self.options.didlogic_api_key:
            tasks["calls"] = self.calls(state, since)
        found = dict(zip(tasks, await asyncio.gather(*tasks.values()), strict=True))
        if not (found["sip"].ok or found["api"].ok):
            reference = await self.reached(self.options.didlogic_api_url, min(self.options.timeout, REFERENCE_SECONDS))
            if not reference.ok:
                text = f"; didlogic's API fails too ({reference.evidence}), so this machine's network may be the cause"
                found = {name: Check(None, check.evidence + text) for name, check in found.items()}
        return found

    # --- SIP

    async def sip(self) -> Check:
        """Send OPTIONS over all transports."""
        transports = [name for name in TRANSPORTS if name in self.options.sip_transports]
        found = await asyncio.gather(*(asyncio.to_thread(self.probe, transport) for transport in transports))
        evidence = "; ".join(f"{name}: {check.evidence}" for name, check in zip(transports, found, strict=True))
        return Check(any(check.ok for check in found), evidence)

    def probe(self, transport: str) -> Check:
        """Send OPTIONS over one transport, with the SIP probe."""
        options = self.options
        probe_options = self.probing.ProbeOptions(
            host=options.sip_host,
            port=options.sip_tls_port if transport == "tls" else options.sip_port,
            transport=transport,
            timeout=options.timeout,
            ca_path=options.ca_path or None,
        )
        try:
            result, _trouble = self.probing.probe(probe_options, logger.debug)
        except Exception as error:  # noqa: BLE001 - monitoring must go on
            return Check(None, f"the probe ended with {type(error).__name__}")
        probe = result["probe"]
        expected = "options" if probe["ok"] else None
        texts = [check["message"] for check in probe["checks"] if check["name"] == expected or check["ok"] is False]
        return Check(probe["ok"], texts[-1] if texts else "no result")

    # --- HTTP

    async def reached(self, url: str, seconds: float) -> Check:
        """Request a URL without a key; every response with a status below 500 is a success."""
        started = time.monotonic()
        try:
            async with self.request(url, seconds) as response:
                milliseconds = (time.monotonic() - started) * 1000
                return Check(response.status < 500, f"responds with {response.status} in {milliseconds:.0f} ms")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Check(False, _why(error, seconds))

    def request(self, url: str, seconds: float, **more: Any) -> Any:
        """Send a GET request; the caller enters the result as a context."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        return self.client.get(
            url, timeout=timeout, allow_redirects=False, ssl=self.options.trust, proxy=_proxy(url), **more
        )

    # --- calls

    async def calls(self, state: str | None, since: float) -> Check:
        """Evaluate didlogic's call records, at most once in ``calls_interval``."""
        if state == DOWN:
            self.calls_at = -math.inf
            return Check(None, "calls do not go to Vapi")
        if time.monotonic() - self.calls_at >= self.options.calls_interval:
            self.calls_at = time.monotonic()
            self.calls_last = await self.requested_calls(since)
        return self.calls_last

    async def requested_calls(self, since: float) -> Check:
        """Request and evaluate the call records."""
        options, now = self.options, datetime.now(UTC)
        earliest = max(now.timestamp() - 60 * options.calls_minutes, since)
        # A day more on both sides, because the time zone of the days is not documented.
        days = [(now + timedelta(days=days)).date().isoformat() for days in (-1, 1)]
        query = {"type": "incoming", "from": days[0], "to": days[1], "page": 1, "per_page": PAGE}
        headers = {"Authorization": f"Bearer {options.didlogic_api_key.decode()}"}
        try:
            async with self.request(
                f"{options.didlogic_api_url}/v1/calls", options.timeout, params=query, headers=headers
            ) as response:
                if response.status != 200:
                    return Check(None, f"didlogic's API responds with {response.status}")
                rows = json.loads(await _limited(response))["calls"]
            share, callers = failed_share(rows, earliest)
        except (aiohttp.ClientError, OSError) as error:
            return Check(None, f"didlogic's API: {_why(error, options.timeout)}")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return Check(None, "didlogic's response is not a list of calls")
        text = f"no call was answered for {share:.0%} of {callers} callers within {options.calls_minutes:g} minutes"
        if callers < options.calls_min:
            return Check(None, f"{text}; at least {options.calls_min} callers are required")
        return Check(share < options.calls_failed_share, text)


def failed_share(rows: list[dict[str, Any]], earliest: float) -> tuple[float, int]:
    """Count the callers none of whose calls was answered.

    :param rows: didlogic's call records. :param earliest: Unix time; older records are ignored.
    :return: their share, and the number of callers.
    :raises AttributeError: if a record is not a dictionary.
    """
    digits, moment_of = collection("_core.uri").user_digits, _vapi["_time"]
    answered: dict[str, bool] = {}
    for row in rows:
        caller, seconds, moment = digits(row.get("from")), row.get("duration"), moment_of(row.get("timestamp"))
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or moment is None:
            continue
        if row.get("type") == "incoming" and caller and moment.timestamp() >= earliest:
            answered[caller] = answered.get(caller, False) or seconds > 0
    return (1 - sum(answered.values()) / len(answered) if answered else 0.0), len(answered)


def _proxy(url: str) -> str | None:
    """Return the proxy of the environment. aiohttp would also read passwords from a netrc file."""
    parts = urllib.parse.urlsplit(url)
    bypassed = urllib.request.proxy_bypass(str(parts.hostname))
    return None if bypassed else urllib.request.getproxies().get(parts.scheme)


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ValueError
    return bytes(body)


def _why(error: Exception, seconds: float) -> str:
    """Return the cause of a failed request; never the error's text, which may contain other data."""
    if isinstance(error, TimeoutError):
        return f"no response within {seconds:g} s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the certificate is not trusted"
    inner = getattr(error, "os_error", error)
    if isinstance(inner, OSError) and inner.errno and inner.errno > 0:
        return f"no connection ({os.strerror(inner.errno).lower()})"
    return f"no connection ({type(error).__name__})"


# --------------------------------------------------------------------------------------------------------------- main


class Monitor:
    """Performs rounds and creates the events."""

    def __init__(self, queue: asyncio.Queue[Any], options: SimpleNamespace, checks: Checks) -> None:
        self.queue, self.options, self.checks = queue, options, checks
        self.hysteresis = Hysteresis(
            options.quorum, options.down_after, options.up_after, options.max_changes, options.count_from_start
        )
        self.approval = Approval(options.approval, options.approval_file)
        self.printable = collection("_sip.message").printable
        self.changed_at = 0.0
        self.held: str | None = None

    async def run(self) -> NoReturn:
        """Perform rounds until the task is cancelled."""
        while True:
            started = time.monotonic()
            await self.one_round()
            await asyncio.sleep(max(0.0, self.options.interval - (time.monotonic() - started)))

    async def one_round(self) -> None:
        """Check, decide, and create an event if the state changes."""
        checks = await self.checks.round(self.hysteresis.state, self.changed_at)
        state = self.hysteresis.add({name: check.ok for name, check in checks.items()})
        is_new = self.approval.request(state)
        if state is None:
            self.held = None
            return
        reasons = self.reasons(state, checks)
        if is_new:
            logger.warning("%s requires an approval: %s", state, self.approval.path)
            pending = {"state": state, "reasons": reasons, "approval_file": _vapi["disarmed"](str(self.approval.path))}
            await self.queue.put({"availability_pending": pending})
        if not self.hysteresis.allowed(state, time.monotonic()):
            if self.held != state:
                logger.warning("%s is delayed by max_changes. %s", state, " ".join(reasons))
            self.held = state
        elif self.approval.given():
            self.held = None
            # Before the first state, calls went to Vapi as well.
            self.changed_at = time.time() if self.hysteresis.state else 0.0
            self.hysteresis.change(state, time.monotonic())
            self.approval.request(None)
            logger.warning("%s. %s", state, " ".join(reasons))
            await self.queue.put({"availability": {"state": state, "reasons": reasons}})

    def reasons(self, state: str, checks: Mapping[str, Check]) -> list[str]:
        """Explain a change: the rule, and each check with its evidence, in text that is safe in templates."""
        return [_vapi["disarmed"](self.printable(text, 400)) for text in self.explained(state, checks)]

    def explained(self, state: str, checks: Mapping[str, Check]) -> Iterator[str]:
        """The sentences of an explanation."""
        rounds = self.hysteresis
        if state == DOWN:
            yield f"At least {rounds.quorum} of {len(checks)} checks failed {rounds.failed_rounds} times in a row."
        else:
            yield f"No check failed {rounds.good_rounds} times in a row."
        if self.held == state:
            yield "The change was delayed by max_changes."
        if self.approval.pending == state:
            yield "The change requires an approval."
        for name, check in checks.items():
            ignored = check.ok is False and not rounds.counts(name)
            note = " (not counted, because it has not succeeded since the start)" if ignored else ""
            yield f"{name} {check.outcome}{note}: {check.evidence}."


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Monitor until ansible-rulebook ends this task."""
    options = read_options(args)
    # New connections and name lookups, as those of the next caller.
    connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as client:
        checks = Checks(options, client)
        await asyncio.to_thread(functools.partial(check_probe, options, checks.probing))
        names = ["sip", "api", *(["calls"] if options.didlogic_api_key else [])]
        logger.info("Monitoring %s every %g s", ", ".join(names), options.interval)
        await Monitor(queue, options, checks).run()


def check_probe(options: SimpleNamespace, probing: Any) -> None:
    """Check at the start what the SIP probe needs.

    :param options: the options. :param probing: the SIP probe. :raises ValueError: if a library or the host is invalid.
    """
    missing = collection("_core.deps").MISSING
    if "pydantic" in missing:
        raise ValueError("The SIP probe needs pydantic in the Python environment of ansible-rulebook.")
    try:
        probing.check_server(options.sip_host)
    except ValueError as error:
        raise ValueError(f"sip_host {error}") from None
