# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields and validators that outbound calls and campaigns share: assistant, phone number, time and checks."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._record import Option, Problem, Record, dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._resource import LATER, Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.service import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK

Row = dict[str, t.Any]
Rows = t.Callable[[Resource], list[Row]]
TARGETS = ("assistant", "squad")
NO_USERNAME = (
    "The phone number's SIP trunk has no username: didlogic will reject the call (401 or 407) unless it accepts "
    "Vapi's addresses. Set username and password in vapi_sip_trunk."
)
FORM = "must be ISO 8601 with a time zone, such as 2026-01-31T09:30:00+01:00 or 2026-01-31T08:30:00Z."


class AnyNumber(Record):
    number: str | None = None
    name: str | None = None


#: Any phone number of the organisation, of Vapi or another carrier: outbound calls can use each.
ANY_NUMBER = Resource(
    service=VAPI,
    noun="number",
    plural="numbers",
    title="phone number",
    path="/phone-number",
    record=AnyNumber,
    keys=("number", "name"),
    # Names are compared exactly; in numbers the plus is ignored.
    normal=lambda key: key.removeprefix("+"),
)


def moment(text: str) -> datetime.datetime:
    """Parse an ISO 8601 time with a zone.

    :param value: the text. :return: the time. :raises ValueError: if it is invalid or has no zone.
    """
    try:
        found = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(FORM) from None
    if found.tzinfo is None:
        raise ValueError(FORM)
    return found.astimezone(datetime.UTC)


def stamp(time: datetime.datetime) -> str:
    """A time in the form of both APIs."""
    return time.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text: str) -> str:
    """Normalize a time to UTC."""
    return stamp(moment(text)) if text else text


Time = t.Annotated["str | None", Option(clean=instant)]


def one_target(wanted: t.Any, _ask: t.Any) -> None:
    given = [name for name in TARGETS if getattr(wanted, name)]
    if len(given) > 1:
        raise Problem(given[1], f"cannot be given with {given[0]}; either an assistant or a squad speaks.")
    if not given and not wanted.workflow and _ask.state == "present":
        raise Problem("assistant", "or squad must be given; it speaks with the person called.")


def times_in_order(wanted: t.Any, _ask: t.Any) -> str | None:
    start, end = wanted.schedule_at, wanted.schedule_until
    if end and not start:
        raise Problem("schedule_until", "requires schedule_at; it is the end of the period that begins at schedule_at.")
    if start and end and moment(end) <= moment(start):
        raise Problem("schedule_until", "must be later than schedule_at.")
    return None


def number_is_given(wanted: t.Any, ask: t.Any) -> None:
    if ask.state == "present" and not wanted.phone_number:
        raise Problem("phone_number", "must be given; it is the caller ID of the call.")


def not_in_the_past(wanted: t.Any, now: datetime.datetime) -> None:
    for name in ("schedule_until", "schedule_at"):
        value = getattr(wanted, name)
        if value and moment(value) < now - datetime.timedelta(minutes=1):
            raise Problem(name, "is in the past. Give a later time, or leave it out to start immediately.")


def number_can_call(rows: Rows, wanted: t.Any) -> tuple[str, ...]:
    """Check that the phone number has a trunk for outbound calls; raises :class:`Problem` with the option to fix."""
    if wanted.phone_number == LATER:
        return ()
    number = next((row for row in rows(ANY_NUMBER) if str(row.get("id")) == wanted.phone_number), {})
    if number.get("status") == "blocked":
        raise Problem("phone_number", "is blocked by Vapi; it cannot be used for calls. Contact Vapi's support.")
    if number.get("provider") != "byo-phone-number":
        return ()
    trunk = next((row for row in rows(SIP_TRUNK) if row.get("id") == number.get("credentialId")), None)
    if trunk is None:
        raise Problem(
            "phone_number", "has no existing SIP trunk; assign one with vapi_phone_number: trunk. Nothing was sent."
        )
    if not any(
        gateway.get("outboundEnabled", True) for gateway in trunk.get("gateways") or [] if isinstance(gateway, dict)
    ):
        raise Problem(
            "phone_number",
            "has a SIP trunk without an outbound gateway; set gateways with outbound_enabled: true in "
            "vapi_sip_trunk. Nothing was sent.",
        )
    return () if dig(trunk, ("outboundAuthenticationPlan", "authUsername")) else (NO_USERNAME,)


def texts(row: t.Any, names: t.Mapping[str, str], kinds: tuple[type, ...] = (str,)) -> dict[str, t.Any]:
    """Scalar values of a response under their return keys; missing values and values of other types are left out."""
    raw = row if isinstance(row, dict) else {}
    return {name: raw[key] for name, key in names.items() if isinstance(raw.get(key), kinds) and raw[key] != ""}
