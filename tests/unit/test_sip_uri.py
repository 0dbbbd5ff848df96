# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP URIs: one parser, scheme and host in any case, and amounts with their nouns."""

from __future__ import annotations

import ast
import re
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.uri import (
    has_scheme,
    is_uri,
    parse_uri,
    user_digits,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import counted
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._didlogic.destination import TRANSPORT, identity_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.contacts import from_list
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.destination import check_sip_uri
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import (
    SIP_HOST,
    host_of,
    label_of,
    redacted_uri,
    region_of,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import canary

ROOT = Path(__file__).resolve().parents[2]
SIP = TRANSPORT["sip_uri"]


def cases(text: str) -> st.SearchStrategy[str]:
    """A text in any mixture of cases."""
    return st.tuples(*[st.sampled_from((letter.lower(), letter.upper())) for letter in text]).map("".join)


USERS = st.sampled_from(["31201234567", "+31201234567", "Anna", "a.b;c=d", "%2B31201234567"])
TAILS = st.sampled_from(["", ":5060", ":5061;transport=tls", ";transport=tcp", "?X-Test=1"])


@given(st.data(), USERS, TAILS, st.sampled_from(["us", "eu"]), st.uuids(version=4))
def test_scheme_and_host_are_case_insensitive(
    data: st.DataObject, user: str, tail: str, region: str, trunk: uuid.UUID
) -> None:
    host = f"{trunk}.{SIP_HOST[region]}"
    plain = f"{user}@{host}{tail}"
    written = data.draw(cases("sip:") | st.just("")) + f"{user}@" + data.draw(cases(host)) + tail
    uri = parse_uri(written)
    assert (uri.user, uri.host, uri.rest) == (user, host, tail)
    assert identity_of(SIP, written) == identity_of(SIP, plain)
    assert (label_of(written), region_of(written), host_of(written)) == (str(trunk), region, SIP_HOST[region])
    assert redacted_uri(written, {str(trunk).upper()}) == written
    if uri.scheme:
        check_sip_uri(written)
        assert is_uri(written)
        assert not from_list([{"sip_uri": written}]).faults
    assert user_digits(f'"Name" <{written}>') == user_digits(plain)
    secure = data.draw(cases("sips:")) + plain
    assert parse_uri(secure).scheme == "sips"
    assert identity_of(SIP, secure) != identity_of(SIP, plain)
    assert has_scheme(secure)


@given(st.text(max_size=40), USERS)
def test_any_text_is_parsed_and_users_are_distinct(text: str, user: str) -> None:
    uri = parse_uri(text)
    assert uri.host == uri.host.lower()
    assert identity_of(SIP, f"{user}@example.com") != identity_of(SIP, f"{user.swapcase()}x@example.com")


@given(
    st.sampled_from(["", "sip:", "SIP:", "sips:", "31@", "sip:31@", "SIPS:31@"]),
    st.sampled_from(sorted(SIP_HOST.values())),
    TAILS,
    st.booleans(),
)
def test_label_that_is_no_trunk_id_is_hidden(before: str, host: str, tail: str, upper: bool) -> None:
    key = canary()
    uri = f"{before}{key}.{host.upper() if upper else host}{tail}"
    assert key not in redacted_uri(uri, {str(uuid.uuid4())})
    assert label_of(uri) == key.lower()


def test_uri_scheme_is_parsed_in_one_module() -> None:
    """A comparison of its own would know one case only."""
    own = re.compile(r"""(startswith|removeprefix|fullmatch|match|sub)\([^)\n]*["']\^?\(?(\?:)?sips?\??:""")
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        if path.name != "uri.py":
            assert not own.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("amount", range(4))
def test_counted_noun_agrees_with_the_number(amount: int) -> None:
    text = counted(amount, "fault")
    assert text == (f"{amount} fault" if amount == 1 else f"{amount} faults")


def test_messages_have_no_fixed_plural_after_a_count() -> None:
    """``f"{len(x)} things"`` is wrong for one; :func:`counted` is not. A list known to be longer is named here."""
    longer = {
        ("matching.py", "matches"),  # two or more match
        ("probe.py", "; the same applies to all"),  # more than one address
        ("export.py", ""),  # none, or several
        ("provider.py", "Vapi's list GET"),  # a full page
        ("errors.py", ""),  # Problems holds several
    }
    found = set()
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                for part, after in zip(node.values, node.values[1:], strict=False):
                    length = isinstance(part, ast.FormattedValue) and ast.unparse(part.value).startswith("len(")
                    if length and isinstance(after, ast.Constant) and re.match(r" [a-z ]*?[a-z]s\b", str(after.value)):
                        start = node.values[0]
                        words = str(start.value) if isinstance(start, ast.Constant) else ""
                        found.add((path.name, words.strip()))
    assert {item for item in found if not any(item[0] == name and word in item[1] for name, word in longer)} == set()
