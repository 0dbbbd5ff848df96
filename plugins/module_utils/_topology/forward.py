# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forward: one destination of a carrier's number, which may be the inbound URI of a Vapi trunk."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, Result, as_list
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import (
    Faults,
    OptionError,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.ordered_list import (
    Entry,
    Target,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    Ordered,
    OrderedResource,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import is_address, parse_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
    check_key,
    digits,
    e164_digits,
    e164_hint,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier, RouteKind
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.results import DestinationResult
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    holds_key,
    inbound_uri,
    label_of,
    redacted_uri,
    region_of,
)

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def with_trunk_ids(desired: Desired, ids: t.Iterable[str]) -> Desired:
    """The desired forward with the ids of trunks in Vapi, which are displayed in the result.

    :param desired: the forward. :param ids: as Vapi returns them, so that their form is not checked. :return: the same.
    """
    return dataclasses.replace(desired, options=desired.options.model_copy(update={"vapi_trunk_ids": list(ids)}))


def is_trunk_id(value: str) -> bool:
    """Whether a text has the form of a trunk's id.

    :param value: the text. :return: the result; true for the check-mode placeholder.
    """
    return value == UNKNOWN_ID or bool(UUID.fullmatch(value))


def check_trunk_id(value: str) -> None:
    """Check the option ``vapi_trunk_id``.

    :param value: its value. :raises ValueError: if it is neither a UUID nor the check-mode placeholder.
    """
    if not is_trunk_id(value):
        raise ValueError("must be the id of a SIP trunk at Vapi (a UUID), such as vapi_sip_trunk returns.")


def check_digits(number: str) -> None:
    """Check the option ``number``.

    :param number: its digits. :raises ValueError: if there are fewer than 3 or more than 15.
    """
    if not re.fullmatch(r"[0-9]{3,15}", number):
        title = CARRIER.provider.title
        raise ValueError(f"must be the digits of a number with country code, as {title} lists it.")


class Forward(Model):
    """The options of a forward that describe its destination."""

    number: t.Annotated[str | None, Option(required=True, normalize=e164_digits, check=check_digits)] = None
    destination: t.Annotated[str | None, Option(normalize=str.strip, length=(3, 255))] = None
    kind: RouteKind | None = None
    vapi_trunk_id: t.Annotated[str | None, Option(check=check_trunk_id)] = None
    vapi_private_key: t.Annotated[str | None, Option(secret=True, normalize=str.strip, check=check_key)] = None
    region: t.Literal["us", "eu"] = "us"
    uri_user: str | None = None
    active: bool = True
    call_hunt: bool = False


class ForwardOptions(State):
    """The options of a forward that are not part of its destination."""

    position: t.Literal["first", "any"] = "first"
    others: t.Literal["keep", "disable", "remove"] = "keep"
    heal_private_key: t.Annotated[str | None, Option(secret=True, normalize=str.strip, check=check_key)] = None
    vapi_trunk_ids: t.Annotated[list[str] | None, Option(item=check_trunk_id)] = None
    own_trunk_ids: list[str] | None = None
    failover: list[str] | None = None


#: Why a destination of this organisation is no failover.
LEADS_BACK = "leads to this Vapi organisation, so that it cannot replace it when it does not answer"
NO_ADDRESS = "must be a SIP URI of the form user@host, without spaces."
TARGET_OPTIONS = ("destination", "vapi_trunk_id", "vapi_private_key")


def one_target(carrier: Carrier, forward: Forward, options: ForwardOptions) -> str | None:
    """Check that the options name exactly one target, and that they do not contradict each other.

    :param carrier: the carrier. :param forward: the forward. :param options: its other options.
    :return: a warning about a private key in a URI.
    :raises OptionError: with all errors.
    """
    faults = Faults()
    given = [name for name in TARGET_OPTIONS if getattr(forward, name)]
    if len(given) != 1:
        given_text = f"{' and '.join(given)} are given" if given else "none is given"
        faults.add(
            OptionError(
                " / ".join(TARGET_OPTIONS), f"exactly one must be given as the target of the number; {given_text}."
            )
        )
    if forward.uri_user and forward.destination:
        rule = "requires vapi_trunk_id or vapi_private_key; destination is used as given."
        faults.add(OptionError("uri_user", rule, forward.uri_user))
    if forward.kind and not forward.destination:
        faults.add(OptionError("kind", "requires destination; the other targets are SIP URIs.", forward.kind))
    if forward.destination:
        faults.of("", kind_of, carrier, forward)
        if label_of(forward.destination) == REDACTED:
            rule = "contains the redaction marker of a result; use vapi_trunk_id instead."
            faults.add(OptionError("destination", rule))
    if not forward.active and (options.others != "keep" or options.heal_private_key) and options.state == "present":
        rule = "must be true with others or heal_private_key; otherwise the number would have no destination."
        faults.add(OptionError("active", rule))
    faults.end()
    if forward.vapi_private_key and options.state == "present":
        return (
            f"vapi_private_key puts the Vapi private key into a SIP URI: {carrier.provider.title} stores it in plain "
            "text, and SIP messages contain it. Vapi's guide forbids it; use vapi_trunk_id instead."
        )
    return None


def kind_of(carrier: Carrier, forward: Forward) -> str:
    """The kind of a destination.

    :param carrier: the carrier. :param forward: the forward. :return: one of :data:`RouteKind`.
    :raises OptionError: if it cannot be determined.
    """
    if not forward.destination:
        return "sip_uri"
    address = forward.destination
    if address == UNKNOWN_ID and forward.kind:
        return forward.kind  # check mode: an object that is not created yet
    found = next((kind for kind, has_form in carrier.route_forms.items() if has_form(address)), None)
    hint = e164_hint(address)
    if found == "pstn" and hint:
        raise OptionError("destination", f"must have the country code, such as +31201234567.{hint}", address)
    if not forward.kind and not found:
        rule = "is neither a SIP URI (user@host), a phone number nor a 5-digit SIP account; set kind."
        raise OptionError("destination", rule, address)
    # Five digits may be a short number, and a SIP URI may be a host alone.
    alike = {("sip_account", "pstn"), (None, "sip_uri")}
    if forward.kind and found != forward.kind and (found, forward.kind) not in alike:
        titles = carrier.route_titles
        actual = f", but it is {titles[found]}" if found else ""
        rule = (
            f"must be {titles[forward.kind]}, because kind is {forward.kind}{actual}. Correct one, or leave kind out."
        )
        raise OptionError("destination", rule, address)
    # In check mode, the user may be a login that does not exist yet.
    if (forward.kind or found) == "sip_uri" and not is_address(address.replace(UNKNOWN_ID, "0")):
        raise OptionError("destination", NO_ADDRESS, address)
    return forward.kind or str(found)


def address_of(carrier: Carrier, forward: Forward) -> str:
    """The address that is sent to the carrier.

    :param carrier: the carrier. :param forward: the forward. :return: the address.
    """
    label = forward.vapi_trunk_id or forward.vapi_private_key
    if label:
        return inbound_uri(forward.uri_user or str(forward.number), label, forward.region)
    address = str(forward.destination)
    return digits(address) if kind_of(carrier, forward) == "pstn" else address


def is_own(uri: str, target: str, options: ForwardOptions) -> bool:
    """Whether a destination is another form of the declared one, which replaces it.

    That is a URI with the private key, one that leads to a trunk of the same Vapi organisation, or one to the same user
    and trunk at the other region's host, where the trunk does not exist.

    :param uri: the destination. :param target: the declared one. :param options: the other options of the forward.
    :return: the result.
    """
    if holds_key(uri, options.heal_private_key or ""):
        return True
    label = label_of(uri) or ""
    if label in map(str.lower, options.own_trunk_ids or ()):
        return True
    return (
        options.position == "first"
        and bool(label)
        and label == label_of(target)
        and parse_uri(uri).user == parse_uri(target).user
        and region_of(uri) != region_of(target)
    )


def entry_of(carrier: Carrier, forward: Forward) -> Entry:
    """The destination of a forward as a row of the list.

    :param carrier: the carrier. :param forward: the forward. :return: the row, without an id.
    :raises OptionError: if the kind of its destination cannot be determined.
    """
    address, kind = address_of(carrier, forward), kind_of(carrier, forward)
    return carrier.route_to(kind, address, active=forward.active, call_hunt=forward.call_hunt)


def failover_entries(carrier: Carrier, addresses: t.Sequence[str] | None) -> tuple[Entry, ...]:
    """The declared destinations after the target.

    :param carrier: the carrier. :param addresses: the option ``failover``. :return: the rows, in their order.
    :raises OptionError: if the kind of a destination cannot be determined.
    """
    return tuple(entry_of(carrier, Forward(destination=address)) for address in addresses or ())


def check_failover(carrier: Carrier, forward: Forward, options: ForwardOptions) -> None:
    """Check the declared destinations after the target.

    :param carrier: the carrier. :param forward: the forward. :param options: its other options.
    :raises OptionError: with all errors.
    """
    faults, seen = Faults(), dict[t.Hashable, int]()
    if options.failover and not (forward.active and options.position == "first"):
        rule = "requires active: true and position: first; the destinations follow the target of the number."
        faults.add(OptionError("failover", rule))
    for index, address in enumerate(options.failover or ()):
        path = f"failover[{index}]"
        entry = faults.of(path, _failover_entry, carrier, address.strip(), forward, options)
        if entry and seen.setdefault(entry.identity, index) != index:
            rule = "is the same destination as {other}; remove one."
            faults.add(OptionError(path, rule, other=f"failover[{seen[entry.identity]}]"))
    faults.end()


def _failover_entry(carrier: Carrier, address: str, forward: Forward, options: ForwardOptions) -> Entry:
    """The row of one declared destination; raises :class:`OptionError`."""
    found = next((kind for kind, has_form in carrier.route_forms.items() if has_form(address)), None)
    if not found or len(address) > 255:
        rule = "must be a SIP URI (user@host), a phone number with country code, or a 5-digit SIP account in quotes."
        raise OptionError("", rule, address)
    if found == "pstn" and e164_hint(address):
        raise OptionError("", f"must have the country code, such as +31201234567.{e164_hint(address)}", address)
    if found == "sip_uri" and not is_address(address):
        raise OptionError("", NO_ADDRESS, address)
    if label_of(address) == REDACTED:
        raise OptionError("", "contains the redaction marker of a result; remove it.")
    if is_own(address, address_of(carrier, forward), options):
        raise OptionError("", f"{LEADS_BACK}; remove it.")
    entry = entry_of(carrier, Forward(destination=address))
    itself = carrier.route_to("pstn", str(forward.number), active=True, call_hunt=False)
    if entry.identity in (entry_of(carrier, forward).identity, itself.identity):
        raise OptionError("", "is the number itself; remove it.")
    return entry


def target_of(carrier: Carrier, forward: Forward, options: ForwardOptions) -> Target:
    """The desired state of a number's list of destinations.

    :param carrier: the carrier. :param forward: the forward. :param options: its other options.
    :return: the target of the planner.
    """
    address = address_of(carrier, forward)
    return Target(
        entry=entry_of(carrier, forward),
        following=failover_entries(carrier, options.failover),
        absent=options.state == "absent",
        first=options.position == "first",
        others=options.others,
        list_title="destinations of the same number",
        replaces=lambda entry: (
            carrier.kind_of(entry.raw) == "sip_uri" and is_own(str(entry.raw["destination"]), address, options)
        ),
    )


def destination_result(
    carrier: Carrier, entry: Entry, entries: list[Entry], number: str, known: t.Collection[str]
) -> DestinationResult:
    """The return value for a destination.

    :param carrier: the carrier. :param entry: the destination. :param entries: all destinations of the number.
    :param number: the number. :param known: trunk ids, which are not redacted in URIs. :return: the return value.
    """
    first = next((other for other in entries if other.active), None)
    result: DestinationResult = {
        "id": entry.id,
        "number": number,
        "destination": redacted_uri(str(entry.raw["destination"]), known),
        "kind": carrier.kind_of(entry.raw),
        "active": entry.active,
        "call_hunt": entry.call_hunt,
        "position": "first" if entry is first else "any",
    }
    priority = entry.raw.get("priority")
    if entry.id != UNKNOWN_ID and priority is not None:
        result["priority"] = priority
    return result


def to_results(
    carrier: Carrier, entry: Entry | None, entries: list[Entry], forward: Forward, options: ForwardOptions
) -> tuple[Result, Result]:
    """The return values of a forward.

    :param carrier: the carrier. :param entry: its destination, if it exists. :param entries: all destinations.
    :param forward: the forward. :param options: its other options. :return: the object, and further return values.
    """
    known = [label for label in (forward.vapi_trunk_id, *(options.vapi_trunk_ids or ())) if label]
    rows = [destination_result(carrier, row, entries, str(forward.number), known) for row in entries]
    own: Result = {**destination_result(carrier, entry, entries, str(forward.number), known)} if entry else {}
    return own, {"destinations": rows}


def unique_keys(carrier: Carrier, forward: Forward, options: ForwardOptions) -> tuple[t.Hashable, ...]:
    """Keys that must be unique among the items of a list: the first position, and each destination.

    :param carrier: the carrier. :param forward: the forward. :param options: its other options. :return: the keys.
    """
    target = target_of(carrier, forward, options)
    if target.absent:
        return ((forward.number, target.entry.identity),)
    keys = tuple((forward.number, identity) for identity in target.declared_identities)
    return (*keys, forward.number) if target.first else keys


def undeclared(carrier: Carrier, client: Client, desired_objects: list[Desired], params: Params) -> list[Desired]:
    """Undeclared forwards to this Vapi region's host, on all numbers of the account.

    :param carrier: the carrier. :param client: the client of its API. :param desired_objects: the declared forwards.
    :param params: the options of the module. :return: the forwards to remove.
    """
    declared = {
        (desired.record.number, identity)
        for desired in desired_objects
        for identity in target_of(carrier, desired.record, desired.options).declared_identities
    }
    found = []
    unwrap = carrier.route_api.unwrap_list
    trunk_ids = [str(key) for key in as_list(params["vapi_trunk_ids"])]
    for row in client.list_all(carrier.numbers.path, carrier.numbers.api.unwrap_list):
        number = carrier.number_of(row)
        for entry in carrier.entries_of(client.list_all(carrier.routes_path, unwrap, number=number)):
            if not entry.movable or region_of(str(entry.raw["destination"])) != params["region"]:
                continue
            if (number, entry.identity) in declared:
                continue
            record = Forward(number=number, destination=str(entry.raw["destination"]), kind="sip_uri")
            found.append(Desired(record, ForwardOptions(state="absent", vapi_trunk_ids=trunk_ids), label=number))
    return found


def forward_resource(carrier: Carrier) -> OrderedResource[Forward, ForwardOptions]:
    """The forwards of a carrier's numbers.

    :param carrier: the carrier. :return: the resource.
    """
    title = carrier.provider.title
    return OrderedResource(
        provider=carrier.provider,
        name="forward",
        plural="forwards",
        title="forward",
        path=carrier.routes_path,
        record=Forward,
        options=ForwardOptions,
        keys=("number",),
        choices=TARGET_OPTIONS,
        normalize_key=digits,
        validators=(
            lambda forward, options: one_target(carrier, forward, options),
            lambda forward, options: check_failover(carrier, forward, options),
        ),
        by_id=False,
        ordered=Ordered(
            row_title="destination",
            not_found=f"is not a number of this {title} account: numbers are bought in {title}'s portal",
            list_key="destinations",
            diff_fields=("destination", "active", "call_hunt", "position"),
            row_fields=("destination", "kind", "active", "call_hunt"),
            without_active="calls to it will fail until it has one",
            entries=carrier.entries_of,
            target=lambda forward, options: target_of(carrier, forward, options),
            to_mutation=lambda forward, step: carrier.route_mutation(str(forward.number), step),
            to_result=lambda entry, entries, _target, forward, options: to_results(
                carrier, entry, entries, forward, options
            ),
            unique_keys=lambda forward, options: unique_keys(carrier, forward, options),
            find_undeclared=lambda reader, desired, params: undeclared(carrier, reader.client, desired, params),
        ),
        api=carrier.route_api,
    )


FORWARD = forward_resource(CARRIER)
