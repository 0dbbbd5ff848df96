# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers as an inventory: hosts, groups and variables, the cache, wrong input, and what may never be seen."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_main_job import environment

PLUGIN = "voiceops.vapi_didlogic.didlogic_numbers"
NUMBERS = ("31201234560", "31201234561", "31201234562")
TRUNK = "11111111-1111-4111-8111-111111111111"
PHONE = "22222222-2222-4222-8222-222222222222"
ASSISTANT = "33333333-3333-4333-8333-333333333333"
TOOL = "44444444-4444-4444-8444-444444444444"
#: A number that is wired, made by hand.
WIRED = {
    "numbers": [
        {
            "number": "442079460000",
            "country": "United Kingdom",
            "area": "London",
            "destinations": [
                {"destination": f"442079460000@{TRUNK}.sip.vapi.ai", "transport": 1, "active": True},
                {"destination": "01234", "transport": 5, "active": False},
            ],
        }
    ],
    "vapi": {
        "credentials": [
            {
                "id": TRUNK,
                "name": "didlogic NL",
                "gateways": [
                    {"ip": "sip.nl.didlogic.net", "inboundEnabled": False},
                    {"ip": "192.0.2.0", "netmask": 28, "outboundEnabled": False},
                ],
                "outboundAuthenticationPlan": {"authUsername": "01234", "authPassword": secrets.token_hex(8)},
            }
        ],
        "phone_numbers": [
            {"id": PHONE, "number": "442079460000", "name": "Desk", "credentialId": TRUNK, "assistantId": ASSISTANT}
        ],
        "assistants": [{"id": ASSISTANT, "name": "Night", "model": {"toolIds": [TOOL]}}],
        "tools": [
            {
                "id": TOOL,
                "function": {"name": "to_the_desk"},
                "destinations": [{"type": "sip", "sipUri": "sip:+31201234562@sip.nl.didlogic.net"}],
            }
        ],
    },
}


def written(services: Any, name: str = "x.didlogic_numbers.yml", **options: Any) -> str:
    """An inventory file."""
    file: Path = services.folder / name
    file.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}))
    return str(file)


def listed(services: Any, file: str, *arguments: str, **environment: str | None) -> dict[str, Any]:
    """What ansible-inventory makes of it."""
    done = services.ansible("ansible-inventory", "-i", file, "--list", *arguments, environment=environment)
    assert done.rc == 0, done.text
    assert "WARNING" not in done.err, done.err
    # Ansible marks texts that are no templates.
    found: dict[str, Any] = json.loads(done.out, object_hook=lambda item: item.get("__ansible_unsafe", item))
    return found


def requests(services: Any) -> int:
    """How many there were since the last look."""
    count = services.sandbox("journal")["total"]
    services.sandbox("journal", "DELETE")
    return int(count)


@pytest.mark.each_version
def test_number_is_a_host_with_data_of_both_services(services: Any) -> None:
    services.sandbox("seed", "POST", WIRED)
    found = listed(services, written(services))
    assert found["didlogic_numbers"]["hosts"] == [*NUMBERS, "442079460000"]
    assert not [request for request in services.sandbox("journal")["requests"] if request["method"] != "GET"]
    paths = [request["path"] for request in services.sandbox("journal")["requests"]]
    assert len(paths) == 6 + 4, "one page of each list, and the destinations of each number"
    assert found["_meta"]["hostvars"]["442079460000"] == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "didlogic_number": "442079460000",
        "didlogic_country": "United Kingdom",
        "didlogic_area": "London",
        "didlogic_channels": 2,
        "didlogic_codec": "G711",
        "didlogic_monthly_fee": 0.99,
        "didlogic_per_minute": 0.001,
        "didlogic_free_minutes": 0,
        "didlogic_activation": 0.0,
        "didlogic_check_state": "checked",
        "didlogic_destinations": [
            {
                "id": found["_meta"]["hostvars"]["442079460000"]["didlogic_destinations"][0]["id"],
                "number": "442079460000",
                "destination": f"442079460000@{TRUNK}.sip.vapi.ai",
                "kind": "sip_uri",
                "priority": 1,
                "active": True,
                "call_hunt": False,
                "position": "first",
                "leads_to": "Vapi, didlogic NL",
                "can_answer": True,
            },
            {
                "id": found["_meta"]["hostvars"]["442079460000"]["didlogic_destinations"][1]["id"],
                "number": "442079460000",
                "destination": "01234",
                "kind": "sip_account",
                "priority": 2,
                "active": False,
                "call_hunt": False,
                "position": "any",
                "leads_to": "SIP account",
                "can_answer": False,
            },
        ],
        "vapi_imported": True,
        "vapi_phone_number": {"id": PHONE, "number": "442079460000", "name": "Desk"},
        "vapi_trunk": {"id": TRUNK, "name": "didlogic NL", "username": "01234"},
        "vapi_answered_by": {"kind": "assistant", "id": ASSISTANT, "name": "Night"},
        "vapi_transfer_tools": [
            {"id": TOOL, "name": "to_the_desk", "to": ["sip:+31201234562@sip.nl.didlogic.net"]},
        ],
    }
    nowhere = found["_meta"]["hostvars"][NUMBERS[1]]
    assert nowhere["didlogic_destinations"] == nowhere["vapi_transfer_tools"] == []
    assert nowhere["vapi_phone_number"] == nowhere["vapi_trunk"] == nowhere["vapi_answered_by"] == {}
    assert nowhere["vapi_imported"] is False


