# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables written as a file are read back by Ansible as they are: no text becomes a key, a template or a comment."""

from __future__ import annotations

import itertools
import sys
import typing as t
import unicodedata
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.filter.vars_file import _comment, vars_file
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _reading
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError
from ansible_collections.voiceops.vapi_didlogic.tests.unit.test_foreign_text import BIDI

#: What ends a line somewhere, what YAML, Jinja and a terminal give a meaning to, and what a hostile name is made of.
PIECES = [
    "\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\ufeff", "\x00", "\x7f", "\t", " ", "  ",
    *"-?:,[]{}#&*!|>'\"%@`=~<\\", "- ", "? ", ": ", " #", "# ", "---", "...", "---\n", "\n...\n", "|-\n", ">+\n", "<<",
    "!unsafe ", "!vault ", "!!python/object/apply:os.system ", "%YAML 1.1\n", "&a ", "*a", "<<: ",
    "{{", "}}", "{%", "%}", "{#", "#}", "{", "}", "{{ 7*7 }}", "{% raw %}", "#jinja2: ", "{{ lookup('pipe', 'id') }}",
    "\x1b[31m", "\x1b]0;x\x07", "\x08", "\u202e", "\u200b", "\xa0", "\u3000", "\U0001f600", "\U0010ffff", "\ufffe",
    "a", "0", "01234", "0o7", "1e3", ".inf", ".nan", "1:30", "2026-01-31", "yes", "No", "on", "null", "true", "0x1F",
    "vapi_didlogic_state: absent", "\u2028vapi_didlogic_state: absent #", "$ANSIBLE_VAULT;1.1;AES256\n",
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=7).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.text(st.characters(categories=("Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn", "Mn")), max_size=10),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.none(), st.integers(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)
NAMES = st.from_regex(r"\Avapi_didlogic_[a-z_]{1,10}\Z")


