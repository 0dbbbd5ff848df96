# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics: valid in both formats with any text, a bounded number of series, and the values of what was read."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open_metrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from ansible_collections.voiceops.vapi_didlogic.plugins.filter import prometheus_metrics as plugin
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import metrics
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import RULES
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.ended_reasons import EXACT, REASONS
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_call_log import at, vapi

Row = dict[str, t.Any]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

#: Series whose number is fixed: states and findings, calls, delays, cost, drift, and single values.
FIXED = 5 + len(RULES) * 3 + 4 * 9 + 4 + 3 + 2 + 7 + 5


def text_of(**more: t.Any) -> str:
    plain: Row = {"audit": {"numbers": [], "findings": []}, "calls": [], "environment": "a", "timestamp": 1.5e9}
    return metrics.text(metrics.RunData(**{**plain, "period_seconds": 86400, **more}))


def samples(text: str) -> Samples:
    """The samples by name and labels. Both parsers read the same."""
    found: list[Samples] = []
    for read in (read_prometheus, read_open_metrics):
        families = list(read(text))
        assert all(family.type == "gauge" and family.documentation for family in families)
        assert all(sample.timestamp is None for family in families for sample in family.samples)
        rows = [(s.name, frozenset(s.labels.items()), s.value) for family in families for s in family.samples]
        found.append({(name, labels): value for name, labels, value in rows})
        assert len(found[-1]) == len(rows), "a series occurs twice"
    assert found[0] == found[1]
    return found[0]


def value(text: str, name: str, **labels: str) -> float | None:
    return samples(text).get((f"vapi_didlogic_{name}", frozenset({"environment": "a", **labels}.items())))


def numbers(count: int, status: str = "ok") -> list[Row]:
    return [
        {
            "number": str(31201000000 + index),
            "bought": True,
            "status": status,
            "destinations": [{"can_answer": True}],
            "phone_number": {"id": f"id {index}"},
        }
        for index in range(count)
    ]


TEXTS = st.text(alphabet=st.characters(), max_size=12) | st.sampled_from(
    ['a"} 1', "a\\", "\n# TYPE x counter", "€", ""]
)


