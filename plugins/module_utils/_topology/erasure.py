# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes the calls of a caller, or old calls, and reads back what is left. Results contain only counts.

A call counts as erased only if it was checked twice, some time apart, and neither these responses nor a new list of all
calls contain data of it. A later run finds what is left by the same list, and by the record those calls that Vapi does
not list any more although it may still have data of them.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import hashlib
import hmac
import time
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    ApiError,
    ModuleFailureError,
    OptionError,
    OutcomeUnknownError,
    RejectedError,
    UnreachableError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.signed_record import RecordFormat, Store
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import call_erasure as vapi
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call_erasure import (
    HeldCall,
    Selection,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI

#: Seconds between two rounds of looks; they double up to the maximum.
FIRST_ROUND, LONGEST_ROUND = 1.0, 60.0
#: Seconds between the last round and the confirmation.
SETTLE_SECONDS = 5.0
#: Characters of the digest of a number.
DIGEST_LENGTH = 16
RECORD = RecordFormat("calls", "Ask Vapi whether all data of the calls in it is erased, and delete the file.")


def check_caller(number: str) -> None:
    vapi.caller_digits(number)


class ErasureOptions(Model):
    """The options of the module."""

    caller: t.Annotated[str | None, Option(secret=True, check=check_caller)] = None
    older_than_days: t.Annotated[int | None, Option(range=(1, 3650))] = None
    max_calls: t.Annotated[int, Option(range=(1, 100_000))] = 100
    wait_timeout: t.Annotated[int, Option(range=(0, 86_400))] = 600
    pace: t.Annotated[float, Option(range=(0, 60))] = 0.25
    record: str | None = None


def checked(options: ErasureOptions) -> ErasureOptions:
    """Check that the calls are selected.

    :param options: the options. :return: the same. :raises OptionError: if they select nothing.
    """
    if options.caller is None and options.older_than_days is None:
        raise OptionError("caller / older_than_days", "at least one of them is required; they select the calls.")
    return options


def spellings(options: ErasureOptions) -> set[str]:
    """The forms of the caller's number that no output may contain.

    :param options: the options. :return: the texts.
    """
    if options.caller is None:
        return set()
    digits = vapi.caller_digits(options.caller)
    return {options.caller, digits, f"+{digits}", f"00{digits}"}


@dataclasses.dataclass
class Item:
    """A call of the run, and what is known of its deletion."""

    call: HeldCall
    state: State | t.Literal["running"] = "present"
    refused: str = ""
    unconfirmed: bool = False  # erased as it seemed, but the new list could not be read


@dataclasses.dataclass(frozen=True)
class Unverified:
    """The ids of the calls whose deletion is not verified, in a file.

    :param store: the file, if there is one. :param client: of Vapi. :param selection: the digest of the caller.
    """

    store: Store | None
    client: Client
    selection: str

    def _load(self, store: Store) -> dict[str, list[str]]:
        return RECORD.load(_key(self.client), store.load())

    def ids(self) -> list[str]:
        """Those of earlier runs. :raises OptionError: if the file cannot be used."""
        return self._load(self.store).get(self.selection, []) if self.store else []

    def update(self, *, add: t.Collection[str] = (), remove: t.Collection[str] = ()) -> None:
        """Change the file, which another run may have changed meanwhile.

        :param add: ids. :param remove: ids. :raises OptionError: if the file cannot be read or written.
        """
        if not self.store:
            return
        with self.store.hold(self.client.interrupt_event):
            before = self._load(self.store)
            ids = sorted({*before.get(self.selection, []), *add} - {*remove})
            after = {name: kept for name, kept in {**before, self.selection: ids}.items() if kept}
            if after:
                self.store.save(RECORD.dump(_key(self.client), after))
            elif before:
                self.store.remove()


class Erasure:
    """One run.

    :param engine: the engine of Vapi. :param options: the options. :param clock: returns monotonic seconds.
    """

    def __init__(self, engine: Engine, options: ErasureOptions, clock: t.Callable[[], float]) -> None:
        self.engine, self.client, self.options, self.clock = engine, engine.client, options, clock
        before = options.older_than_days and engine.now() - datetime.timedelta(days=options.older_than_days)
        self.selection = Selection(vapi.caller_digits(options.caller) if options.caller else "", before or None)
        self.next_request = clock()
        self.items: list[Item] = []
        self.late = 0
        self.sent = False

    def pause(self) -> None:
        """Wait until the next request may be sent."""
        wait = self.next_request - self.clock()
        if wait > 0:
            self.client.sleep(wait)
        self.next_request = self.clock() + self.options.pace

    def delete(self) -> None:
        """Request the deletion of each call that is not in progress."""
        refused = ""  # a key that is not accepted would be refused for each call
        for item in self.items:
            if item.state == "running":
                continue
            if not refused:
                item.refused, refused = self._delete(item.call)
            item.refused = item.refused or refused

    def _delete(self, call: HeldCall) -> tuple[str, str]:
        """Send a request. The texts are the reason of a refusal of the call, and of all calls."""
        self.pause()
        self.sent = True
        try:
            self.client.write(vapi.deletion(call))
        except RejectedError as error:
            reason = f"HTTP {error.status}"
            return reason, reason if error.status in VAPI.auth_error_statuses else ""
        except UnreachableError:
            return "no connection", ""
        except OutcomeUnknownError:
            return "", ""  # it may have been processed, which the checks show
        return "", ""

    def wait(self) -> None:
        """Check the calls until all are erased or the time is over, and confirm those that are gone."""
        deadline, round_seconds = self.clock() + self.options.wait_timeout, FIRST_ROUND
        while True:
            self.check(item for item in self.items if item.state not in ("gone", "running"))
            open_items = [item for item in self.items if item.state in ("present", "unclear") and not item.refused]
            left = deadline - self.clock()
            if not open_items or left <= 0:
                break
            self.client.sleep(min(round_seconds, left))
            round_seconds = min(2 * round_seconds, LONGEST_ROUND)
        if self.items:
            self.client.sleep(SETTLE_SECONDS)
            self.check(item for item in self.items if item.state == "gone")
            self.confirm()

    def check(self, items: t.Iterable[Item]) -> None:
        """Update the state of calls."""
        for item in items:
            item.state = vapi.state_of(self.client, item.call, self.selection.digits, self.pause)

    def confirm(self) -> None:
        """Compare with a new list, which may show a call again, or a new one."""
        known = {item.call.id: item for item in self.items}
        try:
            listed = vapi.holdings(self.client, self.selection).calls
        except ApiError:
            for item in self.items:
                if item.state == "gone":
                    item.state, item.unconfirmed = "unclear", True
            return
        for call in listed:
            if call.id not in known:
                self.late += 1
            elif known[call.id].state == "gone":
                known[call.id].state = "present"

    def with_state(self, *states: str) -> list[HeldCall]:
        """The calls with one of the states."""
        return [item.call for item in self.items if item.state in states]

    @property
    def failed(self) -> list[Item]:
        """The calls whose deletion was refused or has failed."""
        return [item for item in self.items if item.state == "failed" or (item.refused and item.state != "gone")]


def run(
    engines: t.Mapping[str, Engine],
    options: ErasureOptions,
    store: Store | None = None,
    carrier: Carrier = CARRIER,
    clock: t.Callable[[], float] = time.monotonic,
) -> Result:
    """Delete the calls of a caller, or old calls.

    :param engines: by the services' names; that of the carrier is optional. :param options: the checked options.
    :param store: the file of the record, if there is one. :param carrier: the carrier.
    :param clock: returns monotonic seconds. :return: the result of the module.
    :raises ModuleFailureError: if there are too many calls, or data of a call is left.
    :raises ApiError: if the calls cannot be read. :raises OptionError: if the record cannot be read or written.
    """
    engine = engines[VAPI.name]
    work = Erasure(engine, options, clock)
    held = vapi.holdings(engine.client, work.selection)
    unverified = Unverified(store, engine.client, _digest(work))
    unlisted = {*unverified.ids()} - {call.id for call in held.calls}
    calls = (*held.calls, *(HeldCall(call_id, listed=False) for call_id in sorted(unlisted)))
    work.items = [Item(call, "running" if call.status in vapi.RUNNING else "present") for call in calls]
    report = Report(work, _campaigns(engine, work.selection.digits), held.mentions, _records(engines, work, carrier))
    deletable = [item for item in work.items if item.state != "running"]
    if len(deletable) > options.max_calls:
        rule = (
            f"{counted(len(deletable), 'call')} would be deleted, which is more than max_calls ({options.max_calls})."
        )
        if not engine.check_mode:
            raise ModuleFailureError(f"Nothing was deleted: {rule}", report.result(changed=False))
        engine.warn(f"A run would stop before the first deletion: {rule}")
    if engine.check_mode:
        return report.result(changed=bool(deletable))
    unverified.update(add=[item.call.id for item in deletable])
    work.delete()
    work.wait()
    unverified.update(remove=[call.id for call in work.with_state("gone")])
    result = report.result(changed=work.sent)
    problems = report.problems()
    if problems:
        again = "" if store else " Without record, it does not check calls that Vapi no longer lists."
        text = f"Not everything was erased: {', '.join(problems)}. Run the task again.{again}"
        raise ModuleFailureError(text, result)
    return result


def _campaigns(engine: Engine, digits: str) -> tuple[int, int] | None:
    """The counts of campaigns; ``None`` if they cannot be read."""
    try:
        return vapi.campaign_counts(engine.client, digits) if digits else (0, 0)
    except (RejectedError, UnreachableError):
        return None


def _records(engines: t.Mapping[str, Engine], work: Erasure, carrier: Carrier) -> int | None:
    """The number of the carrier's newest call records with the caller's number; ``None`` if they were not read."""
    engine, digits = engines.get(carrier.provider.name), work.selection.digits
    if engine is None or not digits:
        return None
    try:
        rows = engine.rows(carrier.records, carrier.records_query(None, None))
    except ApiError:
        return None
    records = [carrier.record_of(row) for row in rows]
    return sum(digits in (record.get("caller"), record.get("callee")) for record in records)


@dataclasses.dataclass(frozen=True)
class Report:
    """The result of a run: counts, and sentences about what is left.

    ``campaigns`` and ``records`` are ``None`` if they were not read.
    """

    work: Erasure
    campaigns: tuple[int, int] | None
    mentions: int
    records: int | None

    def problems(self) -> list[str]:
        """What a further run may erase, in words."""
        work = self.work
        failed = collections.Counter(item.refused or "deletion failed" for item in work.failed)
        unverified = [item for item in work.items if item.state in ("present", "unclear") and not item.refused]
        unconfirmed = sum(item.unconfirmed for item in unverified)
        pending = len(unverified) - unconfirmed
        running = len(work.with_state("running"))
        return [
            *([f"{counted(pending, 'call')} still returned by Vapi after wait_timeout"] if pending else []),
            *[f"{counted(count, 'call')} not deleted ({reason})" for reason, count in sorted(failed.items())],
            *([f"{counted(running, 'call')} in progress"] if running else []),
            *([f"{counted(work.late, 'call')} added meanwhile"] if work.late else []),
            *([f"{counted(unconfirmed, 'call')} not confirmed by a new list"] if unconfirmed else []),
        ]

    def result(self, *, changed: bool) -> Result:
        """The return values of the module.

        :param changed: whether something was deleted, or would be. :return: counts only.
        """
        work = self.work
        calls = [item.call for item in work.items]
        gone = work.with_state("gone")
        digest = _digest(work)
        counts: Result = {
            "caller": digest,
            "complete": not work.engine.check_mode
            and len(gone) == len(calls)
            and not (work.late or self.mentions)
            and self.campaigns == (0, 0),
            "calls": {
                "found": len(calls),
                **{way: sum(call.direction == way for call in calls) for way in ("inbound", "outbound", "web")},
                "unlisted": sum(not call.listed for call in calls),
                "erased": len(gone),
                "failed": len(work.failed),
                "running": len(work.with_state("running")),
                "added": work.late,
            },
            "recordings": {"found": _recordings(calls), "erased": _recordings(gone)},
            "transcripts": {"found": _transcripts(calls), "erased": _transcripts(gone)},
            "campaigns": self.campaigns[0] if self.campaigns else None,
            "mentions": self.mentions,
            "carrier_records": self.records,
            "remains": self.remains(),
        }
        left = 0 if work.engine.check_mode else len(calls) - len(gone)
        entry = {"kind": "call", "name": digest, "action": "delete"}
        changes = [{**entry, "before": {"calls": len(calls)}, "after": {"calls": left}}] if changed else []
        return {"changed": changed, "erasure": counts, "changes": changes}

    def remains(self) -> list[str]:
        """What no run can erase."""
        found = [
            "Vapi: calls older than the retention of the subscription. The API neither lists nor deletes them.",
            "Copies outside Vapi: recordings in your own storage, and data that Vapi sent to your servers.",
        ]
        if not self.work.selection.digits:
            return found
        if self.campaigns is None:
            found.append("Vapi: contacts of campaigns could not be read.")
        elif self.campaigns[0]:
            active = f", {self.campaigns[1]} of which will dial it unless cancelled" if self.campaigns[1] else ""
            found.append(
                f"Vapi: the number is a contact of {counted(self.campaigns[0], 'campaign')}{active}. The API "
                "removes no contact; Vapi only archives a deleted campaign."
            )
        if self.mentions:
            found.append(
                f"Vapi: {counted(self.mentions, 'call')} of others contain the number, such as in a transcript or as "
                "the target of a transfer."
            )
        many = "" if self.records is None else f" ({self.records} of the newest contain the number)"
        return [*found, f"{CARRIER.provider.title}: call records{many}. The API does not delete them."]


def _key(client: Client) -> bytes:
    return str(client.connection.api_key).encode()


def _digest(work: Erasure) -> str:
    """A digest of the number that only the owner of the API key can calculate; empty without a number."""
    if not work.selection.digits:
        return ""
    text = f"voiceops.vapi_didlogic caller {work.selection.digits}"
    return hmac.new(_key(work.client), text.encode(), hashlib.sha256).hexdigest()[:DIGEST_LENGTH]


def _recordings(calls: t.Iterable[HeldCall]) -> int:
    return sum(call.recordings for call in calls)


def _transcripts(calls: t.Iterable[HeldCall]) -> int:
    return sum(call.transcript for call in calls)
