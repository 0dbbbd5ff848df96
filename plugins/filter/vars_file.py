# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that converts variables to a readable YAML file and protects Vapi's templates from Ansible.

The text is parsed as Ansible parses a variables file, and the result must be equal to the variables.
"""

from __future__ import annotations

import textwrap
import typing as t

import yaml

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import printable
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils import _reading
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._errors import AnsibleFilterError

WIDTH = 120


class _Dumper(yaml.SafeDumper):
    """Indents lists under their key, and writes no aliases for repeated objects."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> t.Any:  # noqa: ARG002 - PyYAML's signature
        return super().increase_indent(flow, False)

    def ignore_aliases(self, _data: object) -> bool:
        return True


class _Escaping(_Dumper):
    """Writes every string in double quotes, on one line."""


def _is_readable(text: str) -> bool:
    """Whether a text is shown as it is: without characters that are invisible or change the order of others."""
    return text.isprintable() and printable(text) == text


def _escaped(text: str) -> str:
    """The YAML text with escapes. Only texts in double quotes have characters that need them."""
    if all(map(_is_readable, text.split("\n"))):
        return text
    return "".join(char if char == "\n" or _is_readable(char) else _escape(ord(char)) for char in text)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    lines = text.split("\n")
    # Only double quotes preserve line breaks other than a line feed, and allow escapes. Block scalars are for prose.
    plain = all(map(_is_readable, lines))
    block = plain and len(lines) > 1 and text.strip("\n") and not text[0].isspace()
    style = '"' if not plain or isinstance(dumper, _Escaping) else "|" if block else None
    if _reading.TEMPLATE.search(text):
        return dumper.represent_scalar("!unsafe", text, style=style or '"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Escaping.add_representer(str, _text)


def _plain(value: object) -> t.Any:
    """Convert data to built-in types. Ansible's types are subclasses, some of which ``str()`` does not convert."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    raise AnsibleFilterError(
        f"vars_file: the values must be dicts, lists, strings or numbers, not {type(value).__name__}."
    )


def _comment(text: str) -> str:
    """Return the lines of a comment that its text cannot end."""
    found = []
    for line in text.split("\n"):
        clean = "".join(char if _is_readable(char) else " " for char in line)
        indent = clean[: len(clean) - len(clean.lstrip())]
        # Indented lines are examples and are not wrapped.
        wrapped = [clean.rstrip()] if indent else textwrap.wrap(clean, WIDTH - 2, break_long_words=False)
        found += [f"# {part}".rstrip() for part in wrapped or [""]]
    return "".join(f"{line}\n" for line in found)


def vars_file(variables: object, comment: str = "") -> str:
    """Return the text of a YAML file with the variables.

    :param variables: a dict of dicts, lists, texts, numbers, truth values and ``None``.
    :param comment: the head of the file, one paragraph per line; non-printable characters become spaces.
    :raises AnsibleFilterError: if a value would differ after Ansible parses it.
    """
    if not isinstance(variables, dict):
        raise AnsibleFilterError("vars_file: the input must be a dict of variables.")
    plain = _plain(variables)
    head = _comment(_plain(str(comment))) + "\n" if comment else ""
    place: str | None = "the variables"
    for dumper, unicode in ((_Dumper, True), (_Escaping, False)):
        body = yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=unicode, width=WIDTH)
        text = head + _escaped(body)
        try:
            place = _reading.difference(plain, _reading.from_text("---\n" + text))
        except ValueError:
            place = "the variables"
        if place is None:
            return text
    raise AnsibleFilterError(f"vars_file: {place} cannot be written so that Ansible reads it back as it is.")


class FilterModule:
    """The filter, by name."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"vars_file": vars_file}
