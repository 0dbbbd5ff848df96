# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""10,000 contacts judged by all rules for outbound calls, next to the library alone, each in a new interpreter.

python tests/bench/contacts.py
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tables import list_table

ROOT = Path(__file__).resolve().parents[2]
COUNT = 10_000
COUNTRIES = {
    "one country": ("NL",),
    "20 countries": (
        "NL",
        "BE",
        "DE",
        "FR",
        "GB",
        "IE",
        "ES",
        "PT",
        "IT",
        "CH",
        "AT",
        "PL",
        "DK",
        "SE",
        "NO",
        "FI",
        "CZ",
        "US",
        "CA",
        "AU",
    ),
}


def spelling(index: int, countries: tuple[str, ...]) -> str:
    """A valid number with spaces: one of its country with other last digits, as far as that is valid."""
    import phonenumbers  # late: its import is a part of what is measured

    example = phonenumbers.example_number(countries[index % len(countries)])
    assert example
    digits = str(example.national_number)
    for number in (digits[:-4] + f"{(int(digits[-4:]) + index) % 10_000:04}", digits):
        found = phonenumbers.parse(f"+{example.country_code}{number}")
        if phonenumbers.is_valid_number(found):
            break
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def rules(folder: str) -> None:
    """Judge the file of a folder, as the module does."""
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_batches
    from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN

    begun = time.process_time()
    options: dict[str, Any] = {
        "name": "Renewal", "assistant": "Renewal", "phone_number": "Desk", "csv": f"{folder}/contacts.csv",
        "normalize": True, "default_country": "NL", "do_not_call": [f"{folder}/list.txt"], "skip_invalid": True,
        "schedule_at": "2026-06-02T10:00:00Z", "max_contacts": COUNT,
        "calling_hours": {"from": "09:00", "to": "20:00", "time_zone": "by_number"},
    }  # fmt: skip
    _desired, facts, _advice = desired_batches(CAMPAIGN, options)
    print(json.dumps({"seconds": time.process_time() - begun, "contacts": facts["contacts"]}))


def library(folder: str) -> None:
    """Parse and validate the numbers of a folder's file with the library alone."""
    begun = time.process_time()
    import phonenumbers

    lines = Path(folder, "contacts.csv").read_text().splitlines()[1:]
    valid = sum(phonenumbers.is_valid_number(phonenumbers.parse(line.split(",")[0])) for line in lines)
    print(json.dumps({"seconds": time.process_time() - begun, "contacts": valid}))


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """CPU seconds, the median of the rounds, and the ratio to the library."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, countries in COUNTRIES.items():
            texts = list(dict.fromkeys(spelling(index, countries) for index in range(COUNT * 3)))[:COUNT]
            Path(folder, "contacts.csv").write_text("number,name\n" + "".join(f"{text},Somebody\n" for text in texts))
            Path(folder, "list.txt").write_text("".join(f"+3161{number:07}\n" for number in range(COUNT)))
            times: dict[str, list[float]] = {}
            for _round in range(rounds):
                for way in ("library", "rules"):
                    command = [sys.executable, __file__, way, folder]
                    paths = {**os.environ, "PYTHONPATH": str(ROOT / "collections")}
                    done = subprocess.run(command, check=True, capture_output=True, text=True, env=paths)
                    times.setdefault(way, []).append(json.loads(done.stdout)["seconds"])
            alone, whole = (statistics.median(times[way]) for way in ("library", "rules"))
            found[name] = {"contacts": len(texts), "library": alone, "seconds": whole, "times": whole / alone}
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """An RST table of the figures."""
    head = ("Numbers of", "Contacts", "CPU seconds, library alone", "CPU seconds, all rules", "Times the library")
    rows = (
        (name, f"{figure['contacts']:,.0f}", *(f"{figure[part]:.2f}" for part in ("library", "seconds", "times")))
        for name, figure in found.items()
    )
    return list_table(head, rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"rules": rules, "library": library}[sys.argv[1]](sys.argv[2])
    else:
        print(table(measure(3)))
