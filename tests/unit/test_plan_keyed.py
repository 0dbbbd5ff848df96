# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what is wanted and what stands decide what is written, without a service."""

from __future__ import annotations

import contextlib
import json
import typing as t

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import (
    RunState,
    desired_from_options,
    superseded_name,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.plan_keyed import plan
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.requests import Plan, to_result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID, Resource
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    ASSISTANT,
    MODEL,
    NUMBER_1,
    PHONE_NUMBER,
    SIP_TRUNK,
    TRANSFER_TOOL,
    Hook,
    SandboxFixture,
    canary,
    number_options,
    trunk_options,
)

ApiObject = dict[str, t.Any]
NAME_LIMIT = 40
GATEWAY = {"ip": "192.0.2.1", "port": 5060, "netmask": 32, "inboundEnabled": True, "outboundEnabled": True}
SWITCHES = {"outboundProtocol": "udp", "optionsPingEnabled": False}
TRUNK: ApiObject = {
    "id": "t-1",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "provider": "byo-sip-trunk",
    "name": "didlogic nl",
    "gateways": [GATEWAY | SWITCHES],
    "outboundAuthenticationPlan": {"authUsername": "01234", "sipRegisterPlan": {"domain": "x.example"}},
    "techPrefix": "77",
}
NUMBER: ApiObject = {
    "id": "n-1",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "provider": "byo-phone-number",
    "number": NUMBER_1,
    "numberE164CheckEnabled": False,
    "credentialId": "t-1",
    "assistantId": "a-1",
    "name": "Main",
    "server": {"url": "https://a.example", "secret": "s", "backoffPlan": {"type": "fixed"}},
}
ASSISTANT_ROW: ApiObject = {
    "id": "a-1",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "name": "Reception",
    "firstMessage": "Hello",
    "model": {**MODEL, "toolIds": ["x-1"]},
    "voice": {"provider": "11labs", "voiceId": "v", "speed": None},
    "orgId": "o",
    "isServerUrlSecretSet": False,
}
TOOL: ApiObject = {
    "id": "x-1",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "type": "transferCall",
    "function": {"name": "to_human", "description": "Hands over", "parameters": {"type": "object"}, "strict": None},
    "destinations": [],
}
PLAN = "outboundAuthenticationPlan"


def planned(
    resource: Resource,
    rows: list[ApiObject],
    *,
    held: t.Sequence[list[ApiObject]] = (),
    memory: RunState | None = None,
    **options: t.Any,
) -> Plan:
    holders = dict(zip(resource.referrers, held, strict=False))
    return plan(resource, desired_from_options(resource, options), rows, holders, memory or RunState())


def body(made: Plan) -> ApiObject:
    (write,) = made.mutations
    assert write.body is not None
    return write.body


# --------------------------------------------------------------------------------------------------------- the verbs


def test_plan_methods_per_state() -> None:
    assert planned(SIP_TRUNK, [], **trunk_options()).action == "create"
    assert planned(SIP_TRUNK, [TRUNK], name="didlogic nl").action == "none"
    assert planned(SIP_TRUNK, [TRUNK], name="didlogic nl", tech_prefix="78").action == "update"
    assert planned(SIP_TRUNK, [TRUNK], name="didlogic nl", state="absent").action == "delete"
    assert planned(SIP_TRUNK, [], name="didlogic nl", state="absent").action == "none"


def test_omitted_options_are_not_managed() -> None:
    made = planned(SIP_TRUNK, [TRUNK], name="didlogic nl", tech_prefix="78")
    assert body(made) == {"provider": "byo-sip-trunk", "techPrefix": "78"}
    assert made.before == {"name": "didlogic nl", "tech_prefix": "77"}
    assert made.after == {"name": "didlogic nl", "tech_prefix": "78"}


