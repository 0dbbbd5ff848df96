# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that Vapi's gitops (VapiAI/gitops, 2026-06) sends for pull, push, push after a change, and deletion.

The sequence was read there and is written anew: lists without a query, every pulled field sent back in full, links
between objects set after both exist, a read before each change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Item = dict[str, Any]
State = dict[str, Item]  # by the kind and the name of a resource file: the object at the service

# In the order in which a push creates them. Of a change some kinds leave their type out.
ENDPOINTS = {
    "tool": "/tool",
    "structured output": "/structured-output",
    "assistant": "/assistant",
    "squad": "/squad",
    "personality": "/eval/simulation/personality",
    "scenario": "/eval/simulation/scenario",
    "simulation": "/eval/simulation",
    "suite": "/eval/simulation/suite",
    "eval": "/eval",
}
WITHOUT_TYPE = {"tool", "structured output", "eval"}
OF_THE_SERVICE = {"id", "orgId", "createdAt", "updatedAt"}
DELETED = ["squad", "assistant", "structured output", "tool", "suite", "simulation", "scenario", "personality", "eval"]

MODEL = {"provider": "openai", "model": "gpt-4o", "temperature": 0.3, "messages": [{"role": "system", "content": "x"}]}
FILES: dict[str, Callable[[Callable[[str], str]], Item]] = {
    "tool": lambda _id: {
        "type": "handoff",
        "function": {"name": "hand_off"},
        "destinations": [{"type": "assistant", "assistantId": "reception"}],
    },
    "structured output": lambda _id: {
        "name": "outcome",
        "type": "ai",
        "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
    },
    "assistant": lambda id_of: {
        "name": "Reception",
        "model": {**MODEL, "toolIds": [id_of("tool")]},
        "voice": {"provider": "11labs", "voiceId": "v", "model": "eleven_turbo_v2_5"},
        "transcriber": {"provider": "deepgram", "model": "nova-3", "language": "en"},
        "firstMessage": "Hello",
        "silenceTimeoutSeconds": 30,
        "backgroundDenoisingEnabled": True,
        "artifactPlan": {"structuredOutputIds": [id_of("structured output")]},
        "server": {"url": "https://example.com/vapi", "timeoutSeconds": 20},
        "serverMessages": ["end-of-call-report", "call.artifact.upload"],
        "voicemailMessage": None,
    },
    "squad": lambda id_of: {"name": "s", "members": [{"assistantId": id_of("assistant"), "assistantDestinations": []}]},
    "personality": lambda _id: {"name": "p", "assistant": {"model": MODEL}},
    "scenario": lambda id_of: {"name": "c", "evaluations": [{"structuredOutputId": id_of("structured output")}]},
    "simulation": lambda id_of: {"name": "m", "personalityId": id_of("personality"), "scenarioId": id_of("scenario")},
    "suite": lambda id_of: {"name": "u", "simulationIds": [id_of("simulation")]},
    "eval": lambda _id: {"name": "e", "type": "chat.mockConversation", "messages": []},
}


def answered(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json()


def pull(vapi: httpx.Client) -> dict[str, list[Item]]:
    """Every list, bare or in pages; the fields of the service are left out of the files."""
    assert isinstance(answered(vapi.get("/credential")), list)
    found = {}
    for kind, path in ENDPOINTS.items():
        listed = answered(vapi.get(path))
        items = listed["results"] if isinstance(listed, dict) and "results" in listed else listed
        assert isinstance(items, list)
        found[kind] = [{name: value for name, value in item.items() if name not in OF_THE_SERVICE} for item in items]
        for item in items:
            assert answered(vapi.get(f"{path}/{item['id']}")) == item
    return found


def push(vapi: httpx.Client, files: dict[str, Item], state: State) -> None:
    """Create what is new, change what is known, then link what had to wait for the other."""
    for kind, path in ENDPOINTS.items():
        if kind not in files:
            continue
        if kind in state:
            one = f"{path}/{state[kind]['id']}"
            override = {"schemaOverride": "true"} if kind == "structured output" else {}
            answered(vapi.get(one, params=override))
            body = {name: value for name, value in files[kind].items() if name != "type" or kind not in WITHOUT_TYPE}
            state[kind] = answered(vapi.patch(one, params=override, json=body))
        else:
            body = {**files[kind], "destinations": []} if kind == "tool" else files[kind]
            state[kind] = answered(vapi.post(path, json=body))
    if "assistant" in state and "tool" in state:
        assistant = state["assistant"]["id"]
        link = {"destinations": [{"type": "assistant", "assistantId": assistant}]}
        state["tool"] = answered(vapi.patch(f"/tool/{state['tool']['id']}", json=link))
        output = f"/structured-output/{state['structured output']['id']}"
        answered(vapi.patch(output, json={"assistantIds": [assistant]}))


@pytest.fixture
def state(vapi: httpx.Client) -> State:
    """An organisation after the first push, file by file: each may name those before it."""
    state: State = {}
    for kind, make in FILES.items():
        push(vapi, {kind: make(lambda other: str(state[other]["id"]))}, state)
    return state


def test_pull_of_an_empty_organisation(vapi: httpx.Client) -> None:
    assert pull(vapi) == {kind: [] for kind in ENDPOINTS}


def test_second_push_changes_nothing(vapi: httpx.Client, state: State) -> None:
    pulled = pull(vapi)
    assert {kind: len(items) for kind, items in pulled.items()} == dict.fromkeys(ENDPOINTS, 1)
    # What was pulled goes back as it is, and changes nothing.
    push(vapi, {kind: items[0] for kind, items in pulled.items()}, state)
    assert pull(vapi) == pulled


@pytest.mark.parametrize("kind", ENDPOINTS)
def test_push_updates_a_change(vapi: httpx.Client, state: State, kind: str) -> None:
    pulled = pull(vapi)
    file = pulled[kind][0]
    change = {"messages": [{"type": "request-start", "content": "x"}]} if kind == "tool" else {"name": "changed"}
    push(vapi, {kind: {**file, **change}}, state)
    assert pull(vapi) == {**pulled, kind: [{**file, **change}]}


def test_push_deletes_objects(vapi: httpx.Client, state: State) -> None:
    for kind in DELETED:
        answered(vapi.delete(f"{ENDPOINTS[kind]}/{state[kind]['id']}"))
        assert vapi.get(f"{ENDPOINTS[kind]}/{state[kind]['id']}").status_code == 404
    assert pull(vapi) == {kind: [] for kind in ENDPOINTS}
