# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A squad of two assistants that answers a phone number, as a user declares it."""

from __future__ import annotations

from typing import Any

VAPI = "voiceops.vapi_didlogic.vapi_"
MODEL = {"provider": "openai", "model": "gpt-4o"}
SQUAD: dict[str, Any] = {
    "name": "Team",
    "members": [
        {"assistant": "Reception", "destinations": [{"type": "assistant", "assistantName": "Sales"}]},
        {"assistant": "Sales", "assistant_overrides": {"firstMessage": "Sales"}},
    ],
    "members_overrides": {"variableValues": {"company": "Example"}},
}
NUMBER = {"number": "31201234560", "number_e164_check_enabled": False, "trunk": "t", "squad": "Team"}
CALL = {"squad": "Team", "phone_number": "31201234560", "customer": {"number": "+31201110001"}}
CAMPAIGN = {
    "name": "Renewal", "squad": "Team", "phone_number": "31201234560", "customers": [{"number": "+31201110001"}],
    "schedule_at": "2099-01-31T09:00:00Z",
}  # fmt: skip


def task(module: str, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {VAPI + module: options, **more}


STATE = [
    task("sip_trunk", {"name": "t", "gateways": [{"ip": "sip.nl.didlogic.net", "inbound_enabled": False}]}),
    *(task("assistant", {"name": name, "definition": {"model": MODEL}}) for name in ("Reception", "Sales")),
    task("squad", SQUAD, register="made"),
    task("phone_number", NUMBER, register="number"),
]


def test_squad_answers_a_phone_number(services: Any) -> None:
    outbound = [task("call", CALL), task("campaign", CAMPAIGN)]
    dry = services.play([*STATE, *outbound], "--check")
    assert (dry.rc, services.writes) == (0, 0), dry.text
    assert dry.changed == len(STATE) + len(outbound)
    assert "no squad 'Team' exists yet" in dry.text

    first = services.play(STATE)
    assert (first.rc, first.changed) == (0, len(STATE)), first.text
    state = services.sandbox("state")["vapi"]
    ids = {row["name"]: row["id"] for row in state["assistants"]}
    (squad,), (number,) = state["squads"], state["phone_numbers"]
    assert [member["assistantId"] for member in squad["members"]] == [ids["Reception"], ids["Sales"]]
    assert squad["members"][0]["assistantDestinations"] == SQUAD["members"][0]["destinations"]
    assert squad["members"][1]["assistantOverrides"] == {"firstMessage": "Sales"}
    assert number["squadId"] == squad["id"]

    writes = services.writes
    names = {
        "that": [
            "made.squad.members | map(attribute='assistant_name') == ['Reception', 'Sales']",
            "number.phone_number.squad_name == 'Team'",
            "found.squads == [made.squad]",
        ]
    }
    read = task("squad_info", {"name": "Team"}, register="found")
    returned = {name: f"{{{{ found.squads[0].{name} }}}}" for name in ("name", "members", "members_overrides")}
    again = services.play([*STATE, read, {"ansible.builtin.assert": names}, task("squad", returned)])
    assert (again.rc, again.changed, services.writes) == (0, 0, writes), again.text

    calls = services.play(outbound)
    assert calls.rc == 0, calls.text
    state = services.sandbox("state")["vapi"]
    assert {row["squadId"] for kind in ("calls", "campaigns") for row in state[kind]} == {squad["id"]}


def test_update_sends_merged_members(services: Any) -> None:
    """Vapi requires the members with each change; what they have without an option is kept."""
    assert services.play(STATE).rc == 0
    (squad,) = services.sandbox("state")["vapi"]["squads"]
    pinned = [{**squad["members"][0], "assistantVersion": "v1"}, squad["members"][1]]
    services.vapi("PATCH", f"/squad/{squad['id']}", {"members": pinned})
    change = {"name": "Team", "members_overrides": {"firstMessage": "Welcome"}}
    changed = services.play([task("squad", change)])
    assert (changed.rc, changed.changed) == (0, 1), changed.text
    (after,) = services.sandbox("state")["vapi"]["squads"]
    assert after["members"] == pinned
    assert after["membersOverrides"] == {"variableValues": {"company": "Example"}, "firstMessage": "Welcome"}


def test_squad_in_use_is_not_removed(services: Any) -> None:
    assert services.play(STATE).rc == 0
    writes = services.writes
    absent = {"name": "Team", "state": "absent"}
    for check in ([], ["--check"]):
        refused = services.play([task("squad", absent)], *check)
        assert refused.rc != 0
        assert "The squad Team is still used by phone numbers: 31201234560." in refused.text
        used = services.play([task("assistant", {"name": "Sales", "state": "absent"})], *check)
        assert used.rc != 0
        assert "is still used by squads: Team" in used.text
    assert services.writes == writes
    forced = services.play([task("squad", {**absent, "force": True})])
    assert (forced.rc, forced.changed) == (0, 1), forced.text
    assert services.sandbox("state")["vapi"]["squads"] == []
    gone = services.play([task("squad", absent)])
    assert (gone.rc, gone.changed) == (0, 0), gone.text


def test_invalid_members_are_rejected_with_their_path(services: Any) -> None:
    members = [{"assistant": "Nobody"}, {"assistant": "Reception"}, {"assistant": ""}]
    empty = services.play([task("squad", {"name": "Team", "members": members})])
    assert "Option members[2].assistant: must be given" in empty.text
    wrong = services.play([STATE[1], task("squad", {"name": "Team", "members": members[:2]})])
    assert "Option members[0].assistant: no assistant has the name or id 'Nobody'." in wrong.text
    missing = services.play([task("squad", {"name": "Team"})])
    assert "Option members: must be given" in missing.text
