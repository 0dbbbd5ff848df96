# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection of texts in which Ansible's templates and Vapi's variables conflict: both are written ``{{ name }}``.

Ansible replaces known variables and fails for unknown ones before a module receives the text. Variables are therefore
checked as they were written. Only texts with unknown names are templated for this; the others are parsed.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

import jinja2
import jinja2.meta
import jinja2.nodes
from ansible import constants

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params

try:
    from ansible.template import is_trusted_as_template
except ImportError:  # ansible-core before 2.19 marks texts that are not templates instead
    from ansible.utils.unsafe_proxy import AnsibleUnsafe

    def is_trusted_as_template(value: object) -> bool:
        return not isinstance(value, AnsibleUnsafe)


Variables = Params
#: Text -> the templated text; raises Ansible's exceptions.
Fill = t.Callable[[object], object]
Warn = t.Callable[[str], None]

#: Names that exist in every Ansible template. Alone between braces, each is a function or a class.
GLOBALS = frozenset((*jinja2.defaults.DEFAULT_NAMESPACE, "lookup", "query", "q", "now", "undef"))
#: Ansible's own variables that are commonly used in paths and names.
USUAL = frozenset(
    (
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "omit",
        "playbook_dir",
        "role_path",
    )
)
#: Ansible's own variables that are not intended in a text.
OWN = (frozenset(constants.INTERNAL_STATIC_VARS) | {"environment", "vars"}) - USUAL
NO_SUCH_VARIABLE = "Vapi has a variable of this name, but Ansible has no such variable."
#: The first words of Vapi's default variables (https://docs.vapi.ai/assistants/dynamic-variables).
VAPI_OWN = frozenset(("now", "date", "time", "month", "day", "year", "customer"))
#: What Ansible removes, and what it does not read.
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}", re.DOTALL)
SOLUTION = (
    'If the text contains a Vapi variable, mark it with !unsafe: `firstMessage: !unsafe "Hello {{ customer.name }}"`. '
    "In a JSON file, put {% raw %} before and {% endraw %} after the text. The files of prompt_file and "
    "definition_file need no mark."
)


class _EveryName(dict[str, t.Any]):
    """Filters or tests that accept any name, because Ansible and collections have more than Jinja."""

    def get(self, _name: str, _default: t.Any = None) -> t.Any:
        return lambda value: value


_PARSER = jinja2.Environment(autoescape=False)  # noqa: S701 - only used for parsing
_PARSER.filters, _PARSER.tests = _EveryName(), _EveryName()


def template_faults(
    name: str, value: object, variables: Variables, fill: Fill | None = None, warn: Warn = lambda _text: None
) -> list[str]:
    """Find texts in which Ansible would replace a variable that is intended for Vapi.

    :param name: the name of the variable, or the path of an option. :param value: its value as written.
    :param variables: the defined variables as written. :param fill: evaluates a template; without it, texts are only
        parsed.
    :param warn: called with a sentence if Ansible replaces a variable of the user that has the name of a Vapi variable.
    :returns: a sentence for each text that cannot be evaluated, or would contain a value of Ansible; each begins with
        the path of the text. None contains a value.
    """
    return list(dict.fromkeys(_Examination(variables, fill, warn).faults(name, value, frozenset())))


