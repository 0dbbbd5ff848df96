# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are taken out of texts and results in every form in which they turn up."""

from __future__ import annotations

import base64
import json
import typing as t
import urllib.parse
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._scrub import (
    MASK,
    MASKED,
    PIECE,
    Scrubber,
    holding,
)
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import canary

#: A key, a password with everything that gets escaped, and one that is not ASCII.
SECRETS = [str(uuid.uuid4()), canary(), "p!/+=%'\"\\ " + canary(), "pässwörd-" + canary()]
FORMS: dict[str, t.Callable[[str], str]] = {
    "raw": str,
    "lower": str.lower,
    "upper": str.upper,
    "no dashes": lambda secret: secret.replace("-", ""),
    "quoted": urllib.parse.quote,
    "quoted whole": lambda secret: urllib.parse.quote(secret, safe=""),
    "quoted plus": urllib.parse.quote_plus,
    "json": lambda secret: json.dumps(secret)[1:-1],
    "repr": lambda secret: repr(secret)[1:-1],
    "hex": lambda secret: secret.encode().hex(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 after one": lambda secret: base64.b64encode(b"x" + secret.encode() + b"y").decode(),
    "base64 after two": lambda secret: base64.b64encode(b"xy" + secret.encode() + b"z").decode(),
    "base64 after a user": lambda secret: base64.b64encode(b"user:" + secret.encode()).decode(),
    "a URI": lambda secret: f"sip:31@{secret}.sip.vapi.ai",
}


def pieces(text: str) -> set[str]:
    return {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS, ids=["uuid", "plain", "marks", "umlauts"])
def test_every_form_is_masked(secret: str, form: str) -> None:
    scrubber = Scrubber([secret])
    told = FORMS[form](secret)
    for clean in (scrubber.text(f"It said <{told}> today."), scrubber.value({"a": [f"<{told}>"]})["a"][0]):
        left = clean.replace(MASK, "\0")
        assert MASK in clean
        # Of an encoding, the characters that it shares with its neighbours may stay, fewer than four at each end.
        core = told[4:-4] if "base64" in form else told
        assert not (pieces(core) & pieces(left)) or form == "a URI", left
        assert secret not in clean


@pytest.mark.parametrize("secret", SECRETS, ids=["uuid", "plain", "marks", "umlauts"])
def test_pieces_are_masked_in_texts(secret: str) -> None:
    scrubber = Scrubber([secret])
    for at in range(len(secret) - PIECE + 1):
        for end in (at + PIECE, at + PIECE + 3, len(secret)):
            for form in (str, str.lower, str.upper):
                clean = scrubber.text(f"cut off: {form(secret[at:end])}")
                assert not pieces(form(secret)) & pieces(clean), clean


def test_harmless_texts_stay() -> None:
    scrubber = Scrubber([str(uuid.uuid4()), canary(), "", "x1y2"])
    for text in ("", "a", "Option password: must be given.", "31201234567", "e" * 100, "********", "ünïcödé"):
        assert scrubber.text(text) == text
        assert scrubber.value(text) == text
    result = {"a": [1, 2.5, None, True, {"b": "c"}], "1": "d"}
    assert scrubber.value(result) == result


def test_keys_of_results_are_masked_too() -> None:
    secret = canary()
    assert secret not in json.dumps(Scrubber([secret]).value({f"x{secret}": {secret: 1}}))


@pytest.mark.parametrize("secret", ["1", "12345", "udp", "1234567"])
def test_short_secrets(secret: str) -> None:
    """Whole they are masked; their pieces and encodings would hide more than they tell."""
    scrubber = Scrubber([secret])
    assert secret not in scrubber.text(f"say {secret}!")
    encoded = base64.b64encode(secret.encode()).decode()
    assert scrubber.text(encoded) == encoded


def test_what_can_not_be_sent_on_is_replaced() -> None:
    clean = Scrubber([]).value({"a\ud800": ["b\udfff"]})
    json.dumps(clean, ensure_ascii=False).encode()


@given(st.text(min_size=PIECE, max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    clean = Scrubber([secret]).text(before + secret + after)
    assert secret not in clean or secret in MASK * 9 or secret in before + after


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_result_without_secrets_is_itself(value: t.Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert Scrubber([canary()]).value(value) == value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": 1, "b": ["x", {"c": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}]}, "b[1].c"),
        ({"api_key": "********"}, "api_key"),
        ({"destination": "31@********.sip.vapi.ai"}, "destination"),
        ({"a": "*******", "b": ["x", None, 5]}, None),
        ({}, None),
    ],
)
def test_masks_as_input_are_found(value: t.Any, path: str | None) -> None:
    assert holding(value, MASKED) == path
