# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for outbound calls: who is left out, what is reported, and that exactly what the plan shows is sent."""

from __future__ import annotations

import datetime
import pathlib
import random
import re
import sys
import typing as t
import zoneinfo

import phonenumbers
import phonenumbers.tzdata
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core import deps
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import desired_batches
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import calling_hours
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi import campaign as campaign_module
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.call import CALL
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import CAMPAIGN
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import MAX_PLACES, places_text
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.do_not_call import listed
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.phone_numbers import Numbers
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import (
    CASES,
    SandboxFixture,
    call_options,
    campaign_options,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_plan_oneshot import posts

Options = dict[str, t.Any]
AMSTERDAM, NEW_YORK, AUSTRALIAN_MOBILE = "+31201110001", "+12025550101", "+61491570006"
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
HOURS: Options = {"from": "09:00", "to": "20:00", "time_zone": "by_number"}
#: Within the hours of Amsterdam, but not of New York (05:00).
MORNING = "2026-06-01T11:00:00+02:00"


@pytest.fixture
def stage() -> SandboxFixture:
    return CASES["call"].stage()


def written(number: phonenumbers.PhoneNumber, region: str) -> dict[str, tuple[str, str]]:
    """The spellings of a number: the text, and the country that it needs."""
    international = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return {
        "e164": (digits, ""),
        "international": (international, ""),
        "00": (international.replace("+", "00"), ""),
        "dashes": (international.replace(" ", "-"), ""),
        "national": (national, region),
    }


@pytest.mark.parametrize("region", REGIONS[::12])
def test_spellings_of_valid_numbers_are_read(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for name, (text, country) in written(number, region).items():
        assert Numbers(country, normalize=True).read(text) == (e164, None), name
        if name not in ("e164", "national"):
            assert Numbers(country).read(text)[1], name


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+31 (0)20 111 0001", "", AMSTERDAM),
        ("0031 (0)20-1110001", "", AMSTERDAM),
        ("+31 (0) 20/111.0001", "", AMSTERDAM),
        ("020 111 0001", "NL", AMSTERDAM),
        ("(020) 111-0001", "NL", AMSTERDAM),
        ("31201110001", "NL", AMSTERDAM),
        ("(202) 555-0101", "US", NEW_YORK),
        ("+39 (0)6 12345678", "", "+390612345678"),
        ("+34 (0)912 345 678", "", "+34912345678"),
    ],
)
def test_normalize_understands_common_spellings(text: str, country: str, number: str) -> None:
    assert Numbers(country, normalize=True).read(text) == (number, None)


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("020 111 0001", ""), ("31201110001", ""), ("+31201110001 ext 5", "NL"), ("0800 FLOWERS", "US"),
        ("31201110001.0", "NL"), ("3.12E+10", "NL"), ("020 1110001 / 020 1110002", "NL"), ("tel:+31201110001", "NL"),
        ("", "NL"), ("+", "NL"), ("112", "NL"), ("+31 20 111 00011", "NL"), ("\u202a+31201110001", "NL"),
    ],
)  # fmt: skip
def test_normalize_does_not_guess(text: str, country: str) -> None:
    assert Numbers(country, normalize=True).read(text)[1]


def test_every_zone_of_the_library_is_in_the_database() -> None:
    zones = {zone for found in phonenumbers.tzdata.TIMEZONE_DATA.values() for zone in found}
    assert len(zones) > 200
    assert all(calling_hours.zone_of(zone) for zone in zones)


def test_number_in_a_country_with_several_zones_has_all_of_them() -> None:
    numbers = Numbers()
    for number in (AMSTERDAM, NEW_YORK, AUSTRALIAN_MOBILE, "+80012345678"):
        assert numbers.read(number) == (number, None)
    assert numbers.zones(AMSTERDAM) == ("Europe/Amsterdam",)
    assert numbers.zones(NEW_YORK) == ("America/New_York",)
    assert {"Australia/Perth", "Australia/Sydney"} <= set(numbers.zones(AUSTRALIAN_MOBILE))
    assert numbers.zones("+80012345678") == ()