@dataclasses.dataclass(frozen=True)
class _Examination:
    variables: Variables
    fill: Fill | None
    warn: Warn

    def faults(self, path: str, value: object, inside: frozenset[str]) -> t.Iterator[str]:
        """:param inside: the places in variables that have led here."""
        if isinstance(value, t.Mapping):
            for key, item in value.items():
                yield from self.faults(f"{path}.{key}", item, inside)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                yield from self.faults(f"{path}[{index}]", item, inside)
        elif _is_template(value):
            found = list(self._fault(path, value))
            # Reported at the place where the text is written.
            yield from list(self._referred(value, inside)) or found

    def _referred(self, text: str, inside: frozenset[str]) -> t.Iterator[str]:
        """The faults of the values that a template refers to."""
        for place, _key, value in referenced(text, self.variables):
            if place not in inside and _first(place) not in OWN | GLOBALS:
                yield from self.faults(place, value, inside | {place})

    def _fault(self, path: str, text: str) -> t.Iterator[str]:
        """The fault of one template."""
        try:
            parsed = _PARSER.parse(text)
        except jinja2.TemplateError:
            parsed = None
        replaced = self._replaced(path, parsed) if parsed else ""
        if replaced:
            yield replaced
            return
        unknown = parsed is None or (self.fill and self._unknown(parsed, frozenset()))
        found = list(self._unfilled(path, text, parsed)) if unknown else []
        if not found and COMMENT.search(RAW.sub("", text)):
            found = [f"{path} contains a comment between {{# and #}}, which Ansible removes from the text."]
        yield from found
        for name in _chains(parsed) if parsed and not unknown else ():
            self._say_twice(path, name)

    def _replaced(self, path: str, parsed: jinja2.nodes.Template) -> str:
        """The fault of a template that Ansible would replace by something that is not intended."""
        for name in _uncalled(parsed):
            return f"{path} contains {_braced(name)}, which is an Ansible function and not a text."
        for name in _vapi_names(parsed):
            if _first(name) not in self.variables:
                return f"{path} contains {_braced(name)}: {NO_SUCH_VARIABLE}"
        for name in _written_out(parsed):
            if name in OWN and name in self.variables and not self._users(name):
                return (
                    f"{path} contains {_braced(name)}, which Ansible replaces by its own variable. "
                    f"(If that is intended, apply a filter: {_braced(name + ' | string')}.)"
                )
        return ""

    def _say_twice(self, path: str, name: str) -> None:
        """Warn of a name that exists in both."""
        if _first(name) in VAPI_OWN and _first(name) in self.variables:
            self.warn(
                f"{path} contains {_braced(name)}, which is a Vapi variable, but Ansible has a variable {_first(name)} "
                f"too and uses its own. {SOLUTION}"
            )

    def _users(self, name: str) -> bool:
        """Whether the user has set a name of Ansible to a text."""
        return isinstance(self.variables[name], str) and not name.startswith("role")

    def _unfilled(self, path: str, text: str, parsed: jinja2.nodes.Template | None) -> t.Iterator[str]:
        """The reason why a text cannot be evaluated, if any; unknown names may have a default."""
        try:
            if self.fill is None:
                return
            self.fill(text)
        except Exception:  # noqa: BLE001 - a template may raise anything; the error's text may contain values
            if parsed is None:
                yield f"{path} is treated as an Ansible template but cannot be read as one; it may be a Vapi template."
                return
            unknown = [name for name in _chains(parsed) if _first(name) not in self.variables]
            if not unknown:
                yield f"{path} is an Ansible template that cannot be evaluated."
                return
            yield f"{path} contains {', '.join(map(_braced, unknown))}: Ansible has no such variable."

    def _unknown(self, parsed: jinja2.nodes.Template, seen: frozenset[str]) -> bool:
        """Whether a template, or one that it refers to, uses an undefined name."""
        names = jinja2.meta.find_undeclared_variables(parsed) - GLOBALS - {"omit"} - seen
        return any(
            name not in self.variables or self._holds_unknown(self.variables[name], seen | names) for name in names
        )

    def _holds_unknown(self, value: t.Any, seen: frozenset[str]) -> bool:
        if isinstance(value, t.Mapping):
            # "hostvars" and similar variables are not texts of the user.
            return isinstance(value, dict) and any(self._holds_unknown(item, seen) for item in value.values())
        if isinstance(value, list):
            return any(self._holds_unknown(item, seen) for item in value)
        if not _is_template(value):
            return False
        try:
            return self._unknown(_PARSER.parse(value), seen)
        except jinja2.TemplateError:
            return True


def replaced_variables(value: object, variables: Variables, path: str = "") -> t.Iterator[tuple[str, str]]:
    """Find texts that contain the text of a variable of Ansible, after templates have been evaluated.

    :param value: any data. :param variables: the defined variables. :param path: the path of the data.
    :return: pairs of a path and a rule; neither contains a value.
    """
    found = {name: variables[name] for name in OWN if isinstance(variables.get(name), (dict, list, tuple, t.Mapping))}
    yield from _replaced_in(value, {name: _beginning(name, item) for name, item in found.items()}, path)


def _beginning(name: str, value: t.Any) -> str:
    """The text of a variable of Ansible, or a beginning of it that is sufficient to recognise it.

    ansible-core before 2.19 evaluates all variables of all hosts for the text of ``hostvars``, which ``vars`` contains:
    a task would read the secrets of other hosts, and fail if they cannot be read.
    """
    if name not in EVERYTHING or not value:
        return str(value)
    return f"{{{str(next(iter(value)))!r}: "


#: Shorter texts, such as ``[]``, are not only the text of a variable.
SHORTEST = 8
#: Variables with the variables of all hosts.
EVERYTHING = ("hostvars", "vars")