@pytest.mark.parametrize(
    ("resource", "row", "options"),
    [
        (SIP_TRUNK, TRUNK, {"name": "didlogic nl"}),
        (SIP_TRUNK, TRUNK, {"name": "didlogic nl", "gateways": [{"ip": "192.0.2.1"}]}),
        (SIP_TRUNK, TRUNK, {"name": "didlogic nl", "username": "01234", "password": "12345678"}),
        (SIP_TRUNK, TRUNK, {"name": "didlogic nl", "register": {"domain": "x.example"}}),
        (SIP_TRUNK, TRUNK, {"name": "didlogic nl", "sip_diversion_header": ""}),
        (PHONE_NUMBER, NUMBER, {"number": NUMBER_1, "assistant": "a-1"}),
        (PHONE_NUMBER, NUMBER, {"number": NUMBER_1, "squad": "", "hooks": [], "fallback_destination": {}}),
        (PHONE_NUMBER, NUMBER, {"number": NUMBER_1, "server": {"url": "https://a.example"}}),
        (PHONE_NUMBER, NUMBER, {"number": NUMBER_1, "server": {"backoffPlan": {"type": "fixed"}}}),
        (ASSISTANT, ASSISTANT_ROW, {"name": "Reception", "definition": {"firstMessage": "Hello"}}),
        (ASSISTANT, ASSISTANT_ROW, {"name": "Reception", "definition": {"voice": {"voiceId": "v"}}}),
        (ASSISTANT, ASSISTANT_ROW, {"name": "Reception", "tools": ["x-1"]}),
        (ASSISTANT, ASSISTANT_ROW, {"name": "Reception", "tools": []}),
        (ASSISTANT, ASSISTANT_ROW, {"name": "Reception", "definition": {}}),
        (TRANSFER_TOOL, TOOL, {"name": "to_human", "description": "Hands over", "destinations": [], "messages": []}),
    ],
)
def test_plan_is_empty_if_current_equals_desired(resource: Resource, row: ApiObject, options: ApiObject) -> None:
    made = planned(resource, [row], **options)
    assert (made.action, made.mutations) == ("none", ())
    assert made.before == made.after


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"server": {}}, {"server": None}),
        ({"name": ""}, {"name": ""}),
        ({"assistant": ""}, {"assistantId": None}),
        ({"trunk": "t-2"}, {"credentialId": "t-2"}),
        ({"squad": "s-1"}, {"squadId": "s-1", "assistantId": None}),
    ],
)
def test_empty_value_clears_field_and_choice_clears_alternatives(options: ApiObject, sent: ApiObject) -> None:
    made = planned(PHONE_NUMBER, [NUMBER], number=NUMBER_1, **options)
    assert body(made) == {"provider": "byo-phone-number", **sent}
    assert not made.warnings


def test_workflow_is_rejected_with_date_and_alternative() -> None:
    with pytest.raises(OptionError, match=r"workflow: .*2026-08-19.*assistant or a squad"):
        planned(PHONE_NUMBER, [NUMBER], number=NUMBER_1, workflow="w-1")
    assert planned(PHONE_NUMBER, [NUMBER], number=NUMBER_1, workflow="w-1", state="absent").action == "delete"


@pytest.mark.parametrize("choice", ["assistant", "squad"])
def test_workflow_is_removed_by_choosing_an_alternative(choice: str) -> None:
    row = {name: value for name, value in NUMBER.items() if name != "assistantId"} | {"workflowId": "w-1"}
    made = planned(PHONE_NUMBER, [row], number=NUMBER_1, **{choice: "x-1"})
    assert body(made) == {"provider": "byo-phone-number", f"{choice}Id": "x-1", "workflowId": None}


def test_fallback_is_removed_if_empty_and_replaced_by_another_kind() -> None:
    """A destination is a number or a SIP URI: nothing of the one may survive in the other."""
    there = {"type": "number", "number": "+31201111111", "numberE164CheckEnabled": True, "message": "Wait"}
    row = NUMBER | {"fallbackDestination": there}
    made = planned(PHONE_NUMBER, [row], number=NUMBER_1, fallback_destination={})
    assert body(made)["fallbackDestination"] is None
    assert made.before["fallback_destination"]["number"] == "+31201111111"
    assert "fallback_destination" not in made.after
    assert "fallback_destination" not in made.result

    made = planned(PHONE_NUMBER, [row], number=NUMBER_1, fallback_destination={"sip_uri": "sip:a@b.example"})
    assert body(made)["fallbackDestination"] == {
        "type": "sip",
        "sipUri": "sip:a@b.example",
        "transferPlan": {"mode": "blind-transfer"},
    }
    assert (
        planned(PHONE_NUMBER, [row], number=NUMBER_1, fallback_destination={"number": "+31201111111"}).action
        == "update"
    )


def test_two_alternatives_are_rejected() -> None:
    with pytest.raises(OptionError, match=r"Option squad: cannot be given with assistant"):
        planned(PHONE_NUMBER, [NUMBER], number=NUMBER_1, assistant="a", squad="s")


# ---------------------------------------------------------------------------------------------------------- identity


@pytest.mark.parametrize("spelling", [NUMBER_1, f"+{NUMBER_1}"])
@pytest.mark.parametrize("there", [NUMBER_1, f"+{NUMBER_1}"])
def test_number_is_matched_in_any_spelling_and_stored_as_declared(spelling: str, there: str) -> None:
    made = planned(PHONE_NUMBER, [NUMBER | {"number": there}], number=spelling)
    assert made.action == ("none" if spelling == there else "update")
    if made.mutations:
        assert body(made) == {"provider": "byo-phone-number", "number": spelling}


SECOND, THIRD = "ffffffff-ffff-4fff-8fff-ffffffffffff", "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"