# ------------------------------------------------------------------------------------------------ campaigns


def rows(tmp_path: pathlib.Path, *numbers: str) -> str:
    file = tmp_path / "contacts.csv"
    file.write_text("number\n" + "".join(f"{number}\n" for number in numbers))
    return str(file)


def within(**more: t.Any) -> Options:
    options = {**campaign_options(schedule_at=MORNING, schedule_until="2026-06-01T16:00:00+02:00"), **more}
    return {**options, "customers": None} if "csv" in more else options


def error_text(resource: t.Any, options: Options) -> str:
    with pytest.raises(OptionError) as caught:
        desired_batches(resource, options)
    return str(caught.value)


def test_contacts_are_reported_by_line_and_rule_only(tmp_path: pathlib.Path) -> None:
    numbers = (AMSTERDAM, NEW_YORK, "+31201110002", "+31201110003", "+31201110004", "+31612345678", NEW_YORK[:-1] + "2")
    options = within(
        csv=rows(tmp_path, *numbers), calling_hours=HOURS, do_not_call=[numbers[2], numbers[3], numbers[5]]
    )
    text = error_text(CAMPAIGN, options)
    assert "- lines 4, 5 and 7: The number is on a do_not_call list." in text
    assert (
        "- lines 3 and 8: The call would be outside calling_hours: the time from schedule_at to schedule_until" in text
    )
    assert "Nothing was sent" in text
    assert "would skip 5 of 7 contacts (2 calling_hours, 3 do_not_call)" in text or (
        "would skip 5 of 7 contacts (3 do_not_call, 2 calling_hours)" in text
    )
    assert not [number for number in numbers if number[1:] in re.sub(r"\D", "", text)]
    desired, facts, advice = desired_batches(CAMPAIGN, {**options, "skip_invalid": True})
    assert [contact.number for contact in desired[0].record.customers] == [AMSTERDAM, "+31201110004"]
    assert facts["left_out"] == 5
    assert facts["left_out_by_rule"] == {"do_not_call": 3, "calling_hours": 2}
    assert "- lines 4, 5 and 7: " in advice[0]


def test_places_are_one_phrase() -> None:
    assert places_text(["line 3"]) == "line 3"
    assert places_text(["line 3", "line 4"]) == "lines 3 and 4"
    assert places_text(["line 3", "line 4", "line 7"]) == "lines 3, 4 and 7"
    assert places_text(["customers[0]", "customers[2]"]) == "customers[0] and customers[2]"
    many = places_text([f"line {line}" for line in range(2, 10_002)])
    assert many.endswith(f" and {10_000 - MAX_PLACES:,} more")


