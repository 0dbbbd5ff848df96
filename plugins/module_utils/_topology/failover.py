# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover: the options, the record of what was changed, and which destinations of a number are switched. Pure.

The record is what failback restores from, so it is written before the first change. It contains numbers, ids and keyed
digests: an address may contain a private key.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.concurrency import check_concurrency
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import Faults, OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import Entry, Step
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.signed_record import RecordFormat
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
    e164_digits,
    e164_hint,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.write_gate import keyed_digest
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import (
    Forward,
    check_digits,
    entry_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import host_of, label_of

FORMAT = 1
#: Default number of concurrent requests: calls are failing, so it is the highest that the client supports.
CONCURRENCY = "32"


class FailoverOptions(Model):
    """The options of the module."""

    state: t.Annotated[t.Literal["active", "inactive"] | None, Option(required=True)] = None
    numbers: list[str] | None = None
    record: t.Annotated[str | None, Option(required=True, length=(1, 4096))] = None
    fallback: t.Annotated[str | None, Option(normalize=str.strip, length=(3, 255))] = None
    allow_unprotected: bool = False
    concurrency: t.Annotated[str, Option(check=check_concurrency)] = CONCURRENCY


def checked(carrier: Carrier, options: FailoverOptions) -> FailoverOptions:
    """Check the options further.

    :param carrier: the carrier. :param options: the options. :return: the same with the digits of each number.
    :raises OptionError: with all errors.
    """
    faults = Faults()
    numbers = faults.each("numbers", options.numbers, _checked_number)
    faults.reject_duplicates("numbers", numbers, "is the same number as {other}; remove one.")
    if options.fallback:
        faults.of("fallback", _check_fallback, carrier, options.fallback)
    faults.end()
    given = None if options.numbers is None else [number for number in numbers if number]
    return options.model_copy(update={"numbers": given})


def _checked_number(text: str) -> str:
    try:
        number = e164_digits(text.strip())
        check_digits(number)
    except ValueError as error:
        raise OptionError("", str(error), text) from None
    return number


def _check_fallback(carrier: Carrier, address: str) -> None:
    found = next((kind for kind, has_form in carrier.route_forms.items() if has_form(address)), None)
    if not found:
        rule = "must be a SIP URI (user@host), a phone number with country code, or a 5-digit SIP account in quotes."
        raise OptionError("", rule, address)
    if found == "pstn" and e164_hint(address):
        raise OptionError("", f"must have the country code, such as +31201234567.{e164_hint(address)}", address)
    if label_of(address) == REDACTED or host_of(address):
        raise OptionError("", "is a destination at Vapi, which is bypassed; give another one.")


# -- the record


@dataclasses.dataclass
class Appended:
    """A destination that failover has appended to a number.

    :param digest: of its address. :param before: ids of the destinations that the number had before.
    :param ids: its id; empty while it is unknown whether the request was processed. Several if a request was repeated.
    """

    digest: str
    before: list[str]
    ids: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Recorded:
    """What failover has changed for a number.

    :param since: the time of the last change, in UTC. :param disabled: ids of the disabled destinations, each with a
        digest of its content. :param fallbacks: the appended destinations.
    """

    since: str
    disabled: dict[str, str] = dataclasses.field(default_factory=dict)
    fallbacks: list[Appended] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Record:
    """The record of an account.

    :param key: the API key, with which the digests are calculated. :param numbers: what was changed, by number.
    """

    key: bytes
    numbers: dict[str, Recorded] = dataclasses.field(default_factory=dict)

    def digest_of(self, number: str, entry: Entry) -> str:
        """The digest of a disabled destination.

        :param number: the number. :param entry: the destination. :return: a digest of all that failover leaves as is.
        """
        content = [entry.id, list(entry.identity), str(entry.raw["destination"]), entry.call_hunt]
        return keyed_digest(self.key, ["destination", number, content])

    def digest_of_fallback(self, number: str, entry: Entry) -> str:
        """The digest of an appended destination; its spelling may be that of the service.

        :param number: the number. :param entry: the destination. :return: the digest.
        """
        return keyed_digest(self.key, ["fallback", number, list(entry.identity), entry.call_hunt])

    def appended(self, number: str, entries: list[Entry], one: Appended) -> list[Entry]:
        """The destinations that belong to an appended one.

        :param number: the number. :param entries: its destinations. :param one: the appended destination.
        :return: the destinations: those with its ids, or as long as there are none, the equal ones that are new.
        """
        if one.ids:
            return [entry for entry in entries if entry.id in one.ids]
        new = [entry for entry in entries if entry.id not in one.before]
        return [entry for entry in new if self.digest_of_fallback(number, entry) == one.digest]

    def dump(self) -> bytes:
        """The content of the file.

        :return: JSON text with a digest, so that an incomplete or changed file is detected.
        """
        numbers: Result = {number: dataclasses.asdict(one) for number, one in sorted(self.numbers.items())}
        return _form().dump(self.key, numbers)


def _form(title: str = "") -> RecordFormat:
    advice = (
        f"Compare the numbers with {title}'s portal, enable the destinations that must be active, and delete the file."
    )
    return RecordFormat("numbers", advice, FORMAT)


def load(content: bytes | None, key: bytes, title: str) -> Record:
    """Read a record.

    :param content: the content of the file; ``None`` if there is none. :param key: the API key.
    :param title: the service's title, for messages. :return: the record, empty without a file.
    :raises OptionError: if it is empty, incomplete, changed by somebody else, or of another account.
    """
    record = Record(key)
    # The digest proves that this module has written it.
    for number, one in _form(title).load(key, content).items():
        record.numbers[number] = Recorded(
            since=one["since"],
            disabled=dict(one["disabled"]),
            fallbacks=[Appended(**each) for each in one["fallbacks"]],
        )
    return record


# -- which destinations are switched


def at_vapi(carrier: Carrier, entry: Entry) -> bool:
    """Whether a destination is at Vapi's SIP host.

    :param carrier: the carrier. :param entry: the destination. :return: the result, with or without a label.
    """
    return carrier.kind_of(entry.raw) == "sip_uri" and host_of(str(entry.raw["destination"])) is not None


def active_at_vapi(carrier: Carrier, entries: list[Entry]) -> list[Entry]:
    """The active destinations at Vapi's SIP host.

    :param carrier: the carrier. :param entries: the destinations of a number. :return: those at Vapi.
    """
    return [entry for entry in entries if entry.active and at_vapi(carrier, entry)]


def receiving(carrier: Carrier, number: str, entries: list[Entry]) -> list[Entry]:
    """The destinations that receive the calls to a number.

    :param carrier: the carrier. :param number: the number. :param entries: its destinations.
    :return: those that are active, of a known kind, and not the number itself.
    """
    itself = carrier.route_to("pstn", number, active=True, call_hunt=False).identity
    return [entry for entry in entries if carrier.reachable(entry) and entry.identity != itself]


def protecting(carrier: Carrier, number: str, entries: list[Entry]) -> list[Entry]:
    """The destinations that receive the calls to a number while Vapi is bypassed.

    :param carrier: the carrier. :param number: the number. :param entries: its destinations.
    :return: those that receive the calls and are not at Vapi.
    """
    return [entry for entry in receiving(carrier, number, entries) if not at_vapi(carrier, entry)]


def fallback_entry(carrier: Carrier, number: str, address: str | None) -> Entry | None:
    """The destination to append to a number.

    :param carrier: the carrier. :param number: the number. :param address: the option ``fallback``.
    :return: the destination; ``None`` without the option, or if it is the number itself.
    """
    if not address:
        return None
    entry = entry_of(carrier, Forward(destination=address))
    return entry if protecting(carrier, number, [entry]) else None


def own(carrier: Carrier, number: str, entries: list[Entry], fallback: Entry) -> list[Entry]:
    """The destinations that receive the calls while Vapi is bypassed, and that no failback removes.

    :param carrier: the carrier. :param number: the number. :param entries: its destinations.
    :param fallback: the destination that failovers append. :return: the others.
    """
    return [entry for entry in protecting(carrier, number, entries) if entry.identity != fallback.identity]


def steps_to_bypass(carrier: Carrier, number: str, entries: list[Entry], ids: t.Collection[str]) -> list[Step]:
    """The steps to disable the destinations at Vapi.

    :param carrier: the carrier. :param number: the number. :param entries: its destinations.
    :param ids: ids of the destinations that the record contains. :return: the steps; none if no other destination
        receives the calls.
    """
    if not protecting(carrier, number, entries):
        return []
    found = [entry for entry in active_at_vapi(carrier, entries) if entry.id in ids]
    return [Step("switch", dataclasses.replace(entry, active=False)) for entry in found]


def steps_to_restore(record: Record, number: str, entries: list[Entry]) -> list[Step]:
    """The steps to enable the recorded destinations that are as failover has left them.

    :param record: the record. :param number: the number. :param entries: its destinations. :return: the steps.
    """
    disabled = record.numbers[number].disabled
    found = [e for e in entries if not e.active and disabled.get(e.id) == record.digest_of(number, e)]
    return [Step("switch", dataclasses.replace(entry, active=True)) for entry in found]


def steps_to_remove(carrier: Carrier, record: Record, number: str, entries: list[Entry]) -> list[Step]:
    """The steps to remove the appended destinations that are as failover has left them.

    :param carrier: the carrier. :param record: the record. :param number: the number. :param entries: its destinations.
    :return: the steps; none if no other destination would receive the calls.
    """
    gone = [
        entry
        for one in record.numbers[number].fallbacks
        for entry in record.appended(number, entries, one)
        if entry.active and record.digest_of_fallback(number, entry) == one.digest
    ]
    if not receiving(carrier, number, [entry for entry in entries if entry not in gone]):
        return []
    return [Step("delete", entry) for entry in gone]


def remaining(record: Record, number: str, entries: list[Entry]) -> Recorded | None:
    """What is not restored.

    :param record: the record. :param number: the number. :param entries: its current destinations.
    :return: the recorded destinations that are not active, and the appended ones that exist; ``None`` if there are
        none.
    """
    recorded = record.numbers[number]
    active = {entry.id for entry in entries if entry.active}
    disabled = {key: digest for key, digest in recorded.disabled.items() if key not in active}
    fallbacks = [one for one in recorded.fallbacks if record.appended(number, entries, one)]
    if not disabled and not fallbacks:
        return None
    return dataclasses.replace(recorded, disabled=disabled, fallbacks=fallbacks)
