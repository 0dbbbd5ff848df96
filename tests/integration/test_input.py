# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in an environment file as a user meets them: by the variable's name, all at once, before a request."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

HEAD = """
vapi_didlogic_trunk:
  name: didlogic NL
  gateway: sip.nl.didlogic.net
  username: '01234'
  password: PASSWORD
  inbound_networks: [192.0.2.0/27]
vapi_didlogic_numbers: [{number: '+31201234560', assistant: Night}]
vapi_didlogic_assistants: [{name: Night, definition: {model: {provider: openai, model: gpt-4o}}}]
"""
FILES = {
    "keys that are no text": (
        "vapi_didlogic_assistants: [{name: A, definition: {hooks: [{on: call.ending, do: []}], voice: {no: 1}}}]",
        ["vapi_didlogic_assistants[0].definition.hooks[0].true", "vapi_didlogic_assistants[0].definition.voice.false"],
    ),
    "words that are no text": (
        "vapi_didlogic_assistants: [{name: A, definition: {transcriber: {language: no, languages: [en, no]}}}]",
        [
            "vapi_didlogic_assistants[0].definition.transcriber.language (false)",
            "vapi_didlogic_assistants[0].definition.transcriber.languages[1] (false)",
        ],
    ),
    "octal": (
        "vapi_didlogic_numbers: [{number: 0031207001000, assistant: A}]",
        ["vapi_didlogic_numbers[0].number is written with a leading 0"],
    ),
    "password of a login that is empty": (
        "vapi_didlogic_trunk: {name: x, gateway: h, username: \"01234\", password: \"{{ lookup('env', 'NOT_SET') }}\"}",
        ["vapi_didlogic_trunk.password: must be given", "empty or not set"],
    ),
    "one network twice": (
        "vapi_didlogic_trunk: {name: x, gateway: h, inbound_networks: [192.0.2.0/27, 192.0.2.3/27]}",
        ["vapi_didlogic_trunk.inbound_networks[1]", "is the same as vapi_didlogic_trunk.inbound_networks[0]"],
    ),
    "unknown options": (
        "vapi_didlogic_numbers: [{nmber: '+31201234560', assistant: A}]\nvapi_didlogic_sip_account: {lable: x}",
        [
            "vapi_didlogic_numbers[0].nmber is not an option here; did you mean number?",
            "vapi_didlogic_sip_account.lable is not an option here; did you mean label?",
        ],
    ),
    "unquoted login": (
        "vapi_didlogic_trunk: {name: x, gateway: h, username: 01234, password: 12345678}",
        ["vapi_didlogic_trunk.username is written with a leading 0"],
    ),
    "numbers with decimals": (
        """vapi_didlogic_trunk: {name: x, gateway: h, username: 12345.0, password: 12345678}
vapi_didlogic_transfer_tools: [{name: t, destinations: [{number: 31201234567.0, extension: 12.0}]}]""",
        [
            "vapi_didlogic_trunk.username: must be text",
            "vapi_didlogic_trunk.password: must be in quotes",
            "vapi_didlogic_transfer_tools[0].destinations[0].number: must be text",
            "vapi_didlogic_transfer_tools[0].destinations[0].extension: must be text",
        ],
    ),
    "numbers as people write them": (
        "vapi_didlogic_numbers: [{number: '+31 (0)20 1234560'}, {number: '0031201234561'}, {number: '0201234562'}]",
        [
            'vapi_didlogic_numbers[0].number ("+31 (0)20 1234560")',
            'vapi_didlogic_numbers[1].number ("0031201234561")',
            'vapi_didlogic_numbers[2].number ("0201234562")',
            "Leave out (0)",
        ],
    ),
    "a number that is not bought": (
        "vapi_didlogic_numbers: [{number: '31209999999', assistant: Night}, {number: '31201234560', assistant: Nigth}]",
        ['vapi_didlogic_numbers[0].number ("31209999999")', 'numbers[1].assistant ("Nigth")', "did you mean Night?"],
    ),
    "an assistant that is nowhere, in every place": (
        "vapi_didlogic_numbers: [{number: '31201234560', assistant: None}, {number: '31201234561', assistant: None}]",
        [f'numbers[{at}].assistant ("None"): is neither in vapi_didlogic_assistants nor in Vapi' for at in (0, 1)],
    ),
    "limits of the connection": (
        "vapi_didlogic_timeout: 0\nvapi_didlogic_ca_path: /missing.pem",
        ["vapi_didlogic_timeout (0)", 'vapi_didlogic_ca_path ("/missing.pem")'],
    ),
}


