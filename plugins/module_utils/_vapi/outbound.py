# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields and validators that outbound calls and campaigns share: assistant, phone number, time and checks."""

from __future__ import annotations

import datetime
import pathlib
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    UNKNOWN_ID,
    BaseResource,
    Resource,
    State,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import HasState
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import VAPI
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_trunk import SIP_TRUNK

ListReader = t.Callable[[Resource], list[ApiObject]]
TARGETS = ("assistant", "squad")
NO_USERNAME = (
    "The phone number's SIP trunk has no username: didlogic will reject the call (401 or 407) unless it accepts "
    "Vapi's addresses. Set username and password in vapi_sip_trunk."
)
FORM = "must be ISO 8601 with a time zone, such as 2026-01-31T09:30:00+01:00 or 2026-01-31T08:30:00Z."


class AnyNumber(Model):
    number: str | None = None
    name: str | None = None


#: Any phone number of the organisation, of Vapi or another carrier: outbound calls can use each.
ANY_NUMBER = BaseResource(
    provider=VAPI,
    name="number",
    plural="numbers",
    title="phone number",
    path="/phone-number",
    record=AnyNumber,
    options=State,
    keys=("number", "name"),
    # Names are compared exactly; in numbers the plus is ignored.
    normalize_key=lambda key: key.removeprefix("+"),
)


def moment(text: str) -> datetime.datetime:
    """Parse an ISO 8601 time with a zone.

    :param text: the text. :return: the time. :raises ValueError: if it is invalid or has no zone.
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


Time = t.Annotated["str | None", Option(normalize=instant)]


class Outbound(t.Protocol):
    """What the records of calls and campaigns have in common."""

    workflow: str | None
    phone_number: str | None
    schedule_at: str | None
    schedule_until: str | None


def one_target(desired: Outbound, _options: HasState) -> None:
    given = [name for name in TARGETS if getattr(desired, name)]
    if len(given) > 1:
        raise OptionError(given[1], f"cannot be given with {given[0]}; either an assistant or a squad speaks.")
    if not given and not desired.workflow and _options.state == "present":
        raise OptionError("assistant", "or squad must be given; it speaks with the person called.")


def times_in_order(desired: Outbound, _options: HasState) -> str | None:
    start, end = desired.schedule_at, desired.schedule_until
    if end and not start:
        raise OptionError(
            "schedule_until", "requires schedule_at; it is the end of the period that begins at schedule_at."
        )
    if start and end and moment(end) <= moment(start):
        raise OptionError("schedule_until", "must be later than schedule_at.")
    return None


def number_is_given(desired: Outbound, options: HasState) -> None:
    if options.state == "present" and not desired.phone_number:
        raise OptionError("phone_number", "must be given; it is the caller ID of the call.")


def not_in_the_past(desired: Outbound, now: datetime.datetime) -> None:
    for name in ("schedule_until", "schedule_at"):
        value = getattr(desired, name)
        if value and moment(value) < now - datetime.timedelta(minutes=1):
            raise OptionError(name, "is in the past. Give a later time, or leave it out to start immediately.")


def number_can_call(rows: ListReader, desired: Outbound) -> tuple[str, ...]:
    """Check that the phone number has a trunk for outbound calls; raises :class:`OptionError`."""
    if desired.phone_number == UNKNOWN_ID:
        return ()
    number = next((row for row in rows(ANY_NUMBER) if str(row.get("id")) == desired.phone_number), {})
    if number.get("status") == "blocked":
        raise OptionError("phone_number", "is blocked by Vapi; it cannot be used for calls. Contact Vapi's support.")
    if number.get("provider") != "byo-phone-number":
        return ()
    trunk = next((row for row in rows(SIP_TRUNK) if row.get("id") == number.get("credentialId")), None)
    if trunk is None:
        raise OptionError(
            "phone_number", "has no existing SIP trunk; assign one with vapi_phone_number: trunk. Nothing was sent."
        )
    if not any(gateway.get("outboundEnabled", True) for gateway in objects_in(trunk.get("gateways"))):
        raise OptionError(
            "phone_number",
            "has a SIP trunk without an outbound gateway; set gateways with outbound_enabled: true in "
            "vapi_sip_trunk. Nothing was sent.",
        )
    return () if dig(trunk, ("outboundAuthenticationPlan", "authUsername")) else (NO_USERNAME,)


def file_content(option: str, path: str, most: int, advice: str) -> bytes:
    """Read a file on the host that runs the task.

    :param option: the path of the option. :param path: its value, the path of the file.
    :param most: the maximum size in bytes. :param advice: what to do if the file is larger. :return: the content.
    :raises OptionError: if the file is larger or cannot be read.
    """
    file = pathlib.Path(path).expanduser()
    try:
        if file.stat().st_size > most:
            raise OptionError(option, f"is larger than {most // 2**20} MB; {advice}.", path)
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise OptionError(option, f"cannot be read on the host that runs this task: {reason}.", path) from None


def texts(row: object, names: t.Mapping[str, str], kinds: tuple[type, ...] = (str,)) -> Result:
    """Scalar values of a response under their return keys; missing values and values of other types are left out."""
    raw = row if isinstance(row, dict) else {}
    return {name: raw[key] for name, key in names.items() if isinstance(raw.get(key), kinds) and raw[key] != ""}
