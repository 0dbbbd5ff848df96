# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second carrier, with another API and another spelling of numbers, is read, audited and forwarded unchanged."""

from __future__ import annotations

import copy
import datetime
import json
import typing as t

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Step
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile import Engine
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    ApiForm,
    BaseResource,
    HttpOptions,
    KeyedResource,
    ListQuery,
    Mutation,
    Provider,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import AuditOptions, audit
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.call_log import around, joined
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.export import ExportOptions, find
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import forward_resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.inventory_rows import listed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.number import number_resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import read, read_call_paths
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import SIGNALLING, VAPI

NUMBER, OTHER = "31201234567", "31201234568"
TRUNK = "00000000-0000-4000-8000-00000000000a"
KEY = "00000000-0000-4000-8000-0000000000ff"
Json = t.Any


class Connection(Model):
    api_key: str | None = None
    api_url: str = "http://127.0.0.1/exampletel"


class Did(Model):
    did: str | None = None


class User(Model):
    name: t.Annotated[str | None, Option(api_name="user")] = None
    label: t.Annotated[str | None, Option(api_name="title")] = None


class Login(t.NamedTuple):
    name: str
    label: str
    caller_id: str
    allowed_ips: tuple[str, ...] | None


EXAMPLETEL = Provider(
    name="exampletel",
    title="Exampletel",
    connection=Connection,
    url=lambda connection: str(connection.api_url),
    pages=lambda page, path, query: page(path, query.params),
    encode=lambda body: {"json": body},
    error_message=lambda _answer: "",
    auth_error_statuses=frozenset({401}),
    key_hint="",
)
TYPES = {"uri": "sip_uri", "tel": "pstn", "user": "sip_account"}


def spelled(number: str) -> str:
    """The carrier's spelling of a number: 0031-201234567."""
    return f"00{number[:2]}-{number[2:]}"


class Exampletel:
    """Numbers are spelled 0031-201234567, routes are called targets, and the account has a credit in cents."""

    provider = EXAMPLETEL
    numbers = BaseResource(
        provider=EXAMPLETEL,
        name="did",
        plural="dids",
        title="Exampletel number",
        path="/dids",
        record=Did,
        options=State,
        keys=(),
        read_only_fields=("city",),
        by_id=False,
        fetch_details=lambda client, row: {
            **row,
            "destinations": client.list_all("/dids/{number}/targets", number=digits(row["did"]).removeprefix("00")),
        },
        api=ApiForm(unwrap_list=lambda answer: answer["items"], required_keys=("did",)),
    )
    routes_path = "/dids/{number}/targets"
    route_api = ApiForm(required_keys=("id", "to"))
    route_forms: t.ClassVar[dict[str, t.Callable[[str], bool]]] = {
        "sip_uri": lambda address: "@" in address,
        "sip_account": str.isalpha,
        "pstn": lambda _address: True,
    }
    route_titles: t.ClassVar[dict[str, str]] = {"sip_uri": "a URI", "sip_account": "a user", "pstn": "a number"}
    account = BaseResource(
        provider=EXAMPLETEL,
        name="me",
        plural="me",
        title="account",
        path="/me",
        record=Model,
        options=State,
        api=ApiForm(unwrap_list=lambda answer: [answer], required_keys=()),
    )
    logins = KeyedResource(
        provider=EXAMPLETEL,
        name="user",
        plural="users",
        title="user",
        path="/users",
        record=User,
        options=State,
        api=ApiForm(required_keys=("user",)),
    )
    full_logins = logins
    records = BaseResource(
        provider=EXAMPLETEL, name="cdr", plural="cdrs", title="record", path="/cdrs", record=Model, options=State
    )
    records_limit = 10

    def number_of(self, row: Json) -> str:
        return digits(str(row["did"])).removeprefix("00")

    def entries_of(self, rows: list[Json]) -> list[Entry]:
        return [
            Entry(
                id=row["id"],
                identity=(row["type"], row["to"].lower()),
                active=row["on"],
                call_hunt=False,
                raw={**row, "destination": row["to"]},
                movable=row["type"] in TYPES,
            )
            for row in sorted(rows, key=lambda row: -row["rank"])
        ]

    def rows_of(self, entries: t.Sequence[Entry], replaced: t.Mapping[str, str]) -> list[Json]:
        state = [{"id": entry.id, "on": entry.active, "rank": -index} for index, entry in enumerate(entries)]
        addresses = [replaced.get(entry.raw["to"], entry.raw["to"]) for entry in entries]
        return [{**e.raw, **s, "to": to} for e, s, to in zip(entries, state, addresses, strict=True)]

    def kind_of(self, row: Json) -> str:
        return TYPES.get(row["type"], "other")

    def reachable(self, entry: Entry) -> bool:
        return entry.active

    def route_to(self, kind: str, address: str, *, active: bool, call_hunt: bool) -> Entry:
        name = next(name for name, own in TYPES.items() if own == kind)
        raw = {"destination": address, "to": address, "type": name}
        return Entry(id=UNKNOWN_ID, identity=(name, address.lower()), active=active, call_hunt=call_hunt, raw=raw)

    def route_mutation(self, number: str, step: Step) -> Mutation:
        body = {"to": step.entry.raw["to"], "type": step.entry.raw["type"], "on": step.entry.active}
        return Mutation(method="POST", path=self.routes_path, ids={"number": number}, body=body)

    def route_in(self, answer: object) -> Entry | None:
        return self.entries_of([answer])[0] if isinstance(answer, dict) and "rank" in answer else None

    def is_gateway(self, host: str) -> bool:
        return host.endswith(".exampletel.test")

    def balance_of(self, row: Json) -> float | None:
        return float(row["credit_cents"]) / 100

    def login_of(self, row: Json) -> Login:
        acl = row.get("acl")
        return Login(row["user"], row["title"], row["shows"], None if acl is None else tuple(acl))

    def records_query(self, first: datetime.date | None, last: datetime.date | None) -> ListQuery:
        return ListQuery(params={"since": str(first), "until": str(last)})

    def record_of(self, row: Json) -> Json:
        inbound = row["way"] == "in"
        ends = {"caller": row["far"], "callee": row["near"]}
        return {
            "direction": "inbound" if inbound else "outbound",
            **(ends if inbound else {"caller": row["near"], "callee": row["far"]}),
            "timestamp": row["at"],
        }


