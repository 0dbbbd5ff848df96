# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the conformance check asks of other hosts: published descriptions without a key, and SIP gateways."""

from __future__ import annotations

import json
import secrets
import typing as t

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import public
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import HttpOptions
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance import descriptions, run, sip
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.exchange import Finding
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.conformance.questions import BY_ID

PROSE = "Sentences of a description"


def a_description(reason: str = "customer-busy", leave_out: str = "") -> dict[str, t.Any]:
    """A description with all paths, and with the fields of those whose fields are compared."""
    names = {
        each.path: [descriptions._top(field.api_name) for field in descriptions.fields(each.record).values()]
        for each in descriptions.MAPPED
    }
    paths: dict[str, t.Any] = {each.path: {} for each in descriptions.WRITTEN}
    schemas: dict[str, t.Any] = {}
    for at, (path, found) in enumerate(names.items()):
        schemas[f"S{at}"] = {"properties": {name: {"description": PROSE} for name in found if name != leave_out}}
        body = {"schema": {"oneOf": [{"$ref": f"#/components/schemas/S{at}"}]}}
        paths[path] = {"post": {"requestBody": {"content": {"application/json": body}}}}
    schemas["Call"] = {"properties": {"endedReason": {"type": "string", "enum": ["customer-busy", reason]}}}
    paths.pop(leave_out, None)
    return {"paths": paths, "components": {"schemas": schemas}}


def answers(found: t.Iterable[Finding]) -> dict[str, tuple[str, str]]:
    return {finding.question: (finding.verdict, finding.evidence) for finding in found}


def asked(*documents: object) -> dict[str, tuple[str, str]]:
    given = dict(zip(descriptions.VAPI_URLS, documents, strict=False))
    found = answers(descriptions.vapi(lambda url: json.dumps(given[url]).encode() if url in given else None))
    assert found.keys() <= BY_ID.keys()
    assert PROSE not in str(found)
    return found


def test_complete_description_has_everything() -> None:
    found = asked(a_description(), a_description())
    assert {verdict for verdict, _evidence in found.values()} == {"yes"}
    assert len(found) == 4


@pytest.mark.parametrize(
    ("document", "question", "evidence"),
    [
        (a_description(leave_out="/credential"), "vapi-described-paths", "6 of 7 paths, without /credential"),
        (a_description(leave_out="techPrefix"), "vapi-described-fields", "without /credential techPrefix"),
        (a_description("a-new-reason"), "vapi-described-reasons", "2 reasons, 1 of them new: a-new-reason"),
        (a_description(f"{PROSE} 1"), "vapi-described-reasons", ""),
        (a_description("campaign.ended.success"), "vapi-described-reasons", ""),
    ],
    ids=["path", "field", "reason", "no reason but prose", "reason of a campaign"],
)
def test_difference_is_named(document: object, question: str, evidence: str) -> None:
    found = asked(document)
    assert evidence in found[question][1]
    assert {name for name, (verdict, _text) in found.items() if verdict == "no"} == ({question} if evidence else set())


def test_differing_descriptions_are_counted() -> None:
    other = a_description(leave_out="/squad")
    assert asked(a_description(), other)["vapi-descriptions-equal"][0] == "no"


def test_missing_description_is_unclear() -> None:
    for documents in ((), ([],), ({"paths": []},), ({"paths": {}},)):
        assert {verdict for verdict, _evidence in asked(*documents).values()} == {"unclear"}


