# Copyright (c) 2026, voiceops.vapi_didlogic authors (@voiceops)
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the repository that no tool makes. Each returns its findings as sentences; none means all is well."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import dedent
from typing import Any

from ansible.playbook.block import Block
from ansible.playbook.handler import Handler
from ansible.playbook.play import Play

COLLECTION = "voiceops.vapi_didlogic"
# Options with a fallback to the environment or to module_defaults, which examples may leave out.
CONNECTION = re.compile(r"(vapi_|didlogic_)?(api_key|api_url|region)")
TASK_KEYWORDS = {*Handler.fattributes, *Block.fattributes, "action", "local_action"}
TASK_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
# Modules whose options are not all known beforehand.
OPEN_MODULES = {"ansible.builtin.set_fact", "ansible.builtin.add_host"}
ROLE_MODULES = {"ansible.builtin.include_role", "ansible.builtin.import_role"}

Docs = Mapping[str, Mapping[str, Any]]


# --- Tasks: in examples, playbooks, roles and guides -----------------------------------------------------------------


def tasks_in(document: Any) -> Iterator[dict[str, Any]]:
    """Every task of a parsed list of plays or tasks, also those in blocks."""
    for entry in document if isinstance(document, list) else []:
        if not isinstance(entry, dict):
            continue
        lists = [key for key in TASK_LISTS if key in entry]
        for key in lists:
            yield from tasks_in(entry[key])
        if not lists and not is_play(entry):
            yield entry


def is_play(entry: Mapping[str, Any]) -> bool:
    """Plays name hosts, or another playbook."""
    return "hosts" in entry or "ansible.builtin.import_playbook" in entry


def action_of(task: Mapping[str, Any]) -> list[str]:
    """The key of a task that names its module."""
    return [key for key in task if key not in TASK_KEYWORDS and not key.startswith("with_")]


def check_task(task: Mapping[str, Any], modules: Docs, roles: Docs) -> Iterator[str]:
    """A task names one module by its full name and gives it options that it has."""
    label = task.get("name", "a task without a name")
    actions = action_of(task)
    if len(actions) != 1:
        yield f"{label}: has {actions or 'nothing'} where the name of one module is expected"
        return
    action, arguments = actions[0], task[actions[0]]
    if action.count(".") < 2:
        yield f"{label}: {action} is not a full name"
    elif action not in modules:
        yield f"{label}: there is no module {action}"
    elif action not in OPEN_MODULES and isinstance(arguments, dict):
        for finding in check_options(arguments, modules[action].get("options") or {}, action):
            yield f"{label}: {finding}"
    if action in ROLE_MODULES and isinstance(arguments, dict):
        for finding in check_role(arguments.get("name", ""), task.get("vars") or {}, roles):
            yield f"{label}: {finding}"


def check_options(given: Mapping[str, Any], known: Docs, where: str) -> Iterator[str]:
    """Options and suboptions exist, required ones are there, and a literal is one of the choices."""
    names = {alias: name for name, option in known.items() for alias in (name, *option.get("aliases", ()))}
    for key, value in given.items():
        if key not in names:
            yield f"{where} has no option {key}"
            continue
        option, path = known[names[key]], f"{where}.{key}"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and option.get("suboptions"):
                yield from check_options(item, option["suboptions"], path)
            elif option.get("choices") and isinstance(item, str) and "{{" not in item and item not in option["choices"]:
                yield f"{path} cannot be {item!r}"
    present = {names[key] for key in given if key in names}
    for name, option in known.items():
        if option.get("required") and name not in present and not CONNECTION.fullmatch(name):
            yield f"{where} lacks the required option {name}"


def check_role(name: str, variables: Mapping[str, Any], roles: Docs) -> Iterator[str]:
    """One of our roles is called by its full name, with variables that it has."""
    if name.count(".") < 2:
        yield f"role {name!r} is not a full name"
    elif name.startswith(COLLECTION + "."):
        if name not in roles:
            yield f"there is no role {name}"
            return
        known = roles[name]["entry_points"]["main"].get("options") or {}
        for variable in variables:
            if variable not in known and variable.startswith(ROLE_PREFIXES[name.rpartition(".")[2]]):
                yield f"role {name} has no variable {variable}"


def check_plays(document: Any, modules: Docs, roles: Docs, playbooks: Iterable[str]) -> Iterator[str]:
    """Plays and tasks of a document name what exists."""
    for entry in document if isinstance(document, list) else []:
        if not isinstance(entry, dict) or not is_play(entry):
            continue
        for key in entry:
            if key not in Play.fattributes and key not in {"hosts", "ansible.builtin.import_playbook", "name", "when"}:
                yield f"a play has no keyword {key}"
        imported = entry.get("ansible.builtin.import_playbook", "")
        if imported.startswith(COLLECTION + ".") and imported.removeprefix(COLLECTION + ".") not in playbooks:
            yield f"there is no playbook {imported}"
        for role in entry.get("roles", ()):
            given: dict[str, Any] = {"role": role} if isinstance(role, str) else role
            variables = {**(entry.get("vars") or {}), **(given.get("vars") or {})}
            yield from check_role(given.get("role") or given.get("name") or "", variables, roles)
    for task in tasks_in(document):
        yield from check_task(task, modules, roles)