CARRIER_2: Carrier = Exampletel()


def account() -> Json:
    """Responses by path, of both services: one number that an assistant answers, one for outbound calls."""
    return {
        "/exampletel/dids": {"items": [{"did": spelled(NUMBER), "city": "Amsterdam"}, {"did": spelled(OTHER)}]},
        f"/exampletel/dids/{NUMBER}/targets": [
            {"id": "r1", "to": "desk", "type": "user", "rank": 1, "on": True},
            {"id": "r2", "to": f"{NUMBER}@{TRUNK}.sip.vapi.ai", "type": "uri", "rank": 9, "on": True},
        ],
        f"/exampletel/dids/{OTHER}/targets": [{"id": "r3", "to": "+31612340000", "type": "tel", "rank": 1, "on": True}],
        "/exampletel/me": {"credit_cents": 2000},
        "/exampletel/users": [{"user": "desk", "title": "Desk", "shows": NUMBER, "acl": SIGNALLING["us"]}],
        "/vapi/credential": [
            {
                "id": TRUNK,
                "provider": "byo-sip-trunk",
                "name": "main",
                "createdAt": "2026-01-01",
                "gateways": [
                    {"ip": "sip.exampletel.test", "inboundEnabled": False},
                    {"ip": "192.0.2.1", "outboundEnabled": False},
                ],
                "outboundAuthenticationPlan": {"authUsername": "desk"},
            }
        ],
        "/vapi/phone-number": [
            {
                "id": "p1",
                "provider": "byo-phone-number",
                "number": NUMBER,
                "credentialId": TRUNK,
                "assistantId": "a1",
                "createdAt": "2026-01-01",
            }
        ],
        "/vapi/assistant": [{"id": "a1", "name": "Reception", "createdAt": "2026-01-01"}],
        "/vapi/squad": [],
        "/vapi/tool": [],
    }


class Services:
    """Both services in memory; keeps the requests that are not GET."""

    def __init__(self, answers: Json) -> None:
        self.answers = answers
        self.writes: list[tuple[str, str, Json]] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST":
            body = json.loads(request.content)
            self.writes.append((request.method, path, body))
            self.answers[path].append({**body, "id": "new", "rank": 0})
        return httpx.Response(200, json=self.answers[path])

    def engine(self, provider: Provider, *, check_mode: bool = True) -> Engine:
        url = f"http://127.0.0.1/{provider.name}"
        connection = from_options(provider.connection, {"api_key": KEY, "api_url": url})
        http = from_options(HttpOptions, {"validate_certs": False})
        client = Client(provider, connection, http, transport=httpx.MockTransport(self._answer), sleep=lambda _s: None)
        return Engine(client, check_mode=check_mode)

    def engines(self) -> dict[str, Engine]:
        return {provider.name: self.engine(provider) for provider in (VAPI, EXAMPLETEL)}


def rules(answers: Json) -> list[str]:
    result = audit(Services(answers).engines(), AuditOptions(), CARRIER_2)
    return sorted({item["rule"] for item in result["findings"]})


def test_audit_of_healthy_account_has_no_findings() -> None:
    result = audit(Services(account()).engines(), AuditOptions(), CARRIER_2)
    assert result["findings"] == []
    first, second = result["numbers"]
    assert (first["number"], second["number"]) == (NUMBER, OTHER)
    assert [row["leads_to"] for row in first["destinations"]] == ["Vapi, main", "SIP account"]
    assert [row["kind"] for row in first["destinations"]] == ["sip_uri", "sip_account"]
    assert [row["leads_to"] for row in second["destinations"]] == ["phone"]
    assert first["answered_by"]["name"] == "Reception"


