# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No foreign value ends the script of a page, and none leaves the place of its data."""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.filter.html_json import html_json
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import findings, numbers
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_audit import FAULTS, Account, healthy, snapshot

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "playbooks" / "templates"
#: Times that a service may send, of calls that are still to come, are broken, or are meant badly.
TIMES = [
    "2026-01-02T03:04:05Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "+275760-09-13T00:00:00Z", "+275760-09-14T00:00:00Z", "-271821-04-20T00:00:00Z", "-000001-01-01T00:00:00Z",
    "2026-13-45T99:99:99Z", "", "now", "\u0663", "1e308", None,
]  # fmt: skip
PERIODS = [
    ("2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z"), ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), ("2025-01-01T00:00:00Z", "2026-01-08T00:00:00Z"),
    ("2001-01-01T00:00:00Z", "2026-01-08T00:00:00Z"), ("0001-01-01T00:00:00Z", "2026-01-08T00:00:00Z"),
    ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"),
]  # fmt: skip
#: Names that every object of the language has, as ids, and figures that are none.
NAMES = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "", "</script><script>", "\ud800"]
FIGURES = [math.inf, -math.inf, math.nan, 1e308, -1, 0, 10**400, None]
HASHES = ["", "#from=1e300&to=1e301", "#from=NaN", "#from=-9e15&to=9e15", "#sort=__proto__", "#outcome=constructor"]


def script(page: str) -> str:
    """What the page of a template runs."""
    found = []
    for name in ("_page.js.j2", f"{page}.html.j2"):
        text = (TEMPLATES / name).read_text()
        block = text.partition("{% block script %}")[2] or text
        found += re.findall(r"\{% raw %\}\n(.*?)\{% endraw %\}", block, re.DOTALL)
    return "".join(found)


#: What is counted on each page: the element it is in, and the start of its class.
COUNTED = {"call_log": ("chart", "bar"), "audit": ("numbers", "lane")}


