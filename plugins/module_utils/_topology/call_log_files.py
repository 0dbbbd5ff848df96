# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML page and the CSV file of a call log, and its figures."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.html_json import (
    html_json,
    html_json_of_result,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log import (
    other_carrier,
    with_record,
    without_advice,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log_csv import csv_rows, header
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log_read import (
    CallLog,
    only_in_records,
    unpacked,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_records import time_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier

#: The place of the data in the page.
EMPTY_DATA = '<script type="application/json" id="data">null</script>'

#: Keys of a call that the page does not show.
UNUSED = ("name", "idempotency_key", "recording_url", "assistant_version", "squad_version", "success_evaluation")

#: Calls that are converted together.
AT_ONCE = 1000

#: Maximum number of causes, numbers and assistants in the result.
MOST = 100

UNSUCCESSFUL = ("unanswered", "failed")

Redact = t.Callable[[Result], Result]


@dataclasses.dataclass
class Cost:
    """What calls cost at one service. :param sum: the known costs. :param unknown: the number of other calls."""

    sum: float = 0.0
    unknown: int = 0

    def add(self, *amounts: object) -> None:
        """Add the costs of a call.

        :param amounts: the parts of its cost; ``None`` or an invalid one is unknown.
        """
        found = [figure(amount) for amount in amounts]
        if None in found:
            self.unknown += 1
        else:
            self.sum += sum(amount for amount in found if amount is not None)

    def result(self, service: str) -> Result:
        """The figures as return values. :param service: the prefix of their names. :return: the values."""
        return {f"{service}_cost": round(self.sum, 6), f"{service}_cost_unknown": self.unknown}


@dataclasses.dataclass
class Costs:
    """The costs of the calls of a number or an assistant, by service. They are never added together."""

    calls: int = 0
    vapi: Cost = dataclasses.field(default_factory=Cost)
    carrier: Cost = dataclasses.field(default_factory=Cost)

    def add(self, call: Result) -> None:
        """Add a call. :param call: the call with ``match``."""
        carrier, match = as_object(call.get("carrier")), call.get("match")
        self.calls += 1
        if match != "carrier":
            self.vapi.add(call.get("cost"))
        if match:
            self.carrier.add(
                carrier.get("amount"), *([carrier["transfer_amount"]] if "transfer_amount" in carrier else [])
            )

    def result(self, carrier: Carrier) -> Result:
        """The figures as return values. :param carrier: the carrier. :return: the values."""
        return {"calls": self.calls, **self.vapi.result("vapi"), **self.carrier.result(carrier.provider.name)}


class Figures:
    """The figures of a log.

    :param log: the log.
    """

    def __init__(self, log: CallLog) -> None:
        self._log = log
        self.outcomes: dict[str, int] = {}
        self.matches: dict[str, int] = {}
        self.seconds = 0.0
        self.all = Costs()
        self.numbers: dict[str, Costs] = {}
        self.assistants: dict[str, Costs] = {}
        self.causes: dict[str, list[t.Any]] = {}

    def add(self, call: Result) -> None:
        """Add a call. :param call: the call with ``match``."""
        self.all.add(call)
        match = str(call.get("match") or "")
        if match:
            self.matches[match] = self.matches.get(match, 0) + 1
        number, assistant = str(call.get("phone_number") or ""), str(call.get("assistant") or "")
        if number:
            number = str(self._log.numbers.get(number, {}).get("number") or number)
            self.numbers.setdefault(number, Costs()).add(call)
        if match == "carrier":
            return
        name = self._log.assistants.get(assistant) or assistant
        self.assistants.setdefault(name, Costs()).add(call)
        outcome = str(call.get("outcome") or "")
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.seconds += figure(call.get("duration")) or 0
        self._add_cause(call, bad=outcome in UNSUCCESSFUL)

    def _add_cause(self, call: Result, *, bad: bool) -> None:
        """Count a problem: an answered call is one only if there is a fix for it."""
        why = as_object(call.get("diagnosis"))
        cause = " ".join(str(why.get("cause") or (call.get("ended_reason") if bad else "") or "").split())
        if cause and (bad or why.get("fix")):
            known = self.causes.setdefault(cause, [0, ""])
            known[0] += 1
            known[1] = known[1] or " ".join(str(why.get("fix") or "").split())

    def result(self, carrier: Carrier) -> Result:
        """The figures as return values.

        :param carrier: the carrier. :return: the values.
        """
        count = self.outcomes.get
        answered, unanswered, failed = (
            count("answered", 0) + count("transferred", 0),
            count("unanswered", 0),
            count("failed", 0),
        )
        causes = sorted(self.causes.items(), key=lambda item: -item[1][0])
        return {
            "calls": sum(self.outcomes.values()),
            "answered": answered,
            "transferred": count("transferred", 0),
            "unanswered": unanswered,
            "failed": failed,
            "others": sum(self.outcomes.values()) - answered - unanswered - failed,
            "seconds": round(self.seconds),
            "matches": {name: self.matches.get(name, 0) for name in MATCHES} if self._log.carrier else {},
            **{key: value for key, value in self.all.result(carrier).items() if key != "calls"},
            "numbers": _costs("number", self.numbers, carrier),
            "assistants": _costs("assistant", self.assistants, carrier),
            "causes": [{"cause": cause, "calls": calls, "fix": fix} for cause, (calls, fix) in causes[:MOST]],
        }


#: Where a call is recorded: by both services, by both with several candidates, or by one only.
MATCHES = ("both", "ambiguous", "vapi", "carrier")


def _costs(name: str, found: t.Mapping[str, Costs], carrier: Carrier) -> list[Result]:
    most = heapq.nlargest(MOST, found.items(), key=lambda item: item[1].calls)
    return [{name: key, **costs.result(carrier)} for key, costs in most]


def figure(value: object) -> float | None:
    """A number of a service. :param value: the value. :return: the number; ``None`` if it is none."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def entries(log: CallLog, carrier: Carrier) -> t.Iterator[Result]:
    """The calls, and the records without a call, the newest first.

    :param log: the log. :param carrier: the carrier.
    :return: the calls with ``match``: one of :data:`MATCHES`, or nothing if no record can be expected.
    """
    own_numbers = {digits(str(row.get("number") or "")): key for key, row in log.numbers.items()}
    calls = ((_sortable(log.calls[at].get("createdAt")), 1, at) for at in range(len(log.calls)))
    records = ((_sortable(log.compared[at].time), 0, at) for at in only_in_records(log))
    for _time, is_call, at in heapq.merge(calls, records, key=lambda entry: entry[0], reverse=True):
        yield _call(log, at, carrier) if is_call else _record(log, at, own_numbers)


def _sortable(time: object) -> float:
    found = time_of(time)
    return found.timestamp() if found else 0.0


def _call(log: CallLog, at: int, carrier: Carrier) -> Result:
    """A call with its record, its diagnosis and ``match``."""
    item, title = unpacked(log.calls[at]), carrier.provider.title
    own, leg = log.matches.own.get(at), log.matches.legs.get(at)
    ambiguous = at in log.matches.ambiguous
    call = with_record(
        item,
        unpacked(log.records[own]) if own is not None else None,
        unpacked(log.records[leg]) if leg is not None else None,
        ambiguous=ambiguous,
        complete=log.complete and log.carrier,
    )
    phone = log.numbers.get(str(item.get("phone_number")))
    elsewhere = other_carrier(phone, log.trunks, carrier)
    if elsewhere and title.lower() in str(call["diagnosis"]).lower():
        call = without_advice(call, elsewhere, title)
    if log.carrier and call["direction"] != "web" and not elsewhere:
        call["match"] = "vapi" if own is None else "ambiguous" if ambiguous else "both"
    return {key: value for key, value in call.items() if key not in UNUSED}


def _record(log: CallLog, at: int, own_numbers: t.Mapping[str, str]) -> Result:
    """A record without a call, in the form of a call."""
    compared, record = log.compared[at], unpacked(log.records[at])
    return {
        "match": "carrier",
        "direction": compared.direction or "unknown",
        "phone_number": own_numbers.get(compared.own, compared.own),
        "customer": {"number": compared.customer},
        "outcome": "unknown",
        "transfers": [],
        "diagnosis": {},
        "carrier": record,
    }


@dataclasses.dataclass
class Files:
    """The contents of the files, and the figures."""

    page: bytes
    table: bytes
    figures: Result


def files_of(log: CallLog, page: str, redact: Redact, carrier: Carrier) -> Files:
    """The contents of the files.

    :param log: the log. :param page: the page without its data. :param redact: removes secrets.
    :param carrier: the carrier. :return: the contents. :raises ValueError: if the page has no place for the data.
    """
    before, found, after = page.partition(EMPTY_DATA)
    if not found:
        raise ValueError("the page has no element for the data")
    assistants = as_object(redact({"names": log.assistants})["names"])
    numbers = as_object(redact({"numbers": {key: _shown(row) for key, row in log.numbers.items()}})["numbers"])
    figures, data, rows = Figures(log), [], [header().encode()]
    found_calls = entries(log, carrier)
    while chunk := list(itertools.islice(found_calls, AT_ONCE)):
        for call in chunk:
            figures.add(call)
        chunk = t.cast("list[Result]", redact({"calls": chunk})["calls"])
        data += [html_json_of_result(call).encode() for call in chunk]
        rows.append(csv_rows(chunk, assistants, numbers).encode("utf-8", "replace"))
    about = {
        "assistants": assistants,
        "numbers": numbers,
        "period": {"begin": log.begin, "end": log.end, "generated": log.now},
        "carrier": log.carrier,
        "complete": log.complete,
        "full": log.full,
        "kept_from": log.retention_start,
    }
    opening, closing = EMPTY_DATA.split("null")
    content = [before.encode(), opening.encode(), html_json(about)[:-1].encode(), b',"calls":[', b",".join(data)]
    return Files(b"".join([*content, b"]}", closing.encode(), after.encode()]), b"".join(rows), figures.result(carrier))


def _shown(row: ApiObject) -> ApiObject:
    return {name: row[name] for name in ("number", "name") if row.get(name)}