@given(
    environment=TEXTS,
    rule=TEXTS | st.sampled_from([rule.id for rule in RULES]),
    reason=TEXTS | st.sampled_from([row.pattern for row in REASONS]),
    outcome=TEXTS,
    number=TEXTS,
    amount=st.floats() | st.integers() | st.none() | TEXTS,
)
def test_any_text_is_valid(environment: str, rule: str, reason: str, outcome: str, number: str, amount: t.Any) -> None:
    item: Row = {"number": number, "status": outcome, "destinations": rule, "phone_number": {"id": "1"}}
    text = text_of(
        environment=environment,
        audit={"numbers": [item], "findings": [{"rule": rule, "severity": outcome, "numbers": [number]}]},
        calls=[{"ended_reason": reason, "outcome": outcome, "cost": amount, "duration": amount, "phone_number": "1"}],
        balance=amount,
        changes=[{"kind": rule}],
        number_labels=True,
    )
    assert samples(text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", text)


def test_values() -> None:
    calls = [
        vapi(0, cost=0.25),
        vapi(100, cost=0.5, startedAt=at(107)),
        vapi(200, endedReason="customer-busy", startedAt=None),
        vapi(300, endedReason="nobody-knows-this-reason"),
    ]
    item = {**numbers(1, "error")[0], "destinations": [{"can_answer": False}]}
    text = text_of(
        audit={
            "numbers": [*numbers(2), item],
            "findings": [{"rule": "nobody-answers", "severity": "error", "numbers": [item["number"]]}],
        },
        calls=[*calls[:3], {**calls[3], "carrier": {"amount": 0.02}}],
        balance=12.5,
        carrier_records=True,
        changes=[{"kind": "assistant"}, {"kind": "assistant"}],
    )
    expected = {
        ("numbers", ("state", "ok")): 2,
        ("numbers", ("state", "error")): 1,
        ("numbers", ("state", "warning")): 0,
        ("numbers_without_answer",): 1,
        ("findings", ("rule", "nobody-answers"), ("severity", "error")): 1,
        ("findings", ("rule", "balance-empty"), ("severity", "warning")): 0,
        ("calls", ("direction", "outbound"), ("outcome", "answered")): 2,
        ("calls", ("direction", "inbound"), ("outcome", "answered")): 0,
        ("calls_by_cause", ("cause", "customer-busy"), ("outcome", "unanswered")): 1,
        ("calls_cost_usd", ("service", "vapi")): 0.75,
        ("calls_cost_usd", ("service", "didlogic")): 0.02,
        ("post_dial_delay_seconds", ("statistic", "median")): 5,
        ("post_dial_delay_seconds", ("statistic", "max")): 7,
        ("didlogic_balance_usd",): 12.5,
        ("drift_objects", ("kind", "assistant")): 2,
        ("drift_objects", ("kind", "sip_trunk")): 0,
        ("last_run_timestamp_seconds",): 1.5e9,
    }
    found = {key: value(text, key[0], **dict(key[1:])) for key in expected}
    assert found == expected
    causes = {dict(labels)["cause"] for name, labels in samples(text) if name.endswith("calls_by_cause")}
    assert causes == {"customer-ended-call", "customer-busy", "other"}


def test_missing_data_has_no_metric() -> None:
    names = {name for name, _labels in samples(text_of())}
    absent = {"didlogic_balance_usd", "drift_objects", "post_dial_delay_seconds", "number_findings"}
    assert not {f"vapi_didlogic_{name}" for name in absent} & names


@pytest.mark.parametrize(
    "more",
    [
        {"schedule_at": at(0)},
        {"campaign": "1"},
        {"direction": "inbound"},
        {"started_at": None},
        {"created_at": "yesterday"},
    ],
)
def test_delay_of_a_call_that_is_not_dialled_at_once_is_not_measured(more: Row) -> None:
    assert value(text_of(calls=[{**vapi(), **more}]), "post_dial_delay_seconds", statistic="max") is None


def test_number_of_series_does_not_grow() -> None:
    """With the numbers, the calls and their reasons; each call has an unknown or a known reason."""

    def series(count: int) -> set[t.Any]:
        reasons = [*(row.pattern for row in EXACT), *(f"unknown {index}" for index in range(count))]
        calls = [vapi(index, endedReason=reasons[index % len(reasons)]) for index in range(count)]
        audit = {
            "numbers": numbers(count),
            "findings": [{"rule": rule.id, "severity": rule.severity, "numbers": ["1"]} for rule in RULES] * count,
        }
        return set(samples(text_of(audit=audit, calls=calls, balance=1.0, changes=[], carrier_records=True)))

    few, many = series(10), series(1000)
    causes = [key for key in many if key[0].endswith("calls_by_cause")]
    assert len(causes) <= 2 * (len(REASONS) + 1)
    assert len(many) - len(causes) <= FIXED
    assert {key for key in few if "calls_by_cause" not in key[0]} == many - set(causes)
    assert not any(number["number"] in str(many) for number in numbers(1000))


def test_number_labels_are_requested() -> None:
    audit = {
        "numbers": numbers(2),
        "findings": [{"rule": "nobody-answers", "severity": "error", "numbers": ["31201000001"]}],
    }
    calls = [vapi(0, phoneNumberId="id 1"), vapi(1, phoneNumberId="id of another")]
    text = text_of(audit=audit, calls=calls, number_labels=True)
    assert value(text, "number_findings", number="31201000001", severity="error") == 1
    assert value(text, "number_findings", number="31201000000", severity="error") == 0
    assert value(text, "number_calls", number="31201000001", outcome="answered") == 1
    assert "31201000001" not in text_of(audit=audit, calls=calls)


@pytest.mark.parametrize(
    ("given_audit", "options"),
    [
        ([], {"environment": "a", "timestamp": 1, "period_seconds": 1}),
        ({}, {"environment": "a", "timestamp": 1, "period_seconds": 1, "calls": [1]}),
        ({}, {"environment": "a", "timestamp": 1, "period_seconds": 1, "changes": {"kind": "a"}}),
        ({}, {"environment": "a", "timestamp": 1}),
        ({}, {"environment": "a", "timestamp": 1, "period_seconds": 1, "labels": True}),
    ],
)
def test_filter_rejects_other_input(given_audit: t.Any, options: Row) -> None:
    with pytest.raises(plugin.AnsibleFilterError, match="prometheus_metrics: "):
        plugin.prometheus_metrics(given_audit, **options)
