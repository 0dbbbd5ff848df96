# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of a carrier: everything that this package uses of the service that provides the numbers.

A carrier is a package next to ``_didlogic`` with a module ``carrier`` that has these names; ``selected_carrier``
imports it. Rows are objects in the form of the carrier's API.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Step
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    AnyKeyedResource,
    ApiForm,
    ListQuery,
    Mutation,
    Provider,
    Resource,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_address, user_in

#: The kinds of an inbound route: the address is a SIP URI, a phone number, or the login of a SIP account.
RouteKind = t.Literal["sip_uri", "pstn", "sip_account"]


class Login(t.Protocol):
    """A SIP account of the carrier.

    :param name: its user name. :param label: its name for people. :param caller_id: the digits of its caller id.
    :param allowed_ips: the only addresses and networks that may use it; ``None`` if it is not restricted.
    """

    @property
    def name(self) -> str:
        pass

    @property
    def label(self) -> str:
        pass

    @property
    def caller_id(self) -> str:
        pass

    @property
    def allowed_ips(self) -> tuple[str, ...] | None:
        pass


class Carrier(t.Protocol):
    """A carrier: its numbers with their inbound routes, its account with SIP accounts, and its call records."""

    @property
    def provider(self) -> Provider:
        """The service. Its name is the key of its engine, and its title is used in messages."""

    # -- numbers

    @property
    def numbers(self) -> Resource:
        """The purchased numbers. The details of a row have the key ``destinations``: the rows of its routes."""

    def number_of(self, row: ApiObject) -> str:
        """The number of a row: digits with country code, without ``+``; empty if there is none."""

    # -- inbound routes: an ordered list for each number

    @property
    def routes_path(self) -> str:
        """The path of the list, with ``{number}``."""

    @property
    def route_forms(self) -> t.Mapping[str, t.Callable[[str], bool]]:
        """Each :data:`RouteKind`, and whether an address has its form; the first that matches is used."""

    @property
    def route_titles(self) -> t.Mapping[str, str]:
        """Each :data:`RouteKind` with an article, for messages."""

    @property
    def route_api(self) -> ApiForm:
        """The form of the list's responses."""

    def entries_of(self, rows: list[ApiObject]) -> list[Entry]:
        """The routes in the order in which calls try them; their addresses are ``raw["destination"]``."""

    def rows_of(self, entries: t.Sequence[Entry], replaced: t.Mapping[str, str]) -> list[ApiObject]:
        """The rows of routes in this order, the reverse of :meth:`entries_of`; for a prediction.

        :param replaced: texts in addresses, and their replacements. :return: the rows.
        """

    def kind_of(self, row: ApiObject) -> str:
        """The :data:`RouteKind` of a row, or ``other``."""

    def reachable(self, entry: Entry) -> bool:
        """Whether the carrier sends calls to a route; whether they are answered is not considered."""

    def route_to(self, kind: str, address: str, *, active: bool, call_hunt: bool) -> Entry:
        """A new route to an address, which has no id yet."""

    def route_mutation(self, number: str, step: Step, /) -> Mutation:
        """The request that changes the list of a number."""

    def route_in(self, answer: object) -> Entry | None:
        """The route in the response to a request that creates or changes one; ``None`` if it contains none."""

    def is_gateway(self, host: str) -> bool:
        """Whether a host name or an IPv4 address, in lower case, is a known gateway of the carrier."""

    # -- account

    @property
    def account(self) -> Resource:
        """The account, a list of one row."""

    def balance_of(self, row: ApiObject) -> float | None:
        """The balance in US dollars; ``None`` if it is unknown."""

    @property
    def logins(self) -> AnyKeyedResource:
        """The SIP accounts, with the keys ``name`` and ``label``."""

    @property
    def full_logins(self) -> AnyKeyedResource:
        """The same with all fields that a new SIP account can take over from the one that it replaces."""

    def login_of(self, row: ApiObject) -> Login:
        """The SIP account of a row with its details."""

    # -- call records

    @property
    def records(self) -> Resource:
        """The call records."""

    @property
    def records_limit(self) -> int:
        """The number of records from which on a list may be incomplete."""

    def records_query(self, first: datetime.date | None, last: datetime.date | None) -> ListQuery:
        """The query for the records of some days; for the newest ones if no days are given."""

    def record_of(self, row: ApiObject) -> Result:
        """A record as return value: direction (``inbound`` or ``outbound``), caller and callee (digits), timestamp."""


def login_reached(carrier: Carrier, entry: Entry) -> str:
    """The SIP account that a route leads to: by its login, or by a URI at a gateway of the carrier.

    :param carrier: the carrier. :param entry: the route. :return: the login; empty for other routes.
    """
    kind = carrier.kind_of(entry.raw)
    if kind == "sip_account":
        return entry.identity[1]
    address = str(entry.raw["destination"])
    user = user_in(address)
    at_gateway = kind == "sip_uri" and carrier.is_gateway(parse_address(address).host)
    return user if at_gateway and user and carrier.route_forms["sip_account"](user) else ""


def routes_of(carrier: Carrier, row: ApiObject) -> list[Entry]:
    """The routes of a number.

    :param carrier: the carrier. :param row: the number with its details, or without any.
    :return: the routes in the order in which calls try them.
    """
    rows = row.get("destinations")
    return carrier.entries_of(rows if isinstance(rows, list) else [])
