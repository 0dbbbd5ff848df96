# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is live becomes an environment file, and applying it changes nothing."""

from __future__ import annotations

import itertools
import re
import secrets
import uuid
from typing import Any

import pytest
import yaml
from test_main_job import environment

PROMPT = "You answer for {{ company.name }}.\n\nBe brief.\u2028\x85\n{% if late %}Say that we are closed.{% endif %}\n"


LINE_ENDS = [
    "\n",
    "\r",
    "\x85",
    "\u2028",
    "\u2029",
    "\x0b",
    "\x0c",
    "\x1c",
    "\ufeff",
    "\x1b[2K\r",
    "\n...\n---\n",
    "\n}}\n",
]
#: The variables that an export may hold.
OPTIONS = (
    "trunk", "transfer_tools", "assistants", "numbers", "number_format", "allow_unconfirmed_refer", "region",
)  # fmt: skip


class Loader(yaml.SafeLoader):
    """Reads Ansible's tag for texts that are no templates."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def declared() -> dict[str, Any]:
    """An environment with most of what can stand in one. In a file, a prompt with braces carries Ansible's tag."""
    found = environment()
    found["vapi_didlogic_trunk"] |= {
        "port": 5070,
        "leading_plus": True,
        "inbound_networks": ["192.0.2.0/28", "192.0.2.99"],
    }
    found["vapi_didlogic_numbers"][1] |= {"fallback_destination": {"number": "+31612340000", "message": "One moment."}}
    found["vapi_didlogic_numbers"].append({"number": "31201234562", "inbound": False, "assistant": "Night"})
    return found


@pytest.mark.each_version
def test_exported_file_changes_nothing(services: Any) -> None:
    first = declared()
    model = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "PROMPT"}]}
    first["vapi_didlogic_assistants"][0]["definition"] = {
        "firstMessage": "Hello",
        "model": model,
        "server": {"url": "https://example.org/vapi", "headers": {"x-key": secrets.token_hex(12)}},
    }
    made = services.play("voiceops.vapi_didlogic.integrate", **first)
    assert made.rc == 0, made.text
    # The prompt as Vapi would have it, past Ansible's templates.
    assistants = services.vapi("GET", "/assistant")
    key = next(item["id"] for item in assistants if item["name"] == "Reception")
    tools = next(item["model"]["toolIds"] for item in assistants if item["id"] == key)
    model["messages"][0]["content"] = PROMPT
    services.vapi("PATCH", f"/assistant/{key}", {"model": {**model, "toolIds": tools}})
    before, writes = services.sandbox("state"), services.writes

    dry = services.play("voiceops.vapi_didlogic.export", "--check")
    assert dry.rc == 0, dry.text
    file = services.folder / "environment.yml"
    assert not file.exists()
    export = services.play("voiceops.vapi_didlogic.export")
    assert export.rc == 0, export.text
    place = "assistants[0].definition.server.headers.x-key"
    assert f"{place}: a secret, which is not exported" in export.out
    assert "Applying this file would fail." in export.out
    assert (services.writes, services.sandbox("state")) == (writes, before)

    text = file.read_text()
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    for secret in (
        first["vapi_didlogic_trunk"]["password"],
        first["vapi_didlogic_assistants"][0]["definition"]["server"]["headers"]["x-key"],
        services.facts["vapi_api_key"],
    ):
        assert secret not in text + export.text
    written = yaml.load(text, Loader)
    assert "content: !unsafe" in text
    assert written["vapi_didlogic_assistants"][0]["definition"]["model"]["messages"][0]["content"] == PROMPT
    trunk = first["vapi_didlogic_trunk"]
    assert written["vapi_didlogic_trunk"] == {key: trunk[key] for key in trunk if key != "password"}
    assert [item["number"] for item in written["vapi_didlogic_numbers"]] == [
        "31201234560",
        "31201234561",
        "31201234562",
    ]
    assert written["vapi_didlogic_numbers"][2]["inbound"] is False

    # Refused as it is, before the first write; without the hidden value it changes nothing.
    refused = services.play("voiceops.vapi_didlogic.integrate", "-e", f"@{file}")
    assert (refused.rc, services.writes) == (2, writes), refused.text
    assert "definition.server.headers.x-key" in refused.text
    file.write_text(re.sub(r"\n +headers:\n +x-key: hidden", "", text))
    assert file.read_text() != text
    again = services.play("voiceops.vapi_didlogic.integrate", "-e", f"@{file}")
    assert (again.rc, again.changed, services.writes) == (0, 0, writes), again.text


