# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: nothing on a healthy installation, and each fault that is put into it by name."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ModuleFailureError, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_address
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.audit import (
    ORDER,
    RULES,
    AuditOptions,
    audit,
    findings,
    numbers,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.checks.registry import (
    EVIDENCE,
    REGISTERED,
    SEVERITIES,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot, gateways
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import SIGNALLING
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import host_of
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import FORWARD, SIP_TRUNK, SandboxFixture, canary

DESK, HOME, HUMAN = "31201234560", "31201234561", "31201234562"
TRUNK, OTHER = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
ROUTE: dict[str, dict[str, str]] = {}
ApiObject = dict[str, t.Any]
Account = dict[str, t.Any]


def row(number: int, destination: str, transport: int = 1, *, active: bool = True) -> ApiObject:
    return {"id": number, "destination": destination, "transport": transport, "priority": number, "active": active}


def healthy() -> Account:
    """Two numbers that Vapi answers, and a human whose number is the account's own, all as their APIs answer."""
    return {
        "region": "us",
        "key": canary(),
        "balance": 20.0,
        "numbers": [
            {"number": DESK, "destinations": [row(1, f"{DESK}@{TRUNK}.sip.vapi.ai"), row(2, "01234", 5)]},
            {
                "number": HOME,
                "destinations": [row(3, f"sip:{HOME}@{TRUNK.upper()}.SIP.vapi.ai"), row(5, "31612340000", 4)],
            },
            {"number": HUMAN, "destinations": [row(4, "31612340000", 4)]},
        ],
        "accounts": [
            {
                "name": "01234",
                "callerid": DESK,
                "ip_restrict": True,
                "allowed_ips": [SIGNALLING["us"][0], SIGNALLING["us"][1]],
            }
        ],
        "trunks": [
            {
                "id": TRUNK,
                "name": "didlogic",
                "gateways": [
                    {"ip": "sip.nl.didlogic.net", "inboundEnabled": False},
                    {"ip": "192.0.2.0", "netmask": 27, "outboundEnabled": False},
                ],
                "outboundAuthenticationPlan": {"authUsername": "01234"},
            }
        ],
        "phones": [
            {"id": "p1", "number": DESK, "credentialId": TRUNK, "assistantId": "a1", "status": "active"},
            {"id": "p2", "number": HOME, "credentialId": TRUNK, "squadId": "s1"},
        ],
        "assistants": [{"id": "a1", "name": "Desk", "model": {"toolIds": ["t1"]}}, {"id": "a2", "name": "Night"}],
        "squads": [{"id": "s1", "name": "Team", "members": [{"assistantId": "a1"}, {"assistantId": "a2"}]}],
        "tools": [
            {
                "id": "t1",
                "type": "transferCall",
                "function": {"name": "to_human"},
                "destinations": [{"type": "sip", "sipUri": f"sip:+{HUMAN}@sip.nl.didlogic.net"}],
            }
        ],
    }


def snapshot(account: Account, **more: t.Any) -> Snapshot:
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in account.items()}
    own = frozenset(item["number"] for item in account["numbers"])
    return Snapshot(**{"own": own, **lists, **more})


def rules(account: Account, **more: t.Any) -> list[str]:
    return sorted({item["rule"] for item in findings(snapshot(account, **more))})


def at(account: Account, number: str = DESK) -> list[ApiObject]:
    """The destinations of a number."""
    return next(item for item in account["numbers"] if item["number"] == number)["destinations"]


def test_healthy_environment_has_no_findings() -> None:
    account = healthy()
    assert findings(snapshot(account)) == []
    items = numbers(snapshot(account), [])
    assert [item["status"] for item in items] == ["ok"] * 3
    desk = items[0]
    assert desk["answered_by"] == {"kind": "assistant", "id": "a1", "name": "Desk"}
    assert [tool["name"] for tool in desk["transfer_tools"]] == ["to_human"]
    assert [place["leads_to"] for place in desk["destinations"]] == ["Vapi, didlogic", "SIP account"]
    assert items[1]["answered_by"]["name"] == "Team"


# What each fault is, and the rules that find it: all of them, and no other.
FAULTS: list[tuple[str, t.Callable[[Account], t.Any], list[str]]] = [
    (
        "a private key in a URI",
        lambda a: at(a)[0].update(destination=f"{DESK}@{a['key']}.sip.vapi.ai"),
        ["private-key-in-uri"],
    ),
    (
        "a key beside the right destination",
        lambda a: at(a).append(row(9, f"{DESK}@{a['key'].upper()}.sip.vapi.ai")),
        ["private-key-in-uri"],
    ),
    (
        "a trunk that is not there",
        lambda a: at(a)[0].update(destination=f"{DESK}@{OTHER}.sip.vapi.ai"),
        ["unknown-trunk"],
    ),
    (
        "an unknown label behind the right one",
        lambda a: at(a).append(row(9, f"{DESK}@{OTHER}.sip.vapi.ai")),
        ["unknown-label"],
    ),
    (
        "the host of another region",
        lambda a: at(a)[0].update(destination=f"{DESK}@{TRUNK}.sip.eu.vapi.ai"),
        ["wrong-region"],
    ),
    ("a host without a trunk", lambda a: at(a)[0].update(destination=f"{DESK}@sip.vapi.ai"), ["no-label"]),
    ("another destination first", lambda a: at(a)[1].update(priority=0), ["not-first"]),
    ("the destination switched off", lambda a: at(a)[0].update(active=False), ["switched-off"]),
    ("all destinations switched off", lambda a: at(a, HUMAN)[0].update(active=False), ["no-destination"]),
    ("only a WebSocket", lambda a: at(a, HUMAN)[0].update(transport=9), ["unknown-kind"]),
    (
        "two trunks with one registration",
        lambda a: (
            a["trunks"][0]["outboundAuthenticationPlan"].update(sipRegisterPlan={"domain": "sip.nl.didlogic.net"}),
            a["trunks"].append({**a["trunks"][0], "id": OTHER, "name": "second"}),
        ),
        ["doubled-registration", "no-failover", "unused-trunk"],
    ),
    ("no destination", lambda a: at(a, HUMAN).clear(), ["no-forward"]),
    ("not forwarded to Vapi", lambda a: at(a)[:] and at(a).pop(0), ["not-forwarded"]),
    ("not imported", lambda a: a["phones"].pop(0), ["not-imported"]),
    (
        "not bought",
        lambda a: a["phones"].append({**a["phones"][0], "id": "p9", "number": "31209999999"}),
        ["not-bought"],
    ),
    ("a plus on one side", lambda a: a["phones"][0].update(number=f"+{DESK}"), ["spelling"]),
    ("another number's URI", lambda a: at(a)[0].update(destination=f"{HOME}@{TRUNK}.sip.vapi.ai"), ["other-number"]),
    (
        "another trunk",
        lambda a: (
            a["trunks"].append({**a["trunks"][0], "id": OTHER, "name": "second"}),
            a["phones"][0].update(credentialId=OTHER),
        ),
        ["other-trunk"],
    ),
    ("no trunk", lambda a: a["phones"][0].update(credentialId=OTHER), ["no-trunk"]),
    ("blocked", lambda a: a["phones"][0].update(status="blocked"), ["blocked"]),
    ("activating", lambda a: a["phones"][0].update(status="activating"), ["activating"]),
    ("nobody answers", lambda a: a["phones"][1].pop("squadId"), ["nobody-answers"]),
    ("an assistant that is gone", lambda a: a["phones"][1].update(assistantId="gone"), ["assistant-gone"]),
    ("a squad that is gone", lambda a: a["phones"][1].update(squadId="gone"), ["assistant-gone"]),
    ("a member that is gone", lambda a: a["assistants"].pop(1), ["member-gone"]),
    (
        "own call control",
        lambda a: a["assistants"][0].update(serverMessages=["phone-call-control"]),
        ["own-call-control"],
    ),
    ("twice at Vapi", lambda a: a["phones"].append({**a["phones"][0], "id": "p9"}), ["doubled-phone-number"]),
    (
        "two trunks of one name",
        lambda a: a["trunks"].append({**a["trunks"][0], "id": OTHER}),
        ["doubled-trunk", "unused-trunk"],
    ),
    (
        "a trunk without numbers",
        lambda a: a["trunks"].append({**a["trunks"][0], "id": OTHER, "name": "second"}),
        ["unused-trunk"],
    ),
    ("no inbound gateway", lambda a: a["trunks"][0]["gateways"].pop(1), ["no-inbound-gateway"]),
    ("a host name inbound", lambda a: a["trunks"][0]["gateways"][0].pop("inboundEnabled"), ["host-name-inbound"]),
    (
        "no outbound gateway",
        lambda a: a["trunks"][0]["gateways"][0].update(outboundEnabled=False),
        ["no-outbound-gateway"],
    ),
    ("no login", lambda a: a["trunks"][0].pop("outboundAuthenticationPlan"), ["no-login"]),
    (
        "a login that is not there",
        lambda a: a["trunks"][0]["outboundAuthenticationPlan"].update(authUsername="99999"),
        ["unknown-login"],
    ),
    ("an address not allowed", lambda a: a["accounts"][0]["allowed_ips"].pop(), ["addresses-missing"]),
    ("another's caller id", lambda a: a["accounts"][0].update(callerid="31209999999"), ["foreign-caller-id"]),
    ("little money", lambda a: a.update(balance=1.5), ["balance-low"]),
    ("no money", lambda a: a.update(balance=0.0), ["balance-empty"]),
    (
        "a parameter that offers another number",
        lambda a: a["tools"][0]["function"].update(
            parameters={"properties": {"destination": {"anyOf": [{"enum": ["+15550100"]}, {"const": "by name"}]}}}
        ),
        ["stale-parameter"],
    ),
    ("a tool of nobody", lambda a: a["tools"].append({"id": "t9", "function": {"name": "unused"}}), ["unused-tool"]),
    (
        "a transfer to a phone number",
        lambda a: a["tools"][0].update(destinations=[{"type": "number", "number": f"+{HUMAN}"}]),
        ["transfer-refused"],
    ),
    (
        "a transfer to another host",
        lambda a: a["tools"][0].update(destinations=[{"type": "sip", "sipUri": f"sip:{HUMAN}@pbx.example.com:5060"}]),
        ["transfer-refused"],
    ),
    (
        "a transfer to another's number",
        lambda a: a["tools"][0].update(
            destinations=[{"type": "sip", "sipUri": "sip:+31612340000@sip.nl.didlogic.net"}]
        ),
        ["transfer-elsewhere"],
    ),
    (
        "no destination, and Vapi would answer",
        lambda a: at(a).clear(),
        ["no-forward"],
    ),
    (
        "a workflow",
        lambda a: (a["phones"][0].pop("assistantId"), a["phones"][0].update(workflowId="w1")),
        ["retired-workflow"],
    ),
    (
        "a fail-over to a trunk without the number",
        lambda a: (
            a["trunks"].append({**a["trunks"][0], "id": OTHER, "name": "second"}),
            at(a).append(row(9, f"{DESK}@{OTHER}.sip.vapi.ai")),
        ),
        ["dead-fail-over", "unused-trunk"],
    ),
    ("no other destination", lambda a: at(a).pop(), ["no-failover"]),
    ("the other destination switched off", lambda a: at(a)[1].update(active=False), ["no-failover"]),
    ("the other destination is of an unknown kind", lambda a: at(a)[1].update(transport=9), ["no-failover"]),
    ("the other destination leads to Vapi too", lambda a: at(a)[1].update(at(a)[0]), ["no-failover"]),
    ("a SIP account that is gone", lambda a: at(a)[1].update(destination="05555"), ["no-failover", "sip-account-gone"]),
    ("a tool that is gone", lambda a: a["assistants"][0]["model"]["toolIds"].append("gone"), ["tool-gone"]),
    ("a credential that is gone", lambda a: a["assistants"][1].update(credentialIds=["gone"]), ["reference-gone"]),
    (
        "another carrier",
        lambda a: (
            a["trunks"].append(
                {"id": OTHER, "name": "Other", "gateways": [{"ip": "sip.example.com"}]},
            ),
            a["phones"].append({"id": "p9", "number": "+15550100", "credentialId": OTHER, "assistantId": "a1"}),
        ),
        ["other-carrier"],
    ),
    (
        "more than the lists were seen to hold",
        lambda a: a["assistants"].extend({"id": f"x{n}"} for n in range(10_000)),
        ["too-many-objects"],
    ),
]


@pytest.mark.parametrize(("spoil", "expected"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_fault_has_exactly_its_findings(spoil: t.Callable[[Account], t.Any], expected: list[str]) -> None:
    account = healthy()
    spoil(account)
    assert rules(account) == expected
    found = findings(snapshot(account))
    assert account["key"] not in json.dumps(found)
    assert account["key"].lower() not in json.dumps(numbers(snapshot(account), found)).lower()
    result = numbers(snapshot(account), found)
    for item in found:
        marked = {way["number"] for way in result if item["rule"] in way["broken"].get(item["step"], ())}
        assert marked == {number for other in found if other["rule"] == item["rule"] for number in other["numbers"]}


def test_every_rule_has_a_fault() -> None:
    covered = {name for _what, _spoil, expected in FAULTS for name in expected}
    assert covered | {"nowhere"} == {rule.id for rule in RULES}
    assert [rule.id for rule in RULES] == list(ORDER)
    assert len(RULES) == len({rule.id for rule in RULES}) == len(REGISTERED) >= 30


def test_missing_number_is_a_finding() -> None:
    assert rules(healthy(), declared_numbers=("31205555555",)) == ["nowhere"]


def test_objects_with_equal_names_are_distinguished() -> None:
    account = healthy()
    account["tools"].append({"id": "t9", "function": {"name": "to_human"}})
    (finding,) = findings(snapshot(account))
    assert (finding["rule"], finding["numbers"]) == ("unused-tool", [])
    account = healthy()
    account["trunks"].append({**account["trunks"][0], "id": OTHER, "outboundAuthenticationPlan": None})
    account["phones"][1]["credentialId"] = OTHER
    at(account, HOME)[0]["destination"] = f"{HOME}@{OTHER}.sip.vapi.ai"
    by_rule = {item["rule"]: item["numbers"] for item in findings(snapshot(account))}
    assert by_rule == {"doubled-trunk": [DESK, HOME], "no-login": [HOME]}


def test_dial_transfer_is_not_reported_as_refer() -> None:
    account = healthy()
    account["tools"][0]["destinations"] = [{"number": "+31612340000", "transferPlan": {"sipVerb": "dial"}}]
    assert rules(account) == []


def test_only_declared_numbers_are_audited() -> None:
    account = healthy()
    at(account)[0]["active"] = False
    account["tools"].append({"id": "t9", "function": {"name": "unused"}})
    assert rules(account, declared_numbers=(HOME,)) == []
    assert [item["number"] for item in numbers(snapshot(account, declared_numbers=(HOME,)), [])] == [HOME]


def test_eu_region_has_its_own_host_and_addresses() -> None:
    account = healthy()
    account["region"] = "eu"
    assert rules(account) == ["addresses-missing", "wrong-region"]


def test_allowed_network_contains_its_addresses() -> None:
    account = healthy()
    account["accounts"][0]["allowed_ips"] = ["44.0.0.0/8"]
    assert rules(account) == []


def test_number_with_server_is_answered() -> None:
    account = healthy()
    del account["phones"][1]["squadId"]
    account["phones"][1]["server"] = {"url": "https://hook.example.com"}
    assert rules(account) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_is_complete(rule: t.Any) -> None:
    assert rule.severity in SEVERITIES
    assert all(SEVERITIES.index(lower) > SEVERITIES.index(rule.severity) for lower in rule.lower)
    assert rule.evidence in EVIDENCE
    assert rule.source
    assert rule.step in {"number", "forward", "trunk", "phone_number", "assistant", "tool", "account"}
    assert rule.message.endswith(".")
    assert rule.fix.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_based_on_inference_has_no_severity_error(rule: t.Any) -> None:
    assert rule.evidence != "inferred" or rule.severity != "error"


@pytest.mark.parametrize(("_what", "spoil", "_expected"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_finding_has_a_severity_of_its_rule(_what: str, spoil: t.Callable[[Account], t.Any], _expected: t.Any) -> None:
    account = healthy()
    spoil(account)
    by_id = {rule.id: rule for rule in RULES}
    for item in findings(snapshot(account)):
        rule = by_id[item["rule"]]
        assert item["severity"] in (rule.severity, *rule.lower)
        assert item["evidence"] == rule.evidence


#: Spellings of the user of a URI that calls the number.
USERS = ["{}", "+{}", "%2B{}", "{};user=phone", "{}:password", "+{};phone-context=example.com"]
ADDRESSES = ["{}", "sip:{}", "<sip:{}>", '"Vapi" <SIP:{}>', "sip:{}:5060;transport=tls", "{}."]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_spelling_of_a_uri_calls_the_number(user: str, address: str) -> None:
    account = healthy()
    at(account)[0]["destination"] = address.format(f"{user.format(DESK)}@{TRUNK}.sip.vapi.ai")
    plus = "+" in user or "%2B" in user
    assert rules(account) == (["spelling"] if plus else [])
    path = path_of(account)
    assert path.can_answer(path.entries[0])
    account["phones"][0]["number"] = f"+{DESK}"
    assert rules(account) == ([] if plus else ["spelling"])


@pytest.mark.parametrize("prefix", ["00", "0", "9"])
def test_number_with_a_prefix_on_both_sides_is_found(prefix: str) -> None:
    account = healthy()
    account["phones"][0]["number"] = f"{prefix}{DESK}"
    at(account)[0]["destination"] = f"{prefix}{DESK}@{TRUNK}.sip.vapi.ai"
    found = findings(snapshot(account))
    assert {item["rule"] for item in found} == {"other-number"}
    assert path_of(account).can_answer(path_of(account).entries[0])


def test_parameters_with_the_destinations_have_no_finding() -> None:
    account = healthy()
    spelled = [f"+{HUMAN}", HUMAN, f"sip:+{HUMAN}@sip.nl.didlogic.net", "by name"]
    account["tools"][0]["function"]["parameters"] = {"properties": {"destination": {"enum": spelled}}}
    assert rules(account) == []
    account["tools"][0]["destinations"] = []  # a server chooses
    account["tools"][0]["function"]["parameters"]["properties"]["destination"]["enum"] = ["+15550100"]
    assert rules(account) == []
    account = healthy()
    inline = {
        **tool_of(dict(HUMAN_SIP)),
        "function": {"name": "x", "parameters": {"properties": {"destination": {"const": "+15550100"}}}},
    }
    account["assistants"][0]["model"]["tools"] = [inline]
    (found,) = findings(snapshot(account))
    assert (found["rule"], found["subject"]) == ("stale-parameter", "assistant Desk")
    assert "(model.tools[0])" in found["message"]


# ------------------------------------------------------------------------------------------------- who would answer

SAY = {"on": "call.ringing", "do": [{"type": "say", "exact": "We are closed."}]}
#: What a phone number may hold, and whether a call to it is then answered.
ANSWERS: list[tuple[str, ApiObject, bool]] = [
    ("nothing", {}, False),
    ("an assistant", {"assistantId": "a1"}, True),
    ("an assistant that is gone", {"assistantId": "gone"}, False),
    ("a squad", {"squadId": "s1"}, True),
    ("a squad that is gone", {"squadId": "gone"}, False),
    ("a squad without members", {"squadId": "s2"}, False),
    ("a squad whose members are gone", {"squadId": "s3"}, False),
    ("a squad with a member of its own", {"squadId": "s4"}, True),
    ("a blocked number", {"assistantId": "a1", "status": "blocked"}, False),
    ("a workflow", {"workflowId": "w1"}, False),
    ("a server", {"server": {"url": "https://hook.example.com"}}, True),
    ("a fallback", {"fallbackDestination": {"type": "number", "number": "+15550100"}}, True),
    ("a hook that speaks", {"hooks": [SAY]}, True),
    ("a hook that transfers", {"hooks": [{"on": "call.ringing", "do": [{"type": "transfer"}]}]}, True),
    ("a hook after a failed request", {"hooks": [{"on": "call.ending", "do": {"type": "say"}}]}, True),
    ("a hook without an action", {"hooks": [{"on": "call.ringing", "do": []}]}, False),
]
#: Destinations of a number, by their trunk's state, and whether one reaches the phone number at Vapi.
PLACES: list[tuple[str, list[ApiObject], bool]] = [
    ("none", [], False),
    ("the trunk", [row(1, f"{DESK}@{TRUNK}.sip.vapi.ai")], True),
    ("the trunk, in capitals", [row(1, f"SIP:{DESK}@{TRUNK.upper()}.SIP.VAPI.AI")], True),
    ("the trunk, over TLS", [row(1, f"sip:{DESK}@{TRUNK}.sip.vapi.ai:5061;transport=tls")], True),
    ("the trunk, switched off", [row(1, f"{DESK}@{TRUNK}.sip.vapi.ai", active=False)], False),
    ("the trunk, another region", [row(1, f"{DESK}@{TRUNK}.sip.eu.vapi.ai")], False),
    ("an unknown trunk", [row(1, f"{DESK}@{OTHER}.sip.vapi.ai")], False),
    ("a trunk without the number", [row(1, f"{HUMAN}@{TRUNK}.sip.vapi.ai")], False),
    ("a kind that is not known", [row(1, "wss://example.com", 9)], False),
]
#: Destinations outside Vapi, and whether one may answer.
OUTSIDE_VAPI: list[tuple[ApiObject, bool]] = [
    (row(1, "01234", 5), True),
    (row(1, "05555", 5), False),
    (row(1, "01234@sip.nl.didlogic.net"), True),
    (row(1, "sip:05555@SIP.nl.didlogic.net.:5060;transport=tcp"), False),
    (row(1, "sip:05555@sip.example.com"), True),
    (row(1, "sip:31612340000@sip.nl.didlogic.net"), True),
    (row(1, "31612340000", 4), True),
    (row(1, "wss://example.com", 9), False),
]


@pytest.mark.parametrize(("what", "held", "answered"), ANSWERS, ids=[item[0] for item in ANSWERS])
@pytest.mark.parametrize(("where", "places", "reached"), PLACES, ids=[item[0] for item in PLACES])
def test_destination_that_can_answer_is_recognised(
    what: str, held: ApiObject, answered: bool, where: str, places: list[ApiObject], reached: bool
) -> None:
    account = healthy()
    phone = account["phones"][0]
    account["phones"][0] = {**{key: phone[key] for key in ("id", "number", "credentialId", "status")}, **held}
    members: dict[str, list[ApiObject]] = {"s2": [], "s3": [{"assistantId": "gone"}], "s4": [{"assistant": {}}]}
    if held.get("squadId") in members:
        account["squads"].append({"id": held["squadId"], "name": "Other", "members": members[held["squadId"]]})
    at(account)[:] = [dict(place) for place in places]
    seen = snapshot(account)
    (path,) = [call_path for call_path in seen.call_paths if call_path.number == DESK]
    assert seen.answers(account["phones"][0]) is answered
    assert [path.can_answer(entry) for entry in path.entries] == [reached and answered] * len(places)
    found = {item["rule"]: item["severity"] for item in findings(seen) if item["numbers"] == [DESK]}
    if where == "none":
        assert found["no-forward"] == ("warning" if answered else "info")
    if where.startswith("the trunk") and not answered:
        expected_rules = {"nobody-answers", "assistant-gone", "retired-workflow", "member-gone", "blocked"}
        assert expected_rules & set(found), (what, found)
    if reached and answered:
        assert set(found) - {"transfer-refused"} == {"no-failover"}, found
    # As a fail-over behind a healthy destination, what can not answer is reported.
    account["phones"].append({"id": "p9", "number": DESK, "credentialId": OTHER, "assistantId": "a2"})
    account["trunks"].append({**account["trunks"][0], "id": OTHER, "name": "second"})
    at(account)[:] = [row(0, f"{DESK}@{OTHER}.sip.vapi.ai"), *[{**place, "id": 5, "priority": 5} for place in places]]
    behind = rules(account)
    expected = bool(places) and "switched off" not in where and "known" not in where and "unknown" not in where
    if expected and not (reached and answered):
        assert {"dead-fail-over", "wrong-region"} & set(behind), behind
    else:
        assert not {"dead-fail-over", "wrong-region"} & set(behind), behind


def path_of(account: Account, number: str = DESK, **more: t.Any) -> t.Any:
    return next(path for path in snapshot(account, **more).call_paths if path.number == number)


@pytest.mark.parametrize(
    ("place", "may"), OUTSIDE_VAPI, ids=[str(place["destination"]) for place, _may in OUTSIDE_VAPI]
)
@pytest.mark.parametrize("behind", [True, False], ids=["behind Vapi", "alone"])
def test_destination_outside_vapi_that_can_answer_is_recognised(place: ApiObject, may: bool, behind: bool) -> None:
    account = healthy()
    at(account)[1:] = [{**place, "priority": 5}]
    if not behind:
        at(account).pop(0)
    path = path_of(account)
    assert path.can_answer(path.entries[-1]) is may
    assert ("sip-account-gone" in rules(account)) is ("05555" in place["destination"] and not may)
    assert ("unknown-kind" in rules(account)) is (place["transport"] == 9 and not behind)
    severities = {item["severity"] for item in findings(snapshot(account)) if DESK in item["numbers"]}
    assert "error" not in severities
    # Without the list of SIP accounts, none is known to be missing.
    del account["accounts"]
    path = path_of(account)
    assert path.can_answer(path.entries[-1]) is (place["transport"] != 9)


GATEWAYS: dict[str, list[ApiObject]] = {
    "none": [],
    "a host name": [{"ip": "sip.nl.didlogic.net"}],
    "outbound": [{"ip": "192.0.2.1", "inboundEnabled": False}],
    "junk": [{"ip": None}, {"ip": 7}, {}],
}


@pytest.mark.parametrize("ways", GATEWAYS.values(), ids=GATEWAYS)
@pytest.mark.parametrize("label", [OTHER, "key"])
def test_trunk_without_inbound_gateway_cannot_answer(ways: list[ApiObject], label: str) -> None:
    account = healthy()
    account["trunks"].append({**account["trunks"][0], "id": OTHER, "name": "second", "gateways": ways})
    account["phones"].append({"id": "p9", "number": DESK, "credentialId": OTHER, "assistantId": "a1"})
    at(account)[:] = [row(1, f"{DESK}@{TRUNK}.sip.vapi.ai"), row(2, f"{DESK}@{OTHER}.sip.vapi.ai")]
    if label == "key":
        account["phones"].pop(0)
        at(account)[:] = [row(2, f"{DESK}@{account['key']}.sip.vapi.ai")]
    path = path_of(account)
    assert path.can_answer(path.entries[-1]) is False
    assert {"dead-fail-over", "no-inbound-gateway"} & set(rules(account))
    # A registration needs no gateway for inbound calls.
    account["trunks"][1]["outboundAuthenticationPlan"] = {"authUsername": "01234", "sipRegisterPlan": {"realm": "x"}}
    at(account)[:] = [row(2, "01234", 5)]
    path = path_of(account)
    assert path.can_answer(path.entries[-1]) is True
    assert "no-inbound-gateway" not in rules(account)


ASSIGNED = {
    "none": {},
    "assistant": {"assistantId": "a1"},
    "gone": {"assistantId": "gone"},
    "squad": {"squadId": "s1"},
    "empty squad": {"squadId": "s2"},
    "squad gone": {"squadId": "gone"},
}
MORE: dict[str, ApiObject] = {
    "server": {"server": {"url": "https://hook.example.com"}},
    "fallback": {"fallbackDestination": {"type": "sip", "sipUri": f"sip:+{HUMAN}@sip.nl.didlogic.net"}},
    "hook": {"hooks": [SAY]},
    "filtered": {"hooks": [{**SAY, "filters": [{"type": "oneOf"}]}]},
    "nothing": {},
}
WHO = {"nobody-answers", "assistant-gone", "retired-workflow"}


@pytest.mark.parametrize("assigned", ASSIGNED.values(), ids=ASSIGNED)
@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
@pytest.mark.parametrize("workflow", [{}, {"workflowId": "w1"}], ids=["no workflow", "workflow"])
@pytest.mark.parametrize("by_uri", [True, False], ids=["URI", "registration"])
def test_findings_and_who_answers_agree(
    assigned: ApiObject, more: ApiObject, workflow: ApiObject, by_uri: bool
) -> None:
    account = healthy()
    account["squads"].append({"id": "s2", "name": "Empty", "members": []})
    account["phones"][0] = {"id": "p1", "number": DESK, "credentialId": TRUNK, **assigned, **more, **workflow}
    at(account)[1]["active"] = False
    if not by_uri:
        account["trunks"][0]["outboundAuthenticationPlan"]["sipRegisterPlan"] = {"realm": "didlogic"}
        at(account)[:] = [row(1, "01234", 5)]
    found = {item["rule"]: item for item in findings(snapshot(account)) if DESK in item["numbers"]}
    answered = snapshot(account).answers(account["phones"][0])
    about = [found[rule] for rule in WHO & set(found)]
    texts = [item["message"] for item in about]
    if answered:
        assert all(item["severity"] == "warning" for item in about)
        assert not [text for text in texts if "nobody answers" in text or "ends each call" in text]
    else:
        assert len(about) == 1
        assert by_uri is False or about[0]["severity"] == "error"
        assert "nobody answers" in texts[0] or "ends each call" in texts[0]
    assert path_of(account).can_answer(path_of(account).entries[0]) is answered


# ------------------------------------------------------------------------------ references and transfers anywhere

HUMAN_SIP = {"type": "sip", "sipUri": f"sip:+{HUMAN}@sip.nl.didlogic.net"}
OUTSIDE = {"type": "number", "number": "+15550100"}


def tool_of(target: ApiObject) -> ApiObject:
    return {"type": "transferCall", "function": {"name": "inline"}, "destinations": [target]}


#: Every place in which Vapi takes a transfer: how to put one into a healthy account.
TRANSFERS: dict[str, t.Callable[[Account, ApiObject], t.Any]] = {
    "tool": lambda a, to: a["tools"][0].update(destinations=[to]),
    "model.tools": lambda a, to: a["assistants"][0]["model"].update(tools=[tool_of(to)]),
    "hook of an assistant": lambda a, to: a["assistants"][0].update(
        hooks=[{"on": "call.ending", "do": [{"type": "tool", "tool": tool_of(to)}]}]
    ),
    "hook of a phone number": lambda a, to: a["phones"][0].update(
        hooks=[{"on": "call.ringing", "filters": [{}], "do": [{"type": "transfer", "destination": to}]}]
    ),
    "fallback": lambda a, to: a["phones"][0].update(fallbackDestination=to),
    "inline member": lambda a, to: a["squads"][0]["members"].append({"assistant": {"model": {"tools": [tool_of(to)]}}}),
    "overrides of a member": lambda a, to: a["squads"][0]["members"][0].update(
        assistantOverrides={"model": {"tools": [tool_of(to)]}}
    ),
    "overrides of all members": lambda a, to: a["squads"][0].update(membersOverrides={"tools:append": [tool_of(to)]}),
    "destination of a member": lambda a, to: a["squads"][0]["members"][0].update(assistantDestinations=[to]),
    "tool of a hook, by id": lambda a, to: (
        a["tools"].append({"id": "t9", "type": "transferCall", "destinations": [to]}),
        a["assistants"][1].update(hooks=[{"on": "call.ending", "do": [{"type": "tool", "toolId": "t9"}]}]),
    ),
    "tool of a pinned version": lambda a, to: (
        a["tools"].append({"id": "t9", "type": "transferCall", "destinations": [to]}),
        a["assistants"][1].update(model={"toolRefs": [{"toolId": "t9", "version": "v1"}]}),
    ),
    "assistant after a handoff": lambda a, to: (
        a["assistants"].append({"id": "a9", "name": "Late", "model": {"tools": [tool_of(to)]}}),
        a["assistants"][0]["model"].update(
            tools=[{"type": "handoff", "destinations": [{"type": "assistant", "assistantId": "a9"}]}]
        ),
    ),
    "a field of former days": lambda a, to: a["assistants"][0].update(forwardingPhoneNumber=to.get("number", "")),
}


@pytest.mark.parametrize("put", TRANSFERS.values(), ids=TRANSFERS)
@pytest.mark.parametrize("verb", [None, "refer", "dial", "bye"])
def test_transfer_is_found_wherever_it_is_defined(
    put: t.Callable[[Account, ApiObject], t.Any], verb: str | None
) -> None:
    account = healthy()
    put(account, {**OUTSIDE, "transferPlan": {"mode": "blind-transfer", "sipVerb": verb}} if verb else dict(OUTSIDE))
    legacy = account["assistants"][0].get("forwardingPhoneNumber")
    assert rules(account) == ([] if verb in ("dial", "bye") and not legacy else ["transfer-refused"])
    result = numbers(snapshot(account), [])
    assert any(OUTSIDE["number"] in item["to"] for way in result for item in way["transfer_tools"])
    account = healthy()
    put(account, dict(HUMAN_SIP))
    assert rules(account) == []


#: Every place in which Vapi's objects name another one by id.
REFERRING: dict[str, tuple[str, t.Callable[[Account, str], t.Any], str]] = {
    "tool": ("tool", lambda a, key: a["assistants"][0]["model"].update(toolIds=["t1", key]), "tool-gone"),
    "pinned tool": (
        "tool",
        lambda a, key: a["assistants"][0]["model"].update(toolRefs=[{"toolId": key, "version": "v1"}]),
        "tool-gone",
    ),
    "tool of a hook": (
        "tool",
        lambda a, key: a["assistants"][1].update(hooks=[{"on": "x", "do": [{"type": "tool", "toolId": key}]}]),
        "tool-gone",
    ),
    "tool of an override": (
        "tool",
        lambda a, key: a["squads"][0]["members"][1].update(assistantOverrides={"model": {"toolIds": [key]}}),
        "tool-gone",
    ),
    "member": ("assistant", lambda a, key: a["squads"][0]["members"].append({"assistantId": key}), "member-gone"),
    "assistant": ("assistant", lambda a, key: a["phones"][0].update(assistantId=key), "assistant-gone"),
    "squad": ("squad", lambda a, key: a["phones"][1].update(squadId=key), "assistant-gone"),
    "handoff": (
        "assistant",
        lambda a, key: a["assistants"][0]["model"].update(
            tools=[{"type": "handoff", "destinations": [{"type": "assistant", "assistantId": key}]}]
        ),
        "reference-gone",
    ),
    "destination of a member": (
        "assistant",
        lambda a, key: a["squads"][0]["members"][0].update(assistantDestinations=[{"assistantId": key}]),
        "reference-gone",
    ),
    "credential": ("credential", lambda a, key: a["assistants"][0].update(credentialIds=[key]), "reference-gone"),
    "credential of a server": (
        "credential",
        lambda a, key: a["phones"][0].update(server={"url": "https://hook.example.com", "credentialId": key}),
        "reference-gone",
    ),
    "credential of a tool's server": (
        "credential",
        lambda a, key: a["tools"][0].update(server={"credentialId": key}),
        "reference-gone",
    ),
}
THERE = {"tool": "tx", "assistant": "a2", "squad": "s1", "credential": "cx"}


@pytest.mark.parametrize(("kind", "put", "rule"), REFERRING.values(), ids=REFERRING)
def test_reference_to_deleted_object_is_a_finding(kind: str, put: t.Callable[[Account, str], t.Any], rule: str) -> None:
    account = healthy()
    put(account, "gone")
    assert rules(account) == [rule]
    account = healthy()
    put(account, THERE[kind])
    listed = {"tools": frozenset({"tx"}), "trunks": frozenset({"cx"})}
    assert rules(account, listed=listed) == []


#: Every place in which Vapi's objects name an assistant.
NAMING: dict[str, t.Callable[[Account, ApiObject], t.Any]] = {
    "destination of a member": lambda a, to: a["squads"][0]["members"][0].update(assistantDestinations=[to]),
    "transfer of an assistant": lambda a, to: a["assistants"][0]["model"].update(
        tools=[{"type": "transferCall", "destinations": [to]}]
    ),
    "handoff of an assistant": lambda a, to: a["assistants"][0]["model"].update(
        tools=[{"type": "handoff", "destinations": [to]}]
    ),
    "tool of a hook": lambda a, to: a["assistants"][0].update(
        hooks=[{"on": "call.ending", "do": [{"type": "tool", "tool": {"type": "handoff", "destinations": [to]}}]}]
    ),
    "transfer of a hook": lambda a, to: a["phones"][0].update(
        hooks=[{"on": "call.ringing", "filters": [{}], "do": [{"type": "transfer", "destination": to}]}]
    ),
    "transfer tool": lambda a, to: a["tools"][0]["destinations"].append(to),
    "handoff tool": lambda a, to: (
        a.update(other_tools=[{"id": "h1", "type": "handoff", "function": {"name": "h"}, "destinations": [to]}]),
        a["assistants"][0]["model"].update(toolIds=["t1", "h1"]),
    ),
    "inline member": lambda a, to: a["squads"][0]["members"].append(
        {"assistant": {"name": "Inside", "model": {"tools": [{"type": "handoff", "destinations": [to]}]}}}
    ),
    "overrides of all members": lambda a, to: a["squads"][0].update(
        membersOverrides={"tools:append": [{"type": "handoff", "destinations": [to]}]}
    ),
}
NO_NAMES: list[ApiObject] = [
    {"assistantName": "{{department}}"},
    {"assistantName": ""},
    {"assistantName": "Gone", "assistantId": "a2"},
    {"assistantName": "Gone", "assistant": {"name": "Made in the call"}},
    {"transcriptPlan": {"assistantName": "Gone"}},
    {"type": "dynamic"},
]


@pytest.mark.parametrize("put", NAMING.values(), ids=NAMING)
def test_reference_by_name_is_followed(put: t.Callable[[Account, ApiObject], t.Any]) -> None:
    account = healthy()
    put(account, {"type": "assistant", "assistantName": "Gone"})
    (found,) = findings(snapshot(account))
    assert (found["rule"], found["severity"], bool(found["numbers"])) == ("reference-gone", "warning", True)
    assert "the assistant Gone," in found["message"]
    # An assistant that only a name leads to transfers calls too.
    account["assistants"].append({"id": "a9", "name": "Gone", "model": {"tools": [tool_of(OUTSIDE)]}})
    assert rules(account) == ["transfer-refused"]
    for harmless in NO_NAMES:
        account = healthy()
        put(account, {"type": "assistant", **harmless})
        assert rules(account) == [], harmless


def test_names_of_inline_assistants_are_known() -> None:
    account = healthy()
    account["squads"][0]["members"] += [
        {"assistant": {"name": "Inside"}, "assistantDestinations": [{"type": "assistant", "assistantName": "Renamed"}]},
        {
            "assistantId": "a1",
            "assistantOverrides": {"name": "Renamed"},
            "assistantDestinations": [{"type": "assistant", "assistantName": "Inside"}],
        },
    ]
    assert rules(account) == []


def test_reference_of_unused_object_is_less_severe() -> None:
    account = healthy()
    account["assistants"].append({"id": "a9", "name": "Calls out", "model": {"toolIds": ["gone"]}})
    (found,) = findings(snapshot(account))
    assert (found["rule"], found["severity"], found["numbers"]) == ("tool-gone", "warning", [])
    assert findings(snapshot(account, declared_numbers=(DESK,))) == []


@given(st.text(max_size=8), st.sampled_from(["metadata", "variableValues", "parameters"]))
def test_free_form_data_is_ignored(text: str, key: str) -> None:
    account = healthy()
    account["assistants"][0][key] = {"toolIds": [text], "assistantId": text, "destinations": [OUTSIDE], **OUTSIDE}
    assert rules(account) == []


# -------------------------------------------------------------------------------------------- other carriers, REGISTER

CARRIERS = ["sip.example.com", "198.51.100.7", "sip.didlogic.net.example.com", "notdidlogic.net"]
DIDLOGICS = ["sip.nl.didlogic.net", "SIP.UK.DIDLOGIC.NET.", "sip1.didlogic.com", "23.106.241.2"]


def with_trunk(host: str, **more: t.Any) -> Account:
    """A second trunk with one number that didlogic does not have."""
    account = healthy()
    account["trunks"].append({"id": OTHER, "name": "Other", "gateways": [{"ip": host}], **more})
    account["phones"].append({"id": "p9", "number": "+15550100", "credentialId": OTHER, "assistantId": "a1"})
    return account


@pytest.mark.parametrize("host", CARRIERS)
def test_other_carrier_is_named_without_findings(host: str) -> None:
    plans = [None, {"authUsername": "555"}, {"authUsername": "555", "sipRegisterPlan": {"domain": host}}]
    for plan in plans:
        account = with_trunk(host, outboundAuthenticationPlan=plan)
        (found,) = findings(snapshot(account))
        assert (found["rule"], found["severity"]) == ("other-carrier", "info")
        assert host in found["message"]
        assert "15550100" not in [item["number"] for item in numbers(snapshot(account), [])]
        # A destination that leads there makes it didlogic's, and so does the word of whoever runs it.
        at(account, HUMAN)[0].update(transport=1, destination=f"{HUMAN}@{OTHER}.sip.vapi.ai")
        account["phones"][-1]["number"] = HUMAN
        assert "other-carrier" not in rules(account)
        assert {"no-login", "unknown-login"} & set(rules(account))
        assert "other-carrier" not in rules(with_trunk(host), own_trunks=frozenset({OTHER}))


@pytest.mark.parametrize("host", DIDLOGICS)
def test_didlogic_gateway_is_recognised(host: str) -> None:
    found = rules(with_trunk(host))
    assert "other-carrier" not in found
    assert {"not-bought", "no-login"} <= set(found)


#: Forms of the same server: what precedes and what follows the host name.
BEFORE = ["", "sip:", "SIPS:", "<sip:", "sip://", " "]
AFTER = ["", ".", ":5060", ".:5080", ";transport=tcp", ":5061;transport=TLS", "/32", ";lr>", " "]
FORMS = [f"{before}{host}{after}" for host in DIDLOGICS for before in BEFORE for after in AFTER]


@pytest.mark.parametrize("form", FORMS)
def test_gateway_is_recognised_in_every_form(form: str) -> None:
    account = healthy()
    account["trunks"][0]["gateways"][0]["ip"] = form
    account["tools"][0]["destinations"] = [
        {"type": "sip", "sipUri": f"sip:+{HUMAN}@{parse_address(form).host}", "transferPlan": {"sipVerb": "refer"}}
    ]
    at(account).pop(0)
    at(account, HOME).clear()
    assert "other-carrier" not in rules(account)
    assert "transfer-refused" not in rules(account)
    assert {"not-forwarded"} <= set(rules(account))
    (first, _second) = gateways(snapshot(account).trunks[0])
    port = next((int(number) for number in ("5060", "5061", "5080") if number in form), None)
    assert first.get("port") == port


@pytest.mark.parametrize("form", ["[192.0.2.0]", "192.0.2.0:5060", "192.0.2.0/27", "sip:192.0.2.0;transport=udp"])
def test_address_of_inbound_gateway_is_recognised_in_every_form(form: str) -> None:
    account = healthy()
    account["trunks"][0]["gateways"][1]["ip"] = form
    assert rules(account) == []


@pytest.mark.parametrize(
    "domain", ["sip.nl.didlogic.net", "SIP.nl.didlogic.net:5060", "sip:sip.nl.didlogic.net.", None]
)
@pytest.mark.parametrize("username", ["01234", None])
@pytest.mark.parametrize(
    "place",
    [("01234", 5), ("01234@sip.nl.didlogic.net", 1), ("SIP:01234@SIP.uk.didlogic.net:5060;transport=udp", 1)],
    ids=["login", "URI", "URI in capitals"],
)
def test_registration_at_didlogic_receives_inbound_calls(
    domain: str | None, username: str | None, place: tuple[str, int]
) -> None:
    plan = {key: value for key, value in (("domain", domain), ("username", username)) if value}
    account = healthy()
    account["trunks"][0]["outboundAuthenticationPlan"]["sipRegisterPlan"] = plan or {"realm": "didlogic"}
    at(account)[:] = [row(1, *place), row(2, "31612340000", 4)]
    assert rules(account) == []
    (desk,) = [item for item in numbers(snapshot(account), []) if item["number"] == DESK]
    assert [place["leads_to"] for place in desk["destinations"]] == ["Vapi, didlogic", "phone"]
    del account["phones"][0]["assistantId"]
    # That calls reach Vapi by a registration is a conclusion.
    assert [(item["rule"], item["severity"]) for item in findings(snapshot(account))] == [("nobody-answers", "warning")]
    # Of several trunks with the same registration, the one with the number is followed.
    account["phones"][0]["assistantId"] = "a1"
    account["trunks"].insert(0, {**account["trunks"][0], "id": OTHER, "name": "second"})
    account["trunks"].append({**account["trunks"][0], "id": OTHER[:-1] + "c", "name": "third"})
    found = [(item["rule"], item["severity"]) for item in findings(snapshot(account))]
    assert found == [("doubled-registration", "warning"), ("unused-trunk", "info"), ("unused-trunk", "info")]


def test_registration_at_other_server_receives_no_inbound_calls() -> None:
    account = healthy()
    account["trunks"][0]["outboundAuthenticationPlan"]["sipRegisterPlan"] = {"domain": "sip.example.com"}
    at(account).pop(0)
    assert rules(account) == ["not-forwarded"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_audit_accepts_any_response_value(data: t.Any) -> None:
    """Any one value of a healthy answer replaced by anything."""
    account = healthy()
    kind = data.draw(st.sampled_from(["accounts", "trunks", "phones", "assistants", "squads", "tools"]))
    item = data.draw(st.sampled_from(account[kind]))
    key = data.draw(st.sampled_from(sorted(set(item) - {"id"})))
    item[key] = data.draw(JUNK)
    found = findings(snapshot(account))
    numbers(snapshot(account), found)


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("1@x.sip.vapi.ai", "sip.vapi.ai"),
        ("sip:1@sip.vapi.ai:5061;transport=tls", "sip.vapi.ai"),
        ("1@x.SIP.eu.vapi.ai", "sip.eu.vapi.ai"),
        ("1@sip.vapi.ai.example.com", None),
        ("1@notsip.vapi.ai", None),
        ("1@example.com", None),
    ],
)
def test_vapi_sip_hosts_are_recognised(uri: str, host: str | None) -> None:
    assert host_of(uri) == host


# ------------------------------------------------------------------------------------------------------- on the sandbox


def look(stage: SandboxFixture, **options: t.Any) -> ApiObject:
    engines = {"vapi": stage.engine(SIP_TRUNK), "didlogic": stage.engine(FORWARD)}
    return audit(engines, from_options(AuditOptions, options))


def test_audit_module_only_reads_and_fails_at_severity() -> None:
    stage = SandboxFixture({"balance": 1, "numbers": [DESK]})
    result = look(stage)
    assert [item["rule"] for item in result["findings"]] == ["balance-low", "no-forward"]
    assert result["summary"] == {"error": 0, "warning": 1, "info": 1}
    assert stage.writes == []
    look(stage, fail_on="error")
    with pytest.raises(ModuleFailureError, match="1 problem\\.") as caught:
        look(stage, fail_on="warning")
    assert caught.value.result["summary"]["warning"] == 1
    assert look(stage, fail_on="warning", ignore=["balance-low"])["summary"]["warning"] == 0
    with pytest.raises(OptionError, match="ignore"):
        look(stage, ignore=["no-such-rule"])


def test_read_requests_grow_only_with_the_numbers() -> None:
    many = [str(31200000000 + n) for n in range(30)]
    stage = SandboxFixture({"balance": 10, "numbers": many})
    look(stage)
    assert len(stage.world.journal) == 8 + len(many)
    stage.fresh()
    look(stage, numbers=[f"+{many[0]}"])
    assert len(stage.world.journal) == 8 + 1
