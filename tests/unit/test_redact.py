# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are taken out of texts and results in every form in which they turn up."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import itertools
import json
import re
import time
import tracemalloc
import typing as t
import urllib.parse
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.redact import MASK, PIECE, Redactor
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.sip_host import LABEL_IN_TEXT
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
def test_encoded_secret_is_redacted(secret: str, form: str) -> None:
    scrubber = Redactor([secret], label_pattern=LABEL_IN_TEXT)
    result = FORMS[form](secret)
    for clean in (scrubber.text(f"It said <{result}> today."), scrubber.value({"a": [f"<{result}>"]})["a"][0]):
        left = clean.replace(MASK, "\0")
        assert MASK in clean
        # Of an encoding, the characters that it shares with its neighbours may stay, fewer than four at each end.
        core = result[4:-4] if "base64" in form else result
        assert not (pieces(core) & pieces(left)) or form == "a URI", left
        assert secret not in clean


@pytest.mark.parametrize("secret", SECRETS, ids=["uuid", "plain", "marks", "umlauts"])
def test_parts_of_secrets_are_redacted_in_texts(secret: str) -> None:
    scrubber = Redactor([secret], label_pattern=LABEL_IN_TEXT)
    for at in range(len(secret) - PIECE + 1):
        for end in (at + PIECE, at + PIECE + 3, len(secret)):
            for form in (str, str.lower, str.upper):
                clean = scrubber.text(f"cut off: {form(secret[at:end])}")
                assert not pieces(form(secret)) & pieces(clean), clean


def percent(text: str, lower: bool, every: bool) -> str:
    """Percent encoding with digits in one case, of what needs it or of every byte."""
    coded = "".join(f"%{byte:02X}" for byte in text.encode()) if every else urllib.parse.quote(text, safe="")
    return re.sub("%..", lambda match: match[0].lower(), coded) if lower else coded


BINARY: dict[str, t.Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64, for URLs": base64.urlsafe_b64encode,
    "base32": base64.b32encode,
    "hexadecimal": binascii.hexlify,
}
#: One layer of encoding each; they are combined below.
LAYERS: dict[str, t.Callable[[str], str]] = {
    "percent": lambda text: percent(text, lower=False, every=False),
    "percent, lower case": lambda text: percent(text, lower=True, every=False),
    "percent, every byte": lambda text: percent(text, lower=False, every=True),
    "percent, every byte, lower case": lambda text: percent(text, lower=True, every=True),
    "form": urllib.parse.quote_plus,
    "html": html.escape,
    "html, decimal": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "html, hexadecimal": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "json": lambda text: json.dumps(text)[1:-1],
    "json, every character": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "json, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "python": lambda text: ascii(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64, for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper case": lambda text: text.encode().hex().upper(),
    "html, decimal, no semicolon": lambda text: "".join(f"&#{ord(char)}" for char in text),
    "html, hexadecimal, no semicolon": lambda text: "".join(f"&#x{ord(char):02x}" for char in text),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "octal with a zero": lambda text: "".join(f"\\0{byte:03o}" for byte in text.encode()),
    "c, every byte": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "base32": lambda text: base64.b32encode(text.encode()).decode().rstrip("="),
    "base32, lower case": lambda text: base64.b32encode(text.encode()).decode().rstrip("=").lower(),
    **{
        f"hexadecimal pairs, {mark!r}": lambda text, mark=mark: mark.join(f"{byte:02x}" for byte in text.encode())
        for mark in (":", " ", "-", ", ")
    },
    "hexadecimal, 0x": lambda text: ", ".join(f"0x{byte:02X}" for byte in text.encode()),
    "hexadecimal words": lambda text: text.encode().hex(" ", 2),
    **{
        f"{code}, {form}": lambda text, code=code, encode=encode: encode(text.encode(code)).decode().rstrip("=")
        for code in ("utf-16-le", "utf-16-be")
        for form, encode in BINARY.items()
    },
    "upper": str.upper,
    "lower": str.lower,
    "itself": str,
}


#: Another case makes another text of some of them.
PAIRS = [
    (inner, outer)
    for inner, outer in itertools.product(LAYERS, repeat=2)
    if not (re.search("base64|json|python", inner) and outer in ("upper", "lower"))
]


@pytest.mark.exhaustive(11)
@pytest.mark.parametrize(("inner", "outer"), PAIRS)
def test_twice_encoded_secret_is_redacted(inner: str, outer: str) -> None:
    """The whole secret, in texts and in results, whatever two layers are over it."""
    for secret in SECRETS:
        result = LAYERS[outer](LAYERS[inner](secret))
        scrubber = Redactor([secret], label_pattern=LABEL_IN_TEXT)
        for clean in (scrubber.text(f"(see <{result}>, today)"), scrubber.value({"a": [f"<{result}> x"]})["a"][0]):
            assert MASK in clean, (secret, result)
            assert not pieces(result[4:-4]) & pieces(clean.replace(MASK, "\0")), (result, clean)


@pytest.mark.parametrize("layer", LAYERS)
def test_encoded_parts_of_secrets_are_redacted(layer: str) -> None:
    for secret in SECRETS:
        scrubber = Redactor([secret], label_pattern=LABEL_IN_TEXT)
        for at in range(len(secret) - PIECE + 1):
            result = LAYERS[layer](secret[at : at + PIECE])
            clean = scrubber.text(f"cut off: <{result}>")
            assert MASK in clean, result
            assert len(clean) <= len("cut off: <>") + len(MASK) + 4, clean


