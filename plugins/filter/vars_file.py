# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that writes variables as a file for people: what is meant for Vapi's templates stays out of Ansible's."""

from __future__ import annotations

import re
import typing as t

import yaml
from ansible.errors import AnsibleFilterError

#: What Ansible would take for a template of its own.
TEMPLATE = re.compile(r"\{\{|\{%|\{#")
#: Line breaks other than the usual one, which only a text in double quotes keeps.
BREAKS = re.compile("[\r\x85\u2028\u2029]")
WIDTH = 120


class _Dumper(yaml.SafeDumper):
    """Lists are indented under their key, and an object that is used twice is written twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> t.Any:  # noqa: ARG002 - PyYAML's signature
        return super().increase_indent(flow, False)

    def ignore_aliases(self, _data: t.Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if BREAKS.search(text) else "|" if "\n" in text.strip("\n") else None
    if TEMPLATE.search(text):
        return dumper.represent_scalar("!unsafe", text, style=style or '"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _plain(value: t.Any) -> t.Any:
    """Data of Python's own types. Ansible's are subclasses of them, some of which survive ``str()``."""
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
    raise AnsibleFilterError(f"vars_file: takes data of dicts, lists, texts and numbers, not {type(value).__name__}.")


def vars_file(variables: t.Any) -> str:
    """The text of a YAML file that holds the variables."""
    if not isinstance(variables, dict):
        raise AnsibleFilterError("vars_file: takes a dict of variables.")
    return yaml.dump(_plain(variables), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


class FilterModule:
    """The filter, by its name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"vars_file": vars_file}
