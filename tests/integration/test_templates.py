# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A prompt with variables of Vapi's arrives as it was written, or nothing is sent and the message says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic

ROLE = "voiceops.vapi_didlogic.integration"
NUMBER = "31201234560"
PROMPTS = [
    "It is {{now}}.",
    "Hi {{ customer.name }}",
    '{{"now" | date: "%b %d, %Y", "Europe/Amsterdam"}}',
    "{{ groups }}",
]
WAYS: dict[str, Any] = {
    "playbook": "voiceops.vapi_didlogic.integrate",
    "teardown": "voiceops.vapi_didlogic.teardown",
    "rotation": "voiceops.vapi_didlogic.rotate_sip_password",
    "import_role": [{"import_role": {"name": ROLE}}],
    "include_role": [{"include_role": {"name": ROLE}}],
    "roles": {"roles": [ROLE]},
    "call": "voiceops.vapi_didlogic.call",
    "campaign": "voiceops.vapi_didlogic.campaign",
}


def environment(prompts: list[Any]) -> dict[str, Any]:
    names = ("firstMessage", "endCallMessage", "voicemailMessage")
    definition: dict[str, Any] = {"model": {"provider": "openai", "model": "gpt-4o"}}
    definition["model"]["messages"] = [{"role": "system", "content": prompt} for prompt in prompts]
    definition |= dict(zip(names, prompts, strict=False))
    return {
        "vapi_didlogic_trunk": {"name": "didlogic", "gateway": "sip.nl.didlogic.net"},
        "vapi_didlogic_assistants": [{"name": "Night", "definition": definition}],
        "vapi_didlogic_numbers": [{"number": NUMBER, "assistant": "Night"}],
        "vapi_didlogic_call": {"assistant_overrides": {"firstMessage": prompts[0]}},
        "vapi_didlogic_campaign": {"name": "c"},
    }


def run(services: Any, way: Any, text: str, name: str) -> Any:
    file = services.folder / name
    file.write_text(text)
    book = way
    if not isinstance(way, str):
        book = services.folder / "play.yml"
        play = way if isinstance(way, dict) else {"tasks": way}
        book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **play}]))
    return services.ansible("ansible-playbook", str(book), "-e", f"@{file}")


#: The others check the variables in the same place.
FIRST = ("playbook", "include_role", "call")


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=pytest.mark.each_version) if way in FIRST else way for way in WAYS]
)
def test_template_error_names_path_and_fix_without_request(untouched: Any, way: str) -> None:
    before = untouched.sandbox("journal")
    done = run(untouched, WAYS[way], json.dumps(environment(PROMPTS)), "environment.json")
    assert done.rc != 0
    assert untouched.sandbox("journal") == before, "no request at all"
    places = [
        f"vapi_didlogic_assistants[0].definition.model.messages[{index}].content" for index in range(len(PROMPTS))
    ]
    for place in [*places, "vapi_didlogic_call.assistant_overrides.firstMessage"]:
        assert f"- {place} " in done.failure
    assert "!unsafe" in done.failure
    assert "{% raw %}" in done.failure
    assert "Traceback" not in done.text


#: Texts that Ansible changes without an error, and with one.
SILENT = ["{{ now | escape }}", "{{ customer.name | default('x') }}", "Say {# x #} it", "{{ groups }}"]


@pytest.mark.each_version
@pytest.mark.parametrize("place", ["vars_files", "group_vars"])
def test_text_below_a_variable_is_named_where_it_is_written(untouched: Any, place: str) -> None:
    """The environment refers to prompts in another file of the project."""
    before = untouched.sandbox("journal")
    folder = untouched.folder / place
    folder.mkdir()
    references = [f"{{{{ prompts.text{index} }}}}" for index in range(len(SILENT))]
    declared = {**environment(references), "prompts": {f"text{index}": text for index, text in enumerate(SILENT)}}
    play: dict[str, Any] = {"hosts": "localhost", "gather_facts": False, "roles": [ROLE]}
    if place == "vars_files":
        play["vars_files"] = ["all.yml"]
        (folder / "all.yml").write_text(yaml.safe_dump(declared))
    else:
        (folder / "group_vars").mkdir()
        (folder / "group_vars" / "all.yml").write_text(yaml.safe_dump(declared))
        (folder / "hosts").write_text("localhost ansible_connection=local\n")
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    inventory = ["-i", str(folder / "hosts")] if place == "group_vars" else []
    done = untouched.ansible("ansible-playbook", str(folder / "play.yml"), *inventory)
    assert done.rc != 0
    assert untouched.sandbox("journal") == before, "no request at all"
    for index in range(len(SILENT)):
        assert f"- prompts.text{index} " in done.failure, done.text
    assert "!unsafe" in done.failure