@given(st.text(min_size=PIECE, max_size=40), st.lists(st.sampled_from(sorted(LAYERS)), max_size=2))
def test_generated_encoded_secret_is_redacted(secret: str, layers: list[str]) -> None:
    result = secret
    with contextlib.suppress(UnicodeEncodeError):
        for name in layers:
            # UTF-16 is covered for characters below U+0100.
            wide = "utf-16" in name and (max(result) > "\xff" or "\0" in result)
            if name not in ("upper", "lower") and not wide:
                result = LAYERS[name](result)
        clean = Redactor([secret], label_pattern=LABEL_IN_TEXT).text(f"[{result}]")
        assert result not in clean or result in MASK


@pytest.mark.nightly
def test_memory_is_proportional_to_the_secrets() -> None:
    """A megabyte of header tokens; an index of all their pieces took 435 MB."""
    tokens = {uuid.uuid4().hex + uuid.uuid4().hex[:8] for _number in range(25_000)}
    sample = sorted(tokens)[7]
    tracemalloc.start()
    scrubber = Redactor([canary()], tokens, label_pattern=LABEL_IN_TEXT)
    clean = scrubber.text(f"it sent {sample[3:20]} back. " + "Nothing else to see. " * 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert clean.startswith(f"it sent {MASK} back. Nothing")
    assert peak < 20_000_000


@pytest.mark.slow
def test_long_text_is_redacted_with_little_memory_and_time() -> None:
    secret = canary()
    for unit in ("aGVsbG8gd29ybGQh", "0123456789abcdef", "%41", "&#65;", "word ", "\\u0041", "-"):
        text = unit * (20_000 // len(unit))
        tracemalloc.start()
        begun = time.process_time()
        clean = Redactor([secret], label_pattern=LABEL_IN_TEXT).text(text + secret)
        assert clean.endswith(MASK)
        assert time.process_time() - begun < 60
        assert tracemalloc.get_traced_memory()[1] < 15_000_000, unit
        tracemalloc.stop()


def test_harmless_texts_are_unchanged() -> None:
    scrubber = Redactor([str(uuid.uuid4()), canary(), "", "x1y2"], label_pattern=LABEL_IN_TEXT)
    for text in ("", "a", "Option password: must be given.", "31201234567", "e" * 100, "********", "ünïcödé"):
        assert scrubber.text(text) == text
        assert scrubber.value(text) == text
    result = {"a": [1, 2.5, None, True, {"b": "c"}], "1": "d"}
    assert scrubber.value(result) == result


def test_secrets_in_keys_of_results_are_redacted() -> None:
    secret = canary()
    assert secret not in json.dumps(Redactor([secret], label_pattern=LABEL_IN_TEXT).value({f"x{secret}": {secret: 1}}))


@pytest.mark.parametrize("secret", ["1", "12345", "udp", "1234567", "!", "a-b"])
def test_short_secrets_leave_ids_unchanged(secret: str) -> None:
    """They are refused as input. Until then a text shows them in no word of their own, and ids stay whole."""
    scrubber = Redactor([secret], label_pattern=LABEL_IN_TEXT)
    assert secret not in scrubber.text(f"say {secret} now")
    for word in (f"x{secret}x", f"9{secret}9", base64.b64encode(secret.encode()).decode()):
        assert scrubber.text(word) == word or not secret.isalnum()
        assert scrubber.value({"id": word, "name": secret}) == {"id": word, "name": secret}


@given(st.sampled_from(["type", "vault", "unsafe", "x"]), st.lists(st.sampled_from(["list", "key"]), max_size=4))
def test_service_keys_are_not_interpreted_by_ansible(word: str, nesting: list[str]) -> None:
    value: t.Any = {f"__ansible_{word}": "TrustedAsTemplate", "name": "x"}
    for kind in nesting:
        value = [value] if kind == "list" else {"metadata": value}
    displayed = json.dumps(Redactor([canary()], label_pattern=LABEL_IN_TEXT).value(value))
    assert '"__ansible_' not in displayed
    assert f'"ansible_{word}": "TrustedAsTemplate"' in displayed


@given(st.uuids(), st.integers(0, 27), st.integers(PIECE, 36))
def test_part_of_an_id_is_no_secret(key: uuid.UUID, first: int, size: int) -> None:
    """A whole id may be a key."""
    secret = str(key)[first : first + size]
    scrubber = Redactor([secret], label_pattern=LABEL_IN_TEXT)
    result = {"id": str(key), "tools": [str(key).upper()]}
    if len(secret) == 36:
        assert scrubber.value(result) == {"id": MASK, "tools": [MASK]}
    else:
        assert scrubber.value(result) == result
        assert scrubber.value(f"x{key}") != f"x{key}"


def test_unserializable_values_are_replaced() -> None:
    clean = Redactor([], label_pattern=LABEL_IN_TEXT).value({"a\ud800": ["b\udfff"]})
    json.dumps(clean, ensure_ascii=False).encode()


@given(st.text(min_size=PIECE, max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_generated_secret_is_redacted(secret: str, before: str, after: str) -> None:
    clean = Redactor([secret], label_pattern=LABEL_IN_TEXT).text(before + secret + after)
    assert secret not in clean or secret in MASK * 9 or secret in before + after


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_result_without_secrets_is_unchanged(value: t.Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert Redactor([canary()], label_pattern=LABEL_IN_TEXT).value(value) == value
