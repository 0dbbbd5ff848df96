# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that Vapi holds of a caller, and its deletion.

The published API description says that the deletion of a call is asynchronous, can take hours, deletes the call's data,
and is answered with 503 if recordings cannot be erased; a call then has the status ``deletion-failed``. Users saw a 200
for a call that went on ringing. What becomes of the recordings is not documented. All of this is in this file:
a response to a deletion is no evidence, only what :func:`state_of` reads afterwards.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t
import unicodedata

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.client import Client
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.codec import dig
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, as_object, objects_in
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import ApiError, RejectedError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import ListQuery, Mutation
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import user_digits
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL, DIRECTIONS
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import moment, stamp

#: The last part of the path of each artifact, and the fields of a call that show that it exists.
ARTIFACTS: dict[str, tuple[str, ...]] = {
    "mono-recording": ("recordingUrl", "artifact.recordingUrl", "artifact.recording.mono.combinedUrl"),
    "stereo-recording": ("stereoRecordingUrl", "artifact.stereoRecordingUrl", "artifact.recording.stereoUrl"),
    "video-recording": ("artifact.videoRecordingUrl", "artifact.recording.videoUrl"),
    "customer-recording": ("artifact.recording.mono.customerUrl",),
    "assistant-recording": ("artifact.recording.mono.assistantUrl",),
    "pcap": ("artifact.pcapUrl",),
    "call-logs": ("artifact.logUrl",),
}
#: The fields with the text of the conversation, and with texts about it.
TRANSCRIPTS = (
    "transcript", "messages", "summary", "artifact.transcript", "artifact.messages",
    "artifact.messagesOpenAIFormatted", "analysis.summary", "analysis.structuredData",
)  # fmt: skip
#: Calls with these statuses are in progress: deleting one does not end it.
RUNNING = ("ringing", "in-progress", "forwarding")
#: Calls that have not begun. Only a deletion for a caller includes them.
WAITING = ("scheduled", "queued")
DELETION_FAILED = "deletion-failed"
#: A campaign with one of these statuses dials further contacts.
DIALLING = ("scheduled", "in-progress")

_SEPARATORS = re.compile(r"[\s\-./()\u2010-\u2015]")
_INTERNATIONAL = re.compile(r"[1-9][0-9]{7,14}")

#: ``gone``: neither the call nor an artifact is returned. ``present``: data is still returned. ``failed``: Vapi reports
#: that the deletion failed. ``unclear``: no response from which it can be determined.
State = t.Literal["gone", "present", "failed", "unclear"]


def caller_digits(number: str) -> str:
    """The digits of a phone number in any international spelling.

    :param number: with its country code, after ``+``, ``00`` or nothing; with or without separators and ``(0)``.
    :return: country code and number. :raises ValueError: if it is no such number; without the value.
    """
    text = unicodedata.normalize("NFKC", number).strip()
    text = _SEPARATORS.sub("", text.replace("(0)", ""))
    found = text.removeprefix("+") if text.startswith("+") else text.removeprefix("00")
    if not _INTERNATIONAL.fullmatch(found):
        raise ValueError("must be a phone number with its country code, such as +31 20 123 4567.")
    return found


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which calls are to be deleted: those of a caller, those before a time, or those that satisfy both.

    ``digits`` are those of the caller, empty for every caller. ``before`` is the time of creation, if there is one.
    """

    digits: str = ""
    before: datetime.datetime | None = None

    def includes(self, row: ApiObject) -> bool:
        """Whether a call is to be deleted."""
        if self.digits and not _is_customer(row.get("customer"), self.digits):
            return False
        if self.before is None:
            return True
        try:
            created = moment(str(row.get("createdAt")))
        except (ValueError, OverflowError):
            return False
        return created <= self.before and row.get("status") not in (*RUNNING, *WAITING)


@dataclasses.dataclass(frozen=True)
class HeldCall:
    """A call to delete. It contains nothing that identifies the caller except the id of the call.

    ``listed`` is false if Vapi does not list it any more: then nobody knows which artifacts it had.
    """

    id: str
    status: str = ""
    direction: str = ""
    artifacts: tuple[str, ...] = tuple(ARTIFACTS)
    transcript: bool = False
    listed: bool = True

    @property
    def recordings(self) -> int:
        """The number of recordings that the list has shown."""
        return sum(name.endswith("recording") for name in self.artifacts) if self.listed else 0


@dataclasses.dataclass(frozen=True)
class Holdings:
    """The calls to delete, and the number of other calls whose data contains the caller's number."""

    calls: tuple[HeldCall, ...]
    mentions: int