def test_constructed_groups_and_variables(services: Any) -> None:
    services.sandbox("seed", "POST", WIRED)
    options = {
        "strict": True,
        "run_locally": False,
        "numbers": ["+442079460000", NUMBERS[0]],
        "keyed_groups": [
            {"key": "didlogic_country", "prefix": "country"},
            {"key": "vapi_answered_by.name | default('nobody')", "prefix": "answered_by"},
        ],
        "groups": {"at_vapi": "vapi_imported"},
        "compose": {"leads_to": "(didlogic_destinations | selectattr('active') | first).leads_to"},
    }
    file = written(services, "some.didlogic_numbers.yaml", **options)
    graph = services.ansible("ansible-inventory", "-i", file, "--graph").out
    for group, hosts in {
        "didlogic_numbers": [NUMBERS[0], "442079460000"],
        "country_Netherlands": [NUMBERS[0]],
        "country_United_Kingdom": ["442079460000"],
        "answered_by_nobody": [NUMBERS[0]],
        "answered_by_Night": ["442079460000"],
        "at_vapi": ["442079460000"],
    }.items():
        assert f"  |--@{group}:\n" + "".join(f"  |  |--{host}\n" for host in hosts) in graph
    variables = listed(services, file)["_meta"]["hostvars"]
    assert {host: own["leads_to"] for host, own in variables.items()} == {
        NUMBERS[0]: "SIP account",
        "442079460000": "Vapi, didlogic NL",
    }
    assert not [name for own in variables.values() for name in own if name.startswith("ansible_")]

    unknown = services.ansible("ansible-inventory", "-i", written(services, numbers=["31209999999"]), "--graph")
    assert "does not have 31209999999" in " ".join(unknown.err.split())


def test_without_a_vapi_key_only_didlogic_is_read(services: Any) -> None:
    label = secrets.token_hex(16)
    row = {"destination": f"31201234563@{label}.sip.vapi.ai", "transport": 1, "active": True}
    services.sandbox("seed", "POST", {"numbers": [{"number": "31201234563", "destinations": [row]}]})
    found = listed(services, written(services), VAPI_API_KEY=None)
    own = found["_meta"]["hostvars"]["31201234563"]
    assert own["didlogic_destinations"][0]["destination"] == "31201234563@hidden.sip.vapi.ai"
    assert not [name for name in own if name.startswith("vapi_")]
    assert {request["api"] for request in services.sandbox("journal")["requests"]} == {"didlogic"}


