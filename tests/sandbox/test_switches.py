# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each switch changes what a client sees, and each assumption of the collection is a switch."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server import dialect
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.switches import (
    BY_NAME,
    CONTROL,
    SWITCHES,
    defaults,
)
from ansible_collections.voiceops.vapi_didlogic.roles.sandbox.files.sandbox_server.world import World

from .conftest import Clock

DOCS = Path(__file__).parents[2] / "docs" / "docsite" / "rst"
DID, ASSISTANT_MODEL = "31201234567", {"provider": "openai", "model": "m"}
CUSTOMER = "+31201234560"
ROWS = f"/v1/purchases/{DID}/destinations"
ABSENT = "00000000-0000-4000-8000-000000000000"


@dataclass
class Lab:
    """A sandbox with what the probes need; each returns what a client sees."""

    vapi: httpx.Client
    didlogic: httpx.Client
    control: httpx.Client
    world: World
    clock: Clock

    # --- Vapi

    def make(self, path: str, **body: Any) -> Any:
        self.clock.tick()
        return self.vapi.post(path, json=body).raise_for_status().json()

    def trunk(self, **more: Any) -> Any:
        plan = {"authUsername": "01234", "authPassword": "a" * 8}
        gateways = [{"ip": "192.0.2.1"}]
        body = {"provider": "byo-sip-trunk", "gateways": gateways, "outboundAuthenticationPlan": plan}
        return self.make("/credential", **body, **more)

    def number(self, number: str = "+" + DID, **more: Any) -> Any:
        return self.vapi.post("/phone-number", json=self.number_body(number, **more))

    def number_body(self, number: str = "+" + DID, **more: Any) -> dict[str, Any]:
        trunk = more.pop("trunk", None) or self.trunk()["id"]
        return {"provider": "byo-phone-number", "number": number, "credentialId": trunk, **more}

    def assistant(self, **more: Any) -> Any:
        return self.make("/assistant", model=ASSISTANT_MODEL, **more)

    def patch(self, path: str, item: Any, **body: Any) -> Any:
        return self.vapi.patch(f"{path}/{item['id']}", json=body)

    def call(self, trunk: Any, **target: Any) -> Any:
        """The ended reason of a call that is placed now."""
        target = target or {"assistantId": self.assistant()["id"]}
        number = self.number(trunk=trunk["id"]).json()
        call = self.make("/call", phoneNumberId=number["id"], customer={"number": CUSTOMER}, **target)
        self.clock.tick(600_000)
        return self.vapi.get(f"/call/{call['id']}").json()["endedReason"]

    # --- didlogic

    def rows(self) -> Any:
        return self.didlogic.get(ROWS).json()["destination"]

    def add(self, destination: str, transport: int = 5, **more: Any) -> httpx.Response:
        body = {"destination": destination, "transport": transport, **more}
        return self.didlogic.post(ROWS, data={f"destination[{name}]": value for name, value in body.items()})

    def account(self, **fields: Any) -> httpx.Response:
        body = {"password": "secret word 1", **fields}
        return self.didlogic.post("/v1/sipaccounts", data=form("sipaccount", body))

    def login(self) -> str:
        return str(self.account().json()["sipaccount"]["name"])


def form(prefix: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}[{name}]": value for name, value in fields.items()}


@pytest.fixture
def lab(vapi: httpx.Client, didlogic: httpx.Client, control: httpx.Client, world: World, clock: Clock) -> Lab:
    account = {"name": "01234", "label": "l", "password": "a" * 8}
    world.seed({"balance": 1, "numbers": [DID], "sip_accounts": [account]})
    return Lab(vapi, didlogic, control, world, clock)


# --- probes: what a client sees with the default, and with each other value


def bodies_of_updates(lab: Lab) -> Any:
    number = lab.number(name="n").json()
    answer = lab.patch("/phone-number", number, name=None)
    return answer.status_code, answer.json().get("name")