def _target(answers: Json, index: int = 1) -> Json:
    return answers[f"/exampletel/dids/{NUMBER}/targets"][index]


#: A change of a healthy account, and the checks that report it.
CHANGES: dict[str, tuple[t.Callable[[Json], t.Any], list[str]]] = {
    "unknown trunk": (lambda a: _target(a).update(to=f"{NUMBER}@{KEY[:-1]}0.sip.vapi.ai"), ["unknown-trunk"]),
    "private key": (lambda a: _target(a).update(to=f"{NUMBER}@{KEY}.sip.vapi.ai"), ["private-key-in-uri"]),
    "order": (lambda a: _target(a).update(rank=0), ["not-first"]),
    "disabled": (lambda a: _target(a).update(on=False), ["switched-off"]),
    "other user": (lambda a: _target(a, 0).update(to="nobody"), ["no-failover", "sip-account-gone"]),
    "no route": (lambda a: a[f"/exampletel/dids/{OTHER}/targets"].clear(), ["no-forward"]),
    "credit": (lambda a: a["/exampletel/me"].update(credit_cents=1), ["balance-low"]),
    "addresses": (lambda a: a["/exampletel/users"][0].update(acl=["192.0.2.9"]), ["addresses-missing"]),
    "no restriction": (lambda a: a["/exampletel/users"][0].update(acl=None), []),
    "caller id": (lambda a: a["/exampletel/users"][0].update(shows="31209999999"), ["foreign-caller-id"]),
    "sold": (lambda a: a["/exampletel/dids"]["items"].pop(0), ["foreign-caller-id", "not-bought"]),
    "login": (
        lambda a: a["/vapi/credential"][0]["outboundAuthenticationPlan"].update(authUsername="gone"),
        ["unknown-login"],
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_audit_reports_each_change(case: str) -> None:
    change, expected = CHANGES[case]
    answers = account()
    change(answers)
    assert rules(answers) == expected


def test_snapshot_has_the_digits_of_each_number() -> None:
    engines = Services(account()).engines()
    known = {"region": "us", "key": KEY}
    snapshot = read(engines["vapi"], engines["exampletel"], CARRIER_2, **known)
    assert snapshot.own == {NUMBER, OTHER}
    assert set(snapshot.bought) == {NUMBER, OTHER}
    assert snapshot.balance == 20.0
    selected = read_call_paths(None, engines["exampletel"], CARRIER_2, declared_numbers=(OTHER,), **known)
    assert set(selected.bought) == {OTHER}
    assert selected.own == {NUMBER, OTHER}


def test_inventory_names_the_carrier() -> None:
    engines = Services(account()).engines()
    snapshot = read_call_paths(engines["vapi"], engines["exampletel"], CARRIER_2, region="us", key=KEY)
    first, _second = listed(snapshot, both=True)
    assert (first["exampletel_number"], first["exampletel_city"]) == (NUMBER, "Amsterdam")
    assert first["vapi_answered_by"]["name"] == "Reception"


def test_info_module_returns_the_numbers() -> None:
    resource = number_resource(CARRIER_2)
    row, _other = Services(account()).engine(EXAMPLETEL).info(resource, {})
    assert resource.view.to_result is not None
    item = resource.view.to_result(row, resource.view.filters())
    assert (item["number"], item["city"]) == (NUMBER, "Amsterdam")
    assert [destination["id"] for destination in item["destinations"]] == ["r2", "r1"]


def test_export_contains_the_number() -> None:
    result = find(Services(account()).engines(), ExportOptions(), CARRIER_2)
    (environment,) = result["environments"]
    assert environment["numbers"] == [{"number": NUMBER, "assistant": "Reception"}]
    assert environment["trunk"]["gateway"] == "sip.exampletel.test"


@pytest.mark.parametrize("check_mode", [True, False])
def test_number_is_forwarded(check_mode: bool) -> None:
    services, resource = Services(account()), forward_resource(CARRIER_2)
    desired = desired_from_options(resource, {"number": OTHER, "vapi_trunk_id": TRUNK, "position": "any"})
    (outcome,) = services.engine(EXAMPLETEL, check_mode=check_mode).ensure(resource, [desired])
    assert outcome.error is None
    assert outcome.changed
    body = {"to": f"{OTHER}@{TRUNK}.sip.vapi.ai", "type": "uri", "on": True}
    assert services.writes == ([] if check_mode else [("POST", f"/exampletel/dids/{OTHER}/targets", body)])
    assert outcome.result["kind"] == "sip_uri"


def test_call_has_its_record() -> None:
    begun = "2026-01-02T03:04:05Z"
    call = {
        "direction": "inbound",
        "customer": {"number": "+31612340000"},
        "created_at": begun,
        "ended_at": begun,
        "ended_reason": "customer-ended-call",
        "transfers": [],
    }
    assert around([copy.deepcopy(call)], CARRIER_2).params["since"].startswith("2026-01-01")
    (item,) = joined([call], [{"way": "in", "far": "31612340000", "near": NUMBER, "at": begun}], CARRIER_2)
    assert item["carrier"]["callee"] == NUMBER
