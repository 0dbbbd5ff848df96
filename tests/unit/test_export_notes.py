# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export names every field that it leaves out and every secret that it hides; hidden values are not applied."""

from __future__ import annotations

import itertools
import secrets
import typing as t

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import REDACTED
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.export import environment
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.snapshot import Snapshot
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import parse

IDS = [f"11111111-1111-4111-8111-00000000000{n}" for n in range(6)]


def rows() -> dict[str, dict[str, t.Any]]:
    return {
        "trunk": {
            "id": IDS[0], "orgId": IDS[5], "createdAt": "x", "updatedAt": "x",
            "provider": "byo-sip-trunk", "name": "NL",
            "gateways": [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}],
            "outboundAuthenticationPlan": {"authUsername": "01234"},
        },
        "phone": {
            "id": IDS[1], "provider": "byo-phone-number", "number": "31201234560", "numberE164CheckEnabled": False,
            "name": "Main", "credentialId": IDS[0], "assistantId": IDS[2], "status": "active",
        },
        "assistant": {"id": IDS[2], "name": "R", "model": {"provider": "openai", "model": "x", "toolIds": [IDS[3]]}},
        "tool": {
            "id": IDS[3], "type": "transferCall", "function": {"name": "desk", "description": "d"},
            "destinations": [{"type": "number", "number": "+31201234599", "description": "d"}],
        },
    }  # fmt: skip


def exported(found: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    snapshot = Snapshot(
        region="us", key="k" * 20, trunks=(found["trunk"],), phones=(found["phone"],), assistants=(found["assistant"],),
        tools=(found["tool"],), numbers=({"number": "31201234560", "destinations": []},),
    )  # fmt: skip
    return environment(snapshot, found["trunk"], [IDS[3]])


@pytest.mark.parametrize("kind", ["function", "handoff", "apiRequest"])
def test_tool_of_another_type_is_referred_to_by_its_id(kind: str) -> None:
    found = rows()
    other = {"id": IDS[4], "type": kind, "function": {"name": "other"}}
    found["assistant"]["model"]["toolIds"] = [IDS[4], IDS[3]]
    snapshot = Snapshot(
        region="us", key="k" * 20, trunks=(found["trunk"],), phones=(found["phone"],), assistants=(found["assistant"],),
        tools=(found["tool"],), other_tools=(other,), numbers=({"number": "31201234560", "destinations": []},),
    )  # fmt: skip
    made = environment(snapshot, found["trunk"], [IDS[3], IDS[4]])
    assert [tool["name"] for tool in made["transfer_tools"]] == ["desk"]
    assert made["assistants"][0]["tools"] == [IDS[4], "desk"]


VALUES: list[t.Any] = ["text", 7, True, False, 0, {"a": 1}, [1], [{"a": 1}]]
#: Where a field without an option may be in each object.
PLACES = [
    ("trunk", ()), ("trunk", ("outboundAuthenticationPlan",)), ("phone", ()), ("tool", ()), ("tool", ("function",)),
]  # fmt: skip
KNOWN = ["techPrefix", "sipDiversionHeader", "sipRegisterPlan", "rejectionPlan", "parameters", "server", "hooks", "x1"]


def test_fields_with_an_option_have_no_note() -> None:
    notes = exported(rows())["notes"]
    assert not [note for note in notes if "cannot be expressed here" in note]


@pytest.mark.parametrize(("kind", "path"), PLACES)
@pytest.mark.parametrize("key", KNOWN)
def test_field_without_an_option_has_a_note(kind: str, path: tuple[str, ...], key: str) -> None:
    for value in VALUES:
        found = rows()
        inner = found[kind]
        for step in path:
            inner = inner[step]
        inner[key] = value
        (note,) = [note for note in exported(found)["notes"] if "cannot be expressed here" in note]
        assert ".".join((*path, key)) in note


@pytest.mark.parametrize(
    ("field", "words"),
    [("assistantId", "no longer exists"), ("squadId", "no longer exists"), ("workflowId", "2026-08-19")],
)
def test_unsupported_answering_object_has_one_note(field: str, words: str) -> None:
    found = rows()
    del found["phone"]["assistantId"]
    found["phone"][field] = IDS[4]
    environment_file = exported(found)
    (note,) = [note for note in environment_file["notes"] if IDS[4] in note or field in note]
    assert words in note
    assert not {"assistant", "squad", "workflow"} & set(environment_file["numbers"][0])


def test_gateway_key_without_an_option_is_named() -> None:
    found = rows()
    found["trunk"]["gateways"][0]["weight"] = 2
    assert any("gateways[].weight" in note for note in exported(found)["notes"])


SECRET_PLACES = [
    ("server", "secret"),
    ("server", "headers", "x-key"),
    ("voice", "apiKey"),
    ("model", "credentials", "k"),
]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_hidden_values_are_listed_and_rejected_together(count: int) -> None:
    for chosen in itertools.combinations(SECRET_PLACES, count):
        found, values = rows(), []
        for path in chosen:
            inner = found["assistant"]
            for step in path[:-1]:
                inner = inner.setdefault(step, {})
            inner[path[-1]] = secrets.token_hex(12)
            values.append(inner[path[-1]])
        result = exported(found)
        assert not [value for value in values if value in repr(result)]
        (note,) = [note for note in result["notes"] if "is not exported" in note]
        places = ["assistants[0].definition." + ".".join(path) for path in chosen]
        assert sorted(note.partition(": ")[0].split(", ")) == sorted(places)
        given = {
            "state": "present", "vapi_region": "us", "vapi_api_key": "k" * 20, "inbound_uri": "trunk_id",
            "sip_refer_enabled": False, "verify": True, "concurrency": 8, **result,
        }  # fmt: skip
        with pytest.raises(Exception, match="contains hidden") as caught:
            parse(given)
        assert all(place in str(caught.value) for place in places)
        assert str(caught.value).count(f"contains {REDACTED}") == count


#: Where an object may have a key of its user's choice.
OWN_KEYS = [
    ("assistant", ("metadata",)), ("assistant", ("model", "metadata", "inner")), ("assistant", ("server",)),
    ("tool", ("destinations", 0, "transferPlan")), ("phone", ("fallbackDestination",)), ("assistant", ("hooks", 0)),
]  # fmt: skip


@pytest.mark.parametrize("key", ["vault", "unsafe", "type", "x"])
@pytest.mark.parametrize(("kind", "path"), OWN_KEYS)
def test_key_that_ansible_interprets_is_not_exported(kind: str, path: tuple[t.Any, ...], key: str) -> None:
    """The object is left out with a note: its key would be renamed in the file, and applied under the new name."""
    found = rows()
    found["phone"]["fallbackDestination"] = {"type": "number", "number": "+31201234599"}
    found["assistant"]["hooks"] = [{"on": "call.ending"}]
    inner: t.Any = found[kind]
    for step in path:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    inner[f"__ansible_{key}"] = "x"
    result = exported(found)
    assert any(f"__ansible_{key}" in note for note in result["notes"])
    del result["notes"]
    assert f"ansible_{key}" not in repr(result)
    assert result["numbers"][0]["assistant"] == (IDS[2] if kind == "assistant" else "R")
