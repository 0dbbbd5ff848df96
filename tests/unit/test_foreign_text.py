# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks and short secrets as input, generated keys with secrets, and text of services: over all modules."""

from __future__ import annotations

import itertools
import json
import random
import sys
import typing as t
import unicodedata
import uuid
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.action.vapi_call import ActionModule as CallAction
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError, RejectedError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.redact import Redactor
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable, printable_lines
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import LABEL_IN_TEXT
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _wait
from ansible_collections.voiceops.vapi_didlogic.tests.unit.names import HARMLESS, SPELLINGS, secret_names
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import NUMBER_1, canary
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_contract import derived
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_module import ModuleRunner, Result, runner
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_secret_detection import MASKS

__all__ = ["runner"]

MODULES = Path(__file__).parents[2] / "plugins" / "modules"
#: The modules that use a service or probe one; others leave through Ansible's own door and hold no secret.
NAMES = sorted(
    file.stem for file in MODULES.glob("[!_]*.py") if "module_utils._ansible.entrypoints import" in file.read_text()
)
EVERY = pytest.mark.parametrize("name", NAMES)
Spec = dict[str, dict[str, t.Any]]
#: Where an option is: names, and ``None`` for the one item of a list.
Identity = tuple[str | None, ...]


def places(spec: Spec, desired: t.Callable[[dict[str, t.Any]], bool], at: Identity = ()) -> t.Iterator[Identity]:
    for name, option in spec.items():
        inner: Identity = (*at, name, *((None,) if option.get("elements") == "dict" else ()))
        if desired(option):
            yield inner
        elif option.get("options"):
            yield from places(option["options"], desired, inner)


def filler(option: dict[str, t.Any]) -> t.Any:
    if option.get("choices"):
        return option["choices"][0]
    if option.get("options"):
        inner = minimal(option["options"])
        return [inner] if option.get("type") == "list" else inner
    values = {"int": 1, "bool": True, "list": [], "dict": {}, "float": 1.0}
    return values.get(option.get("type", "str"), NUMBER_1)