def test_ambiguous_match_is_rejected_and_id_selects() -> None:
    rows = [TRUNK, TRUNK | {"id": SECOND}]
    for state in ("present", "absent"):
        with pytest.raises(OptionError) as raised:
            planned(SIP_TRUNK, rows, name="didlogic nl", state=state)
        assert f"{SECOND}, t-1" in str(raised.value)
        assert "Give id to pick one" in str(raised.value)
    made = planned(SIP_TRUNK, rows, name="didlogic nl", id=SECOND, tech_prefix="1")
    assert made.mutations[0].ids == {"id": SECOND}
    assert planned(SIP_TRUNK, rows, name="new name", id=SECOND).after == {"name": "new name"}
    with pytest.raises(OptionError, match="no SIP trunk has this id"):
        planned(SIP_TRUNK, rows, name="didlogic nl", id=THIRD)
    assert planned(SIP_TRUNK, rows, name="didlogic nl", id=THIRD, state="absent").action == "none"


def test_only_objects_of_this_run_are_deleted_as_duplicates() -> None:
    older = TRUNK | {"id": "t-0", "createdAt": "2025-12-31T00:00:00.000Z"}
    memory = RunState(created={"t-1": TRUNK})
    made = planned(SIP_TRUNK, [TRUNK, older], memory=memory, name="didlogic nl")
    assert [(write.method, write.ids) for write in made.mutations] == [("DELETE", {"id": "t-1"})]
    assert made.result["id"] == "t-0"
    newer = TRUNK | {"id": "t-2", "createdAt": "2026-01-02T00:00:00.000Z"}
    assert planned(SIP_TRUNK, [TRUNK, newer], memory=memory, name="didlogic nl").mutations == ()


# ----------------------------------------------------------------------------------------------------------- secrets


def test_password_is_written_according_to_update_password() -> None:
    secret = canary()
    same = {"name": "didlogic nl", "username": "01234", "password": secret}
    assert planned(SIP_TRUNK, [TRUNK], **same).action == "none"
    always = planned(SIP_TRUNK, [TRUNK], **same, update_password="always")
    assert body(always)[PLAN] == {
        "authUsername": "01234", "authPassword": secret, "sipRegisterPlan": {"domain": "x.example"},
    }  # fmt: skip
    assert (
        planned(SIP_TRUNK, [TRUNK], memory=RunState(secret_written=True), **same, update_password="always").action
        == "none"
    )
    other = planned(SIP_TRUNK, [TRUNK], **same | {"username": "56789"})
    assert body(other)[PLAN]["authPassword"] == secret
    create = planned(SIP_TRUNK, [], **trunk_options(password=secret))
    assert body(create)[PLAN]["authPassword"] == secret
    for made in (always, other, create):
        assert secret not in json.dumps([made.before, made.after, made.result, made.extra])
        assert made.after["password"] == "(written, not shown)"
        assert made.carries_secret


@pytest.mark.parametrize("change", [{"username": "56789"}, {"register": {"realm": "r"}}])
def test_change_of_auth_plan_requires_the_password(change: ApiObject) -> None:
    with pytest.raises(OptionError) as raised:
        planned(SIP_TRUNK, [TRUNK], name="didlogic nl", **change)
    assert raised.value.path == "password"


def test_empty_username_removes_authentication() -> None:
    made = planned(SIP_TRUNK, [TRUNK], name="didlogic nl", username="")
    assert body(made)[PLAN] is None


def test_password_without_username_is_rejected() -> None:
    with pytest.raises(OptionError, match="the two are sent together"):
        planned(SIP_TRUNK, [], **trunk_options(username=None))


# ----------------------------------------------------------------------------------------------------------- nesting


def test_object_is_sent_with_its_unknown_fields() -> None:
    made = planned(PHONE_NUMBER, [NUMBER], number=NUMBER_1, server={"url": "https://b.example"})
    assert body(made)["server"] == {"url": "https://b.example", "secret": "s", "backoffPlan": {"type": "fixed"}}
    assert made.before["server"] == {"url": "https://a.example"}

    made = planned(TRANSFER_TOOL, [TOOL], name="to_human", description="Else")
    assert body(made)["function"] == {"name": "to_human", "description": "Else", "parameters": {"type": "object"}}

    row = TRUNK | {PLAN: TRUNK[PLAN] | {"unknown": 1}}
    made = planned(SIP_TRUNK, [row], name="didlogic nl", username="5", password=canary())
    assert body(made)[PLAN]["unknown"] == 1


def test_lists_are_replaced_as_given() -> None:
    made = planned(SIP_TRUNK, [TRUNK], name="didlogic nl", gateways=[{"ip": "192.0.2.9"}])
    assert [gateway["ip"] for gateway in body(made)["gateways"]] == ["192.0.2.9"]


