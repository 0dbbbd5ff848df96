# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - phonenumbers >= 8.13
  - tzdata, for O(calling_hours) on hosts without a time zone database
notes:
  - The numbers of the persons called are validated with the Python library C(phonenumbers). It contains the numbering
    plans of its release, so keep it up to date.
options:
  assistant:
    description:
      - The assistant for the calls, by name or id. Either O(assistant) or O(squad) is required.
    type: str
  squad:
    description:
      - The squad for the calls, by name or id.
    type: str
  workflow:
    description:
      - Retired and rejected, because Vapi stopped running workflows on 2026-08-19. Use O(assistant) or O(squad).
    type: str
  schedule_at:
    description:
      - The earliest time of a call, in ISO 8601 with a time zone, such as V(2026-01-31T09:30:00+01:00).
      - If it is not given, Vapi calls immediately.
    type: str
  schedule_until:
    description:
      - The latest time of a call, in the same format. Requires O(schedule_at).
    type: str
  default_country:
    description:
      - A country as two letters (ISO 3166-1), such as V(NL). Numbers without a country code are read as numbers of this
        country.
      - It also applies to the entries of O(do_not_call).
    type: str
  normalize:
    description:
      - Whether numbers of the persons called may be written with spaces, dashes, brackets, dots and slashes, with V(00)
        for the plus, and with V((0)). They are converted to E.164 format.
      - Otherwise, such a number is invalid.
    type: bool
    default: false
  calling_hours:
    description:
      - The hours in which a person may be called, in the person's time zone.
      - The whole time from O(schedule_at) to O(schedule_until) must be within these hours. Without O(schedule_until) it
        is the hour after O(schedule_at), and without O(schedule_at) the hour after the start of the task. The schedule
        is never shifted.
      - The rule is applied before the request. Vapi does not know it, so give O(schedule_until) to limit when Vapi
        places the last call.
    type: dict
    suboptions:
      from:
        description: The beginning of the hours, as V(HH:MM). Quote it.
        type: str
        required: true
      to:
        description: The end of the hours, later than O(calling_hours.from), at most V(24:00). Quote it.
        type: str
        required: true
      days:
        description: The days on which a person may be called, from V(mon) to V(sun). Defaults to all days.
        type: list
        elements: str
      time_zone:
        description:
          - The name of a zone of the time zone database, such as V(Europe/Amsterdam), or V(by_number).
          - With V(by_number), the zones of each number are used. If the country of a number has several zones and the
            number does not determine one, the call must be within the hours of all of them. A number without a known
            zone must not be called.
        type: str
        required: true
  do_not_call:
    description:
      - Numbers that must not be called, and paths of files with such numbers, on the host that runs the task.
      - A file contains one number in each line, or it is a CSV file with the column C(number). Empty lines, and lines
        that begin with C(#), are ignored.
      - Spaces, dashes, brackets, V(00) and V((0)) are always understood. If an entry cannot be read, nothing is sent.
    type: list
    elements: str
  max_contacts:
    description:
      - Maximum number of contacts to call. If more would be called, nothing is sent. V(0) prevents all calls.
    type: int
  max_cost:
    description:
      - Maximum estimated cost, in the currency of O(price_per_minute). If the estimate is higher, nothing is sent.
      - The estimate is the number of contacts, times O(expected_call_seconds) divided by 60, times O(price_per_minute),
        rounded up to 0.01. It is no limit of the actual cost.
    type: float
  price_per_minute:
    description:
      - Price of a minute for both services together, for the estimated cost.
      - Neither service quotes a price before a call. The default is an assumption in US dollars; calculate the price
        from your invoices.
    type: float
    default: 0.25
  expected_call_seconds:
    description:
      - Average duration of a call in seconds, for the estimate.
    type: int
    default: 60
  wait:
    description:
      - Wait until the call or campaign has ended, and show the progress on the terminal.
      - The controller polls Vapi every few seconds. No further call is placed.
      - Progress is written to standard error, so that standard output stays valid for callback plugins that write JSON.
    type: bool
    default: false
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
    details:
      - The action plugin holds a lock on the controller to prevent duplicate requests, waits for the end and shows
        progress.
  async:
    description: Supports being used with the C(async) keyword.
    support: none
"""