def login_after_update(lab: Lab) -> Any:
    trunk = lab.trunk()
    lab.patch("/credential", trunk, outboundAuthenticationPlan={"authUsername": "01234", "authPassword": "b" * 8})
    return lab.call(trunk).endswith("407-proxy-authentication-required")


def password_after_update(lab: Lab) -> Any:
    trunk = lab.trunk()
    lab.patch("/credential", trunk, outboundAuthenticationPlan={"authUsername": "01234"})
    return "authPassword" in lab.world.vapi["credentials"][trunk["id"]]["outboundAuthenticationPlan"]


def partial_model(lab: Lab) -> Any:
    assistant = lab.assistant()
    answer = lab.patch("/assistant", assistant, model={"toolIds": []})
    return sorted(answer.json()["model"]) if answer.is_success else answer.status_code


def deleted_reference(lab: Lab) -> Any:
    assistant = lab.assistant()
    number = lab.number(assistantId=assistant["id"]).json()
    lab.vapi.delete(f"/assistant/{assistant['id']}").raise_for_status()
    return "assistantId" in lab.vapi.get(f"/phone-number/{number['id']}").json()


def old_calls(lab: Lab) -> Any:
    return lab.vapi.get("/call", params={"createdAtGe": "2020-01-01T00:00:00Z"}).status_code


def same_moment(lab: Lab) -> Any:
    created = lab.assistant()["createdAt"]
    return [len(lab.vapi.get("/assistant", params={name: created}).json()) for name in ("createdAtLe", "createdAtGe")]


def deleted_call(lab: Lab) -> Any:
    """What is returned of a call when its deletion is requested, and two minutes later."""
    lab.call(lab.trunk())
    (call,) = lab.vapi.get("/call").json()
    lab.vapi.request("DELETE", f"/call/{call['id']}").raise_for_status()
    seen = []
    for seconds in (0, 120):
        lab.clock.tick(seconds * 1000)
        answer = lab.vapi.get(f"/call/{call['id']}")
        found = answer.json()
        special = found.get("status") if found.get("status") == "deletion-failed" else None
        seen.append(special or ("artifact" if answer.is_success and "customer" not in found else answer.status_code))
    return seen


def versions(lab: Lab) -> Any:
    lab.world.settings["versioning"] = True
    return lab.patch("/assistant", lab.assistant(), name="n").json()["latestVersion"]


def transfer_mode(lab: Lab) -> Any:
    destination = {"type": "number", "number": CUSTOMER, "transferPlan": {"mode": "warm-transfer-with-message"}}
    answer = lab.vapi.post("/tool", json={"type": "transferCall", "destinations": [destination]})
    return answer.json()["destinations"][0]["transferPlan"]["mode"] if answer.is_success else answer.status_code


def plus(lab: Lab) -> Any:
    trunk = lab.trunk()
    lab.number(trunk=trunk["id"], assistantId=lab.assistant()["id"]).raise_for_status()
    lab.add(f"{DID}@{trunk['id']}.sip.vapi.ai", 1, active=1)
    return lab.control.post("/call", json={"to": DID, "from": CUSTOMER}).json()["answered_by"]


def activation(lab: Lab) -> Any:
    number = lab.number().json()
    before = lab.vapi.get(f"/phone-number/{number['id']}").json()["status"]
    lab.clock.tick(60_000)
    return before, lab.vapi.get(f"/phone-number/{number['id']}").json()["status"]


def concurrency(lab: Lab) -> Any:
    target = {"phoneNumberId": lab.number().json()["id"], "assistantId": lab.assistant()["id"]}
    call = lab.make("/call", **target, customer={"number": CUSTOMER})
    return call["subscriptionLimits"]["remainingConcurrentCalls"]


def campaign(lab: Lab, **more: Any) -> httpx.Response:
    target = {"phoneNumberId": lab.number().json()["id"], "assistantId": lab.assistant()["id"]}
    return lab.vapi.post("/campaign", json={"name": "c", "customers": [{"number": CUSTOMER}], **target, **more})