@pytest.mark.parametrize(
    "options",
    [
        {"tools": ["x-2"]},
        {"tools": [], "tools_mode": "replace"},
        {"definition": {"model": {"temperature": 0.5}}},
        {"definition": {"model": {"model": "gpt-5"}}},
        {"definition": {"model": {"maxTokens": 5}}, "tools": ["x-2"]},
    ],
)
def test_prompt_is_preserved(options: ApiObject) -> None:
    made = planned(ASSISTANT, [ASSISTANT_ROW], name="Reception", **options)
    model = body(made)["model"]
    assert model["messages"] == MODEL["messages"]
    assert model["provider"] == MODEL["provider"]
    tools = {"append": ["x-1", *options.get("tools", [])], "replace": []}[options.get("tools_mode", "append")]
    assert model["toolIds"] == tools
    assert body(made).keys() == {"model"}, "what is not touched is not sent"


def test_read_only_fields_are_not_sent() -> None:
    made = planned(ASSISTANT, [ASSISTANT_ROW], name="Reception", definition={"firstMessage": "Else"})
    assert body(made) == {"firstMessage": "Else"}


def test_null_in_response_equals_missing_field() -> None:
    made = planned(ASSISTANT, [ASSISTANT_ROW], name="Reception", definition={"voice": {"voiceId": "w"}})
    assert body(made)["voice"] == {"provider": "11labs", "voiceId": "w"}
    row = NUMBER | {"server": {"url": "https://a.example", "secret": None}, "hooks": None}
    assert planned(PHONE_NUMBER, [row], number=NUMBER_1, server={"url": "https://a.example"}).action == "none"


def test_null_removes_nested_field() -> None:
    made = planned(ASSISTANT, [ASSISTANT_ROW], name="Reception", definition={"voice": {"voiceId": None}})
    assert body(made)["voice"] == {"provider": "11labs"}


def test_null_removes_field_of_definition() -> None:
    made = planned(ASSISTANT, [ASSISTANT_ROW], name="Reception", definition={"firstMessage": None})
    assert body(made) == {"firstMessage": None}


def test_tools_require_a_model() -> None:
    with pytest.raises(OptionError, match=r"requires definition\.model"):
        planned(ASSISTANT, [], name="Reception", tools=["x-1"])


def test_redaction_marker_is_not_written() -> None:
    """Given back, it leaves the secret alone; in a new place it is refused."""
    hidden = {"url": "https://a.example", "secret": "hidden"}
    made = planned(PHONE_NUMBER, [NUMBER], number=NUMBER_1, server=hidden)
    assert made.action == "none"
    made = planned(PHONE_NUMBER, [NUMBER], number=NUMBER_1, server={**hidden, "url": "https://b.example"})
    assert body(made)["server"]["secret"] == "s"
    for rows in ([], [NUMBER | {"server": None}]):
        with pytest.raises(
            OptionError, match=r"server\.secret: contains the redaction marker of a result instead of a secret"
        ):
            planned(PHONE_NUMBER, rows, number=NUMBER_1, number_e164_check_enabled=False, trunk="t-1", server=hidden)
    hooks = [{"on": "x", "do": [{"server": {"secret": "s"}}]}]
    displayed = [{"on": "x", "do": [{"server": {"secret": "hidden"}}]}]
    row = NUMBER | {"hooks": hooks}
    assert planned(PHONE_NUMBER, [row], number=NUMBER_1, hooks=displayed).action == "none"
    with pytest.raises(OptionError, match=r"hooks\[0\]"):
        planned(PHONE_NUMBER, [row], number=NUMBER_1, hooks=[{**displayed[0], "on": "y"}])


# ------------------------------------------------------------------------------------------------------------- absent


def test_delete_is_rejected_while_referrers_exist() -> None:
    held = [NUMBER | {"id": f"n-{i}", "number": f"3120000000{i}"} for i in range(3)]
    with pytest.raises(OptionError) as raised:
        planned(SIP_TRUNK, [TRUNK], held=[held], name="didlogic nl", state="absent")
    assert all(row["number"] in str(raised.value) for row in held)
    assert planned(SIP_TRUNK, [TRUNK], held=[held], name="didlogic nl", state="absent", force=True).action == "delete"
    free = [row | {"credentialId": "other"} for row in held]
    assert planned(SIP_TRUNK, [TRUNK], held=[free], name="didlogic nl", state="absent").action == "delete"

    squad = {"id": "s-1", "name": "Team", "members": [{"assistantId": "a-0"}, {"assistantId": "a-1"}]}
    for uses in ([[NUMBER], []], [[], [squad]]):
        with pytest.raises(OptionError, match="is still used by"):
            planned(ASSISTANT, [ASSISTANT_ROW], held=uses, name="Reception", state="absent")


