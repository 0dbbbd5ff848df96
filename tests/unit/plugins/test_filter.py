# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters, and that they hold to the rules of the modules."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable

import pytest

from ansible_collections.voiceops.vapi_didlogic.plugins.filter import numbers
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.errors import OptionError
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired, desired_from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import UNKNOWN_ID
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology import spec
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import check_trunk_id
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.spec import Trunk
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.provider import API
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.transfer_tool import TRANSFER_TOOL
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError

TRUNK = "1a1a1a1a-2222-4222-8222-3b3b3b3b3b3b"
FILTERS = numbers.FilterModule().filters()


@pytest.mark.parametrize("number", ["31201234567", "+31201234567", "+31 (20) 123-45.67", 31201234567])
def test_number_spellings_are_normalized(number: str | int) -> None:
    assert FILTERS["digits"](number) == "31201234567"
    assert FILTERS["e164"](number) == "+31201234567"


def test_digits_accepts_numbers_without_country_code() -> None:
    assert FILTERS["digits"]("01234") == "01234"


@pytest.mark.parametrize("number", ["", "+", "12a34", "sip:12345", "\u0663\u0661\u0662"])
def test_digits_rejects_invalid_numbers(number: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^digits: the number must consist of digits, [^:]*\.$"):
        FILTERS["digits"](number)


@pytest.mark.parametrize("number", ["", "0201234567", "0031201234567", "+3", "3120123456789012", "sip:31201234567"])
def test_e164_rejects_numbers_without_country_code(number: str) -> None:
    with pytest.raises(
        AnsibleFilterError, match=r"^e164: the number must have the country code and be in E.164 form: .*\.$"
    ):
        FILTERS["e164"](number)


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"transfer_destinations"}))
@pytest.mark.parametrize("number", [None, True, 1.5, ["31201234567"], {"number": "31201234567"}])
def test_number_filters_reject_other_types(name: str, number: object) -> None:
    more = (TRUNK,) if name == "vapi_sip_uri" else ()
    with pytest.raises(AnsibleFilterError, match=rf"^{name}: the number must be a string\. Quote it\.$"):
        FILTERS[name](number, *more)


@pytest.mark.parametrize(
    ("arguments", "uri"),
    [
        (("31201234567", TRUNK), f"31201234567@{TRUNK}.sip.vapi.ai"),
        (("+31201234567", TRUNK, "us"), f"+31201234567@{TRUNK}.sip.vapi.ai"),
        ((31201234567, TRUNK.upper(), "eu"), f"31201234567@{TRUNK.upper()}.sip.eu.vapi.ai"),
        (("31201234567", UNKNOWN_ID), f"31201234567@{UNKNOWN_ID}.sip.vapi.ai"),
    ],
)
def test_vapi_sip_uri_of_number_and_trunk(arguments: tuple[object, ...], uri: str) -> None:
    """The number stands as it is spelled: it must be the string that Vapi has."""
    assert FILTERS["vapi_sip_uri"](*arguments) == uri


@pytest.mark.parametrize("number", ["", "31", "31 20 1234567", "user@host", "+" * 3, "1" * 41])
def test_vapi_sip_uri_rejects_invalid_numbers(number: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^vapi_sip_uri: the number must be 3 to 40 letters and digits"):
        FILTERS["vapi_sip_uri"](number, TRUNK)


@pytest.mark.parametrize(
    "trunk",
    [
        "", "invented-private-key", TRUNK.replace("-", ""), f"{{{TRUNK}}}", f"urn:uuid:{TRUNK}", f" {TRUNK}",
        f"{TRUNK}\n", f"{TRUNK}.sip", TRUNK[:-1], TRUNK.replace("-2222", "2-222"), TRUNK.replace("1", "g"),
    ],
)  # fmt: skip
def test_vapi_sip_uri_rejects_invalid_trunk_ids_without_showing_them(trunk: str) -> None:
    with pytest.raises(ValueError, match="must be the id of a SIP trunk"):
        check_trunk_id(trunk)
    with pytest.raises(AnsibleFilterError, match=r"^vapi_sip_uri: trunk_id must be the id of a SIP trunk") as caught:
        FILTERS["vapi_sip_uri"]("31201234567", trunk)
    assert not trunk or trunk not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("trunk", [None, 5, [TRUNK]])
def test_vapi_sip_uri_rejects_trunk_ids_of_other_types(trunk: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^vapi_sip_uri: trunk_id must be"):
        FILTERS["vapi_sip_uri"]("31201234567", trunk)


@pytest.mark.parametrize("region", ["", "US", "asia", None, ["us"]])
def test_vapi_sip_uri_rejects_unknown_regions(region: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^vapi_sip_uri: region must be one of us, eu\.$"):
        FILTERS["vapi_sip_uri"]("31201234567", TRUNK, region)


def test_filter_constants_equal_module_constants() -> None:
    assert numbers.UNKNOWN_ID == UNKNOWN_ID
    assert numbers.SIP_HOST.keys() == API.keys()


def test_filters_import_only_the_standard_library() -> None:
    """Templates are evaluated often, and the controller need not have the modules' libraries."""
    program = f"import sys, {numbers.__name__}; print({{'httpx', 'pydantic'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


DESTINATIONS: list[dict[str, object]] = [
    {key: value for key, value in zip(("number", "sip_uri", "via", "message"), values, strict=True) if value}
    for values in itertools.product(
        ("", "+31201234567"), ("", "sip:desk@pbx.example.org"), ("", "number", "sip"), ("", "One moment.")
    )
]


@pytest.mark.parametrize("given", DESTINATIONS)
def test_destinations_filter_equals_integration_module(given: dict[str, object]) -> None:
    """Every combination that is valid has the same result as the option of the module integration."""
    (made,) = FILTERS["transfer_destinations"]([given], "sip.nl.didlogic.net")
    assert "via" not in made
    trunk = Trunk(name="trunk", gateway="sip.nl.didlogic.net")
    tool = {"name": "human", "destinations": [given]}

    def desired(make: Callable[[], Desired]) -> object:
        try:
            return make().record
        except OptionError:
            return None

    expected = desired(lambda: spec._tool(tool, {"state": "present"}, trunk))
    plain = {**tool, "destinations": [made]}
    assert desired(lambda: desired_from_options(TRANSFER_TOOL, {**plain, "state": "present"})) == expected
    assert (expected is None) == (("number" in given) == ("sip_uri" in given))


@pytest.mark.parametrize("given", [None, "text", {"number": "1"}, ["text"], 1])
def test_destinations_filter_requires_a_list_of_dictionaries(given: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^transfer_destinations: the destinations must be a list"):
        FILTERS["transfer_destinations"](given, "sip.nl.didlogic.net")
