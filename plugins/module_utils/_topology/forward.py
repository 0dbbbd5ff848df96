# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forward: one destination of a didlogic number, which may be the inbound URI of a Vapi trunk.

The destinations themselves, in didlogic's form, are in ``_didlogic/destination.py``.
"""

from __future__ import annotations

import re
import typing as t

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
    ApiForm,
    Ordered,
    OrderedResource,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import parse_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import (
    REDACTED,
    check_key,
    digits,
    e164_digits,
    e164_hint,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import (
    CALLED,
    DESTINATIONS,
    FORMS,
    TRANSPORT,
    Kind,
    check_digits,
    destinations_in,
    entries_of,
    identity_of,
    kind_of_row,
    mutation_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.provider import DIDLOGIC
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    holds_key,
    inbound_uri,
    label_of,
    redacted_uri,
    region_of,
)

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def check_trunk_id(value: str) -> None:
    """Check the option ``vapi_trunk_id``.

    :param value: its value. :raises ValueError: if it is neither a UUID nor the check-mode placeholder.
    """
    if value != UNKNOWN_ID and not UUID.fullmatch(value):
        raise ValueError("must be the id of a SIP trunk at Vapi (a UUID), such as vapi_sip_trunk returns.")


class Forward(Model):
    """The options of a forward that describe its destination."""

    number: t.Annotated[str | None, Option(required=True, normalize=e164_digits, check=check_digits)] = None
    destination: t.Annotated[str | None, Option(normalize=str.strip, length=(3, 255))] = None
    kind: Kind | None = None
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
    vapi_trunk_ids: list[str] | None = None


class EnvironmentForwardOptions(ForwardOptions):
    """Options of an environment besides those of the module: ids of all trunks of the Vapi organisation."""

    own_trunk_ids: list[str] | None = None


TARGET_OPTIONS = ("destination", "vapi_trunk_id", "vapi_private_key")


def one_target(forward: Forward, options: ForwardOptions) -> str | None:
    """Check that the options name exactly one target, and that they do not contradict each other.

    :param forward: the forward. :param options: its other options. :return: a warning about a private key in a URI.
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
        faults.of("", kind_of, forward)
        if label_of(forward.destination) == REDACTED:
            rule = "contains the redaction marker of a result; use vapi_trunk_id instead."
            faults.add(OptionError("destination", rule))
    if not forward.active and (options.others != "keep" or options.heal_private_key) and options.state == "present":
        rule = "must be true with others or heal_private_key; otherwise the number would have no destination."
        faults.add(OptionError("active", rule))
    faults.end()
    if forward.vapi_private_key and options.state == "present":
        return (
            "vapi_private_key puts the Vapi private key into a SIP URI: didlogic stores it in plain text, and SIP "
            "messages contain it. Vapi's guide forbids it; use vapi_trunk_id instead."
        )
    return None


def kind_of(forward: Forward) -> str:
    """The kind of a destination; raises :class:`OptionError` if it cannot be determined."""
    if not forward.destination:
        return "sip_uri"
    address = forward.destination
    found = next((kind for kind, has_form in FORMS.items() if has_form(address)), None)
    hint = e164_hint(address)
    if found == "pstn" and hint:
        raise OptionError("destination", f"must have the country code, such as +31201234567.{hint}", address)
    if not forward.kind and not found:
        rule = "is neither a SIP URI (user@host), a phone number nor a 5-digit SIP account; set kind."
        raise OptionError("destination", rule, address)
    # Five digits may be a short number, and a SIP URI may be a host alone.
    alike = {("sip_account", "pstn"), (None, "sip_uri")}
    if forward.kind and found != forward.kind and (found, forward.kind) not in alike:
        actual = f", but it is {CALLED[found]}" if found else ""
        rule = (
            f"must be {CALLED[forward.kind]}, because kind is {forward.kind}{actual}. Correct one, or leave kind out."
        )
        raise OptionError("destination", rule, address)
    return forward.kind or str(found)


def address_of(forward: Forward) -> str:
    """The string that is sent to didlogic."""
    label = forward.vapi_trunk_id or forward.vapi_private_key
    if label:
        return inbound_uri(forward.uri_user or str(forward.number), label, forward.region)
    address = str(forward.destination)
    return digits(address) if kind_of(forward) == "pstn" else address


