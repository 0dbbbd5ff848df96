# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""didlogic as carrier: the names that ``_topology/carrier.py`` describes."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import from_api
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_list
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    ApiForm,
    ListQuery,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic import destination
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import CALL, COUNTED
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.call import to_result as record_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import (
    entries_of,
    reachable,
    rows_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import (
    entry_in as route_in,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import (
    kind_of_row as kind_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import (
    mutation_of as route_mutation,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.gateways import is_gateway
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.number import ACCOUNT, NUMBER, Account
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.sip_account import (
    FULL_SIP_ACCOUNT,
    SIP_ACCOUNT,
    Manner,
    SipAccount,
    check_login,
)

#: The names of the interface, and what an environment's options need.
__all__ = (
    "AccountOptions",
    "account",
    "balance_of",
    "check_login",
    "entries_of",
    "full_logins",
    "is_gateway",
    "kind_of",
    "login_of",
    "logins",
    "number_of",
    "numbers",
    "provider",
    "reachable",
    "record_of",
    "records",
    "records_limit",
    "records_query",
    "route_api",
    "route_forms",
    "route_in",
    "route_mutation",
    "route_titles",
    "route_to",
    "routes_path",
    "rows_of",
)

provider = DIDLOGIC
numbers = NUMBER
routes_path = destination.DESTINATIONS
route_api = ApiForm(unwrap_list=destination.destinations_in, required_keys=("id", "destination", "transport"))
route_forms = destination.FORMS
route_titles = destination.CALLED
account = ACCOUNT
logins = SIP_ACCOUNT
full_logins = FULL_SIP_ACCOUNT
records = CALL
records_limit = COUNTED


class AccountOptions(SipAccount, Manner):
    """Options of a SIP account that is part of an environment."""


class Login(t.NamedTuple):
    name: str
    label: str
    caller_id: str
    allowed_ips: tuple[str, ...] | None


def number_of(row: ApiObject) -> str:
    return digits(str(row.get("number", "")))


def route_to(kind: str, address: str, *, active: bool, call_hunt: bool) -> Entry:
    code = destination.TRANSPORT[kind]
    return Entry(
        id=UNKNOWN_ID,
        identity=destination.identity_of(code, address),
        active=active,
        call_hunt=call_hunt,
        raw={"destination": address, "transport": code},
    )


def balance_of(row: ApiObject) -> float | None:
    record: Account = from_api(Account, row)
    return record.balance


def login_of(row: ApiObject) -> Login:
    restricted = row.get("ip_restrict") in (True, 1, "1", "true")
    addresses = tuple(str(ip) for ip in as_list(row.get("allowed_ips")))
    caller = str(row.get("callerid") or "")
    return Login(str(row.get("name")), str(row.get("label") or ""), caller, addresses if restricted else None)


def records_query(first: datetime.date | None, last: datetime.date | None) -> ListQuery:
    days = {"from": f"{first:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}"} if first and last else {}
    return ListQuery(params=days, limit=COUNTED)