#: What Ansible itself reads may differ from version to version.
READ = ("keys that are no text", "octal", "numbers with decimals", "unknown options")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.each_version) if name in READ else name for name in FILES]
)
def test_input_error_names_the_variable(services: Any, name: str) -> None:
    more, result = FILES[name]
    password = secrets.token_hex(12)
    base = HEAD.replace("PASSWORD", password)
    kept = base if not more.startswith("vapi_didlogic_trunk") else base[base.index("vapi_didlogic_numbers") :]
    for option in ("vapi_didlogic_numbers", "vapi_didlogic_assistants"):
        if option in more:
            kept = "\n".join(line for line in kept.splitlines() if not line.startswith(option))
    file = services.folder / "environment.yml"
    file.write_text(f"---\n{kept}\n{more}\n")
    play = services.ansible("ansible-playbook", "voiceops.vapi_didlogic.integrate", "-e", f"@{file}")
    assert play.rc == 2, play.text
    # The report of the role has one line for each, also when the run fails. Names are looked at before the role begins.
    early = ("unknown options", "octal", "unquoted login")
    task = "check_variables : " if name in early else "integration : Show the report]"
    report = play.out[play.out.index(f"TASK [voiceops.vapi_didlogic.{task}") :]
    for text in result:
        assert text in report.replace('\\"', '"'), play.text
    assert services.writes == 0
    assert password not in play.text


def test_partial_failure_is_reported_like_success(services: Any) -> None:
    services.faults(
        {"kind": "status", "code": 400, "match": {"method": "POST", "path_regex": "phone-number"}, "times": None}
    )
    file = services.folder / "environment.yml"
    file.write_text(HEAD.replace("PASSWORD", secrets.token_hex(12)))
    play = services.ansible("ansible-playbook", "voiceops.vapi_didlogic.integrate", "-e", f"@{file}")
    assert play.rc == 2, play.text
    report = play.out[play.out.rindex("TASK [voiceops.vapi_didlogic.integration : Show the report]") :]
    assert "didlogic NL" in report
    assert "created" in report
    assert len(report.splitlines()) > 4


def test_connection_options_reach_the_modules(services: Any) -> None:
    """Every playbook passes them on, so that a wrong one is refused by its name."""
    file = services.folder / "environment.yml"
    file.write_text(HEAD.replace("PASSWORD", secrets.token_hex(12)))
    more = ["-e", '{"vapi_didlogic_call": {"assistant": "A"}}']
    more += ["-e", '{"vapi_didlogic_campaign": {"name": "x", "assistant": "A", "customers": []}}']
    books = ("integrate", "teardown", "audit", "call", "campaign", "call_log", "export", "failover", "failback")
    for playbook in books:
        arguments = [
            "-e",
            f"@{file}",
            *more,
            "-e",
            '{"vapi_didlogic_timeout": 9999, "vapi_didlogic_retry_timeout": 9999}',
        ]
        play = services.ansible("ansible-playbook", f"voiceops.vapi_didlogic.{playbook}", *arguments)
        assert play.rc == 2, play.text
        assert "vapi_didlogic_timeout (9999)" in play.out, play.text
        assert "vapi_didlogic_retry_timeout (9999)" in play.out, play.text
    assert services.writes == 0


def test_verification_errors_are_in_the_report(services: Any) -> None:
    """The verification fails after everything was written: the report says why, not only the failed task."""
    tool = services.vapi("POST", "/tool", {"type": "transferCall", "destinations": []})
    model = {"provider": "openai", "model": "gpt-4o", "toolIds": [tool["id"]]}
    services.vapi("POST", "/assistant", {"name": "Night", "model": model})
    services.vapi("DELETE", f"/tool/{tool['id']}")
    file = services.folder / "environment.yml"
    file.write_text(HEAD.replace("PASSWORD", secrets.token_hex(12)))
    play = services.ansible("ansible-playbook", "voiceops.vapi_didlogic.integrate", "-e", f"@{file}")
    assert play.rc == 2, play.text
    report = play.out[play.out.rindex("TASK [voiceops.vapi_didlogic.integration : Show the report]") :]
    assert report.index("Verification failed: the live configuration differs") < report.index("Current state:")
    assert "Changes applied." not in report
    assert tool["id"] in report
    failure = play.out[: play.out.rindex("TASK [voiceops.vapi_didlogic.integration : Show the report]")]
    assert "- " in failure
    assert tool["id"] in failure[failure.rindex("Verification failed: ") :]
    assert "Current state:" not in failure
