# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for outbound calls: who may be called, when, how many and at what estimated cost."""

from __future__ import annotations

import datetime
import math
import re
import typing as t
from collections.abc import Sequence

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.deps import LibraryMissingError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.calling_hours import (
    BY_NUMBER,
    HOUR,
    CallingHours,
    Period,
    check_hours,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import Contact, Fault, make_fault
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.do_not_call import listed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import Outbound, moment
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_numbers import Numbers

#: The default of ``price_per_minute``, in US dollars for both services together. Neither service quotes a price before
#: a call, so this is an assumption for planning and no price of a service.
ASSUMED_PRICE_PER_MINUTE = 0.25
#: The default duration of a call for estimates.
USUAL_CALL_SECONDS = 60
_SIP_NUMBER = re.compile(r"sips?:(\+?[0-9]{7,15})[@;]", re.IGNORECASE)


def check_country(text: str) -> None:
    """Check the form of a country; raises ``ValueError``."""
    if not re.fullmatch("[A-Z]{2}", text):
        raise ValueError("must be the two letters of a country, such as NL, GB or US.")


class OutboundRules(Model):
    """The options of the rules."""

    default_country: t.Annotated[str | None, Option(normalize=str.upper, check=check_country)] = None
    normalize: bool = False
    calling_hours: CallingHours | None = None
    do_not_call: t.Annotated[list[str] | None, Option(personal=True)] = None
    max_contacts: t.Annotated[int | None, Option(range=(0, 1_000_000))] = None
    max_cost: t.Annotated[float | None, Option(range=(0, 1_000_000))] = None
    price_per_minute: t.Annotated[float, Option(range=(0, 1_000))] = ASSUMED_PRICE_PER_MINUTE
    expected_call_seconds: t.Annotated[int, Option(range=(1, 43_200))] = USUAL_CALL_SECONDS


def numbers_for(options: OutboundRules) -> Numbers:
    """The reader of the contacts' numbers.

    :param options: the rules. :return: the reader.
    """
    return Numbers(options.default_country or "", normalize=options.normalize)


def check_rules(_desired: Outbound, options: OutboundRules) -> None:
    """Check the options of the rules.

    :param options: the rules. :raises OptionError: if the country or the calling hours are invalid.
    :raises LibraryMissingError: if a library is not installed.
    """
    if options.default_country and not numbers_for(options).is_country():
        meant = "; did you mean GB?" if options.default_country == "UK" else "."
        raise OptionError("default_country", f"is no country with phone numbers{meant}", options.default_country)
    if options.calling_hours:
        check_hours(options.calling_hours)


def depends_on_now(desired: Outbound, options: OutboundRules) -> bool:
    """Whether the rules decide differently at another time.

    :param desired: the call or campaign. :param options: the rules. :return: the result.
    """
    return bool(options.calling_hours) and not desired.schedule_at


class Judge:
    """Decides which contacts the rules exclude.

    :param options: valid rules. :param desired: the call or campaign, with its times. :param numbers: has read the
        numbers of the contacts. :param now: the time of a start without a schedule.
    """

    def __init__(self, options: OutboundRules, desired: Outbound, numbers: Numbers, now: datetime.datetime) -> None:
        self.options, self.numbers, self.scheduled = options, numbers, bool(desired.schedule_at)
        start = moment(desired.schedule_at) if desired.schedule_at else now
        end = moment(desired.schedule_until) if desired.schedule_until else start + HOUR
        self.period = Period(options.calling_hours, start, end) if options.calling_hours else None

    def listed(self, contacts: Sequence[Contact], places: Sequence[str]) -> list[Fault]:
        """The contacts on the lists of numbers that must not be called.

        :param contacts: valid contacts. :param places: where each is. :return: the faults.
        :raises OptionError: if a list cannot be read.
        """
        called = [self._number(contact) for contact in contacts]
        given = self.options.do_not_call or ()
        found = listed(given, [number for number in called if number], self.options.default_country or "")
        pairs = zip(places, called, strict=True)
        return [make_fault(place, "do-not-call") for place, number in pairs if number in found]

    def outside_hours(self, contacts: Sequence[Contact], places: Sequence[str]) -> list[Fault]:
        """The contacts that would be called outside the calling hours.

        :param contacts: valid contacts. :param places: where each is. :return: the faults.
        :raises LibraryMissingError: if the time zone database lacks the zone of a number.
        """
        faults = []
        for contact, place in zip(contacts, places, strict=True):
            if kind := self.outside(contact):
                faults.append(make_fault(place, kind, period=self._period_text(), hours=self._hours()))
        return faults

    def outside(self, contact: Contact) -> str | None:
        """The kind of fault of a contact that would be called outside the calling hours.

        :param contact: a valid contact. :return: a kind, or ``None``.
        """
        hours = self.options.calling_hours
        if not hours or not self.period:
            return None
        zones: Sequence[str] = (str(hours.time_zone),)
        if hours.time_zone == BY_NUMBER:
            number = self._number(contact)
            zones = self.numbers.zones(number) if number else ()
            if not zones:
                return "zone-unknown"
        try:
            return None if self.period.is_within(zones) else "outside-hours"
        except KeyError as error:
            raise LibraryMissingError("tzdata", f"the time zone database of the host lacks {error.args[0]}") from None

    def _number(self, contact: Contact) -> str:
        """The number that is called, also in a SIP URI; empty if there is none."""
        if "number" in contact:
            return str(contact["number"])
        found = _SIP_NUMBER.match(str(contact.get("sip_uri")))
        return self.numbers.read("+" + found[1].removeprefix("+"))[0] if found else ""

    def _period_text(self) -> str:
        return "the time from schedule_at to schedule_until" if self.scheduled else "the hour from now"

    def _hours(self) -> str:
        hours = self.options.calling_hours or CallingHours()
        days = f" on {', '.join(hours.days)}" if hours.days else ""
        return f"{hours.from_} to {hours.to}{days} in {_ZONES.get(str(hours.time_zone), hours.time_zone)}"


_ZONES = {BY_NUMBER: "each time zone of the number"}


def estimated_cost(count: int, options: OutboundRules) -> float:
    """The estimated cost of calls: price per minute, times expected minutes, times calls; rounded up to a cent.

    :param count: the number of calls. :param options: the rules. :return: the cost.
    """
    cost = count * options.expected_call_seconds / 60 * options.price_per_minute
    return math.ceil(round(cost * 100, 6)) / 100


def estimate_of(count: int, options: OutboundRules) -> Result:
    """The estimated cost with the price that it is calculated with, as a return value.

    :param count: the number of calls. :param options: the rules. :return: the return value.
    """
    return {"cost": estimated_cost(count, options), "price_per_minute": options.price_per_minute}


def over_bounds(count: int, options: OutboundRules) -> list[OptionError]:
    """The bounds that the calls exceed.

    :param count: the number of calls that would be placed. :param options: the rules. :return: the errors.
    """
    faults = []
    if options.max_contacts is not None and count > options.max_contacts:
        rule = f"is exceeded: {counted(count, 'contact')} would be called. Nothing was sent."
        faults.append(OptionError("max_contacts", rule, options.max_contacts))
    cost = estimated_cost(count, options)
    if options.max_cost is not None and cost > options.max_cost:
        rule = (
            f"is exceeded: the estimated cost is {cost:.2f} ({counted(count, 'call')} of "
            f"{options.expected_call_seconds} s at {options.price_per_minute:g} per minute). Nothing was sent."
        )
        faults.append(OptionError("max_cost", rule, options.max_cost))
    return faults
