# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployed environment next to objects of others, and a change of it that renames, removes, prunes and reorders."""

from __future__ import annotations

import copy
import json
import typing as t

from chain import BARE, DECLARED, MODEL, OWN, SEED, Account, Ticking
from sandbox_server.world import World

DROPPED, LEFT, FOREIGN = "31201234570", "31201234571", "31201234572"
#: What the account had before the first run: numbers with destinations, of which one is never declared.
NUMBERS = [
    *SEED["numbers"],  # type: ignore[misc]
    {"number": DROPPED, "destinations": [{"destination": "31299999991", "transport": 4, "active": True}]},
    LEFT,
    FOREIGN,
]
#: The environment as it is deployed.
BEFORE: dict[str, t.Any] = {
    **DECLARED,
    "prune": True,
    "transfer_tools": [*DECLARED["transfer_tools"], {"name": "spare"}, {"name": "dropped"}],
    "assistants": [
        *DECLARED["assistants"],
        {"name": "night", "definition": {"model": MODEL}, "tools": ["spare"]},
        {"name": "dropped", "definition": {"model": MODEL}, "tools": ["dropped"]},
        {"name": "used", "definition": {"model": MODEL}},
    ],
    "numbers": [
        *DECLARED["numbers"],
        {"number": DROPPED, "assistant": "dropped"},
        {"number": LEFT, "assistant": "night"},
    ],
}
#: The same, changed: renamed, a list of destinations, entries to remove, and entries that are no longer there.
AFTER: dict[str, t.Any] = {
    "prune": True,
    "trunk": DECLARED["trunk"] | {"name": "renamed", "former_names": ["trunk"]},
    "transfer_tools": [
        DECLARED["transfer_tools"][0] | {"name": "person", "former_names": ["human"]},
        {"name": "spare", "state": "absent"},
    ],
    "assistants": [
        DECLARED["assistants"][0] | {"name": "day", "former_names": ["reception"], "tools": ["person"]},
        {"name": "night", "state": "absent"},
    ],
    "numbers": [
        {"number": OWN, "assistant": "day", "failover": ["31201234599", "sip:desk@pbx.example.com"]},
        {"number": BARE, "assistant": "day"},
        {"number": LEFT, "state": "absent"},
    ],
}
#: Other objects in Vapi, by their kind. The environment refers to none of them.
OTHERS: dict[str, list[dict[str, t.Any]]] = {
    "credentials": [{"id": "o-trunk", "name": "other", "provider": "byo-sip-trunk", "gateways": []}],
    "assistants": [
        {"id": "o-unmarked", "name": "unmarked", "model": {**MODEL, "toolIds": ["o-shared", "o-unmarked-tool"]}},
        {"id": "o-other", "name": "of another", "metadata": {"managed_by": "voiceops.vapi_didlogic/other"}},
        {"id": "o-similar", "name": "similar", "metadata": {"managed_by": "voiceops.vapi_didlogic/trunk 2"}},
        {"id": "o-text", "name": "by hand", "metadata": {"managed_by": "trunk"}},
    ],
    "tools": [
        {"id": "o-unmarked-tool", "type": "transferCall", "function": {"name": "of_the_unmarked"}},
        {"id": "o-shared", "type": "transferCall", "function": {"name": "shared"}},
        {"id": "o-free", "type": "transferCall", "function": {"name": "free"}},
        {"id": "o-kind", "type": "function", "function": {"name": "of_another_kind"}},
    ],
    "phone_numbers": [
        {
            "id": "o-phone",
            "number": FOREIGN,
            "provider": "byo-phone-number",
            "credentialId": "o-trunk",
            "assistantId": "o-other",
        },
        {"id": "o-twilio", "number": "+442079460999", "provider": "twilio"},
    ],
}
STAMP = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z"}


def deployed() -> Account:
    """The environment, deployed by two runs, and the objects of others."""
    account = Account(World(seed={**SEED, "numbers": NUMBERS}, clock=Ticking()))
    account.run(at_once=True, **BEFORE)
    for kind, rows in copy.deepcopy(OTHERS).items():
        for row in rows:
            account.world.vapi[kind][row["id"]] = {**STAMP, **row}
    state = account.world.state()["vapi"]
    ids = {row["name"]: row["id"] for row in state["assistants"]}
    account.world.vapi["squads"]["o-squad"] = {
        **STAMP,
        "id": "o-squad",
        "name": "squad",
        "members": [{"assistantId": ids["used"]}],
    }
    # Held by an assistant of this environment and by another one.
    account.world.vapi["assistants"][ids["dropped"]]["model"]["toolIds"].append("o-shared")
    trunk = state["credentials"][0]["id"]
    number = account.world.number(FOREIGN)
    assert number
    rows = [f"{FOREIGN}@o-trunk.sip.vapi.ai", f"{FOREIGN}@{trunk}.sip.vapi.ai"]
    number["destinations"] += [
        {"id": 9000 + at, "destination": row, "transport": 1, "active": True, "callhunt": False, "priority": 9000 + at}
        for at, row in enumerate(rows)
    ]
    return account


def outside(account: Account) -> str:
    """Everything that the environment must leave as it is."""
    state = account.world.state()
    found: dict[str, t.Any] = {
        kind: [row for row in rows if str(row["id"]).startswith("o-")] for kind, rows in state["vapi"].items()
    }
    found["used"] = sorted(row["name"] for row in state["vapi"]["assistants"] if row["name"] == "used")
    for number in state["numbers"]:
        kept = [row for row in number["destinations"] if "vapi.ai" not in row["destination"]]
        declared = (*map(plain, AFTER["numbers"][0]["failover"]), "01234")
        if number["number"] == FOREIGN:
            found[FOREIGN] = number
        else:
            found[number["number"]] = sorted(
                row["destination"]
                for row in kept
                if number["number"] != OWN or plain(row["destination"]) not in declared
            )
    return json.dumps(found, sort_keys=True, default=str)


def plain(destination: str) -> str:
    """An address without the scheme, which the service may remove."""
    return destination.removeprefix("sip:")


def inside(account: Account) -> dict[str, t.Any]:
    """What there is of the environment, by name."""
    state = account.world.state()
    names = {
        "credentials": lambda row: row["name"],
        "tools": lambda row: row["function"]["name"],
        "assistants": lambda row: (row["name"], (row.get("metadata") or {}).get("managed_by")),
        "phone_numbers": lambda row: row["number"],
    }
    found: dict[str, t.Any] = {
        kind: sorted(str(name(row)) for row in state["vapi"][kind] if not str(row["id"]).startswith("o-"))
        for kind, name in names.items()
    }
    for number in state["numbers"]:
        rows = sorted(number["destinations"], key=lambda row: (row["priority"], row["id"]))
        found[number["number"]] = [
            ("vapi" if "vapi.ai" in row["destination"] else plain(row["destination"]), row["active"]) for row in rows
        ]
    return found


#: What is left of the environment after the change.
EXPECTED = {
    "credentials": ["renamed"],
    "tools": ["person"],
    "assistants": [
        str(("day", "voiceops.vapi_didlogic/renamed")),
        str(("used", "voiceops.vapi_didlogic/trunk")),
    ],
    "phone_numbers": [OWN, BARE],
    OWN: [("vapi", True), ("31201234599", True), ("desk@pbx.example.com", True), ("01234", True)],
    BARE: [("vapi", True)],
    DROPPED: [("31299999991", True)],
    LEFT: [],
    FOREIGN: [("vapi", True), ("vapi", True)],
}