@pytest.fixture(autouse=True)
def other_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A module may write a file, whose path is any text."""
    monkeypatch.chdir(tmp_path)


def minimal(spec: Spec) -> Result:
    """Values of the options that must be given."""
    return {name: filler(option) for name, option in spec.items() if option.get("required")}


def connection(name: str, runner: ModuleRunner) -> Result:
    spec, world = derived(name), runner.stage.world
    keys = {"vapi_": world.vapi_api_key, "didlogic_": world.didlogic_api_key}
    keys[""] = keys["didlogic_" if name.startswith("didlogic") else "vapi_"]
    found: Result = {}
    for prefix, key in keys.items():
        if f"{prefix}api_url" in spec:
            side = (prefix or name).split("_", maxsplit=1)[0]
            found |= {f"{prefix}api_key": key, f"{prefix}api_url": f"http://127.0.0.1/{side}"}
    return found


def placed(spec: Spec, params: Result, place: Identity, value: t.Any) -> Result:
    """Parameters with a value at a place, and what must be given on the way there."""
    name, *rest = place
    option = spec[str(name)]
    if not rest:
        return {**params, str(name): value}
    if rest == [None]:
        return {**params, str(name): [value]}
    inner = tuple(rest[1:] if rest[0] is None else rest)
    below = placed(option["options"], minimal(option["options"]), inner, value)
    return {**params, str(name): [below] if rest[0] is None else below}


def dotted(place: Identity) -> str:
    return "".join("[0]" if step is None else f".{step}" for step in place).removeprefix(".")


def is_secret(option: dict[str, t.Any]) -> bool:
    return bool(option.get("no_log")) and option.get("type", "str") == "str"


def is_free(option: dict[str, t.Any]) -> bool:
    return not option.get("options") and "dict" in (option.get("type"), option.get("elements"))


# ---------------------------------------------------------------------------------------------------- masks as input


@EVERY
def test_masks_are_rejected_for_every_secret(name: str, runner: ModuleRunner) -> None:
    """Nothing is sent; the message names the option. The rows of bullets of a dashboard are masks too."""
    spec = derived(name)
    base = minimal(spec) | connection(name, runner)
    masks = itertools.cycle([*MASKS, "*", "********", "\u2022" * 12])
    for place in places(spec, is_secret):
        for mask in itertools.islice(masks, 4):
            result = runner.raw(name, placed(spec, base, place, mask))
            assert f"Option {dotted(place)}: contains Ansible's no_log mask" in result["msg"], (
                place,
                mask,
                result["msg"],
            )
    for place in places(spec, is_free):
        for mask in itertools.islice(masks, 4):
            if mask.strip().lower() != "hidden":
                value = {"x": [{"headers": {"Authorization": f"Bearer {mask}"}}]}
                result = runner.raw(name, placed(spec, base, place, value))
                desired = f"Option {dotted(place)}.x[0].headers.Authorization: contains Ansible's no_log mask"
                assert desired in result["msg"], (mask, result["msg"])
    assert runner.stage.world.journal == []


def test_mask_within_a_longer_text_is_accepted(runner: ModuleRunner) -> None:
    """Only inputs for secrets count, and whole values."""
    for text in ("Say ******** slowly", "hidden", "[REDACTED]", "*" * 12):
        definition = {"firstMessage": text, "model": {"provider": "openai", "model": "x", "messages": [
            {"role": "system", "content": f"Never say {text}. ********"}]}}  # fmt: skip
        result = runner.run("vapi_assistant", {"name": "Reception", "definition": definition})
        assert result["assistant"]["definition"]["firstMessage"] == text


# ------------------------------------------------------------------------------------------------------ short secrets


@EVERY
def test_short_secrets_are_rejected_without_redaction(name: str, runner: ModuleRunner) -> None:
    spec = derived(name)
    base = minimal(spec) | connection(name, runner)
    for place in places(spec, is_secret):
        for secret in ("2", "012", NUMBER_1[:5], "a", "1234567"):
            result = runner.raw(name, placed(spec, base, place, secret), verbosity=5)
            assert result["failed"] is True
            displayed = json.dumps(result["invocation"]["module_args"])
            assert "********" not in displayed
            for option, value in base.items():
                if isinstance(value, str) and option != place[0] and not is_secret(spec[option]):
                    assert json.dumps(value) in displayed
    assert not [entry for entry in runner.stage.world.journal if entry["method"] != "GET"]


def test_short_password_error_names_the_rule(runner: ModuleRunner) -> None:
    message = runner.fail("didlogic_sip_account", {"label": "x", "password": "1234567"})
    assert message.startswith("Option password: is too short; it must have at least 8 characters")


# --------------------------------------------------------------------------------- secrets that other options contain


OWN = [
    ("didlogic_sip_account", {"label": "Desk {}"}, "label"),
    ("didlogic_sip_account", {"label": "{}"}, "label"),
    ("vapi_sip_trunk", {"name": "{} NL", "username": "01234"}, "name"),
    ("vapi_sip_trunk", {"name": "NL", "username": "{}"}, "username"),
    ("vapi_sip_trunk", {"name": "NL", "username": "1", "gateways": [{"ip": "{}.example.com"}]}, "gateways[0].ip"),
    ("vapi_sip_trunk", {"name": "NL", "username": "1", "id": "{}-0000-4000-8000-000000000000"}, "id"),
]  # fmt: skip


def filled(value: t.Any, text: str) -> t.Any:
    if isinstance(value, dict):
        return {key: filled(item, text) for key, item in value.items()}
    return [filled(item, text) for item in value] if isinstance(value, list) else value.format(text)


@pytest.mark.parametrize("form", [str, str.upper, str.title])
@pytest.mark.parametrize(("name", "options", "place"), OWN)
def test_secret_that_another_option_contains_is_rejected(
    name: str, options: dict[str, t.Any], place: str, form: t.Callable[[str], str], runner: ModuleRunner
) -> None:
    """Otherwise the object's own options would be masked in results."""
    secret = "a1" + canary()[-6:].lower()
    params = connection(name, runner) | filled(options, form(secret)) | {"password": secret}
    message = runner.raw(name, params)["msg"]
    assert f"Option password: is a part of {place}, which" in message
    assert secret not in message
    assert runner.stage.world.journal == []