def _replaced_in(value: object, texts: t.Mapping[str, str], path: str) -> t.Iterator[tuple[str, str]]:
    if isinstance(value, t.Mapping):
        for key, item in value.items():
            yield from _replaced_in(item, texts, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _replaced_in(item, texts, f"{path}[{index}]")
    elif isinstance(value, str) and ("{" in value or "[" in value):
        for name, text in texts.items():
            if len(text) >= SHORTEST and text in value:
                yield path, f"contains the value of Ansible's variable {name}, the result of a template. {SOLUTION}"
                return


def _is_template(value: object) -> t.TypeGuard[str]:
    return (
        isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#")) and is_trusted_as_template(value)
    )


def _braced(name: str) -> str:
    return f"{{{{ {name} }}}}"


def _first(name: str) -> str:
    return name.partition(".")[0]


def _written_out(parsed: jinja2.nodes.Template) -> list[str]:
    """The names that are alone between braces."""
    outputs = [node for output in parsed.find_all(jinja2.nodes.Output) for node in output.nodes]
    return [node.name for node in outputs if isinstance(node, jinja2.nodes.Name)]


def _uncalled(parsed: jinja2.nodes.Template) -> list[str]:
    """The functions of Ansible whose text would be used instead of their result."""
    called = {id(call.node) for call in parsed.find_all(jinja2.nodes.Call)}
    called |= {id(attr.node) for attr in parsed.find_all(jinja2.nodes.Getattr)}
    called |= {id(test.node) for test in parsed.find_all(jinja2.nodes.Test)}
    names = [node for node in parsed.find_all(jinja2.nodes.Name) if node.ctx == "load"]
    assigned = {node.name for node in parsed.find_all(jinja2.nodes.Name) if node.ctx != "load"}
    return [node.name for node in names if node.name in GLOBALS - assigned and id(node) not in called]


def _vapi_names(parsed: jinja2.nodes.Template) -> list[str]:
    """The dotted names with a first word of Vapi's, also those with a default."""
    free = jinja2.meta.find_undeclared_variables(parsed) - GLOBALS
    found = _paths(parsed)
    return [".".join(map(str, words)) for words in found if words[0] in VAPI_OWN and words[0] in free]


def _paths(parsed: jinja2.nodes.Template) -> list[tuple[str | int, ...]]:
    """The names in a template with their attributes and constant indexes, such as ``("prompts", "night", 0)``."""
    kinds = (jinja2.nodes.Getattr, jinja2.nodes.Getitem)
    inside = {id(node.node) for node in parsed.find_all(jinja2.nodes.Getattr)}
    inside |= {id(node.node) for node in parsed.find_all(jinja2.nodes.Getitem)}
    found: list[tuple[str | int, ...]] = []
    for outer in parsed.find_all((*kinds, jinja2.nodes.Name)):
        words: list[str | int] = []
        node: jinja2.nodes.Node = outer
        while isinstance(node, kinds):
            if isinstance(node, jinja2.nodes.Getattr):
                words.insert(0, node.attr)
            elif isinstance(node.arg, jinja2.nodes.Const) and isinstance(node.arg.value, (str, int)):
                words.insert(0, node.arg.value)
            else:
                words.clear()
            node = node.node
        if id(outer) not in inside and isinstance(node, jinja2.nodes.Name) and node.ctx == "load":
            found.append((node.name, *words))
    return list(dict.fromkeys(found))


def referenced(
    text: str, variables: Variables, *, unchanged: bool = False
) -> t.Iterator[tuple[str, str | int, object]]:
    """The values that a template refers to, as they are written.

    :param text: the template. :param variables: the defined variables as written.
    :param unchanged: only if the template consists of one name, so that its value is used unchanged.
    :return: the place of each value, its own key, which knows its position, and the value. An attribute of a value that
        is a template itself is looked up in what that one refers to.
    """
    if not _is_template(text):
        return
    try:
        parsed = _PARSER.parse(text)
    except jinja2.TemplateError:
        return
    outputs = [node for output in parsed.body if isinstance(output, jinja2.nodes.Output) for node in output.nodes]
    kinds = (jinja2.nodes.Name, jinja2.nodes.Getattr, jinja2.nodes.Getitem)
    if unchanged and (len(parsed.body) != 1 or len(outputs) != 1 or not isinstance(outputs[0], kinds)):
        return
    for words in _paths(parsed):
        yield from _found(words, variables, variables, "", len(words) + 20)


def _found(
    words: tuple[str | int, ...], value: object, variables: Variables, path: str, left: int
) -> t.Iterator[tuple[str, str | int, object]]:
    """The value at a path, as it is written."""
    word, *rest = words
    if isinstance(value, str) and left:
        for at, _key, item in referenced(value, variables, unchanged=True):
            yield from _found(words, item, variables, at, left - 1)
    key: str | int
    if isinstance(value, t.Mapping) and word in value:
        # The key as it is written, with its position.
        key, item = next((key for key in value if key == word), word), value[word]
        where = f"{path}.{word}" if path else str(word)
    elif isinstance(value, (list, tuple)) and isinstance(word, int) and -len(value) <= word < len(value):
        key, item, where = word, value[word], f"{path}[{word}]"
    else:
        return
    if rest:
        yield from _found(tuple(rest), item, variables, where, left)
    else:
        yield where, key, item


def _chains(parsed: jinja2.nodes.Template) -> list[str]:
    """The dotted names in a template, such as ``customer.name``, except those with a default."""
    free = jinja2.meta.find_undeclared_variables(parsed) - GLOBALS
    skipped = {id(node.node) for node in parsed.find_all(jinja2.nodes.Getattr)}
    for given in parsed.find_all(jinja2.nodes.Filter):
        if given.name in ("default", "d") and given.node is not None:
            skipped |= {id(given.node), *(id(inner) for inner in given.node.find_all(jinja2.nodes.Node))}
    found: list[str] = []
    for outer in parsed.find_all((jinja2.nodes.Getattr, jinja2.nodes.Name)):
        words: list[str] = []
        node: jinja2.nodes.Node = outer
        while isinstance(node, jinja2.nodes.Getattr):
            words.insert(0, node.attr)
            node = node.node
        if id(outer) not in skipped and isinstance(node, jinja2.nodes.Name) and node.name in free:
            found.append(".".join([node.name, *words]))
    return list(dict.fromkeys(found))
