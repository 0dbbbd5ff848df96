# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of an environment in the Prometheus text format, for the textfile collector of node_exporter.

All metrics are gauges: the values describe a period that ends with the run, and no counter is kept between runs. The
text is also valid OpenMetrics. The number of series depends on tables of this collection only, not on the number of
phone numbers or calls, unless labels with phone numbers are requested.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import math
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result, as_object, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import RULES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import SEVERITIES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import forward_resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ASSISTANT
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import DIRECTIONS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import cause_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import moment
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_number import PHONE_NUMBER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL

PREFIX = "vapi_didlogic_"

#: The states of a number: no finding, or the highest severity of its findings.
STATES = ("ok", *reversed(SEVERITIES))

#: The outcomes of a call, as ``vapi_call_info`` returns them.
OUTCOMES = ("answered", "transferred", "unanswered", "failed", "cancelled", "running", "scheduled", "unknown")

#: The kinds of objects of an environment.
KINDS = tuple(
    resource.name
    for resource in (CARRIER.logins, SIP_TRUNK, TRANSFER_TOOL, ASSISTANT, PHONE_NUMBER, forward_resource(CARRIER))
)

#: Replaces a value that is in no table.
OTHER = "other"

Labels = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class RunData:
    """What a run has read.

    ``audit`` is the result of ``routing_audit``, ``calls`` those of ``vapi_call_info``. ``changes`` are those of the
    module ``integration`` in check mode, or ``None`` without a declaration to compare with.
    """

    environment: str
    timestamp: float
    audit: Result
    calls: list[Result]
    period_seconds: float
    calls_limit_reached: bool = False
    balance: float | None = None
    carrier_records: bool = False
    changes: list[Result] | None = None
    number_labels: bool = False