def test_tool_is_detached_from_assistants_before_delete() -> None:
    holder = ASSISTANT_ROW | {"model": ASSISTANT_ROW["model"] | {"toolIds": ["x-0", "x-1", "x-2"]}}
    other = ASSISTANT_ROW | {"id": "a-2", "model": MODEL}
    made = planned(TRANSFER_TOOL, [TOOL], held=[[holder, other]], name="to_human", state="absent")
    patch, delete = made.mutations
    assert (patch.method, patch.path, patch.ids) == ("PATCH", "/assistant/{id}", {"id": "a-1"})
    assert patch.body == {"model": {**MODEL, "toolIds": ["x-0", "x-2"]}}
    assert (delete.method, delete.path, delete.missing_ok) == ("DELETE", "/tool/{id}", True)


def test_diff_of_delete_shows_the_declared_fields() -> None:
    made = planned(SIP_TRUNK, [TRUNK], name="didlogic nl", tech_prefix="1", state="absent")
    assert (made.before, made.after, made.result) == ({"name": "didlogic nl", "tech_prefix": "77"}, {}, {})


# -------------------------------------------------------------------------------------------------------- replacement


@pytest.mark.parametrize("name", ["x", "didlogic nl", "n" * 29, "n" * 30, "n" * 40, "n" * 39 + "m"])
def test_superseded_name_is_distinct_and_within_length_limit(name: str) -> None:
    assert name != superseded_name(name, NAME_LIMIT)
    assert len(superseded_name(name, NAME_LIMIT)) <= NAME_LIMIT
    assert superseded_name("n" * 40, NAME_LIMIT) != superseded_name("n" * 39 + "m", NAME_LIMIT)


def replace_options(**more: t.Any) -> ApiObject:
    return {"name": "didlogic nl", "username": "56789", "password": canary(), "on_auth_change": "replace", **more}


def test_replacement_renames_creates_moves_and_then_deletes() -> None:
    made = planned(SIP_TRUNK, [TRUNK], held=[[NUMBER]], **replace_options())
    assert [write.method for write in made.mutations] == ["PATCH", "POST", "PATCH", "DELETE"]
    rename, create, move, remove = made.mutations
    assert rename.body == {"provider": "byo-sip-trunk", "name": superseded_name("didlogic nl", NAME_LIMIT)}
    assert create.body is not None
    assert create.body["techPrefix"] == "77", "what is not managed is carried over"
    assert create.body["name"] == "didlogic nl"
    assert move.body == {"provider": "byo-phone-number", "credentialId": UNKNOWN_ID}
    assert remove.ids == {"id": "t-1"}
    assert made.extra == {"replaced_id": "t-1"}
    assert planned(SIP_TRUNK, [TRUNK], name="didlogic nl", tech_prefix="1", on_auth_change="replace").extra == {}


# ----------------------------------------------------------------------------------------------------- transfer tools

TARGETS = ["+12025550101", "+12025550102", "sip:+12025550103@sip.example.com", "Sales"]
OPTION = {"+": "number", "s": "sip_uri", "S": "assistant_name"}
WIRE = {"+": ("number", "number"), "s": ("sip", "sipUri"), "S": ("assistant", "assistantName")}
SOME = st.lists(st.sampled_from(TARGETS), unique=True, max_size=3)


@given(SOME, SOME, SOME, st.sampled_from(["enum", "examples", "const", "default"]))
def test_tool_parameters_list_no_removed_destination(
    previous: list[str], new: list[str], listed: list[str], key: str
) -> None:
    """Whatever ``function.parameters`` lists, also where an earlier run has left it behind."""
    value: t.Any = ["by name", *listed] if key in ("enum", "examples") else (listed or ["by name"])[0]
    destination = {"type": "string", "description": "Where to.", key: value}
    parameters = {"type": "object", "properties": {"destination": destination, "why": {"enum": TARGETS}}}
    row = TOOL | {
        "function": {"name": "to_human", "parameters": parameters},
        "destinations": [{"type": WIRE[to[0]][0], WIRE[to[0]][1]: to} for to in previous],
    }
    destinations = [{OPTION[to[0]]: to, "description": "x"} for to in new]
    made = planned(TRANSFER_TOOL, [row], name="to_human", destinations=destinations)
    sent = made.mutations[0].body or {} if made.mutations else {}
    after = dig({**row, **sent}, ["function", "parameters"])
    displayed = dig(after, ["properties", "destination", key])
    names = displayed if isinstance(displayed, list) else [displayed] if displayed else []
    known = [name for name in names if name in TARGETS]
    assert set(known) - {"Sales"} <= set(new), "no former number or SIP URI"
    assert "Sales" not in known or "Sales" in new or "Sales" not in previous
    if isinstance(displayed, list):
        assert displayed[0] == "by name"
        stale = [to for to in listed if to not in new and (to != "Sales" or to in previous)]
        assert set(known) >= set(new) if stale else known == listed
    assert after["properties"]["why"] == {"enum": TARGETS}, "another property is not touched"
    assert dig(after, ["properties", "destination", "description"]) == "Where to."


LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(TARGETS) | st.text(max_size=5)
KEYWORDS = st.sampled_from(["enum", "oneOf", "allOf", "properties", "items", "const", "x"])
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=3),
    max_leaves=8,
)
#: Forms of a schema that offers some values to the model.
SCHEMAS: dict[str, t.Callable[[list[t.Any]], ApiObject]] = {
    "enum": lambda values: {"type": "string", "enum": values},
    "const": lambda values: {"oneOf": [{"const": value, "title": "x"} for value in values]},
    "anyOf": lambda values: {"anyOf": [{"type": "null"}, *({"enum": [value]} for value in values)]},
    "nested": lambda values: {"type": "object", "properties": {"to": {"enum": values}, "why": {"type": "string"}}},
    "items": lambda values: {"type": "array", "items": {"anyOf": [{"enum": values}, {"type": "null"}]}},
    "allOf": lambda values: {"allOf": [{"type": "string"}, {"enum": values}]},
    "defs": lambda values: {"$defs": {"to": {"oneOf": [{"const": value} for value in values]}}, "type": "string"},
}
#: Spellings of the same number.
SPELLINGS = [
    "+12025550101",
    "12025550101",
    "sip:+12025550101@sip.example.com",
    "SIP:12025550101@other.example.com:5060",
    "tel:+12025550101",
    "+1 (202) 555-0101",
]