@pytest.mark.each_version
def test_cached_inventory_sends_no_request(services: Any) -> None:
    folder = services.folder / "cache"
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder)}
    file = written(services, **options)
    first = listed(services, file)
    assert requests(services) == 6 + 3
    assert listed(services, file) == first
    assert requests(services) == 0

    services.sandbox("seed", "POST", {"numbers": ["31201234563"]})
    assert listed(services, file) == first
    # An older ansible-inventory has no such option.
    (services.folder / "all.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": []}]))
    afresh = services.ansible("ansible-playbook", "-i", file, "--flush-cache", "--list-hosts", "all.yml")
    assert "31201234563" in afresh.out, afresh.text
    assert requests(services) == 6 + 4
    assert "31201234563" in listed(services, file)["_meta"]["hostvars"]
    assert requests(services) == 0

    # What another account, or other numbers, would answer is not in it.
    assert "vapi_imported" not in listed(services, file, VAPI_API_KEY=None)["_meta"]["hostvars"][NUMBERS[0]]
    assert requests(services) == 1 + 4
    assert list(listed(services, written(services, **options, numbers=[NUMBERS[0]]))["_meta"]["hostvars"]) == [
        NUMBERS[0]
    ]
    assert requests(services) == 6 + 1
    stranger = services.ansible("ansible-inventory", "-i", file, "--list", environment={"DIDLOGIC_API_KEY": "k" * 40})
    assert "does not accept the key" in " ".join(stranger.err.split())


def test_keys_are_read_from_file_variable_and_vault(services: Any) -> None:
    """From a file, from a variable, from a vault."""
    (services.folder / "token").write_text(services.facts["didlogic_api_key"] + "\n")
    (services.folder / "vault").write_text(secrets.token_hex(8))
    vault = ("--vault-password-file", str(services.folder / "vault"))
    sealed = services.ansible("ansible-vault", "encrypt_string", *vault, services.facts["vapi_api_key"])
    file = Path(
        written(services, didlogic_api_key=f"{{{{ lookup('ansible.builtin.file', '{services.folder}/token') }}}}")
    )
    file.write_text(f"{file.read_text()}vapi_api_key: {sealed.out}\nvapi_api_url: '{{{{ where }}}}'\n")
    gone = dict.fromkeys(("DIDLOGIC_API_KEY", "VAPI_API_KEY", "VAPI_API_URL"))
    found = listed(services, str(file), *vault, "-e", f"where={services.facts['vapi_api_url']}", **gone)
    assert found["_meta"]["hostvars"][NUMBERS[0]]["vapi_imported"] is False


#: options and environment -> what the one sentence must hold
BAD: dict[str, tuple[dict[str, Any], dict[str, str | None], str]] = {
    "wrong Vapi key": ({"vapi_api_key": "this-is-not-a-key"}, {}, "private key as vapi_api_key"),
    "wrong didlogic key": ({"didlogic_api_key": "this-is-not-a-key"}, {}, "issued as didlogic_api_key"),
    "no key": ({}, {"DIDLOGIC_API_KEY": None}, "Option didlogic_api_key: is required"),
    "short key": ({"vapi_api_key": "a-key"}, {}, "Option vapi_api_key: is too short"),
    "a key that is a list": ({"vapi_api_key": ["this-is-not-a-key"]}, {}, "Option vapi_api_key: must be a string"),
    "a template without its variable": ({"vapi_api_key": "{{ nowhere }}"}, {}, "Option vapi_api_key: its template"),
    "service down": ({"didlogic_api_url": "http://127.0.0.1:9", "retry_timeout": 1}, {}, "Check didlogic_api_url"),
    "http outside loopback": ({"vapi_api_url": "http://192.0.2.1"}, {}, "Option vapi_api_url: must be https"),
    "no time": ({"timeout": 0}, {}, "Option timeout (0): must be 1 to 600"),
    "a region that is none": ({"vapi_region": "mars"}, {}, "us, eu"),
}


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("case", BAD)
def test_invalid_input_is_one_sentence(untouched: Any, case: str) -> None:
    options, environment, word = BAD[case]
    done = untouched.ansible(
        "ansible-inventory", "-i", written(untouched, **options), "--list", environment=environment
    )
    assert word in " ".join(done.err.split())
    assert "Traceback" not in done.text
    assert "this-is-not-a-key" not in done.text


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("library", ["httpx", "pydantic"])
def test_missing_library_is_named(untouched: Any, library: str) -> None:
    shadow = untouched.folder / library
    shadow.mkdir()
    (shadow / f"{library}.py").write_text("raise ImportError('not here')\n")
    environment = {"PYTHONPATH": str(shadow)}
    done = untouched.ansible("ansible-inventory", "-i", written(untouched), "--list", environment=environment)
    assert f"The library {library} is missing" in " ".join(done.err.split())
    assert "pip install httpx pydantic" in " ".join(done.err.split())
    assert "Traceback" not in done.text


