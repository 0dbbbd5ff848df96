# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions and prompts of assistants in files of the controller, which are read as they are, never as templates.

The module gets the resulting ``definition``. A definition file is read as YAML 1.2, in which Vapi's own tools write
definitions: ``on`` is text, as in ``hooks``. JSON is valid YAML.
"""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Params, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.merge import overlay
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._vapi.assistant import ANSWER_ONLY, ASSISTANT_FORM

#: The options with a path, and the list options that contain them, by module.
MODULES: t.Mapping[str, str] = {"vapi_assistant": "", "integration": "assistants"}
DEFINITION, PROMPT, POLICY = "definition_file", "prompt_file", "policy"
#: The folder of this collection's playbooks, which contains no files of users.
OWN_PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"

Fault = tuple[str, str]


class _FileError(Exception):
    """A file that cannot be used; the text is a rule for a message."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2: only ``true`` and ``false`` are booleans, and a leading zero is not octal; a key is given once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[t.Hashable, t.Any]:
        self.flatten_mapping(node)
        seen = set()
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key.value}", key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag == "tag:yaml.org,2002:merge"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _loader, node: int(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _loader, node: float(node.value))


def with_files(module: str, options: Params, loader: DataLoader) -> tuple[Result, list[Fault]]:
    """Replace the paths of files by what the files contain.

    :param module: the module's short name. :param options: its options. :param loader: Ansible's loader, which also
        decrypts files that are encrypted with Ansible Vault.
    :return: the options that differ, and pairs of an option's path and a rule for each file that cannot be used.
    """
    if module not in MODULES:
        return {}, []
    option, faults = MODULES[module], list[Fault]()
    changes = _policy(options, loader, faults)
    if not option:
        return _assistant(options, "", loader, faults) or {}, faults
    items = options.get(option)
    if isinstance(items, (list, tuple)):
        changes[option] = [_assistant(item, f"{option}[{i}].", loader, faults) or item for i, item in enumerate(items)]
    return changes, faults


def _policy(options: Params, loader: DataLoader, faults: list[Fault]) -> Result:
    """The option ``policy`` with the rules in files instead of their paths."""
    items = options.get(POLICY)
    if not isinstance(items, (list, tuple)):
        return {}
    found: list[object] = []
    for index, item in enumerate(items):
        try:
            found += _rules(_text(item, loader)) if isinstance(item, str) and _is_path(item) else [item]
        except _FileError as fault:
            faults.append((f"{POLICY}[{index}]", str(fault)))
    return {POLICY: found}


def _is_path(value: str) -> bool:
    """Whether an entry is the path of a file and not the id of a rule, which consists of words and hyphens."""
    return "/" in value or value.endswith((".yml", ".yaml", ".json"))


def _rules(text: str) -> list[str]:
    found = _loaded(text)
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise _FileError("must contain a list of the ids of rules.")
    return found


def _assistant(options: object, path: str, loader: DataLoader, faults: list[Fault]) -> Result | None:
    """The options of an assistant with a definition instead of files; ``None`` if it has no files."""
    if not isinstance(options, dict) or not (options.get(DEFINITION) or options.get(PROMPT)):
        return None
    definition: object = options.get("definition") or {}
    for name, apply in ((DEFINITION, _with_definition), (PROMPT, _with_prompt)):
        if options.get(name):
            try:
                definition = apply(definition, _text(str(options[name]), loader), options)
            except _FileError as fault:
                faults.append((path + name, str(fault)))
    return {**options, "definition": definition, DEFINITION: None, PROMPT: None}


def _with_definition(definition: object, text: str, options: Params) -> object:
    found = _loaded(text)
    if not isinstance(found, dict):
        raise _FileError("must contain an object with the keys of Vapi's API, such as model and voice.")
    if found.get("name") not in (None, options.get("name")):
        raise _FileError(f"contains the name {found['name']}, which differs from {options.get('name')}; correct one.")
    if isinstance(found.get("model"), dict) and found["model"].get("toolIds"):
        raise _FileError("contains model.toolIds; remove it and give the option tools, which accepts names and ids.")
    own = {key: value for key, value in found.items() if key not in (*ANSWER_ONLY, "name")}
    return overlay(own, definition, ASSISTANT_FORM) if definition else own


def _loaded(text: str) -> object:
    try:
        return _parsed(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise _FileError(
            f"is neither valid YAML nor JSON{where}: {getattr(error, 'problem', None) or error}."
        ) from None


def _parsed(text: str) -> object:
    try:
        # Not by PyYAML: JSON writes a character beyond 16 bits as two escaped ones.
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader


def _without_duplicates(pairs: list[tuple[str, object]]) -> ApiObject:
    names = [name for name, _value in pairs]
    if len(set(names)) < len(names):
        raise _FileError(f"contains a duplicate key {next(name for name in names if names.count(name) > 1)}.")
    return dict(pairs)


def _with_prompt(definition: t.Any, text: str, _options: Params) -> t.Any:
    """The definition with a text as its first system message."""
    if not text:
        raise _FileError("is empty.")
    model: t.Any = (definition.get("model") or {}) if isinstance(definition, dict) else None
    messages = (model.get("messages") or []) if isinstance(model, dict) else None
    if not isinstance(messages, list):
        raise _FileError("requires definition.model to be a dict, and its messages to be a list.")
    system = {"role": "system", "content": text}
    first = next((i for i, item in enumerate(messages) if isinstance(item, dict) and item.get("role") == "system"), -1)
    changed = [system, *messages] if first < 0 else [*messages]
    if first >= 0:
        changed[first] = {**messages[first], **system}
    return {**definition, "model": {**model, "messages": changed}}


def _text(given: str, loader: DataLoader) -> str:
    """The content of a file, without a byte-order mark and without line breaks at its end."""
    path = _base_folder(loader) / Path(given).expanduser()
    try:
        real = loader.get_real_file(str(path))
        try:
            content = Path(real).read_bytes()
        finally:
            loader.cleanup_tmp_file(real)
    except (OSError, AnsibleError) as error:
        reason = getattr(error, "strerror", None) or "there is no such file, or it cannot be decrypted"
        raise _FileError(f"{given} cannot be read: {reason}. Relative paths start at {_base_folder(loader)}.") from None
    try:
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise _FileError(f"{given} is not UTF-8 at byte {error.start}; save the file as UTF-8.") from None


def _base_folder(loader: DataLoader) -> Path:
    """The playbook's folder; for a playbook of this collection the current folder, as for ``-e @file``."""
    folder = Path(str(loader.get_basedir()))
    return Path.cwd() if folder.resolve() == OWN_PLAYBOOKS else folder
