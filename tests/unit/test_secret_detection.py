# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in free-form options are found by the words of their keys and by their place; harmless keys stay readable."""

from __future__ import annotations

import base64
import itertools
import json
import re
import string
import time
import typing as t
from urllib.parse import unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.masks import MASK_SIGNS, MASK_WORDS, is_mask
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import (
    hidden_places,
    overlay,
    to_display,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import check_secret
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_detection import (
    PLAIN_HEADERS,
    redacted,
    secrets_of,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.secret_names import is_secret_name
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.shape import Description, FreeForm, parse
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


#: Where a secret (S) may be in a text; all but the last characters of the text around it stay readable.
TEXTS = [
    "sip:u:S@host", "sips:31:S@host.com;transport=tls", "<sip:u:S@host>", "turn:u:S@host:3478", "u:S@192.0.2.1:3128",
    "//u:S@h", "//u:S@h/x?a=b", "https:\\/\\/u:S@h\\/x", "https%3A%2F%2Fu%3AS%40h%2Fx", "redis://:S@h:6379/0",
    "jdbc:postgresql://h/db?user=u&password=S", "postgresql://u:S@h1,h2/db", "https://u:S@[2001:db8::1]/x",
    "https://u:pa/S@host/x", "https://u:S/pa@host", "https://u:12/S@host.com", "https://u:pa?S@host", "https://u:#S@h",
    "https://first.last:12/S@host.com", "https://S/x@host.com/y", "amqp://u:S%40@h/x",
    "{{base}}/x?token=S", "{{ base }}/x?a=S", "{{base}}/x?S", "${BASE}/x?token=S", "https://{{ user }}:S@host/x",
    "https://u:S@{{ host }}/x", "/hook?apikey=S", "/hook?x=S", "/hook?S", "../hook?x=S", "hook.php?x=S", "//h/x?S",
    "https://x.com/cb#access_token=S", "wss://x/y;token=S", "sip:31@host;password=S", "sip:31@host?Authorization=S",
    "https://h/p?x=1&amp;token=S", "https://h/?redirect=%2Fa%3Ftoken%3DS",
]  # fmt: skip
#: The same within other text.
NAMED = [
    "sharedAccessSignature=S", "SharedAccessSignature sr=x&sig=S&se=1", "Endpoint=x/;SharedAccessKey=S", "sig=S",
    "AccountName=x;AccountKey=S;EndpointSuffix=y", "Server=x;User Id=u;Password=S;", 'Server=x;Pwd="S; x";',
    "password = S", "user=x,password=S,host=y", "client_secret=S&grant_type=x", "export API_TOKEN='S'", "_auth=S",
    '{"apiKey": "S"}', '{\\"apiKey\\":\\"S\\"}', "{'token': 'S'}", '"password" : "S"', "apikey:S", "token: S,",
    "X-Api-Key: S", "Authorization: Bearer S", "authorization: Basic S", 'curl -H "X-Api-Key: S" x', "Bearer S",
    "curl -u me:S x", "curl --user me:S x", "tool --token S x", "tool --password=S", "<password>S</password>",
    "-----BEGIN PRIVATE KEY-----\nS\n-----END PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\nS",
    "a sip:u:S@host.com b", "a //u:S@h/x b", "a https://u:pa/S@host/x b", "a /x?key=S b", "a {{base}}/x?token=S b",
    "a https://h/?redirect=%2Fa%3Ftoken%3DS b", "a https://h/cb#access_token=S b",
]  # fmt: skip
READABLE = [
    "https://example.com/@user", "https://example.com:8443/@user", "https://example.com/@52.3,4.9,15z",
    "git@x.com:a/b", "Email:me@example.com", "mailto:me@example.com",
    "sip:31201234567@sip.example.com:5060;transport=tcp;user=phone",
    "Password: ask the caller for it.", "PIN: four digits.", 'Say "password: {{password}}"',
    "{{base}}/x?token={{token}}",
    "token={{ token }}", "tokens: 250", "maxTokens=250", "Is it so? If yes, a == b.",
    "See https://a.b/faq?page=2, a@b.c",
    "Boekhouding: info@x.nl of 09:00-17:00@kantoor", "Bearer of good news 2026", '"token": "string"',
    "http://app:80/@x",
]  # fmt: skip


@pytest.mark.parametrize("form", [*TEXTS, *NAMED])
def test_secret_in_a_text_is_hidden(form: str) -> None:
    for secret in (canary(), f"p+{canary()}!", f"{canary()}=="):
        text = secret.join(re.split(r"(?<![A-Za-z])S(?![A-Za-z])|(?<=3A|3D)S(?![A-Za-z])", form))
        assert secret in text
        for around in ("{}", " {}", "{}\n") if form in TEXTS else ("{}", "First. {} Then.", "({})\n"):
            displayed = redacted({"a": [{"note": around.format(text)}]})["a"][0]["note"]
            assert secret[:-2] not in displayed
            assert REDACTED in displayed
            assert redacted(displayed) == displayed
            assert any(secret[:-2] in found for _path, found in secrets_of({"note": around.format(text)}))


@pytest.mark.parametrize("text", READABLE)
def test_text_without_secrets_is_readable(text: str) -> None:
    for around in (text, f"First. {text} Then.", f"{text}\n"):
        assert redacted({"note": around}) == {"note": around}


@given(st.lists(st.sampled_from([*TEXTS, *NAMED, *READABLE, "//", "@", ":", "=", "/", " ", "{{", "token"]), max_size=4))
def test_hiding_twice_changes_nothing(parts: list[str]) -> None:
    displayed = redacted({"note": "".join(parts)})
    assert redacted(displayed) == displayed


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["//", "//a/@", "a:b:", "sip:u:", "token=", "token: ", "token:'", "a=b&", '"token":"', "--token ",
             "<token>", "%2F%2F", "-----BEGIN PRIVATE KEY-----", "Bearer 1", "{{", "{{a}}", "-u a:", "\\\"", " "]
)  # fmt: skip
def test_time_is_linear_in_the_text(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    begun = time.process_time()
    redacted({"note": text})
    assert time.process_time() - begun < 20


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
    form = FreeForm(Description("V: voice=A | B\nA: provider=text(one)\nB: provider=text(two)"), parse("V"))
    merged = overlay({"voice": current}, {"voice": {"provider": "two", "apiKey": REDACTED}}, form)
    assert hidden_places(merged) == ["voice.apiKey"]


MASKS = [
    "hidden", "HIDDEN", "<hidden>", "[hidden]", "redacted", "$REDACTED$", "[REDACTED]", "<redacted>", "***REDACTED***",
    "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "(not readable)", "(written, not shown)", "[masked]", "(hidden)",
    "__REDACTED__",
    "[REDACTED:password]", "[REDACTED: API key, 16 characters]", "**REDACTED**", "REDACTED_PASSWORD", "[Filtered]",
    "(sensitive value)", "<redacted by proxy 12>", "--redacted--", "xxxxx", "XXXX-XXXX", "########", "&lt;hidden&gt;",
    "%3Chidden%3E", "****-****", "\u2022\u2022\u2022\u2022-\u2022\u2022\u2022\u2022", "password: ****", "\\*\\*\\*\\*",
]  # fmt: skip
TEMPLATES = [
    "{{ password }}", "{{password}}", "{{ lookup('env', 'PASSWORD') }}", "{% if x %}y{% endif %}", "${PASSWORD}",
    "<%= password %>", "$(pass show sip)", "x{{ password }}y", "{{ a }}{{ b }}",
]  # fmt: skip
AROUND_MASKS: dict[str, t.Callable[[str], str]] = {
    "itself": str,
    "space": lambda mask: f" {mask}\n",
    "double quotes": lambda mask: f'"{mask}"',
    "single quotes": lambda mask: f"'{mask}'",
    "typographic quotes": lambda mask: f"\u201c{mask}\u201d",
    "code": lambda mask: f"`{mask}`",
    "scheme": lambda mask: f"Bearer {mask}",
    "basic": lambda mask: f"basic {mask}",
    "zero width": "\u200b".join,
    "byte order mark": lambda mask: f"\ufeff{mask}",
    "soft hyphens": lambda mask: f"\u00ad{mask}\u2060",
}
SIGN_ROWS = st.builds(lambda sign, many: sign * many, st.sampled_from(sorted(MASK_SIGNS)), st.integers(1, 64))


@given(
    st.sampled_from(MASKS) | SIGN_ROWS,
    st.lists(st.sampled_from([*AROUND_MASKS.values()]), min_size=1, max_size=3),
)
def test_masks_are_recognised(mask: str, around: list[t.Callable[[str], str]]) -> None:
    text = mask
    for put in around:
        text = put(text)
    assert is_mask(text), text
    assert not is_mask(f"{mask}x7Kq{mask}")
    assert not is_mask(f"a prompt with {mask} in it")
    with pytest.raises(ValueError, match="mask"):
        check_secret(text)


@given(st.sampled_from(TEMPLATES), st.sampled_from([*AROUND_MASKS.values()]))
def test_templates_are_recognised(template: str, around: t.Callable[[str], str]) -> None:
    assume(around is not AROUND_MASKS["zero width"] or "{{" in template)
    with pytest.raises(ValueError, match="template"):
        check_secret(around(template))


#: The rule of false positives: a secret with two different letters or digits is refused only as a mask word or a
#: template. What may form either is left out.
REAL = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=64),
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=8, max_size=40),
    st.text(string.ascii_letters + string.digits, min_size=8, max_size=40),
    st.uuids().map(str),
    st.binary(min_size=8, max_size=32).map(lambda raw: base64.b64encode(raw).decode()),
)


@given(REAL)
@settings(max_examples=500)
def test_generated_secrets_are_accepted(secret: str) -> None:
    assume(len({char.lower() for char in secret if char.isalnum()}) > 1)
    assume(not any(word in re.sub(r"[\W_]", "", unquote(secret)).lower() for word in MASK_WORDS))
    assume(not re.search(r"\{\{|\{%|\$\{|\$\(|<%", secret))
    check_secret(secret)


@pytest.mark.parametrize(
    "secret", ["hidden-valley-9923", "Xx7#redacted9", "****1234abcd", "x" * 7 + "y", "{{x", "$ecret{1}"]
)
def test_secret_that_resembles_a_mask_is_accepted(secret: str) -> None:
    check_secret(secret.ljust(8, "7"))


def test_ordinary_field_names_are_no_secrets() -> None:
    for name in ("", "7", "-", "secretary", "monkey", "turkey", "tokenizer", "passenger", "keynote", "compass"):
        assert not is_secret_name(name), name
