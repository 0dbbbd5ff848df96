# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vapi's retention of calls: its error for older calls, and the earliest start of a list."""

from __future__ import annotations

import datetime
import functools
import re
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.outbound import stamp

#: Vapi's response (400) to a list that begins before its history, and to an older call by its id; seen live in autumn
#: 2026, not documented. The date was seen as ``Wed Aug 26 2026``; other forms are read as well.
_RETENTION = re.compile(r"(?:last|covers) (?P<days>\d{1,4}) days|exceeds your retention", re.IGNORECASE)
_RETENTION_DATE = re.compile(r"date filter to (?P<date>.{6,40}?) or later", re.IGNORECASE)
_DATE_FORMS = ("%a %b %d %Y", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%m/%d/%Y")
#: The oldest calls may expire while they are read.
_RETENTION_MARGIN = datetime.timedelta(hours=1)


def _date(text: str) -> datetime.datetime | None:
    """Parse a date or time in one of the services' forms, in UTC; ``None`` if it is invalid."""
    readers: list[t.Callable[[str], datetime.datetime]] = [datetime.datetime.fromisoformat]
    readers += [functools.partial(_strptime, form) for form in _DATE_FORMS]
    for read in readers:
        try:
            found = read(text.strip().rstrip("."))
            found = found.replace(tzinfo=found.tzinfo or datetime.UTC).astimezone(datetime.UTC)
        except (ValueError, OverflowError):
            continue
        # No account has a history from other centuries.
        return found if 2000 < found.year < 3000 else None
    return None


def _strptime(form: str, text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, form).replace(tzinfo=datetime.UTC)


def explain_retention(error: Exception, now: datetime.datetime) -> tuple[str, Result] | None:
    """The fix if Vapi rejects a query for calls that are older than its history.

    :param error: the error with Vapi's message. :param now: the current time in UTC.
    :return: a sentence, and ``retention_start``: the earliest ``created_after`` that Vapi accepts, an hour inside its
        history, if the message contains it; ``None`` for any other error.
    """
    text = str(error)
    found = _RETENTION.search(text)
    if getattr(error, "status", None) != 400 or not found:
        return None
    stated = _RETENTION_DATE.search(text)
    start = _date(stated["date"]) if stated else None
    if start is None and found["days"]:
        start = now - datetime.timedelta(days=int(found["days"]))
    advice = "Older calls are no longer available from Vapi; didlogic_call_info still lists didlogic's records of them."
    if start is None:
        return advice, {}
    earliest = stamp(start + _RETENTION_MARGIN)
    return f"Give created_after: {earliest} or later. {advice}", {"retention_start": earliest}