def test_secret_that_no_option_contains_masks_no_option(runner: ModuleRunner) -> None:
    result = runner.run("didlogic_sip_account", {"label": "Desk 12345678", "password": "S" + canary()})
    assert result["sip_account"]["label"] == "Desk 12345678"


# ------------------------------------------------------------------------------------- generated keys with a secret


PHONE = {"number": NUMBER_1, "number_e164_check_enabled": False, "trunk": "didlogic nl"}


@pytest.mark.parametrize(
    ("name", "base", "option"),
    [
        ("vapi_assistant", {"name": "Reception"}, "definition"),
        ("vapi_phone_number", PHONE, "server"),
        ("vapi_phone_number", PHONE, "hooks"),
        ("vapi_transfer_tool", {"name": "to_human", "destinations": [{"number": "+12025550123"}]}, "messages"),
    ],
)
@pytest.mark.parametrize("check", [True, False], ids=["dry", "refused"])
def test_generated_keys_are_hidden_in_result_diff_and_invocation(
    name: str, base: Result, option: str, check: bool, runner: ModuleRunner
) -> None:
    secret = canary()
    names = random.Random(7).sample(list(secret_names()), 120)
    shapes = itertools.cycle((secret, [secret], {"value": secret}))
    value: t.Any = {
        "inner": dict(zip(names, shapes, strict=False)),
        "url": f"https://me:{secret}@example.com/?a={secret}",
    }
    value["harmless"] = {spell(words): "readable" for words in HARMLESS for spell in SPELLINGS.values()}
    value["model"] = {"provider": "openai", "model": "x"}
    params = {**base, option: [value] if option in ("hooks", "messages") else value}
    if not check:
        runner.transport = httpx.MockTransport(
            lambda request: (
                httpx.Response(200, json=[])
                if request.method == "GET"
                else httpx.Response(400, json={"message": request.content.decode()})
            )
        )
    result = runner.raw(name, {**runner.connection(name), **params}, check=check, diff=True, verbosity=5)
    text = runner.output + str(runner.warnings)
    assert not [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8] in text]
    assert result.get("failed", False) is not check
    if check:
        # In the result, the diff and the invocation.
        assert text.count("readable") >= 3 * len(value["harmless"])


# ------------------------------------------------------------------------------------------------------- foreign text

#: What a terminal acts on: controls, line breaks of Unicode, marks of direction, half a pair of surrogates.
BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
HOSTILE = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs") or unicodedata.bidirectional(char) in BIDI
]
FORGED = "\nPLAY RECAP *********\nlocalhost : ok=9 failed=0"


def unsafe(text: str) -> list[str]:
    return [char for char in text if char in set(HOSTILE)]


def test_terminal_control_characters_are_removed() -> None:
    assert len(HOSTILE) > 2000
    for char in HOSTILE:
        assert not unsafe(printable(f"a{char}b")), hex(ord(char))
        assert not unsafe(printable_lines(f"a{char}b").replace("\t", "")), hex(ord(char))
    for text in ("", "Ünïcödé", "日本語", "👩\u200d💻", "a b", "שלום"):
        assert printable(text) == printable_lines(text) == text


