# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them, in this process and over the sandbox."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import signal
import sys
import typing as t
import uuid

import httpx
import pytest
from ansible.module_utils import basic

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import entrypoints
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._ansible import module as ansible_module
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import client as http_client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    FORWARD,
    MODEL,
    NUMBER_1,
    NUMBER_2,
    PHONE_NUMBER,
    SIP_TRUNK,
    SandboxFixture,
    account_options,
    assistant_options,
    canary,
    forward_options,
    number_options,
    tool_options,
    trunk_options,
)

MODULES = "ansible_collections.voiceops.vapi_didlogic.plugins.modules."
Result = dict[str, t.Any]


def patched_arguments(params: Result) -> t.Any:
    """What makes a module read its parameters from here, on any supported ansible-core."""
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:
        return _older_arguments(params)
    return patch_module_args(params)


@contextlib.contextmanager
def _older_arguments(params: Result) -> t.Iterator[None]:
    before = basic._ANSIBLE_ARGS
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": params}).encode()
    try:
        yield
    finally:
        basic._ANSIBLE_ARGS = before


class ModuleRunner:
    """Runs modules over a stage and returns what they print."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage, self.patch = SandboxFixture(), monkeypatch
        self.transport: t.Any = None
        self.output = ""
        make, stage = http_client.Client, self.stage

        def client(service: t.Any, connection: t.Any, http: t.Any, **kwargs: t.Any) -> t.Any:
            transport = self.transport or stage.transport
            # To read the CA certificates takes longer than all the rest.
            http = http.model_copy(update={"validate_certs": False})
            return make(
                service, connection, http, **kwargs, transport=transport, sleep=stage.sleep, clock=lambda: stage.now
            )

        monkeypatch.setattr(ansible_module, "Client", client)
        # In this process ansible-core shows warnings instead of returning them.
        self.warnings: list[str] = []
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _self, text, **_more: self.warnings.append(text))
        monkeypatch.setattr(signal, "signal", lambda *args: None)
        for name in (
            "VAPI_API_KEY",
            "VAPI_TOKEN",
            "VAPI_REGION",
            "VAPI_API_URL",
            "DIDLOGIC_API_KEY",
            "DIDLOGIC_API_URL",
        ):
            monkeypatch.delenv(name, raising=False)

    def raw(self, name: str, params: Result, *, check: bool = False, diff: bool = False, verbosity: int = 0) -> Result:
        """What the module prints, failed or not."""
        common = {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_verbosity": verbosity}
        common |= {"_ansible_remote_tmp": "/tmp", "_ansible_keep_remote_files": False}
        out = io.StringIO()
        module = importlib.import_module(MODULES + name)
        with (
            patched_arguments({**params, **common}),
            contextlib.redirect_stdout(out),
            pytest.raises(SystemExit) as exit_,
        ):
            module.main()
        self.output = out.getvalue()
        result: Result = json.loads(self.output)
        assert bool(exit_.value.code) == result.get("failed", False)
        return result

    def run(self, name: str, params: Result, **how: t.Any) -> Result:
        """What the module answers; with the connection, and no failure."""
        result = self.raw(name, {**self.connection(name), **params}, **how)
        assert not result.get("failed"), result.get("msg")
        return result

    def fail(self, name: str, params: Result, **how: t.Any) -> str:
        result = self.raw(name, {**self.connection(name), **params}, **how)
        assert result.get("failed"), result
        return str(result["msg"])

    def connection(self, name: str) -> Result:
        side = name.split("_", maxsplit=1)[0]
        if side == "integration":
            return {
                f"{service}_{option}": value
                for service in ("vapi", "didlogic")
                for option, value in self.connection(service).items()
            }
        key = self.stage.world.vapi_api_key if side == "vapi" else self.stage.world.didlogic_api_key
        return {"api_key": key, "api_url": f"http://127.0.0.1/{side}"}


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleRunner:
    return ModuleRunner(monkeypatch)


def filled_runner(runner: ModuleRunner) -> ModuleRunner:
    """One of everything."""
    secret_server = {"url": "https://hooks.example", "headers": {"X-Key": canary()}}
    runner.run("vapi_sip_trunk", trunk_options(tech_prefix="77", register={"domain": "x.example"}))
    runner.run("vapi_transfer_tool", tool_options(messages=[{"type": "request-start", "content": "Wait"}]))
    definition = {"firstMessage": "Hello", "model": MODEL, "server": secret_server}
    runner.run("vapi_assistant", assistant_options(tools=["to_human"], definition=definition))
    fallback = {"number": "+31201111111", "message": "All busy", "caller_id": "+31200000000"}
    hooks = [{"on": "call.ringing", "do": [{"type": "say", "exact": "Hi"}]}]
    runner.run(
        "vapi_phone_number",
        number_options(assistant="Reception", fallback_destination=fallback, server=secret_server, hooks=hooks),
    )
    runner.run("didlogic_sip_account", account_options(caller_id="+31201111111"))
    runner.run("didlogic_forward", forward_options(number=NUMBER_1))
    for position, target in (("any", "12345"), ("any", "31299999999"), ("first", "me@sip.example")):
        runner.run("didlogic_forward", {"number": NUMBER_1, "destination": target, "position": position})
    runner.run(
        "didlogic_forward", {"number": NUMBER_1, "destination": "31288888888", "active": False, "position": "any"}
    )
    return runner


NOUNS: dict[str, tuple[str, Result]] = {
    "vapi_sip_trunk": ("sip_trunks", {"name": "didlogic nl"}),
    "vapi_transfer_tool": ("transfer_tools", {"name": "to_human"}),
    "vapi_assistant": ("assistants", {"name": "Reception"}),
    "vapi_phone_number": ("phone_numbers", {"number": NUMBER_1}),
    "didlogic_sip_account": ("sip_accounts", {"label": "Vapi"}),
}


# --------------------------------------------------------------------------------------------------- what comes back


def test_module_result(runner: ModuleRunner) -> None:
    result = runner.run("vapi_sip_trunk", trunk_options())
    assert result["changed"] is True
    assert uuid.UUID(result["sip_trunk"]["id"])
    assert result["sip_trunk"]["name"] == "didlogic nl"
    assert "password" not in result["sip_trunk"]
    assert set(result) <= {"changed", "sip_trunk", "changes", "invocation"}
    assert "diff" not in result
    again = runner.run("vapi_sip_trunk", trunk_options())
    assert again["changed"] is False
    assert again["sip_trunk"] == result["sip_trunk"]
    gone = runner.run("vapi_sip_trunk", {"name": "didlogic nl", "state": "absent"})
    assert (gone["changed"], gone["sip_trunk"]) == (True, {})


def test_diff_is_returned_in_diff_mode_only(runner: ModuleRunner) -> None:
    options = trunk_options()
    dry = runner.run("vapi_sip_trunk", options, check=True, diff=True)
    assert dry["sip_trunk"]["id"] == UNKNOWN_ID
    (diff,) = dry["diff"]
    assert (diff["before"], diff["before_header"], diff["after_header"]) == (
        "",
        "SIP trunk didlogic nl",
        "SIP trunk didlogic nl",
    )
    real = runner.run("vapi_sip_trunk", options, diff=True)
    assert real["diff"] == dry["diff"]
    assert options["password"] not in runner.output
    assert runner.run("vapi_sip_trunk", options, diff=True)["diff"] == []
    many = runner.run("vapi_phone_numbers", {"numbers": [number_options()]}, diff=True)
    assert [item["after_header"] for item in many["diff"]] == [f"phone number {NUMBER_1}"]
    gone = runner.run("vapi_phone_number", {"number": NUMBER_1, "state": "absent"}, diff=True)
    assert [(item["before"], item["after"]) for item in gone["diff"]] == [(f'number: "{NUMBER_1}"\n', "")]


def test_diff_of_a_prompt_shows_the_changed_line_only(runner: ModuleRunner) -> None:
    def assistant(*lines: str) -> Result:
        messages = [{"role": "system", "content": "\n".join(lines)}]
        return assistant_options(definition={"model": {**MODEL, "messages": messages}})

    runner.run("vapi_assistant", assistant("You answer calls.", "Be brief.", "Never promise anything."))
    changed = assistant("You answer calls.", "Be polite.", "Never promise anything.")
    (diff,) = runner.run("vapi_assistant", changed, check=True, diff=True)["diff"]
    before, after = (diff[side].splitlines() for side in ("before", "after"))
    different = [(one.strip(), other.strip()) for one, other in zip(before, after, strict=True) if one != other]
    assert different == [("Be brief.", "Be polite.")]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_header_of_a_diff_is_printable(runner: ModuleRunner, state: str) -> None:
    name = "NL\x1b[2J\x07\nPLAY RECAP \u202e\u2028"
    if state == "absent":
        runner.run("vapi_assistant", assistant_options(name=name))
    (diff,) = runner.run("vapi_assistant", assistant_options(name=name, state=state), diff=True)["diff"]
    assert all(diff[side].isprintable() for side in ("before_header", "after_header")), diff
    assert all(character.isprintable() or character in "\n\t" for character in diff["before"] + diff["after"])


def test_report_and_changes_of_a_number_that_moves_to_another_assistant(runner: ModuleRunner) -> None:
    def environment(assistant: str) -> Result:
        trunk = {"name": "didlogic", "gateway": "sip.nl.didlogic.net", "username": "01234", "password": canary()}
        return {
            "trunk": {**trunk, "inbound_networks": ["192.0.2.0/28"]},
            "assistants": [{"name": name, "definition": {"model": MODEL}} for name in ("Reception", "Night")],
            "numbers": [{"number": NUMBER_1, "assistant": assistant}],
        }

    first = runner.run("integration", environment("Reception"))
    assert [(item["kind"], item["action"]) for item in first["changes"]] == [
        ("sip_trunk", "create"),
        ("assistant", "create"),
        ("assistant", "create"),
        ("phone_number", "create"),
        ("forward", "create"),
    ]
    for check in (True, False):
        moved = runner.run("integration", environment("Night"), check=check)
        assert any(line.endswith("moved from Reception to Night") for line in moved["report"]), moved["report"]
        ids = moved["integration"]["assistant_ids"]
        assert [(item["kind"], item["before"], item["after"]) for item in moved["changes"]] == [
            ("phone_number", {"assistant": ids["Reception"]}, {"assistant": ids["Night"]})
        ]
    assert runner.run("integration", environment("Night"))["changes"] == []


def test_check_mode_fails_on_a_change_if_it_must_not_find_one(runner: ModuleRunner) -> None:
    trunk = {"name": "didlogic", "gateway": "sip.nl.didlogic.net", "username": "01234", "password": canary()}
    options = {**runner.connection("integration"), "trunk": trunk, "numbers": [{"number": NUMBER_1}], "verify": False}
    failed = runner.raw("integration", {**options, "fail_on_change": True}, check=True)
    assert failed["failed"]
    assert failed["msg"].startswith(
        f"drift: 3 objects would be changed: trunk didlogic, phone number {NUMBER_1}, forward "
    )
    assert (failed["changed"], len(failed["changes"]), failed["report"][0][:7]) == (True, 3, "DRY RUN")
    assert not runner.stage.writes
    applied = runner.raw("integration", {**options, "fail_on_change": True})
    assert (applied.get("failed", False), applied["changed"]) == (False, True)
    unchanged = runner.raw("integration", {**options, "fail_on_change": True}, check=True)
    assert (unchanged.get("failed", False), unchanged["changed"]) == (False, False)


# Each task continues from the state after the previous ones: options; kind, action and fields of the expected change.
TRUNK_ID = str(uuid.uuid4())
CHANGES: list[tuple[str, Result, tuple[str, str, set[str]] | None]] = [
    ("vapi_sip_trunk", trunk_options(tech_prefix="78"), ("sip_trunk", "update", {"tech_prefix"})),
    ("vapi_sip_trunk", trunk_options(tech_prefix="78"), None),
    (
        "vapi_sip_trunk",
        trunk_options(tech_prefix="78", username="other", password=canary(), on_auth_change="replace"),
        ("sip_trunk", "replace", {"username", "password"}),
    ),
    ("vapi_assistant", assistant_options(name="Night"), ("assistant", "create", {"name", "definition"})),
    ("vapi_phone_number", number_options(assistant="Night"), ("phone_number", "update", {"assistant"})),
    (
        "vapi_phone_numbers",
        {"numbers": [number_options(assistant="Reception")]},
        ("phone_number", "update", {"assistant"}),
    ),
    (
        "didlogic_forward",
        {"number": NUMBER_1, "destination": "31277777777", "position": "any"},
        ("forward", "update", {"destinations"}),
    ),
    (
        "didlogic_forwards",
        {"forwards": [forward_options(number=NUMBER_2, vapi_trunk_id=TRUNK_ID)]},
        ("forward", "create", {"destinations"}),
    ),
    (
        "didlogic_forward",
        forward_options(number=NUMBER_2, vapi_trunk_id=TRUNK_ID, state="absent"),
        ("forward", "delete", {"destinations"}),
    ),
    ("didlogic_sip_account", account_options(max_channels=7), ("sip_account", "update", {"max_channels"})),
    ("vapi_transfer_tool", {"name": "to_human", "state": "absent"}, ("transfer_tool", "delete", {"name"})),
]  # fmt: skip


def test_changes_name_each_changed_object_in_check_mode_and_for_real(runner: ModuleRunner) -> None:
    filled_runner(runner)
    for name, options, expected in CHANGES:
        dry = runner.run(name, options, check=True)["changes"]
        real = runner.run(name, options)["changes"]
        assert json.dumps(real).replace(UNKNOWN_ID, "") == json.dumps(dry).replace(UNKNOWN_ID, ""), name
        if expected is None:
            assert real == []
            continue
        assert len(real) == 1, (name, options, real)
        (change,) = real
        assert set(change) == {"kind", "name", "action", "before", "after"}
        kind, action, fields = expected
        assert (change["kind"], change["action"]) == (kind, action), name
        assert {*change["before"], *change["after"]} == fields, name
        assert all(change["before"].get(field) != change["after"].get(field) for field in fields)
        assert not (isinstance(options.get("password"), str) and options["password"] in runner.output)


def test_check_mode_writes_nothing(runner: ModuleRunner) -> None:
    for name, options in (
        ("vapi_sip_trunk", trunk_options()),
        ("vapi_phone_number", number_options(assistant="Reception")),
        ("vapi_assistant", assistant_options(tools=["to_human"])),
        ("vapi_transfer_tool", tool_options()),
        ("didlogic_sip_account", account_options()),
        ("didlogic_forward", {"number": NUMBER_1, "vapi_trunk_id": UNKNOWN_ID}),
        ("didlogic_forwards", {"forwards": [forward_options(number=NUMBER_2)], "exclusive": True}),
        ("vapi_phone_numbers", {"numbers": [number_options()], "trunk": "didlogic nl", "exclusive": True}),
    ):
        assert runner.run(name, options, check=True)["changed"] is True
    assert runner.stage.writes == []


def test_check_mode_placeholder_is_rejected_without_check_mode(runner: ModuleRunner) -> None:
    assert UNKNOWN_ID in runner.fail("didlogic_forward", {"number": NUMBER_1, "vapi_trunk_id": UNKNOWN_ID})
    assert UNKNOWN_ID in runner.fail("vapi_sip_trunk", trunk_options(username=UNKNOWN_ID))
    assert runner.stage.writes == []


# --------------------------------------------------------------------------------------- what comes back, given back


@pytest.mark.parametrize("name", NOUNS)
def test_returned_item_as_input_changes_nothing(runner: ModuleRunner, name: str) -> None:
    plural, sought = NOUNS[name]
    filled_runner(runner)
    listed = runner.run(f"{name}_info", sought)
    assert listed["changed"] is False
    (item,) = listed[plural]
    contents = runner.stage.fresh().contents()
    options = {key: value for key, value in item.items() if key in options_of(runner, name)}
    assert len(options) > 2
    result = runner.run(name, options, diff=True)
    assert result["changed"] is False, result["diff"]
    assert (runner.stage.writes, runner.stage.contents()) == ([], contents)
    # What the module says of it is what the info module says.
    assert result[name.split("_", 1)[1]] == item


def options_of(runner: ModuleRunner, name: str) -> set[str]:
    """The options that a module has."""
    seen: list[t.Any] = []
    make = ansible_module.Module

    def spy(spec: t.Any) -> t.Any:
        seen.append(spec)
        return make(spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entrypoints, "Module", spy)
        runner.raw(name, {})
    return set(seen[0]) - {"api_key", "api_url"}


def test_returned_destinations_as_input_change_nothing(runner: ModuleRunner) -> None:
    filled_runner(runner)
    trunk = runner.stage.destinations()[1]["destination"].split("@")[1].split(".")[0]
    listed = runner.run("didlogic_number_info", {"number": NUMBER_1, "vapi_trunk_ids": [trunk]})
    (number,) = listed["numbers"]
    assert [row["position"] for row in number["destinations"]].count("first") == 1
    assert len(number["destinations"]) == 5
    contents = runner.stage.fresh().contents()
    known = options_of(runner, "didlogic_forward")
    items = [{key: value for key, value in row.items() if key in known} for row in number["destinations"]]
    result = runner.run("didlogic_forwards", {"forwards": items})
    assert result["changed"] is False
    for item in items:
        assert runner.run("didlogic_forward", item)["changed"] is False
    assert (runner.stage.writes, runner.stage.contents()) == ([], contents)


@pytest.mark.parametrize("name", ["didlogic_forward", "didlogic_forwards"])
def test_returned_hidden_label_is_rejected(runner: ModuleRunner, name: str) -> None:
    """It stands for a label that may be a key; as a destination it would lead nowhere."""
    runner.run("didlogic_forward", forward_options())
    (number,) = runner.run("didlogic_number_info", {"number": NUMBER_1})["numbers"]
    (row,) = number["destinations"]
    assert "@hidden." in row["destination"]
    item = {"number": NUMBER_1, "destination": row["destination"]}
    contents = runner.stage.fresh().contents()
    message = runner.fail(name, item if name == "didlogic_forward" else {"forwards": [item]})
    assert "the redaction marker of a result" in message
    assert runner.stage.contents() == contents


# ----------------------------------------------------------------------------------------------------------- info


def test_info_module_result(runner: ModuleRunner) -> None:
    for name, (plural, sought) in NOUNS.items():
        assert runner.run(f"{name}_info", sought)[plural] == []
    filled_runner(runner)
    for name, (plural, sought) in NOUNS.items():
        (item,) = runner.run(f"{name}_info", sought)[plural]
        assert runner.run(f"{name}_info", {})[plural] == [item]
        if name.startswith("vapi"):
            assert runner.run(f"{name}_info", {"id": item["id"]})[plural] == [item]
            assert runner.run(f"{name}_info", {"id": str(uuid.uuid4())})[plural] == []
    assert [n["number"] for n in runner.run("didlogic_number_info", {})["numbers"]] == [NUMBER_2, NUMBER_1]
    assert runner.run("didlogic_account_info", {})["account"] == {"balance": 3.5}
    assert runner.run("vapi_phone_number_info", {"number": f"+{NUMBER_1}"})["phone_numbers"]


def test_info_module_returns_no_secret(runner: ModuleRunner) -> None:
    filled_runner(runner)
    secrets = [runner.stage.store(store)[0]["server"]["headers"]["X-Key"] for store in ("assistants", "phone_numbers")]
    secrets += [runner.stage.world.didlogic["sip_accounts"][0]["password"]]
    for name in NOUNS:
        runner.run(f"{name}_info", {}, verbosity=5)
        assert not any(secret in runner.output for secret in secrets)


# ------------------------------------------------------------------------------------------------------------- bulk


def test_bulk_module_result(runner: ModuleRunner) -> None:
    runner.run("vapi_sip_trunk", trunk_options())
    items: list[Result] = [{"number": f"3120000000{index}"} for index in range(4)]
    items[1]["trunk"] = "nowhere"
    items[3] |= {"state": "absent"}
    common = {"trunk": "didlogic nl", "number_e164_check_enabled": False, "name": "All"}
    result = runner.raw("vapi_phone_numbers", {**runner.connection("vapi"), **common, "numbers": items})
    assert result["failed"] is True
    assert result["changed"] is True
    assert result["summary"] == {"created": 2, "updated": 0, "deleted": 0, "unchanged": 1, "failed": 1}
    (failure,) = result["failures"]
    assert failure["item"] == items[1]["number"]
    assert "nowhere" in failure["message"]
    assert "1 of 4 phone numbers failed" in result["msg"]
    assert [(row["number"], row["name"]) for row in result["phone_numbers"]] == [
        ("31200000000", "All"), ("31200000002", "All"),
    ]  # fmt: skip
    items[1]["trunk"] = "didlogic nl"
    items[0]["name"] = "Own"
    result = runner.run("vapi_phone_numbers", {**common, "numbers": items})
    assert result["summary"] == {"created": 1, "updated": 1, "deleted": 0, "unchanged": 2, "failed": 0}
    assert runner.run("vapi_phone_numbers", {**common, "numbers": items})["changed"] is False


def test_item_option_overrides_common_option(runner: ModuleRunner) -> None:
    runner.run("vapi_sip_trunk", trunk_options())
    runner.run("vapi_assistant", assistant_options())
    made, squad = runner.stage.store("assistants")[0], str(uuid.uuid4())
    times = {name: made[name] for name in ("createdAt", "updatedAt")}
    assistant, members = made["id"], [{"assistantId": made["id"]}]
    runner.stage.world.vapi["squads"][squad] = {"id": squad, "name": "Team", "members": members, **times}
    common = {"trunk": "didlogic nl", "number_e164_check_enabled": False, "assistant": "Reception"}
    items = [{"number": NUMBER_1}, {"number": NUMBER_2, "squad": "Team"}]
    runner.run("vapi_phone_numbers", {**common, "numbers": items})
    one, two = runner.stage.store("phone_numbers")
    assert (one["assistantId"], two["squadId"], two.get("assistantId")) == (assistant, squad, None)

    trunk = str(uuid.uuid4())
    forwards = [{"number": NUMBER_1}, {"number": NUMBER_2, "destination": "12345"}]
    runner.run("didlogic_forwards", {"vapi_trunk_id": trunk, "forwards": forwards})
    assert [row["destination"] for row in runner.stage.destinations(NUMBER_2)] == ["12345"]


def test_common_option_applies_to_every_item(runner: ModuleRunner) -> None:
    """A default of an item must not hide what is said beside the list."""
    trunk = str(uuid.uuid4())
    common = {"region": "eu", "call_hunt": True, "others": "remove", "vapi_trunk_id": trunk}
    runner.run("didlogic_forward", {"number": NUMBER_1, "destination": "12345"})
    runner.run(
        "didlogic_forwards", {**common, "forwards": [{"number": NUMBER_1}, {"number": NUMBER_2, "region": "us"}]}
    )
    (row,) = runner.stage.destinations(NUMBER_1)
    assert (row["destination"], row["callhunt"]) == (f"{NUMBER_1}@{trunk}.sip.eu.vapi.ai", True)
    assert runner.stage.destinations(NUMBER_2)[0]["destination"].endswith(".sip.vapi.ai")


def test_exclusive_forwards_change_only_the_host_of_the_region(runner: ModuleRunner) -> None:
    """Also when the region is left at its default: a phone number is no forward to Vapi."""
    runner.stage.do(FORWARD, number=NUMBER_2, destination="31299999999")
    runner.stage.do(FORWARD, number=NUMBER_2, vapi_trunk_id=str(uuid.uuid4()), position="any")
    result = runner.run("didlogic_forwards", {"exclusive": True, "forwards": [forward_options()]})
    assert result["summary"]["deleted"] == 1
    assert [row["destination"] for row in runner.stage.destinations(NUMBER_2)] == ["31299999999"]


def test_exclusive_phone_numbers_require_a_trunk(runner: ModuleRunner) -> None:
    runner.run("vapi_sip_trunk", trunk_options())
    assert "needs trunk" in runner.fail("vapi_phone_numbers", {"exclusive": True, "numbers": [number_options()]})
    for number in (NUMBER_1, NUMBER_2):
        runner.stage.do(PHONE_NUMBER, **number_options(number=number))
    items = {"exclusive": True, "trunk": "didlogic nl", "numbers": [{"number": NUMBER_1}]}
    dry = runner.run("vapi_phone_numbers", items, check=True)
    assert dry["summary"] == runner.run("vapi_phone_numbers", items)["summary"]
    assert [row["number"] for row in runner.stage.store("phone_numbers")] == [NUMBER_1]


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("vapi_phone_numbers", [{"number": NUMBER_1}, {"number": NUMBER_2}, {"number": f"+{NUMBER_1}"}]),
        ("didlogic_forwards", [{"destination": "12345"}, {"number": NUMBER_2}, {"destination": "31299999999"}]),
        (
            "didlogic_forwards",
            [
                {"destination": "sip:a@B.example", "position": "any"},
                {},
                {"destination": "a@b.example", "position": "any"},
            ],
        ),
        (
            "didlogic_forwards",
            [{"destination": "12345"}, {"number": NUMBER_2}, {"destination": "12345", "state": "absent"}],
        ),
        (
            "didlogic_forwards",
            [{"destination": "12345"}, {"number": NUMBER_2}, {"destination": "12345", "position": "any"}],
        ),
    ],
)
def test_duplicate_items_are_rejected_without_request(runner: ModuleRunner, name: str, items: list[Result]) -> None:
    option = name.split("_", 1)[1].removeprefix("phone_")
    full = {"number": NUMBER_1} | ({"destination": "54321"} if name == "didlogic_forwards" else {})
    message = runner.fail(name, {option: [full | item for item in items]})
    assert message.startswith(f"Option {option}[2]"), message
    assert f"{option}[0]" in message
    assert runner.stage.world.journal == []


def test_log_contains_the_beginning_of_long_lists(runner: ModuleRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log line with a thousand items would be cut, and searching it for secrets takes longer than the requests."""
    lines: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, text, _args=None: lines.append(text))
    items = [number_options(number=f"3120{index:07}") for index in range(300)]
    runner.raw("vapi_phone_numbers", {"numbers": items}, check=True)
    (line,) = lines
    assert items[0]["number"] in line
    assert items[-1]["number"] not in line
    assert "290 more" in line
    assert len(line) < 10_000