def test_exactly_the_planned_contacts_are_sent(stage: SandboxFixture) -> None:
    """Random contacts of all kinds: the plan counts what is sent, and nothing else is sent."""
    luck = random.Random(18)
    for run in range(12):
        people = [
            {"number": luck.choice((f"+3120111{index:04}", f"+1202555{index:04}", f"020 111 {index:04}", "0", ""))}
            for index in range(100, 120)
        ]
        blocked = luck.sample([person["number"] for person in people if len(person["number"]) > 1], 4)
        at = stage.clock.now.replace(hour=13) + datetime.timedelta(days=1 + run)
        options = campaign_options(
            name=f"Run {run}", customers=people, skip_invalid=True, default_country="NL", normalize=True,
            calling_hours={**HOURS, "from": luck.choice(("00:00", "10:00"))}, do_not_call=blocked,
            schedule_at=at.isoformat(),
        )  # fmt: skip
        _desired, facts, _advice = desired_batches(CAMPAIGN, options)
        planned = stage.do(CAMPAIGN, check=True, **options)
        assert planned.changed
        assert posts(stage) == 0
        stage.do(CAMPAIGN, **options)
        (row,) = [row for row in stage.store("campaigns") if row["name"] == f"Run {run}"]
        sent = [customer["number"] for customer in row["customers"]]
        assert len(sent) == facts["contacts"] == 20 - facts["left_out"]
        assert sum(facts["left_out_by_rule"].values()) == facts["left_out"]
        read = Numbers("NL", normalize=True)
        assert not {read.read(number)[0] for number in blocked} & set(sent)
        stage.fresh()
        assert not stage.do(CAMPAIGN, **options).changed
        stage.fresh()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"max_contacts": 1}, "Option max_contacts (1): is exceeded: 2 contacts would be called"),
        ({"max_cost": 0.99}, "the estimated cost is 1.00 (2 calls of 120 s at 0.25 per minute)"),
        ({"max_contacts": 0, "max_cost": 0}, "2 options are invalid"),
    ],
)
@pytest.mark.parametrize("skip", [True, False])
def test_bounds_judge_what_would_be_sent(more: Options, text: str, skip: bool) -> None:
    people = [{"number": AMSTERDAM}, {"number": "+31201110002"}, *([{"number": "0"}] if skip else [])]
    options = within(customers=people, expected_call_seconds=120, skip_invalid=skip, **more)
    assert text in error_text(CAMPAIGN, options)
    desired_batches(CAMPAIGN, within(customers=people, skip_invalid=skip, max_contacts=2, max_cost=0.5))


def test_schedule_that_leaves_nobody_is_refused() -> None:
    people = [{"number": NEW_YORK}, {"number": AUSTRALIAN_MOBILE}]
    text = error_text(CAMPAIGN, within(customers=people, calling_hours=HOURS, skip_invalid=True))
    assert "customers[0] and customers[1]: The call would be outside calling_hours" in text
    assert "skip_invalid" not in text


def test_whole_span_counts() -> None:
    options = {"customers": [{"number": AMSTERDAM}], "calling_hours": HOURS}
    desired_batches(CAMPAIGN, within(**options, schedule_until="2026-06-01T20:00:00+02:00"))
    assert "outside" in error_text(CAMPAIGN, within(**options, schedule_until="2026-06-01T20:00:01+02:00"))
    assert "outside" in error_text(CAMPAIGN, within(**options, schedule_until="2026-06-02T12:00:00+02:00"))
    late = {"schedule_at": "2026-06-01T19:00:00+02:00", "schedule_until": None}
    desired_batches(CAMPAIGN, within(**options, **late))
    late["schedule_at"] = "2026-06-01T19:00:01+02:00"
    assert "outside" in error_text(CAMPAIGN, within(**options, **late))
    weekend = {**HOURS, "days": ["sat", "sun"]}
    assert "outside" in error_text(CAMPAIGN, within(customers=[{"number": AMSTERDAM}], calling_hours=weekend))


def test_number_of_a_sip_uri_is_judged_too() -> None:
    people = [{"sip_uri": f"sip:{AMSTERDAM}@example.com"}, {"sip_uri": "sip:desk@example.com"}]
    text = error_text(CAMPAIGN, within(customers=people, calling_hours=HOURS, do_not_call=[AMSTERDAM]))
    assert "customers[0]: The number is on a do_not_call list" in text
    assert "customers[1]: The number has no known time zone" in text