# Variables of playbooks that hold a module's options.
HANDED_ON = {"vapi_didlogic_call": f"{COLLECTION}.vapi_call", "vapi_didlogic_campaign": f"{COLLECTION}.vapi_campaign"}


def check_environment(document: Any, modules: Docs, roles: Docs, others: Iterable[str]) -> Iterator[str]:
    """A file of variables, or a piece of one, names variables of the integration role or of a playbook.

    :param others: variables of playbooks, which are checked no further.
    """
    if not isinstance(document, dict) or not any(str(name).startswith("vapi_didlogic_") for name in document):
        return
    entry = roles[f"{COLLECTION}.integration"]["entry_points"]["main"]
    known = _with_suboptions(entry.get("options") or {})
    for name, value in document.items():
        if name in known:
            yield from check_options({name: value}, {name: known[name]}, "the environment")
        elif name in HANDED_ON:
            yield from check_options(value, modules[HANDED_ON[name]]["options"], name)
        elif name not in others:
            yield f"there is no variable {name}"


def _with_suboptions(options: Docs) -> dict[str, dict[str, Any]]:
    """Options of a role in the form of a module's."""
    return {
        name: {**option, **({"suboptions": _with_suboptions(option["options"])} if option.get("options") else {})}
        for name, option in options.items()
    }


def check_filters(text: str, names: Iterable[str]) -> Iterator[str]:
    """Our filters are called by their full names."""
    for name in names:
        if re.search(rf"\|\s*{name}\b", text):
            yield f"the filter {name} is called by its short name"


def playbooks_named(text: str) -> set[str]:
    """Our playbooks that commands in a text start, by their short names."""
    return set(re.findall(rf"ansible-playbook(?:\s+-\S+)*\s+{re.escape(COLLECTION)}\.(\w+)", text))


