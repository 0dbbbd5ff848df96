# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of this collection, and detection of misspelt ones.

Ansible ignores a misspelt variable. The existing variables are read from their documentation: the argument
specifications of the roles, and the comments at the start of the playbooks and rulebooks.
"""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import typing as t

import yaml

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params, as_object
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.validators import nearest, unknown
from ansible_collections.voiceops.vapi_didlogic.plugins.plugin_utils._options import SWITCH

PREFIX = "vapi_didlogic_"
ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = "voiceops.vapi_didlogic"

#: The loader in C needs a tenth of the time of the other one, but is not always available.
LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


#: An option's name -> the relevant part of its specification: its suboptions, under ``options``.
class Variable(t.TypedDict, total=False):
    """The specification of a variable or an option."""

    options: dict[str, Variable]
    description: list[str]
    module: str
    option: str


Spec = dict[str, Variable]

#: Evaluates a template.
Fill = t.Callable[[object], object]

#: A comment line that documents a variable; one that contains a module's options names the module.
_DOCUMENTED = re.compile(r"#\s+(vapi_didlogic_\w+):?\s{2,}(?:the options of (\w+))?")
#: In the description of a role's variable: it accepts the same values as an option of a module.
_SAME = re.compile(r"O\(voiceops\.vapi_didlogic\.(\w+)#module:(\w+)\)")
#: A fact that a role sets, in its documentation.
_FACT = re.compile(r"\bC\((vapi_didlogic_\w+)\)")


@functools.cache
def known() -> Spec:
    """The variables of the roles, playbooks and rulebooks of this collection.

    :return: by name; ``module`` in a specification is the module whose options the variable contains, together with
        ``option`` the module's option that it corresponds to.
    """
    found: Spec = {SWITCH: {}}
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        text = path.read_text(encoding="utf-8")
        found |= {name: {} for name in _FACT.findall(text)}
        for entry in _read(text)["argument_specs"].values():
            options = entry.get("options") or {}
            found |= {name: _like(option) for name, option in options.items() if name.startswith(PREFIX)}
    for path in sorted([*ROOT.glob("playbooks/*.yml"), *ROOT.glob("extensions/eda/rulebooks/*.yml")]):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith(("#", "---")):
                break
            if documented := _DOCUMENTED.match(line):
                found.setdefault(documented[1], {"module": documented[2]} if documented[2] else {})
    return found


def _like(option: Variable) -> Variable:
    """A role's option, with the module's option that its description refers to."""
    same = _SAME.search(" ".join(option.get("description") or []))
    return {**option, "module": same[1], "option": same[2]} if same and not option.get("options") else option


def options_in(spec: Variable) -> Spec:
    """The suboptions of a variable or an option.

    :param spec: its specification. :return: the suboptions; none if it accepts any value.
    """
    if not spec.get("module"):
        return spec.get("options") or {}
    options = options_of(spec["module"])
    return options[spec["option"]]["options"] if spec.get("option") else options


def unknown_variables(variables: Params, fill: Fill | None = None) -> list[str]:
    """Find names that look like a variable of this collection, or an option in one, but do not exist.

    :param variables: the defined variables as written. :param fill: evaluates a template.
    :return: a sentence for each, with the most similar existing name; it contains no value.
    """
    there = known()
    found = []
    for name in sorted(name for name in variables if str(name).startswith(PREFIX)):
        if name in there:
            found += _inside(name, variables[name], there[name], fill or _unchanged)
            continue
        short = {other.removeprefix(PREFIX) for other in there}
        meant = nearest(name.removeprefix(PREFIX), short)
        more = f"did you mean {PREFIX}{meant}?" if meant else "rename it if it is your own variable."
        found.append(f"{name} is not a variable of {COLLECTION}; {more}")
    return found


def _unchanged(value: object) -> object:
    return value


def _inside(path: str, value: object, spec: Variable, fill: Fill) -> list[str]:
    options = options_in(spec)
    if not options:
        return []
    if isinstance(value, str):
        try:
            value = fill(value)
        except Exception:  # noqa: BLE001 - a template may raise anything; the task that uses the variable reports it
            return []
        # The result of a template is not a template, because it may contain text of a service or a file.
        fill = _unchanged
    if isinstance(value, (list, tuple)):
        return [fault for index, item in enumerate(value) for fault in _inside(f"{path}[{index}]", item, spec, fill)]
    if not isinstance(value, t.Mapping):
        return []
    found = [f"{path}.{name} {unknown(str(name), options)}" for name in value if name not in options]
    inner = [_inside(f"{path}.{name}", item, options[name], fill) for name, item in value.items() if name in options]
    return found + [fault for faults in inner for fault in faults]


@functools.cache
def options_of(module: str) -> Spec:
    """The options of a module of this collection, from its documentation.

    :param module: its short name. :return: like the specification of a role's variables.
    """
    plugins = ROOT / "plugins"
    documentation = _read(_text_in(plugins / "modules" / f"{module}.py", "DOCUMENTATION"))
    options = dict(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment") or []:
        file, _dot, part = fragment.removeprefix(f"{COLLECTION}.").partition(".")
        shared = _text_in(plugins / "doc_fragments" / f"{file}.py", part.upper() or "DOCUMENTATION")
        options |= _read(shared).get("options") or {}
    return _as_role(options)


def _text_in(file: pathlib.Path, name: str) -> str:
    """The text that a file assigns to a name. To import a module would load all libraries."""
    found = [
        ast.literal_eval(node.value)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]
    ]
    return str(found[0])


def _as_role(options: Params) -> Spec:
    found: Spec = {}
    for name, option in options.items():
        found[name] = {"options": _as_role(as_object(as_object(option).get("suboptions")))}
    return found


def _read(text: str) -> t.Any:
    return yaml.load(text, LOADER)  # noqa: S506 - the loader is safe, and the text is part of this collection