def test_start_without_schedule_depends_on_the_time_of_the_run(
    stage: SandboxFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run at night finds the campaign, and does not ask who may be called now."""
    people = [{"number": AMSTERDAM}, {"number": NEW_YORK}]
    for skip, hour, sent in ((True, 9, 1), (False, 15, 2)):
        name = f"At {hour}"
        options = campaign_options(name=name, customers=people, calling_hours=HOURS, skip_invalid=skip)
        day = stage.clock.now.replace(month=6, day=2, minute=0)
        stage.clock.now = day.replace(hour=1)
        monkeypatch.setattr(campaign_module, "_current_time", lambda: stage.clock.now)
        assert "outside calling_hours" in str(stage.try_(CAMPAIGN, **options).error)
        stage.clock.now = day.replace(hour=hour)
        assert posts(stage) == 0
        assert stage.do(CAMPAIGN, **options).changed
        (row,) = [row for row in stage.store("campaigns") if row["name"] == name]
        assert len(row["customers"]) == sent
        stage.fresh()
        for later in (1, 9, 15, 22):
            stage.clock.now = day.replace(hour=later) + datetime.timedelta(days=1)
            again = stage.do(CAMPAIGN, **options)
            assert not again.changed
        other = {**options, "customers": [*people, {"number": "+31201110009"}]}
        assert "differs from the contacts" in str(stage.try_(CAMPAIGN, **other).error)
        assert posts(stage) == 0


# ------------------------------------------------------------------------------------------------ lists


@pytest.mark.parametrize(
    "content",
    [
        "+31201110001\n+31201110002\n",
        "\ufeff# people who objected\r\n+31 20 111 0001\r\n\r\n0031201110002\r\n",
        "name,number\nJan,+31 (0)20 111 0001\n\nPiet,020-1110002\n",
        'number;name\n+31201110001;"Jan; or not"\n+31201110002;Piet\n',
        "+15550100001\n+31201110001\n+31201110002",
    ],
)
def test_lists_of_numbers_are_read(tmp_path: pathlib.Path, content: str) -> None:
    file = tmp_path / "do-not-call.csv"
    file.write_bytes(content.encode())
    contacts = [AMSTERDAM, "+31201110002", "+31201110003"]
    assert listed([str(file)], contacts, "NL") == {AMSTERDAM, "+31201110002"}
    assert listed([], contacts, "NL") == set()
    assert listed(["020 111 0003"], contacts, "NL") == {"+31201110003"}


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ("+31201110001\n0201110001\n+31201110003\nJan\n", "lines 2 and 4 contain"),
        ("name,number\nJan,+31201110001\nPiet,\n", "line 3 contains"),
        ("name,phone\nJan,+31201110001\n", "lines 1 and 2 contain"),
        ("+31201110001\n+31201110002 +31201110003\n", "line 2 contains"),
    ],
)
def test_entry_that_cannot_be_read_stops_the_run(tmp_path: pathlib.Path, content: str, places: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(content)
    text = error_text(CAMPAIGN, within(customers=[{"number": AMSTERDAM}], do_not_call=[str(file)], skip_invalid=True))
    assert text.startswith("Option do_not_call[0]")
    assert places in text
    assert "20111" not in text.replace(str(file), "")


@pytest.mark.parametrize("entry", ["", "0201110001", "12", "/nowhere/list.txt", "list.csv", "."])
def test_unreadable_entry_is_named(entry: str) -> None:
    for resource, options in ((CAMPAIGN, within(skip_invalid=True)), (CALL, call_options())):
        assert "do_not_call[1]" in error_text(resource, {**options, "do_not_call": [NEW_YORK, entry]})


def test_workbook_is_no_list(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "list.xlsx"
    file.write_bytes(b"PK\x03\x04 and so on")
    assert "save it as a text file" in error_text(CALL, call_options(do_not_call=[str(file)]))


# ------------------------------------------------------------------------------------------------ calls


def test_call_returns_the_number_as_dialled(stage: SandboxFixture) -> None:
    options = call_options(customer={"number": "020 111 0001"}, default_country="nl", normalize=True)
    for check in (True, False):
        outcome = stage.do(CALL, check=check, **options)
        assert outcome.result["customer"]["number"] == AMSTERDAM
    assert [row["customer"]["number"] for row in stage.store("calls")] == [AMSTERDAM]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"do_not_call": [AMSTERDAM]}, "customer.number"),
        ({"calling_hours": HOURS, "schedule_at": "2026-06-01T03:00:00Z"}, "customer.number"),
        ({"max_contacts": 0}, "max_contacts"),
        ({"max_cost": 0.1}, "max_cost"),
        ({"customer": {"number": "+15550100001"}}, "customer.number"),
        ({"customer": {"sip_uri": "sip:desk@example.com"}, "calling_hours": HOURS, "schedule_at": MORNING}, "sip_uri"),
    ],
)
def test_call_outside_the_rules_is_refused_without_request(more: Options, path: str) -> None:
    text = error_text(CALL, call_options(**{"customer": {"number": AMSTERDAM}, **more}))
    assert path in text
    assert AMSTERDAM not in text


def test_call_now_outside_the_hours_is_refused_unless_it_exists(
    stage: SandboxFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Options = {"from": "00:00", "to": "24:00", "time_zone": "by_number"}
    options = call_options(idempotency_key="order-1")
    assert stage.do(CALL, **options, calling_hours=whole).changed
    monkeypatch.setattr(calling_hours.Period, "is_within", lambda *_arguments: False)
    stage.fresh()
    assert not stage.do(CALL, **options, calling_hours=whole).changed
    other = call_options(idempotency_key="order-2", calling_hours=whole)
    assert "the hour from now" in str(stage.try_(CALL, **other).error)
    assert posts(stage) == 0


# ------------------------------------------------------------------------------------------------ options


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"default_country": "UK"}, "did you mean GB?"),
        ({"default_country": "Netherlands"}, "two letters"),
        ({"calling_hours": {**HOURS, "from": "600"}}, "in quotes"),
        ({"calling_hours": {**HOURS, "from": "9:00"}}, "in quotes"),
        ({"calling_hours": {**HOURS, "to": "24:30"}}, "in quotes"),
        ({"calling_hours": {**HOURS, "to": "09:00"}}, "must be later than from"),
        ({"calling_hours": {**HOURS, "days": []}}, "name a day"),
        ({"calling_hours": {**HOURS, "days": ["monday"]}}, "did you mean mon?"),
        ({"calling_hours": {**HOURS, "time_zone": "europe/amsterdam"}}, "did you mean Europe/Amsterdam?"),
        ({"calling_hours": {**HOURS, "time_zone": "../../etc/passwd"}}, "a zone of the time zone database"),
        ({"calling_hours": {**HOURS, "time_zone": "by number"}}, "did you mean by_number?"),
        ({"max_contacts": -1}, "must be 0 to"),
        ({"max_cost": -1}, "must be 0 to"),
    ],
)
@pytest.mark.parametrize("resource", [CALL, CAMPAIGN], ids=["call", "campaign"])
def test_invalid_rules_are_named(resource: t.Any, more: Options, text: str) -> None:
    options = call_options(schedule_at=MORNING) if resource is CALL else within()
    assert text in error_text(resource, {**options, **more})


@pytest.mark.parametrize("resource", [CALL, CAMPAIGN], ids=["call", "campaign"])
def test_missing_library_is_an_error(resource: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(deps.LibraryMissingError, match="phonenumbers"):
        desired_batches(resource, call_options() if resource is CALL else campaign_options())


def test_missing_time_zone_database_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    before = zoneinfo.TZPATH
    for name in ["tzdata", *(name for name in sys.modules if name.startswith("tzdata."))]:
        monkeypatch.setitem(sys.modules, name, None)
    try:
        zoneinfo.reset_tzpath([])
        zoneinfo.ZoneInfo.clear_cache()
        for zone in ("by_number", "Europe/Amsterdam"):
            with pytest.raises(deps.LibraryMissingError, match="tzdata: "):
                desired_batches(CAMPAIGN, within(calling_hours={**HOURS, "time_zone": zone}))
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()
