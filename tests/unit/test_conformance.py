# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of allowed requests of the conformance check refuses everything else; its journal and report are safe."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import (
    allow,
    exchange,
    journal,
    report,
    run,
    steps_didlogic,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import Call, Request
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import (
    BY_ID,
    LEVELS,
    QUESTIONS,
    dialect,
)

RUN, UNUSED, LOGIN, ROUTE = "abcdefgh", "31201234568", "54321", "1007"
IDS = {kind: str(uuid.UUID(int=at + 1)) for at, kind in enumerate(("trunk", "phone_number", "assistant", "tool"))}
#: Objects of the user.
FOREIGN = {"id": str(uuid.UUID(int=99)), "login": "01234", "route": "1001", "number": "31201234567"}


class Lines:
    """A journal in memory."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def append(self, line: str) -> None:
        self.lines.append(line)

    def remove(self) -> None:
        self.lines.clear()


def a_journal() -> journal.Journal:
    """The journal of a run that has made one object of each kind."""
    found = journal.Journal(Lines(), RUN, "2026-01-02T03:04:05+00:00", "digest", UNUSED)
    for kind, object_id in {**IDS, "sip_account": LOGIN, "destination": ROUTE}.items():
        found.adopt(kind, object_id)
    return found


JOURNAL = a_journal()
CONTEXT = {
    **run._context(JOURNAL, run.datetime.datetime.now(run.datetime.UTC)),
    **{kind: IDS[kind] for kind in ("trunk", "assistant", "tool")},
    "other_trunk": IDS["trunk"], "number": IDS["phone_number"], "sip_account": LOGIN, "created": "2026-01-02T03:04:05Z",
    "numbers": FOREIGN["number"], "first": FOREIGN["number"], "number_id": "1001",
    "days": "2026-01-02", **dict.fromkeys("abcdefg", ROUTE), "same": ROUTE,
}  # fmt: skip
REQUESTS = [request for step in run.steps(LEVELS[-1]) for call in step.calls for request in call.requests(CONTEXT)]
WRITES = [request for request in REQUESTS if request.method != "GET"]


def is_allowed(request: Request) -> bool:
    try:
        allow.check(request, JOURNAL)
    except allow.NotAllowedError:
        return False
    return True


def test_requests_of_all_steps_are_allowed() -> None:
    assert [str(request) for request in REQUESTS if not is_allowed(request)] == []
    calls = [call for step in run.steps(LEVELS[-1]) for call in step.calls]
    assert len(REQUESTS) == len(calls), "each placeholder has a value here"


def test_every_rule_is_used() -> None:
    """A rule that no step needs allows too much. Objects that are only removed, or listed, are for the clean-up."""
    cleaned = {("GET", r"/v1/sipaccounts"), ("GET", "/tool")}
    for rule in allow.RULES:
        used = [one for one in REQUESTS if (one.service, one.method) == (rule.service, rule.method)]
        if rule.method in ("DELETE", "GET") and "(" in rule.path:
            continue
        if (rule.method, rule.path.replace("\\", "")) in cleaned or rule.path == "/tool/([0-9a-f-]{36})":
            continue
        assert any(re.fullmatch(rule.path, one.path) for one in used), rule


#: Paths that cost money, place calls, run models or hold personal data, and the user's objects.
NEVER = [
    *(("vapi", path) for path in (
        "/call", "/call/phone", "/call/web", "/campaign", "/v2/campaign", "/chat", "/session", "/eval", "/eval/run",
        "/structured-output/run", "/file", "/traffic-allocations", "/squad", "/workflow", "/org",
    )),
    *(("vapi", f"{path}/{FOREIGN['id']}") for path in (
        "/assistant", "/tool", "/credential", "/phone-number", "/call", "/campaign", "/squad", "/file",
    )),
    *(("didlogic", path) for path in (
        "/v2/numbers/purchase", "/v2/buy/purchase", "/v2/documents", "/v2/identities", "/v1/sms", "/v1/click2call",
        f"/v1/sipaccounts/{FOREIGN['login']}", f"/v1/sipaccounts/{FOREIGN['login']}/allowed_ips",
        f"/v1/purchases/{FOREIGN['number']}/destinations", f"/v1/purchases/{UNUSED}/destinations/{FOREIGN['route']}",
        f"/v1/purchases/{FOREIGN['number']}/destinations/{ROUTE}", f"/v1/purchases/{UNUSED}",
    )),
]  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post")
BODIES = st.sampled_from([None, {}, *(request.body for request in WRITES)])


@given(place=st.sampled_from(NEVER), method=st.sampled_from(METHODS[1:]), body=BODIES, more=st.text(max_size=5))
@settings(max_examples=200, deadline=None)
def test_forbidden_writes_are_refused(place: tuple[str, str], method: str, body: t.Any, more: str) -> None:
    for path in (place[1], place[1] + more):
        owned = any(object_id in path for object_id in IDS.values())
        if path in {request.path for request in WRITES} or owned:
            continue
        assert not is_allowed(Request(service=place[0], method=method, path=path, body=body))


@given(
    request=st.sampled_from(WRITES),
    change=st.sampled_from(["method", "service", "path", "query", "body", "key", "field", "number", "id"]),
    data=st.data(),
)
@settings(max_examples=400, deadline=None)
def test_changed_writes_are_refused(request: Request, change: str, data: st.DataObject) -> None:
    """What makes a write allowed: its method, place, query and body. Only another allowed write is accepted."""
    body = json.loads(json.dumps(request.body))
    if change == "method":
        made = dataclasses.replace(request, method=data.draw(st.sampled_from(METHODS[1:])))
    elif change == "service":
        made = dataclasses.replace(request, service={"vapi": "didlogic", "didlogic": "vapi"}[request.service])
    elif change == "path":
        made = dataclasses.replace(request, path=request.path + data.draw(st.text("/.%?#a0", min_size=1, max_size=4)))
    elif change == "query":
        made = dataclasses.replace(request, params={**request.params, "x": "1"})
    elif change == "key":
        made = dataclasses.replace(request, own_key=False)
    elif change == "body":
        made = dataclasses.replace(request, body=data.draw(BODIES))
    elif change == "id":
        made = dataclasses.replace(request, path=re.sub(r"[0-9a-f-]{36}|54321|1007", FOREIGN["route"], request.path))
    elif change == "field" and isinstance(body, dict):
        inner = next((value for value in body.values() if isinstance(value, dict)), body)
        place = inner if request.service == "didlogic" else body
        place[data.draw(st.sampled_from(["server", "assistantId", "x"]))] = 1
        made = dataclasses.replace(request, body=body)
    else:
        text = re.sub(
            r"first-contact\.invalid|vdfc-?abcdefgh|44207946\d+|192\.0\.2\.0/24", "31201234599", json.dumps(body)
        )
        made = dataclasses.replace(request, body=json.loads(text))
    same = (made.method, made.path, made.params, made.body) == (
        request.method, request.path, request.params, request.body
    )  # fmt: skip
    if is_allowed(made) and not (same and made.service == request.service and made.own_key):
        assert change in ("method", "body"), "another allowed request"
        assert harmless(made)


def harmless(request: Request) -> bool:
    """Whether a write is about an object of the run, whatever it does."""
    place = any(object_id in request.path for object_id in (*IDS.values(), LOGIN, ROUTE))
    return place or RUN in json.dumps(request.body)


@given(text=st.text(max_size=40), method=st.sampled_from(METHODS), service=st.sampled_from(["vapi", "didlogic", "x"]))
@settings(max_examples=100, deadline=None)
def test_any_other_path_is_refused(text: str, method: str, service: str) -> None:
    assert not is_allowed(Request(service=service, method=method, path=text))


def test_placeholder_without_value_prevents_the_request() -> None:
    call = Call(key="x", service="vapi", path="/assistant/{assistant}", method="DELETE")
    assert call.requests({"assistant": ""}) == [Request(service="vapi", method="DELETE", path="/assistant/")]
    assert not is_allowed(call.requests({"assistant": ""})[0])
    assert call.requests({}) == []
    assert call.requests({"assistant": "a/../b"})[0].path == "/assistant/a%2F..%2Fb"


# -- the journal


def lines_of(*made: tuple[str, str]) -> list[str]:
    store = Lines()
    found = journal.Journal(store, RUN, "2026-01-02T03:04:05+00:00", "digest")
    for kind, object_id in made:
        number = found.before(Request(service="vapi", method="POST", path="/x"), kind)
        found.after(number, kind, object_id)
    return store.lines


def test_interrupted_line_is_ignored() -> None:
    lines = lines_of(("tool", IDS["tool"]), ("trunk", IDS["trunk"]))
    for length in range(len(lines[-1])):
        found = journal.load(Lines(), [*lines[:-1], lines[-1][:length]])
        assert found
        assert found.owns("tool", IDS["tool"])
    assert journal.load(Lines(), []) is None
    assert journal.load(Lines(), [lines[0][:5]]) is None


@pytest.mark.parametrize("lines", [["{", "{}"], ["{}", "{}"], ["[]", "{}"]], ids=["no JSON", "no head", "a list"])
def test_other_file_is_no_journal(lines: list[str]) -> None:
    with pytest.raises(OptionError, match="no journal"):
        journal.load(Lines(), lines)


def test_objects_are_removed_before_those_they_refer_to() -> None:
    found = journal.load(Lines(), lines_of(*((kind, object_id) for kind, object_id in IDS.items())))
    assert found
    assert [made.kind for made in found.existing()] == ["phone_number", "assistant", "tool", "trunk"]


# -- the report


def test_report_with_a_secret_is_not_written() -> None:
    answered = report.answers({"vapi-retention": {"verdict": "yes", "evidence": "KEY-of-somebody 31201234567"}})
    made = report.build(RUN, "read", "2026-01-02", answered, 0)
    for secrets, private in ((["key-of-somebody"], []), ([], ["31201234567"])):
        with pytest.raises(report.UnsafeReportError):
            report.texts(made, secrets, private)
    assert report.texts(made, ["not-in-it"], ["999999"])


def test_ids_of_questions_are_stable() -> None:
    """They are documented, and reports contain them. Add new ones; never rename one."""
    assert len(BY_ID) == len(QUESTIONS)
    assert {question.service for question in QUESTIONS} == {"vapi", "didlogic"}
    assert {"vapi-number-unique", "vapi-retention", "didlogic-duplicate", "didlogic-json-body"} <= BY_ID.keys()
    assert all(question.level in LEVELS for question in QUESTIONS)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"id": "vapi-number-unique", "verdict": "yes"}, {"unique_numbers": True}),
        ({"id": "vapi-number-unique", "verdict": "unclear"}, {}),
        ({"id": "vapi-retention", "verdict": "yes", "value": 30}, {"retention_days": 30}),
        ({"id": "vapi-retention", "verdict": "no"}, {"retention_days": 0}),
        ({"id": "vapi-calls-v2", "verdict": "yes"}, {}),
    ],
    ids=["yes", "unclear", "measured", "constant", "no switch"],
)
def test_answer_determines_a_switch(answer: dict[str, object], expected: dict[str, object]) -> None:
    assert dialect([answer]) == expected


@pytest.mark.parametrize(
    ("times", "verdict", "evidence"),
    [
        (["00:10:00Z", "23:50:00Z"], "yes", "the time zones +0 to +0 hours fit"),
        (["09:00:00Z", "17:00:00Z"], "unclear", "the time zones -9 to +6 hours fit"),
        (["09:00:00+02:00"], "unclear", "the time zones -7 to +14 hours fit"),
        (["00:10:00Z", "23:50:00Z", "24:50:00Z"], "yes", "the time zones +0 to +0 hours fit"),
        (["09:00:00"], "unclear", "no record with a time zone"),
        ([], "unclear", "no record with a time zone"),
    ],
)
def test_time_zone_of_days(times: list[str], verdict: str, evidence: str) -> None:
    assert days_of([f"2026-03-02T{time}" for time in times]) == (verdict, evidence)


def test_day_of_another_time_zone() -> None:
    assert days_of(["2026-03-01T23:30:00Z", "2026-03-02T22:30:00Z"]) == ("no", "the time zones +1 to +1 hours fit")
    assert days_of(["2026-03-01T03:00:00Z", "2026-03-02T22:30:00Z"]) == ("no", "no time zone fits")


def days_of(times: list[str]) -> tuple[str, str]:
    """The finding about a list of the records of a day."""
    seen = exchange.Seen({"days": "2026-03-02"})
    body = {"calls": [{"timestamp": time} for time in times]}
    seen.add("inbound of day", exchange.Response(200, "application/json", body))
    (finding,) = steps_didlogic._judge_days(seen)
    return finding.verdict, finding.evidence