def late_contacts(lab: Lab) -> Any:
    lab.world.settings["concurrency_limit"] = 1
    customers = [{"number": f"+312012345{place:02}"} for place in range(30)]
    made = campaign(lab, customers=customers).json()
    lab.clock.tick(3_600_000)
    return lab.vapi.get(f"/campaign/{made['id']}").json()["callsCounterEnded"] == len(customers)


def answered_by(lab: Lab) -> Any:
    lab.add("01234", active=1)
    lab.add(CUSTOMER, 4, active=1)
    return lab.control.post("/call", json={"to": DID, "from": CUSTOMER}).json()["answered_by"]


def priorities(lab: Lab) -> Any:
    for login in ("00001", "00002"):
        lab.add(login).raise_for_status()
    return [row["priority"] for row in sorted(lab.rows(), key=lambda row: row["id"])]


def priorities_after_delete(lab: Lab) -> Any:
    first = lab.add("00001").json()["did_destination"]
    lab.add("00002")
    lab.didlogic.delete(f"{ROWS}/{first['id']}")
    return [row["priority"] for row in lab.rows()]


def deletion(lab: Lab) -> Any:
    answer = lab.didlogic.delete(f"{ROWS}/{lab.add('00001').json()['did_destination']['id']}")
    return answer.status_code, answer.text


def new_objects_in_lists(lab: Lab) -> Any:
    lab.assistant()
    lab.add("00001")
    return [len(lab.vapi.get("/assistant").json()), len(lab.rows()), len(lab.vapi.get("/assistant").json())]


def other_address(lab: Lab) -> Any:
    lab.world.sip_account("01234")["ip_restrict"] = True  # type: ignore[index]
    return lab.call(lab.trunk()).endswith("403-forbidden")


def no_credit(lab: Lab) -> Any:
    lab.world.balance = 0
    return lab.call(lab.trunk())


def invalid_tool(lab: Lab) -> Any:
    model = {**ASSISTANT_MODEL, "toolIds": [ABSENT]}
    return lab.vapi.post("/assistant", json={"model": model}).status_code


def used_object(lab: Lab) -> Any:
    assistant = lab.assistant()
    lab.number(assistantId=assistant["id"])
    return lab.vapi.delete(f"/assistant/{assistant['id']}").status_code


def twice(make: Callable[[], httpx.Response]) -> Any:
    make()
    return make().status_code


def change_of_number(lab: Lab, **body: Any) -> Any:
    number = lab.number().json()
    return lab.patch("/phone-number", number, **{"provider": "byo-phone-number", **body}).status_code


def update_without_provider(lab: Lab) -> Any:
    return lab.patch("/phone-number", lab.number().json(), name="n").status_code


def update_without_password(lab: Lab) -> Any:
    return lab.patch("/credential", lab.trunk(), outboundAuthenticationPlan={"authUsername": "0"}).status_code


def tool_with_function(lab: Lab) -> Any:
    return lab.vapi.post("/tool", json={"type": "transferCall", "function": {"name": "n"}}).status_code


def purchases(lab: Lab, accept: str) -> Any:
    return lab.didlogic.get("/v1/purchases", headers={"Accept": accept}).headers["content-type"].partition(";")[0]


def priority_of_request(lab: Lab) -> Any:
    lab.add("00001")
    return lab.add("00002", priority=9).json()["did_destination"]["priority"]


def stored_address(lab: Lab) -> Any:
    return lab.add("sip:Desk@PBX.example.com", 1).json()["did_destination"]["destination"]


def update_with(lab: Lab, method: str, **how: Any) -> Any:
    return lab.didlogic.request(method, f"/v1/sipaccounts/{lab.login()}", **how).status_code


def allowed(lab: Lab, address: str) -> Any:
    return lab.didlogic.post("/v1/sipaccounts/01234/allowed_ips", data={"ip": address}).status_code


def restriction(lab: Lab) -> Any:
    return update_with(lab, "PUT", data=form("sipaccount", {"ip_restrict": 1}))