@given(st.lists(st.sampled_from([*HOSTILE[:80], "\n", "- ", "PLAY RECAP", "x", " "]), max_size=12).map("".join))
def test_message_is_one_line(text: str) -> None:
    ours = "Faults:\n- one\n- two\n… and 3 more"
    for message in (
        printable_lines(text),
        Redactor(["x" * 9], label_pattern=LABEL_IN_TEXT).text(text),
        str(OptionError("name", text)),
        str(OptionError("", text)),
    ):
        assert not unsafe(message.replace("\n- ", "").replace("\n  ", "").replace("\n… ", "").replace("\t", ""))
    assert printable_lines(ours) == ours
    assert "\n" not in printable(text)


@EVERY
def test_error_messages_of_a_service_are_printable(name: str, runner: ModuleRunner) -> None:
    """Errors with every hostile character, over all modules that ask a service."""
    words = "".join(char for char in HOSTILE if unicodedata.category(char) != "Cs")[:70] + FORGED + "\u202e\u2028\x9b"
    runner.transport = httpx.MockTransport(
        lambda _request: httpx.Response(400, json={"message": words, "error": words})
    )
    spec = derived(name)
    result = runner.raw(name, minimal(spec) | connection(name, runner), verbosity=5)
    for text in (
        str(result.get("msg", "")),
        *runner.warnings,
        *(item["message"] for item in result.get("failures", ())),
    ):
        assert not unsafe(text.replace("\n- ", "")), ascii(text)
        assert "\nPLAY" not in text


def test_object_names_of_a_service_are_printable(runner: ModuleRunner) -> None:
    """In an error that names who uses an object, in the warnings and in the findings of an audit."""
    hostile = f"Desk\x1b[2J\x07\x9b\u202e\u2028{FORGED}"[:40]
    trunk = runner.run("vapi_sip_trunk", {"name": "didlogic nl", "gateways": [{"ip": "192.0.2.1"}]})["sip_trunk"]["id"]
    runner.run(
        "vapi_phone_number", {"number": NUMBER_1, "number_e164_check_enabled": False, "trunk": trunk, "name": "x"}
    )
    (row,) = runner.stage.store("phone_numbers")
    row["name"] = hostile
    (row,) = runner.stage.store("credentials")
    row["name"] = hostile
    message = runner.fail("vapi_sip_trunk", {"name": hostile, "state": "absent"})
    assert "still used by" in message
    assert not unsafe(message)
    result = runner.raw("routing_audit", connection("routing_audit", runner) | {"fail_on": "never"})
    texts = [item[part] for item in result["findings"] for part in ("subject", "message", "fix")]
    assert texts
    assert not [text for text in texts if unsafe(text)]


def test_progress_messages_are_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status and reason come from the service, and so does the reason why it cannot be read."""
    monkeypatch.setattr(_wait.time, "sleep", lambda _seconds: None)
    hostile = f"\x1b]0;x\x07\u202e{FORGED}\x9b"
    displayed: list[str] = []
    action = object.__new__(CallAction)
    monkeypatch.setattr(CallAction, "_progress", lambda _self, line: displayed.append(line))
    answers: list[Result] = [
        {"calls": [{"id": "1", "status": hostile}]},
        {"failed": True, "msg": hostile},
        {"calls": [{"id": "1", "status": "ended", "ended_reason": hostile, "outcome": "failed",
                    "diagnosis": {"cause": hostile, "fix": hostile}}]},
    ]  # fmt: skip
    monkeypatch.setattr(CallAction, "_execute_module", lambda _self, **_more: answers.pop(0))
    result = action._wait({"id": str(uuid.uuid4()), "status": "queued"}, {}, {}, 60)
    assert len(displayed) == 3
    assert result["failed"] is True
    assert not [line for line in (*displayed, result["msg"]) if unsafe(line)]
    answers = [{"failed": True, "msg": hostile}] * 3
    assert not unsafe(action._wait({"id": "1", "status": hostile}, {}, {}, 60)["msg"])


def test_client_error_is_one_line() -> None:
    assert not unsafe(str(RejectedError(printable(FORGED), 400)))