def holdings(client: Client, selection: Selection) -> Holdings:
    """Read all calls. The list has no filter for the customer, so that the number is in no request.

    :param client: the client. :param selection: which calls are to be deleted. :return: what Vapi holds.
    :raises ApiError: if the list cannot be read completely.
    """

    def reduce(row: ApiObject) -> ApiObject:
        own = selection.includes(row)
        mentioned = bool(selection.digits) and not own and selection.digits in _text(row)
        kept = {"id": str(row.get("id")), "createdAt": row.get("createdAt")}
        return {**kept, "own": _held(row) if own else None, "mentioned": mentioned}

    params = {"createdAtLe": stamp(selection.before)} if selection.before and not selection.digits else {}
    query = ListQuery(
        params=params,
        page_size=CALL.api.page_size,
        reduce=reduce,
        matches=lambda row: bool(row["own"] or row["mentioned"]),
    )
    rows = client.list_all(CALL.path, None, query)
    calls = [row["own"] for row in rows if isinstance(row["own"], HeldCall)]
    return Holdings(tuple(calls), sum(bool(row["mentioned"]) for row in rows))


def _held(row: ApiObject) -> HeldCall:
    return HeldCall(
        id=str(row.get("id")),
        status=str(row.get("status") or ""),
        direction=DIRECTIONS.get(str(row.get("type")), "web"),
        artifacts=tuple(name for name, places in ARTIFACTS.items() if _any(row, places)),
        transcript=_any(row, TRANSCRIPTS),
    )


def deletion(call: HeldCall) -> Mutation:
    """The request that deletes a call. A call that does not exist is no error: another run may have deleted it.

    :param call: the call. :return: the request.
    """
    return Mutation(method="DELETE", path=f"{CALL.path}/{{id}}", ids={"id": call.id}, missing_ok=True)


def state_of(client: Client, call: HeldCall, digits: str, pause: t.Callable[[], None]) -> State:
    """Determine whether Vapi still returns data of a call, by reading the call and each artifact that it had.

    :param client: the client. :param call: the call. :param digits: of the caller, if there is one.
    :param pause: called before each request. :return: the state.
    """
    pause()
    try:
        row = as_object(client.get(f"{CALL.path}/{{id}}", None, id=call.id))
    except RejectedError as error:
        if error.status != 404:
            return "unclear"
        row = {}
    except ApiError:
        return "unclear"
    if row.get("status") == DELETION_FAILED:
        return "failed"
    if row and _has_data(row, digits):
        return "present"
    states = {_artifact(client, call, name, pause) for name in call.artifacts}
    return next((state for state in ("present", "unclear") if state in states), "gone")


def _has_data(row: ApiObject, digits: str) -> bool:
    """Whether a returned call is more than a record that it was deleted."""
    held = _held(row)
    data = held.artifacts or held.transcript or held.status in (*RUNNING, *WAITING) or row.get("customer")
    return bool(data or (digits and digits in _text(row)))


def _artifact(client: Client, call: HeldCall, name: str, pause: t.Callable[[], None]) -> State:
    """An artifact exists if Vapi redirects to it; the address is not requested."""
    pause()
    try:
        client.get(f"{CALL.path}/{{id}}/{name}", None, id=call.id)
    except RejectedError as error:
        return "gone" if error.status == 404 else "present" if 300 <= (error.status or 0) < 400 else "unclear"
    except ApiError:
        return "unclear"
    return "present"


def campaign_counts(client: Client, digits: str) -> tuple[int, int]:
    """Count the campaigns with a contact that has the caller's number. No request removes a contact.

    :param client: the client. :param digits: of the caller.
    :return: the number of campaigns, and of those that dial further contacts.
    :raises ApiError: if the list cannot be read completely.
    """

    def reduce(row: ApiObject) -> ApiObject:
        kept = {name: row.get(name) for name in ("id", "createdAt", "status")}
        plans = [row, *objects_in(row.get("dialPlan"))]
        contacts = [contact for plan in plans for contact in objects_in(plan.get("customers"))]
        return {**kept, "holds": any(_is_customer(contact, digits) for contact in contacts)}

    query = ListQuery(
        page_size=CAMPAIGN.api.page_size, numbered_pages=True, reduce=reduce, matches=lambda row: bool(row["holds"])
    )
    rows = client.list_all(CAMPAIGN.path, CAMPAIGN.api.unwrap_list, query)
    return len(rows), sum(row["status"] in DIALLING for row in rows)


def _is_customer(customer: object, digits: str) -> bool:
    places = as_object(customer)
    return any(user_digits(places.get(name)).removeprefix("00") == digits for name in ("number", "sipUri"))


def _any(row: ApiObject, places: t.Iterable[str]) -> bool:
    return any(dig(row, place.split(".")) for place in places)


def _text(value: object) -> str:
    """All texts in a value."""
    if isinstance(value, dict):
        return "\n".join(_text(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