def with_wrong_key(lab: Lab) -> Any:
    return lab.didlogic.get("/v1/balance", headers={"Authorization": f"Bearer {secrets.token_hex()}"}).status_code


REASON_403 = "call.in-progress.error-providerfault-outbound-sip-403-forbidden"
REASON_503 = "call.in-progress.error-providerfault-outbound-sip-503-service-unavailable"
PROBES: dict[str, tuple[Callable[[Lab], Any], list[Any]]] = {
    "refuse_tool_function": (tool_with_function, [201, 400]),
    "refuse_unknown_tools": (invalid_tool, [201, 400]),
    "refuse_delete_in_use": (used_object, [200, 409]),
    "unique_numbers": (lambda lab: twice(lab.number), [201, 400]),
    "strict_assistants": (
        lambda lab: lab.vapi.post("/assistant", json={"model": {**ASSISTANT_MODEL, "invented": 1}}).status_code,
        [201, 400],
    ),
    "accept_legacy_fields": (
        lambda lab: lab.vapi.post("/assistant", json={"silenceTimeoutSeconds": 30}).status_code,
        [201, 400],
    ),
    "retention_days": (old_calls, [400, 200]),
    "run_workflows": (
        lambda lab: lab.call(lab.trunk(), workflowId=ABSENT),
        ["call.start.error-get-assistant", "customer-ended-call"],
    ),
    "versioning": (lambda lab: "latestVersion" in lab.assistant(), [False, True]),
    "concurrency_limit": (concurrency, [9, 0]),
    "refuse_excess_concurrency": (lambda lab: campaign(lab, maxConcurrency=11).status_code, [201, 400]),
    "campaign_retry_seconds": (late_contacts, [True, False]),
    "campaigns_v2": (lambda lab: lab.vapi.get("/v2/campaign").status_code, [200, 403]),
    "unique_trunk_names": (
        lambda lab: twice(
            lambda: lab.vapi.post("/credential", json={"provider": "byo-sip-trunk", "gateways": [], "name": "t"})
        ),
        [201, 400],
    ),
    "ignore_plus": (plus, [None, "vapi"]),
    "accept_bare_numbers": (lambda lab: lab.number(DID).status_code, [400, 201]),
    "refuse_number_change": (lambda lab: change_of_number(lab, number=CUSTOMER), [200, 400]),
    "refuse_trunk_change": (lambda lab: change_of_number(lab, credentialId=lab.trunk()["id"]), [200, 400]),
    "require_provider": (update_without_provider, [200, 400]),
    "activating_seconds": (activation, [("active", "active"), ("activating", "active")]),
    "null_in_patch": (bodies_of_updates, [(200, None), (200, "n"), (400, None)]),
    "null_fields": (lambda lab: "voice" in lab.assistant(), [False, True]),
    "echo_defaults": (lambda lab: lab.trunk()["gateways"][0].get("port"), [None, 5060]),
    "show_password": (lambda lab: lab.trunk()["outboundAuthenticationPlan"].get("authPassword"), [None, "********"]),
    "refuse_login_without_password": (update_without_password, [200, 400]),
    "keep_password": (password_after_update, [False, True]),
    "stale_login": (login_after_update, [True, False]),
    "partial_model": (partial_model, [400, ["toolIds"], ["model", "provider", "toolIds"]]),
    "require_model": (lambda lab: lab.vapi.post("/assistant", json={"name": "n"}).status_code, [201, 400]),
    "rewrite_transfer_modes": (transfer_mode, [400, "warm-transfer-say-message"]),
    "ignore_unknown_fields": (
        lambda lab: lab.vapi.post("/assistant", json={"name": "n", "invented": 1}).status_code,
        [400, 201],
    ),
    "clear_references": (deleted_reference, [True, False]),
    "exclusive_dates": (same_moment, [[1, 1], [0, 0]]),
    "hide_old_calls": (old_calls, [400, 200]),
    "call_deletion": (deleted_call, [[404, 404], [200, 404], ["artifact", "artifact"], ["deletion-failed"] * 2]),
    "publish_on_update": (versions, ["v2", "v1"]),
    "workflow_reason": (
        lambda lab: lab.call(lab.trunk(), workflowId=ABSENT),
        ["call.start.error-get-assistant", "assistant-not-valid"],
    ),
    "no_credit_reason": (no_credit, [REASON_403, REASON_503]),
    "other_source_address": (other_address, [False, True]),
    "accept_json": (
        lambda lab: update_with(lab, "PUT", json={"sipaccount": {"label": "x"}}),
        [422, 200],
    ),
    "refuse_unknown_fields": (lambda lab: lab.add("00001", invented=1).status_code, [200, 422]),
    "refuse_duplicate_destination": (lambda lab: twice(lambda: lab.add("00001")), [200, 422]),
    "unsorted_destinations": (
        lambda lab: [lab.add("00001").is_success, lab.add("00002").is_success, lab.rows()[0]["priority"]][2],
        [1, 2],
    ),
    "wrong_key_status": (with_wrong_key, [403, 401]),
    "error_form": (lambda lab: list(lab.add("").json()), [["error"], ["errors"], ["message"]]),
    "refuse_json_suffix": (lambda lab: lab.didlogic.get("/v1/balance.json").status_code, [200, 404]),
    "refuse_multipart": (
        lambda lab: update_with(lab, "PUT", files={"sipaccount[label]": (None, "x")}),
        [200, 422],
    ),
    "csv_by_default": (lambda lab: purchases(lab, "*/*"), ["application/json", "text/csv"]),
    "clamp_pages": (lambda lab: lab.didlogic.get("/v1/purchases?per_page=1001").status_code, [422, 200]),
    "numbers_by_id": (
        lambda lab: lab.didlogic.get(ROWS.replace(DID, str(lab.world.didlogic["numbers"][0]["id"]))).status_code,
        [404, 200],
    ),
    "numbers_with_plus": (lambda lab: lab.didlogic.get(ROWS.replace(DID, f"%2B{DID}")).status_code, [404, 200]),
    "transport_codes": (lambda lab: lab.add("00001", 5).status_code, [200, 422]),
    "highest_priority_first": (answered_by, ["sip_account", "pstn"]),
    "new_destination_first": (priorities, [[1, 2], [1, 0]]),
    "equal_priorities": (priorities, [[1, 2], [1, 1]]),
    "accept_priority": (priority_of_request, [2, 9]),
    "renumber_destinations": (priorities_after_delete, [[2], [1]]),
    "active_by_default": (lambda lab: lab.add("00001").json()["did_destination"]["active"], [False, True]),
    "normalise_destinations": (stored_address, ["sip:Desk@PBX.example.com", "Desk@pbx.example.com"]),
    "delete_status": (deletion, [(200, "{}"), (204, "")]),
    "accept_repeated_delete": (lambda lab: lab.didlogic.delete(f"{ROWS}/1").status_code, [404, 200]),
    "unique_labels": (lambda lab: lab.account(label="l").status_code, [200, 422]),
    "password_min_length": (lambda lab: lab.account(password="a" * 11).status_code, [200, 422]),
    "refuse_password_symbols": (lambda lab: lab.account(password="a word").status_code, [200, 422]),
    "accept_account_patch": (
        lambda lab: update_with(lab, "PATCH", data=form("sipaccount", {"label": "x"})),
        [404, 200],
    ),
    "refuse_foreign_callerid": (lambda lab: lab.account(callerid=CUSTOMER).status_code, [200, 422]),
    "accept_networks": (lambda lab: allowed(lab, "192.0.2.0/24"), [422, 200]),
    "accept_ipv6": (lambda lab: allowed(lab, "2001:db8::1"), [422, 200]),
    "refuse_empty_restriction": (restriction, [200, 422]),
    "stale_lists": (new_objects_in_lists, [[1, 1, 1], [0, 0, 1]]),
}  # fmt: skip


