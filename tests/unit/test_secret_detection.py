# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in free-form options are found by the words of their keys and by their place; harmless keys stay readable."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import (
    hidden_places,
    overlay,
    to_display,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_detection import (
    PLAIN_HEADERS,
    is_mask,
    is_secret_name,
    redacted,
    secrets_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import REDACTED
from ansible_collections.voiceops.vapi_didlogic.tests.unit.names import HARMLESS, SPELLINGS, secret_names
from ansible_collections.voiceops.vapi_didlogic.tests.unit.support import canary

#: Where a free-form value may be, from the place of a key with a secret.
AROUND: dict[str, t.Callable[[t.Any], t.Any]] = {
    "alone": lambda inner: inner,
    "below": lambda inner: {"model": {"provider": "x", "inner": inner}},
    "in a list": lambda inner: {"tools": [{"type": "function"}, inner]},
    "deep": lambda inner: {"a": [{"b": [{"c": inner}]}]},
}
#: What may be below a key with a secret.
SHAPES: dict[str, t.Callable[[str], t.Any]] = {
    "text": lambda secret: secret,
    "list": lambda secret: [secret, secret],
    "dict": lambda secret: {"value": secret},
    "deep": lambda secret: {"x": [{"name": secret}]},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("around", AROUND)
def test_fields_named_like_secrets_are_hidden(around: str, shape: str) -> None:
    secret = canary()
    for name in secret_names():
        value = AROUND[around]({name: SHAPES[shape](secret), "number": 5, "flag": True})
        assert secret not in repr(to_display(value)), name


@pytest.mark.parametrize("around", AROUND)
def test_other_fields_are_readable(around: str) -> None:
    for name, spell in itertools.product(HARMLESS, SPELLINGS.values()):
        for content in ("some text", ["one", "two"], {"enabled": True, "delimiters": "#"}, 250, True):
            value = AROUND[around]({spell(name): content})
            assert to_display(value) == value, spell(name)


def test_only_strings_are_secrets() -> None:
    for name in secret_names():
        for value in (5, 0.5, True, False, None, "", [], {}):
            assert redacted({name: value}) == {name: value}


@pytest.mark.parametrize("name", ["credentials", "headers", "customHeaders", "request_headers"])
def test_all_values_of_secret_containers_are_hidden(name: str) -> None:
    secret = canary()
    below: t.Any = {"provider": secret, "list": [{"x": secret}], "harmless": secret, "maxTokens": 5}
    for value in ({name: below}, {name: [below]}, {"a": [{name: {"b": below}}]}):
        displayed = json.dumps(redacted(value))
        assert secret not in displayed
        assert '"maxTokens": 5' in displayed


def test_harmless_headers_are_readable() -> None:
    for header in PLAIN_HEADERS:
        value = {"headers": {header.title(): "text/plain"}}
        assert redacted(value) == value
    pairs = {"headers": [{"key": "Accept", "value": "a/b"}, {"key": "X-Anything", "value": "s3cret-text"}]}
    assert redacted(pairs) == {"headers": [pairs["headers"][0], {"key": "X-Anything", "value": REDACTED}]}
    assert redacted({"sipHeaders": {"X-Id": "7"}}) == {"sipHeaders": {"X-Id": "7"}}


@pytest.mark.parametrize("named", ["key", "name", "header"])
def test_name_value_pairs_are_classified_by_name(named: str) -> None:
    for name in secret_names():
        secret = canary()
        assert secret not in json.dumps(redacted({"parameters": [{named: name, "value": secret}]})), name
    pair = {"parameters": [{named: "domain", "value": "health"}]}
    assert redacted(pair) == pair


def test_json_schema_is_readable_and_its_values_are_hidden() -> None:
    secret = canary()
    schema = {
        "type": "object",
        "required": ["token"],
        "properties": {
            "token": {"type": "string", "description": "What they say", "default": secret, "enum": [secret]}
        },
    }
    for key in ("headers", "parameters", "body"):
        displayed = redacted({key: schema})[key]
        assert secret not in json.dumps(displayed)
        assert displayed["type"] == "object"
        assert displayed["required"] == ["token"]
        assert {name: displayed["properties"]["token"][name] for name in ("type", "description")} == {
            "type": "string", "description": "What they say",
        }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["authorizationHeader", "x-auth-header", "Cookie_Header", "webhookSignature", "signature"]
)
def test_value_of_a_header_or_a_signature_is_hidden(name: str) -> None:
    secret = canary()
    assert secret not in json.dumps(redacted({name: f"Bearer {secret}"}))
    assert redacted({"apiKeyHeader": "X-Api-Key"}) == {"apiKeyHeader": "X-Api-Key"}


@pytest.mark.parametrize("scheme", ["https", "http", "wss", "HTTPS", "postgres+ssl"])
@pytest.mark.parametrize("host", ["example.com", "example.com:8443", "192.0.2.1"])
@pytest.mark.parametrize("path", ["", "/", "/a/b"])
def test_user_and_query_of_url_are_hidden(scheme: str, host: str, path: str) -> None:
    user, word, value, other = canary(), canary(), canary(), canary()
    for address in (
        f"{scheme}://{user}:{word}@{host}{path}?x={value}&lang={other}#y={value}",
        f"{scheme}://{user}@{host}{path}?x={value};b={other}",
        f"{scheme}://:{word}@{host}{path}",
        f"{scheme}://{user}:p@{word}@{host}{path}",
        f"{scheme}://{user}@{word}:{value}@{host}{path}",
        f"{scheme}://{host}{path}?{value}",
        f"{scheme}://{host}{path}?{value}#a",
    ):
        displayed = redacted({"a": [{"url": address}]})["a"][0]["url"]
        assert not [text for text in (user, word, value, other) if text in displayed]
        assert displayed.endswith(host + path) or f"{host}{path}?" in displayed
        parts = {part for text in (user, word, value, other) for part in (text, f"p@{text}")} | {f"{user}@{word}"}
        assert {text for _path, text in secrets_of({"url": address})} <= parts
    assert redacted({"url": f"{scheme}://{host}{path}"}) == {"url": f"{scheme}://{host}{path}"}
    # In other text, such as a prompt, only what is a secret by its form or name.
    prompt = f"See {scheme}://{host}{path}?page=2 and {scheme}://me:{word}@{host}/?apiKey={value} today"
    assert redacted(prompt) == prompt.replace(word, REDACTED).replace(value, REDACTED).replace("me:", f"{REDACTED}:")


values = st.recursive(
    st.none() | st.integers() | st.booleans() | st.text(max_size=12) | st.just("https://a:b@example.com/?c=d"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["token", "headers", "key", "name", "value", "type", "url", "credentials", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(values)
def test_returned_hidden_values_as_input_change_nothing(value: t.Any) -> None:
    """Also twice: what is hidden already stays as it is."""
    displayed = redacted(value)
    assert redacted(displayed) == displayed
    if isinstance(value, dict):
        assert to_display(overlay(value, displayed)) == to_display(overlay(value, value))
        for _path, text in secrets_of(overlay(value, displayed)):
            assert text in {secret for _place, secret in secrets_of(value)}


def test_hidden_value_of_another_provider_is_reported() -> None:
    current = {"provider": "one", "apiKey": canary()}
    merged = overlay({"voice": current}, {"voice": {"provider": "two", "apiKey": REDACTED}})
    assert hidden_places(merged) == ["voice.apiKey"]


MASKS = [
    "hidden", "HIDDEN", "<hidden>", "[hidden]", "redacted", "$REDACTED$", "[REDACTED]", "<redacted>", "***REDACTED***",
    "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "(not readable)", "(written, not shown)", "[masked]",
]  # fmt: skip


@given(st.sampled_from(MASKS) | st.builds(lambda sign, many: sign * many, st.sampled_from("*•●∙·"), st.integers(1, 64)))
def test_masks_are_recognised(mask: str) -> None:
    for text in (mask, f" {mask}\n", f"Bearer {mask}", f"basic {mask}"):
        assert is_mask(text), text
    assert not is_mask(f"{mask}x7Kq{mask}")
    assert not is_mask(f"a prompt with {mask} in it")


def test_ordinary_field_names_are_no_secrets() -> None:
    for name in ("", "7", "-", "secretary", "monkey", "turkey", "tokenizer", "passenger", "keynote", "compass"):
        assert not is_secret_name(name), name