class Family:
    """A metric with its samples.

    :param name: without the prefix of this collection. :param text: the help text.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = PREFIX + name, text
        self.samples: dict[Labels, float] = {}

    def add(self, value: object, **labels: object) -> Family:
        """Set a sample; a value that is no finite number is left out.

        :param value: the value. :param labels: the labels. :return: the family itself.
        """
        if isinstance(value, (int, float)) and math.isfinite(value):
            self.samples[tuple((name, str(text)) for name, text in labels.items())] = value
        return self

    def count(self, found: t.Iterable[Labels], known: t.Iterable[Labels] = ()) -> Family:
        """Count label sets.

        :param found: the label sets. :param known: those that are shown as zero if they do not occur.
        :return: the family itself.
        """
        counts = collections.Counter(found)
        self.samples |= dict.fromkeys(known, 0) | counts
        return self


def text(data: RunData) -> str:
    """Render the metrics.

    :param data: what was read. :return: the text, valid in the Prometheus text format and as OpenMetrics.
    """
    families = [*_numbers(data), *_calls(data), *_accounts(data), *_per_number(data)]
    lines = [line for family in families if family.samples for line in _rendered(family, data.environment)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _rendered(family: Family, environment: str) -> t.Iterator[str]:
    yield f"# HELP {family.name} {_escaped(family.text)}"
    yield f"# TYPE {family.name} gauge"
    for labels, value in family.samples.items():
        pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in (("environment", environment), *labels))
        yield f"{family.name}{{{pairs}}} {_number(value)}"


def _escaped(value: str) -> str:
    """Escape untrusted text: first what a terminal or a viewer would interpret, then as the format requires."""
    return printable(value).replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _numbers(data: RunData) -> list[Family]:
    items = objects_in(data.audit.get("numbers"))
    findings = objects_in(data.audit.get("findings"))
    states = [(("state", _known(item.get("status"), STATES)),) for item in items]
    unanswered = [
        item
        for item in items
        if item.get("bought") and not any(row.get("can_answer") for row in objects_in(item.get("destinations")))
    ]
    rules = {rule.id: rule.severity for rule in RULES}
    found = [
        (("rule", _known(item.get("rule"), rules)), ("severity", _known(item.get("severity"), SEVERITIES)))
        for item in findings
    ]
    return [
        Family("numbers", "Phone numbers by state: ok, or the highest severity of their findings.").count(
            states, [(("state", state),) for state in STATES]
        ),
        Family("numbers_without_answer", "Numbers of the didlogic account without a destination that can answer.").add(
            len(unanswered)
        ),
        Family("findings", "Findings of the audit by rule and severity.").count(
            found, [(("rule", rule), ("severity", severity)) for rule, severity in rules.items()]
        ),
    ]


def _calls(data: RunData) -> list[Family]:
    directions = sorted(set(DIRECTIONS.values()))
    found = [(("direction", _known(c.get("direction"), directions)), ("outcome", _outcome(c))) for c in data.calls]
    known = [(("direction", direction), ("outcome", name)) for direction in directions for name in OUTCOMES]
    causes = [
        (("cause", cause_of(str(call["ended_reason"])) or OTHER), ("outcome", _outcome(call)))
        for call in data.calls
        if call.get("ended_reason")
    ]
    durations = Family("calls_duration_seconds", "Total duration of the calls of the period by direction.")
    for direction in directions:
        durations.add(sum(_values(data.calls, "duration", direction=direction)), direction=direction)
    cost = Family("calls_cost_usd", "Cost of the calls of the period by the service that charges it.")
    cost.add(round(sum(_values(data.calls, "cost")), 6), service=VAPI.name)
    if data.carrier_records:
        records = [as_object(call.get("carrier")) for call in data.calls]
        cost.add(round(sum(_values(records, "amount")), 6), service=CARRIER.provider.name)
    return [
        Family("calls", "Calls of the period by direction and outcome.").count(found, known),
        Family("calls_by_cause", "Ended calls of the period by the reason of their end and outcome.").count(causes),
        durations,
        _post_dial_delay(data.calls),
        cost,
        Family("calls_period_seconds", "Length of the period of the call metrics, which ends with the run.").add(
            data.period_seconds
        ),
        Family("calls_limit_reached", "Whether earlier calls of the period are missing because of the limit.").add(
            int(data.calls_limit_reached)
        ),
    ]


def _post_dial_delay(calls: list[Result]) -> Family:
    """The time from the request until the call starts, of outbound calls that Vapi dials at once."""
    family = Family("post_dial_delay_seconds", "Time from the request for an outbound call until it starts.")
    delays = sorted(delay for delay in map(_delay, calls) if math.isfinite(delay))
    if delays:
        family.add(_quantile(delays, 0.5), statistic="median")
        family.add(_quantile(delays, 0.95), statistic="p95")
        family.add(delays[-1], statistic="max")
    return family


def _delay(call: Result) -> float:
    """Seconds from the creation to the start of a call; ``nan`` if it was scheduled or has not started."""
    if call.get("direction") != "outbound" or call.get("schedule_at") or call.get("campaign"):
        return math.nan
    try:
        begun = moment(str(call.get("started_at"))) - moment(str(call.get("created_at")))
    except (ValueError, OverflowError):
        return math.nan
    return max(begun, datetime.timedelta()).total_seconds()


def _quantile(ordered: list[float], share: float) -> float:
    """The nearest-rank quantile of sorted values."""
    return ordered[math.ceil(share * len(ordered)) - 1]


def _accounts(data: RunData) -> list[Family]:
    drift = Family("drift_objects", "Objects that differ from the declaration, by kind.")
    if data.changes is not None:
        kinds = [(("kind", _known(change.get("kind"), KINDS)),) for change in data.changes]
        drift.count(kinds, [(("kind", kind),) for kind in KINDS])
    return [
        Family("didlogic_balance_usd", "Balance of the didlogic account.").add(data.balance),
        drift,
        Family("last_run_timestamp_seconds", "Time of the last successful run.").add(data.timestamp),
    ]


def _per_number(data: RunData) -> list[Family]:
    """The series with a phone number as a label."""
    if not data.number_labels:
        return []
    findings = Family("number_findings", "Findings of a number by severity.")
    numbers: dict[object, object] = {}
    counts: collections.Counter[tuple[object, object]] = collections.Counter()
    for finding in objects_in(data.audit.get("findings")):
        named = finding.get("numbers")
        counts.update((number, finding.get("severity")) for number in (named if isinstance(named, list) else ()))
    for item in objects_in(data.audit.get("numbers")):
        for severity in SEVERITIES:
            findings.add(counts[item.get("number"), severity], number=item.get("number"), severity=severity)
        numbers[as_object(item.get("phone_number")).get("id")] = item.get("number")
    calls = Family("number_calls", "Calls of the period of a number by outcome.").count(
        (("number", str(numbers[call["phone_number"]])), ("outcome", _outcome(call)))
        for call in data.calls
        if call.get("phone_number") in numbers
    )
    return [findings, calls]


def _values(rows: list[Result], key: str, **where: str) -> list[float]:
    """The numbers at a key of the rows that have the values of ``where``."""
    found = [row.get(key) for row in rows if all(row.get(name) == value for name, value in where.items())]
    return [float(value) for value in found if isinstance(value, (int, float)) and math.isfinite(value)]


def _outcome(call: Result) -> str:
    return _known(call.get("outcome"), OUTCOMES)


def _known(value: object, table: t.Container[str]) -> str:
    return value if isinstance(value, str) and value in table else OTHER
