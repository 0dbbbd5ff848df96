# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The destinations of a didlogic number: an ordered list of addresses that calls to it are sent to.

didlogic appends a new destination at the end of the list and can only change whether it is active and its call hunting.
Calls try the active destinations in the order of their priority.
"""

from __future__ import annotations

import math
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import UnreachableError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Identity, Step
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import Mutation
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import has_scheme, parse_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits

DESTINATIONS = "/v1/purchases/{number}/destinations"
#: didlogic's codes of a destination's kind, as its clients send them; its documentation describes other values.
TRANSPORT = {"sip_uri": 1, "pstn": 4, "sip_account": 5}
KIND = {code: kind for kind, code in TRANSPORT.items()}


#: The form of each kind's address; the first that matches is used.
FORMS: dict[str, t.Callable[[str], bool]] = {
    "sip_uri": lambda address: "@" in address or has_scheme(address),
    "sip_account": lambda address: bool(re.fullmatch(r"[0-9]{5}", address)),
    "pstn": lambda address: bool(re.fullmatch(r"[0-9]{6,15}", digits(address))),
}
CALLED = {"sip_uri": "a SIP URI", "pstn": "a phone number", "sip_account": "a 5-digit SIP account"}


def identity_of(transport: int, address: str) -> Identity:
    """The identity of a destination: without ``sip:``, with the scheme and the host in lower case."""
    if transport == TRANSPORT["pstn"]:
        return str(transport), digits(address)
    if transport == TRANSPORT["sip_uri"]:
        return str(transport), parse_uri(address).identity
    return str(transport), address.strip()


def destinations_in(answer: object) -> list[ApiObject]:
    """The rows of a response; its key is in the singular although it contains a list."""
    if isinstance(answer, dict):
        answer = answer.get("destination", answer.get("destinations"))
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise UnreachableError(f"The response of didlogic to GET {DESTINATIONS} is not a list of destinations.")
    return answer


def entries_of(rows: list[ApiObject]) -> list[Entry]:
    """Destinations in the order in which calls try them (inferred: lower priority first, then the older one)."""
    ordered = sorted(rows, key=lambda row: (_number(row.get("priority")), _number(row.get("id"))))
    return [
        Entry(
            id=str(row.get("id")),
            identity=identity_of(int(_number(row.get("transport"))), str(row.get("destination", ""))),
            active=_true(row.get("active")),
            call_hunt=_true(row.get("callhunt")),
            raw={**row, "destination": str(row.get("destination", ""))},
            # didlogic has further kinds, such as WebSocket, whose rows hold fields that no list shows.
            movable=int(_number(row.get("transport"))) in KIND,
        )
        for row in ordered
    ]


def rows_of(entries: t.Sequence[Entry], replaced: t.Mapping[str, str]) -> list[ApiObject]:
    """The rows of destinations in this order, the reverse of :func:`entries_of`.

    :param entries: the destinations. :param replaced: texts in addresses, and their replacements.
    :return: the rows.
    """
    found = []
    for priority, entry in enumerate(entries, 1):
        address = str(entry.raw["destination"])
        for old, new in replaced.items():
            address = address.replace(old, new)
        state = {"active": entry.active, "callhunt": entry.call_hunt}
        found.append({**entry.raw, "id": entry.id, "destination": address, "priority": priority, **state})
    return found


def entry_in(answer: object) -> Entry | None:
    """The destination in the response to a request that creates or changes one.

    :param answer: the response. :return: the destination; ``None`` if the response contains none.
    """
    row = answer.get("did_destination", answer.get("destination")) if isinstance(answer, dict) else None
    return entries_of([row])[0] if isinstance(row, dict) and "id" in row else None


def reachable(entry: Entry) -> bool:
    """Whether didlogic sends calls to a destination: it is active and of a known kind.

    :param entry: the destination. :return: the result; whether Vapi answers the calls is not considered.
    """
    return entry.active and entry.movable


def _number(value: object) -> float:
    if not isinstance(value, (str, int, float)):
        return 0.0
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0


def _true(value: object) -> bool:
    return value in (True, 1, "1", "true")


def kind_of_row(row: t.Mapping[str, object]) -> str:
    """The kind of a destination, from didlogic's code.

    :param row: the row of a list or the body of a request. :return: the kind, or ``other``.
    """
    return KIND.get(int(_number(row.get("transport"))), "other")


def mutation_of(purchased: str, step: Step) -> Mutation:
    """The request of a step.

    :param purchased: the purchased number. :param step: the step. :return: the request.
    """
    entry, number = step.entry, {"number": purchased}
    state = {"active": entry.active, "callhunt": entry.call_hunt}
    if step.action == "append":
        body = {"destination": entry.raw["destination"], "transport": entry.raw["transport"], **state}
        return Mutation(method="POST", path=DESTINATIONS, ids=number, body={"destination": body})
    ids, path = {**number, "id": entry.id}, DESTINATIONS + "/{id}"
    if step.action == "switch":
        return Mutation(method="PATCH", path=path, ids=ids, body={"destination": state})
    return Mutation(method="DELETE", path=path, ids=ids, missing_ok=True)