def run(tmp_path: Path, page: str, cases: list[dict[str, str]], counted: tuple[str, str] | None = None) -> list[t.Any]:
    """The count, by default of ``COUNTED``, or the error, for each case: the ``data`` and the address's ``hash``."""
    within, marked = counted or COUNTED[page]
    cases = [{**case, "within": within, "marked": marked} for case in cases]
    (tmp_path / "script.js").write_text(script(page))
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    command = [
        "node",
        str(Path(__file__).with_name("dom.js")),
        str(tmp_path / "script.js"),
        str(tmp_path / "cases.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    found: list[t.Any] = json.loads(done.stdout)
    return found


def log(
    calls: list[dict[str, t.Any]], period: tuple[str, str], *, full: bool = False, **more: t.Any
) -> dict[str, t.Any]:
    times = {"begin": period[0], "end": period[1], "generated": period[1]}
    return {"calls": calls, "assistants": {}, "numbers": {}, "period": times, "carrier": True, "full": full, **more}


def call(time: t.Any, **more: t.Any) -> dict[str, t.Any]:
    return {"id": "1", "direction": "inbound", "status": "ended", "outcome": "failed", "created_at": time, **more}


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")


@pytest.mark.slow
@needs_node
def test_chart_has_limited_number_of_bars(tmp_path: Path) -> None:
    """Every time in every period, beside a usual call."""
    pages = [
        log([call(time, ended_at=time), call("2026-01-02T03:04:05Z")], period, full=full, kept_from=time)
        for time, period, full in itertools.product(TIMES, PERIODS, (False, True))
    ]
    found = run(tmp_path, "call_log", [{"data": html_json(page), "hash": ""} for page in pages])
    wrong = [(page["calls"][0], page["period"], bars) for page, bars in zip(pages, found, strict=True)
             if not isinstance(bars, int) or not 1 <= bars <= 2100]  # fmt: skip
    assert wrong == []


@pytest.mark.slow
@needs_node
def test_call_log_values_do_not_end_the_script_element(tmp_path: Path) -> None:
    cases, hashes = [], itertools.cycle(HASHES)
    for name, figure in itertools.product(NAMES, FIGURES):
        bad = call(
            "2026-01-02T03:04:05Z", id=name, direction=name, status=name, outcome=name, assistant=name, summary=name,
            cost=figure, duration=figure, ended_reason=name, customer={"name": name, "number": name}, campaign=name,
            diagnosis={"cause": name, "fix": name, "option": name}, phone_number=name,
            carrier={"amount": figure, "duration": figure, "caller": name}, transfers=[{"to": name, "status": name}],
        )  # fmt: skip
        known = {"assistants": {name: name}, "numbers": {name: {"number": name, "name": name}}}
        pages = [log([bad, call("2026-01-03T03:04:05Z")], PERIODS[0], **more) for more in ({}, known)]
        cases += [{"data": html_json(page), "hash": next(hashes)} for page in pages]
    wrong = [(case, found) for case, found in zip(cases, run(tmp_path, "call_log", cases), strict=True) if found != 8]
    assert [found for _case, found in wrong][:3] == []


@pytest.mark.slow
@needs_node
def test_many_calls_do_not_stop_the_script(tmp_path: Path) -> None:
    many = [
        call("2026-01-02T03:04:05Z", id=str(n), customer={"number": str(n)}, phone_number=str(n))
        for n in range(130_000)
    ]
    assert run(tmp_path, "call_log", [{"data": html_json(log(many, PERIODS[0])), "hash": ""}]) == [8]


def audited(account: Account, **more: t.Any) -> dict[str, t.Any]:
    """The data of the audit's page for an account."""
    found = findings(snapshot(account))
    data = {"findings": found, "numbers": numbers(snapshot(account), found), "generated": PERIODS[0][1]}
    return {**data, "chosen": False, "ignored": [], **more}


def spoilt(*names: str) -> Account:
    account = healthy()
    for name, spoil, _rules in FAULTS:
        if name in names:
            spoil(account)
    return account


def places(value: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Container and key of each text in nested data."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        if isinstance(item, str):
            yield value, key
        yield from places(item)


#: Faults that are apart from one another, so that each link of a way is drawn with and without a finding.
MIXED = (
    "a trunk that is not there", "an unknown label behind the right one", "a SIP account that is gone", "no trunk",
    "a squad that is gone", "a transfer to another's number", "a login that is not there", "a tool of nobody",
)  # fmt: skip
ADDRESSES = [
    "", "#number=constructor", "#number=__proto__", "#status=constructor", "#status=toString", "#order=__proto__",
    "#number=31201234560&text=%00", "#text=", "#rule=", "#number=%ED%A0%80",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.exhaustive(2)
@needs_node
@pytest.mark.parametrize("faults", [(), MIXED], ids=["healthy", "mixed"])
def test_service_texts_do_not_stop_the_audit_script(tmp_path: Path, faults: tuple[str, ...]) -> None:
    """Each text of both accounts in turn, through the rules of the audit."""
    cases, addresses = [], itertools.cycle(ADDRESSES)
    for index, name in itertools.product(range(len(list(places(spoilt(*faults))))), NAMES):
        account = spoilt(*faults)
        # The region and the key are the project's own.
        inside, key = list(places(account))[index]
        if inside is account:
            continue
        inside[key] = name
        data = audited(account)
        cases.append({"data": html_json(data), "hash": next(addresses), "numbers": len(data["numbers"])})
    assert len(cases) > 200
    found = run(tmp_path, "audit", cases)
    wrong = [(case["hash"], seen) for case, seen in zip(cases, found, strict=True) if seen != case["numbers"]]
    assert wrong[:3] == []


@pytest.mark.slow
@needs_node
def test_result_texts_do_not_stop_the_audit_script(tmp_path: Path) -> None:
    """Each text of the module's result in turn, whatever the rules make of it."""
    cases, addresses = [], itertools.cycle(ADDRESSES)
    one = audited(spoilt(*MIXED))
    for index, name in itertools.product(range(len(list(places(one)))), NAMES):
        data = json.loads(json.dumps(one))
        inside, key = list(places(data))[index]
        inside[key] = name
        cases.append({"data": html_json(data), "hash": next(addresses)})
    assert len(cases) > 500
    found = run(tmp_path, "audit", cases)
    wrong = [(case["hash"], seen) for case, seen in zip(cases, found, strict=True) if seen != len(one["numbers"])]
    assert wrong[:3] == []


@pytest.mark.slow
@needs_node
def test_times_and_options_do_not_stop_the_audit_script(tmp_path: Path) -> None:
    cases = [
        {"data": html_json(audited(healthy(), generated=time, chosen=True, ignored=NAMES)), "hash": address}
        for time, address in itertools.product(TIMES, ADDRESSES)
    ]
    assert [seen for seen in run(tmp_path, "audit", cases) if seen != 3] == []


@pytest.mark.nightly
@needs_node
def test_many_findings_do_not_stop_the_audit_script(tmp_path: Path) -> None:
    data = audited(spoilt("not imported", "a transfer to another's number"))
    one, finding = data["numbers"][0], data["findings"][0]
    data["numbers"] = [{**one, "number": str(n), "transfer_tools": []} for n in range(130_000)]
    everywhere = {**finding, "rule": "other", "subject": "trunk x", "numbers": [str(n) for n in range(130_000)]}
    data["findings"] = [finding, everywhere]
    assert run(tmp_path, "audit", [{"data": html_json(data), "hash": ""}]) == [25]


@pytest.mark.slow
@given(st.recursive(
    st.one_of(st.text(st.characters(exclude_categories=())), st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=12,
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_embedded_data_is_json_within_its_element(data: t.Any) -> None:
    text = html_json(data)
    assert text.isascii()
    assert not set("<>&\n\r") & set(text)

    def refuse(constant: str) -> t.NoReturn:
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028", "\u2029", "&lt;/script&gt;", "\x00", "'\"\\"])
def test_script_reads_texts_unchanged(text: str) -> None:
    assert json.loads(html_json({text: [text, 1.5, None, True]})) == {text: [text, 1.5, None, True]}
