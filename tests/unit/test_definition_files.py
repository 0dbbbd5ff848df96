# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definition and prompt files: read as they are, merged as documented, and every unusable file is a clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._definition_files import (
    OWN_PLAYBOOKS,
    with_files,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def loader(tmp_path: Path) -> DataLoader:
    found = DataLoader()
    found.set_basedir(str(tmp_path))
    return found


def read(loader: DataLoader, **options: Any) -> dict[str, Any]:
    """The definition that the module gets."""
    changed, faults = with_files("vapi_assistant", {"name": "Reception", **options}, loader)
    assert faults == []
    assert (changed["definition_file"], changed["prompt_file"]) == (None, None)
    return dict(changed["definition"])


def rule(loader: DataLoader, **options: Any) -> str:
    """The rule of the only fault."""
    _changed, faults = with_files("integration", {"assistants": [{"name": "Night"}, {"name": "R", **options}]}, loader)
    ((path, text),) = faults
    assert path == f"assistants[1].{next(iter(options))}"
    return text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=TEXTS)
def test_prompt_is_the_text_of_the_file(loader: DataLoader, tmp_path: Path, prompt: str) -> None:
    (tmp_path / "prompt.txt").write_bytes(f"{{{{ customer.name }}}}{prompt}.\r\n\n".encode())
    message = {"role": "system", "content": f"{{{{ customer.name }}}}{prompt}."}
    assert read(loader, prompt_file="prompt.txt") == {"model": {"messages": [message]}}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definition=st.dictionaries(TEXTS.map(lambda text: f"k{text}"), VALUES, max_size=4))
@pytest.mark.parametrize("form", ["YAML", "JSON"])
def test_definition_is_the_object_of_the_file(
    loader: DataLoader, tmp_path: Path, definition: dict[str, Any], form: str
) -> None:
    text = json.dumps(definition) if form == "JSON" else yaml.safe_dump(definition)
    (tmp_path / "definition").write_text(text, encoding="utf-8")
    assert read(loader, definition_file="definition", definition={}) == definition


def test_words_of_yaml_1_1_are_text(loader: DataLoader, tmp_path: Path) -> None:
    text = "hooks: [{on: call.ending}]\nlanguage: no\nopen: 010\nday: 2026-01-02\nratio: 1e-3\nempty:\nsure: true\n"
    (tmp_path / "definition.yml").write_text(text)
    assert read(loader, definition_file="definition.yml") == {
        "hooks": [{"on": "call.ending"}],
        "language": "no",
        "open": 10,
        "day": "2026-01-02",
        "ratio": 0.001,
        "empty": None,
        "sure": True,
    }


def test_response_of_vapi_is_a_definition_file(loader: DataLoader, tmp_path: Path) -> None:
    answer = {"id": "x", "orgId": "x", "createdAt": "x", "updatedAt": "x", "name": "Reception", "firstMessage": "Hello"}
    (tmp_path / "answer.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(answer).encode())
    assert read(loader, definition_file="answer.json") == {"firstMessage": "Hello"}


def test_definition_overrides_file_and_prompt_replaces_system_message(loader: DataLoader, tmp_path: Path) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Old"},
        {"role": "system", "content": "2"},
    ]
    model = {"provider": "openai", "model": "gpt-4o", "messages": messages}
    (tmp_path / "definition.json").write_text(json.dumps({"model": model, "firstMessage": "File", "voice": {"a": 1}}))
    (tmp_path / "prompt.txt").write_text("New")
    given_options = {"definition": {"firstMessage": "Option", "voice": {"b": 2}}}
    files = {"definition_file": "definition.json", "prompt_file": "prompt.txt"}
    assert read(loader, **files, **given_options) == {
        "model": {**model, "messages": [messages[0], {"role": "system", "content": "New"}, messages[2]]},
        "firstMessage": "Option",
        "voice": {"a": 1, "b": 2},
    }


def test_file_encrypted_with_vault(loader: DataLoader, tmp_path: Path) -> None:
    secret = [("default", VaultSecret(b"for this test"))]
    (tmp_path / "prompt.txt").write_bytes(VaultLib(secret).encrypt("Be brief.\n"))
    assert "cannot be read" in rule(loader, prompt_file="prompt.txt")
    loader.set_vault_secrets(secret)
    assert read(loader, prompt_file="prompt.txt")["model"]["messages"][0]["content"] == "Be brief."


@pytest.mark.parametrize(
    ("option", "content", "expected"),
    [
        ("definition_file", None, "cannot be read"),
        ("prompt_file", None, "cannot be read"),
        ("definition_file", b"a: [", "neither valid YAML nor JSON in line"),
        ("definition_file", b"a: 1\nb: 2\na: 3\n", "duplicate key a"),
        ("definition_file", b'{"a": 1, "a": 2}', "duplicate key a"),
        ("definition_file", b"a: !!python/name:os.system", "neither valid YAML nor JSON"),
        ("definition_file", b"- a", "must contain an object"),
        ("definition_file", b"", "must contain an object"),
        ("definition_file", b"name: Other", "contains the name Other"),
        ("definition_file", b"model: {toolIds: [x]}", "model.toolIds"),
        ("prompt_file", b"\n\n", "is empty"),
        ("prompt_file", b"caf\xe9", "is not UTF-8 at byte 3"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_unusable_file_is_a_fault_of_the_option(
    loader: DataLoader, tmp_path: Path, option: str, content: bytes | None, expected: str
) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    assert expected in rule(loader, **{option: "file"})


def test_paths_of_a_playbook_of_the_collection_start_in_the_current_folder(
    loader: DataLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prompt.txt").write_text("Be brief.")
    loader.set_basedir(str(OWN_PLAYBOOKS))
    monkeypatch.chdir(tmp_path)
    assert read(loader, prompt_file="prompt.txt")["model"]["messages"][0]["content"] == "Be brief."


def test_other_modules_and_options_are_not_changed(loader: DataLoader) -> None:
    assert with_files("vapi_phone_number", {"prompt_file": "x"}, loader) == ({}, [])
    assert with_files("vapi_assistant", {"name": "Reception"}, loader) == ({}, [])