@pytest.mark.each_version
def test_text_of_ansible_variable_in_a_fact_is_rejected(untouched: Any) -> None:
    before = untouched.sandbox("journal")
    for text in ("It is {{ now }}.", "Hi {{ groups }}"):
        done = untouched.play(
            [
                {"ansible.builtin.set_fact": {"prompt": text}},
                {
                    "voiceops.vapi_didlogic.vapi_assistant": {
                        "name": "A",
                        "definition": {"firstMessage": "{{ prompt }}"},
                    }
                },
            ]
        )
        assert done.rc != 0
        assert "definition.firstMessage" in done.text, done.text
        assert "!unsafe" in done.text
        assert untouched.sandbox("journal") == before


class Unsafe(str):
    """A text with the tag ``!unsafe``."""

    __slots__ = ()


class Dumper(yaml.SafeDumper):
    """Writes the tag."""


Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


@pytest.mark.each_version
@pytest.mark.parametrize("form", ["unsafe", "raw"])
def test_unsafe_text_is_sent_unchanged(services: Any, form: str) -> None:
    if form == "unsafe":
        name, text = "environment.yml", yaml.dump(environment([Unsafe(prompt) for prompt in PROMPTS]), Dumper=Dumper)
    else:
        marked = ["{% raw %}" + prompt + "{% endraw %}" for prompt in PROMPTS]
        name, text = "environment.json", json.dumps(environment(marked))
    first = run(services, WAYS["playbook"], text, name)
    assert first.rc == 0, first.text
    (stored,) = services.sandbox("state")["vapi"]["assistants"]
    assert [message["content"] for message in stored["model"]["messages"]] == PROMPTS
    assert stored["firstMessage"] == PROMPTS[0]
    second = run(services, WAYS["playbook"], text, name)
    assert (second.rc, second.changed) == (0, 0), second.text


@pytest.mark.each_version
def test_module_error_names_the_fix(untouched: Any) -> None:
    """Without the role: what Ansible has filled in is refused; what it cannot fill in it reports itself."""
    for index, prompt in enumerate(["It is {{ now }}.", "{{ environment }}", "Hi {{ customer.name }}"]):
        task = {"voiceops.vapi_didlogic.vapi_assistant": {"name": "A", "definition": {"firstMessage": prompt}}}
        done = untouched.play([task], "--check")
        assert done.rc != 0
        if index == 2 and not hasattr(basic, "_ANSIBLE_PROFILE"):
            # Before ansible-core 2.19 nothing of a collection runs before Ansible reports a variable that is not there.
            assert "'customer' is undefined" in done.text
            continue
        assert "definition" in done.text
        assert "!unsafe" in done.text, (index, done.text)


@pytest.mark.exhaustive(2)
@pytest.mark.parametrize("entry", ["main", "steps"])
def test_prompt_file_arrives_as_written_and_a_changed_line_is_one_line_of_the_diff(services: Any, entry: str) -> None:
    lines = [*PROMPTS, "Be brief.", "Never promise anything."]
    prompt = services.folder / "prompt.txt"
    (services.folder / "definition.yml").write_text("model: {provider: openai, model: gpt-4o}\nhooks: []\n")
    declared = {name: value for name, value in environment(["x"]).items() if not name.endswith(("_call", "_campaign"))}
    declared["vapi_didlogic_assistants"] = [
        {"name": "Night", "definition_file": "definition.yml", "prompt_file": "prompt.txt"}
    ]
    book = [{"import_role": {"name": ROLE, "tasks_from": entry}}]

    def play(*arguments: str) -> Any:
        found = services.play(book, "--diff", *arguments, **declared)
        assert found.rc == 0, found.out
        return found

    prompt.write_text("\n".join(lines) + "\n")
    play()
    (assistant,) = services.vapi("GET", "/assistant")
    assert assistant["model"]["messages"] == [{"role": "system", "content": "\n".join(lines)}]
    prompt.write_text("\n".join([*PROMPTS, "Be polite.", lines[-1]]) + "\n")
    found = play("--check")
    diff = found.out[found.out.index("--- before: assistant Night") :].split("\n\n")[0]
    changed = [line.split()[1:] for line in diff.splitlines()[2:] if line.startswith(("+", "-"))]
    assert changed == [["Be", "brief."], ["Be", "polite."]], found.out
    play()
    assert "changed=0" in play().out