def strings(value: t.Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    return [text for item in value for text in strings(item)] if isinstance(value, list) else [str(value)]


@pytest.mark.parametrize("form", SCHEMAS)
@pytest.mark.parametrize("spelled", [text for text in SPELLINGS if "(" not in text])
@pytest.mark.parametrize("removed", [True, False])
def test_every_form_of_parameters_loses_a_removed_destination(form: str, spelled: str, removed: bool) -> None:
    destination = {**SCHEMAS[form]([spelled, "by name"]), "description": "Where to."}
    parameters = {"type": "object", "properties": {"destination": destination, "other": {"enum": [spelled]}}}
    row = TOOL | {
        "function": {"name": "to_human", "parameters": parameters},
        "destinations": [{"type": "number", "number": "+12025550101"}],
    }
    to = {"number": "+12025550199" if removed else "+12025550101"}
    made = planned(TRANSFER_TOOL, [row], name="to_human", destinations=[to])
    sent = made.mutations[0].body or {} if made.mutations else {}
    after = dig({**row, **sent}, ["function", "parameters", "properties"])
    offered = strings(after["destination"])
    assert (spelled in offered) is not removed
    assert ("+12025550199" in offered) is removed
    assert "by name" in offered
    assert after["other"] == {"enum": [spelled]}
    # Another parameter is not changed, but named.
    named = [text for text in made.warnings if "still names +12025550101" in text]
    assert len(named) == removed
    assert not removed or "parameters.properties.other.enum[0] " in named[0]
    # The result is stable.
    again = planned(TRANSFER_TOOL, [{**row, **sent}], name="to_human", destinations=[to])
    assert (again.action, list(again.warnings)) == ("none", [])


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize("text", ["Call {}.", "sales: {}, support: +12025550102", "({})", "{}"])
@pytest.mark.parametrize("place", ["destination", "other", "nested"])
def test_text_that_names_a_removed_destination_is_reported(spelled: str, text: str, place: str) -> None:
    described: ApiObject = {"description": text.format(spelled)}
    described = {"properties": {"inner": described}} if place == "nested" else described
    parameters = {"type": "object", "properties": {place: {"type": "string", **described}}}
    row = TOOL | {
        "function": {"name": "to_human", "parameters": parameters},
        "destinations": [{"type": "number", "number": f"+1202555010{n}"} for n in (1, 2)],
    }
    (warning,) = planned(
        TRANSFER_TOOL, [row], name="to_human", destinations=[{"number": "+12025550102", "description": "x"}]
    ).warnings
    assert "still names +12025550101" in warning
    assert "description " in warning
    kept = planned(
        TRANSFER_TOOL, [row], name="to_human", destinations=[{"number": "+12025550101", "description": "x"}]
    ).warnings
    assert ("+12025550102" in text) is bool(kept)


def test_text_that_names_an_offered_number_without_destination_is_reported() -> None:
    destination = {"enum": ["+12025550108"], "description": "At night +12025550108."}
    row = TOOL | {
        "function": {"name": "to_human", "parameters": {"properties": {"destination": destination}}},
        "destinations": [{"type": "number", "number": "+12025550101"}],
    }
    made = planned(TRANSFER_TOOL, [row], name="to_human", destinations=[{"number": "+12025550101"}])
    assert dig(body(made), ["function", "parameters", "properties", "destination", "enum"]) == ["+12025550101"]
    assert [text for text in made.warnings if "destination.description still names +12025550108" in text]


@given(JSON)
def test_any_parameters_are_read(value: t.Any) -> None:
    row = TOOL | {"function": {"name": "to_human", "parameters": {"properties": {"destination": value}}}}
    planned(TRANSFER_TOOL, [row], name="to_human", destinations=[{"number": "+12025550109"}])


@given(SOME, st.booleans())
def test_returned_destinations_are_typed_and_idempotent_as_input(to: list[str], spoken: bool) -> None:
    more = {"message": "Just a moment.", "description": "x"} if spoken else {}
    row = TOOL | {"destinations": [{"type": WIRE[name[0]][0], WIRE[name[0]][1]: name, **more} for name in to]}
    displayed = to_result(TRANSFER_TOOL, row, None)
    for name, item in zip(to, displayed["destinations"], strict=True):
        assert item[OPTION[name[0]]] == name
        outward = {"mode", "number_e164_check_enabled"}
        assert outward & set(item) == (set() if name == "Sales" else outward)
    back = planned(TRANSFER_TOOL, [row], name="to_human", destinations=displayed["destinations"])
    assert back.action == "none"
    gone = planned(
        TRANSFER_TOOL, [row], name="to_human", destinations=[*displayed["destinations"], {"number": "+12025550109"}]
    )
    assert body(gone)["destinations"][: len(to)] == [
        {"numberE164CheckEnabled": True, "transferPlan": {"mode": "blind-transfer"}, **item}
        if item["type"] == "number"
        else {"transferPlan": {"mode": "blind-transfer"}, **item}
        if item["type"] == "sip"
        else item
        for item in row["destinations"]
    ]


@pytest.mark.parametrize("name", ["caller_id", "extension", "sip_verb", "transfer_plan", "sip_headers"])
def test_destination_of_assistant_rejects_carrier_options(name: str) -> None:
    value: t.Any = {"sip_verb": "dial", "extension": "1", "caller_id": "x"}.get(name, {"a": "b"})
    with pytest.raises(OptionError, match=f"{name}.*assistant_name"):
        planned(TRANSFER_TOOL, [], name="x", destinations=[{"assistant_name": "Sales", name: value}])
    with pytest.raises(OptionError, match="exactly one of number, sip_uri and assistant_name"):
        planned(TRANSFER_TOOL, [], name="x", destinations=[{"assistant_name": "Sales", "number": "+12025550109"}])
    with pytest.raises(OptionError, match="transfer_mode"):
        planned(TRANSFER_TOOL, [], name="x", destinations=[{"number": "+12025550109", "transfer_mode": "x"}])


#: Every setting of a trunk in the published description, none of which has the value of a fresh trunk.
SETTINGS: ApiObject = {
    "gateways": [GATEWAY | SWITCHES | {"port": 5070}],
    "outboundAuthenticationPlan.sipRegisterPlan.domain": "register.example",
    "outboundAuthenticationPlan.sipRegisterPlan.username": "00001",
    "outboundAuthenticationPlan.sipRegisterPlan.realm": "realm.example",
    "outboundLeadingPlusEnabled": True,
    "techPrefix": "99",
    "sipDiversionHeader": "diversion",
}
#: What the collection has no option for, at every depth.
UNKNOWN: ApiObject = {
    "newSetting": 1,
    "outboundAuthenticationPlan.newSetting": {"x": 1},
    "outboundAuthenticationPlan.sipRegisterPlan.newSetting": "x",
    "gateways": [GATEWAY | SWITCHES | {"newSetting": True}],
}


def placed(values: ApiObject) -> ApiObject:
    """A body of values by their dotted places."""
    body: ApiObject = {}
    for place, value in values.items():
        *path, last = place.split(".")
        room = body
        for step in path:
            room = room.setdefault(step, {})
        room[last] = value
    return body


@pytest.mark.parametrize("option", ["on_auth_change", "settings_from"])
@given(
    st.sets(st.sampled_from(sorted(SETTINGS))),
    st.sets(st.sampled_from(sorted(UNKNOWN))),
    st.sets(st.sampled_from(["tech_prefix", "outbound_leading_plus_enabled"])),
)
def test_replacing_trunk_copies_every_setting(option: str, has: set[str], new: set[str], given: set[str]) -> None:
    """By ``on_auth_change: replace``, and beside the former one as the rotation makes it."""
    there = {"gateways": TRUNK["gateways"], f"{PLAN}.authUsername": "01234"}
    there |= {name: SETTINGS[name] for name in has} | {name: UNKNOWN[name] for name in new}
    row = {key: TRUNK[key] for key in ("id", "createdAt", "provider", "name")} | {"orgId": "o"} | placed(there)
    declared: ApiObject = {name: {"tech_prefix": "11", "outbound_leading_plus_enabled": False}[name] for name in given}
    options = {"name": "didlogic nl", "on_auth_change": "replace"}
    if option == "settings_from":
        options = {"name": "didlogic nl (next)", "settings_from": "t-1"}
    made = planned(SIP_TRUNK, [row], username="56789", password=canary(), **options, **declared)
    (create,) = [write.body for write in made.mutations if write.method == "POST"]
    assert create is not None
    for name in has - set(UNKNOWN):
        kept = {"techPrefix": "tech_prefix", "outboundLeadingPlusEnabled": "outbound_leading_plus_enabled"}.get(name)
        wanted_value = declared.get(kept or "", SETTINGS[name])
        assert dig(create, name.split(".")) == wanted_value, name
    assert dig(create, [PLAN, "authUsername"]) == "56789"
    assert dig(create, [PLAN, "authPassword"])
    assert create["gateways"][0]["port"] == row["gateways"][0]["port"]
    places = {name: name if name != "gateways" else "gateways[0].newSetting" for name in new}
    named = [text for text in made.warnings if "is not copied to the new one" in text]
    assert len(named) == bool(new)
    assert all(place in named[0] for place in places.values())


@given(st.sampled_from(["01234", "00001"]))
def test_replacing_trunk_registers_with_its_own_login(registered: str) -> None:
    """Where the former one registered with its own; a registration under another login stays."""
    row = {**TRUNK, PLAN: {"authUsername": "01234", "sipRegisterPlan": {"domain": "x.example", "username": registered}}}
    made = planned(SIP_TRUNK, [row], name="next", settings_from="t-1", username="56789", password=canary())
    plan_ = body(made)[PLAN]["sipRegisterPlan"]
    assert plan_ == {"domain": "x.example", "username": "56789" if registered == "01234" else registered}


def test_settings_from_missing_trunk_is_an_error() -> None:
    with pytest.raises(OptionError, match="settings_from"):
        planned(SIP_TRUNK, [], **trunk_options(settings_from="t-9"))


class Killed(BaseException):
    """The process ends here."""


def interrupted(stage: SandboxFixture, step: int, how: str) -> Hook:
    """Something happens at the write of that number."""
    left = {"writes": step}

    def strike(request: httpx.Request, moment: str) -> None:
        if request.method == "GET" or moment != how.rsplit(maxsplit=1)[-1]:
            return
        left["writes"] -= 1
        if left["writes"] == -1:
            if how.startswith("killed"):
                raise Killed
            raise httpx.ReadError("connection reset", request=request)

    def after(request: httpx.Request, answer: httpx.Response) -> None:
        strike(request, "after")

    return Hook(stage, lambda request: strike(request, "before"), after)


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("more", [{}, {"update_password": "always"}, {"id": True}], ids=["plain", "always", "by id"])
@pytest.mark.parametrize("how", ["killed before", "killed after", "lost before", "lost after"])
@pytest.mark.parametrize("step", range(5))
def test_replacement_converges_after_interruption(step: int, how: str, more: ApiObject) -> None:
    stage = SandboxFixture()
    old = stage.do(SIP_TRUNK, **trunk_options(tech_prefix="77")).result["id"]
    for number in (NUMBER_1, "31200000001"):
        stage.do(PHONE_NUMBER, **number_options(number=number))
    options = replace_options(**more)
    if "id" in options:
        options["id"] = old
    with contextlib.suppress(Killed):
        stage.try_(SIP_TRUNK, transport=interrupted(stage, step, how), **options)
    names = [row["name"] for row in stage.store("credentials")]
    assert len(set(names)) == len(names), f"two objects carry one name: {names}"
    used = {row["credentialId"] for row in stage.store("phone_numbers")}
    assert used <= {row["id"] for row in stage.store("credentials")}, "a number points at nothing"

    if old not in stage.world.vapi["credentials"]:
        options.pop("id", None)  # the id went with the object
    outcome = stage.try_(SIP_TRUNK, **options)
    assert outcome.error is None, outcome.error
    (trunk,) = stage.store("credentials")
    assert trunk["name"] == "didlogic nl"
    assert trunk["techPrefix"] == "77", "what is not managed is carried over"
    assert trunk[PLAN] == {"authUsername": "56789", "authPassword": options["password"]}
    assert {row["credentialId"] for row in stage.store("phone_numbers")} == {trunk["id"]}
    options = {name: value for name, value in options.items() if name not in ("id", "update_password")}
    stage.fresh()
    assert not stage.do(SIP_TRUNK, **options).changed
