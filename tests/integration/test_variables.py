# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt variable, or an option inside one, ends every playbook before its first request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
V = "voiceops.vapi_didlogic."
PLAYBOOKS = sorted(path.stem for path in ROOT.glob("playbooks/*.yml"))
CALL = {"assistant": "Nobody", "phone_number": "Desk", "customer": {"number": "+12025550101"}}
CAMPAIGN = {"name": "Renewal", "assistant": "Nobody", "phone_number": "Desk", "customers": [{"number": "+12025550101"}]}
TRUNK = {"name": "didlogic", "gateway": "sip.nl.didlogic.net"}

#: Variables, and what a message says of them.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"vapi_didlogic_regoin": "eu"}, "did you mean vapi_didlogic_region?"),
    ({"vapi_didlogic_transfer_tool": []}, "did you mean vapi_didlogic_transfer_tools?"),
    ({"vapi_didlogic_campaign": {**CAMPAIGN, "shedule_at": "2099-01-31T09:00:00Z"}}, "did you mean schedule_at?"),
    ({"vapi_didlogic_call": {**CALL, "customer": {"numbr": "+12025550101"}}}, "did you mean number?"),
    ({"vapi_didlogic_trunk": {**TRUNK, "gatway": "x"}}, "did you mean gateway?"),
]


def requests(services: Any) -> int:
    return len(services.sandbox("journal")["requests"])


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbook_rejects_unknown_variables(untouched: Any, playbook: str) -> None:
    """All of them at once."""
    before = requests(untouched)
    variables = {name: value for wrong, _told in WRONG for name, value in wrong.items()}
    done = untouched.play(V + playbook, **variables)
    assert done.rc != 0
    for _wrong, result in WRONG:
        assert result in done.text
    assert requests(untouched) == before


#: Each playbook, and the ways to run the role alone.
ROLE = V + "integration"
ENTRIES: dict[str, Any] = {
    **{name: V + name for name in PLAYBOOKS},
    "roles": {"roles": [ROLE]},
    "import_role": {"tasks": [{"ansible.builtin.import_role": {"name": ROLE}}]},
    "include_role": {"tasks": [{"ansible.builtin.include_role": {"name": ROLE}}]},
}


def entry(services: Any, name: str, *arguments: str, **variables: Any) -> Any:
    """Run a playbook, or a play with the role alone."""
    book = ENTRIES[name]
    if isinstance(book, dict):
        file = services.folder / f"{name}.yml"
        file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, **book}]))
        book = str(file)
    return services.play(book, *arguments, **variables)


FIRST = "Check for misspelled variables"


@pytest.mark.each_version
@pytest.mark.parametrize("name", [name for name in ENTRIES if name != "include_role"])
def test_variables_are_checked_once_and_first(untouched: Any, name: str) -> None:
    """Static imports only: Ansible lists no tasks of ``include_role``."""
    listed = entry(untouched, name, "--list-tasks")
    tasks = [line for line in listed.out.splitlines() if "TAGS: [" in line and "play #" not in line]
    tasks = [task for task in tasks if f"{V}check_variables : Validating arguments" not in task]  # it has none
    assert FIRST in tasks[0], listed.text
    assert sum(FIRST in task for task in tasks) == 1


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize("name", ENTRIES)
def test_misspelt_variable_is_reported_first(untouched: Any, name: str) -> None:
    """Before the variable that is missing for it, too."""
    before = requests(untouched)
    done = entry(untouched, name, vapi_didlogic_trnk=TRUNK)
    assert done.rc != 0
    assert "did you mean vapi_didlogic_trunk?" in done.text
    assert "Not defined" not in done.text
    assert "missing required" not in done.text
    assert done.out.count(FIRST + "]") == 1
    assert requests(untouched) == before


@pytest.mark.exhaustive(3)
@pytest.mark.parametrize(
    ("name", "given", "missing"),
    [
        (name, given, [f"vapi_didlogic_{each}" for each in needs if each not in given])
        for name, needs in {
            "integrate": ("trunk", "numbers"),
            "teardown": ("trunk", "numbers"),
            "rotate_sip_password": ("trunk",),
        }.items()
        for given in ((), ("numbers",), ("trunk",))
        if set(needs) - set(given)
    ],
)
def test_playbook_without_environment_names_the_variables(
    untouched: Any, name: str, given: tuple[str, ...], missing: list[str]
) -> None:
    values: dict[str, Any] = {"trunk": TRUNK, "numbers": []}
    done = entry(untouched, name, **{f"vapi_didlogic_{each}": values[each] for each in given})
    assert done.rc != 0
    assert f"Not defined: {', '.join(missing)}. Pass a file" in " ".join(done.text.split())


@pytest.mark.exhaustive(5)
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("playbook", "options"), [("call", CALL), ("campaign", CAMPAIGN)])
@pytest.mark.parametrize("missing", ["assistant", "squad", "phone_number"])
def test_references_of_a_call_must_exist(
    untouched: Any, playbook: str, options: dict[str, Any], missing: str, check: bool
) -> None:
    """In check mode too, since nothing in these playbooks creates it; named by the variable of the user."""
    options = {name: value for name, value in options.items() if missing != "squad" or name != "assistant"}
    done = untouched.play(
        V + playbook, *(["--check"] if check else []), **{f"vapi_didlogic_{playbook}": {**options, missing: "Nobody"}}
    )
    assert done.rc != 0
    assert f"vapi_didlogic_{playbook}.{missing}" in done.text
    assert "Nobody" in done.text
    assert not any(entry["method"] != "GET" for entry in untouched.sandbox("journal")["requests"])