def test_files_with_other_names_are_declined(untouched: Any) -> None:
    done = untouched.ansible("ansible-inventory", "-i", written(untouched, "numbers.yml"), "--list")
    assert "could not be verified by inventory plugin" in " ".join(done.err.split())
    assert NUMBERS[0] not in done.out


def test_inventory_output_contains_no_key(services: Any) -> None:
    """Not where it stands in a SIP URI, not in a name, not in what is kept, not when all is told."""
    facts, stranger = services.facts, secrets.token_hex(16)
    labels = (facts["vapi_api_key"], stranger)
    rows = [{"destination": f"31201234563@{label}.sip.vapi.ai", "transport": 1, "active": True} for label in labels]
    seed = {
        "numbers": [{"number": "31201234563", "area": f"near {facts['didlogic_api_key']}", "destinations": rows}],
        "vapi": {"assistants": [{"name": f"It is {facts['vapi_api_key']}"}]},
    }
    services.sandbox("seed", "POST", seed)
    folder = services.folder / "cache"
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder)}
    good, bad = written(services, **kept), written(services, "bad.didlogic_numbers.yml", didlogic_api_key=stranger)
    result = [services.ansible("ansible-inventory", "-i", file, "--list", "-vvvvv") for file in (good, good, bad)]
    assert "31201234563@hidden.sip.vapi.ai" in result[0].out
    texts = [done.text for done in result] + [path.read_text() + path.name for path in folder.iterdir()]
    assert len(texts) == 4
    for text in texts:
        for secret in (*labels, facts["didlogic_api_key"]):
            assert secret.lower() not in text.lower()
            assert secret.replace("-", "").lower() not in text.lower()


@pytest.mark.each_version
def test_service_texts_are_no_templates(services: Any) -> None:
    trap = services.folder / "trap"
    seed = {
        **WIRED,
        "vapi": {
            **WIRED["vapi"],
            "assistants": [{"id": ASSISTANT, "name": f"{{{{ lookup('pipe', 'touch {trap}') }}}}"}],
        },
    }
    services.sandbox("seed", "POST", seed)
    compose = {"calls": "vapi_answered_by.name ~ '!'"}
    show = {"ansible.builtin.debug": {"msg": "{{ vapi_answered_by.name }} {{ calls }}"}}
    (services.folder / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "442079460000", "gather_facts": False, "tasks": [show]}])
    )
    file = written(services, compose=compose, keyed_groups=[{"key": "vapi_answered_by.name"}])
    done = services.ansible("ansible-playbook", "-i", file, str(services.folder / "play.yml"))
    assert done.rc == 0, done.text
    assert done.out.count("lookup('pipe'") == 2
    assert not trap.exists()


@pytest.mark.nightly
def test_number_is_configured_by_its_own_host(services: Any) -> None:
    """Four at once, all of them with the same trunk, assistant and tool."""
    services.sandbox("seed", "POST", {"numbers": [f"3120123457{index}" for index in range(6)]})
    play = [{"hosts": "didlogic_numbers", "gather_facts": False, "roles": ["voiceops.vapi_didlogic.integration"]}]
    (services.folder / "each.yml").write_text(yaml.safe_dump(play))
    declared = environment(vapi_didlogic_numbers=[{"number": "{{ inventory_hostname }}", "assistant": "Reception"}])
    arguments = (str(services.folder / "each.yml"), "-i", written(services), "--forks", "4")
    run = services.play(*arguments, **declared)
    assert run.rc == 0, run.text
    state = services.sandbox("state")
    numbers = [item["number"] for item in state["numbers"]]
    (trunk,) = state["vapi"]["credentials"]
    assert sorted(item["name"] for item in state["vapi"]["assistants"]) == ["Night", "Reception"]
    assert len(state["vapi"]["tools"]) == 1
    assert sorted(item["number"] for item in state["vapi"]["phone_numbers"]) == sorted(numbers)
    for number in numbers:
        to_vapi = [place for place, active in services.destinations(number) if "vapi" in place and active]
        assert to_vapi == [f"{number}@{trunk['id']}.sip.vapi.ai"]

    done = services.writes
    again = services.play(*arguments, **declared)
    assert (again.rc, services.writes) == (0, done), again.text
    assert again.out.count("changed=0") == len(numbers) == 9, again.text