def yaml_blocks(text: str) -> list[str]:
    """YAML in Markdown fences and in reStructuredText code blocks."""
    fences: list[str] = re.findall(r"^```ya?ml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return fences + rst_blocks(text, "ya?ml")


def rst_blocks(text: str, kind: str) -> list[str]:
    """The code blocks of a kind in a reStructuredText page, without their indentation."""
    blocks = re.findall(rf"^\.\. code-block:: {kind}[^\n]*\n((?:(?:[ \t]+[^\n]*)?\n)+)", text, re.MULTILINE)
    return [dedent(re.sub(r"\A(?:[ \t]+:[^\n]*\n)+", "", block)).strip("\n") + "\n" for block in blocks]


# --- Documentation of modules ----------------------------------------------------------------------------------------


def check_return(values: Mapping[str, Any] | None, where: str = "RETURN", *, top: bool = True) -> Iterator[str]:
    """What a module returns is there, and each value says what it is and when it comes."""
    if top and not values:
        yield "RETURN is missing or empty"
    for name, value in (values or {}).items():
        needed = ("description", "type", "returned") if top else ("description", "type")
        yield from (f"{where}.{name} has no {key}" for key in needed if not value.get(key))
        yield from check_return(value.get("contains"), f"{where}.{name}", top=False)


def check_action_groups(groups: Mapping[str, list[str]], modules: Docs) -> Iterator[str]:
    """Modules of one service are in its group, groups name modules that exist, and the documentation agrees."""
    short = {name.removeprefix(COLLECTION + "."): doc for name, doc in modules.items() if name.startswith(COLLECTION)}
    for group, members in groups.items():
        yield from (f"{name} is in the group {group} but does not exist" for name in members if name not in short)
        yield from (f"{name} is twice in the group {group}" for name in set(members) if members.count(name) > 1)
        for name in short:
            if name.startswith(group + "_") and name not in members:
                yield f"{name} is missing in the group {group}"
    for name, doc in short.items():
        stands = {f"{COLLECTION}.{group}" for group, members in groups.items() if name in members}
        membership = ((doc.get("attributes") or {}).get("action_group") or {}).get("membership") or []
        said = {membership} if isinstance(membership, str) else set(membership)
        if stands != said:
            yield f"{name} says that it is in {sorted(said)}, but it is in {sorted(stands)}"


# --- Roles -----------------------------------------------------------------------------------------------------------

# The integration role's variables carry the collection's name, for they are its face.
ROLE_PREFIXES = {"check_variables": "vapi_didlogic_", "integration": "vapi_didlogic_", "sandbox": "sandbox_"}


# Keywords whose strings are expressions without braces.
BARE = {"changed_when", "failed_when", "that", "until", "var", "when"}


def names_in(value: Any, prefix: str, *, bare: bool = False) -> set[str]:
    """Names with a prefix in the expressions of parsed YAML or of a template."""
    if isinstance(value, str):
        expressions = [value] if bare else re.findall(r"\{[{%].*?[%}]\}", value, re.DOTALL)
        return set(re.findall(rf"(?<![\w.]){prefix}\w+", " ".join(expressions)))
    if isinstance(value, dict):
        return set().union(*(names_in(item, prefix, bare=bare or key in BARE) for key, item in value.items()))
    if isinstance(value, list):
        return set().union(*(names_in(item, prefix, bare=bare) for item in value))
    return set()


def names_made(tasks: Any) -> set[str]:
    """Variables that tasks make themselves."""
    made: set[str] = set()
    for task in tasks_in(tasks):
        made.update(task.get("vars") or ())
        made.update(task.get("ansible.builtin.set_fact") or ())
        made.update(filter(None, [task.get("register"), *(task.get("loop_control") or {}).values()]))
    for entry in tasks if isinstance(tasks, list) else []:
        made.update(entry.get("vars") or ())
        for key in TASK_LISTS:
            made.update(names_made(entry.get(key)))
    return made


def check_role_variables(
    options: Docs, defaults: Mapping[str, Any], used: set[str], made: set[str], prefix: str
) -> Iterator[str]:
    """A role's documented options, its defaults and the variables it uses are the same ones."""
    yield from (f"{name} is used but not documented" for name in sorted(used - made - set(options)))
    yield from (f"{name} is documented but not used" for name in sorted(set(options) - used))
    yield from (f"{name} does not begin with {prefix}" for name in options if not name.startswith(prefix))
    yield from (f"{name} has a default but is not documented" for name in defaults if name not in options)
    for name, option in options.items():
        if option.get("required") and name in defaults:
            yield f"{name} is required and yet has a default"
        if "default" in option and name not in defaults:
            yield f"{name} has no default in defaults/main.yml"
        if name not in defaults:
            continue
        default, documented = defaults[name], option.get("default")
        computed = isinstance(default, str) and "{{" in default
        if default != documented and not (computed and documented is None):
            yield f"{name} is {default!r} in defaults/main.yml and {documented!r} in its documentation"


# --- Code ------------------------------------------------------------------------------------------------------------


def check_header(text: str) -> Iterator[str]:
    """A file says whose it is and under which licence."""
    head = text[:600]
    # REUSE-IgnoreStart
    for line in ("# Copyright", "GNU General Public License v3.0+", "SPDX-License-Identifier: GPL-3.0-or-later"):
        # REUSE-IgnoreEnd
        if line not in head:
            yield f"the head lacks {line!r}"


def check_calls(source: str) -> Iterator[str]:
    """Nothing that prints, or that puts a foreign text, which may hold a secret, into a message."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in {"print", "logging.basicConfig", "traceback.print_exc"} or name.endswith(".raise_for_status"):
                yield f"line {node.lineno}: {name} is called"
        if isinstance(node, ast.ExceptHandler) and node.name:
            yield from _check_handler(node, node.name)


def _check_handler(handler: ast.ExceptHandler, error: str) -> Iterator[str]:
    validation = "ValidationError" in ast.unparse(handler.type) if handler.type else False
    for node in ast.walk(handler):
        line = f"line {getattr(node, 'lineno', handler.lineno)}"
        if isinstance(node, ast.keyword) and node.arg == "exception":
            yield f"{line}: an exception is handed to Ansible"
        if not validation:
            continue
        if isinstance(node, ast.Call) and ast.unparse(node) in {f"str({error})", f"repr({error})"}:
            yield f"{line}: the text of a ValidationError is used"
        if isinstance(node, ast.FormattedValue) and ast.unparse(node.value) == error:
            yield f"{line}: the text of a ValidationError is used"


# --- Every file ------------------------------------------------------------------------------------------------------

UUID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])", re.IGNORECASE)
TOKEN = re.compile(
    r"(?<![\w/+.-])(?:(?:sk|pk|rk)[-_]\w{20,}|gh[opsu]_\w{20,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}|[\w-]{28,})(?![\w/+-])"
)
# A made-up identifier repeats a few characters; a real one has some 14 different ones. Words have seams.
VARIED, SEAMS = 10, 2
FILLED = re.compile(r"(\w)\1{4}")


def check_secrets(text: str) -> Iterator[str]:
    """No identifier or key that could be somebody's."""
    for match in UUID.finditer(text):
        if len(set(match[0].lower())) > VARIED and not FILLED.search(match[0].replace("-", "")):
            yield f"{match[0][:9]}… looks like a real UUID: take one of few digits"
    for match in TOKEN.finditer(text):
        word = match[0]
        random = sum(map(str.isdigit, word)) > len(word) / 10 and len(set(word.lower())) > VARIED
        if random and not UUID.fullmatch(word) and len(re.findall(r"[-_]+", word)) <= SEAMS:
            yield f"{word[:6]}… looks like a key"


def check_places(text: str, places: Iterable[str]) -> Iterator[str]:
    """A file speaks of the project, not of where it was written."""
    yield from (f"names {place}" for place in places if place in text)
    if match := re.search(r"\bpy(?:pi|thonhosted)\.org\b|\bfiles\.py\w+\.org\b", text):
        yield f"names {match[0]}"
