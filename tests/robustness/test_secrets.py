# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the canary matrix, on the ansible-core that runs these tests; ``leaks.py`` is the whole."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.robustness import secret_leaks
from tests.robustness.secret_leaks import BARE, KEPT, Case, Connection, Run, secret

CORE = Path(sys.prefix)


def case(name: str, module: str, mode: str, works: bool, options: dict[str, Any] | None = None, **more: Any) -> Case:
    says, key = more.pop("says", ""), more.pop("key", None)
    conn = Connection({"api_url"})
    return Case(name, module, (options or {}) | conn(module, f"{mode}", key, **more), works, says)


SERVER = {"number": KEPT, "number_e164_check_enabled": False, "server": {"timeoutSeconds": 20}}
FORWARD = {"number": KEPT, "vapi_private_key": secret("vapi")}
CASES = [
    case("Vapi repeats", "vapi_phone_number", "write-400-raw", False, SERVER, says="400"),
    case("didlogic repeats", "didlogic_forward", "write-400-raw", False, FORWARD, says="400"),
    case("a bulk repeats", "didlogic_forwards", "write-422-cut", False, {"forwards": [FORWARD]}, says="422"),
    case("a warning", "didlogic_forward", "pass", True, {**FORWARD, "number": BARE}),
    case("a foreign key", "didlogic_number_info", "pass", True),
    case("foreign secrets", "vapi_assistant_info", "pass", True),
    case("key with a line break", "vapi_sip_trunk_info", "pass", True, key=secret("newline")),
    case(
        "key with other letters", "vapi_assistant", "pass", False, {"name": "x"}, key=secret("nonascii"), says="invalid"
    ),
    case("key too short", "didlogic_account_info", "pass", False, key=secret("short"), says="too short"),
    case("key masked", "didlogic_account_info", "pass", False, key="********", says="mask"),
    case("misspelt", "didlogic_account_info", "pass", False, api_kye=secret("misspelt"), says="api_kye"),
    case("generated keys", "vapi_assistant", "pass", True, secret_leaks.ROWS["vapi_assistant"].make),
    case(
        "generated keys repeated",
        "vapi_assistant",
        "write-400-quotedlower",
        False,
        {**secret_leaks.ROWS["vapi_assistant"].make, "name": "Other"},
        says="400",
    ),
    *[
        case(f"repeated, {echo}", "didlogic_forward", f"write-400-{echo}", False, FORWARD, says="400")
        for echo in secret_leaks.ECHOES
        if echo.startswith(("quotedl", "quotedb", "quotedt", "entities", "unicode", "base64url"))
    ],
]
#: What the control does wrong in a place, for some of the places.
CONTROL = ("warn", "upper", "raise", "log", "program", "file")


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "inside"])
def run(request: pytest.FixtureRequest) -> Run:
    """The cases, loud, through both doors."""
    return secret_leaks.play(
        CORE, "sample", secret_leaks.playbook(CASES), CASES, "-vvvvv", "--diff", inside=request.param
    )


def result_of(run: Run, name: str) -> Any:
    """The result of a case."""
    events = [json.loads(line) for line in run.places["events (JSON)"].splitlines()]
    return next(e["result"] for e in events if e["event"] in ("ok", "failed") and e["task"].endswith(f", {name}"))


def test_output_contains_no_secret(run: Run) -> None:
    assert not run.odd
    assert sorted(run.hits) == []
    loud = ("stdout", "log file", "events (JSON)", "junit", "fact cache", "process list")
    assert [place for place in loud if not run.places[place]] == []


def test_redacted_messages_are_informative(run: Run) -> None:
    assert "Vapi rejected PATCH /phone-number/{id} (400): No calls to" in result_of(run, "Vapi repeats")["msg"]
    assert "@hidden.sip.vapi.ai" in result_of(run, "didlogic repeats")["msg"]
    (failure,) = result_of(run, "a bulk repeats")["failures"]
    assert failure["item"] == KEPT
    assert "422" in failure["message"]


def assistant_with_secrets(run: Run) -> dict[str, Any]:
    """The assistant of somebody else; the case for squads creates others."""
    (found,) = [item for item in result_of(run, "foreign secrets")["assistants"] if "server" in item["definition"]]
    return dict(found)


def test_generated_keys_are_hidden_in_place(run: Run) -> None:
    metadata = result_of(run, "generated keys")["assistant"]["definition"]["metadata"]
    assert {metadata[name] for name in secret_leaks.GENERATED} == {"hidden"}
    assert metadata["pairs"] == [{"key": "apiSecret", "value": "hidden"}]
    assistant = assistant_with_secrets(run)
    found = assistant["definition"]["metadata"]
    assert {found[name] for name in secret_leaks.GENERATED} == {"hidden"}
    assert found["address"] == "https://hidden:hidden@example.com/?a=hidden"


def test_keys_of_other_objects_are_hidden(run: Run) -> None:
    rows = [
        row["destination"] for number in result_of(run, "a foreign key")["numbers"] for row in number["destinations"]
    ]
    assert f"{KEPT}@hidden.sip.vapi.ai" in rows
    assert f"sip:{KEPT}@hidden.sip.eu.vapi.ai;transport=tcp" in rows
    assistant = assistant_with_secrets(run)
    assert assistant["definition"]["server"] == {
        "url": secret_leaks.URL,
        "headers": {"X-Token": "hidden", "Authorization": "hidden"},
    }
    assert assistant["definition"]["serverUrlSecret"] == "hidden"


def test_control_leak_is_detected() -> None:
    cases = [case for case in secret_leaks.control_cases() if case.name in CONTROL]
    run = secret_leaks.play(CORE, "control", secret_leaks.playbook(cases), cases, "-vvvvv")
    caught = {hit.place for hit in run.hits}
    desired = {"stdout", "log file", "events (JSON)", "junit", "home", "remote temporary folder", "process list"}
    assert desired <= caught
    assert "system log" in caught or secret_leaks.room() is None
    assert secret_leaks.count_leaks(run.hits) >= 12
    # The control has what Ansible offers: it fails because that is not enough.
    assert "no_log" in (secret_leaks.NAIVE / "library" / "naive.py").read_text(encoding="utf-8")


def test_search_finds_every_encoding() -> None:
    values = secret_leaks.canaries()
    for label in ("vapi", "password", "didlogic"):
        for echo, form in secret_leaks.ECHOES.items():
            if echo != "spaced":
                hits = secret_leaks.search(
                    "", {"place": form(f"It says {values[label]} today.").encode()}, {label: values[label]}
                )
                assert hits, (label, echo)
    assert not secret_leaks.search("", {"place": b"It says nothing."}, values)
