# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of campaigns holds all their contacts: it can be read, the contacts are not kept, their number is."""

from __future__ import annotations

import typing as t

import httpx
import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import UnreachableError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.read_budget import size_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import ListQuery
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.campaign import (
    CAMPAIGN,
    fetch_details,
    to_result,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import MAX_CONTACTS
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_client import Fake

ApiObject = dict[str, t.Any]
FORMS = ("customers", "dialPlan", "counter")
READING = ListQuery(
    page_size=CAMPAIGN.api.page_size, numbered_pages=CAMPAIGN.api.numbered_pages, reduce=CAMPAIGN.api.reduce
)


def contact(number: int, variables: int) -> ApiObject:
    values = {f"name {index}": f"value {index}" for index in range(variables)}
    overrides = {"assistantOverrides": {"variableValues": values}} if variables else {}
    return {"number": f"+1555{number:07}", "name": f"Contact {number}", **overrides}


def campaign(number: int, contacts: int, variables: int, form: str = "customers") -> ApiObject:
    customers = [contact(index, variables) for index in range(contacts)]
    held: dict[str, ApiObject] = {
        "customers": {"customers": customers},
        "dialPlan": {
            "dialPlan": [{"phoneNumberId": "1", "customers": part} for part in (customers[:1], customers[1:])]
        },
        "counter": {"callsCounterScheduled": contacts},
    }
    calls = {"calls": {f"call {index}": {"status": "ended"} for index in range(contacts)}}
    return {"id": str(number), "name": f"Campaign {number}", "createdAt": f"{number:04}", **held[form], **calls}


def served(campaigns: list[ApiObject]) -> t.Callable[[httpx.Request], httpx.Response]:
    """The service's list: the newest first, at most ``limit`` created until ``createdAtLe``, that time included.

    ``page`` is the number of a page, from 1.
    """
    rows = sorted(campaigns, key=lambda row: str(row["createdAt"]), reverse=True)

    def answer(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        found = [row for row in rows if row["createdAt"] <= query.get("createdAtLe", "9")]
        first = (int(query.get("page", 1)) - 1) * int(query["limit"])
        return httpx.Response(200, json={"results": found[first : first + int(query["limit"])], "metadata": {}})

    return answer


#: Two campaigns of the second and of the last kind do not fit into one answer.
KINDS = [(2, 0), (8_334, 2), (MAX_CONTACTS, 0), (MAX_CONTACTS, 3)]


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("contacts", "variables"), KINDS)
@pytest.mark.parametrize("form", ["customers", "dialPlan"])
def test_campaigns_of_any_size_are_listed(count: int, contacts: int, variables: int, form: str) -> None:
    """Whatever they hold together: only one page at a time is in memory. The number of contacts is kept."""
    large = campaign(0, contacts, variables, form)
    rows = [{**large, "id": str(number), "createdAt": f"{number:04}"} for number in range(count)]
    fake = Fake(served([*rows, *(campaign(90 + number, 1, 0) for number in range(count))]))
    listed = fake.client.list_all("/campaign", CAMPAIGN.api.unwrap_list, READING)
    assert [to_result(row, None)["contacts"] for row in listed] == [1] * count + [contacts] * count
    assert size_of(listed) < 2000 * count


def test_list_that_changes_during_paging_is_rejected() -> None:
    """A campaign that is archived at that moment moves the others to lower page numbers, and one would be missed."""
    large = campaign(0, MAX_CONTACTS, 2)
    rows = [{**large, "id": str(number), "createdAt": f"{number:04}"} for number in range(3)]
    answers = served(rows)

    def repeated(request: httpx.Request) -> httpx.Response:
        numbered = request.url.params.get("page") == "2"
        return answers(httpx.Request("GET", request.url.copy_set_param("page", 1)) if numbered else request)

    with pytest.raises(UnreachableError, match=r"changed while it was read.*Run the task again"):
        Fake(repeated).client.list_all("/campaign", CAMPAIGN.api.unwrap_list, READING)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reduced", [True, False])
@pytest.mark.parametrize("fetched", [True, False])
def test_contact_count_is_that_of_the_campaign(form: str, reduced: bool, fetched: bool) -> None:
    """As it is listed, as it is answered, and as it is completed by its id; never the number of calls so far."""
    row = campaign(1, 25, 1, form) | ({} if form == "counter" else {"callsCounterScheduled": 3})
    displayed = CAMPAIGN.api.reduce(row) if reduced and CAMPAIGN.api.reduce else row
    asked: list[str] = []

    def get(_path: str, **ids: str) -> ApiObject:
        asked.append(ids["id"])
        return row

    completed = fetch_details(get, displayed) if fetched else displayed
    assert to_result(completed, None)["contacts"] == 25
    if reduced and not fetched:
        assert not completed.keys() & {"customers", "dialPlan", "calls"}
    if fetched and form == "customers":
        assert completed["customers"] == row["customers"]
        assert asked == (["1"] if reduced else []), "read again only if the contacts are missing"