@pytest.mark.parametrize("name", [switch.name for switch in SWITCHES if switch.evidence != CONTROL])
def test_each_value_of_a_switch_is_seen_by_a_client(name: str, lab: Lab, clock: Clock) -> None:
    probe, expected = PROBES[name]
    before = json.loads(lab.world.dump())
    seen = []
    for value in (BY_NAME[name].default, *BY_NAME[name].flips):
        vars(lab.world).update({store: before[store] for store in ("vapi", "didlogic", "balance", "traffic")})
        before = json.loads(json.dumps(before))
        lab.world.settings |= {**defaults(), name: value}
        seen.append(probe(lab))
        clock.tick(60_000)
    assert seen == expected
    assert len(set(map(str, seen))) == len(seen) > 1


# --- the assumptions of the documentation


def assumptions() -> list[list[str]]:
    """The rows of the table of assumptions: the cells of each."""
    text = (DOCS / "limits.rst").read_text(encoding="utf-8").split("\nAssumptions\n")[1]
    table = text.split(":header-rows: 1\n")[1].split("\n\nThe vendors")[0]
    return [
        [" ".join(cell.split()) for cell in re.split(r"\n     - ", row)]
        for row in re.split(r"(?:^|\n)   \* - ", table)[2:]
    ]


def test_each_assumption_names_its_switches() -> None:
    """A row without a switch says why the sandbox has none."""
    rows = assumptions()
    assert len(rows) >= 20
    for question, _assumption, _else, named in rows:
        found = re.findall(r"``(\w+)``", named)
        assert found or named.startswith("none: "), question
        assert [name for name in found if name not in BY_NAME] == []