def is_own(uri: str, forward: Forward, options: ForwardOptions) -> bool:
    """Whether a destination is another form of the declared one, which replaces it.

    That is a URI with the private key, or one to the same user and trunk at the other region's host, where the trunk
    does not exist. An environment manages every destination at a Vapi host that refers to one of its trunks.
    """
    if holds_key(uri, options.heal_private_key or ""):
        return True
    label = label_of(uri) or ""
    if label and label in {key.lower() for key in getattr(options, "own_trunk_ids", None) or ()}:
        return True
    target = address_of(forward)
    return (
        options.position == "first"
        and bool(label)
        and label == label_of(target)
        and parse_uri(uri).user == parse_uri(target).user
        and region_of(uri) != region_of(target)
    )


def target_of(forward: Forward, options: ForwardOptions) -> Target:
    """The desired state of a number's list of destinations.

    :param forward: the forward. :param options: its other options. :return: the target of the planner.
    """
    address, transport = address_of(forward), TRANSPORT[kind_of(forward)]
    return Target(
        entry=Entry(
            id=UNKNOWN_ID,
            identity=identity_of(transport, address),
            active=forward.active,
            call_hunt=forward.call_hunt,
            raw={"destination": address, "transport": transport},
        ),
        absent=options.state == "absent",
        first=options.position == "first",
        others=options.others,
        list_title="destinations of the same number",
        replaces=lambda entry: (
            entry.identity[0] == str(TRANSPORT["sip_uri"]) and is_own(entry.raw["destination"], forward, options)
        ),
    )


def destination_result(entry: Entry, entries: list[Entry], number: str, known: t.Collection[str]) -> dict[str, t.Any]:
    """The return value for a destination.

    :param entry: the destination. :param entries: all destinations of the number. :param number: the number.
    :param known: trunk ids, which are not redacted in URIs. :return: the return value.
    """
    first = next((other for other in entries if other.active), None)
    result = {
        "id": entry.id,
        "number": number,
        "destination": redacted_uri(entry.raw["destination"], known),
        "kind": kind_of_row(entry.raw),
        "priority": None if entry.id == UNKNOWN_ID else entry.raw.get("priority"),
        "active": entry.active,
        "call_hunt": entry.call_hunt,
        "position": "first" if entry is first else "any",
    }
    return {name: value for name, value in result.items() if value is not None}


def to_results(
    entry: Entry | None, entries: list[Entry], _target: Target, forward: Forward, options: ForwardOptions
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    known = [label for label in (forward.vapi_trunk_id, *(options.vapi_trunk_ids or ())) if label]
    rows = [destination_result(row, entries, str(forward.number), known) for row in entries]
    own = destination_result(entry, entries, str(forward.number), known) if entry else {}
    return own, {"destinations": rows}


def unique_keys(forward: Forward, options: ForwardOptions) -> tuple[t.Any, ...]:
    """Keys that must be unique among the items of a list: the first position, and each destination."""
    place = (forward.number, target_of(forward, options).entry.identity)
    return (place, forward.number) if options.position == "first" and options.state == "present" else (place,)


def undeclared(engine: t.Any, desired_objects: list[Desired], params: t.Mapping[str, t.Any]) -> list[Desired]:
    """Undeclared forwards to this Vapi region's host, on all numbers of the account."""
    declared = {
        (desired.record.number, target_of(desired.record, desired.options).entry.identity)
        for desired in desired_objects
    }
    found = []
    for row in engine.client.list_all("/v1/purchases", lambda answer: answer.get("purchases")):
        number = digits(str(row.get("number")))
        for entry in entries_of(engine.client.list_all(DESTINATIONS, destinations_in, number=number)):
            if not entry.movable or region_of(entry.raw["destination"]) != params["region"]:
                continue
            if (number, entry.identity) in declared:
                continue
            record = Forward(number=number, destination=entry.raw["destination"], kind="sip_uri")
            found.append(
                Desired(record, ForwardOptions(state="absent", vapi_trunk_ids=params["vapi_trunk_ids"]), label=number)
            )
    return found


FORWARD = OrderedResource(
    provider=DIDLOGIC,
    name="forward",
    plural="forwards",
    title="forward",
    path=DESTINATIONS,
    record=Forward,
    options=ForwardOptions,
    keys=("number",),
    choices=TARGET_OPTIONS,
    normalize_key=digits,
    validators=(one_target,),
    by_id=False,
    ordered=Ordered(
        row_title="destination",
        not_found="is not a number of this didlogic account: numbers are bought in didlogic's portal",
        list_key="destinations",
        diff_fields=("destination", "active", "call_hunt", "position"),
        without_active="calls to it will fail until it has one",
        entries=entries_of,
        target=target_of,
        to_mutation=lambda forward, step: mutation_of(str(forward.number), step),
        to_result=to_results,
        unique_keys=unique_keys,
        find_undeclared=undeclared,
    ),
    api=ApiForm(
        unwrap_list=destinations_in,
        required_keys=("id", "destination", "transport"),
    ),
)