#: Each would act if one character of it were taken for the end of a line, of a comment or of a text.
HOSTILE = [
    f"{before}{end}vapi_didlogic_state: absent #"
    for before, end in itertools.product(("NL", "", "{{ lookup('pipe', 'touch owned') }}"), LINE_ENDS)
]
HOSTILE = [name[:40] for name in HOSTILE]


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(
    "some", [HOSTILE[start : start + 12] for start in (0, 12, 24)], ids=["plain", "bare", "template"]
)
def test_hostile_names_are_exported_as_text(services: Any, some: list[str]) -> None:
    """Of the trunk, an assistant, a phone number, and in the notes; the file is applied as users do."""
    own = next(name for name in some if "\u2028" in name)
    trunk = {
        "provider": "byo-sip-trunk",
        "name": own,
        "gateways": [{"ip": "sip.nl.didlogic.net", "inboundEnabled": False}],
    }
    assistants = [
        {"id": str(uuid.UUID(int=at + 1)), "name": name, "firstMessage": f"{name}\u2028{{{{ 7*7 }}}}"}
        for at, name in enumerate([*some, some[-1]])
    ]
    phones = [
        {
            "id": str(uuid.UUID(int=100 + at)),
            "provider": "byo-phone-number",
            "number": f"312012345{at:02}",
            "name": assistant["name"],
            "credentialId": str(uuid.UUID(int=50)),
            "assistantId": assistant["id"],
            "numberE164CheckEnabled": False,
        }
        for at, assistant in enumerate(assistants)
    ]
    seed = {
        "numbers": [phone["number"] for phone in phones],
        "vapi": {
            "credentials": [{"id": str(uuid.UUID(int=50)), **trunk}],
            "assistants": assistants,
            "phone_numbers": phones,
        },
    }
    services.sandbox("reset", "POST", seed)
    export = services.play("voiceops.vapi_didlogic.export")
    assert export.rc == 0, export.text
    file = services.folder / "environment.yml"
    written = yaml.load(file.read_text(), Loader)
    assert set(written) <= {f"vapi_didlogic_{name}" for name in OPTIONS}
    assert written["vapi_didlogic_trunk"]["name"] == own
    found = {item["name"]: item["definition"]["firstMessage"] for item in written["vapi_didlogic_assistants"]}
    assert found == {name: f"{name}\u2028{{{{ 7*7 }}}}" for name in some[:-1]}
    assert "Applying this file changes nothing." in export.out
    again = services.play("voiceops.vapi_didlogic.integrate", "--check", "-e", f"@{file}")
    assert (again.rc, again.changed) == (0, 0), again.text
    assert not list(services.folder.rglob("owned"))
    file.unlink()


@pytest.mark.default_dialect("unique_trunk_names")
def test_manual_objects_are_distinguished_in_export(services: Any) -> None:
    """Two trunks, a key in a URI, a gateway for both ways, names that are not unique."""
    ids = [
        services.vapi(
            "POST",
            "/credential",
            {"provider": "byo-sip-trunk", "name": name, "gateways": [{"ip": "192.0.2.7", "inboundEnabled": True}]},
        )["id"]
        for name in ("one", "two")
    ]
    for _double in range(2):
        assistant = services.vapi("POST", "/assistant", {"name": "Twin"})["id"]
    services.vapi(
        "POST",
        "/phone-number",
        {
            "provider": "byo-phone-number",
            "number": "31201234560",
            "credentialId": ids[0],
            "assistantId": assistant,
            "numberE164CheckEnabled": False,
        },
    )
    several = services.play("voiceops.vapi_didlogic.export")
    assert several.rc != 0
    assert "several SIP trunks: one, two" in several.failure
    unknown = services.play("voiceops.vapi_didlogic.export", vapi_didlogic_export_trunk="three")
    assert "one, two" in unknown.failure

    one = services.play("voiceops.vapi_didlogic.export", vapi_didlogic_export_trunk="one")
    assert one.rc == 0, one.text
    assert "Applying this file would change:" in one.out
    assert "for both directions" in one.out
    assert "shares the name Twin" in one.out
    written = yaml.load((services.folder / "environment.yml").read_text(), Loader)
    (number,) = written["vapi_didlogic_numbers"]
    assert number == {"number": "31201234560", "assistant": assistant, "inbound": False}
    assert "vapi_didlogic_assistants" not in written


@pytest.mark.default_dialect("unique_trunk_names")
def test_invalid_environment_is_exported_for_correction(services: Any) -> None:
    """A trunk without a name and without a gateway for outbound calls."""
    services.vapi(
        "POST",
        "/credential",
        {"provider": "byo-sip-trunk", "gateways": [{"ip": "192.0.2.7", "outboundEnabled": False}]},
    )
    export = services.play("voiceops.vapi_didlogic.export")
    assert export.rc == 0, export.text
    assert "Applying this file would fail." in export.out
    for option in ("name", "gateway"):
        assert f"- Option vapi_didlogic_trunk.{option}: must be given." in export.out
    assert "changes nothing" not in export.out
    written = yaml.load((services.folder / "environment.yml").read_text(), Loader)
    assert written["vapi_didlogic_trunk"] == {"inbound_networks": ["192.0.2.7"]}