def test_each_switch_that_is_not_documented_is_an_assumption() -> None:
    named = {name for row in assumptions() for name in re.findall(r"``(\w+)``", row[3])}
    missing = [switch.name for switch in SWITCHES if switch.evidence != CONTROL and switch.name not in named]
    assert missing == []


# --- dialects


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"unique_numbers": True, "delete_status": 204}, {"unique_numbers": True, "delete_status": 204}),
        ('{"error_form": "errors"}', {"error_form": "errors"}),
        ({"format": 1, "answers": [], "dialect": {"active_by_default": True}}, {"active_by_default": True}),
    ],
)
def test_dialect_is_read(given: Any, expected: dict[str, Any], tmp_path: Path) -> None:
    assert dialect.read(given) == expected
    file = tmp_path / "report.json"
    file.write_text(given if isinstance(given, str) else json.dumps(given))
    assert dialect.read(str(file)) == expected
    assert dialect.complete(given) == {
        name: value for name, value in {**defaults(), **expected}.items() if BY_NAME[name].evidence != CONTROL
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"unique_number": True}, "the switch unique_number does not exist; did you mean unique_numbers?"),
        ({"zzz": True}, f"the switch zzz does not exist; the switches are {', '.join(BY_NAME)}"),
        ({"unique_numbers": "yes"}, "unique_numbers must be a bool"),
        ({"delete_status": 418}, "delete_status must be one of 200, 204"),
        ({"null_in_patch": "clear"}, "null_in_patch must be one of clears, ignored, refused"),
        ({"activating_seconds": -1}, "activating_seconds must not be negative"),
        ({"format": 2, "answers": []}, "the report has the format 2; the sandbox reads 1"),
        (
            {"format": 1, "answers": []},
            "the report has no dialect; create it again with this version of the collection",
        ),
        ("{", "the dialect cannot be read as JSON: "),
        ("/nonexistent/report.json", "the dialect /nonexistent/report.json cannot be read: "),
    ],
)
def test_wrong_dialect_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        dialect.read(given)


def test_environment_variable_sets_the_dialect_of_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(dialect.ENVIRONMENT, '{"delete_status": 204}')
    world = World()
    assert world.settings == {**defaults(), "delete_status": 204}
    monkeypatch.delenv(dialect.ENVIRONMENT)
    assert World.load(world.dump()).settings["delete_status"] == 204
