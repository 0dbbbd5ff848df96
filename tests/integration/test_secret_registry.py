# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since ansible-core 2.22 secrets that a service returned are masked in the output of the whole run."""

from __future__ import annotations

import importlib.util
import secrets
from typing import Any

import pytest
import yaml
from playing import Services, wired

#: Whether this ansible-core has a registry of secrets.
REGISTRY = importlib.util.find_spec("ansible.module_utils.secrets") is not None
MASK = "$REDACTED$"


def read(module: str, *, inside: bool) -> dict[str, Any]:
    return {
        f"voiceops.vapi_didlogic.{module}": {},
        "register": "found",
        "vars": {"vapi_didlogic_in_process": inside},
    }


def debug(**values: str) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"msg": {name: f"{value} {name}" for name, value in values.items()}}}


@pytest.mark.each_version
@pytest.mark.parametrize("inside", [True, False], ids=["in process", "process of its own"])
def test_secrets_of_responses_are_masked_in_later_tasks(services: Services, inside: bool) -> None:
    token, word = secrets.token_hex(12), "production"
    seed = wired()
    # The sandbox returns both, as Vapi does.
    seed["vapi"]["assistants"][0]["server"] = {
        "url": "https://hook.example.com/calls",
        "headers": {"X-Token": f"Bearer {token}", "X-Tenant": word},
    }
    services.sandbox("reset", "POST", seed)
    trunk = seed["vapi"]["credentials"][0]["id"]
    tasks = [
        debug(before="{{ token }}"),
        read("vapi_assistant_info", inside=inside),
        debug(after="{{ token }}", word="{{ word }}", trunk="{{ trunk }}"),
    ]
    play = services.play(tasks, token=token, word=word, trunk=trunk)
    assert play.rc == 0, play.text
    # Printed before the run knows that it is a secret.
    assert f"{token} before" in play.out
    assert (f"{token} after" in play.out) != REGISTRY
    assert (f"{MASK} after" in play.out) == REGISTRY
    # Words are not masked: they would be missing in names and paths. Ids are public.
    assert f"{word} word" in play.out
    assert f"{trunk} trunk" in play.out


@pytest.mark.each_version
@pytest.mark.parametrize("templated", [True, False])
def test_keys_in_an_inventory_file_are_masked(services: Services, templated: bool) -> None:
    key = services.facts["didlogic_api_key"]
    written = "{{ lookup('ansible.builtin.env', 'OTHER_KEY') }}" if templated else key
    source = services.folder / "didlogic_numbers.yml"
    source.write_text(f'plugin: voiceops.vapi_didlogic.didlogic_numbers\ndidlogic_api_key: "{written}"\n')
    task = debug(key="{{ groups['didlogic_numbers'] | length }} {{ lookup('ansible.builtin.env', 'OTHER_KEY') }}")
    book = services.folder / "play.yml"
    book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    play = services.ansible(
        "ansible-playbook",
        str(book),
        "-i",
        str(source),
        environment={"OTHER_KEY": key, "DIDLOGIC_API_KEY": None, "VAPI_API_KEY": None, "VAPI_TOKEN": None},
    )
    assert play.rc == 0, play.text
    assert f"3 {MASK if REGISTRY else key} key" in play.out