@pytest.mark.parametrize("concurrency", [0, 33])
def test_concurrency_is_limited(runner: ModuleRunner, concurrency: int) -> None:
    assert "1 to 32" in runner.fail("vapi_phone_numbers", {"numbers": [number_options()], "concurrency": concurrency})


def test_invalid_item_is_named(runner: ModuleRunner) -> None:
    items = [{"number": NUMBER_1}, {"number": "3"}]
    assert runner.fail("vapi_phone_numbers", {"numbers": items, "trunk": "x"}).startswith(
        'Option numbers[1].number ("3"): '
    )


# ------------------------------------------------------------------------------------------- secrets on the way out


def test_invocation_contains_options_and_no_secret(runner: ModuleRunner) -> None:
    secret = canary()
    for name, params in (
        ("vapi_sip_trunk", trunk_options(passwrd=secret)),
        ("didlogic_forwards", {"forwards": [{"number": NUMBER_1, "vapi_privat_key": secret}]}),
        ("vapi_sip_trunk", trunk_options(gateways=[{"ip": "192.0.2.1", "tokn": secret}])),
    ):
        result = runner.raw(name, {**runner.connection(name), **params}, verbosity=5)
        assert result["failed"] is True
        assert secret not in runner.output, name
    options = trunk_options(password=secret)
    result = runner.raw("vapi_sip_trunk", {**runner.connection("vapi"), **options}, verbosity=5)
    assert secret not in runner.output
    assert runner.stage.world.vapi_api_key not in runner.output
    assert result["invocation"]["module_args"]["name"] == "didlogic nl"
    options = assistant_options(definition={"server": {"headers": {"X-Key": secret}}, "serverUrlSecret": secret})
    runner.raw("vapi_assistant", {**runner.connection("vapi"), **options}, verbosity=5, diff=True)
    assert secret not in runner.output