KEYS = (
    "paths", "/tool", "/credential", "post", "requestBody", "content", "application/json", "schema", "$ref", "oneOf",
    "properties", "components", "schemas", "endedReason", "enum",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(document=JSON, place=st.sampled_from(["", "paths", "components", "schemas", "operation"]), other=JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_description(document: t.Any, place: str, other: t.Any) -> None:
    made = a_description()
    if place in ("paths", "components"):
        made[place] = document
    elif place == "schemas":
        made["components"]["schemas"] = document
    elif place:
        made["paths"]["/credential"]["post"] = document
    assert asked(made if place else document, other)


@given(content=st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_description(content: bytes) -> None:
    for text in (content, b"[" * 100_000, b'{"paths": {"/v1/x": ' + content):
        assert answers(descriptions.vapi(lambda _url, text=text: text))  # type: ignore[misc]
        assert answers(descriptions.didlogic(lambda _url, text=text: text))  # type: ignore[misc]


def test_schema_that_contains_itself_ends() -> None:
    made = a_description()
    made["components"]["schemas"]["S0"]["allOf"] = [{"$ref": "#/components/schemas/S0"}]
    assert asked(made)["vapi-described-fields"][0] == "yes"


YAML = """
        transport:
          description: The kind
          enum:
            - 1
            - 4
            - 5
        id:
"""


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_description_is_found_behind_the_page(suffix: str) -> None:
    """Only links to the page's own host are used."""
    linked = f"https://docs.didlogic.com/spec.{suffix}"
    paths = "/v1/purchases:\n/v1/purchases/{number}/destinations:\n/v1/sipaccounts.json:\n"
    paths += '"transport": {"type": "integer", "enum": [1, 2, 4, 5]}' if suffix == "json" else YAML
    paths += " ".join(sip.GATEWAYS).upper()
    page = f'<a href="/spec.{suffix}"> <a href="https://example.com/x.{suffix}"> <a href="https://[/x.{suffix}">'
    seen: list[str] = []

    def fetch(url: str) -> bytes | None:
        seen.append(url)
        return {descriptions.DIDLOGIC_URL: page.encode(), linked: paths.encode()}.get(url)

    assert answers(descriptions.didlogic(fetch)) == {
        "didlogic-described-paths": ("yes", "3 of 3 paths"),
        "didlogic-described-gateways": ("yes", "7 of 7 gateways"),
        "didlogic-described-transports": ("yes", "3 of 3 kinds"),
    }
    assert seen == [descriptions.DIDLOGIC_URL, linked]
    found = answers(descriptions.didlogic(lambda _url: b"/v1/purchases /v1/sipaccounts"))
    assert found["didlogic-described-paths"][0] == "no"
    assert found["didlogic-described-gateways"] == ("unclear", "none named")
    assert found["didlogic-described-transports"] == ("unclear", "no list of kinds")
    other = b"/v1/purchases sip.nl.didlogic.net destination[transport]: enum: [1, 4] id: enum: [5]"
    found = answers(descriptions.didlogic(lambda _url: other))
    assert found["didlogic-described-gateways"][0] == "no"
    assert found["didlogic-described-transports"] == ("no", "2 of 3 kinds, without 5")


# -- the request


def fetched(
    status: int = 200, headers: dict[str, str] | None = None, body: bytes = b"{}", url: str = "https://a.invalid"
) -> tuple[bytes | None, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, headers=headers, content=body)

    return public.fetch(url, HttpOptions(), httpx.MockTransport(answer)), seen


def test_document_is_read_without_a_key() -> None:
    content, seen = fetched()
    assert (content, len(seen), seen[0].method) == (b"{}", 1, "GET")
    assert not {"authorization", "cookie"} & set(seen[0].headers)


def test_redirect_is_not_followed() -> None:
    content, seen = fetched(302, {"location": "https://b.invalid/"})
    assert (content, len(seen)) == (None, 1)


def test_other_responses_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fetched(404)[0] is None
    assert fetched(headers={"content-encoding": "x-unknown"})[0] is None
    assert fetched(url="http://a.invalid")[1] == []
    monkeypatch.setattr(public, "MAX_BYTES", 10)
    assert fetched(body=b"1" * 10)[0] == b"1" * 10
    assert fetched(body=b"1" * 11)[0] is None


# -- a run


class Gateways:
    """SIP gateways that accept a password after some attempts."""

    valid: t.ClassVar[t.Collection[str]] = sip.GATEWAYS
    down: t.ClassVar[t.Collection[str]] = ()

    def __init__(self, delay: int, accepts: bool = True, restricts: bool | None = True) -> None:
        self.delay, self.accepts, self.restricts = delay, accepts, restricts
        self.restricted = False
        self.tries: list[tuple[str, str]] = []

    def options(self, host: str, transport: sip.Transport, *, verify: bool = True) -> int | None:
        reached = transport == "udp" or (transport == "tls" and (host in self.valid or not verify))
        return 200 if reached and host not in self.down else None

    def login(self, host: str, username: str, password: str, transport: sip.Transport = "udp") -> bool | None:
        assert (host, username) == ("sip.nl.didlogic.net", "54321")
        self.tries.append((transport, password))
        if self.restricted:
            return None if self.restricts is None else not self.restricts
        if transport == "tls":
            return None
        return self.accepts and sum(tried == (transport, password) for tried in self.tries) > (
            self.delay if transport == "udp" else 0
        )

    def resolves(self, host: str) -> bool:
        return bool(host)


def a_runner(own: bool, hosts: sip.Hosts | None, seen: list[str], waited: list[float]) -> run.Runner:
    """A run with services that answer everything with the id of an account."""

    def unanswered(url: str) -> bytes | None:
        seen.append(url)
        return None

    clients = {}
    for provider in (run.VAPI, run.CARRIER.provider):
        options = {"api_key": secrets.token_hex(8)} | ({} if own else {"api_url": f"http://127.0.0.1/{provider.name}"})
        clients[provider.name] = Client(
            provider,
            from_options(provider.connection, options),
            HttpOptions(),
            transport=httpx.MockTransport(lambda _request: httpx.Response(200, json={"sipaccount": {"name": "54321"}})),
            sleep=waited.append,
            clock=lambda: 0.0,
        )
    environment = run.Environment(
        files=t.cast("run.Files", Memory()),
        hosts=hosts,
        now=lambda: run.datetime.datetime.now(run.datetime.UTC),
        clock=lambda: 0.0,
        fetch=unanswered,
    )
    return run.Runner(clients, from_options(run.ConformanceOptions, {"level": "objects", "pace": 0.0}), environment)


class Memory:
    """A folder, and a journal, in memory."""

    def unfinished(self) -> list[t.Any]:
        return []

    def new(self, _run: str) -> Memory:
        return self

    def append(self, line: str) -> None:
        pass

    def remove(self) -> None:
        pass


def test_other_hosts_are_only_asked_with_the_own_services() -> None:
    seen: list[str] = []
    hosts = Gateways(0)
    other = a_runner(False, hosts, seen, [])
    other._ask_descriptions()
    other.context["sip_account"] = "54321"
    other._ask_hosts_about_objects()
    other._ask_with_new_password()
    assert (seen, hosts.tries, other.findings) == ([], [], {})
    own = a_runner(True, None, seen, [])
    own._ask_descriptions()
    assert seen == [*descriptions.VAPI_URLS, descriptions.DIDLOGIC_URL]
    assert {finding["verdict"] for finding in own.findings.values()} == {"unclear"}


@pytest.mark.parametrize(("delay", "accepts"), [(0, True), (2, True), (9, True), (0, False)])
def test_login_is_tried_again_after_a_change(delay: int, accepts: bool) -> None:
    hosts, waited = Gateways(delay, accepts), list[float]()
    runner = a_runner(True, hosts, [], waited)
    runner.context["sip_account"] = "54321"
    runner._ask_hosts_about_objects()
    runner._ask_with_new_password()
    found = {name: finding["verdict"] for name, finding in runner.findings.items()}
    expected = {"didlogic-sip-login": "no"}
    if accepts and delay < sip.LOGIN_ATTEMPTS:
        expected = dict.fromkeys(("didlogic-sip-login", "didlogic-sip-login-tcp", "didlogic-sip-new-password"), "yes")
        expected["didlogic-sip-login-tls"] = "unclear"
        assert {password for _transport, password in hosts.tries} == {
            runner.context["password"],
            runner.context["password_changed"],
        }
        assert sum(waited) == 2 * delay * sip.LOGIN_PAUSE
    assert found == expected


@pytest.mark.parametrize(("restricts", "verdict"), [(True, "yes"), (False, "no"), (None, "unclear")])
def test_login_is_tried_from_an_address_that_is_not_allowed(restricts: bool | None, verdict: str) -> None:
    hosts = Gateways(0, restricts=restricts)
    runner = a_runner(True, hosts, [], [])
    runner.context["sip_account"] = "54321"
    runner._ask_hosts_about_objects()
    runner._ask_with_new_password()
    runner._ask_with_restriction()
    assert "didlogic-sip-restricted" not in runner.findings, "the account has no restriction"
    hosts.restricted, runner.context["restricted"] = True, "yes"
    runner._ask_with_restriction()
    assert runner.findings["didlogic-sip-restricted"]["verdict"] == verdict


@pytest.mark.parametrize(
    ("valid", "down", "verdict", "evidence"),
    [
        (sip.GATEWAYS, (), "yes", "7 valid, 0 invalid"),
        (sip.GATEWAYS[:3], (), "no", "3 valid, 4 invalid"),
        (sip.GATEWAYS[:3], sip.GATEWAYS[3:], "yes", "3 valid, 0 invalid"),
        ((), sip.GATEWAYS, "unclear", "0 valid, 0 invalid"),
    ],
)
def test_certificates_of_the_gateways(
    monkeypatch: pytest.MonkeyPatch, valid: tuple[str, ...], down: tuple[str, ...], verdict: str, evidence: str
) -> None:
    monkeypatch.setattr(Gateways, "valid", valid)
    monkeypatch.setattr(Gateways, "down", down)
    found = answers(sip.gateways(Gateways(0)))
    assert found["didlogic-sip-certificates"] == (verdict, evidence)
    reached = len(sip.GATEWAYS) - len(down)
    expected = f"{reached} of 7 over UDP, 0 of 7 over TCP, {reached} of 7 over TLS"
    assert found["didlogic-sip-options"] == ("yes" if reached else "no", expected)