def plain(value: t.Any) -> t.Any:
    """Python's own types only, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    kind = next(kind for kind in (bool, int, float, str, type(None)) if isinstance(value, kind))
    return kind.__name__, value if value is None else kind.__str__(value) if kind is str else kind(value)


def check(variables: dict[str, t.Any], comment: str, folder: Path) -> None:
    """A file is refused, or Ansible reads from it what was to be written, before and after templates are filled in."""
    if any("\ud800" <= char <= "\udfff" for char in repr(variables).encode().decode("unicode_escape")):
        # What no UTF-8 file can hold.
        with pytest.raises(AnsibleFilterError, match="cannot be written"):
            vars_file(variables, comment)
        return
    text = vars_file(variables, comment)
    path = folder / "variables.yml"
    path.write_bytes(f"---\n{text}".encode())
    found = _reading.from_file(str(path))
    assert plain(found) == plain(variables)
    assert plain(Templar(DataLoader(), variables={}).template(found)) == plain(variables)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("variables")


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_vars_file_round_trip(folder: Path, data: st.DataObject) -> None:
    variables = data.draw(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
    check(variables, data.draw(TEXTS), folder)


@pytest.mark.exhaustive(9)
@pytest.mark.parametrize("first", PIECES)
def test_vars_file_round_trip_of_special_texts(folder: Path, first: str) -> None:
    texts = [first + second for second in PIECES] + [f"NL{first}{second}x" for second in PIECES]
    check({"vapi_didlogic_trunk": {"names": texts}, "keys": dict.fromkeys(texts, 1)}, "", folder)
    check({"vapi_didlogic_trunk": {"name": "NL"}}, "\n".join(texts), folder)
    for text in texts:
        head, end = _comment(text).rsplit("\n", 1)
        assert (end, all(line.startswith("#") and line.isprintable() for line in head.split("\n"))) == ("", True)


@pytest.mark.parametrize("char", [chr(code) for code in (*range(0x100), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0x10FFFF)])
def test_comment_is_not_ended_by_any_character(char: str) -> None:
    text = vars_file({"a": 1}, f"NL{char}vapi_didlogic_state: absent #{char}")
    head, _gap, body = text.rpartition("\n\n")
    assert body == "a: 1\n"
    assert all(line.startswith("#") for line in head.split("\n"))
    assert all(line.isprintable() for line in head.split("\n"))


#: Characters that are invisible or change the order of others, by the properties of Unicode.
HIDING = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") or unicodedata.bidirectional(char) in BIDI
]


@pytest.mark.parametrize("at", range(8))
def test_characters_that_hide_text_are_escaped(at: int, folder: Path) -> None:
    """As text, as a part of a prompt of several lines, of a template, and of a key."""
    assert len(HIDING) > 200
    for char in HIDING[at::8]:
        texts = [
            f"a{char}b",
            char,
            f"One.\nTwo{char}.\n",
            f"{{{{ x }}}}{char}",
            f"back\\{char}slash",
            f"long {char}" * 40,
        ]
        variables = {"vapi_didlogic_trunk": {"names": texts, "keys": dict.fromkeys(texts[:5], 1)}}
        check(variables, f"NL{char}x", folder)
        text = vars_file(variables, f"NL{char}x")
        assert char == "\n" or char not in text, hex(ord(char))


@pytest.mark.parametrize(
    "text",
    [
        "\xdcn\xefc\xf6d\xe9",
        "\u65e5\u672c\u8a9e",
        "\u05e9\u05dc\u05d5\u05dd",
        "\u0627\u0644",
        "\u0928\u092e\u0938",
        "\U0001f600",
    ],
)
def test_ordinary_letters_are_readable(text: str) -> None:
    assert text in vars_file({"name": text, "prompt": f"One.\n{text}\n"})
    if text < "\uffff":
        assert text in vars_file({"name": f"{text}\u202e {{{{x}}}}"})


def test_prompt_is_written_as_block_scalar() -> None:
    """Prose is written as a block, Vapi's variables with the tag that keeps Ansible away from them."""
    text = vars_file(
        {"prompt": "Good day.\n\nYou answer for {{ company }}.\n", "first": "Caf\xe9 {{now}}"}, "One.\n\n  two"
    )
    assert text == (
        "# One.\n#\n#   two\n\n"
        'prompt: !unsafe |\n  Good day.\n\n  You answer for {{ company }}.\nfirst: !unsafe "Caf\xe9 {{now}}"\n'
    )


@pytest.mark.parametrize("variables", [None, [], "x", 1])
def test_vars_file_rejects_other_types_than_dict(variables: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="must be a dict of variables"):
        vars_file(variables)


WRONG: list[tuple[t.Any, t.Any, str]] = [
    ({"a": "1"}, {"a": 1}, "a"), ({"a": 1}, {"a": True}, "a"), ({"a": True}, {"a": 1}, "a"),
    ({"a": 1}, {"a": "1"}, "a"),
    ({"a": [1]}, {"a": [1, 2]}, "a"), ({"a": {"b": [0, "x"]}}, {"a": {"b": [0, "y"]}}, "a.b[1]"),
    ({"a": 1}, {"a": 1, "vapi_didlogic_state": "absent"}, "the variables"), ({"a": 1}, None, "the variables"),
    ({"a": None}, {"a": ""}, "a"), ({"a": {}}, {"a": None}, "a"), ({"a": []}, {"a": {}}, "a"),
]  # fmt: skip


@pytest.mark.parametrize(("desired", "found", "place"), WRONG)
def test_difference_is_reported_with_its_path(desired: t.Any, found: t.Any, place: str) -> None:
    assert _reading.difference(desired, found) == place
    assert _reading.difference(desired, desired) is None


@pytest.mark.parametrize(
    "text", ["".join(pair) for pair in itertools.product(("{{", "{%", "{#", "#jinja2:x\n{{"), ("", " x }}"))]
)
def test_text_that_becomes_a_template_is_a_difference(tmp_path: Path, text: str) -> None:
    """Equal, but Ansible would fill it in."""
    path = tmp_path / "variables.yml"
    path.write_text(f"---\na: {text!r}\n".replace("'", '"'))
    assert _reading.difference({"a": text}, _reading.from_file(str(path))) == "a"