@pytest.mark.parametrize("side", ["vapi", "didlogic"])
@pytest.mark.parametrize(
    "key",
    ["", "1234567", "********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "two words here", "ümlaut-key-123", "a\nb" * 9],
)
def test_invalid_api_key_is_rejected_without_being_shown(runner: ModuleRunner, side: str, key: str) -> None:
    name = {"vapi": "vapi_sip_trunk_info", "didlogic": "didlogic_account_info"}[side]
    message = runner.fail(name, {"api_key": key})
    assert "api_key" in message
    assert not key or key not in message
    assert runner.stage.world.journal == []


def test_missing_api_key_error_names_the_environment_variable(
    runner: ModuleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VAPI_API_KEY", "VAPI_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    result = runner.raw("vapi_sip_trunk", {})["msg"]
    assert "Option api_key: must be given. " in result
    assert "Option name: must be given." in result
    assert "as VAPI_API_KEY or VAPI_TOKEN." in result


def test_trailing_line_break_of_api_key_is_removed(runner: ModuleRunner) -> None:
    key = runner.stage.world.vapi_api_key
    assert runner.run("vapi_sip_trunk_info", {"api_key": f" {key}\n"})["sip_trunks"] == []
    runner.stage.world.vapi_api_key = canary()
    runner.fail("vapi_sip_trunk_info", {"api_key": f" {key}\n"}, verbosity=5)
    assert key not in runner.output


@pytest.mark.parametrize(
    ("name", "params", "path"),
    [
        ("vapi_sip_trunk", {"name": "x", "password": "********", "username": "1"}, "password"),
        ("vapi_assistant", {"name": "x", "definition": {"server": {"secret": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}}},
         "definition.server.secret"),
        ("didlogic_forwards", {"forwards": [{"number": NUMBER_1, "destination": "1@********.sip.vapi.ai"}]},
         "forwards[0].destination"),
    ],
)  # fmt: skip
def test_mask_is_rejected_as_value(runner: ModuleRunner, name: str, params: Result, path: str) -> None:
    message = runner.fail(name, params)
    assert message.startswith(f"Option {path}: ")
    assert runner.stage.world.journal == []


def test_reflected_secrets_are_redacted(runner: ModuleRunner) -> None:
    """Its words are repeated, scrubbed in every form."""
    secret = canary()

    def reflect(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=[])
        words = f"{request.content.decode()} {request.headers['authorization']} {secret.upper()} {secret[3:14]}"
        return httpx.Response(400, json={"message": [words, words[::-1][:9]]})

    runner.transport = httpx.MockTransport(reflect)
    runner.fail("vapi_sip_trunk", trunk_options(password=secret), verbosity=5, diff=True)
    for word in (secret, runner.stage.world.vapi_api_key):
        pieces = {form[at : at + 8] for form in (word, word.upper()) for at in range(len(word) - 7)}
        assert not [piece for piece in pieces if piece in runner.output]


def test_warnings_are_redacted(runner: ModuleRunner) -> None:
    secret = canary()

    def warned(resource: t.Any, params: t.Any) -> t.Any:
        raise_.warn(f"seen {secret} and {secret[:12]}")
        return original(resource, params)

    original = entrypoints.desired_batches
    raise_: t.Any = None
    make = ansible_module.Module

    def spy(spec: t.Any) -> t.Any:
        nonlocal raise_
        raise_ = make(spec)
        return raise_

    runner.patch.setattr(entrypoints, "Module", spy)
    runner.patch.setattr(entrypoints, "desired_batches", warned)
    runner.run("vapi_sip_trunk", trunk_options(password=secret))
    assert runner.warnings == ["seen ******** and ********"]
    assert secret[:8] not in runner.output


def test_unexpected_error_is_one_sentence_without_values(runner: ModuleRunner) -> None:
    secret = canary()

    def broken(*_args: t.Any) -> t.Any:
        raise ValueError(f"leaks {secret}")

    runner.patch.setattr(entrypoints, "desired_batches", broken)
    result = runner.raw("vapi_sip_trunk", {**runner.connection("vapi"), **trunk_options()}, verbosity=5)
    assert result["failed"] is True
    assert "ValueError in test_module.py line" in result["msg"]
    assert "leaks" not in runner.output
    assert secret not in runner.output
    assert "Traceback" not in runner.output


def test_missing_libraries_are_named(runner: ModuleRunner) -> None:
    runner.patch.setattr(
        ansible_module, "MISSING", {"pydantic": "Traceback\nModuleNotFoundError: No module named 'pydantic'"}
    )
    message = runner.fail("vapi_sip_trunk", trunk_options())
    assert "pydantic" in message
    assert sys.executable in message
    assert "Traceback" not in message
    assert runner.stage.world.journal == []


def test_missing_library_of_a_module_is_an_error(monkeypatch: pytest.MonkeyPatch, runner: ModuleRunner) -> None:
    """Only the modules that need it fail, with the library and the interpreter."""
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    options = {"assistant": "Reception", "phone_number": "Desk", "customer": {"number": "+12025550123"}}
    message = runner.raw("vapi_call", {**runner.connection("vapi_call"), **options})["msg"]
    assert "phonenumbers" in message
    assert sys.executable in message
    runner.run("vapi_call_info", {})


def test_validate_certs_false_warns(runner: ModuleRunner) -> None:
    runner.run("vapi_sip_trunk_info", {"validate_certs": False})
    assert "validate_certs is false" in runner.warnings[0]


def test_api_key_is_read_from_the_environment(runner: ModuleRunner) -> None:
    runner.patch.setenv("VAPI_TOKEN", runner.stage.world.vapi_api_key)
    runner.patch.setenv("VAPI_API_URL", "http://127.0.0.1/vapi")
    assert runner.raw("vapi_sip_trunk_info", {}, verbosity=5)["sip_trunks"] == []
    assert runner.stage.world.vapi_api_key not in runner.output
    runner.patch.setenv("VAPI_API_KEY", canary())
    assert "does not accept the key" in runner.raw("vapi_sip_trunk_info", {})["msg"]


def test_failure_reports_changed_objects(runner: ModuleRunner) -> None:
    runner.stage.do(SIP_TRUNK, **trunk_options())
    runner.stage.do(PHONE_NUMBER, **number_options())
    runner.stage.faults({"kind": "status", "code": 400, "match": {"method": "PATCH", "path_regex": "phone-number"}})
    options = trunk_options(username="99999", on_auth_change="replace")
    result = runner.raw("vapi_sip_trunk", {**runner.connection("vapi"), **options})
    assert (result["failed"], result["changed"]) == (True, True)
    assert "2 of 4 steps were completed" in result["msg"]


@pytest.mark.parametrize(
    ("name", "params", "path"),
    [
        ("vapi_sip_trunk", {"name": ""}, "name"),
        ("vapi_sip_trunk", {"name": "x", "gateways": [{"ip": "sip.x.example"}]}, "gateways[0].ip"),
        ("vapi_sip_trunk", {"name": "x", "gateways": [{"ip": "192.0.2.1", "port": 0}]}, "gateways[0].port"),
        ("vapi_phone_number", {"number": NUMBER_1, "assistant": "a", "squad": "b"}, "squad"),
        ("vapi_phone_number", {"number": NUMBER_1, "fallback_destination": {"number": "12"}}, "fallback_destination"),
        ("vapi_transfer_tool", {"name": "two words"}, "name"),
        ("vapi_transfer_tool", {"name": "x", "destinations": [{"message": "y"}]}, "destinations[0]"),
        ("vapi_assistant", {"name": "x", "definition": {"id": "y"}}, "definition.id"),
        ("vapi_assistant", {"name": "x", "definition": {"model": {"toolIds": []}}}, "definition.model.toolIds"),
        ("didlogic_forward", {"number": NUMBER_1}, "destination / vapi_trunk_id / vapi_private_key"),
        ("didlogic_forward", {"number": NUMBER_1, "vapi_trunk_id": "x"}, "vapi_trunk_id"),
        (
            "didlogic_forward",
            {"number": NUMBER_1, "destination": "12345", "active": False, "others": "remove"},
            "active",
        ),
        ("didlogic_sip_account", {}, "name or label"),
        ("didlogic_sip_account", {"name": "1234"}, "name"),
        ("didlogic_sip_account", {"label": "x", "state": "absent"}, "force"),
        ("didlogic_sip_account", {"label": "x", "allowed_ips": ["::1"]}, "allowed_ips[0]"),
    ],
)
def test_invalid_input_is_rejected_without_request(runner: ModuleRunner, name: str, params: Result, path: str) -> None:
    message = runner.fail(name, params)
    assert message.startswith(f"Option {path}"), message
    assert runner.stage.world.journal == []
